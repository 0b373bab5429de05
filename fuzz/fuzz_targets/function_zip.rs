//! The zips of functions: what is taken can be unpacked, and nothing is written outside.
#![no_main]

use function_code::{check, unpack};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

const MOST: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let taken = check(Cursor::new(bytes), MOST);
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("in");
    std::fs::create_dir(&folder).expect("a folder");
    let unpacked = unpack(Cursor::new(bytes), &folder, MOST);
    assert_eq!(taken.ok(), unpacked.ok());
    let around = std::fs::read_dir(outer.path()).expect("a folder").count();
    assert_eq!(around, 1, "something was written outside");
});
