//! From tokens to events: what begins and ends where, with anchors and tags.

use super::scan::{Mark, Scanner, Style, SyntaxError, Token, TokenKind};

/// One step through a document.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

#[derive(Debug)]
pub(super) enum EventKind {
    StreamEnd,
    DocumentStart {
        is_implicit: bool,
    },
    DocumentEnd {
        is_implicit: bool,
    },
    Alias {
        anchor: String,
    },
    /// Without a tag, what stands there in plain style may be anything but a string.
    Scalar {
        anchor: Option<String>,
        tag: Option<String>,
        value: String,
        style: Style,
        is_plain: bool,
    },
    SequenceStart {
        anchor: Option<String>,
    },
    SequenceEnd,
    MappingStart {
        anchor: Option<String>,
    },
    MappingEnd,
}

/// What is expected next.
#[derive(Debug, Clone, Copy)]
enum State {
    Document { is_first: bool },
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockItem { is_first: bool },
    IndentlessItem,
    BlockKey { is_first: bool },
    BlockValue,
    FlowItem { is_first: bool },
    PairKey,
    PairValue,
    PairEnd,
    FlowKey { is_first: bool },
    FlowValue,
    FlowValueMissing,
}

/// Reads a text event by event.
pub(super) struct Events<'a> {
    scanner: Scanner<'a>,
    state: State,
    /// What follows what is being read, outermost first.
    states: Vec<State>,
    /// Where the open collections begin.
    marks: Vec<Mark>,
    /// The handles of tags and what they stand for.
    prefixes: Vec<(String, String)>,
}

type Parsed<T = Event> = Result<T, Box<SyntaxError>>;

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            scanner: Scanner::new(text),
            state: State::Document { is_first: true },
            states: Vec::new(),
            marks: Vec::new(),
            prefixes: Vec::new(),
        }
    }

    /// The next event; the last one is the end of the text.
    pub(super) fn next(&mut self) -> Parsed {
        match self.state {
            State::Document { is_first } => self.document(is_first),
            State::DocumentContent => {
                use TokenKind::{DocumentEnd, DocumentStart, StreamEnd, TagPrefix, Version};
                let token = self.scanner.peek()?;
                match token.kind {
                    Version(..) | TagPrefix { .. } | DocumentStart | DocumentEnd | StreamEnd => {
                        let at = token.start;
                        self.pop();
                        Ok(empty(at))
                    }
                    _ => self.node(true, false),
                }
            }
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(true, false),
            State::BlockItem { is_first } => self.block_item(is_first),
            State::IndentlessItem => self.indentless_item(),
            State::BlockKey { is_first } => self.block_key(is_first),
            State::BlockValue => self.block_value(),
            State::FlowItem { is_first } => self.flow_item(is_first),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                let at = self.scanner.peek()?.start;
                self.state = State::FlowItem { is_first: false };
                Ok(Event { kind: EventKind::MappingEnd, start: at, end: at })
            }
            State::FlowKey { is_first } => self.flow_key(is_first),
            State::FlowValue => self.flow_value(),
            State::FlowValueMissing => {
                let at = self.scanner.peek()?.start;
                self.state = State::FlowKey { is_first: false };
                Ok(empty(at))
            }
        }
    }

    /// Passes the next token; the end of it.
    fn pass(&mut self) -> Parsed<Mark> {
        let end = self.scanner.peek()?.end;
        self.scanner.skip();
        Ok(end)
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::DocumentEnd);
    }

    /// Goes on with `state` after the node that comes now, or at once if there is none before the tokens that `ends`
    /// knows.
    fn node_or_empty(
        &mut self,
        state: State,
        at: Option<Mark>,
        is_block: bool,
        ends: fn(&TokenKind) -> bool,
    ) -> Parsed {
        let token = self.scanner.peek()?;
        if ends(&token.kind) {
            let at = at.unwrap_or(token.start);
            self.state = state;
            return Ok(empty(at));
        }
        self.states.push(state);
        let may_be_indentless = matches!(state, State::BlockKey { .. } | State::BlockValue);
        self.node(is_block, may_be_indentless)
    }

    fn document(&mut self, is_first: bool) -> Parsed {
        while !is_first && self.scanner.peek()?.kind == TokenKind::DocumentEnd {
            self.pass()?;
        }
        let token = self.scanner.peek()?.clone();
        match token.kind {
            TokenKind::StreamEnd => {
                return Ok(Event { kind: EventKind::StreamEnd, start: token.start, end: token.end });
            }
            TokenKind::Version(..) | TokenKind::TagPrefix { .. } | TokenKind::DocumentStart => {}
            _ if is_first => {
                self.directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                let kind = EventKind::DocumentStart { is_implicit: true };
                return Ok(Event { kind, start: token.start, end: token.start });
            }
            _ => {}
        }
        self.directives()?;
        let found = self.scanner.peek()?.clone();
        if found.kind != TokenKind::DocumentStart {
            return fail("", Mark::default(), "did not find expected <document start>", &found);
        }
        self.scanner.skip();
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        let kind = EventKind::DocumentStart { is_implicit: false };
        Ok(Event { kind, start: token.start, end: found.end })
    }

    fn directives(&mut self) -> Parsed<()> {
        self.prefixes.clear();
        let mut has_version = false;
        loop {
            let token = self.scanner.peek()?.clone();
            match &token.kind {
                TokenKind::Version(..) if has_version => {
                    return fail("", Mark::default(), "found duplicate %YAML directive", &token);
                }
                TokenKind::Version(1, 1) => has_version = true,
                TokenKind::Version(..) => {
                    return fail("", Mark::default(), "found incompatible YAML document", &token);
                }
                TokenKind::TagPrefix { handle, prefix } => {
                    if self.prefixes.iter().any(|(known, _)| known == handle) {
                        return fail("", Mark::default(), "found duplicate %TAG directive", &token);
                    }
                    self.prefixes.push((handle.clone(), prefix.clone()));
                }
                _ => break,
            }
            self.scanner.skip();
        }
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            if !self.prefixes.iter().any(|(known, _)| known == handle) {
                self.prefixes.push((handle.to_owned(), prefix.to_owned()));
            }
        }
        Ok(())
    }

    fn document_end(&mut self) -> Parsed {
        let token = self.scanner.peek()?;
        let (start, mut end) = (token.start, token.start);
        let is_implicit = token.kind != TokenKind::DocumentEnd;
        if !is_implicit {
            end = self.pass()?;
        }
        self.state = State::Document { is_first: false };
        Ok(Event { kind: EventKind::DocumentEnd { is_implicit }, start, end })
    }

    /// A scalar, an alias, or the start of a collection.
    fn node(&mut self, is_block: bool, may_be_indentless: bool) -> Parsed {
        let start = self.scanner.peek()?.start;
        let (mut anchor, mut tag) = (None, None);
        let mut end = start;
        loop {
            let token = self.scanner.peek()?;
            match &token.kind {
                TokenKind::Anchor(name) if anchor.is_none() => anchor = Some(name.clone()),
                TokenKind::Tag { handle, suffix } if tag.is_none() => {
                    tag = Some((handle.clone(), suffix.clone(), token.clone()));
                }
                _ => break,
            }
            end = self.pass()?;
        }
        let tag = tag
            .map(|(handle, suffix, token)| self.resolve_tag(&handle, suffix, start, &token))
            .transpose()?;
        let token = self.scanner.peek()?.clone();
        let has_properties = anchor.is_some() || tag.is_some();
        let is_lone = tag.as_deref() == Some("!");
        let kind = match token.kind {
            TokenKind::Alias(anchor) if !has_properties => {
                self.pop();
                self.scanner.skip();
                return Ok(Event { kind: EventKind::Alias { anchor }, start, end: token.end });
            }
            TokenKind::Entry if may_be_indentless => {
                self.state = State::IndentlessItem;
                return Ok(Event { kind: EventKind::SequenceStart { anchor }, start, end: token.end });
            }
            TokenKind::Scalar { value, style } => {
                self.pop();
                self.scanner.skip();
                // A lone `!` is no tag.
                let tag = tag.filter(|tag| tag != "!");
                let is_plain = tag.is_none() && (style == Style::Plain || is_lone);
                let kind = EventKind::Scalar { anchor, tag, value, style, is_plain };
                return Ok(Event { kind, start, end: token.end });
            }
            TokenKind::FlowSequenceStart => {
                self.state = State::FlowItem { is_first: true };
                EventKind::SequenceStart { anchor }
            }
            TokenKind::FlowMappingStart => {
                self.state = State::FlowKey { is_first: true };
                EventKind::MappingStart { anchor }
            }
            TokenKind::SequenceStart if is_block => {
                self.state = State::BlockItem { is_first: true };
                EventKind::SequenceStart { anchor }
            }
            TokenKind::MappingStart if is_block => {
                self.state = State::BlockKey { is_first: true };
                EventKind::MappingStart { anchor }
            }
            _ if has_properties => {
                self.pop();
                let is_plain = tag.is_none();
                let kind =
                    EventKind::Scalar { anchor, tag, value: String::new(), style: Style::Plain, is_plain };
                return Ok(Event { kind, start, end });
            }
            _ => {
                let context =
                    if is_block { "while parsing a block node" } else { "while parsing a flow node" };
                return fail(context, start, "did not find expected node content", &token);
            }
        };
        Ok(Event { kind, start, end: token.end })
    }

    fn resolve_tag(&self, handle: &str, suffix: String, start: Mark, token: &Token) -> Parsed<String> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        match self.prefixes.iter().find(|(known, _)| known == handle) {
            Some((_, prefix)) => Ok(format!("{prefix}{suffix}")),
            None => fail("while parsing a node", start, "found undefined tag handle", token),
        }
    }

    /// Passes the token that opens a collection.
    fn open(&mut self) -> Parsed<()> {
        let start = self.scanner.peek()?.start;
        self.marks.push(start);
        self.pass()?;
        Ok(())
    }

    /// Passes the token that closes a collection.
    fn close(&mut self, kind: EventKind) -> Parsed {
        let start = self.scanner.peek()?.start;
        let end = self.pass()?;
        self.marks.pop();
        self.pop();
        Ok(Event { kind, start, end })
    }

    /// The error of a token that does not belong into the innermost collection.
    fn unexpected(&mut self, context: &'static str, problem: &str) -> Parsed {
        let start = self.marks.last().copied().unwrap_or_default();
        let token = self.scanner.peek()?;
        fail(context, start, problem, token)
    }

    fn block_item(&mut self, is_first: bool) -> Parsed {
        if is_first {
            self.open()?;
        }
        match self.scanner.peek()?.kind {
            TokenKind::Entry => {
                let at = self.pass()?;
                let state = State::BlockItem { is_first: false };
                self.node_or_empty(state, Some(at), true, |kind| {
                    matches!(kind, TokenKind::Entry | TokenKind::BlockEnd)
                })
            }
            TokenKind::BlockEnd => self.close(EventKind::SequenceEnd),
            _ => self.unexpected("while parsing a block collection", "did not find expected '-' indicator"),
        }
    }

    fn indentless_item(&mut self) -> Parsed {
        let token = self.scanner.peek()?;
        if token.kind == TokenKind::Entry {
            let at = self.pass()?;
            return self.node_or_empty(State::IndentlessItem, Some(at), true, |kind| {
                matches!(kind, TokenKind::Entry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd)
            });
        }
        let at = token.start;
        self.pop();
        Ok(Event { kind: EventKind::SequenceEnd, start: at, end: at })
    }

    fn block_key(&mut self, is_first: bool) -> Parsed {
        if is_first {
            self.open()?;
        }
        match self.scanner.peek()?.kind {
            TokenKind::Key => {
                let at = self.pass()?;
                self.node_or_empty(State::BlockValue, Some(at), true, ends_block_pair)
            }
            TokenKind::BlockEnd => self.close(EventKind::MappingEnd),
            _ => self.unexpected("while parsing a block mapping", "did not find expected key"),
        }
    }

    fn block_value(&mut self) -> Parsed {
        let token = self.scanner.peek()?;
        let next = State::BlockKey { is_first: false };
        if token.kind == TokenKind::Value {
            let at = self.pass()?;
            return self.node_or_empty(next, Some(at), true, ends_block_pair);
        }
        let at = token.start;
        self.state = next;
        Ok(empty(at))
    }

    fn flow_item(&mut self, is_first: bool) -> Parsed {
        if is_first {
            self.open()?;
        }
        if !is_first && self.scanner.peek()?.kind != TokenKind::FlowSequenceEnd {
            if self.scanner.peek()?.kind != TokenKind::FlowEntry {
                return self.unexpected("while parsing a flow sequence", "did not find expected ',' or ']'");
            }
            self.pass()?;
        }
        match self.scanner.peek()?.kind {
            TokenKind::FlowSequenceEnd => self.close(EventKind::SequenceEnd),
            TokenKind::Key => {
                let start = self.scanner.peek()?.start;
                let end = self.pass()?;
                self.state = State::PairKey;
                Ok(Event { kind: EventKind::MappingStart { anchor: None }, start, end })
            }
            _ => {
                self.states.push(State::FlowItem { is_first: false });
                self.node(false, false)
            }
        }
    }

    fn pair_key(&mut self) -> Parsed {
        let token = self.scanner.peek()?;
        if !ends_pair(&token.kind) && token.kind != TokenKind::Value {
            self.states.push(State::PairValue);
            return self.node(false, false);
        }
        // go-yaml passes over the token here, whichever it is.
        let at = self.pass()?;
        self.state = State::PairValue;
        Ok(empty(at))
    }

    fn pair_value(&mut self) -> Parsed {
        if self.scanner.peek()?.kind == TokenKind::Value {
            self.pass()?;
            return self.node_or_empty(State::PairEnd, None, false, ends_pair);
        }
        let at = self.scanner.peek()?.start;
        self.state = State::PairEnd;
        Ok(empty(at))
    }

    fn flow_key(&mut self, is_first: bool) -> Parsed {
        if is_first {
            self.open()?;
        }
        if !is_first && self.scanner.peek()?.kind != TokenKind::FlowMappingEnd {
            if self.scanner.peek()?.kind != TokenKind::FlowEntry {
                return self.unexpected("while parsing a flow mapping", "did not find expected ',' or '}'");
            }
            self.pass()?;
        }
        match self.scanner.peek()?.kind {
            TokenKind::FlowMappingEnd => self.close(EventKind::MappingEnd),
            TokenKind::Key => {
                self.pass()?;
                self.node_or_empty(State::FlowValue, None, false, |kind| {
                    matches!(kind, TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd)
                })
            }
            _ => {
                self.states.push(State::FlowValueMissing);
                self.node(false, false)
            }
        }
    }

    fn flow_value(&mut self) -> Parsed {
        let next = State::FlowKey { is_first: false };
        if self.scanner.peek()?.kind == TokenKind::Value {
            self.pass()?;
            return self.node_or_empty(next, None, false, |kind| {
                matches!(kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd)
            });
        }
        let at = self.scanner.peek()?.start;
        self.state = next;
        Ok(empty(at))
    }
}

fn ends_block_pair(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd)
}

fn ends_pair(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd)
}

/// What stands where nothing is written.
fn empty(at: Mark) -> Event {
    let (value, style) = (String::new(), Style::Plain);
    let kind = EventKind::Scalar { anchor: None, tag: None, value, style, is_plain: true };
    Event { kind, start: at, end: at }
}

fn fail<T>(context: &'static str, context_mark: Mark, problem: &str, token: &Token) -> Parsed<T> {
    let (problem, at) = (problem.to_owned(), token.start);
    Err(Box::new(SyntaxError { in_scanner: false, problem, at, context, context_mark }))
}
