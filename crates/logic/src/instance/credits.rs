//! CPU credits (EC2 user guide, "Key concepts for burstable performance instances"): what burstable types earn, and what becomes of a
//! balance. A credit is a minute of one processor; everything here counts milliseconds of one.

use model::{Timestamp, ec2::CreditBalance};
use std::time::Duration;

/// How often a balance is looked at.
pub const TICK: Duration = Duration::from_secs(60);

/// Milliseconds of a processor in a credit.
const CREDIT: u64 = 60_000;

/// For how long a stopped instance of T3 and later keeps its credits.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a burstable type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credits {
    /// Earned in an hour, and in steady use spent: the baseline.
    pub per_hour: u64,
    /// Given at each start; only T2 has them, and loses all at a stop.
    pub at_launch: u64,
    /// What its family does unless it is told: only T2 is not unlimited.
    pub unlimited: bool,
}

/// Credits that are earned in an hour, in tenths, by size: T2, then T3 and later.
const EARNED: &[(&str, u64, u64)] = &[
    ("nano", 30, 60),
    ("micro", 60, 120),
    ("small", 120, 240),
    ("medium", 240, 240),
    ("large", 360, 360),
    ("xlarge", 540, 960),
    ("2xlarge", 816, 1920),
];

/// What a type has, if it is burstable; `vcpus` are its processors.
pub fn credits_of(instance_type: &str, vcpus: u32) -> Option<Credits> {
    let (family, size) = instance_type.split_once('.')?;
    let (_, t2, t3) = EARNED.iter().find(|(name, _, _)| *name == size)?;
    let of =
        |tenths: u64, launch: u64, unlimited| Credits { per_hour: tenths * CREDIT / 10, at_launch: launch * CREDIT, unlimited };
    match family {
        "t2" => Some(of(*t2, 30 * u64::from(vcpus), false)),
        "t3" | "t3a" | "t4g" => Some(of(*t3, 0, true)),
        _ => None,
    }
}

impl Credits {
    /// The most that can be kept: what is earned in a day.
    pub fn most(&self) -> u64 {
        24 * self.per_hour
    }

    /// The baseline in 1/1024 of a processor.
    pub fn baseline(&self) -> u64 {
        self.per_hour * 1024 / 3_600_000
    }

    /// The balance of a boot. `off_since` is when it stopped, if it did.
    pub fn at_boot(self, last: Option<&CreditBalance>, off_since: Option<Timestamp>, now: Timestamp) -> CreditBalance {
        let keeps = self.at_launch == 0 && off_since.is_some_and(|since| now.since(since) <= KEPT);
        match last.filter(|_| keeps) {
            Some(last) => CreditBalance { at: now, earned: last.earned, throttled: last.throttled, ..CreditBalance::default() },
            None => first_balance(self, now),
        }
    }
}

/// The balance of an instance that has just been launched.
pub fn first_balance(credits: Credits, now: Timestamp) -> CreditBalance {
    CreditBalance { at: now, launch: credits.at_launch, ..CreditBalance::default() }
}

/// The balance at a later moment, at which the present boot has used so much processor time.
///
/// What is spent comes from the launch credits first, then from what was earned. In unlimited mode more can be spent: what is earned
/// later makes up for it, and what is beyond a day's earnings is charged. In standard mode an instance without credits is held to its
/// baseline, until it has a whole credit again.
pub fn advance(balance: &CreditBalance, credits: Credits, unlimited: bool, used: u64, now: Timestamp) -> CreditBalance {
    let elapsed = u64::try_from(now.since(balance.at).as_millis()).unwrap_or(u64::MAX);
    let mut next = CreditBalance { at: now, used, ..balance.clone() };
    earn(&mut next, credits.per_hour.saturating_mul(elapsed) / 3_600_000);
    // A count that has become smaller is of another boot.
    let unpaid = spend(&mut next, used.checked_sub(balance.used).unwrap_or(used));
    next.earned = next.earned.min(credits.most());
    if unlimited {
        next.surplus += unpaid;
        let beyond = next.surplus.saturating_sub(credits.most());
        (next.surplus, next.charged) = (next.surplus - beyond, next.charged + beyond);
    }
    let left = next.earned + next.launch;
    next.throttled = !unlimited && (left == 0 || balance.throttled && left < CREDIT);
    next
}

/// Surplus is made up for first.
fn earn(balance: &mut CreditBalance, earned: u64) {
    let repaid = earned.min(balance.surplus);
    balance.surplus -= repaid;
    balance.earned += earned - repaid;
}

/// What could not be paid.
fn spend(balance: &mut CreditBalance, spent: u64) -> u64 {
    let from_launch = spent.min(balance.launch);
    let from_earned = (spent - from_launch).min(balance.earned);
    balance.launch -= from_launch;
    balance.earned -= from_earned;
    spent - from_launch - from_earned
}
