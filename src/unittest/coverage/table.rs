//! Coverage as a table for a terminal.

use super::{ChartCoverage, Coverage, Figures, FileCoverage, Ratio, charts, shown_path, total};
use crate::diag::escape::terminal;
use crate::diag::render::Style;
use crate::unittest::report::{GREEN, Painter, RED, YELLOW};
use std::fmt::Write as _;
use std::path::Path;

/// The columns of figures, each with two spaces before it.
const COLUMNS: [&str; 3] = ["Lines", "Branches", "Components"];
const WIDTHS: [usize; 3] = [6, 8, 10];
const FIGURES: usize = 6 + 8 + 10 + 2 * WIDTHS.len();

/// The heading of the column of ranges.
const UNREACHED: &str = "Uncovered lines";

/// The width of a table where nothing limits it.
const WIDE: usize = 120;

/// The narrowest column of names, and the narrowest of ranges beside the figures.
const LEAST_NAME: usize = 12;
const LEAST_RANGES: usize = 18;

/// The coverage of some charts: their templates, then the charts that do not count, then the total. Lines are at most `width`
/// columns wide, unless that is narrower than the figures. Paths are relative to `base`.
pub fn table(runs: &[&Coverage], base: &Path, width: usize, style: Style) -> String {
    let counted = charts(runs, true);
    let others = charts(runs, false);
    let mut rows: Vec<(String, Figures, String)> = Vec::new();
    for chart in &counted {
        rows.push((heading(chart, base), chart.figures(), String::new()));
        rows.extend(
            chart
                .files
                .iter()
                .map(|file| (format!("  {}", terminal(&file.name)), file.figures(), ranges(file))),
        );
    }
    rows.extend(
        others
            .into_iter()
            .map(|chart| (format!("{} (not counted)", heading(chart, base)), chart.figures(), String::new())),
    );
    rows.push(("Total".to_owned(), total(runs), String::new()));
    let layout = Layout::of(&rows, width);
    let mut out = String::new();
    let header = COLUMNS.iter().zip(WIDTHS).map(|(title, width)| format!("  {title:>width$}"));
    let mut header = format!("{:name$}{}", "Coverage", header.collect::<String>(), name = layout.name);
    if layout.ranges.is_some() {
        let _ = write!(header, "  {UNREACHED}");
    }
    let _ = writeln!(out, "{header}");
    for (name, figures, ranges) in &rows {
        layout.row(name, *figures, ranges, Painter(style), &mut out);
    }
    out.push('\n');
    out
}

fn heading(chart: &ChartCoverage, base: &Path) -> String {
    terminal(&shown_path(&format!("{}/templates", chart.directory), base))
}

/// `1-3, 5`
fn ranges(file: &FileCoverage) -> String {
    let range = |(first, last)| if first == last { format!("{first}") } else { format!("{first}-{last}") };
    file.unreached().into_iter().map(range).collect::<Vec<_>>().join(", ")
}

struct Layout {
    /// The width of the names.
    name: usize,
    /// The width of the ranges beside the figures; without it they are below.
    ranges: Option<usize>,
    /// The width of the whole table.
    width: usize,
}

impl Layout {
    fn of(rows: &[(String, Figures, String)], width: usize) -> Self {
        let width = width.min(WIDE);
        let longest = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or_default();
        let beside = longest.max(LEAST_NAME) + FIGURES + 2;
        if beside + LEAST_RANGES <= width {
            return Self { name: longest.max(LEAST_NAME), ranges: Some(width - beside), width };
        }
        let name = longest.min(width.saturating_sub(FIGURES)).max(LEAST_NAME);
        Self { name, ranges: None, width }
    }

    fn row(&self, name: &str, figures: Figures, ranges: &str, painter: Painter, out: &mut String) {
        let Figures { lines, branches, components } = figures;
        let _ = write!(out, "{:width$}", shortened(name, self.name), width = self.name);
        for (ratio, width) in [lines, branches, components].into_iter().zip(WIDTHS) {
            let text = format!("{ratio:>width$}");
            let _ = write!(
                out,
                "  {}",
                color(ratio).map_or_else(|| text.clone(), |color| painter.paint(color, &text))
            );
        }
        let (indent, room, label) = match self.ranges {
            Some(room) => (self.name + FIGURES + 2, room, ""),
            None => (4, self.width.saturating_sub(4), "uncovered: "),
        };
        if !ranges.is_empty() {
            for (number, line) in wrapped(&format!("{label}{ranges}"), room).into_iter().enumerate() {
                if number == 0 && self.ranges.is_some() {
                    let _ = write!(out, "  {line}");
                } else {
                    let _ = write!(out, "\n{:indent$}{line}", "");
                }
            }
        }
        out.push('\n');
    }
}

/// The end of a name that is too long: what it begins with says less.
fn shortened(name: &str, width: usize) -> String {
    let count = name.chars().count();
    if count <= width {
        return name.to_owned();
    }
    let blank = name.len() - name.trim_start().len();
    let rest: String = name.chars().skip(count - width.saturating_sub(blank + 1)).collect();
    format!("{}…{rest}", &name[..blank])
}

/// Words on lines that are at most `width` wide.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut().filter(|line| line.len() + 1 + word.len() <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn color(ratio: Ratio) -> Option<anstyle::Style> {
    match ratio.tenths()? {
        800.. => Some(GREEN),
        500.. => Some(YELLOW),
        _ => Some(RED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Outcome;
    use crate::unittest::coverage::{Branch, Component, Line};

    fn coverage() -> Coverage {
        let line = |number: usize| Line { number, hits: number % 2, tests: Vec::new() };
        let file = |name: &str, lines: usize| FileCoverage {
            path: format!("web/templates/{name}"),
            name: name.to_owned(),
            text: "".into(),
            lines: (1..=lines).map(line).collect(),
            branches: vec![Branch { line: 1, condition: 1, outcome: Outcome::Body, taken: Some(1) }],
            components: vec![Component { name: None, line: 1, hits: 1 }],
        };
        let chart = |directory: &str, is_counted, files| ChartCoverage {
            directory: directory.to_owned(),
            is_counted,
            files,
        };
        let charts = vec![
            chart("web", true, vec![file("a.yaml", 1), file("deeply/nested/folder/of/deployment.yaml", 30)]),
            chart("web/charts/db", false, vec![file("b.yaml", 4)]),
        ];
        Coverage { charts, tests: Vec::new() }
    }

    #[test]
    fn ranges_are_beside_the_figures_if_there_is_room() {
        let shown = table(&[&coverage()], Path::new(""), 100, Style::Plain);
        assert_eq!(
            shown,
            "\
Coverage                                    Lines  Branches  Components  Uncovered lines
web/templates                               51.6%      100%        100%
  a.yaml                                     100%      100%        100%
  deeply/nested/folder/of/deployment.yaml   50.0%      100%        100%  2, 4, 6, 8, 10, 12, 14, 16,
                                                                         18, 20, 22, 24, 26, 28, 30
web/charts/db/templates (not counted)       50.0%      100%        100%
Total                                       51.6%      100%        100%

"
        );
    }

    #[test]
    fn narrow_tables_have_them_below() {
        let shown = table(&[&coverage()], Path::new(""), 60, Style::Plain);
        assert_eq!(
            shown,
            "\
Coverage                         Lines  Branches  Components
web/templates                    51.6%      100%        100%
  a.yaml                          100%      100%        100%
  …d/folder/of/deployment.yaml   50.0%      100%        100%
    uncovered: 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24,
    26, 28, 30
…ts/db/templates (not counted)   50.0%      100%        100%
Total                            51.6%      100%        100%

"
        );
    }

    #[test]
    fn every_line_fits() {
        for width in [42, 60, 80, 100, 200] {
            let shown = table(&[&coverage()], Path::new(""), width, Style::Plain);
            assert!(shown.lines().all(|line| line.chars().count() <= width), "{width}\n{shown}");
        }
    }
}
