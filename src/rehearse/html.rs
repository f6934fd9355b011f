//! The rehearsal as one page.

use super::words::{duration, ending, sentences};
use super::{Rehearsal, svg};
use crate::diag::escape::{html as escape, html_prose, terminal};
use std::fmt::Write as _;

/// The rehearsal as one self-contained page: no script, no other file, readable offline, light and dark. `heading` says
/// what is rehearsed.
pub fn html(rehearsals: &[Rehearsal], heading: &str) -> String {
    let heading = escape(&terminal(heading));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{heading}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{heading}</h1>\n"
    );
    if rehearsals.is_empty() {
        out.push_str("<p>No pods: there is nothing to rehearse.</p>\n");
    }
    for (index, rehearsal) in rehearsals.iter().enumerate() {
        section(index, rehearsal, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn section(index: usize, rehearsal: &Rehearsal, out: &mut String) {
    let class = if rehearsal.outcome.is_complete { "good" } else { "bad" };
    let _ = write!(
        out,
        "<section aria-labelledby=\"h{index}\">\n<h2 id=\"h{index}\">Namespace {}</h2>\n<p class=\"{class}\">{}</p>\n",
        escape(&terminal(&rehearsal.namespace)),
        html_prose(&capitalized(&ending(rehearsal)))
    );
    if !rehearsal.remarks.is_empty() {
        out.push_str("<ul class=\"remarks\">\n");
        for remark in &rehearsal.remarks {
            let _ = writeln!(out, "<li>{}</li>", html_prose(remark));
        }
        out.push_str("</ul>\n");
    }
    let _ = write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Pods by step\">\n{}</div>\n",
        svg(rehearsal)
    );
    steps(rehearsal, out);
    out.push_str("</section>\n");
}

fn steps(rehearsal: &Rehearsal, out: &mut String) {
    out.push_str("<div class=\"scroll\"><table>\n<caption>What happens, step by step</caption>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Time</th><th scope=\"col\">What happens</th><th scope=\"col\">Ready</th>");
    for (names, title) in [(&rehearsal.services, "Endpoints"), (&rehearsal.budgets, "Evictable")] {
        if !names.is_empty() {
            let _ = write!(out, "<th scope=\"col\">{title}</th>");
        }
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (number, step) in rehearsal.steps.iter().enumerate() {
        let lines: Vec<String> = sentences(number, step).iter().map(|line| html_prose(line)).collect();
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{number}</th><td>{}</td><td>{}</td><td>{}/{}</td>",
            duration(step.seconds),
            lines.join("<br>"),
            step.ready,
            step.wanted
        );
        let endpoints: Vec<String> = step.endpoints.iter().map(ToString::to_string).collect();
        let evictable: Vec<String> = step.evictable.iter().map(ToString::to_string).collect();
        for (names, numbers) in [(&rehearsal.services, endpoints), (&rehearsal.budgets, evictable)] {
            if !names.is_empty() {
                let cells: Vec<String> = names
                    .iter()
                    .zip(numbers)
                    .map(|(name, number)| format!("{} {number}", escape(&terminal(name))))
                    .collect();
                let _ = write!(out, "<td>{}</td>", cells.join("<br>"));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

const STYLE: &str = "\
:root { --bg: #fff; --fg: #1b1f24; --dim: #57606a; --line: #d0d7de; --link: #0550ae; --good: #116329; --bad: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --bg: #0d1117; --fg: #e6edf3; --dim: #9aa4af; --line: #3d444d; --link: #79c0ff; --good: #56d364; --bad: #ff9a93; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 1rem 0 0; }
.good { color: var(--good); } .bad { color: var(--bad); }
.good, .bad { font-size: 1.05rem; margin: .25rem 0 .75rem; font-weight: 600; }
.remarks { margin: .5rem 0 1rem; padding-left: 1.25rem; }
li { margin: .35rem 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .75rem 0; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
svg { display: block; max-width: none; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
caption { text-align: left; color: var(--dim); padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; border-top: 1px solid var(--line); padding: .35rem .75rem .35rem 0; font-weight: normal; }
td:nth-child(3) { min-width: 14rem; }
thead th { font-weight: 600; border-top: 0; white-space: nowrap; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875rem; }
@media (min-width: 60rem) { svg { max-width: 100%; height: auto; } }
@media print {
  :root { --bg: #fff; --fg: #1b1f24; --dim: #57606a; --line: #d0d7de; --good: #116329; --bad: #a40e26; }
  main { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  svg { max-width: 100%; height: auto; }
  tr { break-inside: avoid; }
  caption, thead { break-after: avoid; }
  @page { size: A4 landscape; margin: 1.2cm; }
}
";
