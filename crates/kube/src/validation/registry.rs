//! The kinds that are validated beyond their schema and metadata, each with its function.
//!
//! [`super::validate`] finds the function of an object here, and `docs/kinds.md` is written from this table: a
//! function that has no row is neither run nor documented.

use super::metadata::{NameCheck, path_segment};
use super::{
    At, Context, admission_policy, autoscaling, claim, config, definition, device, endpoints, flow_control,
    networking, persistent_volume, pod, policy, quota, rbac, service, storage, webhook, workload,
};
use crate::Version;
use crate::gates::{Feature, gate};
use crate::names::{canonical_ip, name_is_dns_label, name_is_dns_subdomain, name_is_dns1035_label};

/// What the API server accepts as the name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// Anything that can be a segment of a URL path (`ValidatePathSegmentName`).
    PathSegment,
    /// `NameIsDNSSubdomain`.
    DnsSubdomain,
    /// `NameIsDNSLabel`.
    DnsLabel,
    /// An IP address in canonical form (`ValidateIPAddressName`).
    IpAddress,
    /// `NameIsDNSLabel` if `RelaxedServiceNameValidation` is on, else `NameIsDNS1035Label`.
    Service,
}

impl NameRule {
    /// The function that checks a name in that version.
    pub(super) fn check(self, version: Version) -> NameCheck {
        match self {
            Self::PathSegment => path_segment,
            Self::DnsSubdomain => name_is_dns_subdomain,
            Self::DnsLabel => name_is_dns_label,
            Self::IpAddress => |name, _| canonical_ip(name),
            Self::Service if gate(Feature::RelaxedServiceNameValidation, version) => name_is_dns_label,
            Self::Service => name_is_dns1035_label,
        }
    }
}

/// A kind's validation: `Validate<Kind>` of Kubernetes, given the whole object. Metadata is checked before.
pub(super) type Check = fn(&At<'_, '_>, &mut Context<'_>);

/// How the objects of one kind are validated after decoding.
#[derive(Debug, Clone, Copy)]
pub struct KindRules {
    /// The API group, empty for the core.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// What its objects may be called.
    pub name: NameRule,
    /// The path of the function in this module, such as `workload::stateful_set`; `None` if only the name is special.
    /// The function's documentation names the function of Kubernetes that it follows.
    pub function: Option<&'static str>,
    pub(super) check: Check,
}

/// The rules of a kind; `None` if its objects are only decoded and have only their metadata validated.
pub(super) fn rules_of(group: &str, kind: &str) -> Option<&'static KindRules> {
    KINDS
        .binary_search_by(|rules| (rules.group, rules.kind).cmp(&(group, kind)))
        .ok()
        .and_then(|index| KINDS.get(index))
}

/// For kinds of which only decoding and metadata are checked.
fn nothing_more(_: &At<'_, '_>, _: &mut Context<'_>) {}

macro_rules! kinds {
    ($($group:literal $kind:ident: $name:ident $($module:ident::$function:ident)?;)*) => {
        &[$(KindRules {
            group: $group,
            kind: stringify!($kind),
            name: NameRule::$name,
            function: path!($($module::$function)?),
            check: check!($($module::$function)?),
        }),*]
    };
}

macro_rules! path {
    () => {
        None
    };
    ($module:ident::$function:ident) => {
        Some(concat!(stringify!($module), "::", stringify!($function)))
    };
}

macro_rules! check {
    () => {
        nothing_more
    };
    ($module:ident::$function:ident) => {
        $module::$function
    };
}

/// Every kind with rules of its own, by group.
pub static KINDS: &[KindRules] = kinds! {
    "" ConfigMap: DnsSubdomain config::config_map;
    "" Endpoints: DnsSubdomain endpoints::endpoints;
    "" LimitRange: DnsSubdomain quota::limit_range;
    "" Namespace: DnsLabel config::namespace;
    "" Node: DnsSubdomain;
    "" PersistentVolume: DnsSubdomain persistent_volume::persistent_volume;
    "" PersistentVolumeClaim: DnsSubdomain claim::claim;
    "" Pod: DnsSubdomain pod::pod;
    "" PodTemplate: DnsSubdomain pod::pod_template;
    "" ReplicationController: DnsSubdomain workload::replication_controller;
    "" ResourceQuota: DnsSubdomain quota::resource_quota;
    "" Secret: DnsSubdomain config::secret;
    "" Service: Service service::service;
    "" ServiceAccount: DnsSubdomain config::service_account;
    "admissionregistration.k8s.io" MutatingAdmissionPolicy: DnsSubdomain admission_policy::mutating_policy;
    "admissionregistration.k8s.io" MutatingAdmissionPolicyBinding: DnsSubdomain admission_policy::binding;
    "admissionregistration.k8s.io" MutatingWebhookConfiguration: DnsSubdomain webhook::configuration;
    "admissionregistration.k8s.io" ValidatingAdmissionPolicy: DnsSubdomain admission_policy::validating_policy;
    "admissionregistration.k8s.io" ValidatingAdmissionPolicyBinding: DnsSubdomain admission_policy::validating_binding;
    "admissionregistration.k8s.io" ValidatingWebhookConfiguration: DnsSubdomain webhook::configuration;
    "apiextensions.k8s.io" CustomResourceDefinition: DnsSubdomain definition::definition;
    "apiregistration.k8s.io" APIService: PathSegment webhook::api_service;
    "apps" ControllerRevision: DnsSubdomain workload::controller_revision;
    "apps" DaemonSet: DnsSubdomain workload::daemon_set;
    "apps" Deployment: DnsSubdomain workload::deployment;
    "apps" ReplicaSet: DnsSubdomain workload::replica_set;
    "apps" StatefulSet: DnsLabel workload::stateful_set;
    "autoscaling" HorizontalPodAutoscaler: DnsSubdomain autoscaling::autoscaler;
    "batch" CronJob: DnsSubdomain workload::cron_job;
    "batch" Job: DnsSubdomain workload::job;
    "coordination.k8s.io" Lease: DnsSubdomain policy::lease;
    "discovery.k8s.io" EndpointSlice: DnsSubdomain endpoints::endpoint_slice;
    "flowcontrol.apiserver.k8s.io" FlowSchema: DnsSubdomain flow_control::flow_schema;
    "flowcontrol.apiserver.k8s.io" PriorityLevelConfiguration: DnsSubdomain flow_control::priority_level;
    "networking.k8s.io" IPAddress: IpAddress networking::ip_address;
    "networking.k8s.io" Ingress: DnsSubdomain networking::ingress;
    "networking.k8s.io" IngressClass: DnsSubdomain networking::ingress_class;
    "networking.k8s.io" NetworkPolicy: DnsSubdomain networking::network_policy;
    "networking.k8s.io" ServiceCIDR: DnsSubdomain networking::service_cidr;
    "node.k8s.io" RuntimeClass: DnsSubdomain policy::runtime_class;
    "policy" PodDisruptionBudget: PathSegment policy::disruption_budget;
    "rbac.authorization.k8s.io" ClusterRole: PathSegment rbac::cluster_role;
    "rbac.authorization.k8s.io" ClusterRoleBinding: PathSegment rbac::cluster_role_binding;
    "rbac.authorization.k8s.io" Role: PathSegment rbac::role;
    "rbac.authorization.k8s.io" RoleBinding: PathSegment rbac::role_binding;
    "resource.k8s.io" DeviceClass: DnsSubdomain device::device_class;
    "resource.k8s.io" ResourceClaim: DnsSubdomain device::claim;
    "resource.k8s.io" ResourceClaimTemplate: DnsSubdomain device::claim_template;
    "scheduling.k8s.io" PriorityClass: DnsSubdomain policy::priority_class;
    "storage.k8s.io" CSIDriver: DnsSubdomain storage::csi_driver;
    "storage.k8s.io" StorageClass: DnsSubdomain storage::storage_class;
    "storage.k8s.io" VolumeAttributesClass: DnsSubdomain storage::volume_attributes_class;
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn every_row_is_a_kind_of_kubernetes_and_has_its_place() {
        let order: Vec<_> = KINDS.iter().map(|rules| (rules.group, rules.kind)).collect();
        assert!(order.is_sorted_by(|a, b| a < b));
        for (group, kind) in order {
            let exists = |known: &&schema::Kind| {
                known.kind == kind
                    && known.api_version.rsplit_once('/').map_or("", |(group, _)| group) == group
            };
            assert!(schema::kinds().iter().any(|known| exists(&known)), "{group} {kind}");
        }
    }
}
