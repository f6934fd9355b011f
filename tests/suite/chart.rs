//! Loading charts: from directories, archives and memory.

use crate::support::tgz;
use plimsoll::chart::{self, Chart, ChartType, EngineKind};
use plimsoll::diag::{Diagnostic, Report, Sources};
use plimsoll::world::World;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.2.3\n";

fn in_memory(files: &[(&str, &str)]) -> (Sources, Report<Chart>) {
    let sources = Sources::new();
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let report = chart::from_files(&sources, "mem", files);
    (sources, report)
}

fn good(files: &[(&str, &str)]) -> Chart {
    let (_, report) = in_memory(files);
    assert!(!report.has_errors(), "{:#?}", report.diagnostics);
    report.output.unwrap()
}

/// The error of a chart that cannot be loaded, with the line and column of its first label.
fn bad(files: &[(&str, &str)]) -> (String, Option<(usize, usize)>) {
    let (sources, report) = in_memory(files);
    let error = first_error(&report.diagnostics);
    assert!(report.output.is_none(), "loaded despite {error:?}");
    let place = error.span().and_then(|span| sources.position(span));
    (error.message.clone(), place.map(|place| (place.line, place.column)))
}

fn first_error(diagnostics: &[Diagnostic]) -> &Diagnostic {
    diagnostics.iter().find(|d| d.severity == plimsoll::diag::Severity::Error).expect("an error")
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn paths<'a>(paths: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    paths.into_iter().map(String::as_str).collect()
}

#[test]
fn every_file_has_its_place() {
    let chart = good(&[
        ("Chart.yaml", CHART),
        ("values.yaml", "a: 1\n"),
        ("values.schema.json", "{}"),
        ("README.md", "hi"),
        ("crds/x.yaml", "kind: X"),
        ("crds/README.md", "crds"),
        ("templates/a/b.yaml", "x: {{ values.a }}"),
        ("templates/_h.tera", ""),
        ("templates/NOTES.txt", ""),
        ("templates/.swp", "\u{1}"),
        ("charts/_skipped/x", ""),
        ("charts/.skipped/x", ""),
        ("charts/db/Chart.yaml", "apiVersion: v2\nname: database\nversion: 0.1.0\n"),
        ("charts/db/templates/s.yaml", "{{ .Values.x }}"),
        ("charts/db/charts/deep/Chart.yaml", "apiVersion: v1\nname: deep\nversion: 0.1.0\ntype: library\n"),
    ]);
    assert_eq!(chart.name(), "app");
    assert_eq!(chart.engine, EngineKind::Tera);
    assert_eq!(
        paths(chart.templates.iter().map(|t| &t.path)),
        ["templates/NOTES.txt", "templates/_h.tera", "templates/a/b.yaml"]
    );
    assert_eq!(paths(chart.files.iter().map(|f| &f.path)), ["README.md", "crds/README.md", "crds/x.yaml"]);
    assert_eq!(paths(chart.crds.iter().map(|f| &f.path)), ["crds/x.yaml"]);
    assert!(chart.schema.is_some());
    assert_eq!(chart.values.get("a").and_then(plimsoll::yaml::Node::as_i64), Some(1));
    let [db] = chart.children.as_slice() else { panic!("{:?}", chart.children) };
    assert_eq!((db.name(), db.engine), ("database", EngineKind::GoTemplate));
    assert_eq!(db.children[0].metadata.chart_type, ChartType::Library);
}

#[test]
fn chart_yaml_is_checked_with_positions() {
    let cases = [
        ("name: a\nversion: 1.0.0\nengine: terra\n", "unknown engine `terra`", Some((3, 9))),
        ("name: a\nversion: one\n", "`one` is not a valid version", Some((2, 10))),
        ("name: a\n", "`Chart.yaml` has no `version`", Some((1, 1))),
        ("nam: a\nversion: 1.0.0\n", "`Chart.yaml` has no `name`", Some((1, 1))),
        ("name: [a]\nversion: 1.0.0\n", "`name` of `Chart.yaml` must be a string", Some((1, 7))),
        ("name: a/b\nversion: 1.0.0\n", "`a/b` is not a valid chart name", Some((1, 7))),
        ("apiVersion: v3\nname: a\nversion: 1.0.0\n", "unknown `apiVersion`", Some((1, 13))),
        ("name: a\nversion: 1.0.0\nkubeVersion: \"=> x.y\"\n", "invalid `kubeVersion`", Some((3, 14))),
        ("name: a\nversion: 1.0.0\ntype: lib\n", "unknown chart type", Some((3, 7))),
        (
            "name: a\nversion: 1.0.0\ndependencies:\n  - name: b\n  - name: c\n    alias: b\n",
            "duplicate dependency name `b`",
            Some((5, 11)),
        ),
        ("- a\n", "`Chart.yaml` is not a map", Some((1, 1))),
        (
            "name: a\nversion: 1.0.0\ndependencies: [x]\n",
            "`dependencies` of `Chart.yaml` must be",
            Some((3, 16)),
        ),
    ];
    for (text, message, place) in cases {
        let (found, at) = bad(&[("Chart.yaml", text)]);
        assert!(found.starts_with(message), "{text:?}: {found}");
        assert_eq!(at, place, "{text:?}: {found}");
    }
}

#[test]
fn scalars_of_chart_yaml_are_read_as_in_helm() {
    let (_, report) = in_memory(&[("Chart.yaml", "name: a\nversion: 1.0.0\nappVersion: 1.10\n")]);
    assert_eq!(report.diagnostics.len(), 1);
    assert!(report.diagnostics[0].help[0].contains("\"1.10\""));
    let (_, cased) = in_memory(&[("Chart.yaml", "Name: a\nversion: 1.0.0\n")]);
    assert_eq!(cased.diagnostics[0].message, "`Name` is read as `name`");
    let metadata = report.output.unwrap().metadata;
    assert_eq!(metadata.app_version.as_deref(), Some("1.1"));
    assert_eq!(metadata.api_version, "v1");
}

#[test]
fn old_charts_take_dependencies_from_requirements() {
    let files = [
        ("Chart.yaml", "apiVersion: v1\nname: a\nversion: 1.0.0\n"),
        (
            "requirements.yaml",
            "dependencies:\n- name: db\n  version: 1.x\n  import-values: [data, {child: a, parent: b}]\n",
        ),
    ];
    let chart = good(&files);
    let [db] = chart.metadata.dependencies.as_slice() else { panic!("no dependency") };
    assert_eq!((db.key(), db.import_values[0].child.as_str()), ("db", "exports.data"));
    assert!(chart.file("requirements.yaml").is_some());
}

#[test]
fn bad_charts_are_refused() {
    assert!(bad(&[("values.yaml", "")]).0.contains("no `Chart.yaml`"));
    assert!(bad(&[("Chart.yaml", CHART), ("values.yaml", "- 1\n")]).0.contains("are not a map"));
    let ours = ("templates/x.yaml", "{{ values.a }}");
    assert!(bad(&[("Chart.yaml", CHART), ours, ("values.yaml", "a: 1\na: 2\n")]).0.contains("`a`"));
    assert!(
        bad(&[("Chart.yaml", CHART), ("charts/README.md", "")])
            .0
            .contains("`mem/charts/README.md` is not a chart")
    );
    assert!(
        bad(&[("Chart.yaml", CHART), ("charts/x/values.yaml", "")])
            .0
            .contains("`mem/charts/x` is not a chart")
    );
    assert!(bad(&[("Chart.yaml", CHART), ("../x", "")]).0.contains("points outside the chart"));
    assert!(bad(&[("Chart.yaml", CHART), ("/etc/x", "")]).0.contains("is absolute"));
    assert!(
        bad(&[("Chart.yaml", CHART), (".helmignore", "*.yaml\n")]).0.contains("ignores its `Chart.yaml`")
    );
    let sources = Sources::new();
    let files =
        vec![("Chart.yaml".to_owned(), CHART.into()), ("templates/x.yaml".to_owned(), b"a\n\xff".to_vec())];
    let report = chart::from_files(&sources, "mem", files);
    assert!(report.diagnostics[0].message.contains("first invalid byte is in line 2"));
}

#[test]
fn duplicate_keys_are_tolerated_where_helm_renders() {
    let files =
        [("Chart.yaml", CHART), ("values.yaml", "a: 1\na: 2\n"), ("templates/a.yaml", "{{ .Values.a }}")];
    let chart = good(&files);
    assert_eq!(chart.values.get("a").and_then(plimsoll::yaml::Node::as_i64), Some(2));
}

/// A chart in `repo/charts/app` beside `repo/shared`, and a directory that is in no repository of its own.
#[cfg(unix)]
fn linking_chart(engine: &str, is_repository: bool) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("repo/charts/app");
    write(&root, "Chart.yaml", &format!("{CHART}engine: {engine}\n"));
    write(dir.path(), "repo/LICENSE", "free");
    write(dir.path(), "repo/shared/cm.yaml", "kind: ConfigMap\n");
    write(
        dir.path(),
        "repo/shared/lib/Chart.yaml",
        "apiVersion: v2\nname: lib\nversion: 0.1.0\nengine: gotpl\n",
    );
    write(dir.path(), "repo/shared/lib/README.md", "lib");
    write(dir.path(), "secret.yaml", "kind: Secret\n");
    if is_repository {
        std::fs::create_dir(dir.path().join("repo/.git")).unwrap();
    }
    (dir, root)
}

#[cfg(unix)]
fn link(root: &Path, target: &str, path: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(target, path).unwrap();
}

#[cfg(unix)]
#[test]
fn links_that_nothing_reads_are_left_alone() {
    for (engine, is_repository) in [("gotpl", true), ("gotpl", false), ("tera", true), ("tera", false)] {
        let (_dir, root) = linking_chart(engine, is_repository);
        link(&root, "../../LICENSE", "LICENSE");
        link(&root, "../../../../secret.yaml", "config/secret.yaml");
        link(&root, "/dev/zero", "zero");
        let report = chart::load(&World::system(), &Sources::new(), &root);
        assert!(report.diagnostics.is_empty(), "{engine}: {:?}", report.diagnostics);
        let chart = report.output.unwrap();
        assert!(chart.remarks.is_empty(), "{:?}", chart.remarks);
        // A template that asks for one reads it.
        let license = chart.file("LICENSE").unwrap();
        assert_eq!(license.data().is_ok(), engine == "gotpl" && is_repository, "{engine} {is_repository}");
        assert!(chart.file("config/secret.yaml").unwrap().data().unwrap_err().contains("outside the chart"));
        assert_eq!(chart.links_followed(&[]).len(), usize::from(engine == "gotpl" && is_repository));
    }
}

#[cfg(unix)]
#[test]
fn links_of_helm_charts_are_followed_inside_their_repository() {
    let (_dir, root) = linking_chart("gotpl", true);
    link(&root, "../../../shared/cm.yaml", "templates/cm.yaml");
    link(&root, "../../../shared/lib", "charts/lib");
    link(&root, "../../../shared/lib", "charts/lib-again");
    let report = chart::load(&World::system(), &Sources::new(), &root);
    assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
    let chart = report.output.unwrap();
    assert_eq!(&*chart.templates[0].text, "kind: ConfigMap\n");
    assert_eq!(chart.children.len(), 2);
    // One remark for each target.
    let messages: Vec<&str> = chart.remarks.iter().map(|remark| remark.message.as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("app/templates/cm.yaml` points outside the chart"), "{messages:?}");
    assert!(messages[1].contains("app/charts/lib` points outside the chart"), "{messages:?}");
    let readme = chart.children[0].file("README.md").unwrap();
    assert_eq!(readme.data().unwrap().as_ref(), b"lib");
    assert!(chart.children[0].links_followed(&chart.remarks).is_empty());

    for (engine, is_repository, target) in [
        ("gotpl", true, "../../../../secret.yaml"),
        ("gotpl", true, "/etc/passwd"),
        ("gotpl", false, "../../../shared/cm.yaml"),
        ("tera", true, "../../../shared/cm.yaml"),
    ] {
        let (_dir, root) = linking_chart(engine, is_repository);
        link(&root, target, "templates/cm.yaml");
        let report = chart::load(&World::system(), &Sources::new(), &root);
        assert!(report.output.is_none(), "{target}");
        let message = &first_error(&report.diagnostics).message;
        assert!(message.contains("app/templates/cm.yaml` points outside the chart"), "{message}");
    }
    // What is behind a directory would be part of the chart.
    let (_dir, root) = linking_chart("gotpl", true);
    link(&root, "/etc", "config");
    assert!(
        first_error(&chart::load(&World::system(), &Sources::new(), &root).diagnostics)
            .message
            .contains("outside the chart")
    );
}

#[test]
fn directories_are_read_and_never_left() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("app");
    write(&root, "Chart.yaml", CHART);
    write(&root, "config/real.txt", "\u{feff}x");
    write(&root, ".helmignore", "# docs\n*.md\nci/\n");
    write(&root, "README.md", "");
    write(&root, "ci/values.yaml", "");
    std::os::unix::fs::symlink("real.txt", root.join("config/link.txt")).unwrap();
    let sources = Sources::new();
    let loaded = chart::load(&World::system(), &sources, &root);
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    let loaded = loaded.output.unwrap();
    assert_eq!(
        paths(loaded.files.iter().map(|f| &f.path)),
        [".helmignore", "config/link.txt", "config/real.txt"]
    );
    assert_eq!(loaded.file("config/link.txt").unwrap().data().unwrap().as_ref(), b"x");

    for (target, words) in [("gone", "is broken"), (".", "a directory that contains it")] {
        let link = root.join("bad-link");
        std::os::unix::fs::symlink(target, &link).unwrap();
        let report = chart::load(&World::system(), &sources, &root);
        assert!(report.output.is_none());
        let message = &first_error(&report.diagnostics).message;
        assert!(message.contains(words) && message.contains("bad-link"), "{message}");
        write(&root, ".helmignore", "bad-link\n");
        let report = chart::load(&World::system(), &sources, &root);
        assert!(!report.has_errors(), "{target}: {:?}", report.diagnostics);
        write(&root, ".helmignore", "# docs\n*.md\nci/\n");
        fs::remove_file(link).unwrap();
    }
    fs::write(root.join("big"), vec![b'x'; 5 * 1024 * 1024 + 1]).unwrap();
    assert!(
        first_error(&chart::load(&World::system(), &sources, &root).diagnostics)
            .message
            .contains("too large")
    );
}

#[test]
fn of_many_files_each_that_cannot_be_read_is_named_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "Chart.yaml", CHART);
    for number in 0..300 {
        write(
            root,
            &format!("charts/app-{number:03}/Chart.yaml"),
            &CHART.replace("app", &format!("app-{number:03}")),
        );
        write(root, &format!("charts/app-{number:03}/templates/x.yaml"), &format!("number: {number}\n"));
    }
    let sources = Sources::new();
    let chart = chart::load(&World::system(), &sources, root).output.expect("a chart");
    for (number, child) in chart.children.iter().enumerate() {
        assert_eq!(child.name(), format!("app-{number:03}"));
        assert_eq!(&*child.templates[0].text, format!("number: {number}\n"));
    }
    let messages = || {
        let report = chart::load(&World::system(), &sources, root);
        assert!(report.output.is_none());
        let shown =
            report.diagnostics.into_iter().map(|d| d.message.replace(&root.display().to_string(), ""));
        shown.collect::<Vec<String>>()
    };
    for number in [250, 7, 120] {
        fs::write(root.join(format!("charts/app-{number:03}/templates/x.yaml")), b"a: \xff\n").unwrap();
    }
    let not_utf8 = |number| {
        format!("`/charts/app-{number}/templates/x.yaml` is not UTF-8: the first invalid byte is in line 1")
    };
    assert_eq!(messages(), [not_utf8("007"), not_utf8("120"), not_utf8("250")]);
    for number in [299, 3] {
        fs::write(root.join(format!("charts/app-{number:03}/README.md")), vec![b'x'; 5 * 1024 * 1024 + 1])
            .unwrap();
    }
    let too_large = |number| {
        format!(
            "`/charts/app-{number}/README.md` is too large for a chart: 5242881 bytes, the limit is 5 MiB"
        )
    };
    assert_eq!(messages(), [too_large("003"), too_large("299")]);
}

#[test]
fn a_missing_chart_is_answered_with_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "charts/web-app/Chart.yaml", CHART);
    let sources = Sources::new();
    let help = |path: &str| {
        chart::load(&World::system(), &sources, &dir.path().join(path)).diagnostics[0].help[0].clone()
    };
    assert!(help("charts").contains("charts/web-app"), "{}", help("charts"));
    assert!(help("charts/web-ap").contains("did you mean"));
    assert!(help("charts/other").contains("`web-app`"));
    write(dir.path(), "lower/chart.yaml", CHART);
    assert!(help("lower").contains("rename `chart.yaml`"));
    write(dir.path(), "values.yaml", "");
    assert!(help("values.yaml").contains("`-f`"));
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn load_archive(bytes: &[u8]) -> Report<Chart> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app-1.2.3.tgz");
    fs::write(&path, bytes).unwrap();
    chart::load(&World::system(), &Sources::new(), &path)
}

#[test]
fn archives_hold_charts_and_archives() {
    let child = tgz(&[("db/Chart.yaml", b"name: db\nversion: 1.0.0\n"), ("db/templates/a.yaml", b"a: 1")]);
    let packed = tgz(&[
        ("app/Chart.yaml", CHART.as_bytes()),
        ("app/.helmignore", b"*.yaml"),
        ("app/charts/db-1.0.0.tgz", &child),
        ("app/charts/db-1.0.0.tgz.prov", b"signed"),
        ("app/data.bin", b"\xff\x00"),
    ]);
    let report = load_archive(&packed);
    assert!(!report.has_errors(), "{:?}", report.diagnostics);
    let chart = report.output.unwrap();
    assert_eq!(chart.children[0].templates[0].path, "templates/a.yaml");
    assert_eq!(chart.file("data.bin").unwrap().data().unwrap().as_ref(), b"\xff\x00");
    assert!(chart.file("charts/db-1.0.0.tgz.prov").is_some());
}

/// A tar of a chart, without the blocks that end it, and one more entry of this kind with this data.
fn tar_with(kind: u8, path: &str, data: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (kind, path, data) in [(b'0', "app/Chart.yaml", CHART.as_bytes()), (kind, path, data)] {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(data.len() as u64);
        header.set_cksum();
        tar.extend(header.as_bytes());
        tar.extend(data);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar
}

const END: [u8; 1024] = [0; 1024];

/// What follows the chart in an archive.
fn followed_by(entries: &[Vec<u8>]) -> Vec<u8> {
    let chart = tar_with(b'0', "app/a", b"");
    // The first entry of the others is the chart's metadata once more.
    let more = entries.iter().flat_map(|tar| &tar[tar_with(b'0', "", b"").len() - 512..]);
    gzip(&chart.iter().chain(more).chain(&END).copied().collect::<Vec<_>>())
}

#[test]
fn archives_of_any_format_are_read() {
    let long = format!("app/templates/{}/a.yaml", "d".repeat(200));
    let mut longer = long.clone().into_bytes();
    longer.push(0);
    let record = format!("path={long}\n");
    let record = format!("{} {record}", record.len() + 4);
    let name = |packed: &[u8]| {
        let report = load_archive(packed);
        assert!(!report.has_errors(), "{:?}", report.diagnostics);
        report.output.unwrap().templates.iter().map(|file| file.path.clone()).collect::<Vec<_>>()
    };
    let expected = [long.strip_prefix("app/").unwrap()];
    let file = tar_with(b'0', "app/templates/short.yaml", b"a: 1");
    // As GNU tar writes long names, and as POSIX does; with comments for all that follow.
    assert_eq!(name(&followed_by(&[tar_with(b'L', "././@LongLink", &longer), file.clone()])), expected);
    let comment = tar_with(b'g', "pax_global_header", b"16 comment=abcd\n");
    assert_eq!(
        name(&followed_by(&[comment, tar_with(b'x', "x", record.as_bytes()), file.clone()])),
        expected
    );
    // Directories are of no account, wherever they are.
    assert_eq!(
        name(&followed_by(&[tar_with(b'5', "../../etc", b""), file.clone()])),
        ["templates/short.yaml"]
    );
    // In several gzip members, filled up with zeros, or without the blocks that end it.
    let tar = [file.clone(), END.to_vec()].concat();
    let halves = [gzip(&tar[..700]), gzip(&tar[700..]), gzip(&[0; 10_240])];
    assert_eq!(name(&halves.concat()), ["templates/short.yaml"]);
    assert_eq!(name(&gzip(&file)), ["templates/short.yaml"]);
    // The last of two files with one path counts.
    let again = tar_with(b'0', "app/./templates//short.yaml", b"a: 2");
    let chart = load_archive(&followed_by(&[file, again])).output.unwrap();
    assert_eq!((chart.templates.len(), &*chart.templates[0].text), (1, "a: 2"));
}

#[test]
fn archives_are_read_to_their_end() {
    let refuse = |bytes: &[u8], words: &str| {
        let report = load_archive(bytes);
        assert!(report.output.is_none(), "{words}");
        let message = &first_error(&report.diagnostics).message;
        assert!(message.contains("cannot unpack") && message.contains(words), "{message}");
    };
    let tar = [tar_with(b'0', "app/a", b"a"), END.to_vec()].concat();
    let whole = gzip(&tar);
    let mut wrong_checksum = whole.clone();
    let checksum = wrong_checksum.len() - 8;
    wrong_checksum[checksum] ^= 1;
    refuse(&wrong_checksum, "corrupt gzip stream");
    refuse(&whole[..whole.len() - 5], "");
    refuse(&[whole.as_slice(), &wrong_checksum].concat(), "corrupt gzip stream");
    refuse(&[whole.as_slice(), &whole[..40]].concat(), "");
    let mut wrong_header = tar.clone();
    wrong_header[5] ^= 1;
    refuse(&gzip(&wrong_header), "checksum");
    // What follows is ignored, as by helm; another tool might read it as a part of the chart.
    let warnings = |bytes: &[&[u8]]| {
        let report = load_archive(&bytes.concat());
        assert!(report.output.is_some(), "{:?}", report.diagnostics);
        report.diagnostics.iter().filter(|found| found.message.ends_with("and is ignored")).count()
    };
    assert_eq!(warnings(&[&whole]), 0);
    assert_eq!(warnings(&[&whole, &[0; 700]]), 0);
    assert_eq!(warnings(&[&whole, &gzip(&[0; 700]), &[0; 3]]), 0);
    assert_eq!(warnings(&[&whole, b"more"]), 1);
    assert_eq!(warnings(&[&whole, &[0; 700], &whole]), 1);
    assert_eq!(warnings(&[&whole, &whole]), 1);
    assert_eq!(warnings(&[&gzip(&[tar.as_slice(), b"more"].concat())]), 1);
}

/// helm stops at the end of the archive: a checksum that comes after it is never looked at.
#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn archives_that_helm_packages_are_read_as_helm_reads_them() {
    let helm = crate::support::tool("PLIMSOLL_HELM");
    let dir = tempfile::tempdir().unwrap();
    let chart = dir.path().join("app");
    write(&chart, "Chart.yaml", CHART);
    write(&chart, "values.yaml", "a: 1\n");
    write(&chart, "templates/a.yaml", "v: {{ .Values | toJson }}\n");
    let packed = Command::new(&helm).arg("package").arg(&chart).current_dir(dir.path()).output().unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let path = dir.path().join("app-1.2.3.tgz");
    let whole = fs::read(&path).unwrap();
    let cut = |bytes: usize| whole[..whole.len() - bytes].to_vec();
    for (what, archive, helm_accepts, accepted) in [
        ("as it is", whole.clone(), true, true),
        ("zeros follow", [whole.as_slice(), &[0; 512]].concat(), true, true),
        ("garbage follows", [whole.as_slice(), b"more"].concat(), true, true),
        ("a second member", [whole.as_slice(), &gzip(b"more")].concat(), true, true),
        ("a second archive", [whole.as_slice(), &whole].concat(), true, true),
        (
            "another checksum",
            [cut(8), b"\0\0\0\0".to_vec(), whole[whole.len() - 4..].to_vec()].concat(),
            true,
            false,
        ),
        ("no checksum", cut(8), true, false),
        ("cut off", cut(whole.len() / 2), false, false),
    ] {
        fs::write(&path, archive).unwrap();
        assert_eq!(ask_helm(&helm, &path).is_ok(), helm_accepts, "{what}");
        let report = chart::load(&World::system(), &Sources::new(), &path);
        assert_eq!(report.output.is_some(), accepted, "{what}: {:?}", report.diagnostics);
    }
}

#[test]
fn entries_that_are_no_files_are_refused() {
    let refuse = |entries: &[Vec<u8>], words: &str| {
        let report = load_archive(&followed_by(entries));
        assert!(report.output.is_none(), "{words}");
        let message = &first_error(&report.diagnostics).message;
        assert!(message.contains(words) && message.len() < 600, "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
    };
    // Hard and symbolic links, devices, pipes, contiguous files, volume labels, parts of other volumes.
    for kind in *b"12346789AVMZ" {
        refuse(&[tar_with(kind, "app/odd", b"")], "`app/odd`, which is not a regular file");
    }
    refuse(&[tar_with(b'S', "app/odd", b"")], "cannot unpack");
    let sparse = tar_with(b'x', "x", b"22 GNU.sparse.major=1\n");
    refuse(&[sparse, tar_with(b'0', "app/odd", b"")], "`app/odd`, which is not a regular file");
    // Names from extended headers are checked like others.
    for (path, words) in [
        ("app/../../x", "points outside the chart"),
        ("/x", "is absolute"),
        (r"app\..\..\x", "points outside the chart"),
        ("app/C:/x", "is absolute"),
        ("app/a\x1bb", "control character"),
        // Go takes this for one path, others for two records.
        ("app/a\n20 path=app/other", "malformed pax extension"),
        ("app/", "does not name a file"),
    ] {
        let record = format!("path={path}\n");
        let record = format!("{} {record}", record.len() + 3);
        assert_eq!(record.len().to_string().len(), 2);
        refuse(&[tar_with(b'x', "x", record.as_bytes()), tar_with(b'0', "app/x", b"")], words);
    }
    let name = |bytes: &[u8]| tar_with(b'L', "././@LongLink", bytes);
    let long = format!("app/{}", "x/".repeat(1 << 20));
    refuse(
        &[name(long.as_bytes()), tar_with(b'0', "app/x", b"")],
        "contains a path of 2097156 bytes, `app/x/x/",
    );
    refuse(&[name(b"app/\xff\x1b[2J"), tar_with(b'0', "app/x", b"")], "whose name is not UTF-8");
    refuse(&[name(&vec![0xff; 5000]), tar_with(b'0', "app/x", b"")], "contains a path of 5000 bytes");
}

#[test]
fn archives_are_read_as_helm_reads_them() {
    let paths = |path: &str| {
        let report = load_archive(&followed_by(&[tar_with(b'0', path, b"")]));
        let chart = report.output.unwrap_or_else(|| panic!("{path}: {:?}", report.diagnostics));
        chart.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths(r"app\files\x"), ["a", "files/x"]);
    // As for Helm, only the backslash separates then.
    assert_eq!(paths(r"app/files\x"), ["a", "x"]);
    let packed =
        ["app/crds/b.yaml", "app/crds/a.yaml", "app/crds/b.yaml"].map(|path| tar_with(b'0', path, b""));
    let crds = load_archive(&followed_by(&packed)).output.unwrap().crds;
    let crds: Vec<&str> = crds.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(crds, ["crds/b.yaml", "crds/a.yaml"]);
    // `tar czf app.tgz ./app` makes an archive whose directory is `.`.
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..16].copy_from_slice(b"./app/Chart.yaml");
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(CHART.len() as u64);
    header.set_cksum();
    let mut tar = [header.as_bytes(), CHART.as_bytes()].concat();
    tar.resize(1024, 0);
    let dotted = load_archive(&gzip(&[tar, END.to_vec()].concat()));
    assert!(first_error(&dotted.diagnostics).message.contains("no `Chart.yaml`"), "{:?}", dotted.diagnostics);
}

#[test]
fn sizes_that_no_file_has_are_refused() {
    let chart = tar_with(b'0', "app/a", b"");
    for size in [u64::MAX, u64::MAX >> 1, 1 << 40, 6 << 20] {
        let mut header = tar::Header::new_gnu();
        header.set_path("app/b").unwrap();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        header.set_cksum();
        let report = load_archive(&gzip(&[chart.as_slice(), header.as_bytes()].concat()));
        assert!(report.output.is_none(), "{size}");
    }
    // What counts for nothing is limited by what it unpacks to: one header, and many directories.
    let header = &tar_with(b'x', "x", &vec![b' '; 160 << 20])[..chart.len()];
    let spaces = gzip(&vec![b' '; 1 << 20]).repeat(160);
    let report = load_archive(&[gzip(header), spaces].concat());
    assert!(first_error(&report.diagnostics).message.contains("cannot unpack"), "{:?}", report.diagnostics);
    let directories = tar_with(b'5', "app/d", b"")[chart.len() - 512..].repeat(2048);
    let report = load_archive(&[gzip(&chart), gzip(&directories).repeat(160)].concat());
    assert!(first_error(&report.diagnostics).message.contains("too large"), "{:?}", report.diagnostics);
}

#[test]
fn hostile_archives_are_refused() {
    let chart: (&str, &[u8]) = ("app/Chart.yaml", CHART.as_bytes());
    let refuse = |bytes: &[u8], words: &str| {
        let report = load_archive(bytes);
        assert!(report.output.is_none());
        let message = &first_error(&report.diagnostics).message;
        assert!(message.contains(words), "{message}");
    };
    refuse(&tgz(&[chart, ("app/../../etc/passwd", b"x")]), "`app/../../etc/passwd`, which points outside");
    refuse(&tgz(&[chart, ("/etc/passwd", b"x")]), "`/etc/passwd`, which is absolute");
    refuse(&tgz(&[("Chart.yaml", CHART.as_bytes())]), "not inside the chart's directory");
    refuse(b"plain text", "not gzipped");
    refuse(&gzip(b"not a tar, but long enough to look like one"), "cannot unpack");
    refuse(&tgz(&[chart])[..60], "cannot unpack");
    refuse(&gzip(&[0; 2048]), "no files");
    refuse(&tgz(&[chart, ("app/big", &vec![0; 6 << 20])]), "too large");
    let half = vec![0; 4 << 20];
    let names: Vec<String> = (0..30).map(|i| format!("app/{i}")).collect();
    let mut many = vec![chart];
    many.extend(names.iter().map(|name| (name.as_str(), half.as_slice())));
    refuse(&tgz(&many), "too large");

    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "app/link", "/etc/passwd").unwrap();
    refuse(&gzip(&tar.into_inner().unwrap()), "`app/link`, which is not a regular file");
}

#[test]
fn an_umbrella_of_a_hundred_loads_in_order() {
    let mut files = vec![("Chart.yaml".to_owned(), CHART.as_bytes().to_vec())];
    for i in 0..100 {
        files.push((
            format!("charts/c{i:02}/Chart.yaml"),
            format!("name: c{i:02}\nversion: 1.0.0\n").into_bytes(),
        ));
        files.push((format!("charts/c{i:02}/values.yaml"), b"a: {b: [1, 2]}\n".to_vec()));
    }
    let sources = Sources::new();
    let chart = chart::from_files(&sources, "mem", files).output.unwrap();
    let names: Vec<&str> = chart.children.iter().map(|child| child.name()).collect();
    assert!(names.is_sorted() && names.len() == 100);
}

/// What `helm template` prints of a chart directory; its message if it refuses.
fn ask_helm(helm: &Path, chart: &Path) -> Result<String, String> {
    let output = Command::new(helm).arg("template").arg(chart).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn helmignore_means_what_it_means_to_helm() {
    let Some(helm) = crate::values::helm() else { return };
    let patterns = [
        "",
        "# *.md",
        "*.md",
        "  *.md  ",
        "docs",
        "docs/",
        "docs/*",
        "docs/*.md",
        "/docs",
        "/a.txt",
        "a.txt",
        "more/",
        "docs/more",
        "*/more",
        "?.txt",
        "[ab].txt",
        "[^a].txt",
        "[a-b]*.txt",
        "\\a.txt",
        "*",
        "/*",
        "!*.md",
        "!a.txt",
        "charts",
        "charts/one",
        "one/README.md",
        "charts/one/README.md",
        "README.md",
        "Chart.yaml",
        "*.yaml",
        "/*.yaml",
        "templates/files.yaml",
        "DOCS",
        "docs/**",
        "[",
        "a[",
        "a[]",
        "x\\",
        "*.md\n!b.md",
        "*.txt\n# x\n\n*.md",
        ".helmignore",
        ".*",
        ".dir/",
        "docs//x",
        "/",
    ];
    let mut wrong = Vec::new();
    for pattern in patterns {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("app");
        write(&root, "Chart.yaml", CHART);
        let list = "{{ range $path, $_ := .Files.Glob \"**\" }}{{ $path }},{{ end }}";
        write(&root, "templates/files.yaml", &format!("files: \"{list}\"\n"));
        for path in [
            "a.txt",
            "b.txt",
            "c.txt",
            "docs/a.md",
            "docs/b.md",
            "docs/more/a.md",
            "README.md",
            ".hidden",
            ".dir/x",
            "docs/x.txt",
        ] {
            write(&root, path, "x");
        }
        write(&root, "charts/one/Chart.yaml", "apiVersion: v2\nname: one\nversion: 1.0.0\n");
        write(&root, "charts/one/README.md", "x");
        write(&root, "charts/one/templates/files.yaml", &format!("files: \"{list}\"\n"));
        write(&root, ".helmignore", pattern);
        let report = chart::load(&World::system(), &Sources::new(), &root);
        let ours = report.output.map(|chart| {
            let listed = |chart: &Chart| {
                chart.template("templates/files.yaml")?;
                Some(chart.files.iter().map(|file| format!("{},", file.path)).collect::<Vec<_>>().concat())
            };
            let mut all: Vec<String> = chart.children.iter().filter_map(|child| listed(child)).collect();
            all.extend(listed(&chart));
            all
        });
        let theirs = ask_helm(&helm, &root).ok().map(|text| {
            let lines = text.lines().filter_map(|line| line.strip_prefix("files: "));
            lines.map(|line| line.trim_matches('"').to_owned()).collect::<Vec<_>>()
        });
        if ours != theirs {
            wrong.push(format!("{pattern:?}\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn chart_yaml_is_refused_where_helm_refuses_it() {
    let Some(helm) = crate::values::helm() else { return };
    let base = "apiVersion: v2\nname: app\nversion: 1.2.3\n";
    let edits: [(&str, &str); 36] = [
        ("", ""),
        ("name: app", "name: ''"),
        ("name: app", "name: a/b"),
        ("name: app", "name: ."),
        ("name: app", "name: 12"),
        ("name: app", "name: [a]"),
        ("name: app", "Name: app"),
        ("version: 1.2.3", "version: 1.2"),
        ("version: 1.2.3", "version: 1"),
        ("version: 1.2.3", "version: v1.2.3"),
        ("version: 1.2.3", "version: '01.2.3'"),
        ("version: 1.2.3", "version: 1.2.3.4"),
        ("version: 1.2.3", "version: 1.2.3-01"),
        ("version: 1.2.3", "version: 1.2.3-rc.1+b"),
        ("version: 1.2.3", "version: one"),
        ("version: 1.2.3", "version: ''"),
        ("version: 1.2.3", "version: {}"),
        ("apiVersion: v2", ""),
        ("apiVersion: v2", "apiVersion: v1"),
        ("version: 1.2.3", "version: 1.2.3\ntype: library2"),
        ("version: 1.2.3", "version: 1.2.3\ntype: application"),
        ("version: 1.2.3", "version: 1.2.3\nunknown: 1"),
        ("version: 1.2.3", "version: 1.2.3\nappVersion: 1.10"),
        ("version: 1.2.3", "version: 1.2.3\nappVersion: [1]"),
        ("version: 1.2.3", "version: 1.2.3\ndeprecated: yes"),
        ("version: 1.2.3", "version: 1.2.3\ndeprecated: 'yes'"),
        ("version: 1.2.3", "version: 1.2.3\nkeywords: x"),
        ("version: 1.2.3", "version: 1.2.3\nkeywords: [1, true]"),
        ("version: 1.2.3", "version: 1.2.3\nmaintainers: [x]"),
        ("version: 1.2.3", "version: 1.2.3\nannotations: {a: 1}"),
        ("version: 1.2.3", "version: 1.2.3\nannotations: {a: [1]}"),
        ("version: 1.2.3", "version: 1.2.3\nkubeVersion: '>=1.20.0-0'"),
        ("version: 1.2.3", "version: 1.2.3\nkubeVersion: 'x.y'"),
        ("version: 1.2.3", "version: 1.2.3\ndependencies: [{name: a, alias: 'b c'}]"),
        ("version: 1.2.3", "version: 1.2.3\ndependencies: {}"),
        ("apiVersion: v2", "- x"),
    ];
    let mut wrong = Vec::new();
    for (from, to) in edits {
        let dir = tempfile::tempdir().unwrap();
        let text = base.replacen(from, to, 1);
        write(dir.path(), "Chart.yaml", &text);
        write(dir.path(), "templates/a.yaml", "v: {{ .Chart.AppVersion | quote }}\n");
        let ours = chart::load(&World::system(), &Sources::new(), dir.path());
        let theirs = ask_helm(&helm, dir.path());
        if ours.output.is_some() != theirs.is_ok() {
            wrong.push(format!("{text:?}\n  ours   {:?}\n  theirs {theirs:?}", ours.diagnostics));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
