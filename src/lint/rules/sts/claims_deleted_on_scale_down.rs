use super::prelude::*;

declare! {
    /// `persistentVolumeClaimRetentionPolicy.whenScaled: Delete` deletes the claim of every pod that a scale-down
    /// removes, and with most storage classes the data with it. Scaling to zero for maintenance then empties the
    /// database.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   persistentVolumeClaimRetentionPolicy:
    ///     whenScaled: Delete
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   persistentVolumeClaimRetentionPolicy:
    ///     whenScaled: Retain
    /// ```
    ///
    /// ## Fix
    /// Use `Retain` (the default) and delete claims by hand once their data is no longer needed. Allow the finding for
    /// data that can be fetched again.
    CLAIMS_DELETED_ON_SCALE_DOWN = "sts/claims-deleted-on-scale-down", Warning, "scaling down deletes the data of the removed pods";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        if set.claim_retention().when_scaled {
            found.push(
                set.finding(
                    &CLAIMS_DELETED_ON_SCALE_DOWN,
                    "spec.persistentVolumeClaimRetentionPolicy.whenScaled",
                    format!("scaling {set} down deletes the claims of the removed pods, and their data"),
                )
                .help("use `Retain`"),
            );
        }
    }
}
