use super::prelude::*;

declare! {
    /// `icon`, `home` and `sources` of `Chart.yaml` are shown as links. `helm lint` and chart repositories refuse
    /// anything that is not a URL.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// icon: images/db.svg
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// icon: https://example.com/db.svg
    /// ```
    ///
    /// ## Fix
    /// Write the whole URL, with its scheme.
    BAD_URL = "chart/bad-url", Error, "an icon, home page or source of the chart is not a URL";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let node = &scope.chart.metadata.node;
        let single = ["icon", "home"].into_iter().filter_map(|key| Some((key, node.get(key)?)));
        let sources =
            node.get("sources").map(Node::items).unwrap_or_default().iter().map(|item| ("sources", item));
        for (key, item) in single.chain(sources) {
            let Some(text) = item.as_str().filter(|text| !text.is_empty() && !is_url(text)) else { continue };
            found.push(
                Diagnostic::from_rule(&BAD_URL.rule, format!("`{text}` in `{key}` is not a URL"))
                    .at(item.span, "")
                    .help("write the whole URL, with its scheme"),
            );
        }
    }
}
