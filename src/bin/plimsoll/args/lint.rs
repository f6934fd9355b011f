//! `plimsoll lint`.

#[cfg(feature = "fetch")]
use super::FetchFlags;
use super::release::known_kube_version_help;
use super::{CapabilitiesFlags, ContextFlags, LookupFlags, PolicyFlags, ValueFlags};
use crate::completion;
use crate::watch::WatchFlag;
use clap::{Args, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};
use plimsoll::engine::Release;
use plimsoll::k8s::pod_security::Policy;
use plimsoll::lint::Assumed;
use std::path::PathBuf;

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
    #[arg(short, long, value_name = "VERSIONS", help_heading = "Release")]
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
