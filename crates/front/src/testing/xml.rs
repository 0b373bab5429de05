//! Answers in XML, by the paths of their texts.

use super::{Bench, Reply};
use quick_xml::{Reader, events::Event};

/// An answer in XML: every text with the path of elements to it, without the outermost.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    texts: Vec<(String, String)>,
}

impl Answer {
    /// Reads a reply.
    pub fn of(reply: &Reply) -> Self {
        let text = reply.text();
        let mut reader = Reader::from_str(&text);
        let (mut path, mut texts, mut held) = (Vec::new(), Vec::new(), String::new());
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}")) {
                Event::Start(start) => {
                    path.push(start.local_name().as_ref().to_owned());
                    held.clear();
                }
                Event::Text(found) => held.push_str(&found),
                Event::GeneralRef(found) => held.push_str(&unescape(&format!("&{};", &*found))),
                Event::End(_) => {
                    if !held.trim().is_empty() {
                        texts.push((path[1..].join("/"), std::mem::take(&mut held)));
                    }
                    path.pop();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Self { status: reply.status, texts }
    }

    /// All texts whose path ends so.
    pub fn all(&self, suffix: &str) -> Vec<&str> {
        let ends = |path: &str| path == suffix || path.ends_with(&format!("/{suffix}"));
        self.texts.iter().filter(|(path, _)| ends(path)).map(|(_, text)| text.as_str()).collect()
    }

    /// The first text whose path ends so.
    pub fn one(&self, suffix: &str) -> &str {
        self.all(suffix).first().copied().unwrap_or_else(|| panic!("no {suffix} in {:?}", self.texts))
    }

    /// The code of an error.
    pub fn code(&self) -> &str {
        self.one("Error/Code")
    }

    /// The message of an error.
    pub fn message(&self) -> &str {
        self.one("Error/Message")
    }
}

fn unescape(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// Calls an operation of a service that speaks forms and XML.
pub async fn call(bench: &Bench, service: &str, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    Answer::of(&bench.form(service, operation, parameters).await)
}

/// Calls an operation, which has to succeed.
pub async fn ok(bench: &Bench, service: &str, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    let answer = call(bench, service, operation, parameters).await;
    assert_eq!(answer.status, 200, "{operation} {parameters:?}: {answer:?}");
    answer
}
