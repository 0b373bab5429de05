//! What parameters, paths and labels may be called (Systems Manager user guide, "Understanding requirements and constraints for parameter
//! names").

use super::errors::{malformed_path, not_qualified, prefixed, reserved, too_deep, too_long};
use front::Cx;
use logic::parameter::is_public;
use wire::Fault;

/// A hierarchy has at most so many levels.
const LEVELS: usize = 15;
/// Of a parameter's ARN, in characters.
const LONGEST: usize = 1011;

/// Refuses a name that a new parameter can't have.
pub fn check(cx: &Cx, name: &str) -> Result<(), Fault> {
    if is_public(name) {
        return Err(reserved(name));
    }
    let path = name.strip_prefix('/').unwrap_or(name);
    let levels: Vec<&str> = path.split('/').collect();
    if !levels.iter().all(|level| is_level(level)) || is_prefixed(path) {
        return Err(prefixed());
    }
    if levels.len() > 1 && !name.starts_with('/') {
        return Err(not_qualified());
    }
    if levels.len() > LEVELS {
        return Err(too_deep(name));
    }
    let arn = cx.arn("ssm", format!("parameter/{path}")).to_string();
    if arn.len() > LONGEST { Err(too_long()) } else { Ok(()) }
}

/// The path, with one slash at its end; `/` for all parameters that have one.
pub fn path(path: &str) -> Result<String, Fault> {
    let levels = path.strip_prefix('/').ok_or_else(malformed_path)?;
    let levels = levels.strip_suffix('/').unwrap_or(levels);
    match levels {
        "" => Ok("/".to_owned()),
        levels if levels.split('/').all(is_level) => Ok(format!("/{levels}/")),
        _ => Err(malformed_path()),
    }
}

/// Whether a version may have a label of that name.
pub fn is_label(label: &str) -> bool {
    let begins = !label.starts_with(|first: char| first.is_ascii_digit());
    begins && !is_prefixed(label) && label.chars().all(allowed)
}

fn is_level(level: &str) -> bool {
    !level.is_empty() && level.chars().all(allowed)
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-".contains(c)
}

fn is_prefixed(name: &str) -> bool {
    let begin = name.get(..3).unwrap_or_default();
    begin.eq_ignore_ascii_case("aws") || begin.eq_ignore_ascii_case("ssm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_end_with_one_slash() {
        let cases =
            [("/", "/"), ("/a", "/a/"), ("/a/", "/a/"), ("/a/b.c-d_e", "/a/b.c-d_e/"), ("/aws/service/", "/aws/service/")];
        for (given, read) in cases {
            assert_eq!(path(given).unwrap(), read);
        }
        for bad in ["", "a", "a/b", "///", "/a//b", "/a b", "/a/*"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn labels_are_words_that_begin_with_a_letter() {
        assert!(["prod", "Test-1", "a.b_c"].into_iter().all(is_label));
        assert!(!["1st", "awsome", "SSM-x", "a b", "a/b"].into_iter().any(is_label));
    }
}
