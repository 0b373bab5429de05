//! How many invocations may be under way at a time, and how many may come in a second (Lambda developer guide, "Understanding Lambda function
//! scaling").

use crate::token_bucket::Limit;

/// How many invocations of an account's functions may be under way in a region.
pub const OF_AN_ACCOUNT: u32 = 1000;
/// How much of that stays for functions that have none reserved.
pub const NEVER_RESERVED: u32 = 100;

/// Why an invocation is refused: the `Reason` of `TooManyRequestsException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// The function has as many under way as are reserved for it.
    Reserved,
    /// The account has as many under way as it may, or the function can't grow that fast.
    Concurrent,
    /// More have come in a second than what is reserved for the function allows.
    ReservedRate,
    /// More have come in a second than what is left to functions with nothing reserved allows.
    Rate,
}

impl Throttle {
    /// As the API spells it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
            Self::Concurrent => "ConcurrentInvocationLimitExceeded",
            Self::ReservedRate => "ReservedFunctionInvocationRateLimitExceeded",
            Self::Rate => "FunctionInvocationRateLimitExceeded",
        }
    }
}

/// What is left of an account's concurrency for the functions that have none reserved and the versions for which none is provisioned.
pub fn unreserved(reserved: impl IntoIterator<Item = u32>, provisioned: impl IntoIterator<Item = u32>) -> u32 {
    let taken = |some: &mut dyn Iterator<Item = u32>| some.fold(0_u32, u32::saturating_add);
    let (reserved, provisioned) = (taken(&mut reserved.into_iter()), taken(&mut provisioned.into_iter()));
    OF_AN_ACCOUNT.saturating_sub(reserved).saturating_sub(provisioned)
}

/// Against what an invocation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// What is reserved for the function.
    Reserved,
    /// What is provisioned for the version.
    Provisioned,
    /// What is left to all others in the account and region.
    Unreserved,
}

/// How many are under way when one more comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnderWay {
    /// Of the function.
    pub function: u32,
    /// Of the version, on what is provisioned for it.
    pub provisioned: u32,
    /// Of the account in the region, of those that count as unreserved.
    pub unreserved: u32,
}

/// What there may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// What is reserved for the function, if anything is; it holds for all of its versions.
    pub reserved: Option<u32>,
    /// Environments that are kept ready for the version and are there.
    pub provisioned: u32,
    /// See [`unreserved`].
    pub unreserved: u32,
}

/// Against what one more invocation counts, if it may be made.
pub fn charge(under_way: UnderWay, limits: Limits) -> Result<Charge, Throttle> {
    match limits.reserved {
        Some(reserved) if under_way.function >= reserved => Err(Throttle::Reserved),
        _ if under_way.provisioned < limits.provisioned => Ok(Charge::Provisioned),
        Some(_) => Ok(Charge::Reserved),
        None if under_way.unreserved >= limits.unreserved => Err(Throttle::Concurrent),
        None => Ok(Charge::Unreserved),
    }
}

/// How fast a function may grow: by 1,000 environments every ten seconds, refilled all the time (Lambda developer guide, "Understanding
/// concurrency scaling").
pub const GROWTH: Limit = Limit { rate: 100.0, burst: 1000.0 };

/// How many requests may come in a second for each that may be under way (Lambda developer guide, "Requests per second quota").
const REQUESTS_FOR_EACH: u32 = 10;

/// How many requests may come where so many may be under way: as many as may come in a second may come at once.
pub fn requests(concurrency: u32) -> Limit {
    let in_a_second = f64::from(concurrency.saturating_mul(REQUESTS_FOR_EACH));
    Limit { rate: in_a_second, burst: in_a_second }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_bucket::Bucket;
    use model::Timestamp;

    #[test]
    fn ten_requests_in_a_second_for_each_that_may_be_under_way() {
        let mut bucket = Bucket::full(requests(2), Timestamp(0));
        let mut come = |concurrency, at| (0..1000).filter(|_| bucket.take(requests(concurrency), Timestamp(at))).count();
        assert_eq!(come(2, 0), 20);
        assert_eq!((come(2, 49), come(2, 100), come(2, 5000)), (0, 2, 20), "steadily, and no more than a second's");
        assert_eq!((come(1, 5500), come(0, 9000)), (5, 0), "a new limit holds at once");
    }

    #[test]
    fn what_is_reserved_bounds_a_function_and_guarantees_it() {
        let limits = Limits { reserved: Some(2), provisioned: 0, unreserved: 0 };
        let with = |function| charge(UnderWay { function, ..UnderWay::default() }, limits);
        assert_eq!([with(0), with(1), with(2)], [Ok(Charge::Reserved), Ok(Charge::Reserved), Err(Throttle::Reserved)]);
        let none = Limits { reserved: Some(0), ..limits };
        assert_eq!(charge(UnderWay::default(), none), Err(Throttle::Reserved), "nothing reserved stops a function");
    }

    #[test]
    fn what_is_provisioned_comes_first_and_the_rest_spills_over() {
        let limits = Limits { reserved: None, provisioned: 1, unreserved: 1 };
        let with = |provisioned, unreserved| charge(UnderWay { function: 0, provisioned, unreserved }, limits);
        assert_eq!(with(0, 1), Ok(Charge::Provisioned));
        assert_eq!(with(1, 0), Ok(Charge::Unreserved));
        assert_eq!(with(1, 1), Err(Throttle::Concurrent));
    }

    #[test]
    fn reserved_and_provisioned_are_taken_from_the_account() {
        assert_eq!(unreserved([100, 50], [25]), 825);
        assert_eq!(unreserved([1000], [1]), 0);
    }

    #[test]
    fn a_function_grows_by_a_thousand_and_then_by_a_hundred_a_second() {
        let mut growth = Bucket::full(GROWTH, Timestamp(0));
        let mut grows = |at| (0..2000).filter(|_| growth.take(GROWTH, Timestamp(at))).count();
        assert_eq!((grows(0), grows(1000), grows(60_000)), (1000, 100, 1000), "what isn't used doesn't add up");
    }
}
