//! `chart/*`: what is wrong with a chart's files, whatever the values. Everything `helm lint` checks is
//! here, or is refused when the chart is loaded.

mod bad_crd;
mod bad_maintainer;
mod bad_url;
mod dependency_version;
mod field_needs_v2;
mod indented_template;
mod loose_version;
mod missing_dependency;
mod no_api_version;
mod no_icon;
mod no_templates;
mod no_values_file;
mod resource_policy_in_list;
mod stray_template;
mod unconventional_name;
mod undeclared_dependency;
mod unknown_field;
mod unquoted_app_version;
mod unused_partial;
mod zero_version;

pub(in crate::lint) use bad_crd::BAD_CRD;
pub(in crate::lint) use bad_maintainer::BAD_MAINTAINER;
pub(in crate::lint) use bad_url::BAD_URL;
pub(in crate::lint) use dependency_version::DEPENDENCY_VERSION;
pub(in crate::lint) use field_needs_v2::FIELD_NEEDS_V2;
pub(in crate::lint) use indented_template::INDENTED_TEMPLATE;
pub(in crate::lint) use loose_version::LOOSE_VERSION;
pub(in crate::lint) use missing_dependency::MISSING_DEPENDENCY;
pub(in crate::lint) use no_api_version::NO_API_VERSION;
pub(in crate::lint) use no_icon::NO_ICON;
pub(in crate::lint) use no_templates::NO_TEMPLATES;
pub(in crate::lint) use no_values_file::NO_VALUES_FILE;
pub(in crate::lint) use resource_policy_in_list::RESOURCE_POLICY_IN_LIST;
pub(in crate::lint) use stray_template::STRAY_TEMPLATE;
pub(in crate::lint) use unconventional_name::UNCONVENTIONAL_NAME;
pub(in crate::lint) use undeclared_dependency::UNDECLARED_DEPENDENCY;
pub(in crate::lint) use unknown_field::UNKNOWN_FIELD;
pub(in crate::lint) use unquoted_app_version::UNQUOTED_APP_VERSION;
pub(in crate::lint) use unused_partial::UNUSED_PARTIAL;
pub(in crate::lint) use zero_version::ZERO_VERSION;

/// What nearly every rule here uses.
mod prelude {
    pub(super) use super::{first_key, is_url};
    pub(super) use crate::diag::{Diagnostic, Span, nearest};
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::subject::ChartSubject;
    pub(super) use crate::yaml::Node;
}

use crate::diag::Span;
use crate::values::Scope;

/// The place of what `Chart.yaml` lacks: its name, else its first key.
fn first_key(scope: &Scope) -> Span {
    let node = &scope.chart.metadata.node;
    let name = node.get("name").map(|name| name.span);
    name.or_else(|| Some(node.as_map()?.iter().next()?.key_span)).unwrap_or(node.span)
}

/// Whether a text is an absolute URL: a scheme, `://`, a host, and nothing that a URL cannot hold.
fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(plain)
            && !rest.is_empty()
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    }) || text.starts_with("data:image/")
}
