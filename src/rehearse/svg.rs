//! The rehearsal as a picture: a row for each pod, a column for each step.

use super::words::duration;
use super::{Condition, PodRow, Rehearsal};
use crate::diag::escape::{terminal, xml};
use std::fmt::Write as _;

/// How many pods are drawn.
const MAX_ROWS: usize = 80;

/// The width of the whole picture, as long as its columns are not too narrow for it.
const WIDTH: usize = 1200;
/// The room for names: as much as the longest needs, within these bounds.
const LABEL: std::ops::RangeInclusive<usize> = 96..=190;
const MARGIN: usize = 16;
const HEAD: usize = 44;
const ROW: usize = 24;
const BAR: usize = 18;
/// The narrowest and the widest column.
const COLUMN: std::ops::RangeInclusive<usize> = 10..=64;
/// The least distance of two times in the heading.
const TICK_GAP: usize = 56;
const LEGEND: usize = 40;

/// A self-contained SVG picture; light or dark as the viewer prefers.
pub fn svg(rehearsal: &Rehearsal) -> String {
    let rows = lanes(rehearsal);
    let hidden = rows.len().saturating_sub(MAX_ROWS);
    let rows = &rows[..rows.len() - hidden];
    let steps = rehearsal.steps.len().max(1);
    let longest = rows.iter().map(|lane| lane.name.chars().count()).max().unwrap_or_default();
    let label = (longest * 8 + 12).clamp(*LABEL.start(), *LABEL.end());
    let column = ((WIDTH - label - 2 * MARGIN) / steps).clamp(*COLUMN.start(), *COLUMN.end());
    let width = (2 * MARGIN + label + column * steps).max(600);
    let foot = HEAD + rows.len() * ROW + usize::from(hidden > 0) * ROW;
    let height = foot + LEGEND + MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Pods by step\">\n<style>\n{STYLE}</style>\n<rect class=\"bg\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    let left = |step: usize| MARGIN + label + step * column;
    times(rehearsal, column, foot, &left, &mut out);
    for (index, lane) in rows.iter().enumerate() {
        let top = HEAD + index * ROW;
        let (name, y) = (&lane.name, top + 15);
        let _ = writeln!(
            out,
            "<g><title>{}</title><text class=\"name\" x=\"{MARGIN}\" y=\"{y}\">{}</text></g>",
            xml(&terminal(name)),
            fitted(name, label)
        );
        for row in &lane.pods {
            bars(row, top, &left, column, &mut out);
        }
    }
    if hidden > 0 {
        let y = HEAD + rows.len() * ROW + 15;
        let _ = writeln!(out, "<text class=\"note\" x=\"{MARGIN}\" y=\"{y}\">and {hidden} more</text>");
    }
    legend(foot + 24, &mut out);
    out.push_str("</svg>\n");
    out
}

/// The pods that had one name, one after the other.
struct Lane<'a> {
    name: String,
    pods: Vec<&'a PodRow>,
}

fn lanes(rehearsal: &Rehearsal) -> Vec<Lane<'_>> {
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for row in rehearsal.pods.iter().filter(|row| !row.stretches.is_empty()) {
        match lanes.last_mut() {
            Some(lane) if lane.name == row.name => lane.pods.push(row),
            _ => lanes.push(Lane { name: row.name.clone(), pods: vec![row] }),
        }
    }
    lanes
}

fn times(
    rehearsal: &Rehearsal,
    column: usize,
    foot: usize,
    left: &impl Fn(usize) -> usize,
    out: &mut String,
) {
    let every = TICK_GAP.div_ceil(column);
    for (number, step) in rehearsal.steps.iter().enumerate().step_by(every.max(1)) {
        let x = left(number);
        let _ = writeln!(
            out,
            "<path class=\"line\" d=\"M{x} {HEAD} V{foot}\"/><text class=\"head\" x=\"{x}\" y=\"18\">{number}</text><text class=\"note\" x=\"{x}\" y=\"34\">{}</text>",
            duration(step.seconds)
        );
    }
    let _ = writeln!(
        out,
        "<text class=\"head\" x=\"{MARGIN}\" y=\"18\">step</text><text class=\"note\" x=\"{MARGIN}\" y=\"34\">time, at least</text>"
    );
}

fn bars(row: &PodRow, top: usize, left: &impl Fn(usize) -> usize, column: usize, out: &mut String) {
    let first = row.stretches.first().map_or(0, |stretch| stretch.from);
    for stretch in &row.stretches {
        let (x, steps) = (left(stretch.from), stretch.to - stretch.from);
        let (width, y) = (steps * column, top + 1);
        let class = class(stretch.condition, row.is_old);
        let last = stretch.to.saturating_sub(1);
        let when = if last > stretch.from {
            format!("steps {} to {last}", stretch.from)
        } else {
            format!("step {last}")
        };
        let _ = write!(
            out,
            "<g><title>{} {}: {when}</title><rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BAR}\" rx=\"3\"/>",
            xml(&terminal(&row.name)),
            stretch.condition.as_str()
        );
        // The letter of the template, where the bar begins and there is room.
        if stretch.from == first && !row.revision.is_empty() && column >= 14 {
            let _ = write!(
                out,
                "<text class=\"letter\" x=\"{}\" y=\"{}\">{}</text>",
                x + 4,
                top + 14,
                xml(&row.revision)
            );
        }
        out.push_str("</g>\n");
    }
}

fn class(condition: Condition, is_old: bool) -> &'static str {
    match (condition, is_old) {
        (Condition::Ready, true) => "old",
        (Condition::Ready, false) => "new",
        (Condition::Starting, _) => "starting",
        (Condition::Unready, _) => "unready",
        (Condition::Stopping, _) => "stopping",
        (Condition::Finished, _) => "finished",
    }
}

fn legend(y: usize, out: &mut String) {
    let entries = [
        ("old", "ready, as before", 140),
        ("new", "ready, new", 105),
        ("starting", "starting", 90),
        ("stopping", "stopping", 95),
        ("unready", "never ready, or no longer", 180),
    ];
    let mut x = MARGIN;
    for (class, words, width) in entries {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"14\" height=\"14\" rx=\"3\"/><text class=\"note\" x=\"{}\" y=\"{y}\">{words}</text>",
            y - 11,
            x + 20
        );
        x += width;
    }
}

/// A name cut to the room for it; the end is kept, for that is where names differ.
fn fitted(name: &str, room: usize) -> String {
    let most = (room - 12) / 8;
    let name = terminal(name);
    let length = name.chars().count();
    if length <= most {
        return xml(&name);
    }
    let tail: String = name.chars().skip(length - (most - 1)).collect();
    xml(&format!("\u{2026}{tail}"))
}

/// Colours that can be told apart in print and by people who see red and green alike: what is not as it should be has a
/// border of dashes.
pub(super) const STYLE: &str = "\
text { font-family: system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1b1f24; }
.bg { fill: #ffffff; }
.head { font-size: 13px; font-weight: 600; fill: #57606a; }
.name { font-size: 13px; }
.note { font-size: 12px; fill: #57606a; }
.letter { font-size: 11px; font-weight: 600; }
.line { stroke: #d0d7de; stroke-width: 1; fill: none; }
.old { fill: #ddf4ff; stroke: #0969da; } .new { fill: #aceebb; stroke: #1a7f37; }
.starting { fill: #fff8c5; stroke: #9a6700; } .stopping { fill: #eaeef2; stroke: #6e7781; stroke-dasharray: 3 2; }
.unready { fill: #ffcecb; stroke: #a40e26; stroke-dasharray: 3 2; } .finished { fill: #f6f8fa; stroke: #6e7781; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .bg { fill: #0d1117; } .head, .note { fill: #9aa4af; } .line { stroke: #3d444d; }
  .old { fill: #0c2d6b; stroke: #58a6ff; } .new { fill: #196c2e; stroke: #3fb950; }
  .starting { fill: #3d2e00; stroke: #d29922; } .stopping { fill: #2d333b; stroke: #9aa4af; }
  .unready { fill: #67060c; stroke: #ff7b72; } .finished { fill: #161b22; stroke: #9aa4af; }
}
@media print {
  text { fill: #1b1f24; } .bg { fill: #ffffff; } .head, .note { fill: #57606a; } .line { stroke: #d0d7de; }
  .old { fill: #ddf4ff; } .new { fill: #aceebb; } .starting { fill: #fff8c5; } .stopping { fill: #eaeef2; } .unready { fill: #ffcecb; }
}
";
