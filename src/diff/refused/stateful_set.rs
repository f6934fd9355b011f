//! StatefulSets: claim templates, selectors and the other fields that stay.

use super::super::effects::is_version_like;
use super::super::instructions::{self, Instruction, Kubectl, apply_again, kind_of};
use super::Context;
use crate::k8s::merge::scalar_text;
use crate::k8s::quantity::Quantity;
use crate::k8s::update::Cause::ImmutableSpec;
use crate::k8s::update::Surroundings as _;
use crate::k8s::views::{self, StatefulSet, WorkloadKind};
use crate::yaml::Node;
use std::collections::BTreeSet;

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

impl Context<'_> {
    pub(super) fn stateful_set(&self) -> Vec<Instruction> {
        if !self.breaks(&[ImmutableSpec]) {
            return self.strategy();
        }
        let mut steps = self.keep();
        if self.differs(&["spec", "volumeClaimTemplates"]) {
            self.claim_templates(&mut steps);
        }
        if self.differs(&["spec", "serviceName"]) {
            let restart = self.kubectl.inline(&["rollout", "restart"], kind_of(self.new), &self.new.name);
            steps.push(Instruction::note(format!(
                "serviceName: the pods keep their old DNS names until they restart ({restart})"
            )));
        }
        if self.differs(&["spec", "selector"]) {
            self.selector(&mut steps);
            return steps;
        }
        steps.push(Instruction::note(
            "replace the StatefulSet; its pods and claims stay and are adopted again:",
        ));
        steps.push(self.on_object(&["delete"], &["--cascade=orphan"]));
        let Instruction::Apply(then) = self.create_again() else { return steps };
        steps.push(Instruction::apply(if self.differs(&["spec", "template"]) {
            format!("{then}; the pod template changes as well, so the pods restart one by one")
        } else {
            then
        }));
        steps
    }

    /// A strategy that does not fit what is stored of the one before.
    fn strategy(&self) -> Vec<Instruction> {
        if !self.plan.reasons.iter().any(|reason| reason.path == "spec.updateStrategy.rollingUpdate") {
            return Vec::new();
        }
        let patch = r#"{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}"#;
        vec![
            Instruction::note(
                "the stored `rollingUpdate` has to be removed together with the change of type:",
            ),
            self.on_object(&["patch"], &["-p", patch]),
            Instruction::apply(apply_again(self.world.driver())),
        ]
    }

    /// Replaces a StatefulSet whose selector changes.
    fn selector(&self, steps: &mut Vec<Instruction>) {
        let keys = changed_labels(self.live, self.merged);
        if keys.iter().any(|key| is_version_like(key)) {
            steps.push(Instruction::note(format!(
                "labels that change with each release ({}) do not belong in a selector",
                keys.join(", ")
            )));
        }
        let downtime = self.downtime(WorkloadKind::StatefulSet);
        steps.push(Instruction::note(format!(
            "replace the StatefulSet, with downtime: its pods are deleted with it, because nothing would own pods of the old selector; the claims stay. {downtime}:"
        )));
        let set = StatefulSet::new(self.live);
        steps.extend(keep_claims(set, kind_of(self.new), self.kubectl));
        steps.push(self.on_object(&["delete"], &[]));
        steps.push(self.create_again());
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
        let set = &self.new.name;
        let (old, new) = (Self::claims(self.live), Self::claims(self.merged));
        for claim in &new {
            match old.iter().find(|other| other.name == claim.name) {
                Some(before) => self.claim_template(before, claim, steps),
                None => steps.push(Instruction::note(format!(
                    "claim template `{}` is new: pods get an empty volume for it when they restart",
                    claim.name
                ))),
            }
        }
        for claim in old.iter().filter(|claim| !new.iter().any(|other| other.name == claim.name)) {
            steps.push(Instruction::note(format!(
                "WARNING: claim template `{0}` is removed: restarted pods no longer mount {0}-{set}-*; the claims and their data stay until you delete them",
                claim.name
            )));
        }
    }

    /// What a changed claim template means for the claims that it has made.
    fn claim_template(&self, before: &Claim<'_>, claim: &Claim<'_>, steps: &mut Vec<Instruction>) {
        use std::cmp::Ordering::{Greater, Less};
        let name = claim.name;
        // A size that cannot be read is neither larger nor smaller.
        let sizes = before.size.zip(claim.size).and_then(|(before, after)| before.partial_cmp(&after));
        let (was, is) = (&before.shown, &claim.shown);
        let moves_class = before.class != claim.class;
        match sizes {
            // The data moves anyway, to claims of the right size.
            Some(Less) if moves_class => {}
            Some(Less) if self.world.expandable(before.class) == Some(false) => {
                steps.push(Instruction::note(format!(
                    "WARNING: `{name}` grows from {was} to {is}, but its class `{}` does not expand volumes: existing claims stay at {was}. If its driver can expand them, set allowVolumeExpansion: true in the class and plan again",
                    before.class
                )));
                steps.push(self.move_data(claim));
            }
            Some(Less) => {
                steps.push(Instruction::note(format!(
                    "grow the claims of `{name}` from {was} to {is}; their storage class must have allowVolumeExpansion: true:"
                )));
                steps.extend(self.grow(before, claim));
            }
            Some(Greater) => {
                steps.push(Instruction::note(format!(
                    "WARNING: `{name}` shrinks from {was} to {is}: no volume can shrink. Existing claims stay at {was}; only claims of new ordinals get {is}"
                )));
                steps.push(self.move_data(claim));
            }
            _ => {}
        }
        if before.rest != claim.rest {
            steps.push(Instruction::note(format!(
                "the other changes of `{name}` apply to new claims only; existing ones keep what they have"
            )));
            if moves_class && !matches!(sizes, Some(Greater)) {
                steps.push(self.move_data(claim));
            }
        }
    }

    /// The claims that a template has made, up to a number that can still be read.
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
    fn move_data(&self, claim: &Claim<'_>) -> Instruction {
        let set = &self.new.name;
        Instruction::Manual {
            text: format!(
                "move the data to new volumes of `{}` if you need them, one pod of `{set}` at a time, highest ordinal first",
                claim.name
            ),
            steps: [
                "let the set replicate the data or back it up, then scale down so that the pod stops",
                "make a claim of the new size and class under a temporary name, and a Job that mounts both claims and copies the files",
                "set the reclaim policy of both volumes to Retain, and delete both claims",
                "make the claim under its old name with `volumeName` set to the new volume, and remove `claimRef.uid` from that volume",
                "scale up and check the data; then delete the old volume, and set the reclaim policy of the new one back",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

/// Before a StatefulSet is deleted: lets it keep its claims, if it would delete them.
pub(in super::super) fn keep_claims(
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
