use super::prelude::*;
use crate::diag::Severity;
use crate::k8s::views::Container;
use std::collections::BTreeSet;

declare! {
    /// A Service's `targetPort` or a probe's `port` names a port that no container declares. The Service has no
    /// endpoints, or the probe always fails. The API server accepts both.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec:
    ///   selector: {app: db}
    ///   ports: [{port: 80, targetPort: http}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     metadata: {labels: {app: db}}
    ///     spec:
    ///       containers: [{name: db, ports: [{name: web, containerPort: 8080}]}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec:
    ///   selector: {app: db}
    ///   ports: [{port: 80, targetPort: web}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     metadata: {labels: {app: db}}
    ///     spec:
    ///       containers: [{name: db, ports: [{name: web, containerPort: 8080}]}]
    /// ```
    ///
    /// ## Fix
    /// Use a name that a container of the pod declares, or the number. Headless Services are not checked, because they
    /// resolve to their pods whatever the ports are. The severity is warning if other ports of the Service are found:
    /// only the one that is named does not work.
    UNKNOWN_PORT = "workload/unknown-port", Error, "a Service or a probe names a port that no container declares";
    release: check;
}

/// How many port names are searched and shown as suggestions.
const SHOWN: usize = 20;

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    // A headless Service resolves to its pods whatever their ports are.
    let balanced = |service: &&Service<'_>| !service.selector().is_empty() && !service.is_headless();
    for selection in release.service_selections.iter().filter(|selection| !selection.workloads.is_empty()) {
        let selected = selection.workloads.iter().map(|index| &release.workloads()[*index]);
        let names: BTreeSet<&str> =
            selected.flat_map(|workload| workload.template().all_containers()).flat_map(Container::port_names).collect();
        for service in selection.owners.iter().map(|owner| &release.services[*owner]).filter(balanced) {
            let unknown = |port: &Node| {
                let target = port.get("targetPort").and_then(Node::as_str)?;
                (target.parse::<u16>().is_err() && !names.contains(target)).then(|| target.to_owned())
            };
            let leads_nowhere = service.ports().iter().all(|port| unknown(port).is_some());
            for (index, port) in service.ports().iter().enumerate() {
                let Some(target) = unknown(port) else { continue };
                let mut unknown = finding(
                    &UNKNOWN_PORT,
                    service.object,
                    format!("spec.ports[{index}].targetPort"),
                    format!(
                        "no container that Service `{}` selects declares a port `{target}`",
                        service.object.name
                    ),
                )
                .help(suggest_port(&target, &names));
                if !leads_nowhere {
                    unknown.severity = Severity::Warning;
                }
                found.push(unknown);
            }
        }
    }
    for workload in release.started_workloads() {
        for container in workload.template().all_containers() {
            let names = || container.port_names().collect::<BTreeSet<_>>();
            for (field, probe) in container.probes() {
                for handler in ["httpGet", "tcpSocket"] {
                    let port = probe.node().at(&[handler, "port"]);
                    let Some(port) = port.and_then(Node::as_str).filter(|port| !names().contains(port))
                    else {
                        continue;
                    };
                    if port.parse::<u16>().is_ok() {
                        continue;
                    }
                    found.push(
                        workload
                            .finding(
                                &UNKNOWN_PORT,
                                container.path(&format!("{field}.{handler}.port")),
                                format!(
                                    "container `{}` of {workload} declares no port `{port}`: the probe always fails",
                                    container.name()
                                ),
                            )
                            .help(suggest_port(port, &names())),
                    );
                }
            }
        }
    }
}

fn suggest_port(wanted: &str, names: &BTreeSet<&str>) -> String {
    let shown = || names.iter().copied().take(SHOWN);
    match crate::diag::nearest(wanted, shown()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "give the container's port that name, or use the number".to_owned(),
        None => {
            let more = if names.len() > SHOWN { ", ..." } else { "" };
            format!("named ports: `{}`{more}", shown().collect::<Vec<_>>().join("`, `"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    #[test]
    fn a_service_that_leads_somewhere_is_a_warning() {
        let found = |ports: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{selector: {{a: b}}, ports: [{ports}]}}\n---\n\
                 apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{a: b}}}}\nspec:\n  containers:\n  - name: a\n    \
                 ports: [{{name: http, containerPort: 80}}]\n"
            );
            severities("workload/unknown-port", &text)
        };
        assert_eq!(found("{port: 1, targetPort: rpc}"), ["error"]);
        assert_eq!(found("{port: 1, targetPort: rpc}, {port: 2, targetPort: http}"), ["warning"]);
        assert_eq!(found("{port: 1, targetPort: rpc}, {port: 2, targetPort: raft}"), ["error", "error"]);
    }

    #[test]
    fn a_probe_may_only_name_ports_of_its_own_container() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    \
                    ports: [{name: http, containerPort: 80}]\n  - name: b\n    readinessProbe:\n      \
                    httpGet: {port: http}\n    livenessProbe:\n      httpGet: {port: 80}\n";
        assert_eq!(
            findings("workload/unknown-port", text),
            ["10:23 spec.containers[1].readinessProbe.httpGet.port"]
        );
    }
}
