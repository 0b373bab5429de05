//! An XML document as a tree, without what AWS's XML has no use for. Document types are refused, and with them entities of the
//! sender's own making; nesting is bounded.

use super::super::limits::{self, MAX_DEPTH};
use crate::Fault;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Further attributes of an element are not read.
const MAX_ATTRIBUTES: usize = 64;

/// An element. Names are without prefix, attribute names with theirs.
#[derive(Debug, Default, PartialEq)]
pub struct Element {
    /// The local name.
    pub name: String,
    /// The attributes, namespace declarations included.
    pub attributes: Vec<(String, String)>,
    /// The text directly inside, joined.
    pub text: String,
    /// The elements inside.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The root of a document; none where there is nothing but white space.
    pub fn parse(body: &[u8]) -> Result<Option<Element>, Fault> {
        limits::check(body, b"<=")?;
        let text = std::str::from_utf8(body).map_err(|_| malformed())?;
        let mut reader = Reader::from_str(text);
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().map_err(|_| malformed())? {
                Event::Start(_) if open.len() > MAX_DEPTH => return Err(malformed()),
                Event::Start(tag) => open.push(start(&tag)?),
                Event::Empty(tag) => innermost(&mut open)?.children.push(start(&tag)?),
                Event::End(_) => close(&mut open)?,
                Event::Text(text) => innermost(&mut open)?.text.push_str(&text.xml10_content()),
                Event::CData(text) => innermost(&mut open)?.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let resolved = reference.resolve_char_ref().map_err(|_| malformed())?.map(String::from);
                    let named = || resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned);
                    innermost(&mut open)?.text.push_str(&resolved.or_else(named).ok_or_else(malformed)?);
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::DocType(_) => return Err(malformed()),
                Event::Eof => break,
            }
        }
        root(open)
    }
}

/// The document's only element. Text beside it is refused.
fn root(mut open: Vec<Element>) -> Result<Option<Element>, Fault> {
    let mut document = open.pop().filter(|_| open.is_empty()).ok_or_else(malformed)?;
    match document.children.len() {
        0 | 1 if document.text.trim().is_empty() => Ok(document.children.pop()),
        _ => Err(malformed()),
    }
}

fn start(tag: &BytesStart) -> Result<Element, Fault> {
    let mut element = Element { name: tag.local_name().as_ref().to_owned(), ..Element::default() };
    for attribute in tag.attributes().with_checks(false).take(MAX_ATTRIBUTES) {
        let attribute = attribute.map_err(|_| malformed())?;
        let value = unescape(&attribute.value).map_err(|_| malformed())?;
        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn close(open: &mut Vec<Element>) -> Result<(), Fault> {
    let done = open.pop().ok_or_else(malformed)?;
    innermost(open)?.children.push(done);
    Ok(())
}

fn innermost(open: &mut [Element]) -> Result<&mut Element, Fault> {
    open.last_mut().ok_or_else(malformed)
}

fn malformed() -> Fault {
    Fault::client("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}
