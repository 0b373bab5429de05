//! From the ARNs that a call acted on to the resources that an event shows: their CloudFormation types and names.

use model::Arn;

/// The type of a resource by its ARN's service and what its resource begins with.
const TYPES: &[(&str, &str, &str)] = &[
    ("cloudtrail", "trail/", "AWS::CloudTrail::Trail"),
    ("ec2", "instance/", "AWS::EC2::Instance"),
    ("ec2", "internet-gateway/", "AWS::EC2::InternetGateway"),
    ("ec2", "network-interface/", "AWS::EC2::NetworkInterface"),
    ("ec2", "route-table/", "AWS::EC2::RouteTable"),
    ("ec2", "security-group/", "AWS::EC2::SecurityGroup"),
    ("ec2", "subnet/", "AWS::EC2::Subnet"),
    ("ec2", "volume/", "AWS::EC2::Volume"),
    ("ec2", "vpc/", "AWS::EC2::VPC"),
    ("ecr", "repository/", "AWS::ECR::Repository"),
    ("ecs", "cluster/", "AWS::ECS::Cluster"),
    ("ecs", "service/", "AWS::ECS::Service"),
    ("ecs", "task-definition/", "AWS::ECS::TaskDefinition"),
    ("ecs", "task/", "AWS::ECS::Task"),
    ("elasticloadbalancing", "listener-rule/", "AWS::ElasticLoadBalancingV2::ListenerRule"),
    ("elasticloadbalancing", "listener/", "AWS::ElasticLoadBalancingV2::Listener"),
    ("elasticloadbalancing", "loadbalancer/", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing", "targetgroup/", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    ("iam", "group/", "AWS::IAM::Group"),
    ("iam", "instance-profile/", "AWS::IAM::InstanceProfile"),
    ("iam", "oidc-provider/", "AWS::IAM::OIDCProvider"),
    ("iam", "policy/", "AWS::IAM::Policy"),
    ("iam", "role/", "AWS::IAM::Role"),
    ("iam", "user/", "AWS::IAM::User"),
    ("kms", "alias/", "AWS::KMS::Alias"),
    ("kms", "key/", "AWS::KMS::Key"),
    ("logs", "log-group:", "AWS::Logs::LogGroup"),
];

/// The type and the names of the resource of an ARN: what it is called, and the ARN itself. Nothing for a pattern, and for what has no type.
pub(super) fn named(arn: &str) -> Option<(&'static str, [String; 2])> {
    if arn.contains('*') {
        return None;
    }
    let parsed: Arn = arn.parse().ok()?;
    let (_, prefix, kind) =
        TYPES.iter().find(|(service, prefix, _)| *service == parsed.service && parsed.resource.starts_with(prefix))?;
    let name = name(&parsed, prefix);
    Some((kind, [name.to_owned(), arn.to_owned()]))
}

/// IAM's things stand in paths and are known without them; a log group's ARN may go on to a stream.
fn name<'a>(arn: &'a Arn, prefix: &str) -> &'a str {
    let rest = &arn.resource[prefix.len()..];
    match &*arn.service {
        "iam" if prefix != "oidc-provider/" => rest.rsplit('/').next().unwrap_or(rest),
        "logs" => rest.split(':').next().unwrap_or(rest),
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_known_by_type_and_name() {
        let name_of = |arn: &str| named(arn).map(|(kind, [name, _])| format!("{kind} {name}")).unwrap_or_default();
        assert_eq!(name_of("arn:aws:iam::111122223333:user/team/anna"), "AWS::IAM::User anna");
        assert_eq!(name_of("arn:aws:ecr:us-east-1:111122223333:repository/team/web"), "AWS::ECR::Repository team/web");
        assert_eq!(name_of("arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream:one"), "AWS::Logs::LogGroup /app");
        assert_eq!(name_of("arn:aws:iam::111122223333:user/*"), "");
        assert_eq!(name_of("arn:aws:sns:us-east-1:111122223333:topic"), "");
        assert_eq!(name_of("*"), "");
    }
}
