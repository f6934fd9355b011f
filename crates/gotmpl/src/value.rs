//! Values as templates see them: Go's dynamic values, cut down to what charts can produce.

use std::borrow::Cow;
use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;

use super::error::{Error, Result};

/// How deep values may nest before walking them stops; Go gives up on cycles at the same depth.
pub(crate) const MAX_DEPTH: usize = 1000;

/// How many values one call of a function copies or writes. A values file holds half as many.
const MAX_MADE: usize = 4_000_000;

/// How many values one call of a function compares.
const MAX_COMPARED: usize = 40_000_000;

/// Counts the values that a function looks at, and stops it. Lists and maps are shared, so a handful of them can be
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
        // A text counts by its length, for those who write it.
        const BYTES: usize = 64;
        let steps = 1 + value.as_bytes().map_or(0, <[u8]>::len) / BYTES;
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

/// A value. Cheap to clone: everything large is shared.
///
/// Integers keep the Go type that tells them apart in `kindOf`, `has` and `deepEqual`. Two kinds of
/// nothing exist because Go's templates have two: a field of [`Value::Nil`] is an error, a field of
/// [`Value::Invalid`] is `Invalid` again.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// No value at all: what a nil becomes once it went through a pipeline or a variable.
    #[default]
    Invalid,
    /// A nil held by a map or list, or returned by a function.
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// `uint64`
    Uint(u64),
    /// `uint8`, an element of a string or of bytes.
    Byte(u8),
    /// `float64`: every number from a values file.
    Float(f64),
    /// `string`
    Str(Arc<str>),
    /// A `string` that is not UTF-8. Made by [`Value::from_bytes`] only.
    Raw(Rc<Raw>),
    /// `[]byte`
    Bytes(Arc<[u8]>),
    /// A slice. Never changed once made.
    List(List),
    /// A map with string keys, shared and changed in place by `set`, `unset` and `merge`.
    Map(Map),
    /// A value with methods or fields of its own.
    Object(Rc<dyn Object>),
}

/// A Go string that is not UTF-8.
pub struct Raw {
    bytes: Box<[u8]>,
    lossy: Box<str>,
}

/// The static element type of a list or map, which `typeOf`, `deepEqual` and `%#v` tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Elem {
    /// `interface {}`
    Any,
    /// `string`
    Str,
    /// `int`
    Int,
    /// `[]interface {}`
    List,
    /// `[]uint8`
    Bytes,
}

/// A slice of values.
#[derive(Clone)]
pub struct List(Rc<ListData>);

struct ListData {
    elem: Elem,
    /// Whether it is a slice that was never made: it reads as an empty one, and JSON has `null` for it.
    is_nil: bool,
    items: Vec<Value>,
}

/// A shared, mutable map. Two may share their entries and yet be of different types.
#[derive(Clone)]
pub struct Map {
    data: Rc<MapData>,
    /// Whether its type is Helm's `common.Values`, that of `.Values`, and not a plain map.
    is_values: bool,
}

struct MapData {
    elem: Elem,
    /// Whether it is a map that was never made: it reads as an empty one.
    is_nil: bool,
    entries: RefCell<Entries>,
}

/// The entries of a map, sorted by key as Go ranges over them.
#[derive(Clone, Default)]
pub struct Entries(Vec<(Arc<str>, Value)>);

impl Drop for ListData {
    fn drop(&mut self) {
        if self.items.iter().any(Value::holds_others) {
            drop_flat(std::mem::take(&mut self.items));
        }
    }
}

impl Drop for MapData {
    fn drop(&mut self) {
        let entries = std::mem::take(self.entries.get_mut());
        if entries.iter().any(|(_, value)| value.holds_others()) {
            drop_flat(entries.0.into_iter().map(|(_, value)| value).collect());
        }
    }
}

/// Drops values without recursion: templates can nest maps and lists deeper than any stack.
fn drop_flat(mut open: Vec<Value>) {
    while let Some(value) = open.pop() {
        match value {
            Value::List(List(list)) => {
                if let Ok(mut list) = Rc::try_unwrap(list) {
                    open.append(&mut list.items);
                }
            }
            Value::Map(Map { data, .. }) => {
                if let Ok(mut map) = Rc::try_unwrap(data) {
                    let entries = std::mem::take(map.entries.get_mut());
                    open.extend(entries.0.into_iter().map(|(_, value)| value).filter(Value::holds_others));
                }
            }
            _ => {}
        }
    }
}

/// A field of a struct.
pub struct Field {
    /// As Go declares it.
    pub name: &'static str,
    /// As its tag for JSON has it.
    pub json: &'static str,
    /// What it holds.
    pub value: Value,
}

impl Field {
    /// A field without a tag of its own.
    pub fn plain(name: &'static str, value: Value) -> Self {
        Self { name, json: name, value }
    }
}

/// A value of the surroundings: a struct with fields, or a value with methods.
///
/// This is how templates reach what this crate knows nothing of: files, the capabilities of a cluster.
pub trait Object {
    /// The Go type's name, as `typeOf` and messages spell it.
    fn type_name(&self) -> &'static str;

    /// The Go kind: `struct`, `ptr`, `slice`, `map`, `int64`.
    fn kind(&self) -> &'static str {
        "struct"
    }

    /// A field or the result of the method `name`; `None` when there is neither.
    /// `args` are the arguments given to it.
    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>>;

    /// What an action writes.
    fn display(&self) -> String;

    /// What `%v` prints: Go finds the `String` method of some types only where they stand in a struct.
    fn boxed(&self) -> String {
        self.display()
    }

    /// The map or list that it is in Go, for `range`, `index`, `len`, truth and serialisation.
    fn underlying(&self) -> Option<Value> {
        None
    }

    /// The exported fields of a struct, in the order in which Go declares them.
    fn fields(&self) -> Option<Vec<Field>> {
        None
    }

    /// What `toYaml` makes of it, and `toJson` of what is no struct.
    fn serialize(&self) -> Value {
        if let Some(fields) = self.fields() {
            return Value::map(
                fields.into_iter().map(|field| (Arc::from(field.json), field.value)).collect(),
            );
        }
        self.underlying().unwrap_or_else(|| Value::str(&self.display()))
    }

    /// Whether both are the same in Go's `==` and `reflect.DeepEqual`.
    fn equals(&self, other: &dyn Object) -> bool {
        self.type_name() == other.type_name() && self.display() == other.display()
    }

    /// For the functions that take such an object back (`date`, `semverCompare`).
    fn as_any(&self) -> &dyn std::any::Any;
}

impl Value {
    /// A string.
    pub fn str(text: &str) -> Self {
        Self::Str(Arc::from(text))
    }

    /// A Go string of any bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::str(text),
            Err(_) => {
                Self::Raw(Rc::new(Raw { lossy: String::from_utf8_lossy(bytes).into(), bytes: bytes.into() }))
            }
        }
    }

    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(Elem::Any, items))
    }

    /// A `[]string`.
    pub fn strings<'a>(items: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(List::new(Elem::Str, items.into_iter().map(Value::str).collect()))
    }

    /// A `map[string]interface {}`.
    pub fn map(entries: Entries) -> Self {
        Self::Map(Map::new(Elem::Any, entries))
    }

    /// Whether there is nothing: a nil of either kind.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil | Self::Invalid)
    }

    /// The text of a string; of bytes that are not UTF-8 an approximation, see [`Value::as_bytes`].
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Raw(raw) => Some(&raw.lossy),
            _ => None,
        }
    }

    /// The bytes of a string or of a `[]byte`.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Str(text) => Some(text.as_bytes()),
            Self::Raw(raw) => Some(&raw.bytes),
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The map, also when it is the underlying one of an object.
    pub fn as_map(&self) -> Option<Map> {
        match self {
            Self::Map(map) => Some(map.clone()),
            Self::Object(object) => match object.underlying()? {
                Self::Map(map) => Some(map),
                _ => None,
            },
            _ => None,
        }
    }

    /// The items of a slice, also of bytes and of an object that is one.
    pub fn as_list(&self) -> Option<Cow<'_, [Value]>> {
        match self {
            Self::List(list) => Some(Cow::Borrowed(list.items())),
            Self::Bytes(bytes) => Some(Cow::Owned(bytes.iter().map(|byte| Self::Byte(*byte)).collect())),
            Self::Object(object) => match object.underlying()? {
                Self::List(list) => Some(Cow::Owned(list.items().to_vec())),
                _ => None,
            },
            _ => None,
        }
    }

    /// The integer of any integer type.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::Int64(number) => Some(*number),
            Self::Uint(number) => i64::try_from(*number).ok(),
            Self::Byte(number) => Some(i64::from(*number)),
            _ => None,
        }
    }

    /// What `if`, `and`, `or` and `not` take it for; `empty` and `default` see the opposite.
    pub fn truth(&self) -> bool {
        match self {
            Self::Invalid | Self::Nil => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) | Self::Int64(number) => *number != 0,
            Self::Uint(number) => *number != 0,
            Self::Byte(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Raw(_) => true,
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.items().is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.underlying().is_none_or(|value| value.truth()),
        }
    }

    fn holds_others(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// The Go type, as `typeOf`, `%T` and messages spell it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Invalid | Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint(_) => "uint64",
            Self::Byte(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Str(_) | Self::Raw(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => match list.elem() {
                Elem::Any => "[]interface {}",
                Elem::Str => "[]string",
                Elem::Int => "[]int",
                Elem::List => "[][]interface {}",
                Elem::Bytes => "[][]uint8",
            },
            Self::Map(map) if map.is_values => "common.Values",
            Self::Map(map) => match map.elem() {
                Elem::Any => "map[string]interface {}",
                Elem::Str => "map[string]string",
                Elem::Int => "map[string]int",
                Elem::List => "map[string][]interface {}",
                Elem::Bytes => "map[string][]uint8",
            },
            Self::Object(object) => object.type_name(),
        }
    }

    /// The Go kind, as `kindOf` spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid | Self::Nil => "invalid",
            Self::Bytes(_) | Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(object) => object.kind(),
            _ => self.type_name(),
        }
    }

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
        (Value::Raw(a), Value::Raw(b)) => a.bytes == b.bytes,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            Rc::ptr_eq(&a.0, &b.0)
                || a.elem() == b.elem()
                    && a.is_nil() == b.is_nil()
                    && a.items().len() == b.items().len()
                    && all_equal(a.items().iter().zip(b.items()), depth, walk)?
        }
        (Value::Map(a), Value::Map(b)) => {
            a.is_values == b.is_values
                && (a.same(b)
                    || a.elem() == b.elem() && a.is_nil() == b.is_nil() && {
                        let (a, b) = (a.borrow(), b.borrow());
                        let values = a.iter().zip(b.iter()).map(|(a, b)| (&a.1, &b.1));
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
    // What nests deeper is written no further, or refused by those who write it.
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
        return Err(Error::new("the value nests too deeply to be copied: does a map hold itself?"));
    };
    Ok(match value {
        Value::List(list) => {
            let items =
                list.items().iter().map(|item| copy_within(item, depth, walk)).collect::<Result<_>>()?;
            Value::List(List(Rc::new(ListData { elem: list.elem(), is_nil: list.is_nil(), items })))
        }
        Value::Map(map) => {
            let mut entries = Entries::with_capacity(map.len());
            for (key, item) in map.borrow().iter() {
                entries.0.push((Arc::clone(key), copy_within(item, depth, walk)?));
            }
            let (elem, is_nil, entries) = (map.elem(), map.is_nil(), RefCell::new(entries));
            Value::Map(Map { data: Rc::new(MapData { elem, is_nil, entries }), is_values: map.is_values })
        }
        other => other.clone(),
    })
}

impl List {
    /// A list whose items all have the type that `elem` says.
    pub fn new(elem: Elem, items: Vec<Value>) -> Self {
        Self(Rc::new(ListData { elem, is_nil: false, items }))
    }

    /// The list, or a nil slice if nothing is in it: what Go's `append` makes of no items.
    pub(crate) fn appended(elem: Elem, items: Vec<Value>) -> Self {
        Self(Rc::new(ListData { elem, is_nil: items.is_empty(), items }))
    }

    /// Whether it was never made.
    pub fn is_nil(&self) -> bool {
        self.0.is_nil
    }

    /// The element type.
    pub fn elem(&self) -> Elem {
        self.0.elem
    }

    /// The items.
    pub fn items(&self) -> &[Value] {
        &self.0.items
    }
}

impl Map {
    /// A map whose values all have the type that `elem` says.
    pub fn new(elem: Elem, entries: Entries) -> Self {
        let data = MapData { elem, is_nil: false, entries: RefCell::new(entries) };
        Self { data: Rc::new(data), is_values: false }
    }

    /// A map that was never made.
    pub fn nil(elem: Elem) -> Self {
        let data = MapData { elem, is_nil: true, entries: RefCell::default() };
        Self { data: Rc::new(data), is_values: false }
    }

    /// A `common.Values`, Helm's type for a `map[string]interface {}`.
    pub fn values(entries: Entries) -> Self {
        Self { is_values: true, ..Self::new(Elem::Any, entries) }
    }

    /// The same map as one of a plain type: what a `common.Values` is to a function that takes a map.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { data: Rc::clone(&self.data), is_values: false }
    }

    /// The same map as a `common.Values`.
    pub(crate) fn typed(&self) -> Self {
        Self { data: Rc::clone(&self.data), is_values: true }
    }

    /// The element type.
    pub fn elem(&self) -> Elem {
        self.data.elem
    }

    /// Whether it was never made, nor is anything in it: JSON has `null` for it.
    pub fn is_nil(&self) -> bool {
        self.data.is_nil && self.is_empty()
    }

    /// Whether its type is Helm's `common.Values`.
    pub(crate) fn is_values(&self) -> bool {
        self.is_values
    }

    /// Whether both are one and the same map.
    pub(crate) fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.data, &other.data)
    }

    /// The entries. Do not call back into templates while holding them.
    pub(crate) fn borrow(&self) -> Ref<'_, Entries> {
        self.data.entries.borrow()
    }

    /// The entries, to be changed. Do not call back into templates while holding them.
    pub(crate) fn borrow_mut(&self) -> RefMut<'_, Entries> {
        self.data.entries.borrow_mut()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.borrow().get(key).cloned()
    }

    /// Sets `key`.
    pub fn insert(&self, key: Arc<str>, value: Value) {
        self.borrow_mut().insert(key, value);
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.borrow().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.borrow().is_empty()
    }
}

impl Entries {
    /// Of entries in any order; later values of a key win.
    fn sorted(mut all: Vec<(Arc<str>, Value)>) -> Self {
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self(all)
    }

    /// No entries, with room for some.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).ok().map(|index| &self.0[index].1)
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets a key.
    pub fn insert(&mut self, key: Arc<str>, value: Value) {
        match self.find(&key) {
            Ok(index) => self.0[index].1 = value,
            Err(index) => self.0.insert(index, (key, value)),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.find(key).ok().map(|index| self.0.remove(index).1)
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> std::slice::Iter<'_, (Arc<str>, Value)> {
        self.0.iter()
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(key))
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = &'a (Arc<str>, Value);
    type IntoIter = std::slice::Iter<'a, (Arc<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<(Arc<str>, Value)> for Entries {
    fn from_iter<T: IntoIterator<Item = (Arc<str>, Value)>>(entries: T) -> Self {
        Self::sorted(entries.into_iter().collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::str(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

/// What Go says of writing to a map that was never made.
const NIL_MAP: &str = "assignment to entry in nil map";

/// The arguments of a function call, read as Go would convert them to the parameters' types.
/// Indexes are within the arity that the function declared.
#[derive(Clone, Copy)]
pub struct Args<'a>(pub(crate) &'a [Value]);

impl<'a> Args<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        match self.0.get(index) {
            Some(Value::Invalid) | None => &Value::Nil,
            Some(value) => value,
        }
    }

    /// Argument `index`, which is not too large to be written.
    pub(crate) fn writable(&self, index: usize) -> Result<&'a Value> {
        let value = self.any(index);
        value.check_size()?;
        Ok(value)
    }

    /// Refuses arguments that are too large to be written.
    pub(crate) fn check_size(&self) -> Result<()> {
        self.0.iter().try_for_each(Value::check_size)
    }

    /// The arguments from `index` on, for variadic parameters.
    pub fn rest(&self, index: usize) -> &'a [Value] {
        self.0.get(index..).unwrap_or_default()
    }

    /// Argument `index` of type `string`. See [`Value::as_str`] for strings that are not UTF-8.
    pub fn str(&self, index: usize) -> Result<&'a str> {
        self.raw(index).as_str().ok_or_else(|| self.mismatch(index, "string"))
    }

    /// Argument `index` of type `string`, shared.
    pub(crate) fn arc_str(&self, index: usize) -> Result<Arc<str>> {
        match self.raw(index) {
            Value::Str(text) => Ok(Arc::clone(text)),
            _ => self.str(index).map(Arc::from),
        }
    }

    /// The bytes of argument `index` of type `string`.
    pub fn bytes(&self, index: usize) -> Result<&'a [u8]> {
        match self.raw(index) {
            value @ (Value::Str(_) | Value::Raw(_)) => Ok(value.as_bytes().unwrap_or_default()),
            _ => Err(self.mismatch(index, "string")),
        }
    }

    /// Argument `index` of type `int`.
    pub fn int(&self, index: usize) -> Result<i64> {
        match self.raw(index) {
            Value::Int(number) => Ok(*number),
            _ => Err(self.mismatch(index, "int")),
        }
    }

    /// Argument `index` of type `float64`; integer constants are accepted.
    pub fn float(&self, index: usize) -> Result<f64> {
        match self.raw(index) {
            Value::Float(number) => Ok(*number),
            #[expect(clippy::cast_precision_loss, reason = "Go's conversion of an untyped constant")]
            Value::Int(number) => Ok(*number as f64),
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
            Value::Invalid => Ok(Map::new(Elem::Any, Entries::default())),
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

    /// The items of argument `index`, which has to be a slice of any element type. `action` is the
    /// word of Sprig's message, as in `Cannot find last on type string`.
    pub fn list(&self, index: usize, action: &str) -> Result<Cow<'a, [Value]>> {
        let value = self.raw(index);
        value.as_list().ok_or_else(|| match value {
            Value::Nil | Value::Invalid => Error::new(format!("cannot {action} on a missing value")),
            _ => Error::new(format!("cannot {action} on type {}", value.kind())),
        })
    }

    /// The error for an argument of the wrong type.
    pub fn mismatch(&self, index: usize, expected: &str) -> Error {
        match self.raw(index) {
            Value::Invalid => Error::missing(format!("invalid value; expected {expected}")),
            Value::Nil => {
                Error::missing(format!("wrong type for value; expected {expected}; got interface {{}}"))
            }
            other => {
                Error::new(format!("wrong type for value; expected {expected}; got {}", other.type_name()))
            }
        }
    }

    fn raw(&self, index: usize) -> &'a Value {
        self.0.get(index).unwrap_or(&Value::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn entries_are_sorted_and_the_last_value_of_a_key_wins() {
        let entries: Entries =
            [(key("b"), Value::Int(1)), (key("a"), Value::Int(2)), (key("b"), Value::Int(3))]
                .into_iter()
                .collect();
        let seen: Vec<_> = entries.iter().map(|(key, value)| (&**key, value.as_integer())).collect();
        assert_eq!(seen, [("a", Some(2)), ("b", Some(3))]);
        // As many as a sort that is not stable would mix up.
        let many: Entries =
            (0..100).map(|n| (key(if n % 2 == 0 { "a" } else { "b" }), Value::Int(n))).collect();
        let seen: Vec<_> = many.iter().map(|(key, value)| (&**key, value.as_integer())).collect();
        assert_eq!(seen, [("a", Some(98)), ("b", Some(99))]);
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
    fn what_nests_without_end_is_dropped_without_recursion() {
        let mut value = Value::Nil;
        for _ in 0..500_000 {
            let entries = [(key("a"), Value::list(vec![value])), (key("b"), Value::Nil)];
            value = Value::map(entries.into_iter().collect());
        }
        drop(value);
    }

    #[test]
    fn a_map_that_holds_itself_is_an_error_to_copy() {
        let map = Map::new(Elem::Any, Entries::default());
        map.insert(key("self"), Value::Map(map.clone()));
        assert!(Value::Map(map).deep_copy().is_err());
    }
}
