use super::prelude::*;

declare! {
    /// Some capabilities are as good as root on the node: `SYS_ADMIN` mounts file systems, `SYS_MODULE` loads kernel
    /// modules, `SYS_PTRACE` reads the memory of other processes, `DAC_READ_SEARCH` reads every file.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: web:1
    ///           securityContext: {capabilities: {add: [SYS_ADMIN]}}
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
    ///       containers:
    ///         - name: web
    ///           image: web:1
    ///           securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}
    /// ```
    ///
    /// ## Fix
    /// Add a narrower capability (`PERFMON` or `BPF` in place of `SYS_ADMIN`), or none.
    ADDED_CAPABILITY = "pod/added-capability", Warning, "a container has a capability that is as good as root on the node";
    release: check;
}

/// Capabilities from which root on the node can be reached (capabilities(7)).
const POWERFUL: [&str; 8] = [
    "ALL",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
];

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        for container in workload.template().all_containers() {
            let added = container.security("capabilities").and_then(|capabilities| capabilities.get("add"));
            for (index, capability) in added.map(Node::items).unwrap_or_default().iter().enumerate() {
                let Some(name) = capability.as_str().filter(|name| POWERFUL.contains(&plain(name))) else {
                    continue;
                };
                found.push(
                    workload
                        .finding(
                            &ADDED_CAPABILITY,
                            container.path(&format!("securityContext.capabilities.add[{index}]")),
                            format!(
                                "container `{}` of {workload} can take over its node with `{name}`",
                                container.name()
                            ),
                        )
                        .help("add a narrower capability, or none"),
                );
            }
        }
    }
}

/// The name of a capability as the runtimes know it: with or without `CAP_`.
fn plain(name: &str) -> &str {
    name.strip_prefix("CAP_").unwrap_or(name)
}
