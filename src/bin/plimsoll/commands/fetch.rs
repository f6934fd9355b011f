//! Charts from repositories and registries: what the environment says of them, and the SOURCEs that name them.

use super::dependency;
use super::environment::{directory, helm_directory};
use crate::args::{AgainstFlags, Command, ReleaseArgs};
use crate::args::{ChartFlags, FetchFlags, RegistryFlags};
use crate::ui::Ui;
use anyhow::bail;
use plimsoll::diag::{Diagnostic, Sources};
use plimsoll::{chart, gotmpl};
use plimsoll_registry::{Error, Fetcher, Found, Freshness, OCI_SCHEME, Repository, Settings, Url};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one request may take if the command itself has no limit.
const LONGEST_REQUEST: Duration = Duration::from_secs(120);

/// The fetcher for what the flags and the environment say. `service` is what the credentials are for, besides registries.
pub(crate) fn fetcher(
    flags: &RegistryFlags,
    service: Option<&str>,
    timeout: Duration,
) -> plimsoll_registry::Result<Fetcher> {
    let timeout = if timeout.is_zero() { LONGEST_REQUEST } else { timeout.min(LONGEST_REQUEST) };
    let repositories = repositories_file(flags);
    let docker = directory("DOCKER_CONFIG").or_else(|| directory("HOME").map(|home| home.join(".docker")));
    let credential_files =
        file_of_helm(flags.registry_config.as_ref(), "HELM_REGISTRY_CONFIG", "registry/config.json")
            .into_iter()
            .chain(docker.map(|docker| docker.join("config.json")));
    Ok(Fetcher::new(Settings {
        cache: cache_directory(),
        offline: flags.offline,
        plain_http: flags.plain_http,
        credentials: flags.credentials(),
        service: service.filter(|service| service.starts_with("http")).map(Url::parse).transpose()?,
        pass_credentials: flags.pass_credentials,
        tls: flags.tls(),
        repositories: repositories.map_or_else(|| Ok(Vec::new()), |path| Repository::read(&path))?,
        credential_files: credential_files.collect(),
        timeout,
        progress: Ui::download_progress(),
    }))
}

/// Helm's list of repositories.
pub(crate) fn repositories_file(flags: &RegistryFlags) -> Option<PathBuf> {
    file_of_helm(flags.repository_config.as_ref(), "HELM_REPOSITORY_CONFIG", "repositories.yaml")
}

/// A file of Helm's configuration: that of the flag, that of the variable, or the one of this name in Helm's directory.
fn file_of_helm(flag: Option<&PathBuf>, variable: &str, name: &str) -> Option<PathBuf> {
    let own = flag.cloned().or_else(|| directory(variable));
    own.or_else(|| helm_directory().map(|helm| helm.join(name)))
}

/// Where downloads are kept: in the user's directory for caches.
fn cache_directory() -> Option<PathBuf> {
    directory("PLIMSOLL_CACHE").or_else(|| {
        let caches = directory("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        let caches = caches.or_else(|| directory("LOCALAPPDATA"));
        let caches = caches.or_else(|| directory("HOME").map(|home| home.join(".cache")));
        caches.map(|caches| caches.join("plimsoll"))
    })
}

/// What went wrong, for people.
pub(crate) fn diagnostic(error: Error) -> Diagnostic {
    Diagnostic::error(error.message).maybe_help(error.help)
}

/// Fails with what went wrong.
pub(crate) fn fail<T>(error: Error, ui: &mut Ui) -> anyhow::Result<T> {
    ui.kept(plimsoll::diag::Report::fail(diagnostic(error)), &Sources::new())
}

/// Fetches the charts that the arguments of a command name, and puts their URLs in the place of their names. Nothing is
/// fetched unless an argument or a flag says so.
pub(crate) fn prepare(command: &mut Command, timeout: Duration, ui: &mut Ui) -> anyhow::Result<()> {
    match command {
        Command::Render(args) => of_release(&mut args.release, timeout, ui),
        Command::Preview(args) => of_release(&mut args.release, timeout, ui),
        Command::Diff(args) => of_both(&mut args.release, &mut args.against, timeout, ui),
        Command::Rehearse(args) => of_both(&mut args.release, &mut args.against, timeout, ui),
        Command::Values(args) => {
            let source = of_source(args.names.source(), &args.fetch, timeout, ui)?;
            args.names.set_source(source);
            Ok(())
        }
        Command::Show(args) => {
            args.source = of_source(&args.source, &args.fetch, timeout, ui)?;
            Ok(())
        }
        Command::Lint(args) => {
            for source in &mut args.sources {
                *source = of_source(source, &args.fetch, timeout, ui)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn of_release(args: &mut ReleaseArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<()> {
    let source = of_source(args.names.source(), &args.fetch, timeout, ui)?;
    args.names.set_source(source);
    Ok(())
}

/// The chart on the new side, and the one on the old side if it is one from elsewhere.
fn of_both(
    args: &mut ReleaseArgs,
    against: &mut AgainstFlags,
    timeout: Duration,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let named = args.names.source().to_owned();
    of_release(args, timeout, ui)?;
    if let Some(version) = &against.against_version {
        if !is_remote(&named, &args.fetch, timeout, ui)? {
            bail!("--against-version needs a chart from a repository or registry: `{named}` is a path");
        }
        // The version in the name is that of the new side.
        let unversioned = without_version(&named);
        let named = ChartFlags { version: Some(version.clone()), devel: false, ..args.fetch.chart.clone() };
        let flags = FetchFlags { chart: named, ..args.fetch.clone() };
        against.against = of_source(&unversioned, &flags, timeout, ui)?;
    } else if has_scheme(&against.against) || is_named(&against.against, &args.fetch, timeout, ui)? {
        let flags = FetchFlags { chart: ChartFlags::default(), ..args.fetch.clone() };
        against.against = of_source(&against.against, &flags, timeout, ui)?;
    }
    Ok(())
}

/// A reference without the version and the digest at its end.
fn without_version(source: &str) -> String {
    match plimsoll_registry::Reference::parse(source) {
        Ok(reference) => {
            plimsoll_registry::Reference { version: None, digest: None, ..reference }.to_string()
        }
        Err(_) => source.to_owned(),
    }
}

/// Whether an argument is a URL of a chart.
fn has_scheme(argument: &str) -> bool {
    chart::is_remote(argument)
}

/// Whether an argument has the form `REPOSITORY/NAME` of a repository that `helm repo add` has given a name.
fn is_named(argument: &str, flags: &FetchFlags, timeout: Duration, ui: &mut Ui) -> anyhow::Result<bool> {
    let Some((repository, _)) = split_named(argument) else { return Ok(false) };
    match fetcher(&flags.registry, None, timeout) {
        Ok(fetcher) => Ok(fetcher.named(repository).is_some()),
        Err(error) => fail(error, ui),
    }
}

/// The name of a repository and of a chart, unless that is a path.
fn split_named(argument: &str) -> Option<(&str, &str)> {
    let (repository, name) = argument.split_once('/')?;
    let is_path = repository.is_empty() || repository.starts_with('.') || repository == "~";
    (!is_path && !name.is_empty() && !Path::new(argument).exists()).then_some((repository, name))
}

fn is_remote(argument: &str, flags: &FetchFlags, timeout: Duration, ui: &mut Ui) -> anyhow::Result<bool> {
    Ok(flags.chart.repo.is_some() || has_scheme(argument) || is_named(argument, flags, timeout, ui)?)
}

/// The argument for a chart that a SOURCE names: what it is called once it has been fetched, or the SOURCE itself.
fn of_source(source: &str, flags: &FetchFlags, timeout: Duration, ui: &mut Ui) -> anyhow::Result<String> {
    if !is_remote(source, flags, timeout, ui)? {
        if flags.chart.version.is_some() {
            // As in Helm, which says nothing.
            ui.note(&format!("--version has no effect: `{source}` is a path"));
        }
        if flags.fetch && super::world().is_directory(Path::new(source)) {
            dependency::provide(Path::new(source), &flags.registry, timeout, ui)?;
        }
        return Ok(source.to_owned());
    }
    let fetched = find(source, &flags.chart, &flags.registry, timeout)
        .and_then(|(fetcher, found)| Ok((fetcher.download(&found)?, found)));
    let (archive, found) = match fetched {
        Ok(fetched) => fetched,
        Err(error) => return fail(error, ui),
    };
    super::overlay().provide(&found.url, archive.bytes);
    Ok(found.url)
}

/// Finds the chart that a SOURCE with these flags names.
pub(crate) fn find(
    source: &str,
    chart: &ChartFlags,
    flags: &RegistryFlags,
    timeout: Duration,
) -> plimsoll_registry::Result<(Fetcher, Found)> {
    let version = chart.version();
    let given = plimsoll_registry::Choice::Given(version.map(str::to_owned));
    // A version that was published stays what it was.
    let freshness = match version.and_then(gotmpl::parse_version) {
        Some(_) => Freshness::Locked,
        None => Freshness::Newest,
    };
    if let Some(repo) = &chart.repo {
        let fetcher = fetcher(flags, Some(repo), timeout)?;
        let repository = fetcher.repository_url(repo)?;
        let found = fetcher.find(&repository, source, &given, freshness)?;
        return Ok((fetcher, found));
    }
    if source.starts_with(OCI_SCHEME) {
        let fetcher = fetcher(flags, None, timeout)?;
        let reference = plimsoll_registry::Reference::parse(source)?;
        let is_exact = reference.version.is_some() || freshness == Freshness::Locked;
        let freshness = if is_exact { Freshness::Locked } else { Freshness::Newest };
        let found = fetcher.find_reference(source, version, freshness)?;
        return Ok((fetcher, found));
    }
    if has_scheme(source) {
        let fetcher = fetcher(flags, Some(source), timeout)?;
        let found = fetcher.find_url(source, Freshness::Newest)?;
        return Ok((fetcher, found));
    }
    let fetcher = fetcher(flags, None, timeout)?;
    let named = split_named(source)
        .and_then(|(repository, name)| Some((fetcher.named(repository)?.url.clone(), name)));
    let Some((repository, name)) = named else {
        return Err(Error::new(format!("`{source}` does not name a chart in a repository"))
            .help("use `oci://...`, `https://.../chart.tgz`, REPOSITORY/NAME, or NAME with --repo URL"));
    };
    let found = fetcher.find(&repository, name, &given, freshness)?;
    Ok((fetcher, found))
}
