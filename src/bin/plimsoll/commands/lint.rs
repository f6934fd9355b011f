//! `plimsoll lint`.

use super::{files, release};
use crate::args::{LintArgs, LintFormat};
use crate::ui::{ExitStatus, Refused, Ui};
use anyhow::{Context as _, bail};
use plimsoll::diag::render::{Counts, arrange, github, human, json, junit, sarif};
use plimsoll::diag::{Diagnostic, Report, Severity, SourceKind, Sources};
use plimsoll::k8s::Version;
use plimsoll::lint::{self, Config, Outcome, Request, Set, baseline::Baseline, config::parse_severity};
use plimsoll::values::{Overrides, ValuesFile};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &LintArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if let Some(rule) = &args.explain {
        return explain(rule, ui);
    }
    let sources = Sources::new();
    let jobs = jobs(args, &sources, ui)?;
    // Charts have nothing to do with each other; the order of the results is that of the arguments.
    let reports: Vec<Report<Outcome>> = Ui::watched("linting", || {
        jobs.par_iter().map(|job| lint::lint(&sources, &job.request, &job.config)).collect()
    });
    let mut failed = false;
    let mut objects = 0;
    let mut by_baseline: BTreeMap<Option<PathBuf>, Vec<Diagnostic>> = BTreeMap::new();
    for (job, report) in jobs.iter().zip(reports) {
        failed |= ui.report(report.diagnostics, &sources) || report.output.is_none();
        if let Some(outcome) = report.output {
            objects += outcome.objects;
            by_baseline.entry(job.baseline.clone()).or_default().extend(outcome.findings);
        }
    }
    if failed {
        return Err(Refused.into());
    }
    if args.write_baseline {
        return write_baselines(&by_baseline, &sources, ui);
    }
    let mut findings = Vec::new();
    for (path, found) in by_baseline {
        match path {
            Some(path) => {
                findings.extend(read_baseline(&path, &sources, ui)?.filter(found, &sources));
            }
            None => findings.extend(found),
        }
    }
    let findings = arrange(findings, &sources);
    let threshold = jobs.iter().map(|job| job.config.min_severity).min().unwrap_or(Severity::Error);
    ui.print(&match args.format {
        LintFormat::Human => {
            let frames = human(&findings, &sources, ui.stdout_style());
            let gap = if frames.is_empty() { "" } else { "\n" };
            format!("{frames}{gap}{}\n", summary(&findings, objects))
        }
        LintFormat::Json => json(&findings, &sources, objects),
        LintFormat::Sarif => sarif(&findings, &sources),
        LintFormat::Github => github(&findings, &sources),
        LintFormat::Junit => junit(&findings, &sources, threshold),
    });
    Ok(if lint::reaches(&findings, threshold) { ExitStatus::Findings } else { ExitStatus::Success })
}

fn summary(findings: &[Diagnostic], objects: usize) -> String {
    let objects = format!("{objects} object{}", if objects == 1 { "" } else { "s" });
    if findings.is_empty() {
        format!("no findings in {objects}")
    } else {
        format!("{} in {objects}", Counts::of(findings))
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

/// One source with its configuration.
struct Job {
    request: Request,
    config: Config,
    baseline: Option<PathBuf>,
}

/// What there is to do.
fn jobs(args: &LintArgs, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Job>> {
    let overrides = release::overrides(&args.values)?;
    let stdin = if args.sources.iter().any(|source| source == "-") {
        if overrides.stdin.is_some() {
            bail!("standard input cannot hold both manifests and values");
        }
        Some(release::read_stdin()?)
    } else {
        None
    };
    let mut jobs = Vec::new();
    for source in &args.sources {
        let (config, home) = configuration(args, source, sources, ui)?;
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
        let version = match (&args.kube_version, config.kube_version) {
            (Some(text), _) => {
                text.parse().map_err(|error| anyhow::anyhow!("--kube-version: `{text}`: {error}"))?
            }
            (None, Some(version)) => version,
            (None, None) => Version::DEFAULT,
        };
        let options = release::lint_options(args, version)?;
        let baseline = args.baseline.clone().or_else(|| config.baseline.as_ref().map(beside));
        if args.write_baseline && baseline.is_none() {
            bail!(
                "--write-baseline needs to know where: give --baseline FILE, or `baseline` in plimsoll.toml"
            );
        }
        jobs.push(Job {
            request: Request {
                source: source.clone(),
                stdin: stdin.clone(),
                sets,
                values: release::value_options(&args.values),
                render: options,
                version,
            },
            config,
            baseline,
        });
    }
    Ok(jobs)
}

const CONFIG: &str = "plimsoll.toml";

/// The configuration for a source, and the directory that its paths start from: `--config`, else the
/// `plimsoll.toml` of the source's own directory, else that of the working directory.
fn configuration(
    args: &LintArgs,
    source: &str,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<(Config, PathBuf)> {
    let path = Path::new(source);
    let own = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let candidates = [own.join(CONFIG), PathBuf::from(CONFIG)];
    let file = match &args.config {
        Some(file) => Some(file.clone()),
        None => candidates.into_iter().find(|file| file.is_file()),
    };
    let mut config = Config::default();
    let mut home = PathBuf::new();
    if let Some(file) = file {
        let text = read(&file)?;
        let id = sources.add(file.display().to_string(), text, SourceKind::File);
        config = ui.kept(Config::read(sources, id), sources)?;
        home = file.parent().map(Path::to_owned).unwrap_or_default();
    }
    if let Err(unknown) = config.only(&args.rule).and_then(|()| config.skip(&args.skip)) {
        return ui.kept(Report::fail(*unknown), sources);
    }
    if let Some(word) = &args.min_severity {
        config.min_severity = parse_severity(word).context("--min-severity: use error, warning or info")?;
    }
    Ok((config, home))
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn read_baseline(path: &Path, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Baseline> {
    let text = read(path)?;
    let id = sources.add(path.display().to_string(), text, SourceKind::File);
    ui.kept(Baseline::read(sources, id), sources)
}

fn write_baselines(
    findings: &BTreeMap<Option<PathBuf>, Vec<Diagnostic>>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<ExitStatus> {
    for (path, found) in findings {
        let Some(path) = path else { continue };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let name = path.file_name().and_then(|name| name.to_str()).context("--baseline: not a file name")?;
        let text = Baseline::of(found, sources).write();
        files::write_all(directory.unwrap_or(Path::new(".")), &BTreeMap::from([(name.to_owned(), text)]))?;
        ui.note(&format!("wrote {} accepted findings to `{}`", found.len(), path.display()));
    }
    Ok(ExitStatus::Success)
}
