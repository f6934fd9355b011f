//! Persistent volume claims, on their own and as templates: `pkg/apis/core/validation`.

use super::metadata::label_selector;
use super::resources::{positive_quantity, quantity, quantity_value};
use super::{At, Context, ErrorKind, FieldError, Finding};
use crate::gates::Feature;
use crate::names;
use plimsoll_diag::nearest;

/// `supportedAccessModes`.
pub(super) const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// What kubectl prints for them, and nobody but kubectl reads.
const SHORT_MODES: [(&str, &str); 4] = [
    ("RWO", "ReadWriteOnce"),
    ("ROX", "ReadOnlyMany"),
    ("RWX", "ReadWriteMany"),
    ("RWOP", "ReadWriteOncePod"),
];
/// `supportedVolumeModes`.
pub(super) const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

/// `ValidatePersistentVolumeClaim`, and what the strategy does to a claim before that.
pub(super) fn claim(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    common_spec(&spec, cx);

    // `EnforceDataSourceBackwardsCompatibility`: any other source in the older field is dropped unread, unless the
    // newer field is used as well.
    let source = spec.field("dataSource");
    let reference = spec.field("dataSourceRef");
    // `DropDisabledFields`: a reference to another namespace is dropped as a whole while the gate is off.
    let crosses = !reference.field("namespace").text().is_empty();
    let has_reference = reference.is_set() && (!crosses || cx.gate(Feature::CrossNamespaceVolumeDataSource));
    let kept = source.is_set() && (has_reference || is_claim_or_snapshot(&source));
    // `NormalizeDataSources`: either field is copied to the other, which is then checked as well.
    let (source_data, reference_data) = match (kept, has_reference) {
        (true, true) => (Some(source), Some(reference)),
        (true, false) => (Some(source), Some(source)),
        (false, true) => (Some(reference), Some(reference)),
        (false, false) => (None, None),
    };
    data_sources(&spec, source_data.as_ref(), reference_data.as_ref(), cx);

    warnings(&spec, &spec, cx);
    let annotations = root.field("metadata.annotations");
    storage_class_annotation_warning(&annotations, "use \"storageClassName\" attribute instead", cx);
}

/// `ValidatePersistentVolumeClaimSpec` of a template (`spec.volumeClaimTemplates[0].spec`), to which no strategy
/// does anything before.
pub(super) fn claim_spec(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    common_spec(spec, cx);
    let (source, reference) = (spec.field("dataSource"), spec.field("dataSourceRef"));
    let (source, reference) = (source.is_set().then_some(source), reference.is_set().then_some(reference));
    data_sources(spec, source.as_ref(), reference.as_ref(), cx);
    let namespace = spec.field("dataSourceRef.namespace");
    if !namespace.text().is_empty() {
        cx.form(&namespace, names::dns1123_label);
        if let Some(source) = source {
            let detail = "dataSource may not be specified when dataSourceRef.namespace is specified";
            cx.invalid(&spec.showing(&source), detail);
        }
    }
}

/// `GetWarningsForPersistentVolumeClaimSpec`: `path` is what the server puts before `resources`, which for a claim
/// template is the template's own path, without `spec`.
pub(super) fn warnings(path: &At<'_, '_>, spec: &At<'_, '_>, cx: &mut Context<'_>) {
    for list in ["requests", "limits"] {
        let resources = spec.field("resources");
        let values = resources.field(list);
        let storage = values.key("storage");
        if let Some(value) = quantity(&storage).filter(|value| !value.is_integer()) {
            let resources = path.field("resources");
            let values = resources.field(list);
            cx.warning(
                &values.key("storage").showing(&storage),
                format_args!("fractional byte value \"{value}\" is invalid, must be an integer"),
            );
        }
    }
}

/// The warning about the annotation that came before `storageClassName`.
pub(super) fn storage_class_annotation_warning(
    annotations: &At<'_, '_>,
    instead: &str,
    cx: &mut Context<'_>,
) {
    let class = annotations.key("volume.beta.kubernetes.io/storage-class");
    if class.key_span().is_some() {
        cx.warning(&class, format_args!("deprecated since v1.8; {instead}"));
    }
}

/// `spec.accessModes` of claims and volumes.
pub(super) fn access_modes(modes: &At<'_, '_>, cx: &mut Context<'_>) {
    let (mut single_pod, mut other) = (false, false);
    for mode in modes.items() {
        match mode.text() {
            "ReadWriteOncePod" => single_pod = true,
            text if ACCESS_MODES.contains(&text) => other = true,
            text => {
                let known = ACCESS_MODES.join("\", \"");
                let near = SHORT_MODES
                    .iter()
                    .find_map(|(short, mode)| short.eq_ignore_ascii_case(text).then_some(*mode))
                    .or_else(|| nearest(text, ACCESS_MODES.iter().copied()));
                let error = FieldError::new(ErrorKind::NotSupported, modes.path())
                    .value(format!("{text:?}"))
                    .detail(format!("supported values: \"{known}\""));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                cx.push(Finding::new(error, mode.span()).help(help));
            }
        }
    }
    if single_pod && other {
        cx.forbidden(modes, "may not use ReadWriteOncePod with other access modes");
    }
}

/// `ValidateClassName`, where a class is named.
pub(super) fn class_name(class: &At<'_, '_>, cx: &mut Context<'_>) {
    if !class.text().is_empty() {
        cx.form(class, names::dns1123_subdomain);
    }
}

/// What claims and templates have in common: everything but the data sources.
fn common_spec(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let modes = spec.field("accessModes");
    if modes.is_empty() {
        cx.required(&modes, "at least 1 access mode is required");
    }
    label_selector(&spec.field("selector"), cx);
    access_modes(&modes, cx);

    let resources = spec.field("resources");
    let requests = resources.field("requests");
    let storage = requests.key("storage");
    // The server leaves `requests` out of the path.
    let path = resources.key("storage").showing(&storage);
    if storage.key_span().is_none() {
        cx.missing(&path, "set the size in `resources.requests.storage`");
    } else if positive_quantity(&path, cx) {
        quantity_value("storage", &path, cx);
    }

    class_name(&spec.field("storageClassName"), cx);
    let mode = spec.field("volumeMode");
    if mode.is_set() && !VOLUME_MODES.contains(&mode.text()) {
        cx.not_supported(&mode, VOLUME_MODES);
    }
    // Dropped unread while the gate is off.
    if cx.gate(Feature::VolumeAttributesClass) {
        class_name(&spec.field("volumeAttributesClassName"), cx);
    }
}

/// `dataSourceIsPvcOrSnapshot`.
fn is_claim_or_snapshot(source: &At<'_, '_>) -> bool {
    let (group, kind) = (source.field("apiGroup"), source.field("kind"));
    match kind.text() {
        "PersistentVolumeClaim" => group.text().is_empty(),
        "VolumeSnapshot" => group.text() == "snapshot.storage.k8s.io",
        _ => false,
    }
}

/// The checks of `dataSource` and `dataSourceRef`, each with the place where its data stands. The namespace of a
/// claim's reference is dropped unread (gate `CrossNamespaceVolumeDataSource`); that of a template's is not.
fn data_sources(
    spec: &At<'_, '_>,
    source: Option<&At<'_, '_>>,
    reference: Option<&At<'_, '_>>,
    cx: &mut Context<'_>,
) {
    let (source_path, reference_path) = (spec.field("dataSource"), spec.field("dataSourceRef"));
    if let Some(source) = source {
        data_source(source, &source_path, cx);
    }
    if let Some(reference) = reference {
        data_source(reference, &reference_path, cx);
    }
    if let (Some(source), Some(reference)) = (source, reference) {
        let same = ["apiGroup", "kind", "name"].into_iter().all(|name| {
            let (a, b) = (source.field(name), reference.field(name));
            a.text() == b.text() && (name != "apiGroup" || a.is_set() == b.is_set())
        });
        if !same {
            cx.invalid(&spec.showing(&reference_path), "must match dataSourceRef");
        }
    }
}

/// `validateDataSource` and `validateDataSourceRef`.
fn data_source(data: &At<'_, '_>, path: &At<'_, '_>, cx: &mut Context<'_>) {
    for name in ["name", "kind"] {
        if data.field(name).text().is_empty() {
            cx.required(&path.field(name), "");
        }
    }
    let (group, kind) = (data.field("apiGroup"), data.field("kind"));
    if group.text().is_empty() && kind.text() != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        if kind.is_set() {
            cx.invalid(&path.showing(&kind), detail);
        } else {
            cx.invalid_empty(path, detail);
        }
    }
    if !group.text().is_empty() {
        cx.invalid_each(&path.field("apiGroup").showing(&group), names::dns1123_subdomain(group.text()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings, list_findings_in};
    use crate::Version;

    fn claim(spec: &str) -> Vec<String> {
        list_findings(&format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
        ))
    }

    const GOOD: &str = "accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}";

    #[test]
    fn what_a_claim_needs() {
        check(
            claim,
            &[
                (GOOD, &[]),
                ("", &["spec.accessModes required", "spec.resources[storage] required"]),
                (
                    "accessModes: [RWO], resources: {requests: {storage: 1Gi}}",
                    &["spec.accessModes unsupported-value"],
                ),
                (
                    "accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}",
                    &["spec.resources[storage] invalid-value"],
                ),
                (
                    "accessModes: [ReadWriteOnce], resources: {requests: {storage: null}}",
                    &["spec.resources[storage] invalid-value"],
                ),
                (
                    "accessModes: [ReadWriteOnce], resources: {requests: {storage: 1m}}",
                    &["spec.resources.requests[storage] warning"],
                ),
                (
                    "accessModes: [ReadWriteOncePod, ReadOnlyMany], resources: {requests: {storage: 1}}",
                    &["spec.accessModes forbidden"],
                ),
                (&format!("{GOOD}, storageClassName: ''"), &[]),
                (&format!("{GOOD}, storageClassName: A"), &["spec.storageClassName invalid-value"]),
                (&format!("{GOOD}, volumeMode: ''"), &["spec.volumeMode unsupported-value"]),
                (
                    &format!("{GOOD}, selector: {{matchLabels: {{a b: c}}}}"),
                    &["spec.selector.matchLabels invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn data_sources_are_copied_to_each_other() {
        check(
            claim,
            &[
                (&format!("{GOOD}, dataSource: {{kind: PersistentVolumeClaim, name: b}}"), &[]),
                (
                    &format!("{GOOD}, dataSource: {{kind: PersistentVolumeClaim}}"),
                    &["spec.dataSource.name required", "spec.dataSourceRef.name required"],
                ),
                // Dropped unread.
                (&format!("{GOOD}, dataSource: {{kind: Secret, name: ''}}"), &[]),
                (
                    &format!("{GOOD}, dataSourceRef: {{kind: Secret, name: b}}"),
                    &["spec.dataSource invalid-value", "spec.dataSourceRef invalid-value"],
                ),
                (
                    &format!(
                        "{GOOD}, dataSource: {{kind: PersistentVolumeClaim, name: b}}, \
                     dataSourceRef: {{kind: PersistentVolumeClaim, name: c}}"
                    ),
                    &["spec invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn attribute_classes_count_since_1_34() {
        let manifest = format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: a}}\n\
             spec: {{{GOOD}, volumeAttributesClassName: A}}\n"
        );
        assert_eq!(list_findings_in(Version::V1_33, &manifest), Vec::<String>::new());
        assert_eq!(list_findings(&manifest), ["spec.volumeAttributesClassName invalid-value"]);
    }
}
