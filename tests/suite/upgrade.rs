//! The verdicts and restarts of a real API server and its controllers, against ours.

use crate::support::recorded;
use plimsoll::diag::{Severity, SourceKind, Sources, Span};
use plimsoll::diff::{self, Change, Options, Verdict};
use plimsoll::k8s::{Version, defaults, validate};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::{Node, ReadOptions};

fn objects(name: &str, text: &serde_json::Value) -> Vec<Object> {
    let sources = Sources::new();
    let source = sources.add(name, text.as_str().unwrap(), SourceKind::File);
    let report = manifest::parse(&sources, source, name, &ReadOptions::lenient());
    assert!(!report.has_errors(), "{name}: {:?}", report.diagnostics);
    report.output.unwrap_or_default()
}

#[test]
fn every_pair_is_judged_as_the_server_did() {
    let (mut wrong, mut pairs, mut objects_seen) = (Vec::new(), 0, 0);
    for case in recorded("upgrade") {
        let name = case["case"].as_str().expect("case");
        let (old, new) = (objects(name, &case["old"]), objects(name, &case["new"]));
        let plan = diff::compare(&old, &new, &Options::default());
        pairs += 1;
        for expected in case["objects"].as_array().expect("objects") {
            objects_seen += 1;
            let (kind, object) = (expected["kind"].as_str().unwrap(), expected["name"].as_str().unwrap());
            let removed = expected["verdict"] == "removed";
            let found = plan.objects.iter().find(|plan| {
                plan.object.kind == kind
                    && plan.object.name == object
                    && (plan.change == Change::Removed) == removed
            });
            let Some(found) = found else {
                wrong.push(format!("{name}: {kind}/{object} is missing"));
                continue;
            };
            let accepted = found.verdict == Verdict::Accepted;
            if accepted == (expected["verdict"] == "rejected") {
                wrong.push(format!(
                    "{name}: {kind}/{object} is {}, not {:?}\n      {:?}\n      {}",
                    expected["verdict"], found.verdict, found.reasons, expected["message"]
                ));
                continue;
            }
            if (expected["verdict"] == "created") != (found.change == Change::Added && accepted) {
                wrong
                    .push(format!("{name}: {kind}/{object}: {} but {:?}", expected["verdict"], found.change));
            }
            if let Some(restarts) = expected["restarts_pods"].as_bool()
                && restarts != found.restarts()
            {
                wrong.push(format!("{name}: {kind}/{object}: restarts {restarts}, {:?}", found.effects));
            }
            if let (Some(changed), true) = (expected["changed"].as_bool(), accepted)
                && changed != (found.change == Change::Modified)
            {
                wrong.push(format!("{name}: {kind}/{object}: changed {changed}, {:?}", found.changes));
            }
            if found.verdict == Verdict::Rejected && found.reasons.is_empty() {
                wrong.push(format!("{name}: {kind}/{object}: rejected without a reason"));
            }
        }
    }
    assert!(pairs > 0 && objects_seen > pairs, "the oracle is empty");
    assert!(
        wrong.is_empty(),
        "{} of {objects_seen} answers are wrong:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
}

/// A manifest and what a row of the recorded updates does to it: texts replaced one after the other.
struct Attempt {
    kind: &'static str,
    change: &'static str,
    base: &'static str,
    edits: &'static [(&'static str, &'static str)],
}

const SET: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: w}\nspec:\n  serviceName: w\n  replicas: 0\n  selector: {matchLabels: {app: w}}\n  template:\n    metadata: {labels: {app: w, v: '1'}}\n    spec:\n      containers: [{name: c, image: i:1, volumeMounts: [{name: data, mountPath: /d}]}]\n  volumeClaimTemplates:\n    - metadata: {name: data, labels: {l: a}}\n      spec: {storageClassName: sc, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  selector: {app: w}\n  ports: [{port: 80}]\n";
const HEADLESS: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  clusterIP: None\n  selector: {app: w}\n  ports: [{port: 80}]\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    spec: {containers: [{name: c, image: i:1}]}\n";
const DAEMON_SET: &str = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    spec: {containers: [{name: c, image: i:1}]}\n";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nimmutable: true\ndata: {a: b}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: Opaque\ndata: {a: Yg==}\n";
const BINDING: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: r}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}\nsubjects: [{kind: ServiceAccount, name: a, namespace: default}]\n";
const CLASS: &str = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: sc}\nprovisioner: x/y\nparameters: {a: '1'}\nreclaimPolicy: Delete\nvolumeBindingMode: Immediate\nallowVolumeExpansion: false\nmountOptions: [a]\n";
const PRIORITY: &str = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: p}\nvalue: 10\npreemptionPolicy: PreemptLowerPriority\ndescription: a\n";
const INGRESS_CLASS: &str =
    "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: i}\nspec: {controller: a/b}\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: b}}\nspec: {containers: [{name: c, image: i:1, env: [{name: A, value: a}]}]}\n";
const CRON_JOB: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec:\n  schedule: 0 1 * * *\n  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i:1}]}}}}\n";
const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: jj}\nspec:\n  parallelism: 1\n  completions: 1\n  backoffLimit: 6\n  ttlSecondsAfterFinished: 100\n  activeDeadlineSeconds: 100\n  template:\n    metadata: {labels: {app: w}}\n    spec: {restartPolicy: Never, containers: [{name: c, image: i:1}]}\n";
const BUDGET: &str = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\nspec: {minAvailable: 1, selector: {matchLabels: {app: w}}}\n";
const VOLUME: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: sc, persistentVolumeReclaimPolicy: Retain, hostPath: {path: /x}}\n";
const PENDING: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p, labels: {a: b}}\nspec: {accessModes: [ReadWriteOnce], storageClassName: sc, resources: {requests: {storage: 1Gi}}}\n";
const GROWING: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p, labels: {a: b}}\nspec: {accessModes: [ReadWriteOnce], storageClassName: sc, volumeName: v, resources: {requests: {storage: 1Gi}}}\n---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: sc}\nprovisioner: x/y\nallowVolumeExpansion: true\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: sc, hostPath: {path: /x}}\n";
const FIXED: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p, labels: {a: b}}\nspec: {accessModes: [ReadWriteOnce], storageClassName: sc, volumeName: v, resources: {requests: {storage: 1Gi}}}\n---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: sc}\nprovisioner: x/y\nallowVolumeExpansion: false\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: sc, hostPath: {path: /x}}\n";

macro_rules! attempts {
    ($($kind:literal: $base:ident { $($change:literal: [$($from:literal => $to:literal),+];)+ })+) => {
        &[$($(Attempt { kind: $kind, change: $change, base: $base, edits: &[$(($from, $to)),+] },)+)+]
    };
}

const ATTEMPTS: &[Attempt] = attempts! {
    "StatefulSet": SET {
        "metadata.labels": ["{name: w}" => "{name: w, labels: {a: b}}"];
        "metadata.annotations": ["{name: w}" => "{name: w, annotations: {a: b}}"];
        "spec.replicas 0->2": ["replicas: 0" => "replicas: 2"];
        "spec.template image": ["i:1" => "i:2"];
        "spec.template label v": ["v: '1'" => "v: '2'"];
        "spec.template labels no longer match selector": ["{app: w, v: '1'}" => "{app: x}"];
        "spec.template restartPolicy=OnFailure": ["    spec:\n" => "    spec:\n      restartPolicy: OnFailure\n"];
        "spec.selector value": ["matchLabels: {app: w}" => "matchLabels: {app: z}"];
        "spec.selector add label": ["matchLabels: {app: w}" => "matchLabels: {app: w, v: '1'}"];
        "spec.selector matchExpressions equiv": ["{matchLabels: {app: w}}" => "{matchExpressions: [{key: app, operator: In, values: [w]}]}"];
        "spec.serviceName change": ["serviceName: w" => "serviceName: x"];
        "spec.serviceName removed": ["  serviceName: w\n" => ""];
        "spec.podManagementPolicy Parallel": ["replicas: 0" => "replicas: 0\n  podManagementPolicy: Parallel"];
        "spec.podManagementPolicy explicit default": ["replicas: 0" => "replicas: 0\n  podManagementPolicy: OrderedReady"];
        "spec.updateStrategy OnDelete": ["replicas: 0" => "replicas: 0\n  updateStrategy: {type: OnDelete, rollingUpdate: null}"];
        "spec.updateStrategy partition 3": ["replicas: 0" => "replicas: 0\n  updateStrategy: {rollingUpdate: {partition: 3}}"];
        "spec.updateStrategy partition -1": ["replicas: 0" => "replicas: 0\n  updateStrategy: {rollingUpdate: {partition: -1}}"];
        "spec.updateStrategy maxUnavailable 2": ["replicas: 0" => "replicas: 0\n  updateStrategy: {rollingUpdate: {maxUnavailable: 2}}"];
        "spec.minReadySeconds": ["replicas: 0" => "replicas: 0\n  minReadySeconds: 5"];
        "spec.revisionHistoryLimit": ["replicas: 0" => "replicas: 0\n  revisionHistoryLimit: 3"];
        "spec.ordinals.start": ["replicas: 0" => "replicas: 0\n  ordinals: {start: 2}"];
        "spec.pvcRetention whenDeleted Delete": ["replicas: 0" => "replicas: 0\n  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}"];
        "vct storage grow": ["storage: 1Gi" => "storage: 2Gi"];
        "vct storage shrink": ["storage: 1Gi" => "storage: 500Mi"];
        "vct storage same quantity 1024Mi": ["storage: 1Gi" => "storage: 1024Mi"];
        "vct storageClassName": ["storageClassName: sc" => "storageClassName: other"];
        "vct accessModes": ["ReadWriteOnce" => "ReadWriteMany"];
        "vct label change": ["labels: {l: a}" => "labels: {l: b}"];
        "vct label removed": [", labels: {l: a}" => ""];
        "vct annotation add": ["labels: {l: a}" => "labels: {l: a}, annotations: {a: b}"];
        "vct rename": ["metadata: {name: data" => "metadata: {name: other"];
        "vct add second": ["  volumeClaimTemplates:\n" => "  volumeClaimTemplates:\n    - metadata: {name: more}\n      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"];
        "vct removed": ["  volumeClaimTemplates:\n    - metadata: {name: data, labels: {l: a}}\n      spec: {storageClassName: sc, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n" => ""];
        "vct explicit apiVersion/kind": ["    - metadata: {name: data" => "    - apiVersion: v1\n      kind: PersistentVolumeClaim\n      metadata: {name: data"];
        "vct explicit volumeMode Filesystem (default)": ["storageClassName: sc" => "storageClassName: sc, volumeMode: Filesystem"];
        "vct volumeMode Block": ["storageClassName: sc" => "storageClassName: sc, volumeMode: Block"];
        "vct status added": ["    - metadata: {name: data" => "    - status: {phase: Pending}\n      metadata: {name: data"];
    }
    "Service": SERVICE {
        "selector": ["app: w" => "app: x"];
        "port number": ["port: 80" => "port: 81"];
        "to headless clusterIP None": ["spec:\n" => "spec:\n  clusterIP: None\n"];
        "type NodePort": ["spec:\n" => "spec:\n  type: NodePort\n"];
        "type ExternalName": ["spec:\n" => "spec:\n  type: ExternalName\n  externalName: a.b\n"];
        "publishNotReadyAddresses": ["spec:\n" => "spec:\n  publishNotReadyAddresses: true\n"];
        "dup port no name": ["[{port: 80}]" => "[{port: 80}, {port: 81}]"];
        "add clusterIP: None to an allocated ClusterIP service (kubectl apply, and server-side with --force-conflicts)": ["spec:\n" => "spec:\n  clusterIP: None\n"];
    }
    "Service(headless)": HEADLESS {
        "headless to ClusterIP (drop field)": ["  clusterIP: None\n" => ""];
        "type LoadBalancer keep None": ["spec:\n" => "spec:\n  type: LoadBalancer\n"];
        "type NodePort": ["spec:\n" => "spec:\n  type: NodePort\n"];
    }
    "Service": HEADLESS {
        "remove clusterIP: None from manifest (kubectl apply client-side and --server-side)": ["  clusterIP: None\n" => ""];
    }
    "Deployment": DEPLOYMENT {
        "selector+template label": ["app: d" => "app: z"];
        "strategy Recreate": ["spec:\n" => "spec:\n  strategy: {type: Recreate}\n"];
        "image": ["i:1" => "i:2"];
    }
    "DaemonSet": DAEMON_SET { "selector+template label": ["app: d" => "app: z"]; }
    "ConfigMap(immutable)": CONFIG {
        "data": ["a: b" => "a: c"];
        "immutable false": ["immutable: true" => "immutable: false"];
        "labels": ["{name: c}" => "{name: c, labels: {a: b}}"];
    }
    "Secret": SECRET {
        "type": ["type: Opaque" => "type: kubernetes.io/basic-auth"];
        "data": ["Yg==" => "Yw=="];
        "type custom": ["type: Opaque" => "type: foo/bar"];
    }
    "RoleBinding": BINDING {
        "roleRef": ["name: x" => "name: y"];
        "subjects": ["name: a," => "name: b,"];
    }
    "StorageClass": CLASS {
        "provisioner": ["x/y" => "x/z"];
        "parameters": ["a: '1'" => "a: '2'"];
        "reclaimPolicy": ["Delete" => "Retain"];
        "allowVolumeExpansion": ["false" => "true"];
        "volumeBindingMode": ["Immediate" => "WaitForFirstConsumer"];
        "mountOptions": ["[a]" => "[b]"];
    }
    "PriorityClass": PRIORITY {
        "value": ["value: 10" => "value: 11"];
        "preemptionPolicy": ["PreemptLowerPriority" => "Never"];
        "description": ["description: a" => "description: b"];
    }
    "IngressClass": INGRESS_CLASS { "controller": ["a/b" => "a/c"]; }
    "Pod": POD {
        "image": ["i:1" => "i:2"];
        "env": ["value: a" => "value: b"];
        "labels": ["{a: b}" => "{a: c}"];
    }
    "CronJob": CRON_JOB {
        "image": ["i:1" => "i:2"];
        "schedule": ["0 1" => "0 2"];
    }
    "Job": JOB {
        "image": ["i:1" => "i:2"];
        "parallelism": ["parallelism: 1" => "parallelism: 2"];
        "completions": ["completions: 1" => "completions: 3"];
        "backoffLimit": ["backoffLimit: 6" => "backoffLimit: 3"];
        "ttlSecondsAfterFinished": ["Finished: 100" => "Finished: 200"];
        "activeDeadlineSeconds": ["Seconds: 100" => "Seconds: 200"];
        "suspend": ["spec:\n  par" => "spec:\n  suspend: true\n  par"];
        "template label": ["app: w" => "app: x"];
        "completionMode": ["spec:\n  par" => "spec:\n  completionMode: Indexed\n  par"];
        "podFailurePolicy": ["spec:\n  par" => "spec:\n  podFailurePolicy: {rules: []}\n  par"];
    }
    "PDB": BUDGET {
        "minAvailable": ["minAvailable: 1" => "minAvailable: 2"];
        "selector": ["app: w" => "app: x"];
    }
    "PV": VOLUME {
        "capacity": ["1Gi" => "2Gi"];
        "hostPath": ["/x" => "/y"];
        "reclaimPolicy": ["Retain" => "Delete"];
        "storageClassName": ["storageClassName: sc" => "storageClassName: other"];
        "accessModes": ["ReadWriteOnce" => "ReadWriteMany"];
    }
    "PVC(Bound,allowVolumeExpansion=True)": GROWING {
        "grow": ["requests: {storage: 1Gi}" => "requests: {storage: 2Gi}"];
        "shrink": ["requests: {storage: 1Gi}" => "requests: {storage: 500Mi}"];
        "storageClassName": ["ReadWriteOnce], storageClassName: sc, volumeName" => "ReadWriteOnce], storageClassName: other, volumeName"];
        "labels": ["labels: {a: b}" => "labels: {a: c}"];
    }
    "PVC(Bound,allowVolumeExpansion=False)": FIXED {
        "grow": ["requests: {storage: 1Gi}" => "requests: {storage: 2Gi}"];
        "shrink": ["requests: {storage: 1Gi}" => "requests: {storage: 500Mi}"];
        "storageClassName": ["ReadWriteOnce], storageClassName: sc, volumeName" => "ReadWriteOnce], storageClassName: other, volumeName"];
        "labels": ["labels: {a: b}" => "labels: {a: c}"];
    }
    "PVC(Pending)": PENDING {
        "grow": ["storage: 1Gi" => "storage: 2Gi"];
        "shrink": ["storage: 1Gi" => "storage: 500Mi"];
        "storageClassName": ["storageClassName: sc" => "storageClassName: other"];
        "accessModes": ["ReadWriteOnce" => "ReadWriteMany"];
        "labels": ["labels: {a: b}" => "labels: {a: c}"];
        "volumeMode Block": ["storageClassName: sc" => "storageClassName: sc, volumeMode: Block"];
    }
};

/// The manifests before and after each attempt.
pub(crate) fn attempted() -> Vec<(String, String)> {
    let after = |attempt: &Attempt| {
        attempt.edits.iter().fold(attempt.base.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    ATTEMPTS.iter().map(|attempt| (attempt.base.to_owned(), after(attempt))).collect()
}

/// Updates of single fields, each tried on a real server.
#[test]
fn every_attempted_update_is_answered_as_the_server_did() {
    let read = |text: &str| {
        let report = manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::strict());
        assert!(!report.has_errors(), "{:?}\n{text}", report.diagnostics);
        report.output.unwrap()
    };
    let mut wrong = Vec::new();
    for row in recorded("updates") {
        let (kind, change) = (row["kind"].as_str().unwrap(), row["change"].as_str().unwrap());
        if change == "metadata.name" {
            // A PUT of another name; `kubectl apply` makes another object.
            continue;
        }
        let Some(attempt) = ATTEMPTS.iter().find(|attempt| attempt.kind == kind && attempt.change == change)
        else {
            wrong.push(format!("{kind}, {change}: not tried"));
            continue;
        };
        let edited = attempt.edits.iter().fold(attempt.base.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{kind}, {change}: no {from:?}");
            text.replace(from, to)
        });
        let plan = diff::compare(&read(attempt.base), &read(&edited), &Options::default());
        let object = &plan.objects[0];
        let accepted = row["status"] == 200;
        if accepted != (object.verdict == Verdict::Accepted) {
            wrong.push(format!("{kind}, {change}: {}, but {:?}", row["status"], object.reasons));
        }
        // The server makes a revision of a new template also where no pod is there to be replaced.
        let template = object.changes.iter().any(|change| change.path.starts_with(&["spec", "template"]));
        let no_pods = edited.contains("replicas: 0");
        if let Some(rolls) = row["rolls_pods"].as_bool()
            && (rolls != (accepted && template) || object.restarts() != (rolls && !no_pods))
        {
            wrong.push(format!("{kind}, {change}: rolls {rolls}, but {:?}", object.effects));
        }
        if let Some(message) = row["message"].as_str()
            && kind == "StatefulSet"
        {
            for reason in &object.reasons {
                let path_and_type = reason.message.split(':').next().unwrap_or_default();
                if !message.contains(&format!("{}: {path_and_type}", reason.path)) {
                    wrong.push(format!("{kind}, {change}: the server does not say {reason:?}: {message}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n  {}", wrong.len(), wrong.join("\n  "));
}

/// Objects that the server takes, and `kubectl apply` can create and not update.
const KEYLESS: [&str; 2] =
    ["0338-sts-search-imagepullsecrets-name-empty", "0340-sts-search-imagepullsecrets-element-without-name"];

/// Filling in defaults makes no valid object invalid, and none that differs from itself.
#[test]
fn stored_forms_of_accepted_objects_are_valid_and_stable() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for case in recorded("admission").iter().filter(|case| case["accepted"] == true) {
        let name = case["case"].as_str().unwrap();
        for object in objects(name, &case["manifest"]) {
            seen += 1;
            let mut stored = object.clone();
            defaults::store(object.group(), &object.kind, stored.root_mut());
            let map = stored.root_mut().as_map_mut().unwrap();
            map.insert("apiVersion", Span::NONE, Node::bare(object.api_version.as_str()));
            map.insert("kind", Span::NONE, Node::bare(object.kind.as_str()));
            let mut findings = Vec::new();
            validate(&stored, Version::DEFAULT, &mut findings);
            findings.retain(|finding| finding.severity == Severity::Error);
            if !findings.is_empty() {
                wrong.push(format!("{}: {}", name, findings[0].message));
            }
            let (written, filled) = (std::slice::from_ref(&object), std::slice::from_ref(&stored));
            for (old, new) in [(written, filled), (filled, written)] {
                let plan = diff::compare(old, new, &Options::default());
                let same = plan
                    .objects
                    .iter()
                    .all(|plan| plan.change == Change::Unchanged && plan.verdict == Verdict::Accepted);
                // `kubectl apply` fails on an entry without the key by which its list is merged.
                let keyless = |plan: &diff::ObjectPlan| {
                    plan.reasons.iter().all(|reason| reason.path == "spec.template.spec.imagePullSecrets[0]")
                };
                if !same && KEYLESS.contains(&name) {
                    assert!(plan.objects.iter().all(keyless), "{:?}", plan.objects);
                    continue;
                }
                // `stringData` is written, never read: dropping it drops nothing.
                if !same && object.kind != "Secret" {
                    wrong.push(format!(
                        "{}: {}",
                        name,
                        diff::render::plan(&plan, diff::render::Style::Plain)
                    ));
                }
            }
        }
    }
    assert!(seen > 0);
    assert!(wrong.is_empty(), "{} of {seen}:\n  {}", wrong.len(), wrong.join("\n  "));
}
