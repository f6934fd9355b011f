//! Priority and fairness of requests: `pkg/apis/flowcontrol/validation`. The fixed specs of the objects that the server
//! itself keeps (`exempt`, `catch-all`) are not compared.

use super::{At, Context};
use crate::names;
use std::collections::BTreeSet;

const VERBS: [&str; 9] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

/// `ValidateFlowSchema`.
pub(super) fn flow_schema(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let precedence = spec.field("matchingPrecedence");
    match precedence.int().unwrap_or_default() {
        number if number < 0 => cx.invalid(&precedence, "must be a positive value"),
        10_001.. => cx.invalid(&precedence, "must not be greater than 10000"),
        // 0 takes the default: 1000.
        1 if root.field("metadata.name").text() != "exempt" => {
            cx.invalid(&precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        }
        _ => {}
    }
    let method = spec.field("distinguisherMethod");
    if method.is_set() && !matches!(method.field("type").text(), "ByNamespace" | "ByUser") {
        cx.not_supported(&method.field("type"), &["ByNamespace", "ByUser"]);
    }
    let level = spec.field("priorityLevelConfiguration.name");
    if level.text().is_empty() {
        cx.required(&level, "must reference a priority level");
    } else {
        cx.form(&level, names::dns1123_subdomain);
    }
    for rule in spec.field("rules").items() {
        policy_rule(&rule, cx);
    }
    conditions(root, cx);
}

/// `ValidateFlowSchemaPolicyRulesWithSubjects`.
fn policy_rule(rule: &At<'_, '_>, cx: &mut Context<'_>) {
    let subjects = rule.field("subjects");
    if subjects.is_empty() {
        cx.required(&subjects, "subjects must contain at least one value");
    }
    for one in subjects.items() {
        subject(&one, cx);
    }
    let (resources, others) = (rule.field("resourceRules"), rule.field("nonResourceRules"));
    if resources.is_empty() && others.is_empty() {
        cx.required(rule, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for one in resources.items() {
        resource_rule(&one, cx);
    }
    for one in others.items() {
        non_resource_rule(&one, cx);
    }
}

/// `ValidateFlowSchemaSubject`.
fn subject(subject: &At<'_, '_>, cx: &mut Context<'_>) {
    const KINDS: [(&str, &str); 3] =
        [("Group", "group"), ("ServiceAccount", "serviceAccount"), ("User", "user")];
    let kind = subject.field("kind");
    let Some((kind, own)) = KINDS.into_iter().find(|(name, _)| *name == kind.text()) else {
        cx.not_supported(&kind, &KINDS.map(|(name, _)| name));
        return;
    };
    let details = subject.field(own);
    let name = details.field("name");
    if !details.is_set() {
        cx.required(&details, format_args!("{own} is required when subject kind is '{kind}'"));
    } else if name.text().is_empty() {
        cx.required(&name, "");
    } else if own == "serviceAccount" && name.text() != "*" {
        cx.form(&name, names::dns1123_subdomain);
    }
    if details.is_set() && own == "serviceAccount" {
        let namespace = details.field("namespace");
        if namespace.text().is_empty() {
            cx.required(&namespace, "must specify namespace for service account");
        } else {
            cx.form(&namespace, names::dns1123_label);
        }
    }
    for (kind, other) in KINDS.into_iter().filter(|(_, other)| *other != own) {
        let other_at = subject.field(other);
        if other_at.is_set() {
            cx.forbidden(&other_at, format_args!("{other} is forbidden when subject kind is not '{kind}'"));
        }
    }
}

/// `ValidateFlowSchemaResourcePolicyRule`.
fn resource_rule(rule: &At<'_, '_>, cx: &mut Context<'_>) {
    verbs(&rule.field("verbs"), cx);
    let groups = rule.field("apiGroups");
    if groups.is_empty() {
        cx.required(&groups, "resource rules must supply at least one api group");
    }
    lonely_wildcard(&groups, "api groups", cx);
    let resources = rule.field("resources");
    if resources.is_empty() {
        cx.required(&resources, "resource rules must supply at least one resource");
    }
    lonely_wildcard(&resources, "resources", cx);
    let namespaces = rule.field("namespaces");
    if namespaces.is_empty() && !rule.field("clusterScope").flag() {
        let detail = "resource rules that are not cluster scoped must supply at least one namespace";
        cx.required(&namespaces, detail);
    } else if !lonely_wildcard(&namespaces, "namespaces", cx) {
        for namespace in namespaces.items() {
            for complaint in names::dns1123_label(namespace.text()) {
                let detail = "each member of this list must be '*' or a DNS-1123 label";
                cx.invalid(&namespace, format_args!("{detail}; {complaint}"));
            }
        }
    }
}

/// `ValidateFlowSchemaNonResourcePolicyRule`.
fn non_resource_rule(rule: &At<'_, '_>, cx: &mut Context<'_>) {
    verbs(&rule.field("verbs"), cx);
    let urls = rule.field("nonResourceURLs");
    if urls.is_empty() {
        cx.required(&urls, "nonResourceURLs must contain at least one value");
    } else if !lonely_wildcard(&urls, "non-resource URLs", cx) {
        for url in urls.items() {
            if let Some(complaint) = url_complaint(url.text()) {
                cx.invalid(&url, complaint);
            }
        }
    }
}

/// `ValidateNonResourceURLPath`.
fn url_complaint(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("must not be empty")
    } else if path == "/" {
        None
    } else if !path.starts_with('/') {
        Some("must start with slash")
    } else if path.contains(' ') {
        Some("must not contain white-space")
    } else if path.contains("//") {
        Some("must not contain double slash")
    } else {
        let wildcards = path.matches('*').count();
        let is_suffix = wildcards == 1 && path.ends_with("/*");
        (wildcards > 0 && !is_suffix).then_some("wildcard can only do suffix matching")
    }
}

fn verbs(verbs: &At<'_, '_>, cx: &mut Context<'_>) {
    if verbs.is_empty() {
        cx.required(verbs, "verbs must contain at least one value");
    } else if !lonely_wildcard(verbs, "verbs", cx) && verbs.items().any(|verb| !VERBS.contains(&verb.text()))
    {
        cx.not_supported(verbs, &VERBS);
    }
}

/// Whether a list holds the wildcard, which has to be its only item.
fn lonely_wildcard(list: &At<'_, '_>, what: &str, cx: &mut Context<'_>) -> bool {
    let has_wildcard = list.items().any(|item| item.text() == "*");
    if has_wildcard && list.len() > 1 {
        cx.invalid(list, format_args!("if '*' is present, must not specify other {what}"));
    }
    has_wildcard
}

/// `ValidatePriorityLevelConfiguration`.
pub(super) fn priority_level(root: &At<'_, '_>, cx: &mut Context<'_>) {
    const ROUNDTRIP: &str = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";
    let annotations = root.field("metadata.annotations");
    let is_v1beta3 = root.field("apiVersion").text().ends_with("/v1beta3");
    if !is_v1beta3 && annotations.key(ROUNDTRIP).key_span().is_some() {
        cx.forbidden(&annotations, format_args!("annotation '{ROUNDTRIP}' is forbidden"));
    }
    let spec = root.field("spec");
    let (kind, exempt, limited) = (spec.field("type"), spec.field("exempt"), spec.field("limited"));
    if (root.field("metadata.name").text() == "exempt") != (kind.text() == "Exempt") {
        cx.invalid(&kind, "must be 'Exempt' if and only if `name` is 'exempt'");
    }
    match kind.text() {
        "Exempt" => {
            if limited.is_set() {
                cx.forbidden(&limited, "must be nil if the type is not Limited");
            }
            shares(&exempt, cx);
        }
        "Limited" => {
            if exempt.is_set() {
                cx.forbidden(&exempt, "must be nil if the type is Limited");
            }
            if limited.is_set() {
                limited_level(&limited, cx);
            } else {
                cx.required(&limited, "must not be empty when type is Limited");
            }
        }
        _ => cx.not_supported(&kind, &["Exempt", "Limited"]),
    }
    conditions(root, cx);
}

/// `ValidateLimitedPriorityLevelConfiguration`.
fn limited_level(limited: &At<'_, '_>, cx: &mut Context<'_>) {
    shares(limited, cx);
    let borrowing = limited.field("borrowingLimitPercent");
    if borrowing.int().is_some_and(|percent| percent < 0) {
        cx.invalid(&borrowing, "if specified, must be a non-negative integer");
    }
    let response = limited.field("limitResponse");
    let (kind, queuing) = (response.field("type"), response.field("queuing"));
    match kind.text() {
        "Reject" => {
            if queuing.is_set() {
                cx.forbidden(&queuing, "must be nil if limited.limitResponse.type is not Limited");
            }
        }
        "Queue" if queuing.is_set() => queuing_configuration(&queuing, cx),
        "Queue" => cx.required(&queuing, "must not be empty if limited.limitResponse.type is Limited"),
        _ => cx.not_supported(&kind, &["Queue", "Reject"]),
    }
}

/// What levels of both types have.
fn shares(level: &At<'_, '_>, cx: &mut Context<'_>) {
    // `v1beta3` and later.
    let shares = level.field("nominalConcurrencyShares");
    if shares.int().is_some_and(|shares| shares < 0) {
        cx.invalid(&shares, "must be a non-negative integer");
    }
    let lendable = level.field("lendablePercent");
    if lendable.int().is_some_and(|percent| !(0..=100).contains(&percent)) {
        cx.invalid(&lendable, "must be between 0 and 100, inclusive");
    }
}

/// `ValidatePriorityLevelQueuingConfiguration`.
fn queuing_configuration(queuing: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_QUEUES: i64 = 10_000_000;
    const MAX_HASH_BITS: f64 = 60.0;
    // Zero takes the default (`SetDefaults_QueuingConfiguration`).
    let or = |at: &At<'_, '_>, default: i64| at.int().filter(|number| *number != 0).unwrap_or(default);
    let (length, queues_at, hand_at) =
        (queuing.field("queueLengthLimit"), queuing.field("queues"), queuing.field("handSize"));
    if or(&length, 50) < 0 {
        cx.invalid(&length, "must be positive");
    }
    let (queues, hand) = (or(&queues_at, 64), or(&hand_at, 8));
    if queues < 0 {
        cx.invalid(&queues_at, "must be positive");
    } else if queues > MAX_QUEUES {
        cx.invalid(&queues_at, format_args!("must not be greater than {MAX_QUEUES}"));
    }
    if hand < 0 {
        cx.invalid(&hand_at, "must be positive");
    } else if hand > queues {
        cx.invalid(&hand_at, format_args!("should not be greater than queues ({queues})"));
    } else {
        #[expect(clippy::cast_precision_loss, reason = "the server computes with floats")]
        let bits = ((queues as f64).log2() * hand as f64).ceil();
        if bits > MAX_HASH_BITS {
            let detail = format!(
                "required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {MAX_HASH_BITS}"
            );
            cx.invalid(&hand_at, detail);
        }
    }
}

/// `ValidateFlowSchemaStatus`, `ValidatePriorityLevelConfigurationStatus`.
fn conditions(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut seen = BTreeSet::new();
    for condition in root.field("status.conditions").items() {
        let kind = condition.field("type");
        if !seen.insert(kind.text()) {
            cx.duplicate(&kind);
        }
        if kind.text().is_empty() {
            cx.required(&kind, "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    #[test]
    fn flow_schemas() {
        let schema = |spec: &str| {
            list_findings(&format!(
                "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\nmetadata: {{name: a}}\n\
                 spec: {{priorityLevelConfiguration: {{name: p}}, {spec}}}\n"
            ))
        };
        let rule = |rule: &str| schema(&format!("rules: [{{{rule}}}]"));
        let user = "subjects: [{kind: User, user: {name: a}}]";
        check(
            schema,
            &[
                ("", &[]),
                ("matchingPrecedence: 0", &[]),
                ("matchingPrecedence: -1", &["spec.matchingPrecedence invalid-value"]),
                ("matchingPrecedence: 1", &["spec.matchingPrecedence invalid-value"]),
                ("matchingPrecedence: 10001", &["spec.matchingPrecedence invalid-value"]),
                ("distinguisherMethod: {type: ByUser}", &[]),
                ("distinguisherMethod: {type: ByName}", &["spec.distinguisherMethod.type unsupported-value"]),
            ],
        );
        check(
            rule,
            &[
                ("", &["spec.rules[0].subjects required", "spec.rules[0] required"]),
                (
                    &format!(
                        "{user}, resourceRules: [{{verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*']}}]"
                    ),
                    &[],
                ),
                (
                    &format!(
                        "{user}, resourceRules: [{{verbs: [get, '*'], apiGroups: [], resources: [a, '*'], namespaces: []}}]"
                    ),
                    &[
                        "spec.rules[0].resourceRules[0].verbs invalid-value",
                        "spec.rules[0].resourceRules[0].apiGroups required",
                        "spec.rules[0].resourceRules[0].resources invalid-value",
                        "spec.rules[0].resourceRules[0].namespaces required",
                    ],
                ),
                (
                    &format!(
                        "{user}, resourceRules: [{{verbs: [fetch], apiGroups: [a], resources: [b], namespaces: [A]}}]"
                    ),
                    &[
                        "spec.rules[0].resourceRules[0].verbs unsupported-value",
                        "spec.rules[0].resourceRules[0].namespaces[0] invalid-value",
                    ],
                ),
                (
                    &format!(
                        "{user}, nonResourceRules: [{{verbs: [get], nonResourceURLs: [/, /healthz/*, healthz, /a//b, /a*, '/a b']}}]"
                    ),
                    &[
                        "spec.rules[0].nonResourceRules[0].nonResourceURLs[2] invalid-value",
                        "spec.rules[0].nonResourceRules[0].nonResourceURLs[3] invalid-value",
                        "spec.rules[0].nonResourceRules[0].nonResourceURLs[4] invalid-value",
                        "spec.rules[0].nonResourceRules[0].nonResourceURLs[5] invalid-value",
                    ],
                ),
                (
                    "subjects: [{kind: Robot}, {kind: Group}, {kind: ServiceAccount, serviceAccount: {name: '*'}, user: \
                     {name: u}}], nonResourceRules: [{verbs: ['*'], nonResourceURLs: ['*']}]",
                    &[
                        "spec.rules[0].subjects[0].kind unsupported-value",
                        "spec.rules[0].subjects[1].group required",
                        "spec.rules[0].subjects[2].serviceAccount.namespace required",
                        "spec.rules[0].subjects[2].user forbidden",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn priority_levels() {
        let level = |spec: &str| {
            list_findings(&format!(
                "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: PriorityLevelConfiguration\nmetadata: {{name: a}}\n\
                 spec: {{{spec}}}\n"
            ))
        };
        let queuing = |queuing: &str| {
            level(&format!(
                "type: Limited, limited: {{limitResponse: {{type: Queue, queuing: {{{queuing}}}}}}}"
            ))
        };
        check(
            level,
            &[
                ("type: Bogus", &["spec.type unsupported-value"]),
                ("type: Exempt", &["spec.type invalid-value"]),
                ("type: Limited", &["spec.limited required"]),
                ("type: Limited, limited: {limitResponse: {type: Reject}}", &[]),
                ("type: Limited, limited: {}", &["spec.limited.limitResponse.type unsupported-value"]),
                (
                    "type: Limited, exempt: {}, limited: {nominalConcurrencyShares: -1, lendablePercent: 101, \
                     borrowingLimitPercent: -1, limitResponse: {type: Reject, queuing: {}}}",
                    &[
                        "spec.exempt forbidden",
                        "spec.limited.nominalConcurrencyShares invalid-value",
                        "spec.limited.lendablePercent invalid-value",
                        "spec.limited.borrowingLimitPercent invalid-value",
                        "spec.limited.limitResponse.queuing forbidden",
                    ],
                ),
                (
                    "type: Limited, limited: {limitResponse: {type: Queue}}",
                    &["spec.limited.limitResponse.queuing required"],
                ),
            ],
        );
        check(
            queuing,
            &[
                ("", &[]),
                ("queues: 128, handSize: 6", &[]),
                (
                    "queues: 10000001, handSize: 1",
                    &["spec.limited.limitResponse.queuing.queues invalid-value"],
                ),
                ("queues: 4", &["spec.limited.limitResponse.queuing.handSize invalid-value"]),
                ("queues: 1024, handSize: 7", &["spec.limited.limitResponse.queuing.handSize invalid-value"]),
                (
                    "queues: -1, handSize: -1, queueLengthLimit: -1",
                    &[
                        "spec.limited.limitResponse.queuing.queues invalid-value",
                        "spec.limited.limitResponse.queuing.handSize invalid-value",
                        "spec.limited.limitResponse.queuing.queueLengthLimit invalid-value",
                    ],
                ),
            ],
        );
    }
}
