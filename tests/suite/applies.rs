//! What became of objects on a real server when `kubectl apply` updated them, against the plan.
//!
//! `tests/oracle/README.md` says what the rows of `applies` hold.

use crate::support::recorded;
use plimsoll::diag::Sources;
use plimsoll::diff::{self, Change, EffectKind, ObjectPlan, Options, Verdict};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;
use serde_json::Value as Json;

fn objects(text: &Json) -> Vec<Object> {
    let text = text.as_str().expect("a manifest").to_owned();
    let report = manifest::load_stdin(&Sources::new(), text, &ReadOptions::lenient());
    assert!(!report.has_errors(), "{:?}", report.diagnostics);
    report.output.unwrap_or_default()
}

/// What the plan gets wrong about an object.
fn mistake(row: &Json, plan: &ObjectPlan) -> Option<String> {
    let rejected = row["rejected"].as_str();
    if (plan.verdict == Verdict::Rejected) != rejected.is_some() {
        return Some(format!("{:?}, but {:?}: {:?}", plan.verdict, rejected, plan.reasons));
    }
    if rejected.is_some() {
        return None;
    }
    // Another order of items that mean the same in any order is no change.
    let shuffled = row["about"].as_str().unwrap_or_default().contains("shuffle");
    let changed = plan.change == Change::Modified;
    if row["changed"] != changed && !shuffled {
        return Some(format!("changed: {}, but {:?}", row["changed"], plan.changes));
    }
    let template = plan.changes.iter().any(|change| change.path.starts_with(&["spec", "template"]));
    if row["template"].as_bool().is_some_and(|changed| changed != template) {
        return Some(format!("template: {}, but {:?}", row["template"], plan.changes));
    }
    let says_why_not = plan.effects.iter().any(|effect| {
        effect.kind == EffectKind::None
            && ["no pods restart: ", "the Deployment is paused: "]
                .iter()
                .any(|why| effect.detail.starts_with(why))
    });
    (row["template"] == true && plan.restarts() == says_why_not)
        .then(|| format!("a new template, but {:?}", plan.effects))
}

#[test]
fn the_plan_says_what_became_of_each_object() {
    let mut mistakes = Vec::new();
    for row in recorded("applies") {
        let plan = diff::compare(&objects(&row["old"]), &objects(&row["new"]), &Options::default());
        let [object] = plan.objects.as_slice() else { panic!("one object: {row}") };
        mistakes.extend(mistake(&row, object).map(|mistake| format!("{}: {mistake}", row["about"])));
    }
    assert!(mistakes.is_empty(), "{} mistakes:\n  {}", mistakes.len(), mistakes.join("\n  "));
}
