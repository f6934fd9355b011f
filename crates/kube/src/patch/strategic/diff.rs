//! What differs between two objects, as a patch: `diffMaps` and what it calls.

use super::super::go::{self, Type};
use super::super::{PatchError, PatchErrorKind, Result};
use super::lists::{as_map, element_type, merge_key_of, same, sort_by_order};
use super::{DELETE, DELETE_FROM_LIST, DIRECTIVE, RETAIN_KEYS, SET_ORDER, Strategy, Tags};
use crate::merge::Position;
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// What goes into the patch (`DiffOptions`).
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Fields and items that are new or have changed.
    changes: bool,
    /// Fields and items that are gone.
    deletions: bool,
    /// The directive that clears all other keys of this map.
    retain_keys: bool,
}

impl Options {
    pub(super) const CHANGES: Self = Self { changes: true, deletions: false, retain_keys: false };
    pub(super) const DELETIONS: Self = Self { changes: false, deletions: true, retain_keys: false };
}

/// `diffMaps`.
pub(super) fn maps(original: &Map, modified: &Map, schema: Position, options: Options) -> Result<Map> {
    let mut patch = Map::new();
    let mut retained = Vec::new();
    for entry in modified {
        let (key, value) = (entry.key.as_str(), &entry.value);
        if options.retain_keys && !value.is_null() {
            retained.push(Node::bare(key));
        }
        let before = original.get(key);
        match (before.map(|node| &node.value), &value.value) {
            (Some(Value::Map(before)), Value::Map(after)) => {
                field_of_maps(&mut patch, key, before, after, schema, options)?;
            }
            (Some(Value::Seq(before)), Value::Seq(after)) => {
                field_of_lists(&mut patch, key, before, after, schema, options)?;
            }
            _ if options.changes && !before.is_some_and(|before| same(before, value)) => {
                set(&mut patch, key, value.clone());
            }
            _ => {}
        }
    }
    if options.deletions {
        for entry in original.iter().filter(|entry| !modified.contains_key(&entry.key)) {
            set(&mut patch, &entry.key, Node::bare(Value::Null));
        }
    }
    // `hasAdditionalNewField`.
    let is_cleared =
        || original.iter().any(|entry| !entry.value.is_null() && !modified.contains_key(&entry.key));
    if !retained.is_empty() && (!patch.is_empty() || is_cleared()) {
        sort_scalars(&mut retained);
        set(&mut patch, RETAIN_KEYS, Node::bare(retained));
    }
    Ok(patch)
}

fn set(patch: &mut Map, key: &str, value: Node) {
    patch.insert(key, Span::NONE, value);
}

/// `handleMapDiff`.
fn field_of_maps(
    patch: &mut Map,
    key: &str,
    original: &Map,
    modified: &Map,
    schema: Position,
    options: Options,
) -> Result<()> {
    let below = schema.field(key);
    let tags = Tags::of(below);
    if tags.strategy == Some(Strategy::Replace) {
        // Also where nothing has changed.
        if options.changes {
            set(patch, key, Node::bare(modified.clone()));
        }
        return Ok(());
    }
    let difference = maps(original, modified, below, Options { retain_keys: tags.retain_keys, ..options })?;
    if !difference.is_empty() {
        set(patch, key, Node::bare(difference));
    }
    Ok(())
}

/// `handleSliceDiff`.
fn field_of_lists(
    patch: &mut Map,
    key: &str,
    original: &[Node],
    modified: &[Node],
    schema: Position,
    options: Options,
) -> Result<()> {
    let below = schema.field(key);
    let tags = Tags::of(below);
    if tags.strategy != Some(Strategy::Merge) {
        if options.changes && original != modified {
            set(patch, key, Node::bare(modified.to_vec()));
        }
        return Ok(());
    }
    let options = Options { retain_keys: tags.retain_keys, ..options };
    let ListPatch { items, deleted, order } =
        lists(original, modified, below.item(), tags.merge_key, options)?;
    if !items.is_empty() {
        set(patch, key, Node::bare(items));
    }
    if !deleted.is_empty() {
        set(patch, &format!("{DELETE_FROM_LIST}/{key}"), Node::bare(deleted));
    }
    if !order.is_empty() {
        set(patch, &format!("{SET_ORDER}/{key}"), Node::bare(order));
    }
    Ok(())
}

/// A patch of a list: what stands below its key, and the lists that accompany it.
#[derive(Default)]
struct ListPatch {
    items: Vec<Node>,
    /// The scalars to delete.
    deleted: Vec<Node>,
    /// The order that the list shall have.
    order: Vec<Node>,
}

/// `diffLists`.
fn lists(
    original: &[Node],
    modified: &[Node],
    schema: Position,
    key: &'static str,
    options: Options,
) -> Result<ListPatch> {
    if original.is_empty() {
        let items = if options.changes { modified.to_vec() } else { Vec::new() };
        return Ok(ListPatch { items, ..ListPatch::default() });
    }
    match element_type([original, modified])? {
        Type::Map => {
            let (items, deleted) = lists_of_maps(original, modified, schema, key, options)?;
            let mut items = sort_by_order(items, modified, key, Type::Map)?;
            let order_same = is_order_same(original, modified, key)?;
            items.extend(deleted);
            let is_set = (options.changes && (!items.is_empty() || !order_same))
                || (options.deletions && !items.is_empty());
            let mut order = Vec::new();
            if is_set {
                for item in modified {
                    let mut only_key = Map::new();
                    only_key.insert(key, Span::NONE, merge_key_of(item, key)?.clone());
                    order.push(Node::bare(only_key));
                }
            }
            Ok(ListPatch { items, deleted: Vec::new(), order })
        }
        Type::List => {
            let message = "lists of lists are not supported";
            Err(PatchError::new(PatchErrorKind::Unprocessable, message))
        }
        ty => {
            let mut original = original.to_vec();
            let (items, deleted) = lists_of_scalars(&mut original, modified, options);
            let items = sort_by_order(items, modified, key, ty)?;
            // `original` has been sorted by then, and is compared as it is now.
            let is_set =
                (options.deletions && !deleted.is_empty()) || (options.changes && original != modified);
            let order = if is_set { modified.to_vec() } else { Vec::new() };
            Ok(ListPatch { items, deleted, order })
        }
    }
}

/// `isOrderSame`.
fn is_order_same(original: &[Node], modified: &[Node], key: &str) -> Result<bool> {
    if original.len() != modified.len() {
        return Ok(false);
    }
    for (before, after) in original.iter().zip(modified) {
        if !same(merge_key_of(before, key)?, merge_key_of(after, key)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `sortScalars`.
fn sort_scalars(items: &mut [Node]) {
    go::sort_by_text(items, go::format);
}

/// `diffListsOfScalars`: what is new and what is gone; sorts `original`.
fn lists_of_scalars(original: &mut [Node], modified: &[Node], options: Options) -> (Vec<Node>, Vec<Node>) {
    let mut modified = modified.to_vec();
    sort_scalars(original);
    sort_scalars(&mut modified);
    let (mut added, mut deleted) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (original.iter().peekable(), modified.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(_), None) => std::cmp::Ordering::Less,
            (Some(old), Some(new)) => go::format(old).cmp(&go::format(new)),
        };
        if order.is_le()
            && let Some(item) = old.next()
            && order.is_lt()
            && options.deletions
        {
            deleted.push(item.clone());
        }
        if order.is_ge()
            && let Some(item) = new.next()
            && order.is_gt()
            && options.changes
        {
            added.push(item.clone());
        }
    }
    super::merge::drop_duplicates(&mut deleted);
    (added, deleted)
}

/// `diffListsOfMaps`: patches of items and new items, then the directives that delete the others.
fn lists_of_maps(
    original: &[Node],
    modified: &[Node],
    schema: Position,
    key: &str,
    options: Options,
) -> Result<(Vec<Node>, Vec<Node>)> {
    let (original, modified) = (sorted_by_key(original, key)?, sorted_by_key(modified, key)?);
    let (mut patch, mut deleted) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (original.iter().peekable(), modified.iter().peekable());
    loop {
        let old_key = old.peek().map(|item| merge_key_of(item, key)).transpose()?;
        let new_key = new.peek().map(|item| merge_key_of(item, key)).transpose()?;
        let order = match (old_key, new_key) {
            (None, None) => break,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(_), None) => std::cmp::Ordering::Less,
            (Some(old), Some(new)) => go::format(old).cmp(&go::format(new)),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        match (before, after) {
            (Some(before), Some(after)) => {
                let mut difference = maps(as_map(before)?, as_map(after)?, schema, options)?;
                if !difference.is_empty() {
                    set(&mut difference, key, merge_key_of(after, key)?.clone());
                    patch.push(Node::bare(difference));
                }
            }
            (None, Some(after)) if options.changes => patch.push((*after).clone()),
            (Some(before), None) if options.deletions => {
                let mut directive = Map::new();
                directive.insert(key, Span::NONE, merge_key_of(before, key)?.clone());
                directive.insert(DIRECTIVE, Span::NONE, Node::bare(DELETE));
                deleted.push(Node::bare(directive));
            }
            _ => {}
        }
    }
    Ok((patch, deleted))
}

/// `sortMergeListsByNameArray`: the items by the text of their merge key, nil where there is none.
fn sorted_by_key<'a>(list: &'a [Node], key: &str) -> Result<Vec<&'a Node>> {
    if !list.is_empty() {
        element_type([list, &[]])?;
    }
    let mut sorted: Vec<&Node> = list.iter().collect();
    go::sort_by_text(&mut sorted, |item| item.get(key).map_or_else(|| "<nil>".to_owned(), go::format));
    Ok(sorted)
}
