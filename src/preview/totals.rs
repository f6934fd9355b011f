//! The total requests.

use super::{Preview, Resources, Stored, Totals};
use crate::k8s::quantity::{Quantity, sum};
use crate::k8s::views::Claim;

pub(super) fn sum_totals(preview: &Preview, stored: &[Stored<'_>]) -> Totals {
    let mut totals = Totals::default();
    for workload in &preview.workloads {
        let count = workload.replicas.unwrap_or(1);
        totals.at_least |= workload.replicas.is_none();
        totals.pods = totals.pods.saturating_add(count);
        add(&mut totals.requests, workload.requests, count);
        add(&mut totals.limits, workload.limits, count);
    }
    // Claims are counted from the templates, for not all may be listed.
    let sets = stored.iter().filter_map(|object| object.workload()?.0.stateful_set());
    let made = sets.flat_map(|set| set.claims().map(move |(_, claim)| (claim, set.replicas())));
    let own = stored.iter().filter_map(Stored::claim).map(|(claim, _)| (claim, 1));
    for (claim, count) in made.chain(own) {
        let claim: Claim<'_> = claim;
        totals.claims = totals.claims.saturating_add(count);
        totals.storage = sum(totals.storage, times(claim.size(), count));
    }
    totals
}

fn add(total: &mut Resources, one: Resources, count: i64) {
    total.cpu = sum(total.cpu, times(one.cpu, count));
    total.memory = sum(total.memory, times(one.memory, count));
}

/// `count` times a quantity, by doubling.
fn times(quantity: Option<Quantity>, count: i64) -> Option<Quantity> {
    let mut power = quantity?;
    let mut total = None;
    let mut rest = count.max(0);
    while rest > 0 {
        if rest % 2 == 1 {
            total = sum(total, Some(power));
        }
        power = power.plus(&power);
        rest /= 2;
    }
    total
}
