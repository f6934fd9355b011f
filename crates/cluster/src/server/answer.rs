//! What the server answers: `metav1.Status`, as `k8s.io/apimachinery/pkg/api/errors` makes it.

use super::codec::Undecodable;
use plimsoll_kube::admission::Violation;
use plimsoll_kube::managed::ApplyError;
use plimsoll_kube::patch::{PatchError, PatchErrorKind};
use plimsoll_kube::{ErrorKind, FieldError, update};
use plimsoll_yaml::Node;
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
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The HTTP code.
    pub code: u16,
    /// `Invalid`, `NotFound`, ...; empty if the server gives none.
    pub reason: &'static str,
    /// The whole message.
    pub message: String,
    /// What is wrong, field by field, in the order of validation.
    pub causes: Vec<FieldCause>,
    /// The same for programs, also where the server itself names no fields.
    pub faults: Vec<Fault>,
    /// The object that an update would have stored, as far as the server got.
    pub object: Option<Box<Node>>,
}

/// One reason of a refusal. Decisions are made by its cause, never by its message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The field; empty for the whole object.
    pub path: String,
    /// The server's words.
    pub message: String,
    /// What it follows from.
    pub cause: Cause,
}

/// What a [`Fault`] follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// Lists are merged by keys, and there is no patch for these lists, or the server cannot apply it.
    List,
    /// Server-side apply would change a field of another manager.
    Conflict,
    /// The object does not exist, and the request does not create it.
    NotFound,
    /// The object is not valid, whatever was stored before.
    Invalid(ErrorKind),
    /// The stored object may not be changed in this way.
    Update(update::Cause),
    /// Another object has the node port or the address.
    Allocated,
    /// The object belongs to another release, so Helm sends nothing.
    Ownership,
    /// The client cannot send the object at all.
    Client,
    /// An admission policy denies the request.
    Policy,
}

impl Fault {
    pub(crate) fn new(error: &FieldError, cause: Cause) -> Self {
        Self { path: error.path.clone(), message: error.server_message(), cause }
    }

    /// A reason that names no field.
    pub(crate) fn whole(message: &str, cause: Cause) -> Self {
        Self { path: String::new(), message: message.to_owned(), cause }
    }
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
        Self { code, reason, message, causes: Vec::new(), faults: Vec::new(), object: None }
    }

    /// The same with one reason that names no field.
    fn because(self, cause: Cause) -> Self {
        let faults = vec![Fault::whole(&self.message, cause)];
        Self { faults, ..self }
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
        let message = format!("{} {:?} not found", named.resource(), named.name);
        Self::plain(404, "NotFound", message).because(Cause::NotFound)
    }

    /// The API is not served.
    pub(super) fn no_such_resource() -> Self {
        Self::plain(404, "NotFound", "the server could not find the requested resource".to_owned())
    }

    /// `NewAlreadyExists`.
    pub(super) fn already_exists(named: Named<'_>) -> Self {
        let message = format!("{} {:?} already exists", named.resource(), named.name);
        Self::plain(409, "AlreadyExists", message).because(Cause::Client)
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

    /// `NewForbidden`, with the reason that an admission policy gives.
    pub(super) fn denied(named: Named<'_>, denial: &Violation) -> Self {
        let message = denial.message();
        let cause = FieldCause { field: String::new(), reason: "", message: message.clone() };
        Self {
            code: denial.reason.code(),
            reason: denial.reason.as_str(),
            causes: vec![cause],
            faults: vec![Fault::whole(&message, Cause::Policy)],
            ..Self::forbidden(named, &message)
        }
    }

    /// `NewInvalid` with the errors of validation.
    pub(super) fn invalid(named: Named<'_>, errors: &[(FieldError, Cause)]) -> Self {
        let causes: Vec<FieldCause> = errors.iter().map(|(error, _)| FieldCause::from(error)).collect();
        let faults = errors.iter().map(|(error, cause)| Fault::new(error, *cause)).collect();
        let message = format!(
            "{} {:?} is invalid: {}",
            qualified(named.kind, named.group),
            named.name,
            aggregated(&causes)
        );
        Self { causes, faults, ..Self::plain(422, "Invalid", message) }
    }

    /// `NewInvalid` of a patch that leaves an object which cannot be read. `value` is the patch, or for a JSON patch the
    /// object.
    pub(super) fn invalid_patch(value: &str, error: Undecodable) -> Self {
        let cause = FieldCause {
            field: "patch".to_owned(),
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {}: {}", quoted(value), error.message),
        };
        let message = format!(" \"\" is invalid: patch: {}", cause.message);
        Self { causes: vec![cause], faults: error.faults, ..Self::plain(422, "Invalid", message) }
    }

    /// What the server answers to a server-side apply that is refused.
    pub(super) fn of_apply(error: &ApplyError) -> Self {
        let causes = error.causes().into_iter().map(|cause| FieldCause {
            field: cause.field,
            reason: cause.reason,
            message: cause.message,
        });
        let faults = match error {
            ApplyError::Conflicts(conflicts) => conflicts
                .iter()
                .map(|conflict| Fault {
                    path: conflict.path.to_string().trim_start_matches('.').to_owned(),
                    message: format!("conflict with {} (409 Conflict)", conflict.manager),
                    cause: Cause::Conflict,
                })
                .collect(),
            error => vec![Fault::whole(&error.to_string(), Cause::List)],
        };
        let plain = Self::plain(error.code(), error.reason(), error.to_string());
        Self { causes: causes.collect(), faults, ..plain }
    }

    /// What the server makes of a patch that does not apply.
    pub(super) fn of_patch(error: &PatchError) -> Self {
        let status = match error.kind {
            PatchErrorKind::BadRequest => Self::bad_request(error.message.clone()),
            PatchErrorKind::Unprocessable => {
                let message = "the server rejected our request due to an error in our request";
                Self::plain(422, "Invalid", message.to_owned())
            }
            _ => Self::internal(error.message.clone()),
        };
        Self { faults: vec![Fault::whole(&error.message, Cause::List)], ..status }
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
