//! The credential scope: for which day, region and service a signing key is good.

use super::Refusal;

/// What ends every scope.
pub(super) const TERMINATOR: &str = "aws4_request";

/// A key's id and the scope of a signature, as they stand in `Credential`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scope {
    /// The id of the key that signed, such as `AKIAIOSFODNN7EXAMPLE`.
    pub access_key: String,
    /// `YYYYMMDD`.
    pub date: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// The signing name of a service, such as `ecr`.
    pub service: String,
}

impl Scope {
    /// Reads `<key>/<date>/<region>/<service>/aws4_request`.
    pub fn parse(credential: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
        let [TERMINATOR, service, region, date, access_key] = parts[..] else {
            return Err(malformed(credential));
        };
        let plausible =
            |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let valid = date.len() == 8
            && date.bytes().all(|b| b.is_ascii_digit())
            && (1..=128).contains(&access_key.len())
            && plausible(region)
            && plausible(service);
        let scope = Self { access_key: access_key.into(), date: date.into(), region: region.into(), service: service.into() };
        valid.then_some(scope).ok_or_else(|| malformed(credential))
    }

    /// The scope as it stands in a string to sign, without the key's id.
    pub fn without_key(&self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}

fn malformed(credential: &str) -> Refusal {
    let shown: String = credential.chars().take(256).collect();
    Refusal::Incomplete(format!(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/{TERMINATOR}, got '{shown}'"
    ))
}
