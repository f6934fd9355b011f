//! Archives verified with provenance files (`tests/fixtures/provenance/make.sh`).

use crate::dependency::{chart, dependency, names, sha256, succeed};
use crate::server::{Reply, Server};
use crate::support::{ROOT, Sandbox, tool};
use plimsoll::openpgp::{Keyring, verify};
use std::collections::BTreeMap;
use std::process::Command;

/// Later than all signatures.
const NOW: u64 = 1_900_000_000;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{ROOT}/tests/fixtures/provenance/{name}")).unwrap()
}

/// The archive with one of the provenance files beside it.
fn write(sandbox: &Sandbox, provenance: &str) {
    sandbox.write_bytes("web-1.0.0.tgz", &fixture("web-1.0.0.tgz"));
    sandbox.write_bytes("web-1.0.0.tgz.prov", &fixture(provenance));
    sandbox.write_bytes("keyring.gpg", &fixture("keyring.gpg"));
}

const VERIFY: &[&str] = &["verify", "web-1.0.0.tgz", "--keyring", "keyring.gpg"];

/// Those that are accepted, by whom they are signed.
const SIGNED: [(&str, &str); 8] = [
    ("helm", "Rsa <rsa@example.com>"),
    ("rsa", "Rsa <rsa@example.com>"),
    ("ed25519", "ed25519 <ed25519@example.com>"),
    ("nistp256", "nistp256 <nistp256@example.com>"),
    ("nistp384", "nistp384 <nistp384@example.com>"),
    ("nistp521", "nistp521 <nistp521@example.com>"),
    ("dsa2048", "dsa2048 <dsa2048@example.com>"),
    ("subkey", "Sub <sub@example.com>"),
];

/// Those that are refused, and why. Helm accepts SHA-1.
const REFUSED: [(&str, &str); 5] = [
    ("expired", "the key has expired"),
    ("revoked", "the key was revoked"),
    ("unknown", "signed by a key that is not in the keyring"),
    ("renamed", "does not name `web-1.0.0.tgz`"),
    ("sha1", "uses SHA-1, which can be forged"),
];

#[test]
fn signatures_of_keys_in_the_keyring_are_accepted() {
    let sandbox = Sandbox::new();
    let digest = sha256(&fixture("web-1.0.0.tgz"));
    for (name, signer) in SIGNED {
        write(&sandbox, &format!("{name}.prov"));
        let said = succeed(&sandbox, VERIFY);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], format!("Signed by: {signer}"));
        let fingerprint = lines[1].strip_prefix("Using Key With Fingerprint: ").unwrap();
        assert!(
            fingerprint.len() == 40 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{said}"
        );
        assert_eq!(lines[2..], [format!("Chart Hash Verified: sha256:{digest}")]);
    }
    // The keyring that GnuPG exports by default.
    sandbox.write_bytes("gnupg/pubring.gpg", &fixture("keyring.gpg"));
    let home = sandbox.path().join("gnupg").display().to_string();
    assert_eq!(sandbox.run_with(&["verify", "web-1.0.0.tgz"], &[("GNUPGHOME", &home)], "").code, 0);
}

#[test]
fn what_cannot_be_trusted_is_refused() {
    let sandbox = Sandbox::new();
    for (name, told) in REFUSED {
        write(&sandbox, &format!("{name}.prov"));
        sandbox.refused(VERIFY, &["`web-1.0.0.tgz` cannot be verified", told]);
    }
    write(&sandbox, "rsa.prov");
    let mut archive = fixture("web-1.0.0.tgz");
    archive.push(0);
    sandbox.write_bytes("web-1.0.0.tgz", &archive);
    sandbox.refused(VERIFY, &["its digest is sha256:", "is signed", "changed or damaged"]);
    std::fs::remove_file(sandbox.path().join("web-1.0.0.tgz.prov")).unwrap();
    sandbox.refused(VERIFY, &["there is no `web-1.0.0.tgz.prov` beside it"]);
    write(&sandbox, "rsa.prov");
    sandbox.write("keybox.gpg", "\0\0\0 \u{1}\u{1}\0\0KBXf");
    sandbox.write("text.gpg", "no keys");
    sandbox.write("empty.gpg", "");
    for (keyring, told) in [
        ("keybox.gpg", "it is a keybox of GnuPG"),
        ("text.gpg", "not made of OpenPGP packets"),
        ("empty.gpg", "signed by a key that is not in the keyring"),
        ("missing.gpg", "cannot read the keyring `missing.gpg`"),
    ] {
        sandbox.refused(&["verify", "web-1.0.0.tgz", "--keyring", keyring], &[told]);
    }
    sandbox.write("app/Chart.yaml", "");
    sandbox.refused(&["verify", "app"], &["`app` is a directory"]);
    // What is beyond the limit is not cut off.
    let large = std::fs::File::create(sandbox.path().join("web-1.0.0.tgz")).unwrap();
    large.set_len((100 << 20) + 1).unwrap();
    sandbox.refused(VERIFY, &["`web-1.0.0.tgz` is larger than 100 MiB"]);
}

/// Whatever is changed: nothing but the text that was signed is ever accepted.
#[test]
fn no_other_text_is_ever_accepted() {
    let keyring = Keyring::read(&fixture("keyring.gpg")).unwrap();
    for name in ["helm", "rsa", "ed25519", "nistp256", "subkey"] {
        let message = String::from_utf8(fixture(&format!("{name}.prov"))).unwrap();
        let signed = verify(&message, &keyring, NOW).unwrap();
        let mut accepted = 0;
        for at in 0..message.len() {
            for change in [b' ', b'\n', b'x', message.as_bytes()[at] ^ 1] {
                let mut changed = message.clone().into_bytes();
                changed[at] = change;
                let Ok(changed) = String::from_utf8(changed) else { continue };
                if let Ok(found) = verify(&changed, &keyring, NOW) {
                    // Space at the ends of lines does not count.
                    let plain = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
                    assert_eq!(plain(&found.text), plain(&signed.text), "{name}: byte {at}");
                    assert_eq!(
                        (found.fingerprint, found.signers),
                        (signed.fingerprint.clone(), signed.signers.clone())
                    );
                    accepted += 1;
                }
            }
        }
        // What is outside of the text and of the signed parts of the signature, such as the checksum of the armor.
        assert!(accepted < message.len(), "{name}: {accepted}");
        for text in [
            format!("x\n{message}"),
            message.replacen("\n\n", "\nComment: x\n\n", 1),
            message.replace("web-1.0.0", "api-1.0.0"),
        ] {
            assert!(verify(&text, &keyring, NOW).is_err(), "{name}");
        }
    }
    // Keys that were changed are no keys.
    let (message, keys) = (String::from_utf8(fixture("rsa.prov")).unwrap(), fixture("keyring.gpg"));
    for at in (0..700).step_by(3) {
        let mut changed = keys.clone();
        changed[at] ^= 0x10;
        if let Ok(found) = Keyring::read(&changed).and_then(|keyring| verify(&message, &keyring, NOW)) {
            assert!(found.fingerprint.len() == 40, "byte {at}");
        }
    }
}

fn server(provenance: Option<&str>, archive: &[u8]) -> Server {
    let index = format!(
        "apiVersion: v1\nentries:\n  web:\n  - {{name: web, version: 1.0.0, digest: {}, urls: [web-1.0.0.tgz]}}\n",
        sha256(archive)
    );
    let mut files = BTreeMap::from([
        ("index.yaml".to_owned(), index.into_bytes()),
        ("web-1.0.0.tgz".to_owned(), archive.to_vec()),
    ]);
    files.extend(provenance.map(|name| ("web-1.0.0.tgz.prov".to_owned(), fixture(name))));
    Server::files(files)
}

#[test]
fn downloads_are_verified_before_they_are_written() {
    let sandbox = Sandbox::new();
    sandbox.write_bytes("keyring.gpg", &fixture("keyring.gpg"));
    let archive = fixture("web-1.0.0.tgz");
    let sound = server(Some("rsa.prov"), &archive);
    let pull = |server: &Server, directory: &str, flags: &[&str]| {
        let url = server.url();
        let args = [&["pull", "web", "--repo", &url, "--keyring", "keyring.gpg", "-d", directory][..], flags]
            .concat();
        sandbox.run(&args)
    };
    let pulled = pull(&sound, "verified", &["--verify"]);
    assert!(pulled.stdout.starts_with("Signed by: Rsa <rsa@example.com>\n"), "{}", pulled.stderr);
    assert_eq!(names(&sandbox.path().join("verified")), ["web-1.0.0.tgz", "web-1.0.0.tgz.prov"]);
    assert_eq!(pull(&sound, "with", &["--prov"]).code, 0);
    assert_eq!(names(&sandbox.path().join("with")).len(), 2);
    assert_eq!(pull(&sound, "unpacked", &["--verify", "--untar"]).code, 0);
    assert_eq!(names(&sandbox.path().join("unpacked")), ["web"]);
    let other = crate::dependency::packed("web", "1.0.0");
    for (server, told) in [
        (server(None, &archive), "cannot fetch the provenance file"),
        (server(Some("unknown.prov"), &archive), "not in the keyring"),
        (server(Some("rsa.prov"), &other), "its digest is sha256:"),
    ] {
        let refused = pull(&server, "refused", &["--verify"]);
        assert!(refused.code == 2 && refused.stderr.contains(told), "{told}: {}", refused.stderr);
        assert!(!sandbox.path().join("refused").exists());
    }
}

#[test]
fn dependencies_are_verified() {
    let sandbox = Sandbox::new();
    sandbox.write_bytes("keyring.gpg", &fixture("keyring.gpg"));
    let archive = fixture("web-1.0.0.tgz");
    let keyring = ["--verify", "--keyring", "keyring.gpg"];
    let sound = server(Some("rsa.prov"), &archive);
    chart(&sandbox, "app", &[dependency("web", "^1.0.0", &sound.url())]);
    succeed(&sandbox, &[&["dependency", "update", "app"][..], &keyring].concat());
    assert_eq!(names(&sandbox.path().join("app/charts")), ["web-1.0.0.tgz"]);
    // What is in charts/ already is not trusted.
    sandbox.write_bytes("app/charts/web-1.0.0.tgz", &crate::dependency::packed("web", "1.0.0"));
    succeed(&sandbox, &[&["dependency", "build", "app"][..], &keyring].concat());
    assert_eq!(std::fs::read(sandbox.path().join("app/charts/web-1.0.0.tgz")).unwrap(), archive);
    let unsigned = server(None, &archive);
    chart(&sandbox, "other", &[dependency("web", "^1.0.0", &unsigned.url())]);
    sandbox.refused(
        &[&["dependency", "update", "other"][..], &keyring].concat(),
        &["cannot fetch the provenance file", "--> other/Chart.yaml:5"],
    );
    assert!(!sandbox.path().join("other/charts").exists());
}

#[test]
fn provenance_files_in_registries_are_layers() {
    let sandbox = Sandbox::new();
    write(&sandbox, "rsa.prov");
    let stored: std::sync::Mutex<BTreeMap<String, Vec<u8>>> = std::sync::Mutex::default();
    let provenance = fixture("rsa.prov");
    let archive = fixture("web-1.0.0.tgz");
    for (path, content) in [(sha256(&provenance), provenance), (sha256(&archive), archive)] {
        stored.lock().unwrap().insert(path, content);
    }
    // Bodies arrive as text: what is binary is known beforehand.
    let server = Server::start(move |request| {
        let mut stored = stored.lock().unwrap();
        let (method, path) = request.line.split_once(' ').unwrap();
        let name = path.rsplit(['/', ':']).next().unwrap();
        match method {
            "POST" => Reply::status(202).header("Location", "/session"),
            "PUT" if path.contains("/manifests/") => {
                stored.insert(name.to_owned(), request.body.clone().into_bytes());
                Reply::status(201)
            }
            "PUT" => Reply::status(201),
            _ => stored.get(name).map_or_else(|| Reply::status(404), |content| Reply::ok(content.clone())),
        }
    });
    let remote = format!("oci://{}/charts", server.host());
    succeed(&sandbox, &["push", "web-1.0.0.tgz", &remote, "--plain-http"]);
    let source = format!("{remote}/web:1.0.0");
    let said = succeed(
        &sandbox,
        &["pull", &source, "--plain-http", "--verify", "--keyring", "keyring.gpg", "-d", "pulled"],
    );
    assert!(said.starts_with("Signed by: Rsa"), "{said}");
    assert_eq!(names(&sandbox.path().join("pulled")), ["web-1.0.0.tgz", "web-1.0.0.tgz.prov"]);
    std::fs::remove_file(sandbox.path().join("web-1.0.0.tgz.prov")).unwrap();
    succeed(&sandbox, &["push", "web-1.0.0.tgz", &remote, "--plain-http"]);
    sandbox.refused(
        &["pull", &source, "--plain-http", "--verify", "--keyring", "keyring.gpg", "-d", "none"],
        &["has no provenance file"],
    );
}

#[test]
#[ignore = "needs helm (PLIMSOLL_HELM)"]
fn helm_accepts_and_refuses_the_same() {
    let sandbox = Sandbox::new();
    let helm = || {
        let output =
            Command::new(tool("PLIMSOLL_HELM")).args(VERIFY).current_dir(sandbox.path()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    for (name, _) in SIGNED {
        write(&sandbox, &format!("{name}.prov"));
        assert_eq!((true, succeed(&sandbox, VERIFY)), helm(), "{name}");
    }
    for (name, _) in REFUSED.iter().filter(|(name, _)| *name != "sha1") {
        write(&sandbox, &format!("{name}.prov"));
        assert!(!helm().0, "{name}");
    }
}
