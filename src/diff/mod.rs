//! Two renders compared: what changes, and what the cluster will do about it.
//!
//! [`compare`] matches the objects of two renders. On a simulated API server the [`Driver`] applies the new ones over the
//! old ones; what the server answers is the verdict, and what it stores then is compared with what it stored before: fields
//! that differ are changes, whatever the manifests spell differently is not. From the changes follow the [`Effect`]s: which
//! pods restart in which order, what becomes of volumes. [`render`] shows the [`Plan`].

mod driver;
mod effects;
mod fields;
mod ignore;
mod instructions;
mod keyless;
mod matching;
mod observe;
mod options;
mod random;
mod recreated;
mod refused;
mod removed;
pub mod render;
mod repeated;
pub(crate) mod secrets;
mod sides;
mod simulation;
mod split;
mod stored;

pub use crate::cluster::client::SyncOptions;
pub use crate::cluster::server::{Cause, Fault as Reason};
pub use driver::Driver;
pub use fields::{FieldChange, FieldPath, Step};
pub use ignore::Ignore;
pub use instructions::{Cluster, Command, Instruction, KeptField, KeptValue, Origin};
pub use options::{FailOn, Options};
pub use sides::{Include, Released, Side, Sides, align};
pub use stored::{StoredObject, stored};

use crate::cluster::server::Notes;
use crate::diag::{Diagnostic, ObjectRef, Sources};
use crate::k8s;
use crate::limits::{self, Activity};
use crate::manifest::Object;
use crate::yaml::Node;
use matching::Pair;
use observe::{Observer, Roots};
use rayon::prelude::*;
use simulation::Simulation;
use split::{BATCH, Split};

/// What an upgrade would do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What applies the new render.
    pub driver: Driver,
    /// Whether it was told to delete what left the manifests (`--prune`).
    pub prune: bool,
    /// The version of Kubernetes whose rules count.
    pub kube_version: k8s::Version,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The objects that contain random values (`Kind/name`), as far as [`Plan::mark_random`] found any.
    pub random: Vec<String>,
    /// What the admission policies say beside refusals.
    pub notes: Notes,
    /// One entry per object of either render: those of the new render in their order, then what was removed.
    pub objects: Vec<ObjectPlan>,
}

/// What an upgrade would do to one object.
#[derive(Debug, Clone)]
pub struct ObjectPlan {
    /// The object, as the new manifest names it (the old one, if it was removed).
    pub object: ObjectRef,
    /// The template or file that it came from.
    pub template: String,
    /// What happens to it.
    pub change: Change,
    /// Whether the driver deletes it. Only a removed object can be deleted, and most drivers leave those as they are.
    pub is_deleted: bool,
    /// For an added object the one it was renamed from, for a removed one what it was renamed to.
    pub renamed: Option<String>,
    /// Whether the API server would take it.
    pub verdict: Verdict,
    /// Why it would not.
    pub reasons: Vec<Reason>,
    /// What follows from it in the cluster.
    pub effects: Vec<Effect>,
    /// Whether nothing changes but random values, which every render makes anew.
    pub is_random: bool,
    /// The fields that change. Secret values are not among them: see [`FieldChange`].
    pub changes: Vec<FieldChange>,
    /// For a rejected change what to do instead, for a removed object how to delete it, for a deleted one how to keep its
    /// data.
    pub remediation: Vec<Instruction>,
    /// The manifest before and after, as far as either speaks of it, without secret values; with
    /// [`Options::documents`].
    pub before: Option<Node>,
    /// See `before`.
    pub after: Option<Node>,
    /// What the API server holds, secret values included; with [`Options::stored`].
    pub stored: Option<Stored>,
}

/// An object as the API server holds it, without its status and what it sets for itself: uid, resource version, times and
/// managed fields. Values that it chooses are placeholders, such as `<allocated-ip-1>`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// Before the new render is applied; `None` if the object is not there.
    pub before: Option<Node>,
    /// Afterwards; `None` if it is not created, or deleted.
    pub after: Option<Node>,
    /// Whether it was deleted and created again.
    pub is_recreated: bool,
    /// Why the driver does not send the new manifest, as the end of a sentence, if it does not.
    pub unsent_because: Option<String>,
}

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only the new render has it.
    Added,
    /// Only the old render has it.
    Removed,
    /// What is stored changes (or would, were it not rejected).
    Modified,
    /// What is stored stays the same.
    Unchanged,
}

impl Change {
    /// The word of the JSON contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
            Self::Unchanged => "unchanged",
        }
    }
}

/// The API server's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It takes the change.
    Accepted,
    /// It refuses it.
    Rejected,
}

impl Verdict {
    /// The word of the JSON contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// One consequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Its kind.
    pub kind: EffectKind,
    /// What exactly happens.
    pub detail: String,
    /// The pods concerned, in the order in which it reaches them, where their names are known.
    pub pods: Vec<String>,
}

/// The kinds of consequences, most alarming first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectKind {
    /// Data is lost, or no longer found where it was.
    DataLoss,
    /// Everything stops before anything starts again.
    Recreate,
    /// Pods are replaced.
    RollingRestart,
    /// Pods are replaced although nothing they run has changed.
    NeedlessRestart,
    /// The rollout, or `kubectl drain`, can get stuck.
    MayHang,
    /// Clients see the change.
    Traffic,
    /// Pods are taken away.
    ScaleDown,
    /// Pods are added.
    ScaleUp,
    /// Configuration changed that running pods will not see.
    ConfigNotPickedUp,
    /// The server takes the change and does nothing.
    Ignored,
    /// Nothing else happens.
    None,
}

impl EffectKind {
    /// The word of the JSON contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataLoss => "data-loss",
            Self::Recreate => "recreate",
            Self::RollingRestart => "rolling-restart",
            Self::NeedlessRestart => "needless-restart",
            Self::MayHang => "may-hang",
            Self::Traffic => "traffic",
            Self::ScaleDown => "scale-down",
            Self::ScaleUp => "scale-up",
            Self::ConfigNotPickedUp => "config-not-picked-up",
            Self::Ignored => "ignored",
            Self::None => "none",
        }
    }
}

impl ObjectPlan {
    /// Whether pods are replaced.
    pub fn restarts(&self) -> bool {
        self.has(EffectKind::RollingRestart) || self.has(EffectKind::Recreate)
    }

    /// Whether it has an effect of that kind.
    pub fn has(&self, kind: EffectKind) -> bool {
        self.effects.iter().any(|effect| effect.kind == kind)
    }

    /// Whether there is anything to say about it.
    pub fn is_notable(&self) -> bool {
        self.change != Change::Unchanged
            || self.verdict == Verdict::Rejected
            || self.effects.iter().any(|effect| effect.kind != EffectKind::None)
    }
}

/// The figures of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects that only the new render has.
    pub added: usize,
    /// Objects that only the old render has.
    pub removed: usize,
    /// Objects that change.
    pub modified: usize,
    /// Objects that stay as they are.
    pub unchanged: usize,
    /// Objects that the server would refuse.
    pub rejected: usize,
    /// Workloads whose pods are replaced.
    pub restarts: usize,
}

impl Plan {
    /// Whether what left the manifests is deleted, as far as the driver can delete it.
    pub fn prunes(&self) -> bool {
        self.prune || self.driver.always_prunes()
    }

    /// What applies the manifests, as a command.
    pub fn title(&self) -> String {
        let prune = if self.prune { " --prune" } else { "" };
        format!("{}{prune}", self.driver.title())
    }

    /// Counts.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for object in &self.objects {
            match object.change {
                Change::Added => summary.added += 1,
                Change::Removed => summary.removed += 1,
                Change::Modified => summary.modified += 1,
                Change::Unchanged => summary.unchanged += 1,
            }
            summary.rejected += usize::from(object.verdict == Verdict::Rejected);
            summary.restarts += usize::from(object.restarts());
        }
        summary
    }

    /// Whether the renders mean the same: nothing changes, nothing is rejected, nothing is ignored.
    pub fn is_empty(&self) -> bool {
        !self.objects.iter().any(ObjectPlan::is_notable)
    }

    /// The exit code of `plimsoll diff`: 0 if nothing differs, 1 if something does, 3 if the server would
    /// refuse something. With `fail_on`, only what it names counts, and anything else is 0; `changed` names
    /// everything, so it is the same as naming nothing.
    pub fn exit_code(&self, fail_on: &[FailOn]) -> u8 {
        let everything = fail_on.is_empty() || fail_on.contains(&FailOn::Changed);
        let rejected = self.objects.iter().any(|object| object.verdict == Verdict::Rejected);
        if rejected && (everything || fail_on.contains(&FailOn::Rejected)) {
            return 3;
        }
        if everything {
            return u8::from(!self.is_empty());
        }
        u8::from(self.objects.iter().any(|object| fail_on.iter().any(|category| category.applies(object))))
    }

    /// Says in the remediations where the values are set that can stay as they were.
    pub fn locate(&mut self, sources: &Sources) {
        let steps = self.objects.iter_mut().flat_map(|object| &mut object.remediation);
        steps.for_each(|step| step.locate(sources));
    }

    /// Keeps the objects that one of `patterns` selects: `KIND`, `KIND/NAME` (the kind as kubectl takes it, `*` stands for
    /// any text), or the path of a template. No patterns keep everything. A pattern that selects nothing is an error.
    pub fn show_only(&mut self, patterns: &[String]) -> Result<(), Diagnostic> {
        if patterns.is_empty() {
            return Ok(());
        }
        let selects = |pattern: &String| self.objects.iter().any(|object| ignore::selects(pattern, object));
        if let Some(pattern) = patterns.iter().find(|pattern| !selects(pattern)) {
            return Err(ignore::selects_nothing(pattern, &self.objects));
        }
        self.objects.retain(|object| patterns.iter().any(|pattern| ignore::selects(pattern, object)));
        Ok(())
    }
}

/// Compares two renders of a release.
///
/// `old` is what was applied last, `new` what would be applied, both in the order of their manifests;
/// where a render holds an object twice, the last one counts, as for `kubectl apply`.
///
/// If the process exceeds a limit, the plan is not complete: ask [`limits::check`] before it is shown.
pub fn compare(old: &[Object], new: &[Object], options: &Options) -> Plan {
    let _activity = Activity::begin("comparing manifests".to_owned());
    let old = &*secrets::reveal(old, new, &options.keys);
    let pairs = matching::pair(old, new, options);
    let world = effects::World::new(old, new, options);
    let roots: Vec<Roots<'_>> = pairs.par_iter().map(|pair| Roots::of(pair, options)).collect();
    let split = Split::new([old, new], &pairs, options);
    let shared = Simulation::run(split.shared(&pairs, &roots, options), options, &world);
    let plan_batch = |(pairs, roots): (&[Pair<'_>], &[Roots<'_>])| {
        let apart = Simulation::run(split.batch(pairs, roots), options, &world);
        let plan = |(pair, roots): (&Pair<'_>, &Roots<'_>)| {
            let simulation = if split.is_independent(pair) { &apart } else { &shared };
            plan_pair(pair, roots, &Observer { simulation, world: &world, options })
        };
        pairs.iter().zip(roots).map(plan).collect::<Option<Vec<_>>>()
    };
    let batches = pairs.par_chunks(BATCH).zip(roots.par_chunks(BATCH));
    let planned: Vec<Vec<ObjectPlan>> = batches.map(plan_batch).while_some().collect();
    let mut objects: Vec<ObjectPlan> = planned.into_iter().flatten().collect();
    if objects.len() == pairs.len() {
        effects::between_objects(&mut objects, &pairs, &shared, &world);
    }
    Plan {
        driver: options.driver,
        prune: options.prune && options.driver.can_prune(),
        kube_version: options.version,
        namespace: options.namespace.clone(),
        random: Vec::new(),
        notes: shared.notes().clone(),
        objects,
    }
}

/// What becomes of one pair; nothing if the process exceeds a limit.
fn plan_pair(pair: &Pair<'_>, roots: &Roots<'_>, observer: &Observer<'_>) -> Option<ObjectPlan> {
    let object = pair.new.or(pair.old)?;
    let _activity = Activity::begin(format!("comparing `{}/{}`", object.kind, object.name));
    limits::check().ok()?;
    Some(observer.plan(pair, roots))
}
