//! The model against what real clients sent and a real API server answered and stored: `tests/oracle/README.md` of the
//! repository describes the record.

mod replay;

use replay::Aspect;
use std::collections::{BTreeMap, BTreeSet};

/// Sequences with a step that the model plays differently, by cause. Each is asserted to differ: what is repaired leaves the
/// table. None of the causes can be known from the sequence itself, but for the last.
const DIFFERENT: &[(&str, &[&str])] = &[
    (
        // Once an answer has said so, the steps that follow must agree.
        "another sequence of the recording holds the address or the node port",
        &["apply-s1-00337", "apply-s1-02204", "apply-s1-02434", "apply-s1-02554", "apply-s1-04007"],
    ),
    (
        "recorded before the Deployment controller was done with a rollout in several steps",
        &["apply-s1-00702", "apply-s2-01018"],
    ),
    (
        // Its requests show that the client refused the object: there is none for it.
        "the record lacks the error of the client",
        &["apply-s2-02044", "apply-s2-02514"],
    ),
    ("the error shows an empty list, which the model does not tell from none", &["apply-s2-02090"]),
];

/// Of each driver: the steps, and at least how many of them agree in everything, and how many even in every word.
const FLOORS: &[(&str, usize, usize, usize)] = &[
    ("apply", 2308, 2305, 2236),
    ("helm", 285, 285, 274),
    ("mixed", 381, 381, 366),
    ("prune", 79, 79, 79),
    ("replace", 118, 117, 105),
    ("ssa", 990, 986, 958),
    ("ssaf", 287, 285, 278),
];

#[test]
fn the_model_does_what_a_real_control_plane_did() {
    let rows = replay::recorded();
    let played = replay::play_all(&rows);
    let mut counts: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    let mut different: BTreeMap<&str, String> = BTreeMap::new();
    for (row, steps) in rows.iter().zip(&played) {
        let (id, driver) = (row["id"].as_str().unwrap(), row["driver"].as_str().unwrap());
        let (all, same, verbatim) = counts.entry(driver).or_default();
        for (number, step) in steps.iter().enumerate() {
            let differs = step.differences.iter().find(|one| one.aspect != Aspect::Words);
            *all += 1;
            *same += usize::from(differs.is_none());
            *verbatim += usize::from(step.differences.is_empty());
            if let Some(one) = differs {
                let text = format!("step {number} ({}): {:?}: {}", step.op, one.aspect, one.text);
                different.entry(id).or_insert(text);
            }
        }
    }
    let known: BTreeSet<&str> = DIFFERENT.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let unknown: Vec<String> = different
        .iter()
        .filter(|(id, _)| !known.contains(*id))
        .map(|(id, text)| format!("{id} {text}"))
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let repaired: Vec<&&str> = known.iter().filter(|id| !different.contains_key(**id)).collect();
    assert!(repaired.is_empty(), "these agree now: {repaired:?}");
    for (driver, steps, same, verbatim) in FLOORS {
        let (all, agree, in_words) = counts[driver];
        assert!(
            all == *steps && agree >= *same && in_words >= *verbatim,
            "{driver}: {agree} of {all} steps agree, {in_words} in every word"
        );
    }
    let counted: Vec<&str> = counts.keys().copied().collect();
    assert_eq!(FLOORS.iter().map(|floor| floor.0).collect::<Vec<_>>(), counted, "{counts:?}");
}
