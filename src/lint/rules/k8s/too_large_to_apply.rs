use crate::diag::Diagnostic;
use crate::k8s::managed::{ANNOTATIONS_LIMIT, last_applied_text};
use crate::lint::finding::finding;
use crate::lint::registry::declare;
use crate::lint::release::Release;
use crate::manifest::Object;

declare! {
    /// Client-side `kubectl apply` keeps the whole manifest in an annotation, and annotations may have 262144 bytes
    /// together. A larger manifest is refused: `metadata.annotations: Too long`. Large `ConfigMap`s and custom resource
    /// definitions are where it happens.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: dashboards}
    /// data:
    ///   all.json: "... 263,000 bytes ..."
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: dashboards-1}
    /// data: {nodes.json: "{}"}
    /// ```
    ///
    /// ## Fix
    /// Apply with `kubectl apply --server-side`, which needs no annotation, or split the object. `helm install` of Helm 4
    /// applies server-side.
    TOO_LARGE_TO_APPLY = "k8s/too-large-to-apply", Warning, "a manifest is larger than client-side kubectl apply can send";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for object in release.objects.iter().filter(|object| may_be_too_large(object)) {
        let size = last_applied_text(&object.root).len();
        if size <= ANNOTATIONS_LIMIT {
            continue;
        }
        found.push(
            finding(
                &TOO_LARGE_TO_APPLY,
                object,
                "metadata",
                format!("the manifest has {size} bytes: client-side `kubectl apply` can send {ANNOTATIONS_LIMIT}"),
            )
            .help("apply it with `--server-side`, or split it"),
        );
    }
}

/// Whether an object can have so many bytes as JSON: one of its text may become six (`\u003c`).
fn may_be_too_large(object: &Object) -> bool {
    let span = object.root.span;
    (span.end - span.start) as usize > ANNOTATIONS_LIMIT / 6
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn the_size_is_that_of_the_annotation() {
        let run = |size: usize, letter: &str| {
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: \"{}\"\n",
                letter.repeat(size)
            );
            findings("k8s/too-large-to-apply", &text).len()
        };
        let empty = r#"{"apiVersion":"v1","data":{"a":""},"kind":"ConfigMap","metadata":{"annotations":{},"name":"a"}}"#;
        // And the line break that kubectl adds.
        let rest = empty.len() + 1;
        assert_eq!((run(262_144 - rest, "x"), run(262_145 - rest, "x")), (0, 1));
        // Go writes `<` as six bytes.
        assert_eq!((run(43_000, "<"), run(44_000, "<")), (0, 1));
    }
}
