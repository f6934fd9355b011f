//! StatefulSets whose `serviceName` names a Service with an address of its own.

use super::super::matching::{Pair, group_of};
use super::super::{EffectKind, ObjectPlan, Verdict};
use super::{World, add, effect};
use crate::k8s::views::{Service, StatefulSet};
use crate::manifest::Object;

/// Finds StatefulSets that are new, or get another `serviceName`, and whose pods get no DNS names from it.
pub(super) fn find_addressed(objects: &mut [ObjectPlan], pairs: &[Pair<'_>], world: &World<'_>) {
    let service_named = |name: &str, set: &Object| {
        pairs.iter().filter_map(|pair| pair.new.or(pair.old)).find(|object| {
            (group_of(object), object.kind.as_str()) == ("", "Service")
                && object.name == name
                && world.same_namespace(object, set)
        })
    };
    for (plan, pair) in objects.iter_mut().zip(pairs) {
        let Some((new, set)) = pair.new.and_then(|new| Some((new, StatefulSet::from_object(new)?))) else {
            continue;
        };
        let name = set.service_name();
        let is_kept =
            pair.old.and_then(StatefulSet::from_object).is_some_and(|old| old.service_name() == name);
        if is_kept || plan.verdict == Verdict::Rejected && pair.old.is_none() {
            continue;
        }
        if service_named(name, new).is_some_and(|service| !Service::new(&service.root).is_headless()) {
            let detail = format!(
                "serviceName names the Service `{name}`, which is not headless: the pods get no DNS names of their own"
            );
            add(plan, effect(EffectKind::Traffic, detail));
        }
    }
}
