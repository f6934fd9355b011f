//! The policies of a namespace, from its labels.

use super::{Level, Policy, StandardVersion};
use plimsoll_yaml::Map;

/// What is enforced in a namespace, and what is warned about and audited: `api.Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespacePolicy {
    /// Pods that violate it are refused.
    pub enforce: Policy,
    /// The client is warned about pods and workloads that violate it.
    pub warn: Policy,
    /// Violations are noted in the audit log.
    pub audit: Policy,
}

impl NamespacePolicy {
    /// The same policy for all three modes, as in the `defaults` of `PodSecurityConfiguration`.
    pub fn uniform(policy: Policy) -> Self {
        Self { enforce: policy, warn: policy, audit: policy }
    }

    /// The policies that labels set, and `defaults` for the modes that they do not name (`PolicyToEvaluate`). What
    /// cannot be read counts as the plugin counts it; that the namespace itself is refused is found by validation.
    #[must_use]
    pub fn from_labels(labels: Option<&Map>, defaults: Self) -> Self {
        let label = |mode: &str| labels?.get(&format!("pod-security.kubernetes.io/{mode}"))?.as_str();
        let version = |mode: &str, default: StandardVersion| {
            label(mode)
                .map_or(default, |text| StandardVersion::from_label(text).unwrap_or(StandardVersion::Latest))
        };
        let level = |mode: &str, default: Level, fallback: Level| {
            label(mode).map_or(default, |text| Level::named(text).unwrap_or(fallback))
        };
        let enforce = Policy {
            level: level("enforce", defaults.enforce.level, Level::Restricted),
            version: version("enforce-version", defaults.enforce.version),
        };
        let audit = Policy {
            level: level("audit", defaults.audit.level, Level::Privileged),
            version: version("audit-version", defaults.audit.version),
        };
        let mut warn = Policy {
            level: level("warn", defaults.warn.level, Level::Privileged),
            version: version("warn-version", defaults.warn.version),
        };
        // A stricter enforced level is also warned about: it is not enforced for workloads, only for their pods.
        let sets_level = label("enforce").and_then(Level::named).is_some();
        if label("warn").is_none() && sets_level && enforce.level > warn.level {
            warn.level = enforce.level;
            if label("warn-version").is_none() {
                warn.version = enforce.version;
            }
        }
        Self { enforce, warn, audit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies(labels: &str, defaults: &str) -> String {
        let node = plimsoll_yaml::read_fragment(labels.as_bytes()).unwrap();
        let defaults = NamespacePolicy::uniform(defaults.parse().unwrap());
        let NamespacePolicy { enforce, warn, audit } = NamespacePolicy::from_labels(node.as_map(), defaults);
        format!("{enforce} {warn} {audit}")
    }

    #[test]
    fn labels_go_before_the_defaults() {
        let privileged = "privileged:latest";
        assert_eq!(policies("{}", "baseline"), "baseline:latest baseline:latest baseline:latest");
        assert_eq!(
            policies("{pod-security.kubernetes.io/enforce: restricted}", privileged),
            "restricted:latest restricted:latest privileged:latest"
        );
        assert_eq!(
            policies(
                "{pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/enforce-version: v1.30}",
                privileged
            ),
            "baseline:v1.30 baseline:v1.30 privileged:latest"
        );
        assert_eq!(
            policies(
                "{pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/warn: restricted, \
                 pod-security.kubernetes.io/audit: restricted, pod-security.kubernetes.io/audit-version: v1.31}",
                privileged
            ),
            "baseline:latest restricted:latest restricted:v1.31"
        );
        assert_eq!(
            policies("{pod-security.kubernetes.io/enforce: privileged}", "restricted"),
            "privileged:latest restricted:latest restricted:latest"
        );
    }

    #[test]
    fn what_cannot_be_read_fails_closed_for_enforce_alone() {
        assert_eq!(
            policies(
                "{pod-security.kubernetes.io/enforce: x, pod-security.kubernetes.io/enforce-version: 1.30, \
                 pod-security.kubernetes.io/warn: x, pod-security.kubernetes.io/audit: x}",
                "baseline"
            ),
            "restricted:latest privileged:latest privileged:latest"
        );
    }
}
