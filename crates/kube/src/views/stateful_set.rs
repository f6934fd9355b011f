//! StatefulSets.

use super::workload::workload_view;
use super::{IntOrPercent, Metadata, Retention, int};
use plimsoll_yaml::Node;
use std::ops::Range;

workload_view! {
    /// A StatefulSet.
    StatefulSet
}

impl<'a> StatefulSet<'a> {
    /// How many pods it should have.
    pub fn replicas(self) -> i64 {
        self.int(&["replicas"]).unwrap_or(1).max(0)
    }

    /// The ordinal of its first pod (`getStartOrdinal`).
    pub fn first_ordinal(self) -> i64 {
        self.int(&["ordinals", "start"]).unwrap_or_default().max(0)
    }

    /// The ordinals of its pods.
    pub fn ordinals(self) -> Range<i64> {
        let first = self.first_ordinal();
        first..first.saturating_add(self.replicas())
    }

    /// The name of the pod with that ordinal (`getPodName`).
    pub fn pod_name(self, ordinal: i64) -> String {
        format!("{}-{ordinal}", self.name())
    }

    /// The name of the Service that gives its pods their DNS names; empty if it has none.
    pub fn service_name(self) -> &'a str {
        self.text(&["serviceName"])
    }

    /// Whether pods start and stop without waiting for each other (`allowsBurst`).
    pub fn is_parallel(self) -> bool {
        self.text(&["podManagementPolicy"]) == "Parallel"
    }

    /// Whether only deleted pods get a new template.
    pub fn is_on_delete(self) -> bool {
        self.text(&["updateStrategy", "type"]) == "OnDelete"
    }

    /// `updateStrategy.rollingUpdate.partition`: so many pods, the lowest ordinals first, keep the current revision.
    /// `None` if there is no `rollingUpdate`.
    pub fn partition(self) -> Option<i64> {
        let rolling = self.at(&["updateStrategy", "rollingUpdate"])?;
        Some(int(Some(rolling), &["partition"]).unwrap_or_default().max(0))
    }

    /// How many pods may be unavailable during an update (`getStatefulSetMaxUnavailable`). One, unless the field is set
    /// and the feature gate `MaxUnavailableStatefulSet` has left it there.
    pub fn max_unavailable(self) -> i64 {
        let field = self.at(&["updateStrategy", "rollingUpdate", "maxUnavailable"]);
        let limit = field.and_then(IntOrPercent::of).unwrap_or(IntOrPercent::Int(1));
        limit.rounded_down(self.replicas()).max(1)
    }

    /// How many revisions are kept that no pod has.
    pub fn revision_history_limit(self) -> i64 {
        self.int(&["revisionHistoryLimit"]).unwrap_or(10)
    }

    /// The name of the claim that a template makes for an ordinal (`getPersistentVolumeClaimName`).
    pub fn claim_name(self, template: &Node, ordinal: i64) -> String {
        format!("{}-{}", Metadata::of(template).name(), self.pod_name(ordinal))
    }

    /// What becomes of the claims.
    pub fn claim_retention(self) -> Retention {
        let is_delete = |field| self.text(&["persistentVolumeClaimRetentionPolicy", field]) == "Delete";
        Retention { when_deleted: is_delete("whenDeleted"), when_scaled: is_delete("whenScaled") }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn names_follow_from_ordinals_and_templates() {
        let root = node(
            "{metadata: {name: db}, spec: {replicas: 2, ordinals: {start: 3}, volumeClaimTemplates: [{metadata: {name: data}}]}}",
        );
        let set = StatefulSet::new(&root);
        assert_eq!(set.ordinals().map(|ordinal| set.pod_name(ordinal)).collect::<Vec<_>>(), ["db-3", "db-4"]);
        assert_eq!(set.claim_name(&set.claim_templates()[0], 3), "data-db-3");
    }

    #[test]
    fn an_absent_rolling_update_has_no_partition() {
        let partition = |text: &str| StatefulSet::new(&node(text)).partition();
        assert_eq!(partition("{spec: {}}"), None);
        assert_eq!(partition("{spec: {updateStrategy: {rollingUpdate: {}}}}"), Some(0));
        assert_eq!(partition("{spec: {updateStrategy: {rollingUpdate: {partition: 2}}}}"), Some(2));
    }

    #[test]
    fn a_small_share_of_unavailable_pods_is_one() {
        let text = "{spec: {replicas: 4, updateStrategy: {rollingUpdate: {maxUnavailable: 10%}}}}";
        assert_eq!(StatefulSet::new(&node(text)).max_unavailable(), 1);
        assert_eq!(StatefulSet::new(&node("{spec: {}}")).max_unavailable(), 1);
    }
}
