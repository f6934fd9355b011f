//! The component library: `templates/`, embedded, and what its reference says.

use super::Engine;
use crate::chart::{self, Chart};
use crate::diag::Sources;
use std::sync::Arc;

/// The files of `templates/`.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("_config.tera", include_str!("../../../templates/_config.tera")),
    ("_names.tera", include_str!("../../../templates/_names.tera")),
    ("_probes.tera", include_str!("../../../templates/_probes.tera")),
    ("_services.tera", include_str!("../../../templates/_services.tera")),
    ("_storage.tera", include_str!("../../../templates/_storage.tera")),
    ("_workload.tera", include_str!("../../../templates/_workload.tera")),
];

/// A component of the library, for the reference.
#[derive(Debug, Clone)]
pub struct Component {
    /// `k8s.stateful_set`.
    pub name: String,
    /// What it is for: the comment above its definition.
    pub doc: String,
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
    let Some(engine) = Engine::new(&Sources::new()).output else { return Vec::new() };
    let mut components: Vec<Component> = engine
        .base
        .get_component_names()
        .filter_map(|name| {
            let info = engine.base.get_component_definition(name)?;
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
            arguments.sort_by(|a, b| (a.default.is_some(), &a.name).cmp(&(b.default.is_some(), &b.name)));
            Some(Component { name: name.to_owned(), doc: doc_of(name), arguments })
        })
        .collect();
    components.sort_by(|a, b| a.name.cmp(&b.name));
    components
}

/// The comment right above a component's definition.
fn doc_of(name: &str) -> String {
    let marker = format!("{{% component {name}(");
    for (_, text) in FILES {
        let Some(at) = text.find(&marker) else { continue };
        let before = text[..at].trim_end();
        if let Some(comment) =
            before.strip_suffix("#}").and_then(|rest| rest.rfind("{#").map(|open| &rest[open + 2..]))
        {
            return comment.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned();
        }
    }
    String::new()
}

/// A chart without files, for reading the library.
pub(super) fn empty_chart() -> Arc<Chart> {
    let files = vec![("Chart.yaml".to_owned(), b"apiVersion: v2\nname: library\nversion: 0.0.1\n".to_vec())];
    let chart = chart::from_files(&Sources::new(), "library", files).output;
    Arc::new(chart.unwrap_or_else(|| unreachable!("a chart of three fixed lines loads")))
}
