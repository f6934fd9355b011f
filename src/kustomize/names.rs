//! `namespace`, `namePrefix` and `nameSuffix`.

use super::configuration::OwnField;
use super::fields::{FieldSpec, text};
use super::resource::Resource;
use crate::diag::Span;
use crate::yaml::Node;

/// Kinds whose names are not free.
const UNCHANGED: [&str; 3] = ["APIService", "CustomResourceDefinition", "Namespace"];

/// Where objects name a namespace besides their own.
static NAMESPACES: [FieldSpec<'static>; 2] = [
    FieldSpec::of("APIService", "spec/service/namespace", false),
    FieldSpec::of(
        "CustomResourceDefinition",
        "spec/conversion/webhook/clientConfig/service/namespace",
        false,
    ),
];

/// Puts every object that lives in a namespace into this one.
pub(super) fn set_namespace(resources: &mut [Resource], namespace: &str, span: Span, fields: &[OwnField]) {
    for resource in resources {
        resource.remember();
        if resource.kind() == "Namespace" && resource.object.group().is_empty() {
            resource.set_name(namespace.to_owned());
        } else if resource.is_namespaced() {
            resource.set_namespace(namespace, span);
        }
        for spec in &NAMESPACES {
            spec.each(resource, &mut |node| *node = text(namespace, span));
        }
        for field in fields {
            field.each(resource, &mut |node| *node = text(namespace, span));
        }
        if ["RoleBinding", "ClusterRoleBinding"].contains(&resource.kind()) {
            set_subjects(resource, namespace, span);
        }
    }
}

/// The default account is that of the namespace; the others follow their objects.
fn set_subjects(resource: &mut Resource, namespace: &str, span: Span) {
    let subjects = FieldSpec::of("", "subjects", false);
    subjects.each(resource, &mut |node| {
        let crate::yaml::Value::Seq(items) = &mut node.value else { return };
        for item in items {
            let is = |key: &str, value: &str| item.get(key).and_then(Node::as_str) == Some(value);
            if is("kind", "ServiceAccount")
                && is("name", "default")
                && let Some(map) = item.as_map_mut()
            {
                map.insert("namespace", span, text(namespace, span));
            }
        }
    });
}

/// Puts a prefix before every name.
pub(super) fn add_prefix(resources: &mut [Resource], prefix: &str) {
    rename(resources, prefix, |name| format!("{prefix}{name}"));
}

/// Puts a suffix behind every name.
pub(super) fn add_suffix(resources: &mut [Resource], suffix: &str) {
    rename(resources, suffix, |name| format!("{name}{suffix}"));
}

fn rename(resources: &mut [Resource], affix: &str, change: impl Fn(&str) -> String) {
    for resource in resources {
        if UNCHANGED.contains(&resource.kind()) || resource.name().is_empty() {
            continue;
        }
        resource.remember();
        let name = change(resource.name());
        resource.set_name(name);
        resource.affixes.push(affix.to_owned());
    }
}
