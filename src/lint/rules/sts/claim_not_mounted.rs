use super::prelude::*;

declare! {
    /// Every claim of a StatefulSet is created and bound for each pod, even if no container mounts it. If no container
    /// mounts it, the storage is wasted, or the container writes its data somewhere else.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: db, image: "db:1"}]
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: "db:1"
    ///           volumeMounts: [{name: data, mountPath: /var/lib/db}]
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    /// ```
    ///
    /// ## Fix
    /// Mount the claim where the application keeps its data, or remove the claim template.
    CLAIM_NOT_MOUNTED = "sts/claim-not-mounted", Warning, "no container mounts a claim template";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for (index, claim) in set.claims() {
            let name = claim.name();
            let mounted = set.template().all_containers().any(|container| {
                container.mounts().any(|mount| mount.volume() == name)
                    || container.devices().any(|device| device == name)
            });
            if !mounted {
                found.push(
                    set.finding(
                        &CLAIM_NOT_MOUNTED,
                        format!("spec.volumeClaimTemplates[{index}].metadata.name"),
                        format!("no container of {set} mounts the claim `{name}`"),
                    )
                    .help("add a `volumeMounts` entry of that name, or remove the claim template"),
                );
            }
        }
    }
}
