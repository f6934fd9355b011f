//! Texts and places in them.

use crate::secrets::Concealed;
use std::ops::Range;
use std::sync::{Arc, OnceLock, RwLock};

/// Names one [`Source`] of a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A byte range in a source. Small and copied freely: every YAML node carries one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The place of things that come from no text at all (values that the tool itself supplies).
    pub const NONE: Span = Span { source: SourceId(u32::MAX), start: 0, end: 0 };

    /// The bytes `start..end` of `source`. Texts are limited to 4 GiB by the reader's size limit.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start: clamp_to_u32(start), end: clamp_to_u32(end) }
    }

    /// Whether it is [`Span::NONE`].
    pub fn is_none(self) -> bool {
        self.source == Self::NONE.source
    }

    /// The smallest span that covers both; `self` where they are in different texts.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.source != other.source {
            return self;
        }
        Self { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

fn clamp_to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Where a text came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A file on disk (or inside an archive); the name is its path as the user would write it.
    File,
    /// A file that could not be read: it has a name, but there is no text to show.
    Unread,
    /// Standard input.
    Stdin,
    /// A command-line flag; the name is the flag (`--set`), the text its argument.
    Flag,
    /// Embedded in the binary.
    Builtin,
    /// Produced by rendering; positions lead back to templates and values through the map.
    Rendered(SourceMap),
}

/// One text.
#[derive(Debug)]
pub struct Source {
    /// What to call it in messages.
    pub name: String,
    /// Its content.
    pub text: Arc<str>,
    /// Where it came from.
    pub kind: SourceKind,
    /// Known positions to count from, filled on first use.
    marks: OnceLock<Vec<Mark>>,
}

/// A place as people count: line and column start at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Source {
    /// The text of a span in it.
    pub fn slice(&self, span: Span) -> Option<&str> {
        self.text.get(span.start as usize..span.end as usize)
    }

    /// The line and column of a byte offset: the one place where positions become 1-based.
    pub fn position(&self, offset: u32) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let marks = self.marks.get_or_init(|| marks(&self.text));
        let next = marks.partition_point(|mark| mark.offset as usize <= offset);
        let mark = next.checked_sub(1).map_or(Mark::START, |index| marks[index]);
        let characters = self.text[mark.offset as usize..offset].chars().count();
        Position { line: mark.line as usize + 1, column: mark.column as usize + characters + 1 }
    }
}

/// A byte whose position is known; line and column from 0.
#[derive(Debug, Clone, Copy)]
struct Mark {
    offset: u32,
    line: u32,
    column: u32,
}

impl Mark {
    const START: Self = Self { offset: 0, line: 0, column: 0 };
    /// At most so many bytes are counted from one: JSON may be one line of many megabytes.
    const STRIDE: u32 = 1024;
}

/// The start of every line but the first, and places in between in long lines.
fn marks(text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut mark = Mark::START;
    let mut characters = 0;
    for (offset, byte) in text.bytes().enumerate() {
        let offset = clamp_to_u32(offset);
        if byte == b'\n' {
            mark = Mark { offset: offset.saturating_add(1), line: mark.line + 1, column: 0 };
            characters = 0;
            marks.push(mark);
        } else if byte & 0xC0 != 0x80 {
            // The first byte of a character.
            if offset - mark.offset >= Mark::STRIDE {
                mark = Mark { offset, column: mark.column + characters, ..mark };
                characters = 0;
                marks.push(mark);
            }
            characters += 1;
        }
    }
    marks
}

/// How a stretch of rendered text came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// First byte of the stretch in the rendered text; it ends where the next begins.
    pub start: u32,
    /// The template text that produced it.
    pub template: Span,
    /// Whether the stretch is that text, byte for byte, so that offsets carry over.
    pub verbatim: bool,
    /// Where the interpolated value came from: a values file, a flag.
    pub value: Option<Span>,
}

/// Leads from rendered text back to where it came from. Segments are sorted by `start`. A stretch that was made from several
/// values has a segment for each of them; the last one stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    segments: Vec<Segment>,
}

impl SourceMap {
    /// A map of segments that are already sorted by `start`.
    pub fn new(segments: Vec<Segment>) -> Self {
        debug_assert!(segments.is_sorted_by_key(|segment| segment.start));
        Self { segments }
    }

    /// The bytes of the segment that holds the rendered byte `at`, in a text of `length` bytes.
    pub fn segment_range(&self, at: u32, length: usize) -> std::ops::Range<usize> {
        let next = self.segments.partition_point(|segment| segment.start <= at);
        let start = next.checked_sub(1).map_or(0, |index| self.segments[index].start as usize);
        let end = self.segments.get(next).map_or(length, |segment| segment.start as usize);
        start.min(length)..end.clamp(start.min(length), length)
    }

    /// The map of the bytes `start..end`, for a text that consists of them.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let (from, to) = (clamp_to_u32(start), clamp_to_u32(end));
        let first = self.first_at(from);
        let after = self.segments.partition_point(|segment| segment.start < to);
        let mut segments: Vec<Segment> = self.segments.get(first..after).unwrap_or_default().to_vec();
        for segment in &mut segments {
            let cut = from.saturating_sub(segment.start);
            if segment.verbatim {
                segment.template.start = (segment.template.start + cut).min(segment.template.end);
            }
            segment.start = (segment.start + cut).saturating_sub(from);
        }
        Self { segments }
    }

    /// The index of the first segment of the stretch that holds the rendered byte `at`.
    fn first_at(&self, at: u32) -> usize {
        let last = self.segments.partition_point(|segment| segment.start <= at).saturating_sub(1);
        let start = self.segments.get(last).map_or(0, |segment| segment.start);
        self.segments.partition_point(|segment| segment.start < start)
    }

    /// The segments that a span of the rendered text overlaps, the template of each cut to the overlap.
    pub(crate) fn segments_of(&self, span: Span) -> Vec<Segment> {
        let mut segments = self.slice(span.start as usize, span.end as usize).segments;
        let mut end = span.end - span.start;
        for segment in segments.iter_mut().rev() {
            if segment.verbatim {
                segment.template.end = segment.template.end.min(segment.template.start + end - segment.start);
            }
            end = segment.start;
        }
        segments
    }

    /// The parts of a range of the rendered text whose value is secret, counted from the start of the range.
    pub(crate) fn secret_ranges(
        &self,
        range: Range<usize>,
        is_secret: impl Fn(Span) -> bool,
    ) -> Vec<Range<usize>> {
        let first = self.first_at(clamp_to_u32(range.start));
        let after = self.segments.partition_point(|segment| (segment.start as usize) < range.end);
        let mut stretch = range.end..range.end;
        let mut found = Vec::new();
        for segment in self.segments.get(first..after).unwrap_or_default().iter().rev() {
            let start = (segment.start as usize).max(range.start);
            if start < stretch.start {
                stretch = start..stretch.start;
            }
            if segment.value.is_some_and(&is_secret) {
                found.push(stretch.start - range.start..stretch.end - range.start);
            }
        }
        found
    }

    /// The template range and the value's origin of the rendered bytes `start..end`.
    pub fn trace(&self, start: u32, end: u32) -> Option<(Span, Option<Span>)> {
        let index = self.segments.partition_point(|segment| segment.start <= start).checked_sub(1)?;
        let segment = &self.segments[index];
        if !segment.verbatim {
            return Some((segment.template, segment.value));
        }
        let offset = start - segment.start;
        let from = (segment.template.start + offset).min(segment.template.end);
        let to = (from + end.saturating_sub(start)).min(segment.template.end);
        Some((Span { start: from, end: to, ..segment.template }, segment.value))
    }
}

/// Every text of a run. Shared by reference and append-only, so charts can be read in parallel.
#[derive(Debug, Default)]
pub struct Sources {
    all: RwLock<Vec<Arc<Source>>>,
    /// What of them must not be shown.
    pub(crate) concealed: Concealed,
}

impl Sources {
    /// No texts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and names it.
    pub fn add(&self, name: impl Into<String>, text: impl Into<Arc<str>>, kind: SourceKind) -> SourceId {
        let source = Arc::new(Source { name: name.into(), text: text.into(), kind, marks: OnceLock::new() });
        let mut all = self.all.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = SourceId(u32::try_from(all.len()).unwrap_or(u32::MAX - 1));
        all.push(source);
        id
    }

    /// The text of that name; `None` for [`Span::NONE`]'s.
    pub fn get(&self, id: SourceId) -> Option<Arc<Source>> {
        self.all.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(id.0 as usize).cloned()
    }

    /// The line and column where a span starts.
    pub fn position(&self, span: Span) -> Option<Position> {
        Some(self.get(span.source)?.position(span.start))
    }

    /// The place on disk behind a span, and the origin of the value there: for rendered text the
    /// template that produced it, for any other text the span itself.
    pub fn trace(&self, span: Span) -> (Span, Option<Span>) {
        match self.get(span.source).as_deref() {
            Some(Source { kind: SourceKind::Rendered(map), .. }) => {
                map.trace(span.start, span.end).unwrap_or((span, None))
            }
            _ => (span, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_one_based_and_count_characters() {
        let sources = Sources::new();
        let id = sources.add("a.yaml", "a: ü\nbé: 1\n", SourceKind::File);
        let at = |start| sources.position(Span::new(id, start, start)).unwrap();
        assert_eq!(at(0), Position { line: 1, column: 1 });
        assert_eq!(at(3), Position { line: 1, column: 4 });
        assert_eq!(at(9), Position { line: 2, column: 3 });
        assert_eq!(at(999), Position { line: 3, column: 1 });
    }

    #[test]
    fn positions_in_long_lines_are_counted_from_nearby() {
        let sources = Sources::new();
        let text = format!("\n{}x\n", "aü".repeat(5000));
        let id = sources.add("a.json", text.as_str(), SourceKind::File);
        for (offset, character) in text.char_indices().enumerate().filter(|(_, (_, c))| *c != '\n') {
            let (byte, _) = character;
            let at = sources.position(Span::new(id, byte, byte)).unwrap();
            assert_eq!(at, Position { line: 2, column: offset });
        }
        let marks = marks(&text);
        assert!(marks.windows(2).all(|pair| pair[1].offset - pair[0].offset <= Mark::STRIDE + 4));
    }

    #[test]
    fn a_stretch_made_from_several_values_leads_to_each() {
        let sources = Sources::new();
        let template = sources.add("t.yaml", "a: {{ printf }}\n", SourceKind::File);
        let values = sources.add("values.yaml", "a: 1\nb: 2\n", SourceKind::File);
        let (a, b) = (Span::new(values, 3, 4), Span::new(values, 8, 9));
        let segment = |start, from, to, value| Segment {
            start,
            template: Span::new(template, from, to),
            verbatim: from == 0,
            value,
        };
        let map = SourceMap::new(vec![
            segment(0, 0, 3, None),
            segment(3, 3, 15, Some(a)),
            segment(3, 3, 15, Some(b)),
            segment(3, 3, 15, None),
            segment(6, 15, 16, None),
        ]);
        let values_of = |start, end| {
            let segments = map.segments_of(Span::new(template, start, end));
            segments.into_iter().filter_map(|segment| segment.value).collect::<Vec<_>>()
        };
        assert_eq!((values_of(0, 3), values_of(2, 4), values_of(4, 7)), (vec![], vec![a, b], vec![a, b]));
        assert_eq!(map.segments_of(Span::new(template, 1, 4))[0].template, Span::new(template, 1, 3));
        let secret = |map: &SourceMap, range, wanted| {
            let ranges = map.secret_ranges(range, |value| value == wanted).into_iter();
            ranges.map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        assert_eq!(secret(&map, 0..8, a), [(3, 6)]);
        assert_eq!(secret(&map, 4..5, b), [(0, 1)]);
        assert_eq!(secret(&map.slice(4, 7), 0..3, a), [(0, 2)]);
        assert_eq!(map.trace(4, 5), Some((Span::new(template, 3, 15), None)));
    }

    #[test]
    fn rendered_text_leads_back_to_the_template() {
        let sources = Sources::new();
        let template = sources.add("t.yaml", "replicas: {{ values.n }}\n", SourceKind::File);
        let values = sources.add("values.yaml", "n: 3\n", SourceKind::File);
        let map = SourceMap::new(vec![
            Segment { start: 0, template: Span::new(template, 0, 10), verbatim: true, value: None },
            Segment {
                start: 10,
                template: Span::new(template, 10, 24),
                verbatim: false,
                value: Some(Span::new(values, 3, 4)),
            },
        ]);
        let rendered = sources.add("t.yaml", "replicas: 3\n", SourceKind::Rendered(map));
        assert_eq!(sources.trace(Span::new(rendered, 2, 4)), (Span::new(template, 2, 4), None));
        let (place, origin) = sources.trace(Span::new(rendered, 10, 11));
        assert_eq!(place, Span::new(template, 10, 24));
        assert_eq!(sources.position(origin.unwrap()), Some(Position { line: 1, column: 4 }));
    }
}
