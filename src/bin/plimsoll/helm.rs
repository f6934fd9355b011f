//! Flags of `helm template` that have no effect on rendering are accepted, so that a script can replace `helm` by
//! `plimsoll`. Flags that would change the output, and helm's other commands, are refused with advice what to do instead.

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

/// Flags without an effect on what `helm template` prints.
const WITHOUT_EFFECT: &[(&str, Takes)] = &[
    ("burst-limit", Takes::Value),
    ("content-cache", Takes::Value),
    ("create-namespace", Takes::Switch),
    ("debug", Takes::Switch),
    ("description", Takes::Value),
    ("disable-openapi-validation", Takes::Switch),
    ("force-conflicts", Takes::Switch),
    ("force-replace", Takes::Switch),
    ("hide-notes", Takes::Switch),
    ("keyring", Takes::Value),
    ("kube-apiserver", Takes::Value),
    ("kube-as-group", Takes::Value),
    ("kube-as-user", Takes::Value),
    ("kube-ca-file", Takes::Value),
    ("kube-insecure-skip-tls-verify", Takes::Switch),
    ("kube-tls-server-name", Takes::Value),
    ("kube-token", Takes::Value),
    ("labels", Takes::Value),
    ("qps", Takes::Value),
    ("registry-config", Takes::Value),
    ("replace", Takes::Switch),
    ("repository-cache", Takes::Value),
    ("repository-config", Takes::Value),
    ("rollback-on-failure", Takes::Switch),
    ("server-side", Takes::Switch),
    ("take-ownership", Takes::Switch),
    ("wait", Takes::Switch),
    ("wait-for-jobs", Takes::Switch),
];

const REPOSITORIES: &str = "use `helm repo`; plimsoll reads the repositories that it has added";
const FORMAT: &str = "use `--format` to choose the output format";
const SIGNING: &str = "plimsoll does not sign; use `helm package --sign`";
const SIGNATURES: &str = "verify the archive first, with `plimsoll pull --verify` or `plimsoll verify`";

/// Flags that would need what plimsoll does not do, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("--atomic", "plimsoll only renders; use it with `helm install`"),
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
    ("--sign", SIGNING),
    ("--validate", "use `plimsoll lint`; it validates without a cluster"),
    ("--verify", SIGNATURES),
];

const NO_CLUSTER: &str = "plimsoll does not talk to the cluster; use helm";
const VALUES: &str = "use `plimsoll values CHART` to print the values";

/// Commands that helm has, and what to do instead.
const COMMANDS: &[(&str, &str)] = &[
    ("completion", "use `plimsoll completions SHELL`"),
    ("create", "start with `builtin:statefulset`, or with a chart of your own as in the README"),
    ("fetch", "use `plimsoll pull`"),
    ("get", NO_CLUSTER),
    ("inspect", VALUES),
    ("install", "plimsoll only renders; use `plimsoll render RELEASE CHART | kubectl apply -f -`"),
    ("list", NO_CLUSTER),
    ("ls", NO_CLUSTER),
    ("repo", REPOSITORIES),
    ("rollback", "apply an earlier render again; see `plimsoll history`"),
    ("search", "use `helm search`"),
    ("show", VALUES),
    ("status", NO_CLUSTER),
    ("test", NO_CLUSTER),
    ("uninstall", "use `plimsoll render RELEASE CHART | kubectl delete -f -`"),
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
    let mut command = Cli::command().mut_subcommand("render", accept_flags);
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Adds the flags without an effect to a command.
fn accept_flags(command: Command) -> Command {
    let command = WITHOUT_EFFECT.iter().fold(command, |command, (name, takes)| {
        let arg = Arg::new(*name).long(*name).hide(true).action(ArgAction::Append);
        command.arg(match takes {
            Takes::Value => arg.num_args(1),
            Takes::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        })
    });
    let dry_run = Arg::new("dry-run").long("dry-run").hide(true).num_args(0..=1).require_equals(true);
    command
        .mut_arg("labels", |arg| arg.short('l'))
        .arg(dry_run.default_missing_value("client").value_parser(["client", "none", "true"]))
}

/// What to do instead of a flag or a command of helm's that clap did not know.
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
