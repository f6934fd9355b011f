//! All that depends on how Tera is made inside: the English of its errors, and what it does without documenting it.
//!
//! Tera's errors have a kind and a place, but most of what they say is text. Here it is read, once, into a [`Fault`];
//! everybody else decides by that. `Cargo.toml` pins the version of Tera, and the tests below fail if another one
//! differs in what is relied on.

use std::collections::BTreeSet;
use std::ops::Range;
use tera::{Error, ErrorKind, ReportError};

/// Blocks inside each other that Tera's parser takes.
pub(super) const MAX_BLOCKS: usize = 39;

/// The variable that holds everything a template sees.
pub(super) const WHOLE_CONTEXT: &str = "__tera_context";

/// The variable that counts the turns of the innermost loop, from 0.
pub(super) const INNERMOST_TURN: &str = "__tera_loop_index0";

/// The statements of the language.
pub(super) const STATEMENTS: &[&str] = &[
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "break",
    "continue",
    "set",
    "set_global",
    "endset",
    "include",
    "extends",
    "block",
    "endblock",
    "filter",
    "endfilter",
    "component",
    "endcomponent",
    "raw",
    "endraw",
];

/// How the filters are called that Tera itself brings and that make sense in a chart.
pub const TERA_FILTERS: &[&str] = &[
    "abs",
    "capitalize",
    "first",
    "float",
    "get(key=)",
    "group_by(attribute=)",
    "int",
    "join(sep=)",
    "keys",
    "last",
    "length",
    "lower",
    "nth(n=)",
    "pairs",
    "pluralize(singular=, plural=)",
    "replace(from=, to=)",
    "reverse",
    "round(precision=)",
    "safe",
    "sort",
    "split(pat=)",
    "str",
    "title",
    "trim",
    "trim_end",
    "trim_start",
    "truncate(length=)",
    "unique",
    "upper",
    "values",
    "wordcount",
];

/// How Tera's own functions are called.
pub const TERA_FUNCTIONS: &[&str] = &["range(end=)", "throw(message=)"];

/// Tera's own tests.
pub const TERA_TESTS: &[&str] = &[
    "array",
    "bool",
    "containing",
    "defined",
    "divisible_by",
    "ending_with",
    "even",
    "float",
    "integer",
    "iterable",
    "map",
    "none",
    "number",
    "odd",
    "starting_with",
    "string",
    "undefined",
];

/// An error of Tera's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What is wrong.
    pub(super) fault: Fault,
    /// Where, if that is known.
    pub(super) place: Option<Locus>,
    /// The calls of components that led there, the innermost first.
    pub(super) callers: Vec<Locus>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// A statement that the language does not have.
    UnknownStatement,
    /// A character that no expression holds.
    UnexpectedCharacter,
    /// `a.b(..)`
    MethodCall,
    /// `{% <name/> %}`
    ComponentWithoutContent,
    /// More than an integer holds.
    LargeInteger,
    /// Something stands where something else must.
    Unexpected { found: Part, expected: Part },
    /// A name that nothing has.
    Unknown { what: Named, name: String },
    /// Templates that include each other.
    IncludeCircle(Vec<String>),
    /// Templates that extend each other.
    ExtendCircle(Vec<String>),
    /// A template extends one that does not exist.
    MissingParent { template: String, parent: String },
    /// A field, or a variable, that does not exist where `known` ones do.
    UndefinedName { name: String, is_field: bool, known: Vec<String> },
    /// An argument of a component has no value, and another type is demanded. The message says so.
    UndefinedArgument { name: String, message: String },
    /// Some value is missing; the error does not name it.
    Undefined { message: Option<String> },
    /// A path leads nowhere; `name` if all that is wrong is that this name is not defined.
    UndefinedPath { message: String, help: Option<String>, name: Option<String> },
    /// A component is called with arguments that it does not have.
    UnknownArguments { unknown: Vec<String>, possible: Vec<String> },
    /// A filter gets a value of another type than it takes.
    Input { expected: String, found: String },
    /// `+` between texts.
    SumOfTexts { message: String },
    /// Components go too deep.
    EndlessComponents,
    /// A function or a filter of plimsoll's refused to go on, in its own words.
    Refused { message: String, help: Option<String> },
    /// Anything else, in Tera's words.
    Other(String),
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Filter,
    Function,
    Test,
    Component,
    Template,
}

/// A part of an expression or a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A sign or a word of the language, as it is written.
    Sign(String),
    /// A name that the template gives.
    Name,
    /// What an operand begins with, listed.
    Operand(String),
    /// The end of the call of a component.
    CallEnd,
    /// Anything else, in Tera's words.
    Other(String),
}

impl Part {
    /// Whether it is that sign.
    pub(super) fn is(&self, sign: &str) -> bool {
        matches!(self, Self::Sign(own) if own == sign)
    }

    /// Reads what the parser expected.
    fn parse_expected(text: &str) -> Self {
        match text {
            "identifier" => Self::Name,
            "`/` or `>`" => Self::CallEnd,
            list if list.starts_with("one of: ") => Self::Operand(list.to_owned()),
            sign if !sign.contains('`') && (sign == "in" || !sign.starts_with(char::is_alphabetic)) => {
                Self::Sign(sign.to_owned())
            }
            words => Self::Other(words.to_owned()),
        }
    }

    /// Reads what the parser found.
    fn parse_found(text: &str) -> Self {
        match text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
            Some(sign) => Self::Sign(sign.to_owned()),
            None => Self::Other(text.to_owned()),
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sign(sign) => write!(f, "`{sign}`"),
            Self::Name => f.write_str("identifier"),
            Self::CallEnd => f.write_str("`/` or `>`"),
            Self::Operand(words) | Self::Other(words) => f.write_str(words),
        }
    }
}

/// A place in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Locus {
    /// The name of the template.
    pub(super) template: String,
    pub(super) position: Position,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// The text as a whole.
    Start,
    Bytes(Range<usize>),
    /// A line, from 1, and a column, from 0 and in characters.
    Line(usize, usize),
}

/// The messages of an error; several if names are not known.
pub(super) fn failures(error: &Error) -> Vec<Failure> {
    match error.kind() {
        ErrorKind::Msg(text) if text.starts_with(FRAMED) => text.split("\n\n").map(unknown).collect(),
        _ => vec![failure(error)],
    }
}

/// The first message of an error.
pub(super) fn failure(error: &Error) -> Failure {
    let at_start = |template: &String| Some(Locus { template: template.clone(), position: Position::Start });
    let (fault, place) = match error.kind() {
        ErrorKind::SyntaxError(report) => (parse_syntax_error(report.message()), Some(place_of(report))),
        ErrorKind::RenderingError(report) => {
            (parse_rendering_error(report.message()), Some(place_of(report)))
        }
        ErrorKind::CircularInclude { tpl, include_chain } => {
            (Fault::IncludeCircle(include_chain.clone()), at_start(tpl))
        }
        ErrorKind::CircularExtend { tpl, inheritance_chain } => {
            (Fault::ExtendCircle(inheritance_chain.clone()), at_start(tpl))
        }
        ErrorKind::MissingParent { current, parent } => {
            let fault = Fault::MissingParent { template: current.clone(), parent: parent.clone() };
            (fault, at_start(current))
        }
        ErrorKind::Msg(text) if text.starts_with(FRAMED) => return unknown(text),
        _ => (parse_rendering_error(&error.to_string()), None),
    };
    // The notes of a report are reached through its text only.
    let notes = error.to_string();
    let callers = notes.lines().filter_map(|line| locus(line.strip_prefix("note: called from ")?)).collect();
    Failure { fault, place, callers }
}

/// The template in which an error of syntax is.
pub(super) fn broken_template(error: &Error) -> Option<&str> {
    match error.kind() {
        ErrorKind::SyntaxError(report) => Some(report.filename()),
        _ => None,
    }
}

fn place_of(report: &ReportError) -> Locus {
    Locus { template: report.filename().to_owned(), position: Position::Bytes(report.span().range.clone()) }
}

/// Begins a message of reports, one for each unknown name, each with its place.
const FRAMED: &str = "error: ";

/// The first report of a name that is not known.
fn unknown(report: &str) -> Failure {
    let mut lines = report.lines();
    let message = lines.next().unwrap_or_default();
    let message = message.strip_prefix(FRAMED).unwrap_or(message);
    let kinds = [
        ("Unknown filter `", Named::Filter),
        ("Unknown function `", Named::Function),
        ("Unknown test `", Named::Test),
        ("Unknown component `", Named::Component),
        ("Unknown template `", Named::Template),
    ];
    let named = |(start, what): &(&str, Named)| {
        let name = message.strip_prefix(start)?.strip_suffix('`')?.to_owned();
        Some(Fault::Unknown { what: *what, name })
    };
    let fault = kinds.iter().find_map(named).unwrap_or_else(|| Fault::Other(sentence(message)));
    let place = lines.next().and_then(|line| locus(line.trim_start().strip_prefix("--> ")?));
    Failure { fault, place, callers: Vec::new() }
}

/// `name:line:column` of a report; its columns count from 1.
fn locus(text: &str) -> Option<Locus> {
    let (rest, column) = text.rsplit_once(':')?;
    let (template, line) = rest.rsplit_once(':')?;
    let column = column.trim().parse::<usize>().ok()?.saturating_sub(1);
    Some(Locus { template: template.to_owned(), position: Position::Line(line.trim().parse().ok()?, column) })
}

fn parse_syntax_error(message: &str) -> Fault {
    let message = message.trim_end_matches('.');
    let found = message.strip_prefix("Found ").and_then(|rest| rest.split_once(" but expected "));
    if let Some((found, expected)) = found {
        return Fault::Unexpected {
            found: Part::parse_found(found),
            expected: Part::parse_expected(expected),
        };
    }
    match message {
        "Unknown tag" => Fault::UnknownStatement,
        "Unexpected character" => Fault::UnexpectedCharacter,
        "Invalid Integer" => Fault::LargeInteger,
        "Function calls are only allowed at the first element of a chain" => Fault::MethodCall,
        _ if message.starts_with("Components with body content must use tag syntax") => {
            Fault::ComponentWithoutContent
        }
        _ => Fault::Other(sentence(message)),
    }
}

/// What Tera calls a value that is not there.
const UNDEFINED: &str = "`undefined`";

/// Messages about values that are not there, each as a whole.
const ABSENT: [&str; 6] = [
    "Cannot index into an undefined value",
    "Cannot slice an undefined value",
    "Index expression is undefined",
    "Slice end is undefined",
    "Slice start is undefined",
    "Slice step is undefined",
];

fn parse_rendering_error(message: &str) -> Fault {
    if let Some(own) = parse_refusal(message) {
        return own;
    }
    if let Some(name) = message.strip_prefix("Component argument `").and_then(|rest| rest.split('`').next())
        && message.contains("(type: `undefined`)")
    {
        return Fault::UndefinedArgument { name: name.to_owned(), message: sentence(message) };
    }
    let is_field = message.starts_with("Field `");
    if is_field || message.starts_with("Variable `") {
        let listed = ["Available fields: ", "Available variables: "];
        let list = listed.iter().find_map(|marker| Some(message.split_once(marker)?.1));
        let known = list.into_iter().flat_map(|list| list.split(", ")).filter(|name| !name.starts_with("__"));
        let name = quoted(message).next().unwrap_or_default().to_owned();
        return Fault::UndefinedName { name, is_field, known: known.map(str::to_owned).collect() };
    }
    if message.contains("got `undefined`") {
        return Fault::Undefined { message: None };
    }
    if ABSENT.contains(&message) || message.contains(UNDEFINED) {
        return Fault::Undefined { message: Some(sentence(message)) };
    }
    if message.contains("recursion depth for components") {
        return Fault::EndlessComponents;
    }
    let input = message.strip_prefix("Invalid type for the value, expected ");
    if let Some((expected, found)) = input.and_then(|rest| rest.split_once(" but got ")) {
        return Fault::Input { expected: plain_types(expected), found: plain_types(found) };
    }
    // The arguments that are possible follow, if there are any.
    if let Some((unknown, possible)) = message.split_once(" in component call.") {
        // In the order of a hash map.
        let names = |text: &str| quoted(text).map(str::to_owned).collect::<BTreeSet<_>>();
        let sorted = |text: &str| names(text).into_iter().collect();
        return Fault::UnknownArguments { unknown: sorted(unknown), possible: sorted(possible) };
    }
    if message.starts_with("`+` requires both operands to be numbers") {
        return Fault::SumOfTexts { message: sentence(message) };
    }
    Fault::Other(sentence(message))
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A sentence of Tera's as plimsoll writes: it begins in lower case, has no full stop, and names types as templates do.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    let lowered = match (chars.next(), chars.clone().next()) {
        // Leave `ID` and the like alone.
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    };
    plain_types(&lowered)
}

/// Types as templates call them.
fn plain_types(text: &str) -> String {
    TYPES.iter().fold(text.to_owned(), |text, (rust, plain)| text.replace(rust, plain))
}

const TYPES: [(&str, &str); 8] = [
    ("`&str`", "`string`"),
    ("`map/struct`", "`map`"),
    ("`array`", "`list`"),
    ("`i64`", "`integer`"),
    ("`u64`", "`integer`"),
    ("`i128`", "`integer`"),
    ("`usize`", "`integer`"),
    ("`f64`", "`float`"),
];

/// Begins an error of plimsoll's own functions and filters. Tera hands on nothing but its text: what else is known
/// follows the message, each behind a [`SEPARATOR`].
const REFUSED: char = '\u{1c}';

/// The same, for a value that is not there.
const ABSENT_VALUE: char = '\u{1d}';

/// The same, for a path that leads nowhere.
const ABSENT_PATH: char = '\u{1e}';

const SEPARATOR: char = '\u{1f}';

/// The error of a function or a filter that does not go on.
pub(super) fn refused(message: impl std::fmt::Display) -> Error {
    Error::message(format!("{REFUSED}{message}"))
}

/// The same, with what to do about it.
pub(super) fn refused_with_help(message: &str, help: &str) -> Error {
    Error::message(format!("{REFUSED}{message}{SEPARATOR}{help}"))
}

/// The error of a function or a filter for a value that is not there, if no more is known.
pub(super) fn absent() -> Error {
    Error::message(ABSENT_VALUE)
}

/// The error for a path that leads nowhere: a message, its help, and the name if that alone is not defined.
pub(super) fn undefined_path(message: &str, help: Option<&str>, name: Option<&str>) -> Error {
    let (help, name) = (help.unwrap_or_default(), name.unwrap_or_default());
    Error::message(format!("{ABSENT_PATH}{message}{SEPARATOR}{help}{SEPARATOR}{name}"))
}

/// An error about an argument of a function or a filter. Tera's own would be taken for one about the value that the
/// filter is for.
pub(super) fn argument_error(name: &str, error: Error) -> Error {
    let ErrorKind::InvalidArgument { expected_type, actual_type } = error.kind() else { return error };
    let actual = plain_types(&format!("`{actual_type}`"));
    let expected = plain_types(&format!("`{expected_type}`"));
    let message = format!("`{name}` expects a value of type {expected}, but this is of type {actual}");
    let begin = if actual == UNDEFINED { ABSENT_VALUE } else { REFUSED };
    Error::message(format!("{begin}{message}"))
}

/// The fault in an error of plimsoll's own functions.
fn parse_refusal(message: &str) -> Option<Fault> {
    let mut parts = message.get(1..)?.split(SEPARATOR).map(str::to_owned);
    let text = parts.next()?;
    let mut more = || parts.next().filter(|part| !part.is_empty());
    match message.chars().next()? {
        REFUSED => Some(Fault::Refused { message: text, help: more() }),
        ABSENT_VALUE => Some(Fault::Undefined { message: Some(text).filter(|text| !text.is_empty()) }),
        ABSENT_PATH => Some(Fault::UndefinedPath { message: text, help: more(), name: more() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tera::{Context, Kwargs, State, Tera, TeraResult, Value};

    fn add(templates: &[(&str, &str)]) -> Result<Tera, Error> {
        let mut tera = Tera::new();
        tera.register_function("refuse", |_: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            Err(refused_with_help("No.", "ask again"))
        });
        tera.register_function("miss", |_: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            Err(undefined_path("`x` is not defined", None, Some("x")))
        });
        tera.register_filter("wide", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            args.get::<usize>("width").map_err(|error| argument_error("width", error))?;
            Ok(value.clone())
        });
        tera.add_raw_templates(templates.iter().copied())?;
        Ok(tera)
    }

    fn error(template: &str) -> Error {
        let mut context = Context::new();
        context.insert("map", &std::collections::BTreeMap::from([("a", 1)]));
        context.insert("text", "x");
        let tera = match add(&[("t", template)]) {
            Ok(tera) => tera,
            Err(error) => return error,
        };
        tera.render("t", &context).expect_err(template)
    }

    fn find_fault(template: &str) -> Fault {
        failure(&error(template)).fault
    }

    fn sign(sign: &str) -> Part {
        Part::Sign(sign.to_owned())
    }

    #[test]
    fn faults_of_syntax_are_recognised() {
        for (template, expected) in [
            ("{% macro a %}", Fault::UnknownStatement),
            ("{{ a & b }}", Fault::UnexpectedCharacter),
            ("{{ a.b() }}", Fault::MethodCall),
            ("{{ <a> }}", Fault::ComponentWithoutContent),
            ("{{ 99999999999999999999999999999999999999999999 }}", Fault::LargeInteger),
        ] {
            assert_eq!(find_fault(template), expected, "{template}");
        }
        for (template, found, expected) in [
            ("{{ a || b }}", sign("|"), Part::Name),
            ("{{ f(1) }}", Part::Other("integer".to_owned()), Part::Name),
            ("{{ f(a) }}", sign(")"), sign("=")),
            ("{{ (a b) }}", Part::Other("identifier".to_owned()), sign(")")),
            ("{{ a b }}", Part::Other("identifier".to_owned()), sign("}}")),
            ("{% if a = b %}{% endif %}", sign("="), sign("%}")),
            ("{% for a b %}", Part::Other("identifier".to_owned()), sign("in")),
            ("{{ <a (b=1) /> }}", sign("("), Part::CallEnd),
        ] {
            assert_eq!(find_fault(template), Fault::Unexpected { found, expected }, "{template}");
        }
        for (template, sign) in [("{{ .a }}", "."), ("{{ !a }}", "!"), ("{{ () }}", ")")] {
            let Fault::Unexpected { found, expected: Part::Operand(_) } = find_fault(template) else {
                panic!("{template}")
            };
            assert!(found.is(sign), "{template}");
        }
        assert_eq!(broken_template(&error("{{ a")), Some("t"));
        assert_eq!(broken_template(&error("{{ a }}")), None);
    }

    #[test]
    fn faults_of_rendering_are_recognised() {
        let name = |name: &str, is_field, known: &[&str]| Fault::UndefinedName {
            name: name.to_owned(),
            is_field,
            known: known.iter().map(|known| (*known).to_owned()).collect(),
        };
        assert_eq!(find_fault("{{ map.b.c }}"), name("b", true, &["a"]));
        assert_eq!(find_fault("{{ map.b }}"), name("b", true, &["a"]));
        assert_eq!(find_fault("{{ map[\"b\"].c }}"), name("c", true, &[]));
        assert_eq!(find_fault("{{ nope }}"), name("nope", false, &["map", "text"]));
        let absent = |template: &str| matches!(find_fault(template), Fault::Undefined { .. });
        for template in [
            "{{ nope[0] }}",
            "{{ text[nope] }}",
            "{{ nope[1:] }}",
            "{{ text[nope:] }}",
            "{{ text[:nope] }}",
            "{{ text[::nope] }}",
            "{{ nope | upper }}",
            "{{ nope + 1 }}",
            "{{ nope < 1 }}",
            "{{ text | wide(width=nope) }}",
            "{% for x in nope %}{% endfor %}",
        ] {
            assert!(absent(template), "{template}: {:?}", find_fault(template));
        }
        let input = Fault::Input { expected: "`string`".to_owned(), found: "`map`".to_owned() };
        assert_eq!(find_fault("{{ map | upper }}"), input);
        assert!(matches!(find_fault("{{ text + text }}"), Fault::SumOfTexts { .. }));
        let message = "`width` expects a value of type `integer`, but this is of type `string`".to_owned();
        assert_eq!(find_fault("{{ text | wide(width=\"x\") }}"), Fault::Refused { message, help: None });
    }

    #[test]
    fn faults_of_components_are_recognised() {
        let component = "{% component c(a: string, b=1) %}{{ a }}{% endcomponent %}";
        let call = |call: &str| find_fault(&format!("{component}{{{{ {call} }}}}"));
        assert!(matches!(call("<c a={nope} />"), Fault::UndefinedArgument { name, .. } if name == "a"));
        let unknown = |unknown: &[&str], possible: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Fault::UnknownArguments { unknown: owned(unknown), possible: owned(possible) }
        };
        assert_eq!(call("<c a=\"x\" d=\"y\" />"), unknown(&["d"], &["a", "b"]));
        let none = find_fault("{% component c() %}x{% endcomponent %}{{ <c d={1} e={2} /> }}");
        assert_eq!(none, unknown(&["d", "e"], &[]));
        assert_eq!(
            find_fault("{% component c() %}{{ <c/> }}{% endcomponent %}{{ <c/> }}"),
            Fault::EndlessComponents
        );
        let nested = "{% component i(x) %}{{ x.y.z }}{% endcomponent %}\n\
                      {% component o(x) %}\n  {{ <i x={x} /> }}{% endcomponent %}\n{{ <o x={map} /> }}";
        let failure = failure(&error(nested));
        assert_eq!(
            failure.fault,
            Fault::UndefinedName { name: "y".to_owned(), is_field: true, known: vec!["a".to_owned()] }
        );
        let callers: Vec<Position> = failure.callers.into_iter().map(|caller| caller.position).collect();
        assert_eq!(callers, [Position::Line(3, 5), Position::Line(4, 3)]);
    }

    #[test]
    fn own_errors_keep_their_words() {
        let refused = Fault::Refused { message: "No.".to_owned(), help: Some("ask again".to_owned()) };
        assert_eq!(find_fault("{{ refuse() }}"), refused);
        let message = "`x` is not defined".to_owned();
        let name = Some("x".to_owned());
        assert_eq!(find_fault("{{ miss() }}"), Fault::UndefinedPath { message, help: None, name });
        assert_eq!(failure(&absent()).fault, Fault::Undefined { message: None });
    }

    #[test]
    fn all_unknown_names_are_reported_with_their_places() {
        let text = "{{ a | no }}\n{{ no() }}{% if a is no %}{% endif %}\n {{ <no/> }}{% include \"no\" %}";
        let reported: Vec<_> = failures(&error(text))
            .into_iter()
            .map(|failure| match (failure.fault, failure.place) {
                (Fault::Unknown { what, name }, Some(Locus { position, .. })) => {
                    assert_eq!(name, "no");
                    (what, position)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            (Named::Filter, Position::Line(1, 7)),
            (Named::Function, Position::Line(2, 3)),
            (Named::Test, Position::Line(2, 21)),
            (Named::Component, Position::Line(3, 4)),
            (Named::Template, Position::Line(3, 23)),
        ];
        assert_eq!(reported, expected);
    }

    #[test]
    fn circles_of_templates_are_recognised() {
        let fault = |templates: &[(&str, &str)]| failure(&add(templates).unwrap_err()).fault;
        let names = |names: [&str; 3]| names.map(str::to_owned).to_vec();
        assert_eq!(
            fault(&[("a", "{% include \"b\" %}"), ("b", "{% include \"a\" %}")]),
            Fault::IncludeCircle(names(["a", "b", "a"]))
        );
        assert!(matches!(
            fault(&[("a", "{% extends \"b\" %}"), ("b", "{% extends \"a\" %}")]),
            Fault::ExtendCircle(_)
        ));
        let missing = Fault::MissingParent { template: "a".to_owned(), parent: "b".to_owned() };
        assert_eq!(fault(&[("a", "{% extends \"b\" %}")]), missing);
    }

    #[test]
    fn tera_knows_the_names_that_are_listed() {
        let bare = |signature: &str| signature.split('(').next().unwrap_or_default().to_owned();
        let filters = TERA_FILTERS.iter().map(|filter| format!("{{{{ a | {} }}}}", bare(filter)));
        let functions = TERA_FUNCTIONS.iter().map(|function| format!("{{{{ {}() }}}}", bare(function)));
        let tests = TERA_TESTS.iter().map(|test| format!("{{{{ a is {test} }}}}"));
        let all: String = filters.chain(functions).chain(tests).collect();
        add(&[("t", &all)]).unwrap();
        for statement in STATEMENTS {
            let fault =
                add(&[("t", &format!("{{% {statement} %}}"))]).err().map(|error| failure(&error).fault);
            // What closes or continues a block is a statement inside one only.
            let continues = statement.starts_with("end") || ["elif", "else"].contains(statement);
            assert!(continues || fault != Some(Fault::UnknownStatement), "{statement}");
        }
    }

    #[test]
    fn blocks_nest_as_deep_as_expected() {
        let nested = |depth: usize| {
            let text = format!("{}{}", "{% if true %}".repeat(depth), "{% endif %}".repeat(depth));
            add(&[("t", &text)]).is_ok()
        };
        assert!(nested(MAX_BLOCKS) && !nested(MAX_BLOCKS + 1));
    }

    #[test]
    fn hidden_variables_are_there() {
        let text = format!(
            "{{% for x in [7, 8] %}}{{{{ {INNERMOST_TURN} }}}}{{% endfor %}}{{{{ {WHOLE_CONTEXT}.a }}}}"
        );
        let mut context = Context::new();
        context.insert("a", &1);
        assert_eq!(add(&[("t", &text)]).unwrap().render("t", &context).unwrap(), "011");
    }

    /// By their addresses values are followed to where they came from.
    #[test]
    fn collections_are_shared_whatever_variable_holds_them() {
        let mut tera = Tera::new();
        let address = |value: &Value| {
            let map = value.as_map().map(|map| std::ptr::from_ref(map).addr());
            map.or_else(|| value.as_array().map(|list| list.as_ptr().addr())).unwrap_or_default()
        };
        tera.register_filter("at", move |value: &Value, _: Kwargs, _: &State<'_>| address(value).to_string());
        let text = "{% component c(a) %}{{ a | at }} {% endcomponent %}{{ m.inner | at }} {% set x = m.inner %}{{ x | at }} \
                    {% for e in [m.inner] %}{{ e | at }} {% endfor %}{{ <c a={m.inner} /> }}";
        tera.add_raw_template("t", text).unwrap();
        let mut context = Context::new();
        context.insert("m", &serde_json::json!({"inner": {"a": [1]}}));
        let rendered = tera.render("t", &context).unwrap();
        let found: Vec<&str> = rendered.split_whitespace().collect();
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|at| *at == found[0]), "{rendered}");
    }
}
