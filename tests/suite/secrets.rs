//! Secret values are in no output and in no record, whatever way they took.
//!
//! Each value below is a text that stands nowhere else. It is planted in a Secret, or in what looks like one, and every command
//! runs in every format. Then everything that was printed or written is searched for it in every encoding.

use crate::support::Sandbox;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A Secret reached in every way: as it is, encoded, joined, by default, literally; misspelt; in a list; and what is made from
/// it elsewhere.
const HELM: &str = r#"apiVersion: v1
kind: Secret
metadata: {name: s, annotations: {plain: x}}
data:
  a: {{ .Values.one | b64enc }}
  lit: @base64:literal@
  joined: {{ printf "%s:%s" .Values.user .Values.two | b64enc | quote }}
  fallback: {{ .Values.nope | default "@default@" | b64enc }}
stringData:
  url: "postgres://{{ .Values.user }}:{{ .Values.three }}@db/x"
  pin: "{{ .Values.pin }}"
  short: "{{ .Values.short }}"
  tls: |
    -----BEGIN PRIVATE KEY-----
    @pem@AAAA
    -----END PRIVATE KEY-----
  lines: |
{{ .Values.lines | indent 4 }}
---
apiVersion: v1
kind: secret
metadata: {name: typo}
stringData: {x: @kind@}
---
apiVersion: v1
kind: Secret
metadata: {name: misspelt}
dat: {x: @base64:dat@}
stringdata: {y: @stringdata@}
---
apiVersion: v1
kind: Secret
metadata:
  name: applied
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","kind":"Secret","stringData":{"p":"@applied@"}}
data: {bad: "%%%@broken@"}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: listed}
  stringData: {p: @listed@}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm, labels: {label: "{{ .Values.label }}"}}
data:
  key.pem: |
    -----BEGIN RSA PRIVATE KEY-----
    @configpem@BBBB
    -----END RSA PRIVATE KEY-----
  copy: "{{ .Values.one }} and {{ .Values.three | urlquery }}"
  upper: {{ .Values.two | upper }}
  db_password: @configpassword@
  short: "{{ .Values.short }}"
---
apiVersion: v1
kind: Secret
metadata: {name: label}
stringData: {label: "{{ .Values.label }}"}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sts}
spec:
  serviceName: sts
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: a}}
  template:
    metadata:
      labels: {app: a}
      annotations:
        checksum/pin: {{ .Values.pin | toString | sha256sum }}
        note: "{{ .Values.one | b64enc }}"
    spec:
      containers:
      - name: a
        image: "x:1"
        args: ["--password={{ .Values.three }}", "-p", "{{ .Values.pin }}"]
        env:
        - {name: DB_PASSWORD, value: @environment@}
        - {name: API_TOKEN, value: "{{ .Values.token }}"}
        - {name: URL, value: "http://{{ .Values.one }}@x/{{ .Values.two | b64enc }}"}
        - {name: SHORT, value: "{{ .Values.short }}"}
        readinessProbe: {httpGet: {port: "{{ .Values.short }}-is-no-name-of-a-port", path: "/{{ .Values.one }}"}}
"#;

const VALUES: &str = "user: app
one: @one@
two: @two@
three: @three@
pin: 4711
short: q7
token: @token@
label: @label@
replicas: 2
lines: |
  first @lines@ line
  second
";

const TERA_VALUES: &str = "one: @one@\ntwo: @two@\npin: 4711\nshort: q7\n";

const TERA: &str = r#"apiVersion: v1
kind: Secret
metadata: {name: s}
data: {a: "{{ values.one | b64encode }}"}
stringData: {two: "x:{{ values.two }}@y", pin: "{{ values.pin }}", short: "{{ values.short }}", l: @teraliteral@}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sts}
spec:
  serviceName: sts
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}, annotations: {checksum/x: "{{ values.pin | str | sha256 }}"}}
    spec:
      containers:
      - name: a
        image: x:1
        args: ["{{ values.one }}", "{{ values.two }}", "{{ values.pin }}"]
        env: [{name: X, value: "{{ values.short }}"}]
"#;

/// Charts that cannot be rendered: the name, `values.yaml`, a template, `values.schema.json`.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    (
        "schema",
        "db: {password: @schema@}\nsecretEnv: {PIN: @schemaenv@}\n",
        "a: b\n",
        r#"{"properties":{"db":{"properties":{"password":{"type":"integer"}}},"secretEnv":{"additionalProperties":{"type":"integer"}}}}"#,
    ),
    (
        "pattern",
        "db: {password: @pattern@}\n",
        "a: b\n",
        r#"{"properties":{"db":{"properties":{"password":{"pattern":"^x$","enum":["q"],"const":"r","maxLength":3}}}}}"#,
    ),
    ("unreadable", "pw: \"@unreadable@\\nx: : y\"\n", "  p: {{ .Values.pw }}\n   q: r\n", ""),
    ("unknown", "password: x\n", "  p: {{ .Values.password | nosuch }}\n  z: @unknown@\n", ""),
    ("fail", "password: @fail@\n", "  p: {{ fail (printf \"bad password %s\" .Values.password) }}\n", ""),
    ("field", "password: @field@\n", "  p: {{ .Values.password.x }}\n", ""),
    ("tpl", "password: \"@tpl@{{\"\n", "  p: {{ tpl .Values.password . }}\n", ""),
    (
        "tera-int",
        "password: @teraint@\n",
        "  a: {{ values.password | int }}\n  c: {{ values.passwrd }}\n",
        "",
    ),
];

/// Manifests with something wrong in a Secret.
const MANIFESTS: &[(&str, &str)] = &[
    ("json.json", r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"a":"@json@"},,}"#),
    (
        "yaml.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: @yaml@\n  a: @yamltwo@\n b: c\n",
    ),
    ("version.yaml", "kind: Secret\nmetadata: {name: a}\nstringData: {a: @version@}\n"),
    (
        "types.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: [@listitem@], b: 47114711}\ndata: @scalar@\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: tls}\ntype: kubernetes.io/tls\nstringData: {tls.crt: @crt@, 'bad key': @key@}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: d}\ntype: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: @base64:docker@}\n",
    ),
    ("values.yaml", "db:\n  password: @valuesone@\n  password: @valuestwo@\n bad: [\n"),
];

/// The sandbox with all of it, and the texts that were planted.
#[derive(Default)]
struct Plants {
    texts: BTreeSet<String>,
}

impl Plants {
    /// Replaces `@name@` by the text of that name, and `@base64:name@` by its encoding.
    fn fill(&mut self, text: &str) -> String {
        let marks = regex::Regex::new("@(base64:)?([a-z]+)@").unwrap();
        let filled = marks.replace_all(text, |found: &regex::Captures<'_>| {
            let plant = format!("Plant{}Z9x", &found[2]);
            self.texts.insert(plant.clone());
            if found.get(1).is_some() { STANDARD.encode(&plant) } else { plant }
        });
        filled.into_owned()
    }

    fn sandbox(&mut self) -> Sandbox {
        let sandbox = Sandbox::new();
        let mut chart = |name: &str, engine: &str, values: &str, template: &str, schema: &str| {
            let metadata = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\nengine: {engine}\n");
            sandbox.write(&format!("{name}/Chart.yaml"), &metadata);
            sandbox.write(&format!("{name}/values.yaml"), &self.fill(values));
            sandbox.write(&format!("{name}/templates/a.yaml"), &self.fill(template));
            if !schema.is_empty() {
                sandbox.write(&format!("{name}/values.schema.json"), schema);
            }
        };
        chart("helm", "gotpl", VALUES, HELM, "");
        chart("tera", "tera", TERA_VALUES, TERA, "");
        for (name, values, template, schema) in BROKEN {
            let engine = if name.starts_with("tera") { "tera" } else { "gotpl" };
            let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n";
            let template =
                if schema.is_empty() { format!("{secret}{template}") } else { (*template).to_owned() };
            chart(name, engine, values, &template, schema);
        }
        for (name, text) in MANIFESTS {
            sandbox.write(name, &self.fill(text));
        }
        let changed =
            |text: &str| text.replace("Plant", "PlantNew").replace("4711", "4712").replace("q7", "q8");
        sandbox.write("new.yaml", &changed(&self.fill(VALUES)));
        sandbox.write("tera-new.yaml", &changed(&self.fill(TERA_VALUES)));
        sandbox.write("empty.yaml", "");
        let news: Vec<String> = self.texts.iter().map(|text| changed(text)).collect();
        self.texts.extend(news);
        sandbox
    }

    /// The planted texts that a text contains, in any encoding.
    fn found_in(&self, text: &str) -> Vec<&str> {
        let is_in = |plant: &&String| encodings(plant).iter().any(|encoded| text.contains(encoded.as_str()));
        self.texts.iter().filter(is_in).map(String::as_str).collect()
    }
}

/// A text and what gives it away: base64 at each offset and in both alphabets, hexadecimal digits, another case.
fn encodings(text: &str) -> Vec<String> {
    let digits = plimsoll::diag::escape::hex(text.as_bytes());
    let mut all = vec![text.to_owned(), digits, text.to_lowercase(), text.to_uppercase()];
    for before in 0..3 {
        let encoded = STANDARD_NO_PAD.encode([&vec![0; before][..], text.as_bytes()].concat());
        let inside = &encoded[(before * 8).div_ceil(6)..(before + text.len()) * 8 / 6];
        all.extend([inside.to_owned(), inside.replace('+', "-").replace('/', "_")]);
    }
    all
}

/// Every command and format that shows something, but the manifests themselves.
fn commands() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let broken: Vec<&str> = BROKEN.iter().map(|(name, ..)| *name).collect();
    for format in ["plan", "unified", "summary", "json", "markdown", "html", "script"] {
        for diff in [
            "r helm -f new.yaml",
            "r helm",
            "t tera -f tera-new.yaml",
            "new-helm.yaml --against helm.yaml",
            "new-helm.yaml --against helm.yaml --driver replace",
            "new-helm.yaml --against helm.yaml --driver helm",
            "new-helm.yaml --against helm.yaml --driver kubectl-server-side",
            "r helm -f new.yaml --against helm",
            "new-helm.yaml --against empty.yaml",
            "empty.yaml --against helm.yaml",
            "types.yaml --against helm.yaml",
            "tera --against tera.yaml -f tera-new.yaml",
        ] {
            all.push(format!("diff {diff} --format {format}"));
        }
    }
    let manifests = MANIFESTS.iter().map(|(name, _)| *name);
    let sources: Vec<&str> =
        ["helm", "tera", "helm.yaml"].into_iter().chain(broken.iter().copied()).chain(manifests).collect();
    for format in ["human", "json", "sarif", "github", "junit"] {
        all.extend(
            sources.iter().map(|source| format!("lint {source} --format {format} --min-severity info")),
        );
        all.push(format!("lint helm -f values.yaml --format {format}"));
    }
    for format in ["table", "json", "mermaid", "svg"] {
        all.extend(
            ["helm", "tera", "helm.yaml", "types.yaml"]
                .map(|source| format!("preview {source} --format {format}")),
        );
    }
    for format in ["table", "json", "html", "svg"] {
        all.push(format!("rehearse r helm -f new.yaml --format {format}"));
        all.push(format!("rehearse new-helm.yaml --against helm.yaml --format {format}"));
    }
    for name in broken {
        all.extend(
            ["render", "preview", "diff --against helm.yaml"].map(|command| format!("{command} r {name}")),
        );
        all.push(format!("values r {name} --why db"));
    }
    all.extend(
        ["one", "two", "pin", "token", "lines"].map(|key| format!("values r helm -f new.yaml --why {key}")),
    );
    all.extend(
        [
            "values r helm --origins --set token=PlanttokenZ9x",
            "render r helm -f values.yaml",
            "render r schema --set db.password=PlantschemaZ9x",
            "render r schema --set-string secretEnv.PIN=PlantschemaenvZ9x",
            "history r",
            "history r --show 1",
            "history t --show 1",
        ]
        .map(str::to_owned),
    );
    all
}

#[test]
fn no_door_shows_a_secret() {
    let mut plants = Plants::default();
    let sandbox = plants.sandbox();
    for (release, chart) in [("r", "helm"), ("t", "tera")] {
        let message = "one is PlantoneZ9x";
        let rendered = sandbox.run(&["render", release, chart, "--record", "--message", message]);
        assert_eq!(rendered.code, 0, "{}", rendered.stderr);
        // Manifests are printed as they are.
        assert!(
            rendered.stdout.contains("PlantteraliteralZ9x") || rendered.stdout.contains("PlantlistedZ9x")
        );
        sandbox.write(&format!("{chart}.yaml"), &rendered.stdout);
    }
    sandbox.write("new-helm.yaml", &sandbox.run(&["render", "r", "helm", "-f", "new.yaml"]).stdout);
    let mut shown = Vec::new();
    for command in commands() {
        let words: Vec<&str> = command.split(' ').collect();
        let outcome = sandbox.run(&words);
        assert!((0..=3).contains(&outcome.code), "{command}: {}", outcome.stderr);
        let found = plants.found_in(&format!("{}\n{}", outcome.stdout, outcome.stderr));
        shown.extend((!found.is_empty()).then(|| format!("plimsoll {command}: {found:?}")));
    }
    let files = walkdir::WalkDir::new(sandbox.path().join(".plimsoll")).into_iter().map(Result::unwrap);
    let mut records = 0;
    // Numbers and short texts are known by their origin alone; a checksum of a number is as good as the number.
    let short = regex::Regex::new(r"\b(4711|q7|de650d61f5bd)").unwrap();
    for file in files.filter(|entry| entry.file_type().is_file()) {
        let text = std::fs::read_to_string(file.path()).unwrap();
        records += usize::from(text.contains("kind: Secret"));
        let found = plants.found_in(&text);
        shown.extend((!found.is_empty()).then(|| format!("{}: {found:?}", file.path().display())));
        shown.extend(
            short.find_iter(&text).map(|found| format!("{}: {}", file.path().display(), found.as_str())),
        );
    }
    assert_eq!(records, 2);
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn secrets_are_shown_to_those_who_ask() {
    let mut plants = Plants::default();
    let sandbox = plants.sandbox();
    sandbox.write("helm.yaml", &sandbox.run(&["render", "r", "helm"]).stdout);
    for (command, text) in [
        ("diff r helm -f new.yaml --against helm.yaml --show-secrets", "PlantNewthreeZ9x"),
        ("diff r helm -f new.yaml --against helm.yaml --show-secrets --format unified", "PlantNewoneZ9x"),
        ("diff r helm --against empty.yaml --format json --stored", "PlantconfigpasswordZ9x"),
        ("values r helm --why one --show-secrets", "PlantoneZ9x"),
        ("values r helm --origins --show-secrets", "PlanttokenZ9x"),
        ("values r helm", "PlanttokenZ9x"),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let outcome = sandbox.run(&words);
        assert!(outcome.stdout.contains(text), "{command}: {}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn a_change_of_a_hidden_value_is_a_change() {
    let sandbox = Sandbox::new();
    let manifest = |value: &str, copy: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: {value}}}\n---\napiVersion: v1\nkind: ConfigMap\n\
             metadata: {{name: c}}\ndata: {{copy: '{copy}', db_password: {value}}}\n"
        )
    };
    sandbox.write("old.yaml", &manifest("hunter2-old", "url hunter2-old"));
    sandbox.write("new.yaml", &manifest("hunter2-new", "url hunter2-new"));
    let plan = sandbox.run(&["diff", "new.yaml", "--against", "old.yaml"]).stdout;
    assert_eq!(plan.matches("(secret, changed)").count(), 3, "{plan}");
    let patch = sandbox.run(&["diff", "new.yaml", "--against", "old.yaml", "--format", "unified"]).stdout;
    for line in
        ["-  a: (secret)", "+  a: (secret, changed)", "-  copy: (secret)", "+  copy: (secret, changed)"]
    {
        assert!(patch.contains(line), "{line} in {patch}");
    }
}

#[test]
fn values_cannot_be_compared_without_the_key() {
    let mut plants = Plants::default();
    let sandbox = plants.sandbox();
    assert_eq!(sandbox.run(&["render", "t", "tera", "--record"]).code, 0);
    let same = ["diff", "t", "tera"];
    let outcome = sandbox.run(&same);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let keys: Vec<_> = std::fs::read_dir(sandbox.path().join("state/plimsoll/keys")).unwrap().collect();
    assert_eq!(keys.len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = keys[0].as_ref().unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // The key is in none of the files of the history.
    let key = std::fs::read_to_string(keys[0].as_ref().unwrap().path()).unwrap();
    let record = sandbox.read(".plimsoll/default/t/000001.yaml") + &sandbox.read(".plimsoll/key-ids");
    assert!(!record.contains(key.trim()));
    std::fs::rename(sandbox.path().join("state"), sandbox.path().join("elsewhere")).unwrap();
    let outcome = sandbox.run(&same);
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.contains("(secret, cannot be compared)"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("cannot be compared"), "{}", outcome.stderr);
    // Another machine records with a key of its own, and both can go on.
    assert_eq!(sandbox.run(&["render", "t", "tera", "--record"]).code, 0);
    assert_eq!(sandbox.run(&same).code, 0);
    assert_eq!(sandbox.read(".plimsoll/key-ids").lines().count(), 2);
}

/// Ways by which a value is joined with others on its way into a Secret: for Helm and for Tera. `<>` is the value.
const JOINED: &[(&str, &str)] = &[
    (
        r#"{{ printf "postgres://%s:%s@%s:5432/db" "u" <> "h" | b64enc }}"#,
        r#"{{ ("postgres://u:" ~ <> ~ "@h:5432/db") | b64encode }}"#,
    ),
    (r#"{{ printf "%s-%s" .Values.other <> | b64enc }}"#, r#"{{ (values.other ~ "-" ~ <>) | b64encode }}"#),
    (
        r#"{{ list "x" .Values.other <> | join "," | b64enc }}"#,
        r#"{{ ["x", <>] | join(sep=",") | b64encode }}"#,
    ),
    (
        r#"{{ tpl "{{ .Values.other }}{{ <> }}" . | b64enc }}"#,
        r#"{{ tpl(text="x{{ y }}", y=<>) | b64encode }}"#,
    ),
    (r"{{ tpl .Values.template . | b64enc }}", r"{{ tpl(text=values.template) | b64encode }}"),
    (
        r#"{{ urlJoin (dict "scheme" "http" "host" "h" "userinfo" (printf "%s:%s" .Values.other <>)) | b64enc }}"#,
        r#"{{ (values.other | replace(from="z", to=<>)) | b64encode }}"#,
    ),
    (
        r#"{{ $url := printf "%s/%s" .Values.other <> }}{{ $url | b64enc }}"#,
        "{% set url = values.other ~ <> %}{{ url | b64encode }}",
    ),
    (
        r#"{{ $x := .Values.other }}{{ if true }}{{ $x = cat $x <> }}{{ end }}{{ $x | b64enc }}"#,
        r#"{% set x = values.other %}{% if true %}{% set x = x ~ <> %}{% endif %}{{ x | b64encode }}"#,
    ),
    (
        r#"{{ include "joined" (list .Values.other <>) | b64enc }}"#,
        r#"{{ {"a": values.other, "b": <>} | to_json | b64encode }}"#,
    ),
    (
        r"{{ toJson (dict `a` .Values.other `b` <>) | b64enc }}",
        r#"{{ ("x" ~ <> if values.other else "y") | b64encode }}"#,
    ),
    (
        r#"{{ $x := dict "a" (list <>) }}{{ index $x.a 0 | b64enc }}"#,
        r#"{% set block %}a{{ values.other }}-{{ <> }}{% endset %}{{ block | b64encode }}"#,
    ),
    (
        r#"{{ $x := "" }}{{ $y := <> }}{{ range list "a" "b" }}{{ $x = printf "%s%s%s" $x . $y }}{{ end }}{{ $x | b64enc }}"#,
        r#"{% set_global all = "" %}{% for i in ["a", "b"] %}{% set_global all = all ~ i ~ <> %}{% endfor %}{{ all | b64encode }}"#,
    ),
    (
        r#"{{ range list <> }}{{ printf "a%s" . | b64enc }}{{ end }}"#,
        r#"{% set_global text %}x{% filter trim %}{{ <> }} {% endfilter %}{% endset %}{{ text | b64encode }}"#,
    ),
];

/// Writes a chart of a Secret that is made in every way, and returns its `values.yaml`. `text` is the value of a number.
fn joined_chart(sandbox: &Sandbox, folder: &str, engine: &str, text: impl Fn(usize) -> String) -> String {
    let is_helm = engine == "gotpl";
    let mut values = String::from("other: ab\n");
    let mut secret = String::new();
    for (number, (helm, tera)) in JOINED.iter().enumerate() {
        let way = if is_helm { helm } else { tera };
        let value = value_of(engine, number);
        // In the template that is a value itself, too.
        if way.contains("template") {
            writeln!(values, "template: 'x{{{{ {value} }}}}'").unwrap();
        }
        writeln!(values, "v{number}: {}", text(number)).unwrap();
        writeln!(secret, "  k{number}: {}", way.replace("<>", &value)).unwrap();
    }
    let define =
        if is_helm { "{{ define \"joined\" }}{{ index . 0 }}:{{ index . 1 }}{{ end }}\n" } else { "" };
    let template = format!("{define}apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n{secret}");
    let metadata = format!("apiVersion: v2\nname: c\nversion: 1.0.0\nengine: {engine}\n");
    sandbox.write(&format!("{folder}/Chart.yaml"), &metadata);
    sandbox.write(&format!("{folder}/values.yaml"), &values);
    sandbox.write(&format!("{folder}/templates/a.yaml"), &template);
    values
}

/// How a template reads the value of a number.
fn value_of(engine: &str, number: usize) -> String {
    if engine == "gotpl" { format!(".Values.v{number}") } else { format!("values.v{number}") }
}

/// Values that are joined with others are known by their origins: these are too short to be known by their texts.
#[test]
fn joined_values_are_secret_wherever_they_came_from() {
    let sandbox = Sandbox::new();
    for engine in ["gotpl", "tera"] {
        let values = joined_chart(&sandbox, engine, engine, |number| format!("q{number}w"));
        let mut copies = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n");
        for number in 0..JOINED.len() {
            writeln!(copies, "  k{number}: x/{{{{ {} }}}}", value_of(engine, number)).unwrap();
        }
        sandbox.write(&format!("{engine}/templates/c.yaml"), &copies);
        let rendered = sandbox.run(&["render", engine, engine, "--record"]);
        assert_eq!(rendered.code, 0, "{}", rendered.stderr);
        let record = sandbox.read(&format!(".plimsoll/default/{engine}/000001.yaml"));
        sandbox.write("new.yaml", &values.replace("w\n", "v\n"));
        let plan = sandbox.run(&["diff", engine, engine, "-f", "new.yaml", "--format", "unified"]);
        assert_eq!(plan.code, 1, "{}", plan.stderr);
        for number in 0..JOINED.len() {
            let secret = format!("q{number}w");
            assert!(rendered.stdout.contains(&format!("x/{secret}")), "{}", rendered.stdout);
            let why = sandbox.run(&["values", engine, engine, "--why", &format!("v{number}")]).stdout;
            for (door, text) in [("record", &record), ("plan", &plan.stdout), ("why", &why)] {
                assert!(!text.contains(&secret), "{engine}, way {number}: {door} shows {secret}\n{text}");
            }
        }
        // What was not joined is shown.
        assert!(record.contains("name: c"), "{record}");
    }
}

/// All values of a chart at once are those of which it is made.
#[test]
fn values_that_are_written_all_at_once_are_secret() {
    let sandbox = Sandbox::new();
    for (engine, all) in [
        ("gotpl", "{{ .Values | toJson | b64enc }}"),
        ("tera", "{{ values | to_json | b64encode }}"),
        ("tera", "{% set all = values | to_json %}{{ all | b64encode }}"),
    ] {
        sandbox.write(
            &format!("{engine}/Chart.yaml"),
            &format!("apiVersion: v2\nname: c\nversion: 1.0.0\nengine: {engine}\n"),
        );
        sandbox.write(&format!("{engine}/values.yaml"), "p: q7w\ndeep: {q: x8y}\n");
        let secret = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  all: {all}\n");
        sandbox.write(&format!("{engine}/templates/a.yaml"), &secret);
        let outcome = sandbox.run(&["values", engine, "--origins"]);
        assert!(outcome.stdout.contains("(secret)"), "{engine}: {}{}", outcome.stdout, outcome.stderr);
        for value in ["q7w", "x8y"] {
            assert!(!outcome.stdout.contains(value), "{engine}: {}", outcome.stdout);
        }
    }
}

/// Assertions quote what was rendered, in the report and in files for programs.
#[test]
fn failures_of_tests_hide_the_values_of_secrets() {
    let plant = "PlantassertedZ9x";
    let template = "{{ if .Values.fails }}{{ fail (printf \"bad %s\" .Values.password) }}{{ end }}apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n\
         data: {a: {{ .Values.password | b64enc }}}\nstringData: {url: \"postgres://u:{{ .Values.password }}@h/db\"}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {copy: {{ .Values.password | quote }}, other: visible}\n";
    let asserts = [
        "equal: {path: data.a, value: x}",
        "equal: {path: data.a, value: x, decodeBase64: true}",
        "notEqual: {path: data.a, value: PlantassertedZ9x, decodeBase64: true}",
        "equal: {path: stringData, value: {}}",
        "equal: {path: data.copy, value: x}",
        "equal: {path: data, value: {}}",
        "matchRegex: {path: data.a, pattern: ^z}",
        "matchRegex: {path: stringData.url, pattern: ^z}",
        "matchRegexRaw: {pattern: ^z}",
        "isSubset: {path: data, content: {a: x}}",
        "contains: {path: data, content: x}",
        "isEmpty: {path: data}",
        "isNull: {path: data.copy}",
        "isType: {path: data.a, type: int}",
        "greaterOrEqual: {path: stringData.url, value: 1}",
        "lengthEqual: {path: data, count: 7}",
        "matchSnapshot: {}",
        "failedTemplate: {errorMessage: other}",
        "failedTemplate: {errorPattern: ^other$}",
    ];
    for from_suite in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
        let own = if from_suite { "x" } else { plant };
        sandbox.write("c/values.yaml", &format!("password: {own}\nfails: false\n"));
        sandbox.write("c/templates/a.yaml", template);
        let set = if from_suite { format!("password: {plant}, ") } else { String::new() };
        let mut suite = String::from("suite: s\ntemplates: [a.yaml]\ntests:\n");
        for (number, assert) in asserts.iter().enumerate() {
            let fails = assert.starts_with("failed");
            writeln!(suite, "- it: t{number}\n  set: {{{set}fails: {fails}}}\n  asserts:\n  - {assert}")
                .unwrap();
        }
        sandbox.write("c/tests/a_test.yaml", &suite);
        let stored = asserts.len() - 3;
        let snapshot = format!("t{stored}:\n  1: |\n    data:\n      a: old\n  2: |\n    old\n");
        sandbox.write("c/tests/__snapshot__/a_test.yaml.snap", &snapshot);
        let outcome = sandbox.run(&["test", "c", "-o", "r.xml"]);
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        for text in [outcome.stdout, sandbox.read("r.xml")] {
            let encoded = [plant.to_owned(), STANDARD.encode(plant)];
            let shown = text.lines().find(|line| encoded.iter().any(|secret| line.contains(secret)));
            assert_eq!(shown, None, "{from_suite}: {text}");
            assert!(text.contains("(secret)") && text.contains("visible"), "{text}");
        }
    }
}

/// Errors and findings quote values, also those that only a part of a Secret was made from.
#[test]
fn joined_values_are_hidden_in_errors_and_findings() {
    let sandbox = Sandbox::new();
    let finding = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c@, labels: {l: \"a b {{ <> }}\"}}\ndata: {k: [\"{{ <> }}\"]}\n";
    let unreadable = "a: \"x/{{ <> }}\nb: c\n d: \"{{ <> }}\"\n";
    for engine in ["gotpl", "tera"] {
        let failing = if engine == "gotpl" { "a: {{ <>.x }}\n" } else { "a: {{ <> | int }}\n" };
        for (fault, template, said) in [
            ("finding", finding, "labels"),
            ("unreadable", unreadable, "x0.yaml"),
            ("failing", failing, if engine == "gotpl" { "can't evaluate" } else { "cannot be converted" }),
        ] {
            let folder = format!("{engine}-{fault}");
            joined_chart(&sandbox, &folder, engine, |number| format!("Joined{number}Z9x"));
            for number in 0..JOINED.len() {
                let template =
                    template.replace("<>", &value_of(engine, number)).replace('@', &number.to_string());
                sandbox.write(&format!("{folder}/templates/x{number}.yaml"), &template);
            }
            for command in ["lint --format human", "lint --format json", "render r"] {
                let words: Vec<&str> = command.split(' ').chain([folder.as_str()]).collect();
                let outcome = sandbox.run(&words);
                // Manifests are printed as they are.
                if outcome.code == 0 {
                    continue;
                }
                let shown = format!("{}{}", outcome.stdout, outcome.stderr);
                assert!(shown.contains(said), "{folder}: {command}\n{shown}");
                for number in 0..JOINED.len() {
                    assert!(
                        !shown.contains(&format!("Joined{number}Z9x")),
                        "{folder}: {command}, {number}\n{shown}"
                    );
                }
            }
        }
    }
}
