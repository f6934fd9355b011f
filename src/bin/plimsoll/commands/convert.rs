//! `plimsoll convert`.

use super::create::{refuse_existing, write_new};
use super::world;
use crate::args::ConvertArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::convert::{self, Difference};
use plimsoll::diag::Sources;

pub(crate) fn run(args: &ConvertArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    refuse_existing(&args.dir)?;
    let sources = Sources::new();
    let report = Ui::watched("converting the chart", || convert::convert(world(), &sources, &args.chart));
    let converted = ui.kept(report, &sources)?;
    write_new(&args.dir, &converted.files, ui)?;
    if converted.marks > 0 {
        let (places, them) = if converted.marks == 1 { ("place", "it") } else { ("places", "them") };
        ui.note(&format!(
            "{} {places} without an exact counterpart: rewrite {them} by hand; in templates a comment that starts with \
             `convert:` marks each",
            converted.marks
        ));
    }
    if converted.differences.is_empty() {
        ui.note("both charts render the same objects with values.yaml and each ci/*-values.yaml");
    } else {
        let lines: Vec<String> = converted.differences.iter().map(line).collect();
        ui.note_with("what the new chart renders differently:", &lines.join("\n"));
    }
    Ok(ExitStatus::Success)
}

fn line(difference: &Difference) -> String {
    let Difference { values, object, what } = difference;
    if object.is_empty() { format!("  {values}: {what}") } else { format!("  {values}: {object}: {what}") }
}
