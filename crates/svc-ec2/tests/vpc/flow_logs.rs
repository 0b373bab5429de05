//! Flow logs as records; what hosts count for them is tried where it is written.

use super::{
    code,
    common::{cloud, ec2},
    subnet, vpc,
};

const ROLE: &str = "arn:aws:iam::111122223333:role/flows";

#[tokio::test]
async fn a_flow_log_is_of_one_resource_and_goes_to_one_group() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let asked = |resource: &'static str, group: &'static str| {
        vec![
            ("ResourceType", resource),
            ("TrafficType", "ALL"),
            ("LogGroupName", group),
            ("DeliverLogsPermissionArn", ROLE),
            ("MaxAggregationInterval", "60"),
        ]
    };
    let of = |resource: &'static str, group: &'static str, id: &str| -> Vec<(String, String)> {
        let all = asked(resource, group).into_iter().chain([("ResourceId.1", id)]);
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let run = async |pairs: Vec<(String, String)>| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        super::call(&cloud, "ec2", "CreateFlowLogs", &pairs).await
    };
    let made = run(of("VPC", "flows", &id)).await.one("flowLogIdSet/item").to_owned();
    assert_eq!(run(of("VPC", "flows", &id)).await.code(), "FlowLogAlreadyExists");
    assert_eq!(run(of("Subnet", "flows", &home)).await.status, 200);
    assert_eq!(run(of("VPC", "flows", "vpc-0123456789abcdef0")).await.code(), "InvalidVpcID.NotFound");
    let mut wrong = of("VPC", "more", &id);
    wrong.push(("LogFormat".into(), "${colour}".into()));
    assert_eq!(run(wrong).await.code(), "InvalidParameterValue");
    let mut elsewhere = of("VPC", "more", &id);
    elsewhere.push(("LogDestinationType".into(), "s3".into()));
    assert_eq!(run(elsewhere).await.code(), "NotImplemented");

    let shown = ec2(&cloud, "DescribeFlowLogs", &[("FlowLogId.1", &made)]).await;
    assert_eq!((shown.one("item/resourceId"), shown.one("item/maxAggregationInterval")), (id.as_str(), "60"));
    ec2(&cloud, "DeleteFlowLogs", &[("FlowLogId.1", &made)]).await;
    let again = ec2(&cloud, "DeleteFlowLogs", &[("FlowLogId.1", &made)]).await;
    assert_eq!(again.all("item/error/code"), ["InvalidFlowLogId.NotFound"]);
    assert_eq!(code(&cloud, "DescribeFlowLogs", &[("FlowLogId.1", &made)]).await, "InvalidFlowLogId.NotFound");
}
