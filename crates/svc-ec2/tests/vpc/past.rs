//! What is left of EC2's past, and what else is asked seldom.

use super::{
    code,
    common::{call, cloud, ec2, network},
    vpc,
};

#[tokio::test]
async fn all_ids_are_long() {
    let cloud = cloud();
    let all = ec2(&cloud, "DescribeIdFormat", &[]).await;
    assert!(all.all("statusSet/item/resource").contains(&"vpc-endpoint"));
    assert!(all.all("statusSet/item/useLongIds").iter().all(|long| *long == "true"));
    let one = ec2(&cloud, "DescribeIdFormat", &[("Resource", "instance")]).await;
    assert_eq!(one.all("statusSet/item/resource"), ["instance"]);
    assert_eq!(code(&cloud, "DescribeIdFormat", &[("Resource", "unicorn")]).await, "InvalidParameterValue");
}

#[tokio::test]
async fn there_never_was_a_classic_network() {
    let cloud = cloud();
    let (default, _) = network(&cloud).await;
    for (operation, parameter) in [("DescribeVpcClassicLink", "VpcId.1"), ("DescribeVpcClassicLinkDnsSupport", "VpcIds.1")] {
        for parameters in [vec![], vec![(parameter, default.as_str())]] {
            assert_eq!(code(&cloud, operation, &parameters).await, "UnsupportedOperation", "{operation}");
        }
    }
}

#[tokio::test]
async fn the_groups_that_a_vpc_can_use() {
    let cloud = cloud();
    let (default, _) = network(&cloud).await;
    let other = vpc(&cloud, "10.0.0.0/16").await;
    for (name, vpc) in [("web", &default), ("db", &default), ("web", &other)] {
        let parameters = [("GroupName", name), ("GroupDescription", name), ("VpcId", vpc)];
        ec2(&cloud, "CreateSecurityGroup", &parameters).await;
    }
    let found = async |more: &[(&str, &str)]| {
        let answer = ec2(&cloud, "GetSecurityGroupsForVpc", &[&[("VpcId", &*default)], more].concat()).await;
        let mut names: Vec<_> = answer.all("item/groupName").iter().map(|name| (*name).to_owned()).collect();
        assert!(answer.all("item/primaryVpcId").iter().all(|vpc| *vpc == default));
        names.sort_unstable();
        names
    };
    assert_eq!(found(&[]).await, ["db", "default", "web"]);
    assert_eq!(found(&[("Filter.1.Name", "group-name"), ("Filter.1.Value.1", "w*")]).await, ["web"]);
    let page = ec2(&cloud, "GetSecurityGroupsForVpc", &[("VpcId", &default), ("MaxResults", "5")]).await;
    assert_eq!(page.all("item/groupId").len(), 3);
    let nowhere = [("VpcId", "vpc-0123456789abcdef0")];
    assert_eq!(code(&cloud, "GetSecurityGroupsForVpc", &nowhere).await, "InvalidVpcID.NotFound");
}

#[tokio::test]
async fn nothing_lies_in_the_recycle_bin() {
    let cloud = cloud();
    assert!(ec2(&cloud, "ListImagesInRecycleBin", &[]).await.all("imageId").is_empty());
    let dry = call(&cloud, "ec2", "ListImagesInRecycleBin", &[("DryRun", "true")]).await;
    assert_eq!(dry.code(), "DryRunOperation");
}
