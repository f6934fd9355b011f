use super::prelude::*;
use crate::k8s::gates::{Feature, gate};

declare! {
    /// Without requests, the scheduler assumes that a pod needs nothing. It may place the pod on a full node, and the
    /// pod is evicted first when the node runs out of memory.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: db, image: "db:1"}]
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
    ///           resources: {requests: {cpu: 100m, memory: 256Mi}}
    /// ```
    ///
    /// ## Fix
    /// Request what the container needs in normal operation. Limits without requests are valid: they are also used as
    /// requests.
    NO_REQUESTS = "sts/no-requests", Warning, "a container of a StatefulSet requests no CPU or memory";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let for_pods = gate(Feature::PodLevelResources, release.version);
        let pod = set.template().at(&["spec", "resources"]).filter(|_| for_pods);
        for container in set.template().containers() {
            let missing: Vec<_> = ["cpu", "memory"]
                .into_iter()
                .filter(|resource| {
                    let asks = |node: Option<&Node>| {
                        ["requests", "limits"]
                            .iter()
                            .any(|list| node.and_then(|node| node.at(&[list, resource])).is_some())
                    };
                    !asks(container.field("resources")) && !asks(pod)
                })
                .collect();
            if !missing.is_empty() {
                found.push(
                    set.finding(
                        &NO_REQUESTS,
                        container.path("resources"),
                        format!(
                            "container `{}` of {set} requests no {}",
                            container.name(),
                            missing.join(" and no ")
                        ),
                    )
                    .help("set `resources.requests`"),
                );
            }
        }
    }
}
