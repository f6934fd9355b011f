//! Objects that have a successor of another name.

use super::super::instructions::Instruction;
use super::super::matching::Pair;
use super::super::{Cause, Change, Command, ObjectPlan, Verdict};

/// Keeps objects whose successor the server refuses: what runs now is all there is.
pub(super) fn keep_without_successor(objects: &mut [ObjectPlan], pairs: &[Pair<'_>]) {
    let is_refused = |pair: &Pair<'_>| {
        let successor = pair.renamed.filter(|_| pair.new.is_none());
        successor.is_some_and(|successor| {
            objects.iter().zip(pairs).any(|(plan, other)| {
                other.new.is_some_and(|new| std::ptr::eq(new, successor)) && is_refused_for_good(plan)
            })
        })
    };
    let kept: Vec<bool> = pairs.iter().map(is_refused).collect();
    for (plan, _) in objects.iter_mut().zip(kept).filter(|(_, kept)| *kept) {
        if plan.change != Change::Removed || !deletes(&plan.remediation) {
            continue;
        }
        let successor = plan.renamed.as_deref().unwrap_or_default();
        plan.remediation = vec![Instruction::note(format!(
            "keep it until `{successor}` is accepted: nothing replaces it yet"
        ))];
    }
}

/// Whether more has to be done than to delete what the object is renamed from, which may have a port that it asks for.
fn is_refused_for_good(plan: &ObjectPlan) -> bool {
    plan.verdict == Verdict::Rejected && plan.reasons.iter().any(|reason| reason.cause != Cause::Allocated)
}

fn deletes(steps: &[Instruction]) -> bool {
    steps.iter().any(|step| matches!(step, Instruction::Command(command) if Command::is_destructive(command)))
}
