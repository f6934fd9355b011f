//! Definitions of custom resources: `apiextensions-apiserver/pkg/apis/apiextensions/validation`.

mod rules;
mod schema;

use super::{At, Context, webhook};
use crate::names;
use std::collections::BTreeSet;

/// `ValidateCustomResourceDefinition`.
pub(super) fn definition(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let (metadata, spec) = (root.field("metadata"), root.field("spec"));
    let (group, kinds) = (spec.field("group"), spec.field("names"));
    let (plural, name) = (kinds.field("plural"), metadata.field("name"));
    if name.text().strip_suffix(group.text()).and_then(|rest| rest.strip_suffix('.')) != Some(plural.text()) {
        cx.invalid(&name, "must be spec.names.plural+\".\"+spec.group");
    }
    if group.text().is_empty() {
        cx.required(&group, "");
    } else {
        cx.form(&group, names::dns1123_subdomain);
        if !group.text().contains('.') {
            cx.invalid(&group, "should be a domain with at least one dot");
        }
    }
    approval(&metadata, group.text(), cx);
    let scope = spec.field("scope");
    match scope.text() {
        "Cluster" | "Namespaced" => {}
        "" => cx.required(&scope, ""),
        _ => cx.not_supported(&scope, &["Cluster", "Namespaced"]),
    }
    kind_names(&kinds, cx);
    versions(&spec, cx);
    conversion(&spec.field("conversion"), cx);
    if spec.field("preserveUnknownFields").flag() {
        cx.invalid(
            &spec.field("preserveUnknownFields"),
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        );
    }
}

/// `validateAPIApproval`: the groups of the Kubernetes community ask for a word about who approved.
fn approval(metadata: &At<'_, '_>, group: &str, cx: &mut Context<'_>) {
    let protected = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|domain| group.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    if !protected {
        return;
    }
    let annotations = metadata.field("annotations");
    let approved = annotations.key("api-approved.kubernetes.io");
    let text = approved.text();
    let is_url = text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    if text.is_empty() {
        cx.required(
            &approved,
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111",
        );
    } else if !text.starts_with("unapproved") && !is_url {
        cx.invalid(
            &approved,
            "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111",
        );
    }
}

/// `ValidateCustomResourceDefinitionNames`.
fn kind_names(kinds: &At<'_, '_>, cx: &mut Context<'_>) {
    // The defaults of the others are the lower-case kind, and the kind with `List`.
    for (name, required) in [("plural", true), ("singular", false), ("kind", true), ("listKind", false)] {
        let field = kinds.field(name);
        if !field.text().is_empty() {
            // Only kinds may have capitals.
            let complaints = if matches!(name, "kind" | "listKind") {
                names::dns1035_label(&field.text().to_lowercase())
            } else {
                names::dns1035_label(field.text())
            };
            cx.invalid_each(&field, complaints);
        } else if required {
            cx.required(&field, "");
        }
    }
    for field in ["shortNames", "categories"] {
        let list = kinds.field(field);
        for item in list.items() {
            cx.form(&item, names::dns1035_label);
        }
    }
    let (kind, list) = (kinds.field("kind"), kinds.field("listKind"));
    if !kind.text().is_empty() && kind.text() == list.text() {
        cx.invalid(&list, "kind and listKind may not be the same");
    }
}

/// `validateCustomResourceDefinitionVersion` for each, and what they have to have in common.
fn versions(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let versions = spec.field("versions");
    if versions.is_empty() {
        cx.required(&versions, "must have at least one version");
        return;
    }
    let (top_schema, top_columns) = (spec.field("validation"), spec.field("additionalPrinterColumns"));
    let top_subresources = spec.field("subresources");
    // What all versions have alike, the server moves up to where older API versions had it.
    let one_schema = have_same_field(&versions, "schema");
    let one_list = have_same_field(&versions, "additionalPrinterColumns");
    let one_subresources = have_same_field(&versions, "subresources");

    let mut seen = BTreeSet::new();
    let mut stored = 0_usize;
    for (index, version) in versions.items().enumerate() {
        let name = version.field("name");
        cx.form(&name, names::dns1035_label);
        if !seen.insert(name.text()) {
            cx.invalid(&versions, "must contain unique version names");
        }
        stored += usize::from(version.field("storage").flag());
        deprecation(&version, cx);
        // What was moved up is looked at once.
        let (schema, columns) = (version.field("schema"), version.field("additionalPrinterColumns"));
        let subresources = version.field("subresources");
        if !one_schema || index == 0 {
            let place = if one_schema { top_schema.showing(&schema) } else { schema };
            let open_api = schema.field("openAPIV3Schema");
            if open_api.is_set() {
                schema::root(&place, subresources.field("status").is_set(), cx);
            } else {
                cx.required(&open_api, "schemas are required");
            }
        }
        if !one_list || index == 0 {
            let place = if one_list { top_columns.showing(&columns) } else { columns };
            for column in place.items() {
                printer_column(&column, cx);
            }
        }
        if !one_subresources || index == 0 {
            let place = if one_subresources { top_subresources.showing(&subresources) } else { subresources };
            scale(&place, cx);
        }
    }
    if stored != 1 {
        cx.invalid(&versions, "must have exactly one version marked as storage version");
    }
}

/// Whether every version has the field, and the same in it.
fn have_same_field(versions: &At<'_, '_>, field: &str) -> bool {
    let mut values = versions.items().map(|version| version.field(field).node());
    let first = values.next().flatten();
    first.is_some() && values.all(|value| value == first)
}

/// `validateDeprecationWarning`.
fn deprecation(version: &At<'_, '_>, cx: &mut Context<'_>) {
    let warning = version.field("deprecationWarning");
    let Some(text) = warning.str() else { return };
    if !version.field("deprecated").flag() {
        return cx.invalid(&warning, "can only be set for deprecated versions");
    }
    if text.len() > 256 {
        cx.invalid(&warning, "must be <= 256 characters long");
    }
    if text.is_empty() {
        cx.invalid(&warning, "must not be an empty string");
    }
    if let Some((index, _)) = text.char_indices().find(|(_, char)| char.is_control()) {
        let detail = "must only contain printable UTF-8 characters; non-printable character found at index";
        cx.invalid(&warning, format_args!("{detail} {index}"));
    }
}

/// `ValidateCustomResourceColumnDefinition`.
fn printer_column(column: &At<'_, '_>, cx: &mut Context<'_>) {
    const TYPES: &[&str] = &["boolean", "date", "integer", "number", "string"];
    const FORMATS: &[&str] = &["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    if column.field("name").text().is_empty() {
        cx.required(&column.field("name"), "");
    }
    let (kind, format) = (column.field("type"), column.field("format"));
    if kind.text().is_empty() {
        cx.required(&kind, format_args!("must be one of {}", TYPES.join(",")));
    } else if !TYPES.contains(&kind.text()) {
        cx.invalid(&kind, format_args!("must be one of {}", TYPES.join(",")));
    }
    if !format.text().is_empty() && !FORMATS.contains(&format.text()) {
        cx.invalid(&format, format_args!("must be one of {}", FORMATS.join(",")));
    }
    // The server spells it in capitals.
    let path = column.field("jsonPath").renamed("JSONPath");
    if path.text().is_empty() {
        cx.required(&path, "");
    } else if !path.text().starts_with('.') {
        cx.invalid(&path, "must be a simple json path starting with .");
    }
}

/// `ValidateCustomResourceDefinitionSubresources`.
fn scale(subresources: &At<'_, '_>, cx: &mut Context<'_>) {
    let scale = subresources.field("scale");
    if !scale.is_set() {
        return;
    }
    for (field, roots, required) in [
        ("specReplicasPath", &[".spec."][..], true),
        ("statusReplicasPath", &[".status."], true),
        ("labelSelectorPath", &[".spec.", ".status."], false),
    ] {
        let path = scale.field(field);
        if path.text().is_empty() {
            if required {
                cx.required(&path, "");
            }
        } else if !roots.iter().any(|root| path.text().starts_with(root)) {
            let roots: Vec<&str> = roots.iter().map(|root| root.trim_end_matches('.')).collect();
            cx.invalid(&path, format_args!("should be a json path under {}", roots.join(" or ")));
        }
    }
}

/// `validateCustomResourceConversion`.
fn conversion(conversion: &At<'_, '_>, cx: &mut Context<'_>) {
    let (strategy, hook) = (conversion.field("strategy"), conversion.field("webhook"));
    // As older API versions spell them.
    let (config, versions) = (hook.field("clientConfig"), hook.field("conversionReviewVersions"));
    let config = conversion.field("webhookClientConfig").showing(&config);
    let versions = conversion.field("conversionReviewVersions").showing(&versions);
    match strategy.text() {
        // Without a conversion the default is `None`.
        "" if conversion.is_set() => cx.required(&strategy, ""),
        "" => {}
        "Webhook" => {
            if config.is_set() {
                webhook::client_config(&config, cx);
            } else {
                cx.required(&config, "required when strategy is set to Webhook");
            }
            webhook::review_versions(&versions, "", cx);
        }
        "None" => {
            for place in [&config, &versions] {
                if place.is_set() {
                    cx.forbidden(place, "should not be set when strategy is not set to Webhook");
                }
            }
        }
        _ => cx.not_supported(&strategy, &["None", "Webhook"]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    fn definition(name: &str, spec: &str) -> Vec<String> {
        list_findings(&format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {name}}}\n\
             spec: {{group: b.c, names: {{kind: A, plural: as}}, {spec}}}\n"
        ))
    }

    /// A definition whose only version is as said beside the usual.
    fn version(rest: &str) -> Vec<String> {
        definition(
            "as.b.c",
            &format!("scope: Cluster, versions: [{{name: v1, served: true, storage: true, {rest}}}]"),
        )
    }

    #[test]
    fn names_and_versions() {
        let good = "schema: {openAPIV3Schema: {type: object}}";
        let one = |rest: &str| {
            format!("scope: Cluster, versions: [{{name: v1, served: true, storage: true, {rest}}}]")
        };
        assert_eq!(definition("as.b.c", &one(good)), Vec::<String>::new());
        assert_eq!(definition("as.c", &one(good)), ["metadata.name invalid-value"]);
        assert_eq!(version(""), ["spec.versions[0].schema.openAPIV3Schema required"]);
        assert_eq!(
            definition("as.b.c", "scope: All, versions: []"),
            ["spec.scope unsupported-value", "spec.versions required"]
        );
        check(
            version,
            &[
                (&format!("storage_: 1, {good}"), &["spec.versions[0].storage_ unknown-field"]),
                (
                    &format!("deprecationWarning: a, {good}"),
                    &["spec.versions[0].deprecationWarning invalid-value"],
                ),
                (
                    &format!("additionalPrinterColumns: [{{name: a, type: text, jsonPath: a}}], {good}"),
                    &[
                        "spec.additionalPrinterColumns[0].type invalid-value",
                        "spec.additionalPrinterColumns[0].JSONPath invalid-value",
                    ],
                ),
                (
                    &format!(
                        "subresources: {{scale: {{specReplicasPath: .a, statusReplicasPath: .status.b}}}}, {good}"
                    ),
                    &["spec.subresources.scale.specReplicasPath invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn what_versions_have_alike_is_moved_up() {
        let two = |a: &str, b: &str| {
            definition(
                "as.b.c",
                &format!(
                    "scope: Cluster, versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {a}}}}}, \
                     {{name: v2, served: true, storage: false, schema: {{openAPIV3Schema: {b}}}}}]"
                ),
            )
        };
        assert_eq!(two("{}", "{}"), ["spec.validation.openAPIV3Schema.type required"]);
        assert_eq!(two("{}", "{type: object}"), ["spec.versions[0].schema.openAPIV3Schema.type required"]);
    }

    #[test]
    fn conversions() {
        let conversion = |conversion: &str| {
            definition(
                "as.b.c",
                &format!(
                    "scope: Cluster, conversion: {{{conversion}}}, versions: [{{name: v1, served: true, storage: true, \
                     schema: {{openAPIV3Schema: {{type: object}}}}}}]"
                ),
            )
        };
        check(
            conversion,
            &[
                ("strategy: None", &[]),
                ("strategy: Hook", &["spec.conversion.strategy unsupported-value"]),
                (
                    "strategy: Webhook",
                    &[
                        "spec.conversion.webhookClientConfig required",
                        "spec.conversion.conversionReviewVersions required",
                    ],
                ),
                (
                    "strategy: None, webhook: {conversionReviewVersions: [v1]}",
                    &["spec.conversion.conversionReviewVersions forbidden"],
                ),
                (
                    "strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: 'http://a'}}",
                    &["spec.conversion.webhookClientConfig.url invalid-value"],
                ),
            ],
        );
    }
}
