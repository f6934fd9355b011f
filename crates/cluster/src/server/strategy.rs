//! What each kind's registry strategy does to an object before it is validated: `PrepareForCreate` and
//! `PrepareForUpdate` of `pkg/registry/*/strategy.go`, and the mutating admission plug-ins.

use super::{ObjectKey, Served, node, service};
use plimsoll_kube::{ErrorKind, FieldError, Version, defaults, update};
use plimsoll_yaml::emit::format_json;
use plimsoll_yaml::{Map, Node};

/// Kinds whose objects count their generations.
pub(super) fn has_generation(key: &ObjectKey) -> bool {
    matches!(
        (key.group.as_str(), key.kind.as_str()),
        ("apps", "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job" | "CronJob")
            | ("", "Pod" | "PodTemplate" | "ReplicationController")
            | ("networking.k8s.io", "Ingress" | "IngressClass" | "NetworkPolicy")
            | ("policy", "PodDisruptionBudget")
            | ("scheduling.k8s.io", "PriorityClass")
            | ("discovery.k8s.io", "EndpointSlice")
            | ("flowcontrol.apiserver.k8s.io" | "admissionregistration.k8s.io", _)
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
    ) || !defaults::is_builtin(&key.group)
}

/// Kinds that a PUT creates if they do not exist (`AllowCreateOnUpdate`).
pub fn is_created_by_update(key: &ObjectKey) -> bool {
    matches!(
        (key.group.as_str(), key.kind.as_str()),
        ("", "Service" | "Endpoints" | "Event" | "LimitRange")
            | ("rbac.authorization.k8s.io", _)
            | ("coordination.k8s.io", "Lease")
            | ("node.k8s.io", "RuntimeClass")
    )
}

/// Kinds whose updates must name the version that they change (`AllowUnconditionalUpdate`).
pub(super) fn needs_resource_version(key: &ObjectKey) -> bool {
    matches!(
        (key.group.as_str(), key.kind.as_str()),
        ("policy", "PodDisruptionBudget")
            | ("coordination.k8s.io", "Lease")
            | ("node.k8s.io", "RuntimeClass")
            | ("storage.k8s.io", "CSIDriver" | "CSINode" | "VolumeAttachment" | "CSIStorageCapacity")
            | ("admissionregistration.k8s.io", _)
    )
}

/// A new object, decoded, as it is validated.
pub(super) fn prepare_for_create(key: &ObjectKey, version: Version, uid: &str, root: &mut Node) {
    remove(root, &[], "status");
    let generation = has_generation(key).then_some(1);
    set_generation(root, generation);
    drop_disabled_fields(key, version, root);
    match (key.group.as_str(), key.kind.as_str()) {
        ("batch", "Job") => generate_selector(&key.name, uid, root),
        ("apps", "DaemonSet") => set_template_generation(root, 1),
        ("", "ServiceAccount") => clean_secret_references(root),
        ("", "PersistentVolumeClaim") => protect_claim(root),
        ("", "Pod") => admit_pod(root),
        _ => {}
    }
}

/// An update of the object `old`, decoded, as it is validated.
pub(super) fn prepare_for_update(key: &ObjectKey, version: Version, old: &Node, root: &mut Node) {
    copy(old, root, "status");
    let mut generation = old.at(&["metadata", "generation"]).and_then(Node::as_i64);
    drop_disabled_fields(key, version, root);
    match (key.group.as_str(), key.kind.as_str()) {
        ("apps", "DaemonSet") => {
            let number = template_generation(old);
            let changed = differ(old, root, &["spec", "template"]);
            set_template_generation(root, number + i64::from(changed));
        }
        ("", "ServiceAccount") => clean_secret_references(root),
        ("", "Pod") => node::map_mut(root, &["spec"]).into_iter().for_each(tolerate_unreachable_nodes),
        ("", "PersistentVolumeClaim") => {
            if old.at(&["spec", "dataSourceRef"]).is_some()
                && let Some(spec) = node::map_mut(root, &["spec"])
            {
                defaults::mirror_data_source(spec);
            }
        }
        ("", "Service") => {
            if let (Some(old), Some(new)) = (node::map(old, &["spec"]), node::map_mut(root, &["spec"])) {
                service::drop_type_dependent_fields(new, old);
            }
        }
        _ => {}
    }
    if let Some(generation) = &mut generation
        && counts_as_change(key, old, root)
    {
        *generation += 1;
    }
    set_generation(root, generation);
}

/// Whether an update is another generation of the object.
fn counts_as_change(key: &ObjectKey, old: &Node, new: &Node) -> bool {
    match (key.group.as_str(), key.kind.as_str()) {
        // Annotations are copied to the ReplicaSets.
        ("apps", "Deployment") => {
            differ(old, new, &["spec"]) || differ(old, new, &["metadata", "annotations"])
        }
        ("scheduling.k8s.io", "PriorityClass") => false,
        _ => differ(old, new, &["spec"]),
    }
}

fn differ(old: &Node, new: &Node, path: &[&str]) -> bool {
    update::differ(old.at(path), new.at(path))
}

fn set_generation(root: &mut Node, generation: Option<i64>) {
    let Some(metadata) = node::map_mut(root, &["metadata"]) else { return };
    match generation {
        Some(generation) => node::set(metadata, "generation", generation),
        None => {
            metadata.remove("generation");
        }
    }
}

fn remove(root: &mut Node, path: &[&str], key: &str) {
    if let Some(map) = node::map_mut(root, path) {
        map.remove(key);
    }
}

/// Takes a field from the old object.
pub(super) fn copy(old: &Node, root: &mut Node, key: &str) {
    let Some(map) = root.as_map_mut() else { return };
    match old.get(key) {
        Some(value) => node::set(map, key, value.value.clone()),
        None => {
            map.remove(key);
        }
    }
}

/// What feature gates of that version turn off.
fn drop_disabled_fields(key: &ObjectKey, version: Version, root: &mut Node) {
    defaults::apply_gates(version, &key.group, &key.kind, root);
}

/// `generateSelectorIfNeeded`: the labels by which a Job finds its pods.
fn generate_selector(name: &str, uid: &str, root: &mut Node) {
    let Some(spec) = node::map_mut(root, &["spec"]) else { return };
    if spec.get("manualSelector").and_then(Node::as_bool).unwrap_or_default() {
        return;
    }
    let metadata = defaults::ensure_map(defaults::ensure_map(spec, "template"), "metadata");
    let labels = defaults::ensure_map(metadata, "labels");
    for key in ["job-name", "batch.kubernetes.io/job-name"] {
        if !labels.contains_key(key) {
            node::set(labels, key, name);
        }
    }
    for key in ["controller-uid", UID_LABEL] {
        if !labels.contains_key(key) {
            node::set(labels, key, uid);
        }
    }
    let selector = defaults::ensure_map(defaults::ensure_map(spec, "selector"), "matchLabels");
    if !selector.contains_key(UID_LABEL) {
        node::set(selector, UID_LABEL, uid);
    }
}

/// Whether a new Job has no labels of its own (`body` is what was sent). The default is then not a copy of those of its
/// template but the same map, to which the server adds.
pub(super) fn shares_labels(kind: &Served, body: &Node) -> bool {
    let own = node::map(body, &["metadata", "labels"]);
    (kind.group(), &*kind.kind) == ("batch", "Job")
        && own.is_none_or(Map::is_empty)
        && node::map(body, &["spec", "template", "metadata", "labels"]).is_some()
}

/// Gives a Job the labels of its template.
pub(super) fn share_labels(root: &mut Node) {
    let Some(labels) = root.at(&["spec", "template", "metadata", "labels"]).cloned() else { return };
    if let Some(metadata) = node::map_mut(root, &["metadata"]) {
        node::set(metadata, "labels", labels.value);
    }
}

/// A Job as its manifest would be: without the labels and the selector that the server generated, which validation takes for
/// written ones.
pub(super) fn without_generated_selector(uid: &str, root: &Node) -> Node {
    let mut root = root.clone();
    for path in [&["metadata", "labels"][..], &["spec", "template", "metadata", "labels"]] {
        if let Some(labels) = node::map_mut(&mut root, path) {
            labels.retain(|entry| entry.value.as_str() != Some(uid));
        }
    }
    if let Some(selector) = node::map_mut(&mut root, &["spec", "selector", "matchLabels"])
        && selector.get(UID_LABEL).and_then(Node::as_str) == Some(uid)
    {
        selector.remove(UID_LABEL);
        if selector.is_empty() {
            remove(&mut root, &["spec"], "selector");
        }
    }
    root
}

/// What `ValidateJobSpec` asks of the selector of a stored Job: that there is one, and that it selects the Job's pods.
pub(super) fn errors_of_selector(root: &Node) -> Vec<FieldError> {
    let labels = node::map(root, &["spec", "template", "metadata", "labels"]);
    let selector = root.at(&["spec", "selector"]);
    let wanted = selector.and_then(|selector| selector.get("matchLabels")).and_then(Node::as_map);
    let is_match = selector.is_some()
        && wanted
            .into_iter()
            .flatten()
            .all(|entry| labels.and_then(|labels| labels.get(&entry.key)) == Some(&entry.value));
    let mut errors = Vec::new();
    if selector.is_none() {
        errors.push(FieldError::new(ErrorKind::Required, "spec.selector"));
    }
    if !is_match {
        errors.push(
            FieldError::new(ErrorKind::Invalid, "spec.template.metadata.labels")
                .value(
                    labels
                        .map_or_else(|| "null".to_owned(), |labels| format_json(&Node::bare(labels.clone()))),
                )
                .detail("`selector` does not match template `labels`"),
        );
    }
    errors
}

const UID_LABEL: &str = "batch.kubernetes.io/controller-uid";

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// `apps/v1` shows the generation of a DaemonSet's template as an annotation.
fn template_generation(root: &Node) -> i64 {
    node::text(root, &["metadata", "annotations", TEMPLATE_GENERATION]).parse().unwrap_or(1)
}

fn set_template_generation(root: &mut Node, generation: i64) {
    let Some(metadata) = node::map_mut(root, &["metadata"]) else { return };
    let annotations = defaults::ensure_map(metadata, "annotations");
    node::set(annotations, TEMPLATE_GENERATION, generation.to_string());
}

/// `cleanSecretReferences`: of a reference to a Secret only the name is kept.
fn clean_secret_references(root: &mut Node) {
    if let Some(map) = root.as_map_mut() {
        node::each(map, "secrets", |secret| secret.retain(|entry| entry.key == "name"));
    }
}

pub(super) const CLAIM_FINALIZER: &str = "kubernetes.io/pvc-protection";

/// The admission plug-in `StorageObjectInUseProtection`.
pub(super) fn protect_claim(root: &mut Node) {
    let Some(metadata) = node::map_mut(root, &["metadata"]) else { return };
    let mut finalizers = node::items(metadata, "finalizers").to_vec();
    if !finalizers.iter().any(|one| one.as_str() == Some(CLAIM_FINALIZER)) {
        finalizers.push(Node::bare(CLAIM_FINALIZER));
        node::set(metadata, "finalizers", finalizers);
    }
}

/// The admission plug-ins that complete a pod: `ServiceAccount`, `Priority` and `DefaultTolerationSeconds`.
fn admit_pod(root: &mut Node) {
    let Some(spec) = node::map_mut(root, &["spec"]) else { return };
    if defaults::text(spec, "serviceAccountName").is_empty() {
        node::set(spec, "serviceAccountName", "default");
        node::set(spec, "serviceAccount", "default");
    }
    if spec.get("automountServiceAccountToken").and_then(Node::as_bool).unwrap_or(true) {
        mount_token(spec);
    }
    if !spec.contains_key("priority") {
        node::set(spec, "priority", 0);
    }
    if !spec.contains_key("preemptionPolicy") {
        node::set(spec, "preemptionPolicy", "PreemptLowerPriority");
    }
    tolerate_unreachable_nodes(spec);
}

/// Where containers find the token of their account.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The server appends five random characters.
const TOKEN_VOLUME: &str = "kube-api-access-xxxxx";

fn mapping(entries: &[(&str, Node)]) -> Node {
    let mut map = Map::new();
    for (key, value) in entries {
        node::set(&mut map, key, value.value.clone());
    }
    Node::bare(map)
}

/// `mountServiceAccountToken`.
fn mount_token(spec: &mut Map) {
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        node::each(spec, list, |container| {
            let mut mounts = node::items(container, "volumeMounts").to_vec();
            if mounts.iter().any(|mount| node::text(mount, &["mountPath"]) == TOKEN_PATH) {
                return;
            }
            mounted = true;
            mounts.push(mapping(&[
                ("name", Node::bare(TOKEN_VOLUME)),
                ("readOnly", Node::bare(true)),
                ("mountPath", Node::bare(TOKEN_PATH)),
            ]));
            node::set(container, "volumeMounts", mounts);
        });
    }
    if !mounted {
        return;
    }
    let item = |entries: &[(&str, Node)]| Node::bare(vec![mapping(entries)]);
    let token = mapping(&[("expirationSeconds", Node::bare(3607)), ("path", Node::bare("token"))]);
    let authority = mapping(&[
        ("name", Node::bare("kube-root-ca.crt")),
        ("items", item(&[("key", Node::bare("ca.crt")), ("path", Node::bare("ca.crt"))])),
    ]);
    let field = mapping(&[("apiVersion", Node::bare("v1")), ("fieldPath", Node::bare("metadata.namespace"))]);
    let namespace = mapping(&[("items", item(&[("path", Node::bare("namespace")), ("fieldRef", field)]))]);
    let sources = vec![
        mapping(&[("serviceAccountToken", token)]),
        mapping(&[("configMap", authority)]),
        mapping(&[("downwardAPI", namespace)]),
    ];
    let projected = mapping(&[("sources", Node::bare(sources)), ("defaultMode", Node::bare(0o644))]);
    let mut volumes = node::items(spec, "volumes").to_vec();
    volumes.push(mapping(&[("name", Node::bare(TOKEN_VOLUME)), ("projected", projected)]));
    node::set(spec, "volumes", volumes);
}

/// `DefaultTolerationSeconds`: pods stay five minutes on a node that is not ready or unreachable.
fn tolerate_unreachable_nodes(spec: &mut Map) {
    let mut tolerations = node::items(spec, "tolerations").to_vec();
    let tolerates = |key: &str| {
        node::items(spec, "tolerations").iter().any(|toleration| {
            matches!(node::text(toleration, &["key"]), found if found == key || found.is_empty())
                && matches!(node::text(toleration, &["effect"]), "NoExecute" | "")
        })
    };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        if !tolerates(key) {
            tolerations.push(mapping(&[
                ("key", Node::bare(key)),
                ("operator", Node::bare("Exists")),
                ("effect", Node::bare("NoExecute")),
                ("tolerationSeconds", Node::bare(300)),
            ]));
        }
    }
    if !tolerations.is_empty() {
        node::set(spec, "tolerations", tolerations);
    }
}
