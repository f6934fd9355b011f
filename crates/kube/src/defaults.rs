//! Objects as the API server stores them: zero values dropped, quantities canonical, defaults filled in.
//!
//! [`store`] turns a manifest into what a read from the server would show, as far as that follows from
//! the manifest. Two manifests that spell the same object differently give the same stored object.
//! The rules are those of `pkg/apis/*/v1/defaults.go`; each function names its model.

use super::{Version, quantity};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// The stored form of the object `root`, in place.
///
/// Objects of unknown groups (custom resources) only lose their nulls, server-set metadata and status:
/// what their defaults are is not known.
pub fn store(group: &str, kind: &str, root: &mut Node) {
    let metrics_in_v1 = (group, kind) == ("autoscaling", "HorizontalPodAutoscaler")
        && root.get("apiVersion").and_then(Node::as_str) == Some("autoscaling/v1");
    strip_server_fields(group, root);
    if !is_builtin(group) {
        drop_nulls(root);
        return;
    }
    if kind == "Secret" {
        fold_string_data(root);
    }
    if group != "apiextensions.k8s.io" {
        normalise(root, "");
    }
    fill(group, kind, root);
    if let (true, Some(map)) = (metrics_in_v1, root.as_map_mut()) {
        metrics_of_v1(map);
    }
}

/// Whether a group's kinds are part of Kubernetes itself.
pub fn is_builtin(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "policy" | "autoscaling" | "extensions") || {
        group.strip_suffix(".k8s.io").is_some_and(|prefix| {
            matches!(
                prefix,
                "networking"
                    | "rbac.authorization"
                    | "storage"
                    | "scheduling"
                    | "admissionregistration"
                    | "coordination"
                    | "discovery"
                    | "node"
                    | "events"
                    | "apiextensions"
                    | "apiregistration"
                    | "certificates"
                    | "flowcontrol.apiserver"
                    | "resource"
            )
        })
    }
}

/// What the server alone decides: it ignores these in a manifest, or a manifest has no say in them.
fn strip_server_fields(group: &str, root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    if !matches!(group, "apiextensions.k8s.io") || map.contains_key("spec") {
        map.remove("status");
    }
    map.remove("apiVersion");
    map.remove("kind");
    if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
        metadata.retain(|entry| {
            !matches!(
                entry.key.as_str(),
                "creationTimestamp"
                    | "deletionTimestamp"
                    | "deletionGracePeriodSeconds"
                    | "generation"
                    | "resourceVersion"
                    | "selfLink"
                    | "uid"
                    | "managedFields"
                    | "namespace"
            )
        });
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
            annotations.retain(|entry| {
                !matches!(
                    entry.key.as_str(),
                    "kubectl.kubernetes.io/last-applied-configuration" | "deployment.kubernetes.io/revision"
                )
            });
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
}

/// Drops the fields that are null, at any depth.
pub fn drop_nulls(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|entry| !entry.value.is_null());
            map.iter_mut().for_each(|entry| drop_nulls(&mut entry.value));
        }
        Value::Seq(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// `stringData` is written into `data` and never stored (`Convert_v1_Secret_To_core_Secret`).
fn fold_string_data(root: &mut Node) {
    use base64::Engine as _;
    let Some(map) = root.as_map_mut() else { return };
    let Some(plain) = map.remove("stringData") else { return };
    let Value::Map(plain) = plain.value.value else { return };
    let data = ensure_map(map, "data");
    for entry in plain {
        if let Some(text) = entry.value.as_str() {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            data.insert(entry.key, entry.key_span, Node::new(Value::String(encoded), entry.value.span));
        }
    }
}

/// Maps of free keys: what they hold is data, so only nulls and quantities are looked at.
fn is_free_map(field: &str) -> bool {
    matches!(
        field,
        "labels"
            | "annotations"
            | "matchLabels"
            | "nodeSelector"
            | "data"
            | "binaryData"
            | "stringData"
            | "parameters"
            | "volumeAttributes"
            | "mutablePrefixes"
    ) || holds_quantities(field)
}

fn holds_quantities(field: &str) -> bool {
    matches!(
        field,
        "limits"
            | "requests"
            | "capacity"
            | "overhead"
            | "podFixed"
            | "hard"
            | "default"
            | "defaultRequest"
            | "max"
            | "min"
            | "maxLimitRequestRatio"
    )
}

/// Whether `field` below `parent` holds one quantity.
pub fn is_quantity(parent: &str, field: &str) -> bool {
    holds_quantities(parent)
        || matches!(field, "sizeLimit" | "divisor" | "averageValue" | "maximumVolumeSize")
        || matches!((parent, field), ("target", "value") | ("scaleUp" | "scaleDown", "tolerance"))
}

/// Drops what Go's encoding of the typed object would not keep: nulls, empty lists and free maps, and
/// zero values of fields that are no pointers. Quantities take their canonical form.
fn normalise(node: &mut Node, parent: &str) {
    match &mut node.value {
        Value::Map(map) => {
            let pod_spec = map.contains_key("containers");
            map.retain(|entry| {
                if entry.value.is_null() {
                    return false;
                }
                let field = entry.key.as_str();
                if let Value::Map(inner) = &mut entry.value.value
                    && is_free_map(field)
                {
                    inner.retain(|entry| !entry.value.is_null());
                    if holds_quantities(field) {
                        inner.iter_mut().for_each(|entry| canonical_quantity(&mut entry.value));
                    }
                    return !inner.is_empty();
                }
                if is_quantity(parent, field) {
                    canonical_quantity(&mut entry.value);
                }
                normalise(&mut entry.value, field);
                match &entry.value.value {
                    Value::Map(inner) => !(inner.is_empty() && is_value_struct(field, parent, pod_spec)),
                    Value::Seq(items) => !items.is_empty(),
                    Value::String(text) => !text.is_empty() || is_string_pointer(parent, field),
                    Value::Bool(false) => !is_plain_bool(parent, field),
                    Value::Int(0) => !is_plain_int(parent, field),
                    _ => true,
                }
            });
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| normalise(item, parent)),
        _ => {}
    }
}

fn canonical_quantity(node: &mut Node) {
    if let Ok(text) = quantity::stored(node) {
        node.value = Value::String(text);
    }
}

/// Structs held by value: an empty one is the same as none.
fn is_value_struct(field: &str, parent: &str, pod_spec: bool) -> bool {
    match field {
        "resources" => !(pod_spec && parent == "spec"),
        "metadata" | "status" | "strategy" | "updateStrategy" => true,
        "podSelector" => parent == "spec",
        _ => false,
    }
}

/// Fields of type `*string`: an empty one is not the same as none.
fn is_string_pointer(parent: &str, field: &str) -> bool {
    match field {
        "storageClassName" => parent == "spec",
        "runtimeClassName"
        | "volumeAttributesClassName"
        | "loadBalancerClass"
        | "ingressClassName"
        | "appProtocol"
        | "timeZone"
        | "localhostProfile"
        | "managedBy"
        | "trafficDistribution"
        | "hostnameOverride"
        | "gmsaCredentialSpec"
        | "runAsUserName"
        | "identity"
        | "holderIdentity"
        | "ipFamilyPolicy" => true,
        "type" => parent == "hostPath",
        "service" => parent == "grpc",
        "fsType" => parent == "csi",
        "value" => parent == "options",
        "apiGroup" => matches!(parent, "dataSource" | "dataSourceRef"),
        _ => false,
    }
}

/// Fields of type `bool`: `false` is the same as none.
fn is_plain_bool(parent: &str, field: &str) -> bool {
    match field {
        "hostNetwork"
        | "hostPID"
        | "hostIPC"
        | "stdin"
        | "stdinOnce"
        | "tty"
        | "publishNotReadyAddresses"
        | "paused"
        | "globalDefault"
        | "unschedulable" => true,
        "readOnly" => parent != "csi",
        _ => false,
    }
}

/// Fields of an integer type that is no pointer: zero is the same as none.
fn is_plain_int(parent: &str, field: &str) -> bool {
    match field {
        "minReadySeconds"
        | "initialDelaySeconds"
        | "timeoutSeconds"
        | "periodSeconds"
        | "successThreshold"
        | "failureThreshold"
        | "hostPort"
        | "nodePort"
        | "healthCheckNodePort"
        | "start"
        | "targetPort" => parent != "clientIP",
        "partition" => parent != "rollingUpdate",
        _ => false,
    }
}

/// The defaults of each kind.
fn fill(group: &str, kind: &str, root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    match (group, kind) {
        ("apps" | "extensions", "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet") => {
            let spec = ensure_map(map, "spec");
            match kind {
                "StatefulSet" => stateful_set(spec),
                "Deployment" => deployment(spec),
                "DaemonSet" => daemon_set(spec),
                _ => default(spec, "replicas", 1),
            }
            template(spec);
        }
        ("batch", "Job") => job(map),
        ("batch", "CronJob") => cron_job(ensure_map(map, "spec")),
        ("", "Pod") => pod(ensure_map(map, "spec")),
        ("", "PodTemplate") => template(map),
        ("", "ReplicationController") => {
            let spec = ensure_map(map, "spec");
            default(spec, "replicas", 1);
            template(spec);
        }
        ("", "Service") => service(ensure_map(map, "spec")),
        ("", "PersistentVolumeClaim") => {
            let spec = ensure_map(map, "spec");
            default(spec, "volumeMode", "Filesystem");
            drop_legacy_source(spec);
            mirror_data_source(spec);
        }
        ("", "PersistentVolume") => {
            let spec = ensure_map(map, "spec");
            default(spec, "persistentVolumeReclaimPolicy", "Retain");
            default(spec, "volumeMode", "Filesystem");
            volume_source(spec);
        }
        ("", "Secret") => default(map, "type", "Opaque"),
        ("", "Namespace") => namespace(map),
        ("", "LimitRange") => {
            each(ensure_map(map, "spec"), "limits", limit_range_item);
        }
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(ensure_map(map, "spec")),
        ("networking.k8s.io", "NetworkPolicy") => network_policy(ensure_map(map, "spec")),
        ("networking.k8s.io", "IngressClass") => {
            if let Some(parameters) = ensure_map(map, "spec").get_mut("parameters").and_then(Node::as_map_mut)
            {
                default(parameters, "scope", "Cluster");
            }
        }
        ("storage.k8s.io", "StorageClass") => {
            default(map, "reclaimPolicy", "Delete");
            default(map, "volumeBindingMode", "Immediate");
        }
        ("storage.k8s.io", "CSIDriver") => csi_driver(ensure_map(map, "spec")),
        ("scheduling.k8s.io", "PriorityClass") => default(map, "preemptionPolicy", "PreemptLowerPriority"),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(map),
        // `SetDefaults_EndpointPort`; an empty name is dropped as any empty string.
        ("discovery.k8s.io", "EndpointSlice") => each(map, "ports", |port| default(port, "protocol", "TCP")),
        ("apiregistration.k8s.io", "APIService") => {
            if let Some(service) = ensure_map(map, "spec").get_mut("service").and_then(Node::as_map_mut) {
                default(service, "port", 443);
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(ensure_map(map, "spec")),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => {
            each(map, "webhooks", |webhook| webhook_defaults(webhook, kind));
        }
        _ => {}
    }
}

/// `SetDefaults_StatefulSet`.
fn stateful_set(spec: &mut Map) {
    default(spec, "podManagementPolicy", "OrderedReady");
    stateful_set_strategy(ensure_map(spec, "updateStrategy"));
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    let retention = ensure_map(spec, "persistentVolumeClaimRetentionPolicy");
    default(retention, "whenDeleted", "Retain");
    default(retention, "whenScaled", "Retain");
    // Written even if it is zero.
    if let Some(ordinals) = spec.get_mut("ordinals").and_then(Node::as_map_mut) {
        default(ordinals, "start", 0);
    }
    each(spec, "volumeClaimTemplates", |claim| {
        for field in ["apiVersion", "kind", "status"] {
            claim.remove(field);
        }
        default(ensure_map(claim, "spec"), "volumeMode", "Filesystem");
    });
}

/// Unlike those of Deployments and DaemonSets, a strategy that names its type gets no `rollingUpdate`: only one
/// that is written, or comes with the default type, gets its partition.
fn stateful_set_strategy(strategy: &mut Map) {
    if text(strategy, "type").is_empty() {
        default(strategy, "type", "RollingUpdate");
        ensure_map(strategy, "rollingUpdate");
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut)
    {
        default(rolling, "partition", 0);
    }
}

/// What feature gates make of a stored object: the gate `MaxUnavailableStatefulSet` is on since 1.37. Where it is off the
/// field is dropped (`dropStatefulSetDisabledFields`), where it is on it has a default.
pub fn gate(version: Version, group: &str, kind: &str, root: &mut Node) {
    if (group, kind) != ("apps", "StatefulSet") {
        return;
    }
    let strategy = root
        .as_map_mut()
        .and_then(|map| map.get_mut("spec")?.as_map_mut()?.get_mut("updateStrategy")?.as_map_mut());
    let Some(strategy) = strategy else { return };
    let rolling_update = text(strategy, "type") == "RollingUpdate";
    let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut) else { return };
    if version < Version::V1_37 {
        rolling.remove("maxUnavailable");
    } else if rolling_update {
        default(rolling, "maxUnavailable", 1);
    }
}

/// `SetDefaults_Deployment`.
fn deployment(spec: &mut Map) {
    default(spec, "replicas", 1);
    let strategy = ensure_map(spec, "strategy");
    default(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        let rolling = ensure_map(strategy, "rollingUpdate");
        default(rolling, "maxUnavailable", "25%");
        default(rolling, "maxSurge", "25%");
    }
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "progressDeadlineSeconds", 600);
}

/// `SetDefaults_DaemonSet`.
fn daemon_set(spec: &mut Map) {
    let strategy = ensure_map(spec, "updateStrategy");
    default(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        let rolling = ensure_map(strategy, "rollingUpdate");
        default(rolling, "maxUnavailable", 1);
        default(rolling, "maxSurge", 0);
    }
    default(spec, "revisionHistoryLimit", 10);
}

/// `SetDefaults_Job`.
fn job(root: &mut Map) {
    let spec = ensure_map(root, "spec");
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        default(spec, "completions", 1);
    }
    default(spec, "parallelism", 1);
    let backoff = if spec.contains_key("backoffLimitPerIndex") { i64::from(i32::MAX) } else { 6 };
    default(spec, "backoffLimit", backoff);
    default(spec, "completionMode", "NonIndexed");
    default(spec, "suspend", false);
    default(spec, "manualSelector", false);
    let replacement = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    default(spec, "podReplacementPolicy", replacement);
    if let Some(policy) = spec.get_mut("podFailurePolicy").and_then(Node::as_map_mut) {
        each(policy, "rules", |rule| each(rule, "onPodConditions", |it| default(it, "status", "True")));
    }
    template(spec);
    let labels = root.get("spec").and_then(|spec| spec.at(&["template", "metadata", "labels"])).cloned();
    if let Some(labels) = labels {
        let metadata = ensure_map(root, "metadata");
        if !metadata.contains_key("labels") {
            metadata.insert("labels", Span::NONE, labels);
        }
    }
}

/// `SetDefaults_CronJob`: the job template gets the defaults of pods, not those of jobs.
fn cron_job(spec: &mut Map) {
    default(spec, "concurrencyPolicy", "Allow");
    default(spec, "suspend", false);
    default(spec, "successfulJobsHistoryLimit", 3);
    default(spec, "failedJobsHistoryLimit", 1);
    if let Some(job) = spec.get_mut("jobTemplate").and_then(Node::as_map_mut) {
        template(ensure_map(job, "spec"));
    }
}

/// The pod template below `holder`.
fn template(holder: &mut Map) {
    if let Some(template) = holder.get_mut("template").and_then(Node::as_map_mut) {
        pod_spec(ensure_map(template, "spec"));
    }
}

/// `SetDefaults_Pod`, which pod templates do not get.
fn pod(spec: &mut Map) {
    default(spec, "enableServiceLinks", true);
    let host_network = spec.get("hostNetwork").and_then(Node::as_bool).unwrap_or_default();
    for list in ["containers", "initContainers"] {
        each(spec, list, |container| {
            if let Some(resources) = container.get_mut("resources").and_then(Node::as_map_mut)
                && let Some(limits) = resources.get("limits").and_then(Node::as_map).cloned()
            {
                let requests = ensure_map(resources, "requests");
                for limit in limits {
                    if !requests.contains_key(&limit.key) {
                        requests.push(limit);
                    }
                }
            }
            if host_network {
                each(container, "ports", |port| {
                    if let Some(number) = port.get("containerPort").cloned() {
                        default(port, "hostPort", number.value);
                    }
                });
            }
        });
    }
    pod_spec(spec);
}

/// `SetDefaults_PodSpec` and what hangs below it.
fn pod_spec(spec: &mut Map) {
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "restartPolicy", "Always");
    default(spec, "securityContext", Map::new());
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "schedulerName", "default-scheduler");
    // `serviceAccount` is an alias that the server keeps in step (`Convert_v1_PodSpec_To_core_PodSpec`).
    if let Some(account) = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")).cloned() {
        spec.insert("serviceAccountName", Span::NONE, account.clone());
        spec.insert("serviceAccount", Span::NONE, account);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list, container);
    }
    each(spec, "volumes", volume);
}

/// `SetDefaults_Container`.
fn container(container: &mut Map) {
    let policy =
        if image_tag(text(container, "image")) == Some("latest") { "Always" } else { "IfNotPresent" };
    default(container, "imagePullPolicy", policy);
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    each(container, "ports", |port| default(port, "protocol", "TCP"));
    each(container, "env", |variable| {
        if let Some(source) = variable.get_mut("valueFrom").and_then(Node::as_map_mut) {
            field_source(source);
        }
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(name).and_then(Node::as_map_mut) {
            default(probe, "timeoutSeconds", 1);
            default(probe, "periodSeconds", 10);
            default(probe, "successThreshold", 1);
            default(probe, "failureThreshold", 3);
            action(probe);
        }
    }
    if let Some(lifecycle) = container.get_mut("lifecycle").and_then(Node::as_map_mut) {
        for name in ["postStart", "preStop"] {
            if let Some(handler) = lifecycle.get_mut(name).and_then(Node::as_map_mut) {
                action(handler);
            }
        }
    }
}

/// `SetDefaults_HTTPGetAction`, and the service of a gRPC probe.
fn action(handler: &mut Map) {
    if let Some(get) = handler.get_mut("httpGet").and_then(Node::as_map_mut) {
        default(get, "path", "/");
        default(get, "scheme", "HTTP");
    }
    if let Some(grpc) = handler.get_mut("grpc").and_then(Node::as_map_mut) {
        default(grpc, "service", "");
    }
}

/// `SetDefaults_ObjectFieldSelector`; the divisor of a resource field is a struct and never absent.
fn field_source(source: &mut Map) {
    if let Some(field) = source.get_mut("fieldRef").and_then(Node::as_map_mut) {
        default(field, "apiVersion", "v1");
    }
    if let Some(resource) = source.get_mut("resourceFieldRef").and_then(Node::as_map_mut) {
        default(resource, "divisor", "0");
    }
}

/// The tag of an image; `latest` where it has neither tag nor digest (`parsers.ParseImageName`).
pub fn image_tag(image: &str) -> Option<&str> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, tag)) => Some(tag),
        None if digest.is_none() => Some("latest"),
        None => None,
    }
}

/// `SetDefaults_Volume`.
fn volume(volume: &mut Map) {
    if volume.iter().all(|entry| entry.key == "name") {
        default(volume, "emptyDir", Map::new());
    }
    volume_source(volume);
}

/// The defaults of the sources of volumes and persistent volumes.
fn volume_source(holder: &mut Map) {
    for (source, fields) in SOURCE_DEFAULTS {
        if let Some(source) = holder.get_mut(source).and_then(Node::as_map_mut) {
            for (field, value) in *fields {
                default(source, field, *value);
            }
        }
    }
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if let Some(source) = holder.get_mut(source).and_then(Node::as_map_mut) {
            default(source, "defaultMode", 0o644);
            each(source, "items", field_source);
            each(source, "sources", |projection| {
                if let Some(token) = projection.get_mut("serviceAccountToken").and_then(Node::as_map_mut) {
                    default(token, "expirationSeconds", 3600);
                }
                if let Some(api) = projection.get_mut("downwardAPI").and_then(Node::as_map_mut) {
                    each(api, "items", field_source);
                }
            });
        }
    }
    if let Some(disk) = holder.get_mut("azureDisk").and_then(Node::as_map_mut) {
        default(disk, "readOnly", false);
    }
    if let Some(image) = holder.get_mut("image").and_then(Node::as_map_mut) {
        let latest = image_tag(text(image, "reference")) == Some("latest");
        default(image, "pullPolicy", if latest { "Always" } else { "IfNotPresent" });
    }
    if let Some(claim) = holder
        .get_mut("ephemeral")
        .and_then(Node::as_map_mut)
        .and_then(|ephemeral| ephemeral.get_mut("volumeClaimTemplate"))
        .and_then(Node::as_map_mut)
    {
        default(ensure_map(claim, "spec"), "volumeMode", "Filesystem");
    }
}

/// Text defaults of volume sources: `SetDefaults_*VolumeSource`.
const SOURCE_DEFAULTS: &[(&str, &[(&str, &str)])] = &[
    ("hostPath", &[("type", "")]),
    ("azureDisk", &[("cachingMode", "ReadWrite"), ("kind", "Shared"), ("fsType", "ext4")]),
    ("iscsi", &[("iscsiInterface", "default")]),
    ("rbd", &[("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")]),
    ("scaleIO", &[("storageMode", "ThinProvisioned"), ("fsType", "xfs")]),
];

/// `SetDefaults_Service`.
fn service(spec: &mut Map) {
    default(spec, "sessionAffinity", "None");
    match text(spec, "sessionAffinity") {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let config = ensure_map(spec, "sessionAffinityConfig");
            default(ensure_map(config, "clientIP"), "timeoutSeconds", 10800);
        }
        _ => {}
    }
    default(spec, "type", "ClusterIP");
    each(spec, "ports", |port| {
        default(port, "protocol", "TCP");
        if let Some(number) = port.get("port").cloned() {
            default(port, "targetPort", number.value);
        }
    });
    let kind = text(spec, "type").to_owned();
    let external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || (kind == "ClusterIP" && spec.contains_key("externalIPs"));
    if external {
        default(spec, "externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        default(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// `EnforceDataSourceBackwardsCompatibility`: `dataSource` can name a claim or a snapshot; anything else is dropped.
fn drop_legacy_source(spec: &mut Map) {
    let Some(source) = spec.get("dataSource").and_then(Node::as_map) else { return };
    let known = [("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io")];
    if !known.contains(&(text(source, "kind"), text(source, "apiGroup")))
        && !spec.contains_key("dataSourceRef")
    {
        spec.remove("dataSource");
    }
}

/// `NormalizeDataSources`: each of the two fields is filled in from the other, unless the source is in another
/// namespace, which only `dataSourceRef` can say.
pub fn mirror_data_source(spec: &mut Map) {
    match (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned()) {
        (Some(source), None) => default(spec, "dataSourceRef", source.value),
        (None, Some(source)) if source.get("namespace").is_none() => {
            default(spec, "dataSource", source.value);
        }
        _ => {}
    }
}

/// `SetDefaults_Namespace`.
fn namespace(root: &mut Map) {
    let metadata = ensure_map(root, "metadata");
    if let Some(name) = metadata.get("name").cloned() {
        ensure_map(metadata, "labels").insert("kubernetes.io/metadata.name", Span::NONE, name);
    }
}

/// `SetDefaults_LimitRangeItem`.
fn limit_range_item(item: &mut Map) {
    if text(item, "type") != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
        if let Some(Value::Map(source)) = item.get(from).map(|node| node.value.clone()) {
            let target = ensure_map(item, to);
            for entry in source {
                if !target.contains_key(&entry.key) {
                    target.push(entry);
                }
            }
        }
    }
}

/// `SetDefaults_HorizontalPodAutoscaler` of autoscaling/v2.
fn autoscaler(spec: &mut Map) {
    default(spec, "minReplicas", 1);
    default(spec, "metrics", vec![cpu_utilization(DEFAULT_UTILIZATION)]);
    if let Some(behavior) = spec.get_mut("behavior").and_then(Node::as_map_mut) {
        let up = ensure_map(behavior, "scaleUp");
        default(up, "stabilizationWindowSeconds", 0);
        default(up, "selectPolicy", "Max");
        default(up, "policies", vec![scaling_policy("Pods", 4), scaling_policy("Percent", 100)]);
        let down = ensure_map(behavior, "scaleDown");
        default(down, "selectPolicy", "Max");
        default(down, "policies", vec![scaling_policy("Percent", 100)]);
    }
}

/// The share of the requested CPU that an autoscaler without metrics aims at, in percent (`autoscaling.DefaultCPUUtilization`).
const DEFAULT_UTILIZATION: i64 = 80;

/// Version 1 has a field for the CPU, and an annotation for the other metrics.
fn metrics_of_v1(root: &mut Map) {
    let annotated = root
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations"))
        .is_some_and(|annotations| annotations.get("autoscaling.alpha.kubernetes.io/metrics").is_some());
    let spec = ensure_map(root, "spec");
    spec.remove("metrics");
    if !annotated {
        default(spec, "targetCPUUtilizationPercentage", DEFAULT_UTILIZATION);
    }
}

/// The metric of an autoscaler that names none.
fn cpu_utilization(percent: i64) -> Node {
    let mut target = Map::new();
    default(&mut target, "type", "Utilization");
    default(&mut target, "averageUtilization", percent);
    let mut resource = Map::new();
    default(&mut resource, "name", "cpu");
    default(&mut resource, "target", target);
    let mut metric = Map::new();
    default(&mut metric, "type", "Resource");
    default(&mut metric, "resource", resource);
    Node::bare(metric)
}

fn scaling_policy(kind: &str, value: i64) -> Node {
    let mut policy = Map::new();
    default(&mut policy, "type", kind);
    default(&mut policy, "value", value);
    default(&mut policy, "periodSeconds", 15);
    Node::bare(policy)
}

/// `SetDefaults_NetworkPolicy`, `SetDefaults_NetworkPolicyPort`.
fn network_policy(spec: &mut Map) {
    let egress = spec.contains_key("egress");
    let mut types = vec![Node::bare("Ingress")];
    if egress {
        types.push(Node::bare("Egress"));
    }
    default(spec, "policyTypes", types);
    for direction in ["ingress", "egress"] {
        each(spec, direction, |rule| each(rule, "ports", |port| default(port, "protocol", "TCP")));
    }
}

/// `SetDefaults_CSIDriver`.
fn csi_driver(spec: &mut Map) {
    default(spec, "attachRequired", true);
    for flag in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
        default(spec, flag, false);
    }
    default(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    default(spec, "volumeLifecycleModes", vec![Node::bare("Persistent")]);
}

/// `SetDefaults_RoleBinding`, `SetDefaults_Subject`.
fn binding(root: &mut Map) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    if let Some(reference) = root.get_mut("roleRef").and_then(Node::as_map_mut) {
        default(reference, "apiGroup", GROUP);
    }
    each(root, "subjects", |subject| {
        if matches!(text(subject, "kind"), "User" | "Group") {
            default(subject, "apiGroup", GROUP);
        }
    });
}

/// `SetDefaults_ValidatingWebhook`, `SetDefaults_MutatingWebhook`, `SetDefaults_ServiceReference`, `SetDefaults_Rule`.
/// `SetDefaults_CustomResourceDefinitionSpec`.
fn definition(spec: &mut Map) {
    if let Some(names) = spec.get_mut("names").and_then(Node::as_map_mut) {
        let kind = text(names, "kind").to_owned();
        if !kind.is_empty() {
            default(names, "singular", kind.to_lowercase());
            default(names, "listKind", format!("{kind}List"));
        }
    }
    default(ensure_map(spec, "conversion"), "strategy", "None");
}

fn webhook_defaults(webhook: &mut Map, kind: &str) {
    default(webhook, "failurePolicy", "Fail");
    default(webhook, "matchPolicy", "Equivalent");
    default(webhook, "namespaceSelector", Map::new());
    default(webhook, "objectSelector", Map::new());
    default(webhook, "timeoutSeconds", 10);
    if kind == "MutatingWebhookConfiguration" {
        default(webhook, "reinvocationPolicy", "Never");
    }
    each(webhook, "rules", |rule| default(rule, "scope", "*"));
    if let Some(service) = webhook
        .get_mut("clientConfig")
        .and_then(Node::as_map_mut)
        .and_then(|config| config.get_mut("service"))
        .and_then(Node::as_map_mut)
    {
        default(service, "port", 443);
    }
}

/// Sets `key` where it is absent.
fn default(map: &mut Map, key: &str, value: impl Into<Value>) {
    if !map.contains_key(key) {
        map.insert(key, Span::NONE, Node::bare(value));
    }
}

/// The mapping below `key`, made where there is none.
pub fn ensure_map<'a>(map: &'a mut Map, key: &str) -> &'a mut Map {
    if map.get(key).and_then(Node::as_map).is_none() {
        map.insert(key, Span::NONE, Node::bare(Map::new()));
    }
    let Some(inner) = map.get_mut(key).and_then(Node::as_map_mut) else {
        unreachable!("just inserted");
    };
    inner
}

/// The string below `key`; empty where there is none.
pub fn text<'a>(map: &'a Map, key: &str) -> &'a str {
    map.get(key).and_then(Node::as_str).unwrap_or_default()
}

/// Runs `f` on every mapping in the list below `key`.
fn each(map: &mut Map, key: &str, mut f: impl FnMut(&mut Map)) {
    if let Some(Node { value: Value::Seq(items), .. }) = map.get_mut(key) {
        items.iter_mut().filter_map(Node::as_map_mut).for_each(&mut f);
    }
}
