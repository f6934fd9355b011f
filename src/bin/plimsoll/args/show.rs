//! `plimsoll values` and `plimsoll show`.

#[cfg(feature = "fetch")]
use super::FetchFlags;
use super::{ContextFlags, LookupFlags, ReleaseAndSource, ValueFlags};
use crate::completion;
use clap::{Args, ValueEnum, ValueHint};
use clap_complete::engine::ArgValueCompleter;
use plimsoll::chart;

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll values [OPTIONS] [RELEASE] SOURCE",
    after_help = "\
Examples:
  plimsoll values ./chart -f prod.yaml
  plimsoll values ./chart -f prod.yaml --origins
  plimsoll values ./chart -f prod.yaml --set image.tag=2 --why image.tag"
)]
pub(crate) struct ValuesArgs {
    #[command(flatten)]
    pub(crate) names: ReleaseAndSource,
    /// Show the origin of each value
    #[arg(long)]
    pub(crate) origins: bool,
    /// Show what each layer sets for one key
    #[arg(long, value_name = "PATH", conflicts_with = "origins")]
    pub(crate) why: Option<String>,
    /// Show secret values (with --origins and --why)
    ///
    /// A value is secret if it is rendered into a Secret or named like a password. Without --origins and --why, all values are
    /// printed as they are.
    #[arg(long)]
    pub(crate) show_secrets: bool,
    #[command(flatten)]
    pub(crate) values: ValueFlags,
    #[command(flatten)]
    pub(crate) lookup: LookupFlags,
    #[command(flatten)]
    pub(crate) context: ContextFlags,
    #[cfg(feature = "fetch")]
    #[command(flatten)]
    pub(crate) fetch: FetchFlags,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The output is that of `helm show`.

Examples:
  plimsoll show values ./chart > prod.yaml
  plimsoll show chart oci://registry.example.com/charts/web:1.2.3
  plimsoll show all web --repo https://charts.example.com")]
pub(crate) struct ShowArgs {
    /// What to show
    #[arg(value_enum)]
    pub(crate) part: ShowPart,
    /// Chart: directory, .tgz archive, builtin:NAME, `oci://REGISTRY/PATH[:VERSION]`, `https://.../chart.tgz`,
    /// REPOSITORY/NAME, or NAME with --repo
    #[arg(value_hint = ValueHint::AnyPath, add = ArgValueCompleter::new(completion::sources))]
    pub(crate) source: String,
    /// Refused: filters are not supported
    #[arg(long, hide = true, value_name = "EXPRESSION")]
    pub(crate) jsonpath: Option<String>,
    #[cfg(feature = "fetch")]
    #[command(flatten)]
    pub(crate) fetch: FetchFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowPart {
    /// Chart.yaml
    Chart,
    /// values.yaml, with its comments
    Values,
    /// README
    Readme,
    /// Custom resource definitions in crds/, those of sub-charts included
    Crds,
    /// All of them
    All,
}

impl From<ShowPart> for chart::Part {
    fn from(part: ShowPart) -> Self {
        match part {
            ShowPart::Chart => Self::Definition,
            ShowPart::Values => Self::Values,
            ShowPart::Readme => Self::Readme,
            ShowPart::Crds => Self::Crds,
            ShowPart::All => Self::All,
        }
    }
}
