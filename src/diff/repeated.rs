//! Lists of which several items share the key that they are merged by: `kubectl apply` may not store them as written.

use super::fields::{FieldPath, Step};
use super::simulation::Applied;
use super::{Driver, Effect, EffectKind};
use crate::k8s::merge::{Position, Strategy, find_repeated};
use crate::yaml::{Node, Value};

/// The manifests of an update, and what they come to.
#[derive(Clone, Copy)]
struct Update<'a> {
    driver: Driver,
    /// What was applied before.
    old: Option<&'a Node>,
    /// What would be stored were the object new.
    wanted: &'a Node,
    /// What is stored; `None` if nothing is.
    stored: Option<&'a Node>,
}

/// Says of each such list of `wanted` that it is not stored as it is written, if it is not.
pub(super) fn explain(
    driver: Driver,
    root: Position,
    [old, wanted]: [&Node; 2],
    applied: &Applied,
) -> Vec<(FieldPath, Effect)> {
    let mut effects = Vec::new();
    let update = Update { driver, old: Some(old), wanted, stored: Some(&applied.merged) };
    visit(root, &mut Vec::new(), update, &mut effects);
    effects
}

fn visit(at: Position, path: &mut Vec<Step>, update: Update<'_>, effects: &mut Vec<(FieldPath, Effect)>) {
    match &update.wanted.value {
        Value::Map(wanted) => {
            for entry in wanted.iter().filter(|entry| entry.value.is_collection()) {
                let [old, stored] = [update.old, update.stored].map(|node| node?.get(&entry.key));
                path.push(Step::Field(entry.key.clone()));
                let below = Update { old, wanted: &entry.value, stored, ..update };
                visit(at.field(&entry.key), path, below, effects);
                path.pop();
            }
        }
        Value::Seq(wanted) => {
            let (Strategy::Merge(key) | Strategy::MergeRetainKeys(key)) = at.strategy() else { return };
            let [old, stored] =
                [update.old, update.stored].map(|node| node.map(Node::items).unwrap_or_default());
            if let Some((value, count)) = repeated(key, wanted).or_else(|| repeated(key, old)) {
                if !holds_items(stored, wanted) {
                    let path = FieldPath(path.clone());
                    let effect = effect(update.driver, &path, key, value, count);
                    effects.push((path, effect));
                }
                return;
            }
            for (index, item) in wanted.iter().enumerate() {
                let same = |list: &'_ [Node]| list.iter().position(|other| other.get(key) == item.get(key));
                path.push(Step::Item {
                    index,
                    name: item.get(key).and_then(Node::as_str).map(str::to_owned),
                });
                let [old, stored] = [old, stored].map(|list| same(list).map(|at| &list[at]));
                visit(at.item(), path, Update { old, wanted: item, stored, ..update }, effects);
                path.pop();
            }
        }
        _ => {}
    }
}

fn effect(driver: Driver, path: &FieldPath, key: &str, value: &Node, count: usize) -> Effect {
    let path = path.named();
    let value = crate::yaml::emit::flow_json(value);
    let command = driver.command();
    super::effects::effect(
        EffectKind::Ignored,
        format!(
            "`{path}` is not stored as it is written: {count} entries have `{key}: {value}`, by which `{command}` merges them; `kubectl replace` sends the list as it is"
        ),
    )
}

/// The first value that items share, and how many have it.
fn repeated<'a>(key: &str, items: &'a [Node]) -> Option<(&'a Node, usize)> {
    let (_, first) = find_repeated(key, items)?;
    Some((first, items.iter().filter(|item| item.get(key) == Some(first)).count()))
}

/// Whether `stored` has all that `wanted` has: the server may have added to it.
fn holds(stored: &Node, wanted: &Node) -> bool {
    match (&stored.value, &wanted.value) {
        (Value::Map(stored), Value::Map(wanted)) => wanted
            .iter()
            .all(|entry| stored.get(&entry.key).is_some_and(|stored| holds(stored, &entry.value))),
        (Value::Seq(stored), Value::Seq(wanted)) => holds_items(stored, wanted),
        _ => stored == wanted || wanted.as_str() == Some(super::simulation::ALLOCATED),
    }
}

fn holds_items(stored: &[Node], wanted: &[Node]) -> bool {
    stored.len() == wanted.len() && stored.iter().zip(wanted).all(|(stored, wanted)| holds(stored, wanted))
}
