//! Deployments.

use super::workload::workload_view;
use super::{IntOrPercent, int, text};
use plimsoll_yaml::Node;

workload_view! {
    /// A Deployment.
    Deployment
}

impl Deployment<'_> {
    /// How many pods it should have (`SetDefaults_Deployment`).
    pub fn replicas(self) -> i64 {
        int(self.spec, &["replicas"]).unwrap_or(1).max(0)
    }

    /// Whether new templates wait until it is resumed (`DeploymentController.sync`).
    pub fn is_paused(self) -> bool {
        self.spec.and_then(|spec| spec.get("paused")).and_then(Node::as_bool).unwrap_or_default()
    }

    /// Whether all old pods stop before new ones start (`rolloutRecreate`).
    pub fn is_recreate(self) -> bool {
        text(self.spec, &["strategy", "type"]) == "Recreate"
    }

    /// `maxSurge` as written, or its default (`SetDefaults_Deployment`).
    pub fn surge(self) -> IntOrPercent {
        self.rolling_update_limit("maxSurge")
    }

    /// `maxUnavailable` as written, or its default (`SetDefaults_Deployment`).
    pub fn unavailable(self) -> IntOrPercent {
        self.rolling_update_limit("maxUnavailable")
    }

    fn rolling_update_limit(self, field: &str) -> IntOrPercent {
        let node = self.spec.and_then(|spec| spec.at(&["strategy", "rollingUpdate", field]));
        node.and_then(IntOrPercent::from_node).unwrap_or(IntOrPercent::Percent(25))
    }

    /// How many pods there may be beyond the number of replicas (`deploymentutil.MaxSurge`).
    pub fn max_surge(self) -> i64 {
        if self.is_recreate() { 0 } else { self.surge().rounded_up(self.replicas()) }
    }

    /// How many pods may be unavailable during an update (`deploymentutil.MaxUnavailable`, `ResolveFenceposts`). One, if
    /// both limits come to nothing.
    pub fn max_unavailable(self) -> i64 {
        let replicas = self.replicas();
        if self.is_recreate() || replicas == 0 {
            return 0;
        }
        let unavailable = self.unavailable().rounded_down(replicas);
        if unavailable == 0 && self.max_surge() == 0 { 1 } else { unavailable.min(replicas) }
    }

    /// How many old ReplicaSets are kept; `None` for all of them (`HasRevisionHistoryLimit`).
    pub fn revision_history_limit(self) -> Option<i64> {
        Some(int(self.spec, &["revisionHistoryLimit"]).unwrap_or(10)).filter(|limit| *limit != NO_LIMIT)
    }

    /// After how many seconds without progress a rollout has failed; `None` for never (`HasProgressDeadline`).
    pub fn progress_deadline(self) -> Option<i64> {
        Some(int(self.spec, &["progressDeadlineSeconds"]).unwrap_or(600)).filter(|limit| *limit != NO_LIMIT)
    }
}

/// `math.MaxInt32`, which switches a limit off.
const NO_LIMIT: i64 = i32::MAX as i64;

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn limits_round_so_that_a_rollout_goes_on() {
        let limits = |text: &str| {
            let root = node(text);
            let deployment = Deployment::new(&root);
            (deployment.max_surge(), deployment.max_unavailable())
        };
        assert_eq!(limits("{spec: {replicas: 3}}"), (1, 0));
        assert_eq!(limits("{spec: {replicas: 5}}"), (2, 1));
        assert_eq!(
            limits("{spec: {replicas: 2, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1%}}}}"),
            (0, 1)
        );
        assert_eq!(limits("{spec: {replicas: 2, strategy: {type: Recreate}}}"), (0, 0));
    }
}
