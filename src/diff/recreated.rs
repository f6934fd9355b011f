//! Objects that the driver deletes and creates again, because the API server refuses to update them and they are to be
//! forced: `force: enabled` of Flux, `Force=true` of Argo CD.

use super::effects::{World, effect, pods_in_order, retained_claims};
use super::{Effect, EffectKind, ObjectPlan, refused, removed};
use crate::k8s::views::{StatefulSet, WorkloadKind};
use crate::manifest::Object;
use crate::yaml::Node;

/// What it means. `plan` is about the object, `stored` is what it is before and after.
pub(super) fn effects(
    plan: &ObjectPlan,
    (old, new): (&Object, &Object),
    stored: (&Node, &Node),
    world: &World<'_>,
) -> Vec<Effect> {
    const WHAT: &str = "deleted and created again, because the API server refuses the update and force is on";
    let running = WorkloadKind::from_object(new).filter(|kind| kind.runs_forever());
    let Some(kind) = running else {
        let fate = match WorkloadKind::from_object(new) {
            Some(WorkloadKind::Job) => Some(
                "its pods, their logs and what it has completed are lost, and it runs again from the start"
                    .to_owned(),
            ),
            _ => removed::consequence(old, world),
        };
        let fate = fate.map(|fate| format!("; {fate}")).unwrap_or_default();
        return vec![effect(removed::kind_of_deletion(old, world), format!("{WHAT}{fate}"))];
    };
    let downtime = refused::downtime(plan, new, stored, kind, world);
    let mut effects = vec![effect(
        EffectKind::Recreate,
        format!("{WHAT}: all its pods stop before new ones start. {downtime}"),
    )];
    if let (Some(before), Some(after)) = (StatefulSet::from_object(old), StatefulSet::from_object(new)) {
        effects[0].pods = pods_in_order(before);
        effects.extend(lost_claims(before, after));
    }
    effects
}

/// What becomes of the claims of a StatefulSet.
fn lost_claims(old: StatefulSet<'_>, new: StatefulSet<'_>) -> Option<Effect> {
    let claims = retained_claims(old)?;
    if old.claim_retention().when_deleted {
        let detail = format!("the claims {claims} are deleted with it (whenDeleted: Delete)");
        return Some(effect(EffectKind::DataLoss, detail));
    }
    let is_kept = |name: &str| new.claims().any(|(_, claim)| claim.name() == name);
    let gone: Vec<String> = old
        .claims()
        .map(|(_, claim)| claim.name())
        .filter(|name| !is_kept(name))
        .map(|name| format!("`{name}`"))
        .collect();
    (!gone.is_empty()).then(|| {
        let detail = format!(
            "claim templates that are removed: {}; the pods no longer mount these claims, which stay with their data",
            gone.join(", ")
        );
        effect(EffectKind::DataLoss, detail)
    })
}
