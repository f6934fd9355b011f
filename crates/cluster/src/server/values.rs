//! The values that errors show: validation leaves out those that do not fit a line of a report, and those that are not set.

use super::node;
use plimsoll_kube::schema::{self, Base, Schemas, Shape, Ty};
use plimsoll_kube::{ErrorKind, FieldError, Version};
use plimsoll_yaml::Node;
use plimsoll_yaml::emit::format_json;

/// Adds to `error` the value at its path in the object `root`; that of Go's zero if there is none (`field.Error.ErrorBody`).
pub(super) fn complete(mut error: FieldError, root: &Node, version: Version) -> FieldError {
    let shows = matches!(
        error.kind,
        ErrorKind::Invalid | ErrorKind::NotSupported | ErrorKind::Duplicate | ErrorKind::NotFound
    );
    let is_cut = error.value.as_deref().is_some_and(|value| value.ends_with("\"..."));
    let is_unknown = error.value.as_deref().is_none_or(|value| value == "null");
    // Each scope of a quota is blamed on all of them.
    let is_part = error.path == "spec.scopes";
    if shows && (is_unknown || is_cut || is_part) {
        let steps = steps(&error.path);
        let found =
            steps.iter().try_fold(root, |node, step| child(node, step)).filter(|node| !node.is_null());
        let value = found.map(format_json).or_else(|| zero(root, &steps, version));
        error.value = value.or(error.value);
    }
    error
}

/// `spec.ports[0].name` as `spec`, `ports`, `0`, `name`.
fn steps(path: &str) -> Vec<&str> {
    path.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty()).collect()
}

fn child<'a>(parent: &'a Node, step: &str) -> Option<&'a Node> {
    match parent.as_seq() {
        Some(items) => items.get(step.parse::<usize>().ok()?),
        None => parent.get(step),
    }
}

/// The zero value of the field at a path. Structs are not printed.
fn zero(root: &Node, steps: &[&str], version: Version) -> Option<String> {
    let schemas = Schemas::get();
    let kind = schema::kind(node::text(root, &["apiVersion"]), node::text(root, &["kind"]))?;
    let mut rest = steps.iter();
    let mut ty: Ty = schemas.field(schemas.type_named(kind.type_name)?, rest.next()?, version)?.ty;
    for step in rest {
        // Some paths leave out the index.
        if let (Shape::List(inner), Err(_)) = (ty.shape(), step.parse::<usize>()) {
            ty = inner;
        }
        ty = match ty.shape() {
            Shape::List(inner) | Shape::Map(inner) => inner,
            Shape::Base(Base::Object(id)) => schemas.field(id, step, version)?.ty,
            Shape::Base(_) => return None,
        };
    }
    let text = match ty.shape() {
        Shape::Base(Base::String | Base::Bytes | Base::Quantity) => "\"\"",
        Shape::Base(Base::Int32 | Base::Int64 | Base::Float | Base::IntOrString) => "0",
        Shape::Base(Base::Bool) => "false",
        _ => "null",
    };
    Some(text.to_owned())
}
