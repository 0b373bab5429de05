//! Network ACLs.

use super::{
    code,
    common::{call, cloud, ec2},
    of_vpc, subnet, vpc,
};

#[tokio::test]
async fn entries_are_numbered_in_each_direction() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let acl = ec2(&cloud, "CreateNetworkAcl", &[("VpcId", &id)]).await.one("networkAcl/networkAclId").to_owned();
    let entry = |number: &'static str, egress: &'static str, protocol: &'static str| {
        vec![
            ("NetworkAclId", acl.as_str()),
            ("RuleNumber", number),
            ("Egress", egress),
            ("Protocol", protocol),
            ("RuleAction", "allow"),
            ("CidrBlock", "10.0.0.0/8"),
        ]
    };
    let ports = [("PortRange.From", "80"), ("PortRange.To", "81")];
    let run = async |operation: &str, parameters: Vec<(&str, &str)>| {
        let answer = call(&cloud, "ec2", operation, &parameters).await;
        if answer.status == 200 { String::new() } else { answer.code().to_owned() }
    };
    let tcp = |number, egress| entry(number, egress, "tcp").into_iter().chain(ports).collect::<Vec<_>>();
    assert_eq!(run("CreateNetworkAclEntry", tcp("20", "false")).await, "");
    assert_eq!(run("CreateNetworkAclEntry", tcp("20", "true")).await, "");
    assert_eq!(run("CreateNetworkAclEntry", tcp("20", "true")).await, "NetworkAclEntryAlreadyExists");
    assert_eq!(run("CreateNetworkAclEntry", tcp("32767", "true")).await, "InvalidParameterValue");
    assert_eq!(run("CreateNetworkAclEntry", entry("30", "true", "6")).await, "MissingParameter");
    assert_eq!(run("CreateNetworkAclEntry", entry("10", "true", "-1")).await, "");
    assert_eq!(run("ReplaceNetworkAclEntry", tcp("99", "true")).await, "InvalidNetworkAclEntry.NotFound");
    assert_eq!(run("ReplaceNetworkAclEntry", entry("20", "true", "udp").into_iter().chain(ports).collect()).await, "");
    let shown = ec2(&cloud, "DescribeNetworkAcls", &[("NetworkAclId.1", &acl)]).await;
    assert_eq!(shown.all("entrySet/item/ruleNumber"), ["10", "20", "32767", "20", "32767"]);
    assert_eq!(shown.all("entrySet/item/protocol"), ["-1", "17", "-1", "6", "-1"]);
    let gone = vec![("NetworkAclId", acl.as_str()), ("RuleNumber", "20"), ("Egress", "true")];
    assert_eq!(run("DeleteNetworkAclEntry", gone.clone()).await, "");
    assert_eq!(run("DeleteNetworkAclEntry", gone).await, "InvalidNetworkAclEntry.NotFound");
}

#[tokio::test]
async fn every_subnet_has_one() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let acls = of_vpc(&cloud, "DescribeNetworkAcls", &id).await;
    let default = acls.one("networkAclSet/item/networkAclId").to_owned();
    let association = acls.one("associationSet/item/networkAclAssociationId").to_owned();
    let acl = ec2(&cloud, "CreateNetworkAcl", &[("VpcId", &id)]).await.one("networkAcl/networkAclId").to_owned();
    let moved = [("AssociationId", association.as_str()), ("NetworkAclId", acl.as_str())];
    let new = ec2(&cloud, "ReplaceNetworkAclAssociation", &moved).await.one("newAssociationId").to_owned();
    assert_eq!(code(&cloud, "ReplaceNetworkAclAssociation", &moved).await, "InvalidAssociationID.NotFound");
    assert_eq!(code(&cloud, "DeleteNetworkAcl", &[("NetworkAclId", &acl)]).await, "DependencyViolation");
    assert_eq!(code(&cloud, "DeleteNetworkAcl", &[("NetworkAclId", &default)]).await, "InvalidParameterValue");
    let of_subnet = [("Filter.1.Name", "association.subnet-id"), ("Filter.1.Value.1", home.as_str())];
    assert_eq!(ec2(&cloud, "DescribeNetworkAcls", &of_subnet).await.all("networkAclSet/item/networkAclId"), [acl.as_str()]);
    ec2(&cloud, "ReplaceNetworkAclAssociation", &[("AssociationId", &new), ("NetworkAclId", &default)]).await;
    ec2(&cloud, "DeleteNetworkAcl", &[("NetworkAclId", &acl)]).await;
}
