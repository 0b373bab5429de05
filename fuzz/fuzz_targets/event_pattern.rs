//! Event patterns: they are read or refused, and what was read decides about any event.
//!
//! An input is a pattern and an event with a NUL character between them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logic::event_pattern::Pattern;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (pattern, event) = text.split_once('\0').unwrap_or((&text, "{}"));
    match Pattern::parse(pattern) {
        Ok(pattern) => {
            if let Ok(event) = serde_json::from_str(event) {
                pattern.matches(&event);
            }
        }
        Err(invalid) => assert!(!invalid.0.is_empty()),
    }
});
