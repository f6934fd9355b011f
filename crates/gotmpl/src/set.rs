//! The templates of a render, all in one name space.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::ast::{File, Place, Template};
use crate::error::Error;
use plimsoll_diag::{SourceId, Span};

/// The templates that can be included by name, all in one name space.
#[derive(Default)]
pub struct Set {
    own: BTreeMap<Arc<str>, Rc<NamedTemplate>>,
    outer: Option<Rc<Set>>,
}

/// A template by name, and the text that it is part of.
pub(crate) struct NamedTemplate {
    /// The template.
    pub(crate) template: Arc<Template>,
    /// The text.
    pub(crate) source: SourceText,
}

/// The text that a template is part of.
#[derive(Clone)]
pub(crate) struct SourceText {
    text: Arc<str>,
    /// `None` for the texts given to `tpl`.
    id: Option<SourceId>,
}

impl Set {
    /// Adds a file's own text under `name`, and its definitions. Later files override earlier ones, but a
    /// blank definition overrides nothing.
    ///
    /// Errors have their place in `source`; without one they have none, as in the texts given to `tpl`.
    pub fn add(&mut self, name: &str, file: &File, source: Option<SourceId>) {
        self.add_all(Some(name), file, source);
    }

    /// The same, without the file's own text if that has no name.
    fn add_all(&mut self, name: Option<&str>, file: &File, source: Option<SourceId>) {
        let source = SourceText { text: Arc::clone(&file.text), id: source };
        let main = name.map(|name| (Arc::from(name), &file.main));
        let defines = file.defines.iter().map(|(name, template)| (Arc::clone(name), template));
        for (name, template) in main.into_iter().chain(defines) {
            if template.blank && self.find(&name).is_some() {
                continue;
            }
            self.own.insert(
                name,
                Rc::new(NamedTemplate { template: Arc::clone(template), source: source.clone() }),
            );
        }
    }

    /// The templates of `outer`, and those that `file` defines.
    pub(crate) fn with_definitions(outer: Rc<Self>, file: &File) -> Self {
        let mut set = Self { own: BTreeMap::new(), outer: Some(outer) };
        set.add_all(None, file, None);
        set
    }

    /// The template called `name`, with its name as the set shares it.
    pub(crate) fn find(&self, name: &str) -> Option<(&Arc<str>, &Rc<NamedTemplate>)> {
        self.own.get_key_value(name).or_else(|| self.outer.as_ref()?.find(name))
    }

    /// The names of all templates.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = self.outer.as_ref().map_or_else(Vec::new, |outer| outer.names());
        names.extend(self.own.keys().map(|name| &**name));
        names
    }
}

impl NamedTemplate {
    /// What a text given to `tpl` renders itself.
    pub(crate) fn main_of(file: &File) -> Self {
        let source = SourceText { text: Arc::clone(&file.text), id: None };
        Self { template: Arc::clone(&file.main), source }
    }
}

impl SourceText {
    /// The source of the text; `None` for the texts given to `tpl`.
    pub(crate) fn id(&self) -> Option<SourceId> {
        self.id
    }

    /// The span of `place`, if the text has a source.
    pub(crate) fn span(&self, place: Place) -> Option<Span> {
        Some(Span::new(self.id?, place.start as usize, place.end as usize))
    }

    /// The text at `place`.
    pub(crate) fn str(&self, place: Place) -> &str {
        &self.text[place.start as usize..place.end as usize]
    }

    /// Sets the place of an error that has none, if the text has a source.
    pub(crate) fn placed(&self, error: Error, place: Place) -> Error {
        match self.span(place) {
            Some(span) => error.with_place(span),
            None => error,
        }
    }

    /// Notes the include that an error came through.
    pub(crate) fn through(&self, error: Error, place: Place, name: &str) -> Error {
        match self.span(place) {
            Some(span) => error.through(span, name),
            None => error,
        }
    }
}
