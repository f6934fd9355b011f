//! Values that somebody still has to decrypt or look up: in an object they are taken as they are.

use crate::diag::Span;
use crate::k8s::{schema, secrets};
use crate::manifest::Object;
use crate::yaml::{Node, Value};
use regex::Regex;
use std::fmt;
use std::sync::LazyLock;

/// The length of the shortest text that is one of them: `ref+a://`. Most values are shorter.
const SHORTEST: usize = 8;

/// What a value is, if it is not what an application can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecrypted {
    /// SOPS has encrypted it.
    Sops,
    /// age has encrypted it.
    Age,
    /// It names a value elsewhere, for the program vals.
    Reference,
}

impl Undecrypted {
    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Self::Sops => {
                "pass the encrypted values file with `-f`, with its `sops` block: it is decrypted with your age key"
            }
            Self::Age => "decrypt it before it is put into the values",
            Self::Reference => {
                "replace references in the values with `vals eval`, or let an operator such as External Secrets fetch the value"
            }
        }
    }

    fn of(text: &str) -> Option<Self> {
        static REFERENCE: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"\A[^\n]*\b(?:secret)?ref\+[a-z][a-z0-9]*://[^\n]*\n?\z").ok());
        if text.len() < SHORTEST {
            return None;
        }
        if text.contains(crate::sops::PREFIX) {
            return Some(Self::Sops);
        }
        if text.contains(crate::sops::AGE_HEADER) {
            return Some(Self::Age);
        }
        let is_reference =
            text.contains("ref+") && REFERENCE.as_ref().is_some_and(|regex| regex.is_match(text));
        is_reference.then_some(Self::Reference)
    }
}

impl fmt::Display for Undecrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sops => "is still encrypted by SOPS",
            Self::Age => "is still encrypted by age",
            Self::Reference => "is a reference that nothing has replaced (`ref+...`)",
        })
    }
}

/// The values of an object that are still encrypted or only references, with their paths and places.
///
/// Custom resources have none: an operator may decrypt them, as it does SealedSecrets. Neither has a manifest that SOPS has
/// encrypted itself, which Flux decrypts.
pub fn undecrypted(object: &Object) -> Vec<(String, Span, Undecrypted)> {
    let mut found = Vec::new();
    if schema::kind(&object.api_version, &object.kind).is_some() && object.root.get("sops").is_none() {
        for entry in object.root.as_map().into_iter().flatten() {
            let is_encoded = entry.key == "data" && secrets::is_secret_kind(&object.kind);
            search(&entry.value, is_encoded, &mut found, &|| entry.key.clone());
        }
    }
    found
}

/// Adds what is found in a node. Paths are made from their ends on, because most nodes have nothing to be found: `step` is
/// the first step of them.
fn search(
    node: &Node,
    is_encoded: bool,
    found: &mut Vec<(String, Span, Undecrypted)>,
    step: &dyn Fn() -> String,
) {
    let before = found.len();
    match &node.value {
        Value::Map(map) => {
            for entry in map {
                search(&entry.value, is_encoded, found, &|| format!(".{}", entry.key));
            }
        }
        Value::Seq(items) => {
            for (index, item) in items.iter().enumerate() {
                search(item, is_encoded, found, &|| format!("[{index}]"));
            }
        }
        Value::String(text) => {
            let decoded = if is_encoded { secrets::decoded(text) } else { None };
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let what = Undecrypted::of(text).or_else(|| Undecrypted::of(&decoded?));
            found.extend(what.map(|what| (String::new(), node.span, what)));
        }
        _ => {}
    }
    for (path, ..) in &mut found[before..] {
        path.insert_str(0, &step());
    }
}
