//! The evaluation logic: which types of policies have to allow, and how a denial is worded.

use super::world::*;
use crate::policy::*;
use serde_json::{Value, json};

const GET: &str = "s3:GetObject";

fn bucket_policy(effect: &str, principal: Value) -> Attached {
    attached(
        Kind::Resource,
        json!({"Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": "arn:aws:s3:::box/*"}),
    )
}

fn aws(principal: &str) -> Value {
    json!({"AWS": principal})
}

fn on_bucket(caller: Caller<'_>, policies: &Policies, resource: Option<&Attached>, owner: Option<&str>) -> Because {
    let context = Context::new();
    let request = Request { resource_account: owner, ..request(caller, GET, BUCKET, &context) };
    let decision = decide(&request, policies, resource, ResourceRule::Either);
    assert_eq!(decision.allowed, matches!(decision.because, Because::Root | Because::Allowed(_)));
    assert_eq!(decision.statements.is_empty(), matches!(decision.because, Because::Root | Because::NotAllowed(_)));
    decision.because
}

fn bounded(identity_statements: Value, boundary: Value) -> Policies {
    Policies { boundary: Some(attached(Kind::Identity, boundary)), ..identity(identity_statements) }
}

fn narrowed(identity_statements: Value, session: Value) -> Policies {
    Policies { session: Some(vec![attached(Kind::Session, session)]), ..identity(identity_statements) }
}

#[test]
fn within_an_account_either_is_enough() {
    use {Because::*, PolicyType::*};
    let (yes, no, never) = (identity(allow("s3:*")), Policies::default(), identity(deny("s3:*")));
    let to_anna = bucket_policy("Allow", aws(ANNA.arn));
    let to_bert = bucket_policy("Allow", aws("arn:aws:iam::123456789012:user/bert"));
    let against = bucket_policy("Deny", aws(ANNA.arn));
    let table = [
        (&no, None, NotAllowed(Identity)),
        (&yes, None, Allowed(Identity)),
        (&never, None, Denied(Identity)),
        (&no, Some(&to_anna), Allowed(Resource)),
        (&no, Some(&to_bert), NotAllowed(Identity)),
        (&yes, Some(&to_bert), Allowed(Identity)),
        (&never, Some(&to_anna), Denied(Identity)),
        (&yes, Some(&against), Denied(Resource)),
    ];
    for (policies, resource, expected) in table {
        assert_eq!(on_bucket(ANNA, policies, resource, None), expected);
        assert_eq!(on_bucket(ANNA, policies, resource, Some(ACCOUNT)), expected);
    }
}

/// What names the account leaves it to the account to pass it on.
#[test]
fn a_grant_to_the_account_needs_the_identity_too() {
    use {Because::*, PolicyType::*};
    for principal in [ACCOUNT, "arn:aws:iam::123456789012:root"] {
        let policy = bucket_policy("Allow", aws(principal));
        assert_eq!(on_bucket(ANNA, &Policies::default(), Some(&policy), None), NotAllowed(Identity));
        assert_eq!(on_bucket(ANNA, &identity(allow("s3:*")), Some(&policy), None), Allowed(Identity));
        assert_eq!(on_bucket(ANNA, &Policies::default(), Some(&bucket_policy("Deny", aws(principal))), None), Denied(Resource));
    }
}

#[test]
fn across_accounts_both_have_to_allow() {
    use {Because::*, PolicyType::*};
    let (yes, no) = (identity(allow("s3:*")), Policies::default());
    let owner = Some(OTHER);
    for principal in [json!("*"), aws(ACCOUNT), aws(ANNA.arn)] {
        let grants = bucket_policy("Allow", principal);
        assert_eq!(on_bucket(ANNA, &yes, Some(&grants), owner), Allowed(Identity));
        assert_eq!(on_bucket(ANNA, &no, Some(&grants), owner), NotAllowed(Identity));
        let limited = bounded(allow("s3:*"), allow("ec2:*"));
        assert_eq!(on_bucket(ANNA, &limited, Some(&grants), owner), NotAllowed(Boundary));
    }
    let to_other = bucket_policy("Allow", aws(OTHER));
    assert_eq!(on_bucket(ANNA, &yes, Some(&to_other), owner), NotAllowed(Resource));
    assert_eq!(on_bucket(ANNA, &yes, None, owner), NotAllowed(Resource));
    assert_eq!(on_bucket(ANNA, &yes, Some(&bucket_policy("Deny", json!("*"))), owner), Denied(Resource));
}

#[test]
fn boundaries_limit_what_identities_allow() {
    use {Because::*, PolicyType::*};
    let decided = |policies: &Policies| on_bucket(ANNA, policies, None, None);
    assert_eq!(decided(&bounded(allow("*"), allow("s3:*"))), Allowed(Identity));
    assert_eq!(decided(&bounded(allow("*"), allow("ec2:*"))), NotAllowed(Boundary));
    assert_eq!(decided(&bounded(allow("ec2:*"), allow("*"))), NotAllowed(Identity));
    assert_eq!(decided(&bounded(allow("*"), json!([allow("*"), deny("s3:*")]))), Denied(Boundary));
}

#[test]
fn session_policies_limit_what_identities_allow() {
    use {Because::*, PolicyType::*};
    let decided = |policies: &Policies| on_bucket(SESSION, policies, None, None);
    assert_eq!(decided(&narrowed(allow("*"), allow("s3:*"))), Allowed(Identity));
    assert_eq!(decided(&narrowed(allow("*"), allow("ec2:*"))), NotAllowed(Session));
    assert_eq!(decided(&narrowed(allow("ec2:*"), allow("*"))), NotAllowed(Identity));
    assert_eq!(decided(&narrowed(allow("*"), deny("s3:*"))), Denied(Session));
    let nothing = Policies { session: Some(Vec::new()), ..identity(allow("*")) };
    assert_eq!(decided(&nothing), NotAllowed(Session));
    // Several are one: each may allow a part.
    let both = Policies {
        session: Some(vec![attached(Kind::Session, allow("ec2:*")), attached(Kind::Session, allow("s3:*"))]),
        ..identity(allow("*"))
    };
    assert_eq!(decided(&both), Allowed(Identity));
}

/// IAM user guide, "Policy evaluation for requests within a single account": what a resource's policy grants is limited by an implicit
/// deny in boundary and session policies if it names the role, and not if it names the user or the session.
#[test]
fn whom_a_resource_names_says_what_limits_it() {
    use {Because::*, PolicyType::*};
    let limited = Policies {
        session: Some(vec![attached(Kind::Session, allow("ec2:*"))]),
        ..bounded(json!([allow("ec2:*")]), allow("ec2:*"))
    };
    let decided = |caller, principal| on_bucket(caller, &limited, Some(&bucket_policy("Allow", principal)), None);
    assert_eq!(decided(SESSION, aws(ROLE)), NotAllowed(Boundary));
    assert_eq!(decided(SESSION, aws(SESSION.arn)), Allowed(Resource));
    assert_eq!(decided(SESSION, json!("*")), Allowed(Resource));
    assert_eq!(decided(SESSION, aws(ACCOUNT)), NotAllowed(Identity));
    assert_eq!(decided(ANNA, aws(ANNA.arn)), Allowed(Resource));
    let session_only = Policies { boundary: None, ..limited.clone() };
    assert_eq!(on_bucket(SESSION, &session_only, Some(&bucket_policy("Allow", aws(ROLE))), None), NotAllowed(Session));
    // Nothing limits the role itself: its policies needn't allow what the resource does.
    assert_eq!(on_bucket(SESSION, &Policies::default(), Some(&bucket_policy("Allow", aws(ROLE))), None), Allowed(Resource));
    // An explicit deny limits all.
    let denied = bounded(allow("ec2:*"), deny("s3:*"));
    assert_eq!(on_bucket(ANNA, &denied, Some(&bucket_policy("Allow", aws(ANNA.arn))), None), Denied(Boundary));
}

#[test]
fn federated_users_act_within_their_session() {
    use {Because::*, PolicyType::*};
    let fed = Caller {
        arn: "arn:aws:sts::123456789012:federated-user/guest",
        account: ACCOUNT,
        kind: CallerKind::FederatedUser { user_arn: Some(ANNA.arn) },
    };
    let nothing = Policies { session: Some(Vec::new()), ..identity(allow("*")) };
    let decided = |principal| on_bucket(fed, &nothing, Some(&bucket_policy("Allow", principal)), None);
    assert_eq!(on_bucket(fed, &nothing, None, None), NotAllowed(Session));
    assert_eq!(decided(aws(fed.arn)), Allowed(Resource));
    assert_eq!(decided(aws(ANNA.arn)), NotAllowed(Session));
    assert_eq!(on_bucket(fed, &narrowed(allow("*"), allow("s3:Get*")), None, None), Allowed(Identity));
}

#[test]
fn organizations_limit_at_every_level() {
    use {Because::*, PolicyType::*};
    let all = || vec![attached(Kind::ServiceControl, allow("*"))];
    let some = vec![attached(Kind::ServiceControl, allow("ec2:*"))];
    let none = vec![attached(Kind::ServiceControl, json!([allow("*"), deny("s3:*")]))];
    let root = Caller { arn: "arn:aws:iam::123456789012:root", account: ACCOUNT, kind: CallerKind::Root };
    for (levels, expected) in [
        (vec![all(), all()], None),
        (vec![all(), some], Some(NotAllowed(ServiceControl))),
        (vec![none, all()], Some(Denied(ServiceControl))),
        (vec![all(), vec![]], Some(NotAllowed(ServiceControl))),
    ] {
        let policies = Policies { service_control: levels, ..identity(allow("*")) };
        assert_eq!(on_bucket(ANNA, &policies, None, None), expected.unwrap_or(Allowed(Identity)));
        assert_eq!(on_bucket(root, &policies, None, None), expected.unwrap_or(Root));
        let direct = bucket_policy("Allow", aws(ANNA.arn));
        assert_eq!(on_bucket(ANNA, &policies, Some(&direct), None), expected.unwrap_or(Allowed(Resource)));
    }
}

#[test]
fn an_endpoint_limits_whoever_comes_by_it() {
    use {Because::*, PolicyType::*};
    let everybody = |mut statement: Value| {
        statement["Principal"] = json!("*");
        statement
    };
    let root = Caller { arn: "arn:aws:iam::123456789012:root", account: ACCOUNT, kind: CallerKind::Root };
    for (statement, expected) in [
        (everybody(allow("*")), None),
        (everybody(allow("ec2:*")), Some(NotAllowed(VpcEndpoint))),
        (json!([everybody(allow("*")), everybody(deny("s3:*"))]), Some(Denied(VpcEndpoint))),
    ] {
        let endpoint = Some(attached(Kind::Resource, statement));
        let policies = Policies { endpoint, ..identity(allow("*")) };
        assert_eq!(on_bucket(ANNA, &policies, None, None), expected.unwrap_or(Allowed(Identity)));
        assert_eq!(on_bucket(root, &policies, None, None), expected.unwrap_or(Root));
        let direct = bucket_policy("Allow", aws(ANNA.arn));
        assert_eq!(on_bucket(ANNA, &policies, Some(&direct), None), expected.unwrap_or(Allowed(Resource)));
    }
}

#[test]
fn an_accounts_root_is_denied_by_resources_only() {
    use {Because::*, PolicyType::*};
    let root = Caller { arn: "arn:aws:iam::123456789012:root", account: ACCOUNT, kind: CallerKind::Root };
    let irrelevant = bounded(deny("*"), deny("*"));
    assert_eq!(on_bucket(root, &irrelevant, None, None), Root);
    assert_eq!(on_bucket(root, &irrelevant, Some(&bucket_policy("Deny", aws(ACCOUNT))), None), Denied(Resource));
    assert_eq!(on_bucket(root, &irrelevant, Some(&bucket_policy("Deny", aws(OTHER))), None), Root);
    assert_eq!(on_bucket(root, &irrelevant, None, Some(OTHER)), NotAllowed(Resource));
    assert_eq!(on_bucket(root, &irrelevant, Some(&bucket_policy("Allow", aws(ACCOUNT))), Some(OTHER)), Allowed(Resource));
}

/// A trust policy has to allow by itself. Within the account it is enough if it names the caller; the account has to pass it on.
#[test]
fn trust_policies_have_to_allow() {
    use {Because::*, PolicyType::*};
    let context = Context::new();
    let trust =
        |principal: Value| attached(Kind::Trust, json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}));
    let decided = |caller, policies: &Policies, trust: &Attached, owner| {
        let request = Request { resource_account: owner, ..request(caller, "sts:AssumeRole", ROLE, &context) };
        decide(&request, policies, Some(trust), ResourceRule::Trust).because
    };
    let (yes, no) = (identity(allow("sts:*")), Policies::default());
    assert_eq!(decided(ANNA, &no, &trust(aws(ANNA.arn)), None), Allowed(Trust));
    assert_eq!(decided(ANNA, &no, &trust(aws(ACCOUNT)), None), NotAllowed(Identity));
    assert_eq!(decided(ANNA, &yes, &trust(aws(ACCOUNT)), None), Allowed(Identity));
    assert_eq!(decided(ANNA, &yes, &trust(aws(OTHER)), None), NotAllowed(Trust));
    assert_eq!(decided(ANNA, &identity(deny("sts:*")), &trust(aws(ANNA.arn)), None), Denied(Identity));
    assert_eq!(decided(ANNA, &no, &trust(aws(ANNA.arn)), Some(OTHER)), NotAllowed(Identity));
    assert_eq!(decided(ANNA, &yes, &trust(aws(ANNA.arn)), Some(OTHER)), Allowed(Identity));
    assert_eq!(decided(ANNA, &yes, &trust(aws(OTHER)), Some(OTHER)), NotAllowed(Trust));
    let tasks = Caller { arn: "ecs-tasks.amazonaws.com", account: "", kind: CallerKind::Service };
    assert_eq!(decided(tasks, &no, &trust(json!({"Service": tasks.arn})), Some(ACCOUNT)), Allowed(Trust));
    assert_eq!(decided(tasks, &no, &trust(json!({"Service": "ec2.amazonaws.com"})), Some(ACCOUNT)), NotAllowed(Trust));
}

#[test]
fn denials_are_worded_as_aws_words_them() {
    let table = [
        (Because::NotAllowed(PolicyType::Identity), "because no identity-based policy allows the s3:GetObject action"),
        (Because::NotAllowed(PolicyType::Boundary), "because no permissions boundary allows the s3:GetObject action"),
        (Because::NotAllowed(PolicyType::Session), "because no session policy allows the s3:GetObject action"),
        (Because::NotAllowed(PolicyType::Resource), "because no resource-based policy allows the s3:GetObject action"),
        (Because::NotAllowed(PolicyType::ServiceControl), "because no service control policy allows the s3:GetObject action"),
        (Because::NotAllowed(PolicyType::Trust), "because no role trust policy allows the s3:GetObject action"),
        (Because::Denied(PolicyType::Identity), "with an explicit deny in an identity-based policy"),
        (Because::Denied(PolicyType::Boundary), "with an explicit deny in a permissions boundary"),
        (Because::Denied(PolicyType::Session), "with an explicit deny in a session policy"),
        (Because::Denied(PolicyType::Resource), "with an explicit deny in a resource-based policy"),
        (Because::Denied(PolicyType::ServiceControl), "with an explicit deny in a service control policy"),
        (Because::Denied(PolicyType::Trust), "with an explicit deny in the role trust policy"),
    ];
    for (because, reason) in table {
        let decision = Decision { allowed: false, because, statements: Vec::new() };
        assert_eq!(decision.reason(GET), reason);
        assert_eq!(decision.is_explicit_deny(), reason.contains("explicit"));
    }
}

/// IAM user guide, "Policy evaluation for requests within a single account": Carlos and his bucket of logs.
#[test]
fn the_example_of_carlos() {
    use {Because::*, PolicyType::*};
    let carlos = Caller { arn: "arn:aws:iam::123456789012:user/carlossalazar", ..ANNA };
    let logs = "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar-logs";
    let identity = identity(json!([
        {"Sid": "AllowS3ListRead", "Effect": "Allow", "Resource": "arn:aws:s3:::*",
         "Action": ["s3:GetBucketLocation", "s3:GetAccountPublicAccessBlock", "s3:ListAccessPoints", "s3:ListAllMyBuckets"]},
        {"Sid": "AllowS3Self", "Effect": "Allow", "Action": "s3:*", "Resource": [format!("{logs}/*"), logs]},
        {"Sid": "DenyS3Logs", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*log*"}]));
    let bucket = attached(
        Kind::Resource,
        json!({"Effect": "Allow", "Principal": {"AWS": carlos.arn}, "Action": "s3:*",
        "Resource": [format!("{logs}/*"), logs]}),
    );
    let context = Context::new();
    let decided = |action: &str, resource: &str| {
        decide(&request(carlos, action, resource, &context), &identity, Some(&bucket), ResourceRule::Either)
    };
    let denied = decided("s3:PutObject", &format!("{logs}/today"));
    assert_eq!(denied.because, Denied(Identity));
    assert_eq!(denied.statements[0].sid.as_deref(), Some("DenyS3Logs"));
    assert_eq!((denied.statements.len(), denied.statements[0].index), (1, 2));
    assert_eq!(decided("s3:ListAllMyBuckets", "arn:aws:s3:::*").because, Allowed(Identity));
    assert_eq!(decided("s3:PutObject", "arn:aws:s3:::other/today").because, NotAllowed(Identity));
}
