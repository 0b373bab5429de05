//! Pages of a list, as ECR has them.

use super::errors;
use wire::Fault;

/// How many things a page has where the caller doesn't say (Amazon ECR API reference, `maxResults`).
const DEFAULT: usize = 100;

/// What a caller asks of a page.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// `nextToken`.
    pub token: Option<&'a str>,
    /// `maxResults`; the model has checked its bounds.
    pub max: Option<i32>,
}

/// One page of `things`, which are ordered by `name`, and the token of the next one.
pub fn page<T>(things: Vec<T>, asked: Asked<'_>, name: impl Fn(&T) -> String) -> Result<(Vec<T>, Option<String>), Fault> {
    let limit = asked.max.and_then(|max| usize::try_from(max).ok()).unwrap_or(DEFAULT).max(1);
    front::page::page(things, asked.token, limit, name, bad_token)
}

/// A caller that names what it wants has no use for pages.
pub fn refuse_both(asked: Asked<'_>, named: bool, names: &str) -> Result<(), Fault> {
    if named && (asked.token.is_some() || asked.max.is_some()) {
        return Err(errors::invalid(format!(
            "Invalid parameter: 'maxResults' and 'nextToken' cannot be used together with '{names}'"
        )));
    }
    Ok(())
}

fn bad_token() -> Fault {
    errors::invalid("Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid nextToken'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all = || vec!["a", "b", "c", "d", "e"];
        let (mut seen, mut token) = (Vec::new(), None::<String>);
        loop {
            let asked = Asked { token: token.as_deref(), max: Some(2) };
            let (shown, next) = page(all(), asked, |thing| thing.to_string()).unwrap();
            assert!(shown.len() <= 2);
            seen.extend(shown);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all());
    }

    #[test]
    fn a_full_last_page_has_no_successor() {
        let (shown, token) = page(vec!["a", "b"], Asked { token: None, max: Some(2) }, |thing| thing.to_string()).unwrap();
        assert_eq!((shown.len(), token), (2, None));
    }

    #[test]
    fn a_token_of_somebody_elses_is_refused() {
        assert!(page(vec!["a"], Asked { token: Some("!"), max: None }, |thing| thing.to_string()).is_err());
    }
}
