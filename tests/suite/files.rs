//! Files on disk: written completely or not at all, and files of one render together.

use crate::support::Sandbox;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The files below a directory, including hidden ones, with their texts. Links have their target instead.
fn tree(root: &Path) -> BTreeMap<String, String> {
    let files = walkdir::WalkDir::new(root).into_iter().flatten().filter(|entry| !entry.file_type().is_dir());
    let text = |path: &Path| match fs::read_link(path) {
        Ok(target) => format!("-> {}", target.display()),
        Err(_) => fs::read_to_string(path).unwrap(),
    };
    let path = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    files.map(|entry| (path(entry.path()), text(entry.path()))).collect()
}

/// The names in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Sandbox {
    /// A chart with this many templates, each of which prints one value.
    fn chart_of(&self, templates: usize) {
        self.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: tera\n");
        self.write("web/values.yaml", "v: 0\n");
        for index in 0..templates {
            let directory = if index % 3 == 0 { "nested/" } else { "" };
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{index}\ndata:\n  v: {{{{ values.v | str }}}}\n"
            );
            self.write(&format!("web/templates/{directory}c{index}.yaml"), &text);
        }
    }

    /// Renders into a directory with this value and returns the files in it.
    fn render_into(&self, out: &str, value: &str, more: &[&str]) -> BTreeMap<String, String> {
        let set = format!("v={value}");
        let outcome =
            self.run(&[&["render", "shop", "web", "--output-dir", out, "--set", &set], more].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        tree(&self.path().join(out))
    }

    fn spawn(&self, args: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(args).current_dir(self.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Runs a shell script.
    fn shell(&self, script: &str) -> Output {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.path()).envs(self.environment());
        command.output().unwrap()
    }

    /// Runs a shell script as root, in a mount namespace of its own.
    fn shell_with_mounts(&self, script: &str) -> String {
        let mut command = Command::new("sh");
        let become_root = "[ $(id -u) -eq 0 ] && exec unshare --mount sh -ec \"$1\"; exec sudo -n -E PATH=\"$PATH\" unshare --mount sh -ec \"$1\"";
        command.args(["-c", become_root, "sh", script]).current_dir(self.path()).envs(self.environment());
        let output = command.output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
        stdout
    }
}

#[test]
fn what_is_no_longer_rendered_is_named_and_pruned() {
    // By exchanging the directory of the chart, and, beside a foreign file, with a journal.
    for foreign in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.chart_of(4);
        sandbox.render_into("out", "1", &[]);
        if foreign {
            sandbox.write("out/web/README.md", "ours");
        }
        // Outside the directory of the chart.
        sandbox.write("out/kustomization.yaml", "resources: []\n");
        fs::remove_file(sandbox.path().join("web/templates/nested/c3.yaml")).unwrap();
        fs::remove_file(sandbox.path().join("web/templates/nested/c0.yaml")).unwrap();
        let render = ["render", "shop", "web", "--output-dir", "out", "--set", "v=2"];
        let outcome = sandbox.run(&render);
        assert_eq!(
            outcome.stderr,
            "note: 2 manifests of an earlier render are not part of this one; use --prune to remove them:\n  \
             out/web/templates/nested/c0.yaml\n  out/web/templates/nested/c3.yaml\n"
        );
        assert!(sandbox.read("out/web/templates/nested/c3.yaml").contains("v: \"1\""));
        // With --show-only, manifests that are not shown are not stale.
        let shown = sandbox.run(&[&render[..], &["-s", "templates/c1.yaml"]].concat());
        assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
        sandbox.refused(&[&render[..], &["-s", "templates/c1.yaml", "--prune"]].concat(), &["--prune"]);
        let pruned = sandbox.run(&[&render[..], &["--prune"]].concat());
        assert_eq!((pruned.code, pruned.stderr.as_str()), (0, ""));
        assert_eq!(
            pruned.stdout,
            "wrote out/web/templates/c1.yaml\nwrote out/web/templates/c2.yaml\n\
             removed out/web/templates/nested/c0.yaml\nremoved out/web/templates/nested/c3.yaml\n"
        );
        let mut left = vec!["kustomization.yaml", "web/templates/c1.yaml", "web/templates/c2.yaml"];
        left.extend(foreign.then_some("web/README.md"));
        left.sort_unstable();
        assert_eq!(tree(&sandbox.path().join("out")).into_keys().collect::<Vec<_>>(), left);
        assert!(!sandbox.path().join("out/web/templates/nested").exists());
        assert_eq!(names(sandbox.path()), ["out", "web"]);
    }
}

#[test]
fn a_chart_that_renders_nothing_leaves_no_directory() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(0);
    assert_eq!(sandbox.render_into("out", "1", &[]), BTreeMap::new());
    assert_eq!(names(&sandbox.path().join("out")), [""; 0]);
}

#[test]
fn what_helm_wrote_is_stale_too_and_what_others_wrote_is_not() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(1);
    sandbox.write("out/shop/web/templates/gone.yaml", "---\n# Source: web/templates/gone.yaml\nkind: A\n");
    sandbox.write("out/shop/web/templates/copy.yaml", "---\n# Source: web/templates/other.yaml\nkind: A\n");
    sandbox.write("out/web/templates/beside.yaml", "---\n# Source: web/templates/beside.yaml\nkind: A\n");
    sandbox.write("out/shop/web/patch.yaml", "kind: B\n");
    sandbox.link("patch.yaml", "out/shop/web/link.yaml");
    let left = sandbox.render_into("out", "1", &["--release-name", "--prune"]);
    assert_eq!(
        left.into_keys().collect::<Vec<_>>(),
        [
            "shop/web/link.yaml",
            "shop/web/patch.yaml",
            "shop/web/templates/copy.yaml",
            "shop/web/templates/nested/c0.yaml",
            "web/templates/beside.yaml"
        ]
    );
}

/// Only the directory of the chart is exchanged. The output directory may be a shell's working directory or mounted in a
/// container.
#[test]
fn the_output_directory_itself_stays() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(3);
    fs::create_dir(sandbox.path().join("real")).unwrap();
    sandbox.link("real", "out");
    let identity = |path: &str| fs::metadata(sandbox.path().join(path)).unwrap().ino();
    sandbox.render_into("out", "1", &[]);
    let (out, chart) = (identity("real"), identity("real/web"));
    sandbox.render_into("out", "2", &[]);
    assert_eq!(identity("real"), out);
    assert_ne!(identity("real/web"), chart);
    assert!(fs::symlink_metadata(sandbox.path().join("out")).unwrap().is_symlink());
    assert_eq!(names(sandbox.path()), ["out", "real", "web"]);
    // Also if it is the working directory.
    let inside = sandbox.shell(
        "cd real && plimsoll render shop ../web --output-dir . --set v=3 && cat web/templates/c1.yaml",
    );
    assert!(String::from_utf8_lossy(&inside.stdout).contains("v: \"3\""), "{inside:?}");
    // A link to a directory inside is followed and kept.
    fs::rename(sandbox.path().join("real/web"), sandbox.path().join("real/moved")).unwrap();
    sandbox.link("moved", "real/web");
    sandbox.render_into("out", "4", &[]);
    assert_eq!(fs::read_link(sandbox.path().join("real/web")).unwrap(), Path::new("moved"));
    assert!(sandbox.read("real/moved/templates/c1.yaml").contains("v: \"4\""));
}

#[test]
fn the_next_run_completes_or_undoes_what_was_interrupted() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(2);
    let before = sandbox.render_into("out", "1", &[]);
    let broken = || {
        // A run that fails before it writes anything.
        sandbox.refused(&["render", "shop", "web", "--output-dir", "out", "--set", "name={"], &["--set"]);
    };
    // Killed while staging: everything is removed.
    sandbox.write(
        "out/.plimsoll-abcdef.begun",
        r#"{"directories":["web/new"],"files":[["web/new/.plimsoll-abcdef-0","web/new/x.yaml"]],"removed":[]}"#,
    );
    sandbox.write("out/web/new/.plimsoll-abcdef-0", "half");
    sandbox.write("out/.plimsoll-torn00.begun", "{\"direc");
    sandbox.write(".plimsoll-out-abcdef/chart/templates/c1.yaml", "half");
    sandbox.write(".plimsoll-out-of-it/keep", "not of plimsoll");
    broken();
    assert_eq!(tree(&sandbox.path().join("out")), before);
    assert!(!sandbox.path().join("out/web/new").exists());
    assert_eq!(names(sandbox.path()), [".plimsoll-out-of-it", "out", "web"]);
    // Killed while renaming: the rest is done.
    sandbox.write(
        "out/.plimsoll-abcdef.committed",
        r#"{"directories":[],"files":[["web/.plimsoll-abcdef-0","web/templates/c1.yaml"],["web/.plimsoll-abcdef-1","web/new.yaml"]],"removed":["web/templates/nested/c0.yaml","web/none"]}"#,
    );
    sandbox.write("out/web/.plimsoll-abcdef-0", "new");
    sandbox.write("out/web/new.yaml", "renamed before");
    broken();
    let after: Vec<_> = tree(&sandbox.path().join("out")).into_iter().collect();
    let expected = [("web/new.yaml", "renamed before"), ("web/templates/c1.yaml", "new")];
    assert_eq!(after, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
}

/// A repository may contain a forged journal.
#[test]
fn a_journal_does_not_lead_out_of_the_directory() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(1);
    sandbox.write("precious", "text");
    sandbox.link("..", "out-link");
    fs::create_dir(sandbox.path().join("out")).unwrap();
    sandbox.link("..", "out/up");
    for (index, path) in ["../precious", "up/precious", "/etc/hostname"].into_iter().enumerate() {
        for end in ["begun", "committed"] {
            sandbox.write(
                &format!("out/.plimsoll-{index}.{end}"),
                &format!(r#"{{"directories":[],"files":[["{path}","web/x"],["web/y","{path}"]],"removed":["{path}"]}}"#),
            );
        }
    }
    sandbox.render_into("out", "1", &[]);
    assert_eq!(sandbox.read("precious"), "text");
    assert_eq!(names(&sandbox.path().join("out")), ["up", "web"]);
}

#[test]
fn runs_at_the_same_time_leave_the_files_of_one() {
    for foreign in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.chart_of(6);
        if foreign {
            sandbox.write("out/web/README.md", "ours");
        }
        let values: Vec<String> = (1..=6).map(|value| format!("v={value}")).collect();
        let runs: Vec<Child> = values
            .iter()
            .map(|set| sandbox.spawn(&["render", "shop", "web", "--output-dir", "out", "--set", set]))
            .collect();
        for mut run in runs {
            assert!(run.wait().unwrap().success());
        }
        let found = tree(&sandbox.path().join("out"));
        let written: Vec<_> = found.values().filter_map(|text| text.split_once("v: ")).collect();
        assert!(written.len() == 6 && written.iter().all(|(_, value)| *value == written[0].1), "{found:?}");
        assert_eq!(found.len(), 6 + usize::from(foreign));
        assert_eq!(names(sandbox.path()), ["out", "web"]);
    }
}

/// Kills `PLIMSOLL_KILLS` runs, each at a random moment.
#[test]
#[ignore = "takes half a minute"]
fn killed_runs_leave_the_old_files_or_the_new_ones() {
    #[expect(clippy::disallowed_methods, reason = "the environment says how often")]
    let kills = std::env::var("PLIMSOLL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(60_u32);
    let sandbox = Sandbox::new();
    sandbox.chart_of(60);
    let (mut interrupted, mut new, mut mixed) = (0, 0, 0);
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    for foreign in [false, true] {
        if foreign {
            sandbox.write("out/web/README.md", "ours");
        }
        let begun = Instant::now();
        sandbox.render_into("out", "0", &[]);
        let whole = u64::try_from(begun.elapsed().as_micros()).unwrap();
        let [one, two] = ["1", "2"].map(|value| sandbox.render_into("out", value, &[]));
        let mut old = &two;
        for kill in 0..kills / 2 {
            let (value, other) = if kill % 2 == 0 { ("v=1", &one) } else { ("v=2", &two) };
            let mut run = sandbox.spawn(&["render", "shop", "web", "--output-dir", "out", "--set", value]);
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            std::thread::sleep(Duration::from_micros((random >> 33) % (whole + whole / 4)));
            run.kill().unwrap();
            interrupted += u32::from(!run.wait().unwrap().success());
            let found = tree(&sandbox.path().join("out"));
            mixed += u32::from(found != *old && found != *other);
            // The next run fails before it writes anything of its own.
            let next = ["render", "shop", "web", "--output-dir", "out", "--set", "name={"];
            assert_eq!(sandbox.run(&next).code, 2);
            let found = tree(&sandbox.path().join("out"));
            assert!(found == *old || found == *other, "kill {kill}: {:?}", found.keys());
            assert_eq!(names(sandbox.path()), ["out", "web"], "kill {kill}");
            assert!(foreign || mixed == 0, "the directory of the chart is exchanged in one step");
            new += u32::from(found == *other);
            old = if found == *other { other } else { old };
        }
    }
    println!(
        "{kills} runs: {interrupted} were killed, {new} had done it, {mixed} were completed by the next run"
    );
    assert!(interrupted > kills / 4 && new > 0, "{interrupted} of {kills}: the moments are chosen badly");
}

#[test]
fn a_baseline_is_replaced_as_a_whole_and_links_are_followed() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(1);
    sandbox.write("shared/baseline.json", "old");
    sandbox.link("shared/baseline.json", "baseline.json");
    sandbox.write("shared/.plimsoll-baseline.json-abcdef", "left by a killed run");
    sandbox.write("shared/.plimsoll-other.json-abcdef", "of another file");
    let outcome = sandbox.run(&["lint", "web", "--baseline", "baseline.json", "--write-baseline"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(sandbox.read("shared/baseline.json").contains("\"version\""));
    assert!(fs::symlink_metadata(sandbox.path().join("baseline.json")).unwrap().is_symlink());
    assert_eq!(names(&sandbox.path().join("shared")), [".plimsoll-other.json-abcdef", "baseline.json"]);
    sandbox.refused(
        &["lint", "web", "--baseline", "none/b.json", "--write-baseline"],
        &["cannot write `none/b.json`"],
    );
}

/// A file that only its owner may read stays so while it is replaced, also under its temporary name.
#[test]
fn others_cannot_read_what_replaces_a_private_file() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    // Cannot be compressed, and takes a moment to be written.
    sandbox.shell("for file in 1 2 3 4; do head -c 5000000 /dev/urandom > app/$file; done");
    sandbox.write("dist/app-1.0.0.tgz", "old");
    let path = sandbox.path().join("dist/app-1.0.0.tgz");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let is_exposed = |entry: &fs::DirEntry| {
        let found = entry.metadata();
        found.is_ok_and(|found| found.len() > 0 && found.mode() & 0o077 != 0)
    };
    let mut run = sandbox.spawn(&["package", "app", "-d", "dist"]);
    let mut exposed = BTreeSet::new();
    while run.try_wait().unwrap().is_none() {
        let entries = fs::read_dir(sandbox.path().join("dist")).unwrap().flatten();
        exposed.extend(entries.filter(is_exposed).map(|entry| entry.file_name()));
    }
    assert!(run.wait().unwrap().success());
    assert_eq!(exposed, BTreeSet::new());
    assert!(path.metadata().unwrap().len() > 20_000_000);
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn files_larger_than_the_limit_of_the_process_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(2);
    let text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: large\ndata:\n  v: {{ values.v | str }}\n  k: ";
    sandbox.write("web/templates/large.yaml", &format!("{text}{}\n", "x".repeat(5000)));
    let old = sandbox.render_into("out", "1", &[]);
    let limited = sandbox.shell("ulimit -f 4; plimsoll render shop web --output-dir out --set v=2");
    let stderr = String::from_utf8_lossy(&limited.stderr);
    assert_eq!((limited.status.code(), limited.stdout.len()), (Some(2), 0), "{stderr}");
    assert!(stderr.contains("cannot write `out/web/templates/large.yaml`: file too large"), "{stderr}");
    assert_eq!(tree(&sandbox.path().join("out")), old);
    assert_eq!(names(sandbox.path()), ["out", "web"]);
    // Not even what says what is going to happen can be written.
    for command in ["create new", "docs web --write", "package web", "render shop web --output-dir out2"] {
        let before = tree(sandbox.path());
        let limited = sandbox.shell(&format!("ulimit -f 0; plimsoll {command}"));
        let stderr = String::from_utf8_lossy(&limited.stderr);
        assert_eq!(limited.status.code(), Some(2), "{command}: {stderr}");
        assert!(stderr.contains("file too large"), "{command}: {stderr}");
        assert_eq!(tree(sandbox.path()), before, "{command}");
        assert_eq!(names(sandbox.path()), ["out", "web"], "{command}");
    }
}

#[test]
fn a_new_chart_that_was_not_completed_is_undone() {
    let sandbox = Sandbox::new();
    let journal =
        r#"{"directories":["templates"],"files":[[".plimsoll-00000001-0","Chart.yaml"]],"removed":[]}"#;
    sandbox.write("new/.plimsoll-00000001.begun", journal);
    sandbox.write("new/.plimsoll-00000001-0", "name: half\n");
    fs::create_dir(sandbox.path().join("new/templates")).unwrap();
    assert_eq!(sandbox.run(&["create", "new"]).code, 0);
    assert!(!names(&sandbox.path().join("new")).iter().any(|name| name.starts_with(".plimsoll")));
    // Another directory stays as it is.
    sandbox.write("other/.plimsoll-00000001.begun", journal);
    sandbox.write("other/own", "mine\n");
    sandbox.refused(&["create", "other"], &["already exists"]);
    assert_eq!(names(&sandbox.path().join("other")), ["own"]);
    fs::create_dir(sandbox.path().join("empty")).unwrap();
    sandbox.refused(&["create", "empty"], &["already exists"]);
}

/// A run that has nothing to change removes what an interrupted one has left.
#[test]
fn nothing_is_left_beside_files_that_are_current() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(1);
    for (command, file) in [("docs", "README.md"), ("schema", "values.schema.json")] {
        assert_eq!(sandbox.run(&[command, "web", "--write"]).code, 0);
        sandbox.write(&format!("web/.plimsoll-{file}-aB3xY9"), "half");
        assert_eq!(sandbox.run(&[command, "web", "--write"]).code, 0);
    }
    let left = names(&sandbox.path().join("web"));
    assert!(!left.iter().any(|name| name.starts_with(".plimsoll")), "{left:?}");
}

#[test]
fn results_that_cannot_be_written_are_failures() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(1);
    for command in [
        "--help",
        "--version",
        "render --help",
        "help lint",
        "completions bash",
        "man",
        "render shop web",
        "lint web",
        "lint web --format sarif",
        "lint --explain",
        "preview shop web",
        "values web",
    ] {
        let full = sandbox.shell(&format!("plimsoll {command} > /dev/full"));
        let stderr = String::from_utf8_lossy(&full.stderr);
        assert_eq!(full.status.code(), Some(2), "{command}: {stderr}");
        assert!(stderr.contains("error: cannot write to stdout: No space left"), "{command}: {stderr}");
        // A closed pipe is not an error and prints nothing.
        let left = sandbox.shell(&format!("{{ plimsoll {command}; echo $? >&2; }} | true"));
        let stderr = String::from_utf8_lossy(&left.stderr);
        assert!(matches!(stderr.as_ref(), "0\n" | "1\n"), "{command}: {stderr}");
    }
    let completing = sandbox.shell("PLIMSOLL_COMPLETE=fish plimsoll -- plimsoll ren > /dev/full");
    assert_eq!(completing.status.code(), Some(2));
    // Errors that cannot be printed are still errors.
    assert_eq!(sandbox.shell("plimsoll render --wrong 2> /dev/full").status.code(), Some(2));
    assert_eq!(sandbox.shell("plimsoll render shop web 2>&- | grep -c ConfigMap").stdout, b"1\n");
}

/// The output directory is a full file system, or a directory on one.
#[test]
#[ignore = "mounts file systems: needs root, or sudo"]
fn a_full_file_system_leaves_the_old_files() {
    for out in ["full", "full/out"] {
        let sandbox = Sandbox::new();
        sandbox.chart_of(10);
        fs::create_dir(sandbox.path().join("full")).unwrap();
        let stdout = sandbox.shell_with_mounts(&format!(
            "mount -t tmpfs -o size=64k none full
             plimsoll render shop web --output-dir {out} --set v=1 > /dev/null
             find full -type f | sort > before; find full -type f | sort | xargs cat >> before
             dd if=/dev/zero of=full/filler bs=4k 2> /dev/null || rm -f none
             code=0; plimsoll render shop web --output-dir {out} --set v=2 2> said || code=$?
             plimsoll lint web --baseline full/b.json --write-baseline 2>> said && exit 9
             rm full/filler
             find full -type f | sort > after; find full -type f | sort | xargs cat >> after
             echo code $code; cat said; ls -A full; diff before after && echo same"
        ));
        assert!(stdout.starts_with("code 2\n"), "{stdout}");
        assert!(stdout.contains("error: cannot write "), "{stdout}");
        assert!(stdout.contains("No space left on device"), "{stdout}");
        assert!(stdout.contains("cannot write `full/b.json`"), "{stdout}");
        assert!(stdout.ends_with("same\n") && !stdout.contains(".plimsoll"), "{stdout}");
    }
}

#[test]
#[ignore = "mounts file systems: needs root, or sudo"]
fn directories_that_cannot_be_renamed_are_written_to_in_place() {
    let sandbox = Sandbox::new();
    sandbox.chart_of(5);
    for path in ["mount", "out/web/templates/nested", "read-only"] {
        fs::create_dir_all(sandbox.path().join(path)).unwrap();
    }
    // The output directory is a mount point, or a directory of the chart is; another one is read-only.
    let stdout = sandbox.shell_with_mounts(
        "mount -t tmpfs none mount; mount -t tmpfs none out/web/templates/nested
         for v in 1 2; do for dir in mount out; do plimsoll render shop web --output-dir $dir --set v=$v; done; done
         grep -c 'v: \"2\"' $(find mount out -type f)
         mountpoint out/web/templates/nested; ls -A . mount out
         mount -t tmpfs -o ro none read-only
         plimsoll render shop web --output-dir read-only 2>&1 && exit 9
         plimsoll render shop web --output-dir read-only/below 2>&1 && exit 9
         ls -A read-only",
    );
    assert_eq!(stdout.matches(".yaml:1\n").count(), 10, "{stdout}");
    assert!(stdout.contains("out/web/templates/nested is a mountpoint"), "{stdout}");
    assert!(!stdout.contains(".plimsoll"), "{stdout}");
    assert!(stdout.contains("error: cannot write to `read-only`: Read-only file system"), "{stdout}");
    assert!(
        stdout.ends_with(
            "error: cannot create the directory `read-only/below`: Read-only file system (os error 30)\n"
        ),
        "{stdout}"
    );
}
