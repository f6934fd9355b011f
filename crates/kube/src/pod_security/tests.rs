//! Every control with what it allows and forbids, in the words of the admission plugin.

use super::*;
use crate::views::Workload;
use plimsoll_yaml::read_fragment;

/// What a policy forbids of a pod, given as `metadata` and `spec` or as its spec alone.
fn violations(policy: &str, pod: &str, server: Version) -> Vec<String> {
    let root = read_fragment(pod.as_bytes()).unwrap();
    let workload = Workload::from_root("", "Pod", &root).unwrap();
    let found = evaluate(policy.parse().unwrap(), workload.template(), server);
    for violation in &found {
        assert!(!violation.paths.is_empty() && !violation.detail.is_empty(), "{violation}");
    }
    found.iter().map(|violation| format!("{}: {violation}", violation.control.id)).collect()
}

/// Checks rows of a control: the policy, the spec, and the violation of this control, if there is one.
fn check(control: &Control, rows: &[(&str, &str, Option<&str>)]) {
    for (policy, spec, expected) in rows {
        let found = violations(policy, &format!("{{spec: {spec}}}"), Version::MAX);
        let prefix = format!("{}: ", control.id);
        let own: Vec<_> = found.iter().filter_map(|text| text.strip_prefix(&prefix)).collect();
        assert_eq!(own, expected.iter().copied().collect::<Vec<_>>(), "{policy} {spec}");
    }
}

/// A spec of two containers and an init container, each with its security context.
fn contexts(pod: &str, init: &str, first: &str, second: &str) -> String {
    format!(
        "{{securityContext: {pod}, initContainers: [{{name: i, securityContext: {init}}}], \
         containers: [{{name: a, securityContext: {first}}}, {{name: b, securityContext: {second}}}]}}"
    )
}

#[test]
fn privilege_escalation_is_refused_explicitly() {
    let fine = "{allowPrivilegeEscalation: false}";
    check(
        &ALLOW_PRIVILEGE_ESCALATION,
        &[
            ("restricted", &contexts("{}", fine, fine, fine), None),
            ("baseline", &contexts("{}", "null", "null", "null"), None),
            ("restricted:v1.7", &contexts("{}", "null", "null", "null"), None),
            (
                "restricted",
                &contexts("{}", "null", fine, "{allowPrivilegeEscalation: true}"),
                Some(
                    "allowPrivilegeEscalation != false (containers \"i\", \"b\" must set \
                     securityContext.allowPrivilegeEscalation=false)",
                ),
            ),
            (
                "restricted:v1.24",
                "{os: {name: windows}, containers: [{name: a}]}",
                Some(
                    "allowPrivilegeEscalation != false (container \"a\" must set \
                     securityContext.allowPrivilegeEscalation=false)",
                ),
            ),
            ("restricted:v1.25", "{os: {name: windows}, containers: [{name: a}]}", None),
        ],
    );
}

#[test]
fn profiles_of_app_armor() {
    let profile = |name: &str| format!("{{appArmorProfile: {{type: {name}}}}}");
    check(
        &APP_ARMOR_PROFILE,
        &[
            ("baseline", &contexts(&profile("RuntimeDefault"), "null", &profile("Localhost"), "{}"), None),
            (
                "baseline",
                &contexts(&profile("Unconfined"), "{}", &profile("Other"), "{}"),
                Some(
                    "forbidden AppArmor profiles (pod and container \"a\" must not set AppArmor profile type to \
                     \"Other\", \"Unconfined\")",
                ),
            ),
        ],
    );
    let annotated = |value: &str| {
        let key = "container.apparmor.security.beta.kubernetes.io/a";
        let pod =
            format!("{{metadata: {{annotations: {{{key}: {value}}}}}, spec: {{containers: [{{name: a}}]}}}}");
        violations("baseline:v1.0", &pod, Version::DEFAULT)
    };
    assert_eq!(annotated("runtime/default"), [""; 0]);
    assert_eq!(annotated("localhost/mine"), [""; 0]);
    assert_eq!(
        annotated("unconfined"),
        ["appArmorProfile: forbidden AppArmor profile (annotation must not set AppArmor profile type to \
             \"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")"]
    );
}

#[test]
fn capabilities_beyond_the_default() {
    let add = |names: &str| format!("{{capabilities: {{add: [{names}]}}}}");
    let default = "AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, \
                   SETGID, SETPCAP, SETUID, SYS_CHROOT";
    check(
        &CAPABILITIES_BASELINE,
        &[
            ("baseline", &contexts("{}", "{}", &add(default), "null"), None),
            (
                "baseline:v1.0",
                &contexts("{}", &add("NET_RAW"), &add("CHOWN, chown"), "null"),
                Some(
                    "non-default capabilities (containers \"i\", \"a\" must not include \"NET_RAW\", \"chown\" in \
                     securityContext.capabilities.add)",
                ),
            ),
            // The control of `restricted` takes its place.
            ("restricted", &contexts("{}", &add("NET_RAW"), "{}", "{}"), None),
            (
                "restricted:v1.21",
                &contexts("{}", &add("NET_RAW"), "{}", "{}"),
                Some(
                    "non-default capabilities (container \"i\" must not include \"NET_RAW\" in \
                     securityContext.capabilities.add)",
                ),
            ),
        ],
    );
}

#[test]
fn all_capabilities_are_dropped() {
    let fine = "{capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}";
    let windows = "{os: {name: windows}, containers: [{name: a}]}";
    check(
        &CAPABILITIES_RESTRICTED,
        &[
            ("restricted", &contexts("{}", fine, fine, fine), None),
            ("restricted:v1.21", &contexts("{}", "{}", "{}", "{}"), None),
            ("restricted:v1.25", windows, None),
            (
                "restricted:v1.24",
                windows,
                Some(
                    "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])",
                ),
            ),
            (
                "restricted",
                &contexts(
                    "{}",
                    fine,
                    "{capabilities: {drop: [all]}}",
                    "{capabilities: {drop: [ALL], add: [CHOWN]}}",
                ),
                Some(
                    "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]; \
                     container \"b\" must not include \"CHOWN\" in securityContext.capabilities.add)",
                ),
            ),
        ],
    );
}

#[test]
fn namespaces_of_the_node() {
    check(
        &HOST_NAMESPACES,
        &[
            ("baseline", "{hostNetwork: false, hostPID: false, hostIPC: false}", None),
            (
                "restricted",
                "{hostIPC: true, hostNetwork: true, hostPID: true}",
                Some("host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"),
            ),
            ("privileged", "{hostIPC: true}", None),
        ],
    );
}

#[test]
fn directories_of_the_node() {
    let volumes = "{volumes: [{name: a, hostPath: {path: /a}}, {name: b, emptyDir: {}}, {name: c, hostPath: {path: /c}}]}";
    check(
        &HOST_PATH_VOLUMES,
        &[
            ("baseline", "{volumes: [{name: a, emptyDir: {}}, {name: b, hostPath: null}]}", None),
            ("baseline", volumes, Some("hostPath volumes (volumes \"a\", \"c\")")),
            ("restricted", volumes, None),
        ],
    );
    check(
        &RESTRICTED_VOLUMES,
        &[
            ("baseline", "{volumes: [{name: a, nfs: {}}]}", None),
            (
                "restricted",
                "{volumes: [{name: a, configMap: {}}, {name: b, csi: {}}, {name: c, downwardAPI: {}}, {name: d, \
                 emptyDir: {}}, {name: e, ephemeral: {}}, {name: f, persistentVolumeClaim: {}}, {name: g, \
                 projected: {}}, {name: h, secret: {}}, {name: i, image: {}}, {name: j}]}",
                None,
            ),
            (
                "restricted",
                volumes,
                Some(
                    "restricted volume types (volumes \"a\", \"c\" use restricted volume type \"hostPath\")",
                ),
            ),
            (
                "restricted:v1.0",
                "{volumes: [{name: a, nfs: {}}, {name: b, iscsi: {}}]}",
                Some(
                    "restricted volume types (volumes \"a\", \"b\" use restricted volume types \"iscsi\", \"nfs\")",
                ),
            ),
        ],
    );
    let image = "{spec: {volumes: [{name: a, image: {reference: r}}]}}";
    assert_eq!(violations("restricted", image, Version::V1_33), [""; 0]);
    assert_eq!(
        violations("restricted", image, Version::V1_32),
        ["restrictedVolumes: restricted volume types (volume \"a\" uses restricted volume type \"unknown\")"]
    );
}

#[test]
fn every_kind_of_volume_from_outside_is_restricted() {
    for source in [
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "flexVolume",
        "cinder",
        "cephfs",
        "flocker",
        "fc",
        "azureFile",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "photonPersistentDisk",
        "portworxVolume",
        "scaleIO",
        "storageos",
    ] {
        let spec = format!("{{volumes: [{{name: a, {source}: {{}}}}]}}");
        let expected =
            format!("restricted volume types (volume \"a\" uses restricted volume type \"{source}\")");
        check(&RESTRICTED_VOLUMES, &[("restricted", &spec, Some(&expected))]);
    }
}

#[test]
fn ports_of_the_node() {
    check(
        &HOST_PORTS,
        &[
            (
                "baseline",
                "{containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 81, hostPort: 0}]}]}",
                None,
            ),
            (
                "baseline",
                "{containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]}",
                Some("hostPort (container \"a\" uses hostPort 80)"),
            ),
            (
                "baseline",
                "{initContainers: [{name: i, ports: [{hostPort: 9}]}], containers: [{name: a, ports: [{hostPort: 80}, \
                 {hostPort: 9}]}]}",
                Some("hostPort (containers \"i\", \"a\" use hostPorts 80, 9)"),
            ),
        ],
    );
}

#[test]
fn hosts_of_probes_and_hooks() {
    let spec = "{containers: [{name: b, livenessProbe: {httpGet: {host: x}}, lifecycle: {preStop: {tcpSocket: {host: w}}}}, \
                {name: a, startupProbe: {tcpSocket: {host: x}}, readinessProbe: {grpc: {}}}]}";
    check(
        &HOST_PROBES,
        &[
            ("baseline", "{containers: [{name: a, livenessProbe: {httpGet: {host: '', port: 1}}}]}", None),
            ("baseline:v1.33", spec, None),
            (
                "baseline:v1.34",
                spec,
                Some(
                    "probe or lifecycle host (containers \"a\", \"b\" use probe or lifecycle hosts \"w\", \"x\")",
                ),
            ),
            (
                "restricted",
                "{containers: [{name: a, lifecycle: {postStart: {httpGet: {host: 127.0.0.1}}}}]}",
                Some("probe or lifecycle host (container \"a\" uses probe or lifecycle host \"127.0.0.1\")"),
            ),
        ],
    );
}

#[test]
fn privileged_containers() {
    check(
        &PRIVILEGED,
        &[
            ("baseline", &contexts("{}", "{privileged: false}", "{}", "null"), None),
            (
                "baseline",
                &contexts("{}", "{privileged: true}", "{}", "{privileged: true}"),
                Some("privileged (containers \"i\", \"b\" must not set securityContext.privileged=true)"),
            ),
        ],
    );
}

#[test]
fn proc_is_masked() {
    let spec = |users: &str| {
        format!("{{hostUsers: {users}, containers: [{{name: a, securityContext: {{procMount: Unmasked}}}}]}}")
    };
    let forbidden =
        Some("procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")");
    check(
        &PROC_MOUNT,
        &[
            ("baseline", &contexts("{}", "{}", "{procMount: Default}", "null"), None),
            ("baseline", &spec("true"), forbidden),
            ("baseline", &spec("null"), forbidden),
            ("baseline", &spec("false"), None),
            ("baseline:v1.34", &spec("false"), forbidden),
            ("restricted:v1.34", &spec("false"), forbidden),
            ("restricted", &spec("true"), None),
        ],
    );
    check(
        &PROC_MOUNT_RESTRICTED,
        &[
            ("restricted", &spec("false"), forbidden),
            ("restricted", &spec("true"), forbidden),
            ("restricted:v1.34", &spec("true"), None),
        ],
    );
}

#[test]
fn root_is_excluded() {
    let (yes, no) = ("{runAsNonRoot: true}", "{runAsNonRoot: false}");
    check(
        &RUN_AS_NON_ROOT,
        &[
            ("restricted", &contexts(yes, "{}", "{}", "null"), None),
            ("restricted", &contexts("null", yes, yes, yes), None),
            (
                "restricted",
                &contexts("{}", yes, "{}", "null"),
                Some(
                    "runAsNonRoot != true (pod or containers \"a\", \"b\" must set securityContext.runAsNonRoot=true)",
                ),
            ),
            (
                "restricted:v1.0",
                &contexts(no, "{}", no, yes),
                Some(
                    "runAsNonRoot != true (pod and container \"a\" must not set securityContext.runAsNonRoot=false)",
                ),
            ),
            (
                "restricted",
                &contexts(yes, "{}", no, yes),
                Some(
                    "runAsNonRoot != true (container \"a\" must not set securityContext.runAsNonRoot=false)",
                ),
            ),
            ("restricted", "{hostUsers: false, containers: [{name: a}]}", None),
            (
                "restricted:v1.34",
                "{hostUsers: false, containers: [{name: a}]}",
                Some(
                    "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)",
                ),
            ),
        ],
    );
    check(
        &RUN_AS_USER,
        &[
            ("restricted", &contexts("{runAsUser: 1}", "{}", "{runAsUser: 1000}", "null"), None),
            ("restricted:v1.22", &contexts("{runAsUser: 0}", "{}", "{}", "{}"), None),
            (
                "restricted:v1.23",
                &contexts("{runAsUser: 0}", "{runAsUser: 0}", "{}", "{}"),
                Some("runAsUser=0 (pod and container \"i\" must not set runAsUser=0)"),
            ),
            ("restricted", "{hostUsers: false, securityContext: {runAsUser: 0}}", None),
            (
                "restricted:v1.34",
                "{hostUsers: false, securityContext: {runAsUser: 0}}",
                Some("runAsUser=0 (pod must not set runAsUser=0)"),
            ),
        ],
    );
}

#[test]
fn options_of_se_linux() {
    let options = |options: &str| format!("{{seLinuxOptions: {options}}}");
    check(
        &SE_LINUX_OPTIONS,
        &[
            (
                "baseline:v1.0",
                &contexts(
                    &options("{type: container_t, level: s0}"),
                    &options("{type: container_init_t}"),
                    &options("{type: container_kvm_t}"),
                    &options("{}"),
                ),
                None,
            ),
            ("baseline:v1.31", &contexts(&options("{type: container_engine_t}"), "{}", "{}", "{}"), None),
            (
                "baseline:v1.30",
                &contexts(&options("{type: container_engine_t}"), "{}", "{}", "{}"),
                Some(
                    "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"container_engine_t\")",
                ),
            ),
            (
                "restricted",
                &contexts(&options("{type: b}"), "{}", &options("{type: a, user: u}"), &options("{role: r}")),
                Some(
                    "seLinuxOptions (pod and containers \"a\", \"b\" set forbidden securityContext.seLinuxOptions: \
                     types \"a\", \"b\"; user may not be set; role may not be set)",
                ),
            ),
        ],
    );
}

#[test]
fn seccomp_profiles() {
    let profile = |name: &str| format!("{{seccompProfile: {{type: {name}}}}}");
    let (default, open) = (profile("RuntimeDefault"), profile("Unconfined"));
    let mixed = contexts(&open, "{}", &open, &default);
    let forbidden = Some(
        "seccompProfile (pod and container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\")",
    );
    check(
        &SECCOMP_BASELINE,
        &[
            ("baseline", &contexts(&default, "{}", &profile("Localhost"), "null"), None),
            ("baseline", &contexts("{}", "{}", "{}", "null"), None),
            ("baseline:v1.18", &mixed, None),
            ("baseline:v1.19", &mixed, forbidden),
            ("restricted", &mixed, None),
        ],
    );
    check(
        &SECCOMP_RESTRICTED,
        &[
            ("restricted", &contexts(&default, "{}", "{}", "null"), None),
            ("restricted", &contexts("{}", &default, &default, &profile("Localhost")), None),
            ("restricted:v1.19", &mixed, forbidden),
            (
                "restricted",
                &contexts("{}", &default, "{}", "null"),
                Some(
                    "seccompProfile (pod or containers \"a\", \"b\" must set securityContext.seccompProfile.type to \
                     \"RuntimeDefault\" or \"Localhost\")",
                ),
            ),
            ("restricted:v1.18", "{containers: [{name: a}]}", None),
            ("restricted:v1.25", "{os: {name: windows}, containers: [{name: a}]}", None),
            (
                "restricted:v1.24",
                "{os: {name: windows}, containers: [{name: a}]}",
                Some(
                    "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \
                     \"RuntimeDefault\" or \"Localhost\")",
                ),
            ),
        ],
    );
}

#[test]
fn seccomp_annotations_of_former_versions() {
    let found = |version: &str| {
        let pod = "{metadata: {annotations: {seccomp.security.alpha.kubernetes.io/pod: docker/default, \
                   container.seccomp.security.alpha.kubernetes.io/a: unconfined, \
                   container.seccomp.security.alpha.kubernetes.io/none: unconfined}}, spec: {containers: [{name: a}]}}";
        violations(&format!("baseline:{version}"), pod, Version::DEFAULT)
    };
    assert_eq!(
        found("v1.18"),
        ["seccompProfile_baseline: seccompProfile (forbidden annotation \
             container.seccomp.security.alpha.kubernetes.io/a=\"unconfined\")"]
    );
    assert_eq!(found("v1.19"), [""; 0]);
}

#[test]
fn sysctls_grew_with_the_versions() {
    let spec = |name: &str| format!("{{securityContext: {{sysctls: [{{name: {name}, value: '0'}}]}}}}");
    for (name, since) in [
        ("kernel.shm_rmid_forced", 0),
        ("net.ipv4.ip_local_port_range", 0),
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.ping_group_range", 0),
        ("net.ipv4.ip_unprivileged_port_start", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_fin_timeout", 29),
        ("net.ipv4.tcp_keepalive_intvl", 29),
        ("net.ipv4.tcp_keepalive_probes", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_wmem", 32),
        ("net.ipv4.tcp_slow_start_after_idle", 37),
        ("net.ipv4.tcp_notsent_lowat", 37),
    ] {
        check(&SYSCTLS, &[(&format!("baseline:v1.{since}"), &spec(name), None)]);
        if since > 0 {
            let expected = format!("forbidden sysctls ({name})");
            check(&SYSCTLS, &[(&format!("baseline:v1.{}", since - 1), &spec(name), Some(&expected))]);
        }
    }
    check(
        &SYSCTLS,
        &[(
            "restricted",
            "{securityContext: {sysctls: [{name: b}, {name: a}]}}",
            Some("forbidden sysctls (b, a)"),
        )],
    );
}

#[test]
fn processes_of_windows_nodes() {
    let (yes, no) = ("{windowsOptions: {hostProcess: true}}", "{windowsOptions: {hostProcess: false}}");
    check(
        &WINDOWS_HOST_PROCESS,
        &[
            ("baseline", &contexts(no, "{windowsOptions: {}}", no, "null"), None),
            (
                "baseline:v1.0",
                &contexts(yes, yes, no, "null"),
                Some(
                    "hostProcess (pod and container \"i\" must not set securityContext.windowsOptions.hostProcess=true)",
                ),
            ),
        ],
    );
}

#[test]
fn a_server_knows_no_later_version_than_its_own() {
    let spec = "{spec: {containers: [{name: a, livenessProbe: {httpGet: {host: x}}}]}}";
    for (server, count) in [(Version::V1_33, 0), (Version::V1_34, 1)] {
        for policy in ["baseline", "baseline:v1.34", "baseline:v1.99"] {
            assert_eq!(violations(policy, spec, server).len(), count, "{policy} {server}");
        }
    }
}

#[test]
fn paths_point_into_the_workload() {
    let root = read_fragment(
        b"{spec: {template: {spec: {securityContext: {runAsUser: 0}, containers: [{name: a, ports: [{}, {hostPort: 1}]}]}}}}",
    )
    .unwrap();
    let workload = Workload::from_root("apps", "StatefulSet", &root).unwrap();
    let found = evaluate("restricted".parse().unwrap(), workload.template(), Version::DEFAULT);
    let paths = |control: &Control| {
        let found = found.iter().find(|violation| violation.control.id == control.id);
        found.map(|violation| violation.paths.clone()).unwrap_or_default()
    };
    assert_eq!(paths(&HOST_PORTS), ["spec.template.spec.containers[0].ports[1].hostPort"]);
    assert_eq!(paths(&RUN_AS_USER), ["spec.template.spec.securityContext.runAsUser"]);
    assert_eq!(paths(&RUN_AS_NON_ROOT), ["spec.template.spec.containers[0].securityContext.runAsNonRoot"]);
}

#[test]
fn the_list_is_in_the_order_of_the_plugin() {
    let order: Vec<_> = CONTROLS.iter().map(|control| (control.level, control.id)).collect();
    assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
    for control in CONTROLS {
        assert!(control.revisions.is_sorted_by(|a, b| a.since < b.since), "{}", control.id);
    }
}
