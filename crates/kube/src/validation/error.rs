//! What is wrong with a field, as a value: every decision is made from the kind, and the texts are made here.
//!
//! After `field.Error` (apimachinery `pkg/util/validation/field/errors.go`).

use super::rules;
use plimsoll_diag::{Diagnostic, Label, ObjectRef, Rule, Severity, Span};
use std::fmt::Write as _;

/// The kind of a [`FieldError`]. The first ten are those of `field.ErrorType`; `Internal error` has no
/// counterpart, because it reports a fault of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `field.ErrorTypeRequired`: a field that must be set is missing or empty.
    Required,
    /// `field.ErrorTypeInvalid`: the value breaks a rule.
    Invalid,
    /// `field.ErrorTypeNotSupported`: the value is not one of a fixed list.
    NotSupported,
    /// `field.ErrorTypeDuplicate`: the value occurs twice where it must be unique.
    Duplicate,
    /// `field.ErrorTypeNotFound`: the value names something that does not exist.
    NotFound,
    /// `field.ErrorTypeTooLong`: the text is longer than allowed.
    TooLong,
    /// `field.ErrorTypeTooMany`: the list has more items than allowed.
    TooMany,
    /// `field.ErrorTypeForbidden`: the field may not be set, or not be changed, in this combination.
    Forbidden,
    /// `field.ErrorTypeTypeInvalid`: the value does not have the schema's type.
    TypeInvalid,
    /// The value cannot be decoded into the Go type of the field (`sigs.k8s.io/json`, `UnmarshalJSON`).
    Undecodable,
    /// The type has no such field: `unknown field` of strict decoding (`runtime.NewStrictDecodingError`).
    UnknownField,
    /// No version of Kubernetes has the API or the kind: 404, or kubectl's `no matches for kind`.
    UnknownKind,
    /// Other versions of Kubernetes have the API, this one does not: 404.
    RemovedApi,
    /// The API is served only if `--runtime-config` of kube-apiserver turns it on. A warning.
    UnservedApi,
    /// The API is served with a `Warning` header (`deprecation.WarningMessage`). A warning.
    DeprecatedApi,
    /// The group looks like a misspelt group of Kubernetes, but may be that of a custom resource. A warning.
    SuspectGroup,
    /// A custom resource without a definition, which cannot be checked. A remark.
    NotBuiltIn,
    /// A rule in CEL that plimsoll cannot evaluate. A remark.
    NotEvaluated,
    /// Accepted with a `Warning` header (`WarningsOnCreate` of a registry strategy). A warning.
    ServerWarning,
}

/// How an error of some kind is put into words.
enum Form {
    /// The server's words for the kind, then the value and the detail.
    Typed(&'static str),
    /// The detail alone; lint puts the path before it.
    Located,
    /// The detail alone, which names the place itself.
    Whole,
}

impl ErrorKind {
    /// The rule that lint cites.
    pub fn rule(self) -> &'static Rule {
        match self {
            Self::Required => &rules::REQUIRED,
            Self::Invalid => &rules::INVALID_VALUE,
            Self::NotSupported => &rules::UNSUPPORTED_VALUE,
            Self::Duplicate => &rules::DUPLICATE_VALUE,
            Self::NotFound => &rules::NOT_FOUND,
            Self::TooLong => &rules::TOO_LONG,
            Self::TooMany => &rules::TOO_MANY,
            Self::Forbidden => &rules::FORBIDDEN,
            Self::TypeInvalid | Self::Undecodable => &rules::WRONG_TYPE,
            Self::UnknownField => &rules::UNKNOWN_FIELD,
            Self::UnknownKind | Self::SuspectGroup | Self::NotBuiltIn => &rules::UNKNOWN_KIND,
            Self::RemovedApi => &rules::REMOVED_API,
            Self::UnservedApi => &rules::UNSERVED_API,
            Self::DeprecatedApi => &rules::DEPRECATED_API,
            Self::NotEvaluated => &rules::UNEVALUATED_RULE,
            Self::ServerWarning => &rules::SERVER_WARNING,
        }
    }

    /// The reason that the server gives for it in the details of its answer (`metav1.CauseType`).
    pub fn cause(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Forbidden => "FieldValueForbidden",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            _ => "FieldValueInvalid",
        }
    }

    /// How bad it is: an error is what the server refuses.
    pub fn severity(self) -> Severity {
        match self {
            Self::SuspectGroup => Severity::Warning,
            Self::NotBuiltIn => Severity::Info,
            _ => self.rule().severity,
        }
    }

    fn form(self) -> Form {
        match self {
            Self::Required => Form::Typed("Required value"),
            Self::Invalid | Self::TypeInvalid => Form::Typed("Invalid value"),
            Self::NotSupported => Form::Typed("Unsupported value"),
            Self::Duplicate => Form::Typed("Duplicate value"),
            Self::NotFound => Form::Typed("Not found"),
            Self::TooLong => Form::Typed("Too long"),
            Self::TooMany => Form::Typed("Too many"),
            Self::Forbidden => Form::Typed("Forbidden"),
            Self::Undecodable | Self::NotEvaluated | Self::ServerWarning => Form::Located,
            Self::UnknownField
            | Self::UnknownKind
            | Self::RemovedApi
            | Self::UnservedApi
            | Self::DeprecatedApi
            | Self::SuspectGroup
            | Self::NotBuiltIn => Form::Whole,
        }
    }
}

/// What is wrong with one field: `field.Error`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct FieldError {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// The field, as the server spells it: `spec.ports[0].nodePort`.
    pub path: String,
    /// The value, in the form in which it is shown; `None` if it is not shown.
    pub value: Option<String>,
    /// What is wrong with it, in the server's words; may be empty.
    pub detail: String,
}

impl FieldError {
    /// An error that shows neither value nor detail.
    pub fn new(kind: ErrorKind, path: impl Into<String>) -> Self {
        Self { kind, path: path.into(), value: None, detail: String::new() }
    }

    /// Shows the value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Option<String>>) -> Self {
        self.value = value.into();
        self
    }

    /// Adds the detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The error in the server's words, without the path: `Invalid value: -1: must be greater than or equal to 0`
    /// (`field.Error.ErrorBody`).
    pub fn server_message(&self) -> String {
        let Form::Typed(error_type) = self.kind.form() else { return self.detail.clone() };
        let mut message = error_type.to_owned();
        if let Some(value) = &self.value {
            let _ = write!(message, ": {value}");
        }
        self.append_detail(&mut message);
        message
    }

    /// The error as lint words it: `` `spec.replicas`: invalid value -1: must be greater than or equal to 0 ``.
    pub fn lint_message(&self) -> String {
        let error_type = match self.kind.form() {
            Form::Typed(error_type) => error_type.to_ascii_lowercase(),
            Form::Located => return format!("`{}`: {}", self.path, self.detail),
            Form::Whole => return self.detail.clone(),
        };
        let mut message = format!("`{}`: {error_type}", self.path);
        if let Some(value) = &self.value {
            // The value of the others is the one in the manifest; this one is a number of items.
            let separator = if self.kind == ErrorKind::TooMany { ": " } else { " " };
            let _ = write!(message, "{separator}{value}");
        }
        self.append_detail(&mut message);
        message
    }

    fn append_detail(&self, message: &mut String) {
        if !self.detail.is_empty() {
            let _ = write!(message, ": {}", self.detail);
        }
    }
}

/// A [`FieldError`] at its place in the manifest, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub error: FieldError,
    /// Where; the first label is the primary one.
    pub labels: Vec<Label>,
    /// What to do about it, if that is known.
    pub help: Option<String>,
}

impl Finding {
    /// A finding at `span`.
    pub fn new(error: FieldError, span: Span) -> Self {
        Self { error, labels: vec![Label { span, text: String::new() }], help: None }
    }

    /// Adds another place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do about it, if that is known.
    #[must_use]
    pub fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.error.kind.severity()
    }

    /// The finding as lint reports it.
    pub fn into_diagnostic(self, object: ObjectRef) -> Diagnostic {
        let mut diagnostic = Diagnostic::from_rule(self.error.kind.rule(), self.error.lint_message());
        diagnostic.severity = self.severity();
        diagnostic.labels = self.labels;
        diagnostic.maybe_help(self.help).path(self.error.path).object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of lint and of the server.
    fn format_messages(error: &FieldError) -> (String, String) {
        (error.lint_message(), error.server_message())
    }

    #[test]
    fn each_kind_has_its_words() {
        let rows = [
            (ErrorKind::Required, "`a`: required value 1: why", "Required value: 1: why"),
            (ErrorKind::Invalid, "`a`: invalid value 1: why", "Invalid value: 1: why"),
            (ErrorKind::NotSupported, "`a`: unsupported value 1: why", "Unsupported value: 1: why"),
            (ErrorKind::Duplicate, "`a`: duplicate value 1: why", "Duplicate value: 1: why"),
            (ErrorKind::NotFound, "`a`: not found 1: why", "Not found: 1: why"),
            (ErrorKind::TooLong, "`a`: too long 1: why", "Too long: 1: why"),
            (ErrorKind::TooMany, "`a`: too many: 1: why", "Too many: 1: why"),
            (ErrorKind::Forbidden, "`a`: forbidden 1: why", "Forbidden: 1: why"),
            (ErrorKind::TypeInvalid, "`a`: invalid value 1: why", "Invalid value: 1: why"),
            (ErrorKind::Undecodable, "`a`: why", "why"),
            (ErrorKind::UnknownField, "why", "why"),
            (ErrorKind::UnknownKind, "why", "why"),
            (ErrorKind::RemovedApi, "why", "why"),
            (ErrorKind::UnservedApi, "why", "why"),
            (ErrorKind::DeprecatedApi, "why", "why"),
            (ErrorKind::SuspectGroup, "why", "why"),
            (ErrorKind::NotBuiltIn, "why", "why"),
            (ErrorKind::NotEvaluated, "`a`: why", "why"),
            (ErrorKind::ServerWarning, "`a`: why", "why"),
        ];
        for (kind, lint, server) in rows {
            let error = FieldError::new(kind, "a").value("1".to_owned()).detail("why");
            assert_eq!(format_messages(&error), (lint.to_owned(), server.to_owned()), "{kind:?}");
        }
    }

    #[test]
    fn what_is_not_shown_leaves_no_separator() {
        let error = FieldError::new(ErrorKind::Required, "spec");
        assert_eq!(
            format_messages(&error),
            ("`spec`: required value".to_owned(), "Required value".to_owned())
        );
        let error = FieldError::new(ErrorKind::Invalid, "spec").detail("field is immutable");
        assert_eq!(
            format_messages(&error),
            (
                "`spec`: invalid value: field is immutable".to_owned(),
                "Invalid value: field is immutable".to_owned()
            )
        );
        let error = FieldError::new(ErrorKind::Duplicate, "spec").value("\"a\"".to_owned());
        assert_eq!(
            format_messages(&error),
            ("`spec`: duplicate value \"a\"".to_owned(), "Duplicate value: \"a\"".to_owned())
        );
    }

    #[test]
    fn the_severity_is_that_of_the_rule_unless_the_kind_only_suspects() {
        assert_eq!(ErrorKind::Invalid.severity(), Severity::Error);
        assert_eq!(ErrorKind::UnknownKind.severity(), Severity::Error);
        assert_eq!(ErrorKind::SuspectGroup.severity(), Severity::Warning);
        assert_eq!(ErrorKind::NotBuiltIn.severity(), Severity::Info);
        assert_eq!(ErrorKind::ServerWarning.severity(), Severity::Warning);
    }

    #[test]
    fn a_finding_becomes_a_diagnostic() {
        let object = ObjectRef {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: "web".to_owned(),
        };
        let error = FieldError::new(ErrorKind::Forbidden, "spec.host").detail("may not be set");
        let finding = Finding::new(error, Span::NONE)
            .at(Span::NONE, "because of this")
            .help("remove the field".to_owned());
        let diagnostic = finding.into_diagnostic(object.clone());
        assert_eq!(diagnostic.rule, Some(&rules::FORBIDDEN));
        assert_eq!(diagnostic.severity, Severity::Error);
        assert_eq!(diagnostic.message, "`spec.host`: forbidden: may not be set");
        assert_eq!(
            diagnostic.labels.iter().map(|label| label.text.as_str()).collect::<Vec<_>>(),
            ["", "because of this"]
        );
        assert_eq!(diagnostic.help, ["remove the field"]);
        assert_eq!((diagnostic.path.as_deref(), diagnostic.object), (Some("spec.host"), Some(object)));
    }
}
