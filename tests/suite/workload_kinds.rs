//! The kinds that make pods are listed in one place, `plimsoll_kube::views`; everything else asks there.

use crate::support::ROOT;
use plimsoll::k8s::views::WorkloadKind;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Files and directories that list several kinds, each with the reason.
const ALLOWED: &[(&str, &str)] = &[
    ("crates/kube/src/views/", "the list itself"),
    ("crates/kube/src/update.rs", "one function per kind, as the API server has them"),
    ("crates/kube/src/defaults/mod.rs", "one function per kind, as the API server has them"),
    ("crates/kube/src/kinds.rs", "tables of all kinds: short names, Helm's order, removed API versions"),
    ("crates/kube/src/encode.rs", "which fields the API server always writes, kind by kind"),
    ("crates/kube/src/managed/empty.rs", "which fields the API server always writes, kind by kind"),
    (
        "src/kustomize/",
        "the fields of each kind, as the configuration of kustomize's transformers lists them",
    ),
    ("crates/cluster/src/", "one function per kind, as the API server and the controllers have them"),
];

#[test]
fn nobody_lists_the_kinds_of_workloads_by_hand() {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(ROOT).unwrap().to_string_lossy().replace('\\', "/");
        let found = listed(&text);
        let allowed = ALLOWED.iter().find(|(allowed, _)| path.starts_with(allowed));
        match allowed {
            Some((allowed, _)) if !found.is_empty() => drop(used.insert(*allowed)),
            Some(_) => {}
            None => wrong.extend(found.into_iter().map(|(line, kinds)| format!("{path}:{line}: {kinds}"))),
        }
    }
    assert!(wrong.is_empty(), "use a question of `views::WorkloadKind`, or add one:\n{}", wrong.join("\n"));
    let is_idle = |allowed: &&str| Path::new(ROOT).join(allowed).exists() && !used.contains(allowed);
    let idle: Vec<&str> = ALLOWED.iter().map(|(allowed, _)| *allowed).filter(is_idle).collect();
    assert!(idle.is_empty(), "remove what is no longer needed: {idle:?}");
}

#[test]
fn lists_of_kinds_are_found_however_they_are_written() {
    for (code, lines) in [
        (r#"fn f() { matches!(kind, "Deployment" | "DaemonSet") }"#, &[1][..]),
        ("const KINDS: [&str; 2] = [\n    \"Deployment\",\n    \"Job\",\n];", &[2]),
        ("match kind {\n    \"Pod\" => { a(); }\n    \"Job\" => b(),\n    _ => {}\n}", &[2]),
        ("matches!(self, WorkloadKind::Job\n    | WorkloadKind::CronJob)", &[1]),
        (r#"if kind == "Pod" { a() } else if kind == "Job" { b() }"#, &[1]),
        (r#"fn f() { let a = kind == "Pod"; let b = kind == "Job"; }"#, &[]),
        (r#"fn f() { g("Pod") } fn g() { h("Job") }"#, &[]),
        ("match kind { WorkloadKind::Pod => a, WorkloadKind::Job => b, _ => c }", &[]),
        (
            "// \"Pod\" | \"Job\"\nlet c = ['\"', '{', '\\''];\nlet text = \"a \\\"Pod\\\" and a \\\"Job\\\"\";",
            &[],
        ),
        (r##"let text = r#"["Pod", "Job"]"#;"##, &[]),
        ("#[cfg(test)]\nmod tests { const A: [&str; 2] = [\"Pod\", \"Job\"]; }", &[]),
    ] {
        let found: Vec<usize> = listed(code).into_iter().map(|(line, _)| line).collect();
        assert_eq!(found, lines, "{code}");
    }
}

/// The source files of the program; those of its tests may list what they test.
fn sources() -> Vec<PathBuf> {
    let crates = fs::read_dir(Path::new(ROOT).join("crates")).unwrap();
    let mut directories: Vec<PathBuf> = crates.map(|entry| entry.unwrap().path().join("src")).collect();
    directories.push(Path::new(ROOT).join("src"));
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let is_test = path.ends_with("tests.rs") || path.ends_with("testing.rs");
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
                files.push(path);
            }
        }
    }
    files
}

/// What the search looks at.
#[derive(PartialEq)]
enum Token<'a> {
    Text(&'a str),
    Word(&'a str),
    Sign(char),
}

/// The expressions that name two or more kinds, each by the line of the first. An expression ends at a semicolon or with
/// its braces. Of variants of `WorkloadKind`, only alternatives of one pattern are a list: a `match` on them may well
/// have an arm for each.
fn listed(code: &str) -> Vec<(usize, String)> {
    // The tests of a file are its last item.
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut expressions: BTreeMap<(usize, usize), (usize, BTreeSet<&str>)> = BTreeMap::new();
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    // The braces that are open, each with its number and that of the statement in it.
    let (mut open, mut braces) = (vec![(0, 0)], 0);
    // The last variant, whether a bar came after it, and its line.
    let mut variant: Option<(&str, bool, usize)> = None;
    let mut previous = None;
    for (line, token) in tokens(code) {
        match &token {
            Token::Text(kind) if WorkloadKind::named(kind).is_some() => {
                let expression = open.last().copied().unwrap_or_default();
                expressions.entry(expression).or_insert((line, BTreeSet::new())).1.insert(kind);
            }
            Token::Sign('{') => {
                braces += 1;
                open.push((braces, 0));
            }
            Token::Sign('}') => drop(open.pop()),
            Token::Sign(';') => open.last_mut().into_iter().for_each(|(_, statement)| *statement += 1),
            _ => {}
        }
        variant = match &token {
            Token::Word(word) => match word.rsplit_once("Kind::") {
                Some((_, kind)) if WorkloadKind::named(kind).is_some() => {
                    if let Some((first, true, line)) = variant {
                        found.insert(line, format!("{first}, {kind}"));
                    }
                    Some((kind, false, line))
                }
                _ => None,
            },
            Token::Sign('|') if previous != Some(Token::Sign('|')) => {
                variant.map(|(kind, _, line)| (kind, true, line))
            }
            _ => None,
        };
        previous = Some(token);
    }
    let lists = expressions.into_values().filter(|(_, kinds)| kinds.len() > 1);
    found.extend(lists.map(|(line, kinds)| (line, kinds.into_iter().collect::<Vec<_>>().join(", "))));
    found.into_iter().collect()
}

/// The texts, words and signs of Rust code, each with its line; comments are left out.
fn tokens(code: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (code, 1);
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let (length, token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            (raw.find("\"#").map_or(rest.len(), |end| end + 5), None)
        } else if let Some(text) = rest.strip_prefix('"') {
            let end = unescaped(text, '"');
            (end + 2, Some(Token::Text(&text[..end])))
        } else if let Some(text) = rest.strip_prefix('\'') {
            // A character, or a lifetime.
            let end = unescaped(text, '\'');
            let is_character = text.starts_with('\\') || text[..end].chars().count() == 1;
            (if is_character { end + 2 } else { 1 }, None)
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (end, Some(Token::Word(&rest[..end])))
        } else {
            let sign = (!first.is_whitespace()).then_some(Token::Sign(first));
            (first.len_utf8(), sign)
        };
        tokens.extend(token.map(|token| (line, token)));
        let (read, after) = rest.split_at(length.min(rest.len()));
        line += read.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Where a quote ends a text.
fn unescaped(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let is_end = |c: char| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    };
    text.find(is_end).unwrap_or(text.len())
}
