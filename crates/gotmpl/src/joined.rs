//! The places that values come from that were made from several others.
//!
//! Every value has an origin, which is copied with it, so an origin holds the number of a set of places and no more. Functions
//! get their arguments and nothing else: the sets of a render are kept per thread, like its work.

use plimsoll_diag::Span;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many places a set may have. Values that are made from more are known by the first of them.
const MAX_PLACES: usize = 256;

/// How many places all sets of a render may have together.
const MAX_ALL: usize = 1_000_000;

thread_local! {
    static SETS: RefCell<Sets> = RefCell::default();
}

/// The number of a set of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joined(u32);

/// A place that stands for all of a set, if there is one, and the places in their order.
type Set = (Option<Span>, Rc<[Span]>);

/// The sets of a render.
#[derive(Debug, Default)]
pub(crate) struct Sets {
    all: Vec<Set>,
    numbers: BTreeMap<Set, Joined>,
    places: usize,
}

impl Sets {
    /// Runs `body` with these sets.
    pub(crate) fn run<T>(&mut self, body: impl FnOnce() -> T) -> T {
        let outer = SETS.replace(std::mem::take(self));
        let result = body();
        *self = SETS.replace(outer);
        result
    }

    fn number(&mut self, set: Set) -> Joined {
        if let Some(number) = self.numbers.get(&set) {
            return *number;
        }
        let places = self.places.saturating_add(set.1.len());
        let number = u32::try_from(self.all.len()).ok().filter(|_| places <= MAX_ALL);
        let Some(number) = number.map(Joined) else { return Joined::UNKNOWN };
        self.places = places;
        self.all.push(set.clone());
        self.numbers.insert(set, number);
        number
    }
}

impl Joined {
    /// A set of which nothing is known.
    const UNKNOWN: Self = Self(u32::MAX);

    /// The set of these places. `leader` is the one of them that stands for all.
    pub(crate) fn of(leader: Option<Span>, mut places: Vec<Span>) -> Self {
        places.sort_unstable();
        places.dedup();
        places.truncate(MAX_PLACES);
        SETS.with_borrow_mut(|sets| sets.number((leader, places.into())))
    }

    fn get(self) -> Option<Set> {
        SETS.with_borrow(|sets| sets.all.get(usize::try_from(self.0).ok()?).cloned())
    }

    /// The place that stands for all.
    pub(crate) fn leader(self) -> Option<Span> {
        self.get()?.0
    }

    /// All places.
    pub(crate) fn places(self) -> Rc<[Span]> {
        self.get().map_or_else(|| Rc::from([]), |(_, places)| places)
    }
}
