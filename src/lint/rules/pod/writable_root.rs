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
    ///       containers: [{name: web, image: "web:1"}]
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
    /// Set `readOnlyRootFilesystem: true` and mount an `emptyDir` where the process has to write.
    WRITABLE_ROOT = "pod/writable-root", Info, "the root file system of a container is writable";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        let is_writable = |container: &Container<'_>| {
            container.security("readOnlyRootFilesystem").and_then(Node::as_bool) != Some(true)
        };
        let writable: Vec<_> = workload.template().all_containers().filter(is_writable).collect();
        let Some(first) = writable.first() else { continue };
        found.push(
            workload
                .finding(
                    &WRITABLE_ROOT,
                    first.path("securityContext"),
                    format!("{} of {workload} can write to the image's files", names(&writable)),
                )
                .help("set `securityContext.readOnlyRootFilesystem: true`, with an `emptyDir` for what is written"),
        );
    }
}
