//! The `plimsoll` command: arguments to one library call, its result to stdout, everything else to stderr.

mod args;
mod commands;
mod completion;
mod helm;
mod ui;
mod watch;

use args::{Cli, Command};
use plimsoll::limits;
use std::process::ExitCode;
use std::time::Duration;
use ui::{Color, ExitStatus, Ui};

/// Templates, YAML trees and their values are many small pieces: an allocator made for those. Counted for `--max-memory`.
#[global_allocator]
static ALLOCATOR: limits::Counting<mimalloc::MiMalloc> = limits::Counting(mimalloc::MiMalloc);

fn main() -> ExitCode {
    completion::answer();
    if let Some(args) = helm::called_as_helm() {
        return ExitCode::from(helm::answer(args) as u8);
    }
    let status = match helm::accepted::parse() {
        Ok(cli) => run(cli),
        Err(error) => usage(error),
    };
    ExitCode::from(status as u8)
}

fn run(cli: Cli) -> ExitStatus {
    if let Some(request) = watch::request(&cli) {
        let mut ui = Ui::new(cli.color);
        let status = watch::run(request, &mut ui);
        return ui.finish(status);
    }
    // Helm's command line has limits of its own.
    if !matches!(cli.command, Command::Helm(_)) {
        limits::start(cli.limits.limits());
    }
    let mut ui = Ui::new(cli.color);
    let status = execute(cli.command, cli.limits.time(), &mut ui);
    ui.finish(status)
}

/// Runs a command, which may take this time.
fn execute(command: Command, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let mut command = command;
    #[cfg(feature = "fetch")]
    commands::fetch::prepare(&mut command, timeout, ui)?;
    commands::lookup::prepare(&mut command)?;
    match command {
        Command::Render(args) => commands::render::run(&args, ui),
        Command::Lint(args) => commands::lint::run(&args, ui),
        Command::Diff(args) => commands::diff::run(&args, ui),
        Command::Preview(args) => commands::preview::run(&args, ui),
        Command::Rehearse(args) => commands::rehearse::run(&args, ui),
        Command::History(args) => commands::history::run(&args, ui),
        Command::Values(args) => commands::values::run(&args, ui),
        Command::Show(args) => commands::show::run(&args, ui),
        Command::Create(args) => commands::create::run(&args, ui),
        Command::Convert(args) => commands::convert::run(&args, ui),
        Command::Helm(args) => Ok(helm::answer(args.args)),
        Command::Package(args) => commands::package::run(&args, timeout, ui),
        #[cfg(feature = "fetch")]
        Command::Push(args) => commands::push::run(&args, timeout, ui),
        Command::Verify(args) => commands::verify::run(&args, ui),
        Command::Test(args) => commands::test::run(&args, ui),
        Command::Docs(args) => commands::docs::run(&args, ui),
        Command::Schema(args) => commands::schema::run(&args, ui),
        Command::Completions(args) => commands::generate::completions(&args, ui),
        Command::Man(args) => commands::generate::man(&args, ui),
        #[cfg(feature = "fetch")]
        Command::Dependency(args) => commands::dependency::run(&args, timeout, ui),
        #[cfg(feature = "fetch")]
        Command::Pull(args) => commands::pull::run(&args, timeout, ui),
    }
}

/// Help and version are results and go to stdout; a wrong flag is a failure.
fn usage(mut error: clap::Error) -> ExitStatus {
    if let Some((other, instead)) = helm::accepted::instead(&error) {
        return Ui::new(Color::Auto).finish(Err(anyhow::anyhow!("`{other}` is not supported: {instead}")));
    }
    let mut ui = Ui::new(Color::Auto);
    let status = ui.usage(&mut error);
    ui.finish(Ok(status))
}
