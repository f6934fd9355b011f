//! The arguments of `plimsoll create` and `plimsoll convert`.

use clap::{Args, ValueEnum, ValueHint};
use plimsoll::chart::EngineKind;
use plimsoll::create::Starter;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll create web                                      # a StatefulSet, with Tera templates
  plimsoll create web --engine helm --kind deployment
  plimsoll create web --from manifests/                    # a chart that renders to these manifests
  plimsoll create shop --from -                            # from `kubectl get -o yaml`
  plimsoll create web --from builtin:statefulset           # a copy to change")]
pub(crate) struct CreateArgs {
    /// Directory of the new chart, which must not exist; its last part is the name of the chart
    #[arg(value_name = "NAME", value_hint = ValueHint::DirPath)]
    pub(crate) name: PathBuf,
    /// Choose the language of the templates
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: Engine,
    /// Choose the workload of a chart from nothing [default: statefulset]
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "from")]
    pub(crate) kind: Option<WorkloadKind>,
    /// Make the chart from manifests (file, directory, `-`) or a built-in chart (builtin:NAME); may be repeated
    ///
    /// Images, replicas, resources, ports and storage become values. What a cluster adds to its objects is removed. Secrets
    /// are left out.
    #[arg(long, value_name = "SOURCE", value_hint = ValueHint::AnyPath, allow_hyphen_values = true)]
    pub(crate) from: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Engine {
    /// Tera templates, which only plimsoll renders
    #[default]
    Tera,
    /// Helm templates, which helm renders as well
    Helm,
}

impl From<Engine> for EngineKind {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Tera => Self::Tera,
            Engine::Helm => Self::GoTemplate,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum WorkloadKind {
    /// Pods with a name and a volume each
    StatefulSet,
    /// Pods that are interchangeable
    Deployment,
}

impl From<WorkloadKind> for Starter {
    fn from(kind: WorkloadKind) -> Self {
        match kind {
            WorkloadKind::StatefulSet => Self::StatefulSet,
            WorkloadKind::Deployment => Self::Deployment,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll convert ./chart ./chart-tera
  plimsoll diff web ./chart-tera --against ./chart      # compare with other values, too

Exit codes: 0 converted, perhaps with places to rewrite by hand; 2 failed.")]
pub(crate) struct ConvertArgs {
    /// Directory of the Helm chart
    #[arg(value_name = "CHART", value_hint = ValueHint::DirPath)]
    pub(crate) chart: String,
    /// Directory of the converted chart, which must not exist
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
}
