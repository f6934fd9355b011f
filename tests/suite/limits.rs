//! `--timeout` and `--max-memory`: whatever is expanded, looped over or searched, a command ends with a message and without
//! output.

use crate::support::{CONFIG_MAP, Sandbox};

/// For what takes time: more memory than any machine fills in that second, so that it is the time that decides.
const LIMITS: [&str; 4] = ["--timeout", "1s", "--max-memory", "2Gi"];

/// For what needs memory rather than time, on however slow a machine.
const SMALL: [&str; 4] = ["--timeout", "5m", "--max-memory", "64Mi"];

const TIME: &str = "timed out after 1s";
const MEMORY: &str = "the memory limit of 64Mi was exceeded";

impl Sandbox {
    /// Runs a command within [`LIMITS`]. It must fail, print nothing and say what it is told to.
    fn limited(&self, args: &[&str], told: &[&str]) {
        self.refused(&[args, &LIMITS].concat(), told);
    }

    fn helm(&self, template: &str) {
        self.write("helm/Chart.yaml", "apiVersion: v2\nname: helm\nversion: 1.0.0\nengine: gotpl\n");
        self.write("helm/templates/cm.yaml", template);
    }

    fn limited_helm(&self, template: &str, told: &[&str]) {
        self.helm(template);
        self.limited(&["render", "shop", "helm"], told);
    }

    fn limited_tera(&self, template: &str, told: &[&str]) {
        self.chart("tera", template);
        self.limited(&["render", "shop", "tera"], told);
    }
}

#[test]
fn helm_templates_that_take_too_long_are_stopped_at_their_line() {
    let sandbox = Sandbox::new();
    let shared = "{{ $m := dict \"a\" 1 }}{{ $n := dict \"a\" 1 }}{{ range until 60 }}\
                  {{ $m = dict \"a\" $m \"b\" $m }}{{ $n = dict \"a\" $n \"b\" $n }}{{ end }}\n";
    let fan = |call: &str| {
        let define = |number: usize| {
            let call = format!("{{{{ {call} \"t{}\" . }}}}", number + 1);
            format!("{{{{ define \"t{number}\" }}}}{call}{call}{{{{ end }}}}")
        };
        let all: String = (0..60).map(define).collect();
        format!("{all}{{{{ define \"t60\" }}}}{{{{ end }}}}\n{{{{ {call} \"t0\" . }}}}")
    };
    for template in [
        format!("{shared}{{{{ range until 1000000 }}}}{{{{ $_ := deepEqual $m $n }}}}{{{{ end }}}}"),
        format!("{shared}{{{{ range until 1000000 }}}}{{{{ $_ := mergeOverwrite $m.a.a $n }}}}{{{{ end }}}}"),
        "\n{{ range 1000000000000 }}{{ end }}".to_owned(),
        "\n{{ range until 100000 }}{{ range until 100000 }}{{ $_ := add 1 . }}{{ end }}{{ end }}".to_owned(),
        "{{ $x := repeat 1000000 \"a\" }}\n{{ len (regexFindAll \"a.*b|a\" $x -1) }}".to_owned(),
        "{{ $x := repeat 1000000 \"a\" }}\n{{ range until 1000000 }}{{ $_ := sha256sum $x }}{{ end }}"
            .to_owned(),
        "\n{{ range until 1000000 }}{{ $_ := bcrypt \"x\" }}{{ end }}".to_owned(),
        "\n{{ range until 1000000 }}{{ $_ := printf \"%1000000d\" 1 }}{{ end }}".to_owned(),
        "\n{{ range until 1000000 }}{{ $_ := tpl (printf \"{{ 1 }}%d\" .) $ }}{{ end }}".to_owned(),
        fan("template"),
    ] {
        sandbox.limited_helm(&template, &[TIME, "helm/templates/cm.yaml", "--timeout"]);
    }
    sandbox.limited_helm(&fan("include"), &[TIME, "helm/templates/cm.yaml:1:", "included `t0`"]);
}

#[test]
fn helm_templates_that_need_too_much_memory_are_stopped() {
    let sandbox = Sandbox::new();
    for template in [
        "{{ range $i := until 9999999 }}x{{ end }}",
        "{{ $l := list 1 }}{{ range until 60 }}{{ $l = concat $l $l }}{{ end }}",
        "{{ $d := dict }}{{ range 10000000 }}{{ $_ := set $d (printf \"%d%s\" . (repeat 10000 \"x\")) . }}{{ end }}",
        "{{ $x := repeat 1000000 \"x\" }}{{ range 1000000 }}{{ $x }}{{ end }}",
        "{{ splitList \"\" (repeat 30000000 \"xy\") }}",
        "{{ range until 100 }}{{ $_ := fromJsonArray (printf \"[%s1]\" (repeat 10000000 \"1,\")) }}{{ end }}",
    ] {
        sandbox.helm(template);
        sandbox.refused(
            &[["render", "shop", "helm"].as_slice(), &SMALL].concat(),
            &[MEMORY, "templates/cm.yaml"],
        );
    }
}

#[test]
fn tera_templates_that_take_too_much_are_stopped() {
    let sandbox = Sandbox::new();
    let text = format!("{{% set s = \"{}\" %}}\n", "x".repeat(200_000));
    let turns = |body: &str| format!("{{% for i in range(end=100000) %}}{body}{{% endfor %}}");
    for (template, told) in [
        (format!("{text}a: {{{{ s | regex_replace(pattern=\"x.*b|x\", with=\"y\") | length }}}}"), TIME),
        (text.clone() + &turns("{% if s | upper | length == 3 %}a{% endif %}"), "templates/cm.yaml"),
        (text.clone() + &turns("{% if s | title | wordcount == 3 %}a{% endif %}"), "templates/cm.yaml"),
        (text.clone() + &turns("{% set z = s | b64encode %}"), "templates/cm.yaml"),
        (text.clone() + &turns("{% set z = s | replace(from=\"x\", to=\"yyy\") %}"), "templates/cm.yaml"),
        (text.clone() + &turns("{% set z = s | kebabcase %}"), "templates/cm.yaml"),
        (text + &turns("{% if s | regex_match(pattern=\"(x|xx)*y\") %}a{% endif %}"), "templates/cm.yaml"),
        (turns(&turns("{% set z = i %}")), "templates/cm.yaml"),
        (turns("{% set z = tpl(text=\"{{ 1 }}\" ~ i) %}"), "templates/cm.yaml"),
        ("{{ 1 }}".repeat(700_000), TIME),
        ("{% if true %}a{% endif %}".repeat(200_000), TIME),
        (format!("{{{{ [{}1] }}}}", "1, ".repeat(1_500_000)), TIME),
    ] {
        sandbox.limited_tera(&template, &[told, "error: "]);
    }
}

#[test]
fn commands_that_compare_lint_or_read_are_stopped() {
    let sandbox = Sandbox::new();
    let maps = |count: usize, data: &str| {
        let one = |number| format!("---\n{CONFIG_MAP}data: {{a: \"{number}{data}\"}}\n");
        (0..count).map(one).collect::<String>().replace("{{ release.name }}", "x")
    };
    sandbox.write("many.yaml", &maps(200_000, ""));
    for command in ["lint", "preview"] {
        sandbox.refused(&[command, "many.yaml", "--timeout", "300ms"], &["timed out after 300ms"]);
        sandbox.refused(
            &[command, "many.yaml", "--max-memory", "40Mi"],
            &["the memory limit of 40Mi was exceeded"],
        );
    }
    sandbox.refused(
        &["diff", "many.yaml", "--against", "many.yaml", "--timeout", "300ms"],
        &["timed out after 300ms", "--timeout"],
    );
}

#[test]
fn a_chart_that_does_not_fit_in_memory_is_named() {
    let sandbox = Sandbox::new();
    let large = vec![b'x'; 4 << 20];
    let chart = b"apiVersion: v2\nname: web\nversion: 1.0.0\n".as_slice();
    let entries =
        [("web/Chart.yaml", chart), ("web/a.txt", &large), ("web/b.txt", &large), ("web/c.txt", &large)];
    sandbox.archive("web.tgz", &entries);
    sandbox.refused(
        &["render", "web.tgz", "--max-memory", "6Mi", "--timeout", "5m"],
        &["the memory limit of 6Mi was exceeded while loading the chart `web.tgz`", "--max-memory"],
    );
}

/// Reading them needs far less memory than comparing them.
#[test]
fn a_comparison_that_needs_too_much_memory_names_the_object() {
    let sandbox = Sandbox::new();
    let map = |name: &str, step: usize, count: usize| {
        let key = |number| format!("  k{}: x\n", number * step);
        let keys: String = (0..count).map(key).collect();
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n{keys}")
    };
    sandbox.write("old.yaml", &(map("small", 1, 1) + &map("large", 1, 20_000)));
    sandbox.write("new.yaml", &(map("small", 1, 1) + &map("large", 3, 20_000)));
    for driver in ["kubectl", "kubectl-server-side", "helm", "argocd", "flux", "replace"] {
        let args = ["diff", "new.yaml", "--against", "old.yaml", "--driver", driver];
        let limits = ["--max-memory", "24Mi", "--timeout", "5m"];
        sandbox.refused(
            &[args.as_slice(), &limits].concat(),
            &["the memory limit of 24Mi was exceeded while ", "ing `ConfigMap/large`", "--max-memory"],
        );
    }
}

/// Everything that the server stores for them does not fit at once.
#[test]
fn a_plan_needs_memory_for_its_manifests_and_for_few_stored_objects() {
    const DATABASE: &str = include_str!("../../benches/database.yaml");
    let sandbox = Sandbox::new();
    let databases = |tag: &str| {
        let database = DATABASE.replace(":17.2", tag);
        let named = |number| format!("---\n{}", database.replace("orders-db", &format!("db-{number}")));
        (0..400).map(named).collect::<String>()
    };
    sandbox.write("old.yaml", &databases(":17.2"));
    sandbox.write("new.yaml", &databases(":17.3"));
    let outcome = sandbox.run(&[
        "diff",
        "new.yaml",
        "--against",
        "old.yaml",
        "--max-memory",
        "32Mi",
        "--timeout",
        "5m",
    ]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
}

/// Work that grows with the product of two lists is stopped where it is done.
#[test]
fn kustomizations_that_take_too_long_are_named() {
    let sandbox = Sandbox::new();
    let one = |number: usize| {
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{number}}}\ndata: {{a: x}}\n")
    };
    sandbox.write("k/maps.yaml", &(0..2000).map(one).collect::<String>());
    let label = |number: usize| format!("- pairs: {{l{number}: v}}\n");
    let labels: String = (0..2000).map(label).collect();
    sandbox.write("k/kustomization.yaml", &format!("resources: [maps.yaml]\nlabels:\n{labels}"));
    sandbox.limited(&["lint", "k"], &[TIME, "building the kustomization `k`", "--timeout"]);
}

/// What programs read of lint is a document even then.
#[test]
fn lint_that_is_stopped_says_so_in_the_format_that_was_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.helm("\n{{ range 1000000000000 }}{{ end }}");
    let output = sandbox.run(&[["lint", "helm", "--format", "json"].as_slice(), &LIMITS].concat());
    let found: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((output.code, found["findings"][0]["message"].as_str()), (2, Some(TIME)));
    assert_eq!(found["findings"][0]["line"], 2);
}

#[cfg(unix)]
#[test]
fn files_and_pipes_without_an_end_are_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", CONFIG_MAP);
    let fifo = sandbox.path().join("fifo.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for args in [
        ["render", "web", "-f", "fifo.yaml"].as_slice(),
        &["lint", "fifo.yaml"],
        &["lint", "web", "--config", "fifo.yaml"],
        &["lint", "web", "--baseline", "fifo.yaml"],
    ] {
        sandbox.limited(args, &["timed out after 1s while reading `fifo.yaml`"]);
    }
    sandbox.link("/dev/zero", "zero.yaml");
    for args in [
        ["lint", "zero.yaml"].as_slice(),
        &["lint", "web", "--config", "zero.yaml"],
        &["lint", "web", "--baseline", "zero.yaml"],
        &["preview", "zero.yaml"],
        &["rehearse", "--scenario", "zero.yaml"],
    ] {
        sandbox.refused(args, &["zero.yaml`: it is larger than 50 MiB"]);
    }
}

#[test]
fn limits_are_written_as_kubernetes_and_go_write_them() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", CONFIG_MAP);
    for flags in [["--timeout", "1m30s"], ["--timeout", "0"], ["--max-memory", "1G"], ["--max-memory", "0"]] {
        let output = sandbox.run(&[["render", "web"], flags].concat());
        assert_eq!(output.code, 0, "{}", output.stderr);
    }
    sandbox.refused(&["render", "web", "--timeout", "90"], &["90s", "--timeout"]);
    sandbox.refused(&["render", "web", "--timeout=-1s"], &["use a duration", "--timeout"]);
    sandbox.refused(&["render", "web", "--max-memory", "1 GB"], &["512Mi", "--max-memory"]);
}
