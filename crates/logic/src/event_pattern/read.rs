//! From a pattern's text to its branches: for each combination of what `$or` lists, what is wanted of which field.

use super::{
    Invalid,
    lexer::{Lexer, Token},
    matcher::Matcher,
    operator::operator,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// What is wanted of the fields with these paths. All of them must be as wanted.
pub(super) type Branch = BTreeMap<Vec<String>, Arc<[Matcher]>>;

type Result<T> = std::result::Result<T, Invalid>;

const OR: &str = "$or";

/// How many combinations `$or` may make.
const MAX_BRANCHES: usize = 1000;

/// Names that no field under `$or` may have: a list of them would be taken for a list of operators.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// Reads a pattern.
pub(super) fn branches(text: &str) -> Result<Vec<Branch>> {
    let mut reader = Reader { lexer: Lexer::new(text), path: Vec::new(), branches: vec![Branch::new()] };
    if reader.lexer.next()? != Token::BeginObject {
        return Err(reader.lexer.invalid("Filter is not an object"));
    }
    reader.object(false)?;
    Ok(reader.branches)
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    path: Vec<String>,
    /// The branches so far; what is read next is added to each.
    branches: Vec<Branch>,
}

impl Reader<'_> {
    /// Reads the members of an object, and its end.
    fn object(&mut self, under_or: bool) -> Result<()> {
        let mut empty = true;
        while let Token::Name(name) = self.lexer.next()? {
            empty = false;
            if name == OR {
                self.alternatives()?;
                continue;
            }
            if under_or && RESERVED.contains(&name.as_str()) {
                let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside {OR}.");
                return Err(self.lexer.invalid(reason));
            }
            self.member(name, under_or)?;
        }
        if empty { Err(self.lexer.invalid("Empty objects are not allowed")) } else { Ok(()) }
    }

    fn member(&mut self, name: String, under_or: bool) -> Result<()> {
        let token = self.lexer.next()?;
        if !matches!(token, Token::BeginObject | Token::BeginArray) {
            return Err(self.lexer.invalid(format!("\"{name}\" must be an object or an array")));
        }
        self.path.push(name);
        match token {
            Token::BeginObject => self.object(under_or)?,
            _ => self.wanted()?,
        }
        self.path.pop();
        Ok(())
    }

    /// Reads the list under `$or`, and forks the branches for each object in it.
    fn alternatives(&mut self) -> Result<()> {
        if self.lexer.next()? != Token::BeginArray {
            return Err(self.lexer.invalid(format!("It must be an Array followed with {OR}.")));
        }
        let before = std::mem::take(&mut self.branches);
        let mut forked = Vec::new();
        let mut objects = 0;
        loop {
            match self.lexer.next()? {
                Token::EndArray => break,
                Token::BeginObject => {}
                _ => {
                    let reason = format!("Only JSON object is allowed in array of {OR} relationship.");
                    return Err(self.lexer.invalid(reason));
                }
            }
            objects += 1;
            self.branches.clone_from(&before);
            self.object(true)?;
            forked.append(&mut self.branches);
            if forked.len() > MAX_BRANCHES {
                return Err(Invalid(format!("Rule is too complex - {OR} makes more than {MAX_BRANCHES} combinations")));
            }
        }
        if objects < 2 {
            return Err(self.lexer.invalid(format!("There must have at least 2 Objects in {OR} relationship.")));
        }
        self.branches = forked;
        Ok(())
    }

    /// Reads the list of what is wanted of a field. A field that is named twice is wanted as it is named last.
    fn wanted(&mut self) -> Result<()> {
        let mut matchers = Vec::new();
        loop {
            matchers.push(match self.lexer.next()? {
                Token::EndArray => break,
                Token::BeginObject => operator(&mut self.lexer)?,
                Token::Text(text) => Matcher::Exactly(Value::String(text)),
                Token::Number(number) => Matcher::Exactly(Value::Number(number)),
                Token::Bool(it) => Matcher::Exactly(Value::Bool(it)),
                Token::Null => Matcher::Exactly(Value::Null),
                _ => return Err(self.lexer.invalid("Match value must be String, number, true, false, or null")),
            });
        }
        if matchers.is_empty() {
            return Err(self.lexer.invalid("Empty arrays are not allowed"));
        }
        let matchers: Arc<[Matcher]> = matchers.into();
        for branch in &mut self.branches {
            branch.insert(self.path.clone(), matchers.clone());
        }
        Ok(())
    }
}
