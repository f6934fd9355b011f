//! `helmCharts`: charts that are on this machine are rendered, as `kubectl kustomize --enable-helm` has helm render them.

use super::Builder;
use super::file::Kustomization;
use super::resource::Resource;
use crate::diag::{Severity, SourceKind};
use crate::engine::{self, Capabilities, HelmApiVersions, Release};
use crate::render;
use crate::values::{self, Overrides, ValuesFile};
use crate::world::normalize;
use crate::yaml::{Node, emit};
use std::path::Path;

impl Builder<'_> {
    /// Renders the charts of a kustomization.
    pub(super) fn inflate_charts(
        &mut self,
        directory: &Path,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) {
        let home = kustomization.get("helmGlobals").and_then(|globals| globals.get("chartHome"));
        let home = normalize(&directory.join(home.and_then(Node::as_str).unwrap_or("charts")));
        for entry in kustomization.list("helmCharts") {
            self.inflate_chart(directory, &home, entry, resources);
        }
    }

    fn inflate_chart(&mut self, directory: &Path, home: &Path, entry: &Node, resources: &mut Vec<Resource>) {
        let text = |key: &str| entry.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        let Some(name) = text("name") else {
            return self.fail("a chart needs a `name`".to_owned(), entry.span);
        };
        let versioned = text("version").map(|version| home.join(format!("{name}-{version}")).join(name));
        let mut places = versioned.into_iter().chain([home.join(name)]);
        let Some(chart) = places.find(|place| self.world.is_file(&place.join("Chart.yaml"))) else {
            let what = format!("chart `{name}`: it is not in `{}`", home.display());
            return self.leave_out(&what, entry.span);
        };
        let files = entry.get("valuesFile").into_iter();
        let files = files.chain(entry.get("additionalValuesFiles").map(Node::items).unwrap_or_default());
        let files = files.filter_map(Node::as_str);
        let mut files: Vec<ValuesFile> = files
            .map(|path| ValuesFile::Argument(normalize(&directory.join(path)).display().to_string()))
            .collect();
        if let Some(inline) = entry.get("valuesInline").filter(|inline| !inline.is_null()) {
            let source = self.sources.add("valuesInline", emit::document(inline), SourceKind::Builtin);
            let inline = ValuesFile::Source(source);
            match text("valuesMerge") {
                Some("merge") => files.insert(0, inline),
                Some("replace") => files = vec![inline],
                _ => files.push(inline),
            }
        }
        let release = Release::install(
            text("releaseName").unwrap_or(Release::DEFAULT_NAME),
            text("namespace").unwrap_or("default"),
        );
        // kustomize runs `helm template`, which does not ask a cluster.
        let capabilities = Capabilities {
            helm_api_versions: HelmApiVersions::Client,
            served: None,
            ..self.options.capabilities.clone()
        };
        let request = render::Request {
            chart: chart.display().to_string(),
            overrides: Overrides { files, ..Overrides::default() },
            values: values::Options {
                skip_schema_validation: false,
                unknown_keys: Severity::Warning,
                missing_dependencies: Severity::Error,
                reads: engine::value_reads,
            },
            options: render::Options { release, capabilities, ..self.options.clone() },
        };
        let report = render::release(self.world, self.sources, &request);
        self.result.diagnostics.extend(report.diagnostics);
        let Some(output) = report.output else { return };
        let with_crds = entry.get("includeCRDs").and_then(Node::as_bool) == Some(true);
        let crds = output.render.crds.iter().filter(|_| with_crds);
        let crds = crds.flat_map(|document| &document.objects).cloned().collect::<Vec<_>>();
        for object in crds.into_iter().chain(output.render.objects().cloned()) {
            self.add(Resource::new(object), resources);
        }
    }
}
