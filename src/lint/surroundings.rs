//! What a cluster has besides a release, as far as files say it.

use super::definitions::Definitions;
use crate::diag::{Diagnostic, Sources};
use crate::manifest::Object;
use crate::policies;
use crate::world::World;
use std::path::PathBuf;

/// What the cluster has besides a release. It is read once for all releases of a run that name the same files.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Definitions of custom resources.
    pub(super) definitions: Definitions,
    /// Admission policies and bindings, with what they look up.
    pub(super) policies: Vec<Object>,
}

impl Surroundings {
    /// Reads the files and directories of `--crds` and `--policies`. What cannot be read is reported, and the rest counts.
    pub fn load(
        world: &World,
        sources: &Sources,
        crds: &[PathBuf],
        policies: &[PathBuf],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        Self {
            definitions: Definitions::load(world, sources, crds, diagnostics),
            policies: policies::load(world, sources, policies).take(diagnostics).unwrap_or_default(),
        }
    }
}
