//! `plimsoll.toml`: which rules run, how severe they are, what to lint with, and what applies the manifests.

use super::custom::{self, CustomRule};
use super::input::is_unread;
use super::registry::{current_id, former_id, is_group, rule, rules, suggestion};
use crate::diag::{Diagnostic, Report, Rule, Severity, SourceId, Sources, Span, nearest};
use crate::diff::{Driver, SyncOptions};
use crate::k8s::pod_security::{Policy, PolicyError};
use crate::k8s::{Version, VersionError, kinds};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The settings of a run, from configuration and flags.
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
    /// The Pod Security policy of namespaces whose labels set none.
    pub pod_security: Option<Policy>,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The severity from which on findings fail the run and are shown. If it is not set, errors fail the run, and
    /// everything is shown.
    pub min_severity: Option<Severity>,
    /// The file of accepted findings.
    pub baseline: Option<String>,
    /// What applies the manifests, for `diff` and `rehearse`.
    pub driver: Option<Driver>,
    /// Whether it deletes what left the manifests.
    pub prune: Option<bool>,
    /// What an Application of Argo CD asks for every object.
    pub sync_options: SyncOptions,
    /// Patterns of files and directories to pass over, as in `.gitignore`; they start from the directory of the file.
    pub exclude: Vec<String>,
    /// Files and directories with definitions of custom resources, beside this file.
    pub crds: Vec<String>,
    /// Files and directories with admission policies that the cluster has, beside this file.
    pub policies: Vec<String>,
    /// Objects that the cluster has although the release does not hold them.
    pub assume: Vec<Assumed>,
    /// The rules of the project itself.
    custom: Vec<Arc<CustomRule>>,
    /// Levels of rules that are not built-in, with their places: such a rule may be added later.
    pending: Vec<(String, Span)>,
}

/// An object that the cluster has: `Secret/db`, `ConfigMap/*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumed {
    kind: String,
    /// The name; up to the star, if there is one at its end.
    name: String,
    is_prefix: bool,
}

impl Assumed {
    /// Whether it is an object of that kind and name. The kind may be written as `kubectl` takes it.
    pub(super) fn matches(&self, group: &str, kind: &str, name: &str) -> bool {
        kinds::is_called(&self.kind, group, kind)
            && if self.is_prefix { name.starts_with(&self.name) } else { name == self.name }
    }
}

impl FromStr for Assumed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = text
            .split_once('/')
            .filter(|(kind, name)| !kind.is_empty() && !name.is_empty())
            .ok_or_else(|| "expected KIND/NAME, such as Secret/db or Secret/*".to_owned())?;
        let prefix = name.strip_suffix('*');
        Ok(Self {
            kind: kind.to_owned(),
            name: prefix.unwrap_or(name).to_owned(),
            is_prefix: prefix.is_some(),
        })
    }
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
            pod_security: None,
            namespace: "default".to_owned(),
            min_severity: None,
            baseline: None,
            driver: None,
            prune: None,
            sync_options: SyncOptions::default(),
            exclude: Vec::new(),
            crds: Vec::new(),
            policies: Vec::new(),
            assume: Vec::new(),
            custom: Vec::new(),
            pending: Vec::new(),
        }
    }
}

/// The keys of `plimsoll.toml`.
const KEYS: [&str; 14] = [
    "kube-version",
    "min-severity",
    "pod-security",
    "values",
    "crds",
    "policies",
    "baseline",
    "exclude",
    "assume",
    "driver",
    "prune",
    "sync-options",
    "rules",
    "rule",
];

impl Config {
    /// Reads `plimsoll.toml`. Unknown keys, unknown rules and unknown levels are errors at their place; for rules that may
    /// be the project's own, see [`Self::unknown_rules`].
    ///
    /// ```toml
    /// min-severity = "warning"            # findings from here on are shown and fail the run
    /// kube-version = "1.36"
    /// pod-security = "restricted"         # the Pod Security level of namespaces whose labels set none
    /// values = ["values-prod.yaml"]       # beside this file
    /// crds = ["crds/", "CRDs-catalog/"]   # definitions of custom resources, beside this file
    /// policies = ["policies/"]            # admission policies that the cluster has, for lint, diff and rehearse
    /// baseline = "plimsoll-baseline.json" # findings that are accepted
    /// driver = "argocd"                   # for diff and rehearse
    /// prune = true
    /// sync-options = ["ServerSideApply=true"] # of the Application, for Argo CD
    /// assume = ["Secret/db", "ConfigMap/*"] # objects that the cluster has
    /// exclude = ["test/fixtures/"]        # files that are passed over, as in .gitignore
    ///
    /// [rules]                             # a rule or a group: "error", "warning", "info" or "off"
    /// "sts/no-disruption-budget" = "error"
    /// "yaml" = "off"
    ///
    /// [[rule]]                            # a rule of the project itself
    /// id = "custom/team-label"
    /// summary = "a workload has no team label"
    /// expression = "has(object.metadata.labels) && 'team' in object.metadata.labels"
    /// ```
    pub fn read(sources: &Sources, source: SourceId) -> Report<Self> {
        let Some(text) = sources.get(source).map(|source| source.text.clone()) else {
            return Report::ok(Self::default());
        };
        let file = match DeTable::parse(&text) {
            Ok(file) => file.into_inner(),
            Err(error) => return Report::fail(syntax_error(&error, source, text.len())),
        };
        let mut config = Self::default();
        let mut diagnostics = Vec::new();
        // Their levels may be set in the same file, and before them.
        if let Some((_, rules)) = file.iter().find(|(key, _)| key.as_ref() == "rule") {
            config.add_rules(custom::from_toml(rules, source, &mut diagnostics), &mut diagnostics);
        }
        for (key, value) in &file {
            match (key.as_ref().as_ref(), value.as_ref().as_table()) {
                ("rule", _) => {}
                ("rules", Some(rules)) => {
                    let levels =
                        rules.iter().filter_map(|(name, level)| config.set_level(name, level, source).err());
                    diagnostics.extend(levels);
                }
                _ => diagnostics.extend(config.set(key, value, source).err()),
            }
        }
        if diagnostics.is_empty() { Report::ok(config) } else { Report::failed(diagnostics) }
    }

    /// Adds rules of the project; two of one id are an error.
    pub fn add_rules(&mut self, rules: Vec<Arc<CustomRule>>, diagnostics: &mut Vec<Diagnostic>) {
        for rule in rules {
            if self.custom_rule(rule.rule.id).is_some() {
                diagnostics.push(
                    Diagnostic::error(format!("duplicate rule `{}`", rule.rule.id))
                        .help("rename one of the two rules, or remove it"),
                );
            } else {
                self.custom.push(rule);
            }
        }
    }

    /// Levels of rules that do not exist. They are errors once all rules of the project are added.
    pub fn unknown_rules(&self) -> Vec<Diagnostic> {
        let unknown = |(name, place): &(String, Span)| {
            self.check_rule_name(name).err().map(|unknown| (*unknown).at(*place, ""))
        };
        self.pending.iter().filter_map(unknown).collect()
    }

    /// The rules of the project itself.
    pub fn custom_rules(&self) -> &[Arc<CustomRule>] {
        &self.custom
    }

    /// A rule of the project itself.
    fn custom_rule(&self, id: &str) -> Option<&CustomRule> {
        self.custom.iter().map(|rule| &**rule).find(|rule| rule.rule.id == id)
    }

    /// The rule of that id, built-in or the project's own.
    pub fn rule(&self, id: &str) -> Option<&'static Rule> {
        rule(id).or_else(|| self.custom_rule(id).map(|custom| custom.rule))
    }

    /// Fails if no rule and no group of rules has the name.
    pub(super) fn check_rule_name(&self, name: &str) -> Result<(), Box<Diagnostic>> {
        let id = current_id(name);
        let own = self.custom.iter().map(|custom| custom.rule);
        let mut known = rules().into_iter().chain(own);
        if known.any(|rule| rule.id == id || rule.group() == id) {
            return Ok(());
        }
        let own = nearest(name, self.custom.iter().map(|custom| custom.rule.id));
        Err(Box::new(
            Diagnostic::error(format!("unknown rule `{name}`"))
                .maybe_help(own.or_else(|| suggestion(name)).map(|near| format!("did you mean `{near}`?")))
                .help("`plimsoll lint --explain` lists the rules"),
        ))
    }

    /// Takes over one key of `plimsoll.toml`; the table of the rules has been read before.
    fn set(&mut self, key: &Key<'_>, value: &Value<'_>, source: SourceId) -> Result<(), Diagnostic> {
        match key.as_ref().as_ref() {
            "kube-version" => self.kube_version = Some(kube_version(value, source)?),
            "min-severity" => {
                let word = string(value, "min-severity", source)?;
                let unknown = || {
                    error(format!("unknown severity `{word}`"), value, source)
                        .help("use `error`, `warning` or `info`")
                };
                self.min_severity = Some(parse_severity(word).ok_or_else(unknown)?);
            }
            "pod-security" => self.pod_security = Some(pod_security(value, source)?),
            "values" => self.values = strings(value, "values", "files", source)?,
            "crds" => self.crds = strings(value, "crds", "files and directories", source)?,
            "policies" => self.policies = strings(value, "policies", "files and directories", source)?,
            "assume" => {
                let wrong = || error("`assume` must be a list of objects".to_owned(), value, source);
                let items = value.as_ref().as_array().ok_or_else(wrong)?;
                let item = |item| {
                    let text = string(item, "an item of `assume`", source)?;
                    text.parse().map_err(|reason| {
                        error(format!("`{text}` names no object"), item, source).help(reason)
                    })
                };
                self.assume = items.iter().map(item).collect::<Result<_, _>>()?;
            }
            "exclude" => self.exclude = strings(value, "exclude", "patterns", source)?,
            "baseline" => self.baseline = Some(string(value, "baseline", source)?.to_owned()),
            "driver" => {
                let word = string(value, "driver", source)?;
                let unknown = || {
                    let help = nearest(word, Driver::WORDS).map_or_else(
                        || format!("available: {}", Driver::WORDS.join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    );
                    error(format!("unknown driver `{word}`"), value, source).help(help)
                };
                self.driver = Some(word.parse().map_err(|_| unknown())?);
            }
            "prune" => {
                let wrong = || error("`prune` must be `true` or `false`".to_owned(), value, source);
                self.prune = Some(value.as_ref().as_bool().ok_or_else(wrong)?);
            }
            "sync-options" => self.sync_options = sync_options(value, source)?,
            "rules" => return Err(error("`rules` must be a table".to_owned(), value, source)),
            unknown => return Err(unknown_key(unknown, key, source)),
        }
        Ok(())
    }

    /// Takes over one line of `[rules]`.
    fn set_level(&mut self, name: &Key<'_>, value: &Value<'_>, source: SourceId) -> Result<(), Diagnostic> {
        let place = span(name.span(), source);
        match self.check_rule_name(name.as_ref()) {
            Ok(()) => {}
            Err(_) if may_be_custom(name.as_ref()) => self.pending.push((name.as_ref().to_string(), place)),
            Err(unknown) => return Err((*unknown).at(place, "")),
        }
        let word = string(value, name.as_ref(), source)?;
        let level = match word {
            "off" => Some(Level::Off),
            word => parse_severity(word).map(Level::At),
        };
        let unknown = || {
            error(format!("unknown level `{word}`"), value, source)
                .help("use `error`, `warning`, `info` or `off`")
        };
        self.levels.insert(name.as_ref().to_string(), level.ok_or_else(unknown)?);
        Ok(())
    }

    /// The severity from which on findings fail the run.
    pub fn threshold(&self) -> Severity {
        self.min_severity.unwrap_or(Severity::Error)
    }

    /// Runs only the rules and groups named (`--rule`), as far as they are not switched off.
    pub fn only(&mut self, names: &[String]) -> Result<(), Box<Diagnostic>> {
        for name in names {
            self.check_rule_name(name)?;
            self.only.push(name.clone());
        }
        Ok(())
    }

    /// Switches rules and groups off (`--skip`).
    pub fn skip(&mut self, names: &[String]) -> Result<(), Box<Diagnostic>> {
        for name in names {
            self.check_rule_name(name)?;
            self.levels.insert(name.clone(), Level::Off);
        }
        Ok(())
    }

    /// Whether a rule is on.
    pub(super) fn runs(&self, rule: &Rule) -> bool {
        let is_named = ids_and_groups(rule).any(|name| self.only.iter().any(|only| only == name));
        self.level(rule) != Some(Level::Off) && (self.only.is_empty() || is_named)
    }

    /// Whether a rule is named itself, not only its group.
    pub(super) fn names(&self, rule: &Rule) -> bool {
        self.levels.contains_key(rule.id) || self.only.iter().any(|only| only == rule.id)
    }

    /// Drops the findings of rules that do not run. Input that could not be read is reported whatever is selected,
    /// unless its rule itself is off: nobody should miss it because of a group.
    pub(super) fn retain(&self, found: &mut Vec<Diagnostic>) {
        found.retain(|diagnostic| match diagnostic.rule {
            Some(rule) if is_unread(diagnostic) => self.levels.get(rule.id) != Some(&Level::Off),
            Some(rule) => self.runs(rule),
            None => true,
        });
    }

    /// Gives findings the severities that their rules have here.
    pub(super) fn set_severities(&self, found: &mut [Diagnostic]) {
        for diagnostic in found {
            let Some(rule) = diagnostic.rule else { continue };
            let severity = match self.levels.get(rule.id) {
                Some(Level::At(severity)) if is_unread(diagnostic) => Some(*severity),
                _ if is_unread(diagnostic) => None,
                _ => self.severity(rule),
            };
            diagnostic.severity = severity.unwrap_or(diagnostic.severity);
        }
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

/// Whether a rule or a group of that name may be one of the project itself.
fn may_be_custom(name: &str) -> bool {
    let group = name.split('/').next().unwrap_or_default();
    !is_group(group) && suggestion(name).is_none()
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

/// A key as it is written.
type Key<'a> = Spanned<Cow<'a, str>>;

/// A value as it is written.
type Value<'a> = Spanned<DeValue<'a>>;

fn span(range: Range<usize>, source: SourceId) -> Span {
    Span::new(source, range.start, range.end)
}

fn error(message: String, value: &Value<'_>, source: SourceId) -> Diagnostic {
    Diagnostic::error(message).at(span(value.span(), source), "")
}

/// The text of a value that must be a string; `name` is the setting's name.
fn string<'a>(value: &'a Value<'_>, name: &str, source: SourceId) -> Result<&'a str, Diagnostic> {
    let name = if name.contains(' ') { name.to_owned() } else { format!("`{name}`") };
    value.as_ref().as_str().ok_or_else(|| error(format!("{name} must be a string"), value, source))
}

/// The texts of a value that must be a list of them; `what` says what they are.
fn strings(value: &Value<'_>, name: &str, what: &str, source: SourceId) -> Result<Vec<String>, Diagnostic> {
    let wrong = || error(format!("`{name}` must be a list of {what}"), value, source);
    let items = value.as_ref().as_array().ok_or_else(wrong)?;
    let item_name = format!("an item of `{name}`");
    items.iter().map(|item| string(item, &item_name, source).map(str::to_owned)).collect()
}

fn kube_version(value: &Value<'_>, source: SourceId) -> Result<Version, Diagnostic> {
    let text = string(value, "kube-version", source)?;
    text.parse().map_err(|reason: VersionError| {
        error(format!("unknown Kubernetes version `{text}`"), value, source).help(reason.to_string())
    })
}

/// The options of an Application of Argo CD.
fn sync_options(value: &Value<'_>, source: SourceId) -> Result<SyncOptions, Diagnostic> {
    let words = strings(value, "sync-options", "options", source)?;
    SyncOptions::of_words(words.iter().map(String::as_str)).map_err(|word| {
        let help = nearest(word, SyncOptions::WORDS).map_or_else(
            || format!("available: {}", SyncOptions::WORDS.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        error(format!("unknown sync option `{word}`"), value, source).help(help)
    })
}

fn pod_security(value: &Value<'_>, source: SourceId) -> Result<Policy, Diagnostic> {
    let text = string(value, "pod-security", source)?;
    text.parse().map_err(|reason: PolicyError| {
        error(format!("invalid Pod Security policy `{text}`"), value, source).help(reason.to_string())
    })
}

fn unknown_key(name: &str, key: &Key<'_>, source: SourceId) -> Diagnostic {
    let help = nearest(name, KEYS)
        .map_or_else(|| format!("known keys: {}", KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
    Diagnostic::error(format!("unknown key `{name}`")).at(span(key.span(), source), "").help(help)
}

fn syntax_error(error: &toml::de::Error, source: SourceId, length: usize) -> Diagnostic {
    let range = error.span().unwrap_or(0..0);
    Diagnostic::error(error.message().trim_end())
        .at(span(range.start.min(length)..range.end.min(length), source), "")
        .help("see the lint documentation for the format of `plimsoll.toml`")
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
    fn objects_are_assumed_by_kind_and_name() {
        let assumed = |text: &str| text.parse::<Assumed>().unwrap();
        assert!(
            assumed("Secret/db").matches("", "Secret", "db")
                && !assumed("Secret/db").matches("", "Secret", "db2")
        );
        assert!(
            assumed("secrets/db-*").matches("", "Secret", "db-tls")
                && !assumed("cm/db").matches("", "Secret", "db")
        );
        assert!(["Secret", "/db", "Secret/"].iter().all(|text| text.parse::<Assumed>().is_err()));
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
        for (text, message, column) in [
            ("values = 3", "`values` must be a list of files", 10),
            ("values = [\"a\", 3]", "an item of `values` must be a string", 16),
            ("exclude = [1]", "an item of `exclude` must be a string", 12),
            ("baseline = true", "`baseline` must be a string", 12),
            ("assume = \"a\"", "`assume` must be a list of objects", 10),
            ("assume = [\"Secret\"]", "`Secret` names no object", 11),
            ("rules = \"off\"", "`rules` must be a table", 9),
            ("rules = { sts = 1 }", "`sts` must be a string", 17),
        ] {
            assert_eq!(read(text), Err(vec![(message.into(), 1, column)]), "{text}");
        }
        assert!(read("= ").is_err());
    }
}
