//! Which versions have a line, as the end of that line.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The versions of Kubernetes that are described, as the numbers after `1.`.
pub const MINORS: RangeInclusive<u8> = 30..=37;

/// The versions that have each line.
#[derive(Default)]
pub struct Minors(BTreeMap<String, Vec<u8>>);

impl Minors {
    /// From the lines of each version, versions in ascending order.
    pub fn of<L: IntoIterator<Item = String>>(versions: impl IntoIterator<Item = (u8, L)>) -> Self {
        let mut minors = Self::default();
        for (minor, lines) in versions {
            for line in lines {
                minors.0.entry(line).or_default().push(minor);
            }
        }
        minors
    }

    /// What follows a line that some versions lack: ` 34..`, ` ..35`, ` 34..35`. Empty if every version has it.
    pub fn suffix(&self, line: &str) -> String {
        let minors = &self.0[line];
        assert!(minors.windows(2).all(|pair| pair[1] == pair[0] + 1), "{line} comes and goes: {minors:?}");
        let (first, last) = (minors[0], minors[minors.len() - 1]);
        let bound = |minor: u8, edge| if minor == edge { String::new() } else { minor.to_string() };
        match (bound(first, *MINORS.start()), bound(last, *MINORS.end())) {
            (from, to) if from.is_empty() && to.is_empty() => String::new(),
            (from, to) => format!(" {from}..{to}"),
        }
    }

    /// Every line with its suffix, sorted.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|line| format!("{line}{}", self.suffix(line)))
    }
}
