//! What is taken from one sequence of texts, and what is added to it, to make another.

use similar::DiffOp;
use similar::algorithms::{Capture, Compact, Replace, myers};
use std::collections::BTreeMap;

/// The operations that make `new` out of `old`, in order; their ranges are indices into the two.
///
/// The texts are compared by numbers given to them: `similar` compiles each of its algorithms for each kind of sequence
/// that its types for texts know of, and all that was a seventh of this crate's code.
pub(super) fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<DiffOp> {
    let mut numbers = BTreeMap::new();
    let mut number = |texts: &[&'a str]| -> Vec<usize> {
        let number_of = |text: &&'a str| {
            let next = numbers.len();
            *numbers.entry(*text).or_insert(next)
        };
        texts.iter().map(number_of).collect()
    };
    let (old, new) = (number(old), number(new));
    let mut operations = Compact::new(Replace::new(Capture::new()), &old, &new);
    let Ok(()) = myers::diff(&mut operations, &old, 0..old.len(), &new, 0..new.len());
    operations.into_inner().into_inner().into_ops()
}

/// The lines of a text with their ends.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use similar::DiffTag;

    proptest! {
        /// Read in order, the operations tell all of both sequences, and `Equal` is said of equal texts alone.
        #[test]
        fn operations_tell_both_sequences(old in "[ab\n]{0,40}", new in "[ab\n]{0,40}") {
            let (old, new) = (lines(&old), lines(&new));
            let (mut from_old, mut from_new) = (Vec::new(), Vec::new());
            for operation in edits(&old, &new) {
                let (was, is) = (&old[operation.old_range()], &new[operation.new_range()]);
                prop_assert_eq!(operation.tag() == DiffTag::Equal, was == is);
                from_old.extend(was);
                from_new.extend(is);
            }
            prop_assert_eq!((from_old, from_new), (old, new));
        }
    }
}
