//! `chart/*`: what is wrong with a chart's files, whatever the values. Everything `helm lint` checks is
//! here, or is refused when the chart is loaded.

super::group! {
    bad_crd: BAD_CRD,
    bad_maintainer: BAD_MAINTAINER,
    bad_url: BAD_URL,
    field_needs_v2: FIELD_NEEDS_V2,
    indented_template: INDENTED_TEMPLATE,
    loose_version: LOOSE_VERSION,
    misread: MISREAD,
    no_api_version: NO_API_VERSION,
    no_icon: NO_ICON,
    no_templates: NO_TEMPLATES,
    no_values_file: NO_VALUES_FILE,
    random_value: RANDOM_VALUE,
    render_failed: RENDER_FAILED,
    resource_policy_in_list: RESOURCE_POLICY_IN_LIST,
    stray_template: STRAY_TEMPLATE,
    unconventional_name: UNCONVENTIONAL_NAME,
    undeclared_dependency: UNDECLARED_DEPENDENCY,
    unknown_field: UNKNOWN_FIELD,
    unquoted_app_version: UNQUOTED_APP_VERSION,
    unused_partial: UNUSED_PARTIAL,
    zero_version: ZERO_VERSION,
}

/// What nearly every rule here uses.
mod prelude {
    pub(super) use super::{first_key, is_url};
    pub(super) use crate::diag::{Diagnostic, Span, nearest};
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::subject::ChartSubject;
    pub(super) use crate::yaml::Node;
}

pub(in crate::lint) use {misread::MISREAD, render_failed::RENDER_FAILED};

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
