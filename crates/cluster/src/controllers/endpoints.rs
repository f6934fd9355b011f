//! Which pods a Service has (`pkg/controller/endpointslice`).

use super::state::{Pod, State};
use plimsoll_kube::views::Service;

/// A pod that a Service selects and that has an address.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Endpoint<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Whether it gets traffic, or has a DNS record: it is ready and not being deleted, or the Service publishes pods
    /// that are not ready.
    pub is_ready: bool,
    /// Whether it is ready, even if it is being deleted.
    pub is_serving: bool,
}

/// The endpoints of a Service, in the order of the pods' names (`podToEndpoint`, `ShouldPodBeInEndpoints`).
pub fn endpoints<'s>(state: &'s State, service: Service<'s>) -> Vec<Endpoint<'s>> {
    if service.service_type() == "ExternalName" {
        return Vec::new();
    }
    state
        .selected(service.selector())
        .filter(|pod| pod.node.is_some() && !pod.is_terminal())
        .map(|pod| Endpoint {
            pod,
            is_ready: service.publishes_not_ready() || (pod.is_ready() && !pod.is_deleting()),
            is_serving: pod.is_ready(),
        })
        .collect()
}
