//! Who an event says has called, and what is observed of whom.

use super::cloud::{ACCOUNT, Cloud, check};
use front::{Recorder, testing::START};
use model::{
    AccountId, Key, Timestamp,
    iam::{AccessKey, AccessKeySpec, Federation, Permissions, Principal, Session, SessionTerms, User, UserSpec},
};
use serde_json::{Value, json};
use spine::StoreError;
use std::time::Duration;

fn anna() -> Principal {
    Principal::User { name: "team/anna".into(), id: "AIDAANNA".into() }
}

fn builder() -> Principal {
    Principal::AssumedRole { role: "ci/builder".into(), id: "AROABUILDER".into(), session: "run-7".into() }
}

fn session() -> Session {
    Session { token: "token".into(), expires_at: START + Duration::from_secs(3600), terms: SessionTerms::default() }
}

impl Cloud {
    async fn key(&self, id: &str, principal: Principal, session: Option<Session>) {
        let spec = AccessKeySpec {
            account: AccountId::parse(ACCOUNT).unwrap(),
            principal,
            secret: "secret".into(),
            created_at: START,
            inactive: false,
            session,
        };
        let create = |tx: &mut spine::Tx| tx.create(&Key::<AccessKey>::of_id(id), &spec);
        self.bench.store.transact::<_, StoreError>(create).await.unwrap();
    }

    async fn identity(&self, principal: Principal, key: &str) -> Value {
        self.trail.record(self.call(principal, key));
        self.newest("CreateLogGroup").await.1["userIdentity"].clone()
    }
}

#[tokio::test]
async fn a_user_is_named_without_its_path() {
    let cloud = Cloud::new();
    cloud.key("AKIAANNA", anna(), None).await;
    let identity = cloud.identity(anna(), "AKIAANNA").await;
    assert_eq!(
        identity,
        json!({
            "type": "IAMUser",
            "principalId": "AIDAANNA",
            "arn": "arn:aws:iam::111122223333:user/team/anna",
            "accountId": "111122223333",
            "accessKeyId": "AKIAANNA",
            "userName": "anna",
        })
    );
    let (event, record) = cloud.newest("CreateLogGroup").await;
    assert_eq!(event["Username"], "anna");
    assert_eq!((&record["sourceIPAddress"], &record["userAgent"]), (&json!("10.0.0.7"), &json!("test/1")));
}

#[tokio::test]
async fn a_session_says_what_it_comes_from() {
    let cloud = Cloud::new();
    let federation = Federation {
        provider: "arn:aws:iam::111122223333:oidc-provider/ids".into(),
        claims: [("ids:sub".into(), "7".into())].into(),
    };
    let terms = SessionTerms { source_identity: Some("anna".into()), federation: Some(federation), ..SessionTerms::default() };
    let session = Session { terms, ..session() };
    cloud.key("ASIABUILDER", builder(), Some(session)).await;
    let identity = cloud.identity(builder(), "ASIABUILDER").await;
    assert_eq!((&identity["type"], &identity["principalId"]), (&json!("AssumedRole"), &json!("AROABUILDER:run-7")));
    assert_eq!(identity["arn"], "arn:aws:sts::111122223333:assumed-role/builder/run-7");
    assert_eq!(
        identity["sessionContext"],
        json!({
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROABUILDER",
                "arn": "arn:aws:iam::111122223333:role/ci/builder",
                "accountId": "111122223333",
                "userName": "builder",
            },
            "webIdFederationData": {
                "federatedProvider": "arn:aws:iam::111122223333:oidc-provider/ids",
                "attributes": {"ids:sub": "7"},
            },
            "sourceIdentity": "anna",
            "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
        })
    );
    assert_eq!(cloud.newest("CreateLogGroup").await.0["Username"], "run-7");
}

#[tokio::test]
async fn a_federated_user_names_who_has_let_it_in() {
    let cloud = Cloud::new();
    let spec = UserSpec {
        name: "Anna".into(),
        path: "/team/".into(),
        id: "AIDAANNA".into(),
        created_at: START,
        tags: Default::default(),
        boundary: None,
        permissions: Permissions::default(),
        groups: Default::default(),
        login: None,
        keys: Default::default(),
    };
    let account = AccountId::parse(ACCOUNT).unwrap();
    let create = |tx: &mut spine::Tx| tx.create(&Key::<User>::named(&account, "Anna"), &spec);
    cloud.bench.store.transact::<_, StoreError>(create).await.unwrap();
    let guest = |by: Option<&str>| Principal::FederatedUser { name: "guest".into(), by: by.map(str::to_owned) };
    cloud.key("ASIAGUEST", guest(None), Some(session())).await;
    let issuer = cloud.identity(guest(Some("team/Anna")), "ASIAGUEST").await["sessionContext"]["sessionIssuer"].clone();
    assert_eq!((&issuer["type"], &issuer["principalId"]), (&json!("IAMUser"), &json!("AIDAANNA")));
    assert_eq!(issuer["arn"], "arn:aws:iam::111122223333:user/team/Anna");
    let issuer = cloud.identity(guest(None), "ASIAGUEST").await["sessionContext"]["sessionIssuer"].clone();
    assert_eq!(issuer["type"], "Root");
}

#[tokio::test]
async fn whoever_brought_a_token_is_known_by_the_answer() {
    let cloud = Cloud::new();
    let mut call = cloud.call(Principal::Anonymous, "");
    call.response = json!({"provider": "ids.example", "audience": "app", "subjectFromWebIdentityToken": "7"});
    cloud.trail.record(call);
    let identity = cloud.newest("CreateLogGroup").await.1["userIdentity"].clone();
    assert_eq!((&identity["type"], &identity["principalId"]), (&json!("WebIdentityUser"), &json!("ids.example:app:7")));
    let mut refused = cloud.call(Principal::Anonymous, "");
    (refused.error, refused.operation) = (Some(("AccessDenied".into(), "no".into())), "DeleteLogGroup");
    cloud.trail.record(refused);
    assert!(!cloud.names(json!({})).await.contains(&"DeleteLogGroup".to_owned()));
}

#[tokio::test]
async fn a_denial_is_an_event_and_nothing_was_used() {
    let cloud = Cloud::new();
    let mut call = cloud.call(anna(), "AKIAANNA");
    call.error = Some(("AccessDeniedException".into(), "User: … is not authorized".into()));
    call.checks = vec![check("logs:CreateLogGroup", true), check("logs:TagResource", false)];
    cloud.trail.record(call);
    assert_eq!(cloud.newest("CreateLogGroup").await.1["errorCode"], "AccessDenied");
    assert!(cloud.used("arn:aws:iam::111122223333:user/anna", START).is_empty());
}

#[tokio::test]
async fn what_a_roles_sessions_do_is_observed_of_the_role() {
    let cloud = Cloud::new();
    cloud.trail.record(cloud.call(builder(), "ASIA1"));
    cloud.bench.advance(Duration::from_secs(7200));
    let mut data = cloud.call(builder(), "ASIA2");
    (data.operation, data.checks) = ("PutLogEvents", vec![check("logs:PutLogEvents", true)]);
    cloud.trail.record(data);
    let role = "arn:aws:iam::111122223333:role/ci/builder";
    for name in [role, "arn:aws:sts::111122223333:assumed-role/builder/any", "arn:aws:iam::111122223333:role/builder"] {
        assert_eq!(cloud.used(name, Timestamp(0)), ["logs:CreateLogGroup", "logs:PutLogEvents"], "{name}");
    }
    assert_eq!(cloud.used(role, START + Duration::from_secs(3600)), ["logs:PutLogEvents"]);
}
