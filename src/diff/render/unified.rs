//! The plan as a patch of whole documents.

use super::edits::{edits, lines};
use super::{Paint, Style, document_name, effect_text, notable, reason_text};
use crate::diag::escape::terminal;
use crate::diff::{EffectKind, ObjectPlan, Plan};
use crate::yaml::emit;
use similar::{ChangeTag, group_diff_ops};
use std::fmt::Write as _;
use std::ops::Range;

/// The documents that change as a unified diff with `context` lines around each change. What the server
/// says and does stands in `#` lines above each document.
///
/// Both sides are written in one style and without the fields that only the server sets, so the lines are
/// those of the manifests in meaning, not to the letter.
pub fn unified(plan: &Plan, context: usize, style: Style) -> String {
    let mut out = String::new();
    for object in notable(plan) {
        document(object, context, Paint(style), &mut out);
    }
    out
}

fn document(object: &ObjectPlan, context: usize, paint: Paint, out: &mut String) {
    for reason in &object.reasons {
        let line = format!("# rejected: {}", reason_text(reason));
        let _ = writeln!(out, "{}", paint.error(&line));
    }
    for effect in object.effects.iter().filter(|effect| !effect.detail.is_empty()) {
        let line = match effect.kind {
            EffectKind::None => format!("# {}", effect_text(effect)),
            kind => format!("# {}: {}", kind.as_str(), effect_text(effect)),
        };
        let _ = writeln!(out, "{}", paint.dim(&line));
    }
    let random: Vec<String> =
        object.changes.iter().filter(|change| change.is_random).map(|change| change.path.named()).collect();
    if !random.is_empty() {
        let _ = writeln!(out, "{}", paint.dim(&format!("# random in each render: {}", random.join(", "))));
    }
    for line in text(object, context).lines() {
        let line = match line.as_bytes().first() {
            _ if line.starts_with("---") || line.starts_with("+++") => paint.bold(line),
            Some(b'-') => paint.gone(line),
            Some(b'+') => paint.added(line),
            Some(b'@') => paint.dim(line),
            _ => terminal(line),
        };
        out.push_str(&line);
        out.push('\n');
    }
}

/// The patch of one object without colours; empty if no text changes.
pub(super) fn text(object: &ObjectPlan, context: usize) -> String {
    let name = document_name(object);
    let side = |node: &Option<crate::yaml::Node>| node.as_ref().map(emit::document);
    let (before, after) = (side(&object.before), side(&object.after));
    let (old_name, new_name) = (format!("a/{name}"), format!("b/{name}"));
    let old = before.as_deref().map(|text| (old_name.as_str(), text));
    let new = after.as_deref().map(|text| (new_name.as_str(), text));
    patch(old, new, context)
}

/// The unified diff of two files, each a name and a text or missing, with `context` lines around each change; empty if
/// the texts are the same.
pub(crate) fn patch(before: Option<(&str, &str)>, after: Option<(&str, &str)>, context: usize) -> String {
    let (old_name, old_text) = before.unwrap_or(("/dev/null", ""));
    let (new_name, new_text) = after.unwrap_or(("/dev/null", ""));
    let (old, new) = (lines(old_text), lines(new_text));
    let mut out = String::new();
    for hunk in group_diff_ops(edits(&old, &new), context) {
        if out.is_empty() {
            let _ = writeln!(out, "--- {old_name}\n+++ {new_name}");
        }
        if let (Some(first), Some(last)) = (hunk.first(), hunk.last()) {
            let old = place(first.old_range().start..last.old_range().end);
            let new = place(first.new_range().start..last.new_range().end);
            let _ = writeln!(out, "@@ -{old} +{new} @@");
        }
        for change in hunk.iter().flat_map(|operation| operation.iter_changes(&old, &new)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let _ = writeln!(out, "{sign}{}", change.value().trim_end_matches('\n'));
        }
    }
    out
}

/// Where lines stand, as `patch` counts them: from one, the number of a single line left out, and for none the line behind
/// which they would stand.
fn place(lines: Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}
