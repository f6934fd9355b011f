//! The plan as a comment on a pull request.

use super::{
    assumptions, capitalized, effect_text, figures, headline, random_values, remediation, sign, title,
    unified, worst_first,
};
use crate::diag::escape::{html, markdown as escaped, markdown_block, markdown_code};
use crate::diff::{EffectKind, ObjectPlan, Plan};
use std::fmt::Write as _;

/// How much of a comment the forges take (GitHub: 65,536 characters).
const MAX_BYTES: usize = 60_000;
/// How much of a heading is shown.
const MAX_HEADING: usize = 200;
/// How much is said of random values.
const MAX_RANDOM: usize = 2_000;
/// Lines around each change.
const CONTEXT: usize = 3;

/// The plan as Markdown (`GitHub` flavour): the figures, a table of what happens, and folded details, the worst first. Where
/// it would be too long for a comment, the last are left out, and it says so. `heading` names the release and what it was
/// compared with.
pub fn markdown(plan: &Plan, heading: &str) -> String {
    let heading: String = heading.chars().take(MAX_HEADING).collect();
    let assumed = escaped(&assumptions(plan));
    let mut out = format!("### Upgrade plan: {}\n\n{assumed}\n\n**{}**\n", escaped(&heading), figures(plan));
    if let Some(random) = random_values(plan) {
        let random: String = random.chars().take(MAX_RANDOM).collect();
        let _ = writeln!(out, "\n{}", escaped(&random));
    }
    if plan.is_empty() {
        return out;
    }
    let objects = worst_first(plan);
    let rows: Vec<String> = objects.iter().map(|object| row(object)).collect();
    let shown = fitting(&rows, MAX_BYTES / 2);
    out.push_str("\n| | Object | What happens |\n|---|---|---|\n");
    out.extend(rows.iter().take(shown).map(String::as_str));
    let mut left_out = rows.len() - shown;
    for object in objects.into_iter().take(shown) {
        let room = MAX_BYTES.saturating_sub(out.len());
        let text = details(object);
        let patch = unified::text(object, CONTEXT);
        let patch = if patch.is_empty() { patch } else { format!("\n{}", markdown_block("diff", &patch)) };
        // What happens matters more than the lines that change.
        let parts = [text.as_str(), patch.as_str(), "\n</details>\n"];
        match parts.map(str::len) {
            [text, patch, end] if text + patch + end <= room => out.extend(parts),
            [text, _, end] if text + PATCH_LEFT_OUT.len() + end <= room => {
                out.extend([parts[0], PATCH_LEFT_OUT, parts[2]]);
            }
            _ => left_out += 1,
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "\n_{left_out} more objects change; there is no room here for their details._");
    }
    out
}

const PATCH_LEFT_OUT: &str = "\n_There is no room here for the lines that change._\n";

/// How many of the first rows fit into `room` bytes together.
fn fitting(rows: &[String], room: usize) -> usize {
    let mut length = 0;
    let fits = |row: &&String| {
        length += row.len();
        length <= room
    };
    rows.iter().take_while(fits).count()
}

/// An object in the table.
fn row(object: &ObjectPlan) -> String {
    let words: Vec<String> = headline(object)
        .into_iter()
        .map(|(kind, word)| match kind {
            None | Some(EffectKind::DataLoss) => format!("**{}**", escaped(&word)),
            _ => escaped(&word),
        })
        .collect();
    let what = if words.is_empty() { object.change.as_str().to_owned() } else { words.join(", ") };
    format!("| `{}` | {} | {what} |\n", sign(object), markdown_code(&title(object)))
}

/// What is said about an object below the table, folded; the fold stays open.
fn details(object: &ObjectPlan) -> String {
    let mut part = format!("\n<details><summary><code>{}</code></summary>\n\n", html(&title(object)));
    for reason in &object.reasons {
        let path =
            if reason.path.is_empty() { String::new() } else { format!("{}: ", markdown_code(&reason.path)) };

        let _ = writeln!(part, "- **rejected** {path}{}", escaped(&reason.message));
    }
    for effect in object.effects.iter().filter(|effect| !effect.detail.is_empty()) {
        let text = escaped(&effect_text(effect));
        let _ = match effect.kind {
            EffectKind::None => writeln!(part, "- {text}"),
            kind => writeln!(part, "- **{}** {text}", kind.as_str()),
        };
    }
    if let Some((heading, lines)) = remediation(object) {
        let _ = write!(part, "\n{}:\n\n", capitalized(heading));
        part.push_str(&markdown_block("sh", &lines.join("\n")));
    }
    part
}
