//! `plimsoll docs` and `plimsoll schema` on charts of their own.

use crate::support::{Outcome, Sandbox, tool};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::process::Command;

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.10\nappVersion: 1.20\ntype: application\n\
                     home: https://example.com\ndescription: A web server.\n\
                     maintainers:\n  - name: Ada\n    email: ada@example.com\n\
                     sources: [https://example.com/src]\nkubeVersion: '>=1.30'\n\
                     dependencies:\n  - name: db\n    version: ^1\n    repository: file://../db\n    alias: store\n";

/// A chart with the comments that documentation is made from, and one that it depends on.
fn documented() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("web/Chart.yaml", CHART);
    sandbox.write(
        "web/values.yaml",
        "# Copyright\n\n# -- How many pods\nreplicas: 2\nimage:\n  # -- (string) The tag\n  # @default -- the version of the \
         app\n  tag:\n  # not documented\n\n  pullPolicy: IfNotPresent\n\
         # -- Ports to open,\n# one per line\n# @section -- Network\nports:\n  - 80\n  # -- The other\n  - 443\n\
         # @ignored\nhidden: 1\nlabels: {}\nannotations:\n  a.b/c: <x>\nratio: 1.50\n",
    );
    sandbox.write("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
    sandbox.write("db/values.yaml", "global:\n  # -- The zone\n  zone: a\n# -- The size\nsize: 1Gi\n");
    sandbox
}

const PAGE: &str = "# web

![Version: 1.10](https://img.shields.io/badge/Version-1.10-informational?style=flat-square) ![Type: application](https://img.shields.io/badge/Type-application-informational?style=flat-square) ![AppVersion: 1.20](https://img.shields.io/badge/AppVersion-1.20-informational?style=flat-square)

A web server.

**Homepage:** <https://example.com>

## Maintainers

| Name | Email | URL |
| ---- | ------ | --- |
| Ada | <ada@example.com> |  |

## Source Code

* <https://example.com/src>

## Requirements

Kubernetes: `>=1.30`

| Repository | Name | Version |
|------------|------|---------|
| file://../db | store(db) | ^1 |

## Values

### Network

| Key | Type | Default | Description |
|-----|------|---------|-------------|
| ports | list | `[80,443]` | Ports to open, one per line |

### Other Values

| Key | Type | Default | Description |
|-----|------|---------|-------------|
| annotations.\"a.b/c\" | string | `\"<x>\"` |  |
| image.pullPolicy | string | `\"IfNotPresent\"` |  |
| image.tag | string | the version of the app | The tag |
| labels | object | `{}` |  |
| ports[1] | int | `443` | The other |
| ratio | float | `1.5` |  |
| replicas | int | `2` | How many pods |

";

#[test]
fn the_default_page_lists_the_chart_and_its_values() {
    let sandbox = documented();
    let Outcome { code, stdout, stderr } = sandbox.run(&["docs", "web"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(stdout, PAGE);
}

#[test]
fn a_page_is_written_checked_and_shown_where_it_is_stale() {
    let sandbox = documented();
    let missing = sandbox.run(&["docs", "web", "--check"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.stdout.starts_with("--- /dev/null\n+++ web/README.md\n@@ -0,0 +1,"),
        "{}",
        missing.stdout
    );
    let written = sandbox.run(&["docs", "web", "--write"]);
    assert_eq!((written.code, written.stdout.as_str()), (0, "wrote web/README.md\n"));
    assert_eq!(sandbox.read("web/README.md"), PAGE);
    assert_eq!(sandbox.run(&["docs", "web", "--check"]).code, 0);
    assert_eq!(sandbox.run(&["docs", "web", "--write"]).stdout, "");
    sandbox.write("web/README.md", &PAGE.replace('\n', "\r\n"));
    assert_eq!(sandbox.run(&["docs", "web", "--check"]).code, 0);
    let values = sandbox.read("web/values.yaml").replace("replicas: 2", "replicas: 3");
    sandbox.write("web/values.yaml", &values);
    let stale = sandbox.run(&["docs", "web", "--check"]);
    assert_eq!(stale.code, 1);
    assert!(stale.stdout.contains("-| replicas | int | `2` | How many pods |\n"), "{}", stale.stdout);
    assert!(stale.stdout.contains("+| replicas | int | `3` | How many pods |\n"), "{}", stale.stdout);
    assert!(stale.stderr.contains("note: run `plimsoll docs --write`"), "{}", stale.stderr);
}

#[test]
fn rows_are_sorted_filtered_and_taken_from_dependencies() {
    let sandbox = documented();
    sandbox.write(
        "web/README.md.gotmpl",
        "{{ range .Values }}{{ .Key }} {{ .LineNumber }} {{ .Dependency }}\n{{ end }}",
    );
    let keys = |flags: &[&str]| sandbox.run(&[&["docs", "web"], flags].concat()).stdout;
    assert_eq!(
        keys(&["--sort", "file", "--ignore-non-descriptions"]),
        "replicas 4\nimage.tag 8\nports 15\nports[1] 18\n"
    );
    assert_eq!(
        keys(&["--ignore-non-descriptions", "--document-dependency-values"]),
        "global.zone 3 store\nimage.tag 8\nports 15\nports[1] 18\nreplicas 4\nstore.size 5 store\n"
    );
}

#[test]
fn templates_of_the_chart_and_of_others_are_rendered() {
    let sandbox = documented();
    sandbox.write("_shared.gotmpl", "{{ define \"footer\" }}Made by {{ .Name | upper }}.{{ end }}");
    sandbox.write(
        "web/README.md.gotmpl",
        "{{ template \"chart.header\" . }}\n\n\n{{ template \"chart.versionBadge\" . }}\n\
         {{ (fromJson \"[1, \\\"a\\\"]\") | toJson }}\n{{ .Files.Get \"notes.txt\" }}\n{{ template \"footer\" . }}\n",
    );
    sandbox.write("web/notes.txt", "Notes.");
    let args = ["docs", "-c", ".", "-t", "./_shared.gotmpl", "-t", "README.md.gotmpl", "-b", "plastic"];
    let Outcome { code, stdout, stderr } = sandbox.run(&args);
    let badge = "![Version: 1.10](https://img.shields.io/badge/Version-1.10-informational?style=plastic)";
    assert_eq!((code, stderr.as_str()), (0, ""));
    // The other chart has no template of its own, so the default page is added.
    assert!(stdout.starts_with("# db\n"), "{stdout}");
    let page = format!("# web\n\n{badge}\n[1,\"a\"]\nNotes.\nMade by WEB.\n");
    assert!(stdout.ends_with(&page), "{stdout}");
}

/// Every line of the page is what helm-docs prints.
#[test]
fn templates_see_files_and_yaml_as_in_helm_docs() {
    let sandbox = documented();
    sandbox.write("web/.helmignore", "sub\n");
    sandbox.write("web/sub/a.txt", "one\ntwo\n");
    sandbox.write("web/sub/b.txt", "  x\ny");
    std::fs::write(sandbox.path().join("web/sub/c.bin"), b"\xff\xfe").unwrap();
    sandbox.write(
        "web/README.md.gotmpl",
        "{{ range $path, $file := (.Files.Glob \"sub/*\").AsMap }}[{{ $path }} {{ $file.Path }} {{ len $file.GetData }}]{{ end }}\n\
         {{ printf \"%s\" (index .Files.AsMap (printf \"%s/sub/a.txt\" .ChartDirectory)).GetData }}\n\
         {{ (.Files.Glob \"sub/*\").AsConfig }}\n{{ (.Files.Glob \"sub/[ab].txt\").AsSecrets }}\n\
         [{{ (.Files.Glob \"none/*\").AsConfig }}] [{{ (.Files.Glob \"[\").AsConfig }}] {{ len (.Files.Glob \"*.yaml\").AsMap }}\n\
         {{ .Files.Lines \"web/sub/a.txt\" | toJson }} {{ .Files.Lines \"sub/a.txt\" | toJson }}\n\
         [{{ .Files.Get \"./sub/../sub/b.txt\" }}] [{{ .Files.Get \"none\" }}]\n\
         {{ .Files.Get \"values.yaml\" | fromYaml | toYaml }}\n",
    );
    let expected = "[web/sub/a.txt web/sub/a.txt 8][web/sub/b.txt web/sub/b.txt 5][web/sub/c.bin web/sub/c.bin 2]\n\
one\ntwo\n\n\
a.txt: |\n    one\n    two\nb.txt: |4-\n      x\n    y\nc.bin: !!binary //4=\n\
a.txt: b25lCnR3bwo=\nb.txt: ICB4Cnk=\n\
[] [] 2\n\
[\"one\",\"two\",\"\"] []\n\
[  x\ny] []\n\
annotations:\n    a.b/c: <x>\nhidden: 1\nimage:\n    pullPolicy: IfNotPresent\n    tag: null\nlabels: {}\nports:\n    \
- 80\n    - 443\nratio: 1.5\nreplicas: 2\n";
    for args in [&["docs", "web"][..], &["docs", "./web/"]] {
        let Outcome { code, stdout, stderr } = sandbox.run(args);
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, expected, ""));
    }
}

#[test]
fn charts_in_ignored_directories_are_not_documented() {
    let sandbox = documented();
    sandbox.write(".helmdocsignore", "db\n");
    let Outcome { code, stdout, .. } = sandbox.run(&["docs", "--chart-search-root", ".", "--write"]);
    assert_eq!((code, stdout.as_str()), (0, "wrote ./web/README.md\n"));
    sandbox.write(".helmdocsignore", "db\nweb/\n");
    sandbox.refused(&["docs", "-c", "."], &["there is no chart in `.`"]);
}

#[test]
fn the_footer_keeps_the_version_that_the_page_names() {
    let sandbox = documented();
    let footer = "----------------------------------------------\nAutogenerated from chart metadata using \
                  [helm-docs v1.14.2](https://github.com/norwoodj/helm-docs/releases/v1.14.2)\n";
    sandbox.write("web/README.md", &format!("{PAGE}{footer}"));
    assert_eq!(sandbox.run(&["docs", "web", "--check"]).code, 0);
    let without = sandbox.run(&["docs", "web", "--skip-version-footer"]);
    assert!(!without.stdout.contains("Autogenerated"), "{}", without.stdout);
}

#[test]
fn what_cannot_be_documented_is_refused() {
    let sandbox = documented();
    sandbox.refused(&["docs", "none"], &["there is no `Chart.yaml` in `none`", "--chart-search-root"]);
    sandbox.write("web/README.md.gotmpl", "{{ template \"chart.haeder\" . }}");
    sandbox.refused(&["docs", "web"], &["chart.haeder", "README.md.gotmpl:1"]);
    sandbox.write("web/values.yaml", "a: [1\n");
    sandbox.refused(&["docs", "web"], &["web/values.yaml"]);
    sandbox.write("web/values.yaml", "- 1\n");
    sandbox.refused(&["docs", "web"], &["the values in `web/values.yaml` are not a map"]);
}

const TEMPLATE: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  {{- with .Values.annotations }}
  annotations: {{ toYaml . | nindent 4 }}
  {{- end }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      {{- with .Values.affinity }}
      affinity: {{ toYaml . | nindent 8 }}
      {{- end }}
      {{- if .Values.tolerations }}
      tolerations: {{ toYaml .Values.tolerations | nindent 8 }}
      {{- end }}
      {{- with .Values.extra.hostNetwork }}
      hostNetwork: {{ . }}
      {{- end }}
      containers:
        - name: web
          image: {{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          ports: [{containerPort: {{ .Values.port }}}]
          {{- range .Values.hosts }}
          # {{ . }}
          {{- end }}
          {{- if .Values.memory }}
          resources: {limits: {memory: {{ .Values.memory }}}}
          {{- end }}
          {{- if .Values.debug }}
          args: [--debug]
          {{- end }}
";

const VALUES: &str = "# -- How many pods run
replicas: 1
image:
  repository: nginx
  tag:
  pullPolicy: IfNotPresent
port: 80 # @schema minimum: 1; description: Where it listens
affinity: {}
tolerations: []
annotations: {}
memory:
hosts:
extra:
  hostNetwork:
# @schema
# enum: [debug, info]
# required: true
# @schema
logLevel: info
## @param mode [string,nullable] How it runs
mode: fast
";

/// A chart for Helm whose templates say what its values mean.
fn schematic() -> Sandbox {
    let sandbox = Sandbox::new();
    let chart = "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: \"1\"\ndependencies:\n  - name: db\n    \
                 version: 1.0.0\n    condition: db.enabled,features.db\n    tags: [data]\n";
    sandbox.write("web/Chart.yaml", chart);
    sandbox.write("web/values.yaml", VALUES);
    sandbox.write("web/templates/web.yaml", TEMPLATE);
    sandbox.write("web/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
    sandbox.write("web/charts/db/values.yaml", "size: 1\n");
    sandbox
}

fn schema(sandbox: &Sandbox, flags: &[&str]) -> Json {
    let Outcome { code, stdout, stderr } = sandbox.run(&[&["schema", "web"], flags].concat());
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn a_schema_is_made_of_values_comments_and_uses() {
    let sandbox = schematic();
    let schema = schema(&sandbox, &[]);
    let properties = &schema["properties"];
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!(["logLevel"]));
    assert_eq!(
        properties["replicas"],
        json!({"type": "integer", "default": 1, "description": "How many pods run"})
    );
    let policies = json!(["Always", "IfNotPresent", "Never"]);
    assert_eq!(
        properties["image"]["properties"]["pullPolicy"],
        json!({"type": "string", "default": "IfNotPresent", "enum": policies})
    );
    // A part of a string says nothing about the type.
    assert_eq!(properties["image"]["properties"]["tag"], json!({}));
    assert_eq!(properties["image"]["additionalProperties"], false);
    let port = json!({
        "type": "integer", "default": 80, "minimum": 1, "maximum": 65535, "description": "Where it listens"
    });
    assert_eq!(properties["port"], port);
    assert_eq!(properties["affinity"]["allOf"][0]["$ref"], "#/$defs/core.v1.Affinity");
    assert_eq!(properties["tolerations"]["items"]["$ref"], "#/$defs/core.v1.Toleration");
    let seconds = &schema["$defs"]["core.v1.Toleration"]["properties"]["tolerationSeconds"];
    assert_eq!(seconds, &json!({"type": "integer"}));
    assert_eq!(properties["annotations"], json!({"type": "object", "default": {}}));
    assert_eq!(properties["memory"]["type"], json!(["string", "number", "null"]));
    assert!(properties["memory"]["pattern"].is_string());
    assert_eq!(properties["extra"]["properties"]["hostNetwork"]["type"], json!(["boolean", "null"]));
    assert_eq!(properties["hosts"]["type"], json!(["object", "array", "null"]));
    assert_eq!(properties["debug"], json!({}), "a key that a template reads");
    let level = json!({"type": "string", "default": "info", "enum": ["debug", "info"]});
    assert_eq!(properties["logLevel"], level);
    assert_eq!(properties["mode"]["type"], json!(["string", "null"]));
    assert_eq!(properties["mode"]["description"], "How it runs");
    for open in ["db", "global", "tags"] {
        assert_eq!(properties[open], json!({"type": "object"}), "{open}");
    }
    assert!(properties["features"].is_object());
}

#[test]
fn a_schema_can_be_one_of_draft_7() {
    let schema = schema(&schematic(), &["--draft", "7"]);
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["properties"]["affinity"]["allOf"][0]["$ref"], "#/definitions/core.v1.Affinity");
    assert!(schema["definitions"]["core.v1.Affinity"].is_object());
}

#[test]
fn a_schema_accepts_the_values_in_ci_and_refuses_misspelt_keys() {
    let sandbox = schematic();
    sandbox
        .write("web/ci/one-values.yaml", "port: 0\nreplicas: '{{ 1 }}'\nimage: {digest: x}\nnew: {a: 1}\n");
    sandbox.write("other.yaml", "tolerations: none\n");
    let made = sandbox.run(&["schema", "web", "--write"]);
    assert_eq!((made.code, made.stdout.as_str()), (0, "wrote web/values.schema.json\n"));
    assert!(made.stderr.contains("`port` does not fit its comment"), "{}", made.stderr);
    assert_eq!(sandbox.run(&["schema", "web", "--check"]).code, 0);
    for file in ["web/ci/one-values.yaml", "web/values.yaml"] {
        let Outcome { code, stderr, .. } = sandbox.run(&["values", "web", "-f", file]);
        assert_eq!(code, 0, "{file}: {stderr}");
    }
    for key in ["replica=1", "image.tga=1", "new.b=1"] {
        sandbox.refused(&["values", "web", "--set", key], &["is not allowed by the schema"]);
    }
    sandbox.refused(&["values", "web", "-f", "other.yaml"], &["`tolerations` must be a list"]);
    let stale = sandbox.run(&["schema", "web", "--with", "other.yaml", "--check"]);
    assert_eq!(stale.code, 1);
    assert!(stale.stdout.contains("+++ web/values.schema.json\n"), "{}", stale.stdout);
}

#[test]
fn only_the_values_of_the_chart_are_defaults() {
    let sandbox = schematic();
    let values =
        "replicas: 7\nimage: {pull: {policy: Sometimes, after: {hours: 1, names: [a]}}}\nnew: {a: 1}\n";
    sandbox.write("web/ci/one-values.yaml", values);
    let schema = schema(&sandbox, &[]);
    let properties = &schema["properties"];
    assert_eq!(properties["replicas"]["default"], 1);
    assert_eq!(properties["new"]["properties"], json!({"a": {"type": "integer"}}));
    let after = json!({
        "type": "object", "additionalProperties": false,
        "properties": {"hours": {"type": "integer"}, "names": {"type": "array"}}
    });
    assert_eq!(
        properties["image"]["properties"]["pull"]["properties"],
        json!({"policy": {"type": "string"}, "after": after})
    );
}

#[test]
fn maps_that_templates_use_as_a_whole_stay_open() {
    let sandbox = schematic();
    let values = "replicas: 1\nport: 80\nimage: {repository: a, tag: b, pullPolicy: Never}\n\
                  whole: {a: {b: 1}}\nranged: {a: 1}\npassed: {a: 1}\nread: {a: 1}\n";
    sandbox.write("web/values.yaml", values);
    let template = "{{- range $k, $v := .Values.ranged }}{{ $v }}{{ end }}\n# {{ .Values.read.a }}\n\
                    {{ include \"x\" .Values.passed }}\n# {{ toJson .Values.whole }}\n{{ define \"x\" }}# {{ .a }}{{ end }}";
    sandbox.write("web/templates/other.yaml", template);
    let schema = schema(&sandbox, &[]);
    let closed = |pointer: &str| schema.pointer(pointer).unwrap()["additionalProperties"] == false;
    for open in ["whole", "whole/properties/a", "ranged", "passed"] {
        assert!(!closed(&format!("/properties/{open}")), "{open}");
    }
    assert!(closed("/properties/read"));
}

#[test]
fn tera_charts_have_schemas_too() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec:\n  ports:\n    - port: {{ values.port }}\n");
    sandbox.write("web/values.yaml", "port: 80\nname: x\ntext: x\n");
    let schema = schema(&sandbox, &[]);
    assert_eq!(schema["properties"]["port"]["maximum"], 65535);
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn helm_accepts_the_schema() {
    let sandbox = schematic();
    for draft in ["2020-12", "7"] {
        assert_eq!(sandbox.run(&["schema", "web", "--write", "--draft", draft]).code, 0);
        let helm = |set: &str| {
            let args = ["template", "web", "web", "--set", set];
            Command::new(tool("PLIMSOLL_HELM")).args(args).current_dir(sandbox.path()).output().unwrap()
        };
        let accepted = helm("port=8080");
        assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
        let refused = String::from_utf8(helm("prot=8080").stderr).unwrap();
        assert!(refused.contains("additional properties 'prot' not allowed"), "{refused}");
    }
}

/// Values of any shape, as JSON.
fn any_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        (-1e6..1e6).prop_map(|number: f64| Json::from(number)),
        "[a-z $#]{0,6}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_schema_accepts_the_values_that_it_was_made_from(
        values in prop::collection::btree_map("[a-z]{1,4}", any_value(), 0..5),
        over in prop::collection::btree_map("[a-z]{1,4}", any_value(), 0..5),
    ) {
        let sandbox = Sandbox::new();
        sandbox.chart("web", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n");
        sandbox.write("web/values.yaml", &json!(values).to_string());
        sandbox.write("web/ci/a-values.yaml", &json!(over).to_string());
        let made = sandbox.run(&["schema", "web", "--write"]);
        prop_assert_eq!(made.code, 0, "{}", made.stderr);
        let with_defaults = sandbox.run(&["values", "web"]);
        prop_assert_eq!(with_defaults.code, 0, "{}", with_defaults.stderr);
        let with_file = sandbox.run(&["values", "web", "-f", "web/ci/a-values.yaml"]);
        prop_assert_eq!(with_file.code, 0, "{}", with_file.stderr);
        let misspelt = sandbox.run(&["values", "web", "--set", "misspelt=1"]);
        prop_assert_eq!(misspelt.code, 2);
    }
}
