//! The plan for a terminal.

use super::edits::{edits, lines};
use super::words::{Piece, by_line, pieces};
use super::{
    Paint, Style, assumptions, effect_text, field_name, figures, headline, inline, reason_text, remediation,
    rename_note, sign, title, worst_first,
};
use crate::diag::escape::{content_line, terminal};
use crate::diff::effects::is_version_like;
use crate::diff::{Change, EffectKind, FieldChange, ObjectPlan, Plan, Verdict};
use crate::yaml::{Node, Value, emit};
use similar::{DiffTag, group_diff_ops};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The plan, object by object and value by value, the worst first. Objects that stay as they are are only counted; those
/// of which only labels move that move with every release are named together at the end.
pub fn plan(plan: &Plan, style: Style) -> String {
    plan_within(plan, style, usize::MAX)
}

/// The same for a terminal of `width` columns: sentences are wrapped at words. Commands are not: they can be pasted.
pub fn plan_within(plan: &Plan, style: Style, width: usize) -> String {
    let paint = Paint(style);
    let mut out = String::new();
    sentence(&mut out, width, "", "", &paint.dim(&assumptions(plan)));
    out.push('\n');
    let (moved, others): (Vec<_>, Vec<_>) =
        worst_first(plan).into_iter().partition(|object| only_labels_move(object));
    // A single one is as short by itself.
    let (moved, others) = if moved.len() > 1 { (moved, others) } else { (Vec::new(), worst_first(plan)) };
    for object in others {
        object_plan(object, paint, width, &mut out);
        out.push('\n');
    }
    if !moved.is_empty() {
        labels(&moved, paint, width, &mut out);
        out.push('\n');
    }
    let total = figures(plan);
    sentence(&mut out, width, "", "", &if plan.is_empty() { total } else { paint.bold(&total) });
    out
}

/// Writes a line, wrapped at words. `first` precedes its first line and `rest` the others. Commands in backticks stay on one
/// line, so that they can be pasted.
fn sentence(out: &mut String, width: usize, first: &str, rest: &str, text: &str) {
    let options = textwrap::Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let joined: Vec<String> = text.split('`').enumerate().map(|(index, part)| join(index, part)).collect();
    let wrapped = textwrap::fill(&joined.join("`"), options);
    let _ = writeln!(out, "{}", wrapped.replace(JOINED, " "));
}

/// Stands for a space at which no line ends. Text that is shown holds no control characters.
const JOINED: &str = "\u{1f}";

/// A part of a text between backticks; those with an odd index are in them.
fn join(index: usize, part: &str) -> String {
    let is_command = index % 2 == 1 && part.starts_with("kubectl ");
    if is_command { part.replace(' ', JOINED) } else { part.to_owned() }
}

/// Whether nothing of an object changes but labels and annotations that name the chart's or the application's version.
fn only_labels_move(object: &ObjectPlan) -> bool {
    object.change == Change::Modified
        && object.verdict == Verdict::Accepted
        && object.effects.iter().all(|effect| effect.kind == EffectKind::None)
        && object.changes.iter().all(|change| moving_label(change).is_some())
}

/// The name of the label or annotation that moved.
fn moving_label(change: &FieldChange) -> Option<&str> {
    let fields: Vec<&str> = change.path.fields().collect();
    match fields.as_slice() {
        ["metadata", "labels" | "annotations", name] if is_version_like(name) => {
            (change.old.is_some() && change.new.is_some()).then_some(*name)
        }
        _ => None,
    }
}

fn labels(objects: &[&ObjectPlan], paint: Paint, width: usize, out: &mut String) {
    let names: BTreeSet<&str> =
        objects.iter().flat_map(|object| object.changes.iter().filter_map(moving_label)).collect();
    let names: Vec<String> = names.into_iter().map(terminal).collect();
    let titles: Vec<String> = objects.iter().map(|object| title(object)).collect();
    let what = paint.bold(&format!("{} objects in which only labels move with the release", objects.len()));
    let head = format!("{} {what}  {}", paint.change(Change::Modified, "~"), paint.dim(&names.join(", ")));
    sentence(out, width, "", "    ", &head);
    sentence(out, width, "    ", "    ", &titles.join(", "));
}

fn object_plan(object: &ObjectPlan, paint: Paint, width: usize, out: &mut String) {
    let mut head = format!("{} {}", paint.change(object.change, sign(object)), paint.bold(&title(object)));
    if let Some(note) = rename_note(object) {
        let _ = write!(head, " ({note})");
    }
    if !object.template.is_empty() {
        let _ = write!(head, "  {}", paint.dim(&object.template));
    }
    sentence(out, width, "", "    ", &head);
    if object.verdict == Verdict::Rejected {
        for reason in &object.reasons {
            let why = format!("{} {}", paint.error("rejected"), terminal(&reason_text(reason)));
            sentence(out, width, "    ", "      ", &why);
        }
    }
    for change in &object.changes {
        field(change, paint, width, out);
    }
    for effect in &object.effects {
        if effect.kind == EffectKind::None && effect.detail.is_empty() {
            continue;
        }
        let text = terminal(&effect_text(effect));
        let text = match effect.kind {
            EffectKind::None => text,
            kind => format!("{} {text}", paint.alarm(Some(kind), kind.as_str())),
        };
        sentence(out, width, "    ", "      ", &text);
    }
    if object.change == Change::Unchanged && object.changes.is_empty() && headline(object).is_empty() {
        let _ = writeln!(out, "    nothing changes");
    }
    if let Some((heading, lines)) = remediation(object) {
        let _ = writeln!(out, "    {}", paint.bold(&format!("{heading}:")));
        for line in lines {
            if let Some(item) = line.strip_prefix("#   ") {
                sentence(out, width, "      #   ", "      #     ", &paint.dim(item));
            } else if line.starts_with('#') {
                sentence(out, width, "      ", "      #   ", &paint.dim(&line));
            } else {
                let _ = writeln!(out, "      {line}");
            }
        }
    }
}

/// How long two values may be to be shown on one line.
const ONE_LINE: usize = 72;

fn field(change: &FieldChange, paint: Paint, width: usize, out: &mut String) {
    let path = field_name(change);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if change.order => {
            let names =
                |node: &Node| node.items().iter().filter_map(Node::as_str).collect::<Vec<_>>().join(", ");
            let (old, new) = (names(old), names(new));
            let mark = paint.change(Change::Modified, "~");
            let _ = writeln!(out, "  {mark} {path}: order {} -> {}", paint.gone(&old), paint.added(&new));
        }
        (Some(old), Some(new)) => both(&path, old, new, paint, width, out),
        (Some(old), None) => one("-", &path, old, paint, out),
        (None, Some(new)) => one("+", &path, new, paint, out),
        (None, None) => {}
    }
}

/// A value that came or went.
fn one(sign: &str, path: &str, node: &Node, paint: Paint, out: &mut String) {
    let colour = |text: &str| if sign == "+" { paint.added(text) } else { paint.gone(text) };
    let short = inline(node);
    let nested = matches!(&node.value, Value::Map(map) if !map.is_empty())
        || matches!(&node.value, Value::Seq(items) if !items.is_empty())
        || node.as_str().is_some_and(|text| text.contains('\n'));
    if !nested || (short.chars().count() <= ONE_LINE && !short.contains("\\n")) {
        let _ = writeln!(out, "  {} {path}: {}", colour(sign), colour(&short));
        return;
    }
    let _ = writeln!(out, "  {} {path}:", colour(sign));
    let text = match node.as_str() {
        Some(text) => text.to_owned(),
        None => emit::document(node),
    };
    for line in text.lines() {
        let _ = writeln!(out, "      {} {}", colour(sign), colour(line));
    }
}

/// A value that became another.
fn both(path: &str, old: &Node, new: &Node, paint: Paint, width: usize, out: &mut String) {
    if let (Some(before), Some(after)) = (old.as_str(), new.as_str()) {
        if before.contains('\n') || after.contains('\n') {
            let _ = writeln!(out, "  {} {path}:", paint.change(Change::Modified, "~"));
            changed_lines(before, after, paint, out);
            return;
        }
        let (before_pieces, after_pieces) = pieces(before, after);
        let length = before.chars().count() + after.chars().count();
        // With the sign, the colon and the arrow.
        let long = length > ONE_LINE || path.chars().count() + length + 10 > width;
        if !long {
            let (shown_old, shown_new) =
                (marked(&before_pieces, paint, false), marked(&after_pieces, paint, true));
            let _ = writeln!(
                out,
                "  {} {path}: {} -> {}",
                paint.change(Change::Modified, "~"),
                quoted(before, &shown_old),
                quoted(after, &shown_new)
            );
            return;
        }
        let _ = writeln!(out, "  {} {path}:", paint.change(Change::Modified, "~"));
        let _ = writeln!(out, "      {} {}", paint.gone("-"), marked(&before_pieces, paint, false));
        let _ = writeln!(out, "      {} {}", paint.added("+"), marked(&after_pieces, paint, true));
        return;
    }
    let _ = writeln!(
        out,
        "  {} {path}: {} -> {}",
        paint.change(Change::Modified, "~"),
        paint.gone(&inline(old)),
        paint.added(&inline(new))
    );
}

/// Quotes around a string that could be taken for something else, or for nothing.
fn quoted(text: &str, shown: &str) -> String {
    let plain = emit::scalar(text, crate::yaml::Context::Block);
    if plain == text { shown.to_owned() } else { format!("\"{shown}\"") }
}

/// The pieces of a string; what only this string has stands out.
fn marked(pieces: &[Piece], paint: Paint, new: bool) -> String {
    let colour = if new { anstyle::AnsiColor::Green } else { anstyle::AnsiColor::Red };
    let all = pieces.iter().all(|piece| piece.own);
    pieces
        .iter()
        .map(|piece| {
            let style = colour.on_default();
            paint.with(if piece.own && !all { style.bold().underline() } else { style }, &piece.text)
        })
        .collect()
}

/// A text of many lines: those that differ, with a little around them.
fn changed_lines(old: &str, new: &str, paint: Paint, out: &mut String) {
    const CONTEXT: usize = 2;
    let (old, new) = (lines(old), lines(new));
    for (index, group) in group_diff_ops(edits(&old, &new), CONTEXT).iter().enumerate() {
        if index > 0 {
            let _ = writeln!(out, "      {}", paint.dim("..."));
        }
        for operation in group {
            let (gone, added) = (&old[operation.old_range()], &new[operation.new_range()]);
            if operation.tag() == DiffTag::Equal {
                for line in gone {
                    let _ =
                        writeln!(out, "        {}", paint.dim(&content_line(line.trim_end_matches('\n'))));
                }
                continue;
            }
            let (gone, added) = pieces(&gone.concat(), &added.concat());
            for line in by_line(&gone) {
                let _ = writeln!(out, "      {} {}", paint.gone("-"), marked(&line, paint, false));
            }
            for line in by_line(&added) {
                let _ = writeln!(out, "      {} {}", paint.added("+"), marked(&line, paint, true));
            }
        }
    }
}
