//! What a template defines for others, and what it uses of theirs.

use super::tags::{Token, calls, first_word, included, tokenize};
use crate::engine::{Definition, Definitions};

/// The components that a text defines, and the components and templates that it names. Nothing of a text that is not a
/// template.
pub(super) fn definitions(text: &str) -> Definitions {
    let mut found = Definitions::default();
    for token in tokenize(text).unwrap_or_default() {
        let (start, end) = token.range();
        match token {
            Token::Statement { inner, .. } => {
                let statement = text[inner.0..inner.1].trim();
                match first_word(statement) {
                    "component" => {
                        let head = statement["component".len()..].split('(').next().unwrap_or_default();
                        let name = head.trim();
                        let from = start + text[start..end].find(statement).unwrap_or_default();
                        let from = from + statement.find(name).unwrap_or_default();
                        found
                            .defined
                            .push(Definition { name: name.to_owned(), range: from..from + name.len() });
                    }
                    "include" | "extends" => found.named.extend(included(statement)),
                    _ => {}
                }
            }
            Token::Expression { .. } => {}
            Token::Text(..) | Token::Comment(..) | Token::Raw { .. } => continue,
        }
        found.named.extend(calls(&text[start..end]).map(|(_, component)| component.to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_defined_and_called() {
        let text = "{# <no/> #}{%- component a.b(x: string) -%}{{ <c.d x={<e/>} /> }}{% endcomponent %}\n\
                    {% <f> %}{% </f> %}{% include \"_g.tera\" %}{% extends 'h.yaml' %}{% raw %}<no/>{% endraw %}";
        let found = definitions(text);
        let [defined] = &*found.defined else { panic!("{found:?}") };
        assert_eq!((defined.name.as_str(), &text[defined.range.clone()]), ("a.b", "a.b"));
        assert_eq!(found.named, ["c.d", "e", "f", "_g.tera", "h.yaml"]);
        assert!(!found.is_computed);
    }
}
