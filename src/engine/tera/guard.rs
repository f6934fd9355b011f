//! Where an expression can multiply what it works on, and the filters that are put there to count it.
//!
//! Tera's operators know no bounds: `~` makes a text of two, a list holds another as often as it likes, a comprehension
//! turns once for every item. So the rewriter puts filters of plimsoll's own behind their operands, which hand the value
//! on as it is and count it against the [budget](super::budget).

use super::budget::TURN;
use super::lexer::{Kind, Lexeme, Lexer, OPERATORS};
use std::iter::Peekable;

/// Counts the text that an operand of `~` becomes.
const TEXT: &str = " | __text";
/// Counts the work of comparing with an operand, or of looking through it.
const SEARCHED: &str = " | __searched";
/// Refuses collections that hold more than can be written.
const HELD: &str = " | __held";

/// Text to insert before a byte.
pub(super) type Insertion = (usize, String);

/// What to insert into an expression, in the order of the bytes. `None` if it is not an expression: Tera reports it.
pub(super) fn guard_expression(text: &str) -> Option<Vec<Insertion>> {
    if may_multiply(text) { Scanner::new(text, Expects::Operand).scan() } else { Some(Vec::new()) }
}

/// Whether an expression holds a character of an operator that is counted.
fn may_multiply(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphanumeric());
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'~' | b'[' | b'{' | b'<' | b'>' => true,
        b'|' => {
            let name = text[at + 1..].trim_start();
            let end = name.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(name.len());
            WALKING_FILTERS.contains(&&name[..end])
        }
        b'=' => at > 0 && matches!(bytes[at - 1], b'=' | b'!'),
        b'n' => at > 1 && bytes[at - 1] == b'i' && !is_word(at - 2) && !is_word(at + 1),
        // `is containing`, `is starting_with`, `is ending_with`
        b'g' => bytes[..at].ends_with(b"in"),
        _ => false,
    })
}

/// The same for the text after a `|`: the name of a filter, its arguments and anything else that follows.
pub(super) fn guard_filters(text: &str) -> Vec<Insertion> {
    Scanner::new(text, Expects::Name).scan().unwrap_or_default()
}

/// The paths that an expression reads, `values.image.tag`, each with the byte where it begins and its names. Those that may
/// lead nowhere are left out: what is asked for with `?.`, is tested or has a default.
pub(super) fn paths(expression: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let mut lexemes = Lexer::new(expression).peekable();
    let mut before = "";
    std::iter::from_fn(move || {
        loop {
            let lexeme = lexemes.next()?;
            let is_name = matches!(std::mem::replace(&mut before, lexeme.text), "|" | "." | "?." | "is");
            let is_operator = lexeme.text == "is" || OPERATORS.contains(&lexeme.text);
            if lexeme.kind != Kind::Word || is_name || is_operator {
                continue;
            }
            let mut path = vec![lexeme.text];
            while lexemes.next_if(|next| next.text == ".").is_some() {
                path.extend(lexemes.next_if(|next| next.kind == Kind::Word).map(|name| name.text));
            }
            let behind = expression[lexeme.start..].get(path.join(".").len()..).unwrap_or_default();
            let mut behind = Lexer::new(behind).map(|lexeme| lexeme.text);
            match (behind.next(), behind.next()) {
                (Some("(" | "=" | "?." | "?[" | "is"), _) | (Some("|"), Some("default")) => {}
                _ => return Some((lexeme.start, path)),
            }
        }
    })
}

/// The texts that an expression gives to `tpl` and that are nothing but a path: where the arguments begin, and the path.
pub(super) fn find_tpl_texts(expression: &str) -> Vec<(usize, &str)> {
    let lexemes: Vec<Lexeme<'_>> = Lexer::new(expression).collect();
    let call = |at: usize| {
        let [tpl, open, rest @ ..] = &lexemes[at..] else { return None };
        if tpl.text != "tpl" || open.text != "(" || tpl.kind != Kind::Word {
            return None;
        }
        let [name, is, rest @ ..] = rest else { return None };
        if name.text != "text" || is.text != "=" {
            return None;
        }
        let length = rest.iter().take_while(|lexeme| lexeme.kind == Kind::Word || lexeme.text == ".").count();
        let (path, rest) = rest.split_at(length);
        let ends = rest.first().is_some_and(|next| matches!(next.text, "," | ")"));
        Some((open.end(), &expression[path.first()?.start..path.last()?.end()])).filter(|_| ends)
    };
    (0..lexemes.len()).filter_map(call).collect()
}

/// Whether an expression makes nothing large: it leads to a value that is there, calculates, or takes something out of
/// another. What else is no expression counts as such, for Tera to say why.
pub(super) fn is_small(text: &str) -> bool {
    // What stands before the current lexeme, and before that.
    let (mut before, mut last) = ("", "");
    for lexeme in Lexer::new(text) {
        let small = match (lexeme.kind, lexeme.text) {
            (Kind::Word, name) => last != "|" || SMALL_FILTERS.contains(&name),
            // The arguments of a filter or of a test, or a group; a function may make anything.
            (Kind::Mark, "(") => {
                let calls = last.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
                !calls || matches!(before, "|" | "is" | "not") || OPERATORS.contains(&last)
            }
            (Kind::Mark, "~" | "[" | "?[" | "{" | "<") => false,
            _ => true,
        };
        if !small {
            return false;
        }
        (before, last) = (last, lexeme.text);
    }
    true
}

/// Filters that make nothing larger than what they are given.
const SMALL_FILTERS: [&str; 16] = [
    "abs",
    "default",
    "first",
    "float",
    "get",
    "int",
    "last",
    "length",
    "nth",
    "omit_empty",
    "required",
    "round",
    "sha256",
    "trim",
    "trunc",
    "wordcount",
];

/// Tera's own filters that go through what they are given without making more of it; plimsoll's count for themselves.
const WALKING_FILTERS: [&str; 20] = [
    "capitalize",
    "escape",
    "escape_html",
    "escape_xml",
    "group_by",
    "keys",
    "lower",
    "newlines_to_br",
    "pairs",
    "reverse",
    "sort",
    "title",
    "trim",
    "trim_end",
    "trim_start",
    "truncate",
    "upper",
    "values",
    "wordcount",
    "length",
];

/// Where the collection begins in `for x in collection`, `for k, v in collection`.
pub(super) fn collection(header: &str) -> Option<usize> {
    Lexer::new(header)
        .take_while(|lexeme| lexeme.kind == Kind::Word || lexeme.text == ",")
        .find(|l| l.text == "in")
        .map(|l| l.end())
}

/// How many parentheses are open at the end of an expression that may go on.
pub(super) fn unclosed(expression: &str) -> usize {
    Lexer::new(expression).fold(0, |open: usize, lexeme| match lexeme.text {
        "(" => open + 1,
        ")" => open.saturating_sub(1),
        _ => open,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    Operand,
    /// What may follow an operand.
    Operator,
    /// The name of an attribute, a filter or a test.
    Name,
}

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// The expression as a whole.
    All,
    /// `(`: grouped, or the arguments of a call.
    Paren,
    /// A list or a comprehension.
    List,
    Map,
    /// `x[`.
    Subscript,
    /// `<name`: its attributes.
    Component,
    /// `a={` among them.
    Attribute,
}

#[derive(Debug)]
struct Open {
    by: Bracket,
    /// Behind the bracket.
    start: usize,
    /// Whether it holds a name: what holds none is as long as it is written.
    names: bool,
    /// Whether the operand so far is a literal.
    literal: bool,
    /// The filter that goes behind the operand.
    pending: Option<&'static str>,
    /// The steps of one turn of the comprehension whose collection is being read.
    turn: Option<usize>,
}

impl Open {
    fn new(by: Bracket, start: usize) -> Self {
        Self { by, start, names: false, literal: false, pending: None, turn: None }
    }
}

struct Scanner<'t> {
    lexemes: Peekable<Lexer<'t>>,
    length: usize,
    expects: Expects,
    open: Vec<Open>,
    /// The end of the last lexeme.
    end: usize,
    found: Vec<Insertion>,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, expects: Expects) -> Self {
        Self {
            lexemes: Lexer::new(text).peekable(),
            length: text.trim_end().len(),
            expects,
            open: vec![Open::new(Bracket::All, 0)],
            end: 0,
            found: Vec::new(),
        }
    }

    /// `None` if this is not an expression.
    fn scan(mut self) -> Option<Vec<Insertion>> {
        while let Some(lexeme) = self.lexemes.next() {
            if self.open.last()?.by == Bracket::Component {
                self.attribute(lexeme)?;
            } else {
                match self.expects {
                    Expects::Operand => self.operand(lexeme)?,
                    Expects::Operator => self.operator(lexeme)?,
                    Expects::Name => match lexeme.text {
                        "not" => {}
                        _ if lexeme.kind == Kind::Word => self.expects = Expects::Operator,
                        _ => return None,
                    },
                }
            }
            self.end = lexeme.end();
        }
        self.end = self.end.min(self.length);
        self.finish()?;
        if self.open.len() != 1 || self.expects != Expects::Operator {
            return None;
        }
        self.found.sort_by_key(|(at, _)| *at);
        Some(self.found)
    }

    fn operand(&mut self, lexeme: Lexeme<'t>) -> Option<()> {
        match (lexeme.kind, lexeme.text) {
            (Kind::Literal, _) => self.finish_operand(true)?,
            (Kind::Word, "not") | (Kind::Mark, "-" | "...") => {}
            (Kind::Word, "true" | "True" | "false" | "False" | "none" | "None" | "null") => {
                self.finish_operand(true)?;
            }
            (Kind::Word, _) => {
                self.named();
                self.finish_operand(false)?;
            }
            (Kind::Mark, "(") => self.open(Bracket::Paren, lexeme),
            (Kind::Mark, "[") => self.open(Bracket::List, lexeme),
            (Kind::Mark, "{") => self.open(Bracket::Map, lexeme),
            (Kind::Mark, "<") => {
                self.named();
                self.open(Bracket::Component, lexeme);
            }
            // Empty, or a comma before it.
            (Kind::Mark, ")" | "]" | "}") => self.close(lexeme)?,
            // `x[:2]`
            (Kind::Mark, ":") if self.open.last()?.by == Bracket::Subscript => {}
            _ => return None,
        }
        Some(())
    }

    fn operator(&mut self, lexeme: Lexeme<'t>) -> Option<()> {
        match lexeme.text {
            "." | "?." | "|" => {
                if lexeme.text == "|"
                    && let Some(filter) = self.lexemes.peek()
                    && WALKING_FILTERS.contains(&filter.text)
                {
                    self.found.push((self.end, SEARCHED.to_owned()));
                }
                self.open.last_mut()?.literal = false;
                self.expects = Expects::Name;
                return Some(());
            }
            "[" | "?[" => {
                self.open(Bracket::Subscript, lexeme);
                return Some(());
            }
            "(" => {
                self.open(Bracket::Paren, lexeme);
                return Some(());
            }
            _ => {}
        }
        let guarded = self.open.last()?.pending.is_some() || self.open.last()?.literal;
        self.finish()?;
        match lexeme.text {
            ")" | "]" | "}" => self.close(lexeme)?,
            "~" => {
                if !guarded {
                    self.found.push((self.end, TEXT.to_owned()));
                }
                self.expect_operand(Some(TEXT))?;
            }
            "in" | "==" | "!=" | "<" | ">" | "<=" | ">=" => self.expect_operand(Some(SEARCHED))?,
            "is" => {
                let test = self.lexemes.clone().find(|lexeme| lexeme.text != "not")?.text;
                if !guarded && matches!(test, "containing" | "starting_with" | "ending_with") {
                    self.found.push((self.end, SEARCHED.to_owned()));
                }
                self.expects = Expects::Name;
            }
            "for" => self.comprehension(lexeme)?,
            "not" => {}
            "if" => {
                self.collection_ends()?;
                self.expect_operand(None)?;
            }
            "else" | "and" | "or" | "+" | "-" | "*" | "/" | "//" | "%" | "**" | "," | ":" | "=" => {
                self.expect_operand(None)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// One lexeme among the attributes of a component.
    fn attribute(&mut self, lexeme: Lexeme<'t>) -> Option<()> {
        match lexeme.text {
            "{" => {
                self.open(Bracket::Attribute, lexeme);
            }
            ">" => {
                self.open.pop();
                self.finish_operand(false)?;
            }
            "/" | "=" | "." => {}
            _ if lexeme.kind != Kind::Mark => {}
            _ => return None,
        }
        Some(())
    }

    /// `for x in`, `for k, v in` of a comprehension.
    fn comprehension(&mut self, lexeme: Lexeme<'t>) -> Option<()> {
        let list = self.open.last_mut()?;
        if list.by != Bracket::List || list.turn.is_some() {
            return None;
        }
        list.turn = Some(steps_per_turn(lexeme.start - list.start));
        loop {
            let lexeme = self.lexemes.next()?;
            if lexeme.text == "in" {
                self.found.push((self.lexemes.peek()?.start, "(".to_owned()));
                return self.expect_operand(None);
            }
        }
    }

    /// The collection of a comprehension, if one is being read, ends here.
    fn collection_ends(&mut self) -> Option<()> {
        if let Some(turn) = self.open.last_mut()?.turn.take() {
            self.found.push((self.end, count_loop(turn, 0)));
        }
        Some(())
    }

    fn open(&mut self, by: Bracket, lexeme: Lexeme<'t>) {
        self.open.push(Open::new(by, lexeme.end()));
        self.expects = Expects::Operand;
    }

    fn close(&mut self, lexeme: Lexeme<'t>) -> Option<()> {
        self.collection_ends()?;
        let closed = self.open.pop()?;
        let fits = match closed.by {
            Bracket::Paren => lexeme.text == ")",
            Bracket::List | Bracket::Subscript => lexeme.text == "]",
            Bracket::Map | Bracket::Attribute => lexeme.text == "}",
            Bracket::All | Bracket::Component => false,
        };
        if !fits {
            return None;
        }
        match closed.by {
            Bracket::List | Bracket::Map => {
                self.finish_operand(!closed.names)?;
                // What only one of its entries is taken from is not kept.
                let taken = self.lexemes.peek().is_some_and(|next| matches!(next.text, "[" | "?["));
                if closed.names && !taken {
                    self.found.push((lexeme.end(), HELD.to_owned()));
                }
            }
            Bracket::Attribute => {}
            _ => self.finish_operand(false)?,
        }
        Some(())
    }

    /// Ends an operand; filters or operators may follow.
    fn finish_operand(&mut self, literal: bool) -> Option<()> {
        self.open.last_mut()?.literal = literal;
        self.expects = Expects::Operator;
        Some(())
    }

    /// Expects an operand, and then a filter.
    fn expect_operand(&mut self, pending: Option<&'static str>) -> Option<()> {
        self.open.last_mut()?.pending = pending;
        self.expects = Expects::Operand;
        Some(())
    }

    /// The operand so far is over.
    fn finish(&mut self) -> Option<()> {
        let open = self.open.last_mut()?;
        if let Some(filter) = open.pending.take()
            && !open.literal
        {
            self.found.push((self.end, filter.to_owned()));
        }
        Some(())
    }

    /// All that is open holds a name.
    fn named(&mut self) {
        for open in &mut self.open {
            open.names = true;
        }
    }
}

/// The steps of one iteration over so many bytes of a template.
pub(super) fn steps_per_turn(length: usize) -> usize {
    TURN + length / 32
}

/// What follows the collection of a loop, behind a parenthesis that is open: it counts the turns of so many steps, each
/// of which writes so many bytes of the template.
pub(super) fn count_loop(turn: usize, text: usize) -> String {
    format!(") | __looped(turn={turn}, text={text})")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expression with what is inserted.
    fn guard(text: &str) -> String {
        let mut out = String::new();
        let mut from = 0;
        for (at, inserted) in guard_expression(text).unwrap_or_default() {
            out += &text[from..at];
            out += &inserted;
            from = at;
        }
        out + &text[from..]
    }

    #[test]
    fn paths_are_what_an_expression_reads() {
        for (text, expected) in [
            ("a.b > 1 and not c", "a.b c"),
            ("x | f(n=a.b) | g", "x a.b"),
            ("f(a=b, c=\"d\" ~ e)[h.i].j", "b e h.i"),
            ("a | default(value=b) + c?.d - e is defined", "b"),
            ("a == b", "a b"),
        ] {
            let found: Vec<String> = paths(text).map(|(_, path)| path.join(".")).collect();
            assert_eq!(found.join(" "), expected, "{text}");
            assert!(paths(text).all(|(at, path)| text[at..].starts_with(path[0])), "{text}");
        }
    }

    #[test]
    fn operands_that_multiply_are_counted() {
        for (text, expected) in [
            ("values.a.b", "values.a.b"),
            ("a ~ \"-\" ~ b.c", "a | __text ~ \"-\" ~ b.c | __text"),
            ("(a ~ b[0]) | upper", "(a | __text ~ b[0] | __text) | __searched | upper"),
            ("a | f(x=b ~ c) ~ d", "a | f(x=b | __text ~ c | __text) | __text ~ d | __text"),
            ("[1, \"x\"]", "[1, \"x\"]"),
            ("[x, [x]]", "[x, [x] | __held] | __held"),
            ("{\"a\": x, ...y}", "{\"a\": x, ...y} | __held"),
            ("[a, b][0]", "[a, b][0]"),
            ("[x.y for x in list]", "[x.y for x in (list) | __looped(turn=4, text=0)] | __held"),
            (
                "[v for k, v in m | pairs if v == w]",
                "[v for k, v in (m | __searched | pairs) | __looped(turn=4, text=0) if v == w | __searched] | __held",
            ),
            ("a in [b, c] and d not in e", "a in [b, c] | __held | __searched and d not in e | __searched"),
            ("a == \"x\" or b != c", "a == \"x\" or b != c | __searched"),
            ("x if a else b ~ c", "x if a else b | __text ~ c | __text"),
            (
                "a is not containing(b) and c is defined",
                "a | __searched is not containing(b) and c is defined",
            ),
            (
                "<k8s.card a={[x]} b=\"y\" c {...r} /> | to_yaml",
                "<k8s.card a={[x] | __held} b=\"y\" c {...r} /> | to_yaml",
            ),
            ("f(a={\"k\": x}, b=-1)", "f(a={\"k\": x} | __held, b=-1)"),
            ("s[1:] ~ s[:2] ~ `a]`", "s[1:] | __text ~ s[:2] | __text ~ `a]`"),
            ("a < b and c >= 3", "a < b | __searched and c >= 3"),
        ] {
            assert_eq!(guard(text), expected);
        }
    }

    #[test]
    fn what_is_no_expression_is_left_to_tera() {
        for text in ["", "a ~ (b", "a ~ b)", "a ~ ] b", "a ~ é", "[x for y in z", "(((", "\"a", "a.", "<a ~"]
        {
            assert_eq!(guard(text), text);
        }
    }

    #[test]
    fn what_is_made_of_much_is_told_from_what_is_not() {
        for text in [
            "values.a",
            " \"x\" ",
            "1 + n * (m - 1)",
            "a | default(value=b) | int",
            "a is divisible_by(divisor=2) and (b or not (c))",
            "a if b == \"x\" else c",
        ] {
            assert!(is_small(text), "{text}");
        }
        for text in [
            "a ~ b",
            "[a]",
            "{\"a\": b}",
            "a | upper",
            "f(x=1)",
            "a[1:]",
            "<c/>",
            "1 + f(x=1)",
            "a if f() else b",
        ] {
            assert!(!is_small(text), "{text}");
        }
    }
}
