//! The marks that all three forms of a pattern are made of.

use super::InvalidPattern;
use regex::{Regex, RegexBuilder};

/// Reads a pattern from left to right.
pub(super) struct Scanner<'a> {
    rest: &'a str,
}

/// A value that a field or a selected member is compared with.
#[derive(Debug)]
pub(super) enum Operand {
    /// Text; `*` stands for any characters.
    Text(Wildcard),
    /// A number, which also is the text that it was written as.
    Number(f64, Wildcard),
    /// `%…%`.
    Regex(Regex),
}

/// Text in which `*` stands for any characters.
#[derive(Debug)]
pub(super) struct Wildcard(Vec<String>);

/// How two things are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The next character, without taking it.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a mark if it comes next, after any space.
    pub(super) fn take(&mut self, mark: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a word, whatever its case, if it comes next and ends there.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(head) = self.rest.get(..word.len()) else { return false };
        let ends = !self.rest[word.len()..].starts_with(|c: char| c.is_alphanumeric());
        let found = head.eq_ignore_ascii_case(word) && ends;
        if found {
            self.rest = &self.rest[word.len()..];
        }
        found
    }

    pub(super) fn expect(&mut self, mark: &str) -> Result<(), InvalidPattern> {
        if self.take(mark) { Ok(()) } else { Err(self.invalid(&format!("`{mark}` is expected"))) }
    }

    pub(super) fn expect_end(&mut self) -> Result<(), InvalidPattern> {
        self.skip_space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.invalid("the pattern should have ended")) }
    }

    /// Takes characters for as long as they are wanted.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes what stands up to the closing quote, whose opening one was taken. A backslash keeps the next character from closing.
    pub(super) fn quoted(&mut self, quote: char) -> Result<String, InvalidPattern> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.rest = &self.rest[at + quote.len_utf8()..];
                return Ok(text);
            }
            let escaped = (character == '\\').then(|| characters.next()).flatten();
            match escaped {
                // Within a regular expression only the closing mark loses its backslash.
                Some((_, next)) if next == quote || (next == '\\' && quote == '"') => text.push(next),
                Some((_, next)) => text.extend([character, next]),
                None => text.push(character),
            }
        }
        Err(self.invalid(&format!("{quote} is never closed")))
    }

    /// Takes what stands between two `%`, whose first was taken.
    pub(super) fn regex(&mut self) -> Result<Regex, InvalidPattern> {
        let source = self.quoted('%')?;
        RegexBuilder::new(&source)
            .size_limit(1 << 18)
            .build()
            .map_err(|_| self.invalid(&format!("%{source}% is not a regular expression")))
    }

    pub(super) fn comparison(&mut self) -> Result<Comparison, InvalidPattern> {
        const MARKS: [(&str, Comparison); 6] = [
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let found = MARKS.iter().find(|(mark, _)| self.take(mark));
        found.map(|(_, comparison)| *comparison).ok_or_else(|| self.invalid("a comparison is expected"))
    }

    /// A quoted text, a regular expression, or a bare word that ends at a space or one of `ends`.
    pub(super) fn operand(&mut self, ends: &str) -> Result<Operand, InvalidPattern> {
        if self.take("\"") {
            return Ok(Operand::Text(Wildcard::new(&self.quoted('"')?)));
        }
        if self.take("%") {
            return Ok(Operand::Regex(self.regex()?));
        }
        let word = self.take_while(|c| !c.is_whitespace() && !ends.contains(c));
        match word.parse::<f64>() {
            _ if word.is_empty() => Err(self.invalid("a value is expected")),
            Ok(number) if number.is_finite() => Ok(Operand::Number(number, Wildcard::new(word))),
            _ => Ok(Operand::Text(Wildcard::new(word))),
        }
    }

    pub(super) fn invalid(&self, why: &str) -> InvalidPattern {
        let near: String = self.rest.chars().take(20).collect();
        let place = if near.is_empty() { "at its end".to_owned() } else { format!("before `{near}`") };
        InvalidPattern(format!("Invalid filter pattern: {why}, {place}."))
    }
}

impl Operand {
    /// Whether a text compares as asked; order wants numbers on both sides.
    pub(super) fn compare_text(&self, text: &str, how: Comparison) -> bool {
        match (how, self) {
            (Comparison::Equal, _) => self.equals(text),
            (Comparison::NotEqual, _) => !self.equals(text),
            (_, Operand::Number(..)) => text.parse().is_ok_and(|number| self.compare_number(number, how)),
            _ => false,
        }
    }

    /// Whether a number compares as asked.
    pub(super) fn compare_number(&self, number: f64, how: Comparison) -> bool {
        let Operand::Number(operand, _) = self else {
            return match how {
                Comparison::Equal => self.equals(&number.to_string()),
                Comparison::NotEqual => !self.equals(&number.to_string()),
                _ => false,
            };
        };
        match how {
            Comparison::Equal => number == *operand,
            Comparison::NotEqual => number != *operand,
            Comparison::Less => number < *operand,
            Comparison::LessOrEqual => number <= *operand,
            Comparison::Greater => number > *operand,
            Comparison::GreaterOrEqual => number >= *operand,
        }
    }

    fn equals(&self, text: &str) -> bool {
        match self {
            Operand::Text(wildcard) | Operand::Number(_, wildcard) => wildcard.matches(text),
            Operand::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Wildcard {
    fn new(text: &str) -> Self {
        Self(text.split('*').map(str::to_owned).collect())
    }

    /// Whether the whole of a text is of this form; takes time in proportion to the text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.0.as_slice() else {
            return self.0.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.as_str())
    }
}
