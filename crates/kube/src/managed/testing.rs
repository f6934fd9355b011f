//! Helpers of the tests.

use plimsoll_diag::{SourceKind, Sources};
use plimsoll_yaml::{Node, ReadOptions};

/// A value, as YAML.
pub(crate) fn node(text: &str) -> Node {
    let sources = Sources::new();
    let source = sources.add("test.yaml", text, SourceKind::File);
    let report = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
    report.output.expect("sound YAML").remove(0).root
}
