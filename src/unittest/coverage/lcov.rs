//! Coverage as an lcov tracefile, as geninfo(1) describes it.

use super::{Coverage, FileCoverage, charts, shown_path};
use crate::engine::Outcome;
use std::fmt::Write as _;
use std::path::Path;

/// The coverage of the charts that count, one record for each template. Paths are relative to `base`.
pub fn lcov(runs: &[&Coverage], base: &Path) -> String {
    let mut out = String::new();
    for file in charts(runs, true).into_iter().flat_map(|chart| &chart.files) {
        record(file, base, &mut out);
    }
    out
}

fn record(file: &FileCoverage, base: &Path, out: &mut String) {
    let figures = file.figures();
    let _ = write!(out, "TN:\nSF:{}\n", on_one_line(shown_path(&file.path, base)));
    let named = || file.components.iter().filter_map(|part| Some((part, on_one_line(part.name.as_ref()?))));
    for (definition, name) in named() {
        let _ = writeln!(out, "FN:{},{name}", definition.line);
    }
    for (definition, name) in named() {
        let _ = writeln!(out, "FNDA:{},{name}", definition.hits);
    }
    let reached = named().filter(|(definition, _)| definition.hits > 0).count();
    let _ = write!(out, "FNF:{}\nFNH:{reached}\n", named().count());
    for branch in &file.branches {
        let number = match branch.outcome {
            Outcome::Body => 0,
            Outcome::Otherwise => 1,
        };
        let taken = branch.taken.map_or_else(|| "-".to_owned(), |taken| taken.to_string());
        let _ = writeln!(out, "BRDA:{},{},{number},{taken}", branch.line, branch.condition);
    }
    let _ = write!(out, "BRF:{}\nBRH:{}\n", figures.branches.total, figures.branches.reached);
    for line in &file.lines {
        let _ = writeln!(out, "DA:{},{}", line.number, line.hits);
    }
    let _ = write!(out, "LF:{}\nLH:{}\nend_of_record\n", figures.lines.total, figures.lines.reached);
}

/// A name that cannot end its line: the format has no escapes.
fn on_one_line(name: impl AsRef<str>) -> String {
    name.as_ref().replace(char::is_control, "_")
}
