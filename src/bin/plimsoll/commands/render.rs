//! `plimsoll render`.

use super::files::{self, Tree};
use super::process::run_with_input;
use super::{history, lookup, release};
use crate::args::{OutputFlags, RenderArgs, RenderFormat};
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use plimsoll::diag::escape::terminal;
use plimsoll::diag::{Diagnostic, Report, Severity, Sources};
use plimsoll::manifest::Object;
use plimsoll::render::{self, Document, Selection};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn run(args: &RenderArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let sources = Sources::new();
    let output = &args.output;
    let flags = &args.release;
    let mut request = release::request(flags, release::overrides(&flags.values)?, flags.release.seed)?;
    request.options.with_namespace = output.with_namespace;
    if let Some(dir) = &output.output_dir {
        files::recover(dir);
    }
    // The process ends with the command, so its memory need not be freed.
    let built = ManuallyDrop::new(lookup::render(flags, args.context.cluster(), request, &sources, ui)?);
    let selection = Selection {
        show_only: output.show_only.clone(),
        include_crds: output.include_crds,
        no_hooks: output.no_hooks,
        skip_tests: output.skip_tests,
    };
    if output.report {
        ui.print(&render::dry_run(&built.render, &built.computed, &built.options, &selection));
        return Ok(ExitStatus::Success);
    }
    let documents = ui.kept(selection.of(&built.render).into(), &sources)?;
    if output.post_renderer.is_none() {
        let found = undecrypted(&documents, flags.values.strict);
        ui.kept(Report::with((), found), &sources)?;
    }
    // Nothing is printed if it cannot be recorded, and nothing is recorded that was not printed.
    let recording =
        if args.record.record { Some(history::prepare(&built, &args.record, &sources)?) } else { None };
    if let Some(dir) = &output.output_dir {
        write_files(dir, &documents, &built, output, ui)?;
    } else {
        let text = match output.format {
            RenderFormat::Yaml => selection.print(&documents, built.computed.root.chart.engine),
            RenderFormat::Json => render::json_list(&documents),
        };
        let text = match &output.post_renderer {
            Some(command) => post_render(command, &output.post_renderer_args, &text)?,
            None => text,
        };
        ui.complete()?;
        ui.print_exact(&text);
        mention_hooks(&documents, ui);
    }
    if let Some(recording) = recording {
        history::commit(recording, ui)?;
    }
    if built.render.nondeterministic && args.release.release.seed.is_none() {
        ui.note("this chart uses random values, so the next render will differ; use `--seed NUMBER` for repeatable renders");
    }
    if output.notes
        && let Some(notes) = &built.render.notes
    {
        ui.note_with("NOTES of the release:", notes.trim_end());
    }
    Ok(ExitStatus::Success)
}

/// Warns of values that nothing has decrypted: `vals` may do it after this, but nothing else in Kubernetes will.
fn undecrypted(documents: &[&Document], is_strict: bool) -> Vec<Diagnostic> {
    let severity = if is_strict { Severity::Error } else { Severity::Warning };
    let objects = documents.iter().flat_map(|document| &document.objects);
    let warn = |object: &Object| {
        let reference = object.reference();
        let found = render::undecrypted(object).into_iter();
        let warning = move |(path, span, what): (String, _, render::Undecrypted)| {
            let message = format!("`{path}` of {reference} {what}");
            Diagnostic::new(severity, message).at(span, "").help(what.help())
        };
        found.map(warning).collect::<Vec<_>>()
    };
    objects.flat_map(warn).collect()
}

/// Writes the manifests as files, and says which files of an earlier render are left.
fn write_files(
    dir: &Path,
    documents: &[&Document],
    built: &render::Output,
    flags: &OutputFlags,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let prefix = if flags.release_name { format!("{}/", built.options.release.name) } else { String::new() };
    let texts = render::files(documents).into_iter().map(|(path, text)| (format!("{prefix}{path}"), text));
    // With --show-only, what is not shown is not stale.
    let chart = flags
        .show_only
        .is_empty()
        .then(|| files::Chart { prefix: prefix.clone(), name: built.computed.root.name.clone() });
    ui.complete()?;
    let tree = Tree { dir, files: &texts.collect(), chart, prune: flags.prune };
    let files::Outcome { files, stale, removed } = tree.write()?;
    let shown = |path: &PathBuf| terminal(&path.display().to_string());
    let written = files.iter().map(|path| format!("wrote {}\n", shown(path)));
    let removed = removed.iter().map(|path| format!("removed {}\n", shown(path)));
    ui.print(&written.chain(removed).collect::<Vec<_>>().concat());
    if let Some((_, more)) = stale.split_first() {
        let (subject, them) = match more.len() {
            0 => ("1 manifest of an earlier render is".to_owned(), "it"),
            more => (format!("{} manifests of an earlier render are", more + 1), "them"),
        };
        let list: Vec<String> = stale.iter().map(|path| format!("  {}", shown(path))).collect();
        let text = format!("{subject} not part of this one; use --prune to remove {them}:");
        ui.note_with(&text, &list.join("\n"));
    }
    Ok(())
}

/// `kubectl apply` knows no hooks.
fn mention_hooks(documents: &[&Document], ui: &mut Ui) {
    let hooks = documents.iter().filter(|document| document.hook.is_some()).count();
    if hooks > 0 {
        let (subject, them) = match hooks {
            1 => ("1 hook is".to_owned(), "it as a plain object"),
            _ => (format!("{hooks} hooks are"), "them as plain objects"),
        };
        ui.note(&format!(
            "{subject} among the manifests; `kubectl apply` would create {them} (use --no-hooks to skip hooks)"
        ));
    }
}

/// Runs the manifests through an executable. It must succeed and print something, or nothing is printed at all.
fn post_render(command: &std::path::Path, args: &[String], manifests: &str) -> anyhow::Result<String> {
    let name = command.display();
    let output = run_with_input(Command::new(command).args(args), manifests.as_bytes().to_vec())
        .with_context(|| format!("cannot run the post-renderer `{name}`"))?;
    if !output.status.success() {
        bail!("the post-renderer `{name}` failed: {}", output.status);
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("the post-renderer `{name}` printed invalid UTF-8"))?;
    if text.trim().is_empty() {
        bail!("the post-renderer `{name}` printed nothing");
    }
    Ok(text)
}
