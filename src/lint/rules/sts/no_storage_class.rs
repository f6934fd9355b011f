use super::prelude::*;

declare! {
    /// A claim template without `storageClassName` uses the default class of the cluster. It differs between clusters
    /// and may not exist; then the claim and the pod stay `Pending`. The class cannot be changed later.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    ///       spec:
    ///         accessModes: [ReadWriteOnce]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    ///       spec:
    ///         storageClassName: fast
    ///         accessModes: [ReadWriteOnce]
    /// ```
    ///
    /// ## Fix
    /// Set `storageClassName`; an empty string selects a volume that was created in advance. If you want the default
    /// class, allow the finding.
    NO_STORAGE_CLASS = "sts/no-storage-class", Info, "a claim template leaves the storage class to the cluster";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for (index, claim) in set.claims() {
            if claim.class().is_none() {
                let name = claim.name();
                found.push(
                    set.finding(
                        &NO_STORAGE_CLASS,
                        format!("spec.volumeClaimTemplates[{index}].spec.storageClassName"),
                        format!("claim template `{name}` of {set} takes the cluster's default storage class"),
                    )
                    .help("set `storageClassName`, so that every cluster provisions the same kind of volume"),
                );
            }
        }
    }
}
