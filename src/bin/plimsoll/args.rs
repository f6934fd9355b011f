//! The command line. Names and meanings are Helm's wherever Helm has the flag.

use crate::helm::HelmFlags;
use crate::ui::Color;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Render, lint and diff Kubernetes releases built around StatefulSets
///
/// A Plimsoll line is the mark on a hull that tells, before the ship sails, whether it is loaded safely. plimsoll says
/// before `kubectl apply` what the cluster will do. No cluster, no network.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  plimsoll render web ./chart -f prod.yaml | kubectl apply -f -
  plimsoll lint ./chart
  plimsoll diff web ./chart -f prod.yaml --against git:main
  plimsoll preview web ./chart
  plimsoll values web ./chart --why image.tag

Exit codes: 0 done, no findings, no difference; 1 findings, differences; 2 could not do it;
3 (diff) the API server would reject the upgrade."
)]
pub(crate) struct Cli {
    /// When to use colours
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
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Render a chart to manifests that kubectl accepts
    #[command(visible_alias = "template")]
    Render(Box<RenderArgs>),
    /// Say what the API server, and production, would hold against charts and manifests
    Lint(Box<LintArgs>),
    /// Say what an upgrade will do: what changes, what the API server takes, which pods restart
    Diff(Box<DiffArgs>),
    /// Show the pods, DNS names, Services and claims of a release before it exists
    Preview(Box<PreviewArgs>),
    /// List, show or prune the recorded renders of a release
    History(Box<HistoryArgs>),
    /// Show the values that a chart's templates see, and where each came from
    Values(Box<ValuesArgs>),
    /// Print a shell's completion script
    Completions(Box<CompletionsArgs>),
    /// Print the manual page, or write one for every command
    Man(Box<ManArgs>),
}

/// `[RELEASE] SOURCE`.
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(crate) struct ReleaseAndSource {
    /// The release's name, `release-name` if left out
    release: Option<String>,
    /// The chart: a directory, a .tgz or builtin:NAME; diff and preview take rendered manifests, too
    #[arg(value_hint = ValueHint::AnyPath)]
    source: String,
}

impl ReleaseAndSource {
    pub(crate) fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

/// Helm's value flags.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Values")]
pub(crate) struct ValueFlags {
    /// Read values from a YAML file, or from stdin with `-`; later files win
    #[arg(short = 'f', long = "values", value_name = "FILE", value_hint = ValueHint::FilePath, allow_hyphen_values = true)]
    pub(crate) values: Vec<String>,
    /// Set values: key.path=value,other=value; numbers, booleans and null are typed
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Set values as strings
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set_string: Vec<String>,
    /// Set values to the content of files
    #[arg(long, value_name = "KEY=PATH")]
    pub(crate) set_file: Vec<String>,
    /// Set JSON values: key=JSON, or a whole JSON object
    #[arg(long, value_name = "KEY=JSON")]
    pub(crate) set_json: Vec<String>,
    /// Set one literal string, in which nothing is special
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set_literal: Vec<String>,
    /// Do not validate values against values.schema.json
    #[arg(long)]
    pub(crate) skip_schema_validation: bool,
    /// Treat as errors: values that the chart does not know, and whatever plimsoll holds against a Helm chart
    #[arg(long)]
    pub(crate) strict: bool,
}

impl ValueFlags {
    /// The flags among these that set values and are used.
    pub(crate) fn used(&self) -> Vec<&'static str> {
        let files = [("-f", &self.values), ("--set-file", &self.set_file)];
        let files = files.into_iter().filter(|(_, used)| !used.is_empty()).map(|(flag, _)| flag);
        files.chain(self.set_flags()).collect()
    }

    /// Those that set values without a file.
    pub(crate) fn set_flags(&self) -> Vec<&'static str> {
        let flags = [
            ("--set", &self.set),
            ("--set-string", &self.set_string),
            ("--set-json", &self.set_json),
            ("--set-literal", &self.set_literal),
        ];
        flags.into_iter().filter(|(_, used)| !used.is_empty()).map(|(flag, _)| flag).collect()
    }
}

/// What the release and its cluster are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Release")]
pub(crate) struct ReleaseFlags {
    /// The namespace of the release
    #[arg(short, long, default_value = "default", value_name = "NAME")]
    pub(crate) namespace: String,
    /// Render the release's name from a template instead of giving it
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name_template: Option<String>,
    /// Render as an upgrade, not as an installation
    #[arg(long)]
    pub(crate) is_upgrade: bool,
    #[arg(long, value_name = "VERSION", help = kube_version_help(""))]
    pub(crate) kube_version: Option<String>,
    /// Further API versions that the cluster serves
    #[arg(short, long, value_name = "VERSIONS", value_delimiter = ',')]
    pub(crate) api_versions: Vec<String>,
    /// Make the random functions of Helm charts repeatable
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

/// What `--kube-version` is, in every command that has it; `known` are the versions it takes.
fn kube_version_help(known: &str) -> String {
    let templates = plimsoll::engine::KubeVersion::of_helm().version;
    let validation = plimsoll::k8s::Version::DEFAULT;
    format!(
        "Target this version of Kubernetes{known} (default: templates see {templates}, as in Helm; validation \
         follows {validation})"
    )
}

/// The versions of Kubernetes that plimsoll validates for.
fn known_kube_versions() -> String {
    format!(", {} to {}", plimsoll::k8s::Version::MIN, plimsoll::k8s::Version::MAX)
}

/// A release to be rendered: what every command that takes a chart shares.
#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    #[command(flatten)]
    pub(crate) names: ReleaseAndSource,
    #[command(flatten)]
    pub(crate) values: ValueFlags,
    #[command(flatten)]
    pub(crate) release: ReleaseFlags,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll render [OPTIONS] [RELEASE] SOURCE",
    after_help = "\
Examples:
  plimsoll render web ./chart -f prod.yaml | kubectl apply -f -
  plimsoll render web builtin:statefulset --set image.repository=nginx,image.tag=1.27.0
  plimsoll render web ./chart --output-dir out/ --include-crds
  plimsoll render web ./chart -s templates/statefulset.yaml --format json
  plimsoll render web ./chart --report          # what `helm install --dry-run --debug` shows"
)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) release: ReleaseArgs,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
    #[command(flatten)]
    pub(crate) record: RecordFlags,
    #[command(flatten)]
    pub(crate) helm: HelmFlags,
}

/// Where renders are recorded.
#[derive(Debug, Args)]
pub(crate) struct HistoryFlags {
    /// The directory of recorded renders
    #[arg(long, value_name = "DIR", default_value = ".plimsoll", value_hint = ValueHint::DirPath)]
    pub(crate) history: PathBuf,
}

/// `render --record`.
#[derive(Debug, Args)]
#[command(next_help_heading = "History")]
pub(crate) struct RecordFlags {
    /// Record the render as the next revision of the release, once it has been printed
    #[arg(long, conflicts_with_all = ["report", "show_only"])]
    pub(crate) record: bool,
    /// What to say about the revision
    #[arg(long, value_name = "TEXT", requires = "record")]
    pub(crate) message: Option<String>,
    /// Record the values of Secrets as they are, not only their digests
    #[arg(long, requires = "record")]
    pub(crate) record_secrets: bool,
    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll diff [OPTIONS] [RELEASE] SOURCE",
    after_help = "\
Examples:
  plimsoll diff web ./chart -f prod.yaml                       # against the last recorded render
  plimsoll diff web ./chart -f prod.yaml --against git:main    # what a pull request does
  helm get manifest web | plimsoll diff web ./chart --against -
  plimsoll diff web ./chart --against live --fail-on rejected,restart,data-loss

Exit codes: 0 no difference, 1 differences (or those of --fail-on), 2 could not do it,
3 the API server would reject the upgrade."
)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) release: ReleaseArgs,
    #[command(flatten)]
    pub(crate) history: HistoryFlags,
    /// What to compare with: `last`, a recorded revision, manifests (file, directory, `-`), `git:REV[:PATH]`, `live`
    #[arg(long, value_name = "PREVIOUS", default_value = "last", allow_hyphen_values = true)]
    pub(crate) against: String,
    /// With --against git:REV: set values of the old side; --set is for the new side only
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) against_set: Vec<String>,
    /// With --against git:REV: read values of the old side from a file as it is now
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) against_values: Vec<String>,
    /// The form of the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: DiffFormat,
    /// With --format unified: lines of context
    #[arg(long, value_name = "LINES", default_value_t = 3)]
    pub(crate) context: usize,
    /// Show only these objects: KIND, KIND/NAME (`sts/db`, as kubectl takes it), or the path of a template
    #[arg(short = 's', long, value_name = "OBJECT", value_delimiter = ',')]
    pub(crate) show_only: Vec<String>,
    /// Ignore changes to a field: [KIND[/NAME]:]PATH, e.g. `metadata.labels[helm.sh/chart]`
    #[arg(long, value_name = "PATH")]
    pub(crate) ignore: Vec<String>,
    /// Exit with 1 only for these: changed, rejected, removed, restart, data-loss, traffic, ...
    #[arg(long, value_name = "CATEGORIES", value_delimiter = ',')]
    pub(crate) fail_on: Vec<String>,
    /// Take claims whose volumes no manifest shows as bound
    #[arg(long)]
    pub(crate) claims_bound: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterFlags,
}

/// Helm's flags for the cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterFlags {
    /// The kubeconfig context to read live objects from; the commands of the plan name it
    #[arg(long, value_name = "NAME")]
    pub(crate) kube_context: Option<String>,
    /// The kubeconfig file to use with it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<String>,
}

impl ClusterFlags {
    /// The cluster for the library.
    pub(crate) fn cluster(&self) -> plimsoll::diff::Cluster {
        plimsoll::diff::Cluster { context: self.kube_context.clone(), kubeconfig: self.kubeconfig.clone() }
    }
}

impl DiffArgs {
    /// Whether any flag sets values of the old side.
    pub(crate) fn sets_old_values(&self) -> bool {
        !(self.against_set.is_empty() && self.against_values.is_empty())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DiffFormat {
    /// The plan: changes, verdicts, consequences, the way out
    #[default]
    Plan,
    /// A patch of the manifests
    Unified,
    /// One line for each object
    Summary,
    /// For programs
    Json,
    /// For pull requests
    Markdown,
    /// One self-contained page
    Html,
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
    #[command(flatten)]
    pub(crate) release: ReleaseArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: PreviewFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum PreviewFormat {
    /// Tables as kubectl's
    #[default]
    Table,
    /// For programs
    Json,
    /// A Mermaid diagram
    Mermaid,
    /// A picture
    Svg,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll render web ./chart --record --message 'before the upgrade' | kubectl apply -f -
  plimsoll history web
  plimsoll history web -n staging --show 3 | kubectl apply -n staging -f -

Exit codes: 0 done, 1 some revision is damaged (the list marks it), 2 could not do it.")]
pub(crate) struct HistoryArgs {
    /// The release's name
    #[arg(default_value = "release-name", value_name = "RELEASE")]
    pub(crate) release: String,
    /// The namespace of the release (default: all in which it was recorded)
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Print the manifests of this revision, without those that hold digests of secret values
    #[arg(long, value_name = "REVISION")]
    pub(crate) show: Option<u64>,
    /// Delete all but the last revisions
    #[arg(long, value_name = "KEEP", conflicts_with = "show")]
    pub(crate) prune: Option<usize>,
    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}

/// What is printed, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFlags {
    /// Print only the manifests of these templates, e.g. templates/service.yaml or charts/db/templates/*.yaml
    #[arg(short = 's', long, value_name = "PATH", value_delimiter = ',')]
    pub(crate) show_only: Vec<String>,
    /// Print the custom resource definitions under crds/, too
    #[arg(long)]
    pub(crate) include_crds: bool,
    /// Leave the custom resource definitions out (the default)
    #[arg(long, conflicts_with = "include_crds")]
    pub(crate) skip_crds: bool,
    /// Leave hooks out
    #[arg(long)]
    pub(crate) no_hooks: bool,
    /// Leave test hooks out
    #[arg(long)]
    pub(crate) skip_tests: bool,
    /// Write metadata.namespace on namespaced objects that have none
    #[arg(long)]
    pub(crate) with_namespace: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: RenderFormat,
    /// Write DIR/<chart>/templates/... instead of printing; all files or none
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["format", "post_renderer"])]
    pub(crate) output_dir: Option<PathBuf>,
    /// With --output-dir: put the release's name before the chart's
    #[arg(long, requires = "output_dir")]
    pub(crate) release_name: bool,
    /// Pass the manifests through an executable: stdin to stdout
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandName)]
    pub(crate) post_renderer: Option<PathBuf>,
    /// Arguments of the post-renderer
    #[arg(long, value_name = "ARG", requires = "post_renderer", allow_hyphen_values = true)]
    pub(crate) post_renderer_args: Vec<String>,
    /// Print the dry-run report: values, hooks, manifest, notes
    #[arg(long, conflicts_with_all = ["output_dir", "format", "post_renderer", "show_only"])]
    pub(crate) report: bool,
    /// Print the notes after the manifests, on stderr
    #[arg(long)]
    pub(crate) notes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum RenderFormat {
    /// Documents with `---` and `# Source:`
    #[default]
    Yaml,
    /// One List, which kubectl applies as it is
    Json,
}

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
    #[command(flatten)]
    pub(crate) values: ValueFlags,
    /// Show where each value came from
    #[arg(long)]
    pub(crate) origins: bool,
    /// Show every layer's say about one key
    #[arg(long, value_name = "PATH", conflicts_with = "origins")]
    pub(crate) why: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll lint [OPTIONS] SOURCE...\n       plimsoll lint --explain [RULE]",
    after_help = "\
Examples:
  plimsoll lint ./chart -f prod.yaml
  plimsoll lint ./chart --with prod.yaml --with dev.yaml   # once per file: which findings belong to which
  helm template ./chart | plimsoll lint -
  plimsoll lint statefulset.yaml service.yaml              # one release, as with kubectl apply
  plimsoll lint charts/* --format sarif > plimsoll.sarif
  plimsoll lint ./chart --baseline accepted.json --write-baseline
  plimsoll lint --explain sts/service-not-headless

Exit codes: 0 clean; 1 findings at --min-severity or above; 2 could not lint."
)]
pub(crate) struct LintArgs {
    /// Charts (directories, .tgz, builtin:NAME), manifest files, directories of manifests, or `-`
    ///
    /// Each chart is a release by itself. All manifests together are one release, as with `kubectl apply`. Files that
    /// are not Kubernetes manifests are skipped.
    #[arg(required_unless_present = "explain", value_name = "SOURCE", value_hint = ValueHint::AnyPath)]
    pub(crate) sources: Vec<String>,
    /// Lint each manifest file or directory as a release of its own
    #[arg(long)]
    pub(crate) separate: bool,
    /// Explain a rule; without a name, list them all
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "", exclusive = true)]
    pub(crate) explain: Option<String>,
    /// The form of the findings
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: LintFormat,
    /// Exit with 1 from this severity on: error (the default), warning or info
    #[arg(long, value_name = "SEVERITY", value_parser = ["error", "warning", "info"])]
    pub(crate) min_severity: Option<String>,
    /// Run only this rule or group; may be repeated
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) rule: Vec<String>,
    /// Leave out this rule or group; may be repeated
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// Lint each chart once with each of these values files, after those of -f
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) with: Vec<String>,
    /// The configuration (default: plimsoll.toml beside the source, else in the working directory)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Pass over the findings that this file accepts
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
    /// Accept all present findings: write the baseline file
    #[arg(long)]
    pub(crate) write_baseline: bool,
    /// The name of the release
    #[arg(long, value_name = "NAME", default_value = "release-name", help_heading = "Release")]
    pub(crate) release: String,
    /// The namespace of the release
    #[arg(short, long, default_value = "default", value_name = "NAME", help_heading = "Release")]
    pub(crate) namespace: String,
    #[arg(long, value_name = "VERSION", help_heading = "Release", help = kube_version_help(&known_kube_versions()))]
    pub(crate) kube_version: Option<String>,
    /// Further API versions that the cluster serves
    #[arg(short, long, value_name = "VERSIONS", value_delimiter = ',', help_heading = "Release")]
    pub(crate) api_versions: Vec<String>,
    #[command(flatten)]
    pub(crate) values: ValueFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LintFormat {
    /// Framed excerpts
    #[default]
    Human,
    /// One document, version 1
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// JUnit XML
    Junit,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write plimsoll.1, plimsoll-render.1, ... into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,
}
