//! The condition keys of STS's operations (Service Authorization Reference, "AWS Security Token Service").

use super::tags::Passed;
use front::keys::request_tags;
use logic::policy::Context;

/// What a request for a session says of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The name of a role's session.
    pub session_name: Option<&'a str>,
    /// What a stranger has to know.
    pub external_id: Option<&'a str>,
    /// Who is to stand behind the session: of the request, or of the calling session.
    pub source_identity: Option<&'a str>,
}

/// The keys of a request for a session. Inherited tags count as the request's: what a trust policy demands of tags, it demands of the whole
/// chain.
pub fn of_request(asked: Asked<'_>, passed: &Passed) -> Context {
    let mut context = Context::new();
    let single = [
        ("sts:RoleSessionName", asked.session_name),
        ("sts:ExternalId", asked.external_id),
        ("sts:SourceIdentity", asked.source_identity),
    ];
    for (key, value) in single {
        if let Some(value) = value {
            context.set(key, value);
        }
    }
    context.set_from(&request_tags(passed.all()));
    context.set_all("sts:TransitiveTagKeys", passed.onward());
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_said_has_no_key() {
        let asked = Asked { session_name: Some("me"), ..Asked::default() };
        let plain = of_request(asked, &Passed::default());
        assert_eq!(plain.get("sts:RoleSessionName"), ["me"]);
        assert!(plain.get("sts:ExternalId").is_empty() && plain.get("aws:TagKeys").is_empty());
        let tags = [("Team".to_owned(), "a".to_owned()), ("Cost".to_owned(), "1".to_owned())];
        let tagged = of_request(asked, &Passed::of(tags.into_iter(), vec!["Team".into()], None).unwrap());
        assert_eq!(tagged.get("aws:RequestTag/Team"), ["a"]);
        assert_eq!(tagged.get("aws:TagKeys"), ["Cost", "Team"]);
        assert_eq!(tagged.get("sts:TransitiveTagKeys"), ["Team"]);
    }
}
