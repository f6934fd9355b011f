use super::super::testing::{check, list_findings, list_findings_in};
use crate::Version;

/// A StatefulSet that lacks nothing, with more lines in its spec.
fn set(spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  {spec}\n  serviceName: db\n  \
         selector: {{matchLabels: {{app: db}}}}\n  template:\n    metadata: {{labels: {{app: db}}}}\n    \
         spec: {{containers: [{{name: db, image: db:1}}]}}\n"
    )
}

/// Any workload, its whole spec given.
fn workload(api_version: &str, kind: &str, spec: &str) -> String {
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n")
}

const TEMPLATE: &str =
    "template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a:1}]}}";
const SELECTOR: &str = "selector: {matchLabels: {app: a}}";
const JOB_TEMPLATE: &str = "template: {spec: {restartPolicy: Never, containers: [{name: a, image: a:1}]}}";

#[test]
fn stateful_sets() {
    check(
        |spec| list_findings(&set(spec)),
        &[
            ("replicas: 0", &[]),
            ("replicas: -1", &["spec.replicas invalid-value"]),
            ("podManagementPolicy: Ordered", &["spec.podManagementPolicy invalid-value"]),
            ("updateStrategy: {type: OnDelete}", &[]),
            (
                "updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}",
                &["spec.updateStrategy.rollingUpdate invalid-value"],
            ),
            ("updateStrategy: {type: Recreate}", &["spec.updateStrategy invalid-value"]),
            (
                "updateStrategy: {rollingUpdate: {partition: -1}}",
                &["spec.updateStrategy.rollingUpdate.partition invalid-value"],
            ),
            (
                "persistentVolumeClaimRetentionPolicy: {whenScaled: Keep}",
                &["spec.persistentVolumeClaimRetentionPolicy.whenScaled unsupported-value"],
            ),
            ("ordinals: {start: -1}", &["spec.ordinals.start invalid-value"]),
            ("revisionHistoryLimit: -1", &["spec.revisionHistoryLimit warning"]),
            (
                "volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]",
                &["spec.volumeClaimTemplates[0].spec.resources[storage] required"],
            ),
        ],
    );
}

#[test]
fn the_share_that_may_be_unavailable_counts_since_1_37() {
    for (value, expected) in [
        ("1", &[][..]),
        ("25%", &[]),
        ("0", &["spec.updateStrategy.rollingUpdate.maxUnavailable invalid-value"]),
        ("-1", &["spec.updateStrategy.rollingUpdate.maxUnavailable invalid-value"]),
        ("101%", &["spec.updateStrategy.rollingUpdate.maxUnavailable invalid-value"]),
    ] {
        let manifest = set(&format!("updateStrategy: {{rollingUpdate: {{maxUnavailable: {value}}}}}"));
        assert_eq!(list_findings_in(Version::V1_37, &manifest), expected, "{value}");
        assert!(list_findings(&manifest).is_empty(), "{value}");
    }
}

#[test]
fn the_namespace_of_a_data_source_is_read_in_templates() {
    let claim = |sources: &str| {
        let spec = "accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}";
        set(&format!("volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{{spec}, {sources}}}}}]"))
    };
    let source = "kind: PersistentVolumeClaim, name: b";
    check(
        |sources| list_findings(&claim(sources)),
        &[
            (&format!("dataSourceRef: {{{source}, namespace: other}}"), &[]),
            (
                &format!("dataSourceRef: {{{source}, namespace: A}}"),
                &["spec.volumeClaimTemplates[0].spec.dataSourceRef.namespace invalid-value"],
            ),
            (
                &format!("dataSource: {{{source}}}, dataSourceRef: {{{source}, namespace: other}}"),
                &["spec.volumeClaimTemplates[0].spec invalid-value"],
            ),
        ],
    );
}

#[test]
fn controllers_warn_of_names_with_dots() {
    for (api_version, kind, selector) in [
        ("v1", "ReplicationController", "selector: {app: a}"),
        ("apps/v1", "Deployment", SELECTOR),
        ("apps/v1", "ReplicaSet", SELECTOR),
    ] {
        let manifest = workload(api_version, kind, &format!("{{{selector}, {TEMPLATE}}}"));
        assert!(list_findings(&manifest).is_empty(), "{kind}");
        assert_eq!(
            list_findings(&manifest.replace("name: a}\nspec", "name: a.b}\nspec")),
            ["metadata.name warning"]
        );
    }
}

#[test]
fn revisions_have_data() {
    let revision = |rest: &str| {
        list_findings(&format!(
            "apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {{name: a}}\n{rest}\n"
        ))
    };
    check(
        revision,
        &[("revision: 1\ndata: {}", &[]), ("revision: -1", &["data required", "revision invalid-value"])],
    );
}

#[test]
fn claim_templates_are_named_as_volumes_are() {
    let claim = |name: &str| {
        let spec = "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}";
        set(&format!("volumeClaimTemplates: [{{metadata: {{name: {name}}}, spec: {spec}}}]"))
    };
    assert_eq!(list_findings(&claim("data")), [""; 0]);
    assert_eq!(list_findings(&claim("Data")), ["spec.template.spec.volumes[0].name invalid-value"]);
}

#[test]
fn templates_of_stateful_sets_are_looked_into_since_1_34() {
    let manifest = set("replicas: 1").replace("image: db:1", "imagePullPolicy: Often");
    assert_eq!(list_findings_in(Version::V1_33, &manifest), [""; 0]);
    let found = list_findings_in(Version::V1_34, &manifest);
    assert!(found.contains(&"spec.template.spec.containers[0].image required".to_owned()), "{found:?}");
}

#[test]
fn names_of_services_of_stateful_sets_are_labels_since_1_33() {
    let manifest = set("replicas: 1").replace("serviceName: db", "serviceName: a.b");
    assert_eq!(list_findings_in(Version::V1_32, &manifest), [""; 0]);
    assert_eq!(list_findings_in(Version::V1_33, &manifest), ["spec.serviceName invalid-value"]);
}

#[test]
fn fields_of_jobs_are_dropped_where_their_gate_is_off() {
    let with = |field: &str| {
        workload(
            "batch/v1",
            "Job",
            &format!("{{completions: 1, completionMode: NonIndexed, {field}, {JOB_TEMPLATE}}}"),
        )
    };
    let managed = with("managedBy: x");
    assert_eq!(list_findings_in(Version::V1_31, &managed), [""; 0]);
    assert_eq!(list_findings_in(Version::V1_32, &managed), ["spec.managedBy invalid-value"]);
    let success = with("successPolicy: {rules: [{succeededCount: 1}]}");
    assert_eq!(list_findings_in(Version::V1_30, &success), [""; 0]);
    assert_eq!(list_findings_in(Version::V1_31, &success), ["spec.successPolicy invalid-value"]);
}

#[test]
fn selectors_have_to_select_the_template() {
    let with = |selector: &str| workload("apps/v1", "Deployment", &format!("{{{selector}{TEMPLATE}}}"));
    check(
        |selector| list_findings(&with(selector)),
        &[
            ("selector: {matchLabels: {app: a}}, ", &[]),
            ("selector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}, ", &[]),
            ("selector: {matchExpressions: [{key: other, operator: DoesNotExist}]}, ", &[]),
            ("", &["spec.selector required", "spec.template.metadata.labels invalid-value"]),
            ("selector: {}, ", &["spec.selector invalid-value"]),
            ("selector: {matchLabels: {app: b}}, ", &["spec.template.metadata.labels invalid-value"]),
            (
                "selector: {matchExpressions: [{key: app, operator: Is}]}, ",
                &["spec.selector invalid-value", "spec.selector.matchExpressions[0].operator invalid-value"],
            ),
        ],
    );
}

#[test]
fn deployments_and_daemon_sets() {
    let deployment = |more: &str| {
        list_findings(&workload("apps/v1", "Deployment", &format!("{{{SELECTOR}, {TEMPLATE}, {more}}}")))
    };
    check(
        deployment,
        &[
            ("strategy: {type: Recreate}", &[]),
            ("strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}", &[]),
            (
                "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}",
                &["spec.strategy.rollingUpdate.maxUnavailable invalid-value"],
            ),
            (
                "strategy: {rollingUpdate: {maxUnavailable: 101%}}",
                &["spec.strategy.rollingUpdate.maxUnavailable invalid-value"],
            ),
            // The deadline is 600 by default.
            ("minReadySeconds: 600", &["spec.progressDeadlineSeconds invalid-value"]),
        ],
    );
    let daemons = |more: &str| {
        list_findings(&workload("apps/v1", "DaemonSet", &format!("{{{SELECTOR}, {TEMPLATE}, {more}}}")))
    };
    check(
        daemons,
        &[
            ("updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", &[]),
            (
                "updateStrategy: {rollingUpdate: {maxSurge: 1}}",
                &["spec.updateStrategy.rollingUpdate.maxSurge invalid-value"],
            ),
            (
                "updateStrategy: {rollingUpdate: {maxUnavailable: 0}}",
                &["spec.updateStrategy.rollingUpdate.maxUnavailable required"],
            ),
        ],
    );
}

#[test]
fn jobs() {
    let job =
        |more: &str| list_findings(&workload("batch/v1", "Job", &format!("{{{JOB_TEMPLATE}, {more}}}")));
    check(
        job,
        &[
            ("completions: 3", &[]),
            // Without either number, both are 1.
            ("completionMode: Indexed", &[]),
            ("completionMode: Indexed, parallelism: 2", &["spec.completions required"]),
            ("completionMode: Indexed, completions: 100001, parallelism: 10000", &[]),
            ("completionMode: Indexed, completions: 100001, parallelism: 10001", &["spec warning"]),
            ("backoffLimitPerIndex: 1", &["spec.backoffLimitPerIndex invalid-value"]),
            (
                "selector: {matchLabels: {app: a}}",
                &["spec.selector invalid-value", "spec.template.metadata.labels invalid-value"],
            ),
            (
                "manualSelector: true",
                &["spec.selector required", "spec.template.metadata.labels invalid-value"],
            ),
            (
                "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [2, 0]}}]}",
                &[
                    "spec.podFailurePolicy.rules[0].onExitCodes.values invalid-value",
                    "spec.podFailurePolicy.rules[0].onExitCodes.values[1] invalid-value",
                ],
            ),
        ],
    );
    let labelled = JOB_TEMPLATE.replace("{spec", "{metadata: {labels: {job-name: b}}, spec");
    assert_eq!(
        list_findings(&workload("batch/v1", "Job", &format!("{{{labelled}}}"))),
        ["spec.template.metadata.labels[job-name] invalid-value"]
    );
}

#[test]
fn cron_jobs() {
    let cron = |more: &str| {
        list_findings(&workload(
            "batch/v1",
            "CronJob",
            &format!("{{{more}, jobTemplate: {{spec: {{{JOB_TEMPLATE}}}}}}}"),
        ))
    };
    check(
        cron,
        &[
            ("schedule: '@daily', timeZone: Europe/Berlin", &[]),
            ("timeZone: UTC", &["spec.schedule required"]),
            ("schedule: '60 * * * *'", &["spec.schedule invalid-value"]),
            ("schedule: '@daily', timeZone: Europe/Munich", &["spec.timeZone invalid-value"]),
            ("schedule: '@daily', concurrencyPolicy: Queue", &["spec.concurrencyPolicy unsupported-value"]),
        ],
    );
}
