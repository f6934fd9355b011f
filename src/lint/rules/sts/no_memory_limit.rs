use super::prelude::*;

declare! {
    /// A container without a memory limit can use all the memory of its node, and the kernel may then kill other
    /// processes. With a limit, only this container is killed, and its status shows the reason.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           resources: {requests: {memory: 256Mi}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           resources: {requests: {memory: 256Mi}, limits: {memory: 256Mi}}
    /// ```
    ///
    /// ## Fix
    /// Set `resources.limits.memory`. If it equals the request, the memory is guaranteed.
    NO_MEMORY_LIMIT = "sts/no-memory-limit", Info, "a container of a StatefulSet has no memory limit";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        if set.template().at(&["spec", "resources", "limits", "memory"]).is_some() {
            continue;
        }
        for container in set.template().containers() {
            if container.limit("memory").is_none() {
                found.push(
                    set.finding(
                        &NO_MEMORY_LIMIT,
                        container.path("resources.limits.memory"),
                        format!("container `{}` of {set} has no memory limit", container.name()),
                    )
                    .help("set `resources.limits.memory`"),
                );
            }
        }
    }
}
