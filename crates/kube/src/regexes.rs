//! Regular expressions of schemas and of expressions in CEL. The same few are asked about many values, and compiling one
//! takes far longer than asking it.

use regex::{Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most expressions that a thread keeps.
const MOST: usize = 64;

/// The most bytes of an expression that is kept.
const MOST_BYTES: usize = 1 << 18;

thread_local! {
    /// `None` is an expression that does not compile.
    static COMPILED: RefCell<BTreeMap<String, Option<Rc<Regex>>>> = RefCell::default();
}

/// Compiles an expression, unless that was done already; `None` if it does not compile.
pub(crate) fn compile(pattern: &str) -> Option<Rc<Regex>> {
    if let Some(known) = COMPILED.with_borrow(|compiled| compiled.get(pattern).cloned()) {
        return known;
    }
    let regex = match RegexBuilder::new(pattern).size_limit(MOST_BYTES).build() {
        Err(regex::Error::CompiledTooBig(_)) => return Regex::new(pattern).ok().map(Rc::new),
        built => built.ok().map(Rc::new),
    };
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= MOST {
            compiled.clear();
        }
        compiled.insert(pattern.to_owned(), regex.clone());
    });
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_expressions_are_compiled_once() {
        let same = |pattern: &str| {
            let [first, second] = [compile(pattern), compile(pattern)].map(Option::unwrap);
            assert!(first.is_match("aaa") && second.is_match("aaa") && !second.is_match("b"), "{pattern}");
            Rc::ptr_eq(&first, &second)
        };
        assert!(same("^a+$"));
        assert!(!same("^[\\pL--b]{1,100}$"), "a large one is not kept");
        assert!(compile("(").is_none() && compile("(").is_none());
        for number in 0..3 * MOST {
            assert!(compile(&format!("^{number}$")).unwrap().is_match(&number.to_string()));
        }
        assert!(COMPILED.with_borrow(BTreeMap::len) <= MOST);
    }
}
