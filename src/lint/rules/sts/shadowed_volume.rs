use super::prelude::*;
use crate::diag::Severity;

declare! {
    /// If a pod volume and a claim template have the same name, the claim silently replaces the volume. The volume in
    /// the pod template is never used: scratch space becomes a persistent disk.
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
    /// Delete the volume, or rename it if both are needed. The severity is info if the volume only repeats the claim
    /// template: it has no source, or refers to a claim of that name.
    SHADOWED_VOLUME = "sts/shadowed-volume", Warning, "a claim template silently replaces a pod volume of the same name";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for (index, volume) in set.template().volumes().iter().enumerate() {
            let Some(name) = volume.get("name").and_then(Node::as_str) else { continue };
            let Some((claim, _)) = set.claims().find(|(_, claim)| claim.name() == name) else {
                continue;
            };
            let mut finding = set
                .finding(
                    &SHADOWED_VOLUME,
                    set.template().path(&format!("spec.volumes[{index}].name")),
                    format!("volume `{name}` of {set} is replaced by the claim template of that name"),
                )
                .at(
                    locate(set.object, &format!("spec.volumeClaimTemplates[{claim}].metadata.name")),
                    "this one is mounted",
                )
                .help("delete the volume, or give it another name");
            if repeats_claim(volume, name) {
                finding.severity = Severity::Info;
            }
            found.push(finding);
        }
    }
}

/// Whether a volume has no source of its own: none, or a claim of the claim template's name.
fn repeats_claim(volume: &Node, name: &str) -> bool {
    let mut sources = volume.as_map().into_iter().flatten().filter(|entry| entry.key != "name");
    sources.all(|entry| {
        entry.value.is_null()
            || entry.key == "persistentVolumeClaim"
                && entry.value.get("claimName").and_then(Node::as_str) == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::severities;

    #[test]
    fn a_volume_that_repeats_the_claim_is_info() {
        let found = |source: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  template:\n    \
                 spec: {{volumes: [{{name: data{source}}}]}}\n  volumeClaimTemplates: [{{metadata: {{name: data}}}}]\n"
            );
            severities("sts/shadowed-volume", &text)
        };
        assert_eq!(found(", emptyDir: {}"), ["warning"]);
        assert_eq!(found(", persistentVolumeClaim: {claimName: other}"), ["warning"]);
        assert_eq!(found(", persistentVolumeClaim: {claimName: data}"), ["info"]);
        assert_eq!(found(""), ["info"]);
    }
}
