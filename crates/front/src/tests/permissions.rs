//! Whether a caller may: from the records of IAM to the words of a denial.

use crate::{
    Access, Facts, Principal, Service, credentials,
    testing::{Bench, Signer},
};
use api::sts as sdk;
use logic::policy::{Context, Kind};
use model::{
    AccountId, Key, Timestamp,
    ec2::{VpcEndpoint, VpcEndpointSpec},
    iam::{
        AccessKey, Group, GroupSpec, ManagedPolicy, ManagedPolicySpec, Permissions, PolicyVersion, SessionTerms, User, UserSpec,
        global_arn,
    },
};
use serde_json::json;
use spine::{Read, StoreError, Tx};
use std::{collections::BTreeMap, time::Duration};

const ID: &str = "AIDAAAAAAAAAAAAAAAAAA";

pub(super) fn account() -> AccountId {
    AccountId::parse("444455556666").unwrap()
}

/// `GetAccessKeyInfo` stands for an operation on a thing: a "key" of that id, whose tag `team` is `red`, and which everybody may be denied.
fn service() -> Service {
    Service::new(&sdk::SERVICE)
        .op::<sdk::GetCallerIdentity>(Access::anyone(), |_, _, _| Ok(Default::default()))
        .op::<sdk::GetAccessKeyInfo>(
            Access::on(|cx, i: &sdk::GetAccessKeyInfoRequest| {
                vec![global_arn("sts", &cx.account, format!("key/{}", i.access_key_id))]
            })
            .keys(|_, i| Context::new().with("sts:Id", &i.access_key_id)),
            |cx, _, _| {
                cx.authorize("sts:Further", &[], &Context::new())?;
                Ok(Default::default())
            },
        )
        .resources(|_, _, arn| {
            let facts = Facts { tags: BTreeMap::from([("team".into(), "red".into())]), ..Facts::default() };
            let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:*"}]});
            let barred = arn.resource.contains("BARRED");
            Ok(if barred { facts.with_policy("the key's policy", &deny.to_string(), Kind::Resource) } else { facts })
        })
}

/// A bench whose account has a user `anna`, as `furnish` makes her.
pub(super) async fn bench(furnish: impl Fn(&mut UserSpec)) -> Bench {
    let bench = Bench::new(|front| front.service(service()));
    let mut spec = UserSpec {
        name: "anna".into(),
        path: "/lab/".into(),
        id: ID.into(),
        created_at: Timestamp(0),
        tags: BTreeMap::new(),
        boundary: None,
        permissions: Permissions::default(),
        groups: Default::default(),
        keys: Default::default(),
        login: None,
    };
    furnish(&mut spec);
    write(&bench, |tx| tx.create(&Key::<User>::named(&account(), "anna"), &spec)).await;
    bench
}

pub(super) async fn write<T: Send + 'static>(bench: &Bench, f: impl Fn(&mut Tx) -> Result<T, StoreError> + Send) -> T {
    bench.store.transact::<_, StoreError>(f).await.unwrap()
}

fn anna() -> Principal {
    Principal::User { name: "lab/anna".into(), id: ID.into() }
}

async fn key(bench: &Bench, principal: Principal) -> Signer {
    let issued = write(bench, |tx| credentials::issue(tx, &bench.env, &account(), principal.clone())).await;
    Signer { access_key_id: issued.access_key_id, secret_access_key: issued.secret_access_key, token: None }
}

/// Signs with the credentials of a session that lasts for 900 seconds.
pub(super) async fn session(bench: &Bench, principal: Principal, terms: SessionTerms) -> Signer {
    let issued = write(bench, |tx| {
        credentials::issue_session(tx, &bench.env, &account(), principal.clone(), Duration::from_secs(900), terms.clone())
    })
    .await;
    Signer { access_key_id: issued.access_key_id, secret_access_key: issued.secret_access_key, token: Some(issued.token) }
}

pub(super) fn allow(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{statement}}}]}}"#)
}

const EVERYTHING: &str = r#""Action":"*","Resource":"*""#;

/// What comes of asking for a key: nothing, or the words of the denial.
async fn ask(bench: &Bench, signer: &Signer, id: &str) -> Result<(), String> {
    let reply = bench.signed_by(signer.clone()).form("sts", "GetAccessKeyInfo", &[("AccessKeyId", id)]).await;
    if reply.status == 200 {
        return Ok(());
    }
    assert!(reply.status == 403 && reply.text().contains("<Code>AccessDenied</Code>"), "{}", reply.text());
    let text = reply.text();
    Err(text.split("<Message>").nth(1).unwrap().split("</Message>").next().unwrap().to_owned())
}

async fn of_anna(furnish: impl Fn(&mut UserSpec), id: &str) -> Result<(), String> {
    let bench = bench(furnish).await;
    let signer = key(&bench, anna()).await;
    ask(&bench, &signer, id).await
}

pub(super) fn inline(document: String) -> impl Fn(&mut UserSpec) {
    move |user| drop(user.permissions.inline.insert("p".into(), document.clone()))
}

const RED: &str = "AKIAREDREDREDREDRED1";
const DENIED: &str = "User: arn:aws:iam::444455556666:user/lab/anna is not authorized to perform: sts:GetAccessKeyInfo on resource: arn:aws:sts::444455556666:key/AKIAREDREDREDREDRED1 ";

fn denied(because: &str) -> Result<(), String> {
    Err(format!("{DENIED}{because}"))
}

#[tokio::test]
async fn what_no_policy_allows_is_denied_but_for_what_needs_no_permission() {
    let bench = bench(|_| {}).await;
    let signer = key(&bench, anna()).await;
    let nothing = denied("because no identity-based policy allows the sts:GetAccessKeyInfo action");
    assert_eq!(ask(&bench, &signer, RED).await, nothing);
    assert_eq!(bench.signed_by(signer).form("sts", "GetCallerIdentity", &[]).await.status, 200);
}

#[tokio::test]
async fn an_endpoints_policy_holds_everybody_who_comes_by_it() {
    let here = r#""Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1","aws:SourceVpc":"vpc-1"},"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/24"}}"#;
    let bench = bench(inline(allow(here))).await;
    let signer = key(&bench, anna()).await;
    let by = |source: [u8; 4]| bench.by_endpoint("vpce-1", source.into());
    let gone = by([10, 0, 0, 7]).signed_by(signer.clone()).form("sts", "GetAccessKeyInfo", &[("AccessKeyId", RED)]).await;
    assert!(gone.status == 403 && gone.text().contains("vpce-1 is gone"), "{}", gone.text());
    let endpoint = |policy: &str| VpcEndpointSpec {
        vpc: "vpc-1".into(),
        service: "com.amazonaws.us-east-1.sts".into(),
        policy: policy.into(),
        interfaces: None,
        created_at: Timestamp(0),
        client_token: None,
        tags: BTreeMap::new(),
    };
    let region = model::Region::parse("us-east-1").unwrap();
    let at = Key::<VpcEndpoint>::new(&account(), &region, "vpce-1");
    write(&bench, |tx| tx.create(&at, &endpoint(&allow(r#""Principal":"*","Action":"*","Resource":"*""#)))).await;
    assert_eq!(ask(&by([10, 0, 0, 7]), &signer, RED).await, Ok(()));
    let elsewhere = denied("because no identity-based policy allows the sts:GetAccessKeyInfo action");
    assert_eq!(ask(&bench, &signer, RED).await, elsewhere, "it came by no endpoint");
    assert_eq!(ask(&by([10, 0, 1, 7]), &signer, RED).await, elsewhere, "it came from another subnet");
    let root = key(&bench, Principal::Root).await;
    let narrow = allow(r#""Principal":{"AWS":"arn:aws:iam::444455556666:user/lab/otto"},"Action":"sts:*","Resource":"*""#);
    write(&bench, |tx| tx.put_spec(&at, &endpoint(&narrow))).await;
    let refused = denied("because no VPC endpoint policy allows the sts:GetAccessKeyInfo action");
    assert_eq!(ask(&by([10, 0, 0, 7]), &signer, RED).await, refused);
    assert!(ask(&by([10, 0, 0, 7]), &root, RED).await.unwrap_err().contains("no VPC endpoint policy"), "the root is held too");
    assert_eq!(ask(&bench, &root, RED).await, Ok(()));
}

#[tokio::test]
async fn inline_attached_and_group_policies_allow() {
    assert_eq!(of_anna(inline(allow(EVERYTHING)), RED).await, Ok(()));
    let attached = |user: &mut UserSpec| {
        user.permissions.attached.insert("arn:aws:iam::aws:policy/AdministratorAccess".into());
    };
    assert_eq!(of_anna(attached, RED).await, Ok(()));

    let bench = bench(|user| {
        user.groups.insert("staff".into());
    })
    .await;
    let signer = key(&bench, anna()).await;
    let mut permissions = Permissions::default();
    permissions.attached.insert("arn:aws:iam::444455556666:policy/all".into());
    let group = GroupSpec { name: "Staff".into(), path: "/".into(), id: "AGPA".into(), created_at: Timestamp(0), permissions };
    write(&bench, |tx| tx.create(&Key::<Group>::named(&account(), "staff"), &group)).await;
    assert!(ask(&bench, &signer, RED).await.is_err(), "the policy isn't there yet");
    let version = |document| PolicyVersion { document, created_at: Timestamp(0) };
    let mut policy = ManagedPolicySpec {
        name: "all".into(),
        path: "/".into(),
        id: "ANPA".into(),
        description: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        tags: BTreeMap::new(),
        versions: BTreeMap::from([(1, version(allow(r#""Action":"ecs:*","Resource":"*""#))), (2, version(allow(EVERYTHING)))]),
        default: 1,
        next: 3,
    };
    let at = Key::<ManagedPolicy>::named(&account(), "all");
    write(&bench, |tx| tx.create(&at, &policy)).await;
    assert!(ask(&bench, &signer, RED).await.is_err());
    policy.default = 2;
    write(&bench, |tx| tx.put_spec(&at, &policy)).await;
    assert_eq!(ask(&bench, &signer, RED).await, Ok(()), "the change of the default version holds at once");
}

#[tokio::test]
async fn tags_and_the_keys_of_the_input_are_conditions() {
    let red = |value: &str| {
        allow(&format!(r#""Action":"*","Resource":"*","Condition":{{"StringEquals":{{"aws:ResourceTag/team":"{value}"}}}}"#))
    };
    // The further permission is asked for no resource, so that it has no tags.
    let further = r#"},{"Effect":"Allow","Action":"sts:Further","Resource":"*""#;
    let with = |document: String| inline(document.replace("}}]}", &format!("}}{further}}}]}}")));
    assert_eq!(of_anna(with(red("red")), RED).await, Ok(()));
    assert!(of_anna(with(red("blue")), RED).await.is_err());
    let id = format!(r#""Action":"*","Resource":"*","Condition":{{"StringEqualsIfExists":{{"sts:Id":"{RED}"}}}}"#);
    assert_eq!(of_anna(inline(allow(&id)), RED).await, Ok(()));
    assert!(of_anna(inline(allow(&id)), "AKIAREDREDREDREDRED2").await.is_err());
}

#[tokio::test]
async fn a_handler_asks_for_what_it_needs_besides() {
    let only = inline(allow(r#""Action":"sts:GetAccessKeyInfo","Resource":"*""#));
    let because = "because no identity-based policy allows the sts:Further action";
    let user = "User: arn:aws:iam::444455556666:user/lab/anna";
    let text = format!("{user} is not authorized to perform: sts:Further on resource: * {because}");
    assert_eq!(of_anna(only, RED).await, Err(text));
}

#[tokio::test]
async fn a_resources_policy_and_a_boundary_deny() {
    let barred = of_anna(inline(allow(EVERYTHING)), "AKIABARREDBARREDBAR1").await.unwrap_err();
    assert!(barred.ends_with("with an explicit deny in a resource-based policy"), "{barred}");
    let bounded = |user: &mut UserSpec| {
        inline(allow(EVERYTHING))(user);
        user.boundary = Some("arn:aws:iam::aws:policy/AmazonS3FullAccess".into());
    };
    assert_eq!(of_anna(bounded, RED).await, denied("because no permissions boundary allows the sts:GetAccessKeyInfo action"));
    let lost = |user: &mut UserSpec| {
        inline(allow(EVERYTHING))(user);
        user.boundary = Some("arn:aws:iam::444455556666:policy/gone".into());
    };
    assert!(of_anna(lost, RED).await.is_err(), "a boundary that is gone bounds everything away");
}

#[tokio::test]
async fn session_policies_narrow_and_federated_users_need_them() {
    let bench = bench(inline(allow(EVERYTHING))).await;
    let narrow = SessionTerms { policies: Some(vec![allow(r#""Action":"ecs:*","Resource":"*""#)]), ..SessionTerms::default() };
    let wide = SessionTerms { policies: Some(vec![allow(EVERYTHING)]), ..narrow.clone() };
    let unsaid = SessionTerms { policies: None, ..narrow.clone() };
    let signer = session(&bench, anna(), narrow).await;
    assert_eq!(ask(&bench, &signer, RED).await, denied("because no session policy allows the sts:GetAccessKeyInfo action"));
    for (principal, terms, allowed) in [
        (anna(), wide.clone(), true),
        (anna(), unsaid.clone(), true),
        (Principal::FederatedUser { name: "guest".into(), by: Some("lab/anna".into()) }, wide.clone(), true),
        (Principal::FederatedUser { name: "guest".into(), by: Some("lab/anna".into()) }, unsaid.clone(), false),
        (Principal::FederatedUser { name: "guest".into(), by: None }, wide, true),
        (Principal::FederatedUser { name: "guest".into(), by: None }, unsaid, false),
    ] {
        let signer = session(&bench, principal.clone(), terms).await;
        assert_eq!(ask(&bench, &signer, RED).await.is_ok(), allowed, "{principal:?}");
    }
    bench.advance(Duration::from_secs(901));
    let expired = bench.signed_by(signer).form("sts", "GetCallerIdentity", &[]).await;
    assert!(expired.text().contains("<Code>ExpiredToken</Code>"), "{}", expired.text());
}

#[tokio::test]
async fn who_was_made_anew_under_the_same_name_is_somebody_else() {
    let bench = bench(inline(allow(EVERYTHING))).await;
    let other = Principal::User { name: "lab/anna".into(), id: "AIDABBBBBBBBBBBBBBBBB".into() };
    let signer = key(&bench, other).await;
    assert!(ask(&bench, &signer, RED).await.is_err());
}

#[tokio::test]
async fn an_inactive_key_is_refused_and_a_used_one_is_known_to_be() {
    let bench = bench(inline(allow(EVERYTHING))).await;
    let signer = key(&bench, anna()).await;
    let at = Key::<AccessKey>::of_id(&signer.access_key_id);
    assert_eq!(ask(&bench, &signer, RED).await, Ok(()));
    let used = bench.store.snapshot().get(&at).unwrap().unwrap().observed;
    assert_eq!((used.at, used.service.as_str()), (Some(bench.env.now()), "sts"));
    write(&bench, |tx| tx.update_spec(&at, |key| key.inactive = true)).await;
    let refused = bench.signed_by(signer).form("sts", "GetCallerIdentity", &[]).await;
    assert!(refused.text().contains("<Code>InvalidClientTokenId</Code>"), "{}", refused.text());
}
