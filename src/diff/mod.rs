//! Two renders compared: what changes, and what the cluster will do about it.
//!
//! [`compare`] matches the objects of two renders, applies the new ones over the old as the [`Driver`]
//! would (`kubectl apply`: three-way merge, defaults, what the server keeps of its own), and looks at what is then stored:
//! fields that differ are changes, whatever the manifests spell differently is not. From the changes follow
//! the server's verdict and the [`Effect`]s: which pods restart in which order, what becomes of volumes.
//! [`render`] shows the [`Plan`].

mod apply;
mod driver;
mod effects;
mod fields;
mod ignore;
mod instructions;
mod matching;
mod options;
mod random;
mod refused;
mod removed;
pub mod render;
mod repeated;
pub(crate) mod secrets;
mod server_side;
mod sides;
mod simulated;
mod stored;
mod three_way;

pub use driver::Driver;
pub use fields::{FieldChange, FieldPath, Step};
pub use ignore::Ignore;
pub use instructions::{Cluster, Command, Instruction, KeptField, KeptValue, Origin};
pub use options::{FailOn, Options};
pub use sides::{Side, Sides, align};
pub use simulated::{Simulated, simulate};
pub use stored::{StoredObject, stored};

use crate::diag::{Diagnostic, ObjectRef, Severity, Sources};
use crate::k8s::{self, ErrorKind, Finding, Operation, update};
use crate::limits::Activity;
use crate::manifest::Object;
use crate::yaml::{Entry, Node, Value};
use apply::Applied;
use matching::Pair;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What an upgrade would do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What applies the new render.
    pub driver: Driver,
    /// The version of Kubernetes whose rules count.
    pub kube_version: k8s::Version,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The objects that contain random values (`Kind/name`), as far as [`Plan::mark_random`] found any.
    pub random: Vec<String>,
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

/// Why a change is rejected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The field, as the API server spells it.
    pub path: String,
    /// The server's words.
    pub message: String,
    /// What it follows from. Decisions are made by this, never by the message.
    pub cause: Cause,
}

/// What a [`Reason`] follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// `kubectl apply` merges lists by keys, and there is no patch for these lists, or the server cannot apply it.
    List,
    /// Server-side apply would change a field of another manager.
    Conflict,
    /// The object does not exist, and the driver does not create it.
    NotFound,
    /// The object is not valid, whatever was stored before.
    Invalid(ErrorKind),
    /// The stored object may not be changed in this way.
    Update(update::Cause),
    /// Another object has the node port or the address.
    Allocated,
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
/// `old` is what was applied last, `new` what would be applied. The order of objects does not matter;
/// where a render holds an object twice, the last one counts, as for `kubectl apply`.
pub fn compare(old: &[Object], new: &[Object], options: &Options) -> Plan {
    let _activity = Activity::begin("comparing manifests".to_owned());
    let old = &*secrets::reveal(old, new, &options.keys);
    let pairs = matching::pair(old, new, options);
    let world = effects::World::new(old, new, options);
    let mut objects: Vec<ObjectPlan> =
        pairs.par_iter().map(|pair| plan_object(pair, &world, options)).collect();
    effects::between_objects(&mut objects, &pairs, &world);
    Plan {
        driver: options.driver,
        kube_version: options.version,
        namespace: options.namespace.clone(),
        random: Vec::new(),
        objects,
    }
}

fn plan_object(pair: &Pair<'_>, world: &effects::World<'_>, options: &Options) -> ObjectPlan {
    let mut plan = match (pair.old, pair.new) {
        (old, new) if new.or(old).is_some_and(|object| options.driver.skips(object)) => skipped(old, new),
        (Some(old), Some(new)) => updated(old, new, world, options),
        (None, Some(new)) => added(new, world, options),
        (Some(old), None) => removed(old, world, options),
        (None, None) => unreachable!("a pair has at least one object"),
    };
    plan.renamed = pair.renamed.map(|other| match &other.namespace {
        // The same name in another namespace.
        Some(namespace) if other.name == plan.object.name => format!("{namespace}/{}", other.name),
        _ => other.name.clone(),
    });
    match (pair.old, pair.new, pair.renamed) {
        (None, Some(new), Some(old)) if plan.verdict == Verdict::Accepted => {
            plan.effects.extend(removed::renamed_from(new, old));
        }
        // One that is refused never runs beside the old one.
        (Some(old), None, Some(new)) if invalid(new, world, options).is_empty() => {
            removed::renamed_to(&mut plan, old, new, world);
        }
        _ => {}
    }
    plan.effects.sort_by_key(|effect| effect.kind);
    plan
}

fn blank(object: &Object, change: Change) -> ObjectPlan {
    ObjectPlan {
        object: object.reference(),
        template: object.template.clone(),
        change,
        is_deleted: false,
        renamed: None,
        verdict: Verdict::Accepted,
        reasons: Vec::new(),
        effects: Vec::new(),
        is_random: false,
        changes: Vec::new(),
        remediation: Vec::new(),
        before: None,
        after: None,
    }
}

fn added(new: &Object, world: &effects::World<'_>, options: &Options) -> ObjectPlan {
    let mut plan = blank(new, Change::Added);
    plan.reasons = invalid(&as_sent(new), world, options);
    if plan.reasons.is_empty()
        && let Some(fault) = apply::creation_fault(options.driver, options.version, new)
    {
        plan.reasons = fault.reasons;
    }
    if plan.reasons.is_empty() {
        plan.effects = effects::created(new);
    } else {
        plan.verdict = Verdict::Rejected;
        plan.remediation = refused::creation(&plan.reasons);
    }
    plan.after = options.documents.then(|| secrets::shown(&new.root, options));
    plan
}

/// A definition that the driver leaves as it is, whatever the new render says.
fn skipped(old: Option<&Object>, new: Option<&Object>) -> ObjectPlan {
    const INSTALLED_ONCE: &str =
        "Helm installs the definitions under `crds/` with the release and never upgrades them";
    let (detail, object) = match (old, new) {
        (Some(old), Some(new)) if old.root == new.root => (None, Some(new)),
        (Some(_), Some(new)) => (Some(format!("stays as it is: {INSTALLED_ONCE}")), Some(new)),
        (None, Some(new)) => (Some(format!("is not created: {INSTALLED_ONCE}")), Some(new)),
        (Some(old), None) => (Some(format!("stays in the cluster: {INSTALLED_ONCE}")), Some(old)),
        (None, None) => (None, None),
    };
    let Some(object) = object else { unreachable!("a pair has at least one object") };
    let mut plan = blank(object, Change::Unchanged);
    plan.effects.extend(detail.map(|detail| effects::effect(EffectKind::Ignored, detail)));
    plan
}

fn removed(old: &Object, world: &effects::World<'_>, options: &Options) -> ObjectPlan {
    let mut plan = blank(old, Change::Removed);
    removed::describe(&mut plan, old, world);
    plan.before = options.documents.then(|| secrets::shown(&old.root, options));
    plan
}

fn updated(old: &Object, new: &Object, world: &effects::World<'_>, options: &Options) -> ObjectPlan {
    // What is written the same way is not applied at all.
    if old.root == new.root {
        return blank(new, Change::Unchanged);
    }
    let (group, kind) = (matching::group_of(new), new.kind.as_str());
    let (mut old_root, mut new_root) = secrets::comparable(kind, &old.root, &new.root, &options.keys);
    if options.driver.applier().is_some() {
        if !options.live {
            options.driver.complete(old_root.to_mut(), &old.root);
        }
        options.driver.complete(new_root.to_mut(), &old.root);
    }
    let create = |manifest: &Node| {
        let mut stored = apply::create(group, kind, manifest);
        k8s::defaults::apply_gates(options.version, group, kind, &mut stored);
        stored
    };
    let live = create(&stored_part(old, &old_root, options));
    if options.live {
        // Without a note on what was applied nothing can be told to have been dropped.
        old_root =
            Cow::Owned(apply::last_applied(&old.root).unwrap_or_else(|| new_root.clone().into_owned()));
    }
    let noted = options.live.then(|| create(&old_root));
    let mut desired = create(&new_root);
    if options.ignore.iter().any(|rule| rule.concerns(new)) {
        let mut hidden = fields::compare(kind, noted.as_ref().unwrap_or(&live), &desired);
        hidden.retain(|change| options.ignore.iter().any(|rule| rule.hides(new, &change.path)));
        if !hidden.is_empty() {
            hidden.iter().rev().for_each(|change| ignore::revert(new_root.to_mut(), change));
            desired = create(&new_root);
        }
    }
    let known_old = stored_part(old, &old_root, options);
    let update = apply::Update {
        version: options.version,
        api_version: &new.api_version,
        group,
        kind,
        old: if options.driver == Driver::Kubectl { &old_root } else { &known_old },
        new: &new_root,
        read: options.live.then_some(&old.root),
    };
    let mut applied = apply::apply(options.driver, update, live);
    k8s::defaults::apply_gates(options.version, group, kind, &mut applied.merged);
    let stored = fields::compare(kind, &applied.live, &applied.merged);
    let mut wanted = match &noted {
        // The usual case: what is stored is what the manifest says.
        None if applied.merged == desired => stored.clone(),
        _ => fields::compare(kind, noted.as_ref().unwrap_or(&applied.live), &desired),
    };
    let said =
        |change: &FieldChange| [&old_root, &new_root].iter().any(|root| effects::speaks_of(root, change));
    let mut changes: Vec<FieldChange> =
        stored.iter().filter(|change| !is_allocation(change, said(change))).cloned().collect();

    let mut plan = blank(new, if changes.is_empty() { Change::Unchanged } else { Change::Modified });
    let differs = !changes.is_empty() || !wanted.is_empty() || old.api_version != new.api_version;
    let reasons = refusals(old, new, &applied, differs, world, options);
    let merged_by = k8s::merge::Position::root_in_group(group, kind, options.version);
    let repeated = match applied.fault {
        // Server-side apply knows items by all their keys, and PUT sends the list as it is.
        _ if options.driver != Driver::Kubectl => Vec::new(),
        None => repeated::explain(merged_by, &old_root, &desired, &applied),
        Some(_) => Vec::new(),
    };
    let (old_root, new_root) = (secrets::folded(kind, &old_root), secrets::folded(kind, &new_root));
    if reasons.is_empty() {
        wanted.retain(|change| !repeated.iter().any(|(path, _)| path.covers(&change.path)));
        plan.effects = effects::updated(new, &applied, &changes, world);
        plan.effects.extend(effects::ignored(new, &old_root, &new_root, &wanted, &stored, &applied, world));
        plan.effects.extend(repeated.into_iter().map(|(_, effect)| effect));
        if plan.effects.is_empty() && plan.change == Change::Modified {
            plan.effects.push(effects::none(new, &changes));
        }
    } else {
        plan.effects = repeated.into_iter().map(|(_, effect)| effect).collect();
        plan.verdict = Verdict::Rejected;
        plan.change = Change::Modified;
        if changes.is_empty() || applied.fault.is_some() {
            // What the manifests say: nothing is stored.
            changes = wanted;
        }
        if let Some(fault) = applied.fault.as_ref().filter(|fault| !fault.path.0.is_empty())
            && !changes.iter().any(|change| fault.path.covers(&change.path))
        {
            changes.extend(fields::reordered(kind, &fault.path, &applied.live, &desired));
        }
        plan.reasons = reasons;
        let own_faults = own_faults(new, &applied, world, options);
        let stored = (&applied.live, &applied.merged);
        plan.remediation = refused::remediation(&plan, new, stored, &own_faults, world);
    }
    if plan.change == Change::Modified && options.documents {
        let mut spoken_of = old_root.clone();
        if options.live {
            // What the driver removes it had set, though no manifest may be left that says so.
            let dropped = changes.iter().filter(|change| change.new.is_none());
            dropped.for_each(|change| ignore::revert(spoken_of.to_mut(), change));
        }
        let show = |object: &Object, stored: &Node| {
            let kept = mentioned(kind, "", "", stored, &[&spoken_of, &new_root]);
            secrets::shown(&with_header(object, &kept), options)
        };
        plan.before = Some(show(old, &applied.live));
        plan.after = Some(show(new, &applied.merged));
    }
    secrets::redact_changes(kind, &mut changes, plan.after.as_mut(), options);
    plan.changes = changes;
    plan
}

/// Why an update is refused, as far as it gets: `kubectl apply` builds a patch, the server reads the patched object, then
/// validates it. `differs` says whether anything would be stored that was not stored before.
fn refusals(
    old: &Object,
    new: &Object,
    applied: &Applied,
    differs: bool,
    world: &effects::World<'_>,
    options: &Options,
) -> Vec<Reason> {
    let (group, kind) = (matching::group_of(new), new.kind.as_str());
    if let Some(fault) = &applied.fault {
        return fault.reasons.clone();
    }
    let mut unread = unreadable(&patched(old, new, applied), options);
    if options.live && !unread.is_empty() {
        // What the server has stored it can read.
        let before = unreadable(old, options);
        unread.retain(|reason| !before.contains(reason));
    }
    if !unread.is_empty() {
        return unread;
    }
    let mut reasons = Vec::new();
    if !differs {
        return reasons;
    }
    if !secrets::has_digests(kind, &applied.merged) {
        let merged = Object { root: with_header(new, &applied.merged), ..new.clone() };
        let mut found = invalid_update(&merged, old, world, options);
        if !found.is_empty() {
            // What was accepted before is accepted now: the old object is running.
            let before = invalid(old, world, options);
            found.retain(|reason| !before.contains(reason));
        }
        reasons.extend(found);
    }
    let update = update::Update {
        group,
        kind,
        name: &new.name,
        old: &applied.live,
        new: &applied.merged,
        version: options.version,
    };
    reasons.extend(update::validate(&update, world).into_iter().map(|refusal| Reason {
        message: refusal.error.server_message(),
        path: refusal.error.path,
        cause: Cause::Update(refusal.cause),
    }));
    without_repetitions(reasons)
}

/// Each reason once, at its first place. Where validation and an update rule say the same, the rule is the cause:
/// the remediation depends on it.
fn without_repetitions(reasons: Vec<Reason>) -> Vec<Reason> {
    let mut positions = BTreeMap::new();
    let mut unique: Vec<Reason> = Vec::new();
    for reason in reasons {
        let position =
            *positions.entry((reason.path.clone(), reason.message.clone())).or_insert(unique.len());
        match unique.get_mut(position) {
            Some(known) => known.cause = reason.cause,
            None => unique.push(reason),
        }
    }
    unique
}

/// A value that the server chooses is no change that anybody made, unless a manifest speaks of it (`said`).
fn is_allocation(change: &FieldChange, said: bool) -> bool {
    let allocated = |node: &Option<Node>| node.as_ref().and_then(Node::as_str) == Some(apply::ALLOCATED);
    let generated = ["clusterIP", "ipFamilies", "ipFamilyPolicy"]
        .iter()
        .any(|field| change.path.starts_with(&["spec", field]));
    allocated(&change.old) && change.new.is_none()
        || allocated(&change.new) && change.old.is_none()
        || generated && !said && (change.old.is_none() || change.new.is_none())
}

/// An object as `kubectl apply` creates it: without the fields that are null (`pruneNullsFromMap`).
fn as_sent(object: &Object) -> Object {
    let mut root = apply::sent(&object.root);
    k8s::defaults::drop_nulls(&mut root);
    Object { root, ..object.clone() }
}

/// The part of the manifest `root` that the server stored: fields that it does not know it drops. A live object holds
/// no others.
fn stored_part<'a>(object: &Object, root: &'a Node, options: &Options) -> Cow<'a, Node> {
    if options.live {
        return Cow::Borrowed(root);
    }
    let mut known = root.clone();
    k8s::schema::drop_unknown(&object.api_version, &object.kind, options.version, &mut known);
    Cow::Owned(known)
}

/// Why the manifest cannot be applied whatever is stored, not even to create the object.
fn own_faults(new: &Object, applied: &Applied, world: &effects::World<'_>, options: &Options) -> Vec<Reason> {
    if let Some(fault) = &applied.fault
        && !fault.reasons.iter().any(|reason| reason.cause == Cause::Conflict)
    {
        return fault.reasons.clone();
    }
    // A recorded Secret holds no values to validate.
    if secrets::has_digests(&new.kind, &new.root) {
        return Vec::new();
    }
    invalid(new, world, options)
}

/// The object that the server has to read once it has applied the patch.
fn patched(old: &Object, new: &Object, applied: &Applied) -> Object {
    // The previous object has other fields in another version of its API; and digests of values are no base64.
    if old.api_version != new.api_version || secrets::has_digests(&new.kind, &applied.merged) {
        return as_sent(new);
    }
    let mut root = applied.patched.clone();
    drop_allocated(&mut root);
    Object { root, ..new.clone() }
}

/// Why the server would not create the object.
fn invalid(object: &Object, world: &effects::World<'_>, options: &Options) -> Vec<Reason> {
    reasons_of(options, || match world.definition_of(object) {
        Some(definition) => k8s::validate_custom(object, &definition.root, options.version),
        None => k8s::validate_for(Operation::Create, object, options.version),
    })
}

/// Why the server would not store the object in place of the old one. Rules of a definition may compare the two.
fn invalid_update(
    object: &Object,
    old: &Object,
    world: &effects::World<'_>,
    options: &Options,
) -> Vec<Reason> {
    reasons_of(options, || match world.definition_of(object) {
        Some(definition) => k8s::validate_custom_update(object, &old.root, &definition.root, options.version),
        None => k8s::validate_for(Operation::Update, object, options.version),
    })
}

/// Why the server could not even read the object.
fn unreadable(object: &Object, options: &Options) -> Vec<Reason> {
    reasons_of(options, || k8s::validate_form(object, options.version))
}

fn reasons_of(options: &Options, validate: impl FnOnce() -> Vec<Finding>) -> Vec<Reason> {
    if !options.validate {
        return Vec::new();
    }
    validate()
        .into_iter()
        .filter(|finding| finding.severity() == Severity::Error)
        .map(|finding| Reason {
            message: finding.error.server_message(),
            path: finding.error.path,
            cause: Cause::Invalid(finding.error.kind),
        })
        .collect()
}

/// A stored object with the head of a manifest.
fn with_header(object: &Object, stored: &Node) -> Node {
    use crate::diag::Span;
    let mut map = crate::yaml::Map::new();
    map.insert("apiVersion", Span::NONE, Node::bare(object.api_version.as_str()));
    map.insert("kind", Span::NONE, Node::bare(object.kind.as_str()));
    for entry in stored.as_map().into_iter().flatten() {
        map.push(entry.clone());
    }
    if let (Some(namespace), Some(metadata)) =
        (&object.namespace, map.get_mut("metadata").and_then(Node::as_map_mut))
    {
        metadata.insert("namespace", Span::NONE, Node::bare(namespace.as_str()));
    }
    let mut root = Node::new(Value::Map(map), object.root.span);
    drop_allocated(&mut root);
    root
}

fn drop_allocated(root: &mut Node) {
    if let Some(spec) = root.as_map_mut().and_then(|map| map.get_mut("spec")).and_then(Node::as_map_mut) {
        spec.retain(|entry| entry.value.as_str() != Some(apply::ALLOCATED));
    }
}

/// The part of `stored` that one of the manifests speaks of. Both sides of a comparison keep the same fields,
/// so a default written out on one side alone shows no difference.
fn mentioned(kind: &str, parent: &str, field: &str, stored: &Node, manifests: &[&Node]) -> Node {
    let value = match &stored.value {
        Value::Map(map) => {
            let mut kept = crate::yaml::Map::new();
            let indexes: Vec<_> =
                manifests.iter().filter_map(|node| node.as_map()).map(fields::Index::of).collect();
            for entry in map {
                let below: Vec<&Node> = indexes.iter().filter_map(|index| index.get(&entry.key)).collect();
                if !below.is_empty() {
                    let value = mentioned(kind, field, &entry.key, &entry.value, &below);
                    kept.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
                }
            }
            Value::Map(kept)
        }
        Value::Seq(items) => {
            let keys = k8s::merge::identity(kind, parent, field);
            let item = |(index, item): (usize, &Node)| {
                let name = k8s::merge::item_name(item, keys);
                let below: Vec<&Node> = manifests
                    .iter()
                    .filter_map(|list| {
                        let named = name.as_ref().and_then(|name| {
                            let first = keys.first()?;
                            let same = |other: &&Node| {
                                k8s::merge::item_name(other, std::slice::from_ref(first))
                                    == k8s::merge::item_name(item, std::slice::from_ref(first))
                                    && (keys.len() == 1
                                        || k8s::merge::item_name(other, keys)
                                            .is_some_and(|o| name.starts_with(&o)))
                            };
                            list.items().iter().find(same)
                        });
                        named.or_else(|| list.items().get(index))
                    })
                    .collect();
                mentioned(kind, parent, field, item, &below)
            };
            Value::Seq(items.iter().enumerate().map(item).collect())
        }
        value => return Node::new(value.clone(), stored.span),
    };
    Node::new(value, stored.span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_reason_keeps_its_place_and_the_cause_of_the_update_rule() {
        let reason = |path: &str, cause: Cause| Reason {
            path: path.to_owned(),
            message: "may not be set".to_owned(),
            cause,
        };
        let invalid = Cause::Invalid(ErrorKind::Invalid);
        let update = Cause::Update(update::Cause::HeadlessService);
        let reasons = vec![reason("spec.a", invalid), reason("spec.b", invalid), reason("spec.a", update)];
        assert_eq!(without_repetitions(reasons), [reason("spec.a", update), reason("spec.b", invalid)]);
    }
}
