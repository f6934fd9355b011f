//! `plimsoll diff`, `preview` and `rehearse`.

use super::{ClusterFlags, ContextFlags, DriverFlags, HistoryFlags, ReleaseArgs};
use crate::completion;
use clap::{Args, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll diff [OPTIONS] [RELEASE] SOURCE",
    after_help = "\
Examples:
  plimsoll diff web ./chart -f prod.yaml                       # compare with the last revision
  plimsoll diff web ./chart -f prod.yaml --against git:main    # show what a pull request changes
  helm get manifest web | plimsoll diff web ./chart --against -
  plimsoll diff web ./chart --against live --fail-on rejected,restart,data-loss
  plimsoll diff web oci://registry.example.com/charts/web:1.3.0 --against-version 1.2.3

Exit codes: 0 no differences, 1 differences (with --fail-on: only those listed), 2 failed,
3 the API server would reject the upgrade."
)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) against: AgainstFlags,
    /// Choose the output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: DiffFormat,
    /// Add each object as the API server would store it, values of Secrets included (with --format json)
    #[arg(long)]
    pub(crate) stored: bool,
    /// Show the values of Secrets, and what contains them
    #[arg(long)]
    pub(crate) show_secrets: bool,
    /// Set the lines of context around each change (with --format unified)
    #[arg(long, value_name = "LINES", default_value_t = 3)]
    pub(crate) context: usize,
    /// Show only these objects: KIND, KIND/NAME (as in kubectl: `sts/db`), or the path of a template
    #[arg(short = 's', long, value_name = "OBJECT", value_delimiter = ',')]
    pub(crate) show_only: Vec<String>,
    /// Ignore changes to a field: [KIND[/NAME]:]PATH, e.g. `metadata.labels[helm.sh/chart]`
    #[arg(long, value_name = "PATH")]
    pub(crate) ignore: Vec<String>,
    /// Exit with 1 only for these categories: changed, rejected, removed, restart, data-loss, traffic, ...
    #[arg(
        long,
        value_name = "CATEGORIES",
        value_delimiter = ',',
        add = ArgValueCandidates::new(completion::fail_on)
    )]
    pub(crate) fail_on: Vec<String>,
    /// Assume that claims without a visible volume are bound
    #[arg(long)]
    pub(crate) claims_bound: bool,
    #[command(flatten)]
    pub(crate) driver: DriverFlags,
    /// Compare the hooks of both sides as well
    #[arg(long)]
    pub(crate) include_hooks: bool,
    /// Compare the custom resource definitions in crds/ of both sides as well
    #[arg(long)]
    pub(crate) include_crds: bool,
    /// Also ask the API server (kubectl apply --dry-run=server), and show where it disagrees with the plan
    #[arg(long)]
    pub(crate) server_dry_run: bool,
    #[command(flatten)]
    pub(crate) history: HistoryFlags,
    #[command(flatten)]
    pub(crate) release: ReleaseArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterFlags,
}

// What the new side is compared with.
#[derive(Debug, Args)]
pub(crate) struct AgainstFlags {
    /// Compare with: `last`, a recorded revision, a chart, manifests (file, directory, `-`), `git:REV[:PATH]` or `live`
    #[arg(
        long,
        value_name = "PREVIOUS",
        default_value = "last",
        allow_hyphen_values = true,
        add = ArgValueCompleter::new(completion::against)
    )]
    pub(crate) against: String,
    /// Compare with another version of the same chart, from its repository or registry
    #[cfg(feature = "fetch")]
    #[arg(long, value_name = "VERSION", conflicts_with = "against")]
    pub(crate) against_version: Option<String>,
    /// Set values of the old side (with --against git:REV or a chart; --set applies to the new side only)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) against_set: Vec<String>,
    /// Read values of the old side from the current version of a file (with --against git:REV or a chart)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) against_values: Vec<String>,
}

impl AgainstFlags {
    /// Whether any flag sets values of the old side.
    pub(crate) fn sets_old_values(&self) -> bool {
        !(self.against_set.is_empty() && self.against_values.is_empty())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DiffFormat {
    /// Changes, verdicts, effects and remediation
    #[default]
    Plan,
    /// Unified diff of the manifests
    Unified,
    /// One line per object
    Summary,
    /// JSON for programs
    Json,
    /// Markdown for pull requests
    Markdown,
    /// Self-contained HTML page
    Html,
    /// Bash script that carries out the plan and asks before each step that deletes something
    Script,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll preview [OPTIONS] [RELEASE] SOURCE",
    after_help = "\
Examples:
  plimsoll preview web ./chart -f prod.yaml
  plimsoll preview web ./chart --format svg > web.svg
  plimsoll preview web rendered.yaml --format mermaid"
)]
pub(crate) struct PreviewArgs {
    /// Choose the output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: PreviewFormat,
    #[command(flatten)]
    pub(crate) release: ReleaseArgs,
    #[command(flatten)]
    pub(crate) context: ContextFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum PreviewFormat {
    /// Tables like those of kubectl
    #[default]
    Table,
    /// JSON for programs
    Json,
    /// Mermaid diagram
    Mermaid,
    /// SVG image
    Svg,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll rehearse [OPTIONS] [RELEASE] SOURCE\n       plimsoll rehearse [OPTIONS] --scenario FILE",
    mut_arg("second", |source| source.required_unless_present("scenario")),
    after_help = "\
Examples:
  plimsoll rehearse web ./chart -f prod.yaml --against git:main
  plimsoll rehearse web ./chart --against live --fail web-2        # what if web-2 never gets ready?
  plimsoll rehearse web ./chart --against live --format html > rollout.html
  plimsoll rehearse --scenario rollout.yaml --format json

Exit codes: 0 all pods are ready at the end, 1 the rollout gets stuck, 2 failed,
3 the API server would reject the upgrade. A scenario that can be read ends with 0."
)]
pub(crate) struct RehearseArgs {
    #[command(flatten)]
    pub(crate) against: AgainstFlags,
    /// Assume that this pod never gets ready
    #[arg(long, value_name = "POD")]
    pub(crate) fail: Vec<String>,
    /// Evict this pod as soon as the rollout has begun
    #[arg(long, value_name = "POD")]
    pub(crate) evict: Vec<String>,
    /// Run the pods of DaemonSets on this many nodes
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) nodes: u16,
    /// Run a scenario instead of a release: objects, actions and what the pods do, in YAML or JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["against", "fail", "evict", "nodes", "driver", "force_conflicts", "prune", "sync_options"])]
    pub(crate) scenario: Option<String>,
    #[command(flatten)]
    pub(crate) driver: DriverFlags,
    /// Choose the output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: RehearseFormat,
    #[command(flatten)]
    pub(crate) history: HistoryFlags,
    #[command(flatten)]
    pub(crate) release: ReleaseArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum RehearseFormat {
    /// Table of steps
    #[default]
    Table,
    /// JSON for programs
    Json,
    /// SVG image of the pods over time
    Svg,
    /// Self-contained HTML page
    Html,
}
