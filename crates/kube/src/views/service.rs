//! Services.

use super::{CLUSTER_DOMAIN, Metadata, Selector, items, text};
use plimsoll_yaml::Node;

/// A Service.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    root: &'a Node,
    spec: Option<&'a Node>,
}

impl<'a> Service<'a> {
    /// The Service `root`.
    pub fn new(root: &'a Node) -> Self {
        Self { root, spec: root.get("spec") }
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        Metadata::new(self.root).name()
    }

    /// The DNS name that resolves to its address, or to its pods if it is headless
    /// (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>).
    pub fn dns_name(self, namespace: &str) -> String {
        format!("{}.{namespace}.svc.{CLUSTER_DOMAIN}", self.name())
    }

    /// A field of its spec, unless it is null.
    pub fn spec(self, field: &str) -> Option<&'a Node> {
        self.spec?.get(field).filter(|node| !node.is_null())
    }

    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName` (`SetDefaults_Service`).
    pub fn service_type(self) -> &'a str {
        match text(self.spec, &["type"]) {
            "" => "ClusterIP",
            service_type => service_type,
        }
    }

    /// Which pods it sends traffic to. An empty selector selects none (`Controller.syncService` of the endpoints).
    pub fn selector(self) -> Selector<'a> {
        self.spec("selector").map_or(Selector::default(), Selector::from_map)
    }

    /// Its ports.
    pub fn ports(self) -> &'a [Node] {
        items(self.spec, &["ports"])
    }

    /// Whether it has no address of its own, and its DNS name resolves to its pods
    /// (<https://kubernetes.io/docs/concepts/services-networking/service/#headless-services>).
    pub fn is_headless(self) -> bool {
        text(self.spec, &["clusterIP"]) == "None"
    }

    /// Whether pods that are not ready are endpoints as well.
    pub fn publishes_not_ready(self) -> bool {
        self.spec("publishNotReadyAddresses").and_then(Node::as_bool).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn a_service_without_a_selector_selects_nothing() {
        let root = node("{spec: {clusterIP: None}}");
        let service = Service::new(&root);
        assert!(service.is_headless() && service.selector().is_empty());
        assert_eq!(service.service_type(), "ClusterIP");
    }
}
