use super::prelude::*;
use crate::k8s::views::Claim;

declare! {
    /// Several replicas that mount one claim with access mode `ReadWriteOnce` run only on one node; pods on other nodes
    /// wait for the volume forever. On one node they overwrite each other's files.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     spec:
    ///       volumes: [{name: data, persistentVolumeClaim: {claimName: db-data}}]
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: db-data}
    /// spec: {accessModes: [ReadWriteOnce]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    ///       spec: {accessModes: [ReadWriteOnce]}
    /// ```
    ///
    /// ## Fix
    /// Give each replica its own claim with a claim template, or use a class with a shared access mode
    /// (`ReadWriteMany`).
    SHARED_CLAIM = "workload/shared-claim", Warning, "several replicas mount one claim that only one node can mount";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in
        release.workloads().iter().filter(|workload| workload.replicas().is_some_and(|count| count > 1))
    {
        for (index, volume) in workload.template().volumes().iter().enumerate() {
            let name = volume.at(&["persistentVolumeClaim", "claimName"]).and_then(Node::as_str);
            let claim =
                name.and_then(|name| release.named("", "PersistentVolumeClaim", name, workload.object));
            let Some(claim) = claim else { continue };
            if !Claim::new(&claim.root).is_exclusive() {
                continue;
            }
            found.push(
                workload
                    .finding(
                        &SHARED_CLAIM,
                        workload.template().path(&format!("spec.volumes[{index}].persistentVolumeClaim.claimName")),
                        format!(
                            "all replicas of {workload} mount the claim `{}`, which only one node can",
                            claim.name
                        ),
                    )
                    .at(locate(claim, "spec.accessModes"), "its access modes")
                    .help("give each replica its own claim with `volumeClaimTemplates`"),
            );
        }
    }
}
