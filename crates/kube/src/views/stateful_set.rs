//! StatefulSets.

use super::workload::workload_view;
use super::{CLUSTER_DOMAIN, Claim, IntOrPercent, Retention, Workload, int, items, text};
use crate::manifest::Object;
use plimsoll_yaml::Node;
use std::ops::Range;

workload_view! {
    /// A StatefulSet.
    StatefulSet
}

impl<'a> StatefulSet<'a> {
    /// The StatefulSet that an object is, in whichever version its manifest is written.
    pub fn from_object(object: &'a Object) -> Option<Self> {
        Workload::from_object(object)?.stateful_set()
    }

    /// A field of its own spec, unless it is null.
    pub fn spec(self, field: &str) -> Option<&'a Node> {
        self.spec?.get(field).filter(|node| !node.is_null())
    }
    /// How many pods it should have (`SetDefaults_StatefulSet`).
    pub fn replicas(self) -> i64 {
        int(self.spec, &["replicas"]).unwrap_or(1).max(0)
    }

    /// The ordinal of its first pod (`getStartOrdinal`).
    pub fn first_ordinal(self) -> i64 {
        int(self.spec, &["ordinals", "start"]).unwrap_or_default().max(0)
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

    /// The ordinal of the pod of that name, if it can be one of its pods (`getParentNameAndOrdinal`).
    pub fn ordinal_of(self, pod: &str) -> Option<i64> {
        let digits = pod.strip_prefix(self.name())?.strip_prefix('-')?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    /// The DNS name of the pod with that ordinal: that of its governing Service, with the pod's name before it
    /// (`initIdentity` sets `hostname` and `subdomain`;
    /// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id>).
    pub fn pod_dns_name(self, ordinal: i64, namespace: &str) -> String {
        let (pod, service) = (self.pod_name(ordinal), self.service_name());
        format!("{pod}.{service}.{namespace}.svc.{CLUSTER_DOMAIN}")
    }

    /// The name of the Service that gives its pods their DNS names; empty if it has none.
    pub fn service_name(self) -> &'a str {
        text(self.spec, &["serviceName"])
    }

    /// Whether pods start and stop without waiting for each other (`allowsBurst`).
    pub fn is_parallel(self) -> bool {
        text(self.spec, &["podManagementPolicy"]) == "Parallel"
    }

    /// Whether only deleted pods get a new template (`defaultStatefulSetControl.updateStatefulSet`).
    pub fn is_on_delete(self) -> bool {
        text(self.spec, &["updateStrategy", "type"]) == "OnDelete"
    }

    /// `updateStrategy.rollingUpdate.partition`: so many pods, the lowest ordinals first, keep the current revision.
    /// `None` if there is no `rollingUpdate`.
    pub fn partition(self) -> Option<i64> {
        let rolling = self.spec?.at(&["updateStrategy", "rollingUpdate"])?;
        Some(int(Some(rolling), &["partition"]).unwrap_or_default().max(0))
    }

    /// The lowest ordinal that gets a new template; those below keep the current revision
    /// (`defaultStatefulSetControl.updateStatefulSet`).
    pub fn first_updated(self) -> i64 {
        self.first_ordinal().saturating_add(self.partition().unwrap_or_default())
    }

    /// `maxUnavailable` as written, if it is.
    pub fn unavailable(self) -> Option<IntOrPercent> {
        self.spec?
            .at(&["updateStrategy", "rollingUpdate", "maxUnavailable"])
            .and_then(IntOrPercent::from_node)
    }

    /// How many pods may be unavailable during an update (`getStatefulSetMaxUnavailable`). One, unless the field is set
    /// and the feature gate `MaxUnavailableStatefulSet` has left it there.
    pub fn max_unavailable(self) -> i64 {
        self.unavailable().unwrap_or(IntOrPercent::Int(1)).rounded_down(self.replicas()).max(1)
    }

    /// How many revisions are kept that no pod has (`SetDefaults_StatefulSet`).
    pub fn revision_history_limit(self) -> i64 {
        int(self.spec, &["revisionHistoryLimit"]).unwrap_or(10)
    }

    /// The claim templates: each is a claim whose name is still to be completed.
    pub fn claim_templates(self) -> &'a [Node] {
        items(self.spec, &["volumeClaimTemplates"])
    }

    /// The claim templates that have a name, each with its index.
    pub fn claims(self) -> impl Iterator<Item = (usize, Claim<'a>)> + use<'a> {
        let claims = self.claim_templates().iter().map(Claim::new).enumerate();
        claims.filter(|(_, claim)| !claim.name().is_empty())
    }

    /// Whether its pods have claims of their own.
    pub fn has_claims(self) -> bool {
        !self.claim_templates().is_empty()
    }

    /// The names of the claims of the pod with that ordinal, in the order of their templates.
    pub fn claim_names(self, ordinal: i64) -> impl Iterator<Item = String> + use<'a> {
        let pod = self.pod_name(ordinal);
        self.claims().map(move |(_, claim)| claim.name_for(&pod))
    }

    /// The name of the claim that a template makes for an ordinal; see [`Claim::name_for`].
    pub fn claim_name(self, template: &Node, ordinal: i64) -> String {
        Claim::new(template).name_for(&self.pod_name(ordinal))
    }

    /// What becomes of the claims when the StatefulSet is deleted or scaled down.
    pub fn claim_retention(self) -> Retention {
        let is_delete = |field| text(self.spec, &["persistentVolumeClaimRetentionPolicy", field]) == "Delete";
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
        assert_eq!(set.claim_names(4).collect::<Vec<_>>(), ["data-db-4"]);
    }

    #[test]
    fn pods_are_found_by_name_and_resolve_through_the_service() {
        let root = node("{metadata: {name: db}, spec: {serviceName: peers}}");
        let set = StatefulSet::new(&root);
        assert_eq!(set.pod_dns_name(0, "shop"), "db-0.peers.shop.svc.cluster.local");
        for (name, ordinal) in [("db-12", Some(12)), ("db-", None), ("db-x", None), ("db2-1", None)] {
            assert_eq!(set.ordinal_of(name), ordinal, "{name}");
        }
    }

    #[test]
    fn a_partition_counts_from_the_first_ordinal() {
        let root = node("{spec: {ordinals: {start: 5}, updateStrategy: {rollingUpdate: {partition: 2}}}}");
        assert_eq!(StatefulSet::new(&root).first_updated(), 7);
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
