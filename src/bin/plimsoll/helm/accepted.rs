//! Flags of Helm that have no effect on what is printed are accepted, so that a script can replace `helm` by `plimsoll`.
//! Flags that would change the output, and Helm's other commands, are refused with advice what to do instead.

use crate::args::Cli;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory as _, FromArgMatches as _};

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Nothing, or `=true` and the like.
    Switch,
    /// A value.
    Value,
}

/// Flags of every command that have no effect here: how Helm reaches the cluster, and where it keeps what it downloads.
const GLOBAL: &[(&str, Takes)] = &[
    ("burst-limit", Takes::Value),
    ("content-cache", Takes::Value),
    ("debug", Takes::Switch),
    ("kube-apiserver", Takes::Value),
    ("kube-as-group", Takes::Value),
    ("kube-as-user", Takes::Value),
    ("kube-ca-file", Takes::Value),
    ("kube-insecure-skip-tls-verify", Takes::Switch),
    ("kube-tls-server-name", Takes::Value),
    ("kube-token", Takes::Value),
    ("qps", Takes::Value),
    ("repository-cache", Takes::Value),
];

/// Flags without an effect on what `helm template` prints.
const OF_TEMPLATE: &[(&str, Takes)] = &[
    ("atomic", Takes::Switch),
    ("create-namespace", Takes::Switch),
    ("description", Takes::Value),
    ("disable-openapi-validation", Takes::Switch),
    ("force-conflicts", Takes::Switch),
    ("force-replace", Takes::Switch),
    ("hide-notes", Takes::Switch),
    ("keyring", Takes::Value),
    ("labels", Takes::Value),
    ("replace", Takes::Switch),
    ("rollback-on-failure", Takes::Switch),
    ("server-side", Takes::Switch),
    ("take-ownership", Takes::Switch),
    ("wait", Takes::Switch),
    ("wait-for-jobs", Takes::Switch),
];

/// A flag of all commands that fetch or write charts, which matters only where signatures are made or checked.
const KEYRING: (&str, Takes) = ("keyring", Takes::Value);

const AS_HELM: &str = "it is a command of `plimsoll helm`";
const FORMAT: &str = "use `--format` to choose the output format";
const SIGNING: &str = "plimsoll does not sign; use `helm package --sign`";
const SIGNATURES: &str = "verify the archive first, with `plimsoll pull --verify` or `plimsoll verify`";

/// Flags that would need what plimsoll does not do, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    (
        "--enable-dns",
        "templates have no access to the network; `getHostByName` always returns an empty string",
    ),
    ("--generate-name", "name the release; a generated name would differ in every render"),
    ("-g", "name the release; a generated name would differ in every render"),
    ("--render-subchart-notes", "use `--notes` to print the notes of the chart itself"),
    ("--key", SIGNING),
    ("--output", FORMAT),
    ("-o", FORMAT),
    (
        "--reuse-values",
        "pass the values with `-f`; `helm get values RELEASE -o yaml` prints those of a release",
    ),
    ("--prov", SIGNATURES),
    ("--sign", SIGNING),
    ("--validate", "use `plimsoll lint`; it validates without a cluster"),
    ("--verify", SIGNATURES),
];

const UNINSTALL: &str = "use `plimsoll render RELEASE CHART | kubectl delete -f -`";
const NO_CLUSTER: &str = "plimsoll does not manage releases in a cluster; use Helm itself";

/// Commands that Helm has, and what to do instead.
const COMMANDS: &[(&str, &str)] = &[
    ("completion", "use `plimsoll completions SHELL`"),
    ("create", "use `plimsoll create`"),
    ("delete", UNINSTALL),
    ("env", AS_HELM),
    ("fetch", "use `plimsoll pull`"),
    ("get", NO_CLUSTER),
    ("hist", NO_CLUSTER),
    ("history", NO_CLUSTER),
    ("install", "plimsoll only renders; use `plimsoll render RELEASE CHART | kubectl apply -f -`"),
    ("list", NO_CLUSTER),
    ("ls", NO_CLUSTER),
    ("plugin", "plimsoll has no plugins"),
    (
        "registry",
        "log in with `docker login`, or with Helm itself; plimsoll reads the credentials that they store",
    ),
    ("repo", AS_HELM),
    ("rollback", "apply an earlier render again; see `plimsoll history`"),
    ("search", "plimsoll does not search repositories; use Helm itself"),
    ("status", NO_CLUSTER),
    ("test", NO_CLUSTER),
    ("un", UNINSTALL),
    ("uninstall", UNINSTALL),
    (
        "upgrade",
        "use `plimsoll diff RELEASE CHART` to see the changes, and `plimsoll render RELEASE CHART | kubectl apply -f -` to apply them",
    ),
    ("version", "use `plimsoll --version`"),
];

/// Parses the command line as the user typed it, with Helm's flags accepted by `render`.
///
/// [`Cli`]'s own definition does not have them, so that help, completions and manual pages do not offer them.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let accept = |render| accept_dry_run(accept_flags(accept_global_flags(render, false)));
    let mut command = Cli::command().mut_subcommand("render", accept);
    let matches = command.try_get_matches_from_mut(std::env::args_os()).map_err(only_what_is_missing)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Where the source is missing, clap lists what stands before it, too; but a release need not be named.
fn only_what_is_missing(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return error };
    if error.kind() == ErrorKind::MissingRequiredArgument && missing.iter().any(|name| name == "<SOURCE>") {
        let missing = missing.iter().filter(|name| *name != "<RELEASE>").cloned().collect();
        error.insert(ContextKind::InvalidArg, ContextValue::Strings(missing));
    }
    error
}

/// Adds the flags of every command that have no effect, for this command or for those below it, too.
pub(super) fn accept_global_flags(command: Command, global: bool) -> Command {
    GLOBAL.iter().fold(command, |command, flag| command.arg(without_effect(flag).global(global)))
}

/// Adds the flags of `helm template` without an effect to a command.
pub(super) fn accept_flags(command: Command) -> Command {
    let command = OF_TEMPLATE.iter().fold(command, |command, flag| command.arg(without_effect(flag)));
    command.mut_arg("labels", |arg| arg.short('l'))
}

/// The same for commands of charts that need no keyring.
pub(super) fn accept_keyring(command: Command) -> Command {
    command.arg(without_effect(&KEYRING))
}

fn accept_dry_run(command: Command) -> Command {
    let dry_run = Arg::new("dry-run").long("dry-run").hide(true).num_args(0..=1).require_equals(true);
    command.arg(dry_run.default_missing_value("client").value_parser(["client", "none", "true"]))
}

fn without_effect((name, takes): &(&'static str, Takes)) -> Arg {
    let arg = Arg::new(*name).long(*name).hide(true).action(ArgAction::Append);
    match takes {
        Takes::Value => arg.num_args(1),
        Takes::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
    }
}

/// What to do instead of a flag or a command of Helm's that clap did not know.
pub(crate) fn instead(error: &clap::Error) -> Option<(&'static str, &'static str)> {
    let (known, context) = match error.kind() {
        ErrorKind::UnknownArgument => (REFUSED, ContextKind::InvalidArg),
        ErrorKind::InvalidSubcommand => (COMMANDS, ContextKind::InvalidSubcommand),
        _ => return None,
    };
    let Some(ContextValue::String(given)) = error.get(context) else { return None };
    let name = given.split('=').next().unwrap_or(given);
    known.iter().find(|(other, _)| *other == name).copied()
}

/// What to do instead of a command of Helm's that is not answered.
pub(super) fn command_instead(name: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|(other, _)| *other == name).map(|(_, instead)| *instead)
}
