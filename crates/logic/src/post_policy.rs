//! The policy of a form that uploads a file to S3: until when it is good, and what the form's fields may be (Amazon S3 API reference,
//! "Creating a POST policy"). Who has signed it is not this room's business.

use model::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields that no condition has to name.
const FREE: &[&str] = &["x-amz-signature", "policy", "file", "awsaccesskeyid", "signature"];

/// A policy that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    expires: Timestamp,
    conditions: Vec<Condition>,
    /// How many bytes the file may have.
    pub length: Option<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Equals(String, String),
    StartsWith(String, String),
}

/// The text is no policy, in S3's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid Policy: {0}")]
pub struct Invalid(String);

/// The form isn't what its policy allows, in S3's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid according to Policy: {0}")]
pub struct Denied(String);

impl Policy {
    /// Reads a policy.
    pub fn parse(text: &[u8]) -> Result<Self, Invalid> {
        let invalid = |why: &str| Invalid(why.to_owned());
        let json: Value = serde_json::from_slice(text).map_err(|_| invalid("Invalid JSON."))?;
        let expires = json["expiration"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let expires = expires.ok_or_else(|| invalid("Invalid 'expiration' value."))?;
        let all = json["conditions"].as_array().ok_or_else(|| invalid("Policy missing conditions."))?;
        let mut policy = Self { expires: Timestamp(expires.as_millisecond()), conditions: Vec::new(), length: None };
        for one in all {
            policy.add(one).ok_or_else(|| Invalid(format!("Invalid Condition: {one}")))?;
        }
        Ok(policy)
    }

    fn add(&mut self, condition: &Value) -> Option<()> {
        match condition {
            Value::Object(members) => {
                for (name, value) in members {
                    self.conditions.push(Condition::Equals(name.to_ascii_lowercase(), value.as_str()?.to_owned()));
                }
            }
            Value::Array(parts) => {
                let [operator, first, second] = parts.as_slice() else { return None };
                let operator = operator.as_str()?.to_ascii_lowercase();
                if operator == "content-length-range" {
                    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
                    self.length = Some((number(first)?, number(second)?));
                    return Some(());
                }
                let name = first.as_str()?.strip_prefix('$')?.to_ascii_lowercase();
                let value = second.as_str()?.to_owned();
                self.conditions.push(match operator.as_str() {
                    "eq" => Condition::Equals(name, value),
                    "starts-with" => Condition::StartsWith(name, value),
                    _ => return None,
                });
            }
            _ => return None,
        }
        Some(())
    }

    /// Holds the fields of a form, by lower-case names, against the policy; names the condition that failed, or the field that none
    /// is for.
    pub fn check(&self, fields: &BTreeMap<String, String>, now: Timestamp) -> Result<(), Denied> {
        let denied = |why: String| Err(Denied(why));
        if self.expires <= now {
            return denied("Policy expired.".into());
        }
        for condition in &self.conditions {
            let (Condition::Equals(name, _) | Condition::StartsWith(name, _)) = condition;
            let value = fields.get(name).map(String::as_str).unwrap_or_default();
            if !condition.holds(value) {
                return denied(format!("Policy Condition failed: {}", condition.shown()));
            }
        }
        let named = |field: &str| {
            self.conditions.iter().any(|(Condition::Equals(name, _) | Condition::StartsWith(name, _))| name == field)
        };
        let extra = |field: &&String| !FREE.contains(&field.as_str()) && !field.starts_with("x-ignore-") && !named(field);
        match fields.keys().find(extra) {
            Some(field) if field != "bucket" => denied(format!("Extra input fields: {field}")),
            _ => Ok(()),
        }
    }
}

impl Condition {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Equals(_, expected) => value == expected,
            Self::StartsWith(name, prefix) if name == "content-type" => {
                value.split(',').all(|one| one.trim().starts_with(prefix))
            }
            Self::StartsWith(_, prefix) => value.starts_with(prefix),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Equals(name, value) => format!("[\"eq\", \"${name}\", \"{value}\"]"),
            Self::StartsWith(name, value) => format!("[\"starts-with\", \"${name}\", \"{value}\"]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse(
            br#"{"expiration": "2026-01-02T00:00:00Z", "conditions": [
            {"bucket": "b"}, ["starts-with", "$key", "in/"], ["eq", "$acl", "private"], ["content-length-range", 1, 10]]}"#,
        )
        .unwrap()
    }

    fn fields(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_field_is_held_to_a_condition() {
        let now = Timestamp(1_767_225_600_000);
        let right = [("bucket", "b"), ("key", "in/a"), ("acl", "private"), ("x-amz-signature", "0"), ("x-ignore-me", "1")];
        assert!(policy().check(&fields(&right), now).is_ok());
        assert_eq!(policy().length, Some((1, 10)));
        let fails = |all: &[(&str, &str)], now| policy().check(&fields(all), now).unwrap_err().0;
        assert!(fails(&right, Timestamp(now.0 + 86_400_000)).contains("Policy expired"));
        assert!(fails(&[("bucket", "b"), ("key", "out"), ("acl", "private")], now).contains("starts-with"));
        let extra = [("bucket", "b"), ("key", "in/a"), ("acl", "private"), ("x-amz-meta-a", "1")];
        assert!(fails(&extra, now).contains("Extra input fields: x-amz-meta-a"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in
            ["", "{}", r#"{"expiration":"x","conditions":[]}"#, r#"{"expiration":"2026-01-02T00:00:00Z","conditions":[["a"]]}"#]
        {
            assert!(Policy::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
