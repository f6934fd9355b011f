//! Storage classes and drivers (`pkg/apis/storage/validation`).

use super::{At, Context, node_labels};
use crate::gates::Feature;
use crate::names;
use std::collections::{BTreeMap, BTreeSet};

/// `ValidateStorageClass`.
pub(super) fn storage_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    provisioner(&root.field("provisioner"), cx);
    parameters(&root.field("parameters"), true, cx);
    let reclaim = root.field("reclaimPolicy");
    if !matches!(reclaim.text(), "" | "Delete" | "Retain") {
        cx.not_supported(&reclaim, &["Delete", "Retain"]);
    }
    let binding = root.field("volumeBindingMode");
    if binding.is_set() && !matches!(binding.text(), "Immediate" | "WaitForFirstConsumer") {
        cx.not_supported(&binding, &["Immediate", "WaitForFirstConsumer"]);
    }
    allowed_topologies(&root.field("allowedTopologies"), cx);
}

/// `validateProvisioner`.
fn provisioner(provisioner: &At<'_, '_>, cx: &mut Context<'_>) {
    if provisioner.text().is_empty() {
        cx.required(provisioner, "");
    } else {
        cx.invalid_each(provisioner, names::qualified_name(&provisioner.text().to_lowercase()));
    }
}

/// `validateParameters`.
fn parameters(parameters: &At<'_, '_>, may_be_empty: bool, cx: &mut Context<'_>) {
    const MAX_COUNT: usize = 512;
    const MAX_SIZE: usize = 256 * 1024;
    if parameters.len() > MAX_COUNT {
        cx.too_long(parameters, MAX_COUNT);
        return;
    }
    let mut size = 0_usize;
    for (key, value) in parameters.entries() {
        if key.is_empty() {
            cx.invalid_key(parameters, key, value.key_span(), "field can not be empty.");
        }
        size = size.saturating_add(key.len()).saturating_add(value.text().len());
    }
    if size > MAX_SIZE {
        cx.too_long(parameters, MAX_SIZE);
    }
    if parameters.is_empty() && !may_be_empty {
        cx.required(parameters, "must contain at least one key/value pair");
    }
}

/// `validateAllowedTopologies`: the server finds an empty term to repeat the empty ones it starts with.
fn allowed_topologies(topologies: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut earlier: BTreeSet<BTreeMap<&str, BTreeSet<&str>>> = BTreeSet::new();
    for term in topologies.items() {
        let expressions = term.field("matchLabelExpressions");
        let mut values_by_key: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for expression in expressions.items() {
            let (key, values) = (expression.field("key"), expression.field("values"));
            if values.is_empty() {
                cx.required(&values, "");
            }
            let mut seen = BTreeSet::new();
            for value in values.items() {
                if !seen.insert(value.text()) {
                    cx.duplicate(&value);
                }
            }
            cx.form(&key, names::qualified_name);
            node_labels::warn_of_key(&key, cx);
            if values_by_key.insert(key.text(), seen).is_some() {
                cx.duplicate(&key);
            }
        }
        if values_by_key.is_empty() || !earlier.insert(values_by_key) {
            cx.duplicate(&expressions);
        }
    }
}

/// `ValidateCSIDriver`.
pub(super) fn csi_driver(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let policy = spec.field("fsGroupPolicy");
    if policy.is_set() && !matches!(policy.text(), "ReadWriteOnceWithFSType" | "File" | "None") {
        cx.not_supported(&policy, &["File", "None", "ReadWriteOnceWithFSType"]);
    }
    let modes = spec.field("volumeLifecycleModes");
    for mode in modes.items() {
        if !matches!(mode.text(), "Persistent" | "Ephemeral") {
            cx.not_supported(&modes.showing(&mode), &["Persistent", "Ephemeral"]);
        }
    }
    let period = spec.field("nodeAllocatableUpdatePeriodSeconds");
    if period.int().is_some_and(|seconds| seconds < 10) {
        cx.invalid(&period, "must be greater than or equal to 10 seconds");
    }
    let requests = spec.field("tokenRequests");
    let in_secrets = spec.field("serviceAccountTokenInSecrets");
    if cx.gate(Feature::CSIServiceAccountTokenSecrets) {
        match (in_secrets.is_set(), requests.is_empty()) {
            (true, true) => {
                let detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
                cx.invalid(&in_secrets, detail);
            }
            // `WarningsOnCreate` of `pkg/registry/storage/csidriver`.
            (false, false) => cx.warning(
                &in_secrets,
                "is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in \
                 volume attributes",
            ),
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    for request in requests.items() {
        let (audience, expiration) = (request.field("audience"), request.field("expirationSeconds"));
        if !seen.insert(audience.text()) {
            cx.duplicate(&audience);
            continue;
        }
        match expiration.int() {
            Some(..600) => cx.invalid(&expiration, "may not specify a duration less than 10 minutes"),
            Some(4_294_967_297..) => {
                cx.invalid(&expiration, "may not specify a duration larger than 2^32 seconds");
            }
            _ => {}
        }
    }
}

/// `ValidateVolumeAttributesClass`.
pub(super) fn volume_attributes_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    provisioner(&root.field("driverName"), cx);
    parameters(&root.field("parameters"), false, cx);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    #[test]
    fn classes() {
        let class = |rest: &str| {
            list_findings(&format!(
                "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: a}}\n{rest}\n"
            ))
        };
        check(
            class,
            &[
                ("provisioner: A.b/C", &[]),
                ("provisioner: a b", &["provisioner invalid-value"]),
                ("provisioner: a\nreclaimPolicy: Recycle", &["reclaimPolicy unsupported-value"]),
                ("provisioner: a\nvolumeBindingMode: ''", &["volumeBindingMode unsupported-value"]),
                ("provisioner: a\nparameters: {'': x}", &["parameters invalid-value"]),
                (
                    "provisioner: a\nallowedTopologies: [{matchLabelExpressions: [{key: a b, values: []}]}]",
                    &[
                        "allowedTopologies[0].matchLabelExpressions[0].key invalid-value",
                        "allowedTopologies[0].matchLabelExpressions[0].values required",
                    ],
                ),
                (
                    "provisioner: a\nallowedTopologies: [{}]",
                    &["allowedTopologies[0].matchLabelExpressions duplicate-value"],
                ),
            ],
        );
    }

    #[test]
    fn attribute_classes() {
        let class = |rest: &str| {
            list_findings(&format!(
                "apiVersion: storage.k8s.io/v1\nkind: VolumeAttributesClass\nmetadata: {{name: a}}\n{rest}\n"
            ))
        };
        check(
            class,
            &[
                ("driverName: A.b/c\nparameters: {a: b}", &[]),
                ("driverName: a b", &["driverName invalid-value", "parameters required"]),
            ],
        );
    }

    #[test]
    fn drivers() {
        let driver =
            |rest: &str| list_findings(&format!("apiVersion: storage.k8s.io/v1\nkind: CSIDriver\n{rest}\n"));
        check(
            driver,
            &[
                ("metadata: {name: a.b}\nspec: {}", &[]),
                ("metadata: {name: A.b}\nspec: {}", &["metadata.name invalid-value"]),
                (
                    "metadata: {name: a.b}\nspec: {nodeAllocatableUpdatePeriodSeconds: 9}",
                    &["spec.nodeAllocatableUpdatePeriodSeconds invalid-value"],
                ),
                (
                    "metadata: {name: a.b}\nspec: {fsGroupPolicy: All, volumeLifecycleModes: [Once]}",
                    &["spec.fsGroupPolicy unsupported-value", "spec.volumeLifecycleModes unsupported-value"],
                ),
                (
                    "metadata: {name: a.b}\nspec: {tokenRequests: [{audience: a, expirationSeconds: 1}, {audience: a}]}",
                    &[
                        "spec.serviceAccountTokenInSecrets warning",
                        "spec.tokenRequests[0].expirationSeconds invalid-value",
                        "spec.tokenRequests[1].audience duplicate-value",
                    ],
                ),
                (
                    "metadata: {name: a.b}\nspec: {serviceAccountTokenInSecrets: true}",
                    &["spec.serviceAccountTokenInSecrets invalid-value"],
                ),
                (
                    "metadata: {name: a.b}\nspec: {serviceAccountTokenInSecrets: false, tokenRequests: [{audience: a}]}",
                    &[],
                ),
            ],
        );
    }
}
