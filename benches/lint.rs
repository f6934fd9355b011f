//! How many objects a second are linted with every rule on: a release of thousands of objects, and, where
//! `PLIMSOLL_ORACLE` names them, the recorded manifests of a real server.

use divan::Bencher;
use divan::counter::ItemsCount;
use plimsoll::diag::{Diagnostic, SourceKind, Sources};
use plimsoll::k8s::Version;
use plimsoll::lint::{Config, Subject, run};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;

/// A database with everything that belongs to it: three objects.
const RELEASE: &str = include_str!("../tests/fixtures/sound-release.yaml");

fn main() {
    divan::main();
}

/// One text of about `objects` objects, each database with names and labels of its own.
fn text(objects: usize) -> String {
    (0..objects.div_ceil(3))
        .map(|index| {
            let name = format!("db{index}");
            RELEASE
                .replace("name: db\n", &format!("name: {name}\n"))
                .replace("app: db", &format!("app: {name}"))
                .replace("serviceName: db", &format!("serviceName: {name}"))
                + "---\n"
        })
        .collect::<Vec<_>>()
        .concat()
}

fn read(sources: &Sources, text: &str) -> Vec<Object> {
    let source = sources.add("release.yaml", text, SourceKind::File);
    manifest::parse(sources, source, "release.yaml", &ReadOptions::lenient()).output.unwrap_or_default()
}

fn lint(sources: &Sources, objects: &[Object]) -> Vec<Diagnostic> {
    let objects: Vec<_> = objects.iter().collect();
    let subject = Subject {
        objects: &objects,
        crds: &[],
        policies: &[],
        chart: None,
        reported: &[],
        sources,
        version: Version::DEFAULT,
    };
    run(&subject, &Config::default())
}

#[divan::bench(args = [3, 300, 9999])]
fn every_rule(bencher: Bencher<'_, '_>, objects: usize) {
    let sources = Sources::new();
    let objects = read(&sources, &text(objects));
    bencher.counter(ItemsCount::new(objects.len())).bench(|| lint(&sources, &objects).len());
}

#[divan::bench(args = [3, 9999])]
fn read_and_every_rule(bencher: Bencher<'_, '_>, objects: usize) {
    let text = text(objects);
    bencher.counter(ItemsCount::new(objects)).bench(|| {
        let sources = Sources::new();
        let objects = read(&sources, &text);
        lint(&sources, &objects).len()
    });
}

#[divan::bench]
fn recordings(bencher: Bencher<'_, '_>) {
    #[expect(clippy::disallowed_methods, reason = "the oracle is where the environment says")]
    let Some(oracle) = std::env::var_os("PLIMSOLL_ORACLE") else { return };
    let folder = std::path::PathBuf::from(oracle).join("admission/cases");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
        .collect();
    files.sort();
    let sources = Sources::new();
    let releases: Vec<_> = files.iter().map(|text| read(&sources, text)).collect();
    let objects: usize = releases.iter().map(Vec::len).sum();
    bencher
        .counter(ItemsCount::new(objects))
        .bench(|| releases.iter().map(|objects| lint(&sources, objects).len()).sum::<usize>());
}
