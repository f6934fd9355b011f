use crate::cel::{Budget, EvalError, Program, Type, Value, Variables};
use plimsoll_yaml::read_fragment;

/// The most that an expression about a value of a schema costs.
fn estimate(schema: &str, source: &str) -> u64 {
    let schema = read_fragment(schema.as_bytes()).unwrap();
    let ty = Type::from_schema(&schema, false);
    let variables = [("self", ty.clone()), ("oldSelf", ty)];
    Program::compile_estimated(source, &variables, &Type::Bool, (&schema, false)).unwrap().1
}

#[test]
fn sizes_come_from_the_schema_or_from_the_largest_request() {
    for (schema, all) in [
        ("{type: array, items: {type: number}}", 4_718_591),
        ("{type: array, items: {type: string}}", 3_145_727),
        ("{type: array, items: {type: boolean}}", 1_887_437),
        ("{type: array, items: {type: string, format: duration}}", 2_359_295),
        ("{type: array, items: {type: string, format: date}}", 725_936),
        ("{type: array, items: {type: string, format: date-time}}", 428_963),
        ("{type: array, items: {type: array, items: {type: number}}}", 3_145_727),
        ("{type: array, items: {x-kubernetes-int-or-string: true}}", 4_718_591),
        ("{type: object, additionalProperties: {type: number}}", 1_348_169),
        ("{type: object, additionalProperties: {type: string}}", 1_179_647),
        ("{type: object, additionalProperties: {type: boolean}}", 943_718),
        // A required field without a default takes its name, its value, and four signs.
        ("{type: array, items: {type: object, required: [a], properties: {a: {type: number}}}}", 1_048_577),
        (
            "{type: array, items: {type: object, required: [a], properties: {a: {type: number, default: 1}}}}",
            3_145_727,
        ),
        ("{type: array, maxItems: 10, items: {type: number}}", 32),
        ("{type: object, maxProperties: 3, additionalProperties: {type: number}}", 11),
        ("{type: array, maxItems: -1, items: {type: number}}", 2),
    ] {
        assert_eq!(estimate(schema, "self.all(x, true)"), all, "{schema}");
    }
}

#[test]
fn functions_and_operators_are_estimated() {
    const TEXT: &str = "{type: string}";
    const SHORT: &str = "{type: string, maxLength: 10}";
    const NUMBERS: &str = "{type: array, maxItems: 10, items: {type: number}}";
    const TEXTS: &str = "{type: array, maxItems: 10, items: {type: string, maxLength: 10}}";
    const OBJECT: &str = "{type: object, properties: {s: {type: string, maxLength: 10}, m: {type: object, maxProperties: 5, \
                          additionalProperties: {type: string, maxLength: 5}}, num: {type: integer}, i: \
                          {x-kubernetes-int-or-string: true, maxLength: 5}}}";
    for (schema, source, cost) in [
        (TEXT, "self.contains('test')", 314_574),
        (SHORT, "self.contains('test')", 5),
        (TEXT, "self.startsWith('test')", 2),
        (TEXT, "size(self + 'hello') > size('hello')", 314_578),
        (TEXT, "self.matches('x')", 314_574),
        (TEXT, "self.matches('')", 1),
        (SHORT, "self.find('[0-9]+') == ''", 11),
        (SHORT, "self.lowerAscii() == 'lower!'", 6),
        ("{type: object, x-kubernetes-embedded-resource: true}", "self.kind == self.apiVersion", 314_577),
        ("{type: object, x-kubernetes-embedded-resource: true}", "self.metadata.name == self.kind", 314_578),
        ("{type: string, enum: [A, LongValue]}", "self.contains('A')", 2),
        ("{type: string, format: byte, maxLength: 0}", "self == b'x'", 1),
        (NUMBERS, "self[1] == 0.0", 2),
        (NUMBERS, "self.all(x, self.all(y, true))", 352),
        (NUMBERS, "self.all(x, self.all(y, self.all(z, true)))", 3_552),
        // 1 for the variable, 10 * (3 + 1) and 1 for the result.
        (NUMBERS, "self.exists(x, x > 1.0)", 1 + 10 * (4 + 2) + 1),
        (NUMBERS, "self.exists_one(x, x > 1.0)", 1 + 10 * (2 + 2) + 2),
        (NUMBERS, "self.map(x, x + 1.0).size() == 1", 1 + 10 + 10 * (12 + 2) + 1 + 1 + 1),
        (NUMBERS, "self.filter(x, x > 1.0).size() == 1", 1 + 10 + 10 * (2 + 12 + 1) + 1 + 1 + 1),
        (NUMBERS, "self.transformMap(i, x, x).size() == 1", 1 + 30 + 10 * (3 + 1) + 1 + 1 + 1),
        (NUMBERS, "1.0 in self", 1 + 10),
        (NUMBERS, "self.sum() > 1.0 && self.max() > 1.0", 2 * (1 + 10 + 1)),
        (NUMBERS, "sets.contains(self, [1.0])", 1 + 10 + 1 + 10),
        (NUMBERS, "self.distinct() == self", 1 + 2 * 100 + 11 + 1 + 1),
        (NUMBERS, "cel.bind(x, self, x == x)", 10 + 1 + 2 + 1),
        (TEXTS, "self.isSorted() == true", 52),
        (TEXTS, "self.join(' ') == 'aa bb'", 43),
        (TEXTS, "self.all(x, x == self[0])", 1 + 10 * (3 + 3 + 4) + 1),
        (OBJECT, "has(self.s) && self.s != ''", 1 + 2),
        (OBJECT, "self.m.all(k, self.m[k].contains('x'))", 2 + 5 * (3 + 4 + 2) + 1),
        (OBJECT, "self.num > 1 ? self.s == 'a' : self.s == oldSelf.s", 3 + 8),
        (OBJECT, "self.s.replace('a', 'bb') == 'x'", 2 + 8 + 1),
        (OBJECT, "self.s.split('') == []", 2 + 8 + 10),
        (OBJECT, "'a' + string(self.num) == 'b'", 2 + 1 + 4 + 1),
        // What the type of the operand is at run time is not known.
        (OBJECT, "string(self.i) == 'x'", 2 + 2 + 1),
        (OBJECT, "type(self.i) == int || self.i.startsWith('a')", 3 + 1 + 2 + 1),
        (OBJECT, "self.?s.optMap(x, x == 'a').orValue(true)", 2 + 1 + (2 + 1 + 10 + 1 + 2) + 1),
        (OBJECT, "ip('10.0.0.1') == ip('::1') && cidr('10.0.0.0/8').containsIP('10.0.0.1')", 3 + 1 + 5),
        (OBJECT, "url('http://a.example.com') == url('http://b')", 2 + 1 + 1),
        (OBJECT, "quantity('1Gi').compareTo(quantity('1G')) == 1", 1 + 1 + 1 + 1),
    ] {
        assert_eq!(estimate(schema, source), cost, "{source}");
    }
}

/// What an evaluation costs.
fn cost(source: &str) -> u64 {
    let this = "{s: abcdefghijklmnopqrstuvwxyz, num: 3, list: [1, 2, 3], texts: [aa, bb], m: {a: 1, b: 2}, o: {p: {q: 1}}}";
    let schema = "{type: object, properties: {s: {type: string}, num: {type: integer}, list: {type: array, items: {type: integer}}, \
                  texts: {type: array, items: {type: string}}, m: {type: object, additionalProperties: {type: integer}}, o: \
                  {type: object, properties: {p: {type: object, properties: {q: {type: integer}}}}}, \
                  any: {x-kubernetes-int-or-string: true}}}";
    let schema = read_fragment(schema.as_bytes()).unwrap();
    let this = Value::from_schema(&read_fragment(this.as_bytes()).unwrap(), &schema, false);
    let program =
        Program::compile(source, &[("self", Type::from_schema(&schema, false))], &Type::Dyn).unwrap();
    let mut budget = Budget::per_object();
    let value = program.evaluate(&Variables::new().with("self", this), &mut budget);
    assert!(value.is_ok(), "{source}: {value:?}");
    Budget::per_object().left - budget.left
}

#[test]
fn evaluations_cost_what_cel_go_counts() {
    for (source, expected) in [
        ("self.num", 2),
        ("self.o.p.q", 4),
        ("has(self.o.p)", 2),
        ("self.m['a']", 3),
        ("self.list[1 - 1]", 2 + 1 + 1),
        // Literals are free, and so are lists of them.
        ("1 == 1", 1),
        ("[1, 2, 3] == [1, 2]", 1),
        ("self.num in [1, 2, 3]", 2),
        ("self.num in self.list", 2 + 2 + 3),
        ("int('3') == 3", 1),
        ("[self.num]", 2 + 10),
        ("{'a': self.num}", 2 + 30),
        ("self.num > 1 && self.num < 9", 3 + 3),
        ("self.num > 5 && self.num < 9", 3),
        ("!(self.num > 5)", 3 + 1),
        // The variable itself that a branch starts with is not counted.
        ("self.num > 1 ? self.o.p : self.o.p", 3 + 2),
        ("self.s == 'abc'", 2 + 1),
        ("self.s + self.s", 2 + 2 + 6),
        ("self.s < 'abc'", 2 + 1),
        ("self.s.contains('abc')", 2 + 3),
        ("self.s.startsWith('abc')", 2 + 3),
        ("self.s.matches('[a-z]+')", 2 + 3 * 2),
        ("self.s.size()", 2 + 1),
        ("self.texts.join(',')", 2 + 1),
        ("self.list.sum()", 2 + 3),
        ("self.list.all(x, x > 0)", 2 + 3 * (3 + 2) + 1),
        ("self.list.all(x, x > 1)", 2 + (3 + 2) + 1),
        ("self.list.exists(x, x > 1)", 2 + 2 * (4 + 2) + 1),
        ("self.list.exists_one(x, x > 2)", 2 + 3 * 2 + 2 + 2),
        ("self.list.map(x, x + 1)", 2 + 3 * (12 + 2) + 1),
        ("self.list.filter(x, x > 2)", 2 + 3 * 2 + 12 + 1 + 1),
        ("self.m.transformMap(k, v, v + 1)", 2 + 2 * (3 + 2) + 1),
        ("cel.bind(x, self.num, x + x)", 2 + 3),
        ("self.?num.optMap(x, x + 1)", 2 + 1 + 2 + 1 + 2 + 1),
        ("sets.contains(self.list, self.list)", 4 + 1 + 9),
        ("quantity('1Gi').isGreaterThan(quantity('1G'))", 1 + 1 + 1),
        ("cidr('192.168.0.0/16').containsCIDR('192.0.0.0/30')", 2 + 5),
        ("ip('192.168.0.1').family()", 2 + 1),
    ] {
        assert_eq!(cost(source), expected, "{source}");
    }
}

#[test]
fn one_evaluation_and_all_together_have_a_limit() {
    let numbers = format!("[{}]", (0..200).map(|number| number.to_string()).collect::<Vec<_>>().join(", "));
    let evaluate = |source: &str, budget: &mut Budget| {
        Program::compile(source, &[], &Type::Dyn).unwrap().evaluate(&Variables::new(), budget)
    };
    let costly = format!("{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, a + b + c >= 0)))");
    assert_eq!(evaluate(&costly, &mut Budget::per_object()), Err(EvalError::TooCostly));
    // Each is 200 * 200 * 7.
    let once = format!("{numbers}.all(a, {numbers}.all(b, a + b >= 0))");
    let mut budget = Budget::per_object();
    let results: Vec<_> = (0..40).map(|_| evaluate(&once, &mut budget)).collect();
    assert!(results[..35].iter().all(|result| *result == Ok(Value::Bool(true))));
    assert_eq!(results[39], Err(EvalError::OutOfBudget));
}
