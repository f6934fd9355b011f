//! The files behind a set of templates, by number.
//!
//! Charts whose templates are equal share one compiled set, so what a set knows of places cannot name texts of
//! one of those charts. A [`FileRange`] counts the files instead, and [`Files`] is what one chart has for the numbers.

use super::library;
use crate::diag::{SourceId, Span};
use std::ops::Range;
use std::sync::Arc;

/// A byte range in one of the files of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileRange {
    file: u32,
    start: u32,
    end: u32,
}

impl FileRange {
    /// The bytes `start..end` of a file.
    pub(super) fn new(file: usize, start: usize, end: usize) -> Self {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { file: narrow(file), start: narrow(start), end: narrow(end) }
    }

    /// The place without its first bytes.
    pub(super) fn skip(self, bytes: usize) -> Self {
        let start = self.start.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        Self { start: start.min(self.end), ..self }
    }

    /// Its bytes in its file.
    pub(super) fn bytes(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether it is in the component library.
    pub(super) fn is_library(self) -> bool {
        (self.file as usize) < library::FILES.len()
    }
}

/// The texts of the files of a set as one chart has them: first the component library, then the chart's own.
#[derive(Debug, Clone)]
pub(super) struct Files {
    library: Arc<[SourceId]>,
    own: Vec<SourceId>,
}

impl Files {
    pub(super) fn new(library: Arc<[SourceId]>, own: Vec<SourceId>) -> Self {
        Self { library, own }
    }

    /// The text of a file.
    pub(super) fn source(&self, file: usize) -> SourceId {
        let own = || self.own.get(file.checked_sub(self.library.len())?);
        self.library.get(file).or_else(own).copied().unwrap_or(Span::NONE.source)
    }

    /// The place on disk.
    pub(super) fn span(&self, place: FileRange) -> Span {
        Span { source: self.source(place.file as usize), start: place.start, end: place.end }
    }
}
