//! Kinds: which exist in which version of Kubernetes, whether they live in a namespace, and in which order
//! they are installed.

use super::Version;
use super::schema;
use super::validation::{At, Context, ErrorKind, FieldError, Finding};
use plimsoll_diag::nearest;

/// Whether objects of a kind live in a namespace; `None` for kinds that Kubernetes itself does not have.
/// Any version that has the kind answers, the stated one first: scopes never changed.
pub fn namespaced(api_version: &str, kind: &str) -> Option<bool> {
    if let Some(found) = schema::kind(api_version, kind) {
        return Some(found.namespaced);
    }
    let group = group_of(api_version);
    let same = |found: &&schema::Kind| found.kind == kind && group_of(found.api_version) == group;
    if let Some(found) = schema::kinds().iter().find(same) {
        return Some(found.namespaced);
    }
    let removed = REMOVED.iter().find(|removed| removed.covers(api_version, kind))?;
    let replaced = schema::kinds().iter().find(|found| found.kind == kind);
    Some(replaced.map_or(removed.kinds != ["PodSecurityPolicy"], |found| found.namespaced))
}

/// The API group that objects of a kind are in today: `extensions` was split up.
pub fn current_group<'a>(api_version: &'a str, kind: &str) -> &'a str {
    let moved =
        REMOVED.iter().find(|removed| removed.covers(api_version, kind) && !removed.instead.is_empty());
    group_of(moved.map_or(api_version, |removed| removed.instead))
}

/// The place of a kind in Helm's installation order (`InstallOrder` of helm's `kind_sorter.go`). Kinds that
/// it does not list share the last place; Helm orders them by name.
pub fn install_rank(kind: &str) -> usize {
    INSTALL_ORDER.iter().position(|known| *known == kind).unwrap_or(INSTALL_ORDER.len())
}

/// Whether `word` names a kind as kubectl takes it on its command line, in upper or lower case: the kind itself, its
/// plural, or a short name, each also with its group (`statefulsets.apps`) or version and group (`deploy.v1.apps`).
pub fn is_called(word: &str, group: &str, kind: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let (name, qualifier) =
        word.split_once('.').map_or((word.as_str(), None), |(name, rest)| (name, Some(rest)));
    let in_group = qualifier.is_none_or(|qualifier| {
        qualifier == group || qualifier.split_once('.').is_some_and(|(_version, rest)| rest == group)
    });
    let singular = kind.to_ascii_lowercase();
    in_group
        && (name == singular || is_plural(name, kind, &singular) || short_names(group, kind).contains(&name))
}

/// Whether `name` is the plural of a kind: the one that it is served under, or any regular one for custom resources.
fn is_plural(name: &str, kind: &str, singular: &str) -> bool {
    if let Some(known) = schema::kinds().iter().find(|known| known.kind == kind) {
        return name == known.plural;
    }
    let Some(ending) = name.strip_prefix(singular.trim_end_matches('y')) else { return false };
    matches!(ending, "s" | "es" | "ies" | "ys")
}

fn short_names(group: &str, kind: &str) -> &'static [&'static str] {
    let row = SHORT_NAMES.iter().find(|row| row.0 == group && row.1 == kind);
    row.map_or(&[], |row| row.2)
}

/// The short names of the built-in resources, as `kubectl api-resources` lists them: group, kind, names.
const SHORT_NAMES: &[(&str, &str, &[&str])] = &[
    ("", "ComponentStatus", &["cs"]),
    ("", "ConfigMap", &["cm"]),
    ("", "Endpoints", &["ep"]),
    ("", "Event", &["ev"]),
    ("", "LimitRange", &["limits"]),
    ("", "Namespace", &["ns"]),
    ("", "Node", &["no"]),
    ("", "PersistentVolume", &["pv"]),
    ("", "PersistentVolumeClaim", &["pvc"]),
    ("", "Pod", &["po"]),
    ("", "ReplicationController", &["rc"]),
    ("", "ResourceQuota", &["quota"]),
    ("", "Service", &["svc"]),
    ("", "ServiceAccount", &["sa"]),
    ("apiextensions.k8s.io", "CustomResourceDefinition", &["crd", "crds"]),
    ("apps", "DaemonSet", &["ds"]),
    ("apps", "Deployment", &["deploy"]),
    ("apps", "ReplicaSet", &["rs"]),
    ("apps", "StatefulSet", &["sts"]),
    ("autoscaling", "HorizontalPodAutoscaler", &["hpa"]),
    ("batch", "CronJob", &["cj"]),
    ("certificates.k8s.io", "CertificateSigningRequest", &["csr"]),
    ("events.k8s.io", "Event", &["ev"]),
    ("networking.k8s.io", "IPAddress", &["ip"]),
    ("networking.k8s.io", "Ingress", &["ing"]),
    ("networking.k8s.io", "NetworkPolicy", &["netpol"]),
    ("policy", "PodDisruptionBudget", &["pdb"]),
    ("policy", "PodSecurityPolicy", &["psp"]),
    ("scheduling.k8s.io", "PriorityClass", &["pc"]),
    ("storage.k8s.io", "StorageClass", &["sc"]),
    ("storage.k8s.io", "VolumeAttributesClass", &["vac"]),
];

/// What `version` serves without an administrator's doing: `v1`, `v1/Pod`, `apps/v1`,
/// `apps/v1/StatefulSet`, ... in that form and sorted.
pub fn api_versions(version: Version) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for kind in schema::kinds() {
        if kind.exists_in(version) && kind.is_on_by_default() {
            if out.last().is_none_or(|last| !last.starts_with(&format!("{}/", kind.api_version))) {
                out.push(kind.api_version.to_owned());
            }
            out.push(format!("{}/{}", kind.api_version, kind.kind));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

const INSTALL_ORDER: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// API versions that are gone from every version of Kubernetes known here: <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>.
struct Removed {
    api_versions: &'static [&'static str],
    /// The kinds it is about; none for all of them.
    kinds: &'static [&'static str],
    /// The first minor version without it.
    since: u8,
    /// The API version to use instead; empty where there is none.
    instead: &'static str,
}

impl Removed {
    fn covers(&self, api_version: &str, kind: &str) -> bool {
        self.api_versions.contains(&api_version) && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }
}

const fn removed(
    api_versions: &'static [&'static str],
    kinds: &'static [&'static str],
    since: u8,
    instead: &'static str,
) -> Removed {
    Removed { api_versions, kinds, since, instead }
}

static REMOVED: &[Removed] = &[
    removed(
        &["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"],
        &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
        16,
        "apps/v1",
    ),
    removed(&["extensions/v1beta1"], &["NetworkPolicy"], 16, "networking.k8s.io/v1"),
    removed(&["extensions/v1beta1", "policy/v1beta1"], &["PodSecurityPolicy"], 25, ""),
    removed(
        &["extensions/v1beta1", "networking.k8s.io/v1beta1"],
        &["Ingress", "IngressClass"],
        22,
        "networking.k8s.io/v1",
    ),
    removed(
        &["admissionregistration.k8s.io/v1beta1"],
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        22,
        "admissionregistration.k8s.io/v1",
    ),
    removed(&["apiextensions.k8s.io/v1beta1"], &[], 22, "apiextensions.k8s.io/v1"),
    removed(&["apiregistration.k8s.io/v1beta1"], &[], 22, "apiregistration.k8s.io/v1"),
    removed(&["authentication.k8s.io/v1beta1"], &["TokenReview"], 22, "authentication.k8s.io/v1"),
    removed(&["authorization.k8s.io/v1beta1"], &[], 22, "authorization.k8s.io/v1"),
    removed(&["certificates.k8s.io/v1beta1"], &["CertificateSigningRequest"], 22, "certificates.k8s.io/v1"),
    removed(&["coordination.k8s.io/v1beta1"], &["Lease"], 22, "coordination.k8s.io/v1"),
    removed(
        &["rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1alpha1"],
        &[],
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    removed(&["scheduling.k8s.io/v1beta1"], &["PriorityClass"], 22, "scheduling.k8s.io/v1"),
    removed(
        &["storage.k8s.io/v1beta1"],
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        22,
        "storage.k8s.io/v1",
    ),
    removed(&["batch/v1beta1", "batch/v2alpha1"], &["CronJob"], 25, "batch/v1"),
    removed(&["discovery.k8s.io/v1beta1"], &["EndpointSlice"], 25, "discovery.k8s.io/v1"),
    removed(&["events.k8s.io/v1beta1"], &["Event"], 25, "events.k8s.io/v1"),
    removed(&["autoscaling/v2beta1"], &["HorizontalPodAutoscaler"], 25, "autoscaling/v2"),
    removed(&["autoscaling/v2beta2"], &["HorizontalPodAutoscaler"], 26, "autoscaling/v2"),
    removed(&["policy/v1beta1"], &["PodDisruptionBudget"], 25, "policy/v1"),
    removed(&["node.k8s.io/v1beta1"], &["RuntimeClass"], 25, "node.k8s.io/v1"),
    removed(&["storage.k8s.io/v1beta1"], &["CSIStorageCapacity"], 27, "storage.k8s.io/v1"),
    removed(&["flowcontrol.apiserver.k8s.io/v1beta1"], &[], 26, "flowcontrol.apiserver.k8s.io/v1"),
    removed(&["flowcontrol.apiserver.k8s.io/v1beta2"], &[], 29, "flowcontrol.apiserver.k8s.io/v1"),
    removed(&["flowcontrol.apiserver.k8s.io/v1beta3"], &[], 32, "flowcontrol.apiserver.k8s.io/v1"),
];

/// Kinds that are served with a `Warning` header, from some version on.
static DEPRECATED: &[(&str, &str, Version, &str)] = &[
    ("v1", "ComponentStatus", Version::MIN, "deprecated in v1.19+"),
    ("v1", "Endpoints", Version::V1_33, "deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema",
        Version::MIN,
        "deprecated in v1.29+, unavailable in v1.32+; use flowcontrol.apiserver.k8s.io/v1 FlowSchema",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "PriorityLevelConfiguration",
        Version::MIN,
        "deprecated in v1.29+, unavailable in v1.32+; use flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration",
    ),
];

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Says whether the asked version of Kubernetes has the object's API at all.
pub(super) fn check_api(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let (api_version, kind) = (cx.object.api_version.as_str(), cx.object.kind.as_str());
    if let Some(found) = schema::kind(api_version, kind) {
        if !found.exists_in(cx.version) {
            let message = format!("Kubernetes {} has no `{api_version}` `{kind}`", cx.version);
            let help = if found.first() > cx.version {
                format!("added in Kubernetes {}", found.first())
            } else {
                newer(found.kind, found.api_version, cx.version).map_or_else(
                    || format!("removed in Kubernetes 1.{}", found.last().minor() + 1),
                    |instead| format!("use `{instead}`"),
                )
            };
            report(ErrorKind::RemovedApi, "apiVersion", message, Some(help), root, cx);
        } else if !found.is_on_by_default() {
            let message = format!("`{api_version}` is not served unless an administrator turns it on");
            let help = newer(kind, api_version, cx.version).map(|instead| format!("use `{instead}`"));
            report(ErrorKind::UnservedApi, "apiVersion", message, help, root, cx);
        } else if let Some((.., why)) =
            DEPRECATED.iter().find(|row| row.0 == api_version && row.1 == kind && row.2 <= cx.version)
        {
            let message = format!("{api_version} {kind} is {why}");
            report(ErrorKind::DeprecatedApi, "apiVersion", message, None, root, cx);
        }
        return;
    }
    if let Some(removed) = REMOVED.iter().find(|removed| removed.covers(api_version, kind)) {
        let message = format!("`{api_version}` `{kind}` was removed in Kubernetes 1.{}", removed.since);
        let help = (!removed.instead.is_empty()).then(|| format!("use `{}`", removed.instead));
        report(ErrorKind::RemovedApi, "apiVersion", message, help, root, cx);
        return;
    }
    unknown_kind(api_version, kind, root, cx);
}

/// The stable API version that has the kind, where the given one does not do.
fn newer(kind: &str, api_version: &str, version: Version) -> Option<&'static str> {
    let same = |found: &&schema::Kind| {
        found.kind == kind
            && group_of(found.api_version) == group_of(api_version)
            && found.api_version != api_version
            && found.is_stable()
            && found.exists_in(version)
    };
    schema::kinds().iter().find(same).map(|found| found.api_version)
}

fn unknown_kind(api_version: &str, kind: &str, root: &At<'_, '_>, cx: &mut Context<'_>) {
    let known = || schema::kinds().iter().filter(|found| found.exists_in(cx.version));
    let group = group_of(api_version);
    let built_in = known().any(|found| group_of(found.api_version) == group) || group == "extensions";
    if !built_in {
        // A group is never empty here: the core group is built in.
        let is_near = |other: &str| other.eq_ignore_ascii_case(group) || nearest(group, [other]).is_some();
        let meant =
            known().find(|one| one.kind == kind && one.is_stable() && is_near(group_of(one.api_version)));
        let help = meant.map(|found| format!("did you mean `{}`?", found.api_version));
        // The groups of custom resources have a dot.
        let (error, field, message) = if !group.contains('.') {
            (ErrorKind::UnknownKind, "apiVersion", format!("there is no API group `{group}`"))
        } else if meant.is_some() {
            (ErrorKind::SuspectGroup, "apiVersion", format!("`{group}` is not a built-in API group"))
        } else {
            let message = "is not a built-in kind and was not checked";
            (ErrorKind::NotBuiltIn, "kind", format!("`{kind}` of `{api_version}` {message}"))
        };
        report(error, field, message, help, root, cx);
        return;
    }
    let known_version = known().any(|found| found.api_version == api_version);
    let (place, message, help) = if known_version {
        let near =
            nearest(kind, known().filter(|found| found.api_version == api_version).map(|found| found.kind));
        let elsewhere = known().find(|found| found.kind == kind && found.is_stable());
        let help = match (elsewhere, near) {
            (Some(found), _) => Some(format!("`{kind}` is in `{}`", found.api_version)),
            (None, Some(near)) => Some(format!("did you mean `{near}`?")),
            _ => None,
        };
        ("kind", format!("`{api_version}` has no kind `{kind}`"), help)
    } else {
        let help = known()
            .find(|found| found.kind == kind && found.is_stable())
            .map(|found| format!("`{kind}` is in `{}`", found.api_version));
        ("apiVersion", format!("there is no API version `{api_version}`"), help)
    };
    report(ErrorKind::UnknownKind, place, message, help, root, cx);
}

fn report(
    kind: ErrorKind,
    field: &str,
    message: String,
    help: Option<String>,
    root: &At<'_, '_>,
    cx: &mut Context<'_>,
) {
    let place = root.field(field);
    let error = FieldError::new(kind, place.path()).detail(message);
    cx.push(Finding::new(error, place.span()).help(help));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;
    use crate::validation::Finding;
    use plimsoll_diag::{Severity, SourceKind, Sources};
    use plimsoll_yaml::ReadOptions;

    /// The findings of a version for an object's API.
    fn findings(version: Version, api_version: &str, kind: &str) -> Vec<Finding> {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
        let sources = Sources::new();
        let source = sources.add("a.yaml", text, SourceKind::File);
        let objects = parse(&sources, source, "a.yaml", &ReadOptions::strict()).output.unwrap();
        let mut cx = Context::new(&objects[0], version);
        check_api(&At::root(&objects[0].root), &mut cx);
        cx.into_findings()
    }

    /// The severities of the findings for an object's API, with the remediations.
    fn check_kind(api_version: &str, kind: &str) -> Vec<(Severity, String)> {
        let found = findings(Version::DEFAULT, api_version, kind);
        found.into_iter().map(|one| (one.severity(), one.help.unwrap_or_default())).collect()
    }

    #[test]
    fn deprecations_begin_with_a_version() {
        let found = |version, api_version: &str, kind: &str| {
            let found = findings(version, api_version, kind);
            found.into_iter().map(|finding| finding.error.kind).collect::<Vec<_>>()
        };
        assert_eq!(found(Version::V1_32, "v1", "Endpoints"), []);
        assert_eq!(found(Version::V1_33, "v1", "Endpoints"), [ErrorKind::DeprecatedApi]);
        let flows = "flowcontrol.apiserver.k8s.io/v1beta3";
        assert_eq!(found(Version::V1_31, flows, "FlowSchema"), [ErrorKind::DeprecatedApi]);
        assert_eq!(found(Version::V1_32, flows, "FlowSchema"), [ErrorKind::RemovedApi]);
    }

    #[test]
    fn misspelt_apis_are_told_from_custom_ones() {
        let error = |help: &str| vec![(Severity::Error, help.to_owned())];
        assert_eq!(check_kind("apps/v1", "StatefulSet"), []);
        assert_eq!(check_kind("apps/v1", "statefulset"), error("did you mean `StatefulSet`?"));
        assert_eq!(check_kind("apps/v2", "StatefulSet"), error("`StatefulSet` is in `apps/v1`"));
        assert_eq!(check_kind("v1", "StatefulSet"), error("`StatefulSet` is in `apps/v1`"));
        assert_eq!(check_kind("app/v1", "StatefulSet"), error("did you mean `apps/v1`?"));
        assert_eq!(check_kind("Apps/v1", "StatefulSet"), error("did you mean `apps/v1`?"));
        assert_eq!(check_kind("policy/v1beta1", "PodDisruptionBudget"), error("use `policy/v1`"));
        let warning = vec![(Severity::Warning, "did you mean `networking.k8s.io/v1`?".to_owned())];
        assert_eq!(check_kind("network.k8s.io/v1", "Ingress"), warning);
        assert_eq!(check_kind("example.net/v1", "Backup"), [(Severity::Info, String::new())]);
        assert_eq!(check_kind("gateway.networking.k8s.io/v1", "Gateway"), [(Severity::Info, String::new())]);
    }

    #[test]
    fn scopes_are_known_for_old_versions_too() {
        assert_eq!(namespaced("apps/v1", "StatefulSet"), Some(true));
        assert_eq!(namespaced("rbac.authorization.k8s.io/v1", "ClusterRole"), Some(false));
        assert_eq!(namespaced("apps/v1beta1", "StatefulSet"), Some(true));
        assert_eq!(namespaced("extensions/v1beta1", "Ingress"), Some(true));
        assert_eq!(namespaced("policy/v1beta1", "PodSecurityPolicy"), Some(false));
        assert_eq!(namespaced("example.net/v1", "Backup"), None);
    }

    #[test]
    fn kinds_are_called_as_kubectl_calls_them() {
        for (word, group, kind) in [
            ("StatefulSet", "apps", "StatefulSet"),
            ("statefulset", "apps", "StatefulSet"),
            ("statefulsets", "apps", "StatefulSet"),
            ("STS", "apps", "StatefulSet"),
            ("statefulsets.apps", "apps", "StatefulSet"),
            ("statefulset.v1.apps", "apps", "StatefulSet"),
            ("sts.apps", "apps", "StatefulSet"),
            ("deploy", "apps", "Deployment"),
            ("svc", "", "Service"),
            ("services", "", "Service"),
            ("ingresses", "networking.k8s.io", "Ingress"),
            ("ing.networking.k8s.io", "networking.k8s.io", "Ingress"),
            ("networkpolicies", "networking.k8s.io", "NetworkPolicy"),
            ("endpoints", "", "Endpoints"),
            ("crds", "apiextensions.k8s.io", "CustomResourceDefinition"),
            ("backups.example.net", "example.net", "Backup"),
            ("gateways", "gateway.networking.k8s.io", "Gateway"),
            ("policies", "example.net", "Policy"),
            ("switches", "example.net", "Switch"),
        ] {
            assert!(is_called(word, group, kind), "{word}");
        }
        for (word, group, kind) in [
            ("st", "apps", "StatefulSet"),
            ("statefulsetss", "apps", "StatefulSet"),
            ("statefulsets.batch", "apps", "StatefulSet"),
            ("sts", "example.net", "StatefulSet"),
            ("svc", "serving.knative.dev", "Service"),
            ("service", "", "ServiceAccount"),
            ("pods.apps", "", "Pod"),
            ("", "", "Pod"),
        ] {
            assert!(!is_called(word, group, kind), "{word}");
        }
    }

    #[test]
    fn every_short_name_is_of_a_kind_that_there_is() {
        for (group, kind, names) in SHORT_NAMES {
            let is_known = schema::kinds()
                .iter()
                .any(|known| known.kind == *kind && group_of(known.api_version) == *group)
                || REMOVED.iter().any(|removed| removed.kinds.contains(kind));
            assert!(is_known && !names.is_empty(), "{group} {kind}");
        }
    }

    #[test]
    fn the_install_order_is_helms() {
        assert!(install_rank("Namespace") < install_rank("ConfigMap"));
        assert!(install_rank("Service") < install_rank("StatefulSet"));
        assert!(install_rank("Backup") > install_rank("ValidatingWebhookConfiguration"));
    }

    #[test]
    fn api_versions_grow_with_the_version() {
        let old = api_versions(Version::V1_33);
        let new = api_versions(Version::V1_34);
        for name in ["v1", "v1/Pod", "apps/v1", "apps/v1/StatefulSet", "policy/v1/PodDisruptionBudget"] {
            assert!(old.iter().any(|known| known == name), "{name}");
        }
        let has = |list: &[String], name: &str| list.iter().any(|known| known == name);
        assert!(!has(&old, "resource.k8s.io/v1") && has(&new, "resource.k8s.io/v1"));
        assert!(!has(&new, "resource.k8s.io/v1beta1"), "beta APIs are off by default");
    }
}
