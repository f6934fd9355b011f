//! Claims, volumes, and the configuration that pods mount.

use super::super::effects;
use super::super::instructions::{self, Instruction, apply_again, kind_of};
use super::{Context, subject};
use crate::k8s::update::Cause::{
    BelowCapacity, ImmutableConfig, ImmutableField, ImmutableSpec, NeedsResizableClass,
    UnsetVolumeAttributesClass,
};
use crate::k8s::views::{Claim, Workload, WorkloadKind};
use crate::manifest::Object;

/// Keeps the data of a volume whatever happens to its claim.
const RETAIN: &str = r#"{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}"#;

impl Context<'_> {
    pub(super) fn claim(&self) -> Vec<Instruction> {
        let (live, merged) = (Claim::new(self.live), Claim::new(self.merged));
        let is_immutable = self.breaks(&[ImmutableSpec, ImmutableField]);
        let shrinks = merged.size().zip(live.size()).is_some_and(|(after, before)| after < before);
        // Where the claim has to be replaced anyway its size is no further obstacle.
        if !is_immutable && self.breaks(&[NeedsResizableClass]) {
            return self.expand(merged.class().unwrap_or_default());
        }
        if !is_immutable && shrinks && self.breaks(&[BelowCapacity]) {
            let mut steps = self.keep();
            steps.push(Instruction::note("because no volume can shrink:"));
            steps.push(Instruction::manual(
                "make a claim of the smaller size under another name, copy the data, and let the workload use the new claim",
            ));
            return steps;
        }
        if !is_immutable && !self.breaks(&[UnsetVolumeAttributesClass, BelowCapacity]) {
            return Vec::new();
        }
        let mut steps = self.keep();
        if is_immutable {
            self.replace_claim(live, &mut steps);
        }
        steps
    }

    fn expand(&self, class: &str) -> Vec<Instruction> {
        let mut steps = self.keep();
        if class.is_empty() {
            steps.push(Instruction::manual(
                "the volume was not provisioned by a class: make a larger one, copy the data, and use the new claim",
            ));
            return steps;
        }
        steps.extend([
            Instruction::note(
                "or let the class expand volumes, if its driver can; set it in the manifest of the class as well:",
            ),
            self.kubectl.instruction(
                &["patch"],
                instructions::STORAGE_CLASS,
                class,
                &["-p", r#"{"allowVolumeExpansion":true}"#],
            ),
            Instruction::apply(apply_again(self.world.driver())),
        ]);
        steps
    }

    /// Replaces a claim. What it holds has to be safe first, unless it is known to hold nothing.
    fn replace_claim(&self, live: Claim<'_>, steps: &mut Vec<Instruction>) {
        if self.world.is_pending(&self.new.name) {
            steps.push(Instruction::note("or replace the claim; it is not bound, so it holds no data:"));
        } else {
            steps.push(Instruction::note(
                "or replace the claim. WARNING: its volume and the data are deleted with it, unless the reclaim policy of the volume is Retain. A claim that is not bound holds no data",
            ));
            if let Some(volume) = live.volume_name() {
                let patch =
                    self.kubectl.instruction(&["patch"], instructions::VOLUME, volume, &["-p", RETAIN]);
                steps.push(patch);
            }
            steps.push(Instruction::manual(
                "copy the data to a claim of another name and let the workload use that, or make sure that the volume has the reclaim policy Retain",
            ));
        }
        let users = self.users(|workload| workload.template().claims().any(|name| name == self.new.name));
        let users: Vec<String> = users.iter().map(|user| format!("{}/{}", user.kind, user.name)).collect();
        let users = subject(&users, "uses it", "use it").map_or_else(String::new, |who| format!(" ({who})"));
        steps.push(Instruction::note(format!(
            "the deletion waits until no pod uses the claim{users}; scale down what does:"
        )));
        steps.push(self.on_object(&["delete"], &[]));
        steps.push(self.create_again());
    }

    pub(super) fn volume(&self) -> Vec<Instruction> {
        if !self.breaks_any() {
            return Vec::new();
        }
        let mut steps = self.keep();
        steps.extend([
            Instruction::note("or give the new volume another name, and let a new claim use it"),
            Instruction::note("or replace it; Retain keeps the data that the old one points to:"),
            self.on_object(&["patch"], &["-p", RETAIN]),
            Instruction::manual(
                "if a claim is bound to the volume, stop the pods that use the claim, and delete it: the volume stays until then",
            ),
            self.on_object(&["delete"], &[]),
            self.create_again(),
        ]);
        steps
    }

    pub(super) fn configuration(&self) -> Vec<Instruction> {
        if !self.breaks(&[ImmutableConfig, ImmutableField]) {
            return Vec::new();
        }
        let kind = self.new.kind.as_str();
        let mut steps = self.keep();
        steps.extend([
            Instruction::note(
                "or give it another name and let the workloads use that: they restart with it, and can go back",
            ),
            Instruction::note("or replace it; pods that start in between fail because it is missing:"),
            self.on_object(&["delete"], &[]),
            self.create_again(),
        ]);
        let users = self.users(|workload| effects::uses(workload.template(), kind, &self.new.name));
        let restarted: Vec<&Object> = users
            .into_iter()
            .filter(|user| WorkloadKind::from_object(user).is_some_and(WorkloadKind::rolls_out))
            .collect();
        if restarted.is_empty() {
            steps.push(Instruction::note("and restart the pods that use it"));
        } else {
            steps.push(Instruction::note("and restart the pods that use it:"));
        }
        steps.extend(restarted.into_iter().map(|user| {
            self.world.kubectl(user).instruction(&["rollout", "restart"], kind_of(user), &user.name, &[])
        }));
        steps
    }

    /// The running workloads of its namespace for which `test` is true.
    fn users(&self, test: impl Fn(Workload<'_>) -> bool) -> Vec<&Object> {
        self.world
            .running_beside(self.new)
            .filter(|(_, workload)| test(*workload))
            .map(|(user, _)| user)
            .collect()
    }
}
