//! What buckets and keys may be called (Amazon S3 user guide, "General purpose bucket naming rules").

use super::errors;
use std::net::Ipv4Addr;
use wire::{Fault, Value};

/// The longest key, in bytes.
const LONGEST_KEY: usize = 1024;

/// Refuses a name that no bucket can have.
///
/// # Errors
/// `InvalidBucketName`.
pub fn bucket(name: &str) -> Result<(), Fault> {
    let refused =
        || Fault::client("InvalidBucketName", "The specified bucket is not valid.").with("BucketName", Value::Str(name.into()));
    if is_bucket(name) { Ok(()) } else { Err(refused()) }
}

fn is_bucket(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(plain) && name.bytes().last().is_some_and(plain);
    let inner = name.bytes().all(|byte| plain(byte) || byte == b'-' || byte == b'.');
    let begins = ["xn--", "sthree-"].iter().any(|prefix| name.starts_with(prefix));
    let ending = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|suffix| name.ends_with(suffix));
    (3..=63).contains(&name.len())
        && ends
        && inner
        && !begins
        && !ending
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
}

/// Refuses a key that is too long, or that no XML could say.
///
/// # Errors
/// `KeyTooLongError`, `InvalidArgument`.
pub fn key(name: &str) -> Result<(), Fault> {
    if name.len() > LONGEST_KEY {
        let fault = Fault::client("KeyTooLongError", "Your key is too long");
        return Err(fault
            .with("Size", Value::Str(name.len().to_string()))
            .with("MaxSizeAllowed", Value::Str(LONGEST_KEY.to_string())));
    }
    if name.contains('\0') {
        return Err(errors::invalid_argument("Object key must not contain a null character.", "Key", ""));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_have_names_of_hosts() {
        for name in ["abc", "my.bucket-1", "1a2", &"a".repeat(63)] {
            assert!(bucket(name).is_ok(), "{name}");
        }
        for name in ["ab", "Abc", "a_b", "-abc", "abc.", "a..b", "192.168.1.1", "xn--a", "a-s3alias", "a--x-s3", &"a".repeat(64)]
        {
            assert!(bucket(name).is_err(), "{name}");
        }
    }

    #[test]
    fn keys_are_any_text_that_is_not_too_long() {
        assert!(key("../../etc/passwd\u{1F600}").is_ok());
        assert!(key(&"é".repeat(513)).is_err());
        assert!(key("a\0b").is_err());
    }
}
