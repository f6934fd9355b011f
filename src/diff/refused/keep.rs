//! The values that a manifest can keep, so that nothing has to be replaced.

use super::super::fields::{self, FieldChange, FieldPath, Step};
use super::super::instructions::{Instruction, KeptField, KeptValue};
use super::Context;
use crate::diag::Span;
use crate::diag::escape::is_unprintable;
use crate::k8s::merge::scalar_text;
use crate::k8s::update::{VOLUME_MUTABLE, stateful_set_mutable};
use crate::k8s::views::WorkloadKind;
use crate::yaml::{Node, emit};

/// How many fields are listed.
const MOST: usize = 8;
/// The longest value that is shown.
const LONGEST: usize = 80;

impl Context<'_> {
    /// The refused fields with their old values; nothing if they are not known or too many.
    pub(super) fn keep(&self) -> Vec<Instruction> {
        let kept: Vec<KeptField> = self.refused_changes().iter().map(|change| self.kept(change)).collect();
        if (1..=MOST).contains(&kept.len()) { vec![Instruction::Keep(kept)] } else { Vec::new() }
    }

    /// The changes that the server objects to.
    pub(super) fn refused_changes(&self) -> Vec<FieldChange> {
        let kind = self.new.kind.as_str();
        let workload = WorkloadKind::from_object(self.new);
        let all = fields::compare(kind, self.live, self.merged);
        let mut changes = all.clone();
        changes.retain(|change| {
            let mut fields = change.path.fields();
            match (workload, kind, fields.next(), fields.next()) {
                (Some(WorkloadKind::StatefulSet), _, Some("spec"), Some(field)) => {
                    !stateful_set_mutable(self.kubectl.version).contains(&field)
                }
                (Some(WorkloadKind::Pod), _, Some("spec"), Some(field)) => {
                    !POD_MUTABLE.contains(&field) && fields.next() != Some("image")
                }
                (_, "PersistentVolume", Some("spec"), Some(field)) => {
                    matches!(field, "volumeMode" | "nodeAffinity") && self.is_named(&change.path)
                        || !VOLUME_MUTABLE.contains(&field)
                }
                (_, "PersistentVolumeClaim", Some("spec"), Some(field)) => {
                    !CLAIM_MUTABLE.contains(&field) || self.is_named(&change.path)
                }
                _ => self.is_named(&change.path),
            }
        });
        // Of a claim that is not bound not even the size can change.
        if kind == "PersistentVolumeClaim" && changes.is_empty() {
            changes = all;
            changes.retain(|change| change.path.starts_with(&["spec"]));
        }
        changes
    }

    /// Whether a reason of the server names the field, or one above or below it.
    fn is_named(&self, path: &FieldPath) -> bool {
        let changed: Vec<&str> = path.fields().collect();
        self.plan.reasons.iter().any(|reason| {
            let steps = reason.path.split('.').map(|step| step.split('[').next().unwrap_or(step));
            // The server names the list of addresses, a manifest the first of them.
            let named = steps.map(|step| if step == "clusterIPs" { "clusterIP" } else { step });
            // Of what is said about an object as a whole nothing follows for a field.
            !reason.path.is_empty() && reason.path != "spec" && named.zip(&changed).all(|(a, b)| a == *b)
        })
    }

    fn kept(&self, change: &FieldChange) -> KeptField {
        let value = match &change.old {
            None => KeptValue::Absent,
            Some(_) if self.new.kind == "Secret" && !change.path.starts_with(&["type"]) => KeptValue::Unshown,
            Some(node) => shown(node).map_or(KeptValue::Unshown, KeptValue::Text),
        };
        let span = span_of(&self.new.root, &change.path);
        KeptField { path: change.path.named(), value, span, origin: None }
    }

    /// The same for one field.
    pub(super) fn keep_field(&self, path: &[&str]) -> Vec<Instruction> {
        let steps = path.iter().map(|field| Step::Field((*field).to_owned())).collect();
        let old = self.live.at(path).cloned();
        let change = FieldChange { path: FieldPath(steps), old, new: None, order: false, is_random: false };
        vec![Instruction::Keep(vec![self.kept(&change)])]
    }
}

const CLAIM_MUTABLE: [&str; 2] = ["resources", "volumeAttributesClassName"];
const POD_MUTABLE: [&str; 3] = ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"];

/// A value on one line, if it fits.
fn shown(node: &Node) -> Option<String> {
    let text = match node.as_str() {
        Some(text) => emit::scalar(text, crate::yaml::Context::Block).into_owned(),
        None => scalar_text(node).map_or_else(|| emit::flow_json(node), std::borrow::Cow::into_owned),
    };
    (text.len() <= LONGEST && !text.contains(is_unprintable)).then_some(text)
}

/// Where a manifest writes a field; [`Span::NONE`] if it does not.
fn span_of(manifest: &Node, path: &FieldPath) -> Span {
    let step = |node: &'_ Node, step: &Step| -> Option<Node> {
        match step {
            Step::Field(name) => node.get(name).cloned(),
            Step::Item { index, .. } => node.items().get(*index).cloned(),
        }
    };
    let found = path.0.iter().try_fold(manifest.clone(), |node, part| step(&node, part));
    found.map_or(Span::NONE, |node| node.span)
}
