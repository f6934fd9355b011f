//! `plimsoll lint`.

use super::{config, files, release, world};
use crate::args::{LintArgs, LintFormat};
use crate::ui::{ExitStatus, Refused, Ui};
use anyhow::{Context as _, bail};
use plimsoll::diag::render::{Counts, Style, arrange, github, human, json, junit, sarif};
use plimsoll::diag::{Diagnostic, Report, Severity, SourceKind, Sources};
use plimsoll::k8s::Version;
use plimsoll::lint::baseline::Baseline;
use plimsoll::lint::config::parse_severity;
use plimsoll::lint::{self, Config, ManifestSource, Outcome, Request, Set, Target};
use plimsoll::values::{Overrides, ValuesFile};
use plimsoll::{chart, manifest};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &LintArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if let Some(rule) = &args.explain {
        return explain(rule, ui);
    }
    let sources = Sources::new();
    check(args, &sources, ui).or_else(|error| fail(error, args.format, &sources, ui))
}

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
    if format != LintFormat::Human {
        ui.print(&formatted(&found, sources, 0, None, format, Severity::Error, Style::Plain));
    }
    Err(error)
}

fn check(args: &LintArgs, sources: &Sources, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let jobs = jobs(args, sources)?;
    // Releases have nothing to do with each other.
    let outcomes: Vec<Outcome> = Ui::watched("linting", || {
        jobs.par_iter().map(|job| lint::lint(world(), sources, &job.request, &job.config)).collect()
    });
    let skipped: Vec<_> = outcomes.iter().flat_map(|outcome| outcome.skipped.iter().cloned()).collect();
    for notice in manifest::notices(&skipped) {
        ui.note(&notice);
    }
    let is_linted = outcomes.iter().any(|outcome| outcome.is_linted);
    let objects = outcomes.iter().map(|outcome| outcome.objects).sum();
    let mut by_baseline: BTreeMap<Option<PathBuf>, Vec<Diagnostic>> = BTreeMap::new();
    for (job, outcome) in jobs.iter().zip(outcomes) {
        by_baseline.entry(job.baseline.clone()).or_default().extend(outcome.findings);
    }
    if !is_linted {
        return Err(Unusable(by_baseline.into_values().flatten().collect()).into());
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
    let threshold = jobs.iter().map(|job| job.config.min_severity).min().unwrap_or(Severity::Error);
    let version = common_version(&jobs);
    ui.print(&formatted(&findings, sources, objects, version, args.format, threshold, ui.stdout_style()));
    Ok(if lint::reaches(&findings, threshold) { ExitStatus::Findings } else { ExitStatus::Success })
}

/// The version of Kubernetes that everything was checked against, if it is one.
fn common_version(jobs: &[Job]) -> Option<Version> {
    let mut versions = jobs.iter().map(|job| job.request.version());
    let first = versions.next()?;
    versions.all(|version| version == first).then_some(first)
}

/// The result in the format that was asked for.
fn formatted(
    findings: &[Diagnostic],
    sources: &Sources,
    objects: usize,
    version: Option<Version>,
    format: LintFormat,
    threshold: Severity,
    style: Style,
) -> String {
    match format {
        LintFormat::Human => {
            let frames = human(findings, sources, style);
            let gap = if frames.is_empty() { "" } else { "\n" };
            format!("{frames}{gap}{}\n", summary(findings, objects))
        }
        LintFormat::Json => {
            json(findings, sources, objects, version.map(|version| version.to_string()).as_deref())
        }
        LintFormat::Sarif => sarif(findings, sources),
        LintFormat::Github => github(findings, sources),
        LintFormat::Junit => junit(findings, sources, threshold),
    }
}

fn summary(findings: &[Diagnostic], objects: usize) -> String {
    let objects = format!("{objects} object{}", if objects == 1 { "" } else { "s" });
    if findings.is_empty() {
        format!("no findings in {objects}")
    } else {
        format!("{} in {objects}", Counts::count(findings))
    }
}

fn explain(rule: &str, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if rule.is_empty() {
        for rule in lint::rules() {
            ui.print(&format!("{:<36} {:<8} {}\n", rule.id, rule.severity.as_str(), rule.summary));
        }
        return Ok(ExitStatus::Success);
    }
    match lint::explain(rule) {
        Ok(page) => ui.print(&page),
        Err(Some(near)) => bail!("unknown rule `{rule}`: did you mean `{near}`?"),
        Err(None) => bail!("unknown rule `{rule}`: `plimsoll lint --explain` lists the rules"),
    }
    Ok(ExitStatus::Success)
}

/// One release with its configuration.
struct Job {
    request: Request,
    config: Config,
    baseline: Option<PathBuf>,
}

/// What there is to do.
fn jobs(args: &LintArgs, sources: &Sources) -> anyhow::Result<Vec<Job>> {
    let overrides = release::overrides(&args.values)?;
    let stdin = match args.sources.iter().filter(|source| *source == STDIN).count() {
        0 => None,
        1 if overrides.stdin.is_some() => bail!("standard input cannot provide both manifests and values"),
        1 => Some(release::read_stdin()?),
        _ => bail!("standard input can be read only once: `{STDIN}` is given several times"),
    };
    let releases = releases(&args.sources, args.separate);
    releases.iter().map(|arguments| job(arguments, stdin.as_deref(), &overrides, args, sources)).collect()
}

/// What stands for standard input among the sources.
const STDIN: &str = "-";

/// The arguments of each release: a chart is one by itself; the manifests are one together, as `kubectl apply` takes
/// them, unless they are to be linted separately.
fn releases(arguments: &[String], separate: bool) -> Vec<Vec<&str>> {
    let arguments = arguments.iter().map(String::as_str);
    let (mut releases, manifests): (Vec<_>, Vec<_>) =
        arguments.map(|argument| vec![argument]).partition(|argument| chart::is_chart(world(), argument[0]));
    if separate {
        releases.extend(manifests);
    } else if !manifests.is_empty() {
        releases.push(manifests.concat());
    }
    releases
}

fn job(
    arguments: &[&str],
    stdin: Option<&str>,
    overrides: &Overrides,
    args: &LintArgs,
    sources: &Sources,
) -> anyhow::Result<Job> {
    let (config, home) = configuration(args, arguments, sources)?;
    let beside = |path: &String| home.join(path);
    // What the configuration names comes below what the command line says.
    let own = config.values.iter().map(|path| ValuesFile::Argument(beside(path).display().to_string()));
    let files: Vec<_> = own.chain(overrides.files.iter().cloned()).collect();
    let base = Overrides { files, ..overrides.clone() };
    let mut sets: Vec<Set> = args
        .with
        .iter()
        .map(|file| {
            let mut overrides = base.clone();
            overrides.files.push(ValuesFile::Argument(file.clone()));
            Set { name: format!("--with {file}"), overrides }
        })
        .collect();
    if sets.is_empty() {
        sets.push(Set { name: String::new(), overrides: base });
    }
    let baseline = args.baseline.clone().or_else(|| config.baseline.as_ref().map(beside));
    if args.write_baseline && baseline.is_none() {
        bail!("--write-baseline needs a file: use --baseline FILE, or set `baseline` in plimsoll.toml");
    }
    let render = release::lint_options(args, config.kube_version)?;
    let request = Request {
        target: target(arguments, stdin),
        sets,
        values: release::value_options(&args.values),
        render,
    };
    Ok(Job { request, config, baseline })
}

fn target(arguments: &[&str], stdin: Option<&str>) -> Target {
    match arguments {
        [chart] if chart::is_chart(world(), chart) => Target::Chart((*chart).to_owned()),
        _ => Target::Manifests(arguments.iter().map(|argument| manifests(argument, stdin)).collect()),
    }
}

fn manifests(argument: &str, stdin: Option<&str>) -> ManifestSource {
    match stdin {
        Some(text) if argument == STDIN => ManifestSource::Stdin(text.to_owned()),
        _ => ManifestSource::Path(argument.into()),
    }
}

/// The configuration of a release, and the directory that its paths start from.
fn configuration(
    args: &LintArgs,
    arguments: &[&str],
    sources: &Sources,
) -> anyhow::Result<(Config, PathBuf)> {
    let file = match &args.config {
        Some(file) => Some(file.clone()),
        None => config::find(arguments)?,
    };
    let mut config = Config::default();
    let mut home = PathBuf::new();
    if let Some(file) = file {
        config = usable(config::read(&file, sources)?)?;
        home = file.parent().map(Path::to_owned).unwrap_or_default();
    }
    if let Err(unknown) = config.only(&args.rule).and_then(|()| config.skip(&args.skip)) {
        return Err(Unusable(vec![*unknown]).into());
    }
    if let Some(word) = &args.min_severity {
        config.min_severity = parse_severity(word).context("--min-severity: use error, warning or info")?;
    }
    Ok((config, home))
}

fn read_baseline(path: &Path, sources: &Sources) -> anyhow::Result<Baseline> {
    let text = config::read_text(path)?;
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
    for (path, found) in findings {
        let Some(path) = path else { continue };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let name = path.file_name().and_then(|name| name.to_str()).context("--baseline: not a file name")?;
        let text = Baseline::from_diagnostics(found, sources).write();
        files::write_all(directory.unwrap_or(Path::new(".")), &BTreeMap::from([(name.to_owned(), text)]))?;
        ui.note(&format!("wrote {} accepted findings to `{}`", found.len(), path.display()));
    }
    Ok(ExitStatus::Success)
}
