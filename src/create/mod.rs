//! New charts: from nothing, from manifests, or from a chart that comes with the binary.
//!
//! A chart that is made from manifests renders to the same objects with its default values. That is checked before it is
//! handed out: each object is compared with the manifest that it came from, and the whole with [`crate::diff`].

mod files;
mod lift;
mod names;
mod server_fields;
mod settings;
mod starter;
mod suite;
mod template;
mod verify;

use crate::chart::{self, EngineKind};
use crate::diag::{Diagnostic, Report, Sources, has_errors};
use crate::k8s::names::dns1123_label;
use crate::k8s::secrets::is_secret_kind;
use crate::k8s::views::WorkloadKind;
use crate::manifest::Object;
use crate::values::Overrides;
use crate::world::World;
use crate::yaml::{Map, emit};
use files::{Parts, Secret};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use template::literal as template_literal;
pub(crate) use verify::{options as release_options, rendered};

/// The files of a chart: their paths in it, and their texts.
pub type Files = BTreeMap<String, String>;

/// The workload of a chart that is made from nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starter {
    /// Pods that are interchangeable.
    Deployment,
    /// Pods with a name and a volume each.
    StatefulSet,
}

impl Starter {
    fn kind(self) -> WorkloadKind {
        match self {
            Self::Deployment => WorkloadKind::Deployment,
            Self::StatefulSet => WorkloadKind::StatefulSet,
        }
    }
}

/// Checks the name of a new chart: it becomes part of the names of objects.
pub fn check_name(name: &str) -> Result<(), Diagnostic> {
    let reasons = dns1123_label(name);
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Diagnostic::error(format!("`{name}` is not a valid name for a chart")).help(
        "use lower-case letters, digits and hyphens, such as `my-app`; start and end with a letter or digit",
    ))
}

/// A chart with one workload and what belongs to it: Services, a service account, a disruption budget.
pub fn from_nothing(
    world: &World,
    sources: &Sources,
    name: &str,
    engine: EngineKind,
    starter: Starter,
) -> Report<Files> {
    if let Err(error) = check_name(name) {
        return Report::fail(error);
    }
    let files = starter::files(name, engine, starter);
    let report = verify::rendered(world, sources, name, &files, Overrides::default());
    if report.has_errors() {
        return Report::failed(report.diagnostics);
    }
    Report::with(files, report.diagnostics)
}

/// A copy of a chart that comes with the binary, under another name.
pub fn from_builtin(name: &str, builtin: &str) -> Report<Files> {
    if let Err(error) = check_name(name) {
        return Report::fail(error);
    }
    match chart::builtin_files(builtin) {
        Ok(texts) => Report::ok(files::of_builtin(name, texts)),
        Err(error) => Report::fail(*error),
    }
}

/// A chart that renders to `objects`, without what a cluster has added to them.
///
/// Remarks say what is left out: objects that others make, and Secrets, whose values would be readable in the chart.
pub fn from_manifests(
    world: &World,
    sources: &Sources,
    name: &str,
    engine: EngineKind,
    objects: &[Object],
) -> Report<Files> {
    let mut diagnostics = Vec::new();
    if let Err(error) = check_name(name) {
        return Report::fail(error);
    }
    let chosen = choose(objects, &mut diagnostics);
    if chosen.objects.is_empty() {
        diagnostics.push(Diagnostic::error("there are no objects to make a chart from"));
        return Report::failed(diagnostics);
    }
    let mut stripped = chosen.objects.clone();
    stripped.iter_mut().for_each(server_fields::strip);
    let (definitions, templated): (Vec<Object>, Vec<Object>) =
        stripped.iter().cloned().partition(is_definition);
    let lifted = lift::lift(&templated);
    let mut out = Files::new();
    let paths = names::paths(&templated, "templates");
    for (path, tree) in paths.iter().zip(&lifted.trees) {
        out.insert(path.clone(), lifted.places.template(tree, engine));
    }
    for (path, definition) in names::paths(&definitions, "crds").into_iter().zip(&definitions) {
        out.insert(path, emit::document(&definition.root));
    }
    for (path, text) in suite::of_manifests(&templated, &paths, &lifted) {
        out.insert(path, text);
    }
    let parts = Parts {
        name,
        engine,
        description: format!("The manifests of {name}"),
        app_version: app_version(&lifted),
        settings: &lifted.settings,
        secrets: &chosen.secrets,
        ci: suite::ci_values(&lifted),
    };
    parts.add_to(&mut out);
    let same = verify::Same { original: &chosen.objects, stripped: &stripped };
    diagnostics.extend(verify::same(world, sources, name, &out, &same));
    if has_errors(&diagnostics) { Report::failed(diagnostics) } else { Report::with(out, diagnostics) }
}

/// What a chart is made from.
#[derive(Debug, Default)]
struct Chosen {
    objects: Vec<Object>,
    secrets: Vec<Secret>,
}

/// Chooses the objects that become part of the chart, and says what does not.
fn choose(objects: &[Object], diagnostics: &mut Vec<Diagnostic>) -> Chosen {
    let mut chosen = Chosen::default();
    for object in objects {
        let shown = format!("{}/{}", object.kind, object.name);
        if let Some(reason) = server_fields::made_by(object, objects) {
            let message = format!("`{shown}` is left out: {reason}");
            diagnostics.push(Diagnostic::warning(message).at(object.span, ""));
            continue;
        }
        let keys = secret_keys(object);
        if keys.is_empty() {
            chosen.objects.push(object.clone());
            continue;
        }
        chosen.secrets.push(Secret { name: object.name.clone(), keys });
        // The place would show the values.
        let message = format!("`{shown}` is left out: its values would be readable in the chart");
        let help = "create it in the namespace of the release before you install the chart";
        diagnostics.push(Diagnostic::warning(message).help(help));
    }
    chosen
}

/// The keys of a Secret that has values.
fn secret_keys(object: &Object) -> Vec<String> {
    if !(is_secret_kind(&object.kind) && object.group().is_empty()) {
        return Vec::new();
    }
    let maps = ["data", "stringData"].into_iter().filter_map(|field| object.root.get(field)?.as_map());
    let keys: BTreeSet<&str> = maps.flat_map(Map::keys).collect();
    keys.into_iter().map(str::to_owned).collect()
}

fn is_definition(object: &Object) -> bool {
    object.kind == "CustomResourceDefinition" && object.group() == "apiextensions.k8s.io"
}

/// The version of what the chart installs: the tag of the first workload's image.
fn app_version(lifted: &lift::Lifted) -> Option<String> {
    let path = lifted.workloads.iter().find_map(|workload| workload.tag.as_ref())?;
    lifted.settings.default_of(path)?.as_str().map(str::to_owned)
}
