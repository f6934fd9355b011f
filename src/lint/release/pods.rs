//! Workloads by the labels of their pods.

use super::{Workload, same_namespace};
use crate::k8s::views::Selector;
use crate::manifest::Object;
use std::collections::{BTreeMap, btree_map};

/// What several owners select that have the same selector: looked up once, however many they are.
pub(in crate::lint) struct Selection {
    /// The owners, by the number each was given.
    pub(in crate::lint) owners: Vec<usize>,
    /// The workloads whose pods are selected, by their place among all and in this order.
    pub(in crate::lint) workloads: Vec<usize>,
}

/// Workloads, and an index of the labels of their pods.
pub(super) struct Pods<'a> {
    pub(super) workloads: Vec<Workload<'a>>,
    /// Places of workloads, by label and value.
    by_label: BTreeMap<(&'a str, &'a str), Vec<usize>>,
}

impl<'a> Pods<'a> {
    pub(super) fn new(workloads: Vec<Workload<'a>>) -> Self {
        let mut by_label: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (place, workload) in workloads.iter().enumerate() {
            for entry in workload.template().labels().into_iter().flatten() {
                if let Some(value) = entry.value.as_str() {
                    by_label.entry((entry.key.as_str(), value)).or_default().push(place);
                }
            }
        }
        Self { workloads, by_label }
    }

    /// The workloads, by their place, whose pods a selector of `owner` matches.
    pub(super) fn find_selected(&self, selector: Selector<'_>, owner: &Object) -> Vec<usize> {
        let matches = |place: &usize| {
            let workload = &self.workloads[*place];
            same_namespace(owner, workload.object) && selector.matches(workload.template().labels())
        };
        match self.find_rarest_label(selector) {
            Some(few) => few.iter().copied().filter(matches).collect(),
            None => (0..self.workloads.len()).filter(matches).collect(),
        }
    }

    /// Whose pods each of many selectors matches. Those of one namespace that are the same are looked up together.
    pub(super) fn select<'s>(
        &self,
        owners: impl Iterator<Item = (usize, &'s Object, Selector<'s>)>,
    ) -> Vec<Selection> {
        let mut selections: Vec<Selection> = Vec::new();
        let mut known: BTreeMap<(Option<&str>, String), usize> = BTreeMap::new();
        for (number, owner, selector) in owners {
            match known.entry((owner.namespace.as_deref(), selector.key())) {
                btree_map::Entry::Occupied(known) => selections[*known.get()].owners.push(number),
                btree_map::Entry::Vacant(new) => {
                    new.insert(selections.len());
                    let workloads = self.find_selected(selector, owner);
                    selections.push(Selection { owners: vec![number], workloads });
                }
            }
        }
        selections
    }

    /// Of the workloads whose pods have one of these labels, those with the rarest; at most `limit`.
    pub(super) fn find_related<'s>(
        &'s self,
        selector: Selector<'s>,
        limit: usize,
    ) -> impl Iterator<Item = &'s Workload<'a>> + use<'s, 'a> {
        let known = selector.pairs().filter_map(|pair| self.by_label.get(&pair));
        let rarest: &'s [usize] = known.min_by_key(|list| list.len()).map(Vec::as_slice).unwrap_or_default();
        rarest.iter().take(limit).map(|place| &self.workloads[*place])
    }

    /// The workloads with the label of a selector that the fewest have; `None` if it names no label.
    fn find_rarest_label<'s>(&'s self, selector: Selector<'s>) -> Option<&'s [usize]> {
        let lists = selector.pairs().map(|pair| self.by_label.get(&pair).map_or(&[][..], Vec::as_slice));
        lists.min_by_key(|list| list.len())
    }
}
