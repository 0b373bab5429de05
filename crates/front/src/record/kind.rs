//! Whether an operation only reads. AWS's models don't say so; its names do.

/// How the names of operations begin that change nothing.
const READS: &[&str] = &[
    "Describe", "Get", "List", "Lookup", "Search", "Head", "Filter", "Query", "Scan", "Simulate", "Decode", "Test", "Validate",
    "View",
];

/// Operations that change nothing, whatever their names say. The readers among STS's and KMS's are those that CloudTrail shows as such.
const READERS: &[&str] = &[
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "Decrypt",
    "Encrypt",
    "GenerateCredentialReport",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GenerateRandom",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
];

/// Operations that answer with new credentials: CloudTrail shows the answer, though they are said to read.
const ISSUERS: &[&str] =
    &["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken", "GetSessionToken"];

/// Whether the operation changes nothing.
pub(super) fn is_read_only(operation: &str) -> bool {
    READERS.contains(&operation) || READS.iter().any(|verb| begins_with_word(operation, verb))
}

/// Whether its answer is a part of its event.
pub(super) fn shows_answer(operation: &str) -> bool {
    !is_read_only(operation) || ISSUERS.contains(&operation)
}

/// `GetUser` begins with the word `Get`, `Getaway` doesn't.
fn begins_with_word(name: &str, word: &str) -> bool {
    name.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_readers_from_writers() {
        for name in ["DescribeTasks", "GetUser", "ListRoles", "LookupEvents", "BatchGetImage", "AssumeRole", "GetSessionToken"] {
            assert!(is_read_only(name), "{name}");
        }
        for name in ["RunTask", "CreateUser", "BatchDeleteImage", "PutImage", "TagResource", "InitiateLayerUpload"] {
            assert!(!is_read_only(name), "{name}");
        }
        assert!(shows_answer("AssumeRole") && shows_answer("CreateUser") && !shows_answer("GetUser"));
    }
}
