//! Schemas in definitions of custom resources: what makes them structural (`apiextensions-apiserver/pkg/apiserver/schema`),
//! and what they may say (`pkg/apis/apiextensions/validation`). Rules in CEL are compiled.

use super::rules;
use crate::validation::{At, Context, ErrorKind, FieldError, Finding, custom};
use plimsoll_yaml::Node;
use std::collections::BTreeSet;

/// `validateCustomResourceDefinitionValidation`, given what holds the schema.
pub(super) fn root(holder: &At<'_, '_>, has_status: bool, cx: &mut Context<'_>) {
    const ALLOWED: &[&str] = &[
        "description",
        "example",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "externalDocs",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "multipleOf",
        "pattern",
        "properties",
        "required",
        "title",
        "type",
        "uniqueItems",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    ];

    let schema = holder.field("openAPIV3Schema");
    // A status of its own is validated by itself, which only some fields at the root allow.
    if has_status
        && let Some((key, _)) = schema.entries().find(|(key, at)| at.is_set() && !ALLOWED.contains(key))
    {
        cx.invalid(
            &schema,
            format_args!(
                "`{key}` is not allowed at the root of the schema if the status subresource is enabled"
            ),
        );
    }
    if schema.field("nullable").flag() {
        cx.forbidden(&schema.field("nullable"), "nullable cannot be true at the root");
    }
    let before = cx.errors();
    structural(&schema, Level::Root, cx);
    complete_parts(&schema, &schema, cx);
    if cx.errors() == before {
        defaults(&schema, cx);
    }
    open_api(&schema, cx);
    if cx.errors() == before {
        rules::check(&schema, cx);
    }
    // `NewStructural` fails, which is said only if nothing else is wrong.
    if cx.errors() == before
        && let Some(url) = schema.node().and_then(dollar_schema)
    {
        let error = FieldError::new(ErrorKind::Invalid, schema.path())
            .value("\"\"".to_owned())
            .detail("OpenAPIV3Schema 'schema' is not supported");
        cx.push(Finding::new(error, url.span).help("remove `$schema`".to_owned()));
    }
}

/// A `$schema` in a part of a schema.
fn dollar_schema(schema: &Node) -> Option<&Node> {
    let own = schema.get("$schema").filter(|url| url.as_str().is_some_and(|url| !url.is_empty()));
    let inner = ["items", "additionalProperties", "not"].into_iter().filter_map(|name| schema.get(name));
    let parts = JUNCTORS.into_iter().filter_map(|name| schema.get(name)).flat_map(Node::items);
    let properties = schema.get("properties").and_then(Node::as_map).into_iter().flatten();
    let below = inner.chain(parts).chain(properties.map(|property| &property.value));
    own.or_else(|| below.into_iter().find_map(dollar_schema))
}

/// Where a part of a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What combines schemas.
const JUNCTORS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// `validateStructuralInvariants`.
fn structural(schema: &At<'_, '_>, level: Level, cx: &mut Context<'_>) {
    let (kind, items) = (schema.field("type"), schema.field("items"));
    if kind.text() == "array" && !items.is_set() {
        cx.required(&items, "must be specified");
    }
    if is_map(&items) {
        structural(&items, Level::Item, cx);
    }
    let properties = schema.field("properties");
    for (_, property) in properties.entries().filter(|(_, property)| property.is_set()) {
        structural(&property, Level::Field, cx);
    }
    let (additional, embedded) =
        (schema.field("additionalProperties"), schema.field("x-kubernetes-embedded-resource"));
    if additional.is_set() && level == Level::Root {
        cx.forbidden(&additional, "must not be used at the root");
    }
    if is_map(&additional) {
        structural(&additional, Level::Field, cx);
    }
    let int_or_string = schema.field("x-kubernetes-int-or-string").flag();
    let preserved = schema.field("x-kubernetes-preserve-unknown-fields");
    for extension in [&preserved, &embedded] {
        if int_or_string && extension.flag() {
            cx.invalid(extension, "must be false if x-kubernetes-int-or-string is true");
        }
    }
    value_validation(schema, is_int_or_string(schema), is_int_or_string(&schema.field("allOf").index(0)), cx);

    if embedded.flag() {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        match kind.text() {
            "object" => {}
            "" => cx.required(&kind, detail),
            _ => cx.invalid(&kind, detail),
        }
        if additional.is_set() {
            cx.forbidden(&additional, "must not be used if x-kubernetes-embedded-resource is set");
        }
        if !preserved.flag() && properties.is_empty() {
            let detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
            cx.required(&properties, detail);
        }
    } else if kind.text().is_empty() && !int_or_string && !preserved.flag() {
        cx.required(
            &kind,
            match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            },
        );
    }
    if level == Level::Root && !matches!(kind.text(), "" | "object") {
        cx.invalid(&kind, "must be object at the root");
    }
    resource_fields(&properties, level, level == Level::Root || embedded.flag(), cx);
}

/// What may be said of `apiVersion`, `kind` and `metadata`: `validateStructuralMetadataInvariants`.
fn resource_fields(properties: &At<'_, '_>, level: Level, resource: bool, cx: &mut Context<'_>) {
    if !resource {
        return;
    }
    for (name, wanted) in [("apiVersion", "string"), ("kind", "string"), ("metadata", "object")] {
        let property = properties.key(name);
        let kind = property.field("type");
        if property.is_set() && kind.text() != wanted {
            cx.invalid(&kind, format_args!("must be {wanted}"));
        }
    }
    let metadata = properties.key("metadata");
    if level == Level::Root && metadata.is_set() {
        let names = metadata.field("properties");
        let only_names = names.entries().all(|(name, _)| matches!(name, "name" | "generateName"));
        let only_these = metadata
            .entries()
            .all(|(key, at)| !at.is_set() || matches!(key, "type" | "default" | "properties"));
        if !only_names || !only_these {
            let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            cx.forbidden(&metadata, detail);
        }
    }
}

/// `isIntOrStringAnyOfPattern`: the one place where parts may have types.
fn is_int_or_string(schema: &At<'_, '_>) -> bool {
    let any_of = schema.field("anyOf");
    any_of.len() == 2
        && any_of
            .items()
            .zip(["integer", "string"])
            .all(|(part, kind)| part.len() == 1 && part.field("type").text() == kind)
}

/// `validateValueValidation`.
fn value_validation(schema: &At<'_, '_>, skip_any_of: bool, skip_in_first: bool, cx: &mut Context<'_>) {
    for junctor in JUNCTORS.into_iter().filter(|junctor| *junctor != "anyOf" || !skip_any_of) {
        let parts = schema.field(junctor);
        for (index, part) in parts.items().enumerate() {
            nested(&part, junctor == "allOf" && index == 0 && skip_in_first, cx);
        }
    }
    if schema.field("not").is_set() {
        nested(&schema.field("not"), false, cx);
    }
    let pattern = schema.field("pattern");
    if !pattern.text().is_empty()
        && matches!(regex::Regex::new(pattern.text()), Err(regex::Error::Syntax(_)))
        && !is_go_only(pattern.text())
    {
        cx.invalid(&pattern, "must be a valid regular expression, but isn't");
    }
}

/// What Go's regular expressions have and ours have not.
fn is_go_only(pattern: &str) -> bool {
    pattern.contains(r"\Q") || pattern.contains(r"\C") || pattern.contains(r"\/") || pattern.contains(r"\_")
}

/// `validateNestedValueValidation`: parts restrict values, and say nothing else.
fn nested(part: &At<'_, '_>, skip_any_of: bool, cx: &mut Context<'_>) {
    value_validation(part, skip_any_of, false, cx);
    let items = part.field("items");
    if is_map(&items) {
        nested(&items, false, cx);
    }
    let properties = part.field("properties");
    for (name, property) in properties.entries().filter(|(_, property)| property.is_set()) {
        nested(&property, false, cx);
        if name == "metadata" {
            cx.forbidden(&property, "must not be specified in a nested context");
        }
    }
    for (field, detail) in [
        ("type", "must be empty to be structural"),
        ("additionalProperties", "must be undefined to be structural"),
        ("default", "must be undefined to be structural"),
        ("title", "must be empty to be structural"),
        ("description", "must be empty to be structural"),
        ("nullable", "must be false to be structural"),
        ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
        ("x-kubernetes-embedded-resource", "must be false to be structural"),
        ("x-kubernetes-int-or-string", "must be false to be structural"),
        ("x-kubernetes-list-map-keys", "must be empty to be structural"),
        ("x-kubernetes-list-type", "must be undefined to be structural"),
        ("x-kubernetes-map-type", "must be undefined to be structural"),
        ("x-kubernetes-validations", "must be empty to be structural"),
    ] {
        let place = part.field(field);
        let empty = place.str() == Some("") || place.bool() == Some(false) || is_empty_list(&place);
        if place.is_set() && (field == "additionalProperties" || !empty) {
            cx.forbidden(&place, detail);
        }
    }
}

/// `validateStructuralCompleteness`: whatever a part of `part` looks into, `schema` has to have. The server asks this
/// of the root only.
fn complete_parts(part: &At<'_, '_>, schema: &At<'_, '_>, cx: &mut Context<'_>) {
    for junctor in JUNCTORS {
        let parts = part.field(junctor);
        for inner in parts.items() {
            complete(&inner, schema, cx);
        }
    }
    if part.field("not").is_set() {
        complete(&part.field("not"), schema, cx);
    }
}

fn complete(part: &At<'_, '_>, schema: &At<'_, '_>, cx: &mut Context<'_>) {
    if !schema.is_set() {
        return cx.required(schema, format_args!("because it is defined in {part}"));
    }
    complete_parts(part, schema, cx);
    let items = part.field("items");
    if is_map(&items) {
        complete(&items, &schema.field("items"), cx);
    }
    let (properties, known) = (part.field("properties"), schema.field("properties"));
    for (name, property) in properties.entries() {
        complete(&property, &known.key(name), cx);
    }
}

/// `ValidateDefaults`: a default has to be of its own schema.
fn defaults(schema: &At<'_, '_>, cx: &mut Context<'_>) {
    let default = schema.field("default");
    if let Some(node) = schema.node().filter(|_| default.is_set()) {
        custom::unknown_fields(false, &default, node, cx);
        custom::value(false, &default, None, node, cx);
    }
    for inner in ["items", "additionalProperties"] {
        let inner = schema.field(inner);
        if is_map(&inner) {
            defaults(&inner, cx);
        }
    }
    let properties = schema.field("properties");
    for (_, property) in properties.entries() {
        defaults(&property, cx);
    }
}

/// `ValidateCustomResourceDefinitionOpenAPISchema`.
fn open_api(schema: &At<'_, '_>, cx: &mut Context<'_>) {
    forbid_unsupported(schema, cx);
    let (additional, properties) = (schema.field("additionalProperties"), schema.field("properties"));
    if !properties.is_empty() && (additional.bool() == Some(false) || is_map(&additional)) {
        cx.forbidden(&additional, "additionalProperties and properties are mutual exclusive");
    }
    for (_, property) in properties.entries().filter(|(_, property)| property.is_set()) {
        open_api(&property, cx);
    }
    for inner in ["additionalProperties", "items", "not"] {
        let inner = schema.field(inner);
        if is_map(&inner) {
            open_api(&inner, cx);
        }
    }
    for junctor in JUNCTORS {
        let parts = schema.field(junctor);
        for part in parts.items() {
            open_api(&part, cx);
        }
    }
    lists_and_maps(schema, cx);
    let rules = schema.field("x-kubernetes-validations");
    for rule in rules.items() {
        validation_rule(&rule, cx);
    }
}

/// `specStandardValidatorV3.validate`: what OpenAPI has and definitions may not use.
fn forbid_unsupported(schema: &At<'_, '_>, cx: &mut Context<'_>) {
    const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

    let kind = schema.field("type");
    if !kind.text().is_empty() && !TYPES.contains(&kind.text()) {
        cx.not_supported(&kind, TYPES);
    }
    for field in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        let place = schema.field(field);
        let empty = place.str() == Some("")
            || (place.node().is_some_and(|node| node.as_map().is_some()) && place.is_empty());
        if place.is_set() && (field == "additionalItems" || !empty) {
            cx.forbidden(&place, format_args!("{field} is not supported"));
        }
    }
    let items = schema.field("items");
    if items.node().is_some_and(|node| node.as_seq().is_some()) {
        cx.forbidden(&items, "items must be a schema object and not an array");
    }
    let format = schema.field("format");
    if !format.text().is_empty() && !custom::is_recognized_format(kind.text(), format.text(), cx.version) {
        cx.warning(&format, format_args!("unrecognized format {:?}", format.text()));
    }
    let unique = schema.field("uniqueItems");
    if unique.flag() {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        cx.forbidden(&unique, detail);
    }
    let preserved = schema.field("x-kubernetes-preserve-unknown-fields");
    if preserved.bool() == Some(false) {
        cx.invalid(&preserved, "must be true or undefined");
    }
}

/// The extensions that say how lists and maps are merged.
fn lists_and_maps(schema: &At<'_, '_>, cx: &mut Context<'_>) {
    let (kind, items) = (schema.field("type"), schema.field("items"));
    let (map, list) = (schema.field("x-kubernetes-map-type"), schema.field("x-kubernetes-list-type"));
    for (extension, wanted, supported) in
        [(&map, "object", &["atomic", "granular"][..]), (&list, "array", &["atomic", "set", "map"])]
    {
        if !extension.is_set() {
            continue;
        }
        let detail = format!("must be {wanted} if {} is specified", extension_name(wanted));
        match kind.text() {
            "" => cx.required(&kind, detail),
            found if found != wanted => cx.invalid(&kind, detail),
            _ => {}
        }
        if !supported.contains(&extension.text()) {
            cx.not_supported(extension, supported);
        }
    }
    if list.text() == "set" && kind.text() == "array" {
        let (inner_list, inner_map) =
            (items.field("x-kubernetes-list-type"), items.field("x-kubernetes-map-type"));
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        match items.field("type").text() {
            "array" if inner_list.is_set() && inner_list.text() != "atomic" => {
                cx.invalid(&inner_list, detail);
            }
            "object" if inner_map.text() != "atomic" => cx.invalid(&inner_map, detail),
            _ => {}
        }
    }
    let keys = schema.field("x-kubernetes-list-map-keys");
    if !keys.is_empty() && list.text() != "map" {
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        if list.is_set() { cx.invalid(&list, detail) } else { cx.required(&list, detail) }
    }
    if matches!(list.text(), "set" | "map") && items.field("nullable").flag() {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {}", list.text());
        cx.forbidden(&items.field("nullable"), detail);
    }
    if list.text() == "map" {
        map_keys(&keys, &items, cx);
    }
}

fn extension_name(of: &str) -> &'static str {
    if of == "object" { "x-kubernetes-map-type" } else { "x-kubernetes-list-type" }
}

/// The keys of a list that is merged by them, with `validateMapListKeysMapSet`.
fn map_keys(keys: &At<'_, '_>, items: &At<'_, '_>, cx: &mut Context<'_>) {
    if keys.is_empty() {
        cx.required(keys, "must not be empty if x-kubernetes-list-type is map");
    }
    if !items.is_set() {
        return cx.required(items, "must have a schema if x-kubernetes-list-type is map");
    }
    let kind = items.field("type");
    if kind.text() != "object" {
        return cx.invalid(&kind, "must be object if parent array's x-kubernetes-list-type is map");
    }
    let properties = items.field("properties");
    let required: BTreeSet<&str> = items
        .field("required")
        .node()
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    let mut seen = BTreeSet::new();
    for key in keys.items() {
        let property = properties.key(key.text());
        if !seen.insert(key.text()) {
            cx.invalid(keys, "must not contain duplicate entries");
        }
        if !property.is_set() {
            cx.invalid(keys, "entries must all be names of item properties");
            continue;
        }
        let kind = property.field("type");
        if matches!(kind.text(), "array" | "object") {
            cx.invalid(&kind, "must be a scalar type if parent array's x-kubernetes-list-type is map");
        }
        if !required.contains(key.text()) && !property.field("default").is_set() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            cx.required(&property.field("default"), detail);
        }
        if property.field("nullable").flag() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            cx.forbidden(&property.field("nullable"), detail);
        }
    }
}

/// A rule in CEL, but for the rule itself.
fn validation_rule(rule: &At<'_, '_>, cx: &mut Context<'_>) {
    let (code, message) = (rule.field("rule"), rule.field("message"));
    let broken = |text: &str| text.contains(['\n', '\r']);
    if code.text().trim().is_empty() {
        cx.required(&code, "rule is not specified");
    } else if !message.text().is_empty() && message.text().trim().is_empty() {
        cx.invalid(&message, "must be non-empty if specified");
    } else if broken(message.text().trim()) {
        cx.invalid(&message, "must not contain line breaks");
    } else if broken(code.text().trim()) && message.text().is_empty() {
        cx.required(&message, "message must be specified if rule contains line breaks");
    }
    let expression = rule.field("messageExpression");
    if !expression.text().is_empty() && expression.text().trim().is_empty() {
        cx.required(&expression, "messageExpression must be non-empty if specified");
    }
    let reason = rule.field("reason");
    let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
    if reason.is_set() && !reasons.contains(&reason.text()) {
        cx.not_supported(&reason, &reasons);
    }
}

fn is_map(at: &At<'_, '_>) -> bool {
    at.node().is_some_and(|node| node.as_map().is_some())
}

fn is_empty_list(at: &At<'_, '_>) -> bool {
    at.node().and_then(Node::as_seq).is_some_and(<[Node]>::is_empty)
}

#[cfg(test)]
mod tests {
    use crate::validation::testing::{check, list_findings};

    /// A definition whose only version has the schema.
    fn schema(schema: &str) -> Vec<String> {
        let findings = list_findings(&format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: as.b.c}}\n\
             spec: {{group: b.c, names: {{kind: A, plural: as}}, scope: Cluster, versions: [{{name: v1, served: true, \
             storage: true, schema: {{openAPIV3Schema: {{type: object, {schema}}}}}}}]}}\n"
        ));
        findings.iter().map(|line| line.replace("spec.validation.openAPIV3Schema.", "")).collect()
    }

    #[test]
    fn schemas_are_structural() {
        check(
            schema,
            &[
                ("properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}", &[]),
                ("properties: {a: {}}", &["properties[a].type required"]),
                ("properties: {a: {type: array}}", &["properties[a].items required"]),
                ("properties: {a: {type: array, items: {}}}", &["properties[a].items.type required"]),
                ("additionalProperties: true", &["additionalProperties forbidden"]),
                (
                    "properties: {a: {type: object, properties: {b: {type: string}}, additionalProperties: {type: string}}}",
                    &["properties[a].additionalProperties forbidden"],
                ),
                (
                    "properties: {a: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}}",
                    &[],
                ),
                (
                    "properties: {a: {type: string, anyOf: [{type: string}, {pattern: a}]}}",
                    &["properties[a].anyOf[0].type forbidden"],
                ),
                (
                    "properties: {a: {type: object}}, oneOf: [{properties: {a: {properties: {b: {}}}}}]",
                    &["properties[a].properties[b] required"],
                ),
                (
                    "properties: {metadata: {type: object, properties: {name: {type: string, maxLength: 9}}}}",
                    &[],
                ),
                (
                    "properties: {metadata: {type: object, properties: {labels: {type: object}}}}",
                    &["properties[metadata] forbidden"],
                ),
                ("properties: {a: {type: string, pattern: '('}}", &["properties[a].pattern invalid-value"]),
                ("properties: {a: {type: str}}", &["properties[a].type unsupported-value"]),
                ("properties: {a: {type: integer, default: '1'}}", &["properties[a].default wrong-type"]),
                ("properties: {a: {type: string, enum: [b], default: b}}", &[]),
                (
                    "properties: {a: {type: string, $schema: x}}",
                    &["spec.validation.openAPIV3Schema invalid-value"],
                ),
                (
                    "properties: {a: {type: string, format: date-time}, b: {type: integer, format: int64}}",
                    &[],
                ),
                ("properties: {a: {type: string, format: int64}}", &["properties[a].format warning"]),
                (
                    "properties: {a: {type: array, uniqueItems: true, items: {type: string}}}",
                    &["properties[a].uniqueItems forbidden"],
                ),
                (
                    "properties: {a: {type: string, x-kubernetes-validations: [{rule: ' '}]}}",
                    &["properties[a].x-kubernetes-validations[0].rule required"],
                ),
            ],
        );
    }

    #[test]
    fn rules_are_compiled() {
        let rule = |rule: &str| {
            schema(&format!(
                "properties: {{a: {{type: object, properties: {{q: {{type: string}}, l: {{type: array, maxItems: 9, items: {{type: string, \
                 maxLength: 9}}}}}}, \
                 x-kubernetes-validations: [{{{rule}}}]}}}}"
            ))
        };
        let at = "properties[a].x-kubernetes-validations[0]";
        check(
            rule,
            &[
                ("rule: 'self.q == oldSelf.q && self.l.all(x, x == self.q)'", &[]),
                ("rule: self.m == '1'", &[&format!("{at}.rule invalid-value")]),
                ("rule: 'self.q >'", &[&format!("{at}.rule invalid-value")]),
                ("rule: self.q", &[&format!("{at}.rule invalid-value")]),
                (
                    "rule: has(self.q), messageExpression: self.l, optionalOldSelf: true",
                    &[
                        &format!("{at}.messageExpression invalid-value"),
                        &format!("{at}.optionalOldSelf invalid-value"),
                    ],
                ),
            ],
        );
        check(
            schema,
            &[(
                "properties: {a: {type: array, maxItems: 9, items: {type: string, maxLength: 9, x-kubernetes-validations: [{rule: self == oldSelf}]}}}",
                &["properties[a].items.x-kubernetes-validations[0].rule invalid-value"],
            )],
        );
    }

    #[test]
    fn lists_are_merged_by_keys() {
        let list = |rest: &str| schema(&format!("properties: {{a: {{type: array, {rest}}}}}"));
        let item = "items: {type: object, required: [b], properties: {b: {type: string}, c: {type: string}, d: {type: object}}}";
        check(
            list,
            &[
                (&format!("{item}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [b]"), &[]),
                (
                    &format!("{item}, x-kubernetes-list-type: map"),
                    &["properties[a].x-kubernetes-list-map-keys required"],
                ),
                (
                    &format!("{item}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [e]"),
                    &["properties[a].x-kubernetes-list-map-keys invalid-value"],
                ),
                (
                    &format!("{item}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [c]"),
                    &["properties[a].items.properties[c].default required"],
                ),
                (
                    &format!("{item}, x-kubernetes-list-map-keys: [b]"),
                    &["properties[a].x-kubernetes-list-type required"],
                ),
                (
                    &format!("{item}, x-kubernetes-list-type: set"),
                    &["properties[a].items.x-kubernetes-map-type invalid-value"],
                ),
                (
                    "items: {type: string}, x-kubernetes-list-type: list",
                    &["properties[a].x-kubernetes-list-type unsupported-value"],
                ),
            ],
        );
    }
}
