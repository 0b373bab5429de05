//! The border at which the store's errors become answers to a client.

use crate::StoreError;
use wire::Fault;

impl From<StoreError> for Fault {
    /// What the client may repeat is `ServiceUnavailable` (503); what the cloud's owner has to mend says so in its message; what
    /// only a mistake of ours brings about is an `InternalFailure` whose cause is for the log.
    fn from(error: StoreError) -> Fault {
        match error {
            StoreError::Conflict { .. } | StoreError::Closed => {
                Fault::server("ServiceUnavailable", error.to_string()).status(503)
            }
            StoreError::ValueTooLarge { .. } | StoreError::TransactionTooLarge { .. } => {
                Fault::client("LimitExceededException", error.to_string())
            }
            StoreError::DiskFull { .. } | StoreError::Io { .. } | StoreError::Corrupt { .. } => {
                let mut fault = Fault::internal(&error);
                fault.message = error.to_string();
                fault
            }
            _ => Fault::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_repeated_is_unavailable() {
        let fault = Fault::from(StoreError::Conflict { tries: 3 });
        assert_eq!((fault.status, &*fault.code, fault.sender), (503, "ServiceUnavailable", false));
    }

    #[test]
    fn a_full_disk_is_named_and_a_mistake_of_ours_is_not() {
        let full = Fault::from(StoreError::DiskFull { path: "/data".into() });
        assert!(full.status == 500 && full.message.contains("no space is left"));
        let bug = Fault::from(StoreError::NotFound { key: "secret".into() });
        assert!(!bug.message.contains("secret") && bug.internal.is_some_and(|cause| cause.contains("secret")));
    }
}
