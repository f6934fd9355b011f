//! Strict decoding: unknown fields and wrong types, as the server finds them before any validation.
//!
//! Follows what `sigs.k8s.io/json` does to the Go types of the API (kubernetes/kubernetes
//! `staging/src/k8s.io/apimachinery/pkg/runtime/serializer/json`), with `fieldValidation=Strict`. Names are
//! case-sensitive, null is absent, an integer may be written as `3.0`.

use super::{At, Context};
use crate::Version;
use crate::quantity::{self, Quantity};
use crate::schema::{Base, Schemas, Shape, Ty, TypeId};
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use plimsoll_diag::nearest;
use plimsoll_yaml::{Node, Value};

/// Checks that the server could decode the object at `root` as `ty`: every field is known and has a value
/// of its type. Reports everything found, not only what the server would mention first.
pub(super) fn object(root: &At<'_, '_>, ty: TypeId, cx: &mut Context<'_>) {
    fields(Schemas::get(), root, None, ty, cx);
}

/// `above` is the type of the object that holds this one.
fn fields(schemas: &Schemas, at: &At<'_, '_>, above: Option<TypeId>, ty: TypeId, cx: &mut Context<'_>) {
    let Some(map) = at.node().and_then(Node::as_map) else {
        if at.is_set() {
            wrong_type(at, "a map", cx);
        }
        return;
    };
    for entry in map {
        let place = at.field_at(entry);
        match schemas.field(ty, &entry.key, cx.version) {
            Some(field) => {
                cx.has_disabled_fields |= !field.is_on_in(cx.version);
                value(schemas, &place, Some(ty), field.ty, cx);
            }
            None => unknown_field(schemas, &place, &entry.key, above, ty, cx),
        }
    }
}

fn value(schemas: &Schemas, at: &At<'_, '_>, above: Option<TypeId>, ty: Ty, cx: &mut Context<'_>) {
    let Some(node) = at.node() else { return };
    match ty.shape() {
        Shape::List(inner) => match &node.value {
            Value::Seq(_) => {
                for item in at.items() {
                    value(schemas, &item, above, inner, cx);
                }
            }
            _ => wrong_type(at, "a list", cx),
        },
        Shape::Map(inner) => match &node.value {
            Value::Map(map) => {
                for entry in map {
                    value(schemas, &at.field_at(entry), above, inner, cx);
                }
            }
            _ => wrong_type(at, "a map", cx),
        },
        Shape::Base(Base::Object(id)) => fields(schemas, at, above, id, cx),
        Shape::Base(base) => scalar(at, node, base, cx),
    }
}

fn scalar(at: &At<'_, '_>, node: &Node, base: Base, cx: &mut Context<'_>) {
    match base {
        Base::Any | Base::Object(_) => {}
        Base::String => {
            if node.as_str().is_none() {
                wrong_type(at, "a string", cx);
            }
        }
        Base::Bool => {
            if node.as_bool().is_none() {
                wrong_type(at, "a boolean", cx);
            }
        }
        Base::Int32 => integer(at, node, cx),
        Base::Int64 => {
            if at.int().is_none() {
                wrong_type(at, "an integer of 64 bits", cx);
            }
        }
        Base::Float => {
            if !matches!(node.value, Value::Int(_) | Value::Uint(_) | Value::Float(_)) {
                wrong_type(at, "a number", cx);
            }
        }
        Base::IntOrString => {
            if node.as_str().is_none() {
                integer(at, node, cx);
            }
        }
        Base::Quantity => {
            if let Err(error) = Quantity::from_node(node) {
                let detail = format_args!("{} is not a valid quantity: {error}", describe_value(node));
                let meant = node.as_str().and_then(quantity::suggest_repair);
                cx.undecodable(at, detail, meant.map(|meant| format!("did you mean `{meant}`?")));
            }
        }
        Base::Time => match node.as_str() {
            Some(text) if is_rfc3339(text) => {}
            Some(_) => cx.type_invalid(at, "expected a time such as `2006-01-02T15:04:05Z`"),
            None => wrong_type(at, "a time in quotes", cx),
        },
        Base::Bytes => match &node.value {
            Value::String(text) if is_base64(text) => {}
            Value::String(_) => {
                let help = "encode it (`| b64enc`), or move plain text to `stringData`";
                cx.undecodable(at, "the value is not base64", Some(help.to_owned()));
            }
            // Go decodes a list of numbers into bytes as well.
            Value::Seq(items) if items.iter().all(|item| matches!(item.value, Value::Int(0..=255))) => {}
            _ => wrong_type(at, "a string in base64", cx),
        },
    }
}

/// A value for a message: a string as it is, anything else by its type.
fn describe_value(node: &Node) -> String {
    node.as_str().map_or_else(|| node.type_name().to_owned(), |text| format!("{text:?}"))
}

fn integer(at: &At<'_, '_>, node: &Node, cx: &mut Context<'_>) {
    match at.int() {
        Some(number) if i32::try_from(number).is_ok() => {}
        Some(_) => cx.type_invalid(at, "expected an integer of 32 bits"),
        None if matches!(node.value, Value::Uint(_)) => {
            cx.type_invalid(at, "expected an integer of 32 bits");
        }
        None => wrong_type(at, "an integer", cx),
    }
}

fn wrong_type(at: &At<'_, '_>, expected: &str, cx: &mut Context<'_>) {
    let Some(node) = at.node() else { return };
    let help = match &node.value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Bool(_) if expected == "a string" => {
            Some("put the value in quotes".to_owned())
        }
        Value::String(text)
            if (expected.starts_with("an integer") && text.parse::<i64>().is_ok())
                || (expected == "a boolean" && matches!(text.as_str(), "true" | "false")) =>
        {
            Some(format!("write `{text}` without quotes"))
        }
        Value::Map(_) if expected == "a list" => Some("start each item with `- `".to_owned()),
        _ => None,
    };
    cx.undecodable(at, format_args!("expected {expected}, found {}", node.type_name()), help);
}

fn unknown_field(
    schemas: &Schemas,
    at: &At<'_, '_>,
    name: &str,
    above: Option<TypeId>,
    ty: TypeId,
    cx: &mut Context<'_>,
) {
    let version = cx.version;
    let known = || schemas.fields(ty).iter().filter(|field| field.exists_in(version));
    let has = |id: TypeId| schemas.field(id, name, version).is_some();
    let other_versions = schemas.fields(ty).iter().find(|field| field.name == name);
    let below = || known().find(|field| matches!(field.ty.shape(), Shape::Base(Base::Object(id)) if has(id)));
    let help = if let Some(field) = other_versions {
        Some(if field.first() > version {
            format!("Kubernetes has it from {} on", field.first())
        } else {
            format!("Kubernetes had it up to {}", field.last())
        })
    } else if let Some(near) = nearest(name, known().map(|field| field.name)) {
        Some(format!("did you mean `{near}`?"))
    } else if let Some(field) = below() {
        Some(format!("`{name}` belongs one level down, in `{}`", field.name))
    } else if above.is_some_and(has) {
        Some(format!("`{name}` belongs one level up"))
    } else {
        nested(schemas, ty, name, version).map(|way| format!("`{name}` belongs in `{way}`"))
    };
    cx.unknown_field(at, help);
}

/// The way to the only object two levels below `ty` that has a field `name`.
fn nested(schemas: &Schemas, ty: TypeId, name: &str, version: Version) -> Option<String> {
    let children = |id: TypeId| {
        let fields = schemas.fields(id).iter().filter(move |field| field.exists_in(version));
        fields.filter_map(|field| match field.ty.shape() {
            Shape::Base(Base::Object(child)) => Some((field.name, child)),
            _ => None,
        })
    };
    let mut ways = children(ty).flat_map(|(first, child)| {
        children(child).filter_map(move |(second, grandchild)| {
            schemas.field(grandchild, name, version).map(|_| format!("{first}.{second}"))
        })
    });
    let way = ways.next()?;
    ways.next().is_none().then_some(way)
}

/// `time.Parse(time.RFC3339, text)` of Go, to which an hour of one digit is fine.
pub fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let (Some(b'0'..=b'9'), Some(b':')) = (bytes.get(11), bytes.get(12)) {
        let parts = text.get(..11).zip(text.get(11..));
        return parts.is_some_and(|(day, time)| is_rfc3339(&format!("{day}0{time}")));
    }
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = bytes.get(from..to)?;
        digits
            .iter()
            .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
    };
    let is = |index: usize, byte: u8| bytes.get(index) == Some(&byte);
    let check = || -> Option<bool> {
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return Some(false),
        };
        let separators = is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':');
        if !separators || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return Some(false);
        }
        let mut zone = 19;
        if is(19, b'.') || is(19, b',') {
            let digits = bytes.get(20..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return Some(false);
            }
            zone = 20 + digits;
        }
        Some(if is(zone, b'Z') {
            bytes.len() == zone + 1
        } else {
            (is(zone, b'+') || is(zone, b'-'))
                && is(zone + 3, b':')
                && bytes.len() == zone + 6
                && number(zone + 1, zone + 3)? <= 24
                && number(zone + 4, zone + 6)? <= 60
        })
    };
    check().unwrap_or(false)
}

/// `base64.StdEncoding` of Go, which passes over line breaks.
fn is_base64(text: &str) -> bool {
    const GO: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    if text.contains(['\r', '\n']) {
        let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        return GO.decode(joined).is_ok();
    }
    GO.decode(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};
    use super::*;

    #[test]
    fn values_have_the_servers_types() {
        check(
            |spec| {
                list_findings(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n"))
            },
            &[
                ("{containers: [{name: a, image: a, ports: [{containerPort: 80.0}]}]}", &[]),
                ("{containers: {name: a}}", &["spec.containers wrong-type"]),
                (
                    "{containers: [{name: a, image: a, ports: [{containerPort: '80'}]}]}",
                    &["spec.containers[0].ports[0].containerPort wrong-type"],
                ),
                (
                    "{containers: [{name: 1, image: a, stdin: 'no', envv: []}]}",
                    &[
                        "spec.containers[0].envv unknown-field",
                        "spec.containers[0].name wrong-type",
                        "spec.containers[0].stdin wrong-type",
                    ],
                ),
                (
                    "{containers: [{name: a, image: a, resources: {limits: {cpu: 1 core}}}]}",
                    &["spec.containers[0].resources.limits.cpu wrong-type"],
                ),
                (
                    "{containers: [{name: a, image: a, livenessProbe: {tcpSocket: {port: 1.5}}}]}",
                    &["spec.containers[0].livenessProbe.tcpSocket.port wrong-type"],
                ),
            ],
        );
    }

    #[test]
    fn unknown_fields_are_told_where_they_belong() {
        let help = |spec: &str| {
            let text =
                format!("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: a}}\nspec: {spec}\n");
            let sources = plimsoll_diag::Sources::new();
            let source = sources.add("a.yaml", text, plimsoll_diag::SourceKind::File);
            let options = plimsoll_yaml::ReadOptions::strict();
            let objects = crate::manifest::parse(&sources, source, "a.yaml", &options).output.unwrap();
            let mut findings = Vec::new();
            crate::validate(&objects[0], Version::V1_36, &mut findings);
            findings[0].help.join(" ")
        };
        assert_eq!(help("{replcias: 3}"), "did you mean `replicas`?");
        assert_eq!(help("{template: {dnsPolicy: None}}"), "`dnsPolicy` belongs one level down, in `spec`");
        assert_eq!(help("{containers: []}"), "`containers` belongs in `template.spec`");
        assert_eq!(help("{template: {serviceName: a}}"), "`serviceName` belongs one level up");
    }

    #[test]
    fn times_are_rfc3339() {
        for text in [
            "2024-02-29T00:00:00Z",
            "2024-01-01T23:59:59.123456Z",
            "2024-01-01T00:00:00+02:00",
            "2024-01-01T1:00:00Z",
        ] {
            assert!(is_rfc3339(text), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2023-02-29T00:00:00Z",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Zx",
            "2024-01-01T00:00:00+0200",
            "2024-01-01T00:00:00+é",
            "2024-01-0é1:00:00Z",
        ] {
            assert!(!is_rfc3339(text), "{text}");
        }
    }

    #[test]
    fn base64_is_gos() {
        assert!(is_base64("aGVsbG8=") && is_base64("aGVs\nbG8=\n") && is_base64(""));
        assert!(!is_base64("aGVsbG8") && !is_base64("hello world"));
    }
}
