//! The rendering that is going on: what plimsoll's filters know of the chart whose templates Tera is working on.
//!
//! Tera hands its filters a value and the variables around it, and a component sees none of the chart's. So the
//! chart, the values that markers stand for, and where values came from are kept here, per thread, while Tera renders.

use super::compile::Templates;
use super::error::not_defined;
use super::files::Files;
use super::place::{self, Content, Placed, Sites, Slot};
use super::rewrite::OPEN;
use super::value::{self, Origins, node};
use crate::chart::Chart;
use crate::diag::Diagnostic;
use crate::engine::FileRole;
use crate::yaml::{self, emit::flow_json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use tera::{Error, State, TeraResult, Value};

/// What `omit_empty` leaves for [`emit`] to see; no YAML text can be this.
pub(super) const OMITTED: &str = "\u{1}";

/// The names that templates see besides their own variables.
pub(super) const GLOBALS: [&str; 6] = ["values", "release", "chart", "capabilities", "template", "subcharts"];

/// One chart's templates being rendered.
#[derive(Debug)]
pub(super) struct Rendering {
    chart: Arc<Chart>,
    templates: Arc<Templates>,
    files: Files,
    origins: Origins,
    /// The values that markers stand for, by their numbers.
    slots: RefCell<Vec<Slot>>,
    /// How many texts given to `tpl` are being rendered, each within the one before.
    depth: Cell<usize>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Rendering>>> = const { RefCell::new(None) };
}

impl Rendering {
    pub(super) fn new(
        chart: Arc<Chart>,
        templates: Arc<Templates>,
        files: Files,
        origins: Origins,
    ) -> Rc<Self> {
        let (slots, depth) = (RefCell::default(), Cell::default());
        Rc::new(Self { chart, templates, files, origins, slots, depth })
    }

    /// Renders one template and writes its values where they belong.
    pub(super) fn file(
        self: &Rc<Self>,
        name: &str,
        role: FileRole,
        context: &tera::Context,
    ) -> Result<Placed, Vec<Diagnostic>> {
        self.slots.borrow_mut().clear();
        let outer = CURRENT.replace(Some(Rc::clone(self)));
        let marked = self.templates.tera.render(name, context);
        CURRENT.set(outer);
        let marked = marked.map_err(|error| vec![self.templates.error(&error, &self.files, name)])?;
        let slots = self.slots.borrow();
        match role {
            FileRole::Manifest => place::yaml(&marked, &slots, self.sites()),
            FileRole::Notes => place::text(&marked, &slots, self.sites()),
        }
    }

    fn sites(&self) -> Sites<'_> {
        Sites { tables: &self.templates.tables, files: &self.files }
    }

    /// Text of a template, without markers.
    fn resolved(&self, text: &str) -> TeraResult<String> {
        place::yaml(text, &self.slots.borrow(), self.sites())
            .map(|placed| placed.text)
            .map_err(|errors| Error::message(errors.first().map_or("", |error| error.message.as_str())))
    }
}

/// What is being rendered on this thread. Filters are called while something is, and never otherwise.
fn current() -> TeraResult<Rc<Rendering>> {
    CURRENT.with_borrow(Clone::clone).ok_or_else(|| Error::message("no chart is being rendered"))
}

/// The chart that is being rendered.
pub(super) fn chart() -> TeraResult<Arc<Chart>> {
    Ok(Arc::clone(&current()?.chart))
}

/// Takes a value that a template writes; the marker that stands for it.
pub(super) fn emit(value: &Value, site: usize, state: &State<'_>) -> TeraResult<Value> {
    let rendering = current()?;
    let site_of = rendering.templates.tables.sites.get(site);
    let path = site_of.and_then(|site| site.path.as_deref());
    if value.is_undefined() {
        return Err(Error::message(undefined(path, state)));
    }
    let content = match value.as_str() {
        Some(OMITTED) if value.is_safe() => Content::Omit,
        Some(text) if value.is_safe() => Content::Yaml(text.to_owned()),
        _ => Content::Data(node(value)?),
    };
    let origin = |names: &[String]| {
        let (root, path) = names.split_first().filter(|(_, path)| !path.is_empty())?;
        rendering.origins.of(&state.get::<Value>(root).ok()??, path)
    };
    let call = site_of.and_then(|site| site.call.as_ref());
    let arguments = call.into_iter().flat_map(|call| &call.arguments).map(|(_, path)| origin(path)).collect();
    let origin = path.and_then(origin);
    let mut slots = rendering.slots.borrow_mut();
    slots.push(Slot { content, site, origin, arguments });
    Ok(Value::safe_string(&place::value_marker(slots.len() - 1)))
}

/// Text of a template, without markers.
pub(super) fn resolved(text: &str) -> TeraResult<String> {
    if text.contains(OPEN) { current()?.resolved(text) } else { Ok(text.to_owned()) }
}

/// The text of any value, for filters that work on text.
pub(super) fn text(value: &Value) -> TeraResult<String> {
    if let Some(text) = value.as_str() {
        return resolved(text);
    }
    let node = node(value)?;
    Ok(match node.value {
        yaml::Value::Seq(_) | yaml::Value::Map(_) => flow_json(&node),
        yaml::Value::Null => String::new(),
        _ => value.to_string(),
    })
}

/// Renders a text within the one that is being rendered, unless that goes on without end.
pub(super) fn nested<T>(render: impl FnOnce() -> TeraResult<T>) -> TeraResult<T> {
    const MAX_DEPTH: usize = 20;
    let rendering = current()?;
    let depth = rendering.depth.get();
    if depth >= MAX_DEPTH {
        return Err(Error::message(format!(
            "`tpl` calls itself more than {MAX_DEPTH} times: the text renders itself"
        )));
    }
    rendering.depth.set(depth + 1);
    let result = render();
    rendering.depth.set(depth);
    result
}

/// Says which name of a path is not defined, and what names there are.
fn undefined(path: Option<&[String]>, state: &State<'_>) -> String {
    let Some(path) = path else { return "this value is not defined".to_owned() };
    let full = path.join(".");
    let mut parent: Option<Value> = None;
    for (index, name) in path.iter().enumerate() {
        let next = match &parent {
            None => state.get::<Value>(name).ok().flatten(),
            Some(parent) => value::get(parent, name).cloned(),
        };
        match next {
            Some(next) if !next.is_undefined() => parent = Some(next),
            _ => {
                let known: Vec<String> = match &parent {
                    Some(parent) => parent
                        .as_map()
                        .into_iter()
                        .flat_map(|map| map.keys().map(ToString::to_string))
                        .collect(),
                    None => GLOBALS.iter().map(|name| (*name).to_owned()).collect(),
                };
                return not_defined(&full, &path[..=index].join("."), name, &known);
            }
        }
    }
    format!("`{full}` is not defined")
}
