//! The names of condition operators, and what they mean.

use crate::policy::pattern::Style;
use crate::policy::template::Case;
use std::cmp::Ordering;
use std::fmt;

/// A condition operator, such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub set: Option<Set>,
    pub test: Test,
    /// `…Not…`: it holds where the test doesn't.
    pub negated: bool,
    pub if_exists: bool,
}

/// How many of a key's values have to be like the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Any,
    All,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// Texts, ARNs, and base64, which is compared as it is written.
    Text(Style, Case),
    Number(Relation),
    Date(Relation),
    Bool,
    Ip,
    /// Whether the key is missing.
    Null,
}

/// What an ordered value of the request has to be, compared to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub fn allows(self, order: Ordering) -> bool {
        match self {
            Relation::Equal => order.is_eq(),
            Relation::Less => order.is_lt(),
            Relation::LessOrEqual => order.is_le(),
            Relation::Greater => order.is_gt(),
            Relation::GreaterOrEqual => order.is_ge(),
        }
    }
}

const EXACT: Test = Test::Text(Style::Literal, Case::Sensitive);
const ANY_CASE: Test = Test::Text(Style::Literal, Case::Insensitive);
const LIKE: Test = Test::Text(Style::Like, Case::Sensitive);
/// `ArnEquals` and `ArnLike` behave the same.
const ARN: Test = Test::Text(Style::Arn, Case::Sensitive);

/// Every operator without its prefix and suffix, and whether it is negated.
const KNOWN: &[(&str, Test, bool)] = &[
    ("StringEquals", EXACT, false),
    ("StringNotEquals", EXACT, true),
    ("StringEqualsIgnoreCase", ANY_CASE, false),
    ("StringNotEqualsIgnoreCase", ANY_CASE, true),
    ("StringLike", LIKE, false),
    ("StringNotLike", LIKE, true),
    ("NumericEquals", Test::Number(Relation::Equal), false),
    ("NumericNotEquals", Test::Number(Relation::Equal), true),
    ("NumericLessThan", Test::Number(Relation::Less), false),
    ("NumericLessThanEquals", Test::Number(Relation::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Relation::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Relation::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Relation::Equal), false),
    ("DateNotEquals", Test::Date(Relation::Equal), true),
    ("DateLessThan", Test::Date(Relation::Less), false),
    ("DateLessThanEquals", Test::Date(Relation::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Relation::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Relation::GreaterOrEqual), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", EXACT, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("ArnEquals", ARN, false),
    ("ArnNotEquals", ARN, true),
    ("ArnLike", ARN, false),
    ("ArnNotLike", ARN, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// The operator of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        let (set, name) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (_, test, negated) = *KNOWN.iter().find(|(known, ..)| *known == name)?;
        (test != Test::Null || !if_exists).then_some(Self { set, test, negated, if_exists })
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Set::Any => "ForAnyValue",
            Set::All => "ForAllValues",
        })
    }
}
