//! Texts with policy variables, `${aws:username}` (IAM user guide, "IAM policy elements: Variables and tags").

use super::Context;
use super::pattern::{Pattern, Style, Token, fold, tokens};

/// A text of a policy: a pattern, or one that is made for each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Template {
    Fixed(Pattern),
    /// Its pieces, and whether case matters.
    Variable(Box<[Piece]>, Case),
}

/// Whether `A` is `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Insensitive,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Tokens(Vec<Token>),
    Variable { key: String, default: Option<String> },
}

/// A piece as it is written.
enum Written<'t> {
    Text(&'t str),
    /// The character that `${*}`, `${?}` and `${$}` stand for.
    Character(char),
    Variable {
        key: &'t str,
        default: Option<&'t str>,
    },
}

impl Template {
    /// Compiles a text in which variables stand, if the policy's version has them.
    pub fn new(text: &str, style: Style, case: Case, variables: bool) -> Self {
        let folded = if case == Case::Insensitive { fold(text) } else { text.into() };
        if !variables || !text.contains("${") {
            return Template::Fixed(Pattern::new(&folded, style));
        }
        let written = split(text);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut colons = 0;
        for (index, piece) in written.iter().enumerate() {
            // What a variable stands for isn't known; a `*` before it counts as one within its part.
            let next = written.get(index + 1).map(first);
            let made = match piece {
                Written::Text(text) => {
                    let folded = if case == Case::Insensitive { fold(text) } else { (*text).into() };
                    Piece::Tokens(tokens(&folded, style, &mut colons, next))
                }
                Written::Character(character) => Piece::Tokens(vec![Token::Is(*character)]),
                Written::Variable { key, default } => {
                    Piece::Variable { key: (*key).to_owned(), default: default.map(str::to_owned) }
                }
            };
            match (pieces.last_mut(), made) {
                (Some(Piece::Tokens(before)), Piece::Tokens(more)) => before.extend(more),
                (_, made) => pieces.push(made),
            }
        }
        match pieces.as_slice() {
            [Piece::Tokens(tokens)] => Template::Fixed(Pattern::of(tokens)),
            _ => Template::Variable(pieces.into(), case),
        }
    }

    /// Whether the text is like this one. A variable without a value makes it match nothing.
    pub fn matches(&self, text: &str, context: &Context) -> bool {
        match self {
            Template::Fixed(pattern) => pattern.matches(text),
            Template::Variable(pieces, case) => fill(pieces, *case, context).is_some_and(|pattern| pattern.matches(text)),
        }
    }

    /// The keys of its variables.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let pieces: &[Piece] = if let Template::Variable(pieces, _) = self { pieces } else { &[] };
        pieces.iter().filter_map(|piece| if let Piece::Variable { key, .. } = piece { Some(key.as_str()) } else { None })
    }
}

/// Values are taken literally: a `*` in them is a `*`.
fn fill(pieces: &[Piece], case: Case, context: &Context) -> Option<Pattern> {
    let mut all = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Tokens(tokens) => all.extend_from_slice(tokens),
            Piece::Variable { key, default } => {
                let value = context.single(key).or(default.as_deref())?;
                let value = if case == Case::Insensitive { fold(value) } else { value.into() };
                all.extend(value.chars().map(Token::Is));
            }
        }
    }
    Some(Pattern::of(&all))
}

fn first(piece: &Written<'_>) -> char {
    match piece {
        Written::Text(text) => text.chars().next().unwrap_or('$'),
        Written::Character(character) => *character,
        Written::Variable { .. } => '$',
    }
}

/// Cuts at `${…}`. One that doesn't end, or names nothing, is text.
fn split(text: &str) -> Vec<Written<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, variable, after)) = next_variable(rest) {
        if !before.is_empty() {
            pieces.push(Written::Text(before));
        }
        pieces.push(variable);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Written::Text(rest));
    }
    pieces
}

fn next_variable(text: &str) -> Option<(&str, Written<'_>, &str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        let inside = start + 2;
        let end = inside + text[inside..].find('}')?;
        if let Some(variable) = variable(&text[inside..end]) {
            return Some((&text[..start], variable, &text[end + 1..]));
        }
        from = inside;
    }
    None
}

/// `key` or `key, 'default'`, or one of the three characters.
fn variable(inside: &str) -> Option<Written<'_>> {
    match inside {
        "*" => return Some(Written::Character('*')),
        "?" => return Some(Written::Character('?')),
        "$" => return Some(Written::Character('$')),
        _ => {}
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?)),
        None => (inside.trim(), None),
    };
    let named = !key.is_empty() && !key.contains(['$', '{', '*', '?']);
    named.then_some(Written::Variable { key, default })
}
