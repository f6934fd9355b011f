//! The Pod Security Standards, as the admission plugin `PodSecurity` evaluates them.
//!
//! Follows `k8s.io/pod-security-admission`: [`evaluate`] is `checkRegistry.EvaluatePod`, and each file of
//! `controls` is one of its checks, with the versions of the standard that changed it. [`NamespacePolicy`] reads the
//! labels of a namespace.

mod controls;
mod level;
mod namespace;
mod offenders;
#[cfg(test)]
mod tests;

pub use controls::{
    ALLOW_PRIVILEGE_ESCALATION, APP_ARMOR_PROFILE, CAPABILITIES_BASELINE, CAPABILITIES_RESTRICTED, CONTROLS,
    HOST_NAMESPACES, HOST_PATH_VOLUMES, HOST_PORTS, HOST_PROBES, PRIVILEGED, PROC_MOUNT,
    PROC_MOUNT_RESTRICTED, RESTRICTED_VOLUMES, RUN_AS_NON_ROOT, RUN_AS_USER, SE_LINUX_OPTIONS,
    SECCOMP_BASELINE, SECCOMP_RESTRICTED, SYSCTLS, WINDOWS_HOST_PROCESS,
};
pub use level::{Level, Policy, PolicyError, StandardVersion};
pub use namespace::NamespacePolicy;

use crate::Version;
use crate::views::PodTemplate;
use offenders::Pod;

/// A control of the standards: `policy.Check`.
#[derive(Debug)]
pub struct Control {
    /// The id of the check in the admission plugin.
    pub id: &'static str,
    /// The level it belongs to. The controls of `baseline` are evaluated for `restricted`, too.
    pub level: Level,
    /// What it checks from which version of the standards on, oldest first.
    revisions: &'static [Revision],
    /// The control of `baseline` that is not evaluated where this one is.
    overrides: Option<&'static str>,
}

impl Control {
    /// The revision that a version of the standards evaluates, unless the control is newer.
    fn revision(&self, minor: u64) -> Option<&'static Revision> {
        self.revisions.iter().rev().find(|revision| revision.since <= minor)
    }
}

/// A control from one version of the standards on: `policy.VersionedCheck`.
#[derive(Debug)]
struct Revision {
    /// The first minor version of Kubernetes 1.x whose standards have it.
    since: u64,
    check: fn(Pod<'_>) -> Option<Forbidden>,
}

/// What a control forbids of a pod: `policy.CheckResult`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Forbidden {
    reason: &'static str,
    detail: String,
    paths: Vec<String>,
}

/// A pod that breaks a control.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The control.
    pub control: &'static Control,
    /// What is forbidden, in the words of the admission plugin: `host namespaces`.
    pub reason: &'static str,
    /// Which fields of the pod are at fault, in the words of the admission plugin: `hostNetwork=true`.
    pub detail: String,
    /// The fields at fault, from the workload that the template was reached through. A field that must be set is named,
    /// too. Never empty.
    pub paths: Vec<String>,
}

impl std::fmt::Display for Violation {
    /// As the plugin lists it among others (`AggregateCheckResult.ForbiddenDetail`).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.reason, self.detail)
    }
}

/// Evaluates a policy for a pod, as the admission plugin of a server of version `server` does
/// (`checkRegistry.EvaluatePod`). Controls of `baseline` come first.
pub fn evaluate(policy: Policy, template: PodTemplate<'_>, server: Version) -> Vec<Violation> {
    // A server does not know later versions of the standards than its own.
    let minor = policy.version.minor().map_or(server.minor(), |minor| minor.min(server.minor()));
    let applies = |control: &Control| control.level <= policy.level && control.revision(minor).is_some();
    let overridden =
        |id: &str| CONTROLS.iter().any(|control| control.overrides == Some(id) && applies(control));
    let pod = Pod::new(template, server);
    let controls = CONTROLS.iter().copied().filter(|control| applies(control) && !overridden(control.id));
    controls
        .filter_map(|control| {
            let Forbidden { reason, detail, paths } = (control.revision(minor)?.check)(pod)?;
            Some(Violation { control, reason, detail, paths })
        })
        .collect()
}
