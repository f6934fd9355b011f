//! What templates see of `Chart.yaml`, and of `requirements.yaml` for charts of `apiVersion: v1`.

use super::map;
use crate::gotmpl::Value;
use crate::yaml::Commented;

/// A dependency as it is declared.
#[derive(Debug, Clone)]
pub(super) struct Requirement {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) repository: String,
    pub(super) alias: String,
}

impl Requirement {
    /// The dependencies that a file declares, sorted by repository and name.
    pub(super) fn all(file: Option<&Commented>) -> Vec<Self> {
        let declared =
            file.and_then(|file| file.get("dependencies")).map(Commented::items).unwrap_or_default();
        let mut all: Vec<Self> = declared
            .iter()
            .map(|node| Self {
                name: text(Some(node), "name"),
                version: text(Some(node), "version"),
                repository: text(Some(node), "repository"),
                alias: text(Some(node), "alias"),
            })
            .collect();
        all.sort_by_cached_key(|item| format!("{}/{}", item.repository, item.name));
        all
    }

    /// The name that it goes by in the chart.
    pub(super) fn key(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    fn value(&self) -> Value {
        map([
            ("Name", Value::str(&self.name)),
            ("Version", Value::str(&self.version)),
            ("Repository", Value::str(&self.repository)),
            ("Alias", Value::str(&self.alias)),
        ])
    }
}

/// The text of a field as it is written: `1.10` stays `1.10`. Empty for null.
pub(super) fn text(node: Option<&Commented>, name: &str) -> String {
    node.and_then(|node| node.get(name)).map(scalar).unwrap_or_default()
}

fn scalar(node: &Commented) -> String {
    let node = node.resolved();
    let is_null = matches!(node.content, crate::yaml::Content::Scalar(_, crate::yaml::Value::Null));
    if is_null { String::new() } else { node.text().unwrap_or_default().to_owned() }
}

/// The fields of a chart.
pub(super) fn fields(chart: Option<&Commented>, requirements: &[Requirement]) -> Vec<(&'static str, Value)> {
    const TEXTS: [(&str, &str); 9] = [
        ("ApiVersion", "apiVersion"),
        ("AppVersion", "appVersion"),
        ("KubeVersion", "kubeVersion"),
        ("Name", "name"),
        ("Description", "description"),
        ("Version", "version"),
        ("Home", "home"),
        ("Type", "type"),
        ("Engine", "engine"),
    ];
    let items =
        |name: &str| chart.and_then(|chart| chart.get(name)).map(Commented::items).unwrap_or_default();
    let maintainers = items("maintainers").iter().map(|node| {
        let field = |name| Value::str(&text(Some(node), name));
        map([("Name", field("name")), ("Email", field("email")), ("Url", field("url"))])
    });
    let sources = items("sources").iter().map(|node| Value::str(&scalar(node)));
    let mut fields: Vec<(&'static str, Value)> =
        TEXTS.iter().map(|(field, name)| (*field, Value::str(&text(chart, name)))).collect();
    fields.extend([
        ("Deprecated", Value::Bool(text(chart, "deprecated") == "true")),
        ("Sources", Value::list(sources.collect())),
        ("Maintainers", Value::list(maintainers.collect())),
        ("Dependencies", Value::list(requirements.iter().map(Requirement::value).collect())),
    ]);
    fields
}
