use super::prelude::*;

declare! {
    /// `OrderedReady`, the default, starts pod 1 only when pod 0 is ready. If pod 0 becomes ready only when its peers
    /// run (its readiness probe checks the health of the cluster), no pod ever becomes ready. The start hangs, and so
    /// does every recovery after all pods were lost. The API server does not report this.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: search}
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: search
    ///           image: search:8
    ///           readinessProbe:
    ///             httpGet: {path: "/_cluster/health?wait_for_status=green", port: 9200}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: search}
    /// spec:
    ///   replicas: 3
    ///   podManagementPolicy: Parallel
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: search
    ///           image: search:8
    ///           readinessProbe:
    ///             httpGet: {path: "/_cluster/health?wait_for_status=green", port: 9200}
    /// ```
    ///
    /// ## Fix
    /// Let the probe check only the pod itself, or set `podManagementPolicy: Parallel`. The policy of an existing
    /// StatefulSet cannot be changed.
    ORDERED_READY_DEADLOCK = "sts/ordered-ready-deadlock", Warning, "pods start one by one, but readiness needs the peers";
    release: check;
}

/// The part of a probe that depends on other pods.
const CLUSTER_WORDS: [&str; 12] = [
    "_cluster/health",
    "cluster_status",
    "cluster-status",
    "cluster/health",
    "cluster_formation",
    "check_if_node_is_quorum_critical",
    "wait_for_status",
    "wait_for_nodes",
    "wsrep_ready",
    "wsrep_local_state",
    "rs.status",
    "cluster info",
];

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        if set.is_parallel() || set.replicas() < 2 {
            continue;
        }
        for container in set.template().containers() {
            let Some(probe) = container.readiness_probe() else { continue };
            let mut texts: Vec<(&str, String)> = Vec::new();
            for (index, item) in probe.command().iter().enumerate() {
                texts.extend(item.as_str().map(|text| (text, format!("exec.command[{index}]"))));
            }
            for field in ["path", "host"] {
                let text = probe.node().at(&["httpGet", field]).and_then(Node::as_str);
                texts.extend(text.map(|text| (text, format!("httpGet.{field}"))));
            }
            let hit = texts.iter().find(|(text, _)| {
                CLUSTER_WORDS.iter().any(|word| text.contains(word))
                    || names_a_peer(text, set.name(), set.service_name())
            });
            if let Some((_, path)) = hit {
                let mut diagnostic = set
                    .finding(
                        &ORDERED_READY_DEADLOCK,
                        container.path(&format!("readinessProbe.{path}")),
                        format!(
                            "the readiness of {set} needs its peers, but OrderedReady starts a pod only when the one \
                             before is ready"
                        ),
                    )
                    .help("check only the pod itself, or set `podManagementPolicy: Parallel`");
                if set.spec("podManagementPolicy").is_some() {
                    diagnostic =
                        diagnostic.at(locate(set.object, "spec.podManagementPolicy"), "one after the other");
                }
                found.push(diagnostic);
                break;
            }
        }
    }
}
