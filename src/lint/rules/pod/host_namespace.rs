use super::prelude::*;

declare! {
    /// In the node's network namespace a pod listens on the node's addresses, reaches what listens on its loopback, and
    /// network policies do not apply to it. In the node's process or IPC namespace it sees the processes of every other
    /// pod there, with their environment.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       hostNetwork: true
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
    ///       containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Remove the field; publish ports with a Service. For a DaemonSet the severity is info, because node agents do need
    /// the node.
    HOST_NAMESPACE = "pod/host-namespace", Warning, "a pod shares a namespace with its node";
    release: check;
}

/// The fields, with what a pod gets from each.
const SHARED: [(&str, &str); 3] = [
    ("hostNetwork", "use the network of their node: network policies do not apply"),
    ("hostPID", "see every process of their node"),
    ("hostIPC", "share memory with every process of their node"),
];

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        for (field, consequence) in SHARED {
            let template = workload.template();
            if template.at(&["spec", field]).and_then(Node::as_bool) != Some(true) {
                continue;
            }
            let mut finding = workload
                .finding(
                    &HOST_NAMESPACE,
                    template.path(&format!("spec.{field}")),
                    format!("the pods of {workload} {consequence}"),
                )
                .help(format!("remove `{field}`"));
            if workload.kind() == WorkloadKind::DaemonSet {
                finding.severity = Severity::Info;
            }
            found.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    const SET: &str = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  template:\n    spec:\n      \
                       hostPID: true\n      hostNetwork: true\n";

    #[test]
    fn a_node_agent_is_only_told() {
        assert_eq!(severities("pod/host-namespace", SET), ["info", "info"]);
        assert_eq!(severities("pod/host-namespace", &SET.replace("DaemonSet", "Deployment")), ["warning"; 2]);
    }

    #[test]
    fn each_namespace_is_a_finding_at_its_field() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostNetwork: false\n  hostIPC: true\n";
        assert_eq!(findings("pod/host-namespace", pod), ["6:12 spec.hostIPC"]);
    }
}
