//! One field of a `cron` expression: values, ranges, steps, lists and names.

use super::Invalid;

/// The values that a field names, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values(Vec<i16>);

/// What may stand in a field.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) first: i16,
    pub(super) last: i16,
    /// Names of the values from the first on.
    pub(super) names: &'static [&'static str],
}

impl Values {
    pub(super) fn has(&self, value: i16) -> bool {
        self.0.binary_search(&value).is_ok()
    }

    /// The values from one on.
    pub(super) fn from(&self, least: i16) -> impl Iterator<Item = i16> {
        self.0[self.0.partition_point(|it| *it < least)..].iter().copied()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = i16> {
        self.0.iter().copied()
    }
}

impl Field {
    /// Reads a list of values, ranges and steps.
    pub(super) fn parse(self, text: &str) -> Result<Values, Invalid> {
        let mut values = Vec::new();
        for part in text.split(',') {
            values.extend(self.part(part)?);
        }
        values.sort_unstable();
        values.dedup();
        Ok(Values(values))
    }

    /// A single value, by number or name.
    pub(super) fn value(self, text: &str) -> Result<i16, Invalid> {
        if let Some(at) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(self.first + i16::try_from(at).map_err(|_| Invalid)?);
        }
        number(text).filter(|it| (self.first..=self.last).contains(it)).ok_or(Invalid)
    }

    /// `*`, `a`, `a-b`, each with `/step` or without. A value with a step begins a range to the field's end. A range
    /// whose end lies before its beginning goes round: FRI-MON.
    fn part(self, text: &str) -> Result<Vec<i16>, Invalid> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(number(step).filter(|it| *it > 0).ok_or(Invalid)?)),
            None => (text, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.first, self.last),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None => {
                let from = self.value(range)?;
                (from, if step.is_some() { self.last } else { from })
            }
        };
        let span = self.last - self.first + 1;
        let to = if to < from { to + span } else { to };
        let step = usize::try_from(step.unwrap_or(1)).map_err(|_| Invalid)?;
        Ok((from..=to).step_by(step).map(|it| if it > self.last { it - span } else { it }).collect())
    }
}

/// A number written in digits only.
pub(super) fn number(text: &str) -> Option<i16> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
