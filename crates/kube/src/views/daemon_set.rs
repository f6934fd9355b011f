//! DaemonSets.

use super::IntOrPercent;
use super::workload::workload_view;

workload_view! {
    /// A DaemonSet.
    DaemonSet
}

impl DaemonSet<'_> {
    /// Whether only deleted pods get a new template.
    pub fn is_on_delete(self) -> bool {
        self.text(&["updateStrategy", "type"]) == "OnDelete"
    }

    /// How many nodes of `nodes` may have a second pod during an update (`util.SurgeCount`).
    pub fn max_surge(self, nodes: i64) -> i64 {
        if self.is_on_delete() { 0 } else { self.limit("maxSurge", 0, nodes) }
    }

    /// How many nodes of `nodes` may be without an available pod during an update (`util.UnavailableCount`,
    /// `updatedDesiredNodeCounts`). One, if both limits come to nothing.
    pub fn max_unavailable(self, nodes: i64) -> i64 {
        if self.is_on_delete() {
            return 0;
        }
        let unavailable = self.limit("maxUnavailable", 1, nodes);
        if nodes > 0 && unavailable == 0 && self.max_surge(nodes) == 0 { 1 } else { unavailable }
    }

    fn limit(self, field: &str, default: i64, nodes: i64) -> i64 {
        let node = self.at(&["updateStrategy", "rollingUpdate", field]);
        node.and_then(IntOrPercent::of).unwrap_or(IntOrPercent::Int(default)).rounded_up(nodes)
    }

    /// How many revisions are kept that no pod has.
    pub fn revision_history_limit(self) -> i64 {
        self.int(&["revisionHistoryLimit"]).unwrap_or(10)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn limits_are_shares_of_the_nodes() {
        let limits = |text: &str| {
            let root = node(text);
            let set = DaemonSet::new(&root);
            (set.max_surge(3), set.max_unavailable(3))
        };
        assert_eq!(limits("{spec: {}}"), (0, 1));
        assert_eq!(limits("{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: 34%}}}}"), (0, 2));
        assert_eq!(
            limits("{spec: {updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}}"),
            (1, 0)
        );
        assert_eq!(limits("{spec: {updateStrategy: {type: OnDelete}}}"), (0, 0));
    }
}
