//! `helm repo`: the repositories in Helm's own list. Only that file is changed; indexes are read when a chart is fetched.

use super::args::{RepoAddArgs, RepoCommand, RepoFormat, RepoListArgs, RepoRemoveArgs, RepoUpdateArgs};
use crate::args::RegistryFlags;
use crate::commands::{fetch, files, release};
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use plimsoll::diag::escape::{json, terminal};
use plimsoll::yaml::emit::quote_json;
use plimsoll_registry::Repository;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) fn run(command: &RepoCommand, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    match command {
        RepoCommand::Add(args) => add(args, timeout, ui),
        RepoCommand::List(args) => list(args, ui),
        RepoCommand::Update(args) => update(args, timeout, ui),
        RepoCommand::Remove(args) => remove(args, ui),
    }
}

/// Helm's list.
struct List {
    path: PathBuf,
    repositories: Vec<Repository>,
}

impl List {
    fn read(flags: &RegistryFlags, ui: &mut Ui) -> anyhow::Result<Self> {
        let path = fetch::repositories_file(flags)
            .context("there is no place for a list of repositories: set HOME or HELM_CONFIG_HOME")?;
        match Repository::read(&path) {
            Ok(repositories) => Ok(Self { path, repositories }),
            Err(error) => fetch::fail(error, ui),
        }
    }

    fn write(&self, ui: &mut Ui) -> anyhow::Result<()> {
        ui.complete()?;
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot create `{}`", directory.display()))?;
        }
        create_private(&self.path).with_context(|| format!("cannot write `{}`", self.path.display()))?;
        files::replace(&self.path, Repository::write(&self.repositories).as_bytes())
    }
}

/// Makes sure that there is a file, which only its owner may read: it holds passwords. Whatever replaces it keeps that.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

fn add(args: &RepoAddArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let RepoAddArgs { name, url, registry, .. } = args;
    if name.contains('/') {
        bail!("repository name ({name}) contains '/', please specify a different name without '/'");
    }
    let mut registry = registry.clone();
    if args.password_stdin {
        registry.password = Some(release::read_stdin()?.trim_end_matches(['\r', '\n']).to_owned());
    }
    let new = Repository::new(name, url, registry.credentials(), registry.tls(), registry.pass_credentials);
    let mut list = List::read(&registry, ui)?;
    match list.repositories.iter_mut().find(|known| known.name == *name) {
        Some(known) if *known == new && !args.force_update => {
            ui.print(&format!("{name:?} already exists with the same configuration, skipping\n"));
            return Ok(ExitStatus::Success);
        }
        Some(_) if !args.force_update => {
            bail!("repository name ({name}) already exists, please specify a different name")
        }
        Some(known) => known.clone_from(&new),
        None => list.repositories.push(new.clone()),
    }
    let checked = fetch::fetcher(&registry, None, timeout).and_then(|fetcher| fetcher.check_repository(&new));
    if let Err(error) = checked {
        return fetch::fail(error, ui);
    }
    list.write(ui)?;
    ui.print(&format!("{name:?} has been added to your repositories\n"));
    Ok(ExitStatus::Success)
}

fn list(args: &RepoListArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let List { repositories, .. } = List::read(&args.registry, ui)?;
    let text = match args.output {
        RepoFormat::Table if repositories.is_empty() => {
            ui.warn("no repositories to show");
            return Ok(ExitStatus::Success);
        }
        RepoFormat::Table => table(&repositories, !args.no_headers),
        RepoFormat::Json => {
            let entry = |Repository { name, url, .. }: &Repository| {
                format!("{{\"name\":{},\"url\":{}}}", quote_json(name), quote_json(url))
            };
            json(format!("[{}]\n", repositories.iter().map(entry).collect::<Vec<_>>().join(",")))
        }
        RepoFormat::Yaml if repositories.is_empty() => "[]\n".to_owned(),
        RepoFormat::Yaml => Repository::write_names(&repositories),
    };
    ui.print_exact(&text);
    Ok(ExitStatus::Success)
}

/// Columns that are as wide as their widest cell, with a tab between them.
fn table(repositories: &[Repository], has_head: bool) -> String {
    let head = has_head.then(|| ("NAME".to_owned(), "URL".to_owned()));
    let rows = repositories.iter().map(|one| (terminal(&one.name), terminal(&one.url)));
    let rows: Vec<(String, String)> = head.into_iter().chain(rows).collect();
    let width = |text: fn(&(String, String)) -> usize| rows.iter().map(text).max().unwrap_or(0);
    let (names, urls) = (width(|row| row.0.chars().count()), width(|row| row.1.chars().count()));
    let lines = rows.iter().map(|(name, url)| format!("{name:<names$}\t{url:<urls$}\n"));
    lines.collect::<Vec<_>>().concat()
}

fn update(args: &RepoUpdateArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let List { repositories, .. } = List::read(&args.registry, ui)?;
    if repositories.is_empty() {
        bail!("no repositories found. You must add one before updating");
    }
    if let Some(unknown) = args.names.iter().find(|name| !repositories.iter().any(|one| one.name == **name)) {
        bail!("no repositories found matching '{unknown}'.  Nothing will be updated");
    }
    let mut out = vec!["Hang tight while we grab the latest from your chart repositories...\n".to_owned()];
    let mut failed = Vec::new();
    let fetcher = match fetch::fetcher(&args.registry, None, timeout) {
        Ok(fetcher) => fetcher,
        Err(error) => return fetch::fail(error, ui),
    };
    let chosen = repositories.iter().filter(|one| args.names.is_empty() || args.names.contains(&one.name));
    for repository in chosen {
        let Repository { name, url, .. } = repository;
        match fetcher.check_repository(repository) {
            Ok(()) => out.push(format!("...Successfully got an update from the {name:?} chart repository\n")),
            Err(error) => {
                out.push(format!(
                    "...Unable to get an update from the {name:?} chart repository ({url}):\n\t{}\n",
                    error.message
                ));
                failed.push(url.as_str());
            }
        }
    }
    if !failed.is_empty() {
        ui.print(&out.concat());
        bail!("failed to update the following repositories: [{}]", failed.join(" "));
    }
    out.push("Update Complete. ⎈Happy Helming!⎈\n".to_owned());
    ui.print(&out.concat());
    Ok(ExitStatus::Success)
}

fn remove(args: &RepoRemoveArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let mut list = List::read(&args.registry, ui)?;
    if list.repositories.is_empty() {
        bail!("no repositories configured");
    }
    let mut out = Vec::new();
    for name in &args.names {
        let Some(index) = list.repositories.iter().position(|one| one.name == *name) else {
            bail!("no repo named {name:?} found");
        };
        list.repositories.remove(index);
        out.push(format!("{name:?} has been removed from your repositories\n"));
    }
    list.write(ui)?;
    ui.print(&out.concat());
    Ok(ExitStatus::Success)
}
