use super::prelude::*;
use crate::k8s::views::{Claim, Deployment, WorkloadKind};

declare! {
    /// A rolling update starts the new pod before it stops the old one. If both need a claim with access mode
    /// `ReadWriteOnce` and are on different nodes, the new pod waits for the volume forever
    /// (`Multi-Attach error for volume`). With `ReadWriteOncePod` it waits on the same node, too.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       volumes: [{name: data, persistentVolumeClaim: {claimName: web-data}}]
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: web-data}
    /// spec: {accessModes: [ReadWriteOnce]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   strategy: {type: Recreate}
    ///   template:
    ///     spec:
    ///       volumes: [{name: data, persistentVolumeClaim: {claimName: web-data}}]
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: web-data}
    /// spec: {accessModes: [ReadWriteOnce]}
    /// ```
    ///
    /// ## Fix
    /// Set `strategy.type: Recreate`, or `rollingUpdate.maxSurge: 0`, or use a StatefulSet.
    EXCLUSIVE_CLAIM = "workload/exclusive-claim", Warning, "a rolling update needs one volume on two nodes";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.workloads() {
        if workload.kind() != WorkloadKind::Deployment {
            continue;
        }
        let deployment = Deployment::new(workload.root());
        // Several replicas share the claim even without an update: `workload/shared-claim` says so.
        if deployment.replicas() != 1 || deployment.is_recreate() || deployment.max_surge() == 0 {
            continue;
        }
        let claims = workload.template().claims();
        let claims = claims.filter_map(|name| release.named("", "PersistentVolumeClaim", name, workload.object));
        for claim in claims.filter(|claim| Claim::new(&claim.root).is_exclusive()) {
            found.push(
                workload
                    .finding(
                        &EXCLUSIVE_CLAIM,
                        "spec.strategy",
                        format!(
                            "the new pod of {workload} may wait for the claim `{}` that the old one holds on another node",
                            claim.name
                        ),
                    )
                    .at(locate(claim, "spec.accessModes"), "one node at a time")
                    .help("set `strategy.type: Recreate`, or `rollingUpdate.maxSurge: 0`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn an_update_without_surge_stops_the_old_pod_first() {
        let run = |spec: &str, mode: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  {spec}\n  template:\n    spec:\n      \
                 volumes: [{{name: v, persistentVolumeClaim: {{claimName: c}}}}]\n---\napiVersion: v1\nkind: \
                 PersistentVolumeClaim\nmetadata: {{name: c}}\nspec: {{accessModes: [{mode}]}}\n"
            );
            findings("workload/exclusive-claim", &text).len()
        };
        assert_eq!(run("replicas: 1", "ReadWriteOnce"), 1);
        assert_eq!(run("replicas: 1", "ReadWriteMany"), 0);
        assert_eq!(run("replicas: 3", "ReadWriteOnce"), 0);
        assert_eq!(run("strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}", "ReadWriteOnce"), 0);
    }
}
