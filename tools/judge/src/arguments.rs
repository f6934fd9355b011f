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
];

/// The kind of flag and the argument, as `--set=a=1`.
pub(crate) fn generate(random: &mut Random) -> String {
    let flag =
        random.pick(&["set", "set", "set", "set-string", "set-json", "set-json", "set-literal", "set-file"]);
    let mut text = String::new();
    match random.below(3) {
        0 => {
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
    format!("--{flag}={}", text.replace('\0', ""))
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
