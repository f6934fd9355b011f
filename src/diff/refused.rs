//! What to do if the server refuses a change: instructions for each case.

use super::effects::World;
use super::instructions::{self, Instruction, Kubectl};
use super::{Cause, ObjectPlan, Reason};
use crate::k8s::merge::scalar_text;
use crate::k8s::quantity::Quantity;
use crate::k8s::update::Cause::{
    BelowCapacity, HeadlessService, ImmutableConfig, ImmutableField, ImmutableSpec, NeedsResizableClass,
    SetOnce,
};
use crate::k8s::update::{self, Surroundings as _, stateful_set_mutable};
use crate::k8s::views::{self, StatefulSet, WorkloadKind};
use crate::yaml::Node;
use std::collections::BTreeSet;

/// How to make a refused update all the same. `live` is the stored object, `merged` what it would become.
///
/// `faults` are the reasons for which the server refuses the new manifest by itself, whatever is stored. As long as there
/// are any, nothing can be replaced: a deleted object could not be created again.
pub(super) fn remediation(
    plan: &ObjectPlan,
    (live, merged): (&Node, &Node),
    faults: &[Reason],
    world: &World<'_>,
    kubectl: Kubectl<'_>,
) -> Vec<Instruction> {
    if !faults.is_empty() {
        return vec![fix_first(faults)];
    }
    if plan.reasons.iter().any(|reason| reason.cause == Cause::Conflict) {
        return vec![Instruction::note(
            "remove these fields from the manifest, give them the values that are stored, or take them over with --force-conflicts",
        )];
    }
    let context = Context { plan, live, merged, world, kubectl };
    if let Some(kind) = WorkloadKind::named(&plan.object.kind) {
        return context.workload(kind);
    }
    match plan.object.kind.as_str() {
        "Service" => context.service(),
        "PersistentVolumeClaim" => context.claim(),
        "PersistentVolume" if !plan.reasons.is_empty() => {
            let retain = r#"{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}"#;
            let mut steps = vec![
                Instruction::note("make sure that the volume is kept, then replace it:"),
                context.on_object(&["patch"], &["-p", retain]),
            ];
            steps.extend(context.replace(&[]));
            steps
        }
        "ConfigMap" | "Secret" => context.configuration(),
        "RoleBinding" | "ClusterRoleBinding" => {
            context.replace(&["the subjects lose their rights until it is applied again:"])
        }
        "StorageClass" => context.replace(&[
            "existing volumes keep what they were made with; only new ones follow the new class:",
        ]),
        "PriorityClass" | "IngressClass" | "RuntimeClass" | "VolumeAttributesClass" | "CSIDriver" => {
            context.replace(&[])
        }
        _ => Vec::new(),
    }
}

/// What to do if the manifest itself is at fault.
fn fix_first(faults: &[Reason]) -> Instruction {
    let mut paths: Vec<&str> =
        faults.iter().map(|fault| fault.path.as_str()).filter(|path| !path.is_empty()).collect();
    paths.dedup();
    let fields = if paths.is_empty() { String::new() } else { format!(": {}", paths.join(", ")) };
    Instruction::note(format!("fix the manifest first: the API server would not even create it{fields}"))
}

struct Context<'a> {
    plan: &'a ObjectPlan,
    live: &'a Node,
    merged: &'a Node,
    world: &'a World<'a>,
    kubectl: Kubectl<'a>,
}

/// A claim template as far as it matters here.
struct Claim<'a> {
    template: views::Claim<'a>,
    name: &'a str,
    size: Option<Quantity>,
    shown: String,
    /// The name of its storage class; empty for the default class.
    class: &'a str,
    /// The claim without its size.
    rest: Node,
}

const APPLY_AGAIN: &str = "then apply again";

impl Context<'_> {
    /// A command on the object itself.
    fn on_object(&self, verb: &[&str], flags: &[&str]) -> Instruction {
        let object = &self.plan.object;
        self.kubectl.instruction(verb, (&object.api_version, &object.kind), &object.name, flags)
    }

    /// Deletes the object to apply it again.
    fn replace(&self, notes: &[&str]) -> Vec<Instruction> {
        self.replace_and(notes, APPLY_AGAIN)
    }

    fn replace_and(&self, notes: &[&str], then: &str) -> Vec<Instruction> {
        let mut steps: Vec<Instruction> = notes.iter().map(|note| Instruction::note(*note)).collect();
        steps.extend([self.on_object(&["delete"], &[]), Instruction::apply(then)]);
        steps
    }

    /// Whether the update breaks one of these rules.
    fn breaks(&self, rules: &[update::Cause]) -> bool {
        self.plan
            .reasons
            .iter()
            .any(|reason| matches!(reason.cause, Cause::Update(rule) if rules.contains(&rule)))
    }

    /// Whether the field differs before and after.
    fn differs(&self, path: &[&str]) -> bool {
        self.live.at(path) != self.merged.at(path)
    }

    fn workload(&self, kind: WorkloadKind) -> Vec<Instruction> {
        match kind {
            WorkloadKind::StatefulSet => self.stateful_set(),
            WorkloadKind::Job => self.replace_and(
                &["a Job runs one template once; a changed one is another Job:"],
                "then apply again (or give the Job a name per release, or make it a hook)",
            ),
            WorkloadKind::Pod => self.replace(&["any other change needs a new pod:"]),
            kind if kind.runs_forever() && self.breaks(&[ImmutableField]) => self.replace(
                &["a selector cannot change; pods of the old one would be left over. Stops the pods until it is applied again:"],
            ),
            _ => Vec::new(),
        }
    }

    fn stateful_set(&self) -> Vec<Instruction> {
        if !self.breaks(&[ImmutableSpec]) {
            if !self.plan.reasons.iter().any(|reason| reason.path == "spec.updateStrategy.rollingUpdate") {
                return Vec::new();
            }
            let patch = r#"{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}"#;
            return vec![
                Instruction::note(
                    "the stored `rollingUpdate` has to be removed together with the change of type:",
                ),
                self.on_object(&["patch"], &["-p", patch]),
                Instruction::apply(APPLY_AGAIN),
            ];
        }
        let mut steps = vec![Instruction::note(format!(
            "fields that cannot be updated: {}",
            self.refused_fields().join(", ")
        ))];
        if self.differs(&["spec", "volumeClaimTemplates"]) {
            self.claim_templates(&mut steps);
        }
        if self.differs(&["spec", "podManagementPolicy"]) {
            let old =
                self.live.at(&["spec", "podManagementPolicy"]).and_then(Node::as_str).unwrap_or_default();
            steps.push(Instruction::note(
                "podManagementPolicy: pods keep running; or keep the old value in the manifest:",
            ));
            steps.push(Instruction::note(format!("  podManagementPolicy: {old}")));
        }
        if self.differs(&["spec", "serviceName"]) {
            let object = &self.plan.object;
            let restart = self.kubectl.inline(
                &["rollout", "restart"],
                (&object.api_version, &object.kind),
                &object.name,
            );
            steps.push(Instruction::note(format!(
                "serviceName: the pods keep their old DNS names until they restart ({restart})"
            )));
        }
        if self.differs(&["spec", "selector"]) {
            self.selector(&mut steps);
            steps.extend(self.replace(&[]));
            return steps;
        }
        steps.push(Instruction::note(
            "replace the StatefulSet; its pods and claims stay and are adopted again:",
        ));
        steps.push(self.on_object(&["delete"], &["--cascade=orphan"]));
        steps.push(Instruction::apply(if self.differs(&["spec", "template"]) {
            "then apply again; the pod template changes as well, so the pods restart one by one"
        } else {
            APPLY_AGAIN
        }));
        steps
    }

    /// What precedes the deletion of a StatefulSet whose selector changes.
    fn selector(&self, steps: &mut Vec<Instruction>) {
        steps.push(Instruction::note(
            "selector: pods of the old selector would be orphaned, so they are deleted with the StatefulSet; the claims stay",
        ));
        let keys = changed_labels(self.live, self.merged);
        if keys.iter().any(|key| super::effects::is_version_like(key)) {
            steps.push(Instruction::note(format!(
                "better: keep the old selector; labels that change with each release ({}) do not belong there",
                keys.join(", ")
            )));
        }
        let object = &self.plan.object;
        let set = StatefulSet::new(self.live);
        steps.extend(keep_claims(set, (&object.api_version, &object.kind), self.kubectl));
    }

    /// The fields that `ValidateStatefulSetUpdate` objects to.
    fn refused_fields(&self) -> Vec<String> {
        let mutable = stateful_set_mutable(self.kubectl.version);
        super::fields::compare("StatefulSet", self.live, self.merged)
            .iter()
            .filter(|change| {
                let mut fields = change.path.fields();
                fields.next() == Some("spec") && fields.next().is_some_and(|field| !mutable.contains(&field))
            })
            .map(|change| change.path.named())
            .collect()
    }

    fn claims(root: &Node) -> Vec<Claim<'_>> {
        let claims = StatefulSet::new(root).claim_templates();
        claims
            .iter()
            .map(|claim| {
                let template = views::Claim::new(claim);
                let size = claim.at(&["spec", "resources", "requests", "storage"]);
                let mut rest = claim.clone();
                if let Some(requests) = rest
                    .as_map_mut()
                    .and_then(|map| map.get_mut("spec"))
                    .and_then(Node::as_map_mut)
                    .and_then(|map| map.get_mut("resources"))
                    .and_then(Node::as_map_mut)
                    .and_then(|map| map.get_mut("requests"))
                    .and_then(Node::as_map_mut)
                {
                    requests.remove("storage");
                }
                Claim {
                    template,
                    name: template.name(),
                    size: template.size(),
                    shown: size.and_then(scalar_text).unwrap_or_default().into_owned(),
                    class: template.class().unwrap_or_default(),
                    rest,
                }
            })
            .collect()
    }

    fn claim_templates(&self, steps: &mut Vec<Instruction>) {
        let set = &self.plan.object.name;
        let (old, new) = (Self::claims(self.live), Self::claims(self.merged));
        for claim in &new {
            let name = claim.name;
            let Some(before) = old.iter().find(|other| other.name == name) else {
                steps.push(Instruction::note(format!(
                    "claim template `{name}` is new: pods get an empty volume for it when they restart"
                )));
                continue;
            };
            // A size that cannot be read is neither larger nor smaller.
            let sizes = before.size.zip(claim.size).and_then(|(before, after)| before.partial_cmp(&after));
            let (was, is) = (&before.shown, &claim.shown);
            match sizes {
                Some(std::cmp::Ordering::Less) if self.world.expandable(before.class) == Some(false) => {
                    steps.push(Instruction::note(format!(
                        "WARNING: `{name}` grows from {was} to {is}, but its class `{}` does not expand volumes: existing claims stay at {was}",
                        before.class
                    )));
                    steps.extend(self.move_data(claim));
                }
                Some(std::cmp::Ordering::Less) => {
                    steps.push(Instruction::note(format!(
                        "grow the claims of `{name}` from {was} to {is}; their storage class must have allowVolumeExpansion: true:"
                    )));
                    steps.extend(self.grow(before, claim));
                }
                Some(std::cmp::Ordering::Greater) => {
                    steps.push(Instruction::note(format!(
                        "WARNING: `{name}` shrinks from {was} to {is}: no volume can shrink. Existing claims stay at {was}; only claims of new ordinals get {is}"
                    )));
                    steps.extend(self.move_data(claim));
                }
                _ => {}
            }
            if before.rest != claim.rest {
                steps.push(Instruction::note(format!(
                    "the other changes of `{name}` apply to new claims only; existing ones keep what they have"
                )));
                // The move to claims of the right size is one to claims of the right class.
                if before.class != claim.class && !matches!(sizes, Some(std::cmp::Ordering::Greater)) {
                    steps.extend(self.move_data(claim));
                }
            }
        }
        for claim in old.iter().filter(|claim| !new.iter().any(|other| other.name == claim.name)) {
            steps.push(Instruction::note(format!(
                "WARNING: claim template `{0}` is removed: restarted pods no longer mount {0}-{set}-*; the claims and their data stay until you delete them",
                claim.name
            )));
        }
        let names = |claims: &[Claim<'_>]| claims.iter().map(|c| c.name.to_owned()).collect::<Vec<_>>();
        let (before, after) = (names(&old), names(&new));
        let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        if before != after && sorted(&before) == sorted(&after) {
            steps.push(Instruction::note(
                "only the order of the claim templates differs; keep the old order instead:",
            ));
            steps.push(Instruction::note(format!("  {}", before.join(", "))));
        }
    }

    /// The claims that a template has made, as far as anybody wants to read their names.
    fn claim_names(&self, claim: &Claim<'_>) -> Vec<String> {
        const MOST: usize = 100;
        let set = StatefulSet::new(self.live);
        let pods = set.ordinals().take(MOST).map(|ordinal| set.pod_name(ordinal));
        pods.map(|pod| claim.template.name_for(&pod)).collect()
    }

    /// Checks the claims that a template has made, patches each, and waits until the volumes have the new size.
    fn grow(&self, before: &Claim<'_>, claim: &Claim<'_>) -> Vec<Instruction> {
        let names = self.claim_names(claim);
        let size = &claim.shown;
        let patch = serde_json::json!({ "spec": { "resources": { "requests": { "storage": size } } } });
        let kubectl = self.kubectl;
        let class = if before.class.is_empty() {
            kubectl.default_class_expands()
        } else {
            let expands = "jsonpath={.allowVolumeExpansion}";
            kubectl.command(&["get"], instructions::STORAGE_CLASS, before.class, &["-o", expands])
        };
        let check = |expected: String| move |command| Instruction::Check { command, expected };
        let phase = if names.len() == 1 { "{.status.phase}" } else { "{.items[*].status.phase}" };
        let phases = kubectl.on_claims("get", &names, &["-o", &format!("jsonpath={phase}")]);
        let resized = format!("--for=jsonpath={{.status.capacity.storage}}={size}");
        let mut steps: Vec<Instruction> = class.map(check("true".to_owned())).into_iter().collect();
        steps.extend(phases.map(check(vec!["Bound"; names.len()].join(" "))));
        steps.extend(names.iter().map(|name| {
            kubectl.instruction(&["patch"], instructions::CLAIM, name, &["-p", &patch.to_string()])
        }));
        let wait = kubectl.on_claims("wait", &names, &[&resized, "--timeout=10m"]);
        steps.extend(wait.map(Instruction::Wait));
        steps
    }

    /// How the data gets to claims of another size or class. A person has to decide how it is copied.
    fn move_data(&self, claim: &Claim<'_>) -> Vec<Instruction> {
        let set = &self.plan.object.name;
        let mut steps = vec![Instruction::note(format!(
            "or move the data by hand to new volumes of `{}`, one pod of `{set}` at a time, highest ordinal first:",
            claim.name
        ))];
        steps.extend(
            [
                "  1. let the set replicate or back up the data, then scale it down so that the pod stops",
                "  2. create a claim of the new size and class under a temporary name, and a Job that mounts both claims and copies the files",
                "  3. set the reclaim policy of the new volume to Retain, and delete both claims",
                "  4. create the claim under its old name with `volumeName` set to the new volume, and remove `claimRef.uid` from that volume",
                "  5. scale up, check the data, and set the reclaim policy back",
            ]
            .map(Instruction::note),
        );
        steps
    }

    fn service(&self) -> Vec<Instruction> {
        if !self.breaks(&[SetOnce, HeadlessService, ImmutableField]) {
            return Vec::new();
        }
        self.replace(&[
            "the Service has to be replaced; its name does not resolve in between, and it gets another address:",
        ])
    }

    fn claim(&self) -> Vec<Instruction> {
        let (live, merged) = (views::Claim::new(self.live), views::Claim::new(self.merged));
        let class = merged.class().unwrap_or_default();
        let immutable = self.breaks(&[ImmutableSpec, ImmutableField]);
        let shrinks = merged.size().zip(live.size()).is_some_and(|(after, before)| after < before);
        // Where the claim has to be replaced anyway its size is no further obstacle.
        if !immutable && self.breaks(&[NeedsResizableClass]) {
            if class.is_empty() {
                return vec![Instruction::note(
                    "the volume was provisioned by hand: make a larger one, copy the data, and use the new claim",
                )];
            }
            return vec![
                Instruction::note(
                    "let the class expand volumes (its driver must support it), then apply again:",
                ),
                self.kubectl.instruction(
                    &["patch"],
                    instructions::STORAGE_CLASS,
                    class,
                    &["-p", r#"{"allowVolumeExpansion":true}"#],
                ),
            ];
        }
        if !immutable && shrinks && self.breaks(&[BelowCapacity]) {
            return vec![
                Instruction::note(
                    "WARNING: no volume can shrink. Make a new claim of the smaller size under another name, copy the data,",
                ),
                Instruction::note("then let the workload use the new claim."),
            ];
        }
        self.replace(&[
            "the claim has to be replaced. WARNING: with reclaim policy Delete its volume and data are deleted with it;",
            "a claim that is not bound yet holds no data:",
        ])
    }

    fn configuration(&self) -> Vec<Instruction> {
        if self.breaks(&[ImmutableConfig]) {
            return self.replace_and(
                &["give it another name and let the workloads use that (they restart with it); or replace it:"],
                "then apply again, and restart the pods that use it",
            );
        }
        // The type of a Secret.
        if self.breaks(&[ImmutableField]) {
            return self.replace(&["pods that start in between fail because it is missing:"]);
        }
        Vec::new()
    }
}

/// Before a StatefulSet is deleted: lets it keep its claims, if it would delete them.
pub(super) fn keep_claims(
    set: StatefulSet<'_>,
    kind: (&str, &str),
    kubectl: Kubectl<'_>,
) -> Vec<Instruction> {
    if !set.claim_retention().when_deleted || !set.has_claims() {
        return Vec::new();
    }
    let patch = r#"{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain"}}}"#;
    let mut steps = vec![
        Instruction::note(
            "WARNING: its claims and their data are deleted with it (whenDeleted: Delete); keep them first:",
        ),
        kubectl.instruction(&["patch"], kind, set.name(), &["-p", patch]),
    ];
    // The garbage collector goes by the owner, which the controller removes some time after the patch.
    steps.push(Instruction::note(
        "wait until none of its claims has an owner; go on too early and they are deleted all the same:",
    ));
    steps.extend(kubectl.claim_owners().map(Instruction::Command));
    steps
}

/// The labels of the selector that differ.
fn changed_labels(live: &Node, merged: &Node) -> Vec<String> {
    let labels = |root: &Node| root.at(&["spec", "selector", "matchLabels"]).cloned();
    let (Some(before), Some(after)) = (labels(live), labels(merged)) else { return Vec::new() };
    let keys: BTreeSet<&str> = [&before, &after]
        .into_iter()
        .filter_map(|node| node.as_map())
        .flat_map(crate::yaml::Map::keys)
        .filter(|key| before.get(key) != after.get(key))
        .collect();
    keys.into_iter().map(|key| format!("`{key}`")).collect()
}
