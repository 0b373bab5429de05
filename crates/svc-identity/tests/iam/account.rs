//! What an account has once: its alias, its summary, its credential report.

use super::cloud::{Cloud, POLICY};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{collections::BTreeMap, time::Duration};

#[tokio::test]
async fn an_alias_belongs_to_one_account() {
    let cloud = Cloud::new();
    assert!(!cloud.ok("ListAccountAliases", &[]).await.has("member"));
    cloud.ok("CreateAccountAlias", &[("AccountAlias", "hill")]).await;
    assert_eq!(cloud.ok("ListAccountAliases", &[]).await.all("member"), ["hill"]);
    let other = cloud.account("444455556666");
    let message = other.fails("CreateAccountAlias", &[("AccountAlias", "hill")], "EntityAlreadyExists").await;
    assert_eq!(message, "The account alias hill already exists.");
    other.fails("DeleteAccountAlias", &[("AccountAlias", "hill")], "NoSuchEntity").await;
    cloud.ok("CreateAccountAlias", &[("AccountAlias", "fog")]).await;
    assert_eq!(cloud.ok("ListAccountAliases", &[]).await.all("member"), ["fog"]);
    other.ok("CreateAccountAlias", &[("AccountAlias", "hill")]).await;
    cloud.ok("DeleteAccountAlias", &[("AccountAlias", "fog")]).await;
    assert!(!cloud.ok("ListAccountAliases", &[]).await.has("member"));
    for bad in ["ab", "Hill", "-hill", "a--b"] {
        cloud.fails("CreateAccountAlias", &[("AccountAlias", bad)], "ValidationError").await;
    }
}

#[tokio::test]
async fn the_summary_counts() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("CreateUser", &[("UserName", "bob")]).await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    cloud.ok("CreateAccessKey", &[]).await;
    cloud.account("444455556666").ok("CreateUser", &[("UserName", "carl")]).await;
    let shown = cloud.ok("GetAccountSummary", &[]).await;
    let summary: BTreeMap<String, String> = shown.all("key").into_iter().zip(shown.all("value")).collect();
    for (name, count) in [
        ("Users", "2"),
        ("Groups", "1"),
        ("Roles", "0"),
        ("AccountAccessKeysPresent", "1"),
        ("UsersQuota", "5000"),
        ("AccessKeysPerUserQuota", "2"),
        ("UserPolicySizeQuota", "2048"),
    ] {
        assert_eq!(summary[name], count, "{name}");
    }
}

#[tokio::test]
async fn a_credential_report_stands_for_four_hours() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "1")]).await;
    cloud.ok("CreateLoginProfile", &[("UserName", "anna"), ("Password", "password")]).await;
    let key = cloud.ok("CreateAccessKey", &[("UserName", "anna")]).await.text("AccessKeyId");
    cloud.used(&key, "eu-west-1", "s3").await;
    cloud.fails("GetCredentialReport", &[], "ReportNotPresent").await;
    assert_eq!(cloud.ok("GenerateCredentialReport", &[]).await.text("State"), "STARTED");
    assert_eq!(cloud.ok("GenerateCredentialReport", &[]).await.text("State"), "COMPLETE");
    let report = cloud.ok("GetCredentialReport", &[]).await;
    assert_eq!([report.text("ReportFormat"), report.text("GeneratedTime")], ["text/csv", "2026-01-01T00:00:00Z"]);
    let csv = String::from_utf8(STANDARD.decode(report.text("Content")).unwrap()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    let now = "2026-01-01T00:00:00+00:00";
    assert!(lines[1].starts_with(&format!("<root_account>,arn:aws:iam::111122223333:root,{now},not_supported,")), "{csv}");
    let anna = format!(
        "anna,arn:aws:iam::111122223333:user/anna,{now},true,no_information,{now},2026-01-02T00:00:00+00:00,false,\
         true,{now},{now},eu-west-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
    );
    assert_eq!(lines[2], anna);
    cloud.bench.advance(Duration::from_secs(4 * 3600));
    cloud.fails("GetCredentialReport", &[], "ReportExpired").await;
    assert_eq!(cloud.ok("GenerateCredentialReport", &[]).await.text("State"), "STARTED");
    cloud.ok("GetCredentialReport", &[]).await;
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let reply = Cloud::new().call("CreateSAMLProvider", &[("Name", "x"), ("SAMLMetadataDocument", POLICY)]).await;
    assert_eq!(reply.status, 501);
}
