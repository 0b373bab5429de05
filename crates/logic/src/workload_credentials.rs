//! When the credentials of a workload's role are renewed.

use model::{Timestamp, iam::WorkloadKey};
use std::time::Duration;

/// For how long they are valid (Amazon ECS Developer Guide, "Amazon ECS task IAM role"; EC2's are valid as long).
pub const LIFE: Duration = Duration::from_secs(6 * 3600);

/// After so long a renewal that was refused is tried again.
pub const RETRY: Duration = Duration::from_secs(5 * 60);

/// What is done about credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// They are renewed now.
    Due,
    /// They are good until that moment, when they are to be looked at again.
    At(Timestamp),
}

/// Renews when a third of their life is left: long before clients begin to worry, which is fifteen minutes before the end.
pub fn renewal(key: &WorkloadKey, now: Timestamp) -> Renewal {
    let life = key.expires_at.since(key.issued_at);
    let due = key.issued_at + life * 2 / 3;
    if now >= due { Renewal::Due } else { Renewal::At(due) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_life_is_left_at_a_renewal() {
        let hour = Duration::from_secs(3600);
        let start = Timestamp(1_000);
        let key = WorkloadKey { access_key_id: "ASIA".into(), issued_at: start, expires_at: start + LIFE };
        assert_eq!(renewal(&key, start), Renewal::At(start + hour * 4));
        assert_eq!(renewal(&key, start + hour * 3), Renewal::At(start + hour * 4));
        assert_eq!(renewal(&key, start + hour * 4), Renewal::Due);
        assert_eq!(renewal(&key, start + hour * 9), Renewal::Due, "also those that have expired");
        let none = WorkloadKey { expires_at: start, ..key };
        assert_eq!(renewal(&none, start), Renewal::Due);
    }
}
