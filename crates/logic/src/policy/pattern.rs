//! Strings with `*` and `?`, as actions, resources and `…Like` conditions have them.
//!
//! Matching takes at most time in proportion to the pattern's length times the text's, whatever they are.

use std::borrow::Cow;

/// How far a wildcard goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Any character.
    All,
    /// Any but a colon: it stays in its part of an ARN.
    Part,
}

impl Reach {
    fn covers(self, character: char) -> bool {
        self == Reach::All || character != ':'
    }
}

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Is(char),
    /// `?`
    One(Reach),
    /// `*`
    Many(Reach),
}

/// How the wildcards of a text are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// There are none: `*` is a `*`.
    Literal,
    /// They cover everything: actions, `StringLike`.
    Like,
    /// `Resource`: in the first five parts of an ARN they stay in their part, except that a `*` that ends a part goes on behind the colon
    /// (IAM user guide, "IAM JSON policy elements: Resource").
    Resource,
    /// `ArnLike`: each of the six parts is compared by itself, and the sixth may hold colons.
    Arn,
}

/// The tokens of a text. It may be a piece of a longer one: `colons` were in what precedes it, and are counted on; `next` follows it.
pub(super) fn tokens(text: &str, style: Style, colons: &mut usize, next: Option<char>) -> Vec<Token> {
    let mut found = Vec::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        *colons += usize::from(character == ':');
        let ends = characters.peek().copied().or(next).is_none_or(|it| it == ':');
        let reach = match style {
            Style::Resource if *colons < 5 && !ends => Reach::Part,
            Style::Arn if *colons < 5 => Reach::Part,
            _ => Reach::All,
        };
        found.push(match character {
            '*' if style != Style::Literal => Token::Many(reach),
            // A `?` that ends a part doesn't go on behind the colon, unlike a `*`.
            '?' if style == Style::Resource && *colons < 5 => Token::One(Reach::Part),
            '?' if style != Style::Literal => Token::One(reach),
            other => Token::Is(other),
        });
    }
    found
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `*`
    Anything,
    Exactly(Box<str>),
    /// Texts with a `*` between any two of them: the first, the last, and those between. Nearly all patterns are so.
    Pieces(Box<str>, Box<str>, Box<[Box<str>]>),
    /// Anything else, in which no wildcard of one part follows one that goes everywhere.
    Ordered(Box<[Token]>),
    /// Anything else.
    Mixed(Box<[Token]>),
}

impl Pattern {
    /// Compiles a whole text.
    pub fn new(text: &str, style: Style) -> Self {
        Self::of(&tokens(text, style, &mut 0, None))
    }

    /// Compiles tokens into what matches fastest.
    pub fn of(tokens: &[Token]) -> Self {
        let Some(mut pieces) = pieces(tokens) else {
            return if ordered(tokens) { Pattern::Ordered(tokens.into()) } else { Pattern::Mixed(tokens.into()) };
        };
        let first = pieces.remove(0);
        match pieces.pop() {
            None => Pattern::Exactly(first),
            Some(last) if first.is_empty() && last.is_empty() && pieces.is_empty() => Pattern::Anything,
            Some(last) => Pattern::Pieces(first, last, pieces.into()),
        }
    }

    /// Whether the whole text is like the pattern.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Anything => true,
            Pattern::Exactly(expected) => **expected == *text,
            Pattern::Pieces(first, last, between) => {
                let rest = text.strip_prefix(&**first).and_then(|rest| rest.strip_suffix(&**last));
                rest.is_some_and(|rest| in_order(between, rest))
            }
            Pattern::Ordered(tokens) => greedy(tokens, text),
            Pattern::Mixed(tokens) => simulate(tokens, text),
        }
    }
}

/// The texts between the `*`, if there are no other wildcards.
fn pieces(tokens: &[Token]) -> Option<Vec<Box<str>>> {
    let text = |tokens: &[Token]| {
        let characters = tokens.iter().map(|token| if let Token::Is(character) = token { Some(*character) } else { None });
        characters.collect::<Option<String>>().map(String::into_boxed_str)
    };
    tokens.split(|token| *token == Token::Many(Reach::All)).map(text).collect()
}

/// Whether the pieces are found one behind the other: the first place of each is as good as any.
fn in_order(pieces: &[Box<str>], text: &str) -> bool {
    let found = pieces.iter().try_fold(text, |rest, piece| rest.find(&**piece).map(|at| &rest[at + piece.len()..]));
    found.is_some()
}

/// Whether no `*` of one part follows a `*` that goes everywhere.
fn ordered(tokens: &[Token]) -> bool {
    let first = tokens.iter().position(|token| *token == Token::Many(Reach::All));
    first.is_none_or(|first| !tokens[first..].contains(&Token::Many(Reach::Part)))
}

/// Every `*` takes as little as it can. Only the last one seen is ever asked to take more: an earlier one couldn't make a difference.
fn greedy(tokens: &[Token], text: &str) -> bool {
    let mut star: Option<(usize, usize, Reach)> = None;
    let (mut token, mut at) = (0, 0);
    loop {
        let next = text[at..].chars().next();
        match (tokens.get(token), next) {
            (None, None) => return true,
            (Some(Token::Many(Reach::All)), _) if token + 1 == tokens.len() => return true,
            (Some(Token::Many(reach)), _) => {
                token += 1;
                star = Some((token, at, *reach));
            }
            (Some(wanted), Some(character)) if takes(*wanted, character) => {
                token += 1;
                at += character.len_utf8();
            }
            _ => {
                let Some((behind, from, reach)) = star else { return false };
                let Some(character) = text[from..].chars().next().filter(|it| reach.covers(*it)) else { return false };
                at = from + character.len_utf8();
                token = behind;
                star = Some((behind, at, reach));
            }
        }
    }
}

fn takes(token: Token, character: char) -> bool {
    match token {
        Token::Is(expected) => expected == character,
        Token::One(reach) | Token::Many(reach) => reach.covers(character),
    }
}

/// All ways at once: which tokens could come next, after each character.
fn simulate(tokens: &[Token], text: &str) -> bool {
    let mut states = vec![false; tokens.len() + 1];
    states[0] = true;
    skip_stars(tokens, &mut states);
    for character in text.chars() {
        for index in (0..=tokens.len()).rev() {
            let stays = matches!(tokens.get(index), Some(Token::Many(reach)) if reach.covers(character));
            let comes = index > 0 && states[index - 1] && !is_star(tokens[index - 1]) && takes(tokens[index - 1], character);
            states[index] = (states[index] && stays) || comes;
        }
        skip_stars(tokens, &mut states);
    }
    states[tokens.len()]
}

fn skip_stars(tokens: &[Token], states: &mut [bool]) {
    for index in 0..tokens.len() {
        states[index + 1] |= states[index] && is_star(tokens[index]);
    }
}

fn is_star(token: Token) -> bool {
    matches!(token, Token::Many(_))
}

/// The text as it is compared where case doesn't matter.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
