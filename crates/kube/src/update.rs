//! What the API server says to an update of a stored object: immutable fields and the update validation
//! functions of `pkg/apis/*/validation`.
//!
//! The checks compare two stored objects (see [`super::defaults::store`]): what the server holds and what
//! it would hold after the update. Each function names its model.

use super::Version;
use super::quantity::Quantity;
use plimsoll_yaml::{Map, Node, Value};
use std::collections::BTreeSet;

/// Why an update is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The field, as the server spells it.
    pub path: String,
    /// The server's reason.
    pub message: String,
}

/// What is known about the cluster beyond the two objects.
pub trait Surroundings {
    /// Whether the claim is bound to a volume, and to how much: its capacity.
    fn bound_capacity(&self, claim_name: &str, claim: &Node) -> Option<Quantity>;
    /// Whether claims of this storage class can grow; `None` where the class is unknown.
    fn expandable(&self, class: &str) -> Option<bool>;
}

/// The fields of a StatefulSet's spec that may change in that version, in the order in which the server lists
/// them (`ValidateStatefulSetUpdate`).
pub fn stateful_set_mutable(version: Version) -> Vec<&'static str> {
    const ALL: [&str; 7] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let history = version >= Version::V1_36;
    ALL.into_iter().filter(|field| history || *field != "revisionHistoryLimit").collect()
}

/// An update of one object: two stored objects of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Update<'a> {
    /// The API group, empty for the core.
    pub group: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The object's name.
    pub name: &'a str,
    /// What the server holds.
    pub old: &'a Node,
    /// What it would hold.
    pub new: &'a Node,
    /// Whose rules count.
    pub version: Version,
}

/// Says why the server refuses an update; nothing if it takes it.
pub fn validate(update: &Update<'_>, around: &dyn Surroundings) -> Vec<Refusal> {
    let Update { group, kind, name, old, new, version } = *update;
    let mut check = Check { old, new, version, refusals: Vec::new() };
    match (group, kind) {
        ("apps" | "extensions", "StatefulSet") => check.stateful_set(),
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet") => {
            check.immutable("spec.selector");
        }
        ("apps", "ControllerRevision") => check.immutable("data"),
        ("batch", "Job") => check.job(),
        ("", "Service") => check.service(),
        ("", "PersistentVolumeClaim") => check.claim(name, around),
        ("", "PersistentVolume") => check.volume(),
        ("", "ConfigMap") => check.configuration(&["data", "binaryData"]),
        ("", "Secret") => {
            check.immutable("type");
            check.configuration(&["data"]);
        }
        ("", "Pod") => check.pod(),
        ("", "ResourceQuota") => check.immutable("spec.scopes"),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            check.immutable_saying("roleRef", "cannot change roleRef");
        }
        ("storage.k8s.io", "StorageClass") => {
            for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
                check.immutable(field);
            }
        }
        ("storage.k8s.io", "VolumeAttributesClass") => {
            check.immutable("driverName");
            check.immutable("parameters");
        }
        ("storage.k8s.io", "CSIDriver") => check.csi_driver(),
        ("scheduling.k8s.io", "PriorityClass") => {
            if check.differ("value") {
                check.refuse("value", "Forbidden: may not be changed in an update.");
            }
            check.immutable("preemptionPolicy");
        }
        ("networking.k8s.io", "IngressClass") => check.immutable("spec.controller"),
        ("node.k8s.io", "RuntimeClass") => check.immutable("handler"),
        ("discovery.k8s.io", "EndpointSlice") => check.immutable("addressType"),
        ("certificates.k8s.io", "CertificateSigningRequest")
        | ("resource.k8s.io", "ResourceClaim" | "ResourceClaimTemplate") => check.immutable("spec"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            check.immutable("spec.group");
            check.immutable("spec.scope");
            check.immutable("spec.names.kind");
            check.immutable("spec.names.plural");
        }
        _ => {}
    }
    check.refusals
}

struct Check<'a> {
    old: &'a Node,
    new: &'a Node,
    version: Version,
    refusals: Vec<Refusal>,
}

impl Check<'_> {
    fn refuse(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.refusals.push(Refusal { path: path.into(), message: message.into() });
    }

    fn differ(&self, path: &str) -> bool {
        differ(at(self.old, path), at(self.new, path))
    }

    /// `ValidateImmutableField`.
    fn immutable(&mut self, path: &str) {
        self.immutable_saying(path, "field is immutable");
    }

    fn immutable_saying(&mut self, path: &str, message: &str) {
        if self.differ(path) {
            let shown = at(self.new, path).map_or_else(|| "null".to_owned(), shown);
            self.refuse(path, format!("Invalid value: {shown}: {message}"));
        }
    }

    /// `ValidateStatefulSetUpdate`: the rest of the spec is compared as a whole.
    fn stateful_set(&mut self) {
        let mutable = stateful_set_mutable(self.version);
        let changed = changed_fields(at(self.old, "spec"), at(self.new, "spec"));
        if changed.iter().any(|field| !mutable.contains(field)) {
            let quoted: Vec<String> = mutable.iter().map(|field| format!("'{field}'")).collect();
            let list = match quoted.split_last() {
                Some((last, others)) => format!("{} and {last}", others.join(", ")),
                None => String::new(),
            };
            self.refuse(
                "spec",
                format!("Forbidden: updates to statefulset spec for fields other than {list} are forbidden"),
            );
        }
    }

    /// `ValidateJobSpecUpdate`, `validatePodTemplateUpdate`.
    fn job(&mut self) {
        if self.differ("spec.selector") {
            if at(self.new, "spec.manualSelector").and_then(Node::as_bool) != Some(true) {
                self.refuse("spec.selector", "Invalid value: `selector` not auto-generated");
            }
            self.immutable("spec.selector");
        }
        self.completions();
        let suspended = |node: &Node| at(node, "spec.suspend").and_then(Node::as_bool).unwrap_or_default();
        // A suspended job that never started may still be told where to run, and with what resources.
        let mutable = suspended(self.old);
        let strip = |node: Option<&Node>| {
            let mut template = node.cloned()?;
            if mutable {
                relax_job_template(&mut template, self.version);
            }
            Some(template)
        };
        let (before, after) = (strip(at(self.old, "spec.template")), strip(at(self.new, "spec.template")));
        if differ(before.as_ref(), after.as_ref()) {
            self.refuse("spec.template", "Invalid value: field is immutable");
        }
        for field in
            ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
        {
            self.immutable(&format!("spec.{field}"));
        }
        // `ValidateJobSpec`: the default of the replacement policy was stored before the policy came.
        let policy = at(self.new, "spec.podFailurePolicy").is_some();
        if policy && at(self.new, "spec.podReplacementPolicy").and_then(Node::as_str) != Some("Failed") {
            self.refuse(
                "spec.podReplacementPolicy",
                "Unsupported value: \"TerminatingOrFailed\": supported values: \"Failed\"",
            );
        }
    }

    /// `validateCompletions`: an Indexed job may change both numbers together. That it has to name one is said
    /// by its own validation.
    fn completions(&mut self) {
        const FIELD: &str = "spec.completions";
        if !self.differ(FIELD) {
            return;
        }
        if at(self.new, "spec.completionMode").and_then(Node::as_str) != Some("Indexed") {
            self.immutable(FIELD);
        } else if let Some(wanted) = at(self.new, FIELD)
            && differ(Some(wanted), at(self.new, "spec.parallelism"))
        {
            let shown = shown(wanted);
            self.refuse(
                FIELD,
                format!("Invalid value: {shown}: can only be modified in tandem with spec.parallelism"),
            );
        }
    }

    /// `ValidateServiceUpdate`: addresses, families and the load balancer's class stay once set.
    fn service(&mut self) {
        let kind = |node| at(node, "spec.type").and_then(Node::as_str).unwrap_or("ClusterIP").to_owned();
        let (before, after) = (kind(self.old), kind(self.new));
        // A type that does not exist is an error of its own, and says nothing about addresses.
        let known = ["ClusterIP", "NodePort", "LoadBalancer"];
        let addressed = known.contains(&before.as_str()) && known.contains(&after.as_str());
        if addressed && at(self.old, "spec.clusterIP").is_some() && self.differ("spec.clusterIP") {
            let shown = at(self.new, "spec.clusterIP").map_or_else(|| "null".to_owned(), shown);
            self.refuse("spec.clusterIPs[0]", format!("Invalid value: [{shown}]: may not change once set"));
        }
        if addressed {
            let first = |node| at(node, "spec.ipFamilies").and_then(|list| list.items().first());
            let (old, new) = (first(self.old), first(self.new));
            if old.is_some() && differ(old, new) {
                let shown = new.map_or_else(|| "null".to_owned(), shown);
                self.refuse(
                    "spec.ipFamilies[0]",
                    format!("Invalid value: [{shown}]: may not change once set"),
                );
            }
        }
        if before == "LoadBalancer" && after == "LoadBalancer" && self.differ("spec.loadBalancerClass") {
            let shown = at(self.new, "spec.loadBalancerClass").map_or_else(|| "null".to_owned(), shown);
            self.refuse("spec.loadBalancerClass", format!("Invalid value: {shown}: may not change once set"));
        }
        let local = |node: &Node, kind: &str| {
            kind == "LoadBalancer"
                && at(node, "spec.externalTrafficPolicy").and_then(Node::as_str) == Some("Local")
        };
        if local(self.old, &before) && local(self.new, &after) {
            self.immutable("spec.healthCheckNodePort");
        }
        // `ValidateService`: what the merged object must still obey, whatever the manifest says.
        let headless = at(self.new, "spec.clusterIP").and_then(Node::as_str) == Some("None");
        if headless && matches!(after.as_str(), "NodePort" | "LoadBalancer") {
            self.refuse(
                "spec.clusterIPs[0]",
                format!("Invalid value: \"None\": may not be set to 'None' for {after} services"),
            );
        }
    }

    /// `ValidatePersistentVolumeClaimUpdate` and the `PersistentVolumeClaimResize` admission plug-in.
    fn claim(&mut self, name: &str, around: &dyn Surroundings) {
        let capacity = around.bound_capacity(name, self.old);
        let size =
            |node| at(node, "spec.resources.requests.storage").and_then(|q| Quantity::from_node(q).ok());
        let (old_size, new_size) = (size(self.old), size(self.new));
        let strip = |node: &Node| {
            let mut spec = at(node, "spec").cloned().unwrap_or_else(|| Node::bare(Map::new()));
            if let Some(map) = spec.as_map_mut() {
                // A volume may be named once, and a class once where there was none.
                for once in ["volumeName", "storageClassName"] {
                    if at(self.old, "spec").and_then(|spec| spec.get(once)).is_none() {
                        map.remove(once);
                    }
                }
                // What a bound claim may change.
                if capacity.is_some() {
                    map.remove("volumeAttributesClassName");
                    if let Some(requests) = map
                        .get_mut("resources")
                        .and_then(Node::as_map_mut)
                        .and_then(|resources| resources.get_mut("requests"))
                        .and_then(Node::as_map_mut)
                    {
                        requests.remove("storage");
                    }
                }
            }
            spec
        };
        if differ(Some(&strip(self.old)), Some(&strip(self.new))) {
            self.refuse(
                "spec",
                "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
            );
        }
        self.claim_size(old_size, new_size, capacity, around);
        if self.differ("spec.volumeMode") {
            // The server leaves `spec` out of this path.
            let shown = at(self.new, "spec.volumeMode").map_or_else(|| "null".to_owned(), shown);
            self.refuse("volumeMode", format!("Invalid value: {shown}: field is immutable"));
        }
        let class = |node| at(node, "spec.volumeAttributesClassName").and_then(Node::as_str);
        if class(self.old).is_some() && class(self.new).unwrap_or_default().is_empty() {
            self.refuse(
                "spec.volumeAttributesClassName",
                "Forbidden: update from non-nil value to nil is forbidden",
            );
        }
    }

    /// The sizes of a bound claim.
    fn claim_size(
        &mut self,
        old: Option<Quantity>,
        new: Option<Quantity>,
        capacity: Option<Quantity>,
        around: &dyn Surroundings,
    ) {
        let (Some(old_size), Some(new_size), Some(capacity)) = (old, new, capacity) else { return };
        if new_size < old_size && new_size < capacity {
            self.refuse(
                "spec.resources.requests.storage",
                "Forbidden: field can not be less than status.capacity",
            );
        }
        if new_size > old_size {
            let class = at(self.new, "spec.storageClassName").and_then(Node::as_str).unwrap_or_default();
            if class.is_empty() || around.expandable(class) == Some(false) {
                self.refuse(
                    "spec.resources.requests.storage",
                    "Forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
                );
            }
        }
    }

    /// `ValidatePersistentVolumeUpdate`.
    fn volume(&mut self) {
        const MUTABLE: [&str; 9] = [
            "capacity",
            "accessModes",
            "claimRef",
            "persistentVolumeReclaimPolicy",
            "storageClassName",
            "mountOptions",
            "volumeMode",
            "nodeAffinity",
            "volumeAttributesClassName",
        ];
        if changed_fields(at(self.old, "spec"), at(self.new, "spec")).iter().any(|f| !MUTABLE.contains(f)) {
            self.refuse(
                "spec.persistentvolumesource",
                "Forbidden: spec.persistentvolumesource is immutable after creation",
            );
        }
        self.immutable("spec.volumeMode");
        if at(self.old, "spec.nodeAffinity").is_some() {
            self.immutable("spec.nodeAffinity");
        }
    }

    /// `ValidateConfigMapUpdate`, `ValidateSecretUpdate`.
    fn configuration(&mut self, data: &[&str]) {
        const WHY: &str = "Forbidden: field is immutable when `immutable` is set";
        let immutable = |node| at(node, "immutable").and_then(Node::as_bool) == Some(true);
        if !immutable(self.old) {
            return;
        }
        if !immutable(self.new) {
            self.refuse("immutable", WHY);
        }
        for field in data {
            if self.differ(field) {
                self.refuse(*field, WHY);
            }
        }
    }

    /// `ValidatePodUpdate`.
    fn pod(&mut self) {
        let strip = |node: &Node| {
            let mut spec = at(node, "spec").cloned().unwrap_or_else(|| Node::bare(Map::new()));
            if let Some(map) = spec.as_map_mut() {
                for list in ["containers", "initContainers"] {
                    if let Some(Node { value: Value::Seq(items), .. }) = map.get_mut(list) {
                        items.iter_mut().filter_map(Node::as_map_mut).for_each(|item| {
                            item.remove("image");
                        });
                    }
                }
                for field in ["activeDeadlineSeconds", "tolerations"] {
                    map.remove(field);
                }
            }
            spec
        };
        let tolerations = |node| at(node, "spec.tolerations").map(Node::items).unwrap_or_default();
        let added_only = tolerations(self.old).iter().all(|item| tolerations(self.new).contains(item));
        let deadline = |node| at(node, "spec.activeDeadlineSeconds").and_then(Node::as_i64);
        let deadline_ok = match (deadline(self.old), deadline(self.new)) {
            (Some(old), Some(new)) => new <= old,
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !added_only || !deadline_ok || differ(Some(&strip(self.old)), Some(&strip(self.new))) {
            self.refuse(
                "spec",
                "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            );
        }
    }

    /// `ValidateCSIDriverUpdate`.
    fn csi_driver(&mut self) {
        self.immutable("spec.attachRequired");
        self.immutable("spec.volumeLifecycleModes");
    }
}

/// What a suspended job's template may change: scheduling directives (KEP-2926) and the resources of
/// its containers (KEP-5440).
fn relax_job_template(template: &mut Node, version: Version) {
    let Some(template) = template.as_map_mut() else { return };
    if let Some(metadata) = template.get_mut("metadata").and_then(Node::as_map_mut) {
        metadata.remove("labels");
        metadata.remove("annotations");
        if metadata.is_empty() {
            template.remove("metadata");
        }
    }
    let Some(spec) = template.get_mut("spec").and_then(Node::as_map_mut) else { return };
    for field in ["nodeSelector", "tolerations", "schedulingGates"] {
        spec.remove(field);
    }
    if let Some(affinity) = spec.get_mut("affinity").and_then(Node::as_map_mut) {
        affinity.remove("nodeAffinity");
        if affinity.is_empty() {
            spec.remove("affinity");
        }
    }
    // The gate MutablePodResourcesForSuspendedJobs is on since 1.36.
    let lists: &[&str] = if version >= Version::V1_36 { &["containers", "initContainers"] } else { &[] };
    for list in lists {
        if let Some(Node { value: Value::Seq(items), .. }) = spec.get_mut(list) {
            items.iter_mut().filter_map(Node::as_map_mut).for_each(|container| {
                container.remove("resources");
            });
        }
    }
}

/// The node at a dotted path.
fn at<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(root, |node, step| node.get(step))
}

/// The fields in which two mappings differ.
fn changed_fields<'a>(old: Option<&'a Node>, new: Option<&'a Node>) -> BTreeSet<&'a str> {
    let keys = |node: Option<&'a Node>| node.and_then(Node::as_map).map(Map::keys).into_iter().flatten();
    keys(old)
        .chain(keys(new))
        .filter(|key| differ(old.and_then(|old| old.get(key)), new.and_then(|new| new.get(key))))
        .collect()
}

/// `!equality.Semantic.DeepEqual`: absent and empty are the same, quantities are numbers.
fn differ(old: Option<&Node>, new: Option<&Node>) -> bool {
    fn empty(node: Option<&Node>) -> bool {
        match node.map(|node| &node.value) {
            None => true,
            Some(Value::Seq(items)) => items.is_empty(),
            Some(Value::Map(map)) => map.is_empty(),
            _ => false,
        }
    }
    match (old, new) {
        (Some(old), Some(new)) => !equal(old, new, "", ""),
        (old, new) => !(empty(old) && empty(new)),
    }
}

fn equal(old: &Node, new: &Node, parent: &str, field: &str) -> bool {
    match (&old.value, &new.value) {
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|entry| {
                    b.get(&entry.key).is_some_and(|other| equal(&entry.value, other, field, &entry.key))
                })
        }
        (Value::Seq(a), Value::Seq(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b, parent, field))
        }
        (a, b) if a == b => true,
        _ if super::defaults::is_quantity(parent, field) => matches!(
            (Quantity::from_node(old), Quantity::from_node(new)),
            (Ok(old), Ok(new)) if old == new
        ),
        _ => false,
    }
}

/// A value as the server quotes it: compact JSON.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::String(text) => format!("{text:?}"),
        Value::Seq(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|entry| format!("{:?}:{}", entry.key, shown(&entry.value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        _ => super::merge::scalar_text(node).map_or_else(|| "null".to_owned(), std::borrow::Cow::into_owned),
    }
}
