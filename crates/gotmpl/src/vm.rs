//! Runs templates.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use crate::ast::{Action, Branch, Command, Expr, Fields, File, Kind, Node, Pipe, Place, Splice};
use crate::constants::Constants;
use crate::coverage::{Mark, Outcome, Reached};
use crate::error::{Error, Result, shorten};
use crate::field_error::{nil_pointer, path_before};
use crate::fmt;
use crate::function::{Function, Host, MAX_TEXT, OriginRule, Run};
use crate::functions::{builtin, regexes};
use crate::joined;
use crate::lookup::{Cluster, Lookup};
use crate::origin::Origin;
use crate::parse;
use crate::random::{Random, Seed};
use crate::set::{NamedTemplate, Set, SourceText};
use crate::text::Buffer;
use crate::trace::{Trace, Written};
use crate::value::{Args, Entries, Map, Traced, Value};
use crate::values;
use crate::work;
use plimsoll_diag::{Span, nearest};

/// How often one template may be included inside itself: Helm's limit.
const MAX_NESTED_INCLUDES: usize = 1000;

/// How deep pipelines, blocks and templates may nest at run time. This bounds the stack.
const MAX_DEPTH: usize = 30_000;

/// How much stack must be left for one more level of [`MAX_DEPTH`] and for the functions called there.
const STACK_LEFT: usize = 4 << 20;

/// How much stack is added at a time.
const MORE_STACK: usize = 64 << 20;

/// The work of a step of a template.
const STEP: usize = 10;

/// How much text a render may produce in one buffer.
const MAX_OUTPUT: usize = 256 << 20;

/// What Go prints for a missing value. Helm deletes it from the output, even if it was written literally.
const NO_VALUE: &str = "<no value>";

/// Runs the templates of a [`Set`]: the state of one render, which functions draw from, too.
pub struct Vm {
    random: Random,
    /// What `lookup` asks; without it nothing is found.
    cluster: Option<Box<dyn Cluster>>,
    /// What `lookup` was called with.
    lookups: BTreeSet<Lookup>,
    /// The text written so far by the template that is running.
    out: Buffer,
    /// Where that text came from.
    written: Trace,
    /// The text and the origin of the last `include`, until its action has written it.
    included: Option<(Arc<str>, Trace)>,
    /// Where the text of the last `include` or `tpl` came from.
    rendered: Origin,
    /// The variables of all running templates; those of the current one start at `base`.
    variables: Vec<Traced>,
    base: usize,
    /// The templates that can be included.
    set: Rc<Set>,
    /// How often each template is being included right now.
    nested: BTreeMap<Arc<str>, usize>,
    depth: usize,
    work: work::Budget,
    joined: joined::Sets,
    /// Texts given to `tpl`, parsed.
    parsed: BTreeMap<Arc<str>, Rc<File>>,
    /// Regular expressions, compiled.
    regexes: BTreeMap<String, Rc<regex::Regex>>,
    /// Buffers to use again.
    spare: Vec<Buffer>,
    /// Whether `required` and `fail` return nothing instead of failing.
    tolerates_failures: bool,
    /// What was reached so far, if that is recorded.
    reached: Option<Reached>,
}

/// What a template rendered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Where it came from.
    pub trace: Trace,
    /// What wrote the first bytes that are not UTF-8: the text has replacement characters instead.
    pub not_utf8: Option<Span>,
}

impl Host for Vm {
    fn include(&mut self, name: &str, dot: &Traced) -> Result<Value> {
        let Some((name, template)) = self.find(name) else {
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
        let result = self.captured(|vm| vm.run(&template, dot));
        if let Some(count) = self.nested.get_mut(&name) {
            *count -= 1;
        }
        let (text, trace) = result?;
        self.rendered = trace.origin();
        let value = Value::from_bytes(text.as_bytes());
        self.give_back(text);
        self.included = match &value {
            Value::Str(shared) => Some((Arc::clone(shared), trace)),
            _ => None,
        };
        Ok(value)
    }

    /// The template sees those of the chart and its own.
    fn tpl(&mut self, args: Args<'_>, dot: &Traced) -> Result<Value> {
        let written = args.bytes(0)?;
        if memchr::memmem::find(written, b"{{").is_none() {
            self.rendered = Origin::Unknown;
            return Ok(match without_no_value(written) {
                Cow::Borrowed(_) => args.any(0).clone(),
                Cow::Owned(text) => Value::from_bytes(&text),
            });
        }
        let template = &args.arc_str(0)?;
        let file = self.parsed(template)?;
        let outer = Rc::clone(&self.set);
        if !file.defines.is_empty() {
            self.set = Rc::new(Set::with_definitions(Rc::clone(&outer), &file));
        }
        let result = self.captured(|vm| vm.run(&NamedTemplate::main_of(&file), dot));
        self.set = outer;
        let (rendered, trace) = result.map_err(|error| error.in_text(template))?;
        self.rendered = trace.origin();
        let value = Value::from_bytes(&without_no_value(rendered.as_bytes()));
        self.give_back(rendered);
        Ok(value)
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

    fn lookup(&mut self, lookup: Lookup) -> Value {
        let answer = self.cluster.as_ref().map(|cluster| cluster.answer(&lookup));
        self.lookups.insert(lookup);
        answer.unwrap_or_else(|| Value::map(Entries::default()))
    }

    fn tolerates_failures(&self) -> bool {
        self.tolerates_failures
    }
}

fn unknown_template(name: &str) -> Error {
    let in_go =
        format!("error calling include: template: no template \"{name}\" associated with template \"gotpl\"");
    Error::new(format!("there is no template `{name}`")).in_go(in_go).about_argument(0)
}

fn undefined(source: &SourceText, name: &str, place: Place) -> Error {
    source.placed(Error::new(format!("undefined variable `{name}`")), place)
}

/// A text without what Go prints for a missing value.
fn without_no_value(text: &[u8]) -> Cow<'_, [u8]> {
    let mut found = memchr::memmem::find_iter(text, NO_VALUE).peekable();
    if found.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut copied) = (Vec::with_capacity(text.len()), 0);
    for start in found {
        out.extend_from_slice(&text[copied..start]);
        copied = start + NO_VALUE.len();
    }
    out.extend_from_slice(&text[copied..]);
    Cow::Owned(out)
}

/// What a template is evaluated with, besides its variables.
#[derive(Clone, Copy)]
struct Frame<'a> {
    source: &'a SourceText,
    dot: &'a Traced,
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
            cluster: None,
            lookups: BTreeSet::new(),
            out: Buffer::default(),
            written: Trace::default(),
            included: None,
            rendered: Origin::Unknown,
            variables: Vec::new(),
            base: 0,
            set: Rc::new(set),
            nested: BTreeMap::new(),
            depth: 0,
            work: work::Budget::new(),
            joined: joined::Sets::default(),
            parsed: BTreeMap::new(),
            regexes: BTreeMap::new(),
            spare: Vec::new(),
            tolerates_failures: false,
            reached: None,
        }
    }

    /// The same, in which `required` and `fail` return an empty string instead of failing, as in `helm lint`.
    #[must_use]
    pub fn tolerating_failures(self) -> Self {
        Self { tolerates_failures: true, ..self }
    }

    /// The same, with a cluster that `lookup` asks. Without one `lookup` finds nothing, as in `helm template`.
    #[must_use]
    pub fn with_cluster(self, cluster: Box<dyn Cluster>) -> Self {
        Self { cluster: Some(cluster), ..self }
    }

    /// The same, which records what renders reach.
    #[must_use]
    pub fn recording(self) -> Self {
        Self { reached: Some(Reached::default()), ..self }
    }

    /// What renders reached, those that failed included; nothing unless that is recorded.
    pub fn take_reached(&mut self) -> Reached {
        self.reached.take().unwrap_or_default()
    }

    /// Renders the template called `name`, in which `.` and `$` are `dot`.
    pub fn render(&mut self, name: &str, dot: &Value) -> Result<Rendered> {
        let template = self.find(name).ok_or_else(|| unknown_template(name))?.1;
        self.out.clear();
        self.written = Trace::default();
        self.variables.clear();
        self.base = 0;
        self.depth = 0;
        let mut work = std::mem::replace(&mut self.work, work::Budget::new());
        let mut joined = std::mem::take(&mut self.joined);
        let result = joined.run(|| {
            work.run(|| self.run(&template, &dot.clone().into()))?;
            self.written.resolve();
            Ok(())
        });
        self.work = work;
        self.joined = joined;
        result?;
        let mut text = std::mem::take(&mut self.out).into_bytes();
        let mut trace = std::mem::take(&mut self.written);
        if let Cow::Owned(without) = without_no_value(&text) {
            trace.cut(&text, NO_VALUE);
            text = without;
        }
        Ok(match String::from_utf8(text) {
            Ok(text) => Rendered { text, trace, not_utf8: None },
            Err(error) => {
                let not_utf8 = trace.span_at(error.utf8_error().valid_up_to()).unwrap_or(Span::NONE);
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Rendered { text, trace, not_utf8: Some(not_utf8) }
            }
        })
    }

    /// Whether another render may differ: the time, or random values without a fixed seed, went into what was rendered.
    pub fn is_nondeterministic(&self) -> bool {
        self.random.is_nondeterministic()
    }

    /// Whether random values were generated, with a fixed seed or without.
    pub fn uses_random_values(&self) -> bool {
        self.random.is_drawn()
    }

    /// What `lookup` was called with so far.
    pub fn lookups(&self) -> &BTreeSet<Lookup> {
        &self.lookups
    }

    fn find(&self, name: &str) -> Option<(Arc<str>, Rc<NamedTemplate>)> {
        self.set.find(name).map(|(name, template)| (Arc::clone(name), Rc::clone(template)))
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
    fn captured(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<(Buffer, Trace)> {
        let fresh = self.spare.pop().unwrap_or_default();
        let out = std::mem::replace(&mut self.out, fresh);
        let written = std::mem::take(&mut self.written);
        let result = body(self);
        let text = std::mem::replace(&mut self.out, out);
        let trace = std::mem::replace(&mut self.written, written);
        result.map(|()| (text, trace))
    }

    fn give_back(&mut self, mut buffer: Buffer) {
        // A few buffers of ordinary size are enough: includes nest, but not deeply.
        if self.spare.len() < 32 && buffer.capacity() <= 1 << 20 {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// Runs a template with variables of its own.
    fn run(&mut self, template: &NamedTemplate, dot: &Traced) -> Result<()> {
        let base = std::mem::replace(&mut self.base, self.variables.len());
        self.variables.push(dot.clone());
        self.variables.resize(self.base + template.template.slots, Traced::default());
        let frame = Frame { source: &template.source, dot };
        let result = self.walk(frame, &template.template.body);
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

    /// Counts a step, and what has been written.
    fn tick(&self) -> Result<()> {
        work::spend(STEP)?;
        if self.out.len() > MAX_OUTPUT {
            return Err(Error::new(format!("a template wrote more than {} MiB", MAX_OUTPUT >> 20)));
        }
        Ok(())
    }

    /// Records what was reached of the node at `place`. The texts given to `tpl` are not part of a template.
    fn note(&mut self, source: &SourceText, place: Place, mark: Mark) {
        if let Some(reached) = &mut self.reached
            && let Some(id) = source.id()
        {
            reached.note(id, mark.key(place));
        }
    }

    /// Records which body of a block is run.
    fn note_branch(&mut self, source: &SourceText, branch: &Branch, has_body: bool) {
        let outcome = if has_body { Outcome::Body } else { Outcome::Otherwise };
        self.note(source, branch.tag, Mark::Came(outcome));
    }

    fn walk(&mut self, frame: Frame<'_>, nodes: &[Node]) -> Result<Flow> {
        self.deeper(|vm| vm.nodes(frame, nodes))
    }

    fn nodes(&mut self, frame: Frame<'_>, nodes: &[Node]) -> Result<Flow> {
        let Frame { source, .. } = frame;
        for node in nodes {
            if self.reached.is_some() {
                self.note(source, node.tag(), Mark::Begun);
            }
            let flow = match node {
                Node::Text(place) => {
                    self.written.text(self.out.len(), source.span(*place));
                    self.out.push_str(source.str(*place));
                    Flow::Next
                }
                Node::Action(action) => {
                    self.action(frame, action)?;
                    Flow::Next
                }
                Node::If(branch) => {
                    let condition = self.pipe(frame, &branch.pipe)?.value.truth();
                    self.note_branch(source, branch, condition);
                    self.walk(frame, if condition { &branch.body } else { &branch.otherwise })?
                }
                Node::With(branch) => {
                    let dot = self.pipe(frame, &branch.pipe)?;
                    let condition = dot.value.truth();
                    self.note_branch(source, branch, condition);
                    if condition {
                        self.walk(Frame { source, dot: &dot }, &branch.body)?
                    } else {
                        self.walk(frame, &branch.otherwise)?
                    }
                }
                // Only the `else` of a range can break out of an outer one.
                Node::Range(branch) => self.range(frame, branch)?,
                Node::Template { name, pipe, place } => {
                    let dot =
                        pipe.as_ref().map(|pipe| self.pipe(frame, pipe)).transpose()?.unwrap_or_default();
                    let Some((_, template)) = self.find(name) else {
                        return Err(source.placed(unknown_template(name), *place));
                    };
                    self.run(&template, &dot).map_err(|error| match error.inner().place {
                        Some(_) => source.through(error, *place, name),
                        None => source.placed(error, *place),
                    })?;
                    Flow::Next
                }
                Node::Break(_) => Flow::Break,
                Node::Continue(_) => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
            self.tick().map_err(|error| match node.place() {
                Some(place) => source.placed(error, place),
                None => error,
            })?;
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, frame: Frame<'_>, action: &Action) -> Result<()> {
        self.included = None;
        let Traced { value, origin } = self.pipe(frame, &action.pipe)?;
        if !action.pipe.variables.is_empty() {
            return Ok(());
        }
        let start = self.out.len();
        let span = frame.source.span(action.place);
        match &value {
            Value::Str(text) => {
                self.out.push_str(text);
                if let (Some(splice), Some((included, trace))) = (action.splice, self.included.take()) {
                    let indent = match splice {
                        Splice::Plain => (0, 0),
                        Splice::Indent(width) => (width as usize, 0),
                        Splice::Nindent(width) => (width as usize, 1),
                    };
                    self.written.splice(start, span, included.as_bytes(), trace, indent);
                    return Ok(());
                }
            }
            Value::Invalid | Value::Nil => self.out.push_str(NO_VALUE),
            Value::Object(object) => self.out.push_str(&object.display()),
            other => {
                other.check_size()?;
                self.out.push_bytes(&fmt::print(other));
            }
        }
        if self.out.len() > start {
            self.written.value(start, Written { span, origin });
        }
        Ok(())
    }

    fn range(&mut self, frame: Frame<'_>, branch: &Branch) -> Result<Flow> {
        let Traced { value, origin } = self.pipe(frame, &branch.pipe)?;
        let slots = &*branch.pipe.variables;
        let (key_slot, item_slot) = match slots {
            [key, item, ..] => (Some(self.base + *key), Some(self.base + *item)),
            [item] => (None, Some(self.base + *item)),
            [] => (None, None),
        };
        let once = |vm: &mut Self, key: Traced, item: Traced| -> Result<bool> {
            if let Some(slot) = key_slot {
                vm.variables[slot] = key;
            }
            if let Some(slot) = item_slot {
                vm.variables[slot] = item.clone();
            }
            vm.tick().map_err(|error| frame.source.placed(error, branch.pipe.place))?;
            vm.note_branch(frame.source, branch, true);
            Ok(vm.walk(Frame { dot: &item, ..frame }, &branch.body)? != Flow::Break)
        };
        let index = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let mut ran = false;
        if let Some(map) = value.as_map() {
            // The loop may change the map; Go ranges over the keys it had at the start.
            let entries = map.borrow().clone();
            for (key, item) in entries.iter_traced() {
                ran = true;
                let item = Traced { origin: Origin::of_part(origin, item.origin), ..item };
                let key = Traced { value: Value::Str(Arc::clone(key)), origin: item.origin.made() };
                if !once(self, key, item)? {
                    break;
                }
            }
        } else if let Some(items) = value.as_list() {
            for (number, item) in items.iter().enumerate() {
                ran = true;
                let item = Traced { value: item.clone(), origin: value.origin_of_item(origin, number) };
                if !once(self, index(number).into(), item)? {
                    break;
                }
            }
        } else {
            match &value {
                Value::Int(_) | Value::Int64(_) | Value::Uint(_) | Value::Byte(_) => {
                    let count = value.as_integer().unwrap_or(i64::MAX);
                    if key_slot.is_some() {
                        let error =
                            Error::new(format!("can't use {count} to iterate over more than one variable"));
                        return Err(frame.source.placed(error, branch.pipe.place));
                    }
                    for number in 0..count {
                        ran = true;
                        let item = match value {
                            Value::Int64(_) => Value::Int64(number),
                            Value::Uint(_) => Value::Uint(number.unsigned_abs()),
                            Value::Byte(_) => Value::Byte(u8::try_from(number).unwrap_or(u8::MAX)),
                            _ => Value::Int(number),
                        };
                        if !once(self, Traced::default(), Traced { value: item, origin: origin.made() })? {
                            break;
                        }
                    }
                }
                Value::Invalid | Value::Nil => {}
                other => {
                    let mut error =
                        Error::new(format!("range can't iterate over {}", shorten(&other.to_string())));
                    if matches!(other, Value::Float(_)) {
                        error = error.help("numbers from values files are floats: use `until (int ...)`");
                    }
                    return Err(frame.source.placed(error, branch.pipe.place));
                }
            }
        }
        if ran {
            return Ok(Flow::Next);
        }
        self.note_branch(frame.source, branch, false);
        self.walk(frame, &branch.otherwise)
    }

    fn pipe(&mut self, frame: Frame<'_>, pipe: &Pipe) -> Result<Traced> {
        self.deeper(|vm| vm.commands(frame, pipe))
    }

    fn commands(&mut self, frame: Frame<'_>, pipe: &Pipe) -> Result<Traced> {
        let mut piped: Option<Traced> = None;
        for command in &pipe.commands {
            let mut result = self.command(frame, command, piped)?;
            // What Go does to interfaces at the end of each command: a nil is no value at all from here on.
            if matches!(result.value, Value::Nil) {
                result.value = Value::Invalid;
            }
            piped = Some(result);
        }
        let result = piped.unwrap_or_default();
        if let Some(place) = pipe.undefined {
            return Err(undefined(frame.source, frame.source.str(place), place));
        }
        for slot in &pipe.variables {
            let slot = self.base + slot;
            self.variables[slot] = result.clone();
        }
        Ok(result)
    }

    fn command(&mut self, frame: Frame<'_>, command: &Command, piped: Option<Traced>) -> Result<Traced> {
        let Command { head, args } = command;
        let Frame { source, dot } = frame;
        match &head.kind {
            Kind::Function(function) => self.call(frame, function, head.place, args, piped),
            Kind::Field(fields) => self.fields(frame, dot.clone(), fields, head, args, piped),
            Kind::Variable(slot, fields) if !fields.is_empty() => {
                let start = self.variables[self.base + slot].clone();
                self.fields(frame, start, fields, head, args, piped)
            }
            Kind::Chain(inner, fields) => {
                let start = self.operand(frame, inner)?;
                self.fields(frame, start, fields, head, args, piped)
            }
            _ if !args.is_empty() || piped.is_some() => {
                let text = source.str(head.place);
                let error = Error::new(format!("can't give argument to non-function {text}"));
                Err(source.placed(error, head.place))
            }
            Kind::Nil => Err(source.placed(Error::new("nil is not a command"), head.place)),
            _ => self.operand(frame, head),
        }
    }

    /// The value of an operand without arguments.
    fn operand(&mut self, frame: Frame<'_>, expr: &Expr) -> Result<Traced> {
        let literal = match &expr.kind {
            Kind::Dot => return Ok(frame.dot.clone()),
            Kind::Nil => Value::Invalid,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Str(text) => Value::Str(Arc::clone(text)),
            Kind::Raw(bytes) => Value::from_bytes(bytes),
            Kind::Field(fields) => return self.fields(frame, frame.dot.clone(), fields, expr, &[], None),
            Kind::Variable(slot, fields) => {
                let start = self.variables[self.base + slot].clone();
                return self.fields(frame, start, fields, expr, &[], None);
            }
            Kind::Undefined(name) => {
                return Err(undefined(frame.source, name, expr.place));
            }
            Kind::Function(function) => return self.call(frame, function, expr.place, &[], None),
            Kind::Pipe(pipe) => return self.pipe(frame, pipe),
            Kind::Chain(inner, fields) => {
                let start = self.operand(frame, inner)?;
                return self.fields(frame, start, fields, expr, &[], None);
            }
        };
        Ok(literal.into())
    }

    /// Follows a chain of fields from `start`; only the last one can take arguments.
    fn fields(
        &mut self,
        frame: Frame<'_>,
        start: Traced,
        fields: &Fields,
        expr: &Expr,
        args: &[Expr],
        mut piped: Option<Traced>,
    ) -> Result<Traced> {
        let Frame { source, .. } = frame;
        let Some(last) = fields.len().checked_sub(1) else { return Ok(start) };
        let mut current = start;
        for (index, name) in fields.iter().enumerate() {
            let (args, piped) = if index == last { (args, piped.take()) } else { (&[][..], None) };
            let has_args = !args.is_empty() || piped.is_some();
            current = match &current.value {
                Value::Invalid => Traced::default(),
                Value::Map(map) => {
                    if let Some(method) = values::method(name).filter(|_| map.is_values()) {
                        let map = map.clone();
                        let args = self.arguments(frame, args, piped)?;
                        method(&map, args.as_args()).map_err(|error| source.placed(error, expr.place))?
                    } else if has_args {
                        let error = Error::new(format!("`{name}` is not a method but has arguments"));
                        return Err(source.placed(error, expr.place));
                    } else {
                        field(map, name, current.origin)
                    }
                }
                Value::Object(object) => {
                    let object = Rc::clone(object);
                    let args = self.arguments(frame, args, piped)?;
                    match object.member(name, args.as_args()) {
                        Some(result) => result.map_err(|error| source.placed(error, expr.place))?.into(),
                        None => match object.underlying() {
                            Some(Value::Map(map)) if !has_args => field(&map, name, Origin::Unknown),
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
                        shorten(&other.to_string()),
                    ));
                    return Err(source.placed(error, expr.place));
                }
            };
        }
        Ok(current)
    }

    /// The arguments of a call.
    fn arguments(&mut self, frame: Frame<'_>, args: &[Expr], piped: Option<Traced>) -> Result<Arguments> {
        let mut arguments = Arguments::with_capacity(args.len() + 1);
        for (index, arg) in args.iter().enumerate() {
            if matches!(arg.kind, Kind::Int(_) | Kind::Float(_)) {
                arguments.constants.add(index);
            }
            arguments.push(self.operand(frame, arg)?);
        }
        if let Some(piped) = piped {
            arguments.push(piped);
        }
        Ok(arguments)
    }

    fn call(
        &mut self,
        frame: Frame<'_>,
        function: &'static Function,
        place: Place,
        args: &[Expr],
        piped: Option<Traced>,
    ) -> Result<Traced> {
        let Frame { source, .. } = frame;
        let count = args.len() + usize::from(piped.is_some());
        if count < function.min || count > function.max {
            return Err(source.placed(wrong_count(function, count), place));
        }
        if let Some(stop_at) = function.stops_at {
            return self.first_with_truth(stop_at, frame, args, piped);
        }
        let arguments = self.arguments(frame, args, piped)?;
        let values = arguments.as_args();
        let result = work::spend(function.work).and_then(|()| match function.run {
            Run::Pure(run) => run(values),
            Run::Hosted(run) => run(self, values),
        });
        let counted = |value| {
            work::spend(values.values.iter().chain([&value]).map(Value::text_work).sum())?;
            bounded(value)
        };
        let value = result.and_then(counted).map_err(|mut error| {
            let inner = error.inner();
            match function.name {
                "include" if inner.place.is_some() => {
                    let name = values.any(0).as_str().unwrap_or_default();
                    return source.through(error, place, name).called_at(source.span(place));
                }
                "include" | "tpl" => {}
                name if inner.place.is_none() && !inner.authored => {
                    let message = format!("`{name}`: {}", inner.message);
                    let in_go = format!("error calling {name}: {}", error.go_message());
                    error = error.in_go(in_go);
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
            // What was piped in is not among the arguments as they are written.
            let culprit = error.argument().and_then(|index| args.get(index));
            source
                .placed(error, culprit.map_or(place, |argument| argument.place))
                .called_at(source.span(place))
        })?;
        let origin = match function.origin {
            OriginRule::AllArguments => values.all_origins(),
            OriginRule::Computed(rule) => rule(values),
            OriginRule::Included => values.origin(0).with(self.rendered),
            OriginRule::Template => values.origin(0).as_template_of(self.rendered),
        };
        Ok(Traced { value, origin })
    }

    /// `and` and `or`: the first argument with the truth `stop_at`, else the last one. Those after it are not evaluated.
    fn first_with_truth(
        &mut self,
        stop_at: bool,
        frame: Frame<'_>,
        args: &[Expr],
        piped: Option<Traced>,
    ) -> Result<Traced> {
        let mut evaluated = Origin::Unknown;
        let mut last = Traced::default();
        for arg in args {
            last = self.operand(frame, arg)?;
            if last.value.truth() == stop_at {
                break;
            }
            evaluated = evaluated.with(last.origin);
        }
        if let Some(piped) = piped
            && (args.is_empty() || last.value.truth() != stop_at)
        {
            last = piped;
        }
        // What was not set is the result because of those before it.
        if last.origin == Origin::Unknown {
            last.origin = evaluated;
        }
        Ok(last)
    }
}

/// The arguments of a call, evaluated.
struct Arguments {
    values: Vec<Value>,
    /// Empty until the origin of one is known.
    origins: Vec<Origin>,
    constants: Constants,
}

impl Arguments {
    fn with_capacity(capacity: usize) -> Self {
        Self { values: Vec::with_capacity(capacity), origins: Vec::new(), constants: Constants::default() }
    }

    fn push(&mut self, Traced { value, origin }: Traced) {
        if origin != Origin::Unknown {
            self.origins.resize(self.values.len(), Origin::Unknown);
            self.origins.push(origin);
        }
        self.values.push(value);
    }

    fn as_args(&self) -> Args<'_> {
        Args { values: &self.values, origins: &self.origins, constants: self.constants }
    }
}

/// A field of a map of that origin, as Go reads it: the zero value if there is none.
fn field(map: &Map, name: &str, origin: Origin) -> Traced {
    match map.get_traced(name) {
        Some(field) => Traced { origin: Origin::of_part(origin, field.origin), ..field },
        None => builtin::zero(map.elem()).into(),
    }
}

fn wrong_count(function: &Function, count: usize) -> Error {
    let least = if function.max == usize::MAX { "at least " } else { "" };
    let error = Error::new(format!(
        "wrong number of args for `{}`: want {least}{} got {count}",
        function.name, function.min
    ));
    match function.name {
        "include" if count == 1 => error.help("pass what `.` is in the template, too: `include \"name\" .`"),
        _ => error,
    }
}

fn bounded(value: Value) -> Result<Value> {
    match value.as_string().map(<[u8]>::len) {
        Some(length) if length > MAX_TEXT => {
            Err(Error::new(format!("a text of {length} bytes is too long: at most {MAX_TEXT} are allowed")))
        }
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
