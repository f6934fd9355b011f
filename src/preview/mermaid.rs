//! The preview as a Mermaid diagram, which forges draw in Markdown.

use super::Preview;
use super::svg::{Graph, Side};
use crate::diag::escape::mermaid as mermaid_label;
use std::fmt::Write as _;

/// A flow chart of Services, pods and claims.
pub fn mermaid(preview: &Preview) -> String {
    let graph = Graph::new(preview);
    let mut out = String::from("flowchart LR\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let label = format!("<b>{}</b><br/>{}", mermaid_label(&node.title), mermaid_label(&node.detail));
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
