//! How much of a session's token its policies and tags would take.
//!
//! AWS packs both into a binary form whose size it bounds, and shows how full it is in percent; the form and the bound are not documented.
//! What is known: tags hardly shrink (nine of 252 bytes are 498 % full, so that the bound is 455 bytes), policies shrink to
//! something like half. Here policies are deflated, and tags are counted as they are, so that what AWS refuses by far is refused, and what fits with
//! room to spare fits.

use super::{errors, tags::Passed};
use flate2::{Compression, write::DeflateEncoder};
use front::Answer;
use std::io::Write;

const BOUND: u64 = 455;

/// How full the token is, in percent; `None` if nothing is passed that takes any room. Inherited tags count too.
pub fn percent(policy: Option<&str>, arns: &[String], tags: &Passed) -> Answer<Option<i32>> {
    let of_policies = deflated(policy, arns);
    let of_tags: u64 = tags.all().iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
    let percent = share(of_policies + of_tags);
    match percent {
        0 => Ok(None),
        1..=100 => Ok(Some(i32::try_from(percent).unwrap_or(i32::MAX))),
        _ if share(of_tags) > 100 || of_policies == 0 => Err(errors::packed_tags(percent)),
        _ => Err(errors::packed_policy(percent)),
    }
}

/// Whatever takes room at all takes a percent.
fn share(bytes: u64) -> u64 {
    if bytes == 0 { 0 } else { (bytes * 100 / BOUND).max(1) }
}

fn deflated(policy: Option<&str>, arns: &[String]) -> u64 {
    if policy.is_none() && arns.is_empty() {
        return 0;
    }
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    let texts = policy.into_iter().chain(arns.iter().map(String::as_str));
    // Memory takes whatever is written to it.
    let written = texts.map(|text| packed.write_all(text.as_bytes())).collect::<Result<Vec<()>, _>>();
    written.and_then(|_| packed.finish()).map_or(0, |bytes| bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(count: usize, value: usize) -> Passed {
        let tags = (1..=count).map(|n| (format!("T{n}"), "a".repeat(value)));
        Passed::of(tags, Vec::new(), None).unwrap()
    }

    #[test]
    fn what_is_known_of_awss_own_numbers_comes_out() {
        let refused = percent(None, &[], &tags(9, 250)).unwrap_err();
        assert_eq!(refused, errors::packed_tags(498));
        assert_eq!(percent(None, &[], &Passed::default()), Ok(None));
    }

    #[test]
    fn a_policy_takes_its_deflated_size() {
        let small = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}"#;
        let full = percent(Some(small), &[], &Passed::default()).unwrap().unwrap();
        assert!((10..40).contains(&full), "{full}");
        let with_tags = percent(Some(small), &[], &tags(1, 50)).unwrap().unwrap();
        assert!(with_tags > full);
        let mut noise = 1_u32;
        let wild = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + (noise >> 24) as u8 % 90)
        });
        let wild: String = wild.take(700).collect();
        assert_eq!(percent(Some(&wild), &[], &Passed::default()).unwrap_err().code, "PackedPolicyTooLarge");
    }
}
