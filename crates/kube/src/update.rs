//! What the API server says to an update of a stored object: immutable fields and the update validation
//! functions of `pkg/apis/*/validation`.
//!
//! The checks compare two stored objects (see [`super::defaults::store`]): what the server holds and what
//! it would hold after the update. Each function names its model.

use super::gates::{Feature, gate};
use super::quantity::Quantity;
use super::{ErrorKind, FieldError, Version};
use plimsoll_yaml::{Map, Node, Value};
use std::collections::BTreeSet;

/// Why an update is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// What the server says, about which field.
    pub error: FieldError,
    /// The rule that the update breaks.
    pub cause: Cause,
}

/// The rule that a refused update breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The field never changes (`ValidateImmutableField` and the like).
    ImmutableField,
    /// Only listed fields of the spec may change (`ValidateStatefulSetUpdate`,
    /// `ValidatePersistentVolumeClaimUpdate`, `ValidatePersistentVolumeUpdate`, `ValidatePodUpdate`).
    ImmutableSpec,
    /// The ConfigMap or Secret is marked `immutable` (`ValidateConfigMapUpdate`, `ValidateSecretUpdate`).
    ImmutableConfig,
    /// The Service's address, IP family or load balancer class is kept once it is set (`ValidateServiceUpdate`).
    SetOnce,
    /// The Service has no address, which its new type needs (`ValidateService`).
    HeadlessService,
    /// The claim's class does not expand volumes (the admission plug-in `PersistentVolumeClaimResize`).
    NeedsResizableClass,
    /// The claim asks for less than its volume holds (`ValidatePersistentVolumeClaimUpdate`).
    BelowCapacity,
    /// A set `volumeAttributesClassName` cannot be removed (`ValidatePersistentVolumeClaimUpdate`).
    UnsetVolumeAttributesClass,
    /// The Job's selector is not the generated one (`ValidateGeneratedSelector`).
    JobSelector,
    /// The completions of an Indexed Job change only together with its parallelism (`validateCompletions`).
    JobCompletions,
    /// The Job's pod failure policy does not fit its stored replacement policy (`ValidateJobSpec`).
    JobReplacementPolicy,
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
    let history = version >= Version::V1_33;
    ALL.into_iter().filter(|field| history || *field != "revisionHistoryLimit").collect()
}

/// The fields of a volume's spec that an update may name (`ValidatePersistentVolumeUpdate`); of two of them, only the value
/// that is there.
pub const VOLUME_MUTABLE: [&str; 9] = [
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

/// One rule for the updates of a kind.
#[derive(Debug, Clone, Copy)]
pub enum UpdateRule {
    /// The field at this path never changes (`ValidateImmutableField`).
    Immutable(&'static str),
    /// The same, with a message of its own.
    ImmutableSaying(&'static str, &'static str),
    /// A function of Kubernetes, by its name, and the one here that follows it.
    Function(&'static str, UpdateCheck),
}

/// A function of this module that checks an update.
#[derive(Debug, Clone, Copy)]
pub struct UpdateCheck(fn(&mut Check<'_>));

/// A rule that follows a function of Kubernetes. A path such as `Check::job` is bound to one lifetime; a closure is not.
macro_rules! follow {
    ($name:literal, $method:ident) => {
        UpdateRule::Function($name, UpdateCheck(|check| check.$method()))
    };
}

/// The rules for updates, by group and kind. What has no row may change in every way that is valid for a new object.
pub static UPDATES: &[(&str, &str, &[UpdateRule])] = {
    use UpdateRule::{Immutable, ImmutableSaying};
    const SELECTOR: &[UpdateRule] = &[Immutable("spec.selector")];
    const ROLE: &[UpdateRule] = &[ImmutableSaying("roleRef", "cannot change roleRef")];
    &[
        ("", "ConfigMap", &[follow!("ValidateConfigMapUpdate", config_map)]),
        ("", "PersistentVolume", &[follow!("ValidatePersistentVolumeUpdate", volume)]),
        ("", "PersistentVolumeClaim", &[follow!("ValidatePersistentVolumeClaimUpdate", claim)]),
        ("", "Pod", &[follow!("ValidatePodUpdate", pod)]),
        ("", "ResourceQuota", &[Immutable("spec.scopes")]),
        ("", "Secret", &[follow!("ValidateSecretUpdate", secret)]),
        ("", "Service", &[follow!("ValidateServiceUpdate", service)]),
        (
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            &[
                Immutable("spec.group"),
                Immutable("spec.scope"),
                Immutable("spec.names.kind"),
                Immutable("spec.names.plural"),
            ],
        ),
        ("apps", "ControllerRevision", &[Immutable("data")]),
        ("apps", "DaemonSet", SELECTOR),
        ("apps", "Deployment", SELECTOR),
        ("apps", "ReplicaSet", SELECTOR),
        ("apps", "StatefulSet", &[follow!("ValidateStatefulSetUpdate", stateful_set)]),
        ("batch", "Job", &[follow!("ValidateJobSpecUpdate", job)]),
        ("certificates.k8s.io", "CertificateSigningRequest", &[Immutable("spec")]),
        ("discovery.k8s.io", "EndpointSlice", &[Immutable("addressType")]),
        ("networking.k8s.io", "IngressClass", &[Immutable("spec.controller")]),
        ("node.k8s.io", "RuntimeClass", &[Immutable("handler")]),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding", ROLE),
        ("rbac.authorization.k8s.io", "RoleBinding", ROLE),
        ("resource.k8s.io", "ResourceClaim", &[Immutable("spec")]),
        ("resource.k8s.io", "ResourceClaimTemplate", &[Immutable("spec")]),
        ("scheduling.k8s.io", "PriorityClass", &[follow!("ValidatePriorityClassUpdate", priority_class)]),
        (
            "storage.k8s.io",
            "CSIDriver",
            &[Immutable("spec.attachRequired"), Immutable("spec.volumeLifecycleModes")],
        ),
        (
            "storage.k8s.io",
            "StorageClass",
            &[
                Immutable("parameters"),
                Immutable("provisioner"),
                Immutable("reclaimPolicy"),
                Immutable("volumeBindingMode"),
            ],
        ),
        ("storage.k8s.io", "VolumeAttributesClass", &[Immutable("driverName"), Immutable("parameters")]),
    ]
};

/// The rules for updates of a kind.
pub fn rules_of(group: &str, kind: &str) -> &'static [UpdateRule] {
    // The group in which these kinds began; what clusters still store in it is the same object.
    let group = if group == "extensions" { "apps" } else { group };
    UPDATES.iter().find(|(of, name, _)| (*of, *name) == (group, kind)).map_or(&[], |(_, _, rules)| rules)
}

/// Says why the server refuses an update; nothing if it takes it.
pub fn validate(update: &Update<'_>, around: &dyn Surroundings) -> Vec<Refusal> {
    let Update { group, kind, name, old, new, version } = *update;
    let mut check = Check { name, old, new, version, around, refusals: Vec::new() };
    for rule in rules_of(group, kind) {
        match rule {
            UpdateRule::Immutable(path) => check.immutable(path),
            UpdateRule::ImmutableSaying(path, detail) => check.immutable_saying(path, detail),
            UpdateRule::Function(_, UpdateCheck(function)) => function(&mut check),
        }
    }
    check.refusals
}

struct Check<'a> {
    name: &'a str,
    old: &'a Node,
    new: &'a Node,
    version: Version,
    around: &'a dyn Surroundings,
    refusals: Vec<Refusal>,
}

impl Check<'_> {
    fn refuse(&mut self, cause: Cause, error: FieldError) {
        self.refusals.push(Refusal { error, cause });
    }

    /// `field.Forbidden`.
    fn forbid(&mut self, cause: Cause, path: &str, detail: impl Into<String>) {
        self.refuse(cause, FieldError::new(ErrorKind::Forbidden, path).detail(detail));
    }

    /// `field.Invalid`.
    fn invalid(
        &mut self,
        cause: Cause,
        path: &str,
        value: impl Into<Option<String>>,
        detail: impl Into<String>,
    ) {
        self.refuse(cause, FieldError::new(ErrorKind::Invalid, path).value(value).detail(detail));
    }

    fn differ(&self, path: &str) -> bool {
        differ(at(self.old, path), at(self.new, path))
    }

    /// `ValidateImmutableField`.
    fn immutable(&mut self, path: &str) {
        self.immutable_saying(path, "field is immutable");
    }

    fn immutable_saying(&mut self, path: &str, detail: &str) {
        if self.differ(path) {
            self.invalid(Cause::ImmutableField, path, shown(at(self.new, path)), detail);
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
            self.forbid(
                Cause::ImmutableSpec,
                "spec",
                format!("updates to statefulset spec for fields other than {list} are forbidden"),
            );
        }
    }

    /// `ValidateJobSpecUpdate`, `validatePodTemplateUpdate`.
    fn job(&mut self) {
        if self.differ("spec.selector") {
            if at(self.new, "spec.manualSelector").and_then(Node::as_bool) != Some(true) {
                self.invalid(Cause::JobSelector, "spec.selector", None, "`selector` not auto-generated");
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
        // `validatePodResourceUpdatesOnly`.
        let path =
            if mutable && self.version >= Version::V1_36 { "spec.template.spec" } else { "spec.template" };
        if differ(before.as_ref(), after.as_ref()) {
            self.invalid(Cause::ImmutableField, path, None, "field is immutable");
        }
        for field in
            ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
        {
            self.immutable(&format!("spec.{field}"));
        }
        // `ValidateJobSpec`: the default of the replacement policy was stored before the policy came.
        let policy = at(self.new, "spec.podFailurePolicy").is_some();
        if policy && at(self.new, "spec.podReplacementPolicy").and_then(Node::as_str) != Some("Failed") {
            let error = FieldError::new(ErrorKind::NotSupported, "spec.podReplacementPolicy")
                .value("\"TerminatingOrFailed\"".to_owned())
                .detail("supported values: \"Failed\"");
            self.refuse(Cause::JobReplacementPolicy, error);
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
            let detail = "can only be modified in tandem with spec.parallelism";
            self.invalid(Cause::JobCompletions, FIELD, shown(Some(wanted)), detail);
        }
    }

    /// `ValidateServiceUpdate`: addresses, families and the load balancer's class stay once set.
    fn service(&mut self) {
        const SET_ONCE: &str = "may not change once set";
        let kind = |node| at(node, "spec.type").and_then(Node::as_str).unwrap_or("ClusterIP").to_owned();
        let (before, after) = (kind(self.old), kind(self.new));
        // A type that does not exist is an error of its own, and says nothing about addresses.
        let known = ["ClusterIP", "NodePort", "LoadBalancer"];
        let addressed = known.contains(&before.as_str()) && known.contains(&after.as_str());
        if addressed && at(self.old, "spec.clusterIP").is_some() && self.differ("spec.clusterIP") {
            let list = format!("[{}]", shown(at(self.new, "spec.clusterIP")));
            self.invalid(Cause::SetOnce, "spec.clusterIPs[0]", list, SET_ONCE);
        }
        if addressed {
            let first = |node| at(node, "spec.ipFamilies").and_then(|list| list.items().first());
            let (old, new) = (first(self.old), first(self.new));
            if old.is_some() && differ(old, new) {
                let list = format!("[{}]", shown(new));
                self.invalid(Cause::SetOnce, "spec.ipFamilies[0]", list, SET_ONCE);
            }
        }
        let class = "spec.loadBalancerClass";
        if before == "LoadBalancer" && after == "LoadBalancer" && self.differ(class) {
            self.invalid(Cause::SetOnce, class, shown(at(self.new, class)), SET_ONCE);
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
            let detail = format!("may not be set to 'None' for {after} services");
            self.invalid(Cause::HeadlessService, "spec.clusterIPs[0]", "\"None\"".to_owned(), detail);
        }
    }

    /// `ValidatePersistentVolumeClaimUpdate` and the `PersistentVolumeClaimResize` admission plug-in.
    fn claim(&mut self) {
        let capacity = self.around.bound_capacity(self.name, self.old);
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
            self.forbid(
                Cause::ImmutableSpec,
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
            );
        }
        self.claim_size(old_size, new_size, capacity);
        if self.differ("spec.volumeMode") {
            // The server leaves `spec` out of this path.
            let mode = shown(at(self.new, "spec.volumeMode"));
            self.invalid(Cause::ImmutableField, "volumeMode", mode, "field is immutable");
        }
        let class = |node| at(node, "spec.volumeAttributesClassName").and_then(Node::as_str);
        if class(self.old).is_some() && class(self.new).unwrap_or_default().is_empty() {
            self.forbid(
                Cause::UnsetVolumeAttributesClass,
                "spec.volumeAttributesClassName",
                "update from non-nil value to nil is forbidden",
            );
        }
    }

    /// The sizes of a bound claim.
    fn claim_size(&mut self, old: Option<Quantity>, new: Option<Quantity>, capacity: Option<Quantity>) {
        // What is not said is 0, as for the server: also the capacity of a claim that is not bound.
        let (Some(old_size), Ok(zero)) = (old, Quantity::parse("0")) else { return };
        let new_size = new.unwrap_or(zero);
        let bound = capacity.is_some();
        let recovers = gate(Feature::RecoverVolumeExpansionFailure, self.version);
        if new_size < old_size && !recovers {
            self.forbid(
                Cause::BelowCapacity,
                "spec.resources.requests.storage",
                "field can not be less than previous value",
            );
        } else if new_size < old_size && new_size <= capacity.unwrap_or(zero) {
            self.forbid(
                Cause::BelowCapacity,
                "spec.resources.requests.storage",
                "field can not be less than status.capacity",
            );
        }
        if bound && new_size > old_size {
            let class = at(self.new, "spec.storageClassName").and_then(Node::as_str).unwrap_or_default();
            if class.is_empty() || self.around.expandable(class) == Some(false) {
                self.forbid(
                    Cause::NeedsResizableClass,
                    "spec.resources.requests.storage",
                    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
                );
            }
        }
    }

    /// `ValidatePersistentVolumeUpdate`.
    fn volume(&mut self) {
        if changed_fields(at(self.old, "spec"), at(self.new, "spec"))
            .iter()
            .any(|f| !VOLUME_MUTABLE.contains(f))
        {
            self.forbid(
                Cause::ImmutableSpec,
                "spec.persistentvolumesource",
                "spec.persistentvolumesource is immutable after creation",
            );
        }
        self.immutable("spec.volumeMode");
        if at(self.old, "spec.nodeAffinity").is_some() {
            self.immutable("spec.nodeAffinity");
        }
    }

    /// `ValidateConfigMapUpdate`.
    fn config_map(&mut self) {
        self.configuration(&["data", "binaryData"]);
    }

    /// `ValidateSecretUpdate`.
    fn secret(&mut self) {
        self.immutable("type");
        self.configuration(&["data"]);
    }

    /// `ValidatePriorityClassUpdate`.
    fn priority_class(&mut self) {
        if self.differ("value") {
            self.forbid(Cause::ImmutableField, "value", "may not be changed in an update.");
        }
        self.immutable("preemptionPolicy");
    }

    /// What an immutable ConfigMap or Secret keeps.
    fn configuration(&mut self, data: &[&str]) {
        const WHY: &str = "field is immutable when `immutable` is set";
        let immutable = |node| at(node, "immutable").and_then(Node::as_bool) == Some(true);
        if !immutable(self.old) {
            return;
        }
        if !immutable(self.new) {
            self.forbid(Cause::ImmutableConfig, "immutable", WHY);
        }
        for field in data {
            if self.differ(field) {
                self.forbid(Cause::ImmutableConfig, field, WHY);
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
        // `ValidateOnlyAddedTolerations`: how long a taint is tolerated may change.
        let untimed = |list: &[Node]| -> Vec<Node> {
            let mut list = list.to_vec();
            list.iter_mut().filter_map(Node::as_map_mut).for_each(|item| {
                item.remove("tolerationSeconds");
            });
            list
        };
        let kept = untimed(tolerations(self.new));
        let added_only = untimed(tolerations(self.old)).iter().all(|item| kept.contains(item));
        let deadline = |node| at(node, "spec.activeDeadlineSeconds").and_then(Node::as_i64);
        let deadline_ok = match (deadline(self.old), deadline(self.new)) {
            (Some(old), Some(new)) => new <= old,
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !added_only || !deadline_ok || differ(Some(&strip(self.old)), Some(&strip(self.new))) {
            self.forbid(
                Cause::ImmutableSpec,
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            );
        }
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
    let lists: &[&str] = if gate(Feature::MutablePodResourcesForSuspendedJobs, version) {
        &["containers", "initContainers"]
    } else {
        &[]
    };
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
pub fn differ(old: Option<&Node>, new: Option<&Node>) -> bool {
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

/// A value as the server quotes it: compact JSON, `null` where there is none.
fn shown(node: Option<&Node>) -> String {
    node.map_or_else(|| "null".to_owned(), json)
}

fn json(node: &Node) -> String {
    match &node.value {
        Value::String(text) => format!("{text:?}"),
        Value::Seq(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|entry| format!("{:?}:{}", entry.key, json(&entry.value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        _ => super::merge::scalar_text(node).map_or_else(|| "null".to_owned(), std::borrow::Cow::into_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;
    use plimsoll_diag::{SourceKind, Sources};
    use plimsoll_yaml::ReadOptions;

    /// A cluster in which every claim is bound to 2Gi, and no class expands volumes.
    struct Cluster;

    impl Surroundings for Cluster {
        fn bound_capacity(&self, _: &str, _: &Node) -> Option<Quantity> {
            Quantity::parse("2Gi").ok()
        }

        fn expandable(&self, _: &str) -> Option<bool> {
            Some(false)
        }
    }

    /// What the server says to an update, and the rules that it breaks. `old` and `new` are the objects
    /// without `apiVersion`, `kind` and `metadata`.
    fn refused(api_version: &str, kind: &str, old: &str, new: &str) -> Vec<(Cause, String)> {
        refused_by(Version::V1_36, api_version, kind, old, new)
    }

    fn refused_by(
        version: Version,
        api_version: &str,
        kind: &str,
        old: &str,
        new: &str,
    ) -> Vec<(Cause, String)> {
        let object = |fields: &str| {
            let text =
                format!("{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: a}}, {fields}}}\n");
            let sources = Sources::new();
            let source = sources.add("a.yaml", text, SourceKind::File);
            parse(&sources, source, "a.yaml", &ReadOptions::strict()).output.unwrap().remove(0)
        };
        let (old, new) = (object(old), object(new));
        let update = Update { group: old.group(), kind, name: "a", old: &old.root, new: &new.root, version };
        let refusals = validate(&update, &Cluster);
        refusals
            .into_iter()
            .map(|Refusal { error, cause }| (cause, format!("{}: {}", error.path, error.server_message())))
            .collect()
    }

    #[test]
    fn rules_of_updates_belong_to_versions() {
        let history = |version| stateful_set_mutable(version).contains(&"revisionHistoryLimit");
        assert!(!history(Version::V1_32) && history(Version::V1_33));
        // The claim of the tests has 2Gi: asking for less than before is fine if it is more than that.
        let claim = |size: &str| format!("spec: {{resources: {{requests: {{storage: {size}}}}}}}");
        let shrunk = |version| {
            refused_by(version, "v1", "PersistentVolumeClaim", &claim("3Gi"), &claim("2500Mi"))
                .into_iter()
                .map(|(_, message)| message)
                .collect::<Vec<_>>()
        };
        let message = "spec.resources.requests.storage: Forbidden: field can not be less than previous value";
        assert_eq!(shrunk(Version::V1_31), [message]);
        assert_eq!(shrunk(Version::V1_32), Vec::<String>::new());
    }

    #[test]
    fn each_refusal_has_its_cause() {
        let claim = |size: &str| format!("spec: {{resources: {{requests: {{storage: {size}}}}}}}");
        let rows = [
            (
                refused("v1", "ConfigMap", "immutable: true, data: {a: b}", "immutable: true, data: {a: c}"),
                Cause::ImmutableConfig,
                "data: Forbidden: field is immutable when `immutable` is set",
            ),
            (
                refused("v1", "Secret", "type: Opaque", "type: other"),
                Cause::ImmutableField,
                "type: Invalid value: \"other\": field is immutable",
            ),
            (
                refused("v1", "Service", "spec: {clusterIP: 10.0.0.1}", "spec: {clusterIP: None}"),
                Cause::SetOnce,
                "spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set",
            ),
            (
                refused(
                    "v1",
                    "Service",
                    "spec: {clusterIP: None}",
                    "spec: {clusterIP: None, type: NodePort}",
                ),
                Cause::HeadlessService,
                "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
            ),
            (
                refused("v1", "PersistentVolumeClaim", &claim("1Gi"), &claim("3Gi")),
                Cause::NeedsResizableClass,
                "spec.resources.requests.storage: Forbidden: only dynamically provisioned pvc can be resized and \
                 the storageclass that provisions the pvc must support resize",
            ),
            (
                refused("v1", "PersistentVolumeClaim", &claim("2Gi"), &claim("1Gi")),
                Cause::BelowCapacity,
                "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
            ),
            (
                refused("v1", "PersistentVolume", "spec: {nfs: {path: /a}}", "spec: {nfs: {path: /b}}"),
                Cause::ImmutableSpec,
                "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
            ),
            (
                refused(
                    "batch/v1",
                    "Job",
                    "spec: {completionMode: Indexed, completions: 1, parallelism: 1}",
                    "spec: {completionMode: Indexed, completions: 2, parallelism: 1}",
                ),
                Cause::JobCompletions,
                "spec.completions: Invalid value: 2: can only be modified in tandem with spec.parallelism",
            ),
        ];
        for (found, cause, message) in rows {
            assert_eq!(found, [(cause, message.to_owned())]);
        }
    }
}
