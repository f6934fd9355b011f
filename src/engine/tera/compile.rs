//! A chart's templates, compiled.

use super::error::{self, Known};
use super::failed_text::show_in_text;
use super::files::Files;
use super::functions;
use super::library;
use super::names::{GLOBALS, LENT_PREFIX, LIBRARY_PREFIX};
use super::place::Placed;
use super::rendering::Rendering;
use super::rewrite::{Rewritten, Tables, rewrite};
use super::upstream::{WHOLE_CONTEXT, broken_template};
use crate::diag::{Diagnostic, SourceId, Sources};
use crate::engine::FileRole;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// A template before it is compiled.
#[derive(Debug)]
pub(super) struct Input<'a> {
    /// What `{% include %}` calls it.
    pub(super) name: Cow<'a, str>,
    pub(super) source: SourceId,
    pub(super) text: &'a str,
}

/// The templates of a chart in a Tera instance of their own, so that names of different charts never clash, with
/// those of plimsoll's components that they call. They know nothing of the chart itself: charts of equal templates
/// can share them.
#[derive(Debug)]
pub(super) struct Templates {
    tera: tera::Tera,
    pub(super) tables: Arc<Tables>,
    rewritten: BTreeMap<String, Rewritten>,
    /// Those of [`GLOBALS`] that some template may read.
    globals: Vec<&'static str>,
}

impl Templates {
    /// Compiles templates. `files` holds their sources in the same order. All that is wrong is reported, each in its
    /// file. If `records`, they say what is reached of them.
    pub(super) fn compile(
        inputs: &[Input<'_>],
        files: &Files,
        records: bool,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut tables = Tables::default();
        let mut rewritten = BTreeMap::new();
        let mut diagnostics = Vec::new();
        let own = inputs
            .iter()
            .enumerate()
            .map(|(number, input)| (library::FILES.len() + number, input.name.to_string(), input.text));
        let called = library::find_called(inputs.iter().map(|input| input.text)).into_iter().map(|number| {
            let (name, text) = library::FILES[number];
            (number, format!("{LIBRARY_PREFIX}{name}.tera"), text)
        });
        for (file, name, text) in own.chain(called) {
            match rewrite(file, files.source(file), text, &mut tables, records) {
                Ok(template) => {
                    rewritten.insert(name, template);
                }
                Err(error) => diagnostics.push(error),
            }
        }
        let mut tera = functions::instance_for(tables.sites.len());
        // A chart's own names win over those of its library sub-charts, and these over plimsoll's.
        if let Err(error) = tera.set_fallback_prefixes([LENT_PREFIX, LIBRARY_PREFIX]) {
            diagnostics.push(Diagnostic::error(error.to_string()));
        }
        diagnostics.extend(add(&mut tera, Known { templates: &rewritten, files, context: None }));
        if diagnostics.is_empty() {
            diagnostics.extend(deep_includes(&rewritten, files));
        }
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        let globals = globals(&rewritten);
        Ok(Self { tera, tables: Arc::new(tables), rewritten, globals })
    }

    /// Whether some template may read one of the [`GLOBALS`].
    pub(super) fn reads(&self, global: &str) -> bool {
        self.globals.contains(&global)
    }

    /// Renders one template and writes its values where they belong.
    pub(super) fn render(
        &self,
        rendering: &Rc<Rendering>,
        files: &Files,
        name: &str,
        role: FileRole,
        context: &tera::Context,
        sources: &Sources,
    ) -> Result<Placed, Vec<Diagnostic>> {
        let marked = rendering.run(|| self.tera.render(name, context));
        let failures = rendering.failures();
        let marked = marked.map_err(|error| {
            let known = Known { templates: &self.rewritten, files, context: Some(context) };
            vec![show_in_text(error::diagnostic(&error, known, Some(name)), failures, sources)]
        })?;
        rendering.place_values(&marked, role)
    }
}

/// Adds templates to an instance; every syntax error is reported.
fn add(tera: &mut tera::Tera, known: Known<'_>) -> Vec<Diagnostic> {
    let mut texts: Vec<(&str, &str)> =
        known.templates.iter().map(|(name, template)| (name.as_str(), template.text.as_str())).collect();
    let mut diagnostics = Vec::new();
    loop {
        let Err(error) = tera.add_raw_templates(texts.iter().copied()) else { return diagnostics };
        if let Some(broken) = broken_template(&error) {
            diagnostics.push(error::diagnostic(&error, known, None));
            // Tera stops at the first; the other files may hold more.
            let before = texts.len();
            texts.retain(|(name, _)| *name != broken);
            if texts.len() < before {
                continue;
            }
        } else if diagnostics.is_empty() {
            diagnostics = error::references(&error, known);
        }
        return diagnostics;
    }
}

/// How many templates may include each other one inside the other: Tera keeps them all on the stack.
const MAX_INCLUDES: usize = 30;

/// The include that goes deeper than [`MAX_INCLUDES`], if there is one. There are no circles: Tera has looked for them.
fn deep_includes(templates: &BTreeMap<String, Rewritten>, files: &Files) -> Option<Diagnostic> {
    let mut level: BTreeSet<&str> = templates.keys().map(String::as_str).collect();
    let mut deepest = None;
    for _ in 0..MAX_INCLUDES {
        let mut next = BTreeSet::new();
        for (name, place) in level.iter().filter_map(|name| named(templates, name)).flat_map(|t| &t.includes)
        {
            deepest = Some(*place);
            next.insert(name.as_str());
        }
        if next.is_empty() {
            return None;
        }
        level = next;
    }
    Some(
        Diagnostic::error(format!("templates include each other more than {MAX_INCLUDES} deep"))
            .at(files.span(deepest?), "")
            .help("merge some of the templates"),
    )
}

/// The template that Tera takes for a name.
fn named<'t>(templates: &'t BTreeMap<String, Rewritten>, name: &str) -> Option<&'t Rewritten> {
    let lent = || templates.get(&format!("{LENT_PREFIX}{name}"));
    templates.get(name).or_else(lent).or_else(|| templates.get(&format!("{LIBRARY_PREFIX}{name}")))
}

/// The globals that a text may read: those it names, or all where it might name them in ways that do not show.
fn globals(templates: &BTreeMap<String, Rewritten>) -> Vec<&'static str> {
    let any = |word: &str| templates.values().any(|template| template.text.contains(word));
    let hidden = any("tpl") || any(WHOLE_CONTEXT);
    GLOBALS.into_iter().filter(|name| hidden || any(name)).collect()
}
