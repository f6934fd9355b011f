//! Flags of `helm template` that mean nothing to a tool that only renders, so that a script can put `plimsoll` where
//! `helm` stood. Flags that would change what helm prints, and helm's other commands, are refused with a word about what
//! to do instead.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

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
    ("kube-context", Takes::Value),
    ("kube-insecure-skip-tls-verify", Takes::Switch),
    ("kube-tls-server-name", Takes::Value),
    ("kube-token", Takes::Value),
    ("kubeconfig", Takes::Value),
    ("labels", Takes::Value),
    ("qps", Takes::Value),
    ("registry-config", Takes::Value),
    ("replace", Takes::Switch),
    ("repository-cache", Takes::Value),
    ("repository-config", Takes::Value),
    ("rollback-on-failure", Takes::Switch),
    ("server-side", Takes::Switch),
    ("take-ownership", Takes::Switch),
    ("timeout", Takes::Value),
    ("wait", Takes::Switch),
    ("wait-for-jobs", Takes::Switch),
];

const FETCHES: &str = "nothing is fetched: run `helm pull` first, and give the directory or the .tgz";

const DEPENDENCIES: &str = "nothing is fetched: run `helm dependency build` first";
const FORMAT: &str = "`--format` says in which form";
const SIGNATURES: &str = "signatures are not checked: `helm verify` does it";

/// Flags that would need what plimsoll does not do, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("--atomic", "it belongs to `helm install`; plimsoll only renders"),
    ("--ca-file", FETCHES),
    ("--cert-file", FETCHES),
    ("--dependency-update", DEPENDENCIES),
    ("--devel", FETCHES),
    ("--enable-dns", "the network is not asked: `getHostByName` is always empty"),
    ("--generate-name", "give the release a name: a generated one would differ with every render"),
    ("-g", "give the release a name: a generated one would differ with every render"),
    ("--insecure-skip-tls-verify", FETCHES),
    ("--key-file", FETCHES),
    ("--pass-credentials", FETCHES),
    ("--password", FETCHES),
    ("--plain-http", FETCHES),
    ("--render-subchart-notes", "`--notes` prints those of the chart itself"),
    ("--repo", FETCHES),
    ("--output", FORMAT),
    ("-o", FORMAT),
    (
        "--reuse-values",
        "give the values with -f; `helm get values RELEASE -o yaml` prints those of a release",
    ),
    ("--username", FETCHES),
    ("--validate", "`plimsoll lint` says what the API server would refuse, without asking it"),
    ("--verify", SIGNATURES),
    ("--version", FETCHES),
];

const NO_CLUSTER: &str = "no cluster is asked: helm does it";
const VALUES: &str = "`plimsoll values CHART` prints the values";

/// Commands that helm has, and what to do instead.
const COMMANDS: &[(&str, &str)] = &[
    ("completion", "`plimsoll completions SHELL` writes it"),
    ("create", "begin with `builtin:statefulset`, or with a chart of your own as the README shows"),
    ("dep", DEPENDENCIES),
    ("dependency", DEPENDENCIES),
    ("fetch", FETCHES),
    ("get", NO_CLUSTER),
    ("inspect", VALUES),
    ("install", "plimsoll only renders: `plimsoll render RELEASE CHART | kubectl apply -f -`"),
    ("list", NO_CLUSTER),
    ("ls", NO_CLUSTER),
    ("package", "`helm package` does it"),
    ("pull", FETCHES),
    ("repo", FETCHES),
    ("rollback", "a render that `--record` has kept can be applied again: see `plimsoll history`"),
    ("search", FETCHES),
    ("show", VALUES),
    ("status", NO_CLUSTER),
    ("test", NO_CLUSTER),
    ("uninstall", "`plimsoll render RELEASE CHART | kubectl delete -f -` deletes the objects"),
    (
        "upgrade",
        "`plimsoll diff RELEASE CHART` says what would change, `plimsoll render RELEASE CHART | kubectl apply -f -` changes it",
    ),
    ("verify", SIGNATURES),
    ("version", "`plimsoll --version` prints it"),
];

/// The flags without an effect, to be flattened into a command; they are read and forgotten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HelmFlags;

impl clap::FromArgMatches for HelmFlags {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}

impl clap::Args for HelmFlags {
    fn augment_args(command: Command) -> Command {
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

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
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
