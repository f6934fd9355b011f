//! `plimsoll schema`.

use super::{generated, world};
use crate::args::SchemaArgs;
use crate::ui::{ExitStatus, Ui};
use anyhow::bail;
use plimsoll::authoring::schema;
use plimsoll::chart::{self, Origin};
use plimsoll::diag::Sources;
use plimsoll::lint::ci_values;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) fn run(args: &SchemaArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let mut schemas = Vec::new();
    for name in &args.charts {
        let sources = Sources::new();
        let chart = Arc::new(ui.kept(chart::open(world(), &sources, name), &sources)?);
        if !matches!(chart.origin, Origin::Directory(_)) && args.generated.write {
            bail!("`{name}` is not a directory: print the schema without --write");
        }
        let in_chart = ci_values(world(), name).into_iter().map(|(_, file)| file);
        let values: Vec<PathBuf> = in_chart.chain(args.with.iter().cloned()).collect();
        let report = schema::schema(world(), &sources, &chart, &values, args.draft());
        schemas.push(ui.kept(report, &sources)?);
    }
    generated::finish(&schemas, args.generated, "schema", ui)
}
