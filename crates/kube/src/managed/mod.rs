//! Server-side apply, and who owns which fields of an object.
//!
//! Follows `sigs.k8s.io/structured-merge-diff` (v6.3, as in Kubernetes 1.36) and the chain of field managers in
//! `k8s.io/apimachinery/pkg/util/managedfields`. Everything is pure: [`apply`] and [`update`] take the stored object with
//! its [`Managed`] fields, and return what becomes of them. Storing, defaulting and validating are the caller's.
//!
//! An object that is created has no stored object and no managed fields: `None` and `Managed::default()`.

mod cap;
mod combine;
mod compare;
mod conflict;
mod empty;
mod fields;
mod go;
mod item;
mod last_applied;
mod owners;
mod pair;
mod path;
mod set;
mod structure;
mod updater;
mod upgrade;
mod validate;
mod value;

pub use conflict::{ApplyError, Cause, Conflict};
pub use last_applied::{ANNOTATIONS_LIMIT, LAST_APPLIED_ANNOTATION, last_applied_text, with_last_applied};
pub use owners::{Entry, LastChange, Managed, Manager, Operation};
pub use path::{FieldPath, PathElement};
pub use set::FieldSet;
pub use upgrade::{LAST_APPLIED_MANAGER, needs_last_applied_owner, take_over, upgrade_client_side_apply};
pub use value::KeyValue;

use crate::{Version, defaults};
use plimsoll_yaml::{Map, Node, Value};
use structure::{Atom, Type};
use updater::Updater;

/// The type of an object, and the part of it that a request goes to.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The version of the API that the request is made in, e.g. `apps/v1`.
    pub api_version: &'a str,
    /// The kind, e.g. `StatefulSet`.
    pub kind: &'a str,
    /// The version of the server.
    pub version: Version,
    /// The `CustomResourceDefinition` of a custom resource (the whole object). Without it, lists of a kind that is not
    /// built in are atomic, and its maps are merged.
    pub definition: Option<&'a Node>,
    /// The subresource (`status`, `scale`); empty for the object itself.
    pub subresource: &'a str,
    /// Converts objects between versions of their API, for managers that wrote in another one than this request, and for
    /// stored objects in another one.
    pub convert: Convert,
}

/// Converts an object from one version of its API to another one; `None` if the server does not have it. As the server
/// writes it: with the fields that are never absent.
pub type Convert = fn(object: &Node, from: &str, to: &str) -> Option<Node>;

/// An object after a server-side apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The object before the server decodes it and fills in defaults: with the nulls of the configuration, without
    /// `metadata.managedFields`.
    pub object: Node,
    /// Who owns its fields.
    pub managed: Managed,
}

impl<'a> Target<'a> {
    /// A built-in kind, or a custom resource whose definition is not known. Its versions are taken to be alike.
    pub fn new(api_version: &'a str, kind: &'a str, version: Version) -> Self {
        let convert: Convert = |object, _, _| Some(object.clone());
        Self { api_version, kind, version, definition: None, subresource: "", convert }
    }

    fn ty(&self) -> Type<'a> {
        let defined = || Some(Type::of_definition(self.definition?, self.api_version, self.version));
        Type::of_kind(self.api_version, self.kind, self.version).or_else(defined).unwrap_or(Type::Deduced)
    }

    fn manager(&self, name: &str, operation: Operation) -> Manager {
        // What `buildManagerInfoManager` calls a client that gave no name.
        let name = if name.is_empty() { "unknown" } else { name };
        Manager {
            name: name.to_owned(),
            operation,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.to_owned(),
        }
    }

    /// How the server names an object in its errors: `namespace/name; apps/v1, Kind=StatefulSet` (`objectGVKNN`).
    pub fn describe(&self, object: &Node) -> String {
        let text = |key: &str| object.at(&["metadata", key]).and_then(Node::as_str).unwrap_or_default();
        let slash = if self.api_version.contains('/') { "" } else { "/" };
        format!("{}/{}; {slash}{}, Kind={}", text("namespace"), text("name"), self.api_version, self.kind)
    }

    /// The server's answer to an object that does not fit its type, if there are errors.
    fn refuse(&self, what: &str, object: &Node, errors: &[validate::TypeError]) -> Result<(), ApplyError> {
        if errors.is_empty() {
            return Ok(());
        }
        let (object, errors) = (self.describe(object), validate::join(errors));
        Err(ApplyError::Internal(format!("failed to create typed {what} object ({object}): {errors}")))
    }

    /// The fields that a request to this part of the object leaves alone, whatever it says: the status of a main
    /// resource, the spec of a status (`GetResetFields` of each kind's strategy).
    fn ignored(&self) -> FieldSet {
        match self.subresource {
            "" => FieldSet::of([FieldPath::of_fields(&["status"])]),
            "status" => FieldSet::of([FieldPath::of_fields(&["spec"])]),
            _ => FieldSet::default(),
        }
    }

    /// The type's object that has nothing. Whoever names a zero value of it changes nothing. That of a custom resource is
    /// empty.
    fn empty(&self) -> Node {
        match (self.ty(), self.ty().atom()) {
            (Type::BuiltIn(..), Atom::Map(ty)) => empty::empty(self.kind, ty.declares("spec")),
            _ => Node::bare(Map::new()),
        }
    }
}

/// What a server-side apply of `config` by the manager `manager` makes of the stored object `live`.
///
/// Fields of other managers change only with `force`; fields that this manager applied before and that `config` no longer
/// names are removed unless others own them. The manager `kubectl` takes over from client-side apply: what the annotation
/// `kubectl.kubernetes.io/last-applied-configuration` of `live` names with the value that `live` has is no conflict, and
/// the annotation is kept up to date.
///
/// # Errors
///
/// As the server answers them: a configuration that does not fit the schema, with all its errors (the order of the
/// server's own answer is not fixed); conflicts.
pub fn apply(
    target: &Target<'_>,
    live: Option<&Node>,
    owners: &Managed,
    config: &Node,
    manager: &str,
    force: bool,
) -> Result<Applied, ApplyError> {
    if config.at(&["metadata", "managedFields"]).is_some_and(|node| node.as_seq().is_some()) {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    let ty = target.ty();
    let before = live.map_or_else(|| Node::bare(Map::new()), |live| as_compared(target, live));
    target.refuse("patch", config, &validate::validate(ty, config))?;
    target.refuse("live", &before, &validate::validate_stored(ty, &before))?;
    let ignored = target.ignored();
    let updater = Updater { target, ignored: &ignored };
    let mut owners = owners.clone();
    if owners.is_empty() && live.is_some() {
        // `skipNonAppliedManager`: what is there has an owner before the first apply.
        own_changes(&updater, &target.empty(), &before, &mut owners, "before-first-apply");
    }
    let applier = target.manager(manager, Operation::Apply);
    let run = |force: bool| {
        let mut owners = owners.clone();
        let object = updater.apply(&before, config, &mut owners, &applier, force)?;
        Ok((object, owners))
    };
    let take_over = |conflicts| {
        let remaining = last_applied::remaining_conflicts(ty, target, &applier, &before, conflicts);
        if remaining.is_empty() { run(true) } else { Err(remaining) }
    };
    let (mut object, mut owners) = run(force).or_else(take_over).map_err(ApplyError::Conflicts)?;
    let fields = owners.fields(&applier).map(|fields| fields.difference(&server_fields()));
    owners.set(&applier, fields.unwrap_or_default(), object != before);
    last_applied::refresh(&applier, config, &mut object);
    Ok(Applied { object, managed: owners })
}

/// Who owns the fields of an object after any other write: `old` became `new` by the manager `manager`.
///
/// `new` is the object as the request leaves it with its defaults, before the server's storage strategy fills in what it
/// allocates and resets what the request may not change. If it has `metadata.managedFields` of its own, those replace
/// `owners`.
pub fn update(
    target: &Target<'_>,
    old: Option<&Node>,
    owners: &Managed,
    new: &Node,
    manager: &str,
) -> Managed {
    let mut owners = requested_owners(target, new).unwrap_or_else(|| owners.clone());
    if owners.is_empty() && old.is_some() {
        // `skipNonAppliedManager`: nobody kept a record from the start.
        return owners;
    }
    let mut new = as_compared(target, new);
    let old = old.map_or_else(
        || {
            defaults::drop_nulls(&mut new);
            target.empty()
        },
        |old| as_compared(target, old),
    );
    let ty = target.ty();
    let is_sound = |node: &Node| validate::validate_stored(ty, node).is_empty();
    if !is_sound(&old) || !is_sound(&new) {
        // `UpdateNoErrors`.
        return Managed::default();
    }
    let ignored = target.ignored();
    own_changes(&Updater { target, ignored: &ignored }, &old, &new, &mut owners, manager);
    owners
}

/// `managedFieldsUpdater.Update` and what is around it: the manager owns what it changed, and what it owned before.
fn own_changes(updater: &Updater<'_>, old: &Node, new: &Node, owners: &mut Managed, manager: &str) {
    let changed = updater.update(old, new, owners).difference(&server_fields());
    if !changed.is_empty() {
        let manager = updater.target.manager(manager, Operation::Update);
        let fields = owners.fields(&manager).map_or_else(|| changed.clone(), |fields| fields.union(&changed));
        owners.set(&manager, fields, true);
    }
    cap::cap_writers(owners);
}

/// The owners that a request sets by itself; none if it asks for a reset (`decodeLiveOrNew`).
fn requested_owners(target: &Target<'_>, new: &Node) -> Option<Managed> {
    let entries = new.at(&["metadata", "managedFields"])?.as_seq()?;
    let resets = match entries {
        [] => true,
        [only] => only.as_map().is_some_and(Map::is_empty),
        _ => false,
    };
    match target.subresource {
        "" if resets => Some(Managed::default()),
        "" => Managed::of_object(new),
        _ => None,
    }
}

/// The fields that nobody owns (`stripMetaManager`).
fn server_fields() -> FieldSet {
    let in_metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let metadata = in_metadata.iter().map(|name| FieldPath::of_fields(&["metadata", name]));
    let top = ["apiVersion", "kind", "metadata"].iter().map(|name| FieldPath::of_fields(&[name]));
    FieldSet::of(top.chain(metadata))
}

/// The object without its managed fields, in the version of the request: stored objects may be in another one.
fn as_compared(target: &Target<'_>, object: &Node) -> Node {
    let version = object.get("apiVersion").and_then(Node::as_str).unwrap_or(target.api_version);
    let converted = if version == target.api_version {
        None
    } else {
        (target.convert)(object, version, target.api_version)
    };
    let mut object = converted.unwrap_or_else(|| object.clone());
    if let Some(Value::Map(metadata)) =
        object.as_map_mut().and_then(|map| map.get_mut("metadata")).map(|node| &mut node.value)
    {
        metadata.remove("managedFields");
    }
    object
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
