//! What of a text can be reached, and what renders reach of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::ast::{Body, Branch, File, Node, Place};
use crate::parse::{ParseError, parse};
use plimsoll_diag::SourceId;

/// A part of a template that a render reaches or does not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What it is.
    pub kind: PointKind,
    /// Its bytes in the text: the literal text, or the tag.
    pub range: Range<usize>,
    /// The number under which [`Reached`] knows it. No two points of a text have the same, except a definition and what it
    /// begins with.
    pub key: usize,
    /// The index of a point before it that is reached whenever this one is, though the render does not note it.
    pub implies: Option<usize>,
    /// The index of the definition that it is part of; that of a definition is its own.
    pub definition: Option<usize>,
}

/// Kinds of points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointKind {
    /// Literal text that is not only white space.
    Text,
    /// An action or a statement.
    Statement,
    /// What a condition or a loop leads to; the point before it that is a statement is the condition.
    Branch(Outcome),
    /// A named template, from its first node on.
    Definition(String),
}

/// What a condition or a loop comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The condition holds, or the loop has items.
    Body,
    /// It does not hold, or there are no items, whether there is an `else` or not.
    Otherwise,
}

/// The points that renders reached, of any number of texts.
#[derive(Debug, Clone, Default)]
pub struct Reached {
    sources: BTreeMap<SourceId, Vec<u64>>,
}

impl Reached {
    /// Notes that the point of that key was reached in a text.
    pub fn note(&mut self, source: SourceId, key: usize) {
        let words = self.sources.entry(source).or_default();
        let word = key / BITS;
        if word >= words.len() {
            words.resize(word + 1, 0);
        }
        words[word] |= 1 << (key % BITS);
    }

    /// Whether the point of that key was reached in a text.
    pub fn has(&self, source: SourceId, key: usize) -> bool {
        let word = self.sources.get(&source).and_then(|words| words.get(key / BITS));
        word.is_some_and(|word| word & (1 << (key % BITS)) != 0)
    }

    /// How many points of a text were reached.
    pub fn count(&self, source: SourceId) -> usize {
        let words = self.sources.get(&source).map(Vec::as_slice).unwrap_or_default();
        words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The texts in which a point was reached.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> {
        self.sources.keys().copied()
    }

    /// Adds what another render reached.
    pub fn merge(&mut self, other: Self) {
        for (source, others) in other.sources {
            let words = self.sources.entry(source).or_default();
            if words.len() < others.len() {
                words.resize(others.len(), 0);
            }
            words.iter_mut().zip(others).for_each(|(word, other)| *word |= other);
        }
    }
}

const BITS: usize = u64::BITS as usize;

/// What a render notes of a node.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// It was begun.
    Begun,
    /// A block came to this.
    Came(Outcome),
}

impl Mark {
    /// The key of this mark of the node whose tag or text is at `place`. Nodes do not overlap.
    pub(crate) fn key(self, place: Place) -> usize {
        let number = match self {
            Self::Begun => 0,
            Self::Came(Outcome::Body) => 1,
            Self::Came(Outcome::Otherwise) => 2,
        };
        place.start as usize * 3 + number
    }
}

/// The points of a text: its own in the order of the text, then those of each definition.
///
/// # Errors
/// The text is not a template.
pub fn points(text: &Arc<str>) -> Result<Vec<Point>, Box<ParseError>> {
    let file = parse(Arc::clone(text))?;
    Ok(points_of(&file))
}

fn points_of(file: &File) -> Vec<Point> {
    let mut collector = Collector { text: &file.text, points: Vec::new(), definition: None };
    collector.body(&file.main.body);
    for (name, template) in &file.defines {
        let Some(first) = template.body.first().filter(|_| !template.blank) else { continue };
        collector.definition = Some(collector.points.len());
        let key = Mark::Begun.key(first.tag());
        collector.add(PointKind::Definition(name.to_string()), template.tag, key);
        collector.body(&template.body);
    }
    collector.points
}

struct Collector<'a> {
    text: &'a str,
    points: Vec<Point>,
    definition: Option<usize>,
}

impl Collector<'_> {
    fn add(&mut self, kind: PointKind, place: Place, key: usize) {
        let range = place.start as usize..place.end as usize;
        self.points.push(Point { kind, range, key, implies: None, definition: self.definition });
    }

    fn body(&mut self, body: &Body) {
        for node in body {
            let place = node.tag();
            let key = Mark::Begun.key(place);
            match node {
                Node::Text(_) => {
                    if !self.text[place.start as usize..place.end as usize].trim().is_empty() {
                        self.add(PointKind::Text, place, key);
                    }
                }
                Node::Action(_) | Node::Template { .. } | Node::Break(_) | Node::Continue(_) => {
                    self.add(PointKind::Statement, place, key);
                }
                Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                    self.add(PointKind::Statement, place, key);
                    self.branch(branch);
                }
            }
        }
    }

    fn branch(&mut self, branch: &Branch) {
        for outcome in [Outcome::Body, Outcome::Otherwise] {
            self.add(PointKind::Branch(outcome), branch.tag, Mark::Came(outcome).key(branch.tag));
        }
        self.body(&branch.body);
        self.body(&branch.otherwise);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The points of a text, each as its kind and its text.
    fn shown(text: &str) -> Vec<String> {
        let show = |point: &Point| format!("{:?}: {}", point.kind, &text[point.range.clone()]);
        points(&text.into()).unwrap().iter().map(show).collect()
    }

    #[test]
    fn actions_texts_and_branches_are_points() {
        let text = "a: {{ .x }}\n{{- /* no */ -}}\n{{ if .a }}b{{ else if .c }} {{- end }}";
        assert_eq!(
            shown(text),
            [
                "Text: a: ",
                "Statement: {{ .x }}",
                "Statement: {{ if .a }}",
                "Branch(Body): {{ if .a }}",
                "Branch(Otherwise): {{ if .a }}",
                "Text: b",
                "Statement: {{ else if .c }}",
                "Branch(Body): {{ else if .c }}",
                "Branch(Otherwise): {{ else if .c }}",
            ]
        );
    }

    #[test]
    fn blocks_contain_the_points_of_their_bodies() {
        let text = "{{- range .a -}}{{ break }}{{ else }}{{ continue }}{{ end }}";
        let text =
            format!("{{{{ range .b }}}}{text}{{{{ end }}}}{{{{ with .c }}}}{{{{ $x := 1 }}}}{{{{ end }}}}");
        assert_eq!(
            shown(&text),
            [
                "Statement: {{ range .b }}",
                "Branch(Body): {{ range .b }}",
                "Branch(Otherwise): {{ range .b }}",
                "Statement: {{- range .a -}}",
                "Branch(Body): {{- range .a -}}",
                "Branch(Otherwise): {{- range .a -}}",
                "Statement: {{ break }}",
                "Statement: {{ continue }}",
                "Statement: {{ with .c }}",
                "Branch(Body): {{ with .c }}",
                "Branch(Otherwise): {{ with .c }}",
                "Statement: {{ $x := 1 }}",
            ]
        );
    }

    #[test]
    fn definitions_are_points_unless_they_are_blank() {
        let text =
            "{{ define \"a\" -}} x {{ end }}{{ define \"b\" }} {{ end }}{{ block \"c\" . }}{{ . }}{{ end }}";
        assert_eq!(
            shown(text),
            [
                "Statement: {{ block \"c\" . }}",
                "Definition(\"a\"): {{ define \"a\" -}}",
                "Text: x ",
                "Definition(\"c\"): {{ block \"c\" . }}",
                "Statement: {{ . }}",
            ]
        );
        let points = points(&text.into()).unwrap();
        assert_eq!(
            points.iter().map(|point| point.definition).collect::<Vec<_>>(),
            [None, Some(1), Some(1), Some(3), Some(3)]
        );
    }

    #[test]
    fn no_two_points_share_a_key_except_a_definition_and_its_beginning() {
        let text =
            "{{if .}}{{if .}}{{end}}{{else if .}}x{{else}}{{range .}}{{.}}{{end}}{{end}}{{with .}}{{end}}";
        let points = points(&text.into()).unwrap();
        let mut keys: Vec<usize> = points.iter().map(|point| point.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), points.len());
    }
}
