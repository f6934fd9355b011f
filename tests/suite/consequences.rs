//! What happens to an object because of what happens to others.

use crate::support::objects;
use plimsoll::diff::{self, Cause, Change, EffectKind, ObjectPlan, Options, Plan, Verdict};

fn plan(old: &str, new: &str) -> Plan {
    diff::compare(&objects(old), &objects(new), &Options::default())
}

fn named<'p>(plan: &'p Plan, kind: &str, name: &str) -> &'p ObjectPlan {
    let found = plan.objects.iter().find(|found| found.object.kind == kind && found.object.name == name);
    found.expect("it is in the plan")
}

/// The effects of one kind on an object.
fn effects<'p>(plan: &'p Plan, kind: &str, name: &str, effect: EffectKind) -> Vec<&'p str> {
    let effects = named(plan, kind, name).effects.iter().filter(|found| found.kind == effect);
    effects.map(|found| found.detail.as_str()).collect()
}

fn traffic<'p>(plan: &'p Plan, service: &str) -> Vec<&'p str> {
    effects(plan, "Service", service, EffectKind::Traffic)
}

/// The manifests as one stream.
fn stream(manifests: &[String]) -> String {
    manifests.join("---\n")
}

fn service(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

/// A workload of `apps/v1`: its labels, and further fields of its spec.
fn workload(kind: &str, name: &str, selector: &str, labels: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{{selector}}}}}\n  \
         template:\n    metadata: {{labels: {{{labels}}}}}\n    spec: {{containers: [{{name: app, image: app:1}}]}}\n{spec}"
    )
}

fn set(labels: &str, spec: &str) -> String {
    workload("StatefulSet", "db", "app: db", labels, &format!("  serviceName: nodes\n{spec}"))
}

const NONE: &str = "no pod has the labels of its selector any more: the Service has no endpoints";

#[test]
fn a_service_that_follows_a_refused_selector_has_no_endpoints() {
    let release = |label: &str| {
        let db = workload(
            "StatefulSet",
            "db",
            &format!("app: {label}"),
            &format!("app: {label}"),
            "  serviceName: nodes\n",
        );
        stream(&[
            service("nodes", &format!("clusterIP: None, ports: [{{port: 1}}], selector: {{app: {label}}}")),
            service("db", &format!("ports: [{{port: 1}}], selector: {{app: {label}}}")),
            db,
        ])
    };
    let plan = plan(&release("db"), &release("postgres"));
    assert_eq!(named(&plan, "StatefulSet", "db").verdict, Verdict::Rejected);
    for name in ["nodes", "db"] {
        assert_eq!(traffic(&plan, name), [format!("{NONE} until StatefulSet/db is replaced")], "{name}");
    }
}

#[test]
fn a_label_that_comes_with_the_rollout_is_missing_until_then() {
    let release = |selector: &str, labels: &str, spec: &str| {
        stream(&[
            service("db", &format!("ports: [{{port: 1}}], selector: {{{selector}}}")),
            set(labels, spec),
        ])
    };
    let old = release("app: db", "app: db", "  replicas: 3\n");
    for (selector, labels, spec, expected) in [
        // All in one: running pods do not have the new label yet.
        (
            "app: db, tier: data",
            "app: db, tier: data",
            "  replicas: 3\n",
            Some("no endpoints until the first restarted pod of StatefulSet/db is ready".to_owned()),
        ),
        ("app: db", "app: db, tier: data", "  replicas: 3\n", None),
        ("app: db, tier: web", "app: db, tier: data", "  replicas: 3\n", Some(NONE.to_owned())),
        // No pod gets the new template by itself.
        (
            "app: db, tier: data",
            "app: db, tier: data",
            "  replicas: 3\n  updateStrategy: {rollingUpdate: {partition: 3}}\n",
            Some(NONE.to_owned()),
        ),
        (
            "app: db",
            "app: db",
            "  replicas: 0\n",
            Some("the Service has no endpoints any more: StatefulSet/db is scaled to 0".to_owned()),
        ),
        ("app: db", "app: db", "  replicas: 1\n", None),
    ] {
        let plan = plan(&old, &release(selector, labels, spec));
        assert_eq!(named(&plan, "StatefulSet", "db").verdict, Verdict::Accepted);
        let lost = traffic(&plan, "db").into_iter().filter(|detail| detail.contains("no endpoints"));
        assert_eq!(lost.collect::<Vec<_>>(), Vec::from_iter(expected), "{selector} {labels} {spec}");
        let moves = traffic(&plan, "db").iter().any(|detail| detail.contains("traffic moves at once"));
        assert!(!moves, "{selector} {labels} {spec}");
    }
}

#[test]
fn endpoints_are_lost_by_a_dropped_label_or_a_single_pod() {
    let release =
        |services: &[String], labels: &str, spec: &str| stream(&[services, &[set(labels, spec)]].concat());
    let tier = [service("data", "ports: [{port: 1}], selector: {tier: data}")];
    let dropped = plan(
        &release(&tier, "app: db, tier: data", "  replicas: 3\n"),
        &release(&tier, "app: db", "  replicas: 3\n"),
    );
    assert_eq!(traffic(&dropped, "data"), [format!("{NONE} when the rollout is complete")]);

    let pod = |ordinal: i64| {
        let label = format!("statefulset.kubernetes.io/pod-name: db-{ordinal}");
        service(&format!("db-{ordinal}"), &format!("ports: [{{port: 1}}], selector: {{{label}}}"))
    };
    let each = [pod(0), pod(1), pod(2)];
    let scaled =
        plan(&release(&each, "app: db", "  replicas: 3\n"), &release(&each, "app: db", "  replicas: 2\n"));
    assert_eq!(traffic(&scaled, "db-2"), [NONE]);
    assert_eq!(traffic(&scaled, "db-1"), [""; 0]);
}

#[test]
fn a_service_keeps_the_pods_of_what_left_the_manifests() {
    let db = service("db", "ports: [{port: 1}], selector: {app: db}");
    let plan = plan(&stream(&[db.clone(), set("app: db", "")]), &db);
    assert_eq!(traffic(&plan, "db"), [""; 0]);
    assert!(plan.objects.iter().any(|object| object.change == Change::Removed));
}

fn budget(limit: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: db}}\nspec: {{{limit}, selector: {{matchLabels: {{app: db}}}}}}\n"
    )
}

#[test]
fn a_budget_that_comes_to_allow_no_eviction_is_named() {
    let release = |limit: &str, replicas: i64| {
        stream(&[budget(limit), set("app: db", &format!("  replicas: {replicas}\n"))])
    };
    for (old, new, limit) in [
        (("maxUnavailable: 1", 3), ("maxUnavailable: 0", 3), Some("maxUnavailable 0 of 3")),
        (("maxUnavailable: 1", 3), ("minAvailable: 3", 3), Some("minAvailable 3 of 3")),
        // A share is rounded up, whichever of the two it limits.
        (("maxUnavailable: 1", 3), ("minAvailable: 67%", 3), Some("minAvailable 67% of 3, which is 3")),
        (("maxUnavailable: 1", 3), ("minAvailable: 66%", 3), None),
        (("maxUnavailable: 1", 3), ("maxUnavailable: 1%", 3), None),
        // Only the workload changes.
        (("minAvailable: 2", 3), ("minAvailable: 2", 2), Some("minAvailable 2 of 2")),
        (("minAvailable: 2", 3), ("minAvailable: 2", 0), None),
        // It is no news.
        (("minAvailable: 3", 3), ("minAvailable: 4", 3), None),
        (("maxUnavailable: 0", 3), ("maxUnavailable: 0", 3), None),
    ] {
        let plan = plan(&release(old.0, old.1), &release(new.0, new.1));
        let expected = limit.map(|limit| {
            format!("no pod of StatefulSet/db may be evicted ({limit}): `kubectl drain` of their nodes waits")
        });
        let found = effects(&plan, "PodDisruptionBudget", "db", EffectKind::MayHang);
        assert_eq!(found, Vec::from_iter(expected), "{old:?} {new:?}");
    }
}

fn scaler(most: i64) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: grow}}\nspec: {{maxReplicas: {most}, \
         scaleTargetRef: {{apiVersion: apps/v1, kind: StatefulSet, name: db}}}}\n"
    )
}

#[test]
fn a_budget_counts_the_pods_that_an_autoscaler_may_add() {
    let release =
        |most| stream(&[budget("minAvailable: 2"), set("app: db", "  replicas: 2\n"), scaler(most)]);
    let found = |most| {
        let plan = plan("", &release(most));
        effects(&plan, "PodDisruptionBudget", "db", EffectKind::MayHang).len()
    };
    assert_eq!((found(2), found(5)), (1, 0));
}

#[test]
fn replicas_beside_an_autoscaler_are_named_when_the_workload_changes() {
    let release =
        |replicas: &str, rest: &str| stream(&[set("app: db", &format!("{replicas}{rest}")), scaler(5)]);
    let says = |old: &str, new: &str| {
        let plan = plan(old, new);
        let found = effects(&plan, "StatefulSet", "db", EffectKind::None);
        found.iter().any(|detail| {
            *detail
                == "each apply resets the replicas to 3, and the HorizontalPodAutoscaler `grow` sets them as well: leave `replicas` out"
        })
    };
    let (written, left_out) = (release("  replicas: 3\n", ""), release("", ""));
    let changed = release("  replicas: 3\n", "  minReadySeconds: 5\n");
    assert!(says("", &written) && says(&written, &changed) && says(&left_out, &written));
    assert!(!says(&written, &written) && !says(&written, &left_out));
    assert!(plan(&written, &written).is_empty());
}

#[test]
fn a_governing_service_with_an_address_gives_no_names() {
    let set =
        |name: &str| workload("StatefulSet", "db", "app: db", "app: db", &format!("  serviceName: {name}\n"));
    let services = [
        service("nodes", "clusterIP: None, ports: [{port: 1}], selector: {app: db}"),
        service("db", "ports: [{port: 1}], selector: {app: db}"),
    ];
    let release = |name: &str| stream(&[&services[..], &[set(name)]].concat());
    let found = |old: &str, new: &str| {
        let plan = plan(old, new);
        effects(&plan, "StatefulSet", "db", EffectKind::Traffic).len()
    };
    let named = plan("", &release("db"));
    assert_eq!(
        effects(&named, "StatefulSet", "db", EffectKind::Traffic),
        ["serviceName names the Service `db`, which is not headless: the pods get no DNS names of their own"]
    );
    assert_eq!(found(&release("nodes"), &release("db")), 1);
    assert_eq!(found("", &release("nodes")), 0);
    assert_eq!(found(&release("db"), &release("db").replace("app:1", "app:2")), 0);
}

fn node_port(name: &str, ports: &str) -> String {
    service(name, &format!("type: NodePort, selector: {{app: db}}, ports: [{ports}]"))
}

/// The reasons for which a Service is refused, as `kubectl` shows them.
fn reasons(plan: &Plan, name: &str) -> Vec<String> {
    let reasons = &named(plan, "Service", name).reasons;
    assert!(reasons.iter().all(|reason| reason.cause == Cause::Allocated), "{reasons:?}");
    reasons.iter().map(|reason| format!("{}: {}", reason.path, reason.message)).collect()
}

#[test]
fn a_renamed_service_cannot_have_the_node_port_of_the_old_one() {
    let plan = plan(
        &node_port("db", "{port: 80, nodePort: 30080}"),
        &node_port("shop", "{port: 80, nodePort: 30080}"),
    );
    let shop = named(&plan, "Service", "shop");
    assert_eq!(shop.verdict, Verdict::Rejected);
    assert_eq!(
        reasons(&plan, "shop"),
        ["spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"]
    );
    let lines: Vec<String> = shop.remediation.iter().map(ToString::to_string).collect();
    assert!(lines.contains(&"kubectl delete service db -n default".to_owned()), "{lines:?}");
    assert_eq!(plan.exit_code(&[]), 3);
}

#[test]
fn a_node_port_is_free_once_its_service_has_given_it_back() {
    let (a, b) = ("{port: 1, nodePort: 30001}", "{port: 1, nodePort: 30002}");
    let refused = |old: &[String], new: &[String]| -> Vec<String> {
        let plan = plan(&stream(old), &stream(new));
        let refused = plan.objects.iter().filter(|object| object.verdict == Verdict::Rejected);
        refused.map(|object| object.object.name.clone()).collect()
    };
    let old = [node_port("one", a)];
    // In the order of the manifests.
    assert_eq!(refused(&old, &[node_port("one", b), node_port("two", a)]), [""; 0]);
    assert_eq!(refused(&old, &[node_port("two", a), node_port("one", b)]), ["two"]);
    assert_eq!(refused(&old, &[service("one", "ports: [{port: 1}]"), node_port("two", a)]), [""; 0]);
    // The server keeps a port that is no longer written.
    assert_eq!(refused(&old, &[node_port("one", "{port: 1}"), node_port("two", a)]), ["two"]);
    // A swap is refused on both sides.
    let both = [node_port("one", a), node_port("two", b)];
    assert_eq!(refused(&both, &[node_port("one", b), node_port("two", a)]), ["one", "two"]);
    // One Service may serve two protocols on one port.
    let twice = "{name: a, port: 1, nodePort: 30001}, {name: b, protocol: UDP, port: 1, nodePort: 30001}";
    assert_eq!(refused(&[], &[node_port("one", twice)]), [""; 0]);
    // By number, whatever the protocol.
    assert_eq!(refused(&old, &[node_port("two", "{port: 1, protocol: UDP, nodePort: 30001}")]), ["two"]);
    // Node ports are those of the whole cluster.
    let elsewhere = node_port("two", a).replace("name: two", "name: two, namespace: other");
    assert_eq!(refused(&old, &[old[0].clone(), elsewhere]), ["two"]);
}

#[test]
fn a_cluster_ip_belongs_to_one_service() {
    let at =
        |name: &str, address: &str| service(name, &format!("clusterIP: {address}, ports: [{{port: 1}}]"));
    let plan = |address| plan(&at("db", address), &at("shop", address));
    let taken = plan("10.96.0.20");
    assert_eq!(
        reasons(&taken, "shop"),
        [
            r#"spec.clusterIPs: Invalid value: ["10.96.0.20"]: failed to allocate IP 10.96.0.20: provided IP is already allocated"#
        ]
    );
    assert_eq!(named(&plan("None"), "Service", "shop").verdict, Verdict::Accepted);
}

fn with_resources(resources: &str, replicas: u8) -> String {
    workload("Deployment", "web", "app: web", "app: web", &format!("  replicas: {replicas}\n"))
        .replace("image: app:1", &format!("image: app:1, resources: {{{resources}}}"))
}

#[test]
fn pods_that_a_limit_range_or_a_quota_refuses_are_named() {
    let object = |kind: &str, name: &str, spec: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n")
    };
    let hangs = |around: &[String], workload: &str| -> Vec<String> {
        let new = stream(&[around, &[workload.to_owned()]].concat());
        let plan = plan(&stream(around), &new);
        effects(&plan, "Deployment", "web", EffectKind::MayHang).into_iter().map(str::to_owned).collect()
    };
    let range =
        object("LimitRange", "sizes", "{limits: [{type: Container, max: {memory: 1Gi}, min: {cpu: 100m}}]}");
    assert_eq!(
        hangs(
            std::slice::from_ref(&range),
            &with_resources("limits: {memory: 2Gi}, requests: {cpu: 50m}", 1)
        ),
        [
            "LimitRange/sizes allows at most 1Gi of memory for a container, so the pods are refused (app)",
            "LimitRange/sizes allows at least 100m of cpu for a container, so the pods are refused (app)",
        ]
    );
    assert!(hangs(std::slice::from_ref(&range), &with_resources("limits: {memory: 1Gi}", 1)).is_empty());
    let quota = object("ResourceQuota", "team", "{hard: {requests.memory: 4Gi, pods: 3}}");
    assert_eq!(
        hangs(std::slice::from_ref(&quota), &with_resources("", 1)),
        [
            "ResourceQuota/team counts requests.memory, so pods with a container that does not set it are refused (app)"
        ]
    );
    // A default of the namespace, or a limit, sets it.
    assert!(hangs(&[range, quota.clone()], &with_resources("", 1)).is_empty());
    assert!(hangs(std::slice::from_ref(&quota), &with_resources("limits: {memory: 1Gi}", 3)).is_empty());
    let above = hangs(std::slice::from_ref(&quota), &with_resources("requests: {memory: 2Gi}", 4));
    assert_eq!(
        above,
        [
            "ResourceQuota/team allows requests.memory: 4Gi, and the workloads of the namespace need more: some of the pods are refused",
            "ResourceQuota/team allows pods: 3, and the workloads of the namespace need more: some of the pods are refused",
        ]
    );
    // A workload that starts no pods is asked for nothing, and another namespace has another quota.
    let same = stream(&[quota.clone(), with_resources("", 1)]);
    assert!(effects(&plan(&same, &same), "Deployment", "web", EffectKind::MayHang).is_empty());
    assert!(
        hangs(&[quota.replace("name: team", "name: team, namespace: other")], &with_resources("", 1))
            .is_empty()
    );
}
