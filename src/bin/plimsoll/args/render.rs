//! `plimsoll render`, and what it records.

use super::{ContextFlags, ReleaseArgs};
use crate::completion;
use crate::watch::WatchFlag;
use clap::{Args, ValueEnum, ValueHint};
use clap_complete::engine::ArgValueCandidates;
use plimsoll::engine::Release;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll render [OPTIONS] [RELEASE] SOURCE",
    after_help = "\
Examples:
  plimsoll render web ./chart -f prod.yaml | kubectl apply -f -
  plimsoll render web oci://registry.example.com/charts/web:1.2.3
  plimsoll render web builtin:statefulset --set image.repository=nginx,image.tag=1.27.0
  plimsoll render web ./chart --output-dir out/ --include-crds
  plimsoll render web ./chart -s templates/statefulset.yaml --format json
  plimsoll render web ./chart --report          # like `helm install --dry-run --debug`"
)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) watch: WatchFlag,
    #[command(flatten)]
    pub(crate) release: ReleaseArgs,
    #[command(flatten)]
    pub(crate) context: ContextFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
    #[command(flatten)]
    pub(crate) record: RecordFlags,
}

// Where renders are recorded.
#[derive(Debug, Args)]
pub(crate) struct HistoryFlags {
    /// Set the directory of recorded renders
    #[arg(long, value_name = "DIR", default_value = ".plimsoll", value_hint = ValueHint::DirPath)]
    pub(crate) history: PathBuf,
}

// `render --record`.
#[derive(Debug, Args)]
#[command(next_help_heading = "History")]
pub(crate) struct RecordFlags {
    /// Record the render as the next revision of the release after printing it
    #[arg(long, conflicts_with_all = ["report", "show_only"])]
    pub(crate) record: bool,
    /// Describe the recorded revision
    #[arg(long, value_name = "TEXT", requires = "record")]
    pub(crate) message: Option<String>,
    /// Record the values of Secrets in plain text instead of as digests
    #[arg(long, requires = "record")]
    pub(crate) record_secrets: bool,
    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll render web ./chart --record --message 'before the upgrade' | kubectl apply -f -
  plimsoll history web
  plimsoll history web -n staging --show 3 | kubectl apply -n staging -f -

Exit codes: 0 success, 1 a revision is damaged (the list marks it), 2 failed.")]
pub(crate) struct HistoryArgs {
    /// Name of the release
    #[arg(
        default_value = Release::DEFAULT_NAME,
        value_name = "RELEASE",
        add = ArgValueCandidates::new(completion::releases)
    )]
    pub(crate) release: String,
    /// Set the namespace of the release (default: every namespace with records)
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Print the manifests of this revision, except objects that contain digests of secret values
    #[arg(long, value_name = "REVISION", add = ArgValueCandidates::new(completion::revisions))]
    pub(crate) show: Option<u64>,
    /// Delete all revisions but the last KEEP
    #[arg(long, value_name = "KEEP", conflicts_with = "show")]
    pub(crate) prune: Option<usize>,
    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}

// What is printed, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFlags {
    /// Print only the manifests of these templates, such as templates/service.yaml or charts/db/templates/*.yaml
    #[arg(short = 's', long, value_name = "PATH", value_delimiter = ',')]
    pub(crate) show_only: Vec<String>,
    /// Include the custom resource definitions in crds/
    #[arg(long)]
    pub(crate) include_crds: bool,
    /// Skip the custom resource definitions in crds/ (the default)
    #[arg(long, conflicts_with = "include_crds")]
    pub(crate) skip_crds: bool,
    /// Skip hooks
    #[arg(long)]
    pub(crate) no_hooks: bool,
    /// Skip test hooks
    #[arg(long)]
    pub(crate) skip_tests: bool,
    /// Add metadata.namespace to namespaced objects that have none
    #[arg(long)]
    pub(crate) with_namespace: bool,
    /// Choose the output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: RenderFormat,
    /// Write files to DIR/<chart>/templates/... instead of printing; write all files or none
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["format", "post_renderer"])]
    pub(crate) output_dir: Option<PathBuf>,
    /// Write to DIR/<release>/<chart>/... instead (with --output-dir)
    #[arg(long, requires = "output_dir")]
    pub(crate) release_name: bool,
    /// Remove manifests of an earlier render that are no longer part of the release (with --output-dir)
    #[arg(long, requires = "output_dir", conflicts_with = "show_only")]
    pub(crate) prune: bool,
    /// Pipe the manifests through an executable
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandName)]
    pub(crate) post_renderer: Option<PathBuf>,
    /// Pass this argument to the post-renderer; may be repeated
    #[arg(long, value_name = "ARG", requires = "post_renderer", allow_hyphen_values = true)]
    pub(crate) post_renderer_args: Vec<String>,
    /// Print the dry-run report: values, hooks, manifest, notes
    #[arg(long, conflicts_with_all = ["output_dir", "format", "post_renderer", "show_only"])]
    pub(crate) report: bool,
    /// Print the notes to stderr after the manifests
    #[arg(long)]
    pub(crate) notes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum RenderFormat {
    /// YAML documents with `---` and `# Source:`
    #[default]
    Yaml,
    /// One List object, ready for kubectl
    Json,
}
