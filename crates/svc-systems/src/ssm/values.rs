//! What values may be. Pure.

use super::errors::{bad_image, invalid, mismatch, not_built, pattern};
use model::ssm::{ParameterKind, Tier};
use regex::Regex;
use wire::Fault;

/// In bytes.
const STANDARD: usize = 4096;
/// In bytes.
const ADVANCED: usize = 8192;

/// The tier that holds a value: the one that is asked for, or with `Intelligent-Tiering` the least that does.
pub fn tier(asked: Option<Tier>, before: Option<Tier>, intelligent: bool, length: usize) -> Result<Tier, Fault> {
    let tier = match (intelligent, asked.or(before).unwrap_or(Tier::Standard)) {
        (true, _) if length > STANDARD || before == Some(Tier::Advanced) => Tier::Advanced,
        (true, _) => Tier::Standard,
        (false, tier) => tier,
    };
    if before == Some(Tier::Advanced) && tier == Tier::Standard {
        return Err(invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the \
             standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
        ));
    }
    match tier {
        Tier::Standard if length > STANDARD => Err(invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade \
             the parameter to use the advanced-parameter tier. For more information, see \
             https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
        )),
        Tier::Advanced if length > ADVANCED => {
            Err(invalid("Advanced tier parameters support a maximum parameter value of 8192 characters."))
        }
        tier => Ok(tier),
    }
}

/// Refuses a value that a pattern doesn't match as a whole; of a list, each item has to.
pub fn check_pattern(kind: ParameterKind, value: &str, allowed: &str) -> Result<(), Fault> {
    let matches = Regex::new(&format!(r"\A(?:{allowed})\z")).map_err(pattern)?;
    let fits = match kind {
        ParameterKind::List => value.split(',').all(|item| matches.is_match(item)),
        ParameterKind::Text | ParameterKind::Secret => matches.is_match(value),
    };
    if fits { Ok(()) } else { Err(mismatch(allowed)) }
}

/// Refuses a data type that there isn't, or whose values look otherwise.
pub fn check_data_type(kind: ParameterKind, data_type: &str, value: &str) -> Result<(), Fault> {
    match data_type {
        "text" => Ok(()),
        "aws:ec2:image" if kind != ParameterKind::Text => {
            Err(invalid("The data type aws:ec2:image is supported for parameters of the type String only."))
        }
        "aws:ec2:image" if is_image(value) => Ok(()),
        "aws:ec2:image" => Err(bad_image(value)),
        "aws:ssm:integration" => Err(not_built("the data type aws:ssm:integration")),
        other => Err(invalid(format!("The following data type is not supported: {other} (Data type names are all lowercase.)"))),
    }
}

fn is_image(value: &str) -> bool {
    let digits = value.strip_prefix("ami-").unwrap_or_default();
    matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_hold_what_they_say() {
        let tier = |asked, before, intelligent, length| super::tier(asked, before, intelligent, length).ok();
        assert_eq!(tier(None, None, false, 4096), Some(Tier::Standard));
        assert_eq!(tier(None, None, false, 4097), None);
        assert_eq!(tier(Some(Tier::Advanced), None, false, 8192), Some(Tier::Advanced));
        assert_eq!(tier(Some(Tier::Advanced), None, false, 8193), None);
        assert_eq!(tier(Some(Tier::Standard), Some(Tier::Advanced), false, 1), None);
        assert_eq!(tier(None, Some(Tier::Advanced), false, 5000), Some(Tier::Advanced));
        assert_eq!(tier(None, None, true, 4097), Some(Tier::Advanced));
        assert_eq!(tier(None, None, true, 1), Some(Tier::Standard));
        assert_eq!(tier(None, Some(Tier::Advanced), true, 1), Some(Tier::Advanced));
    }

    #[test]
    fn patterns_match_the_whole_value() {
        let fits = |kind, value, allowed| check_pattern(kind, value, allowed).map_err(|fault| fault.code.into_owned());
        let mismatch = Err("ParameterPatternMismatchException".to_owned());
        assert_eq!(fits(ParameterKind::Text, "1234", r"\d{1,4}"), Ok(()));
        assert_eq!(fits(ParameterKind::Text, "12345", r"\d{1,4}"), mismatch);
        assert_eq!(fits(ParameterKind::Text, "b", "a|b"), Ok(()));
        assert_eq!(fits(ParameterKind::List, "1,22,333", r"\d+"), Ok(()));
        assert_eq!(fits(ParameterKind::List, "1,x", r"\d+"), mismatch);
        assert_eq!(fits(ParameterKind::Text, "1", "("), Err("InvalidAllowedPatternException".to_owned()));
    }

    #[test]
    fn images_have_ids() {
        let check = |kind, value| check_data_type(kind, "aws:ec2:image", value).is_ok();
        assert!(check(ParameterKind::Text, "ami-12345678") && check(ParameterKind::Text, "ami-0123456789abcdef0"));
        assert!(!check(ParameterKind::Text, "ami-1") && !check(ParameterKind::Text, "i-12345678"));
        assert!(!check(ParameterKind::Secret, "ami-12345678"));
        assert_eq!(check_data_type(ParameterKind::Text, "TEXT", "").unwrap_err().code, "ValidationException");
        assert_eq!(check_data_type(ParameterKind::Text, "aws:ssm:integration", "").unwrap_err().status, 501);
    }
}
