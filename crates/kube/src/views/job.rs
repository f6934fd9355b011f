//! Jobs and CronJobs.

use super::workload::workload_view;
use super::{int, text};
use plimsoll_yaml::Node;

workload_view! {
    /// A Job.
    Job
}

impl Job<'_> {
    /// How many pods must succeed; `None` for a work queue, which is done when any pod has succeeded and all have
    /// stopped. One, if neither this nor the parallelism is given (`SetDefaults_Job`).
    pub fn completions(self) -> Option<i64> {
        match int(self.spec, &["completions"]) {
            None if int(self.spec, &["parallelism"]).is_none() => Some(1),
            completions => completions.map(|completions| completions.max(0)),
        }
    }

    /// How many pods may run at a time (`SetDefaults_Job`).
    pub fn parallelism(self) -> i64 {
        int(self.spec, &["parallelism"]).unwrap_or(1).max(0)
    }

    /// How many failed pods there may be before the Job has failed (`SetDefaults_Job`).
    pub fn backoff_limit(self) -> i64 {
        let default = if self.backoff_limit_per_index().is_some() { i64::from(i32::MAX) } else { 6 };
        int(self.spec, &["backoffLimit"]).unwrap_or(default).max(0)
    }

    /// How many failed pods an index may have before it has failed.
    pub fn backoff_limit_per_index(self) -> Option<i64> {
        int(self.spec, &["backoffLimitPerIndex"]).map(|limit| limit.max(0))
    }

    /// Whether each pod has an index of its own that must succeed.
    pub fn is_indexed(self) -> bool {
        text(self.spec, &["completionMode"]) == "Indexed"
    }

    /// Whether it starts no pods until it is resumed.
    pub fn is_suspended(self) -> bool {
        self.spec.and_then(|spec| spec.get("suspend")).and_then(Node::as_bool).unwrap_or_default()
    }
}

workload_view! {
    /// A CronJob.
    CronJob
}

impl<'a> CronJob<'a> {
    /// When it runs.
    pub fn schedule(self) -> &'a str {
        text(self.spec, &["schedule"])
    }

    /// Whether it starts no Jobs until it is resumed.
    pub fn is_suspended(self) -> bool {
        self.spec.and_then(|spec| spec.get("suspend")).and_then(Node::as_bool).unwrap_or_default()
    }

    /// What happens if the Job before is still running: `Allow`, `Forbid` or `Replace` (`SetDefaults_CronJob`).
    pub fn concurrency_policy(self) -> &'a str {
        match text(self.spec, &["concurrencyPolicy"]) {
            "" => "Allow",
            policy => policy,
        }
    }

    /// What its Jobs are made from.
    pub fn job_template(self) -> Option<&'a Node> {
        self.spec?.get("jobTemplate")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn a_job_without_numbers_runs_one_pod() {
        let root = node("{spec: {}}");
        let job = Job::new(&root);
        assert_eq!((job.completions(), job.parallelism(), job.backoff_limit()), (Some(1), 1, 6));
        assert_eq!(Job::new(&node("{spec: {parallelism: 3}}")).completions(), None);
    }
}
