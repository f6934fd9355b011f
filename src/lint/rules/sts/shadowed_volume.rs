use super::prelude::*;

declare! {
    /// A volume of the pod and a claim template of the same name: the claim silently wins, and the volume that is
    /// written in the pod template is never used. What was meant to be scratch space becomes a disk that outlives
    /// the pods, or the `emptyDir` one reads in the manifest is not what runs.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       volumes:
    ///         - name: data
    ///           emptyDir: {sizeLimit: 500Mi}
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
    ///       volumes:
    ///         - name: scratch
    ///           emptyDir: {sizeLimit: 500Mi}
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    /// ```
    ///
    /// ## Fix
    /// Delete the volume, or rename it if both are wanted.
    SHADOWED_VOLUME = "sts/shadowed-volume", Error, "a claim template silently replaces a pod volume of the same name";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for (index, volume) in set.volumes() {
            let Some(name) = volume.get("name").and_then(Node::as_str) else { continue };
            let Some((claim, _, _)) = set.claim_templates().find(|(_, claim, _)| *claim == name) else {
                continue;
            };
            found.push(
                set.finding(
                    &SHADOWED_VOLUME,
                    set.pod_path(&format!("spec.volumes[{index}].name")),
                    format!("volume `{name}` of {set} is replaced by the claim template of that name"),
                )
                .at(
                    locate(set.object, &format!("spec.volumeClaimTemplates[{claim}].metadata.name")),
                    "this one is mounted",
                )
                .help("delete the volume, or give it another name"),
            );
        }
    }
}
