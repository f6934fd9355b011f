//! Which language a chart's templates are written in, when `Chart.yaml` does not say.
//!
//! Each action is read as far as it takes to see which language it can be in:
//!
//! | in an action | language |
//! |---|---|
//! | a comment `/* .. */`, a `$`, a field `.x` that stands by itself, `if`, `end` and other words of control | Helm's |
//! | two operands side by side: `printf "a"`, `eq (int x) 3` | Helm's |
//! | a name of Tera's: `values.x`, `tpl(text=x)`; operators, `'text'`, a component `<x />` | Tera |
//! | anything else: `"text"`, `1 \| quote`, `now` | both |
//!
//! One action of Helm's decides, since Helm prints the tags of Tera as they stand. Else one action or tag of Tera's does.
//! If all could be both, the chart is Helm's, as charts are.

use super::EngineKind;
use std::cell::LazyCell;

/// Words that begin an action of Helm's language and, followed by white space or the end, nothing in Tera.
const WORDS: [&str; 9] = ["if", "range", "with", "define", "end", "include", "template", "block", "else"];

/// Words that stand between or before operands in Tera. Two of them are functions of Helm's.
const OPERATORS: [&str; 7] = ["and", "or", "not", "in", "is", "if", "else"];

/// Functions of Helm's that need no argument: the only words that stand alone as an operand there.
const CONSTANTS: [&str; 11] =
    ["true", "false", "nil", "null", "now", "uuidv4", "list", "tuple", "dict", "hello", "concat"];

/// The words that tags of Tera begin with.
const TAGS: [&str; 13] = [
    "if",
    "for",
    "set",
    "set_global",
    "raw",
    "include",
    "extends",
    "block",
    "filter",
    "component",
    "macro",
    "import",
    "break",
];

/// The language of templates, and whether they leave a doubt about it. `None` where there are no actions and no tags at
/// all.
pub(super) fn engine<'a>(templates: impl IntoIterator<Item = &'a str>) -> Option<Guess> {
    let mut found = None;
    for text in templates {
        match language(text) {
            Some(Language::Helm) => return Some(Guess { engine: EngineKind::GoTemplate, is_sure: true }),
            more => found = found.max(more),
        }
    }
    found.map(|language| match language {
        Language::Tera => Guess { engine: EngineKind::Tera, is_sure: true },
        Language::Helm | Language::Both => Guess { engine: EngineKind::GoTemplate, is_sure: false },
    })
}

/// A language that has been guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) engine: EngineKind,
    /// Whether the templates could be in no other.
    pub(super) is_sure: bool,
}

/// What a piece of a template can be in; the stronger evidence is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    Both,
    Tera,
    Helm,
}

fn language(text: &str) -> Option<Language> {
    let mut found = None;
    let mut rest = text;
    let last_comment = LazyCell::new(|| text.rfind("#}").unwrap_or(0));
    while let Some(open) = rest.find('{') {
        rest = &rest[open..];
        if let Some(inside) = rest.strip_prefix("{{") {
            let inside = inside
                .strip_prefix('-')
                .filter(|inside| inside.starts_with(char::is_whitespace))
                .unwrap_or(inside);
            match action(inside) {
                Some(Language::Helm) => return Some(Language::Helm),
                more => found = found.max(more),
            }
            rest = inside;
        } else if let Some(tag) = rest.strip_prefix("{%") {
            if TAGS.contains(&first_word(tag.trim_start_matches('-').trim_start())) {
                found = found.max(Some(Language::Tera));
            }
            rest = after_raw(tag).unwrap_or(tag);
        } else {
            let is_comment = rest.starts_with("{#") && text.len() - rest.len() + 2 <= *last_comment;
            found = found.max(is_comment.then_some(Language::Tera));
            rest = &rest[1..];
        }
    }
    found
}

/// What an action can be in, of which `inside` is the rest behind the braces; `None` if it does not end.
fn action(inside: &str) -> Option<Language> {
    let inside = inside.trim_start();
    if inside.starts_with("/*") {
        return Some(Language::Helm);
    }
    // `{{ <component /> }}`
    if inside.starts_with('<') {
        return Some(Language::Tera);
    }
    let first = first_word(inside);
    let after = &inside[first.len()..];
    let ends = after.starts_with(char::is_whitespace) || after.starts_with("}}");
    if WORDS.contains(&first) && ends {
        return Some(Language::Helm);
    }
    let mut found = Language::Both;
    // Whether an operand has just ended, so that another one cannot follow in Tera.
    let mut operand = false;
    let mut piped = false;
    let mut rest = inside;
    loop {
        let spaced = rest.trim_start();
        let is_spaced = spaced.len() < rest.len();
        rest = spaced;
        let c = rest.chars().next()?;
        let follows = operand && is_spaced;
        match c {
            '}' if rest.starts_with("}}") => return Some(found),
            // Another action begins before this one ends. To go on would be to read the text once for each.
            '{' if rest.starts_with("{{") => return None,
            '"' | '`' | '\'' => {
                if follows {
                    return Some(Language::Helm);
                }
                let length = text_length(rest)?;
                // In Go this is one character.
                if c == '\'' && rest[..length].chars().count() != 3 {
                    found = Language::Tera;
                }
                rest = &rest[length..];
                operand = true;
            }
            '.' if operand && !is_spaced => {
                rest = &rest[1 + first_word(&rest[1..]).len()..];
            }
            '.' | '$' => return Some(Language::Helm),
            '0'..='9' => {
                if follows {
                    return Some(Language::Helm);
                }
                let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
                rest = &rest[rest.find(|c| !is_digit(c)).unwrap_or(rest.len())..];
                operand = true;
            }
            c if is_word(c) => {
                let name = first_word(rest);
                rest = &rest[name.len()..];
                if OPERATORS.contains(&name) {
                    operand = false;
                } else if follows {
                    return Some(Language::Helm);
                } else {
                    // A name without arguments is a variable, unless it can be a function, or is a filter.
                    let has_arguments = first_operand(rest) || rest.trim_start().starts_with('(');
                    if !piped && !has_arguments && !CONSTANTS.contains(&name) {
                        found = Language::Tera;
                    }
                    operand = true;
                }
            }
            '(' => {
                if follows {
                    return Some(Language::Helm);
                }
                rest = &rest[1..];
                operand = false;
            }
            ')' | ']' => {
                rest = &rest[1..];
                operand = true;
            }
            '|' => {
                rest = &rest[1..];
                operand = false;
                piped = true;
                continue;
            }
            // A sign, an operator of Tera's, or the end of an action that trims what follows.
            '-' => {
                rest = &rest[1..];
                operand = false;
            }
            c => {
                found = Language::Tera;
                rest = &rest[c.len_utf8()..];
                operand = false;
            }
        }
        piped = false;
    }
}

/// Whether an operand follows behind white space, as the arguments of a function do.
fn first_operand(rest: &str) -> bool {
    let next = rest.trim_start();
    let name = first_word(next);
    next.len() < rest.len()
        && next.starts_with(|c: char| is_word(c) || "\"`'($.".contains(c))
        && !OPERATORS.contains(&name)
}

/// The bytes of the text literal that `rest` begins with.
fn text_length(rest: &str) -> Option<usize> {
    let quote = rest.chars().next()?;
    let mut escaped = false;
    rest.char_indices().skip(1).find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped && quote != '`';
        ends.then_some(at + 1)
    })
}

/// The word that a text begins with.
fn first_word(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
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

    fn guess(text: &str) -> Option<(EngineKind, bool)> {
        engine([text]).map(|guess| (guess.engine, guess.is_sure))
    }

    #[test]
    fn long_texts_without_ends_are_read_once() {
        for open in ["{", "{{ ", "{#", "{{ \""] {
            let begun = std::time::Instant::now();
            assert_eq!(language(&open.repeat(300_000)), None, "{open}");
            assert!(begun.elapsed().as_secs() < 5, "{open}: {:?}", begun.elapsed());
        }
        assert_eq!(language("a {# b #} c"), Some(Language::Tera));
        assert_eq!(language("a #} c {# b"), None);
    }

    #[test]
    fn what_parses_in_one_language_only_decides() {
        for helm in [
            "{{ .Values.x }}",
            "{{- $x }}",
            "{{if true}}",
            "{{- end }}",
            "{{end}}",
            "{ {{ include \"x\" . }}",
            "a\n{{-  toYaml .x }}",
            "{{ tuple . \"x\" | include \"y\" }}",
            "{{ required \"say x\" .Values.x }}",
            "{{ not .Values.x }}",
            "{{/* licence */}}",
            "{{- /* licence */ -}}",
            "{{ (printf \"a\") | quote }}",
            "{{ now | date \"2006\" }}",
            "{{ eq (int .Values.x) 3 }}",
            "{{ randAlphaNum 8 | quote }}",
            "{{ add 1 2 }}",
            "{{ eq (int 3) 3 }}",
            "{{ values.x }}{{ eq 1 1 }}",
            "{{ dict \"a\" 1 | toJson }}",
            "{{ genCA `x` 3 }}",
            "{{ quote (printf `a`) }}",
            "{{ . }}",
            "{{ fail \"}}\" }}",
        ] {
            assert_eq!(guess(helm), Some((EngineKind::GoTemplate, true)), "{helm}");
        }
        for tera in [
            "{{ values.x }}",
            "{{ values.x | quote }}",
            "{{ values.x | default(value=1) | quote }}",
            "{{ tpl(text=values.x) }}",
            "{% if a %}{{ b }}{% endif %}",
            "{% raw %}{{ .Values.x }}{% endraw %}",
            "{%- raw -%}{% x %}{{ .Values.x }}{%- endraw -%}{{ a }}",
            "{{ endpoint }}",
            "{{ not \"x\" in values.list }}",
            "{{ values.a ~ \"x\" }}",
            "{{ \"x\" ~ values.a }}",
            "{{ a  | default(value=\".\") }}",
            "{{ 1 + 2 }}",
            "{{ 'it is' }}",
            "{{ values.list[0].x }}",
            "{{ values[\"a b\"] }}",
            "{{ \"a\" if values.x else \"b\" }}",
            "{{ file(path=\"x\") | indent(n=2) }}",
            "{{ <k8s.labels /> }}",
            "{{ template.name }}",
            "{{- values.x -}}",
            "{{ values.a - 1 }}",
            "{{ [1, 2] | join(sep=\",\") }}",
            "{{ not values.x }}",
            "{{ values.x is defined }}",
            "{# licence #}a: 1",
            "{% set x = 1 %}a: 1",
        ] {
            assert_eq!(guess(tera), Some((EngineKind::Tera, true)), "{tera}");
        }
        assert_eq!(guess("{% raw %}{{ x }}{% endraw %}{{ .y }}"), Some((EngineKind::GoTemplate, true)));
    }

    #[test]
    fn what_parses_in_both_languages_is_helms() {
        for both in [
            "{{ \"{{\" }}",
            "{{ \"a\" | quote }}",
            "{{ 1 }}",
            "{{ true }}",
            "{{ now }}",
            "{{ uuidv4 | quote }}",
        ] {
            assert_eq!(guess(both), Some((EngineKind::GoTemplate, false)), "{both}");
        }
        for neither in ["a: 1", "", "{{", "{{ \"a }}", "a: {%x", "{ {"] {
            assert_eq!(guess(neither), None, "{neither}");
        }
        // Tera's tags stand above a name that could be a variable of theirs.
        assert_eq!(guess("{% set now = 1 %}{{ now }}"), Some((EngineKind::Tera, true)));
    }
}
