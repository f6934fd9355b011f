use super::prelude::*;

declare! {
    /// A process that runs as root in its container is root on the node as well, unless the pod has a user namespace. A
    /// fault in the runtime or a mounted directory is then enough to leave the container.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       securityContext: {runAsUser: 0}
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
    ///       securityContext: {runAsNonRoot: true}
    ///       containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Set `runAsNonRoot: true`, so that the kubelet refuses to start an image whose user is root, or `runAsUser` with
    /// the user that the image is made for. The rule reports what is written: where nothing is, the image decides, and
    /// `--pod-security restricted` reports that.
    RUNS_AS_ROOT = "pod/runs-as-root", Info, "a container is told to run as root";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        let template = workload.template();
        if template.at(&["spec", "hostUsers"]).and_then(Node::as_bool) == Some(false) {
            continue;
        }
        let user = |container: Container<'_>| template.security_of(container, "runAsUser").and_then(Node::as_i64);
        let roots: Vec<_> = template.all_containers().filter(|container| user(*container) == Some(0)).collect();
        let Some(first) = roots.first() else { continue };
        let path = match first.security("runAsUser") {
            Some(_) => first.path("securityContext.runAsUser"),
            None => template.path("spec.securityContext.runAsUser"),
        };
        found.push(
            workload
                .finding(&RUNS_AS_ROOT, path, format!("{workload} runs {} as root", names(&roots)))
                .help("set `runAsNonRoot: true`, or the user that the image is made for"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    fn run(pod: &str, container: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  securityContext: {pod}\n  containers:\n  - \
             {{name: a, securityContext: {container}}}\n"
        );
        findings("pod/runs-as-root", &text).len()
    }

    #[test]
    fn a_container_goes_before_its_pod() {
        assert_eq!(run("{}", "{}"), 0);
        assert_eq!(run("{runAsUser: 0}", "{}"), 1);
        assert_eq!(run("{runAsUser: 0}", "{runAsUser: 1000}"), 0);
        assert_eq!(run("{runAsUser: 1000}", "{runAsUser: 0}"), 1);
    }
}
