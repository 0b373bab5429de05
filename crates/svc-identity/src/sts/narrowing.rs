//! Session policies: what narrows a session (IAM user guide, "Session policies").

use super::errors;
use api::sts as sdk;
use front::Answer;
use logic::{
    aws_managed,
    policy::{Kind, Policy},
};
use model::{
    AccountId, Arn, Key,
    iam::{ManagedPolicy, Named, base_name},
};
use spine::{Read, Tx};

/// The most managed policies that may be passed.
const MOST_ARNS: usize = 10;
/// The most characters of both kinds together.
const MOST_TEXT: usize = 2048;

/// What a session is narrowed to, if it is.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// The document that was passed.
    pub policy: Option<String>,
    /// The managed policies that were.
    pub arns: Vec<String>,
}

impl Narrowing {
    /// Reads what was passed, and refuses what isn't a policy of a session.
    pub fn new(policy: &Option<String>, arns: &Option<Vec<sdk::PolicyDescriptorType>>) -> Answer<Self> {
        let arns: Vec<String> = arns.iter().flatten().filter_map(|descriptor| descriptor.arn.clone()).collect();
        if arns.len() > MOST_ARNS {
            return Err(errors::too_long("policyArns", MOST_ARNS));
        }
        let text = policy.iter().chain(&arns).map(|text| text.chars().count()).sum::<usize>();
        if text > MOST_TEXT {
            return Err(errors::too_long("policy", MOST_TEXT));
        }
        if let Some(policy) = policy {
            Policy::parse(policy, Kind::Session).map_err(|malformed| errors::malformed_policy(malformed.to_string()))?;
        }
        Ok(Self { policy: policy.clone(), arns })
    }

    /// Refuses managed policies that aren't there: they are AWS's or those of the session's account.
    pub fn check(&self, tx: &mut Tx, account: &AccountId) -> Answer<()> {
        for arn in &self.arns {
            if aws_managed::find(arn).is_none() && !is_own(tx, account, arn)? {
                return Err(errors::no_policy(arn));
            }
        }
        Ok(())
    }
}

fn is_own(tx: &mut Tx, account: &AccountId, arn: &str) -> Answer<bool> {
    let Ok(parsed) = arn.parse::<Arn>() else { return Ok(false) };
    let Some(path_and_name) = parsed.resource.strip_prefix("policy/") else { return Ok(false) };
    let policy = tx.spec(&Key::<ManagedPolicy>::named(account, base_name(path_and_name)))?;
    Ok(policy.is_some_and(|policy| ManagedPolicy::arn(account, &policy) == parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}"#;

    fn arns(count: usize) -> Option<Vec<sdk::PolicyDescriptorType>> {
        let arn = |n| sdk::PolicyDescriptorType { arn: Some(format!("arn:aws:iam::111122223333:policy/p{n}")) };
        Some((0..count).map(arn).collect())
    }

    #[test]
    fn ten_policies_and_two_thousand_characters_are_taken() {
        let read = Narrowing::new(&Some(POLICY.into()), &arns(10)).unwrap();
        assert_eq!((read.policy.as_deref(), read.arns.len()), (Some(POLICY), 10));
        assert!(Narrowing::new(&None, &arns(11)).unwrap_err().message.contains("policyArns"));
        let padded = format!("{POLICY}{}", " ".repeat(MOST_TEXT));
        assert_eq!(Narrowing::new(&Some(padded), &None).unwrap_err().code, "ValidationError");
    }

    #[test]
    fn what_is_no_policy_of_a_session_is_refused() {
        let named = POLICY.replace(r#""Effect""#, r#""Principal":"*","Effect""#);
        for bad in ["{}", "nonsense", &named] {
            assert_eq!(Narrowing::new(&Some(bad.into()), &None).unwrap_err().code, "MalformedPolicyDocument", "{bad}");
        }
    }
}
