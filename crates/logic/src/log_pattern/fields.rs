//! The form for messages that are columns: `[ip, user, ..., status = 4*, size > 1000]`.

use super::{
    InvalidPattern,
    scan::{Comparison, Operand, Scanner},
};

/// Columns before an ellipsis and after it; without one, the count has to be right.
#[derive(Debug)]
pub(super) struct Fields {
    before: Vec<Field>,
    after: Option<Vec<Field>>,
}

/// What one column must be like: one of these groups, all of whose comparisons hold. No group asks for nothing.
#[derive(Debug)]
struct Field(Vec<Vec<(Comparison, Operand)>>);

pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<Fields, InvalidPattern> {
    scanner.expect("[")?;
    let mut fields = Fields { before: Vec::new(), after: None };
    loop {
        if scanner.take("...") {
            if fields.after.replace(Vec::new()).is_some() {
                return Err(scanner.invalid("a second `...`"));
            }
        } else {
            let field = field(scanner)?;
            fields.after.as_mut().unwrap_or(&mut fields.before).push(field);
        }
        if !scanner.take(",") {
            scanner.expect("]")?;
            return Ok(fields);
        }
    }
}

/// `name`, or `name = value && name != value || …`: the name is said again with each comparison.
fn field(scanner: &mut Scanner<'_>) -> Result<Field, InvalidPattern> {
    name(scanner)?;
    scanner.skip_space();
    if matches!(scanner.peek(), Some(',' | ']')) {
        return Ok(Field(Vec::new()));
    }
    let mut groups = vec![vec![comparison(scanner)?]];
    loop {
        let new_group = scanner.take("||");
        if !new_group && !scanner.take("&&") {
            return Ok(Field(groups));
        }
        name(scanner)?;
        let next = comparison(scanner)?;
        match groups.last_mut() {
            Some(group) if !new_group => group.push(next),
            _ => groups.push(vec![next]),
        }
    }
}

fn name(scanner: &mut Scanner<'_>) -> Result<(), InvalidPattern> {
    scanner.skip_space();
    match scanner.take_while(|c| c.is_alphanumeric() || "_-".contains(c)) {
        "" => Err(scanner.invalid("a field's name is expected")),
        _ => Ok(()),
    }
}

fn comparison(scanner: &mut Scanner<'_>) -> Result<(Comparison, Operand), InvalidPattern> {
    Ok((scanner.comparison()?, scanner.operand(",]&|")?))
}

impl Fields {
    pub(super) fn matches(&self, message: &str) -> bool {
        let columns = columns(message);
        let after = self.after.as_deref().unwrap_or_default();
        let asked = self.before.len() + after.len();
        let count_is_right = if self.after.is_some() { columns.len() >= asked } else { columns.len() == asked };
        count_is_right
            && self.before.iter().zip(&columns).all(|(field, column)| field.allows(column))
            && after.iter().rev().zip(columns.iter().rev()).all(|(field, column)| field.allows(column))
    }
}

impl Field {
    fn allows(&self, column: &str) -> bool {
        let holds = |(how, operand): &(Comparison, Operand)| operand.compare_text(column, *how);
        self.0.is_empty() || self.0.iter().any(|group| group.iter().all(holds))
    }
}

/// A message's columns: words, and what stands in `"…"` or `[…]` as one.
fn columns(message: &str) -> Vec<&str> {
    let mut columns = Vec::new();
    let mut rest = message.trim_start();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '"' => Some('"'),
            '[' => Some(']'),
            _ => None,
        };
        let bracketed = close.and_then(|close| Some((1, 1 + rest[1..].find(close)?, 1)));
        let (start, end, skip) = bracketed.unwrap_or_else(|| (0, rest.find(char::is_whitespace).unwrap_or(rest.len()), 0));
        columns.push(&rest[start..end]);
        rest = rest[end + skip..].trim_start();
    }
    columns
}
