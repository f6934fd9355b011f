//! What `helm install --dry-run --debug` prints, without the clock.

use super::{Options, Render, emit};
use crate::values::Computed;
use crate::yaml::emit as yaml;
use std::fmt::Write as _;

/// The dry-run report: names and status, the values given and computed, hooks, manifest, notes.
pub fn dry_run(
    render: &Render,
    computed: &Computed,
    options: &Options,
    selection: &emit::Selection,
) -> String {
    let release = &options.release;
    let mut out = String::new();
    let status = if release.is_upgrade { "pending-upgrade" } else { "pending-install" };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "NAME: {}\nNAMESPACE: {}\nSTATUS: {status}\nREVISION: {}\n",
        release.name, release.namespace, release.revision
    );
    let _ = write!(out, "USER-SUPPLIED VALUES:\n{}\n", yaml::helm(&computed.user));
    let _ = write!(out, "COMPUTED VALUES:\n{}\n", yaml::helm(&*computed.root.values));
    out.push_str("HOOKS:\n");
    let hooks: Vec<_> = render.hooks.iter().filter(|document| selection.wants_hook(document)).collect();
    out.push_str(&emit::stream(&hooks));
    out.push_str("MANIFEST:\n");
    let crds = render.crds.iter().filter(|_| selection.include_crds);
    let manifest: Vec<_> = crds.chain(&render.manifest).collect();
    out.push_str(&emit::stream(&manifest));
    if let Some(notes) = &render.notes {
        let _ = write!(out, "\nNOTES:\n{}\n", notes.trim_end());
    }
    out
}
