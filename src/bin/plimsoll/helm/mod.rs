//! plimsoll in the place of `helm`: called by that name, or as `plimsoll helm`. Tools that run Helm for what needs no cluster
//! (kustomize, Argo CD, helmfile, chart-testing) get what they expect of it: its commands and flags, output and exit codes.
//!
//! Nothing is rendered, linted or fetched here. Each command becomes one of plimsoll's own; what is here is how Helm names
//! and prints things. `docs/helm-command.md` says what is answered.

pub(crate) mod accepted;
mod args;
mod environment;
mod lint;
#[cfg(feature = "fetch")]
mod repositories;
mod template;
mod version;

use crate::args::Command;
use crate::commands::environment::text;
use crate::ui::{Color, ExitStatus, Ui};
use anyhow::bail;
use args::{HelmCli, HelmCommand, Parsed};
use clap::error::ErrorKind;
use plimsoll::chart;
use plimsoll::diag::Sources;
use plimsoll::limits;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// `--timeout`, if it is not set: as in Helm, where it limits less.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The arguments, if the program was called `helm`.
pub(crate) fn called_as_helm() -> Option<Vec<OsString>> {
    let mut args = std::env::args_os();
    let program = args.next()?;
    let name = Path::new(&program).file_stem()?.to_str()?;
    (name == "helm").then(|| args.collect())
}

/// Does what Helm does with these arguments. Helm has only one code for all failures.
pub(crate) fn answer(args: Vec<OsString>) -> ExitStatus {
    match try_answer(args) {
        ExitStatus::Success => ExitStatus::Success,
        _ => ExitStatus::Findings,
    }
}

fn try_answer(args: Vec<OsString>) -> ExitStatus {
    let args = std::iter::once(OsString::from("helm")).chain(args).collect();
    let Parsed { mut cli, has_default_namespace } = match args::parse(args) {
        Ok(parsed) => parsed,
        Err(error) => return refuse(error),
    };
    cli.limits.timeout.get_or_insert(DEFAULT_TIMEOUT);
    limits::start(cli.limits.limits());
    let mut ui = Ui::of_helm(cli.global.color);
    let status = execute(cli, has_default_namespace, &mut ui);
    ui.finish(status)
}

/// Help goes to stdout; a wrong flag is a failure.
fn refuse(mut error: clap::Error) -> ExitStatus {
    let mut ui = Ui::of_helm(Color::Auto);
    if let Some((flag, instead)) = accepted::instead(&error) {
        return ui.finish(Err(anyhow::anyhow!("`{flag}` is not supported: {instead}")));
    }
    let status = match error.kind() {
        // Helm shows its help if it is called without a command.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            ui.print(&error.render().to_string());
            ExitStatus::Success
        }
        _ => ui.usage(&mut error),
    };
    ui.finish(Ok(status))
}

fn execute(cli: HelmCli, has_default_namespace: bool, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let timeout = cli.limits.time();
    let namespace = |given: &mut String| {
        let (kubeconfig, context) = (cli.global.kubeconfig.as_deref(), cli.global.kube_context.as_deref());
        if has_default_namespace {
            *given = environment::namespace(kubeconfig, context);
        } else if given.is_empty() {
            *given = environment::namespace_of_context(kubeconfig, context);
        }
    };
    match cli.command {
        HelmCommand::Template(mut args) => {
            namespace(&mut args.render.release.release.namespace);
            let context = &mut args.render.context.kube_context;
            *context = context.take().or_else(|| text("HELM_KUBECONTEXT"));
            template::run(*args, timeout, ui)
        }
        HelmCommand::Lint(mut args) => {
            namespace(&mut args.namespace);
            lint::run(&args, ui)
        }
        HelmCommand::Show(args) => crate::execute(Command::Show(args), timeout, ui),
        #[cfg(feature = "fetch")]
        HelmCommand::Pull(args) => {
            // Helm says nothing about the files that it writes.
            crate::commands::pull::pull(&args, timeout, ui).map(|_| ExitStatus::Success)
        }
        #[cfg(feature = "fetch")]
        HelmCommand::Dependency(args) => crate::execute(Command::Dependency(args), timeout, ui),
        HelmCommand::Package(args) => crate::execute(Command::Package(args), timeout, ui),
        HelmCommand::Verify(args) => crate::execute(Command::Verify(args), timeout, ui),
        #[cfg(feature = "fetch")]
        HelmCommand::Push(args) => crate::execute(Command::Push(args), timeout, ui),
        #[cfg(feature = "fetch")]
        HelmCommand::Repo(args) => repositories::run(&args.command, timeout, ui),
        HelmCommand::Env(args) => Ok(environment::run(&args, ui)),
        HelmCommand::Version(args) => version::run(&args, ui),
        HelmCommand::Other(words) => {
            let name = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
            match accepted::command_instead(&name) {
                Some(instead) => bail!("`helm {name}` is not supported: {instead}"),
                None => bail!("unknown command {name:?} for \"helm\"\nRun 'helm --help' for usage."),
            }
        }
    }
}

/// The declared dependencies of a chart that are not in its `charts/`.
fn missing_dependencies(source: &str) -> Vec<String> {
    let Some(chart) = chart::open(crate::commands::world(), &Sources::new(), source).output else {
        return Vec::new();
    };
    let is_there = |name: &str| chart.children.iter().any(|child| child.name() == name);
    let declared = chart.metadata.dependencies.iter().map(|dependency| dependency.name.clone());
    declared.filter(|name| !is_there(name)).collect()
}
