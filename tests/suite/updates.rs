//! The API server's rules for updates, one row each. The names are those of the functions in Kubernetes that hold them.

use crate::support::objects;
use plimsoll::diff::{self, Change, EffectKind, ObjectPlan, Options, Verdict};

/// What comes of changing `base` by `edits` (text by text).
struct Rule {
    name: &'static str,
    base: &'static str,
    edits: &'static [(&'static str, &'static str)],
    outcome: Outcome,
}

enum Outcome {
    /// The reasons: paths and how the messages begin, in the server's order.
    Refused(&'static [(&'static str, &'static str)]),
    /// Taken, and what is stored changes.
    Changed,
    /// Taken, and nothing changes.
    Same,
    /// Taken, but the server keeps what it has.
    Kept,
}

use Outcome::{Changed, Kept, Refused, Same};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  selector: {app: web}\n  ports: [{name: http, port: 80}]\n";
const HEADLESS: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  clusterIP: None\n  selector: {app: web}\n  ports: [{name: http, port: 80}]\n";
const FIXED: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  clusterIP: 10.0.0.7\n  ports: [{name: http, port: 80}]\n";
const NODE_PORT: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  type: NodePort\n  ports: [{name: http, port: 80, nodePort: 30100}]\n";
const BALANCER: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  type: LoadBalancer\n  externalTrafficPolicy: Local\n  healthCheckNodePort: 30200\n  loadBalancerClass: example.net/outer\n  ports: [{name: http, port: 80}]\n";
const EXTERNAL: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  type: ExternalName\n  externalName: db.example.net\n";
const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  backoffLimit: 2\n  template:\n    metadata: {labels: {app: j}}\n    spec:\n      restartPolicy: Never\n      containers: [{name: c, image: x:1}]\n";
const INDEXED: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  completionMode: Indexed\n  completions: 3\n  parallelism: 3\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: c, image: x:1}]\n";
const SUSPENDED: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  suspend: true\n  template:\n    metadata: {labels: {app: j}}\n    spec:\n      restartPolicy: Never\n      containers: [{name: c, image: x:1}]\n";
const CLAIM: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p}\nspec:\n  accessModes: [ReadWriteOnce]\n  storageClassName: fast\n  resources: {requests: {storage: 20Gi}}\n";
const BOUND: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p}\nspec:\n  accessModes: [ReadWriteOnce]\n  storageClassName: fast\n  volumeAttributesClassName: silver\n  resources: {requests: {storage: 20Gi}}\nstatus: {phase: Bound, capacity: {storage: 20Gi}}\n";
const VOLUME: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec:\n  capacity: {storage: 20Gi}\n  accessModes: [ReadWriteOnce]\n  hostPath: {path: /data}\n";
const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nimmutable: true\ndata: {a: one}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\nstringData: {a: one, b: two}\n";
const BINDING: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: a}]\n";
const CLASS: &str = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: csi.example.net\nparameters: {tier: gold}\n";
const PRIORITY: &str =
    "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: p}\nvalue: 1000\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}\n  selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    spec:\n      containers: [{name: c, image: x:1}]\n";
const DRIVER: &str = "apiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {name: csi.example.net}\nspec: {attachRequired: true}\n";
const SLICE: &str = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: e}\naddressType: IPv4\nendpoints: [{addresses: [10.1.2.3]}]\nports: [{port: 80}]\n";
const QUOTA: &str = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 5}}\n";
const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.net}\nspec:\n  group: example.net\n  scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n";
const API: &str = "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.example.net}\nspec: {group: example.net, version: v1, groupPriorityMinimum: 100, versionPriority: 10, service: {name: s, namespace: default}}\n";
const INGRESS_CLASS: &str = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: i}\nspec: {controller: example.net/a}\n";
const RUNTIME: &str = "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: r}\nhandler: runc\n";
const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: c, image: x:1}]\n";

const ONCE: &str = "Invalid value: ";
const CLAIM_FIXED: (&str, &str) = ("spec", "Forbidden: spec is immutable after creation except");
const POD_FIXED: (&str, &str) = ("spec", "Forbidden: pod updates may not change fields other than");

#[rustfmt::skip]
const RULES: &[Rule] = &[
    // `validateUpgradeDowngradeClusterIPs`, `patchAllocatedValues`, `dropTypeDependentFields`.
    Rule { name: "an address cannot be taken away", base: SERVICE, edits: &[("spec:\n", "spec:\n  clusterIP: None\n")], outcome: Refused(&[("spec.clusterIPs[0]", ONCE)]) },
    Rule { name: "a headless Service gets no address", base: HEADLESS, edits: &[("clusterIP: None", "clusterIP: 10.0.0.9")], outcome: Refused(&[("spec.clusterIPs[0]", ONCE)]) },
    Rule { name: "a headless Service stays headless", base: HEADLESS, edits: &[("  clusterIP: None\n", "")], outcome: Kept },
    Rule { name: "a fixed address stays", base: FIXED, edits: &[("  clusterIP: 10.0.0.7\n", "")], outcome: Kept },
    Rule { name: "a fixed address cannot change", base: FIXED, edits: &[("10.0.0.7", "10.0.0.8")], outcome: Refused(&[("spec.clusterIPs[0]", ONCE)]) },
    Rule { name: "one address is the same in both fields", base: FIXED, edits: &[("clusterIP: 10.0.0.7\n", "clusterIP: 10.0.0.7\n  clusterIPs: [10.0.0.7]\n")], outcome: Same },
    Rule { name: "an external name frees the address", base: FIXED, edits: &[("spec:\n", "spec:\n  type: ExternalName\n  externalName: a.example.net\n")], outcome: Changed },
    Rule { name: "also where the manifest drops `clusterIP: None` with it", base: HEADLESS, edits: &[("  clusterIP: None\n", "  type: ExternalName\n  externalName: a.example.net\n")], outcome: Changed },
    Rule { name: "an external name becomes headless", base: EXTERNAL, edits: &[("  type: ExternalName\n  externalName: db.example.net\n", "  clusterIP: None\n  ports: [{port: 80}]\n")], outcome: Changed },
    Rule { name: "headless is for ClusterIP alone", base: HEADLESS, edits: &[("spec:\n", "spec:\n  type: NodePort\n")], outcome: Refused(&[("spec.clusterIPs[0]", ONCE)]) },
    Rule { name: "families stay", base: SERVICE, edits: &[("spec:\n", "spec:\n  ipFamilies: [IPv6]\n")], outcome: Refused(&[("spec.clusterIPs[0]", "Invalid value: \"(allocated)\": expected an IPv6 value as indicated by `ipFamilies[0]`")]) },
    Rule { name: "a node port that is dropped stays", base: NODE_PORT, edits: &[(", nodePort: 30100", "")], outcome: Kept },
    Rule { name: "a node port may change", base: NODE_PORT, edits: &[("30100", "30101")], outcome: Changed },
    Rule { name: "node ports go with the type that needs them", base: NODE_PORT, edits: &[("type: NodePort", "type: ClusterIP")], outcome: Changed },
    // `validateServiceExternalTrafficFieldsUpdate`, `validateLoadBalancerClassField`.
    Rule { name: "the port for health checks cannot change", base: BALANCER, edits: &[("30200", "30201")], outcome: Refused(&[("spec.healthCheckNodePort", "Invalid value: 30201: field is immutable")]) },
    Rule { name: "the port for health checks stays where it is dropped", base: BALANCER, edits: &[("  healthCheckNodePort: 30200\n", "")], outcome: Kept },
    Rule { name: "the port for health checks goes with the policy", base: BALANCER, edits: &[("Local", "Cluster")], outcome: Changed },
    Rule { name: "a balancer's class cannot change", base: BALANCER, edits: &[("outer", "inner")], outcome: Refused(&[("spec.loadBalancerClass", ONCE)]) },
    Rule { name: "a balancer's class goes with the type", base: BALANCER, edits: &[("type: LoadBalancer", "type: ClusterIP"), ("  externalTrafficPolicy: Local\n  healthCheckNodePort: 30200\n", "")], outcome: Changed },
    // `ValidateJobSpecUpdate`.
    Rule { name: "a Job may fail more often", base: JOB, edits: &[("backoffLimit: 2", "backoffLimit: 4")], outcome: Changed },
    Rule { name: "completions stay", base: JOB, edits: &[("backoffLimit: 2", "completions: 3")], outcome: Refused(&[("spec.completions", "Invalid value: 3: field is immutable")]) },
    Rule { name: "indexed completions change with the parallelism", base: INDEXED, edits: &[("completions: 3", "completions: 5"), ("parallelism: 3", "parallelism: 5")], outcome: Changed },
    Rule { name: "and not without it", base: INDEXED, edits: &[("completions: 3", "completions: 5")], outcome: Refused(&[("spec.completions", "Invalid value: 5: can only be modified in tandem with spec.parallelism")]) },
    Rule { name: "a Job's template stays", base: JOB, edits: &[("x:1", "x:2")], outcome: Refused(&[("spec.template", "Invalid value: ")]) },
    Rule { name: "where a suspended Job runs may change", base: SUSPENDED, edits: &[("      restartPolicy", "      nodeSelector: {disk: fast}\n      restartPolicy"), ("{app: j}", "{app: k}")], outcome: Changed },
    Rule { name: "what it runs may not", base: SUSPENDED, edits: &[("x:1", "x:2")], outcome: Refused(&[("spec.template.spec", "Invalid value: ")]) },
    Rule { name: "who manages a Job stays", base: JOB, edits: &[("backoffLimit: 2", "managedBy: example.net/queue")], outcome: Refused(&[("spec.managedBy", "Invalid value: \"example.net/queue\": field is immutable")]) },
    // `ValidatePersistentVolumeClaimUpdate`.
    Rule { name: "a claim without a volume stays as it is", base: CLAIM, edits: &[("20Gi", "30Gi")], outcome: Refused(&[CLAIM_FIXED]) },
    Rule { name: "a size in another unit is the same", base: CLAIM, edits: &[("20Gi", "20480Mi")], outcome: Same },
    Rule { name: "the mode is named twice", base: CLAIM, edits: &[("spec:\n", "spec:\n  volumeMode: Block\n")], outcome: Refused(&[CLAIM_FIXED, ("volumeMode", "Invalid value: \"Block\": field is immutable")]) },
    Rule { name: "a bound claim grows", base: BOUND, edits: &[("storage: 20Gi}}\nstatus", "storage: 30Gi}}\nstatus")], outcome: Changed },
    Rule { name: "and does not shrink", base: BOUND, edits: &[("storage: 20Gi}}\nstatus", "storage: 10Gi}}\nstatus")], outcome: Refused(&[("spec.resources.requests.storage", "Forbidden: field can not be less than status.capacity")]) },
    Rule { name: "its attributes may change", base: BOUND, edits: &[("silver", "gold")], outcome: Changed },
    Rule { name: "and not go", base: BOUND, edits: &[("  volumeAttributesClassName: silver\n", "")], outcome: Refused(&[("spec.volumeAttributesClassName", "Forbidden: update from non-nil value to nil")]) },
    Rule { name: "attributes of a claim without a volume stay", base: CLAIM, edits: &[("spec:\n", "spec:\n  volumeAttributesClassName: gold\n")], outcome: Refused(&[CLAIM_FIXED]) },
    // `ValidatePersistentVolumeUpdate`.
    Rule { name: "where a volume lies stays", base: VOLUME, edits: &[("/data", "/other")], outcome: Refused(&[("spec.persistentvolumesource", "Forbidden: ")]) },
    Rule { name: "what becomes of it may change", base: VOLUME, edits: &[("spec:\n", "spec:\n  persistentVolumeReclaimPolicy: Delete\n")], outcome: Changed },
    // `ValidateConfigMapUpdate`, `ValidateSecretUpdate`.
    Rule { name: "immutable data stays", base: CONFIG, edits: &[("one", "two")], outcome: Refused(&[("data", "Forbidden: field is immutable when `immutable` is set")]) },
    Rule { name: "immutable stays immutable", base: CONFIG, edits: &[("immutable: true\n", "")], outcome: Refused(&[("immutable", "Forbidden: ")]) },
    Rule { name: "its labels may change", base: CONFIG, edits: &[("{name: c}", "{name: c, labels: {a: b}}")], outcome: Changed },
    Rule { name: "a Secret's type stays", base: SECRET, edits: &[("stringData", "type: example.net/x\nstringData")], outcome: Refused(&[("type", "Invalid value: \"example.net/x\": field is immutable")]) },
    Rule { name: "plain data becomes data", base: SECRET, edits: &[("stringData: {a: one, b: two}", "data: {a: b25l, b: dHdv}")], outcome: Same },
    Rule { name: "what was written as plain data stays until it is deleted as data", base: SECRET, edits: &[(", b: two", "")], outcome: Kept },
    // Fields of one kind each.
    Rule { name: "ValidateRoleBindingUpdate", base: BINDING, edits: &[("name: r}", "name: other}")], outcome: Refused(&[("roleRef", "Invalid value: ")]) },
    Rule { name: "subjects may change", base: BINDING, edits: &[("name: a}", "name: other}")], outcome: Changed },
    Rule { name: "ValidateStorageClassUpdate, parameters", base: CLASS, edits: &[("gold", "silver")], outcome: Refused(&[("parameters", ONCE)]) },
    Rule { name: "ValidateStorageClassUpdate, binding", base: CLASS, edits: &[("parameters", "volumeBindingMode: WaitForFirstConsumer\nparameters")], outcome: Refused(&[("volumeBindingMode", ONCE)]) },
    Rule { name: "a class may learn to grow volumes", base: CLASS, edits: &[("parameters", "allowVolumeExpansion: true\nparameters")], outcome: Changed },
    Rule { name: "ValidatePriorityClassUpdate", base: PRIORITY, edits: &[("1000", "1001")], outcome: Refused(&[("value", "Forbidden: may not be changed in an update.")]) },
    Rule { name: "ValidateIngressClassUpdate", base: INGRESS_CLASS, edits: &[("net/a", "net/b")], outcome: Refused(&[("spec.controller", ONCE)]) },
    Rule { name: "ValidateRuntimeClassUpdate", base: RUNTIME, edits: &[("runc", "kata")], outcome: Refused(&[("handler", ONCE)]) },
    Rule { name: "ValidateCSIDriverUpdate", base: DRIVER, edits: &[("true", "false")], outcome: Refused(&[("spec.attachRequired", "Invalid value: false: field is immutable")]) },
    Rule { name: "ValidateEndpointSliceUpdate", base: SLICE, edits: &[("IPv4", "IPv6"), ("10.1.2.3", "\"fd00::1\"")], outcome: Refused(&[("addressType", ONCE)]) },
    Rule { name: "SetDefaults_EndpointPort", base: SLICE, edits: &[("{port: 80}", "{name: \"\", port: 80, protocol: TCP}")], outcome: Same },
    Rule { name: "ValidateResourceQuotaUpdate", base: QUOTA, edits: &[("spec: {", "spec: {scopes: [BestEffort], ")], outcome: Refused(&[("spec.scopes", ONCE)]) },
    Rule { name: "ValidateCustomResourceDefinitionUpdate", base: DEFINITION, edits: &[("Namespaced", "Cluster")], outcome: Refused(&[("spec.scope", "Invalid value: \"Cluster\": field is immutable")]) },
    Rule { name: "SetDefaults_CustomResourceDefinitionSpec", base: DEFINITION, edits: &[("plural: things}", "plural: things, singular: thing, listKind: ThingList}\n  conversion: {strategy: None}")], outcome: Same },
    Rule { name: "SetDefaults_ServiceReference", base: API, edits: &[("name: s,", "name: s, port: 443,")], outcome: Same },
    // `ValidateDeploymentUpdate`; `strategy` retains only the keys that a patch names.
    Rule { name: "a selector stays", base: DEPLOYMENT, edits: &[("{app: d}", "{app: e}")], outcome: Refused(&[("spec.selector", ONCE)]) },
    Rule { name: "another strategy drops what belonged to the old one", base: DEPLOYMENT, edits: &[("{type: RollingUpdate, rollingUpdate: {maxSurge: 1}}", "{type: Recreate}")], outcome: Changed },
    Rule { name: "a strategy that keeps it is refused", base: DEPLOYMENT, edits: &[("type: RollingUpdate", "type: Recreate")], outcome: Refused(&[("spec.strategy.rollingUpdate", "Forbidden: ")]) },
    // `ValidatePodUpdate`.
    Rule { name: "a Pod's image may change", base: POD, edits: &[("x:1", "x:2")], outcome: Changed },
    Rule { name: "tolerations may be added", base: POD, edits: &[("spec:\n", "spec:\n  tolerations: [{key: a, operator: Exists}]\n")], outcome: Changed },
    Rule { name: "nothing else may", base: POD, edits: &[("image: x:1", "image: x:1, tty: true")], outcome: Refused(&[POD_FIXED]) },
];

#[test]
fn every_rule_holds() {
    let wrong: Vec<String> = RULES.iter().filter_map(broken).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What happens instead; `None` where the rule holds.
fn broken(rule: &Rule) -> Option<String> {
    let edited = rule.edits.iter().fold(rule.base.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{}: nothing to edit", rule.name);
        text.replace(from, to)
    });
    let plan = diff::compare(&objects(rule.base), &objects(&edited), &Options::default());
    let [object] = plan.objects.as_slice() else { return Some(format!("{}: {plan:?}", rule.name)) };
    let holds = match rule.outcome {
        Refused(reasons) => object.verdict == Verdict::Rejected && same_reasons(object, reasons),
        Changed => object.verdict == Verdict::Accepted && object.change == Change::Modified,
        Same => !object.is_notable(),
        Kept => object.change == Change::Unchanged && object.has(EffectKind::Ignored),
    };
    (!holds).then(|| {
        format!(
            "{}: {:?}, {:?}, {:?}, {:?}",
            rule.name, object.change, object.verdict, object.reasons, object.effects
        )
    })
}

fn same_reasons(object: &ObjectPlan, expected: &[(&str, &str)]) -> bool {
    object.reasons.len() == expected.len()
        && object
            .reasons
            .iter()
            .zip(expected)
            .all(|(reason, (path, message))| reason.path == *path && reason.message.starts_with(message))
}

/// Which updates of a Deployment or DaemonSet replace pods.
#[test]
fn pods_are_replaced_only_where_a_controller_does_it() {
    let restarts = |base: &str, edits: &[(&str, &str)]| {
        let edited = edits.iter().fold(base.to_owned(), |text, (from, to)| text.replace(from, to));
        let plan = diff::compare(&objects(base), &objects(&edited), &Options::default());
        assert_eq!(plan.objects[0].verdict, Verdict::Accepted);
        plan.objects[0].restarts()
    };
    let with_memory = |text: &str| text.replace("x:1", "x:1, resources: {requests: {memory: 1Gi}}");
    let bytes = ("1Gi", "1073741824");
    let deployment = with_memory(DEPLOYMENT);
    assert!(restarts(&deployment, &[("x:1", "x:2")]));
    // `EqualIgnoreHash` compares quantities by value, `ControllerRevision`s hold them as written.
    assert!(!restarts(&deployment, &[bytes]));
    let daemons = deployment
        .replace("kind: Deployment", "kind: DaemonSet")
        .replace("  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}\n", "");
    assert!(restarts(&daemons, &[bytes]));
    assert!(!restarts(&daemons, &[("1Gi", "1024Mi")]));
    assert!(!restarts(&deployment, &[("spec:\n  strategy", "spec:\n  replicas: 4\n  strategy")]));
    assert!(!restarts(
        &deployment,
        &[("x:1", "x:2"), ("spec:\n  strategy", "spec:\n  paused: true\n  strategy")]
    ));
}
