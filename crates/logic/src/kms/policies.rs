//! The policies that keys have when nobody wrote one, and the grants of a key as statements of its policy.

use super::SATISFIED;
use model::{
    AccountId, Region,
    kms::{GrantOperation, KmsGrantSpec},
};
use serde_json::{Value, json};

/// The policy of a key that was made without one: the account may do everything with it, and its identities' policies say who
/// (KMS developer guide, "Default key policy").
pub fn default_policy(account: &AccountId, region: &Region) -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": root(account, region)},
            "Action": "kms:*",
            "Resource": "*",
        }],
    });
    pretty(&policy)
}

/// The policy of the key that AWS manages for a service: everybody in the account may use it by way of the service, and look
/// at it (KMS developer guide, "AWS managed keys").
pub fn managed_policy(service: &str, account: &AccountId, region: &Region) -> String {
    let via = via_service(if service == "ebs" { "ec2" } else { service }, region);
    let policy = json!({
        "Version": "2012-10-17",
        "Id": format!("auto-{service}-2"),
        "Statement": [
            {
                "Sid": format!("Allow access through {} for all principals in the account that are authorized to use {0}", service.to_uppercase()),
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:ViaService": via, "kms:CallerAccount": account.as_str()}},
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": root(account, region)},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    });
    pretty(&policy)
}

/// `kms:ViaService` of what a service asks in its caller's name.
fn via_service(service: &str, region: &Region) -> String {
    format!("{service}.{region}.amazonaws.com")
}

fn root(account: &AccountId, region: &Region) -> String {
    format!("arn:{}:iam::{account}:root", region.partition())
}

fn pretty(policy: &Value) -> String {
    serde_json::to_string_pretty(policy).unwrap_or_default()
}

/// A key's policy with a statement for each of its grants, by id, and one more for whoever may retire it. A policy that can't be read stays
/// as it is.
pub fn with_grants<'a>(policy: &str, grants: impl IntoIterator<Item = (&'a str, &'a KmsGrantSpec)>) -> String {
    let mut added = grants.into_iter().flat_map(|(id, grant)| statements(id, grant)).peekable();
    if added.peek().is_none() {
        return policy.to_owned();
    }
    let Ok(mut document) = serde_json::from_str::<Value>(policy) else { return policy.to_owned() };
    let mut all = match document["Statement"].take() {
        Value::Array(statements) => statements,
        statement => vec![statement],
    };
    all.extend(added);
    document["Statement"] = Value::Array(all);
    document.to_string()
}

/// What the grantee may do at once, what only if the request satisfies the grant, and who may retire it.
fn statements(id: &str, grant: &KmsGrantSpec) -> Vec<Value> {
    let named = |operation: &GrantOperation| format!("kms:{}", operation.as_str());
    let ours = grant.operations.iter().filter(|operation| **operation != GrantOperation::RetireGrant);
    let (bound, free): (Vec<_>, Vec<_>) = ours.partition(|operation| match operation {
        GrantOperation::CreateGrant => true,
        operation => grant.constraint.is_some() && operation.takes_context(),
    });
    let names = |operations: Vec<&GrantOperation>| operations.into_iter().map(named).collect::<Vec<_>>();
    let retires = grant.operations.contains(&GrantOperation::RetireGrant).then_some(&grant.grantee);
    let retiring = grant.retiring.iter().chain(retires);
    let mut all = vec![statement(None, &grant.grantee, &names(free)), statement(Some(id), &grant.grantee, &names(bound))];
    all.extend(retiring.map(|who| statement(Some(id), who, &["kms:RetireGrant".to_owned()])));
    all.into_iter().flatten().collect()
}

/// None where there is nothing that is allowed.
fn statement(satisfied: Option<&str>, who: &str, actions: &[String]) -> Option<Value> {
    let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": who}, "Action": actions, "Resource": "*"});
    if let Some(id) = satisfied {
        statement["Condition"] = json!({"ForAnyValue:StringEquals": {SATISFIED: id}});
    }
    (!actions.is_empty()).then_some(statement)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Kind, Policy};
    use model::Timestamp;

    fn place() -> (AccountId, Region) {
        (AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap())
    }

    #[test]
    fn the_policies_are_policies() {
        let (account, region) = place();
        for policy in [default_policy(&account, &region), managed_policy("ebs", &account, &region)] {
            Policy::parse(&policy, Kind::Resource).unwrap();
        }
        assert!(managed_policy("ebs", &account, &region).contains("ec2.eu-west-1.amazonaws.com"));
    }

    #[test]
    fn grants_are_statements_of_the_policy() {
        let (account, region) = place();
        let policy = default_policy(&account, &region);
        assert_eq!(with_grants(&policy, []), policy);
        let grant = KmsGrantSpec {
            name: None,
            created: Timestamp(0),
            issuer: account.clone(),
            grantee: "arn:aws:iam::111122223333:user/anna".into(),
            retiring: Some("arn:aws:iam::111122223333:user/otto".into()),
            operations: vec![GrantOperation::Decrypt, GrantOperation::RetireGrant],
            constraint: None,
        };
        let merged = with_grants(&policy, [("g1", &grant)]);
        assert_eq!(Policy::parse(&merged, Kind::Resource).unwrap().statements().len(), 4);
        let one = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        assert_eq!(Policy::parse(&with_grants(one, [("g1", &grant)]), Kind::Resource).unwrap().statements().len(), 4);
    }
}
