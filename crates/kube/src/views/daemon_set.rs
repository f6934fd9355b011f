//! DaemonSets.

use super::workload::workload_view;
use super::{IntOrPercent, int, text};

workload_view! {
    /// A DaemonSet.
    DaemonSet
}

impl DaemonSet<'_> {
    /// Whether only deleted pods get a new template.
    pub fn is_on_delete(self) -> bool {
        text(self.spec, &["updateStrategy", "type"]) == "OnDelete"
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

    /// `maxUnavailable` as written, or its default (`SetDefaults_DaemonSet`).
    pub fn unavailable(self) -> IntOrPercent {
        self.rolling_update_limit("maxUnavailable", 1)
    }

    fn limit(self, field: &str, default: i64, nodes: i64) -> i64 {
        self.rolling_update_limit(field, default).rounded_up(nodes)
    }

    fn rolling_update_limit(self, field: &str, default: i64) -> IntOrPercent {
        let node = self.spec.and_then(|spec| spec.at(&["updateStrategy", "rollingUpdate", field]));
        node.and_then(IntOrPercent::from_node).unwrap_or(IntOrPercent::Int(default))
    }

    /// How many revisions are kept that no pod has (`SetDefaults_DaemonSet`).
    pub fn revision_history_limit(self) -> i64 {
        int(self.spec, &["revisionHistoryLimit"]).unwrap_or(10)
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
