//! Inserts values into YAML text, each as its position requires.
//!
//! The input is what Tera rendered from a template prepared by [`super::rewrite`]: literal text with
//! markers in it. The text is walked line by line with just enough knowledge of YAML to tell where a
//! marker stands: alone as a value, inside quotes, in part of a plain scalar, in a block scalar, in a flow
//! collection, in a key, in a comment. Deciding on the *rendered* text, not on the template, is what
//! makes statements transparent: whatever branch was taken and whatever partial the text came from, the
//! context is the one the YAML reader will see.
//!
//! The law: whatever the value, the document parses to exactly that value at that place, and never to
//! more or fewer keys.

mod block;
mod inline;
mod lines;
mod literal;
mod scan;

pub(super) use lines::push_value_marker;

use super::budget::{Budget, VALUE};
use super::files::{FileRange, Files};
use super::rewrite::{OPEN, Site, Tables};
use crate::diag::{Diagnostic, Segment, Span};
use crate::yaml::{Node, Value, emit};
use block::Pending;
use lines::{Line, Lines};
use literal::BlockScalar;
use std::borrow::Cow;

/// What a marker stands for.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Data: a value to be written so that it is read back as it is.
    Data(Node),
    /// YAML already, possibly with markers of its own: a component, an include, `to_yaml`, `| safe`.
    Yaml(String),
    /// Nothing, and the key or list item that would hold it neither.
    Omit,
}

/// A value to be placed.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) content: Content,
    /// The number of its [`super::rewrite::Site`].
    pub(super) site: usize,
    /// The values file or flag it came from.
    pub(super) origin: Option<Span>,
    /// Where the values came from that it was joined with, or made from.
    pub(super) parts: Vec<Span>,
    /// Where the arguments came from that its site calls a component with, in their order there.
    pub(super) arguments: Vec<Option<Span>>,
}

/// What the numbers of markers stand for, in the files of one chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sites<'a> {
    pub(super) tables: &'a Tables,
    pub(super) files: &'a Files,
    pub(super) budget: &'a Budget,
}

/// Text with every marker replaced, and the way back.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) segments: Vec<Segment>,
}

/// Replaces the markers of a YAML template's output.
pub(super) fn place_yaml(marked: &str, slots: &[Slot], sites: Sites<'_>) -> Result<Placed, Vec<Diagnostic>> {
    let mut placer = Placer::new(slots, sites);
    placer.document(marked);
    placer.finish()
}

/// Replaces the markers of any other template's output (`NOTES.txt`): values as text.
pub(super) fn place_text(marked: &str, slots: &[Slot], sites: Sites<'_>) -> Result<Placed, Vec<Diagnostic>> {
    let mut placer = Placer::new(slots, sites);
    placer.plain_text(marked);
    placer.finish()
}

/// What the lines so far have opened.
#[derive(Debug, Clone, Default)]
struct State {
    scalar: Option<BlockScalar>,
    /// The quote of a quoted scalar that goes on.
    quote: Option<u8>,
    /// How many flow collections are open.
    flow: usize,
    /// A plain scalar that deeper lines would continue, by the column of what holds it.
    plain: Option<isize>,
    /// The last line ended with `key:` or `-`, at this column: its value is still to come.
    open: Option<usize>,
    /// An empty value alone on its line, to be written if no sibling follows.
    pending: Option<Pending>,
}

struct Placer<'a> {
    slots: &'a [Slot],
    sites: Sites<'a>,
    out: String,
    segments: Vec<Segment>,
    errors: Vec<Diagnostic>,
    state: State,
    /// The template's own site whose value is being placed, for text that comes from the library.
    enclosing: Option<Span>,
    /// The slots of the components that are being placed, outermost first.
    calls: Vec<usize>,
    /// Where the output stood at the start of the line that is being placed.
    line_start: usize,
    depth: usize,
    /// The slot of the last value that was written.
    last: Option<usize>,
    /// How many bytes more may be written.
    room: usize,
    /// Whether that was not enough.
    is_full: bool,
}

/// What placing a block counts for, in bytes: its text may be short, and may hold others.
const BLOCK: usize = 512;

/// Components call components; Tera stops their recursion long before this.
const MAX_NESTING: usize = 100;

impl<'a> Placer<'a> {
    fn new(slots: &'a [Slot], sites: Sites<'a>) -> Self {
        Self {
            slots,
            sites,
            out: String::new(),
            segments: Vec::new(),
            errors: Vec::new(),
            state: State::default(),
            enclosing: None,
            calls: Vec::new(),
            line_start: 0,
            depth: 0,
            last: None,
            room: sites.budget.remaining_output(),
            is_full: false,
        }
    }

    fn finish(self) -> Result<Placed, Vec<Diagnostic>> {
        self.sites.budget.set_remaining_output(self.room);
        if self.errors.is_empty() {
            Ok(Placed { text: self.out, segments: self.segments })
        } else {
            Err(self.errors)
        }
    }

    /// Places a whole document.
    fn document(&mut self, marked: &str) {
        for line in Lines::from_marked(marked, self.sites.tables).iter() {
            self.line(line, 0, true);
        }
        self.flush_pending(None);
    }

    /// Text mode: no YAML, values as text.
    fn plain_text(&mut self, marked: &str) {
        if self.is_full || self.too_deep() {
            return;
        }
        self.depth += 1;
        for line in Lines::from_marked(marked, self.sites.tables).iter() {
            let mut from = 0;
            for (byte, index) in line.values(0, line.text.len()) {
                self.copy(line, from, byte);
                let slots = self.slots;
                match slots.get(index).map(|slot| &slot.content) {
                    Some(Content::Yaml(text)) => {
                        self.plain_text(text.strip_suffix('\n').unwrap_or(text));
                    }
                    Some(Content::Data(node)) => {
                        let text = scalar_text(node).map_or_else(|| emit::flow_json(node), Cow::into_owned);
                        self.push_value(&text, index);
                    }
                    _ => {}
                }
                from = byte + 1;
            }
            self.copy(line, from, line.text.len());
            if line.newline {
                self.out.push('\n');
            }
        }
        self.depth -= 1;
    }

    /// Whether what is to be placed stands too deep in what is placed already; it is an error, not left out.
    fn too_deep(&mut self) -> bool {
        let deep = self.depth >= MAX_NESTING;
        if deep {
            let message = format!("values are nested more than {MAX_NESTING} deep");
            let found = Diagnostic::error(message).help("look for a component or `tpl` that calls itself");
            self.errors.push(match self.enclosing {
                Some(span) => found.at(span, ""),
                None => found,
            });
        }
        deep
    }

    /// Makes room for so many bytes of output. Values that hold each other twice, again and again, fill all there is.
    fn reserve(&mut self, bytes: usize) {
        match self.room.checked_sub(bytes) {
            Some(room) => self.room = room,
            None if self.is_full => {}
            None => self.report_too_large(),
        }
    }

    #[cold]
    fn report_too_large(&mut self) {
        self.is_full = true;
        let found = Diagnostic::error(Budget::too_large_message())
            .help("look for a loop, a component or an include that repeats endlessly");
        let value = self.calls.first().copied().or(self.last);
        let place = value.map(|index| self.site_span(index)).or(self.enclosing);
        self.errors.push(match place {
            Some(span) => found.at(span, ""),
            None => found,
        });
    }

    /// YAML text by itself, placed at column 0.
    fn rendered(&mut self, text: &str) -> String {
        if self.is_full {
            return String::new();
        }
        let mut inner = Placer::new(self.slots, self.sites);
        inner.depth = self.depth + 1;
        inner.enclosing = self.enclosing;
        inner.calls.clone_from(&self.calls);
        inner.room = self.room;
        inner.place_nested(&Lines::from_block(text, self.sites.tables), 0);
        (self.room, self.is_full) = (inner.room, inner.is_full);
        self.errors.append(&mut inner.errors);
        inner.out
    }

    /// The text of a value that becomes part of a string.
    fn text_of(&mut self, index: usize) -> Cow<'a, str> {
        let slots = self.slots;
        let Some(slot) = slots.get(index) else { return Cow::Borrowed("") };
        match &slot.content {
            Content::Omit => {
                self.error(index, "`omit_empty` drops a whole `key: value` line or list item", |d| {
                    d.help("inside a string, use `default(value=\"\")`")
                });
                Cow::Borrowed("")
            }
            Content::Yaml(text) => Cow::Owned(unquote(&self.rendered(text))),
            Content::Data(node) => scalar_text(node).unwrap_or_else(|| {
                self.error(index, &format!("{} cannot be used inside a string", node.type_name()), |d| {
                    d.help("use one of its entries, or write `| to_json` to embed it as text")
                });
                Cow::Borrowed("")
            }),
        }
    }

    fn error(&mut self, index: usize, message: &str, more: impl FnOnce(Diagnostic) -> Diagnostic) {
        let span = self.site_span(index);
        self.errors.push(more(Diagnostic::error(message).at(span, "this value")));
    }

    fn site_span(&self, index: usize) -> Span {
        self.site(index).map_or(Span::NONE, |site| self.visible(site.tag))
    }

    /// The site of a slot.
    fn site(&self, index: usize) -> Option<&'a Site> {
        self.sites.tables.sites.get(self.slots.get(index)?.site)
    }

    /// Where the value of a slot came from: if it is an argument of the component that is being placed, its caller knows.
    fn origin(&self, index: usize) -> Option<Span> {
        let slot = self.slots.get(index)?;
        slot.origin.or_else(|| {
            let site = self.site(index)?;
            self.argument(&site.path.as_ref()?.names, site, self.calls.len())
        })
    }

    /// Where the value of a name came from that stands at a site, inside the outermost `depth` of the calls.
    fn argument(&self, path: &[String], site: &Site, depth: usize) -> Option<Span> {
        let [name] = path else { return None };
        let component = site.component.as_ref()?;
        let calls = self.calls[..depth].iter().enumerate().rev();
        let (outer, slot, caller, call) = calls
            .filter_map(|(outer, index)| {
                let caller = self.site(*index)?;
                Some((outer, self.slots.get(*index)?, caller, caller.call.as_ref()?))
            })
            .find(|(_, _, _, call)| call.component == *component)?;
        let number = call.arguments.iter().position(|(argument, _)| argument == name)?;
        let (_, path) = &call.arguments[number];
        slot.arguments.get(number).copied().flatten().or_else(|| self.argument(&path.names, caller, outer))
    }

    /// The user's own template place: text from the component library points at the call.
    fn visible(&self, place: FileRange) -> Span {
        let own = self.sites.files.span(place);
        if place.is_library() { self.enclosing.unwrap_or(own) } else { own }
    }

    /// Places what a slot holds by `place`. Library text in it points at the slot's site.
    fn place_within(&mut self, index: usize, place: impl FnOnce(&mut Self)) {
        self.reserve(BLOCK);
        let outer = self.enclosing.replace(self.site_span(index));
        self.calls.push(index);
        place(self);
        self.calls.pop();
        self.enclosing = outer;
    }

    /// Copies literal text.
    fn copy(&mut self, line: Line<'_>, from: usize, to: usize) {
        if from >= to {
            return;
        }
        self.reserve(to - from);
        if let Some(place) = line.origin(from) {
            self.segment_of_text(place);
        }
        self.out.push_str(&line.text[from..to]);
    }

    fn segment_of_text(&mut self, place: FileRange) {
        let start = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        let span = self.visible(place);
        let segment = Segment { start, template: span, verbatim: !place.is_library(), value: None };
        // Text that goes on from where the last stretch ended needs no stretch of its own.
        if let Some(last) = self.segments.last() {
            let goes_on = last.verbatim == segment.verbatim
                && last.value.is_none()
                && last.template.source == segment.template.source
                && if segment.verbatim {
                    last.template.end == span.end && last.template.start + (start - last.start) == span.start
                } else {
                    last.template == segment.template
                };
            if goes_on {
                return;
            }
        }
        self.segments.push(segment);
    }

    fn spaces(&mut self, count: usize) {
        self.reserve(count);
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// Writes text that came from a value.
    fn push_value(&mut self, text: &str, index: usize) {
        self.reserve(text.len());
        self.value_segment(index);
        self.out.push_str(text);
    }

    fn value_segment(&mut self, index: usize) {
        self.last = Some(index);
        self.reserve(VALUE);
        let start = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        let whole =
            Segment { start, template: self.site_span(index), verbatim: false, value: self.origin(index) };
        // What is empty says nothing of what follows it.
        while self.segments.last().is_some_and(|last| last.start == start) {
            self.segments.pop();
        }
        let parts = self.slots.get(index).map_or(&[][..], |slot| &slot.parts);
        self.segments.extend(parts.iter().map(|part| Segment { value: Some(*part), ..whole }));
        self.segments.push(whole);
    }

    fn truncate(&mut self, length: usize) {
        self.out.truncate(length);
        while self.segments.last().is_some_and(|segment| segment.start as usize > length) {
            self.segments.pop();
        }
    }

    fn trim_blanks(&mut self) {
        self.truncate(self.out.trim_end_matches(' ').len());
    }
}

fn is_empty_text(marked: &str) -> bool {
    // Markers of literal text alone say nothing; one of a value may.
    !marked.contains(&format!("{OPEN}V")) && marked.trim().is_empty()
}

/// The text of a scalar inside a string; `None` for collections.
fn scalar_text(node: &Node) -> Option<Cow<'_, str>> {
    Some(match &node.value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Uint(number) => Cow::Owned(number.to_string()),
        Value::Float(_) => Cow::Owned(emit::flow_json(node)),
        Value::Seq(_) | Value::Map(_) => return None,
    })
}

/// The text of YAML that is one quoted scalar; any other YAML as it is.
fn unquote(yaml: &str) -> String {
    let text = yaml.trim();
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(inner) = inner('\'').filter(|inner| !inner.replace("''", "").contains('\'')) {
        return inner.replace("''", "'");
    }
    if text.starts_with('"')
        && let Ok(serde_json::Value::String(inner)) = serde_json::from_str(text)
    {
        return inner;
    }
    text.to_owned()
}
