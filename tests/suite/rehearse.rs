//! Upgrades, rehearsed.

use crate::support::{ROOT, objects};
use plimsoll::rehearse::{self, Condition, Options, Rehearsal};

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/tests/fixtures/rehearse/{name}.yaml")).unwrap()
}

/// The rehearsal of the fixtures, which have one namespace.
fn rehearsed(options: &Options) -> Rehearsal {
    let rehearsals = rehearse::rehearse(&objects(&fixture("old")), &objects(&fixture("new")), options);
    rehearsals.unwrap().remove(0)
}

#[test]
fn services_keep_endpoints_and_budgets_follow() {
    let rehearsal = rehearsed(&Options::default());
    assert_eq!(
        (rehearsal.services.as_slice(), rehearsal.budgets.as_slice()),
        (&["db".to_owned(), "web".to_owned()][..], &["db".to_owned()][..])
    );
    assert!(rehearsal.outcome.is_complete);
    // One db pod at a time; of four web pods at most one is missing (25%).
    assert_eq!(rehearsal.steps.iter().map(|step| step.endpoints[0]).min(), Some(2));
    assert_eq!(rehearsal.steps.iter().map(|step| step.endpoints[1]).min(), Some(3));
    for step in &rehearsal.steps {
        assert_eq!(step.evictable[0], i64::from(step.endpoints[0] == 3), "{step:?}");
    }
}

#[test]
fn the_minimum_is_made_of_probes_and_waits() {
    let rehearsal = rehearsed(&Options::default());
    // Three db pods, each 15 s until its probe succeeds and 10 s until it counts as available.
    assert_eq!(rehearsal.outcome.seconds, 75);
    // And 60 s each to stop.
    assert_eq!(rehearsal.outcome.seconds_with_grace, 255);
    let seconds: Vec<i64> = rehearsal.steps.iter().map(|step| step.seconds).collect();
    assert!(seconds.is_sorted());
}

#[test]
fn a_failing_pod_stops_the_rollout_and_the_rows_show_it() {
    let options = Options { failing: vec!["db-1".to_owned()], ..Options::default() };
    let rehearsal = rehearsed(&options);
    assert!(!rehearsal.outcome.is_complete && !rehearsal.outcome.is_endless);
    assert_eq!(rehearsal.outcome.unready, ["db-1"]);
    let rows: Vec<(&str, Condition)> = rehearsal
        .pods
        .iter()
        .filter(|row| {
            row.name.starts_with("db-")
                && row.stretches.last().is_some_and(|last| last.to == rehearsal.steps.len())
        })
        .map(|row| (row.revision.as_str(), row.stretches.last().unwrap().condition))
        .collect();
    assert_eq!(rows, [("A", Condition::Ready), ("B", Condition::Unready), ("B", Condition::Ready)]);
}

#[test]
fn every_stretch_of_a_pod_follows_the_one_before() {
    for row in &rehearsed(&Options::default()).pods {
        for pair in row.stretches.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "{row:?}");
            assert_ne!(pair[0].condition, pair[1].condition, "{row:?}");
        }
    }
}

#[test]
fn namespaces_are_rehearsed_by_themselves() {
    let elsewhere = |name: &str| {
        let text = fixture(name);
        format!("{text}---\n{}", text.replace("metadata: {name: ", "metadata: {namespace: other, name: "))
    };
    let rehearsals =
        rehearse::rehearse(&objects(&elsewhere("old")), &objects(&elsewhere("new")), &Options::default())
            .unwrap();
    let names: Vec<&str> = rehearsals.iter().map(|one| one.namespace.as_str()).collect();
    assert_eq!(names, ["default", "other"]);
    assert_eq!(rehearsals[0].steps, rehearsals[1].steps);
}

#[test]
fn what_a_cluster_could_not_hold_is_refused() {
    let huge = fixture("new").replace("replicas: 3", "replicas: 2000000000");
    let errors =
        rehearse::rehearse(&objects(&fixture("old")), &objects(&huge), &Options::default()).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("too many"), "{}", errors[0].message);
}

#[test]
fn names_cannot_leave_the_page_or_the_picture() {
    let hostile = |text: &str| text.replace("name: uploads", "name: \"</style><script>alert(1)</script>\"");
    let (old, new) = (objects(&hostile(&fixture("old"))), objects(&hostile(&fixture("new"))));
    let rehearsals = rehearse::rehearse(&old, &new, &Options::default()).unwrap();
    let page = rehearse::html(&rehearsals, "<script>alert(1)</script>");
    assert!(!page.contains("<script") && page.matches("</style>").count() == 2);
    let picture = rehearse::svg(&Rehearsal {
        pods: vec![rehearse::PodRow {
            name: "<script>".to_owned(),
            revision: "<b>".to_owned(),
            is_old: true,
            stretches: vec![rehearse::Stretch { from: 0, to: 1, condition: Condition::Ready }],
        }],
        steps: vec![rehearse::Step::default()],
        ..Rehearsal::default()
    });
    assert!(!picture.contains("<script>") && !picture.contains("<b>"));
}

#[test]
fn pods_that_keep_the_old_template_are_named() {
    let with = |name: &str, strategy: &str| {
        objects(&fixture(name).replace("  minReadySeconds: 10\n", &format!("  updateStrategy: {strategy}\n")))
    };
    for (strategy, remark) in [
        (
            "{type: OnDelete}",
            "statefulset/db: db-0, db-1 and db-2 keep the old template, because updateStrategy OnDelete replaces pods only when they are deleted",
        ),
        (
            "{type: RollingUpdate, rollingUpdate: {partition: 2}}",
            "statefulset/db: db-0 and db-1 keep the old template, because the partition is 2",
        ),
    ] {
        let rehearsals =
            rehearse::rehearse(&with("old", strategy), &with("new", strategy), &Options::default()).unwrap();
        assert!(rehearsals[0].remarks.iter().any(|other| other == remark), "{:?}", rehearsals[0].remarks);
    }
}
