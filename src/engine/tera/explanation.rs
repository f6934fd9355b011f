//! Explanations of errors: a message, a remediation and, for a path that does not exist, the part that fails.

use super::names::GLOBALS;
use super::value;
use crate::diag::nearest;
use tera::Value;

/// The message of an error, with its remediation.
#[derive(Debug, Clone, Default)]
pub(super) struct Explanation {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The name, if all that is wrong is that it is not defined.
    pub(super) name: Option<String>,
}

impl Explanation {
    /// A message, with or without help.
    pub(super) fn new(message: impl Into<String>, help: Option<String>) -> Self {
        Self { message: message.into(), help, name: None }
    }

    /// Says of a name that it is not defined.
    pub(super) fn not_defined(name: &str, help: Option<String>) -> Self {
        Self { message: format!("`{name}` is not defined"), help, name: Some(name.to_owned()) }
    }
}

/// How many names are still worth listing.
const FEW: usize = 12;

/// What to write instead of a name: the nearest one there is, or all if they are few.
pub(super) fn suggestion(wanted: &str, known: &[String]) -> Option<String> {
    if known.iter().any(|name| name == wanted) {
        return Some(format!("write `{wanted}`"));
    }
    if let Some(near) = nearest(wanted, known.iter().map(String::as_str)) {
        return Some(format!("did you mean `{near}`?"));
    }
    (!known.is_empty() && known.len() <= FEW).then(|| format!("available: {}", known.join(", ")))
}

/// Explains a path that does not exist: the path, the part that fails, and the available names.
pub(super) fn undefined(path: &[String], variable: impl Fn(&str) -> Option<Value>) -> Explanation {
    missing(path, variable).unwrap_or_else(|| Explanation::not_defined(&path.join("."), None))
}

/// The same; nothing if the path leads to a value.
pub(super) fn missing(path: &[String], variable: impl Fn(&str) -> Option<Value>) -> Option<Explanation> {
    let full = path.join(".");
    let mut parent: Option<Value> = None;
    for (index, name) in path.iter().enumerate() {
        let next = match &parent {
            None => variable(name),
            Some(parent) => value::get(parent, name).cloned(),
        };
        if let Some(next) = next.filter(|next| !next.is_undefined()) {
            parent = Some(next);
            continue;
        }
        let known: Vec<String> = match &parent {
            Some(parent) => {
                let keys = parent.as_map().into_iter().flat_map(|map| map.keys());
                keys.map(ToString::to_string).filter(|key| !key.starts_with("__")).collect()
            }
            None => GLOBALS.map(str::to_owned).to_vec(),
        };
        let failing = path[..=index].join(".");
        let help = suggestion(name, &known);
        return Some(match &parent {
            Some(parent) if parent.as_map().is_none() => {
                let holder = path[..index].join(".");
                let kind = value::node(parent).map_or("not a map", |node| node.type_name());
                Explanation::new(format!("`{full}` is not defined: `{holder}` is {kind}"), help)
            }
            _ if full == failing => Explanation::not_defined(&full, help),
            _ => Explanation::new(format!("`{full}` is not defined: there is no `{failing}`"), help),
        });
    }
    None
}
