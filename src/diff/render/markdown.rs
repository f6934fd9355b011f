//! The plan as a comment on a pull request.

use super::{capitalized, effect_text, figures, headline, notable, remediation, sign, title, unified};
use crate::diag::escape::{html, markdown as escaped, markdown_block, markdown_code};
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
                None | Some(EffectKind::DataLoss) => format!("**{}**", escaped(&word)),
                _ => escaped(&word),
            })
            .collect();
        let what = if words.is_empty() { object.change.as_str().to_owned() } else { words.join(", ") };
        let _ = writeln!(out, "| `{}` | {} | {what} |", sign(object), markdown_code(&title(object)));
    }
    let mut left_out = 0;
    for object in notable(plan) {
        let mut part = String::new();
        let _ = write!(part, "\n<details><summary><code>{}</code></summary>\n\n", html(&title(object)));
        for reason in &object.reasons {
            let path = if reason.path.is_empty() {
                String::new()
            } else {
                format!("{}: ", markdown_code(&reason.path))
            };
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
        let patch = unified::text(object, CONTEXT);
        if !patch.is_empty() {
            part.push('\n');
            part.push_str(&markdown_block("diff", &patch));
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
