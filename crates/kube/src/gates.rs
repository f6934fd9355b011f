//! Feature gates: what the API server has on by default, by version.
//!
//! The source is `pkg/features/kube_features.go`. Only gates that decide what plimsoll says are listed. Validation, lint
//! and plans ask [`gate`]; a version is compared directly only where a rule changed without a gate.

use super::Version;

/// Whether a feature is on by default in a version.
pub fn gate(feature: Feature, version: Version) -> bool {
    feature
        .history()
        .iter()
        .rev()
        .find(|change| change.applies_to(version))
        .is_some_and(|change| change.is_on)
}

/// The maturity of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Off unless an administrator turns it on; may change or be removed.
    Alpha,
    /// Well tested; usually on by default.
    Beta,
    /// Always on.
    Stable,
}

/// A line of a feature's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    /// The minor version; it may be older than any that is known.
    minor: u64,
    stage: Stage,
    /// Whether the feature is on by default.
    is_on: bool,
}

impl Change {
    fn applies_to(&self, version: Version) -> bool {
        self.minor <= version.minor()
    }
}

impl Feature {
    /// The feature's stage in a version; `None` before it existed.
    pub fn stage(self, version: Version) -> Option<Stage> {
        let mut changes = self.history().iter().rev();
        changes.find(|change| change.applies_to(version)).map(|change| change.stage)
    }

    /// The first known version that has the feature on by default.
    pub fn enabled_since(self) -> Option<Version> {
        Version::all().find(|version| gate(self, *version))
    }
}

const OFF: bool = false;
const ON: bool = true;

/// Defines [`Feature`]: each feature with its history, oldest change first.
macro_rules! features {
    ($($(#[$doc:meta])* $feature:ident: [$(($minor:literal, $stage:ident, $on:ident)),+];)+) => {
        /// A feature gate of Kubernetes, by its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Feature {
            $($(#[$doc])* $feature,)+
        }

        impl Feature {
            /// Every feature that is known.
            pub const ALL: &[Self] = &[$(Self::$feature),+];

            /// The name that `--feature-gates` takes.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$feature => stringify!($feature),)+
                }
            }

            fn history(self) -> &'static [Change] {
                match self {
                    $(Self::$feature => &[$(Change { minor: $minor, stage: Stage::$stage, is_on: $on }),+],)+
                }
            }
        }
    };
}

features! {
    /// Tokens of CSI drivers in a field for secrets.
    CSIServiceAccountTokenSecrets: [(35, Beta, ON), (36, Stable, ON)];
    /// Projected volumes of certificate authorities.
    ClusterTrustBundleProjection: [(29, Alpha, OFF), (33, Beta, OFF), (37, Stable, ON)];
    /// Restart policies and rules of single containers.
    ContainerRestartRules: [(34, Alpha, OFF), (35, Beta, ON)];
    /// `lifecycle.stopSignal`.
    ContainerStopSignals: [(33, Alpha, OFF)];
    /// `dataSourceRef.namespace` of claims.
    CrossNamespaceVolumeDataSource: [(26, Alpha, OFF)];
    /// Devices that several claims share.
    DRAConsumableCapacity: [(34, Alpha, OFF), (36, Beta, ON)];
    /// Tolerations of device claims.
    DRADeviceTaints: [(33, Alpha, OFF), (36, Beta, ON)];
    /// Devices that pods request as resources.
    DRAExtendedResource: [(34, Alpha, OFF), (36, Beta, ON)];
    /// Alternatives in device claims.
    DRAPrioritizedList: [(33, Alpha, OFF), (34, Beta, ON), (36, Stable, ON)];
    /// Claims of devices.
    DynamicResourceAllocation: [(26, Alpha, OFF), (32, Beta, OFF), (34, Stable, ON)];
    /// Environment variables read from files.
    EnvFiles: [(34, Alpha, OFF), (35, Beta, ON)];
    /// `tolerance` of autoscalers.
    HPAConfigurableTolerance: [(33, Alpha, OFF), (35, Beta, ON), (37, Stable, ON)];
    /// `minReplicas: 0` of autoscalers.
    HPAScaleToZero: [(16, Alpha, OFF), (37, Beta, ON)];
    /// `hostnameOverride` of pods.
    HostnameOverride: [(34, Alpha, OFF), (35, Beta, ON)];
    /// Volumes from images.
    ImageVolume: [(31, Alpha, OFF), (33, Beta, OFF), (35, Beta, ON), (36, Stable, ON)];
    /// `resizePolicy` of containers, and new resources for running pods.
    InPlacePodVerticalScaling: [(27, Alpha, OFF), (33, Beta, ON), (35, Stable, ON)];
    /// The same for init containers.
    InPlacePodVerticalScalingInitContainers: [(36, Beta, ON)];
    /// `managedBy` of Jobs.
    JobManagedBy: [(30, Alpha, OFF), (32, Beta, ON), (35, Stable, ON)];
    /// `successPolicy` of Jobs.
    JobSuccessPolicy: [(30, Alpha, OFF), (31, Beta, ON), (33, Stable, ON)];
    /// `matchLabelKeys` and `mismatchLabelKeys` of pod affinity.
    MatchLabelKeysInPodAffinity: [(29, Alpha, OFF), (31, Beta, ON), (33, Stable, ON)];
    /// `matchLabelKeys` of spread constraints are written into the selector.
    MatchLabelKeysInPodTopologySpreadSelectorMerge: [(34, Beta, ON)];
    /// `maxUnavailable` of StatefulSets.
    MaxUnavailableStatefulSet: [(24, Alpha, OFF), (35, Beta, OFF), (37, Beta, ON)];
    /// `nodeAllocatableUpdatePeriodSeconds` of CSI drivers.
    MutableCSINodeAllocatableCount: [(33, Alpha, OFF), (34, Beta, OFF), (35, Beta, ON), (36, Stable, ON)];
    /// New resources for the pods of a suspended Job.
    MutablePodResourcesForSuspendedJobs: [(35, Alpha, OFF), (36, Beta, ON)];
    /// Projected volumes of certificates made for the pod.
    PodCertificateRequest: [(34, Alpha, OFF), (35, Beta, OFF), (37, Stable, ON)];
    /// Resources of a pod as a whole.
    PodLevelResources: [(32, Alpha, OFF), (34, Beta, ON)];
    /// A `sleep` of zero seconds in a lifecycle hook.
    PodLifecycleSleepActionAllowZero: [(32, Alpha, OFF), (33, Beta, ON), (34, Stable, ON)];
    /// `trafficDistribution: PreferSameNode` and `PreferSameZone`.
    PreferSameTrafficDistribution: [(33, Alpha, OFF), (34, Beta, ON), (35, Stable, ON)];
    /// `procMount: Unmasked`.
    ProcMountType: [(12, Alpha, OFF), (31, Beta, OFF), (33, Beta, ON), (36, Stable, ON)];
    /// A claim whose expansion failed may request less again.
    RecoverVolumeExpansionFailure: [(23, Alpha, OFF), (32, Beta, ON), (34, Stable, ON)];
    /// `recursiveReadOnly` of volume mounts.
    RecursiveReadOnlyMounts: [(30, Alpha, OFF), (31, Beta, ON), (33, Stable, ON)];
    /// Search domains `.` and with underscores.
    RelaxedDNSSearchValidation: [(32, Alpha, OFF), (33, Beta, ON), (34, Stable, ON)];
    /// Nearly any printable name of an environment variable.
    RelaxedEnvironmentVariableValidation: [(30, Alpha, OFF), (32, Beta, ON), (34, Stable, ON)];
    /// Names of Services that start with a digit.
    RelaxedServiceNameValidation: [(34, Alpha, OFF), (36, Beta, ON)];
    /// The action `RestartAllContainers` of restart rules.
    RestartAllContainersOnContainerExits: [(35, Alpha, OFF), (36, Beta, ON)];
    /// `seLinuxChangePolicy` of pods.
    SELinuxChangePolicy: [(32, Alpha, OFF), (33, Beta, ON), (36, Stable, ON)];
    /// Volumes are mounted with their label: `seLinuxChangePolicy: MountOption`.
    SELinuxMount: [(30, Alpha, OFF), (33, Beta, OFF), (37, Stable, ON)];
    /// `trafficDistribution` of Services.
    ServiceTrafficDistribution: [(30, Alpha, OFF), (31, Beta, ON), (33, Stable, ON)];
    /// Addresses in canonical form only.
    StrictIPCIDRValidation: [(33, Alpha, OFF), (36, Beta, ON)];
    /// `supplementalGroupsPolicy` of pods.
    SupplementalGroupsPolicy: [(31, Alpha, OFF), (33, Beta, ON), (35, Stable, ON)];
    /// `hostUsers` of pods.
    UserNamespacesSupport: [(25, Alpha, OFF), (30, Beta, OFF), (33, Beta, ON), (36, Stable, ON)];
    /// `volumeAttributesClassName` of claims and volumes.
    VolumeAttributesClass: [(29, Alpha, OFF), (31, Beta, OFF), (34, Stable, ON)];
}

/// Fields that the server drops from a new object while their gate is off, before it validates and stores the object
/// (`dropDisabledFields` and the like in `pkg/api/pod/util.go` and `pkg/registry/*/strategy.go`): type, field, gate.
///
/// What is more than a field, or is dropped only in some places where its type is used, is decided where it is validated.
pub(crate) const GATED_FIELDS: &[(&str, &str, Feature)] = &[
    ("apps.v1.RollingUpdateStatefulSetStrategy", "maxUnavailable", Feature::MaxUnavailableStatefulSet),
    ("autoscaling.v2.HPAScalingRules", "tolerance", Feature::HPAConfigurableTolerance),
    ("batch.v1.JobSpec", "managedBy", Feature::JobManagedBy),
    ("batch.v1.JobSpec", "successPolicy", Feature::JobSuccessPolicy),
    ("core.v1.Container", "resizePolicy", Feature::InPlacePodVerticalScaling),
    ("core.v1.EnvVarSource", "fileKeyRef", Feature::EnvFiles),
    ("core.v1.EphemeralContainer", "resizePolicy", Feature::InPlacePodVerticalScaling),
    ("core.v1.PodAffinityTerm", "matchLabelKeys", Feature::MatchLabelKeysInPodAffinity),
    ("core.v1.PodAffinityTerm", "mismatchLabelKeys", Feature::MatchLabelKeysInPodAffinity),
    ("core.v1.PodSecurityContext", "seLinuxChangePolicy", Feature::SELinuxChangePolicy),
    ("core.v1.PodSecurityContext", "supplementalGroupsPolicy", Feature::SupplementalGroupsPolicy),
    ("core.v1.PodSpec", "hostUsers", Feature::UserNamespacesSupport),
    ("core.v1.PodSpec", "hostnameOverride", Feature::HostnameOverride),
    ("core.v1.PodSpec", "resourceClaims", Feature::DynamicResourceAllocation),
    ("core.v1.PodSpec", "resources", Feature::PodLevelResources),
    ("core.v1.ResourceRequirements", "claims", Feature::DynamicResourceAllocation),
    ("core.v1.ServiceSpec", "trafficDistribution", Feature::ServiceTrafficDistribution),
    ("core.v1.VolumeMount", "recursiveReadOnly", Feature::RecursiveReadOnlyMounts),
    ("core.v1.VolumeProjection", "clusterTrustBundle", Feature::ClusterTrustBundleProjection),
    ("core.v1.VolumeProjection", "podCertificate", Feature::PodCertificateRequest),
    (
        "storage.v1.CSIDriverSpec",
        "nodeAllocatableUpdatePeriodSeconds",
        Feature::MutableCSINodeAllocatableCount,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schemas;

    #[test]
    fn histories_go_forward() {
        for feature in Feature::ALL {
            let history = feature.history();
            assert!(history.is_sorted_by(|a, b| a.minor < b.minor), "{}", feature.name());
            assert!(history.is_sorted_by_key(|change| change.stage as u8), "{}", feature.name());
            for change in history {
                assert!(change.stage != Stage::Stable || change.is_on, "{}", feature.name());
                assert!(change.stage != Stage::Alpha || !change.is_on, "{}", feature.name());
            }
        }
        assert!(Feature::ALL.is_sorted_by_key(|feature| feature.name()));
    }

    #[test]
    fn a_gate_has_the_default_of_its_version() {
        let image = |version| (Feature::ImageVolume.stage(version), gate(Feature::ImageVolume, version));
        assert_eq!(image(Version::V1_30), (None, false));
        assert_eq!(image(Version::V1_34), (Some(Stage::Beta), false));
        assert_eq!(image(Version::V1_35), (Some(Stage::Beta), true));
        assert_eq!(image(Version::V1_37), (Some(Stage::Stable), true));
        assert_eq!(Feature::ImageVolume.enabled_since(), Some(Version::V1_35));
        assert_eq!(Feature::ContainerStopSignals.enabled_since(), None);
        assert_eq!(Feature::MaxUnavailableStatefulSet.enabled_since(), Some(Version::V1_37));
    }

    #[test]
    fn gated_fields_are_in_the_schema_no_earlier_than_their_gate() {
        let schemas = Schemas::get();
        for (ty, name, feature) in GATED_FIELDS {
            let id = schemas.type_named(ty).unwrap_or_else(|| panic!("{ty}"));
            let fields: Vec<_> = schemas.fields(id).iter().filter(|field| field.name == *name).collect();
            assert!(!fields.is_empty(), "{ty}.{name}");
            for field in fields {
                assert!(feature.stage(field.last()).is_some(), "{ty}.{name} and {}", feature.name());
            }
        }
    }
}
