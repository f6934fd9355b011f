//! Random streams of objects: how documents are separated, and where JSON begins and ends.

use crate::random::Random;

/// Streams of objects; every object's name begins with the text `NAME`.
pub(crate) fn generate(random: &mut Random) -> String {
    let mut text = String::new();
    text.push_str(random.pick(&[
        "",
        "",
        "",
        "\u{feff}",
        "---\n",
        "# c\n",
        "\n",
        "# c\n---\n",
        "%YAML 1.1\n---\n",
        "--- # c\n",
        "---\r\n",
        " ",
        "...\n",
        "\t",
    ]));
    let all_json = random.one_in(3);
    for index in 0..=random.below(4) {
        if index > 0 {
            text.push_str(separator(random, all_json));
        }
        let is_json = all_json || random.one_in(6);
        object(random, &mut text, index, is_json);
    }
    text.push_str(random.pick(&[
        "",
        "",
        "",
        "\n",
        "\n---\n",
        "\n---",
        "\n...\n",
        "\n--- \n# c\n",
        "x",
        "\n}",
        "\n\n\n",
        " # c",
        "\u{85}",
        "\n---\nnull\n",
        "\n---\n[]\n",
        "\n---\n{}\n",
        "\nnull",
    ]));
    text
}

fn separator(random: &mut Random, json: bool) -> &'static str {
    let json_ones: &[&str] = &[
        "",
        "\n",
        "\n---\n",
        " ",
        "\n\n",
        "\n---\n---\n",
        "\n--- ",
        "---\n",
        ",",
        "\r\n",
        "\r\n---\r\n",
        "\n\n---\n",
        "\n# c\n",
        "\u{85}",
        "\n# c\n---\n",
    ];
    let yaml_ones: &[&str] = &[
        "---\n",
        "---\n",
        "--- \n",
        "---\t\n",
        "--- # c\n",
        "---#c\n",
        "---\r\n",
        "---x\n",
        "--- x\n",
        "----\n",
        " ---\n",
        "...\n---\n",
        "...\n",
        "---\n---\n",
        "---\n# c\n---\n",
        "\r---\r",
        "\u{85}---\u{85}",
        "\u{2028}---\u{2028}",
        "---\n%YAML 1.1\n---\n",
        "---\n\u{feff}",
        "\n\n---\n\n",
        "...\n%YAML 1.1\n---\n",
        "... \n---\n",
        "---\nnull\n---\n",
        "---\n---\n\u{feff}",
        "--- |\n",
        "--- {}\n",
        "---\n...\n---\n",
        "--- !t\n",
        "---\u{a0}\n",
        "---\u{85}\n",
    ];
    random.pick(if json { json_ones } else { yaml_ones })
}

fn object(random: &mut Random, text: &mut String, index: usize, json: bool) {
    let value = if json {
        random.pick(&[
            "1",
            "\"a\"",
            "\"\\ud83d\\ude00\"",
            "\"\\/\"",
            "\"\\u00e9\"",
            "{\"a\": 1}",
            "[1, 2]",
            "1.5",
            "1e3",
            "null",
            "true",
            "18446744073709551616",
            "9223372036854775808",
            "1.0",
            "-0",
            "\"a\tb\"",
            "'a'",
            "yes",
            "01",
            "{a: 1}",
            "{\"a\": 1, \"a\": 2}",
            "[1,]",
            "\"\\ud83d\"",
            "\"\\x41\"",
            "\"---\"",
            "\"a\n---\nb\"",
            "1 // c",
            "*a",
            "\"\u{2028}\"",
            "1e400",
            "\"\\'\"",
            "100000000000000000000000",
            "-9223372036854775809",
            "1E3",
            "0.10",
            "\"a\\\n b\"",
            ".5",
            "+1",
            "NaN",
            "\"\u{7f}\"",
            "1e-400",
            "[\n\t1\n]",
        ])
    } else {
        random.pick(&[
            "1",
            "a",
            "\"\\ud83d\\ude00\"",
            "[a, b]",
            "|\n  x\n  y",
            "0777",
            "1e3",
            "yes",
            "18446744073709551616",
            "9007199254740993",
            "*a",
            "'a\n  b'",
            "1.0",
            "~",
            "\"a\n---\nb\"",
            "|\n  ---\n  x",
            "9223372036854775808",
            "\"\\/\"",
        ])
    };
    let (version, kind) =
        (random.pick(&["v1", "v1", "v1", "a/v1"]), random.pick(&["ConfigMap", "Widget", "Widget"]));
    if json {
        let open = random.pick(&["{", "{", "{\n", " {", "\n{", "{\n  "]);
        let comma = random.pick(&[", ", ",", ",\n  ", ",\n\t"]);
        *text += &format!(
            "{open}\"apiVersion\": \"{version}\"{comma}\"kind\": \"{kind}\"{comma}\"metadata\": {{\"name\": \"NAME-{index}\"}}{comma}\"v\": {value}}}"
        );
    } else if random.one_in(10) {
        *text += &format!(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: {kind}\n  metadata: {{name: NAME-{index}}}\n  v: 1\n"
        );
    } else {
        let line = random.pick(&["\n", "\n", "\n", "\n", "\r\n", "\r", "\u{85}"]);
        *text += &format!(
            "apiVersion: {version}{line}kind: {kind}{line}metadata:{line}  name: NAME-{index}{line}v: {value}{line}"
        );
    }
}
