//! Writes XML, indented by tabs.

use crate::diag::escape::xml;
use std::fmt::Write as _;

/// An element.
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), text: String::new(), children: Vec::new() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike")]
    pub(super) fn attribute(mut self, name: &'static str, value: impl ToString) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub(super) fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// The document whose root it is.
    pub(super) fn document(&self) -> String {
        let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(0, &mut out);
        out
    }

    fn write(&self, depth: usize, out: &mut String) {
        let indent = "\t".repeat(depth);
        let _ = write!(out, "{indent}<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"{}\"", xml(value));
        }
        if self.children.is_empty() {
            let _ = writeln!(out, ">{}</{}>", xml(&self.text), self.name);
            return;
        }
        out.push_str(">\n");
        for child in &self.children {
            child.write(depth + 1, out);
        }
        let _ = writeln!(out, "{indent}</{}>", self.name);
    }
}

/// A duration in seconds.
pub(super) fn seconds(duration: std::time::Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// The part of a suite's name that stands for a class.
pub(super) fn class_name(suite: &str) -> &str {
    suite.rsplit('/').next().unwrap_or(suite)
}

/// The date and the time of day, UTC.
pub(super) fn date_and_time(now: std::time::SystemTime) -> (String, String) {
    let text = crate::history::rfc3339(now);
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    (date.to_owned(), time.trim_end_matches('Z').to_owned())
}
