//! Where the text of a template came from, recorded while it is written.

use crate::origin::Origin;
use plimsoll_diag::{Segment, Span};

/// The origin of a text: stretches in order, each up to the start of the next.
#[derive(Debug, Default)]
pub struct Trace {
    stretches: Vec<Stretch>,
    /// Values that stretches were made from besides their own: the number of the stretch, and where the value was set.
    others: Vec<(usize, Span)>,
}

#[derive(Debug)]
struct Stretch {
    start: usize,
    verbatim: bool,
    from: Written,
}

/// What wrote a stretch of text.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// The literal text or the action; `None` inside of `tpl`.
    pub(crate) span: Option<Span>,
    /// Where the value that the action wrote came from.
    pub(crate) origin: Origin,
}

impl Trace {
    /// Notes that literal text follows at `start`.
    pub(crate) fn text(&mut self, start: usize, span: Option<Span>) {
        self.stretches.push(Stretch {
            start,
            verbatim: true,
            from: Written { span, origin: Origin::Unknown },
        });
    }

    /// Notes that the value of an action follows at `start`.
    pub(crate) fn value(&mut self, start: usize, from: Written) {
        self.stretches.push(Stretch { start, verbatim: false, from });
    }

    /// Takes over the trace of an included `text` that was written at `start`, `indent.1` newlines before
    /// it and each of its lines indented by `indent.0`. Text without a place of its own was
    /// written by `action`, the `include`.
    pub(crate) fn splice(
        &mut self,
        start: usize,
        action: Option<Span>,
        text: &[u8],
        trace: Trace,
        indent: (usize, usize),
    ) {
        let (width, newlines) = indent;
        if width + newlines > 0 || trace.stretches.first().is_none_or(|first| first.start > 0) {
            self.stretches.push(Stretch {
                start,
                verbatim: false,
                from: Written { span: action, origin: Origin::Unknown },
            });
        }
        let mut line = 0;
        let mut counted = 0;
        let mut ends = trace.stretches.iter().skip(1).map(|next| next.start).collect::<Vec<_>>();
        ends.push(text.len());
        for (stretch, end) in trace.stretches.into_iter().zip(ends) {
            let Stretch { start: from, verbatim, from: written } = stretch;
            let mut written = written;
            if written.span.is_none() {
                written.span = action;
            }
            line += memchr::memchr_iter(b'\n', &text[counted..from]).count();
            counted = from;
            let shifted = |offset: usize, line: usize| start + newlines + offset + width * (line + 1);
            self.stretches.push(Stretch { start: shifted(from, line), verbatim, from: written.clone() });
            if !verbatim || width == 0 {
                continue;
            }
            // Indentation shifts each further line of literal text by its own amount.
            let mut number = line;
            for offset in memchr::memchr_iter(b'\n', &text[from..end]) {
                number += 1;
                let offset = offset + 1;
                if from + offset >= end {
                    break;
                }
                let mut part = written.clone();
                if let Some(span) = &mut part.span {
                    *span = Span::new(span.source, span.start as usize + offset, span.end as usize);
                }
                self.stretches.push(Stretch { start: shifted(from + offset, number), verbatim, from: part });
            }
        }
    }

    /// Adapts the trace of `text` to the removal of every `what`.
    pub(crate) fn cut(&mut self, text: &[u8], what: &str) {
        let cuts: Vec<usize> = memchr::memmem::find_iter(text, what).collect();
        for stretch in &mut self.stretches {
            let before = cuts.partition_point(|cut| *cut < stretch.start);
            // A stretch that starts inside of what is removed starts where that was.
            let inside =
                cuts[..before].last().map_or(0, |cut| (cut + what.len()).saturating_sub(stretch.start));
            stretch.start = stretch.start + inside - before * what.len();
        }
    }

    /// The literal text or the action that wrote the byte at `offset`.
    pub(crate) fn span_at(&self, offset: usize) -> Option<Span> {
        let after = self.stretches.partition_point(|stretch| stretch.start <= offset);
        self.stretches[..after].last()?.from.span
    }

    /// Where the text as a whole came from.
    pub(crate) fn origin(&self) -> Origin {
        Origin::of_all(self.stretches.iter().map(|stretch| stretch.from.origin))
    }

    /// Looks up what each stretch was made from, while that is known: until the render ends.
    pub(crate) fn resolve(&mut self) {
        for (number, stretch) in self.stretches.iter_mut().enumerate() {
            let origin = &mut stretch.from.origin;
            self.others.extend(origin.other_places().into_iter().map(|place| (number, place)));
            *origin = origin.span().map_or(Origin::Unknown, Origin::Made);
        }
    }

    /// The segments of the text's source map. `fallback` is used for text that has no place of its own.
    pub fn into_segments(self, fallback: Span) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::with_capacity(self.stretches.len() + self.others.len());
        let mut others = self.others.into_iter().peekable();
        for (number, stretch) in self.stretches.into_iter().enumerate() {
            let start = u32::try_from(stretch.start).unwrap_or(u32::MAX);
            // An empty stretch says nothing.
            while segments.last().is_some_and(|last| last.start == start) {
                segments.pop();
            }
            let template = stretch.from.span.unwrap_or(fallback);
            let segment = Segment {
                start,
                template,
                verbatim: stretch.verbatim && stretch.from.span.is_some(),
                value: stretch.from.origin.span(),
            };
            while let Some((_, place)) = others.next_if(|(of, _)| *of == number) {
                segments.push(Segment { value: Some(place), verbatim: false, ..segment });
            }
            segments.push(segment);
        }
        segments.sort_by_key(|segment| segment.start);
        segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_diag::{SourceKind, SourceMap, Sources};

    #[test]
    fn an_indented_include_leads_to_its_own_lines() {
        let sources = Sources::new();
        let template = sources.add("t", "x: {{ include }}\n", SourceKind::File);
        let partial = sources.add("p", "a: 1\nb: 2\n", SourceKind::File);
        let mut inner = Trace::default();
        inner.text(0, Some(Span::new(partial, 0, 9)));
        let mut outer = Trace::default();
        outer.text(0, Some(Span::new(template, 0, 3)));
        let action = Some(Span::new(template, 3, 16));
        outer.splice(3, action, b"a: 1\nb: 2", inner, (2, 1));
        // "x: \n  a: 1\n  b: 2"
        let map = SourceMap::new(outer.into_segments(Span::NONE));
        assert_eq!(map.trace(0, 1).unwrap().0, Span::new(template, 0, 1));
        assert_eq!(map.trace(3, 4).unwrap().0, Span::new(template, 3, 16));
        assert_eq!(map.trace(6, 7).unwrap().0, Span::new(partial, 0, 1));
        assert_eq!(map.trace(13, 14).unwrap().0, Span::new(partial, 5, 6));
    }
}
