//! What plans say about changes that are made every day, and are easily judged wrong.

use crate::support::objects;
use plimsoll::diff::render::{self, Style};
use plimsoll::diff::{self, Driver, Options};
use plimsoll::k8s::Version;

const SET: &str = r"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - {name: db, image: 'db:1', ports: [{name: p, containerPort: 8301}], env: [{name: A, value: x}], resources: {requests: {cpu: 500m, memory: 2Gi}}, volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

/// The workload without claims, as another kind.
fn workload(kind: &str) -> String {
    let (start, _) = SET.split_once("  volumeClaimTemplates").unwrap();
    let text = start
        .replace("StatefulSet", kind)
        .replace("  serviceName: db\n", "")
        .replace(", volumeMounts: [{name: data, mountPath: /data}]", "");
    if kind == "DaemonSet" { text.replace("  replicas: 3\n", "") } else { text }
}

fn service(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

fn object(api_version: &str, kind: &str, metadata: &str, rest: &str) -> String {
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x{metadata}}}\n{rest}\n")
}

/// A change and what the plan has to say: the exit code, and texts that are in it, or, after `!`, are not.
struct Row(&'static str, String, String, u8, &'static [&'static str]);

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(lists());
    rows.extend(spellings());
    rows.extend(rollouts());
    rows.extend(kept_fields());
    rows
}

/// Lists whose items share the key by which `kubectl apply` merges them, and errors of spelling.
fn lists() -> Vec<Row> {
    let (t, u) = ("{name: t, port: 443, protocol: TCP}", "{name: u, port: 443, protocol: UDP}");
    let z = "{name: z, port: 80}";
    let ports = |ports: &[&str]| service("s", &format!("selector: {{a: b}}, ports: [{}]", ports.join(", ")));
    let deployment = workload("Deployment");
    let of_pod = |from: &str, to: &str| deployment.replace(from, to);
    let (one, two) = ("env: [{name: A, value: x}", "env: [{name: A, value: x}, {name: A, value: z}");
    let aliases =
        |aliases: &str| of_pod("    spec:\n", &format!("    spec:\n      hostAliases: [{aliases}]\n"));
    let same_ip = "{ip: 1.1.1.1, hostnames: [a]}, {ip: 1.1.1.1, hostnames: [b]}";
    let quoted = |from: &str, to: &str| (deployment.clone(), of_pod(from, to));
    let mut rows = vec![
        Row(
            "one of two ports of a number leaves",
            ports(&[t, u]),
            ports(&[t]),
            3,
            &["spec.ports: Required value", "--server-side"],
        ),
        Row(
            "the same beside another port",
            ports(&[t, u, z]),
            ports(&[t, z]),
            1,
            &["- spec.ports[443/TCP]", "- spec.ports[443/UDP]", "ignored"],
        ),
        Row(
            "the two are swapped",
            ports(&[t, u]),
            ports(&[u, t]),
            3,
            &["spec.ports[1].name: Duplicate value: \"u\""],
        ),
        Row("a second port of a number comes", ports(&[t]), ports(&[t, u]), 1, &["ignored `spec.ports`"]),
        Row(
            "a port of another number comes",
            ports(&[t]),
            ports(&[t, z]),
            1,
            &["+ spec.ports[80/TCP]", "!ignored"],
        ),
        Row(
            "a second protocol of a container port",
            deployment.clone(),
            of_pod(
                "containerPort: 8301}",
                "containerPort: 8301}, {name: q, containerPort: 8301, protocol: UDP}",
            ),
            1,
            &["- spec.template.spec.containers[db].ports[8301/TCP]", "rolling-restart"],
        ),
        Row(
            "one of two variables of a name leaves",
            of_pod(one, two),
            deployment.clone(),
            1,
            &["env", "rolling-restart", "ignored"],
        ),
        Row(
            "the other one leaves",
            of_pod(one, two),
            of_pod("value: x", "value: z"),
            1,
            &["rolling-restart", "ignored"],
        ),
        Row(
            "one of two aliases of an address leaves",
            aliases(same_ip),
            aliases("{ip: 1.1.1.1, hostnames: [a]}"),
            1,
            &["- spec.template.spec.hostAliases", "ignored"],
        ),
    ];
    for (about, (old, new), text) in [
        (
            "a quoted container port",
            quoted("8301", "\"8301\""),
            "ports[0].containerPort: expected an integer, found a string",
        ),
        (
            "quoted replicas",
            quoted("replicas: 3", "replicas: \"3\""),
            "spec.replicas: expected an integer, found a string",
        ),
        (
            "a number as a variable",
            quoted("value: x", "value: 1"),
            "env[0].value: expected a string, found an integer",
        ),
        (
            "an unknown field of a container",
            quoted("resources:", "resource: {}, resources:"),
            "unknown field `spec.template.spec.containers[0].resource`",
        ),
        (
            "an unknown field of a probe",
            quoted("resources:", "readinessProbe: {httpGet: {port: 1, foo: ''}}, resources:"),
            "readinessProbe.httpGet.foo",
        ),
        (
            "an unknown empty list",
            quoted("    spec:\n", "    spec:\n      tolerationss: []\n"),
            "unknown field `spec.template.spec.tolerationss`",
        ),
        (
            "no unit of cpu",
            quoted("500m", "500x"),
            "resources.requests.cpu: \"500x\" is not a valid quantity",
        ),
        (
            "no unit of memory",
            quoted("2Gi", "2gb"),
            "resources.requests.memory: \"2gb\" is not a valid quantity",
        ),
        (
            "a strategy with limits of another",
            quoted("  replicas: 3", "  strategy: {type: Recreate, rollingUpdate: {maxSurge: 2}}"),
            "spec.strategy.rollingUpdate",
        ),
    ] {
        rows.push(Row(about, old, new, 3, &["# fix the manifest first", "!kubectl delete"]));
        let reason = rows.last().unwrap();
        assert!(text_of(reason, &Options::default()).contains(text), "{about}: {text}");
    }
    let plain = service("s", "ports: [{port: 80}]");
    rows.extend([
        Row(
            "a quoted boolean",
            plain.clone(),
            service("s", "publishNotReadyAddresses: \"true\", ports: [{port: 80}]"),
            3,
            &["expected a boolean", "# fix the manifest first"],
        ),
        Row(
            "a quoted port",
            plain.clone(),
            service("s", "ports: [{port: \"80\"}]"),
            3,
            &["spec.ports[0].port: expected an integer"],
        ),
        Row(
            "a target port that is no name",
            plain.clone(),
            service("s", "ports: [{port: 80, targetPort: \"8080\"}]"),
            3,
            &["spec.ports[0].targetPort"],
        ),
        Row(
            "a number as a label",
            plain.clone(),
            plain.replace("name: s", "name: s, labels: {v: 1}"),
            3,
            &["metadata.labels.v: expected a string"],
        ),
        Row(
            "an unknown field of the metadata",
            plain.clone(),
            plain.replace("name: s", "name: s, label: {a: b}"),
            3,
            &["unknown field `metadata.label`"],
        ),
        Row(
            "a typing error is corrected",
            SET.replace("replicas: 3", "replica: 4"),
            SET.to_owned(),
            1,
            &["~ spec.replicas: 1 -> 3", "1 -> 3 replicas"],
        ),
        Row(
            "a volume of negative size",
            SET.to_owned(),
            SET.replace("1Gi", "-1Gi"),
            3,
            &["# fix the manifest first", "!shrinks", "!kubectl delete"],
        ),
    ]);
    rows
}

/// What is written otherwise and means the same, or nearly.
fn spellings() -> Vec<Row> {
    let deployment = workload("Deployment");
    let with = |from: &str, to: &str| deployment.replace(from, to);
    let same =
        |about, old: &str, new: &str| Row(about, old.to_owned(), new.to_owned(), 0, &["no difference"]);
    let secret = |data: &str| object("v1", "Secret", "", data);
    let config = |metadata: &str| object("v1", "ConfigMap", metadata, "");
    vec![
        same("memory in mebibytes", &deployment, &with("2Gi", "2048Mi")),
        same("cpu as a fraction", &deployment, &with("500m", "0.5")),
        same("cpu as a fraction in quotes", &deployment, &with("500m", "\"0.5\"")),
        same("cpu in milli", &with("500m", "1"), &with("500m", "1000m")),
        same("a fraction of gibibytes", &with("2Gi", "1.5Gi"), &with("2Gi", "1536Mi")),
        same(
            "a default that is written out",
            &deployment,
            &with("resources:", "imagePullPolicy: IfNotPresent, resources:"),
        ),
        same("a claim template's size", SET, &SET.replace("1Gi", "1024Mi")),
        same(
            "empty labels of a claim template",
            SET,
            &SET.replace("{name: data}\n", "{name: data, labels: {}}\n"),
        ),
        same("a null label", &config(""), &config(", labels: {a: null}")),
        same(
            "a null annotation of a pod",
            &deployment,
            &with("metadata: {labels", "metadata: {annotations: {a: null}, labels"),
        ),
        Row(
            "a null annotation",
            config(""),
            config(", annotations: {a: null}"),
            1,
            &["+ metadata.annotations: {\"a\": \"\"}"],
        ),
        Row(
            "a null annotation beside another",
            config(", annotations: {b: c}"),
            config(", annotations: {b: c, a: null}"),
            1,
            &["metadata.annotations.a: \"\""],
        ),
        Row(
            "a time of creation in a claim template",
            SET.to_owned(),
            SET.replace("{name: data}\n", "{name: data, creationTimestamp: '2020-01-01T00:00:00Z'}\n"),
            3,
            &["updates to statefulset spec", "# keep the old value:"],
        ),
        Row(
            "a namespace in a claim template",
            SET.to_owned(),
            SET.replace("{name: data}\n", "{name: data, namespace: default}\n"),
            3,
            &["metadata.namespace", "--cascade=orphan"],
        ),
        same("stringData that becomes data", &secret("stringData: {u: a}"), &secret("data: {u: YQ==}")),
        same("data that becomes stringData", &secret("data: {u: YQ==}"), &secret("stringData: {u: a}")),
        Row(
            "stringData of another value",
            secret("stringData: {u: a}"),
            secret("stringData: {u: b}"),
            1,
            &["~ data.u: (secret) -> (secret, changed)"],
        ),
        Row(
            "a key leaves stringData",
            secret("stringData: {u: a, v: b}"),
            secret("stringData: {u: a}"),
            1,
            &["ignored `data.v` stays"],
        ),
        Row(
            "a key is renamed in stringData",
            secret("stringData: {u: a}"),
            secret("stringData: {w: a}"),
            1,
            &["+ data.w", "ignored `data.u` stays"],
        ),
        Row(
            "a key leaves data",
            secret("data: {u: YQ==, v: YQ==}"),
            secret("data: {u: YQ==}"),
            1,
            &["- data.v: (secret)", "!ignored"],
        ),
    ]
}

/// Which pods restart.
fn rollouts() -> Vec<Row> {
    let deployment = workload("Deployment");
    let set = |spec: &str| SET.replace("  replicas: 3\n", &format!("  {spec}\n"));
    let image = |text: &str| text.replace("db:1", "db:2");
    let partition = |replicas: i64, partition: i64| {
        set(&format!("replicas: {replicas}\n  updateStrategy: {{rollingUpdate: {{partition: {partition}}}}}"))
    };
    let daemons = |strategy: &str| {
        workload("DaemonSet")
            .replace("  template:", &format!("  updateStrategy: {{{strategy}}}\n  template:"))
    };
    let paused = deployment.replace("  replicas: 3", "  replicas: 3\n  paused: true");
    let started = |replicas: i64, start: i64, partition: i64| {
        set(&format!(
            "replicas: {replicas}\n  ordinals: {{start: {start}}}\n  updateStrategy: {{rollingUpdate: {{partition: {partition}}}}}"
        ))
    };
    vec![
        Row(
            "a partition above all pods",
            partition(3, 3),
            image(&partition(3, 3)),
            1,
            &["no pods restart: partition 3", "!rolling-restart"],
        ),
        Row(
            "a partition far above",
            partition(3, 100),
            image(&partition(3, 100)),
            1,
            &["no pods restart", "!rolling-restart"],
        ),
        Row(
            "a partition counts from the first ordinal",
            started(3, 5, 2),
            image(&started(3, 5, 2)),
            1,
            &["rolling-restart db-7:", "leaves db-5, db-6 alone"],
        ),
        Row(
            "a partition is lowered",
            partition(3, 3),
            partition(3, 1),
            1,
            &["unless an earlier rollout was held back"],
        ),
        Row(
            "pods come on both sides of a partition",
            partition(3, 5),
            image(&partition(6, 5)),
            1,
            &["db-3, db-4 with the old template, db-5 with the new one", "!rolling-restart"],
        ),
        Row(
            "pods come above a partition",
            partition(2, 1),
            image(&partition(4, 1)),
            1,
            &["rolling-restart db-1:", "leaves db-0 alone", "scale-up db-2, db-3", "!with the old template"],
        ),
        Row(
            "pods come below a partition with other ordinals",
            started(3, 5, 9),
            image(&started(4, 5, 9)),
            1,
            &["below partition 9: db-8 with the old template"],
        ),
        Row(
            "a paused Deployment",
            paused.clone(),
            image(&paused),
            1,
            &["the Deployment is paused", "!rolling-restart"],
        ),
        Row(
            "a DaemonSet that waits for deletions",
            daemons("type: OnDelete"),
            image(&daemons("type: OnDelete")),
            1,
            &["no pods restart by themselves", "each node's pod gets the new template when you delete it"],
        ),
        Row(
            "the strategy of a DaemonSet",
            workload("DaemonSet"),
            daemons("type: OnDelete"),
            1,
            &["no pods restart", "!rejected"],
        ),
        Row(
            "the strategy of a StatefulSet, written",
            set("replicas: 3\n  updateStrategy: {type: RollingUpdate}"),
            set("replicas: 3\n  updateStrategy: {type: OnDelete}"),
            1,
            &["!rejected"],
        ),
        Row(
            "the strategy of a StatefulSet, not written",
            SET.to_owned(),
            set("replicas: 3\n  updateStrategy: {type: OnDelete}"),
            3,
            &["\"rollingUpdate\":null", "!kubectl delete"],
        ),
        Row(
            "the strategy of a Deployment",
            deployment.clone(),
            deployment.replace("  replicas: 3", "  replicas: 3\n  strategy: {type: Recreate}"),
            1,
            &["no pods restart", "!rejected"],
        ),
    ]
}

/// What the server keeps, and what others have.
fn kept_fields() -> Vec<Row> {
    let claim = |source: &str| {
        object(
            "v1",
            "PersistentVolumeClaim",
            "",
            &format!(
                "spec: {{accessModes: [ReadWriteOnce], {source}resources: {{requests: {{storage: 1Gi}}}}}}"
            ),
        )
    };
    let (source, reference) = (
        "dataSource: {kind: PersistentVolumeClaim, name: src}, ",
        "dataSourceRef: {kind: PersistentVolumeClaim, name: src}, ",
    );
    let ingress = |annotations: &str, class: &str| {
        object(
            "networking.k8s.io/v1",
            "Ingress",
            annotations,
            &format!("spec: {{{class}defaultBackend: {{service: {{name: a, port: {{number: 80}}}}}}}}"),
        )
    };
    let annotated = ", annotations: {kubernetes.io/ingress.class: nginx}";
    let port = |name: &str, port: u32, kind: &str| {
        service(
            name,
            &format!("type: {kind}, selector: {{a: {name}}}, ports: [{{port: 80, nodePort: {port}}}]"),
        )
    };
    let both = |one: String, other: String| format!("{one}---\n{other}");
    vec![
        Row(
            "the source of a claim is written the other way",
            claim(source),
            claim(reference),
            0,
            &["no difference"],
        ),
        Row(
            "the source is written both ways",
            claim(source),
            claim(&format!("{source}{reference}")),
            0,
            &["no difference"],
        ),
        Row("the source is dropped", claim(source), claim(""), 1, &["stays as it is", "!rejected"]),
        Row(
            "a source comes",
            claim(""),
            claim(source),
            3,
            &["spec is immutable", "# by hand: copy the data"],
        ),
        Row(
            "a class beside its annotation",
            ingress(annotated, ""),
            ingress(annotated, "ingressClassName: other, "),
            1,
            &["+ spec.ingressClassName: other", "!rejected"],
        ),
        Row(
            "a class in place of its annotation",
            ingress(annotated, ""),
            ingress("", "ingressClassName: nginx, "),
            1,
            &["- metadata.annotations", "!rejected"],
        ),
        Row(
            "another class",
            ingress("", "ingressClassName: a, "),
            ingress("", "ingressClassName: b, "),
            1,
            &["requests are routed differently"],
        ),
        Row(
            "a renamed Service with its node port",
            port("a", 30001, "NodePort"),
            port("c", 30001, "NodePort"),
            3,
            &["provided port is already allocated", "kubectl delete service a"],
        ),
        Row(
            "a renamed Service of another type",
            port("a", 30001, "NodePort"),
            port("c", 30001, "LoadBalancer"),
            3,
            &["provided port is already allocated"],
        ),
        Row(
            "two Services swap their node ports",
            both(port("a", 30001, "NodePort"), port("b", 30002, "NodePort")),
            both(port("a", 30002, "NodePort"), port("b", 30001, "NodePort")),
            3,
            &["Service/b still has it", "Service/a still has it", "!kubectl delete"],
        ),
    ]
}

fn text_of(row: &Row, options: &Options) -> String {
    render::plan(&diff::compare(&objects(&row.1), &objects(&row.2), options), Style::Plain)
}

#[test]
fn plans_of_everyday_changes_are_right() {
    let mut wrong = Vec::new();
    for row in rows() {
        let Row(about, old, new, code, texts) = &row;
        let plan = diff::compare(&objects(old), &objects(new), &Options::default());
        let shown = render::plan(&plan, Style::Plain);
        let found = plan.exit_code(&[]);
        let fails = |text: &&&str| match text.strip_prefix('!') {
            Some(absent) => shown.contains(absent),
            None => !shown.contains(**text),
        };
        let missing: Vec<_> = texts.iter().filter(fails).collect();
        if found != *code || !missing.is_empty() {
            wrong.push(format!("{about}: {found} rather than {code}, {missing:?}\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_version_decides_whether_a_field_counts() {
    let set = |limit: &str| {
        SET.replace(
            "  replicas: 3\n",
            &format!("  replicas: 3\n  updateStrategy: {{rollingUpdate: {{maxUnavailable: {limit}}}}}\n"),
        )
    };
    let plan = |version: &str, old: String, new: String| {
        let options = Options { version: version.parse::<Version>().unwrap(), ..Options::default() };
        text_of(&Row("", old, new, 0, &[]), &options)
    };
    for (limit, in_1_36, in_1_37) in [
        ("0", "is dropped unread", "rejected spec.updateStrategy.rollingUpdate.maxUnavailable"),
        ("0%", "is dropped unread", "rejected spec.updateStrategy.rollingUpdate.maxUnavailable"),
        ("2", "is dropped unread", "~ spec.updateStrategy.rollingUpdate.maxUnavailable: 1 -> 2"),
    ] {
        assert!(plan("1.36", SET.to_owned(), set(limit)).contains(in_1_36), "{limit}");
        assert!(plan("1.37", SET.to_owned(), set(limit)).contains(in_1_37), "{limit}");
    }
    let rolled = plan("1.37", set("2"), set("2").replace("db:1", "db:2"));
    assert!(rolled.contains("restart with at most 2 unavailable at a time"), "{rolled}");
}

#[test]
fn budgets_that_block_are_named() {
    let budget = |limit: &str| {
        object(
            "policy/v1",
            "PodDisruptionBudget",
            "",
            &format!("spec: {{{limit}, selector: {{matchLabels: {{app: db}}}}}}"),
        )
    };
    for (limit, blocks) in [
        ("maxUnavailable: 0", true),
        ("maxUnavailable: 0%", true),
        // Rounded up: one.
        ("maxUnavailable: 1%", false),
        ("minAvailable: 3", true),
        ("minAvailable: 4", true),
        ("minAvailable: 2", false),
        ("minAvailable: 67%", true),
        ("minAvailable: 66%", false),
        ("minAvailable: 100%", true),
    ] {
        let release = |limit: &str| format!("{SET}---\n{}", budget(limit));
        let plan =
            text_of(&Row("", release("maxUnavailable: 1"), release(limit), 0, &[]), &Options::default());
        assert_eq!(
            plan.contains("may-hang no pod of StatefulSet/db may be evicted"),
            blocks,
            "{limit}: {plan}"
        );
    }
    // The budget stays, and the workload shrinks.
    let release = |replicas: &str| {
        format!("{}---\n{}", SET.replace("replicas: 3", replicas), budget("minAvailable: 2"))
    };
    let shrunk =
        text_of(&Row("", release("replicas: 3"), release("replicas: 2"), 0, &[]), &Options::default());
    assert!(shrunk.contains("(minAvailable 2 of 2)"), "{shrunk}");
}

#[test]
fn what_is_kept_on_purpose_gets_no_command() {
    for kind in [
        SET.to_owned(),
        workload("Deployment"),
        object(
            "v1",
            "PersistentVolumeClaim",
            "",
            "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}",
        ),
    ] {
        let kept = kind.replacen(
            "metadata: {name: ",
            "metadata: {annotations: {helm.sh/resource-policy: keep}, name: ",
            1,
        );
        for driver in [Driver::Kubectl, Driver::Helm { force_conflicts: false }] {
            let options = Options { driver, ..Options::default() };
            let plan = text_of(&Row("", kept.clone(), String::new(), 0, &[]), &options);
            assert!(plan.contains("stays in the cluster: `helm.sh/resource-policy: keep`"), "{plan}");
            assert!(!plan.contains("kubectl delete") && !plan.contains("data-loss"), "{plan}");
        }
    }
}

/// An object as a cluster holds it: what was applied, and what others have made of it.
fn live(applied: &serde_json::Value, edit: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut object = applied.clone();
    object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
        applied.to_string().into();
    edit(&mut object);
    object.to_string()
}

/// Changes the spec of a pod template by something that is injected.
type Edit = fn(&mut serde_json::Value, serde_json::Value);

#[test]
fn what_others_add_to_live_objects_stays() {
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {}, "name": "c", "namespace": "default"},
        "data": {"a": "1"}
    });
    let set = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"annotations": {}, "name": "db", "namespace": "default"},
        "spec": {
            "serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{"name": "db", "image": "db:1", "env": [{"name": "A", "value": "x"}]}]}
            }
        }
    });
    let sidecar = serde_json::json!({"name": "proxy", "image": "mesh:1"});
    let plan = |live: &str, new: &serde_json::Value| {
        let options = Options { live: true, ..Options::default() };
        text_of(&Row("", live.to_owned(), new.to_string(), 0, &[]), &options)
    };
    let by_hand = |path: &'static str| {
        live(&config, |object| {
            object["metadata"][path]["team"] = "a".into();
        })
    };
    for path in ["annotations", "labels"] {
        assert!(plan(&by_hand(path), &config).starts_with("kubectl apply (client-side)"));
        assert!(plan(&by_hand(path), &config).contains("no difference"), "{}", plan(&by_hand(path), &config));
    }
    // A fix by hand that the manifest now follows is there already.
    let mut fixed = config.clone();
    fixed["data"]["a"] = "2".into();
    let by_hand = live(&config, |object| object["data"]["a"] = "2".into());
    assert!(plan(&by_hand, &fixed).contains("no difference"), "{}", plan(&by_hand, &fixed));
    // What was applied and is dropped is removed, beside what was set by hand.
    let mut before = config.clone();
    before["metadata"]["annotations"]["old"] = "b".into();
    let both = live(&before, |object| object["metadata"]["annotations"]["team"] = "a".into());
    let dropped = plan(&both, &config);
    assert!(dropped.contains("old") && !dropped.contains("team"), "{dropped}");
    let injections: [(&str, Edit); 4] = [
        ("in front", |pod, sidecar| pod["containers"].as_array_mut().unwrap().insert(0, sidecar)),
        ("at the end", |pod, sidecar| pod["containers"].as_array_mut().unwrap().push(sidecar)),
        ("as an init container", |pod, sidecar| pod["initContainers"] = vec![sidecar].into()),
        ("as a variable", |pod, _| {
            let env = pod["containers"][0]["env"].as_array_mut().unwrap();
            env.insert(0, serde_json::json!({"name": "INJECTED", "value": "1"}));
        }),
    ];
    for (about, inject) in injections {
        let running = live(&set, |object| inject(&mut object["spec"]["template"]["spec"], sidecar.clone()));
        let same = plan(&running, &set);
        assert!(same.contains("no difference"), "{about}: {same}");
        let mut new = set.clone();
        new["spec"]["template"]["spec"]["containers"][0]["image"] = "db:2".into();
        let changed = plan(&running, &new);
        assert!(
            changed.contains("~ spec.template.spec.containers[db].image: db:1 -> db:2"),
            "{about}: {changed}"
        );
        assert!(!changed.contains("proxy") && !changed.contains("INJECTED"), "{about}: {changed}");
        assert!(changed.contains("rolling-restart db-1, db-0"), "{about}: {changed}");
    }
}
