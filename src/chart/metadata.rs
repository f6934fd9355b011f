//! `Chart.yaml`.

use super::Constraint;
use crate::diag::Span;
use crate::yaml::Node;

/// `Chart.yaml`: typed, and as written.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// `apiVersion`: `v1` or `v2`; a missing one means `v1`.
    pub api_version: String,
    /// `name`.
    pub name: String,
    /// `version`, as written.
    pub version: String,
    /// `version`, understood: `v1.2` is 1.2.0.
    pub semver: semver::Version,
    /// `appVersion`, as Helm reads it: an unquoted `1.10` is `1.1`.
    pub app_version: Option<String>,
    /// `kubeVersion`: the cluster versions that the chart is made for.
    pub kube_version: Option<Constraint>,
    /// `type`.
    pub chart_type: ChartType,
    /// `description`.
    pub description: Option<String>,
    /// `home`.
    pub home: Option<String>,
    /// `icon`.
    pub icon: Option<String>,
    /// `keywords`.
    pub keywords: Vec<String>,
    /// `sources`.
    pub sources: Vec<String>,
    /// `maintainers`.
    pub maintainers: Vec<Maintainer>,
    /// `annotations`, in the order written.
    pub annotations: Vec<(String, String)>,
    /// `deprecated`.
    pub deprecated: bool,
    /// `condition` of the chart itself; Helm keeps and ignores it.
    pub condition: Option<String>,
    /// `tags` of the chart itself; Helm keeps and ignores it.
    pub tags: Option<String>,
    /// `dependencies`, of `requirements.yaml` too for `apiVersion: v1`.
    pub dependencies: Vec<Dependency>,
    /// `engine`: the explicit choice, if there is one.
    pub engine: Option<EngineKind>,
    /// The whole of `Chart.yaml` as written: what templates see of it by its own keys.
    pub node: Node,
}

/// What a chart is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartType {
    /// Renders manifests.
    Application,
    /// Only lends partials to other charts.
    Library,
}

/// The language of a chart's templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Tera with YAML-aware interpolation.
    Tera,
    /// Helm's language.
    GoTemplate,
}

/// One of `maintainers`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// `name`.
    pub name: String,
    /// `email`.
    pub email: Option<String>,
    /// `url`.
    pub url: Option<String>,
}

/// One of `dependencies`.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// `name`: the name in the sub-chart's `Chart.yaml`.
    pub name: String,
    /// `version`: a constraint on the sub-chart's version; `None` where none was given.
    pub version: Option<Constraint>,
    /// `repository`: kept for templates and lint, never contacted.
    pub repository: Option<String>,
    /// `condition`: value paths; the first that exists as a boolean decides.
    pub condition: Vec<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `alias`: the name it goes by in this chart.
    pub alias: Option<String>,
    /// `import-values`.
    pub import_values: Vec<ImportValues>,
    /// Where it is declared.
    pub span: Span,
}

impl Dependency {
    /// The name it goes by in the chart that declares it: the alias, else the name.
    pub fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// One of `import-values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportValues {
    /// The table in the sub-chart's values: `exports.data`.
    pub child: String,
    /// The table of the parent that takes it up; `.` is its root.
    pub parent: String,
    /// Where it is declared.
    pub span: Span,
}
