//! The preview as a Mermaid diagram, which forges draw in Markdown.

use super::Preview;
use super::svg::{Graph, Side};
use std::fmt::Write as _;

/// A flow chart of Services, pods and claims.
pub fn mermaid(preview: &Preview) -> String {
    let graph = Graph::of(preview);
    let mut out = String::from("flowchart LR\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let label = format!("<b>{}</b><br/>{}", escape(&node.title), escape(&node.detail));
        let (open, close) = match node.side {
            Side::Service => ("([\"", "\"])"),
            Side::Pod => ("[\"", "\"]"),
            Side::Claim => ("[(\"", "\")]"),
        };
        let _ = writeln!(out, "  n{index}{open}{label}{close}");
    }
    for (from, to) in &graph.edges {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    out
}

/// Mermaid takes HTML entities, written with a number sign.
fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => "#quot;".to_owned(),
            '#' => "#35;".to_owned(),
            '<' => "#lt;".to_owned(),
            '>' => "#gt;".to_owned(),
            '&' => "#amp;".to_owned(),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
