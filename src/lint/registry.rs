//! The list of rules, and what is printed from it: pages, the catalogue, the table of the README.

use super::Config;
use super::release::Release;
use super::rules::ALL;
use super::subject::ChartSubject;
use crate::diag::{Diagnostic, Rule, nearest};
use crate::{k8s, render, values, yaml};
use std::fmt::Write;

/// A rule with the code that checks it.
#[derive(Debug)]
pub struct Lint {
    /// What it is.
    pub rule: Rule,
    /// Looks at the objects of a release.
    pub(super) release: Option<fn(&Release<'_>, &mut Vec<Diagnostic>)>,
    /// Looks at a chart.
    pub(super) chart: Option<fn(&ChartSubject<'_>, &mut Vec<Diagnostic>)>,
}

/// Declares the rule of a file: its doc comment becomes the user's page.
macro_rules! declare {
    (
        $(#[doc = $doc:expr])*
        $name:ident = $id:literal, $severity:ident, $summary:literal;
        $($subject:ident: $check:expr;)*
    ) => {
        $(#[doc = $doc])*
        pub(in crate::lint) static $name: $crate::lint::Lint = $crate::lint::Lint {
            $($subject: Some($check),)*
            ..$crate::lint::Lint::new($crate::diag::Rule {
                id: $id,
                severity: $crate::diag::Severity::$severity,
                summary: $summary,
                docs: concat!($($doc, "\n",)*),
            })
        };
    };
}
pub(super) use declare;

impl Lint {
    /// A rule that nothing checks yet: `declare!` adds the checks.
    pub(super) const fn new(rule: Rule) -> Self {
        Self { rule, release: None, chart: None }
    }
}

/// Every rule that this module checks itself, sorted by id.
pub(super) fn lints() -> &'static [&'static Lint] {
    &ALL
}

/// Every rule, sorted by id: those of this module, of the stages before it and of the API server's validation.
pub fn rules() -> Vec<&'static Rule> {
    let own = ALL.iter().map(|lint| &lint.rule);
    let mut rules: Vec<_> = own.chain(stage_rules()).chain(k8s::RULES.iter().copied()).collect();
    rules.sort_unstable_by_key(|rule| rule.id);
    rules
}

/// The rules that the stages before lint check.
pub(super) fn stage_rules() -> impl Iterator<Item = &'static Rule> {
    std::iter::once(&yaml::DUPLICATE_KEY).chain(values::RULES).chain(render::RULES)
}

/// The rule of that id, or that had that id before it was renamed.
pub fn rule(id: &str) -> Option<&'static Rule> {
    let id = current_id(id);
    rules().into_iter().find(|rule| rule.id == id)
}

/// Whether built-in rules are in a group of that name, or were.
pub(super) fn is_group(name: &str) -> bool {
    let former = RENAMED.iter().map(|(former, _)| former.split('/').next().unwrap_or_default());
    rules().iter().map(|rule| rule.group()).chain(former).any(|group| group == name)
}

/// Rules that were renamed, the former id and the current one. Configuration, comments and baselines may name either.
const RENAMED: [(&str, &str); 6] = [
    ("sts/blocking-disruption-budget", "workload/blocking-disruption-budget"),
    ("sts/floating-image-tag", "workload/floating-image-tag"),
    ("sts/replicas-with-autoscaler", "workload/replicas-with-autoscaler"),
    ("sts/secret-in-env", "workload/secret-in-env"),
    ("sts/shared-claim", "workload/shared-claim"),
    ("sts/unknown-port", "workload/unknown-port"),
];

/// The current id of a rule that is named by its current or its former one.
pub(super) fn current_id(id: &str) -> &str {
    RENAMED.iter().find(|(former, _)| *former == id).map_or(id, |(_, current)| current)
}

/// The id that a rule had before it was renamed.
pub(super) fn former_id(id: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(_, current)| *current == id).map(|(former, _)| *former)
}

/// The rule id or group that is most similar to an unknown name.
pub(super) fn suggestion(name: &str) -> Option<&'static str> {
    let rules = rules();
    let whole = nearest(name, rules.iter().map(|rule| rule.id));
    // `service-not-headless` without its group.
    whole.or_else(|| rules.iter().map(|rule| rule.id).find(|id| id.split('/').nth(1) == Some(name)))
}

/// What `lint --explain RULE` prints; for an unknown rule, the nearest one there is.
pub fn explain(id: &str, config: &Config) -> Result<String, Option<&'static str>> {
    config.rule(id).map(page).ok_or_else(|| {
        nearest(id, config.custom_rules().iter().map(|custom| custom.rule.id)).or_else(|| suggestion(id))
    })
}

/// The page of a rule, in Markdown: `docs/rules/<group>/<name>.md` and `lint --explain`.
pub fn page(rule: &Rule) -> String {
    let former = former_id(rule.id).map_or(String::new(), |former| {
        format!("\n\nThe rule was called `{former}` before; configuration, comments and baselines may still use that id.")
    });
    format!(
        "# {}\n\n{} (default severity: {})\n\n{}{former}\n\nTo accept one finding: `# plimsoll: allow {} - <reason>` on \
         the line, or alone on the line above it.\n",
        rule.id,
        capitalized(rule.summary),
        rule.severity,
        rule.page().trim(),
        rule.id
    )
}

/// The index of the pages: `docs/rules/README.md`.
pub fn catalogue() -> String {
    let mut out = String::from("# Rules\n\n");
    out.push_str("Printed from the registry: `plimsoll lint --explain RULE` says the same.\n\n");
    out.push_str(&table_of(|rule| format!("[`{0}`]({0}.md)", rule.id)));
    out
}

/// The table of rules for the README.
pub fn table() -> String {
    table_of(|rule| format!("[`{0}`](docs/rules/{0}.md)", rule.id))
}

fn table_of(link: impl Fn(&Rule) -> String) -> String {
    let mut out = String::from("| rule | severity | what it finds |\n|---|---|---|\n");
    for rule in rules() {
        // Writing to a string cannot fail.
        let _ =
            writeln!(out, "| {} | {} | {} |", link(rule), rule.severity, rule.summary.replace('|', "\\|"));
    }
    out
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
