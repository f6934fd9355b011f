//! Comparison of meaning, consequences, formats.

use crate::support::objects;
use plimsoll::diag::Span;
use plimsoll::diff::render::{self, Style};
use plimsoll::diff::{
    self, Change, EffectKind, FailOn, Ignore, Instruction, ObjectPlan, Options, Plan, Verdict,
};
use plimsoll::k8s::{Version, defaults};
use plimsoll::rehearse;
use plimsoll::yaml::{Map, Node, Value};
use proptest::prelude::*;

fn plan(old: &str, new: &str) -> Plan {
    diff::compare(&objects(old), &objects(new), &Options::default())
}

fn only(plan: &Plan) -> &ObjectPlan {
    let notable: Vec<_> = plan.objects.iter().filter(|object| object.is_notable()).collect();
    assert_eq!(notable.len(), 1, "{}", render::plan(plan, Style::Plain));
    notable[0]
}

fn pods(object: &ObjectPlan, kind: EffectKind) -> Vec<&str> {
    let effect = object.effects.iter().find(|effect| effect.kind == kind);
    effect.map(|effect| effect.pods.iter().map(String::as_str).collect()).unwrap_or_default()
}

/// What to do about an object, as lines of a shell script.
fn lines(object: &ObjectPlan) -> Vec<String> {
    object.remediation.iter().map(ToString::to_string).collect()
}

/// Those of the lines that run something.
fn commands(object: &ObjectPlan) -> Vec<String> {
    lines(object).into_iter().filter(|line| !line.starts_with('#')).collect()
}

const SET: &str = r#"apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
  labels: {app: web, tier: data}
spec:
  serviceName: web
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web, helm.sh/chart: web-1.0.0}
    spec:
      containers:
        - name: app
          image: example.net/app:1.0
          ports:
            - {name: http, containerPort: 80}
            - {name: admin, containerPort: 81}
          env:
            - {name: A, value: "1"}
            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
          resources:
            requests: {cpu: "1", memory: 1Gi}
            limits: {cpu: 1500m, memory: 2Gi}
          readinessProbe:
            httpGet: {path: /ready, port: http}
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: scratch, mountPath: /scratch}
      volumes:
        - name: scratch
          emptyDir: {sizeLimit: 1Gi}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 10Gi}}
"#;

const OTHERS: &str = r#"---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: None
  selector: {app: web}
  ports:
    - {name: http, port: 80, targetPort: http}
    - {name: admin, port: 81, targetPort: 81}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: info, empty: ""}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hunter2}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: proxy}
spec:
  replicas: 2
  selector: {matchLabels: {app: proxy}}
  template:
    metadata: {labels: {app: proxy}}
    spec:
      containers:
        - name: proxy
          image: example.net/proxy:2
          resources: {requests: {cpu: 250m}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
  - {apiGroups: [""], resources: [pods, services], verbs: [get, list, watch]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - ports: [{port: 80}]
"#;

/// A small generator of decisions: the same seed makes the same spelling.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.roll(index + 1));
        }
    }
}

/// Spells a tree differently without changing what it means.
fn respell(node: &mut Node, stored: Option<&Node>, parent: &str, dice: &mut Dice) {
    match &mut node.value {
        Value::Map(map) => {
            // Defaults written out.
            for entry in stored.and_then(Node::as_map).into_iter().flatten() {
                if !map.contains_key(&entry.key) && parent != "stringData" && dice.roll(2) == 0 {
                    map.insert(entry.key.as_str(), Span::NONE, entry.value.clone());
                }
            }
            let mut entries: Vec<_> = std::mem::take(map).into_iter().collect();
            for entry in &mut entries {
                let below = stored.and_then(|stored| stored.get(&entry.key));
                respell(&mut entry.value, below, &entry.key, dice);
            }
            dice.shuffle(&mut entries);
            let mut shuffled = Map::new();
            for entry in entries {
                shuffled.push(entry);
            }
            *map = shuffled;
        }
        Value::Seq(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                respell(item, stored.and_then(|stored| stored.items().get(index)), parent, dice);
            }
            if matches!(parent, "verbs" | "resources") {
                dice.shuffle(items);
            }
        }
        Value::String(text) => {
            let spellings: &[&str] = match text.as_str() {
                "1Gi" => &["1024Mi", "1048576Ki"],
                "2Gi" => &["2048Mi"],
                "10Gi" => &["10240Mi"],
                "1500m" => &["1.5"],
                "250m" => &["0.25"],
                "1" if parent == "cpu" => &["1000m"],
                _ => &[],
            };
            if let Some(other) = spellings.get(dice.roll(spellings.len() + 1)) {
                (*other).clone_into(text);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_renders_in_any_spelling_do_not_differ(seed in 1_u64..u64::MAX) {
        let mut dice = Dice(seed);
        let old = objects(&format!("{SET}{OTHERS}"));
        let mut new = old.clone();
        for object in &mut new {
            let mut stored = Node::clone(&object.root);
            defaults::store(object.group(), &object.kind, &mut stored);
            if object.kind == "Secret" {
                // `data` next to `stringData` is another manifest.
                stored = Node::bare(Map::new());
            }
            if object.kind == "Service"
                && let Some(Node { value: Value::Seq(ports), .. }) =
                    object.root_mut().as_map_mut().unwrap().get_mut("spec").unwrap().as_map_mut().unwrap().get_mut("ports")
            {
                // The order of a Service's ports means nothing.
                stored = Node::bare(Map::new());
                dice.shuffle(ports);
            }
            respell(object.root_mut(), Some(&stored), "", &mut dice);
        }
        dice.shuffle(&mut new);
        let plan = diff::compare(&old, &new, &Options::default());
        prop_assert!(plan.is_empty(), "{}", render::plan(&plan, Style::Plain));
        prop_assert_eq!(plan.exit_code(&[]), 0);
        let back = diff::compare(&new, &old, &Options::default());
        prop_assert!(back.is_empty(), "{}", render::plan(&back, Style::Plain));
    }
}

#[test]
fn a_new_image_restarts_the_pods_from_the_highest_ordinal_down() {
    let new = SET.replace("app:1.0", "app:1.1");
    let plan = plan(SET, &new);
    let set = only(&plan);
    assert_eq!(set.verdict, Verdict::Accepted);
    assert_eq!(pods(set, EffectKind::RollingRestart), ["web-2", "web-1", "web-0"]);
    assert_eq!(pods(set, EffectKind::MayHang), ["web-2"]);
    assert!(!set.has(EffectKind::NeedlessRestart));
    assert_eq!(plan.exit_code(&[]), 1);
}

#[test]
fn partition_ordinals_and_policies_say_which_pods_restart() {
    let old = SET.replace("replicas: 3", "replicas: 4\n  ordinals: {start: 5}\n  podManagementPolicy: Parallel\n  updateStrategy: {rollingUpdate: {partition: 2}}");
    let new = old.replace("app:1.0", "app:1.1");
    let held = plan(&old, &new);
    assert_eq!(pods(only(&held), EffectKind::RollingRestart), ["web-8", "web-7"]);
    assert!(!only(&held).has(EffectKind::MayHang), "Parallel sets replace broken pods");
    let deleted = |text: &str| text.replace("{rollingUpdate: {partition: 2}}", "{type: OnDelete}");
    let on_delete = plan(&deleted(&old), &deleted(&new));
    assert!(only(&on_delete).restarts());
    assert!(pods(only(&on_delete), EffectKind::RollingRestart).is_empty());
}

#[test]
fn a_version_label_alone_is_a_needless_restart_and_a_checksum_is_not() {
    let label = plan(SET, &SET.replace("web-1.0.0", "web-1.0.1"));
    assert!(only(&label).has(EffectKind::NeedlessRestart));
    let with = |sum: &str| SET.replace("helm.sh/chart: web-1.0.0", &format!("checksum-of-version: {sum}"));
    let sum = plan(&with("a"), &with("b"));
    assert!(only(&sum).restarts() && !only(&sum).has(EffectKind::NeedlessRestart));
    let order = SET.replace(
        "{name: http, containerPort: 80}\n            - {name: admin, containerPort: 81}",
        "{name: admin, containerPort: 81}\n            - {name: http, containerPort: 80}",
    );
    let order = plan(SET, &order);
    assert!(only(&order).has(EffectKind::NeedlessRestart), "a new order is a new revision");
}

#[test]
fn scaling_names_pods_and_the_fate_of_their_claims() {
    let down = plan(SET, &SET.replace("replicas: 3", "replicas: 1"));
    assert_eq!(pods(only(&down), EffectKind::ScaleDown), ["web-2", "web-1"]);
    assert!(!only(&down).has(EffectKind::DataLoss));
    let delete = |text: &str| {
        text.replace(
            "serviceName: web",
            "serviceName: web\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}",
        )
    };
    let lost = plan(&delete(SET), &delete(&SET.replace("replicas: 3", "replicas: 1")));
    let effect = only(&lost).effects.iter().find(|e| e.kind == EffectKind::DataLoss).unwrap();
    assert!(effect.detail.contains("data-web-2, data-web-1"), "{}", effect.detail);
}

#[test]
fn huge_sets_are_counted_not_listed() {
    let large = |replicas: &str, image: &str| {
        SET.replace("replicas: 3", &format!("replicas: {replicas}")).replace("app:1.0", image)
    };
    let down = plan(&large("2147483647", "app:1.0"), &large("2000000000", "app:1.1"));
    let gone = pods(only(&down), EffectKind::ScaleDown);
    assert_eq!((gone[0], gone.len()), ("web-2147483646", 1000));
    assert_eq!(pods(only(&down), EffectKind::RollingRestart)[0], "web-1999999999");
    assert!(render::plan(&down, Style::Plain).len() < 5_000);
    let none = plan(&large("0", "app:1.0"), &large("0", "app:1.1"));
    assert!(!only(&none).restarts(), "there is no pod");
    let up = plan(&large("0", "app:1.0"), &large("2147483647", "app:1.1"));
    assert_eq!(pods(only(&up), EffectKind::ScaleUp).len(), 1000);
}

#[test]
fn a_larger_claim_is_rejected_and_the_remediation_grows_the_claims_first() {
    let plan = plan(SET, &SET.replace("storage: 10Gi", "storage: 20Gi"));
    let set = only(&plan);
    assert_eq!(set.verdict, Verdict::Rejected);
    assert_eq!(set.reasons[0].path, "spec");
    assert!(set.reasons[0].message.starts_with("Forbidden: updates to statefulset spec"));
    let commands = commands(set);
    let starts = [
        "kubectl get storageclass",
        "kubectl get pvc data-web-0 data-web-1",
        "kubectl patch pvc data-web-0 -n default -p ",
    ];
    assert!(starts.iter().zip(&commands).all(|(start, command)| command.starts_with(start)), "{commands:#?}");
    assert!(commands[5].starts_with("kubectl wait pvc data-web-0 data-web-1"), "{commands:#?}");
    assert_eq!(commands[6], "kubectl delete statefulset web -n default --cascade=orphan");
    assert_eq!(plan.exit_code(&[]), 3);
    assert_eq!(plan.exit_code(&[FailOn::Effect(EffectKind::DataLoss)]), 0);
    assert_eq!(plan.exit_code(&[FailOn::Rejected]), 3);
    assert_eq!(plan.exit_code(&[FailOn::Changed]), 3, "a rejection is the gravest of changes");
}

#[test]
fn a_smaller_claim_comes_with_a_warning() {
    let plan = plan(SET, &SET.replace("storage: 10Gi", "storage: 5Gi"));
    assert!(lines(only(&plan)).iter().any(|line| line.contains("no volume can shrink")));
    assert!(!lines(only(&plan)).iter().any(|line| line.starts_with("kubectl patch pvc")));
}

#[test]
fn the_first_way_begins_with_no_or_and_keeps_the_size_of_an_unbound_claim() {
    let claim = |size: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: c}}\nspec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: {size}}}}}}}\n"
        )
    };
    let grown = plan(&claim("1Gi"), &claim("2Gi"));
    let grown = lines(only(&grown)).join("\n");
    assert!(
        grown.starts_with(
            "# keep the old value:\n#   spec.resources.requests.storage: 1Gi\n# or replace the claim"
        ),
        "{grown}"
    );
    let options = Options { claims_bound: true, ..Options::default() };
    let shrunk = diff::compare(&objects(&claim("2Gi")), &objects(&claim("1Gi")), &options);
    let shrunk = render::plan(&shrunk, Style::Plain);
    assert!(shrunk.contains("      # or:\n      # because no volume can shrink:\n"), "{shrunk}");
}

#[test]
fn a_node_port_that_is_gone_is_no_new_one() {
    let service =
        |spec: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{{spec}}}\n");
    let node_port = service("type: NodePort, ports: [{port: 80, nodePort: 30080}]");
    let details = |new: &str| {
        let plan = plan(&node_port, new);
        only(&plan).effects.iter().map(|effect| effect.detail.clone()).collect::<Vec<_>>().join("; ")
    };
    let internal = details(&service("ports: [{port: 80}]"));
    assert!(internal.contains("NodePort -> ClusterIP") && !internal.contains("new node port"), "{internal}");
    let other = details(&service("type: NodePort, ports: [{port: 80, nodePort: 30081}]"));
    assert!(other.contains("new node port"), "{other}");
}

#[test]
fn volumes_that_cannot_grow_are_moved_by_hand() {
    let class =
        "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fixed}\nprovisioner: x\n";
    let of_class = |class: &str| {
        SET.replace("accessModes:", &format!("storageClassName: {class}\n        accessModes:"))
    };
    let fixed = of_class("fixed");
    let grown = fixed.replace("storage: 10Gi", "storage: 20Gi");
    let both = plan(&format!("{fixed}{class}"), &format!("{grown}{class}"));
    let set = &both.objects[0];
    let moved = |set: &ObjectPlan| lines(set).iter().any(|line| line.starts_with("# by hand: move the data"));
    assert!(lines(set).iter().any(|line| line.contains("its class `fixed` does not expand volumes")));
    assert!(moved(set) && !lines(set).iter().any(|line| line.starts_with("kubectl patch pvc")));
    // Another class: existing claims keep theirs.
    let other = plan(&fixed, &of_class("other"));
    assert!(moved(only(&other)), "{:#?}", lines(only(&other)));
    // Known to expand, or not known.
    let expands = class.replace("provisioner: x", "provisioner: x\nallowVolumeExpansion: true");
    for class in [expands.as_str(), ""] {
        let both = plan(&format!("{fixed}{class}"), &format!("{grown}{class}"));
        assert!(!moved(&both.objects[0]), "{:#?}", lines(&both.objects[0]));
        assert!(lines(&both.objects[0]).iter().any(|line| line.starts_with("kubectl patch pvc")));
    }
}

#[test]
fn what_the_server_keeps_is_said_to_be_ignored() {
    let text = format!("{SET}{OTHERS}");
    let plan = plan(&text, &text.replace("  clusterIP: None\n", ""));
    let service = only(&plan);
    assert_eq!((service.change, service.verdict), (Change::Unchanged, Verdict::Accepted));
    assert!(service.has(EffectKind::Ignored));
    assert!(service.effects[0].detail.contains("stays `None`"), "{:?}", service.effects);
    assert_eq!(plan.exit_code(&[]), 1);
}

#[test]
fn dropping_the_name_of_the_service_account_keeps_the_account() {
    let with = SET.replace(
        "    spec:\n      containers:",
        "    spec:\n      serviceAccountName: web\n      containers:",
    );
    let plan = plan(&with, SET);
    assert!(only(&plan).has(EffectKind::Ignored));
    assert!(!only(&plan).restarts());
}

#[test]
fn a_strategy_that_keeps_a_stored_partition_is_rejected() {
    let plan =
        plan(SET, &SET.replace("serviceName: web", "serviceName: web\n  updateStrategy: {type: OnDelete}"));
    let set = only(&plan);
    assert_eq!(set.verdict, Verdict::Rejected, "the defaulted rollingUpdate stays");
    assert!(lines(set).iter().any(|line| line.contains("\"rollingUpdate\":null")));
}

#[test]
fn a_written_strategy_may_become_any_other() {
    let with = |strategy: &str| {
        SET.replace("serviceName: web", &format!("serviceName: web\n  updateStrategy: {strategy}"))
    };
    // Only a strategy without a type, or one that is written, gets a partition that would stay.
    for (old, new, verdict) in [
        ("{type: RollingUpdate}", "{type: OnDelete}", Verdict::Accepted),
        ("{rollingUpdate: {partition: 0}}", "{type: OnDelete}", Verdict::Accepted),
        ("{}", "{type: OnDelete}", Verdict::Rejected),
        ("{rollingUpdate: {}}", "{type: OnDelete, rollingUpdate: {}}", Verdict::Rejected),
        ("{type: OnDelete}", "{type: RollingUpdate}", Verdict::Accepted),
    ] {
        assert_eq!(only(&plan(&with(old), &with(new))).verdict, verdict, "{old} -> {new}");
    }
    // The limits that a DaemonSet's strategy always gets do no harm.
    let daemon = |strategy: &str| {
        format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: d}}\nspec:\n  updateStrategy: {strategy}\n  selector: {{matchLabels: {{app: d}}}}\n  template:\n    metadata: {{labels: {{app: d}}}}\n    spec: {{containers: [{{name: c, image: i:1}}]}}\n"
        )
    };
    for old in ["{}", "{type: RollingUpdate}"] {
        let plan = plan(&daemon(old), &daemon("{type: OnDelete}"));
        assert_eq!(only(&plan).verdict, Verdict::Accepted, "{old}");
    }
}

#[test]
fn a_partition_above_all_pods_restarts_none() {
    let held = |replicas: u32, partition: u32| {
        let strategy =
            format!("serviceName: web\n  updateStrategy: {{rollingUpdate: {{partition: {partition}}}}}");
        SET.replace("serviceName: web", &strategy).replace("replicas: 3", &format!("replicas: {replicas}"))
    };
    let restart: FailOn = "restart".parse().unwrap();
    for partition in [3, 7] {
        let plan = plan(&held(3, partition), &held(3, partition).replace("app:1.0", "app:1.1"));
        let set = only(&plan);
        assert!(!set.restarts() && !set.has(EffectKind::NeedlessRestart), "{:?}", set.effects);
        assert!(
            set.effects[0]
                .detail
                .contains(&format!("partition {partition} keeps all of them at the old template"))
        );
        assert_eq!((plan.exit_code(&[restart]), plan.exit_code(&[]), plan.summary().restarts), (0, 1, 0));
    }
    let scaled = plan(&held(3, 5), &held(6, 5).replace("app:1.0", "app:1.1"));
    let up = only(&scaled).effects.iter().find(|effect| effect.kind == EffectKind::ScaleUp).unwrap();
    assert_eq!(up.pods, ["web-3", "web-4", "web-5"]);
    assert!(
        up.detail.contains("below partition 5: web-3, web-4 with the old template, web-5 with the new one"),
        "{}",
        up.detail
    );
    let same = plan(&held(3, 5), &held(6, 5));
    assert!(!only(&same).effects.iter().any(|effect| effect.detail.contains("old template")));
    let all = format!("{}{OTHERS}", held(3, 3));
    let unseen = plan(&all, &all.replace("app:1.0", "app:1.1").replace("level: info", "level: debug"));
    let told = unseen.objects.iter().flat_map(|object| &object.effects);
    let told: Vec<_> = told.filter(|effect| effect.kind == EffectKind::ConfigNotPickedUp).collect();
    assert!(told[0].detail.contains("none of its pods restarts"), "{told:?}");
}

#[test]
fn a_deployment_without_pods_restarts_none() {
    let proxy = |replicas: u32, image: &str| {
        format!("{SET}{OTHERS}")
            .replace("replicas: 2", &format!("replicas: {replicas}"))
            .replace("proxy:2", image)
    };
    for (before, after, restarts) in [(0, 0, false), (0, 3, false), (3, 0, false), (3, 1, true), (1, 1, true)]
    {
        let plan = plan(&proxy(before, "proxy:2"), &proxy(after, "proxy:3"));
        assert_eq!(only(&plan).restarts(), restarts, "{before} -> {after}: {:?}", only(&plan).effects);
    }
}

#[test]
fn max_unavailable_of_a_stateful_set_counts_since_1_37() {
    let with = |limit: &str| {
        let strategy =
            format!("serviceName: web\n  updateStrategy: {{rollingUpdate: {{maxUnavailable: {limit}}}}}");
        SET.replace("serviceName: web", &strategy)
    };
    let compare = |version, old: &str, new: &str| {
        let options = Options { version, ..Options::default() };
        diff::compare(&objects(old), &objects(new), &options)
    };
    let dropped = compare(Version::V1_36, &with("2"), &with("0"));
    assert!(only(&dropped).has(EffectKind::Ignored) && only(&dropped).verdict == Verdict::Accepted);
    let refused = compare(Version::V1_37, &with("2"), &with("0"));
    assert_eq!(only(&refused).verdict, Verdict::Rejected);
    assert_eq!(only(&refused).reasons[0].path, "spec.updateStrategy.rollingUpdate.maxUnavailable");
    let changed = compare(Version::V1_37, SET, &with("2"));
    assert_eq!((only(&changed).verdict, only(&changed).changes.len()), (Verdict::Accepted, 1));
    assert!(!only(&changed).has(EffectKind::Ignored));
    assert!(compare(Version::V1_37, SET, &with("1")).is_empty(), "the default");
    let restarts = compare(Version::V1_37, &with("2"), &with("2").replace("app:1.0", "app:1.1"));
    assert!(only(&restarts).effects[0].detail.contains("at most 2 unavailable at a time"));
}

#[test]
fn a_quantity_restarts_pods_only_where_the_server_stores_another_text() {
    let memory = |value: &str| SET.replace("memory: 1Gi}", &format!("memory: {value}}}"));
    let cpu = |value: &str| SET.replace(r#"cpu: "1","#, &format!("cpu: {value},"));
    for (old, new, restarts) in [
        (cpu("500m"), cpu("0.5"), false),
        (cpu("500m"), cpu("'0.50'"), false),
        (cpu("100m"), cpu("0.1"), false),
        (cpu("1"), cpu("1.0"), false),
        (cpu("1"), cpu("1000m"), false),
        (cpu("500m"), cpu("500e-3"), false),
        (cpu("500m"), cpu("'500e-3'"), true),
        (cpu("1125m"), cpu("1.125"), true),
        (memory("2Gi"), memory("2048Mi"), false),
        (memory("1.5Gi"), memory("1536Mi"), false),
        (memory("2147483648"), memory("'2147483648'"), false),
        (memory("2Gi"), memory("2147483648"), true),
        (memory("1000"), memory("1k"), false),
        (memory("1000"), memory("1e3"), false),
        (memory("1000"), memory("'1e3'"), true),
    ] {
        let plan = plan(&old, &new);
        assert_eq!(plan.objects[0].restarts(), restarts, "{}", render::plan(&plan, Style::Plain));
    }
}

fn has_no_command(object: &ObjectPlan) -> bool {
    object.remediation.iter().all(|step| matches!(step, Instruction::Note(_)))
}

#[test]
fn quoted_numbers_are_no_numbers() {
    let service = |port: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{ports: [{port}]}}\n")
    };
    let policy = |port: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: web}}\nspec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {port}}}]}}]}}\n"
        )
    };
    let budget = |limit: &str| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: b}}\nspec: {{selector: {{matchLabels: {{a: b}}}}, maxUnavailable: {limit}}}\n"
        )
    };
    let probe = |port: &str| SET.replace("port: http}", &format!("port: {port}}}"));
    let container = |port: &str| SET.replace("containerPort: 80}", &format!("containerPort: {port}}}"));
    for (old, new, path) in [
        (
            service("{port: 80, targetPort: 8080}"),
            service("{port: 80, targetPort: '8080'}"),
            "spec.ports[0].targetPort",
        ),
        (service("{port: 80}"), service("{port: '80'}"), "spec.ports[0].port"),
        (policy("80"), policy("'80'"), "spec.ingress[0].ports[0].port"),
        (budget("1"), budget("'1'"), "spec.maxUnavailable"),
        (probe("80"), probe("'80'"), "spec.template.spec.containers[0].readinessProbe.httpGet.port"),
        (container("80"), container("'80'"), "spec.template.spec.containers[0].ports[0].containerPort"),
        (SET.to_owned(), SET.replace("replicas: 3", "replicas: '3'"), "spec.replicas"),
    ] {
        let plan = plan(&old, &new);
        let object = only(&plan);
        assert_eq!(object.verdict, Verdict::Rejected, "{path}");
        assert_eq!(object.reasons[0].path, path, "{:?}", object.reasons);
        assert!(has_no_command(object), "{:?}", object.remediation);
    }
    // A name is a name.
    let named = plan(&service("{port: 80, targetPort: 80}"), &service("{port: 80, targetPort: web}"));
    assert_eq!(only(&named).verdict, Verdict::Accepted);
}

#[test]
fn unknown_fields_are_rejected_whatever_they_hold() {
    let with = |field: &str| SET.replace("      containers:", &format!("      {field}\n      containers:"));
    for value in ["[]", "{}", "''", "0", "false", "x", "[a]", "{a: b}"] {
        let plan = plan(SET, &with(&format!("tolerationss: {value}")));
        let set = only(&plan);
        assert_eq!(set.verdict, Verdict::Rejected, "{value}");
        assert_eq!(set.reasons[0].path, "spec.template.spec.tolerationss");
        assert!(has_no_command(set), "{:?}", set.remediation);
    }
    // `kubectl apply` leaves a null out, so the server never reads the field.
    assert!(plan(SET, &with("tolerationss: null")).is_empty());
    // Only the new manifest is read; what the server did not know of the old one it did not store.
    let typo = SET.replace("replicas: 3", "replica: 5");
    let corrected = plan(&typo, SET);
    assert_eq!(only(&corrected).verdict, Verdict::Accepted);
    assert_eq!(only(&corrected).changes[0].path.to_string(), "spec.replicas");
    assert_eq!(corrected.summary().modified, 1);
    let kept = plan(&typo, &typo.replace("app:1.0", "app:1.1"));
    assert_eq!(only(&kept).reasons.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["spec.replica"]);
}

#[test]
fn a_claim_keeps_the_source_it_was_filled_from() {
    const CLONE: &str = "{kind: PersistentVolumeClaim, name: src}";
    let claim = |sources: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: p}}\nspec: {{accessModes: [ReadWriteOnce], storageClassName: x, resources: {{requests: {{storage: 1Gi}}}}{sources}}}\n"
        )
    };
    let source = claim(&format!(", dataSource: {CLONE}"));
    let reference = claim(&format!(", dataSourceRef: {CLONE}"));
    let both = claim(&format!(", dataSource: {CLONE}, dataSourceRef: {CLONE}"));
    for (old, new) in [(&source, &both), (&both, &source), (&source, &reference), (&reference, &source)] {
        assert!(plan(old, new).is_empty(), "{old}{new}");
    }
    for old in [&source, &reference] {
        let plan = plan(old, &claim(""));
        let object = only(&plan);
        assert_eq!((object.change, object.verdict), (Change::Unchanged, Verdict::Accepted));
        assert!(object.has(EffectKind::Ignored), "the server keeps it: {:?}", object.effects);
    }
    for (old, new) in [
        (&both, claim("")),
        (&source, source.replace("src", "other")),
        (&reference, reference.replace("src}", "src, namespace: there}")),
        (&claim(""), source.clone()),
    ] {
        assert_eq!(only(&plan(old, &new)).verdict, Verdict::Rejected, "{old}{new}");
    }
    // Anything but a claim or a snapshot can only be named by the reference.
    let populator = claim(", dataSource: {apiGroup: example.com, kind: Filler, name: f}");
    assert!(plan(&populator, &claim("")).is_empty());
}

#[test]
fn a_class_beside_its_annotation_is_refused_on_creation_alone() {
    let ingress = |class: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i, annotations: {{kubernetes.io/ingress.class: nginx}}}}\nspec: {{{class}defaultBackend: {{service: {{name: a, port: {{number: 80}}}}}}}}\n"
        )
    };
    let both = ingress("ingressClassName: nginx-internal, ");
    assert_eq!(only(&plan(&ingress(""), &both)).verdict, Verdict::Accepted);
    assert_eq!(only(&plan("", &both)).verdict, Verdict::Rejected);
}

/// The lists that are said not to be stored as they are written.
fn unstored(object: &ObjectPlan) -> Vec<&str> {
    let details = object.effects.iter().map(|effect| effect.detail.as_str());
    details
        .filter_map(|detail| detail.split_once("` is not stored as it is written"))
        .map(|(path, _)| &path[1..])
        .collect()
}

#[test]
fn a_list_with_a_repeated_merge_key_is_merged_as_kubernetes_does_it() {
    let service = |ports: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{ports: [{ports}]}}\n")
    };
    let (tcp, udp) = ("{name: t, port: 443, protocol: TCP}", "{name: u, port: 443, protocol: UDP}");
    let both = service(&format!("{tcp}, {udp}"));
    // One of two goes with the other, and a Service with an address needs ports.
    let refused = [
        (service(tcp), "spec.ports", "Required value"),
        (service(&format!("{udp}, {tcp}")), "spec.ports[1].name", "Duplicate value: \"u\""),
    ];
    for (new, path, message) in refused {
        let plan = plan(&both, &new);
        let object = only(&plan);
        assert_eq!((object.change, object.verdict), (Change::Modified, Verdict::Rejected), "{new}");
        let reasons: Vec<_> =
            object.reasons.iter().map(|one| (one.path.as_str(), one.message.as_str())).collect();
        assert!(reasons.contains(&(path, message)), "{reasons:?}");
        assert_eq!(unstored(object), ["spec.ports"], "{new}");
    }
    // Only the first of them gets what both are given.
    let moved = plan(&both, &both.replace("443", "443, targetPort: 8443"));
    assert_eq!(only(&moved).verdict, Verdict::Accepted);
    let paths: Vec<String> = only(&moved).changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(paths, ["spec.ports[0].targetPort"]);
    assert_eq!(unstored(only(&moved)), ["spec.ports"]);
    // An added one is merged into the one that there is.
    let added = plan(&service(tcp), &both);
    assert_eq!(unstored(only(&added)), ["spec.ports"], "{added:?}");
    // Another port may come and go.
    let more = plan(&both, &service(&format!("{tcp}, {udp}, {{name: v, port: 80, protocol: TCP}}")));
    assert_eq!((only(&more).verdict, unstored(only(&more)).len()), (Verdict::Accepted, 0), "{more:?}");
    // Custom resources are merged as JSON, and new objects are not merged at all.
    let custom = both.replace("v1\nkind: Service", "example.com/v1\nkind: Service");
    assert_eq!(only(&plan(&custom, &custom.replace(&format!(", {udp}"), ""))).verdict, Verdict::Accepted);
    assert_eq!(only(&plan("", &both)).verdict, Verdict::Accepted);
}

#[test]
fn removing_one_of_two_variables_of_a_name_removes_both_and_restarts() {
    let with = |env: &str| SET.replace(r#"{name: A, value: "1"}"#, env);
    let both = with("{name: A, value: x}\n            - {name: A, value: z}");
    let restart: FailOn = "restart".parse().unwrap();
    let one = plan(&both, &with("{name: A, value: x}"));
    assert_eq!((only(&one).restarts(), one.exit_code(&[restart])), (true, 1));
    assert_eq!(only(&one).changes.len(), 2, "{:?}", only(&one).changes);
    assert_eq!(unstored(only(&one)), ["spec.template.spec.containers[app].env"]);
    // Other fields change as they do anywhere.
    let other = plan(&both, &both.replace("app:1.0", "app:1.1"));
    assert_eq!((only(&other).verdict, only(&other).restarts()), (Verdict::Accepted, true));
    assert_eq!(only(&other).changes.len(), 1);
}

#[test]
fn times_of_creation_are_stored_in_templates() {
    let claim = SET.replace(
        "metadata: {name: data}",
        "metadata: {name: data, creationTimestamp: '2026-01-02T03:04:05Z'}",
    );
    assert_eq!(only(&plan(SET, &claim)).verdict, Verdict::Rejected);
    let null = claim.replace("'2026-01-02T03:04:05Z'", "null");
    assert!(plan(SET, &null).is_empty());
}

#[test]
fn null_annotations_are_stored_empty_and_string_data_stays() {
    let config =
        |metadata: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{metadata}}}\n");
    let annotated = plan(&config(""), &config(", annotations: {a: null}"));
    assert_eq!(only(&annotated).changes[0].path.to_string(), "metadata.annotations");
    let secret = |data: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{data}\n");
    let renamed = plan(&secret("stringData: {u: a}"), &secret("stringData: {v: a}"));
    let object = only(&renamed);
    assert_eq!(object.changes.iter().map(|c| c.path.to_string()).collect::<Vec<_>>(), ["data.v"]);
    assert!(
        object
            .effects
            .iter()
            .any(|e| e.kind == EffectKind::Ignored && e.detail.starts_with("`data.u` stays its value"))
    );
    let moved = plan(&secret("data: {u: YQ==}"), &secret("stringData: {v: a}"));
    assert_eq!(only(&moved).changes.len(), 2, "the one goes, the other comes");
}

#[test]
fn changed_configuration_that_no_pod_sees_is_said() {
    let text = format!("{SET}{OTHERS}");
    let unseen = plan(&text, &text.replace("level: info", "level: debug"));
    let config = only(&unseen);
    assert!(config.has(EffectKind::ConfigNotPickedUp));
    assert_eq!(pods(config, EffectKind::ConfigNotPickedUp), ["web-0", "web-1", "web-2"]);
    let seen = plan(&text, &text.replace("level: info", "level: debug").replace("app:1.0", "app:1.1"));
    assert!(!seen.objects.iter().any(|object| object.has(EffectKind::ConfigNotPickedUp)));
}

#[test]
fn a_renamed_set_leaves_its_data_behind() {
    let new = SET.replacen("name: web", "name: site", 1);
    let plan = plan(SET, &new);
    let added = plan.objects.iter().find(|object| object.change == Change::Added).unwrap();
    assert_eq!(added.renamed.as_deref(), Some("web"));
    assert!(added.has(EffectKind::DataLoss));
}

#[test]
fn a_volume_mounted_elsewhere_is_data_at_risk() {
    let plan = plan(SET, &SET.replace("mountPath: /data}", "mountPath: /var/data}"));
    assert!(only(&plan).has(EffectKind::DataLoss));
}

#[test]
fn secret_values_are_in_no_format() {
    let text = format!("{SET}{OTHERS}");
    let new = text.replace("hunter2", "correct-horse").replace("app:1.0", "app:1.1");
    for (old, new) in [(text.as_str(), new.as_str()), ("", &new), (&new, "")] {
        let plan = plan(old, new);
        let shown = [
            render::plan(&plan, Style::Plain),
            render::plan(&plan, Style::Coloured),
            render::unified(&plan, 100, Style::Plain),
            render::json(&plan),
            render::markdown(&plan, "x"),
            render::html(&plan, "x"),
            render::summary(&plan, Style::Plain),
        ];
        // The values, and their base64.
        for secret in ["hunter2", "correct-horse", "aHVudGVyMg", "Y29ycmVjdC1ob3JzZQ"] {
            for text in &shown {
                assert!(!text.contains(secret), "{secret} in\n{text}");
            }
        }
    }
}

#[test]
fn what_the_server_set_on_a_live_object_is_no_difference() {
    let live = r#"apiVersion: v1
kind: Service
metadata:
  name: web
  uid: 3b1f
  resourceVersion: "17"
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"ports":[{"port":80}],"selector":{"app":"web"},"sessionAffinity":"ClientIP"}}
spec:
  clusterIP: 10.0.0.7
  clusterIPs: [10.0.0.7]
  internalTrafficPolicy: Cluster
  ipFamilies: [IPv4]
  ipFamilyPolicy: SingleStack
  ports: [{port: 80, protocol: TCP, targetPort: 80}]
  selector: {app: web}
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 10800}}
  type: ClusterIP
status: {loadBalancer: {}}
"#;
    let same = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}], selector: {app: web}, sessionAffinity: ClientIP}\n";
    let options = Options { live: true, ..Options::default() };
    let plan = |new: &str| diff::compare(&objects(live), &objects(new), &options);
    assert!(plan(same).is_empty(), "{}", render::plan(&plan(same), Style::Plain));
    let dropped = plan(&same.replace(", sessionAffinity: ClientIP", ""));
    assert_eq!(only(&dropped).changes[0].path.to_string(), "spec.sessionAffinity");
    let fixed = plan(&same.replace("spec: {", "spec: {clusterIP: None, "));
    assert_eq!(only(&fixed).verdict, Verdict::Rejected);
}

#[test]
fn ignored_fields_count_as_unchanged() {
    let new = SET.replace("web-1.0.0", "web-1.0.1").replace("tier: data", "tier: db");
    let options = Options {
        ignore: vec![
            Ignore::new("spec.template.metadata.labels[helm.sh/chart]"),
            Ignore::new("StatefulSet/web:metadata.labels.tier"),
        ],
        ..Options::default()
    };
    let plan = diff::compare(&objects(SET), &objects(&new), &options);
    assert!(plan.is_empty(), "{}", render::plan(&plan, Style::Plain));
    let other = Options { ignore: vec![Ignore::new("Service:metadata.labels")], ..Options::default() };
    assert!(!diff::compare(&objects(SET), &objects(&new), &other).is_empty());
}

#[test]
fn only_selected_objects_are_shown() {
    let text = format!("{SET}{OTHERS}");
    let new = text.replace("app:1.0", "app:1.1").replace("level: info", "level: debug");
    let mut plan = plan(&text, &new);
    plan.show_only(&["configmap/*".to_owned()]).unwrap();
    assert_eq!(plan.objects.iter().map(|o| o.object.kind.as_str()).collect::<Vec<_>>(), ["ConfigMap"]);
}

#[test]
fn the_plan_reads_well() {
    let text = format!("{SET}{OTHERS}");
    let new = text
        .replace("app:1.0", "app:1.1")
        .replace("level: info", "level: debug")
        .replace("{name: admin, port: 81, targetPort: 81}", "{name: admin, port: 81, targetPort: 8081}");
    let plan = plan(&text, &new);
    let shown = render::plan(&plan, Style::Plain);
    let expected = "\
kubectl apply (client-side), Kubernetes 1.36, namespace default

~ StatefulSet/web  <stdin>
  ~ spec.template.spec.containers[app].image: example.net/app:1.0 -> example.net/app:1.1
    rolling-restart web-2, web-1, web-0: restart one by one, highest ordinal first, each when the one before is ready
    may-hang web-2: podManagementPolicy OrderedReady: if web-2 never gets ready the rollout stops there, and a corrected template does not replace it: `kubectl delete pod web-2 -n default`

~ Service/web  <stdin>
  ~ spec.ports[81/TCP].targetPort: 81 -> 8081
    traffic a port leads to another port of the pods at once: they must already listen there

~ ConfigMap/settings  <stdin>
  ~ data.level: info -> debug

0 added, 3 changed, 0 removed, 5 unchanged, the pods of 1 workload restart
";
    assert_eq!(shown, expected);
    assert!(render::plan(&plan, Style::Coloured).contains('\u{1b}'));
    assert!(!shown.contains('\u{1b}'));
}

#[test]
fn objects_in_which_only_labels_move_are_named_together() {
    let labelled = |version: &str| {
        let text = OTHERS.replace(
            "metadata: {name: ",
            &format!("metadata: {{labels: {{helm.sh/chart: web-{version}}}, name: "),
        );
        format!("{SET}{text}")
    };
    let plan = plan(&labelled("1.0.0"), &labelled("1.0.1").replace("level: info", "level: debug"));
    let shown = render::plan(&plan, Style::Plain);
    let folded = "~ 6 objects in which only labels move with the release  helm.sh/chart\n    Service/web, Secret/login, Deployment/proxy, PodDisruptionBudget/web, Role/reader, NetworkPolicy/web\n\n0 added, 7 changed";
    assert!(shown.contains(folded), "{shown}");
    let first = shown.lines().nth(2).unwrap();
    assert!(first.starts_with("~ ConfigMap/settings"), "{shown}");
}

#[test]
fn json_keeps_the_contract() {
    let plan = plan(SET, &SET.replace("storage: 10Gi", "storage: 20Gi"));
    let json: serde_json::Value = serde_json::from_str(&render::json(&plan)).unwrap();
    assert_eq!(json["version"], 1);
    let object = &json["objects"][0];
    assert_eq!(object["apiVersion"], "apps/v1");
    assert_eq!((&object["change"], &object["verdict"]), (&"modified".into(), &"rejected".into()));
    assert_eq!(object["changes"][0]["path"], "spec.volumeClaimTemplates[0].spec.resources.requests.storage");
    assert_eq!(
        (&object["changes"][0]["old"], &object["changes"][0]["new"]),
        (&"10Gi".into(), &"20Gi".into())
    );
    assert_eq!(json["summary"]["rejected"], 1);
}

#[test]
fn a_patch_shows_only_what_changes_in_meaning() {
    let new = SET.replace("app:1.0", "app:1.1").replace("memory: 1Gi", "memory: 1024Mi");
    let shown = render::unified(&plan(SET, &new), 0, Style::Plain);
    let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with(['-', '+'])).collect();
    assert_eq!(
        lines,
        [
            "--- a/StatefulSet/web",
            "+++ b/StatefulSet/web",
            "-          image: example.net/app:1.0",
            "+          image: example.net/app:1.1"
        ]
    );
}

#[test]
fn control_characters_reach_no_terminal_and_markup_no_page() {
    let new = format!(
        "{SET}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{a: \"\\e[31m<script>alert(1)</script>\"}}\n"
    );
    let plan = plan(SET, &new);
    assert!(!render::plan(&plan, Style::Plain).contains('\u{1b}'));
    assert!(!render::unified(&plan, 3, Style::Plain).contains('\u{1b}'));
    assert!(!render::html(&plan, "x").contains("<script"));
}

#[test]
fn a_replication_controller_scales_and_replaces_no_pods() {
    let controller = |replicas: u8, image: &str| {
        format!(
            "apiVersion: v1\nkind: ReplicationController\nmetadata: {{name: web}}\n\
             spec: {{replicas: {replicas}, selector: {{app: web}}, template: {{metadata: {{labels: {{app: web}}}}, \
             spec: {{containers: [{{name: web, image: \"{image}\"}}]}}}}}}\n"
        )
    };
    let scaled = plan(&controller(1, "web:1"), &controller(3, "web:2"));
    let effects = &only(&scaled).effects;
    assert_eq!(effects.iter().map(|effect| effect.kind).collect::<Vec<_>>(), [EffectKind::ScaleUp]);
    assert_eq!(effects[0].detail, "1 -> 3 replicas");
    let removed = plan(&controller(1, "web:1"), "");
    assert!(only(&removed).effects[0].detail.ends_with("; its pods keep running"));
}

#[test]
fn only_what_kubectl_can_restart_gets_a_command_that_restarts_it() {
    let release = |kind: &str, value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: {value}}}\n---\n\
             apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\n\
             spec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, \
             spec: {{containers: [{{name: web, image: \"web:1\", envFrom: [{{configMapRef: {{name: settings}}}}]}}]}}}}}}\n"
        )
    };
    for (kind, command) in
        [("Deployment", Some("kubectl rollout restart deployment web")), ("ReplicaSet", None)]
    {
        let plan = plan(&release(kind, "old"), &release(kind, "new"));
        let effects = &only(&plan).effects;
        assert_eq!(effects[0].kind, EffectKind::ConfigNotPickedUp);
        let detail = &effects[0].detail;
        assert!(detail.contains("its pods keep the values they started with"), "{detail}");
        assert_eq!(detail.contains("rollout restart"), command.is_some(), "{detail}");
        assert!(command.is_none_or(|command| detail.contains(command)), "{detail}");
    }
}

#[test]
fn json_has_the_objects_as_the_server_would_store_them() {
    let service = |port: u16| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{ports: [{{port: {port}}}]}}\n")
    };
    let rest = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: c}\nstringData: {a: x}\n\
        ---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n";
    let (old, new) = (objects(&service(80)), objects(&format!("{}{rest}", service(81))));
    let stored_in = |old: &[_], new: &[_], options: &Options| {
        let options = Options { stored: true, ..options.clone() };
        let json = render::json(&diff::compare(old, new, &options));
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["objects"].clone()
    };
    let find = |objects: &serde_json::Value, kind: &str| {
        let found = objects.as_array().unwrap().iter().find(|object| object["kind"] == kind).cloned();
        found.unwrap()["stored"].clone()
    };
    let shown = stored_in(&old, &new, &Options::default());
    let spec = &find(&shown, "Service")["spec"];
    assert_eq!(
        (&spec["ports"], spec["clusterIP"].as_str()),
        (&serde_json::json!([{"port": 81, "protocol": "TCP", "targetPort": 81}]), Some("<allocated-ip-1>")),
    );
    let secret = find(&shown, "Secret");
    assert_eq!((&secret["data"], secret.get("stringData")), (&serde_json::json!({"a": "eA=="}), None));
    assert_eq!(find(&shown, "Thing")["metadata"]["name"], "t");
    // What is removed from the manifests stays where nothing is pruned.
    assert_eq!(find(&stored_in(&new, &old, &Options::default()), "Secret")["data"]["a"], "eA==");
    // A live object keeps what the server gave it, and what is refused stays as it was.
    let live =
        objects(&service(80).replace("spec: {", "spec: {clusterIP: 10.0.0.7, clusterIPs: [10.0.0.7], "));
    let options = Options { live: true, ..Options::default() };
    assert_eq!(find(&stored_in(&live, &new, &options), "Service")["spec"]["clusterIP"], "10.0.0.7");
    let refused = objects(&service(80).replace("spec: {", "spec: {type: Nonsense, "));
    assert_eq!(find(&stored_in(&live, &refused, &options), "Service")["spec"]["ports"][0]["port"], 80);
}

/// The old render was applied, whatever the API server would say to it today: the plan, the stored objects and the rehearsal
/// are of one simulation.
#[test]
fn what_is_stored_and_rehearsed_is_what_the_plan_says() {
    let deployment = |spec: &str| {
        objects(&format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{spec}, selector: {{matchLabels: {{app: web}}}}, \
             template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: a, image: x}}]}}}}}}\n"
        ))
    };
    // The old field is misspelt, so the server dropped it.
    let (old, new) = (deployment("replica: 3"), deployment("replicas: 3"));
    let options = Options { stored: true, ..Options::default() };
    let plan = diff::compare(&old, &new, &options);
    let object = only(&plan);
    assert_eq!(
        (object.change, object.changes[0].path.to_string().as_str()),
        (Change::Modified, "spec.replicas")
    );
    let replicas = |root: &Option<Node>| root.as_ref()?.at(&["spec", "replicas"])?.as_i64();
    let stored = object.stored.as_ref().unwrap();
    assert_eq!((replicas(&stored.before), replicas(&stored.after)), (Some(1), Some(3)));
    let rehearsed = rehearse::rehearse(&old, &new, &rehearse::Options::default()).unwrap();
    assert_eq!(rehearsed[0].pods.iter().filter(|pod| pod.is_old).count(), 1);
}
