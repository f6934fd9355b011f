//! How many manifests a second are read and validated.

use divan::Bencher;
use divan::counter::ItemsCount;
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::k8s::{Version, validate};
use plimsoll::manifest::{Object, parse};
use plimsoll::yaml::ReadOptions;

/// A database as charts render it, and its service: two objects.
const MANIFEST: &str = include_str!("database.yaml");

fn main() {
    divan::main();
}

fn read() -> Vec<Object> {
    let sources = Sources::new();
    let source = sources.add("database.yaml", MANIFEST, SourceKind::File);
    parse(&sources, source, "database.yaml", &ReadOptions::strict()).output.unwrap_or_default()
}

fn check(objects: &[Object]) -> usize {
    let mut said = Vec::new();
    for object in objects {
        validate(object, Version::DEFAULT, &mut said);
    }
    assert!(said.is_empty(), "{said:?}");
    said.len()
}

#[divan::bench]
fn read_only(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(2_usize)).bench(read);
}

#[divan::bench]
fn validate_only(bencher: Bencher<'_, '_>) {
    let objects = read();
    bencher.counter(ItemsCount::new(2_usize)).bench(|| check(&objects));
}

#[divan::bench]
fn read_and_validate(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(2_usize)).bench(|| check(&read()));
}
