//! Helm's command line, as far as it is answered. The arguments of most commands are plimsoll's own, which bear Helm's names.

use super::accepted;
#[cfg(feature = "fetch")]
use crate::args::PushArgs;
#[cfg(feature = "fetch")]
use crate::args::{DependencyArgs, PullArgs, RegistryFlags};
use crate::args::{LimitFlags, RenderArgs, ShowArgs, ValueFlags};
use crate::args::{PackageArgs, VerifyArgs};
use crate::ui::Color;
use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// Do what `helm` does without a cluster, for tools that call it
///
/// Rendering, linting and fetching charts are answered as by Helm, with its output and its exit codes. Commands that need a
/// cluster are refused.
#[derive(Debug, Parser)]
#[command(
    name = "helm",
    disable_version_flag = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = "See docs/helm-command.md for what is answered and how tools call it. Exit codes: 0 success, 1 failure."
)]
pub(super) struct HelmCli {
    #[command(flatten)]
    pub(super) global: GlobalFlags,
    #[command(flatten)]
    pub(super) limits: LimitFlags,
    #[command(subcommand)]
    pub(super) command: HelmCommand,
}

/// Flags of every command. Those that a command has itself are read there.
#[derive(Debug, Args)]
pub(super) struct GlobalFlags {
    /// Choose when to use colors
    #[arg(long, alias = "colour", value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub(super) color: Color,
    /// Set the namespace of the release
    #[arg(short, long, global = true, value_name = "NAME")]
    namespace: Option<String>,
    /// Use this kubeconfig context
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) kube_context: Option<String>,
    /// Use this kubeconfig file
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) kubeconfig: Option<String>,
    /// Read the names of repositories from this file
    #[arg(long, global = true, value_name = "FILE")]
    repository_config: Option<PathBuf>,
    /// Read the credentials of registries from this file
    #[arg(long, global = true, value_name = "FILE")]
    registry_config: Option<PathBuf>,
}

/// A command of plimsoll's with Helm's name and flags (`show`, `dependency`) is answered by a variant with its arguments, and
/// by one line where the commands are run.
#[derive(Debug, Subcommand)]
pub(super) enum HelmCommand {
    /// Render a chart
    Template(Box<TemplateArgs>),
    /// Check charts as `helm lint` does; `plimsoll lint` checks more
    Lint(Box<LintArgs>),
    /// Show a chart's Chart.yaml, values, README or custom resource definitions
    #[command(visible_alias = "inspect")]
    Show(Box<ShowArgs>),
    /// Download charts from a repository or registry
    #[cfg(feature = "fetch")]
    #[command(visible_alias = "fetch")]
    Pull(Box<PullArgs>),
    /// Fetch the charts that a chart depends on
    #[cfg(feature = "fetch")]
    #[command(visible_aliases = ["dep", "dependencies"])]
    Dependency(Box<DependencyArgs>),
    /// Pack charts into archives
    Package(Box<PackageArgs>),
    /// Publish the archive of a chart in an OCI registry
    #[cfg(feature = "fetch")]
    Push(Box<PushArgs>),
    /// Verify the archive of a chart with its provenance file
    Verify(Box<VerifyArgs>),
    /// List and change the repositories that have names
    #[cfg(feature = "fetch")]
    Repo(Box<RepoArgs>),
    /// Print the settings that come from the environment
    Env(EnvArgs),
    /// Print the version of Helm whose behavior is followed
    Version(VersionArgs),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub(super) struct TemplateArgs {
    #[command(flatten)]
    pub(super) render: RenderArgs,
    /// Name the release as without a name
    #[arg(short, long)]
    pub(super) generate_name: bool,
    /// With `server`, answer lookups and capabilities from the cluster
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    pub(super) dry_run: Option<DryRun>,
    /// Accepted without an effect: the output has no notes
    #[arg(long, hide = true)]
    render_subchart_notes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DryRun {
    /// Without a cluster
    #[value(aliases = ["unset", "true", "TRUE", "True", "t", "T", "1"])]
    Client,
    /// With the answers of a cluster
    Server,
}

#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Chart directories or .tgz archives
    #[arg(required = true, value_name = "PATH")]
    pub(super) charts: Vec<String>,
    /// Print only warnings and errors
    #[arg(long)]
    pub(super) quiet: bool,
    /// Lint the charts in charts/, too
    #[arg(long)]
    pub(super) with_subcharts: bool,
    /// Target this version of Kubernetes
    #[arg(long, value_name = "VERSION")]
    pub(super) kube_version: Option<String>,
    #[command(flatten)]
    pub(super) values: ValueFlags,
    /// Set the namespace of the release
    #[arg(short, long, default_value = "default", value_name = "NAME")]
    pub(super) namespace: String,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct RepoArgs {
    #[command(subcommand)]
    pub(super) command: RepoCommand,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Subcommand)]
pub(super) enum RepoCommand {
    /// Give a repository a name
    Add(Box<RepoAddArgs>),
    /// List the repositories that have names
    #[command(visible_alias = "ls")]
    List(RepoListArgs),
    /// Check that repositories can be reached
    #[command(visible_alias = "up")]
    Update(RepoUpdateArgs),
    /// Remove the names of repositories
    #[command(visible_alias = "rm")]
    Remove(RepoRemoveArgs),
}

#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
pub(super) struct RepoAddArgs {
    /// Name
    pub(super) name: String,
    /// URL
    pub(super) url: String,
    /// Replace a repository that has the name
    #[arg(long)]
    pub(super) force_update: bool,
    /// Read the password from standard input
    #[arg(long, conflicts_with = "password")]
    pub(super) password_stdin: bool,
    /// Accepted without an effect: no repository is refused for its URL
    #[arg(long, hide = true)]
    allow_deprecated_repos: bool,
    #[command(flatten)]
    pub(super) registry: RegistryFlags,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
pub(super) struct RepoListArgs {
    /// Choose the output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) output: RepoFormat,
    /// Print the table without its head
    #[arg(long)]
    pub(super) no_headers: bool,
    #[command(flatten)]
    pub(super) registry: RegistryFlags,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum RepoFormat {
    /// Table
    #[default]
    Table,
    /// JSON
    Json,
    /// YAML
    Yaml,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
pub(super) struct RepoUpdateArgs {
    /// Names (default: all)
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) registry: RegistryFlags,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
pub(super) struct RepoRemoveArgs {
    /// Names
    #[arg(required = true)]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) registry: RegistryFlags,
}

#[derive(Debug, Args)]
pub(super) struct EnvArgs {
    /// Print the value of this setting only
    pub(super) name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// Print the version number only
    #[arg(long)]
    pub(super) short: bool,
    /// Print with this Go template, such as '{{.Version}}'
    #[arg(long, value_name = "TEMPLATE")]
    pub(super) template: Option<String>,
    /// Answer as Helm 3, which has this flag
    #[arg(short, long, hide = true)]
    pub(super) client: bool,
}

/// A command line, and what it does not say.
pub(super) struct Parsed {
    pub(super) cli: HelmCli,
    /// Whether the command has a namespace that the user did not set.
    pub(super) has_default_namespace: bool,
}

/// Parses the arguments, the first of which is the name of the program.
pub(super) fn parse(args: Vec<OsString>) -> Result<Parsed, clap::Error> {
    let mut command = accepted::accept_global_flags(HelmCli::command(), true)
        .mut_subcommand("template", |command| {
            accepted::accept_flags(command)
                .mut_arg("watch", |arg| arg.hide(true))
                .override_usage("helm template [OPTIONS] [NAME] CHART")
                .after_help("See `plimsoll render --help` for examples.")
        })
        .mut_subcommand("package", |command| accepted::accept_keyring(command).after_help(""))
        .mut_subcommand("show", |command| accepted::accept_keyring(command).after_help(""));
    #[cfg(feature = "fetch")]
    {
        command = command
            .mut_subcommand("pull", |command| command.after_help(""))
            .mut_subcommand("dependency", |command| command.after_help(""));
    }
    let args = plain_switches(without_empty_values(args), &switches(&command));
    let matches = command.try_get_matches_from_mut(args)?;
    let has_default_namespace = matches.subcommand().is_some_and(|(_, of_command)| {
        let source =
            of_command.try_contains_id("namespace").is_ok().then(|| of_command.value_source("namespace"));
        source.flatten() == Some(clap::parser::ValueSource::DefaultValue)
    });
    let cli = HelmCli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok(Parsed { cli, has_default_namespace })
}

/// The flags of all commands that take no value.
fn switches(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter(|arg| matches!(arg.get_action(), ArgAction::SetTrue));
    let own = own.filter_map(|arg| arg.get_long().map(|name| format!("--{name}")));
    own.chain(command.get_subcommands().flat_map(switches)).collect()
}

/// Flags of Helm whose empty value is the same as no flag.
const UNSET_IF_EMPTY: [&str; 13] = [
    "--kube-version",
    "--name-template",
    "--output-dir",
    "--post-renderer",
    "--values",
    "--kube-context",
    "--kubeconfig",
    "--repo",
    "--version",
    "--ca-file",
    "--cert-file",
    "--key-file",
    "--description",
];

/// The arguments without flags whose value is empty and therefore means nothing: scripts pass `--kube-version "$VERSION"`.
fn without_empty_values(args: Vec<OsString>) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(args.len());
    let mut args = args.into_iter().peekable();
    while let Some(arg) = args.next() {
        let name = arg.to_str().unwrap_or_default();
        if name == "--" {
            kept.push(arg);
            break;
        }
        let is_alone = UNSET_IF_EMPTY.contains(&name);
        if is_alone && args.next_if(|value| value.is_empty()).is_some() {
            continue;
        }
        let is_empty = name.strip_suffix('=').is_some_and(|name| UNSET_IF_EMPTY.contains(&name));
        if !is_empty {
            kept.push(arg);
        }
    }
    kept.extend(args);
    kept
}

/// The arguments without values of switches, which Go's flags have: `--include-crds=true`, `--include-crds=false`.
fn plain_switches(args: Vec<OsString>, switches: &BTreeSet<String>) -> Vec<OsString> {
    let plain = |arg: OsString| -> Option<OsString> {
        let split = arg.to_str().and_then(|text| text.split_once('='));
        let Some((name, value)) = split.filter(|(name, _)| switches.contains(*name)) else {
            return Some(arg);
        };
        match value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(name.into()),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => None,
            _ => Some(arg),
        }
    };
    args.into_iter().filter_map(plain).collect()
}
