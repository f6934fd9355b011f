//! The defaults that depend on nothing.

use super::default;
use plimsoll_yaml::{Map, Value};

/// A default that depends on nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Constant {
    Text(&'static str),
    Int(i64),
    Bool(bool),
}

impl From<Constant> for Value {
    fn from(constant: Constant) -> Self {
        match constant {
            Constant::Text(text) => text.into(),
            Constant::Int(number) => number.into(),
            Constant::Bool(flag) => flag.into(),
        }
    }
}

/// The group of roles and their subjects.
pub(super) const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// The defaults that depend on nothing, by type. The source is the function `SetDefaults_TYPE` of the type's group and
/// version, or of the type that holds it; neither k8s-openapi nor version 2 of the OpenAPI documents has them.
const CONSTANTS: &[(&str, &[(&str, Constant)])] = {
    use Constant::{Bool, Int, Text};
    const MODE: &[(&str, Constant)] = &[("defaultMode", Int(0o644))];
    const TCP: &[(&str, Constant)] = &[("protocol", Text("TCP"))];
    const HTTPS: &[(&str, Constant)] = &[("port", Int(443))];
    &[
        (
            "admissionregistration.v1.MutatingWebhook",
            &[
                ("failurePolicy", Text("Fail")),
                ("matchPolicy", Text("Equivalent")),
                ("timeoutSeconds", Int(10)),
                ("reinvocationPolicy", Text("Never")),
            ],
        ),
        ("admissionregistration.v1.RuleWithOperations", &[("scope", Text("*"))]),
        ("admissionregistration.v1.ServiceReference", HTTPS),
        (
            "admissionregistration.v1.ValidatingWebhook",
            &[
                ("failurePolicy", Text("Fail")),
                ("matchPolicy", Text("Equivalent")),
                ("timeoutSeconds", Int(10)),
            ],
        ),
        ("apiextensions.v1.CustomResourceConversion", &[("strategy", Text("None"))]),
        ("apiregistration.v1.ServiceReference", HTTPS),
        ("apps.v1.DaemonSetSpec", &[("revisionHistoryLimit", Int(10))]),
        ("apps.v1.DaemonSetUpdateStrategy", &[("type", Text("RollingUpdate"))]),
        (
            "apps.v1.DeploymentSpec",
            &[("replicas", Int(1)), ("revisionHistoryLimit", Int(10)), ("progressDeadlineSeconds", Int(600))],
        ),
        ("apps.v1.DeploymentStrategy", &[("type", Text("RollingUpdate"))]),
        ("apps.v1.ReplicaSetSpec", &[("replicas", Int(1))]),
        ("apps.v1.RollingUpdateDaemonSet", &[("maxUnavailable", Int(1)), ("maxSurge", Int(0))]),
        ("apps.v1.RollingUpdateDeployment", &[("maxUnavailable", Text("25%")), ("maxSurge", Text("25%"))]),
        ("apps.v1.RollingUpdateStatefulSetStrategy", &[("partition", Int(0))]),
        (
            "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
            &[("whenDeleted", Text("Retain")), ("whenScaled", Text("Retain"))],
        ),
        (
            "apps.v1.StatefulSetSpec",
            &[
                ("podManagementPolicy", Text("OrderedReady")),
                ("replicas", Int(1)),
                ("revisionHistoryLimit", Int(10)),
            ],
        ),
        ("apps.v1.StatefulSetUpdateStrategy", &[("type", Text("RollingUpdate"))]),
        ("autoscaling.v2.HPAScalingRules", &[("selectPolicy", Text("Max"))]),
        ("autoscaling.v2.HorizontalPodAutoscalerSpec", &[("minReplicas", Int(1))]),
        (
            "batch.v1.CronJobSpec",
            &[
                ("concurrencyPolicy", Text("Allow")),
                ("suspend", Bool(false)),
                ("successfulJobsHistoryLimit", Int(3)),
                ("failedJobsHistoryLimit", Int(1)),
            ],
        ),
        (
            "batch.v1.JobSpec",
            &[
                ("parallelism", Int(1)),
                ("completionMode", Text("NonIndexed")),
                ("suspend", Bool(false)),
                ("manualSelector", Bool(false)),
            ],
        ),
        ("batch.v1.PodFailurePolicyOnPodConditionsPattern", &[("status", Text("True"))]),
        (
            "core.v1.AzureDiskVolumeSource",
            &[
                ("cachingMode", Text("ReadWrite")),
                ("kind", Text("Shared")),
                ("fsType", Text("ext4")),
                ("readOnly", Bool(false)),
            ],
        ),
        ("core.v1.ClientIPConfig", &[("timeoutSeconds", Int(10800))]),
        ("core.v1.ConfigMapVolumeSource", MODE),
        (
            "core.v1.Container",
            &[
                ("terminationMessagePath", Text("/dev/termination-log")),
                ("terminationMessagePolicy", Text("File")),
            ],
        ),
        ("core.v1.ContainerPort", TCP),
        ("core.v1.DownwardAPIVolumeSource", MODE),
        ("core.v1.GRPCAction", &[("service", Text(""))]),
        ("core.v1.HTTPGetAction", &[("path", Text("/")), ("scheme", Text("HTTP"))]),
        ("core.v1.HostPathVolumeSource", &[("type", Text(""))]),
        ("core.v1.ISCSIVolumeSource", &[("iscsiInterface", Text("default"))]),
        ("core.v1.ObjectFieldSelector", &[("apiVersion", Text("v1"))]),
        ("core.v1.PersistentVolumeClaimSpec", &[("volumeMode", Text("Filesystem"))]),
        (
            "core.v1.PersistentVolumeSpec",
            &[("persistentVolumeReclaimPolicy", Text("Retain")), ("volumeMode", Text("Filesystem"))],
        ),
        (
            "core.v1.PodSpec",
            &[
                ("dnsPolicy", Text("ClusterFirst")),
                ("restartPolicy", Text("Always")),
                ("terminationGracePeriodSeconds", Int(30)),
                ("schedulerName", Text("default-scheduler")),
            ],
        ),
        (
            "core.v1.Probe",
            &[
                ("timeoutSeconds", Int(1)),
                ("periodSeconds", Int(10)),
                ("successThreshold", Int(1)),
                ("failureThreshold", Int(3)),
            ],
        ),
        ("core.v1.ProjectedVolumeSource", MODE),
        (
            "core.v1.RBDVolumeSource",
            &[("pool", Text("rbd")), ("user", Text("admin")), ("keyring", Text("/etc/ceph/keyring"))],
        ),
        ("core.v1.ReplicationControllerSpec", &[("replicas", Int(1))]),
        // A struct held by value: never absent.
        ("core.v1.ResourceFieldSelector", &[("divisor", Text("0"))]),
        ("core.v1.ScaleIOVolumeSource", &[("storageMode", Text("ThinProvisioned")), ("fsType", Text("xfs"))]),
        ("core.v1.Secret", &[("type", Text("Opaque"))]),
        ("core.v1.SecretVolumeSource", MODE),
        ("core.v1.ServiceAccountTokenProjection", &[("expirationSeconds", Int(3600))]),
        ("core.v1.ServicePort", TCP),
        ("core.v1.ServiceSpec", &[("sessionAffinity", Text("None")), ("type", Text("ClusterIP"))]),
        ("discovery.v1.EndpointPort", TCP),
        ("networking.v1.IngressClassParametersReference", &[("scope", Text("Cluster"))]),
        ("networking.v1.NetworkPolicyPort", TCP),
        ("rbac.v1.RoleRef", &[("apiGroup", Text(RBAC_GROUP))]),
        ("scheduling.v1.PriorityClass", &[("preemptionPolicy", Text("PreemptLowerPriority"))]),
        (
            "storage.v1.CSIDriverSpec",
            &[
                ("attachRequired", Bool(true)),
                ("podInfoOnMount", Bool(false)),
                ("storageCapacity", Bool(false)),
                ("requiresRepublish", Bool(false)),
                ("seLinuxMount", Bool(false)),
                ("fsGroupPolicy", Text("ReadWriteOnceWithFSType")),
            ],
        ),
        (
            "storage.v1.StorageClass",
            &[("reclaimPolicy", Text("Delete")), ("volumeBindingMode", Text("Immediate"))],
        ),
    ]
};

/// The defaults of a type that depend on nothing.
fn constants_of(ty: &str) -> &'static [(&'static str, Constant)] {
    let index = CONSTANTS.binary_search_by(|(name, _)| (*name).cmp(ty));
    index.ok().and_then(|index| CONSTANTS.get(index)).map_or(&[], |(_, fields)| *fields)
}

/// Fills the constant defaults into an object of type `ty`.
pub(super) fn constants(map: &mut Map, ty: &str) {
    for (field, value) in constants_of(ty) {
        default(map, field, *value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version;
    use crate::merge::{ListType, Position};
    use crate::schema::{Base, Schemas, Shape};

    /// The way in which a constant is written in the schema.
    fn fits(constant: Constant, base: Base) -> bool {
        match constant {
            Constant::Text(_) => matches!(base, Base::String | Base::IntOrString | Base::Quantity),
            Constant::Int(_) => matches!(base, Base::Int32 | Base::Int64 | Base::IntOrString),
            Constant::Bool(_) => base == Base::Bool,
        }
    }

    #[test]
    fn constants_are_of_fields_in_the_schema() {
        let schemas = Schemas::get();
        assert!(CONSTANTS.is_sorted_by(|a, b| a.0 < b.0));
        for (ty, fields) in CONSTANTS {
            let id = schemas.type_named(ty).unwrap_or_else(|| panic!("{ty}"));
            for (name, constant) in *fields {
                let field = schemas.field(id, name, Version::DEFAULT);
                let shape = field.unwrap_or_else(|| panic!("{ty}.{name}")).ty.shape();
                assert!(matches!(shape, Shape::Base(base) if fits(*constant, base)), "{ty}.{name}");
            }
        }
    }

    #[test]
    fn keys_of_lists_have_the_defaults_of_their_fields() {
        let pods = Position::root("v1", "Pod", Version::DEFAULT).field("spec").field("containers").item();
        let services = Position::root("v1", "Service", Version::DEFAULT).field("spec");
        for (list, ty) in [(pods, "core.v1.ContainerPort"), (services, "core.v1.ServicePort")] {
            let ListType::Map(keys) = list.field("ports").list_type() else { panic!("{ty}") };
            let default = keys.iter().find_map(|key| Some((key.name, Constant::Text(key.default?)))).unwrap();
            assert!(constants_of(ty).contains(&default), "{ty}: {default:?}");
        }
    }
}
