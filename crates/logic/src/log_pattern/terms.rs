//! The plain form: words and phrases that a message must hold, may hold, or must not hold.

use super::{InvalidPattern, scan::Scanner};
use regex::Regex;

#[derive(Debug, Default)]
pub(super) struct Terms {
    required: Vec<Term>,
    /// One is enough; left out of account where anything else is asked for (user guide, "Match terms with optional terms").
    optional: Vec<Term>,
    excluded: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<Terms, InvalidPattern> {
    let mut terms = Terms::default();
    loop {
        scanner.skip_space();
        let list = match scanner.peek() {
            None => return Ok(terms),
            Some('?') => &mut terms.optional,
            Some('-') => &mut terms.excluded,
            Some(_) => &mut terms.required,
        };
        scanner.take("?");
        scanner.take("-");
        list.push(term(scanner)?);
    }
}

fn term(scanner: &mut Scanner<'_>) -> Result<Term, InvalidPattern> {
    if scanner.take("\"") {
        return scanner.quoted('"').map(Term::Text);
    }
    if scanner.take("%") {
        return scanner.regex().map(Term::Regex);
    }
    let word = scanner.take_while(|c| !c.is_whitespace());
    if word.is_empty() { Err(scanner.invalid("a term is expected")) } else { Ok(Term::Text(word.to_owned())) }
}

impl Terms {
    pub(super) fn matches(&self, message: &str) -> bool {
        let only_optional = self.required.is_empty() && self.excluded.is_empty();
        if only_optional {
            return self.optional.iter().any(|term| term.is_in(message));
        }
        self.required.iter().all(|term| term.is_in(message)) && !self.excluded.iter().any(|term| term.is_in(message))
    }
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Term::Text(text) => message.contains(text.as_str()),
            Term::Regex(regex) => regex.is_match(message),
        }
    }
}
