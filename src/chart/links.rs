//! Links that lead out of a chart's directory. Helm follows all of them, wherever they lead.

use crate::diag::Diagnostic;
use crate::world::World;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A link to something outside the chart.
#[derive(Debug)]
pub(crate) struct Link {
    /// The link as the user would write it.
    path: PathBuf,
    /// Where it leads.
    target: PathBuf,
    /// Whether it is followed: it leads to a file or directory of the chart's own git repository.
    is_followed: bool,
}

/// What is outside a chart.
pub(crate) struct Boundary<'w> {
    world: &'w World,
    root: PathBuf,
    repository: Option<PathBuf>,
}

impl<'w> Boundary<'w> {
    /// The boundary of a chart whose directory is `root`, itself without links.
    pub(crate) fn new(world: &'w World, root: PathBuf) -> Self {
        let is_repository = |directory: &&Path| world.exists(&directory.join(".git"));
        let repository = root.ancestors().find(is_repository).map(Path::to_owned);
        Self { world, root, repository }
    }

    /// The link at `path`, if it leads out of the chart; `outer` is the link to the directory it is in, if that is
    /// outside already.
    pub(crate) fn crossed_by(&self, path: &Path, outer: Option<&Arc<Link>>) -> Option<Arc<Link>> {
        let target = self.world.canonical(path).ok()?;
        if target.starts_with(&self.root) {
            return None;
        }
        if let Some(outer) = outer.filter(|outer| target.starts_with(&outer.target)) {
            return Some(Arc::clone(outer));
        }
        let in_repository = self.repository.as_ref().is_some_and(|repository| target.starts_with(repository));
        let is_followed = in_repository && (self.world.is_directory(&target) || self.world.is_file(&target));
        Some(Link { path: path.to_owned(), target, is_followed }.into())
    }
}

impl Link {
    /// Whether it may be followed in charts of Helm's.
    pub(crate) fn is_followed(&self) -> bool {
        self.is_followed
    }

    /// Where it leads.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Says that it is followed.
    pub(super) fn describe_followed(&self) -> Diagnostic {
        Diagnostic::warning(self.message()).help(format!(
            "Helm follows it to `{}`; copy the file into the chart to make it self-contained",
            self.target.display()
        ))
    }

    /// Says that it is not followed.
    pub(super) fn describe_refused(&self) -> Diagnostic {
        Diagnostic::error(self.message()).help(format!(
            "it points to `{}`, which is not read: copy the file into the chart (links are followed only in Helm charts, \
             and only inside the chart's git repository)",
            self.target.display()
        ))
    }

    fn message(&self) -> String {
        format!("the link `{}` points outside the chart", self.path.display())
    }
}

/// The link by which a file of a chart leads to where nothing is read for the chart: out of its directory and out of the git
/// repository that it is in.
fn find_link_out(world: &World, chart: &Path, file: &Path) -> Option<Arc<Link>> {
    let root = world.canonical(chart).ok()?;
    Boundary::new(world, root).crossed_by(file, None).filter(|link| !link.is_followed())
}

/// Whether a path that a file of a chart names, or that is a link, leads to where nothing is read for the chart.
pub(crate) fn is_outside(world: &World, chart: &Path, file: &Path) -> bool {
    find_link_out(world, chart, file).is_some()
}

/// Refuses a file of a chart that leads to where nothing is read for the chart.
pub(crate) fn refuse_link_out(world: &World, chart: &Path, file: &Path) -> Result<(), Box<Diagnostic>> {
    find_link_out(world, chart, file).map_or(Ok(()), |link| Err(Box::new(link.describe_refused())))
}
