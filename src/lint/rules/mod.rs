//! The rules, one file each: `<group>/<name>.rs` holds the rule `<group>/<name>`.

mod chart;
mod image;
mod k8s;
mod lint;
mod sts;
mod values;
mod workload;
mod yaml;

pub(super) use lint::{INVALID_ALLOW, STALE_BASELINE, UNUSED_ALLOW};

use super::Lint;

/// Every rule, sorted by id.
pub(super) static ALL: &[&Lint] = &[
    &chart::BAD_CRD,
    &chart::BAD_MAINTAINER,
    &chart::BAD_URL,
    &chart::DEPENDENCY_VERSION,
    &chart::FIELD_NEEDS_V2,
    &chart::INDENTED_TEMPLATE,
    &chart::LOOSE_VERSION,
    &chart::MISSING_DEPENDENCY,
    &chart::NO_API_VERSION,
    &chart::NO_ICON,
    &chart::NO_TEMPLATES,
    &chart::NO_VALUES_FILE,
    &chart::RESOURCE_POLICY_IN_LIST,
    &chart::STRAY_TEMPLATE,
    &chart::UNCONVENTIONAL_NAME,
    &chart::UNDECLARED_DEPENDENCY,
    &chart::UNKNOWN_FIELD,
    &chart::UNQUOTED_APP_VERSION,
    &chart::UNUSED_PARTIAL,
    &chart::ZERO_VERSION,
    &k8s::DUPLICATE_OBJECT,
    &lint::INVALID_ALLOW,
    &lint::STALE_BASELINE,
    &lint::UNUSED_ALLOW,
    &sts::CLAIM_NOT_MOUNTED,
    &sts::CLAIMS_DELETED_ON_SCALE_DOWN,
    &sts::DATA_ON_EMPTY_DIR,
    &sts::IDLE_PARTITION,
    &sts::MISSING_SERVICE,
    &sts::NAME_TOO_LONG,
    &sts::NEEDLESS_TOKEN,
    &sts::NO_CLAIM_TEMPLATE,
    &sts::NO_DISRUPTION_BUDGET,
    &sts::NO_GRACE_PERIOD,
    &sts::NO_LIVENESS_PROBE,
    &sts::NO_MEMORY_LIMIT,
    &sts::NO_READINESS_PROBE,
    &sts::NO_REQUESTS,
    &sts::NO_STARTUP_PROBE,
    &sts::NO_STORAGE_CLASS,
    &sts::ON_DELETE,
    &sts::ORDERED_READY_DEADLOCK,
    &sts::OVERLAPPING_SELECTORS,
    &sts::PARALLEL_CLUSTER,
    &sts::SERVICE_NOT_HEADLESS,
    &sts::SERVICE_SELECTS_NOTHING,
    &sts::SERVICE_SELECTS_SEVERAL,
    &sts::SHADOWED_VOLUME,
    &sts::STRICT_LIVENESS,
    &sts::UNPUBLISHED_PEERS,
    &sts::UNSTABLE_CLAIM_LABEL,
    &sts::UNSTABLE_POD_LABEL,
    &sts::UNSTABLE_SELECTOR,
    &values::NO_SCHEMA,
    &values::SCHEMA_REFUSES_DEFAULTS,
    &values::UNDECLARED,
    &values::UNREAD,
    &workload::BLOCKING_DISRUPTION_BUDGET,
    &workload::FLOATING_IMAGE_TAG,
    &workload::REPLICAS_WITH_AUTOSCALER,
    &workload::SECRET_IN_ENV,
    &workload::SHARED_CLAIM,
    &workload::UNKNOWN_PORT,
    &yaml::IMPLICIT_BOOLEAN,
    &yaml::IMPLICIT_NUMBER,
    &yaml::OCTAL_NUMBER,
    &yaml::TAB,
];
