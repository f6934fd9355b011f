//! The methods of Helm's `common.Values`, the type of `.Values`.

use super::error::{Error, Result};
use super::json;
use super::value::{Args, Map, Value};

/// The code of a method.
type Method = fn(&Map, Args<'_>) -> Result<Value>;

/// A method of Helm's `common.Values`, the type of `.Values`; it goes before a key of the same name.
pub(crate) fn method(name: &str) -> Option<Method> {
    Some(match name {
        "AsMap" => |values, args| {
            args.takes("AsMap", 0)?;
            Ok(Value::Map(values.plain()))
        },
        "YAML" => |values, args| {
            args.takes("YAML", 0)?;
            let values = Value::Map(values.clone());
            values.check_size()?;
            Ok(format!("{}\n", json::to_yaml(&values)?).into())
        },
        "Table" => |values, args| {
            args.takes("Table", 1)?;
            table(values, args.str(0)?).map(|map| Value::Map(map.typed()))
        },
        "PathValue" => |values, args| {
            args.takes("PathValue", 1)?;
            path_value(values, args.str(0)?)
        },
        _ => return None,
    })
}

/// The map at the end of a path of names.
fn table(values: &Map, path: &str) -> Result<Map> {
    path.split('.').try_fold(values.clone(), |map, name| match map.get(name) {
        Some(Value::Map(inner)) => Ok(inner),
        _ => Err(Error::new(format!("\"{name}\" is not a table"))),
    })
}

/// The value that is no map at the end of a path of names.
fn path_value(values: &Map, path: &str) -> Result<Value> {
    if path.is_empty() {
        return Err(Error::new("YAML path cannot be empty"));
    }
    let (map, name) = match path.rsplit_once('.') {
        Some((way, name)) => (table(values, way).ok(), name),
        None => (Some(values.clone()), path),
    };
    match map.and_then(|map| map.get(name)) {
        Some(value) if !matches!(value, Value::Map(_)) => Ok(value),
        _ => Err(Error::new(format!("\"{name}\" is not a value"))),
    }
}
