//! What `diff --against` names: manifests, a recorded revision, a git revision, the cluster.

use super::{history, objects, release};
use crate::args::{DiffArgs, ReleaseArgs};
use crate::ui::Ui;
use anyhow::{Context as _, bail};
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::diff::Cluster;
use plimsoll::manifest::{self, Object};
use plimsoll::values::ValuesFile;
use plimsoll::yaml::{Node, ReadOptions};
use plimsoll::{chart, render};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The objects to compare with.
pub(crate) fn load(
    args: &DiffArgs,
    new: &[Object],
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Vec<Object>> {
    let against = args.against.as_str();
    if against == "-" && args.release.names.source() == "-" {
        bail!("standard input cannot hold both renders");
    }
    if against == "live" {
        return live(new, &args.release.release.namespace, &args.cluster.cluster(), sources, ui);
    }
    if let Some(revision) = against.strip_prefix("git:") {
        return at_revision(&args.release, revision, sources, ui);
    }
    let recorded = if against == "last" { Some(None) } else { against.parse::<u64>().ok().map(Some) };
    if let Some(revision) = recorded {
        let namespace = args.release.release.namespace.as_str();
        let name = release::release_name(&args.release.names, &args.release.release)?;
        return history::load(&args.history, namespace, &name, revision, sources, ui);
    }
    objects::from_manifests(against, sources, ui)
}

/// The same chart (or manifests) and values files as of a git revision: `REV`, or `REV:PATH` where the source had
/// another path then, as git itself writes it.
fn at_revision(
    args: &ReleaseArgs,
    revision: &str,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Vec<Object>> {
    let source = args.names.source();
    let packed = Path::new(source).is_file() && chart::is_chart(source);
    if source.starts_with("builtin:") || source == "-" || packed {
        bail!("`{source}` has no git history: give a chart directory or manifests that git knows");
    }
    let (revision, moved) =
        revision.split_once(':').map_or((revision, None), |(rev, path)| (rev, Some(path)));
    let past = Past::find(Path::new(source), revision, moved)?;
    let name = format!("git:{revision}:{}", moved.unwrap_or(source));
    if !chart::is_chart(source) {
        let options = ReadOptions::lenient();
        let mut reader = manifest::Reader::new(sources, &options);
        if Path::new(source).is_dir() {
            reader.tree(&name, past.directory()?);
        } else {
            reader.bytes(&name, past.file(&past.path)?);
        }
        return ui.kept(reader.finish_objects(), sources);
    }
    let files = past.directory()?;
    let chart = ui.kept(chart::from_files(sources, &name, files), sources)?;
    let mut request = release::request(args, false)?;
    let mut values = Vec::new();
    for argument in args.values.values.iter().flat_map(|argument| argument.split(',')) {
        if argument == "-" {
            values.push(ValuesFile::Argument(argument.to_owned()));
            continue;
        }
        let there = Past::find(Path::new(argument), revision, None)?;
        match there.file(&there.path) {
            Ok(bytes) => {
                let name = format!("git:{revision}:{argument}");
                values.push(ValuesFile::Source(sources.add(&*name, text(&name, bytes)?, SourceKind::File)));
            }
            Err(_) => ui.note(&format!("`{argument}` did not exist at `{revision}`: compared without it")),
        }
    }
    request.overrides.files = values;
    let report = Ui::watched("rendering", || render::release_of(sources, chart, &request));
    Ok(objects::compared(ui.kept(report, sources)?))
}

fn text(name: &str, bytes: Vec<u8>) -> anyhow::Result<String> {
    String::from_utf8(bytes).with_context(|| format!("`{name}` is not UTF-8"))
}

/// Something as of a commit.
struct Past {
    /// The top of the work tree.
    top: PathBuf,
    commit: String,
    /// What the user calls the commit.
    revision: String,
    /// From the top; empty for the top itself.
    path: String,
}

impl Past {
    /// Looks a revision up in the repository that holds `path`; `moved` is its path then, from the top.
    fn find(path: &Path, revision: &str, moved: Option<&str>) -> anyhow::Result<Self> {
        let dir = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let text = |args: &[&str]| -> anyhow::Result<String> {
            Ok(String::from_utf8_lossy(&git(dir, args)?).trim_end_matches('\n').to_owned())
        };
        let top = text(&["rev-parse", "--show-toplevel"])
            .with_context(|| format!("cannot look up `git:{revision}`"))?;
        let commit = format!("{revision}^{{commit}}");
        let commit = text(&["rev-parse", "--verify", "--end-of-options", &commit])
            .map_err(|_| anyhow::anyhow!("git knows no revision `{revision}` in `{top}`"))?;
        let mut here = text(&["rev-parse", "--show-prefix"])?;
        if !path.is_dir() {
            here.push_str(&path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default());
        }
        let path = moved.unwrap_or(&here).trim_matches('/').to_owned();
        Ok(Self { top: top.into(), commit, revision: revision.to_owned(), path })
    }

    /// The content of a file of the commit.
    fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        git(&self.top, &["cat-file", "blob", &format!("{}:{path}", self.commit)])
            .map_err(|_| self.missing("file"))
    }

    /// The files of the directory at the path: their paths in it and their contents.
    fn directory(&self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let tree = format!("{}:{}", self.commit, self.path);
        let archive =
            git(&self.top, &["archive", "--format=tar", &tree]).map_err(|_| self.missing("directory"))?;
        let mut files = Vec::new();
        for entry in tar::Archive::new(archive.as_slice()).entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                let mut data = Vec::new();
                entry.read_to_end(&mut data)?;
                files.push((entry.path()?.to_string_lossy().into_owned(), data));
            }
        }
        Ok(files)
    }

    fn missing(&self, what: &str) -> anyhow::Error {
        let Self { revision, path, .. } = self;
        anyhow::anyhow!(
            "there was no {what} `{path}` at `{revision}`; if it had another path then: --against git:{revision}:PATH"
        )
    }
}

/// What git prints for `args`, run in `dir`.
fn git(dir: &Path, args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git").arg("-C").arg(dir).args(args).output().context("cannot run `git`")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("git {}: {}", args.join(" "), reason.trim().trim_start_matches("fatal: "));
    }
    Ok(output.stdout)
}

/// The objects as the cluster holds them.
fn live(
    new: &[Object],
    namespace: &str,
    cluster: &Cluster,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Vec<Object>> {
    let items: Vec<&Node> = new.iter().map(|object| &object.root).collect();
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items });
    let mut child = Command::new("kubectl")
        .args(["get", "--ignore-not-found", "-o", "json", "-n", namespace, "-f", "-"])
        .args(cluster.flags())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run `kubectl`, which reads the live objects")?;
    if let Some(mut stdin) = child.stdin.take() {
        // If kubectl gives up early its own message says why.
        let _ = stdin.write_all(list.to_string().as_bytes());
    }
    let output = child.wait_with_output().context("`kubectl` broke off")?;
    if !output.status.success() {
        bail!("kubectl get: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8(output.stdout).context("`kubectl` printed no UTF-8")?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let id = sources.add("live", text, SourceKind::Stdin);
    let report = manifest::parse(sources, id, "live", &ReadOptions::lenient());
    ui.kept(report, sources)
}
