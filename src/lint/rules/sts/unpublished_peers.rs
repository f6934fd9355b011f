use super::prelude::*;
use crate::lint::subject::Service;

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
        let Some(service) = release.governing_service(set).filter(Service::is_headless) else {
            continue;
        };
        let published = service.spec("publishNotReadyAddresses").and_then(Node::as_bool) == Some(true);
        // Without a readiness probe pods are ready, and published, as soon as they run.
        let probed = set.main_containers().any(|container| container.field("readinessProbe").is_some());
        if published || !probed || set.replicas().unwrap_or(1) < 2 {
            continue;
        }
        let name = &service.object.name;
        let peer = set.containers().find_map(|container| {
            let mut texts = container.texts();
            let (_, field) = texts.find(|(text, _)| names_a_peer(text, &set.object.name, name))?;
            Some(container.path(&field.to_string()))
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
