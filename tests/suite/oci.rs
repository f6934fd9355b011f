//! Charts in OCI registries: a small one that can misbehave, and Debian's `docker-registry`.

use crate::dependency::{chart, dependency, names, packed, sha256, succeed};
use crate::server::{Reply, Request, Server};
use crate::support::{Sandbox, tgz, tool};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// The manifest of a chart whose layer has this digest and size.
fn manifest(config: &str, layer: &str, digest: &str, size: usize) -> String {
    let config = format!(r#"{{"mediaType":"{config}","digest":"sha256:{}","size":2}}"#, sha256(b"{}"));
    let layer = format!(r#"{{"mediaType":"{layer}","digest":"sha256:{digest}","size":{size}}}"#);
    format!(r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{config},"layers":[{layer}]}}"#)
}

/// What a registry has of charts in `charts/`, by path.
fn registry(charts: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (name, version) in charts {
        let archive = packed(name, version);
        let text = manifest(CONFIG, LAYER, &sha256(&archive), archive.len());
        let base = format!("/v2/charts/{name}");
        files.insert(format!("{base}/manifests/{}", version.replace('+', "_")), text.clone().into_bytes());
        files.insert(format!("{base}/manifests/sha256:{}", sha256(text.as_bytes())), text.into_bytes());
        files.insert(format!("{base}/blobs/sha256:{}", sha256(&archive)), archive);
    }
    files
}

fn answer(files: &BTreeMap<String, Vec<u8>>, request: &Request) -> Reply {
    files.get(request.path()).map_or_else(|| Reply::status(404), |body| Reply::ok(body.clone()))
}

const WEB: &[(&str, &str)] =
    &[("web", "1.2.0"), ("web", "1.10.0"), ("web", "1.10.1+b.5"), ("web", "2.0.0-rc.1")];

/// The pages of tags, of two each.
fn tags(request: &Request) -> Option<Reply> {
    let pages = [
        ("/v2/charts/web/tags/list", r#"{"tags":["1.10.0","latest"]}"#, Some("last=latest")),
        ("/v2/charts/web/tags/list?last=latest", r#"{"tags":["1.2.0","1.10.1_b.5"]}"#, Some("last=b")),
        ("/v2/charts/web/tags/list?last=b", r#"{"tags":["2.0.0-rc.1"]}"#, None),
    ];
    let (path, page, next) = pages.into_iter().find(|(path, ..)| *path == request.path())?;
    let next = next.map(|next| format!("<{}?{next}>; rel=\"next\"", path.split('?').next().unwrap()));
    Some(match next {
        Some(next) => Reply::ok(page).header("Link", &next),
        None => Reply::ok(page),
    })
}

fn start() -> Server {
    let files = registry(WEB);
    Server::start(move |request| tags(request).unwrap_or_else(|| answer(&files, request)))
}

#[test]
fn ranges_are_resolved_among_tags() {
    let server = start();
    let sandbox = Sandbox::new();
    let repository = format!("oci://{}/charts", server.host());
    chart(&sandbox, "app", &[dependency("web", "^1.0.0", &repository)]);
    succeed(&sandbox, &["dependency", "update", "app", "--plain-http"]);
    assert_eq!(names(&sandbox.path().join("app/charts")), ["web-1.10.1+b.5.tgz"]);
    assert!(sandbox.read("app/Chart.lock").contains("version: 1.10.1+b.5\n"));
    assert_eq!(server.take().len(), 5);
    succeed(&sandbox, &["dependency", "build", "app", "--plain-http"]);
    std::fs::remove_dir_all(sandbox.path().join("app/charts")).unwrap();
    succeed(&sandbox, &["dependency", "build", "app"]);
    succeed(&sandbox, &["dependency", "update", "app", "--offline"]);
    assert_eq!(server.take(), [""; 0]);
}

#[test]
fn references_name_versions_and_digests() {
    let server = start();
    let sandbox = Sandbox::new();
    let web = format!("oci://{}/charts/web", server.host());
    let archive = packed("web", "1.2.0");
    let digest = sha256(manifest(CONFIG, LAYER, &sha256(&archive), archive.len()).as_bytes());
    for (source, version, rendered) in [
        (web.clone(), None, "1.10.1+b.5"),
        (web.clone(), Some("~1.2"), "1.2.0"),
        (format!("{web}:1.10.0"), None, "1.10.0"),
        (format!("{web}:1.10.0"), Some("1.10.0"), "1.10.0"),
        (format!("{web}@sha256:{digest}"), None, "1.2.0"),
    ] {
        let mut args = vec!["render", "x", &source, "--plain-http"];
        args.extend(version.into_iter().flat_map(|version| ["--version", version]));
        let text = succeed(&sandbox, &args);
        assert!(text.contains(&format!("version: {rendered:?}")), "{source}: {text}");
    }
    let diff = sandbox.run(&[
        "diff",
        "x",
        &format!("{web}:1.10.0"),
        "--against-version",
        "1.2.0",
        "--plain-http",
        "--format",
        "unified",
    ]);
    assert!(diff.stdout.contains("-  version: 1.2.0"), "{}", diff.stderr);
    let linted = sandbox.run(&["lint", &format!("{web}:1.10.0"), "--plain-http"]);
    assert!(linted.stdout.contains("1 object"), "{}{}", linted.stdout, linted.stderr);
    sandbox.refused(
        &["render", "x", &format!("{web}:7.0.0"), "--plain-http"],
        &["/manifests/7.0.0` answered 404"],
    );
    sandbox.refused(
        &["render", "x", &format!("{web}:1.2.0"), "--version", "1.3.0"],
        &["names version `1.2.0`, but --version is `1.3.0`"],
    );
    sandbox.refused(
        &["render", "x", &web, "--version", "^9", "--plain-http"],
        &["no version `^9`", "the newest versions are"],
    );
    sandbox.refused(&["render", "x", "oci://a/B"], &["is not a valid reference"]);
    succeed(&sandbox, &["pull", &format!("{web}:1.10.1+b.5"), "--plain-http"]);
    assert!(sandbox.path().join("web-1.10.1+b.5.tgz").exists());
}

/// A registry that gives out tokens for a user, and whose content is on another host.
#[test]
fn credentials_are_for_the_registry_alone() {
    let files = registry(WEB);
    let blobs = files.clone();
    let storage = Server::start(move |request| answer(&blobs, request));
    let other = storage.url();
    let server = Server::start(move |request| {
        if let Some(query) = request.path().strip_prefix("/token?") {
            let is_me = request.authorization() == Some("Basic bWU6c2VjcmV0");
            let is_asked = query == "service=test&scope=repository:charts/web:pull";
            return if is_me && is_asked {
                Reply::ok(r#"{"token":"let-me-in"}"#)
            } else {
                Reply::status(401)
            };
        }
        if request.line == "POST /refresh" {
            let is_refresh = request.body.contains("refresh_token=identity")
                && request.body.contains("grant_type=refresh_token");
            return if is_refresh {
                Reply::ok(r#"{"access_token":"let-me-in"}"#)
            } else {
                Reply::status(401)
            };
        }
        if request.authorization() != Some("Bearer let-me-in") {
            let host = &request.headers["host"];
            return Reply::status(401).header(
                "WWW-Authenticate",
                &format!("Bearer realm=\"http://{host}/token\",service=\"test\""),
            );
        }
        if request.path().contains("/blobs/") {
            return Reply::redirect(&format!("{other}{}", request.path()));
        }
        tags(request).unwrap_or_else(|| answer(&files, request))
    });
    let sandbox = Sandbox::new();
    let host = server.host();
    let source = format!("oci://{host}/charts/web:1.2.0");
    let render = |flags: &[&str]| {
        let _ = std::fs::remove_dir_all(sandbox.path().join("cache"));
        sandbox.run(&[&["render", "x", &source, "--plain-http"][..], flags].concat())
    };
    let outcome = render(&[]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("answered 401") && outcome.stderr.contains("helm registry login"),
        "{}",
        outcome.stderr
    );
    assert_eq!(render(&["--username", "me", "--password", "secret"]).code, 0);
    let wrong = render(&["--username", "me", "--password", "wrong-password"]);
    assert_eq!(wrong.code, 2);
    assert!(!wrong.stderr.contains("wrong-password"), "{}", wrong.stderr);
    // What `helm registry login` and `docker login` write.
    sandbox.write(
        "helm/registry/config.json",
        &format!(r#"{{"auths":{{"{host}":{{"auth":"bWU6c2VjcmV0"}}}}}}"#),
    );
    assert_eq!(render(&[]).code, 0);
    std::fs::remove_file(sandbox.path().join("helm/registry/config.json")).unwrap();
    // A credential helper.
    sandbox.write("docker/config.json", &format!(r#"{{"credHelpers":{{"{host}":"test"}}}}"#));
    sandbox.script("bin/docker-credential-test", &format!("[ \"$1\" = get ] && [ \"$(cat)\" = {host} ] && echo '{{\"Username\":\"me\",\"Secret\":\"secret\"}}'"));
    let path = sandbox.environment()[0].1.clone();
    let _ = std::fs::remove_dir_all(sandbox.path().join("cache"));
    let helped =
        sandbox.run_with(&["render", "x", &source, "--plain-http"], &[("PATH", path.to_str().unwrap())], "");
    assert_eq!(helped.code, 0, "{}", helped.stderr);
    assert!(storage.requests().iter().all(|request| request.authorization().is_none()));
    assert!(!storage.requests().is_empty());
}

#[test]
fn broken_registries_are_refused() {
    let archive = packed("web", "1.0.0");
    let (digest, size) = (sha256(&archive), archive.len());
    let traversal =
        tgz(&[("web/Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n"), ("web/../../x", b"x")]);
    let of_traversal = manifest(CONFIG, LAYER, &sha256(&traversal), traversal.len());
    let sound = manifest(CONFIG, LAYER, &digest, size);
    for (manifest, blob, told) in [
        (Reply::ok(sound.clone()), Reply::ok("something else"), "has the wrong digest"),
        (Reply::ok(sound.clone()), Reply::ok(archive.clone()).truncated(), "cannot download"),
        (Reply::ok(sound.clone()), Reply::endless(), "is larger than 100 MiB"),
        (Reply::ok(sound.clone()), Reply::status(500), "answered 500"),
        (Reply::ok(of_traversal), Reply::ok(traversal), "contains the path"),
        (
            Reply::ok(manifest(CONFIG, LAYER, &digest, usize::MAX / 4)),
            Reply::ok(archive.clone()),
            "is larger than 100 MiB",
        ),
        (
            Reply::ok(manifest("application/vnd.oci.image.config.v1+json", LAYER, &digest, size)),
            Reply::ok(archive.clone()),
            "is not a Helm chart",
        ),
        (
            Reply::ok(manifest(CONFIG, "text/plain", &digest, size)),
            Reply::ok(archive.clone()),
            "is not a Helm chart",
        ),
        (
            Reply::ok(manifest(CONFIG, LAYER, "12", size)),
            Reply::ok(archive.clone()),
            "is not a SHA-256 digest",
        ),
        (Reply::ok("{"), Reply::status(404), "is not valid"),
        (Reply::endless(), Reply::status(404), "is larger than 4 MiB"),
        (
            Reply::status(401).header("WWW-Authenticate", "Bearer realm=\"gopher://x\""),
            Reply::status(404),
            "is not supported",
        ),
    ] {
        let server =
            Server::start(
                move |request| {
                    if request.path().contains("/blobs/") { blob.clone() } else { manifest.clone() }
                },
            );
        let sandbox = Sandbox::new();
        sandbox.refused(
            &[
                "pull",
                &format!("oci://{}/charts/web:1.0.0", server.host()),
                "--plain-http",
                "--timeout",
                "4m",
            ],
            &[told],
        );
        assert_eq!(names(sandbox.path()).iter().filter(|name| *name != "cache").count(), 0);
        assert_eq!(
            names(&sandbox.path().join("cache/plimsoll/sha256")).len(),
            usize::from(told.contains("path"))
        );
    }
    // Pages that go on for ever.
    let server = Server::start(|request| {
        Reply::ok(r#"{"tags":["1.0.0"]}"#).header("Link", &format!("<{}>; rel=\"next\"", request.path()))
    });
    let sandbox = Sandbox::new();
    sandbox.refused(
        &["pull", &format!("oci://{}/charts/web", server.host()), "--plain-http"],
        &["pages of tags"],
    );
}

/// Debian's registry, with a user.
pub(crate) struct Registry {
    child: Child,
    pub(crate) host: String,
    pub(crate) sandbox: Sandbox,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let program = tool("PLIMSOLL_REGISTRY");
        let sandbox = Sandbox::new();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        // The password is `secret`.
        sandbox.write("htpasswd", "me:$2y$05$O4sfgma0JolklEupf/H9vuKrGVVjYGN3XHcJjIlwvymIm59.adwqS\n");
        sandbox.write("config.yml", &format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {host}\nauth:\n  htpasswd:\n    realm: test\n    path: {}\n",
            sandbox.path().join("data").display(),
            sandbox.path().join("htpasswd").display()
        ));
        let child = Command::new(program)
            .args(["serve", "config.yml"])
            .current_dir(sandbox.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..100 {
            if std::net::TcpStream::connect(&host).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, host, sandbox }
    }

    pub(crate) fn helm(&self, args: &[&str]) {
        let output = Command::new(tool("PLIMSOLL_HELM"))
            .args(args)
            .current_dir(self.sandbox.path())
            .envs(self.sandbox.environment())
            .env("HELM_CONFIG_HOME", self.sandbox.path().join("helm"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs helm (PLIMSOLL_HELM) and docker-registry (PLIMSOLL_REGISTRY)"]
fn what_helm_pushes_is_fetched() {
    let registry = Registry::start();
    let sandbox = &registry.sandbox;
    registry.helm(&["registry", "login", &registry.host, "--plain-http", "-u", "me", "-p", "secret"]);
    let charts = format!("oci://{}/charts", registry.host);
    for (name, version) in WEB {
        sandbox.write_bytes("chart.tgz", &packed(name, version));
        registry.helm(&["push", "chart.tgz", &charts, "--plain-http"]);
    }
    for (index, range) in ["^1.0.0", "1.2.0", "~1.10", ">=1.0.0-0", "1.10.1+b.5", "*"].into_iter().enumerate()
    {
        let [ours, theirs] = ["ours", "theirs"].map(|whose| format!("{whose}{index}"));
        for app in [&ours, &theirs] {
            chart(sandbox, app, &[dependency("web", range, &charts)]);
            sandbox.write(
                &format!("{app}/Chart.yaml"),
                &sandbox.read(&format!("{app}/Chart.yaml")).replace(&format!("name: {app}"), "name: app"),
            );
        }
        succeed(sandbox, &["dependency", "update", &ours, "--plain-http"]);
        registry.helm(&["dependency", "update", &theirs, "--plain-http"]);
        let lock = |app: &str| {
            sandbox
                .read(&format!("{app}/Chart.lock"))
                .lines()
                .filter(|line| !line.starts_with("generated"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(lock(&ours), lock(&theirs), "{range}");
        let [one, other] = [&ours, &theirs].map(|app| sandbox.path().join(app).join("charts"));
        assert_eq!(names(&one), names(&other), "{range}");
        for name in names(&one) {
            assert_eq!(std::fs::read(one.join(&name)).unwrap(), std::fs::read(other.join(&name)).unwrap());
        }
    }
    let refused =
        ["render", "x", &format!("{charts}/web"), "--plain-http", "--username", "me", "--password", "wrong"];
    sandbox.refused(&refused, &["answered 401"]);
}
