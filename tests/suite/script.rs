//! `diff --format script`, run by bash against a `kubectl` that keeps notes.

use crate::support::{Sandbox, objects};
use plimsoll::diff::{self, Cluster, Driver, Options, render};
use std::process::{Command, Output, Stdio};

const SET: &str = r"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - {name: db, image: 'example.net/db:1', volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
";

const GONE: &str = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"old\"}\n";

/// A cluster in which everything is as the plan assumes, unless a file `says-*` says otherwise.
const KUBECTL: &str = r#"echo "$*" >> calls
say() { if [ -f "says-$1" ]; then cat "says-$1"; else printf '%s' "$2"; fi; }
case "$*" in
  *allowVolumeExpansion*) say class true ;;
  *status.phase*) say phase 'Bound Bound' ;;
  *volumeClaimTemplates*storage*) say size 1Gi ;;
  *containers*image*) say image example.net/db:1 ;;
  *updateStrategy.type*) printf 'RollingUpdate|2||1' ;;
  *status.updateRevision*) printf 'db-2' ;;
  *controller-revision-hash*) printf 'db-2 True' ;;
  delete\ statefulset*) [ ! -f fails ] || exit 1 ;;
esac"#;

struct Script {
    sandbox: Sandbox,
}

impl Script {
    fn new(old: &str, new: &str, options: &Options) -> Self {
        let plan = diff::compare(&objects(old), &objects(new), options);
        let sandbox = Sandbox::new();
        sandbox.write("upgrade.sh", &render::script(&plan, "`web`\nrm -rf /", options));
        sandbox.write("new.yaml", new);
        sandbox.script("bin/kubectl", KUBECTL);
        let checked =
            Command::new("bash").args(["-n", "upgrade.sh"]).current_dir(sandbox.path()).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        Self { sandbox }
    }

    /// Runs the script; `answers` are typed. Returns its output and the calls of kubectl.
    fn run(&self, args: &[&str], answers: &str) -> (Output, Vec<String>) {
        let _ = std::fs::remove_file(self.sandbox.path().join("calls"));
        self.sandbox.write("answers", answers);
        let path = format!("{}:/usr/bin:/bin", self.sandbox.path().join("bin").display());
        let output = Command::new("bash")
            .arg("upgrade.sh")
            .args(args)
            .current_dir(self.sandbox.path())
            .env("PATH", path)
            .env("PLIMSOLL_INTERVAL", "0")
            .env("PLIMSOLL_TIMEOUT", "1")
            .stdin(std::fs::File::open(self.sandbox.path().join("answers")).unwrap())
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let calls = std::fs::read_to_string(self.sandbox.path().join("calls")).unwrap_or_default();
        (output, calls.lines().map(str::to_owned).collect())
    }
}

fn cluster() -> Options {
    Options {
        namespace: "shop".to_owned(),
        cluster: Cluster { context: Some("eu west".to_owned()), kubeconfig: None },
        ..Options::default()
    }
}

/// The volumes grow, the image changes, and an object leaves.
fn upgrade() -> Script {
    let new = SET.replace("1Gi", "2Gi").replace("db:1", "db:2");
    Script::new(&format!("{SET}{GONE}"), &new, &cluster())
}

fn position(calls: &[String], start: &str) -> usize {
    let found = calls.iter().position(|call| call.starts_with(start));
    found.unwrap_or_else(|| panic!("no call starts with `{start}`: {calls:#?}"))
}

#[test]
fn the_steps_come_in_their_order_and_say_where_they_run() {
    let script = upgrade();
    let (output, calls) = script.run(&["--yes", "--prune", "new.yaml"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let order = [
        "get storageclass fast",
        "get pvc data-db-0 data-db-1",
        "get statefulset db",
        "patch pvc data-db-0",
        "patch pvc data-db-1",
        "wait pvc data-db-0 data-db-1",
        "delete statefulset db -n shop --context eu west --cascade=orphan --ignore-not-found",
        "apply -f new.yaml -n shop",
        "get pod db-1",
        "delete configmap old -n shop --context eu west --ignore-not-found",
    ]
    .map(|start| position(&calls, start));
    assert!(order.is_sorted(), "{calls:#?}");
    // A pod below the partition keeps the old template.
    assert!(!calls.iter().any(|call| call.starts_with("get pod db-0")), "{calls:#?}");
    for call in &calls {
        assert!(call.contains("--context eu west"), "{call}");
        assert_eq!(call.contains("-n shop"), !call.contains("storageclass"), "{call}");
    }
}

#[test]
fn nothing_is_deleted_without_an_answer() {
    let script = upgrade();
    let (output, calls) = script.run(&["new.yaml"], "n\n");
    assert!(!output.status.success());
    assert!(!calls.iter().any(|call| call.starts_with("delete") || call.starts_with("apply")), "{calls:#?}");
    // The claims have grown; only the rest is done after an interruption.
    let (output, calls) = script.run(&["new.yaml", "--prune"], "y\n");
    assert!(!output.status.success(), "the second question has no answer");
    assert!(
        !calls.iter().any(|call| call.starts_with("patch") || call.starts_with("get storageclass")),
        "{calls:#?}"
    );
    position(&calls, "apply");
    assert!(!calls.iter().any(|call| call.starts_with("delete configmap")), "{calls:#?}");
}

#[test]
fn a_cluster_that_is_otherwise_than_planned_is_left_alone() {
    for (file, text) in
        [("says-class", "false"), ("says-phase", "Bound Pending"), ("says-size", "5Gi"), ("says-image", "x")]
    {
        let script = upgrade();
        script.sandbox.write(file, text);
        let (output, calls) = script.run(&["--yes", "new.yaml"], "");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(errors.contains("check failed") && errors.contains(text), "{errors}");
        assert!(calls.iter().all(|call| call.starts_with("get ")), "{calls:#?}");
    }
}

#[test]
fn an_interrupted_script_goes_on_where_it_stopped() {
    let script = upgrade();
    script.sandbox.write("fails", "");
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("Stopped at: kubectl delete statefulset db"), "{errors}");
    assert!(!calls.iter().any(|call| call.starts_with("apply")), "{calls:#?}");
    std::fs::remove_file(script.sandbox.path().join("fails")).unwrap();
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(position(&calls, "delete statefulset"), 1, "after the wait: {calls:#?}");
    assert!(!calls.iter().any(|call| call.starts_with("delete configmap")), "{calls:#?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("stays in the cluster; --prune deletes it"));
    // Once all is done, nothing is deleted or patched again.
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    assert!(output.status.success());
    assert!(!calls.iter().any(|call| call.starts_with("delete") || call.starts_with("patch")), "{calls:#?}");
}

#[test]
fn a_plan_that_needs_other_manifests_is_no_script() {
    let script = Script::new(SET, &SET.replace("replicas: 2", "replica: 2"), &cluster());
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("StatefulSet/db: unknown field"), "{output:?}");
    assert_eq!(calls, [""; 0]);
}

#[test]
fn manifests_of_several_namespaces_are_applied_in_that_of_the_context() {
    let role = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: other}\n";
    let script = Script::new(SET, &format!("{SET}{role}"), &cluster());
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    assert!(!output.status.success(), "the context has no namespace");
    assert!(!calls.iter().any(|call| call.starts_with("apply")), "{calls:#?}");
}

#[test]
fn arguments_are_checked() {
    let script = upgrade();
    for args in
        [&[][..], &["--yes", "--prune"], &["nowhere.yaml"], &["--no", "new.yaml"], &["new.yaml", "new.yaml"]]
    {
        let (output, calls) = script.run(args, "");
        assert_eq!((output.status.code(), calls.len()), (Some(2), 0), "{args:?}");
    }
}

/// A partition counts pods from the first ordinal (`updateStatefulSet`).
#[test]
fn pods_above_the_partition_are_waited_for_whatever_their_first_ordinal() {
    let script = upgrade();
    let kubectl = KUBECTL.replace("RollingUpdate|2||1", "RollingUpdate|3|5|1");
    script.sandbox.script("bin/kubectl", &kubectl);
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let waited = |pod: &str| calls.iter().any(|call| call.starts_with(&format!("get pod {pod} ")));
    assert!(waited("db-7") && waited("db-6") && !waited("db-5"), "{calls:#?}");
}

#[test]
fn a_step_by_hand_waits_for_a_person_whatever_the_flags() {
    let script = Script::new(SET, &SET.replace("1Gi", "500Mi"), &cluster());
    script.sandbox.write("says-size", "1Gi");
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("this needs a person, also with --yes"), "{errors}");
    assert!(!calls.iter().any(|call| call.starts_with("delete") || call.starts_with("apply")), "{calls:#?}");
    let (output, calls) = script.run(&["--yes", "new.yaml"], "y\n");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(position(&calls, "delete statefulset db") < position(&calls, "apply"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("BY HAND: move the data"));
}

#[test]
fn an_accepted_change_is_checked_as_well_and_can_be_applied_twice() {
    let script = Script::new(SET, &SET.replace("db:1", "db:2"), &cluster());
    script.sandbox.write("says-image", "example.net/db:3");
    let (output, calls) = script.run(&["new.yaml"], "");
    assert!(!output.status.success(), "another image is running than the plan assumes");
    assert!(calls.iter().all(|call| call.starts_with("get ")), "{calls:#?}");
    script.sandbox.write("says-image", "example.net/db:1");
    assert!(script.run(&["new.yaml"], "").0.status.success());
    // Now the image is the new one.
    script.sandbox.write("says-image", "example.net/db:2");
    let (output, calls) = script.run(&["new.yaml"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    position(&calls, "apply");
}

#[test]
fn manifests_are_sent_as_the_driver_sends_them() {
    let new = SET.replace("1Gi", "2Gi").replace("db:1", "db:2");
    for (driver, sent) in [
        (Driver::Kubectl, &["apply -f new.yaml -n shop --context eu west"][..]),
        (
            Driver::KubectlServerSide { force_conflicts: true },
            &["apply --server-side --force-conflicts -f new.yaml -n shop --context eu west"],
        ),
        (
            Driver::Replace,
            &[
                "create -f new.yaml -n shop --context eu west",
                "replace -f new.yaml -n shop --context eu west",
            ],
        ),
    ] {
        let options = Options { driver, ..cluster() };
        let script = Script::new(SET, &format!("{new}{GONE}"), &options);
        // What exists is not created.
        let exists = r#"case "$1" in create) echo 'Error from server (AlreadyExists): error when creating "new.yaml": statefulsets.apps "db" already exists' >&2; exit 1 ;; esac"#;
        script.sandbox.script("bin/kubectl", &format!("{KUBECTL}\n{exists}"));
        let (output, calls) = script.run(&["--yes", "new.yaml"], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Vec<&str> =
            calls.iter().map(String::as_str).filter(|call| call.contains("-f new.yaml")).collect();
        assert_eq!(found, sent);
        if driver == Driver::Replace {
            let refused =
                r#"case "$1" in create) echo 'Error from server (Forbidden): quota' >&2; exit 1 ;; esac"#;
            script.sandbox.script("bin/kubectl", &format!("{KUBECTL}\n{refused}"));
            let (output, calls) = script.run(&["--yes", "new.yaml"], "");
            assert!(
                !output.status.success() && !calls.iter().any(|call| call.starts_with("replace")),
                "{calls:#?}"
            );
        }
    }
}

#[test]
fn what_is_not_known_of_the_cluster_is_not_checked() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 1}]}\n";
    let script = Script::new(service, &service.replace("spec: {", "spec: {clusterIP: None, "), &cluster());
    // The address is the server's choice.
    assert!(!script.sandbox.read("upgrade.sh").contains("(allocated)"));
    let (output, calls) = script.run(&["--yes", "new.yaml"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(position(&calls, "delete service db") < position(&calls, "apply"));
}
