//! Whole renders.

use crate::support::{ROOT, SHIPPED, release};
use plimsoll::render::{self, Selection};
use snapbox::{Assert, Data};
use std::path::{Path, PathBuf};

/// Where the render of a shipped chart is kept.
pub(crate) fn golden(chart: &str) -> PathBuf {
    let name = chart.rsplit(['/', ':']).next().unwrap();
    Path::new(ROOT).join("tests/golden").join(format!("{name}.yaml"))
}

#[test]
fn shipped_charts_render_as_ever() {
    for (name, chart, values) in SHIPPED {
        let output = release(name, chart, values.as_slice(), &[]);
        let documents = Selection::default().of(&output.render).unwrap();
        let text = render::stream(&documents);
        Assert::new().action_env("SNAPSHOTS").eq(text, Data::read_from(&golden(chart), None).raw());
    }
}

#[test]
fn every_shipped_chart_is_covered() {
    let mut charts: Vec<String> = std::fs::read_dir(Path::new(ROOT).join("charts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    charts.sort();
    let mut covered: Vec<&str> =
        SHIPPED.iter().map(|(_, chart, _)| chart.rsplit(['/', ':']).next().unwrap()).collect();
    covered.sort_unstable();
    assert_eq!(charts, covered);
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let text = || {
        let output = release("moscow-python", "charts/moscow-time-python", &[], &[]);
        render::stream(&Selection::default().of(&output.render).unwrap())
    };
    assert_eq!(text(), text());
}
