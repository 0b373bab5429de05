//! Pages of ELBv2: a marker that says where the next one begins.

use super::errors::validation;
use wire::Fault;

/// How many things a page has unless the request says otherwise.
const USUAL: usize = 400;

/// A page of things that are in the order of their keys. The marker is the last key of the page before.
pub fn page<T>(
    mut things: Vec<T>,
    key: impl Fn(&T) -> &str,
    marker: Option<&str>,
    page_size: Option<i32>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let size = page_size.map_or(Some(USUAL), |size| usize::try_from(size).ok().filter(|size| (1..=USUAL).contains(size)));
    let size = size.ok_or_else(|| validation(format!("Page size must be between 1 and {USUAL}")))?;
    if let Some(marker) = marker.filter(|marker| !marker.is_empty()) {
        let after = decode(marker).ok_or_else(|| validation("The specified marker is not valid"))?;
        things.retain(|thing| key(thing) > after.as_str());
    }
    if things.len() <= size {
        return Ok((things, None));
    }
    things.truncate(size);
    let next = things.last().map(|last| encode(key(last)));
    Ok((things, next))
}

fn encode(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(marker: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(marker.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..marker.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let things = || vec!["a", "b", "c"];
        let (first, marker) = page(things(), |it| it, None, Some(2)).unwrap();
        let (second, end) = page(things(), |it| it, marker.as_deref(), Some(2)).unwrap();
        assert_eq!((first, second, end), (vec!["a", "b"], vec!["c"], None));
        assert!(page(things(), |it| it, Some("zz"), None).is_err());
        assert!(page(things(), |it| it, None, Some(0)).is_err());
    }
}
