//! Custom resources, checked against the schema of their definition (`CustomResourceDefinition`).
//!
//! Follows `apiextensions-apiserver/pkg/apiserver/validation`: the object is decoded as the server does it, with
//! defaults and without nulls, and then validated.

mod correlate;
mod expressions;
mod formats;
mod lists;
mod structure;

pub(super) use expressions::variables as rule_variables;
pub(super) use formats::is_recognized as is_recognized_format;
pub(crate) use formats::matches as matches_format;
pub(super) use structure::unknown_fields;

use super::metadata;
use super::{At, Context, ErrorKind, FieldError, Finding, Operation, decode};
use crate::manifest::Object;
use crate::schema::Schemas;
use crate::{Version, names, regexes};
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
    check(object, None, crd, &mut cx);
    cx.into_findings()
}

/// As [`validate_custom`], for an update of what is stored: `object` is what would be stored, and `old` what is.
pub fn validate_custom_update(object: &Object, old: &Node, crd: &Node, version: Version) -> Vec<Finding> {
    let mut cx = Context::new(object, version);
    cx.operation = Operation::Update;
    check(object, Some(old), crd, &mut cx);
    cx.into_findings()
}

/// Reports the fields of a custom resource that its definition `crd` does not know. The server refuses them in a request
/// with strict validation, and otherwise drops them.
pub fn unknown_custom_fields(object: &Object, crd: &Node, version: Version) -> Vec<Finding> {
    let mut cx = Context::new(object, version);
    if let Some(schema) = pruned_by(crd, object.version()) {
        structure::unknown_fields(true, &At::root(&object.root), schema, &mut cx);
    }
    cx.into_findings()
}

/// Completes a custom resource as the server that has the definition `crd` does when it reads it: unknown fields and nulls
/// are dropped, defaults are filled in.
pub fn complete_custom(root: &mut Node, crd: &Node) {
    let api_version = root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let version = api_version.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(schema) = pruned_by(crd, &version) {
        structure::prune(true, root, schema);
    }
    if let Some(schema) = of_version(crd, &version, SCHEMA) {
        structure::complete(root, schema);
    }
}

/// Where a version of a definition has its schema.
const SCHEMA: &[&str] = &["schema", "openAPIV3Schema"];

/// The schema of a version, if fields that it does not know are dropped.
fn pruned_by<'a>(crd: &'a Node, version: &str) -> Option<&'a Node> {
    let keeps = crd.at(&["spec", "preserveUnknownFields"]).and_then(Node::as_bool) == Some(true);
    of_version(crd, version, SCHEMA).filter(|_| !keeps)
}

/// What a definition says of one of its versions.
fn of_version<'a>(crd: &'a Node, version: &str, path: &[&str]) -> Option<&'a Node> {
    let versions = crd.at(&["spec", "versions"]).map(Node::items).unwrap_or_default();
    let mut named = versions.iter().filter(|node| node.get("name").and_then(Node::as_str) == Some(version));
    named.next().and_then(|version| version.at(path)).or_else(|| {
        // As `v1beta1` has it for all versions.
        let (first, rest) = path.split_first()?;
        let first = if *first == "schema" { "validation" } else { first };
        crd.at(&["spec", first]).and_then(|node| node.at(rest))
    })
}

fn check(object: &Object, old: Option<&Node>, crd: &Node, cx: &mut Context<'_>) {
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
        let finding = Finding::new(error, place.span()).help(help);
        cx.push(if crd.span.is_none() { finding } else { finding.at(crd.span, "its definition") });
        return;
    }
    decode_metadata(&root, cx);
    let namespaced = crd.at(&["spec", "scope"]).and_then(Node::as_str) != Some("Cluster");
    let of_version = |path: &[&str]| of_version(crd, object.version(), path);
    let schema = of_version(SCHEMA);
    if let Some(schema) = pruned_by(crd, object.version()) {
        structure::unknown_fields(true, &root, schema, cx);
    }
    let decoded = schema.map(|schema| structure::decoded(&object.root, schema));
    let root = decoded.as_ref().map_or(root, At::root);
    metadata::object_meta(&root, namespaced, names::name_is_dns_subdomain, cx);
    finalizers(&root, cx);
    // The stored object may be of another version of the API, whose values are not compared.
    let old = old.filter(|old| old.get("apiVersion").and_then(Node::as_str) == Some(&object.api_version));
    let old = old.zip(schema).map(|(old, schema)| structure::decoded(old, schema));
    if let Some(schema) = schema {
        value(true, &root, old.as_ref(), schema, cx);
        let was_unique = old.as_ref().is_none_or(|old| {
            let mut inner = Context::new(cx.object, cx.version);
            lists::unique_items(&At::root(old), schema, &mut inner);
            inner.errors() == 0
        });
        if was_unique {
            lists::unique_items(&root, schema, cx);
        }
    }
    if let Some(scale) = of_version(&["subresources", "scale"]) {
        replicas(&root, scale, cx);
    }
    if let Some(schema) = schema.filter(|_| !cx.has_blocking_errors()) {
        expressions::Evaluation::new().check(true, &root, old.as_ref(), schema, cx);
    }
}

/// Reports what kube-apiserver answers to a POST of a custom resource whose definition is unknown: its metadata is that
/// of any object.
pub(super) fn validate_metadata(object: &Object, cx: &mut Context<'_>) {
    let root = At::root(&object.root);
    decode_metadata(&root, cx);
    // It is not known whether it has a namespace.
    metadata::object_meta(&root, true, names::name_is_dns_subdomain, cx);
    finalizers(&root, cx);
}

/// `validateKubeFinalizerName` of `registry/customresource`, which only warns.
fn finalizers(root: &At<'_, '_>, cx: &mut Context<'_>) {
    for finalizer in root.field("metadata.finalizers").items() {
        let name = finalizer.text();
        if names::qualified_name(name).is_empty()
            && !name.contains('/')
            && !matches!(name, "orphan" | "foregroundDeletion" | "kubernetes")
        {
            let path = if name.contains('.') { " including a path (/)" } else { "" };
            cx.warning(
                &finalizer,
                format_args!(
                    "{name:?}: prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other \
                     finalizer writers"
                ),
            );
        }
    }
}

/// `ValidateScaleSpec` and the numbers of `ValidateScaleStatus`.
fn replicas(root: &At<'_, '_>, scale: &Node, cx: &mut Context<'_>) {
    for field in ["specReplicasPath", "statusReplicasPath"] {
        let path = scale.get(field).and_then(Node::as_str).unwrap_or_default();
        let number = root.field(path.trim_start_matches('.'));
        // The server spells the path with its first dot.
        let place = number.renamed(path);
        match number.int() {
            Some(..0) => cx.invalid(&place, "should be a non-negative integer"),
            Some(2_147_483_648..) => cx.invalid(&place, "should be less than or equal to 2147483647"),
            None if number.is_set() => {
                cx.invalid(&place, "must be an integer, because it is the number of replicas");
            }
            _ => {}
        }
    }
}

/// The server decodes `metadata` as that of any other object.
fn decode_metadata(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let schemas = Schemas::get();
    if let Some(ty) = schemas.type_named("meta.v1.ObjectMeta") {
        decode::object(&root.field("metadata"), ty, cx);
    }
}

/// Checks a value against its schema. `top` says that it is a whole object, whose `apiVersion`, `kind` and
/// `metadata` need no schema. `old` is the stored value that it takes the place of: what is wrong with it may stay.
pub(super) fn value(top: bool, at: &At<'_, '_>, old: Option<&Node>, schema: &Node, cx: &mut Context<'_>) {
    // A null that is left is an allowed one, or an item of a list.
    let Some(node) = at.node() else { return };
    if old.is_some_and(|old| correlate::is_unchanged(node, old, schema)) {
        return;
    }
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
                let is_nullable = structure::flag(inner, "nullable");
                for item in at.items() {
                    if !item.is_set() && !is_nullable {
                        let kind = inner.get("type").and_then(Node::as_str).unwrap_or_default();
                        cx.type_invalid(&item, format_args!("must be of type {kind}, not null"));
                    }
                    let old = old.zip(item.node()).and_then(|(old, node)| correlate::item(node, old, schema));
                    value(false, &item, old, inner, cx);
                }
            }
        }
        Value::Map(_) => map_value(top, at, old, schema, cx),
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

fn map_value(top: bool, at: &At<'_, '_>, old: Option<&Node>, schema: &Node, cx: &mut Context<'_>) {
    let Some(map) = at.node().and_then(Node::as_map) else { return };
    check_bounds(at, map.len(), "properties", ("minProperties", "maxProperties"), schema, cx);
    let embedded = top || structure::flag(schema, "x-kubernetes-embedded-resource");
    for name in schema.get("required").map(Node::items).unwrap_or_default() {
        let Some(name) = name.as_str() else { continue };
        if !map.contains_key(name) {
            cx.required(&at.field(name), "");
        }
    }
    for entry in map {
        if embedded && matches!(entry.key.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        if let Some(inner) = correlate::field_schema(schema, &entry.key) {
            let old = old.and_then(|old| old.get(&entry.key));
            value(false, &at.field_at(entry), old, inner, cx);
        }
    }
}

/// `allOf`, `anyOf`, `oneOf` and `not`: for the latter three only the verdict is reported.
fn check_combinators(top: bool, at: &At<'_, '_>, schema: &Node, cx: &mut Context<'_>) {
    let list = |name: &str| schema.get(name).map(Node::items).unwrap_or_default();
    let holds = |part: &Node, cx: &Context<'_>| {
        let mut inner = Context::new(cx.object, cx.version);
        value(top, at, None, part, &mut inner);
        inner.errors() == 0
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
    let format = schema.get("format").and_then(Node::as_str).unwrap_or_default();
    if !formats::matches(format, text, cx.version) {
        cx.invalid(at, format_args!("must be of type {format}"));
    }
    let Some(pattern) = schema.get("pattern").and_then(Node::as_str) else { return };
    // A pattern that does not compile is the definition's fault, not the object's.
    if regexes::compile(pattern).is_some_and(|regex| !regex.is_match(text)) {
        cx.invalid(at, format_args!("should match '{pattern}'"));
    }
}

fn number(at: &At<'_, '_>, node: &Node, schema: &Node, cx: &mut Context<'_>) {
    let Some(value) = float(node) else { return };
    let kind = schema.get("type").and_then(Node::as_str);
    let format = schema.get("format").and_then(Node::as_str);
    if (kind, format) == (Some("integer"), Some("int32"))
        && at.int().is_none_or(|n| i32::try_from(n).is_err())
    {
        cx.invalid(at, "must be of type integer with format int32");
    }
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

    /// The paths and rules of what is found in a resource of a definition with the schema of `spec`.
    fn found(schema: &str, spec: &str) -> Vec<String> {
        let crd = objects(&format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: as.b.c}}\nspec:\n  \
             group: b.c\n  scope: Namespaced\n  names: {{plural: as, kind: A}}\n  versions:\n  - name: v1\n    served: true\n    \
             storage: true\n    subresources: {{scale: {{specReplicasPath: .spec.size, statusReplicasPath: .status.size}}}}\n    \
             schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, {schema}}}}}}}}}\n"
        ));
        let text = format!("apiVersion: b.c/v1\nkind: A\nmetadata: {{name: a}}\nspec: {spec}\n");
        let found = validate_custom(&objects(&text)[0], &crd[0].root, Version::DEFAULT);
        let rule = |finding: &Finding| finding.error.kind.rule().id.trim_start_matches("k8s/");
        found.iter().map(|finding| format!("{} {}", finding.error.path, rule(finding))).collect()
    }

    #[test]
    fn defaults_are_filled_in_before_anything_is_checked() {
        let one_of = "properties: {kindOf: {type: object, properties: {type: {type: string, default: A}, v: {type: string}}, \
                      oneOf: [{properties: {type: {enum: [A]}}, required: [type]}, {properties: {type: {enum: [B]}}, \
                      required: [type]}]}}";
        assert_eq!(found(one_of, "{kindOf: {v: x}}"), [""; 0]);
        assert_eq!(found(one_of, "{kindOf: {type: B}}"), [""; 0]);
        assert_eq!(found(one_of, "{kindOf: {type: C}}"), ["spec.kindOf invalid-value"]);
        let nested = "properties: {a: {type: object, default: {}, required: [b], properties: {b: {type: integer, default: 3, \
                      maximum: 2}}}}";
        assert_eq!(found(nested, "{}"), ["spec.a.b invalid-value"]);
        assert_eq!(found(nested, "{a: {b: null}}"), ["spec.a.b invalid-value"]);
        assert_eq!(found(nested, "{a: {b: 1}}"), [""; 0]);
    }

    #[test]
    fn nulls_that_are_not_allowed_are_absent() {
        let schema = "required: [mode], properties: {mode: {type: string}, list: {type: array, items: {type: string}}}";
        assert_eq!(found(schema, "{mode: null}"), ["spec.mode required"]);
        assert_eq!(found(schema, "{mode: a, list: null}"), [""; 0]);
        assert_eq!(found(schema, "{mode: a, list: [a, null]}"), ["spec.list[1] wrong-type"]);
        let nullable = "required: [mode], properties: {mode: {type: string, nullable: true}}";
        assert_eq!(found(nullable, "{mode: null}"), [""; 0]);
    }

    #[test]
    fn items_of_sets_and_maps_are_unique() {
        let schema = "properties: {tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}, ports: {type: array, \
                      x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name, protocol], items: {type: object, \
                      properties: {name: {type: string}, protocol: {type: string, default: TCP}}}}}";
        assert_eq!(found(schema, "{tags: [a, b, a, a]}"), ["spec.tags[2] duplicate-value"]);
        assert_eq!(
            found(schema, "{ports: [{name: a}, {name: a, protocol: UDP}, {name: a, protocol: TCP}]}"),
            ["spec.ports[2] duplicate-value"]
        );
        assert_eq!(found(schema, "{ports: [{name: a}, {name: b}]}"), [""; 0]);
    }

    #[test]
    fn replicas_are_counted_where_scale_says() {
        let schema = "properties: {size: {type: integer}}";
        assert_eq!(found(schema, "{size: -1}"), [".spec.size invalid-value"]);
        assert_eq!(found(schema, "{size: 2147483648}"), [".spec.size invalid-value"]);
        assert_eq!(found(schema, "{size: 2}"), [""; 0]);
    }

    #[test]
    fn formats_are_checked_if_the_server_knows_them() {
        let format = |format: &str, value: &str| {
            !found(
                &format!("properties: {{a: {{type: string, format: {format}}}}}"),
                &format!("{{a: '{value}'}}"),
            )
            .is_empty()
        };
        for (name, good, bad) in [
            ("date-time", "2024-02-29T10:00:00Z", "2024-02-30T10:00:00Z"),
            ("date", "2024-01-31", "2024-1-31"),
            ("ipv4", "10.0.0.1", "::1"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
            ("byte", "aGFsbG8=", "a"),
            ("k8s-short-name", "a-b", "a.b"),
        ] {
            assert_eq!((format(name, good), format(name, bad)), (false, true), "{name}");
        }
        assert!(!format("anything", "at all"));
        let int = "properties: {a: {type: integer, format: int32}}";
        assert_eq!(found(int, "{a: 2147483648}"), ["spec.a invalid-value"]);
    }

    /// What is found when one resource takes the place of another: path, rule and message.
    fn updated(schema: &str, old: &str, new: &str) -> Vec<String> {
        let crd = objects(&format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: as.b.c}}\nspec:\n  \
             group: b.c\n  scope: Namespaced\n  names: {{plural: as, kind: A}}\n  versions:\n  - name: v1\n    served: true\n    \
             storage: true\n    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, {schema}}}}}}}}}\n"
        ));
        let resource = |spec: &str| {
            objects(&format!("apiVersion: b.c/v1\nkind: A\nmetadata: {{name: a}}\nspec: {spec}\n")).remove(0)
        };
        let found =
            validate_custom_update(&resource(new), &resource(old).root, &crd[0].root, Version::DEFAULT);
        found
            .iter()
            .map(|finding| format!("{} {}", finding.error.path, finding.error.server_message()))
            .collect()
    }

    const SIZES: &str = "properties: {size: {type: integer, default: 1}, max: {type: integer}, name: {type: string, \
        x-kubernetes-validations: [{rule: self == oldSelf, message: name is immutable}]}, items: {type: array, \
        x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, required: [id], properties: \
        {id: {type: string}, q: {type: integer, x-kubernetes-validations: [{rule: self >= oldSelf}]}}}}}, \
        x-kubernetes-validations: [{rule: '!has(self.max) || self.size <= self.max', messageExpression: \"'size ' + \
        string(self.size) + ' is above max'\", reason: FieldValueForbidden, fieldPath: .size}]";

    #[test]
    fn rules_are_evaluated_with_defaults() {
        assert_eq!(found(SIZES, "{max: 1}"), [""; 0]);
        assert_eq!(found(SIZES, "{max: 0}"), ["spec.size forbidden"]);
        assert_eq!(updated(SIZES, "{}", "{size: 5, max: 3}"), ["spec.size Forbidden: size 5 is above max"]);
        // They are not, where the schema is broken already.
        assert_eq!(updated(SIZES, "{}", "{max: 0, size: a}").len(), 1);
    }

    #[test]
    fn rules_about_a_change_need_the_stored_object() {
        assert_eq!(found(SIZES, "{name: a}"), [""; 0]);
        assert_eq!(updated(SIZES, "{name: a}", "{name: a}"), [""; 0]);
        assert_eq!(
            updated(SIZES, "{name: a}", "{name: b}"),
            ["spec.name Invalid value: \"b\": name is immutable"]
        );
        assert_eq!(updated(SIZES, "{}", "{name: b}"), [""; 0]);
        // The items of a map are compared by their keys.
        assert_eq!(
            updated(
                SIZES,
                "{items: [{id: a, q: 2}, {id: b, q: 1}]}",
                "{items: [{id: b, q: 1}, {id: a, q: 1}]}"
            ),
            ["spec.items[1].q Invalid value: 1: failed rule: self >= oldSelf"]
        );
    }

    #[test]
    fn what_is_invalid_already_may_stay_as_it_is() {
        let schema = "properties: {size: {type: integer, maximum: 3}, other: {type: string}, set: {type: array, \
            x-kubernetes-list-type: set, items: {type: string}}, list: {type: array, items: {type: integer, maximum: 3}}, \
            ports: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, \
            required: [id], properties: {id: {type: string}, port: {type: integer, maximum: 9}}}}, even: {type: object, \
            properties: {num: {type: integer}, more: {type: integer}}, x-kubernetes-validations: [{rule: self.num % 2 == 0}]}}, \
            required: [other]";
        let updated = |old: &str, new: &str| {
            let found = updated(schema, old, new).into_iter();
            found.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        // A field stays, beside others that change.
        assert_eq!(updated("{other: a, size: 9}", "{other: b, size: 9}"), [""; 0]);
        assert_eq!(updated("{other: a, size: 9}", "{other: b, size: 8}"), ["spec.size"]);
        assert_eq!(updated("{other: a}", "{other: a, size: 9}"), ["spec.size"]);
        // What is missing is missing in an object that changes.
        assert_eq!(updated("{size: 1}", "{size: 1}"), [""; 0]);
        assert_eq!(updated("{size: 1}", "{size: 2}"), ["spec.other"]);
        // Items of a map are compared one by one, those of other lists all together.
        assert_eq!(
            updated(
                "{other: a, ports: [{id: x, port: 10}]}",
                "{other: a, ports: [{id: z, port: 1}, {id: x, port: 10}]}"
            ),
            [""; 0]
        );
        assert_eq!(updated("{other: a, list: [9]}", "{other: b, list: [9]}"), [""; 0]);
        assert_eq!(updated("{other: a, list: [9]}", "{other: a, list: [9, 1]}"), ["spec.list[0]"]);
        // Lists whose items were not unique need not become unique.
        assert_eq!(updated("{other: a, set: [x, x]}", "{other: a, set: [x, x, z]}"), [""; 0]);
        assert_eq!(updated("{other: a, set: [x]}", "{other: a, set: [x, x]}"), ["spec.set[1]"]);
        // Rules hold for what changes.
        assert_eq!(updated("{other: a, even: {num: 1}}", "{other: b, even: {num: 1}}"), [""; 0]);
        assert_eq!(
            updated("{other: a, even: {num: 1}}", "{other: a, even: {num: 1, more: 2}}"),
            ["spec.even"]
        );
    }

    #[test]
    fn rules_may_fail_and_old_values_may_be_optional() {
        let failing = "properties: {m: {type: object, additionalProperties: {type: string}}}, \
                       x-kubernetes-validations: [{rule: \"self.m['a'] == 'b'\"}]";
        assert_eq!(
            updated(failing, "{}", "{m: {}}"),
            ["spec Invalid value: \"object\": no such key: a evaluating rule: self.m['a'] == 'b'"]
        );
        let optional = "properties: {q: {type: integer, x-kubernetes-validations: [{rule: oldSelf.orValue(0) < self, \
                        optionalOldSelf: true}]}}";
        assert_eq!(found(optional, "{q: 0}"), ["spec.q invalid-value"]);
        assert_eq!(found(optional, "{q: 1}"), [""; 0]);
        assert_eq!(updated(optional, "{q: 3}", "{q: 2}").len(), 1);
    }

    #[test]
    fn metadata_is_checked_without_a_definition() {
        let manifest = "apiVersion: x.example.com/v1\nkind: Thing\nmetadata: {name: A_b, labels: {a b: c}, annotations: {x: 1}}\n\
                        anything: {goes: here}\n";
        let found = crate::validate_for(crate::Operation::Create, &objects(manifest)[0], Version::DEFAULT);
        let found: Vec<_> = found.iter().map(|finding| finding.error.path.as_str()).collect();
        assert_eq!(found, ["kind", "metadata.annotations.x", "metadata.name", "metadata.labels"]);
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
