//! Walks through whole values, bounded in depth and in steps: comparing, copying, measuring.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::value::Value;
use crate::work;

/// How deep values may nest before walking them stops; Go gives up on cycles at the same depth.
pub(crate) const MAX_DEPTH: usize = 1000;

/// How many values one call of a function copies or writes. A values file has at most half as many.
const MAX_MADE: usize = 4_000_000;

/// How many values one call of a function compares.
const MAX_COMPARED: usize = 40_000_000;

/// Counts the values that a function visits, and stops it at a limit. Lists and maps are shared, so a few of them can be
/// billions of values to a function that walks through them.
pub(crate) struct Walk {
    limit: usize,
    left: usize,
}

impl Walk {
    /// For a function that copies or writes what it finds.
    pub(crate) fn making() -> Self {
        Self { limit: MAX_MADE, left: MAX_MADE }
    }

    /// For a function that only compares.
    pub(crate) fn comparing() -> Self {
        Self { limit: MAX_COMPARED, left: MAX_COMPARED }
    }

    /// Counts a value.
    pub(crate) fn visit(&mut self, value: &Value) -> Result<()> {
        // A text counts by its length, because it is written.
        let steps = 1 + value.text_work();
        work::spend(steps)?;
        let left = self.left.checked_sub(steps);
        self.left = left.ok_or_else(|| {
            let millions = self.limit / 1_000_000;
            Error::new(format!(
                "the value is too large: more than {millions} million values, shared ones counted each time"
            ))
        })?;
        Ok(())
    }
}

impl Value {
    /// `reflect.DeepEqual`: types count, so `1` and `1.0` differ, and so do `int` and `int64`.
    pub(crate) fn deep_equal(&self, other: &Self, walk: &mut Walk) -> Result<bool> {
        equal_within(self, other, MAX_DEPTH, walk)
    }

    /// Refuses what is too large to be written.
    pub(crate) fn check_size(&self) -> Result<()> {
        measure(self, MAX_DEPTH, &mut Walk::making())
    }

    /// A copy that shares no map with this value.
    pub(crate) fn deep_copy(&self) -> Result<Self> {
        copy_within(self, MAX_DEPTH, &mut Walk::making())
    }
}

fn equal_within(a: &Value, b: &Value, depth: usize, walk: &mut Walk) -> Result<bool> {
    walk.visit(a)?;
    let Some(depth) = depth.checked_sub(1) else { return Ok(false) };
    Ok(match (a, b) {
        (Value::Invalid | Value::Nil, Value::Invalid | Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Int64(a), Value::Int64(b)) => a == b,
        (Value::Uint(a), Value::Uint(b)) => a == b,
        (Value::Byte(a), Value::Byte(b)) => a == b,
        #[expect(clippy::float_cmp, reason = "Go compares floats exactly")]
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Raw(a), Value::Raw(b)) => a.bytes() == b.bytes(),
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.same(b)
                || a.elem() == b.elem()
                    && a.is_nil() == b.is_nil()
                    && a.items().len() == b.items().len()
                    && all_equal(a.items().iter().zip(b.items()), depth, walk)?
        }
        (Value::Map(a), Value::Map(b)) => {
            a.is_values() == b.is_values()
                && (a.same(b)
                    || a.elem() == b.elem() && a.is_nil() == b.is_nil() && {
                        let (a, b) = (a.borrow(), b.borrow());
                        let values = a.iter().zip(b.iter()).map(|(a, b)| (a.1, b.1));
                        a.len() == b.len()
                            && a.iter().zip(b.iter()).all(|(a, b)| a.0 == b.0)
                            && all_equal(values, depth, walk)?
                    })
        }
        (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b) || a.equals(&**b),
        _ => false,
    })
}

fn all_equal<'a>(
    mut pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
    depth: usize,
    walk: &mut Walk,
) -> Result<bool> {
    pairs.try_fold(true, |equal, (a, b)| Ok(equal && equal_within(a, b, depth, walk)?))
}

fn measure(value: &Value, depth: usize, walk: &mut Walk) -> Result<()> {
    walk.visit(value)?;
    // Deeper values are not written, or are refused by the code that writes them.
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    match value {
        Value::List(list) => list.items().iter().try_for_each(|item| measure(item, depth, walk)),
        Value::Map(map) => map.borrow().iter().try_for_each(|(_, item)| measure(item, depth, walk)),
        _ => Ok(()),
    }
}

fn copy_within(value: &Value, depth: usize, walk: &mut Walk) -> Result<Value> {
    walk.visit(value)?;
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Error::new("the value nests too deeply to be copied: does a map contain itself?"));
    };
    Ok(match value {
        Value::List(list) => {
            let items =
                list.items().iter().map(|item| copy_within(item, depth, walk)).collect::<Result<_>>()?;
            Value::List(list.with_copies(items))
        }
        Value::Map(map) => {
            let entries = map.borrow().try_map(|item| copy_within(item, depth, walk))?;
            Value::Map(map.like(entries))
        }
        Value::Object(object) => object.deep_copy().unwrap_or_else(|| value.clone()),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Elem, Entries, Map};
    use std::sync::Arc;

    fn key(text: &str) -> Arc<str> {
        Arc::from(text)
    }

    #[test]
    fn maps_are_shared_until_copied() {
        let map = Map::new(Elem::Any, Entries::default());
        let value = Value::Map(map.clone());
        let copy = value.deep_copy().unwrap();
        map.insert(key("a"), Value::Int(1));
        assert_eq!(value.as_map().unwrap().len(), 1);
        assert_eq!(copy.as_map().unwrap().len(), 0);
    }

    #[test]
    fn equality_is_that_of_types_too() {
        let equal = |a: Value, b: Value| a.deep_equal(&b, &mut Walk::comparing()).unwrap();
        assert!(!equal(Value::Int(1), Value::Float(1.0)));
        assert!(!equal(Value::Int(1), Value::Int64(1)));
        assert!(!equal(Value::strings(["a"]), Value::list(vec!["a".into()])));
        assert!(equal(Value::Nil, Value::Invalid));
        assert!(equal(Value::list(vec!["a".into()]), Value::list(vec!["a".into()])));
        assert!(!equal(Value::list(vec!["a".into()]), Value::list(vec!["b".into()])));
    }

    #[test]
    fn a_map_that_holds_itself_is_an_error_to_copy() {
        let map = Map::new(Elem::Any, Entries::default());
        map.insert(key("self"), Value::Map(map.clone()));
        assert!(Value::Map(map).deep_copy().is_err());
    }
}
