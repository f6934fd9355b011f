//! Random arguments of `--set` and its relatives.

use crate::mutate::mutate;
use crate::random::Random;

const TOKENS: &[&str] = &[
    "a",
    "b",
    "c",
    "list",
    "map",
    "map.x",
    "list[0]",
    "list[1].y",
    "s",
    "n",
    "=",
    "=",
    "=",
    ",",
    ",",
    ".",
    "[",
    "]",
    "{",
    "}",
    "[0]",
    "[1]",
    "[2]",
    "[-1]",
    "[ 1]",
    "[+1]",
    "[01]",
    "[x]",
    "[99999999999]",
    "1",
    "0",
    "-1",
    "01",
    "1.5",
    "1e3",
    "true",
    "FALSE",
    "null",
    "NULL",
    "nil",
    "yes",
    "x",
    "\\,",
    "\\.",
    "\\=",
    "\\",
    "\\[",
    "\"",
    "'",
    " ",
    "é",
    "a.b",
    "a.b.c",
    "{a,b}",
    "{}",
    "{1,true,null}",
    "{x",
    "9223372036854775807",
    "9223372036854775808",
    "0x10",
    "1_000",
    "\n",
    "#",
    "global",
    "global.x",
    "s.x",
    "map=null",
    "map.x=null",
    "list=null",
    "list[0]=null",
    "s=null",
    "{\"a\":1}",
    "[1,2]",
    "\"x\"",
    "-0",
    "+1",
    "00",
    "~",
    "\t",
    "[65536]",
    "[65537]",
    "\r",
    "\u{a0}",
    "\u{2028}",
    "😀",
    "\\\\",
    "\\{",
    "\\}",
    "\\]",
    "\\n",
    "%",
    "$",
    "TRUE",
    "tRue",
    "False",
    "Null",
    ".inf",
    "NaN",
    "-0.0",
    "- 1",
    "1 ",
    " 1",
    "0o7",
    "0b1",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "2001-01-01",
    "{a,{b}}",
    "{a\\,b}",
    "{a}{b}",
    "{ a , b }",
    "{,}",
    "{null}",
    "{a=b}",
    "[0][1]",
    "[0].x[1].y",
    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d",
    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e",
];
/// Values for `--set-json`.
const JSON: &[&str] = &[
    "1",
    "1.5",
    "1e3",
    "\"a\"",
    "null",
    "true",
    "{}",
    "[]",
    "{\"a\":1}",
    "{\"a\":{\"b\":null}}",
    "[1,\"x\",null]",
    "{\"a\":1,\"a\":2}",
    "\"\\ud83d\\ude00\"",
    "18446744073709551616",
    "01",
    "'a'",
    "{a:1}",
    "\"a\"x",
    "",
    " 1 ",
    "1,b=2",
    "{\"x\":1},map.y=[2]",
    "-0",
    "1E400",
    "\"\\ud83d\"",
    "{\"x\":null}",
    "[1,2] ,c=3",
    "nulL",
    "{\"map\":{\"x\":9}}",
    "\"a\tb\"",
    "9007199254740993",
    "\"\\/\"",
    "\"\\u0000\"",
    "\"\\ude00\\ud83d\"",
    "\"\\ud83d\\u0041\"",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\u{2028}\"",
    "\"\u{7f}\"",
    "1.0",
    "1e-7",
    "1e21",
    "-1e400",
    "1e-400",
    ".5",
    "1.",
    "+1",
    "--1",
    "tru",
    "truex",
    "null null",
    "[1,]",
    "[,1]",
    "{\"a\":1,}",
    "{\"a\"}",
    "{\"a\":{\"a\":{\"a\":[{\"a\":null}]}}}",
    "[[[[]]]]",
    "\t[1]\n",
    "\u{feff}1",
    "\u{a0}1",
    "/* c */ 1",
    "{\"a.b\":1}",
    "{\"global\":{\"x\":1}}",
    "{\"map\":null}",
    "{\"list\":[null]}",
    "100000000000000000000",
    "-0.0",
    "12345678901234567890123",
    "0.1e1",
    "{\"\":1}",
    "\"é\"",
    "[\"a\",\"b\"],list=[{}]",
    "true,map={}",
    "1e3,",
    ",",
    "1,,b=2",
    "1 ,b=2",
    "1, b=2",
];

/// Files that `--values` can name.
pub(crate) const VALUES_FILES: &[(&str, &str)] = &[
    ("nulls.yaml", "a: null\nmap: {x: null, y: {z: null}}\nlist: null\ns:\nnone: 1\ndeep: {a: null}\n"),
    (
        "nested.yaml",
        "a: {x: 1, b: {c: 2}}\nmap: {y: {w: 3}, n: 1}\nlist: [{y: 1}, [2, 3], x]\nnew: [[0], {x: 1}]\n",
    ),
    ("scalars.yaml", "a: 5\nb: [1]\nmap: text\nlist: 7\nn: {x: 1}\ndeep: no\nglobal: {x: 1}\n1: one\n"),
    ("several.yaml", "a: 1\nmap: {x: 5}\n---\nb: 2\nmap: {x: null, z: 1}\n---\n# nothing\n"),
];

/// What separates the flags of one input.
pub(crate) const SEPARATOR: char = '\u{1}';

/// Flags, as `--set=a=1`; mostly one, for several agree on the same keys.
pub(crate) fn generate(random: &mut Random) -> String {
    let count = if random.one_in(3) { 2 + random.below(3) } else { 1 };
    let flags: Vec<String> = (0..count).map(|_| flag(random, count > 1)).collect();
    flags.join(&SEPARATOR.to_string())
}

fn flag(random: &mut Random, is_one_of_several: bool) -> String {
    if is_one_of_several && random.one_in(3) {
        let (name, _) = VALUES_FILES[random.below(VALUES_FILES.len())];
        return format!("--values={name}");
    }
    let flag =
        random.pick(&["set", "set", "set", "set-string", "set-json", "set-json", "set-literal", "set-file"]);
    let mut text = String::new();
    match random.below(3) {
        // The keys of what several flags set have to meet.
        0 if !is_one_of_several || random.one_in(4) => {
            for _ in 0..=random.below(8) {
                text.push_str(random.pick(TOKENS));
            }
        }
        _ if flag == "set-json" => {
            if !random.one_in(5) {
                path(random, &mut text);
                text.push('=');
            }
            text.push_str(random.pick(JSON));
            mutate(random, &mut text, TOKENS, 1);
        }
        _ => {
            for index in 0..=random.below(3) {
                text.push_str(if index > 0 { "," } else { "" });
                path(random, &mut text);
                text.push('=');
                let file = flag == "set-file" && !random.one_in(6);
                text.push_str(if file {
                    random.pick(&["file.txt", "file.txt", "missing.txt"])
                } else {
                    random.pick(TOKENS)
                });
            }
            mutate(random, &mut text, TOKENS, 1);
        }
    }
    format!("--{flag}={}", text.replace(['\0', SEPARATOR], ""))
}

fn path(random: &mut Random, text: &mut String) {
    text.push_str(random.pick(&[
        "a",
        "b",
        "c",
        "list",
        "map",
        "s",
        "n",
        "map.x",
        "deep.a.b",
        "list[0]",
        "list[1].y",
        "list[3]",
        "new[0]",
        "new[1][0]",
        "new[0].x",
        "deep.l[0].x",
        "global.x",
        "a\\.b",
    ]));
    if random.one_in(3) {
        text.push_str(random.pick(&[".x", "[0]", "[1]", ".x.y", "[0].y", "[0][1]", ".null", ".0"]));
    }
}
