//! Any two texts as manifests before and after.

use super::{assert_json, assert_printable};
use plimsoll::diag::Sources;
use plimsoll::diff::render::{Style, html, json, markdown, plan, script, unified};
use plimsoll::diff::{Options, compare};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;

/// Separates the two in the input.
const BETWEEN: &str = "\n=====\n";

/// Compares them in both directions and writes every format. Compared with itself, neither changes.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (old, new) = text.split_once(BETWEEN).unwrap_or((text, ""));
    let (old, new) = (objects(old), objects(new));
    let options = Options { documents: true, validate: true, ..Options::default() };
    for (old, new) in [(&old, &new), (&new, &old)] {
        let changes = compare(old, new, &options);
        assert_printable(&plan(&changes, Style::Plain));
        assert_printable(&unified(&changes, 3, Style::Plain));
        assert_json(&json(&changes));
        let _ = (html(&changes, "fuzz"), markdown(&changes, "fuzz"), script(&changes, "fuzz", &options));
        let same = compare(old, old, &Options::default());
        assert!(same.is_empty(), "{}", plan(&same, Style::Plain));
    }
}

fn objects(text: &str) -> Vec<Object> {
    let report = manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::lenient());
    if report.has_errors() { Vec::new() } else { report.output.unwrap_or_default() }
}
