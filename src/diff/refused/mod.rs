//! What to do if the server refuses a change: instructions for each kind.
//!
//! The first of them is always to keep the old values. Nothing is deleted while the server would not create the object
//! either.

mod keep;
mod replaced;
mod service;
mod stateful_set;
mod storage;
mod workload;

pub(super) use stateful_set::keep_claims;

use super::driver::Driver;
use super::effects::World;
use super::instructions::{Instruction, Kubectl, apply_again, kind_of};
use super::matching::group_of;
use super::{Cause, ObjectPlan, Reason};
use crate::k8s::update;
use crate::k8s::views::WorkloadKind;
use crate::manifest::Object;
use crate::yaml::Node;

/// How to make a refused update all the same. `live` is the stored object, `merged` what it would become.
///
/// `faults` are the reasons for which the server refuses the new manifest by itself, whatever is stored. As long as there
/// are any, nothing can be replaced: a deleted object could not be created again.
pub(super) fn remediation(
    plan: &ObjectPlan,
    new: &Object,
    (live, merged): (&Node, &Node),
    faults: &[Reason],
    world: &World<'_>,
) -> Vec<Instruction> {
    if !faults.is_empty() {
        return vec![fix_first(faults)];
    }
    if plan.reasons.iter().any(|reason| reason.cause == Cause::Policy) {
        return vec![denied()];
    }
    if plan.reasons.iter().any(|reason| reason.cause == Cause::Conflict) {
        return vec![conflict()];
    }
    let context = Context { plan, new, live, merged, world, kubectl: world.kubectl(new) };
    let steps = context.steps();
    if steps.is_empty() { context.merge_elsewise() } else { without_leading_or(steps) }
}

/// Who has no pods while a workload is deleted and created again, and for how long, as a sentence.
pub(super) fn downtime(
    plan: &ObjectPlan,
    new: &Object,
    (live, merged): (&Node, &Node),
    kind: WorkloadKind,
    world: &World<'_>,
) -> String {
    Context { plan, new, live, merged, world, kubectl: world.kubectl(new) }.downtime(kind)
}

/// The first way begins with no `or`, where there are no values to keep.
fn without_leading_or(mut steps: Vec<Instruction>) -> Vec<Instruction> {
    if let Some(Instruction::Note(text)) = steps.first_mut()
        && let Some(rest) = text.strip_prefix("or ")
    {
        *text = rest.to_owned();
    }
    steps
}

/// What to do if the server does not create an object.
pub(super) fn creation(reasons: &[Reason]) -> Vec<Instruction> {
    let has = |cause: Cause| reasons.iter().any(|reason| reason.cause == cause);
    if has(Cause::NotFound) {
        return vec![Instruction::apply(CREATE)];
    }
    if has(Cause::Conflict) {
        return vec![conflict()];
    }
    if has(Cause::Policy) {
        return vec![denied()];
    }
    vec![fix_first(reasons)]
}

/// What to do if an admission policy denies the request.
fn denied() -> Instruction {
    Instruction::note(
        "change the manifest as the admission policy says, or exempt the object from the policy",
    )
}

/// What to do if fields have other owners.
fn conflict() -> Instruction {
    Instruction::note(
        "remove these fields from the manifest, give them the values that are stored, or take them over with --force-conflicts",
    )
}

/// What to do if the manifest itself is at fault.
fn fix_first(faults: &[Reason]) -> Instruction {
    let mut paths: Vec<&str> =
        faults.iter().map(|fault| fault.path.as_str()).filter(|path| !path.is_empty()).collect();
    paths.dedup();
    let fields = if paths.is_empty() { String::new() } else { format!(": {}", paths.join(", ")) };
    Instruction::note(format!("fix the manifest first: the API server would not even create it{fields}"))
}

/// `kubectl replace` does not create what has been deleted.
const CREATE: &str =
    "create it with `kubectl create`: `kubectl replace` does not create objects of this kind";

struct Context<'a> {
    plan: &'a ObjectPlan,
    new: &'a Object,
    live: &'a Node,
    merged: &'a Node,
    world: &'a World<'a>,
    kubectl: Kubectl<'a>,
}

impl Context<'_> {
    fn steps(&self) -> Vec<Instruction> {
        let (group, kind) = (group_of(self.new), self.new.kind.as_str());
        if let Some(kind) = WorkloadKind::from_group_kind(group, kind) {
            return self.workload(kind);
        }
        match (group, kind) {
            ("", "Service") => self.service(),
            ("", "PersistentVolumeClaim") => self.claim(),
            ("", "PersistentVolume") => self.volume(),
            ("", "ConfigMap" | "Secret") => self.configuration(),
            _ => self.replaced(),
        }
    }

    /// What helps where the manifest is valid, but not merged into the stored object.
    fn merge_elsewise(&self) -> Vec<Instruction> {
        if self.world.driver().sends_whole_objects() {
            return Vec::new();
        }
        if !self.world.driver().merges_in_client() {
            let mut paths: Vec<&str> = self.plan.reasons.iter().map(|reason| reason.path.as_str()).collect();
            paths.dedup();
            return vec![Instruction::note(format!(
                "the manifest is valid by itself, but the stored object keeps fields that it does not name ({}): `kubectl replace` sends it as it is",
                paths.join(", ")
            ))];
        }
        vec![Instruction::note(
            "the manifest is valid by itself, but not merged into the stored object: `kubectl replace --save-config` sends it as it is, and `kubectl apply --server-side` merges lists by all their keys (see --driver)",
        )]
    }

    /// A command on the object itself.
    fn on_object(&self, verb: &[&str], flags: &[&str]) -> Instruction {
        self.kubectl.instruction(verb, kind_of(self.new), &self.new.name, flags)
    }

    /// Keeps the old values, or deletes the object to apply it again.
    fn replace(&self, notes: &[&str]) -> Vec<Instruction> {
        let mut steps = self.keep();
        steps.extend(notes.iter().map(|note| Instruction::note(*note)));
        steps.push(self.on_object(&["delete"], &[]));
        steps.push(self.create_again());
        steps
    }

    /// Applying the manifests, after which the deleted object is there again.
    fn create_again(&self) -> Instruction {
        let driver = self.world.driver();
        Instruction::apply(match driver {
            Driver::Replace => format!("then {CREATE}"),
            _ => apply_again(driver),
        })
    }

    /// Whether the update breaks one of these rules.
    fn breaks(&self, rules: &[update::Cause]) -> bool {
        self.plan
            .reasons
            .iter()
            .any(|reason| matches!(reason.cause, Cause::Update(rule) if rules.contains(&rule)))
    }

    /// Whether it breaks a rule for updates at all.
    fn breaks_any(&self) -> bool {
        self.plan.reasons.iter().any(|reason| matches!(reason.cause, Cause::Update(_)))
    }

    /// Whether the field differs before and after.
    fn differs(&self, path: &[&str]) -> bool {
        self.live.at(path) != self.merged.at(path)
    }
}

/// Names as a subject and its verb: `Service/a has`, `Service/a and Service/b have`.
fn subject(names: &[String], one: &str, many: &str) -> Option<String> {
    match names {
        [] => None,
        [only] => Some(format!("{only} {one}")),
        [others @ .., last] => Some(format!("{} and {last} {many}", others.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::Sources;
    use crate::diff::{Options, Plan, Verdict, compare};
    use crate::manifest::{self, Object};
    use crate::yaml::ReadOptions;

    fn objects(text: &str) -> Vec<Object> {
        let report = manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::strict());
        report.output.unwrap_or_default()
    }

    fn settings(value: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{value: '{value}'}}\n")
    }

    #[test]
    fn what_a_policy_denies_is_rejected_with_its_message() {
        const DENIAL: &str = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: shrinks";
        let policies = objects(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec:\n  \
             matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: \
             [configmaps]}]}\n  validations: [{expression: 'oldObject == null || object.data.value >= \
             oldObject.data.value', message: shrinks}, {expression: \"object.data.value != '9'\", message: not 9}]\n---\n\
             apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: b}\n\
             spec: {policyName: p, validationActions: [Deny]}\n",
        );
        let plan = |old: &str, new: &str, policies: &[Object]| -> Plan {
            let options = Options { policies: policies.to_vec(), ..Options::default() };
            compare(&objects(old), &objects(new), &options)
        };
        let denied = plan(&settings("2"), &settings("1"), &policies);
        assert_eq!(denied.objects[0].verdict, Verdict::Rejected);
        assert_eq!(denied.objects[0].reasons[0].message, DENIAL);
        let advice = format!("{:?}", denied.objects[0].remediation);
        assert!(
            advice.contains("exempt the object from the policy") && !advice.contains("delete"),
            "{advice}"
        );
        assert_eq!(plan(&settings("1"), &settings("2"), &policies).objects[0].verdict, Verdict::Accepted);
        assert_eq!(plan(&settings("2"), &settings("1"), &[]).objects[0].verdict, Verdict::Accepted);
        // What is stored today was accepted once, and a new object may be denied, too.
        let created = plan("", &settings("9"), &policies);
        assert_eq!(created.objects[0].verdict, Verdict::Rejected);
        // A policy of the release counts once it is stored.
        let with_policies = |value: &str| [policies.clone(), objects(&settings(value))].concat();
        let own = compare(&with_policies("2"), &with_policies("1"), &Options::default());
        let rejected = own.objects.iter().filter(|object| object.verdict == Verdict::Rejected);
        assert_eq!(rejected.map(|object| object.object.kind.as_str()).collect::<Vec<_>>(), ["ConfigMap"]);
    }
}
