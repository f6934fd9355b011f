//! Repositories that mean harm or are broken: each gives a clear error, in bounded time and memory, and leaves nothing.

use crate::dependency::{CHARTS, chart, dependency, names, packed, repository, sha256, succeed};
use crate::server::{Reply, Server};
use crate::support::{Outcome, Sandbox, tgz};
use std::time::{Duration, Instant};

/// An index with one version of `web`, whose archive is at `url` and has this digest.
fn index(url: &str, digest: &str) -> String {
    format!(
        "apiVersion: v1\nentries:\n  web:\n  - name: web\n    version: 1.0.0\n    digest: {digest:?}\n    urls: [{url:?}]\n"
    )
}

/// A repository whose only archive is answered with `reply`.
fn with_archive(digest: &str, reply: Reply) -> Server {
    let index = index("web-1.0.0.tgz", digest);
    Server::start(move |request| match request.path() {
        "/index.yaml" => Reply::ok(index.clone()),
        _ => reply.clone(),
    })
}

/// Runs `dependency update` against a server; it must fail with these words and leave nothing.
fn refused(server: &Server, flags: &[&str], told: &[&str]) {
    let sandbox = Sandbox::new();
    chart(&sandbox, "app", &[dependency("web", "1.x", &server.url())]);
    let begin = Instant::now();
    let args = [&["dependency", "update", "app"][..], flags].concat();
    let Outcome { code, stdout, stderr } = sandbox.run(&args);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    assert!(begin.elapsed() < Duration::from_secs(240), "{stderr}");
    for word in told {
        assert!(stderr.contains(word), "no `{word}` in: {stderr}");
    }
    assert_eq!(names(&sandbox.path().join("app")), ["Chart.yaml", "templates"], "{stderr}");
    let cached = names(&sandbox.path().join("cache/plimsoll/sha256"));
    assert!(cached.len() <= 1, "{cached:?}");
}

#[test]
fn archives_are_what_the_index_says() {
    let archive = packed("web", "1.0.0");
    let digest = sha256(b"something else");
    let server = with_archive(&digest, Reply::ok(archive.clone()));
    refused(&server, &[], &["has the wrong digest", &digest, "app/Chart.yaml:5"]);
    refused(&with_archive("sha256:12", Reply::ok(archive.clone())), &[], &["is not a SHA-256 digest"]);
    let other = with_archive("", Reply::ok(packed("other", "1.0.0")));
    refused(&other, &[], &["contains the chart `other`, not `web`"]);
    refused(&with_archive("", Reply::ok("<html>")), &[], &["cannot unpack", "not gzipped"]);
    refused(&with_archive("", Reply::ok(&archive[..archive.len() / 2])), &[], &["cannot unpack"]);
    refused(&with_archive("", Reply::ok(archive).truncated()), &[], &["cannot download"]);
}

#[test]
fn archives_lead_nowhere_else() {
    let metadata: &[u8] = b"apiVersion: v2\nname: web\nversion: 1.0.0\n";
    for path in ["web/../../../escaped.txt", "/etc/escaped.txt", "web/..\\..\\escaped.txt", "../escaped.txt"]
    {
        let archive = tgz(&[("web/Chart.yaml", metadata), (path, b"escaped")]);
        refused(
            &with_archive(&sha256(&archive), Reply::ok(archive.clone())),
            &[],
            &["contains the path", "escaped.txt"],
        );
        let server = with_archive("", Reply::ok(archive));
        let sandbox = Sandbox::new();
        sandbox.refused(
            &["pull", "web", "--repo", &server.url(), "--untar", "-d", "out"],
            &["contains the path"],
        );
        assert!(names(&sandbox.path().join("out")).is_empty());
    }
    let bomb = vec![0; 120 << 20];
    let archive = tgz(&[("web/Chart.yaml", metadata), ("web/zeros", &bomb)]);
    refused(&with_archive("", Reply::ok(archive)), &[], &["too large for a chart"]);
}

#[test]
fn answers_without_end_are_cut_off() {
    refused(&with_archive("", Reply::endless()), &["--timeout", "4m"], &["is larger than 100 MiB"]);
    refused(&with_archive("", Reply::slow()), &["--timeout", "2s"], &["web-1.0.0.tgz"]);
    refused(&Server::start(|_| Reply::slow()), &["--timeout", "2s"], &["index.yaml"]);
    refused(&Server::start(|_| Reply::closed()), &[], &["cannot download"]);
}

#[test]
#[ignore = "takes long: a quarter of a gigabyte"]
fn indexes_without_end_are_cut_off() {
    refused(&Server::start(|_| Reply::endless()), &["--timeout", "4m"], &["index.yaml"]);
}

#[test]
fn answers_that_are_not_an_index_are_refused() {
    for (body, told) in [
        ("<html><body>Not here</body></html>\n", "has no `apiVersion`"),
        ("apiVersion: v1\n", "has no `entries`"),
        ("", "cannot read the index"),
        ("{\"apiVersion\":", "cannot read the index"),
        ("apiVersion: v1\nentries: {a: &a [*a]}\n", "cannot read the index"),
        ("apiVersion: v1\nentries:\n  web: {x: [\n", "cannot read the index"),
    ] {
        refused(&Server::start(move |_| Reply::ok(body)), &[], &[told]);
    }
    refused(&Server::start(|_| Reply::status(500)), &[], &["index.yaml` answered 500"]);
    refused(&Server::start(|_| Reply::status(403)), &[], &["answered 403", "helm repo add"]);
}

#[test]
fn redirects_end_and_stay_encrypted() {
    refused(
        &Server::start(|request| Reply::redirect(request.path())),
        &[],
        &["redirects more than 10 times"],
    );
    refused(&Server::start(|_| Reply::redirect("file:///etc/passwd")), &[], &["is not supported"]);
    refused(&with_archive("", Reply::redirect("http://[::bad/")), &[], &["redirects to another place"]);
    let certificates = Certificates::new("127.0.0.1");
    let plain = Server::files(repository(CHARTS));
    let to = format!("{}/index.yaml", plain.url());
    let server = certificates.server(move |_| Reply::redirect(&to));
    certificates.refused(&server, &["which is not encrypted"]);
    assert!(plain.take().is_empty());
}

/// An authority, and a certificate that it has signed for one address.
struct Certificates {
    sandbox: Sandbox,
    certificate: String,
    key: String,
}

impl Certificates {
    fn new(address: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("made/Chart.yaml", "apiVersion: v2\nname: made\nversion: 1.0.0\nengine: gotpl\n");
        sandbox.write("made/templates/a.yaml", &format!(
            "{{{{ $ca := genCA \"test\" 30 }}}}{{{{ $own := genSignedCert \"test\" (list {address:?}) (list) 30 $ca }}}}\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  ca: {{{{ $ca.Cert | quote }}}}\n  cert: {{{{ $own.Cert | quote }}}}\n  key: {{{{ $own.Key | quote }}}}\n"
        ));
        let rendered = succeed(&sandbox, &["render", "x", "made", "--format", "json", "--seed", "1"]);
        let list: serde_json::Value = serde_json::from_str(&rendered).unwrap();
        let text = |name: &str| list["items"][0]["data"][name].as_str().unwrap().to_owned();
        sandbox.write("ca.pem", &text("ca"));
        Self { certificate: text("cert"), key: text("key"), sandbox }
    }

    fn server(&self, handler: impl Fn(&crate::server::Request) -> Reply + Send + Sync + 'static) -> Server {
        Server::start_tls(&self.certificate, &self.key, handler)
    }

    fn refused(&self, server: &Server, told: &[&str]) {
        chart(&self.sandbox, "app", &[dependency("web", "1.x", &server.url())]);
        self.sandbox.refused(&["dependency", "update", "app", "--ca-file", "ca.pem"], told);
    }
}

#[test]
fn servers_prove_who_they_are() {
    let files = repository(CHARTS);
    let handler = move |request: &crate::server::Request| {
        Reply::ok(files[request.path().trim_start_matches('/')].clone())
    };
    let certificates = Certificates::new("127.0.0.1");
    let server = certificates.server(handler.clone());
    let sandbox = &certificates.sandbox;
    chart(sandbox, "app", &[dependency("web", "1.x", &server.url())]);
    succeed(sandbox, &["dependency", "update", "app", "--ca-file", "ca.pem"]);
    let _ = std::fs::remove_dir_all(sandbox.path().join("app/charts"));
    sandbox.refused(&["dependency", "update", "app"], &["certificate", "--ca-file"]);
    succeed(sandbox, &["dependency", "update", "app", "--insecure-skip-tls-verify"]);
    sandbox.refused(
        &["dependency", "update", "app", "--ca-file", "app/Chart.yaml"],
        &["no certificate in `app/Chart.yaml`"],
    );
    sandbox.refused(&["dependency", "update", "app", "--ca-file", "gone.pem"], &["cannot read `gone.pem`"]);
    let wrong = Certificates::new("192.0.2.1");
    let server = wrong.server(handler);
    wrong.refused(&server, &["certificate not valid for name"]);
}
