//! Turns tokens into a tree, resolving functions and variables on the way.

mod cursor;
mod error;
mod pipeline;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Action, Body, Branch, Command, Expr, File, Kind, Node, Pipe, Place, Splice, Template};
use crate::functions::Functions;
use crate::lex::{Keyword, TokenKind};
use cursor::Cursor;
pub use error::ParseError;
use error::{Result, error};
use pipeline::{Clause, PipelineParser, Scope};

/// Parses a text with its definitions. Function names are resolved here: one that Helm does not know is an error.
pub fn parse(text: Arc<str>) -> Result<File> {
    parse_with(text, Functions::Helm)
}

/// The same with the functions of another program.
pub fn parse_with(text: Arc<str>, functions: Functions) -> Result<File> {
    let mut parser = Parser {
        functions,
        cursor: Cursor::new(&text),
        scope: Scope::new(),
        ranges: 0,
        defines: Vec::new(),
        defined: BTreeMap::new(),
        names: BTreeMap::new(),
    };
    let mut body = Vec::new();
    loop {
        match parser.cursor.peek().kind {
            TokenKind::End => break,
            TokenKind::Open if parser.cursor.keyword_follows(Keyword::Define) => parser.define()?,
            _ => match parser.node()? {
                Piece::Node(node) => body.push(node),
                Piece::End(place) => return Err(error(place, "unexpected `{{end}}`: no block is open here")),
                Piece::Else(place) => {
                    return Err(error(place, "unexpected `{{else}}`: no block is open here"));
                }
            },
        }
    }
    let main = Arc::new(finish(&text, body, &parser.scope, Place { start: 0, end: 0 }));
    let defines = parser.defines;
    Ok(File { text, main, defines })
}

fn finish(text: &str, body: Vec<Node>, scope: &Scope, tag: Place) -> Template {
    let blank = body.iter().all(|node| match node {
        Node::Text(place) => text[place.start as usize..place.end as usize].trim().is_empty(),
        _ => false,
    });
    Template { body: body.into(), slots: scope.max_count, blank, tag }
}

struct Parser<'a> {
    functions: Functions,
    cursor: Cursor<'a>,
    scope: Scope,
    /// How many `range` blocks are open.
    ranges: usize,
    defines: Vec<(Arc<str>, Arc<Template>)>,
    /// Where the definition of each name is among them.
    defined: BTreeMap<Arc<str>, usize>,
    /// The names of fields, each once: a template says `.Values` hundreds of times.
    names: BTreeMap<&'a str, Arc<str>>,
}

/// The next part of a list of nodes, or its end.
enum Piece {
    Node(Node),
    End(Place),
    Else(Place),
}

impl Parser<'_> {
    fn pipeline(&mut self, clause: Clause) -> Result<Pipe> {
        let Self { functions, cursor, scope, names, .. } = self;
        PipelineParser { functions: *functions, cursor, scope, names }.pipeline(clause, TokenKind::Close)
    }

    /// `{{define "name"}} ... {{end}}`
    fn define(&mut self) -> Result<()> {
        let open = self.cursor.next();
        self.cursor.next_non_space();
        let (name, place) = self.cursor.name("define clause")?;
        let tag = open.place.to(self.cursor.close("define clause")?);
        let template = self.template(open.place, tag, "define")?;
        self.add(name, template, place)
    }

    /// The body of a definition up to its `end`, with variables of its own. `kind` is the keyword in `tag`, which begins with
    /// the delimiter at `open`.
    fn template(&mut self, open: Place, tag: Place, kind: &str) -> Result<Template> {
        let outer_scope = std::mem::replace(&mut self.scope, Scope::new());
        let outer_ranges = std::mem::take(&mut self.ranges);
        let (body, end) = self.list(open, kind)?;
        if let Some(place) = end {
            return Err(error(place, format!("unexpected `{{{{else}}}}` in {kind} clause")));
        }
        self.ranges = outer_ranges;
        let scope = std::mem::replace(&mut self.scope, outer_scope);
        Ok(finish(self.cursor.text(), body, &scope, tag))
    }

    fn add(&mut self, name: Arc<str>, template: Template, place: Place) -> Result<()> {
        let known = self.defined.get(&name).map(|index| &mut self.defines[*index].1);
        match known {
            Some(known) if known.blank => *known = Arc::new(template),
            Some(_) if template.blank => {}
            Some(_) => {
                return Err(error(place, format!("template `{name}` is defined twice in this file")));
            }
            None => {
                self.defined.insert(Arc::clone(&name), self.defines.len());
                self.defines.push((name, Arc::new(template)));
            }
        }
        Ok(())
    }

    /// Nodes up to the `end` or `else` that belongs to the block; the place of an `else`.
    fn list(&mut self, open: Place, context: &str) -> Result<(Vec<Node>, Option<Place>)> {
        self.cursor.enter(open)?;
        let mut nodes = Vec::new();
        loop {
            if self.cursor.peek().kind == TokenKind::End {
                let mut error = error(open, format!("`{context}` is never closed"));
                error.help = Some("add `{{ end }}`".to_owned());
                return Err(error);
            }
            match self.node()? {
                Piece::Node(node) => nodes.push(node),
                Piece::End(_) => {
                    self.cursor.leave();
                    return Ok((nodes, None));
                }
                Piece::Else(place) => {
                    self.cursor.leave();
                    return Ok((nodes, Some(place)));
                }
            }
        }
    }

    fn node(&mut self) -> Result<Piece> {
        let open = self.cursor.next();
        match open.kind {
            TokenKind::Text => return Ok(Piece::Node(Node::Text(open.place))),
            TokenKind::Open => {}
            _ => return Err(self.cursor.unexpected(open, "input")),
        }
        let token = self.cursor.peek_non_space();
        let TokenKind::Keyword(keyword) = token.kind else {
            return self.action(open.place).map(Piece::Node);
        };
        match keyword {
            Keyword::End => {
                self.cursor.next();
                self.cursor.close("end")?;
                Ok(Piece::End(open.place.to(token.place)))
            }
            // `else if` and `else with` are left for the block to see.
            Keyword::Else => {
                self.cursor.next();
                if !matches!(
                    self.cursor.peek_non_space().kind,
                    TokenKind::Keyword(Keyword::If | Keyword::With)
                ) {
                    self.cursor.close("else")?;
                }
                Ok(Piece::Else(open.place.to(token.place)))
            }
            Keyword::If | Keyword::With | Keyword::Range => {
                self.cursor.next();
                self.control(keyword, open.place).map(Piece::Node)
            }
            Keyword::Break | Keyword::Continue => {
                self.cursor.next();
                let word = if keyword == Keyword::Break { "break" } else { "continue" };
                let place = open.place.to(self.cursor.close(word)?);
                if self.ranges == 0 {
                    return Err(error(token.place, format!("`{{{{{word}}}}}` outside of `{{{{range}}}}`")));
                }
                let is_break = keyword == Keyword::Break;
                Ok(Piece::Node(if is_break { Node::Break(place) } else { Node::Continue(place) }))
            }
            Keyword::Template => {
                self.cursor.next();
                let (name, _) = self.cursor.name("template clause")?;
                let pipe = match self.cursor.peek_non_space().kind {
                    TokenKind::Close => None,
                    _ => Some(self.pipeline(Clause::Template)?),
                };
                let close = self.cursor.close("template clause")?;
                Ok(Piece::Node(Node::Template { name, pipe, place: open.place.to(close) }))
            }
            Keyword::Block => {
                self.cursor.next();
                let (name, place) = self.cursor.name("block clause")?;
                let pipe = self.pipeline(Clause::Block)?;
                let tag = open.place.to(self.cursor.close("block clause")?);
                let template = self.template(open.place, tag, "block")?;
                self.add(Arc::clone(&name), template, place)?;
                Ok(Piece::Node(Node::Template { name, pipe: Some(pipe), place: tag }))
            }
            Keyword::Define => {
                Err(error(token.place, "unexpected `{{define}}`: templates are defined outside of any block"))
            }
            Keyword::Nil | Keyword::True | Keyword::False => self.action(open.place).map(Piece::Node),
        }
    }

    fn action(&mut self, open: Place) -> Result<Node> {
        let pipe = self.pipeline(Clause::Command)?;
        let close = self.cursor.close("command")?;
        Ok(Node::Action(Action { splice: splice(&pipe), place: open.to(close), pipe }))
    }

    /// The rest of `{{if}}`, `{{with}}` or `{{range}}` after the keyword.
    fn control(&mut self, keyword: Keyword, open: Place) -> Result<Node> {
        let clause = match keyword {
            Keyword::If => Clause::If,
            Keyword::With => Clause::With,
            _ => Clause::Range,
        };
        let context = clause.as_str();
        let outer = self.scope.names.len();
        let unset_before = self.scope.unset.len();
        let pipe = self.pipeline(clause)?;
        let tag = open.to(self.cursor.close(context)?);
        let declared = self.scope.names.len();
        self.ranges += usize::from(keyword == Keyword::Range);
        let (body, otherwise_at) = self.list(open, context)?;
        self.ranges -= usize::from(keyword == Keyword::Range);
        let ended = self.scope.names.drain(declared..).collect::<Vec<_>>();
        self.scope.unset.extend(ended);
        let mut otherwise = Vec::new();
        if let Some(place) = otherwise_at {
            let following = self.cursor.peek_non_space().kind;
            if let TokenKind::Keyword(next @ (Keyword::If | Keyword::With)) = following {
                if keyword == Keyword::Range || next != keyword {
                    let token = self.cursor.next();
                    return Err(self.cursor.unexpected(token, &format!("{context} clause")));
                }
                self.cursor.next();
                // The inner block takes the `end` of the outer one.
                self.cursor.enter(place)?;
                otherwise.push(self.control(next, place)?);
                self.cursor.leave();
            } else {
                let (nodes, again) = self.list(place, "else")?;
                if let Some(place) = again {
                    return Err(error(place, "a second `{{else}}`; expected `{{end}}`"));
                }
                otherwise = nodes;
            }
        }
        self.scope.names.truncate(outer);
        self.scope.unset.truncate(unset_before);
        let branch = Branch { tag, pipe, body: body.into(), otherwise: Body::from(otherwise) };
        Ok(match keyword {
            Keyword::If => Node::If(branch),
            Keyword::With => Node::With(branch),
            _ => Node::Range(branch),
        })
    }
}

/// How the text of an `include` at the head of a pipeline reaches the output, if it does unchanged
/// but for indentation.
fn splice(pipe: &Pipe) -> Option<Splice> {
    let called = |command: &Command| match command.head.kind {
        Kind::Function(function) => function.name,
        _ => "",
    };
    let width = |command: &Command| match &*command.args {
        [Expr { kind: Kind::Int(width), .. }] => u32::try_from(*width).ok(),
        _ => None,
    };
    match &*pipe.commands {
        [first] if called(first) == "include" => Some(Splice::Plain),
        [first, second] if called(first) == "include" => match called(second) {
            "indent" => width(second).map(Splice::Indent),
            "nindent" => width(second).map(Splice::Nindent),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<File, String> {
        parse(text.into()).map_err(|error| error.message.clone())
    }

    fn texts(text: &str) -> Vec<String> {
        let file = parsed(text).unwrap();
        file.main
            .body
            .iter()
            .filter_map(|node| match node {
                Node::Text(place) => Some(text[place.start as usize..place.end as usize].to_owned()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn markers_trim_white_space_only_next_to_a_space() {
        assert_eq!(texts("a \n {{- 1 -}} \n b"), ["a", "b"]);
        assert_eq!(texts("a {{-1}} b"), ["a ", " b"]);
        assert_eq!(texts("a {{- /* c */ -}} b"), ["a", "b"]);
        assert_eq!(texts("a{{/* c */}}b"), ["a", "b"]);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for (text, message) in [
            ("{{ foo }}", "function `foo` is not defined"),
            ("{{ $x }}", "undefined variable `$x`"),
            ("{{ if 1 }}", "`if` is never closed"),
            ("{{ end }}", "unexpected `{{end}}`: no block is open here"),
            ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
            ("{{ }}", "missing value for command"),
            ("{{ (1 }}", "unclosed left paren"),
            ("{{ 1", "unclosed action"),
            ("{{ \"a }}", "unterminated quoted string"),
            ("{{ break }}", "`{{break}}` outside of `{{range}}`"),
            ("{{ if 1 }}{{ $x := 1 }}{{ else }}{{ end }}{{ $x }}", "undefined variable `$x`"),
            ("{{ if 1 }}{{ $x = 1 }}{{ end }}{{ $x }}", "undefined variable `$x`"),
            ("{{ range $i, $j, $k := . }}{{ end }}", "too many declarations in range"),
            (
                "{{ if 1 }}{{ define \"a\" }}{{ end }}{{ end }}",
                "unexpected `{{define}}`: templates are defined outside of any block",
            ),
        ] {
            assert_eq!(parsed(text).err().as_deref(), Some(message), "{text}");
        }
    }

    #[test]
    fn odd_things_that_go_accepts() {
        for text in [
            "{{ 1 | }}",
            "{{ 0x1p4 }}{{ 1_000 }}{{ 'a' }}{{ `raw` }}",
            "{{ with 1 }}{{ else with 2 }}{{ else }}{{ end }}",
            "{{ if 1 }}{{ else if 2 }}{{ else if 3 }}{{ else }}{{ end }}",
            "{{ range $i, $x := . }}{{ continue }}{{ break }}{{ else }}{{ $i }}{{ end }}",
            "{{ print\n  1\n  2 }}",
            "{{ (print 1).a.b }}{{ $.a.b }}{{ .a.b }}",
            "{{ define \"a\" }}{{ end }}{{ define \"a\" }}x{{ end }}",
            "{{ block \"b\" . }}x{{ end }}",
            "{{ if 1 }}{{ $x := 1 }}{{ else }}{{ $x.a }}{{ end }}",
            "{{ if 0 }}{{ $x = 1 }}{{ $x }}{{ end }}",
        ] {
            assert!(parsed(text).is_ok(), "{text}: {:?}", parsed(text).err());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(pieces in proptest::collection::vec(proptest::sample::select(vec![
            "{{", "}}", "{{-", "-}}", " ", "\n", "if", "else", "end", "range", "with", "define", "block", "template",
            "break", "$x", "$", ":=", "=", ",", "|", "(", ")", ".", ".a", "\"s\"", "`r`", "'c'", "'", "\"", "1", "0x", "1e",
            "-", "nil", "true", "print", "/*", "*/", "é", "\\", "text",
        ]), 0..40)) {
            let _ = parse(pieces.concat().into());
        }
    }
}
