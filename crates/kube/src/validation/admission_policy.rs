//! Admission policies and their bindings: `pkg/apis/admissionregistration/validation`. Expressions in CEL
//! are compiled; those that build patches are not looked into.

use super::metadata::label_selector;
use super::webhook::{match_conditions, one_of, operations};
use super::{At, Context, expression};
use crate::admission::declarations::Declarations;
use crate::cel::{self, Type};
use crate::names;
use std::collections::BTreeSet;

/// `validateValidatingAdmissionPolicySpec`.
pub(super) fn validating_policy(root: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_AUDIT_ANNOTATIONS: usize = 20;

    let spec = root.field("spec");
    let declared = policy(&spec, cx);
    let known = declared.of_expressions();
    let (validations, audits) = (spec.field("validations"), spec.field("auditAnnotations"));
    if validations.is_empty() && audits.is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        cx.required(&validations, detail);
        return cx.required(&audits, detail);
    }
    for validation in validations.items() {
        self::validation(&validation, &declared, cx);
    }
    if audits.len() > MAX_AUDIT_ANNOTATIONS {
        cx.invalid(&audits, format_args!("must not have more than {MAX_AUDIT_ANNOTATIONS} auditAnnotations"));
    }
    let name = root.field("metadata.name");
    let mut seen = BTreeSet::new();
    for audit in audits.items() {
        let (key, value) = (audit.field("key"), audit.field("valueExpression"));
        if name.text().is_empty() {
            cx.invalid(&key, "requires metadata.name be non-empty");
        } else {
            cx.invalid_each(&key, names::qualified_name(&format!("{}/{}", name.text(), key.text())));
        }
        if value.text().trim().is_empty() {
            cx.required(&value, "valueExpression is not specified");
        }
        expression::compile(&value, "compilation failed", &known, &Type::String, cx);
        if !seen.insert(key.text()) {
            cx.duplicate(&key);
        }
    }
}

/// `validateMutatingAdmissionPolicySpec`.
pub(super) fn mutating_policy(root: &At<'_, '_>, cx: &mut Context<'_>) {
    const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "UPDATE"];

    let spec = root.field("spec");
    let declared = policy(&spec, cx);
    let rules = spec.field("matchConstraints.resourceRules");
    // The server gives no index.
    let place = rules.field("operations");
    for rule in rules.items() {
        for operation in rule.field("operations").items() {
            one_of(&place.showing(&operation), OPERATIONS, cx);
        }
    }
    let mutations = spec.field("mutations");
    if mutations.is_empty() {
        cx.required(&mutations, "mutations must contain at least one item");
    }
    for mutation in mutations.items() {
        self::mutation(&mutation, &declared.of_expressions(), cx);
    }
    let policy = spec.field("reinvocationPolicy");
    if policy.text().is_empty() {
        cx.required(&policy, "");
    } else {
        one_of(&policy, &["IfNeeded", "Never"], cx);
    }
}

/// `validateValidatingAdmissionPolicyBindingSpec`.
pub(super) fn validating_binding(root: &At<'_, '_>, cx: &mut Context<'_>) {
    binding(root, cx);
    let actions = root.field("spec.validationActions");
    let mut seen = BTreeSet::new();
    for action in actions.items() {
        one_of(&action, &["Audit", "Deny", "Warn"], cx);
        if !seen.insert(action.text()) {
            cx.duplicate(&action);
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the \
                      API response and headers serves no purpose)";
        cx.invalid(&actions, detail);
    }
    if actions.is_empty() {
        cx.required(&actions, "at least one validation action is required");
    }
}

/// What bindings of both kinds have: `validateMutatingAdmissionPolicyBindingSpec`.
pub(super) fn binding(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let policy = spec.field("policyName");
    if policy.text().is_empty() {
        cx.required(&policy, "");
    } else {
        cx.form(&policy, names::dns1123_subdomain);
    }
    param_reference(&spec.field("paramRef"), cx);
    match_resources(&spec.field("matchResources"), cx);
}

/// What policies of both kinds have. Absent, the failure policy is `Fail`.
fn policy(spec: &At<'_, '_>, cx: &mut Context<'_>) -> Declarations {
    let mut declared = Declarations::new(spec.field("paramKind").is_set());
    one_of(&spec.field("failurePolicy"), &["Fail", "Ignore"], cx);
    let params = spec.field("paramKind");
    if params.is_set() {
        param_kind(&params, cx);
    }
    let constraints = spec.field("matchConstraints");
    if constraints.is_set() {
        match_resources(&constraints, cx);
        let rules = constraints.field("resourceRules");
        if rules.is_empty() {
            cx.required(&rules, "");
        }
    } else {
        cx.required(&constraints, "");
    }
    match_conditions(&spec.field("matchConditions"), &declared.of_match_conditions(), cx);
    let variables = spec.field("variables");
    for variable in variables.items() {
        let (name, expression) = (variable.field("name"), variable.field("expression"));
        if name.text().trim().is_empty() {
            cx.required(&name, "name is not specified");
        } else if !is_cel_identifier(name.text()) {
            cx.invalid(&name, "must be a valid CEL identifier");
        }
        if expression.text().trim().is_empty() {
            cx.required(&expression, "expression is not specified");
        }
        let known = declared.of_expressions();
        let compiled = expression::compile_typed(&expression, "compilation failed", &known, &Type::Dyn, cx);
        // What uses a variable that does not compile is not at fault.
        declared.declare(name.text(), compiled.map_or(Type::Dyn, |(_, ty)| ty));
    }
    declared
}

/// `validateParamKind`.
fn param_kind(params: &At<'_, '_>, cx: &mut Context<'_>) {
    let (version, kind) = (params.field("apiVersion"), params.field("kind"));
    match version.text().split('/').collect::<Vec<_>>()[..] {
        [""] => cx.required(&version, ""),
        [bare] => cx.invalid_each(&version, names::dns1035_label(bare)),
        [_, ""] => cx.invalid(&version, "version must be specified"),
        [group, bare] => {
            if !group.is_empty() {
                cx.invalid_each(&version, names::dns1123_subdomain(group));
            }
            cx.invalid_each(&version, names::dns1035_label(bare));
        }
        _ => cx.invalid(&version, format_args!("unexpected GroupVersion string: {}", version.text())),
    }
    if kind.text().is_empty() {
        cx.required(&kind, "");
    } else {
        cx.invalid_each(&kind, names::dns1035_label(&kind.text().to_lowercase()));
    }
}

/// `validateMatchResources`, after defaults.
fn match_resources(resources: &At<'_, '_>, cx: &mut Context<'_>) {
    one_of(&resources.field("matchPolicy"), &["Equivalent", "Exact"], cx);
    label_selector(&resources.field("namespaceSelector"), cx);
    label_selector(&resources.field("objectSelector"), cx);
    for list in ["resourceRules", "excludeResourceRules"] {
        let rules = resources.field(list);
        for rule in rules.items() {
            let resource_names = rule.field("resourceNames");
            let mut seen = BTreeSet::new();
            for name in resource_names.items() {
                cx.form(&name, names::path_segment_name);
                if !seen.insert(name.text()) {
                    cx.duplicate(&name);
                }
            }
            operations(&rule, cx);
        }
    }
}

/// `validateParamRef`.
fn param_reference(reference: &At<'_, '_>, cx: &mut Context<'_>) {
    const EXCLUSIVE: &str = "name and selector are mutually exclusive";

    if !reference.is_set() {
        return;
    }
    let (name, selector) = (reference.field("name"), reference.field("selector"));
    if !name.text().is_empty() {
        cx.form(&name, names::path_segment_name);
    }
    label_selector(&selector, cx);
    match (name.text().is_empty(), selector.is_set()) {
        (false, true) => {
            cx.forbidden(&name, EXCLUSIVE);
            cx.forbidden(&selector, EXCLUSIVE);
        }
        (true, false) => cx.required(reference, "one of name or selector must be specified"),
        _ => {}
    }
    let action = reference.field("parameterNotFoundAction");
    if action.text().is_empty() {
        cx.required(&action, "");
    } else {
        one_of(&action, &["Deny", "Allow"], cx);
    }
}

/// `validateValidation`.
fn validation(validation: &At<'_, '_>, declared: &Declarations, cx: &mut Context<'_>) {
    let (expression, message) = (validation.field("expression"), validation.field("message"));
    if expression.text().trim().is_empty() {
        cx.required(&expression, "expression is not specified");
    }
    expression::compile(&expression, "compilation failed", &declared.of_expressions(), &Type::Bool, cx);
    expression::compile(
        &validation.field("messageExpression"),
        "compilation failed",
        &declared.of_messages(),
        &Type::String,
        cx,
    );
    for field in [&validation.field("messageExpression"), &message] {
        if !field.text().is_empty() && field.text().trim().is_empty() {
            cx.invalid(field, "must be non-empty if specified");
        }
    }
    if message.text().trim().contains(['\n', '\r']) {
        cx.invalid(&message, "must not contain line breaks");
    }
    // `Unauthorized` is in the API and not among these.
    one_of(&validation.field("reason"), &["Forbidden", "Invalid", "RequestEntityTooLarge"], cx);
}

/// `validateMutation`: the patch is of the type that is said.
fn mutation(mutation: &At<'_, '_>, known: &[(&str, Type<'_>)], cx: &mut Context<'_>) {
    let kind = mutation.field("patchType");
    let (patch, apply) = (mutation.field("jsonPatch"), mutation.field("applyConfiguration"));
    let (wanted, other) = match kind.text() {
        "" => return cx.required(&kind, ""),
        "JSONPatch" => (patch, apply),
        "ApplyConfiguration" => (apply, patch),
        _ => return cx.not_supported(&kind, &["ApplyConfiguration", "JSONPatch"]),
    };
    if !wanted.is_set() {
        cx.required(&wanted, format_args!("must be specified when patchType is {}", kind.text()));
    } else if wanted.field("expression").text().trim().is_empty() {
        cx.required(&wanted.field("expression"), "expression is not specified");
    }
    expression::compile(&wanted.field("expression"), "compilation failed", known, &Type::Dyn, cx);
    if other.is_set() {
        cx.invalid(&other, format_args!("must not be specified when patchType is {}", kind.text()));
    }
}

/// `isCELIdentifier`.
fn is_cel_identifier(name: &str) -> bool {
    names::c_identifier(name).is_empty() && !cel::is_reserved(name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    fn object(kind: &str, spec: &str) -> Vec<String> {
        let findings = list_findings(&format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
        ));
        findings.iter().map(|line| line.replace("spec.", "")).collect()
    }

    const RULE: &str = "matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], \
                        operations: [CREATE], resources: [pods]}]}";

    #[test]
    fn expressions_are_compiled() {
        let policy = |rest: &str| object("ValidatingAdmissionPolicy", &format!("{RULE}, {rest}"));
        check(
            policy,
            &[
                ("validations: [{expression: 'object.spec.replicas <= 3 && has(request.userInfo)'}]", &[]),
                (
                    "validations: [{expression: 'object.spec.replicas <= limit'}]",
                    &["validations[0].expression invalid-value"],
                ),
                ("validations: [{expression: '1'}]", &["validations[0].expression invalid-value"]),
                (
                    "variables: [{name: a, expression: '1'}, {name: b, expression: variables.a + variables.c}], \
                     validations: [{expression: variables.a == variables.b}]",
                    &["variables[1].expression invalid-value"],
                ),
                (
                    "paramKind: {apiVersion: v1, kind: ConfigMap}, validations: [{expression: params.data.x == 'a', \
                     messageExpression: '1 + 1'}]",
                    &["validations[0].messageExpression invalid-value"],
                ),
                ("validations: [{expression: params == null}]", &["validations[0].expression invalid-value"]),
                (
                    "matchConditions: [{name: a, expression: variables.a}], validations: [{expression: \
                     authorizer.group('').resource('pods').check('get').allowed()}]",
                    &["matchConditions[0].expression invalid-value"],
                ),
                (
                    "validations: [{expression: 'true'}], auditAnnotations: [{key: a, valueExpression: string(1)}, {key: b, \
                     valueExpression: '1'}]",
                    &["auditAnnotations[1].valueExpression invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn validating() {
        check(
            |spec| object("ValidatingAdmissionPolicy", spec),
            &[
                (&format!("{RULE}, validations: [{{expression: 'true'}}]"), &[]),
                ("", &["auditAnnotations required", "matchConstraints required", "validations required"]),
                (
                    &format!("{RULE}, failurePolicy: fail, validations: [{{message: ' '}}]"),
                    &[
                        "failurePolicy unsupported-value",
                        "validations[0].expression required",
                        "validations[0].message invalid-value",
                    ],
                ),
                (
                    &format!(
                        "{RULE}, paramKind: {{apiVersion: a/b/c}}, variables: [{{name: in}}], \
                         validations: [{{expression: 'true', reason: Because}}]"
                    ),
                    &[
                        "paramKind.apiVersion invalid-value",
                        "paramKind.kind required",
                        "validations[0].reason unsupported-value",
                        "variables[0].expression required",
                        "variables[0].name invalid-value",
                    ],
                ),
                (
                    &format!(
                        "{RULE}, auditAnnotations: [{{key: a b, valueExpression: string(1)}}, {{key: a b}}]"
                    ),
                    &[
                        "auditAnnotations[0].key invalid-value",
                        "auditAnnotations[1].key duplicate-value",
                        "auditAnnotations[1].key invalid-value",
                        "auditAnnotations[1].valueExpression required",
                    ],
                ),
                (
                    "matchConstraints: {resourceRules: []}, validations: [{expression: 'true'}]",
                    &["matchConstraints.resourceRules required"],
                ),
            ],
        );
    }

    #[test]
    fn mutating() {
        check(
            |spec| object("MutatingAdmissionPolicy", spec),
            &[
                (
                    &format!(
                        "{RULE}, reinvocationPolicy: Never, \
                         mutations: [{{patchType: JSONPatch, jsonPatch: {{expression: '[]'}}}}]"
                    ),
                    &[],
                ),
                (RULE, &["mutations required", "reinvocationPolicy required"]),
                (
                    &format!(
                        "{}, reinvocationPolicy: Never, mutations: [{{patchType: JSONPatch, applyConfiguration: {{}}}}]",
                        RULE.replace("CREATE", "DELETE")
                    ),
                    &[
                        "matchConstraints.resourceRules.operations unsupported-value",
                        "mutations[0].applyConfiguration invalid-value",
                        "mutations[0].jsonPatch required",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn bindings() {
        check(
            |spec| object("ValidatingAdmissionPolicyBinding", spec),
            &[
                ("policyName: a, validationActions: [Deny, Audit]", &[]),
                ("", &["policyName required", "validationActions required"]),
                (
                    "policyName: a, validationActions: [Deny, Warn, Warn, Log]",
                    &[
                        "validationActions invalid-value",
                        "validationActions[2] duplicate-value",
                        "validationActions[3] unsupported-value",
                    ],
                ),
                (
                    "policyName: a, validationActions: [Deny], paramRef: {name: a, selector: {}}",
                    &[
                        "paramRef.name forbidden",
                        "paramRef.parameterNotFoundAction required",
                        "paramRef.selector forbidden",
                    ],
                ),
            ],
        );
    }
}
