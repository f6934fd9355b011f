//! What goes wrong while a template runs.

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
    /// Whether a missing value is the reason, so that the help can say where to set it.
    pub(crate) missing: bool,
    /// The innermost place.
    pub(crate) at: Option<Span>,
    /// What to do about it.
    pub(crate) help: Vec<String>,
    /// The includes on the way, innermost first.
    pub(crate) trace: Vec<(Span, String)>,
    /// Said by the chart's author with `fail` or `required`.
    pub(crate) authored: bool,
}

impl Error {
    /// An error that says only `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            missing: false,
            at: None,
            help: Vec::new(),
            trace: Vec::new(),
            authored: false,
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

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    /// Sets the place unless an inner one is known.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.0.at.get_or_insert(span);
        self
    }

    /// Adds an outer step of the way.
    pub(crate) fn through(mut self, span: Span, text: impl Into<String>) -> Self {
        const MOST: usize = 24;
        let step = (span, text.into());
        // Of an endless inclusion the steps next to the error tell enough, and where it began.
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

    /// The innermost place of a text with a source.
    pub fn place(&self) -> Option<Span> {
        self.0.at
    }

    /// The error as a diagnostic; at `fallback`, where it has no place of its own.
    pub fn into_diagnostic(self, fallback: Span) -> Diagnostic {
        let Inner { message, at, help, trace, .. } = *self.0;
        let mut diagnostic = Diagnostic::error(message).at(at.unwrap_or(fallback), "");
        diagnostic.help = help;
        for (span, text) in trace {
            diagnostic = diagnostic.through(Some(span), text);
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
