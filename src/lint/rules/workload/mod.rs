//! `workload/*`: what any workload suffers from in production, a StatefulSet or not. The API server accepts all of it.

mod blocking_disruption_budget;
mod floating_image_tag;
mod replicas_with_autoscaler;
mod secret_in_env;
mod shared_claim;
mod unknown_port;

pub(in crate::lint) use blocking_disruption_budget::BLOCKING_DISRUPTION_BUDGET;
pub(in crate::lint) use floating_image_tag::FLOATING_IMAGE_TAG;
pub(in crate::lint) use replicas_with_autoscaler::REPLICAS_WITH_AUTOSCALER;
pub(in crate::lint) use secret_in_env::SECRET_IN_ENV;
pub(in crate::lint) use shared_claim::SHARED_CLAIM;
pub(in crate::lint) use unknown_port::UNKNOWN_PORT;

mod prelude {
    pub(super) use crate::diag::Diagnostic;
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::subject::{Release, Workload, finding, items_of, locate};
    pub(super) use crate::manifest::Object;
    pub(super) use crate::yaml::Node;
}
