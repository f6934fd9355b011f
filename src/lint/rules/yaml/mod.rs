//! `yaml/*`: YAML that is read as something else than it looks like.

super::group! {
    implicit_boolean: IMPLICIT_BOOLEAN,
    implicit_number: IMPLICIT_NUMBER,
    misread: MISREAD,
    octal_number: OCTAL_NUMBER,
    syntax: SYNTAX,
    tab: TAB,
    unreadable: UNREADABLE,
}

pub(in crate::lint) use {misread::MISREAD, syntax::SYNTAX, unreadable::UNREADABLE};

use crate::lint::scalar::{Scalar, find_ambiguous};
use crate::lint::subject::ChartSubject;

/// The scalars of a chart's values, including the user's, whose type may surprise.
fn ambiguous_values<'a>(subject: &ChartSubject<'a>) -> Vec<Scalar<'a>> {
    // The root's values hold those of every sub-chart, each leaf with the place it was written at.
    find_ambiguous(std::iter::once(&*subject.computed.root.values), subject.sources)
}
