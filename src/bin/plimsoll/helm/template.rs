//! `helm template`.

use super::args::{DryRun, TemplateArgs};
use super::missing_dependencies;
use super::version::kubernetes;
use crate::args::Command;
use crate::ui::{ExitStatus, Ui};
use anyhow::bail;
use std::time::Duration;

pub(super) fn run(args: TemplateArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let TemplateArgs { mut render, generate_name, dry_run, .. } = args;
    if render.watch.watch {
        bail!("--watch is a flag of `plimsoll render`");
    }
    // Helm's templates always have a name: `release-name`, unless there is another.
    if generate_name && render.release.names.release().is_some() {
        bail!("cannot set --generate-name and also specify a name");
    }
    if dry_run == Some(DryRun::Server) {
        let live = || "live".to_owned();
        render.release.lookup.lookup.get_or_insert_with(live);
        render.release.release.capabilities.capabilities.get_or_insert_with(live);
    }
    let cluster = &mut render.release.release;
    if cluster.capabilities.capabilities.is_none() {
        cluster.kube_version.get_or_insert_with(kubernetes);
    }
    let source = render.release.names.source().to_owned();
    crate::execute(Command::Render(Box::new(render)), timeout, ui).map_err(|error| {
        match missing_dependencies(&source) {
            missing if missing.is_empty() => error,
            // Argo CD fetches the dependencies when it reads the second half of this sentence.
            missing => anyhow::anyhow!(
                "an error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
                missing.join(", ")
            ),
        }
    })
}
