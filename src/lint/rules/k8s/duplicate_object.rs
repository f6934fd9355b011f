use crate::diag::{Diagnostic, SourceKind};
use crate::lint::registry::declare;
use crate::lint::finding::{finding, locate};
use crate::lint::release::{Release, identity, is_hook};
use crate::manifest::Object;
use std::collections::BTreeMap;

declare! {
    /// The API server creates an object of one kind and name only once in a namespace. `kubectl create` and
    /// `helm install` fail at the second one. `kubectl apply` overwrites the first one with the second, so the order of
    /// the files decides which one runs.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data: {mode: primary}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data: {mode: replica}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db-primary}
    /// data: {mode: primary}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db-replica}
    /// data: {mode: replica}
    /// ```
    ///
    /// ## Fix
    /// Rename one of them, or remove it. Manifests that are not applied together, such as those of two environments,
    /// are linted with `--separate`.
    DUPLICATE_OBJECT = "k8s/duplicate-object", Error, "two objects have the same kind, name and namespace";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<_, &Object> = BTreeMap::new();
    // A hook may be deleted before the other object is created.
    let lasting = release.objects.iter().filter(|object| !object.name.is_empty() && !is_hook(object));
    for object in lasting {
        let other = *first.entry(identity(object)).or_insert(object);
        if !std::ptr::eq(other, *object) {
            let message = format!("duplicate object: {} `{}`", object.kind, object.name);
            let separate = are_in_two_files(object, other, release)
                .then(|| "lint files that are not applied together with `--separate`".to_owned());
            found.push(
                finding(&DUPLICATE_OBJECT, object, "metadata.name", message)
                    .at(locate(other, "metadata.name"), "the first one")
                    .help("rename or remove one of them: `kubectl apply` would keep only the last")
                    .maybe_help(separate),
            );
        }
    }
}

fn are_in_two_files(object: &Object, other: &Object, release: &Release<'_>) -> bool {
    let (here, there) = (object.root.span.source, other.root.span.source);
    here != there && release.sources.get(here).is_some_and(|source| source.kind == SourceKind::File)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn objects_are_the_same_if_group_kind_namespace_and_name_are() {
        let object = |api: &str, kind: &str, metadata: &str| {
            format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{{metadata}}}\n---\n")
        };
        let run = |a: String, b: String| findings("k8s/duplicate-object", &(a + &b));
        let budget = |version: &str| object(&format!("policy/{version}"), "PodDisruptionBudget", "name: a");
        assert_eq!(run(budget("v1"), budget("v1beta1")), ["7:18 metadata.name"]);
        let config = |metadata: &str| object("v1", "ConfigMap", metadata);
        assert_eq!(run(config("name: a"), config("name: a, namespace: b")), [""; 0]);
        assert_eq!(run(config("generateName: a"), config("generateName: a")), [""; 0]);
        let hook = "name: a, annotations: {helm.sh/hook: test}";
        assert_eq!(run(config("name: a"), config(hook)), [""; 0]);
        let role = |metadata: &str| object("rbac.authorization.k8s.io/v1", "ClusterRole", metadata);
        assert_eq!(run(role("name: a"), role("name: a, namespace: b")).len(), 1);
    }
}
