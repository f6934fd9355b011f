//! `pod-security/*`: the controls of the Pod Security Standards, as the admission plugin evaluates them for a namespace.

super::group! {
    added_capability: ADDED_CAPABILITY,
    app_armor_profile: APP_ARMOR_PROFILE,
    host_namespace: HOST_NAMESPACE,
    host_path_volume: HOST_PATH_VOLUME,
    host_port: HOST_PORT,
    host_process: HOST_PROCESS,
    kept_capabilities: KEPT_CAPABILITIES,
    missing_seccomp_profile: MISSING_SECCOMP_PROFILE,
    privilege_escalation: PRIVILEGE_ESCALATION,
    privileged_container: PRIVILEGED_CONTAINER,
    probe_host: PROBE_HOST,
    proc_mount: PROC_MOUNT,
    restricted_volume: RESTRICTED_VOLUME,
    root_allowed: ROOT_ALLOWED,
    root_user: ROOT_USER,
    selinux_option: SELINUX_OPTION,
    unconfined_seccomp: UNCONFINED_SECCOMP,
    unsafe_sysctl: UNSAFE_SYSCTL,
}

mod prelude {
    pub(super) use crate::k8s::pod_security;
    pub(super) use crate::lint::registry::declare;
}
