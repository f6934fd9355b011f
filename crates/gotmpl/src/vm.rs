//! Runs templates.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::ast::{Action, Branch, Command, Expr, Fields, File, Kind, Node, Pipe, Place, Splice};
use crate::error::{Error, Result, shorten};
use crate::field_error::{nil_pointer, path_before};
use crate::fmt;
use crate::function::{Function, Host, MAX_TEXT, Run};
use crate::functions::{builtin, regexes};
use crate::parse;
use crate::random::{Random, Seed};
use crate::set::{Definition, Set, SourceText};
use crate::trace::{Trace, Written};
use crate::value::{Args, Value};
use crate::values;
use plimsoll_diag::nearest;

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
    random: Random,
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

impl Host for Vm {
    fn include(&mut self, name: &str, dot: &Value) -> Result<Value> {
        let Some((name, definition)) = self.find(name) else {
            let near = nearest(name, self.set.names());
            return Err(unknown_template(name).help(near.map_or_else(
                || {
                    "templates are defined with `{{ define \"name\" }}` in files of this chart or of the charts it \
                     depends on"
                        .to_owned()
                },
                |near| format!("did you mean `{near}`?"),
            )));
        };
        let count = self.nested.entry(Arc::clone(&name)).or_default();
        if *count > MAX_NESTED_INCLUDES {
            return Err(Error::new(format!("template `{name}` includes itself without end")));
        }
        *count += 1;
        let result = self.captured(|vm| vm.run(&definition, dot));
        if let Some(count) = self.nested.get_mut(&name) {
            *count -= 1;
        }
        let (text, trace) = result?;
        let shared: Arc<str> = Arc::from(text.as_str());
        self.give_back(text);
        self.included = Some((Arc::clone(&shared), trace));
        Ok(Value::Str(shared))
    }

    /// The template sees those of the chart and its own.
    fn tpl(&mut self, template: &Arc<str>, dot: &Value) -> Result<Value> {
        if !template.contains("{{") {
            let is_clean = !template.contains(NO_VALUE);
            let text = if is_clean { Arc::clone(template) } else { template.replace(NO_VALUE, "").into() };
            return Ok(Value::Str(text));
        }
        let file = self.parsed(template)?;
        let outer = Rc::clone(&self.set);
        if !file.defines.is_empty() {
            self.set = Rc::new(Set::with_definitions(Rc::clone(&outer), &file));
        }
        let result = self.captured(|vm| vm.run(&Definition::main_of(&file), dot));
        self.set = outer;
        let (rendered, _) = result.map_err(|error| error.in_text(template))?;
        let text = if rendered.contains(NO_VALUE) {
            rendered.replace(NO_VALUE, "").into()
        } else {
            Arc::from(rendered.as_str())
        };
        self.give_back(rendered);
        Ok(Value::Str(text))
    }

    fn regex(&mut self, pattern: &str) -> Result<Rc<regex::Regex>> {
        if let Some(regex) = self.regexes.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        // Not copied: each copy of a regular expression searches with tables of its own, and has to make them first.
        let regex = Rc::new(regexes::compile(pattern)?);
        self.regexes.insert(pattern.to_owned(), Rc::clone(&regex));
        Ok(regex)
    }

    fn random(&mut self) -> &mut Random {
        &mut self.random
    }
}

fn unknown_template(name: &str) -> Error {
    Error::new(format!("there is no template `{name}`"))
}

/// Whether a loop goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl Vm {
    /// Ready to run the templates of `set` at the time `now`, with random values made from `seed`.
    ///
    /// With a fixed seed templates see the last midnight, UTC, instead of `now`, so that renders of one day are the same.
    pub fn new(set: Set, seed: Seed, now: SystemTime) -> Self {
        Self {
            random: Random::new(seed, now),
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
        let definition = self.find(name).ok_or_else(|| unknown_template(name))?.1;
        self.out.clear();
        self.written = Trace::default();
        self.variables.clear();
        self.base = 0;
        self.depth = 0;
        self.run(&definition, dot)?;
        let mut text = std::mem::take(&mut self.out);
        let mut trace = std::mem::take(&mut self.written);
        if text.contains(NO_VALUE) {
            trace.cut(&text, NO_VALUE);
            text = text.replace(NO_VALUE, "");
        }
        Ok(Rendered { text, trace })
    }

    /// Whether another render may differ: the time, or random values without a fixed seed, went into what was rendered.
    pub fn is_nondeterministic(&self) -> bool {
        self.random.is_used()
    }

    fn find(&self, name: &str) -> Option<(Arc<str>, Rc<Definition>)> {
        self.set.find(name).map(|(name, definition)| (Arc::clone(name), Rc::clone(definition)))
    }

    /// A text given to `tpl`, parsed once.
    fn parsed(&mut self, text: &Arc<str>) -> Result<Rc<File>> {
        if let Some(file) = self.parsed.get(text) {
            return Ok(Rc::clone(file));
        }
        let file = parse::parse(Arc::clone(text)).map_err(|error| {
            let line = text[..error.place.start as usize].matches('\n').count() + 1;
            let place = if text.contains('\n') { format!(", line {line}") } else { String::new() };
            let message = format!("cannot parse the template {}{place}: {}", shorten(text), error.message);
            error.help.iter().fold(Error::new(message), |error, help| error.help(help.clone()))
        })?;
        let file = Rc::new(file);
        self.parsed.insert(Arc::clone(text), Rc::clone(&file));
        Ok(file)
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
    fn run(&mut self, definition: &Definition, dot: &Value) -> Result<()> {
        let base = std::mem::replace(&mut self.base, self.variables.len());
        self.variables.push(dot.clone());
        self.variables.resize(self.base + definition.template.slots, Value::Invalid);
        let result = self.walk(&definition.source, &definition.template.body, dot);
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

    fn walk(&mut self, source: &SourceText, nodes: &[Node], dot: &Value) -> Result<Flow> {
        self.deeper(|vm| vm.nodes(source, nodes, dot))
    }

    fn nodes(&mut self, source: &SourceText, nodes: &[Node], dot: &Value) -> Result<Flow> {
        for node in nodes {
            match node {
                Node::Text(place) => {
                    self.written.text(self.out.len(), source.span(*place));
                    self.out.push_str(source.str(*place));
                }
                Node::Action(action) => self.action(source, action, dot)?,
                Node::If(branch) => {
                    let value = self.pipe(source, &branch.pipe, dot)?;
                    let body = if value.truth() { &branch.body } else { &branch.otherwise };
                    let flow = self.walk(source, body, dot)?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::With(branch) => {
                    let value = self.pipe(source, &branch.pipe, dot)?;
                    let flow = if value.truth() {
                        self.walk(source, &branch.body, &value)?
                    } else {
                        self.walk(source, &branch.otherwise, dot)?
                    };
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => {
                    // Only the `else` of a range can break out of an outer one.
                    let flow = self.range(source, branch, dot)?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Template { name, pipe, place } => {
                    let dot = match pipe {
                        Some(pipe) => self.pipe(source, pipe, dot)?,
                        None => Value::Invalid,
                    };
                    let Some((_, definition)) = self.find(name) else {
                        return Err(source.placed(unknown_template(name), *place));
                    };
                    self.run(&definition, &dot).map_err(|error| match error.inner().at {
                        Some(_) => source.through(error, *place, name),
                        None => source.placed(error, *place),
                    })?;
                }
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
            self.tick()?;
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, source: &SourceText, action: &Action, dot: &Value) -> Result<()> {
        self.included = None;
        let value = self.pipe(source, &action.pipe, dot)?;
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
                    let span = source.span(action.place);
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
                .value(start, Written { span: source.span(action.place), values: action.values.clone() });
        }
        Ok(())
    }

    fn range(&mut self, source: &SourceText, branch: &Branch, dot: &Value) -> Result<Flow> {
        let value = self.pipe(source, &branch.pipe, dot)?;
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
            Ok(vm.walk(source, &branch.body, &item)? != Flow::Break)
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
                        return Err(source.placed(error, branch.pipe.place));
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
                    return Err(source.placed(error, branch.pipe.place));
                }
            }
        }
        if ran { Ok(Flow::Next) } else { self.walk(source, &branch.otherwise, dot) }
    }

    fn pipe(&mut self, source: &SourceText, pipe: &Pipe, dot: &Value) -> Result<Value> {
        self.deeper(|vm| vm.commands(source, pipe, dot))
    }

    fn commands(&mut self, source: &SourceText, pipe: &Pipe, dot: &Value) -> Result<Value> {
        let mut value = None;
        for command in &pipe.commands {
            let result = self.command(source, command, dot, value)?;
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
        source: &SourceText,
        command: &Command,
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value> {
        let head = &command.head;
        match &head.kind {
            Kind::Function(function) => self.call(source, function, head.place, &command.args, dot, piped),
            Kind::Field(fields) => self.fields(source, dot.clone(), fields, head, &command.args, dot, piped),
            Kind::Variable(slot, fields) if !fields.is_empty() => {
                let value = self.variables[self.base + slot].clone();
                self.fields(source, value, fields, head, &command.args, dot, piped)
            }
            Kind::Chain(inner, fields) => {
                let value = self.operand(source, inner, dot)?;
                self.fields(source, value, fields, head, &command.args, dot, piped)
            }
            _ if !command.args.is_empty() || piped.is_some() => {
                let text = source.str(head.place);
                Err(source
                    .placed(Error::new(format!("can't give argument to non-function {text}")), head.place))
            }
            Kind::Nil => Err(source.placed(Error::new("nil is not a command"), head.place)),
            _ => self.operand(source, head, dot),
        }
    }

    /// The value of an operand without arguments.
    fn operand(&mut self, source: &SourceText, expr: &Expr, dot: &Value) -> Result<Value> {
        Ok(match &expr.kind {
            Kind::Dot => dot.clone(),
            Kind::Nil => Value::Invalid,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Str(text) => Value::Str(Arc::clone(text)),
            Kind::Raw(bytes) => Value::from_bytes(bytes),
            Kind::Field(fields) => return self.fields(source, dot.clone(), fields, expr, &[], dot, None),
            Kind::Variable(slot, fields) => {
                let value = self.variables[self.base + slot].clone();
                return self.fields(source, value, fields, expr, &[], dot, None);
            }
            Kind::Undefined(name) => {
                return Err(source.placed(Error::new(format!("undefined variable `{name}`")), expr.place));
            }
            Kind::Function(function) => return self.call(source, function, expr.place, &[], dot, None),
            Kind::Pipe(pipe) => return self.pipe(source, pipe, dot),
            Kind::Chain(inner, fields) => {
                let value = self.operand(source, inner, dot)?;
                return self.fields(source, value, fields, expr, &[], dot, None);
            }
        })
    }

    /// Follows a chain of fields; only the last one can take arguments.
    #[expect(clippy::too_many_arguments, reason = "what a step of Go's executor depends on")]
    fn fields(
        &mut self,
        source: &SourceText,
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
                        let values = self.arguments(source, args, dot, piped)?;
                        method(&map, Args(&values)).map_err(|error| source.placed(error, expr.place))?
                    } else if has_args {
                        let error = Error::new(format!("`{name}` is not a method but has arguments"));
                        return Err(source.placed(error, expr.place));
                    } else {
                        map.get(name).unwrap_or_else(|| builtin::zero(map.elem()))
                    }
                }
                Value::Object(object) => {
                    let object = Rc::clone(object);
                    let values = self.arguments(source, args, dot, piped)?;
                    match object.member(name, Args(&values)) {
                        Some(result) => result.map_err(|error| source.placed(error, expr.place))?,
                        None => match object.underlying() {
                            Some(Value::Map(map)) if !has_args => {
                                map.get(name).unwrap_or_else(|| builtin::zero(map.elem()))
                            }
                            _ => {
                                let kind = object.type_name();
                                let error = Error::new(format!("can't evaluate field {name} in type {kind}"));
                                return Err(source.placed(error, expr.place));
                            }
                        },
                    }
                }
                Value::Nil => return Err(nil_pointer(source, expr, fields, index)),
                other => {
                    let error = Error::new(format!(
                        "can't evaluate field {name} in type {}: {} is {}",
                        other.type_name(),
                        path_before(source, expr, fields, index),
                        shorten(&fmt::display(other)),
                    ));
                    return Err(source.placed(error, expr.place));
                }
            };
        }
        Ok(value)
    }

    /// The arguments of a method.
    fn arguments(
        &mut self,
        source: &SourceText,
        args: &[Expr],
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(args.len() + 1);
        for arg in args {
            values.push(self.operand(source, arg, dot)?);
        }
        values.extend(piped);
        Ok(values)
    }

    fn call(
        &mut self,
        source: &SourceText,
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
            return Err(source.placed(error, place));
        }
        if let Some(stop_at) = function.stops_at {
            let mut value = Value::Invalid;
            for arg in args {
                value = self.operand(source, arg, dot)?;
                if value.truth() == stop_at {
                    return Ok(value);
                }
            }
            return Ok(piped.unwrap_or(value));
        }
        let mut values = Vec::with_capacity(count);
        for arg in args {
            values.push(self.operand(source, arg, dot)?);
        }
        values.extend(piped);
        let result = match function.run {
            Run::Pure(run) => run(Args(&values)),
            Run::Hosted(run) => run(self, Args(&values)),
        };
        result.and_then(bounded).map_err(|mut error| {
            let inner = error.inner();
            match function.name {
                "include" if inner.at.is_some() => {
                    let name = values.first().and_then(Value::as_str).unwrap_or_default();
                    return source.through(error, place, name);
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
            source.placed(error, place)
        })
    }
}

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
