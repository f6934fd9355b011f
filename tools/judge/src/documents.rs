//! Random YAML: documents that are grown, and excerpts of the project's files that are mutated.

use crate::mutate::{corpus, excerpt, mutate};
use crate::random::Random;

/// Where YAML is read differently from how it looks.
const TOKENS: &[&str] = &[
    "a",
    "b",
    "key",
    "k/x.y-z",
    "\"q\"",
    "'s'",
    ":",
    ": ",
    "- ",
    "-",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    "\n  b: ",
    "yes",
    "~",
    "null",
    "{}",
    "[]",
    "|",
    "|-",
    "|+",
    ">",
    ">-",
    "|2",
    ">1-\n",
    " # c",
    "#",
    "...",
    "\n...\n",
    "é",
    "x: y",
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
    "[a, -b]",
    "{x: 1}",
    "%",
    "@",
    "`",
    "&a ",
    "*a",
    "&a",
    "!",
    "!!str ",
    "!!int ",
    "!t ",
    "!<t> ",
    "!!binary ",
    "!!float ",
    "!!set ",
    "!a!b ",
    "? ",
    "?",
    "<<: ",
    "<<: *a",
    "<<: [*a, {c: 3}]",
    "\\",
    "\\n",
    "\\/",
    "\\'",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"a\\\n  b\"",
    "''",
    "\t",
    "\t# c",
    "\r\n",
    "\r",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{a0}",
    "\u{feff}",
    "😀",
    "a?b",
    "?b",
    "[a:]",
    "{a:}",
    "- !,",
    "{!]: }",
    "--- ",
    "---\n",
    "=",
    "%YAML 1.1\n",
    "%TAG ! t:\n",
];

/// Scalars that may be numbers, booleans, dates or nothing.
const SCALARS: &[&str] = &[
    "0",
    "1",
    "-1",
    "+1",
    "-0",
    "0.0",
    "-0.0",
    "00",
    "010",
    "08",
    "0o17",
    "0x1F",
    "0X1f",
    "-0x1",
    "0b11",
    "0b-1",
    "1_000",
    "_1",
    "1_",
    "0x_1",
    "1.",
    ".5",
    "1.5",
    "1.10",
    "1e3",
    "1E3",
    "1e+3",
    "1e-3",
    "1e400",
    "1e",
    "1.e1",
    ".e1",
    "1e21",
    "1e20",
    "123456789012345678901234567890",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "0xffffffffffffffff",
    "0.1",
    "1e-7",
    "0.000001",
    "123456.789e3",
    "1__0",
    "+.5",
    "-.5",
    ".inf",
    "-.inf",
    ".nan",
    "inf",
    "NaN",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Y",
    "N",
    "true",
    "True",
    "TRUE",
    "tRue",
    "False",
    "~",
    "null",
    "Null",
    "NULL",
    "nULL",
    "12:30",
    "12:30:45",
    "1:60",
    "-12:30",
    "2001-01-01",
    "2001-01-01T00:00:00Z",
    "2001-1-1 1:1:1",
    "=",
    "<<",
    "a",
    "a b",
    "100m",
    "1Gi",
    "a#b",
    "a: b",
    "-",
    "a:b",
    "::",
    "a,b",
    "\"\"",
    "''",
    "\"a\\tb\"",
    "'it''s'",
    "\"it\\'s\"",
    "\"\\x41\"",
    "\"\\e\"",
    "!!str 1",
    "!!int \"1\"",
    "!!int 1",
    "!!float 1",
    "!!bool yes",
    "!!null ''",
    "!!timestamp 2001-01-01",
    "!!binary aGk=",
    "!!binary a",
    "!x 1",
    "! 1",
    "! a",
    "!!str",
    "&a 1",
    "*a",
    "1.0",
    "100000000000000000000.0",
    "1e15",
    "1e16",
    "3.14e2",
    "!!float 010",
    "!!float 1e3",
    "!!int 1.0",
    "!!int 1e3",
    "!!str ~",
    "!!bool 1",
];

/// What documents are made from.
pub(crate) struct Documents {
    texts: Vec<String>,
}

impl Documents {
    pub(crate) fn new() -> Self {
        Self { texts: corpus(&["charts", "examples", "tests"], &["yaml", "yml", "json", "toml"]) }
    }

    /// A document, or something near one.
    pub(crate) fn generate(&self, random: &mut Random) -> String {
        let text = self.any_text(random);
        // We refuse a second byte order mark: after it go-yaml drops the first character of every line.
        if text.starts_with("\u{feff}\u{feff}") { text.replace('\u{feff}', "") } else { text }
    }

    fn any_text(&self, random: &mut Random) -> String {
        let mut text = String::new();
        match random.below(6) {
            0 => {
                for _ in 0..=random.below(14) {
                    text.push_str(random.pick(TOKENS));
                }
            }
            1 => text = excerpt(random, &self.texts, 12),
            _ => {
                grow(random, &mut text, 0, 3);
                if !random.one_in(4) {
                    return text;
                }
            }
        }
        mutate(random, &mut text, TOKENS, 3);
        text
    }
}

fn scalar(random: &mut Random) -> &'static str {
    if random.one_in(30) { random.pick(TOKENS) } else { random.pick(SCALARS) }
}

/// Writes a random tree, in block style at an indentation.
fn grow(random: &mut Random, out: &mut String, indent: usize, depth: usize) {
    let pad = " ".repeat(indent);
    let count = 1 + random.below(4);
    let is_list = random.one_in(3);
    for _ in 0..count {
        out.push_str(&pad);
        out.push_str(if is_list { "-" } else { key(random) });
        let step = 1 + random.below(3);
        match random.below(10) {
            0..3 if depth > 0 => {
                out.push_str(random.pick(&["", "", " &a", " !!map", " # c", " !x &b"]));
                out.push('\n');
                let same = !is_list && random.one_in(4);
                grow(random, out, if same { indent } else { indent + step }, depth - 1);
            }
            3..5 if depth > 0 => {
                out.push(' ');
                flow(random, out, depth - 1);
                out.push_str(random.pick(&["\n", "\n", " # c\n"]));
            }
            5 => block_scalar(random, out, indent + step),
            6 => {
                let (quote, words) = (random.pick(&["\"", "'", ""]), 1 + random.below(5));
                out.push(' ');
                out.push_str(quote);
                for _ in 0..words {
                    out.push_str(random.pick(&[
                        "w", "a b", "\\n", "\n  ", "\n\n  ", "#", " #", ": ", "\\\n", "''", "\\\"", "\t", "1",
                    ]));
                }
                out.push_str(quote);
                out.push('\n');
            }
            _ => {
                out.push(' ');
                out.push_str(scalar(random));
                out.push_str(random.pick(&["\n", "\n", "\n", " # c\n", "\n\n", " \n"]));
            }
        }
    }
}

fn key(random: &mut Random) -> &'static str {
    random.pick(&[
        "a:",
        "b:",
        "c:",
        "d:",
        "a b:",
        "\"q\":",
        "'s':",
        "yes:",
        "on:",
        "1:",
        "010:",
        "1.0:",
        "1e3:",
        "~:",
        "null:",
        "? a\n:",
        "<<:",
        "&x k:",
        "!t k:",
        "*a :",
        "[a]:",
        "{a: b}:",
        "0x10:",
        ".inf:",
        "18446744073709551615:",
        "9007199254740993:",
        "1.5:",
        "-1:",
        "2001-01-01:",
        "e:",
        "f:",
        "g:",
        "!!int 1:",
        "!!str 1:",
        "\"\":",
        "1e-7:",
        "123456789012345678:",
    ])
}

fn flow(random: &mut Random, out: &mut String, depth: usize) {
    let is_list = random.one_in(2);
    out.push_str(if is_list { "[" } else { "{" });
    for index in 0..random.below(4) {
        if index > 0 {
            out.push_str(random.pick(&[",", ", ", " , ", ",\n   "]));
        }
        if !is_list {
            out.push_str(random.pick(&[
                "a: ", "b: ", "c:", "\"d\":", "\"e\": ", "f : ", "? g: ", "'h':", "1: ", "<<: ", "i", "?j: ",
            ]));
        }
        if depth > 0 && random.one_in(3) {
            flow(random, out, depth - 1);
        } else {
            out.push_str(scalar(random));
        }
    }
    out.push_str(if random.one_in(8) { "," } else { "" });
    out.push_str(if is_list { "]" } else { "}" });
}

fn block_scalar(random: &mut Random, out: &mut String, indent: usize) {
    out.push(' ');
    out.push_str(
        random.pick(&["|", "|-", "|+", ">", ">-", ">+", "|2", "|1-", ">2+", "| # c", "!!str |", "&a |"]),
    );
    out.push('\n');
    for _ in 0..random.below(5) {
        out.push_str(&" ".repeat(indent));
        out.push_str(random.pick(&[
            "text\n",
            "  deeper\n",
            "\n",
            " \n",
            "two words\n",
            "# no comment\n",
            "\ttab\n",
            "trailing  \n",
            "x\u{2028}y\n",
            "\r\n",
        ]));
    }
}
