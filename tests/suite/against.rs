//! What a release is compared with: a git revision, and the objects of a cluster as a `kubectl` on the path tells them.

use crate::support::{CONFIG_MAP, Sandbox};
use std::process::Command;

/// A chart of a StatefulSet and its Service, whose image and replicas are values.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: tera\n");
    sandbox.write("web/values.yaml", "replicas: 2\ntag: \"1.0\"\n");
    sandbox.write("web/templates/all.yaml", TEMPLATE);
    sandbox
}

const TEMPLATE: &str = r#"apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: {{ values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.net/web:{{ values.tag }}
"#;

/// What a cluster holds of it: what was applied, what the server filled in, and what it keeps of its own.
const LIVE: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Service",
   "metadata": {"name": "web", "namespace": "default", "uid": "6f0c", "resourceVersion": "817", "creationTimestamp": "2026-01-02T03:04:05Z",
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"annotations\":{},\"name\":\"web\",\"namespace\":\"default\"},\"spec\":{\"ports\":[{\"name\":\"http\",\"port\":80}],\"selector\":{\"app\":\"web\"}}}\n"},
    "managedFields": [{"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1", "time": "2026-01-02T03:04:05Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}]},
   "spec": {"clusterIP": "10.96.3.7", "clusterIPs": ["10.96.3.7"], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
    "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}], "selector": {"app": "web"}, "sessionAffinity": "None", "type": "ClusterIP"},
   "status": {"loadBalancer": {}}},
  {"apiVersion": "apps/v1", "kind": "StatefulSet",
   "metadata": {"name": "web", "namespace": "default", "uid": "6f0d", "resourceVersion": "903", "generation": 4, "creationTimestamp": "2026-01-02T03:04:05Z",
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":{\"annotations\":{},\"name\":\"web\",\"namespace\":\"default\"},\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"serviceName\":\"web\",\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"image\":\"example.net/web:1.0\",\"name\":\"web\"}]}}}}\n"}},
   "spec": {"podManagementPolicy": "OrderedReady", "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}, "replicas": 2, "revisionHistoryLimit": 10,
    "selector": {"matchLabels": {"app": "web"}}, "serviceName": "web",
    "template": {"metadata": {"labels": {"app": "web"}, "annotations": {"kubectl.kubernetes.io/restartedAt": "2026-02-03T04:05:06Z"}},
     "spec": {"containers": [{"image": "example.net/web:1.0", "imagePullPolicy": "IfNotPresent", "name": "web", "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
      "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30}},
    "updateStrategy": {"rollingUpdate": {"partition": 0}, "type": "RollingUpdate"}},
   "status": {"replicas": 2, "readyReplicas": 2, "updateRevision": "web-5d7c9"}}
]}"#;

/// A `kubectl` of the context `eu-west` and a server 1.36 that runs `get` where it reads objects by their manifests.
fn answering(get: &str) -> String {
    format!(
        r#"case "$*" in
  "config current-context"*) echo eu-west ;;
  "version -o json"*) echo '{{"serverVersion": {{"gitVersion": "v1.36.2", "minor": "36"}}}}' ;;
  get*" -f -"*) {get} ;;
esac"#
    )
}

/// Compares the shop with the cluster of a `kubectl` that runs `script`.
fn against_live(sandbox: &Sandbox, script: &str, args: &[&str]) -> crate::support::Outcome {
    sandbox.script("bin/kubectl", script);
    let path = format!("{}:/usr/bin:/bin", sandbox.path().join("bin").display());
    let command = [&["diff", "shop", "web", "--against", "live"], args].concat();
    sandbox.run_with(&command, &[("PATH", path.as_str()), ("NO_COLOR", "1")], "")
}

#[test]
fn what_the_server_adds_to_live_objects_is_no_difference() {
    let sandbox = shop();
    sandbox.write("live.json", LIVE);
    // It is asked for the objects of the render, by their manifests, in the namespace of the release.
    let script = answering("echo \"$@\" > asked.txt; cat > asked.json; cat live.json");
    let script = script.as_str();
    let same = against_live(&sandbox, script, &[]);
    assert_eq!(same.code, 0, "{}", same.stdout);
    let note = "note: comparing with context `eu-west`, namespace `default`, Kubernetes v1.36.2\n";
    assert_eq!(same.stderr, note);
    assert_eq!(
        sandbox.read("asked.txt"),
        "get --ignore-not-found -o json --show-managed-fields -n default -f -\n"
    );
    assert!(sandbox.read("asked.json").contains("example.net/web:1.0"));
    sandbox.write("live.json", &LIVE.replace(r#""namespace": "default""#, r#""namespace": "staging""#));
    let newer = against_live(&sandbox, script, &["--set", "tag=1.1", "-n", "staging"]);
    assert_eq!(newer.code, 1);
    assert!(newer.stdout.contains("image: example.net/web:1.0 -> example.net/web:1.1"), "{}", newer.stdout);
    // Somebody has restarted the pods by hand; that annotation stays.
    assert!(!newer.stdout.contains("restartedAt"), "{}", newer.stdout);
    assert!(sandbox.read("asked.txt").contains("-n staging"));
}

#[test]
fn the_context_is_that_of_kubectl_and_of_every_command() {
    let sandbox = shop();
    sandbox.write("live.json", LIVE);
    let script = answering("printf '%s\n' \"$@\" > asked.txt; cat > /dev/null; cat live.json");
    let flags = ["--kube-context", "eu west", "--kubeconfig", "kube.yaml", "--set", "tag=1.1"];
    let outcome = against_live(&sandbox, &script, &flags);
    assert!(outcome.stderr.contains("note: comparing with context `eu west`"), "{}", outcome.stderr);
    let asked = sandbox.read("asked.txt");
    assert!(asked.ends_with("--context\neu west\n--kubeconfig\nkube.yaml\n"), "{asked}");
    let command = "`kubectl delete pod web-1 -n default --context 'eu west' --kubeconfig kube.yaml`";
    assert!(outcome.stdout.contains(command), "{}", outcome.stdout);
}

#[test]
fn fields_that_were_applied_and_are_dropped_go_and_others_stay() {
    let sandbox = shop();
    // Another hand has scaled the set; the manifest of before said 2, the new one says nothing.
    sandbox.write("live.json", &LIVE.replace(r#""Retain"}, "replicas": 2"#, r#""Retain"}, "replicas": 5"#));
    sandbox.write("web/templates/all.yaml", &TEMPLATE.replace("  replicas: {{ values.replicas }}\n", ""));
    let script = answering("cat live.json");
    let dropped = against_live(&sandbox, &script, &[]);
    assert!(dropped.stdout.contains("spec.replicas: 5 -> 1"), "{}", dropped.stdout);
    let never_said = LIVE
        .replace(r#"\"replicas\":2,"#, "")
        .replace(r#""Retain"}, "replicas": 2"#, r#""Retain"}, "replicas": 5"#);
    sandbox.write("live.json", &never_said);
    let kept = against_live(&sandbox, &script, &[]);
    assert_eq!(kept.code, 0, "{}", kept.stdout);
}

/// A ConfigMap in a cluster.
fn live_config_map(name: &str, metadata: &str) -> String {
    format!(
        r#"{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "{name}", "namespace": "default"{metadata}}}}}"#
    )
}

#[test]
fn removed_objects_are_found_by_their_labels() {
    let sandbox = shop();
    sandbox.write("live.json", LIVE);
    let applied = r#", "managedFields": [{"manager": "helm", "operation": "Apply"}]"#;
    let by_kubectl = r#", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}"#;
    let owned = r#", "ownerReferences": [{"kind": "Job", "name": "x"}]"#;
    let found = [
        live_config_map("old", applied),
        live_config_map("older", by_kubectl),
        live_config_map("copied", ""),
        live_config_map("owned", &format!("{by_kubectl}{owned}")),
    ];
    sandbox.write(
        "found.json",
        &format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, found.join(",")),
    );
    let script = "echo \"$*\" >> asked.txt\ncase \"$*\" in *' -f -'*) cat live.json ;; *configmaps*) cat found.json ;; esac";
    // The release's objects do not bear its name, so that is not searched for.
    let unnamed = against_live(&sandbox, script, &["--format", "summary"]);
    assert_eq!(unnamed.code, 0, "{}", unnamed.stdout);
    let selected = against_live(&sandbox, script, &["--format", "summary", "-l", "team=shop"]);
    assert_eq!(
        selected.stdout,
        "- ConfigMap/old in default  stays in the cluster\n- ConfigMap/older in default  stays in the cluster\n\
         0 added, 0 changed, 2 removed, 2 unchanged, no pods restart\n"
    );
    assert!(
        sandbox.read("asked.txt").contains("-l team=shop --ignore-not-found -o json --show-managed-fields")
    );
    sandbox.write(
        "web/templates/all.yaml",
        &TEMPLATE.replace(
            "{name: web}\nspec:\n  selector",
            "{name: web, labels: {app.kubernetes.io/instance: shop}}\nspec:\n  selector",
        ),
    );
    let named = against_live(&sandbox, script, &["--format", "summary"]);
    assert!(named.stdout.contains("2 removed"), "{}", named.stdout);
    assert!(sandbox.read("asked.txt").contains("-l app.kubernetes.io/instance=shop"));
}

/// The Secret in which Helm records a revision of `shop`, whose status is part of its labels.
fn release_record(revision: u32, status: &str, release: &serde_json::Value) -> serde_json::Value {
    use base64::Engine as _;
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(release.to_string().as_bytes()).unwrap();
    let base64 = base64::engine::general_purpose::STANDARD;
    let data = base64.encode(base64.encode(packed.finish().unwrap()));
    serde_json::json!({ "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": { "name": format!("sh.helm.release.v1.shop.v{revision}"),
            "labels": { "version": revision.to_string(), "status": status } },
        "data": { "release": data } })
}

fn list(items: &[serde_json::Value]) -> String {
    serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

/// Helm compares the manifest that it recorded with the new one, and what the record does not name it never made.
#[test]
fn the_drivers_of_helm_start_from_the_last_deployed_revision() {
    let sandbox = shop();
    let mut live: serde_json::Value =
        serde_json::from_str(&LIVE.replace(r#""replicas": 2, "#, r#""replicas": 2, "minReadySeconds": 5, "#))
            .unwrap();
    for item in live["items"].as_array_mut().unwrap() {
        item["metadata"]["labels"] = serde_json::json!({ "app.kubernetes.io/managed-by": "Helm" });
        item["metadata"]["annotations"] = serde_json::json!({ "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "default" });
    }
    // Somebody changed it by hand.
    live["items"][1]["spec"]["revisionHistoryLimit"] = 3.into();
    sandbox.write("live.json", &live.to_string());
    let rendered = TEMPLATE.replace("{{ values.replicas }}", "2").replace("{{ values.tag }}", "1.0");
    let deployed = rendered.replace("serviceName: web\n", "serviceName: web\n  minReadySeconds: 5\n");
    let record = |revision, status, manifest: &str, method: &str| {
        release_record(revision, status, &serde_json::json!({ "manifest": manifest, "apply_method": method }))
    };
    let script =
        answering("cat live.json").replace("esac", "  *owner=helm,name=shop*) cat records.json ;;\nesac");
    let run = |records: &[serde_json::Value], driver: &str| {
        sandbox.write("records.json", &list(records));
        against_live(&sandbox, &script, &["--driver", driver])
    };
    let removed = "  - spec.minReadySeconds: 5\n";
    // A revision that failed is not what Helm starts from.
    let records = [record(3, "deployed", &deployed, "csa"), record(4, "failed", &rendered, "csa")];
    let patched = run(&records, "helm3");
    assert!(patched.stdout.contains(removed), "{}{}", patched.stdout, patched.stderr);
    assert!(!patched.stdout.contains("revisionHistoryLimit"), "{}", patched.stdout);
    assert!(!patched.stderr.contains("--driver"), "{}", patched.stderr);
    let same = run(&[record(3, "superseded", &rendered, ""), record(5, "deployed", &rendered, "")], "helm3");
    assert_eq!(same.code, 0, "{}{}", same.stdout, same.stderr);
    // Helm 4 goes on as the release was made.
    let other = run(&records, "helm");
    assert!(other.stderr.contains("Helm applied the last revision client-side and applies the next one in the same way: use --driver helm3"), "{}", other.stderr);
    let other = run(&[record(3, "deployed", &deployed, "ssa")], "helm3");
    assert!(other.stderr.contains("in the same way: use --driver helm\n"), "{}", other.stderr);
    // Helm begins nothing while an operation is pending.
    let pending = [record(3, "deployed", &deployed, ""), record(4, "pending-upgrade", &rendered, "")];
    let stuck = run(&pending, "helm3");
    assert!(
        stuck.stdout.contains(removed)
            && stuck.stderr.contains("has the status `pending-upgrade`: `helm upgrade` refuses"),
        "{}",
        stuck.stderr
    );
    assert!(!run(&pending, "kubectl").stderr.contains("pending"));
    // Without a record the new manifest is taken as the old one.
    let unknown = run(&[], "helm3");
    assert_eq!(unknown.code, 0, "{}{}", unknown.stdout, unknown.stderr);
}

#[test]
fn removed_objects_are_found_in_helms_record_and_in_an_apply_set() {
    let sandbox = shop();
    sandbox.write("live.json", LIVE);
    sandbox.write("old.json", &live_config_map("old", ""));
    let record = |revision, name: &str| {
        let manifest = CONFIG_MAP.replace("{{ release.name }}", name);
        release_record(revision, "superseded", &serde_json::json!({ "manifest": manifest }))
    };
    // The tenth revision is the newest.
    let records = list(&[record(9, "older"), record(10, "old")]);
    sandbox.write("records.json", &records);
    let script = "cat > stdin.json\ncase \"$*\" in *owner=helm,name=shop*) cat records.json ;;\n*' -f -'*) if grep -q ConfigMap stdin.json; then cp stdin.json asked.json; cat old.json; else cat live.json; fi ;; esac";
    let recorded = against_live(&sandbox, script, &["--format", "summary"]);
    assert!(recorded.stdout.starts_with("- ConfigMap/old in default  stays"), "{}", recorded.stdout);
    assert!(sandbox.read("asked.json").contains("\"name\":\"old\""));
    // A record that cannot be read is said, and so are Secrets that may not be read.
    sandbox.write("records.json", &records.replace("\"release\":\"", "\"release\":\"!"));
    let broken = against_live(&sandbox, script, &[]);
    assert!(broken.stderr.contains("cannot read Helm's record of `shop`"), "{}", broken.stderr);
    let forbidden = "case \"$*\" in *' -f -'*) cat live.json ;; *secrets*) echo 'secrets is forbidden' >&2; exit 1 ;; esac";
    let forbidden = against_live(&sandbox, forbidden, &[]);
    assert_eq!(forbidden.code, 0, "{}", forbidden.stderr);
    assert!(forbidden.stderr.contains("may be missing from the plan: kubectl get: secrets is forbidden"));

    let parent = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "set", "labels": {"applyset.kubernetes.io/id": "applyset-1-v1"}, "annotations": {"applyset.kubernetes.io/contains-group-kinds": "ConfigMap,StatefulSet.apps"}}}"#;
    sandbox.write("parent.json", parent);
    let script = "case \"$*\" in *' -f -'*) cat live.json ;; *'secrets set'*) cat parent.json ;; *ConfigMap,StatefulSet.apps*part-of=applyset-1-v1*) cat old.json ;; esac";
    let members = against_live(&sandbox, script, &["--format", "summary", "--applyset", "set"]);
    assert!(members.stdout.starts_with("- ConfigMap/old in default  stays"), "{}", members.stdout);
    let missing = against_live(&sandbox, script, &["--applyset", "other"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing.stderr.contains("there is no Secret `other` in namespace `default`"),
        "{}",
        missing.stderr
    );
    sandbox.write("parent.json", &parent.replace("applyset.kubernetes.io/id", "id"));
    let other = against_live(&sandbox, script, &["--applyset", "set"]);
    assert!(other.stderr.contains("`set` is not the parent of an ApplySet"), "{}", other.stderr);
}

#[test]
fn the_version_of_the_server_is_compared_with_that_of_the_plan() {
    let sandbox = shop();
    sandbox.write("live.json", LIVE);
    let script = answering("cat live.json").replace("36", "34");
    let older = against_live(&sandbox, &script, &[]);
    assert!(
        older.stderr.contains("Kubernetes v1.34.2; the plan assumes 1.36 (see --kube-version)"),
        "{}",
        older.stderr
    );
    let same = against_live(&sandbox, &script, &["--kube-version", "1.34"]);
    assert!(!same.stderr.contains("assumes"), "{}", same.stderr);
}

#[test]
fn the_api_server_is_asked_about_each_object() {
    let sandbox = shop();
    sandbox.write("old.yaml", &sandbox.run(&["render", "shop", "web"]).stdout);
    let script = "echo \"$*\" >> asked.txt\nif grep -q StatefulSet && [ -f refuse ]; then echo 'admission webhook \"x\" denied the request' >&2; exit 1; fi";
    sandbox.script("bin/kubectl", script);
    let path = format!("{}:/usr/bin:/bin", sandbox.path().join("bin").display());
    let ask = |args: &[&str]| {
        let command = [&["diff", "shop", "web", "--against", "old.yaml", "--server-dry-run"], args].concat();
        sandbox.run_with(&command, &[("PATH", path.as_str())], "")
    };
    let agreed = ask(&[]);
    assert_eq!(
        (agreed.code, agreed.stderr.as_str()),
        (0, "note: the API server agrees with the plan on 2 of 2 objects\n")
    );
    assert!(sandbox.read("asked.txt").contains("apply --dry-run=server -o name -n default -f -"));
    // It accepts what the plan rejects.
    let lenient = ask(&["--set", "replicas=-1"]);
    assert_eq!(lenient.code, 3);
    assert!(
        lenient.stderr.contains("the API server accepts StatefulSet/web, which the plan rejects"),
        "{}",
        lenient.stderr
    );
    sandbox.write("refuse", "");
    let refused = ask(&["--set", "tag=2"]);
    assert_eq!(refused.code, 3);
    assert!(
        refused.stderr.contains(
            "the API server rejects StatefulSet/web, which the plan accepts: admission webhook \"x\" denied"
        ),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("on 1 of 2 objects"), "{}", refused.stderr);
}

#[test]
fn objects_that_a_cluster_lacks_are_new() {
    let outcome = against_live(&shop(), "cat > /dev/null", &["--format", "summary"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stdout.contains("2 added"), "{}", outcome.stdout);
}

#[test]
fn a_kubectl_that_fails_is_quoted() {
    let sandbox = shop();
    let outcome = against_live(&sandbox, "echo 'The connection to the server was refused' >&2; exit 1", &[]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(
        outcome.stderr.contains("kubectl get: The connection to the server was refused"),
        "{}",
        outcome.stderr
    );
    sandbox.write("tools/only-a-shell", "");
    sandbox.link("/bin/sh", "tools/sh");
    let empty = sandbox.path().join("tools").display().to_string();
    let missing = sandbox.run_with(&["diff", "shop", "web", "--against", "live"], &[("PATH", &empty)], "");
    assert_eq!((missing.code, missing.stdout.as_str()), (2, ""));
    assert!(missing.stderr.contains("cannot run `kubectl`"), "{}", missing.stderr);
    let nonsense = against_live(&sandbox, "cat > /dev/null; echo 'a: ['", &[]);
    assert_eq!((nonsense.code, nonsense.stdout.as_str()), (2, ""));
    assert!(nonsense.stderr.contains("live:"), "{}", nonsense.stderr);
}

/// Runs git in the sandbox.
pub(crate) fn git(sandbox: &Sandbox, args: &[&str]) {
    let done =
        Command::new("git").args(args).current_dir(sandbox.path()).envs(sandbox.environment()).output();
    let done = done.unwrap();
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

pub(crate) fn commit(sandbox: &Sandbox, name: &str) {
    git(sandbox, &["add", "-A"]);
    git(sandbox, &["commit", "-q", "-m", name]);
    git(sandbox, &["tag", name]);
}

fn repository() -> Sandbox {
    let sandbox = shop();
    sandbox.write("prod.yaml", "replicas: 3\n");
    git(&sandbox, &["init", "-q", "-b", "main"]);
    commit(&sandbox, "one");
    sandbox
}

#[test]
fn a_chart_and_its_values_are_compared_with_those_of_a_revision() {
    let sandbox = repository();
    let diff = |args: &[&str]| sandbox.run(&[&["diff", "shop", "web", "-f", "prod.yaml"], args].concat());
    assert_eq!(diff(&["--against", "git:HEAD"]).code, 0);
    // Neither the chart nor the values are committed.
    sandbox.write("prod.yaml", "replicas: 4\n");
    sandbox.write("web/values.yaml", "replicas: 2\ntag: \"1.1\"\n");
    let dirty = diff(&["--against", "git:HEAD"]);
    assert!(dirty.stdout.contains("spec.replicas: 3 -> 4"), "{}", dirty.stdout);
    assert!(dirty.stdout.contains("example.net/web:1.0 -> example.net/web:1.1"), "{}", dirty.stdout);
    commit(&sandbox, "two");
    assert_eq!(diff(&["--against", "git:two"]).code, 0);
    assert_eq!(diff(&["--against", "git:HEAD~1"]).stdout, dirty.stdout);
}

#[test]
fn values_that_git_does_not_track_are_for_the_new_side_only() {
    let sandbox = repository();
    let diff = |args: &[&str]| sandbox.run(&[&["diff", "shop", "web", "-f", "prod.yaml"], args].concat());
    let set = diff(&["--set", "tag=9", "--set-string", "x=1", "--against", "git:main"]);
    assert!(set.stdout.contains("example.net/web:1.0 -> example.net/web:9"), "{}", set.stdout);
    assert!(!set.stdout.contains("replicas"), "{}", set.stdout);
    let note = "note: used for the new side only: --set, --set-string (for the old side: --against-set)\n";
    assert!(set.stderr.contains(note), "{}", set.stderr);
    // A file that git does not track, one of another repository, and standard input.
    sandbox.write("new.yaml", "tag: \"2\"\n");
    sandbox.write("elsewhere/site.yaml", "tag: \"3\"\n");
    Command::new("git").args(["init", "-q", "elsewhere"]).current_dir(sandbox.path()).output().unwrap();
    let args =
        ["diff", "shop", "web", "-f", "new.yaml", "-f", "elsewhere/site.yaml,-", "--against", "git:main"];
    let untracked = sandbox.run_with(&args, &[], "replicas: 8\n");
    assert_eq!(
        untracked.stderr,
        "note: not tracked by git, so used for the new side only: `new.yaml`, `elsewhere/site.yaml`, standard input \
         (for the old side: --against-values)\n"
    );
    assert!(untracked.stdout.contains("example.net/web:1.0 -> example.net/web:3"), "{}", untracked.stdout);
    assert!(untracked.stdout.contains("spec.replicas: 2 -> 8"), "{}", untracked.stdout);
    // One that came later: git tracks it, and the revision does not have it.
    sandbox.write("late.yaml", "replicas: 9\n");
    git(&sandbox, &["add", "late.yaml"]);
    let late = diff(&["-f", "late.yaml", "--against", "git:main"]);
    assert!(late.stderr.contains("`late.yaml` did not exist at `main`"), "{}", late.stderr);
    assert!(late.stdout.contains("spec.replicas: 3 -> 9"), "{}", late.stdout);
    // The old side has flags of its own.
    let same = ["--set", "tag=9", "--against", "git:main", "--against-set", "tag=9"];
    assert_eq!(diff(&same).code, 0, "{}", diff(&same).stdout);
    let same = ["-f", "new.yaml", "--against", "git:main", "--against-values", "new.yaml"];
    assert_eq!(diff(&same).code, 0, "{}", diff(&same).stdout);
}

#[test]
fn links_to_values_files_are_followed_in_the_revision() {
    let sandbox = repository();
    sandbox.write("envs/base.yaml", "replicas: 5\n");
    sandbox.link("base.yaml", "envs/link.yaml");
    commit(&sandbox, "linked");
    sandbox.write("envs/base.yaml", "replicas: 6\n");
    let linked = sandbox.run(&["diff", "shop", "web", "-f", "envs/link.yaml", "--against", "git:linked"]);
    assert_eq!(linked.stderr, "");
    assert!(linked.stdout.contains("spec.replicas: 5 -> 6"), "{}", linked.stdout);
}

#[test]
fn a_chart_of_a_revision_is_complete() {
    let sandbox = repository();
    let config_map = |name: &str| CONFIG_MAP.replace("{{ release.name }}", name);
    // What git leaves out of archives is part of the chart all the same, and so is what links in it lead to.
    sandbox.write(".gitattributes", "web/templates/all.yaml export-ignore\n");
    sandbox.write("shared/a.yaml", &config_map("a"));
    sandbox.write("shared/deep/b.yaml", &config_map("b"));
    sandbox.write("web/templates/it's a \"name\".yaml", &config_map("c"));
    sandbox.link("../../shared/a.yaml", "web/templates/a.yaml");
    sandbox.link("../../shared/deep", "web/templates/deep");
    sandbox.write("web/files/kept", "");
    sandbox.link("nowhere", "web/files/dangling");
    commit(&sandbox, "links");
    for path in ["web/templates/a.yaml", "web/templates/deep", "web/files/dangling"] {
        std::fs::remove_file(sandbox.path().join(path)).unwrap();
    }
    let diff = sandbox.run(&["diff", "shop", "web", "--against", "git:links", "--format", "summary"]);
    assert_eq!(diff.stderr, "");
    assert!(diff.stdout.contains("2 removed, 3 unchanged"), "{}", diff.stdout);
}

#[test]
fn charts_stand_on_either_side() {
    let sandbox = shop();
    sandbox.write("prod.yaml", "replicas: 3\n");
    let template = TEMPLATE.replace("example.net/web", "example.net/shop");
    sandbox.archive(
        "web-0.9.0.tgz",
        &[
            ("web/Chart.yaml", b"apiVersion: v2\nname: web\nversion: 0.9.0\nengine: tera\n"),
            ("web/values.yaml", b"replicas: 1\ntag: \"0.9\"\n"),
            ("web/templates/all.yaml", template.as_bytes()),
        ],
    );
    let diff = |args: &[&str]| sandbox.run(&[&["diff", "shop"], args].concat());
    // Values files are those of both sides, other values those of the new one.
    let newer = diff(&["web", "-f", "prod.yaml", "--set", "tag=9", "--against", "web-0.9.0.tgz"]);
    assert!(newer.stdout.contains("image: example.net/shop:0.9 -> example.net/web:9"), "{}", newer.stdout);
    assert!(!newer.stdout.contains("replicas"), "{}", newer.stdout);
    assert_eq!(newer.stderr, "note: used for the new side only: --set (for the old side: --against-set)\n");
    let back = diff(&["web-0.9.0.tgz", "--against", "web", "--against-set", "replicas=4"]);
    assert!(back.stdout.contains("spec.replicas: 4 -> 1"), "{}", back.stdout);
    assert_eq!(diff(&["web", "-f", "prod.yaml", "--against", "./web"]).code, 0);
    let stdin = ["diff", "shop", "web", "-f", "-", "--against", "web"];
    let stdin = sandbox.run_with(&stdin, &[], "replicas: 7\n");
    assert!(stdin.stdout.contains("spec.replicas: 2 -> 7"), "{}", stdin.stdout);
    assert!(stdin.stderr.contains("new side only: standard input"), "{}", stdin.stderr);
    // A chart may be compared with manifests, and manifests with a chart.
    sandbox.write("old.yaml", &sandbox.run(&["render", "shop", "web"]).stdout);
    assert_eq!(diff(&["old.yaml", "--against", "web"]).code, 0);
}

#[test]
fn a_new_side_without_objects_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("old.yaml", &CONFIG_MAP.replace("{{ release.name }}", "a"));
    sandbox.write("new.yaml", "");
    let gone = sandbox.run(&["diff", "new.yaml", "--against", "old.yaml"]);
    assert_eq!(gone.code, 1);
    assert_eq!(
        gone.stderr,
        "note: `new.yaml` has no objects: everything on the old side counts as removed\n"
    );
    assert_eq!(sandbox.run(&["diff", "old.yaml", "--against", "new.yaml"]).stderr, "");
}

#[test]
fn files_of_set_file_are_those_of_the_revision_where_git_tracks_them() {
    let sandbox = repository();
    sandbox.write("web/templates/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: \"{{ values.a }}\", b: \"{{ values.b }}\"}\n");
    sandbox.write("web/values.yaml", "replicas: 2\ntag: \"1.0\"\na: default\nb: default\n");
    sandbox.write("conf/a,b.txt", "one");
    commit(&sandbox, "conf");
    sandbox.write("conf/a,b.txt", "two");
    sandbox.write("new.txt", "three");
    let files = r"a=conf/a\,b.txt,b=new.txt";
    let diff = sandbox.run(&["diff", "shop", "web", "--set-file", files, "--against", "git:conf"]);
    assert!(diff.stdout.contains("data.a: one -> two"), "{}", diff.stdout);
    assert!(diff.stdout.contains("data.b: default -> three"), "{}", diff.stdout);
    assert!(diff.stderr.contains("new side only: `new.txt` ("), "{}", diff.stderr);
    assert!(!diff.stderr.contains("a,b.txt"), "{}", diff.stderr);
}

#[test]
fn values_of_the_old_side_need_an_old_side_that_is_rendered() {
    let sandbox = repository();
    sandbox.write("old.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n");
    commit(&sandbox, "old");
    for against in ["last", "old.yaml", "live", "3"] {
        let args = ["diff", "shop", "web", "--against", against, "--against-set", "tag=2"];
        sandbox.refused(
            &args,
            &["--against-set and --against-values need `--against git:REV` or a chart", against],
        );
    }
    for flag in ["--selector", "--applyset"] {
        sandbox.refused(&["diff", "web", "--against", "git:old", flag, "x"], &["need `--against live`"]);
    }
    let manifests = ["diff", "old.yaml", "--against", "git:old", "--against-values", "prod.yaml"];
    sandbox.refused(&manifests, &["need a chart: `old.yaml` contains manifests"]);
}

/// A chart with hooks and a definition under `crds/`, and a custom resource.
fn rich() -> Sandbox {
    let sandbox = shop();
    let hook = |name: &str, event: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations: {{helm.sh/hook: {event}}}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{{name: a, image: example.net/a:1}}]\n"
        )
    };
    sandbox.write("web/templates/hook.yaml", &hook("migrate", "pre-upgrade"));
    sandbox.write("web/templates/test.yaml", &hook("check", "test"));
    sandbox.write("web/crds/backup.yaml", DEFINITION);
    sandbox
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: backups.example.net}
spec:
  group: example.net
  scope: Namespaced
  names: {kind: Backup, plural: backups}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}
";

#[test]
fn a_chart_does_not_differ_from_its_own_render_however_that_was_written() {
    let sandbox = rich();
    for (index, flags) in
        [&[][..], &["--no-hooks"], &["--skip-tests"], &["--include-crds"], &["--include-crds", "--no-hooks"]]
            .into_iter()
            .enumerate()
    {
        let (file, dir) = (format!("r{index}.yaml"), format!("out{index}"));
        let render = [&["render", "shop", "web"], flags].concat();
        sandbox.write(&file, &sandbox.run(&render).stdout);
        assert_eq!(sandbox.run(&[render.as_slice(), &["--output-dir", &dir]].concat()).code, 0);
        let json = sandbox.run(&[render.as_slice(), &["--format", "json"]].concat()).stdout;
        sandbox.write(&format!("r{index}.json"), &json);
        for against in [file.as_str(), &dir, &format!("r{index}.json")] {
            let same = sandbox.run(&["diff", "shop", "web", "--against", against]);
            assert_eq!((same.code, same.stderr.as_str()), (0, ""), "{against} {flags:?}: {}", same.stdout);
        }
    }
    // Recorded renders hold neither.
    assert_eq!(sandbox.run(&["render", "shop", "web", "--record", "--include-crds"]).code, 0);
    for new in ["web", "r0.yaml", "r4.yaml"] {
        let recorded = sandbox.run(&["diff", "shop", new]);
        assert_eq!(recorded.code, 0, "{new}: {}{}", recorded.stdout, recorded.stderr);
    }
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn a_helm_chart_does_not_differ_from_what_helm_renders() {
    let helm = crate::support::tool("PLIMSOLL_HELM");
    let sandbox = rich();
    sandbox.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: gotpl\n");
    sandbox.write("web/templates/all.yaml", &TEMPLATE.replace("{{ values.", "{{ .Values."));
    for flags in [&[][..], &["--no-hooks"], &["--include-crds"], &["--skip-tests"]] {
        let output = Command::new(&helm)
            .args(["template", "shop", "web"])
            .args(flags)
            .current_dir(sandbox.path())
            .output()
            .unwrap();
        let rendered = String::from_utf8(output.stdout).unwrap();
        assert!(rendered.contains("kind: StatefulSet"), "{rendered}");
        let same = sandbox.run_with(&["diff", "shop", "web", "--against", "-"], &[], &rendered);
        assert_eq!((same.code, same.stderr.as_str()), (0, ""), "{flags:?}: {}", same.stdout);
    }
}

#[test]
fn definitions_and_hooks_that_both_sides_hold_are_compared() {
    let sandbox = rich();
    assert_eq!(sandbox.run(&["render", "shop", "web", "--include-crds", "--output-dir", "out"]).code, 0);
    sandbox.write(
        "web/crds/backup.yaml",
        &DEFINITION.replace("plural: backups", "plural: backups, shortNames: [bk]"),
    );
    let changed = sandbox.run(&["diff", "shop", "web", "--against", "out"]);
    assert!(changed.stdout.contains("~ CustomResourceDefinition/backups.example.net"), "{}", changed.stdout);
    // Manifests on both sides hold hooks as plain objects; what one side holds alone is said.
    sandbox.write("all.yaml", &sandbox.run(&["render", "shop", "web"]).stdout);
    sandbox.write("none.yaml", &sandbox.run(&["render", "shop", "web", "--no-hooks"]).stdout);
    sandbox.write("newer.yaml", &sandbox.read("all.yaml").replace("example.net/a:1", "example.net/a:2"));
    let both = sandbox.run(&["diff", "newer.yaml", "--against", "all.yaml", "--format", "summary"]);
    assert!(both.stdout.contains("~ Job/migrate"), "{}", both.stdout);
    for (old, new) in [("none.yaml", "all.yaml"), ("all.yaml", "none.yaml")] {
        let one = sandbox.run(&["diff", new, "--against", old]);
        assert_eq!(one.code, 0, "{}", one.stdout);
        let note = "note: hooks that exist on one side only are not compared: Job/check, Job/migrate\n";
        assert_eq!(one.stderr, note);
    }
}

#[test]
fn hooks_and_definitions_are_compared_if_they_are_asked_for() {
    let sandbox = rich();
    sandbox.copy_within("web", "newer");
    sandbox
        .write("newer/templates/hook.yaml", &sandbox.read("web/templates/hook.yaml").replace("a:1", "a:2"));
    let definition = DEFINITION.replace("plural: backups", "plural: backups, shortNames: [bk]");
    sandbox.write("newer/crds/backup.yaml", &definition);
    let diff = |old: &str, flags: &[&str]| {
        sandbox.run(&[&["diff", "shop", "newer", "--format", "summary", "--against", old], flags].concat())
    };
    sandbox.write("hooks.yaml", &sandbox.run(&["render", "shop", "web", "--include-crds"]).stdout);
    let is_listed = |output: &str, object: &str| output.lines().any(|line| line.starts_with(object));
    for old in ["web", "hooks.yaml"] {
        let plain = diff(old, &[]);
        assert!(!plain.stdout.contains("Job/migrate"), "{old}: {}", plain.stdout);
        let both = diff(old, &["--include-hooks", "--include-crds"]);
        assert!(is_listed(&both.stdout, "~ Job/migrate"), "{old}: {}", both.stdout);
        assert!(
            is_listed(&both.stdout, "~ CustomResourceDefinition/backups.example.net"),
            "{old}: {}",
            both.stdout
        );
    }
    // Records hold neither.
    assert_eq!(sandbox.run(&["render", "shop", "web", "--record"]).code, 0);
    let recorded = diff("last", &["--include-hooks", "--include-crds"]);
    assert!(!recorded.stdout.contains("Job/"), "{}", recorded.stdout);
    assert!(
        recorded.stderr.contains("not compared, because no revision records them: Job/check, Job/migrate"),
        "{}",
        recorded.stderr
    );
    // Helm never upgrades a definition, and says where it differs.
    let by_helm = diff("web", &["--include-crds", "--driver", "helm"]);
    assert!(
        by_helm.stdout.contains("CustomResourceDefinition/backups.example.net  ignored"),
        "{}",
        by_helm.stdout
    );
}

#[test]
fn hooks_and_definitions_are_found_in_every_kind_of_source() {
    let sandbox = rich();
    git(&sandbox, &["init", "-q", "-b", "main"]);
    commit(&sandbox, "one");
    let pack = |name: &str| {
        let packed = Command::new("tar").args(["czf", name, "web"]).current_dir(sandbox.path()).status();
        assert!(packed.unwrap().success());
    };
    let render = || sandbox.run(&["render", "shop", "web", "--include-crds"]).stdout;
    let old = render();
    sandbox.write("old.yaml", &old);
    pack("old.tgz");
    sandbox.write("web/templates/hook.yaml", &sandbox.read("web/templates/hook.yaml").replace("a:1", "a:2"));
    let definition = DEFINITION.replace("plural: backups", "plural: backups, shortNames: [bk]");
    sandbox.write("web/crds/backup.yaml", &definition);
    pack("new.tgz");
    let new = render();
    sandbox.script("bin/kubectl", "cat > /dev/null; case \"$*\" in *' -f -'*) cat old.yaml ;; esac");
    let path = format!("{}:/usr/bin:/bin", sandbox.path().join("bin").display());
    let sources = [
        ("web", "old.tgz", ""),
        ("new.tgz", "old.tgz", ""),
        ("new.tgz", "old.yaml", ""),
        ("web", "git:main", ""),
        ("web", "-", old.as_str()),
        ("-", "old.tgz", new.as_str()),
        ("-", "old.yaml", new.as_str()),
        ("web", "live", ""),
        ("new.tgz", "live", ""),
        ("-", "live", new.as_str()),
    ];
    for (source, against, input) in sources {
        let args = [
            "diff",
            "shop",
            source,
            "--against",
            against,
            "--include-hooks",
            "--include-crds",
            "--format",
            "summary",
        ];
        let outcome = sandbox.run_with(&args, &[("PATH", &path)], input);
        let is_listed = |object: &str| outcome.stdout.lines().any(|line| line.starts_with(object));
        for object in ["~ Job/migrate", "~ CustomResourceDefinition/backups.example.net"] {
            assert!(is_listed(object), "{source} {against}: {}{}", outcome.stdout, outcome.stderr);
        }
        // The test hook stays as it is.
        assert!(!outcome.stdout.contains("Job/check"), "{source} {against}: {}", outcome.stdout);
    }
}

#[test]
fn the_configuration_names_the_driver() {
    let sandbox = Sandbox::new();
    let map = |name: &str| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    sandbox.write("old.yaml", &format!("{}{}", map("a"), map("b")));
    sandbox.write("new.yaml", &map("a"));
    let title = |flags: &[&str]| {
        let run = sandbox.run(&[&["diff", "new.yaml", "--against", "old.yaml"], flags].concat());
        (run.stdout.lines().next().unwrap_or_default().to_owned(), run.stderr, run.stdout.contains("deleted"))
    };
    let prefix = |flags: &[&str]| title(flags).0.split(", ").next().unwrap_or_default().to_owned();
    assert_eq!(prefix(&[]), "kubectl apply (client-side)");
    sandbox.write("plimsoll.toml", "driver = \"argocd\"\nprune = true\n");
    assert_eq!((prefix(&[]), title(&[]).2), ("Argo CD sync --prune".to_owned(), true));
    assert_eq!((prefix(&["--prune=false"]), title(&["--prune=false"]).2), ("Argo CD sync".to_owned(), false));
    // `prune` is nothing to a driver that always or never prunes.
    assert_eq!(prefix(&["--driver", "flux"]), "Flux Kustomization");
    assert!(title(&["--driver", "replace", "--prune"]).1.contains("--prune needs --driver kubectl"));
    // Options of the Application are nothing to other drivers, and flags win.
    sandbox.write(
        "plimsoll.toml",
        "driver = \"argocd\"\nsync-options = [\"Replace=true\", \"PruneLast=true\"]\n",
    );
    assert!(title(&[]).0.starts_with("Argo CD sync (Replace=true, PruneLast=true), "));
    assert_eq!(prefix(&["--sync-option", "ServerSideApply=true"]), "Argo CD sync (ServerSideApply=true)");
    assert_eq!(prefix(&["--driver", "flux"]), "Flux Kustomization");
    let refused = title(&["--driver", "flux", "--sync-option", "Replace=true"]).1;
    assert!(refused.contains("--sync-option needs --driver argocd"), "{refused}");
    let unknown = title(&["--sync-option", "Replace"]).1;
    assert!(unknown.contains("unknown option `Replace`; available: Replace=true, "), "{unknown}");
    sandbox.write("plimsoll.toml", "sync-options = [\"replace=true\"]\n");
    assert!(title(&[]).1.contains("did you mean `Replace=true`?"), "{}", title(&[]).1);
    sandbox.write("plimsoll.toml", "driver = \"argo\"\n");
    assert!(title(&[]).1.contains("unknown driver `argo`"), "{}", title(&[]).1);
    sandbox.write("plimsoll.toml", "prune = \"yes\"\n");
    assert!(title(&[]).1.contains("`prune` must be `true` or `false`"));
}

#[test]
fn a_cluster_is_not_asked_for_hooks() {
    let sandbox = rich();
    sandbox.write("all.yaml", &sandbox.run(&["render", "shop", "web", "--no-hooks"]).stdout);
    sandbox.write("hooks.yaml", &sandbox.run(&["render", "shop", "web"]).stdout);
    sandbox.script("bin/kubectl", "cat > asked.json; cat all.yaml");
    let path = format!("{}:/usr/bin:/bin", sandbox.path().join("bin").display());
    for source in ["web", "hooks.yaml"] {
        let live = sandbox.run_with(&["diff", "shop", source, "--against", "live"], &[("PATH", &path)], "");
        assert_eq!(live.code, 0, "{source}: {}{}", live.stdout, live.stderr);
        assert!(!sandbox.read("asked.json").contains("migrate"), "{source}");
    }
}

#[test]
fn a_chart_that_has_moved_is_found_under_its_old_path() {
    let sandbox = repository();
    git(&sandbox, &["mv", "web", "site"]);
    let lost = sandbox.run(&["diff", "shop", "site", "--against", "git:one"]);
    assert_eq!((lost.code, lost.stdout.as_str()), (2, ""));
    assert!(lost.stderr.contains("there was no directory `site` at `one`"), "{}", lost.stderr);
    assert!(lost.stderr.contains("--against git:one:PATH"), "{}", lost.stderr);
    let found = sandbox.run(&["diff", "shop", "site", "--against", "git:one:web"]);
    assert_eq!((found.code, found.stderr.as_str()), (0, ""), "{}", found.stdout);
}

#[test]
fn values_files_move_with_their_chart() {
    let sandbox = repository();
    sandbox.write("web/prod.yaml", "replicas: 5\n");
    commit(&sandbox, "inside");
    git(&sandbox, &["mv", "web", "site"]);
    let args = ["diff", "shop", "site", "-f", "site/prod.yaml", "--against", "git:inside:web"];
    let same = sandbox.run(&args);
    assert_eq!((same.code, same.stderr.as_str()), (0, ""), "{}", same.stdout);
    // The chart at the top of the repository is moved as well.
    let top = Sandbox::new();
    for path in ["Chart.yaml", "values.yaml", "templates/all.yaml"] {
        top.write(path, &sandbox.read(&format!("site/{path}")));
    }
    top.write("prod.yaml", "replicas: 6\n");
    git(&top, &["init", "-q", "-b", "main"]);
    commit(&top, "flat");
    let same = top.run(&["diff", "shop", ".", "-f", "prod.yaml", "--against", "git:flat"]);
    assert_eq!((same.code, same.stderr.as_str()), (0, ""), "{}", same.stdout);
}

#[test]
fn manifests_take_no_values() {
    let sandbox = shop();
    sandbox.write("all.yaml", &sandbox.run(&["render", "shop", "web"]).stdout);
    for command in
        [&["diff", "shop", "all.yaml", "--against", "all.yaml"][..], &["preview", "shop", "all.yaml"]]
    {
        for (flag, value) in [("-f", "web/values.yaml"), ("--set", "tag=2"), ("--set-json", "tag=2")] {
            let told = ["`all.yaml` contains manifests, which do not use values", flag];
            sandbox.refused(&[command, &[flag, value]].concat(), &told);
        }
    }
}

#[test]
fn rendered_manifests_in_git_are_compared_file_by_file() {
    let sandbox = repository();
    sandbox.write("deploy/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {a: one}\n");
    sandbox.write("deploy/a/.hidden.yaml", "nonsense: [");
    sandbox.write("deploy/notes.txt", "not a manifest");
    commit(&sandbox, "deployed");
    sandbox.write("deploy/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {a: two}\n");
    for source in ["deploy", "deploy/b.yaml"] {
        let changed = sandbox.run(&["diff", source, "--against", "git:HEAD"]);
        assert_eq!((changed.code, changed.stderr.as_str()), (1, ""));
        assert!(changed.stdout.contains("data.a: one -> two"), "{}", changed.stdout);
    }
}

#[test]
fn what_git_does_not_know_is_said() {
    let sandbox = repository();
    let told = |args: &[&str], words: &[&str]| sandbox.refused(&[&["diff", "shop"], args].concat(), words);
    told(&["web", "--against", "git:nowhere"], &["there is no git revision `nowhere`"]);
    told(&["web", "--against", "git:--output=x"], &["there is no git revision `--output=x`"]);
    assert!(!sandbox.path().join("x").exists());
    let image = ["--set", "image.repository=x", "--set", "image.tag=v1"];
    let builtin = [&["builtin:statefulset", "--against", "git:one"], image.as_slice()].concat();
    told(&builtin, &["`builtin:statefulset` has no git history"]);
    told(&["-", "--against", "git:one"], &["`-` has no git history"]);
    sandbox.write("web/Chart.yaml", "apiVersion: v2\nname: Not A Name\nversion: x\n");
    commit(&sandbox, "broken");
    sandbox.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: tera\n");
    told(&["web", "--against", "git:broken"], &["git:broken:web/Chart.yaml:"]);
}

#[test]
fn archives_of_a_revision_are_charts() {
    let sandbox = Sandbox::new();
    let metadata = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {a: '{{ .Values.a }}'}\n";
    let pack = |path: &str, name: &str, value: &str| {
        let files = [
            (format!("{name}/Chart.yaml"), metadata(name)),
            (format!("{name}/values.yaml"), format!("a: {value}\n")),
            (format!("{name}/templates/cm.yaml"), template.replace("NAME", name)),
        ];
        let entries: Vec<(&str, &[u8])> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
        sandbox.archive(path, &entries);
    };
    git(&sandbox, &["init", "-q", "-b", "main"]);
    pack("web.tgz", "web", "old");
    pack("sub-1.tgz", "sub", "old");
    sandbox.write(
        "app/Chart.yaml",
        &format!("{}dependencies: [{{name: sub, version: 1.0.0}}]\n", metadata("app")),
    );
    sandbox.write("app/values.yaml", "a: b\n");
    sandbox.write("app/templates/cm.yaml", &template.replace("NAME", "app"));
    std::fs::create_dir(sandbox.path().join("app/charts")).unwrap();
    std::fs::rename(sandbox.path().join("sub-1.tgz"), sandbox.path().join("app/charts/sub-1.0.0.tgz"))
        .unwrap();
    commit(&sandbox, "one");
    sandbox.write("web/Chart.yaml", &metadata("web"));
    sandbox.write("web/values.yaml", "a: new\n");
    sandbox.write("web/templates/cm.yaml", &template.replace("NAME", "web"));
    let changed = |args: &[&str]| {
        let plan = sandbox.run(&[&["diff", "x"], args].concat());
        assert!(plan.stdout.contains("~ data.a: old -> new"), "{args:?}: {}{}", plan.stdout, plan.stderr);
    };
    // The chart is a directory now.
    changed(&["web", "--against", "git:main:web.tgz"]);
    // The archive itself is another.
    pack("web.tgz", "web", "new");
    changed(&["web.tgz", "--against", "git:main"]);
    // An archive among the sub-charts.
    pack("app/charts/sub-1.0.0.tgz", "sub", "new");
    changed(&["app", "--against", "git:main"]);
    sandbox.refused(
        &["diff", "x", "web", "--against", "git:main:other.tgz"],
        &["no file `other.tgz` at `main`"],
    );
}

#[test]
fn git_is_run_as_often_for_many_values_files_as_for_one() {
    let sandbox = repository();
    let names: Vec<String> = (0..6).map(|index| format!("values-{index}.yaml")).collect();
    for name in &names {
        sandbox.write(name, "{}\n");
    }
    commit(&sandbox, "values");
    sandbox.write("new.yaml", "{}\n");
    sandbox.script("bin/git", "echo >> \"$HOME/runs\"\nPATH=/usr/bin:/bin exec git \"$@\"");
    let runs = |files: &[String]| {
        let _ = std::fs::remove_file(sandbox.path().join("runs"));
        let mut args = vec!["diff", "web", "web", "--against", "git:main"];
        args.extend(files.iter().flat_map(|file| ["-f", file.as_str()]));
        let path = format!("{}:/usr/bin:/bin", sandbox.path().join("bin").display());
        let home = sandbox.path().display().to_string();
        let done = sandbox.run_with(&args, &[("PATH", &path), ("HOME", &home)], "");
        assert!(done.code < 2, "{}", done.stderr);
        sandbox.read("runs").lines().count()
    };
    assert_eq!(runs(&names), runs(&names[..1]));
    // Files that are not tracked cost one more, however many they are.
    assert_eq!(runs(&[&names[..], &["new.yaml".to_owned()]].concat()), runs(&names) + 1);
}
