//! Who may launch and stop what.

use crate::{
    common::call,
    world::{IMAGE, World, launch},
};
use front::{Principal, credentials, testing::Signer};
use model::{
    AccountId, Key, Region, Timestamp,
    iam::{InstanceProfile, InstanceProfileSpec, Permissions, User, UserSpec},
};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

/// The same cloud as a user sees it who has these statements in its policy.
async fn user(world: &World, name: &str, statements: Value) -> front::testing::Bench {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let spec = UserSpec {
        name: name.into(),
        path: "/".into(),
        id: format!("AIDA{name:A>17}"),
        created_at: Timestamp(0),
        tags: Default::default(),
        boundary: None,
        permissions: Permissions { inline: [("own".to_owned(), policy)].into(), ..Permissions::default() },
        groups: Default::default(),
        keys: Default::default(),
        login: None,
    };
    let principal = Principal::User { name: name.into(), id: spec.id.clone() };
    let (bench, env) = (&world.bench, world.bench.env.clone());
    let issued = bench.store.transact::<_, spine::StoreError>(|tx| {
        tx.create(&Key::<User>::named(&account, name), &spec)?;
        credentials::issue(tx, &env, &account, principal.clone())
    });
    let credentials::Issued { access_key_id, secret_access_key } = issued.await.unwrap();
    bench.signed_by(Signer { access_key_id, secret_access_key, token: None })
}

async fn code(bench: &front::testing::Bench, operation: &str, parameters: &[(&str, &str)]) -> String {
    let answer = call(bench, "ec2", operation, parameters).await;
    if answer.status == 200 { String::new() } else { answer.code().to_owned() }
}

#[tokio::test]
async fn a_launch_needs_all_that_it_makes_and_uses() {
    let world = World::new().await;
    let arn = |resource: &str| format!("arn:aws:ec2:us-east-1:{ACCOUNT}:{resource}");
    let image = format!("arn:aws:ec2:us-east-1::image/{IMAGE}");
    let made = [arn("instance/*"), arn("volume/*"), arn("network-interface/*"), arn("subnet/*"), arn("security-group/*"), image];
    let may = |resources: &[String]| json!([{"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": resources}]);
    let all = user(&world, "all", may(&made)).await;
    assert_eq!(code(&all, "RunInstances", &launch(&[])).await, "");
    for missing in 0..made.len() {
        let mut rest = made.to_vec();
        rest.remove(missing);
        let one = user(&world, &format!("without{missing}"), may(&rest)).await;
        assert_eq!(code(&one, "RunInstances", &launch(&[])).await, "UnauthorizedOperation", "{}", made[missing]);
    }
    let tagged = launch(&[
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", "web"),
    ]);
    assert_eq!(code(&all, "RunInstances", &tagged).await, "UnauthorizedOperation");
    assert_eq!(code(&all, "RunInstances", &launch(&[("DryRun", "true")])).await, "DryRunOperation");
}

#[tokio::test]
async fn types_can_be_forbidden_and_roles_kept() {
    let world = World::new().await;
    let statements = json!([
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*:*:instance/*",
         "Condition": {"StringNotEquals": {"ec2:InstanceType": ["t3.micro", "t3.nano"]}}},
    ]);
    let small = user(&world, "small", statements).await;
    assert_eq!(code(&small, "RunInstances", &launch(&[])).await, "");
    assert_eq!(code(&small, "RunInstances", &launch(&[("InstanceType", "t3.small")])).await, "UnauthorizedOperation");
    let profile = InstanceProfileSpec {
        name: "web".into(),
        path: "/".into(),
        id: "AIPA1".into(),
        created_at: Timestamp(0),
        role: Some("web".into()),
        tags: Default::default(),
    };
    let account = AccountId::parse(ACCOUNT).unwrap();
    world.write(|tx| tx.create(&Key::<InstanceProfile>::new(&account, &Region::global(), "web"), &profile)).await;
    let with_profile = launch(&[("IamInstanceProfile.Name", "web")]);
    assert_eq!(code(&small, "RunInstances", &with_profile).await, "UnauthorizedOperation");
    let passing = json!([
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": format!("arn:aws:iam::{ACCOUNT}:role/web"),
         "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}},
    ]);
    let passing = user(&world, "passing", passing).await;
    assert_eq!(code(&passing, "RunInstances", &with_profile).await, "");
}

#[tokio::test]
async fn who_may_stop_what_is_told_by_its_tags() {
    let world = World::new().await;
    let tags = |value: &'static str| {
        [
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "team"),
            ("TagSpecification.1.Tag.1.Value", value),
        ]
    };
    let (ours, theirs) = (world.running(&tags("blue")).await, world.running(&tags("red")).await);
    let statements = json!([{"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}}]);
    let blue = user(&world, "blue", statements).await;
    assert_eq!(code(&blue, "StopInstances", &[("InstanceId.1", &theirs)]).await, "UnauthorizedOperation");
    assert_eq!(
        code(&blue, "StopInstances", &[("InstanceId.1", &ours), ("InstanceId.2", &theirs)]).await,
        "UnauthorizedOperation"
    );
    assert_eq!(code(&blue, "StopInstances", &[("InstanceId.1", &ours)]).await, "");
    assert_eq!(world.state(&theirs).await, "running");
}
