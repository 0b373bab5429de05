//! The marks of a JSON text one by one, and at which of them the reader stands.
//!
//! EventBridge says where in a pattern it stumbled, by the habits of the parser it is built with: a text's place is just after its
//! opening quote until somebody wants the text, and a name is read together with the beginning of its value. The habits are kept
//! here, so that the messages name the same columns.

use super::Invalid;
use serde_json::Number;
use std::fmt::Write;

/// How deep a pattern may be nested.
const MAX_DEPTH: usize = 1000;

/// How much of a pattern is repeated in a message.
const SNIPPET: usize = 500;

/// A mark of a JSON text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    /// The name of a member, with its colon.
    Name(String),
    Text(String),
    Number(Number),
    Bool(bool),
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

/// Reads a JSON text from left to right.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Everything before has been read.
    at: usize,
    /// What a message names as the place.
    told: usize,
    open: Vec<Container>,
    /// Whether the innermost container has had no member yet.
    fresh: bool,
    /// Whether a name has been read whose value has not.
    named: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, told: 0, open: Vec::new(), fresh: true, named: false }
    }

    /// The next mark.
    pub(super) fn next(&mut self) -> Result<Token, Invalid> {
        self.skip_space();
        match self.open.last() {
            Some(Container::Object) if !self.named => self.name_or_end(),
            Some(Container::Array) => self.element_or_end(),
            _ => self.value(),
        }
    }

    /// An error at the last mark.
    pub(super) fn invalid(&self, reason: impl std::fmt::Display) -> Invalid {
        self.invalid_at(reason, self.told)
    }

    /// An error just after the last mark, where the mark is a text that had been taken in as a whole.
    pub(super) fn invalid_after(&self, reason: impl std::fmt::Display) -> Invalid {
        self.invalid_at(reason, self.at)
    }

    fn invalid_at(&self, reason: impl std::fmt::Display, at: usize) -> Invalid {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count() + 1;
        Invalid(format!("{reason}\n at [Source: (String){}; line: {line}, column: {column}]", snippet(self.text)))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// Takes a character if it comes next.
    fn take(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(mark);
        if found {
            self.at += mark.len_utf8();
            self.told = self.at;
        }
        found
    }

    fn name_or_end(&mut self) -> Result<Token, Invalid> {
        if self.take('}') {
            return Ok(self.close(Token::EndObject));
        }
        self.separator("Object")?;
        if self.peek() != Some('"') {
            return Err(self.unexpected("was expecting double-quote to start field name"));
        }
        let name = self.string()?;
        self.skip_space();
        if !self.take(':') {
            return Err(self.unexpected("was expecting a colon to separate field name and value"));
        }
        self.skip_space();
        self.told = self.at + self.opening().len();
        self.named = true;
        self.fresh = false;
        Ok(Token::Name(name))
    }

    fn element_or_end(&mut self) -> Result<Token, Invalid> {
        if self.take(']') {
            return Ok(self.close(Token::EndArray));
        }
        self.separator("Array")?;
        self.fresh = false;
        self.value()
    }

    fn separator(&mut self, kind: &str) -> Result<(), Invalid> {
        if !self.fresh && !self.take(',') {
            return Err(self.unexpected(&format!("was expecting comma to separate {kind} entries")));
        }
        self.skip_space();
        Ok(())
    }

    fn close(&mut self, token: Token) -> Token {
        self.open.pop();
        self.fresh = false;
        token
    }

    fn begin(&mut self, container: Container, token: Token) -> Result<Token, Invalid> {
        self.open.push(container);
        self.fresh = true;
        if self.open.len() > MAX_DEPTH {
            let depth = self.open.len();
            return Err(self.invalid(format!("Document nesting depth ({depth}) exceeds the maximum allowed ({MAX_DEPTH})")));
        }
        Ok(token)
    }

    fn value(&mut self) -> Result<Token, Invalid> {
        self.named = false;
        match self.peek() {
            Some('{') => {
                self.take('{');
                self.begin(Container::Object, Token::BeginObject)
            }
            Some('[') => {
                self.take('[');
                self.begin(Container::Array, Token::BeginArray)
            }
            Some('"') => {
                let told = self.at + 1;
                let text = self.string()?;
                self.told = told;
                Ok(Token::Text(text))
            }
            Some('0'..='9' | '-') => self.number(),
            Some(_) => self.literal(),
            None => Err(self.unexpected("")),
        }
    }

    /// What is read of a value together with its name.
    fn opening(&self) -> &'a str {
        let rest = self.rest();
        match rest.chars().next() {
            Some('"' | '{' | '[') => &rest[..1],
            _ => word(rest),
        }
    }

    fn string(&mut self) -> Result<String, Invalid> {
        let mut inner = self.rest()[1..].char_indices();
        let end = loop {
            match inner.next() {
                Some((_, '\\')) => drop(inner.next()),
                Some((at, '"')) => break at + 2,
                Some(_) => {}
                None => {
                    self.told = self.text.len();
                    return Err(self.invalid("Unexpected end-of-input in VALUE_STRING"));
                }
            }
        };
        let quoted = &self.rest()[..end];
        let text = serde_json::from_str(quoted).map_err(|_| self.invalid("Illegal character or escape in VALUE_STRING"))?;
        self.at += end;
        self.told = self.at;
        Ok(text)
    }

    fn number(&mut self) -> Result<Token, Invalid> {
        let word = word(self.rest());
        let number = serde_json::from_str(word).map_err(|_| self.invalid(format!("Invalid numeric value: {word}")))?;
        self.at += word.len();
        self.told = self.at;
        Ok(Token::Number(number))
    }

    fn literal(&mut self) -> Result<Token, Invalid> {
        let word = word(self.rest());
        let token = match word {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            "null" => Token::Null,
            "" => return Err(self.unexpected("expected a valid value")),
            _ => {
                let expected = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
                self.told = self.at + word.len();
                return Err(self.invalid(format!("Unrecognized token '{word}': {expected}")));
            }
        };
        self.at += word.len();
        self.told = self.at;
        Ok(token)
    }

    fn unexpected(&mut self, expected: &str) -> Invalid {
        match self.peek() {
            Some(found) => {
                self.told = self.at + found.len_utf8();
                self.invalid(format!("Unexpected character ('{found}' (code {})): {expected}", u32::from(found)))
            }
            None => {
                self.told = self.at;
                self.invalid("Unexpected end-of-input")
            }
        }
    }
}

/// Everything up to a mark that ends a number or a literal.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || ",:[]{}\"".contains(c)).unwrap_or(text.len());
    &text[..end]
}

/// The text in quotes, shortened; control characters are escaped, line breaks are not.
fn snippet(text: &str) -> String {
    let mut shown = String::from("\"");
    for c in text.chars().take(SNIPPET) {
        if c.is_control() && c != '\n' && c != '\r' {
            let _ = write!(shown, "\\u{:04X}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown.push('"');
    let all = text.chars().count();
    if all > SNIPPET {
        let _ = write!(shown, "[truncated {} chars]", all - SNIPPET);
    }
    shown
}
