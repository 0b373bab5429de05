//! Identity sources: what in a request says who has sent it (developer guide, "Control access to HTTP APIs with AWS Lambda authorizers",
//! *Identity sources*).

use super::exchange::Exchange;

/// Whether an authorizer may have such a source.
pub fn is_source(text: &str) -> bool {
    let named = |prefix: &str| text.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    ["$request.header.", "$request.querystring.", "$context.", "$stageVariables."].into_iter().any(named)
}

/// The values of all sources; none if one of them isn't there, or is empty.
pub fn values(sources: &[String], exchange: &Exchange) -> Option<Vec<String>> {
    let value = |source: &String| exchange.value(source.strip_prefix('$')?, &[]).filter(|value| !value.is_empty());
    sources.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::exchange::tests::exchange, *};

    #[test]
    fn all_have_to_be_there() {
        let sources = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let found = values(&sources(&["$request.header.User-Agent", "$context.routeKey"]), &exchange());
        assert_eq!(found, Some(sources(&["curl/8", "GET /pets/{id}"])));
        assert_eq!(values(&sources(&["$request.header.User-Agent", "$request.header.none"]), &exchange()), None);
        assert_eq!(values(&[], &exchange()), Some(vec![]));
    }

    #[test]
    fn sources_are_known_by_their_form() {
        assert!(is_source("$request.header.Auth") && is_source("$context.httpMethod") && is_source("$stageVariables.a"));
        assert!(!is_source("$request.body.a") && !is_source("request.header.a") && !is_source("$request.header."));
    }
}
