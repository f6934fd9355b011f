use super::{Scalar, ambiguous_values};
use crate::diag::Diagnostic;
use crate::lint::registry::declare;

declare! {
    /// YAML reads some unquoted texts as numbers: the version `1.10` is 1.1, the commit `1e3` is 1000, and `1_000` is
    /// 1000. Templates then print another version or commit.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data:
    ///   version: 1.10
    ///   commit: 1e3
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data:
    ///   version: "1.10"
    ///   commit: "1e3"
    /// ```
    ///
    /// ## Fix
    /// Quote versions, tags, commits and identifiers. A trailing zero is reported if the key contains a word such as
    /// version, tag or release; exponents and underscores are always reported.
    IMPLICIT_NUMBER = "yaml/implicit-number", Warning, "an unquoted text that YAML reads as another number";
    release: |release, found| release.ambiguous_scalars().iter().for_each(|scalar| check(scalar, found));
    chart: |chart, found| ambiguous_values(chart).iter().for_each(|scalar| check(scalar, found));
}

fn check(scalar: &Scalar<'_>, found: &mut Vec<Diagnostic>) {
    use crate::yaml::Value;
    let text = scalar.text.as_str();
    let number = match scalar.node.value {
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        _ => return,
    };
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-._eE".contains(&byte);
    // Tags (`!!int "1"`) and expressions have other texts under their span.
    if text.is_empty() || !text.bytes().all(plain) {
        return;
    }
    let key = scalar.key.to_ascii_lowercase();
    let version = ["version", "tag", "release", "revision", "branch", "commit", "sha"];
    let named = version.iter().any(|word| key.contains(word));
    let trailing_zero = text.contains('.') && text.ends_with('0') && text != format!("{number}.0");
    let digits = text.trim_start_matches(['+', '-']);
    let exponent =
        digits.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['e', 'E']) && !text.contains('.');
    if !(exponent
        || text.contains('_')
        || (named && (trailing_zero || (text.contains('.') && text != number))))
    {
        return;
    }
    found.push(
        Diagnostic::from_rule(&IMPLICIT_NUMBER.rule, format!("`{text}` is read as the number {number}"))
            .at(scalar.node.span, "")
            .help(format!("write `\"{text}\"` for the text, `{number}` for the number")),
    );
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn measures_are_numbers() {
        let run = |line: &str| {
            let text = format!("apiVersion: v1\nkind: X\nmetadata: {{name: a}}\nspec: {{{line}}}\n");
            findings("yaml/implicit-number", &text).len()
        };
        for fine in ["ratio: 0.50", "tag: 1.1", "tag: 17", "x: -3", "x: 1.5e3", "x: 0x10", "port: 80"] {
            assert_eq!(run(fine), 0, "{fine}");
        }
        for trap in ["tag: 1.10", "x: 12e4", "size: 1_000", "appVersion: 2.0"] {
            assert_eq!(run(trap), 1, "{trap}");
        }
    }
}
