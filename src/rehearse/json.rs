//! The rehearsal for programs.

use super::{Happening, PodRow, Rehearsal, Step};
use crate::diag::escape;
use serde_json::{Map, Value as Json, json};

/// One JSON document: `{"version":1,"rehearsals":[{"namespace":..,"steps":[..],"pods":[..],"outcome":{..},"remarks":[..]}]}`.
pub fn json(rehearsals: &[Rehearsal]) -> String {
    let rehearsals: Vec<Json> = rehearsals.iter().map(rehearsal).collect();
    escape::json(format!("{:#}\n", json!({ "version": 1, "rehearsals": rehearsals })))
}

fn rehearsal(rehearsal: &Rehearsal) -> Json {
    let outcome = &rehearsal.outcome;
    json!({
        "namespace": rehearsal.namespace,
        "steps": rehearsal.steps.iter().map(|step| self::step(rehearsal, step)).collect::<Vec<_>>(),
        "pods": rehearsal.pods.iter().map(pod).collect::<Vec<_>>(),
        "outcome": {
            "complete": outcome.is_complete,
            "endless": outcome.is_endless,
            "rejected": outcome.is_rejected,
            "minimumSeconds": outcome.seconds,
            "minimumSecondsWithGracePeriods": outcome.seconds_with_grace,
            "unready": outcome.unready,
        },
        "remarks": rehearsal.remarks,
    })
}

fn step(rehearsal: &Rehearsal, step: &Step) -> Json {
    let by_name = |names: &[String], numbers: &mut dyn Iterator<Item = Json>| -> Map<String, Json> {
        names.iter().cloned().zip(numbers).collect()
    };
    json!({
        "seconds": step.seconds,
        "events": step.events.iter().map(happening).collect::<Vec<_>>(),
        "ready": step.ready,
        "pods": step.pods,
        "wanted": step.wanted,
        "endpoints": by_name(&rehearsal.services, &mut step.endpoints.iter().map(|count| json!(count))),
        "evictable": by_name(&rehearsal.budgets, &mut step.evictable.iter().map(|count| json!(count))),
    })
}

fn happening(happening: &Happening) -> Json {
    json!({ "what": happening.what, "object": happening.object, "detail": happening.detail })
}

fn pod(row: &PodRow) -> Json {
    let stretches: Vec<Json> = row
        .stretches
        .iter()
        .map(|stretch| json!({ "from": stretch.from, "to": stretch.to, "condition": stretch.condition.as_str() }))
        .collect();
    json!({ "name": row.name, "revision": row.revision, "old": row.is_old, "stretches": stretches })
}
