//! Passwords: which are good enough, and what is kept of them.
//!
//! A password is kept as PBKDF2 with HMAC-SHA256 in the format of PHC strings. All passwords of one user have the same salt, so that it
//! costs one derivation to find whether a new one was used before, however many earlier ones there are.

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use model::iam::PasswordPolicy;
use std::num::NonZeroU32;

/// How often the function is applied (OWASP, "Password Storage Cheat Sheet", PBKDF2).
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).expect("not zero");
const SCHEME: &str = "pbkdf2-sha256";
/// In bytes.
pub const SALT: usize = 16;
const HASH: usize = 32;

/// What counts as a symbol (IAM API reference, `UpdateAccountPasswordPolicy`).
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";
const NOT_CONFORMING: &str = "Password does not conform to the account password policy.";

/// What is kept of a password.
pub fn hash(password: &str, salt: &[u8]) -> String {
    let mut hash = [0; HASH];
    pbkdf2::derive(PBKDF2_HMAC_SHA256, ROUNDS, salt, password.as_bytes(), &mut hash);
    format!("${SCHEME}$i={ROUNDS}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash))
}

/// The salt of what is kept.
pub fn salt_of(kept: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(kept.split('$').nth(3)?).ok()
}

/// Whether the password is the one of which this is kept.
pub fn matches(password: &str, kept: &str) -> bool {
    let salt = salt_of(kept).unwrap_or_default();
    aws_lc_rs::constant_time::verify_slices_are_equal(hash(password, &salt).as_bytes(), kept.as_bytes()).is_ok()
}

/// What is wrong with a password by the account's rules, or by those that hold where it has none (IAM user guide, "Set an account
/// password policy for IAM users": default password policy).
pub fn violation(password: &str, policy: Option<&PasswordPolicy>) -> Option<String> {
    match policy {
        Some(policy) => broken_rule(password, policy),
        None => (password.chars().count() < 8 || kinds(password) < 3).then(|| NOT_CONFORMING.to_owned()),
    }
}

/// Refuses a password again that was used before; `used` are those of the user, the present one first.
pub fn reused(hash: &str, used: &[&str], policy: Option<&PasswordPolicy>) -> Option<String> {
    let forbidden = policy.and_then(|policy| policy.reuse_prevention).unwrap_or(0) as usize;
    used.iter().take(forbidden).any(|kept| *kept == hash).then(|| NOT_CONFORMING.to_owned())
}

fn broken_rule(password: &str, policy: &PasswordPolicy) -> Option<String> {
    let has = |is: fn(char) -> bool| password.chars().any(is);
    if password.chars().count() < policy.minimum_length as usize {
        return Some(format!("Password should have a minimum length of {}", policy.minimum_length));
    }
    let rules = [
        (policy.uppercase, has(|c| c.is_ascii_uppercase()), "uppercase letter"),
        (policy.lowercase, has(|c| c.is_ascii_lowercase()), "lowercase letter"),
        (policy.numbers, has(|c| c.is_ascii_digit()), "number"),
        (policy.symbols, has(|c| SYMBOLS.contains(c)), "symbol"),
    ];
    let broken = rules.iter().find(|(demanded, kept, _)| *demanded && !kept);
    broken.map(|(.., what)| format!("Password should have at least one {what}"))
}

/// How many of the four kinds of characters there are in a password.
fn kinds(password: &str) -> usize {
    let kinds: [fn(char) -> bool; 4] =
        [|c| c.is_ascii_uppercase(), |c| c.is_ascii_lowercase(), |c| c.is_ascii_digit(), |c| !c.is_alphanumeric()];
    kinds.iter().filter(|is| password.chars().any(**is)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict() -> PasswordPolicy {
        PasswordPolicy {
            minimum_length: 10,
            symbols: true,
            numbers: true,
            uppercase: true,
            lowercase: true,
            users_may_change: false,
            max_age: None,
            reuse_prevention: Some(2),
            hard_expiry: None,
        }
    }

    #[test]
    fn what_is_kept_tells_the_password_from_others() {
        let kept = hash("correct horse", b"0123456789abcdef");
        assert!(kept.starts_with("$pbkdf2-sha256$i=600000$MDEyMzQ1Njc4OWFiY2RlZg$"), "{kept}");
        assert!(matches("correct horse", &kept));
        assert!(!matches("correct house", &kept));
        assert!(!kept.contains("horse"));
    }

    #[test]
    fn every_rule_is_named_when_it_is_broken() {
        for (password, rule) in [
            ("aB1!", "minimum length of 10"),
            ("abcdefgh1!", "uppercase letter"),
            ("ABCDEFGH1!", "lowercase letter"),
            ("abcdefghI!", "number"),
            ("abcdefghI1", "symbol"),
        ] {
            let found = violation(password, Some(&strict())).unwrap();
            assert!(found.ends_with(rule), "{password}: {found}");
        }
        assert_eq!(violation("abcdefgI1!", Some(&strict())), None);
    }

    #[test]
    fn without_rules_those_of_aws_hold() {
        for (password, good) in [("aB1defg", false), ("abcdefgh1", false), ("aBcdefgh1", true), ("abcdefg-1", true)] {
            assert_eq!(violation(password, None).is_none(), good, "{password}");
        }
    }

    #[test]
    fn as_many_earlier_ones_are_forbidden_as_the_rules_say() {
        assert!(reused("a", &["b", "a", "c"], Some(&strict())).is_some());
        assert!(reused("c", &["b", "a", "c"], Some(&strict())).is_none());
        assert!(reused("a", &["a"], None).is_none());
    }
}
