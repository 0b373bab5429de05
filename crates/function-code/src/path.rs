//! Names of entries as paths that stay within a folder.

/// The longest name of a file (`NAME_MAX`), in bytes.
const LONGEST_NAME: usize = 255;

/// The longest path, in bytes: what every file system takes with a folder of ours before it.
const LONGEST_PATH: usize = 2048;

/// The longest target of a link, in bytes.
pub(crate) const LONGEST_TARGET: u64 = 1024;

/// The components of an entry's name, which lead down from the root; none where the name is absolute, climbs, or can't be one of a file.
/// The root itself has no components.
pub(crate) fn components(name: &str) -> Option<Vec<&str>> {
    if name.starts_with('/') || name.len() > LONGEST_PATH || name.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let good = |part: &&str| *part != ".." && part.len() <= LONGEST_NAME;
    parts.iter().all(good).then_some(parts)
}

/// Whether a link at that depth (1 is in the root) leads to somewhere within the root, whatever other links do that hold to this: it
/// climbs only before it descends, so that each `..` is that of a folder which is none's link.
pub(crate) fn leads_within(target: &str, depth: usize) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return false;
    }
    let mut parts = target.split('/').filter(|part| !matches!(*part, "" | ".")).peekable();
    let mut climbed = 0;
    while parts.next_if_eq(&"..").is_some() {
        climbed += 1;
    }
    climbed < depth && parts.all(|part| part != ".." && part.len() <= LONGEST_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_down() {
        assert_eq!(components("a/b.py"), Some(vec!["a", "b.py"]));
        assert_eq!(components("./a//b/"), Some(vec!["a", "b"]));
        assert_eq!(components("./"), Some(vec![]));
        assert_eq!(components("..a/b.."), Some(vec!["..a", "b.."]));
        let (long, deep) = ("x".repeat(256), "x/".repeat(1025));
        for bad in ["/etc/passwd", "..", "a/../../b", "a/..", "a\0b", &long, &deep] {
            assert_eq!(components(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn links_lead_to_what_is_within() {
        for (target, depth) in [("b", 1), ("./b/c", 1), ("../b", 2), ("../../b/c", 3), (".", 1)] {
            assert!(leads_within(target, depth), "{target}");
        }
        for (target, depth) in [("..", 1), ("../..", 2), ("/etc", 3), ("", 1), ("b/..", 3), ("../b/../../c", 5), ("a\0", 1)] {
            assert!(!leads_within(target, depth), "{target}");
        }
    }
}
