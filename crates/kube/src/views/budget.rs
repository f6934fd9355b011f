//! Disruption budgets.

use super::{IntOrPercent, Metadata, Selector, text};
use plimsoll_yaml::Node;

/// A `PodDisruptionBudget`.
#[derive(Debug, Clone, Copy)]
pub struct Budget<'a> {
    root: &'a Node,
    spec: Option<&'a Node>,
}

/// Which pods that are not ready may be evicted
/// (<https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnhealthyPodEviction {
    /// Only while enough others are healthy; the default.
    IfHealthyBudget,
    /// All of them.
    AlwaysAllow,
}

impl<'a> Budget<'a> {
    /// The budget `root`.
    pub fn new(root: &'a Node) -> Self {
        Self { root, spec: root.get("spec") }
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        Metadata::new(self.root).name()
    }

    /// Which pods it counts; none without a selector (`policy/v1`, `PodDisruptionBudgetSpec.Selector`).
    pub fn selector(self) -> Selector<'a> {
        let node = self.spec.and_then(|spec| spec.get("selector"));
        node.filter(|node| !node.is_null()).map_or(Selector::default(), Selector::from_budget)
    }

    /// How many pods must be healthy, if that is what it limits.
    pub fn min_available(self) -> Option<IntOrPercent> {
        self.spec?.get("minAvailable").and_then(IntOrPercent::from_node)
    }

    /// How many pods may be unhealthy, if that is what it limits.
    pub fn max_unavailable(self) -> Option<IntOrPercent> {
        self.spec?.get("maxUnavailable").and_then(IntOrPercent::from_node)
    }

    /// Which pods that are not ready may be evicted.
    pub fn unhealthy_pod_eviction(self) -> UnhealthyPodEviction {
        match text(self.spec, &["unhealthyPodEvictionPolicy"]) {
            "AlwaysAllow" => UnhealthyPodEviction::AlwaysAllow,
            _ => UnhealthyPodEviction::IfHealthyBudget,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn a_budget_limits_one_side() {
        let root = node("{spec: {minAvailable: 50%, selector: {}}}");
        let budget = Budget::new(&root);
        assert_eq!(
            (budget.min_available(), budget.max_unavailable()),
            (Some(IntOrPercent::Percent(50)), None)
        );
        assert!(budget.selector().matches(None));
        assert!(!Budget::new(&node("{spec: {}}")).selector().matches(None));
    }
}
