//! The tokens of a template, read one after the other.

use std::sync::Arc;

use super::error::{ParseError, Result, error};
use crate::ast::Place;
use crate::lex::{self, Keyword, Token, TokenKind};
use crate::literal;

/// How deep parentheses and blocks may nest.
const MAX_DEPTH: usize = 400;

/// A position among the tokens of a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, tokens: lex::tokens(text), position: 0, depth: 0 }
    }

    /// The next token.
    pub(super) fn peek(&self) -> Token {
        // The last token is the end or an error, and is never passed.
        self.tokens[self.position.min(self.tokens.len() - 1)]
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Token {
        let token = self.peek();
        self.position += 1;
        token
    }

    /// The token that was taken last.
    pub(super) fn last(&self) -> Token {
        self.tokens[self.position.saturating_sub(1)]
    }

    /// The position of the next token, for [`Self::go_back_to`].
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Returns to a position.
    pub(super) fn go_back_to(&mut self, position: usize) {
        self.position = position;
    }

    fn skip_space(&mut self) {
        while self.peek().kind == TokenKind::Space {
            self.position += 1;
        }
    }

    /// Takes the next token that is not white space.
    pub(super) fn next_non_space(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    /// The next token that is not white space.
    pub(super) fn peek_non_space(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    /// Whether the token after the next one is `keyword`.
    pub(super) fn keyword_follows(&self, keyword: Keyword) -> bool {
        self.tokens[self.position + 1..]
            .iter()
            .find(|token| token.kind != TokenKind::Space)
            .is_some_and(|token| token.kind == TokenKind::Keyword(keyword))
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The text at `place`.
    pub(super) fn str(&self, place: Place) -> &'a str {
        &self.text[place.start as usize..place.end as usize]
    }

    /// Goes one level deeper into parentheses or blocks.
    pub(super) fn enter(&mut self, place: Place) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error(place, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(())
    }

    /// Returns from a level.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Takes the closing delimiter of an action. `context` names the action in an error.
    pub(super) fn close(&mut self, context: &str) -> Result<Place> {
        let token = self.next_non_space();
        if token.kind == TokenKind::Close { Ok(token.place) } else { Err(self.unexpected(token, context)) }
    }

    /// Takes the quoted name of a template. `context` names the action in an error.
    pub(super) fn name(&mut self, context: &str) -> Result<(Arc<str>, Place)> {
        let token = self.next_non_space();
        match token.kind {
            TokenKind::Quoted => {
                let name = self.unquote(token.place)?;
                Ok((String::from_utf8_lossy(&name).into(), token.place))
            }
            TokenKind::Backquoted => Ok((literal::backquoted(self.str(token.place)), token.place)),
            _ => Err(self.unexpected(token, context)),
        }
    }

    /// The bytes of the quoted text at `place`.
    pub(super) fn unquote(&self, place: Place) -> Result<Vec<u8>> {
        let text = self.str(place);
        literal::unquote(text).map_err(|reason| error(place, format!("{reason} in {text}")))
    }

    /// The error for a token that cannot be used where it is.
    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed wherever they go")]
    pub(super) fn unexpected(&self, token: Token, context: &str) -> Box<ParseError> {
        match token.kind {
            TokenKind::Error(message) => error(token.place, message),
            TokenKind::End => error(token.place, format!("unexpected end of the file in {context}")),
            _ => error(token.place, format!("unexpected `{}` in {context}", self.str(token.place))),
        }
    }
}
