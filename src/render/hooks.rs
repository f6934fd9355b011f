//! Helm hooks: objects that are not part of the release's manifest.

use super::head;
use crate::diag::{Rule, Severity};
use crate::manifest::Object;
use crate::yaml::Node;

/// The finding that an object names a hook event that does not exist.
pub(super) static UNKNOWN_HOOK: Rule = Rule {
    id: "chart/unknown-hook",
    severity: Severity::Warning,
    summary: "an object is never installed because of an unknown hook event",
    docs: "The annotation `helm.sh/hook` names an event that Helm does not have. Helm leaves the object out: it is neither a
hook nor a part of the release. Helm 2 had the event `crd-install`, which is now the directory `crds/`.

## Bad
```yaml
# templates/job.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: db, annotations: {helm.sh/hook: before-install}}
```

## Good
```yaml
# templates/job.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: db, annotations: {helm.sh/hook: pre-install}}
```

## Fix
Correct the event, or remove the annotation. A CustomResourceDefinition belongs to `crds/`.
",
};

/// The events of `helm.sh/hook`, as Helm spells them.
const EVENTS: [&str; 10] = [
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
    "test-success",
];

/// What the annotations of an object say about its being a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HookRole {
    /// Part of the manifest.
    None,
    /// A hook for these events.
    Hook(HookSpec),
    /// `helm.sh/hook` names an event that does not exist: Helm drops such objects.
    Unknown(String),
}

/// `helm.sh/hook`, `helm.sh/hook-weight`, `helm.sh/hook-delete-policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookSpec {
    /// The events, lower-case.
    pub events: Vec<String>,
    /// The weight; 0 where it is missing or not a number.
    pub weight: i64,
    /// The delete policies.
    pub delete_policies: Vec<String>,
}

impl HookSpec {
    /// Whether it runs only for `helm test`.
    pub fn is_test(&self) -> bool {
        self.events.iter().any(|event| event == "test" || event == "test-success")
    }
}

/// How an object is a hook; `None` if it is part of the manifest.
pub fn hook(object: &Object) -> Option<HookSpec> {
    match role(&object.root) {
        HookRole::Hook(hook) => Some(hook),
        HookRole::None | HookRole::Unknown(_) => None,
    }
}

/// Reads the hook annotations of a document.
pub(super) fn role(root: &Node) -> HookRole {
    let annotation = |name: &str| head::annotation(root, name);
    let Some(events) = annotation("helm.sh/hook") else { return HookRole::None };
    let events: Vec<String> = events.split(',').map(|event| event.trim().to_lowercase()).collect();
    if let Some(unknown) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        return HookRole::Unknown(unknown.clone());
    }
    let list = |text: &str| {
        text.split(',').map(|part| part.trim().to_lowercase()).filter(|part| !part.is_empty()).collect()
    };
    HookRole::Hook(HookSpec {
        events,
        weight: annotation("helm.sh/hook-weight").and_then(|weight| weight.parse().ok()).unwrap_or(0),
        delete_policies: annotation("helm.sh/hook-delete-policy").as_deref().map(list).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceKind, SourceMap, Sources};
    use crate::yaml::{self, ReadOptions};

    fn role_of(annotations: &str) -> HookRole {
        let sources = Sources::new();
        let text = format!("Metadata: {{annotations: {{{annotations}}}}}");
        let source = sources.add("a.yaml", text, SourceKind::Rendered(SourceMap::default()));
        role(&yaml::read(&sources, source, &ReadOptions::lenient()).output.unwrap()[0].root)
    }

    #[test]
    fn annotations_are_texts_to_helm() {
        let weight =
            |weight: &str| match role_of(&format!("helm.sh/hook: test, helm.sh/hook-weight: {weight}")) {
                HookRole::Hook(hook) => hook.weight,
                other => panic!("{other:?}"),
            };
        assert_eq!(["-5", "'+5'", "5", "' 5'", "x", "~", "1.5"].map(weight), [-5, 5, 5, 0, 0, 0, 0]);
        assert_eq!(role_of("helm.sh/hook: 5"), HookRole::Unknown("5".to_owned()));
        assert_eq!(role_of("helm.sh/hook: ~"), HookRole::Unknown(String::new()));
        assert_eq!(role_of("a: b"), HookRole::None);
    }
}
