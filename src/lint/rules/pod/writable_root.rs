use super::prelude::*;

declare! {
    /// In a container whose root file system is writable, an attacker can replace programs and leave tools behind. What
    /// the process writes there is lost when the container restarts, and counts against the node's disk.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: web, image: "web:1", securityContext: {capabilities: {drop: [ALL]}}}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: web:1
    ///           securityContext: {readOnlyRootFilesystem: true}
    ///           volumeMounts: [{name: tmp, mountPath: /tmp}]
    ///       volumes: [{name: tmp, emptyDir: {}}]
    /// ```
    ///
    /// ## Fix
    /// Set `readOnlyRootFilesystem: true` and mount an `emptyDir` where the process has to write. The rule looks at
    /// containers that have a security context: who writes one means to restrict the container.
    WRITABLE_ROOT = "pod/writable-root", Info, "the root file system of a container is writable";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        let is_writable = |container: &Container<'_>| {
            let is_read_only = container.security("readOnlyRootFilesystem").and_then(Node::as_bool);
            container.field("securityContext").is_some_and(is_written) && is_read_only != Some(true)
        };
        let writable: Vec<_> = workload.template().all_containers().filter(is_writable).collect();
        let Some(first) = writable.first() else { continue };
        found.push(
            workload
                .finding(
                    &WRITABLE_ROOT,
                    first.path("securityContext"),
                    format!("{} of {workload} can write to the files of the image", names(&writable)),
                )
                .help("set `securityContext.readOnlyRootFilesystem: true`, with an `emptyDir` for what is written"),
        );
    }
}

/// Whether a security context says anything.
fn is_written(context: &Node) -> bool {
    context.as_map().is_some_and(|map| !map.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn only_what_is_meant_to_be_restricted_is_reported() {
        let run = |context: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - {{name: a, securityContext: {context}}}\n"
            );
            findings("pod/writable-root", &text).len()
        };
        assert_eq!(run("{}"), 0);
        assert_eq!(run("{runAsNonRoot: true}"), 1);
        assert_eq!(run("{readOnlyRootFilesystem: true}"), 0);
        assert_eq!(run("{readOnlyRootFilesystem: false}"), 1);
    }
}
