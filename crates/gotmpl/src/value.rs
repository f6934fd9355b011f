//! Values as templates see them: Go's dynamic values, cut down to what charts can produce.

use std::borrow::Cow;
use std::cell::{Ref, RefCell, RefMut};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::constants::Constants;
use crate::error::Result;
use crate::origin::Origin;
use crate::sorted::Sorted;
use crate::work;
use plimsoll_diag::Span;

/// A value. Cheap to clone: everything large is shared.
///
/// Integers keep their Go type, which `kindOf`, `has` and `deepEqual` distinguish. There are two kinds of
/// nothing because Go's templates have two: a field of [`Value::Nil`] is an error, a field of
/// [`Value::Invalid`] is `Invalid` again.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// No value at all: what a nil becomes once it went through a pipeline or a variable.
    #[default]
    Invalid,
    /// A nil in a map or list, or returned by a function.
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
    Bytes(Bytes),
    /// A slice. Never changed once made.
    List(List),
    /// A map with string keys, shared and changed in place by `set`, `unset` and `merge`.
    Map(Map),
    /// A value with methods or fields of its own.
    Object(Rc<dyn Object>),
}

/// A Go string that is not UTF-8.
pub struct Raw(Box<[u8]>);

/// A `[]byte`. A nil one reads as an empty one, and JSON has `null` for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(Option<Arc<[u8]>>);

/// The static element type of a list or map, which `typeOf`, `deepEqual` and `%#v` distinguish.
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
    /// Whether it is a nil slice: it reads as an empty one, and JSON has `null` for it.
    is_nil: bool,
    items: Vec<Value>,
    /// Where each item comes from; empty if that is known of none.
    origins: Vec<Origin>,
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
    /// Whether it is a nil map: it reads as an empty one.
    is_nil: bool,
    entries: RefCell<Entries>,
}

/// The entries of a map, sorted by key as Go ranges over them.
#[derive(Clone, Default)]
pub struct Entries(Sorted<Arc<str>, Traced>);

/// A value, and where it comes from.
#[derive(Clone, Default)]
pub(crate) struct Traced {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

impl From<Value> for Traced {
    fn from(value: Value) -> Self {
        Self { value, origin: Origin::Unknown }
    }
}

impl Drop for ListData {
    fn drop(&mut self) {
        if self.items.iter().any(Value::is_container) {
            drop_flat(std::mem::take(&mut self.items));
        }
    }
}

impl Drop for MapData {
    fn drop(&mut self) {
        let entries = std::mem::take(self.entries.get_mut());
        if entries.iter().any(|(_, value)| value.is_container()) {
            drop_flat(entries.0.into_values().into_iter().map(|entry| entry.value).collect());
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
                    let values = entries.0.into_values().into_iter().map(|entry| entry.value);
                    open.extend(values.filter(Value::is_container));
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
    /// The value.
    pub value: Value,
}

impl Field {
    /// A field without a tag of its own.
    pub fn plain(name: &'static str, value: Value) -> Self {
        Self { name, json: name, value }
    }
}

/// A value from outside the template language: a struct with fields, or a value with methods.
///
/// Through it templates reach what this crate does not know: files, the capabilities of a cluster.
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

    /// All fields of a struct, also those that are not exported, in the order in which Go declares them: what `%v`
    /// prints, unless there is a `String` method.
    fn structure(&self) -> Option<Vec<(&'static str, Value)>> {
        self.fields().map(|fields| fields.into_iter().map(|field| (field.name, field.value)).collect())
    }

    /// Whether `printf` finds a `String` method, whose result is then [`Object::display`]. Go finds that of some types
    /// only where an action writes the value.
    fn has_string_method(&self) -> bool {
        self.structure().is_none()
    }

    /// What `%#v` prints, if the type decides that itself.
    fn go_string(&self) -> Option<String> {
        None
    }

    /// The map, list or number that it is in Go, for `range`, `index`, `len`, truth and serialisation.
    fn underlying(&self) -> Option<Value> {
        None
    }

    /// The exported fields of a struct, in the order in which Go declares them.
    fn fields(&self) -> Option<Vec<Field>> {
        None
    }

    /// The value that `toYaml` writes, and `toJson` if it is not a struct.
    fn serialize(&self) -> Value {
        if let Some(fields) = self.fields() {
            return Value::map(
                fields.into_iter().map(|field| (Arc::from(field.json), field.value)).collect(),
            );
        }
        self.underlying().unwrap_or_else(|| Value::str(&self.display()))
    }

    /// What `deepCopy` makes of it, if that is not the same: Go cannot copy fields that are not exported.
    fn deep_copy(&self) -> Option<Value> {
        None
    }

    /// A part of a slice, within its bounds. `None` if it is an ordinary list, as of most types.
    fn slice(&self, _range: Range<usize>) -> Option<Value> {
        None
    }

    /// Whether both are the same in Go's `==` and `reflect.DeepEqual`.
    fn equals(&self, other: &dyn Object) -> bool {
        self.type_name() == other.type_name() && self.display() == other.display()
    }

    /// For the functions that take such an object back (`date`, `semverCompare`).
    fn as_any(&self) -> &dyn std::any::Any;
}

impl Raw {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Bytes {
    /// A nil one.
    pub(crate) fn nil() -> Self {
        Self(None)
    }

    /// Whether it is a nil one.
    pub(crate) fn is_nil(&self) -> bool {
        self.0.is_none()
    }
}

impl<T: Into<Arc<[u8]>>> From<T> for Bytes {
    fn from(bytes: T) -> Self {
        Self(Some(bytes.into()))
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
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
            Err(_) => Self::Raw(Rc::new(Raw(bytes.into()))),
        }
    }

    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(Elem::Any, items))
    }

    /// A `[]string`.
    pub fn strings<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Self {
        let items = items.into_iter().map(|item| Self::from_bytes(item.as_ref()));
        Self::List(List::new(Elem::Str, items.collect()))
    }

    /// A `map[string]interface {}`.
    pub fn map(entries: Entries) -> Self {
        Self::Map(Map::new(Elem::Any, entries))
    }

    /// Whether there is nothing: a nil of either kind.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil | Self::Invalid)
    }

    /// The text of a string that is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a string.
    pub fn as_string(&self) -> Option<&[u8]> {
        match self {
            Self::Str(text) => Some(text.as_bytes()),
            Self::Raw(raw) => Some(raw.bytes()),
            _ => None,
        }
    }

    /// The bytes of a string or of a `[]byte`.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => self.as_string(),
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

    /// Where a value of that origin comes from: with its parts, if it is a container that a template made.
    pub(crate) fn origin_within(&self, origin: Origin) -> Origin {
        /// Larger containers are known by the first of their parts.
        const MAX_PARTS: usize = 32;
        if origin.is_of_values() || !matches!(self, Self::List(_) | Self::Map(_)) {
            return origin;
        }
        let mut all = Origin::Unknown;
        self.add_origins(origin, &mut { MAX_PARTS }, &mut all);
        all
    }

    fn add_origins(&self, origin: Origin, left: &mut usize, all: &mut Origin) {
        *left = left.saturating_sub(1);
        *all = all.with(origin);
        if origin.is_of_values() {
            return;
        }
        let mut add = |part: &Self, origin: Origin| {
            part.add_origins(origin, left, all);
            *left > 0
        };
        match self {
            Self::List(list) => {
                let _ = list.items().iter().enumerate().all(|(index, item)| add(item, list.origin(index)));
            }
            Self::Map(map) => {
                let _ = map.borrow().iter_traced().all(|(_, part)| add(&part.value, part.origin));
            }
            _ => {}
        }
    }

    /// Where item `index` of a list of that origin comes from.
    pub(crate) fn origin_of_item(&self, list: Origin, index: usize) -> Origin {
        match self {
            Self::List(items) => Origin::of_part(list, items.origin(index)),
            _ => list.made(),
        }
    }

    /// The work of going through the text, if it is one.
    pub(crate) fn text_work(&self) -> usize {
        const BYTES_PER_STEP: usize = 64;
        self.as_bytes().map_or(0, <[u8]>::len) / BYTES_PER_STEP
    }

    fn is_container(&self) -> bool {
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
}

impl List {
    fn from_parts(elem: Elem, is_nil: bool, items: Vec<Value>, origins: Vec<Origin>) -> Self {
        work::note(items.len());
        Self(Rc::new(ListData { elem, is_nil, items, origins }))
    }

    /// A list whose items all have the type that `elem` says.
    pub fn new(elem: Elem, items: Vec<Value>) -> Self {
        Self::from_parts(elem, false, items, Vec::new())
    }

    /// A list of items whose origins may be known.
    pub(crate) fn traced(elem: Elem, items: impl IntoIterator<Item = Traced>) -> Self {
        let (items, origins): (_, Vec<_>) =
            items.into_iter().map(|Traced { value, origin }| (value, origin)).unzip();
        let is_known = origins.iter().any(|origin| *origin != Origin::Unknown);
        let origins = origins.into_iter().map(Origin::of_new_part);
        Self::from_parts(elem, false, items, if is_known { origins.collect() } else { Vec::new() })
    }

    /// A list of the same type with copies of its items.
    pub(crate) fn with_copies(&self, items: Vec<Value>) -> Self {
        Self::from_parts(self.elem(), self.is_nil(), items, self.0.origins.clone())
    }

    /// The list, or a nil slice if it is empty: what Go's `append` returns for no items.
    pub(crate) fn appended(self) -> Self {
        if self.items().is_empty() {
            Self::from_parts(self.elem(), true, Vec::new(), Vec::new())
        } else {
            self
        }
    }

    /// Whether both are one and the same list.
    pub(crate) fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it is a nil slice.
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

    /// Where item `index` comes from.
    pub(crate) fn origin(&self, index: usize) -> Origin {
        self.0.origins.get(index).copied().unwrap_or_default()
    }
}

impl Map {
    /// A map whose values all have the type that `elem` says.
    pub fn new(elem: Elem, entries: Entries) -> Self {
        let data = MapData { elem, is_nil: false, entries: RefCell::new(entries) };
        Self { data: Rc::new(data), is_values: false }
    }

    /// A map of the same type with other entries.
    pub(crate) fn like(&self, entries: Entries) -> Self {
        let data = MapData { elem: self.elem(), is_nil: self.is_nil(), entries: RefCell::new(entries) };
        Self { data: Rc::new(data), is_values: self.is_values }
    }

    /// A nil map.
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
    #[must_use]
    pub fn as_values(&self) -> Self {
        Self { data: Rc::clone(&self.data), is_values: true }
    }

    /// The element type.
    pub fn elem(&self) -> Elem {
        self.data.elem
    }

    /// Whether it is a nil map and empty: JSON has `null` for it.
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

    /// The entries. Do not call back into templates while they are borrowed.
    pub(crate) fn borrow(&self) -> Ref<'_, Entries> {
        self.data.entries.borrow()
    }

    /// The entries, to be changed. Do not call back into templates while they are borrowed.
    pub(crate) fn borrow_mut(&self) -> RefMut<'_, Entries> {
        self.data.entries.borrow_mut()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.borrow().get(key).cloned()
    }

    /// The value of `key`, and where it comes from.
    pub(crate) fn get_traced(&self, key: &str) -> Option<Traced> {
        self.borrow().get_traced(key)
    }

    /// Sets `key`.
    pub fn insert(&self, key: Arc<str>, value: Value) {
        self.insert_traced(key, value.into());
    }

    /// Sets `key` to a value that was set at `span`: what is rendered from it is traced to there.
    pub fn insert_set_at(&self, key: Arc<str>, value: Value, span: Span) {
        self.insert_traced(key, Traced { value, origin: Origin::set_at(span) });
    }

    /// Sets `key` to a value whose origin may be known.
    pub(crate) fn insert_traced(&self, key: Arc<str>, value: Traced) {
        self.borrow_mut().insert_traced(key, value);
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
    /// Entries whose origins may be known, in any order; later values of a key win.
    pub(crate) fn traced(entries: impl IntoIterator<Item = (Arc<str>, Traced)>) -> Self {
        Self(Sorted::of(entries.into_iter().collect()))
    }

    /// No entries, with room for some.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Sorted::in_order(Vec::with_capacity(capacity)))
    }

    /// The same entries with other values.
    pub(crate) fn try_map(&self, mut convert: impl FnMut(&Value) -> Result<Value>) -> Result<Self> {
        // A loop, not adapters: maps nest deeply, and each adapter takes stack at every level.
        let mut entries = Vec::with_capacity(self.len());
        for (key, Traced { value, origin }) in self.0.iter() {
            entries.push((Arc::clone(key), Traced { value: convert(value)?, origin: *origin }));
        }
        Ok(Self(Sorted::in_order(entries)))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|entry| &entry.value)
    }

    /// The value of `key`, and where it comes from.
    pub(crate) fn get_traced(&self, key: &str) -> Option<Traced> {
        self.0.get(key).cloned()
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: &str) -> bool {
        self.0.get(key).is_some()
    }

    /// Sets a key.
    pub fn insert(&mut self, key: Arc<str>, value: Value) {
        self.insert_traced(key, value.into());
    }

    /// Sets a key to a value whose origin may be known.
    pub(crate) fn insert_traced(&mut self, key: Arc<str>, value: Traced) {
        self.0.insert(key, value);
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).map(|entry| entry.value)
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.0.iter().map(|(key, entry)| (key, &entry.value))
    }

    /// The entries in the order of their keys, and where their values come from.
    pub(crate) fn iter_traced(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, Traced)> {
        self.0.iter().map(|(key, entry)| (key, entry.clone()))
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FromIterator<(Arc<str>, Value)> for Entries {
    fn from_iter<T: IntoIterator<Item = (Arc<str>, Value)>>(entries: T) -> Self {
        Self::traced(entries.into_iter().map(|(key, value)| (key, value.into())))
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

/// The arguments of a function call, read as Go would convert them to the parameters' types.
/// Indexes are within the arity that the function declared.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    pub(crate) values: &'a [Value],
    /// Where each comes from; empty if that is known of none.
    pub(crate) origins: &'a [Origin],
    pub(crate) constants: Constants,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Arc<str> {
        Arc::from(text)
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
    fn what_nests_without_end_is_dropped_without_recursion() {
        let mut value = Value::Nil;
        for _ in 0..500_000 {
            let entries = [(key("a"), Value::list(vec![value])), (key("b"), Value::Nil)];
            value = Value::map(entries.into_iter().collect());
        }
        drop(value);
    }
}
