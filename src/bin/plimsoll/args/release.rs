//! A release: its name, its chart, its values and its cluster.

#[cfg(feature = "fetch")]
use super::FetchFlags;
use crate::completion;
use clap::{Args, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};
use plimsoll::k8s::Version;
use std::sync::Arc;

// `[RELEASE] SOURCE`. A single one is the source; clap's own way to say so (`allow_missing_positional`) takes what stands
// before a flag for the source, and refuses `RELEASE --set a=1 SOURCE`.
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

// Helm's value flags.
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

// What the release and its cluster are.
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
    #[arg(short, long, value_name = "VERSIONS")]
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
pub(super) fn known_kube_version_help() -> String {
    let (min, max, default) = (Version::MIN, Version::MAX, Version::DEFAULT);
    format!("Target this version of Kubernetes, {min} to {max} [default: {default}]")
}

// A release to be rendered: what every command that takes a chart shares.
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

// What `lookup` finds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct LookupFlags {
    /// Answer `lookup` of Helm charts from manifests (file, directory, `-`) or from the cluster (`live`)
    #[arg(long, value_name = "SOURCE", value_hint = ValueHint::AnyPath, allow_hyphen_values = true)]
    pub(crate) lookup: Option<String>,
}

// Which cluster is asked.
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

// What the cluster is, as far as templates see it.
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
