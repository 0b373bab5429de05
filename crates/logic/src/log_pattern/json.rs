//! The form for messages that are JSON: `{ $.status >= 500 && $.method = "GET" }`.

use super::{
    InvalidPattern,
    scan::{Comparison, Operand, Scanner},
};
use serde_json::Value;

#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(Selector, Comparison, Operand),
    Is(Selector, Value),
    Absent(Selector),
}

/// `$.a.b[0]` or `$.['a.b']`.
#[derive(Debug)]
pub(super) struct Selector(Vec<Step>);

#[derive(Debug)]
enum Step {
    Member(String),
    Element(usize),
}

/// Parentheses within parentheses, and parts of a selector.
const MAX_DEPTH: usize = 32;

pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<Condition, InvalidPattern> {
    scanner.expect("{")?;
    let condition = any(scanner, 0)?;
    scanner.expect("}")?;
    Ok(condition)
}

fn any(scanner: &mut Scanner<'_>, depth: usize) -> Result<Condition, InvalidPattern> {
    let mut parts = vec![all(scanner, depth)?];
    while scanner.take("||") {
        parts.push(all(scanner, depth)?);
    }
    Ok(Condition::Any(parts))
}

fn all(scanner: &mut Scanner<'_>, depth: usize) -> Result<Condition, InvalidPattern> {
    let mut parts = vec![single(scanner, depth)?];
    while scanner.take("&&") {
        parts.push(single(scanner, depth)?);
    }
    Ok(Condition::All(parts))
}

fn single(scanner: &mut Scanner<'_>, depth: usize) -> Result<Condition, InvalidPattern> {
    if scanner.take("(") {
        if depth == MAX_DEPTH {
            return Err(scanner.invalid("too many parentheses"));
        }
        let inner = any(scanner, depth + 1)?;
        scanner.expect(")")?;
        return Ok(inner);
    }
    let selector = selector(scanner)?;
    if scanner.take_word("IS") {
        return Ok(Condition::Is(selector, constant(scanner)?));
    }
    if scanner.take_word("NOT") {
        return match scanner.take_word("EXISTS") {
            true => Ok(Condition::Absent(selector)),
            false => Err(scanner.invalid("`EXISTS` is expected")),
        };
    }
    let how = scanner.comparison()?;
    Ok(Condition::Compare(selector, how, scanner.operand("()}&|")?))
}

fn constant(scanner: &mut Scanner<'_>) -> Result<Value, InvalidPattern> {
    let constants = [("NULL", Value::Null), ("TRUE", Value::Bool(true)), ("FALSE", Value::Bool(false))];
    let found = constants.into_iter().find(|(word, _)| scanner.take_word(word));
    found.map(|(_, value)| value).ok_or_else(|| scanner.invalid("`NULL`, `TRUE` or `FALSE` is expected"))
}

fn selector(scanner: &mut Scanner<'_>) -> Result<Selector, InvalidPattern> {
    scanner.expect("$")?;
    let mut steps = Vec::new();
    loop {
        let step = match scanner.peek() {
            Some('.') => {
                scanner.take(".");
                if scanner.peek() == Some('[') { element(scanner)? } else { member(scanner)? }
            }
            Some('[') => element(scanner)?,
            _ if steps.is_empty() => return Err(scanner.invalid("a selector such as `$.name` is expected")),
            _ => return Ok(Selector(steps)),
        };
        if steps.len() == MAX_DEPTH {
            return Err(scanner.invalid("too long a selector"));
        }
        steps.push(step);
    }
}

fn member(scanner: &mut Scanner<'_>) -> Result<Step, InvalidPattern> {
    let name = scanner.take_while(|c| c.is_alphanumeric() || "_-*@:".contains(c));
    if name.is_empty() { Err(scanner.invalid("a member's name is expected")) } else { Ok(Step::Member(name.to_owned())) }
}

fn element(scanner: &mut Scanner<'_>) -> Result<Step, InvalidPattern> {
    scanner.expect("[")?;
    let quote = ['\'', '"'].into_iter().find(|quote| scanner.take(&quote.to_string()));
    let step = match quote {
        Some(quote) => Step::Member(scanner.quoted(quote)?),
        None => {
            let index = scanner.take_while(|c| c.is_ascii_digit()).parse();
            Step::Element(index.map_err(|_| scanner.invalid("an index is expected"))?)
        }
    };
    scanner.expect("]")?;
    Ok(step)
}

impl Condition {
    pub(super) fn holds(&self, event: &Value) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(event)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Condition::Is(selector, wanted) => selector.find(event) == Some(wanted),
            Condition::Absent(selector) => selector.find(event).is_none(),
            Condition::Compare(selector, how, operand) => match selector.find(event) {
                Some(Value::String(text)) => equality_of_text(*how) && operand.compare_text(text, *how),
                Some(Value::Number(number)) => number.as_f64().is_some_and(|number| operand.compare_number(number, *how)),
                Some(Value::Bool(value)) => operand.compare_text(&value.to_string(), *how),
                _ => false,
            },
        }
    }
}

/// A JSON string has no order, whatever digits it holds.
fn equality_of_text(how: Comparison) -> bool {
    matches!(how, Comparison::Equal | Comparison::NotEqual)
}

impl Selector {
    fn find<'a>(&self, event: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(event, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Element(index) => value.get(index),
        })
    }
}
