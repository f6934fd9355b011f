//! Pods and pod templates: `pkg/apis/core/validation` from `ValidatePodTemplateSpec` down.

use super::{At, Context};

/// `ValidatePodTemplateSpec`: `template` is the place of the whole template (`spec.template`).
#[expect(dead_code, reason = "called by the kinds that hold one")]
pub(super) fn template_spec(_template: &At<'_, '_>, _cx: &mut Context<'_>) {}
