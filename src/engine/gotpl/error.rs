//! What goes wrong while a template runs.

use crate::diag::Span;

/// The result of a step of a template.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// An error on its way up. Functions say what is wrong; the executor adds where and through what.
#[derive(Debug, Clone)]
pub(crate) struct Error(pub(super) Box<Inner>);

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
    pub(crate) fn new(message: impl Into<String>) -> Self {
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
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
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

    /// The same, taken apart.
    pub(crate) fn into_inner(self) -> Inner {
        *self.0
    }

    /// The same, to be changed.
    pub(crate) fn inner_mut(&mut self) -> &mut Inner {
        &mut self.0
    }
}
