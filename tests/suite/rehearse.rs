//! Upgrades, rehearsed.

use crate::support::{ROOT, objects};
use plimsoll::diff::{self, Driver, SyncOptions};
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

const DRIVERS: [Driver; 7] = [
    Driver::Kubectl,
    Driver::KubectlServerSide { force_conflicts: false },
    Driver::Helm { force_conflicts: false },
    Driver::Helm3,
    Driver::ArgoCd { sync: SyncOptions { replace: false, server_side_apply: false, prune_last: false } },
    Driver::Flux,
    Driver::Replace,
];

fn by(driver: Driver, prune: bool) -> Options {
    Options { diff: diff::Options { driver, prune, ..diff::Options::default() }, ..Options::default() }
}

fn deployment(name: &str, image: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: 2, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: a, image: {image}}}]}}}}}}\n"
    )
}

#[test]
fn every_driver_starts_the_same_rollout() {
    let expected = rehearsed(&Options::default());
    for driver in DRIVERS {
        let rehearsal = rehearsed(&by(driver, false));
        assert_eq!(
            (&rehearsal.steps, &rehearsal.outcome),
            (&expected.steps, &expected.outcome),
            "{driver:?}"
        );
    }
}

#[test]
fn what_the_driver_deletes_stops_in_the_rehearsal() {
    let (old, new) = (deployment("web", "x:1") + &deployment("old", "x:1"), deployment("web", "x:1"));
    for driver in DRIVERS {
        for prune in [false, true] {
            let options = by(driver, prune);
            let rehearsal = rehearse::rehearse(&objects(&old), &objects(&new), &options).unwrap().remove(0);
            let plan = diff::compare(&objects(&old), &objects(&new), &options.diff);
            let is_deleted = plan.objects.iter().any(|object| object.is_deleted);
            let last = rehearsal.steps.last().unwrap();
            let left = if is_deleted { 2 } else { 4 };
            assert_eq!((last.ready, last.pods, last.wanted), (left, left, left), "{driver:?} {prune}");
            let says = rehearsal
                .remarks
                .iter()
                .find(|remark| remark.starts_with("deployment/old is not in the new"));
            assert_eq!(says.is_some(), !is_deleted, "{driver:?} {prune} {:?}", rehearsal.remarks);
            let names = |remark: &String| {
                driver == Driver::ArgoCd { sync: SyncOptions::default() } || !remark.contains("argocd")
            };
            assert!(says.is_none_or(names), "{says:?}");
            assert!(rehearsal.outcome.is_complete, "{driver:?} {prune}");
        }
    }
}

#[test]
fn what_is_rejected_is_said_even_without_pods() {
    let rehearsals =
        rehearse::rehearse(&[], &objects(&deployment("web", "x:1")), &by(Driver::Replace, false)).unwrap();
    assert!(rehearsals[0].outcome.is_rejected && rehearsals[0].pods.is_empty());
    let remark = "the API server rejects the new manifest of deployment/web: it is not created (`plimsoll diff` says why)";
    assert_eq!(rehearsals[0].remarks, [remark]);
    assert!(rehearse::table(&rehearsals).contains(remark));
}

#[test]
fn what_the_driver_no_longer_sends_is_said() {
    let (old, new) = (deployment("web", "x:1"), deployment("web", "x:2"));
    let refused = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80000}]}\n";
    let remarks = |driver| {
        let rehearsals =
            rehearse::rehearse(&objects(&old), &objects(&format!("{new}{refused}")), &by(driver, false));
        rehearsals.unwrap().remove(0).remarks
    };
    let stops = "the new manifest of deployment/web is not applied: `flux reconcile` stops at Service/s, which is refused";
    assert!(remarks(Driver::Flux).iter().any(|remark| remark == stops), "{:?}", remarks(Driver::Flux));
    let goes_on = remarks(Driver::Kubectl);
    assert!(!goes_on.iter().any(|remark| remark.contains("deployment/web")), "{goes_on:?}");
}
