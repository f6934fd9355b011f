//! How long a render takes: the whole process for a small chart, and in memory one chart, an umbrella of copies of it,
//! and a chart of many StatefulSets.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use plimsoll::diag::Sources;
use plimsoll::engine::{Capabilities, Release};
use plimsoll::render::{self, Request};
use plimsoll::world::World;
use plimsoll::{chart, values};
use std::process::{Command, Stdio};

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/python-app");

/// A chart of as many StatefulSets as its `count` says.
const STATEFUL_SETS: &str = "{% for i in range(end=values.count) %}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: app-{{ i }}
spec:
  serviceName: app-{{ i }}
  replicas: {{ values.replicas }}
  selector:
    matchLabels: {app: app-{{ i }}}
  template:
    metadata:
      labels: {app: app-{{ i }}}
    spec:
      containers:
        - name: app
          image: {{ values.image }}
          env:
            - name: NODE
              value: app-{{ i }}
{% endfor %}
";

fn main() {
    divan::main();
}

/// A chart as its files.
type Files = Vec<(String, Vec<u8>)>;

fn request(chart: &str) -> Request {
    Request {
        chart: chart.to_owned(),
        overrides: values::Overrides::default(),
        values: values::Options::default(),
        options: render::Options {
            capabilities: Capabilities {
                kube_version: "1.35".parse().expect("a version"),
                ..Capabilities::default()
            },
            strict: true,
            ..render::Options::install(Release::install("web", "default"))
        },
    }
}

/// Loads and renders a chart; how many objects there are.
fn render_files(files: Files) -> usize {
    let sources = Sources::new();
    let chart = chart::from_files(&sources, "bench", files).output.expect("the chart loads");
    let report = render::release_of(&World::system(), &sources, chart, &request("bench"));
    report.output.expect("the chart renders").render.objects().count()
}

fn umbrella(children: usize) -> Files {
    let paths = ["values.yaml", "templates/pdb.yaml", "templates/service.yaml", "templates/statefulset.yaml"];
    let read = |path: &str| std::fs::read(format!("{SMALL}/{path}")).expect("the small chart has the file");
    let small = paths.map(|path| (path, read(path)));
    let about =
        |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\nengine: tera\n").into_bytes();
    let mut files = vec![("Chart.yaml".to_owned(), about("umbrella"))];
    for index in 0..children {
        let name = format!("app-{index}");
        files.push((format!("charts/{name}/Chart.yaml"), about(&name)));
        let copies = small.iter().map(|(path, data)| (format!("charts/{name}/{path}"), data.clone()));
        files.extend(copies);
    }
    files
}

fn stateful_sets(count: usize) -> Files {
    vec![
        ("Chart.yaml".to_owned(), b"apiVersion: v2\nname: many\nversion: 0.1.0\nengine: tera\n".to_vec()),
        ("values.yaml".to_owned(), format!("count: {count}\nreplicas: 3\nimage: app:1.0.0\n").into_bytes()),
        ("templates/sets.yaml".to_owned(), STATEFUL_SETS.as_bytes().to_vec()),
    ]
}

#[divan::bench]
fn cold_start() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    let status = command.args(["render", "web", SMALL]).stdout(Stdio::null()).status();
    assert!(black_box(status).is_ok_and(|status| status.success()));
}

#[divan::bench]
fn one_chart() -> usize {
    let sources = Sources::new();
    let report = render::release(&World::system(), &sources, &request(SMALL));
    report.output.expect("the chart renders").render.objects().count()
}

#[divan::bench(args = [100])]
fn umbrella_of_sub_charts(bencher: Bencher<'_, '_>, children: usize) {
    let files = umbrella(children);
    bencher.counter(ItemsCount::new(children)).with_inputs(|| files.clone()).bench_values(render_files);
}

#[divan::bench(args = [100, 1000])]
fn many_stateful_sets(bencher: Bencher<'_, '_>, count: usize) {
    let files = stateful_sets(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| files.clone()).bench_values(render_files);
}
