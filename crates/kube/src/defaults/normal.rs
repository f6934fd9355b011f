//! What Go's encoding of a typed object keeps of what was written.

use crate::quantity;
use plimsoll_yaml::{Node, Value};

/// Maps of free keys: what they hold is data, so only nulls and quantities are looked at.
pub(super) fn is_free_map(field: &str) -> bool {
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

pub(super) fn holds_quantities(field: &str) -> bool {
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
pub(super) fn normalise(node: &mut Node, parent: &str) {
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

pub(super) fn canonical_quantity(node: &mut Node) {
    if let Ok(text) = quantity::stored(node) {
        node.value = Value::String(text);
    }
}

/// Structs held by value: an empty one is the same as none.
pub(super) fn is_value_struct(field: &str, parent: &str, pod_spec: bool) -> bool {
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
pub(super) fn is_string_pointer(parent: &str, field: &str) -> bool {
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
pub(super) fn is_plain_bool(parent: &str, field: &str) -> bool {
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
pub(super) fn is_plain_int(parent: &str, field: &str) -> bool {
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
