//! The library reaches the outside through `plimsoll::world` alone.

use crate::support::ROOT;
use plimsoll::chart;
use plimsoll::diag::Sources;
use plimsoll::manifests;
use plimsoll::world::Memory;
use plimsoll::yaml::ReadOptions;
use std::path::{Path, PathBuf};

/// What reaches outside, and the files that may: `src/world/system.rs` for the others, `src/history` because it writes
/// files that no other code may touch, `crates/registry` because it reads credentials and keeps a cache, and the engines because a time limit needs a clock that cannot be set back.
const DOORS: &[(&str, &[&str])] = &[
    (
        r"\bstd::fs\b|\bfs::|\bFile::open\b",
        &[
            "src/world/system.rs",
            "src/history/mod.rs",
            "src/history/keys.rs",
            "crates/registry/src/auth.rs",
            "crates/registry/src/cache.rs",
            "crates/registry/src/client.rs",
            "crates/registry/src/repositories.rs",
        ],
    ),
    (r"\.(canonicalize|read_dir|read_link|symlink_metadata)\(", &["src/world/system.rs"]),
    (r"\.exists\(\)|\b(path|directory|folder)\.is_(file|dir|symlink)\(\)", &["src/history/mod.rs"]),
    (r"\bpath::absolute\b|\bcurrent_dir\b|\bstd::env\b", &["src/world/system.rs"]),
    (r"\bSystemTime::now\b", &["src/world/system.rs"]),
    (r"\bgetrandom\b|\bRandomState\b|\bSysRng\b|\bOsRng\b|\bthread_rng\b", &["src/world/system.rs"]),
    (r"\bInstant::now\b", &[]),
    (
        r"\bprocess::(Command\b|\{Command\b)|\bnet::(Tcp|Udp|Unix)|\btempfile::|\bureq::",
        &[
            "src/history/mod.rs",
            "crates/registry/src/auth.rs",
            "crates/registry/src/cache.rs",
            "crates/registry/src/client.rs",
        ],
    ),
];

/// The sources of the library and its crates, without the command and without tests.
fn library() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let crates = std::fs::read_dir(format!("{ROOT}/crates")).unwrap();
    let mut open: Vec<PathBuf> = crates.map(|entry| entry.unwrap().path().join("src")).collect();
    open.push(PathBuf::from(format!("{ROOT}/src")));
    while let Some(folder) = open.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(ROOT).unwrap().to_str().unwrap().replace('\\', "/");
            let is_left_out = ["src/bin", "tests.rs"].iter().any(|end| name.ends_with(end));
            if path.is_dir() && !is_left_out {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !is_left_out {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                files.push((name, code.to_owned()));
            }
        }
    }
    files
}

#[test]
fn only_the_doors_reach_outside() {
    let files = library();
    assert!(files.len() > 200, "only {} files were found", files.len());
    let mut found = Vec::new();
    for (pattern, allowed) in DOORS {
        let pattern = regex::Regex::new(pattern).unwrap();
        let mut used: Vec<&str> = Vec::new();
        for (name, text) in &files {
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                if pattern.is_match(line) {
                    match allowed.iter().find(|allowed| **allowed == name) {
                        Some(door) => used.push(door),
                        None => found.push(format!("{name}: {}", line.trim())),
                    }
                }
            }
        }
        for door in *allowed {
            assert!(used.contains(door), "`{door}` no longer needs `{pattern}`: take it off the list");
        }
    }
    assert!(found.is_empty(), "use `plimsoll::world::World`:\n{}", found.join("\n"));
}

#[test]
fn charts_and_manifests_load_from_memory() {
    let world = Memory::default()
        .file("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
        .file("charts/web/.helmignore", "*.md\n")
        .file("charts/web/README.md", "ignored")
        .file("charts/web/files/a.txt", "text")
        .file("k8s/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
        .into_world();
    let sources = Sources::new();
    let chart = chart::open(&world, &sources, "charts/web").output.unwrap();
    let files: Vec<_> = chart.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, [".helmignore", "files/a.txt"]);
    assert_eq!(chart.file("files/a.txt").unwrap().data().unwrap().as_ref(), b"text");
    let missing = chart::open(&world, &sources, "charts/wbe");
    assert_eq!(missing.diagnostics[0].help, ["did you mean `charts/web`?"]);
    let report = manifests::load(&world, &sources, Path::new("k8s"), &ReadOptions::strict());
    assert_eq!(report.output.unwrap()[0].name, "a");
}
