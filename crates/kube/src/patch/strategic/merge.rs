//! One object or patch merged into another: `mergeMap` and what it calls.

use super::super::go::{self, Type};
use super::super::{PatchError, PatchErrorKind, Result, prune_nulls};
use super::lists::{
    as_list, as_map, element_type, extract_deletions, merge_key_of, no_merge_key, place, same, sort_by_order,
};
use super::{DELETE, DELETE_FROM_LIST, DIRECTIVE, MERGE, REPLACE, RETAIN_KEYS, SET_ORDER, Strategy, Tags};
use crate::merge::Position;
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// `MergeOptions`.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Whether the patch is applied to an object. Otherwise it is added to another patch, and nulls and directives stay.
    pub(super) is_applied: bool,
}

/// `mergeMap`.
pub(super) fn maps(mut original: Map, mut patch: Map, schema: Position, options: Options) -> Result<Map> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some(REPLACE) => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some(DELETE) => Ok(Map::new()),
            _ => Err(bad_directive(directive, &patch)),
        };
    }
    retain_keys(&mut original, &mut patch, options)?;
    ordered_lists(&mut original, &mut patch, schema, options)?;
    for entry in patch {
        field(&mut original, entry.key, entry.value, schema, options)?;
    }
    Ok(original)
}

/// `ErrBadPatchType`.
fn bad_directive(directive: &Node, map: &Map) -> PatchError {
    let (directive, map) = (go::format(directive), go::format_map(map));
    PatchError::internal(format!("unknown patch type: {directive} in map: {map}"))
}

/// One field of a patch, in `mergeMap`.
fn field(
    original: &mut Map,
    mut key: String,
    mut value: Node,
    schema: Position,
    options: Options,
) -> Result<()> {
    let mut deletes = false;
    if key.starts_with(DELETE_FROM_LIST) {
        if !options.is_applied {
            original.insert(key, Span::NONE, value);
            return Ok(());
        }
        let field = directive_field(&key, DELETE_FROM_LIST, "invalid patch format of primitive list")?;
        key = String::from(field);
        deletes = true;
    }
    if value.is_null() {
        original.remove(&key);
        if options.is_applied {
            return Ok(());
        }
    }
    let below = schema.field(&key);
    let tags = Tags::of(below);
    match (original.get_mut(&key), value.value) {
        (Some(Node { value: Value::Map(before), .. }), Value::Map(patch)) => {
            *before = match tags.strategy {
                Some(Strategy::Replace) => patch,
                _ => maps(std::mem::take(before), patch, below, options)?,
            };
        }
        (Some(Node { value: Value::Seq(before), .. }), Value::Seq(patch)) => {
            *before = field_of_lists(std::mem::take(before), patch, below, tags, deletes, options)?;
        }
        (before, patch) => {
            if deletes {
                return Ok(());
            }
            value.value = patch;
            let same_type = before.is_some_and(|before| Type::of(before) == Type::of(&value));
            if !same_type && options.is_applied {
                prune_nulls(&mut value);
            }
            match without_directives(value) {
                Some(value) => {
                    original.insert(key, Span::NONE, value);
                }
                None => {
                    original.remove(&key);
                }
            }
        }
    }
    Ok(())
}

/// `mergeSliceHandler`.
fn field_of_lists(
    original: Vec<Node>,
    patch: Vec<Node>,
    schema: Position,
    tags: Tags,
    deletes: bool,
    options: Options,
) -> Result<Vec<Node>> {
    if tags.strategy == Some(Strategy::Merge) || deletes {
        lists(original, patch, schema.item(), tags.merge_key, deletes, options)
    } else {
        Ok(patch)
    }
}

/// `extractKey`.
fn directive_field<'a>(key: &'a str, prefix: &str, message: &str) -> Result<&'a str> {
    key.split_once('/')
        .filter(|(found, _)| *found == prefix)
        .map(|(_, field)| field)
        .ok_or_else(|| PatchError::new(PatchErrorKind::BadRequest, message))
}

/// `applyRetainKeysDirective`.
fn retain_keys(original: &mut Map, patch: &mut Map, options: Options) -> Result<()> {
    let Some(directive) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let malformed = || PatchError::new(PatchErrorKind::BadRequest, "invalid patch format of retainKeys");
    if !options.is_applied {
        match original.get(RETAIN_KEYS) {
            Some(other) if *other != directive.value => {
                let message = format!(
                    "{} and {} are not deep equal: this may happen when calculating the 3-way diff patch",
                    go::format(other),
                    go::format(&directive.value)
                );
                return Err(PatchError::internal(message));
            }
            Some(_) => {}
            None => {
                original.insert(RETAIN_KEYS, Span::NONE, directive.value);
            }
        }
        return Ok(());
    }
    let keys = directive.value.as_seq().ok_or_else(malformed)?;
    let is_retained = |key: &str| keys.iter().any(|item| item.as_str() == Some(key));
    for entry in &*patch {
        let directive = entry.key.starts_with(DELETE_FROM_LIST) || entry.key.starts_with(SET_ORDER);
        if !entry.value.is_null() && !directive && !is_retained(&entry.key) {
            return Err(malformed());
        }
    }
    original.retain(|entry| is_retained(&entry.key));
    Ok(())
}

/// `mergePatchIntoOriginal`: the lists whose order is set, which are taken out of the patch.
fn ordered_lists(original: &mut Map, patch: &mut Map, schema: Position, options: Options) -> Result<()> {
    const MALFORMED: &str = "invalid patch format of setElementOrder list";
    let keys: Vec<String> =
        patch.keys().filter(|key| key.starts_with(SET_ORDER)).map(str::to_owned).collect();
    for key in keys {
        let Some(directive) = patch.remove(&key) else { continue };
        if !options.is_applied {
            match original.get(&key) {
                Some(other) if *other != directive.value => {
                    return Err(PatchError::new(PatchErrorKind::BadRequest, MALFORMED));
                }
                Some(_) => {}
                None => {
                    original.insert(key.clone(), Span::NONE, directive.value.clone());
                }
            }
        }
        let order = as_list(directive.value)?;
        let name = directive_field(&key, SET_ORDER, MALFORMED)?;
        // Both are put together in the place of the first.
        let before = original.get_mut(name).map(|node| std::mem::replace(node, Node::bare(Value::Null)));
        let before = before.map(as_list).transpose()?;
        let patched = patch.remove(name).map(|entry| as_list(entry.value)).transpose()?;
        let below = schema.field(name);
        let tags = Tags::of(below);
        check_order(patched.as_deref().unwrap_or_default(), &order, tags.merge_key)?;
        let ty = element_type([&before, &patched].map(|list| list.as_deref().unwrap_or_default()));
        let live_order = order_of(before.as_deref().unwrap_or_default(), tags.merge_key);
        let merged = match (before, patched) {
            (None, None) => continue,
            (Some(before), None) => before,
            (None, Some(patched)) => patched.into_iter().filter_map(without_directives).collect(),
            (Some(before), Some(patched)) => field_of_lists(before, patched, below, tags, false, options)?,
        };
        let (listed, others) = partition(merged, &order, tags.merge_key)?;
        let all = interleave(listed, others, &order, &live_order, tags.merge_key, ty?)?;
        original.insert(name, Span::NONE, Node::bare(all));
    }
    Ok(())
}

/// What counts of a list for the order of its items: of mappings the merge key.
fn order_of(list: &[Node], key: &str) -> Vec<Node> {
    let only_key = |item: &Node| {
        // Errors show the whole of an item without the key.
        let Some(value) = item.get(key) else { return item.clone() };
        let mut map = Map::new();
        map.insert(key, Span::NONE, value.clone());
        Node::bare(map)
    };
    list.iter().map(only_key).collect()
}

/// `validatePatchWithSetOrderList`: the items of the patch are among those of the order, and in that order.
fn check_order(patch: &[Node], order: &[Node], key: &str) -> Result<()> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let kept = if key.is_empty() { patch.to_vec() } else { extract_deletions(patch.to_vec())?.0 };
    let mut wanted = order.iter();
    let mut rest = kept.iter().peekable();
    while let Some(item) = rest.peek() {
        if item.get(DIRECTIVE).is_some() {
            rest.next();
            continue;
        }
        let Some(place) = wanted.next() else {
            return Err(PatchError::internal(format!(
                "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
                go::format_list(patch),
                go::format_list(order)
            )));
        };
        let equal = if key.is_empty() {
            same(item, place)
        } else {
            same(merge_key_of(item, key)?, merge_key_of(place, key)?)
        };
        if equal {
            rest.next();
        }
    }
    Ok(())
}

/// `partitionMapsByPresentInList`, `partitionPrimitivesByPresentInList`: the items that another list has too, and those
/// that it has not.
fn partition(list: Vec<Node>, other: &[Node], key: &str) -> Result<(Vec<Node>, Vec<Node>)> {
    let (mut present, mut absent) = (Vec::new(), Vec::new());
    for item in list {
        let found = if key.is_empty() {
            other.iter().any(|other| same(other, &item))
        } else {
            find(other, key, merge_key_of(&item, key)?)?.is_some()
        };
        if found { &mut present } else { &mut absent }.push(item);
    }
    Ok((present, absent))
}

/// `findMapInSliceBasedOnKeyValue`.
fn find(list: &[Node], key: &str, value: &Node) -> Result<Option<usize>> {
    for (index, item) in list.iter().enumerate() {
        let Some(map) = item.as_map() else {
            return Err(PatchError::internal(format!("value for key {index} is not a map")));
        };
        if map.get(key).is_some_and(|found| same(found, value)) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// `normalizeElementOrder`, `mergeSortedSlice`: both lists in their orders, with the items that the patch does not name at
/// the places that the live list gives them.
fn interleave(
    patch: Vec<Node>,
    others: Vec<Node>,
    patch_order: &[Node],
    live_order: &[Node],
    key: &str,
    ty: Type,
) -> Result<Vec<Node>> {
    let patch = sort_by_order(patch, patch_order, key, ty)?;
    let others = sort_by_order(others, live_order, key, ty)?;
    let mut all = Vec::with_capacity(patch.len() + others.len());
    let (mut left, mut right) = (others.into_iter().peekable(), patch.into_iter().peekable());
    loop {
        let before = match (left.peek(), right.peek()) {
            (Some(left), Some(right)) => {
                let places = (place(live_order, left, key, ty), place(live_order, right, key, ty));
                matches!(places, (Some(left), Some(right)) if left < right)
            }
            (left, _) => left.is_some(),
        };
        let Some(item) = (if before { left.next() } else { right.next() }) else { break };
        all.push(item);
    }
    Ok(all)
}

/// `mergeSlice`.
fn lists(
    original: Vec<Node>,
    patch: Vec<Node>,
    schema: Position,
    key: &str,
    deletes: bool,
    options: Options,
) -> Result<Vec<Node>> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    let ty = element_type([&original, &patch])?;
    if ty != Type::Map {
        if options.is_applied && deletes {
            return Ok(original
                .into_iter()
                .filter(|item| !patch.iter().any(|one| same(one, item)))
                .collect());
        }
        let mut merged = original.clone();
        merged.extend(patch.iter().cloned());
        drop_duplicates(&mut merged);
        let (listed, others) = partition(merged, &patch, key)?;
        return interleave(listed, others, &patch, &original, key, ty);
    }
    if key.is_empty() {
        return Err(PatchError::internal("cannot merge lists without merge key for struct"));
    }
    let (original, patch) = special_items(original, patch, key)?;
    let (live_order, patch_order) = (order_of(&original, key), order_of(&patch, key));
    let mut merged = original;
    for item in patch {
        let place = find(&merged, key, merge_key_of(&item, key)?)?;
        match (place.and_then(|index| merged.get_mut(index)).map(|node| &mut node.value), item.value) {
            (Some(Value::Map(before)), Value::Map(patch)) => {
                *before = maps(std::mem::take(before), patch, schema, options)?;
            }
            (_, value) => merged.push(Node::new(value, item.span)),
        }
    }
    let (listed, others) = partition(merged, &patch_order, key)?;
    interleave(listed, others, &patch_order, &live_order, key, ty)
}

/// `mergeSliceWithSpecialElements`: deletes what the directives among the items say; the rest of both lists.
fn special_items(mut original: Vec<Node>, patch: Vec<Node>, key: &str) -> Result<(Vec<Node>, Vec<Node>)> {
    let (mut rest, mut replace) = (Vec::new(), false);
    for item in patch {
        let map = as_map(&item)?;
        let Some(directive) = map.get(DIRECTIVE) else {
            rest.push(item);
            continue;
        };
        match directive.as_str() {
            Some(DELETE) => {
                let value = map.get(key).ok_or_else(|| no_merge_key(map, key))?;
                while let Some(index) = find(&original, key, value)? {
                    original.remove(index);
                }
            }
            Some(REPLACE) => replace = true,
            Some(MERGE) => {
                return Err(PatchError::internal("merging lists cannot yet be specified in the patch"));
            }
            _ => return Err(bad_directive(directive, map)),
        }
    }
    Ok(if replace { (rest, Vec::new()) } else { (original, rest) })
}

/// `deduplicateScalars`: the last item takes the place of a repeated one.
pub(super) fn drop_duplicates(items: &mut Vec<Node>) {
    let mut first = 0;
    while first + 1 < items.len() {
        let mut other = first + 1;
        while other < items.len() {
            if same(&items[first], &items[other]) {
                items.swap_remove(other);
            } else {
                other += 1;
            }
        }
        first += 1;
    }
}

/// `removeDirectives`: nothing if the value is one itself.
fn without_directives(mut node: Node) -> Option<Node> {
    match node.value {
        Value::Map(map) if map.contains_key(DIRECTIVE) => return None,
        Value::Map(map) => {
            let mut kept = Map::new();
            for mut entry in map {
                if let Some(value) = without_directives(entry.value) {
                    entry.value = value;
                    kept.push(entry);
                }
            }
            node.value = Value::Map(kept);
        }
        Value::Seq(items) => {
            node.value = Value::Seq(items.into_iter().filter_map(without_directives).collect());
        }
        _ => {}
    }
    Some(node)
}
