//! Objects as the API server stores them: zero values dropped, quantities canonical, defaults filled in.
//!
//! [`store`] turns a manifest into what a read from the server would show, as far as that follows from
//! the manifest. Two manifests that spell the same object differently give the same stored object.
//! The rules are those of `pkg/apis/*/v1/defaults.go`; each function names its model.

use super::gates::{Feature, gate};
use super::{Version, quantity, schema};
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
    decode(group, kind, root);
    if let (true, true, Some(map)) = (metrics_in_v1, is_builtin(group), root.as_map_mut()) {
        metrics_of_v1(map);
    }
}

/// What the server reads the object `root` as, in place: zero values dropped, quantities canonical, `stringData` folded
/// into `data`, defaults filled in. Unlike [`store`] this leaves the head, the metadata and the status as they are.
pub fn decode(group: &str, kind: &str, root: &mut Node) {
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

/// Drops what the server alone decides: it ignores these in a manifest, or a manifest has no say in them.
pub fn strip_server_fields(group: &str, root: &mut Node) {
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
                    "kubectl.kubernetes.io/last-applied-configuration"
                        | "deployment.kubernetes.io/revision"
                        | "deprecated.daemonset.template.generation"
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
        "conditions" => parent == "endpoints",
        "preference" => parent == "preferredDuringSchedulingIgnoredDuringExecution",
        _ => false,
    }
}

/// Fields of type `*string`, and of pointers to types like it: an empty one is not the same as none.
fn is_string_pointer(parent: &str, field: &str) -> bool {
    match field {
        "cachingMode"
        | "completionMode"
        | "endpointsNamespace"
        | "failurePolicy"
        | "fsGroupChangePolicy"
        | "fsGroupPolicy"
        | "gmsaCredentialSpec"
        | "gmsaCredentialSpecName"
        | "holderIdentity"
        | "hostnameOverride"
        | "identity"
        | "ingressClassName"
        | "initiatorName"
        | "internalTrafficPolicy"
        | "ipFamilyPolicy"
        | "loadBalancerClass"
        | "localhostProfile"
        | "managedBy"
        | "matchPolicy"
        | "maxSurge"
        | "maxUnavailable"
        | "minAvailable"
        | "mountPropagation"
        | "nodeAffinityPolicy"
        | "nodeTaintsPolicy"
        | "appProtocol"
        | "pathType"
        | "podGroupName"
        | "podReplacementPolicy"
        | "preemptionPolicy"
        | "preferredHolder"
        | "procMount"
        | "reclaimPolicy"
        | "recursiveReadOnly"
        | "reinvocationPolicy"
        | "resourceClaimName"
        | "resourceClaimTemplateName"
        | "runAsUserName"
        | "runtimeClassName"
        | "scope"
        | "seLinuxChangePolicy"
        | "secretNamespace"
        | "selectPolicy"
        | "sideEffects"
        | "signerName"
        | "stopSignal"
        | "succeededIndexes"
        | "supplementalGroupsPolicy"
        | "timeZone"
        | "trafficDistribution"
        | "unhealthyPodEvictionPolicy"
        | "volumeAttributesClassName"
        | "volumeBindingMode"
        | "volumeMode"
        | "zone" => true,
        "apiGroup" => matches!(parent, "dataSource" | "dataSourceRef" | "parameters" | "resource"),
        "containerName" => parent == "onExitCodes",
        "fsType" => matches!(parent, "azureDisk" | "csi" | "local"),
        "hostname" => parent == "endpoints",
        "name" => parent == "clusterTrustBundle",
        "namespace" => matches!(parent, "dataSourceRef" | "parameters"),
        "nodeName" => matches!(parent, "addresses" | "endpoints" | "notReadyAddresses"),
        "path" => parent == "service",
        "port" => parent == "ports",
        "restartPolicy" => matches!(parent, "containers" | "ephemeralContainers" | "initContainers"),
        "service" => parent == "grpc",
        "storageClassName" => parent == "spec",
        "type" => parent == "hostPath",
        "url" => parent == "clientConfig",
        "value" => parent == "options",
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
        | "chapAuthDiscovery"
        | "chapAuthSession"
        | "sslEnabled"
        | "unschedulable" => true,
        "readOnly" => !matches!(parent, "azureDisk" | "csi"),
        _ => false,
    }
}

/// Fields of an integer type that is no pointer: zero is the same as none.
fn is_plain_int(parent: &str, field: &str) -> bool {
    match field {
        "periodSeconds" => parent != "policies",
        "minReadySeconds"
        | "initialDelaySeconds"
        | "timeoutSeconds"
        | "successThreshold"
        | "failureThreshold"
        | "hostPort"
        | "nodePort"
        | "healthCheckNodePort"
        | "start"
        | "targetPort" => !matches!(parent, "clientIP" | "webhooks"),
        "lun" => parent == "iscsi",
        "partition" => parent != "rollingUpdate",
        "seconds" => parent == "sleep",
        "value" => parent.is_empty(),
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
                _ => constants(spec, "apps.v1.ReplicaSetSpec"),
            }
            template(spec);
        }
        ("batch", "Job") => job(map),
        ("batch", "CronJob") => cron_job(ensure_map(map, "spec")),
        ("", "Pod") => pod(ensure_map(map, "spec")),
        ("", "PodTemplate") => template(map),
        ("", "ReplicationController") => {
            let spec = ensure_map(map, "spec");
            constants(spec, "core.v1.ReplicationControllerSpec");
            template(spec);
        }
        ("", "Service") => service(ensure_map(map, "spec")),
        ("", "PersistentVolumeClaim") => {
            let spec = ensure_map(map, "spec");
            constants(spec, "core.v1.PersistentVolumeClaimSpec");
            drop_legacy_source(spec);
            mirror_data_source(spec);
        }
        ("", "PersistentVolume") => {
            let spec = ensure_map(map, "spec");
            constants(spec, "core.v1.PersistentVolumeSpec");
            volume_source(spec);
        }
        ("", "Secret") => constants(map, "core.v1.Secret"),
        ("", "Namespace") => namespace(map),
        ("", "LimitRange") => {
            each(ensure_map(map, "spec"), "limits", limit_range_item);
        }
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(ensure_map(map, "spec")),
        ("networking.k8s.io", "NetworkPolicy") => network_policy(ensure_map(map, "spec")),
        ("networking.k8s.io", "IngressClass") => {
            if let Some(parameters) = ensure_map(map, "spec").get_mut("parameters").and_then(Node::as_map_mut)
            {
                constants(parameters, "networking.v1.IngressClassParametersReference");
            }
        }
        ("storage.k8s.io", "StorageClass") => constants(map, "storage.v1.StorageClass"),
        ("storage.k8s.io", "CSIDriver") => csi_driver(ensure_map(map, "spec")),
        ("scheduling.k8s.io", "PriorityClass") => constants(map, "scheduling.v1.PriorityClass"),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(map),
        // An empty name is dropped as any empty string.
        ("discovery.k8s.io", "EndpointSlice") => {
            each(map, "ports", |port| constants(port, "discovery.v1.EndpointPort"));
        }
        ("apiregistration.k8s.io", "APIService") => {
            if let Some(service) = ensure_map(map, "spec").get_mut("service").and_then(Node::as_map_mut) {
                constants(service, "apiregistration.v1.ServiceReference");
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
    constants(spec, "apps.v1.StatefulSetSpec");
    stateful_set_strategy(ensure_map(spec, "updateStrategy"));
    constants(
        ensure_map(spec, "persistentVolumeClaimRetentionPolicy"),
        "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
    );
    // Written even if it is zero.
    if let Some(ordinals) = spec.get_mut("ordinals").and_then(Node::as_map_mut) {
        default(ordinals, "start", 0);
    }
    each(spec, "volumeClaimTemplates", |claim| {
        for field in ["apiVersion", "kind", "status"] {
            claim.remove(field);
        }
        constants(ensure_map(claim, "spec"), "core.v1.PersistentVolumeClaimSpec");
    });
}

/// Unlike those of Deployments and DaemonSets, a strategy that names its type gets no `rollingUpdate`: only one
/// that is written, or comes with the default type, gets its partition.
fn stateful_set_strategy(strategy: &mut Map) {
    if text(strategy, "type").is_empty() {
        constants(strategy, "apps.v1.StatefulSetUpdateStrategy");
        ensure_map(strategy, "rollingUpdate");
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut)
    {
        constants(rolling, "apps.v1.RollingUpdateStatefulSetStrategy");
    }
}

/// What feature gates make of a stored object: fields whose gate is off are dropped, and some have a default only where
/// their gate is on.
pub fn apply_gates(version: Version, group: &str, kind: &str, root: &mut Node) {
    schema::drop_disabled(schema::kind_in_group(group, kind), version, root);
    if (group, kind) != ("apps", "StatefulSet") || !gate(Feature::MaxUnavailableStatefulSet, version) {
        return;
    }
    let strategy = root
        .as_map_mut()
        .and_then(|map| map.get_mut("spec")?.as_map_mut()?.get_mut("updateStrategy")?.as_map_mut());
    let Some(strategy) = strategy else { return };
    let rolling_update = text(strategy, "type") == "RollingUpdate";
    let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut) else { return };
    if rolling_update {
        default(rolling, "maxUnavailable", 1);
    }
}

/// `SetDefaults_Deployment`.
fn deployment(spec: &mut Map) {
    constants(spec, "apps.v1.DeploymentSpec");
    let strategy = ensure_map(spec, "strategy");
    constants(strategy, "apps.v1.DeploymentStrategy");
    if text(strategy, "type") == "RollingUpdate" {
        constants(ensure_map(strategy, "rollingUpdate"), "apps.v1.RollingUpdateDeployment");
    }
}

/// `SetDefaults_DaemonSet`.
fn daemon_set(spec: &mut Map) {
    constants(spec, "apps.v1.DaemonSetSpec");
    let strategy = ensure_map(spec, "updateStrategy");
    constants(strategy, "apps.v1.DaemonSetUpdateStrategy");
    if text(strategy, "type") == "RollingUpdate" {
        constants(ensure_map(strategy, "rollingUpdate"), "apps.v1.RollingUpdateDaemonSet");
    } else if let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut) {
        // Other strategies may keep a `rollingUpdate`; the internal type has both numbers by value.
        default(rolling, "maxUnavailable", 0);
        default(rolling, "maxSurge", 0);
    }
}

/// `SetDefaults_Job`.
fn job(root: &mut Map) {
    let spec = ensure_map(root, "spec");
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        default(spec, "completions", 1);
    }
    constants(spec, "batch.v1.JobSpec");
    let backoff = if spec.contains_key("backoffLimitPerIndex") { i64::from(i32::MAX) } else { 6 };
    default(spec, "backoffLimit", backoff);
    let replacement = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    default(spec, "podReplacementPolicy", replacement);
    if let Some(policy) = spec.get_mut("podFailurePolicy").and_then(Node::as_map_mut) {
        each(policy, "rules", |rule| {
            each(rule, "onPodConditions", |it| {
                constants(it, "batch.v1.PodFailurePolicyOnPodConditionsPattern");
            });
        });
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
    constants(spec, "batch.v1.CronJobSpec");
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
    constants(spec, "core.v1.PodSpec");
    default(spec, "securityContext", Map::new());
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
    constants(container, "core.v1.Container");
    each(container, "ports", |port| constants(port, "core.v1.ContainerPort"));
    each(container, "env", |variable| {
        if let Some(source) = variable.get_mut("valueFrom").and_then(Node::as_map_mut) {
            field_source(source);
        }
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(name).and_then(Node::as_map_mut) {
            constants(probe, "core.v1.Probe");
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
        constants(get, "core.v1.HTTPGetAction");
    }
    if let Some(grpc) = handler.get_mut("grpc").and_then(Node::as_map_mut) {
        constants(grpc, "core.v1.GRPCAction");
    }
}

/// `SetDefaults_ObjectFieldSelector`; the divisor of a resource field is a struct and never absent.
fn field_source(source: &mut Map) {
    if let Some(field) = source.get_mut("fieldRef").and_then(Node::as_map_mut) {
        constants(field, "core.v1.ObjectFieldSelector");
    }
    if let Some(resource) = source.get_mut("resourceFieldRef").and_then(Node::as_map_mut) {
        constants(resource, "core.v1.ResourceFieldSelector");
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
    for (source, ty) in SOURCES {
        if let Some(source) = holder.get_mut(source).and_then(Node::as_map_mut) {
            constants(source, ty);
        }
    }
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if let Some(source) = holder.get_mut(source).and_then(Node::as_map_mut) {
            each(source, "items", field_source);
            each(source, "sources", |projection| {
                if let Some(token) = projection.get_mut("serviceAccountToken").and_then(Node::as_map_mut) {
                    constants(token, "core.v1.ServiceAccountTokenProjection");
                }
                if let Some(api) = projection.get_mut("downwardAPI").and_then(Node::as_map_mut) {
                    each(api, "items", field_source);
                }
            });
        }
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
        constants(ensure_map(claim, "spec"), "core.v1.PersistentVolumeClaimSpec");
    }
}

/// The sources of volumes that have constant defaults. Those of persistent volumes have the same.
const SOURCES: [(&str, &str); 9] = [
    ("azureDisk", "core.v1.AzureDiskVolumeSource"),
    ("configMap", "core.v1.ConfigMapVolumeSource"),
    ("downwardAPI", "core.v1.DownwardAPIVolumeSource"),
    ("hostPath", "core.v1.HostPathVolumeSource"),
    ("iscsi", "core.v1.ISCSIVolumeSource"),
    ("projected", "core.v1.ProjectedVolumeSource"),
    ("rbd", "core.v1.RBDVolumeSource"),
    ("scaleIO", "core.v1.ScaleIOVolumeSource"),
    ("secret", "core.v1.SecretVolumeSource"),
];

/// `SetDefaults_Service`.
fn service(spec: &mut Map) {
    if spec.get("selector").and_then(Node::as_map).is_some_and(Map::is_empty) {
        spec.remove("selector");
    }
    constants(spec, "core.v1.ServiceSpec");
    match text(spec, "sessionAffinity") {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let config = ensure_map(spec, "sessionAffinityConfig");
            constants(ensure_map(config, "clientIP"), "core.v1.ClientIPConfig");
        }
        _ => {}
    }
    each(spec, "ports", |port| {
        constants(port, "core.v1.ServicePort");
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
    constants(spec, "autoscaling.v2.HorizontalPodAutoscalerSpec");
    default(spec, "metrics", vec![cpu_utilization(DEFAULT_UTILIZATION)]);
    if let Some(behavior) = spec.get_mut("behavior").and_then(Node::as_map_mut) {
        let up = ensure_map(behavior, "scaleUp");
        default(up, "stabilizationWindowSeconds", 0);
        constants(up, "autoscaling.v2.HPAScalingRules");
        default(up, "policies", vec![scaling_policy("Pods", 4), scaling_policy("Percent", 100)]);
        let down = ensure_map(behavior, "scaleDown");
        constants(down, "autoscaling.v2.HPAScalingRules");
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
        each(spec, direction, |rule| {
            each(rule, "ports", |port| constants(port, "networking.v1.NetworkPolicyPort"));
        });
    }
}

/// `SetDefaults_CSIDriver`.
fn csi_driver(spec: &mut Map) {
    constants(spec, "storage.v1.CSIDriverSpec");
    default(spec, "volumeLifecycleModes", vec![Node::bare("Persistent")]);
}

/// `SetDefaults_RoleBinding`, `SetDefaults_Subject`.
fn binding(root: &mut Map) {
    if let Some(reference) = root.get_mut("roleRef").and_then(Node::as_map_mut) {
        constants(reference, "rbac.v1.RoleRef");
    }
    each(root, "subjects", |subject| {
        if matches!(text(subject, "kind"), "User" | "Group") {
            default(subject, "apiGroup", RBAC_GROUP);
        }
    });
}

/// `SetDefaults_CustomResourceDefinitionSpec`.
fn definition(spec: &mut Map) {
    if let Some(names) = spec.get_mut("names").and_then(Node::as_map_mut) {
        let kind = text(names, "kind").to_owned();
        if !kind.is_empty() {
            default(names, "singular", kind.to_lowercase());
            default(names, "listKind", format!("{kind}List"));
        }
    }
    constants(ensure_map(spec, "conversion"), "apiextensions.v1.CustomResourceConversion");
}

/// `SetDefaults_ValidatingWebhook`, `SetDefaults_MutatingWebhook`.
fn webhook_defaults(webhook: &mut Map, kind: &str) {
    let mutating = kind == "MutatingWebhookConfiguration";
    let ty = if mutating { "MutatingWebhook" } else { "ValidatingWebhook" };
    constants(webhook, &format!("admissionregistration.v1.{ty}"));
    default(webhook, "namespaceSelector", Map::new());
    default(webhook, "objectSelector", Map::new());
    each(webhook, "rules", |rule| constants(rule, "admissionregistration.v1.RuleWithOperations"));
    if let Some(service) = webhook
        .get_mut("clientConfig")
        .and_then(Node::as_map_mut)
        .and_then(|config| config.get_mut("service"))
        .and_then(Node::as_map_mut)
    {
        constants(service, "admissionregistration.v1.ServiceReference");
    }
}

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
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

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
fn constants(map: &mut Map, ty: &str) {
    for (field, value) in constants_of(ty) {
        default(map, field, *value);
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
pub(crate) fn each(map: &mut Map, key: &str, mut f: impl FnMut(&mut Map)) {
    if let Some(Node { value: Value::Seq(items), .. }) = map.get_mut(key) {
        items.iter_mut().filter_map(Node::as_map_mut).for_each(&mut f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
