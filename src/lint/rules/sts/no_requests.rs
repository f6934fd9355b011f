use super::prelude::*;
use crate::lint::rules::requests;

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
    for workload in release.workloads().iter().filter(|workload| workload.stateful_set().is_some()) {
        requests::check(release, workload, &NO_REQUESTS, found);
    }
}
