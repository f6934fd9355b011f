//! Which templates a text defines, and which it names.

use std::ops::Range;

use super::lex::{Keyword, Token, TokenKind, tokens};
use super::literal::unquote;

/// What a text defines for others, and what it uses of theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// The templates that it defines.
    pub defined: Vec<Definition>,
    /// The texts in it that may be names of templates, in no particular way: every literal text, the names of its own
    /// definitions aside.
    pub named: Vec<String>,
    /// Whether it computes the name of a template, so that any may be meant.
    pub is_computed: bool,
}

/// A template that a text defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What it is called.
    pub name: String,
    /// The bytes of the text that name it, quotes aside.
    pub range: Range<usize>,
}

/// The definitions of a text, as far as it can be cut into tokens.
pub fn definitions(text: &str) -> Definitions {
    let mut found = Definitions::default();
    let tokens: Vec<Token> =
        tokens(text).into_iter().filter(|token| token.kind != TokenKind::Space).collect();
    for (at, token) in tokens.iter().enumerate() {
        let word = || &text[token.place.start as usize..token.place.end as usize];
        let next = tokens.get(at + 1);
        let name = next.and_then(|next| literal(text, next));
        match token.kind {
            TokenKind::Keyword(Keyword::Define | Keyword::Block) => {
                found.defined.extend(name.map(|(name, range)| Definition { name, range }));
            }
            TokenKind::Keyword(Keyword::Template) => found.is_computed |= name.is_none(),
            TokenKind::Identifier if word() == "include" => {
                let begins = |next: &Token| {
                    matches!(
                        next.kind,
                        TokenKind::LeftParen | TokenKind::Dot | TokenKind::Field | TokenKind::Variable
                    )
                };
                found.is_computed |= next.is_some_and(begins);
            }
            TokenKind::Quoted | TokenKind::Backquoted
                if !defines(at.checked_sub(1).map(|at| &tokens[at])) =>
            {
                let Some((literal, _)) = literal(text, token) else { continue };
                // It may be given to `tpl`.
                if literal.contains("{{") {
                    let inner = definitions(&literal);
                    found.named.extend(inner.named);
                    found.is_computed |= inner.is_computed;
                }
                found.named.push(literal);
            }
            _ => {}
        }
    }
    found
}

/// Whether a token says that a definition follows which is used nowhere by that.
fn defines(token: Option<&Token>) -> bool {
    token.is_some_and(|token| token.kind == TokenKind::Keyword(Keyword::Define))
}

/// The text of a literal, and the bytes between its quotes.
fn literal(text: &str, token: &Token) -> Option<(String, Range<usize>)> {
    let (start, end) = (token.place.start as usize, token.place.end as usize);
    let inner = start + 1..end.checked_sub(1)?;
    match token.kind {
        TokenKind::Quoted => {
            let unquoted = unquote(&text[start..end]).ok()?;
            Some((String::from_utf8(unquoted).ok()?, inner))
        }
        TokenKind::Backquoted => Some((text[inner.clone()].to_owned(), inner)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_definitions_are_not_uses() {
        let text = "{{/* \"no\" */}}{{- define \"a.b\" -}}{{ include \"c\" . }}{{ end }}{{ define `d` }}{{ end }}\n\
                    {{ template \"e\" . }}{{ block \"f\" . }}{{ end }}{{ dict \"t\" `g` }}{{ tpl \"{{ include \\\"h\\\" . }}\" . }}";
        let found = definitions(text);
        let defined: Vec<&str> = found.defined.iter().map(|d| &text[d.range.clone()]).collect();
        assert_eq!(defined, ["a.b", "d", "f"]);
        assert!(found.defined.iter().zip(defined).all(|(definition, name)| definition.name == name));
        assert_eq!(found.named, ["c", "e", "f", "t", "g", "h", "{{ include \"h\" . }}"]);
        assert!(!found.is_computed);
    }

    #[test]
    fn computed_names_are_noticed() {
        for text in
            ["{{ include $x . }}", "{{ include (printf \"%s\" .a) . }}", "{{ tpl `{{ include .x . }}` . }}"]
        {
            assert!(definitions(text).is_computed, "{text}");
        }
        for text in ["{{/* include $x */}}", "include (a)", "{{ include \"x\" . }}", "{{ \"include $x\" }}"] {
            assert!(!definitions(text).is_computed, "{text}");
        }
    }

    #[test]
    fn what_is_no_template_defines_nothing() {
        assert_eq!(definitions("{{ define \"a"), Definitions::default());
    }
}
