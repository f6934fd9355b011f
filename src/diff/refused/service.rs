//! Services: addresses, families and types that stay once they are set.

use super::super::instructions::Instruction;
use super::super::simulation::ALLOCATED;
use super::Context;
use crate::k8s::update::Cause::{HeadlessService, ImmutableField, SetOnce};
use crate::k8s::views::Service;

impl Context<'_> {
    pub(super) fn service(&self) -> Vec<Instruction> {
        if !self.breaks(&[SetOnce, HeadlessService, ImmutableField]) {
            return Vec::new();
        }
        let name = &self.new.name;
        let mut steps =
            if self.breaks(&[HeadlessService]) { self.keep_field(&["spec", "type"]) } else { self.keep() };
        steps.push(Instruction::note(
            "or add a Service of the new form under another name, let its clients use it, and delete this one later",
        ));
        steps.push(Instruction::note(format!(
            "or replace it: from the deletion until it is applied again the name `{name}` does not resolve and it serves nobody{}",
            self.addresses()
        )));
        let sets: Vec<String> =
            self.world.governed_by(self.new).into_iter().map(|set| format!("StatefulSet/{set}")).collect();
        if !sets.is_empty() {
            steps.push(Instruction::note(format!(
                "the pods of {} have no DNS names in between",
                sets.join(", ")
            )));
        }
        steps.push(self.on_object(&["delete"], &[]));
        steps.push(self.create_again());
        steps
    }

    /// Which addresses a replaced Service has.
    fn addresses(&self) -> String {
        let (live, merged) = (Service::new(self.live), Service::new(self.merged));
        let address = |service: Service<'_>| {
            service.spec("clusterIP").and_then(crate::yaml::Node::as_str).map(str::to_owned)
        };
        if live.service_type() == "LoadBalancer" {
            return "; its load balancer is deleted, and the new one may have another address".to_owned();
        }
        let ports = match (live.service_type(), merged.service_type()) {
            ("NodePort", "NodePort") => ", and other node ports unless the manifest names them",
            _ => "",
        };
        match address(merged).as_deref() {
            Some("None") => "; then it resolves to the addresses of the pods".to_owned(),
            Some(named) if named != ALLOCATED => format!("; then it has the address {named}{ports}"),
            _ => format!("; then it has another cluster IP{ports}"),
        }
    }
}
