//! Sprig's functions over maps.

use std::sync::Arc;

use super::cast;
use crate::error::{Error, Result};
use crate::function::{Function, fixed, variadic};
use crate::value::{Args, Elem, Entries, List, Map, Value};
use crate::walk::Walk;

pub(crate) const TABLE: &[Function] = &[
    variadic("dict", 0, |args| {
        args.0.iter().step_by(2).try_for_each(Value::check_size)?;
        Ok(dict(args))
    }),
    fixed("get", 2, |args| {
        let found = args.map(0)?.get(args.str(1)?);
        Ok(found.unwrap_or_else(|| Value::str("")))
    }),
    fixed("set", 3, |args| {
        let (map, key) = (args.map_to_change(0)?, args.arc_str(1)?);
        map.insert(key, args.any(2).clone());
        Ok(Value::Map(map))
    }),
    fixed("unset", 2, |args| {
        let (map, key) = (args.map(0)?, args.str(1)?);
        map.borrow_mut().remove(key);
        Ok(Value::Map(map))
    }),
    fixed("hasKey", 2, |args| Ok(Value::Bool(args.map(0)?.borrow().contains(args.str(1)?)))),
    variadic("pluck", 1, pluck),
    variadic("keys", 0, keys),
    fixed("values", 1, |args| {
        Ok(Value::list(args.map(0)?.borrow().iter().map(|(_, value)| value.clone()).collect()))
    }),
    variadic("pick", 1, pick),
    variadic("omit", 1, omit),
    variadic("merge", 1, |args| merge_all(args, false)),
    variadic("mustMerge", 1, |args| merge_all(args, false)),
    variadic("mergeOverwrite", 1, |args| merge_all(args, true)),
    variadic("mustMergeOverwrite", 1, |args| merge_all(args, true)),
    fixed("deepCopy", 1, deep_copy),
    fixed("mustDeepCopy", 1, deep_copy),
    variadic("dig", 0, dig),
];

fn dict(args: Args<'_>) -> Value {
    let entries = args.0.chunks(2).map(|pair| {
        let key = match &pair[0] {
            Value::Str(text) => Arc::clone(text),
            other => Arc::from(&*cast::text(other)),
        };
        let value = match pair.get(1) {
            Some(Value::Invalid) => Value::Nil,
            Some(value) => value.clone(),
            None => Value::str(""),
        };
        (key, value)
    });
    Value::map(entries.collect())
}

fn deep_copy(args: Args<'_>) -> Result<Value> {
    match args.any(0) {
        Value::Nil | Value::Invalid => Err(Error::missing("there is nothing to copy: the value is nil")),
        value => value.deep_copy(),
    }
}

fn pluck(args: Args<'_>) -> Result<Value> {
    let key = args.str(0)?;
    let mut found = Vec::new();
    for index in 1..args.len() {
        found.extend(args.map(index)?.get(key));
    }
    Ok(Value::list(found))
}

/// Go's maps have no order; here keys come sorted, so that the same chart gives the same text.
fn keys(args: Args<'_>) -> Result<Value> {
    let mut keys = Vec::new();
    for index in 0..args.len() {
        keys.extend(args.map(index)?.borrow().iter().map(|(key, _)| Value::Str(Arc::clone(key))));
    }
    Ok(Value::List(List::new(Elem::Str, keys)))
}

fn pick(args: Args<'_>) -> Result<Value> {
    let map = args.map(0)?;
    let mut picked = Entries::default();
    for index in 1..args.len() {
        let key = args.arc_str(index)?;
        if let Some(value) = map.get(&key) {
            picked.insert(key, value);
        }
    }
    Ok(Value::map(picked))
}

fn omit(args: Args<'_>) -> Result<Value> {
    let map = args.map(0)?;
    let mut left = map.borrow().clone();
    for index in 1..args.len() {
        left.remove(args.str(index)?);
    }
    Ok(Value::map(left))
}

/// `merge` keeps what the first map has, unless that is empty; `mergeOverwrite` lets later maps win.
fn merge_all(args: Args<'_>, overwrite: bool) -> Result<Value> {
    let (target, mut walk) = (args.map(0)?, Walk::making());
    for index in 1..args.len() {
        merge(&target, &args.map(index)?, overwrite, 0, &mut walk)?;
    }
    Ok(Value::Map(target))
}

/// Go's mergo: maps on both sides merge deeply, the target's in place. Without `overwrite` a value is
/// taken only where the target has none or an empty one; with it, empty values of the source do not
/// overwrite unless they are new.
fn merge(target: &Map, source: &Map, overwrite: bool, depth: usize, walk: &mut Walk) -> Result<()> {
    if depth > crate::walk::MAX_DEPTH {
        return Err(Error::new("the maps nest too deeply to be merged: does one hold itself?"));
    }
    if target.same(source) {
        return Ok(());
    }
    let entries = source.borrow().clone();
    for (key, new) in &entries {
        walk.visit(new)?;
        let old = target.get(key);
        if new.is_nil() && !overwrite {
            continue;
        }
        match (&old, new) {
            (Some(Value::Map(old)), Value::Map(new)) if !old.is_empty() || overwrite => {
                merge(old, new, overwrite, depth + 1, walk)?;
            }
            (Some(old), _) if !overwrite && old.truth() => {}
            _ => target.insert(Arc::clone(key), new.clone()),
        }
    }
    Ok(())
}

fn dig(args: Args<'_>) -> Result<Value> {
    let Some(last) = args.len().checked_sub(1).filter(|last| *last >= 2) else {
        return Err(Error::new("dig needs at least three arguments"));
    };
    let mut value = args.0[last].clone();
    if let Value::Map(map) = &value
        && map.is_values()
    {
        let error = Error::new("dig needs a map[string]interface {}, not common.Values");
        return Err(error.help("pass `.Values.AsMap`, the same values as a plain map"));
    }
    let keys = (0..last - 1).map(|index| args.str(index)).collect::<Result<Vec<_>>>()?;
    for key in keys {
        let map = match &value {
            Value::Map(map) if map.elem() == Elem::Any && !map.is_values() => map,
            _ => {
                return Err(Error::new(format!(
                    "`{key}` is looked up in a value of type {}, not in a map[string]interface {{}}",
                    value.type_name()
                )));
            }
        };
        match map.get(key) {
            Some(found) => value = found,
            None => return Ok(args.any(last - 1).clone()),
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> Map {
        Map::new(Elem::Any, entries.iter().map(|(key, value)| (Arc::from(*key), value.clone())).collect())
    }

    #[test]
    fn merging_changes_the_target_and_what_it_holds() {
        let inner = map(&[("x", Value::Int(1))]);
        let target = map(&[("m", Value::Map(inner.clone())), ("empty", "".into())]);
        let source = map(&[
            ("m", Value::Map(map(&[("x", Value::Int(2)), ("y", Value::Int(3))]))),
            ("empty", "now".into()),
        ]);
        merge(&target, &source, false, 0, &mut Walk::making()).unwrap();
        assert_eq!(inner.get("x").unwrap().as_integer(), Some(1));
        assert_eq!(inner.get("y").unwrap().as_integer(), Some(3));
        assert_eq!(target.get("empty").unwrap().as_str(), Some("now"));
        merge(&target, &source, true, 0, &mut Walk::making()).unwrap();
        assert_eq!(inner.get("x").unwrap().as_integer(), Some(2));
    }

    #[test]
    fn merging_a_map_into_itself_ends() {
        let target = map(&[]);
        target.insert("self".into(), Value::Map(target.clone()));
        merge(&target, &target.clone(), true, 0, &mut Walk::making()).unwrap();
    }
}
