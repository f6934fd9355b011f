//! What git knows of an earlier time: charts, manifests and values files as of a revision.

use super::process::run_with_input;
use anyhow::{Context as _, bail};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
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
    /// The paths of directories from the top; `None` for those outside.
    prefixes: RefCell<BTreeMap<PathBuf, Option<String>>>,
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
        Ok(Self {
            top: top.into(),
            id,
            revision: revision.to_owned(),
            moved: None,
            prefixes: RefCell::default(),
        })
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

    /// Whether a chart is an archive there, rather than a directory; `path` is where it is now, from the top.
    pub(crate) fn is_archive(&self, path: &str) -> bool {
        let path = self.old_path(path);
        [".tgz", ".tar.gz"].iter().any(|end| path.ends_with(end))
    }

    /// The path of something from the top of the work tree; empty for the top itself, `None` outside of it.
    pub(crate) fn path_of(&self, path: &Path) -> Option<String> {
        let dir = directory_of(path);
        let known = self.prefixes.borrow().get(dir).cloned();
        let prefix = known.unwrap_or_else(|| {
            let prefix = self.prefix_of(dir);
            self.prefixes.borrow_mut().insert(dir.to_owned(), prefix.clone());
            prefix
        });
        let mut found = prefix?;
        if !path.is_dir() {
            found.push_str(&path.file_name()?.to_string_lossy());
        }
        Some(found.trim_matches('/').to_owned())
    }

    /// The path of a directory from the top, as git prints it: with a slash at its end.
    fn prefix_of(&self, dir: &Path) -> Option<String> {
        let printed = read_line(dir, &["rev-parse", "--show-toplevel", "--show-prefix"]).ok()?;
        let (top, prefix) = printed.split_once('\n').unwrap_or((&printed, ""));
        (Path::new(top) == self.top).then(|| prefix.to_owned())
    }

    /// Files of the work tree as they were then, in the order of `paths`.
    pub(crate) fn look_up(&self, paths: &[String]) -> anyhow::Result<Vec<PastFile>> {
        let inside: Vec<Option<String>> = paths.iter().map(|path| self.path_of(Path::new(path))).collect();
        let names: Vec<String> =
            inside.iter().flatten().map(|path| format!("{}:{}", self.id, self.old_path(path))).collect();
        let mut contents = if names.is_empty() { Vec::new() } else { self.objects(&names)? }.into_iter();
        let found: Vec<(Option<String>, Option<GitObject>)> = inside
            .into_iter()
            .map(|path| {
                let content = if path.is_some() { contents.next().flatten() } else { None };
                (path, content)
            })
            .collect();
        let is_absent = |(path, content): &(Option<String>, Option<GitObject>)| {
            path.clone().filter(|_| !matches!(content, Some(GitObject::Blob(_))))
        };
        let tracked = self.tracked(found.iter().filter_map(is_absent))?;
        Ok(found
            .into_iter()
            .map(|found| match found {
                (_, Some(GitObject::Blob(content))) => PastFile::Content(content),
                (Some(path), _) if tracked.contains(&path) => PastFile::Missing,
                _ => PastFile::Untracked,
            })
            .collect())
    }

    /// Which of the paths git tracks now.
    fn tracked(&self, paths: impl Iterator<Item = String>) -> anyhow::Result<BTreeSet<String>> {
        let paths: Vec<String> = paths.collect();
        if paths.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut args = vec!["--literal-pathspecs", "ls-files", "-z", "--"];
        args.extend(paths.iter().map(String::as_str));
        let printed = git(&self.top, &args)?;
        let names = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// The content of what is a file at `path` (from the top) now.
    pub(crate) fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.old_path(path);
        self.blob(&path)?.ok_or_else(|| self.missing("file", &path))
    }

    /// The files of what is a directory at `path` (from the top) now: their paths in it and their contents. Links are
    /// followed as long as they stay in the repository; `.gitattributes` has no say, as it would have in `git archive`.
    pub(crate) fn directory(&self, path: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let path = self.old_path(path);
        let tree = format!("{}:{path}", self.id);
        let entries = self.list(&tree).map_err(|_| self.missing("directory", &path))?;
        let mut found = Files::default();
        for entry in entries {
            found.add(entry.path.clone(), entry.name(&tree, &path), entry.is_link);
        }
        self.read_all(found)
    }

    /// Reads files; what a link leads to is listed once, and links below it are left out.
    fn read_all(&self, found: Files) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        let mut below = Files::default();
        for ((path, is_link), object) in found.paths.into_iter().zip(self.objects(&found.names)?) {
            match object {
                Some(GitObject::Blob(content)) => files.push((path, content)),
                Some(GitObject::Tree(id)) if is_link => {
                    for entry in self.list(&id)?.into_iter().filter(|entry| !entry.is_link) {
                        below.add(format!("{path}/{}", entry.path), entry.id, false);
                    }
                }
                _ => {}
            }
        }
        if !below.names.is_empty() {
            files.extend(self.read_all(below)?);
        }
        Ok(files)
    }

    /// The files and links of a tree and of the trees in it.
    fn list(&self, tree: &str) -> anyhow::Result<Vec<TreeEntry>> {
        let listing = git(&self.top, &["ls-tree", "-r", "-z", "--full-tree", tree])?;
        Ok(listing.split(|byte| *byte == 0).filter_map(TreeEntry::parse).collect())
    }

    /// The content of a file; links that stay in the tree are followed. `None` if there is no such file.
    fn blob(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let found = self.objects(&[format!("{}:{path}", self.id)])?;
        Ok(found.into_iter().flatten().find_map(|object| match object {
            GitObject::Blob(content) => Some(content),
            GitObject::Tree(_) => None,
        }))
    }

    /// What git has under each of `names` (`ID` or `ID:PATH`), with links followed.
    fn objects(&self, names: &[String]) -> anyhow::Result<Vec<Option<GitObject>>> {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(&self.top)
            .args(["cat-file", "--batch", "--follow-symlinks"])
            .stderr(Stdio::piped());
        // One name a line: git cannot be asked for one that has a line break.
        let asked = |name: &&String| !name.contains('\n');
        let input: Vec<&str> = names.iter().filter(asked).flat_map(|name| [name.as_str(), "\n"]).collect();
        let output = run_with_input(&mut git, input.concat().into_bytes()).context("cannot run `git`")?;
        let mut rest = output.stdout.as_slice();
        Ok(names.iter().map(|name| if asked(&name) { GitObject::read(&mut rest) } else { None }).collect())
    }

    fn missing(&self, what: &str, path: &str) -> anyhow::Error {
        let revision = &self.revision;
        anyhow::anyhow!(
            "there was no {what} `{path}` at `{revision}`; if it had another path, use --against git:{revision}:PATH"
        )
    }
}

/// Files to read, with their names for git.
#[derive(Default)]
struct Files {
    /// Where each belongs, and whether it is a link.
    paths: Vec<(String, bool)>,
    names: Vec<String>,
}

impl Files {
    fn add(&mut self, path: String, name: String, is_link: bool) {
        self.paths.push((path, is_link));
        self.names.push(name);
    }
}

/// A file or link of a tree.
struct TreeEntry {
    path: String,
    id: String,
    is_link: bool,
}

impl TreeEntry {
    /// Reads an entry of `git ls-tree -z`: `MODE TYPE ID<tab>PATH`. Submodules are none.
    fn parse(entry: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(entry).ok()?;
        let (head, path) = text.split_once('\t')?;
        let mut words = head.split(' ');
        let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
        (kind == "blob").then(|| Self { path: path.to_owned(), id: id.to_owned(), is_link: mode == "120000" })
    }

    /// What git is asked for: a link by its path, for only then is it followed.
    fn name(&self, tree: &str, path: &str) -> String {
        if self.is_link {
            let slash = if path.is_empty() { "" } else { "/" };
            format!("{tree}{slash}{}", self.path)
        } else {
            self.id.clone()
        }
    }
}

/// An object of git.
enum GitObject {
    /// The content of a file.
    Blob(Vec<u8>),
    /// A directory, by its id.
    Tree(String),
}

impl GitObject {
    /// Takes one answer of `git cat-file --batch --follow-symlinks`: `ID TYPE SIZE`, the content and a line break;
    /// `dangling SIZE` and the like, with the path that leads nowhere; or `NAME missing`.
    fn read(answers: &mut &[u8]) -> Option<Self> {
        let (head, rest) = answers.split_at(answers.iter().position(|byte| *byte == b'\n')? + 1);
        *answers = rest;
        let head = String::from_utf8_lossy(head);
        let words: Vec<&str> = head.trim_end().split(' ').collect();
        let size = words.last()?.parse::<usize>().ok()?;
        let content = rest.get(..size)?;
        *answers = rest.get(size + 1..).unwrap_or_default();
        match words.as_slice() {
            [_, "blob", _] => Some(Self::Blob(content.to_vec())),
            [id, "tree", _] => Some(Self::Tree((*id).to_owned())),
            _ => None,
        }
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
