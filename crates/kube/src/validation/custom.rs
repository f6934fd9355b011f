//! Custom resources, checked against the schema of their definition (`CustomResourceDefinition`).
//!
//! Follows `apiextensions-apiserver/pkg/apiserver/validation` and its pruning of unknown fields. Rules in CEL
//! (`x-kubernetes-validations`) and `format` are not looked at.

use super::metadata;
use super::{At, Context, ErrorKind, FieldError, Finding, decode};
use crate::manifest::Object;
use crate::schema::Schemas;
use crate::{Version, names};
use plimsoll_diag::nearest;
use plimsoll_yaml::{Node, Value};

/// Whether the `CustomResourceDefinition` `crd` (the whole object) defines the kind of `object`.
pub fn defines(crd: &Node, object: &Object) -> bool {
    defined(crd) == Some((object.group(), &object.kind))
}

/// The group and the kind that `crd` defines, if it is a `CustomResourceDefinition`.
pub(super) fn defined(crd: &Node) -> Option<(&str, &str)> {
    let text = |path: &[&str]| crd.at(path).and_then(Node::as_str);
    if text(&["kind"]) != Some("CustomResourceDefinition") {
        return None;
    }
    Some((text(&["spec", "group"])?, text(&["spec", "names", "kind"])?))
}

/// Reports what kube-apiserver of `version` answers to a POST of a custom resource whose definition, as
/// [`defines`] finds it, is `crd`.
pub fn validate_custom(object: &Object, crd: &Node, version: Version) -> Vec<Finding> {
    let mut cx = Context::new(object, version);
    check(object, crd, &mut cx);
    cx.into_findings()
}

fn check(object: &Object, crd: &Node, cx: &mut Context<'_>) {
    let root = At::root(&object.root);
    let versions = crd.at(&["spec", "versions"]).map(Node::items).unwrap_or_default();
    let mut known: Vec<&str> =
        versions.iter().filter_map(|node| node.get("name").and_then(Node::as_str)).collect();
    // Definitions of `apiextensions.k8s.io/v1beta1` may name their one version so.
    known.extend(crd.at(&["spec", "version"]).and_then(Node::as_str).filter(|_| versions.is_empty()));
    if !known.contains(&object.version()) {
        let place = root.field("apiVersion");
        let error = FieldError::new(ErrorKind::UnknownKind, place.path()).detail(format!(
            "`{}` has no version `{}`",
            object.kind,
            object.version()
        ));
        let help = format!("its definition has {}", known.join(", "));
        cx.push(Finding::new(error, place.span()).help(help));
        return;
    }
    decode_metadata(&root, cx);
    let has_name = |node: &&Node| node.get("name").and_then(Node::as_str) == Some(object.version());
    let schema = versions.iter().find(has_name).and_then(|found| found.at(&["schema", "openAPIV3Schema"]));
    if let Some(schema) = schema {
        value(true, &root, schema, cx);
    }
    let namespaced = crd.at(&["spec", "scope"]).and_then(Node::as_str) != Some("Cluster");
    metadata::object_meta(&root, namespaced, names::name_is_dns_subdomain, cx);
}

/// The server decodes `metadata` as that of any other object.
fn decode_metadata(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let schemas = Schemas::get();
    if let Some(ty) = schemas.type_named("meta.v1.ObjectMeta") {
        decode::object(&root.field("metadata"), ty, cx);
    }
}

/// Checks a value against its schema. `top` says that it is a whole object, whose `apiVersion`, `kind` and
/// `metadata` need no schema.
pub(super) fn value(top: bool, at: &At<'_, '_>, schema: &Node, cx: &mut Context<'_>) {
    let Some(node) = at.node() else {
        // The server drops nulls where they are not allowed.
        return;
    };
    if !is_of_type(at, node, schema, cx) {
        return;
    }
    if let Some(allowed) = schema.get("enum").and_then(Node::as_seq)
        && !allowed.iter().any(|one| one == node)
    {
        let words: Vec<&str> = allowed.iter().filter_map(Node::as_str).collect();
        cx.not_supported(at, &words);
    }
    match &node.value {
        Value::String(text) => string(at, text, schema, cx),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => number(at, node, schema, cx),
        Value::Seq(items) => {
            check_bounds(at, items.len(), "items", ("minItems", "maxItems"), schema, cx);
            if let Some(inner) = schema.get("items") {
                for item in at.items() {
                    value(false, &item, inner, cx);
                }
            }
        }
        Value::Map(_) => map_value(top, at, schema, cx),
        Value::Null | Value::Bool(_) => {}
    }
    check_combinators(top, at, schema, cx);
}

fn is_of_type(at: &At<'_, '_>, node: &Node, schema: &Node, cx: &mut Context<'_>) -> bool {
    let int_or_string = schema.get("x-kubernetes-int-or-string").and_then(Node::as_bool).unwrap_or(false);
    let integral = at.int().is_some() || matches!(node.value, Value::Uint(_));
    let fits = if int_or_string {
        integral || node.as_str().is_some()
    } else {
        match schema.get("type").and_then(Node::as_str) {
            Some("object") => node.as_map().is_some(),
            Some("array") => node.as_seq().is_some(),
            Some("string") => node.as_str().is_some(),
            Some("boolean") => node.as_bool().is_some(),
            Some("integer") => integral,
            Some("number") => matches!(node.value, Value::Int(_) | Value::Uint(_) | Value::Float(_)),
            _ => true,
        }
    };
    if !fits {
        let expected = if int_or_string {
            "integer or string"
        } else {
            schema.get("type").and_then(Node::as_str).unwrap_or_default()
        };
        cx.type_invalid(at, format_args!("must be of type {expected}, not {}", node.type_name()));
    }
    fits
}

fn map_value(top: bool, at: &At<'_, '_>, schema: &Node, cx: &mut Context<'_>) {
    let Some(map) = at.node().and_then(Node::as_map) else { return };
    check_bounds(at, map.len(), "properties", ("minProperties", "maxProperties"), schema, cx);
    let flag = |name: &str| schema.get(name).and_then(Node::as_bool).unwrap_or(false);
    let embedded = top || flag("x-kubernetes-embedded-resource");
    let properties = schema.get("properties").and_then(Node::as_map);
    // Defaults are filled in before.
    let defaulted = |name: &str| properties.and_then(|map| map.get(name)?.get("default")).is_some();
    for name in schema.get("required").map(Node::items).unwrap_or_default() {
        let Some(name) = name.as_str() else { continue };
        if !map.contains_key(name) && !defaulted(name) {
            cx.required(&at.field(name), "");
        }
    }
    let additional = schema.get("additionalProperties");
    let open = flag("x-kubernetes-preserve-unknown-fields")
        || additional.is_some_and(|node| node.as_bool() == Some(true) || node.as_map().is_some())
        || (properties.is_none() && schema.get("type").is_none());
    for entry in map {
        if embedded && matches!(entry.key.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        let place = at.field_at(entry);
        if let Some(inner) = properties.and_then(|map| map.get(&entry.key)) {
            value(false, &place, inner, cx);
        } else if let Some(inner) = additional.filter(|node| node.as_map().is_some()) {
            value(false, &place, inner, cx);
        } else if !open {
            let near = properties.and_then(|map| nearest(&entry.key, map.keys()));
            cx.unknown_field(&place, near.map(|near| format!("did you mean `{near}`?")));
        }
    }
}

/// `allOf`, `anyOf`, `oneOf` and `not`: for the latter three only the verdict is reported.
fn check_combinators(top: bool, at: &At<'_, '_>, schema: &Node, cx: &mut Context<'_>) {
    let list = |name: &str| schema.get(name).map(Node::items).unwrap_or_default();
    let holds = |part: &Node, cx: &Context<'_>| {
        let mut inner = Context::new(cx.object, cx.version);
        // Parts only restrict values: the schema itself declares the fields.
        value(top, at, part, &mut inner);
        inner.into_findings().iter().all(|finding| finding.error.kind == ErrorKind::UnknownField)
    };
    let fulfilled = |name: &str, cx: &Context<'_>| list(name).iter().filter(|part| holds(part, cx)).count();
    if !list("allOf").is_empty() && fulfilled("allOf", cx) < list("allOf").len() {
        cx.invalid(at, "must validate all the schemas (allOf)");
    }
    if !list("anyOf").is_empty() && fulfilled("anyOf", cx) == 0 {
        cx.invalid(at, "must validate at least one schema (anyOf)");
    }
    if !list("oneOf").is_empty() && fulfilled("oneOf", cx) != 1 {
        cx.invalid(at, "must validate one and only one schema (oneOf)");
    }
    if schema.get("not").is_some_and(|part| holds(part, cx)) {
        cx.invalid(at, "must not validate the schema (not)");
    }
}

fn string(at: &At<'_, '_>, text: &str, schema: &Node, cx: &mut Context<'_>) {
    check_bounds(at, text.chars().count(), "characters", ("minLength", "maxLength"), schema, cx);
    let Some(pattern) = schema.get("pattern").and_then(Node::as_str) else { return };
    // A pattern that does not compile is the definition's fault, not the object's.
    if regex::Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
        cx.invalid(at, format_args!("should match '{pattern}'"));
    }
}

fn number(at: &At<'_, '_>, node: &Node, schema: &Node, cx: &mut Context<'_>) {
    let Some(value) = float(node) else { return };
    let limit = |name: &str| schema.get(name).and_then(float);
    let exclusive = |name: &str| schema.get(name).and_then(Node::as_bool).unwrap_or(false);
    if let Some(min) = limit("minimum") {
        if exclusive("exclusiveMinimum") && value <= min {
            cx.invalid(at, format_args!("should be greater than {min}"));
        } else if value < min {
            cx.invalid(at, format_args!("should be greater than or equal to {min}"));
        }
    }
    if let Some(max) = limit("maximum") {
        if exclusive("exclusiveMaximum") && value >= max {
            cx.invalid(at, format_args!("should be less than {max}"));
        } else if value > max {
            cx.invalid(at, format_args!("should be less than or equal to {max}"));
        }
    }
    if let Some(factor) = limit("multipleOf").filter(|factor| *factor > 0.0)
        && (value / factor).fract() != 0.0
    {
        cx.invalid(at, format_args!("should be a multiple of {factor}"));
    }
}

#[expect(clippy::cast_precision_loss, reason = "limits in schemas are floats for the server too")]
fn float(node: &Node) -> Option<f64> {
    match node.value {
        Value::Int(number) => Some(number as f64),
        Value::Uint(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        _ => None,
    }
}

fn check_bounds(
    at: &At<'_, '_>,
    count: usize,
    what: &str,
    (min, max): (&str, &str),
    schema: &Node,
    cx: &mut Context<'_>,
) {
    let limit = |name: &str| schema.get(name).and_then(Node::as_i64).and_then(|n| usize::try_from(n).ok());
    if let Some(min) = limit(min).filter(|min| count < *min) {
        cx.invalid(at, format_args!("should have at least {min} {what}"));
    }
    if let Some(max) = limit(max).filter(|max| count > *max) {
        cx.invalid(at, format_args!("should have at most {max} {what}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;
    use plimsoll_diag::{SourceKind, Sources};
    use plimsoll_yaml::ReadOptions;

    const CRD: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: backups.example.net}
spec:
  group: example.net
  scope: Namespaced
  names: {plural: backups, kind: Backup}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [schedule, engine]
            properties:
              schedule: {type: string, pattern: '^@?[a-z]+$'}
              engine: {type: string, default: pg}
              keep: {type: integer, minimum: 1, maximum: 10}
              mode: {type: string, enum: [Full, Incremental]}
              port: {x-kubernetes-int-or-string: true}
              labels: {type: object, additionalProperties: {type: string}}
              raw: {type: object, x-kubernetes-preserve-unknown-fields: true}
"#;

    fn objects(text: &str) -> Vec<Object> {
        let sources = Sources::new();
        let source = sources.add("t.yaml", text, SourceKind::File);
        parse(&sources, source, "t.yaml", &ReadOptions::strict()).output.unwrap()
    }

    fn paths(spec: &str) -> Vec<String> {
        let crd = objects(CRD).remove(0);
        let text = format!("apiVersion: example.net/v1\nkind: Backup\nmetadata: {{name: b}}\nspec: {spec}\n");
        let object = objects(&text).remove(0);
        assert!(defines(&crd.root, &object));
        let found = validate_custom(&object, &crd.root, Version::DEFAULT);
        found.into_iter().map(|finding| finding.error.path).collect()
    }

    #[test]
    fn resources_follow_their_schema() {
        let fine = "{schedule: daily, keep: 3, mode: Full, port: http, labels: {a: b}, raw: {x: [1]}}";
        assert!(paths(fine).is_empty());
        assert_eq!(paths("{keep: 3}"), ["spec.schedule"]);
        assert_eq!(paths("{schedule: '1'}"), ["spec.schedule"]);
        assert_eq!(paths("{schedule: daily, keep: 11}"), ["spec.keep"]);
        assert_eq!(paths("{schedule: daily, keep: '3'}"), ["spec.keep"]);
        assert_eq!(paths("{schedule: daily, mode: Half}"), ["spec.mode"]);
        assert_eq!(paths("{schedule: daily, port: 1.5}"), ["spec.port"]);
        assert_eq!(paths("{schedule: daily, labels: {a: 1}}"), ["spec.labels.a"]);
        assert_eq!(paths("{schedule: daily, kep: 3}"), ["spec.kep"]);
    }

    #[test]
    fn resources_are_found_their_definitions() {
        let backup = "---\napiVersion: example.net/v1\nkind: Backup\nmetadata: {name: b}\nspec: {}\n";
        let findings = |text: &str| {
            let mut findings = Vec::new();
            let objects = objects(text);
            let objects: Vec<&Object> = objects.iter().collect();
            super::super::validate_all(&objects, &[], Version::DEFAULT, &mut findings);
            findings
                .into_iter()
                .filter_map(|diagnostic| diagnostic.rule)
                .map(|rule| rule.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(findings(&format!("{backup}---{CRD}")), ["k8s/required"]);
        assert_eq!(findings(backup), ["k8s/unknown-kind"]);
    }

    #[test]
    fn definitions_of_v1beta1_name_a_single_version() {
        let crd = "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\n\
                   metadata: {name: backups.example.net}\n\
                   spec: {group: example.net, version: v1, names: {plural: backups, kind: Backup}}\n";
        let findings = |version: &str| {
            let object = format!("apiVersion: example.net/{version}\nkind: Backup\nmetadata: {{name: b}}\n");
            let found = validate_custom(&objects(&object)[0], &objects(crd)[0].root, Version::DEFAULT);
            found.into_iter().filter_map(|finding| finding.help).collect::<Vec<_>>()
        };
        assert_eq!(findings("v1"), [""; 0]);
        assert_eq!(findings("v2"), ["its definition has v1"]);
    }
}
