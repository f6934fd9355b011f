//! Requests of containers: two rules ask the same of different workloads.

use crate::diag::Diagnostic;
use crate::k8s::gates::{Feature, gate};
use crate::lint::Lint;
use crate::lint::release::{Release, Workload};
use crate::yaml::Node;

/// Reports, by that rule, the containers of a workload that request no CPU or no memory.
pub(super) fn check(
    release: &Release<'_>,
    workload: &Workload<'_>,
    rule: &'static Lint,
    found: &mut Vec<Diagnostic>,
) {
    let for_pods = gate(Feature::PodLevelResources, release.version);
    let pod = workload.template().at(&["spec", "resources"]).filter(|_| for_pods);
    for container in workload.template().containers() {
        let asks = |node: Option<&Node>, resource| {
            ["requests", "limits"]
                .iter()
                .any(|list| node.and_then(|node| node.at(&[list, resource])).is_some())
        };
        let own = container.field("resources");
        let missing: Vec<_> = ["cpu", "memory"]
            .into_iter()
            .filter(|resource| !asks(own, resource) && !asks(pod, resource))
            .collect();
        if missing.is_empty() {
            continue;
        }
        found.push(
            workload
                .finding(
                    rule,
                    container.path("resources"),
                    format!(
                        "container `{}` of {workload} requests no {}",
                        container.name(),
                        missing.join(" and no ")
                    ),
                )
                .help("set `resources.requests`"),
        );
    }
}
