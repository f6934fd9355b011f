//! The command line. Names and meanings are Helm's wherever Helm has the flag.

mod authoring;
mod cluster;
mod create;
mod diff;
mod generate;
mod lint;
mod package;
#[cfg(feature = "fetch")]
mod registry;
mod release;
mod render;
mod show;
mod test;

pub(crate) use authoring::{DocsArgs, GeneratedFlags, SchemaArgs};
pub(crate) use cluster::{ClusterFlags, DriverFlags, PolicyFlags};
pub(crate) use create::{ConvertArgs, CreateArgs, Engine, WorkloadKind};
pub(crate) use diff::{
    AgainstFlags, DiffArgs, DiffFormat, PreviewArgs, PreviewFormat, RehearseArgs, RehearseFormat,
};
pub(crate) use generate::{CompletionsArgs, HelmArgs, ManArgs};
pub(crate) use lint::{LintArgs, LintFormat};
#[cfg(feature = "fetch")]
pub(crate) use package::PushArgs;
pub(crate) use package::{PackageArgs, VerifyArgs, VerifyFlags};
#[cfg(feature = "fetch")]
pub(crate) use registry::{
    BuildArgs, ChartFlags, DependencyArgs, DependencyCommand, DependencyFlags, FetchFlags, ListArgs,
    PullArgs, RegistryFlags,
};
pub(crate) use release::{
    CapabilitiesFlags, ContextFlags, LookupFlags, ReleaseAndSource, ReleaseArgs, ReleaseFlags, ValueFlags,
};
pub(crate) use render::{HistoryArgs, HistoryFlags, OutputFlags, RecordFlags, RenderArgs, RenderFormat};
pub(crate) use show::{ShowArgs, ValuesArgs};
pub(crate) use test::{CoverageArgs, TestArgs};

use crate::ui::Color;
use clap::{Args, Parser, Subcommand};
use plimsoll::gotmpl;
use plimsoll::k8s::quantity::Quantity;
use plimsoll::limits::Limits;
use std::time::Duration;

/// Render, lint and diff Kubernetes releases built around StatefulSets
///
/// plimsoll predicts what the cluster will do before you run `kubectl apply`. It needs no cluster, and no network except to fetch or publish charts. It is
/// named after the Plimsoll line, the mark on a hull that shows whether a ship is loaded safely.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  plimsoll render web ./chart -f prod.yaml | kubectl apply -f -
  plimsoll lint ./chart
  plimsoll diff web ./chart -f prod.yaml --against git:main
  plimsoll preview web ./chart
  plimsoll rehearse web ./chart --against live
  plimsoll values web ./chart --why image.tag

Exit codes: 0 success, no findings, no differences; 1 findings, differences or failed tests; 2 failed;
3 (diff, rehearse) the API server would reject the upgrade."
)]
pub(crate) struct Cli {
    /// Choose when to use colors
    #[arg(
        long,
        alias = "colour",
        value_enum,
        default_value_t,
        global = true,
        value_name = "WHEN",
        display_order = 100
    )]
    pub(crate) color: Color,
    #[command(flatten)]
    pub(crate) limits: LimitFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

// What a command may take.
#[derive(Debug, Args)]
pub(crate) struct LimitFlags {
    /// Fail after this time, such as 90s or 2m; 0 means no limit [default: 1m]
    ///
    /// Unless it is set, `lint` has one more second for each chart, kustomization or release after the first.
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_timeout, display_order = 101)]
    pub(crate) timeout: Option<Duration>,
    /// Fail when more memory than this is needed, such as 512Mi or 2Gi; 0 means no limit
    #[arg(
        long,
        global = true,
        value_name = "SIZE",
        default_value = "1Gi",
        value_parser = parse_memory,
        display_order = 102
    )]
    pub(crate) max_memory: usize,
}

/// `--timeout`, if it is not set.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

impl LimitFlags {
    /// How long a command may run; zero stands for any time.
    pub(crate) fn time(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// The limits for the process.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            time: Some(self.time()).filter(|time| !time.is_zero()),
            is_time_fixed: self.timeout.is_some(),
            memory: Some(self.max_memory).filter(|bytes| *bytes > 0),
        }
    }
}

/// Reads a duration of Go.
fn parse_timeout(text: &str) -> Result<Duration, String> {
    let nanoseconds = gotmpl::parse_duration(text).and_then(|length| u64::try_from(length).ok());
    nanoseconds
        .map(Duration::from_nanos)
        .ok_or_else(|| "use a duration with a unit, such as `90s`, `2m` or `1m30s`".to_owned())
}

/// Reads a quantity of Kubernetes, in bytes.
fn parse_memory(text: &str) -> Result<usize, String> {
    let bytes = Quantity::parse(text).ok().and_then(|quantity| usize::try_from(quantity.value()).ok());
    bytes.ok_or_else(|| "use a quantity of bytes, such as `512Mi` or `2Gi`".to_owned())
}

// The flags of a command are defined when it is called: those of all commands take half the time of a small render. Of a
// group of flags, clap then takes a doc comment for the description of the command, so groups have plain comments.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Render a chart to manifests that kubectl accepts
    #[command(visible_alias = "template")]
    Render(Box<RenderArgs>),
    /// Check charts and manifests against the Kubernetes API and StatefulSet practice
    Lint(Box<LintArgs>),
    /// Show what an upgrade changes, what the API server rejects and which pods restart
    Diff(Box<DiffArgs>),
    /// Show the pods, DNS names, Services and claims of a release before it exists
    Preview(Box<PreviewArgs>),
    /// Rehearse an upgrade: what the controllers do step by step, which pods are up and how long it takes at least
    Rehearse(Box<RehearseArgs>),
    /// List, show or prune the recorded renders of a release
    History(Box<HistoryArgs>),
    /// Show the values that a chart's templates see, and the origin of each
    Values(Box<ValuesArgs>),
    /// Show the Chart.yaml, values, README or custom resource definitions of a chart
    #[command(visible_alias = "inspect")]
    Show(Box<ShowArgs>),
    /// Create a chart: from nothing, from manifests, or from a built-in chart
    Create(Box<CreateArgs>),
    /// Run the helm-unittest suites of charts
    #[command(visible_alias = "unittest")]
    Test(Box<TestArgs>),
    /// Write the documentation of a chart from the comments in its values
    Docs(Box<DocsArgs>),
    /// Write the schema of a chart's values from its values, comments and templates
    Schema(Box<SchemaArgs>),
    /// Convert the templates of a Helm chart to Tera where both mean the same, and mark the rest
    Convert(Box<ConvertArgs>),
    /// Fetch the charts that a chart depends on
    #[cfg(feature = "fetch")]
    #[command(visible_alias = "dep")]
    Dependency(Box<DependencyArgs>),
    /// Download charts from a repository or registry
    #[cfg(feature = "fetch")]
    Pull(Box<PullArgs>),
    /// Pack charts into archives that Helm accepts
    Package(Box<PackageArgs>),
    /// Publish the archive of a chart in an OCI registry
    #[cfg(feature = "fetch")]
    Push(Box<PushArgs>),
    /// Verify the archive of a chart with its provenance file
    Verify(Box<VerifyArgs>),
    /// Answer as `helm` does, for tools that call it
    #[command(disable_help_flag = true)]
    Helm(Box<HelmArgs>),
    /// Print a completion script for a shell
    Completions(Box<CompletionsArgs>),
    /// Print the manual page, or write one for every command
    Man(Box<ManArgs>),
}
