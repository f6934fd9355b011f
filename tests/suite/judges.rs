//! What the real kubectl says. `PLIMSOLL_KUBECTL` names it.

use crate::render::golden;
use crate::support::{SHIPPED, labelled, release, tool};

#[test]
#[ignore = "needs kubectl: set PLIMSOLL_KUBECTL"]
fn kubectl_reads_every_golden_render_as_the_same_objects() {
    let kubectl = tool("PLIMSOLL_KUBECTL");
    for (name, chart, values) in SHIPPED {
        let text = std::fs::read_to_string(golden(chart)).unwrap();
        let printed = labelled(&kubectl, &text, "json", chart);
        let stream = serde_json::Deserializer::from_slice(&printed).into_iter::<serde_json::Value>();
        let mut seen: Vec<serde_json::Value> = Vec::new();
        for value in stream {
            let value = value.unwrap();
            // kubectl prints one object by itself and several as a List.
            match value.get("items").and_then(|items| items.as_array()) {
                Some(items) => seen.extend(items.iter().cloned()),
                None => seen.push(value),
            }
        }
        for object in &mut seen {
            let labels = object["metadata"]["labels"].as_object_mut().unwrap();
            labels.remove("plimsoll-test");
            if labels.is_empty() {
                object["metadata"].as_object_mut().unwrap().remove("labels");
            }
        }
        let rendered = release(name, chart, values.as_slice(), &[]);
        let ours: Vec<serde_json::Value> =
            rendered.render.objects().map(|object| serde_json::to_value(&*object.root).unwrap()).collect();
        assert_eq!(seen, ours, "{chart}");
    }
}
