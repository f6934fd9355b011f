//! Whether the blocks of a template are opened and closed as they should be.
//!
//! Tera finds that out, too, but takes a block that is closed in the wrong place for an unknown tag, and says of one that
//! is never closed that the input has come to its end.

use super::tags::{Role, component, first_word, role};
use crate::diag::{Diagnostic, SourceId, Span};

/// How deep blocks may nest: no deeper than Tera lets them.
const MAX_DEPTH: usize = 40;

/// How many `elif` an `if` may have: Tera keeps all of them on its stack.
const MAX_ELIF: usize = 200;

/// The words that open a block, each closed by one that begins with `end`.
const BLOCKS: [&str; 5] = ["if", "for", "block", "component", "filter"];

/// What a `set` block is called, whatever the variable is for: there is one word to close it.
const SET: &str = "set";

/// The bytes of a tag.
type Tag = (usize, usize);

/// A block that is open.
#[derive(Debug)]
struct Block<'t> {
    /// What opened it: a word, or the name of a component that is called.
    name: &'t str,
    is_call: bool,
    tag: Tag,
    elifs: usize,
    /// Its `else`, once there is one.
    otherwise: Option<Tag>,
}

impl Block<'_> {
    /// The statement that opened it, in short.
    fn opened(&self) -> String {
        if self.is_call { format!("<{}>", self.name) } else { self.name.to_owned() }
    }

    /// The statement that closes it.
    fn end(&self) -> String {
        if self.is_call { format!("</{}>", self.name) } else { format!("end{}", self.name) }
    }
}

/// The blocks that are open at some place of a template.
#[derive(Debug)]
pub(super) struct Nesting<'t> {
    source: SourceId,
    open: Vec<Block<'t>>,
}

impl<'t> Nesting<'t> {
    /// The start of a template.
    pub(super) fn new(source: SourceId) -> Self {
        Self { source, open: Vec::new() }
    }

    /// Goes past a statement. `Err` holds what is wrong with its being here.
    pub(super) fn statement(&mut self, statement: &'t str, tag: Tag) -> Result<(), Diagnostic> {
        let word = first_word(statement);
        match (word, role(statement)) {
            ("elif" | "else", _) => self.branch(statement, tag),
            (word, _) if BLOCKS.contains(&word) => self.open(word, false, tag),
            ("", Role::OpensValue) if statement.ends_with("/>") => {
                Err(Diagnostic::error(format!("`<{}/>` has no content", component(statement)))
                    .at(self.span(tag), "")
                    .help(format!("it is an expression: write `{{{{ {statement} }}}}`")))
            }
            ("", Role::OpensValue) => self.open(component(statement), true, tag),
            ("", Role::ClosesValue) => self.close(component(statement), true, tag),
            (_, Role::OpensSet) => self.open(SET, false, tag),
            _ => match word.strip_prefix("end") {
                Some(name) if ["", SET].contains(&name) || BLOCKS.contains(&name) => {
                    self.close(name, false, tag)
                }
                // Not of this language, as Tera will say.
                _ => Ok(()),
            },
        }
    }

    /// Ends the template.
    pub(super) fn finish(self) -> Result<(), Diagnostic> {
        let Some(block) = self.open.last() else { return Ok(()) };
        Err(Diagnostic::error(format!("`{}` is never closed", block.opened()))
            .at(self.span(block.tag), "opened here")
            .help(format!("add `{{% {} %}}`", block.end())))
    }

    fn span(&self, (start, end): Tag) -> Span {
        Span::new(self.source, start, end)
    }

    fn open(&mut self, name: &'t str, is_call: bool, tag: Tag) -> Result<(), Diagnostic> {
        self.open.push(Block { name, is_call, tag, elifs: 0, otherwise: None });
        if self.open.len() > MAX_DEPTH {
            return Err(Diagnostic::error("the template nesting is too deep")
                .at(self.span(tag), "")
                .help("make a partial or a component of the inner blocks"));
        }
        Ok(())
    }

    fn close(&mut self, name: &'t str, is_call: bool, tag: Tag) -> Result<(), Diagnostic> {
        let open = self.open.pop();
        if open.as_ref().is_some_and(|block| (block.name, block.is_call) == (name, is_call)) {
            return Ok(());
        }
        let end = Block { name, is_call, tag, elifs: 0, otherwise: None }.end();
        let Some(block) = open else {
            return Err(Diagnostic::error(format!("`{end}` closes nothing"))
                .at(self.span(tag), "no block is open here")
                .help("take it out, or put what it closes before it"));
        };
        Err(Diagnostic::error(format!("`{end}` does not close `{}`", block.opened()))
            .at(self.span(tag), "")
            .at(self.span(block.tag), "opened here")
            .help(format!("close it with `{{% {} %}}` first", block.end())))
    }

    fn branch(&mut self, statement: &str, tag: Tag) -> Result<(), Diagnostic> {
        let span = self.span(tag);
        let word = first_word(statement);
        if let Some(condition) = statement.strip_prefix("else").map(str::trim).filter(|rest| !rest.is_empty())
        {
            let condition = condition.strip_prefix("if ").unwrap_or(condition).trim_start();
            return Err(Diagnostic::error("`else` takes no condition")
                .at(span, "")
                .help(format!("write `{{% elif {condition} %}}`")));
        }
        let Some(block) = self.open.last_mut() else {
            return Err(Diagnostic::error(format!("`{word}` belongs to no `if`"))
                .at(span, "no block is open here")
                .help("take it out, or put an `if` before it"));
        };
        if block.is_call || block.name != "if" && (block.name != "for" || word == "elif") {
            let (opened, end, tag) = (block.opened(), block.end(), block.tag);
            return Err(Diagnostic::error(format!("`{word}` does not belong to `{opened}`"))
                .at(span, "")
                .at(self.span(tag), "opened here")
                .help(format!("close it with `{{% {end} %}}` first")));
        }
        if let Some(otherwise) = block.otherwise {
            return Err(Diagnostic::error(format!("`{word}` after the `else`"))
                .at(span, "")
                .at(self.span(otherwise), "nothing but the end comes after this")
                .help("one `else` comes last; before it, `elif` takes conditions"));
        }
        if word == "else" {
            block.otherwise = Some(tag);
        } else {
            block.elifs += 1;
        }
        if block.elifs > MAX_ELIF {
            return Err(Diagnostic::error(format!("more than {MAX_ELIF} `elif` in one `if`"))
                .at(span, "")
                .help("look the value up in a map"));
        }
        Ok(())
    }
}
