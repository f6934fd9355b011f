//! No file makes a panic: not any text, and not a sound file in which a part is replaced.

use plimsoll_diag::{SourceKind, Sources};
use plimsoll_sops::{Keys, decrypt, is_encrypted};
use plimsoll_yaml::{ReadOptions, read};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const FILES: [&str; 4] = [
    include_str!("../../../tests/fixtures/sops/values.enc.yaml"),
    include_str!("../../../tests/fixtures/sops/comments.enc.yaml"),
    include_str!("../../../tests/fixtures/sops/regex.enc.yaml"),
    include_str!("../../../tests/fixtures/sops/shamir.enc.yaml"),
];

/// The keys in a text.
fn keys(text: &str) -> Keys {
    let mut keys = Keys::default();
    keys.add(text);
    keys
}

/// Decrypts the text of a file; whether something in it was encrypted and could be decrypted.
fn has_secrets(text: &str, keys: &Keys) -> bool {
    let sources = Sources::new();
    let source = sources.add("values.yaml", text, SourceKind::File);
    let mut documents = read(&sources, source, &ReadOptions::lenient()).output.unwrap_or_default();
    let mut roots: Vec<_> = documents.iter_mut().map(|document| &mut document.root).collect();
    let _ = roots.iter().any(|root| is_encrypted(root));
    decrypt(&mut roots, keys, &sources).is_ok_and(|secrets| !secrets.is_empty())
}

/// What a part of a file is replaced by.
fn replacement() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9+/=]{0,6}",
        any::<char>().prop_map(String::from),
        select(vec![
            "",
            "=",
            ",",
            "]",
            ":",
            "\n",
            "ENC[AES256_GCM,",
            "type:int",
            "type:",
            "-->",
            "X25519 ",
            "(",
            "null"
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_read_or_refused(
        file in select(FILES.to_vec()), start in any::<Index>(), length in 0..40_usize, part in replacement()
    ) {
        let keys = keys(include_str!("../../../tests/fixtures/sops/keys.txt"));
        let start = file.floor_char_boundary(start.index(file.len()));
        let end = file.floor_char_boundary((start + length).min(file.len()));
        has_secrets(&[&file[..start], &part, &file[end..]].concat(), &keys);
    }

    #[test]
    fn any_text_is_read_or_refused(values in "\\PC{0,40}", block in "(\n?\\PC{0,12}){0,6}", text in "\\PC{0,80}") {
        let keys = keys(&text);
        has_secrets(&text, &keys);
        has_secrets(&format!("a: ENC[AES256_GCM,{values}]\nsops:\n  mac: {values}\n  lastmodified: {block}\n"), &keys);
    }
}

#[test]
fn the_files_are_sound_before_they_are_damaged() {
    let keys = keys(include_str!("../../../tests/fixtures/sops/keys.txt"));
    assert_eq!(FILES.map(|file| has_secrets(file, &keys)), [true, true, true, false]);
}
