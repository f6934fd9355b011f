//! Validation against the recorded answers of a real kube-apiserver (v1.36).

use crate::support::recorded;
use plimsoll::diag::{Diagnostic, Severity, SourceKind, Sources};
use plimsoll::k8s::{Version, validate};
use plimsoll::manifest::parse;
use plimsoll::yaml::ReadOptions;
use serde_json::Value as Json;

/// The least share of refused manifests that is found, with the path that the server names.
const RECALL: f64 = 0.985;
/// The greatest share of accepted manifests that is complained about.
const FALSE_ALARMS: f64 = 0.005;

#[test]
fn the_server_and_we_agree() {
    let (mut refused, mut accepted) = (0, 0);
    let (mut missed, mut misplaced, mut alarms) = (Vec::new(), Vec::new(), Vec::new());
    let (mut warned, mut unwarned, mut invented) = (0, Vec::new(), Vec::new());
    for case in &recorded("admission") {
        let file = case["case"].as_str().unwrap();
        let said = answer(file, case["manifest"].as_str().unwrap());
        let errors: Vec<&Diagnostic> = said.iter().filter(|d| d.severity == Severity::Error).collect();
        let told = || errors.iter().map(|d| d.message.as_str()).collect::<Vec<_>>().join("; ");
        if case["accepted"] == true {
            accepted += 1;
            if !errors.is_empty() {
                alarms.push(format!("{file}: {}", told()));
            }
            for warning in case["warnings"].as_array().unwrap() {
                let path = warning_path(warning.as_str().unwrap());
                let same = |d: &Diagnostic| path.is_none_or(|path| d.path.as_deref() == Some(path));
                if said.iter().any(|d| d.severity == Severity::Warning && same(d)) {
                    warned += 1;
                } else {
                    unwarned.push(format!("{file}: {}", warning.as_str().unwrap()));
                }
            }
            if case["warnings"].as_array().unwrap().is_empty() {
                let warnings = said.iter().filter(|d| d.severity == Severity::Warning);
                invented.extend(warnings.map(|d| format!("{file}: {}", d.message)));
            }
            continue;
        }
        refused += 1;
        let wanted = wanted_paths(case);
        let found = |d: &&&Diagnostic| {
            let path = comparable(case, d.path.as_deref().unwrap_or_default());
            wanted.is_empty() || wanted.iter().any(|wanted| wanted.is_same(&path))
        };
        if errors.is_empty() {
            missed.push(format!("{file}: {}", case["message"].as_str().unwrap()));
        } else if !errors.iter().any(|d| found(&d)) {
            misplaced.push(format!("{file}: wanted {wanted:?}: {}", told()));
        }
    }
    let found = refused - missed.len() - misplaced.len();
    let share = |part: usize, whole: usize| {
        f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
    };
    for (title, list) in [
        ("missed", &missed),
        ("at another path", &misplaced),
        ("false alarms", &alarms),
        ("warnings not given", &unwarned),
        ("warnings of our own", &invented),
    ] {
        eprintln!("== {title}: {}", list.len());
        for line in list {
            eprintln!("   {}", line.replace('\n', " ").chars().take(400).collect::<String>());
        }
    }
    eprintln!(
        "found {found} of {refused} refused ({:.1}%), {} false alarms in {accepted} accepted ({:.1}%), {warned} of {} warnings",
        100.0 * share(found, refused),
        alarms.len(),
        100.0 * share(alarms.len(), accepted),
        warned + unwarned.len(),
    );
    assert!(refused > 0 && accepted > 0, "no cases");
    assert!(share(found, refused) >= RECALL, "fewer refused manifests are found than there were");
    assert!(unwarned.is_empty() && invented.is_empty(), "the server's warnings are others");
    assert!(share(alarms.len(), accepted) <= FALSE_ALARMS, "accepted manifests are complained about");
}

/// Everything that reading and validating a manifest says.
fn answer(name: &str, text: &str) -> Vec<Diagnostic> {
    let sources = Sources::new();
    let source = sources.add(name, text, SourceKind::File);
    let mut said = Vec::new();
    let objects = parse(&sources, source, name, &ReadOptions::strict()).take(&mut said).unwrap_or_default();
    for object in &objects {
        validate(object, Version::V1_36, &mut said);
    }
    for diagnostic in &said {
        assert!(diagnostic.span().is_some(), "{name}: no place: {diagnostic:?}");
    }
    said
}

/// A path that the server named.
#[derive(Debug)]
enum Wanted {
    Exact(String),
    /// A decoder's: without indexes, and with names of Go's embedded types in it.
    Loose(String),
}

impl Wanted {
    fn is_same(&self, path: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == path,
            Self::Loose(wanted) => {
                let plain = |path: &str| {
                    let steps = path.split(['.', '[']).filter(|step| !step.ends_with(']'));
                    let steps = steps.filter(|step| !step.starts_with(|c: char| c.is_ascii_uppercase()));
                    steps.map(str::to_owned).collect::<Vec<_>>()
                };
                // Keys of free maps are not named by the decoder.
                plain(path).starts_with(&plain(wanted))
            }
        }
    }
}

/// The paths of which one has to be found; none where the server names none.
fn wanted_paths(case: &Json) -> Vec<Wanted> {
    let causes = case["causes"].as_array().unwrap();
    if !causes.is_empty() {
        let fields = causes.iter().map(|cause| comparable(case, cause["field"].as_str().unwrap()));
        return fields.map(Wanted::Exact).collect();
    }
    let message = case["message"].as_str().unwrap();
    if let Some((_, rest)) = message.split_once("unknown field \"") {
        return vec![Wanted::Exact(comparable(case, rest.split('"').next().unwrap()))];
    }
    if let Some((_, rest)) = message.split_once("Go struct field ") {
        let (_, path) = rest.split(' ').next().unwrap().split_once('.').unwrap();
        return vec![Wanted::Loose(path.to_owned())];
    }
    Vec::new()
}

/// The field a server's warning is about, if it starts with one.
fn warning_path(warning: &str) -> Option<&str> {
    let path = warning.split(": ").next()?;
    (path.starts_with("spec.") || path.starts_with("metadata."))
        .then_some(path)
        .filter(|path| !path.contains(' '))
}

/// In `StatefulSets` the server counts the claim templates as volumes, in an order of its own.
fn comparable(case: &Json, path: &str) -> String {
    const VOLUMES: &str = "spec.template.spec.volumes[";
    match path.strip_prefix(VOLUMES).and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) if case["kind"] == "StatefulSet" => format!("{VOLUMES}]{rest}"),
        _ => path.to_owned(),
    }
}
