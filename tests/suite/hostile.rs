//! Hostile input: nothing panics, hangs, prints half a release or takes more memory than a machine has.

use crate::support::{CONFIG_MAP, Sandbox};
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const HELM_CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n";

impl Sandbox {
    /// A Helm chart of one template.
    fn helm_chart(&self, template: &str) {
        self.write("helm/Chart.yaml", "apiVersion: v2\nname: helm\nversion: 1.0.0\nengine: gotpl\n");
        self.write("helm/templates/cm.yaml", template);
    }
}

#[test]
fn templates_that_grow_without_end_are_refused() {
    let sandbox = Sandbox::new();
    let helm = ["render", "shop", "helm"];
    let nested =
        |count: usize, open: &str, close: &str| format!("{}{}", open.repeat(count), close.repeat(count));
    for (template, told) in [
        ("{{ $x := \"0123456789\" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}{{ $x }}", "too long"),
        ("{{ repeat 2000000000 \"xx\" }}", "too long"),
        ("{{ indent 2000000000 \"x\" }}", "too long"),
        ("{{ range until 1000000000 }}{{ end }}", "too long"),
        ("{{ randAlphaNum 2000000000 }}", "random characters"),
        ("{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}", "without end"),
        ("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ deepCopy $d }}", "contain itself"),
        ("{{ $t := \"{{ tpl .Template.x . }}\" }}{{ tpl $t (dict \"Template\" (dict \"x\" $t)) }}", "tpl"),
        (&nested(20_000, "{{ if true }}", "{{ end }}"), "levels deep"),
        (&format!("{{{{ {} }}}}", nested(20_000, "(", ")")), "levels deep"),
    ] {
        sandbox.helm_chart(template);
        sandbox.refused(&helm, &["helm/templates/cm.yaml:1:", told]);
    }
    // Few lists that share each other are billions of values to whoever walks through them.
    let shared = "{{ $a := list 1 }}{{ $b := list 1 }}{{ $m := dict \"a\" 1 }}{{ range until 40 }}{{ $a = list $a $a }}\
                  {{ $b = list $b $b }}{{ $m = dict \"a\" $m \"b\" $m }}{{ end }}{{ $l := list (repeat 1000000 \"x\") }}";
    for expression in [
        "deepEqual $a $b",
        "has $a (list $b)",
        "without (list $a) $b",
        "toYaml $m",
        "toToml $m",
        "deepCopy $a",
        "print $a",
        "$m",
        "quote $m",
        "merge (dict) $m | toString",
        "join \",\" (list $a)",
        "range until 12 }}{{ $l = concat $l $l }}{{ end }}{{ join \",\" $l",
    ] {
        sandbox.helm_chart(&format!("{shared}{{{{ {expression} }}}}"));
        sandbox.refused(&helm, &["helm/templates/cm.yaml:1:", "too large"]);
    }
    let long = "{{ $s := \"x\" }}{{ range until 20 }}{{ $s = print $s $s }}{{ end }}\
                {{ $l := list $s }}{{ range until 12 }}{{ $l = concat $l $l }}{{ end }}";
    for expression in [
        "regexReplaceAll \"^.*$\" $s (repeat 1000 \"$0\")",
        "regexReplaceAllLiteral \"x\" $s (repeat 1000 \"y\")",
        "replace \"x\" (repeat 1000 \"y\") $s",
        "wrapWith 1 $s $s",
        "join $s (until 1000)",
        "range until 20 }}{{ $l = concat $l $l }}{{ end",
    ] {
        sandbox.helm_chart(&format!("{long}{{{{ {expression} }}}}"));
        sandbox.refused(&helm, &["helm/templates/cm.yaml:1:", "too long"]);
    }
    let tera = ["render", "shop", "tera"];
    for (template, told) in [
        ("a: {{ range(end=1000000000) }}", "limit"),
        ("a: {{ \"x\" | indent(width=2000000000) }}", "width"),
        ("a: {{ \"x\" | nindent(width=2000000000) }}", "width"),
        ("a: {{ \"x\" | regex_replace(pattern=\"(a{1000}){1000}\", with=\"\") }}", "regular expression"),
        (&nested(5000, "{% if true %}", "{% endif %}"), "too deep"),
        (&format!("{{{{ {} }}}}", nested(20_000, "(", ")")), "too complex"),
    ] {
        sandbox.chart("tera", template);
        sandbox.refused(&tera, &["tera/templates/cm.yaml:1:", told]);
    }
}

/// Runs a template that would go on without end; it must be refused at a line of it.
fn refused_at(sandbox: &Sandbox, template: &str, line: usize, told: &str) {
    sandbox.chart("tera", template);
    let begun = Instant::now();
    sandbox.refused(&["render", "shop", "tera"], &[&format!("tera/templates/cm.yaml:{line}:"), told]);
    assert!(begun.elapsed() < Duration::from_secs(60), "{template}: {:?}", begun.elapsed());
}

#[test]
fn tera_templates_that_work_without_end_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("tera/templates/_c.tera", "{% component c(n) %}\n{% set a = <c n={n - 1}/> if n > 0 else \"\" %}\n{% set b = <c n={n - 1}/> if n > 0 else \"\" %}\n{% set d = <c n={n - 1}/> if n > 0 else \"\" %}\n{% endcomponent %}\n");
    let steps = "million steps";
    for (template, line, told) in [
        (
            "{% for i in range(end=100000) %}\n{% for j in range(end=100000) %}\n{% endfor %}\n{% endfor %}\n",
            2,
            steps,
        ),
        (
            "a: 1\n{% for i in range(end=10000) %}\n{% set x = [j * i for j in range(end=10000)] %}\n{% endfor %}\n",
            3,
            steps,
        ),
        (
            "{% set l = range(end=100000) %}\n{% for i in l %}\n{% if i + 0.5 in l %}\na: 1\n{% endif %}\n{% endfor %}\n",
            3,
            steps,
        ),
        ("{% set l = [[i] for i in range(end=100000)] %}\na: {{ l | unique | length }}\n", 2, steps),
        (
            "{% set t = \"{% for i in range(end=100000) %}{% for j in range(end=100000) %}{% endfor %}{% endfor %}\" %}\na: {{ tpl(text=t) }}\n",
            2,
            steps,
        ),
        ("a:\n  b: {{<c n={19}/>}}\n", 2, steps),
    ] {
        refused_at(&sandbox, template, line, told);
    }
    // What costs more the longer a text is.
    for condition in ["s < s", "s is containing(pat=\"xy\")"] {
        let text = "x".repeat(200_000);
        let template = format!(
            "{{% set s = \"{text}\" %}}\n{{% for i in range(end=100000) %}}\n{{% if {condition} %}}\n{{% endif %}}\n{{% endfor %}}\n"
        );
        refused_at(&sandbox, &template, 3, steps);
    }
    let names = |depth: usize| format!("_{depth}.tera");
    for depth in 0..28 {
        let include = format!("{{% include \"{}\" %}}\n", names(depth + 1));
        sandbox.write(&format!("tera/templates/{}", names(depth)), &include.repeat(3));
    }
    sandbox.write(&format!("tera/templates/{}", names(28)), "");
    refused_at(&sandbox, "a: 1\n{% include \"_0.tera\" %}\n", 2, steps);
}

#[test]
fn tera_templates_that_grow_without_end_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("tera/templates/_c.tera", "{% component again() %}\n{{ body }}\n{{ body }}\n{{ body }}\n{{ body }}\n{% endcomponent %}\n{% component rest(n, ...all) %}\n{% if n > 0 %}\n{{<rest n={n - 1} a={all} b={all} c={all} d={all} e={all}/>}}\n{% endif %}\n{% endcomponent %}\n");
    let grow = |start: &str, step: &str| {
        format!(
            "{{% set x = {start} %}}\n{{% for i in range(end=10000) %}}\n{{% set_global x = {step} %}}\n{{% endfor %}}\n"
        )
    };
    let of_text = "MiB of text";
    // A build without optimisation gives up at a tenth.
    let (of_values, too_wide) = if cfg!(debug_assertions) {
        ("more than 400000 values", "this template writes more than 25 MiB")
    } else {
        ("more than 4000000 values", "this template writes more than 256 MiB")
    };
    for (template, line, told) in [
        (grow("\"0123456789\"", "x ~ x"), 3, "too long"),
        (grow("\"aaaaaaaaaa\"", "x | replace(from=\"a\", to=x)"), 3, "too long"),
        (grow("\"aaaaaaaaaa\"", "x | regex_replace(pattern=\".*\", with=\"$0$0$0\")"), 3, "too long"),
        (grow("\"aaaaaaaaaa\"", "x | regex_replace(pattern=\"a\", with=x)"), 3, "too long"),
        (grow("\"aaaaaaaaaa\"", "[x, x, x] | join(sep=x)"), 3, "too long"),
        (grow("\"aaaaaaaaaa\"", "[x, x, x] | str"), 3, "too long"),
        (grow("\"aaaaaaaaaa\"", "{\"a\": x, \"b\": x} | to_json"), 3, "too long"),
        (grow("\"a\\nb\"", "(x | indent(width=1000)) ~ x"), 3, "too long"),
        (grow("\"a\"", "(x | b64encode) ~ x"), 3, "too long"),
        (grow("[1]", "[x, x]"), 3, of_values),
        (grow("[1]", "{\"a\": x, \"b\": x}"), 3, of_values),
        (grow("[1]", "[...x, ...x]"), 3, of_values),
        (grow("[1]", "[x for i in [1, 2, 3]]"), 3, of_values),
        (grow("[1]", "[x]"), 3, "300 deep"),
        (grow("\"x\"", &format!("x ~ \"{}\"", "x".repeat(10_000))), 3, "million steps"),
        (
            (0..100).fold(format!("{{% set x = \"{}\" %}}\n", "x".repeat(4_000_000)), |all, n| {
                format!("{all}{{% set x{n} = x ~ 1 %}}{{# #}}")
            }),
            2,
            of_text,
        ),
        ("a:\n  b: {{<rest n={19} z={1}/>}}\n".to_owned(), 2, of_values),
        (
            format!("a:\n{{% for i in range(end=100000) %}}\n- {}\n{{% endfor %}}\n", "x".repeat(10_000)),
            2,
            of_text,
        ),
        (
            format!(
                "{{% set x = \"{}\" %}}\n{{% for i in range(end=100000) %}}\n- {{{{ x }}}}\n{{% endfor %}}\n",
                "x".repeat(100_000)
            ),
            3,
            of_text,
        ),
        (
            format!(
                "{{% set x = \"{}\" %}}\n{{% for i in range(end=100000) %}}\n- {{{{ [x, i] }}}}\n{{% endfor %}}\n",
                "x".repeat(100_000)
            ),
            3,
            of_text,
        ),
        (format!("a:\n{}- x\n{}", "{% <again> %}\n".repeat(19), "{% </again> %}\n".repeat(19)), 2, too_wide),
        (
            format!(
                "{{% set x = \"{}\" %}}\na: {{{{ tpl(text=\"{{% for i in range(end=100000) %}}{{{{ x }}}}{{% endfor %}}\", x=x) }}}}\n",
                "x".repeat(100_000)
            ),
            2,
            of_text,
        ),
    ] {
        refused_at(&sandbox, &template, line, told);
    }
    let far_right = format!("{{% set l = range(end=100000) %}}\na:\n{}{{{{ l }}}}\n", " ".repeat(10_000));
    refused_at(&sandbox, &far_right, 3, too_wide);
}

#[test]
fn components_and_includes_that_lead_to_each_other_are_refused_on_any_thread() {
    let sandbox = Sandbox::new();
    for chart in ["", "charts/a/", "charts/b/", "charts/c/", "charts/d/"].map(|path| format!("deep/{path}")) {
        let name = chart.trim_end_matches('/').rsplit('/').next().unwrap();
        sandbox.chart(chart.trim_end_matches('/'), "a:\n  b: {{<c/>}}\n");
        sandbox.write(
            &format!("{chart}Chart.yaml"),
            &format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\nengine: tera\n"),
        );
        sandbox.write(
            &format!("{chart}templates/_c.tera"),
            "{% component c() %}\n{% include \"_0.tera\" %}\n{% endcomponent %}\n",
        );
        for depth in 0..25 {
            let next = format!("{{% include \"_{}.tera\" %}}\n", depth + 1);
            sandbox.write(&format!("{chart}templates/_{depth}.tera"), &next);
        }
        sandbox.write(&format!("{chart}templates/_25.tera"), "{{<c/>}}\n");
    }
    let outcome = sandbox.run(&["render", "shop", "deep"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
    assert_eq!(
        outcome.stderr.matches("components call each other endlessly").count(),
        5,
        "{}",
        outcome.stderr
    );
}

#[test]
fn large_tera_charts_render() {
    let sandbox = Sandbox::new();
    let object = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a-{{ i }}\ndata:\n  k: {{ values.name }}-{{ i }}\n";
    sandbox.chart("tera", &format!("{{% for i in range(end=10000) %}}\n{object}{{% endfor %}}\n"));
    let outcome = sandbox.run(&["render", "shop", "tera"]);
    assert_eq!(
        (outcome.code, outcome.stdout.matches("kind: ConfigMap").count()),
        (0, 10_000),
        "{}",
        outcome.stderr
    );
    // Files of some MiB, whole and in pieces.
    let line = "0123456789".repeat(10);
    sandbox.write("tera/files/big.txt", &format!("{line}\n").repeat(40_000));
    sandbox.chart("tera", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: {{ file(path=\"files/big.txt\") }}\n  b: {{ file(path=\"files/big.txt\") | b64encode }}\n  c: {{ file(path=\"files/big.txt\") | split(pat=\"\\n\") | length | str }}\n");
    let outcome = sandbox.run(&["render", "shop", "tera"]);
    assert_eq!((outcome.code, outcome.stdout.matches(&line).count()), (0, 40_000), "{}", outcome.stderr);
}

#[test]
fn tera_templates_of_any_shape_compile_or_are_refused() {
    let sandbox = Sandbox::new();
    let tera = ["render", "shop", "tera"];
    let many = |count: usize, text: &str| text.repeat(count);
    let elifs = |count: usize| {
        format!("a: {{% if false %}}0{}{{% else %}}1{{% endif %}}\n", many(count, "{% elif false %}2"))
    };
    for (template, told) in [
        (elifs(100_000), "more than 200 `elif`"),
        (many(100_000, "{% if true %}"), "too deep"),
        (format!("a: {{{{ {} }}}}\n", many(100_000, "1 if true else ")), "too complex"),
        (format!("a: {{{{ 1{} }}}}\n", many(100_000, " ~ 1")), "too complex"),
        (format!("a: {{{{ values{} }}}}\n", many(100_000, ".a")), "too complex"),
        (format!("a: {{{{ {}1 }}}}\n", many(100_000, "[")), "dimensions"),
        (format!("a: {{{{ {} }}}}\n", many(100_000, "{\"a\": ")), "map"),
        (many(100_000, "{% <c> %}"), "too deep"),
        (many(100_000, "{% for i in values %}"), "too deep"),
        (many(100_000, "{% set x %}"), "too deep"),
        ("x".repeat(6 << 20), "too large"),
    ] {
        sandbox.chart("tera", &template);
        sandbox.refused(&tera, &["tera/templates/cm.yaml", told]);
    }
    let mut blocks = String::from("a:\n");
    for n in 0..10_000 {
        let _ = writeln!(blocks, "  {{% block b{n} %}}{{% endblock %}}");
    }
    for (template, rendered) in [
        (elifs(200), "a: 1\n"),
        (format!("{blocks}  b: 1\n"), "  b: 1\n"),
        (format!("a:\n{}", many(20_000, "  {% if false %}b{% endif %}\n")) + "  b: 1\n", "  b: 1\n"),
        (format!("a: {}\n", many(50_000, "{{ 1 }}{# c #}")), "111"),
    ] {
        sandbox.chart("tera", &format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n{template}"));
        let outcome = sandbox.run(&tera);
        assert!(outcome.code == 0 && outcome.stdout.contains(rendered), "{rendered}: {}", outcome.stderr);
    }
}

#[test]
fn numbers_of_any_precision_are_printed_as_go_prints_them() {
    let sandbox = Sandbox::new();
    let text = "{{ printf \"%.70000f\" 0.5 | len }} {{ printf \"%.70000e\" 0.5 | len }} {{ printf \"%.70000g\" 0.5 }}";
    sandbox.helm_chart(&format!("{HELM_CONFIG_MAP}data:\n  a: {text}\n"));
    let outcome = sandbox.run(&["render", "shop", "helm"]);
    assert!(outcome.stdout.contains("a: 70002 70006 0.5\n"), "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn deep_includes_render_or_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.chart("tera", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  {% include \"_0.tera\" %}\n");
    for depth in 0..300 {
        let next = format!("{{% include \"_{}.tera\" %}}\n", depth + 1);
        sandbox.write(&format!("tera/templates/_{depth}.tera"), &next);
    }
    sandbox.write("tera/templates/_300.tera", "name: deep\n");
    sandbox.refused(&["render", "shop", "tera"], &["more than 30 deep", "tera/templates/_"]);
    // As deep as is allowed: nothing is lost on the way.
    sandbox.write("tera/templates/_27.tera", "name: deep\n");
    for depth in 28..=300 {
        fs::remove_file(sandbox.path().join(format!("tera/templates/_{depth}.tera"))).unwrap();
    }
    let outcome = sandbox.run(&["render", "shop", "tera"]);
    assert!(outcome.stdout.ends_with("metadata:\n  name: deep\n"), "{}{}", outcome.stdout, outcome.stderr);

    let mut defines = String::new();
    for n in 0..900 {
        let _ = write!(defines, "{{{{ define \"t{n}\" }}}}{{{{ include \"t{}\" . }}}}{{{{ end }}}}", n + 1);
    }
    sandbox.helm_chart(&format!(
        "{defines}{{{{ define \"t900\" }}}}name: deep{{{{ end }}}}apiVersion: v1\nkind: ConfigMap\nmetadata:\n  {{{{ include \"t0\" . }}}}\n"
    ));
    let outcome = sandbox.run(&["render", "shop", "helm"]);
    assert!(outcome.stdout.contains("  name: deep\n"), "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn nesting_bombs_are_refused_wherever_json_is_read() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", CONFIG_MAP);
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(8000), close.repeat(8000));
    let list = format!("text={}", nested("[", "]"));
    sandbox.refused(&["render", "shop", "web", "--set-json", &list], &["--set-json:1:", "nested"]);
    let object = nested("{\"text\":", "}");
    sandbox.refused(&["values", "web", "--set-json", &object], &["--set-json:1:", "nested"]);
    sandbox.write(
        "web/values.schema.json",
        &format!("{{\"not\":{}}}", nested("{\"not\":", "}").replace('1', "{}")),
    );
    sandbox.refused(&["render", "shop", "web"], &["values.schema.json:1:", "nested"]);
    sandbox.write("web/values.schema.json", "");
    sandbox.refused(&["render", "shop", "web"], &["values.schema.json:1:1"]);
}

#[test]
fn what_is_wrong_a_hundred_thousand_times_is_said_a_hundred_times() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", CONFIG_MAP);
    sandbox.write("twice.yaml", &"name: x\n".repeat(20_000));
    let twice = sandbox.run(&["render", "shop", "web", "-f", "twice.yaml"]);
    assert_eq!((twice.code, twice.stderr.matches("written twice").count()), (2, 100));
    assert!(twice.stderr.ends_with("note: 19899 more diagnostics are not shown\n"));
    let unknown: String = (0..20_000).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "k{n}: 1");
        text
    });
    sandbox.write("unknown.yaml", &unknown);
    let unknown = sandbox.run(&["render", "shop", "web", "-f", "unknown.yaml", "--strict"]);
    assert_eq!(
        (unknown.code, unknown.stderr.matches("error: the chart `web` has no value").count()),
        (2, 100)
    );
    let unknown = sandbox.run(&["render", "shop", "web", "-f", "unknown.yaml"]);
    assert_eq!((unknown.code, unknown.stderr.matches("warning[values/unknown]: ").count()), (0, 100));
}

#[cfg(unix)]
#[test]
fn endless_input_is_not_read_to_its_end() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", CONFIG_MAP);
    sandbox.refused(&["render", "shop", "web", "-f", "/dev/zero"], &["/dev/zero", "50 MiB"]);
    sandbox.refused(&["render", "shop", "web", "--set-file", "name=/dev/zero"], &["/dev/zero", "50 MiB"]);
    let zeros = || Stdio::from(fs::File::open("/dev/zero").unwrap());
    for args in [["render", "shop", "web", "-f", "-"].as_slice(), &["lint", "-"], &["preview", "-"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        let output = command.args(args).current_dir(sandbox.path()).stdin(zeros()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, "error: cannot read standard input: it is larger than 50 MiB\n", "{args:?}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    }
}

#[cfg(unix)]
#[test]
fn odd_files_in_a_chart_are_named() {
    let sandbox = Sandbox::new();
    let render = ["render", "shop", "web"];
    for (target, path, told) in [
        ("..", "web/templates/up", "a directory that contains it"),
        ("../../web", "web/charts/self", "a directory that contains it"),
        ("loop", "web/templates/loop", "is broken"),
        ("nothing", "web/templates/broken.yaml", "is broken"),
        ("/dev/zero", "web/templates/zero.yaml", "outside the chart"),
        ("/etc", "web/files", "outside the chart"),
    ] {
        sandbox.chart("web", CONFIG_MAP);
        fs::create_dir_all(sandbox.path().join("web/charts")).unwrap();
        sandbox.link(target, path);
        sandbox.refused(&render, &[path, told]);
        fs::remove_dir_all(sandbox.path().join("web")).unwrap();
    }
    sandbox.chart("web", CONFIG_MAP);
    let fifo = sandbox.path().join("web/templates/fifo.yaml");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    sandbox.refused(&render, &["web/templates/fifo.yaml", "neither a file nor a directory"]);
    fs::remove_file(fifo).unwrap();

    let mut path = "web".to_owned();
    for _ in 0..60 {
        path.push_str("/charts/s");
        sandbox
            .write(&format!("{path}/Chart.yaml"), "apiVersion: v2\nname: s\nversion: 1.0.0\nengine: tera\n");
    }
    sandbox.refused(&render, &["charts/s/charts/s", "deep"]);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_no_success() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", CONFIG_MAP);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["render", "shop", "web"])
        .current_dir(sandbox.path())
        .stdout(Stdio::from(full))
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: cannot write to stdout: "), "{said}");
}

#[test]
fn text_from_other_systems_is_read() {
    let sandbox = Sandbox::new();
    for (engine, name) in [("tera", "{{ release.name }}"), ("gotpl", "{{ .Release.Name }}")] {
        let dir = format!("ein  Änderungs-{engine} ☃");
        let config_map =
            |rest: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}{rest}\n");
        let metadata =
            format!("\u{feff}apiVersion: v2\r\nname: web\r\nversion: 1.0.0\r\nengine: {engine}\r\n");
        sandbox.write(&format!("{dir}/Chart.yaml"), &metadata);
        for template in [
            format!("\u{feff}{}", config_map("")),
            config_map("").replace('\n', "\r\n"),
            format!("---\n---\n{}---\n---\n", config_map("")),
            config_map("\ndata:\n  text: |\n    a\n    ---\n    b\n---\n# nothing\n"),
            config_map("\ndata:\n  ключ: 日本 😀\n"),
        ] {
            sandbox.write(&format!("{dir}/templates/cm.yaml"), &template);
            let outcome = sandbox.run(&["render", "shop", &dir]);
            assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{template:?}");
            assert_eq!(outcome.stdout.matches("name: shop").count(), 1, "{template:?}: {}", outcome.stdout);
        }
        for (template, told) in [
            (config_map("\ndata:\n\ttext: x"), "a tab cannot indent"),
            (config_map("\ndata:\n  text: \"a\0b\""), "U+0000"),
            (config_map("\ndata:\n  text: 'a"), "quote"),
        ] {
            sandbox.write(&format!("{dir}/templates/cm.yaml"), &template);
            sandbox.refused(&["render", "shop", &dir], &["templates/cm.yaml:", told]);
        }
    }
}
