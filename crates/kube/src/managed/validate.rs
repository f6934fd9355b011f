//! Whether a value fits its type, as structured-merge-diff checks it before it merges (`typed/validate.go`).

use super::go;
use super::item::step_of;
use super::pair::fits;
use super::path::PathElement;
use super::structure::{Atom, ItemsBy, ListType, MapType, Scalar, Type};
use plimsoll_yaml::{Map, Node, Value};
use std::collections::BTreeSet;
use std::fmt;

/// Where a value does not fit its type, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeError {
    path: String,
    message: String,
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// Several errors as `ValidationErrors` prints them.
pub(super) fn join(errors: &[TypeError]) -> String {
    match errors {
        [error] => error.to_string(),
        _ => errors.iter().fold("errors:".to_owned(), |text, error| format!("{text}\n  {error}")),
    }
}

/// The errors of an applied configuration.
pub(super) fn validate(ty: Type<'_>, node: &Node) -> Vec<TypeError> {
    let mut checker = Checker { stored: false, path: String::new(), errors: Vec::new() };
    checker.check(ty, node);
    checker.errors
}

/// The errors of a stored object. The server decoded it, so it has no unknown fields and its values have the right types;
/// its lists may hold items twice.
pub(super) fn validate_stored(ty: Type<'_>, node: &Node) -> Vec<TypeError> {
    let mut checker = Checker { stored: true, path: String::new(), errors: Vec::new() };
    checker.check(ty, node);
    checker.errors
}

struct Checker {
    stored: bool,
    path: String,
    errors: Vec<TypeError>,
}

impl Checker {
    fn error(&mut self, message: impl Into<String>) {
        self.errors.push(TypeError { path: self.path.clone(), message: message.into() });
    }

    fn below(&mut self, step: &PathElement, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(&step.to_string());
        check(self);
        self.path.truncate(length);
    }

    fn check(&mut self, ty: Type<'_>, node: &Node) {
        match (ty.atom_of(Some(node)), &node.value) {
            (_, Value::Null) => {}
            (Atom::Map(map), Value::Map(entries)) => self.map(&map, entries),
            (Atom::List(list), Value::Seq(items)) => self.list(&list, items),
            (_, _) if self.stored => {}
            (Atom::Map(_), _) => self.error(format!("expected map, got {}", go::pointer(node))),
            (Atom::List(_), _) => self.error(format!("expected list, got {}", go::pointer(node))),
            (Atom::Scalar(scalar), _) => self.scalar(scalar, node),
            (Atom::Any(_), _) => {}
        }
    }

    fn scalar(&mut self, scalar: Scalar, node: &Node) {
        if fits(scalar, Some(node)) {
            return;
        }
        self.error(match scalar {
            Scalar::Numeric => format!("expected numeric (int or float), got {}", go::type_name(node)),
            Scalar::String => {
                format!("expected string, got &value.valueUnstructured{{Value:{}}}", go::syntax(node))
            }
            Scalar::Boolean => format!("expected boolean, got {}", go::pointer(node)),
            Scalar::Untyped => format!("expected any scalar, got {}", go::pointer(node)),
        });
    }

    fn map(&mut self, ty: &MapType<'_>, entries: &Map) {
        for entry in entries {
            let step = PathElement::field(entry.key.as_str());
            let Some(inner) = ty.value(&entry.key) else {
                if self.stored {
                    continue;
                }
                self.below(&step, |checker| checker.error("field not declared in schema"));
                // The walk over the fields of this map ends here.
                return;
            };
            self.below(&step, |checker| checker.check(inner, &entry.value));
        }
    }

    fn list(&mut self, ty: &ListType<'_>, items: &[Node]) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let step = match ty.items_by {
                ItemsBy::Nothing => PathElement::Index(index),
                _ => match step_of(ty, item) {
                    Ok(step) => step,
                    Err(error) => {
                        self.error(format!("element {index}: {error}"));
                        return;
                    }
                },
            };
            if !self.stored && seen.contains(&step) {
                self.error(format!("duplicate entries for key {step}"));
            }
            self.below(&step, |checker| checker.check(ty.item, item));
            seen.insert(step);
        }
    }
}
