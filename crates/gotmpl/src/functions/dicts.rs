//! Sprig's functions over maps.

use std::ops::Range;
use std::sync::Arc;

use super::cast;
use crate::args::not_utf8;
use crate::error::{Error, Result};
use crate::function::{Function, fixed, variadic};
use crate::origin::Origin;
use crate::value::{Args, Elem, Entries, List, Map, Traced, Value};
use crate::walk::Walk;

pub(crate) const TABLE: &[Function] = &[
    variadic("dict", 0, |args| {
        args.values.iter().step_by(2).try_for_each(Value::check_size)?;
        dict(args)
    })
    .with_origin(origin_in_entries),
    fixed("get", 2, |args| {
        let (map, key) = (args.map(0)?, args.name(1)?);
        let found = key.and_then(|key| map.get(key));
        Ok(found.unwrap_or_else(|| Value::str("")))
    })
    .with_origin(|args| lookup_origin(args, 0, 1..2)),
    fixed("set", 3, |args| {
        let (map, key) = (args.map_to_change(0)?, args.arc_str(1)?);
        map.insert_traced(key, new_part(args.traced(2)));
        Ok(Value::Map(map))
    })
    .with_origin(|args| args.origin(0)),
    fixed("unset", 2, |args| {
        let (map, key) = (args.map(0)?, args.name(1)?);
        key.map(|key| map.borrow_mut().remove(key));
        Ok(Value::Map(map))
    })
    .with_origin(|args| args.origin(0)),
    fixed("hasKey", 2, |args| {
        let (map, key) = (args.map(0)?, args.name(1)?);
        Ok(Value::Bool(key.is_some_and(|key| map.borrow().contains(key))))
    }),
    variadic("pluck", 1, pluck),
    variadic("keys", 0, keys),
    fixed("values", 1, |args| {
        let map = args.map(0)?;
        let entries = map.borrow();
        let values = entries.iter_traced().map(|(_, value)| part_of(args.origin(0), value));
        Ok(Value::List(List::traced(Elem::Any, values)))
    }),
    variadic("pick", 1, pick),
    variadic("omit", 1, omit),
    variadic("merge", 1, |args| merge_all(args, false)).with_origin(|args| args.origin(0)),
    variadic("mustMerge", 1, |args| merge_all(args, false)).with_origin(|args| args.origin(0)),
    variadic("mergeOverwrite", 1, |args| merge_all(args, true)).with_origin(|args| args.origin(0)),
    variadic("mustMergeOverwrite", 1, |args| merge_all(args, true)).with_origin(|args| args.origin(0)),
    fixed("deepCopy", 1, deep_copy).with_origin(|args| args.origin(0)),
    fixed("mustDeepCopy", 1, deep_copy).with_origin(|args| args.origin(0)),
    variadic("dig", 0, dig).with_origin(dig_origin),
];

/// The origin of a container whose entries know theirs. As a whole it may change later.
fn origin_in_entries(_: Args<'_>) -> Origin {
    Origin::Unknown
}

/// A value that a template puts into a container.
fn new_part(value: Traced) -> Traced {
    Traced { origin: value.origin.of_new_part(), ..value }
}

/// A value that was part of a container of that origin.
fn part_of(container: Origin, value: Traced) -> Traced {
    Traced { origin: Origin::of_part(container, value.origin), ..value }
}

/// The origin of what the literal path of keys in the arguments `keys` leads to in argument `container`. If the value
/// was not set, its keys decide.
pub(super) fn lookup_origin(args: Args<'_>, container: usize, keys: Range<usize>) -> Origin {
    let start = args.traced(container);
    let found = keys.clone().try_fold(start, |Traced { value, origin }, key| {
        let key = args.any(key);
        let part = match &value {
            Value::List(list) => {
                let index = usize::try_from(key.as_integer()?).ok()?;
                Traced { value: list.items().get(index)?.clone(), origin: list.origin(index) }
            }
            _ => value.as_map()?.get_traced(key.as_str()?)?,
        };
        Some(part_of(origin, part))
    });
    match found {
        Some(Traced { origin, .. }) if origin != Origin::Unknown => origin,
        _ => Origin::of_all(keys.map(|key| args.origin(key))),
    }
}

fn dict(args: Args<'_>) -> Result<Value> {
    let mut entries = Vec::with_capacity(args.len().div_ceil(2));
    for index in (0..args.len()).step_by(2) {
        let key = match args.any(index) {
            Value::Str(text) => Arc::clone(text),
            other => {
                let key = cast::text(other);
                Arc::from(std::str::from_utf8(&key).map_err(|_| not_utf8(&key, index))?)
            }
        };
        let value = if index + 1 < args.len() { args.traced(index + 1) } else { Value::str("").into() };
        entries.push((key, new_part(value)));
    }
    Ok(Value::map(Entries::traced(entries)))
}

fn deep_copy(args: Args<'_>) -> Result<Value> {
    match args.any(0) {
        Value::Nil | Value::Invalid => Err(Error::missing("there is nothing to copy: the value is nil")),
        value => value.deep_copy(),
    }
}

fn pluck(args: Args<'_>) -> Result<Value> {
    let key = args.name(0)?;
    let mut found = Vec::new();
    for index in 1..args.len() {
        let map = args.map(index)?;
        let value = key.and_then(|key| map.get_traced(key));
        found.extend(value.map(|value| part_of(args.origin(index), value)));
    }
    Ok(Value::List(List::traced(Elem::Any, found)))
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
        if let Some(key) = args.name(index)?
            && let Some(value) = map.get_traced(key)
        {
            picked.insert_traced(Arc::from(key), value);
        }
    }
    Ok(Value::map(picked))
}

fn omit(args: Args<'_>) -> Result<Value> {
    let map = args.map(0)?;
    let mut left = map.borrow().clone();
    for index in 1..args.len() {
        args.name(index)?.map(|key| left.remove(key));
    }
    Ok(Value::map(left))
}

/// `merge` keeps what the first map has, unless that is empty; `mergeOverwrite` lets later maps win.
fn merge_all(args: Args<'_>, overwrite: bool) -> Result<Value> {
    let (mut target, mut walk) = (args.map(0)?, Walk::making());
    for index in 1..args.len() {
        let source = args.map(index)?;
        if target.is_nil() && !source.is_nil() {
            target = Map::new(Elem::Any, Entries::default());
        }
        merge(&target, (&source, args.origin(index)), overwrite, 0, &mut walk)?;
    }
    Ok(Value::Map(target))
}

/// Go's mergo: maps on both sides merge deeply, the target's in place. Without `overwrite` a value is
/// taken only where the target has none or an empty one; with it, empty values of the source do not
/// overwrite unless they are new.
fn merge(
    target: &Map,
    (source, origin): (&Map, Origin),
    overwrite: bool,
    depth: usize,
    walk: &mut Walk,
) -> Result<()> {
    if depth > crate::walk::MAX_DEPTH {
        return Err(Error::new("the maps nest too deeply to be merged: does one contain itself?"));
    }
    if target.same(source) {
        return Ok(());
    }
    let entries = source.borrow().clone();
    for (key, new) in entries.iter_traced() {
        walk.visit(&new.value)?;
        let old = target.get(key);
        if new.value.is_nil() && !overwrite {
            continue;
        }
        let new = part_of(origin, new);
        match (&old, &new.value) {
            (Some(Value::Map(old)), Value::Map(inner)) if !old.is_empty() || overwrite => {
                merge(old, (inner, new.origin), overwrite, depth + 1, walk)?;
            }
            (Some(old), _) if !overwrite && old.truth() => {}
            _ => target.insert_traced(Arc::clone(key), new_part(new)),
        }
    }
    Ok(())
}

/// The origin of what `dig` finds, or of its default.
fn dig_origin(args: Args<'_>) -> Origin {
    let Some(last) = args.len().checked_sub(1).filter(|last| *last >= 2) else { return Origin::Unknown };
    let is_found = (0..last - 1).try_fold(args.any(last).clone(), |value, key| match value {
        Value::Map(map) => map.get(args.any(key).as_str()?),
        _ => None,
    });
    if is_found.is_some() { lookup_origin(args, last, 0..last - 1) } else { args.origin(last - 1) }
}

fn dig(args: Args<'_>) -> Result<Value> {
    let Some(last) = args.len().checked_sub(1).filter(|last| *last >= 2) else {
        return Err(Error::new("dig needs at least three arguments"));
    };
    let mut value = args.values[last].clone();
    if let Value::Map(map) = &value
        && map.is_values()
    {
        let error = Error::new("dig needs a map[string]interface {}, not common.Values");
        return Err(error.help("pass `.Values.AsMap`, the same values as a plain map"));
    }
    let keys = (0..last - 1).map(|index| args.text(index)).collect::<Result<Vec<_>>>()?;
    for (index, key) in keys.iter().enumerate() {
        let map = match &value {
            Value::Map(map) if map.elem() == Elem::Any && !map.is_values() => map,
            _ => {
                let key = key.characters();
                return Err(Error::new(format!(
                    "`{key}` is looked up in a value of type {}, not in a map[string]interface {{}}",
                    value.type_name()
                )));
            }
        };
        match args.name(index)?.and_then(|key| map.get(key)) {
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
        merge(&target, (&source, Origin::Unknown), false, 0, &mut Walk::making()).unwrap();
        assert_eq!(inner.get("x").unwrap().as_integer(), Some(1));
        assert_eq!(inner.get("y").unwrap().as_integer(), Some(3));
        assert_eq!(target.get("empty").unwrap().as_str(), Some("now"));
        merge(&target, (&source, Origin::Unknown), true, 0, &mut Walk::making()).unwrap();
        assert_eq!(inner.get("x").unwrap().as_integer(), Some(2));
    }

    #[test]
    fn merging_a_map_into_itself_ends() {
        let target = map(&[]);
        target.insert("self".into(), Value::Map(target.clone()));
        merge(&target, (&target.clone(), Origin::Unknown), true, 0, &mut Walk::making()).unwrap();
    }
}
