//! The plan as a script for bash, which asks before each step that deletes something and can be run again.

use super::{reason_text, title};
use crate::diag::escape::{hex, is_unprintable, shell_word, terminal};
use crate::diff::instructions::{self, Kubectl};
use crate::diff::secrets;
use crate::diff::simulation::ALLOCATED;
use crate::diff::{
    Change, Command, Driver, FieldChange, Instruction, ObjectPlan, Options, Plan, Step, Verdict,
};
use crate::k8s::merge::scalar_text;
use crate::k8s::views::WorkloadKind;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The part of every script that does not depend on the plan.
const FUNCTIONS: &str = include_str!("script.sh");

/// A bash script that carries the plan out: it checks that the cluster is as the plan assumes, takes the steps of each
/// remediation, applies the manifests that it is given and waits for each pod, then, if asked to, deletes what left the manifests.
///
/// `subject` says in one line what is upgraded and what was compared. Where an object cannot be applied and no steps help, the script only says so and fails.
pub fn script(plan: &Plan, subject: &str, options: &Options) -> String {
    let mut out = String::from("#!/usr/bin/env bash\n");
    let _ = write!(
        out,
        "# Upgrade of {}, planned by plimsoll.\n\
         #\n\
         #   bash SCRIPT MANIFESTS           asks before each step that deletes something\n\
         #   bash SCRIPT --yes MANIFESTS     does not ask\n\
         #   bash SCRIPT --prune MANIFESTS   also deletes the objects that left the manifests\n\
         #\n\
         # MANIFESTS is the file of the new manifests: the output of `plimsoll render` with the same arguments.\n\
         # After an interruption, run the script again: it skips the steps that are done.\n\
         set -euo pipefail\n\n",
        terminal(subject)
    );
    let blocked: Vec<&ObjectPlan> = plan.objects.iter().filter(|object| is_blocked(object)).collect();
    if !blocked.is_empty() {
        refuse(&blocked, &mut out);
        return out;
    }
    let steps = Steps::of(plan, options);
    let digest = Sha256::digest(steps.body.as_bytes());
    let id = hex(digest.get(..4).unwrap_or_default());
    let _ = write!(out, "plan=plimsoll-{id}\n\n{FUNCTIONS}\n{}", steps.body);
    out
}

/// Whether the server refuses the object and nothing can be done about it but to change the manifest.
fn is_blocked(object: &ObjectPlan) -> bool {
    let helps = |step: &Instruction| matches!(step, Instruction::Command(_) | Instruction::Apply(_));
    object.verdict == Verdict::Rejected && !object.remediation.iter().any(helps)
}

fn refuse(blocked: &[&ObjectPlan], out: &mut String) {
    let mut say = |line: &str| {
        let _ = writeln!(out, "printf '%s\\n' {} >&2", shell_word(&terminal(line)));
    };
    say("This plan cannot be carried out. Change the manifests first:");
    for object in blocked {
        for reason in &object.reasons {
            say(&format!("  {}: {}", title(object), reason_text(reason)));
        }
        for line in instructions::script_lines(&object.remediation) {
            say(&format!("    {}", line.trim_start_matches("# ").trim_start_matches('#')));
        }
    }
    out.push_str("exit 1\n");
}

/// The body of a script.
struct Steps {
    body: String,
    /// The number of the last step that is done only once.
    number: usize,
}

impl Steps {
    fn of(plan: &Plan, options: &Options) -> Self {
        let mut steps = Self { body: String::new(), number: 0 };
        let (refused, others): (Vec<_>, Vec<_>) =
            plan.objects.iter().partition(|object| object.verdict == Verdict::Rejected);
        let removed: Vec<_> =
            others.iter().copied().filter(|object| object.change == Change::Removed).collect();
        let changed: Vec<_> =
            plan.objects.iter().filter(|object| object.change == Change::Modified).collect();
        steps.checks(&changed, options);
        for object in &refused {
            steps.remediation(object);
        }
        steps.apply(plan, options);
        for object in plan.objects.iter().filter(|object| has_rollout(object)) {
            steps.rollout(object, options);
        }
        for object in &refused {
            steps.conclusion(object);
        }
        for object in removed.into_iter().filter(|object| !object.remediation.is_empty()) {
            steps.deletion(object);
        }
        steps.body.push_str("step=\n");
        steps.line("section", &["done"]);
        steps
    }

    /// A line of a command and its quoted words.
    fn line<S: AsRef<str>>(&mut self, command: &str, words: &[S]) {
        self.body.push_str(command);
        for word in words {
            let _ = write!(self.body, " {}", shell_word(&terminal(word.as_ref())));
        }
        self.body.push('\n');
    }

    /// What has to hold before anything is done. Once a step is done it need not hold any more.
    fn checks(&mut self, changed: &[&ObjectPlan], options: &Options) {
        let start = self.body.len();
        for object in changed {
            for check in &object.remediation {
                if let Instruction::Check { command, expected } = check {
                    self.line("  check", &[std::slice::from_ref(expected), command.argv()].concat());
                }
            }
            for change in object.changes.iter().filter(|_| object.object.kind != "Secret") {
                if let Some((path, old)) = assumption(change)
                    && let Some(command) = get(object, options, &path)
                {
                    self.line("  check", &[&[old], command.argv()].concat());
                }
            }
        }
        if self.body.len() == start {
            return;
        }
        self.body.insert_str(
            start,
            "if [ ! -s \"$progress\" ]; then\n  section 'is the cluster as the plan assumes?'\n",
        );
        self.body.push_str(
            "  if $failed; then\n    step=\n    note 'Nothing was changed. Plan again, for example with --against live.' >&2\n    exit 1\n  fi\nfi\n",
        );
    }

    /// The steps up to the point at which the manifests are applied.
    fn remediation(&mut self, object: &ObjectPlan) {
        let (before, _) = around_apply(&object.remediation);
        self.line("section", &[title(object)]);
        self.steps(before);
    }

    /// The steps that follow once the manifests have been applied.
    fn conclusion(&mut self, object: &ObjectPlan) {
        let (_, after) = around_apply(&object.remediation);
        if !after.is_empty() {
            self.line("section", &[title(object)]);
            self.steps(after);
        }
    }

    fn steps(&mut self, steps: &[Instruction]) {
        for step in steps {
            match step {
                Instruction::Note(text) | Instruction::Apply(text) => self.line("note", &[text]),
                // The checks have been made, and the user has decided against keeping the old values.
                Instruction::Check { .. } | Instruction::Keep(_) => {}
                Instruction::Manual { text, steps } => {
                    self.number += 1;
                    let number = self.number.to_string();
                    self.line("manual", &[&[number, text.clone()], steps.as_slice()].concat());
                }
                Instruction::Wait(command) => self.line("await", command.argv()),
                Instruction::Command(command) => self.once(command),
            }
        }
    }

    /// What deletes an object that left the manifests, for those who ask for it.
    fn deletion(&mut self, object: &ObjectPlan) {
        self.line("section", &[format!("{} left the manifests", title(object))]);
        self.body.push_str("if $prune; then\n");
        self.steps(&object.remediation);
        self.body.push_str("else\n");
        self.line("note", &["stays in the cluster; --prune deletes it"]);
        self.body.push_str("fi\n");
    }

    fn once(&mut self, command: &Command) {
        self.number += 1;
        let verb = if command.is_destructive() { "destroy" } else { "run" };
        self.line(&format!("{verb} {}", self.number), command.argv());
    }

    /// Applies the manifests. kubectl takes a namespace only if no object names another.
    fn apply(&mut self, plan: &Plan, options: &Options) {
        self.line("section", &["apply"]);
        let elsewhere = |object: &ObjectPlan| {
            object.object.namespace.as_ref().is_some_and(|namespace| *namespace != options.namespace)
        };
        let mut flags = options.cluster.flags();
        if plan.objects.iter().any(elsewhere) {
            let words: Vec<String> =
                ["kubectl", "config", "view", "--minify", "-o", "jsonpath={..namespace}"]
                    .map(str::to_owned)
                    .into_iter()
                    .chain(flags.clone())
                    .collect();
            self.line("check", &[std::slice::from_ref(&options.namespace), words.as_slice()].concat());
            self.body.push_str("if $failed; then\n  note 'The manifests name several namespaces; make the one above that of the context.' >&2\n  exit 1\nfi\n");
        } else {
            flags.splice(0..0, ["-n".to_owned(), options.namespace.clone()]);
        }
        // From here on the cluster is no longer as the plan assumes.
        self.body.push_str("printf 'apply\\n' >>\"$progress\"\n");
        if options.driver == Driver::Replace {
            // It does not create objects.
            self.line("create kubectl create -f \"$manifests\"", &flags);
        }
        let command = format!("kubectl {}", options.driver.kubectl_args().join(" "));
        self.line(&format!("apply {command} -f \"$manifests\""), &flags);
    }

    /// Waits until the pods of a workload are those of the new template.
    fn rollout(&mut self, object: &ObjectPlan, options: &Options) {
        self.line("section", &[title(object)]);
        let flags = flags(object, options);
        let name = &object.object.name;
        if object.object.kind == "StatefulSet" {
            self.line("await_set", &[std::slice::from_ref(name), flags.as_slice()].concat());
            return;
        }
        let target = format!("{}/{name}", object.object.kind.to_lowercase());
        let mut words = ["kubectl", "rollout", "status"].map(str::to_owned).to_vec();
        words.push(target);
        words.extend(flags);
        words.push("--timeout=10m".to_owned());
        self.line("await", &words);
    }
}

/// The steps before the manifests are applied, that one included, and those after it.
fn around_apply(steps: &[Instruction]) -> (&[Instruction], &[Instruction]) {
    let apply = steps.iter().position(|step| matches!(step, Instruction::Apply(_)));
    steps.split_at(apply.map_or(steps.len(), |position| position + 1))
}

/// Whether applying the object starts pods that can be waited for.
fn has_rollout(object: &ObjectPlan) -> bool {
    let group = object.object.api_version.split_once('/').map_or("", |(group, _)| group);
    WorkloadKind::from_group_kind(group, &object.object.kind).is_some_and(WorkloadKind::rolls_out)
        && matches!(object.change, Change::Added | Change::Modified)
}

/// The flags that lead kubectl to an object.
fn flags(object: &ObjectPlan, options: &Options) -> Vec<String> {
    let namespace = object.object.namespace.clone().unwrap_or_else(|| options.namespace.clone());
    ["-n".to_owned(), namespace].into_iter().chain(options.cluster.flags()).collect()
}

/// The command that prints a field of an object.
fn get(object: &ObjectPlan, options: &Options, path: &str) -> Option<Command> {
    let namespace = object.object.namespace.as_deref().unwrap_or(&options.namespace);
    let kubectl = Kubectl { cluster: &options.cluster, namespace, version: options.version };
    let kind = (object.object.api_version.as_str(), object.object.kind.as_str());
    kubectl.command(&["get"], kind, &object.object.name, &["-o", &format!("jsonpath={path}")])
}

/// What a plan takes for granted about a field that changes: its path for `-o jsonpath`, and its value. Nothing for
/// fields that others set as well, for values that are not known, and for those that are no single line.
fn assumption(change: &FieldChange) -> Option<(String, String)> {
    const LONGEST: usize = 200;
    let old = scalar_text(change.old.as_ref()?)?.into_owned();
    if change.path.starts_with(&["spec", "replicas"])
        || change.path.starts_with(&["metadata"])
        || old.len() > LONGEST
        || old.contains(is_unprintable)
        || old == ALLOCATED
        || secrets::is_hidden(&old)
    {
        return None;
    }
    let mut path = String::from("{");
    let mut list = "";
    for step in &change.path.0 {
        match step {
            Step::Field(name) if name.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c)) => {
                let _ = write!(path, ".{}", name.replace('.', "\\."));
                list = name;
            }
            Step::Item { name: Some(name), .. } if !name.contains(['"', '\\']) => {
                let key = match list {
                    "volumeClaimTemplates" => "metadata.name",
                    "containers" | "initContainers" | "volumes" | "env" => "name",
                    _ => return None,
                };
                let _ = write!(path, "[?(@.{key}==\"{name}\")]");
            }
            Step::Field(_) | Step::Item { .. } => return None,
        }
    }
    path.push('}');
    Some((path, old))
}
