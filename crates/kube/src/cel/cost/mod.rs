//! What expressions cost, in the units of cel-go (`common/cost.go`) and of Kubernetes
//! (`k8s.io/apiserver/pkg/cel/library/cost.go`).
//!
//! The API server estimates the worst case of a rule before it stores a definition (`estimate`), and counts what an
//! evaluation costs (`actual`). Where the exact figure is not known, both are too low, so that nothing is refused that the
//! server takes.

pub(super) mod actual;
mod calls;
pub(super) mod estimate;
mod range;
pub(super) mod schema;
#[cfg(test)]
mod tests;

/// A variable, or a step of a path to a field.
pub(super) const IDENT: u64 = 1;
/// A function or an operator that nothing else is known about.
pub(super) const CALL: u64 = 1;
/// A list or a map that is made, without what is in it.
pub(super) const NEW_LIST: u64 = 10;
pub(super) const NEW_MAP: u64 = 30;

const NEW_STRUCT: u64 = 40;

/// What it costs to go through a text, for each character.
const TRAVERSAL: f64 = 0.1;
/// What it costs to apply a regular expression to a character, for each character of the expression.
const REGEX: f64 = 0.25;

/// A size times a factor, rounded up.
fn scaled(size: u64, factor: f64) -> u64 {
    #[expect(clippy::cast_precision_loss, reason = "cel-go multiplies so")]
    let cost = (size as f64 * factor).ceil();
    // A cost out of range becomes the greatest number.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes and factors are positive"
    )]
    let cost = cost as u64;
    cost
}
