//! The API server's validation, kind by kind.
//!
//! Each function names the one of Kubernetes' it follows (`pkg/apis/<group>/validation`, or apimachinery).
//! The server decodes, applies defaults, converts to the internal type and validates that: functions here
//! read the manifest and take the default where a field is absent.

mod claim;
mod field;
mod pod;
pub(crate) mod rules;

pub use field::{At, Context};
pub use rules::RULES;

use super::Version;
use crate::diag::Diagnostic;
use crate::manifest::Object;

/// Says what kube-apiserver of `version` would say to a POST of `object` with strict field validation.
///
/// Errors are what it would refuse (or drop unread, as unknown fields); warnings what it would accept and
/// warn about. Each has the object, the path and the span.
pub fn validate(object: &Object, version: Version, sink: &mut Vec<Diagnostic>) {
    let mut cx = Context::new(object, version, sink);
    let root = At::root(&object.root);
    if let Some(check) = check_of(object.group(), &object.kind) {
        check(&root, &mut cx);
    }
}

/// A kind's validation: `Validate<Kind>` of Kubernetes, given the whole object.
type Check = fn(&At<'_, '_>, &mut Context<'_>);

/// The validation of a kind; metadata is checked before by the caller.
fn check_of(group: &str, kind: &str) -> Option<Check> {
    // One line per kind, by group.
    let _ = (group, kind);
    None
}
