//! The syntax of a template as plain data, for programs that rewrite templates instead of running them.
//!
//! Pipelines are calls here: `.a | default 1 | quote` is `quote (default 1 .a)`. Ranges are bytes of the text.

use std::ops::Range;
use std::sync::Arc;

use super::ast::{Body, Branch, Expr, File, Kind, Node, Pipe, Place};
use super::parse::{ParseError, parse};

/// A text, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Syntax {
    /// What is outside of all definitions.
    pub main: Vec<Piece>,
    /// `define` and `block`, each name once.
    pub defines: Vec<(String, Vec<Piece>)>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Text to copy; the white space that actions trim is not part of it.
    Text(Range<usize>),
    /// `{{ pipeline }}`, whose value is written.
    Print {
        /// The value.
        value: Expression,
        /// The whole action with its delimiters.
        range: Range<usize>,
    },
    /// `{{ $x := pipeline }}`, or `=`, which sets a variable again.
    Set {
        /// The variables without their `$`.
        variables: Vec<String>,
        /// The value.
        value: Expression,
        /// Whether the variables are declared here.
        is_declared: bool,
        /// The whole action with its delimiters.
        range: Range<usize>,
    },
    /// `{{ if }}`
    If(Block),
    /// `{{ with }}`
    With(Block),
    /// `{{ range }}`
    Range(Block),
    /// `{{ template "name" pipeline }}`
    Template {
        /// The template to run.
        name: String,
        /// Its dot.
        dot: Option<Expression>,
        /// The whole action with its delimiters.
        range: Range<usize>,
    },
    /// `{{ break }}`
    Break,
    /// `{{ continue }}`
    Continue,
}

/// A block with a pipeline and two bodies.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The variables that the pipeline declares, without their `$`.
    pub variables: Vec<String>,
    /// What decides, or what is iterated.
    pub value: Expression,
    /// For a true value, or for each item.
    pub body: Vec<Piece>,
    /// For a false value, or if there are no items.
    pub otherwise: Vec<Piece>,
    /// The pipeline.
    pub range: Range<usize>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// `nil`
    Nil,
    /// `true`
    Bool(bool),
    /// `1`
    Int(i64),
    /// `1.5`
    Float(f64),
    /// `"text"`
    Str(String),
    /// `.a.b`, and `.` alone, which has no fields.
    Field(Vec<String>),
    /// `$x.a.b`; the name of `$` alone is empty.
    Variable(String, Vec<String>),
    /// `f a b`; a value that is piped into it is the last argument.
    Call(&'static str, Vec<Expression>),
    /// `(f a).b.c`
    Of(Box<Expression>, Vec<String>),
    /// What is none of these, such as a text that is not UTF-8.
    Other,
}

/// Takes a text apart.
pub fn syntax(text: &Arc<str>) -> Result<Syntax, Box<ParseError>> {
    let file = parse(Arc::clone(text))?;
    let reader = Reader { text };
    let defines = file.defines.iter().map(|(name, template)| (name.to_string(), reader.body(&template.body)));
    Ok(Syntax { main: reader.file(&file), defines: defines.collect() })
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn file(&self, file: &File) -> Vec<Piece> {
        self.body(&file.main.body)
    }

    fn body(&self, body: &Body) -> Vec<Piece> {
        body.iter().map(|node| self.piece(node)).collect()
    }

    fn piece(&self, node: &Node) -> Piece {
        match node {
            Node::Text(place) => Piece::Text(range(*place)),
            Node::Action(action) if !action.pipe.sets_variables() => {
                Piece::Print { value: self.pipe(&action.pipe), range: range(action.place) }
            }
            Node::Action(action) => Piece::Set {
                variables: self.variables(&action.pipe),
                value: self.pipe(&action.pipe),
                is_declared: self.head(&action.pipe).contains(":="),
                range: range(action.place),
            },
            Node::If(branch) => Piece::If(self.block(branch)),
            Node::With(branch) => Piece::With(self.block(branch)),
            Node::Range(branch) => Piece::Range(self.block(branch)),
            Node::Template { name, pipe, place } => Piece::Template {
                name: name.to_string(),
                dot: pipe.as_ref().map(|pipe| self.pipe(pipe)),
                range: range(*place),
            },
            Node::Break(_) => Piece::Break,
            Node::Continue(_) => Piece::Continue,
        }
    }

    fn block(&self, branch: &Branch) -> Block {
        Block {
            variables: self.variables(&branch.pipe),
            value: self.pipe(&branch.pipe),
            body: self.body(&branch.body),
            otherwise: self.body(&branch.otherwise),
            range: range(branch.pipe.place),
        }
    }

    /// What is before the first command of a pipeline: variables and `:=` or `=`.
    fn head(&self, pipe: &Pipe) -> &str {
        let start = pipe.place.start as usize;
        let end = pipe.commands.first().map_or(start, |command| command.head.place.start as usize);
        &self.text[start..end.max(start)]
    }

    fn variables(&self, pipe: &Pipe) -> Vec<String> {
        if !pipe.sets_variables() {
            return Vec::new();
        }
        let names = self.head(pipe).split(['$', ',', ':', '=', ' ', '\t', '\n', '\r', '(']);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    fn pipe(&self, pipe: &Pipe) -> Expression {
        let mut value: Option<Expression> = None;
        for command in &pipe.commands {
            let arguments = command.args.iter().map(|argument| self.operand(argument)).chain(value.take());
            let arguments: Vec<Expression> = arguments.collect();
            value = Some(match (&command.head.kind, arguments.is_empty()) {
                (Kind::Function(function), _) => Expression::Call(function.name, arguments),
                (_, true) => self.operand(&command.head),
                // A method call, or a value with arguments.
                (_, false) => Expression::Other,
            });
        }
        value.unwrap_or(Expression::Nil)
    }

    fn operand(&self, operand: &Expr) -> Expression {
        let owned = |fields: &[Arc<str>]| fields.iter().map(ToString::to_string).collect();
        match &operand.kind {
            Kind::Dot => Expression::Field(Vec::new()),
            Kind::Nil => Expression::Nil,
            Kind::Bool(flag) => Expression::Bool(*flag),
            Kind::Int(number) => Expression::Int(*number),
            Kind::Float(number) => Expression::Float(*number),
            Kind::Str(text) => Expression::Str(text.to_string()),
            Kind::Field(fields) => Expression::Field(owned(fields)),
            Kind::Variable(_, fields) => {
                let text = &self.text[range(operand.place)];
                let name = text.trim_start_matches('$').split('.').next().unwrap_or_default();
                Expression::Variable(name.to_owned(), owned(fields))
            }
            Kind::Function(function) => Expression::Call(function.name, Vec::new()),
            Kind::Pipe(pipe) => self.pipe(pipe),
            Kind::Chain(inner, fields) => Expression::Of(Box::new(self.operand(inner)), owned(fields)),
            Kind::Raw(_) | Kind::Undefined(_) => Expression::Other,
        }
    }
}

fn range(place: Place) -> Range<usize> {
    place.start as usize..place.end as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str) -> Expression {
        Expression::Field(path.split('.').map(str::to_owned).collect())
    }

    #[test]
    fn pipelines_are_calls() {
        let text: Arc<str> = "a: {{ .Values.x | default 1 | quote }}".into();
        let main = syntax(&text).unwrap().main;
        let default = Expression::Call("default", vec![Expression::Int(1), field("Values.x")]);
        assert_eq!(main[0], Piece::Text(0..3));
        assert_eq!(main[1], Piece::Print { value: Expression::Call("quote", vec![default]), range: 3..38 });
    }

    #[test]
    fn variables_and_blocks_keep_their_names() {
        let text: Arc<str> =
            "{{ $x := .a }}{{ $x = $.b.c }}{{ range $k, $v := $x.items }}{{ $k }}{{ else }}-{{ end }}".into();
        let main = syntax(&text).unwrap().main;
        let Piece::Set { variables, is_declared: true, .. } = &main[0] else { panic!("{main:?}") };
        assert_eq!(variables, &["x"]);
        let Piece::Set { value, is_declared: false, .. } = &main[1] else { panic!("{main:?}") };
        assert_eq!(value, &Expression::Variable(String::new(), vec!["b".to_owned(), "c".to_owned()]));
        let Piece::Range(block) = &main[2] else { panic!("{main:?}") };
        assert_eq!(block.variables, ["k", "v"]);
        assert_eq!(block.value, Expression::Variable("x".to_owned(), vec!["items".to_owned()]));
        assert_eq!(block.otherwise.len(), 1);
        let text: Arc<str> = "{{ define \"a.b\" }}{{ template \"c\" . }}{{ end }}{{ (lower .x).y }}".into();
        let parts = syntax(&text).unwrap();
        assert_eq!(parts.defines[0].0, "a.b");
        let Piece::Print { value: Expression::Of(inner, fields), .. } = &parts.main[0] else { panic!() };
        assert_eq!(
            (inner.as_ref(), fields.as_slice()),
            (&Expression::Call("lower", vec![field("x")]), &["y".to_owned()][..])
        );
    }
}
