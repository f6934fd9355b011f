//! What happened in the simulation, object by object.

use super::effects::World;
use super::instructions::Instruction;
use super::matching::Pair;
use super::simulation::{ALLOCATED, Applied, Simulation};
use super::{
    Cause, Change, Effect, EffectKind, FieldChange, FieldPath, ObjectPlan, Options, Reason, Stored, Verdict,
    effects, fields, keyless, matching, recreated, refused, removed, repeated, secrets, simulation,
};
use crate::k8s;
use crate::k8s::merge::Position;
use crate::manifest::Object;
use crate::yaml::{Entry, Node, Value};
use std::borrow::Cow;

/// The manifests of a pair, as they are compared: secret values that only one of them knows are digests in both, and the new
/// one has the old values of ignored fields.
#[derive(Default)]
pub(super) struct Roots<'a> {
    pub(super) old: Option<Cow<'a, Node>>,
    pub(super) new: Option<Cow<'a, Node>>,
}

impl<'a> Roots<'a> {
    pub(super) fn of(pair: &Pair<'a>, options: &Options) -> Self {
        let (Some(old), Some(new)) = (pair.old, pair.new) else {
            let root = |object: Option<&'a Object>| object.map(|object| Cow::Borrowed(&*object.root));
            return Self { old: root(pair.old), new: root(pair.new) };
        };
        let (old_root, mut new_root) = secrets::comparable(&new.kind, &old.root, &new.root, &options.keys);
        if options.ignore.iter().any(|rule| rule.concerns(new)) {
            let stored = |root: &Node| {
                let object = Object { root: root.clone().into(), ..new.clone() };
                simulation::draft_alone(&object, options.version, &options.namespace)
            };
            let noted = if options.live { options.manifest_of(old) } else { None };
            let before = stored(noted.as_deref().unwrap_or(&old_root));
            let mut hidden = fields::compare(&new.kind, &before, &stored(&new_root));
            hidden.retain(|change| options.ignore.iter().any(|rule| rule.hides(new, &change.path)));
            hidden.iter().rev().for_each(|change| fields::revert(new_root.to_mut(), change));
        }
        Self { old: Some(old_root), new: Some(new_root) }
    }
}

/// Looks at what happened in a simulation.
pub(super) struct Observer<'a> {
    pub(super) simulation: &'a Simulation,
    pub(super) world: &'a World<'a>,
    pub(super) options: &'a Options,
}

impl Observer<'_> {
    /// What happens to the object of a pair.
    pub(super) fn plan(&self, pair: &Pair<'_>, roots: &Roots<'_>) -> ObjectPlan {
        let mut plan = match (pair.old, pair.new) {
            (old, new) if new.or(old).is_some_and(|object| self.options.driver.skips(object)) => {
                skipped(old, new)
            }
            (Some(old), Some(new)) => self.updated(old, new, roots),
            (None, Some(new)) => self.added(new),
            (Some(old), None) => self.removed(old),
            (None, None) => unreachable!("a pair has at least one object"),
        };
        plan.renamed = pair.renamed.map(|other| match &other.namespace {
            // The same name in another namespace.
            Some(namespace) if other.name == plan.object.name => format!("{namespace}/{}", other.name),
            _ => other.name.clone(),
        });
        match (pair.old, pair.new, pair.renamed) {
            (None, Some(new), Some(old)) if plan.verdict == Verdict::Accepted => {
                let is_deleted = self.simulation.is_deleted(old);
                plan.effects.extend(removed::renamed_from(new, old, is_deleted));
            }
            // One that is refused never runs beside the old one.
            (Some(old), None, Some(new)) if self.simulation.reasons(new).is_empty() => {
                removed::renamed_to(&mut plan, old, new, self.world);
            }
            _ => {}
        }
        plan.effects.sort_by_key(|effect| effect.kind);
        plan.stored = pair.new.or(pair.old).filter(|_| self.options.stored).map(|object| {
            let [before, mut after] = self.simulation.read(object);
            if let (Some(after), Some(new)) = (&mut after, pair.new) {
                secrets::restore(after, &new.root);
            }
            Stored {
                before,
                after,
                is_recreated: self.simulation.is_recreated(object),
                unsent_because: self.simulation.unsent_because(object, self.options.driver),
            }
        });
        plan
    }

    fn added(&self, new: &Object) -> ObjectPlan {
        let mut plan = blank(new, Change::Added);
        plan.reasons = self.simulation.reasons(new);
        if !plan.reasons.is_empty() {
            plan.verdict = Verdict::Rejected;
            plan.remediation = refused::creation(&plan.reasons);
        } else if let Some(unsent) = self.unsent(new) {
            plan.effects.push(unsent);
        } else {
            plan.effects = effects::created(new);
            plan.effects.extend(self.unknown_fields(new));
        }
        plan.after = self.options.documents.then(|| secrets::shown(&new.root, self.options));
        plan
    }

    fn removed(&self, old: &Object) -> ObjectPlan {
        let mut plan = blank(old, Change::Removed);
        removed::describe(&mut plan, old, self.simulation, self.world);
        plan.before = self.options.documents.then(|| secrets::shown(&old.root, self.options));
        plan
    }

    /// What is said of an object that the driver does not send.
    fn unsent(&self, object: &Object) -> Option<Effect> {
        let why = self.simulation.unsent_because(object, self.options.driver)?;
        Some(effects::effect(EffectKind::Ignored, format!("is not applied: {why}")))
    }

    /// The fields of an accepted manifest that the server drops because it does not know them.
    fn unknown_fields(&self, new: &Object) -> Vec<Effect> {
        if self.options.driver.is_strict() {
            return Vec::new();
        }
        let findings = k8s::validate_form(new, self.options.version).into_iter();
        let unknown = findings.filter(|finding| finding.error.kind == k8s::ErrorKind::UnknownField);
        let effect = |path: &str| {
            let detail = format!("`{path}` is dropped: the API server does not know the field");
            effects::effect(EffectKind::Ignored, detail)
        };
        unknown.map(|finding| effect(&finding.error.path)).collect()
    }

    fn updated(&self, old: &Object, new: &Object, roots: &Roots<'_>) -> ObjectPlan {
        // What is written the same way stays as it is, unless what the server has added is to be dropped.
        if old.root == new.root && !self.options.driver.sends_whole_objects() {
            return blank(new, Change::Unchanged);
        }
        let Self { simulation, world, options } = *self;
        let kind = new.kind.as_str();
        let (Some(old_root), Some(new_root)) = (&roots.old, &roots.new) else {
            return blank(new, Change::Unchanged);
        };
        let old_root = if options.live {
            // Without a note on what was applied nothing can be told to have been dropped.
            options.manifest_of(old).unwrap_or(Cow::Borrowed(&**new_root))
        } else {
            Cow::Borrowed(&**old_root)
        };
        let applied = simulation.applied(new);
        let noted = options.live.then(|| simulation.draft(new, &old_root));
        let desired = simulation.draft(new, new_root);
        let stored = fields::compare(kind, &applied.live, &applied.merged);
        let mut wanted = match &noted {
            // The usual case: what is stored is what the manifest says.
            None if applied.merged == desired => stored.clone(),
            _ => fields::compare(kind, noted.as_ref().unwrap_or(&applied.live), &desired),
        };
        let is_named = |change: &FieldChange| {
            [&*old_root, &**new_root].iter().any(|root| effects::speaks_of(root, change))
        };
        let mut changes: Vec<FieldChange> =
            stored.iter().filter(|change| !is_allocation(change, is_named(change))).cloned().collect();

        let mut plan = blank(new, if changes.is_empty() { Change::Unchanged } else { Change::Modified });
        let merged_by = k8s::merge::Position::root_in_group(matching::group_of(new), kind, options.version);
        // Server-side apply knows items by all their keys, and PUT sends the list as it is.
        let repeated = if options.driver.merges_in_client() && applied.is_merged {
            repeated::explain(options.driver, merged_by, [&old_root, &desired], &applied)
        } else {
            Vec::new()
        };
        let (old_root, new_root) = (secrets::folded(kind, &old_root), secrets::folded(kind, new_root));
        if let Some(unsent) = self.unsent(new).filter(|_| applied.reasons.is_empty()) {
            wanted.retain(is_named);
            plan.change = if wanted.is_empty() { Change::Unchanged } else { Change::Modified };
            changes = wanted;
            plan.effects.push(unsent);
        } else if applied.reasons.is_empty() {
            wanted.retain(|change| !repeated.iter().any(|(path, _)| path.covers(&change.path)));
            // What somebody has set by hand before the manifest followed is there already.
            let missing =
                if wanted.is_empty() { Vec::new() } else { fields::compare(kind, &applied.merged, &desired) };
            let missing = fields::PathSet::new(missing.iter().map(|change| &change.path));
            wanted.retain(|change| missing.overlaps(&change.path));
            plan.effects = effects::updated(new, &applied, &changes, world);
            if simulation.is_recreated(new) {
                let restarts = [EffectKind::RollingRestart, EffectKind::NeedlessRestart, EffectKind::None];
                plan.effects.retain(|effect| !restarts.contains(&effect.kind));
                let stored = (&applied.live, &applied.merged);
                plan.effects.extend(recreated::effects(&plan, (old, new), stored, world));
            }
            plan.effects
                .extend(effects::ignored(new, &old_root, &new_root, &wanted, &stored, &applied, world));
            plan.effects.extend(repeated.into_iter().map(|(_, effect)| effect));
            plan.effects.extend(self.unknown_fields(new));
            if plan.effects.is_empty() && plan.change == Change::Modified {
                plan.effects.push(effects::none(new, &changes));
            }
        } else {
            plan.effects = repeated.into_iter().map(|(_, effect)| effect).collect();
            plan.verdict = Verdict::Rejected;
            plan.change = Change::Modified;
            plan.reasons.clone_from(&applied.reasons);
            if changes.is_empty() || !applied.is_merged {
                // What the manifests say: nothing is stored.
                wanted.retain(is_named);
                changes = wanted;
            }
            if let Some((path, reason)) = self.keyless(merged_by, [&old_root, &new_root], &applied) {
                if !changes.iter().any(|change| path.covers(&change.path)) {
                    changes.extend(fields::reordered(kind, &path, &applied.live, &desired));
                }
                plan.reasons = vec![reason];
            }
            plan.remediation = if plan.reasons.iter().any(|reason| reason.cause == Cause::Ownership) {
                vec![Instruction::note(
                    "give the object the label and the annotations of the release, or let Helm take it over with `helm upgrade --take-ownership`",
                )]
            } else {
                let own_faults = self.own_faults(new, &plan.reasons);
                let stored = (&applied.live, &applied.merged);
                refused::remediation(&plan, new, stored, &own_faults, world)
            };
        }
        if plan.change == Change::Modified && options.documents {
            let mut spoken_of = old_root.clone();
            if options.live {
                // What the driver removes it had set, though no manifest may be left that says so.
                let dropped = changes.iter().filter(|change| change.new.is_none());
                dropped.for_each(|change| fields::revert(spoken_of.to_mut(), change));
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

    /// The item of a list for which `kubectl apply` has no patch, if that is why the object is refused.
    fn keyless(
        &self,
        root: Position,
        [old, new]: [&Node; 2],
        applied: &Applied,
    ) -> Option<(FieldPath, Reason)> {
        let is_list = applied.reasons.iter().any(|reason| reason.cause == Cause::List);
        (is_list && self.options.driver.merges_in_client())
            .then(|| keyless::find(root, [old, new, &applied.live]))
            .flatten()
    }

    /// Why the manifest cannot be applied whatever is stored, not even to create the object.
    fn own_faults(&self, new: &Object, reasons: &[Reason]) -> Vec<Reason> {
        if reasons.iter().any(|reason| matches!(reason.cause, Cause::List | Cause::Client)) {
            return reasons.to_vec();
        }
        // A recorded Secret holds no values to validate.
        if secrets::has_digests(&new.kind, &new.root) {
            return Vec::new();
        }
        self.simulation.faults_of_creation(&new.root)
    }
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
        stored: None,
    }
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

/// A value that the server chooses is no change that anybody made, unless a manifest speaks of it (`said`).
fn is_allocation(change: &FieldChange, said: bool) -> bool {
    let allocated = |node: &Option<Node>| node.as_ref().and_then(Node::as_str) == Some(ALLOCATED);
    let generated = ["clusterIP", "ipFamilies", "ipFamilyPolicy"]
        .iter()
        .any(|field| change.path.starts_with(&["spec", field]));
    allocated(&change.old) && change.new.is_none()
        || allocated(&change.new) && change.old.is_none()
        || generated && !said && (change.old.is_none() || change.new.is_none())
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
        spec.retain(|entry| entry.value.as_str() != Some(ALLOCATED));
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
