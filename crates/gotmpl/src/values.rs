//! The methods of Helm's `common.Values`, the type of `.Values`.

use crate::error::{Error, Result};
use crate::json;
use crate::origin::Origin;
use crate::value::{Args, Map, Traced, Value};

/// The code of a method.
type Method = fn(&Map, Args<'_>) -> Result<Traced>;

/// A method of Helm's `common.Values`, the type of `.Values`. It hides a key of the same name.
pub(crate) fn method(name: &str) -> Option<Method> {
    Some(match name {
        "AsMap" => |values, args| {
            args.takes("AsMap", 0)?;
            Ok(Value::Map(values.plain()).into())
        },
        "YAML" => |values, args| {
            args.takes("YAML", 0)?;
            let values = Value::Map(values.clone());
            values.check_size()?;
            Ok(Value::from(format!("{}\n", json::to_yaml(&values)?)).into())
        },
        "Table" => |values, args| {
            args.takes("Table", 1)?;
            let (map, origin) = table(values, args.str(0)?)?;
            Ok(Traced { value: Value::Map(map.as_values()), origin })
        },
        "PathValue" => |values, args| {
            args.takes("PathValue", 1)?;
            path_value(values, args.str(0)?)
        },
        _ => return None,
    })
}

/// The map at the end of a path of names, and where it comes from.
fn table(values: &Map, path: &str) -> Result<(Map, Origin)> {
    path.split('.').try_fold((values.clone(), Origin::Unknown), |(map, _), name| match map.get_traced(name) {
        Some(Traced { value: Value::Map(inner), origin }) => Ok((inner, origin)),
        _ => Err(Error::new(format!("\"{name}\" is not a table"))),
    })
}

/// The value at the end of a path of names, which must not be a map.
fn path_value(values: &Map, path: &str) -> Result<Traced> {
    if path.is_empty() {
        return Err(Error::new("YAML path cannot be empty"));
    }
    let (map, name) = match path.rsplit_once('.') {
        Some((parents, name)) => (table(values, parents).ok().map(|(map, _)| map), name),
        None => (Some(values.clone()), path),
    };
    match map.and_then(|map| map.get_traced(name)) {
        Some(found) if !matches!(found.value, Value::Map(_)) => Ok(found),
        _ => Err(Error::new(format!("\"{name}\" is not a value"))),
    }
}
