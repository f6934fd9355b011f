//! `plimsoll create`.

use super::files::{self, Tree};
use super::{objects, world};
use crate::args::{CreateArgs, Engine, WorkloadKind};
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use plimsoll::create::{self, Files};
use plimsoll::diag::escape::{shell_word, terminal};
use plimsoll::diag::{Report, Sources};
use plimsoll::manifest::Object;
use std::path::Path;

pub(crate) fn run(args: &CreateArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let dir = args.name.as_path();
    let name = dir.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("`{}` does not end in a name for a chart", dir.display()))?;
    refuse_existing(dir)?;
    let sources = Sources::new();
    let report = make(args, name, &sources, ui)?;
    let files = ui.kept(report, &sources)?;
    write_new(dir, &files, ui)?;
    ui.note_with("commands to try next:", &next_commands(args, name));
    Ok(ExitStatus::Success)
}

/// Fails if there is something at the path of a new chart, other than what a killed run has left.
pub(super) fn refuse_existing(dir: &Path) -> anyhow::Result<()> {
    files::undo_new(dir);
    if dir.symlink_metadata().is_ok() {
        bail!("`{}` already exists: choose another name, or remove it", dir.display());
    }
    Ok(())
}

/// Writes the files of a new chart, all or none, and lists them.
pub(super) fn write_new(dir: &Path, files: &Files, ui: &mut Ui) -> anyhow::Result<()> {
    ui.complete()?;
    // Again, because reading and rendering take their time.
    refuse_existing(dir)?;
    let written = Tree { dir, files, chart: None, prune: false }.write()?;
    let shown = written.files.iter().map(|path| format!("wrote {}\n", terminal(&path.display().to_string())));
    ui.print(&shown.collect::<Vec<_>>().concat());
    Ok(())
}

/// The files of the chart that the arguments describe.
fn make(args: &CreateArgs, name: &str, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Report<Files>> {
    let engine = args.engine.into();
    let builtin = args.from.iter().find(|source| source.starts_with("builtin:"));
    if let Some(builtin) = builtin {
        if args.from.len() > 1 {
            bail!("--from {builtin} cannot be combined with other sources");
        }
        if args.engine == Engine::Helm {
            bail!("`{builtin}` has Tera templates: remove --engine helm");
        }
        return Ok(create::from_builtin(name, builtin));
    }
    if args.from.is_empty() {
        let kind = args.kind.unwrap_or(WorkloadKind::StatefulSet);
        return Ok(create::from_nothing(world(), sources, name, engine, kind.into()));
    }
    let mut all: Vec<Object> = Vec::new();
    for source in &args.from {
        all.extend(objects::from_manifests(source, sources, ui)?);
    }
    Ok(Ui::watched("rendering the new chart", || {
        create::from_manifests(world(), sources, name, engine, &all)
    }))
}

/// What can be done with the chart now.
fn next_commands(args: &CreateArgs, name: &str) -> String {
    let dir = shell_word(&args.name.display().to_string());
    // Without a slash, helm takes it for the name of a chart in a repository.
    let path = if dir.contains('/') { dir.clone() } else { format!("./{dir}") };
    let mut commands = vec![
        format!("  plimsoll lint {path}"),
        format!("  plimsoll render {name} {path}"),
        format!("  plimsoll preview {name} {path}"),
    ];
    if let [source] = &args.from[..]
        && source != "-"
        && !source.starts_with("builtin:")
    {
        commands.push(format!("  plimsoll diff {name} {path} --against {}", shell_word(source)));
    }
    if args.engine == Engine::Helm {
        commands.push(format!("  helm install {name} {path}"));
    }
    commands.join("\n")
}
