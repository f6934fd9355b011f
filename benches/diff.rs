//! How long a comparison of two renders takes: 100, 1,000 and 10,000 objects of some 2 kB each, of which none, every
//! tenth or all change. The time per object should stay the same.

use plimsoll::diag::Sources;
use plimsoll::diff::{self, Options, render};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;

fn main() {
    divan::main();
}

const COUNTS: [usize; 3] = [100, 1_000, 10_000];

#[divan::bench(args = COUNTS, sample_count = 5)]
fn nothing_changes(bencher: divan::Bencher<'_, '_>, count: usize) {
    compare(bencher, count, usize::MAX);
}

#[divan::bench(args = COUNTS, sample_count = 5)]
fn every_tenth_changes(bencher: divan::Bencher<'_, '_>, count: usize) {
    compare(bencher, count, 10);
}

#[divan::bench(args = COUNTS, sample_count = 5)]
fn all_change(bencher: divan::Bencher<'_, '_>, count: usize) {
    compare(bencher, count, 1);
}

fn compare(bencher: divan::Bencher<'_, '_>, count: usize, step: usize) {
    let old = objects(count, |_| "17.2");
    let new = objects(count, |release| if release % step == 0 { "17.3" } else { "17.2" });
    let options = Options { documents: false, ..Options::default() };
    bencher.bench(|| render::plan(&diff::compare(&old, &new, &options), render::Style::Plain));
}

/// Databases with their Services, each under its own name and with its own tag of the image.
fn objects(count: usize, tag: impl Fn(usize) -> &'static str) -> Vec<Object> {
    const PAIR: &str = include_str!("database.yaml");
    let mut text = String::new();
    for release in 0..count.div_ceil(2) {
        text.push_str("---\n");
        let named = PAIR.replace("orders-db", &format!("db-{release}"));
        text.push_str(&named.replace(":17.2", &format!(":{}", tag(release))));
    }
    manifest::load_stdin(&Sources::new(), text, &ReadOptions::strict()).output.unwrap_or_default()
}
