//! Whether the blocks of a template are opened and closed as they should be.
//!
//! Tera finds that out, too, but takes a block that is closed in the wrong place for an unknown tag, and says of one that
//! is never closed that the input has come to its end.

use super::tags::{Role, component, first_word, role};
use super::upstream::MAX_BLOCKS;
use crate::diag::{Diagnostic, SourceId, Span};

/// How many `elif` an `if` may have: Tera keeps all of them on its stack.
const MAX_ELIF: usize = 200;

/// The words that open a block, each closed by one that begins with `end`.
const BLOCKS: [&str; 5] = ["if", "for", "block", "component", "filter"];

/// What a `set` block is called, whatever the variable is for: there is one word to close it.
const SET: &str = "set";

/// The bytes of a tag.
type Tag = (usize, usize);

/// What opens a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opener<'t> {
    /// One of [`BLOCKS`], or [`SET`].
    Word(&'t str),
    /// The call of a component, by its name.
    Call(&'t str),
}

impl Opener<'_> {
    /// The statement that opens it, in short.
    fn opened(self) -> String {
        match self {
            Self::Word(word) => word.to_owned(),
            Self::Call(name) => format!("<{name}>"),
        }
    }

    /// The statement that closes it.
    fn end(self) -> String {
        match self {
            Self::Word(word) => format!("end{word}"),
            Self::Call(name) => format!("</{name}>"),
        }
    }
}

/// A block that is open.
#[derive(Debug)]
struct Block<'t> {
    opener: Opener<'t>,
    tag: Tag,
    elifs: usize,
    /// Its `else`, once there is one.
    otherwise: Option<Tag>,
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
    pub(super) fn read_statement(&mut self, statement: &'t str, tag: Tag) -> Result<(), Diagnostic> {
        let word = first_word(statement);
        match (word, role(statement)) {
            ("elif" | "else", _) => self.branch(statement, tag),
            (word, _) if BLOCKS.contains(&word) => self.open(Opener::Word(word), tag),
            ("", Role::OpensValue) if statement.ends_with("/>") => {
                Err(Diagnostic::error(format!("`<{}/>` has no content", component(statement)))
                    .at(self.span(tag), "")
                    .help(format!("it is an expression: write `{{{{ {statement} }}}}`")))
            }
            ("", Role::OpensValue) => self.open(Opener::Call(component(statement)), tag),
            ("", Role::ClosesValue) => self.close(Opener::Call(component(statement)), tag),
            (_, Role::OpensSet) => self.open(Opener::Word(SET), tag),
            _ => match word.strip_prefix("end") {
                // Helm's `end` closes what Tera does not know either.
                Some("") if self.open.is_empty() => Ok(()),
                Some(name) if ["", SET].contains(&name) || BLOCKS.contains(&name) => {
                    self.close(Opener::Word(name), tag)
                }
                // Not of this language, as Tera will say.
                _ => Ok(()),
            },
        }
    }

    /// Ends the template.
    pub(super) fn finish(self) -> Result<(), Diagnostic> {
        let Some(block) = self.open.last() else { return Ok(()) };
        Err(Diagnostic::error(format!("`{}` is never closed", block.opener.opened()))
            .at(self.span(block.tag), "opened here")
            .help(format!("add `{{% {} %}}`", block.opener.end())))
    }

    fn span(&self, (start, end): Tag) -> Span {
        Span::new(self.source, start, end)
    }

    fn open(&mut self, opener: Opener<'t>, tag: Tag) -> Result<(), Diagnostic> {
        self.open.push(Block { opener, tag, elifs: 0, otherwise: None });
        if self.open.len() > MAX_BLOCKS {
            return Err(Diagnostic::error("the template nesting is too deep")
                .at(self.span(tag), "")
                .help("move the inner blocks into a partial or a component"));
        }
        Ok(())
    }

    fn close(&mut self, opener: Opener<'t>, tag: Tag) -> Result<(), Diagnostic> {
        match self.open.pop() {
            Some(block) if block.opener == opener => Ok(()),
            Some(block) => Err(Diagnostic::error(format!(
                "`{}` does not close `{}`",
                opener.end(),
                block.opener.opened()
            ))
            .at(self.span(tag), "")
            .at(self.span(block.tag), "opened here")
            .help(format!("close it with `{{% {} %}}` first", block.opener.end()))),
            None => Err(Diagnostic::error(format!("`{}` closes nothing", opener.end()))
                .at(self.span(tag), "no block is open here")
                .help("remove it, or open its block before it")),
        }
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
            return Err(Diagnostic::error(format!("`{word}` without an `if`"))
                .at(span, "no block is open here")
                .help("remove it, or put an `if` before it"));
        };
        let fits = match block.opener {
            Opener::Word("if") => true,
            Opener::Word("for") => word == "else",
            _ => false,
        };
        if !fits {
            let (opened, end, tag) = (block.opener.opened(), block.opener.end(), block.tag);
            return Err(Diagnostic::error(format!("`{word}` does not belong to `{opened}`"))
                .at(span, "")
                .at(self.span(tag), "opened here")
                .help(format!("close it with `{{% {end} %}}` first")));
        }
        if let Some(otherwise) = block.otherwise {
            return Err(Diagnostic::error(format!("`{word}` after the `else`"))
                .at(span, "")
                .at(self.span(otherwise), "only the end of the block may follow this")
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
                .help("use a map to look up the value"));
        }
        Ok(())
    }
}
