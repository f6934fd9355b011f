use super::*;
use crate::diag::{SourceKind, Sources};

/// What the arguments, given one after the other, make of nothing.
fn run(flag: Flag<'_>, args: &[&str]) -> Result<String, Box<Diagnostic>> {
    let sources = Sources::new();
    let mut map = Map::new();
    for arg in args {
        let source = sources.add("--set", *arg, SourceKind::Flag);
        apply(&mut map, arg, source, flag)?;
    }
    Ok(json::to_json(&Node::bare(map)).to_string())
}

fn check(flag: Flag<'_>, rows: &[(&str, &str)]) {
    for (arg, expected) in rows {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        let found = run(flag, &[arg]).unwrap_or_else(|error| panic!("{arg}: {}", error.message));
        let found: serde_json::Value = serde_json::from_str(&found).unwrap();
        assert_eq!(found, expected, "{arg}");
    }
}

fn refuse(flag: Flag<'_>, args: &[&str]) {
    for arg in args {
        assert!(run(flag, &[arg]).is_err(), "{arg} is accepted");
    }
}

#[test]
fn set_types_its_values() {
    check(
        Flag::Set,
        &[
            ("a=1", r#"{"a":1}"#),
            ("a=+1", r#"{"a":1}"#),
            ("a=-1", r#"{"a":-1}"#),
            ("a=-0", r#"{"a":0}"#),
            ("a=0", r#"{"a":0}"#),
            ("a=01", r#"{"a":"01"}"#),
            ("a=00", r#"{"a":"00"}"#),
            ("a=1.5", r#"{"a":"1.5"}"#),
            ("a=1e3", r#"{"a":"1e3"}"#),
            ("a=0x10", r#"{"a":"0x10"}"#),
            ("a=1_000", r#"{"a":"1_000"}"#),
            ("a=9223372036854775808", r#"{"a":"9223372036854775808"}"#),
            ("a=yes,b=~,c=nil", r#"{"a":"yes","b":"~","c":"nil"}"#),
            ("a=true,b=TRUE,c=False", r#"{"a":true,"b":true,"c":false}"#),
            ("a=null,b=NULL", r#"{"a":null,"b":null}"#),
            ("a=", r#"{"a":""}"#),
            ("a=,b=1", r#"{"a":"","b":1}"#),
        ],
    );
}

#[test]
fn set_splits_and_escapes() {
    check(
        Flag::Set,
        &[
            ("a=x=y", r#"{"a":"x=y"}"#),
            ("a=b.c", r#"{"a":"b.c"}"#),
            ("a=b[0]", r#"{"a":"b[0]"}"#),
            ("a=#x", r##"{"a":"#x"}"##),
            (r"a=x\,y", r#"{"a":"x,y"}"#),
            (r"a\.b=1", r#"{"a.b":1}"#),
            ("a.b=1", r#"{"a":{"b":1}}"#),
            (r"a=x\n\", r#"{"a":"xn"}"#),
            (r#"a="x""#, r#"{"a":"\"x\""}"#),
            (r#"a={"x,y",z}"#, r#"{"a":["\"x","y\"","z"]}"#),
            (" a=b", r#"{" a":"b"}"#),
            ("a={x,y}", r#"{"a":["x","y"]}"#),
            ("a={1,true,null}", r#"{"a":[1,true,null]}"#),
            (r"a={x\,y,z}", r#"{"a":["x,y","z"]}"#),
            ("a={}", r#"{"a":[""]}"#),
            ("a={x,}", r#"{"a":["x",""]}"#),
            ("a={,}", r#"{"a":["",""]}"#),
            ("a={x, y}", r#"{"a":["x"," y"]}"#),
            ("a={x,y},b=1", r#"{"a":["x","y"],"b":1}"#),
            ("a[1]=x", r#"{"a":[null,"x"]}"#),
            ("a[0][1]=x", r#"{"a":[[null,"x"]]}"#),
            ("a[0].b=1,a[0].c=2", r#"{"a":[{"b":1,"c":2}]}"#),
            ("a={x},a[1]=y", r#"{"a":["x","y"]}"#),
            ("a=1,", r#"{"a":1}"#),
            ("=x", "{}"),
            (".a=1", "{}"),
            ("a[0=1", "{}"),
            ("a.b=1,a=2", r#"{"a":2}"#),
            ("a[0]=1,a=2", r#"{"a":2}"#),
        ],
    );
}

#[test]
fn set_refuses_what_helm_refuses() {
    refuse(
        Flag::Set,
        &[
            "a={x",
            "a={x,y}z",
            "a={{x},y}",
            "a[-1]=x",
            "a[x]=1",
            "a[]=1",
            "a[0]x=1",
            "a[70000]=1",
            "a",
            "a.=1",
            "a..b=1",
            "a=1,,b=2",
            "a=2,a.b=1",
            "a=1,a[0]=2",
            "a=[1,2]",
        ],
    );
    let deep = |names: usize| format!("{}=1", vec!["a"; names].join("."));
    assert!(run(Flag::Set, &[&deep(31)]).is_ok());
    assert!(run(Flag::Set, &[&deep(32)]).is_err());
}

#[test]
fn set_string_never_types() {
    check(
        Flag::String,
        &[("a=null", r#"{"a":"null"}"#), ("a={1,2}", r#"{"a":["1","2"]}"#), ("a.b=1", r#"{"a":{"b":"1"}}"#)],
    );
}

#[test]
fn set_literal_takes_the_rest() {
    check(
        Flag::Literal,
        &[
            ("a=x,b=y", r#"{"a":"x,b=y"}"#),
            ("a,b=1", r#"{"a,b":"1"}"#),
            (r"a\.b=1", r#"{"a\\":{"b":"1"}}"#),
            (r"a[0].b=x\y", r#"{"a":[{"b":"x\\y"}]}"#),
            ("a=", r#"{"a":""}"#),
        ],
    );
}

#[test]
fn set_json_reads_json() {
    check(
        Flag::Json,
        &[
            (r#"a={"b":[1,"x"]}"#, r#"{"a":{"b":[1,"x"]}}"#),
            ("a=1, b=2", r#"{"a":1," b":2}"#),
            (r#"a=1,b.c="x",d[0]=[true]"#, r#"{"a":1,"b":{"c":"x"},"d":[[true]]}"#),
            ("a=,b=1", r#"{"a":null,"b":1}"#),
            ("a= ", r#"{"a":null}"#),
        ],
    );
    refuse(Flag::Json, &["a=x", "[1,2]", "a={", "a"]);
}

#[test]
fn set_file_reads_files() {
    let read = |path: &str| match path {
        "f" => Ok("text\n".to_owned()),
        _ => Err("no such file".to_owned()),
    };
    check(
        Flag::File(&read),
        &[("a=f", r#"{"a":"text\n"}"#), ("a={f,f}", r#"{"a":["text\n","text\n"]}"#), ("a=", r#"{"a":""}"#)],
    );
    refuse(Flag::File(&read), &["a=missing", "a={f,missing}"]);
}

#[test]
fn flags_change_what_is_there() {
    assert_eq!(run(Flag::Set, &["l={x,y}", "l[1]=z"]).unwrap(), r#"{"l":["x","z"]}"#);
    assert_eq!(run(Flag::Set, &["a.b=1", "a.c=2", "a.b=3"]).unwrap(), r#"{"a":{"b":3,"c":2}}"#);
    assert_eq!(run(Flag::Set, &["a[0].b=1", "a[1]=x", "a[0].c=2"]).unwrap(), r#"{"a":[{"b":1,"c":2},"x"]}"#);
}

/// Column and message of the error of one argument.
fn error_at(arg: &str) -> (u32, String) {
    let error = run(Flag::Set, &[arg]).unwrap_err();
    (error.labels[0].span.start, error.message.clone())
}

#[test]
fn errors_point_at_the_character() {
    assert_eq!(error_at("a=1,b[x]=1"), (6, "`x` is not an index".to_owned()));
    assert_eq!(error_at("a=1,bb"), (4, "`bb` has no value".to_owned()));
    assert_eq!(error_at("a={x"), (2, "the list is not closed".to_owned()));
    assert_eq!(error_at("a=1,,b=2"), (4, "nothing between the commas".to_owned()));
    assert_eq!(error_at("a=2,a.b=1"), (4, "`a` is an integer, not a map".to_owned()));
}

#[test]
fn an_index_into_nothing_is_told() {
    let sources = Sources::new();
    let mut map = Map::new();
    let arg = "a.l[1].b=x,a.l[0]=y,m=1";
    let effects = apply(&mut map, arg, sources.add("--set", arg, SourceKind::Flag), Flag::Set).unwrap();
    let [list] = effects.new_lists.as_slice() else { panic!("{:?}", effects.new_lists) };
    assert_eq!(list.path, ["a", "l"]);
}

#[test]
fn what_does_nothing_is_told() {
    let sources = Sources::new();
    for arg in ["=x", ".a=1", "a[0=1"] {
        let source = sources.add("--set", arg, SourceKind::Flag);
        assert_eq!(apply(&mut Map::new(), arg, source, Flag::Set).unwrap().warnings.len(), 1, "{arg}");
    }
}

#[test]
fn indexes_cannot_exhaust_memory() {
    refuse(
        Flag::Set,
        &[&format!("a{}=1", "[0]".repeat(100_000)), &format!("a{}=1", "[0].a".repeat(100_000))],
    );
    let wide: Vec<String> = (0..20).map(|key| format!("a{key}[65536]=1")).collect();
    refuse(Flag::Set, &[&wide.join(",")]);
}

/// Helm looks at an index when it sets the item.
#[test]
fn an_index_that_sets_nothing_may_be_large() {
    check(Flag::Set, &[("a[99999999999]", r#"{"a":[]}"#)]);
    refuse(
        Flag::Set,
        &["a[65537]=1", "a[99999999999]=1", "a[9223372036854775808]=1", "a[9223372036854775808]"],
    );
}

#[test]
fn json_is_what_go_reads() {
    check(Flag::Json, &[("a=-0", r#"{"a":-0.0}"#), (r#"a="\ud83d\ude00""#, r#"{"a":"😀"}"#)]);
    refuse(Flag::Json, &["a=1e400", "a=01", "a='b'", "a=\"\t\""]);
}
