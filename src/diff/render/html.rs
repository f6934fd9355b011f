//! The plan as one page.

use super::words::{Piece, pieces};
use super::{
    assumptions, capitalized, effect_text, figures, headline, inline, random_values, remediation,
    rename_note, sign, title, unified, worst_first,
};
use crate::diag::escape::{html as escape, html_prose, terminal};
use crate::diff::{Change, EffectKind, FieldChange, ObjectPlan, Plan, Verdict};
use crate::yaml::Node;
use std::fmt::Write as _;

/// Lines around each change in the patches.
const CONTEXT: usize = 3;

/// The plan as one self-contained page: no script, no other file, readable offline, light and dark.
/// `heading` says what is compared.
pub fn html(plan: &Plan, heading: &str) -> String {
    let heading = escape(&terminal(heading));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{heading}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{heading}</h1>\n<p>{}</p>\n<p class=\"figures\">{}</p>\n",
        escape(&assumptions(plan)),
        escape(&figures(plan))
    );
    if let Some(random) = random_values(plan) {
        let _ = writeln!(out, "<p>{}</p>", escape(&random));
    }
    if !plan.is_empty() {
        overview(plan, &mut out);
        for (index, object) in worst_first(plan).into_iter().enumerate() {
            section(index, object, &mut out);
        }
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn overview(plan: &Plan, out: &mut String) {
    out.push_str("<div class=\"scroll\"><table>\n<caption>What happens to each object</caption>\n<thead><tr><th scope=\"col\">Object</th><th scope=\"col\">Change</th><th scope=\"col\">Consequences</th></tr></thead>\n<tbody>\n");
    for (index, object) in worst_first(plan).into_iter().enumerate() {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\"><a href=\"#o{index}\">{}</a></th><td class=\"change\">{}</td><td>{}</td></tr>",
            escape(&title(object)).replace('/', "/<wbr>"),
            object.change.as_str(),
            badges(object)
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn badges(object: &ObjectPlan) -> String {
    headline(object)
        .into_iter()
        .map(|(kind, word)| format!("<span class=\"badge {}\">{}</span>", class(kind), escape(&word)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn class(kind: Option<EffectKind>) -> &'static str {
    match kind {
        None | Some(EffectKind::DataLoss) => "bad",
        Some(
            EffectKind::Recreate
            | EffectKind::RollingRestart
            | EffectKind::NeedlessRestart
            | EffectKind::MayHang
            | EffectKind::Traffic
            | EffectKind::ScaleDown,
        ) => "warn",
        Some(_) => "note",
    }
}

fn section(index: usize, object: &ObjectPlan, out: &mut String) {
    let _ = write!(
        out,
        "<section id=\"o{index}\" aria-labelledby=\"h{index}\">\n<h2 id=\"h{index}\"><span class=\"sign {}\" aria-hidden=\"true\">{}</span> {} <small>{}{}</small></h2>\n",
        object.change.as_str(),
        sign(object),
        escape(&title(object)),
        object.change.as_str(),
        rename_note(object).map(|note| format!(", {}", escape(&note))).unwrap_or_default(),
    );
    if !object.template.is_empty() {
        let _ = writeln!(out, "<p class=\"from\">{}</p>", escape(&terminal(&object.template)));
    }
    if object.verdict == Verdict::Rejected {
        out.push_str("<ul class=\"reasons\">\n");
        for reason in &object.reasons {
            let _ = writeln!(
                out,
                "<li><span class=\"badge bad\">rejected</span> <code>{}</code> {}</li>",
                escape(&terminal(&reason.path)),
                html_prose(&reason.message)
            );
        }
        out.push_str("</ul>\n");
    }
    let effects: Vec<_> = object.effects.iter().filter(|effect| !effect.detail.is_empty()).collect();
    if !effects.is_empty() {
        out.push_str("<ul class=\"effects\">\n");
        for effect in effects {
            let _ = writeln!(
                out,
                "<li>{}{}</li>",
                match effect.kind {
                    EffectKind::None => String::new(),
                    kind => format!("<span class=\"badge {}\">{}</span> ", class(Some(kind)), kind.as_str()),
                },
                html_prose(&effect_text(effect))
            );
        }
        out.push_str("</ul>\n");
    }
    if let Some((heading, lines)) = remediation(object) {
        let _ = writeln!(
            out,
            "<h3>{}</h3>\n<pre tabindex=\"0\"><code>{}</code></pre>",
            capitalized(heading),
            lines.iter().map(|line| step(line)).collect::<Vec<_>>().join("\n")
        );
    }
    if !object.changes.is_empty() {
        out.push_str("<div class=\"scroll\"><table class=\"fields\">\n<caption>Fields that change</caption>\n<thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Before</th><th scope=\"col\">After</th></tr></thead>\n<tbody>\n");
        for change in &object.changes {
            field(change, out);
        }
        out.push_str("</tbody>\n</table></div>\n");
    }
    patch(object, out);
    out.push_str("</section>\n");
}

/// A line of a remediation: sentences are wrapped, commands are not.
fn step(line: &str) -> String {
    let text = escape(line);
    if line.starts_with('#') { format!("<span class=\"say\">{text}</span>") } else { text }
}

fn field(change: &FieldChange, out: &mut String) {
    let (old, new) = match (&change.old, &change.new) {
        (Some(old), Some(new)) => match (old.as_str(), new.as_str()) {
            (Some(a), Some(b)) => {
                let (a, b) = pieces(a, b);
                (marked(&a, "del"), marked(&b, "ins"))
            }
            _ => (value(old, "del"), value(new, "ins")),
        },
        (old, new) => {
            let side = |node: &Option<Node>, tag| {
                node.as_ref().map_or_else(|| "<i>none</i>".to_owned(), |node| value(node, tag))
            };
            (side(old, "del"), side(new, "ins"))
        }
    };
    let note = match (change.order, change.is_random) {
        (true, _) => " <i>(order)</i>",
        (false, true) => " <i>(random)</i>",
        (false, false) => "",
    };
    let _ = writeln!(
        out,
        "<tr><th scope=\"row\"><code>{}</code>{note}</th><td>{old}</td><td>{new}</td></tr>",
        // Long paths break between their steps.
        escape(&terminal(&change.path.named())).replace('.', ".<wbr>").replace('[', "<wbr>[")
    );
}

fn value(node: &Node, tag: &str) -> String {
    let text = match node.as_str() {
        Some(text) if text.contains('\n') => text.to_owned(),
        _ => inline(node),
    };
    format!("<{tag}><code>{}</code></{tag}>", escape(&text))
}

fn marked(pieces: &[Piece], tag: &str) -> String {
    let text: String = pieces
        .iter()
        .map(|piece| {
            let text = escape(&piece.text);
            if piece.own { format!("<{tag}>{text}</{tag}>") } else { text }
        })
        .collect();
    format!("<code>{text}</code>")
}

fn patch(object: &ObjectPlan, out: &mut String) {
    let patch = unified::text(object, CONTEXT);
    if patch.is_empty() {
        return;
    }
    let whole = object.change != Change::Modified;
    let word = if whole { "The document" } else { "As a patch" };
    let _ = write!(out, "<details><summary>{word}</summary>\n<pre class=\"patch\" tabindex=\"0\"><code>");
    for line in patch.lines() {
        let text = escape(line);
        let _ = match line.as_bytes().first() {
            _ if line.starts_with("---") || line.starts_with("+++") => writeln!(out, "<b>{text}</b>"),
            Some(b'-') => writeln!(out, "<del>{text}</del>"),
            Some(b'+') => writeln!(out, "<ins>{text}</ins>"),
            Some(b'@') => writeln!(out, "<i>{text}</i>"),
            _ => writeln!(out, "{text}"),
        };
    }
    out.push_str("</code></pre></details>\n");
}

const STYLE: &str = "\
:root { --bg: #fff; --fg: #1b1f24; --dim: #57606a; --line: #d0d7de; --soft: #f6f8fa; --link: #0550ae;
  --bad: #a40e26; --warn: #7a4b00; --note: #0550ae; --old: #ffebe9; --oldfg: #82071e; --new: #dafbe1; --newfg: #0a4a1c; }
@media (prefers-color-scheme: dark) { :root { --bg: #0d1117; --fg: #e6edf3; --dim: #9aa4af; --line: #3d444d; --soft: #161b22; --link: #79c0ff;
  --bad: #ff9a93; --warn: #f0c05a; --note: #79c0ff; --old: #4b1113; --oldfg: #ffdcd7; --new: #0f3d1e; --newfg: #c8f5d0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere; }
h2 small { color: var(--dim); font-weight: normal; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, pre:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.figures { font-size: 1.05rem; margin: 0 0 1.25rem; }
.from { color: var(--dim); margin: 0; font-size: .875rem; overflow-wrap: anywhere; }
section { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1.25rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .9375rem; }
caption { text-align: left; color: var(--dim); padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; border-top: 1px solid var(--line); padding: .35rem .75rem .35rem 0; font-weight: normal; overflow-wrap: anywhere; }
thead th { font-weight: 600; border-top: 0; white-space: nowrap; }
.fields th[scope=row] { width: 34%; }
.change { white-space: nowrap; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875rem; }
td code { white-space: pre-wrap; }
.say { white-space: pre-wrap; overflow-wrap: anywhere; color: var(--dim); }
pre { background: var(--soft); border-radius: .375rem; padding: .75rem; overflow-x: auto; margin: .25rem 0; }
ul { margin: .5rem 0; padding-left: 0; list-style: none; }
li { margin: .35rem 0; overflow-wrap: anywhere; }
li code { background: var(--soft); border-radius: .25rem; padding: 0 .25rem; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 1rem; padding: 0 .5rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.bad { color: var(--bad); } .warn { color: var(--warn); } .note { color: var(--note); }
del { background: var(--old); color: var(--oldfg); text-decoration: none; }
td del { text-decoration: line-through; }
ins { background: var(--new); color: var(--newfg); text-decoration: none; }
.sign { font-family: ui-monospace, monospace; }
summary { cursor: pointer; margin-top: .5rem; }
@media print { section { break-inside: avoid; } }
";
