//! `plimsoll completions` and `plimsoll man`: made from the definition of the command line.

use super::files::Tree;
use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::completion;
use crate::ui::{ExitStatus, Ui};
use anyhow::Context as _;
use clap::CommandFactory as _;
use plimsoll::diag::escape::terminal;
use std::collections::BTreeMap;

pub(crate) fn completions(args: &CompletionsArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let script = completion::script(args.shell).context("cannot write the completion script")?;
    ui.print_exact(&String::from_utf8(script).context("the completion script is not UTF-8")?);
    Ok(ExitStatus::Success)
}

pub(crate) fn man(args: &ManArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    // `help` has no page of its own.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(dir) = &args.output_dir else {
        ui.print_exact(&page(command)?);
        return Ok(ExitStatus::Success);
    };
    let mut pages = BTreeMap::new();
    for sub in command.get_subcommands() {
        let name = format!("plimsoll-{}", sub.get_name());
        // Without a binary name of its own the page would speak of `render` alone.
        let sub = sub.clone().name(name.clone()).bin_name(format!("plimsoll {}", sub.get_name()));
        pages.insert(format!("{name}.1"), page(sub)?);
    }
    pages.insert("plimsoll.1".to_owned(), page(command)?);
    ui.complete()?;
    let tree = Tree { dir, files: &pages, chart: None, prune: false };
    for path in tree.write()?.files {
        ui.print(&format!("wrote {}\n", terminal(&path.display().to_string())));
    }
    Ok(ExitStatus::Success)
}

fn page(command: clap::Command) -> anyhow::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).context("cannot make the manual page")?;
    String::from_utf8(page).context("the manual page is not UTF-8")
}
