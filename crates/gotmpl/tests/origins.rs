//! From rendered text back to the values file: which value each printed piece comes from.

use std::time::SystemTime;

use plimsoll_diag::{Segment, SourceKind, Sources, Span};
use plimsoll_gotmpl::{Entries, Map, Seed, Set, Value, Vm, parse};
use plimsoll_yaml::{self as yaml, Node, ReadOptions};

const VALUES: &str = "\
name: web
port: 80
debug: true
empty: ''
image: {repo: nginx, tag: v1, pull: {policy: Always}}
hosts: [{host: a, paths: [/x, /y]}, {host: b, paths: [/z]}]
ports: {http: 80, admin: {number: 81}}
list: [1, two]
text: 'hello {{ .Values.name }}'
plain: plain
document: '{x: 1, z: {w: 2}}'
";

/// The values that the pieces of a rendered template come from, as `piece<path` for each piece that an action wrote,
/// `piece<?` where no value is known.
fn origins(template: &str) -> Vec<String> {
    let sources = Sources::new();
    let id = sources.add("values.yaml", VALUES, SourceKind::File);
    let root = yaml::read(&sources, id, &ReadOptions::strict()).output.expect("values").remove(0).root;
    let mut set = Set::default();
    let source = sources.add("main", template, SourceKind::File);
    set.add("main", &parse(template.into()).expect("a template"), Some(source));
    let Value::Map(values) = Value::from_yaml(&root, |_| true) else { panic!("the values are a map") };
    let values = Value::Map(values.as_values());
    let release = Value::map(Entries::from_iter([("Name".into(), "rel".into())]));
    let dot = Map::values(Entries::from_iter([("Values".into(), values), ("Release".into(), release)]));
    let mut vm = Vm::new(set, Seed::Fixed(1), SystemTime::UNIX_EPOCH);
    let rendered = vm.render("main", &Value::Map(dot)).expect("it renders");
    let segments = rendered.trace.into_segments(Span::NONE);
    let ends = segments.iter().skip(1).map(|next| next.start as usize).chain([rendered.text.len()]);
    let piece = |(segment, end): (&Segment, usize)| {
        let text = rendered.text[segment.start as usize..end].trim();
        let path =
            segment.value.map(|span| path_of(&root, span, String::new()).expect("a span of the values"));
        format!("{text}<{}", path.as_deref().unwrap_or("?"))
    };
    let written = segments.iter().zip(ends).filter(|(segment, _)| !segment.verbatim);
    written.map(piece).filter(|piece| !piece.starts_with('<')).collect()
}

/// The path of the node with that span.
fn path_of(node: &Node, span: Span, path: String) -> Option<String> {
    if node.span == span {
        return Some(path);
    }
    match &node.value {
        yaml::Value::Map(map) => map.iter().find_map(|entry| {
            let dot = if path.is_empty() { "" } else { "." };
            path_of(&entry.value, span, format!("{path}{dot}{}", entry.key))
        }),
        yaml::Value::Seq(items) => {
            items.iter().enumerate().find_map(|(index, item)| path_of(item, span, format!("{path}[{index}]")))
        }
        _ => None,
    }
}

/// Checks every template of a table against what it prints and where that comes from.
fn check(table: &[(&str, &[&str])]) {
    for (template, expected) in table {
        assert_eq!(origins(template), *expected, "{template}");
    }
}

#[test]
fn chains_blocks_and_variables_keep_the_path() {
    check(&[
        ("{{ .Values.image.tag }}", &["v1<image.tag"]),
        ("{{ $.Values.port }}{{ (.Values.image).tag }}", &["80<port", "v1<image.tag"]),
        (
            "{{ with .Values.image }}{{ .tag }}{{ with .pull }} {{ .policy }}{{ end }}{{ end }}",
            &["v1<image.tag", "Always<image.pull.policy"],
        ),
        ("{{ with .Values.name }}{{ . }}{{ end }}", &["web<name"]),
        ("{{ with .Values.empty }}{{ else with .Values.image }}{{ .repo }}{{ end }}", &["nginx<image.repo"]),
        (
            "{{ $x := .Values.image }}{{ $x.tag }} {{ $x.pull.policy }}",
            &["v1<image.tag", "Always<image.pull.policy"],
        ),
        ("{{ $x := .Values.port }}{{ $y := $x }}{{ $y }}", &["80<port"]),
        ("{{ $x := 1 }}{{ if .Values.debug }}{{ $x = .Values.port }}{{ end }}{{ $x }}", &["80<port"]),
        ("{{ with $x := .Values.image }}{{ $x.tag }}{{ end }}", &["v1<image.tag"]),
    ]);
}

#[test]
fn loops_know_the_index_or_key_of_each_item() {
    check(&[
        (
            "{{ range .Values.hosts }}{{ .host }}{{ range .paths }} {{ . }}{{ end }}{{ end }}",
            &[
                "a<hosts[0].host",
                "/x<hosts[0].paths[0]",
                "/y<hosts[0].paths[1]",
                "b<hosts[1].host",
                "/z<hosts[1].paths[0]",
            ],
        ),
        (
            "{{ range $i, $v := .Values.list }}{{ $i }} {{ $v }} {{ end }}",
            &["0<?", "1<list[0]", "1<?", "two<list[1]"],
        ),
        (
            "{{ range $k, $v := .Values.ports }}{{ $k }} {{ kindOf $v }} {{ end }}",
            &["admin<ports.admin", "map<ports.admin", "http<ports.http", "int64<ports.http"],
        ),
        (
            "{{ range $k, $v := .Values.ports }}{{ if kindIs \"map\" $v }}{{ $v.number }}{{ end }}{{ end }}",
            &["81<ports.admin.number"],
        ),
        ("{{ range until (int .Values.port) }}{{ if eq . 7 }}{{ . }}{{ end }}{{ end }}", &["7<port"]),
        ("{{ range .Values.none }}{{ else }}{{ .Values.name }}{{ end }}", &["web<name"]),
    ]);
}

#[test]
fn lookups_with_keys_keep_the_path() {
    check(&[
        ("{{ index .Values \"image\" \"tag\" }}", &["v1<image.tag"]),
        ("{{ index .Values.hosts 1 \"host\" }}", &["b<hosts[1].host"]),
        ("{{ (index .Values.hosts 0).host }}", &["a<hosts[0].host"]),
        ("{{ $key := \"tag\" }}{{ index .Values.image $key }}", &["v1<image.tag"]),
        ("{{ get .Values.image \"tag\" }}{{ get .Values.image \"none\" }}", &["v1<image.tag"]),
        ("{{ (get .Values.image \"pull\").policy }}", &["Always<image.pull.policy"]),
        ("{{ dig \"pull\" \"policy\" \"x\" .Values.image }}", &["Always<image.pull.policy"]),
        ("{{ dig \"pull\" \"none\" .Values.name .Values.image }}", &["web<name"]),
        ("{{ dig \"none\" \"policy\" \"x\" .Values.image }}", &["x<?"]),
        (
            "{{ first .Values.list }} {{ last .Values.list }} {{ (last .Values.hosts).host }}",
            &["1<list[0]", "two<list[1]", "b<hosts[1].host"],
        ),
        (
            "{{ .Values.PathValue \"image.tag\" }} {{ (.Values.Table \"image\").repo }}",
            &["v1<image.tag", "nginx<image.repo"],
        ),
        ("{{ .Values.AsMap.image.tag }}", &["v1<image.tag"]),
    ]);
}

#[test]
fn choices_come_from_the_value_that_was_chosen() {
    check(&[
        ("{{ .Values.port | default 8080 }}", &["80<port"]),
        // What is missing was not set anywhere; what is empty was.
        ("{{ .Values.none | default 8080 }} {{ .Values.empty | default \"x\" }}", &["8080<?", "x<empty"]),
        (
            "{{ default .Values.name .Values.empty }} {{ default .Values.name .Values.plain }}",
            &["web<name", "plain<plain"],
        ),
        ("{{ coalesce .Values.none .Values.empty .Values.name }}", &["web<name"]),
        (
            "{{ ternary .Values.port .Values.name .Values.debug }} {{ ternary \"a\" \"b\" .Values.debug }}",
            &["80<port", "a<debug"],
        ),
        (
            "{{ or .Values.empty .Values.port }} {{ and .Values.debug .Values.name }}",
            &["80<port", "web<name"],
        ),
        ("{{ and .Values.debug \"x\" }}", &["x<debug"]),
        ("{{ required \"needed\" .Values.port }}", &["80<port"]),
    ]);
}

#[test]
fn what_is_made_from_one_value_comes_from_it() {
    check(&[
        (
            "{{ .Values.name | upper | quote }} {{ printf \"%s-x\" .Values.name }}",
            &["\"WEB\"<name", "web-x<name"],
        ),
        ("{{ $x := .Values.name | trunc 2 }}{{ $x }}", &["we<name"]),
        ("{{ printf \"%s-%s\" .Release.Name .Values.name }}", &["rel-web<name"]),
        ("{{ printf \"%s-%s\" .Values.name .Values.name }}", &["web-web<name"]),
        ("{{ printf \"%s-%v\" .Values.name .Values.port }}", &["web-80<?"]),
        (
            "{{ $x := printf \"%s%v\" .Values.name .Values.port }}{{ printf \"%s%s\" $x .Values.name }}",
            &["web80web<?"],
        ),
        ("{{ toYaml .Values.list | nindent 2 }}{{ len .Values.list }}", &["- 1\n  - two<list", "2<list"]),
        (
            "{{ add .Values.port 1 }} {{ int .Values.port }} {{ not .Values.debug }}",
            &["81<port", "80<port", "false<debug"],
        ),
        ("{{ $d := fromYaml .Values.document }}{{ $d.x }} {{ $d.z.w }}", &["1<document", "2<document"]),
        ("{{ join \",\" .Values.list }} {{ (split \"e\" .Values.name)._0 }}", &["1,two<list", "w<name"]),
        (
            "{{ .Release.Name }} {{ \"x\" | quote }} {{ toYaml .Values.AsMap | len | lt 1 }}",
            &["rel<?", "\"x\"<?", "true<?"],
        ),
    ]);
}

#[test]
fn containers_that_templates_make_know_their_parts() {
    check(&[
        (
            "{{ $d := dict \"i\" .Values.image \"p\" .Values.port \"l\" 1 }}{{ $d.i.tag }} {{ $d.p }} {{ $d.l }}",
            &["v1<image.tag", "80<port", "1<?"],
        ),
        (
            "{{ $l := list .Values.port 1 .Values.image }}{{ index $l 0 }} {{ index $l 1 }} {{ (index $l 2).tag }}",
            &["80<port", "1<?", "v1<image.tag"],
        ),
        ("{{ range tuple .Values.port .Values.name }}{{ . }} {{ end }}", &["80<port", "web<name"]),
        (
            "{{ $l := append .Values.list .Values.port }}{{ range $l }}{{ . }} {{ end }}",
            &["1<list[0]", "two<list[1]", "80<port"],
        ),
        ("{{ range prepend .Values.list 0 }}{{ . }} {{ end }}", &["0<?", "1<list[0]", "two<list[1]"]),
        (
            "{{ range concat .Values.list (list .Values.port \"x\") }}{{ . }} {{ end }}",
            &["1<list[0]", "two<list[1]", "80<port", "x<?"],
        ),
        (
            "{{ range rest .Values.list }}{{ . }}{{ end }} {{ range initial .Values.list }}{{ . }}{{ end }}",
            &["two<list[1]", "1<list[0]"],
        ),
        ("{{ range reverse .Values.list | uniq | compact }}{{ . }} {{ end }}", &["two<list[1]", "1<list[0]"]),
        ("{{ $d := set (dict) \"x\" .Values.port }}{{ $d.x }}", &["80<port"]),
        ("{{ $_ := set .Values.image \"tag\" .Values.name }}{{ .Values.image.tag }}", &["web<name"]),
        (
            "{{ $_ := set .Values.image \"tag\" \"x\" }}{{ .Values.image.tag }} {{ .Values.image.repo }}",
            &["x<?", "nginx<image.repo"],
        ),
        ("{{ $d := fromYaml .Values.document }}{{ $_ := set $d \"x\" 2 }}{{ $d.x }}", &["2<?"]),
        (
            "{{ $m := merge (dict \"tag\" \"x\") .Values.image }}{{ $m.tag }} {{ $m.repo }}",
            &["x<?", "nginx<image.repo"],
        ),
        (
            "{{ $m := mergeOverwrite (deepCopy .Values.image) (dict \"tag\" .Values.name) }}{{ $m.tag }} {{ $m.repo }}",
            &["web<name", "nginx<image.repo"],
        ),
        ("{{ $m := merge (dict) (fromYaml .Values.document) }}{{ $m.x }}", &["1<document"]),
        (
            "{{ with pick .Values.image \"tag\" }}{{ .tag }}{{ end }} {{ (omit .Values.image \"tag\").repo }}",
            &["v1<image.tag", "nginx<image.repo"],
        ),
        (
            "{{ (deepCopy .Values.image).tag }} {{ index (pluck \"tag\" .Values.image) 0 }}",
            &["v1<image.tag", "v1<image.tag"],
        ),
    ]);
}

#[test]
fn partials_keep_the_path_of_what_they_are_given() {
    let given = "{{ define \"t\" }}{{ .ctx.tag }} {{ .port }}{{ end }}";
    let dict = "(dict \"ctx\" .Values.image \"port\" .Values.port)";
    let both: &[&str] = &["v1<image.tag", "80<port"];
    check(&[
        (&format!("{given}{{{{ include \"t\" {dict} }}}}"), both),
        (&format!("{given}{{{{ include \"t\" {dict} | nindent 2 }}}}"), both),
        (&format!("{given}{{{{ template \"t\" {dict} }}}}"), both),
        (&format!("{given}{{{{ include \"t\" {dict} | quote }}}}"), &["\"v1 80\"<?"]),
        ("{{ define \"t\" }}{{ . }}{{ end }}{{ include \"t\" .Values.port }}", &["80<port"]),
        (
            "{{ define \"t\" }}{{ .tag }}{{ end }}{{ include \"t\" .Values.image | quote }}",
            &["\"v1\"<image.tag"],
        ),
        ("{{ define \"t\" }}x{{ end }}{{ include \"t\" .Values.image | quote }}", &["\"x\"<?"]),
        (
            "{{ define \"t\" }}{{ .Values.image.tag }}{{ end }}{{ $t := include \"t\" . }}{{ $t }}",
            &["v1<image.tag"],
        ),
        // Other values than the chart's under the same name.
        (
            "{{ define \"t\" }}{{ .Values.tag }}{{ end }}{{ include \"t\" (dict \"Values\" .Values.image) }}",
            &["v1<image.tag"],
        ),
        (
            "{{ define \"t\" }}{{ .Values.name }}{{ end }}{{ include \"t\" (dict \"Values\" (dict \"name\" \"x\")) }}",
            &["x<?"],
        ),
        (
            "{{ define \"t\" }}{{ range . }}{{ .host }}{{ end }}{{ end }}{{ include \"t\" .Values.hosts }}",
            &["a<hosts[0].host", "b<hosts[1].host"],
        ),
    ]);
}

#[test]
fn texts_for_tpl_come_from_where_they_were_set() {
    check(&[
        ("{{ tpl .Values.text . }} {{ tpl .Values.plain . }}", &["hello web<text", "plain<plain"]),
        ("{{ tpl (toYaml .Values.list) . }}", &["- 1\n- two<list"]),
        (
            "{{ tpl \"{{ .Values.name }}\" . }} {{ tpl \"{{ .name }}{{ .port }}\" .Values }} {{ tpl \"x\" . }}",
            &["web<name", "web80<?", "x<?"],
        ),
    ]);
}

/// A value that was made from several has no path of its own, but each of theirs.
#[test]
fn joined_values_lead_to_each_that_they_were_made_from() {
    let parts = |template: &str| {
        let sources = Sources::new();
        let id = sources.add("values.yaml", VALUES, SourceKind::File);
        let root = yaml::read(&sources, id, &ReadOptions::strict()).output.expect("values").remove(0).root;
        let mut set = Set::default();
        set.add("main", &parse(template.into()).expect("a template"), None);
        let Value::Map(values) = Value::from_yaml(&root, |_| true) else { panic!("the values are a map") };
        let dot = Map::values(Entries::from_iter([("Values".into(), Value::Map(values.as_values()))]));
        let rendered = Vm::new(set, Seed::Fixed(1), SystemTime::UNIX_EPOCH).render("main", &Value::Map(dot));
        let segments = rendered.expect("it renders").trace.into_segments(Span::NONE);
        let spans = segments.iter().filter_map(|segment| segment.value);
        spans.map(|span| path_of(&root, span, String::new()).expect("a value")).collect::<Vec<_>>()
    };
    for (template, paths) in [
        ("{{ printf `%s:%v` .Values.name .Values.port | b64enc }}", &["name", "port"][..]),
        ("{{ dict `a` .Values.name `b` (list .Values.port 1) | toJson }}", &["name", "port"]),
        (
            "{{ $x := .Values.name }}{{ range .Values.list }}{{ $x = cat $x . }}{{ end }}{{ $x }}",
            &["name", "list[0]", "list[1]"],
        ),
        ("{{ tpl .Values.text . }}", &["name", "text"]),
        ("{{ .Values.name }}{{ .Values.port }}", &["name", "port"]),
    ] {
        assert_eq!(parts(template), paths, "{template}");
    }
}
