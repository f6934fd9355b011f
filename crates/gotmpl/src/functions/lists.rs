//! Sprig's functions over lists.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cast;
use crate::error::{Error, Result};
use crate::function::{Function, MAX_TEXT, fixed, variadic};
use crate::origin::Origin;
use crate::value::{Args, Elem, List, Traced, Value};
use crate::walk::Walk;

/// The longest list that is made of a number alone, or of other lists.
const MAX_LENGTH: u128 = 10_000_000;

pub(crate) const TABLE: &[Function] = &[
    variadic("list", 0, |args| Ok(list(args))),
    variadic("tuple", 0, |args| Ok(list(args))),
    fixed("append", 2, push),
    fixed("mustAppend", 2, push),
    fixed("push", 2, push),
    fixed("mustPush", 2, push),
    fixed("prepend", 2, prepend),
    fixed("mustPrepend", 2, prepend),
    fixed("first", 1, |args| Ok(args.list(0, "find first")?.first().cloned().unwrap_or(Value::Nil)))
        .with_origin(first_origin),
    fixed("mustFirst", 1, |args| Ok(args.list(0, "find first")?.first().cloned().unwrap_or(Value::Nil)))
        .with_origin(first_origin),
    fixed("last", 1, |args| Ok(args.list(0, "find last")?.last().cloned().unwrap_or(Value::Nil)))
        .with_origin(last_origin),
    fixed("mustLast", 1, |args| Ok(args.list(0, "find last")?.last().cloned().unwrap_or(Value::Nil)))
        .with_origin(last_origin),
    fixed("rest", 1, rest),
    fixed("mustRest", 1, rest),
    fixed("initial", 1, initial),
    fixed("mustInitial", 1, initial),
    fixed("reverse", 1, reverse),
    fixed("mustReverse", 1, reverse),
    fixed("uniq", 1, uniq),
    fixed("mustUniq", 1, uniq),
    fixed("compact", 1, compact),
    fixed("mustCompact", 1, compact),
    variadic("without", 1, without),
    variadic("mustWithout", 1, without),
    fixed("has", 2, has),
    fixed("mustHas", 2, has),
    variadic("slice", 1, slice),
    variadic("mustSlice", 1, slice),
    variadic("concat", 0, concat),
    fixed("chunk", 2, chunk),
    fixed("mustChunk", 2, chunk),
    fixed("sortAlpha", 1, |args| {
        let mut texts = cast::strings(args.any(0))?;
        if args.any(0).is_nil() {
            // A value that is not a list is one text.
            texts.push(cast::text(args.any(0)));
        }
        texts.sort_unstable();
        Ok(Value::strings(texts))
    }),
    fixed("join", 2, join),
    fixed("toStrings", 1, |args| Ok(Value::strings(cast::strings(args.any(0))?))),
    fixed("until", 1, |args| {
        let stop = args.int(0)?;
        until(0, stop, if stop < 0 { -1 } else { 1 }).map(ints)
    }),
    fixed("untilStep", 3, |args| until(args.int(0)?, args.int(1)?, args.int(2)?).map(ints)),
    variadic("seq", 0, seq),
];

/// A `[]interface {}` of items whose origins may be known.
fn traced(items: impl IntoIterator<Item = Traced>) -> Value {
    Value::List(List::traced(Elem::Any, items))
}

/// A `[]interface {}` of the arguments.
fn list(args: Args<'_>) -> Value {
    traced((0..args.len()).map(|index| args.traced(index)))
}

fn push(args: Args<'_>) -> Result<Value> {
    let items = args.traced_list(0, "push")?;
    Ok(traced(items.into_iter().chain([args.traced(1)])))
}

fn prepend(args: Args<'_>) -> Result<Value> {
    let items = args.traced_list(0, "prepend")?;
    Ok(traced(std::iter::once(args.traced(1)).chain(items)))
}

/// The origin of the first item of argument 0.
fn first_origin(args: Args<'_>) -> Origin {
    item_origin(args, |_| 0)
}

/// The origin of the last item of argument 0.
fn last_origin(args: Args<'_>) -> Origin {
    item_origin(args, |length| length.saturating_sub(1))
}

fn item_origin(args: Args<'_>, position: fn(usize) -> usize) -> Origin {
    let length = args.any(0).as_list().map_or(0, |items| items.len());
    args.any(0).origin_of_item(args.origin(0), position(length))
}

fn rest(args: Args<'_>) -> Result<Value> {
    let items = args.traced_list(0, "find rest")?;
    Ok(if items.is_empty() { nil() } else { traced(items.into_iter().skip(1)) })
}

fn initial(args: Args<'_>) -> Result<Value> {
    let mut items = args.traced_list(0, "find initial")?;
    Ok(if items.pop().is_some() { traced(items) } else { nil() })
}

/// A nil slice.
fn nil() -> Value {
    Value::List(List::new(Elem::Any, Vec::new()).appended())
}

fn reverse(args: Args<'_>) -> Result<Value> {
    Ok(traced(args.traced_list(0, "find reverse")?.into_iter().rev()))
}

fn uniq(args: Args<'_>) -> Result<Value> {
    let (mut texts, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let (mut others, mut remaining, mut walk) = (Vec::new(), Vec::new(), Walk::comparing());
    for item in args.traced_list(0, "find uniq")? {
        walk.visit(&item.value)?;
        // What lists mostly hold is looked up: comparing each item with all others would take too long.
        let is_new = match &item.value {
            Value::Str(text) => texts.insert(Arc::clone(text)),
            Value::Int(number) => numbers.insert(*number),
            value if contains(&others, value, &mut walk)? => false,
            value => {
                others.push(value.clone());
                true
            }
        };
        remaining.extend(is_new.then_some(item));
    }
    Ok(traced(remaining))
}

fn compact(args: Args<'_>) -> Result<Value> {
    let items = args.traced_list(0, "compact")?;
    Ok(traced(items.into_iter().filter(|item| item.value.truth())))
}

fn without(args: Args<'_>) -> Result<Value> {
    let (omit, mut remaining, mut walk) = (args.rest(1), Vec::new(), Walk::comparing());
    for item in args.traced_list(0, "find without")? {
        if !contains(omit, &item.value, &mut walk)? {
            remaining.push(item);
        }
    }
    Ok(traced(remaining))
}

fn contains(items: &[Value], wanted: &Value, walk: &mut Walk) -> Result<bool> {
    for item in items {
        if item.deep_equal(wanted, walk)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has(args: Args<'_>) -> Result<Value> {
    if args.any(1).is_nil() {
        return Ok(Value::Bool(false));
    }
    let items = args.list(1, "find has")?;
    contains(&items, args.any(0), &mut Walk::comparing()).map(Value::Bool)
}

fn slice(args: Args<'_>) -> Result<Value> {
    let items = args.traced_list(0, "slice")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |index: usize, default: usize| match args.values.get(index) {
        Some(value) => usize::try_from(cast::int(value)).ok(),
        None => Some(default),
    };
    let range = bound(1, 0).zip(bound(2, items.len())).map(|(start, end)| start..end);
    let chosen = range.clone().and_then(|range| items.get(range));
    let (Some(range), Some(chosen)) = (range, chosen) else {
        return Err(Error::new(format!("slice bounds out of range: the list has {} items", items.len())));
    };
    Ok(match args.any(0) {
        Value::Bytes(bytes) => Value::Bytes(bytes[range].into()),
        Value::List(list) => Value::List(List::traced(list.elem(), chosen.to_vec())),
        Value::Object(object) => object.slice(range).unwrap_or_else(|| traced(chosen.to_vec())),
        _ => traced(chosen.to_vec()),
    })
}

fn join(args: Args<'_>) -> Result<Value> {
    let (texts, separator) = (cast::strings(args.any(1))?, args.bytes(0)?);
    let separators = texts.len().saturating_mul(separator.len());
    if separators > MAX_TEXT {
        return Err(Error::new(format!(
            "the separators are too long together: at most {MAX_TEXT} bytes are allowed"
        )));
    }
    Ok(Value::from_bytes(&texts.join(separator)))
}

fn concat(args: Args<'_>) -> Result<Value> {
    let mut all = Vec::new();
    for index in 0..args.len() {
        let items = args.traced_list(index, "concat")?;
        bounded((all.len() + items.len()) as u128, "items")?;
        all.extend(items);
    }
    Ok(Value::List(List::traced(Elem::Any, all).appended()))
}

fn chunk(args: Args<'_>) -> Result<Value> {
    let wanted = args.int(0)?;
    let items = args.list(1, "chunk")?;
    let chunks = match usize::try_from(wanted) {
        Ok(size) if size > 0 => items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect(),
        // Sprig divides by the size before it looks at it: a single item is a chunk, a few more are none at all.
        _ if wanted < 0 && items.len() == 1 => vec![Value::list(items.to_vec())],
        _ if wanted < 0 && items.len() > 1 && wanted.unsigned_abs() >= items.len() as u64 - 1 => Vec::new(),
        _ => return Err(Error::new("the size of a chunk has to be at least 1")),
    };
    Ok(Value::List(List::new(Elem::List, chunks)))
}

/// The numbers from `start`, less than `end`.
fn until(start: i64, end: i64, step: i64) -> Result<Vec<i64>> {
    let wide = |number: i64| i128::from(number);
    if step == 0 || (end < start) != (step < 0) {
        return Ok(Vec::new());
    }
    let count = (wide(end) - wide(start)).unsigned_abs().div_ceil(wide(step).unsigned_abs());
    bounded(count, "numbers")?;
    Ok(std::iter::successors(Some(start), |number| number.checked_add(step))
        .take(usize::try_from(count).unwrap_or(0))
        .collect())
}

/// Refuses a list that is too long.
fn bounded(count: u128, what: &str) -> Result<()> {
    if count > MAX_LENGTH {
        return Err(Error::new(format!(
            "a list of {count} {what} is too long: at most {MAX_LENGTH} are allowed"
        )));
    }
    Ok(())
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::List(List::new(Elem::Int, numbers.into_iter().map(Value::Int).collect()))
}

/// `seq`, like the shell's: the numbers of `until`, the end included, with spaces between them.
fn seq(args: Args<'_>) -> Result<Value> {
    let mut numbers = Vec::with_capacity(3);
    for index in 0..args.len() {
        numbers.push(args.int(index)?);
    }
    let sign = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let numbers = match *numbers.as_slice() {
        [end] => until(1, end.wrapping_add(sign(1, end)), sign(1, end))?,
        [start, end] => until(start, end.wrapping_add(sign(start, end)), sign(start, end))?,
        [start, step, end] if end < start && step > 0 => Vec::new(),
        [start, step, end] => until(start, end.wrapping_add(sign(start, end)), step)?,
        _ => Vec::new(),
    };
    Ok(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ").into())
}
