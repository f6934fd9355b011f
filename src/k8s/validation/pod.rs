//! Pods and pod templates: `pkg/apis/core/validation` from `ValidatePodTemplateSpec` down.

use super::{At, Context};

/// `ValidatePodTemplateSpec`: `template` is the place of the whole template (`spec.template`).
pub(super) fn template_spec(_template: &At<'_, '_>, _cx: &mut Context<'_>) {}

/// `ValidatePodTemplateSpec` for a `StatefulSet`: its claim templates, whose names are `claims`, become volumes
/// in front of the template's own and replace those of the same name.
pub(super) fn template_spec_with_claims(_template: &At<'_, '_>, _claims: &[&str], _cx: &mut Context<'_>) {}
