//! The rendering that is going on: what plimsoll's filters know of the chart whose templates Tera is working on.
//!
//! Tera hands its filters a value and the variables around it, and a component sees none of the chart's. So the
//! chart, the values that markers stand for, and where values came from are kept here, per thread, while Tera renders.

use super::budget::Budget;
use super::explanation::undefined;
use super::failed_text::FailedText;
use super::files::Files;
use super::place::{self, Content, Placed, Sites, Slot};
use super::rewrite::{Named, OPEN, Site, Tables};
use super::scope::{self, Route, Step};
use super::upstream::{absent, refused, refused_with_help, undefined_path};
use super::value::{self, At, Origins, node};
use crate::chart::Chart;
use crate::diag::{Diagnostic, Span};
use crate::engine::{FileRole, Reached};
use crate::yaml::{self, emit::flow_json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use tera::{Context, Error, State, TeraResult, Value};

/// What `omit_empty` leaves for [`emit`] to see; no YAML text can be this.
pub(super) const OMITTED: &str = "\u{1}";

/// One chart's templates being rendered.
#[derive(Debug)]
pub(super) struct Rendering {
    chart: Arc<Chart>,
    tables: Arc<Tables>,
    files: Files,
    origins: Origins,
    /// What texts given to `tpl` are rendered by.
    text_tera: &'static tera::Tera,
    /// The values that markers stand for, by their numbers.
    slots: RefCell<Vec<Slot>>,
    /// Room for the marker of a value.
    marker: RefCell<String>,
    /// How many texts given to `tpl` are being rendered, each within the one before.
    depth: Cell<usize>,
    /// What went wrong in such texts, innermost first.
    failures: RefCell<Vec<FailedText>>,
    budget: Budget,
    /// Whether templates have gone as deep as the stack allows.
    deep: Cell<bool>,
    /// What was reached, as far as the templates say so.
    reached: RefCell<Reached>,
}

/// The stack that has to be left for one more template or component inside the others.
const LEAST_STACK: usize = 1 << 20;

/// The stack for templates that go deeper than that of the thread allows.
const DEEP_STACK: usize = 64 << 20;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Rendering>>> = const { RefCell::new(None) };
}

impl Rendering {
    pub(super) fn new(
        chart: Arc<Chart>,
        tables: Arc<Tables>,
        files: Files,
        origins: Origins,
        text_tera: &'static tera::Tera,
        budget: Budget,
    ) -> Rc<Self> {
        Rc::new(Self {
            chart,
            tables,
            files,
            origins,
            text_tera,
            slots: RefCell::default(),
            marker: RefCell::default(),
            depth: Cell::default(),
            failures: RefCell::default(),
            budget,
            deep: Cell::default(),
            reached: RefCell::default(),
        })
    }

    /// Runs `render` as what is being rendered on this thread, with more stack if it goes deeper than that allows. Nothing
    /// is left of what was rendered before.
    pub(super) fn run<T>(self: &Rc<Self>, render: impl Fn() -> TeraResult<T>) -> TeraResult<T> {
        let outer = CURRENT.replace(Some(Rc::clone(self)));
        let afresh = || {
            self.slots.borrow_mut().clear();
            self.failures.borrow_mut().clear();
            self.depth.set(0);
            self.budget.next_template();
            render()
        };
        let mut rendered = afresh();
        if rendered.is_err() && self.deep.take() {
            rendered = stacker::grow(DEEP_STACK, afresh);
        }
        CURRENT.set(outer);
        rendered
    }

    /// What was reached by now.
    pub(super) fn take_reached(&self) -> Reached {
        self.reached.take()
    }

    /// The texts given to `tpl` in which something is wrong, innermost first.
    pub(super) fn failures(&self) -> Vec<FailedText> {
        self.failures.take()
    }

    /// Puts the values of what was rendered where they belong.
    pub(super) fn place_values(&self, marked: &str, role: FileRole) -> Result<Placed, Vec<Diagnostic>> {
        let slots = self.slots.borrow();
        match role {
            FileRole::Manifest => place::place_yaml(marked, &slots, self.sites()),
            FileRole::Notes => place::place_text(marked, &slots, self.sites()),
        }
    }

    /// The values file or flag that what a path leads to came from.
    fn origin(&self, path: &Named, state: &State<'_>) -> Option<Span> {
        if let Some((first, rest)) = path.names.split_first()
            && !rest.is_empty()
            && let Some(first) = variable(first, state)
            && let Some(origin) = self.origins.find(&first, rest.iter().map(|name| At::Key(name)))
        {
            return Some(origin);
        }
        self.origin_at(path.route.as_ref()?, state)
    }

    /// The values file or flag that what a route leads to came from.
    fn origin_at(&self, route: &Route, state: &State<'_>) -> Option<Span> {
        self.origins.find(&variable(&route.root, state)?, way(route, state)?)
    }

    /// The values files or flags that a part of a value came from. Of a loop that is over all turns are a part.
    fn origins_at(&self, route: &Route, state: &State<'_>) -> Vec<Span> {
        let Some(root) = variable(&route.root, state) else { return Vec::new() };
        let way: Vec<At<'_>> = route.steps.iter().map_while(|step| at(step, state)).collect();
        if way.is_empty() {
            return self.origins_of_all(&route.root, state);
        }
        self.origins.find(&root, way).into_iter().collect()
    }

    /// The values files or flags that the entries of a variable came from, as far as they are known.
    fn origins_of_all(&self, name: &str, state: &State<'_>) -> Vec<Span> {
        /// A template may ask again and again.
        const MOST: usize = 1000;
        let Some(root) = variable(name, state) else { return Vec::new() };
        let count = root.as_map().map_or(0, tera::value::Map::len).min(MOST);
        (0..count).filter_map(|index| self.origins.find(&root, [At::Index(index)])).collect()
    }

    /// The values files or flags that the parts of a value came from.
    fn parts(&self, site: &Site, state: &State<'_>) -> Vec<Span> {
        let routes = site.parts.iter().filter_map(|path| path.route.as_ref());
        let mut parts: Vec<Span> = routes.flat_map(|route| self.origins_at(route, state)).collect();
        let whole = site.path.as_ref().and_then(|path| match (&path.route, path.names.as_slice()) {
            (Some(route), _) => route.steps.is_empty().then_some(&route.root),
            (None, names) => names.first().filter(|_| names.len() == 1),
        });
        parts.extend(whole.into_iter().flat_map(|root| self.origins_of_all(root, state)));
        if site.expands {
            let routes = site.parts.iter().filter_map(|path| path.route.as_ref());
            let texts: Vec<Value> = routes.filter_map(|route| value_at(route, state)).collect();
            for text in texts.iter().filter_map(Value::as_str) {
                let routes = scope::parts_of_text(text);
                parts.extend(routes.iter().filter_map(|route| self.origin_at(route, state)));
            }
        }
        parts
    }

    fn sites(&self) -> Sites<'_> {
        Sites { tables: &self.tables, files: &self.files, budget: &self.budget }
    }

    /// Text of a template, without markers.
    fn resolved(&self, text: &str) -> TeraResult<String> {
        place::place_yaml(text, &self.slots.borrow(), self.sites())
            .map(|placed| placed.text)
            .map_err(|errors| refused(errors.first().map_or("", |error| error.message.as_str())))
    }
}

fn variable(name: &str, state: &State<'_>) -> Option<Value> {
    state.get::<Value>(name).ok().flatten()
}

/// The steps of a route from its root, for the turns that loops are in.
fn way<'r>(route: &'r Route, state: &State<'_>) -> Option<Vec<At<'r>>> {
    route.steps.iter().map(|step| at(step, state)).collect()
}

/// The entry that a step leads to; nothing if it is a turn of a loop that is over.
fn at<'r>(step: &'r Step, state: &State<'_>) -> Option<At<'r>> {
    match step {
        Step::Name(name) => Some(At::Key(name)),
        Step::Turn(counter) => state.get::<usize>(counter).ok().flatten().map(At::Index),
    }
}

/// The value that a route leads to.
fn value_at(route: &Route, state: &State<'_>) -> Option<Value> {
    let root = variable(&route.root, state)?;
    let mut steps = way(route, state)?.into_iter();
    steps.try_fold(&root, value::entry).cloned()
}

/// What is being rendered on this thread. Filters are called while something is, and never otherwise.
fn current() -> TeraResult<Rc<Rendering>> {
    CURRENT.with_borrow(Clone::clone).ok_or_else(|| refused("no chart is being rendered"))
}

/// The chart that is being rendered.
pub(super) fn chart() -> TeraResult<Arc<Chart>> {
    Ok(Arc::clone(&current()?.chart))
}

/// Counts what a template does against the budget of its chart.
pub(super) fn spend(count: impl FnOnce(&Budget) -> TeraResult<()>) -> TeraResult<()> {
    CURRENT.with_borrow(|current| current.as_ref().map_or(Ok(()), |rendering| count(&rendering.budget)))
}

/// Notes that a probe was reached.
pub(super) fn reached(probe: usize) {
    CURRENT.with_borrow(|current| {
        let Some(rendering) = current else { return };
        if let Some((file, point)) = rendering.tables.probes.get(probe) {
            rendering.reached.borrow_mut().note(rendering.files.source(*file), *point);
        }
    });
}

/// A template or a component begins inside the others.
pub(super) fn check_stack() -> TeraResult<()> {
    if stacker::remaining_stack().is_none_or(|left| left >= LEAST_STACK) {
        return Ok(());
    }
    current()?.deep.set(true);
    Err(refused_with_help(
        "templates are nested too deeply",
        "look for a component or an include that calls itself",
    ))
}

/// Takes a value that a template writes; the marker that stands for it.
pub(super) fn emit(value: &Value, site: usize, state: &State<'_>) -> TeraResult<Value> {
    let rendering = current()?;
    let site_of = rendering.tables.sites.get(site);
    let path = site_of.and_then(|site| site.path.as_ref());
    if value.is_undefined() {
        return Err(not_defined(path.map(|path| &*path.names), state));
    }
    rendering.budget.count_written(value)?;
    let content = match value.as_str() {
        Some(OMITTED) if value.is_safe() => Content::Omit,
        Some(text) if value.is_safe() => Content::Yaml(text.to_owned()),
        _ => Content::Data(node(value)?),
    };
    let call = site_of.and_then(|site| site.call.as_ref());
    let arguments = call.into_iter().flat_map(|call| &call.arguments);
    let arguments = arguments.map(|(_, path)| rendering.origin(path, state)).collect();
    let origin = path.and_then(|path| rendering.origin(path, state));
    let parts = site_of.map_or_else(Vec::new, |site| rendering.parts(site, state));
    let mut slots = rendering.slots.borrow_mut();
    slots.push(Slot { content, site, origin, parts, arguments });
    let mut marker = rendering.marker.borrow_mut();
    marker.clear();
    place::push_value_marker(slots.len() - 1, &mut marker);
    Ok(Value::safe_string(&marker))
}

/// Takes a value that a text given to `tpl` writes.
pub(super) fn emit_nested(value: &Value, path: Option<&str>, state: &State<'_>) -> TeraResult<Value> {
    if value.is_undefined() {
        let path: Option<Vec<String>> = path.map(|path| path.split('.').map(str::to_owned).collect());
        return Err(not_defined(path.as_deref(), state));
    }
    spend(|budget| budget.count_written(value))?;
    Ok(value.clone())
}

/// Text of a template, without markers.
pub(super) fn resolved(text: &str) -> TeraResult<String> {
    if text.contains(OPEN) { current()?.resolved(text) } else { Ok(text.to_owned()) }
}

/// The text of any value, for filters that work on text.
pub(super) fn to_text(value: &Value) -> TeraResult<String> {
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

/// The values file or flag that what is given to `tpl` came from. In templates the path that leads to it has a number,
/// in other such texts it is itself at hand.
pub(super) fn origin_of_text(path: &Value, state: &State<'_>) -> Option<Span> {
    let rendering = current().ok()?;
    if let Some(path) = path.as_str() {
        let names = path.split('.').map(str::to_owned).collect();
        return rendering.origin(&Named { names, route: None }, state);
    }
    let number = usize::try_from(path.as_u64()?).ok()?;
    rendering.origin(rendering.tables.texts.get(number)?, state)
}

/// The values file or flag that an entry of a collection came from.
pub(super) fn origin_of_entry(collection: &Value, index: usize) -> Option<Span> {
    current().ok()?.origins.find(collection, [At::Index(index)])
}

/// What Tera makes of a text given to `tpl`.
pub(super) fn render_text(text: &str, context: &Context) -> TeraResult<String> {
    current()?.text_tera.render_str(text, context, false)
}

/// Notes what went wrong in a text given to `tpl`.
pub(super) fn failed(failure: FailedText) -> TeraResult<()> {
    current()?.failures.borrow_mut().push(failure);
    Ok(())
}

/// Renders a text within the one that is being rendered, unless that goes on without end.
pub(super) fn render_nested<T>(render: impl FnOnce() -> TeraResult<T>) -> TeraResult<T> {
    const MAX_DEPTH: usize = 20;
    check_stack()?;
    let rendering = current()?;
    let depth = rendering.depth.get();
    if depth >= MAX_DEPTH {
        return Err(refused(format!(
            "`tpl` calls itself more than {MAX_DEPTH} times: the text renders itself"
        )));
    }
    rendering.depth.set(depth + 1);
    let result = render();
    rendering.depth.set(depth);
    result
}

/// The error for a value that is not there: what is known of it if it is nothing but a path.
fn not_defined(path: Option<&[String]>, state: &State<'_>) -> Error {
    let Some(path) = path else { return absent() };
    let variable = |name: &str| state.get::<Value>(name).ok().flatten();
    let found = undefined(path, variable);
    undefined_path(&found.message, found.help.as_deref(), found.name.as_deref())
}
