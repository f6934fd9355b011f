//! What stops a server-side apply, as the server answers it.

use super::owners::Manager;
use super::path::FieldPath;
use std::fmt;

/// A field of the applied configuration that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The owner.
    pub manager: Manager,
    /// The field.
    pub path: FieldPath,
}

/// Why a server-side apply is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyError {
    /// The request is malformed: 400.
    BadRequest(String),
    /// Other managers own fields that would change: 409. Sorted by manager and field.
    Conflicts(Vec<Conflict>),
    /// The configuration does not fit the schema, or anything else that the server calls an internal error: 500.
    Internal(String),
}

/// One cause in the details of the server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The field, as Kubernetes prints paths.
    pub field: String,
    /// A word for programs.
    pub reason: &'static str,
    /// A sentence.
    pub message: String,
}

impl ApplyError {
    /// The HTTP code of the answer.
    pub fn code(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::Conflicts(_) => 409,
            Self::Internal(_) => 500,
        }
    }

    /// The `reason` of the answer. Internal errors of this kind have none.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "BadRequest",
            Self::Conflicts(_) => "Conflict",
            Self::Internal(_) => "",
        }
    }

    /// The causes in the details of the answer: one for each conflict.
    pub fn causes(&self) -> Vec<Cause> {
        let Self::Conflicts(conflicts) = self else { return Vec::new() };
        let cause = |conflict: &Conflict| Cause {
            field: conflict.path.to_string(),
            reason: "FieldManagerConflict",
            message: format!("conflict with {}", conflict.manager),
        };
        conflicts.iter().map(cause).collect()
    }
}

/// The `message` of the answer (`getConflictMessage`).
impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest(message) | Self::Internal(message) => f.write_str(message),
            Self::Conflicts(conflicts) => {
                if let [Conflict { manager, path }] = conflicts.as_slice() {
                    return write!(f, "Apply failed with 1 conflict: conflict with {manager}: {path}");
                }
                write!(f, "Apply failed with {} conflicts: ", conflicts.len())?;
                let mut last = None;
                for Conflict { manager, path } in conflicts {
                    if last != Some(manager) {
                        let line_break = if last.is_some() { "\n" } else { "" };
                        write!(f, "{line_break}conflicts with {manager}:")?;
                        last = Some(manager);
                    }
                    write!(f, "\n- {path}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ApplyError {}
