//! SimulateCustomPolicy, SimulatePrincipalPolicy, and the condition keys of policies.

use super::{
    cloud::{Cloud, Xml},
    roles::make,
};

const READ: &str = "{\"Version\":\"2012-10-17\",\n\"Statement\":[\n  {\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"arn:aws:s3:::a/*\"}\n]}";
const DENY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/secret"}]}"#;
const OFFICE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*",
    "Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringLike":{"ec2:InstanceType":"${aws:PrincipalTag/size}.*"}}}]}"#;

fn policy(effect: &str, action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#)
}

async fn simulate(parameters: &[(&str, &str)]) -> Xml {
    Cloud::new().ok("SimulateCustomPolicy", parameters).await
}

#[tokio::test]
async fn each_action_is_tried_on_each_resource() {
    let found = simulate(&[
        ("PolicyInputList.member.1", READ),
        ("PolicyInputList.member.2", DENY),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ActionNames.member.2", "s3:PutObject"),
        ("ResourceArns.member.1", "arn:aws:s3:::a/b"),
        ("ResourceArns.member.2", "arn:aws:s3:::a/secret"),
    ])
    .await;
    assert_eq!(found.all("EvalActionName"), ["s3:GetObject", "s3:GetObject", "s3:PutObject", "s3:PutObject"]);
    assert_eq!(found.all("EvalDecision"), ["allowed", "explicitDeny", "implicitDeny", "implicitDeny"]);
    assert_eq!(found.all("EvalResourceDecision"), found.all("EvalDecision"));
    let allowed = "<member><SourcePolicyId>PolicyInputList.1</SourcePolicyId><SourcePolicyType>none</SourcePolicyType><StartPosition><Line>3</Line><Column>3</Column></StartPosition><EndPosition><Line>3</Line>";
    assert!(found.0.contains(allowed), "{}", found.0);
    assert!(found.0.contains("<SourcePolicyId>PolicyInputList.2</SourcePolicyId>"));
}

#[tokio::test]
async fn results_come_in_pages() {
    let cloud = Cloud::new();
    let actions: Vec<String> = (1..=5).map(|n| format!("ActionNames.member.{n}")).collect();
    let mut parameters: Vec<(&str, &str)> = vec![("PolicyInputList.member.1", READ), ("MaxItems", "3")];
    parameters.extend(actions.iter().map(|name| (name.as_str(), "s3:GetObject")));
    let first = cloud.ok("SimulateCustomPolicy", &parameters).await;
    assert_eq!((first.all("EvalActionName").len(), first.text("IsTruncated")), (3, "true".into()));
    let marker = first.text("Marker");
    parameters.push(("Marker", &marker));
    let rest = cloud.ok("SimulateCustomPolicy", &parameters).await;
    assert_eq!((rest.all("EvalActionName").len(), rest.text("IsTruncated")), (2, "false".into()));
}

#[tokio::test]
async fn a_boundary_bounds_what_is_simulated() {
    for (boundary, decision, by_boundary) in
        [("s3:*", "allowed", "true"), ("ec2:*", "implicitDeny", "false")].map(|(a, d, b)| (policy("Allow", a), d, b))
    {
        let found = simulate(&[
            ("PolicyInputList.member.1", READ),
            ("PermissionsBoundaryPolicyInputList.member.1", &boundary),
            ("ActionNames.member.1", "s3:GetObject"),
            ("ResourceArns.member.1", "arn:aws:s3:::a/b"),
        ])
        .await;
        assert_eq!(
            (found.text("EvalDecision"), found.text("AllowedByPermissionsBoundary")),
            (decision.into(), by_boundary.into())
        );
    }
}

#[tokio::test]
async fn missing_context_is_told_and_given_context_counts() {
    let base = [("PolicyInputList.member.1", OFFICE), ("ActionNames.member.1", "ec2:RunInstances")];
    let found = simulate(&base).await;
    assert_eq!(found.text("EvalDecision"), "implicitDeny");
    assert!(
        found.0.contains("<MissingContextValues><member>aws:PrincipalTag/size</member><member>aws:SourceIp</member><member>ec2:InstanceType</member>"),
        "{}",
        found.0
    );
    let with = |address: &'static str| {
        let entries = [
            ("ContextEntries.member.1.ContextKeyName", "aws:SourceIp"),
            ("ContextEntries.member.1.ContextKeyValues.member.1", address),
            ("ContextEntries.member.1.ContextKeyType", "ip"),
            ("ContextEntries.member.2.ContextKeyName", "ec2:InstanceType"),
            ("ContextEntries.member.2.ContextKeyValues.member.1", "t3.micro"),
            ("ContextEntries.member.2.ContextKeyType", "string"),
            ("ContextEntries.member.3.ContextKeyName", "aws:PrincipalTag/size"),
            ("ContextEntries.member.3.ContextKeyValues.member.1", "t3"),
            ("ContextEntries.member.3.ContextKeyType", "string"),
        ];
        [&base[..], &entries[..]].concat()
    };
    let found = simulate(&with("203.0.113.7")).await;
    assert_eq!((found.text("EvalDecision"), found.text("MissingContextValues")), ("allowed".into(), String::new()));
    assert_eq!(simulate(&with("198.51.100.7")).await.text("EvalDecision"), "implicitDeny");
    Cloud::new().fails("SimulateCustomPolicy", &with("no address"), "InvalidInput").await;
}

#[tokio::test]
async fn the_policy_of_a_resource_counts_for_its_callers() {
    let shared = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/anna"},"Action":"s3:PutObject","Resource":"*"}]}"#;
    let base = [
        ("PolicyInputList.member.1", READ),
        ("ActionNames.member.1", "s3:PutObject"),
        ("ResourceArns.member.1", "arn:aws:s3:::a/b"),
        ("ResourcePolicy", shared),
    ];
    let told = Cloud::new().fails("SimulateCustomPolicy", &base, "InvalidInput").await;
    assert_eq!(told, "CallerArn is required if ResourcePolicy is included.");
    let by = |caller: &'static str, more: &[(&'static str, &'static str)]| [&base[..], &[("CallerArn", caller)], more].concat();
    let anna = "arn:aws:iam::111122223333:user/anna";
    let found = simulate(&by(anna, &[])).await;
    assert_eq!((found.text("EvalDecision"), found.text("SourcePolicyType")), ("allowed".into(), "resource".into()));
    assert_eq!(simulate(&by("arn:aws:iam::111122223333:user/bob", &[])).await.text("EvalDecision"), "implicitDeny");
    let abroad = simulate(&by(anna, &[("ResourceOwner", "arn:aws:iam::999900001111:root")])).await;
    assert_eq!(abroad.text("EvalDecision"), "implicitDeny");
    let details = "<entry><key>IAM Policy</key><value>implicitDeny</value></entry><entry><key>Resource Policy</key><value>allowed</value></entry>";
    assert!(abroad.0.contains(details), "{}", abroad.0);
    for bad in [by("arn:aws:iam::111122223333:role/x", &[]), by(anna, &[("ResourceOwner", "me")])] {
        Cloud::new().fails("SimulateCustomPolicy", &bad, "InvalidInput").await;
    }
}

#[tokio::test]
async fn an_organization_has_to_allow_at_each_level() {
    let (all, ec2) = (policy("Allow", "*"), policy("Allow", "ec2:*"));
    let level = |n: usize| format!("OrderedOrganizationPolicyInputList.member.{n}.ServiceControlPolicyInputList.member.1");
    let (first, second) = (level(1), level(2));
    let base = [
        ("PolicyInputList.member.1", READ),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ResourceArns.member.1", "arn:aws:s3:::a/b"),
    ];
    let found = simulate(&[&base[..], &[(first.as_str(), all.as_str()), (second.as_str(), ec2.as_str())]].concat()).await;
    assert_eq!((found.text("EvalDecision"), found.text("AllowedByOrganizations")), ("implicitDeny".into(), "false".into()));
    let found = simulate(&[&base[..], &[(first.as_str(), all.as_str())]].concat()).await;
    assert_eq!((found.text("EvalDecision"), found.text("AllowedByOrganizations")), ("allowed".into(), "true".into()));
}

#[tokio::test]
async fn a_principal_is_simulated_with_all_that_it_has() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    cloud.ok("AddUserToGroup", &[("UserName", "anna"), ("GroupName", "devs")]).await;
    cloud.ok("PutGroupPolicy", &[("GroupName", "devs"), ("PolicyName", "read"), ("PolicyDocument", READ)]).await;
    let reader = ("PolicyArn", "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess");
    cloud.ok("AttachUserPolicy", &[("UserName", "anna"), reader]).await;
    let anna = ("PolicySourceArn", "arn:aws:iam::111122223333:user/anna");
    let action = |name: &'static str| ("ActionNames.member.1", name);
    let object = ("ResourceArns.member.1", "arn:aws:s3:::a/b");
    let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("s3:GetObject"), object]).await;
    assert_eq!(
        (found.text("EvalDecision"), found.text("SourcePolicyId"), found.text("SourcePolicyType")),
        ("allowed".into(), "group_devs_read".into(), "group".into())
    );
    let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("ec2:DescribeVpcs")]).await;
    assert_eq!((found.text("EvalDecision"), found.text("SourcePolicyType")), ("allowed".into(), "aws-managed".into()));
    for excluded in
        [("PolicyExclusionList.member.1.PolicyType", "aws-managed"), ("PolicyExclusionList.member.1.PolicyArn", reader.1)]
    {
        let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("ec2:DescribeVpcs"), excluded]).await;
        assert_eq!(found.text("EvalDecision"), "implicitDeny");
        let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("s3:GetObject"), object, excluded]).await;
        assert_eq!(found.text("EvalDecision"), "allowed");
    }
    let inline = ("PolicyExclusionList.member.1.PolicyType", "inline");
    let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("s3:GetObject"), object, inline]).await;
    assert_eq!(found.text("EvalDecision"), "implicitDeny");
    let more = ("PolicyInputList.member.1", DENY);
    let secret = ("ResourceArns.member.1", "arn:aws:s3:::a/secret");
    let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("s3:GetObject"), secret, more]).await;
    assert_eq!(found.text("EvalDecision"), "explicitDeny");

    cloud.ok("PutUserPermissionsBoundary", &[("UserName", "anna"), ("PermissionsBoundary", reader.1)]).await;
    let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("s3:GetObject"), object]).await;
    assert_eq!((found.text("EvalDecision"), found.text("AllowedByPermissionsBoundary")), ("implicitDeny".into(), "false".into()));
    let all = policy("Allow", "*");
    let other = ("PermissionsBoundaryPolicyInputList.member.1", all.as_str());
    let found = cloud.ok("SimulatePrincipalPolicy", &[anna, action("s3:GetObject"), object, other]).await;
    assert_eq!(found.text("EvalDecision"), "allowed");

    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;
    let role = ("PolicySourceArn", "arn:aws:iam::111122223333:role/web");
    make(&cloud, "web").await;
    cloud.ok("PutRolePolicy", &[("RoleName", "web"), ("PolicyName", "own"), ("PolicyDocument", own)]).await;
    let herself = ("ResourceArns.member.1", anna.1);
    let found = cloud.ok("SimulatePrincipalPolicy", &[role, action("iam:GetUser"), herself]).await;
    assert_eq!(found.text("EvalDecision"), "implicitDeny");
    let found = cloud.ok("SimulatePrincipalPolicy", &[role, action("iam:GetUser"), herself, ("CallerArn", anna.1)]).await;
    assert_eq!(found.text("EvalDecision"), "allowed");
}

#[tokio::test]
async fn what_can_not_be_simulated_is_refused() {
    let cloud = Cloud::new();
    let action = ("ActionNames.member.1", "s3:GetObject");
    for (parameters, code) in [
        (vec![("PolicyInputList.member.1", "{}"), action], "InvalidInput"),
        (vec![("PolicyInputList.member.1", READ), ("ActionNames.member.1", "s3:*")], "InvalidInput"),
        (vec![("PolicyInputList.member.1", READ), ("ActionNames.member.1", "GetObject")], "InvalidInput"),
        (vec![("PolicyInputList.member.1", READ)], "ValidationError"),
        (vec![("PolicyInputList.member.1", READ), action, ("ResourceArns.member.1", "a/b")], "InvalidInput"),
        (vec![("PolicyInputList.member.1", READ), action, ("ResourceHandlingOption", "EC2-VPC-EBS")], "NotImplemented"),
    ] {
        cloud.fails("SimulateCustomPolicy", &parameters, code).await;
    }
    for (arn, code) in [
        ("arn:aws:iam::111122223333:user/nobody", "NoSuchEntity"),
        ("arn:aws:iam::111122223333:root", "InvalidInput"),
        ("arn:aws:iam::111122223333:policy/x", "InvalidInput"),
    ] {
        cloud.fails("SimulatePrincipalPolicy", &[("PolicySourceArn", arn), action], code).await;
        cloud.fails("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", arn)], code).await;
    }
}

#[tokio::test]
async fn condition_keys_of_policies_are_found() {
    let cloud = Cloud::with_user("anna").await;
    let keys = ["aws:PrincipalTag/size", "aws:SourceIp", "ec2:InstanceType"];
    let found = cloud.ok("GetContextKeysForCustomPolicy", &[("PolicyInputList.member.1", OFFICE)]).await;
    assert_eq!(found.all("member"), keys);
    cloud.ok("PutUserPolicy", &[("UserName", "anna"), ("PolicyName", "a"), ("PolicyDocument", OFFICE)]).await;
    let anna = ("PolicySourceArn", "arn:aws:iam::111122223333:user/anna");
    let more = OFFICE.replace("aws:SourceIp", "AWS:SOURCEIP").replace("ec2:InstanceType", "ec2:Tenancy");
    let found = cloud.ok("GetContextKeysForPrincipalPolicy", &[anna, ("PolicyInputList.member.1", &more)]).await;
    assert_eq!(found.all("member").len(), 4);
    cloud.fails("GetContextKeysForCustomPolicy", &[("PolicyInputList.member.1", "[]")], "InvalidInput").await;
}
