//! Values as XML elements, by schema.

use super::super::text;
use super::read::child_name;
use crate::Value;
use crate::schema::{Kind, Member, Namespace, Protocol, Service, Structure, TimestampFormat};

/// Writes a document.
pub struct Writer<'a> {
    service: &'a Service,
    out: String,
}

impl<'a> Writer<'a> {
    /// An empty document, of the shapes of a service.
    pub fn new(service: &'a Service) -> Self {
        Self { service, out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") }
    }

    /// The document.
    pub fn finish(self) -> String {
        self.out
    }

    /// An element that holds text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.wrapped(name, None, |writer| writer.push(text));
    }

    /// The root element of a structure.
    pub fn root(&mut self, name: &str, namespace: Option<Namespace>, structure: &Structure, value: &Value) {
        self.structure(name, namespace.or(structure.namespace), structure, value);
    }

    /// A root element that holds nothing but text: the only member of its structure, which is named as it is (S3's `LocationConstraint`).
    pub fn root_text(&mut self, name: &str, namespace: Option<Namespace>, text: Option<&str>) {
        self.wrapped(name, namespace, |writer| writer.push(text.unwrap_or_default()));
    }

    /// The members of a structure that are elements in the body.
    pub fn members(&mut self, structure: &Structure, value: &Value) {
        for (member, value) in value.present(structure).filter(|(it, _)| it.location.is_body_of_response() && !it.xml_attribute) {
            self.member(child_name(self.service, member), member, value);
        }
    }

    /// An element of that name (or, flattened, many of them) that holds the value.
    pub fn member(&mut self, name: &str, member: &Member, value: &Value) {
        let service = self.service;
        let kind = &service.shape(member.shape).kind;
        match (kind, value) {
            (Kind::Structure(structure), _) => self.structure(name, member.namespace.or(structure.namespace), structure, value),
            (Kind::List(list), Value::List(items)) if member.flattened || list.flattened => {
                self.items(name, &list.member, items);
            }
            (Kind::List(list), Value::List(items)) => self.wrapped(name, member.namespace, |writer| {
                writer.items(list.member.wire_name(), &list.member, items);
            }),
            (Kind::Map(map), Value::Map(entries)) if member.flattened || map.flattened => {
                entries.iter().for_each(|(key, value)| self.entry(name, map, key, value, member.namespace));
            }
            (Kind::Map(map), Value::Map(entries)) => self.wrapped(name, member.namespace, |writer| {
                entries.iter().for_each(|(key, value)| writer.entry("entry", map, key, value, None));
            }),
            _ => {
                let format = text::format_of(member.timestamp, kind, TimestampFormat::Iso8601);
                self.wrapped(name, member.namespace, |writer| writer.push(&text::write(value, format)));
            }
        }
    }

    fn items(&mut self, name: &str, member: &Member, items: &[Value]) {
        let Some((first, others)) = items.split_first() else { return };
        let begin = self.out.len();
        self.member(name, member, first);
        // A document of megabytes is not to be moved each time that it has doubled.
        self.out.reserve((self.out.len() - begin) * others.len());
        others.iter().for_each(|item| self.member(name, member, item));
    }

    fn entry(&mut self, name: &str, map: &crate::schema::Map, key: &str, value: &Value, namespace: Option<Namespace>) {
        self.wrapped(name, namespace, |writer| {
            writer.wrapped(map.key.wire_name(), map.key.namespace, |writer| writer.push(key));
            writer.member(map.value.wire_name(), &map.value, value);
        });
    }

    fn structure(&mut self, name: &str, namespace: Option<Namespace>, structure: &Structure, value: &Value) {
        self.open(name);
        self.namespace(namespace);
        if self.service.protocols.contains(&Protocol::RestXml) {
            self.attributes(structure, value);
        }
        self.out.push('>');
        self.members(structure, value);
        self.close(name);
    }

    /// The members that are attributes, which only the shapes of this protocol have.
    fn attributes(&mut self, structure: &Structure, value: &Value) {
        for (member, value) in value.present(structure).filter(|(member, _)| member.xml_attribute) {
            self.attribute(member.wire_name(), &text::write(value, TimestampFormat::Iso8601));
        }
    }

    /// An element with a namespace, and what is inside.
    pub fn wrapped(&mut self, name: &str, namespace: Option<Namespace>, inside: impl FnOnce(&mut Self)) {
        self.open(name);
        self.namespace(namespace);
        self.out.push('>');
        inside(self);
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
    }

    fn namespace(&mut self, namespace: Option<Namespace>) {
        match namespace {
            Some(Namespace { prefix: "", uri }) => self.attribute("xmlns", uri),
            Some(Namespace { prefix, uri }) => self.attribute(&format!("xmlns:{prefix}"), uri),
            None => {}
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push_str(&format!(" {name}=\""));
        value.chars().for_each(|letter| push_escaped(&mut self.out, letter, true));
        self.out.push('"');
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn push(&mut self, text: &str) {
        // All of them are looked at, which processors do with many at once.
        if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
            return self.out.push_str(text);
        }
        text.chars().for_each(|letter| push_escaped(&mut self.out, letter, false));
    }
}

/// The service's namespace, if it has one.
pub fn namespace_of(service: &Service) -> Option<Namespace> {
    (!service.xml_namespace.is_empty()).then_some(Namespace { prefix: "", uri: service.xml_namespace })
}

/// Whether a byte is a character that is never escaped. Most text is made of such.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"')
}

/// Escapes what XML would read as markup, and the line ends that a reader would change. What XML 1.0 can't say at all (most control
/// characters) becomes U+FFFD.
fn push_escaped(out: &mut String, letter: char, attribute: bool) {
    match letter {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' if attribute => out.push_str("&quot;"),
        '\n' | '\t' if !attribute => out.push(letter),
        '\n' | '\t' | '\r' | '\u{85}' | '\u{2028}' => out.push_str(&format!("&#x{:X};", letter as u32)),
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
        _ => out.push(letter),
    }
}
