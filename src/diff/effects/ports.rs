//! Node ports and addresses that another Service still has when a Service asks for them.

use super::super::instructions::{Instruction, kind_of};
use super::super::matching::{Pair, group_of};
use super::super::simulation::Simulation;
use super::super::{Cause, ObjectPlan};
use super::World;
use crate::k8s::views::Service;
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::BTreeSet;

/// A value that only one Service of the cluster can have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Port(i64),
    Address(String),
}

/// Says of the Services that are refused because of such a value which ones have it, and what to do.
pub(super) fn explain_allocated(
    objects: &mut [ObjectPlan],
    pairs: &[Pair<'_>],
    simulation: &Simulation,
    world: &World<'_>,
) {
    let is_refused = |plan: &ObjectPlan| plan.reasons.iter().any(|reason| reason.cause == Cause::Allocated);
    let refused: Vec<usize> =
        objects.iter().enumerate().filter(|(_, plan)| is_refused(plan)).map(|(index, _)| index).collect();
    for index in refused {
        let asked = pairs.get(index).and_then(|pair| pair.new).map(|new| values_of(&new.root));
        let asked = asked.unwrap_or_default();
        let has_one = |(other, pair): (usize, &Pair<'_>)| {
            let object = pair.new.or(pair.old).filter(|object| is_service(object))?;
            let stored = simulation.stored(object).into_iter().flatten();
            let has = stored.map(values_of).any(|values| !values.is_disjoint(&asked));
            (has && other != index).then_some(other)
        };
        let owners: Vec<usize> = pairs.iter().enumerate().filter_map(has_one).collect();
        let steps = remediation(&owners, objects, pairs, world);
        if let Some(plan) = objects.get_mut(index) {
            plan.effects.clear();
            plan.remediation = steps;
        }
    }
}

fn is_service(object: &Object) -> bool {
    (group_of(object), object.kind.as_str()) == ("", "Service")
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
        steps.push(Instruction::apply("then apply again"));
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
