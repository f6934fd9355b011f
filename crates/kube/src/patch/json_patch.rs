//! JSON patches (RFC 6902), as `evanphx/json-patch` applies them.

use super::{PatchError, PatchErrorKind, Result};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// Applies a list of operations to `document`, which is left half patched if one fails.
pub fn apply(document: &mut Node, operations: &[Node]) -> Result<()> {
    operations.iter().try_for_each(|operation| apply_one(document, operation))
}

fn apply_one(document: &mut Node, operation: &Node) -> Result<()> {
    let text = |key: &str| operation.get(key).and_then(Node::as_str);
    let unprocessable = |message: String| PatchError::new(PatchErrorKind::Unprocessable, message);
    if let (Some(name @ ("copy" | "move")), Some(from)) = (text("op"), text("from")) {
        return apply_from(document, operation, from, name == "move");
    }
    let (Some(name), Some(path)) = (text("op"), text("path")) else {
        return Err(PatchError::new(PatchErrorKind::BadRequest, "an operation needs `op` and `path`"));
    };
    let missing = || unprocessable(format!("{name} operation does not apply: doc is missing path: {path}"));
    let value = operation.get("value").cloned().unwrap_or_else(|| Node::bare(Value::Null));
    let steps: Vec<String> =
        path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let Some((last, above)) = steps.split_last() else { return Err(missing()) };
    let holder = above.iter().try_fold(document, |node, step| child_mut(node, step)).ok_or_else(missing)?;
    match (name, &mut holder.value) {
        ("add", Value::Map(map)) => {
            map.insert(last.as_str(), Span::NONE, value);
        }
        ("add", Value::Seq(items)) => {
            let index = if last == "-" { Some(items.len()) } else { last.parse().ok() };
            let index = index.filter(|index| *index <= items.len()).ok_or_else(missing)?;
            items.insert(index, value);
        }
        // Of a map, the library sets a key that is missing, too.
        ("replace", Value::Map(map)) => match map.get_mut(last) {
            Some(node) => *node = value,
            None => drop(map.insert(last.as_str(), Span::NONE, value)),
        },
        ("replace", _) => *child_mut(holder, last).ok_or_else(missing)? = value,
        ("remove", Value::Map(map)) => {
            map.remove(last).ok_or_else(missing)?;
        }
        ("remove", Value::Seq(items)) => {
            let index = last.parse().ok().filter(|index| *index < items.len()).ok_or_else(missing)?;
            items.remove(index);
        }
        ("test", _) => {
            let found = child_mut(holder, last).map_or(Value::Null, |node| node.value.clone());
            if found != value.value {
                return Err(unprocessable(format!("testing value {path} failed: test failed")));
            }
        }
        ("add" | "remove", _) => return Err(missing()),
        _ => return Err(PatchError::new(PatchErrorKind::BadRequest, format!("Unexpected kind: {name}"))),
    }
    Ok(())
}

/// `copy` and `move`: adds the value at `from`, which `move` removes before.
fn apply_from(document: &mut Node, operation: &Node, from: &str, is_move: bool) -> Result<()> {
    let steps = from.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut steps: Vec<String> = steps.collect();
    let missing = || {
        let message = format!("operation does not apply: doc is missing from path: {from}");
        PatchError::new(PatchErrorKind::Unprocessable, message)
    };
    let last = steps.pop().ok_or_else(missing)?;
    let holder = steps.iter().try_fold(&mut *document, |node, step| child_mut(node, step));
    let holder = holder.ok_or_else(missing)?;
    let is_map = holder.as_map().is_some();
    let value = match child_mut(holder, &last) {
        Some(value) => value.clone(),
        // A key that a map lacks is copied as null.
        None if is_map => Node::bare(Value::Null),
        None => return Err(missing()),
    };
    let with = |name: &str, path: &str, value: Option<&Node>| {
        let entries = [("op", Node::bare(name)), ("path", Node::bare(path))];
        let entries = entries.into_iter().chain(value.map(|value| ("value", value.clone())));
        let mut map = Map::new();
        entries.for_each(|(key, value)| drop(map.insert(key, Span::NONE, value)));
        Node::bare(Value::Map(map))
    };
    if is_move {
        apply_one(document, &with("remove", from, None))?;
    }
    let path = operation.get("path").and_then(Node::as_str).unwrap_or_default();
    apply_one(document, &with("add", path, Some(&value)))
}

fn child_mut<'a>(node: &'a mut Node, step: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Value::Map(map) => map.get_mut(step),
        Value::Seq(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn operations_apply_in_turn() {
        let mut document = node("{a: [1, 2], b: {c/d: 1}}");
        let operations = node(
            "[{op: add, path: /a/-, value: 3}, {op: remove, path: /a/0}, {op: replace, path: /b/c~1d, value: x}, {op: test, path: /a/0, value: 2}]",
        );
        apply(&mut document, operations.items()).unwrap();
        assert_eq!(document, node("{a: [2, 3], b: {c/d: x}}"));
    }

    #[test]
    fn values_are_copied_and_moved() {
        let mut document = node("{a: [1, 2], b: {c/d: 1}}");
        let operations = node("[{op: copy, from: /b/c~1d, path: /a/0}, {op: move, from: /a/2, path: /b/e}]");
        apply(&mut document, operations.items()).unwrap();
        assert_eq!(document, node("{a: [1, 1], b: {c/d: 1, e: 2}}"));
        assert!(apply(&mut document, &[node("{op: move, from: /gone, path: /b/e}")]).is_err());
    }

    /// As `kubectl patch --local --type=json` shows.
    #[test]
    fn a_missing_key_of_a_map_is_set_by_replace_and_copied_as_null() {
        let mut document = node("{a: {}}");
        let operations = node("[{op: replace, path: /a/b, value: 1}, {op: copy, from: /gone, path: /a/c}]");
        apply(&mut document, operations.items()).unwrap();
        assert_eq!(document, node("{a: {b: 1, c: null}}"));
    }

    #[test]
    fn a_path_that_is_missing_is_an_error() {
        for operation in [
            "{op: remove, path: /a/env/0}",
            "{op: replace, path: /b/c, value: 1}",
            "{op: replace, path: /l/0, value: 1}",
            "{op: copy, from: /b/c, path: /a/c}",
            "{op: move, from: /b, path: /a/c}",
            "{op: add, path: /l/9, value: 1}",
        ] {
            let mut document = node("{a: {}, l: []}");
            let error = apply(&mut document, &[node(operation)]).unwrap_err();
            assert_eq!(error.kind, PatchErrorKind::Unprocessable, "{operation}: {error}");
        }
    }
}
