//! How requests name a parameter: `name`, `name:version`, `name:label`, and the same as an ARN.

use model::{AccountId, Arn, Region, ssm::ParameterSpec};

/// A parameter that is named, and which version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name. An ARN doesn't tell whether a name without a path begins with a slash, so there may be two: the first that is there is
    /// meant.
    pub names: Vec<String>,
    /// A version's number or label.
    pub selector: Option<String>,
    /// The ARN that it has; in another account or region, where an ARN says so.
    pub arn: Arn,
}

impl Reference {
    /// Reads a text, in a request of an account in a region. None if it can't name a parameter.
    pub fn parse(text: &str, account: &AccountId, region: &Region) -> Option<Self> {
        if !text.starts_with("arn:") {
            let (name, selector) = split(text)?;
            return Some(Self { arn: arn(name, account, region), names: vec![name.to_owned()], selector });
        }
        let arn: Arn = text.parse().ok()?;
        let (path, selector) = split(&arn.resource)?;
        let arn = Arn { resource: path.to_owned(), ..arn.clone() };
        let name = arn.resource_id("ssm", "parameter")?;
        let names = match name.contains('/') {
            true => vec![format!("/{name}")],
            false => vec![name.to_owned(), format!("/{name}")],
        };
        Some(Self { names, selector, arn })
    }

    /// Whether it stands where the request does; AWS's own parameters stand everywhere.
    pub fn is_here(&self, account: &AccountId, region: &Region) -> bool {
        let own = self.arn.account == account.as_str() || self.arn.account.is_empty() && super::is_public(&self.names[0]);
        own && self.arn.region == region.as_str()
    }
}

/// The ARN of a parameter. Those that AWS has for everybody belong to no account.
fn arn(name: &str, account: &AccountId, region: &Region) -> Arn {
    let arn = Arn::new("ssm", region, account, format!("parameter/{}", name.strip_prefix('/').unwrap_or(name)));
    if super::is_public(name) { Arn { account: String::new(), ..arn } } else { arn }
}

fn split(text: &str) -> Option<(&str, Option<String>)> {
    let (name, selector) = match text.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (text, None),
    };
    let readable = !name.is_empty() && selector.is_none_or(|selector| !selector.is_empty() && !selector.contains(':'));
    readable.then(|| (name, selector.map(str::to_owned)))
}

/// The version that a selector means: the newest without one. None if it isn't there, or not any more.
pub fn version(parameter: &ParameterSpec, selector: Option<&str>) -> Option<u64> {
    match selector {
        None => Some(parameter.latest),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|number| (parameter.oldest..=parameter.latest).contains(number))
        }
        Some(label) => parameter.labels.get(label).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ssm::Tier;

    fn parse(text: &str) -> Option<Reference> {
        Reference::parse(text, &AccountId::parse("111122223333").unwrap(), &Region::parse("us-east-1").unwrap())
    }

    fn read(text: &str) -> (Vec<String>, Option<String>, String) {
        let found = parse(text).unwrap();
        (found.names, found.selector, found.arn.to_string())
    }

    fn expected(names: &[&str], selector: Option<&str>, arn: &str) -> (Vec<String>, Option<String>, String) {
        (names.iter().map(|name| (*name).to_owned()).collect(), selector.map(str::to_owned), arn.to_owned())
    }

    #[test]
    fn names_versions_and_arns_are_read() {
        let arn = "arn:aws:ssm:us-east-1:111122223333:parameter/a/b";
        assert_eq!(read("/a/b"), expected(&["/a/b"], None, arn));
        assert_eq!(read("/a/b:3"), expected(&["/a/b"], Some("3"), arn));
        assert_eq!(read(&format!("{arn}:prod")), expected(&["/a/b"], Some("prod"), arn));
        let short = "arn:aws:ssm:us-east-1:111122223333:parameter/a";
        assert_eq!(read("a"), expected(&["a"], None, short));
        assert_eq!(read("/a"), expected(&["/a"], None, short));
        assert_eq!(read(short), expected(&["a", "/a"], None, short));
        let public = "arn:aws:ssm:us-east-1::parameter/aws/service/x";
        assert_eq!(read("/aws/service/x").2, public);
        assert_eq!(read(public).0, ["/aws/service/x"]);
    }

    #[test]
    fn what_names_no_parameter_is_told() {
        for text in
            ["", ":1", "a:", "a:1:2", "arn:aws:ssm:us-east-1", "arn:aws:s3:::parameter/a", "arn:aws:ssm:us-east-1:1:document/a"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_elsewhere_is_told() {
        let here = |text: &str| {
            let found = parse(text).unwrap();
            found.is_here(&AccountId::parse("111122223333").unwrap(), &Region::parse("us-east-1").unwrap())
        };
        assert!(here("a") && here("/aws/service/x") && here("arn:aws:ssm:us-east-1::parameter/aws/service/x"));
        assert!(!here("arn:aws:ssm:eu-west-1:111122223333:parameter/a"));
        assert!(!here("arn:aws:ssm:us-east-1:444455556666:parameter/a"));
        assert!(!here("arn:aws:ssm:us-east-1::parameter/a/b"));
    }

    #[test]
    fn a_version_is_found_by_its_number_or_its_label() {
        let parameter = ParameterSpec {
            latest: 104,
            oldest: 5,
            labels: [("prod".to_owned(), 7)].into(),
            tags: Default::default(),
            tier: Tier::Standard,
        };
        let cases = [(None, Some(104)), (Some("5"), Some(5)), (Some("4"), None), (Some("105"), None), (Some("prod"), Some(7))];
        for (selector, found) in cases {
            assert_eq!(version(&parameter, selector), found, "{selector:?}");
        }
        assert_eq!(version(&parameter, Some("dev")), None);
        assert_eq!(version(&parameter, Some("99999999999999999999999")), None);
    }
}
