//! The keys under which the engine keeps the sections: `kind section account region id`, with single spaces.
//!
//! A space orders before every character that the first four may hold, and only the id may contain one, so byte order is
//! the order of the parts, and whatever begins with the first parts is one range.

use crate::{
    StoreError,
    engine::{Bytes, KeyRange},
    store::Scope,
};
use model::{AccountId, Key, Record, Region};

/// The longest id, in bytes. AWS's longest names, such as those of Systems Manager parameters, have 2,048 characters.
const LONGEST_ID: usize = 4096;

/// A record's sections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Spec,
    Plan,
    Observed,
}

impl Section {
    pub(super) const ALL: [Section; 3] = [Section::Spec, Section::Plan, Section::Observed];

    fn name(self) -> &'static str {
        match self {
            Section::Spec => "spec",
            Section::Plan => "plan",
            Section::Observed => "observed",
        }
    }
}

/// The beginning of all keys of a kind.
pub(super) fn kind_prefix(kind: &str) -> Bytes {
    format!("{kind} ").into_bytes().into()
}

fn kind<R: Record>() -> &'static str {
    const { assert!(valid_kind(R::KIND), "a kind has the form service/kind, in lower-case letters, digits and hyphens") }
    R::KIND
}

/// The beginning of all keys of one section of a kind.
pub(super) fn section_prefix<R: Record>(section: Section) -> String {
    format!("{} {} ", kind::<R>(), section.name())
}

/// The key of one section of a record.
pub(super) fn section_key<R: Record>(section: Section, key: &Key<R>) -> Result<Bytes, StoreError> {
    let invalid = |reason| StoreError::InvalidKey { key: format!("{key:?}").chars().take(128).collect(), reason };
    if key.id.is_empty() {
        return Err(invalid("the id is empty"));
    }
    if key.id.len() > LONGEST_ID {
        return Err(invalid("the id is longer than 4096 bytes"));
    }
    let parts = [kind::<R>(), section.name(), key.account.as_str(), key.region.as_str(), &key.id];
    Ok(parts.join(" ").into_bytes().into())
}

/// The keys of one section of all records in the scope.
pub(super) fn section_range<R: Record>(section: Section, scope: Scope<'_>) -> KeyRange {
    let prefix = section_prefix::<R>(section);
    let prefix = match scope {
        Scope::All => prefix,
        Scope::Account(account) => format!("{prefix}{account} "),
        Scope::Region(account, region) => format!("{prefix}{account} {region} "),
        Scope::Prefix(account, region, id) => format!("{prefix}{account} {region} {id}"),
        Scope::After(account, region, id, _) => {
            let region = format!("{prefix}{account} {region} ");
            return KeyRange::prefix(region.as_bytes()).after(format!("{region}{id}").as_bytes());
        }
    };
    KeyRange::prefix(prefix.as_bytes())
}

/// Reads the keys of many records. Most share their account and region with the one before, which are read only once then.
#[derive(Default)]
pub(super) struct Reader {
    /// The beginning of the last key, up to its id, and what it says.
    last: Option<(Vec<u8>, AccountId, Region)>,
}

impl Reader {
    /// The record whose section has that key, given what follows the section's prefix.
    pub(super) fn read<R: Record>(&mut self, rest: &[u8]) -> Option<Key<R>> {
        let text = std::str::from_utf8(rest).ok()?;
        if let Some((beginning, account, region)) = &self.last
            && rest.starts_with(beginning)
        {
            return Some(Key::new(account, region, &text[beginning.len()..]));
        }
        let mut parts = text.splitn(3, ' ');
        let account = AccountId::parse(parts.next()?).ok()?;
        let region = Region::parse(parts.next()?).ok()?;
        let key = Key::new(&account, &region, parts.next()?);
        self.last = Some((rest[..rest.len() - key.id.len()].to_vec(), account, region));
        Some(key)
    }
}

/// A key for the eyes of people.
pub(super) fn readable(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

const fn valid_kind(kind: &str) -> bool {
    let bytes = kind.as_bytes();
    let mut slashes = 0;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => {}
            b'/' if i > 0 && i + 1 < bytes.len() => slashes += 1,
            _ => return false,
        }
        i += 1;
    }
    slashes == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Thing {}
    impl Record for Thing {
        const KIND: &'static str = "test/thing";
        type Spec = ();
        type Plan = ();
        type Observed = ();
    }

    #[test]
    fn a_key_is_found_again_in_its_bytes() {
        let key: Key<Thing> =
            Key::new(&AccountId::parse("000000000001").unwrap(), &Region::parse("eu-west-1").unwrap(), "a b/c d");
        let bytes = section_key(Section::Plan, &key).unwrap();
        assert_eq!(&*bytes, b"test/thing plan 000000000001 eu-west-1 a b/c d");
        let rest = &bytes[section_prefix::<Thing>(Section::Plan).len()..];
        let mut reader = Reader::default();
        assert_eq!(reader.read::<Thing>(rest).as_ref(), Some(&key));
        assert_eq!(reader.read::<Thing>(rest), Some(key), "and so is the next of the same account and region");
        assert_eq!(reader.read::<Thing>(b"000000000002 eu-west-1 x").unwrap().account.as_str(), "000000000002");
        assert_eq!(reader.read::<Thing>(b"000000000002 eu-west-1"), None);
    }

    #[test]
    fn kinds_have_one_form() {
        assert!(valid_kind("ecs/task-set2"));
        for kind in ["", "ecs", "/task", "ecs/", "ecs/a/b", "Ecs/task", "ecs/a task"] {
            assert!(!valid_kind(kind), "{kind}");
        }
    }
}
