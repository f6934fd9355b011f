//! Keeps a text from the parser that it cannot take: libyaml-safer panics where, inside `[...]` or
//! `{...}`, a comma follows a tag at once (`[!a,b]`). go-yaml calls that an error, and so do we.

use libyaml_safer::{Encoding, EventData, MappingStyle, Mark, Parser, ScalarStyle, SequenceStyle};

use super::text::Chunks;

/// The offset of the first tag that a comma follows at once.
///
/// Whether a `!` starts a tag depends on everything before it, so the parser itself is asked: it reads
/// a copy in which another character, one that ends a tag with an error, stands for each such comma.
/// Nearly every text has none and is not read twice.
pub(super) fn tag_before_comma(text: &str) -> Option<usize> {
    let mut suspects = suspects(text);
    // Every round but the last takes out one suspect. A text that needs more is refused.
    for _ in 0..200 {
        if suspects.is_empty() {
            return None;
        }
        match ask(text, &suspects) {
            Answer::Fine => return None,
            Answer::Tag(offset) => return Some(offset),
            Answer::Text { comma } => suspects.retain(|suspect| suspect.comma != comma),
        }
    }
    suspects.first().map(|suspect| suspect.tag)
}

/// A `!` that could start a tag, and the comma at its end.
struct Suspect {
    tag: usize,
    comma: usize,
}

fn suspects(text: &str) -> Vec<Suspect> {
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

fn ask(text: &str, suspects: &[Suspect]) -> Answer {
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
                if error.context() == Some("while scanning a tag")
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
