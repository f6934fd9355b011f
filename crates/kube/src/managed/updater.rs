//! Ownership through a write: `merge.Updater` of structured-merge-diff.
//!
//! Fields of all managers are taken as those of one version of the API: objects are not converted for managers that wrote
//! in another one.

use super::combine::{merge, without};
use super::compare::{Comparison, compare};
use super::conflict::Conflict;
use super::fields::fields_of;
use super::owners::{Entry, Managed, Manager, Operation};
use super::set::FieldSet;
use super::structure::Type;
use plimsoll_yaml::Node;

/// What a write does to an object of one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Updater<'a> {
    pub(super) ty: Type<'a>,
    /// Fields that the request does not change, whatever it says (`GetResetFields`).
    pub(super) ignored: &'a FieldSet,
}

impl Updater<'_> {
    /// `Updater.Update`, as the manager of the current operation: the other managers lose what touched. Returns what
    /// touched.
    pub(super) fn update(&self, old: &Node, new: &Node, owners: &mut Managed) -> FieldSet {
        let changes = compare(self.ty, old, new).without(self.ignored);
        release(owners, &changes, None);
        changes.modified.union(&changes.added)
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
        let merged = merge(self.ty, live, config);
        let last = owners.fields(manager).cloned().unwrap_or_default();
        let fields = fields_of(self.ty, config).recursive_difference(self.ignored);
        owners.set(manager, fields, false);
        let object = self.prune(merged, owners, &last);
        let changes = compare(self.ty, live, &object).without(self.ignored);
        let conflicts = conflicts(owners, &changes, manager);
        if !force && !conflicts.is_empty() {
            return Err(conflicts);
        }
        release(owners, &changes, Some(manager));
        Ok(object)
    }

    /// Removes what the manager applied last time and does not apply now, unless somebody else owns it.
    fn prune(&self, merged: Node, owners: &Managed, last: &FieldSet) -> Node {
        if last.is_empty() {
            return merged;
        }
        let named = |set: &FieldSet| set.with_named_fields(Some(self.ty));
        let all_of = |node: &Node| named(&fields_of(self.ty, node));
        let (last, all) = (named(last), all_of(&merged));
        let owned = owners.entries.iter().fold(FieldSet::default(), |set, entry| set.union(&entry.fields));
        // What others own comes back, with everything inside that nobody ever owned.
        let pruned = without(self.ty, &merged, &last);
        let kept = all_of(&pruned).union(&named(&owned));
        let pruned = without(self.ty, &merged, &all.difference(&kept));
        // What the manager never owned comes back.
        let gone = all.difference(&all_of(&pruned)).intersection(&last);
        without(self.ty, &merged, &gone)
    }
}

/// The fields of other managers that change.
fn conflicts(owners: &Managed, changes: &Comparison, manager: &Manager) -> Vec<Conflict> {
    let touched = changes.modified.union(&changes.added);
    let others = owners.entries.iter().filter(|entry| !entry.manager.is_same(manager));
    let mut fields_of_others: Vec<_> =
        others.map(|entry| (&entry.manager, entry.fields.intersection(&touched))).collect();
    // In the order in which the server's message lists them; those of one manager in the order of the set.
    fields_of_others.sort_by_key(|(manager, _)| *manager);
    let conflicts = fields_of_others.into_iter().flat_map(|(manager, fields)| {
        fields.paths().into_iter().map(|path| Conflict { manager: manager.clone(), path })
    });
    conflicts.collect()
}

/// Takes what touched from every manager but `except`.
fn release(owners: &mut Managed, changes: &Comparison, except: Option<&Manager>) {
    let touched = changes.modified.union(&changes.added).union(&changes.removed);
    for entry in &mut owners.entries {
        if except.is_none_or(|manager| !entry.manager.is_same(manager)) {
            entry.fields = entry.fields.difference(&touched);
        }
    }
    owners.entries.retain(|entry| !entry.fields.is_empty());
}

/// The most entries of updates that an object keeps (`DefaultMaxUpdateManagers`).
const MAX_UPDATE_MANAGERS: usize = 10;

/// `capManagersManager`: the oldest entries of updates in one version of the API become one.
pub(super) fn cap_update_managers(owners: &mut Managed) {
    let is_update = |manager: &Manager| manager.operation == Operation::Update;
    let updaters: Vec<Manager> = owners
        .entries
        .iter()
        .map(|entry| &entry.manager)
        .filter(|manager| is_update(manager))
        .cloned()
        .collect();
    let mut surplus = updaters.len().saturating_sub(MAX_UPDATE_MANAGERS);
    let mut first_of_version: Vec<&Manager> = Vec::new();
    for manager in &updaters {
        if surplus == 0 {
            return;
        }
        let Some(first) = first_of_version.iter().find(|first| first.api_version == manager.api_version)
        else {
            first_of_version.push(manager);
            continue;
        };
        let bucket =
            Manager { name: "ancient-changes".to_owned(), subresource: String::new(), ..manager.clone() };
        let mut take = |from: &Manager| {
            let position = owners.position(from)?;
            Some(owners.entries.remove(position))
        };
        let old = take(&bucket).or_else(|| take(first));
        let Some(taken) = take(manager) else { continue };
        let fields = old.map_or(FieldSet::default(), |entry| entry.fields).union(&taken.fields);
        owners.entries.insert(0, Entry { manager: bucket, changed: taken.changed, fields });
        surplus -= 1;
    }
}
