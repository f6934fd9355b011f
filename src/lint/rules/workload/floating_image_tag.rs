use super::prelude::*;
use crate::k8s::views::Image;

declare! {
    /// An image without a tag, or with `latest`, depends on the time when a node pulls it. Two replicas may run
    /// different versions, a reschedule may upgrade a database, and a rollback does not restore the old version.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: db, image: "registry:5000/postgres:latest"}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: db, image: "registry:5000/postgres:17.2"}]
    /// ```
    ///
    /// ## Fix
    /// Use a version tag, or better a digest (`postgres@sha256:...`).
    FLOATING_IMAGE_TAG = "workload/floating-image-tag", Warning, "an image is `latest` or has no tag";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        for container in workload.template().all_containers() {
            let text = container.image();
            let image = Image::parse(text);
            let what = match image.tag {
                _ if text.is_empty() || image.digest.is_some() => continue,
                Some("latest") => "uses the tag `latest`, whose content changes",
                Some(_) => continue,
                None => "has no tag, which means `latest`",
            };
            found.push(
                workload
                    .finding(
                        &FLOATING_IMAGE_TAG,
                        container.path("image"),
                        format!("image `{text}` of container `{}` in {workload} {what}", container.name()),
                    )
                    .help("use a version tag or a digest"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn ports_and_digests_are_no_tags() {
        let text = |image: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{initContainers: [{{image: \"{image}\"}}]}}\n"
            )
        };
        let run = |image: &str| findings("workload/floating-image-tag", &text(image)).len();
        assert_eq!(run("registry:5000/db"), 1);
        assert_eq!(run("db@sha256:0123"), 0);
        assert_eq!(run("db:latest@sha256:0123"), 0);
        assert_eq!(run("db:1"), 0);
    }

    #[test]
    fn the_pods_of_helm_test_do_not_matter_and_other_hooks_do() {
        let run = |events: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, annotations: {{helm.sh/hook: \"{events}\"}}}}\n\
                 spec: {{containers: [{{name: a, image: busybox}}]}}\n"
            );
            findings("workload/floating-image-tag", &text).len()
        };
        assert_eq!(["test", "test-success", "test-success, test-failure"].map(run), [0, 0, 0]);
        assert_eq!(["pre-upgrade", "test,post-install"].map(run), [1, 1]);
    }
}
