//! Server-side apply of one object: [`crate::k8s::managed`] merges by field ownership.

use super::driver::Applier;
use super::fields::FieldPath;
use super::three_way::{Fault, Merged};
use super::{Cause, Reason};
use crate::k8s::encode;
use crate::k8s::managed::{self, Applied, ApplyError, Managed, Target, upgrade_client_side_apply};
use crate::yaml::Node;

/// What a manager applies, and where.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) target: Target<'a>,
    pub(super) applier: Applier,
}

impl Request<'_> {
    /// Applies `new` over `live`, an object read from a cluster with its managed fields.
    pub(super) fn over_live(&self, live: &Node, new: &Node) -> Merged {
        let owners = Managed::of_object(live).unwrap_or_default();
        merged(live, self.send(Some(live), &owners, new))
    }

    /// Applies `new` over `stored`, which the same manager made from `old`.
    pub(super) fn over_own(&self, group: &str, stored: &Node, old: &Node, new: &Node) -> Merged {
        let mut written = stored.clone();
        encode(group, self.target.kind, &mut written);
        if let Some(map) = written.as_map_mut() {
            for (key, value) in [("apiVersion", self.target.api_version), ("kind", self.target.kind)] {
                map.insert(key, crate::diag::Span::NONE, Node::bare(value));
            }
        }
        if let Ok(created) = self.send(None, &Managed::default(), old) {
            return merged(stored, self.send(Some(&written), &created.managed, new));
        }
        // This manager cannot have made the object: whoever did is not known, so no conflict is either.
        let owners = managed::update(&self.target, None, &Managed::default(), &written, "unknown");
        let forced = Self { applier: Applier { force: true, ..self.applier }, ..*self };
        merged(stored, forced.send(Some(&written), &owners, new))
    }

    /// Why the server refuses to merge `new` into an object that does not exist.
    pub(super) fn creation_fault(&self, new: &Node) -> Option<Fault> {
        self.send(None, &Managed::default(), new).err().map(|error| fault(&error))
    }

    /// `kubectl` applies twice if client-side apply made the object: it takes over the fields of that, then removes those
    /// that the manifest no longer has (`migrateToSSAIfNecessary`).
    fn send(&self, live: Option<&Node>, owners: &Managed, config: &Node) -> Result<Applied, ApplyError> {
        let Applier { name, force } = self.applier;
        let mut config = config.clone();
        crate::k8s::patch::as_json(&mut config);
        let apply = |live, owners: &Managed| managed::apply(&self.target, live, owners, &config, name, force);
        let applied = apply(live, owners)?;
        let upgraded =
            (name == "kubectl").then(|| upgrade_client_side_apply(&applied.managed, name)).flatten();
        match upgraded {
            Some(upgraded) => apply(Some(&applied.object), &upgraded),
            None => Ok(applied),
        }
    }
}

fn merged(live: &Node, result: Result<Applied, ApplyError>) -> Merged {
    match result {
        Ok(applied) => Merged { root: applied.object, fault: None },
        Err(error) => Merged { root: live.clone(), fault: Some(fault(&error)) },
    }
}

fn fault(error: &ApplyError) -> Fault {
    let reasons = match error {
        ApplyError::Conflicts(conflicts) => conflicts
            .iter()
            .map(|conflict| Reason {
                path: conflict.path.to_string().trim_start_matches('.').to_owned(),
                message: format!("conflict with {} (409 Conflict)", conflict.manager),
                cause: Cause::Conflict,
            })
            .collect(),
        error => vec![Reason { path: String::new(), message: error.to_string(), cause: Cause::List }],
    };
    Fault { path: FieldPath::default(), reasons }
}
