//! The controller that keeps claims while pods use them (`pkg/controller/volume/pvcprotection`).

use super::event::Event;
use super::state::State;

/// Removes the deleted claims that no pod on a node uses (`podUsesPVCForDeletion`).
pub(super) fn step(state: &State) -> Vec<Event> {
    let is_used =
        |claim: &String| state.pods.values().any(|pod| pod.node.is_some() && pod.claims.contains(claim));
    let deleted = state.claims.values().filter(|claim| claim.is_deleting && !is_used(&claim.name));
    deleted.map(|claim| Event::ClaimGone { claim: claim.name.clone() }).collect()
}
