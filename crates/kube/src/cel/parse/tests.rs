use super::*;
use crate::cel::CompileError;
use crate::cel::ast::{Bind, Fold, FoldKind, Wrapping};
use proptest::prelude::*;

/// An expression with all its brackets, in which a macro is written in one way.
fn print(ast: &Ast) -> String {
    let list = |parts: &[Ast]| parts.iter().map(print).collect::<Vec<_>>().join(", ");
    let mark = |is_optional: bool| if is_optional { "?" } else { "" };
    match &ast.expr {
        Expr::Literal(value) => print_literal(value),
        Expr::Ident(name) => name.to_string(),
        Expr::Select(operand, field) => format!("{}.{field}", print(operand)),
        Expr::Has(operand, field) => format!("has({}.{field})", print(operand)),
        Expr::Call(call) => {
            let target = call.target.as_ref().map(|target| format!("{}.", print(target)));
            format!("{}{}({})", target.unwrap_or_default(), call.function, list(&call.args))
        }
        Expr::Operation(operator, operands) => print_operation(*operator, operands),
        Expr::List(elements) => {
            let element = |one: &Element| format!("{}{}", mark(one.is_optional), print(&one.value));
            format!("[{}]", elements.iter().map(element).collect::<Vec<_>>().join(", "))
        }
        Expr::Map(entries) => {
            let entry =
                |one: &Entry| format!("{}{}: {}", mark(one.is_optional), print(&one.key), print(&one.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Expr::Struct(values) => {
            let fields = values.iter().enumerate().map(|(n, value)| format!("f{n}: {}", print(value)));
            format!("Message{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Expr::Fold(fold) => print_fold(fold),
        Expr::Bind(bind) => format!("cel.bind({}, {}, {})", bind.name, print(&bind.value), print(&bind.body)),
        Expr::OptMap(bind, wrapping) => {
            let name = if *wrapping == Wrapping::Wrapped { "optMap" } else { "optFlatMap" };
            format!("{}.{name}({}, {})", print(&bind.value), bind.name, print(&bind.body))
        }
    }
}

fn print_literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => format!("{number}u"),
        Value::Double(number) => format!("{number:?}"),
        Value::String(text) => {
            let escape = |c: char| {
                if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\U{:08x}", u32::from(c)) }
            };
            format!("'{}'", text.chars().map(escape).collect::<String>())
        }
        Value::Bytes(bytes) => {
            let escaped: Vec<String> = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("b'{}'", escaped.concat())
        }
        other => panic!("not a literal: {other:?}"),
    }
}

fn print_operation(operator: Operator, operands: &[Ast]) -> String {
    let parts: Vec<String> = operands.iter().map(print).collect();
    match (operator, parts.as_slice()) {
        (Operator::Conditional, [condition, yes, no]) => format!("({condition} ? {yes} : {no})"),
        (Operator::Not, [a]) => format!("(!{a})"),
        (Operator::Negate, [a]) => format!("(-({a}))"),
        (Operator::Index, [of, at]) => format!("{of}[{at}]"),
        (Operator::OptIndex, [of, at]) => format!("{of}[?{at}]"),
        (Operator::OptSelect, [of, _]) => match &operands[1].expr {
            Expr::Literal(Value::String(field)) => format!("{of}.?{field}"),
            other => panic!("not a field: {other:?}"),
        },
        (Operator::In, [a, b]) => format!("({a} in {b})"),
        (operator, [a, b]) => format!("({a} {} {b})", operator.name().trim_matches('_')),
        _ => panic!("{operator:?} with {} operands", parts.len()),
    }
}

fn print_fold(fold: &Fold) -> String {
    let name = match (fold.kind, &fold.second) {
        (FoldKind::All, _) => "all",
        (FoldKind::Exists, _) => "exists",
        (FoldKind::ExistsOne, _) => "exists_one",
        (FoldKind::List, None) => "map",
        (FoldKind::List, Some(_)) => "transformList",
        (FoldKind::Map, _) => "transformMap",
        (FoldKind::Entries, _) => "transformMapEntry",
    };
    let variables = [Some(&fold.first), fold.second.as_ref()].into_iter().flatten().map(ToString::to_string);
    let bodies = fold.filter.iter().chain([&fold.body]).map(print);
    format!("{}.{name}({})", print(&fold.range), variables.chain(bodies).collect::<Vec<_>>().join(", "))
}

/// The brackets that cel-go puts, or why it refuses the expression.
fn parsed(source: &str) -> String {
    match parse(source).map_err(|error| error.in_source(source)) {
        Ok(ast) => print(&ast),
        Err(CompileError::Invalid(message)) => message,
        Err(CompileError::TooComplex) => "too complex".to_owned(),
    }
}

fn node(expr: Expr) -> Ast {
    Ast { expr, id: 0, at: 0, height: Height::default(), is_dynamic: false }
}

fn name() -> impl Strategy<Value = Arc<str>> + Clone {
    prop::sample::select(vec!["a", "b_1", "self", "x__dash__y", "_"]).prop_map(Arc::from)
}

fn scalar() -> impl Strategy<Value = Ast> {
    let literal = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(Value::Uint),
        any::<f64>().prop_filter("literals are numbers", |number| number.is_finite()).prop_map(Value::Double),
        any::<String>().prop_map(Value::string),
        any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())),
    ];
    prop_oneof![
        literal.prop_map(|value| node(Expr::Literal(value))),
        name().prop_map(|name| node(Expr::Ident(name)))
    ]
}

fn fold_kind() -> impl Strategy<Value = FoldKind> {
    use FoldKind::{All, Entries, Exists, ExistsOne, List, Map};
    prop::sample::select(vec![All, Exists, ExistsOne, List, Map, Entries])
}

fn operator() -> impl Strategy<Value = (Operator, usize)> {
    use Operator as Op;
    let binary = [
        Op::Or,
        Op::And,
        Op::Less,
        Op::LessEquals,
        Op::Greater,
        Op::GreaterEquals,
        Op::Equals,
        Op::NotEquals,
        Op::In,
        Op::Add,
        Op::Subtract,
        Op::Multiply,
        Op::Divide,
        Op::Modulo,
        Op::Index,
        Op::OptIndex,
    ];
    let others = [(Op::Conditional, 3), (Op::Not, 1), (Op::Negate, 1)];
    prop::sample::select(binary.into_iter().map(|one| (one, 2)).chain(others).collect::<Vec<_>>())
}

fn tree() -> impl Strategy<Value = Ast> {
    scalar().prop_recursive(4, 40, 4, |inner| {
        let bind =
            (name(), inner.clone(), inner.clone()).prop_map(|(name, value, body)| Bind { name, value, body });
        let parts = || prop::collection::vec(inner.clone(), 0..3);
        let fold = (fold_kind(), any::<(bool, bool)>(), inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            (inner.clone(), name()).prop_map(|(operand, field)| Expr::Select(Box::new(operand), field)),
            (inner.clone(), name()).prop_map(|(operand, field)| Expr::Has(Box::new(operand), field)),
            (inner.clone(), name()).prop_map(|(operand, field)| {
                let field = node(Expr::Literal(Value::String(field)));
                Expr::Operation(Operator::OptSelect, vec![operand, field])
            }),
            (name(), prop::option::of(inner.clone()), parts()).prop_map(|(function, target, args)| {
                Expr::Call(Call { function, target: target.map(Box::new), args })
            }),
            (operator(), [inner.clone(), inner.clone(), inner.clone()]).prop_map(
                |((operator, count), parts)| {
                    Expr::Operation(operator, parts.into_iter().take(count).collect())
                }
            ),
            prop::collection::vec((inner.clone(), any::<bool>()), 0..3).prop_map(|elements| {
                let element = |(value, is_optional)| Element { value, is_optional };
                Expr::List(elements.into_iter().map(element).collect())
            }),
            prop::collection::vec((inner.clone(), inner.clone(), any::<bool>()), 0..3).prop_map(|entries| {
                let entry = |(key, value, is_optional)| Entry { key, value, is_optional };
                Expr::Map(entries.into_iter().map(entry).collect())
            }),
            parts().prop_map(Expr::Struct),
            bind.clone().prop_map(|bind| Expr::Bind(Box::new(bind))),
            (bind, any::<bool>()).prop_map(|(bind, wraps)| {
                Expr::OptMap(Box::new(bind), if wraps { Wrapping::Wrapped } else { Wrapping::Flat })
            }),
            fold.prop_map(|(kind, (has_second, has_filter), range, filter, body)| {
                let makes_map = matches!(kind, FoldKind::Map | FoldKind::Entries);
                let takes_filter = makes_map || kind == FoldKind::List;
                let second = (has_second || makes_map).then(|| Arc::from("v"));
                let filter = (has_filter && takes_filter).then_some(filter);
                Expr::Fold(Box::new(Fold { kind, range, first: "k".into(), second, filter, body }))
            }),
        ]
        .prop_map(node)
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_again_is_the_same(ast in tree()) {
        let text = print(&ast);
        prop_assert_eq!(parsed(&text), text);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = parsed(&text);
    }

    #[test]
    fn any_tokens_are_parsed_or_refused(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "a", "1", "1u", "0x", ".5", "1e", "'", "\"\"\"", "r'x'", "b'", "\\", "\\x4", "`a-b`", "`", "(", ")", "[", "]",
                "{", "}", ".", ",", "?", ":", "!", "-", "+", "*", "==", "in", "true", "&&", "||", " ", "\n", "//", "é", "has(",
                ".all(", ".map(x,",
            ]),
            0..40,
        )
    ) {
        let _ = parsed(&tokens.concat());
    }
}

#[test]
fn literals() {
    for (source, printed) in [
        ("0x1F", "31"),
        ("-0x1F", "-31"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0xFFu", "255u"),
        ("18446744073709551615U", "18446744073709551615u"),
        (".5", "0.5"),
        ("1e3", "1000.0"),
        ("-2.5E-1", "-0.25"),
        (r#""a""#, "'a'"),
        (r"'\x41\101\u0041\U00000041'", "'AAAA'"),
        (
            r#"'\a\b\f\n\r\t\v\"\'\\\?\`'"#,
            &print_literal(&Value::string("\u{7}\u{8}\u{c}\n\r\t\u{b}\"'\\?`")),
        ),
        (r"r'\n'", &print_literal(&Value::string("\\n"))),
        (r"b'\xff\377é'", r"b'\xff\xff\xc3\xa9'"),
        (r"bR'\xff'", r"b'\x5c\x78\x66\x66'"),
        ("'''a'b\r\nc'''", &print_literal(&Value::string("a'b\nc"))),
        ("\"\"\"a\"b\"\"\"", &print_literal(&Value::string("a\"b"))),
        ("r\"\"\"\\\"\"\"", &print_literal(&Value::string("\\"))),
        ("null", "null"),
    ] {
        assert_eq!(parsed(source), *printed, "{source}");
    }
}

#[test]
fn operators_bind_as_in_the_grammar() {
    for (source, printed) in [
        ("a || b && c == d + e * f", "(a || (b && (c == (d + (e * f)))))"),
        ("a - b - c", "((a - b) - c)"),
        ("a < b == c", "((a < b) == c)"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("!!a", "a"),
        ("!!!a", "(!a)"),
        ("--a", "a"),
        ("- 1", "-1"),
        ("-a.b", "(-(a.b))"),
        ("1 - 1", "(1 - 1)"),
        ("1 -1", "(1 - 1)"),
        ("a[0].b.?c[?'d']", "a[0].b.?c[?'d']"),
        ("a || b || c || d", "((a || b) || (c || d))"),
        ("a && b && c", "((a && b) && c)"),
        ("[a, ?b,]", "[a, ?b]"),
        ("[,]", "[]"),
        ("{'k': 1, ?'l': b,}", "{'k': 1, ?'l': b}"),
        ("a.b.C{x: 1, ?`y-z`: 2}", "Message{f0: 1, f1: 2}"),
        (".a.b(.c)", ".a.b(.c)"),
        ("a // all\n + b", "(a + b)"),
        ("a.`b-c/d e`", "a.b-c/d e"),
    ] {
        assert_eq!(parsed(source), *printed, "{source}");
    }
}

#[test]
fn macros_are_expanded() {
    for (source, printed) in [
        ("has(a.b)", "has(a.b)"),
        ("a.filter(x, x > 1)", "a.map(x, (x > 1), x)"),
        ("a.existsOne(x, x)", "a.exists_one(x, x)"),
        ("a.exists(i, x, x)", "a.exists(i, x, x)"),
        ("a.transformList(i, x, i > 0, x)", "a.transformList(i, x, (i > 0), x)"),
        // Other numbers of arguments are calls.
        ("has(a, b)", "has(a, b)"),
        ("a.all(x)", "a.all(x)"),
        ("all(x, y)", "all(x, y)"),
        ("a.bind(x, y, z)", "a.bind(x, y, z)"),
    ] {
        assert_eq!(parsed(source), *printed, "{source}");
    }
}

#[test]
fn errors_are_those_of_the_server() {
    let expecting = "expecting expression";
    for (source, message) in [
        ("a >", format!("1:4: Syntax error: mismatched input '<EOF>' {expecting}")),
        ("", format!("1:1: Syntax error: mismatched input '<EOF>' {expecting}")),
        ("1 + +", format!("1:5: Syntax error: mismatched input '+' {expecting}")),
        ("a\n  && $", "2:6: Syntax error: token recognition error at: '$'".to_owned()),
        ("'é' + #", "1:7: Syntax error: token recognition error at: '#'".to_owned()),
        ("'a", "1:1: Syntax error: token recognition error at: ''a'".to_owned()),
        (r"'a\d'", r"1:1: Syntax error: token recognition error at: ''a\'".to_owned()),
        ("a b", "1:3: Syntax error: extraneous input 'b' expecting <EOF>".to_owned()),
        ("a {b}", "1:5: Syntax error: mismatched input '}' expecting ':'".to_owned()),
        ("f(){}", "1:4: Syntax error: mismatched input '{' expecting <EOF>".to_owned()),
        ("(a", "1:3: Syntax error: mismatched input '<EOF>' expecting ')'".to_owned()),
        ("a.true", "1:3: Syntax error: mismatched input 'true' expecting IDENTIFIER".to_owned()),
        ("a ? b", "1:6: Syntax error: mismatched input '<EOF>' expecting ':'".to_owned()),
        ("!-a", format!("1:2: Syntax error: mismatched input '-' {expecting}")),
        ("if + 1", "1:1: reserved identifier: if".to_owned()),
        ("while(a)", "1:1: reserved identifier: while".to_owned()),
        ("9223372036854775808", "1:1: invalid int literal".to_owned()),
        ("1 + 18446744073709551616u", "1:5: invalid uint literal".to_owned()),
        ("1e400", "1:1: invalid double literal".to_owned()),
        (r"'\ud800'", "1:1: invalid unicode code point".to_owned()),
        (r"b'\u0041'", "1:1: unable to unescape string".to_owned()),
        ("a.all(1, true)", "1:7: argument must be a simple name".to_owned()),
        ("a.map(b.c, b)", "1:8: argument is not an identifier".to_owned()),
        ("a.all(__result__, true)", "1:7: iteration variable overwrites accumulator variable".to_owned()),
        ("a.all(x, x, true)", "1:10: duplicate variable name: x".to_owned()),
        ("has(a)", "1:5: invalid argument to has() macro".to_owned()),
        ("a.optMap(1, 2)", "1:10: optMap() variable name must be a simple identifier".to_owned()),
        ("cel.bind(1, 2, 3)", "1:10: cel.bind() variable names must be simple identifiers".to_owned()),
    ] {
        assert_eq!(parsed(source), message, "{source}");
    }
}

#[test]
fn size_and_nesting_are_bounded_as_on_the_server() {
    let recursion = "expression recursion limit exceeded: 250";
    for (source, message) in [
        (format!("{}1{}", "(".repeat(300), ")".repeat(300)), recursion),
        (format!("{}1{}", "[".repeat(100_000 / 2 - 1), "]".repeat(100_000 / 2 - 1)), recursion),
        (format!("{}1", "true ? 1 : ".repeat(9_000)), recursion),
        // Both sides of an operator count.
        (format!("{}1{}", "1 + (".repeat(126), ")".repeat(126)), recursion),
        (format!("1{}", " + 1".repeat(24_000)), "max recursion depth exceeded"),
        (format!("a{}", ".b".repeat(251)), "max recursion depth exceeded"),
        (" ".repeat(100_001), "expression code point size exceeds limit: size: 100001, limit 100000"),
    ] {
        assert_eq!(parsed(&source), message);
    }
    for source in [
        format!("{}1{}", "(".repeat(249), ")".repeat(249)),
        format!("{}1{}", "1 + (".repeat(124), ")".repeat(124)),
        format!("a{}", ".b".repeat(250)),
        format!("{}a", "!".repeat(90_000)),
        format!("true{}", " || true".repeat(12_000)),
    ] {
        assert!(parse(&source).is_ok(), "{}", parsed(&source));
    }
    // The server takes it, but it is not followed.
    let deep = format!("{}1{}", "-[".repeat(240), "]".repeat(240));
    assert_eq!(parsed(&deep), "too complex");
}
