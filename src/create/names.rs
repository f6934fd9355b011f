//! The names of a chart's files.

use crate::manifest::Object;
use std::collections::BTreeSet;

/// A path for each object: the kind, with the object's name where there are several of the kind.
pub(super) fn paths(objects: &[Object], directory: &str) -> Vec<String> {
    let mut used = BTreeSet::new();
    objects
        .iter()
        .map(|object| {
            let is_only_one = objects.iter().filter(|other| other.kind == object.kind).count() == 1;
            let kind = plain(&object.kind);
            let stem = match (directory, is_only_one) {
                ("crds", _) => plain(&object.name),
                (_, true) => kind,
                (_, false) => format!("{kind}-{}", plain(&object.name)),
            };
            let numbered = (2..).map(|number| format!("{directory}/{stem}-{number}.yaml"));
            let mut candidates = std::iter::once(format!("{directory}/{stem}.yaml")).chain(numbered);
            candidates.find(|path| used.insert(path.clone())).unwrap_or_default()
        })
        .collect()
}

/// A name for every file system: lower-case letters, digits, dots and hyphens.
fn plain(name: &str) -> String {
    /// Longer names leave no room for the rest of the path.
    const LONGEST: usize = 100;
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
        .take(LONGEST)
        .collect();
    let trimmed = name.trim_matches(['-', '.']);
    if trimmed.is_empty() { "object".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Node;

    fn object(kind: &str, name: &str) -> Object {
        Object {
            root: Node::bare("x").into(),
            span: crate::diag::Span::NONE,
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: None,
            template: String::new(),
        }
    }

    #[test]
    fn files_are_named_by_kind_and_unique() {
        let objects = [
            object("Service", "a"),
            object("ClusterRole", "system:a"),
            object("ClusterRole", "system/a"),
            object("Deployment", "a"),
            object("Service", "../b"),
        ];
        assert_eq!(
            paths(&objects, "templates"),
            [
                "templates/service-a.yaml",
                "templates/clusterrole-system-a.yaml",
                "templates/clusterrole-system-a-2.yaml",
                "templates/deployment.yaml",
                "templates/service-b.yaml",
            ]
        );
    }
}
