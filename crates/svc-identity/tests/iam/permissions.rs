//! Inline and attached policies of users and groups.

use super::cloud::{Cloud, POLICY};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const SERVICE_ROLE: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

/// The kinds of holders, with the parameter that names one, and how many characters they may have inline.
const HOLDERS: [(&str, &str, usize); 2] = [("User", "UserName", 2048), ("Group", "GroupName", 5120)];

async fn cloud(kind: &str, parameter: &str) -> Cloud {
    let cloud = Cloud::new();
    cloud.ok(&format!("Create{kind}"), &[(parameter, "x")]).await;
    cloud
}

/// A policy of as many characters that count.
fn policy_of(size: usize) -> String {
    let empty = POLICY.replace("s3:ListBucket", "s3:");
    POLICY.replace("s3:ListBucket", &format!("s3:{}", "a".repeat(size - empty.len())))
}

#[tokio::test]
async fn an_inline_policy_is_put_shown_and_deleted() {
    for (kind, parameter, _) in HOLDERS {
        let cloud = cloud(kind, parameter).await;
        let of = |rest: &'static str| format!("{rest}{kind}Policy");
        let named = [(parameter, "x"), ("PolicyName", "p")];
        cloud.ok(&of("Put"), &[(parameter, "X"), ("PolicyName", "p"), ("PolicyDocument", POLICY)]).await;
        let shown = cloud.ok(&of("Get"), &named).await;
        assert_eq!([shown.text(parameter), shown.text("PolicyName")], ["x", "p"]);
        let document = shown.text("PolicyDocument");
        assert!(document.starts_with("%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22"), "{document}");
        assert_eq!(cloud.ok(&format!("List{kind}Policies"), &[(parameter, "x")]).await.all("member"), ["p"]);
        cloud.ok(&of("Delete"), &named).await;
        let message = cloud.fails(&of("Get"), &named, "NoSuchEntity").await;
        assert_eq!(message, format!("The {} policy with name p cannot be found.", kind.to_lowercase()));
        cloud.fails(&of("Delete"), &named, "NoSuchEntity").await;
        cloud.fails(&of("Put"), &[(parameter, "y"), ("PolicyName", "p"), ("PolicyDocument", POLICY)], "NoSuchEntity").await;
    }
}

#[tokio::test]
async fn a_document_that_is_no_policy_is_refused() {
    for (kind, parameter, _) in HOLDERS {
        let cloud = cloud(kind, parameter).await;
        for document in ["{", "[]", "{}", r#"{"Version":"2012-10-17"}"#] {
            let parameters = [(parameter, "x"), ("PolicyName", "p"), ("PolicyDocument", document)];
            cloud.fails(&format!("Put{kind}Policy"), &parameters, "MalformedPolicyDocument").await;
        }
    }
}

#[tokio::test]
async fn all_inline_policies_together_have_a_size() {
    for (kind, parameter, most) in HOLDERS {
        let cloud = cloud(kind, parameter).await;
        let put = format!("Put{kind}Policy");
        let (small, rest) = (policy_of(500), policy_of(most - 500));
        let spaced = rest.replace(',', ",\n    ");
        cloud.ok(&put, &[(parameter, "x"), ("PolicyName", "a"), ("PolicyDocument", &small)]).await;
        cloud.ok(&put, &[(parameter, "x"), ("PolicyName", "b"), ("PolicyDocument", &spaced)]).await;
        cloud.ok(&put, &[(parameter, "x"), ("PolicyName", "a"), ("PolicyDocument", &small)]).await;
        let larger = policy_of(501);
        let parameters = [(parameter, "x"), ("PolicyName", "a"), ("PolicyDocument", &*larger)];
        let message = cloud.fails(&put, &parameters, "LimitExceeded").await;
        assert_eq!(message, format!("Maximum policy size of {most} bytes exceeded for {} x", kind.to_lowercase()));
    }
}

#[tokio::test]
async fn a_managed_policy_is_attached_and_detached() {
    for (kind, parameter, _) in HOLDERS {
        let cloud = cloud(kind, parameter).await;
        let (attach, detach) = (format!("Attach{kind}Policy"), format!("Detach{kind}Policy"));
        for arn in [ADMIN, SERVICE_ROLE, READ, ADMIN] {
            cloud.ok(&attach, &[(parameter, "x"), ("PolicyArn", arn)]).await;
        }
        let list = format!("ListAttached{kind}Policies");
        let listed = cloud.ok(&list, &[(parameter, "x")]).await;
        assert_eq!(listed.all("PolicyArn"), [SERVICE_ROLE, ADMIN, READ]);
        assert_eq!(listed.all("PolicyName"), ["AWSLambdaBasicExecutionRole", "AdministratorAccess", "ReadOnlyAccess"]);
        let under = cloud.ok(&list, &[(parameter, "x"), ("PathPrefix", "/service-role/")]).await;
        assert_eq!(under.all("PolicyArn"), [SERVICE_ROLE]);
        cloud.ok(&detach, &[(parameter, "x"), ("PolicyArn", ADMIN)]).await;
        let message = cloud.fails(&detach, &[(parameter, "x"), ("PolicyArn", ADMIN)], "NoSuchEntity").await;
        assert_eq!(message, format!("Policy {ADMIN} was not found."));
    }
}

#[tokio::test]
async fn what_cannot_be_attached_is_refused() {
    for (kind, parameter, _) in HOLDERS {
        let cloud = cloud(kind, parameter).await;
        for (arn, code) in [
            ("arn:aws:iam::aws:policy/Nothing", "NoSuchEntity"),
            ("arn:aws:iam::111122223333:policy/none", "NoSuchEntity"),
            ("arn:aws:s3:::policy/AdministratorAccess", "InvalidInput"),
            ("arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy", "PolicyNotAttachable"),
        ] {
            cloud.fails(&format!("Attach{kind}Policy"), &[(parameter, "x"), ("PolicyArn", arn)], code).await;
        }
    }
}

#[tokio::test]
async fn ten_managed_policies_may_be_attached() {
    let names: Vec<String> = logic::aws_managed::ALL.iter().map(|policy| policy.arn()).collect();
    let attachable: Vec<&String> = names.iter().filter(|arn| !arn.contains("/aws-service-role/")).take(11).collect();
    for (kind, parameter, _) in HOLDERS {
        let cloud = cloud(kind, parameter).await;
        let attach = format!("Attach{kind}Policy");
        for arn in &attachable[..10] {
            cloud.ok(&attach, &[(parameter, "x"), ("PolicyArn", arn)]).await;
        }
        let message = cloud.fails(&attach, &[(parameter, "x"), ("PolicyArn", attachable[10])], "LimitExceeded").await;
        assert_eq!(message, format!("Cannot exceed quota for PoliciesPer{kind}: 10"));
    }
}
