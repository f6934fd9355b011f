//! `workload/*`: what any workload suffers from in production, a StatefulSet or not. The API server accepts all of it.

super::group! {
    blocking_disruption_budget: BLOCKING_DISRUPTION_BUDGET,
    exclusive_claim: EXCLUSIVE_CLAIM,
    floating_image_tag: FLOATING_IMAGE_TAG,
    replicas_with_autoscaler: REPLICAS_WITH_AUTOSCALER,
    secret_in_env: SECRET_IN_ENV,
    shared_claim: SHARED_CLAIM,
    short_lived_endpoint: SHORT_LIVED_ENDPOINT,
    unknown_port: UNKNOWN_PORT,
}

mod prelude {
    pub(super) use crate::diag::Diagnostic;
    pub(super) use crate::lint::finding::{finding, locate};
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::release::{Budget, Release, Service, Workload};
    pub(super) use crate::yaml::Node;
}
