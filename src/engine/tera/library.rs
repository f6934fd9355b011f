//! The component library: `templates/`, embedded, and what its reference says.

use super::functions;

/// Begins the names of plimsoll's components: `k8s.labels`.
const NAMESPACE: &str = "k8s.";

macro_rules! component {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../templates/", $name, ".tera")))
    };
}

/// The files of `templates/`, one component each: its name without [`NAMESPACE`], and the text. Sorted by name.
pub(crate) static FILES: &[(&str, &str)] = &[
    component!("checksum"),
    component!("claim_retention"),
    component!("claim_templates"),
    component!("client_service"),
    component!("config_map"),
    component!("exec_probe"),
    component!("full_name"),
    component!("grpc_probe"),
    component!("headless_service"),
    component!("http_probe"),
    component!("labels"),
    component!("name"),
    component!("pod_disruption_budget"),
    component!("probe"),
    component!("probe_timing"),
    component!("probes"),
    component!("secret"),
    component!("selector_labels"),
    component!("service_account"),
    component!("stateful_set"),
    component!("tcp_probe"),
    component!("update_strategy"),
];

/// The numbers of the components that templates call, and of those that these call, sorted.
///
/// Only these are compiled for a chart. A name counts wherever it is written, be it in a comment.
pub(super) fn called<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let mut called = Vec::new();
    let mut open: Vec<&str> = texts.into_iter().collect();
    while let Some(text) = open.pop() {
        for (at, _) in text.match_indices(NAMESPACE) {
            let rest = &text[at + NAMESPACE.len()..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if let Ok(number) = FILES.binary_search_by_key(&&rest[..end], |(name, _)| name)
                && !called.contains(&number)
            {
                called.push(number);
                open.push(FILES[number].1);
            }
        }
    }
    called.sort_unstable();
    called
}

/// The names of all components.
pub(super) fn names() -> impl Iterator<Item = String> {
    FILES.iter().map(|(name, _)| format!("{NAMESPACE}{name}"))
}

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
    fn files_are_sorted_and_define_the_component_of_their_name() {
        assert!(FILES.is_sorted());
        for (name, text) in FILES {
            assert!(text.contains(&format!("{{% component {NAMESPACE}{name}(")), "{name}");
        }
        assert_eq!(components().len(), FILES.len());
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).unwrap();
        assert_eq!(folder.count(), FILES.len());
    }

    #[test]
    fn what_is_called_brings_what_it_calls() {
        let names = |text| called([text]).into_iter().map(|number| FILES[number].0).collect::<Vec<_>>();
        assert_eq!(names("a: {{<k8s.labels/>}}"), ["labels", "name", "selector_labels"]);
        assert_eq!(names("a: {{ values.k8s.nothing }}"), Vec::<&str>::new());
    }
}
