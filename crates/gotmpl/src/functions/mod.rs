//! The functions that templates can call: Go's, Sprig's and Helm's, one file per family.
//!
//! Every family exports `TABLE`. Names are resolved when a template is parsed, so every name that
//! Helm knows must be in one of the tables, even if it is never called.

pub(crate) mod builtin;
pub(crate) mod cast;
mod certificates;
mod crypto;
mod dates;
mod defaults;
mod dicts;
mod encoding;
mod helm;
mod helm_docs;
mod keys;
mod lists;
mod math;
mod paths;
mod random;
pub(crate) mod regexes;
mod semvers;
mod strings;
mod tomls;
mod words;

pub use dates::parse_duration;
pub use regexes::compile as compile_regex;

use crate::function::Function;

/// The tables of all families.
const TABLES: &[&[Function]] = &[
    builtin::TABLE,
    certificates::TABLE,
    crypto::TABLE,
    dates::TABLE,
    defaults::TABLE,
    dicts::TABLE,
    encoding::TABLE,
    helm::TABLE,
    lists::TABLE,
    math::TABLE,
    paths::TABLE,
    random::TABLE,
    regexes::TABLE,
    semvers::TABLE,
    strings::TABLE,
    tomls::TABLE,
];

/// Which program's functions templates call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Functions {
    /// The functions of Go, Sprig and Helm. Some of Helm's replace functions of Sprig.
    #[default]
    Helm,
    /// The same, except for those that helm-docs has under the same name: for its documentation templates.
    HelmDocs,
}

impl Functions {
    /// The function called `name`.
    pub(crate) fn find(self, name: &str) -> Option<&'static Function> {
        let of_helm_docs = || helm_docs::TABLE.iter().find(|function| function.name == name);
        (self == Self::HelmDocs).then(of_helm_docs).flatten().or_else(|| find(name))
    }
}

/// The function called `name`.
fn find(name: &str) -> Option<&'static Function> {
    static INDEX: std::sync::OnceLock<Vec<&'static Function>> = std::sync::OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let mut all: Vec<_> = TABLES.iter().flat_map(|table| table.iter()).collect();
        all.sort_unstable_by_key(|function| function.name);
        all
    });
    index.binary_search_by(|function| function.name.cmp(name)).ok().map(|found| index[found])
}

/// The name of every function that templates can call.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().flat_map(|table| table.iter()).map(|function| function.name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_name_is_defined_twice() {
        let mut names: Vec<_> = super::names().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
