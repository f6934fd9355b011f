//! Recorded renders: durable, private, never mixed.

use crate::support::objects;
use base64::Engine as _;
use plimsoll::diag::{Sources, Span};
use plimsoll::diff::{self, Options};
use plimsoll::history::{Appliable, Error, Header, History, KeyStore, Render};
use plimsoll::manifest::Object;
use plimsoll::world::{Memory, World};
use plimsoll::yaml::{self, Map, Node};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

const MANIFESTS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2-hunter2}\n";

fn record(history: &History, text: &str, message: &str) -> Result<Header, Error> {
    let mut values = Map::new();
    values.insert("level", Span::NONE, Node::bare("info"));
    values.insert("password", Span::NONE, Node::bare("hunter2-hunter2"));
    let values = Node::bare(values);
    history.record(&Render {
        chart_version: "1.2.3",
        values: Some(&values),
        message,
        world: &Memory::default()
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
            .into_world(),
        ..render(&objects(text))
    })
}

/// A world whose random numbers differ from run to run.
fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(World::system);
    &WORLD
}

/// A store of keys that lasts as long as the tests.
fn keys() -> &'static KeyStore {
    static DIRECTORY: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    static KEYS: LazyLock<KeyStore> = LazyLock::new(|| KeyStore::new(Some(DIRECTORY.path().join("keys"))));
    &KEYS
}

/// Texts without any: what is secret is then known by its text alone.
fn no_sources() -> &'static Sources {
    static SOURCES: LazyLock<Sources> = LazyLock::new(Sources::new);
    &SOURCES
}

/// Compares with recorded objects, whose keys are known.
fn compare(recorded: &[Object], new: &[Object]) -> diff::Plan {
    diff::compare(recorded, new, &Options { keys: keys().find(recorded).keys, ..Options::default() })
}

/// A render of these objects without values.
fn render(objects: &[Object]) -> Render<'_> {
    Render {
        chart: "web",
        chart_version: "1.0.0",
        values: None,
        message: "",
        sources: no_sources(),
        keys: keys(),
        world: world(),
        objects,
        hooks: &[],
        with_secrets: false,
    }
}

fn history(folder: &Path) -> History {
    History::new(folder, "default", "web").unwrap()
}

#[test]
fn a_render_comes_back_as_it_was_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let header = record(&history, MANIFESTS, "first: \"try\"\nof two lines").unwrap();
    assert_eq!((header.revision, header.objects), (1, 2));
    assert_eq!(header.time, "2001-09-09T01:46:40Z");
    let revision = history.load(None).unwrap();
    assert_eq!(revision.header, header);
    assert!(header.values.contains("level: info"));
    for secret in ["hunter2", "aHVudGVy"] {
        assert!(!revision.text.contains(secret), "{}", revision.text);
    }
    let sources = Sources::new();
    let report = revision.objects(&sources);
    assert!(!report.has_errors(), "{:?}", report.diagnostics);
    let recorded = report.output.unwrap();
    let same = compare(&recorded, &objects(MANIFESTS));
    assert!(same.is_empty(), "{}", diff::render::plan(&same, diff::render::Style::Plain));
    let other = objects(&MANIFESTS.replace("hunter2-hunter2", "another"));
    let changed = compare(&recorded, &other);
    assert_eq!(changed.summary().modified, 1);
}

#[test]
fn releases_of_one_name_in_two_namespaces_have_histories_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let of = |namespace| History::new(folder.path(), namespace, "web").unwrap();
    for (namespace, revision) in [("staging", 1), ("prod", 1), ("staging", 2)] {
        let header = record(&of(namespace), MANIFESTS, namespace).unwrap();
        assert_eq!((header.namespace.as_str(), header.revision), (namespace, revision));
    }
    assert_eq!(of("prod").load(None).unwrap().header.message, "prod");
    assert_eq!(of("staging").list().unwrap().len(), 2);
    assert_eq!(History::namespaces(folder.path(), "web").unwrap(), ["prod", "staging"]);
    let missing = of("default").load(None).unwrap_err();
    assert!(
        matches!(&missing, Error::Unknown { other_namespaces, .. } if *other_namespaces == ["prod", "staging"]),
        "{missing}"
    );
    let moved = of("prod").load(None).unwrap().path;
    std::fs::copy(&moved, folder.path().join("staging/web/000009.yaml")).unwrap();
    let error = of("staging").load(Some(9)).unwrap_err().to_string();
    assert!(error.contains("it is revision 1 of `web` in namespace `prod`, moved here"), "{error}");
}

#[test]
fn records_from_before_there_were_namespaces_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let of = |namespace| History::new(folder.path(), namespace, "web").unwrap();
    // Then one directory held the revisions of every namespace.
    let old = folder.path().join("web");
    std::fs::create_dir(&old).unwrap();
    for (namespace, number) in [("staging", 1), ("prod", 2), ("staging", 3)] {
        let history = of(namespace);
        while record(&history, MANIFESTS, "old").unwrap().revision < number {}
        std::fs::rename(history.load(Some(number)).unwrap().path, old.join(format!("{number:06}.yaml")))
            .unwrap();
        std::fs::remove_dir_all(folder.path().join(namespace)).unwrap();
    }
    let numbers = |namespace| -> Vec<u64> {
        of(namespace)
            .list()
            .unwrap()
            .iter()
            .filter(|entry| entry.header.is_ok())
            .map(|e| e.revision)
            .collect()
    };
    assert_eq!((numbers("staging"), numbers("prod")), (vec![1, 3], vec![2]));
    assert_eq!(numbers("default"), Vec::<u64>::new());
    assert_eq!(History::namespaces(folder.path(), "web").unwrap(), ["prod", "staging"]);
    assert_eq!(record(&of("prod"), MANIFESTS, "new").unwrap().revision, 3);
    assert_eq!(record(&of("staging"), MANIFESTS, "new").unwrap().revision, 4);
    assert_eq!(numbers("staging"), [1, 3, 4]);
    // A damaged file does not say where it belongs: it is listed everywhere and never deleted.
    std::fs::write(old.join("000002.yaml"), "torn").unwrap();
    for namespace in ["staging", "prod", "default"] {
        let list = of(namespace).list().unwrap();
        assert!(list.iter().any(|entry| entry.revision == 2 && entry.header.is_err()), "{namespace}");
    }
    assert_eq!(of("staging").prune(1).unwrap(), [1, 3]);
    assert!(old.join("000002.yaml").exists() && !old.join("000001.yaml").exists());
}

#[test]
fn a_render_that_is_not_committed_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let objects = objects(MANIFESTS);
    let render = render(&objects);
    drop(history.prepare(&render).unwrap());
    assert!(history.list().unwrap().is_empty());
    let names = std::fs::read_dir(folder.path().join("default/web")).unwrap().count();
    assert_eq!(names, 1, "only the lock");
    assert_eq!(history.prepare(&render).unwrap().commit().unwrap().revision, 1);
}

/// Records manifests and values of a release whose Secrets are those of `secrets`, and returns the file's text.
fn recorded(secrets: &str, others: &str, values: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources::new();
    let id = sources.add("values.yaml", values, plimsoll::diag::SourceKind::File);
    let values = yaml::read(&sources, id, &yaml::ReadOptions::strict()).output.unwrap();
    let all = objects(&format!("{secrets}---\n{others}"));
    let history = history(folder.path());
    let values = values.first().map(|document| &document.root);
    history.record(&Render { values, ..render(&all) }).unwrap();
    history.load(None).unwrap().text
}

fn secret(value: &str) -> String {
    let value = serde_json::Value::from(value);
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\nstringData: {{value: {value}}}\n")
}

fn config(value: &str) -> String {
    let value = serde_json::Value::from(value);
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, annotations: {{note: {value}}}}}\ndata: {{level: info, nested: {value}}}\n"
    )
}

#[test]
fn a_secret_is_recorded_nowhere_in_whatever_form() {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let quoted = "a \"b\" <c> & d\\e/ü=1";
    let cases: Vec<(&str, String)> = vec![
        ("hunter2-hunter2", "hunter2-hunter2".to_owned()),
        ("hunter2-hunter2", "postgres://app:hunter2-hunter2@db/app".to_owned()),
        ("hunter2-hunter2", "-phunter2-hunter2".to_owned()),
        // Short ones, between other characters than letters.
        ("pw1", "pw1".to_owned()),
        ("pw1", "--password=pw1".to_owned()),
        ("abcd", "postgres://app:abcd@db/app".to_owned()),
        // Encoded, alone and amid other text.
        ("hunter2-hunter2", encode("hunter2-hunter2")),
        ("hunter2-hunter2", format!("Basic {}", encode("app:hunter2-hunter2"))),
        ("hunter2-hunter2", format!("/run/{}", encode("hunter2-hunter2"))),
        ("hunter2-hunter2", format!(r#"{{"data":{{"value":"{}"}}}}"#, encode("hunter2-hunter2"))),
        ("hunter2-hunter2", encode(&format!(r#"{{"auth":"{}"}}"#, encode("app:hunter2-hunter2")))),
        ("p@ss/w%rd", "postgres://app:p%40ss%2Fw%25rd@db".to_owned()),
        ("with space!", "q=with+space%21".to_owned()),
        (quoted, serde_json::Value::from(quoted).to_string()),
        (quoted, serde_json::Value::from(quoted).to_string().replace('<', r"\u003c").replace('&', r"\u0026")),
        (quoted, quoted.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;")),
        ("hunter2", "68756e74657232".to_owned()),
        // Changed in case, or cut.
        ("S3cret-passw0rd", "S3CRET-PASSW0RD".to_owned()),
        ("S3cret-passw0rd", "url/s3cret-passw0rd".to_owned()),
        ("S3cret-passw0rd", "S3cret".to_owned()),
        ("S3cret-passw0rd", encode("passw0rd")),
        // Lines and parts of a value that are secret by themselves.
        ("[db]\nuser = app\npassword = correct\n", "--password correct".to_owned()),
        ("one line of text\nanother line of text\n", "header: another line of text".to_owned()),
        ("token-1234\ntoken-5678\n", "try token-5678".to_owned()),
        ("postgres://app:swordfish@db/app", "PGPASSWORD=swordfish".to_owned()),
        ("key: Zm9vYmFyMTIz, more", "token Zm9vYmFyMTIz".to_owned()),
        (r#"{"auths":{"r.example.net":{"auth":"YXBwOnN3b3JkZmlzaDE="}}}"#, "login swordfish1".to_owned()),
    ];
    for (value, text) in cases {
        let file = recorded(&secret(value), &config(&text), "level: info\n");
        let shown = format!("Secret {value:?}, text {text:?}:\n{file}");
        assert!(file.contains("level: info"), "{shown}");
        assert_eq!(file.matches("note: hmac-sha256:").count(), 1, "{shown}");
        assert_eq!(file.matches("nested: hmac-sha256:").count(), 1, "{shown}");
    }
}

#[test]
fn text_that_only_resembles_a_secret_stays() {
    let kept = |value: &str, text: &str| {
        let file = recorded(&secret(value), &config(text), "");
        assert!(file.contains(&format!("note: {text}\n")), "Secret {value:?}, text {text:?}:\n{file}");
    };
    kept("app", "application");
    kept("postgres", "postgresql and more");
    kept("user=app\npassword=correct\nserver {\n  listen 80;\n", "app and user, listen 80; server {");
    kept("postgres://app:abcd@db-0.db.default.svc:5432/app", "db-0.db.default.svc");
    kept("true", "it is true");
    kept("1", "1 of 2");
    kept("hunter2-hunter2", "hunter");
    // The text is in the record anyway: as the name of an object.
    kept("settings", "settings of settings");
    // Environments that are kept in Secrets as a whole.
    let environment = "apiVersion: v1\nkind: Secret\nmetadata: {name: env}\nstringData: {DB_USER: postgres, DB_PORT: '5432', LOG_LEVEL: info, DB_PASSWORD: swordfish}\n";
    let file = recorded(environment, &config("postgres on 5432 logs info"), "");
    assert!(file.contains("note: postgres on 5432 logs info\n"), "{file}");
    let file = recorded(environment, &config("a swordfish"), "");
    assert!(!file.contains("swordfish"), "{file}");
    // A common word may be a bad password.
    let file = recorded(&environment.replace("swordfish", "test"), &config("a test"), "");
    assert!(!file.contains("test"), "{file}");
    // Names tell objects apart.
    let named = recorded(&secret("settings"), &config("x"), "");
    assert!(named.contains("kind: ConfigMap\nmetadata:\n  name: settings\n"), "{named}");
    let numbers = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n";
    assert!(recorded(&secret("3"), numbers, "").contains("replicas: 3"));
}

#[test]
fn values_are_recorded_without_secrets_and_their_parts() {
    let secrets = secret("postgres://app:abc@db:5432/shop?x=p%40w");
    let values = "db: {user: app, password: abc, raw: p@w, encoded: YWJj, pin: 5432, host: example.net}\n\
                  admin: {password: never-in-a-secret, passwordKey: key, replicas: 5432}\nimage: {tag: 1.2.3}\nempty: ''\n";
    let file = recorded(&secrets, &config("x"), values);
    let head: String = file.lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n");
    for gone in ["password: abc", "p@w", "YWJj", "never-in-a-secret", "pin: 5432"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
    for kept in ["host: example.net", "tag: 1.2.3", "passwordKey: key", "empty: "] {
        assert!(head.contains(kept), "{kept} not in {head}");
    }
}

#[test]
fn secrets_of_hooks_and_values_that_are_no_strings_are_as_private() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let hooks = objects(&secret("hunter2-hunter2"));
    let manifests = format!(
        "{}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: odd, annotations: {{copy: \"77712345\"}}}}\ndata: {{pin: 77712345}}\nstringData: {{list: [alpha-1234]}}\n",
        config("hunter2-hunter2")
    );
    let message = "the password is hunter2-hunter2 now";
    history.record(&Render { message, hooks: &hooks, ..render(&objects(&manifests)) }).unwrap();
    let text = history.load(None).unwrap().text;
    for secret in ["hunter2", "77712345", "alpha"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn masked_texts_are_compared_with_what_they_stand_for() {
    let secrets = secret("hunter2-hunter2");
    let url = "postgres://app:hunter2-hunter2@db/app";
    let file = recorded(&secrets, &config(url), "");
    let old = objects(&file);
    let compare = |text: &str| compare(&old, &objects(&format!("{secrets}---\n{}", config(text))));
    let same = compare(url);
    assert!(same.is_empty(), "{}", diff::render::plan(&same, diff::render::Style::Plain));
    let changed = compare("postgres://app:x@db/app");
    for text in [
        diff::render::plan(&changed, diff::render::Style::Plain),
        diff::render::unified(&changed, 3, diff::render::Style::Plain),
        diff::render::json(&changed),
    ] {
        assert!(text.contains("(secret)") && !text.contains("sha256:"), "{text}");
    }
}

#[test]
fn a_recorded_secret_is_stored_with_the_values_of_the_new_manifest() {
    let old = objects(&recorded(&secret("one"), &config("x"), ""));
    let stored = |old: &[Object], value: &str| {
        let options = Options { keys: keys().find(old).keys, stored: true, ..Options::default() };
        let plan = diff::compare(old, &objects(&format!("{}---\n{}", secret(value), config("x"))), &options);
        let after = plan.objects[0].stored.as_ref().and_then(|stored| stored.after.as_ref());
        diff_text(after.unwrap())
    };
    for value in ["one", "two"] {
        let text = stored(&old, value);
        assert!(text.contains(if value == "one" { "b25l" } else { "dHdv" }), "{text}");
        // Neither the data nor what kubectl notes down of it holds a digest.
        let sealed = base64::engine::general_purpose::STANDARD.encode("hmac-sha256");
        assert!(!text.contains("sha256:") && !text.contains(&sealed[..12]), "{text}");
    }
}

fn diff_text(node: &Node) -> String {
    yaml::emit::flow_json(node)
}

#[test]
fn digests_of_earlier_versions_are_still_compared() {
    // As they were recorded then: a salt, and SHA-256 of the salt and the value.
    let salt = "0123456789abcdef";
    let hash = Sha256::new().chain_update(salt).chain_update("hunter2").finalize();
    let digest = format!("sha256:{salt}:{}", plimsoll::diag::escape::hex(&hash));
    let old = objects(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\ndata: {{value: '{digest}'}}\n---\n{}",
        config(&digest)
    ));
    let compare = |value: &str| compare(&old, &objects(&format!("{}---\n{}", secret(value), config(value))));
    let same = compare("hunter2");
    assert!(same.is_empty(), "{}", diff::render::plan(&same, diff::render::Style::Plain));
    assert_eq!(compare("hunter3").summary().modified, 2);
}

#[test]
fn a_stolen_history_says_nothing_about_a_pin() {
    let file = recorded(&secret("4711"), &config("pin 4711"), "pin: 4711\n");
    let digests = regex::Regex::new("(?:hmac-)?sha256:[0-9a-f:]+|[0-9a-f]{64}").unwrap();
    let digests: Vec<&str> = digests.find_iter(&file).map(|found| found.as_str()).collect();
    assert!(digests.len() > 3, "{file}");
    assert!(digests[1..].iter().all(|digest| digest.starts_with("hmac-sha256:")), "{file}");
    // What a thief can try without the key: every part of a digest as the salt or the key of each PIN.
    for pin in 0..10_000 {
        let pin = format!("{pin:04}");
        for parts in digests.iter().map(|digest| digest.split(':').collect::<Vec<_>>()) {
            let [.., id, salt, hash] = parts.as_slice() else { continue };
            for salt in [*id, *salt, ""] {
                let guess = Sha256::new().chain_update(salt).chain_update(&pin).finalize();
                assert_ne!(plimsoll::diag::escape::hex(&guess), **hash);
            }
        }
    }
    let records = [secret("4711"), secret("4711")].map(|secret| recorded(&secret, "", ""));
    let value = |file: &str| file.lines().find(|line| line.contains("  value: ")).unwrap().to_owned();
    assert_ne!(value(&records[0]), value(&records[1]), "nothing tells that two records hold the same PIN");
}

#[test]
fn what_holds_digests_is_left_out_of_what_can_be_applied() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    record(
        &history,
        &format!("{MANIFESTS}---\n{}", config("see hunter2-hunter2").replace("settings", "copy")),
        "",
    )
    .unwrap();
    let revision = history.load(None).unwrap();
    let Appliable { text, left_out, .. } = revision.appliable(&Sources::new()).output.unwrap();
    assert_eq!(left_out, ["Secret/login", "ConfigMap/copy"]);
    let applied: Vec<String> = objects(&text).into_iter().map(|object| object.name).collect();
    assert_eq!(applied, ["settings"]);
    assert!(
        text.contains("# left out, because its secret values are replaced by digests: Secret/login\n"),
        "{text}"
    );
    // What holds none is printed as it was recorded.
    record(&history, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n", "").unwrap();
    let plain = history.load(None).unwrap();
    assert_eq!(
        plain.appliable(&Sources::new()).output.unwrap(),
        Appliable { text: plain.text.clone(), ..Appliable::default() }
    );
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_revision() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    record(&history, MANIFESTS, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&history.load(None).unwrap().path), 0o600);
    assert_eq!(mode(&folder.path().join("default/web")), 0o700);
}

#[test]
fn a_damaged_revision_is_named_and_the_others_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    for message in ["one", "two", "three"] {
        record(&history, MANIFESTS, message).unwrap();
    }
    let second = history.load(Some(2)).unwrap();
    for damage in [
        second.text.replace("info", "debug"),
        second.text[..second.text.len() / 2].to_owned(),
        String::new(),
        history.load(Some(1)).unwrap().text,
    ] {
        std::fs::write(&second.path, damage).unwrap();
        let list = history.list().unwrap();
        let readable: Vec<Option<u64>> =
            list.iter().map(|entry| entry.header.as_ref().ok().map(|h| h.revision)).collect();
        assert_eq!(readable, [Some(1), None, Some(3)]);
        assert_eq!(list.iter().map(|entry| entry.revision).collect::<Vec<_>>(), [1, 2, 3]);
        let error = history.load(Some(2)).unwrap_err();
        assert!(matches!(&error, Error::Damaged { path, .. } if *path == second.path), "{error}");
    }
    assert_eq!(record(&history, MANIFESTS, "four").unwrap().revision, 4);
}

#[test]
fn revisions_that_are_not_there_are_named_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    assert!(matches!(history.load(None), Err(Error::Unknown { revision: None, .. })));
    for _ in 0..3 {
        record(&history, MANIFESTS, "").unwrap();
    }
    let error = history.load(Some(7)).unwrap_err().to_string();
    assert_eq!(error, "`web` has no revision 7, only 1-3");
}

#[test]
fn pruning_keeps_the_last_revisions_and_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    for _ in 0..5 {
        record(&history, MANIFESTS, "").unwrap();
    }
    assert_eq!(history.prune(2).unwrap(), [1, 2, 3]);
    assert_eq!(history.prune(0).unwrap(), [4], "the last one always stays");
    assert_eq!(record(&history, MANIFESTS, "").unwrap().revision, 6);
}

/// Not a test of its own: records without end in the folder that the environment names, for the tests below,
/// which run it in a process of its own.
#[test]
fn recorder() {
    #[expect(clippy::disallowed_methods, reason = "how the parent test speaks to its child")]
    let Some(folder) = std::env::var_os("PLIMSOLL_TEST_RECORDER") else { return };
    #[expect(clippy::disallowed_methods, reason = "how the parent test speaks to its child")]
    let count: usize = std::env::var("PLIMSOLL_TEST_RECORDS").unwrap().parse().unwrap();
    let history = history(Path::new(&folder));
    let text = format!(
        "{MANIFESTS}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata: {{a: {}}}\n",
        "x".repeat(50_000)
    );
    for _ in 0..count {
        record(&history, &text, &std::process::id().to_string()).unwrap();
    }
}

fn child(folder: &Path, count: usize) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::recorder", "--test-threads=1"])
        .env("PLIMSOLL_TEST_RECORDER", folder)
        .env("PLIMSOLL_TEST_RECORDS", count.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_recorder_leaves_every_revision_readable() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let mut seen = 0;
    for round in 0..12 {
        let mut child = child(folder.path(), usize::MAX);
        // Long enough to be in the middle of something, each time of something else.
        while history.list().unwrap().len() == seen {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let list = history.list().unwrap();
        assert!(list.len() > seen);
        seen = list.len();
        for (revision, entry) in (1..).zip(list) {
            assert_eq!((entry.revision, entry.header.unwrap().revision), (revision, revision));
        }
    }
    record(&history, MANIFESTS, "").unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path().join("default/web"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".new-"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "what the killed ones left is cleared away");
}

#[test]
fn concurrent_recorders_make_a_revision_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut children: Vec<_> = (0..3).map(|_| child(folder.path(), 5)).collect();
    let mut expected: Vec<String> =
        children.iter().flat_map(|child| vec![child.id().to_string(); 5]).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let list = history(folder.path()).list().unwrap();
    let mut messages: Vec<String> = list.into_iter().map(|entry| entry.header.unwrap().message).collect();
    messages.sort();
    expected.sort();
    assert_eq!(messages, expected);
}
