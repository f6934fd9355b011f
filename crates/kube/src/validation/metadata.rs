//! `metadata` of every object, and label selectors: `ValidateObjectMeta` and its kin in apimachinery
//! (`pkg/api/validation/objectmeta.go`, `pkg/apis/meta/v1/validation`).

use super::{At, Context};
use crate::names;

/// Checks a name; the flag says that it is a prefix (`generateName`). Returns what is wrong with it.
pub(super) type NameCheck = fn(&str, bool) -> Vec<String>;

/// `ValidatePathSegmentName`: what every name has to be, at least.
pub(super) fn path_segment(name: &str, prefix: bool) -> Vec<String> {
    if prefix { names::path_segment_prefix(name) } else { names::path_segment_name(name) }
}

/// `ValidateObjectMeta` of a new object, given the whole object, whose names `check` restricts.
///
/// What the server overwrites on creation (`uid`, `creationTimestamp`, `managedFields`, ...) is not looked
/// at, nor is a cluster-scoped object's namespace.
pub(super) fn object_meta(root: &At<'_, '_>, namespaced: bool, check: NameCheck, cx: &mut Context<'_>) {
    let metadata = root.field("metadata");
    let (name, prefix) = (metadata.field("name"), metadata.field("generateName"));
    if !prefix.text().is_empty() {
        cx.form(&prefix, |text| check(text, true));
    }
    if !name.text().is_empty() {
        cx.form(&name, |text| check(text, false));
    } else if prefix.text().is_empty() {
        cx.required(&name, "name or generateName is required");
    } else if check(prefix.text(), true).is_empty() {
        cx.invalid_each(&name.showing(&prefix), check(&generated_name(prefix.text()), false));
    }
    let namespace = metadata.field("namespace");
    if namespaced && !namespace.text().is_empty() {
        cx.form(&namespace, names::dns1123_label);
    }
    // What is stored has no version yet: `Create` of apiserver/pkg/storage/etcd3.
    let version = metadata.field("resourceVersion");
    if version.text().parse().is_ok_and(|number: u64| number != 0) {
        cx.forbidden(&version, "should not be set on objects to be created");
    }
    labels(&metadata.field("labels"), cx);
    annotations(&metadata.field("annotations"), cx);
    owner_references(&metadata.field("ownerReferences"), cx);
    finalizers(&metadata.field("finalizers"), cx);
}

/// `SimpleNameGenerator.GenerateName`: the prefix, cut to 58 bytes, and five characters that could be any.
fn generated_name(prefix: &str) -> String {
    const MAX_PREFIX: usize = 58;
    format!("{}bcdfg", prefix.get(..MAX_PREFIX).unwrap_or(prefix))
}

/// `ValidateLabels`: keys are qualified names, values label values. Errors have the path of the whole.
pub(super) fn labels(labels: &At<'_, '_>, cx: &mut Context<'_>) {
    for (key, value) in labels.entries() {
        label_key(labels, key, &value, cx);
        for detail in names::label_value(value.text()) {
            cx.invalid_key(labels, value.text(), Some(value.span()), detail);
        }
    }
}

/// `ValidateLabelName` of an entry's key.
fn label_key(labels: &At<'_, '_>, key: &str, value: &At<'_, '_>, cx: &mut Context<'_>) {
    for detail in names::qualified_name(key) {
        cx.invalid_key(labels, key, value.key_span(), detail);
    }
}

/// `ValidateAnnotations`: keys are qualified names in any case; all of it fits 256 KiB.
pub(super) fn annotations(annotations: &At<'_, '_>, cx: &mut Context<'_>) {
    const LIMIT: usize = 256 * 1024;
    let mut size = 0;
    for (key, value) in annotations.entries() {
        let complaints = if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            names::qualified_name(&key.to_lowercase())
        } else {
            names::qualified_name(key)
        };
        for detail in complaints {
            cx.invalid_key(annotations, key, value.key_span(), detail);
        }
        size += key.len() + value.text().len();
    }
    if size > LIMIT {
        cx.too_long(annotations, LIMIT);
    }
}

/// `ValidateOwnerReferences`. The paths name no index.
fn owner_references(references: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut controllers = 0;
    for reference in references.items() {
        let checks = [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ];
        for (field, detail) in checks {
            let place = reference.field(field);
            let text = place.text();
            // A group version that ends in its slash has no version.
            if text.is_empty() || (field == "apiVersion" && text.ends_with('/')) {
                cx.invalid(&place.below(references), detail);
            }
        }
        if reference.field("apiVersion").text() == "v1" && reference.field("kind").text() == "Event" {
            cx.invalid_key(
                references,
                "Event",
                Some(reference.span()),
                "/v1, Kind=Event is disallowed from being an owner",
            );
        }
        controllers += usize::from(reference.field("controller").flag());
    }
    if controllers > 1 {
        cx.invalid(references, "only one reference can have `controller` set to true");
    }
}

/// `ValidateFinalizers`.
fn finalizers(finalizers: &At<'_, '_>, cx: &mut Context<'_>) {
    let (mut orphan, mut foreground) = (false, false);
    for finalizer in finalizers.items() {
        let name = finalizer.text();
        for detail in names::qualified_name(name) {
            cx.invalid_key(finalizers, name, Some(finalizer.span()), detail);
        }
        orphan |= name == "orphan";
        foreground |= name == "foregroundDeletion";
    }
    if orphan && foreground {
        cx.invalid(finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

/// `validateKubeFinalizerName` (`pkg/apis/core/validation`): what Kubernetes' own kinds ask in addition, a prefix
/// or one of the names that Kubernetes gives a meaning to.
pub(super) fn kube_finalizers(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let finalizers = root.field("metadata.finalizers");
    for finalizer in finalizers.items() {
        let name = finalizer.text();
        if !name.contains('/') && !matches!(name, "kubernetes" | "orphan" | "foregroundDeletion") {
            cx.invalid(&finalizer, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
}

/// `ValidateLabelSelector`, with label values checked. An absent selector is none of its business.
/// Returns whether the selector can be used: `metav1.LabelSelectorAsSelector` fails for the others.
pub(super) fn label_selector(selector: &At<'_, '_>, cx: &mut Context<'_>) -> bool {
    let before = cx.errors();
    labels(&selector.field("matchLabels"), cx);
    for expression in selector.field("matchExpressions").items() {
        requirement(&expression, &[], true, cx);
    }
    cx.errors() == before
}

/// `ValidateLabelSelectorRequirement`, and `ValidateNodeSelectorRequirement`, which knows `comparisons` beside:
/// operators with a single value. The values' form is checked if `strict`.
pub(super) fn requirement(
    requirement: &At<'_, '_>,
    comparisons: &[&str],
    strict: bool,
    cx: &mut Context<'_>,
) {
    let (operator, values) = (requirement.field("operator"), requirement.field("values"));
    match operator.text() {
        "In" | "NotIn" => {
            if values.is_empty() {
                cx.required(&values, "must be specified when `operator` is 'In' or 'NotIn'");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                cx.forbidden(&values, detail);
            }
        }
        text if comparisons.contains(&text) => {
            if values.len() != 1 {
                cx.required(&values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
            }
        }
        _ => cx.invalid(&operator, "not a valid selector operator"),
    }
    cx.form(&requirement.field("key"), names::qualified_name);
    if strict {
        for value in values.items() {
            cx.form(&value, names::label_value);
        }
    }
}

/// Whether a selector names no labels: it then selects everything.
pub(super) fn selects_everything(selector: &At<'_, '_>) -> bool {
    selector.is_set()
        && selector.field("matchLabels").is_empty()
        && selector.field("matchExpressions").is_empty()
}

/// `labels.Selector.Matches` of a usable selector: whether it selects an object with `labels`. An absent
/// selector selects nothing.
pub(super) fn selects(selector: &At<'_, '_>, labels: &At<'_, '_>) -> bool {
    let label = |key: &str| {
        let entry = labels.node()?.as_map()?.entry(key)?;
        // A null is the empty string once decoded.
        Some(entry.value.as_str().unwrap_or_default())
    };
    selector.is_set() && selects_with(selector, label)
}

/// [`selects`] for labels that are looked up by `label`.
pub(super) fn selects_with<'l>(selector: &At<'_, '_>, label: impl Fn(&str) -> Option<&'l str>) -> bool {
    let equal = selector.field("matchLabels").entries().all(|(key, value)| label(key) == Some(value.text()));
    equal
        && selector.field("matchExpressions").items().all(|expression| {
            let found = label(expression.field("key").text());
            let values = expression.field("values");
            let listed = found.is_some_and(|found| values.items().any(|value| value.text() == found));
            match expression.field("operator").text() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    #[test]
    fn metadata_is_held_to_the_servers_rules() {
        check(
            |metadata| list_findings(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n")),
            &[
                ("{name: a.b}", &[]),
                ("{generateName: a-}", &[]),
                ("{generateName: a b}", &["metadata.generateName invalid-value"]),
                // The character before the dash is masked, but part of the name.
                ("{generateName: a_-}", &["metadata.name invalid-value"]),
                ("{}", &["metadata.name required"]),
                ("{name: A}", &["metadata.name invalid-value"]),
                ("{name: a, labels: {x/y: z, empty: ''}}", &[]),
                ("{name: a, labels: {x: 'a b'}}", &["metadata.labels invalid-value"]),
                ("{name: a, annotations: {Example.NET/x: anything goes}}", &[]),
                ("{name: a, annotations: {a b: x}}", &["metadata.annotations invalid-value"]),
                ("{name: a, finalizers: [example.net/clean]}", &[]),
                ("{name: a, finalizers: [clean]}", &["metadata.finalizers[0] invalid-value"]),
                (
                    "{name: a, ownerReferences: [{apiVersion: v1, kind: Pod, name: p}]}",
                    &["metadata.ownerReferences.uid invalid-value"],
                ),
                ("{name: a, resourceVersion: '7'}", &["metadata.resourceVersion forbidden"]),
            ],
        );
    }
}
