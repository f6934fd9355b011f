//! The charts that come with the binary.

use super::{Chart, from_files, load};
use crate::diag::{Diagnostic, Report, Sources, nearest};
use std::path::Path;

/// What names an embedded chart on the command line.
const SCHEME: &str = "builtin:";

/// An embedded chart: its name and its files.
struct Builtin {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// The embedded charts.
const BUILTIN: &[Builtin] = &[Builtin {
    name: "statefulset",
    files: &[("Chart.yaml", include_str!("../../charts/statefulset/Chart.yaml"))],
}];

/// Opens the chart that a command-line argument names: `builtin:NAME`, a directory or a `.tgz`.
pub fn open(sources: &Sources, argument: &str) -> Report<Chart> {
    let Some(name) = argument.strip_prefix(SCHEME) else { return load(sources, Path::new(argument)) };
    let Some(chart) = BUILTIN.iter().find(|chart| chart.name == name) else {
        let names = || BUILTIN.iter().map(|chart| chart.name);
        let found = Diagnostic::error(format!("there is no built-in chart `{name}`"));
        return Report::fail(match nearest(name, names()) {
            Some(near) => found.help(format!("did you mean `{SCHEME}{near}`?")),
            None => found.help(format!("there are: {}", names().collect::<Vec<_>>().join(", "))),
        });
    };
    let files = chart.files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    from_files(sources, argument, files.collect())
}
