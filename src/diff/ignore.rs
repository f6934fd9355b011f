//! Which fields and objects a user does not want to hear about.

use super::{FieldPath, ObjectPlan, fields, simulation};
use crate::diag::{Diagnostic, nearest};
use crate::k8s::{Version, kinds};
use crate::manifest::Object;
use std::collections::BTreeSet;

/// A field that is taken as unchanged: `[KIND[/NAME]:]PATH`.
///
/// The path is the API server's (`metadata.labels[helm.sh/chart]`, `spec.template.spec.containers[0].image`);
/// items may be named (`containers[web]`) and `*` stands for any text. What lies below the field is ignored, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    rule: String,
    object: Option<String>,
    path: String,
}

impl Ignore {
    /// Reads a rule.
    pub fn new(rule: &str) -> Self {
        // A path holds colons in brackets only; names of objects may hold some, too (`ClusterRole/system:node`).
        let plain = rule.find('[').map_or(rule, |bracket| rule.get(..bracket).unwrap_or_default());
        let (object, path) = match plain.rfind(':') {
            Some(colon) => (rule.get(..colon).map(str::to_owned), rule.get(colon + 1..).unwrap_or_default()),
            None => (None, rule),
        };
        Self { rule: rule.to_owned(), object, path: path.to_owned() }
    }

    /// Whether there is anything that the rule can apply to: a field of an object of either side, as it is written or as it
    /// is stored. The error says what is there instead.
    pub fn check(&self, old: &[Object], new: &[Object]) -> Result<(), Diagnostic> {
        let concerned: Vec<&Object> = old.iter().chain(new).filter(|object| self.concerns(object)).collect();
        if let Some(pattern) = &self.object
            && concerned.is_empty()
        {
            let names = old
                .iter()
                .chain(new)
                .map(|object| (object.group(), object.kind.as_str(), object.name.as_str()));
            let help = suggestion(pattern, names, &[]);
            return Err(Diagnostic::error(format!("--ignore: no object matches `{pattern}` on either side"))
                .maybe_help(help));
        }
        let mut known = BTreeSet::new();
        let mut is_found = false;
        for object in concerned {
            let mut see = |path: &FieldPath| {
                let spellings = [path.to_string(), path.named()];
                is_found |= spellings.iter().any(|text| wildcard(&self.path, text));
                known.extend(spellings);
            };
            // Changes are those of the stored form; what a cluster adds beside it may be named all the same.
            let stored = simulation::draft_alone(object, Version::DEFAULT, "");
            fields::each_path(&object.kind, &stored, &mut see);
            fields::each_path(&object.kind, &object.root, &mut see);
            if is_found {
                return Ok(());
            }
        }
        let near = nearest(&self.path, known.iter().map(String::as_str));
        let help = near.map_or_else(
            || {
                "write the path as the plan does, e.g. `spec.replicas` or `metadata.labels[helm.sh/chart]`"
                    .to_owned()
            },
            |near| format!("did you mean `{near}`?"),
        );
        Err(Diagnostic::error(format!("--ignore: `{}` matches no field on either side", self.rule))
            .help(help))
    }

    pub(super) fn concerns(&self, object: &Object) -> bool {
        self.object
            .as_deref()
            .is_none_or(|pattern| names(pattern, object.group(), &object.kind, &object.name))
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
    let (group, kind, name) = group_kind_name(plan);
    names(pattern, group, kind, name)
        || plan.template == pattern
        || plan.template.ends_with(&format!("/{pattern}"))
        || wildcard(pattern, &plan.template)
}

/// The group, kind and name of a plan's object.
fn group_kind_name(plan: &ObjectPlan) -> (&str, &str, &str) {
    let object = &plan.object;
    (object.api_version.split_once('/').map_or("", |(group, _)| group), &object.kind, &object.name)
}

/// Says that a `--show-only` pattern selects nothing, and what it may have meant.
pub(super) fn selects_nothing(pattern: &str, objects: &[ObjectPlan]) -> Diagnostic {
    let templates: Vec<&str> = objects.iter().map(|plan| plan.template.as_str()).collect();
    Diagnostic::error(format!("--show-only: no object matches `{pattern}` on either side"))
        .maybe_help(suggestion(pattern, objects.iter().map(group_kind_name), &templates))
}

/// What a pattern that matches nothing may have meant, or what there is.
fn suggestion<'a>(
    pattern: &str,
    objects: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    templates: &[&str],
) -> Option<String> {
    let objects: BTreeSet<(&str, &str, &str)> = objects.collect();
    let (wanted, name) = pattern.split_once('/').map_or((pattern, None), |(kind, name)| (kind, Some(name)));
    let same_kind: Vec<(&str, &str)> = objects
        .iter()
        .filter(|(group, kind, name)| names(wanted, group, kind, name))
        .map(|(_, kind, name)| (*kind, *name))
        .collect();
    if let (Some(name), Some((kind, only))) = (name, same_kind.first()) {
        let near = nearest(name, same_kind.iter().map(|(_, name)| *name));
        return Some(match near.or_else(|| (same_kind.len() == 1).then_some(only)) {
            Some(near) => format!("did you mean `{kind}/{near}`?"),
            None => available(same_kind.iter().map(|(kind, name)| format!("{kind}/{name}"))),
        });
    }
    let present: BTreeSet<&str> = objects.iter().map(|(_, kind, _)| *kind).collect();
    // Paths begin with the chart's name, which few write.
    let in_charts = templates.iter().filter_map(|template| template.split_once('/')).map(|(_, path)| path);
    let candidates = present.iter().copied().chain(templates.iter().copied()).chain(in_charts);
    match (nearest(pattern, candidates), nearest(wanted, present.iter().copied()), name) {
        (Some(near), ..) => Some(format!("did you mean `{near}`?")),
        (None, Some(kind), Some(name)) => Some(format!("did you mean `{kind}/{name}`?")),
        _ if present.is_empty() => None,
        _ => Some(available(present.into_iter().map(str::to_owned))),
    }
}

/// Lists what there is, as far as it fits on a line.
fn available(names: impl Iterator<Item = String>) -> String {
    const MAX_LISTED: usize = 8;
    let mut names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(MAX_LISTED);
    names.truncate(MAX_LISTED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("available: {}{more}", names.join(", "))
}

/// Whether a pattern, `KIND` or `KIND/NAME`, names an object. Kinds are written as kubectl takes them; `*` stands for any
/// text in either part.
fn names(pattern: &str, group: &str, kind: &str, name: &str) -> bool {
    let (wanted, rest) = pattern.split_once('/').map_or((pattern, None), |(kind, name)| (kind, Some(name)));
    (kinds::is_called(wanted, group, kind) || wildcard(&wanted.to_lowercase(), &kind.to_lowercase()))
        && rest.is_none_or(|rest| wildcard(rest, name))
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
        assert!(names("statefulset/web*", "apps", "StatefulSet", "web-1"));
        assert!(names("sts/web-1", "apps", "StatefulSet", "web-1"));
        assert!(names("Service", "", "Service", "x"));
        assert!(names("*/x", "", "Service", "x"));
        assert!(!names("Service/y", "", "Service", "x"));
    }

    #[test]
    fn a_rule_begins_with_its_object() {
        for (rule, object, path) in [
            ("spec.replicas", None, "spec.replicas"),
            ("metadata.annotations[a.b/c:d]", None, "metadata.annotations[a.b/c:d]"),
            ("sts:spec.replicas", Some("sts"), "spec.replicas"),
            ("statefulsets.apps/web:spec.replicas", Some("statefulsets.apps/web"), "spec.replicas"),
            ("ConfigMap/ca.crt:data[a:b]", Some("ConfigMap/ca.crt"), "data[a:b]"),
            ("ClusterRole/system:node:rules", Some("ClusterRole/system:node"), "rules"),
        ] {
            let read = Ignore::new(rule);
            assert_eq!((read.object.as_deref(), read.path.as_str()), (object, path), "{rule}");
        }
    }
}
