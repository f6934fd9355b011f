//! The reference of the component library.

use super::functions;
use super::library::{FILES, names};

/// A component of the library, for the reference.
#[derive(Debug, Clone)]
pub struct Component {
    /// `k8s.stateful_set`.
    pub name: String,
    /// What it is for: the comment above its definition.
    pub doc: String,
    /// A template that uses it: what follows `Example:` in that comment.
    pub example: String,
    /// Its arguments, required ones first.
    pub arguments: Vec<Argument>,
}

/// An argument of a component.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// `string`, `map`, ...; any where empty.
    pub type_name: &'static str,
    /// What it is when left out, as written in a template; `None` for a required argument.
    pub default: Option<String>,
    /// Whether it is taken from the caller's own variables (`@release`).
    pub implicit: bool,
}

/// Every component of the library, by name.
pub fn components() -> Vec<Component> {
    let mut tera = functions::instance().clone();
    if tera.add_raw_templates(FILES.iter().copied()).is_err() {
        return Vec::new();
    }
    let mut components: Vec<Component> = names()
        .zip(FILES)
        .filter_map(|(name, (_, text))| {
            let info = tera.get_component_definition(&name)?;
            let mut arguments: Vec<Argument> = info
                .args()
                .iter()
                .map(|argument| Argument {
                    name: argument.name().to_owned(),
                    type_name: argument.arg_type().map_or("", |kind| kind.as_str()),
                    default: argument.default().map(|value| serde_json::to_string(value).unwrap_or_default()),
                    implicit: argument.is_implicit(),
                })
                .collect();
            arguments
                .sort_unstable_by(|a, b| (a.default.is_some(), &a.name).cmp(&(b.default.is_some(), &b.name)));
            let (doc, example) = described(text);
            Some(Component { name, doc, example, arguments })
        })
        .collect();
    components.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    components
}

/// The comment right above a component's definition: what it is for, and an example.
fn described(text: &str) -> (String, String) {
    let comment =
        text.strip_prefix("{#").and_then(|rest| rest.split_once("#}")).map_or("", |(inner, _)| inner);
    let (doc, example) = comment.split_once("\nExample:\n").unwrap_or((comment, ""));
    (doc.trim().to_owned(), example.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_is_in_the_reference() {
        assert_eq!(components().len(), FILES.len());
    }
}
