//! Strings with `*` (any characters, also none) and `?` (exactly one character).

/// Whether letters of different case are the same. ASCII only: what is compared here are parts of HTTP messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `A` is not `a`.
    Sensitive,
    /// `A` is `a`.
    Insensitive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Byte(u8),
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    tokens: Vec<Token>,
    case: Case,
}

impl Pattern {
    /// Compiles a pattern in which every `*` and `?` is a wildcard.
    pub fn new(text: &str, case: Case) -> Self {
        let tokens = text.bytes().map(|byte| token(byte, case)).collect();
        Self { tokens, case }
    }

    /// Compiles a pattern in which `\` takes the meaning from the `*`, `?` or `\` after it, as in `query-string` conditions.
    pub fn with_escapes(text: &str, case: Case) -> Self {
        let mut tokens = Vec::with_capacity(text.len());
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            let escaped = (byte == b'\\').then(|| bytes.next_if(|next| b"*?\\".contains(next))).flatten();
            tokens.push(escaped.map_or_else(|| token(byte, case), Token::Byte));
        }
        Self { tokens, case }
    }

    /// Whether the whole text matches. Takes time proportional to the product of both lengths at worst, and no memory.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.as_bytes();
        let (mut at, mut next) = (0, 0);
        // Where to go on when a guess was wrong: the token after the last `*`, and the byte up to which that `*` reaches.
        let mut retry: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.tokens.get(next) {
                Some(Token::Any) => {
                    next += 1;
                    retry = Some((next, at));
                }
                Some(token) if self.fits(*token, text[at]) => {
                    at += 1;
                    next += 1;
                }
                _ => match retry {
                    Some((token, byte)) => {
                        next = token;
                        at = byte + 1;
                        retry = Some((token, at));
                    }
                    None => return false,
                },
            }
        }
        self.tokens[next..].iter().all(|token| *token == Token::Any)
    }

    fn fits(&self, token: Token, byte: u8) -> bool {
        match token {
            Token::Any => false,
            Token::One => true,
            Token::Byte(wanted) => wanted == folded(byte, self.case),
        }
    }
}

fn token(byte: u8, case: Case) -> Token {
    match byte {
        b'*' => Token::Any,
        b'?' => Token::One,
        byte => Token::Byte(folded(byte, case)),
    }
}

fn folded(byte: u8, case: Case) -> u8 {
    match case {
        Case::Sensitive => byte,
        Case::Insensitive => byte.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sensitive(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, Case::Sensitive).matches(text)
    }

    #[test]
    fn wildcards() {
        let matching = [
            ("", ""),
            ("*", ""),
            ("/img/*", "/img/"),
            ("/img/*/pics", "/img/a/b/pics"),
            ("*.example.com", "test.example.com"),
            ("/a?c", "/abc"),
            ("**a**", "bab"),
            ("*ab", "aab"),
            ("a*b*c", "axxbyybzc"),
        ];
        for (pattern, text) in matching {
            assert!(sensitive(pattern, text), "{pattern} should match {text}");
        }
        let others = [
            ("", "a"),
            ("/img/*", "/img"),
            ("/img/*", "/IMG/a"),
            ("*.example.com", "example.com"),
            ("/a?c", "/ac"),
            ("?", ""),
            ("a*b", "a"),
            ("a*bc", "abcb"),
        ];
        for (pattern, text) in others {
            assert!(!sensitive(pattern, text), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn case_is_ignored_where_it_should_be() {
        assert!(Pattern::new("*.Example.COM", Case::Insensitive).matches("a.eXample.com"));
    }

    #[test]
    fn escapes_are_literal() {
        let pattern = Pattern::with_escapes(r"a\*b\?c\\d\e*", Case::Sensitive);
        assert!(pattern.matches(r"a*b?c\d\exyz"));
        assert!(!pattern.matches(r"axb?c\d\e"));
    }

    /// The obvious definition, in exponential time.
    fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(b'*'), _) => by_definition(&pattern[1..], text) || (!text.is_empty() && by_definition(pattern, &text[1..])),
            (Some(b'?'), Some(_)) => by_definition(&pattern[1..], &text[1..]),
            (Some(a), Some(b)) if a == b => by_definition(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(sensitive(&pattern, &text), by_definition(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
