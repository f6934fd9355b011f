//! Ownership through a write: `merge.Updater` of structured-merge-diff.

use super::Target;
use super::combine::{merge, without};
use super::compare::{Comparison, compare};
use super::conflict::Conflict;
use super::fields::fields_of;
use super::owners::{Entry, Managed, Manager};
use super::set::FieldSet;
use super::structure::Type;
use plimsoll_yaml::Node;

/// What a request does to an object of one type, and to who owns what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Updater<'a> {
    pub(super) target: &'a Target<'a>,
    /// Fields that the request does not change, whatever it says (`GetResetFields`).
    pub(super) ignored: &'a FieldSet,
}

/// An object in one version of its API.
#[derive(Debug, Clone)]
struct Versioned<'a> {
    object: Node,
    api_version: &'a str,
}

impl Updater<'_> {
    /// `Updater.Update`, as the manager of the current operation: the other managers lose what changes. Returns what
    /// does.
    pub(super) fn update(&self, old: &Node, new: &Node, owners: &mut Managed) -> FieldSet {
        self.reconcile(owners);
        let changes = self.changes_by_version(old, new, owners);
        release(owners, &changes, None);
        changes.first().and_then(|(_, own)| own.as_ref()).map(Comparison::changed).unwrap_or_default()
    }

    /// `Updater.Apply`. Returns the object as the configuration leaves it.
    pub(super) fn apply(
        &self,
        live: &Node,
        config: &Node,
        owners: &mut Managed,
        manager: &Manager,
        force: bool,
    ) -> Result<Node, Vec<Conflict>> {
        self.reconcile(owners);
        let ty = self.target.ty();
        let merged = merge(ty, live, config);
        let last = owners.position(manager).and_then(|position| owners.entries.get(position)).cloned();
        let fields = fields_of(ty, config).recursive_difference(self.ignored);
        owners.set(manager, fields, false);
        let object = match last {
            Some(last) => self.prune(merged, owners, &last),
            None => merged,
        };
        let changes = self.changes_by_version(live, &object, owners);
        let conflicts = conflicts(owners, &changes, manager);
        if !force && !conflicts.is_empty() {
            return Err(conflicts);
        }
        release(owners, &changes, Some(manager));
        Ok(object)
    }

    /// Brings what was written under another schema in line with this one.
    fn reconcile(&self, owners: &mut Managed) {
        for entry in &mut owners.entries {
            if let Some(ty) = self.ty_in(&entry.manager.api_version) {
                entry.fields = entry.fields.reconciled(ty);
            }
        }
    }

    /// What changes, in the version of the request and in that of each owner. `None` for versions that do not exist.
    fn changes_by_version(&self, old: &Node, new: &Node, owners: &Managed) -> Changes {
        let own = self.target.api_version;
        let mut versions = vec![own.to_owned()];
        versions.extend(owners.entries.iter().map(|entry| entry.manager.api_version.clone()));
        let mut changes = Changes::new();
        for version in versions {
            if changes.iter().any(|(known, _)| *known == version) {
                continue;
            }
            let convert = |object: &Node| self.convert(object, own, &version);
            let pair = self.ty_in(&version).zip(convert(old)).zip(convert(new));
            let change = pair.map(|((ty, old), new)| compare(ty, &old, &new).without(self.ignored));
            changes.push((version, change));
        }
        changes
    }

    /// Removes what the manager applied last time and does not apply now, unless somebody else owns it. That is found
    /// out in the versions of the API in which the owners wrote, first in that of the last time.
    fn prune(&self, merged: Node, owners: &Managed, last: &Entry) -> Node {
        let (own, version) = (self.target.api_version, last.manager.api_version.as_str());
        let (Some(ty), Some(before)) = (self.ty_in(version), self.convert(&merged, own, version)) else {
            return merged;
        };
        let last = last.fields.with_named_fields(Some(ty));
        let mut pruned = Versioned { object: without(ty, &before, &last), api_version: version };
        let mut all = Versioned { object: before.clone(), api_version: version };
        for version in versions_of(owners, version) {
            if let Some(kept) = self.keep_owned(&all, &pruned, owners, version) {
                (all, pruned) = kept;
            }
        }
        // What the manager never owned comes back.
        let Some(pruned) = self.convert(&pruned.object, pruned.api_version, version) else { return merged };
        let gone = named_fields(ty, &before).difference(&named_fields(ty, &pruned)).intersection(&last);
        self.convert(&without(ty, &before, &gone), version, own).unwrap_or(merged)
    }

    /// `addBackOwnedItemsForVersion`: what is owned in a version comes back, with everything inside that nobody owns.
    fn keep_owned<'v>(
        &self,
        all: &Versioned<'v>,
        pruned: &Versioned<'v>,
        owners: &Managed,
        version: &'v str,
    ) -> Option<(Versioned<'v>, Versioned<'v>)> {
        let ty = self.ty_in(version)?;
        let all = self.convert(&all.object, all.api_version, version)?;
        let pruned = self.convert(&pruned.object, pruned.api_version, version)?;
        let of_version = owners.entries.iter().filter(|entry| entry.manager.api_version == version);
        let owned = of_version.fold(FieldSet::default(), |set, entry| set.union(&entry.fields));
        let kept = named_fields(ty, &pruned).union(&owned.with_named_fields(Some(ty)));
        let object = without(ty, &all, &named_fields(ty, &all).difference(&kept));
        let versioned = |object| Versioned { object, api_version: version };
        Some((versioned(all), versioned(object)))
    }

    /// The type in a version of the API; `None` if the server does not have the version.
    fn ty_in(&self, api_version: &str) -> Option<Type<'_>> {
        match self.target.ty() {
            own if api_version == self.target.api_version => Some(own),
            Type::BuiltIn(_) => Type::of_kind(api_version, self.target.kind, self.target.version),
            own => Some(own),
        }
    }

    fn convert(&self, object: &Node, from: &str, to: &str) -> Option<Node> {
        if from == to { Some(object.clone()) } else { (self.target.convert)(object, from, to) }
    }
}

/// What changes, by version of the API.
type Changes = Vec<(String, Option<Comparison>)>;

/// The fields of a value, and the structs above them.
fn named_fields(ty: Type<'_>, node: &Node) -> FieldSet {
    fields_of(ty, node).with_named_fields(Some(ty))
}

/// The versions of the API in which somebody owns something, `first` before the others.
fn versions_of<'a>(owners: &'a Managed, first: &'a str) -> Vec<&'a str> {
    let mut versions = vec![first];
    for entry in &owners.entries {
        let version = entry.manager.api_version.as_str();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    versions
}

/// What changes for an owner; `None` if its version of the API does not exist.
fn changes_for<'a>(changes: &'a Changes, owner: &Manager) -> Option<&'a Comparison> {
    changes
        .iter()
        .find(|(version, _)| *version == owner.api_version)
        .and_then(|(_, changes)| changes.as_ref())
}

/// The fields of other managers that change.
fn conflicts(owners: &Managed, changes: &Changes, manager: &Manager) -> Vec<Conflict> {
    let others = owners.entries.iter().filter(|entry| !entry.manager.is_same(manager));
    let mut found: Vec<_> = others
        .filter_map(|entry| {
            let fields = entry.fields.intersection(&changes_for(changes, &entry.manager)?.changed());
            Some((&entry.manager, fields))
        })
        .collect();
    // In the order in which the server's message lists them; those of one manager in the order of the set.
    found.sort_by_key(|(manager, _)| *manager);
    let conflicts = found.into_iter().flat_map(|(manager, fields)| {
        fields.paths().into_iter().map(|path| Conflict { manager: manager.clone(), path })
    });
    conflicts.collect()
}

/// Takes what changes from every manager but `except`. Managers in a version of the API that does not exist lose
/// everything.
fn release(owners: &mut Managed, changes: &Changes, except: Option<&Manager>) {
    for entry in &mut owners.entries {
        if except.is_none_or(|manager| !entry.manager.is_same(manager)) {
            entry.fields = changes_for(changes, &entry.manager)
                .map(|changes| entry.fields.difference(&changes.changed().union(&changes.removed)))
                .unwrap_or_default();
        }
    }
    owners.entries.retain(|entry| !entry.fields.is_empty());
}
