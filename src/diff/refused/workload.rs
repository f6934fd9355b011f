//! Workloads other than StatefulSets.

use super::super::effects::pods_in_order;
use super::super::instructions::Instruction;
use super::{Context, subject};
use crate::k8s::update::Cause::{ImmutableField, ImmutableSpec, JobCompletions, JobSelector};
use crate::k8s::views::{StatefulSet, Workload, WorkloadKind};
use crate::yaml::Node;

impl Context<'_> {
    pub(super) fn workload(&self, kind: WorkloadKind) -> Vec<Instruction> {
        match kind {
            WorkloadKind::StatefulSet => self.stateful_set(),
            WorkloadKind::Job if self.breaks_any() => self.job(),
            WorkloadKind::Pod if self.breaks(&[ImmutableSpec]) => self.replace(&[
                "or replace the pod; it stops before the new one starts, and what its containers wrote outside of claims is lost:",
            ]),
            kind if kind.runs_forever() && self.breaks(&[ImmutableField]) => {
                let downtime = self.downtime(kind);
                self.replace(&[
                    &format!("or give the {} another name, apply, and delete the old one once the new pods are ready: this has no downtime", self.new.kind),
                    &format!("or replace it: its pods are deleted with it. {downtime}:"),
                ])
            }
            _ => Vec::new(),
        }
    }

    fn job(&self) -> Vec<Instruction> {
        if self.breaks(&[JobCompletions]) && !self.breaks(&[ImmutableField, JobSelector]) {
            let completions = self.merged.at(&["spec", "completions"]).and_then(Node::as_i64);
            let mut steps = self.keep();
            steps.push(Instruction::note(format!(
                "or set spec.parallelism to {} as well: an Indexed Job changes both or neither",
                completions.unwrap_or_default()
            )));
            return steps;
        }
        if self.world.driver().sends_whole_objects() && self.new.at(&["spec", "selector"]).is_none() {
            let mut steps = self.keep();
            steps.extend([
                Instruction::note(
                    "or update it with `kubectl apply`, as far as its fields can change: `kubectl replace` also drops the selector and the labels that the server has generated",
                ),
                Instruction::note("or replace it; its pods, their logs and what it has completed are lost, and it runs again from the start:"),
                self.on_object(&["delete"], &[]),
                self.create_again(),
            ]);
            return steps;
        }
        self.replace(&[
            "or give the Job a name per release, or make it a hook: a Job runs one template once",
            "or replace it; its pods, their logs and what it has completed are lost, and it runs again from the start:",
        ])
    }

    /// Who has no pods while the workload is replaced, and for how long.
    pub(super) fn downtime(&self, kind: WorkloadKind) -> String {
        let workload = Workload::new(kind, self.live);
        let template = workload.template();
        let services: Vec<String> = self
            .world
            .services_selecting(self.new, template)
            .into_iter()
            .map(|name| format!("Service/{name}"))
            .collect();
        let who = subject(&services, "has no endpoints", "have no endpoints")
            .unwrap_or_else(|| "No pod runs".to_owned());
        let mut text = format!("{who} from the deletion until the first new pod is ready");
        let mut parts = Vec::new();
        // A pod of a StatefulSet keeps its name, so the new one waits for the old one.
        let waits =
            kind == WorkloadKind::StatefulSet && !pods_in_order(StatefulSet::new(self.live)).is_empty();
        if waits {
            let grace = template.termination_grace_period();
            parts.push(format!("up to {grace} s for the old pod to stop"));
        }
        let startup = Workload::new(kind, self.merged).template().startup_seconds();
        if startup > 0 {
            parts.push(format!("at least {startup} s by its probes"));
        }
        if !parts.is_empty() {
            text = format!("{text} ({})", parts.join(", then "));
        }
        text
    }
}
