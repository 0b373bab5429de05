//! Input transformers: a template that is taken renders to JSON, whatever the event is.
//!
//! An input is the path of a variable `v`, a template and an event, with NUL characters between them.
#![no_main]

use fuzz::texts;
use libfuzzer_sys::fuzz_target;
use logic::event_input::{Path, Reserved, Template};
use serde_json::{Deserializer, Value, de::IoRead};
use std::collections::BTreeMap;

const RESERVED: Reserved = Reserved { rule_arn: "arn", rule_name: "rule", ingestion_time: "2026-01-01T00:00:00Z" };

fuzz_target!(|data: &[u8]| {
    let [path, template, event] = texts(data);
    let Ok(event) = serde_json::from_str::<Value>(&event) else { return };
    if let Some(path) = Path::parse(&path) {
        path.find(&event);
    }
    let Ok(template) = Template::parse(&BTreeMap::from([("v".to_owned(), path)]), &template) else { return };
    let rendered = template.render(&event, RESERVED);
    let mut values = Deserializer::new(IoRead::new(rendered.as_bytes())).into_iter::<Value>();
    assert!(values.all(|value| value.is_ok()), "{rendered}");
});
