//! `plimsoll diff`.

use super::history;
use super::previous::{self, Previous};
use crate::args::{DiffArgs, DiffFormat};
use crate::ui::{ExitStatus, Ui, over};
use anyhow::bail;
use plimsoll::diag::{Sources, nearest};
use plimsoll::diff::{self, FailOn, Ignore, Include, render};
use plimsoll::limits::{self, Activity};

pub(crate) fn run(args: &DiffArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let fail_on = fail_on(&args.fail_on)?;
    if args.stored && !matches!(args.format, DiffFormat::Json) {
        bail!("--stored needs --format json");
    }
    let sources = Sources::new();
    if args.show_secrets {
        sources.show_secrets();
    }
    let previous = Previous {
        against: &args.against,
        history: &args.history,
        release: &args.release,
        cluster: &args.cluster,
        driver: &args.driver,
        include: Include { hooks: args.include_hooks, crds: args.include_crds },
    };
    let options = previous.options(&sources, ui)?;
    if let (DiffFormat::Script, Some(why)) = (args.format, options.driver.is_only()) {
        bail!("--format script does not support --driver {}: {why}", options.driver.as_str());
    }
    if matches!(args.format, DiffFormat::Script) && options.prune && options.driver.can_prune() {
        bail!(
            "--format script does not support --prune: the script shows how to delete what left the manifests"
        );
    }
    let sides = previous::sides(previous, options.driver, &sources, ui)?;
    let options = diff::Options {
        ignore: args.ignore.iter().map(|rule| Ignore::new(rule)).collect(),
        claims_bound: args.claims_bound,
        show_secrets: args.show_secrets,
        keys: history::keys_of(&sides.old, ui),
        released: sides.released.as_ref().map(|released| released.objects.clone()),
        stored: args.stored,
        documents: matches!(args.format, DiffFormat::Unified | DiffFormat::Markdown | DiffFormat::Html),
        ..options
    };
    if !sides.unmatched_hooks.is_empty() {
        let hooks = sides.unmatched_hooks.join(", ");
        ui.note(&format!("hooks that exist on one side only are not compared: {hooks}"));
    }
    for rule in &options.ignore {
        ui.kept(rule.check(&sides.old, &sides.new).into(), &sources)?;
    }
    let mut plan = diff::compare(&sides.old, &sides.new, &options);
    limits::check().map_err(over)?;
    let _activity = Activity::begin("writing the plan".to_owned());
    plan.mark_random(&sides.new, &sides.redrawn);
    plan.locate(&sources);
    plan.conceal(&sources);
    previous::note_admission(&plan.notes, ui);
    let refused = args.server_dry_run && previous::in_cluster(previous)?.dry_run(&sides.new, &plan, ui)?;
    ui.kept(plan.show_only(&args.show_only).into(), &sources)?;
    let style = ui.stdout_style();
    match args.format {
        DiffFormat::Plan => ui.page(&render::plan_within(&plan, style, Ui::width())),
        DiffFormat::Unified => ui.page(&render::unified(&plan, args.context, style)),
        DiffFormat::Summary => ui.page(&render::summary(&plan, style)),
        DiffFormat::Json => ui.print(&render::json(&plan)),
        DiffFormat::Markdown => ui.print(&render::markdown(&plan, &heading(args))),
        DiffFormat::Html => ui.print(&render::html(&plan, &heading(args))),
        DiffFormat::Script => ui.print_exact(&render::script(&plan, &subject(args), &options)),
    }
    Ok(match plan.exit_code(&fail_on) {
        _ if refused => ExitStatus::Rejected,
        0 => ExitStatus::Success,
        3 => ExitStatus::Rejected,
        _ => ExitStatus::Findings,
    })
}

fn heading(args: &DiffArgs) -> String {
    let name = args.release.names.release().unwrap_or_else(|| args.release.names.source());
    format!("{name} against {}", args.against.against)
}

/// What is upgraded, and from what.
fn subject(args: &DiffArgs) -> String {
    let name = args.release.names.release().unwrap_or_else(|| args.release.names.source());
    format!(
        "`{name}` in namespace `{}`, compared with `{}`",
        args.release.release.namespace, args.against.against
    )
}

/// The categories of `--fail-on`.
fn fail_on(words: &[String]) -> anyhow::Result<Vec<FailOn>> {
    let category = |word: &String| match word.parse::<FailOn>() {
        Ok(category) => Ok(category),
        Err(_) => match nearest(word, FailOn::WORDS) {
            Some(near) => bail!("--fail-on: unknown category `{word}`; did you mean `{near}`?"),
            None => bail!("--fail-on: unknown category `{word}`; available: {}", FailOn::WORDS.join(", ")),
        },
    };
    words.iter().map(category).collect()
}
