//! How lists and maps of built-in kinds are merged, and by what their items are told apart.
//!
//! Two tables that look alike and are not the same: [`strategy`] is what `kubectl apply` and the API
//! server do when they merge a patch (the `patchStrategy` and `patchMergeKey` tags of `k8s.io/api`);
//! [`identity`] is what a reader takes for the same item, also in lists that are replaced as a whole.

use plimsoll_yaml::Node;

/// What a strategic merge patch does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Maps are merged key by key, lists are replaced as a whole: fields without a tag.
    Plain,
    /// The items of a list are merged; the named field tells them apart (`patchStrategy: merge`).
    Merge(&'static str),
    /// As `Merge`, and keys that the patch does not name are cleared (`merge,retainKeys`).
    MergeRetainKeys(&'static str),
    /// A list of scalars that is merged as a set.
    MergeScalars,
    /// A map whose keys are cleared where the patch does not name them (`retainKeys`).
    RetainKeys,
    /// A map that is replaced as a whole (`replace`).
    Replace,
}

/// The merge strategy of the field `field` below `parent`, in an object of that `kind`.
///
/// `parent` is the name of the nearest field above: for the items of a list the name of the list; empty
/// at the top of the object.
pub fn strategy(kind: &str, parent: &str, field: &str) -> Strategy {
    let in_container = matches!(parent, "containers" | "initContainers" | "ephemeralContainers");
    match (parent, field) {
        (
            "spec",
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "schedulingGates"
            | "imagePullSecrets"
            | "matchConditions"
            | "variables"
            | "drivers",
        )
        | ("", "secrets" | "webhooks")
        | ("webhooks", "matchConditions") => Strategy::Merge("name"),
        ("spec", "volumes" | "resourceClaims") => Strategy::MergeRetainKeys("name"),
        ("spec", "hostAliases") => Strategy::Merge("ip"),
        ("spec", "topologySpreadConstraints") => Strategy::Merge("topologyKey"),
        ("spec", "ports") if kind == "Service" => Strategy::Merge("port"),
        ("spec", "strategy") if kind == "Deployment" => Strategy::RetainKeys,
        ("spec", "selector") if kind == "PodDisruptionBudget" => Strategy::Replace,
        (_, "ports") if in_container => Strategy::Merge("containerPort"),
        (_, "env") if in_container => Strategy::Merge("name"),
        (_, "volumeMounts") if in_container => Strategy::Merge("mountPath"),
        (_, "volumeDevices") if in_container => Strategy::Merge("devicePath"),
        ("metadata", "ownerReferences") => Strategy::Merge("uid"),
        ("metadata", "finalizers") => Strategy::MergeScalars,
        _ => Strategy::Plain,
    }
}

/// What tells an item of the list `list` (below `parent`) from its neighbours: the fields whose values
/// together name it. Empty where items have no name of their own.
pub fn identity(kind: &str, parent: &str, list: &str) -> &'static [&'static str] {
    match (parent, list) {
        (_, "volumeClaimTemplates") => &["metadata.name"],
        (_, "volumeMounts") => &["mountPath"],
        (_, "volumeDevices") => &["devicePath"],
        (_, "hostAliases") => &["ip"],
        (_, "topologySpreadConstraints") => &["topologyKey", "whenUnsatisfiable"],
        (_, "tolerations") => &["key", "operator", "value", "effect"],
        (_, "matchExpressions" | "matchFields") => &["key", "operator"],
        (_, "ownerReferences") => &["uid"],
        (_, "subjects") => &["kind", "namespace", "name"],
        (_, "items") if matches!(parent, "configMap" | "secret") => &["key"],
        (_, "items") if parent == "downwardAPI" => &["path"],
        (_, "envFrom") => &["prefix", "configMapRef.name", "secretRef.name"],
        (_, "tls") if kind == "Ingress" => &["secretName"],
        (_, "rules") if kind == "Ingress" => &["host"],
        (_, "paths") if kind == "Ingress" => &["path", "pathType"],
        (_, "metrics") => &["type", "resource.name", "containerResource.name", "pods.metric.name"],
        (_, "resizePolicy") => &["resourceName"],
        ("spec", "ports") if kind == "Service" => &["port", "protocol"],
        (_, "ports") if matches!(parent, "containers" | "initContainers" | "ephemeralContainers") => {
            &["containerPort", "protocol"]
        }
        _ => &["name"],
    }
}

/// The name of `item` in a list told apart by `keys`; `None` where it has none of them.
pub fn item_name(item: &Node, keys: &[&str]) -> Option<String> {
    let mut name = String::new();
    for key in keys {
        let node = key.split('.').try_fold(item, |node, step| node.get(step));
        if let Some(text) = node.and_then(scalar_text) {
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(&text);
        }
    }
    (!name.is_empty()).then_some(name)
}

/// Whether the order of a list carries no meaning: the API server stores what it is given, but nothing
/// reads one order differently from another. Inside pod templates order always counts, for a new order
/// is a new revision.
pub fn is_set(kind: &str, parent: &str, list: &str) -> bool {
    match list {
        "finalizers"
        | "ownerReferences"
        | "secrets"
        | "subjects"
        | "policyTypes"
        | "externalIPs"
        | "loadBalancerSourceRanges" => true,
        "ports" | "imagePullSecrets" => matches!(kind, "Service" | "ServiceAccount"),
        "verbs" | "resources" | "resourceNames" | "apiGroups" | "nonResourceURLs" => {
            parent == "rules" && matches!(kind, "Role" | "ClusterRole")
        }
        "tls" => kind == "Ingress",
        _ => false,
    }
}

/// A scalar as text; `None` for lists, maps and null.
pub fn scalar_text(node: &Node) -> Option<std::borrow::Cow<'_, str>> {
    use plimsoll_yaml::Value;
    Some(match &node.value {
        Value::String(text) => text.as_str().into(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::Int(number) => number.to_string().into(),
        Value::Uint(number) => number.to_string().into(),
        Value::Float(number) => number.to_string().into(),
        Value::Null | Value::Seq(_) | Value::Map(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_yaml::Map;

    #[test]
    fn ports_are_merged_by_number_alone_but_told_apart_by_protocol_too() {
        assert_eq!(strategy("Service", "spec", "ports"), Strategy::Merge("port"));
        assert_eq!(identity("Service", "spec", "ports"), ["port", "protocol"]);
        assert_eq!(strategy("StatefulSet", "containers", "ports"), Strategy::Merge("containerPort"));
        assert_eq!(strategy("StatefulSet", "spec", "volumeClaimTemplates"), Strategy::Plain);
    }

    #[test]
    fn an_item_is_named_by_the_fields_it_has() {
        let mut map = Map::new();
        map.insert("port", plimsoll_diag::Span::NONE, Node::bare(80));
        let item = Node::bare(map);
        assert_eq!(item_name(&item, &["port", "protocol"]).as_deref(), Some("80"));
        assert_eq!(item_name(&item, &["name"]), None);
    }
}
