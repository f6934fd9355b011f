//! Which fields and objects a user does not want to hear about.

use super::{FieldChange, FieldPath, ObjectPlan, Step};
use crate::diag::Span;
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value};

/// A field that is taken as unchanged: `[Kind[/name]:]path`.
///
/// The path is the API server's (`metadata.labels[helm.sh/chart]`, `spec.template.spec.containers[0].image`);
/// items may be named (`containers[web]`) and `*` stands for any text. What lies below the field is ignored, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    object: Option<String>,
    path: String,
}

impl Ignore {
    /// Reads a rule.
    pub fn new(rule: &str) -> Self {
        match rule.split_once(':') {
            Some((object, path)) if !object.contains(['[', '.']) => {
                Self { object: Some(object.to_owned()), path: path.to_owned() }
            }
            _ => Self { object: None, path: rule.to_owned() },
        }
    }

    pub(super) fn concerns(&self, object: &Object) -> bool {
        self.object.as_deref().is_none_or(|pattern| names(pattern, &object.kind, &object.name))
    }

    pub(super) fn hides(&self, object: &Object, path: &FieldPath) -> bool {
        self.concerns(object) && [path.to_string(), path.named()].iter().any(|text| self.matches(text))
    }

    /// Whether the path, or a field above it, matches.
    fn matches(&self, path: &str) -> bool {
        let ends = path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(index, _)| index);
        ends.chain([path.len()]).any(|end| path.get(..end).is_some_and(|head| wildcard(&self.path, head)))
    }
}

/// Whether a `--show-only` pattern selects an object.
pub(super) fn selects(pattern: &str, plan: &ObjectPlan) -> bool {
    names(pattern, &plan.object.kind, &plan.object.name)
        || plan.template == pattern
        || plan.template.ends_with(&format!("/{pattern}"))
        || wildcard(pattern, &plan.template)
}

fn names(pattern: &str, kind: &str, name: &str) -> bool {
    let (wanted, rest) = pattern.split_once('/').map_or((pattern, None), |(kind, name)| (kind, Some(name)));
    wildcard(&wanted.to_lowercase(), &kind.to_lowercase()) && rest.is_none_or(|rest| wildcard(rest, name))
}

/// Whether `text` is `pattern`, in which `*` stands for any text.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// Takes one change back in the new manifest.
pub(super) fn revert(manifest: &mut Node, change: &FieldChange) {
    if change.order {
        return;
    }
    let Some((last, way)) = change.path.0.split_last() else { return };
    let mut node = manifest;
    for step in way {
        let next = match (step, &mut node.value) {
            (Step::Field(name), Value::Map(map)) => {
                if !map.contains_key(name) {
                    map.insert(name.as_str(), Span::NONE, Node::bare(Map::new()));
                }
                map.get_mut(name)
            }
            (Step::Item { index, .. }, Value::Seq(items)) => items.get_mut(*index),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return,
        }
    }
    match (last, &mut node.value, change.old.clone()) {
        (Step::Field(name), Value::Map(map), Some(old)) => {
            map.insert(name.as_str(), Span::NONE, old);
        }
        (Step::Field(name), Value::Map(map), None) => {
            map.remove(name);
        }
        (Step::Item { index, .. }, Value::Seq(items), Some(old)) => match change.new {
            Some(_) => {
                if let Some(slot) = items.get_mut(*index) {
                    *slot = old;
                }
            }
            None => items.insert((*index).min(items.len()), old),
        },
        (Step::Item { index, .. }, Value::Seq(items), None) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_match_fields_and_what_lies_below() {
        let rule = Ignore::new("metadata.labels[helm.sh/chart]");
        assert!(rule.matches("metadata.labels[helm.sh/chart]"));
        assert!(!rule.matches("metadata.labels[app]"));
        assert!(Ignore::new("spec.template").matches("spec.template.spec.containers[0].image"));
        assert!(
            Ignore::new("spec.template.spec.containers[*].image")
                .matches("spec.template.spec.containers[0].image")
        );
        assert!(!Ignore::new("spec.temp").matches("spec.template"));
    }

    #[test]
    fn objects_are_named_by_kind_and_name() {
        assert!(names("statefulset/web*", "StatefulSet", "web-1"));
        assert!(names("Service", "Service", "x"));
        assert!(!names("Service/y", "Service", "x"));
    }
}
