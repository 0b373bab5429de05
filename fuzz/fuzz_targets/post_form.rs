//! Forms that upload to S3: their fields, and the policy that says what these may be.
//!
//! An input is a `Content-Type` in the first line, and a form behind it.
#![no_main]

use bytes::Bytes;
use futures::{executor::block_on, stream};
use libfuzzer_sys::fuzz_target;
use logic::post_policy::Policy;
use model::Timestamp;
use multer::Multipart;
use std::collections::BTreeMap;

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (kind, form) = (String::from_utf8_lossy(&data[..cut]), data.get(cut + 1..).unwrap_or_default());
    let Ok(boundary) = multer::parse_boundary(kind) else { return };
    let Some(mut fields) = block_on(fields(boundary, form.to_vec())) else { return };
    match Policy::parse(fields.get("policy").map(String::as_bytes).unwrap_or_default()) {
        Err(invalid) => assert!(invalid.to_string().starts_with("Invalid Policy: ")),
        Ok(policy) => {
            assert!(policy.check(&fields, Timestamp(i64::MAX)).is_err(), "every policy ends");
            fields.insert("a field that nobody named".into(), "x".into());
            assert!(policy.check(&fields, Timestamp(i64::MIN)).is_err());
        }
    }
});

async fn fields(boundary: String, form: Vec<u8>) -> Option<BTreeMap<String, String>> {
    let mut form = Multipart::new(stream::iter([Ok::<_, std::io::Error>(Bytes::from(form))]), boundary);
    let mut fields = BTreeMap::new();
    while let Some(field) = form.next_field().await.ok()? {
        fields.insert(field.name()?.to_ascii_lowercase(), field.text().await.ok()?);
    }
    Some(fields)
}
