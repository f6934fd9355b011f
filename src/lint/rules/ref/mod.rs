//! `ref/*`: names that lead nowhere. The API server checks none of them; the pods, the controller or the traffic find
//! out.
//!
//! What is not in the release may be in the cluster. So a missing object is info, unless the release itself holds what
//! the name was meant for, and `--assume` names what is there. What is certain, such as a key that the release's own
//! Secret does not have, is an error.

super::group! {
    budget_selects_nothing: BUDGET_SELECTS_NOTHING,
    missing_backend: MISSING_BACKEND,
    missing_claim: MISSING_CLAIM,
    missing_config_map: MISSING_CONFIG_MAP,
    missing_key: MISSING_KEY,
    missing_role: MISSING_ROLE,
    missing_scale_target: MISSING_SCALE_TARGET,
    missing_secret: MISSING_SECRET,
    missing_service_account: MISSING_SERVICE_ACCOUNT,
}

mod prelude {
    pub(super) use super::Reference;
    pub(super) use crate::diag::{Diagnostic, Severity};
    pub(super) use crate::lint::finding::{finding, locate};
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::release::Release;
    pub(super) use crate::manifest::Object;
    pub(super) use crate::yaml::Node;
}

use crate::diag::{Diagnostic, Severity, nearest};
use crate::lint::Lint;
use crate::lint::finding::finding;
use crate::lint::release::Release;
use crate::manifest::Object;

/// A name that an object gives of another one in its namespace.
struct Reference<'a> {
    /// Who names it.
    from: &'a Object,
    /// The path of the name there.
    path: String,
    /// The API group of the named object.
    group: &'a str,
    /// Its kind.
    kind: &'a str,
    /// Its name.
    name: &'a str,
}

impl Reference<'_> {
    /// Whether the release holds the object, makes it, or may assume it.
    fn is_met(&self, release: &Release<'_>) -> bool {
        release.named(self.group, self.kind, self.name, self.from).is_some()
            || release.is_assumed(self.group, self.kind, self.name)
            || release.is_named_by_custom_object(self.name)
    }

    /// What is to be said of a reference that is not [met](Self::is_met): a warning if an object of the release was
    /// probably meant, and else info.
    fn missing(&self, release: &Release<'_>, rule: &'static Lint, consequence: &str) -> Diagnostic {
        let Self { from, group, kind, name, .. } = *self;
        let known = release.objects_of_kind(group, kind).map(|object| object.name.as_str());
        let near = nearest(name, known);
        let mut finding = finding(
            rule,
            from,
            self.path.clone(),
            format!("{kind} `{name}` is not in the release: {consequence}"),
        );
        finding.severity = if near.is_some() { Severity::Warning } else { Severity::Info };
        match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!(
                "if the cluster has it: `--assume {kind}/{name}`, or `assume` in `plimsoll.toml`"
            )),
        }
    }
}

/// The `ConfigMap`s or Secrets that pods need and the release does not hold.
fn check_config(release: &Release<'_>, kind: &'static str, rule: &'static Lint, found: &mut Vec<Diagnostic>) {
    if release.is_partial() {
        return;
    }
    for workload in release.started_workloads() {
        let mut seen = Vec::new();
        for needed in workload.template().config_references() {
            if needed.kind != kind || needed.is_optional || seen.contains(&needed.name) {
                continue;
            }
            seen.push(needed.name);
            let reference =
                Reference { from: workload.object, path: needed.path, group: "", kind, name: needed.name };
            if !reference.is_met(release) {
                found.push(reference.missing(release, rule, "without it the pods do not start"));
            }
        }
    }
}
