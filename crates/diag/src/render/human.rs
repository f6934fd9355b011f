//! Frames for people: where, the text there, what is wrong with it, where its value came from, and
//! what to do.

use super::Style;
use crate::escape::{message, terminal};
use crate::{Diagnostic, Severity, Source, SourceKind, Sources, Span};
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;
use std::sync::Arc;

/// Renders diagnostics as framed excerpts, one blank line between two. Ends with a newline unless
/// there are none.
pub fn human(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    human_wrapped(diagnostics, sources, style, usize::MAX)
}

/// [`human`] for a terminal of `width` columns: messages are wrapped at words, and long source lines are cut.
pub fn human_wrapped(diagnostics: &[Diagnostic], sources: &Sources, style: Style, width: usize) -> String {
    let mut renderer = match style {
        Style::Coloured => Renderer::styled(),
        Style::Plain => Renderer::plain(),
    };
    if width != usize::MAX {
        renderer = renderer.term_width(width);
    }
    let frames: Vec<String> =
        diagnostics.iter().map(|diagnostic| renderer.render(&[group(diagnostic, sources, width)])).collect();
    if frames.is_empty() {
        return String::new();
    }
    frames.join("\n\n") + "\n"
}

/// How many steps are shown at each end of a long trace.
const TRACE_ENDS: usize = 4;
/// How long a rendered value may be to be named beside its expression.
const SHORT_VALUE: usize = 60;
/// How many lines of an excerpt that spans many are shown.
const EXCERPT_LINES: usize = 6;
/// How many bytes of a line before or behind a mark make it a long one: JSON may be one line of many megabytes.
const LONG: usize = 16 << 10;
/// How many bytes of a long line are shown before and behind a mark.
const MARGIN: usize = 1 << 10;
/// Marks of one text that are further apart than so many bytes are shown in excerpts of their own.
const NEARBY: usize = 16 << 10;

fn group<'a>(diagnostic: &Diagnostic, sources: &Sources, width: usize) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let rule = diagnostic.rule.map_or(0, |rule| rule.id.len() + "[]".len());
    let head = diagnostic.severity.as_str().len() + rule + ": ".len();
    let mut title = level.primary_title(wrap(&diagnostic.message, width, head));
    if let Some(rule) = diagnostic.rule {
        title = title.id(rule.id);
    }
    let mut group = Group::with_title(title);
    let mut notes = Vec::new();
    for element in build_excerpts(diagnostic, sources, &mut notes) {
        group = group.element(element);
    }
    let note = |text: String| Element::Message(Level::NOTE.message(wrap(&text, width, NOTE)));
    if let Some(subject) = subject(diagnostic) {
        group = group.element(note(subject));
    }
    for text in notes {
        group = group.element(note(text));
    }
    // Innermost last, as the user walks down from what he knows.
    for (index, step) in diagnostic.trace.iter().enumerate() {
        // Of an endless chain the ends are enough.
        let left_out = diagnostic.trace.len().saturating_sub(2 * TRACE_ENDS);
        if left_out > 1 && (TRACE_ENDS..TRACE_ENDS + left_out).contains(&index) {
            if index == TRACE_ENDS {
                group = group.element(note(format!("... and {left_out} more steps")));
            }
            continue;
        }
        let place = step.span.and_then(|span| super::locate(sources, span));
        group = group.element(note(match place {
            Some(place) => {
                let file = terminal(&place.file);
                format!("{} at {file}:{}:{}", step.text, place.line, place.column)
            }
            None => step.text.clone(),
        }));
    }
    if !diagnostic.sets.is_empty() {
        group = group.element(note(format!("only with {}", diagnostic.sets.join(", "))));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(wrap(help, width, NOTE)));
    }
    group
}

/// Which object and which field of it.
fn subject(diagnostic: &Diagnostic) -> Option<String> {
    let path = diagnostic.path.as_deref().filter(|path| !path.is_empty());
    let subject = match (&diagnostic.object, path) {
        (Some(object), Some(path)) => format!("in {object}: `{path}`"),
        (Some(object), None) => format!("in {object}"),
        (None, Some(path)) => format!("at `{path}`"),
        (None, None) => return None,
    };
    Some(terminal(&subject))
}

/// One thing to point at.
struct Mark {
    span: Span,
    text: String,
    primary: bool,
}

fn rendered_text(span: Span) -> Mark {
    Mark { span, text: "rendered text".to_owned(), primary: false }
}

/// The excerpts, one for each text that a label points at, in the order of the labels. A label without
/// a text is added to the notes.
fn build_excerpts<'a>(
    diagnostic: &Diagnostic,
    sources: &Sources,
    notes: &mut Vec<String>,
) -> Vec<Element<'a>> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut excerpts: Vec<Mark> = Vec::new();
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let source = sources.get(label.span.source).filter(|source| source.kind != SourceKind::Unread);
        let Some(source) = source else {
            notes.extend((!label.text.is_empty()).then(|| label.text.clone()));
            continue;
        };
        let (place, origin) = sources.trace(label.span);
        let mut text = label.text.clone();
        if place != label.span {
            match compare_with_template(&source, label.span, sources, place) {
                Shown::AsWritten => {}
                Shown::As(_) if sources.is_concealed(label.span) => {}
                Shown::As(value) => {
                    let separator = if text.is_empty() { "" } else { ": " };
                    text = format!("{text}{separator}renders as `{value}`");
                }
                Shown::Elsewhere => {
                    excerpts.push(rendered_text(label.span));
                }
            }
            // Without an object the text itself is at fault, so the text is what helps.
            if diagnostic.object.is_none() && index == 0 && excerpts.is_empty() {
                excerpts.push(rendered_text(label.span));
            }
        }
        marks.push(Mark { span: place, text, primary: index == 0 });
        if let Some(origin) = origin
            && !origin.is_none()
            && !marks.iter().any(|mark| mark.span == origin)
        {
            marks.push(Mark { span: origin, text: "the value comes from here".to_owned(), primary: false });
        }
    }
    excerpts.truncate(1);
    marks.extend(excerpts);
    let mut elements = Vec::new();
    while let Some(first) = marks.first() {
        let id = first.span.source;
        let (here, others) = marks.into_iter().partition(|mark: &Mark| mark.span.source == id);
        marks = others;
        if let Some(source) = sources.get(id) {
            excerpts_of(sources, &source, here, &mut elements);
        }
    }
    elements
}

/// What rendered text looks like, seen from its template.
enum Shown {
    /// The template holds the same text.
    AsWritten,
    /// An expression that yields this.
    As(String),
    /// Something larger: it has to be seen to be understood.
    Elsewhere,
}

fn compare_with_template(rendered: &Arc<Source>, span: Span, sources: &Sources, place: Span) -> Shown {
    let slice = |source: &Source, span: Span| {
        source.text.get(span.start as usize..span.end as usize).unwrap_or_default().to_owned()
    };
    let text = slice(rendered, span);
    let template = sources.get(place.source).map(|source| slice(&source, place)).unwrap_or_default();
    if text == template {
        return Shown::AsWritten;
    }
    let whole = match &rendered.kind {
        SourceKind::Rendered(map) => {
            rendered.text.get(map.segment_range(span.start, rendered.text.len())).unwrap_or_default()
        }
        _ => "",
    };
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let single = !text.contains('\n') && text.chars().count() <= SHORT_VALUE;
    if single && !text.is_empty() && bare(whole) == bare(&text) {
        return Shown::As(text);
    }
    Shown::Elsewhere
}

/// Appends one text's excerpts with all its marks, the primary one's first. Only what is around them is handed on, so
/// a finding costs the same in a large file as in a small one.
fn excerpts_of(sources: &Sources, source: &Source, marks: Vec<Mark>, elements: &mut Vec<Element<'_>>) {
    let text = &source.text;
    let mut marked: Vec<Marked> = marks
        .into_iter()
        .map(|mark| {
            let start = floor_char_boundary(text, mark.span.start as usize);
            let end = floor_char_boundary(text, (mark.span.end as usize).min(start + MARGIN)).max(start);
            // A span of many lines (a whole document) is pointed at where it begins.
            let lines = text[start..end].bytes().filter(|byte| *byte == b'\n').count();
            let end =
                if lines >= EXCERPT_LINES { line_end(text, start).0 } else { trim_end(text, start, end) };
            (start..end, mark)
        })
        .collect();
    marked.sort_by_key(|(range, _)| range.start);
    let mut groups: Vec<Vec<Marked>> = Vec::new();
    let mut reach = 0;
    for one in marked {
        let (start, end) = (one.0.start, one.0.end);
        match groups.last_mut().filter(|_| start <= reach + NEARBY) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
        reach = reach.max(end);
    }
    groups.sort_by_key(|group| !group.iter().any(|(_, mark)| mark.primary));
    for group in groups {
        excerpt(sources, source, group, elements);
    }
}

/// A mark with the bytes that are underlined for it.
type Marked = (Range<usize>, Mark);

/// Appends one excerpt with marks that are near each other.
fn excerpt<'a>(sources: &Sources, source: &Source, marked: Vec<Marked>, elements: &mut Vec<Element<'a>>) {
    let text = &source.text;
    let starts = marked.iter().map(|(range, _)| range.start);
    let (mut first, cut) = line_start(text, starts.min().unwrap_or(0));
    let (mut last, _) = line_end(text, marked.iter().map(|(range, _)| range.end).max().unwrap_or(0));
    // Nobody has the rendered text open beside the message: it is shown with its surroundings.
    let rendered = matches!(source.kind, SourceKind::Rendered(_));
    if rendered && !cut {
        for _ in 0..2 {
            let (above, cut) = line_start(text, first.saturating_sub(1));
            first = if cut { first } else { above };
        }
        let (below, cut) = line_end(text, (last + 1).min(text.len()));
        last = if cut { last } else { below };
    }
    let position = |offset: usize| source.position(u32::try_from(offset).unwrap_or(u32::MAX));
    let lines = text[first..last].bytes().filter(|byte| *byte == b'\n').count();
    let id = marked.first().map_or(Span::NONE, |(_, mark)| mark.span).source;
    let shown = sources.excerpt(source, id, first..last);
    let mut snippet =
        Snippet::source(shown).line_start(position(first).line).fold(!rendered || lines > 3 * EXCERPT_LINES);
    let path = match source.kind {
        SourceKind::Rendered(_) => format!("{} (rendered)", terminal(&source.name)),
        _ => terminal(&source.name),
    };
    if cut {
        // The excerpt begins within a line: its columns are not those of the text.
        let (range, _) = marked.iter().find(|(_, mark)| mark.primary).unwrap_or(&marked[0]);
        let at = position(range.start);
        elements.push(Element::Origin(Origin::path(path).line(at.line).char_column(at.column)));
    } else {
        snippet = snippet.path(Some(path));
    }
    for (range, mark) in marked {
        let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let label = Some(terminal(&mark.text)).filter(|label| !label.is_empty());
        let annotation: Annotation<'a> = kind.span(range.start - first..range.end - first).label(label);
        snippet = snippet.annotation(annotation);
    }
    elements.push(Element::Cause(snippet));
}

/// The character boundary at `offset`, or the next one below.
fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The start of the line that holds `offset`, or a place in a long line, and whether it is such a place.
fn line_start(text: &str, offset: usize) -> (usize, bool) {
    let from = floor_char_boundary(text, offset.saturating_sub(LONG));
    match text[from..offset].rfind('\n') {
        Some(newline) => (from + newline + 1, false),
        None if from == 0 => (0, false),
        None => (floor_char_boundary(text, offset.saturating_sub(MARGIN)), true),
    }
}

/// The same for the end of the line.
fn line_end(text: &str, offset: usize) -> (usize, bool) {
    let to = floor_char_boundary(text, offset.saturating_add(LONG));
    match text[offset..to].find('\n') {
        Some(newline) => (offset + newline, false),
        None if to == text.len() => (to, false),
        None => (floor_char_boundary(text, offset.saturating_add(MARGIN)).max(offset), true),
    }
}

/// A block's span reaches to the start of the next key; what is underlined ends with its last line.
fn trim_end(text: &str, start: usize, end: usize) -> usize {
    start + text[start..end].trim_end().len()
}

/// How many columns a note or a help takes up before its text, in a frame of source lines up to 9,999.
const NOTE: usize = "     = note: ".len();

/// A text of several lines without terminal control characters, wrapped where the first `head` columns are taken.
fn wrap(text: &str, width: usize, head: usize) -> String {
    /// Narrower columns are not worth reading.
    const NARROWEST: usize = 20;
    let text = message(text.trim_end());
    if width == usize::MAX {
        return text;
    }
    // A word that is too long stays whole: paths and commands are copied.
    let options = textwrap::Options::new(width.saturating_sub(head).max(NARROWEST))
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&text, options)
}
