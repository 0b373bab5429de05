//! STS through the whole front.

use front::testing::Bench;

fn bench() -> Bench {
    Bench::new(|front| front.service(svc_identity::sts::service()))
}

#[tokio::test]
async fn the_root_is_told_who_it_is() {
    let reply = bench().account("123456789012").form("sts", "GetCallerIdentity", &[]).await;
    assert_eq!(reply.status, 200);
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
async fn what_is_not_built_says_so() {
    let reply = bench().form("sts", "GetSessionToken", &[]).await;
    assert_eq!(reply.status, 501);
    assert!(reply.text().contains("<Code>NotImplemented</Code>") && reply.text().contains("GetSessionToken"), "{}", reply.text());
}

#[tokio::test]
async fn an_action_that_nobody_knows_is_invalid() {
    let reply = bench().form("sts", "GetEverything", &[]).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("<Code>InvalidAction</Code>"), "{}", reply.text());
}
