//! Rules of the controllers that no recorded rollout shows.

use plimsoll_cluster::controllers::disruption;
use plimsoll_cluster::controllers::endpoints::endpoints;
use plimsoll_cluster::controllers::status::{JobOutcome, Status};
use plimsoll_cluster::controllers::{
    Cascade, End, Event, MAX_TICKS, Pace, Pod, Script, Simulation, State, cron_job, request,
};
use plimsoll_cluster::scenario::{self, Outcome};
use plimsoll_diag::{Diagnostic, SourceKind, Sources};
use plimsoll_kube::defaults;
use plimsoll_kube::views::{Service, WorkloadKind};
use plimsoll_yaml::Node;

fn node(text: &str) -> Node {
    plimsoll_yaml::read_fragment(text.as_bytes()).expect("the test's own YAML")
}

/// A namespace with these objects, at rest.
fn at_rest(objects: &[(&str, &str, &str)], script: Script) -> Simulation {
    let mut simulation = Simulation::new(State::new(vec!["node-0".into(), "node-1".into()]), script);
    for (group, kind, text) in objects {
        store(&mut simulation, group, kind, text);
    }
    simulation.run(None);
    simulation
}

/// Applies a manifest.
fn store(simulation: &mut Simulation, group: &str, kind: &str, text: &str) {
    let mut root = node(text);
    defaults::store(group, kind, &mut root);
    let events = request::store(&simulation.state, group, kind, &root);
    simulation.happen(events);
}

fn pods(simulation: &Simulation) -> Vec<String> {
    simulation.state.pods.values().map(|pod| format!("{} {}", pod.name, pod.revision)).collect()
}

/// The pods that an event of that kind happened to, in order.
fn happened(simulation: &Simulation, is_of_kind: impl Fn(&Event) -> bool) -> Vec<(u32, &str)> {
    let entries = simulation.timeline.iter().filter(|entry| is_of_kind(&entry.event));
    entries.map(|entry| (entry.at.tick, entry.subject.name.as_str())).collect()
}

fn stateful_set(spec: &str, image: &str) -> String {
    format!(
        "{{metadata: {{name: db}}, spec: {{{spec}, serviceName: db, selector: {{matchLabels: {{app: db}}}}, \
         template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a, image: {image}}}]}}}}, \
         volumeClaimTemplates: [{{metadata: {{name: data}}}}]}}}}"
    )
}

fn workload(name: &str, spec: &str, image: &str) -> String {
    format!(
        "{{metadata: {{name: {name}}}, spec: {{{spec}, selector: {{matchLabels: {{app: {name}}}}}, \
         template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: a, image: {image}}}]}}}}}}}}"
    )
}

#[test]
fn several_pods_are_updated_at_once_where_the_gate_is_on() {
    let spec = "replicas: 4, updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 2}}";
    for (gate, at_once) in [(false, 1), (true, 2)] {
        let mut simulation = at_rest(&[], Script::default());
        simulation.state.max_unavailable_stateful_set = gate;
        store(&mut simulation, "apps", "StatefulSet", &stateful_set(spec, "x:1"));
        simulation.run(None);
        store(&mut simulation, "apps", "StatefulSet", &stateful_set(spec, "x:2"));
        let deleting = simulation.state.pods.values().filter(|pod| pod.is_deleting()).count();
        assert_eq!(deleting, at_once);
        simulation.run(None);
        assert_eq!(pods(&simulation), ["db-0 B", "db-1 B", "db-2 B", "db-3 B"]);
    }
}

#[test]
fn a_partition_counts_from_the_first_ordinal() {
    let spec = "replicas: 3, ordinals: {start: 5}, \
                updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}";
    let mut simulation = at_rest(&[("apps", "StatefulSet", &stateful_set(spec, "x:1"))], Script::default());
    store(&mut simulation, "apps", "StatefulSet", &stateful_set(spec, "x:2"));
    simulation.run(None);
    assert_eq!(pods(&simulation), ["db-5 A", "db-6 A", "db-7 B"]);
}

#[test]
fn a_pod_that_never_gets_ready_stops_the_rollout_until_it_is_deleted() {
    let script = Script { never_ready: ["db-1".to_owned()].into(), ..Script::default() };
    let mut simulation = at_rest(
        &[("apps", "StatefulSet", &stateful_set("replicas: 2, podManagementPolicy: Parallel", "x:1"))],
        script,
    );
    store(
        &mut simulation,
        "apps",
        "StatefulSet",
        &stateful_set("replicas: 2, podManagementPolicy: Parallel", "x:2"),
    );
    assert_eq!(simulation.run(None).1, End::Rest);
    // The unready pod is replaced, because it has the old revision; its successor blocks the next.
    assert_eq!(pods(&simulation), ["db-0 A", "db-1 B"]);
}

#[test]
fn foreground_deletion_deletes_what_is_owned_first() {
    let deployment = workload("web", "replicas: 2", "x:1");
    let mut simulation = at_rest(&[("apps", "Deployment", &deployment)], Script::default());
    let events = request::delete(&simulation.state, "apps", "Deployment", "web", Cascade::Foreground);
    simulation.happen(events);
    assert!(simulation.state.workload_named(WorkloadKind::Deployment, "web").is_some());
    simulation.run(None);
    assert!(simulation.state.workloads.is_empty() && simulation.state.replica_sets.is_empty());
    let last = happened(&simulation, |event| {
        matches!(event, Event::PodGone { .. } | Event::ReplicaSetGone { .. } | Event::WorkloadGone { .. })
    });
    let names: Vec<&str> = last.iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["web-A.1", "web-A.2", "web-A", "web"]);
}

#[test]
fn a_rollout_without_progress_times_out() {
    let spec = "replicas: 1, progressDeadlineSeconds: 60";
    let script = Script { never_ready: ["web-B.1".to_owned()].into(), ..Script::default() };
    let mut simulation = at_rest(&[("apps", "Deployment", &workload("web", spec, "x:1"))], script);
    store(&mut simulation, "apps", "Deployment", &workload("web", spec, "x:2"));
    simulation.run(None);
    let reason = |simulation: &Simulation| match &simulation.state.workloads[0].status {
        Some(Status::Deployment(status)) => status.condition("Progressing").map(|condition| condition.reason),
        _ => None,
    };
    assert_eq!(reason(&simulation), Some("ReplicaSetUpdated"));
    simulation.state.now.seconds += 61;
    simulation.happen(Vec::new());
    assert_eq!(reason(&simulation), Some("ProgressDeadlineExceeded"));
}

#[test]
fn daemon_sets_update_node_by_node() {
    let mut simulation =
        at_rest(&[("apps", "DaemonSet", &workload("log", "minReadySeconds: 0", "x:1"))], Script::default());
    store(&mut simulation, "apps", "DaemonSet", &workload("log", "minReadySeconds: 0", "x:2"));
    simulation.run(None);
    assert_eq!(pods(&simulation), ["log-node-0-B.1 B", "log-node-1-B.1 B"]);
    let deleted = happened(&simulation, |event| matches!(event, Event::PodDeleting { .. }));
    assert_eq!(deleted, [(2, "log-node-0-A.1"), (5, "log-node-1-A.1")]);
}

#[test]
fn jobs_run_until_their_completions() {
    let text = "{metadata: {name: load}, spec: {completions: 3, parallelism: 2, template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}}";
    let simulation = at_rest(&[("batch", "Job", text)], Script::default());
    let Some(Status::Job(status)) = &simulation.state.workloads[0].status else { panic!("no status") };
    assert_eq!((status.succeeded, status.active, status.outcome), (3, 0, Some(JobOutcome::Complete)));
    let created = happened(&simulation, |event| matches!(event, Event::PodCreated(_)));
    assert_eq!(created, [(0, "load.1"), (0, "load.2"), (3, "load.3")]);
}

#[test]
fn jobs_fail_after_their_backoff_limit_and_indexes_are_tried_again() {
    let text = |limits: &str| {
        format!(
            "{{metadata: {{name: load}}, spec: {{completions: 2, parallelism: 2, completionMode: Indexed, {limits}, template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: x}}]}}}}}}}}"
        )
    };
    let fail = |simulation: &mut Simulation, pod: &str| {
        simulation.happen(vec![Event::PodFailed { pod: pod.to_owned() }]);
    };
    let mut simulation = at_rest(&[], Script::default());
    store(&mut simulation, "batch", "Job", &text("backoffLimit: 1"));
    fail(&mut simulation, "load-1.1");
    assert_eq!(pods(&simulation), ["load-0.1 ", "load-1.1 ", "load-1.2 "]);
    fail(&mut simulation, "load-1.2");
    let Some(Status::Job(status)) = &simulation.state.workloads[0].status else { panic!("no status") };
    assert_eq!((status.failed, status.outcome), (2, Some(JobOutcome::Failed)));
    // What still ran is stopped.
    assert_eq!(pods(&simulation), ["load-1.1 ", "load-1.2 "]);
}

#[test]
fn cron_jobs_follow_their_concurrency_policy() {
    for (policy, jobs) in [("Allow", 2), ("Forbid", 1), ("Replace", 1)] {
        let text = format!(
            "{{metadata: {{name: nightly}}, spec: {{schedule: '0 3 * * *', concurrencyPolicy: {policy}, jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: x}}]}}}}}}}}}}}}"
        );
        let mut simulation = at_rest(&[("batch", "CronJob", &text)], Script::default());
        for _ in 0..2 {
            let events = cron_job::start(&simulation.state, &simulation.state.workloads[0]);
            simulation.happen(events);
        }
        assert_eq!(simulation.state.workloads.len(), 1 + jobs, "{policy}");
    }
}

#[test]
fn budgets_round_shares_up_and_count_what_the_controllers_want() {
    for (limit, allowed, desired) in [
        ("maxUnavailable: 25%", 1, 2),
        ("maxUnavailable: 1%", 1, 2),
        ("minAvailable: 34%", 1, 2),
        ("minAvailable: 1", 2, 1),
        ("minAvailable: 100%", 0, 3),
        ("maxUnavailable: 0", 0, 3),
    ] {
        let budget =
            format!("{{metadata: {{name: b}}, spec: {{{limit}, selector: {{matchLabels: {{app: web}}}}}}}}");
        let simulation = at_rest(
            &[
                ("apps", "Deployment", &workload("web", "replicas: 3", "x:1")),
                ("policy", "PodDisruptionBudget", &budget),
            ],
            Script::default(),
        );
        let status = simulation.state.budgets[0].status.clone().expect("a status");
        assert_eq!((status.disruptions_allowed, status.desired_healthy), (allowed, desired), "{limit}");
        assert_eq!((status.expected_pods, status.current_healthy), (3, 3), "{limit}");
    }
}

#[test]
fn a_share_of_a_daemon_set_allows_no_eviction() {
    let budget = "{metadata: {name: b}, spec: {maxUnavailable: 50%, selector: {matchLabels: {app: log}}}}";
    let simulation = at_rest(
        &[
            ("apps", "DaemonSet", &workload("log", "minReadySeconds: 0", "x:1")),
            ("policy", "PodDisruptionBudget", budget),
        ],
        Script::default(),
    );
    let pod = simulation.state.pods.values().next().map(|pod| pod.name.clone()).unwrap_or_default();
    assert!(matches!(
        disruption::evict(&simulation.state, &pod),
        Err(disruption::EvictionRefusal::Budget { status, .. }) if status.is_failed
    ));
}

#[test]
fn services_have_the_pods_that_are_ready() {
    let script = Script { never_ready: ["db-1".to_owned()].into(), ..Script::default() };
    let simulation = at_rest(&[("apps", "StatefulSet", &stateful_set("replicas: 2", "x:1"))], script);
    let ready = |text: &str| -> Vec<String> {
        let root = node(text);
        let found = endpoints(&simulation.state, Service::new(&root));
        found.iter().filter(|endpoint| endpoint.is_ready).map(|endpoint| endpoint.pod.name.clone()).collect()
    };
    assert_eq!(ready("{spec: {selector: {app: db}}}"), ["db-0"]);
    assert_eq!(
        ready("{spec: {selector: {app: db}, clusterIP: None, publishNotReadyAddresses: true}}"),
        ["db-0", "db-1"]
    );
    assert_eq!(
        ready(
            "{spec: {selector: {statefulset.kubernetes.io/pod-name: db-1}, publishNotReadyAddresses: true}}"
        ),
        ["db-1"]
    );
    assert!(ready("{spec: {selector: {app: web}}}").is_empty());
    assert!(ready("{spec: {type: ExternalName, selector: {app: db}}}").is_empty());
}

#[test]
fn seconds_pass_as_probes_and_grace_periods_say() {
    let text = "{metadata: {name: db}, spec: {replicas: 2, minReadySeconds: 5, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {terminationGracePeriodSeconds: 20, containers: [{name: a, image: IMAGE, readinessProbe: {initialDelaySeconds: 10}}]}}}}";
    for (pace, start, update) in [(Pace::Earliest, 30, 30), (Pace::FullGracePeriods, 30, 70)] {
        let script = Script { pace, ..Script::default() };
        let mut simulation = at_rest(&[("apps", "StatefulSet", &text.replace("IMAGE", "x:1"))], script);
        assert_eq!(simulation.state.now.seconds, start);
        store(&mut simulation, "apps", "StatefulSet", &text.replace("IMAGE", "x:2"));
        simulation.run(None);
        assert_eq!(simulation.state.now.seconds - start, update, "{pace:?}");
    }
}

#[test]
fn what_never_rests_is_ended() {
    // Every pod of this Job fails, and there is no limit to that.
    let text = "{metadata: {name: load}, spec: {completions: 1, backoffLimit: 2147483647, template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}}";
    let mut simulation = at_rest(&[], Script { ready_ticks: MAX_TICKS * 2, ..Script::default() });
    store(&mut simulation, "batch", "Job", text);
    assert_eq!(simulation.run(None), (MAX_TICKS, End::Endless));
}

#[test]
fn pods_without_a_node_are_deleted_at_once() {
    let script = Script { unschedulable: ["db-0".to_owned()].into(), ..Script::default() };
    let mut simulation = at_rest(&[("apps", "StatefulSet", &stateful_set("replicas: 1", "x:1"))], script);
    let before: Vec<Pod> = simulation.state.pods.values().cloned().collect();
    let events = request::delete(&simulation.state, "", "Pod", "db-0", Cascade::Background);
    simulation.happen(events);
    let after: Vec<Pod> = simulation.state.pods.values().cloned().collect();
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before[0].uid, after[0].uid);
}

/// What becomes of a scenario of one object.
fn outcome(object: &str, actions: &str) -> Result<Outcome, Diagnostic> {
    let text = format!("objects: [{object}]\nactions: [{actions}]\n");
    let sources = Sources::new();
    let source = sources.add("scenario.yaml", text, SourceKind::File);
    let report = scenario::parse(&sources, source, plimsoll_kube::Version::DEFAULT);
    scenario::run(&report.output.unwrap_or_else(|| panic!("{:?}", report.diagnostics)))
}

#[test]
fn a_cron_job_runs_when_it_is_triggered() {
    let cron = "{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}, spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}}}}";
    let outcome = outcome(cron, "{do: trigger}, {do: trigger}").expect("it runs");
    let pods: Vec<&str> = outcome.phases[2].state.pods.values().map(|pod| pod.name.as_str()).collect();
    assert_eq!(pods, ["nightly-1.1", "nightly-2.1"]);
}

#[test]
fn more_pods_than_fit_are_an_error() {
    let pod =
        "{metadata: {labels: {app: a}}, spec: {restartPolicy: POLICY, containers: [{name: a, image: x}]}}";
    let forever = pod.replace("POLICY", "Always");
    for object in [
        format!(
            "{{apiVersion: batch/v1, kind: Job, metadata: {{name: a}}, spec: {{parallelism: 2000000000, template: {}}}}}",
            pod.replace("POLICY", "Never")
        ),
        format!(
            "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: a}}, spec: {{replicas: 2000000000, selector: {{matchLabels: {{app: a}}}}, template: {forever}}}}}"
        ),
    ] {
        assert!(outcome(&object, "").is_err_and(|error| error.message.contains("too many")), "{object}");
    }
    // A surge beyond all measure is scaled up to, and back, 500 pods at a time (`BurstReplicas`).
    let deployment = format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{replicas: 2, strategy: {{rollingUpdate: {{maxSurge: 2000000000, maxUnavailable: 0}}}}, selector: {{matchLabels: {{app: a}}}}, template: {forever}}}}}"
    );
    let patch = "{do: patch, body: {spec: {template: {metadata: {labels: {b: c}}}}}}, {do: scale, n: 3, after_ticks: 1}";
    let outcome = outcome(&deployment, patch).expect("it runs");
    let last = outcome.phases.last().expect("a phase");
    assert_eq!((last.end, last.state.pods.len()), (End::Rest, 3));
}

#[test]
fn a_new_set_waits_for_the_pods_of_the_old_one() {
    let text = stateful_set("replicas: 1", "x:1");
    let mut simulation = at_rest(&[("apps", "StatefulSet", &text)], Script::default());
    let events = request::delete(&simulation.state, "apps", "StatefulSet", "db", Cascade::Background);
    simulation.record(events);
    store(&mut simulation, "apps", "StatefulSet", &stateful_set("replicas: 1", "x:2"));
    assert_eq!(pods(&simulation), ["db-0 A"]);
    assert!(simulation.state.pods.values().all(Pod::is_deleting));
    simulation.run(None);
    assert_eq!(pods(&simulation), ["db-0 B"]);
}
