//! Go's classes of characters. They are general categories, while the methods of `char` go by derived properties: to
//! those the numeral `Ⅷ` is an uppercase letter.

use std::sync::LazyLock;

use regex::Regex;

/// A general category, compiled at its first use.
struct Category(LazyLock<Option<Regex>>);

impl Category {
    fn has(&self, c: char) -> bool {
        self.0.as_ref().is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4])))
    }
}

static LETTER: Category = Category(LazyLock::new(|| Regex::new(r"^\p{L}$").ok()));
static UPPER: Category = Category(LazyLock::new(|| Regex::new(r"^\p{Lu}$").ok()));
static LOWER: Category = Category(LazyLock::new(|| Regex::new(r"^\p{Ll}$").ok()));
static TITLE: Category = Category(LazyLock::new(|| Regex::new(r"^\p{Lt}$").ok()));
static NUMBER: Category = Category(LazyLock::new(|| Regex::new(r"^\p{N}$").ok()));
static DIGIT: Category = Category(LazyLock::new(|| Regex::new(r"^\p{Nd}$").ok()));
static PUNCTUATION: Category = Category(LazyLock::new(|| Regex::new(r"^\p{P}$").ok()));

/// `unicode.IsLetter`
pub(crate) fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { LETTER.has(c) }
}

/// `unicode.IsUpper`
pub(crate) fn is_upper(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { UPPER.has(c) }
}

/// `unicode.IsLower`
pub(crate) fn is_lower(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { LOWER.has(c) }
}

/// `unicode.IsTitle`: characters in title case, such as `ǅ`.
pub(crate) fn is_title(c: char) -> bool {
    !c.is_ascii() && TITLE.has(c)
}

/// `unicode.IsNumber`
pub(crate) fn is_number(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { NUMBER.has(c) }
}

/// `unicode.IsPunct`
pub(crate) fn is_punctuation(c: char) -> bool {
    // Of ASCII, these are symbols.
    if c.is_ascii() { c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c) } else { PUNCTUATION.has(c) }
}

/// What names are made of: letters, decimal digits and `_`.
pub(crate) fn is_of_name(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { LETTER.has(c) || DIGIT.has(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_general_categories() {
        assert!(is_letter('é') && is_letter('中') && !is_letter('Ⅷ') && !is_letter('\u{345}'));
        assert!(is_upper('É') && !is_upper('Ⅷ') && !is_upper('Ⓐ') && !is_upper('ǅ'));
        assert!(is_title('ǅ') && !is_title('Ⅷ') && !is_title('A'));
        assert!(is_lower('ß') && !is_lower('ª') && !is_lower('ⅷ'));
        assert!(is_number('Ⅷ') && is_number('½') && is_number('٣') && !is_number('a'));
        assert!(is_punctuation('。') && is_punctuation('–') && is_punctuation('_') && !is_punctuation('$'));
        assert!(is_of_name('٣') && is_of_name('_') && !is_of_name('½') && !is_of_name('-'));
    }
}
