use crate::manifest::parse;
use crate::{Version, validate};
use plimsoll_diag::{Diagnostic, Severity, SourceKind, Sources};
use plimsoll_yaml::ReadOptions;

fn diagnostics(manifest: &str, version: Version) -> Vec<Diagnostic> {
    let sources = Sources::new();
    let source = sources.add("pod.yaml", manifest, SourceKind::File);
    let mut diagnostics = Vec::new();
    let objects = parse(&sources, source, "pod.yaml", &ReadOptions::strict()).take(&mut diagnostics).unwrap();
    for object in &objects {
        validate(object, version, &mut diagnostics);
    }
    diagnostics
}

/// The findings for a manifest: `path rule` for each error, `path warning` for each warning.
fn list_findings(manifest: &str, version: Version) -> Vec<String> {
    diagnostics(manifest, version)
        .iter()
        .map(|diagnostic| {
            let rule = diagnostic.rule.map_or("", |rule| rule.id);
            let what = match diagnostic.severity {
                Severity::Error => rule.trim_start_matches("k8s/"),
                Severity::Warning | Severity::Info => "warning",
            };
            format!("{} {what}", diagnostic.path.as_deref().unwrap_or_default())
        })
        .collect()
}

fn indented(text: &str, by: usize) -> String {
    text.lines().flat_map(|line| [" ".repeat(by).as_str(), line, "\n"].map(str::to_owned)).collect()
}

/// The findings for a pod of one container, given the rest of its spec.
fn pod(spec: &str) -> Vec<String> {
    pod_of(Version::DEFAULT, "", spec)
}

/// The findings for a pod of one container, given the rest of the container.
fn container(rest: &str) -> Vec<String> {
    let findings = pod_of(Version::DEFAULT, rest, "");
    findings.iter().map(|line| line.replace("spec.containers[0].", "")).collect()
}

fn pod_of(version: Version, container: &str, spec: &str) -> Vec<String> {
    let manifest = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    image: i\n{}{}",
        indented(container, 4),
        indented(spec, 2)
    );
    list_findings(&manifest, version)
}

/// The findings for the pod template of a `StatefulSet` with one claim template, `data`.
fn template(spec: &str) -> Vec<String> {
    let manifest = format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: s}}\nspec:\n  serviceName: s\n  \
         selector: {{matchLabels: {{app: s}}}}\n  volumeClaimTemplates:\n  - metadata: {{name: data}}\n    \
         spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n  template:\n    \
         metadata: {{labels: {{app: s}}}}\n    spec:\n{}",
        indented(spec, 6)
    );
    let findings = list_findings(&manifest, Version::DEFAULT);
    findings.iter().map(|line| line.replace("spec.template.spec.", "")).collect()
}

#[test]
fn a_plain_pod_is_fine() {
    assert_eq!(pod(""), [""; 0]);
    assert_eq!(
        template("containers: [{name: c, image: i, volumeMounts: [{name: data, mountPath: /d}]}]"),
        [""; 0]
    );
}

#[test]
fn containers_need_names_images_and_each_other_apart() {
    assert_eq!(template("containers: []"), ["containers required"]);
    assert_eq!(
        template("containers: [null, {name: A_b, image: ' '}]"),
        ["containers[0].name required", "containers[0].image required", "containers[1].name invalid-value"]
    );
    assert_eq!(
        template(
            "containers: [{name: a, image: i}, {name: a, image: i}]\ninitContainers: [{name: a, image: i}]"
        ),
        ["containers[1].name duplicate-value", "initContainers[0].name duplicate-value"]
    );
    // Only a pod minds space around an image.
    assert_eq!(template("containers: [{name: a, image: ' i'}]"), [""; 0]);
    assert_eq!(
        pod("initContainers: [{name: a, image: ' i'}]"),
        ["spec.initContainers[0].image invalid-value"]
    );
}

#[test]
fn init_containers_have_no_probes_unless_they_run_on() {
    let init = |policy: &str| {
        template(&format!(
            "containers: [{{name: c, image: i}}]\n\
             initContainers: [{{name: a, image: i, {policy} startupProbe: {{exec: {{command: [x]}}}}}}]"
        ))
    };
    assert_eq!(init("restartPolicy: Always,"), [""; 0]);
    assert_eq!(init("restartPolicy: Never,"), ["initContainers[0].startupProbe forbidden"]);
    assert_eq!(init(""), ["initContainers[0].startupProbe forbidden"]);
}

#[test]
fn restart_policies_of_containers_depend_on_the_version() {
    let rules = "restartPolicy: Never\nrestartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [1]}}]";
    let findings = |version| pod_of(version, rules, "");
    assert_eq!(findings(Version::V1_36), [""; 0]);
    assert_eq!(
        findings(Version::V1_35),
        ["spec.containers[0].restartPolicyRules[0].action unsupported-value"]
    );
    assert_eq!(pod_of(Version::V1_34, "restartPolicy: Never", ""), [""; 0]);
    assert_eq!(
        pod_of(Version::V1_33, "restartPolicy: Never", ""),
        ["spec.containers[0].restartPolicy forbidden"]
    );
    assert_eq!(
        container("restartPolicyRules: [{action: Stop, exitCodes: {operator: Eq}}, {action: Restart}]"),
        [
            "restartPolicy required",
            "restartPolicyRules[0].action unsupported-value",
            "restartPolicyRules[0].exitCodes.operator unsupported-value",
            "restartPolicyRules[1].exitCodes required",
        ]
    );
}

#[test]
fn ports_are_numbered_named_and_not_shared() {
    assert_eq!(
        container(
            "ports:\n- {name: '80', containerPort: 0}\n- {name: a, containerPort: 65536, protocol: tcp}\n- {name: a, containerPort: 1, hostPort: -1}"
        ),
        [
            "ports[0].name invalid-value",
            "ports[0].containerPort required",
            "ports[1].containerPort invalid-value",
            "ports[1].protocol unsupported-value",
            "ports[2].name duplicate-value",
            "ports[2].hostPort invalid-value",
        ]
    );
    assert_eq!(
        container(
            "ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9, protocol: TCP}, {containerPort: 3, hostPort: 9, hostIP: 10.0.0.1}]"
        ),
        ["ports[1].hostPort duplicate-value"]
    );
    // In the host's network an absent host port of a pod is the container's.
    assert_eq!(
        pod_of(
            Version::DEFAULT,
            "ports: [{containerPort: 1}, {containerPort: 2, hostPort: 3}]",
            "hostNetwork: true"
        ),
        ["spec.containers[0].ports[1].hostPort invalid-value"]
    );
}

#[test]
fn the_environment_takes_one_source_each() {
    assert_eq!(
        container(
            "env:\n- {name: ''}\n- {name: a=b}\n- {name: a, valueFrom: {}}\n- {name: b, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}"
        ),
        [
            "env[0].name required",
            "env[1].name invalid-value",
            "env[2].valueFrom invalid-value",
            "env[3].valueFrom invalid-value"
        ]
    );
    assert_eq!(
        container(
            "envFrom: [{configMapRef: {name: A}}, {secretRef: {}}, {prefix: 'a=b', configMapRef: {name: a}, secretRef: {name: b}}, {}]"
        ),
        [
            "envFrom[0].configMapRef.name invalid-value",
            "envFrom[1].secretRef.name required",
            "envFrom[2].prefix invalid-value",
            "envFrom invalid-value",
            "envFrom invalid-value",
        ]
    );
}

#[test]
fn field_references_name_what_a_pod_has() {
    let field = |path: &str| {
        container(&format!("env: [{{name: a, valueFrom: {{fieldRef: {{fieldPath: \"{path}\"}}}}}}]"))
    };
    for fine in [
        "metadata.name",
        "metadata.labels['app']",
        "metadata.annotations['A/b']",
        "status.podIPs",
        "spec.host",
    ] {
        assert_eq!(field(fine), [""; 0], "{fine}");
    }
    let at = "env[0].valueFrom.fieldRef";
    assert_eq!(field("metadata.labels"), [format!("{at}.fieldPath unsupported-value")]);
    assert_eq!(field("metadata.labels['a b']"), [format!("{at} invalid-value")]);
    for bad in ["metadata.name['a']", "spec.restartPolicies"] {
        assert_eq!(field(bad), [format!("{at}.fieldPath invalid-value")], "{bad}");
    }
    assert_eq!(field(""), [format!("{at}.fieldPath required")]);

    let resource =
        |rest: &str| container(&format!("env: [{{name: a, valueFrom: {{resourceFieldRef: {{{rest}}}}}}}]"));
    assert_eq!(resource("resource: limits.cpu, divisor: 1000m"), [""; 0]);
    assert_eq!(resource("resource: limits.memory, divisor: 1024Ki"), [""; 0]);
    assert_eq!(
        resource("resource: limits.cpu, divisor: 2"),
        ["env[0].valueFrom.resourceFieldRef.divisor invalid-value"]
    );
    assert_eq!(resource("resource: cpu"), ["env[0].valueFrom.resourceFieldRef.resource unsupported-value"]);
}

#[test]
fn keys_from_files_need_an_empty_directory() {
    let variable = "env: [{name: a, valueFrom: {fileKeyRef: {key: k, path: a/../b, volumeName: v}}}]";
    let at = "spec.containers[0].env[0].valueFrom";
    assert_eq!(
        pod_of(Version::DEFAULT, variable, "volumes: [{name: v, hostPath: {path: /x}}]"),
        [format!("{at}.fileKeyRef.path invalid-value"), format!("{at}.fileKeyRef.volumeName invalid-value")]
    );
    // The gate is off: the field is dropped, and nothing is left.
    assert_eq!(pod_of(Version::V1_34, variable, ""), [format!("{at} invalid-value")]);
}

#[test]
fn mounts_name_volumes_and_go_to_places_of_their_own() {
    let mounts = |mounts: &str| {
        let findings = pod_of(Version::DEFAULT, &format!("volumeMounts: [{mounts}]"), "volumes: [{name: v}]");
        findings.iter().map(|line| line.replace("spec.containers[0].volumeMounts", "")).collect::<Vec<_>>()
    };
    assert_eq!(mounts("{name: v, mountPath: /a, subPath: a/b, recursiveReadOnly: Disabled}"), [""; 0]);
    assert_eq!(
        mounts("{name: w, mountPath: /a}, {name: v, mountPath: /a}, {name: v}"),
        ["[0].name not-found", "[1].mountPath invalid-value", "[2].mountPath required"]
    );
    // The server leaves the index out of these paths.
    assert_eq!(mounts("{name: v, mountPath: /a, subPath: ../b}"), [".subPath invalid-value"]);
    assert_eq!(
        mounts("{name: v, mountPath: /a, subPath: b, subPathExpr: /c}"),
        ["[0].subPathExpr invalid-value", ".subPathExpr invalid-value"]
    );
    assert_eq!(
        mounts("{name: v, mountPath: /a, mountPropagation: Bidirectional}"),
        [".mountPropagation forbidden"]
    );
    assert_eq!(
        mounts("{name: v, mountPath: /a, recursiveReadOnly: Enabled, mountPropagation: HostToContainer}"),
        [".recursiveReadOnly forbidden"; 2]
    );
}

#[test]
fn a_mount_of_nothing_learns_what_there_is() {
    let help = |name: &str| {
        let manifest = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  volumes: [{{name: config}}, {{name: data}}]\n  \
             containers: [{{name: c, image: i, volumeMounts: [{{name: {name}, mountPath: /a}}]}}]\n"
        );
        diagnostics(&manifest, Version::DEFAULT)[0].help.join("; ")
    };
    assert_eq!(help("confg"), "did you mean `config`?");
    assert_eq!(help("tmp"), "there is `config`, `data`");
}

#[test]
fn devices_are_claims() {
    let findings = template(
        "volumes: [{name: v}]\ncontainers:\n- name: c\n  image: i\n  volumeMounts: [{name: data, mountPath: /data}]\n  \
         volumeDevices: [{name: v, devicePath: /dev/a}, {name: w, devicePath: ../b}, {name: data, devicePath: /data}]",
    );
    let at = "containers[0]";
    assert_eq!(
        findings,
        [
            format!("{at}.volumeMounts[0].name invalid-value"),
            format!("{at}.volumeMounts[0].mountPath invalid-value"),
            format!("{at}.volumeDevices[0].name invalid-value"),
            format!("{at}.volumeDevices[1].name not-found"),
            format!("{at}.volumeDevices[1].devicePath invalid-value"),
            format!("{at}.volumeDevices[2].name invalid-value"),
            format!("{at}.volumeDevices[2].devicePath invalid-value"),
        ]
    );
}

#[test]
fn a_volume_with_an_error_cannot_be_mounted() {
    // The claim's volume comes first, and takes the place of one of its name.
    assert_eq!(
        template(
            "volumes: [{name: data, hostPath: {}}, {name: v, hostPath: {path: /a, type: Folder}}]\n\
             containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v}, {name: data, mountPath: /d}]}]"
        ),
        ["volumes[1].hostPath.type unsupported-value", "containers[0].volumeMounts[0].name not-found"]
    );
}

#[test]
fn each_kind_of_volume_has_its_rules() {
    let volume = |source: &str| {
        let findings = pod(&format!("volumes: [{{name: v, {source}}}]"));
        let errors = findings.iter().filter(|line| !line.ends_with(" warning"));
        errors.map(|line| line.replace("spec.volumes[0].", "")).collect::<Vec<_>>().join(", ")
    };
    for (source, expected) in [
        ("", ""),
        ("emptyDir: {}, hostPath: {path: /a}", "hostPath forbidden"),
        ("emptyDir: {sizeLimit: -1}", "emptyDir.sizeLimit forbidden"),
        ("hostPath: {path: /a/../b}", "hostPath.path invalid-value"),
        ("gitRepo: {repository: r, directory: /a}", "gitRepo.directory invalid-value"),
        (
            "gcePersistentDisk: {pdName: '', partition: 256}",
            "persistentDisk.pdName required, persistentDisk.partition invalid-value",
        ),
        ("secret: {}", "secret.secretName required"),
        ("secret: {secretName: s, defaultMode: 512}", "secret.defaultMode invalid-value"),
        ("configMap: {name: c, items: [{key: k, path: ..a}]}", "configMap.items[0].path invalid-value"),
        ("nfs: {server: s, path: a}", "nfs.path invalid-value"),
        ("iscsi: {targetPortal: t, iqn: 'iqn.2001-04.com.example:a', lun: 0}", ""),
        (
            "iscsi: {targetPortal: t, iqn: 'iqn.2001.com:a', lun: 256}",
            "iscsi.iqn invalid-value, iscsi.lun invalid-value",
        ),
        (
            "iscsi: {targetPortal: t, iqn: naa.62004567BA64678D0123456789ABCDEF, lun: 0, chapAuthSession: true}",
            "iscsi.secretRef required",
        ),
        ("persistentVolumeClaim: {claimName: ''}", "persistentVolumeClaim.claimName required"),
        ("emptyDir: {}, cephfs: {monitors: [a]}", "cephFS forbidden"),
        ("emptyDir: {}, downwardAPI: {}", "downwarAPI forbidden"),
        (
            "downwardAPI: {items: [{path: /a, fieldRef: {fieldPath: spec.nodeName}}]}",
            "downwardAPI.path invalid-value, downwardAPI.fieldRef.fieldPath unsupported-value",
        ),
        (
            "downwardAPI: {items: [{path: a, resourceFieldRef: {resource: limits.cpu}}]}",
            "downwardAPI.resourceFieldRef.containerName required",
        ),
        ("downwardAPI: {items: [{path: a}]}", "downwardAPI required"),
        ("fc: {targetWWNs: [a], wwids: [b]}", "fc.targetWWNs invalid-value, fc.lun required"),
        (
            "flexVolume: {driver: d, options: {kubernetes.io/a: b}}",
            "flexVolume.options[kubernetes.io/a] invalid-value",
        ),
        ("azureDisk: {diskName: d, diskURI: /subscriptions/a}", "azureDisk.diskURI unsupported-value"),
        ("quobyte: {registry: 'a:1,b', volume: v}", "quobyte.registry invalid-value"),
        ("csi: {driver: Secrets.Example.Net}", ""),
        (
            "csi: {driver: a_b, nodePublishSecretRef: {name: A}}",
            "csi.driver invalid-value, csi.name invalid-value",
        ),
        ("ephemeral: {}", "ephemeral.volumeClaimTemplate required"),
        ("image: {pullPolicy: Sometimes}", "image.reference required, image.pullPolicy unsupported-value"),
        ("projected: {sources: [{}]}", ""),
        (
            "projected: {sources: [{secret: {name: s}, configMap: {}}]}",
            "projected.sources[0].configMap.name required, projected.sources[0] forbidden",
        ),
        (
            "projected: {sources: [{secret: {name: s, items: [{key: a, path: a}, {key: b, path: a}]}}]}",
            "projected invalid-value",
        ),
    ] {
        assert_eq!(volume(source), expected, "{source}");
    }
    let token = "volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: ../t, expirationSeconds: 60}}]}}]";
    assert_eq!(
        template(&format!("containers: [{{name: c, image: i}}]\n{token}")),
        [
            "volumes[1].projected.sources[0].serviceAccountToken.expirationSeconds invalid-value",
            "volumes[1].projected.path invalid-value"
        ]
    );
}

/// Values that are fine, or dropped unread, in one of two versions and refused by the other: of the container, of the
/// spec, the first of the versions that follow the newer rule, what the older and the newer one say.
#[test]
fn rules_change_with_their_feature_gates() {
    type Row<'a> = (&'a str, &'a str, Version, &'a [&'a str], &'a [&'a str]);
    let affinity = "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: \
                    [{matchExpressions: [{key: a, operator: In, values: ['b c']}]}]}}}";
    let keys = "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                [{topologyKey: a, matchLabelKeys: [b]}]}}";
    let mount = "volumeMounts: [{name: v, mountPath: /a, recursiveReadOnly: Enabled}]";
    let rows: [Row<'_>; 9] = [
        ("env: [{name: 1 a}]", "", Version::V1_32, &["spec.containers[0].env[0].name invalid-value"], &[]),
        (
            "",
            "dnsConfig: {searches: [_a.b, .]}",
            Version::V1_33,
            &["spec.dnsConfig.searches[0] invalid-value", "spec.dnsConfig.searches[1] invalid-value"],
            &[],
        ),
        (
            "lifecycle: {preStop: {sleep: {seconds: 0}}}",
            "",
            Version::V1_33,
            &["spec.containers[0].lifecycle.preStop.sleep invalid-value"],
            &[],
        ),
        (
            "securityContext: {procMount: x}",
            "",
            Version::V1_33,
            &[],
            &["spec.containers[0].securityContext.procMount unsupported-value"],
        ),
        (
            "resizePolicy: [{resourceName: x, restartPolicy: NotRequired}]",
            "",
            Version::V1_33,
            &[],
            &["spec.containers[0].resizePolicy unsupported-value"],
        ),
        ("", "hostUsers: false\nhostPID: true", Version::V1_33, &[], &["spec.HostPID forbidden"]),
        (
            mount,
            "volumes: [{name: v, emptyDir: {}}]",
            Version::V1_31,
            &[],
            &["spec.containers[0].volumeMounts.recursiveReadOnly forbidden"],
        ),
        (
            "",
            affinity,
            Version::V1_33,
            &[],
            &[
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]\
             .matchExpressions[0].values[0] invalid-value",
            ],
        ),
        (
            "",
            keys,
            Version::V1_31,
            &[],
            &[
                "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys forbidden",
            ],
        ),
    ];
    for (container, spec, since, older, newer) in rows {
        let before = Version::from_minor(since.minor() - 1).unwrap();
        let text = format!("{container} {spec}");
        let errors = |version| {
            let findings = pod_of(version, container, spec);
            findings.into_iter().filter(|line| !line.ends_with("warning")).collect::<Vec<_>>()
        };
        assert_eq!(errors(before), older, "{text} in {before}");
        assert_eq!(errors(since), newer, "{text} in {since}");
    }
}

#[test]
fn trust_bundles_are_projected_since_1_37() {
    let bundle = |version, rest: &str| {
        let findings = pod_of(
            version,
            "",
            &format!("volumes: [{{name: v, projected: {{sources: [{{clusterTrustBundle: {{{rest}}}}}]}}}}]"),
        );
        findings.join(", ").replace("spec.volumes[0].projected.sources[0].clusterTrustBundle", "")
    };
    // The field is dropped, and the server then warns of a source that holds nothing.
    assert_eq!(bundle(Version::V1_36, "path: /a"), "spec.volumes[0].projected.sources[0] warning");
    for (rest, expected) in [
        ("name: 'example.com:signer:a', path: a", ""),
        ("signerName: example.com/signer, labelSelector: {}, path: a", ""),
        ("signerName: signer, path: /a", ".signerName invalid-value, .path invalid-value"),
        ("name: A, signerName: b", " invalid-value, .path required"),
        ("path: a", " required"),
    ] {
        assert_eq!(bundle(Version::V1_37, rest), expected, "{rest}");
    }
}

#[test]
fn certificates_of_pods_are_projected_since_1_37() {
    let findings = |version, certificate: &str| {
        pod_of(
            version,
            "",
            &format!(
                "volumes: [{{name: v, projected: {{sources: [{{podCertificate: {{{certificate}}}}}]}}}}]"
            ),
        )
    };
    let good = "signerName: example.net/a, keyType: ED25519, credentialBundlePath: a";
    assert_eq!(findings(Version::V1_37, good), [""; 0]);
    assert_eq!(findings(Version::V1_36, "keyType: x"), ["spec.volumes[0].projected.sources[0] warning"]);
    assert_eq!(
        findings(Version::V1_37, "signerName: kubernetes.io/a, keyType: RSA, maxExpirationSeconds: 86401"),
        [
            "spec.volumes[0].projected.sources[0].podCertificate.keyType unsupported-value",
            "spec.volumes[0].projected.sources[0].podCertificate.maxExpirationSeconds invalid-value",
            "spec.volumes[0].projected.sources[0].podCertificate required",
        ]
    );
    assert_eq!(
        findings(Version::V1_37, &format!("{good}, keyPath: a, maxExpirationSeconds: 1")),
        [
            "spec.volumes[0].projected.sources[0].podCertificate.maxExpirationSeconds invalid-value",
            "spec.volumes[0].projected invalid-value",
        ]
    );
}

#[test]
fn images_as_volumes_are_dropped_where_their_gate_is_off() {
    let mount = "volumeMounts: [{name: v, mountPath: /v, subPath: ..}]";
    let volume = "volumes: [{name: v, image: {reference: r}}]";
    assert_eq!(pod_of(Version::V1_34, mount, volume), [""; 0]);
    assert_eq!(
        pod_of(Version::V1_36, mount, volume),
        ["spec.containers[0].volumeMounts.subPath invalid-value"]
    );
}

#[test]
fn probes_have_one_handler_and_sane_numbers() {
    assert_eq!(
        container(
            "livenessProbe: {}\nreadinessProbe: {exec: {command: [a]}, successThreshold: 3, terminationGracePeriodSeconds: 1}\nstartupProbe: {exec: {}, httpGet: {port: 80}, successThreshold: 2}"
        ),
        [
            "livenessProbe required",
            "startupProbe.exec.command required",
            "startupProbe.httpGet forbidden",
            "startupProbe.successThreshold invalid-value",
            "readinessProbe.terminationGracePeriodSeconds invalid-value",
        ]
    );
    let probe = |rest: &str| {
        let findings = container(&format!("livenessProbe: {{{rest}}}"));
        findings.iter().map(|line| line.replace("livenessProbe.", "")).collect::<Vec<_>>().join(", ")
    };
    for (rest, expected) in [
        ("httpGet: {port: http}, successThreshold: 0, timeoutSeconds: 0", ""),
        (
            "httpGet: {port: '80', scheme: http}",
            "httpGet.port invalid-value, httpGet.scheme unsupported-value",
        ),
        ("httpGet: {port: 80, httpHeaders: [{name: a b, value: x}]}", "httpGet.httpHeaders invalid-value"),
        ("tcpSocket: {}", "tcpSocket.port invalid-value"),
        ("grpc: {port: 70000}", "grpc.port invalid-value"),
        (
            "grpc: {port: 1}, periodSeconds: -1, terminationGracePeriodSeconds: 0",
            "periodSeconds invalid-value, terminationGracePeriodSeconds invalid-value",
        ),
    ] {
        assert_eq!(probe(rest), expected, "{rest}");
    }
}

#[test]
fn hooks_sleep_no_longer_than_the_pod_has() {
    let sleep =
        |seconds: i64| container(&format!("lifecycle: {{preStop: {{sleep: {{seconds: {seconds}}}}}}}"));
    assert_eq!(sleep(0), [""; 0]);
    assert_eq!(sleep(30), [""; 0]);
    assert_eq!(sleep(31), ["lifecycle.preStop.sleep invalid-value"]);
    assert_eq!(container("lifecycle: {postStart: {}}"), ["lifecycle.postStart required"]);
}

#[test]
fn resources_are_known_whole_and_within_their_limits() {
    let resources = |rest: &str| {
        let findings = container(&format!("resources: {{{rest}}}"));
        findings.iter().map(|line| line.replace("resources", "")).collect::<Vec<_>>().join(", ")
    };
    for (rest, expected) in [
        ("limits: {cpu: 1, memory: 1Gi, example.net/gpu: 1}, requests: {cpu: 500m, example.net/gpu: 1}", ""),
        ("limits: {cpu: 1}, requests: {cpu: 1001m}", ".requests invalid-value"),
        ("limits: {cpu: -1}", ".limits[cpu] invalid-value"),
        (
            "limits: {CPU: 1, storage: 1Gi, a b: 1}",
            ".limits[CPU] invalid-value, .limits[storage] invalid-value, .limits[a b] invalid-value",
        ),
        ("limits: {example.net/gpu: 1500m}", ".limits[example.net/gpu] invalid-value"),
        ("requests: {example.net/gpu: 1}", ".limits required"),
        ("limits: {example.net/gpu: 2}, requests: {example.net/gpu: 1}", ".requests invalid-value"),
        ("limits: {hugepages-2Mi: 4Mi}", " forbidden"),
        ("limits: {hugepages-2Mi: 3Mi, cpu: 1}", ".limits[hugepages-2Mi] invalid-value"),
        ("limits: {cpu: null}, requests: {cpu: 1}", ".requests invalid-value"),
    ] {
        assert_eq!(resources(rest), expected, "{rest}");
    }
}

#[test]
fn claims_of_resources_are_declared_once() {
    let claims =
        "resourceClaims: [{name: a, resourceClaimName: x}, {name: a, resourceClaimName: x}, {name: b}]";
    let uses = "resources: {claims: [{name: a, request: r}, {name: a}, {name: c}]}";
    assert_eq!(
        pod_of(Version::V1_36, uses, claims),
        [
            "spec.resourceClaims[1].name duplicate-value",
            "spec.resourceClaims[2] invalid-value",
            "spec.containers[0].resources.claims[1] duplicate-value",
            "spec.containers[0].resources.claims[2] not-found",
        ]
    );
    assert_eq!(pod_of(Version::V1_33, uses, claims), [""; 0]);
}

#[test]
fn the_pods_resources_bound_those_of_its_containers() {
    let pod = |spec: &str| pod_of(Version::V1_36, "resources: {requests: {cpu: 1}, limits: {cpu: 2}}", spec);
    assert_eq!(pod("resources: {requests: {cpu: 1}, limits: {cpu: 2}}"), [""; 0]);
    assert_eq!(
        pod("resources: {requests: {cpu: 500m}, limits: {cpu: 1500m, ephemeral-storage: 1}}"),
        [
            "spec.resources.limits[ephemeral-storage] invalid-value",
            "spec.resources.requests[cpu] invalid-value",
            "spec.resources.containers[0][cpu].limits invalid-value",
        ]
    );
    // What the pod does not request itself its containers do.
    assert_eq!(
        pod("resources: {limits: {cpu: 500m}}"),
        ["spec.resources.requests invalid-value", "spec.resources.containers[0][cpu].limits invalid-value"]
    );
    // A sidecar runs beside the containers; an init container before them.
    let init = "initContainers:\n- {name: s, image: i, restartPolicy: Always, resources: {requests: {cpu: 1}}}\n- {name: j, image: i, resources: {requests: {cpu: 3}}}\n";
    assert_eq!(pod(&format!("{init}resources: {{requests: {{cpu: 4}}}}")), [""; 0]);
    assert_eq!(
        pod(&format!("{init}resources: {{requests: {{cpu: 3}}}}")),
        ["spec.resources.requests[cpu] invalid-value"]
    );
}

#[test]
fn security_contexts_do_not_contradict_themselves() {
    assert_eq!(
        pod(
            "hostUsers: false\nhostPID: true\nshareProcessNamespace: true\nsecurityContext: {runAsUser: -1, fsGroup: 2147483648, supplementalGroups: [0, -2], fsGroupChangePolicy: Never, seLinuxChangePolicy: MountOption, supplementalGroupsPolicy: Any}"
        ),
        [
            "spec.securityContext.shareProcessNamespace invalid-value",
            "spec.securityContext.fsGroup invalid-value",
            "spec.securityContext.runAsUser invalid-value",
            "spec.securityContext.supplementalGroups[1] invalid-value",
            "spec.securityContext.fsGroupChangePolicy unsupported-value",
            "spec.securityContext.supplementalGroupsPolicy unsupported-value",
            "spec.securityContext.seLinuxChangePolicy unsupported-value",
            "spec.HostPID forbidden",
        ]
    );
    let context = |rest: &str| {
        let findings = container(&format!("securityContext: {{{rest}}}"));
        findings.iter().map(|line| line.replace("securityContext", "")).collect::<Vec<_>>().join(", ")
    };
    for (rest, expected) in [
        ("privileged: true", ""),
        ("privileged: true, allowPrivilegeEscalation: false", " invalid-value"),
        ("allowPrivilegeEscalation: false, capabilities: {add: [CAP_SYS_ADMIN]}", " invalid-value"),
        ("procMount: Unmasked", ".procMount invalid-value"),
        ("seccompProfile: {type: Localhost}", ".seccompProfile.localhostProfile required"),
        (
            "seccompProfile: {type: Localhost, localhostProfile: /a}",
            ".seccompProfile.localhostProfile invalid-value",
        ),
        (
            "seccompProfile: {type: RuntimeDefault, localhostProfile: a}",
            ".seccompProfile.localhostProfile invalid-value",
        ),
        ("seccompProfile: {type: runtime/default}", ".seccompProfile.type unsupported-value"),
        (
            "appArmorProfile: {type: Localhost, localhostProfile: ' a'}",
            ".appArmorProfile.localhostProfile invalid-value",
        ),
        ("appArmorProfile: {}", ".appArmorProfile.type required"),
        ("windowsOptions: {runAsUserName: 'a\\b\\c'}", ".windowsOptions.runAsUserName invalid-value"),
        ("windowsOptions: {runAsUserName: 'NT AUTHORITY\\SYSTEM'}", ""),
        ("windowsOptions: {runAsUserName: '...'}", ".windowsOptions.runAsUserName invalid-value"),
    ] {
        assert_eq!(context(rest), expected, "{rest}");
    }
}

#[test]
fn sysctls_are_named_once_and_not_the_hosts() {
    let sysctls = |host: &str, names: &[&str]| {
        let list: Vec<_> = names.iter().map(|name| format!("{{name: {name}, value: '1'}}")).collect();
        let list = list.join(", ");
        pod(&format!("{host}\nsecurityContext: {{sysctls: [{list}]}}"))
    };
    assert_eq!(sysctls("", &["net.ipv4.tcp_syncookies", "net/ipv4/conf/eno2.100/rp_filter"]), [""; 0]);
    assert_eq!(
        sysctls("", &["Net.core", "a..b", "a.b", "a.b"]),
        [
            "spec.securityContext.sysctls[0].name invalid-value",
            "spec.securityContext.sysctls[1].name invalid-value",
            "spec.securityContext.sysctls[3].name duplicate-value",
        ]
    );
    assert_eq!(
        sysctls("hostNetwork: true", &["net.core.somaxconn", "net/core/somaxconn", "kernel.sem"]),
        [
            "spec.securityContext.sysctls[0].name invalid-value",
            "spec.securityContext.sysctls[1].name invalid-value"
        ]
    );
    assert_eq!(
        sysctls("hostIPC: true", &["kernel.shmmax"]),
        ["spec.securityContext.sysctls[0].name invalid-value"]
    );
}

#[test]
fn operating_systems_have_options_of_their_own() {
    assert_eq!(pod("os: {}"), ["spec.os.name required"]);
    assert_eq!(pod("os: {name: darwin}"), ["spec.os unsupported-value"]);
    assert_eq!(
        pod_of(
            Version::DEFAULT,
            "securityContext: {runAsUser: 1, runAsNonRoot: true}",
            "os: {name: windows}\nhostPID: true\nsecurityContext: {fsGroup: 1}"
        ),
        [
            "spec.securityContext.fsGroup forbidden",
            "spec.hostPID forbidden",
            "spec.containers[0].securityContext.runAsUser forbidden"
        ]
    );
    let host_process = "securityContext: {windowsOptions: {hostProcess: true}}";
    assert_eq!(
        pod_of(Version::DEFAULT, host_process, "os: {name: windows}"),
        ["spec.hostNetwork invalid-value"]
    );
    assert_eq!(
        pod_of(Version::DEFAULT, host_process, "os: {name: linux}\nhostNetwork: true"),
        ["spec.containers[0].securityContext.windowsOptions forbidden"]
    );
}

#[test]
fn annotations_that_fields_replaced_are_still_checked() {
    let annotated = |annotations: &str, rest: &str| {
        list_findings(
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, annotations: {{{annotations}}}}}\nspec:\n  containers: [{{name: c, image: i{rest}}}]\n"
            ),
            Version::DEFAULT,
        )
    };
    assert_eq!(
        annotated("container.apparmor.security.beta.kubernetes.io/d: x", ""),
        ["metadata.annotations[container.apparmor.security.beta.kubernetes.io/d] invalid-value"; 2]
    );
    assert_eq!(
        annotated(
            "container.apparmor.security.beta.kubernetes.io/c: unconfined",
            ", securityContext: {appArmorProfile: {type: RuntimeDefault}}"
        ),
        ["spec.containers[0].securityContext.appArmorProfile.type forbidden"]
    );
    assert_eq!(
        annotated("seccomp.security.alpha.kubernetes.io/pod: localhost/../a", ""),
        [
            "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod invalid-value",
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod] warning",
        ]
    );
    let tolerations =
        |json: &str| annotated(&format!("scheduler.alpha.kubernetes.io/tolerations: '{json}'"), "");
    assert_eq!(
        tolerations(r#"[{"Key": "a", "operator": "Exists", "other": 1}, null]"#),
        ["metadata.annotations.scheduler.alpha.kubernetes.io/tolerations[1].operator invalid-value"]
    );
    for bad in ["{}", "[", r#"[{"key": 1}]"#, r#"[{"tolerationSeconds": "1"}]"#] {
        assert_eq!(tolerations(bad), ["metadata.annotations invalid-value"], "{bad}");
    }
    assert_eq!(
        annotated("controller.kubernetes.io/pod-deletion-cost: '01', kubernetes.io/config.mirror: x", ""),
        [
            "metadata.annotations[kubernetes.io/config.mirror] invalid-value",
            "metadata.annotations[controller.kubernetes.io/pod-deletion-cost] invalid-value",
        ]
    );
}

#[test]
fn only_the_metadata_of_a_sets_template_is_checked_before_1_34() {
    let manifest = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  serviceName: s\n  \
                    selector: {matchLabels: {app: s}}\n  template:\n    metadata: {labels: {app: s}, annotations: \
                    {kubernetes.io/config.mirror: x}}\n    spec: {containers: [{name: A}]}\n";
    let mirror = "spec.template.annotations[kubernetes.io/config.mirror] invalid-value";
    let at = "spec.template.spec.containers[0]";
    assert_eq!(list_findings(manifest, Version::V1_33), [mirror]);
    let aliased =
        manifest.replace("spec: {containers", "spec: {hostAliases: [{ip: '::1'}, {ip: '::1'}], containers");
    assert_eq!(
        list_findings(&aliased, Version::V1_33),
        [mirror, "spec.template.spec.hostAliases[1].ip warning"]
    );
    assert_eq!(
        list_findings(manifest, Version::V1_34),
        [mirror, &format!("{at}.name invalid-value"), &format!("{at}.image required")]
    );
}

#[test]
fn affinity_selects_by_what_can_be() {
    let node = "requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a b, operator: In}, {key: a, operator: Exists, values: [x]}, {key: a, operator: Gt, values: [1 2]}, {key: a, operator: Eq}], matchFields: [{key: metadata.name, operator: In, values: [a, b]}, {key: metadata.uid, operator: Exists}]}]}";
    let at = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]";
    assert_eq!(
        pod(&format!("affinity: {{nodeAffinity: {{{node}}}}}")),
        [
            "matchExpressions[0].values required",
            "matchExpressions[0].key invalid-value",
            "matchExpressions[1].values forbidden",
            "matchExpressions[2].values[0] invalid-value",
            "matchExpressions[3].operator invalid-value",
            "matchFields[0].values required",
            "matchFields[1].operator invalid-value",
            "matchFields[1].key invalid-value",
        ]
        .map(|line| format!("{at}.{line}"))
    );
    assert_eq!(
        pod(
            "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, podAffinityTerm: {labelSelector: {}, namespaces: [A], matchLabelKeys: [a], mismatchLabelKeys: [a], topologyKey: ''}}]}}"
        ),
        [
            "weight invalid-value",
            "podAffinityTerm.namespace invalid-value",
            "podAffinityTerm.matchLabelKeys[0] invalid-value",
            "podAffinityTerm.topologyKey required",
            "podAffinityTerm.topologyKey invalid-value",
            "podAffinityTerm.topologyKey invalid-value",
        ]
        .map(|line| format!(
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].{line}"
        ))
    );
}

#[test]
fn pods_spread_by_one_constraint_of_each_kind() {
    assert_eq!(
        template(
            "containers: [{name: c, image: i}]\ntopologySpreadConstraints:\n\
             - {maxSkew: 0, topologyKey: '', whenUnsatisfiable: Never, labelSelector: {}}\n\
             - {maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, minDomains: 1, nodeTaintsPolicy: x, matchLabelKeys: [k]}\n\
             - {maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {k: v}}, matchLabelKeys: [k]}"
        ),
        [
            "topologySpreadConstraints[0].maxSkew invalid-value",
            "topologySpreadConstraints[0].topologyKey required",
            "topologySpreadConstraints[0].whenUnsatisfiable unsupported-value",
            "topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable} duplicate-value",
            "topologySpreadConstraints[1].minDomains invalid-value",
            "topologySpreadConstraints[1].nodeTaintsPolicy unsupported-value",
            "topologySpreadConstraints[1].matchLabelKeys forbidden",
            "topologySpreadConstraints[1].labelSelector warning",
        ]
    );
}

#[test]
fn tolerations_are_complete() {
    let toleration = |rest: &str| {
        pod(&format!("tolerations: [{{{rest}}}]")).join(", ").replace("spec.tolerations[0].", "")
    };
    for (rest, expected) in [
        ("operator: Exists", ""),
        ("key: a, value: b, effect: NoExecute, tolerationSeconds: -1", ""),
        ("value: b", "operator invalid-value"),
        ("key: a, operator: Exists, value: b", "operator invalid-value"),
        ("key: a b, operator: In", "key invalid-value, operator unsupported-value"),
        ("key: a, effect: NoSchedule, tolerationSeconds: 1", "effect invalid-value"),
        ("key: a, effect: Never", "effect unsupported-value"),
    ] {
        assert_eq!(toleration(rest), expected, "{rest}");
    }
}

#[test]
fn names_and_addresses_resolve() {
    assert_eq!(
        pod(
            "dnsPolicy: None\nhostAliases: [{ip: 1.2.3, hostnames: [A_b]}]\nhostname: a.b\nsubdomain: A\nhostnameOverride: a_b\nsetHostnameAsFQDN: true"
        ),
        [
            "spec.dnsConfig required",
            "spec.hostnameOverride forbidden",
            "spec.hostnameOverride invalid-value",
            "spec.hostname invalid-value",
            "spec.subdomain invalid-value",
            "spec.hostAliases[0].ip invalid-value",
            "spec.hostAliases[0].hostnames[0] invalid-value",
        ]
    );
    assert_eq!(
        pod(
            "dnsPolicy: Custom\ndnsConfig: {nameservers: [a, 1.1.1.1, 1.1.1.2, 1.1.1.3], searches: [., a_b., A], options: [{value: x}]}"
        ),
        [
            "spec.dnsPolicy unsupported-value",
            "spec.dnsConfig.nameservers invalid-value",
            "spec.dnsConfig.nameservers[0] invalid-value",
            "spec.dnsConfig.searches[2] invalid-value",
            "spec.dnsConfig.options[0] required",
        ]
    );
}

#[test]
fn the_rest_of_the_spec_is_checked_too() {
    assert_eq!(
        pod(
            "restartPolicy: Sometimes\nactiveDeadlineSeconds: 0\npreemptionPolicy: ''\noverhead: {cpu: -1}\nnodeSelector: {a b: c}\nschedulingGates: [{name: a}, {name: a}]\nnodeName: node\nreadinessGates: [{conditionType: a b}]\nserviceAccount: A\npriorityClassName: A\nruntimeClassName: ''"
        ),
        [
            "spec.restartPolicy unsupported-value",
            "spec.nodeSelector invalid-value",
            "spec.readinessGates[0].conditionType invalid-value",
            "spec.schedulingGates[1] duplicate-value",
            "spec.serviceAccountName invalid-value",
            "spec.priorityClassName invalid-value",
            "spec.activeDeadlineSeconds invalid-value",
            "spec.runtimeClassName invalid-value",
            "spec.preemptionPolicy required",
            "spec.overhead.limits[cpu] invalid-value",
            "spec.nodeName forbidden",
        ]
    );
    // A set names its pods.
    assert_eq!(template("containers: [{name: c, image: i}]\nhostname: A\nsubdomain: B"), [""; 0]);
    assert_eq!(
        template(
            "containers: [{name: c, image: i}]\nephemeralContainers: [{name: c, image: i, targetContainerName: d, ports: [{containerPort: 1}]}]"
        ),
        [
            "ephemeralContainers[0].name duplicate-value",
            "ephemeralContainers[0].targetContainerName not-found",
            "ephemeralContainers[0].ports forbidden",
            "ephemeralContainers forbidden",
        ]
    );
}

#[test]
fn nodes_are_named_by_labels_that_they_can_have() {
    assert_eq!(
        pod(
            "nodeSelector: {node-role.kubernetes.io/master: ''}\naffinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: beta.kubernetes.io/os, operator: Exists}]}]}, preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: In, values: [b, c d]}]}}]}}"
        ),
        [
            "spec.nodeSelector[node-role.kubernetes.io/master] warning",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key warning",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[1] warning",
        ]
    );
}

#[test]
fn ephemeral_containers_are_told_apart_and_have_few_fields() {
    let findings = pod(
        "ephemeralContainers: [{name: e, image: i, resources: {}}, {name: e, image: i, livenessProbe: {}}]",
    );
    assert_eq!(
        findings,
        [
            "spec.ephemeralContainers[1].name duplicate-value",
            "spec.ephemeralContainers[1].livenessProbe forbidden",
            "spec.ephemeralContainers forbidden",
        ]
    );
}

#[test]
fn the_labels_that_a_pod_is_matched_by_are_added_to_the_selector() {
    let pod = |labels: &str| {
        list_findings(
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, labels: {{{labels}}}}}\nspec:\n  \
                 containers: [{{name: c, image: i}}]\n  affinity: {{podAffinity: {{\
                 requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: t, matchLabelKeys: [k], \
                 labelSelector: {{matchLabels: {{k: v}}}}}}]}}}}\n"
            ),
            Version::DEFAULT,
        )
    };
    assert!(pod("").is_empty());
    assert_eq!(
        pod("k: v"),
        ["spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0] invalid-value"]
    );
}

#[test]
fn what_is_taken_with_a_warning() {
    assert_eq!(
        container(
            "env: [{name: A, value: a}, {name: A, value: '$(A)b'}, {name: A, value: c}]\nresources: {limits: {memory: 100m}}\nports: [{containerPort: 1}, {containerPort: 1, hostIP: 10.0.0.1}]"
        ),
        ["resources.limits[memory] warning", "env[2] warning", "ports[1] warning", "ports[1] warning"]
    );
    assert_eq!(
        pod(
            "terminationGracePeriodSeconds: -1\nimagePullSecrets: [{name: a}, {name: a}, {}]\nnodeSelector: {beta.kubernetes.io/os: linux}\nvolumes: [{name: v, configMap: {name: c, items: [{key: a, path: a}, {key: b, path: a/b}]}}, {name: w, rbd: {monitors: [m], image: i}}]"
        ),
        [
            "spec.nodeSelector[beta.kubernetes.io/os] warning",
            "spec.volumes[1].rbd warning",
            "spec.volumes[0].configMap.items[1].path warning",
            "spec.imagePullSecrets[1].name warning",
            "spec.imagePullSecrets[2].name warning",
        ]
    );
}
