//! What several tests need.

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll::diag::Sources;
use plimsoll::engine::{Capabilities, Release};
use plimsoll::manifest::{self, Object};
use plimsoll::render::{self, Output, Request};
use plimsoll::values::{Options, Overrides, ValuesFile};
use plimsoll::world::World;
use plimsoll::yaml::ReadOptions;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The project's root.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The shipped charts: the release's name, the chart, a values file.
pub(crate) const SHIPPED: &[(&str, &str, Option<&str>)] = &[
    ("moscow-time", "charts/moscow-time", None),
    ("moscow-python", "charts/moscow-time-python", None),
    ("moscow-rust", "charts/moscow-time-rust", None),
    ("app-stateful", "charts/python-app", None),
    ("python", "charts/python-app-vault", None),
    ("orders", "builtin:statefulset", Some("examples/values/orders-database.yaml")),
];

/// Renders a chart of the project; panics with everything that is said about it.
pub(crate) fn release(name: &str, chart: &str, files: &[&str], set: &[&str]) -> Output {
    let in_project = |path: &str| format!("{ROOT}/{path}");
    let request = Request {
        chart: if chart.starts_with("builtin:") { chart.to_owned() } else { in_project(chart) },
        overrides: Overrides {
            files: files.iter().map(|file| ValuesFile::Argument(in_project(file))).collect(),
            set: set.iter().map(|set| (*set).to_owned()).collect(),
            ..Overrides::default()
        },
        values: Options::default(),
        options: options(name, "default"),
    };
    let report = render::release(&World::system(), &Sources::new(), &request);
    assert!(report.diagnostics.is_empty(), "{chart}: {:#?}", report.diagnostics);
    report.output.unwrap()
}

/// A strict render of a first installation.
pub(crate) fn options(name: &str, namespace: &str) -> render::Options {
    render::Options {
        capabilities: capabilities(),
        strict: true,
        ..render::Options::install(Release::install(name, namespace))
    }
}

/// What kubectl prints of manifests to which it adds the label `plimsoll-test`, client side; panics, naming `what`, if it
/// refuses them.
pub(crate) fn labelled(kubectl: &Path, manifests: &str, output: &str, what: &str) -> Vec<u8> {
    let mut child = Command::new(kubectl)
        .args(["label", "--local", "-f", "-", "plimsoll-test=yes", "-o", output])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The objects of manifests, which must be sound.
pub(crate) fn objects(text: &str) -> Vec<Object> {
    let report = manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::strict());
    assert!(!report.has_errors(), "{:?}", report.diagnostics);
    report.output.unwrap_or_default()
}

/// A cluster that serves nothing in particular.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities { kube_version: "1.35".parse().unwrap(), ..Capabilities::default() }
}

/// The recorded answers of a real tool: one JSON value a line, compressed. `tests/oracle/README.md` says how they were
/// recorded and what they hold.
pub(crate) fn recorded(name: &str) -> Vec<serde_json::Value> {
    let path = format!("{ROOT}/tests/oracle/{name}.jsonl.gz");
    let file = fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let rows = serde_json::Deserializer::from_reader(flate2::read::GzDecoder::new(file)).into_iter();
    let rows: Vec<_> = rows.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(!rows.is_empty(), "{path} is empty");
    rows
}

/// The program that an environment variable names. Tests that need one are ignored unless they are asked for
/// (`--include-ignored`), and fail without it.
pub(crate) fn tool(variable: &str) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the environment names the tools")]
    let path = std::env::var_os(variable).map(PathBuf::from);
    let path = path.unwrap_or_else(|| panic!("{variable} names no program"));
    assert!(path.exists(), "{variable} names {}, which does not exist", path.display());
    path
}

/// A template that needs no values.
pub(crate) const CONFIG_MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ release.name }}\n";

/// A directory for odd files, and the command run in it.
pub(crate) struct Sandbox(tempfile::TempDir);

/// What a run left behind.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        self.write_bytes(path, text.as_bytes());
    }

    pub(crate) fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A copy of a directory of the sandbox.
    #[cfg(unix)]
    pub(crate) fn copy_within(&self, from: &str, to: &str) {
        let [from, to] = [from, to].map(|path| self.path().join(path));
        assert!(Command::new("cp").arg("-R").args([from, to]).status().unwrap().success());
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// A copy of a file or directory of the project, under the same name.
    #[cfg(unix)]
    pub(crate) fn copy(&self, path: &str) {
        let from = format!("{ROOT}/{path}");
        let copied =
            std::process::Command::new("cp").args(["-R", &from]).arg(self.path().join(path)).status();
        assert!(copied.unwrap().success());
    }

    /// What a shell needs to run `plimsoll`, and git, the same way everywhere. Programs in the sandbox's `bin` come
    /// first.
    #[cfg(unix)]
    pub(crate) fn environment(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        let program = Path::new(env!("CARGO_BIN_EXE_plimsoll")).parent().unwrap().to_owned();
        #[expect(clippy::disallowed_methods, reason = "programs are found where the tests find them")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = [self.path().join("bin"), program].into_iter().chain(std::env::split_paths(&path));
        vec![
            ("PATH", std::env::join_paths(path).unwrap()),
            ("HOME", self.path().into()),
            ("XDG_STATE_HOME", self.path().join(".local/state").into()),
            ("XDG_CACHE_HOME", self.path().join(".cache").into()),
            ("XDG_CONFIG_HOME", self.path().join(".config").into()),
            ("NO_COLOR", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_CONFIG_SYSTEM", "/dev/null".into()),
            ("GIT_AUTHOR_NAME", "A".into()),
            ("GIT_AUTHOR_EMAIL", "a@example.com".into()),
            ("GIT_COMMITTER_NAME", "A".into()),
            ("GIT_COMMITTER_EMAIL", "a@example.com".into()),
        ]
    }

    /// A Tera chart of one template, which also reads the values that the tests set.
    pub(crate) fn chart(&self, name: &str, template: &str) {
        let own = name.rsplit('/').next().unwrap();
        let metadata = format!("apiVersion: v2\nname: {own}\nversion: 1.0.0\nengine: tera\n");
        self.write(&format!("{name}/Chart.yaml"), &metadata);
        self.write(&format!("{name}/values.yaml"), "name: x\ntext: x\n");
        self.write(&format!("{name}/templates/cm.yaml"), template);
    }

    #[cfg(unix)]
    pub(crate) fn link(&self, target: &str, path: &str) {
        std::os::unix::fs::symlink(target, self.path().join(path)).unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn script(&self, name: &str, body: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(self.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A `.tgz` whose entries have exactly these names, however wicked.
    pub(crate) fn archive(&self, name: &str, entries: &[(&str, &[u8])]) {
        fs::write(self.path().join(name), tgz(entries)).unwrap();
    }

    pub(crate) fn archive_link(&self, name: &str, entries: &[(&str, &[u8])], link: &str, target: &str) {
        let file = fs::File::create(self.path().join(name)).unwrap();
        let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        append(&mut tar, entries);
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, link, target).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(args, &[], "")
    }

    pub(crate) fn run_with(&self, args: &[&str], env: &[(&str, &str)], stdin: &str) -> Outcome {
        self.run_below("", args, env, stdin)
    }

    /// Runs the command in a directory of the sandbox.
    pub(crate) fn run_in(&self, directory: &str, args: &[&str]) -> Outcome {
        self.run_below(directory, args, &[], "")
    }

    fn run_below(&self, directory: &str, args: &[&str], env: &[(&str, &str)], stdin: &str) -> Outcome {
        let binary = env!("CARGO_BIN_EXE_plimsoll");
        let command = if cfg!(unix) {
            // Whatever the input, memory is bounded.
            let limited = r#"ulimit -v 4000000; exec "$0" "$@""#;
            snapbox::cmd::Command::new("sh").args(["-c", limited, binary])
        } else {
            snapbox::cmd::Command::new(binary)
        };
        let mut command = command
            .args(args)
            .current_dir(self.path().join(directory))
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .env("HELM_CONFIG_HOME", self.path().join("helm"))
            .env("DOCKER_CONFIG", self.path().join("docker"))
            .env_remove("PLIMSOLL_CACHE")
            .env_remove("HELM_REPOSITORY_CONFIG")
            .env_remove("HELM_REGISTRY_CONFIG")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR")
            .env_remove("CLICOLOR_FORCE")
            .stdin(stdin)
            .timeout(Duration::from_secs(120));
        for (name, value) in env {
            command = command.env(name, value);
        }
        let output = command.output().unwrap();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Refused as promised: exit code 2, an empty stdout, and everything the user must be told on stderr.
    pub(crate) fn refused(&self, args: &[&str], told: &[&str]) {
        let Outcome { code, stdout, stderr } = self.run(args);
        let shown: Vec<String> = args.iter().map(|arg| arg.chars().take(60).collect()).collect();
        assert_eq!((code, stdout.as_str()), (2, ""), "{shown:?}: {stderr}");
        assert!(stderr.contains("error: ") || stderr.contains("error["), "{shown:?}: {stderr}");
        assert!(stderr.len() < 8000, "{shown:?}: {} bytes of message", stderr.len());
        for word in told {
            assert!(stderr.contains(word), "{shown:?} does not name `{word}`: {stderr}");
        }
    }
}

/// A gzipped tar whose entries have exactly these names.
pub(crate) fn tgz(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    append(&mut tar, entries);
    tar.into_inner().unwrap().finish().unwrap()
}

/// The names are written into the headers as they are: the `tar` crate's own methods refuse wicked ones.
fn append(tar: &mut tar::Builder<impl Write>, entries: &[(&str, &[u8])]) {
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
}
