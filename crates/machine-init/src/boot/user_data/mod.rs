//! User data, taken apart: what cloud-init calls its formats ("User-Data Formats" in its documentation). Pure.

mod mime;

use flate2::read::MultiGzDecoder;
use std::io::Read;

/// What compressed user data may become.
const LONGEST: u64 = 32 << 20;

/// How deep parts may stand in parts.
const DEEPEST: usize = 4;

/// One piece of the user data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A program that is run once, as it is: its first line says by what.
    Script(Vec<u8>),
    /// A `#cloud-config`.
    Config(String),
    /// Something that isn't built or can't be understood, in words for the console.
    Refused(String),
}

/// The pieces, in their order.
pub fn parts(bytes: &[u8]) -> Vec<Part> {
    let mut found = Vec::new();
    take_apart(bytes, None, 0, &mut found);
    found
}

fn take_apart(bytes: &[u8], kind: Option<&str>, depth: usize, found: &mut Vec<Part>) {
    let unpacked = match unpack(bytes) {
        Ok(unpacked) => unpacked,
        Err(error) => return found.push(Part::Refused(format!("user data can't be decompressed: {error}"))),
    };
    if unpacked.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    match mime::message(&unpacked) {
        Some(_) if depth >= DEEPEST => found.push(Part::Refused("user data have too many parts in parts".into())),
        Some(pieces) => pieces.iter().for_each(|piece| take_apart(&piece.body, Some(&piece.kind), depth + 1, found)),
        None => found.push(single(unpacked, kind)),
    }
}

/// A piece by its first line, or, where that says nothing, by the type that a multi-part message gives it.
fn single(bytes: Vec<u8>, kind: Option<&str>) -> Part {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first).trim_end().to_owned();
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).map_or_else(|_| Part::Refused("a cloud-config isn't UTF-8".into()), Part::Config)
    };
    match (first.as_str(), kind) {
        ("#cloud-config", _) => text(bytes),
        (line, _) if line.starts_with("#!") => Part::Script(bytes),
        (line @ ("#cloud-boothook" | "#cloud-config-archive" | "#include" | "#include-once" | "#part-handler"), _) => {
            Part::Refused(format!("user data of the format {line} are not built"))
        }
        (line, _) if line.starts_with("## template:") => Part::Refused("templates in user data are not built".into()),
        (_, Some("text/cloud-config")) => text(bytes),
        (_, Some("text/x-shellscript")) => Part::Refused("a script has to begin with #!".into()),
        (_, Some(kind)) if kind != "text/plain" => Part::Refused(format!("user data of the type {kind} are not built")),
        _ => {
            Part::Refused("user data begin with none of #!, #cloud-config and a MIME header, so nothing is done with them".into())
        }
    }
}

/// Undoes gzip, as far as it goes.
fn unpack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
    }
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes).take(LONGEST).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_first_line_says_what_it_is() {
        let script = b"#!/bin/sh\necho hi\n";
        assert_eq!(parts(script), [Part::Script(script.to_vec())]);
        assert_eq!(parts(b"#cloud-config\nruncmd: []\n"), [Part::Config("#cloud-config\nruncmd: []\n".into())]);
        assert_eq!(parts(b"#cloud-config\r\nruncmd: []\n").len(), 1);
        assert_eq!(parts(&zipped(script)), [Part::Script(script.to_vec())]);
        assert_eq!(parts(b" \n"), []);
        for refused in [&b"#include\nhttp://x\n"[..], b"echo hi", b"## template: jinja\n#cloud-config\n", b"\x1f\x8bnot gzip"] {
            assert!(matches!(parts(refused)[..], [Part::Refused(_)]), "{refused:?}");
        }
    }

    #[test]
    fn a_message_of_several_parts_is_taken_apart() {
        let message = "Content-Type: multipart/mixed;\r\n boundary=\"==B==\"\r\nMIME-Version: 1.0\r\n\r\n--==B==\r\n\
            Content-Type: text/cloud-config; charset=\"us-ascii\"\r\n\r\nruncmd: [ls]\r\n--==B==\r\n\
            Content-Type: text/x-shellscript\r\nContent-Transfer-Encoding: base64\r\n\r\nIyEvYmluL3No\r\nCmxzCg==\r\n--==B==--\r\n";
        assert_eq!(parts(message.as_bytes()), [Part::Config("runcmd: [ls]".into()), Part::Script(b"#!/bin/sh\nls\n".to_vec())]);
    }

    #[test]
    fn a_message_in_itself_ends() {
        let mut message = b"#!/bin/sh\n".to_vec();
        for _ in 0..20 {
            let inner = String::from_utf8(message).unwrap();
            message =
                format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{inner}\n--b--\n").into_bytes();
        }
        assert!(!parts(&message).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            parts(&bytes);
        }

        #[test]
        fn no_message_makes_it_panic(body in "(--b|\n|\r\n|Content-Type: |text/plain|multipart/mixed; boundary=b|a|:|--){0,40}") {
            parts(format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{body}").as_bytes());
        }
    }
}
