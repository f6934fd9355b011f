//! Templates in which everything is literal but the values that were lifted out.

use crate::chart::EngineKind;
use crate::yaml::{Context, Node, Value, emit};
use std::fmt::Write as _;

/// What a template writes in the place of a lifted value.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// A string.
    Text(Vec<String>),
    /// A number.
    Number(Vec<String>),
    /// A map or list, written as a block.
    Block(Vec<String>),
    /// No value, but the text itself, in quotes.
    Quoted(String),
    /// The name of an image.
    Image {
        /// What is before the tag and the digest.
        repository: Vec<String>,
        /// What is after the colon.
        tag: Option<Vec<String>>,
        /// What is after the `@`.
        digest: Option<Vec<String>>,
    },
}

/// The places of lifted values: in the tree of an object each is a word that occurs nowhere else.
#[derive(Debug)]
pub(super) struct Places {
    word: String,
    expressions: Vec<Expression>,
}

impl Places {
    /// Places for trees in whose strings and keys the words do not occur.
    pub(super) fn new(trees: &[Node]) -> Self {
        let mut word = "LIFTED".to_owned();
        while trees.iter().any(|tree| contains(tree, &word)) {
            word.push('X');
        }
        Self { word, expressions: Vec::new() }
    }

    /// Puts an expression in the place of a node.
    pub(super) fn put(&mut self, node: &mut Node, expression: Expression) {
        *node = Node::bare(format!("{}{}x", self.word, self.expressions.len()));
        self.expressions.push(expression);
    }

    /// The template that renders a tree, with the expressions in their places.
    pub(super) fn template(&self, tree: &Node, engine: EngineKind) -> String {
        let mut tree = tree.clone();
        let mut places = Self { word: self.word.clone(), expressions: self.expressions.clone() };
        let last = last_text(&mut tree);
        // White space at the end of a document is lost: Helm trims it. A block of text ends in one line break by itself.
        let is_trimmed = |text: &&str| text.strip_suffix('\n').unwrap_or(text).ends_with(char::is_whitespace);
        if let Some(text) = last.as_str().filter(is_trimmed).map(str::to_owned) {
            places.put(last, Expression::Quoted(text));
        }
        places.lines(&tree, engine)
    }

    fn lines(&self, tree: &Node, engine: EngineKind) -> String {
        let mut out = String::new();
        for line in emit::document(tree).lines() {
            match self.split(line) {
                Some((start, expression)) => {
                    let start = literal(start, engine);
                    out.push_str(&expression.after(&start, engine));
                }
                None => out.push_str(&literal(line, engine)),
            }
            out.push('\n');
        }
        out
    }

    /// What is before the expression in a line, and the expression.
    fn split<'l>(&self, line: &'l str) -> Option<(&'l str, &Expression)> {
        let (start, rest) = line.split_once(self.word.as_str())?;
        let number: usize = rest.strip_suffix('x')?.parse().ok()?;
        Some((start, self.expressions.get(number)?))
    }
}

impl Expression {
    /// The rest of a line that begins with `start`: indentation, a dash perhaps, the key and its colon.
    fn after(&self, start: &str, engine: EngineKind) -> String {
        let value = |path: &[String]| match engine {
            EngineKind::Tera => format!("{{{{ values.{} }}}}", path.join(".")),
            EngineKind::GoTemplate => format!("{{{{ .Values.{} }}}}", path.join(".")),
        };
        match (self, engine) {
            (Self::Text(path), EngineKind::GoTemplate) => {
                format!("{start}{{{{ .Values.{} | quote }}}}", path.join("."))
            }
            (Self::Block(path), EngineKind::GoTemplate) => {
                let column = start.len() - start.trim_start_matches([' ', '-']).len() + 2;
                let (start, path) = (start.trim_end(), path.join("."));
                format!("{start}\n{}{{{{- toYaml .Values.{path} | nindent {column} }}}}", " ".repeat(column))
            }
            (Self::Quoted(text), _) => {
                format!("{start}{}", literal(&emit::scalar(text, Context::Block), engine))
            }
            (Self::Text(path) | Self::Number(path) | Self::Block(path), _) => {
                format!("{start}{}", value(path))
            }
            (Self::Image { repository, tag, digest }, _) => {
                let tag = tag.as_ref().map_or_else(String::new, |tag| format!(":{}", value(tag)));
                let digest = digest.as_ref().map_or_else(String::new, |digest| format!("@{}", value(digest)));
                let image = format!("{}{tag}{digest}", value(repository));
                match engine {
                    EngineKind::Tera => format!("{start}{image}"),
                    EngineKind::GoTemplate => format!("{start}\"{image}\""),
                }
            }
        }
    }
}

/// A line of a template that renders to exactly this text.
pub(crate) fn literal(line: &str, engine: EngineKind) -> String {
    let (openers, closers): (&[&str], &[&str]) = match engine {
        EngineKind::Tera => (&["{{", "{%", "{#"], &["}}", "%}", "#}"]),
        EngineKind::GoTemplate => (&["{{"], &["}}"]),
    };
    let Some(start) = openers.iter().filter_map(|opener| line.find(opener)).min() else {
        return line.to_owned();
    };
    // Up to the last brace, so that an action in the text stays in one piece.
    let ends = openers.iter().chain(closers).filter_map(|brace| Some(line.rfind(brace)? + brace.len()));
    let end = ends.max().unwrap_or(line.len());
    let (before, braces, after) = (&line[..start], &line[start..end], &line[end..]);
    match engine {
        EngineKind::Tera if !braces.contains("endraw") => {
            format!("{before}{{% raw %}}{braces}{{% endraw %}}{after}")
        }
        EngineKind::GoTemplate if !braces.contains('`') => format!("{before}{{{{ `{braces}` }}}}{after}"),
        _ => format!("{before}{}{after}", each_opener(braces, openers)),
    }
}

/// Writes every opener as an expression of its own.
fn each_opener(text: &str, openers: &[&str]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        if let Some(opener) = openers.iter().find(|opener| rest.starts_with(**opener)) {
            let _ = write!(out, "{{{{ \"{opener}\" }}}}");
            rest = &rest[opener.len()..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The scalar that is written last.
fn last_text(node: &mut Node) -> &mut Node {
    match &node.value {
        Value::Map(map) if !map.is_empty() => {}
        Value::Seq(items) if !items.is_empty() => {}
        _ => return node,
    }
    match &mut node.value {
        Value::Map(map) => map.iter_mut().last().map(|entry| last_text(&mut entry.value)),
        Value::Seq(items) => items.last_mut().map(last_text),
        _ => None,
    }
    .unwrap_or_else(|| unreachable!("it is not empty"))
}

/// Whether a key or string of a tree contains a text.
pub(super) fn contains(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::String(string) => string.contains(text),
        Value::Seq(items) => items.iter().any(|item| contains(item, text)),
        Value::Map(map) => map.iter().any(|entry| entry.key.contains(text) || contains(&entry.value, text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;
    use crate::yaml::Map;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn braces_of_the_text_stay_text() {
        let tera = |line| literal(line, EngineKind::Tera);
        let helm = |line| literal(line, EngineKind::GoTemplate);
        assert_eq!(tera("a: {b: 1}"), "a: {b: 1}");
        assert_eq!(tera("a: x {{ b }} y"), "a: x {% raw %}{{ b }}{% endraw %} y");
        assert_eq!(helm("a: x {{ b }} y"), "a: x {{ `{{ b }}` }} y");
        assert_eq!(helm("a: {% b %}"), "a: {% b %}");
        assert_eq!(tera("a: {% b %} {# c #}"), "a: {% raw %}{% b %} {# c #}{% endraw %}");
        assert_eq!(helm("a: {{ `b` }}"), "a: {{ \"{{\" }} `b` }}");
        assert_eq!(tera("{% endraw %}{{"), "{{ \"{%\" }} endraw %}{{ \"{{\" }}");
        assert_eq!(helm("{{{"), "{{ `{{{` }}");
    }

    #[test]
    fn white_space_at_the_end_is_written_in_quotes() {
        for (text, expected) in
            [("a\n", "|\n  a\n"), ("a \n", "\"a \\n\"\n"), ("a\n\n", "\"a\\n\\n\"\n"), ("a\t", "\"a\\t\"\n")]
        {
            let mut map = Map::new();
            map.insert("t", Span::NONE, Node::bare(text));
            let tree = Node::bare(map);
            let places = Places::new(std::slice::from_ref(&tree));
            assert_eq!(places.template(&tree, EngineKind::Tera), format!("t: {expected}"));
        }
    }

    #[test]
    fn expressions_fit_the_place() {
        let mut map = Map::new();
        for key in ["name", "replicas", "image", "resources"] {
            map.insert(key, Span::NONE, Node::bare("LIFTED0x"));
        }
        let mut tree = Node::bare(vec![Node::bare(map)]);
        let mut places = Places::new(std::slice::from_ref(&tree));
        let expressions = [
            Expression::Text(path("a")),
            Expression::Number(path("a.b")),
            Expression::Image { repository: path("r"), tag: Some(path("t")), digest: None },
            Expression::Block(path("c")),
        ];
        let Value::Seq(items) = &mut tree.value else { panic!() };
        for (entry, expression) in items[0].as_map_mut().unwrap().iter_mut().zip(expressions) {
            places.put(&mut entry.value, expression);
        }
        assert_eq!(
            places.template(&tree, EngineKind::GoTemplate),
            "- name: {{ .Values.a | quote }}\n  replicas: {{ .Values.a.b }}\n  \
             image: \"{{ .Values.r }}:{{ .Values.t }}\"\n  resources:\n    {{- toYaml .Values.c | nindent 4 }}\n"
        );
        assert_eq!(
            places.template(&tree, EngineKind::Tera),
            "- name: {{ values.a }}\n  replicas: {{ values.a.b }}\n  \
             image: {{ values.r }}:{{ values.t }}\n  resources: {{ values.c }}\n"
        );
    }
}
