//! What git knows of an earlier time: charts, manifests and values files as of a revision.

use super::process::run_with_input;
use anyhow::{Context as _, bail};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A commit of a repository.
pub(crate) struct Commit {
    /// The top of the work tree.
    top: PathBuf,
    id: String,
    /// What the user calls it.
    pub(crate) revision: String,
    /// A path from the top, as it is now and as it was then: of what has moved since.
    moved: Option<(String, String)>,
}

/// A file of the work tree, at another time.
pub(crate) enum PastFile {
    /// What it held.
    Content(Vec<u8>),
    /// It did not exist; git tracks it now.
    Missing,
    /// The repository does not track it: it is new, ignored or outside.
    Untracked,
}

impl Commit {
    /// Looks a revision up in the repository that holds `path`.
    pub(crate) fn find(path: &Path, revision: &str) -> anyhow::Result<Self> {
        let dir = directory_of(path);
        let top = read_line(dir, &["rev-parse", "--show-toplevel"])
            .with_context(|| format!("cannot look up `git:{revision}`"))?;
        let id =
            read_line(dir, &["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")])
                .map_err(|_| anyhow::anyhow!("there is no git revision `{revision}` in `{top}`"))?;
        Ok(Self { top: top.into(), id, revision: revision.to_owned(), moved: None })
    }

    /// The same commit for something that is at `path` now and was at `then`, both from the top.
    pub(crate) fn with_move(self, path: String, then: &str) -> Self {
        Self { moved: Some((path, then.trim_matches('/').to_owned())), ..self }
    }

    /// Where something was that is at `path` now.
    fn old_path(&self, path: &str) -> String {
        let inside = self.moved.as_ref().and_then(|(now, then)| {
            let rest = path.strip_prefix(now.as_str())?;
            (rest.is_empty() || rest.starts_with('/') || now.is_empty())
                .then(|| format!("{then}/{}", rest.trim_start_matches('/')))
        });
        inside.map_or_else(|| path.to_owned(), |path| path.trim_matches('/').to_owned())
    }

    /// The path of something from the top of the work tree; empty for the top itself, `None` outside of it.
    pub(crate) fn path_of(&self, path: &Path) -> Option<String> {
        let dir = directory_of(path);
        let top = read_line(dir, &["rev-parse", "--show-toplevel"]).ok()?;
        if Path::new(&top) != self.top {
            return None;
        }
        let mut found = read_line(dir, &["rev-parse", "--show-prefix"]).ok()?;
        if !path.is_dir() {
            found.push_str(&path.file_name()?.to_string_lossy());
        }
        Some(found.trim_matches('/').to_owned())
    }

    /// A file of the work tree as it was then.
    pub(crate) fn look_up(&self, path: &Path) -> anyhow::Result<PastFile> {
        let Some(path) = self.path_of(path) else { return Ok(PastFile::Untracked) };
        if let Some(content) = self.blob(&self.old_path(&path))? {
            return Ok(PastFile::Content(content));
        }
        let tracked = git(&self.top, &["--literal-pathspecs", "ls-files", "--error-unmatch", "--", &path]);
        Ok(if tracked.is_ok() { PastFile::Missing } else { PastFile::Untracked })
    }

    /// The content of what is a file at `path` (from the top) now.
    pub(crate) fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.old_path(path);
        self.blob(&path)?.ok_or_else(|| self.missing("file", &path))
    }

    /// The files of what is a directory at `path` (from the top) now: their paths in it and their contents.
    pub(crate) fn directory(&self, path: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let path = self.old_path(path);
        let tree = format!("{}:{path}", self.id);
        let archive = git(&self.top, &["archive", "--format=tar", &tree])
            .map_err(|_| self.missing("directory", &path))?;
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

    /// The content of a file; links that stay in the tree are followed. `None` if there is no such file.
    fn blob(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        if path.contains('\n') {
            // One object a line: git could not be asked for it.
            return Ok(None);
        }
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(&self.top)
            .args(["cat-file", "--batch", "--follow-symlinks"])
            .stderr(Stdio::piped());
        let output = run_with_input(&mut git, format!("{}:{path}\n", self.id).into_bytes())
            .context("cannot run `git`")?;
        // `<id> blob <size>`, the content, a line break; or one line that says why there is none.
        let Some(end) = output.stdout.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let (head, rest) = output.stdout.split_at(end + 1);
        let head = String::from_utf8_lossy(head);
        let size = match head.split_whitespace().collect::<Vec<_>>().as_slice() {
            [_, "blob", size] => size.parse::<usize>().ok(),
            _ => None,
        };
        Ok(size.and_then(|size| rest.get(..size)).map(<[u8]>::to_vec))
    }

    fn missing(&self, what: &str, path: &str) -> anyhow::Error {
        let revision = &self.revision;
        anyhow::anyhow!(
            "there was no {what} `{path}` at `{revision}`; if it had another path, use --against git:{revision}:PATH"
        )
    }
}

/// The directory in which git is asked about `path`.
fn directory_of(path: &Path) -> &Path {
    let dir = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    if dir.as_os_str().is_empty() { Path::new(".") } else { dir }
}

/// The branches and tags of the repository that holds the working directory; none without a repository.
pub(crate) fn references() -> Vec<String> {
    let args = ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"];
    let printed = git(Path::new("."), &args).unwrap_or_default();
    String::from_utf8_lossy(&printed).lines().map(str::to_owned).collect()
}

/// The one line that git prints for `args`, run in `dir`.
fn read_line(dir: &Path, args: &[&str]) -> anyhow::Result<String> {
    Ok(String::from_utf8_lossy(&git(dir, args)?).trim_end_matches('\n').to_owned())
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
