use super::prelude::*;
use crate::lint::finding::finding;
use crate::lint::release::Release;

declare! {
    /// `helm.sh/resource-policy: keep` on an object inside a `List` does nothing: Helm looks at the list only, and
    /// deletes the object with the release.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: List
    /// items:
    ///   - apiVersion: v1
    ///     kind: PersistentVolumeClaim
    ///     metadata: {name: data, annotations: {helm.sh/resource-policy: keep}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, annotations: {helm.sh/resource-policy: keep}}
    /// ```
    ///
    /// ## Fix
    /// Make the object a document of its own.
    RESOURCE_POLICY_IN_LIST = "chart/resource-policy-in-list", Error, "a resource policy inside a List does nothing";
    release: check;
}

const POLICY: &str = "helm.sh/resource-policy";

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for object in release.objects {
        if object.at(&["metadata", "annotations", POLICY]).is_none() {
            continue;
        }
        // An item of a list is exactly its own node, and stands to the right of `items`.
        let column = release.sources.position(object.root.span).map_or(1, |position| position.column);
        if object.span == object.root.span && column > 1 {
            found.push(
                finding(
                    &RESOURCE_POLICY_IN_LIST,
                    object,
                    format!("metadata.annotations[{POLICY}]"),
                    format!("`{POLICY}` does nothing on an object inside a List"),
                )
                .help("make the object a document of its own"),
            );
        }
    }
}
