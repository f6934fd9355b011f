//! How functions read their arguments: as Go would convert them to the types of the parameters.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::{Error, Result, shorten};
use crate::fmt;
use crate::origin::Origin;
use crate::text::Text;
use crate::value::{Args, Elem, Map, Traced, Value};

/// What Go says of writing to a map that was never made.
const NIL_MAP: &str = "assignment to entry in nil map";

/// The integer that a float is.
#[expect(clippy::cast_possible_truncation, reason = "only numbers without a fraction are converted")]
fn whole(number: f64) -> Option<i64> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    ((-TWO_63..TWO_63).contains(&number) && number.fract() == 0.0).then_some(number as i64)
}

/// The error of a function for which the text of argument `index` has to be UTF-8.
pub(crate) fn not_utf8(bytes: &[u8], index: usize) -> Error {
    let shown = shorten(&fmt::quote(bytes));
    Error::new(format!("text that is not UTF-8 is not supported here: {shown}")).about_argument(index)
}

impl<'a> Args<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Refuses any other number of arguments than `wanted` for the method `name`.
    pub fn takes(&self, name: &str, wanted: usize) -> Result<()> {
        if self.len() == wanted {
            return Ok(());
        }
        Err(Error::new(format!("wrong number of args for {name}: want {wanted} got {}", self.len())))
    }

    /// Argument `index` of type `interface {}`: never [`Value::Invalid`].
    pub fn any(&self, index: usize) -> &'a Value {
        match self.values.get(index) {
            Some(Value::Invalid) | None => &Value::Nil,
            Some(value) => value,
        }
    }

    /// Where argument `index` comes from.
    pub(crate) fn origin(&self, index: usize) -> Origin {
        self.origins.get(index).copied().unwrap_or_default()
    }

    /// Where a result comes from that is made from all arguments.
    pub(crate) fn all_origins(&self) -> Origin {
        let origins =
            self.values.iter().enumerate().map(|(index, value)| value.origin_within(self.origin(index)));
        Origin::of_all(origins)
    }

    /// Where a result comes from that is argument `index`. If that was not set, the other arguments made it the result.
    pub(crate) fn chosen_origin(&self, index: usize) -> Origin {
        match self.origin(index) {
            Origin::Unknown => self.all_origins(),
            origin => origin,
        }
    }

    /// Argument `index` of type `interface {}`, and where it comes from.
    pub(crate) fn traced(&self, index: usize) -> Traced {
        Traced { value: self.any(index).clone(), origin: self.origin(index) }
    }

    /// Argument `index`, which is not too large to be written.
    pub(crate) fn writable(&self, index: usize) -> Result<&'a Value> {
        let value = self.any(index);
        value.check_size()?;
        Ok(value)
    }

    /// Refuses arguments that are too large to be written.
    pub(crate) fn check_size(&self) -> Result<()> {
        self.values.iter().try_for_each(Value::check_size)
    }

    /// The arguments from `index` on, for variadic parameters.
    pub fn rest(&self, index: usize) -> &'a [Value] {
        self.values.get(index..).unwrap_or_default()
    }

    /// Argument `index` of type `string`, for functions that cannot use bytes which are not UTF-8: an error for those.
    pub fn str(&self, index: usize) -> Result<&'a str> {
        let bytes = self.bytes(index)?;
        self.raw(index).as_str().ok_or_else(|| not_utf8(bytes, index))
    }

    /// Argument `index` of type `string`, shared. An error if it is not UTF-8.
    pub(crate) fn arc_str(&self, index: usize) -> Result<Arc<str>> {
        match self.raw(index) {
            Value::Str(text) => Ok(Arc::clone(text)),
            _ => self.str(index).map(Arc::from),
        }
    }

    /// Argument `index` of type `string`, which is looked up among texts that are all UTF-8: nothing if it is not, because
    /// then there is no such text.
    pub fn name(&self, index: usize) -> Result<Option<&'a str>> {
        self.bytes(index).map(|_| self.raw(index).as_str())
    }

    /// The bytes of argument `index` of type `string`.
    pub fn bytes(&self, index: usize) -> Result<&'a [u8]> {
        self.raw(index).as_string().ok_or_else(|| self.mismatch(index, "string"))
    }

    /// Argument `index` of type `string` as characters.
    pub(crate) fn text(&self, index: usize) -> Result<Text<'a>> {
        self.bytes(index).map(Text::new)
    }

    /// Argument `index` of type `int`. A constant may be written with a fraction or an exponent: `3.0`, `1e3`.
    pub fn int(&self, index: usize) -> Result<i64> {
        match self.raw(index) {
            Value::Int(number) => Ok(*number),
            Value::Float(number) if self.constants.has(index) => {
                whole(*number).ok_or_else(|| Error::new(format!("expected integer; found {number}")))
            }
            _ => Err(self.mismatch(index, "int")),
        }
    }

    /// Argument `index` of type `float64`. A constant may be written as an integer.
    pub fn float(&self, index: usize) -> Result<f64> {
        match self.raw(index) {
            Value::Float(number) => Ok(*number),
            #[expect(clippy::cast_precision_loss, reason = "Go's conversion of an untyped constant")]
            Value::Int(number) if self.constants.has(index) => Ok(*number as f64),
            _ => Err(self.mismatch(index, "float64")),
        }
    }

    /// Argument `index` of type `bool`.
    pub fn bool(&self, index: usize) -> Result<bool> {
        match self.raw(index) {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.mismatch(index, "bool")),
        }
    }

    /// Argument `index` of type `map[string]interface {}`. [`Value::Invalid`] is an empty map, as a
    /// nil map is in Go; [`Args::map_to_change`] for functions that write to it.
    pub(crate) fn map(&self, index: usize) -> Result<Map> {
        match self.raw(index) {
            Value::Map(map) if map.elem() == Elem::Any => Ok(map.plain()),
            Value::Invalid => Ok(Map::nil(Elem::Any)),
            _ => Err(self.mismatch(index, "map[string]interface {}")),
        }
    }

    /// Like [`Args::map`] for functions that write to the map: a nil one is an error.
    pub(crate) fn map_to_change(&self, index: usize) -> Result<Map> {
        match self.raw(index) {
            Value::Invalid => Err(Error::new(NIL_MAP)),
            _ => {
                self.map(index).and_then(|map| if map.is_nil() { Err(Error::new(NIL_MAP)) } else { Ok(map) })
            }
        }
    }

    /// The items of argument `index`, as [`Args::list`] returns them, and where they come from.
    pub(crate) fn traced_list(&self, index: usize, action: &str) -> Result<Vec<Traced>> {
        let values = self.list(index, action)?;
        let origin = |number| self.raw(index).origin_of_item(self.origin(index), number);
        let items = values.iter().enumerate();
        Ok(items.map(|(number, value)| Traced { value: value.clone(), origin: origin(number) }).collect())
    }

    /// The items of argument `index`, which has to be a slice of any element type. `action` is the
    /// word of Sprig's message, as in `Cannot find last on type string`.
    pub fn list(&self, index: usize, action: &str) -> Result<Cow<'a, [Value]>> {
        let value = self.raw(index);
        value.as_list().ok_or_else(|| {
            let error = match value {
                Value::Nil | Value::Invalid => Error::new(format!("cannot {action} on a missing value")),
                _ => Error::new(format!("cannot {action} on type {}", value.kind())),
            };
            error.about_argument(index)
        })
    }

    /// The error for an argument of the wrong type.
    pub fn mismatch(&self, index: usize, expected: &str) -> Error {
        let error = match self.raw(index) {
            Value::Invalid => Error::missing(format!("invalid value; expected {expected}")),
            Value::Nil => {
                Error::missing(format!("wrong type for value; expected {expected}; got interface {{}}"))
            }
            other => {
                Error::new(format!("wrong type for value; expected {expected}; got {}", other.type_name()))
            }
        };
        error.about_argument(index)
    }

    fn raw(&self, index: usize) -> &'a Value {
        self.values.get(index).unwrap_or(&Value::Invalid)
    }
}
