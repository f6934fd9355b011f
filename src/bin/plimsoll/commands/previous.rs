//! What `--against` names: a chart, manifests, a recorded revision, a git revision, the cluster.

use super::lookup::{self, Answers};
use super::past::{Commit, PastFile};
use super::{config, history as records, live, objects, release, world};
use crate::args::{AgainstFlags, ClusterFlags, DriverFlags, HistoryFlags, ReleaseArgs, ValueFlags};
use crate::ui::Ui;
use anyhow::{Context as _, bail};
use plimsoll::cluster::server::Notes;
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::diff::{self, Driver, Include, Released, Side, Sides};
use plimsoll::engine::helm;
use plimsoll::history;
use plimsoll::k8s::admission::Unevaluated;
use plimsoll::lint::Config;
use plimsoll::manifest::{self, Object};
use plimsoll::render::{Output, Render, Request};
use plimsoll::values::{self, Overrides, ValuesFile};
use plimsoll::yaml::ReadOptions;
use plimsoll::{chart, policies, render};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The flags that say what the old side is.
#[derive(Clone, Copy)]
pub(crate) struct Previous<'a> {
    pub(crate) against: &'a AgainstFlags,
    pub(crate) history: &'a HistoryFlags,
    pub(crate) release: &'a ReleaseArgs,
    pub(crate) cluster: &'a ClusterFlags,
    pub(crate) driver: &'a DriverFlags,
    pub(crate) include: Include,
}

/// The seed of both sides if the user gives none: what is the same in both charts is then the same in both renders.
const SHARED_SEED: u64 = 0;

impl Previous<'_> {
    fn seed(&self) -> u64 {
        self.release.release.seed.unwrap_or(SHARED_SEED)
    }
}

impl Previous<'_> {
    /// How the two sides are compared, as far as these flags say it.
    pub(crate) fn options(self, sources: &Sources, ui: &mut Ui) -> anyhow::Result<diff::Options> {
        let flags = &self.release.release;
        let file = config::find(&[self.release.names.source()])?;
        let config = match &file {
            Some(file) => ui.kept(config::read(file, sources)?, sources)?,
            None => Config::default(),
        };
        let policies = config::paths(file.as_deref(), &config.policies, &self.cluster.policies.paths);
        let (driver, prune) = self.driver.choose(&config)?;
        Ok(diff::Options {
            driver,
            prune,
            release: self.release.names.release().map(str::to_owned),
            namespace: flags.namespace.clone(),
            cluster: self.cluster.cluster(),
            version: release::kubernetes(flags)?,
            live: self.against.against == "live",
            policies: ui.kept(policies::load(world(), sources, &policies), sources)?,
            ..diff::Options::default()
        })
    }
}

/// Prints what admission policies say beside refusals.
pub(crate) fn note_admission(notes: &Notes, ui: &mut Ui) {
    for warning in &notes.warnings {
        ui.note(warning);
    }
    for Unevaluated { kind, name, reason } in &notes.unevaluated {
        ui.note(&format!("{kind} `{name}` was not evaluated: {reason}"));
    }
}

/// Both sides, made alike: the objects of the release, and those that it is compared with.
pub(crate) fn sides(
    args: Previous<'_>,
    driver: Driver,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Sides> {
    let source = args.release.names.source();
    check(args, source)?;
    let (old, new, redrawn) = if chart::is_chart(world(), source) {
        of_chart(args, driver, sources, ui)?
    } else {
        let new = objects::load_release(args.release, args.cluster.cluster(), sources, ui)?;
        let old = match args.against.against.as_str() {
            "live" => {
                let applied = new.applied_objects(driver, args.include);
                in_cluster(args)?.load(&applied, sources, ui)?
            }
            _ => load(args, &Answers::Nothing, sources, ui)?,
        };
        (old, new, Vec::new())
    };
    let sides = Sides { redrawn, ..diff::align(old, new, driver, args.include) };
    if let Some(released) = &sides.released {
        note_release(driver, released, ui);
    }
    if !sides.unrecorded.is_empty() {
        ui.note(&format!("not compared, because no revision records them: {}", sides.unrecorded.join(", ")));
    }
    if sides.new.is_empty() && !sides.old.is_empty() {
        // More likely a render that failed than a release without objects.
        ui.note(&format!("`{source}` has no objects: everything on the old side counts as removed"));
    }
    Ok(sides)
}

/// Says if Helm would not begin the upgrade, or applies the release in another way than the driver: it goes on as it did
/// before.
fn note_release(driver: Driver, released: &Released, ui: &mut Ui) {
    if let (Some(status), Driver::Helm { .. } | Driver::Helm3) = (&released.pending, driver) {
        ui.note(&format!(
            "the newest revision of the release has the status `{status}`: `helm upgrade` refuses to begin until that operation ends, or `helm rollback` undoes it"
        ));
    }
    let (method, other) = match (driver, released.is_server_side) {
        (Driver::Helm { .. }, false) => ("client-side", "helm3"),
        (Driver::Helm3, true) => ("server-side", "helm"),
        _ => return,
    };
    ui.note(&format!(
        "Helm applied the last revision {method} and applies the next one in the same way: use --driver {other}"
    ));
}

/// Refuses what the flags cannot mean.
fn check(args: Previous<'_>, source: &str) -> anyhow::Result<()> {
    let against = args.against.against.as_str();
    if against == "-" && source == "-" {
        bail!("standard input cannot provide both renders");
    }
    if against != "live" && (args.cluster.selector.is_some() || args.cluster.applyset.is_some()) {
        bail!("--selector and --applyset find objects in a cluster: they need `--against live`");
    }
    if args.against.sets_old_values() && !is_rendered(against) {
        bail!(
            "--against-set and --against-values need `--against git:REV` or a chart: `--against {against}` is not rendered from values"
        );
    }
    Ok(())
}

/// The old side, a chart rendered for the same release, whose lookups find the objects of the old side, and that render with
/// other random values.
fn of_chart(
    args: Previous<'_>,
    driver: Driver,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<(Side, Side, Vec<Object>)> {
    let overrides = release::overrides(&args.release.values)?;
    let mut request = release::request(args.release, overrides, Some(args.seed()))?;
    let of_stdin = match args.against.against.as_str() {
        "-" => Some("the old side"),
        _ => request.overrides.stdin.is_some().then_some("values"),
    };
    let lookup = &args.release.lookup;
    let answers = Answers::read(lookup, in_cluster(args)?, of_stdin, sources, ui)?;
    let mut render = |request: &Request| release::render_quietly(request, sources);
    if args.against.against == "live" {
        let cluster = in_cluster(args)?;
        let answers = if lookup.lookup.is_none() { Answers::Cluster(in_cluster(args)?) } else { answers };
        let output = answers.render(&mut request, &mut render, sources, ui)?;
        let redrawn = redrawn(args, &request, &output.render, sources, ui);
        let new = Side::of_render(output.render);
        let old = cluster.load(&new.applied_objects(driver, args.include), sources, ui)?;
        return Ok((old, new, redrawn));
    }
    let old = load(args, &answers, sources, ui)?;
    let mut applied = old.applied_objects(driver, Include::default());
    if let Side::Chart { crds, .. } = &old {
        applied.extend(crds.iter().cloned());
    }
    let (unreadable, known): (Vec<Object>, Vec<Object>) =
        applied.into_iter().partition(history::holds_digest);
    let output = find_in(known, answers).render(&mut request, &mut render, sources, ui)?;
    note_unreadable(&unreadable, &output, ui);
    let redrawn = redrawn(args, &request, &output.render, sources, ui);
    Ok((old, Side::of_render(output.render), redrawn))
}

/// Where the lookups of the new side are answered from: what the old side applied goes before other manifests, and a cluster
/// that was named before both.
fn find_in(applied: Vec<Object>, answers: Answers<'_>) -> Answers<'_> {
    match answers {
        Answers::Nothing => Answers::Objects(applied.into()),
        Answers::Objects(others) => {
            let is_new =
                |other: &&Object| applied.iter().all(|object| object.reference() != other.reference());
            Answers::Objects(applied.iter().chain(others.iter().filter(is_new)).cloned().collect())
        }
        Answers::Cluster(release) => Answers::Cluster(release),
    }
}

/// Names the recorded Secrets that the chart looks up and whose values are not known.
fn note_unreadable(unreadable: &[Object], output: &Output, ui: &mut Ui) {
    let namespace = output.options.release.namespace.as_str();
    let is_looked_up = |object: &&Object| {
        output.render.lookups.iter().any(|lookup| helm::answers(object, lookup, namespace))
    };
    let names: Vec<String> = unreadable.iter().filter(is_looked_up).map(name_of).collect();
    if !names.is_empty() {
        ui.note(&format!(
            "recorded as digests, so `lookup` does not find them: {} (record with --record-secrets, or use `--against live`)",
            names.join(", ")
        ));
    }
}

fn name_of(object: &Object) -> String {
    format!("{}/{}", object.kind, object.name)
}

/// How much later the new side is rendered once more: charts write days, months or years.
const LATER: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The objects of the new side as another render would make them; nothing if it would make the same. What the user has
/// chosen with a seed is not random.
fn redrawn(
    args: Previous<'_>,
    request: &Request,
    new: &Render,
    sources: &Sources,
    ui: &mut Ui,
) -> Vec<Object> {
    let is_drawn = new.uses_random_values && args.release.release.seed.is_none();
    // Where both sides are rendered now, they have the same time.
    let is_shared = is_rendered(&args.against.against);
    if !is_drawn && (is_shared || !new.nondeterministic) {
        return Vec::new();
    }
    let mut request = request.clone();
    if is_drawn {
        request.options.seed = Some(args.seed().wrapping_add(1));
    }
    let other = render::release(&world().later(LATER), sources, &request).output.map(|output| output.render);
    let objects = |render: &Render| -> Vec<Object> {
        render.manifest.iter().flat_map(|document| document.objects.clone()).collect()
    };
    let redrawn: Vec<Object> = other.as_ref().map(objects).unwrap_or_default();
    let is_same = |object: &Object| {
        redrawn.iter().any(|other| other.reference() == object.reference() && other.root == object.root)
    };
    let random: Vec<String> = objects(new).iter().filter(|object| !is_same(object)).map(name_of).collect();
    if random.is_empty() {
        return Vec::new();
    }
    let random = random.join(", ");
    ui.note(&if is_shared {
        format!(
            "this chart generates random values, in {random}: both sides are rendered with the same seed; a real render makes new \
             ones, unless the chart looks up the old ones or you pass --seed"
        )
    } else {
        format!("this chart generates random values, which differ in every render: changes to them are marked as random, in {random}")
    });
    redrawn
}

/// Whether `--against` names what is rendered now, from a chart or from the manifests of a revision.
fn is_rendered(against: &str) -> bool {
    against.starts_with("git:") || is_chart(against)
}

/// The objects to compare with, unless they are in a cluster.
fn load(args: Previous<'_>, answers: &Answers<'_>, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Side> {
    let against = args.against.against.as_str();
    if let Some(revision) = against.strip_prefix("git:") {
        return at_revision(args, revision, answers, sources, ui);
    }
    if is_chart(against) {
        return at_chart(args, against, answers, sources, ui);
    }
    let namespace = args.release.release.namespace.as_str();
    let recorded = if against == "last" { Some(None) } else { against.parse::<u64>().ok().map(Some) };
    if let Some(revision) = recorded {
        let name = release::release_name(&args.release.names, &args.release.release, Some(args.seed()))?;
        return Ok(Side::Recorded(records::load(args.history, namespace, &name, revision, sources, ui)?));
    }
    Ok(Side::Manifests(objects::from_manifests(against, sources, ui)?))
}

/// The release in its cluster.
pub(crate) fn in_cluster(args: Previous<'_>) -> anyhow::Result<live::Release<'_>> {
    Ok(live::Release {
        selector: args.cluster.selector.as_deref(),
        apply_set: args.cluster.applyset.as_deref(),
        ..lookup::release_in(args.cluster.cluster(), args.release)?
    })
}

/// Whether `--against` names a chart. What else it may name goes first, whatever directories there are.
fn is_chart(against: &str) -> bool {
    !matches!(against, "last" | "live" | "-")
        && against.parse::<u64>().is_err()
        && chart::is_chart(world(), against)
}

/// Another chart, rendered for the same release. Values files apply to both sides: they are what the user keeps across
/// versions of a chart.
fn at_chart(
    args: Previous<'_>,
    against: &str,
    answers: &Answers<'_>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Side> {
    let flags = &args.release.values;
    let mut old = Overrides {
        set: args.against.against_set.clone(),
        set_file: flags.set_file.clone(),
        ..Overrides::default()
    };
    let arguments = flags.values.iter().flat_map(|argument| values::split_list(argument));
    let (stdin, files): (Vec<_>, Vec<_>) = arguments.partition(|argument| argument.trim() == "-");
    old.files.extend(
        files.into_iter().chain(args.against.against_values.iter().cloned()).map(ValuesFile::Argument),
    );
    let mut used = flags.set_flags();
    if !stdin.is_empty() {
        used.push("standard input");
    }
    note_new_side_only(&used, ui);
    let mut request =
        Request { chart: against.to_owned(), ..release::request(args.release, old, Some(args.seed()))? };
    let mut render = |request: &Request| release::render_quietly(request, sources);
    Ok(Side::of_render(answers.render(&mut request, &mut render, sources, ui)?.render))
}

/// The same chart (or manifests) and values files as of a git revision: `REV`, or `REV:PATH` where the source had
/// another path then, as git itself writes it.
fn at_revision(
    args: Previous<'_>,
    revision: &str,
    answers: &Answers<'_>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Side> {
    let source = args.release.names.source();
    if source.starts_with("builtin:") || chart::is_remote(source) || source == "-" {
        bail!("`{source}` has no git history: pass a chart or manifests tracked by git");
    }
    let (revision, moved) =
        revision.split_once(':').map_or((revision, None), |(rev, path)| (rev, Some(path)));
    let mut commit = Commit::find(Path::new(source), revision)?;
    let path = commit.path_of(Path::new(source)).unwrap_or_default();
    if let Some(then) = moved {
        commit = commit.with_move(path.clone(), then);
    }
    let name = format!("git:{revision}:{}", moved.unwrap_or(source));
    if !chart::is_chart(world(), source) {
        if args.against.sets_old_values() {
            bail!("--against-set and --against-values need a chart: `{source}` contains manifests");
        }
        let options = ReadOptions::lenient();
        let mut reader = manifest::Reader::new(sources, &options);
        if Path::new(source).is_dir() {
            reader.tree(&name, commit.directory(&path)?);
        } else {
            reader.bytes(&name, commit.file(&path)?);
        }
        return Ok(Side::Manifests(ui.kept(reader.finish_objects(), sources)?));
    }
    let chart = if commit.is_archive(&path) {
        chart::from_archive(sources, Path::new(&name), &commit.file(&path)?)
    } else {
        chart::from_files(sources, &name, commit.directory(&path)?)
    };
    let chart = Arc::new(ui.kept(chart, sources)?);
    let mut request =
        release::request(args.release, old_values(args, &commit, sources, ui)?, Some(args.seed()))?;
    let mut render = |request: &Request| {
        Ui::watched("rendering", || render::release_of(world(), sources, Arc::clone(&chart), request))
    };
    Ok(Side::of_render(answers.render(&mut request, &mut render, sources, ui)?.render))
}

/// The values of the old side: the files that git tracks, as of the commit, then what `--against-values` and
/// `--against-set` give. What the other flags say holds for the new side only.
fn old_values(
    args: Previous<'_>,
    commit: &Commit,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Overrides> {
    let revision = &commit.revision;
    let flags = &args.release.values;
    let mut old = Overrides { set: args.against.against_set.clone(), ..Overrides::default() };
    let mut absent = Absent::default();
    let arguments: Vec<String> =
        flags.values.iter().flat_map(|argument| values::split_list(argument)).collect();
    let texts: Vec<(String, String)> =
        flags.set_file.iter().flat_map(|argument| release::set_file_parts(argument)).collect();
    let paths = arguments.iter().chain(texts.iter().map(|(_, path)| path));
    let paths: Vec<String> = paths.filter(|path| path.trim() != "-").cloned().collect();
    let found = commit.look_up(&paths)?;
    let files: BTreeMap<String, PastFile> = paths.into_iter().zip(found).collect();
    for argument in arguments {
        if let Some(content) = absent.read(&argument, &files) {
            let name = format!("git:{revision}:{argument}");
            old.files.push(ValuesFile::Source(sources.add(&*name, text(&name, content)?, SourceKind::File)));
        }
    }
    old.files.extend(args.against.against_values.iter().cloned().map(ValuesFile::Argument));
    for (argument, path) in texts {
        if let Some(content) = absent.read(&path, &files) {
            let name = format!("git:{revision}:{path}");
            old.texts.insert(path, text(&name, content)?);
            old.set_file.push(argument);
        }
    }
    absent.report(flags, revision, ui);
    Ok(old)
}

/// The files of the new side that the old one does without.
#[derive(Default)]
struct Absent {
    untracked: Vec<String>,
    missing: Vec<String>,
}

impl Absent {
    /// What a file held at a commit. If there is nothing to know, that is noted down.
    fn read(&mut self, argument: &str, files: &BTreeMap<String, PastFile>) -> Option<Vec<u8>> {
        match files.get(argument) {
            Some(PastFile::Content(content)) => return Some(content.clone()),
            Some(PastFile::Missing) => self.missing.push(format!("`{argument}`")),
            Some(PastFile::Untracked) => self.untracked.push(format!("`{argument}`")),
            None => self.untracked.push("standard input".to_owned()),
        }
        None
    }

    /// Says what holds for the new side only, one line for each reason.
    fn report(&self, flags: &ValueFlags, revision: &str, ui: &mut Ui) {
        if !self.missing.is_empty() {
            ui.note(&format!(
                "{} did not exist at `{revision}`: the old side is rendered without",
                self.missing.join(", ")
            ));
        }
        if !self.untracked.is_empty() {
            ui.note(&format!(
                "not tracked by git, so used for the new side only: {} (for the old side: --against-values)",
                self.untracked.join(", ")
            ));
        }
        note_new_side_only(&flags.set_flags(), ui);
    }
}

/// Says which values hold for the new side only.
fn note_new_side_only(used: &[&str], ui: &mut Ui) {
    if !used.is_empty() {
        ui.note(&format!(
            "used for the new side only: {} (for the old side: --against-set)",
            used.join(", ")
        ));
    }
}

fn text(name: &str, bytes: Vec<u8>) -> anyhow::Result<String> {
    String::from_utf8(bytes).with_context(|| format!("`{name}` is not UTF-8"))
}
