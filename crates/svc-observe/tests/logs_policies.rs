//! Who may do what in CloudWatch Logs, and the account's resource policies.

use front::{
    Principal, credentials,
    testing::{Bench, Reply, START, Signer},
};
use model::{
    AccountId, Key, Timestamp,
    iam::{Permissions, User, UserSpec},
};
use serde_json::{Value, json};
use spine::{Store, StoreError};
use std::sync::Arc;
use svc_observe::logs::{self, Logs, store::LogStore};
use tempfile::TempDir;

const ACCOUNT: &str = "111122223333";

struct Cloud {
    bench: Bench,
    _folder: Arc<TempDir>,
}

impl Cloud {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let events = Arc::new(LogStore::new(&folder.path().join("logs")));
        let bench = Bench::on(Store::ephemeral(), |front, store, _| {
            front.service(logs::service(&Arc::new(Logs { store: store.clone(), events })))
        });
        Self { bench, _folder: Arc::new(folder) }
    }

    /// The same cloud as a user sees it who has these statements in its policy.
    async fn user(&self, name: &str, statements: Value) -> Self {
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
        let issued = self.bench.store.transact::<_, StoreError>(|tx| {
            tx.create(&Key::<User>::named(&account, name), &spec)?;
            credentials::issue(tx, &self.bench.env, &account, principal.clone())
        });
        let credentials::Issued { access_key_id, secret_access_key } = issued.await.unwrap();
        let bench = self.bench.signed_by(Signer { access_key_id, secret_access_key, token: None });
        Self { bench, _folder: self._folder.clone() }
    }

    async fn call(&self, operation: &str, input: Value) -> Reply {
        self.bench.json("logs", operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.code(), code, "{operation}: {}", reply.text());
        reply.message()
    }

    async fn denies(&self, operation: &str, input: Value) -> String {
        self.fails(operation, input, "AccessDeniedException").await
    }
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": format!("arn:aws:logs:us-east-1:{ACCOUNT}:{resource}")})
}

fn group(name: &str) -> Value {
    json!({"logGroupName": name})
}

fn stream(group: &str, stream: &str) -> Value {
    json!({"logGroupName": group, "logStreamName": stream})
}

fn event(group: &str, to: &str) -> Value {
    let mut input = stream(group, to);
    input["logEvents"] = json!([{"timestamp": START.0, "message": "hello"}]);
    input
}

fn arn(group: &str) -> String {
    format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}")
}

#[tokio::test]
async fn a_groups_policy_covers_its_streams() {
    let cloud = Cloud::new();
    cloud.ok("CreateLogGroup", group("/other")).await;
    let anna = cloud.user("anna", json!([allow("logs:*", "log-group:/app:*")])).await;
    anna.ok("CreateLogGroup", group("/app")).await;
    anna.ok("CreateLogStream", stream("/app", "one")).await;
    anna.ok("PutLogEvents", event("/app", "one")).await;
    anna.ok("GetLogEvents", stream("/app", "one")).await;
    anna.ok("FilterLogEvents", group("/app")).await;
    anna.ok("DescribeLogStreams", group("/app")).await;
    anna.ok("DescribeLogStreams", json!({"logGroupIdentifier": arn("/app")})).await;
    anna.ok("PutRetentionPolicy", json!({"logGroupName": "/app", "retentionInDays": 1})).await;
    anna.ok("DeleteLogStream", stream("/app", "one")).await;
    anna.ok("DeleteLogGroup", group("/app")).await;
    for (operation, input) in [
        ("CreateLogStream", stream("/other", "one")),
        ("FilterLogEvents", json!({"logGroupIdentifier": arn("/other")})),
        ("DescribeLogGroups", json!({})),
        ("DescribeLogGroups", json!({"logGroupNamePrefix": "/app"})),
        ("DescribeResourcePolicies", json!({})),
        ("ListTagsForResource", json!({"resourceArn": arn("/app")})),
        ("DeleteLogGroup", group("/appendix")),
    ] {
        anna.denies(operation, input).await;
    }
}

#[tokio::test]
async fn denials_name_what_aws_names() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", json!([allow("logs:*", "log-group:/app")])).await;
    let denied = |action: &str, resource: &str| {
        let (user, on) = (format!("arn:aws:iam::{ACCOUNT}:user/anna"), format!("arn:aws:logs:us-east-1:{ACCOUNT}:{resource}"));
        format!(
            "User: {user} is not authorized to perform: {action} on resource: {on} because no identity-based policy allows the {action} action"
        )
    };
    for (operation, input, resource) in [
        ("CreateLogGroup", group("/app"), "log-group:/app:log-stream:"),
        ("CreateLogStream", stream("/app", "one"), "log-group:/app:log-stream:one"),
        ("PutLogEvents", event("/app", "one"), "log-group:/app:log-stream:one"),
        ("GetLogEvents", stream("/app", "one"), "log-group:/app:log-stream:one"),
        ("DescribeLogGroups", json!({}), "log-group::log-stream:"),
        ("PutResourcePolicy", json!({"policyName": "p", "policyDocument": "{}"}), "log-group::log-stream:"),
        ("ListTagsForResource", json!({"resourceArn": arn("/other")}), "log-group:/other"),
    ] {
        assert_eq!(anna.denies(operation, input).await, denied(&format!("logs:{operation}"), resource));
    }
    cloud.ok("CreateLogGroup", group("/app")).await;
    anna.ok("ListTagsForResource", json!({"resourceArn": arn("/app")})).await;
}

#[tokio::test]
async fn a_stream_can_be_all_that_is_allowed() {
    let cloud = Cloud::new();
    cloud.ok("CreateLogGroup", group("/app")).await;
    for name in ["one", "two"] {
        cloud.ok("CreateLogStream", stream("/app", name)).await;
    }
    let anna = cloud.user("anna", json!([allow("logs:*Events", "log-group:/app:log-stream:one")])).await;
    anna.ok("PutLogEvents", event("/app", "one")).await;
    anna.ok("GetLogEvents", stream("/app", "one")).await;
    anna.denies("PutLogEvents", event("/app", "two")).await;
    anna.denies("FilterLogEvents", group("/app")).await;
}

#[tokio::test]
async fn tags_are_conditions() {
    let cloud = Cloud::new();
    let tagged = |name: &str, team: &str| json!({"logGroupName": name, "tags": {"team": team}});
    cloud.ok("CreateLogGroup", tagged("/red", "red")).await;
    cloud.ok("CreateLogGroup", tagged("/blue", "blue")).await;
    let when = |actions: &[&str], key: &str| json!({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": {"StringEquals": {key: "red"}}});
    let cost = json!({"ForAllValues:StringEquals": {"aws:TagKeys": "cost"}});
    let statements = json!([
        when(&["logs:CreateLogStream", "logs:PutLogEvents"], "aws:ResourceTag/team"),
        when(&["logs:TagResource", "logs:TagLogGroup"], "aws:RequestTag/team"),
        {"Effect": "Allow", "Action": ["logs:UntagResource", "logs:UntagLogGroup"], "Resource": "*", "Condition": cost},
        {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"},
    ]);
    let anna = cloud.user("anna", statements).await;
    anna.ok("CreateLogStream", stream("/red", "one")).await;
    anna.ok("PutLogEvents", event("/red", "one")).await;
    anna.denies("CreateLogStream", stream("/blue", "one")).await;
    anna.ok("CreateLogGroup", tagged("/new", "red")).await;
    let message = anna.denies("CreateLogGroup", tagged("/newer", "blue")).await;
    assert_eq!(message, format!("User with accountId: {ACCOUNT} is not authorized to perform CreateLogGroup with Tags"));
    anna.ok("CreateLogGroup", group("/newer")).await;
    anna.denies("TagResource", json!({"resourceArn": arn("/blue"), "tags": {"team": "green"}})).await;
    anna.denies("UntagResource", json!({"resourceArn": arn("/blue"), "tagKeys": ["team"]})).await;
    anna.ok("UntagLogGroup", json!({"logGroupName": "/blue", "tags": ["cost"]})).await;
    anna.ok("TagLogGroup", tagged("/blue", "red")).await;
    anna.ok("CreateLogStream", stream("/blue", "one")).await;
}

#[tokio::test]
async fn no_other_writing_of_an_arn_evades_a_policy() {
    let cloud = Cloud::new();
    cloud.ok("CreateLogGroup", group("/app")).await;
    let deny = json!({"Effect": "Deny", "Action": "logs:*", "Resource": [arn("/app"), format!("{}:*", arn("/app"))]});
    let anna = cloud.user("anna", json!([{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}, deny])).await;
    let tags = |written: String| json!({"resourceArn": written});
    anna.denies("ListTagsForResource", tags(arn("/app"))).await;
    anna.denies("FilterLogEvents", json!({"logGroupIdentifier": arn("/app")})).await;
    for written in [arn("/app").replace("arn:aws:", "arn:aws-cn:"), arn("/app").replace("us-east-1", "eu-west-1")] {
        anna.fails("ListTagsForResource", tags(written.clone()), "ResourceNotFoundException").await;
        anna.fails("FilterLogEvents", json!({"logGroupIdentifier": written}), "ResourceNotFoundException").await;
    }
}

#[tokio::test]
async fn resource_policies_are_kept() {
    let cloud = Cloud::new();
    let statement = json!({"Effect": "Allow", "Principal": {"Service": "route53.amazonaws.com"}, "Action": "logs:PutLogEvents", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let named = |name: &str| json!({"policyName": name, "policyDocument": document});
    let shown = |name: &str, at: i64| json!({"policyName": name, "policyDocument": document, "lastUpdatedTime": at, "policyScope": "ACCOUNT"});
    assert_eq!(cloud.ok("PutResourcePolicy", named("p0")).await, json!({"resourcePolicy": shown("p0", START.0)}));
    cloud.bench.advance(std::time::Duration::from_secs(1));
    cloud.ok("PutResourcePolicy", named("p0")).await;
    let all = cloud.ok("DescribeResourcePolicies", json!({})).await;
    assert_eq!(all, json!({"resourcePolicies": [shown("p0", START.0 + 1000)]}));

    for number in 1..10 {
        cloud.ok("PutResourcePolicy", named(&format!("p{number}"))).await;
    }
    assert_eq!(cloud.fails("PutResourcePolicy", named("more"), "LimitExceededException").await, "Resource limit exceeded.");
    cloud.ok("PutResourcePolicy", named("p9")).await;
    let first = cloud.ok("DescribeResourcePolicies", json!({"limit": 7})).await;
    let rest = cloud.ok("DescribeResourcePolicies", json!({"limit": 7, "nextToken": first["nextToken"]})).await;
    assert_eq!((rest["resourcePolicies"][0]["policyName"].as_str(), rest["nextToken"].as_str()), (Some("p7"), None));
    let of_groups = cloud.ok("DescribeResourcePolicies", json!({"policyScope": "RESOURCE"})).await;
    assert_eq!(of_groups, json!({"resourcePolicies": []}));

    cloud.ok("DeleteResourcePolicy", json!({"policyName": "p3"})).await;
    let message = cloud.fails("DeleteResourcePolicy", json!({"policyName": "p3"}), "ResourceNotFoundException").await;
    assert_eq!(message, "Policy with name [p3] does not exist.");
    cloud.ok("PutResourcePolicy", named("more")).await;
}

#[tokio::test]
async fn what_is_no_resource_policy_is_refused() {
    let cloud = Cloud::new();
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "logs:PutLogEvents"});
    let without_resource = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    for document in ["", "{}", "text", &without_resource, &" ".repeat(5121)] {
        let input = json!({"policyName": "p", "policyDocument": document});
        cloud.fails("PutResourcePolicy", input, "InvalidParameterException").await;
    }
    cloud.fails("PutResourcePolicy", json!({"policyName": "p"}), "InvalidParameterException").await;
    let of_group = json!({"policyName": "p", "policyDocument": without_resource, "resourceArn": arn("/app")});
    assert_eq!(cloud.call("PutResourcePolicy", of_group).await.status, 501);
    assert_eq!(cloud.ok("DescribeResourcePolicies", json!({})).await, json!({"resourcePolicies": []}));
}

#[tokio::test]
async fn a_resource_policy_gives_users_nothing() {
    let cloud = Cloud::new();
    cloud.ok("CreateLogGroup", group("/app")).await;
    let anna = cloud.user("anna", json!([allow("logs:DescribeLogGroups", "*")])).await;
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "logs:*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    cloud.ok("PutResourcePolicy", json!({"policyName": "p", "policyDocument": document})).await;
    anna.denies("CreateLogStream", stream("/app", "one")).await;
}
