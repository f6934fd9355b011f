//! Hostile input: nothing panics, hangs, prints half a release or takes more memory than a machine has.

use crate::support::{CONFIG_MAP, Sandbox};
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

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
        ("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ deepCopy $d }}", "hold itself"),
        ("{{ $t := \"{{ tpl .Template.x . }}\" }}{{ tpl $t (dict \"Template\" (dict \"x\" $t)) }}", "tpl"),
        (&nested(20_000, "{{ if true }}", "{{ end }}"), "levels deep"),
        (&format!("{{{{ {} }}}}", nested(20_000, "(", ")")), "levels deep"),
    ] {
        sandbox.helm_chart(template);
        sandbox.refused(&helm, &["helm/templates/cm.yaml:1:", told]);
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

#[test]
fn numbers_of_any_precision_are_printed_as_go_prints_them() {
    let sandbox = Sandbox::new();
    let text = "{{ printf \"%.70000f\" 0.5 | len }} {{ printf \"%.70000e\" 0.5 | len }} {{ printf \"%.70000g\" 0.5 }}";
    sandbox.helm_chart(&format!("{HELM_CONFIG_MAP}data:\n  a: {text}\n"));
    let outcome = sandbox.run(&["render", "shop", "helm"]);
    assert!(outcome.stdout.contains("a: 70002 70006 0.5\n"), "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn includes_a_thousand_deep_render_or_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.chart("tera", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  {% include \"_0.tera\" %}\n");
    for depth in 0..1000 {
        let next = format!("{{% include \"_{}.tera\" %}}\n", depth + 1);
        sandbox.write(&format!("tera/templates/_{depth}.tera"), &next);
    }
    sandbox.write("tera/templates/_1000.tera", "name: deep\n");
    sandbox.refused(&["render", "shop", "tera"], &["more than 30 deep", "tera/templates/_"]);
    // As deep as is allowed: nothing is lost on the way.
    sandbox.write("tera/templates/_27.tera", "name: deep\n");
    for depth in 28..=1000 {
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
    assert!(twice.stderr.ends_with("note: 19899 more like these are not shown\n"));
    let unknown: String = (0..20_000).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "k{n}: 1");
        text
    });
    sandbox.write("unknown.yaml", &unknown);
    let unknown = sandbox.run(&["render", "shop", "web", "-f", "unknown.yaml", "--strict"]);
    assert_eq!((unknown.code, unknown.stderr.matches("error: the chart `web` knows no").count()), (2, 100));
    let unknown = sandbox.run(&["render", "shop", "web", "-f", "unknown.yaml"]);
    assert_eq!((unknown.code, unknown.stderr.matches("warning: ").count()), (0, 100));
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
        ("..", "web/templates/up", "in itself"),
        ("../../web", "web/charts/self", "in itself"),
        ("loop", "web/templates/loop", "leads nowhere"),
        ("nothing", "web/templates/broken.yaml", "leads nowhere"),
        ("/dev/zero", "web/templates/zero.yaml", "out of the chart"),
        ("/etc", "web/files", "out of the chart"),
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
