//! Node ports and addresses that another Service still has when a Service asks for them.

use super::super::instructions::{Instruction, apply_again, kind_of};
use super::super::matching::{Pair, group_of};
use super::super::simulation::Simulation;
use super::super::{Cause, ObjectPlan, Verdict};
use super::World;
use crate::k8s::views::Service;
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::BTreeSet;
use std::fmt;

/// A value that only one Service of the cluster can have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Port(i64),
    Address(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(number) => write!(f, "node port {number}"),
            Self::Address(address) => write!(f, "cluster IP {address}"),
        }
    }
}

/// Says of the Services that are refused because of such a value which ones have it, and what to do. One that could not be
/// created again is not to be deleted.
pub(super) fn explain_allocated(
    objects: &mut [ObjectPlan],
    pairs: &[Pair<'_>],
    simulation: &Simulation,
    world: &World<'_>,
) {
    let is_refused = |plan: &ObjectPlan| plan.verdict == Verdict::Rejected;
    let refused: Vec<usize> =
        objects.iter().enumerate().filter(|(_, plan)| is_refused(plan)).map(|(index, _)| index).collect();
    for index in refused {
        let new = pairs.get(index).and_then(|pair| pair.new).filter(|object| is_service(object));
        let Some(asked) = new.map(|new| values_of(&new.root)).filter(|asked| !asked.is_empty()) else {
            continue;
        };
        let taken_by = |pair: &Pair<'_>| {
            let object = pair.new.or(pair.old).filter(|object| is_service(object))?;
            let stored = simulation.stored(object).into_iter().flatten();
            stored.map(values_of).find_map(|values| values.intersection(&asked).next().cloned())
        };
        let others = pairs.iter().enumerate().filter(|(other, _)| *other != index);
        let taken: Vec<(usize, Value)> =
            others.filter_map(|(other, pair)| Some((other, taken_by(pair)?))).collect();
        let owners: Vec<usize> = taken.iter().map(|(owner, _)| *owner).collect();
        let steps = remediation(&owners, objects, pairs, world);
        let Some(plan) = objects.get_mut(index) else { continue };
        if plan.reasons.iter().any(|reason| reason.cause == Cause::Allocated) {
            plan.effects.clear();
            plan.remediation = steps;
        } else if let Some((_, value)) = taken.first() {
            forbid_replacing(plan, value);
        }
    }
}

fn is_service(object: &Object) -> bool {
    (group_of(object), object.kind.as_str()) == ("", "Service")
}

/// A Service that could not be created again is not to be deleted.
fn forbid_replacing(plan: &mut ObjectPlan, value: &Value) {
    let is_destructive =
        |step: &Instruction| matches!(step, Instruction::Command(command) if command.is_destructive());
    if plan.remediation.iter().any(is_destructive) {
        let kept = plan.remediation.iter().take_while(|step| matches!(step, Instruction::Keep(_))).cloned();
        let mut steps: Vec<Instruction> = kept.collect();
        steps.push(Instruction::note(format!(
            "or replace it, but only once another Service has freed what this one asks for: {value}"
        )));
        plan.remediation = steps;
    }
}

/// What to do about the Services that have the values.
fn remediation(
    owners: &[usize],
    objects: &[ObjectPlan],
    pairs: &[Pair<'_>],
    world: &World<'_>,
) -> Vec<Instruction> {
    let (mut steps, mut is_freed) = (Vec::new(), true);
    for &owner in owners {
        let (Some(plan), Some(pair)) = (objects.get(owner), pairs.get(owner)) else { continue };
        let name = &plan.object.name;
        if let (Some(old), None) = (pair.old, pair.new) {
            steps.push(Instruction::note(format!(
                "Service/{name} left the manifests but stays in the cluster; its name no longer resolves once it is deleted:"
            )));
            steps.push(world.kubectl(old).instruction(&["delete"], kind_of(old), name, &[]));
        } else {
            is_freed = false;
            steps.push(Instruction::note(format!(
                "Service/{name} still has it: use another value here, or first apply a change that frees it there"
            )));
        }
    }
    if is_freed {
        steps.push(Instruction::apply(apply_again(world.driver())));
    }
    steps
}

/// The ports and addresses of a Service.
fn values_of(root: &Node) -> BTreeSet<Value> {
    let service = Service::new(root);
    let mut values: BTreeSet<Value> = if has_node_ports(service) {
        service.ports().iter().filter_map(node_port).map(Value::Port).collect()
    } else {
        BTreeSet::new()
    };
    values.extend(addresses(service).into_iter().map(|address| Value::Address(address.to_owned())));
    values
}

fn has_node_ports(service: Service<'_>) -> bool {
    matches!(service.service_type(), "NodePort" | "LoadBalancer")
}

fn node_port(port: &Node) -> Option<i64> {
    port.get("nodePort").and_then(Node::as_i64).filter(|number| *number != 0)
}

/// The addresses that a Service names: none if it is headless, or if the server is to choose.
fn addresses(service: Service<'_>) -> Vec<&str> {
    if service.service_type() == "ExternalName" {
        return Vec::new();
    }
    let all = service.spec("clusterIPs").map(Node::items).unwrap_or_default().iter();
    let mut addresses: Vec<&str> = all.filter_map(Node::as_str).collect();
    if addresses.is_empty() {
        addresses.extend(service.spec("clusterIP").and_then(Node::as_str));
    }
    addresses.retain(|address| !["", "None"].contains(address));
    addresses
}
