//! What a shell offers after TAB.
//!
//! The scripts of `plimsoll completions` ask the program itself, with [`VARIABLE`] set, so that they offer what is there
//! now: revisions of git, recorded renders, rules. The engine is that of `clap_complete`; here are the values that only
//! plimsoll knows.

use crate::args::Cli;
use crate::commands::past;
use clap::CommandFactory as _;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};
use plimsoll::diag::escape::{is_unprintable, terminal};
use plimsoll::diff::FailOn;
use plimsoll::history::{History, Listed};
use plimsoll::{chart, k8s, lint};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// Set by the scripts when they ask for candidates.
const VARIABLE: &str = "PLIMSOLL_COMPLETE";

/// What the scripts complete, and run to do it.
const PROGRAM: &str = "plimsoll";

const SHELLS: Shells<'static> = Shells(&[
    &Completer { shell: Bash, script: Some(bash_script) },
    &Completer { shell: Elvish, script: None },
    &Completer { shell: Fish, script: None },
    &Completer { shell: Powershell, script: None },
    &Completer { shell: Zsh, script: Some(zsh_script) },
]);

/// Answers a shell that asks for candidates, and ends the program; otherwise does nothing.
pub(crate) fn answer() {
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).shells(SHELLS).complete();
}

/// The script that a shell reads to complete `plimsoll`.
pub(crate) fn script(shell: clap_complete::Shell) -> io::Result<Vec<u8>> {
    let mut script = Vec::new();
    if let Some(shell) = SHELLS.completer(&shell.to_string()) {
        shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    }
    Ok(script)
}

/// A shell of the engine. Candidates that could not be shown on one line are left out.
struct Completer<S> {
    shell: S,
    /// A script in place of the engine's.
    script: Option<fn(&mut dyn io::Write) -> io::Result<()>>,
}

impl<S: EnvCompleter> EnvCompleter for Completer<S> {
    fn name(&self) -> &'static str {
        self.shell.name()
    }

    fn is(&self, name: &str) -> bool {
        self.shell.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        bin: &str,
        completer: &str,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self.script {
            Some(script) => script(out),
            None => self.shell.write_registration(variable, name, bin, completer, out),
        }
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut written = Vec::new();
        self.shell.write_complete(command, args, current_dir, &mut written)?;
        // How the scripts have candidates separated.
        #[expect(clippy::disallowed_methods, reason = "the binary is where the environment is read")]
        let separator = std::env::var("_CLAP_IFS").ok().and_then(|text| text.chars().next()).unwrap_or('\n');
        let written = String::from_utf8_lossy(&written);
        let is_printable = |candidate: &&str| {
            !candidate.trim_end_matches('\n').contains(|c: char| c != '\t' && is_unprintable(c))
        };
        let candidates: Vec<&str> = written.split(separator).filter(is_printable).collect();
        out.write_all(candidates.join(&separator.to_string()).as_bytes())
    }
}

/// The engine's script has bash split `git:main` in three; this one knows values with a colon.
fn bash_script(out: &mut dyn io::Write) -> io::Result<()> {
    let script = include_str!("completion.bash");
    out.write_all(script.replace("VARIABLE", VARIABLE).replace("PROGRAM", PROGRAM).as_bytes())
}

/// The engine's script, which also works as the file `_plimsoll` in a directory of functions: zsh calls the file itself
/// for the first completion.
fn zsh_script(out: &mut dyn io::Write) -> io::Result<()> {
    Zsh.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, out)?;
    writeln!(out, "[[ $funcstack[1] != _{PROGRAM} ]] || _clap_dynamic_completer_{PROGRAM} \"$@\"")
}

/// The categories of `--fail-on`.
pub(crate) fn fail_on() -> Vec<CompletionCandidate> {
    FailOn::WORDS.map(CompletionCandidate::new).into()
}

/// The versions of Kubernetes that are known.
pub(crate) fn kube_versions() -> Vec<CompletionCandidate> {
    k8s::Version::all().map(|version| CompletionCandidate::new(version.to_string())).collect()
}

/// Every rule.
pub(crate) fn rules() -> Vec<CompletionCandidate> {
    lint::rules().into_iter().map(|rule| described(rule.id, rule.summary)).collect()
}

/// Every rule, and the groups of rules.
pub(crate) fn rules_and_groups() -> Vec<CompletionCandidate> {
    let group = |id: &'static str| id.split('/').next().unwrap_or(id);
    let groups: BTreeSet<_> = lint::rules().iter().map(|rule| group(rule.id)).collect();
    groups.into_iter().map(CompletionCandidate::new).chain(rules()).collect()
}

/// Charts and manifests.
pub(crate) fn sources(current: &OsStr) -> Vec<CompletionCandidate> {
    starting_with(current, chart::builtins().map(CompletionCandidate::new)).chain(paths(current)).collect()
}

/// The releases that were recorded; and sources, because the release may be left out.
pub(crate) fn releases_and_sources(current: &OsStr) -> Vec<CompletionCandidate> {
    starting_with(current, releases()).chain(sources(current)).collect()
}

/// The releases that were recorded.
pub(crate) fn releases() -> Vec<CompletionCandidate> {
    names().into_iter().map(CompletionCandidate::new).collect()
}

/// What `--against` compares with.
pub(crate) fn against(current: &OsStr) -> Vec<CompletionCandidate> {
    if current.to_str().is_some_and(|current| current.starts_with("git:")) {
        let revisions = past::references().into_iter().map(|name| format!("git:{name}"));
        return starting_with(current, revisions.map(CompletionCandidate::new)).collect();
    }
    let words = [
        described("last", "the last recorded revision"),
        described("live", "the objects in the cluster"),
        described("git:", "a revision of git"),
    ];
    starting_with(current, words.into_iter().chain(revisions())).chain(paths(current)).collect()
}

/// The recorded revisions, those of the release on the command line if it names one.
pub(crate) fn revisions() -> Vec<CompletionCandidate> {
    let typed: Vec<String> = words().collect();
    let mut releases = names();
    if releases.iter().any(|release| typed.contains(release)) {
        releases.retain(|release| typed.contains(release));
    }
    let mut found: Vec<CompletionCandidate> = Vec::new();
    for Listed { revision, header, .. } in releases.iter().flat_map(|release| recorded(release)) {
        let number = revision.to_string();
        if found.iter().all(|known| known.get_value() != number.as_str()) {
            let help = header.map(|header| format!("{} {}", header.time, header.message)).unwrap_or_default();
            found.push(described(&number, &terminal(help.trim())));
        }
    }
    found
}

/// The names of the releases that were recorded.
fn names() -> Vec<String> {
    History::releases(&history()).unwrap_or_default()
}

/// What was recorded of a release, in every namespace.
fn recorded(release: &str) -> Vec<Listed> {
    let base = history();
    let namespaces = History::namespaces(&base, release).unwrap_or_default();
    let histories = namespaces.iter().filter_map(|namespace| History::new(&base, namespace, release).ok());
    histories.flat_map(|history| history.list().unwrap_or_default()).collect()
}

/// The directory of recorded renders: that of `--history`, if it is on the command line.
fn history() -> PathBuf {
    let mut words = words().skip_while(|word| word != "--history").skip(1);
    words.next().unwrap_or_else(|| ".plimsoll".to_owned()).into()
}

/// The words of the command line that is completed.
fn words() -> impl Iterator<Item = String> {
    std::env::args_os().skip_while(|word| word != "--").skip(1).filter_map(|word| word.into_string().ok())
}

fn paths(current: &OsStr) -> Vec<CompletionCandidate> {
    PathCompleter::any().stdio().complete(current)
}

fn starting_with(
    current: &OsStr,
    candidates: impl IntoIterator<Item = CompletionCandidate>,
) -> impl Iterator<Item = CompletionCandidate> {
    let current = current.to_string_lossy().into_owned();
    candidates.into_iter().filter(move |one| one.get_value().to_string_lossy().starts_with(&current))
}

fn described(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help((!help.is_empty()).then(|| help.to_owned().into()))
}
