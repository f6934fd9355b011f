//! `plimsoll rehearse`.

use super::previous::{self, Previous};
use super::{history, release};
use crate::args::{RehearseArgs, RehearseFormat};
use crate::ui::{ExitStatus, Refused, Ui};
use anyhow::bail;
use plimsoll::cluster::scenario;
use plimsoll::diag::escape;
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::diff::{self, Include};
use plimsoll::rehearse;
use std::path::Path;

pub(crate) fn run(args: &RehearseArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if let Some(file) = &args.scenario {
        return run_scenario(file, args, ui);
    }
    let sources = Sources::new();
    let previous = Previous {
        against: &args.against,
        history: &args.history,
        release: &args.release,
        cluster: &args.cluster,
        driver: &args.driver,
        include: Include::default(),
    };
    let options = previous.options(&sources, ui)?;
    let sides = previous::sides(previous, options.driver, &sources, ui)?;
    let options = rehearse::Options {
        diff: diff::Options {
            keys: history::keys_of(&sides.old, ui),
            released: sides.released.as_ref().map(|released| released.objects.clone()),
            ..options
        },
        failing: args.fail.clone(),
        evictions: args.evict.clone(),
        nodes: usize::from(args.nodes),
    };
    let rehearsed = Ui::watched("rehearsing", || rehearse::rehearse(&sides.old, &sides.new, &options));
    let rehearsals = match rehearsed {
        Ok(rehearsals) => rehearsals,
        Err(errors) => {
            ui.report(errors, &sources);
            return Err(Refused.into());
        }
    };
    match args.format {
        RehearseFormat::Table => ui.page(&rehearse::table(&rehearsals)),
        RehearseFormat::Json => ui.print(&rehearse::json(&rehearsals)),
        RehearseFormat::Html => ui.print(&rehearse::html(&rehearsals, &heading(args))),
        RehearseFormat::Svg => match rehearsals.as_slice() {
            [] => bail!("no pods: there is nothing to rehearse"),
            [rehearsal] => ui.print(&rehearse::svg(rehearsal)),
            several => {
                let names: Vec<&str> = several.iter().map(|one| one.namespace.as_str()).collect();
                bail!("one image cannot show several namespaces ({}): use --format html", names.join(", "))
            }
        },
    }
    let any = |is: fn(&rehearse::Outcome) -> bool| rehearsals.iter().any(|rehearsal| is(&rehearsal.outcome));
    Ok(if any(|outcome| outcome.is_rejected) {
        ExitStatus::Rejected
    } else if any(|outcome| !outcome.is_complete) {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    })
}

fn heading(args: &RehearseArgs) -> String {
    let name = args.release.names.release().unwrap_or_else(|| args.release.names.source());
    format!("{name} against {}", args.against.against)
}

fn run_scenario(file: &str, args: &RehearseArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if !args.release.names.source().is_empty() {
        bail!("a scenario holds all that is rehearsed: --scenario takes no RELEASE and no SOURCE");
    }
    let sources = Sources::new();
    let source = if file == "-" {
        sources.add("<stdin>", release::read_stdin()?, SourceKind::Stdin)
    } else {
        let text = release::read_file(Path::new(file))?;
        sources.add(file, text, SourceKind::File)
    };
    let version = release::kubernetes(&args.release.release)?;
    let scenario = ui.kept(scenario::parse(&sources, source, version), &sources)?;
    let outcome = ui.kept(scenario::run(&scenario).into(), &sources)?;
    match args.format {
        RehearseFormat::Table => ui.page(&rehearse::scenario_table(&outcome)),
        RehearseFormat::Json => ui.print(&escape::json(format!("{:#}\n", outcome.to_json()))),
        RehearseFormat::Svg | RehearseFormat::Html => {
            bail!("a scenario is shown as a table or as JSON: use --format table or --format json")
        }
    }
    Ok(ExitStatus::Success)
}
