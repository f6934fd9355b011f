//! The command line. Names and meanings are Helm's wherever Helm has the flag.

use crate::authoring_args::{DocsArgs, SchemaArgs};
#[cfg(feature = "fetch")]
use crate::chart_args::PushArgs;
use crate::chart_args::{PackageArgs, VerifyArgs};
use crate::completion;
use crate::create_args::{ConvertArgs, CreateArgs};
#[cfg(feature = "fetch")]
use crate::registry_args::{DependencyArgs, FetchFlags, PullArgs};
use crate::test_args::TestArgs;
use crate::ui::Color;
use crate::watch::WatchFlag;
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};
use plimsoll::chart;
use plimsoll::diff::{Driver, SyncOptions};
use plimsoll::engine::Release;
use plimsoll::gotmpl;
use plimsoll::k8s::Version;
use plimsoll::k8s::pod_security::Policy;
use plimsoll::k8s::quantity::Quantity;
use plimsoll::limits::Limits;
use plimsoll::lint::Assumed;
use plimsoll::lint::Config;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
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

/// What a command may take.
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

#[derive(Debug, Subcommand)]
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

/// `[RELEASE] SOURCE`. A single one is the source; clap's own way to say so (`allow_missing_positional`) takes what stands
/// before a flag for the source, and refuses `RELEASE --set a=1 SOURCE`.
#[derive(Debug, Args)]
pub(crate) struct ReleaseAndSource {
    /// Name of the release; the default is `release-name`
    #[arg(value_name = "RELEASE", add = ArgValueCompleter::new(completion::releases_and_sources))]
    first: Option<String>,
    /// Chart: directory, .tgz archive, builtin:NAME, `oci://REGISTRY/PATH[:VERSION]`, `https://.../chart.tgz`,
    /// REPOSITORY/NAME, or NAME with --repo; `diff`, `preview` and `rehearse` also accept rendered manifests
    #[arg(
        value_name = "SOURCE",
        required_unless_present = "first",
        value_hint = ValueHint::AnyPath,
        add = ArgValueCompleter::new(completion::sources)
    )]
    second: Option<String>,
}

impl ReleaseAndSource {
    pub(crate) fn release(&self) -> Option<&str> {
        self.second.as_ref().and(self.first.as_deref())
    }

    /// Empty only where a command does not need a source, and got none.
    pub(crate) fn source(&self) -> &str {
        self.second.as_deref().or(self.first.as_deref()).unwrap_or_default()
    }

    /// Puts what a source is called after it was fetched in its place.
    #[cfg(feature = "fetch")]
    pub(crate) fn set_source(&mut self, source: String) {
        let place = if self.second.is_some() { &mut self.second } else { &mut self.first };
        *place = Some(source);
    }
}

/// Helm's value flags.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Values")]
pub(crate) struct ValueFlags {
    /// Read values from a YAML file, encrypted by SOPS or not, or from stdin with `-`; later files override earlier ones
    #[arg(short = 'f', long = "values", value_name = "FILE", value_hint = ValueHint::FilePath, allow_hyphen_values = true)]
    pub(crate) values: Vec<String>,
    /// Set values: key.path=value,other=value; numbers, booleans and null are typed
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Set values as strings
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set_string: Vec<String>,
    /// Set values to the contents of files
    #[arg(long, value_name = "KEY=PATH")]
    pub(crate) set_file: Vec<String>,
    /// Set JSON values: key=JSON, or a whole JSON object
    #[arg(long, value_name = "KEY=JSON")]
    pub(crate) set_json: Vec<String>,
    /// Set one value to a literal string, without special characters
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set_literal: Vec<String>,
    /// Do not validate values against values.schema.json
    #[arg(long)]
    pub(crate) skip_schema_validation: bool,
    /// Treat unknown values, and anything plimsoll warns about in a Helm chart, as errors
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
    /// Set the namespace of the release
    #[arg(short, long, default_value = "default", value_name = "NAME")]
    pub(crate) namespace: String,
    /// Generate the release name from a template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name_template: Option<String>,
    /// Render as an upgrade instead of an installation
    #[arg(long)]
    pub(crate) is_upgrade: bool,
    #[arg(
        long,
        value_name = "VERSION",
        help = kube_version_help(),
        add = ArgValueCandidates::new(completion::kube_versions)
    )]
    pub(crate) kube_version: Option<String>,
    /// Add API versions that the cluster serves
    #[arg(short, long, value_name = "VERSIONS", value_delimiter = ',')]
    pub(crate) api_versions: Vec<String>,
    #[command(flatten)]
    pub(crate) capabilities: CapabilitiesFlags,
    /// Seed the random functions of Helm charts, so that renders are repeatable
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

/// What `--kube-version` is, in every command that has it.
fn kube_version_help() -> String {
    format!("Target this version of Kubernetes [default: {}]", Version::DEFAULT)
}

/// The same where other versions than those that plimsoll knows are refused.
fn known_kube_version_help() -> String {
    let (min, max, default) = (Version::MIN, Version::MAX, Version::DEFAULT);
    format!("Target this version of Kubernetes, {min} to {max} [default: {default}]")
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
    #[command(flatten)]
    pub(crate) lookup: LookupFlags,
    #[cfg(feature = "fetch")]
    #[command(flatten)]
    pub(crate) fetch: FetchFlags,
}

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

/// What `lookup` finds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct LookupFlags {
    /// Answer `lookup` of Helm charts from manifests (file, directory, `-`) or from the cluster (`live`)
    #[arg(long, value_name = "SOURCE", value_hint = ValueHint::AnyPath, allow_hyphen_values = true)]
    pub(crate) lookup: Option<String>,
}

/// Which cluster is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ContextFlags {
    /// Use this kubeconfig context (with `live`)
    #[arg(long, value_name = "NAME", overrides_with = "kube_context")]
    pub(crate) kube_context: Option<String>,
    /// Use this kubeconfig file (with `live`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, overrides_with = "kubeconfig")]
    pub(crate) kubeconfig: Option<String>,
}

impl ContextFlags {
    /// The cluster for the library.
    pub(crate) fn cluster(&self) -> plimsoll::diff::Cluster {
        plimsoll::diff::Cluster { context: self.kube_context.clone(), kubeconfig: self.kubeconfig.clone() }
    }
}

/// What the cluster is, as far as templates see it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CapabilitiesFlags {
    /// Use the version and the API versions of a cluster: recorded in a file, or asked now (`live`)
    ///
    /// To record them: (kubectl version -o json; kubectl api-versions; kubectl api-resources --no-headers) > FILE
    #[arg(long, value_name = "SOURCE", value_hint = ValueHint::FilePath)]
    pub(crate) capabilities: Option<String>,
    /// What was found there.
    #[arg(skip)]
    pub(crate) served: Option<Arc<[String]>>,
}

/// Where renders are recorded.
#[derive(Debug, Args)]
pub(crate) struct HistoryFlags {
    /// Set the directory of recorded renders
    #[arg(long, value_name = "DIR", default_value = ".plimsoll", value_hint = ValueHint::DirPath)]
    pub(crate) history: PathBuf,
}

/// `render --record`.
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

/// What applies the manifests.
#[derive(Debug, Args)]
pub(crate) struct DriverFlags {
    /// Choose what applies the manifests (default: `driver` in plimsoll.toml, else kubectl)
    #[arg(long, value_enum, value_name = "DRIVER")]
    pub(crate) driver: Option<DriverName>,
    /// Take fields from other managers (with --driver kubectl-server-side or helm)
    #[arg(long)]
    pub(crate) force_conflicts: bool,
    /// Delete what left the manifests (with --driver kubectl, kubectl-server-side or argocd; default: `prune` in plimsoll.toml)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) prune: Option<bool>,
    /// Sync with an option of the Application: Replace=true, ServerSideApply=true or PruneLast=true (with --driver argocd; default: `sync-options` in plimsoll.toml; repeatable)
    #[arg(long = "sync-option", value_name = "OPTION")]
    pub(crate) sync_options: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriverName {
    /// kubectl apply, merged by the client
    Kubectl,
    /// kubectl apply --server-side
    KubectlServerSide,
    /// helm upgrade of Helm 4, with server-side apply
    Helm,
    /// helm upgrade of Helm 3, or of Helm 4 for a release that Helm 3 made
    Helm3,
    /// Sync of Argo CD
    #[value(name = "argocd")]
    ArgoCd,
    /// Kustomization of Flux, with pruning
    Flux,
    /// kubectl replace
    Replace,
}

impl From<DriverName> for Driver {
    fn from(name: DriverName) -> Self {
        let force_conflicts = false;
        match name {
            DriverName::Kubectl => Self::Kubectl,
            DriverName::KubectlServerSide => Self::KubectlServerSide { force_conflicts },
            DriverName::Helm => Self::Helm { force_conflicts },
            DriverName::Helm3 => Self::Helm3,
            DriverName::ArgoCd => Self::ArgoCd { sync: SyncOptions::default() },
            DriverName::Flux => Self::Flux,
            DriverName::Replace => Self::Replace,
        }
    }
}

impl DriverFlags {
    /// The driver for the library, and whether it prunes: as the flags say, else as the configuration does.
    pub(crate) fn choose(&self, config: &Config) -> anyhow::Result<(Driver, bool)> {
        let mut driver = self.driver.map(Driver::from).or(config.driver).unwrap_or_default();
        if self.force_conflicts {
            driver = driver
                .with_force_conflicts()
                .context("--force-conflicts needs --driver kubectl-server-side or helm")?;
        }
        if self.prune == Some(true) && !driver.can_prune() {
            anyhow::bail!("--prune needs --driver kubectl, kubectl-server-side or argocd");
        }
        driver = if self.sync_options.is_empty() {
            driver.with_sync_options(config.sync_options).unwrap_or(driver)
        } else {
            let options = SyncOptions::of_words(self.sync_options.iter().map(String::as_str));
            let unknown = |word: &str| {
                anyhow::anyhow!(
                    "--sync-option: unknown option `{word}`; available: {}",
                    SyncOptions::WORDS.join(", ")
                )
            };
            driver
                .with_sync_options(options.map_err(unknown)?)
                .context("--sync-option needs --driver argocd")?
        };
        Ok((driver, self.prune.or(config.prune).unwrap_or_default()))
    }
}

/// Helm's flags for the cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterFlags {
    /// Use this kubeconfig context to read live objects, and in the commands of the plan
    #[arg(long, value_name = "NAME")]
    pub(crate) kube_context: Option<String>,
    /// Use this kubeconfig file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<String>,
    /// Find removed objects by these labels (with --against live; default: app.kubernetes.io/instance=RELEASE)
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Find removed objects in the ApplySet whose parent is this Secret (with --against live)
    #[arg(long, value_name = "SECRET")]
    pub(crate) applyset: Option<String>,
    #[command(flatten)]
    pub(crate) policies: PolicyFlags,
}

/// The admission policies of the cluster.
#[derive(Debug, Args)]
pub(crate) struct PolicyFlags {
    /// Evaluate the admission policies in this file or directory; may be repeated
    ///
    /// It contains the manifests of policies and bindings, and of what these look up: parameters and namespaces.
    #[arg(long = "policies", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
}

impl ClusterFlags {
    /// The cluster for the library.
    pub(crate) fn cluster(&self) -> plimsoll::diff::Cluster {
        plimsoll::diff::Cluster { context: self.kube_context.clone(), kubeconfig: self.kubeconfig.clone() }
    }
}

/// What the new side is compared with.
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

/// What is printed, and how.
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

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll lint [OPTIONS] SOURCE...\n       plimsoll lint --explain [RULE]\n       plimsoll lint --test-rules [--rules PATH]",
    after_help = "\
Examples:
  plimsoll lint ./chart -f prod.yaml
  plimsoll lint ./chart --with prod.yaml --with dev.yaml   # lint once per values file
  helm template ./chart | plimsoll lint -
  plimsoll lint statefulset.yaml service.yaml              # one release, as with kubectl apply
  plimsoll lint . --exclude vendor/                        # a whole repository
  plimsoll lint charts/* --format sarif > plimsoll.sarif
  plimsoll lint ./chart --baseline accepted.json --write-baseline
  plimsoll lint --explain sts/service-not-headless

Exit codes: 0 no findings; 1 findings at --min-severity or above; 2 failed."
)]
pub(crate) struct LintArgs {
    /// Charts (directories, .tgz, builtin:NAME, or from a registry as in render), kustomizations, manifest files, directories with any of these, or `-`
    ///
    /// Each chart and each kustomization is a release of its own. All manifests together form one release, as with
    /// `kubectl apply`. Files that are not Kubernetes manifests are skipped.
    #[arg(required_unless_present_any = ["explain", "test_rules"], value_name = "SOURCE", value_hint = ValueHint::AnyPath, add = ArgValueCompleter::new(completion::sources))]
    pub(crate) sources: Vec<String>,
    /// Lint each manifest file or directory as a release of its own
    #[arg(long)]
    pub(crate) separate: bool,
    /// Skip files and directories below a source that match this pattern, as in .gitignore; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Fail with exit code 2 if anything cannot be read or rendered
    #[arg(long)]
    pub(crate) strict_sources: bool,
    /// Explain a rule, or list all rules
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["test_rules", "write_baseline"], add = ArgValueCandidates::new(completion::rules))]
    pub(crate) explain: Option<String>,
    /// Run rules from this file or directory, too (default: rules/ beside plimsoll.toml); may be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    /// Test your own rules: run the examples in them, and show those that fail
    #[arg(long)]
    pub(crate) test_rules: bool,
    /// Choose the output format
    ///
    /// The default is full on a terminal, and concise elsewhere.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<LintFormat>,
    /// Print the findings only, without counts and notes
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print how many findings there are of each rule instead of the findings (with --format concise or full)
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) statistics: bool,
    /// List every file that is skipped, with the reason
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Show only findings at this severity or above, and exit with 1 if there are any
    ///
    /// If it is not set, all findings are shown, and errors exit with 1.
    #[arg(long, value_name = "SEVERITY", value_parser = ["error", "warning", "info"])]
    pub(crate) min_severity: Option<String>,
    /// Run only this rule or group; may be repeated
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        add = ArgValueCandidates::new(completion::rules_and_groups)
    )]
    pub(crate) rule: Vec<String>,
    /// Skip this rule or group; may be repeated
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        add = ArgValueCandidates::new(completion::rules_and_groups)
    )]
    pub(crate) skip: Vec<String>,
    /// Lint each chart once with this values file, in addition to -f; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) with: Vec<String>,
    /// Do not lint charts with their `ci/*-values.yaml`, each of which is a set of values like one of --with
    #[arg(long)]
    pub(crate) no_ci_values: bool,
    /// Read this configuration file (default: plimsoll.toml beside or above the source, or in the working directory)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Ignore the findings accepted in this baseline file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
    /// Accept all current findings: write them to the baseline file
    #[arg(long)]
    pub(crate) write_baseline: bool,
    #[command(flatten)]
    pub(crate) watch: WatchFlag,
    /// Take this object (`Secret/db`, `ConfigMap/*`) as existing in the cluster; may be repeated
    #[arg(long, value_name = "KIND/NAME", value_delimiter = ',')]
    pub(crate) assume: Vec<Assumed>,
    /// Check custom resources against the definitions in this file or directory; may be repeated
    ///
    /// A directory contains custom resource definitions, or JSON schemas as <group>/<kind>_<version>.json.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) crds: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) policies: PolicyFlags,
    /// Set the name of the release
    #[arg(long, value_name = "NAME", default_value = Release::DEFAULT_NAME, help_heading = "Release")]
    pub(crate) release: String,
    /// Set the namespace of the release
    #[arg(short, long, default_value = "default", value_name = "NAME", help_heading = "Release")]
    pub(crate) namespace: String,
    #[arg(
        long,
        value_name = "VERSION",
        help_heading = "Release",
        help = known_kube_version_help(),
        add = ArgValueCandidates::new(completion::kube_versions)
    )]
    pub(crate) kube_version: Option<String>,
    /// Add API versions that the cluster serves
    #[arg(short, long, value_name = "VERSIONS", value_delimiter = ',', help_heading = "Release")]
    pub(crate) api_versions: Vec<String>,
    #[command(flatten, next_help_heading = "Release")]
    pub(crate) capabilities: CapabilitiesFlags,
    /// Enforce a Pod Security level: baseline or restricted, perhaps of a version (restricted:v1.35)
    ///
    /// It applies to namespaces whose labels (pod-security.kubernetes.io/enforce) set no level. Labels count only if the
    /// Namespace is linted, too.
    #[arg(long, value_name = "LEVEL[:VERSION]", help_heading = "Release")]
    pub(crate) pod_security: Option<Policy>,
    #[command(flatten)]
    pub(crate) lookup: LookupFlags,
    #[command(flatten)]
    pub(crate) context: ContextFlags,
    #[command(flatten)]
    pub(crate) values: ValueFlags,
    #[cfg(feature = "fetch")]
    #[command(flatten)]
    pub(crate) fetch: FetchFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// One line per finding
    Concise,
    /// Text with source excerpts
    #[value(alias = "human")]
    Full,
    /// JSON document, version 1
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// GitHub Actions annotations
    Github,
    /// JUnit XML
    Junit,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The script runs plimsoll to complete values: rules, git revisions, recorded revisions, charts.

Examples:
  source <(plimsoll completions bash)          # in ~/.bashrc
  source <(plimsoll completions zsh)           # in ~/.zshrc, after compinit
  plimsoll completions fish | source           # in ~/.config/fish/config.fish")]
pub(crate) struct CompletionsArgs {
    /// Shell to generate the script for
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll helm COMMAND [ARGS]...",
    after_help = "\
A link to plimsoll that is named `helm` does the same: tools that call `helm` find it in PATH.

Examples:
  plimsoll helm template web ./chart -f prod.yaml
  ln -s \"$(command -v plimsoll)\" bin/helm
  kubectl kustomize --enable-helm --helm-command bin/helm ."
)]
pub(crate) struct HelmArgs {
    /// Helm's command and its arguments; `plimsoll helm help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write plimsoll.1, plimsoll-render.1, ... into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,
}
