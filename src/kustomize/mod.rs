//! Kustomizations, built as `kubectl kustomize` builds them, without network and plugins.
//!
//! The order of the steps is kustomize's own: resources, generators, components, then the transformers of the
//! kustomization; and at the end, once for everything, the hash suffixes of generated objects and the references to names
//! that changed. Objects keep the places that their fields were written at, in a base, a patch or the kustomization.

mod builtins;
mod configuration;
mod fields;
mod file;
mod generate;
mod helm;
mod labels;
mod names;
mod parts;
mod patches;
mod references;
mod resource;
mod values;
mod variables;

pub(crate) use file::KUSTOMIZATION_NAMES;
pub use parts::{is_component, parts};

use crate::diag::{Diagnostic, Severity, Sources, Span};
use crate::k8s::Version;
use crate::limits::{self, Activity};
use crate::manifest::{self, Object};
use crate::render;
use crate::world::{World, normalize};
use crate::yaml::{Node, ReadOptions, Value};
use configuration::{Configuration, OwnReference};
use file::Kustomization;
use resource::Resource;
use std::path::{Path, PathBuf};
use variables::Variables;

/// What a kustomization makes.
#[derive(Debug, Default)]
pub struct Build {
    /// The objects.
    pub objects: Vec<Object>,
    /// What cannot be built (errors), and what only kustomize itself can read (remarks).
    pub diagnostics: Vec<Diagnostic>,
}

/// Builds the kustomization in a directory. What is missing or wrong is an error, and everything else is built all the
/// same.
pub fn build(world: &World, sources: &Sources, directory: &Path, options: &render::Options) -> Build {
    let mut builder = Builder {
        world,
        sources,
        options,
        version: options.capabilities.kube_version.nearest(),
        open: Vec::new(),
        references: Vec::new(),
        variables: Variables::default(),
        result: Build::default(),
    };
    let mut resources = builder.target(directory);
    generate::add_hashes(&mut resources);
    references::fix(&mut resources, &builder.references);
    builder.replace_variables(&mut resources);
    builder.result.objects = resources.into_iter().map(Resource::into_object).collect();
    builder.result
}

/// What is going on while a kustomization is built.
struct Builder<'a> {
    world: &'a World,
    sources: &'a Sources,
    options: &'a render::Options,
    version: Version,
    /// The directories of the kustomizations that are being built, outermost first.
    open: Vec<PathBuf>,
    /// The fields that name other objects, besides those that kustomize knows.
    references: Vec<OwnReference>,
    variables: Variables,
    result: Build,
}

impl Builder<'_> {
    /// The resources of a kustomization, after its transformers.
    fn target(&mut self, directory: &Path) -> Vec<Resource> {
        let mut resources = Vec::new();
        self.add_target(directory, Span::NONE, &mut resources);
        resources
    }

    /// Runs a kustomization on resources that are there already: those of the parent, for a component.
    fn add_target(&mut self, directory: &Path, named_at: Span, resources: &mut Vec<Resource>) {
        let identity = self.world.canonical(directory).unwrap_or_else(|_| directory.to_owned());
        if self.open.contains(&identity) {
            return self.fail(format!("`{}` contains itself", directory.display()), named_at);
        }
        let found = file::read(self.world, self.sources, directory);
        self.result.diagnostics.extend(found.diagnostics);
        let Some(kustomization) = found.output else { return };
        self.open.push(identity);
        self.run(directory, &kustomization, resources);
        self.open.pop();
    }

    fn run(&mut self, directory: &Path, kustomization: &Kustomization, resources: &mut Vec<Resource>) {
        let _activity = Activity::begin(format!("building the kustomization `{}`", directory.display()));
        if let Err(exceeded) = limits::check() {
            return self.result.diagnostics.push(exceeded.into());
        }
        for node in kustomization.list("resources").iter().chain(kustomization.list("bases")) {
            let Some(path) = self.path(node) else { continue };
            self.add_resource(directory, path, node.span, resources);
        }
        self.generate(directory, kustomization, resources);
        self.run_builtins("generators", directory, kustomization, resources);
        self.inflate_charts(directory, kustomization, resources);
        for node in kustomization.list("components") {
            let Some(path) = self.path(node) else { continue };
            if is_remote(path) {
                self.leave_out(&format!("component `{path}`: it is not on this machine"), node.span);
                continue;
            }
            self.add_target(&normalize(&directory.join(path)), node.span, resources);
        }
        let configuration = self.configure(directory, kustomization);
        self.declare_variables(kustomization);
        self.transform(directory, kustomization, &configuration, resources);
        self.run_builtins("transformers", directory, kustomization, resources);
        for (key, what) in file::UNSUPPORTED {
            if let Some(entry) = kustomization.entry(key)
                && (!entry.value.items().is_empty() || entry.value.as_map().is_some())
            {
                self.leave_out(&format!("`{key}`: {what}"), entry.key_span);
            }
        }
    }

    /// The transformers, in kustomize's order.
    fn transform(
        &mut self,
        directory: &Path,
        kustomization: &Kustomization,
        configuration: &Configuration,
        resources: &mut Vec<Resource>,
    ) {
        self.patch_merging(directory, kustomization, resources);
        self.patch(directory, kustomization, resources);
        if let Some(namespace) = kustomization.text("namespace") {
            let span = kustomization.span("namespace");
            names::set_namespace(resources, namespace, span, &configuration.namespaces);
        }
        if let Some(prefix) = kustomization.text("namePrefix") {
            names::add_prefix(resources, prefix);
        }
        if let Some(suffix) = kustomization.text("nameSuffix") {
            names::add_suffix(resources, suffix);
        }
        labels::add(resources, kustomization, configuration);
        self.patch_json(directory, kustomization, resources);
        let unmatched =
            values::set_replicas(resources, kustomization.list("replicas"), &configuration.replicas);
        for (name, span) in unmatched {
            self.miss(format!("`replicas` names `{name}`, but there is no such workload"), span);
        }
        values::set_images(resources, kustomization.list("images"), &configuration.images);
        let replacements = self.replacements(directory, kustomization);
        let problems = values::replace(resources, &replacements);
        for (message, span) in problems {
            self.leave_out(&message, span);
        }
    }

    /// The replacements of a kustomization, those in files in the place of their paths.
    fn replacements(&mut self, directory: &Path, kustomization: &Kustomization) -> Vec<Node> {
        let mut all = Vec::new();
        for entry in kustomization.list("replacements") {
            match entry.get("path") {
                Some(path) => {
                    for root in self.patch_file(directory, path) {
                        match root.value {
                            Value::Seq(items) => all.extend(items),
                            _ => all.push(root),
                        }
                    }
                }
                None => all.push(entry.clone()),
            }
        }
        all
    }

    fn add_resource(&mut self, directory: &Path, path: &str, span: Span, resources: &mut Vec<Resource>) {
        if is_remote(path) {
            return self.leave_out(&format!("resource `{path}`: it is not on this machine"), span);
        }
        let full = normalize(&directory.join(path));
        let added = if self.world.is_directory(&full) {
            let mut added = Vec::new();
            self.add_target(&full, span, &mut added);
            added
        } else {
            let Some(objects) = self.read_objects(directory, path, span) else { return };
            objects.into_iter().map(Resource::new).collect()
        };
        for resource in added {
            self.add(resource, resources);
        }
    }

    /// Adds a resource that must not be there yet.
    fn add(&mut self, resource: Resource, resources: &mut Vec<Resource>) {
        if resources.iter().any(|other| other.is_same(&resource)) {
            let message =
                format!("{} `{}` occurs twice in the kustomization", resource.kind(), resource.name());
            return self.fail(message, resource.place());
        }
        resources.push(resource);
    }

    /// The objects of a file of the kustomization.
    fn read_objects(&mut self, directory: &Path, path: &str, span: Span) -> Option<Vec<Object>> {
        let (name, bytes) = self.read(directory, path, span)?;
        let mut reader = manifest::Reader::new(self.sources, &LENIENT);
        reader.bytes(&name, bytes);
        let (manifests, diagnostics) = reader.finish_all();
        self.result.diagnostics.extend(diagnostics);
        Some(manifests.objects)
    }

    /// The name and the content of a file of the kustomization, which must be in its directory.
    fn read(&mut self, directory: &Path, path: &str, span: Span) -> Option<(String, Vec<u8>)> {
        let full = normalize(&directory.join(path));
        let canonical = self.world.canonical(&full);
        if let (Ok(file), Ok(root)) = (&canonical, self.world.canonical(directory))
            && !file.starts_with(&root)
        {
            self.fail(format!("`{path}` is outside of the directory of the kustomization"), span);
            return None;
        }
        match self.world.read(&full, u64::MAX) {
            Ok(bytes) => Some((full.display().to_string(), bytes)),
            Err(error) => {
                self.fail(format!("cannot read `{}`: {error}", full.display()), span);
                None
            }
        }
    }

    /// The text of an item that must be a path.
    fn path<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let path = node.as_str();
        if path.is_none() {
            self.fail(format!("a path is expected, not {}", node.type_name()), node.span);
        }
        path
    }

    fn fail(&mut self, message: String, span: Span) {
        self.result.diagnostics.push(place(Diagnostic::error(message), span));
    }

    /// Reports that an object does not exist, unless it may be in what is left out.
    fn miss(&mut self, message: String, span: Span) {
        if !self.result.diagnostics.iter().any(|found| found.severity == Severity::Info) {
            self.fail(message, span);
        }
    }

    /// Says what only kustomize can read.
    fn leave_out(&mut self, what: &str, span: Span) {
        let message = format!("not linted: {what}");
        self.result.diagnostics.push(place(Diagnostic::new(Severity::Info, message), span));
    }
}

fn place(diagnostic: Diagnostic, span: Span) -> Diagnostic {
    if span.is_none() { diagnostic } else { diagnostic.at(span, "") }
}

/// Files of a kustomization are read as kubectl reads manifests.
static LENIENT: std::sync::LazyLock<ReadOptions> = std::sync::LazyLock::new(ReadOptions::lenient);

/// Whether kustomize would fetch the path: a URL, or the short form of a git repository.
fn is_remote(path: &str) -> bool {
    let is_host = |host: &str| ["github.com", "gitlab.com", "bitbucket.org"].contains(&host);
    path.contains("://")
        || path.starts_with("git::")
        || path.starts_with("git@")
        || path.contains("?ref=")
        || path.split(['/', ':']).next().is_some_and(is_host)
}
