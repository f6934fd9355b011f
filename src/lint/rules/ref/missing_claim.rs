use super::prelude::*;
use crate::k8s::views::Claim;

declare! {
    /// Pods that mount a claim which does not exist stay `Pending`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       volumes: [{name: data, persistentVolumeClaim: {claimName: web-dta}}]
    ///       containers: [{name: web, image: "web:1"}]
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: web-data}
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
    ///       volumes: [{name: data, persistentVolumeClaim: {claimName: web-data}}]
    ///       containers: [{name: web, image: "web:1"}]
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: web-data}
    /// ```
    ///
    /// ## Fix
    /// Correct the name or add the claim. The severity is info if no claim of the release has a similar name: it may be
    /// in the cluster. `--assume PersistentVolumeClaim/NAME` says so. Claims that a StatefulSet of the release makes are
    /// known.
    MISSING_CLAIM = "ref/missing-claim", Warning, "pods mount a claim that is not in the release";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.is_partial() {
        return;
    }
    for workload in release.started_workloads() {
        for (index, volume) in workload.template().volumes().iter().enumerate() {
            let Some(name) = volume.at(&["persistentVolumeClaim", "claimName"]).and_then(Node::as_str) else {
                continue;
            };
            let reference = Reference {
                from: workload.object,
                path: workload.template().path(&format!("spec.volumes[{index}].persistentVolumeClaim.claimName")),
                group: "",
                kind: "PersistentVolumeClaim",
                name,
            };
            if !reference.is_met(release) && !is_made(release, name) {
                found.push(reference.missing(release, &MISSING_CLAIM, "without it the pods stay `Pending`"));
            }
        }
    }
}

/// Whether a StatefulSet makes a claim of that name: `data-db-0`.
fn is_made(release: &Release<'_>, name: &str) -> bool {
    let Some((front, ordinal)) = name.rsplit_once('-') else { return false };
    ordinal.parse::<u32>().is_ok()
        && release.stateful_sets().any(|set| {
            let template = front.strip_suffix(set.name()).and_then(|front| front.strip_suffix('-'));
            template.is_some_and(|template| {
                set.claim_templates().iter().any(|claim| Claim::new(claim).name() == template)
            })
        })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn a_stateful_set_makes_claims() {
        let run = |claim: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  volumes: [{{name: v, persistentVolumeClaim: \
                 {{claimName: {claim}}}}}]\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  \
                 volumeClaimTemplates: [{{metadata: {{name: data}}}}]\n"
            );
            findings("ref/missing-claim", &text).len()
        };
        assert_eq!((run("data-db-0"), run("data-db"), run("logs-db-0")), (0, 1, 1));
    }
}
