//! The keys of `set`: paths like those of `--set`, each with a YAML value.

use crate::diag::Span;
use crate::yaml::{Entry, Map, Node, Value};

/// The largest index into a list: Helm's limit.
const MAX_INDEX: usize = 65_536;

/// A step of a path.
#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// The values that `path` sets to `value`: `image.tag`, `hosts[1].name`, `labels[app.kubernetes.io/name]`. The items of a
/// list before an index are null. `span` is where the path is written. The error is a phrase.
pub(super) fn nested(path: &str, value: &Node, span: Span) -> Result<Node, String> {
    let mut steps = steps(path)?.into_iter().rev();
    let innermost = steps.next().ok_or_else(|| "the path is empty".to_owned())?;
    let first = wrap(innermost, value.clone(), span);
    Ok(steps.fold(first, |inner, step| wrap(step, inner, span)))
}

fn wrap(step: Step, inner: Node, span: Span) -> Node {
    let value = match step {
        Step::Key(key) => {
            let mut map = Map::new();
            map.push(Entry { key, key_span: span, value: inner });
            Value::Map(map)
        }
        Step::Index(index) => {
            let mut items = vec![Node::new(Value::Null, span); index];
            items.push(inner);
            Value::Seq(items)
        }
    };
    Node::new(value, span)
}

/// What is read next.
enum State {
    Key,
    Index,
    AfterIndex,
    /// A key in brackets, in which dots count for nothing.
    Bracket(String),
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut state = State::Key;
    let mut rest = path;
    loop {
        let Some(at) = rest.find(['.', '[', ']', ',', '{', '}', '=']) else {
            return match state {
                State::Key if !rest.is_empty() => {
                    steps.push(Step::Key(rest.to_owned()));
                    Ok(steps)
                }
                State::AfterIndex if rest.is_empty() => Ok(steps),
                State::Key | State::AfterIndex => Err("the path ends too early".to_owned()),
                State::Index | State::Bracket(_) => Err("`]` is missing".to_owned()),
            };
        };
        let (text, stop) = (&rest[..at], &rest[at..=at]);
        rest = &rest[at + 1..];
        state = match (state, stop) {
            (State::Key, ".") => {
                steps.push(Step::Key(text.to_owned()));
                State::Key
            }
            (State::Key, "[") if text.is_empty() => State::Bracket(String::new()),
            (State::Key, "[") => {
                steps.push(Step::Key(text.to_owned()));
                State::Index
            }
            (State::Index, "]") => {
                let index = text.parse().ok().filter(|index| *index <= MAX_INDEX);
                steps.push(Step::Index(index.ok_or_else(|| format!("`{text}` is not an index"))?));
                State::AfterIndex
            }
            (State::AfterIndex, ".") => State::Key,
            (State::AfterIndex, "[") => State::Index,
            (State::Bracket(key), ".") => State::Bracket(format!("{key}{text}.")),
            (State::Bracket(key), "]") => {
                steps.push(Step::Key(key + text));
                State::AfterIndex
            }
            (_, stop) => return Err(format!("unexpected `{stop}`")),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::emit;

    fn set(path: &str) -> Result<String, String> {
        nested(path, &Node::bare(1), Span::NONE).map(|node| emit::flow_json(&node))
    }

    #[test]
    fn paths_make_maps_and_lists() {
        assert_eq!(set("a").unwrap(), r#"{"a": 1}"#);
        assert_eq!(set("a.b").unwrap(), r#"{"a": {"b": 1}}"#);
        assert_eq!(set("a[1].b").unwrap(), r#"{"a": [null, {"b": 1}]}"#);
        assert_eq!(set("a.[b.c/d].e").unwrap(), r#"{"a": {"b.c/d": {"e": 1}}}"#);
        assert_eq!(set("[b.c]").unwrap(), r#"{"b.c": 1}"#);
        assert_eq!(set("a[0][1]").unwrap(), r#"{"a": [[null, 1]]}"#);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "a.", "a[", "a[x]", "a[-1]", "a[99999999]", "a=b", "a{b", "a]", "[a", "a,b"] {
            assert!(set(path).is_err(), "{path}");
        }
    }
}
