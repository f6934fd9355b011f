//! Lint: reports problems of a release before it is applied.
//!
//! [`run`] is a pure function over one [`Subject`]: the objects of a release, all together, and the
//! chart they were rendered from, where there is one. It runs every rule of the [registry](rules)
//! that the [`Config`] leaves on, the API server's validation included, takes out what inline
//! comments allow, and sets severities. Rules see neither severity nor output.
//!
//! # Adding a rule
//!
//! 1. Write `rules/<group>/<name>.rs` with one `declare!`: the doc comment is the user's page (why, `## Bad`,
//!    `## Good`, `## Fix`; the YAML of both examples is run as the rule's first test), then id, severity,
//!    summary and the check. Name the violation, so that "allow `<rule>`" reads well.
//! 2. Add a line to the list of its group, `rules/<group>/mod.rs`.
//! 3. `SNAPSHOTS=overwrite cargo test --lib lint` writes its page under `docs/rules/`.

mod allow;
mod aside;
pub mod baseline;
pub mod config;
pub mod custom;
mod definitions;
mod discover;
mod documented;
mod finding;
mod input;
mod partition;
mod reads;
mod registry;
mod release;
mod release_name;
mod rules;
mod scalar;
mod source;
mod subject;
mod surroundings;
#[cfg(test)]
mod testing;
mod upgrade;

pub use config::{Assumed, Config};
pub use discover::{Discovered, Exclude, discover, git_root};
pub use input::is_unread;
pub use registry::{Lint, catalogue, explain, page, rule, rules, table};
pub use source::{DEFAULT_VALUES, ManifestSource, Outcome, Request, Set, Target, ci_values, lint};
pub use subject::{ChartSubject, Rendering, Subject};
pub use surroundings::Surroundings;

use crate::diag::{Diagnostic, Severity, Sources};
use crate::k8s;
use crate::limits::{self, Activity};
use crate::policies;
use release::Release;
use std::collections::{BTreeMap, BTreeSet};

/// All findings of the rules for one subject, with configured severities, in the order in
/// which it is shown.
pub fn run(subject: &Subject<'_>, config: &Config) -> Vec<Diagnostic> {
    let mut found = subject.reported.to_vec();
    let release = Release::new(subject, config);
    for lint in registry::lints() {
        if !config.runs(&lint.rule) {
            continue;
        }
        if limits::check().is_err() {
            // Whoever ran out of time does not show what was found so far.
            break;
        }
        let _activity = Activity::begin(format!("checking `{}`", lint.rule.id));
        if let Some(check) = lint.release {
            check(&release, &mut found);
        }
        if let (Some(check), Some(chart)) = (lint.chart, &subject.chart) {
            check(chart, &mut found);
        }
    }
    run_custom(subject, config, &mut found);
    let _activity = Activity::begin("validating objects".to_owned());
    k8s::validate_all(subject.objects, subject.crds, subject.version, &mut found);
    let of_cluster = policies::configuration(subject.policies.iter().copied());
    let of_cluster: Vec<_> = of_cluster.filter(|policy| !subject.holds(policy)).collect();
    k8s::validate_all(&of_cluster, &[], subject.version, &mut found);
    release_name::soften(&mut found, subject);
    config.retain(&mut found);
    let mut found = allow::apply(found, subject, config);
    config.set_severities(&mut found);
    drop_echoes(&mut found, subject.sources);
    crate::diag::render::arrange(found, subject.sources)
}

/// Runs the rules of the project itself.
fn run_custom(subject: &Subject<'_>, config: &Config, found: &mut Vec<Diagnostic>) {
    let mut rules = config.custom_rules().iter().filter(|custom| config.runs(custom.rule)).peekable();
    if rules.peek().is_none() {
        return;
    }
    let values = custom::Values::new(subject.objects, &config.namespace);
    for custom in rules {
        let _activity = Activity::begin(format!("checking `{}`", custom.rule.id));
        custom.check(&values, found);
    }
}

/// Removes a stage's warning if a rule reports the same at the same place.
fn drop_echoes(found: &mut Vec<Diagnostic>, sources: &Sources) {
    let place = |diagnostic: &Diagnostic| diagnostic.span().map(|span| sources.trace(span).0);
    let cited: BTreeSet<_> = found.iter().filter(|d| d.rule.is_some()).filter_map(place).collect();
    found.retain(|diagnostic| {
        diagnostic.rule.is_some() || !place(diagnostic).is_some_and(|place| cited.contains(&place))
    });
}

/// Puts the findings of several values sets together: what occurs in all `total` of them is said once, what
/// occurs in some says in which.
pub fn merge(runs: Vec<(String, Vec<Diagnostic>)>, total: usize, sources: &Sources) -> Vec<Diagnostic> {
    let mut merged: BTreeMap<String, (Diagnostic, Vec<String>)> = BTreeMap::new();
    for (set, diagnostics) in runs {
        for diagnostic in diagnostics {
            let sets =
                &mut merged.entry(identity(&diagnostic, sources)).or_insert((diagnostic, Vec::new())).1;
            if sets.last() != Some(&set) {
                sets.push(set.clone());
            }
        }
    }
    let mut found = Vec::new();
    for (mut diagnostic, sets) in merged.into_values() {
        if sets.len() < total {
            // What one set does not need, another may.
            if diagnostic.rule == Some(&rules::UNUSED_ALLOW.rule) {
                continue;
            }
            diagnostic.sets = sets;
        }
        found.push(diagnostic);
    }
    crate::diag::render::arrange(found, sources)
}

/// Drops the findings that an earlier kustomization had at the same place and field: a base is used by several, which may
/// call its objects differently.
pub fn drop_seen(found: &mut Vec<Diagnostic>, seen: &mut BTreeSet<String>, sources: &Sources) {
    let key = |diagnostic: &Diagnostic| {
        let place = diagnostic.span().and_then(|span| crate::diag::render::locate(sources, span));
        let message = if place.is_none() { diagnostic.message.as_str() } else { "" };
        format!("{place:?}\0{}\0{:?}\0{message}", diagnostic.rule.map_or("", |rule| rule.id), diagnostic.path)
    };
    let keys: Vec<String> = found.iter().map(key).collect();
    found.retain(|diagnostic| !seen.contains(&key(diagnostic)));
    seen.extend(keys);
}

/// What makes two findings the same to a reader.
fn identity(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let place = diagnostic.span().and_then(|span| crate::diag::render::locate(sources, span));
    format!(
        "{:?}\0{}\0{}\0{:?}\0{:?}",
        place,
        diagnostic.rule.map_or("", |rule| rule.id),
        diagnostic.message,
        diagnostic.object,
        diagnostic.path
    )
}

/// Whether any finding is at `threshold` or above: what decides the exit status, whatever the format.
pub fn reaches(diagnostics: &[Diagnostic], threshold: Severity) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity >= threshold)
}

#[cfg(test)]
mod tests;
