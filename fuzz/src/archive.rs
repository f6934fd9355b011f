//! Any bytes as a chart archive.

use super::assert_shown;
use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll::chart::{self, Chart};
use plimsoll::diag::Sources;
use plimsoll::world::Memory;
use std::io::Write as _;
use std::path::{Component, Path};

/// Reads the bytes as an archive, and as the tar inside one. No path of the chart leads out of it.
pub fn check(data: &[u8]) {
    read(data);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    if packed.write_all(data).is_ok()
        && let Ok(packed) = packed.finish()
    {
        read(&packed);
    }
}

fn read(archive: &[u8]) {
    let (world, sources) = (Memory::default().file("web.tgz", archive).into_world(), Sources::new());
    let report = chart::load(&world, &sources, Path::new("web.tgz"));
    assert_shown(&report.diagnostics, &sources);
    assert!(report.output.is_some() || report.has_errors());
    if let Some(chart) = report.output {
        check_paths(&chart);
    }
}

fn check_paths(chart: &Chart) {
    let texts = chart.templates.iter().chain(&chart.crds).map(|file| &file.path);
    for path in texts.chain(chart.files.iter().map(|file| &file.path)) {
        let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        assert!(is_inside && !path.contains(char::is_control) && !path.contains('\\'), "{path:?}");
    }
    chart.children.iter().for_each(|child| check_paths(child));
}
