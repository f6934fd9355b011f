//! Where the variables of a template lead to.
//!
//! A map or a list is known by its address, whatever variable holds it ([`super::value::Origins`]). A scalar has none.
//! But the template says where it was taken from: `{% set x = values.a.b %}`, `{% for x in values.list %}`. A variable
//! that could hold anything else where it stands leads nowhere.

use super::guard;
use super::names::GLOBALS;
use super::tags::{Token, first_word, is_set_block, path_of, paths_in, tokenize};
use super::upstream::INNERMOST_TURN;

/// A way from a name that every template sees to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The name.
    pub(super) root: String,
    pub(super) steps: Vec<Step>,
    /// Whether filters have made another value of the one that it leads to.
    derived: bool,
}

/// One step of a [`Route`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The entry of a map.
    Name(String),
    /// The entry that is a loop's turn; the variable that counts the turns.
    Turn(String),
}

/// How many parts of a value are known.
const MAX_PARTS: usize = 64;

/// Adds what a value is made from.
fn add_parts(parts: &mut Vec<Route>, more: impl IntoIterator<Item = Route>) {
    for route in more {
        if parts.len() < MAX_PARTS && !parts.contains(&route) {
            parts.push(route);
        }
    }
}

/// The variables that can be seen at a place in a template.
#[derive(Debug)]
pub(super) struct Scope<'t> {
    /// The number of the file.
    file: usize,
    /// Those that are set somewhere for the whole template.
    changing: &'t [&'t str],
    /// The last of a name counts.
    bindings: Vec<Binding<'t>>,
    open: Vec<Frame<'t>>,
    /// What the variables that are set for the whole template have been made from so far, in all their assignments.
    of_changing: Vec<(&'t str, Vec<Route>)>,
    /// The blocks whose text becomes a variable and that are open.
    captures: Vec<Capture<'t>>,
}

/// `{% set name %}..{% endset %}`
#[derive(Debug)]
struct Capture<'t> {
    name: &'t str,
    is_global: bool,
    /// What its text is made from.
    parts: Vec<Route>,
}

#[derive(Debug)]
enum Binding<'t> {
    /// A variable: where it was taken from, and what else it was made from.
    Variable(&'t str, Option<Route>, Vec<Route>),
    /// What was bound before cannot be seen, or may have changed.
    Forgotten,
}

/// A block that is open.
#[derive(Debug)]
struct Frame<'t> {
    by: Opened,
    /// How many bindings there were before it.
    from: usize,
    /// What its branches bind for whatever follows it, and what they make it from.
    assigned: Vec<(&'t str, Vec<Route>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    If,
    /// A loop, by where it begins. What its body sets is gone after each turn.
    For(usize),
    /// What is written where a loop has no turn.
    ForElse,
    Component,
    Block,
}

/// Where what a text given to `tpl` writes leads to.
pub(super) fn parts_of_text(text: &str) -> Vec<Route> {
    let mut scope = Scope::new(0, &[]);
    let mut parts = Vec::new();
    for token in tokenize(text).unwrap_or_default() {
        match token {
            Token::Expression { inner: (from, to), .. } => {
                add_parts(&mut parts, scope.parts_of(&text[from..to], None));
            }
            Token::Statement { start, inner: (from, to), .. } => {
                scope.read_statement(start, &text[from..to]);
            }
            _ => {}
        }
    }
    // The turns of its loops are not counted.
    parts.retain(|route| !route.steps.iter().any(|step| matches!(step, Step::Turn(_))));
    parts
}

impl<'t> Scope<'t> {
    /// The scope at the beginning of a template in which some variables are set for all of it.
    pub(super) fn new(file: usize, changing: &'t [&'t str]) -> Self {
        Self {
            file,
            changing,
            bindings: Vec::new(),
            open: Vec::new(),
            of_changing: Vec::new(),
            captures: Vec::new(),
        }
    }

    /// Takes note of a statement that begins at a byte.
    pub(super) fn read_statement(&mut self, at: usize, statement: &'t str) {
        let statement = statement.trim();
        match first_word(statement) {
            word @ ("set" | "set_global") => {
                let is_global = word == "set_global";
                let rest = statement[word.len()..].trim_start();
                let name = first_word(rest);
                let value = rest[name.len()..].trim_start();
                if is_set_block(statement) {
                    // The arguments of its filters.
                    let parts = self.parts_of(value, None);
                    self.captures.push(Capture { name, is_global, parts });
                    return;
                }
                let value = value.strip_prefix('=').unwrap_or_default().trim();
                if is_global {
                    self.set_for_all(name, self.parts_of(value, None));
                } else {
                    let parts = self.parts_of(value, path_of(value).as_deref());
                    self.bindings.push(Binding::Variable(name, self.find_route(value), parts));
                }
            }
            "endset" => match self.captures.pop() {
                Some(Capture { name, is_global: true, parts }) => self.set_for_all(name, parts),
                Some(Capture { name, parts, .. }) => {
                    self.bindings.push(Binding::Variable(name, None, parts));
                }
                None => {}
            },
            "if" => self.open(Opened::If),
            "elif" => self.next_branch(),
            "else" => {
                self.next_branch();
                if let Some(frame) = self.open.last_mut()
                    && matches!(frame.by, Opened::For(_))
                {
                    // The body's own are gone.
                    frame.assigned.retain(|(name, _)| name.is_empty());
                    frame.by = Opened::ForElse;
                }
            }
            "for" => {
                let collection = guard::collection(statement).unwrap_or(statement.len());
                let variables = statement["for".len()..collection].trim_end().trim_end_matches("in");
                let entry = self.find_route(&statement[collection..]).filter(|route| !route.derived).map(
                    |mut route| {
                        route.steps.push(Step::Turn(self.counter(at)));
                        route
                    },
                );
                let of_all = statement[collection..].trim();
                let parts = if entry.is_none() { self.parts_of(of_all, None) } else { Vec::new() };
                self.open(Opened::For(at));
                let (key, value) = match variables.split_once(',') {
                    Some((key, value)) => (Some(key.trim()), value.trim()),
                    None => (None, variables.trim()),
                };
                self.bindings.extend(key.map(|key| Binding::Variable(key, None, Vec::new())));
                self.bindings.push(Binding::Variable(value, entry, parts));
            }
            "component" => {
                self.open(Opened::Component);
                self.bindings.push(Binding::Forgotten);
            }
            // Another template may have put something else in its place, which sets what it likes.
            "block" => {
                self.open(Opened::Block);
                self.bindings.push(Binding::Forgotten);
            }
            "endblock" => {
                self.close();
                self.bindings.push(Binding::Forgotten);
            }
            "endif" | "endfor" | "endcomponent" => self.close(),
            _ => {}
        }
    }

    /// Takes note of an expression that is written: it may be part of a variable's text.
    pub(super) fn read_expression(&mut self, expression: &str) {
        if !self.captures.is_empty() {
            let parts = self.parts_of(expression, None);
            self.captures.iter_mut().for_each(|capture| add_parts(&mut capture.parts, parts.iter().cloned()));
        }
    }

    /// Takes note of an assignment for the whole template. It may be one of several.
    fn set_for_all(&mut self, name: &'t str, parts: Vec<Route>) {
        match self.of_changing.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => add_parts(known, parts),
            None => self.of_changing.push((name, parts)),
        }
    }

    /// Where a path of names leads to, if that is known and its value has no address.
    pub(super) fn route(&self, path: &[String]) -> Option<Route> {
        let (first, rest) = path.split_first()?;
        let mut route = self.variable(first)?.clone();
        if !rest.is_empty() && route.derived {
            return None;
        }
        route.steps.extend(rest.iter().map(|name| Step::Name(name.clone())));
        Some(self.relative(route))
    }

    /// Where what an expression is made from leads to, but for the path that it begins with.
    pub(super) fn parts(&self, expression: &str, path: Option<&[String]>) -> Vec<Route> {
        self.parts_of(expression, path).into_iter().map(|route| self.relative(route)).collect()
    }

    fn parts_of(&self, expression: &str, path: Option<&[String]>) -> Vec<Route> {
        let mut parts: Vec<Route> = Vec::new();
        let mut first = path;
        for names in paths_in(expression) {
            let Some((root, rest)) = names.split_first() else { continue };
            let is_first = first.take().is_some_and(|path| path == names);
            let steps = rest.iter().map(|name| Step::Name(name.clone()));
            if let Some((_, made_from)) = self.of_changing.iter().find(|(name, _)| name == root) {
                add_parts(&mut parts, made_from.iter().cloned());
            }
            match self.binding(root) {
                Some(Binding::Variable(_, route, made_from)) => {
                    let route = route.clone().filter(|_| !is_first).map(|mut route| {
                        // What filters have made of a value has entries of its own.
                        let known = if route.derived { 0 } else { rest.len() };
                        route.steps.extend(steps.take(known));
                        route
                    });
                    add_parts(&mut parts, made_from.iter().cloned().chain(route));
                }
                None if !is_first && self.is_global(root) => {
                    let route = Route { root: root.clone(), steps: steps.collect(), derived: false };
                    add_parts(&mut parts, [route]);
                }
                _ => {}
            }
        }
        parts
    }

    /// A route, as it is followed from here.
    fn relative(&self, mut route: Route) -> Route {
        let innermost = self.open.iter().rev().find_map(|frame| match frame.by {
            Opened::For(at) => Some(self.counter(at)),
            _ => None,
        });
        for step in &mut route.steps {
            if let Step::Turn(counter) = step
                && Some(&*counter) == innermost.as_ref()
            {
                INNERMOST_TURN.clone_into(counter);
            }
        }
        route
    }

    /// The statement that keeps count of the turns of the loop that begins at a byte, for loops inside it.
    ///
    /// `dash` is that of the loop's own tag. None where nobody would ask: just after the loop was opened, its variable
    /// is the last that was bound.
    pub(super) fn count_turns(&self, at: usize, dash: &str) -> Option<String> {
        let known = matches!(self.bindings.last(), Some(Binding::Variable(_, Some(_), _)));
        known.then(|| format!("{{% set {} = loop.index0 {dash}%}}", self.counter(at)))
    }

    /// No two templates that include each other share the name of a counter.
    fn counter(&self, at: usize) -> String {
        format!("__turn_{}_{at}", self.file)
    }

    fn variable(&self, name: &str) -> Option<&Route> {
        match self.binding(name)? {
            Binding::Variable(_, route, _) => route.as_ref(),
            Binding::Forgotten => None,
        }
    }

    /// What a name is bound to, if that is known.
    fn binding(&self, name: &str) -> Option<&Binding<'t>> {
        if self.changing.contains(&name) {
            return None;
        }
        let mut bindings = self.bindings.iter().rev();
        bindings.find(|binding| match binding {
            Binding::Variable(bound, ..) => *bound == name,
            Binding::Forgotten => true,
        })
    }

    /// Whether a name means what it means in every template.
    pub(super) fn is_global(&self, name: &str) -> bool {
        let bound = |binding: &Binding<'_>| matches!(binding, Binding::Variable(bound, ..) if *bound == name);
        GLOBALS.contains(&name) && !self.changing.contains(&name) && !self.bindings.iter().any(bound)
    }

    /// Where the value of an expression was taken from.
    fn find_route(&self, expression: &str) -> Option<Route> {
        let path = path_of(expression.trim())?;
        let keeps = |filter: &str| matches!(first_word(filter.trim_start()), "default" | "required" | "safe");
        let derived = !expression.split('|').skip(1).all(keeps);
        let (first, rest) = path.split_first()?;
        let mut route = match self.variable(first) {
            Some(route) if route.derived && !rest.is_empty() => return None,
            Some(route) => route.clone(),
            None if self.is_global(first) => Route { root: first.clone(), steps: Vec::new(), derived: false },
            None => return None,
        };
        route.steps.extend(rest.iter().map(|name| Step::Name(name.clone())));
        route.derived |= derived;
        Some(route)
    }

    fn open(&mut self, by: Opened) {
        self.open.push(Frame { by, from: self.bindings.len(), assigned: Vec::new() });
    }

    /// The branch that was open is over: another may be taken in its place.
    fn next_branch(&mut self) {
        let Some(frame) = self.open.last_mut() else { return };
        let inner = self.bindings.drain(frame.from..);
        // An empty name stands for all.
        frame.assigned.extend(inner.map(|binding| match binding {
            Binding::Variable(name, route, parts) => (name, parts.into_iter().chain(route).collect()),
            Binding::Forgotten => ("", Vec::new()),
        }));
    }

    /// The innermost block is over: what it set in one branch of several may be set or not.
    fn close(&mut self) {
        self.next_branch();
        let Some(frame) = self.open.pop() else { return };
        match frame.by {
            Opened::If | Opened::ForElse => {
                for (name, routes) in frame.assigned {
                    // It may still be what it was before, or what another branch made it.
                    let mut parts = match self.binding(name) {
                        Some(Binding::Variable(_, route, parts)) => {
                            parts.iter().cloned().chain(route.clone()).collect()
                        }
                        _ => Vec::new(),
                    };
                    add_parts(&mut parts, routes);
                    self.bindings.push(match name {
                        "" => Binding::Forgotten,
                        name => Binding::Variable(name, None, parts),
                    });
                }
            }
            Opened::For(_) | Opened::Component | Opened::Block => {}
        }
    }
}
