//! What extends the API server: webhook configurations (`pkg/apis/admissionregistration/validation`) and
//! aggregated servers.

use super::metadata::label_selector;
use super::{At, Context, expression};
use crate::admission::declarations;
use crate::cel::Type;
use crate::names;
use std::collections::BTreeSet;

/// `ValidateMutatingWebhookConfiguration` and `ValidateValidatingWebhookConfiguration`. Match conditions are
/// not compiled.
pub(super) fn configuration(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let webhooks = root.field("webhooks");
    let mut seen = BTreeSet::new();
    for hook in webhooks.items() {
        webhook(&hook, cx);
        let name = hook.field("name");
        if !name.text().is_empty() && !seen.insert(name.text()) {
            cx.duplicate(&name);
        }
    }
}

/// `validateValidatingWebhook`, `validateMutatingWebhook` and `validateAdmissionReviewVersions`.
fn webhook(hook: &At<'_, '_>, cx: &mut Context<'_>) {
    let name = hook.field("name");
    if name.text().is_empty() {
        cx.required(&name, "");
    } else {
        cx.form(&name, names::fully_qualified_name);
    }
    let rules = hook.field("rules");
    for rule in rules.items() {
        operations(&rule, cx);
    }
    for (field, supported) in [
        ("failurePolicy", ["Fail", "Ignore"]),
        ("matchPolicy", ["Equivalent", "Exact"]),
        ("reinvocationPolicy", ["IfNeeded", "Never"]),
    ] {
        one_of(&hook.field(field), &supported, cx);
    }
    let effects = hook.field("sideEffects");
    if effects.is_set() {
        one_of(&effects, &["None", "NoneOnDryRun"], cx);
    } else {
        cx.required(&effects, "must specify one of None, NoneOnDryRun");
    }
    let timeout = hook.field("timeoutSeconds");
    if timeout.int().is_some_and(|seconds| !(1..=30).contains(&seconds)) {
        cx.invalid(&timeout, "the timeout value must be between 1 and 30 seconds");
    }
    label_selector(&hook.field("namespaceSelector"), cx);
    label_selector(&hook.field("objectSelector"), cx);
    client_config(&hook.field("clientConfig"), cx);
    match_conditions(&hook.field("matchConditions"), &declarations::of_request(), cx);

    review_versions(&hook.field("admissionReviewVersions"), "must specify one of v1, v1beta1", cx);
}

/// `validateAdmissionReviewVersions`, and `validateConversionReviewVersions` of definitions.
pub(super) fn review_versions(versions: &At<'_, '_>, missing: &str, cx: &mut Context<'_>) {
    if versions.is_empty() {
        return cx.required(versions, missing);
    }
    let mut seen = BTreeSet::new();
    for version in versions.items() {
        if seen.insert(version.text()) {
            cx.form(&version, names::dns1035_label);
        } else {
            cx.invalid(&version, "duplicate version");
        }
    }
    if !seen.contains("v1") && !seen.contains("v1beta1") {
        cx.invalid(versions, "must include at least one of v1, v1beta1");
    }
}

pub(super) fn one_of(field: &At<'_, '_>, supported: &[&str], cx: &mut Context<'_>) {
    if field.is_set() && !supported.contains(&field.text()) {
        cx.not_supported(field, supported);
    }
}

/// `validateRuleWithOperations`.
pub(super) fn operations(rule: &At<'_, '_>, cx: &mut Context<'_>) {
    const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    let operations = rule.field("operations");
    not_empty_nor_mixed(&operations, "operations", cx);
    for operation in operations.items() {
        one_of(&operation, OPERATIONS, cx);
    }
    let (groups, versions) = (rule.field("apiGroups"), rule.field("apiVersions"));
    not_empty_nor_mixed(&groups, "API groups", cx);
    not_empty_nor_mixed(&versions, "API versions", cx);
    for version in versions.items() {
        if version.text().is_empty() {
            cx.required(&version, "");
        }
    }
    rule_resources(&rule.field("resources"), cx);
    one_of(&rule.field("scope"), &["*", "Cluster", "Namespaced"], cx);
}

fn not_empty_nor_mixed(list: &At<'_, '_>, what: &str, cx: &mut Context<'_>) {
    if list.is_empty() {
        cx.required(list, "");
    }
    if list.len() > 1 && list.items().any(|item| item.text() == "*") {
        cx.invalid(list, format_args!("if '*' is present, must not specify other {what}"));
    }
}

/// `validateResources`.
fn rule_resources(resources: &At<'_, '_>, cx: &mut Context<'_>) {
    if resources.is_empty() {
        cx.required(resources, "");
    }
    let (mut whole_resources, mut whole_subresources) = (BTreeSet::new(), BTreeSet::new());
    let (mut everything, mut any, mut plain) = (false, false, false);
    for resource in resources.items() {
        let text = resource.text();
        if text.is_empty() {
            cx.required(&resource, "");
            continue;
        }
        everything |= text == "*/*";
        any |= text == "*";
        let Some((name, sub)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        if whole_resources.contains(name) {
            cx.invalid(&resource, format_args!("if '{name}/*' is present, must not specify {text}"));
        }
        if whole_subresources.contains(sub) {
            cx.invalid(&resource, format_args!("if '*/{sub}' is present, must not specify {text}"));
        }
        if sub == "*" {
            whole_resources.insert(name);
        }
        if name == "*" {
            whole_subresources.insert(sub);
        }
    }
    if resources.len() > 1 && everything {
        cx.invalid(resources, "if '*/*' is present, must not specify other resources");
    }
    if any && plain {
        cx.invalid(resources, "if '*' is present, must not specify other resources without subresources");
    }
}

/// The webhook's address: `ValidateWebhookURL` and `ValidateWebhookService`.
pub(super) fn client_config(config: &At<'_, '_>, cx: &mut Context<'_>) {
    let (url, service) = (config.field("url"), config.field("service"));
    if url.is_set() == service.is_set() {
        cx.required(config, "exactly one of url or service is required");
    } else if url.is_set() {
        let text = url.text();
        match text.strip_prefix("https://") {
            None => cx
                .invalid(&url, "'https' is the only allowed URL scheme; desired format: https://host[/path]"),
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (host, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
                if host.is_empty() {
                    cx.invalid(&url, "host must be specified; desired format: https://host[/path]");
                }
                if host.contains('@') {
                    cx.invalid(&url, "user information is not permitted in the URL");
                }
                if rest.contains('#') {
                    cx.invalid(&url, "fragments are not permitted in the URL");
                }
                if rest.contains('?') {
                    cx.invalid(&url, "query parameters are not permitted in the URL");
                }
            }
        }
    } else {
        webhook_service(&service, cx);
    }
}

fn webhook_service(service: &At<'_, '_>, cx: &mut Context<'_>) {
    for (field, reason) in
        [("name", "service name is required"), ("namespace", "service namespace is required")]
    {
        let field = service.field(field);
        if field.text().is_empty() {
            cx.required(&field, reason);
        }
    }
    let port = service.field("port");
    if port.int().is_some_and(|number| !(1..=65535).contains(&number)) {
        cx.invalid(&port, "port is not valid: must be between 1 and 65535, inclusive");
    }
    let path = service.field("path");
    let text = path.text();
    if matches!(text, "" | "/") {
        return;
    }
    let Some(steps) = text.strip_prefix('/') else {
        cx.invalid(&path, "must start with a '/'");
        return;
    };
    let steps = steps.strip_suffix('/').unwrap_or(steps);
    for (index, step) in steps.split('/').enumerate() {
        if step.is_empty() {
            cx.invalid(&path, format_args!("segment[{index}] may not be empty"));
            continue;
        }
        for complaint in names::dns1123_subdomain(step) {
            cx.invalid(&path, format_args!("segment[{index}]: {complaint}"));
        }
    }
}

/// `validateMatchConditions`; `variables` is what the expressions know.
pub(super) fn match_conditions(
    conditions: &At<'_, '_>,
    variables: &[(&str, Type<'_>)],
    cx: &mut Context<'_>,
) {
    if conditions.len() > 64 {
        cx.too_many(conditions, 64);
    }
    let mut seen = BTreeSet::new();
    for condition in conditions.items() {
        let (name, expression) = (condition.field("name"), condition.field("expression"));
        if expression.text().trim().is_empty() {
            cx.required(&expression, "");
        }
        expression::compile(&expression, "compilation failed", variables, &Type::Bool, cx);
        if name.text().is_empty() {
            cx.required(&name, "");
        } else {
            cx.form(&name, names::qualified_name);
            if !seen.insert(name.text()) {
                cx.duplicate(&name);
            }
        }
    }
}

/// `ValidateAPIService` (`kube-aggregator/pkg/apis/apiregistration/validation`).
pub(super) fn api_service(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let (metadata, spec) = (root.field("metadata"), root.field("spec"));
    let (group, version) = (spec.field("group"), spec.field("version"));
    let name = metadata.field("name");
    if !name.text().is_empty() && name.text().split_once('.') != Some((version.text(), group.text())) {
        cx.invalid(
            &name,
            format_args!("must be `spec.version+\".\"+spec.group`: \"{}.{}\"", version.text(), group.text()),
        );
    }
    if !group.text().is_empty() {
        cx.form(&group, names::dns1123_subdomain);
    } else if version.text() != "v1" {
        cx.required(&group, "only v1 may have an empty group and it better be legacy kube");
    }
    cx.form(&version, names::dns1035_label);
    for (field, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let field = spec.field(field);
        if !(1..=most).contains(&field.int().unwrap_or(0)) {
            cx.invalid(&field, format_args!("must be positive and less than {most}"));
        }
    }
    let (service, bundle) = (spec.field("service"), spec.field("caBundle"));
    let insecure = spec.field("insecureSkipTLSVerify");
    if service.is_set() {
        for field in ["namespace", "name"] {
            let field = service.field(field);
            if field.text().is_empty() {
                cx.required(&field, "");
            }
        }
        let port = service.field("port");
        // 443 by default.
        if let Some(number) = port.int() {
            cx.invalid_each(&port, names::port_number(number));
        }
        if insecure.flag() && !bundle.text().is_empty() {
            cx.invalid(&insecure, "may not be true if caBundle is present");
        }
    } else {
        if !bundle.text().is_empty() {
            cx.invalid_key(&bundle, "...", Some(bundle.span()), "local APIServices may not have a caBundle");
        }
        if insecure.flag() {
            cx.invalid(&insecure, "local APIServices may not have insecureSkipTLSVerify");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    fn hook(hook: &str) -> Vec<String> {
        let findings = list_findings(&format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\n\
             metadata: {{name: a}}\nwebhooks: [{{{hook}}}]\n"
        ));
        findings.iter().map(|line| line.replace("webhooks[0].", "")).collect()
    }

    #[test]
    fn webhooks() {
        let good = "name: a.b.c, sideEffects: None, admissionReviewVersions: [v1]";
        let service = "clientConfig: {service: {name: a, namespace: b}}";
        let rule = "apiGroups: [''], apiVersions: [v1], operations: [CREATE]";
        check(
            hook,
            &[
                (&format!("{good}, {service}, rules: [{{{rule}, resources: [pods]}}]"), &[]),
                (
                    &format!("{good}, {service}, rules: [{{{rule}, resources: ['*', pods]}}]"),
                    &["rules[0].resources invalid-value"],
                ),
                (
                    &format!("{good}, {service}, rules: [{{{rule}, resources: [pods/*, pods/a]}}]"),
                    &["rules[0].resources[1] invalid-value"],
                ),
                (
                    &format!("{good}, {service}, timeoutSeconds: 31, failurePolicy: fail"),
                    &["failurePolicy unsupported-value", "timeoutSeconds invalid-value"],
                ),
                (&format!("{good}, clientConfig: {{}}"), &["clientConfig required"]),
                (&format!("{good}, clientConfig: {{url: 'http://a'}}"), &["clientConfig.url invalid-value"]),
                (
                    &format!("{good}, clientConfig: {{url: 'https://a/b?c'}}"),
                    &["clientConfig.url invalid-value"],
                ),
                (
                    &format!("{good}, clientConfig: {{service: {{name: a, path: b}}}}"),
                    &["clientConfig.service.namespace required", "clientConfig.service.path invalid-value"],
                ),
                (
                    &format!("name: a.b, {service}"),
                    &["admissionReviewVersions required", "name invalid-value", "sideEffects required"],
                ),
                (
                    &format!("name: a.b.c, {service}, sideEffects: Some, admissionReviewVersions: [v2, v2]"),
                    &[
                        "admissionReviewVersions invalid-value",
                        "admissionReviewVersions[1] invalid-value",
                        "sideEffects unsupported-value",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn aggregated_servers() {
        let server = |name: &str, rest: &str| {
            list_findings(&format!(
                "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {{name: {name}}}\n\
                 spec: {{group: a.b, version: v1, groupPriorityMinimum: 100, versionPriority: 100{rest}}}\n"
            ))
        };
        let service = ", service: {name: a, namespace: b}, insecureSkipTLSVerify: true";
        assert_eq!(server("v1.a.b", service), Vec::<String>::new());
        assert_eq!(server("a.b", service), ["metadata.name invalid-value"]);
        assert_eq!(
            server("v1.a.b", ", insecureSkipTLSVerify: true"),
            ["spec.insecureSkipTLSVerify invalid-value"]
        );
        assert_eq!(
            server("v1.a.b", ", service: {name: a, port: 0}"),
            ["spec.service.namespace required", "spec.service.port invalid-value"]
        );
    }
}
