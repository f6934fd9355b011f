use super::*;
use plimsoll_yaml::read_fragment;

const SCHEMA: &str = "{type: object, properties: {size: {type: integer}, max: {type: integer}, ratio: {type: number}, \
    name: {type: string}, a-b: {type: string}, namespace: {type: string}, tags: {type: array, items: {type: string}}, \
    ports: {type: array, items: {type: object, properties: {name: {type: string}, port: {type: integer}}}}, \
    labels: {type: object, additionalProperties: {type: string}}, any: {x-kubernetes-int-or-string: true}, \
    when: {type: string, format: date-time}, wait: {type: string, format: duration}}}";

const SELF: &str = "{size: 2, max: 3, ratio: 2, name: web, a-b: x, namespace: ns, tags: [b, a], ports: [{name: a, port: 1}, \
    {name: b, port: 2}], labels: {app: web}, any: 1, when: '2024-02-29T12:30:00Z', wait: 1h30m}";

fn message(error: CompileError) -> String {
    match error {
        CompileError::Invalid(detail) => detail,
        CompileError::TooComplex => "too complex".to_owned(),
    }
}

fn compile(source: &str) -> Result<Program, String> {
    let schema = read_fragment(SCHEMA.as_bytes()).unwrap();
    let this = Type::from_schema(&schema, false);
    Program::compile(source, &[("self", this)], &Type::Dyn).map_err(message)
}

/// The value of an expression, or why it has none.
fn eval(source: &str) -> String {
    let schema = read_fragment(SCHEMA.as_bytes()).unwrap();
    let this = Value::from_node(&read_fragment(SELF.as_bytes()).unwrap(), &Type::from_schema(&schema, false));
    let program = match compile(source) {
        Ok(program) => program,
        Err(error) => return format!("compile: {error}"),
    };
    match program.evaluate(&Variables::new().with("self", this), &mut Budget::per_object()) {
        Ok(Value::Bool(flag)) => flag.to_string(),
        Ok(Value::Int(number)) => number.to_string(),
        Ok(Value::String(text)) => text.to_string(),
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn expressions_that_hold() {
    for source in [
        // The language.
        "self.size <= self.max && self.ratio == 2.0 && self.ratio > 1",
        "has(self.name) && !has(self.labels.none)",
        "self.a__dash__b == 'x' && self.__namespace__ == 'ns'",
        "self.namespace == 'ns' && has(self.namespace)",
        "self.size > 2 ? false : true",
        "self.tags.all(t, t.size() == 1) && self.tags.exists(t, t == 'a') && self.tags.exists_one(t, t == 'b')",
        "self.ports.map(p, p.port) == [1, 2] && self.ports.filter(p, p.port > 1).size() == 1",
        "self.ports.map(p, p.port > 1, p.name) == ['b']",
        "'app' in self.labels && self.labels['app'] == 'web' && 'a' in self.tags",
        "self.labels.all(k, k.startsWith('a'))",
        "1 + 2 * 3 == 7 && 7 / 2 == 3 && -7 % 3 == -1 && 'a' + 'b' == 'ab' && [1] + [2] == [1, 2]",
        "{'a': 1}.a == 1 && {'a': 1}['a'] == 1",
        "type(self.any) == int && int('3') == 3 && string(3) == '3' && double(3) == 3.0 && uint(3) == 3u",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "b'abc' == bytes('abc')",
        "size('äö') == 2 && 'x'.matches('^[a-z]$') && matches('x', 'x')",
        // Optional values.
        "self.?size.orValue(0) == 2 && self.labels[?'none'].orValue('x') == 'x'",
        "self.?labels.app.hasValue() && !optional.none().hasValue()",
        "optional.of(1).optMap(x, x + 1).value() == 2 && [?optional.none()] == []",
        // Two variables.
        "self.tags.all(i, t, i < 2) && self.labels.exists(k, v, v == 'web')",
        "self.tags.transformList(i, t, t + string(i)) == ['b0', 'a1']",
        "self.labels.transformMap(k, v, v + k) == {'app': 'webapp'}",
        "cel.bind(x, self.size, x + x) == 4",
        // Strings and regular expressions.
        "'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b' && 'abc'.substring(1) == 'bc'",
        "'abc'.indexOf('c') == 2 && 'ABC'.lowerAscii() == 'abc' && ' a '.trim() == 'a' && 'aa'.replace('a', 'b', 1) == 'ba'",
        "'%s is %d (%.2f)'.format(['a', 1, 1.5]) == 'a is 1 (1.50)'",
        "'abc 123'.find('[0-9]+') == '123' && '1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
        // Lists and sets.
        "[1, 2].isSorted() && [1, 2].sum() == 3 && [1, 3, 2].max() == 3 && ['a'].indexOf('a') == 0",
        "sets.contains([1, 2], [1]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2])",
        "math.greatest(1, 2) == 2 && [3, 1].sort() == [1, 3] && [1, 1].distinct() == [1]",
        // Quantities and versions.
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1').add(quantity('500m')).compareTo(quantity('1.5')) == 0",
        "isQuantity('1Gi') && !isQuantity('1Gx') && quantity('5k').asInteger() == 5000 && quantity('-1').sign() == -1",
        "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('v1.0', true).major() == 1 && !isSemver('1.0')",
        "semver('1.0.0-alpha').isLessThan(semver('1.0.0')) && semver('1.0.0-2').compareTo(semver('1.0.0-10')) == -1",
        // Addresses.
        "ip('10.0.0.1').family() == 4 && isIP('::1') && !isIP('10.0.0') && ip('127.0.0.1').isLoopback()",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))",
        "cidr('10.1.0.0/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8",
        "url('https://a.example.com:80/b?c=d').getHostname() == 'a.example.com' && isURL('/a') && !isURL('a')",
        "url('https://a/b?c=d&c=e').getQuery() == {'c': ['d', 'e']} && url('http://[::1]:8/').getPort() == '8'",
        // Formats.
        "!format.dns1123Label().validate('a-b').hasValue() && format.dns1123Label().validate('A').hasValue()",
        "format.named('uuid').value().validate('x').hasValue() && !format.named('none').hasValue()",
        // Time.
        "self.when.getFullYear() == 2024 && self.when.getMonth() == 1 && self.when.getDayOfWeek() == 4",
        "self.when + duration('12h') > timestamp('2024-02-29T23:00:00Z') && self.when.getHours('+02:00') == 14",
        "self.when.getHours('America/New_York') == 7 && self.when.getDayOfYear() == 59 && self.when.getDate() == 29",
        "timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin') == 14",
        "string(timestamp('0001-01-01T00:00:00Z')) == '0001-01-01T00:00:00Z'",
        "timestamp('9999-12-31T23:59:59Z').getDayOfWeek() == 5",
        "self.wait == duration('90m') && self.wait.getMinutes() == 90 && string(self.wait) == '5400s'",
    ] {
        assert_eq!(eval(source), "true", "{source}");
    }
}

#[test]
fn evaluations_that_fail() {
    for (source, error) in [
        ("self.labels.none == 'x'", "error: no such key: none"),
        ("self.tags[2] == 'x'", "error: index out of bounds: 2"),
        ("1 / (self.size - 2) == 1", "error: division by zero"),
        ("9223372036854775807 + self.size == 0", "error: integer overflow"),
        ("self.any < 'a'", "error: no such overload"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s') == self.when", "error: timestamp overflow"),
        ("self.when.getHours('Nowhere/Zone') == 1", "error: unknown time zone Nowhere/Zone"),
        ("self.tags.all(t, self.labels.none == t)", "error: no such key: none"),
        ("'x'.matches('(?<n>')", "error: the regular expression `(?<n>` is known in a cluster only"),
    ] {
        assert_eq!(eval(source), error, "{source}");
    }
}

#[test]
fn expressions_that_do_not_compile() {
    for (source, error) in [
        ("self.m > 1", "1:5: undefined field 'm'"),
        ("this.size > 1", "1:1: undeclared reference to 'this' (in container '')"),
        ("self.size > 'a'", "1:11: found no matching overload for '_>_' applied to '(int, string)'"),
        ("self.size == 'a'", "1:11: found no matching overload for '_==_' applied to '(int, string)'"),
        ("self.name + 1", "1:11: found no matching overload for '_+_' applied to '(string, int)'"),
        ("self.name.nope()", "1:15: undeclared reference to 'nope' (in container '')"),
        ("self.name.startsWith()", "1:21: found no matching overload for 'startsWith' applied to '(string)'"),
        (
            "self.size.startsWith('a')",
            "1:21: found no matching overload for 'startsWith' applied to '(int, string)'",
        ),
        ("self.ports.all(p, p.prt > 1)", "1:20: undefined field 'prt'"),
        (
            "self.size.all(x, true)",
            "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
        ("self.size.a", "1:10: type 'int' does not support field selection"),
        ("!self.name", "1:1: found no matching overload for '!_' applied to '(string)'"),
        (
            "self.ports[0].name + self.ports[0].port",
            "1:20: found no matching overload for '_+_' applied to '(string, int)'",
        ),
    ] {
        assert_eq!(compile(source).map(|_| ()), Err(error.to_owned()), "{source}");
    }
}

#[test]
fn results_have_a_type() {
    let compile = |source, ty| Program::compile(source, &[], &ty).map(|_| ()).map_err(message);
    assert_eq!(compile("1 < 2", Type::Bool), Ok(()));
    assert_eq!(compile("'a'", Type::Bool), Err("must evaluate to bool, not string".to_owned()));
}

#[test]
fn evaluation_is_bounded() {
    let range = format!("[{}]", (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let nested = format!("{range}.all(a, {range}.all(b, {range}.all(c, a + b + c >= 0)))");
    assert_eq!(eval(&nested), "error: operation cancelled: actual cost limit exceeded");
    assert_eq!(eval("lists.range(1000000000).size() > 0"), "error: the expression takes too many steps");
    // Deep nesting is refused as by the server, or it is not followed.
    for source in [
        format!("{}1{}", "[".repeat(700), "]".repeat(700)),
        format!("1{}", " + 1".repeat(1_400)),
        format!("1{}", " + 1".repeat(20_000)),
        format!("self{}", ".size()".repeat(490)),
        format!("{}1", "true ? 1 : ".repeat(740)),
        format!("{}1", "true ? 1 : ".repeat(9_000)),
        format!("{}1{}", "-[".repeat(200), "]".repeat(200)),
    ] {
        let refused = compile(&source).map(|_| ()).unwrap_err();
        assert!(refused.contains("recursion") || refused == "too complex", "{refused}");
    }
    // What is parsed can be evaluated.
    for source in [
        format!("{}1{} != []", "[".repeat(240), "]".repeat(240)),
        format!("{}1{} < 0", "-size([".repeat(90), "])".repeat(90)),
        format!("0{} == 240", " + 1".repeat(240)),
        format!("{}1{} == 1", "int(".repeat(240), ")".repeat(240)),
        format!("{}true", "false ? false : ".repeat(240)),
        format!("[1]{} != [2]", ".map(x, x)".repeat(240)),
        format!("{}true{}", "[1].all(x, ".repeat(140), ")".repeat(140)),
        format!(
            "{}optional.of(1){} != optional.none()",
            "optional.of(1).optMap(x, ".repeat(90),
            ")".repeat(90)
        ),
        // Such chains are balanced.
        format!("true{}", " || true".repeat(12_000)),
    ] {
        assert_eq!(eval(&source), "true", "{source}");
    }
}

#[test]
fn sets_and_maps_have_no_order() {
    let schema = "{type: object, properties: {set: {type: array, x-kubernetes-list-type: set, items: {type: string}}, \
                  list: {type: array, items: {type: string}}, ports: {type: array, x-kubernetes-list-type: map, \
                  x-kubernetes-list-map-keys: [a-b], items: {type: object, properties: {a-b: {type: string}, port: {type: \
                  integer}}}}, sets: {type: object, additionalProperties: {type: array, x-kubernetes-list-type: set, items: \
                  {type: integer}}}}}";
    let schema = read_fragment(schema.as_bytes()).unwrap();
    let value = |text: &str| Value::from_schema(&read_fragment(text.as_bytes()).unwrap(), &schema, false);
    let ty = Type::from_schema(&schema, false);
    let this = value(
        "{set: [a, b], list: [a, b], ports: [{a-b: x, port: 1}, {a-b: y, port: 2}], sets: {one: [1, 2]}}",
    );
    let other = value(
        "{set: [b, a], list: [b, a], ports: [{a-b: y, port: 2}, {a-b: x, port: 1}], sets: {one: [2, 1]}}",
    );
    for (source, expected) in [
        ("self.set == oldSelf.set", true),
        ("self.set == ['b', 'a']", true),
        // The list on the left decides.
        ("['b', 'a'] == self.set", false),
        ("self.set == ['a', 'a']", true),
        ("self.set == ['a']", false),
        ("self.list == oldSelf.list", false),
        ("self.ports == oldSelf.ports", true),
        ("self.ports != oldSelf.ports", false),
        ("self.ports.map(p, p.port) == oldSelf.ports.map(p, p.port)", false),
        ("self.sets == oldSelf.sets && self.sets.one == [2, 1]", true),
        ("(self.set + ['b', 'c']).size() == 3", true),
        ("(self.list + ['b', 'c']).size() == 4", true),
        ("(self.ports + oldSelf.ports).size() == 2", true),
    ] {
        let variables = [("self", ty.clone()), ("oldSelf", ty.clone())];
        let program = Program::compile(source, &variables, &Type::Bool).map_err(message).unwrap();
        let known = Variables::new().with("self", this.clone()).with("oldSelf", other.clone());
        let result = program.evaluate(&known, &mut Budget::per_object());
        assert_eq!(result, Ok(Value::Bool(expected)), "{source}");
    }
}
