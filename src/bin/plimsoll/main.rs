//! The `plimsoll` command: arguments to one library call, its result to stdout, everything else to stderr.

mod args;
mod commands;
mod completion;
mod create_args;
mod helm;
#[cfg(feature = "fetch")]
mod registry_args;
mod ui;
mod watch;

use args::{Cli, Command};
use plimsoll::limits;
use std::process::ExitCode;
use ui::{Color, ExitStatus, Ui};

/// Templates, YAML trees and their values are many small pieces: an allocator made for those. Counted for `--max-memory`.
#[global_allocator]
static ALLOCATOR: limits::Counting<mimalloc::MiMalloc> = limits::Counting(mimalloc::MiMalloc);

fn main() -> ExitCode {
    completion::answer();
    let status = match helm::parse() {
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
    limits::start(cli.limits.limits());
    let mut ui = Ui::new(cli.color);
    let status = execute(cli, &mut ui);
    ui.finish(status)
}

fn execute(cli: Cli, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    #[cfg(feature = "fetch")]
    let cli = {
        let mut cli = cli;
        commands::fetch::prepare(&mut cli.command, cli.limits.time(), ui)?;
        cli
    };
    match cli.command {
        Command::Render(args) => commands::render::run(&args, ui),
        Command::Lint(args) => commands::lint::run(&args, ui),
        Command::Diff(args) => commands::diff::run(&args, ui),
        Command::Preview(args) => commands::preview::run(&args, ui),
        Command::Rehearse(args) => commands::rehearse::run(&args, ui),
        Command::History(args) => commands::history::run(&args, ui),
        Command::Values(args) => commands::values::run(&args, ui),
        Command::Create(args) => commands::create::run(&args, ui),
        Command::Convert(args) => commands::convert::run(&args, ui),
        Command::Completions(args) => commands::generate::completions(&args, ui),
        Command::Man(args) => commands::generate::man(&args, ui),
        #[cfg(feature = "fetch")]
        Command::Dependency(args) => commands::dependency::run(&args, cli.limits.time(), ui),
        #[cfg(feature = "fetch")]
        Command::Pull(args) => commands::pull::run(&args, cli.limits.time(), ui),
    }
}

/// Help and version are results and go to stdout; a wrong flag is a failure.
fn usage(mut error: clap::Error) -> ExitStatus {
    if let Some((other, instead)) = helm::instead(&error) {
        return Ui::new(Color::Auto).finish(Err(anyhow::anyhow!("`{other}` is not supported: {instead}")));
    }
    let mut ui = Ui::new(Color::Auto);
    let status = ui.usage(&mut error);
    ui.finish(Ok(status))
}
