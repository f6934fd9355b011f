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
    /// the user that the image is made for. Which user an image has is not known here, so the severity is info.
    RUNS_AS_ROOT = "pod/runs-as-root", Info, "nothing keeps a container from running as root";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        let template = workload.template();
        let is_windows = template.at(&["spec", "os", "name"]).and_then(Node::as_str) == Some("windows");
        let has_users = template.at(&["spec", "hostUsers"]).and_then(Node::as_bool) == Some(false);
        if is_windows || has_users {
            continue;
        }
        let roots: Vec<_> = template
            .all_containers()
            .filter(|container| may_be_root(|field| workload.template().security_of(*container, field)))
            .collect();
        let Some(first) = roots.first() else { continue };
        found.push(
            workload
                .finding(
                    &RUNS_AS_ROOT,
                    first.path("securityContext"),
                    format!("{} of {workload} may run as root", names(&roots)),
                )
                .help("set `securityContext.runAsNonRoot: true`"),
        );
    }
}

/// Whether a container may run as root, by its security context.
fn may_be_root<'a>(security: impl Fn(&str) -> Option<&'a Node>) -> bool {
    let is_refused = security("runAsNonRoot").and_then(Node::as_bool) == Some(true);
    let user = security("runAsUser").and_then(Node::as_i64);
    !is_refused && user.is_none_or(|user| user == 0)
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
        assert_eq!(run("{}", "{}"), 1);
        assert_eq!(run("{runAsUser: 1000}", "{}"), 0);
        assert_eq!(run("{runAsUser: 1000}", "{runAsUser: 0}"), 1);
        assert_eq!(run("{runAsNonRoot: true}", "{runAsNonRoot: false}"), 1);
        assert_eq!(run("{}", "{runAsNonRoot: true}"), 0);
    }
}
