//! What to do instead where the server refuses a change, as commands for that very case.

use super::{Change, ObjectPlan};
use crate::k8s::merge::scalar_text;
use crate::k8s::quantity::Quantity;
use crate::k8s::{Version, update::stateful_set_mutable};
use crate::yaml::Node;
use std::collections::BTreeSet;

/// The way out of a rejected change: one shell command or `# comment` a line. Empty where the manifest
/// itself is at fault and has to be corrected. `stored` is the object before and after.
pub(super) fn way_out(plan: &ObjectPlan, stored: Option<(&Node, &Node)>, version: Version) -> Vec<String> {
    let Some((live, merged)) = stored else { return Vec::new() };
    if plan.change == Change::Added {
        return Vec::new();
    }
    let context = Context { plan, live, merged, version };
    let immutable = |path: &str| plan.reasons.iter().any(|reason| reason.path == path);
    match plan.object.kind.as_str() {
        "StatefulSet" => context.stateful_set(),
        "Deployment" | "DaemonSet" | "ReplicaSet" if immutable("spec.selector") => vec![
            "# a selector cannot change; pods of the old one would be left over. Stops the pods until it is applied again:".to_owned(),
            context.kubectl("delete", ""),
            "# then apply again".to_owned(),
        ],
        "Job" => vec![
            "# a job runs one template once; a changed one is another job:".to_owned(),
            context.kubectl("delete", ""),
            "# then apply again (or give the job a name per release, or make it a hook)".to_owned(),
        ],
        "Service" => context.service(),
        "PersistentVolumeClaim" => context.claim(),
        "PersistentVolume" if !plan.reasons.is_empty() => vec![
            "# make sure that the volume is kept, then make it anew:".to_owned(),
            format!(
                "kubectl patch pv {} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'",
                plan.object.name
            ),
            context.kubectl("delete", ""),
            "# then apply again".to_owned(),
        ],
        "ConfigMap" | "Secret" => context.configuration(),
        "Pod" => vec![
            "# a pod is made anew for any other change:".to_owned(),
            context.kubectl("delete", ""),
            "# then apply again".to_owned(),
        ],
        "RoleBinding" | "ClusterRoleBinding" => vec![
            "# the subjects lose their rights until it is applied again:".to_owned(),
            context.kubectl("delete", ""),
            "# then apply again".to_owned(),
        ],
        "StorageClass" => vec![
            "# volumes that exist keep what they were made with; only new ones follow the new class:".to_owned(),
            context.kubectl("delete", ""),
            "# then apply again".to_owned(),
        ],
        "PriorityClass" | "IngressClass" | "RuntimeClass" | "VolumeAttributesClass" | "CSIDriver" => {
            vec![context.kubectl("delete", ""), "# then apply again".to_owned()]
        }
        _ => Vec::new(),
    }
}

struct Context<'a> {
    plan: &'a ObjectPlan,
    live: &'a Node,
    merged: &'a Node,
    version: Version,
}

/// A claim template as far as it matters here.
struct Claim<'a> {
    name: &'a str,
    size: Option<Quantity>,
    shown: String,
    rest: Node,
}

impl Context<'_> {
    fn namespace(&self) -> String {
        self.plan.object.namespace.as_ref().map(|name| format!(" -n {name}")).unwrap_or_default()
    }

    fn kubectl(&self, verb: &str, flags: &str) -> String {
        let object = &self.plan.object;
        let kind = object.kind.to_lowercase();
        format!("kubectl {verb} {kind} {}{}{flags}", object.name, self.namespace())
    }

    /// Whether the field differs before and after.
    fn differs(&self, path: &[&str]) -> bool {
        self.live.at(path) != self.merged.at(path)
    }

    fn stateful_set(&self) -> Vec<String> {
        let name = &self.plan.object.name;
        let forbidden = self.plan.reasons.iter().any(|reason| reason.path == "spec");
        let strategy =
            self.plan.reasons.iter().any(|reason| reason.path == "spec.updateStrategy.rollingUpdate");
        if !forbidden {
            if strategy {
                return vec![
                    "# the stored `rollingUpdate` has to go together with the type; write it out as null:"
                        .to_owned(),
                    format!(
                        "kubectl patch statefulset {name}{} -p '{{\"spec\":{{\"updateStrategy\":{{\"type\":\"OnDelete\",\"rollingUpdate\":null}}}}}}'",
                        self.namespace()
                    ),
                    "# then apply again".to_owned(),
                ];
            }
            return Vec::new();
        }
        let mut lines = vec![format!("# what must not change: {}", self.refused_fields().join(", "))];
        let mut orphan = true;
        if self.differs(&["spec", "volumeClaimTemplates"]) {
            self.claim_templates(&mut lines);
        }
        if self.differs(&["spec", "podManagementPolicy"]) {
            lines.push(
                "# podManagementPolicy: pods keep running; or write the old value into the manifest:"
                    .to_owned(),
            );
            let old =
                self.live.at(&["spec", "podManagementPolicy"]).and_then(Node::as_str).unwrap_or_default();
            lines.push(format!("#   podManagementPolicy: {old}"));
        }
        if self.differs(&["spec", "serviceName"]) {
            lines.push(format!(
                "# serviceName: the pods keep their old DNS names until they restart (`kubectl rollout restart statefulset {name}{}`)",
                self.namespace()
            ));
        }
        if self.differs(&["spec", "selector"]) {
            orphan = false;
            lines.push("# selector: pods of the old selector would be left over, so they go with the StatefulSet; the claims stay".to_owned());
            let keys = changed_labels(self.live, self.merged);
            if keys.iter().any(|key| super::effects::is_version_like(key)) {
                lines.push(format!(
                    "# better: put the old selector back; labels that move with releases ({}) do not belong there",
                    keys.join(", ")
                ));
            }
            let deletes = self
                .live
                .at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"])
                .and_then(Node::as_str)
                == Some("Delete");
            if deletes {
                lines.push(
                    "# the claims would be deleted, too (whenDeleted: Delete); keep them first:".to_owned(),
                );
                lines.push(format!(
                    "kubectl patch statefulset {name}{} -p '{{\"spec\":{{\"persistentVolumeClaimRetentionPolicy\":{{\"whenDeleted\":\"Retain\"}}}}}}'",
                    self.namespace()
                ));
            }
        }
        if orphan {
            lines.push("# replace the StatefulSet; its pods and claims stay and are taken over:".to_owned());
            lines.push(self.kubectl("delete", " --cascade=orphan"));
        } else {
            lines.push(self.kubectl("delete", ""));
        }
        lines.push(if orphan && self.differs(&["spec", "template"]) {
            "# then apply again; the pod template changes, too, so the pods restart one by one".to_owned()
        } else {
            "# then apply again".to_owned()
        });
        lines
    }

    /// The fields that `ValidateStatefulSetUpdate` objects to.
    fn refused_fields(&self) -> Vec<String> {
        let mutable = stateful_set_mutable(self.version);
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
        let claims = root.at(&["spec", "volumeClaimTemplates"]).map(Node::items).unwrap_or_default();
        claims
            .iter()
            .map(|claim| {
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
                    name: claim.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default(),
                    size: size.and_then(|size| Quantity::from_node(size).ok()),
                    shown: size.and_then(scalar_text).unwrap_or_default().into_owned(),
                    rest,
                }
            })
            .collect()
    }

    fn claim_templates(&self, lines: &mut Vec<String>) {
        let set = &self.plan.object.name;
        let (old, new) = (Self::claims(self.live), Self::claims(self.merged));
        let int = |path: &[&str]| self.live.at(path).and_then(Node::as_i64);
        let replicas = int(&["spec", "replicas"]).unwrap_or(1).clamp(0, 100);
        let start = int(&["spec", "ordinals", "start"]).unwrap_or_default();
        for claim in &new {
            let Some(before) = old.iter().find(|other| other.name == claim.name) else {
                lines.push(format!(
                    "# claim template `{}` is new: pods get an empty volume for it when they restart",
                    claim.name
                ));
                continue;
            };
            match before.size.partial_cmp(&claim.size) {
                Some(std::cmp::Ordering::Less) => {
                    lines.push(format!(
                        "# grow the claims of `{}` from {} to {} (the storage class must have allowVolumeExpansion: true):",
                        claim.name, before.shown, claim.shown
                    ));
                    for ordinal in start..start.saturating_add(replicas) {
                        lines.push(format!(
                            "kubectl patch pvc {}-{set}-{ordinal}{} -p '{{\"spec\":{{\"resources\":{{\"requests\":{{\"storage\":\"{}\"}}}}}}}}'",
                            claim.name,
                            self.namespace(),
                            claim.shown
                        ));
                    }
                }
                Some(std::cmp::Ordering::Greater) => {
                    lines.push(format!(
                        "# WARNING: `{}` shrinks from {} to {}: no volume can shrink. The claims that exist stay at {}; only claims of new ordinals get {}.",
                        claim.name, before.shown, claim.shown, before.shown, claim.shown
                    ));
                    lines.push(
                        "# To really shrink: copy the data to new claims, one pod at a time.".to_owned(),
                    );
                }
                _ => {}
            }
            if before.rest != claim.rest {
                lines.push(format!(
                    "# what else changes in `{}` holds for new claims only; those that exist keep what they have",
                    claim.name
                ));
            }
        }
        for claim in old.iter().filter(|claim| !new.iter().any(|other| other.name == claim.name)) {
            lines.push(format!(
                "# WARNING: claim template `{}` goes: restarted pods no longer mount {}-{set}-*; the claims and their data stay until you delete them",
                claim.name, claim.name
            ));
        }
        let names = |claims: &[Claim<'_>]| claims.iter().map(|c| c.name.to_owned()).collect::<Vec<_>>();
        let (before, after) = (names(&old), names(&new));
        let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        if before != after && sorted(&before) == sorted(&after) {
            lines.push(
                "# only the order of the claim templates differs; put them back in the old order instead:"
                    .to_owned(),
            );
            lines.push(format!("#   {}", before.join(", ")));
        }
    }

    fn service(&self) -> Vec<String> {
        let stuck = self.plan.reasons.iter().any(|reason| {
            reason.message.contains("may not change once set")
                || reason.message.contains("may not be set to 'None'")
                || reason.message.contains("field is immutable")
        });
        if !stuck {
            return Vec::new();
        }
        vec![
            "# the Service has to be made anew; its name does not resolve in between, and it gets another address:".to_owned(),
            self.kubectl("delete", ""),
            "# then apply again".to_owned(),
        ]
    }

    fn claim(&self) -> Vec<String> {
        const SIZE: [&str; 4] = ["spec", "resources", "requests", "storage"];
        let size = |node: &Node| node.at(&SIZE).and_then(|size| Quantity::from_node(size).ok());
        let class = self.merged.at(&["spec", "storageClassName"]).and_then(Node::as_str).unwrap_or_default();
        let (before, after) = (size(self.live), size(self.merged));
        if self.plan.reasons.iter().any(|reason| reason.message.contains("must support resize")) {
            if class.is_empty() {
                return vec!["# the volume was provisioned by hand: make a larger one, copy the data, and name the new claim".to_owned()];
            }
            return vec![
                "# allow the class to grow volumes (its driver must be able to), then apply again:"
                    .to_owned(),
                format!("kubectl patch storageclass {class} -p '{{\"allowVolumeExpansion\":true}}'"),
            ];
        }
        if after < before && self.plan.reasons.iter().any(|reason| reason.message.contains("status.capacity"))
        {
            return vec![
                "# WARNING: no volume can shrink. Make a new claim of the smaller size under another name, copy the data,".to_owned(),
                "# then let the workload use the new claim.".to_owned(),
            ];
        }
        vec![
            "# the claim has to be made anew. WARNING: with reclaim policy Delete its volume and data go with it;".to_owned(),
            "# a claim that is not bound yet holds no data:".to_owned(),
            self.kubectl("delete", ""),
            "# then apply again".to_owned(),
        ]
    }

    fn configuration(&self) -> Vec<String> {
        let immutable = self.plan.reasons.iter().any(|reason| reason.message.contains("`immutable` is set"));
        let kind_changed = self.plan.reasons.iter().any(|reason| reason.path == "type");
        if immutable {
            return vec![
                "# give it another name and let the workloads use that (they restart with it); or make it anew:".to_owned(),
                self.kubectl("delete", ""),
                "# then apply again, and restart the pods that use it".to_owned(),
            ];
        }
        if kind_changed {
            return vec![
                "# pods that start in between fail for want of it:".to_owned(),
                self.kubectl("delete", ""),
                "# then apply again".to_owned(),
            ];
        }
        Vec::new()
    }
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
