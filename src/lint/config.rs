//! `plimsoll.toml`: which rules run, how severe they are, and what to lint with.

use super::registry::{current_id, former_id, rules, suggestion};
use crate::diag::{Diagnostic, Report, Rule, Severity, SourceId, Sources, Span};
use crate::k8s::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// What configuration and flags say about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Rule ids and groups with a level of their own.
    levels: BTreeMap<String, Level>,
    /// Run nothing but these rules and groups (`--rule`); all if empty.
    only: Vec<String>,
    /// Values files to lint with, after the chart's own.
    pub values: Vec<String>,
    /// The version of Kubernetes to answer for.
    pub kube_version: Option<Version>,
    /// The severity from which on findings fail the run.
    pub min_severity: Severity,
    /// The file of accepted findings.
    pub baseline: Option<String>,
}

/// What configuration makes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Off,
    At(Severity),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            levels: BTreeMap::new(),
            only: Vec::new(),
            values: Vec::new(),
            kube_version: None,
            min_severity: Severity::Error,
            baseline: None,
        }
    }
}

/// `plimsoll.toml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    kube_version: Option<Spanned<String>>,
    min_severity: Option<Spanned<String>>,
    #[serde(default)]
    values: Vec<String>,
    baseline: Option<String>,
    #[serde(default)]
    rules: BTreeMap<Spanned<String>, Spanned<String>>,
}

const FIELDS: [&str; 5] = ["kube-version", "min-severity", "values", "baseline", "rules"];

impl Config {
    /// Reads `plimsoll.toml`. Unknown keys, unknown rules and unknown levels are errors at their place.
    ///
    /// ```toml
    /// min-severity = "warning"            # findings from here on fail the run; "error" if not given
    /// kube-version = "1.36"
    /// values = ["values-prod.yaml"]       # beside this file
    /// baseline = "plimsoll-baseline.json" # findings that are accepted
    ///
    /// [rules]                             # a rule or a group: "error", "warning", "info" or "off"
    /// "sts/no-disruption-budget" = "error"
    /// "yaml" = "off"
    /// ```
    pub fn read(sources: &Sources, source: SourceId) -> Report<Self> {
        let Some(text) = sources.get(source).map(|source| source.text.clone()) else {
            return Report::ok(Self::default());
        };
        let file: File = match toml::from_str(&text) {
            Ok(file) => file,
            Err(error) => return Report::fail(syntax_error(&error, source, text.len())),
        };
        let span = |range: std::ops::Range<usize>| Span::new(source, range.start, range.end);
        let mut diagnostics = Vec::new();
        let mut config = Self { values: file.values, baseline: file.baseline, ..Self::default() };
        if let Some(version) = file.kube_version {
            match version.as_ref().parse() {
                Ok(version) => config.kube_version = Some(version),
                Err(error) => diagnostics.push(
                    Diagnostic::error(format!("unknown Kubernetes version `{}`", version.as_ref()))
                        .at(span(version.span()), "")
                        .help(error.to_string()),
                ),
            }
        }
        if let Some(severity) = file.min_severity {
            match parse_severity(severity.as_ref()) {
                Some(severity) => config.min_severity = severity,
                None => diagnostics.push(
                    Diagnostic::error(format!("unknown severity `{}`", severity.as_ref()))
                        .at(span(severity.span()), "")
                        .help("use `error`, `warning` or `info`"),
                ),
            }
        }
        for (name, level) in file.rules {
            if let Err(diagnostic) = known(name.as_ref()) {
                diagnostics.push((*diagnostic).at(span(name.span()), ""));
                continue;
            }
            let parsed = match level.as_ref().as_str() {
                "off" => Some(Level::Off),
                word => parse_severity(word).map(Level::At),
            };
            match parsed {
                Some(level) => {
                    config.levels.insert(name.into_inner(), level);
                }
                None => diagnostics.push(
                    Diagnostic::error(format!("unknown level `{}`", level.as_ref()))
                        .at(span(level.span()), "")
                        .help("use `error`, `warning`, `info` or `off`"),
                ),
            }
        }
        if diagnostics.is_empty() { Report::ok(config) } else { Report::failed(diagnostics) }
    }

    /// Runs only the rules and groups named (`--rule`), as far as they are not switched off.
    pub fn only(&mut self, names: &[String]) -> Result<(), Box<Diagnostic>> {
        for name in names {
            known(name)?;
            self.only.push(name.clone());
        }
        Ok(())
    }

    /// Switches rules and groups off (`--skip`).
    pub fn skip(&mut self, names: &[String]) -> Result<(), Box<Diagnostic>> {
        for name in names {
            known(name)?;
            self.levels.insert(name.clone(), Level::Off);
        }
        Ok(())
    }

    /// Whether a rule is on.
    pub(super) fn runs(&self, rule: &Rule) -> bool {
        let is_named = ids_and_groups(rule).any(|name| self.only.iter().any(|only| only == name));
        self.level(rule) != Some(Level::Off) && (self.only.is_empty() || is_named)
    }

    /// The severity that a rule has here, if it is not its own. A finding below the rule's own severity
    /// (a remark of a rule that mostly warns) takes it too.
    pub(super) fn severity(&self, rule: &Rule) -> Option<Severity> {
        match self.level(rule)? {
            Level::Off => None,
            Level::At(severity) => Some(severity),
        }
    }

    fn level(&self, rule: &Rule) -> Option<Level> {
        ids_and_groups(rule).find_map(|name| self.levels.get(name).copied())
    }
}

/// What configuration may call a rule, in order of precedence: its id, the id that it had before it was renamed, and
/// the groups of both.
fn ids_and_groups(rule: &Rule) -> impl Iterator<Item = &str> {
    let former = former_id(rule.id);
    let former_group = former.and_then(|former| former.split('/').next());
    [Some(rule.id), former, Some(rule.group()), former_group].into_iter().flatten()
}

/// Reads `error`, `warning` or `info`.
pub fn parse_severity(word: &str) -> Option<Severity> {
    [Severity::Error, Severity::Warning, Severity::Info]
        .into_iter()
        .find(|severity| severity.as_str() == word)
}

/// Whether a name is that of a rule or a group of rules.
pub(super) fn known(name: &str) -> Result<(), Box<Diagnostic>> {
    let id = current_id(name);
    if rules().iter().any(|rule| rule.id == id || rule.group() == id) {
        return Ok(());
    }
    Err(Box::new(
        Diagnostic::error(format!("unknown rule `{name}`"))
            .maybe_help(suggestion(name).map(|near| format!("did you mean `{near}`?")))
            .help("`plimsoll lint --explain` lists the rules"),
    ))
}

fn syntax_error(error: &toml::de::Error, source: SourceId, length: usize) -> Diagnostic {
    let range = error.span().unwrap_or(0..0);
    let message = error.message().trim_end().to_owned();
    let wrong = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let help = match wrong {
        Some(wrong) => crate::diag::nearest(wrong, FIELDS).map_or_else(
            || format!("known keys: {}", FIELDS.join(", ")),
            |near| format!("did you mean `{near}`?"),
        ),
        None => "see the lint documentation for the format of `plimsoll.toml`".to_owned(),
    };
    let message = wrong.map_or(message.clone(), |wrong| format!("unknown key `{wrong}`"));
    Diagnostic::error(message)
        .at(Span::new(source, range.start.min(length), range.end.min(length)), "")
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceKind;

    fn read(text: &str) -> Result<Config, Vec<(String, usize, usize)>> {
        let sources = Sources::new();
        let source = sources.add("plimsoll.toml", text, SourceKind::File);
        let report = Config::read(&sources, source);
        report.output.ok_or_else(|| {
            let place = |diagnostic: &Diagnostic| sources.position(diagnostic.span().unwrap()).unwrap();
            report
                .diagnostics
                .iter()
                .map(|diagnostic| {
                    (diagnostic.message.clone(), place(diagnostic).line, place(diagnostic).column)
                })
                .collect()
        })
    }

    #[test]
    fn rules_go_before_their_groups() {
        let config = read("[rules]\nsts = \"off\"\n\"sts/missing-service\" = \"info\"\n").unwrap();
        let rule = |id| crate::lint::rule(id).unwrap();
        assert!(!config.runs(rule("sts/service-not-headless")));
        assert!(config.runs(rule("sts/missing-service")));
        assert_eq!(config.severity(rule("sts/missing-service")), Some(Severity::Info));
        assert!(config.runs(rule("k8s/required")));
    }

    #[test]
    fn renamed_rules_may_be_called_what_they_were() {
        let rule = crate::lint::rule("sts/floating-image-tag").unwrap();
        assert_eq!(rule.id, "workload/floating-image-tag");
        let severity = |text: &str| read(text).unwrap().severity(rule);
        assert_eq!(severity("[rules]\n\"sts/floating-image-tag\" = \"info\"\n"), Some(Severity::Info));
        assert_eq!(severity("[rules]\n\"sts\" = \"info\"\n"), Some(Severity::Info));
        assert_eq!(
            severity("[rules]\n\"sts\" = \"info\"\n\"workload\" = \"error\"\n"),
            Some(Severity::Error)
        );
        assert!(!read("[rules]\n\"sts/floating-image-tag\" = \"off\"\n").unwrap().runs(rule));
        let mut config = Config::default();
        config.only(&["sts/floating-image-tag".into()]).unwrap();
        assert!(config.runs(rule) && !config.runs(crate::lint::rule("workload/unknown-port").unwrap()));
        config.skip(&["sts".into()]).unwrap();
        assert!(!config.runs(rule));
    }

    #[test]
    fn flags_narrow_and_switch_off() {
        let mut config = Config::default();
        config.only(&["sts".into()]).unwrap();
        config.skip(&["sts/missing-service".into()]).unwrap();
        let rule = |id| crate::lint::rule(id).unwrap();
        assert!(config.runs(rule("sts/service-not-headless")));
        assert!(!config.runs(rule("sts/missing-service")));
        assert!(!config.runs(rule("k8s/required")));
        let error = config.skip(&["service-not-headless".into()]).unwrap_err();
        assert_eq!(error.help[0], "did you mean `sts/service-not-headless`?");
    }

    #[test]
    fn everything_unknown_is_an_error_at_its_place() {
        assert_eq!(
            read(
                "min-severity = \"bad\"\nkube-version = \"1.2\"\n[rules]\n\"sts/x\" = \"off\"\nsts = \"on\"\n"
            ),
            Err(vec![
                ("unknown Kubernetes version `1.2`".into(), 2, 16),
                ("unknown severity `bad`".into(), 1, 16),
                ("unknown level `on`".into(), 5, 7),
                ("unknown rule `sts/x`".into(), 4, 1),
            ])
        );
        assert_eq!(read("\nvalue = []\n"), Err(vec![("unknown key `value`".into(), 2, 1)]));
        assert!(read("values = 3").is_err());
        assert!(read("= ").is_err());
    }
}
