//! Node ports and addresses that another Service still has when a Service asks for them.

use super::super::apply;
use super::super::instructions::{Instruction, apply_again, kind_of};
use super::super::matching::{Pair, group_of};
use super::super::{Cause, Change, ObjectPlan, Reason, Verdict};
use super::World;
use crate::k8s::views::Service;
use crate::k8s::{ErrorKind, FieldError};
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};

/// A value that only one Service of the cluster can have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Port(i64),
    Address(String),
}

/// Refuses the Services that ask for a value that another one has. Objects are applied in the order of their manifests,
/// and those that left the manifests keep what they have.
pub(super) fn refuse_allocated(objects: &mut [ObjectPlan], pairs: &[Pair<'_>], world: &World<'_>) {
    let is_service = |object: &&Object| (group_of(object), object.kind.as_str()) == ("", "Service");
    // The index of the Service that has the value.
    let mut allocated: BTreeMap<Value, usize> = BTreeMap::new();
    for (index, pair) in pairs.iter().enumerate() {
        for value in pair.old.filter(is_service).map(values).unwrap_or_default() {
            allocated.entry(value).or_insert(index);
        }
    }
    let mut refused: Vec<(usize, Vec<usize>)> = Vec::new();
    for (index, (plan, pair)) in objects.iter_mut().zip(pairs).enumerate() {
        let Some(new) = pair.new.filter(is_service).filter(|_| plan.change != Change::Unchanged) else {
            continue;
        };
        if plan.verdict == Verdict::Rejected {
            let is_taken = |value: &Value| allocated.get(value).is_some_and(|owner| *owner != index);
            if let Some((_, error)) = requests(None, new).into_iter().find(|(value, _)| is_taken(value)) {
                forbid_replacing(plan, &error);
            }
            continue;
        }
        let before = pair.old.map(values).unwrap_or_default();
        let (mut reasons, mut owners) = (Vec::new(), Vec::new());
        for (value, error) in requests(pair.old, new) {
            match allocated.get(&value) {
                Some(owner) if *owner != index => {
                    reasons.push(Reason {
                        message: error.server_message(),
                        path: error.path,
                        cause: Cause::Allocated,
                    });
                    owners.push(*owner);
                }
                _ => {}
            }
        }
        if reasons.is_empty() {
            let after = values_after(pair.old, new, world);
            for value in before.difference(&after) {
                if allocated.get(value) == Some(&index) {
                    allocated.remove(value);
                }
            }
            for value in after {
                allocated.entry(value).or_insert(index);
            }
            continue;
        }
        plan.verdict = Verdict::Rejected;
        plan.reasons = reasons;
        plan.effects.clear();
        owners.sort_unstable();
        owners.dedup();
        refused.push((index, owners));
    }
    for (index, owners) in refused {
        let steps = remediation(&owners, objects, pairs, world);
        if let Some(plan) = objects.get_mut(index) {
            plan.remediation = steps;
        }
    }
}

/// A Service that could not be created again is not to be deleted.
fn forbid_replacing(plan: &mut ObjectPlan, error: &FieldError) {
    let is_destructive =
        |step: &Instruction| matches!(step, Instruction::Command(command) if command.is_destructive());
    if plan.remediation.iter().any(is_destructive) {
        let kept = plan.remediation.iter().take_while(|step| matches!(step, Instruction::Keep(_))).cloned();
        let mut steps: Vec<Instruction> = kept.collect();
        steps.push(Instruction::note(format!(
            "or replace it, but only once another Service has freed what this one asks for: {}: {}",
            error.path,
            error.server_message()
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

/// The ports and addresses that a manifest names for its Service.
fn values(object: &Object) -> BTreeSet<Value> {
    values_of(&object.root)
}

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

/// What the Service has once the new manifest is applied: the server keeps a node port that is no longer written.
fn values_after(old: Option<&Object>, new: &Object, world: &World<'_>) -> BTreeSet<Value> {
    let Some(old) = old else { return values(new) };
    let live = apply::create("", "Service", &old.root);
    let update = apply::Update {
        version: world.version(),
        api_version: &new.api_version,
        group: "",
        kind: "Service",
        old: &old.root,
        new: &new.root,
        read: None,
    };
    values_of(&apply::apply(world.driver(), update, live).merged)
}

/// The values that the server has to allocate because the manifest asks for them, each with the error if it is not free
/// (`initNodePorts`, `updateNodePorts`, `allocIPs`).
fn requests(old: Option<&Object>, new: &Object) -> Vec<(Value, FieldError)> {
    let service = Service::new(&new.root);
    let before = old.map(values).unwrap_or_default();
    let mut requests: Vec<(Value, FieldError)> = Vec::new();
    let had_address = old.is_some_and(|old| Service::new(&old.root).service_type() != "ExternalName");
    let addresses = addresses(service);
    for address in addresses.iter().filter(|_| !had_address) {
        let error = FieldError::new(ErrorKind::Invalid, "spec.clusterIPs")
            .value(format!("{addresses:?}").replace(", ", ","))
            .detail(format!("failed to allocate IP {address}: provided IP is already allocated"));
        requests.push((Value::Address((*address).to_owned()), error));
    }
    let numbers = |port: &Node| port.get("port").and_then(Node::as_i64);
    for (index, port) in service.ports().iter().enumerate().filter(|_| has_node_ports(service)) {
        let Some(number) = node_port(port) else { continue };
        let value = Value::Port(number);
        // Ports of one Service may share a node port.
        if before.contains(&value) || requests.iter().any(|(known, _)| *known == value) {
            continue;
        }
        // In a new Service the first port of a number is the one that gets what is written for any of them.
        let first = service.ports().iter().position(|other| numbers(other) == numbers(port));
        let place = if old.is_some() { index } else { first.unwrap_or(index) };
        let error = FieldError::new(ErrorKind::Invalid, format!("spec.ports[{place}].nodePort"))
            .value(number.to_string())
            .detail("provided port is already allocated");
        requests.push((value, error));
    }
    requests
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
    addresses.retain(|address| !["", "None", apply::ALLOCATED].contains(address));
    addresses
}
