//! The lock of dependencies, as far as rendering needs it: Helm loads no chart whose lock it cannot read.

use crate::diag::Diagnostic;
use crate::k8s::validation::is_rfc3339;
use crate::yaml::Node;

/// Whether a file of a chart is a lock. Both are read whatever the chart's `apiVersion`.
pub(super) fn is_lock(path: &str) -> bool {
    matches!(path, "Chart.lock" | "requirements.lock")
}

/// The first value of a lock whose type is not that of Helm's `Lock`.
pub(super) fn find_wrong_type(path: &str, root: &Node) -> Option<Diagnostic> {
    let found = wrong_type("the file", "a map", Some(root), is_map)
        .or_else(|| wrong_type("`digest`", "a string", root.get("digest"), is_scalar))
        .or_else(|| wrong_type("`generated`", "a time", root.get("generated"), is_time))
        .or_else(|| wrong_type("`dependencies`", "a list", root.get("dependencies"), is_list))
        .or_else(|| root.get("dependencies")?.as_seq()?.iter().find_map(wrong_dependency))?;
    Some(found.help(format!("write `{path}` again with `plimsoll dependency update`")))
}

fn wrong_dependency(dependency: &Node) -> Option<Diagnostic> {
    let wrong = |key: &str, expected, is_expected: fn(&Node) -> bool| {
        wrong_type(&format!("`{key}`"), expected, dependency.get(key), is_expected)
    };
    let texts = ["name", "version", "repository", "condition", "alias"];
    let lists = ["tags", "import-values"];
    wrong_type("the dependency", "a map", Some(dependency), is_map)
        .or_else(|| texts.into_iter().find_map(|key| wrong(key, "a string", is_scalar)))
        .or_else(|| lists.into_iter().find_map(|key| wrong(key, "a list", is_list)))
}

/// The error about a value that is there and not of a type.
fn wrong_type(
    what: &str,
    expected: &str,
    node: Option<&Node>,
    is_expected: fn(&Node) -> bool,
) -> Option<Diagnostic> {
    let node = node.filter(|node| !node.is_null() && !is_expected(node))?;
    let message = format!("{what} must be {expected}");
    Some(Diagnostic::error(message).at(node.span, format!("this is {}", node.type_name())))
}

fn is_map(node: &Node) -> bool {
    node.as_map().is_some()
}

fn is_list(node: &Node) -> bool {
    node.as_seq().is_some()
}

fn is_time(node: &Node) -> bool {
    node.as_str().is_some_and(is_rfc3339)
}

fn is_scalar(node: &Node) -> bool {
    !node.is_collection()
}
