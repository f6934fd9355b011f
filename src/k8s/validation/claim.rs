//! Persistent volume claims, on their own and as templates: `pkg/apis/core/validation`.

use super::{At, Context};

/// `ValidatePersistentVolumeClaimSpec`: `spec` is the place of the claim's spec
/// (`spec.volumeClaimTemplates[0].spec` for a template).
pub(super) fn claim_spec(_spec: &At<'_, '_>, _cx: &mut Context<'_>) {}
