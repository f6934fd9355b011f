//! Who owns which fields of an object: `metadata.managedFields`.

use super::set::FieldSet;
use super::value::go_quoted;
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};
use std::fmt;

/// The owners of an object's fields, those that changed it last at the end.
///
/// The order stands for the times of the entries, which a simulation does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Managed {
    pub(super) entries: Vec<Entry>,
}

/// The fields that one manager owns by one kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who, and how.
    pub manager: Manager,
    /// When the manager last changed the object.
    pub changed: LastChange,
    /// What it owns.
    pub fields: FieldSet,
}

/// When a manager last changed an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastChange {
    /// Never: it applied what was there already.
    Never,
    /// At a time read from a cluster.
    At(String),
    /// In a simulation, which has no times.
    Simulated,
}

/// A field manager: the same name is another manager by another operation or subresource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manager {
    /// The name that the client gave, e.g. `kubectl-client-side-apply`.
    pub name: String,
    /// By which kind of request.
    pub operation: Operation,
    /// The version of the API that the request was made in.
    pub api_version: String,
    /// The subresource that the request went to; empty for the object itself.
    pub subresource: String,
}

/// How a manager got its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other request.
    Update,
}

impl Manager {
    /// Whether both are one manager: those that apply stay the same in another version of the API
    /// (`BuildManagerIdentifier`).
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.operation, &self.subresource) == (&other.name, other.operation, &other.subresource)
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }
}

/// As a conflict names it: `"kubectl" with subresource "scale" using apps/v1` (`printManager`).
impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&go_quoted(&self.name))?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {}", go_quoted(&self.subresource))?;
        }
        match self.operation {
            Operation::Apply => Ok(()),
            Operation::Update => write!(f, " using {}", self.api_version),
        }
    }
}

impl Operation {
    fn text(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

impl Managed {
    /// The entries, those of server-side apply first, each operation's oldest first: the order of `managedFields`.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let of = |operation| self.entries.iter().filter(move |entry| entry.manager.operation == operation);
        of(Operation::Apply).chain(of(Operation::Update))
    }

    /// Whether nobody owns anything.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a manager owns.
    pub fn fields(&self, manager: &Manager) -> Option<&FieldSet> {
        self.entries.iter().find(|entry| entry.manager.is_same(manager)).map(|entry| &entry.fields)
    }

    /// Reads the `metadata.managedFields` of an object. `None` where there are none, or where an entry is malformed: the
    /// server takes those for none (`DecodeManagedFields`).
    pub fn of_object(object: &Node) -> Option<Self> {
        let items = object.at(&["metadata", "managedFields"])?.as_seq()?;
        let entries = items.iter().map(Entry::read).collect::<Option<Vec<_>>>()?;
        (!entries.is_empty()).then_some(Self { entries })
    }

    /// The value of `metadata.managedFields`.
    pub fn to_node(&self) -> Node {
        Node::bare(self.entries().map(Entry::to_node).collect::<Vec<_>>())
    }

    /// The position of the entry of a manager.
    pub(super) fn position(&self, manager: &Manager) -> Option<usize> {
        self.entries.iter().position(|entry| entry.manager.is_same(manager))
    }

    /// Sets what a manager owns; as its newest change if `changed`. Without fields it has no entry.
    pub(super) fn set(&mut self, manager: &Manager, fields: FieldSet, changed: bool) {
        let old = self.position(manager).map(|position| (position, self.entries.remove(position)));
        if fields.is_empty() {
            return;
        }
        let (position, last) = match old {
            _ if changed => (self.entries.len(), LastChange::Simulated),
            Some((position, entry)) => (position, entry.changed),
            None => (self.place_without_change(manager), LastChange::Never),
        };
        self.entries.insert(position, Entry { manager: manager.clone(), changed: last, fields });
    }

    /// Where a manager that has never changed the object belongs: before those that have, by its name.
    fn place_without_change(&self, manager: &Manager) -> usize {
        let goes_before = |entry: &Entry| entry.changed == LastChange::Never && entry.manager < *manager;
        self.entries.iter().take_while(|entry| goes_before(entry)).count()
    }
}

impl Entry {
    fn read(node: &Node) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
        let operation = match text("operation").as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let (api_version, kind_of_fields) = (text("apiVersion"), text("fieldsType"));
        if api_version.is_empty() || kind_of_fields != "FieldsV1" {
            return None;
        }
        let manager =
            Manager { name: text("manager"), operation, api_version, subresource: text("subresource") };
        let changed = Some(text("time")).filter(|time| !time.is_empty());
        let changed = changed.map_or(LastChange::Never, LastChange::At);
        let fields = node.get("fieldsV1").map(FieldSet::from_node).unwrap_or_default();
        Some(Self { manager, changed, fields })
    }

    /// The entry as an item of `managedFields`.
    pub fn to_node(&self) -> Node {
        let mut map = Map::new();
        let mut set = |key: &str, value: Value| {
            map.insert(key, Span::NONE, Node::bare(value));
        };
        let Manager { name, operation, api_version, subresource } = &self.manager;
        set("manager", name.as_str().into());
        set("operation", operation.text().into());
        set("apiVersion", api_version.as_str().into());
        if let LastChange::At(time) = &self.changed {
            set("time", time.as_str().into());
        }
        set("fieldsType", "FieldsV1".into());
        set("fieldsV1", self.fields.to_node().value);
        if !subresource.is_empty() {
            set("subresource", subresource.as_str().into());
        }
        Node::bare(map)
    }
}
