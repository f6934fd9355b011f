//! The tags of a template: where they stand, what each does to the text around it, and what stands in them.

use super::lexer::{Kind, Lexer, OPERATORS};
use crate::diag::{Diagnostic, SourceId, Span};

/// A piece of a template, by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// Literal text.
    Text(usize, usize),
    /// `{{ .. }}`, with the bytes of the expression.
    Expression { start: usize, end: usize, inner: (usize, usize) },
    /// `{% .. %}`, with the bytes between the delimiters.
    Statement { start: usize, end: usize, inner: (usize, usize) },
    /// `{# .. #}`.
    Comment(usize, usize),
    /// `{% raw %} .. {% endraw %}` as a whole, and what stands between.
    Raw { start: usize, end: usize, inner: (usize, usize) },
}

impl Token {
    /// From its first byte to behind its last.
    pub(super) fn range(self) -> (usize, usize) {
        match self {
            Self::Text(start, end)
            | Self::Comment(start, end)
            | Self::Expression { start, end, .. }
            | Self::Statement { start, end, .. }
            | Self::Raw { start, end, .. } => (start, end),
        }
    }
}

/// A tag that is opened and never closed.
#[derive(Debug)]
pub(super) struct Unclosed {
    /// Its first byte.
    at: usize,
    what: &'static str,
    /// What would close it.
    close: &'static str,
}

/// The tokens of a template without what Tera would not see or not take.
pub(super) fn checked_tokens(source: SourceId, text: &str) -> Result<Vec<Token>, Diagnostic> {
    let tokens = tokenize(text).map_err(|Unclosed { at, what, close }| {
        Diagnostic::error(format!("{what} is never closed"))
            .at(Span::new(source, at, at + 2), "opened here")
            .help(format!("close it with `{close}`, or wrap literal braces in `{{% raw %}}..{{% endraw %}}`"))
    })?;
    for token in &tokens {
        if let Token::Expression { end, inner, .. } = *token
            && leaves_map_open(&text[inner.0..inner.1])
        {
            return Err(Diagnostic::error("`}}` ends the expression inside a map")
                .at(Span::new(source, end - 2, end), "here")
                .help("put a space between the two braces: `} }`"));
        }
    }
    Ok(tokens)
}

/// Splits a template into literal text and tags, as Tera's own lexer does.
pub(super) fn tokenize(text: &str) -> Result<Vec<Token>, Unclosed> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let next = find_tag(text, at).unwrap_or(bytes.len());
        if next > at {
            tokens.push(Token::Text(at, next));
        }
        if next == bytes.len() {
            break;
        }
        at = next;
        let unclosed = |what, close| Unclosed { at: next, what, close };
        match bytes[at + 1] {
            b'#' => {
                let Some(end) = text[at + 2..].find("#}").map(|found| at + 2 + found + 2) else {
                    return Err(unclosed("this comment", "#}"));
                };
                tokens.push(Token::Comment(at, end));
                at = end;
            }
            b'{' => {
                let Some(end) = find_close(bytes, at + 2, *b"}}") else {
                    return Err(unclosed("this expression", "}}"));
                };
                tokens.push(Token::Expression { start: at, end, inner: inside(bytes, at, end) });
                at = end;
            }
            _ => {
                let Some(end) = find_close(bytes, at + 2, *b"%}") else {
                    return Err(unclosed("this statement", "%}"));
                };
                let inner = inside(bytes, at, end);
                if text[inner.0..inner.1].trim() == "raw" {
                    let Some((body_end, raw_end)) = find_endraw(text, end) else {
                        return Err(unclosed("this `raw` block", "{% endraw %}"));
                    };
                    tokens.push(Token::Raw { start: at, end: raw_end, inner: (end, body_end) });
                    at = raw_end;
                } else {
                    tokens.push(Token::Statement { start: at, end, inner });
                    at = end;
                }
            }
        }
    }
    Ok(tokens)
}

/// The next tag that opens.
fn find_tag(text: &str, from: usize) -> Option<usize> {
    let opens = |at: &usize| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#'));
    text[from..].match_indices('{').map(|(at, _)| from + at).find(opens)
}

/// The end of the tag that is closed by `close`, skipping strings.
fn find_close(bytes: &[u8], from: usize, close: [u8; 2]) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            _ if bytes[at..].starts_with(&close) => return Some(at + 2),
            _ => at += 1,
        }
    }
    None
}

fn find_endraw(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let start = at + text[at..].find("{%")?;
        let rest = &text[start + 2..];
        let close = rest.find("%}")?;
        if rest[..close].trim_matches('-').trim() == "endraw" {
            return Some((start, start + 2 + close + 2));
        }
        at = start + 2;
    }
}

/// Whether more braces are opened than closed, outside of texts.
fn leaves_map_open(expression: &str) -> bool {
    let mut open = 0_i32;
    let mut quote = None;
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => drop(chars.next()),
            (Some(end), c) => quote = (c != end).then_some(end),
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{') => open += 1,
            (None, '}') => open -= 1,
            (None, _) => {}
        }
    }
    open > 0
}

/// The bytes between the delimiters, without the dashes of white-space control.
fn inside(bytes: &[u8], start: usize, end: usize) -> (usize, usize) {
    let from = start + 2 + usize::from(bytes.get(start + 2) == Some(&b'-') && start + 5 <= end);
    let to = end - 2 - usize::from(end >= from + 3 && bytes[end - 3] == b'-');
    (from, to.max(from))
}

/// What a statement does to the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Stands for text: `include`.
    Value,
    /// Opens a capture whose result stands where the capture is closed.
    OpensValue,
    /// Closes such a capture.
    ClosesValue,
    /// Opens a `set` block.
    OpensSet,
    /// Writes nothing.
    Silent,
}

/// The word that a statement begins with.
pub(super) fn first_word(statement: &str) -> &str {
    let end = statement.bytes().position(|byte| !(byte == b'_' || byte.is_ascii_alphanumeric()));
    &statement[..end.unwrap_or(statement.len())]
}

/// The path of names, `values.image.tag`, that a text ends in.
pub(super) fn last_path(text: &str) -> &str {
    &text[text.trim_end_matches(|c: char| c == '.' || is_word(c)).len()..]
}

/// The name that a text ends in.
pub(super) fn last_word(text: &str) -> &str {
    &text[text.trim_end_matches(is_word).len()..]
}

/// Whether a character may be part of a name.
pub(super) fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The component that a statement, `<name ..>` or `</name>`, opens or closes.
pub(super) fn component(statement: &str) -> &str {
    let rest = statement.trim_start_matches(['<', '/', ' ']);
    &rest[..rest.find(|c| !is_component(c)).unwrap_or(rest.len())]
}

/// Whether a character can stand in the name of a component.
fn is_component(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

pub(super) fn role(statement: &str) -> Role {
    let statement = statement.trim();
    match first_word(statement) {
        "include" => Role::Value,
        "filter" => Role::OpensValue,
        "endfilter" => Role::ClosesValue,
        "set" | "set_global" if !statement.contains('=') || is_set_block(statement) => Role::OpensSet,
        "" if statement.starts_with("</") => Role::ClosesValue,
        "" if statement.starts_with('<') => Role::OpensValue,
        _ => Role::Silent,
    }
}

/// The components that a tag calls, each with the byte of its `<`.
pub(super) fn calls(tag: &str) -> impl Iterator<Item = (usize, &str)> {
    tag.match_indices('<').filter_map(|(at, _)| Some((at, call_of(&tag[at..])?.component)))
}

/// The name in `include "name"` or `extends "name"`.
pub(super) fn included(statement: &str) -> Option<String> {
    let statement = statement.trim();
    let name = ["include", "extends"].iter().find_map(|word| statement.strip_prefix(word))?.trim_start();
    let quote = name.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    name[1..].split(quote).next().map(str::to_owned)
}

/// Whether `set x | filter(a=1)` opens a block: no `=` outside parentheses.
pub(super) fn is_set_block(statement: &str) -> bool {
    let mut depth = 0_usize;
    for c in statement.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '=' if depth == 0 => return false,
            _ => {}
        }
    }
    true
}

/// A byte range without the white space at its ends.
pub(super) fn trimmed(text: &str, (from, to): (usize, usize)) -> (usize, usize) {
    let inner = &text[from..to];
    let from = to - inner.trim_start().len();
    (from, from + inner.trim().len())
}

/// The names of a path.
pub(super) type Names = Vec<String>;

/// The names of an expression that is nothing but a path, filters that keep the value aside.
pub(super) fn path_of(expression: &str) -> Option<Names> {
    let head = expression.split('|').next()?.trim();
    let names: Names = head.split('.').map(str::to_owned).collect();
    let is_name = |name: &String| {
        !name.is_empty()
            && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    names.iter().all(is_name).then_some(names)
}

/// Every path of names in an expression whose value can be a part of the result: not the conditions.
pub(super) fn paths_in(expression: &str) -> Vec<Names> {
    let mut lexemes = Lexer::new(expression).peekable();
    let mut paths = Vec::new();
    // How deep the brackets are, and how deep they were at the `if` whose condition is read.
    let (mut depth, mut condition) = (0_usize, None);
    let mut before = "";
    while let Some(lexeme) = lexemes.next() {
        match (lexeme.kind, lexeme.text) {
            (Kind::Mark, "(" | "[" | "{") => depth += 1,
            (Kind::Mark, ")" | "]" | "}") => {
                depth = depth.saturating_sub(1);
                condition = condition.filter(|outer| *outer <= depth);
            }
            (Kind::Word, "if") => condition = Some(depth),
            (Kind::Word, "else") => condition = None,
            (Kind::Word, name) if !OPERATORS.contains(&name) && !matches!(before, "|" | ".") => {
                let mut names = vec![name.to_owned()];
                while lexemes.next_if(|next| next.text == ".").is_some() {
                    names.extend(
                        lexemes.next_if(|next| next.kind == Kind::Word).map(|next| next.text.to_owned()),
                    );
                }
                let is_value = !lexemes.peek().is_some_and(|next| matches!(next.text, "(" | "="));
                if is_value && condition.is_none() {
                    paths.push(names);
                }
            }
            _ => {}
        }
        before = lexeme.text;
    }
    paths
}

/// A component that is called.
#[derive(Debug)]
pub(super) struct Call<'t> {
    pub(super) component: &'t str,
    /// The arguments that are nothing but a path.
    pub(super) arguments: Vec<Argument<'t>>,
}

/// `name={values.path}`
#[derive(Debug)]
pub(super) struct Argument<'t> {
    pub(super) name: &'t str,
    pub(super) path: Names,
    /// Where the path begins, from the start of the call.
    pub(super) at: usize,
}

/// The component that an expression or statement calls, `<name a={values.x} b="y"/>`.
pub(super) fn call_of(expression: &str) -> Option<Call<'_>> {
    let inner = expression.strip_prefix('<')?;
    let component = component(expression);
    let mut rest = inner.strip_prefix(component)?;
    let mut arguments = Vec::new();
    while let Some(open) = rest.find("={") {
        let name = rest[..open].rsplit(|c| !is_component(c)).next().unwrap_or_default();
        rest = rest[open + 2..].trim_start();
        let at = expression.len() - rest.len();
        // What holds braces or quotes is more than a path anyway.
        let value = &rest[..rest.find('}').unwrap_or(rest.len())];
        arguments.extend(path_of(value).map(|path| Argument { name, path, at }));
    }
    (!component.is_empty()).then_some(Call { component, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tera writes nothing for the tags below, so what it renders is the text that is no tag.
    #[test]
    fn tags_end_where_tera_ends_them() {
        let mut tera = tera::Tera::new();
        tera.register_filter("none", |_: &tera::Value, _: tera::Kwargs, _: &tera::State<'_>| String::new());
        for text in [
            "a{{ '}}' | none }}b",
            "a{{ `%}` | none }}{% if \"%}\" %}b{% endif %} }}",
            "a{{ \"\\\"}}\" | none }}b",
            "{# {{ '#}x{# %} #}'",
            "{ {x} }{% raw %}{{ x }}{% y %}{# z #}{% endraw %}",
            "{{ {\"a\": {\"b\": 1} } | none }}c",
            "é{{ 'é' | none }}é",
        ] {
            let tokens = tokenize(text).unwrap();
            let literal = tokens.iter().map(|token| match *token {
                Token::Text(start, end) | Token::Raw { inner: (start, end), .. } => &text[start..end],
                _ => "",
            });
            let rendered = tera.render_str(text, &tera::Context::new(), false).unwrap();
            assert_eq!(rendered, literal.collect::<String>(), "{text}");
        }
        for text in ["{{ 'x }}", "{% if \"%}", "{# x", "{% raw %}{% endif %}", "{{ x"] {
            assert!(tokenize(text).is_err(), "{text}");
            assert!(tera.render_str(text, &tera::Context::new(), false).is_err(), "{text}");
        }
    }
}
