//! Which language a chart's templates are written in, when `Chart.yaml` does not say.

use super::EngineKind;

/// Words that begin an action of Helm's language and, followed by white space, nothing in Tera.
const WORDS: [&str; 11] =
    ["if", "range", "with", "define", "end", "include", "template", "block", "else", "tpl", "toYaml"];

/// Helm's language if any of the templates holds one of its actions outside `{% raw %}`, Tera if they hold other actions;
/// `None` where there are no actions at all.
pub(super) fn engine<'a>(templates: impl IntoIterator<Item = &'a str>) -> Option<EngineKind> {
    let mut found = None;
    for text in templates {
        if has_go_action(text) {
            return Some(EngineKind::GoTemplate);
        }
        if ["{{", "{%"].iter().any(|open| text.contains(open)) {
            found = Some(EngineKind::Tera);
        }
    }
    found
}

fn has_go_action(text: &str) -> bool {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        rest = &rest[open..];
        if let Some(inside) = rest.strip_prefix("{{") {
            if is_go_action(inside) {
                return true;
            }
            rest = inside;
        } else if let Some(after) = rest.strip_prefix("{%").and_then(after_raw) {
            rest = after;
        } else {
            rest = &rest[1..];
        }
    }
    false
}

fn is_go_action(inside: &str) -> bool {
    let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start();
    if inside.starts_with(['.', '$']) {
        return true;
    }
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
    let (word, after) = inside.split_at(end);
    let argument = after.trim_start();
    if word.is_empty() || argument.len() == after.len() {
        return false;
    }
    // `not "x"` is the one case in which a word, white space and a text are an expression of Tera's.
    WORDS.contains(&word)
        || argument.starts_with(['.', '$'])
        || argument.starts_with(['"', '`']) && word != "not"
}

/// What follows the `{% endraw %}`, if `inside` (what follows a `{%`) opens a raw block.
fn after_raw(inside: &str) -> Option<&str> {
    let word = inside.trim_start_matches('-').trim_start().strip_prefix("raw")?;
    let body = word.trim_start().trim_start_matches('-').strip_prefix("%}")?;
    let mut rest = body;
    while let Some(open) = rest.find("{%") {
        let close = &rest[open + 2..];
        if close.trim_start_matches('-').trim_start().starts_with("endraw") {
            return Some(close);
        }
        rest = close;
    }
    Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_actions_are_told_from_expressions() {
        for go in [
            "{{ .Values.x }}",
            "{{- $x }}",
            "{{if true}}",
            "{{- end }}",
            "{ {{ include \"x\" . }}",
            "a\n{{-  toYaml .x }}",
            "{{ tuple . \"x\" | include \"y\" }}",
            "{{ required \"say x\" .Values.x }}",
            "{{ not .Values.x }}",
        ] {
            assert_eq!(engine([go]), Some(EngineKind::GoTemplate), "{go}");
        }
        for tera in [
            "{{ values.x }}",
            "{{ tpl(text=values.x) }}",
            "{% if a %}{{ b }}{% endif %}",
            "{% raw %}{{ .Values.x }}{% endraw %}",
            "{%- raw -%}{% x %}{{ .Values.x }}{%- endraw -%}{{ a }}",
            "{{ endpoint }}",
            "{{ not \"x\" in values.list }}",
            "{{ values.a ~ \"x\" }}",
            "{{ \"x\" ~ values.a }}",
            "{{ a  | default(value=\".\") }}",
            "{{",
        ] {
            assert_eq!(engine([tera]), Some(EngineKind::Tera), "{tera}");
        }
        assert_eq!(engine(["{% raw %}{{ x }}{% endraw %}{{ .y }}"]), Some(EngineKind::GoTemplate));
        assert_eq!(engine(["a: 1", ""]), None);
    }
}
