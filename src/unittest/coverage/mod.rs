//! Coverage: which lines, branches and components of templates the tests of a chart reach.
//!
//! The engines say which [`Point`](crate::engine::Point)s a render reaches. A collector counts, for each point, the tests
//! that reach it: what it keeps depends on the size of the chart, not on the number of tests. The result is shown as a
//! table, as an lcov tracefile or as an HTML page.

mod collector;
mod html;
mod lcov;
mod table;

pub(super) use collector::Collector;
pub use html::{MARK as HTML_MARK, html};
pub use lcov::lcov;
pub use table::table;

use crate::engine::Outcome;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::path::Path;
use std::sync::Arc;

/// How many of the tests that reach a line are named.
const NAMED: usize = 3;

/// What the tests of a chart reached.
#[derive(Debug)]
pub struct Coverage {
    /// The chart, and the charts in it whose files are on disk.
    pub(super) charts: Vec<ChartCoverage>,
    /// The names of the tests, by number.
    pub(super) tests: Vec<String>,
}

/// What was reached of the templates of one chart.
#[derive(Debug)]
pub(super) struct ChartCoverage {
    /// Its directory.
    pub(super) directory: String,
    /// Whether it counts for the figures: whether it is what is tested, or has tests of its own.
    pub(super) is_counted: bool,
    /// Its templates, in the order of their paths.
    pub(super) files: Vec<FileCoverage>,
}

/// What was reached of a template.
#[derive(Debug)]
pub(super) struct FileCoverage {
    /// Where it is.
    pub(super) path: String,
    /// Its path under `templates/`.
    pub(super) name: String,
    pub(super) text: Arc<str>,
    /// The lines that can be reached, in order.
    pub(super) lines: Vec<Line>,
    /// What each condition and loop comes to, in the order of the text.
    pub(super) branches: Vec<Branch>,
    /// The file, unless it only defines templates, and the templates that it defines.
    pub(super) components: Vec<Component>,
}

/// A line that can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// How many tests reached it.
    pub(super) hits: usize,
    /// The first of them, by number.
    pub(super) tests: Vec<usize>,
}

/// Something that a condition or a loop can come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    /// The line of the condition.
    pub(super) line: usize,
    /// The number of the condition in its file.
    pub(super) condition: usize,
    pub(super) outcome: Outcome,
    /// How many tests came to it; `None` if none evaluated the condition.
    pub(super) taken: Option<usize>,
}

/// A template by name, or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// Its name; none for the file itself.
    pub(super) name: Option<String>,
    /// The line where it begins.
    pub(super) line: usize,
    /// How many tests reached it.
    pub(super) hits: usize,
}

impl Branch {
    fn is_taken(&self) -> bool {
        self.taken.is_some_and(|taken| taken > 0)
    }
}

/// How much was reached, of how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ratio {
    /// How much was reached.
    pub reached: usize,
    /// How much can be reached.
    pub total: usize,
}

impl Ratio {
    fn of(reached: impl Iterator<Item = bool>) -> Self {
        reached.fold(Self::default(), |ratio, reached| ratio + Self { reached: reached.into(), total: 1 })
    }

    /// Whether it is at least so many percent. Nothing to be reached is all of it.
    pub fn is_at_least(self, percent: f64) -> bool {
        let float = |number: usize| u32::try_from(number).map_or(f64::INFINITY, f64::from);
        self.total == 0 || float(self.reached) * 100.0 >= percent * float(self.total)
    }

    /// Tenths of a percent, rounded down, so that only all is 100 percent.
    fn tenths(self) -> Option<usize> {
        (self.reached * 1000).checked_div(self.total)
    }
}

impl Add for Ratio {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { reached: self.reached + other.reached, total: self.total + other.total }
    }
}

/// `92.3%`; `-` if there is nothing to reach.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tenths() {
            None => f.pad("-"),
            Some(1000) => f.pad("100%"),
            Some(tenths) => f.pad(&format!("{}.{}%", tenths / 10, tenths % 10)),
        }
    }
}

/// The figures of a template, of a chart or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Lines.
    pub lines: Ratio,
    /// Branches.
    pub branches: Ratio,
    /// Components.
    pub components: Ratio,
}

impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
        figures.fold(Self::default(), |sum, figures| Self {
            lines: sum.lines + figures.lines,
            branches: sum.branches + figures.branches,
            components: sum.components + figures.components,
        })
    }
}

impl FileCoverage {
    fn figures(&self) -> Figures {
        Figures {
            lines: Ratio::of(self.lines.iter().map(|line| line.hits > 0)),
            branches: Ratio::of(self.branches.iter().map(Branch::is_taken)),
            components: Ratio::of(self.components.iter().map(|component| component.hits > 0)),
        }
    }

    /// The lines that no test reached, as ranges. What cannot be reached does not end a range.
    fn unreached(&self) -> Vec<(usize, usize)> {
        let mut ranges = Vec::new();
        let mut open: Option<(usize, usize)> = None;
        for line in &self.lines {
            if line.hits > 0 {
                ranges.extend(open.take());
            } else {
                open = Some((open.map_or(line.number, |(first, _)| first), line.number));
            }
        }
        ranges.extend(open);
        ranges
    }
}

impl ChartCoverage {
    fn figures(&self) -> Figures {
        self.files.iter().map(FileCoverage::figures).sum()
    }
}

/// The charts of some runs that count, or those that do not.
fn charts<'a>(runs: &[&'a Coverage], counted: bool) -> Vec<&'a ChartCoverage> {
    let all = runs.iter().flat_map(|run| &run.charts);
    all.filter(|chart| chart.is_counted == counted && !chart.files.is_empty()).collect()
}

/// The figures of all charts that count.
pub fn total(runs: &[&Coverage]) -> Figures {
    charts(runs, true).into_iter().map(ChartCoverage::figures).sum()
}

/// A path as it is shown: relative to `base`, if it is in that directory.
fn shown_path(path: &str, base: &Path) -> String {
    let path = Path::new(path);
    let path = path.strip_prefix(base).unwrap_or(path);
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(reached: usize, total: usize) -> Ratio {
        Ratio { reached, total }
    }

    #[test]
    fn only_all_is_a_hundred_percent() {
        assert_eq!(ratio(1999, 2000).to_string(), "99.9%");
        assert_eq!(ratio(2000, 2000).to_string(), "100%");
        assert_eq!(ratio(0, 7).to_string(), "0.0%");
        assert_eq!(ratio(0, 0).to_string(), "-");
    }

    #[test]
    fn a_minimum_is_met_exactly() {
        assert!(ratio(9, 10).is_at_least(90.0));
        assert!(!ratio(8999, 10_000).is_at_least(90.0));
        assert!(ratio(0, 0).is_at_least(100.0));
    }

    #[test]
    fn ranges_go_on_across_lines_that_cannot_be_reached() {
        let line = |number, hits| Line { number, hits, tests: Vec::new() };
        let lines = vec![line(1, 0), line(2, 1), line(3, 0), line(6, 0), line(7, 2), line(9, 0)];
        let file = FileCoverage {
            path: String::new(),
            name: String::new(),
            text: "".into(),
            lines,
            branches: Vec::new(),
            components: Vec::new(),
        };
        assert_eq!(file.unreached(), [(1, 1), (3, 6), (9, 9)]);
    }

    #[test]
    fn paths_are_relative_to_the_working_directory() {
        let base = Path::new("/work/charts");
        assert_eq!(shown_path("/work/charts/web/a.yaml", base), "web/a.yaml");
        assert_eq!(shown_path("./web/a.yaml", base), "web/a.yaml");
        assert_eq!(shown_path("../web/a.yaml", base), "../web/a.yaml");
        assert_eq!(shown_path("/other/a.yaml", base), "/other/a.yaml");
    }
}
