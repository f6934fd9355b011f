//! What Go's decoders say to a value that its type cannot hold.

use plimsoll_kube::quantity::Quantity;
use plimsoll_kube::schema::{Base, Schemas, Shape, Ty, TypeId};
use plimsoll_yaml::{Node, Value};

/// The first value below `path` that an object of the type `ty` cannot hold, as `json.UnmarshalTypeError` says it. Fields
/// that the type does not have are passed over.
pub(crate) fn json_error(path: &str, node: &Node, ty: TypeId) -> Option<String> {
    let schemas = Schemas::get();
    let name = schemas.name(ty).rsplit('.').next().unwrap_or_default();
    let Some(map) = node.as_map() else {
        return (!node.is_null()).then(|| mismatch(node, "", path, &format!("v1.{name}")));
    };
    let mut entries: Vec<_> = map.iter().collect();
    // Clients write keys sorted.
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    entries.into_iter().find_map(|entry| {
        let field = schemas.fields(ty).iter().find(|field| field.name == entry.key)?;
        let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        value_error(&path, name, &entry.value, field.ty)
    })
}

fn value_error(path: &str, holder: &str, node: &Node, ty: Ty) -> Option<String> {
    if node.is_null() {
        return None;
    }
    let wrong = |expected: &str| Some(mismatch(node, holder, path, expected));
    match (ty.shape(), &node.value) {
        (Shape::List(inner), Value::Seq(items)) => {
            items.iter().find_map(|item| value_error(path, holder, item, inner))
        }
        (Shape::Map(inner), Value::Map(map)) => {
            map.iter().find_map(|entry| value_error(path, holder, &entry.value, inner))
        }
        (Shape::List(inner), _) => wrong(&format!("[]{}", go_type(inner))),
        (Shape::Map(inner), _) => wrong(&format!("map[string]{}", go_type(inner))),
        (Shape::Base(Base::Object(id)), Value::Map(_)) => json_error(path, node, id),
        (Shape::Base(base), value) => {
            let fits = match base {
                Base::String | Base::Time | Base::Bytes => matches!(value, Value::String(_)),
                Base::Bool => matches!(value, Value::Bool(_)),
                Base::Int32 | Base::Int64 => matches!(value, Value::Int(_)),
                Base::Float => matches!(value, Value::Int(_) | Value::Float(_)),
                Base::IntOrString => matches!(value, Value::Int(_) | Value::String(_)),
                Base::Any => true,
                Base::Quantity => return quantity_error(node),
                Base::Object(_) => false,
            };
            if fits { None } else { wrong(&go_type(ty)) }
        }
    }
}

/// `ErrFormatWrong` of `resource.Quantity`, whatever decodes it.
fn quantity_error(node: &Node) -> Option<String> {
    Quantity::from_node(node).is_err().then(|| {
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            .to_owned()
    })
}

/// The first value that an object of the type `ty` cannot hold, as `runtime.FromUnstructured` says it.
pub(crate) fn conversion_error(node: &Node, ty: TypeId) -> Option<String> {
    let schemas = Schemas::get();
    let Some(map) = node.as_map() else {
        return (!node.is_null()).then(|| format!("cannot restore struct from: {}", kind_of(node)));
    };
    map.iter().find_map(|entry| {
        let field = schemas.fields(ty).iter().find(|field| field.name == entry.key)?;
        value_conversion_error(&entry.value, field.ty)
    })
}

fn value_conversion_error(node: &Node, ty: Ty) -> Option<String> {
    match (ty.shape(), &node.value) {
        (_, Value::Null) => None,
        (Shape::List(inner), Value::Seq(items)) => {
            items.iter().find_map(|item| value_conversion_error(item, inner))
        }
        (Shape::Map(inner), Value::Map(map)) => {
            map.iter().find_map(|entry| value_conversion_error(&entry.value, inner))
        }
        (Shape::List(_), _) => Some(format!("cannot restore slice from {}", kind_of(node))),
        (Shape::Map(_), _) => Some(format!("cannot restore map from {}", kind_of(node))),
        (Shape::Base(Base::Object(id)), _) => conversion_error(node, id),
        (Shape::Base(Base::Quantity), _) => quantity_error(node),
        (Shape::Base(Base::IntOrString), value) => {
            let fits = matches!(value, Value::Int(_) | Value::String(_));
            (!fits).then(|| format!("json: cannot unmarshal {} into Go value of type int32", json_kind(node)))
        }
        (Shape::Base(base), value) => {
            let fits = match base {
                Base::String | Base::Time | Base::Bytes => matches!(value, Value::String(_)),
                Base::Bool => matches!(value, Value::Bool(_)),
                Base::Int32 | Base::Int64 => matches!(value, Value::Int(_)),
                Base::Float => matches!(value, Value::Int(_) | Value::Float(_)),
                _ => true,
            };
            // Go converts numbers into texts of one character, which is then refused in another place.
            let convertible = matches!(
                (value, base),
                (Value::Int(_), Base::String) | (Value::Float(_), Base::Int32 | Base::Int64)
            );
            let expected = go_type(ty);
            (!fits).then(|| {
                if convertible {
                    format!("cannot convert {} to {expected}", untyped(node))
                } else {
                    format!("unrecognized type: {}", expected.trim_start_matches("[]"))
                }
            })
        }
    }
}

/// The `reflect.Kind` of an untyped value.
fn kind_of(node: &Node) -> &'static str {
    match node.value {
        Value::Seq(_) => "slice",
        Value::Map(_) => "map",
        _ => untyped(node),
    }
}

/// The type of an untyped value.
fn untyped(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Uint(_) | Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Seq(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

fn mismatch(node: &Node, holder: &str, path: &str, expected: &str) -> String {
    let found = json_kind(node);
    format!("json: cannot unmarshal {found} into Go struct field {holder}.{path} of type {expected}")
}

fn json_kind(node: &Node) -> &'static str {
    match &node.value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::Seq(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    }
}

fn go_type(ty: Ty) -> String {
    match ty.shape() {
        Shape::List(inner) => format!("[]{}", go_type(inner)),
        Shape::Map(inner) => format!("map[string]{}", go_type(inner)),
        Shape::Base(base) => match base {
            Base::String | Base::Time | Base::Quantity => "string".to_owned(),
            Base::Bytes => "[]uint8".to_owned(),
            Base::Bool => "bool".to_owned(),
            Base::Int32 | Base::IntOrString => "int32".to_owned(),
            Base::Int64 => "int64".to_owned(),
            Base::Float => "float64".to_owned(),
            Base::Any => "interface {}".to_owned(),
            Base::Object(id) => {
                let name = Schemas::get().name(id);
                format!("v1.{}", name.rsplit('.').next().unwrap_or_default())
            }
        },
    }
}
