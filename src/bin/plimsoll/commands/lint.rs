//! `plimsoll lint`.

use super::lookup::{self, Answers, Asked};
use super::{config, files, release, world};
use crate::args::{LintArgs, LintFormat};
use crate::ui::{ExitStatus, Refused, Ui, over};
use anyhow::{Context as _, bail};
use plimsoll::diag::render::{
    Counts, RuleCount, Style, arrange, concise, count_rules, github, human_wrapped, json, junit, sarif,
};
use plimsoll::diag::{Diagnostic, Report, Severity, SourceKind, Sources};
use plimsoll::k8s::Version;
use plimsoll::limits;
use plimsoll::lint::baseline::Baseline;
use plimsoll::lint::config::parse_severity;
use plimsoll::lint::{
    self, Config, Discovered, Exclude, ManifestSource, Outcome, Request, Set, Surroundings, Target,
};
use plimsoll::manifest::{self, SkipReason, Skipped};
use plimsoll::render;
use plimsoll::values::{Overrides, ValuesFile};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn run(args: &LintArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if args.test_rules || args.explain.is_some() {
        let sources = Sources::new();
        let config = configuration(args, &args.sources, &sources).map(|(config, _)| config);
        let config = match config {
            Ok(config) => config,
            Err(error) => return fail(error, LintFormat::Full, &sources, ui),
        };
        return match &args.explain {
            Some(rule) => explain(rule, &config, ui),
            None => test_rules(&config, ui),
        };
    }
    let default = if Ui::prints_to_terminal() { LintFormat::Full } else { LintFormat::Concise };
    let format = args.format.unwrap_or(default);
    let for_people = is_for_people(format);
    if args.statistics && !for_people {
        bail!("--statistics needs --format concise or full");
    }
    let sources = Sources::new();
    check(args, format, &sources, ui).or_else(|error| fail(error, format, &sources, ui))
}

/// Whether people read the format.
fn is_for_people(format: LintFormat) -> bool {
    matches!(format, LintFormat::Concise | LintFormat::Full)
}

/// How much more time there is for each chart, kustomization or release after the first, unless `--timeout` is set. A
/// hundredth of it is enough for most.
const MORE_TIME: Duration = Duration::from_secs(1);

/// Why nothing was linted, or no baseline written.
#[derive(Debug)]
struct Unusable(Vec<Diagnostic>);

impl std::error::Error for Unusable {}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the input cannot be used")
    }
}

/// The output, if there is one.
fn usable<T>(report: Report<T>) -> anyhow::Result<T> {
    report.output.ok_or_else(|| Unusable(report.diagnostics).into())
}

/// Ends a run with no result. People read the reasons on stderr; programs get them as findings, too, because a
/// reader of SARIF or JSON cannot do anything with an empty file.
fn fail(
    error: anyhow::Error,
    format: LintFormat,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<ExitStatus> {
    let (found, error) = match error.downcast::<Unusable>() {
        Ok(Unusable(found)) => {
            ui.report(found.clone(), sources);
            (arrange(found, sources), Refused.into())
        }
        Err(error) => (vec![Diagnostic::error(format!("{error:#}"))], error),
    };
    if !is_for_people(format) {
        let result = Printed { findings: &found, objects: 0, version: None, threshold: Severity::Error };
        ui.print_failure(&result.formatted(format, sources, Style::Plain));
    }
    Err(error)
}

fn check(args: &LintArgs, format: LintFormat, sources: &Sources, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let Jobs { all: jobs, mut skipped, unread } = jobs(args, sources, ui)?;
    let more = u32::try_from(jobs.len().saturating_sub(1)).unwrap_or(u32::MAX);
    limits::allow_more_time(MORE_TIME.saturating_mul(more));
    // Releases have nothing to do with each other.
    let outcomes: Vec<Outcome> = Ui::watched("linting", || {
        jobs.par_iter().map(|job| lint::lint(world(), sources, &job.request, &job.config)).collect()
    });
    if let Err(exceeded) = limits::check() {
        // Whatever was not reached has no findings. What could not be rendered says where the limit was exceeded.
        let found = outcomes.into_iter().flat_map(|outcome| outcome.findings);
        let unread: Vec<_> = found.filter(lint::is_unread).collect();
        return Err(if unread.is_empty() { over(exceeded) } else { Unusable(unread).into() });
    }
    skipped.extend(outcomes.iter().flat_map(|outcome| outcome.skipped.iter().cloned()));
    let is_linted = outcomes.iter().any(|outcome| outcome.is_linted);
    let objects = outcomes.iter().map(|outcome| outcome.objects).sum();
    let mut by_baseline: BTreeMap<Option<PathBuf>, Vec<Diagnostic>> = BTreeMap::new();
    if let Some(job) = jobs.first() {
        by_baseline.entry(job.baseline.clone()).or_default().extend(unread);
    }
    let mut seen = BTreeSet::new();
    for (job, mut outcome) in jobs.iter().zip(outcomes) {
        if matches!(job.request.target, Target::Kustomization(_)) {
            lint::drop_seen(&mut outcome.findings, &mut seen, sources);
        }
        by_baseline.entry(job.baseline.clone()).or_default().extend(outcome.findings);
    }
    // A repository may hold no manifests but those of its tests.
    let is_test_data = skipped.iter().any(|one| one.reason == SkipReason::TestData);
    let is_nothing_else = is_test_data && by_baseline.values().all(Vec::is_empty);
    if !is_linted && !is_nothing_else {
        let mut reasons: Vec<_> = by_baseline.into_values().flatten().collect();
        if reasons.is_empty() {
            reasons.extend(manifest::nothing_else(&skipped));
        }
        return Err(Unusable(reasons).into());
    }
    if !args.quiet {
        report_skipped(&skipped, args.verbose, ui);
    }
    if args.write_baseline {
        return write_baselines(&by_baseline, sources, ui);
    }
    let mut findings = Vec::new();
    for (path, found) in by_baseline {
        match path {
            Some(path) => findings.extend(read_baseline(&path, sources)?.filter(found, sources)),
            None => findings.extend(found),
        }
    }
    let findings = arrange(findings, sources);
    // Configurations that set nothing show everything.
    let shown_from = jobs.iter().map(|job| job.config.min_severity).min().flatten();
    let threshold = jobs.iter().map(|job| job.config.threshold()).min().unwrap_or(Severity::Error);
    let (shown, hidden): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|found| shown_from.is_none_or(|least| found.severity >= least));
    let printed = Printed { findings: &shown, objects, version: common_version(&jobs), threshold };
    if !args.statistics {
        print(&printed.formatted(format, sources, ui.stdout_style()), format, ui);
    }
    if is_for_people(format) && !args.quiet {
        let totals = totals(&shown, hidden.len(), objects, args.statistics);
        // Between lines one more line needs no gap.
        let is_one_more = format == LintFormat::Concise && totals.lines().count() == 1;
        let gap = if shown.is_empty() || args.statistics || is_one_more { "" } else { "\n" };
        ui.print(&format!("{gap}{totals}"));
    }
    Ok(if args.strict_sources && shown.iter().chain(&hidden).any(lint::is_unread) {
        ExitStatus::Failure
    } else if lint::reaches(&shown, threshold) {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    })
}

/// Says what was passed over: how much of what, or with `--verbose` each file and why.
fn report_skipped(skipped: &[Skipped], verbose: bool, ui: &mut Ui) {
    if !verbose {
        return manifest::notices(skipped).iter().for_each(|notice| ui.note(notice));
    }
    for Skipped { name, reason, .. } in skipped {
        ui.note(&format!("skipped `{name}`: {}", reason.describe()));
    }
}

/// The version of Kubernetes that everything was checked against, if it is one.
fn common_version(jobs: &[Job]) -> Option<Version> {
    let mut versions = jobs.iter().map(|job| job.request.version());
    let first = versions.next()?;
    versions.all(|version| version == first).then_some(first)
}

/// Prints a result. Workflow commands are meant to be some.
fn print(text: &str, format: LintFormat, ui: &mut Ui) {
    match format {
        LintFormat::Github => ui.print_exact(text),
        _ => ui.print(text),
    }
}

/// What is printed as the result.
struct Printed<'a> {
    findings: &'a [Diagnostic],
    objects: usize,
    version: Option<Version>,
    threshold: Severity,
}

impl Printed<'_> {
    /// The findings in the format that was asked for.
    fn formatted(&self, format: LintFormat, sources: &Sources, style: Style) -> String {
        let findings = self.findings;
        match format {
            LintFormat::Concise => concise(findings, sources, style),
            LintFormat::Full => human_wrapped(findings, sources, style, Ui::width()),
            LintFormat::Json => {
                let version = self.version.map(|version| version.to_string());
                json(findings, sources, self.objects, version.as_deref())
            }
            LintFormat::Sarif => sarif(findings, sources),
            LintFormat::Github => github(findings, sources),
            LintFormat::Junit => junit(findings, sources, self.threshold),
        }
    }
}

/// The lines below the findings: how many there are of each rule, if that is news, and of each severity.
fn totals(shown: &[Diagnostic], hidden: usize, objects: usize, statistics: bool) -> String {
    let mut out = String::new();
    let counts = count_rules(shown);
    if statistics || (counts.len() > 1 && counts.iter().any(|one| one.count > 1)) {
        let width = counts.iter().map(|one| one.count.to_string().len()).max().unwrap_or(0);
        for RuleCount { rule, severity, count } in &counts {
            let rule = if rule.is_empty() { "(no rule)" } else { rule };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{count:>width$} {:<7} {rule}", severity.as_str());
        }
        if !counts.is_empty() {
            out.push('\n');
        }
    }
    let objects = format!("{objects} object{}", if objects == 1 { "" } else { "s" });
    let found = match shown {
        [] => "no findings".to_owned(),
        shown => Counts::count(shown).to_string(),
    };
    let hidden = match hidden {
        0 => String::new(),
        hidden => format!(" ({hidden} below --min-severity not shown)"),
    };
    let _ = writeln!(out, "{found} in {objects}{hidden}");
    out
}

fn explain(rule: &str, config: &Config, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if rule.is_empty() {
        let own = config.custom_rules().iter().map(|custom| custom.rule);
        for rule in lint::rules().into_iter().chain(own) {
            ui.print(&format!("{:<36} {:<8} {}\n", rule.id, rule.severity.as_str(), rule.summary));
        }
        return Ok(ExitStatus::Success);
    }
    match lint::explain(rule, config) {
        Ok(page) => ui.print(&page),
        Err(Some(near)) => bail!("unknown rule `{rule}`: did you mean `{near}`?"),
        Err(None) => bail!("unknown rule `{rule}`: `plimsoll lint --explain` lists the rules"),
    }
    Ok(ExitStatus::Success)
}

/// Runs the examples of the project's own rules.
fn test_rules(config: &Config, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let rules = config.custom_rules();
    if rules.is_empty() {
        bail!("there are no rules to test: pass --rules PATH, or add `[[rule]]` to plimsoll.toml");
    }
    let tested: Vec<_> = rules.iter().map(|rule| lint::custom::test(rule)).collect();
    let mut out = String::new();
    for lint::custom::Tested { rule, examples, failures } in &tested {
        // Writing to a string cannot fail.
        let _ = match (examples, failures.len()) {
            (0, _) => writeln!(out, "{rule}: no examples"),
            (_, 0) => writeln!(out, "{rule}: {} passed", count(*examples, "example")),
            _ => Ok(()),
        };
        for failure in failures {
            let _ = writeln!(out, "{rule}: {failure}");
        }
    }
    let failed = tested.iter().map(|tested| tested.failures.len()).sum();
    let _ = writeln!(out, "\n{} tested, {} failed", count(tested.len(), "rule"), count(failed, "example"));
    ui.print(&out);
    Ok(if failed > 0 { ExitStatus::Findings } else { ExitStatus::Success })
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// One release with its configuration.
struct Job {
    request: Request,
    config: Config,
    baseline: Option<PathBuf>,
}

/// What there is to do.
struct Jobs {
    all: Vec<Job>,
    /// What is passed over.
    skipped: Vec<Skipped>,
    /// The definitions and policies that cannot be read.
    unread: Vec<Diagnostic>,
}

fn jobs(args: &LintArgs, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Jobs> {
    let overrides = release::overrides(&args.values)?;
    let stdin = match args.sources.iter().filter(|source| *source == STDIN).count() {
        0 => None,
        1 if overrides.stdin.is_some() => bail!("standard input cannot provide both manifests and values"),
        1 => Some(release::read_stdin()?),
        _ => bail!("standard input can be read only once: `{STDIN}` is given several times"),
    };
    let (planned, skipped) = plan(args, stdin, sources)?;
    let mut surroundings = KnownSurroundings { sources, known: BTreeMap::new(), unread: Vec::new() };
    let jobs = planned.into_iter().map(|planned| job(planned, &overrides, args, &mut surroundings));
    let mut jobs: Vec<Job> = jobs.collect::<anyhow::Result<_>>()?;
    let of_stdin = if args.sources.iter().any(|source| source == STDIN) {
        Some("manifests")
    } else {
        overrides.stdin.is_some().then_some("values")
    };
    let release = lookup::in_cluster(args.context.cluster(), &args.release, &args.namespace);
    let answers = Answers::read(&args.lookup, release, of_stdin, sources, ui)?;
    for job in &mut jobs {
        answer_lookups(&answers, &mut job.request, sources, ui)?;
    }
    Ok(Jobs { all: jobs, skipped, unread: surroundings.unread })
}

/// Gives the request for a chart the answers to what it looks up, with whatever values.
fn answer_lookups(
    answers: &Answers<'_>,
    request: &mut Request,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let Target::Chart(chart) = &request.target else { return Ok(()) };
    let cluster = match answers {
        Answers::Nothing => return Ok(()),
        Answers::Objects(objects) => {
            request.render.lookup = Some(lookup::of_manifests(objects));
            return Ok(());
        }
        Answers::Cluster(cluster) => cluster,
    };
    let mut asked = Asked::default();
    for set in &request.sets {
        let mut of_set = render::Request {
            chart: chart.clone(),
            overrides: set.overrides.clone(),
            values: request.values,
            options: request.render.clone(),
        };
        let mut render = |request: &render::Request| release::render_quietly(request, sources);
        lookup::ask(cluster, &mut asked, &mut of_set, &mut render, sources, ui)?;
        request.render.lookup = of_set.options.lookup;
    }
    Ok(())
}

/// What stands for standard input among the sources.
const STDIN: &str = "-";

/// A release to lint, and the paths that its configuration is looked for beside.
struct Planned {
    target: Target,
    beside: Vec<String>,
}

/// The releases: each chart and each kustomization is one by itself; the manifests are one together, as `kubectl apply`
/// takes them, unless they are to be linted separately.
fn plan(
    args: &LintArgs,
    stdin: Option<String>,
    sources: &Sources,
) -> anyhow::Result<(Vec<Planned>, Vec<Skipped>)> {
    let mut planned = Vec::new();
    let mut skipped = Vec::new();
    let mut manifests = Vec::new();
    let mut beside = Vec::new();
    let mut seen = BTreeSet::new();
    let mut stdin = stdin;
    for argument in &args.sources {
        let found = match stdin.take_if(|_| argument == STDIN) {
            Some(text) => {
                Discovered { manifests: vec![ManifestSource::Stdin(text)], ..Discovered::default() }
            }
            None => lint::discover(world(), argument, &exclude(args, argument, sources)?),
        };
        skipped.extend(found.skipped);
        let charts = found.charts.into_iter().map(|chart| (chart.clone(), Target::Chart(chart)));
        let kustomizations = found.kustomizations.into_iter();
        let kustomizations =
            kustomizations.map(|path| (path.display().to_string(), Target::Kustomization(path)));
        for (path, target) in charts.chain(kustomizations) {
            let identity = world().canonical(Path::new(&path)).unwrap_or_else(|_| PathBuf::from(&path));
            if seen.insert(identity) {
                planned.push(Planned { target, beside: vec![path] });
            }
        }
        if found.manifests.is_empty() {
            continue;
        }
        if args.separate {
            planned
                .push(Planned { target: Target::Manifests(found.manifests), beside: vec![argument.clone()] });
        } else {
            manifests.extend(found.manifests);
            beside.push(argument.clone());
        }
    }
    if !manifests.is_empty() {
        planned.push(Planned { target: Target::Manifests(manifests), beside });
    }
    Ok((planned, skipped))
}

/// What is passed over in a directory: what the flags name and what the configuration there names.
fn exclude(args: &LintArgs, argument: &str, sources: &Sources) -> anyhow::Result<Exclude> {
    let (config, home) = configuration(args, &[argument.to_owned()], sources)?;
    let mut exclude = Exclude::default();
    for (option, base, patterns) in
        [("--exclude", Path::new("."), &args.exclude), ("exclude", &home, &config.exclude)]
    {
        exclude.add(world(), base, patterns).map_err(|error| anyhow::anyhow!("{option}: {error}"))?;
    }
    Ok(exclude)
}

/// What was read of clusters, by the paths that name it: many charts have the same definitions and policies.
struct KnownSurroundings<'a> {
    sources: &'a Sources,
    known: BTreeMap<[Vec<PathBuf>; 2], Arc<Surroundings>>,
    /// What could not be read.
    unread: Vec<Diagnostic>,
}

impl KnownSurroundings<'_> {
    /// What there is at these paths.
    fn read(&mut self, crds: Vec<PathBuf>, policies: Vec<PathBuf>) -> Arc<Surroundings> {
        let paths = [crds, policies];
        if let Some(known) = self.known.get(&paths) {
            return Arc::clone(known);
        }
        let [crds, policies] = &paths;
        let read = Arc::new(Surroundings::load(world(), self.sources, crds, policies, &mut self.unread));
        self.known.insert(paths, Arc::clone(&read));
        read
    }
}

fn job(
    planned: Planned,
    overrides: &Overrides,
    args: &LintArgs,
    surroundings: &mut KnownSurroundings<'_>,
) -> anyhow::Result<Job> {
    let sources = surroundings.sources;
    let (config, home) = configuration(args, &planned.beside, sources)?;
    let beside = |path: &String| home.join(path);
    // What the configuration names comes below what the command line says.
    let own = config.values.iter().map(|path| ValuesFile::Argument(beside(path).display().to_string()));
    let files: Vec<_> = own.chain(overrides.files.iter().cloned()).collect();
    let base = Overrides { files, ..overrides.clone() };
    let mut sets: Vec<Set> =
        args.with.iter().map(|file| with_file(&base, format!("--with {file}"), file.clone())).collect();
    let of_chart = match &planned.target {
        Target::Chart(chart) if !args.no_ci_values => lint::ci_values(world(), chart),
        _ => Vec::new(),
    };
    if sets.is_empty() {
        let name = if of_chart.is_empty() { "" } else { lint::DEFAULT_VALUES };
        sets.push(Set { name: name.to_owned(), overrides: base.clone() });
    }
    sets.extend(of_chart.into_iter().map(|(name, file)| with_file(&base, name, file.display().to_string())));
    let baseline = args.baseline.clone().or_else(|| config.baseline.as_ref().map(beside));
    if args.write_baseline && baseline.is_none() {
        bail!("--write-baseline needs a file: use --baseline FILE, or set `baseline` in plimsoll.toml");
    }
    let render = release::lint_options(args, config.kube_version)?;
    let crds = config.crds.iter().map(beside).chain(args.crds.iter().cloned());
    let policies = config.policies.iter().map(beside).chain(args.policies.paths.iter().cloned());
    let request = Request {
        target: planned.target,
        sets,
        values: release::value_options(&args.values),
        render,
        surroundings: surroundings.read(crds.collect(), policies.collect()),
    };
    Ok(Job { request, config, baseline })
}

/// The values set of a file that comes above everything else.
fn with_file(base: &Overrides, name: String, file: String) -> Set {
    let mut overrides = base.clone();
    overrides.files.push(ValuesFile::Argument(file));
    Set { name, overrides }
}

/// The configuration of a release, and the directory that its paths start from.
fn configuration(args: &LintArgs, paths: &[String], sources: &Sources) -> anyhow::Result<(Config, PathBuf)> {
    let file = match &args.config {
        Some(file) => Some(file.clone()),
        None => config::find(paths)?,
    };
    let mut config = Config::default();
    let mut home = PathBuf::new();
    let has_file = file.is_some();
    if let Some(file) = file {
        config = usable(config::read(&file, sources)?)?;
        home = file.parent().map(Path::to_owned).unwrap_or_default();
    }
    let beside = home.join("rules");
    let mut wrong = Vec::new();
    let rules = lint::custom::load(world(), sources, &args.rules, has_file.then_some(beside.as_path()));
    config.add_rules(usable(rules)?, &mut wrong);
    wrong.extend(config.unknown_rules());
    if !wrong.is_empty() {
        return Err(Unusable(wrong).into());
    }
    if let Err(unknown) = config.only(&args.rule).and_then(|()| config.skip(&args.skip)) {
        return Err(Unusable(vec![*unknown]).into());
    }
    config.assume.extend(args.assume.iter().cloned());
    if let Some(word) = &args.min_severity {
        let severity = parse_severity(word).context("--min-severity: use error, warning or info")?;
        config.min_severity = Some(severity);
    }
    config.pod_security = args.pod_security.or(config.pod_security);
    config.namespace.clone_from(&args.namespace);
    Ok((config, home))
}

fn read_baseline(path: &Path, sources: &Sources) -> anyhow::Result<Baseline> {
    let text = release::read_file(path)?;
    let id = sources.add(path.display().to_string(), text, SourceKind::File);
    usable(Baseline::read(sources, id))
}

fn write_baselines(
    findings: &BTreeMap<Option<PathBuf>, Vec<Diagnostic>>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<ExitStatus> {
    // What cannot be read or rendered may have findings that the present baseline accepts.
    let unread: Vec<_> =
        findings.values().flatten().filter(|found| lint::is_unread(found)).cloned().collect();
    if !unread.is_empty() {
        return Err(Unusable(unread).into());
    }
    ui.complete()?;
    for (path, found) in findings {
        let Some(path) = path else { continue };
        files::replace(path, Baseline::from_diagnostics(found, sources).write().as_bytes())?;
        ui.note(&format!("wrote {} accepted findings to `{}`", found.len(), path.display()));
    }
    Ok(ExitStatus::Success)
}
