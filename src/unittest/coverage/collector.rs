//! Counts the tests that reach each part of a chart's templates.

use super::{Branch, ChartCoverage, Component, Coverage, FileCoverage, Line, NAMED};
use crate::chart::{Chart, Origin, TextFile, is_partial};
use crate::diag::{SourceId, Sources};
use crate::engine::{Outcome, Point, PointKind, Reached, engine_for};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The templates of a chart and of the charts in it, and how many tests reached what of them.
pub(in crate::unittest) struct Collector {
    charts: Vec<TrackedChart>,
    /// The names of the tests.
    tests: Mutex<Vec<String>>,
}

struct TrackedChart {
    directory: String,
    is_counted: bool,
    files: Vec<TrackedFile>,
}

struct TrackedFile {
    source: SourceId,
    path: String,
    name: String,
    text: Arc<str>,
    points: Vec<Point>,
    /// The lines that can be reached.
    lines: Vec<usize>,
    /// For each point, where its lines are in `lines`; none for branches.
    lines_of_points: Vec<Vec<usize>>,
    counts: Mutex<Counts>,
}

/// How many tests reached the parts of a template.
struct Counts {
    /// For each point.
    points: Vec<usize>,
    /// For each line, with the first tests that did.
    lines: Vec<(usize, Vec<usize>)>,
    /// What is outside of definitions.
    file: usize,
}

impl Collector {
    /// For a chart. The charts in it count if they are tested, as their routes (`web/charts/db`) tell.
    pub(in crate::unittest) fn new(
        sources: &Sources,
        chart: &Chart,
        path: &str,
        is_tested: &dyn Fn(&str) -> bool,
    ) -> Self {
        let mut charts = Vec::new();
        track(sources, chart, Path::new(path), chart.name(), is_tested, &mut charts);
        if let Some(root) = charts.first_mut() {
            root.is_counted = true;
        }
        Self { charts, tests: Mutex::default() }
    }

    /// Gives numbers to tests, by their names. The first one has the number that is returned.
    pub(in crate::unittest) fn register(&self, names: impl Iterator<Item = String>) -> usize {
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        let first = tests.len();
        tests.extend(names);
        first
    }

    /// Adds what a test reached. Tests come in any order, each with its own number.
    pub(in crate::unittest) fn add(&self, test: usize, reached: &Reached) {
        let sources: BTreeSet<SourceId> = reached.sources().collect();
        let files = self.charts.iter().flat_map(|chart| &chart.files);
        for file in files.filter(|file| sources.contains(&file.source)) {
            file.add(test, reached);
        }
    }

    /// What the tests reached.
    pub(in crate::unittest) fn finish(self) -> Coverage {
        let chart = |chart: TrackedChart| ChartCoverage {
            directory: chart.directory,
            is_counted: chart.is_counted,
            files: chart.files.into_iter().map(TrackedFile::finish).collect(),
        };
        Coverage {
            charts: self.charts.into_iter().map(chart).collect(),
            tests: self.tests.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

fn track(
    sources: &Sources,
    chart: &Chart,
    directory: &Path,
    route: &str,
    is_tested: &dyn Fn(&str) -> bool,
    into: &mut Vec<TrackedChart>,
) {
    let engine = engine_for(chart.engine);
    let is_rendered = |file: &&TextFile| !chart.is_library() || is_partial(&file.path);
    let files = chart.templates.iter().filter(is_rendered);
    let files = files.filter_map(|file| TrackedFile::new(sources, file, engine.points(file)));
    into.push(TrackedChart {
        directory: directory.display().to_string(),
        is_counted: is_tested(route),
        files: files.collect(),
    });
    for child in &chart.children {
        // The files of an archive cannot be shown.
        if let Origin::Directory(directory) = &child.origin {
            track(sources, child, directory, &format!("{route}/charts/{}", child.name()), is_tested, into);
        }
    }
}

impl TrackedFile {
    /// `None` if nothing of the file can be reached.
    fn new(sources: &Sources, file: &TextFile, mut points: Vec<Point>) -> Option<Self> {
        if is_partial(&file.path) && has_only_remarks(&points) {
            drop_outside(&mut points);
        }
        if points.is_empty() {
            return None;
        }
        let starts = LineStarts::of(&file.text);
        let lines_of = |point: &Point| match point.kind {
            PointKind::Branch(_) => Vec::new(),
            _ => starts.visible(&file.text, point),
        };
        let numbers: Vec<Vec<usize>> = points.iter().map(lines_of).collect();
        let lines: BTreeSet<usize> = numbers.iter().flatten().copied().collect();
        let indices: BTreeMap<usize, usize> = lines.iter().copied().zip(0..).collect();
        let counts =
            Counts { points: vec![0; points.len()], lines: vec![(0, Vec::new()); lines.len()], file: 0 };
        Some(Self {
            source: file.source,
            path: sources.get(file.source).map_or_else(String::new, |source| source.name.clone()),
            name: file.path.strip_prefix("templates/").unwrap_or(&file.path).to_owned(),
            text: Arc::clone(&file.text),
            lines: lines.into_iter().collect(),
            lines_of_points: numbers
                .into_iter()
                .map(|numbers| numbers.into_iter().map(|number| indices[&number]).collect())
                .collect(),
            points,
            counts: Mutex::new(counts),
        })
    }

    fn add(&self, test: usize, reached: &Reached) {
        let mut hit: Vec<bool> =
            self.points.iter().map(|point| reached.has(self.source, point.key)).collect();
        for (index, point) in self.points.iter().enumerate().rev() {
            if let Some(implied) = point.implies.filter(|_| hit[index]) {
                hit[implied] = true;
            }
        }
        let mut lines: BTreeSet<usize> = BTreeSet::new();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, _) in hit.iter().enumerate().filter(|(_, hit)| **hit) {
            counts.points[index] += 1;
            lines.extend(&self.lines_of_points[index]);
        }
        for line in lines {
            let (count, tests) = &mut counts.lines[line];
            *count += 1;
            let place = tests.partition_point(|other| *other < test);
            tests.insert(place, test);
            tests.truncate(NAMED);
        }
        let is_outside = |(point, hit): (&Point, &bool)| *hit && point.definition.is_none();
        counts.file += usize::from(self.points.iter().zip(&hit).any(is_outside));
    }

    fn finish(self) -> FileCoverage {
        let counts = self.counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let starts = LineStarts::of(&self.text);
        let line_of = |point: &Point| starts.line_at(point.range.start);
        let mut branches = Vec::new();
        let mut components = Vec::new();
        if self.points.iter().any(|point| point.definition.is_none()) {
            components.push(Component { name: None, line: 1, hits: counts.file });
        }
        let mut conditions = 0;
        let mut evaluated = 0;
        for (point, count) in self.points.iter().zip(&counts.points) {
            match &point.kind {
                PointKind::Text => {}
                PointKind::Statement => evaluated = *count,
                PointKind::Branch(outcome) => {
                    conditions += usize::from(*outcome == Outcome::Body);
                    branches.push(Branch {
                        line: line_of(point),
                        condition: conditions - 1,
                        outcome: *outcome,
                        taken: (evaluated > 0).then_some(*count),
                    });
                }
                PointKind::Definition(name) => {
                    components.push(Component {
                        name: Some(name.clone()),
                        line: line_of(point),
                        hits: *count,
                    });
                }
            }
        }
        branches.sort_by_key(|branch| (branch.line, branch.condition, branch.outcome));
        let lines = self.lines.into_iter().zip(counts.lines);
        FileCoverage {
            path: self.path,
            name: self.name,
            lines: lines.map(|(number, (hits, tests))| Line { number, hits, tests }).collect(),
            branches,
            components,
            text: self.text,
        }
    }
}

/// Whether all that is outside of the definitions of a file is text. In partials that is a remark for the reader, which is
/// never rendered.
fn has_only_remarks(points: &[Point]) -> bool {
    let is_outside_text = |point: &Point| point.definition.is_some() || point.kind == PointKind::Text;
    points.iter().all(is_outside_text) && points.iter().any(|point| point.definition.is_some())
}

/// Removes what is outside of definitions, which come after it or in between.
fn drop_outside(points: &mut Vec<Point>) {
    let mut left = 0;
    let moved: Vec<usize> = points
        .iter()
        .map(|point| {
            let index = left;
            left += usize::from(point.definition.is_some());
            index
        })
        .collect();
    points.retain(|point| point.definition.is_some());
    for point in points {
        point.definition = point.definition.map(|index| moved[index]);
        point.implies = point.implies.map(|index| moved[index]);
    }
}

/// Where the lines of a text begin.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The line, from 1, that a byte is in.
    fn line_at(&self, byte: usize) -> usize {
        self.0.partition_point(|start| *start <= byte)
    }

    /// The lines on which a point is more than white space.
    fn visible(&self, text: &str, point: &Point) -> Vec<usize> {
        let parts = text[point.range.clone()].split('\n').zip(self.line_at(point.range.start)..);
        parts.filter(|(part, _)| !part.trim().is_empty()).map(|(_, line)| line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceKind;
    use crate::engine::Engine;
    use crate::engine::helm::Helm;
    use crate::engine::tera::Tera;

    fn tracked(engine: &dyn Engine, path: &str, text: &str) -> Option<TrackedFile> {
        let sources = Sources::new();
        let source = sources.add(path, text, SourceKind::File);
        let file = TextFile { path: path.to_owned(), source, text: text.into() };
        let points = engine.points(&file);
        TrackedFile::new(&sources, &file, points)
    }

    fn lines(engine: &dyn Engine, path: &str, text: &str) -> Vec<usize> {
        tracked(engine, path, text).map_or_else(Vec::new, |file| file.lines)
    }

    #[test]
    fn lines_of_helm_templates() {
        let text = "a: 1\r\n{{- if .x }}\r\n\r\n{{/* no\n */}}\n  b: {{ include\n  \"c\" . }}\n{{- end }}\n";
        assert_eq!(lines(&Helm, "templates/a.yaml", text), [1, 2, 6, 7]);
        assert_eq!(lines(&Helm, "templates/a.yaml", "{{ if }}"), [0; 0]);
    }

    #[test]
    fn lines_of_tera_templates() {
        let text = "a: 1\r\n{% if x -%}\r\n\n{# no\n #}\n  b: {{ c |\n  quote }}\n{% raw %}\nd\n{% endraw %}{% endif %}\n";
        assert_eq!(lines(&Tera, "templates/a.yaml", text), [1, 2, 6, 7, 9]);
        assert_eq!(lines(&Tera, "templates/a.txt", text), [0; 0]);
    }

    #[test]
    fn text_around_the_definitions_of_a_partial_is_a_remark() {
        let helm = "vim: ft=gotmpl\n{{ define \"a\" }}\nx\n{{ end }}\n";
        assert_eq!(lines(&Helm, "templates/_a.tpl", helm), [2, 3]);
        assert_eq!(lines(&Helm, "templates/a.yaml", helm), [1, 2, 3]);
        assert_eq!(lines(&Helm, "templates/_a.tpl", &format!("{helm}{{{{ .x }}}}")), [1, 2, 3, 5]);
        let tera =
            "Labels\n{% component a(x) %}\n{% if x %}y{% elif z %}z{% endif %}\n{% endcomponent %}\nEnd\n";
        assert_eq!(lines(&Tera, "templates/_a.tera", tera), [2, 3]);
        let file = tracked(&Tera, "templates/_a.tera", tera).unwrap();
        let mut reached = Reached::default();
        // That the condition of the `elif` does not hold implies all that comes before it.
        let otherwise = file.points.iter().rfind(|point| point.implies.is_some()).unwrap();
        reached.note(file.source, otherwise.key);
        file.add(0, &reached);
        let done = file.finish();
        assert_eq!(
            done.branches.iter().map(|branch| branch.taken).collect::<Vec<_>>(),
            [Some(0), Some(1), Some(0), Some(1)]
        );
    }
}
