//! Zips of all kinds, most of them hostile.

use crate::{Contents, LARGEST_UNZIPPED, Refused, check, unpack};
use std::{
    io::{Cursor, Write},
    os::unix::fs::PermissionsExt,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A zip in the making.
struct Making(ZipWriter<Cursor<Vec<u8>>>);

fn zip() -> Making {
    Making(ZipWriter::new(Cursor::new(Vec::new())))
}

fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

impl Making {
    fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.with(name, bytes, deflated())
    }

    fn with(mut self, name: &str, bytes: &[u8], options: SimpleFileOptions) -> Self {
        self.0.start_file(name, options).unwrap();
        self.0.write_all(bytes).unwrap();
        self
    }

    fn link(mut self, name: &str, target: &str) -> Self {
        self.0.add_symlink(name, target, SimpleFileOptions::default()).unwrap();
        self
    }

    fn folder(mut self, name: &str) -> Self {
        self.0.add_directory(name, SimpleFileOptions::default()).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.finish().unwrap().into_inner()
    }
}

fn checked(bytes: &[u8]) -> Result<Contents, Refused> {
    check(Cursor::new(bytes), LARGEST_UNZIPPED)
}

/// Refused as something that can't be unpacked, both when it comes and when it is unpacked; what it says.
fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::create_dir(&inside).unwrap();
    assert!(unpack(Cursor::new(bytes), &inside, LARGEST_UNZIPPED).is_err());
    assert!(!outside.exists(), "something was written outside");
    match checked(bytes) {
        Err(Refused::Unreadable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_in_a_zip_comes_to_lie_in_a_folder() {
    let mode = |mode| deflated().unix_permissions(mode);
    let bytes = zip()
        .with("bootstrap", b"#!/bin/sh", mode(0o4755))
        .with("lib/data.txt", b"data", mode(0o600))
        .folder("empty/")
        .link("lib/link", "../bootstrap")
        .bytes();
    let expected = Contents { entries: 4, unzipped: 13 };
    assert_eq!(checked(&bytes).unwrap(), expected);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(unpack(Cursor::new(&bytes), folder.path(), LARGEST_UNZIPPED).unwrap(), expected);
    let at = |path: &str| folder.path().join(path);
    assert_eq!(std::fs::read(at("lib/link")).unwrap(), b"#!/bin/sh");
    let bits = |path: &str| std::fs::metadata(at(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((bits("bootstrap"), bits("lib/data.txt"), bits("lib"), bits("empty")), (0o755, 0o644, 0o755, 0o755));
}

#[test]
fn what_is_no_zip_is_refused() {
    let whole = zip().file("a", &[7; 1000]).bytes();
    for bytes in [&b""[..], b"not a zip", &whole[..whole.len() / 2], &whole[40..]] {
        refused(bytes);
    }
    let mut damaged = whole.clone();
    damaged[35] ^= 0x55;
    refused(&damaged);
}

#[test]
fn nothing_leads_out() {
    for name in ["../out", "a/../../out", "/out", "..", "a/.."] {
        let placeholder = "x".repeat(name.len());
        let bytes = zip().file(&placeholder, b"1").bytes();
        assert!(refused(&renamed(&bytes, &placeholder, name)).contains("leads elsewhere"), "{name}");
    }
    for (name, target) in [("l", "../out"), ("l", "/etc/passwd"), ("a/l", "../.."), ("l", "a/.."), ("l", "")] {
        assert!(refused(&zip().link(name, target).bytes()).contains("leads elsewhere"), "{name} -> {target}");
    }
}

#[test]
fn nothing_is_written_by_way_of_a_link() {
    let through = zip().folder("d").link("l", "d").file("l/x", b"1").bytes();
    assert!(refused(&through).contains("folder and something else"));
    let onto = zip().file("f", b"1").link("l", "f").bytes();
    let onto = renamed(&zip_with(&onto, "k"), "k", "l");
    refused(&onto);
}

/// The same zip with one more file.
fn zip_with(bytes: &[u8], name: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new_append(Cursor::new(bytes.to_vec())).unwrap();
    writer.start_file(name, deflated()).unwrap();
    writer.write_all(b"2").unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_name_is_there_once() {
    for (first, second, written) in [("aa", "bb", "aa"), ("aa/b", "ccccc", "aa//b"), ("aa", "cc/b", "aa/b")] {
        let bytes = zip().file(first, b"1").file(second, b"2").bytes();
        refused(&renamed(&bytes, second, written));
    }
}

/// Writes another name of the same length over a name, wherever it stands.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, at)| *at == from.as_bytes()).map(|(at, _)| at).collect();
    assert!(places.len() >= 2, "in the entry and in the directory");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn a_bomb_is_too_large_whatever_it_says_of_itself() {
    let honest = zip().file("zeros", &vec![0; 5_000_000]).bytes();
    assert!(honest.len() < 10_000);
    let most = |bytes: &[u8], most| check(Cursor::new(bytes), most);
    assert!(most(&honest, 5_000_000).is_ok());
    assert!(matches!(most(&honest, 4_999_999), Err(Refused::TooLarge(4_999_999))));
    let mut lying = honest.clone();
    let size = 5_000_000_u32.to_le_bytes();
    for at in 0..lying.len() - 4 {
        if lying[at..at + 4] == size {
            lying[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
        }
    }
    assert!(most(&lying, 1_000_000).is_err());
}

#[test]
fn devices_and_secrets_are_refused() {
    let fifo = zip().file("f", b"").bytes();
    let mut fifo = fifo;
    let directory = fifo.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    fifo[directory + 38..directory + 42].copy_from_slice(&(0o010_644_u32 << 16).to_le_bytes());
    assert!(refused(&fifo).contains("neither a file nor a folder"));
    let mut secret = zip().file("f", b"1").bytes();
    let directory = secret.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    secret[6] |= 1;
    secret[directory + 8] |= 1;
    refused(&secret);
}

proptest::proptest! {
    #[test]
    fn damage_never_panics_and_never_leads_out(at in 0_usize..400, byte: u8, cut in 0_usize..400) {
        let mut bytes = zip().file("a/b", b"hello").link("a/l", "b").folder("c").bytes();
        if at < bytes.len() {
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut / 4));
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("in");
        std::fs::create_dir(&inside).unwrap();
        let come = checked(&bytes).is_ok();
        let unpacked = unpack(Cursor::new(&bytes), &inside, LARGEST_UNZIPPED).is_ok();
        proptest::prop_assert_eq!(come, unpacked, "what was taken can be unpacked");
        proptest::prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
