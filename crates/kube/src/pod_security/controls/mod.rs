//! The controls, one file each.

mod allow_privilege_escalation;
mod app_armor_profile;
mod capabilities_baseline;
mod capabilities_restricted;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes;
mod privileged;
mod proc_mount;
mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux_options;
mod seccomp_baseline;
mod seccomp_restricted;
mod sysctls;
mod windows_host_process;

pub use allow_privilege_escalation::ALLOW_PRIVILEGE_ESCALATION;
pub use app_armor_profile::APP_ARMOR_PROFILE;
pub use capabilities_baseline::CAPABILITIES_BASELINE;
pub use capabilities_restricted::CAPABILITIES_RESTRICTED;
pub use host_namespaces::HOST_NAMESPACES;
pub use host_path_volumes::HOST_PATH_VOLUMES;
pub use host_ports::HOST_PORTS;
pub use host_probes::HOST_PROBES;
pub use privileged::PRIVILEGED;
pub use proc_mount::{PROC_MOUNT, PROC_MOUNT_RESTRICTED};
pub use restricted_volumes::RESTRICTED_VOLUMES;
pub use run_as_non_root::RUN_AS_NON_ROOT;
pub use run_as_user::RUN_AS_USER;
pub use se_linux_options::SE_LINUX_OPTIONS;
pub use seccomp_baseline::SECCOMP_BASELINE;
pub use seccomp_restricted::SECCOMP_RESTRICTED;
pub use sysctls::SYSCTLS;
pub use windows_host_process::WINDOWS_HOST_PROCESS;

use super::Control;

/// Every control, in the order in which the admission plugin lists violations: `baseline` first, then by id.
pub static CONTROLS: [&Control; 19] = [
    &APP_ARMOR_PROFILE,
    &CAPABILITIES_BASELINE,
    &HOST_NAMESPACES,
    &HOST_PATH_VOLUMES,
    &HOST_PORTS,
    &HOST_PROBES,
    &PRIVILEGED,
    &PROC_MOUNT,
    &SE_LINUX_OPTIONS,
    &SECCOMP_BASELINE,
    &SYSCTLS,
    &WINDOWS_HOST_PROCESS,
    &ALLOW_PRIVILEGE_ESCALATION,
    &CAPABILITIES_RESTRICTED,
    &PROC_MOUNT_RESTRICTED,
    &RESTRICTED_VOLUMES,
    &RUN_AS_NON_ROOT,
    &RUN_AS_USER,
    &SECCOMP_RESTRICTED,
];

mod prelude {
    pub(super) use crate::pod_security::offenders::{Offenders, Pod, field, pluralize, quote, text};
    pub(super) use crate::pod_security::{Control, Forbidden, Level, Revision};
    pub(super) use plimsoll_yaml::Node;
    pub(super) use std::collections::BTreeSet;
}
