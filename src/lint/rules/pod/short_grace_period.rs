use super::prelude::*;

declare! {
    /// A `preStop` hook runs within the grace period. If it sleeps as long as that or longer, the process is killed
    /// before it has been asked to stop: requests are cut off and nothing is flushed.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: web:1
    ///           lifecycle: {preStop: {sleep: {seconds: 30}}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       terminationGracePeriodSeconds: 60
    ///       containers:
    ///         - name: web
    ///           image: web:1
    ///           lifecycle: {preStop: {sleep: {seconds: 30}}}
    /// ```
    ///
    /// ## Fix
    /// Set `terminationGracePeriodSeconds` to the time of the hook and that of the shutdown together.
    SHORT_GRACE_PERIOD = "pod/short-grace-period", Warning, "the preStop hook takes the whole grace period";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        let template = workload.template();
        let grace = template.termination_grace_period();
        for container in template.containers() {
            let Some((field, seconds)) = sleep(container).filter(|(_, seconds)| *seconds >= grace) else {
                continue;
            };
            found.push(
                workload
                    .finding(
                        &SHORT_GRACE_PERIOD,
                        container.path(&format!("lifecycle.preStop.{field}")),
                        format!(
                            "container `{}` of {workload} is killed before it is asked to stop: its hook takes \
                             {seconds} of {grace} seconds",
                            container.name()
                        ),
                    )
                    .at(
                        locate(workload.object, &template.path("spec.terminationGracePeriodSeconds")),
                        "the grace period is 30 seconds if it is not given",
                    )
                    .help("set a longer `terminationGracePeriodSeconds`"),
            );
        }
    }
}

/// For how many seconds the `preStop` hook of a container sleeps at least, and the field that says so.
fn sleep(container: Container<'_>) -> Option<(&'static str, i64)> {
    let hook = container.node.at(&["lifecycle", "preStop"])?;
    if let Some(seconds) = hook.at(&["sleep", "seconds"]).and_then(Node::as_i64) {
        return Some(("sleep.seconds", seconds));
    }
    let command = hook.at(&["exec", "command"])?.items();
    let words: Vec<&str> = command.iter().filter_map(Node::as_str).flat_map(str::split_whitespace).collect();
    let seconds = match words[..] {
        // A script may do more than that, but not less.
        ["sleep" | "/bin/sleep", seconds] | [_, "-c", "sleep", seconds] => seconds.parse().ok()?,
        _ => return None,
    };
    Some(("exec.command", seconds))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn sleeps_are_read_from_hooks_and_commands() {
        let run = |hook: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  terminationGracePeriodSeconds: 10\n  \
                 containers:\n  - {{name: a, lifecycle: {{preStop: {hook}}}}}\n"
            );
            findings("pod/short-grace-period", &text).len()
        };
        assert_eq!(run("{sleep: {seconds: 10}}"), 1);
        assert_eq!(run("{sleep: {seconds: 9}}"), 0);
        assert_eq!(run("{exec: {command: [sleep, '15']}}"), 1);
        assert_eq!(run("{exec: {command: [sh, -c, sleep 15]}}"), 1);
        assert_eq!(run("{exec: {command: [sh, -c, sleep 5 && kill 1]}}"), 0);
        assert_eq!(run("{httpGet: {port: 80}}"), 0);
    }
}
