//! How plimsoll is released and installed: what several files must say alike.

use crate::support::{ROOT, Sandbox, tool};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn toml(path: &str) -> Json {
    toml::from_str(&read(path)).unwrap()
}

/// The names of the archives of a release, by target, as `dist plan` prints them.
fn archives() -> BTreeMap<String, String> {
    let dist = toml("dist-workspace.toml");
    let unix = dist["dist"]["unix-archive"].as_str().unwrap();
    let targets = dist["dist"]["targets"].as_array().unwrap().iter().map(|target| target.as_str().unwrap());
    targets
        .map(|target| {
            let suffix = if target.contains("windows") { ".zip" } else { unix };
            (target.to_owned(), format!("plimsoll-{target}{suffix}"))
        })
        .collect()
}

fn repository() -> String {
    toml("Cargo.toml")["workspace"]["package"]["repository"].as_str().unwrap().to_owned()
}

fn run(program: &str, args: &[&Path]) -> Output {
    Command::new(Path::new(ROOT).join(program)).args(args).output().unwrap()
}

#[test]
fn a_release_has_static_binaries_for_both_linux_architectures_macos_and_windows() {
    let targets: Vec<String> = archives().into_keys().collect();
    assert_eq!(
        targets,
        [
            "aarch64-apple-darwin",
            "aarch64-unknown-linux-musl",
            "x86_64-apple-darwin",
            "x86_64-pc-windows-msvc",
            "x86_64-unknown-linux-musl"
        ]
    );
    let checked = toml("deny.toml")["graph"]["targets"].clone();
    for target in targets {
        assert!(
            checked.as_array().unwrap().contains(&target.as_str().into()),
            "{target} is not in deny.toml"
        );
    }
}

#[test]
fn cargo_binstall_finds_the_archives() {
    let package = toml("Cargo.toml")["package"].clone();
    let binstall = &package["metadata"]["binstall"];
    for (target, archive) in archives() {
        let setting = |name: &str| {
            let own = &binstall["overrides"][&target][name];
            let text = own.as_str().or(binstall[name].as_str()).unwrap();
            let text = text.replace("{ repo }", &repository()).replace("{ version }", "1.2.3");
            text.replace("{ name }", "plimsoll").replace("{ target }", &target).replace("{ bin }", "plimsoll")
        };
        assert_eq!(setting("pkg-url"), format!("{}/releases/download/v1.2.3/{archive}", repository()));
        let (format, binary) = match archive.strip_suffix(".tar.gz") {
            Some(root) => ("tgz", format!("{root}/plimsoll")),
            // Only tar archives have a directory of their own.
            None => ("zip", "plimsoll.exe".to_owned()),
        };
        assert_eq!((setting("pkg-fmt").as_str(), setting("bin-dir")), (format, binary));
    }
}

#[test]
fn the_actions_know_the_archives() {
    let script = read("packaging/action/install");
    let named = |archive: &String| script.contains(&format!("archive={archive} "));
    assert!(archives().values().all(named));
    assert_eq!(script.matches(") archive=plimsoll-").count(), archives().len());
}

#[test]
fn the_krew_manifest_has_every_archive_with_its_checksum() {
    let sandbox = Sandbox::new();
    let sum = |number: usize| format!("{number:064x}");
    for (number, archive) in archives().values().enumerate() {
        sandbox.write(&format!("{archive}.sha256"), &format!("{} *{archive}\n", sum(number)));
    }
    let render = || run("packaging/krew/render", &[Path::new("v1.2.3"), sandbox.path()]);
    let output = render();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let manifest: Json = serde_yaml::from_slice(&output.stdout).unwrap();
    assert_eq!(manifest["spec"]["version"], "v1.2.3");
    // The guidelines of krew ask for no more.
    assert!(manifest["spec"]["shortDescription"].as_str().unwrap().len() <= 50);
    let platforms = manifest["spec"]["platforms"].as_array().unwrap();
    let mut found = BTreeSet::new();
    for platform in platforms {
        let labels = &platform["selector"]["matchLabels"];
        let system = match labels["os"].as_str().unwrap() {
            "darwin" => "apple-darwin",
            "linux" => "unknown-linux-musl",
            "windows" => "pc-windows-msvc",
            other => panic!("{other}"),
        };
        let machine = if labels["arch"] == "arm64" { "aarch64" } else { "x86_64" };
        let archive = &archives()[&format!("{machine}-{system}")];
        let number = archives().values().position(|other| other == archive).unwrap();
        assert_eq!(platform["uri"], format!("{}/releases/download/v1.2.3/{archive}", repository()));
        assert_eq!(platform["sha256"], sum(number));
        let root = archive.strip_suffix(".tar.gz").map(|root| format!("{root}/")).unwrap_or_default();
        let binary = platform["bin"].as_str().unwrap();
        assert_eq!(platform["files"][0]["from"], format!("{root}{binary}"));
        assert_eq!(platform["files"][1]["from"], format!("{root}LICENSE-*"));
        found.insert(archive.clone());
    }
    assert_eq!(found, archives().into_values().collect());

    // Without a checksum there is no manifest.
    sandbox.write("plimsoll-x86_64-apple-darwin.tar.gz.sha256", "not found\n");
    assert!(!render().status.success());
}

#[test]
fn the_container_image_has_the_static_binaries_of_both_architectures() {
    let sandbox = Sandbox::new();
    for machine in ["x86_64", "aarch64"] {
        let name = format!("plimsoll-{machine}-unknown-linux-musl");
        assert!(archives().values().any(|archive| *archive == format!("{name}.tar.gz")));
        let archive = format!("archives/{name}.tar.gz");
        sandbox.write(&archive, "");
        sandbox.archive(
            &archive,
            &[(&format!("{name}/plimsoll"), machine.as_bytes()), (&format!("{name}/x"), b"")],
        );
        let sums = Command::new("sha256sum")
            .args(["--binary", &format!("{name}.tar.gz")])
            .current_dir(sandbox.path().join("archives"))
            .output()
            .unwrap();
        sandbox.write(&format!("{archive}.sha256"), &String::from_utf8(sums.stdout).unwrap());
    }
    let context = || {
        run("packaging/container/context", &[&sandbox.path().join("archives"), &sandbox.path().join("image")])
    };
    let output = context();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(sandbox.read("image/linux/amd64/plimsoll"), "x86_64");
    assert_eq!(sandbox.read("image/linux/arm64/plimsoll"), "aarch64");

    sandbox.write_bytes("archives/plimsoll-aarch64-unknown-linux-musl.tar.gz", b"another");
    assert!(!context().status.success());

    let dockerfile = read("packaging/container/Dockerfile");
    assert!(dockerfile.contains("\nFROM scratch\n") && dockerfile.contains("${TARGETPLATFORM}/plimsoll"));
}

/// kubectl finds plugins by their names on the PATH, and krew installs them so.
#[test]
#[ignore = "needs kubectl"]
fn kubectl_runs_it_as_a_plugin() {
    let sandbox = Sandbox::new();
    sandbox.write("bin/.keep", "");
    sandbox.link(env!("CARGO_BIN_EXE_plimsoll"), "bin/kubectl-plimsoll");
    sandbox.chart("web", "{{ values.text }}: x");
    let kubectl = |args: &[&str]| {
        let mut command = Command::new(tool("PLIMSOLL_KUBECTL"));
        let output = command
            .arg("plimsoll")
            .args(args)
            .current_dir(sandbox.path())
            .envs(sandbox.environment())
            .output();
        let output = output.unwrap();
        (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    assert_eq!(kubectl(&["--version"]), (0, format!("plimsoll {}\n", env!("CARGO_PKG_VERSION"))));
    let (code, printed) = kubectl(&["render", "web", "gone", "--kube-version", "1.35"]);
    assert!(code == 2 && printed.contains("gone"), "{printed}");
    let chart = format!("{ROOT}/charts/python-app");
    let (code, printed) = kubectl(&["render", "web", &chart, "--set", "replicaCount=2"]);
    assert!(code == 0 && printed.contains("kind: StatefulSet"), "{printed}");
}

/// The files that git tracks.
fn tracked() -> Vec<String> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(ROOT).output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    let names: Vec<String> =
        names.split('\0').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
    assert!(!names.is_empty(), "not a git repository");
    names
}

#[test]
fn one_repository_is_named_everywhere() {
    let url = repository();
    let path = url.strip_prefix("https://github.com/").unwrap();
    let named = regex::Regex::new(r"(?:github\.com/|uses: |ghcr\.io/)([\w.-]+/plimsoll)\b").unwrap();
    let mut mentions = 0;
    for file in tracked() {
        let Ok(text) = std::fs::read_to_string(Path::new(ROOT).join(&file)) else { continue };
        for found in named.captures_iter(&text) {
            assert_eq!(&found[1], path, "{file}: {}", &found[0]);
            mentions += 1;
        }
        if file.ends_with("Cargo.toml") && file.starts_with("crates/") {
            let package = toml(&file)["package"].clone();
            for key in ["repository", "version", "license", "edition", "rust-version"] {
                assert_eq!(package[key]["workspace"], true, "{file}: {key}");
            }
            assert!(package["description"].is_string() && package["readme"].is_string(), "{file}");
        }
    }
    assert!(mentions > 5);
}

#[test]
fn actions_are_pinned_to_commits() {
    let uses = regex::Regex::new(r"(?m)^\s*(?:- )?uses: (\S+?)@(\S+)(.*)$").unwrap();
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in tracked().iter().filter(|file| file.starts_with(".github/")) {
        for found in uses.captures_iter(&read(file)) {
            let is_commit = found[2].len() == 40 && found[2].chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit, "{file}: {}", &found[0]);
            pins.entry(found[1].to_owned()).or_default().insert(found[2].to_owned());
        }
    }
    // One version of each, that of dist where dist uses it.
    for (action, commits) in toml("dist-workspace.toml")["dist"]["github-action-commits"].as_object().unwrap()
    {
        pins.entry(action.clone()).or_default().insert(commits.as_str().unwrap().to_owned());
    }
    for (action, commits) in pins {
        assert_eq!(commits.len(), 1, "{action}: {commits:?}");
    }
}

#[test]
fn the_release_workflow_is_that_of_the_configuration() {
    let dist = toml("dist-workspace.toml")["dist"].clone();
    let workflow = read(".github/workflows/release.yml");
    let version = dist["cargo-dist-version"].as_str().unwrap();
    assert!(workflow.contains(&format!("/releases/download/v{version}/cargo-dist-installer.sh")));
    assert!(read(".ci/tools.txt").contains(&format!("cargo-dist=={version}")));
    let jobs =
        dist["publish-jobs"].as_array().unwrap().iter().filter_map(|job| job.as_str()?.strip_prefix("./"));
    for job in jobs {
        assert!(workflow.contains(&format!("uses: ./.github/workflows/{job}.yml")), "{job}");
        assert!(read(&format!(".github/workflows/{job}.yml")).contains("workflow_call:"), "{job}");
    }
}

/// The examples give the actions and the hooks what those have.
#[test]
fn the_examples_for_ci_use_what_exists() {
    let yaml = |path: &str| -> Json { serde_yaml::from_str(&read(path)).unwrap() };
    let mut used = BTreeSet::new();
    for job in yaml("examples/ci/github.yaml")["jobs"].as_object().unwrap().values() {
        for step in job["steps"].as_array().unwrap() {
            let Some(name) = step["uses"].as_str().unwrap().strip_prefix("plimsoll/plimsoll") else {
                continue;
            };
            let directory = name.split('@').next().unwrap().to_owned();
            let inputs = yaml(&format!(".{directory}/action.yml"))["inputs"].clone();
            for given in step["with"].as_object().unwrap().keys() {
                assert!(inputs[given].is_object(), "{directory}: {given}");
            }
            for (input, description) in inputs.as_object().unwrap() {
                assert!(
                    description["required"] != true || step["with"][input].is_string(),
                    "{directory}: {input}"
                );
            }
            used.insert(directory);
        }
    }
    assert_eq!(used, ["", "/diff"].map(ToOwned::to_owned).into());

    let hooks = yaml(".pre-commit-hooks.yaml");
    let config = yaml("examples/ci/pre-commit-config.yaml");
    let repo = &config["repos"][0];
    assert_eq!(repo["rev"], format!("v{}", env!("CARGO_PKG_VERSION")));
    for example in repo["hooks"].as_array().unwrap() {
        assert!(hooks.as_array().unwrap().iter().any(|hook| hook["id"] == example["id"]), "{example}");
    }
}

#[test]
fn file_names_are_possible_on_windows() {
    let reserved = regex::Regex::new(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)").unwrap();
    let mut folded = BTreeSet::new();
    for file in tracked() {
        for part in file.split('/') {
            let refused = part.contains(|c: char| c.is_control() || "<>:\"|?*\\".contains(c));
            assert!(!refused && !part.ends_with(['.', ' ']) && !reserved.is_match(part), "{file}");
        }
        assert!(file.len() < 200, "{file} is too long for a checkout in a deep directory");
        assert!(folded.insert(file.to_lowercase()), "{file} differs from another file only in case");
    }
}
