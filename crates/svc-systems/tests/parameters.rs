//! Parameter Store through the front: requests as a client would send them.

use front::{
    Principal, credentials,
    testing::{Bench, Reply, START, Signer},
};
use model::{
    AccountId, Key, Timestamp,
    ec2::{Image, ImageSpec, MachineKind},
    iam::{Permissions, User, UserSpec},
    ssm::ParameterVersion,
};
use serde_json::{Value, json};
use spine::{Read, Scope, Store, StoreError};
use std::sync::Arc;
use svc_secrets::kms;
use svc_systems::ssm;

const ACCOUNT: &str = "111122223333";

struct Cloud(Bench);

impl Cloud {
    fn new() -> Self {
        Self(Bench::on(Store::ephemeral(), |front, store, _| {
            front.service(ssm::service()).service(kms::service(&Arc::new(store.clone())))
        }))
    }

    async fn call(&self, operation: &str, input: Value) -> Reply {
        self.0.json("ssm", operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    /// Calls an operation that has to fail with a code, without changing anything; its message.
    async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        let before = self.0.store.snapshot().revision();
        let reply = self.call(operation, input).await;
        assert_eq!(reply.code(), code, "{operation}: {} {}", reply.status, reply.text());
        assert_eq!(self.0.store.snapshot().revision(), before, "{operation} changed something");
        reply.message()
    }

    async fn put(&self, name: &str, value: &str) -> Value {
        self.ok("PutParameter", json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true})).await
    }

    async fn value(&self, name: &str) -> Value {
        self.ok("GetParameter", json!({"Name": name})).await["Parameter"]["Value"].clone()
    }

    async fn names(&self, operation: &str, input: Value) -> Vec<String> {
        let found = self.ok(operation, input).await;
        let names = found["Parameters"].as_array().unwrap().iter();
        names.map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
    }

    /// The quick start image is there.
    async fn with_quick_start(self) -> Self {
        let spec = ImageSpec { public: true, ..ImageSpec::new("q", "x86_64", MachineKind::QuickStart, "/dev/xvda", START) };
        let region = model::Region::parse("us-east-1").unwrap();
        let made = self.0.store.transact::<_, StoreError>(|tx| tx.create(&Key::<Image>::quick_start(&region), &spec));
        made.await.unwrap();
        self
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
        let issued = self.0.store.transact::<_, StoreError>(|tx| {
            tx.create(&Key::<User>::named(&account, name), &spec)?;
            credentials::issue(tx, &self.0.env, &account, principal.clone())
        });
        let credentials::Issued { access_key_id, secret_access_key } = issued.await.unwrap();
        Self(self.0.signed_by(Signer { access_key_id, secret_access_key, token: None }))
    }
}

#[tokio::test]
async fn a_parameter_is_written_read_overwritten_and_deleted() {
    let cloud = Cloud::new();
    let made = cloud.ok("PutParameter", json!({"Name": "/app/url", "Value": "one", "Type": "String", "Description": "d"})).await;
    assert_eq!(made, json!({"Version": 1, "Tier": "Standard"}));
    let message = cloud
        .fails("PutParameter", json!({"Name": "/app/url", "Value": "two", "Type": "String"}), "ParameterAlreadyExists")
        .await;
    assert!(message.starts_with("The parameter already exists."), "{message}");
    cloud.ok("PutParameter", json!({"Name": "/app/url", "Value": "two", "Overwrite": true})).await;
    let got = cloud.ok("GetParameter", json!({"Name": "/app/url"})).await;
    let arn = "arn:aws:ssm:us-east-1:111122223333:parameter/app/url";
    assert_eq!(got["Parameter"]["ARN"], arn);
    assert_eq!((&got["Parameter"]["Value"], &got["Parameter"]["Version"]), (&json!("two"), &json!(2)));
    assert_eq!(got["Parameter"]["DataType"], "text");
    assert_eq!(cloud.value(&format!("{arn}:1")).await, "one");
    let old = cloud.ok("GetParameter", json!({"Name": "/app/url:1"})).await;
    assert_eq!((&old["Parameter"]["Value"], &old["Parameter"]["Selector"]), (&json!("one"), &json!(":1")));
    let described = cloud.ok("DescribeParameters", json!({})).await;
    assert_eq!(described["Parameters"][0]["Description"], "d", "what isn't said stays");
    cloud.fails("GetParameter", json!({"Name": "/app/url:3"}), "ParameterVersionNotFound").await;
    cloud.ok("DeleteParameter", json!({"Name": "/app/url"})).await;
    cloud.fails("GetParameter", json!({"Name": "/app/url"}), "ParameterNotFound").await;
    cloud.fails("DeleteParameter", json!({"Name": "/app/url"}), "ParameterNotFound").await;
    assert!(cloud.0.store.snapshot().specs::<ParameterVersion>(Scope::All).unwrap().is_empty(), "the versions are gone, too");
}

#[tokio::test]
async fn secrets_are_kept_sealed() {
    let cloud = Cloud::new();
    cloud.ok("PutParameter", json!({"Name": "pw", "Value": "hunter2", "Type": "SecureString"})).await;
    let sealed = cloud.value("pw").await;
    assert!(!sealed.as_str().unwrap().contains("hunter2"));
    let open = cloud.ok("GetParameter", json!({"Name": "pw", "WithDecryption": true})).await;
    assert_eq!((&open["Parameter"]["Value"], &open["Parameter"]["Type"]), (&json!("hunter2"), &json!("SecureString")));
    let kept = cloud.0.store.snapshot().specs::<ParameterVersion>(Scope::All).unwrap();
    assert!(!kept[0].1.value.contains("hunter2"), "neither is it in the store");
    assert!(!format!("{:?}", kept[0].1).contains("hunter2"));
    assert_eq!(cloud.ok("DescribeParameters", json!({})).await["Parameters"][0]["KeyId"], "alias/aws/ssm");
    let other = json!({"Name": "q", "Value": "x", "Type": "SecureString", "KeyId": "alias/mine"});
    let words = cloud.fails("PutParameter", other, "InvalidKeyId").await;
    assert_eq!(words, format!("Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/mine is not found."));
    let history = cloud.ok("GetParameterHistory", json!({"Name": "pw", "WithDecryption": true})).await;
    assert_eq!(history["Parameters"][0]["Value"], "hunter2");
}

#[tokio::test]
async fn a_secret_is_read_by_who_may_use_its_key_while_it_can_be_used() {
    let cloud = Cloud::new();
    let made = cloud.0.json("kms", "CreateKey", json!({})).await.json();
    let arn = made["KeyMetadata"]["Arn"].as_str().unwrap();
    cloud.ok("PutParameter", json!({"Name": "/pw", "Value": "hunter2", "Type": "SecureString", "KeyId": arn})).await;
    let open = json!({"Name": "/pw", "WithDecryption": true});
    let may_ssm = json!({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"});
    let bound = json!({"kms:ViaService": "ssm.us-east-1.amazonaws.com",
        "kms:EncryptionContext:PARAMETER_ARN": format!("arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/pw")});
    let may_decrypt = json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn, "Condition": {"StringEquals": bound}});
    let denied = cloud.user("anna", json!([may_ssm])).await.call("GetParameter", open.clone()).await;
    assert!(denied.message().contains("kms:Decrypt"), "{}", denied.text());
    cloud.user("otto", json!([may_ssm, may_decrypt])).await.ok("GetParameter", open.clone()).await;
    cloud.0.json("kms", "DisableKey", json!({"KeyId": arn})).await;
    assert_eq!(cloud.fails("GetParameter", open, "InvalidKeyId").await, format!("{arn} is disabled."));
    let signing = cloud.0.json("kms", "CreateKey", json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})).await.json();
    let other = json!({"Name": "q", "Value": "x", "Type": "SecureString", "KeyId": signing["KeyMetadata"]["Arn"]});
    cloud.fails("PutParameter", other, "InvalidKeyId").await;
}

#[tokio::test]
async fn what_names_and_values_may_be() {
    let cloud = Cloud::new();
    let put = |name: &str| json!({"Name": name, "Value": "x", "Type": "String"});
    for (name, code) in [
        ("aws-x", "ValidationException"),
        ("/SSM/x", "ValidationException"),
        ("/aws/service/x", "AccessDeniedException"),
        ("a b", "ValidationException"),
        ("/a//b", "ValidationException"),
        ("a/b", "ValidationException"),
        ("/a:1", "ValidationException"),
        ("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "HierarchyLevelLimitExceededException"),
    ] {
        cloud.fails("PutParameter", put(name), code).await;
    }
    cloud.ok("PutParameter", put("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15")).await;
    cloud.fails("PutParameter", put(&format!("/{}", "a".repeat(1000))), "ValidationException").await;
    cloud.fails("PutParameter", json!({"Name": "n", "Value": "x"}), "ValidationException").await;
    let with = |more: Value| {
        let mut input = put("n");
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    cloud.fails("PutParameter", with(json!({"Value": "x".repeat(4097)})), "ValidationException").await;
    cloud.fails("PutParameter", with(json!({"AllowedPattern": r"\d+"})), "ParameterPatternMismatchException").await;
    cloud.fails("PutParameter", with(json!({"AllowedPattern": "("})), "InvalidAllowedPatternException").await;
    cloud.fails("PutParameter", with(json!({"DataType": "image"})), "ValidationException").await;
    cloud.fails("PutParameter", with(json!({"KeyId": "alias/aws/ssm"})), "ValidationException").await;
    assert_eq!(cloud.call("PutParameter", with(json!({"Policies": "[{}]"}))).await.status, 501);
    let advanced = with(json!({"Value": "x".repeat(4097), "Tier": "Intelligent-Tiering"}));
    assert_eq!(cloud.ok("PutParameter", advanced).await["Tier"], "Advanced");
    cloud.fails("PutParameter", with(json!({"Overwrite": true, "Tier": "Standard"})), "ValidationException").await;
}

#[tokio::test]
async fn a_hundred_versions_are_kept_and_labels_hold_them() {
    let cloud = Cloud::new();
    cloud.put("p", "1").await;
    let labelled = cloud.ok("LabelParameterVersion", json!({"Name": "p", "Labels": ["prod", "1st", "awsome"]})).await;
    assert_eq!(labelled, json!({"InvalidLabels": ["1st", "awsome"], "ParameterVersion": 1}));
    for version in 2..=100 {
        cloud.put("p", &version.to_string()).await;
    }
    let full = json!({"Name": "p", "Value": "101", "Overwrite": true});
    let message = cloud.fails("PutParameter", full.clone(), "ParameterMaxVersionLimitExceeded").await;
    assert!(message.contains("Version 1, the oldest version, can't be deleted"), "{message}");
    assert_eq!(cloud.value("p:prod").await, "1");
    cloud.ok("LabelParameterVersion", json!({"Name": "p", "ParameterVersion": 50, "Labels": ["prod"]})).await;
    assert_eq!(cloud.value("p:prod").await, "50", "a label is on one version");
    assert_eq!(cloud.ok("PutParameter", full).await["Version"], 101);
    cloud.fails("GetParameter", json!({"Name": "p:1"}), "ParameterVersionNotFound").await;
    let first = cloud.ok("GetParameterHistory", json!({"Name": "p", "MaxResults": 49})).await;
    assert_eq!(first["Parameters"].as_array().unwrap().len(), 49);
    assert_eq!(first["Parameters"][48]["Labels"], json!(["prod"]));
    let rest = cloud.ok("GetParameterHistory", json!({"Name": "p", "NextToken": first["NextToken"]})).await;
    assert_eq!(rest["Parameters"][0]["Version"], 51);
    let removed =
        cloud.ok("UnlabelParameterVersion", json!({"Name": "p", "ParameterVersion": 50, "Labels": ["prod", "dev"]})).await;
    assert_eq!(removed, json!({"RemovedLabels": ["prod"], "InvalidLabels": ["dev"]}));
    cloud.fails("GetParameter", json!({"Name": "p:prod"}), "ParameterVersionNotFound").await;
    let many: Vec<String> = (0..10).map(|n| format!("l{n}")).collect();
    cloud.ok("LabelParameterVersion", json!({"Name": "p", "Labels": many})).await;
    let more = json!({"Name": "p", "Labels": ["l10"]});
    cloud.fails("LabelParameterVersion", more, "ParameterVersionLabelLimitExceeded").await;
    let absent = json!({"Name": "p", "Labels": ["x"], "ParameterVersion": 1});
    cloud.fails("LabelParameterVersion", absent, "ParameterVersionNotFound").await;
}

#[tokio::test]
async fn parameters_are_found_by_path_by_filter_and_by_names() {
    let cloud = Cloud::new();
    for name in ["/a/1", "/a/2", "/a/b/3", "/ab", "plain"] {
        cloud.put(name, name).await;
    }
    assert_eq!(cloud.names("GetParametersByPath", json!({"Path": "/a"})).await, ["/a/1", "/a/2"]);
    assert_eq!(cloud.names("GetParametersByPath", json!({"Path": "/a/", "Recursive": true})).await, ["/a/1", "/a/2", "/a/b/3"]);
    assert_eq!(cloud.names("GetParametersByPath", json!({"Path": "/"})).await, ["/ab"]);
    cloud.fails("GetParametersByPath", json!({"Path": "a"}), "ValidationException").await;
    let first = cloud.ok("GetParametersByPath", json!({"Path": "/a", "Recursive": true, "MaxResults": 2})).await;
    let second = json!({"Path": "/a", "Recursive": true, "NextToken": first["NextToken"]});
    assert_eq!(cloud.names("GetParametersByPath", second).await, ["/a/b/3"]);
    cloud.fails("GetParametersByPath", json!({"Path": "/a", "NextToken": "!"}), "InvalidNextToken").await;
    let filter =
        |key: &str, option: &str, value: &str| json!({"ParameterFilters": [{"Key": key, "Option": option, "Values": [value]}]});
    assert_eq!(cloud.names("DescribeParameters", filter("Path", "Recursive", "/a")).await, ["/a/1", "/a/2", "/a/b/3"]);
    assert_eq!(cloud.names("DescribeParameters", filter("Name", "BeginsWith", "/a")).await.len(), 4);
    let old = json!({"Filters": [{"Key": "Name", "Values": ["plain"]}]});
    assert_eq!(cloud.names("DescribeParameters", old).await, ["plain"]);
    let got = cloud.ok("GetParameters", json!({"Names": ["plain", "/a/1:1", "/a/1:9", "/none"]})).await;
    assert_eq!(got["Parameters"].as_array().unwrap().len(), 2);
    assert_eq!(got["InvalidParameters"], json!(["/a/1:9", "/none"]));
    let gone = cloud.ok("DeleteParameters", json!({"Names": ["plain", "/none"]})).await;
    assert_eq!(gone, json!({"DeletedParameters": ["plain"], "InvalidParameters": ["/none"]}));
}

#[tokio::test]
async fn parameters_have_tags() {
    let cloud = Cloud::new();
    let tags = json!([{"Key": "team", "Value": "a"}]);
    cloud.ok("PutParameter", json!({"Name": "/t", "Value": "x", "Type": "String", "Tags": tags})).await;
    let both = json!({"Name": "/t", "Value": "x", "Overwrite": true, "Tags": tags});
    cloud.fails("PutParameter", both, "ValidationException").await;
    let on = |more: Value| {
        let mut input = json!({"ResourceType": "Parameter", "ResourceId": "/t"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    cloud.ok("AddTagsToResource", on(json!({"Tags": [{"Key": "stage", "Value": "b"}]}))).await;
    cloud.ok("RemoveTagsFromResource", on(json!({"TagKeys": ["team"]}))).await;
    let listed = cloud.ok("ListTagsForResource", on(json!({}))).await;
    assert_eq!(listed["TagList"], json!([{"Key": "stage", "Value": "b"}]));
    let absent = json!({"ResourceType": "Parameter", "ResourceId": "/none"});
    cloud.fails("ListTagsForResource", absent, "InvalidResourceId").await;
    let document = json!({"ResourceType": "Document", "ResourceId": "x"});
    assert_eq!(cloud.call("ListTagsForResource", document).await.status, 501);
}

#[tokio::test]
async fn public_parameters_are_everybodys() {
    let cloud = Cloud::new().with_quick_start().await;
    let name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    let got = cloud.ok("GetParameter", json!({"Name": name})).await["Parameter"].clone();
    assert_eq!(got["Value"], Key::<Image>::QUICK_START);
    assert_eq!(got["ARN"], format!("arn:aws:ssm:us-east-1::parameter{name}"));
    assert_eq!(cloud.0.account("444455556666").json("ssm", "GetParameter", json!({"Name": name})).await.status, 200);
    let under = json!({"Path": "/aws/service/ami-amazon-linux-latest", "MaxResults": 10});
    assert_eq!(cloud.names("GetParametersByPath", under).await.len(), 10);
    let regions = json!({"Path": "/aws/service/global-infrastructure/regions"});
    assert!(!cloud.names("GetParametersByPath", regions).await.is_empty());
    cloud.fails("DeleteParameter", json!({"Name": name}), "ParameterNotFound").await;
    assert!(cloud.names("DescribeParameters", json!({})).await.is_empty(), "they are nobody's own");

    let reader = cloud
        .user(
            "reader",
            json!([{"Effect": "Allow", "Action": "ssm:GetParameter",
        "Resource": "arn:aws:ssm:us-east-1::parameter/aws/service/*"}]),
        )
        .await;
    reader.ok("GetParameter", json!({"Name": name})).await;
    reader.fails("GetParameter", json!({"Name": "/app/x"}), "AccessDeniedException").await;

    let image = |value: &str| json!({"Name": "/my/ami", "Value": value, "Type": "String", "DataType": "aws:ec2:image"});
    cloud.fails("PutParameter", image("ami-0123456789abcdef0"), "ValidationException").await;
    cloud.ok("PutParameter", image(Key::<Image>::QUICK_START)).await;
}

#[tokio::test]
async fn policies_decide_by_name_path_and_tags() {
    let cloud = Cloud::new();
    cloud.put("/app/x", "1").await;
    cloud
        .ok("PutParameter", json!({"Name": "/app/y", "Value": "2", "Type": "String", "Tags": [{"Key": "team", "Value": "a"}]}))
        .await;
    let arn = |path: &str| format!("arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/{path}");
    let one = cloud
        .user(
            "one",
            json!([
                {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParametersByPath"], "Resource": arn("app/*")},
                {"Effect": "Deny", "Action": "ssm:*", "Resource": arn("app/x")},
            ]),
        )
        .await;
    one.ok("GetParameter", json!({"Name": "/app/y:1"})).await;
    for name in ["/app/x", "/app/x:1", &arn("app/x"), &arn("app/x:1")] {
        one.fails("GetParameter", json!({"Name": name}), "AccessDeniedException").await;
    }
    one.ok("GetParametersByPath", json!({"Path": "/app/"})).await;
    one.fails("GetParametersByPath", json!({"Path": "/app/", "Recursive": true, "MaxResults": 11}), "ValidationException").await;
    one.fails("GetParametersByPath", json!({"Path": "/other/"}), "AccessDeniedException").await;
    let tagged = cloud.user("tagged", json!([
        {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*", "Condition": {"StringEquals": {"ssm:ResourceTag/team": "a"}}},
        {"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "*", "Condition": {"StringEquals": {"ssm:Overwrite": "false"}}},
    ])).await;
    tagged.ok("GetParameters", json!({"Names": ["/app/y"]})).await;
    tagged.fails("GetParameters", json!({"Names": ["/app/y", "/app/x"]}), "AccessDeniedException").await;
    tagged.ok("PutParameter", json!({"Name": "/new", "Value": "1", "Type": "String"})).await;
    tagged.fails("PutParameter", json!({"Name": "/new", "Value": "1", "Overwrite": true}), "AccessDeniedException").await;
    let with_tags = json!({"Name": "/new2", "Value": "1", "Type": "String", "Tags": [{"Key": "a", "Value": "b"}]});
    tagged.fails("PutParameter", with_tags, "AccessDeniedException").await;
}
