//! Random values: passwords, keys and times that every render makes anew.
//!
//! A chart is rendered twice, with other random values and at another time. What differs between the two is random,
//! and so is a change to it: no file of the chart says that it has to change.

use super::effects::config_of;
use super::{Change, EffectKind, FieldPath, ObjectPlan, Plan, effects, fields, secrets};
use crate::diag::ObjectRef;
use crate::manifest::Object;
use std::collections::{BTreeMap, BTreeSet};

/// What is added to the description of a restart.
const WHY: &str = "this follows only from random values, which are others in each render";

impl Plan {
    /// Marks the changes that are only random, and the restarts that follow only from them. `new` is the new side, and
    /// `redrawn` the same rendered once more.
    pub fn mark_random(&mut self, new: &[Object], redrawn: &[Object]) {
        if redrawn.is_empty() {
            return;
        }
        let others: BTreeMap<ObjectRef, &Object> =
            redrawn.iter().map(|object| (object.reference(), object)).collect();
        let drawn: BTreeMap<ObjectRef, Drawn> = new
            .iter()
            .map(|object| {
                let reference = object.reference();
                let drawn = others.get(&reference).map_or(Drawn::Name, |other| Drawn::of(object, other));
                (reference, drawn)
            })
            .collect();
        for plan in &mut self.objects {
            match drawn.get(&plan.object) {
                Some(Drawn::Name) => mark_name(plan),
                Some(Drawn::Fields(paths)) => mark_fields(plan, paths),
                None => {}
            }
        }
        self.random = self
            .objects
            .iter()
            .filter(|plan| {
                plan.change != Change::Removed && drawn.get(&plan.object).is_some_and(Drawn::is_some)
            })
            .map(|plan| format!("{}/{}", plan.object.kind, plan.object.name))
            .collect();
        self.mark_restarts(new);
    }

    /// A restart is random if nothing else changes: neither in the template, nor in the configuration that it reads.
    fn mark_restarts(&mut self, new: &[Object]) {
        let changed: BTreeSet<(&str, &str)> = self
            .objects
            .iter()
            .filter(|plan| matches!(plan.change, Change::Modified | Change::Added) && !plan.is_random)
            .map(|plan| (plan.object.kind.as_str(), plan.object.name.as_str()))
            .collect();
        let is_random = |plan: &ObjectPlan| {
            let mut template = plan
                .changes
                .iter()
                .filter(|change| change.path.starts_with(&["spec", "template"]))
                .peekable();
            let object = new.iter().find(|object| object.reference() == plan.object);
            plan.restarts()
                && template.peek().is_some()
                && template.all(|change| change.is_random)
                && object.is_some_and(|object| config_of(object).iter().all(|used| !changed.contains(used)))
        };
        let random: Vec<bool> = self.objects.iter().map(is_random).collect();
        for (plan, _) in self.objects.iter_mut().zip(random).filter(|(_, is_random)| *is_random) {
            let restarts = plan
                .effects
                .iter_mut()
                .filter(|effect| matches!(effect.kind, EffectKind::RollingRestart | EffectKind::Recreate));
            restarts.for_each(|effect| effect.detail = format!("{}; {WHY}", effect.detail));
        }
    }
}

/// What of an object is random.
enum Drawn {
    /// Its name.
    Name,
    /// These fields.
    Fields(Vec<FieldPath>),
}

impl Drawn {
    fn of(object: &Object, other: &Object) -> Self {
        let kind = object.kind.as_str();
        let (one, other) = (secrets::folded(kind, &object.root), secrets::folded(kind, &other.root));
        Self::Fields(fields::compare(kind, &one, &other).into_iter().map(|change| change.path).collect())
    }

    fn is_some(&self) -> bool {
        !matches!(self, Self::Fields(paths) if paths.is_empty())
    }
}

fn mark_name(plan: &mut ObjectPlan) {
    if plan.change == Change::Added {
        plan.is_random = true;
        let detail = "its name is random: each render makes another object".to_owned();
        plan.effects.push(effects::effect(EffectKind::None, detail));
    }
}

fn mark_fields(plan: &mut ObjectPlan, random: &[FieldPath]) {
    for change in plan.changes.iter_mut().filter(|change| change.new.is_some()) {
        change.is_random = random.iter().any(|path| path.covers(&change.path));
    }
    plan.is_random = !plan.changes.is_empty() && plan.changes.iter().all(|change| change.is_random);
}
