//! Kinds that have to be deleted and created again, and what that means in between.

use super::super::instructions::Instruction;
use super::super::matching::group_of;
use super::Context;

/// What happens between the deletion of an object and its creation.
const IN_BETWEEN: &[(&str, &str, &str)] = &[
    ("", "ResourceQuota", "or replace it; until it is applied again nothing limits the namespace:"),
    (
        "certificates.k8s.io",
        "CertificateSigningRequest",
        "or make the request again; it has to be approved again:",
    ),
    (
        "discovery.k8s.io",
        "EndpointSlice",
        "or replace it; its Service loses these endpoints until it is applied again:",
    ),
    (
        "networking.k8s.io",
        "IngressClass",
        "or replace it; until it is applied again controllers may stop serving the Ingresses of the class:",
    ),
    (
        "node.k8s.io",
        "RuntimeClass",
        "or replace it; running pods stay, and pods that name it are refused until it is applied again:",
    ),
    (
        "rbac.authorization.k8s.io",
        "ClusterRoleBinding",
        "or replace it; its subjects have no rights until it is applied again. To avoid that, give the new binding another name:",
    ),
    (
        "rbac.authorization.k8s.io",
        "RoleBinding",
        "or replace it; its subjects have no rights until it is applied again. To avoid that, give the new binding another name:",
    ),
    (
        "resource.k8s.io",
        "ResourceClaim",
        "or replace it; the deletion waits until no pod uses the claim, and its devices are allocated anew:",
    ),
    (
        "resource.k8s.io",
        "ResourceClaimTemplate",
        "or replace it; claims that were made from it stay, and pods that start in between wait for it:",
    ),
    (
        "scheduling.k8s.io",
        "PriorityClass",
        "or replace it; running pods keep their priority, and pods that name it are refused until it is applied again:",
    ),
    ("storage.k8s.io", "CSIDriver", "or replace it; volumes may fail to mount until it is applied again:"),
    (
        "storage.k8s.io",
        "StorageClass",
        "or replace it; existing volumes keep what they were made with, and new claims wait until it is applied again:",
    ),
    (
        "storage.k8s.io",
        "VolumeAttributesClass",
        "or replace it; existing volumes keep their attributes, and claims that ask for it wait until it is applied again:",
    ),
];

impl Context<'_> {
    /// How to replace an object of any other kind.
    pub(super) fn replaced(&self) -> Vec<Instruction> {
        if !self.breaks_any() {
            return Vec::new();
        }
        let (group, kind) = (group_of(self.new), self.new.kind.as_str());
        match (group, kind) {
            // Its objects are deleted with it.
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                let mut steps = self.keep();
                steps.push(Instruction::note(
                    "or add a definition with another group or kind, and move the objects there. WARNING: if this one is deleted, all its objects are deleted with it",
                ));
                steps
            }
            ("apps", "ControllerRevision") => self.keep(),
            _ => {
                let known = IN_BETWEEN.iter().find(|(of, name, _)| (*of, *name) == (group, kind));
                self.replace(&[known
                    .map_or("or replace it; it is missing until it is applied again:", |(.., note)| note)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::update::UPDATES;

    #[test]
    fn every_kind_with_a_rule_for_updates_has_a_remedy_of_its_own() {
        const ELSEWHERE: [&str; 12] = [
            "ConfigMap",
            "ControllerRevision",
            "CustomResourceDefinition",
            "DaemonSet",
            "Deployment",
            "Job",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "ReplicaSet",
            "Secret",
            "Service",
        ];
        for (group, kind, _) in UPDATES {
            let is_here = IN_BETWEEN.iter().any(|(of, name, _)| (of, name) == (group, kind));
            assert!(is_here || ELSEWHERE.contains(kind) || *kind == "StatefulSet", "{group} {kind}");
        }
    }
}
