//! The plan as a comment on a pull request.

use super::{effect_text, figures, headline, notable, sign, title, unified};
use crate::diff::{EffectKind, Plan};
use std::fmt::Write as _;

/// How much of a comment the forges take (GitHub: 65,536 characters).
const MAX_BYTES: usize = 60_000;
/// Lines around each change.
const CONTEXT: usize = 3;

/// The plan as Markdown (`GitHub` flavour): the figures, a table of what happens, and folded details. Where it
/// would be too long for a comment, the last details are left out, and it says so.
pub fn markdown(plan: &Plan) -> String {
    let mut out = format!("### Upgrade plan\n\n**{}**\n", figures(plan));
    if plan.is_empty() {
        return out;
    }
    out.push_str("\n| | Object | What happens |\n|---|---|---|\n");
    for object in notable(plan) {
        let words: Vec<String> = headline(object)
            .into_iter()
            .map(|(kind, word)| match kind {
                None | Some(EffectKind::DataLoss) => format!("**{word}**"),
                _ => word,
            })
            .collect();
        let what = if words.is_empty() { object.change.as_str().to_owned() } else { words.join(", ") };
        let _ = writeln!(out, "| `{}` | `{}` | {} |", sign(object), cell(&title(object)), cell(&what));
    }
    let mut left_out = 0;
    for object in notable(plan) {
        let mut part = String::new();
        let _ = write!(part, "\n<details><summary><code>{}</code></summary>\n\n", escape(&title(object)));
        for reason in &object.reasons {
            let _ = writeln!(part, "- **rejected** `{}`: {}", cell(&reason.path), line(&reason.message));
        }
        for effect in object.effects.iter().filter(|effect| effect.kind != EffectKind::None) {
            let _ = writeln!(part, "- **{}** {}", effect.kind.as_str(), line(&effect_text(effect)));
        }
        if !object.way_out.is_empty() {
            part.push_str("\nInstead:\n\n");
            fence("sh", &object.way_out.join("\n"), &mut part);
        }
        let patch = unified::text(object, &title(object).replace(" in ", "@"), CONTEXT);
        if !patch.is_empty() {
            part.push('\n');
            fence("diff", &patch, &mut part);
        }
        part.push_str("\n</details>\n");
        if out.len() + part.len() > MAX_BYTES {
            left_out += 1;
        } else {
            out.push_str(&part);
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "\n_{left_out} more objects change; there is no room here for their details._");
    }
    out
}

/// A code block whose fence no line of the text can close.
fn fence(language: &str, text: &str, out: &mut String) {
    let longest = text.lines().map(|line| line.bytes().filter(|byte| *byte == b'`').count()).max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    let _ = writeln!(out, "{fence}{language}\n{}\n{fence}", super::visible(text.trim_end()));
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '`'], " ")
}

/// Text on one line that cannot start markup of its own.
fn line(text: &str) -> String {
    escape(&text.replace('\n', " "))
}

fn escape(text: &str) -> String {
    super::visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
