//! The targets of cargo-fuzz (see `fuzz/`), run on their seeds and on edited seeds.

use crate::support::ROOT;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "in the package of the targets it is the library")]
mod targets;

/// The most seeds of a target that are run.
const SEEDS: usize = 40;
/// How many edits of each seed are run.
const EDITS: usize = 4;

/// The corpora that cargo-fuzz starts from.
static CORPORA: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let copied = Command::new(format!("{ROOT}/fuzz/seed")).arg(directory.path()).status().unwrap();
    assert!(copied.success());
    directory
});

/// A generator of our own, so that every machine makes the same edits.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides.max(1)
    }
}

/// A seed of which some bytes are replaced, removed, or repeated somewhere else.
fn edited(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    const SIGNS: &[u8] = b" \n\t:-{}[]\"'#&*!|>%@`,.$\\0\0\xc2\x9b\xff";
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len());
        match dice.roll(3) {
            0 if !bytes.is_empty() => bytes[at] = SIGNS[dice.roll(SIGNS.len())],
            1 => drop(bytes.drain(at..(at + dice.roll(12)).min(bytes.len()))),
            _ => {
                let from = dice.roll(bytes.len());
                let copy = bytes[from..(from + dice.roll(40)).min(bytes.len())].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
    bytes
}

/// Runs a target on its seeds, evenly chosen, and on edits of them.
fn run(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(CORPORA.path()).join(target);
    let mut paths: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no seeds");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for path in paths.iter().step_by(paths.len().div_ceil(SEEDS)) {
        let seed = std::fs::read(path).unwrap();
        check(&seed);
        for _ in 0..EDITS {
            check(&edited(&seed, &mut dice));
        }
    }
}

#[test]
fn archives() {
    run("archive", targets::archive::check);
}

#[test]
fn encrypted_files() {
    run("encrypted", targets::encrypted::check);
}

#[test]
fn expressions() {
    run("expression", targets::expression::check);
}

#[test]
fn helm_templates() {
    run("helm", targets::helm::check);
}

#[test]
fn recorded_renders() {
    run("history", targets::history::check);
}

#[test]
fn manifests_that_are_linted() {
    run("lint", targets::lint::check);
}

#[test]
fn plans() {
    run("plan", targets::plan::check);
}

#[test]
fn signed_messages_and_keyrings() {
    run("provenance", targets::provenance::check);
}

#[test]
fn suites_of_tests() {
    run("suite", targets::suite::check);
}

#[test]
fn tera_templates() {
    run("tera", targets::tera::check);
}

#[test]
fn values_with_comments() {
    run("comments", targets::comments::check);
}

#[test]
fn values_and_set_flags() {
    run("values", targets::values::check);
}

#[test]
fn yaml_documents() {
    run("yaml", targets::yaml::check);
}
