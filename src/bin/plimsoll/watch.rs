//! `--watch`: a command that runs again when its files change.
//!
//! Each run is a process of its own, so it has its own limits, and a run that fails or is killed does not end the watch. To
//! give another command the flag, add [`WatchFlag`] to its arguments and an arm to [`request`].

use crate::args::{Cli, Command, ReleaseArgs, ValueFlags};
use crate::commands::release::set_file_parts;
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use clap::Args;
use notify::event::{MetadataKind, ModifyKind};
use notify::{Event, EventKind, RecursiveMode, Watcher as _};
use plimsoll::chart::is_remote;
use plimsoll::diag::escape::terminal;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long files must be left alone before the command runs again: an editor writes several at once.
const QUIET: Duration = Duration::from_millis(100);

/// How long to wait at most while files keep changing.
const LONGEST: Duration = Duration::from_secs(2);

// The flag.
#[derive(Debug, Args)]
pub(crate) struct WatchFlag {
    /// Run again when the chart, its tests, its values or its manifests change, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

/// What is watched.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// Files, and directories with everything below them.
    paths: Vec<PathBuf>,
    /// What the command itself writes.
    written: Vec<PathBuf>,
}

/// What a command is to watch, if it has the flag.
pub(crate) fn request(cli: &Cli) -> Option<Request> {
    match &cli.command {
        Command::Render(args) if args.watch.watch => {
            let mut request = Request::of_release(&args.release);
            request.written.extend(args.output.output_dir.clone());
            request.written.push(args.record.history.history.clone());
            Some(request)
        }
        Command::Lint(args) if args.watch.watch => {
            let mut request = Request::default();
            request.add_values(&args.values);
            request.add_cluster(args.lookup.lookup.as_deref());
            request.add_cluster(args.capabilities.capabilities.as_deref());
            let sources = args.sources.iter().chain(&args.with).map(PathBuf::from);
            request.paths.extend(sources);
            let files = args.rules.iter().chain(&args.crds).chain(&args.policies.paths);
            request.paths.extend(files.chain(&args.config).cloned());
            let baseline = args.baseline.clone();
            if args.write_baseline { &mut request.written } else { &mut request.paths }.extend(baseline);
            Some(request)
        }
        Command::Test(args) if args.watch.watch => {
            let paths = args.charts.iter().chain(&args.values).map(PathBuf::from).collect();
            let reports = [&args.output_file, &args.coverage.lcov, &args.coverage.html];
            let written = reports.into_iter().flatten().cloned().collect();
            Some(Request { paths, written })
        }
        _ => None,
    }
}

impl Request {
    fn of_release(release: &ReleaseArgs) -> Self {
        let mut request = Self::default();
        request.paths.push(release.names.source().into());
        request.add_values(&release.values);
        request.add_cluster(release.lookup.lookup.as_deref());
        request.add_cluster(release.release.capabilities.capabilities.as_deref());
        request
    }

    /// Adds what stands for the cluster, unless it is the cluster itself.
    fn add_cluster(&mut self, recorded: Option<&str>) {
        self.paths.extend(recorded.filter(|source| *source != "live").map(PathBuf::from));
    }

    fn add_values(&mut self, values: &ValueFlags) {
        let files = values.values.iter().flat_map(|argument| plimsoll::values::split_list(argument));
        self.paths.extend(files.map(PathBuf::from));
        let files = values.set_file.iter().flat_map(|argument| set_file_parts(argument));
        self.paths.extend(files.map(|(_, path)| PathBuf::from(path)));
    }

    /// Whether a change of a file matters. Paths are absolute.
    fn concerns(&self, path: &Path) -> bool {
        let is_hidden = |inner: &Path| {
            inner.iter().any(|part| part.to_string_lossy().starts_with('.') && part != ".helmignore")
        };
        let found = self.paths.iter().filter_map(|watched| path.strip_prefix(watched).ok());
        found.into_iter().any(|inner| !is_hidden(inner))
            && !self.written.iter().any(|written| path.starts_with(written))
    }
}

/// Runs the command of this process without `--watch`, and again whenever something changes. It returns only if nothing
/// can be watched.
pub(crate) fn run(request: Request, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let (send, events) = channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        // The receiver is gone only when the process ends.
        let _ = send.send(event);
    })
    .context("cannot watch files")?;
    let request = resolved(request)?;
    for (directory, mode) in directories(&request.paths) {
        watcher.watch(&directory, mode).with_context(|| format!("cannot watch `{}`", directory.display()))?;
    }
    loop {
        run_once()?;
        let changed = wait(&events, &request)?;
        ui.separator(&format!("{} {} changed", time_of_day(), terminal(&shown(&changed))));
    }
}

/// The same with absolute paths without links, which is how changes are reported.
fn resolved(request: Request) -> anyhow::Result<Request> {
    let mut paths = Vec::new();
    for path in request.paths {
        if path.to_str().is_some_and(|name| name.starts_with("builtin:") || is_remote(name)) {
            continue;
        }
        if path == Path::new("-") {
            bail!("--watch cannot read standard input again: name a file");
        }
        let found = path.canonicalize();
        paths.push(found.with_context(|| format!("cannot watch `{}`", path.display()))?);
    }
    if paths.is_empty() {
        bail!("--watch needs a chart, values or manifests on disk");
    }
    let written = request.written.iter().filter_map(|path| std::path::absolute(path).ok());
    let written = written.map(|path| path.canonicalize().unwrap_or(path)).collect();
    Ok(Request { paths, written })
}

/// What is watched for these paths: directories with everything below them, and the directory of each file, because many
/// editors replace a file instead of writing it.
fn directories(paths: &[PathBuf]) -> BTreeSet<(PathBuf, RecursiveMode)> {
    let directory = |path: &PathBuf| {
        if path.is_dir() {
            return (path.clone(), RecursiveMode::Recursive);
        }
        (path.parent().unwrap_or(path).to_owned(), RecursiveMode::NonRecursive)
    };
    let mut found: BTreeSet<_> = paths.iter().map(directory).collect();
    let whole: Vec<PathBuf> = found
        .iter()
        .filter(|(_, mode)| *mode == RecursiveMode::Recursive)
        .map(|(path, _)| path.clone())
        .collect();
    found.retain(|(path, mode)| {
        let is_inside = |other: &PathBuf| path.starts_with(other) && path != other;
        !whole.iter().any(is_inside) && (*mode == RecursiveMode::Recursive || !whole.contains(path))
    });
    found
}

/// Runs the command once.
fn run_once() -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot find the program itself")?;
    let mut arguments = std::env::args_os().skip(1);
    let mut kept = Vec::new();
    // After `--`, everything is a name.
    for argument in arguments.by_ref().take_while(|argument| argument != "--") {
        if argument != "--watch" {
            kept.push(argument);
        }
    }
    let rest: Vec<_> = arguments.collect();
    if !rest.is_empty() {
        kept.push("--".into());
        kept.extend(rest);
    }
    // Its status says what it found; the watch goes on.
    std::process::Command::new(program).args(kept).status().context("cannot run the command again")?;
    Ok(())
}

/// Waits until something that matters has changed, and then until all is quiet. Returns the first path.
fn wait(events: &Receiver<notify::Result<Event>>, request: &Request) -> anyhow::Result<PathBuf> {
    let ended = "files are no longer watched";
    let first = loop {
        let event = events.recv().context(ended)?.context("cannot watch files")?;
        if let Some(path) = event.paths.iter().find(|path| is_change(&event) && request.concerns(path)) {
            break path.clone();
        }
    };
    let begun = std::time::Instant::now();
    while begun.elapsed() < LONGEST {
        match events.recv_timeout(QUIET) {
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => break,
            Err(error) => return Err(error).context(ended),
        }
    }
    Ok(first)
}

/// Whether an event changes a file: reading one is an event, too.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(kind) => kind != ModifyKind::Metadata(MetadataKind::AccessTime),
        _ => false,
    }
}

/// A path as people write it: from the working directory.
fn shown(path: &Path) -> String {
    #[expect(clippy::disallowed_methods, reason = "the binary is where the working directory is read")]
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let inner = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    inner.unwrap_or_else(|| path.to_owned()).display().to_string()
}

/// The time of day, in UTC.
fn time_of_day() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02} UTC")
}
