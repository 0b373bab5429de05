//! Placement groups, through the front.

mod common;

use common::{call, cloud, ec2};

#[tokio::test]
async fn each_strategy_has_its_own_members() {
    let cloud = cloud();
    for (name, more, (strategy, count, level)) in [
        ("close", vec![("Strategy", "cluster")], ("cluster", None, None)),
        ("parts", vec![("Strategy", "partition")], ("partition", Some("2"), None)),
        ("seven", vec![("Strategy", "partition"), ("PartitionCount", "7")], ("partition", Some("7"), None)),
        ("racks", vec![("Strategy", "spread")], ("spread", None, Some("rack"))),
        ("hosts", vec![("Strategy", "spread"), ("SpreadLevel", "host")], ("spread", None, Some("host"))),
    ] {
        let parameters = [vec![("GroupName", name)], more].concat();
        let made = ec2(&cloud, "CreatePlacementGroup", &parameters).await;
        let shown = ec2(&cloud, "DescribePlacementGroups", &[("GroupName.1", name)]).await;
        for (answer, at) in [(&made, "placementGroup"), (&shown, "item")] {
            let first = |member: &str| answer.all(&format!("{at}/{member}")).first().copied();
            assert_eq!(first("strategy"), Some(strategy));
            assert_eq!((first("partitionCount"), first("spreadLevel")), (count, level), "{name}");
            assert_eq!(first("state"), Some("available"));
            let arn = format!("arn:aws:ec2:us-east-1:111122223333:placement-group/{name}");
            assert_eq!(first("groupArn"), Some(arn.as_str()));
        }
    }
}

#[tokio::test]
async fn bad_input_makes_no_group() {
    let cloud = cloud();
    ec2(&cloud, "CreatePlacementGroup", &[("GroupName", "there"), ("Strategy", "cluster")]).await;
    let long = "n".repeat(256);
    for (status, code, parameters) in [
        (400, "InvalidPlacementGroup.Duplicate", vec![("GroupName", "there"), ("Strategy", "spread")]),
        (400, "MissingParameter", vec![("GroupName", "web")]),
        (400, "MissingParameter", vec![("Strategy", "cluster")]),
        (400, "InvalidParameterValue", vec![("GroupName", "web"), ("Strategy", "scatter")]),
        (400, "InvalidParameterValue", vec![("GroupName", &*long), ("Strategy", "cluster")]),
        (400, "InvalidParameterValue", vec![("GroupName", "w\u{e4}b"), ("Strategy", "cluster")]),
        (400, "InvalidParameterValue", vec![("GroupName", "web"), ("Strategy", "partition"), ("PartitionCount", "0")]),
        (400, "InvalidParameterValue", vec![("GroupName", "web"), ("Strategy", "partition"), ("PartitionCount", "8")]),
        (400, "InvalidParameterCombination", vec![("GroupName", "web"), ("Strategy", "cluster"), ("PartitionCount", "2")]),
        (400, "InvalidParameterCombination", vec![("GroupName", "web"), ("Strategy", "cluster"), ("SpreadLevel", "rack")]),
        (501, "NotImplemented", vec![("GroupName", "web"), ("Strategy", "cluster"), ("LinkedGroupId", "pg-1")]),
        (501, "NotImplemented", vec![("GroupName", "web"), ("Strategy", "cluster"), ("ParentGroupId", "pg-1")]),
        (412, "DryRunOperation", vec![("GroupName", "web"), ("Strategy", "cluster"), ("DryRun", "true")]),
    ] {
        let answer = call(&cloud, "ec2", "CreatePlacementGroup", &parameters).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{parameters:?}");
    }
    assert_eq!(ec2(&cloud, "DescribePlacementGroups", &[]).await.all("item/groupName"), ["there"]);
}

#[tokio::test]
async fn groups_are_found_by_what_they_are() {
    let cloud = cloud();
    let tags = [
        ("GroupName", "web"),
        ("Strategy", "spread"),
        ("TagSpecification.1.ResourceType", "placement-group"),
        ("TagSpecification.1.Tag.1.Key", "team"),
        ("TagSpecification.1.Tag.1.Value", "blue"),
    ];
    let made = ec2(&cloud, "CreatePlacementGroup", &tags).await;
    let (id, arn) = (made.one("groupId"), made.one("groupArn"));
    ec2(&cloud, "CreatePlacementGroup", &[("GroupName", "other"), ("Strategy", "cluster")]).await;
    for (name, value) in [
        ("group-name", "w*"),
        ("group-arn", arn),
        ("strategy", "spread"),
        ("spread-level", "rack"),
        ("tag:team", "blue"),
        ("tag-key", "team"),
    ] {
        let found = ec2(&cloud, "DescribePlacementGroups", &[("Filter.1.Name", name), ("Filter.1.Value.1", value)]).await;
        assert_eq!(found.all("item/groupName"), ["web"], "{name}");
    }
    let available = [("Filter.1.Name", "state"), ("Filter.1.Value.1", "available")];
    assert_eq!(ec2(&cloud, "DescribePlacementGroups", &available).await.all("item/groupName").len(), 2);
    assert_eq!(ec2(&cloud, "DescribePlacementGroups", &[("GroupId.1", id)]).await.all("item/groupName"), ["web"]);
    ec2(&cloud, "CreateTags", &[("ResourceId.1", id), ("Tag.1.Key", "team"), ("Tag.1.Value", "red")]).await;
    let shown = ec2(&cloud, "DescribePlacementGroups", &[("GroupId.1", id)]).await;
    assert_eq!(shown.all("tagSet/item/value"), ["red"]);
    for (parameter, value, code) in [
        ("GroupName.1", "nobody", "InvalidPlacementGroup.Unknown"),
        ("GroupId.1", "pg-00000000000000000", "InvalidPlacementGroup.Unknown"),
        ("GroupId.1", "web", "InvalidPlacementGroupId.Malformed"),
    ] {
        assert_eq!(call(&cloud, "ec2", "DescribePlacementGroups", &[(parameter, value)]).await.code(), code);
    }
}

#[tokio::test]
async fn a_group_is_deleted_once() {
    let cloud = cloud();
    ec2(&cloud, "CreatePlacementGroup", &[("GroupName", "web"), ("Strategy", "cluster")]).await;
    let dry = call(&cloud, "ec2", "DeletePlacementGroup", &[("GroupName", "web"), ("DryRun", "true")]).await;
    assert_eq!(dry.code(), "DryRunOperation");
    ec2(&cloud, "DeletePlacementGroup", &[("GroupName", "web")]).await;
    assert!(ec2(&cloud, "DescribePlacementGroups", &[]).await.all("item/groupName").is_empty());
    let again = call(&cloud, "ec2", "DeletePlacementGroup", &[("GroupName", "web")]).await;
    assert_eq!((again.code(), again.message()), ("InvalidPlacementGroup.Unknown", "The Placement Group 'web' is unknown."));
}
