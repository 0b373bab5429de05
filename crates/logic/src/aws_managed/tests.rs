//! Whether the catalogue is what it says.

use super::{ALL, find};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a statement of an identity policy may have (IAM user guide, "IAM JSON policy element reference").
const ELEMENTS: &[&str] = &["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

#[test]
fn each_is_found_by_its_arn_and_by_no_other() {
    for policy in ALL {
        assert!(std::ptr::eq(find(&policy.arn()).unwrap(), policy), "{}", policy.name);
    }
    for arn in [
        "",
        "arn:aws:iam::aws:policy/",
        "arn:aws:iam::aws:policy/NoSuchPolicy",
        "arn:aws:iam::aws:policy/service-role/AdministratorAccess",
        "arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy",
        "arn:aws:iam::111122223333:policy/AdministratorAccess",
        "AdministratorAccess",
    ] {
        assert!(find(arn).is_none(), "{arn}");
    }
}

#[test]
fn they_stand_in_the_order_of_their_names_in_the_paths_that_aws_has() {
    assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
    for policy in ALL {
        assert!(["/", "/service-role/", "/job-function/", "/aws-service-role/"].contains(&policy.path), "{}", policy.name);
        assert!(
            policy.version > 0 && policy.created_at <= policy.updated_at && !policy.description.is_empty(),
            "{}",
            policy.name
        );
    }
}

#[test]
fn ids_are_told_apart() {
    let ids: BTreeSet<_> = ALL.iter().map(super::AwsManagedPolicy::id).collect();
    assert_eq!(ids.len(), ALL.len());
    assert!(ids.iter().all(|id| id.len() == 21 && id.starts_with("ANPA")));
}

#[test]
fn each_document_is_an_identity_policy_without_a_field_that_nobody_knows() {
    for policy in ALL {
        let document: Map<String, Value> =
            serde_json::from_str(policy.document).unwrap_or_else(|e| panic!("{}: {e}", policy.name));
        assert!(document.keys().all(|key| ["Version", "Id", "Statement"].contains(&&**key)), "{}", policy.name);
        assert_eq!(document["Version"], "2012-10-17", "{}", policy.name);
        for statement in document["Statement"].as_array().unwrap() {
            let statement = statement.as_object().unwrap();
            assert!(statement.keys().all(|key| ELEMENTS.contains(&&**key)), "{}: {statement:?}", policy.name);
            assert!(["Allow", "Deny"].contains(&statement["Effect"].as_str().unwrap()), "{}", policy.name);
            assert_eq!(u8::from(statement.contains_key("Action")) + u8::from(statement.contains_key("NotAction")), 1);
            assert_eq!(u8::from(statement.contains_key("Resource")) + u8::from(statement.contains_key("NotResource")), 1);
        }
    }
}
