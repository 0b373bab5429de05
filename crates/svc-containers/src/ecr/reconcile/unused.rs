//! How long a layer stays that nothing names: long enough for a push that found it there to name it.

use model::Timestamp;
use std::time::Duration;

/// How long an unused layer stays.
const GRACE: Duration = Duration::from_secs(3600);

/// How long an upload may take.
pub const UPLOAD_VALID: Duration = Duration::from_secs(24 * 3600);

/// What becomes of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is used.
    Keep,
    /// It has been unused since then, and stays for a while.
    Wait { since: Timestamp },
    /// It goes.
    Delete,
}

impl Verdict {
    /// When it has to be judged again if nothing happens.
    pub fn due(self) -> Option<Timestamp> {
        match self {
            Verdict::Wait { since } => Some(since + GRACE),
            Verdict::Keep | Verdict::Delete => None,
        }
    }

    /// Whether there is something to write.
    pub fn changes(self, unused_since: Option<Timestamp>) -> bool {
        match self {
            Verdict::Keep => unused_since.is_some(),
            Verdict::Wait { since } => unused_since != Some(since),
            Verdict::Delete => true,
        }
    }
}

/// Judges a layer that has been unused since then as far as is known, and is used now or not.
pub fn judge(unused_since: Option<Timestamp>, used: bool, now: Timestamp) -> Verdict {
    match unused_since {
        _ if used => Verdict::Keep,
        None => Verdict::Wait { since: now },
        Some(since) if now < since + GRACE => Verdict::Wait { since },
        Some(_) => Verdict::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_layer_waits_for_its_grace_and_goes() {
        let hour = GRACE.as_millis() as i64;
        let since = Timestamp(5);
        assert_eq!(judge(None, false, since), Verdict::Wait { since });
        assert_eq!(judge(Some(since), false, Timestamp(4 + hour)), Verdict::Wait { since });
        assert_eq!(judge(Some(since), false, Timestamp(5 + hour)), Verdict::Delete);
        assert_eq!(judge(Some(since), true, Timestamp(5 + hour)), Verdict::Keep);
    }

    #[test]
    fn only_what_changes_is_written() {
        let since = Timestamp(5);
        assert!(!Verdict::Keep.changes(None) && Verdict::Keep.changes(Some(since)));
        assert!(!Verdict::Wait { since }.changes(Some(since)) && Verdict::Wait { since }.changes(None));
    }
}
