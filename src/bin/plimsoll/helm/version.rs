//! `helm version`: the version of Helm whose behavior is followed.

use super::args::VersionArgs;
use crate::commands::{environment, world};
use crate::ui::{ExitStatus, Ui};
use anyhow::bail;
use plimsoll::engine::helm;

/// The version for those who ask with `--client`. Only Helm 3 has this flag, so they expect Helm 3: kustomize before 5.8 refuses
/// any other version. Others that need it set [`MAJOR`].
const VERSION_3: &str = "v3.19.0";
/// The variable that chooses which Helm is answered for.
const MAJOR: &str = "PLIMSOLL_HELM_MAJOR";

/// The version of Kubernetes that Helm assumes.
pub(super) fn kubernetes() -> String {
    let (_, version) = helm::version();
    format!("{version}.0")
}

pub(super) fn run(args: &VersionArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let is_helm_3 = match environment::text(MAJOR).as_deref() {
        None => args.client,
        Some("3") => true,
        Some("4") => false,
        Some(other) => bail!("{MAJOR} is `{other}`: use 3 or 4"),
    };
    let (followed, kubernetes) = helm::version();
    let version = if is_helm_3 { VERSION_3 } else { followed };
    // Where Helm names its commit; readers of the version take this part of it for a build.
    let build = concat!("plimsoll.", env!("CARGO_PKG_VERSION"));
    let text = if let Some(template) = &args.template {
        let fields = [
            ("Version", version),
            ("GitCommit", build),
            ("GitTreeState", "clean"),
            ("GoVersion", ""),
            ("KubeClientVersion", kubernetes),
        ];
        helm::text_of(world(), template, &fields)
            .map_err(|reason| anyhow::anyhow!("--template: `{template}`: {reason}"))?
    } else if args.short {
        format!("{version}+{build}\n")
    } else {
        let of_kubernetes =
            if is_helm_3 { String::new() } else { format!(", KubeClientVersion:{kubernetes:?}") };
        format!(
            "version.BuildInfo{{Version:{version:?}, GitCommit:{build:?}, GitTreeState:\"clean\", GoVersion:\"\"{of_kubernetes}}}\n"
        )
    };
    ui.print_exact(&text);
    Ok(ExitStatus::Success)
}
