use super::prelude::*;
use crate::k8s::views::Container;

declare! {
    /// The DNS name of a pod resolves only when the pod is ready, unless the headless Service sets
    /// `publishNotReadyAddresses: true`. Members that look up each other before they are ready wait for each other, and
    /// none becomes ready.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: etcd}
    /// spec:
    ///   replicas: 3
    ///   serviceName: etcd
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: etcd
    ///           image: etcd:3
    ///           args: ["--initial-cluster=etcd-0=http://etcd-0.etcd:2380,etcd-1=http://etcd-1.etcd:2380"]
    ///           readinessProbe: {httpGet: {path: /health, port: 2379}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: etcd}
    /// spec: {clusterIP: None}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: etcd}
    /// spec:
    ///   replicas: 3
    ///   serviceName: etcd
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: etcd
    ///           image: etcd:3
    ///           args: ["--initial-cluster=etcd-0=http://etcd-0.etcd:2380,etcd-1=http://etcd-1.etcd:2380"]
    ///           readinessProbe: {httpGet: {path: /health, port: 2379}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: etcd}
    /// spec:
    ///   clusterIP: None
    ///   publishNotReadyAddresses: true
    /// ```
    ///
    /// ## Fix
    /// Set `publishNotReadyAddresses: true` on the governing Service. Add a second Service for clients that need ready
    /// pods only.
    UNPUBLISHED_PEERS = "sts/unpublished-peers", Warning, "pods look each other up by name before they are ready";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let Some(service) = release.governing_service(set).filter(|service| service.is_headless()) else {
            continue;
        };
        // Without a readiness probe pods are ready, and published, as soon as they run.
        let probed = set.template().containers().any(|container| container.readiness_probe().is_some());
        if service.publishes_not_ready() || !probed || set.replicas() < 2 {
            continue;
        }
        let name = &service.object.name;
        let peer = set.template().all_containers().find_map(|container| {
            let mut texts = list_texts(container);
            let (_, field) = texts.find(|(text, _)| names_a_peer(text, set.name(), name))?;
            Some(container.path(&field))
        });
        if let Some(path) = peer {
            found.push(
                finding(
                    &UNPUBLISHED_PEERS,
                    service.object,
                    "spec.publishNotReadyAddresses",
                    format!(
                        "the pods of {set} look each other up, but Service `{name}` publishes only ready pods"
                    ),
                )
                .at(locate(set.object, &path), "a peer is named here")
                .help("set `publishNotReadyAddresses: true`"),
            );
        }
    }
}
/// Every text of the command, the arguments and the environment of a container, each with its field: `env[3].value`.
fn list_texts(container: Container<'_>) -> impl Iterator<Item = (&str, String)> {
    let words = ["command", "args"].into_iter().flat_map(move |field| {
        let items = container.field(field).map(Node::items).unwrap_or_default().iter().enumerate();
        items.filter_map(move |(index, item)| Some((item.as_str()?, format!("{field}[{index}]"))))
    });
    let values = container.env().iter().enumerate();
    words.chain(values.filter_map(|(index, variable)| {
        Some((variable.get("value")?.as_str()?, format!("env[{index}].value")))
    }))
}

