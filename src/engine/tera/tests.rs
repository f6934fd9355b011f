//! Templates in, YAML out.

use super::*;
use crate::chart;
use crate::world::World;
use crate::yaml::Node;

/// Renders `templates/t.yaml` of a chart with these values and further files; the text, or the messages.
fn try_render(template: &str, values_yaml: &str, files: &[(&str, &str)]) -> Result<String, String> {
    let sources = Sources::new();
    let report = rendered(&sources, template, values_yaml, files);
    match report.output {
        Some(files) => Ok(files.into_iter().find(|file| file.path.ends_with("/t.yaml")).unwrap().text),
        None => Err(report
            .diagnostics
            .iter()
            .map(|found| {
                let at = found.span().and_then(|span| sources.position(span));
                let at = at.map_or_else(String::new, |at| format!("{}:{}: ", at.line, at.column));
                let help = found.help.first().map_or_else(String::new, |help| format!(" ({help})"));
                format!("{at}{}{help}", found.message)
            })
            .collect::<Vec<_>>()
            .join("\n")),
    }
}

/// What the engine makes of a chart of `templates/t.yaml`, these values and further files.
fn rendered(
    sources: &Sources,
    template: &str,
    values_yaml: &str,
    files: &[(&str, &str)],
) -> Report<Vec<RenderedFile>> {
    let own = [
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.2.3\nengine: tera\n"),
        ("values.yaml", values_yaml),
        ("templates/t.yaml", template),
    ];
    let all = own.iter().chain(files).map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let chart = chart::from_files(sources, "app", all.collect());
    let chart = Arc::new(chart.output.unwrap_or_else(|| panic!("{:?}", chart.diagnostics)));
    let scope = Scope {
        values: chart.values.clone().into(),
        name: "app".into(),
        path: "app".into(),
        children: Vec::new(),
        dependencies: Vec::new(),
        is_pruned: true,
        chart,
    };
    let release = Release::install("web", "prod");
    let capabilities = Capabilities { kube_version: "1.34".parse().unwrap(), ..Capabilities::default() };
    let inputs = Inputs {
        world: &World::system(),
        release: &release,
        capabilities: &capabilities,
        seed: None,
        lookup: None,
        is_lint: false,
        recorder: None,
    };
    let report = Tera.render(sources, &scope, &inputs);
    recording_changes_nothing(sources, &scope, &inputs, &report);
    Report { output: report.output.map(|rendered| rendered.files), diagnostics: report.diagnostics }
}

/// A render that records what it reaches gives the same, and reaches nothing but points.
fn recording_changes_nothing(
    sources: &Sources,
    scope: &Scope,
    inputs: &Inputs<'_>,
    expected: &Report<Rendered>,
) {
    let recorder = Recorder::default();
    let again = Tera.render(sources, scope, &Inputs { recorder: Some(&recorder), ..*inputs });
    let files = |report: &Report<Rendered>| {
        let files = report.output.as_ref().map(|rendered| &rendered.files);
        files.map(|files| files.iter().map(|file| format!("{file:?}")).collect::<Vec<_>>())
    };
    assert_eq!(files(&again), files(expected));
    // plimsoll's own templates have got a source anew.
    let of_chart = |span: Span| scope.chart.templates.iter().any(|file| file.source == span.source);
    let told = |report: &Report<Rendered>| {
        let told = report.diagnostics.iter().map(|found| {
            let span = found.span().filter(|span| of_chart(*span));
            (found.message.clone(), found.help.clone(), span)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(&again), told(expected));
    let reached = recorder.into_reached();
    for file in &scope.chart.templates {
        let points = Tera.points(file);
        let found = points.iter().filter(|point| reached.has(file.source, point.key)).count();
        assert_eq!(found, reached.count(file.source), "{}", file.text);
        if expected.output.is_some() && file.path == "templates/t.yaml" && !points.is_empty() {
            assert!(found > 0, "{}", file.text);
        }
    }
}

fn render(template: &str, values_yaml: &str) -> String {
    try_render(template, values_yaml, &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn fails(template: &str, values_yaml: &str) -> String {
    try_render(template, values_yaml, &[]).expect_err("must fail")
}

#[test]
fn braces_that_end_an_expression_too_early_are_told() {
    let told = fails("a: {{ {\"b\": {\"c\": 1}} }}\n", "");
    assert_eq!(
        told,
        "1:20: `}}` ends the expression inside a map (put a space between the two braces: `} }`)"
    );
    assert_eq!(render("a: {{ {\"b\": {\"c\": \"{\"} } }}\n", ""), "a:\n  b:\n    c: \"{\"\n");
}

/// Each probe with nothing but what it must have, and switched off.
#[test]
fn probes_want_little() {
    for (probe, handler) in [
        ("http_probe port=\"http\"", "httpGet:\n    path: /\n    port: http\n"),
        ("tcp_probe port={80}", "tcpSocket:\n    port: 80\n"),
        ("exec_probe command={[\"true\"]}", "exec:\n    command:\n      - \"true\"\n"),
        ("grpc_probe port={9000}", "grpc:\n    port: 9000\n"),
    ] {
        let timing =
            "  initialDelaySeconds: 0\n  periodSeconds: 10\n  timeoutSeconds: 1\n  successThreshold: 1\n";
        let on = render(&format!("p:\n  {{{{<k8s.{probe}/>}}}}\n"), "");
        assert_eq!(on, format!("p:\n  {handler}{timing}  failureThreshold: 3\n"));
        let grace = render(&format!("p:\n  {{{{<k8s.{probe} termination_grace={{9}}/>}}}}\n"), "");
        assert!(grace.ends_with("  terminationGracePeriodSeconds: 9\n"), "{grace}");
        let off = render(&format!("a: 1\np: {{{{<k8s.{probe} enabled={{false}}/> | omit_empty}}}}\n"), "");
        assert_eq!(off, "a: 1\n");
    }
}

#[test]
fn values_arrive_where_they_stand_alone() {
    let values = "s: yes\nq: 'yes'\ni: 1000000\nf: 1.5\nz: null\nm: {a: 1, b: [x]}\nl: [1, two]\nt: |\n  one\n  two\ne: {}\n";
    assert_eq!(render("a: {{ values.s }}\n", values), "a: true\n");
    assert_eq!(render("a: {{ values.q }}\n", values), "a: \"yes\"\n");
    assert_eq!(render("a: {{ values.i }}\n", values), "a: 1000000\n");
    assert_eq!(render("a: {{ values.z }}\n", values), "a: null\n");
    assert_eq!(render("a: {{ values.e }}\nb: 1\n", values), "a: {}\nb: 1\n");
    assert_eq!(
        render("x:\n  a: {{ values.m }}\n  b: 1\n", values),
        "x:\n  a:\n    a: 1\n    b:\n      - x\n  b: 1\n"
    );
    assert_eq!(render("x:\n  {{ values.m }}\n", values), "x:\n  a: 1\n  b:\n    - x\n");
    assert_eq!(render("x:\n  c: 0\n  {{ values.m }}\n", values), "x:\n  c: 0\n  a: 1\n  b:\n    - x\n");
    assert_eq!(
        render("x:\n  - {{ values.m }}\n  - {{ values.l }}\n", values),
        "x:\n  - a: 1\n    b:\n      - x\n  - - 1\n    - two\n"
    );
    assert_eq!(render("x:\n  a: {{ values.t }}\n", values), "x:\n  a: |\n    one\n    two\n");
    assert_eq!(render("x: {{ values.m }} # why\n", values), "x: # why\n  a: 1\n  b:\n    - x\n");
}

#[test]
fn empty_values_alone_on_a_line_do_not_break_their_siblings() {
    let values = "e: {}\nl: []\nm: {k: v}\n";
    assert_eq!(render("x:\n  a: 1\n  {{ values.e }}\ny: 2\n", values), "x:\n  a: 1\ny: 2\n");
    assert_eq!(render("x:\n  {{ values.e }}\n  a: 1\n", values), "x:\n  a: 1\n");
    assert_eq!(crate_read(&render("x:\n  {{ values.e }}\ny: 2\n", values)), crate_read("x: {}\ny: 2\n"));
    assert_eq!(crate_read(&render("x:\n{{ values.l }}\ny: 2\n", values)), crate_read("x: []\ny: 2\n"));
    assert_eq!(
        crate_read(&render("x:\n  {{ values.e }}\n  {{ values.m }}\n", values)),
        crate_read("x: {k: v}\n")
    );
    assert_eq!(crate_read(&render("x:\n  {{ values.e }}\n", values)), crate_read("x: {}\n"));
}

fn crate_read(text: &str) -> Node {
    let sources = Sources::new();
    let source = sources.add("t", text, SourceKind::File);
    let report = crate::yaml::read(&sources, source, &crate::yaml::ReadOptions::strict());
    report.output.unwrap_or_else(|| panic!("{text}\n{:?}", report.diagnostics)).remove(0).root
}

#[test]
fn what_is_taken_out_of_values_can_be_taken_from_again() {
    let values = "list: [{name: abc, tags: [p, q]}, 2]\ndeep: [[[1]]]\n";
    for (expression, expected) in [
        ("values.list[0].name", "abc"),
        ("values[\"list\"][0][\"tags\"][1]", "q"),
        ("values.list[0].name[1:]", "bc"),
        ("values.list[0:1][0].tags[0] ~ values.list[0].name[-1]", "pc"),
        ("-values.deep[0][0][0]", "-1"),
        ("values.no?[0] | default(value=3)", "3"),
        ("1 if values.deep[0][0][0] < 2 else values.list[0]", "1"),
        ("values.list[0].tags is containing(pat=\"q\")", "true"),
        ("values.list[0].name is not starting_with(pat=\"b\") and values.list[1] >= 2", "true"),
    ] {
        assert_eq!(render(&format!("a: {{{{ {expression} }}}}\n"), values), format!("a: {expected}\n"));
        let template = format!("{{% set x = {expression} %}}a: {{{{ x }}}}\n");
        assert_eq!(render(&template, values), format!("a: {expected}\n"));
    }
}

#[test]
fn values_become_part_of_strings() {
    let values = "r: repo/app\nt: 1.10\nd: 'a\"b\\c'\ns: it's\nm: {a: 1}\nnl: \"x\\ny\"\ni: 8080\n";
    assert_eq!(render("image: {{ values.r }}:{{ values.d }}\n", values), "image: repo/app:a\"b\\c\n");
    assert_eq!(render("p: {{ values.i }}{{ values.i }}\n", values), "p: \"80808080\"\n");
    assert_eq!(render("p: \"{{ values.d }}\"\n", values), "p: \"a\\\"b\\\\c\"\n");
    assert_eq!(render("p: '{{ values.s }}'\n", values), "p: 'it''s'\n");
    assert_eq!(render("p: 'it''s {{ values.nl }}'\n", values), "p: \"it's x\\ny\"\n");
    assert_eq!(render("p: \"{{ values.i }}\"\n", values), "p: \"8080\"\n");
    assert_eq!(render("# {{ values.nl }}\na: 1 # {{ values.m }}\n", values), "# x y\na: 1 # {\"a\": 1}\n");
    assert_eq!(render("{{ values.s }}/{{ values.i }}: 1\n", values), "it's/8080: 1\n");
    assert!(
        fails("a: \"{{ values.m }}\"\n", values).starts_with("1:5: a map cannot be used inside a string")
    );
}

#[test]
fn doubled_quotes_are_one_in_a_template_and_two_in_a_value() {
    let node = crate_read(&render("p: 'a''{{ values.q }}'\n", "q: \"''\\nx\"\n"));
    assert_eq!(node.get("p").and_then(Node::as_str), Some("a'''\nx"));
}

#[test]
fn values_in_block_scalars_are_text() {
    let values = "t: \"one\\ntwo\\n\"\ni: \"  lead\\nrest\"\nc: \"a\\x01b\"\n";
    assert_eq!(render("a: |\n  {{ values.t }}\n  end\nb: 1\n", values), "a: |\n  one\n  two\n  end\nb: 1\n");
    let node = crate_read(&render("x:\n  a: |-\n    {{ values.i }}\n  b: 1\n", values));
    assert_eq!(node.at(&["x", "a"]).and_then(Node::as_str), Some("  lead\nrest"));
    let node = crate_read(&render("a: >-\n  {{ values.t }}\n", values));
    assert_eq!(node.get("a").and_then(Node::as_str), Some("one\ntwo"));
    assert!(fails("a: |\n  {{ values.c }}\n", values).starts_with("2:3: this value contains characters"));
}

#[test]
fn flow_collections_take_json() {
    let values = "a: x, y\nm: {k: [1]}\n";
    assert_eq!(
        render(
            "c: [sh, -c, {{ values.a }}, \"{{ values.a }}\", pre-{{ values.a }}, {{ values.m }}]\n",
            values
        ),
        "c: [sh, -c, \"x, y\", \"x, y\", \"pre-x, y\", {\"k\": [1]}]\n"
    );
    assert_eq!(render("c: { {{ values.a }}: 1 }\n", values), "c: { \"x, y\": 1 }\n");
}

#[test]
fn statements_are_transparent() {
    let template = "{% set n = 3 %}\na:\n  {% if values.b %}\n  b: {% if n > 2 %}{{ n }}{% else %}0{% endif %}\n  {% endif %}\n  {# note #}\n  {% for x in values.l %}\n  {{ x }}: {{ loop.index }}\n  {% endfor %}\n";
    assert_eq!(render(template, "b: true\nl: [p, q]\n"), "a:\n  b: 3\n  p: 1\n  q: 2\n");
}

#[test]
fn omit_empty_takes_its_key_along() {
    let values = "e: {}\nl: []\ns: ''\nz: null\nf: false\n";
    assert_eq!(
        render("a: 1\nb: {{ values.e | omit_empty }}\nc: {{ values.f | omit_empty }}\n", values),
        "a: 1\nc: false\n"
    );
    assert_eq!(
        crate_read(&render(
            "x:\n  - a: {{ values.s | omit_empty }}\n    b: 1\n  - {{ values.z | omit_empty }}\n",
            values
        )),
        crate_read("x:\n  - b: 1\n")
    );
}

#[test]
fn components_and_includes_are_placed_as_blocks() {
    let files = [
        (
            "templates/_lib.tera",
            "{% component pair(k: string, v) %}\n  {{ k }}: {{ v }}\n  extra:\n    - {{ v }}\n{% endcomponent %}\n{% component box() %}\nbox:\n  {{ body }}\n{% endcomponent %}\n",
        ),
        ("templates/_inc.yaml", "inc: {{ values.v }}\n"),
    ];
    let render =
        |template: &str| try_render(template, "v: 'a: b'\n", &files).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        render(
            "m:\n    {{<pair k=\"x\" v={values.v}/>}}\nn: {{<pair k=\"w\" v={1}/>}}\nl:\n- {{<pair k=\"z\" v={2}/>}}\n"
        ),
        "m:\n    x: \"a: b\"\n    extra:\n      - \"a: b\"\nn:\n  w: 1\n  extra:\n    - 1\nl:\n- z: 2\n  extra:\n    - 2\n"
    );
    assert_eq!(render("m:\n  {% include \"_inc.yaml\" %}\n  x: 1\n"), "m:\n  inc: \"a: b\"\n  x: 1\n");
    assert_eq!(
        render("m:\n  {% <box> %}\n  inner: {{ values.v }}\n  {% </box> %}\n  z: 1\n"),
        "m:\n  box:\n    inner: \"a: b\"\n  z: 1\n"
    );
}

#[test]
fn captures_and_filters_see_yaml() {
    let values = "v: 'a: b'\n";
    assert_eq!(
        render(
            "{% set name %}{{ release.name }}-{{ chart.name }}{% endset %}\na: {{ name }}\nb: \"{{ name }}\"\n",
            values
        ),
        "a: web-app\nb: \"web-app\"\n"
    );
    assert_eq!(
        render("{% set q %}{{ values.v }}{% endset %}\na: {{ q }}\nb: 'x {{ q }}'\n", values),
        "a: \"a: b\"\nb: 'x a: b'\n"
    );
    assert_eq!(render("a: {% filter upper %}x{{ values.v }}{% endfilter %}\n", values), "a: \"XA: B\"\n");
}

#[test]
fn data_is_never_code() {
    let values = "v: \"{{- with secret \\\"x\\\" -}}\\n{% raw %}\"\n";
    let node = crate_read(&render("a: {{ values.v }}\nb: \"{{ values.v }}\"\n", values));
    for key in ["a", "b"] {
        assert_eq!(node.get(key).and_then(Node::as_str), Some("{{- with secret \"x\" -}}\n{% raw %}"));
    }
}

#[test]
fn the_reference_examples_are_true() {
    for entry in REFERENCE {
        if let Some((template, expected)) = entry.example {
            assert_eq!(render(&format!("{template}\n"), "{}\n").trim_end(), expected, "{}", entry.signature);
        }
    }
}

#[test]
fn what_a_chart_says_itself_is_shown_as_it_is_written() {
    for (template, message) in [
        ("a: {{ fail(message=\"Set A host.\") }}", "1:7: Set A host."),
        ("a: {{ required(value=none, message=\"Host is missing.\") }}", "1:7: Host is missing."),
        ("a: {{ none | required(message=\"Unknown tag\") }}", "1:14: Unknown tag"),
        (
            "a: {{ fail(message=\"Cannot index into an undefined value\") ~ values.x }}",
            "1:7: Cannot index into an undefined value",
        ),
        ("a: {{ tpl(text=\"{{ fail(message='No `i64`.') }}\") }}", "1:4: No `i64`."),
    ] {
        assert_eq!(try_render(template, "a: 1\n", &[]).unwrap_err(), message, "{template}");
    }
}

#[test]
fn errors_name_their_place_and_the_nearest_name() {
    let values = "image: {tag: 1, repository: r}\nport: 80\n";
    assert_eq!(
        fails("a: 1\nb: {{ values.image.tagg }}\n", values),
        "2:7: `values.image.tagg` is not defined (did you mean `tag`?)"
    );
    assert_eq!(
        fails("b: {{ vlaues.port }}\n", values),
        "1:7: `vlaues` is not defined (did you mean `values`?)"
    );
    // Arguments of components, typed or not.
    for component in ["c(n: integer)", "c(n)"] {
        let define = format!("{{% component {component} %}}{{{{ n }}}}{{% endcomponent %}}\n");
        assert_eq!(
            fails(&format!("{define}b: {{{{ <c n={{ values.image.tagg }}/> }}}}\n"), values),
            "2:14: `values.image.tagg` is not defined (did you mean `tag`?)"
        );
        assert_eq!(
            fails(&format!("{define}{{% set x = values.image %}}\nb: {{{{ <c n={{x.tagg}}/> }}}}\n"), values),
            "3:13: `x.tagg` is not defined"
        );
    }
    assert_eq!(fails("b: {{ values.port | nope }}\n", values), "1:21: unknown filter `nope`");
    assert_eq!(
        fails("b: {{ values.port | upperr }}\n", values),
        "1:21: unknown filter `upperr` (did you mean `upper`?)"
    );
    assert!(fails("b: {{ values.port\n", values).starts_with("1:4: this expression is never closed"));
    assert!(fails("b: {% if %}x{% endif %}\n", values).starts_with("1:10:"));
    assert_eq!(
        fails("b: {{ file(path=\"../x\") }}\n", values).split(": ").nth(1),
        Some("`../x` points outside the chart")
    );
}

#[test]
fn habits_of_other_languages_are_answered() {
    let values = "port: 80\nname: x\nnothing: null\nlist: [1]\n";
    let in_helm = "for a chart in Helm's language write `engine: gotpl` in Chart.yaml";
    let call = |name: &str| {
        format!(
            "but expected an operator, a filter or `}}}}` (write named arguments in parentheses: `{name}(name=..)`; {in_helm})"
        )
    };
    for (template, told) in [
        ("values.port | default(80)", "1:29: arguments must be named (write `default(value=..)`)"),
        (
            "values.name | replace(\"a\", \"b\")",
            "1:29: arguments must be named (write `replace(from=.., to=..)`)",
        ),
        ("required(\"x\")", "1:16: arguments must be named (write `required(value=.., message=..)`)"),
        ("values.name | required(\"x\")", "1:30: arguments must be named (write `required(message=..)`)"),
        ("range(3)", "1:13: arguments must be named (write `range(end=..)`)"),
        ("values.name | upper(1)", "1:27: `upper` takes no arguments"),
        ("values.list.0", "1:19: access list items with brackets (write `values.list[0]`)"),
        ("toYaml values.list | nindent 4", &format!("1:14: found identifier {}", call("toYaml"))),
        ("include \"x\" .", &format!("1:15: found string {}", call("include"))),
        (
            "values.name values.port",
            "1:19: found identifier but expected an operator, a filter or `}}` (join texts with `~`)",
        ),
        (
            "99999999999999999999",
            "1:7: the integer is too large (the largest integer is 9223372036854775807; quote the value to use it as text)",
        ),
        ("values.name.x", "1:7: `values.name.x` is not defined: `values.name` is a string"),
        ("values.nothing.x", "1:7: `values.nothing.x` is not defined: `values.nothing` is null"),
        (
            "values.name | trunc(length=\"x\")",
            "1:21: `length` expects a value of type `integer`, but this is of type `string`",
        ),
        (
            "values.name | replace(from=1, to=\"x\")",
            "1:21: `from` expects a value of type `string`, but this is of type `integer`",
        ),
        ("values.name | default(values.port)", "1:35: arguments must be named (write `default(value=..)`)"),
        ("values.name | default(x)", "1:30: arguments must be named (write `default(value=..)`)"),
        ("values.port && values.name", "1:19: unexpected `&&` (write `and`)"),
        ("values.port ? 1 : 2", "1:19: unexpected `?` (write `a if condition else b`)"),
        (
            "values.name | default \"y\"",
            "1:29: found string but expected an operator, a filter or `}}` (write `default(value=..)`)",
        ),
        ("fail(message=\"found 1 but expected 2\")", "1:7: found 1 but expected 2"),
        ("(values.port", "1:20: a parenthesis is not closed"),
        ("values.port)", "1:7: unmatched `)`"),
        ("", "1:4: the expression is empty"),
        ("values.port |", "1:7: found `}}` but expected identifier"),
        ("values.port || 1", "1:20: unexpected `||` (write `or`)"),
        ("values.name.upper()", "1:19: values have no methods (write `values.name | upper`)"),
        ("values.name.trunc(3)", "1:19: values have no methods (write `values.name | trunc(length=..)`)"),
        ("values.name.size()", "1:19: values have no methods"),
        ("k8s.labels()", "1:11: components are not called like functions (write `{{<k8s.labels/>}}`)"),
        (
            "values.node-port",
            "1:7: `values.node` is not defined (a key with `-` in it is written `values[\"node-port\"]`)",
        ),
    ] {
        assert_eq!(fails(&format!("a: {{{{ {template} }}}}"), values), told);
    }
    for (template, told) in [
        ("{% if values.port = 80 %}{% endif %}", "1:19: found `=` but expected `%}` (compare with `==`)"),
        (
            "{% if eq values.port 80 %}{% endif %}",
            &format!("1:10: found identifier but expected `%}}` (write `{{% if a == b %}}`; {in_helm})"),
        ),
        (
            "{% range values.list %}{% end %}",
            "1:4: unknown tag `range` (write `{% for item in values.list %}..{% endfor %}`)",
        ),
        ("{% for k v in values.list %}{% endfor %}", "1:10: found identifier but expected `in`"),
        ("{{ values.port }}{% if (1 2) %}{% endif %}", "1:27: found integer but expected `)`"),
        (
            "{% end %}",
            "1:4: unknown tag `end` (blocks are closed by their names: `{% endif %}`, `{% endfor %}`)",
        ),
    ] {
        assert_eq!(fails(template, values), told);
    }
}

#[test]
fn blocks_are_opened_and_closed_as_they_should_be() {
    for (template, told) in [
        ("{% if true %}x", "1:1: `if` is never closed (add `{% endif %}`)"),
        ("{% filter upper %}x", "1:1: `filter` is never closed (add `{% endfilter %}`)"),
        ("{% set x | upper %}x", "1:1: `set` is never closed (add `{% endset %}`)"),
        ("{% set_global x %}x", "1:1: `set` is never closed (add `{% endset %}`)"),
        ("{% <k8s.labels> %}x", "1:1: `<k8s.labels>` is never closed (add `{% </k8s.labels> %}`)"),
        ("{% <a x={1}/> %}", "1:1: `<a/>` has no content (it is an expression: write `{{ <a x={1}/> }}`)"),
        (
            "{% if true %}{% for x in [1] %}{% endif %}",
            "1:32: `endif` does not close `for` (close it with `{% endfor %}` first)",
        ),
        ("{% if true %}{% end %}", "1:14: `end` does not close `if` (close it with `{% endif %}` first)"),
        ("{% <a x={1}> %}{% </b> %}", "1:16: `</b>` does not close `<a>` (close it with `{% </a> %}` first)"),
        ("x{% endif %}", "1:2: `endif` closes nothing (remove it, or open its block before it)"),
        ("{% </a> %}", "1:1: `</a>` closes nothing (remove it, or open its block before it)"),
        (
            "{% if true %}{% else if values.a %}{% endif %}",
            "1:14: `else` takes no condition (write `{% elif values.a %}`)",
        ),
        ("{% else %}", "1:1: `else` without an `if` (remove it, or put an `if` before it)"),
        (
            "{% for x in [1] %}{% elif x %}{% endfor %}",
            "1:19: `elif` does not belong to `for` (close it with `{% endfor %}` first)",
        ),
        (
            "{% if true %}{% else %}{% elif x %}{% endif %}",
            "1:24: `elif` after the `else` (one `else` comes last; before it, `elif` takes conditions)",
        ),
        (
            "{% macro a() %}{% endmacro %}",
            "1:4: unknown tag `macro` (write a component: `{% component name(argument) %}..{% endcomponent %}`)",
        ),
        (
            "{% import \"a\" as b %}",
            "1:4: unknown tag `import` (not needed: every template can call the components of its chart)",
        ),
    ] {
        assert_eq!(fails(template, ""), told, "{template}");
    }
    for template in
        ["{% for x in [] %}a{% else %}b{% endfor %}", "{% block a %}b{% endblock a %}", "{% set x = 1 %}b"]
    {
        assert_eq!(render(template, ""), "b", "{template}");
    }
}

#[test]
fn values_that_are_not_there_are_named_wherever_they_are_used() {
    let values = "replicas: 2\nname: x\nlist: [1]\n";
    for (template, told) in [
        ("{% if values.replica > 1 %}{% endif %}", "1:7: `values.replica`"),
        ("{% if values.replicas > 1 and values.replica < 1 %}{% endif %}", "1:31: `values.replica`"),
        ("{% if 1 in values.lst %}{% endif %}", "1:12: `values.lst`"),
        ("{% for x in values.lst %}{% endfor %}", "1:13: `values.lst`"),
        ("a: {{ values.replica + 1 }}", "1:7: `values.replica`"),
        ("a: {{ 3 * (values.replicas - values.replica) }}", "1:30: `values.replica`"),
        ("a: {{ -values.replica }}", "1:8: `values.replica`"),
        ("a: {{ \"-\" ~ values.nme }}", "1:13: `values.nme`"),
        ("a: {{ values.nme | upper | quote }}", "1:7: `values.nme`"),
        ("a: {{ values.nme | str }}", "1:7: `values.nme`"),
        ("a: {{ values.name | replace(from=values.nme, to=\"x\") }}", "1:34: `values.nme`"),
        ("a: {{ range(end=values.replica) }}", "1:17: `values.replica`"),
        ("a: {{ values.lst[0] }}", "1:7: `values.lst`"),
        ("a: {{ values.list[values.nme] }}", "1:19: `values.nme`"),
    ] {
        let found = fails(template, values);
        assert!(found.starts_with(&format!("{told} is not defined (did you mean `")), "{template}: {found}");
        let text = format!("t: '{template}'\n{values}");
        let found = fails("a: {{ tpl(text=values.t) }}", &text);
        let path = told.split_once(' ').unwrap().1;
        assert!(found.contains(&format!("{path} is not defined (did you mean `")), "{template}: {found}");
    }
    assert_eq!(
        fails("{% set x = 1 %}a: {{ values.zzzzzzz ~ x }}", values),
        "1:22: `values.zzzzzzz` is not defined (available: replicas, name, list)"
    );
    assert!(
        fails("a: {{ required(value=values.nme, message=\"undefined\") }}", values).ends_with(": undefined"),
        "what a chart says itself stays"
    );
    // Those that may be absent are not to blame.
    assert!(
        fails("a: {{ (values.no | default(value=1)) < values.list }}", values).contains("cannot compare")
    );
    assert_eq!(render("a: {{ values.no?.a | default(value=\"b\") ~ 1 }}\n", values), "a: b1\n");
}

/// Where the values of a rendered file came from: `text of the line @ line of values.yaml`.
fn origins(template: &str, values_yaml: &str, library: &str) -> Vec<String> {
    let sources = Sources::new();
    let report = rendered(&sources, template, values_yaml, &[("templates/_lib.tera", library)]);
    let file = report.output.unwrap_or_else(|| panic!("{:?}", report.diagnostics)).remove(0);
    // What a value was joined with has segments of its own before the one of the value.
    let starts = file.segments.iter().skip(1).map(|next| Some(next.start)).chain([None]);
    let whole = file.segments.iter().zip(starts).filter(|(segment, next)| *next != Some(segment.start));
    whole
        .filter_map(|(segment, _)| Some((segment.start as usize, segment.value?)))
        .map(|(start, value)| {
            let line = file.text[..start].matches('\n').count();
            let text = file.text.lines().nth(line).unwrap_or_default().trim();
            format!("{text} @ {}", sources.position(value).unwrap().line)
        })
        .collect()
}

#[test]
fn what_a_component_is_given_leads_back_to_the_values() {
    let values = "count: 3\nname: web\nmap: {x: 1}\ntext: t\n";
    let library = "{% component inner(v) %}\na: {{ v }}\n{% endcomponent %}\n\
        {% component outer(n, m: map, name = \"none\") %}\n{{<inner v={n}/>}}\nb: {{ m.x }}\nd: pre-{{ name }}\n{{ body }}\n{% endcomponent %}\n";
    let template = "{% set n = values.text %}\ny:\n  {% <outer n={values.count} m={values.map} name={values.name}> %}\n  c: {{ values.text }}\n  # The caller's own `n` is not the component's.\n  e: {{ n }}\n  {% </outer> %}\n";
    assert_eq!(
        origins(template, values, library),
        ["a: 3 @ 1", "b: 1 @ 3", "d: pre-web @ 2", "c: t @ 4", "e: t @ 4"]
    );
}

/// Where the values of a template came from: as [`origins`], without a library.
fn came_from(template: &str, values_yaml: &str) -> Vec<String> {
    origins(template, values_yaml, "")
}

const ORIGINS: &str = "host: h\nport: 80\nlist:\n  - x\n  - q\nmap:\n  k: v\n  l: w\nother: o\nsize:\n  disk: 1Gi\nports:\n  - name: a\n    port: 1\n";

#[test]
fn variables_lead_back_to_the_values() {
    for (template, expected) in [
        ("{% set x = values.host %}\na: {{ x }}\n", vec!["a: h @ 1"]),
        ("{% set x = values.port %}{% set y = x %}\na: {{ y | str }}\n", vec!["a: \"80\" @ 2"]),
        ("{% set x = values.size %}\na: {{ x.disk }}\n", vec!["a: 1Gi @ 11"]),
        ("{% set x = values.size.disk | default(value=\"2Gi\") %}\na: {{ x }}\n", vec!["a: 1Gi @ 11"]),
        ("{% set x = values.host | upper %}\na: {{ x }}\n", vec!["a: H @ 1"]),
        ("{% for x in values.list %}\n- {{ x }}\n{% endfor %}\n", vec!["- x @ 4", "- q @ 5"]),
        ("{% for k, v in values.map %}\n{{ k }}: {{ v }}\n{% endfor %}\n", vec!["k: v @ 7", "l: w @ 8"]),
        (
            "{% for x in values.list | default(value=[]) %}\n- {{ x }}\n{% endfor %}\n",
            vec!["- x @ 4", "- q @ 5"],
        ),
        (
            "{% set l = values.list %}\n{% for x in l %}\n{% set z = x %}\n- {{ z }}\n{% endfor %}\n",
            vec!["- x @ 4", "- q @ 5"],
        ),
        (
            "{% for x\nin values.list %}\n{% for k, v in values.map -%}\n- {{ x }}\n- {{ v }}\n{% endfor %}\n{% endfor %}\n",
            vec!["- x @ 4", "- v @ 7", "- x @ 4", "- w @ 8", "- q @ 5", "- v @ 7", "- q @ 5", "- w @ 8"],
        ),
        (
            "{% for p in values.ports %}\n{% set n = p.port %}\n{% for x in values.list %}\n- {{ n }}\n{% endfor %}\n{% endfor %}\n",
            vec!["- 1 @ 14", "- 1 @ 14"],
        ),
        (
            "{% set x = values.host %}\n{% if values.port %}\na: {{ x }}\n{% endif %}\nb: {{ x }}\n",
            vec!["a: h @ 1", "b: h @ 1"],
        ),
        (
            "{% set x = values.host %}\n{% for x in values.list %}\n- {{ x }}\n{% endfor %}\n- {{ x }}\n",
            vec!["- x @ 4", "- q @ 5", "- h @ 1"],
        ),
        (
            "{% set x = values.host %}\n{% for i in [1] %}\n{% set x = values.other %}\n- {{ x }}\n{% endfor %}\n- {{ x }}\n",
            vec!["- o @ 9", "- h @ 1"],
        ),
    ] {
        assert_eq!(came_from(template, ORIGINS), expected, "{template}");
    }
    let library = "{% component c(v) %}\n- {{ v }}\n{% endcomponent %}\n";
    let template = "{% for x in values.list %}\n{{<c v={x}/>}}\n{% endfor %}\n{% set h = values.host %}\n{{<c v={h}/>}}\n";
    assert_eq!(origins(template, ORIGINS, library), ["- x @ 4", "- q @ 5", "- h @ 1"]);
}

#[test]
fn variables_that_could_hold_anything_else_lead_nowhere() {
    for template in [
        "{% set x = values.host %}{% set x = \"h\" %}\na: {{ x }}\n",
        "{% set x = values.host %}{% if values.port %}{% set x = \"z\" %}{% endif %}\na: {{ x }}\n",
        "{% set x = values.host %}{% if false %}{% set x = values.other %}{% endif %}\na: {{ x }}\n",
        "{% set x = \"z\" %}{% if false %}{% set x = values.other %}{% else %}{% endif %}\na: {{ x }}\n",
        "{% set x = values.host %}{% for i in [1] %}{% set_global x = \"z\" %}{% endfor %}\na: {{ x }}\n",
        "{% set x = values.host %}{% for i in [] %}{% else %}{% set x = \"z\" %}{% endfor %}\na: {{ x }}\n",
        "{% set x = values.host ~ \"\" %}\na: {{ x }}\n",
        "{% set x = values.host if values.port else values.other %}\na: {{ x }}\n",
        "{% set x %}{{ values.host }}{% endset %}\na: {{ x }}\n",
        "{% set values = {\"host\": \"z\"} %}{% set x = values.host %}\na: {{ x }}\n",
        "{% for x in values.list | reverse %}\n- {{ x }}\n{% endfor %}\n",
        "{% for x in values.list[1:] %}\n- {{ x }}\n{% endfor %}\n",
        "{% for x in values.host %}\n- {{ x }}\n{% endfor %}\n",
        "{% set l = values.list | reverse %}\n{% for x in l %}\n- {{ x }}\n{% endfor %}\n",
        "{% set m = values.none | default(value={\"k\": \"z\"}) %}\na: {{ m.k }}\n",
        "{% set m = values.map | get(key=\"z\", default={\"k\": \"z\"}) %}\na: {{ m.k }}\n",
        "{% for x in values.list %}\n{% endfor %}\n{% set x = 1 %}\na: {{ x }}\n",
        "{% set x = values.host %}{% block b %}{% endblock %}\na: {{ x }}\n",
        "{% set x = values.host %}{% if true %}{% block b %}{% endblock %}{% endif %}\na: {{ x }}\n",
        "{% set x = values.host %}\n{% for k, x in {\"a\": 1} %}\n- {{ x }}\n{% endfor %}\n",
    ] {
        assert_eq!(came_from(template, ORIGINS), Vec::<String>::new(), "{template}");
    }
    let library = "{% set x = values.host %}{% component c() %}{% set y = x | default(value=1) %}\n- {{ y }}\n{% endcomponent %}\n";
    assert_eq!(origins("{{<c/>}}\n", ORIGINS, library), Vec::<String>::new());
}

/// What is said of a template that fails: `file:line:column: message`, then every step of the way there.
fn failure(template: &str, values_yaml: &str) -> String {
    let sources = Sources::new();
    let mut report = rendered(&sources, template, values_yaml, &[]);
    assert!(report.output.is_none(), "must fail");
    let found = report.diagnostics.remove(0);
    let place = |span: Span| {
        let at = sources.position(span).unwrap();
        let source = sources.get(span.source).unwrap();
        let marked = &source.text[span.start as usize..span.end as usize];
        format!("{}:{}:{} [{marked}]", source.name, at.line, at.column)
    };
    let labels = found.labels.iter().map(|label| place(label.span));
    let trace = found.trace.iter().map(|step| format!("{} {}", step.text, place(step.span.unwrap())));
    let lines: Vec<String> = std::iter::once(found.message.clone()).chain(labels).chain(trace).collect();
    lines.join("\n")
}

#[test]
fn errors_in_texts_are_shown_in_the_values_file() {
    let call = "rendered by `tpl` app/templates/t.yaml:2:7 [tpl(text=values.t)]";
    let template = "a: 1\nb: {{ tpl(text=values.t) }}\n";
    for (values, told) in [
        (
            "x: 1\nt: 'q {{ values.nope }}'\n",
            "`values.nope` is not defined\napp/values.yaml:2:10 [values.nope]",
        ),
        (
            "x: 1\nt: |\n  first\n  {{ values.x | upperr }}\n",
            "unknown filter `upperr`\napp/values.yaml:4:17 [upperr]",
        ),
        (
            "x: 1\nt: \"{% for i in values.x %}{% endfor %}\"\n",
            "iteration not possible on type `integer`\napp/values.yaml:2:17 [values.x]",
        ),
        (
            "x: 1\nt: \"a\\t{{ values.nope.b }}\"\n",
            "`values.nope` is not defined\ntext given to `tpl`:1:13 [nope]\napp/values.yaml:2:4 [\"a\\t{{ values.nope.b }}\"]",
        ),
        ("t: \"{{ values.x\"\n", "this expression is never closed\napp/values.yaml:1:5 [{{]"),
    ] {
        assert_eq!(failure(template, values), format!("{told}\n{call}"), "{values}");
    }
    // Through variables, entries of collections and other texts.
    assert_eq!(
        failure(
            "{% for x in values.l %}\na: {{ tpl(text=x) }}\n{% endfor %}\n",
            "l:\n  - ok\n  - '{{ nope }}'\n"
        ),
        "`nope` is not defined\napp/values.yaml:3:9 [nope]\nrendered by `tpl` app/templates/t.yaml:2:7 [tpl(text=x)]"
    );
    assert_eq!(
        failure("a: {{ tpl(text=values.m) }}\n", "m: {k: '{{ nope }}'}\n"),
        "`nope` is not defined\napp/values.yaml:1:12 [nope]\nrendered by `tpl` app/templates/t.yaml:1:7 [tpl(text=values.m)]"
    );
    assert_eq!(
        failure(template, "t: '{{ tpl(text=values.u) }}'\nu: '{{ nope }}'\n"),
        format!(
            "`nope` is not defined\napp/values.yaml:2:8 [nope]\n{call}\nrendered by `tpl` app/values.yaml:1:8 [tpl(text=values.u)]"
        )
    );
    assert_eq!(
        failure("a: {{ tpl(text=\"x {{ nope }}\") }}\n", ""),
        "`nope` is not defined\ntext given to `tpl`:1:6 [nope]\nrendered by `tpl` app/templates/t.yaml:1:7 [tpl(text=\"x {{ nope }}\")]"
    );
    let report = rendered(&Sources::new(), template, "t: '{{ 1 | upperr }}'\n", &[]);
    assert_eq!(report.diagnostics[0].help, ["did you mean `upper`?"]);
}

/// Templates whose tags trim the text around them or do not, in any combination.
fn nested_templates() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let dash = || prop::sample::select(vec!["", "-"]);
    let text = prop::sample::select(vec!["a: 1\n", "  ", "\n", " x ", "- y", "\r\n", "k:", "# c\n"]);
    let tag = (
        prop::sample::select(vec!["{ values.s }", "{ values.i }", "# c #", "% set v = 1 %"]),
        dash(),
        dash(),
    );
    let tag = tag.prop_map(|(tag, before, after)| {
        let (open, rest) = tag.split_at(1);
        let (inner, close) = rest.split_at(rest.len() - 1);
        format!("{{{open}{before}{inner}{after}{close}}}")
    });
    let raw = (dash(), dash()).prop_map(|(a, b)| format!("{{%{a} raw %}} {{{{ x }}}}\n{{% endraw {b}%}}"));
    let leaf = prop_oneof![4 => text.prop_map(str::to_owned), 3 => tag, 1 => raw];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let body = prop::collection::vec(inner, 0..4).prop_map(|parts| parts.concat());
        let blocks = vec![
            ["% if values.p %", "% endif %"],
            ["% if values.q %", "% endif %"],
            ["% if values.q %", "% elif values.p %"],
            ["% for i in values.l %", "% endfor %"],
            ["% for i in [] %", "% endfor %"],
            ["% set w %", "% endset %"],
            ["% filter upper %", "% endfilter %"],
        ];
        (prop::sample::select(blocks), any::<bool>(), body.clone(), body, prop::collection::vec(dash(), 8))
            .prop_map(|([open, close], has_else, first, second, dashes)| {
                let mut dashes = dashes.into_iter();
                let mut written = |tag: &str| {
                    let (before, after) = (dashes.next().unwrap_or(""), dashes.next().unwrap_or(""));
                    format!("{{%{before}{}{after}%}}", tag.trim_matches('%'))
                };
                let mut out = written(open) + &first;
                if close.contains("elif") {
                    out += &(written(close) + &second);
                }
                if has_else && !open.contains("set") && !open.contains("filter") {
                    out += &(written("% else %") + &second);
                }
                let close = if close.contains("elif") { "% endif %" } else { close };
                out + &written(close)
            })
    })
}

proptest::proptest! {
    /// The render itself checks it.
    #[test]
    fn recording_changes_no_white_space(template in nested_templates()) {
        let values = "s: text\ni: 1\np: true\nq: false\nl: [1, 2]\n";
        // The text of a `set` block may not be what YAML takes, and that of a manifest even less so.
        let _ = try_render("a: 1\n", values, &[("templates/NOTES.txt", &template)]);
        let _ = try_render(&template, values, &[]);
    }
}
