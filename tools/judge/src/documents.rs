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
    "%YAML 1.2\n---\n",
    "%TAG !e! tag:yaml.org,2002:\n---\n",
    "%X y\n---\n",
    "!e!int ",
    "!<tag:yaml.org,2002:int> ",
    "!<tag:yaml.org,2002:str> ",
    "!!merge ",
    "!!timestamp ",
    "!!omap ",
    "!!seq ",
    "!!map ",
    "!!bool ",
    "!!null ",
    "!%41 ",
    "!a,b ",
    "&é ",
    "&a:b ",
    "&a,",
    "*a:",
    "*a : ",
    "*a ,",
    "- - ",
    "? - ",
    ": - ",
    "?\n",
    "- ? a\n  : b\n",
    "-\t",
    ":\t",
    "?\t",
    " \t\n",
    "\n\t",
    "\n \t",
    "a:b",
    "a :b",
    "\"a\":b",
    "[a: b, c]",
    "[? a : b]",
    "[a, ? b]",
    "{a, b: , : c}",
    "{? }",
    "[,]",
    "{,}",
    "{\"a\":1,'b':2}",
    "[#c\n]",
    "[ # c\n a # d\n ]",
    "|0\n",
    "|9\n",
    "|+1 # c\n",
    "|#c\n",
    ">\n\n\n",
    "|\n\t",
    "|\n \n  a\n b\n",
    ">\n a\n  b\n c\n\n d\n",
    "|\r\n  a\r\n",
    "|\u{85} a\u{85}",
    "\"\\N\\L\\P\\_\"",
    "\"\\ud83d\"",
    "\"\\U0010FFFF\"",
    "\"\\U00110000\"",
    "\"\\x\"",
    "\"\\q\"",
    "\"\\0\\a\\e\\v\"",
    "\"a\t\\\n \tb\"",
    "\"a \n\n b\"",
    "'a \n\n b'",
    "\"---\"",
    "\"\n---\n\"",
    "'\n...\n'",
    "\u{7f}",
    "\u{1}",
    "\u{fffe}",
    "\u{200b}",
    "\u{3000}",
    "\u{2028}---\u{2028}",
    "\u{85}- ",
    "\u{85}b: ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
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
    "0o8",
    "0O17",
    "0o_7",
    "0B1",
    "0b2",
    "0b",
    "0x",
    "0o",
    "+0x1",
    "-0o7",
    "-0b1",
    "0x-1",
    "0o-7",
    "0x1p3",
    "0x1.8p1",
    "0x1.8",
    "0_7",
    "0__1",
    "0b1_0",
    "-010",
    "+010",
    "-08",
    "08.5",
    "01e1",
    "0.",
    "-0.",
    "+0",
    "1_000.5",
    "1._5",
    "1_.5",
    "1e_3",
    "1_e3",
    "1e3_",
    "_1.5",
    "_",
    "-_1",
    "._1",
    ".",
    "..",
    "+",
    "+-1",
    "--1",
    "-+1",
    "1e+",
    "1e-400",
    "-1e400",
    "4.9e-324",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "0.30000000000000004",
    "1e22",
    "1e23",
    "5e-324",
    "123456789.123456789",
    "1e0000000000000000000001",
    "1e99999999999999999999",
    "0e99999999999",
    "00000000000000000000001",
    "0777777777777777777777",
    "01777777777777777777777",
    "0b1111111111111111111111111111111111111111111111111111111111111111",
    "0x8000000000000000",
    "-0x8000000000000000",
    "-0x8000000000000001",
    "0x10000000000000000",
    "-18446744073709551615",
    "18446744073709551615.0",
    "+.inf",
    ".Inf",
    ".INF",
    "-.INF",
    ".iNF",
    ".NaN",
    ".NAN",
    "Infinity",
    "infinity",
    "+inf",
    "nan",
    "1d",
    "1f",
    "1e5f",
    "1.2.3",
    "1,000",
    "190:20:30.15",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.10 -5",
    "2001-12-15 2:59:43.10",
    "2001-02-30",
    "2001-01-01T",
    "20010101",
    "01-01-2001",
    "2001-01-01 # c",
    "!!timestamp x",
    "!!timestamp 1",
    "!!int 2001-01-01",
    "!!int x",
    "!!int ''",
    "!!int 0o17",
    "!!int 1_000",
    "!!int -0x1",
    "!!float x",
    "!!float ''",
    "!!float .inf",
    "!!float 1",
    "!!float 0x10",
    "!!float 9007199254740993",
    "!!bool x",
    "!!bool \"true\"",
    "!!bool y",
    "!!null x",
    "!!null ~",
    "!!str",
    "!!str 0x1",
    "!!str .inf",
    "!!str 2001-01-01",
    "!!merge x",
    "!!map {}",
    "!!seq []",
    "!!map []",
    "!!seq {}",
    "!!str []",
    "!!int []",
    "!!binary \"aGk=\"",
    "!!binary 'YWJjZA=='",
    "!!binary |\n      aGk=\n",
    "!!binary /w==",
    "!!set {a, b}",
    "!<tag:yaml.org,2002:int> \"1\"",
    "!<!x> 1",
    "!e!int 1",
    "!!unknown 1",
    "!!int &a 1",
    "&b !!str 1",
    "&c",
    "*c",
    "*d",
    "-a",
    "- a",
    "?a",
    "? a",
    ":a",
    ": a",
    "a:",
    "a #",
    "a\t#b",
    "a \t# c",
    "%a",
    "@a",
    "`a",
    "|a",
    ">a",
    "a|",
    "[a",
    "a]",
    "{a",
    "a}",
    "!a",
    "a!",
    "&",
    "*",
    "!",
    "#",
    "\"",
    "'",
    "a\"b",
    "a'b",
    "\"a\"b",
    "'a'b",
    "\"a\" b",
    "a\\nb",
    "\"\\N\\L\\P\\_\"",
    "\"\\uD83D\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ude00\"",
    "\"\\U0001F600\"",
    "\"\\U00110000\"",
    "\"\\uFEFF\"",
    "\"\\/\"",
    "\"\\ \"",
    "\"\\\t\"",
    "\"\t\"",
    "\"\u{85}\"",
    "\"a\u{85}b\"",
    "'a\u{2028}b'",
    "a\u{2028}b",
    "a\u{a0}b",
    "\u{feff}a",
    "a\u{feff}b",
    "é",
    "😀",
    "\u{7f}",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{200b}",
];

/// What does not make a document invalid.
const PLAIN: &[&str] = &[
    "1",
    "0",
    "a",
    "text",
    "true",
    "no",
    "\"x\"",
    "'y'",
    "1.5",
    "a b",
    "null",
    "{}",
    "[]",
    "1e3",
    "010",
    "0x1F",
    "~",
    "12345",
    "\"a: b\"",
    "2001-01-01",
    "a-b",
    "1Gi",
    "x/y.z",
    "é",
    "on",
    "-1",
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
        // We refuse a second byte order mark: after it go-yaml drops the first character of every line. And we refuse
        // control characters after the end of a document, which go-yaml misses: it decodes 512 bytes at a time.
        let is_refused = |c: char| match c {
            '\u{feff}' => text.starts_with("\u{feff}\u{feff}"),
            '\u{1}' | '\u{7f}' | '\u{fffe}' => text.len() > 500,
            _ => false,
        };
        text.chars().filter(|c| !is_refused(*c)).collect()
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
                if random.one_in(4) {
                    text.push_str(random.pick(PRELUDES));
                }
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

/// What documents can refer to, and what stands above them.
const PRELUDES: &[&str] = &[
    "base: &a {a: 1, b: {c: 2}}\n",
    "base: &a\n  a: 1\n  yes: 2\n  1: 3\nother: &b {a: 5, d: 6}\n",
    "base: &a [1, {x: 2}]\n",
    "base: &a text\n",
    "base: &a\n",
    "base: &a {a: 1}\nagain: &a {<<: *a, b: 2}\n",
    "base: &a {<<: {a: 1, b: 2}, b: 3}\nlist: &b [*a, {c: 4}]\n",
    "&a base: &b x\n",
    "%YAML 1.1\n---\n",
    "%TAG !e! tag:yaml.org,2002:\n---\n",
    "%TAG ! tag:yaml.org,2002:\n---\n",
    "# c\n\n",
    "---\n",
    "--- # c\n",
    "\u{feff}",
    "\u{feff}# c\n---\n",
    "...\n",
    "\n\n",
    "---\n---\n",
];

fn scalar(random: &mut Random) -> String {
    match random.below(30) {
        0 => random.pick(TOKENS).to_owned(),
        1..4 => number(random),
        4..12 => random.pick(SCALARS).to_owned(),
        _ => random.pick(PLAIN).to_owned(),
    }
}

/// Whole entries that merge.
const MERGES: &[&str] = &[
    "<<: *a\n",
    "<<: *b\n",
    "<<: [*a, *b]\n",
    "<<: [*b, *a]\n",
    "<<: {a: 9, b: {z: 1}}\n",
    "<<: [{a: 9}, {a: 8, b: 7}]\n",
    "<<: []\n",
    "<<: x\n",
    "<<:\n",
    "<<: [x]\n",
    "!!merge <<: *a\n",
    "!!str <<: *a\n",
    "? <<\n",
];

/// Something like a number, or a number that a computer wrote.
fn number(random: &mut Random) -> String {
    match random.below(3) {
        0 => (0..=random.below(7))
            .map(|_| {
                random.pick(&["0", "1", "7", "8", "9", "_", ".", "e", "-", "+", "x", "b", "o", "a", ":", "E"])
            })
            .collect(),
        1 => {
            let digits: String = (0..=random.below(20)).map(|_| random.below(10).to_string()).collect();
            let point = random.below(digits.len() + 1);
            let exponent = random.below(40);
            let sign = random.pick(&["", "-", "+"]);
            match random.below(3) {
                0 => format!("{sign}{digits}"),
                1 => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
                _ => format!("{sign}{}.{}e{sign}{exponent}", &digits[..point], &digits[point..]),
            }
        }
        _ => {
            let bits = (0..8).fold(0, |bits, _| bits << 8 | random.below(256) as u64);
            format!("{:e}", f64::from_bits(bits))
        }
    }
}

/// Writes a random tree, in block style at an indentation.
fn grow(random: &mut Random, out: &mut String, indent: usize, depth: usize) {
    let pad = " ".repeat(indent);
    let count = 1 + random.below(4);
    let is_list = random.one_in(3);
    for _ in 0..count {
        out.push_str(&pad);
        if !is_list && random.one_in(20) {
            out.push_str(random.pick(MERGES));
            continue;
        }
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
                out.push_str(&scalar(random));
                out.push_str(random.pick(&["\n", "\n", "\n", " # c\n", "\n\n", " \n"]));
            }
        }
    }
}

fn key(random: &mut Random) -> &'static str {
    if !random.one_in(4) {
        return random.pick(&[
            "a:", "b:", "c:", "d:", "e:", "f:", "key:", "k/x.y-z:", "\"q\":", "'s':", "1:", "yes:", "1.5:",
        ]);
    }
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
        "\"<<\":",
        "!!merge <<:",
        "!!str <<:",
        "<<: &m",
        "? <<\n:",
        "? [a, b]\n:",
        "? |\n a\n:",
        "? # c\n  a\n:",
        "? \"a\"\n:",
        "?",
        "a :",
        "\"a\" :",
        "*b :",
        "*b:",
        "&y \"k\":",
        "é:",
        "a\u{a0}b:",
        "-a:",
        "?a:",
        ":a:",
        "a#b:",
        "a,b:",
        "\"a\\nb\":",
        "'a''b':",
        "a\tb:",
        "on:",
        "Off:",
        "0o7:",
        "0b1:",
        "1_0:",
        "-.inf:",
        ".nan:",
        "+1:",
        "-0:",
        "1.50:",
        "1e21:",
        "0.1:",
        "123456789.5:",
        "9223372036854775808:",
        "-9223372036854775808:",
        "!!binary aGk=:",
        "!!float 1:",
        "!!bool yes:",
        "!!null a:",
        "!!timestamp 2001-01-01:",
        "2001-01-01T00:00:00Z:",
        "=:",
        "|:",
        "%:",
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
            out.push_str(&scalar(random));
        }
    }
    out.push_str(if random.one_in(8) { "," } else { "" });
    out.push_str(if is_list { "]" } else { "}" });
}

fn block_scalar(random: &mut Random, out: &mut String, indent: usize) {
    out.push(' ');
    out.push_str(random.pick(&[
        "|",
        "|-",
        "|+",
        ">",
        ">-",
        ">+",
        "|2",
        "|1-",
        ">2+",
        "| # c",
        "!!str |",
        "&a |",
        "|-1",
        "|+9",
        "|\t",
        ">  ",
        "!!int |",
        "!!binary |",
        "|-\t# c",
        ">1",
        "!x &a >-",
    ]));
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
            "x\r",
            "x\u{85}",
            "---\n",
            "- a\n",
            "k: v\n",
            "\t\n",
            " \ttext\n",
            "\\n \"q\" 'r'\n",
            "{{ x }}\n",
            "last",
            "\u{feff}\n",
            "é😀\n",
        ]));
    }
}
