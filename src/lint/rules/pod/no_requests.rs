use super::prelude::*;
use crate::lint::rules::requests;

declare! {
    /// Without requests, the scheduler assumes that a pod needs nothing. It may place the pod on a full node, and the
    /// pod is evicted first when the node runs out of memory. An autoscaler cannot compute its usage.
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
    ///           resources: {requests: {cpu: 100m, memory: 128Mi}}
    /// ```
    ///
    /// ## Fix
    /// Request what the container needs in normal operation. Limits without requests are valid: they are also used as
    /// requests. For StatefulSets see `sts/no-requests`.
    NO_REQUESTS = "pod/no-requests", Info, "a container requests no CPU or memory";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let others = release.workloads().iter().filter(|workload| workload.kind() != WorkloadKind::StatefulSet);
    for workload in others {
        requests::check(release, workload, &NO_REQUESTS, found);
    }
}
