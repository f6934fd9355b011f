use crate::diag::{Diagnostic, Severity, SourceKind};
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
    /// Only a warning: two files that were found in a directory, for they may not be applied together; two files that contain
    /// equal objects, such as their Namespace; the variants of a file in a
    /// directory, most of whose objects another file there contains, too, and which are linted separately; and names of a
    /// chart that are equal because they are cut off at 63 characters, which a shorter release name avoids.
    ///
    /// ## Fix
    /// Rename one of them, or remove it. Manifests that are not applied together, such as those of two environments,
    /// are linted with `--separate`.
    DUPLICATE_OBJECT = "k8s/duplicate-object", Error, "two objects have the same kind, name and namespace";
    release: check;
}

/// The length from which on a name may have been cut off: charts cut names at 63 characters, and a `-` at the end, too.
const CUT_LENGTH: usize = 62;

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<_, &Object> = BTreeMap::new();
    // A hook may be deleted before the other object is created.
    let lasting = release.objects.iter().filter(|object| !object.name.is_empty() && !is_hook(object));
    for object in lasting {
        let other = *first.entry(identity(object)).or_insert(object);
        if !std::ptr::eq(other, *object) {
            found.push(report(object, other, release));
        }
    }
}

fn report(object: &Object, other: &Object, release: &Release<'_>) -> Diagnostic {
    let message = format!("duplicate object: {} `{}`", object.kind, object.name);
    let duplicate = finding(&DUPLICATE_OBJECT, object, "metadata.name", message)
        .at(locate(other, "metadata.name"), "the first one");
    if release.is_rendered() && object.name.len() >= CUT_LENGTH {
        // Charts cut names off, and what distinguishes them is at the end.
        let mut duplicate = duplicate.help("the name is cut off: choose a shorter name for the release");
        duplicate.severity = Severity::Warning;
        return duplicate;
    }
    if !are_in_two_files(object, other, release) {
        return duplicate.help("rename or remove one of them: `kubectl apply` would keep only the last");
    }
    if object.root == other.root {
        let mut duplicate = duplicate.help("the two are equal: one of them can be removed");
        duplicate.severity = Severity::Warning;
        return duplicate;
    }
    duplicate
        .help("rename or remove one of them: `kubectl apply` would keep only the last")
        .help("lint files that are not applied together with `--separate`")
}

fn are_in_two_files(object: &Object, other: &Object, release: &Release<'_>) -> bool {
    let (here, there) = (object.root.span.source, other.root.span.source);
    here != there && release.sources.get(here).is_some_and(|source| source.kind == SourceKind::File)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, release_findings};

    #[test]
    fn names_that_are_cut_off_depend_on_the_release() {
        let found = |length: usize| {
            let name = "a".repeat(length);
            let object = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n---\n");
            release_findings("k8s/duplicate-object", &[("templates/a.yaml", &object.repeat(2))])
        };
        assert_eq!(found(63), ["warning metadata.name"]);
        assert_eq!(found(62), ["warning metadata.name"]);
        assert_eq!(found(20), ["error metadata.name"]);
    }

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
