//! Text made fit for the place where it is shown.
//!
//! Names, values and file names come from the user's input and may hold anything. Whatever shows them calls the function of
//! its medium, so that they can neither be taken for markup nor for a command, nor begin a line of their own.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text on one line of a terminal: control characters, line breaks and marks that turn the direction of text around are
/// written as escapes (`\n`, `\u{1b}`). Tabs stay. What a CI system takes for a command wherever it stands in a line is broken.
pub fn terminal(text: &str) -> String {
    // Nearly every text is plain.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t') && byte != b'#') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if character != '\t' && is_unprintable(character) {
            push_escape(&mut out, character);
        } else if begins_command(text, at) {
            out.push_str("\\u{23}");
        } else {
            out.push(character);
        }
    }
    out
}

/// [`terminal`] for text of several lines, whose line breaks stay.
pub fn terminal_lines(text: &str) -> String {
    text.split('\n')
        .map(|line| terminal(line.strip_suffix('\r').unwrap_or(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// [`terminal_lines`] for a message. Its first line begins with plimsoll's own words. No further line can be taken for a
/// workflow command by GitHub Actions.
pub fn message(text: &str) -> String {
    let mut lines = text.split('\n');
    let first = terminal_lines(lines.next().unwrap_or_default());
    lines.fold(first, |shown, line| shown + "\n" + &content_line(line))
}

/// A text file that is generated from foreign texts: control characters and marks that turn the direction of text around are
/// written as escapes. Line breaks, those of Windows too, and invisible characters that join others stay: emoji need them.
pub fn file(text: &str) -> Cow<'_, str> {
    let is_wicked = |at: usize, c: char| match c {
        '\n' | '\t' => false,
        '\r' => !text[at..].starts_with("\r\n"),
        '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => c.is_control(),
    };
    if !text.char_indices().any(|(at, c)| is_wicked(at, c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if is_wicked(at, c) { push_escape(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// A line of text that stands at the beginning of a line of the output.
pub fn content_line(line: &str) -> String {
    let line = terminal_lines(line);
    // The runner looks past blanks.
    let (blank, rest) = line.split_at(line.len() - line.trim_start().len());
    match rest.strip_prefix("::") {
        Some(command) => format!("{blank}\\u{{3a}}:{command}"),
        None => line,
    }
}

/// A whole result as it is printed: the last door. Whatever made it has escaped what it shows; should it have forgotten to,
/// nothing here leaves as a control character or as a command of a CI system. With `with_colours`, colours stay.
pub fn output(text: &str, with_colours: bool) -> Cow<'_, str> {
    let is_harmless = |text: &str| {
        !text.contains(|c: char| !matches!(c, '\n' | '\t') && is_unprintable(c))
            && !text.contains("##")
            && !text.contains("::")
    };
    if is_harmless(text) {
        return Cow::Borrowed(text);
    }
    let lines = text
        .split('\n')
        .map(|line| if is_harmless(line) { line.to_owned() } else { output_line(line, with_colours) });
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

fn output_line(line: &str, with_colours: bool) -> String {
    let mut out = String::with_capacity(line.len());
    let mut is_start = true;
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let colour = if with_colours { colour_length(rest) } else { 0 };
        let length = if colour > 0 { colour } else { character.len_utf8() };
        let (part, after) = rest.split_at(length);
        // A frame begins its second file with `::: `, which is no command.
        let is_command = is_start && rest.starts_with("::") && !rest.starts_with("::: ");
        if is_command {
            out.push_str("\\u{3a}");
        } else if colour > 0 {
            out.push_str(part);
        } else if begins_command(rest, 0) {
            out.push_str("\\u{23}");
        } else {
            out.push_str(&terminal(part));
        }
        is_start &= colour > 0 || character.is_whitespace();
        rest = after;
    }
    out
}

/// How long the code for a colour is that a text begins with: `ESC [ 1 ; 31 m`.
fn colour_length(text: &str) -> usize {
    let Some(code) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    if end.starts_with('m') { text.len() - end.len() + 1 } else { 0 }
}

/// Whether a command of a CI system begins at a place: `##[` (GitHub Actions, Azure Pipelines), `##vso[`, `##teamcity[`.
pub(crate) fn begins_command(text: &str, at: usize) -> bool {
    let rest = text.get(at..).and_then(|rest| rest.strip_prefix("##"));
    rest.is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('['))
}

/// A JSON document that is written as ASCII where it could be taken for something else than text: the same document to every
/// reader.
pub fn json(document: String) -> String {
    let needs_escape = |text: &str, at: usize, c: char| {
        (c != '\n' && is_unprintable(c)) || (c == '#' && begins_command(text, at))
    };
    if !document.char_indices().any(|(at, c)| needs_escape(&document, at, c)) {
        return document;
    }
    let mut out = String::with_capacity(document.len());
    for (at, character) in document.char_indices() {
        if needs_escape(&document, at, character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether a character moves the cursor, breaks the line, changes how its neighbours are shown or cannot be seen.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Line and paragraph separators; marks, embeddings, overrides and isolates of direction.
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Characters without width: joiners, fillers, the byte order mark, tags, annotations.
            | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
        )
}

fn push_escape(out: &mut String, character: char) {
    out.extend(character.escape_default());
}

/// A word of a command for a POSIX shell, in single quotes if it needs them.
///
/// What cannot be shown on one line cannot be quoted in a way that every shell reads: see [`is_unprintable`].
pub fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&byte);
    // zsh expands a word that begins with an equals sign.
    if !word.is_empty() && !word.starts_with('=') && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Text in HTML, in elements and in quoted attributes.
pub fn html(text: &str) -> String {
    entities(&terminal_lines(text))
}

/// A message in HTML: what stands in backticks is code.
pub fn html_prose(text: &str) -> String {
    prose(&terminal(text), entities, |code| format!("<code>{}</code>", entities(code)))
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

/// Text in XML 1.0, in elements and in double-quoted attributes. Line breaks become references, so that attributes keep
/// them; characters that XML cannot hold are written as escapes.
pub fn xml(text: &str) -> String {
    let mut out = html(text).replace('\n', "&#10;").replace('\t', "&#9;");
    for character in ['\u{fffe}', '\u{ffff}'] {
        out = out.replace(character, &character.escape_default().to_string());
    }
    out
}

/// A message in Markdown, on one line, in a table or out of it. What stands in backticks is code, and so is every word
/// that Markdown or a forge would make something of: emphasis, HTML, links, mentions, references.
pub fn markdown(text: &str) -> String {
    prose(&terminal(text), markdown_words, markdown_code)
}

fn markdown_words(text: &str) -> String {
    text.split(' ')
        .map(|word| if is_plain_word(word) { word.replace('>', "&gt;") } else { markdown_code(word) })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a word is only a word to every forge.
fn is_plain_word(word: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || ".,;:()'\"-/=+?%>".contains(c);
    // `https://` and `www.` become links, `:name:` an emoji, `GH-1` a reference.
    let lower = word.to_ascii_lowercase();
    word.chars().all(plain)
        && !lower.contains("://")
        && !lower.contains("www.")
        && !lower.contains("gh-")
        && word.matches(':').count() < 2
}

/// Text as code in Markdown, in a table or out of it.
pub fn markdown_code(text: &str) -> String {
    let text = terminal(text);
    let in_backticks = !text.contains(['`', '|']) && text.trim() == text && !text.is_empty();
    if in_backticks {
        return format!("`{text}`");
    }
    // An entity is never markup, whatever it stands for.
    let mut out = String::from("<code>");
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            let _ = write!(out, "&#{};", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out + "</code>"
}

/// A block of code in Markdown, which no line of the text can close.
pub fn markdown_block(language: &str, text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default().max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", terminal_lines(text.trim_end()))
}

/// A message whose names stand in backticks, with text and code each written in their own way. Where the backticks do not
/// pair up nothing is code.
fn prose(message: &str, text: impl Fn(&str) -> String, code: impl Fn(&str) -> String) -> String {
    if !message.matches('`').count().is_multiple_of(2) {
        return text(message);
    }
    let part = |(index, part): (usize, &str)| if index.is_multiple_of(2) { text(part) } else { code(part) };
    message.split('`').enumerate().map(part).collect()
}

/// The message of a workflow command of GitHub Actions, as the runner's `ActionCommand` undoes it.
pub fn github_message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            '\t' => out.push(character),
            other if is_unprintable(other) => push_escape(&mut out, other),
            other => out.push(other),
        }
    }
    out
}

/// A property of a workflow command of GitHub Actions: `:` and `,` end one.
pub fn github_property(text: &str) -> String {
    github_message(&terminal(text)).replace(':', "%3A").replace(',', "%2C")
}

/// A message in SARIF, where `[text](target)` is a link.
pub fn sarif(text: &str) -> String {
    terminal_lines(text).replace("](", r"\](")
}

/// A label of a Mermaid diagram, which takes HTML entities written with a number sign.
pub fn mermaid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in terminal(text).chars() {
        match character {
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            // `$$` begins a formula, a backtick Markdown.
            '#' | '$' | '`' => {
                let _ = write!(out, "#{};", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }

    #[test]
    fn generated_files_have_lines_and_no_controls() {
        let plain = "a\tb\r\n\u{1f469}\u{200d}\u{1f4bb}\n";
        assert_eq!(file(plain), plain);
        assert_eq!(
            file("a\rb\u{1b}[2J\u{9b}\u{202e}\u{2028}\n"),
            "a\\rb\\u{1b}[2J\\u{9b}\\u{202e}\\u{2028}\n"
        );
    }

    #[test]
    fn terminals_get_no_control_of_their_own() {
        assert_eq!(terminal("a\nb\r\u{1b}[31m\tc\u{202e}\u{9b}"), "a\\nb\\r\\u{1b}[31m\tc\\u{202e}\\u{9b}");
        assert_eq!(terminal_lines("a\r\nb\rc\u{2028}d"), "a\nb\\rc\\u{2028}d");
    }

    #[test]
    fn no_line_of_a_message_is_a_command() {
        assert_eq!(message("::a\n  ::b::c\r\nd ::e"), "::a\n  \\u{3a}:b::c\nd ::e");
    }

    #[test]
    fn a_result_leaves_without_controls_and_commands() {
        for (text, shown) in [
            ("plain\n", "plain\n"),
            (" ::: a.yaml:1:2\n", " ::: a.yaml:1:2\n"),
            ("a::b\n::c\n  ::d", "a::b\n\\u{3a}:c\n  \\u{3a}:d"),
            ("x ##[error]y ##vso[z] ## [a]", "x \\u{23}#[error]y \\u{23}#vso[z] ## [a]"),
            ("a\u{200b}\u{feff}b\rc\u{85}d", "a\\u{200b}\\u{feff}b\\rc\\u{85}d"),
            ("\u{1b}[1;31mred\u{1b}[0m\u{1b}[2J", "\\u{1b}[1;31mred\\u{1b}[0m\\u{1b}[2J"),
        ] {
            assert_eq!(output(text, false), shown);
        }
        let coloured = output("\u{1b}[1;31m::red\u{1b}[0m\u{1b}[2J", true).into_owned();
        assert_eq!(coloured, "\u{1b}[1;31m\\u{3a}:red\u{1b}[0m\\u{1b}[2J");
        assert_eq!(terminal("##[group]x"), "\\u{23}#[group]x");
    }

    #[test]
    fn a_json_document_stays_the_same_document() {
        let text = "a\u{202e}b\u{7f}\u{e0041}##[error]\u{2028}ü\u{1f600}";
        let document = json(serde_json::to_string_pretty(&[text]).unwrap());
        assert!(
            !document.contains(|c: char| c != '\n' && is_unprintable(c)) && !document.contains("##["),
            "{document}"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&document).unwrap(), [text]);
    }

    #[test]
    fn only_words_that_need_quotes_get_them() {
        for (word, quoted) in [
            ("statefulset", "statefulset"),
            ("--cascade=orphan", "--cascade=orphan"),
            ("user@eks:eu/prod,1", "user@eks:eu/prod,1"),
            ("", "''"),
            ("=ls", "'=ls'"),
            ("~", "'~'"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("{\"a\":1}", "'{\"a\":1}'"),
        ] {
            assert_eq!(shell_word(word), quoted);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_shell_reads_back_every_word(words in proptest::collection::vec("[ -~\u{e4}]{0,12}", 1..8)) {
            let line: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
            let script = format!("printf '%s\\n' {}", line.join(" "));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), words.join("\n") + "\n");
        }

        #[test]
        fn nothing_but_code_is_marked_up(text in "[a-z `|\\\\<>@#\\[\\]()*_~!:/.\n]{0,40}") {
            let shown = markdown(&text);
            prop_assert!(!shown.contains('\n'));
            // What is left once code is taken away is plain words.
            let code = regex::Regex::new("`[^`|]+`|<code>(?:[^<>`|]|&#[0-9]+;)*</code>").unwrap();
            let rest = code.replace_all(&shown, "").replace("&gt;", ">");
            prop_assert!(rest.split(' ').all(|word| word.chars().all(|c| !"`|<@#[]*_~!\\&".contains(c))), "{shown}");
            prop_assert!(!rest.contains("://") && !rest.contains("www."), "{shown}");
        }
    }

    #[test]
    fn markdown_of_names_is_text() {
        for (text, shown) in [
            ("10Gi -> 20Gi: `data` grows", "10Gi -&gt; 20Gi: `data` grows"),
            ("see ](http://x)", "see `](http://x)`"),
            ("ask @octocat about #1", "ask `@octocat` about `#1`"),
            ("an <img> of `a|b`", "an `<img>` of <code>a&#124;b</code>"),
            ("one ` alone", "one <code>&#96;</code> alone"),
            ("a\n# b", "a\\n# b".replace("a\\n#", "`a\\n#`").as_str()),
        ] {
            assert_eq!(markdown(text), shown);
        }
        assert_eq!(markdown_code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(markdown_block("sh", "x ```` y\n"), "`````sh\nx ```` y\n`````\n");
    }

    #[test]
    fn pages_get_no_markup() {
        assert_eq!(html("<a href='x'>&\u{1b}\n"), "&lt;a href=&apos;x&apos;&gt;&amp;\\u{1b}\n");
        assert_eq!(html_prose("set `<b>` to \"x\""), "set <code>&lt;b&gt;</code> to &quot;x&quot;");
        assert_eq!(xml("a\u{1}'\n\t\u{ffff}"), "a\\u{1}&apos;&#10;&#9;\\u{ffff}");
        assert_eq!(mermaid("a\"#$\n`"), "a#quot;#35;#36;\\n#96;");
    }

    #[test]
    fn workflow_commands_hold_one_command() {
        assert_eq!(github_message("50%\r\n::error::x\u{1b}"), "50%25%0D%0A::error::x\\u{1b}");
        assert_eq!(github_property("a:b,c\n"), "a%3Ab%2Cc\\n");
        assert_eq!(sarif("a [b](http://x)"), r"a [b\](http://x)");
    }
}
