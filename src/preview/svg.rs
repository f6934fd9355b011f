//! The preview as a picture: Services on the left, pods in the middle, claims on the right.

use super::{Preview, format_quantity};
use crate::diag::escape::{terminal, xml};
use std::fmt::Write as _;

/// How many pods of one workload are drawn; the others are one box.
const MAX_DRAWN: usize = 12;

/// In which column a box stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Service,
    Pod,
    Claim,
}

/// A box.
pub(super) struct Box {
    pub(super) side: Side,
    pub(super) title: String,
    pub(super) detail: String,
}

/// Boxes, and which lead to which.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Box>,
    pub(super) edges: Vec<(usize, usize)>,
}

impl Graph {
    pub(super) fn new(preview: &Preview) -> Self {
        let mut graph = Self::default();
        for service in &preview.services {
            let kind = if service.cluster_ip == "None" { "headless" } else { &service.kind };
            let ports = service.ports.join(", ");
            graph.add(Side::Service, service.name.clone(), format!("{kind}  {ports}"));
        }
        for workload in &preview.workloads {
            let services: Vec<usize> = preview
                .services
                .iter()
                .enumerate()
                .filter(|(_, service)| {
                    service.namespace == workload.namespace
                        && service.selects.contains(&format!("{}/{}", workload.kind, workload.name))
                })
                .map(|(index, _)| index)
                .collect();
            let mut pods = Vec::new();
            for pod in workload.pods.iter().take(MAX_DRAWN) {
                let index =
                    graph.add(Side::Pod, pod.name.clone(), format!("{} {}", workload.kind, workload.name));
                pods.push(index);
                for name in &pod.claims {
                    let claim = preview
                        .claims
                        .iter()
                        .find(|claim| claim.name == *name && claim.namespace == workload.namespace);
                    let detail = claim.map_or_else(String::new, |claim| {
                        let class = claim.class.as_deref().unwrap_or("default class");
                        format!("{}  {}  {class}", format_quantity(claim.size), claim.modes.join(","))
                    });
                    let claim = graph.add(Side::Claim, name.clone(), detail);
                    graph.edges.push((index, claim));
                }
            }
            let drawn = i64::try_from(workload.pods.len().min(MAX_DRAWN)).unwrap_or(i64::MAX);
            let rest = workload.replicas.map(|replicas| replicas.saturating_sub(drawn));
            let what = format!("{} {}", workload.kind, workload.name);
            match rest {
                Some(0) => {}
                Some(rest) if drawn > 0 => pods.push(graph.add(Side::Pod, format!("and {rest} more"), what)),
                Some(rest) => {
                    let title = if rest == 1 { "1 pod".to_owned() } else { format!("{rest} pods") };
                    pods.push(graph.add(Side::Pod, title, what));
                }
                None => pods.push(graph.add(Side::Pod, workload.start.clone(), what)),
            }
            for service in services {
                graph.edges.extend(pods.iter().map(|pod| (service, *pod)));
            }
        }
        for claim in preview.claims.iter().filter(|claim| claim.pod.is_none()) {
            let known = graph.nodes.iter().any(|node| node.side == Side::Claim && node.title == claim.name);
            if !known {
                let class = claim.class.as_deref().unwrap_or("default class");
                let detail = format!("{}  {}  {class}", format_quantity(claim.size), claim.modes.join(","));
                graph.add(Side::Claim, claim.name.clone(), detail);
            }
        }
        graph
    }

    fn add(&mut self, side: Side, title: String, detail: String) -> usize {
        self.nodes.push(Box { side, title, detail });
        self.nodes.len() - 1
    }
}

const WIDTH: usize = 300;
const HEIGHT: usize = 50;
const GAP: usize = 16;
const COLUMN: usize = 410;
const MARGIN: usize = 24;
const HEAD: usize = 40;

/// A self-contained SVG picture; light or dark as the viewer prefers.
pub fn svg(preview: &Preview) -> String {
    let graph = Graph::new(preview);
    let column = |side: Side| match side {
        Side::Service => 0,
        Side::Pod => 1,
        Side::Claim => 2,
    };
    let count = |side: Side| graph.nodes.iter().filter(|node| node.side == side).count();
    let sides = [Side::Service, Side::Pod, Side::Claim];
    let rows = sides.into_iter().map(count).max().unwrap_or_default().max(1);
    let (width, height) = (MARGIN * 2 + COLUMN * 2 + WIDTH, MARGIN * 2 + HEAD + rows * (HEIGHT + GAP) - GAP);
    // Each column is centred.
    let mut next = sides.map(|side| MARGIN + HEAD + (rows - count(side).min(rows)) * (HEIGHT + GAP) / 2);
    let mut places = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let column = column(node.side);
        let top = next.get(column).copied().unwrap_or_default();
        if let Some(next) = next.get_mut(column) {
            *next += HEIGHT + GAP;
        }
        places.push((MARGIN + column * COLUMN, top));
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Services, pods and claims\">\n<style>\n{STYLE}</style>\n<rect class=\"bg\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    for (side, name) in sides.into_iter().zip(["Services", "Pods", "Claims"]) {
        if count(side) > 0 {
            let x = MARGIN + column(side) * COLUMN;
            let _ = writeln!(out, "<text class=\"head\" x=\"{x}\" y=\"{}\">{name}</text>", MARGIN + 14);
        }
    }
    for (from, to) in &graph.edges {
        if let (Some((x1, y1)), Some((x2, y2))) = (places.get(*from), places.get(*to)) {
            let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
            let bend = (COLUMN - WIDTH) / 2;
            let _ = writeln!(
                out,
                "<path class=\"edge\" d=\"M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}\"/>",
                x1 + bend,
                x2 - bend
            );
        }
    }
    for (node, (x, y)) in graph.nodes.iter().zip(&places) {
        let class = match node.side {
            Side::Service => "service",
            Side::Pod => "pod",
            Side::Claim => "claim",
        };
        let radius = if node.side == Side::Service { HEIGHT / 2 } else { 6 };
        let inset = if node.side == Side::Service { 22 } else { 14 };
        let room = WIDTH - 2 * inset;
        let _ = writeln!(
            out,
            "<g><title>{}: {}</title><rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"{radius}\"/><text class=\"name\" x=\"{tx}\" y=\"{}\">{}</text><text class=\"note\" x=\"{tx}\" y=\"{}\">{}</text></g>",
            xml(&terminal(&node.title)),
            xml(&terminal(&node.detail)),
            y + 21,
            fit_text(&node.title, room, 9),
            y + 39,
            fit_text(&node.detail, room, 7),
            tx = x + inset,
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Text cut to fit a width in pixels, at so many pixels a character; the end is kept, for that is where names
/// differ.
fn fit_text(text: &str, room: usize, per_character: usize) -> String {
    let most = room / per_character;
    let text = terminal(text);
    let length = text.chars().count();
    if length <= most {
        return xml(&text);
    }
    let head: String = text.chars().take(most / 2).collect();
    let tail: String = text.chars().skip(length - (most - most / 2 - 1)).collect();
    xml(&format!("{head}\u{2026}{tail}"))
}

const STYLE: &str = "\
text { font-family: system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1b1f24; }
.bg { fill: #ffffff; }
.head { font-size: 14px; font-weight: 600; fill: #57606a; }
.name { font-size: 14px; font-weight: 600; }
.note { font-size: 12px; fill: #57606a; }
.edge { fill: none; stroke: #8c959f; stroke-width: 1.5; }
.service { fill: #ddf4ff; stroke: #0969da; } .pod { fill: #dafbe1; stroke: #1a7f37; } .claim { fill: #fff8c5; stroke: #9a6700; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .bg { fill: #0d1117; } .head, .note { fill: #9aa4af; } .edge { stroke: #6e7681; }
  .service { fill: #0c2d6b; stroke: #58a6ff; } .pod { fill: #0f3d1e; stroke: #3fb950; } .claim { fill: #3d2e00; stroke: #d29922; }
}
";
