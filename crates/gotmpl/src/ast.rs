//! The syntax tree of a template: names resolved, positions kept.
//!
//! A tree has byte offsets, not spans, so that charts with the same text share one tree.

use std::fmt;
use std::sync::Arc;

use crate::function::Function;

/// A byte range of the template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// First byte.
    pub(crate) start: u32,
    /// One past the last byte.
    pub(crate) end: u32,
}

/// A parsed text: what it renders itself, and the templates it defines.
pub struct File {
    /// The text.
    pub(crate) text: Arc<str>,
    /// The template outside of all definitions.
    pub(crate) main: Arc<Template>,
    /// `define` and `block`, each name once.
    pub(crate) defines: Vec<(Arc<str>, Arc<Template>)>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("text", &self.text).finish_non_exhaustive()
    }
}

/// The body of a template.
pub(crate) struct Template {
    /// What it consists of.
    pub(crate) body: Body,
    /// How many variables it needs room for, `$` included.
    pub(crate) slots: usize,
    /// Whether it is nothing but white space and comments: such a definition never replaces another.
    pub(crate) blank: bool,
    /// The tag that opens the definition; empty for what a text renders itself.
    pub(crate) tag: Place,
}

/// A sequence of nodes.
pub(crate) type Body = Box<[Node]>;

/// A piece of a template.
pub(crate) enum Node {
    /// Text to copy.
    Text(Place),
    /// `{{ pipeline }}`
    Action(Action),
    /// `{{ if }}`
    If(Branch),
    /// `{{ with }}`
    With(Branch),
    /// `{{ range }}`
    Range(Branch),
    /// `{{ template "name" pipeline }}`
    Template {
        /// The template to run.
        name: Arc<str>,
        /// Its dot.
        pipe: Option<Pipe>,
        /// The whole action.
        place: Place,
    },
    /// `{{ break }}`
    Break(Place),
    /// `{{ continue }}`
    Continue(Place),
}

impl Node {
    /// Where it is, or its pipeline.
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::Text(place) | Self::Template { place, .. } => Some(*place),
            Self::Action(action) => Some(action.place),
            Self::If(branch) | Self::With(branch) | Self::Range(branch) => Some(branch.pipe.place),
            Self::Break(_) | Self::Continue(_) => None,
        }
    }

    /// The text, or the tag that it is or begins with.
    pub(crate) fn tag(&self) -> Place {
        match self {
            Self::Text(place)
            | Self::Template { place, .. }
            | Self::Break(place)
            | Self::Continue(place)
            | Self::Action(Action { place, .. })
            | Self::If(Branch { tag: place, .. })
            | Self::With(Branch { tag: place, .. })
            | Self::Range(Branch { tag: place, .. }) => *place,
        }
    }
}

/// A pipeline whose value is written, unless it declares variables.
pub(crate) struct Action {
    /// What to evaluate.
    pub(crate) pipe: Pipe,
    /// The whole action with its delimiters.
    pub(crate) place: Place,
    /// How the text of an `include` at its head reaches the output.
    pub(crate) splice: Option<Splice>,
}

/// What a pipeline does to the text that `include` returned at its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Splice {
    /// Nothing.
    Plain,
    /// `indent n`
    Indent(u32),
    /// `nindent n`
    Nindent(u32),
}

/// A block with a pipeline and two bodies.
pub(crate) struct Branch {
    /// The tag that opens it, `{{ else if }}` included.
    pub(crate) tag: Place,
    /// What to evaluate.
    pub(crate) pipe: Pipe,
    /// For a true value, or for each item.
    pub(crate) body: Body,
    /// For a false value, or if there are no items.
    pub(crate) otherwise: Body,
}

/// `$a, $b := command | command`
pub(crate) struct Pipe {
    /// The slots of the variables that are declared or assigned.
    pub(crate) variables: Box<[usize]>,
    /// A variable that is assigned but was not declared: an error, but only when the pipeline is evaluated.
    pub(crate) undefined: Option<Place>,
    /// The commands; each gets the value of the one before as its last argument.
    pub(crate) commands: Box<[Command]>,
    /// From the first variable or command to the last.
    pub(crate) place: Place,
}

impl Pipe {
    /// Whether its value goes into variables.
    pub(crate) fn sets_variables(&self) -> bool {
        !self.variables.is_empty() || self.undefined.is_some()
    }
}

/// A value or call with its arguments.
pub(crate) struct Command {
    /// What is evaluated or called.
    pub(crate) head: Expr,
    /// The arguments.
    pub(crate) args: Box<[Expr]>,
}

/// Field names of a chain, outermost first.
pub(crate) type Fields = Arc<[Arc<str>]>;

/// An operand.
pub(crate) struct Expr {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it is.
    pub(crate) place: Place,
}

/// Kinds of operands.
pub(crate) enum Kind {
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// `true`
    Bool(bool),
    /// `1`, `'a'`
    Int(i64),
    /// `1.5`
    Float(f64),
    /// `"text"`
    Str(Arc<str>),
    /// `"\xff"`, a text that is not UTF-8
    Raw(Arc<[u8]>),
    /// `.a.b`
    Field(Fields),
    /// `$x.a.b`
    Variable(usize, Fields),
    /// `$x` in the `else` of the block that declares it: Go accepts it and fails when it is evaluated.
    Undefined(Arc<str>),
    /// `name`
    Function(&'static Function),
    /// `( pipeline )`
    Pipe(Box<Pipe>),
    /// `( pipeline ).a.b`
    Chain(Box<Expr>, Fields),
}

impl Place {
    /// The smallest range that covers both.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}
