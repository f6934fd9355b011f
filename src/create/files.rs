//! The files of a chart besides its templates.

use super::settings::{Settings, table};
use super::{Files, starter};
use crate::chart::EngineKind;
use crate::diag::escape::{markdown, markdown_code};
use crate::diag::{SourceKind, Sources};
use crate::values;
use crate::yaml::{self, Context, Node, ReadOptions, emit};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Shown in catalogues of charts until the owner of the chart replaces it.
const ICON: &str = "https://raw.githubusercontent.com/kubernetes/community/master/icons/png/resources/labeled/deploy-128.png";

/// What is not part of a packaged chart.
const HELMIGNORE: &str = include_str!("starter/helmignore");

/// A Secret that the chart needs and does not contain.
#[derive(Debug)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) keys: Vec<String>,
}

/// What the files are written from.
pub(super) struct Parts<'a> {
    pub(super) name: &'a str,
    pub(super) engine: EngineKind,
    pub(super) description: String,
    pub(super) app_version: Option<String>,
    pub(super) settings: &'a Settings,
    pub(super) secrets: &'a [Secret],
    /// The values of `ci/default-values.yaml`.
    pub(super) ci: Option<Node>,
}

impl Parts<'_> {
    /// Adds the files.
    pub(super) fn add_to(&self, files: &mut Files) {
        let mut add = |path: &str, text: String| {
            files.insert(path.to_owned(), text);
        };
        add("Chart.yaml", self.chart_yaml());
        add("values.yaml", self.settings.values_yaml(self.name));
        add("values.schema.json", self.settings.schema(self.name));
        add("README.md", self.readme(&self.settings.table()));
        add(".helmignore", HELMIGNORE.to_owned());
        if let Some(values) = &self.ci {
            add("ci/default-values.yaml", ci_values(values));
        }
        if !self.secrets.is_empty() {
            add("plimsoll.toml", self.configuration());
        }
    }

    fn chart_yaml(&self) -> String {
        let engine = match self.engine {
            EngineKind::Tera => Some("tera"),
            // `helm lint` warns about the field, so it is written only where no action shows the language.
            EngineKind::GoTemplate if !self.settings.is_empty() => None,
            EngineKind::GoTemplate => Some("gotpl"),
        };
        let engine = engine.map_or_else(String::new, |engine| {
            format!("# The language of the templates.\nengine: {engine}\n")
        });
        let text = |text: &str| emit::scalar(text, Context::Block).into_owned();
        let app_version = self.app_version.as_deref().unwrap_or("1.0.0");
        format!(
            "apiVersion: v2\nname: {}\ndescription: {}\ntype: application\n# The version of the chart: raise it with \
             every change.\nversion: 0.1.0\n# The version of what it installs.\nappVersion: \"{}\"\n{engine}# Shown in catalogues of charts: replace it with your own.\nicon: {ICON}\n",
            text(self.name),
            text(&self.description),
            emit::escape_double(app_version),
        )
    }

    /// The README, around a table of values.
    fn readme(&self, table: &str) -> String {
        let name = self.name;
        let install = match self.engine {
            EngineKind::Tera => format!("plimsoll render {name} . | kubectl apply -f -"),
            EngineKind::GoTemplate => format!("helm install {name} ."),
        };
        let mut out = format!(
            "# {name}\n\n{}\n\n## Install\n\n```sh\n{install}\n```\n",
            markdown(&format!("{}.", self.description))
        );
        if !self.secrets.is_empty() {
            out.push_str(
                "\n## Secrets\n\nThe chart does not contain Secrets. Create these in the namespace of the release before \
                 you install it:\n\n| Secret | keys |\n|---|---|\n",
            );
            for secret in self.secrets {
                let keys: Vec<String> = secret.keys.iter().map(|key| markdown_code(key)).collect();
                let _ = writeln!(out, "| {} | {} |", markdown_code(&secret.name), keys.join(", "));
            }
        }
        if !table.is_empty() {
            let _ = write!(out, "\n## Values\n\n{table}");
        }
        let _ = write!(
            out,
            "\n## Development\n\n```sh\nplimsoll lint .\nplimsoll render {name} .\nplimsoll diff {name} . --against git:main\n```\n\n\
             `tests/` contains tests in the format of helm-unittest. Each `ci/*-values.yaml` is a set of values that\n\
             `plimsoll lint` and chart-testing use, too.\n"
        );
        out
    }

    /// `plimsoll.toml`, which says that the cluster has the Secrets.
    fn configuration(&self) -> String {
        let secrets =
            self.secrets.iter().map(|secret| format!("\"Secret/{}\"", emit::escape_double(&secret.name)));
        let secrets: Vec<String> = secrets.collect();
        format!(
            "# The chart does not contain these Secrets: README.md lists their keys.\nassume = [{}]\n",
            secrets.join(", ")
        )
    }
}

/// A set of values for CI.
pub(super) fn ci_values(values: &Node) -> String {
    format!(
        "# CI lints and installs the chart with these values. Add a file for each configuration that must work.\n{}",
        emit::document(values)
    )
}

/// What is filled in for what a chart in the binary leaves empty, so that it lints with nothing.
const BUILTIN_VALUES: [(&str, &str); 6] = [
    ("  repository: \"\"\n", "  repository: nginxinc/nginx-unprivileged\n"),
    ("  tag: \"\"\n", "  tag: \"1.27.3\"\n"),
    ("\n  []\n", "\n  - name: data\n    mountPath: /data\n    size: 1Gi\n    storageClassName: standard\n"),
    ("\nlivenessProbe: {}\n", "\nlivenessProbe:\n  httpGet: {path: /, port: http}\n"),
    ("\nreadinessProbe: {}\n", "\nreadinessProbe:\n  httpGet: {path: /, port: http}\n"),
    (
        "\nresources: {}\n",
        "\nresources:\n  requests: {cpu: 100m, memory: 128Mi}\n  limits: {memory: 128Mi}\n",
    ),
];

/// The files of a chart that comes with the binary, as those of a chart of one's own: named, with an image to start from,
/// a README and values for CI.
pub(super) fn of_builtin(name: &str, texts: &[(&'static str, &'static str)]) -> Files {
    let mut files: Files =
        texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    if let Some(values) = files.get_mut("values.yaml") {
        for (empty, filled) in BUILTIN_VALUES {
            *values = values.replacen(empty, filled, 1);
        }
    }
    let rows = schema_rows(&files);
    let replicas = (vec!["replicaCount".to_owned()], Node::bare(3));
    let parts = Parts {
        name,
        engine: EngineKind::Tera,
        description: format!("{name} as a StatefulSet"),
        app_version: Some(starter::TAG.to_owned()),
        settings: &Settings::default(),
        secrets: &[],
        ci: Some(values::from_paths([replicas])),
    };
    files.insert("README.md".to_owned(), parts.readme(&table(&rows)));
    files.insert("Chart.yaml".to_owned(), parts.chart_yaml());
    files.insert(".helmignore".to_owned(), HELMIGNORE.to_owned());
    files.extend(parts.ci.iter().map(|values| ("ci/default-values.yaml".to_owned(), ci_values(values))));
    files
}

/// The rows of a table of values from a chart's schema and its defaults.
fn schema_rows(files: &Files) -> Vec<[String; 3]> {
    let text = |path: &str| files.get(path).map(String::as_str).unwrap_or_default();
    let schema: Json = serde_json::from_str(text("values.schema.json")).unwrap_or_default();
    let sources = Sources::new();
    let source = sources.add("values.yaml", text("values.yaml"), SourceKind::Builtin);
    let values = yaml::read(&sources, source, &ReadOptions::strict()).output.unwrap_or_default();
    let values = values.into_iter().next().map(|document| document.root);
    let mut rows = Vec::new();
    collect_rows(&schema, values.as_ref(), "", &mut rows);
    rows
}

fn collect_rows(schema: &Json, default: Option<&Node>, path: &str, rows: &mut Vec<[String; 3]>) {
    let properties = schema["properties"].as_object();
    let Some(properties) = properties.filter(|_| default.is_some_and(|node| node.as_map().is_some())) else {
        let doc = schema["description"].as_str().unwrap_or_default().to_owned();
        rows.push([path.to_owned(), doc, default.map_or_else(String::new, emit::flow_json)]);
        return;
    };
    for (key, schema) in properties.iter().filter(|(key, _)| !(path.is_empty() && *key == "global")) {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        collect_rows(schema, default.and_then(|node| node.get(key)), &inner, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_built_in_chart_leaves_empty_is_filled_in() {
        let texts = crate::chart::builtin_files("builtin:statefulset").unwrap();
        let (_, values) = texts.iter().find(|(path, _)| *path == "values.yaml").unwrap();
        for (empty, _) in BUILTIN_VALUES {
            assert_eq!(values.matches(empty).count(), 1, "{empty}");
        }
        let files = of_builtin("web", texts);
        assert!(
            files["README.md"].contains("| `image.tag` | Version; not `latest`."),
            "{}",
            files["README.md"]
        );
    }
}
