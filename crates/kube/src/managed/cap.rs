//! How many writers an object remembers (`capManagersManager`).

use super::owners::{Entry, Managed, Manager, Operation};
use super::set::FieldSet;

/// The most entries of updates that an object keeps (`DefaultMaxUpdateManagers`).
const MAX_UPDATE_MANAGERS: usize = 10;

/// The oldest entries of updates in one version of the API become one.
pub(super) fn cap_writers(owners: &mut Managed) {
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
