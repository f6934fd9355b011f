//! Coverage as one page.

use super::{
    Branch, ChartCoverage, Component, Coverage, Figures, FileCoverage, Line, charts, shown_path, total,
};
use crate::diag::escape::{html as escape, terminal};
use crate::engine::Outcome;
use std::fmt::Write as _;
use std::path::Path;

/// What the page contains and other pages do not.
pub const MARK: &str = "<meta name=\"generator\" content=\"plimsoll test --coverage-html\">";

/// The longest name of a test that is shown whole.
const LONGEST_NAME: usize = 80;

/// The coverage of some charts as one self-contained page: no script, no other file, readable offline, light and dark. The
/// templates are shown, and the names of a few tests; no values. Paths are relative to `base`.
pub fn html(runs: &[&Coverage], base: &Path) -> String {
    let mut page = Page { base, out: String::new(), files: 0 };
    page.out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n{MARK}\n<title>Template coverage</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Template coverage</h1>\n"
    );
    page.overview(runs);
    for run in runs {
        for file in run.charts.iter().flat_map(|chart| &chart.files) {
            page.file(file, &run.tests);
        }
    }
    page.out.push_str("</main>\n</body>\n</html>\n");
    page.out
}

struct Page<'a> {
    base: &'a Path,
    out: String,
    /// How many files have been shown.
    files: usize,
}

impl Page<'_> {
    fn overview(&mut self, runs: &[&Coverage]) {
        self.out.push_str("<div class=\"scroll\"><table class=\"files\">\n<caption>Lines, branches and components of the templates that the tests reach</caption>\n<thead><tr><th scope=\"col\">Template</th><th scope=\"col\">Lines</th><th scope=\"col\">Branches</th><th scope=\"col\">Components</th></tr></thead>\n<tbody>\n");
        // The numbers of the files are those of their sections.
        let mut number = 0;
        for chart in runs.iter().flat_map(|run| &run.charts) {
            if chart.files.is_empty() {
                continue;
            }
            self.chart(chart);
            for file in &chart.files {
                let name = escape(&terminal(&file.name)).replace('/', "/<wbr>");
                self.figures(&format!("<a href=\"#f{number}\">{name}</a>"), "", file.figures());
                number += 1;
            }
        }
        if !charts(runs, true).is_empty() {
            self.figures("Total", "total", total(runs));
        }
        self.out.push_str("</tbody>\n</table></div>\n<ul class=\"legend\">\n<li><span class=\"miss\">0</span> not reached</li>\n<li><span class=\"part\">3</span> reached by 3 tests, which leave out a branch of the line</li>\n<li><span class=\"hit\">3</span> reached by 3 tests</li>\n</ul>\n");
    }

    fn chart(&mut self, chart: &ChartCoverage) {
        let path = shown_path(&format!("{}/templates", chart.directory), self.base);
        let name = escape(&terminal(&path)).replace('/', "/<wbr>");
        let name = if chart.is_counted { name } else { format!("{name} <small>(not counted)</small>") };
        self.figures(&name, "chart", chart.figures());
    }

    /// A row of the overview. `name` is markup.
    fn figures(&mut self, name: &str, class: &str, figures: Figures) {
        let Figures { lines, branches, components } = figures;
        let _ = write!(self.out, "<tr class=\"{class}\"><th scope=\"row\">{name}</th>");
        for ratio in [lines, branches, components] {
            let _ = write!(self.out, "<td>{ratio} <small>{}/{}</small></td>", ratio.reached, ratio.total);
        }
        self.out.push_str("</tr>\n");
    }

    fn file(&mut self, file: &FileCoverage, tests: &[String]) {
        let number = self.files;
        self.files += 1;
        let path = escape(&terminal(&shown_path(&file.path, self.base))).replace('/', "/<wbr>");
        let Figures { lines, branches, .. } = file.figures();
        let _ = write!(
            self.out,
            "<section aria-labelledby=\"f{number}\">\n<h2 id=\"f{number}\">{path}</h2>\n<p>Lines {lines}, branches {branches}.</p>\n"
        );
        let unreached: Vec<String> = file.components.iter().filter_map(unreached).collect();
        if !unreached.is_empty() {
            let _ = writeln!(self.out, "<p>Not reached: {}.</p>", unreached.join(", "));
        }
        let _ = write!(
            self.out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"f{number}\"><table class=\"source\">\n<thead><tr><th scope=\"col\">Line</th><th scope=\"col\">Tests</th><th scope=\"col\">Branches</th><th scope=\"col\">Template</th><th scope=\"col\">Reached by</th></tr></thead>\n<tbody>\n"
        );
        let mut lines = file.lines.iter().peekable();
        let mut branches = file.branches.iter().peekable();
        let mut last: Option<&Line> = None;
        for (number, text) in (1..).zip(file.text.split_inclusive('\n')) {
            let line = lines.next_if(|line| line.number == number);
            let mut on_line = Vec::new();
            while let Some(branch) = branches.next_if(|branch| branch.line == number) {
                on_line.push(branch);
            }
            // Who reaches a line is said where it changes.
            let is_new =
                |line: &&Line| last.is_none_or(|last| (last.hits, &last.tests) != (line.hits, &line.tests));
            let reached_by = line.filter(is_new).map(|line| reached_by(line, tests));
            last = line.or(last);
            let _ = writeln!(
                self.out,
                "<tr class=\"{}\"><th scope=\"row\">{number}</th><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
                class(line, &on_line),
                line.map(|line| line.hits.to_string()).unwrap_or_default(),
                line.filter(|line| line.hits > 0).map(|_| untaken(&on_line)).unwrap_or_default(),
                escape(&terminal(text.trim_end_matches(['\r', '\n']))),
                reached_by.unwrap_or_default()
            );
        }
        self.out.push_str("</tbody>\n</table></div>\n</section>\n");
    }
}

fn unreached(component: &Component) -> Option<String> {
    let name = component.name.as_ref().filter(|_| component.hits == 0)?;
    Some(format!("<code>{}</code> (line {})", escape(&terminal(name)), component.line))
}

fn class(line: Option<&Line>, branches: &[&Branch]) -> &'static str {
    match line {
        None => "none",
        Some(line) if line.hits == 0 => "miss",
        Some(_) if branches.iter().all(|branch| branch.is_taken()) => "hit",
        Some(_) => "part",
    }
}

/// What the conditions on a line that is reached never came to.
fn untaken(branches: &[&Branch]) -> String {
    let missed = branches.iter().filter_map(|branch| match (branch.taken, branch.outcome) {
        (None, Outcome::Body) => Some("condition not reached"),
        (Some(0), Outcome::Body) => Some("body never runs"),
        (Some(0), Outcome::Otherwise) => Some("body always runs"),
        _ => None,
    });
    missed.collect::<Vec<_>>().join(", ")
}

fn reached_by(line: &Line, tests: &[String]) -> String {
    let shown = |test: &usize| {
        let name = tests.get(*test).map(String::as_str).unwrap_or_default();
        let mut short: String = name.chars().take(LONGEST_NAME).collect();
        if short.len() < name.len() {
            short.push('…');
        }
        escape(&terminal(&short))
    };
    let mut names: Vec<String> = line.tests.iter().map(shown).collect();
    let more = line.hits - line.tests.len();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join("; ")
}

const STYLE: &str = "\
:root { --bg: #fff; --fg: #1b1f24; --dim: #57606a; --line: #d0d7de; --link: #0550ae; --hit: #116329; --miss: #a40e26; --missbg: #ffebe9; --part: #7d4e00; --partbg: #fff8c5; }
@media (prefers-color-scheme: dark) { :root { --bg: #0d1117; --fg: #e6edf3; --dim: #9aa4af; --line: #3d444d; --link: #79c0ff; --hit: #56d364; --miss: #ff9a93; --missbg: #3b1618; --part: #e3b341; --partbg: #332a10; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 90rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; }
a { color: var(--link); }
small { color: var(--dim); }
.scroll { overflow-x: auto; margin: .75rem 0; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .9375rem; }
caption { text-align: left; color: var(--dim); padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0; font-weight: normal; }
thead th { font-weight: 600; white-space: nowrap; }
.files { width: 100%; }
.files th, .files td { border-top: 1px solid var(--line); }
.files thead th { border-top: 0; }
.files tbody th { padding-left: 1rem; }
.files .chart th, .files .total th { padding-left: 0; font-weight: 600; }
.files td { white-space: nowrap; }
.source { width: 100%; font-size: .8125rem; line-height: 1.4; }
.source th, .source td { padding: 0 .75rem 0 0; }
.source tbody th, .source td:nth-child(2) { text-align: right; color: var(--dim); min-width: 2.5rem; }
.source td:nth-child(4) { width: 100%; }
.source td:nth-child(3), .source td:nth-child(5) { color: var(--dim); white-space: nowrap; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; tab-size: 4; }
p code { white-space: normal; overflow-wrap: anywhere; }
.source .hit td:nth-child(2), .legend .hit { color: var(--hit); }
.source .miss { background: var(--missbg); }
.source .miss td:nth-child(2), .legend .miss { color: var(--miss); font-weight: 700; }
.source .part { background: var(--partbg); }
.source .part td:nth-child(2), .source .part td:nth-child(3), .legend .part { color: var(--part); font-weight: 700; }
.legend { list-style: none; margin: .5rem 0; padding: 0; color: var(--dim); font-size: .875rem; }
.legend span { display: inline-block; min-width: 1.25rem; }
@media print { main { max-width: none; padding: 0; } .scroll { overflow: visible; } tr { break-inside: avoid; } code { white-space: pre-wrap; } }
";
