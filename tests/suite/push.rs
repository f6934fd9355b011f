//! `plimsoll push`: to a small registry that can misbehave, and to Debian's `docker-registry` with helm as the judge.

use crate::dependency::{names, packed, sha256, succeed};
use crate::oci::Registry;
use crate::server::{Reply, Request, Server};
use crate::support::Sandbox;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// What a registry answers that stores everything. `session` is where uploads go.
fn store(stored: &Mutex<BTreeSet<String>>, request: &Request, session: &str) -> Reply {
    let (method, path) = request.line.split_once(' ').unwrap();
    match method {
        "HEAD" if stored.lock().unwrap().contains(path.rsplit('/').next().unwrap()) => Reply::ok(""),
        "HEAD" => Reply::status(404),
        "POST" => Reply::status(202).header("Location", session),
        _ => {
            if let Some((_, digest)) = path.split_once("digest=") {
                stored.lock().unwrap().insert(digest.to_owned());
            }
            Reply::status(201)
        }
    }
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_bytes("web-1.2.0+b.tgz", &packed("web", "1.2.0+b"));
    sandbox
}

fn push<'a>(remote: &'a str, flags: &[&'a str]) -> Vec<&'a str> {
    [&["push", "web-1.2.0+b.tgz", remote, "--plain-http"], flags].concat()
}

#[test]
fn content_is_sent_once() {
    let stored = Mutex::default();
    let server = Server::start(move |request| store(&stored, request, "/session?state=1"));
    let sandbox = sandbox();
    let remote = format!("oci://{}/charts", server.host());
    let said = succeed(&sandbox, &push(&remote, &[]));
    let requests = server.requests();
    let manifest = &requests.last().unwrap().body;
    let pushed = format!("{}/charts/web:1.2.0_b", server.host());
    assert_eq!(said, format!("Pushed: {pushed}\nDigest: sha256:{}\n", sha256(manifest.as_bytes())));
    let config = r#"{"name":"web","version":"1.2.0+b","apiVersion":"v2"}"#;
    let (config, layer) = (sha256(config.as_bytes()), sha256(&packed("web", "1.2.0+b")));
    let put_manifest = "PUT /v2/charts/web/manifests/1.2.0_b".to_owned();
    let blob = |digest: &str| {
        [
            format!("HEAD /v2/charts/web/blobs/sha256:{digest}"),
            "POST /v2/charts/web/blobs/uploads/".to_owned(),
            format!("PUT /session?state=1&digest=sha256:{digest}"),
        ]
    };
    let expected: Vec<String> =
        [blob(&config), blob(&layer)].into_iter().flatten().chain([put_manifest]).collect();
    assert_eq!(server.take(), expected);
    assert!(manifest.contains(&format!(
        r#""mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:{config}""#
    )));
    assert!(manifest.contains(r#""org.opencontainers.image.version":"1.2.0+b""#), "{manifest}");
    assert_eq!(requests[2].headers["content-type"], "application/octet-stream");
    succeed(&sandbox, &push(&remote, &[]));
    assert_eq!(server.take(), [&expected[0], &expected[3], &expected[6]].map(String::clone));
    // A provenance file beside the archive is a layer of its own.
    sandbox.write("web-1.2.0+b.tgz.prov", "signed");
    succeed(&sandbox, &push(&remote, &[]));
    let manifest = server.requests().pop().unwrap().body;
    let layer = format!(
        r#"{{"mediaType":"application/vnd.cncf.helm.chart.provenance.v1.prov","digest":"sha256:{}","size":6}}"#,
        sha256(b"signed")
    );
    assert!(manifest.contains(&layer), "{manifest}");
}

/// A registry that gives out tokens, and whose storage is on another host.
#[test]
fn credentials_are_for_the_registry_alone() {
    for is_redirected in [false, true] {
        let stored = Mutex::default();
        let storage = Server::start(move |request| store(&stored, request, ""));
        let other = storage.url();
        let stored = Mutex::default();
        let server = Server::start(move |request| {
            let path = request.path();
            if let Some(query) = path.strip_prefix("/token?") {
                let is_asked = query == "service=test&scope=repository:charts/web:pull%2Cpush";
                let is_me = request.authorization() == Some("Basic bWU6c2VjcmV0");
                let reply = Reply::ok(r#"{"token":"may-push"}"#);
                return if is_me && is_asked { reply } else { Reply::status(401) };
            }
            if request.authorization() != Some("Bearer may-push") {
                let host = &request.headers["host"];
                let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"test\"");
                return Reply::status(401).header("WWW-Authenticate", &challenge);
            }
            if path.starts_with("/session") && is_redirected {
                return Reply::status(307).header("Location", &format!("{other}{path}"));
            }
            let session = if is_redirected { "/session".to_owned() } else { format!("{other}/session") };
            store(&stored, request, &session)
        });
        let sandbox = sandbox();
        let remote = format!("oci://{}/charts", server.host());
        succeed(&sandbox, &push(&remote, &["--username", "me", "--password", "secret"]));
        let sent = storage.requests();
        assert_eq!(sent.len(), 2);
        assert!(sent.iter().all(|request| request.authorization().is_none() && !request.body.is_empty()));
        let refused = sandbox.run(&push(&remote, &["--username", "me", "--password", "wrong-password"]));
        assert_eq!(refused.code, 2);
        assert!(!refused.stderr.contains("wrong-password"), "{}", refused.stderr);
    }
}

#[test]
fn uploads_that_fail_for_a_time_are_begun_again() {
    let (stored, count) = (Mutex::default(), AtomicUsize::new(0));
    let server = Server::start(move |request| {
        if request.line.starts_with("PUT /session") && count.fetch_add(1, SeqCst) == 0 {
            return Reply::closed();
        }
        store(&stored, request, "/session")
    });
    let sandbox = sandbox();
    succeed(&sandbox, &push(&format!("oci://{}/charts", server.host()), &[]));
    let posts = server.take().iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!(posts, 3);
}

#[test]
fn refusals_are_told() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"the project is read-only"}]}"#;
    for (line, reply, told) in [
        (
            "POST",
            Reply::status(403).with_body(denied),
            "answered 403 Forbidden: the project is read-only (DENIED)",
        ),
        ("POST", Reply::status(202), "does not say where to upload to"),
        ("POST", Reply::redirect("/elsewhere"), "answered 302 Found"),
        ("POST", Reply::status(202).header("Location", "gopher://x"), "is not supported"),
        ("PUT /session", Reply::status(400), "answered 400 Bad Request"),
        ("PUT /session", Reply::status(500), "answered 500"),
        ("PUT /v2", Reply::status(401), "helm registry login"),
        (
            "PUT /v2",
            Reply::status(201).header("Docker-Content-Digest", &format!("sha256:{}", "a".repeat(64))),
            "was stored with another digest",
        ),
        ("HEAD", Reply::status(200).header("Content-Length", "x"), "cannot"),
    ] {
        let stored = Mutex::default();
        let server = Server::start(move |request| {
            if request.line.starts_with(line) { reply.clone() } else { store(&stored, request, "/session") }
        });
        let sandbox = sandbox();
        sandbox.refused(&push(&format!("oci://{}/charts", server.host()), &[]), &[told]);
    }
    let sandbox = sandbox();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("x.tgz", "no archive");
    sandbox.refused(&["push", "app", "oci://127.0.0.1:1/x"], &["pack it with `plimsoll package app` first"]);
    sandbox.refused(&["push", "x.tgz", "oci://127.0.0.1:1/x"], &["it is not gzipped"]);
    sandbox.refused(&push("https://127.0.0.1:1/x", &[]), &["is not a valid reference"]);
    sandbox.refused(&push("oci://127.0.0.1:1/x:1.0.0", &[]), &["is not a valid reference"]);
    sandbox.refused(&push("oci://127.0.0.1:1/x", &[]), &["cannot upload to `http://127.0.0.1:1/v2/x/web"]);
}

#[test]
#[ignore = "needs helm (PLIMSOLL_HELM) and docker-registry (PLIMSOLL_REGISTRY)"]
fn what_is_pushed_is_what_helm_pushes() {
    let registry = Registry::start();
    let sandbox = &registry.sandbox;
    registry.helm(&["registry", "login", &registry.host, "--plain-http", "-u", "me", "-p", "secret"]);
    sandbox.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.0+b\ndescription: a <b> & c\nhome: https://h\nsources: ['https://s']\nmaintainers: [{name: A, email: a@x}, {name: B}]\nannotations: {z: '1', org.opencontainers.image.title: x}\nicon: https://i\nkeywords: [k]\n");
    succeed(sandbox, &["package", "web"]);
    sandbox.write("web-1.2.0+b.tgz.prov", "-----BEGIN PGP SIGNED MESSAGE-----\n");
    let [ours, theirs] = ["ours", "theirs"].map(|path| format!("oci://{}/{path}", registry.host));
    for _ in 0..2 {
        succeed(sandbox, &["push", "web-1.2.0+b.tgz", &ours, "--plain-http"]);
    }
    registry.helm(&["push", "web-1.2.0+b.tgz", &theirs, "--plain-http"]);
    let manifest = |path: &str| {
        let url = format!("http://{}/v2/{path}/web/manifests/1.2.0_b", registry.host);
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json";
        let output =
            Command::new("curl").args(["-s", "-u", "me:secret", "-H", accept, &url]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(manifest("ours"), manifest("theirs"));
    let web = format!("{ours}/web");
    std::fs::create_dir(sandbox.path().join("pulled")).unwrap();
    registry.helm(&["pull", &web, "--version", "1.2.0+b", "--plain-http", "--prov", "-d", "pulled"]);
    assert_eq!(names(&sandbox.path().join("pulled")), ["web-1.2.0+b.tgz", "web-1.2.0+b.tgz.prov"]);
    let read = |path: &str| std::fs::read(sandbox.path().join(path)).unwrap();
    assert_eq!(read("pulled/web-1.2.0+b.tgz"), read("web-1.2.0+b.tgz"));
    registry.helm(&["show", "chart", &web, "--version", "1.2.0+b", "--plain-http"]);
    let wrong = ["push", "web-1.2.0+b.tgz", &ours, "--plain-http", "--username", "me", "--password", "wrong"];
    sandbox.refused(&wrong, &["answered 401"]);
}
