//! The `ConfigMap`s and Secrets that pods use.

use super::{Container, PodTemplate, items};
use plimsoll_yaml::Node;

/// A `ConfigMap` or Secret that a pod template uses.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigReference<'a> {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'a str,
    /// The path of the name, from the workload.
    pub path: String,
    /// The keys that have to be in it, each with its path; none if all of them are used, whatever they are.
    pub keys: Vec<(&'a str, String)>,
    /// Whether pods start without it, or without the keys.
    pub is_optional: bool,
    /// Where its data go.
    pub target: ConfigTarget<'a>,
}

/// Where a pod puts the data of a `ConfigMap` or Secret.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConfigTarget<'a> {
    /// A variable: `env`.
    Variable,
    /// Variables named by its keys: `envFrom`.
    Variables,
    /// The files of this volume.
    Volume(&'a Node),
}

impl<'a> PodTemplate<'a> {
    /// The `ConfigMap`s and Secrets that its containers and volumes use, in the order of the fields. Secrets with
    /// which images are pulled are not among them: pods start without those.
    pub fn config_references(self) -> Vec<ConfigReference<'a>> {
        let mut references = Vec::new();
        for container in self.all_containers() {
            for (index, variable) in container.env().iter().enumerate() {
                for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
                    let Some(source) = variable.at(&["valueFrom", field]) else { continue };
                    let path = container.path(&format!("env[{index}].valueFrom.{field}"));
                    let key =
                        source.get("key").and_then(Node::as_str).map(|key| (key, format!("{path}.key")));
                    references.extend(ConfigReference::new(
                        kind,
                        source,
                        "name",
                        &path,
                        key.into_iter().collect(),
                        ConfigTarget::Variable,
                    ));
                }
            }
            references.extend(env_from(container));
        }
        for (index, volume) in self.volumes().iter().enumerate() {
            let path = self.path(&format!("spec.volumes[{index}]"));
            references.extend(from_volume(volume, volume, &path, "secretName"));
            for (index, source) in items(volume.get("projected"), &["sources"]).iter().enumerate() {
                references.extend(from_volume(
                    volume,
                    source,
                    &format!("{path}.projected.sources[{index}]"),
                    "name",
                ));
            }
        }
        references
    }
}

fn env_from(container: Container<'_>) -> impl Iterator<Item = ConfigReference<'_>> {
    container.env_from().iter().enumerate().flat_map(move |(index, source)| {
        [("ConfigMap", "configMapRef"), ("Secret", "secretRef")].into_iter().filter_map(
            move |(kind, field)| {
                let path = container.path(&format!("envFrom[{index}].{field}"));
                ConfigReference::new(
                    kind,
                    source.get(field)?,
                    "name",
                    &path,
                    Vec::new(),
                    ConfigTarget::Variables,
                )
            },
        )
    })
}

/// What `volume` is filled from: by itself, or by `source`, if it is projected. Volumes call the name of a Secret
/// differently.
fn from_volume<'a>(
    volume: &'a Node,
    source: &'a Node,
    path: &str,
    secret_name: &'static str,
) -> Vec<ConfigReference<'a>> {
    let kinds = [("ConfigMap", "configMap", "name"), ("Secret", "secret", secret_name)];
    let references = kinds.into_iter().filter_map(|(kind, field, name)| {
        let path = format!("{path}.{field}");
        let source = source.get(field)?;
        let keys = items(Some(source), &["items"]).iter().enumerate();
        let keys = keys.filter_map(|(index, item)| {
            Some((item.get("key")?.as_str()?, format!("{path}.items[{index}].key")))
        });
        ConfigReference::new(kind, source, name, &path, keys.collect(), ConfigTarget::Volume(volume))
    });
    references.collect()
}

impl<'a> ConfigReference<'a> {
    /// The reference `source` at `path`; `None` if it names nothing.
    fn new(
        kind: &'static str,
        source: &'a Node,
        name: &str,
        path: &str,
        keys: Vec<(&'a str, String)>,
        target: ConfigTarget<'a>,
    ) -> Option<Self> {
        let named = source.get(name)?.as_str().filter(|name| !name.is_empty())?;
        let is_optional = source.get("optional").and_then(Node::as_bool) == Some(true);
        Some(Self { kind, name: named, path: format!("{path}.{name}"), keys, is_optional, target })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::super::{Workload, WorkloadKind};

    #[test]
    fn references_stand_in_variables_and_volumes() {
        let root = node(
            "{spec: {containers: [{env: [{valueFrom: {secretKeyRef: {name: a, key: k}}}], envFrom: [{configMapRef: {name: b, \
             optional: true}}]}], volumes: [{secret: {secretName: c, items: [{key: x}]}}, {projected: {sources: [{secret: \
             {name: d}}, {configMap: {name: e}}]}}, {secret: {}}]}}",
        );
        let template = Workload::new(WorkloadKind::Pod, &root).template();
        let references = template.config_references();
        let shown: Vec<_> = references
            .iter()
            .map(|reference| {
                let keys: Vec<_> =
                    reference.keys.iter().map(|(key, path)| format!("{key} at {path}")).collect();
                format!(
                    "{} {} at {} [{}] {}",
                    reference.kind,
                    reference.name,
                    reference.path,
                    keys.join(", "),
                    reference.is_optional
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "Secret a at spec.containers[0].env[0].valueFrom.secretKeyRef.name [k at \
                 spec.containers[0].env[0].valueFrom.secretKeyRef.key] false",
                "ConfigMap b at spec.containers[0].envFrom[0].configMapRef.name [] true",
                "Secret c at spec.volumes[0].secret.secretName [x at spec.volumes[0].secret.items[0].key] false",
                "Secret d at spec.volumes[1].projected.sources[0].secret.name [] false",
                "ConfigMap e at spec.volumes[1].projected.sources[1].configMap.name [] false",
            ]
        );
    }
}
