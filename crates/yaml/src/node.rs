//! The tree.

use crate::index::Index;
use plimsoll_diag::Span;

/// A YAML value and the bytes it was read from. Equality is that of the values: spans do not count,
/// and `3.0` equals `3`.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written: a file's bytes, a flag's bytes, or [`Span::NONE`].
    pub span: Span,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits 64 signed bits.
    Int(i64),
    /// An integer above `i64::MAX` that fits 64 unsigned bits.
    Uint(u64),
    /// Any other finite number.
    Float(f64),
    /// A string.
    String(String),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping with string keys, in the order written.
    Map(Map),
}

/// A mapping with string keys in the order written. Keys are unique. Look-ups are linear in small mappings, as nearly all
/// of manifests and values are; large ones have an index.
#[derive(Debug, Clone)]
pub struct Map(Entries);

/// The entries of a mapping. Nodes are many, so this takes no more room than the vector alone.
#[derive(Debug)]
enum Entries {
    Few(Vec<Entry>),
    Many(Box<Indexed>),
}

#[derive(Debug)]
struct Indexed {
    entries: Vec<Entry>,
    index: Index,
}

/// From how many entries on there is an index.
const MANY: usize = 64;

/// One key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A node read from `span`.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    /// A node that comes from no text.
    pub fn bare(value: impl Into<Value>) -> Self {
        Self { value: value.into(), span: Span::NONE }
    }

    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The node at the end of a path of mapping keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if it is a sequence.
    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        self.as_seq().unwrap_or_default()
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is an integer of 64 signed bits. `3.0` and `1e3` are integers, too: that is
    /// what they are in the JSON that reaches Kubernetes.
    pub fn as_i64(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            Value::Float(number) => to_integer(number),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Whether it is a map or a list.
    pub fn is_collection(&self) -> bool {
        matches!(self.value, Value::Map(_) | Value::Seq(_))
    }

    /// The word for its type in messages: `a string`, `a list`, ...
    pub fn type_name(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Uint(_) => "an integer",
            Value::Float(_) => "a number",
            Value::String(_) => "a string",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl Map {
    /// A mapping without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// A mapping of entries whose keys the caller knows to be unique. It takes no more room than they need: most mappings
    /// that are read are kept as they are.
    pub(super) fn from_unique(mut entries: Vec<Entry>) -> Self {
        entries.shrink_to_fit();
        Self(Entries::new(entries))
    }

    fn entries(&self) -> &[Entry] {
        match &self.0 {
            Entries::Few(entries) => entries,
            Entries::Many(many) => &many.entries,
        }
    }

    /// The entries, whose keys must stay as they are.
    fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.0 {
            Entries::Few(entries) => entries,
            Entries::Many(many) => &mut many.entries,
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        if let Entries::Many(many) = &self.0
            && let Ok(position) = many.index.find(key, self.keys())
        {
            return position;
        }
        self.search(key)
    }

    /// Searches entry by entry.
    fn search(&self, key: &str) -> Option<usize> {
        // Most keys of one length differ in their last byte: comparing it first spares a call.
        let (wanted, last) = (key.as_bytes(), key.as_bytes().last());
        self.entries().iter().position(|entry| {
            let key = entry.key.as_bytes();
            key.len() == wanted.len() && key.last() == last && key == wanted
        })
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of `key`.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let position = self.position(key)?;
        Some(&mut self.entries_mut()[position].value)
    }

    /// The key as written, with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.position(key).map(|position| &self.entries()[position])
    }

    /// Whether there is such a key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Sets a key, in its old place if it was there.
    pub fn insert(&mut self, key: impl Into<String>, key_span: Span, value: Node) -> Option<Node> {
        let key = key.into();
        if let Some(position) = self.position(&key) {
            let entry = &mut self.entries_mut()[position];
            entry.key_span = key_span;
            return Some(std::mem::replace(&mut entry.value, value));
        }
        self.push(Entry { key, key_span, value });
        None
    }

    /// Appends an entry whose key the caller knows to be new: what a reader that has checked uses.
    pub fn push(&mut self, entry: Entry) {
        match &mut self.0 {
            Entries::Few(entries) => {
                entries.push(entry);
                if entries.len() >= MANY {
                    self.0 = Entries::new(std::mem::take(entries));
                }
            }
            Entries::Many(many) => {
                many.index.append(&entry.key, many.entries.len());
                many.entries.push(entry);
            }
        }
    }

    /// Takes a key out; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        // Whoever only takes keys out needs no index.
        let position = self.search(key)?;
        Some(match &mut self.0 {
            Entries::Few(entries) => entries.remove(position),
            Entries::Many(many) => {
                many.index.remove(key, position);
                many.entries.remove(position)
            }
        })
    }

    /// The entries in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries().iter()
    }

    /// The entries in order; keys must stay as they are.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Entry> {
        self.entries_mut().iter_mut()
    }

    /// Keeps only the entries that `keep` accepts.
    pub fn retain(&mut self, keep: impl FnMut(&mut Entry) -> bool) {
        let mut entries = std::mem::take(self).0.into_vec();
        entries.retain_mut(keep);
        self.0 = Entries::new(entries);
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries().iter().map(|entry| entry.key.as_str())
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }
}

impl Default for Map {
    fn default() -> Self {
        Self(Entries::Few(Vec::new()))
    }
}

impl Entries {
    fn new(entries: Vec<Entry>) -> Self {
        if entries.len() < MANY {
            Self::Few(entries)
        } else {
            Self::Many(Box::new(Indexed { entries, index: Index::default() }))
        }
    }

    fn into_vec(self) -> Vec<Entry> {
        match self {
            Self::Few(entries) => entries,
            Self::Many(many) => many.entries,
        }
    }
}

impl Clone for Entries {
    fn clone(&self) -> Self {
        match self {
            Self::Few(entries) => Self::Few(entries.clone()),
            // The copy gets an index of its own if it is searched.
            Self::Many(many) => Self::new(many.entries.clone()),
        }
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Map {
    type Item = &'a mut Entry;
    type IntoIter = std::slice::IterMut<'a, Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl IntoIterator for Map {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Uint(a), Self::Uint(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Int(a), Self::Float(b)) | (Self::Float(b), Self::Int(a)) => to_integer(*b) == Some(*a),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Seq(a), Self::Seq(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

/// The integer that a float is, if it is one of 64 signed bits.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_integer(number: f64) -> Option<i64> {
    // 2^63: the first float beyond i64.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    (number.fract() == 0.0 && (-BOUND..BOUND).contains(&number)).then_some(number as i64)
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|entry| other.get(&entry.key) == Some(&entry.value))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Vec<Node>> for Value {
    fn from(items: Vec<Node>) -> Self {
        Self::Seq(items)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_maps_find_what_small_ones_find() {
        let mut map = Map::new();
        let mut model: Vec<(String, i64)> = Vec::new();
        for step in 0..2000_i64 {
            let key = format!("k{}", step.wrapping_mul(7919) % 300);
            let known = model.iter().position(|(other, _)| *other == key);
            match (step % 7, known) {
                (6, known) => {
                    let removed = known.map(|position| model.remove(position).1);
                    assert_eq!(map.remove(&key).and_then(|entry| entry.value.as_i64()), removed);
                }
                (_, Some(position)) => {
                    model[position].1 = step;
                    assert!(map.insert(key, Span::NONE, Node::bare(step)).is_some());
                }
                (_, None) => {
                    model.push((key.clone(), step));
                    assert!(map.insert(key, Span::NONE, Node::bare(step)).is_none());
                }
            }
            let other = format!("k{}", step % 301);
            let expected = model.iter().find(|(key, _)| *key == other).map(|(_, value)| *value);
            assert_eq!(map.get(&other).and_then(Node::as_i64), expected);
        }
        assert!(map.keys().eq(model.iter().map(|(key, _)| key.as_str())));
        assert_eq!(map.clone(), map);
        let large = map.len();
        assert!(large > MANY);
        map.retain(|entry| entry.key.ends_with('1'));
        assert!(map.len() < large && map.contains_key("k1") && !map.contains_key("k2"));
    }

    #[test]
    fn maps_are_equal_in_any_order_and_at_any_place() {
        let mut a = Map::new();
        a.insert("x", Span::NONE, Node::bare(1));
        a.insert("y", Span::NONE, Node::bare("z"));
        let mut b = Map::new();
        b.insert("y", Span::NONE, Node::bare("z"));
        b.insert("x", Span::NONE, Node::bare(1));
        assert_eq!(a, b);
        b.insert("x", Span::NONE, Node::bare(2));
        assert_ne!(a, b);
    }

    #[test]
    fn insert_keeps_the_place_of_a_key() {
        let mut map = Map::new();
        map.insert("a", Span::NONE, Node::bare(1));
        map.insert("b", Span::NONE, Node::bare(2));
        map.insert("a", Span::NONE, Node::bare(3));
        assert_eq!(map.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(map.get("a").and_then(Node::as_i64), Some(3));
    }
}
