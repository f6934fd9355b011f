//! What a function of the template language is, and what it may ask of the render that calls it.
//!
//! Most functions depend on their arguments alone. The others get a [`Host`].

use std::rc::Rc;

use crate::error::Result;
use crate::lookup::Lookup;
use crate::origin::Origin;
use crate::random::Random;
use crate::value::{Args, Traced, Value};

/// The longest text that a function may make: templates that join texts in a loop double them each time.
pub(crate) const MAX_TEXT: usize = 256 << 20;

/// The render that calls a function.
pub(crate) trait Host {
    /// `include`: the text of the template called `name`, in which `.` is `dot`.
    fn include(&mut self, name: &str, dot: &Traced) -> Result<Value>;

    /// `tpl`: the text that the template in argument 0 renders to, in which `.` is `dot`.
    fn tpl(&mut self, args: Args<'_>, dot: &Traced) -> Result<Value>;

    /// A regular expression in Go's syntax, compiled once per render.
    fn regex(&mut self, pattern: &str) -> Result<Rc<regex::Regex>>;

    /// The one source of random values and of the time.
    fn random(&mut self) -> &mut Random;

    /// `lookup`: what the cluster answers.
    fn lookup(&mut self, lookup: Lookup) -> Value;

    /// Whether `required` and `fail` return an empty string instead of failing.
    fn tolerates_failures(&self) -> bool;
}

/// The code of a function. A piped value is the last argument.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Depends on the arguments alone.
    Pure(fn(Args<'_>) -> Result<Value>),
    /// Asks the render that calls it.
    Hosted(fn(&mut dyn Host, Args<'_>) -> Result<Value>),
}

/// How the origin of a function's result follows from its arguments.
#[derive(Clone, Copy)]
pub(crate) enum OriginRule {
    /// The result is made from all arguments.
    AllArguments,
    /// The function knows more: which argument or which part of one it returns.
    Computed(fn(Args<'_>) -> Origin),
    /// `include`: the result is made from the name of the template and from what that printed.
    Included,
    /// `tpl`: the result is made from argument 0, or else from what that printed.
    Template,
}

/// One function by name.
pub(crate) struct Function {
    /// The name in templates.
    pub(crate) name: &'static str,
    /// The fewest arguments, a piped one included.
    pub(crate) min: usize,
    /// The most arguments; `usize::MAX` for variadic functions.
    pub(crate) max: usize,
    /// The code.
    pub(crate) run: Run,
    /// Where its result comes from.
    pub(crate) origin: OriginRule,
    /// The work of a call, besides going through its arguments and its result.
    pub(crate) work: usize,
    /// For `and` and `or`: arguments after the first with this truth are not evaluated.
    pub(crate) stops_at: Option<bool>,
}

impl Function {
    /// The same function, which takes about 50 ms: it derives keys from passwords or generates them.
    pub(crate) const fn slow(self) -> Self {
        Self { work: 10_000_000, ..self }
    }

    /// The same function, whose result comes from where `rule` says.
    pub(crate) const fn with_origin(self, rule: fn(Args<'_>) -> Origin) -> Self {
        Self { origin: OriginRule::Computed(rule), ..self }
    }
}

/// A function with a fixed number of arguments.
pub(crate) const fn fixed(name: &'static str, count: usize, run: fn(Args<'_>) -> Result<Value>) -> Function {
    between(name, count, count, run)
}

/// A function with `min` or more arguments.
pub(crate) const fn variadic(name: &'static str, min: usize, run: fn(Args<'_>) -> Result<Value>) -> Function {
    between(name, min, usize::MAX, run)
}

/// A function with `min` to `max` arguments.
pub(crate) const fn between(
    name: &'static str,
    min: usize,
    max: usize,
    run: fn(Args<'_>) -> Result<Value>,
) -> Function {
    Function {
        name,
        min,
        max,
        run: Run::Pure(run),
        origin: OriginRule::AllArguments,
        work: 0,
        stops_at: None,
    }
}

/// A function with a fixed number of arguments that asks its host.
pub(crate) const fn hosted(
    name: &'static str,
    count: usize,
    run: fn(&mut dyn Host, Args<'_>) -> Result<Value>,
) -> Function {
    Function {
        name,
        min: count,
        max: count,
        run: Run::Hosted(run),
        origin: OriginRule::AllArguments,
        work: 0,
        stops_at: None,
    }
}
