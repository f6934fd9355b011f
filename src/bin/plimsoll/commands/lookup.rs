//! What charts see of a cluster: the objects that `lookup` finds, its version and its API versions.

use super::{live, objects, release};
use crate::args::{CapabilitiesFlags, Command, LookupFlags, ReleaseArgs};
use crate::ui::Ui;
use anyhow::{Context as _, bail};
use plimsoll::diag::{Report, Sources};
use plimsoll::diff::Cluster;
use plimsoll::engine::{KnownObjects, Lookup, Recorded, Release};
use plimsoll::k8s;
use plimsoll::manifest::Object;
use plimsoll::render::{Output, Request};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// What names the cluster itself, in place of a file.
const LIVE: &str = "live";

/// How often a chart is rendered for its lookups. Each render can look up what the one before has found; charts with random
/// names look up something new every time.
const MAX_RENDERS: usize = 8;

/// Where lookups are answered from.
pub(crate) enum Answers<'a> {
    /// Nothing is found, as in `helm template`.
    Nothing,
    /// Manifests.
    Objects(Arc<[Object]>),
    /// A cluster.
    Cluster(live::Release<'a>),
}

/// Renders a request.
pub(crate) type Renderer<'a> = &'a mut dyn FnMut(&Request) -> Report<Output>;

impl<'a> Answers<'a> {
    /// Those of `--lookup`. `release` is the release in its cluster; `of_stdin` is what standard input provides already.
    pub(crate) fn read(
        flags: &LookupFlags,
        release: live::Release<'a>,
        of_stdin: Option<&str>,
        sources: &Sources,
        ui: &mut Ui,
    ) -> anyhow::Result<Self> {
        match flags.lookup.as_deref() {
            None => Ok(Self::Nothing),
            Some(LIVE) => Ok(Self::Cluster(release)),
            Some("-") if of_stdin.is_some() => bail!(
                "standard input cannot provide both {} and the objects of --lookup",
                of_stdin.unwrap_or_default()
            ),
            Some(manifests) => Ok(Self::Objects(objects::from_manifests(manifests, sources, ui)?.into())),
        }
    }

    /// Renders a release whose lookups have these answers, which the request has afterwards.
    pub(crate) fn render(
        &self,
        request: &mut Request,
        render: Renderer<'_>,
        sources: &Sources,
        ui: &mut Ui,
    ) -> anyhow::Result<Output> {
        let report = self.settle(request, render, sources, ui)?;
        ui.kept(report.unwrap_or_else(|| render(request)), sources)
    }

    /// Gives a request the answers to its lookups. Returns the render with them, if there was one.
    pub(crate) fn settle(
        &self,
        request: &mut Request,
        render: Renderer<'_>,
        sources: &Sources,
        ui: &mut Ui,
    ) -> anyhow::Result<Option<Report<Output>>> {
        match self {
            Self::Nothing => Ok(None),
            Self::Objects(objects) => {
                request.options.lookup = Some(of_manifests(objects));
                Ok(None)
            }
            Self::Cluster(release) => ask(release, &mut Asked::default(), request, render, sources, ui),
        }
    }
}

/// What lookups find in manifests.
pub(crate) fn of_manifests(objects: &Arc<[Object]>) -> KnownObjects {
    KnownObjects { objects: Arc::clone(objects), is_complete: false }
}

/// What a cluster was asked, and its answers.
#[derive(Default)]
pub(crate) struct Asked {
    lookups: BTreeSet<Lookup>,
    answers: Vec<Object>,
}

/// Asks a cluster what a release looks up, except what it was asked already: that is known when the release has been
/// rendered without. A chart may insist on what it looks up (`required`, `fail`), so a render that fails is repeated as
/// `helm lint` renders.
pub(crate) fn ask(
    cluster: &live::Release<'_>,
    asked: &mut Asked,
    request: &mut Request,
    render: Renderer<'_>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Option<Report<Output>>> {
    for _ in 1..MAX_RENDERS {
        let report = render(request);
        let tolerant = if report.output.is_none() {
            let mut tolerant = request.clone();
            tolerant.options.is_lint = true;
            render(&tolerant).output
        } else {
            None
        };
        let made = report.output.as_ref().or(tolerant.as_ref()).map(|output| &output.render.lookups);
        let new: Vec<Lookup> =
            made.into_iter().flatten().filter(|lookup| !asked.lookups.contains(lookup)).cloned().collect();
        if new.is_empty() {
            return Ok(Some(report));
        }
        cluster.look_up(&new, &mut asked.answers, sources, ui)?;
        asked.lookups.extend(new);
        let objects = asked.answers.as_slice().into();
        request.options.lookup = Some(KnownObjects { objects, is_complete: true });
    }
    Ok(None)
}

/// Renders the release that the arguments describe, with what they say of its cluster.
pub(crate) fn render(
    args: &ReleaseArgs,
    cluster: Cluster,
    mut request: Request,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Output> {
    let of_stdin = request.overrides.stdin.is_some().then_some("values");
    let answers = Answers::read(&args.lookup, release_in(cluster, args)?, of_stdin, sources, ui)?;
    answers.render(&mut request, &mut |request| release::render_quietly(request, sources), sources, ui)
}

/// The release that the arguments describe in a cluster.
pub(crate) fn release_in(cluster: Cluster, flags: &ReleaseArgs) -> anyhow::Result<live::Release<'_>> {
    let release =
        in_cluster(cluster, flags.names.release().unwrap_or(Release::DEFAULT_NAME), &flags.release.namespace);
    Ok(live::Release { version: release::kubernetes(&flags.release)?, ..release })
}

/// A release of this name in a cluster.
pub(crate) fn in_cluster<'a>(cluster: Cluster, name: &'a str, namespace: &'a str) -> live::Release<'a> {
    let version = k8s::Version::DEFAULT;
    live::Release { name, namespace, cluster, selector: None, apply_set: None, version }
}

/// Reads what `--capabilities` names, and writes it into the flags that it stands for. Those that are set stay.
pub(crate) fn prepare(command: &mut Command) -> anyhow::Result<()> {
    let (flags, version, cluster) = match command {
        Command::Render(args) => of_release(&mut args.release, args.context.cluster()),
        Command::Preview(args) => of_release(&mut args.release, args.context.cluster()),
        Command::Diff(args) => of_release(&mut args.release, args.cluster.cluster()),
        Command::Rehearse(args) => of_release(&mut args.release, args.cluster.cluster()),
        Command::Lint(args) => {
            let cluster = args.context.cluster();
            (&mut args.capabilities, &mut args.kube_version, cluster)
        }
        _ => return Ok(()),
    };
    let Some(source) = flags.capabilities.as_deref() else { return Ok(()) };
    let text = match source {
        LIVE => live::capabilities(&cluster)?,
        file => release::read_file(Path::new(file))?,
    };
    let recorded = Recorded::parse(&text)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("--capabilities: cannot use `{source}`"))?;
    version.get_or_insert(recorded.version);
    flags.served = recorded.served;
    Ok(())
}

fn of_release(
    args: &mut ReleaseArgs,
    cluster: Cluster,
) -> (&mut CapabilitiesFlags, &mut Option<String>, Cluster) {
    (&mut args.release.capabilities, &mut args.release.kube_version, cluster)
}
