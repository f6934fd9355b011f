//! Every command and every script that the plans of the recorded upgrades give, run by bash against a `kubectl` that
//! keeps notes: what they name, and in which order.

use crate::support::{ROOT, Sandbox, recorded};
use crate::upgrade::attempted;
use plimsoll::diag::Sources;
use plimsoll::diff::{
    self, Change, Cluster, Driver, Instruction, ObjectPlan, Options, Plan, Verdict, render,
};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

const DRIVERS: [Driver; 4] = [
    Driver::Kubectl,
    Driver::KubectlServerSide { force_conflicts: false },
    Driver::Helm { force_conflicts: false },
    Driver::Replace,
];

fn objects(text: &str) -> Vec<Object> {
    let report = manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::lenient());
    report.output.unwrap_or_default()
}

fn options(driver: Driver) -> Options {
    Options {
        driver,
        namespace: "prod".to_owned(),
        cluster: Cluster { context: Some("eu west".to_owned()), kubeconfig: None },
        claims_bound: true,
        ..Options::default()
    }
}

/// The manifests before and after each recorded upgrade and each attempted update.
fn upgrades() -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let rows = ["upgrade", "applies"].into_iter().flat_map(recorded);
    let mut pairs: Vec<_> = rows.map(|row| (text(&row["old"]), text(&row["new"]))).collect();
    pairs.extend(attempted());
    let fixture = |name: &str| std::fs::read_to_string(format!("{ROOT}/tests/fixtures/diff/{name}")).unwrap();
    pairs.push((fixture("old.yaml"), fixture("new.yaml")));
    pairs
}

/// A plan, for what applies it, and the new manifests.
struct Case {
    driver: Driver,
    new: String,
    plan: Plan,
}

/// The plans of all upgrades for all drivers.
fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let upgrades = upgrades();
        let all: Vec<_> =
            DRIVERS.into_iter().flat_map(|driver| upgrades.iter().map(move |pair| (driver, pair))).collect();
        all.into_par_iter()
            .map(|(driver, (old, new))| {
                let plan = diff::compare(&objects(old), &objects(new), &options(driver));
                Case { driver, new: new.clone(), plan }
            })
            .filter(|case| {
                case.plan
                    .objects
                    .iter()
                    .any(|object| !object.remediation.is_empty() || object.verdict == Verdict::Rejected)
            })
            .collect()
    });
    &CASES
}

/// The rejected objects of all plans.
fn rejected() -> impl Iterator<Item = (&'static Case, &'static ObjectPlan)> {
    let is_rejected = |object: &&ObjectPlan| object.verdict == Verdict::Rejected;
    cases().iter().flat_map(move |case| case.plan.objects.iter().filter(is_rejected).map(move |o| (case, o)))
}

/// The commands of a plan, in the order in which they stand there.
fn commands(object: &ObjectPlan) -> impl Iterator<Item = &diff::Command> {
    object.remediation.iter().filter_map(|step| match step {
        Instruction::Command(command) | Instruction::Wait(command) | Instruction::Check { command, .. } => {
            Some(command)
        }
        _ => None,
    })
}

/// The commands in the sentences of a plan.
fn inline_commands(object: &ObjectPlan) -> Vec<String> {
    let notes = object.remediation.iter().map(ToString::to_string);
    let sentences = object.effects.iter().map(|effect| effect.detail.clone()).chain(notes);
    let quoted = |text: String| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let complete = |text: &String| {
        ["kubectl delete ", "kubectl patch ", "kubectl rollout "].iter().any(|start| text.starts_with(start))
    };
    sentences.flat_map(quoted).filter(complete).collect()
}

/// Runs lines of shell in which only `kubectl` may do anything, and returns the words of each of its calls.
fn run_lines(lines: &[String]) -> Vec<Vec<String>> {
    let sandbox = Sandbox::new();
    sandbox.write("lines", &format!("PATH=/nowhere\n{}\n", lines.join("\n")));
    sandbox.write(
        "start",
        "exec 3>calls\nkubectl() { printf '%s\\037' kubectl \"$@\" >&3; printf '\\036' >&3; }\nset -e\n. ./lines\n",
    );
    for args in [&["-n", "lines"][..], &["start"]] {
        let output = Command::new("bash").args(args).current_dir(sandbox.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    calls(&sandbox)
}

/// The calls that `kubectl` has noted.
fn calls(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let noted = std::fs::read_to_string(sandbox.path().join("calls")).unwrap_or_default();
    let words = |call: &str| call.split_terminator('\u{1f}').map(str::to_owned).collect();
    noted.split_terminator('\u{1e}').map(words).collect()
}

/// Whether kubectl looks for what is named after the verb in a namespace.
fn is_namespaced(call: &[String]) -> bool {
    const CLUSTER: [&str; 14] = [
        "clusterrole",
        "clusterrolebinding",
        "csidriver",
        "customresourcedefinition",
        "ingressclass",
        "namespace",
        "priorityclass",
        "pv",
        "runtimeclass",
        "storageclass",
        "validatingadmissionpolicy",
        "validatingadmissionpolicybinding",
        "validatingwebhookconfiguration",
        "volumeattributesclass",
    ];
    const VERBS: [&str; 9] =
        ["get", "delete", "patch", "wait", "rollout", "restart", "resume", "undo", "status"];
    let resource = call.iter().skip(1).find(|word| !VERBS.contains(&word.as_str()));
    !resource.is_some_and(|resource| CLUSTER.contains(&resource.as_str()))
}

/// Whether a call says where it goes: the context, and the namespace if there is one.
fn says_where(call: &[String]) -> bool {
    let flag = |name: &str| call.windows(2).find(|words| words[0] == name).map(|words| words[1].as_str());
    flag("--context") == Some("eu west") && flag("-n").is_some() == is_namespaced(call)
}

#[test]
fn commands_are_run_as_they_were_meant_and_say_where() {
    let (mut lines, mut expected) = (Vec::new(), Vec::new());
    for object in cases().iter().flat_map(|case| &case.plan.objects) {
        lines.extend(object.remediation.iter().map(ToString::to_string));
        expected.extend(commands(object).map(|command| command.argv().to_vec()));
        for inline in inline_commands(object) {
            expected.push(words(&inline));
            lines.push(inline);
        }
    }
    assert!(expected.len() > 500, "{}", expected.len());
    let calls = run_lines(&lines);
    assert_eq!(calls, expected);
    let somewhere: BTreeSet<&Vec<String>> = calls.iter().filter(|call| !says_where(call)).collect();
    assert!(somewhere.is_empty(), "{somewhere:#?}");
}

/// The words of a command in a sentence. Its quotes are only around the context.
fn words(line: &str) -> Vec<String> {
    let joined = line.replace("'eu west'", "eu\u{1d}west");
    assert!(!joined.contains('\''), "{line}");
    joined.split(' ').map(|word| word.replace('\u{1d}', " ")).collect()
}

#[test]
fn steps_come_in_the_order_in_which_they_are_safe() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for (case, object) in rejected() {
        seen += 1;
        let fault = fault(case.driver, object);
        faults.extend(fault.map(|fault| {
            format!("{fault}: {:?}: {:?} {:#?}", object.object, object.reasons, object.remediation)
        }));
    }
    assert!(seen > 500, "{seen}");
    assert!(faults.is_empty(), "{} faults: {}", faults.len(), faults.join("\n"));
}

/// What is wrong with the steps for a rejected object.
fn fault(driver: Driver, object: &ObjectPlan) -> Option<&'static str> {
    let steps = &object.remediation;
    if steps.is_empty() {
        // What PUT sends is the whole object: it has nothing left over.
        return (driver != Driver::Replace).then_some("nothing to do about it");
    }
    let position = |test: &dyn Fn(&Instruction) -> bool| steps.iter().position(test);
    let is_delete = |step: &Instruction| matches!(step, Instruction::Command(c) if c.is_destructive());
    let is_change = |step: &Instruction| matches!(step, Instruction::Command(_));
    let apply = position(&|step| matches!(step, Instruction::Apply(_)));
    let delete = position(&is_delete);
    let first = position(&is_change);
    let last_check = steps.iter().rposition(|step| matches!(step, Instruction::Check { .. }));
    let wait = position(&|step| matches!(step, Instruction::Wait(_)));
    if delete.is_some() && (apply.is_none() || apply < delete) {
        return Some("deleted and not applied again");
    }
    if last_check.is_some_and(|check| first.is_some_and(|first| first < check)) {
        return Some("checked after a change");
    }
    if wait.is_some_and(|wait| delete.is_some_and(|delete| delete < wait)) {
        return Some("deleted before the volumes have their size");
    }
    let kept = position(&|step| matches!(step, Instruction::Keep(_)));
    (kept.is_some_and(|kept| kept > 0)).then_some("the old values are not offered first")
}

#[test]
fn nothing_is_deleted_that_the_server_would_not_create() {
    let deletes = |object: &ObjectPlan| commands(object).any(diff::Command::is_destructive);
    // What is deleted may be another object, which has what this one asks for.
    let itself =
        |object: &ObjectPlan| object.reasons.iter().all(|reason| reason.cause != diff::Cause::Allocated);
    for (case, object) in rejected().filter(|(_, object)| deletes(object) && itself(object)) {
        let own: Vec<Object> =
            objects(&case.new).into_iter().filter(|o| o.reference() == object.object).collect();
        let created = diff::compare(&[], &own, &options(Driver::Kubectl));
        let refused = created.objects.iter().any(|o| o.verdict == Verdict::Rejected);
        assert!(!refused, "{:?}: {:?}", object.object, created.objects);
    }
}

/// `kubectl` for scripts: every check finds what it expects, and no pod has to be waited for.
const KUBECTL: &str = r#"
exec 9>>calls
kubectl() {
  printf '%s\037' kubectl "$@" >&9
  printf '\036' >&9
  case "$*" in
    *updateStrategy.type}\|*) printf 'RollingUpdate|0||' ;;
    *) printf '%s' "${expected-}" ;;
  esac
}
. ./upgrade.sh
"#;

/// Runs the script of a plan; every question is answered with yes.
fn run_script(sandbox: &Sandbox) -> (Output, Vec<Vec<String>>) {
    let _ = std::fs::remove_file(sandbox.path().join("calls"));
    let output = Command::new("bash")
        .args(["start.sh", "--yes", "--prune", "new.yaml"])
        .current_dir(sandbox.path())
        .stdin(std::fs::File::open(sandbox.path().join("answers")).unwrap())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    (output, calls(sandbox))
}

#[test]
fn scripts_take_the_steps_in_their_order_and_are_safe_to_run_twice() {
    let (mut ran, mut refused) = (0, 0);
    let mut known = BTreeSet::new();
    for Case { driver, new, plan } in
        cases().iter().filter(|case| !matches!(case.driver, Driver::Helm { .. }))
    {
        let driver = *driver;
        let script = render::script(plan, "x", &options(driver));
        // What differs in names only is the same script.
        if !known.insert(script.clone()) {
            continue;
        }
        let sandbox = Sandbox::new();
        sandbox.write("upgrade.sh", &script);
        sandbox.write("start.sh", KUBECTL);
        sandbox.write("new.yaml", new);
        sandbox.write("answers", &"y\n".repeat(100));
        let (output, calls) = run_script(&sandbox);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            assert!(errors.starts_with("This plan cannot be carried out."), "{errors}\n{script}");
            assert!(calls.is_empty(), "{calls:#?}");
            refused += 1;
            continue;
        }
        ran += 1;
        assert!(errors.is_empty(), "{errors}\n{script}");
        expect_order(driver, plan, &calls);
        let (again, calls) = run_script(&sandbox);
        assert!(again.status.success(), "{}\n{script}", String::from_utf8_lossy(&again.stderr));
        let changes = |call: &&Vec<String>| ["delete", "patch"].contains(&call[1].as_str());
        assert_eq!(calls.iter().filter(changes).count(), 0, "{calls:#?}");
    }
    assert!(ran > 100 && refused > 50, "{ran} {refused}");
}

/// The calls of a script: every command of the plan, in its order, with the manifests applied where the plan says so.
fn expect_order(driver: Driver, plan: &Plan, calls: &[Vec<String>]) {
    let rejected = plan.objects.iter().filter(|object| object.verdict == Verdict::Rejected);
    let verb = driver.kubectl_args()[0];
    let applied = calls.iter().position(|call| call[1] == verb && call.contains(&"new.yaml".to_owned()));
    let applied = applied.expect("the manifests are applied");
    assert!(driver.kubectl_args().iter().all(|word| calls[applied].iter().any(|other| other == word)));
    let mut position = 0;
    for object in rejected {
        let mut is_applied = false;
        for step in &object.remediation {
            match step {
                Instruction::Apply(_) => is_applied = true,
                Instruction::Command(command) | Instruction::Wait(command) => {
                    let mut wanted = command.argv().to_vec();
                    if command.is_destructive() {
                        wanted.push("--ignore-not-found".to_owned());
                    }
                    let start = if is_applied { applied } else { position };
                    let found = calls.iter().skip(start).position(|call| *call == wanted);
                    let found = start + found.unwrap_or_else(|| panic!("{wanted:?} in {calls:#?}"));
                    assert!(is_applied == (found > applied), "{wanted:?} in {calls:#?}");
                    if !is_applied {
                        position = found;
                    }
                }
                _ => {}
            }
        }
    }
    for object in plan.objects.iter().filter(|object| object.change == Change::Removed) {
        for command in commands(object).filter(|command| command.is_destructive()) {
            let found = calls.iter().position(|call| call.starts_with(command.argv()));
            assert!(found.is_some_and(|found| found > applied), "{command} in {calls:#?}");
        }
    }
    // Several namespaces are applied in that of the context.
    let others = ["apply", "replace", "create", "config"];
    let nowhere: Vec<_> =
        calls.iter().filter(|call| !others.contains(&call[1].as_str()) && !says_where(call)).collect();
    assert!(nowhere.is_empty(), "{nowhere:#?}");
}

/// Transcripts show no backslashes, and say nothing of a context.
#[test]
fn the_commands_of_the_transcripts_can_be_pasted() {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(format!("{ROOT}/tests/cmd")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let is_command = |line: &&str| line.starts_with("kubectl ") && !line.starts_with("kubectl apply (");
        lines.extend(text.lines().map(str::trim).filter(is_command).map(str::to_owned));
    }
    lines.retain(|line| !line.starts_with("kubectl apply") && !line.starts_with("kubectl replace"));
    assert!(lines.len() > 10, "{lines:#?}");
    let calls = run_lines(&lines);
    assert_eq!(calls.len(), lines.len());
    let mut listed = String::new();
    for call in calls.iter().filter(|call| is_namespaced(call) && !call.contains(&"-n".to_owned())) {
        let _ = writeln!(listed, "{call:?}");
    }
    assert_eq!(listed, "");
}
