//! Text in which `*` stands for any characters, and `\*` and `\\` for themselves.

/// A text with wildcards.
#[derive(Debug, Clone)]
pub(super) struct Wildcard {
    /// What stands between the wildcards.
    parts: Vec<String>,
}

impl Wildcard {
    /// Reads a text; the error is EventBridge's. Positions count from the opening quote, which is at 0.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = vec![String::new()];
        let mut characters = text.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let next = characters.peek().map(|(_, c)| *c);
            let literal = match (c, next) {
                ('*', Some('*')) => return Err(format!("Consecutive wildcard characters at pos {}", at + 1)),
                ('*', _) => {
                    parts.push(String::new());
                    continue;
                }
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    characters.next();
                    escaped
                }
                ('\\', _) => return Err(format!("Invalid escape character at pos {}", at + 1)),
                (c, _) => c,
            };
            parts.last_mut().expect("there is always a part").push(literal);
        }
        Ok(Self { parts })
    }

    /// Whether the whole of a text is so.
    pub(super) fn matches(&self, text: &str) -> bool {
        let [first, rest @ ..] = &self.parts[..] else { return false };
        let Some((last, middle)) = rest.split_last() else { return text == first };
        let Some(mut text) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str())) else {
            return false;
        };
        // The earliest place for each part leaves the most for those behind it.
        for part in middle {
            let Some((_, behind)) = text.split_once(part.as_str()) else { return false };
            text = behind;
        }
        true
    }
}
