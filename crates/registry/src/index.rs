//! `index.yaml` of a repository: the versions of a few charts, picked out of what may be 20 MB.
//!
//! An index that Helm has written has one block of lines for each chart. Those of other charts are dropped as they arrive.
//! An index of another form (JSON, flow style) is read as a whole.

use crate::error::{Error, Result};
use plimsoll_diag::{SourceKind, Sources};
use plimsoll_gotmpl::parse_version;
use plimsoll_yaml::{Limits, Node, ReadOptions};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// The most bytes of an index, most of which are dropped.
pub(crate) const MAX_INDEX: u64 = 256 << 20;
/// The longest line of an index.
const MAX_LINE: u64 = 4 << 20;

/// A version of a chart in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The version as it is written.
    pub version: String,
    /// Where the archive is, as it is written: perhaps relative to the repository.
    pub url: Option<String>,
    /// The digest of the archive, if the index has it.
    pub digest: Option<String>,
}

impl Published {
    /// The version, understood.
    pub fn semver(&self) -> Option<Version> {
        parse_version(&self.version)
    }
}

/// The versions of charts, newest first, by name. A chart that the index does not have is missing.
pub(crate) type Charts = BTreeMap<String, Vec<Published>>;

/// What reading an index as lines came to.
pub(crate) enum Extract {
    /// The lines of the charts.
    Lines(Lines),
    /// It has to be read as a whole: [`whole`].
    NeedsWhole,
}

/// The part of an index that matters.
#[derive(Default)]
pub(crate) struct Lines {
    text: String,
    has_api_version: bool,
    has_entries: bool,
}

/// Picks the lines of the charts with these names.
pub(crate) fn extract(reader: &mut dyn BufRead, names: &[&str]) -> io::Result<Extract> {
    if reader.fill_buf()?.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        return Ok(Extract::NeedsWhole);
    }
    let mut found = Lines::default();
    let mut state = State::Outside;
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = (&mut *reader).take(MAX_LINE).read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(Extract::Lines(found));
        }
        let Ok(text) = std::str::from_utf8(&line) else { return Ok(Extract::NeedsWhole) };
        if count as u64 == MAX_LINE || !state.take(text, names, &mut found) {
            return Ok(Extract::NeedsWhole);
        }
    }
}

/// Where in an index a line is.
#[derive(Clone, Copy)]
enum State {
    /// Outside of `entries`.
    Outside,
    /// Below `entries`, before the first chart.
    Entries,
    /// In a chart; the names of charts have this indentation.
    Chart { indent: usize, is_wanted: bool },
}

impl State {
    /// Takes the next line. Returns whether the index can still be read as lines.
    fn take(&mut self, line: &str, names: &[&str], found: &mut Lines) -> bool {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let content = content.trim_end();
        if content.is_empty() || (content.starts_with('#') && indent == 0) {
            found.text.push_str(if self.is_wanted() { line } else { "" });
            return true;
        }
        if content.starts_with('\t') {
            return false;
        }
        if indent == 0 && !content.starts_with("- ") {
            return self.begin_field(content, found);
        }
        match *self {
            Self::Outside => true,
            Self::Entries => self.begin_chart(line, content, indent, names, found),
            Self::Chart { indent: of_names, is_wanted } => {
                let is_item = content == "-" || content.starts_with("- ");
                match indent.cmp(&of_names) {
                    std::cmp::Ordering::Less => false,
                    std::cmp::Ordering::Equal if !is_item => {
                        self.begin_chart(line, content, indent, names, found)
                    }
                    _ => {
                        found.text.push_str(if is_wanted { line } else { "" });
                        true
                    }
                }
            }
        }
    }

    fn is_wanted(self) -> bool {
        matches!(self, Self::Chart { is_wanted: true, .. })
    }

    /// Begins a field of the index itself.
    fn begin_field(&mut self, content: &str, found: &mut Lines) -> bool {
        *self = Self::Outside;
        found.has_api_version |=
            content.strip_prefix("apiVersion:").is_some_and(|value| !value.trim().is_empty());
        let Some(value) = content.strip_prefix("entries:") else { return true };
        *self = Self::Entries;
        found.has_entries = true;
        matches!(without_comment(value), "" | "{}" | "null" | "~")
    }

    fn begin_chart(
        &mut self,
        line: &str,
        content: &str,
        indent: usize,
        names: &[&str],
        found: &mut Lines,
    ) -> bool {
        let Some((key, value)) = content.split_once(':') else { return false };
        let key = key.trim_end();
        let quoted = [('"', '"'), ('\'', '\'')]
            .into_iter()
            .find_map(|(open, close)| key.strip_prefix(open)?.strip_suffix(close));
        let name = quoted.unwrap_or(key);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
        let is_block = matches!(without_comment(value), "" | "[]" | "null" | "~");
        if name.is_empty() || !name.chars().all(is_plain) || !is_block {
            return false;
        }
        let is_wanted = names.contains(&name);
        *self = Self::Chart { indent, is_wanted };
        found.text.push_str(if is_wanted { line } else { "" });
        true
    }
}

fn without_comment(value: &str) -> &str {
    value.split(" #").next().unwrap_or_default().trim()
}

impl Lines {
    /// The charts in these lines; `None` if the index has to be read as a whole.
    pub(crate) fn charts(&self) -> Option<Result<Charts>> {
        if !self.has_entries || !self.has_api_version {
            return Some(Err(not_an_index(self.has_api_version)));
        }
        read(&format!("entries:\n{}", self.text)).ok().map(|node| Ok(charts(&node)))
    }
}

/// The charts with these names in the text of a whole index.
pub(crate) fn whole(bytes: Vec<u8>, names: &[&str]) -> Result<Charts> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::new("it is empty").help(WHAT_AN_INDEX_IS));
    }
    let text = String::from_utf8(bytes).map_err(|_| not_an_index(false))?;
    let node = read(&text).map_err(|reason| Error::new(reason).help(WHAT_AN_INDEX_IS))?;
    let api_version = node.get("apiVersion").is_some_and(|node| !node.is_null());
    if node.as_map().is_none() || !api_version {
        return Err(not_an_index(api_version));
    }
    let mut found = charts(&node);
    found.retain(|name, _| names.contains(&name.as_str()));
    Ok(found)
}

/// The most bytes of an index that is read as a whole.
pub(crate) const MAX_WHOLE: u64 = Limits::MAX_BYTES as u64;

const WHAT_AN_INDEX_IS: &str =
    "a repository has an `index.yaml`, which `helm repo index` writes: check the URL";

fn not_an_index(has_api_version: bool) -> Error {
    Error::new(if has_api_version { "it has no `entries`" } else { "it has no `apiVersion`" })
        .help(WHAT_AN_INDEX_IS)
}

/// Reads YAML or JSON, the last of several equal keys of which counts.
fn read(text: &str) -> std::result::Result<Node, String> {
    let sources = Sources::new();
    let source = sources.add("index.yaml", text, SourceKind::File);
    let report = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
    let reason = report.diagnostics.into_iter().next().map(|first| first.message);
    let document = report.output.and_then(|documents| documents.into_iter().next());
    document.map(|document| document.root).ok_or_else(|| reason.unwrap_or_else(|| "it is empty".to_owned()))
}

fn charts(index: &Node) -> Charts {
    let entries = index.get("entries").and_then(Node::as_map);
    let chart = |entry: &plimsoll_yaml::Entry| (entry.key.clone(), versions(entry.value.items()));
    entries.into_iter().flat_map(plimsoll_yaml::Map::iter).map(chart).collect()
}

/// The versions of a chart that can be used, newest first. As in Helm, entries without a name or with an invalid version
/// are skipped.
fn versions(items: &[Node]) -> Vec<Published> {
    let mut found: Vec<(Version, Published)> = items
        .iter()
        .filter(|item| text(item, "name").is_some())
        .filter_map(|item| {
            let url = item.get("urls").and_then(|urls| urls.items().first()).and_then(Node::as_str);
            let published = Published {
                version: text(item, "version")?,
                url: url.map(str::to_owned),
                digest: text(item, "digest"),
            };
            Some((published.semver()?, published))
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| other.cmp_precedence(one));
    found.into_iter().map(|(_, published)| published).collect()
}

/// A field that is a text; a version such as `1.10` without quotes is a number.
fn text(item: &Node, key: &str) -> Option<String> {
    use plimsoll_yaml::Value;
    let text = match &item.get(key)?.value {
        Value::String(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "\
apiVersion: v1
entries:
  alpine:
  - apiVersion: v2
    description: |
      text
      web:
    name: alpine
    urls: [alpine-1.tgz]
    version: 1.0.0
  web:
  - name: web
    version: 1.2.0
    digest: abc
    urls:
    - web-1.2.0.tgz
  - name: web
    version: 1.10.0-rc.1
    urls: [https://b.example/web.tgz]
  - name: web
    version: 1.10.0

  - name: web
    version: not a version
  zed:
  - name: zed
    version: 1.0.0
generated: \"2024-01-01\"
";

    fn names(charts: &Charts, name: &str) -> Vec<String> {
        charts[name].iter().map(|published| published.version.clone()).collect()
    }

    fn by_lines(text: &str, wanted: &[&str]) -> Option<Result<Charts>> {
        match extract(&mut text.as_bytes(), wanted).unwrap() {
            Extract::Lines(lines) => lines.charts(),
            Extract::NeedsWhole => None,
        }
    }

    #[test]
    fn the_versions_of_a_chart_are_picked_newest_first() {
        let charts = by_lines(INDEX, &["web", "gone"]).unwrap().unwrap();
        assert_eq!(names(&charts, "web"), ["1.10.0", "1.10.0-rc.1", "1.2.0"]);
        assert_eq!(charts.len(), 1);
        assert_eq!(charts["web"][0].url, None);
        assert_eq!(charts["web"][1].url.as_deref(), Some("https://b.example/web.tgz"));
        assert_eq!(charts["web"][2].digest.as_deref(), Some("abc"));
        assert_eq!(charts, whole(INDEX.as_bytes().to_vec(), &["web"]).unwrap());
    }

    #[test]
    fn other_forms_are_read_as_a_whole() {
        let json =
            r#"{"apiVersion":"v1","entries":{"web":[{"name":"web","version":"1.0.0","urls":["x.tgz"]}]}}"#;
        let flow = "apiVersion: v1\nentries: {web: [{name: web, version: 1.0.0, urls: [x.tgz]}]}\n";
        let alias = "apiVersion: v1\nentries:\n  a: &a\n  - {name: web, version: 1.0.0}\n  web: *a\n";
        let indented = "apiVersion: v1\nentries:\n    b:\n      - {name: web, version: 1.0.0}\n  web: []\n";
        for text in [json, flow, alias] {
            assert!(by_lines(text, &["web"]).is_none(), "{text}");
            assert_eq!(names(&whole(text.as_bytes().to_vec(), &["web"]).unwrap(), "web"), ["1.0.0"]);
        }
        assert!(by_lines(indented, &["web"]).is_none());
        assert!(whole(indented.as_bytes().to_vec(), &["web"]).is_err());
        let spaced = "apiVersion: v1\nentries:\n    'web':\n        - name: web\n          version: 1.0.0\n";
        assert_eq!(names(&by_lines(spaced, &["web"]).unwrap().unwrap(), "web"), ["1.0.0"]);
    }

    #[test]
    fn what_is_not_an_index_is_refused() {
        for text in ["<html>\n<body>no</body>\n", "entries:\n  a: []\n", "apiVersion: v1\n"] {
            assert!(by_lines(text, &["a"]).unwrap().is_err(), "{text}");
            assert!(text.starts_with("apiVersion") || whole(text.as_bytes().to_vec(), &["a"]).is_err());
        }
        assert!(whole(b" \n".to_vec(), &["a"]).is_err());
    }

    #[test]
    fn empty_indexes_have_no_charts() {
        for text in ["apiVersion: v1\nentries: {}\n", "entries:\napiVersion: v1\n"] {
            assert!(by_lines(text, &["a"]).unwrap().unwrap().is_empty(), "{text}");
        }
    }
}
