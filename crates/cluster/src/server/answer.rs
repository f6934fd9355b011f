//! What the server answers: `metav1.Status`, as `k8s.io/apimachinery/pkg/api/errors` makes it.

use plimsoll_kube::FieldError;
use plimsoll_kube::managed::ApplyError;
use plimsoll_kube::patch::{PatchError, PatchErrorKind};
use std::collections::BTreeSet;
use std::fmt;

/// The answer to a write.
pub type Answer = Result<Written, Status>;

/// The answer to a write that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// 201 if the object is new, otherwise 200.
    pub code: u16,
    /// Whether the stored object is another one now. The server does not write an object that stays the same.
    pub changed: bool,
}

/// The answer to a request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The HTTP code.
    pub code: u16,
    /// `Invalid`, `NotFound`, ...; empty if the server gives none.
    pub reason: &'static str,
    /// The whole message.
    pub message: String,
    /// What is wrong, field by field, in the order of validation.
    pub causes: Vec<FieldCause>,
}

/// One entry of a status' details.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldCause {
    /// The field.
    pub field: String,
    /// `FieldValueInvalid` and the like.
    pub reason: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// A resource as messages name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    pub(super) plural: &'a str,
    pub(super) name: &'a str,
}

impl Named<'_> {
    /// `statefulsets.apps`.
    fn resource(self) -> String {
        qualified(self.plural, self.group)
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

impl Status {
    fn plain(code: u16, reason: &'static str, message: String) -> Self {
        Self { code, reason, message, causes: Vec::new() }
    }

    /// `NewBadRequest`.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::plain(400, "BadRequest", message.into())
    }

    /// An error that is none of the API's: the server answers it with its text.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::plain(500, "", message.into())
    }

    /// `NewNotFound`.
    pub(super) fn not_found(named: Named<'_>) -> Self {
        Self::plain(404, "NotFound", format!("{} {:?} not found", named.resource(), named.name))
    }

    /// The API is not served.
    pub(super) fn no_such_resource() -> Self {
        Self::plain(404, "NotFound", "the server could not find the requested resource".to_owned())
    }

    /// `NewAlreadyExists`.
    pub(super) fn already_exists(named: Named<'_>) -> Self {
        let message = format!("{} {:?} already exists", named.resource(), named.name);
        Self::plain(409, "AlreadyExists", message)
    }

    /// `NewConflict`.
    pub(super) fn conflict(named: Named<'_>, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {:?}: {why}", named.resource(), named.name);
        Self::plain(409, "Conflict", message)
    }

    /// `NewForbidden`.
    pub(super) fn forbidden(named: Named<'_>, why: &str) -> Self {
        let message = format!("{} {:?} is forbidden: {why}", named.resource(), named.name);
        Self::plain(403, "Forbidden", message)
    }

    /// `NewInvalid` with the errors of validation.
    pub(super) fn invalid(named: Named<'_>, errors: &[FieldError]) -> Self {
        let causes: Vec<FieldCause> = errors.iter().map(FieldCause::from).collect();
        let message = format!(
            "{} {:?} is invalid: {}",
            qualified(named.kind, named.group),
            named.name,
            aggregated(&causes)
        );
        Self { code: 422, reason: "Invalid", message, causes }
    }

    /// `NewInvalid` of a patch that leaves an object which cannot be read. `value` is the patch, or for a JSON patch the
    /// object.
    pub(super) fn invalid_patch(value: &str, why: &str) -> Self {
        let cause = FieldCause {
            field: "patch".to_owned(),
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {}: {why}", quoted(value)),
        };
        let message = format!(" \"\" is invalid: patch: {}", cause.message);
        Self { code: 422, reason: "Invalid", message, causes: vec![cause] }
    }

    /// What the server answers to a server-side apply that is refused.
    pub(super) fn of_apply(error: &ApplyError) -> Self {
        let causes = error.causes().into_iter().map(|cause| FieldCause {
            field: cause.field,
            reason: cause.reason,
            message: cause.message,
        });
        Self {
            code: error.code(),
            reason: error.reason(),
            message: error.to_string(),
            causes: causes.collect(),
        }
    }

    /// What the server makes of a patch that does not apply.
    pub(super) fn of_patch(error: &PatchError) -> Self {
        match error.kind {
            PatchErrorKind::BadRequest => Self::bad_request(error.message.clone()),
            PatchErrorKind::Unprocessable => {
                let message = "the server rejected our request due to an error in our request";
                Self::plain(422, "Invalid", message.to_owned())
            }
            _ => Self::internal(error.message.clone()),
        }
    }
}

impl From<&FieldError> for FieldCause {
    fn from(error: &FieldError) -> Self {
        Self { field: error.path.clone(), reason: error.kind.cause(), message: error.server_message() }
    }
}

/// `ErrorList.ToAggregate`: each text once, several of them in brackets.
fn aggregated(causes: &[FieldCause]) -> String {
    let mut seen = BTreeSet::new();
    let mut texts: Vec<String> =
        causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    texts.retain(|text| seen.insert(text.clone()));
    match texts.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

/// A text as `%q` prints it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
