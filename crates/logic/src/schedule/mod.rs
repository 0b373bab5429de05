//! Schedule expressions of EventBridge's rules and of EventBridge Scheduler: `rate(…)`, `cron(…)` and `at(…)`.
//!
//! An expression is read once and then asked when it is next time. Who asks, and what happens then, is not this room's business.

mod cron;
mod field;
mod rate;
mod zone;

#[cfg(test)]
mod tests;

pub use zone::Zone;

use cron::Cron;
use jiff::civil::DateTime;
use model::env::Timestamp;
use std::time::Duration;

/// A schedule expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rate(Duration),
    Cron(Box<Cron>),
    At(DateTime),
}

/// The text is no schedule expression. The services word that differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a schedule expression")]
pub struct Invalid;

impl Schedule {
    /// Reads an expression of a rule: `rate` and `cron` (EventBridge user guide, "Creating a scheduled rule (legacy)").
    /// A rate's unit has an "s" unless the value is 1.
    pub fn of_rule(text: &str) -> Result<Self, Invalid> {
        match call(text)? {
            ("rate", rate) => rate::parse(rate, rate::Plural::Matching).map(Kind::Rate).map(Self),
            ("cron", fields) => Cron::parse(fields).map(Box::new).map(Kind::Cron).map(Self),
            _ => Err(Invalid),
        }
    }

    /// Reads an expression of Scheduler: `rate`, `cron` and `at` (Scheduler user guide, "Schedule types"). Whether a rate's
    /// unit has an "s" doesn't matter.
    pub fn of_scheduler(text: &str) -> Result<Self, Invalid> {
        match call(text)? {
            ("rate", rate) => rate::parse(rate, rate::Plural::Either).map(Kind::Rate).map(Self),
            ("at", moment) => at(moment).map(Kind::At).map(Self),
            _ => Self::of_rule(text),
        }
    }

    /// Whether it comes once only.
    pub fn is_once(&self) -> bool {
        matches!(self.0, Kind::At(_))
    }

    /// The time between two occurrences, of a `rate`.
    pub fn period(&self) -> Option<Duration> {
        match self.0 {
            Kind::Rate(period) => Some(period),
            _ => None,
        }
    }

    /// The first occurrence after a moment and not before `start`; `None` if there is none any more.
    ///
    /// A `rate` counts from `start`, where its first occurrence is. Times of a `cron` that a clock change leaves out don't
    /// occur, times that it repeats occur once (Scheduler user guide, "Daylight savings time on EventBridge Scheduler").
    pub fn next(&self, after: Timestamp, start: Timestamp, zone: &Zone) -> Option<Timestamp> {
        match &self.0 {
            Kind::Rate(period) => rate::next(*period, after, start),
            Kind::Cron(cron) => cron.next(after.max(Timestamp(start.0.saturating_sub(1))), zone),
            Kind::At(moment) => zone.moment(*moment).filter(|at| *at > after && *at >= start),
        }
    }
}

/// Splits `name(arguments)`.
fn call(text: &str) -> Result<(&str, &str), Invalid> {
    let (name, rest) = text.trim().split_once('(').ok_or(Invalid)?;
    Ok((name, rest.strip_suffix(')').ok_or(Invalid)?))
}

/// `yyyy-mm-ddThh:mm:ss`.
fn at(text: &str) -> Result<DateTime, Invalid> {
    const FORM: &str = "0000-00-00T00:00:00";
    let alike = |(form, c): (char, char)| if form == '0' { c.is_ascii_digit() } else { form == c };
    if text.len() != FORM.len() || !FORM.chars().zip(text.chars()).all(alike) {
        return Err(Invalid);
    }
    text.parse().map_err(|_| Invalid)
}
