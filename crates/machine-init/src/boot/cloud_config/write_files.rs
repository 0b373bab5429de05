//! `write_files` of a cloud-config.

use super::yaml::Node;
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// What a compressed file may become.
const LONGEST: u64 = 32 << 20;

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFile {
    /// Where, absolute.
    pub path: String,
    /// What.
    pub content: Vec<u8>,
    /// User, and group if it is said.
    pub owner: Option<(String, Option<String>)>,
    /// Permission bits.
    pub mode: u32,
    /// At the end of what is there.
    pub append: bool,
}

/// Reads the list.
pub(super) fn parse(node: &Node, refused: &mut Vec<String>) -> Option<Vec<WriteFile>> {
    let Node::List(list) = node else { return (*node == Node::Null).then(Vec::new) };
    let mut files = Vec::new();
    for node in list {
        match file(node) {
            Ok(file) => files.push(file),
            Err(why) => refused.push(format!("cloud-config: a file of write_files is not written: {why}")),
        }
    }
    Some(files)
}

fn file(node: &Node) -> Result<WriteFile, String> {
    let Node::Map(map) = node else { return Err("it is no mapping".into()) };
    let mut file = WriteFile { path: String::new(), content: Vec::new(), owner: None, mode: 0o644, append: false };
    let mut encoding = "text/plain";
    for (key, node) in map {
        let text = || node.text().ok_or_else(|| format!("{key} is no text"));
        match key.as_str() {
            "path" => file.path = text()?.to_owned(),
            "content" => file.content = content(node).ok_or("its content is not understood")?,
            "encoding" => encoding = text()?,
            "owner" => file.owner = Some(owner(text()?)),
            "permissions" => file.mode = mode(text()?).ok_or("its permissions are not octal")?,
            "append" => file.append = node.truth().ok_or("append is neither true nor false")?,
            // All files are written when the users are there.
            "defer" => {}
            _ => return Err(format!("{key} is not built")),
        }
    }
    if !file.path.starts_with('/') {
        return Err("its path isn't absolute".into());
    }
    file.content = decode(file.content, encoding)?;
    Ok(file)
}

fn content(node: &Node) -> Option<Vec<u8>> {
    match node {
        Node::Null => Some(Vec::new()),
        Node::Text(text) => Some(text.clone().into_bytes()),
        Node::Binary(text) => from_base64(text.as_bytes()),
        _ => None,
    }
}

fn owner(text: &str) -> (String, Option<String>) {
    match text.split_once(':') {
        Some((user, group)) => (user.to_owned(), Some(group.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// Always octal, as everybody means it, with or without a prefix.
fn mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o7777)
}

fn decode(bytes: Vec<u8>, encoding: &str) -> Result<Vec<u8>, String> {
    let no_base64 = || "its content is no base64".to_owned();
    match encoding {
        "text/plain" | "" => Ok(bytes),
        "b64" | "base64" => from_base64(&bytes).ok_or_else(no_base64),
        "gz" | "gzip" => unzip(&bytes),
        "gz+b64" | "gzip+b64" | "gz+base64" | "gzip+base64" => unzip(&from_base64(&bytes).ok_or_else(no_base64)?),
        other => Err(format!("the encoding {other} is not built")),
    }
}

fn from_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).ok()
}

fn unzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(LONGEST).read_to_end(&mut unpacked);
    read.map(|_| unpacked).map_err(|error| format!("its content is no gzip: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::CloudConfig;

    #[test]
    fn files_are_read() {
        let config = CloudConfig::parse(
            "write_files:\n - path: /a\n   content: |\n     one\n   permissions: '0600'\n   owner: ada:adm\n - {path: /b, content: aGk=, encoding: b64, append: yes, permissions: 0755}\n",
        );
        assert_eq!(config.refused, Vec::<String>::new());
        let [a, b] = &config.write_files[..] else { panic!() };
        assert_eq!((a.content.as_slice(), a.mode), (&b"one\n"[..], 0o600));
        assert_eq!(a.owner, Some(("ada".into(), Some("adm".into()))));
        assert_eq!((b.content.as_slice(), b.mode, b.append), (&b"hi"[..], 0o755, true));
    }

    #[test]
    fn what_can_not_be_written_is_said() {
        for bad in [
            "{path: a}",
            "{content: x}",
            "{path: /a, permissions: 9}",
            "{path: /a, encoding: rot13}",
            "{path: /a, content: '!', encoding: b64}",
            "x",
            "{path: /a, source: {uri: x}}",
        ] {
            let config = CloudConfig::parse(&format!("write_files: [{bad}]"));
            assert_eq!((config.refused.len(), config.write_files.len()), (1, 0), "{bad}");
        }
    }
}
