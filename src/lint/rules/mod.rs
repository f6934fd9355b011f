//! The rules, one file each: `<group>/<name>.rs` holds the rule `<group>/<name>`.

/// Declares the rules of a group: each is a file, and the static in it. Sorted as the ids are.
macro_rules! group {
    ($($file:ident: $rule:ident,)*) => {
        $(mod $file;)*

        /// The rules of the group, sorted by id.
        pub(super) static RULES: &[&crate::lint::Lint] = &[$(&$file::$rule,)*];
    };
}
use group;

mod chart;
mod k8s;
mod kustomize;
mod lint;
mod pod;
mod pod_security;
mod rbac;
mod r#ref;
mod requests;
mod sts;
mod values;
mod workload;
mod yaml;

pub(super) use chart::{MISREAD as MISREAD_CHART, RENDER_FAILED};
pub(super) use k8s::DUPLICATE_OBJECT;
pub(super) use kustomize::{BUILD_FAILED, NOT_READ};
pub(super) use lint::{INVALID_ALLOW, STALE_BASELINE, UNUSED_ALLOW};
pub(super) use yaml::{MISREAD as MISREAD_FILE, SYNTAX, UNREADABLE};

use super::Lint;
use crate::diag::Rule;
use std::sync::LazyLock;

/// Every rule, sorted by id.
pub(super) static ALL: LazyLock<Vec<&Lint>> = LazyLock::new(|| {
    let groups = [
        chart::RULES,
        k8s::RULES,
        kustomize::RULES,
        lint::RULES,
        pod_security::RULES,
        pod::RULES,
        rbac::RULES,
        r#ref::RULES,
        sts::RULES,
        values::RULES,
        workload::RULES,
        yaml::RULES,
    ];
    groups.concat()
});

/// The rules about what cannot be read or rendered.
pub(super) static INPUT: [&Rule; 4] =
    [&BUILD_FAILED.rule, &RENDER_FAILED.rule, &SYNTAX.rule, &UNREADABLE.rule];
