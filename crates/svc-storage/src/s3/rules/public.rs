//! Whether a bucket's policy makes it public (Amazon S3 user guide, "The meaning of 'public'"): it allows everybody something, and no
//! condition holds that to known accounts, addresses or networks.

use serde_json::Value;

/// The condition keys that hold a statement to somebody, if their values are fixed ones.
const FIXED: &[&str] = &[
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:principalorgid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:sourceowner",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
];

/// Whether it is, of a document that was checked.
pub fn is_public(document: &str) -> bool {
    let policy: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = match &policy["Statement"] {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    statements
        .iter()
        .any(|statement| statement["Effect"] == "Allow" && is_for_all(statement) && !is_held(&statement["Condition"]))
}

fn is_for_all(statement: &Value) -> bool {
    let all = |principal: &Value| principal == "*" || principal.as_array().is_some_and(|list| list.iter().any(|one| one == "*"));
    let principal = &statement["Principal"];
    all(principal) || all(&principal["AWS"]) || !statement["NotPrincipal"].is_null()
}

fn is_held(condition: &Value) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    let keys = operators.filter(|(operator, _)| !operator.contains("Not")).flat_map(|(_, keys)| keys.as_object()).flatten();
    keys.into_iter().any(|(key, values)| FIXED.contains(&key.to_ascii_lowercase().as_str()) && is_fixed(key, values))
}

fn is_fixed(key: &str, values: &Value) -> bool {
    let wide =
        |text: &str| text.contains("${") || text == "*" || (key.eq_ignore_ascii_case("aws:SourceIp") && text.ends_with("/0"));
    match values {
        Value::Array(all) => all.iter().all(|one| one.as_str().is_some_and(|text| !wide(text))),
        one => one.as_str().is_some_and(|text| !wide(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fixed_conditions_hold_everybody() {
        let policy = |principal: &str, condition: &str| {
            format!(
                r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"*","Condition":{condition}}}]}}"#
            )
        };
        assert!(is_public(&policy("\"*\"", "{}")));
        assert!(is_public(&policy(r#"{"AWS":["*"]}"#, r#"{"StringEquals":{"aws:Referer":"x"}}"#)));
        assert!(is_public(&policy("\"*\"", r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#)));
        assert!(!is_public(&policy("\"*\"", r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#)));
        assert!(!is_public(&policy(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, "{}")));
    }
}
