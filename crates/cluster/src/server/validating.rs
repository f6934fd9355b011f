//! What the server has against an object, in the order in which it says so.

use super::identity::uid;
use super::{Cause, ObjectKey, Served, Server, codec, strategy, values};
use plimsoll_kube::manifest::Object;
use plimsoll_kube::update::{self, Update};
use plimsoll_kube::validation;
use plimsoll_kube::{FieldError, Finding, Version, validate_custom, validate_custom_update, validate_for};
use plimsoll_yaml::{Node, Value};

/// What validation has against an object, each with what it follows from.
pub(super) type Errors = Vec<(FieldError, Cause)>;

/// An error of an object by itself.
pub(super) fn by_kind(error: FieldError) -> (FieldError, Cause) {
    let cause = Cause::Invalid(error.kind);
    (error, cause)
}

impl Server {
    pub(super) fn as_update<'a>(&self, key: &'a ObjectKey, old: &'a Node, new: &'a Node) -> Update<'a> {
        Update { group: &key.group, kind: &key.kind, name: &key.name, old, new, version: self.version }
    }

    pub(super) fn errors_of_update(&self, key: &ObjectKey, old: &Node, root: &mut Node) -> Errors {
        let mut of_manifest = self.validate(validation::Operation::Update, key, Some(old), root);
        if !of_manifest.is_empty() && self.records.get(key).is_some_and(|record| record.is_trusted) {
            let known = self.validate(validation::Operation::Update, key, None, &mut old.clone());
            of_manifest.retain(|error| !known.contains(error));
        }
        let refusals = update::validate(&self.as_update(key, old, root), self);
        // That the selector is the generated one is asked of new Jobs only, and the class of a claim by admission.
        let elsewhere = [update::Cause::JobSelector, update::Cause::NeedsResizableClass];
        let refusals = refusals.into_iter().filter(|refusal| !elsewhere.contains(&refusal.cause));
        let of_update = refusals
            .map(|refusal| {
                let error = values::complete(refusal.error, root, self.version);
                (error, Cause::Update(refusal.cause))
            })
            .collect();
        let is_job = (key.group.as_str(), key.kind.as_str()) == ("batch", "Job");
        let of_selector = if is_job { strategy::errors_of_selector(root) } else { Vec::new() };
        let of_selector = of_selector.into_iter().map(by_kind).collect();
        // A Service is asked about its changes first.
        let in_order: [Errors; 3] = match key.kind.as_str() {
            "Service" => [of_update, of_manifest, of_selector],
            _ => [of_manifest, of_selector, of_update],
        };
        let mut errors: Errors = Vec::new();
        for (error, cause) in in_order.into_iter().flatten() {
            match errors.iter_mut().find(|(known, _)| *known == error) {
                // Where validation and a rule for updates say the same, the rule tells more.
                Some((_, known)) => {
                    if matches!(cause, Cause::Update(_)) {
                        *known = cause;
                    }
                }
                None => errors.push((error, cause)),
            }
        }
        errors
    }

    /// The errors of validation. Rules of a definition may compare an update with what is stored, `old`.
    pub(super) fn validate(
        &self,
        operation: validation::Operation,
        key: &ObjectKey,
        old: Option<&Node>,
        root: &mut Node,
    ) -> Errors {
        if self.trusts || self.assumptions.skips_validation {
            return Vec::new();
        }
        if (key.group.as_str(), key.kind.as_str()) == ("batch", "Job") {
            let mut manifest = strategy::without_generated_selector(&uid(key), root);
            return self.errors(&mut manifest, |object, version| validate_for(operation, object, version));
        }
        let definition =
            if Served::is_reserved(&key.group) { None } else { self.definition(&key.group, &key.kind) };
        self.errors(root, |object, version| match (definition, old) {
            (Some(definition), Some(old)) => validate_custom_update(object, old, definition, version),
            (Some(definition), None) => validate_custom(object, definition, version),
            (None, _) => validate_for(operation, object, version),
        })
    }

    /// The errors of a function of validation; the object is borrowed for it only.
    pub(super) fn errors(
        &self,
        root: &mut Node,
        validate: impl FnOnce(&Object, Version) -> Vec<Finding>,
    ) -> Errors {
        let object = codec::as_object(std::mem::replace(root, Node::bare(Value::Null)));
        let findings = validate(&object, self.version);
        *root = object.into_root();
        findings
            .into_iter()
            .filter(|finding| finding.severity() == plimsoll_diag::Severity::Error)
            .map(|finding| by_kind(values::complete(finding.error, root, self.version)))
            .collect()
    }
}
