//! Conditions: an operator, a key, and values (IAM user guide, "IAM JSON policy elements: Condition operators").

mod operator;

pub(super) use operator::{Operator, Set, Test};

use super::network::Network;
use super::template::{Case, Template};
use super::{Context, moment};
use crate::policy::pattern::fold;

/// One key of a `Condition` element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub operator: Operator,
    /// The operator as it was written.
    pub written: String,
    /// As it was written.
    pub key: String,
    pub operands: Vec<Operand>,
}

/// A value of the policy, read as the operator reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Text(Template),
    Number(f64),
    Moment(moment::Moment),
    Flag(bool),
    Network(Network),
    /// It isn't of the operator's type, so nothing is like it.
    Never,
}

impl Operand {
    /// Reads a value of the policy. Variables stand in texts and ARNs only.
    pub fn new(text: &str, test: Test, variables: bool) -> Self {
        let read = match test {
            Test::Text(style, case) => Some(Operand::Text(Template::new(text, style, case, variables))),
            Test::Number(_) => number(text).map(Operand::Number),
            Test::Date(_) => moment::parse(text).map(Operand::Moment),
            Test::Bool | Test::Null => flag(text).map(Operand::Flag),
            Test::Ip => Network::parse(text).map(Operand::Network),
        };
        read.unwrap_or(Operand::Never)
    }
}

impl Condition {
    /// Whether the condition holds.
    ///
    /// Of a key that is missing, a negated operator holds and any other doesn't; `…IfExists` holds; `ForAllValues` holds and
    /// `ForAnyValue` doesn't, negated or not.
    pub fn holds(&self, context: &Context) -> bool {
        let values = context.get(&self.key);
        let Operator { set, test, negated, if_exists } = self.operator;
        if test == Test::Null {
            return self.operands.contains(&Operand::Flag(values.is_empty()));
        }
        let like = |value: &String| self.operands.iter().any(|operand| is_like(test, operand, value, context));
        // For the set operators an empty string is no value (IAM user guide, "Set operators for multivalued context keys").
        let mut present = values.iter().filter(|value| !value.is_empty());
        match set {
            None if values.is_empty() => if_exists || negated,
            None => values.iter().any(like) != negated,
            Some(Set::Any) if values.is_empty() => if_exists,
            Some(Set::Any) => present.any(|value| like(value) != negated),
            Some(Set::All) => present.all(|value| like(value) != negated),
        }
    }

    /// The keys that it mentions: its own and those of its variables.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let templates =
            self.operands.iter().filter_map(|it| if let Operand::Text(template) = it { Some(template) } else { None });
        std::iter::once(self.key.as_str()).chain(templates.flat_map(Template::keys))
    }
}

fn is_like(test: Test, operand: &Operand, value: &str, context: &Context) -> bool {
    match (test, operand) {
        (Test::Text(_, Case::Sensitive), Operand::Text(template)) => template.matches(value, context),
        (Test::Text(_, Case::Insensitive), Operand::Text(template)) => template.matches(&fold(value), context),
        (Test::Number(relation), Operand::Number(limit)) => {
            number(value).and_then(|it| it.partial_cmp(limit)).is_some_and(|order| relation.allows(order))
        }
        (Test::Date(relation), Operand::Moment(limit)) => moment::parse(value).is_some_and(|it| relation.allows(it.cmp(limit))),
        (Test::Bool, Operand::Flag(expected)) => flag(value) == Some(*expected),
        (Test::Ip, Operand::Network(network)) => value.parse().is_ok_and(|address| network.contains(address)),
        _ => false,
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|it: &f64| it.is_finite())
}

fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
