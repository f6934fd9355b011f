use super::prelude::*;

declare! {
    /// Users contact the maintainers of a chart. Chart repositories refuse an entry without a name or with an invalid
    /// address.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// maintainers:
    ///   - name: Ada
    ///     email: ada at example.com
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// maintainers:
    ///   - name: Ada
    ///     email: ada@example.com
    /// ```
    ///
    /// ## Fix
    /// Give each maintainer a `name`; `email` and `url` are optional, but must be an email address and a URL.
    BAD_MAINTAINER = "chart/bad-maintainer", Error, "a maintainer has no name, or a bad email address or URL";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for item in scope.chart.metadata.node.get("maintainers").map(Node::items).unwrap_or_default() {
            let text = |key: &str| item.get(key).and_then(Node::as_str).unwrap_or_default();
            let at = |key: &str| item.get(key).map_or(item.span, |node| node.span);
            let mut say = |key: &str, message: String| {
                found.push(Diagnostic::from_rule(&BAD_MAINTAINER.rule, message).at(at(key), ""));
            };
            if text("name").trim().is_empty() {
                say("name", "a maintainer has no `name`".to_owned());
            }
            let email = text("email");
            if !email.is_empty() && !is_email(email) {
                say("email", format!("`{email}` is not an email address"));
            }
            let url = text("url");
            if !url.is_empty() && !is_url(url) {
                say("url", format!("`{url}` is not a URL"));
            }
        }
    }
}

/// One `@` with a name before and a host after it, and no white space.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    })
}
