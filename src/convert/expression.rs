//! Values of Helm's language as expressions of Tera.
//!
//! Only what has an exact counterpart is translated; everything else is refused with the reason. What is known of a value is
//! its default in `values.yaml`.

use crate::gotmpl::syntax::Expression;
use crate::yaml::{Node, Value};
use std::collections::BTreeMap;

/// An expression of Tera.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// Its text.
    pub(super) text: String,
    /// What it is by default, if that is known.
    pub(super) known: Option<Node>,
    /// What Helm writes for it.
    pub(super) form: Form,
    /// Whether it holds together without parentheses.
    pub(super) is_atom: bool,
    /// Whether nothing may be there: a key that `values.yaml` does not have.
    pub(super) may_be_missing: bool,
    /// Where its lines begin, if it is indented.
    pub(super) indentation: Option<Indentation>,
}

/// What `indent` and `nindent` do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Indentation {
    /// How many spaces are written before each line.
    pub(super) width: usize,
    /// Whether the text begins on a line of its own: `nindent`.
    pub(super) on_new_line: bool,
}

/// What Helm writes for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The value as it is.
    Plain,
    /// A string in quotes.
    Quoted,
    /// YAML: a map or list.
    Yaml,
    /// What a component writes: the text is a part of a template instead of an expression.
    Component,
}

/// What `.` or a variable is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// What templates see at the top: `.Values`, `.Release`, ...
    Root,
    /// A value.
    Value(Term),
}

/// What names mean where an expression is.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// The defaults of the chart.
    pub(super) values: &'a Node,
    /// The components by the names of the templates that they were made from.
    pub(super) components: &'a BTreeMap<String, String>,
    /// `.`
    pub(super) dot: Meaning,
    /// Variables without their `$`, innermost last.
    pub(super) variables: Vec<(String, Meaning)>,
    /// The values that conditions around it have found to be set.
    pub(super) set: Vec<String>,
    /// Whether it is in a component, which sees `values`, `release` and `chart` only.
    pub(super) is_component: bool,
}

/// The reason why there is no exact counterpart.
pub(super) type Refusal = String;

impl Term {
    /// A name, or what else needs no parentheses.
    pub(super) fn atom(text: impl Into<String>, known: Option<Node>) -> Self {
        Self {
            text: text.into(),
            known,
            form: Form::Plain,
            is_atom: true,
            may_be_missing: false,
            indentation: None,
        }
    }

    fn operation(text: String) -> Self {
        Self { is_atom: false, ..Self::atom(text, None) }
    }

    /// The value through a filter.
    fn filtered(&self, filter: &str) -> Self {
        Self::operation(format!("{} | {filter}", self.as_operand()))
    }

    /// The text where only one operand may be.
    fn as_operand(&self) -> String {
        if self.is_atom { self.text.clone() } else { format!("({})", self.text) }
    }

    fn is_string(&self) -> bool {
        self.known.as_ref().is_some_and(|node| node.as_str().is_some())
    }

    fn field(&self, key: &str) -> Result<Self, Refusal> {
        if !self.is_atom {
            return Err("a field of a computed value has no exact counterpart".to_owned());
        }
        let known = match &self.known {
            Some(node) if node.as_map().is_some() => node.get(key).cloned(),
            _ => None,
        };
        let may_be_missing = known.is_none();
        Ok(Self { may_be_missing, ..Self::atom(format!("{}{}", self.text, step(key)), known) })
    }
}

/// A key after a name: with a dot, or in brackets.
fn step(key: &str) -> String {
    let is_name = !key.is_empty()
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !key.starts_with(|c: char| c.is_ascii_digit());
    if is_name { format!(".{key}") } else { format!("[\"{key}\"]") }
}

impl Scope<'_> {
    /// The counterpart of an expression.
    pub(super) fn term(&self, expression: &Expression) -> Result<Term, Refusal> {
        let mut term = self.unguarded(expression)?;
        if self.set.contains(&term.text) {
            term.may_be_missing = false;
            // What counts as false by default is something else here.
            term.known = term.known.filter(is_set);
        }
        Ok(term)
    }

    fn unguarded(&self, expression: &Expression) -> Result<Term, Refusal> {
        match expression {
            Expression::Bool(flag) => Ok(Term::atom(flag.to_string(), Some(Node::bare(*flag)))),
            Expression::Int(number) => Ok(Term::atom(number.to_string(), Some(Node::bare(*number)))),
            Expression::Str(text) => Ok(Term::atom(string(text)?, Some(Node::bare(text.as_str())))),
            Expression::Field(fields) => self.path(&self.dot, fields),
            Expression::Variable(name, fields) if name.is_empty() => self.path(&Meaning::Root, fields),
            Expression::Variable(name, fields) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let (_, meaning) = found.ok_or_else(|| format!("`${name}` has no exact counterpart here"))?;
                self.path(meaning, fields)
            }
            Expression::Call(name, arguments) => self.call(name, arguments),
            Expression::Nil | Expression::Float(_) | Expression::Of(..) | Expression::Other => {
                Err("the expression has no exact counterpart".to_owned())
            }
        }
    }

    fn path(&self, from: &Meaning, fields: &[String]) -> Result<Term, Refusal> {
        let (first, rest) = match (from, fields) {
            (Meaning::Value(term), _) => {
                // A key of a value that may be missing is an error in Tera and nothing in Helm.
                return fields.iter().try_fold(term.clone(), |term, key| {
                    if term.may_be_missing {
                        return Err(format!("`{}` may be missing", term.text));
                    }
                    term.field(key)
                });
            }
            (Meaning::Root, [first, rest @ ..]) => (first.as_str(), rest),
            (Meaning::Root, []) => return Err("the root has no counterpart as a value".to_owned()),
        };
        if first == "Values" {
            let mut term = Term::atom("values", Some(self.values.clone()));
            for (number, key) in rest.iter().enumerate() {
                term = term.field(key)?;
                if term.may_be_missing && number + 1 < rest.len() {
                    return Err(format!("`{}` is not in values.yaml", term.text));
                }
            }
            return Ok(term);
        }
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let (text, known) = match (first, rest.as_slice()) {
            ("Release", ["Name"]) => ("release.name", Some(Node::bare("web"))),
            ("Release", ["Namespace"]) => ("release.namespace", Some(Node::bare("web"))),
            ("Release", ["Service"]) => ("release.service", Some(Node::bare("Helm"))),
            ("Release", ["Revision"]) => ("release.revision", Some(Node::bare(1))),
            ("Release", ["IsInstall"]) => ("release.isInstall", Some(Node::bare(true))),
            ("Release", ["IsUpgrade"]) => ("release.isUpgrade", Some(Node::bare(true))),
            ("Chart", ["Name"]) => ("chart.name", Some(Node::bare("web"))),
            ("Chart", ["Version"]) => ("chart.version", Some(Node::bare("v"))),
            ("Chart", ["AppVersion"]) => ("chart.appVersion", Some(Node::bare("v"))),
            ("Capabilities", ["KubeVersion", "Version" | "GitVersion"]) if !self.is_component => {
                ("capabilities.kubeVersion.version", Some(Node::bare("v")))
            }
            _ => return Err(format!("`.{first}` has no exact counterpart here")),
        };
        Ok(Term::atom(text, known))
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Result<Term, Refusal> {
        match (name, arguments) {
            ("include", [Expression::Str(template), dot]) => return self.include(template, dot),
            ("nindent" | "indent", [Expression::Int(width), inner]) => {
                let term = self.term(inner)?;
                let width = usize::try_from(*width).unwrap_or_default();
                return match term.form {
                    Form::Yaml | Form::Component => {
                        let indentation = Indentation { width, on_new_line: name == "nindent" };
                        Ok(Term { indentation: Some(indentation), ..term })
                    }
                    _ => Err(format!("`{name}` of a text has no exact counterpart")),
                };
            }
            // Alone, `trunc` keeps a hyphen at the end.
            ("trimSuffix", [Expression::Str(suffix), Expression::Call("trunc", inner)]) if suffix == "-" => {
                let [Expression::Int(length), inner] = &inner[..] else { return Err(refusal("trunc")) };
                return Ok(self.plain(inner)?.filtered(&format!("trunc(length={length})")));
            }
            ("tpl", _) => return Err(refusal("tpl")),
            ("printf", [Expression::Str(format), rest @ ..]) => return self.printf(format, rest),
            _ => {}
        }
        if let ("default", [fallback, value]) = (name, arguments)
            && let Ok(Term { form: Form::Component, text: fallback, .. }) = self.term(fallback)
        {
            let value = self.plain(value)?.text;
            let text = format!("{{% if {value} %}}{{{{ {value} }}}}{{% else %}}{fallback}{{% endif %}}");
            return Ok(Term { form: Form::Component, ..Term::atom(text, None) });
        }
        let terms: Vec<Term> =
            arguments.iter().map(|argument| self.plain(argument)).collect::<Result<_, Refusal>>()?;
        let operands: Vec<String> = terms.iter().map(Term::as_operand).collect();
        let is_there = |term: &Term| {
            if term.may_be_missing { Err(format!("`{}` may be missing", term.text)) } else { Ok(()) }
        };
        if !matches!(name, "default" | "not" | "and" | "or" | "empty" | "required" | "eq" | "ne") {
            terms.iter().try_for_each(is_there)?;
        }
        let joined = |operator: &str| Term::operation(operands.join(&format!(" {operator} ")));
        Ok(match (name, &terms[..]) {
            ("quote" | "squote", [value]) => {
                is_there(value)?;
                if value.known.as_ref().is_some_and(Node::is_null) {
                    return Err(format!("`{name}` of null writes nothing"));
                }
                let text = if value.is_string() { value.clone() } else { value.filtered("str") };
                Term { form: Form::Quoted, ..text }
            }
            ("toYaml" | "mustToYaml", [value]) => Term { form: Form::Yaml, ..value.clone() },
            ("toString", [value]) => value.filtered("str"),
            ("default", [fallback, value]) => {
                let filter = format!("default(value={}, boolean=true)", fallback.text);
                let known = value.known.clone().filter(is_set).or_else(|| fallback.known.clone());
                Term { known, ..value.filtered(&filter) }
            }
            ("not" | "empty", [_]) => Term::operation(format!("not {}", operands[0])),
            ("and" | "or", [_, _, ..]) => joined(name),
            ("eq", [_, _]) => joined("=="),
            ("ne", [_, _]) => joined("!="),
            ("lt", [_, _]) => joined("<"),
            ("le", [_, _]) => joined("<="),
            ("gt", [_, _]) => joined(">"),
            ("ge", [_, _]) => joined(">="),
            ("eq", [_, _, _, ..]) => {
                Term::operation(format!("{} in [{}]", operands[0], operands[1..].join(", ")))
            }
            ("int" | "int64", [value]) => match value.known.as_ref().map(|node| &node.value) {
                Some(Value::Int(_)) => value.clone(),
                _ => value.filtered("int"),
            },
            ("upper" | "lower" | "trim" | "title", [value]) if value.is_string() => {
                Term { known: value.known.clone(), ..value.filtered(name) }
            }
            ("b64enc", [value]) if value.is_string() => value.filtered("b64encode"),
            ("replace", [from, to, value]) if value.is_string() => {
                let filter = format!("replace(from={}, to={})", from.text, to.text);
                Term { known: value.known.clone(), ..value.filtered(&filter) }
            }
            ("required", [message, value]) => value.filtered(&format!("required(message={})", message.text)),
            ("ternary", [_, _, _]) => {
                Term::operation(format!("{} if {} else {}", operands[0], operands[2], operands[1]))
            }
            ("contains", [_, value]) if value.is_string() => joined("in"),
            ("hasPrefix", [start, value]) if value.is_string() => {
                Term::operation(format!("{} is starting_with(pat={})", operands[1], start.text))
            }
            ("hasSuffix", [end, value]) if value.is_string() => {
                Term::operation(format!("{} is ending_with(pat={})", operands[1], end.text))
            }
            ("join", [separator, value]) => value.filtered(&format!("join(sep={})", separator.text)),
            ("len", [value]) => value.filtered("length"),
            ("list", _) => Term::atom(format!("[{}]", operands.join(", ")), None),
            _ => return Err(refusal(name)),
        })
    }

    /// A value that is not the output of a component or a block of YAML.
    fn plain(&self, expression: &Expression) -> Result<Term, Refusal> {
        let term = self.term(expression)?;
        match term.form {
            Form::Plain | Form::Quoted => Ok(term),
            Form::Yaml => Err("YAML as a text has no exact counterpart".to_owned()),
            Form::Component => {
                Err("the text of another template has no exact counterpart as a value".to_owned())
            }
        }
    }

    /// Whether it is what the template was called with: `$`, or `.` where that has not changed.
    pub(super) fn is_root(&self, expression: &Expression) -> bool {
        match expression {
            Expression::Field(fields) => fields.is_empty() && self.dot == Meaning::Root,
            Expression::Variable(name, fields) => name.is_empty() && fields.is_empty(),
            _ => false,
        }
    }

    /// The component that was made from a template. It sees what its caller sees, so the dot must be that.
    pub(super) fn include(&self, template: &str, dot: &Expression) -> Result<Term, Refusal> {
        if !self.is_root(dot) {
            return Err(format!(
                "`{template}` is called with something other than the root: give its component arguments"
            ));
        }
        let component = self.components.get(template);
        let component = component.ok_or_else(|| format!("the template `{template}` is not in this chart"))?;
        Ok(Term { form: Form::Component, ..Term::atom(format!("{{{{<{component}/>}}}}"), None) })
    }

    /// Text with `%s` and the like, as parts that are joined.
    fn printf(&self, format: &str, arguments: &[Expression]) -> Result<Term, Refusal> {
        let mut parts = Vec::new();
        let mut rest = format;
        let mut arguments = arguments.iter();
        while let Some((before, after)) = rest.split_once('%') {
            let argument = arguments.next().ok_or_else(|| refusal("printf"))?;
            let term = self.plain(argument)?;
            if term.may_be_missing {
                return Err(format!("`{}` may be missing", term.text));
            }
            let is_integer = matches!(term.known.as_ref().map(|node| &node.value), Some(Value::Int(_)));
            match after.chars().next() {
                Some('s') if term.is_string() => {}
                Some('d') if is_integer && matches!(argument, Expression::Int(_)) => {}
                Some('v') if term.is_string() || is_integer => {}
                _ => return Err(refusal("printf")),
            }
            if !before.is_empty() {
                parts.push(string(before)?);
            }
            parts.push(term.as_operand());
            rest = &after[1..];
        }
        if !rest.is_empty() {
            parts.push(string(rest)?);
        }
        if parts.is_empty() || arguments.next().is_some() {
            return Err(refusal("printf"));
        }
        Ok(Term { known: Some(Node::bare("text")), ..Term::operation(parts.join(" ~ ")) })
    }
}

fn refusal(function: &str) -> Refusal {
    format!("`{function}` has no exact counterpart here")
}

/// Whether Helm takes a value for true.
pub(super) fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Int(number) => *number != 0,
        Value::String(text) => !text.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::Seq(items) => !items.is_empty(),
        Value::Uint(_) | Value::Float(_) => true,
    }
}

/// A text as a string of Tera.
fn string(text: &str) -> Result<String, Refusal> {
    if text.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err("the text has characters that strings of Tera write differently".to_owned());
    }
    Ok(format!("\"{text}\""))
}
