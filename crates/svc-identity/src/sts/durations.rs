//! How long sessions last (AWS STS API reference, `DurationSeconds` of each action).

use super::errors;
use front::Answer;
use std::time::Duration;

const HOUR: u64 = 3600;
/// A session of a user who asks for no other time.
const OF_A_USER: u64 = 12 * HOUR;

/// A session of a role that allows so many seconds at most. One that was made with another role's credentials lasts for an hour at most.
pub fn of_role(asked: Option<i32>, most_s: u32, chained: bool) -> Answer<Duration> {
    let asked = seconds(asked, HOUR);
    match asked {
        _ if chained && asked > HOUR => Err(errors::longer_than_chain_allows()),
        _ if asked > u64::from(most_s) => Err(errors::longer_than_role_allows()),
        _ => Ok(Duration::from_secs(asked)),
    }
}

/// A session of a user, or of an account's root, which gets an hour however much it asks for.
pub fn of_user(asked: Option<i32>, root: bool) -> Duration {
    let asked = seconds(asked, OF_A_USER);
    Duration::from_secs(if root { asked.min(HOUR) } else { asked })
}

/// What the model's constraints have let through is positive.
fn seconds(asked: Option<i32>, default: u64) -> u64 {
    asked.and_then(|asked| u64::try_from(asked).ok()).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_its_own_limit_and_a_chain_has_an_hour() {
        let hours = |hours: u64| Ok(Duration::from_secs(hours * HOUR));
        assert_eq!(of_role(None, 43_200, false), hours(1));
        assert_eq!(of_role(Some(43_200), 43_200, false), hours(12));
        assert_eq!(of_role(Some(3601), 3600, false).unwrap_err(), errors::longer_than_role_allows());
        assert_eq!(of_role(Some(3600), 43_200, true), hours(1));
        assert_eq!(of_role(Some(3601), 43_200, true).unwrap_err(), errors::longer_than_chain_allows());
    }

    #[test]
    fn the_root_gets_an_hour() {
        assert_eq!(of_user(None, false).as_secs(), 43_200);
        assert_eq!(of_user(Some(129_600), false).as_secs(), 129_600);
        assert_eq!(of_user(None, true).as_secs(), 3600);
        assert_eq!(of_user(Some(900), true).as_secs(), 900);
    }
}
