//! Where a pod may run: affinity, spreading, tolerations, gates.

use super::{At, Context, Holder, metadata, names, one_of_if_set};
use crate::Version;
use crate::gates::Feature;
use crate::validation::Texts;
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// `validateAffinity`.
pub(super) fn affinity(affinity: &At<'_, '_>, holder: Holder<'_, '_>, cx: &mut Context<'_>) {
    if !affinity.is_set() {
        return;
    }
    let node = affinity.field("nodeAffinity");
    let required = node.field("requiredDuringSchedulingIgnoredDuringExecution");
    if required.is_set() {
        node_selector(&required, cx);
    }
    for preferred in node.field("preferredDuringSchedulingIgnoredDuringExecution").items() {
        weight(&preferred.field("weight"), cx);
        // A preference for labels that cannot be is harmless, and taken.
        node_selector_term(&preferred.field("preference"), false, cx);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let kind = affinity.field(kind);
        for term in kind.field("requiredDuringSchedulingIgnoredDuringExecution").items() {
            pod_affinity_term(&term, holder, cx);
        }
        for preferred in kind.field("preferredDuringSchedulingIgnoredDuringExecution").items() {
            weight(&preferred.field("weight"), cx);
            pod_affinity_term(&preferred.field("podAffinityTerm"), holder, cx);
        }
    }
}

/// `ValidateNodeSelector`.
pub(in crate::validation) fn node_selector(selector: &At<'_, '_>, cx: &mut Context<'_>) {
    let terms = selector.field("nodeSelectorTerms");
    if terms.is_empty() {
        cx.required(&terms, "must have at least one node selector term");
    }
    for term in terms.items() {
        // Checking label values came with 1.33.
        node_selector_term(&term, cx.version >= Version::V1_33, cx);
    }
}

/// `validateSchedulingGates`.
pub(super) fn gates(gates: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut seen = Texts::default();
    for gate in gates.items() {
        let name = gate.field("name");
        let blamed = gate.showing(&name);
        cx.form(&blamed, names::qualified_name);
        if seen.repeats(name.text()) {
            cx.duplicate(&blamed);
        }
    }
}

/// `validateTopologySpreadConstraints`.
pub(super) fn spread_constraints(constraints: &At<'_, '_>, holder: Holder<'_, '_>, cx: &mut Context<'_>) {
    let kind = |constraint: &At<'_, '_>| {
        (
            constraint.field("topologyKey").text().to_owned(),
            constraint.field("whenUnsatisfiable").text().to_owned(),
        )
    };
    let mut left: BTreeMap<_, usize> = BTreeMap::new();
    for constraint in constraints.items() {
        *left.entry(kind(&constraint)).or_default() += 1;
    }
    for constraint in constraints.items() {
        positive(&constraint.field("maxSkew"), cx);
        let key = constraint.field("topologyKey");
        if key.text().is_empty() {
            cx.required(&key, "can not be empty");
        }
        let action = constraint.field("whenUnsatisfiable");
        if !["DoNotSchedule", "ScheduleAnyway"].contains(&action.text()) {
            cx.not_supported(&action, &["DoNotSchedule", "ScheduleAnyway"]);
        }
        // The server blames all but the last.
        let repeated = left.get_mut(&kind(&constraint)).is_some_and(|left| {
            *left -= 1;
            *left > 0
        });
        if repeated {
            let blamed = constraint.field("{topologyKey, whenUnsatisfiable}");
            let pair = format!("{{{}, {}}}", key.text(), constraint.field("whenUnsatisfiable").text());
            cx.duplicate_text(&blamed.showing(&key), &pair);
        }
        let domains = constraint.field("minDomains");
        if domains.is_set() {
            positive(&domains, cx);
            if action.text() != "DoNotSchedule" {
                let detail = format_args!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}",
                    action.text()
                );
                cx.invalid(&domains, detail);
            }
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            one_of_if_set(&constraint.field(policy), &["Honor", "Ignore"], cx);
        }
        let selector = constraint.field("labelSelector");
        if cx.gate(Feature::MatchLabelKeysInPodTopologySpreadSelectorMerge) {
            label_keys(&constraint, &selector, holder.pod_metadata(), cx);
        } else {
            spread_label_keys(&constraint, &selector, cx);
        }
        metadata::label_selector(&selector, cx);
    }
}

/// `ValidateTolerations`.
pub(in crate::validation) fn tolerations(tolerations: &At<'_, '_>, cx: &mut Context<'_>) {
    for toleration in tolerations.items() {
        let (key, operator) = (toleration.field("key"), toleration.field("operator"));
        let (value, effect) = (toleration.field("value"), toleration.field("effect"));
        if key.text().is_empty() {
            if operator.text() != "Exists" {
                let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
                cx.invalid(&operator, detail);
            }
        } else {
            cx.form(&key, names::qualified_name);
        }
        if toleration.field("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            cx.invalid(&effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }
        // The server blames the operator for the value.
        let blamed = if value.is_set() { operator.showing(&value) } else { operator };
        match operator.text() {
            "" | "Equal" => cx.invalid_each(&blamed, names::label_value(value.text())),
            "Exists" => {
                if !value.text().is_empty() {
                    cx.invalid(&blamed, "value must be empty when `operator` is 'Exists'");
                }
            }
            _ => cx.not_supported(&operator, &["Equal", "Exists"]),
        }
        if !effect.text().is_empty() {
            let effects = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
            one_of_if_set(&effect, effects, cx);
        }
    }
}

/// `ValidateTolerationsInPodAnnotations`: `annotations` is spelt as the server does.
pub(super) fn annotated_tolerations(annotations: &At<'_, '_>, cx: &mut Context<'_>) {
    const KEY: &str = "scheduler.alpha.kubernetes.io/tolerations";

    let annotation = annotations.key(KEY);
    if annotation.text().is_empty() {
        return;
    }
    match toleration_list(annotation.text(), annotation.span()) {
        Ok(list) => tolerations(&annotation.renamed(KEY).showing(&At::root(&list)), cx),
        Err(error) => cx.invalid_key(annotations, KEY, annotation.key_span(), error),
    }
}

/// `GetTolerationsFromPodAnnotations`: the list that is written in JSON, with keys in any case. Everything in it
/// stands at `span`.
fn toleration_list(text: &str, span: Span) -> Result<Node, String> {
    const FIELDS: [&str; 5] = ["key", "operator", "value", "effect", "tolerationSeconds"];

    let items: Option<Vec<Option<serde_json::Map<String, Json>>>> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut list = Vec::new();
    for item in items.unwrap_or_default() {
        let mut toleration = Map::new();
        for (key, value) in item.unwrap_or_default() {
            let Some(field) = FIELDS.into_iter().find(|field| field.eq_ignore_ascii_case(&key)) else {
                continue;
            };
            let is_number = field == "tolerationSeconds";
            let value = match value {
                Json::Null => continue,
                Json::String(text) if !is_number => Value::String(text),
                Json::Number(number) if is_number && number.is_i64() => {
                    Value::Int(number.as_i64().unwrap_or_default())
                }
                _ => return Err(format!("cannot unmarshal into `{field}`")),
            };
            toleration.insert(field, span, Node { value, span });
        }
        list.push(Node { value: Value::Map(toleration), span });
    }
    Ok(Node { value: Value::Seq(list), span })
}

fn weight(weight: &At<'_, '_>, cx: &mut Context<'_>) {
    if !(1..=100).contains(&weight.int().unwrap_or(0)) {
        cx.invalid(weight, "must be in the range 1-100");
    }
}

fn positive(number: &At<'_, '_>, cx: &mut Context<'_>) {
    if number.int().unwrap_or(0) <= 0 {
        cx.invalid(number, "must be greater than zero");
    }
}

/// `ValidateNodeSelectorTerm`; `strict` checks that nodes could have the label values.
fn node_selector_term(term: &At<'_, '_>, strict: bool, cx: &mut Context<'_>) {
    for requirement in term.field("matchExpressions").items() {
        metadata::requirement(&requirement, &["Gt", "Lt"], strict, cx);
    }
    for requirement in term.field("matchFields").items() {
        node_field_requirement(&requirement, cx);
    }
}

/// `ValidateNodeFieldSelectorRequirement`.
fn node_field_requirement(requirement: &At<'_, '_>, cx: &mut Context<'_>) {
    let (operator, values) = (requirement.field("operator"), requirement.field("values"));
    if !matches!(operator.text(), "In" | "NotIn") {
        cx.invalid(&operator, "not a valid selector operator");
    } else if values.len() != 1 {
        let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
        cx.required(&values, detail);
    }
    let key = requirement.field("key");
    if key.text() == "metadata.name" {
        for value in values.items() {
            cx.form(&value, names::dns1123_subdomain);
        }
    } else {
        cx.invalid(&key, "not a valid field selector key");
    }
}

/// `validatePodAffinityTerm`.
fn pod_affinity_term(term: &At<'_, '_>, holder: Holder<'_, '_>, cx: &mut Context<'_>) {
    let selector = term.field("labelSelector");
    metadata::label_selector(&selector, cx);
    metadata::label_selector(&term.field("namespaceSelector"), cx);
    for namespace in term.field("namespaces").items() {
        // The server's path is in the singular, and without the index.
        let blamed = namespace.renamed("namespace").below(term);
        cx.form(&blamed, names::dns1123_label);
    }
    label_keys(term, &selector, holder.pod_metadata(), cx);
    let key = term.field("topologyKey");
    if key.text().is_empty() {
        cx.required(&key, "can not be empty");
    }
    cx.form(&key, names::qualified_name);
}

/// `ValidateMatchLabelKeysAndMismatchLabelKeys`. The server has added the keys that a pod has labels for to
/// the selector by then: `pod` is the metadata of a pod to which that happened.
fn label_keys(term: &At<'_, '_>, selector: &At<'_, '_>, pod: Option<At<'_, '_>>, cx: &mut Context<'_>) {
    let (matching, other) = (term.field("matchLabelKeys"), term.field("mismatchLabelKeys"));
    for keys in [&matching, &other] {
        if keys.is_empty() {
            continue;
        }
        if !selector.is_set() {
            cx.forbidden(keys, "must not be specified when labelSelector is not set");
            continue;
        }
        for key in keys.items() {
            cx.form(&key, names::qualified_name);
        }
    }
    let expressions = selector.field("matchExpressions");
    for (index, key) in matching.items().enumerate() {
        let named = |expression: &At<'_, '_>| expression.field("key").text() == key.text();
        let by_label = usize::from(selector.field("matchLabels").key(key.text()).is_set());
        let by_expression = expressions.items().filter(named).count();
        let added = pod.is_some_and(|pod| pod.field("labels").key(key.text()).is_set());
        let by_selector = by_expression + usize::from(added);
        if selector.is_set() && by_selector > 0 && by_label + by_selector > 1 {
            // The server's path leaves out which list it is an index of.
            let blamed = term.index(index).showing(&key);
            cx.invalid(&blamed, "exists in both matchLabelKeys and labelSelector");
        }
        if other.items().any(|other| other.text() == key.text()) {
            cx.invalid(&key, "exists in both matchLabelKeys and mismatchLabelKeys");
        }
    }
}

/// `ValidateMatchLabelKeysInTopologySpread`, which holds where keys are not added to the selector.
fn spread_label_keys(constraint: &At<'_, '_>, selector: &At<'_, '_>, cx: &mut Context<'_>) {
    let keys = constraint.field("matchLabelKeys");
    if !keys.is_empty() && !selector.is_set() {
        cx.forbidden(&keys, "must not be specified when labelSelector is not set");
    }
    for key in keys.items() {
        cx.form(&key, names::qualified_name);
        let named = |expression: At<'_, '_>| expression.field("key").text() == key.text();
        let labels = selector.field("matchLabels");
        if labels.key(key.text()).is_set() || selector.field("matchExpressions").items().any(named) {
            cx.invalid(&key, "exists in both matchLabelKeys and labelSelector");
        }
    }
}
