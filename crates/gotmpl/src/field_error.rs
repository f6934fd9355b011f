//! Errors about fields that a template cannot read.

use crate::ast::{Expr, Fields, Kind};
use crate::error::Error;
use crate::set::SourceText;
use plimsoll_diag::nearest;

/// The part of a chain before field `index`, as written.
pub(crate) fn path_before(source: &SourceText, expr: &Expr, fields: &Fields, index: usize) -> String {
    let whole = source.str(expr.place);
    let rest_length: usize = fields[index..].iter().map(|field| field.len() + 1).sum();
    let before = whole.get(..whole.len().saturating_sub(rest_length)).unwrap_or(whole);
    format!("`{}`", if before.is_empty() { "." } else { before })
}

/// The fields of the root.
const ROOT: [&str; 7] = ["Capabilities", "Chart", "Files", "Release", "Subcharts", "Template", "Values"];

/// The error for a field of a missing value. It names the value and where to set it.
pub(crate) fn nil_pointer(source: &SourceText, expr: &Expr, fields: &Fields, index: usize) -> Error {
    let name = &fields[index];
    let owner = path_before(source, expr, fields, index);
    let mut error = Error::missing(format!(
        "{owner} is null or not set, so it has no field `{name}` (nil pointer evaluating interface {{}}.{name})"
    ))
    .in_go(format!("nil pointer evaluating interface {{}}.{name}"));
    let is_values = matches!(&expr.kind, Kind::Field(_) | Kind::Variable(0, _)) && &*fields[0] == "Values";
    if is_values {
        let path = fields[1..].join(".");
        error = error.help(format!("set `{path}` in the values (a values file, or `--set {path}=...`)"));
    } else {
        error = error.help(match &*fields[0] {
            first if index == 1 && ROOT.contains(&first) => format!(
                "`.` is not the chart's root here: use `$.{first}`, or pass the root where this is included"
            ),
            first => match nearest(first, ROOT).filter(|_| index == 1) {
                Some(near) => format!("did you mean `.{near}`?"),
                None => "put parentheses around the part that may be missing, as in `(.a).b`, or test it with `if`"
                    .to_owned(),
            },
        });
    }
    source.placed(error, expr.place)
}
