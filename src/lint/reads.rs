//! Which values a chart's templates read.
//!
//! The parser of Helm's templates is asked. Tera's are scanned as text, which errs on the side of reading: an
//! expression that the scan cannot follow (an index by a variable, the values handed on as a whole) counts as reading
//! everything below.

use crate::chart::{Chart, EngineKind};
use crate::diag::{SourceId, Span};
use crate::engine::template_texts;
use crate::engine::tera::COMPONENT_LIBRARY;
use crate::gotmpl::{Reference, Usage, references};
use crate::values::Scope;
use crate::yaml::{Map, Node};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// One place where a template reads a value, or sets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    /// The keys that lead to the value; none for the values as a whole.
    pub(super) path: Vec<String>,
    /// The path in the template; `None` where it was read from a text that has no positions.
    pub(super) span: Option<Span>,
    /// What the template does with the value.
    pub(super) usage: Usage,
}

/// Looks for reads; each text is parsed once, however many charts may run it.
#[derive(Default)]
pub(super) struct Reader {
    parsed: BTreeMap<Arc<str>, Vec<Reference>>,
}

impl Reader {
    /// What the templates of a scope read, and what others read of its values: parents, and partials that it may call.
    pub(super) fn of_scope(&mut self, root: &Scope, scope: &Scope) -> Vec<Read> {
        let mut reads = Vec::new();
        self.own(scope, &mut reads);
        self.lent(root, scope, &mut reads);
        self.of_parents(root, scope, &mut reads);
        // Plimsoll's own components may be called, too.
        if scope.chart.engine == EngineKind::Tera
            && scope.chart.templates.iter().any(|t| t.text.contains("<k8s."))
        {
            for (_, text) in COMPONENT_LIBRARY {
                scan(text, None, &mut reads);
            }
        }
        reads
    }

    /// What one chart's own texts read.
    fn own(&mut self, scope: &Scope, reads: &mut Vec<Read>) {
        let chart: &Chart = &scope.chart;
        let values: Vec<&Map> = [&chart.values, &scope.values].into_iter().filter_map(Node::as_map).collect();
        for (source, text) in template_texts(chart, &values) {
            self.text(&text, chart.engine, source, reads);
        }
    }

    /// The partials of every other chart of the release may be called with this scope's values: they count as
    /// reads, without a place of their own.
    fn lent(&mut self, other: &Scope, scope: &Scope, reads: &mut Vec<Read>) {
        if !std::ptr::eq(other, scope) {
            let templates = other.chart.templates.iter();
            for partial in templates.filter(|template| file_name(&template.path).starts_with('_')) {
                self.text(&partial.text, other.chart.engine, None, reads);
            }
        }
        for child in &other.children {
            self.lent(child, scope, reads);
        }
    }

    /// What the templates of the charts above read of a scope's values: a parent has them under the scope's name.
    fn of_parents(&mut self, root: &Scope, scope: &Scope, reads: &mut Vec<Read>) {
        let mut parent = root;
        while !std::ptr::eq(parent, scope) {
            let way = scope.path.strip_prefix(&parent.path).unwrap_or_default();
            let way: Vec<&str> = way.split("/charts/").skip(1).collect();
            let mut theirs = Vec::new();
            for template in &parent.chart.templates {
                self.text(&template.text, parent.chart.engine, None, &mut theirs);
            }
            reads.extend(theirs.into_iter().filter_map(|read| {
                let (outer, inner) = read.path.split_at_checked(way.len())?;
                (outer == way).then(|| Read { path: inner.to_vec(), ..read })
            }));
            let Some(next) = parent.children.iter().find(|child| holds(child, scope)) else { return };
            parent = next;
        }
    }

    /// The reads in a text; none in one that is not a template.
    fn text(&mut self, text: &Arc<str>, engine: EngineKind, source: Option<SourceId>, reads: &mut Vec<Read>) {
        if engine == EngineKind::Tera {
            return scan(text, source, reads);
        }
        if !self.parsed.contains_key(text) {
            self.parsed.insert(Arc::clone(text), references(text).unwrap_or_default());
        }
        let references = self.parsed.get(text).into_iter().flatten();
        reads.extend(references.map(|reference| Read {
            path: reference.path.clone(),
            span: source.map(|source| Span::new(source, reference.range.start, reference.range.end)),
            usage: reference.usage,
        }));
    }
}

/// Whether a scope is another, or above it.
fn holds(outer: &Scope, scope: &Scope) -> bool {
    std::ptr::eq(outer, scope) || outer.children.iter().any(|child| holds(child, scope))
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// `values.a.b["c"]`, with what stands before and after it.
static TERA: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r#"\bvalues((?:\??\.[A-Za-z_][A-Za-z0-9_]*|\??\[\s*"[^"\]]*"\s*\]|\??\[\s*'[^'\]]*'\s*\])*)"#)
});
static STEP: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r#"\.([A-Za-z0-9_]+)|\[\s*"([^"]*)"\s*\]|\[\s*'([^']*)'\s*\]"#));

/// Finds the reads in the text of a Tera template.
fn scan(text: &str, source: Option<SourceId>, reads: &mut Vec<Read>) {
    let Some(pattern) = &*TERA else { return };
    for (start, end) in actions(text) {
        let action = &text[start..end];
        for found in pattern.captures_iter(action) {
            let (Some(whole), Some(keys)) = (found.get(0), found.get(1)) else { continue };
            let raw = &action[..whole.start()];
            // `x.values` is somebody else's field, unless it is the whole context's.
            let joined = raw.ends_with(['.', '_', '-']) && !raw.ends_with("...");
            if joined {
                continue;
            }
            let (before, rest) = (raw.trim_end(), &action[whole.end()..]);
            let usage = if is_optional(action, before, rest) {
                Usage::Tested
            } else if is_in_string(raw) {
                // A message, or a template for `tpl`.
                Usage::Passed
            } else {
                Usage::Used
            };
            reads.push(Read {
                path: steps(keys.as_str()),
                span: source.map(|source| Span::new(source, start + whole.start(), start + whole.end())),
                usage,
            });
        }
    }
}

/// Whether a string is still open at the end of a text.
fn is_in_string(text: &str) -> bool {
    text.chars()
        .fold(None, |open, c| match (open, c) {
            (None, '"' | '\'' | '`') => Some(c),
            (Some(quote), c) if quote == c => None,
            _ => open,
        })
        .is_some()
}

/// The keys of `.a["b"]`.
fn steps(text: &str) -> Vec<String> {
    let Some(pattern) = &*STEP else { return Vec::new() };
    pattern
        .captures_iter(text)
        .filter_map(|found| (1..=3).find_map(|group| found.get(group)))
        .map(|key| key.as_str().to_owned())
        .collect()
}

fn is_optional(action: &str, before: &str, rest: &str) -> bool {
    let word = |text: &str| {
        ["default", "defined", "coalesce", "omit_empty", "required", "get("]
            .iter()
            .any(|word| text.contains(word))
    };
    let opening = action.trim_start_matches(['{', '%', '-', ' ']).trim_start();
    let condition = ["if ", "elif "].iter().any(|word| opening.starts_with(word));
    condition || word(rest) || word(before) || action[before.len()..].contains("?.") || rest.starts_with('?')
}

/// The byte ranges of `{{ .. }}` and `{% .. %}`, comments left out.
fn actions(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('{').map(|open| at + open) {
        let rest = &text[open..];
        let close = if rest.starts_with("{#") {
            at = rest.find("#}").map_or(text.len(), |end| open + end + 2);
            continue;
        } else if let Some(inside) = rest.strip_prefix("{{") {
            if inside.trim_start_matches('-').trim_start().starts_with("/*") {
                at = rest.find("*/").map_or(text.len(), |end| open + end + 2);
                continue;
            }
            "}}"
        } else if rest.starts_with("{%") {
            "%}"
        } else {
            at = open + 1;
            continue;
        };
        let end = rest.find(close).map_or(text.len(), |end| open + end + 2);
        ranges.push((open, end));
        at = end;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Usage)> {
        let mut reads = Vec::new();
        scan(text, None, &mut reads);
        reads.into_iter().map(|read| (read.path.join("/"), read.usage)).collect()
    }

    #[test]
    fn tera_expressions_are_followed() {
        let text = "# values.no\n{# {{ values.no }} #}\na: {{ values.a.b | default(value=1) }}\n\
                    {% if values['x-y'].z %}{{ values[key] }}{{ my.values.no }}{% endif %}{{ { ...values.image } }}\
                    {{ \"set values.c\" }}{{ \"it's\" ~ values.d }}";
        let expected = [
            ("a/b", Usage::Tested),
            ("x-y/z", Usage::Tested),
            ("", Usage::Used),
            ("image", Usage::Used),
            ("c", Usage::Passed),
            ("d", Usage::Used),
        ];
        assert_eq!(read(text), expected.map(|(path, usage)| (path.to_owned(), usage)));
    }
}
