//! What a Lambda authorizer's answer means (developer guide, "Control access to HTTP APIs with AWS Lambda authorizers").

use crate::policy::{Attached, Caller, CallerKind, Context, Kind, Policies, Policy, Request, ResourceRule, decide};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a function has said of a caller. It counts for as long as the authorizer says.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// By a policy response: who the caller is.
    pub principal: Option<String>,
    /// What integrations are told of the caller.
    pub context: Map<String, Value>,
    grants: Grants,
}

#[derive(Clone, Debug)]
enum Grants {
    /// Yes or no, whatever is asked.
    Everything(bool),
    /// What a policy says.
    Policy(Arc<Policy>),
}

/// A function's answer that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The response from the Lambda authorizer doesn't match the format that API Gateway expects.")]
pub struct Meaningless;

impl Verdict {
    /// Reads a function's answer, which is yes or no where the authorizer has `EnableSimpleResponses`, and a policy elsewhere.
    pub fn read(payload: &[u8], simple: bool) -> Result<Self, Meaningless> {
        let Ok(Value::Object(mut answer)) = serde_json::from_slice(payload) else { return Err(Meaningless) };
        let context = match answer.remove("context") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(context)) => context,
            Some(_) => return Err(Meaningless),
        };
        if simple {
            let allowed = answer.get("isAuthorized").and_then(Value::as_bool).ok_or(Meaningless)?;
            return Ok(Self { principal: None, context, grants: Grants::Everything(allowed) });
        }
        let principal = answer.get("principalId").and_then(Value::as_str).ok_or(Meaningless)?.to_owned();
        let document = answer.get("policyDocument").filter(|document| document.is_object()).ok_or(Meaningless)?;
        let policy = Policy::parse(&document.to_string(), Kind::Identity).map_err(|_| Meaningless)?;
        Ok(Self { principal: Some(principal), context, grants: Grants::Policy(Arc::new(policy)) })
    }

    /// Whether the caller may invoke the route of that ARN.
    pub fn allows(&self, route_arn: &str) -> bool {
        let policy = match &self.grants {
            Grants::Everything(allowed) => return *allowed,
            Grants::Policy(policy) => policy.clone(),
        };
        let arn = self.principal.as_deref().unwrap_or_default();
        let request = Request {
            caller: Caller { arn, account: "", kind: CallerKind::User },
            action: "execute-api:Invoke",
            resource: route_arn,
            resource_account: None,
            context: &Context::new(),
        };
        let policies = Policies { identity: vec![Attached { name: "authorizer".into(), policy }], ..Policies::default() };
        decide(&request, &policies, None, ResourceRule::Either).allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ROUTE: &str = "arn:aws:execute-api:us-east-1:111122223333:abc/prod/GET/pets/1";

    fn policy(effect: &str, resource: &str) -> Vec<u8> {
        let statement = json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        json!({"principalId": "me", "policyDocument": document, "context": {"a": 1}}).to_string().into_bytes()
    }

    #[test]
    fn a_simple_answer_is_yes_or_no() {
        let verdict = Verdict::read(br#"{"isAuthorized": true, "context": {"a": "b"}}"#, true).unwrap();
        assert!(verdict.allows(ROUTE));
        assert_eq!(verdict.context["a"], "b");
        assert!(!Verdict::read(br#"{"isAuthorized": false}"#, true).unwrap().allows(ROUTE));
        for bad in [&b"{}"[..], b"true", br#"{"isAuthorized": "yes"}"#, br#"{"isAuthorized": true, "context": 1}"#, b""] {
            assert!(Verdict::read(bad, true).is_err());
        }
    }

    #[test]
    fn a_policy_is_asked() {
        let verdict = |effect, resource| Verdict::read(&policy(effect, resource), false).unwrap();
        assert!(verdict("Allow", "arn:aws:execute-api:us-east-1:111122223333:abc/prod/GET/*").allows(ROUTE));
        assert!(verdict("Allow", "*").allows(ROUTE));
        assert!(!verdict("Allow", "arn:aws:execute-api:*:*:abc/prod/POST/*").allows(ROUTE));
        assert!(!verdict("Deny", "*").allows(ROUTE));
        assert_eq!(verdict("Allow", "*").principal.as_deref(), Some("me"));
        assert!(Verdict::read(br#"{"isAuthorized": true}"#, false).is_err());
        assert!(Verdict::read(br#"{"principalId": "me", "policyDocument": {"Statement": 7}}"#, false).is_err());
    }
}
