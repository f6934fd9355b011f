//! Errors of running templates.

use std::fmt;

use plimsoll_diag::{Diagnostic, Span};

/// The result of a step of a template.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a template could not be rendered: what is wrong, where, through which includes, what to do about it.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
pub(crate) struct Inner {
    /// What is wrong.
    pub(crate) message: String,
    /// How Go words it, where that differs and is known.
    in_go: Option<String>,
    /// Whether a missing value is the reason, so that the help can say where to set it.
    pub(crate) missing: bool,
    /// The innermost place.
    pub(crate) place: Option<Span>,
    /// The outermost call of a function that failed.
    call: Option<Span>,
    /// What to do about it.
    pub(crate) help: Vec<String>,
    /// The includes that the error came through, innermost first: where, and the name of the template.
    trace: Vec<(Span, String)>,
    /// Whether the chart's author wrote the message, with `fail` or `required`.
    pub(crate) authored: bool,
    /// Whether the message quotes the text given to `tpl` in which it happened.
    is_in_text: bool,
    /// The argument of the call that is at fault.
    argument: Option<usize>,
}

impl Error {
    /// An error with a message and nothing else.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            in_go: None,
            missing: false,
            place: None,
            call: None,
            help: Vec::new(),
            trace: Vec::new(),
            authored: false,
            is_in_text: false,
            argument: None,
        }))
    }

    /// An error whose reason is a value that is not set.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        let mut error = Self::new(message);
        error.0.missing = true;
        error
    }

    /// A message of the chart's author: `fail`, `required`.
    pub(crate) fn authored(message: impl Into<String>) -> Self {
        let mut error = Self::new(message);
        error.0.authored = true;
        error
    }

    /// Says how Go words it.
    #[must_use]
    pub(crate) fn in_go(mut self, message: impl Into<String>) -> Self {
        self.0.in_go = Some(message.into());
        self
    }

    /// Says which argument of the call is at fault: that is where the error is placed.
    #[must_use]
    pub(crate) fn about_argument(mut self, index: usize) -> Self {
        self.0.argument = Some(index);
        self
    }

    /// The argument of the call that is at fault, if it is one.
    pub(crate) fn argument(&self) -> Option<usize> {
        self.0.argument
    }

    /// Adds a suggestion.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    /// Sets the place unless an inner one is known.
    pub(crate) fn with_place(mut self, span: Span) -> Self {
        self.0.place.get_or_insert(span);
        self
    }

    /// Says in which text given to `tpl` it happened, unless it has a place or a message that says enough: that of the
    /// chart's author, or one that quotes an inner text.
    pub(crate) fn in_text(mut self, template: &str) -> Self {
        let inner = &mut *self.0;
        if inner.place.is_none() && !inner.authored && !inner.is_in_text {
            inner.message = format!("in the template {}: {}", shorten(template), inner.message);
            inner.is_in_text = true;
        }
        self
    }

    /// Notes the call that failed, which comes before those inside of it.
    pub(crate) fn called_at(mut self, span: Option<Span>) -> Self {
        self.0.call = span.or(self.0.call);
        self
    }

    /// Adds an include of the template `name` that the error came through.
    pub(crate) fn through(mut self, span: Span, name: &str) -> Self {
        const MOST: usize = 24;
        let step = (span, name.to_owned());
        // Of an endless inclusion the steps next to the error and the first one are enough.
        match self.0.trace.get_mut(MOST - 1) {
            Some(last) => *last = step,
            None => self.0.trace.push(step),
        }
        self
    }

    /// What is wrong, where, through what.
    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// What is wrong, as a phrase without its place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What is wrong in the words of Go, as far as they are known.
    pub fn go_message(&self) -> &str {
        self.0.in_go.as_deref().unwrap_or(&self.0.message)
    }

    /// Whether the chart's author wrote the message, with `fail` or `required`.
    pub fn is_authored(&self) -> bool {
        self.0.authored
    }

    /// Where Go says that the error is: at the outermost call of a function that failed, so at the first `include` on the
    /// way to it, if there is one.
    pub fn go_place(&self) -> Option<Span> {
        self.0.call.or(self.0.place)
    }

    /// The innermost template that was included on the way to the error, by name.
    pub fn included(&self) -> Option<&str> {
        self.0.trace.first().map(|(_, name)| &**name)
    }

    /// The innermost place of a text with a source.
    pub fn place(&self) -> Option<Span> {
        self.0.place
    }

    /// The error as a diagnostic; at `fallback`, where it has no place of its own.
    pub fn into_diagnostic(self, fallback: Span) -> Diagnostic {
        let Inner { message, place, help, trace, .. } = *self.0;
        let mut diagnostic = Diagnostic::error(message).at(place.unwrap_or(fallback), "");
        diagnostic.help = help;
        for (span, name) in trace {
            diagnostic = diagnostic.traced_through(Some(span), format!("included `{name}`"));
        }
        diagnostic
    }

    /// The same, to be changed.
    pub(crate) fn inner_mut(&mut self) -> &mut Inner {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Error {}

/// A text in a message: quoted, on one line, not too long.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST + 1).collect();
    if flat.chars().count() > LONGEST {
        let cut: String = flat.chars().take(LONGEST).collect();
        format!("`{cut}...`")
    } else {
        format!("`{flat}`")
    }
}
