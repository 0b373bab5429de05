//! Lists in pages. A token names the last item of the page before, so that it stays good while items come and go.

use super::errors;
use std::cmp::Ordering;
use wire::Fault;

/// One page of items that stand in the order of their ids (or, `descending`, in the reverse), and the next page's token.
pub fn page<T>(
    items: impl IntoIterator<Item = (String, T)>,
    descending: bool,
    max_results: Option<i32>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let size = match max_results.unwrap_or(100) {
        size @ 1..=100 => size as usize,
        _ => return Err(errors::invalid("maxResults must be between 1 and 100.")),
    };
    let last = token.filter(|token| !token.is_empty()).map(decode).transpose()?;
    let before = if descending { Ordering::Less } else { Ordering::Greater };
    let on_page = |id: &String| last.as_ref().is_none_or(|last| id.cmp(last) == before);
    let mut rest = items.into_iter().filter(|(id, _)| on_page(id)).peekable();
    let (mut page, mut end) = (Vec::new(), None);
    while page.len() < size {
        let Some((id, item)) = rest.next() else { break };
        page.push(item);
        end = Some(id);
    }
    let next = rest.peek().and(end).map(|id| encode(&id));
    Ok((page, next))
}

fn encode(id: &str) -> String {
    id.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(token: &str) -> Result<String, Fault> {
    let invalid = || errors::invalid("Invalid token.");
    if !token.is_ascii() || !token.len().is_multiple_of(2) {
        return Err(invalid());
    }
    let bytes: Result<Vec<u8>, _> = (0..token.len() / 2).map(|i| u8::from_str_radix(&token[2 * i..2 * i + 2], 16)).collect();
    String::from_utf8(bytes.map_err(|_| invalid())?).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(descending: bool) -> Vec<Vec<i32>> {
        let mut items: Vec<(String, i32)> = (1..=5).map(|n| (format!("item/{n}"), n)).collect();
        if descending {
            items.reverse();
        }
        let (mut all, mut token) = (vec![], None);
        loop {
            let (items, next) = page(items.clone(), descending, Some(2), token.as_deref()).unwrap();
            all.push(items);
            token = next;
            if token.is_none() {
                return all;
            }
        }
    }

    #[test]
    fn pages_hold_everything_once() {
        assert_eq!(pages(false), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(pages(true), [vec![5, 4], vec![3, 2], vec![1]]);
    }

    #[test]
    fn refuses_what_is_no_page() {
        let none: [(String, ()); 0] = [];
        for (max, token) in [(Some(0), None), (Some(101), None), (None, Some("x")), (None, Some("zz")), (None, Some("ff"))] {
            assert!(page(none.clone(), false, max, token).is_err(), "{max:?} {token:?}");
        }
    }
}
