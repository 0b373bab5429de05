//! The roles that services have in an account, one for each service (AWS documentation of each service, "Using service-linked
//! roles").

/// A service that has a role of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Linked {
    /// Such as `ecs.amazonaws.com`.
    pub service: &'static str,
    /// The role's name.
    pub role: &'static str,
    /// The name of AWS's policy that it has.
    pub policy: &'static str,
    /// Whether an account may have several, told apart by what stands behind an underscore.
    pub suffixes: bool,
}

const fn one(service: &'static str, role: &'static str, policy: &'static str) -> Linked {
    Linked { service, role, policy, suffixes: false }
}

/// Those that are known.
const LINKED: &[Linked] = &[
    Linked {
        service: "autoscaling.amazonaws.com",
        role: "AWSServiceRoleForAutoScaling",
        policy: "AutoScalingServiceRolePolicy",
        suffixes: true,
    },
    one(
        "apidestinations.events.amazonaws.com",
        "AWSServiceRoleForAmazonEventBridgeApiDestinations",
        "AmazonEventBridgeApiDestinationsServiceRolePolicy",
    ),
    one("batch.amazonaws.com", "AWSServiceRoleForBatch", "BatchServiceRolePolicy"),
    one("cloudtrail.amazonaws.com", "AWSServiceRoleForCloudTrail", "CloudTrailServiceRolePolicy"),
    one(
        "dynamodb.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
        "AWSApplicationAutoscalingDynamoDBTablePolicy",
    ),
    one("ecs.amazonaws.com", "AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"),
    one(
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "AWSApplicationAutoscalingECSServicePolicy",
    ),
    one("eks-connector.amazonaws.com", "AWSServiceRoleForAmazonEKSConnector", "AmazonEKSConnectorServiceRolePolicy"),
    one("eks-fargate.amazonaws.com", "AWSServiceRoleForAmazonEKSForFargate", "AmazonEKSForFargateServiceRolePolicy"),
    one("eks-nodegroup.amazonaws.com", "AWSServiceRoleForAmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    one("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS", "AmazonEKSServiceRolePolicy"),
    one("elasticache.amazonaws.com", "AWSServiceRoleForElastiCache", "ElastiCacheServiceRolePolicy"),
    one("elasticbeanstalk.amazonaws.com", "AWSServiceRoleForElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
    one(
        "elasticloadbalancing.amazonaws.com",
        "AWSServiceRoleForElasticLoadBalancing",
        "AWSElasticLoadBalancingServiceRolePolicy",
    ),
    one("es.amazonaws.com", "AWSServiceRoleForAmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"),
    one(
        "maintenance.elasticbeanstalk.amazonaws.com",
        "AWSServiceRoleForElasticBeanstalkMaintenance",
        "AWSElasticBeanstalkMaintenance",
    ),
    one("opensearchservice.amazonaws.com", "AWSServiceRoleForAmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
    one("ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway", "APIGatewayServiceRolePolicy"),
    one("organizations.amazonaws.com", "AWSServiceRoleForOrganizations", "AWSOrganizationsServiceTrustPolicy"),
    one("pullthroughcache.ecr.amazonaws.com", "AWSServiceRoleForECRPullThroughCache", "AWSECRPullThroughCache_ServiceRolePolicy"),
    one("rds.amazonaws.com", "AWSServiceRoleForRDS", "AmazonRDSServiceRolePolicy"),
    one("replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
    one("replication.ecr.amazonaws.com", "AWSServiceRoleForECRReplication", "ECRReplicationServiceRolePolicy"),
    one("replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator", "AWSLambdaReplicator"),
    one("spot.amazonaws.com", "AWSServiceRoleForEC2Spot", "AWSEC2SpotServiceRolePolicy"),
    one("spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    one("ssm.amazonaws.com", "AWSServiceRoleForAmazonSSM", "AmazonSSMServiceRolePolicy"),
    one("transitgateway.amazonaws.com", "AWSServiceRoleForVPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy"),
];

/// Where the roles of services stand, and their policies.
pub const PATH: &str = "/aws-service-role/";

/// The role of a service.
pub fn of(service: &str) -> Option<&'static Linked> {
    LINKED.iter().find(|linked| linked.service == service)
}

impl Linked {
    /// Where its role stands.
    pub fn path(&self) -> String {
        format!("{PATH}{}/", self.service)
    }

    /// The ARN of its policy.
    pub fn policy_arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{PATH}{}", self.policy)
    }

    /// Nobody but the service may assume the role.
    pub fn trust(&self) -> String {
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [self.service]}}],
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_policy_of_aws_and_a_name_that_a_role_may_have() {
        for linked in LINKED {
            assert!(logic::aws_managed::find(&linked.policy_arn()).is_some(), "{}", linked.policy);
            assert!(linked.role.starts_with("AWSServiceRoleFor") && linked.role.len() <= 64, "{}", linked.role);
            assert_eq!(of(linked.service), Some(linked), "{} is there twice", linked.service);
        }
    }
}
