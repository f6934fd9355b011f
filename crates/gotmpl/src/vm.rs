//! Runs templates.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ast::{Action, Branch, Command, Expr, Fields, File, Kind, Node, Pipe, Place, Splice, Template};
use super::error::{Error, Result};
use super::fmt;
use super::functions::Function;
use super::functions::random::Random;
use super::functions::{builtin, regexes};
use super::parse;
use super::trace::{Trace, Written};
use super::value::{Args, Value};
use super::values;
use plimsoll_diag::{SourceId, Span, nearest};

/// How often one template may be included inside itself: Helm's limit.
const MAX_NESTED_INCLUDES: usize = 1000;

/// How deep pipelines, blocks and templates may nest at run time. What bounds the stack.
const MAX_DEPTH: usize = 30_000;

/// How much stack has to be left for one more level of [`MAX_DEPTH`] and for the functions called there.
const STACK_LEFT: usize = 4 << 20;

/// How much stack is added at a time.
const MORE_STACK: usize = 64 << 20;

/// How much text a render may produce in one buffer.
const MAX_OUTPUT: usize = 256 << 20;

/// How long a render may take.
const MAX_TIME: Duration = Duration::from_secs(600);

/// What Go prints for nothing. Helm deletes it from the output, wherever it came from.
const NO_VALUE: &str = "<no value>";

/// Runs the templates of a [`Set`]: the state of one render, which functions draw from, too.
pub struct Vm {
    /// The one source of random values.
    pub(crate) random: Random,
    /// The text written so far by the template that is running.
    out: String,
    /// Where that text came from.
    written: Trace,
    /// The text and the origin of the last `include`, until its action has written it.
    included: Option<(Arc<str>, Trace)>,
    /// The variables of all running templates; those of the current one start at `base`.
    variables: Vec<Value>,
    base: usize,
    /// The templates in sight.
    set: Rc<Set>,
    /// How often each template is being included right now.
    nested: BTreeMap<Arc<str>, usize>,
    depth: usize,
    steps: u32,
    deadline: Instant,
    /// Texts given to `tpl`, parsed.
    parsed: BTreeMap<Arc<str>, Rc<File>>,
    /// Regular expressions, compiled.
    regexes: BTreeMap<String, Rc<regex::Regex>>,
    /// Buffers to use again.
    spare: Vec<String>,
}

/// What a template rendered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Where it came from.
    pub trace: Trace,
}

/// The templates that can be included by name, all in one name space.
#[derive(Default)]
pub struct Set {
    own: BTreeMap<Arc<str>, Rc<Entry>>,
    outer: Option<Rc<Set>>,
}

/// A template and the text that it stands in.
struct Entry {
    template: Arc<Template>,
    unit: Unit,
}

/// The text of a template.
#[derive(Clone)]
struct Unit {
    text: Arc<str>,
    /// `None` for the texts given to `tpl`.
    source: Option<SourceId>,
}

/// Whether a loop goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
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
        let unit = Unit { text: Arc::clone(&file.text), source };
        let main = name.map(|name| (Arc::from(name), &file.main));
        let defines = file.defines.iter().map(|(name, template)| (Arc::clone(name), template));
        for (name, template) in main.into_iter().chain(defines) {
            if template.blank && self.find(&name).is_some() {
                continue;
            }
            self.own.insert(name, Rc::new(Entry { template: Arc::clone(template), unit: unit.clone() }));
        }
    }

    fn find(&self, name: &str) -> Option<&Rc<Entry>> {
        self.own.get(name).or_else(|| self.outer.as_ref()?.find(name))
    }

    fn names(&self) -> Vec<&str> {
        let mut names = self.outer.as_ref().map_or_else(Vec::new, |outer| outer.names());
        names.extend(self.own.keys().map(|name| &**name));
        names
    }
}

impl Unit {
    fn span(&self, place: Place) -> Option<Span> {
        Some(Span::new(self.source?, place.start as usize, place.end as usize))
    }

    fn str(&self, place: Place) -> &str {
        &self.text[place.start as usize..place.end as usize]
    }
}

impl Vm {
    /// Ready to run the templates of `set`.
    ///
    /// `seed` makes random functions repeatable, and lets the clock stand at the last midnight, UTC; without it they
    /// draw from the operating system.
    pub fn new(set: Set, seed: Option<u64>) -> Self {
        Self {
            random: Random::new(seed),
            out: String::new(),
            written: Trace::default(),
            included: None,
            variables: Vec::new(),
            base: 0,
            set: Rc::new(set),
            nested: BTreeMap::new(),
            depth: 0,
            steps: 0,
            deadline: Instant::now() + MAX_TIME,
            parsed: BTreeMap::new(),
            regexes: BTreeMap::new(),
            spare: Vec::new(),
        }
    }

    /// Renders the template called `name`, in which `.` and `$` are `dot`.
    pub fn render(&mut self, name: &str, dot: &Value) -> Result<Rendered> {
        let Some(entry) = self.set.find(name).cloned() else {
            return Err(Error::new(format!("there is no template `{name}`")));
        };
        self.out.clear();
        self.written = Trace::default();
        self.variables.clear();
        self.base = 0;
        self.depth = 0;
        self.run(&entry, dot)?;
        let mut text = std::mem::take(&mut self.out);
        let mut trace = std::mem::take(&mut self.written);
        if text.contains(NO_VALUE) {
            trace.cut(&text, NO_VALUE);
            text = text.replace(NO_VALUE, "");
        }
        Ok(Rendered { text, trace })
    }

    /// Whether another render may differ: the time went into what was rendered, or random values or generated keys
    /// without a seed.
    pub fn is_nondeterministic(&self) -> bool {
        self.random.used()
    }

    /// `include`: the text of a template.
    pub(crate) fn include(&mut self, name: &str, dot: &Value) -> Result<Value> {
        let Some((name, entry)) = self.find(name) else {
            let known = self.set.names();
            let near = plimsoll_diag::nearest(name, known).map(|near| format!("did you mean `{near}`?"));
            let error = Error::new(format!("there is no template `{name}`"));
            return Err(match near {
                Some(help) => error.help(help),
                None => error.help("templates are defined with `{{ define \"name\" }}` in files of this chart or of the charts it depends on"),
            });
        };
        let count = self.nested.entry(Arc::clone(&name)).or_default();
        if *count > MAX_NESTED_INCLUDES {
            return Err(Error::new(format!("template `{name}` includes itself without end")));
        }
        *count += 1;
        let result = self.captured(|vm| vm.run(&entry, dot));
        if let Some(count) = self.nested.get_mut(&name) {
            *count -= 1;
        }
        let (text, trace) = result?;
        let shared: Arc<str> = Arc::from(text.as_str());
        self.give_back(text);
        self.included = Some((Arc::clone(&shared), trace));
        Ok(Value::Str(shared))
    }

    /// `tpl`: renders a text as a template that sees the chart's templates and its own.
    pub(crate) fn tpl(&mut self, text: &Arc<str>, dot: &Value) -> Result<Value> {
        if !text.contains("{{") {
            let value =
                if text.contains(NO_VALUE) { text.replace(NO_VALUE, "").into() } else { Arc::clone(text) };
            return Ok(Value::Str(value));
        }
        let known = self.parsed.get(text).cloned();
        let file = if let Some(file) = known {
            file
        } else {
            let file = parse::parse(Arc::clone(text)).map_err(|error| {
                let line = text[..error.place.start as usize].matches('\n').count() + 1;
                let shown = shorten(text);
                let place = if text.contains('\n') { format!(", line {line}") } else { String::new() };
                let mut new =
                    Error::new(format!("cannot parse the template {shown}{place}: {}", error.message));
                if let Some(help) = &error.help {
                    new = new.help(help.clone());
                }
                new
            })?;
            let file = Rc::new(file);
            self.parsed.insert(Arc::clone(text), Rc::clone(&file));
            file
        };
        let entry = Entry {
            template: Arc::clone(&file.main),
            unit: Unit { text: Arc::clone(&file.text), source: None },
        };
        let outer = Rc::clone(&self.set);
        if !file.defines.is_empty() {
            let mut set = Set { own: BTreeMap::new(), outer: Some(Rc::clone(&outer)) };
            set.add_all(None, &file, None);
            self.set = Rc::new(set);
        }
        let result = self.captured(|vm| vm.run(&entry, dot));
        self.set = outer;
        let (rendered, _) = result.map_err(|error| {
            if error.inner().at.is_some() || error.inner().authored {
                return error;
            }
            let mut error = error;
            // The innermost text is the one to mend.
            if error.inner().message.starts_with(IN_TEXT) {
                return error;
            }
            let message = format!("{IN_TEXT} {}: {}", shorten(text), error.inner().message);
            error.inner_mut().message = message;
            error
        })?;
        let value = if rendered.contains(NO_VALUE) {
            rendered.replace(NO_VALUE, "").into()
        } else {
            Arc::from(rendered.as_str())
        };
        self.give_back(rendered);
        Ok(Value::Str(value))
    }

    /// A pattern in Go's syntax, compiled once.
    pub(crate) fn regex(&mut self, pattern: &str) -> Result<Rc<regex::Regex>> {
        if let Some(regex) = self.regexes.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        // Not copied: each copy of a regular expression searches with tables of its own, and has to make them first.
        let regex = Rc::new(regexes::compile(pattern)?);
        self.regexes.insert(pattern.to_owned(), Rc::clone(&regex));
        Ok(regex)
    }

    fn find(&self, name: &str) -> Option<(Arc<str>, Rc<Entry>)> {
        let mut set = &self.set;
        loop {
            if let Some((name, entry)) = set.own.get_key_value(name) {
                return Some((Arc::clone(name), Rc::clone(entry)));
            }
            set = set.outer.as_ref()?;
        }
    }

    /// Runs `body` with an empty output and returns what it wrote.
    fn captured(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<(String, Trace)> {
        let fresh = self.spare.pop().unwrap_or_default();
        let out = std::mem::replace(&mut self.out, fresh);
        let written = std::mem::take(&mut self.written);
        let result = body(self);
        let text = std::mem::replace(&mut self.out, out);
        let trace = std::mem::replace(&mut self.written, written);
        result.map(|()| (text, trace))
    }

    fn give_back(&mut self, mut buffer: String) {
        // A few buffers of ordinary size are enough: includes nest, but not deeply.
        if self.spare.len() < 32 && buffer.capacity() <= 1 << 20 {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// Runs a template in a frame of its own.
    fn run(&mut self, entry: &Entry, dot: &Value) -> Result<()> {
        let base = std::mem::replace(&mut self.base, self.variables.len());
        self.variables.push(dot.clone());
        self.variables.resize(self.base + entry.template.slots, Value::Invalid);
        let result = self.walk(&entry.unit, &entry.template.body, dot);
        self.variables.truncate(self.base);
        self.base = base;
        result.map(|_| ())
    }

    /// Runs `body` one level deeper.
    fn deeper<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::new("templates nest too deeply: does one include itself without end?"));
        }
        self.depth += 1;
        let result = stacker::maybe_grow(STACK_LEFT, MORE_STACK, || body(self));
        self.depth -= 1;
        result
    }

    fn tick(&mut self) -> Result<()> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(4096) {
            if Instant::now() > self.deadline {
                return Err(Error::new(format!("rendering took longer than {} s", MAX_TIME.as_secs())));
            }
            if self.out.len() > MAX_OUTPUT {
                return Err(Error::new(format!("a template wrote more than {} MiB", MAX_OUTPUT >> 20)));
            }
        }
        Ok(())
    }

    fn walk(&mut self, unit: &Unit, nodes: &[Node], dot: &Value) -> Result<Flow> {
        self.deeper(|vm| vm.nodes(unit, nodes, dot))
    }

    fn nodes(&mut self, unit: &Unit, nodes: &[Node], dot: &Value) -> Result<Flow> {
        for node in nodes {
            match node {
                Node::Text(place) => {
                    self.written.text(self.out.len(), unit.span(*place));
                    self.out.push_str(unit.str(*place));
                }
                Node::Action(action) => self.action(unit, action, dot)?,
                Node::If(branch) => {
                    let value = self.pipe(unit, &branch.pipe, dot)?;
                    let body = if value.truth() { &branch.body } else { &branch.otherwise };
                    let flow = self.walk(unit, body, dot)?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::With(branch) => {
                    let value = self.pipe(unit, &branch.pipe, dot)?;
                    let flow = if value.truth() {
                        self.walk(unit, &branch.body, &value)?
                    } else {
                        self.walk(unit, &branch.otherwise, dot)?
                    };
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => {
                    // Only the `else` of a range can break out of an outer one.
                    let flow = self.range(unit, branch, dot)?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Template { name, pipe, place } => {
                    let dot = match pipe {
                        Some(pipe) => self.pipe(unit, pipe, dot)?,
                        None => Value::Invalid,
                    };
                    let Some((_, entry)) = self.find(name) else {
                        return Err(placed(
                            Error::new(format!("there is no template `{name}`")),
                            unit,
                            *place,
                        ));
                    };
                    self.run(&entry, &dot).map_err(|error| match error.inner().at {
                        Some(_) => through(error, unit, *place, name),
                        None => placed(error, unit, *place),
                    })?;
                }
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
            self.tick()?;
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, unit: &Unit, action: &Action, dot: &Value) -> Result<()> {
        self.included = None;
        let value = self.pipe(unit, &action.pipe, dot)?;
        if !action.pipe.variables.is_empty() {
            return Ok(());
        }
        let start = self.out.len();
        match &value {
            Value::Str(text) => {
                self.out.push_str(text);
                if let (Some(splice), Some((included, trace))) = (action.splice, self.included.take()) {
                    let indent = match splice {
                        Splice::Plain => (0, 0),
                        Splice::Indent(width) => (width as usize, 0),
                        Splice::Nindent(width) => (width as usize, 1),
                    };
                    let span = unit.span(action.place);
                    self.written.splice(start, span, &included, trace, indent);
                    return Ok(());
                }
            }
            Value::Invalid | Value::Nil => self.out.push_str(NO_VALUE),
            Value::Object(object) => self.out.push_str(&object.display()),
            other => {
                other.check_size()?;
                self.out.push_str(&fmt::display(other));
            }
        }
        if self.out.len() > start {
            self.written
                .value(start, Written { span: unit.span(action.place), values: action.values.clone() });
        }
        Ok(())
    }

    fn range(&mut self, unit: &Unit, branch: &Branch, dot: &Value) -> Result<Flow> {
        let value = self.pipe(unit, &branch.pipe, dot)?;
        let slots = &*branch.pipe.variables;
        let (key_slot, item_slot) = match slots {
            [key, item, ..] => (Some(self.base + *key), Some(self.base + *item)),
            [item] => (None, Some(self.base + *item)),
            [] => (None, None),
        };
        let once = |vm: &mut Self, key: Value, item: Value| -> Result<bool> {
            if let Some(slot) = key_slot {
                vm.variables[slot] = key;
            }
            if let Some(slot) = item_slot {
                vm.variables[slot] = item.clone();
            }
            Ok(vm.walk(unit, &branch.body, &item)? != Flow::Break)
        };
        let index = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let mut ran = false;
        if let Some(map) = value.as_map() {
            // The loop may change the map; Go ranges over the keys it had at the start.
            let entries = map.borrow().clone();
            for (key, item) in &entries {
                ran = true;
                if !once(self, Value::Str(Arc::clone(key)), item.clone())? {
                    break;
                }
            }
        } else if let Some(items) = value.as_list() {
            for (number, item) in items.iter().enumerate() {
                ran = true;
                if !once(self, index(number), item.clone())? {
                    break;
                }
            }
        } else {
            match &value {
                Value::Int(count) | Value::Int64(count) => {
                    if key_slot.is_some() {
                        let error =
                            Error::new(format!("can't use {count} to iterate over more than one variable"));
                        return Err(placed(error, unit, branch.pipe.place));
                    }
                    for number in 0..*count {
                        ran = true;
                        let item = match value {
                            Value::Int64(_) => Value::Int64(number),
                            _ => Value::Int(number),
                        };
                        if !once(self, Value::Invalid, item)? {
                            break;
                        }
                    }
                }
                Value::Invalid | Value::Nil => {}
                other => {
                    let mut error =
                        Error::new(format!("range can't iterate over {}", shorten(&fmt::display(other))));
                    if matches!(other, Value::Float(_)) {
                        error = error.help("numbers from values files are floats: use `until (int ...)`");
                    }
                    return Err(placed(error, unit, branch.pipe.place));
                }
            }
        }
        if ran { Ok(Flow::Next) } else { self.walk(unit, &branch.otherwise, dot) }
    }

    fn pipe(&mut self, unit: &Unit, pipe: &Pipe, dot: &Value) -> Result<Value> {
        self.deeper(|vm| vm.commands(unit, pipe, dot))
    }

    fn commands(&mut self, unit: &Unit, pipe: &Pipe, dot: &Value) -> Result<Value> {
        let mut value = None;
        for command in &pipe.commands {
            let result = self.command(unit, command, dot, value)?;
            // What Go does to interfaces at the end of each command: a nil is no value at all from here on.
            value = Some(if matches!(result, Value::Nil) { Value::Invalid } else { result });
        }
        let value = value.unwrap_or_default();
        for slot in &pipe.variables {
            let slot = self.base + slot;
            self.variables[slot] = value.clone();
        }
        Ok(value)
    }

    fn command(
        &mut self,
        unit: &Unit,
        command: &Command,
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value> {
        let head = &command.head;
        match &head.kind {
            Kind::Function(function) => self.call(unit, function, head.place, &command.args, dot, piped),
            Kind::Field(fields) => self.fields(unit, dot.clone(), fields, head, &command.args, dot, piped),
            Kind::Variable(slot, fields) if !fields.is_empty() => {
                let value = self.variables[self.base + slot].clone();
                self.fields(unit, value, fields, head, &command.args, dot, piped)
            }
            Kind::Chain(inner, fields) => {
                let value = self.operand(unit, inner, dot)?;
                self.fields(unit, value, fields, head, &command.args, dot, piped)
            }
            _ if !command.args.is_empty() || piped.is_some() => {
                let text = unit.str(head.place);
                Err(placed(
                    Error::new(format!("can't give argument to non-function {text}")),
                    unit,
                    head.place,
                ))
            }
            Kind::Nil => Err(placed(Error::new("nil is not a command"), unit, head.place)),
            _ => self.operand(unit, head, dot),
        }
    }

    /// The value of an operand without arguments.
    fn operand(&mut self, unit: &Unit, expr: &Expr, dot: &Value) -> Result<Value> {
        Ok(match &expr.kind {
            Kind::Dot => dot.clone(),
            Kind::Nil => Value::Invalid,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Str(text) => Value::Str(Arc::clone(text)),
            Kind::Raw(bytes) => Value::from_bytes(bytes),
            Kind::Field(fields) => return self.fields(unit, dot.clone(), fields, expr, &[], dot, None),
            Kind::Variable(slot, fields) => {
                let value = self.variables[self.base + slot].clone();
                return self.fields(unit, value, fields, expr, &[], dot, None);
            }
            Kind::Undefined(name) => {
                return Err(placed(Error::new(format!("undefined variable `{name}`")), unit, expr.place));
            }
            Kind::Function(function) => return self.call(unit, function, expr.place, &[], dot, None),
            Kind::Pipe(pipe) => return self.pipe(unit, pipe, dot),
            Kind::Chain(inner, fields) => {
                let value = self.operand(unit, inner, dot)?;
                return self.fields(unit, value, fields, expr, &[], dot, None);
            }
        })
    }

    /// Follows a chain of fields; only the last one can take arguments.
    #[expect(clippy::too_many_arguments, reason = "what a step of Go's executor depends on")]
    fn fields(
        &mut self,
        unit: &Unit,
        mut value: Value,
        fields: &Fields,
        expr: &Expr,
        args: &[Expr],
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value> {
        let Some(last) = fields.len().checked_sub(1) else { return Ok(value) };
        let mut piped = piped;
        for (index, name) in fields.iter().enumerate() {
            let (args, piped) = if index == last { (args, piped.take()) } else { (&[][..], None) };
            let has_args = !args.is_empty() || piped.is_some();
            value = match &value {
                Value::Invalid => Value::Invalid,
                Value::Map(map) => {
                    if let Some(method) = values::method(name).filter(|_| map.is_values()) {
                        let map = map.clone();
                        let values = self.arguments(unit, args, dot, piped)?;
                        method(&map, Args(&values)).map_err(|error| placed(error, unit, expr.place))?
                    } else if has_args {
                        let error = Error::new(format!("`{name}` is not a method but has arguments"));
                        return Err(placed(error, unit, expr.place));
                    } else {
                        map.get(name).unwrap_or_else(|| builtin::zero(map.elem()))
                    }
                }
                Value::Object(object) => {
                    let object = Rc::clone(object);
                    let values = self.arguments(unit, args, dot, piped)?;
                    match object.member(name, Args(&values)) {
                        Some(result) => result.map_err(|error| placed(error, unit, expr.place))?,
                        None => match object.underlying() {
                            Some(Value::Map(map)) if !has_args => {
                                map.get(name).unwrap_or_else(|| builtin::zero(map.elem()))
                            }
                            _ => {
                                let kind = object.type_name();
                                let error = Error::new(format!("can't evaluate field {name} in type {kind}"));
                                return Err(placed(error, unit, expr.place));
                            }
                        },
                    }
                }
                Value::Nil => return Err(nil_pointer(unit, expr, fields, index)),
                other => {
                    let error = Error::new(format!(
                        "can't evaluate field {name} in type {}: {} is {}",
                        other.type_name(),
                        path_before(unit, expr, fields, index),
                        shorten(&fmt::display(other)),
                    ));
                    return Err(placed(error, unit, expr.place));
                }
            };
        }
        Ok(value)
    }

    /// The arguments of a method.
    fn arguments(
        &mut self,
        unit: &Unit,
        args: &[Expr],
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(args.len() + 1);
        for arg in args {
            values.push(self.operand(unit, arg, dot)?);
        }
        values.extend(piped);
        Ok(values)
    }

    fn call(
        &mut self,
        unit: &Unit,
        function: &'static Function,
        place: Place,
        args: &[Expr],
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value> {
        let count = args.len() + usize::from(piped.is_some());
        if count < function.min || count > function.max {
            let least = if function.max == usize::MAX { "at least " } else { "" };
            let error = Error::new(format!(
                "wrong number of args for `{}`: want {least}{} got {count}",
                function.name, function.min
            ));
            let error = match function.name {
                "include" if count == 1 => {
                    error.help("say what `.` is to be in the template, too: `include \"name\" .`")
                }
                _ => error,
            };
            return Err(placed(error, unit, place));
        }
        if let Some(stop_at) = function.stops_at {
            let mut value = Value::Invalid;
            for arg in args {
                value = self.operand(unit, arg, dot)?;
                if value.truth() == stop_at {
                    return Ok(value);
                }
            }
            return Ok(piped.unwrap_or(value));
        }
        let mut values = Vec::with_capacity(count);
        for arg in args {
            values.push(self.operand(unit, arg, dot)?);
        }
        values.extend(piped);
        (function.run)(self, Args(&values)).and_then(bounded).map_err(|mut error| {
            let inner = error.inner();
            match function.name {
                "include" if inner.at.is_some() => {
                    let name = values.first().and_then(Value::as_str).unwrap_or_default();
                    return through(error, unit, place, name);
                }
                "include" | "tpl" => {}
                name if inner.at.is_none() && !inner.authored => {
                    let message = format!("`{name}`: {}", inner.message);
                    error.inner_mut().message = message;
                    if inner_missing_help(&error) {
                        let culprit = args.iter().find_map(values_path);
                        if let Some(path) = culprit {
                            error =
                                error.help(format!("set `{path}` in the values, or test it with `if` first"));
                        }
                    }
                }
                _ => {}
            }
            placed(error, unit, place)
        })
    }
}

/// What a template given to `tpl` is said to be in an error.
const IN_TEXT: &str = "in the template";

/// The longest text that a function may make: templates that join texts in a loop double them each time.
pub(crate) const MAX_TEXT: usize = 256 << 20;

fn bounded(value: Value) -> Result<Value> {
    match &value {
        Value::Str(text) if text.len() > MAX_TEXT => Err(Error::new(format!(
            "a text of {} bytes is too long: at most {MAX_TEXT} are made",
            text.len()
        ))),
        _ => Ok(value),
    }
}

fn inner_missing_help(error: &Error) -> bool {
    error.inner().missing && error.inner().help.is_empty()
}

/// The path below `.Values` of an operand that is a plain chain.
fn values_path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Field(fields) | Kind::Variable(0, fields) if &**fields.first()? == "Values" => {
            Some(fields.get(1..)?.join("."))
        }
        _ => None,
    }
}

/// Sets the place of an error that has none, if the text has a file.
fn placed(error: Error, unit: &Unit, place: Place) -> Error {
    match unit.span(place) {
        Some(span) => error.at(span),
        None => error,
    }
}

/// Notes the include that an error came through.
fn through(error: Error, unit: &Unit, place: Place, name: &str) -> Error {
    match unit.span(place) {
        Some(span) => error.through(span, format!("included `{name}`")),
        None => error,
    }
}

/// The part of a chain before field `index`, as written.
fn path_before(unit: &Unit, expr: &Expr, fields: &Fields, index: usize) -> String {
    let whole = unit.str(expr.place);
    let behind: usize = fields[index..].iter().map(|field| field.len() + 1).sum();
    let before = whole.get(..whole.len().saturating_sub(behind)).unwrap_or(whole);
    format!("`{}`", if before.is_empty() { "." } else { before })
}

/// What templates find at the root.
const ROOT: [&str; 7] = ["Capabilities", "Chart", "Files", "Release", "Subcharts", "Template", "Values"];

/// The error for a field of a value that is not there; it names the value and where to set it.
fn nil_pointer(unit: &Unit, expr: &Expr, fields: &Fields, index: usize) -> Error {
    let name = &fields[index];
    let owner = path_before(unit, expr, fields, index);
    let mut error = Error::missing(format!(
        "{owner} is null or not set, so it has no field `{name}` (nil pointer evaluating interface {{}}.{name})"
    ));
    let is_values = matches!(&expr.kind, Kind::Field(_) | Kind::Variable(0, _)) && &*fields[0] == "Values";
    if is_values {
        let path = fields[1..].join(".");
        error = error.help(format!("set `{path}` in the values (a values file, or `--set {path}=...`)"));
    } else {
        error = error.help(match &*fields[0] {
            first if index == 1 && ROOT.contains(&first) => format!(
                "`.` is something else here than the chart's root: use `$.{first}`, or hand the root over where this is included"
            ),
            first => match nearest(first, ROOT).filter(|_| index == 1) {
                Some(near) => format!("did you mean `.{near}`?"),
                None => "put parentheses around the part that may be missing, as in `(.a).b`, or test it with `if`"
                    .to_owned(),
            },
        });
    }
    placed(error, unit, expr.place)
}

/// A text in a message: quoted, on one line, not too long.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST + 1).collect();
    if flat.chars().count() > LONGEST {
        let cut: String = flat.chars().take(LONGEST).collect();
        format!("`{cut}...`")
    } else {
        format!("`{flat}`")
    }
}
