//! The server's warnings about node labels in selectors: `pkg/api/node/util.go`.

use super::{At, Context};
use crate::names;

/// `GetWarningsForNodeSelectorTerm`; `values_count` says that values which no label can have are warned of,
/// where they are taken.
pub(super) fn warn_of_term(term: &At<'_, '_>, values_count: bool, cx: &mut Context<'_>) {
    for expression in term.field("matchExpressions").items() {
        warn_of_key(&expression.field("key"), cx);
        if !values_count {
            continue;
        }
        for value in expression.field("values").items() {
            for complaint in names::label_value(value.text()) {
                cx.warning(&value, format_args!("{} is invalid, {complaint}", value.text()));
            }
        }
    }
}

/// Warns where the text at `key` is a label by its old name.
pub(super) fn warn_of_key(key: &At<'_, '_>, cx: &mut Context<'_>) {
    if let Some(message) = deprecation(key.text()) {
        cx.warning(key, format_args!("{} is {message}", key.text()));
    }
}

/// As [`warn_of_key`] for each label of a node selector that is a map, at the label.
pub(super) fn warn_of_selector(selector: &At<'_, '_>, cx: &mut Context<'_>) {
    for (key, value) in selector.entries() {
        if let Some(message) = deprecation(key) {
            cx.warning(&value, message);
        }
    }
}

/// `GetNodeLabelDeprecatedMessage`.
fn deprecation(key: &str) -> Option<&'static str> {
    Some(match key {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
        }
        "beta.kubernetes.io/instance-type" => {
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"
        }
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => {
            "deprecated since v1.22; use Taints and Tolerations instead"
        }
        "node-role.kubernetes.io/master" => "use \"node-role.kubernetes.io/control-plane\" instead",
        _ => return None,
    })
}
