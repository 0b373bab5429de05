//! The operators that may stand in a field's list: `{"prefix": …}` and its like.

use super::{
    Invalid,
    lexer::{Lexer, Token},
    matcher::{Bound, Matcher, Network, Range, TextMatcher},
    wildcard::Wildcard,
};
use serde_json::{Number, Value};
use std::net::IpAddr;

type Result<T> = std::result::Result<T, Invalid>;

const ONE_KEY: &str = "Only one key allowed in match expression";
const NUMERIC_TAIL: &str = "Too many elements in numeric expression";

/// Reads an operator whose opening brace has been read.
pub(super) fn operator(lexer: &mut Lexer<'_>) -> Result<Matcher> {
    let Token::Name(name) = lexer.next()? else { return Err(lexer.invalid("Match expression name not found")) };
    let matcher = match name.as_str() {
        "exactly" => Matcher::Exactly(Value::String(text(lexer, "exact")?)),
        "prefix" => Matcher::Text(edge(lexer, "prefix", TextMatcher::Prefix, TextMatcher::PrefixIgnoreCase)?),
        "suffix" => Matcher::Text(edge(lexer, "suffix", TextMatcher::Suffix, TextMatcher::SuffixIgnoreCase)?),
        "equals-ignore-case" => Matcher::Text(TextMatcher::EqualsIgnoreCase(text(lexer, "equals-ignore-case")?.to_lowercase())),
        "wildcard" => Matcher::Text(wildcard(lexer)?),
        "cidr" => Matcher::Network(network(&text(lexer, "prefix")?)?),
        "exists" => exists(lexer)?,
        "numeric" => return numeric(lexer),
        "anything-but" => return anything_but(lexer),
        _ => return Err(lexer.invalid(format!("Unrecognized match type {name}"))),
    };
    end_object(lexer, ONE_KEY)?;
    Ok(matcher)
}

fn end_object(lexer: &mut Lexer<'_>, otherwise: &str) -> Result<()> {
    if lexer.next()? == Token::EndObject { Ok(()) } else { Err(lexer.invalid(otherwise)) }
}

/// A text; `kind` is what the message calls the operator.
fn text(lexer: &mut Lexer<'_>, kind: &str) -> Result<String> {
    match lexer.next()? {
        Token::Text(text) => Ok(text),
        _ => Err(lexer.invalid(format!("{kind} match pattern must be a string"))),
    }
}

/// `"prefix": "…"`, `"prefix": {"equals-ignore-case": "…"}`, and the same for suffixes.
fn edge(
    lexer: &mut Lexer<'_>,
    kind: &str,
    plain: fn(String) -> TextMatcher,
    ignoring_case: fn(String) -> TextMatcher,
) -> Result<TextMatcher> {
    match lexer.next()? {
        Token::Text(text) => Ok(plain(text)),
        Token::BeginObject => {
            match lexer.next()? {
                Token::Name(name) if name == "equals-ignore-case" => {}
                Token::Name(name) => return Err(lexer.invalid(format!("Unsupported {kind} pattern: {name}"))),
                _ => {
                    let kind = if kind == "prefix" { "Prefix" } else { "Suffix" };
                    return Err(lexer.invalid(format!("{kind} expression name not found")));
                }
            }
            let folded = text(lexer, "equals-ignore-case")?.to_lowercase();
            end_object(lexer, ONE_KEY)?;
            Ok(ignoring_case(folded))
        }
        _ => Err(lexer.invalid(format!("{kind} match pattern must be a string"))),
    }
}

fn wildcard(lexer: &mut Lexer<'_>) -> Result<TextMatcher> {
    let text = text(lexer, "wildcard")?;
    read_wildcard(lexer, &text)
}

fn read_wildcard(lexer: &Lexer<'_>, text: &str) -> Result<TextMatcher> {
    Wildcard::parse(text).map(TextMatcher::Wildcard).map_err(|reason| lexer.invalid_after(reason))
}

fn exists(lexer: &mut Lexer<'_>) -> Result<Matcher> {
    match lexer.next()? {
        Token::Bool(true) => Ok(Matcher::Present),
        Token::Bool(false) => Ok(Matcher::Absent),
        _ => Err(lexer.invalid("exists match pattern must be either true or false.")),
    }
}

/// Reads a network. These messages name no place in the text.
fn network(text: &str) -> Result<Network> {
    let malformed = |reason: &str| Invalid(reason.to_owned());
    let mut parts = text.split('/');
    let (Some(address), Some(bits), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("Malformed CIDR, one '/' required"));
    };
    let bits: i32 = bits.parse().map_err(|_| malformed("Malformed CIDR, mask bits must be an integer"))?;
    let bits = u32::try_from(bits).map_err(|_| malformed("Malformed CIDR, mask bits must not be negative"))?;
    let address: IpAddr = address.parse().map_err(|_| Invalid(format!("Nonstandard IP address: {address}")))?;
    let (limit, family) = if address.is_ipv4() { (32, "IPv4") } else { (128, "IPv6") };
    match u8::try_from(bits) {
        Ok(bits) if bits < limit => Ok(Network { address, bits }),
        _ => Err(Invalid(format!("{family} mask bits must be < {limit}"))),
    }
}

/// `"numeric": [">", 0, "<=", 5]`, with its closing brace.
fn numeric(lexer: &mut Lexer<'_>) -> Result<Matcher> {
    if lexer.next()? != Token::BeginArray {
        return Err(lexer.invalid("Value of numeric must be an array."));
    }
    let operator = match lexer.next()? {
        Token::Text(operator) => operator,
        other => return Err(lexer.invalid(format!("Invalid member in numeric match: {}", shown(&other)))),
    };
    let matcher = match operator.as_str() {
        "=" => {
            let number = operand(lexer, "equals")?;
            end_array(lexer, NUMERIC_TAIL)?;
            Matcher::Exactly(Value::Number(number))
        }
        "<" | "<=" => {
            let at = float(&operand(lexer, &operator)?);
            end_array(lexer, NUMERIC_TAIL)?;
            Matcher::Range(Range { bottom: None, top: Some(Bound { at, inclusive: operator == "<=" }) })
        }
        ">" | ">=" => {
            let at = float(&operand(lexer, &operator)?);
            let bottom = Bound { at, inclusive: operator == ">=" };
            Matcher::Range(Range { bottom: Some(bottom), top: upper_bound(lexer, bottom)? })
        }
        _ => {
            lexer.next()?;
            return Err(lexer.invalid(format!("Unrecognized numeric range operator: {operator}")));
        }
    };
    end_object(lexer, NUMERIC_TAIL)?;
    Ok(matcher)
}

/// The second half of a range, and the end of its array.
fn upper_bound(lexer: &mut Lexer<'_>, bottom: Bound) -> Result<Option<Bound>> {
    let operator = match lexer.next()? {
        Token::EndArray => return Ok(None),
        Token::Text(operator) if operator == "<" || operator == "<=" => operator,
        Token::Text(operator) => return Err(lexer.invalid_after(format!("Bad numeric range operator: {operator}"))),
        other => return Err(lexer.invalid(format!("Bad value in numeric range: {}", shown(&other)))),
    };
    let at = float(&operand(lexer, &operator)?);
    end_array(lexer, "Too many terms in numeric range expression")?;
    if bottom.at >= at {
        return Err(lexer.invalid("Bottom must be less than top"));
    }
    Ok(Some(Bound { at, inclusive: operator == "<=" }))
}

fn end_array(lexer: &mut Lexer<'_>, otherwise: &str) -> Result<()> {
    if lexer.next()? == Token::EndArray { Ok(()) } else { Err(lexer.invalid(otherwise)) }
}

fn operand(lexer: &mut Lexer<'_>, operator: &str) -> Result<Number> {
    match lexer.next()? {
        Token::Number(number) if comparable(&number) => Ok(number),
        Token::Number(number) => Err(lexer.invalid(format!("Cannot compare number : {number}"))),
        _ => Err(lexer.invalid(format!("Value of {operator} must be numeric"))),
    }
}

/// Whether a number is one that a double can hold.
fn comparable(number: &Number) -> bool {
    const EXACT: u64 = 1 << 53;
    number.is_f64() || number.as_i64().map_or(number.as_u64(), |it| Some(it.unsigned_abs())).is_some_and(|it| it <= EXACT)
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// A mark as it stood in the text.
fn shown(token: &Token) -> String {
    match token {
        Token::BeginObject => "{".to_owned(),
        Token::EndObject => "}".to_owned(),
        Token::BeginArray => "[".to_owned(),
        Token::EndArray => "]".to_owned(),
        Token::Name(text) | Token::Text(text) => text.clone(),
        Token::Number(number) => number.to_string(),
        Token::Bool(it) => it.to_string(),
        Token::Null => "null".to_owned(),
    }
}

/// `anything-but` in all its forms, with its closing brace.
fn anything_but(lexer: &mut Lexer<'_>) -> Result<Matcher> {
    let matcher = match lexer.next()? {
        Token::BeginObject => {
            let Token::Name(name) = lexer.next()? else {
                return Err(lexer.invalid("Anything-But expression name not found"));
            };
            let unwanted = unwanted_texts(lexer, &name)?;
            end_object(lexer, NUMERIC_TAIL)?;
            Matcher::NoText(unwanted)
        }
        Token::BeginArray => Matcher::NoneOf(unwanted_values(lexer)?),
        Token::Text(text) => Matcher::NoneOf(vec![Value::String(text)]),
        Token::Number(number) => Matcher::NoneOf(vec![Value::Number(number)]),
        _ => return Err(lexer.invalid("Value of anything-but must be an array or single string/number value.")),
    };
    end_object(lexer, NUMERIC_TAIL)?;
    Ok(matcher)
}

/// A list of texts or of numbers, whose opening bracket has been read.
fn unwanted_values(lexer: &mut Lexer<'_>) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    loop {
        match lexer.next()? {
            Token::Text(text) => values.push(Value::String(text)),
            Token::Number(number) => values.push(Value::Number(number)),
            Token::EndArray => break,
            _ => return Err(lexer.invalid("Inside anything but list, start|null|boolean is not supported.")),
        }
    }
    let texts = values.iter().filter(|it| it.is_string()).count();
    if values.is_empty() || (texts != 0 && texts != values.len()) {
        let reason = "Inside anything but list, either all values are number or string, mixed type is not supported";
        return Err(lexer.invalid(reason));
    }
    Ok(values)
}

/// What stands under `anything-but` and an operator: a text or a list of texts.
fn unwanted_texts(lexer: &mut Lexer<'_>, operator: &str) -> Result<Vec<TextMatcher>> {
    if !["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(&operator) {
        return Err(lexer.invalid(format!("Unsupported anything-but pattern: {operator}")));
    }
    match lexer.next()? {
        Token::BeginArray => {
            let mut texts = Vec::new();
            loop {
                match lexer.next()? {
                    Token::EndArray => return Ok(texts),
                    token => texts.push(unwanted_text(lexer, operator, token)?),
                }
            }
        }
        token @ (Token::Text(_) | Token::Number(_)) => Ok(vec![unwanted_text(lexer, operator, token)?]),
        _ => Err(lexer.invalid("Value of anything-but must be an array or single string/number value.")),
    }
}

fn unwanted_text(lexer: &Lexer<'_>, operator: &str, token: Token) -> Result<TextMatcher> {
    let Token::Text(text) = token else {
        return Err(lexer.invalid(match operator {
            "equals-ignore-case" => "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
            "wildcard" => "wildcard match pattern must be a string",
            _ => "prefix/suffix match pattern must be a string",
        }));
    };
    match operator {
        "prefix" | "suffix" if text.is_empty() => Err(lexer.invalid_after("Null prefix/suffix not allowed")),
        "prefix" => Ok(TextMatcher::Prefix(text)),
        "suffix" => Ok(TextMatcher::Suffix(text)),
        "wildcard" => read_wildcard(lexer, &text),
        _ => Ok(TextMatcher::EqualsIgnoreCase(text.to_lowercase())),
    }
}
