//! What Go's decoder of JSON says to a value that its type cannot hold.

use plimsoll_kube::schema::{Base, Schemas, Shape, Ty, TypeId};
use plimsoll_yaml::{Node, Value};

/// The first value below `path` that an object of the type `ty` cannot hold, as `json.UnmarshalTypeError` says it. Fields
/// that the type does not have are passed over.
pub(crate) fn type_error(path: &str, node: &Node, ty: TypeId) -> Option<String> {
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
        (Shape::Base(Base::Object(id)), Value::Map(_)) => type_error(path, node, id),
        (Shape::Base(base), value) => {
            let fits = match base {
                Base::String | Base::Time | Base::Bytes => matches!(value, Value::String(_)),
                Base::Bool => matches!(value, Value::Bool(_)),
                Base::Int32 | Base::Int64 => matches!(value, Value::Int(_)),
                Base::Float => matches!(value, Value::Int(_) | Value::Float(_)),
                Base::IntOrString => matches!(value, Value::Int(_) | Value::String(_)),
                Base::Quantity | Base::Any => true,
                Base::Object(_) => false,
            };
            if fits { None } else { wrong(&go_type(ty)) }
        }
    }
}

fn mismatch(node: &Node, holder: &str, path: &str, expected: &str) -> String {
    let found = match &node.value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::Seq(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    };
    format!("json: cannot unmarshal {found} into Go struct field {holder}.{path} of type {expected}")
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
