//! OpenID Connect providers.

use super::cloud::Cloud;

const URL: (&str, &str) = ("Url", "https://token.example.com/id/A");
const ARN: (&str, &str) = ("OpenIDConnectProviderArn", "arn:aws:iam::111122223333:oidc-provider/token.example.com/id/A");
const PRINT: &str = "0123456789abcdef0123456789abcdef01234567";

#[tokio::test]
async fn a_provider_is_made_changed_and_deleted() {
    let cloud = Cloud::new();
    let parameters = [
        URL,
        ("ClientIDList.member.1", "sts.amazonaws.com"),
        ("ThumbprintList.member.1", PRINT),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "b"),
    ];
    let made = cloud.ok("CreateOpenIDConnectProvider", &parameters).await;
    assert_eq!(made.text("OpenIDConnectProviderArn"), ARN.1);
    cloud.ok("AddClientIDToOpenIDConnectProvider", &[ARN, ("ClientID", "app")]).await;
    cloud.ok("AddClientIDToOpenIDConnectProvider", &[ARN, ("ClientID", "app")]).await;
    let got = cloud.ok("GetOpenIDConnectProvider", &[ARN]).await;
    assert_eq!((got.text("Url"), got.text("CreateDate")), ("token.example.com/id/A".into(), "2026-01-01T00:00:00Z".into()));
    assert!(got.0.contains("<ClientIDList><member>app</member><member>sts.amazonaws.com</member></ClientIDList>"), "{}", got.0);
    assert!(got.0.contains(&format!("<ThumbprintList><member>{PRINT}</member></ThumbprintList>")));
    assert_eq!(got.tags()["a"], "b");

    cloud.ok("RemoveClientIDFromOpenIDConnectProvider", &[ARN, ("ClientID", "app")]).await;
    let other = PRINT.replace('0', "f");
    cloud.ok("UpdateOpenIDConnectProviderThumbprint", &[ARN, ("ThumbprintList.member.1", &other)]).await;
    cloud.ok("UntagOpenIDConnectProvider", &[ARN, ("TagKeys.member.1", "a")]).await;
    cloud.ok("TagOpenIDConnectProvider", &[ARN, ("Tags.member.1.Key", "c"), ("Tags.member.1.Value", "d")]).await;
    let got = cloud.ok("GetOpenIDConnectProvider", &[ARN]).await;
    assert!(!got.0.contains("<member>app</member>") && got.0.contains(&other));
    assert_eq!(cloud.ok("ListOpenIDConnectProviderTags", &[ARN]).await.tags()["c"], "d");
    assert_eq!(cloud.ok("ListOpenIDConnectProviders", &[]).await.all("Arn"), [ARN.1]);

    cloud.ok("DeleteOpenIDConnectProvider", &[ARN]).await;
    cloud.ok("DeleteOpenIDConnectProvider", &[ARN]).await;
    assert!(cloud.ok("ListOpenIDConnectProviders", &[]).await.all("Arn").is_empty());
    let told = cloud.fails("GetOpenIDConnectProvider", &[ARN], "NoSuchEntity").await;
    assert_eq!(told, format!("OpenIDConnect Provider not found for arn {}", ARN.1));
}

#[tokio::test]
async fn what_can_be_no_provider_is_refused() {
    let cloud = Cloud::new();
    for url in ["http://a.example", "a.example", "https://", "https:///x", "https://a.example?x=1"] {
        let told = cloud.fails("CreateOpenIDConnectProvider", &[("Url", url)], "ValidationError").await;
        assert_eq!(told, "Invalid Open ID Connect Provider URL");
    }
    cloud.ok("CreateOpenIDConnectProvider", &[URL]).await;
    let told = cloud.fails("CreateOpenIDConnectProvider", &[URL], "EntityAlreadyExists").await;
    assert_eq!(told, "Provider with url https://token.example.com/id/A already exists.");
    let prints: Vec<_> = (1..=6).map(|n| (format!("ThumbprintList.member.{n}"), PRINT.to_owned())).collect();
    let mut parameters: Vec<_> = prints.iter().map(|(name, print)| (name.as_str(), print.as_str())).collect();
    parameters.push(ARN);
    let told = cloud.fails("UpdateOpenIDConnectProviderThumbprint", &parameters, "InvalidInput").await;
    assert_eq!(told, "Thumbprint list must contain fewer than 5 entries.");
    let bad = "x".repeat(40);
    cloud.fails("UpdateOpenIDConnectProviderThumbprint", &[ARN, ("ThumbprintList.member.1", &bad)], "InvalidInput").await;
    let ids: Vec<_> = (1..=101).map(|n| (format!("ClientIDList.member.{n}"), format!("id-{n}"))).collect();
    let mut parameters: Vec<_> = ids.iter().map(|(name, id)| (name.as_str(), id.as_str())).collect();
    parameters.push(("Url", "https://b.example"));
    let told = cloud.fails("CreateOpenIDConnectProvider", &parameters, "LimitExceeded").await;
    assert_eq!(told, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
    let elsewhere = ("OpenIDConnectProviderArn", "arn:aws:iam::999900001111:oidc-provider/token.example.com/id/A");
    cloud.fails("GetOpenIDConnectProvider", &[elsewhere], "AccessDenied").await;
    let no_arn = ("OpenIDConnectProviderArn", "arn:aws:iam::111122223333:role/x");
    cloud.fails("GetOpenIDConnectProvider", &[no_arn], "InvalidInput").await;
}
