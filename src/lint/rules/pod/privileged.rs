use super::prelude::*;

declare! {
    /// A privileged container has all capabilities and sees all devices of its node. Whoever controls it controls the
    /// node, with the Secrets of every pod there.
    ///
    /// ## Bad
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
    ///           securityContext: {privileged: true}
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
    ///           securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}
    /// ```
    ///
    /// ## Fix
    /// Give the container the one capability or device that it needs. A node agent that needs the whole node is a
    /// reason to allow the finding.
    PRIVILEGED = "pod/privileged", Warning, "a container is privileged";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        for container in workload.template().all_containers() {
            if container.security("privileged").and_then(Node::as_bool) != Some(true) {
                continue;
            }
            found.push(
                workload
                    .finding(
                        &PRIVILEGED,
                        container.path("securityContext.privileged"),
                        format!("container `{}` of {workload} has full control of its node", container.name()),
                    )
                    .help("add only the capabilities that it needs, with `capabilities.add`"),
            );
        }
    }
}
