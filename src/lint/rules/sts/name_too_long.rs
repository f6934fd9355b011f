use super::prelude::*;

declare! {
    /// Every pod of a StatefulSet has the label `controller-revision-hash: <name>-<hash>`, and label values are limited
    /// to 63 characters. A StatefulSet whose name is longer than 52 characters is accepted, but cannot create any pod.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: production-customer-relations-postgresql-primary-cluster}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: production-crm-postgresql}
    /// ```
    ///
    /// ## Fix
    /// Shorten the release name or set `fullnameOverride`. Charts should truncate the name at 52 characters, not at 63.
    NAME_TOO_LONG = "sts/name-too-long", Error, "a StatefulSet's name is too long for the labels of its pods";
    release: check;
}

const LIMIT: usize = 52;

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let length = set.object.name.len();
        if length > LIMIT {
            found.push(
                set.finding(
                    &NAME_TOO_LONG,
                    "metadata.name",
                    format!("the name of {set} has {length} characters: above {LIMIT} it cannot create pods"),
                )
                .help(
                    "the label `controller-revision-hash` adds 11 characters and may not be longer than 63",
                ),
            );
        }
    }
}
