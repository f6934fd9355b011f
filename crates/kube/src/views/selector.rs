//! Selectors of labels.

use super::items;
use plimsoll_yaml::{Map, Node};
use std::fmt::Write as _;

/// A selector of labels: of a Service, a workload, a `PodDisruptionBudget`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selector<'a> {
    labels: Option<&'a Map>,
    expressions: &'a [Node],
    matches_all_if_empty: bool,
}

impl<'a> Selector<'a> {
    /// A Service's: labels that all must be there (`labels.Set.AsSelectorPreValidated`).
    pub fn from_map(node: &'a Node) -> Self {
        Self { labels: node.as_map(), ..Self::default() }
    }

    /// A `metav1.LabelSelector` (`LabelSelectorAsSelector`). An empty one matches nothing, as a workload's.
    pub fn label_selector(node: &'a Node) -> Self {
        Self {
            labels: node.get("matchLabels").and_then(Node::as_map),
            expressions: items(Some(node), &["matchExpressions"]),
            matches_all_if_empty: false,
        }
    }

    /// That of a `policy/v1` disruption budget: an empty one matches every pod of the namespace
    /// (`PodDisruptionBudgetSpec.Selector`).
    pub fn from_budget(node: &'a Node) -> Self {
        Self { matches_all_if_empty: true, ..Self::label_selector(node) }
    }

    /// The labels that it names one by one, as written.
    pub fn labels(self) -> Option<&'a Map> {
        self.labels
    }

    /// The labels that it names one by one, with their values.
    pub fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.labels
            .into_iter()
            .flatten()
            .filter_map(|entry| Some((entry.key.as_str(), entry.value.as_str()?)))
    }

    /// `matchExpressions`.
    pub fn expressions(self) -> &'a [Node] {
        self.expressions
    }

    /// A text that two selectors share only if they match the same labels.
    pub fn key(self) -> String {
        let mut key = String::from(if self.matches_all_if_empty { "*" } else { "" });
        let mut pairs: Vec<_> = self.labels.into_iter().flatten().collect();
        pairs.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        for entry in pairs {
            for part in ["\0", &entry.key, "\0"] {
                key.push_str(part);
            }
            // Another type than a string matches no label.
            key.push_str(entry.value.as_str().unwrap_or("\0"));
        }
        for expression in self.expressions {
            for field in ["key", "operator"] {
                // Writing to a string cannot fail.
                let _ = write!(key, "\0\0{:?}", expression.get(field).and_then(Node::as_str));
            }
            for value in items(Some(expression), &["values"]) {
                let _ = write!(key, "\0{:?}", value.as_str());
            }
        }
        key
    }

    /// Whether it has no requirements.
    pub fn is_empty(self) -> bool {
        self.labels.is_none_or(Map::is_empty) && self.expressions.is_empty()
    }

    /// Whether labels satisfy it.
    pub fn matches(self, labels: Option<&Map>) -> bool {
        let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Node::as_str);
        (self.matches_all_if_empty || !self.is_empty())
            && self
                .labels
                .into_iter()
                .flatten()
                .all(|entry| entry.value.as_str().is_some_and(|wanted| value(&entry.key) == Some(wanted)))
            && self.expressions.iter().all(|expression| is_satisfied(expression, value))
    }

    /// Whether labels of which only some are known satisfy it; `None` if that depends on an unknown one. `label` gives the
    /// value of a label, or that there is none, if it is known.
    pub fn matches_known<'l>(self, label: impl Fn(&str) -> Option<Option<&'l str>>) -> Option<bool> {
        let pairs = self.labels.into_iter().flatten().map(|entry| {
            let value = label(&entry.key)?;
            Some(value.is_some() && value == entry.value.as_str())
        });
        let expressions = self.expressions.iter().map(|expression| {
            let key = expression.get("key").and_then(Node::as_str).unwrap_or_default();
            let value = label(key)?;
            Some(is_satisfied(expression, |_| value))
        });
        let mut answers = pairs.chain(expressions);
        let mut is_known = true;
        let is_false = answers.any(|answer| {
            is_known &= answer.is_some();
            answer == Some(false)
        });
        if is_false { Some(false) } else { is_known.then_some(self.matches_all_if_empty || !self.is_empty()) }
    }
}

/// `Requirement.Matches`.
fn is_satisfied<'l>(expression: &Node, value: impl Fn(&str) -> Option<&'l str>) -> bool {
    let key = expression.get("key").and_then(Node::as_str).unwrap_or_default();
    let is_listed = || {
        let values = items(Some(expression), &["values"]);
        value(key).is_some_and(|value| values.iter().any(|item| item.as_str() == Some(value)))
    };
    match expression.get("operator").and_then(Node::as_str) {
        Some("In") => is_listed(),
        Some("NotIn") => !is_listed(),
        Some("Exists") => value(key).is_some(),
        Some("DoesNotExist") => value(key).is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn selectors_match_labels_and_expressions() {
        let labels = node("{app: db, tier: back}");
        let matches = |text: &str| Selector::label_selector(&node(text)).matches(labels.as_map());
        assert!(matches("{matchLabels: {app: db}}"));
        assert!(!matches("{matchLabels: {app: web}}"));
        assert!(matches("{matchExpressions: [{key: tier, operator: In, values: [back, front]}]}"));
        assert!(matches("{matchExpressions: [{key: zone, operator: NotIn, values: [a]}]}"));
        assert!(!matches("{matchLabels: {app: db}, matchExpressions: [{key: zone, operator: Exists}]}"));
    }

    #[test]
    fn unknown_labels_decide_only_where_no_known_one_does() {
        let label = |key: &str| match key {
            "app" => Some(Some("db")),
            "none" => Some(None),
            _ => None,
        };
        let matches = |text: &str| Selector::label_selector(&node(text)).matches_known(label);
        assert_eq!(matches("{matchLabels: {app: db}}"), Some(true));
        assert_eq!(matches("{matchLabels: {none: db}}"), Some(false));
        assert_eq!(matches("{matchLabels: {tier: x}}"), None);
        assert_eq!(matches("{matchLabels: {tier: x, app: web}}"), Some(false));
        assert_eq!(matches("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}"), Some(true));
        assert_eq!(matches("{matchExpressions: [{key: tier, operator: DoesNotExist}]}"), None);
        assert_eq!(matches("{}"), Some(false));
    }

    #[test]
    fn equal_selectors_share_a_key() {
        let key = |text: &str| Selector::label_selector(&node(text)).key();
        assert_eq!(key("{matchLabels: {a: x, b: y}}"), key("{matchLabels: {b: y, a: x}}"));
        let others = [
            "{matchLabels: {a: x}}",
            "{matchLabels: {a: 1}}",
            "{matchExpressions: [{key: a, operator: In, values: [x]}]}",
            "{matchExpressions: [{key: a, operator: In, values: [x, y]}]}",
            "{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}",
        ];
        for (index, one) in others.iter().enumerate() {
            assert!(others[index + 1..].iter().all(|other| key(one) != key(other)), "{one}");
        }
        let empty = node("{}");
        assert_ne!(Selector::from_budget(&empty).key(), Selector::label_selector(&empty).key());
    }

    #[test]
    fn only_an_empty_budget_selects_everything() {
        let empty = node("{}");
        assert!(Selector::from_budget(&empty).matches(None));
        assert!(!Selector::label_selector(&empty).matches(None));
        assert!(!Selector::from_map(&empty).matches(None));
    }
}
