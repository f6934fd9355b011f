//! `vars`: values of fields that replace `$(NAME)` in others, once everything is built.

use super::Builder;
use super::configuration::OwnField;
use super::fields::FieldSpec;
use super::file::Kustomization;
use super::resource::Resource;
use super::values::{is_selected, read_field};
use crate::diag::Span;
use crate::yaml::{Node, Value};
use std::collections::BTreeMap;

/// The variables of all kustomizations, and where they are replaced besides kustomize's own list of fields.
#[derive(Debug, Default)]
pub(super) struct Variables {
    declared: Vec<Variable>,
    pub(super) fields: Vec<OwnField>,
}

#[derive(Debug)]
struct Variable {
    name: String,
    /// The object, as the selector of a replacement names it.
    object: Node,
    field: String,
    span: Span,
}

/// Where a pod is described, by the kind that has it.
const POD_SPECS: [(&str, &str); 7] = [
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("Pod", "spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
];

/// The fields of a pod.
const POD_FIELDS: [&str; 9] = [
    "containers/args",
    "containers/command",
    "containers/env/value",
    "containers/volumeMounts/mountPath",
    "initContainers/args",
    "initContainers/command",
    "initContainers/env/value",
    "initContainers/volumeMounts/mountPath",
    "volumes/nfs/server",
];

/// The other fields.
static FIELDS: [FieldSpec<'static>; 9] = [
    FieldSpec::of("Deployment", "spec/template/metadata/annotations", false),
    FieldSpec::of("Ingress", "spec/rules/host", false),
    FieldSpec::of("Ingress", "spec/tls/hosts", false),
    FieldSpec::of("Ingress", "spec/tls/secretName", false),
    FieldSpec::of("PersistentVolume", "spec/nfs/server", false),
    FieldSpec::of("Service", "spec/ports/port", false),
    FieldSpec::of("Service", "spec/ports/targetPort", false),
    FieldSpec::of("", "metadata/annotations", false),
    FieldSpec::of("", "metadata/labels", false),
];

impl Builder<'_> {
    /// Notes the variables of a kustomization.
    pub(super) fn declare_variables(&mut self, kustomization: &Kustomization) {
        for entry in kustomization.list("vars") {
            let (Some(name), Some(object)) = (entry.get("name").and_then(Node::as_str), entry.get("objref"))
            else {
                self.fail("a variable needs `name` and `objref`".to_owned(), entry.span);
                continue;
            };
            let field = entry.at(&["fieldref", "fieldpath"]).or_else(|| entry.at(&["fieldref", "fieldPath"]));
            self.variables.declared.push(Variable {
                name: name.to_owned(),
                object: object.clone(),
                field: field.and_then(Node::as_str).unwrap_or("metadata.name").to_owned(),
                span: entry.span,
            });
        }
    }

    /// Replaces the variables in everything that was built.
    pub(super) fn replace_variables(&mut self, resources: &mut [Resource]) {
        let Variables { declared, fields } = std::mem::take(&mut self.variables);
        if declared.is_empty() {
            return;
        }
        let mut values: BTreeMap<String, Node> = BTreeMap::new();
        for variable in declared {
            let value = resources
                .iter_mut()
                .find(|resource| is_selected(resource, &variable.object))
                .and_then(|resource| read_field(resource, &variable.field));
            let Some(value) = value else {
                let message = format!("the field of the variable `{}` does not exist", variable.name);
                self.miss(message, variable.span);
                continue;
            };
            values.insert(variable.name, value);
        }
        for resource in resources {
            let pod = POD_SPECS.iter().find(|(kind, _)| *kind == resource.kind());
            if let Some((kind, spec)) = pod {
                for field in POD_FIELDS {
                    let path = format!("{spec}/{field}");
                    FieldSpec::of(kind, &path, false).each(resource, &mut |node| expand(node, &values));
                }
            }
            for spec in &FIELDS {
                spec.each(resource, &mut |node| expand(node, &values));
            }
            for field in &fields {
                field.each(resource, &mut |node| expand(node, &values));
            }
        }
    }
}

/// Replaces the variables in the texts of a value.
fn expand(node: &mut Node, values: &BTreeMap<String, Node>) {
    match &mut node.value {
        Value::String(text) => {
            let whole = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
            match whole.and_then(|name| values.get(name)) {
                // A number stays one.
                Some(value) => node.value = value.value.clone(),
                None => *text = expand_text(text, values),
            }
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| expand(item, values)),
        Value::Map(map) => {
            for entry in map {
                if entry.value.as_str().is_some() {
                    expand(&mut entry.value, values);
                }
            }
        }
        _ => {}
    }
}

/// `$(NAME)` is the value, `$$` a dollar sign; what is not known remains.
fn expand_text(text: &str, values: &BTreeMap<String, Node>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match values.get(name).and_then(crate::k8s::merge::scalar_text) {
                Some(value) => out.push_str(&value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_expanded_as_kubernetes_expands_them() {
        let values = BTreeMap::from([("A".to_owned(), Node::bare("x")), ("N".to_owned(), Node::bare(5_i64))]);
        let expanded = |text: &str| expand_text(text, &values);
        assert_eq!(expanded("$(A)-$(N)/$(B)"), "x-5/$(B)");
        assert_eq!(expanded("$$(A) $A $( $"), "$(A) $A $( $");
        let mut node = Node::bare("$(N)");
        expand(&mut node, &values);
        assert_eq!(node.as_i64(), Some(5));
    }
}
