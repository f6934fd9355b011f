//! Claims: those that StatefulSets make for their pods, and those that are objects of their own.

use super::{Claim, workload};
use crate::k8s::views::{self, StatefulSet};

/// The claims of a StatefulSet, pod by pod, as far as its pods are listed.
pub(super) fn preview_claims<'a>(
    set: StatefulSet<'a>,
    namespace: &'a str,
) -> impl Iterator<Item = Claim> + use<'a> {
    workload::listed(set).map(move |ordinal| set.pod_name(ordinal)).flat_map(move |pod| {
        let claims = set.claims();
        claims.map(move |(_, claim)| show(claim, claim.name_for(&pod), namespace, Some(pod.clone())))
    })
}

/// A claim that is an object of its own.
pub(super) fn preview_claim((claim, namespace): (views::Claim<'_>, &str)) -> Claim {
    show(claim, claim.name().to_owned(), namespace, None)
}

fn show(claim: views::Claim<'_>, name: String, namespace: &str, pod: Option<String>) -> Claim {
    Claim {
        name,
        namespace: namespace.to_owned(),
        size: claim.size(),
        modes: claim.access_modes().map(|mode| abbreviate_mode(mode).to_owned()).collect(),
        class: claim.class().map(str::to_owned),
        pod,
    }
}

/// An access mode as kubectl prints it.
fn abbreviate_mode(mode: &str) -> &str {
    match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    }
}
