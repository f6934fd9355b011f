//! What became of a scenario, for a terminal.

use crate::cluster::scenario::Outcome;
use crate::preview::section;
use serde_json::Value as Json;

/// A table of the events, and one of the phases.
pub fn scenario_table(outcome: &Outcome) -> String {
    let document = outcome.to_json();
    let mut out = String::new();
    let mut last = None;
    let events: Vec<Vec<String>> = items(&document["events"])
        .map(|event| {
            let fields: Vec<&Json> = items(event).collect();
            let tick = fields.first().map(ToString::to_string).unwrap_or_default();
            let shown = if last.as_ref() == Some(&tick) { String::new() } else { tick.clone() };
            last = Some(tick);
            let words: Vec<String> = fields.iter().skip(1).map(|field| word(field)).collect();
            vec![shown, words.join(" ")]
        })
        .collect();
    section("EVENTS", &["TICK", "EVENT"], &events, &mut out);
    let phases: Vec<Vec<String>> = items(&document["phases"])
        .map(|phase| {
            let state = &phase["state"];
            let ready = items(&state["pods"]).filter(|pod| pod["ready"] == true).count();
            let end = match (&phase["endless"], &phase["cut_short"], &state["stuck"]) {
                (Json::Bool(true), ..) => "never at rest",
                (_, Json::Bool(true), _) => "interrupted",
                (.., Json::Bool(true)) => "stuck",
                _ => "at rest",
            };
            vec![
                word(&phase["action"]),
                phase["result"]["code"].to_string(),
                phase["ticks"].to_string(),
                format!("{ready}/{}", items(&state["pods"]).count()),
                end.to_owned(),
            ]
        })
        .collect();
    section("PHASES", &["ACTION", "ANSWER", "TICKS", "READY", "END"], &phases, &mut out);
    // The last table ends with its last row.
    out.truncate(out.trim_end().len() + 1);
    out
}

fn items(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// A part of an event as people read it: an action as its fields, without its body.
fn word(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) if items.is_empty() => "(no owner)".to_owned(),
        Json::Array(items) => items.iter().map(word).collect::<Vec<_>>().join(","),
        Json::Object(fields) => {
            let shown = fields.iter().filter(|(key, _)| *key != "body");
            shown
                .map(|(key, value)| if key == "do" { word(value) } else { format!("{key}={}", word(value)) })
                .collect::<Vec<_>>()
                .join(" ")
        }
        other => other.to_string(),
    }
}
