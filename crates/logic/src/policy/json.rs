//! JSON with what serde_json drops and policies need: where each value stands, and whether a key came twice (RFC 8259).

use super::Malformed;
use std::collections::BTreeSet;
use std::ops::Range;

/// Policies nest six deep: document, statements, statement, conditions, operator, values.
const DEEPEST: usize = 16;

/// A value and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub json: Json,
    pub span: Range<usize>,
}

/// A value. Numbers stay as they were written, and members in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Json {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "a string",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }
}

/// The one value that the text is.
pub(super) fn read(text: &str) -> Result<Node, Malformed> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.blanks();
    if reader.at == text.len() { Ok(node) } else { Err(reader.wrong("something follows the document")) }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, Malformed> {
        self.blanks();
        if depth > DEEPEST {
            return Err(self.wrong("it is nested too deeply"));
        }
        let start = self.at;
        let json = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Json::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            _ => self.word()?,
        };
        Ok(Node { json, span: start..self.at })
    }

    fn object(&mut self, depth: usize) -> Result<Json, Malformed> {
        let mut members: Vec<(String, Node)> = Vec::new();
        let mut names = BTreeSet::new();
        self.at += 1;
        if self.accept(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a member's name was expected"));
            }
            let name = self.string()?;
            if !names.insert(name.clone()) {
                return Err(self.wrong(&format!("{name:?} is there twice")));
            }
            self.expect(b':')?;
            members.push((name, self.value(depth + 1)?));
            if self.accept(b'}') {
                return Ok(Json::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, Malformed> {
        let mut items = Vec::new();
        self.at += 1;
        if self.accept(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.accept(b']') {
                return Ok(Json::List(items));
            }
            self.expect(b',')?;
        }
    }

    /// Escapes are serde_json's to read, once the end of the string is known.
    fn string(&mut self) -> Result<String, Malformed> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => return Err(self.wrong("a string doesn't end")),
            }
        }
        let token = &self.text[self.at..=end];
        let read = serde_json::from_str(token).map_err(|_| self.wrong("a string holds what no string may"))?;
        self.at = end + 1;
        Ok(read)
    }

    fn number(&mut self) -> Result<String, Malformed> {
        let rest = &self.text[self.at..];
        let length = rest.find(|it: char| !matches!(it, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let token = &rest[..length];
        serde_json::from_str::<f64>(token).map_err(|_| self.wrong("a number is malformed"))?;
        self.at += length;
        Ok(token.to_owned())
    }

    fn word(&mut self) -> Result<Json, Malformed> {
        let known = [("true", Json::Bool(true)), ("false", Json::Bool(false)), ("null", Json::Null)];
        for (word, json) in known {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(json);
            }
        }
        Err(self.wrong("a value was expected"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.accept(byte) { Ok(()) } else { Err(self.wrong(&format!("{:?} was expected", char::from(byte)))) }
    }

    fn wrong(&self, what: &str) -> Malformed {
        Malformed::syntax(format!("{}: {what}", Positions::new(self.text).at(self.at)))
    }
}

/// A place in a document as `SimulateCustomPolicy` gives it: both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Finds positions, fastest if they are asked for in their order.
pub(super) struct Positions<'t> {
    text: &'t str,
    byte: usize,
    position: Position,
}

impl<'t> Positions<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, byte: 0, position: Position { line: 1, column: 1 } }
    }

    /// The position of a byte. A byte within a character counts as the character's first, one behind the text as its end.
    pub fn at(&mut self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte.min(self.text.len()));
        if byte < self.byte {
            *self = Self::new(self.text);
        }
        for character in self.text[self.byte..byte].chars() {
            let Position { line, column } = self.position;
            let ends = character == '\n';
            self.position = if ends { Position { line: line + 1, column: 1 } } else { Position { line, column: column + 1 } };
        }
        self.byte = byte;
        self.position
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_where_they_stand() {
        let text = "{\n \"a\": [1, {\"é\": \"x\\n\"}]\n}";
        let Json::Object(members) = read(text).unwrap().json else { panic!() };
        let Json::List(items) = &members[0].1.json else { panic!() };
        assert_eq!(items[0].json, Json::Number("1".into()));
        assert_eq!(&text[items[1].span.clone()], "{\"é\": \"x\\n\"}");
        assert_eq!(Positions::new(text).at(items[1].span.start), Position { line: 2, column: 11 });
        assert_eq!(Positions::new(text).at(items[1].span.end).column, 23);
        assert_eq!(Positions::new(text).at(10_000), Position { line: 3, column: 2 });
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let bad = [
            "",
            " ",
            "{",
            "[",
            "\"",
            "\"\\",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1,]",
            "[1 2]",
            "{a:1}",
            "nul",
            "01",
            "1.",
            "+1",
            "--1",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "{} {}",
            "1e999",
            "\u{feff}{}",
            "'a'",
        ];
        for text in bad {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_refused_however_it_is_written() {
        let fault = read("{\"a\": 1,\n \"\\u0061\": 2}").unwrap_err();
        assert_eq!(fault.message, "Syntax errors in policy.");
        assert_eq!(fault.detail.unwrap(), "line 2, column 10: \"a\" is there twice");
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(10)).is_ok());
        assert!(read(&nested(100)).is_err());
        assert!(read(&"[".repeat(1_000_000)).is_err());
        assert!(read(&"{\"a\":".repeat(1_000_000)).is_err());
    }
}
