use super::prelude::*;

declare! {
    /// Without a readiness probe a pod gets traffic from its Services the moment its process starts, before it can
    /// answer. A rolling update then goes on although no new pod works.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec:
    ///       containers: [{name: web, image: "web:1", ports: [{containerPort: 80}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: web:1
    ///           ports: [{containerPort: 80}]
    ///           readinessProbe: {httpGet: {path: /healthz, port: 80}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// ## Fix
    /// Add a `readinessProbe` that succeeds once the container can serve. The rule looks at pods that a Service selects;
    /// for StatefulSets see `sts/no-readiness-probe`.
    NO_READINESS_PROBE = "pod/no-readiness-probe", Warning, "a Service sends traffic to pods that have no readiness probe";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen = vec![false; release.workloads().len()];
    for selection in &release.service_selections {
        for place in &selection.workloads {
            let workload = &release.workloads()[*place];
            if std::mem::replace(&mut seen[*place], true) || !is_rolled_out(workload) {
                continue;
            }
            // One probe is enough: a pod is ready only if all of its containers are.
            let template = workload.template();
            if template.all_containers().any(|container| container.readiness_probe().is_some()) {
                continue;
            }
            let serving = template.containers().find(|container| !container.ports().is_empty());
            let Some(container) = serving.or_else(|| template.containers().next()) else { continue };
            let service = &release.services[selection.owners[0]];
            found.push(
                workload
                    .finding(
                        &NO_READINESS_PROBE,
                        container.path("readinessProbe"),
                        format!(
                            "pods of {workload} get traffic from Service `{}` before they can answer: no readiness probe",
                            service.name()
                        ),
                    )
                    .help("add a `readinessProbe` that succeeds once the container can serve"),
            );
        }
    }
}

/// Whether new pods take the place of those that serve. StatefulSets have a rule of their own.
fn is_rolled_out(workload: &Workload<'_>) -> bool {
    workload.kind().rolls_out() && workload.kind() != WorkloadKind::StatefulSet
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    const SERVICE: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n";

    fn run(kind: &str, containers: &str, rest: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  template:\n    metadata: {{labels: \
             {{app: web}}}}\n    spec:\n      containers: {containers}\n{rest}"
        );
        findings("pod/no-readiness-probe", &text)
    }

    #[test]
    fn only_pods_that_get_traffic_are_reported_and_once() {
        let two = format!("{SERVICE}{}", SERVICE.replace("name: web}", "name: other}"));
        assert_eq!(
            run("Deployment", "[{name: a}, {name: b, ports: [{containerPort: 1}]}]", &two),
            ["8:32 spec.template.spec.containers[1].readinessProbe"]
        );
        assert_eq!(run("Deployment", "[{name: a}]", "").len(), 0);
        assert_eq!(run("StatefulSet", "[{name: a}]", SERVICE).len(), 0);
        assert_eq!(run("Deployment", "[{name: a}, {name: b, readinessProbe: {}}]", SERVICE).len(), 0);
    }
}
