//! Explanations of the parser's syntax errors, with a remediation.

use super::scan::SyntaxError;

/// What a syntax error means to people.
pub(super) struct Explanation {
    /// What is wrong at the place of the problem.
    pub(super) message: String,
    /// What is at the parser's context mark.
    pub(super) context: Option<&'static str>,
    /// The usual remediation.
    pub(super) help: Option<&'static str>,
}

/// Puts the parser's problem into words; `before` is its line up to the place of the problem, `rest` the
/// text from there on.
pub(super) fn explain(error: &SyntaxError, before: &str, rest: &str) -> Explanation {
    let context = match error.context {
        "while parsing a block mapping" => Some("in the map that starts here"),
        "while parsing a block collection" => Some("in the list that starts here"),
        "while parsing a flow mapping" => Some("in the `{` map that starts here"),
        "while parsing a flow sequence" => Some("in the `[` list that starts here"),
        "while scanning a quoted scalar" | "while parsing a quoted scalar" => {
            Some("the quote is opened here")
        }
        "while scanning a simple key" => Some("this would be the key"),
        "while scanning a block scalar" => Some("in the block that starts here"),
        _ => None,
    };
    let quote = "quote the text if it belongs to a string";
    let (message, help) = match (error.problem.as_str(), error.context) {
        ("found character that cannot start any token", _) => match rest.chars().next() {
            Some('\t') => ("a tab cannot indent YAML".to_owned(), "indent with spaces"),
            Some(c) => (format!("a plain value cannot start with `{c}`"), "put the value into quotes"),
            None => ("the text ends where a value is expected".to_owned(), quote),
        },
        (
            "found a tab character that violates indentation"
            | "found a tab character where an indentation space is expected",
            _,
        ) => ("a tab cannot indent YAML".to_owned(), "indent with spaces"),
        ("mapping values are not allowed in this context", _) => (
            "a `key: value` pair is not possible here".to_owned(),
            if before.contains(": ") {
                "quote the value if the colon belongs to it, or start the inner map on a line of its own"
            } else {
                "check the indentation: the line continues the value above it"
            },
        ),
        ("mapping keys are not allowed in this context", _) => {
            ("a `? key` is not possible here".to_owned(), quote)
        }
        ("block sequence entries are not allowed in this context", _) => (
            "a `- item` is not possible here".to_owned(),
            "start the list on a line of its own, or quote the text if the dash belongs to it",
        ),
        ("could not find expected ':'", _) => (
            "expected `:` after a key".to_owned(),
            "every line of a map is `key: value`; text of several lines needs quotes or `|`",
        ),
        ("did not find expected key", _) if before.trim_end().ends_with(['\'', '"']) => (
            "text after a quoted string".to_owned(),
            "quote the value as a whole; a quote inside single quotes is written twice: 'it''s'",
        ),
        ("did not find expected key", _) => (
            "expected a key of the map, or its end".to_owned(),
            "check the indentation: keys of one map start in the same column",
        ),
        ("did not find expected '-' indicator", _) => (
            "expected a `- ` item of the list, or its end".to_owned(),
            "check the indentation: items of one list start in the same column",
        ),
        ("did not find expected ',' or ']'" | "did not find expected ',' or '}'", _)
            if rest.starts_with('?') =>
        {
            (
                "a `?` cannot be used in a plain value inside `[...]` or `{...}`".to_owned(),
                "quote the value: helm and kubectl refuse it",
            )
        }
        ("did not find expected ',' or ']'", _) => (
            "expected `,` or `]`".to_owned(),
            "close the list with `]`, or quote the text if `[` belongs to it",
        ),
        ("did not find expected ',' or '}'", _) => (
            "expected `,` or `}`".to_owned(),
            "close the map with `}`, or quote the text if `{` belongs to it, as in an unrendered `{{ }}`",
        ),
        ("found unexpected end of stream" | "found unexpected document indicator", _) => {
            ("a quoted string is not closed".to_owned(), "add the closing quote")
        }
        ("did not find expected node content", "while parsing a flow node") if rest.trim().is_empty() => {
            ("the text ends inside `{` or `[`".to_owned(), "close it with `}` or `]`")
        }
        ("did not find expected node content", _) => ("expected a value".to_owned(), quote),
        ("did not find expected alphabetic or numeric character", "while scanning an alias") => {
            ("`*` needs the name of an anchor".to_owned(), "quote the text if it is meant to start with `*`")
        }
        ("did not find expected alphabetic or numeric character", _) => {
            ("`&` needs a name".to_owned(), "quote the text if it is meant to start with `&`")
        }
        ("found unknown escape character", _) if rest.starts_with("\\/") => {
            (super::UNKNOWN_ESCAPE.to_owned(), "write `/`: helm and kubectl do not support the escape `\\/`")
        }
        ("found unknown escape character", _) => (
            super::UNKNOWN_ESCAPE.to_owned(),
            "write a backslash as `\\\\`, or use single quotes, where it has no meaning",
        ),
        ("did not find expected hexdecimal number", _) => {
            ("expected hexadecimal digits after the escape".to_owned(), "`\\x41`, `\\u00e9`, `\\U0001f600`")
        }
        ("did not find expected comment or line break", "while scanning a block scalar") => {
            ("text on the line of `|` or `>`".to_owned(), "start the text on the next line")
        }
        ("found an indentation indicator equal to 0", _) => {
            ("a block cannot be indented by 0".to_owned(), "use 1 to 9 after `|` or `>`")
        }
        ("found undefined tag handle", _) => {
            ("unknown tag prefix".to_owned(), "quote the text if it is meant to start with `!`")
        }
        ("found unexpected ':'", _) => ("unexpected `:`".to_owned(), quote),
        ("did not find expected <document start>", _) => {
            ("expected `---`".to_owned(), "separate documents with a line of `---`")
        }
        ("found incompatible YAML document", _) => {
            let version =
                rest.lines().next().and_then(|line| line.split_whitespace().nth(1)).unwrap_or_default();
            let message = format!("YAML {version} is not supported");
            (message, "remove the `%YAML` line: helm and kubectl read YAML 1.1 only")
        }
        ("did not find expected whitespace or line break", "while scanning a tag") => (
            "a tag must be followed by white space".to_owned(),
            "quote the text if it is meant to start with `!`",
        ),
        (problem, _) => {
            let problem = problem.replace("did not find expected", "expected");
            return Explanation { message: problem, context, help: None };
        }
    };
    Explanation { message, context, help: Some(help) }
}
