use super::prelude::*;

declare! {
    /// A pod that can write to the node's own files, or that can talk to the socket of its container runtime, controls
    /// the node. A socket stays usable when it is mounted read-only.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: builder}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: builder
    ///           image: builder:1
    ///           volumeMounts: [{name: docker, mountPath: /var/run/docker.sock}]
    ///       volumes:
    ///         - name: docker
    ///           hostPath: {path: /var/run/docker.sock}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: builder}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: builder
    ///           image: builder:1
    ///           volumeMounts: [{name: work, mountPath: /work}]
    ///       volumes:
    ///         - name: work
    ///           emptyDir: {}
    /// ```
    ///
    /// ## Fix
    /// Use another kind of volume. If the pod has to read files of the node, mount them with `readOnly: true`. The rule
    /// reports sockets of container runtimes, and writable mounts of directories that belong to the system.
    HOST_PATH = "pod/host-path", Warning, "a pod can write to its node's system files or use its container runtime";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        let template = workload.template();
        for (index, volume) in template.volumes().iter().enumerate() {
            let Some(path) = volume.at(&["hostPath", "path"]).and_then(Node::as_str) else { continue };
            let name = volume.get("name").and_then(Node::as_str).unwrap_or_default();
            let consequence = if reaches_runtime(path) {
                "the pods can start containers with any rights on their node"
            } else if is_of_system(path) && is_written(workload, name) {
                "the pods can change the system of their node"
            } else {
                continue;
            };
            found.push(
                workload
                    .finding(
                        &HOST_PATH,
                        template.path(&format!("spec.volumes[{index}].hostPath.path")),
                        format!("{workload} mounts `{path}` of its node: {consequence}"),
                    )
                    .help("use another kind of volume; what is only read can be mounted with `readOnly: true`"),
            );
        }
    }
}

/// Whether a path is the socket of a container runtime.
fn reaches_runtime(path: &str) -> bool {
    const SOCKETS: [&str; 6] = [
        "docker.sock",
        "containerd.sock",
        "crio.sock",
        "dockershim.sock",
        "cri-dockerd.sock",
        "podman.sock",
    ];
    SOCKETS.contains(&path.rsplit('/').next().unwrap_or_default())
}

/// Whether a path of a node belongs to its system, rather than to data that are kept there.
fn is_of_system(path: &str) -> bool {
    const SYSTEM: [&str; 14] = [
        "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr",
        "/var",
    ];
    // Below these, everything belongs to the system.
    const TREES: [&str; 7] =
        ["/boot", "/etc/kubernetes", "/proc", "/root", "/run/containerd", "/var/lib/kubelet", "/var/run/containerd"];
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    let is_below = |tree: &&str| path.strip_prefix(*tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    SYSTEM.contains(&path) || path == "/var/run" || TREES.iter().any(is_below)
}

/// Whether some container can write to a volume.
fn is_written(workload: &Workload<'_>, volume: &str) -> bool {
    let mut mounts = workload.template().all_containers().flat_map(Container::mounts);
    mounts.any(|mount| mount.volume() == volume && !mount.is_read_only())
}

#[cfg(test)]
mod tests {
    use super::{is_of_system, reaches_runtime};
    use crate::lint::testing::findings;

    #[test]
    fn paths_of_the_system_are_told_from_data() {
        for path in ["/", "/etc", "/etc/", "/proc/1", "/var/lib/kubelet/pods", "/etc/kubernetes/pki", "/var/run"] {
            assert!(is_of_system(path), "{path}");
        }
        for path in ["/data", "/var/lib/postgres", "/etc/ssl/certs", "/mnt", "/procedures", "/var/log"] {
            assert!(!is_of_system(path), "{path}");
        }
        assert!(reaches_runtime("/run/k3s/containerd/containerd.sock"));
        assert!(!reaches_runtime("/var/run/postgres.sock"));
    }

    #[test]
    fn what_is_only_read_is_no_finding_but_for_sockets() {
        let run = |path: &str, read_only: bool| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: a\n    volumeMounts: \
                 [{{name: v, mountPath: /v, readOnly: {read_only}}}]\n  volumes:\n  - name: v\n    hostPath: {{path: {path}}}\n"
            );
            findings("pod/host-path", &text).len()
        };
        assert_eq!((run("/", true), run("/", false), run("/run/containerd/containerd.sock", true)), (0, 1, 1));
    }
}
