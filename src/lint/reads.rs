//! Which values a chart's templates read, as far as the text of the templates tells.
//!
//! The scan errs on the side of reading: an expression that it cannot follow (an index by a variable, the
//! values handed on as a whole) counts as reading everything below.

use crate::chart::{Chart, EngineKind};
use crate::diag::{SourceId, Span};
use crate::engine::tera::COMPONENT_LIBRARY;
use crate::values::Scope;
use regex::Regex;
use std::sync::LazyLock;

/// One place where a template reads a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    /// The keys that lead to the value; none for the values as a whole.
    pub(super) path: Vec<String>,
    /// The path in the template; `None` where it was read from a text that has no positions.
    pub(super) span: Option<Span>,
    /// Whether an absent value is provided for right there (`default`, `is defined`, `if`).
    pub(super) optional: bool,
}

/// What the templates of a scope read, those of library charts that they may call included.
pub(super) fn of_scope(root: &Scope, scope: &Scope) -> Vec<Read> {
    let mut reads = Vec::new();
    of_chart(&scope.chart, &mut reads);
    lent(root, scope, &mut reads);
    // So may plimsoll's own components.
    if scope.chart.engine == EngineKind::Tera
        && scope.chart.templates.iter().any(|t| t.text.contains("<k8s."))
    {
        for (_, text) in COMPONENT_LIBRARY {
            scan(text, EngineKind::Tera, None, &mut reads);
        }
    }
    reads
}

/// The partials of every other chart of the release may be called with this scope's values: they count as
/// reads, without a place of their own.
fn lent(other: &Scope, scope: &Scope, reads: &mut Vec<Read>) {
    if !std::ptr::eq(other, scope) {
        for template in &other.chart.templates {
            if file_name(&template.path).starts_with('_') {
                let mut theirs = Vec::new();
                scan(&template.text, other.chart.engine, None, &mut theirs);
                reads.extend(theirs);
            }
        }
    }
    for child in &other.children {
        lent(child, scope, reads);
    }
}

/// What one chart's own files read.
fn of_chart(chart: &Chart, reads: &mut Vec<Read>) {
    for template in &chart.templates {
        scan(&template.text, chart.engine, Some(template.source), reads);
    }
    // Files and values may hold templates that `tpl` runs.
    for file in &chart.files {
        if let Some(text) = file.data().ok().and_then(|data| std::str::from_utf8(data).ok()) {
            scan(text, chart.engine, None, reads);
        }
    }
    strings(&chart.values, &mut |text| scan(text, chart.engine, None, reads));
}

fn strings(node: &crate::yaml::Node, visit: &mut impl FnMut(&str)) {
    match &node.value {
        crate::yaml::Value::String(text) if text.contains("{{") => visit(text),
        crate::yaml::Value::Seq(items) => items.iter().for_each(|item| strings(item, visit)),
        crate::yaml::Value::Map(map) => map.iter().for_each(|entry| strings(&entry.value, visit)),
        _ => {}
    }
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
/// `.Values.a.b` and `$.Values.a.b`.
static GO: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\.Values((?:\.[A-Za-z0-9_]+)*)"));
/// The rest of `index .Values.a "b" "c"`.
static GO_KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r#"^((?:\s+"[^"]*")+)"#));
static STEP: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r#"\.([A-Za-z0-9_]+)|\[\s*"([^"]*)"\s*\]|\[\s*'([^']*)'\s*\]|\s"([^"]*)""#));

/// Finds the reads in a text.
fn scan(text: &str, engine: EngineKind, source: Option<SourceId>, reads: &mut Vec<Read>) {
    let pattern = match engine {
        EngineKind::Tera => &*TERA,
        EngineKind::GoTemplate => &*GO,
    };
    let Some(pattern) = pattern else { return };
    for (start, end) in actions(text) {
        let action = &text[start..end];
        for found in pattern.captures_iter(action) {
            let (Some(whole), Some(keys)) = (found.get(0), found.get(1)) else { continue };
            let before = action[..whole.start()].trim_end();
            // `x.values` is somebody else's field, unless it is the whole context's.
            let raw = &action[..whole.start()];
            let joined = raw.ends_with(['.', '_', '-', '"']) && !raw.ends_with("...");
            if engine == EngineKind::Tera && joined {
                continue;
            }
            let mut path = steps(keys.as_str());
            let rest = &action[whole.end()..];
            let indexed = before.ends_with("index") || before.ends_with("index $");
            if engine == EngineKind::GoTemplate
                && indexed
                && let Some(keys) = GO_KEYS.as_ref().and_then(|pattern| pattern.captures(rest))
            {
                path.extend(keys.get(1).map(|keys| steps(keys.as_str())).unwrap_or_default());
            }
            reads.push(Read {
                path,
                span: source.map(|source| Span::new(source, start + whole.start(), start + whole.end())),
                optional: is_optional(action, before, rest),
            });
        }
    }
}

/// The keys of `.a["b"]` or ` "a" "b"`.
fn steps(text: &str) -> Vec<String> {
    let Some(pattern) = &*STEP else { return Vec::new() };
    pattern
        .captures_iter(text)
        .filter_map(|found| (1..=4).find_map(|group| found.get(group)))
        .map(|key| key.as_str().to_owned())
        .collect()
}

fn is_optional(action: &str, before: &str, rest: &str) -> bool {
    let word = |text: &str| {
        ["default", "defined", "coalesce", "omit_empty", "hasKey", "required", "ternary", "get("]
            .iter()
            .any(|word| text.contains(word))
    };
    let opening = action.trim_start_matches(['{', '%', '-', ' ']).trim_start();
    let condition =
        ["if ", "elif ", "else if ", "with ", "range "].iter().any(|word| opening.starts_with(word));
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

    fn read(text: &str, engine: EngineKind) -> Vec<(String, bool)> {
        let mut reads = Vec::new();
        scan(text, engine, None, &mut reads);
        reads.into_iter().map(|read| (read.path.join("/"), read.optional)).collect()
    }

    #[test]
    fn tera_expressions_are_followed() {
        let text = "# values.no\n{# {{ values.no }} #}\na: {{ values.a.b | default(value=1) }}\n\
                    {% if values['x-y'].z %}{{ values[key] }}{{ my.values.no }}{% endif %}{{ { ...values.image } }}";
        let expected = [("a/b", true), ("x-y/z", true), ("", false), ("image", false)];
        assert_eq!(
            read(text, EngineKind::Tera),
            expected.map(|(path, optional)| (path.to_owned(), optional))
        );
    }

    #[test]
    fn helm_actions_are_followed() {
        let text = "{{/* .Values.no */}}{{ .Values.a.b }} .Values.no {{- with $.Values.c }}{{ end }}\
                    {{ index .Values \"x-y\" \"z\" }}{{ toYaml .Values }}{{ .Values.d | default 1 }}";
        let expected = [("a/b", false), ("c", true), ("x-y/z", false), ("", false), ("d", true)];
        assert_eq!(
            read(text, EngineKind::GoTemplate),
            expected.map(|(path, optional)| (path.to_owned(), optional))
        );
    }
}
