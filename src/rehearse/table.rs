//! The rehearsal for a terminal.

use super::words::{duration, ending, sentences};
use super::{Rehearsal, Step};
use crate::diag::escape::terminal;
use crate::preview::section;
use std::fmt::Write as _;

/// A table of steps for each namespace, then how it ends and what to know about it.
pub fn table(rehearsals: &[Rehearsal]) -> String {
    if rehearsals.is_empty() {
        return "no pods: there is nothing to rehearse\n".to_owned();
    }
    rehearsals.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(rehearsal: &Rehearsal) -> String {
    let has_services = !rehearsal.services.is_empty();
    let has_budgets = !rehearsal.budgets.is_empty();
    let mut head = vec!["STEP", "TIME", "WHAT HAPPENS", "READY"];
    head.extend(has_services.then_some("ENDPOINTS"));
    head.extend(has_budgets.then_some("EVICTABLE"));
    let mut rows = Vec::new();
    for (number, step) in rehearsal.steps.iter().enumerate() {
        for (line, sentence) in sentences(number, step).into_iter().enumerate() {
            let mut row = vec![String::new(), String::new(), sentence];
            if line == 0 {
                row[0] = number.to_string();
                row[1] = duration(step.seconds);
                row.extend(figures(rehearsal, step));
            }
            rows.push(row);
        }
    }
    let mut out = String::new();
    section(&format!("ROLLOUT in namespace {}", rehearsal.namespace), &head, &rows, &mut out);
    let _ = writeln!(out, "OUTCOME\n  {}", terminal(&ending(rehearsal)));
    if !rehearsal.remarks.is_empty() {
        out.push_str("\nREMARKS\n");
        for remark in &rehearsal.remarks {
            let _ = writeln!(out, "  {}", terminal(remark));
        }
    }
    out
}

/// The numbers after a step: ready pods, endpoints, what may be evicted.
fn figures(rehearsal: &Rehearsal, step: &Step) -> Vec<String> {
    let mut cells = vec![format!("{}/{}", step.ready, step.wanted)];
    let named = |names: &[String], numbers: &mut dyn Iterator<Item = String>| {
        names
            .iter()
            .zip(numbers)
            .map(|(name, number)| format!("{name} {number}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if !rehearsal.services.is_empty() {
        cells.push(named(&rehearsal.services, &mut step.endpoints.iter().map(ToString::to_string)));
    }
    if !rehearsal.budgets.is_empty() {
        cells.push(named(&rehearsal.budgets, &mut step.evictable.iter().map(ToString::to_string)));
    }
    cells
}
