//! The catalogue itself: name, path, number of the version in force, when the policy and that version were made (in seconds since
//! 1970), and what it is for.

use super::{AwsManagedPolicy, Timestamp};

macro_rules! catalogue {
    ($($name:literal at $path:literal v $version:literal, $created:literal, $updated:literal, $description:literal;)+) => {
        /// All of them, by name.
        pub static ALL: &[AwsManagedPolicy] = &[$(AwsManagedPolicy {
            name: $name,
            path: $path,
            description: $description,
            version: $version,
            created_at: Timestamp($created * 1000),
            updated_at: Timestamp($updated * 1000),
            document: include_str!(concat!($name, ".json")),
        }),+];
    };
}

catalogue! {
    "APIGatewayServiceRolePolicy" at "/aws-service-role/" v 9, 1508520190, 1626128680,
        "Lets API Gateway manage the resources of other services on behalf of an account.";
    "AWSAppRunnerServicePolicyForECRAccess" at "/service-role/" v 1, 1621019841, 1621019841,
        "Lets App Runner pull images from ECR.";
    "AWSApplicationAutoscalingDynamoDBTablePolicy" at "/aws-service-role/" v 1, 1508535297, 1508535297,
        "Lets Application Auto Scaling scale DynamoDB tables and work with CloudWatch.";
    "AWSApplicationAutoscalingECSServicePolicy" at "/aws-service-role/" v 2, 1508975588, 1729800350,
        "Lets Application Auto Scaling scale ECS services and work with CloudWatch.";
    "AWSBackupFullAccess" at "/" v 30, 1574115712, 1770919366,
        "Provides full access to AWS Backup.";
    "AWSBackupServiceRolePolicyForBackup" at "/service-role/" v 30, 1547154088, 1771875731,
        "Lets AWS Backup back up resources.";
    "AWSBackupServiceRolePolicyForRestores" at "/service-role/" v 35, 1547252634, 1770919050,
        "Lets AWS Backup restore resources.";
    "AWSBatchFullAccess" at "/" v 7, 1481052942, 1666627749,
        "Provides full access to AWS Batch.";
    "AWSBatchServiceEventTargetRole" at "/service-role/" v 1, 1519857073, 1519857073,
        "Lets EventBridge submit AWS Batch jobs.";
    "AWSBatchServiceRole" at "/service-role/" v 13, 1481052984, 1701802184,
        "Lets AWS Batch work with EC2, Auto Scaling, ECS and CloudWatch Logs.";
    "AWSCertificateManagerFullAccess" at "/" v 2, 1453395756, 1597702708,
        "Provides full access to AWS Certificate Manager.";
    "AWSCertificateManagerReadOnly" at "/" v 5, 1453396053, 1774983442,
        "Provides read-only access to AWS Certificate Manager.";
    "AWSCloudFormationFullAccess" at "/" v 1, 1564177835, 1564177835,
        "Provides full access to AWS CloudFormation.";
    "AWSCloudFormationReadOnlyAccess" at "/" v 7, 1423247989, 1770919320,
        "Provides read-only access to AWS CloudFormation.";
    "AWSCloudTrail_FullAccess" at "/" v 3, 1602200475, 1614020460,
        "Provides full access to AWS CloudTrail.";
    "AWSCloudTrail_ReadOnlyAccess" at "/" v 1, 1655227145, 1655227145,
        "Provides read-only access to AWS CloudTrail.";
    "AWSCodeBuildAdminAccess" at "/" v 20, 1480619084, 1770919311,
        "Provides full access to AWS CodeBuild.";
    "AWSCodeBuildDeveloperAccess" at "/" v 21, 1480618952, 1770919294,
        "Provides access to AWS CodeBuild, but for administering projects.";
    "AWSCodeDeployRole" at "/service-role/" v 11, 1430762737, 1692218338,
        "Lets AWS CodeDeploy read tags and work with Auto Scaling.";
    "AWSCodeDeployRoleForECS" at "/" v 3, 1543351257, 1569278266,
        "Lets AWS CodeDeploy run blue/green deployments of ECS services.";
    "AWSCodeDeployRoleForLambda" at "/service-role/" v 3, 1511877944, 1575402790,
        "Lets AWS CodeDeploy shift traffic between versions of Lambda functions.";
    "AWSCodeDeployRoleForLambdaLimited" at "/service-role/" v 1, 1597684454, 1597684454,
        "Lets AWS CodeDeploy shift traffic between versions of Lambda functions, without reading objects of S3.";
    "AWSCodePipeline_FullAccess" at "/" v 3, 1596494308, 1710435983,
        "Provides full access to AWS CodePipeline.";
    "AWSEC2SpotFleetServiceRolePolicy" at "/aws-service-role/" v 4, 1508785986, 1584386181,
        "Lets EC2 Spot Fleet manage Spot Fleet instances.";
    "AWSEC2SpotServiceRolePolicy" at "/aws-service-role/" v 4, 1505760714, 1544573631,
        "Lets EC2 Spot launch and manage Spot Instances.";
    "AWSECRPullThroughCache_ServiceRolePolicy" at "/aws-service-role/" v 3, 1637963469, 1741296127,
        "Lets ECR pull images through its cache.";
    "AWSElasticBeanstalkEnhancedHealth" at "/service-role/" v 4, 1454973447, 1523311973,
        "Lets Elastic Beanstalk watch the health of environments.";
    "AWSElasticBeanstalkMaintenance" at "/aws-service-role/" v 3, 1547248972, 1714427284,
        "Lets Elastic Beanstalk update environments in maintenance windows.";
    "AWSElasticBeanstalkMulticontainerDocker" at "/" v 5, 1454973329, 1777490831,
        "Lets instances of a multicontainer Docker environment use ECS.";
    "AWSElasticBeanstalkService" at "/service-role/" v 17, 1460406443, 1683746974,
        "Lets Elastic Beanstalk manage environments.";
    "AWSElasticBeanstalkServiceRolePolicy" at "/aws-service-role/" v 6, 1505346397, 1559858391,
        "Lets Elastic Beanstalk call other services for an account.";
    "AWSElasticBeanstalkWebTier" at "/" v 9, 1454972934, 1777490836,
        "Lets instances of a web server environment upload logs and debugging information.";
    "AWSElasticBeanstalkWorkerTier" at "/" v 8, 1454973122, 1777490826,
        "Lets instances of a worker environment upload logs, publish metrics and read their queue.";
    "AWSElasticLoadBalancingServiceRolePolicy" at "/aws-service-role/" v 14, 1505859544, 1770919088,
        "Lets Elastic Load Balancing call other services for an account.";
    "AWSGlueServiceRole" at "/service-role/" v 5, 1502717841, 1694450387,
        "Lets AWS Glue work with S3, EC2 and CloudWatch.";
    "AWSKeyManagementServicePowerUser" at "/" v 2, 1423248040, 1488848111,
        "Provides access to AWS Key Management Service, but for administering keys.";
    "AWSLambdaBasicExecutionRole" at "/service-role/" v 1, 1428591823, 1428591823,
        "Lets a Lambda function write logs.";
    "AWSLambdaDynamoDBExecutionRole" at "/service-role/" v 1, 1428592169, 1428592169,
        "Lets a Lambda function read DynamoDB streams and write logs.";
    "AWSLambdaENIManagementAccess" at "/service-role/" v 2, 1480984647, 1601582846,
        "Lets a Lambda function manage the network interfaces by which it is in a VPC.";
    "AWSLambdaExecute" at "/" v 1, 1423248046, 1423248046,
        "Lets a function put and get objects of S3 and write logs.";
    "AWSLambdaInvocation-DynamoDB" at "/" v 1, 1423248047, 1423248047,
        "Lets whoever reads DynamoDB streams invoke Lambda functions.";
    "AWSLambdaKinesisExecutionRole" at "/service-role/" v 2, 1428592456, 1542658164,
        "Lets a Lambda function read Kinesis streams and write logs.";
    "AWSLambdaMSKExecutionRole" at "/service-role/" v 2, 1597167305, 1659470882,
        "Lets a Lambda function read topics of Amazon MSK and write logs.";
    "AWSLambdaReplicator" at "/aws-service-role/" v 3, 1495561983, 1512692274,
        "Lets Lambda replicate functions to regions for Lambda@Edge.";
    "AWSLambdaRole" at "/service-role/" v 1, 1423248088, 1423248088,
        "Lets a service invoke Lambda functions.";
    "AWSLambdaSQSQueueExecutionRole" at "/service-role/" v 1, 1529013045, 1529013045,
        "Lets a Lambda function receive and delete messages of SQS queues and write logs.";
    "AWSLambdaVPCAccessExecutionRole" at "/service-role/" v 3, 1455232526, 1704494306,
        "Lets a Lambda function manage network interfaces in a VPC and write logs.";
    "AWSLambda_FullAccess" at "/" v 7, 1605647648, 1770919251,
        "Provides full access to AWS Lambda and to features of other services that it needs.";
    "AWSLambda_ReadOnlyAccess" at "/" v 5, 1605647432, 1770919375,
        "Provides read-only access to AWS Lambda and to features of other services that it needs.";
    "AWSOrganizationsFullAccess" at "/" v 9, 1541536317, 1770919147,
        "Provides full access to AWS Organizations.";
    "AWSOrganizationsReadOnlyAccess" at "/" v 6, 1541536358, 1717795936,
        "Provides read-only access to AWS Organizations.";
    "AWSOrganizationsServiceTrustPolicy" at "/aws-service-role/" v 3, 1507676647, 1772737929,
        "Lets AWS Organizations share trust with other services.";
    "AWSServiceRoleForAmazonEKSNodegroup" at "/aws-service-role/" v 11, 1573090466, 1771353727,
        "Lets EKS manage the nodes of an account's node groups.";
    "AWSStepFunctionsConsoleFullAccess" at "/" v 2, 1484171671, 1484180374,
        "Provides access to AWS Step Functions by the console.";
    "AWSStepFunctionsFullAccess" at "/" v 1, 1484171492, 1484171492,
        "Provides full access to AWS Step Functions.";
    "AWSStepFunctionsReadOnlyAccess" at "/" v 4, 1484171179, 1714157634,
        "Provides read-only access to AWS Step Functions.";
    "AWSSupportAccess" at "/" v 4, 1423248071, 1770919171,
        "Provides access to the support center.";
    "AWSVPCTransitGatewayServiceRolePolicy" at "/aws-service-role/" v 2, 1543249277, 1618504304,
        "Lets transit gateways manage the network interfaces of their attachments.";
    "AWSXRayDaemonWriteAccess" at "/" v 2, 1535497233, 1707861510,
        "Lets the X-Ray daemon send segments and read sampling rules.";
    "AWSXrayFullAccess" at "/" v 2, 1480617055, 1712855256,
        "Provides full access to AWS X-Ray.";
    "AWSXrayReadOnlyAccess" at "/" v 8, 1480616822, 1707870902,
        "Provides read-only access to AWS X-Ray.";
    "AWSXrayWriteOnlyAccess" at "/" v 2, 1480616393, 1535497384,
        "Lets workloads send segments to AWS X-Ray and read sampling rules.";
    "AdministratorAccess" at "/" v 1, 1423247986, 1423247986,
        "Provides full access to AWS services and resources.";
    "AdministratorAccess-AWSElasticBeanstalk" at "/" v 9, 1611344214, 1770919237,
        "Provides full access to Elastic Beanstalk and to the services that its environments use.";
    "AlexaForBusinessFullAccess" at "/" v 5, 1512060429, 1593637315,
        "Provides full access to Alexa for Business.";
    "AmazonAPIGatewayAdministrator" at "/" v 1, 1436463285, 1436463285,
        "Provides full access to create, edit and delete APIs in API Gateway.";
    "AmazonAPIGatewayInvokeFullAccess" at "/" v 2, 1436463372, 1545157510,
        "Provides full access to invoke APIs in API Gateway.";
    "AmazonAPIGatewayPushToCloudWatchLogs" at "/service-role/" v 1, 1447285306, 1447285306,
        "Lets API Gateway write logs to an account's CloudWatch Logs.";
    "AmazonAthenaFullAccess" at "/" v 15, 1480524361, 1770919389,
        "Provides full access to Amazon Athena, and to what its queries read.";
    "AmazonCognitoPowerUser" at "/" v 9, 1427217296, 1770919209,
        "Provides access to the administration of Amazon Cognito.";
    "AmazonCognitoReadOnly" at "/" v 4, 1427216806, 1564687264,
        "Provides read-only access to Amazon Cognito.";
    "AmazonDynamoDBFullAccess" at "/" v 15, 1423248011, 1611941910,
        "Provides full access to DynamoDB.";
    "AmazonDynamoDBReadOnlyAccess" at "/" v 15, 1423248012, 1731951495,
        "Provides read-only access to DynamoDB.";
    "AmazonEBSCSIDriverPolicy" at "/service-role/" v 14, 1649093069, 1770919361,
        "Lets the CSI driver of EBS manage volumes and snapshots.";
    "AmazonEC2ContainerRegistryFullAccess" at "/" v 3, 1450717608, 1607126659,
        "Provides administrative access to ECR.";
    "AmazonEC2ContainerRegistryPowerUser" at "/" v 3, 1450717533, 1576010888,
        "Provides access to ECR, but for deleting repositories and changing their policies.";
    "AmazonEC2ContainerRegistryPullOnly" at "/" v 1, 1728061129, 1728061129,
        "Provides access to pull images from ECR.";
    "AmazonEC2ContainerRegistryReadOnly" at "/" v 3, 1450717455, 1576011392,
        "Provides read-only access to ECR.";
    "AmazonEC2ContainerServiceAutoscaleRole" at "/service-role/" v 2, 1463095544, 1517858115,
        "Lets Application Auto Scaling scale ECS services.";
    "AmazonEC2ContainerServiceEventsRole" at "/service-role/" v 3, 1496163095, 1678141512,
        "Lets EventBridge run ECS tasks.";
    "AmazonEC2ContainerServiceRole" at "/service-role/" v 2, 1428596059, 1470920881,
        "Lets ECS register and deregister instances with load balancers.";
    "AmazonEC2ContainerServiceforEC2Role" at "/service-role/" v 10, 1426790718, 1770919192,
        "Lets container instances register with ECS, pull images and write logs.";
    "AmazonEC2FullAccess" at "/" v 5, 1423248015, 1543285016,
        "Provides full access to EC2.";
    "AmazonEC2ReadOnlyAccess" at "/" v 5, 1423248017, 1770919397,
        "Provides read-only access to EC2.";
    "AmazonEC2RoleforAWSCodeDeploy" at "/service-role/" v 2, 1432059014, 1490030050,
        "Lets an instance fetch revisions of AWS CodeDeploy from S3.";
    "AmazonEC2RoleforSSM" at "/service-role/" v 8, 1432921715, 1548357651,
        "Lets instances be managed by Systems Manager; superseded by AmazonSSMManagedInstanceCore.";
    "AmazonEC2SpotFleetAutoscaleRole" at "/service-role/" v 3, 1471631242, 1550517423,
        "Lets Application Auto Scaling scale fleets of Spot Instances.";
    "AmazonEC2SpotFleetTaggingRole" at "/service-role/" v 5, 1498760369, 1587670249,
        "Lets EC2 Spot Fleet request, terminate and tag instances.";
    "AmazonECSInfrastructureRolePolicyForLoadBalancers" at "/" v 6, 1752770227, 1770919265,
        "Lets ECS manage the load balancers of an account's services.";
    "AmazonECSInfrastructureRolePolicyForVolumes" at "/service-role/" v 5, 1704927401, 1770919354,
        "Lets ECS manage the EBS volumes of an account's tasks.";
    "AmazonECSInfrastructureRolePolicyForVpcLattice" at "/" v 1, 1731700975, 1731700975,
        "Lets ECS manage the VPC Lattice targets of an account's services.";
    "AmazonECSServiceRolePolicy" at "/aws-service-role/" v 24, 1507943938, 1776899529,
        "Lets ECS manage an account's clusters.";
    "AmazonECSTaskExecutionRolePolicy" at "/service-role/" v 1, 1510858102, 1510858102,
        "Lets ECS pull images and write logs for tasks.";
    "AmazonECS_FullAccess" at "/" v 21, 1510090614, 1723577977,
        "Provides administrative access to ECS and to features of other services that it needs.";
    "AmazonEFSCSIDriverPolicy" at "/service-role/" v 1, 1690315804, 1690315804,
        "Lets the EFS CSI driver of a Kubernetes cluster manage access points.";
    "AmazonEKSBlockStoragePolicy" at "/" v 1, 1730319493, 1730319493,
        "Lets an EKS cluster manage volumes.";
    "AmazonEKSClusterPolicy" at "/" v 10, 1527455174, 1770919095,
        "Lets Kubernetes manage resources for a cluster.";
    "AmazonEKSComputePolicy" at "/" v 6, 1730497612, 1776461227,
        "Lets an EKS cluster manage its nodes.";
    "AmazonEKSConnectorServiceRolePolicy" at "/aws-service-role/" v 2, 1630787468, 1760567647,
        "Lets EKS connect clusters from elsewhere.";
    "AmazonEKSFargatePodExecutionRolePolicy" at "/" v 1, 1574397269, 1574397269,
        "Lets EKS pods on Fargate pull images from ECR.";
    "AmazonEKSForFargateServiceRolePolicy" at "/aws-service-role/" v 1, 1574397385, 1574397385,
        "Lets EKS run pods on Fargate.";
    "AmazonEKSLoadBalancingPolicy" at "/" v 7, 1730319486, 1777327930,
        "Lets an EKS cluster manage load balancers.";
    "AmazonEKSNetworkingPolicy" at "/" v 2, 1730154873, 1771614729,
        "Lets an EKS cluster manage its network.";
    "AmazonEKSServicePolicy" at "/" v 7, 1527455301, 1728940360,
        "Lets EKS create and manage the resources that clusters need.";
    "AmazonEKSServiceRolePolicy" at "/aws-service-role/" v 25, 1582315847, 1776812228,
        "Lets EKS manage an account's clusters.";
    "AmazonEKSVPCResourceController" at "/" v 1, 1597193734, 1597193734,
        "Lets the VPC resource controller manage the network interfaces and addresses of worker nodes.";
    "AmazonEKSWorkerNodeMinimalPolicy" at "/" v 1, 1727899431, 1727899431,
        "Lets worker nodes connect to EKS clusters, with no more than they need.";
    "AmazonEKSWorkerNodePolicy" at "/" v 3, 1527455341, 1701043573,
        "Lets worker nodes connect to EKS clusters.";
    "AmazonEKS_CNI_Policy" at "/" v 6, 1527455262, 1772651534,
        "Lets the VPC CNI plugin manage the addresses of worker nodes.";
    "AmazonElastiCacheFullAccess" at "/" v 3, 1423248020, 1701143396,
        "Provides full access to ElastiCache.";
    "AmazonElastiCacheReadOnlyAccess" at "/" v 1, 1423248021, 1423248021,
        "Provides read-only access to Amazon ElastiCache.";
    "AmazonElasticContainerRegistryPublicFullAccess" at "/" v 1, 1606843552, 1606843552,
        "Provides administrative access to ECR Public.";
    "AmazonElasticContainerRegistryPublicPowerUser" at "/" v 1, 1606839414, 1606839414,
        "Provides access to ECR Public, but for deleting repositories and changing their policies.";
    "AmazonElasticContainerRegistryPublicReadOnly" at "/" v 1, 1606843624, 1606843624,
        "Provides read-only access to ECR Public.";
    "AmazonElasticFileSystemClientFullAccess" at "/" v 1, 1578932820, 1578932820,
        "Lets clients mount Amazon EFS as root, to read and write.";
    "AmazonElasticFileSystemClientReadOnlyAccess" at "/" v 1, 1578932676, 1578932676,
        "Lets clients mount Amazon EFS to read.";
    "AmazonElasticFileSystemClientReadWriteAccess" at "/" v 1, 1578932515, 1578932515,
        "Lets clients mount Amazon EFS to read and write.";
    "AmazonElasticFileSystemFullAccess" at "/" v 10, 1432743748, 1731008060,
        "Provides full access to EFS.";
    "AmazonElasticFileSystemReadOnlyAccess" at "/" v 9, 1432743925, 1731008396,
        "Provides read-only access to Amazon EFS.";
    "AmazonElasticMapReduceforEC2Role" at "/service-role/" v 3, 1423248081, 1502495850,
        "Lets instances of an EMR cluster work with other services.";
    "AmazonElasticsearchServiceRolePolicy" at "/aws-service-role/" v 7, 1499386531, 1698044311,
        "Lets Elasticsearch Service call EC2 and other services for an account.";
    "AmazonEventBridgeApiDestinationsServiceRolePolicy" at "/aws-service-role/" v 7, 1613076725, 1770919103,
        "Lets EventBridge read the secrets of connections.";
    "AmazonEventBridgeFullAccess" at "/" v 7, 1562854135, 1770919105,
        "Provides full access to EventBridge.";
    "AmazonEventBridgeReadOnlyAccess" at "/" v 6, 1562853547, 1669914168,
        "Provides read-only access to EventBridge.";
    "AmazonEventBridgeSchedulerFullAccess" at "/" v 4, 1668105445, 1770919395,
        "Provides full access to EventBridge Scheduler.";
    "AmazonEventBridgeSchedulerReadOnlyAccess" at "/" v 5, 1668106212, 1775152640,
        "Provides read-only access to EventBridge Scheduler.";
    "AmazonKinesisFirehoseFullAccess" at "/" v 1, 1444243526, 1444243526,
        "Provides full access to delivery streams of Amazon Data Firehose.";
    "AmazonKinesisFirehoseReadOnlyAccess" at "/" v 1, 1444243419, 1444243419,
        "Provides read-only access to delivery streams of Amazon Data Firehose.";
    "AmazonKinesisFullAccess" at "/" v 1, 1423248029, 1423248029,
        "Provides full access to all Kinesis streams.";
    "AmazonKinesisReadOnlyAccess" at "/" v 1, 1423248030, 1423248030,
        "Provides read-only access to streams of Amazon Kinesis.";
    "AmazonOpenSearchServiceRolePolicy" at "/aws-service-role/" v 9, 1629970029, 1743115926,
        "Lets OpenSearch Service call EC2 and other services for an account.";
    "AmazonPrometheusRemoteWriteAccess" at "/" v 1, 1608339872, 1608339872,
        "Lets metrics be written to workspaces of Amazon Managed Service for Prometheus.";
    "AmazonRDSDataFullAccess" at "/" v 3, 1542749376, 1574287126,
        "Provides full access to the Data API of Amazon RDS.";
    "AmazonRDSEnhancedMonitoringRole" at "/service-role/" v 1, 1447271909, 1447271909,
        "Lets RDS write enhanced monitoring to CloudWatch Logs.";
    "AmazonRDSFullAccess" at "/" v 14, 1423248052, 1692313217,
        "Provides full access to RDS.";
    "AmazonRDSReadOnlyAccess" at "/" v 7, 1423248053, 1681475529,
        "Provides read-only access to RDS.";
    "AmazonRDSServiceRolePolicy" at "/aws-service-role/" v 14, 1515435466, 1719873725,
        "Lets RDS manage resources for an account.";
    "AmazonRoute53FullAccess" at "/" v 7, 1423248054, 1770919240,
        "Provides full access to Route 53.";
    "AmazonRoute53ReadOnlyAccess" at "/" v 2, 1423248055, 1479244516,
        "Provides read-only access to Amazon Route 53.";
    "AmazonS3FullAccess" at "/" v 2, 1423248058, 1632773797,
        "Provides full access to all buckets.";
    "AmazonS3ObjectLambdaExecutionRolePolicy" at "/service-role/" v 1, 1629281261, 1629281261,
        "Lets a Lambda function answer S3 Object Lambda and write logs.";
    "AmazonS3ReadOnlyAccess" at "/" v 3, 1423248059, 1691703099,
        "Provides read-only access to all buckets.";
    "AmazonSESFullAccess" at "/" v 1, 1423248062, 1423248062,
        "Provides full access to Amazon SES.";
    "AmazonSNSFullAccess" at "/" v 2, 1423248065, 1727217125,
        "Provides full access to SNS.";
    "AmazonSNSReadOnlyAccess" at "/" v 2, 1423248066, 1727215992,
        "Provides read-only access to SNS.";
    "AmazonSQSFullAccess" at "/" v 1, 1423248067, 1423248067,
        "Provides full access to SQS.";
    "AmazonSQSReadOnlyAccess" at "/" v 4, 1423248068, 1716574604,
        "Provides read-only access to SQS.";
    "AmazonSSMAutomationRole" at "/service-role/" v 9, 1480975795, 1774028534,
        "Lets Systems Manager Automation run the steps of its documents.";
    "AmazonSSMDirectoryServiceAccess" at "/" v 1, 1552671878, 1552671878,
        "Lets the agent of Systems Manager join instances to a directory.";
    "AmazonSSMFullAccess" at "/" v 4, 1432921187, 1574280536,
        "Provides full access to Systems Manager.";
    "AmazonSSMMaintenanceWindowRole" at "/service-role/" v 3, 1480607874, 1564186565,
        "Lets maintenance windows of Systems Manager run their tasks.";
    "AmazonSSMManagedEC2InstanceDefaultPolicy" at "/" v 2, 1661892867, 1721153647,
        "Lets Systems Manager manage instances that have no profile of their own.";
    "AmazonSSMManagedInstanceCore" at "/" v 2, 1552670532, 1558630461,
        "Lets an instance use the core of Systems Manager.";
    "AmazonSSMPatchAssociation" at "/" v 1, 1589385642, 1589385642,
        "Lets instances read baselines and associations of patches.";
    "AmazonSSMReadOnlyAccess" at "/" v 1, 1432921459, 1432921459,
        "Provides read-only access to Systems Manager.";
    "AmazonSSMServiceRolePolicy" at "/aws-service-role/" v 16, 1510600808, 1752600128,
        "Provides access to what Systems Manager manages or uses.";
    "AmazonVPCFullAccess" at "/" v 13, 1423248076, 1770919244,
        "Provides full access to VPC.";
    "AmazonVPCReadOnlyAccess" at "/" v 12, 1423248077, 1770919099,
        "Provides read-only access to VPC.";
    "AutoScalingFullAccess" at "/" v 2, 1484249518, 1517954353,
        "Provides full access to Auto Scaling.";
    "AutoScalingReadOnlyAccess" at "/" v 1, 1484249975, 1484249975,
        "Provides read-only access to Auto Scaling.";
    "AutoScalingServiceRolePolicy" at "/aws-service-role/" v 10, 1515453055, 1762971546,
        "Lets Auto Scaling manage instances and what belongs to them.";
    "BatchServiceRolePolicy" at "/aws-service-role/" v 7, 1615359336, 1701816760,
        "Lets AWS Batch manage compute environments for an account.";
    "Billing" at "/job-function/" v 28, 1478799198, 1775668338,
        "Grants permissions for billing and cost management.";
    "CloudFrontFullAccess" at "/" v 14, 1423247990, 1770919185,
        "Provides full access to Amazon CloudFront.";
    "CloudFrontReadOnlyAccess" at "/" v 12, 1423247995, 1770919146,
        "Provides read-only access to Amazon CloudFront.";
    "CloudTrailServiceRolePolicy" at "/aws-service-role/" v 3, 1540416104, 1701047890,
        "Lets CloudTrail manage the trails of an organization.";
    "CloudWatchAgentAdminPolicy" at "/" v 2, 1520383951, 1707166797,
        "Lets the CloudWatch agent publish metrics and write logs, and store its configuration.";
    "CloudWatchAgentServerPolicy" at "/" v 3, 1520384804, 1707237457,
        "Lets the CloudWatch agent on servers publish metrics and logs.";
    "CloudWatchEventsFullAccess" at "/" v 5, 1452796628, 1770919232,
        "Provides full access to CloudWatch Events.";
    "CloudWatchFullAccess" at "/" v 4, 1423248000, 1669555429,
        "Provides full access to CloudWatch; superseded by CloudWatchFullAccessV2.";
    "CloudWatchFullAccessV2" at "/" v 15, 1690889577, 1770919206,
        "Provides full access to CloudWatch.";
    "CloudWatchLambdaApplicationSignalsExecutionRolePolicy" at "/" v 1, 1729105757, 1729105757,
        "Lets a Lambda function send traces and write logs for CloudWatch Application Signals.";
    "CloudWatchLambdaInsightsExecutionRolePolicy" at "/" v 1, 1602098826, 1602098826,
        "Lets the extension of CloudWatch Lambda Insights write logs.";
    "CloudWatchLogsFullAccess" at "/" v 8, 1423248002, 1770919233,
        "Provides full access to CloudWatch Logs.";
    "CloudWatchLogsReadOnlyAccess" at "/" v 12, 1423248003, 1770919153,
        "Provides read-only access to CloudWatch Logs.";
    "CloudWatchReadOnlyAccess" at "/" v 24, 1423248001, 1770919310,
        "Provides read-only access to CloudWatch.";
    "DataScientist" at "/job-function/" v 5, 1478798928, 1575391714,
        "Grants permissions to data analytics services.";
    "DatabaseAdministrator" at "/job-function/" v 5, 1478798743, 1770919340,
        "Grants full access to database services and to what is needed to set them up.";
    "DynamoDBReplicationServiceRolePolicy" at "/aws-service-role/" v 8, 1510271734, 1704744636,
        "Lets DynamoDB replicate tables between regions.";
    "EC2InstanceConnect" at "/" v 1, 1561661614, 1561661614,
        "Lets users push keys by EC2 Instance Connect and describe instances.";
    "EC2InstanceProfileForImageBuilder" at "/" v 12, 1575227303, 1770919139,
        "Lets instances of EC2 Image Builder build images.";
    "EC2InstanceProfileForImageBuilderECRContainerBuilds" at "/" v 1, 1607716095, 1607716095,
        "Lets instances of EC2 Image Builder build container images and push them to ECR.";
    "ECRReplicationServiceRolePolicy" at "/aws-service-role/" v 1, 1607119888, 1607119888,
        "Lets ECR replicate images between registries.";
    "ElastiCacheServiceRolePolicy" at "/aws-service-role/" v 4, 1512669004, 1701140737,
        "Lets ElastiCache manage resources for an account.";
    "ElasticLoadBalancingFullAccess" at "/" v 9, 1537476127, 1771873027,
        "Provides full access to Elastic Load Balancing and to what it needs of other services.";
    "ElasticLoadBalancingReadOnly" at "/" v 3, 1537474629, 1701022546,
        "Provides read-only access to Elastic Load Balancing.";
    "IAMFullAccess" at "/" v 2, 1423248038, 1561146000,
        "Provides full access to IAM.";
    "IAMReadOnlyAccess" at "/" v 4, 1423248039, 1516907487,
        "Provides read-only access to IAM.";
    "IAMSelfManageServiceSpecificCredentials" at "/" v 1, 1482427518, 1482427518,
        "Lets a user manage its own service-specific credentials.";
    "IAMUserChangePassword" at "/" v 5, 1479169516, 1770919137,
        "Lets a user change its own password.";
    "IAMUserSSHKeys" at "/" v 1, 1436461734, 1436461734,
        "Lets a user manage its own SSH keys.";
    "NetworkAdministrator" at "/job-function/" v 15, 1478799095, 1770919176,
        "Grants full access to network services and to what is needed to set them up.";
    "PowerUserAccess" at "/" v 12, 1423247987, 1770919154,
        "Provides full access to services and resources, but for the management of users and groups.";
    "ReadOnlyAccess" at "/" v 182, 1423247988, 1775230032,
        "Provides read-only access to services and resources.";
    "ResourceGroupsandTagEditorFullAccess" at "/" v 6, 1423247993, 1691674159,
        "Provides full access to Resource Groups and Tag Editor.";
    "SecretsManagerReadWrite" at "/" v 5, 1522865129, 1708625526,
        "Provides read and write access to Secrets Manager.";
    "SecurityAudit" at "/" v 86, 1423248061, 1777605133,
        "Grants read access to the configuration of security.";
    "ServiceQuotasReadOnlyAccess" at "/" v 5, 1561390266, 1770919230,
        "Provides read-only access to Service Quotas.";
    "SupportUser" at "/job-function/" v 11, 1478798513, 1770919392,
        "Grants permissions to find and resolve problems in an account.";
    "SystemAdministrator" at "/job-function/" v 12, 1478798636, 1770919357,
        "Grants full access to what application and development operations need.";
    "ViewOnlyAccess" at "/job-function/" v 45, 1478798415, 1776881541,
        "Grants permissions to view resources and their basic metadata.";
}
