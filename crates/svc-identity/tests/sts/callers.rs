//! Who somebody is.

use crate::cloud::{ACCOUNT, Cloud, OTHER, policy};
use front::{encoded, encoded::Denial};
use model::{AccountId, iam::global_arn};

const DENY_ALL: &str = r#""Action":"*","Resource":"*""#;

#[tokio::test]
async fn the_root_is_told_who_it_is() {
    let reply = Cloud::new().account("123456789012").ok("GetCallerIdentity", &[]).await;
    let text = reply.text();
    for part in [
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">",
        "<Arn>arn:aws:iam::123456789012:root</Arn>",
        "<UserId>123456789012</UserId>",
        "<Account>123456789012</Account>",
        "<RequestId>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn nobody_can_be_denied_to_know_who_he_is() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", Some(&policy("Deny", DENY_ALL))).await;
    assert_eq!(cloud.by(&anna).who().await, format!("arn:aws:iam::{ACCOUNT}:user/anna"));
    let denied = cloud.by(&anna).fails("GetAccessKeyInfo", &[("AccessKeyId", &anna.access_key_id)], "AccessDenied").await;
    assert!(denied.ends_with("with an explicit deny in an identity-based policy"), "{denied}");
}

#[tokio::test]
async fn a_key_tells_its_account_to_every_account() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", None).await;
    let info = [("AccessKeyId", anna.access_key_id.as_str())];
    assert_eq!(cloud.account(OTHER).ok("GetAccessKeyInfo", &info).await.element("Account"), ACCOUNT);
    cloud.fails("GetAccessKeyInfo", &[("AccessKeyId", "AKIANOSUCHKEYATALL00")], "ValidationError").await;
    cloud.fails("GetAccessKeyInfo", &[("AccessKeyId", "short")], "ValidationError").await;
}

#[tokio::test]
async fn a_denials_message_is_decoded_in_its_own_account() {
    let cloud = Cloud::new();
    let account = AccountId::parse(ACCOUNT).unwrap();
    let denial = Denial {
        explicit: true,
        matched: Vec::new(),
        principal_id: "AIDAEXAMPLE".into(),
        principal: global_arn("iam", &account, "user/anna"),
        action: "ec2:RunInstances".into(),
        resource: "*".into(),
        conditions: Vec::new(),
    };
    let decode = |message: String| {
        let cloud = cloud.clone();
        async move { cloud.ok("DecodeAuthorizationMessage", &[("EncodedMessage", &message)]).await }
    };
    let before = cloud.fails("DecodeAuthorizationMessage", &[("EncodedMessage", "AAAA")], "InvalidAuthorizationMessageException");
    before.await;
    let key = encoded::key(&cloud.bench.store, &cloud.bench.env).await.unwrap();
    let message = encoded::seal(&key, &cloud.bench.env, &account, &denial);
    let decoded = decode(message.clone()).await.element("DecodedMessage").replace("&quot;", "\"");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&decoded).unwrap(), denial.json());
    for (account, message) in [(OTHER, message.clone()), (ACCOUNT, format!("{message}A")), (ACCOUNT, "junk".into())] {
        let parameters = [("EncodedMessage", message.as_str())];
        let cloud = cloud.account(account);
        cloud.fails("DecodeAuthorizationMessage", &parameters, "InvalidAuthorizationMessageException").await;
    }
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let reply = Cloud::new().call("GetWebIdentityToken", &[]).await;
    assert_eq!(reply.status, 501);
    assert!(reply.element("Code") == "NotImplemented" && reply.text().contains("GetWebIdentityToken"), "{}", reply.text());
    assert_eq!(Cloud::new().call("GetEverything", &[]).await.element("Code"), "InvalidAction");
}
