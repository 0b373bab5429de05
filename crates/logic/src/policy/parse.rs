//! From a document's text to a [`Policy`]: its grammar first, then what its kind demands, then compilation.

mod check;
mod draft;
mod resource;

use super::action::Actions;
use super::condition::{Condition, Operand, Operator};
use super::document::Resources;
use super::json::Positions;
use super::pattern::Style;
use super::template::{Case, Template};
use super::{Effect, Kind, Malformed, Policy, Statement, Version};
use draft::{Draft, Element};

/// The longest document that any operation takes, in bytes: `SimulateCustomPolicy`'s.
const LONGEST: usize = 131_072;

/// Reads and checks a document.
pub(super) fn policy(text: &str, kind: Kind) -> Result<Policy, Malformed> {
    if text.len() > LONGEST {
        return Err(Malformed::syntax(format!("it is longer than {LONGEST} bytes")));
    }
    let document = draft::read(text)?;
    check::all(&document, kind)?;
    let version = document.version.unwrap_or(Version::V2008);
    let mut positions = Positions::new(text);
    let statements = document.statements.iter().map(|draft| statement(&mut positions, draft, kind, version));
    Ok(Policy::new(version, document.id, statements.collect::<Result<_, _>>()?))
}

fn statement(positions: &mut Positions<'_>, draft: &Draft, kind: Kind, version: Version) -> Result<Statement, Malformed> {
    let variables = version == Version::V2012;
    Ok(Statement {
        sid: draft.sid.clone().filter(|sid| !sid.is_empty()),
        effect: if draft.effect == "Deny" { Effect::Deny } else { Effect::Allow },
        start: positions.at(draft.span.start),
        end: positions.at(draft.span.end),
        principals: draft.principals.as_ref().map(|principals| check::principals(principals, kind)).transpose()?,
        actions: draft
            .actions
            .as_ref()
            .map_or_else(|| Actions::new(false, &[]), |element| Actions::new(element.not, &element.texts)),
        resources: draft.resources.as_ref().map(|element| resources(element, variables)),
        conditions: draft.conditions.iter().filter_map(|written| condition(written, variables)).collect(),
    })
}

fn resources(element: &Element, variables: bool) -> Resources {
    let template = |text: &String| Template::new(text, Style::Resource, Case::Sensitive, variables);
    Resources { not: element.not, templates: element.texts.iter().map(template).collect() }
}

fn condition(written: &draft::Condition, variables: bool) -> Option<Condition> {
    let operator = Operator::parse(&written.operator)?;
    let operands = written.values.iter().map(|value| Operand::new(value, operator.test, variables)).collect();
    Some(Condition { operator, written: written.operator.clone(), key: written.key.clone(), operands })
}
