use super::{Scalar, ambiguous_values};
use crate::diag::Diagnostic;
use crate::lint::registry::declare;

declare! {
    /// In YAML 1.1 a number with a leading zero is octal: `0777` is 511, and `010` is 8. A postcode, an account number
    /// or a version written this way changes its value.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data:
    ///   area: 0777
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data:
    ///   area: "0777"
    /// ```
    ///
    /// ## Fix
    /// Quote what is meant as text. File modes (`defaultMode: 0440`) are meant as octal and are not reported.
    OCTAL_NUMBER = "yaml/octal-number", Warning, "a number with a leading zero is read as octal";
    release: |release, found| release.ambiguous_scalars().iter().for_each(|scalar| check(scalar, found));
    chart: |chart, found| ambiguous_values(chart).iter().for_each(|scalar| check(scalar, found));
}

fn check(scalar: &Scalar<'_>, found: &mut Vec<Diagnostic>) {
    let digits = scalar.text.trim_start_matches(['-', '+']);
    let octal = digits.len() > 1
        && digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let key = scalar.key.to_ascii_lowercase();
    let mode = ["mode", "umask", "permission", "permissions", "chmod"].iter().any(|word| key.ends_with(word));
    let Some(number) = scalar.node.as_i64().filter(|_| octal && !mode) else { return };
    found.push(
        Diagnostic::from_rule(&OCTAL_NUMBER.rule, format!("`{}` is read as {number}", scalar.text))
            .at(scalar.node.span, "")
            .help(format!("write `\"{}\"` for the text, `{number}` for the number", scalar.text)),
    );
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn modes_are_octal_on_purpose() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  x: {defaultMode: 0440}\n  y: [0, 10, 0x10]\n";
        assert_eq!(findings("yaml/octal-number", text).len(), 0);
        assert_eq!(findings("yaml/octal-number", &text.replace("defaultMode", "port")).len(), 1);
    }
}
