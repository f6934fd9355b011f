//! `yaml/*`: YAML that is read as something else than it looks like.

mod implicit_boolean;
mod implicit_number;
mod octal_number;
mod tab;

pub(in crate::lint) use implicit_boolean::IMPLICIT_BOOLEAN;
pub(in crate::lint) use implicit_number::IMPLICIT_NUMBER;
pub(in crate::lint) use octal_number::OCTAL_NUMBER;
pub(in crate::lint) use tab::TAB;

use crate::diag::{Source, SourceId, SourceKind, Sources, Span};
use crate::lint::subject::{ChartSubject, Release};
use crate::yaml::{Node, Value};
use std::sync::Arc;

/// A scalar as it was written, with the key that it belongs to.
struct Scalar<'a> {
    node: &'a Node,
    key: &'a str,
    text: &'a str,
}

/// Calls `visit` for every scalar of a release's objects that is no string.
fn in_release(release: &Release<'_>, mut visit: impl FnMut(&Scalar<'_>)) {
    let mut texts = Texts { sources: release.sources, last: None };
    for object in release.objects {
        walk(&object.root, "", &mut texts, 0, &mut visit);
    }
}

/// Calls `visit` for every scalar of a chart's values, those given by the user included, that is no string.
fn in_values(subject: &ChartSubject<'_>, mut visit: impl FnMut(&Scalar<'_>)) {
    let mut texts = Texts { sources: subject.sources, last: None };
    // The root's values hold those of every sub-chart, each leaf with the place it was written at.
    walk(&subject.computed.root.values, "", &mut texts, 0, &mut visit);
}

/// Looks texts up, remembering the last: neighbours share one.
struct Texts<'a> {
    sources: &'a Sources,
    last: Option<(SourceId, Option<Arc<Source>>)>,
}

impl Texts<'_> {
    fn get(&mut self, span: Span) -> Option<Arc<Source>> {
        if self.last.as_ref().is_none_or(|(id, _)| *id != span.source) {
            self.last = Some((span.source, self.sources.get(span.source)));
        }
        let source = self.last.as_ref()?.1.clone()?;
        // `--set a=on` is a string, and what flags hold is not YAML.
        (source.kind != SourceKind::Flag).then_some(source)
    }
}

fn walk(node: &Node, key: &str, texts: &mut Texts<'_>, depth: usize, visit: &mut impl FnMut(&Scalar<'_>)) {
    match &node.value {
        Value::Map(map) if depth < 1000 => {
            for entry in map {
                walk(&entry.value, &entry.key, texts, depth + 1, visit);
            }
        }
        Value::Seq(items) if depth < 1000 => {
            for item in items {
                walk(item, key, texts, depth + 1, visit);
            }
        }
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            if let Some(source) = texts.get(node.span)
                && let Some(text) = source.text.get(node.span.start as usize..node.span.end as usize)
            {
                visit(&Scalar { node, key, text });
            }
        }
        _ => {}
    }
}
