//! What `diff --against` names: manifests, a recorded revision, a git revision, the cluster.

use super::{history, objects, release};
use crate::args::{DiffArgs, ReleaseArgs};
use crate::ui::Ui;
use anyhow::{Context as _, bail};
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::manifest::{self, Object};
use plimsoll::values::ValuesFile;
use plimsoll::yaml::{Node, ReadOptions};
use plimsoll::{chart, render};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The objects to compare with; `None` after what is wrong has been shown.
pub(crate) fn load(
    args: &DiffArgs,
    new: &[Object],
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Option<Vec<Object>>> {
    let against = args.against.as_str();
    if against == "-" && args.release.names.source() == "-" {
        bail!("standard input cannot hold both renders");
    }
    if against == "live" {
        return live(new, &args.release.release.namespace, sources, ui);
    }
    if let Some(revision) = against.strip_prefix("git:") {
        return at_revision(&args.release, revision, sources, ui);
    }
    let recorded = if against == "last" { Some(None) } else { against.parse::<u64>().ok().map(Some) };
    if let Some(revision) = recorded {
        let name = args.release.names.release().unwrap_or(release::DEFAULT_NAME);
        return history::load(&args.history, name, revision, sources, ui);
    }
    objects::from_manifests(against, sources, ui)
}

/// The same chart (or manifests) and values files as of a git revision.
fn at_revision(
    args: &ReleaseArgs,
    revision: &str,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Option<Vec<Object>>> {
    let source = args.names.source();
    let path = Path::new(source);
    if source.starts_with("builtin:") || source == "-" {
        bail!("`{source}` has no git history: give a chart directory or manifests that git knows");
    }
    if !chart::is_chart(source) {
        let (dir, name) = split(path);
        let text = git(&dir, &["show", &format!("{revision}:./{name}")])?;
        let text =
            String::from_utf8(text).with_context(|| format!("`{source}` at `{revision}` is not UTF-8"))?;
        let id = sources.add(format!("git:{revision}:{source}"), text, SourceKind::File);
        return Ok(objects::kept(manifest::parse(sources, id, source, &ReadOptions::lenient()), sources, ui));
    }
    let archive = git(path, &["archive", "--format=tar", revision])?;
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive.as_slice()).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut data = Vec::new();
            entry.read_to_end(&mut data)?;
            files.push((entry.path()?.to_string_lossy().into_owned(), data));
        }
    }
    let report = chart::from_files(sources, &format!("git:{revision}:{source}"), files);
    let Some(chart) = objects::kept(report, sources, ui) else { return Ok(None) };
    let mut request = release::request(args, false)?;
    let mut values = Vec::new();
    for argument in args.values.values.iter().flat_map(|argument| argument.split(',')) {
        if argument == "-" {
            values.push(ValuesFile::Argument(argument.to_owned()));
            continue;
        }
        let (dir, name) = split(Path::new(argument));
        match git(&dir, &["show", &format!("{revision}:./{name}")]) {
            Ok(text) => {
                let text = String::from_utf8(text)
                    .with_context(|| format!("`{argument}` at `{revision}` is not UTF-8"))?;
                let name = format!("git:{revision}:{argument}");
                values.push(ValuesFile::Source(sources.add(name, text, SourceKind::File)));
            }
            Err(_) => ui.note(&format!("`{argument}` did not exist at `{revision}`: compared without it")),
        }
    }
    request.overrides.files = values;
    let report = Ui::watched("rendering", || render::release_of(sources, chart, &request));
    Ok(objects::rendered(report, sources, ui))
}

fn split(path: &Path) -> (PathBuf, String) {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (dir.to_owned(), path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
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

/// The objects as the cluster holds them, without what the server adds by itself.
fn live(
    new: &[Object],
    namespace: &str,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Option<Vec<Object>>> {
    let items: Vec<&Node> = new.iter().map(|object| &object.root).collect();
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items });
    let mut child = Command::new("kubectl")
        .args(["get", "--ignore-not-found", "-o", "json", "-n", namespace, "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run `kubectl`, which reads the live objects")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(list.to_string().as_bytes()).context("cannot ask `kubectl`")?;
    }
    let output = child.wait_with_output().context("`kubectl` broke off")?;
    if !output.status.success() {
        bail!("kubectl get: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8(output.stdout).context("`kubectl` printed no UTF-8")?;
    if text.trim().is_empty() {
        return Ok(Some(Vec::new()));
    }
    let id = sources.add("live", text, SourceKind::Stdin);
    let report = manifest::parse(sources, id, "live", &ReadOptions::lenient());
    let Some(mut objects) = objects::kept(report, sources, ui) else { return Ok(None) };
    for object in &mut objects {
        forget_bookkeeping(&mut object.root);
    }
    Ok(Some(objects))
}

/// Takes out what the server and its controllers write by themselves.
fn forget_bookkeeping(root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    map.remove("status");
    let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) else { return };
    for key in ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"] {
        metadata.remove(key);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        annotations.remove("deployment.kubernetes.io/revision");
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}
