//! The rules that API errors cite: one per kind of `field.Error`, and the decoder's.

use crate::diag::{Rule, Severity};

/// Every rule of this module, sorted by id.
pub static RULES: &[&Rule] = &[
    &DEPRECATED_API,
    &DUPLICATE_VALUE,
    &FORBIDDEN,
    &INVALID_VALUE,
    &NOT_FOUND,
    &REMOVED_API,
    &REQUIRED,
    &SERVER_WARNING,
    &TOO_LONG,
    &TOO_MANY,
    &UNKNOWN_FIELD,
    &UNKNOWN_KIND,
    &UNSERVED_API,
    &UNSUPPORTED_VALUE,
    &WRONG_TYPE,
];

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $summary:literal, $docs:literal;)*) => {$(
        #[doc = $summary]
        pub(crate) static $name: Rule =
            Rule { id: $id, severity: Severity::$severity, summary: $summary, docs: $docs };
    )*};
}

rules! {
    DEPRECATED_API = "k8s/deprecated-api", Warning, "the API is deprecated",
        "The API server still serves the API, and says in a `Warning` header what to use instead.\n";
    DUPLICATE_VALUE = "k8s/duplicate-value", Error, "the value has to be unique in its list",
        "Some lists are keyed: container names, port names and numbers, volume names, environment of volumes' \
         mount paths. The API server refuses a second item with the same key.\n";
    FORBIDDEN = "k8s/forbidden", Error, "the field may not be set here",
        "The field exists, but not in this combination: `rollingUpdate` beside `type: OnDelete`, two sources \
         in one volume, two handlers in one probe. The API server refuses the object.\n";
    INVALID_VALUE = "k8s/invalid-value", Error, "the API server refuses the value",
        "The value has the right type but breaks a rule of the API server: a name that is no DNS label, a \
         selector that does not match the template's labels, a negative count. The message is the server's own.\n";
    NOT_FOUND = "k8s/not-found", Error, "the value names something that is not there",
        "A name refers to something in the same object that does not exist, such as a volume mount whose volume \
         is not declared.\n";
    REMOVED_API = "k8s/removed-api", Error, "this version of Kubernetes does not have the API",
        "The object's `apiVersion` was removed before the version of Kubernetes that was asked for, or comes only \
         after it. The API server answers 404.\n";
    REQUIRED = "k8s/required", Error, "a required field is missing",
        "The API server refuses the object as long as the field is missing or empty.\n";
    SERVER_WARNING = "k8s/server-warning", Warning, "the API server accepts the object with a warning",
        "kubectl prints what the API server says in a `Warning` header: deprecated fields, annotations that do \
         nothing, duplicates that one of the two will lose.\n";
    TOO_LONG = "k8s/too-long", Error, "the text is too long",
        "The API server limits the length of the field.\n";
    TOO_MANY = "k8s/too-many", Error, "the list has too many items",
        "The API server limits how many items the list may have.\n";
    UNKNOWN_FIELD = "k8s/unknown-field", Error, "the API has no such field",
        "The field is misspelt, stands at the wrong place, or does not exist in this version of Kubernetes. \
         `kubectl apply` refuses it (strict field validation); older clients drop it silently.\n";
    UNKNOWN_KIND = "k8s/unknown-kind", Error, "the API has no such kind",
        "The `kind` or the `apiVersion` is misspelt: kinds are singular and capitalised. Kinds of other groups than \
         Kubernetes' own (custom resources) are passed over with a remark.\n";
    UNSERVED_API = "k8s/unserved-api", Warning, "the API is off unless an administrator turns it on",
        "Alpha and beta versions of an API are not served by default, so that the object is refused by most \
         clusters.\n";
    UNSUPPORTED_VALUE = "k8s/unsupported-value", Error, "the value is not one of those supported",
        "The field takes one of a fixed list of words; they are case-sensitive.\n";
    WRONG_TYPE = "k8s/wrong-type", Error, "the value has the wrong type",
        "The API server cannot decode the object: a string where it wants a number, a list where it wants a map. \
         Often a template that does not quote (`value: 8080` in an environment variable) or quotes too much.\n";
}
