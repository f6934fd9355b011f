//! Modules that lie beside each other import each other in one direction only.

use crate::support::ROOT;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The directories whose modules are checked, each with the path by which the crate calls it. A directory inside one
/// counts as one module.
const CHECKED: &[(&str, &str)] = &[
    ("crates/gotmpl/src", "crate"),
    ("crates/diag/src", "crate"),
    ("crates/yaml/src", "crate"),
    ("crates/registry/src", "crate"),
    ("crates/sops/src", "crate"),
    ("crates/openpgp/src", "crate"),
    ("src", "crate"),
    ("src/chart", "crate::chart"),
    ("src/diff", "crate::diff"),
    ("src/engine", "crate::engine"),
    ("src/engine/tera", "crate::engine::tera"),
    ("src/engine/tera/place", "crate::engine::tera::place"),
    ("src/preview", "crate::preview"),
    ("src/render", "crate::render"),
    ("src/values", "crate::values"),
];

#[test]
fn imports_do_not_lead_in_circles() {
    let found: Vec<String> = CHECKED
        .iter()
        .filter_map(|(directory, name)| {
            let circle = circle(&imports(&Path::new(ROOT).join(directory), name))?;
            Some(format!("{directory}: {}", circle.join(" -> ")))
        })
        .collect();
    assert_eq!(found, [""; 0]);
}

/// What each module of a directory imports of the others.
fn imports(directory: &Path, name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeMap<String, PathBuf> = entries(directory).filter_map(module).collect();
    let of = |(module, path): (&String, &PathBuf)| {
        let mut texts = Vec::new();
        read(path, 0, &mut texts);
        let mut found = BTreeSet::new();
        for (depth, text) in &texts {
            let beside = format!("{}super", "super::".repeat(*depth));
            let paths = code(text).into_iter().flat_map(|statement| paths(&statement));
            let first = |path: String| {
                let rest =
                    [name, &beside].iter().find_map(|start| path.strip_prefix(*start)?.strip_prefix("::"))?;
                Some(rest.split("::").next()?.to_owned())
            };
            found.extend(
                paths.filter_map(first).filter(|other| modules.contains_key(other) && other != module),
            );
        }
        (module.clone(), found)
    };
    modules.iter().map(of).collect()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path())
}

/// The module that a file or a directory is; those that only tests see are none.
fn module(path: PathBuf) -> Option<(String, PathBuf)> {
    let name = path.file_stem()?.to_str()?.to_owned();
    let is_module = path.is_dir() || path.extension().is_some_and(|extension| extension == "rs");
    (is_module && !["mod", "lib", "main", "tests", "testing", "bin"].contains(&name.as_str()))
        .then_some((name, path))
}

/// The texts of a module, each with how many `super` lead from it to the module itself.
fn read(path: &Path, depth: usize, texts: &mut Vec<(usize, String)>) {
    if path.is_file() {
        texts.push((depth, std::fs::read_to_string(path).unwrap()));
        return;
    }
    for entry in entries(path) {
        let name = entry.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        match name {
            "tests" | "testing" => {}
            "mod" => read(&entry, depth, texts),
            _ => read(&entry, depth + 1, texts),
        }
    }
}

/// The statements of a text, without comments, literal texts and its unit tests.
fn code(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| {
        let line = line.split("//").next().unwrap_or_default();
        // Every other part stands between quotes.
        line.split('"').step_by(2).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n").split(';').map(str::to_owned).collect()
}

/// The paths in a statement. Those of a `use`, which is the end of one, are written out: `a::{b, c::d}` is `a::b` and
/// `a::c::d`.
fn paths(statement: &str) -> Vec<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut lines = statement.lines();
    let mut tree = None;
    while let (None, Some(line)) = (&tree, lines.next()) {
        tree = imported(line).map(str::to_owned);
        found.extend(line.split(|c| !is_path(c)).filter(|path| path.contains("::")).map(str::to_owned));
    }
    let tree = tree.into_iter().chain(lines.map(str::to_owned)).collect::<Vec<_>>().join(" ");
    let (mut open, mut word) = (vec![String::new()], String::new());
    for c in tree.chars().chain([',']) {
        let prefix = open.last().cloned().unwrap_or_default();
        match c {
            '{' => open.push(prefix + &std::mem::take(&mut word)),
            ',' | '}' => {
                if !word.is_empty() {
                    found.push(prefix + &std::mem::take(&mut word));
                }
                if c == '}' {
                    open.pop();
                }
            }
            c if is_path(c) => word.push(c),
            _ => {}
        }
    }
    found
}

/// What a line imports, if a `use` begins in it.
fn imported(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let public = ["pub(crate) ", "pub(super) ", "pub "].iter().find_map(|word| line.strip_prefix(word));
    public.unwrap_or(line).strip_prefix("use ")
}

/// Modules of which each imports the next, and the last the first.
fn circle(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut left: BTreeMap<&String, &BTreeSet<String>> = imports.iter().collect();
    loop {
        let leaf = left.iter().find(|(_, imports)| !imports.iter().any(|other| left.contains_key(other)));
        match leaf.map(|(module, _)| *module) {
            Some(leaf) => drop(left.remove(leaf)),
            None => break,
        }
    }
    // Every module that is left imports another one that is.
    let mut way = vec![*left.keys().next()?];
    loop {
        let next = left[way[way.len() - 1]].iter().find(|other| left.contains_key(other))?;
        if let Some(at) = way.iter().position(|module| *module == next) {
            return Some(way[at..].iter().chain([&next]).map(|module| (*module).clone()).collect());
        }
        way.push(next);
    }
}

#[test]
fn circles_are_found() {
    let imports = |edges: &[(&str, &str)]| {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in edges {
            found.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            found.entry((*to).to_owned()).or_default();
        }
        found
    };
    assert_eq!(circle(&imports(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let circle = circle(&imports(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])).unwrap();
    assert_eq!(circle, ["b", "c", "b"]);
}

#[test]
fn imports_are_read_from_code() {
    let text = "//! super::no\nuse super::a::{self, B, c::{D, e}};\npub use crate::x::f as g;\nfn f() { super::h::i(\"super::no\") }\n\
                #[cfg(test)]\nmod tests {\n    use super::no;\n}\n";
    let found: Vec<String> = code(text).iter().flat_map(|statement| paths(statement)).collect();
    for path in ["super::a::self", "super::a::B", "super::a::c::D", "super::a::c::e", "super::h::i"] {
        assert!(found.iter().any(|found| found == path), "{path}: {found:?}");
    }
    assert!(found.iter().any(|path| path.starts_with("crate::x::f")));
    assert!(!found.iter().any(|path| path.contains("::no")));
}
