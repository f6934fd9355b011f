//! Keeps a text from the parser that it cannot take: libyaml-safer panics where, inside `[...]` or
//! `{...}`, a comma follows a tag at once (`[!a,b]`). To go-yaml the comma belongs to the tag.

use std::borrow::Cow;

use libyaml_safer::{Encoding, EventData, MappingStyle, Mark, Parser, ScalarStyle, SequenceStyle};

use super::text::Chunks;

/// The text with other characters, as many, for the commas in tags. The error is the offset of a tag that, with its
/// comma, is one to nobody: go-yaml ends a tag with white space, and takes brackets into it.
///
/// Whether a `!` starts a tag depends on everything before it, so the parser itself is asked: it reads
/// a copy in which another character, one that ends a tag with an error, stands for each such comma.
/// Nearly every text has none and is not read twice.
pub(super) fn escape_tags(text: &str) -> Result<Cow<'_, str>, usize> {
    let mut suspects = find_suspects(text);
    let mut escaped = Cow::Borrowed(text);
    // Every round but the last takes out one suspect. A text that needs more is refused.
    for _ in 0..200 {
        if suspects.is_empty() {
            return Ok(escaped);
        }
        match ask_parser(&escaped, &suspects) {
            Answer::Fine => return Ok(escaped),
            Answer::Tag(offset) => {
                let tag = tag_at(text, offset);
                if tag.contains(['<', '[', ']']) || !ends_in_space(&text[offset + tag.len()..]) {
                    return Err(offset);
                }
                let end = offset + tag.len();
                escaped.to_mut().replace_range(offset..end, &tag.replace(',', ";"));
                suspects.retain(|suspect| !(offset..end).contains(&suspect.comma));
            }
            Answer::Text { comma } => suspects.retain(|suspect| suspect.comma != comma),
        }
    }
    suspects.first().map_or(Ok(escaped), |suspect| Err(suspect.tag))
}

/// The tag at `offset` as go-yaml sees it.
fn tag_at(text: &str, offset: usize) -> &str {
    let rest = &text[offset..];
    let in_tag = |c: char| c.is_ascii_alphanumeric() || "-_;/?:@&=+$.,%!~*'()[]<".contains(c);
    &rest[..rest.find(|c| !in_tag(c)).unwrap_or(rest.len())]
}

fn ends_in_space(rest: &str) -> bool {
    rest.chars().next().is_none_or(char::is_whitespace)
}

/// A `!` that could start a tag, and the comma at its end.
struct Suspect {
    tag: usize,
    comma: usize,
}

fn find_suspects(text: &str) -> Vec<Suspect> {
    let bytes = text.as_bytes();
    let in_uri = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_;/?:@&=+$.%!~*'()".contains(byte);
    let end_of_tag = |tag: usize| {
        let rest = &bytes[tag + 1..];
        let length = if rest.starts_with(b"<") {
            1 + rest.iter().position(|byte| *byte == b'>')?
        } else {
            rest.iter().position(|byte| !in_uri(byte))?
        };
        Some(tag + 1 + length)
    };
    text.match_indices('!')
        .filter(|(tag, _)| *tag == 0 || !bytes[tag - 1].is_ascii_alphanumeric())
        .filter_map(|(tag, _)| Some(Suspect { tag, comma: end_of_tag(tag)? }))
        .filter(|suspect| bytes.get(suspect.comma) == Some(&b','))
        .collect()
}

enum Answer {
    /// No suspect is a tag.
    Fine,
    /// There is a tag at this offset.
    Tag(usize),
    /// This comma may end a plain scalar, so it must stay for what follows to be seen right.
    Text { comma: usize },
}

fn ask_parser(text: &str, suspects: &[Suspect]) -> Answer {
    let mut copy = String::with_capacity(text.len());
    for suspect in suspects {
        if let Some(before) = text.get(copy.len()..suspect.comma) {
            copy.push_str(before);
            copy.push('|');
        }
    }
    copy.push_str(&text[copy.len()..]);
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(Chunks::new(&copy));
    let offset = |mark: Mark| usize::try_from(mark.index).unwrap_or(usize::MAX);
    // How many flow collections are open; inside one all are.
    let mut flow = 0usize;
    let mut seen = 0;
    loop {
        let event = match parser.parse() {
            Ok(event) => event,
            Err(error) => {
                let context = error.context_mark().map(offset);
                if matches!(error.context(), Some("while scanning a tag" | "while parsing a tag"))
                    && let Some(suspect) = suspects.iter().find(|suspect| Some(suspect.tag) == context)
                {
                    return Answer::Tag(suspect.tag);
                }
                // The error may come from a comma that is missing.
                let until = error.problem_mark().map_or(usize::MAX, offset);
                let unseen = suspects.iter().find(|suspect| (seen..until).contains(&suspect.comma));
                return unseen.map_or(Answer::Fine, |suspect| Answer::Text { comma: suspect.comma });
            }
        };
        let span = offset(event.start_mark)..offset(event.end_mark);
        seen = seen.max(span.end);
        match event.data {
            EventData::StreamEnd => return Answer::Fine,
            EventData::SequenceStart { style: SequenceStyle::Flow, .. }
            | EventData::MappingStart { style: MappingStyle::Flow, .. } => flow += 1,
            EventData::SequenceEnd | EventData::MappingEnd => flow = flow.saturating_sub(1),
            EventData::Scalar { style: ScalarStyle::Plain, .. } if flow > 0 => {
                if let Some(suspect) = suspects.iter().find(|suspect| span.contains(&suspect.comma)) {
                    return Answer::Text { comma: suspect.comma };
                }
            }
            _ => {}
        }
    }
}
