//! Requests as the AWS CLI sends them, read with the real services' tables: wrong tables would show here and nowhere in `wire`.

use http::HeaderMap;
use wire::{Api, Dialect, Fault, FromValue, IntoValue, Request, Service};

fn request(headers: &[(&'static str, &str)], body: &str) -> Request {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    Request {
        method: http::Method::POST,
        path: "/".into(),
        query: String::new(),
        headers: headers.collect::<HeaderMap>(),
        body: body.as_bytes().to_vec().into(),
    }
}

fn form(body: &str) -> Request {
    request(&[("content-type", "application/x-www-form-urlencoded; charset=utf-8")], body)
}

fn json(target: &str, body: &str) -> Request {
    request(&[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)], body)
}

/// Matches, decodes, validates and converts, as the front does.
fn read<A: Api>(request: &Request) -> Result<A::Input, Fault> {
    let dialect = Dialect::of(A::service(), request);
    let operation = dialect.match_operation(request)?;
    assert_eq!(operation.name, A::NAME);
    let value = dialect.decode(operation, request)?;
    dialect.validate(operation, &value)?;
    A::Input::from_value(value)
}

fn write<A: Api>(output: A::Output) -> String {
    let service = A::service();
    let dialect = Dialect { service, protocol: service.protocols[0], query_mode: false };
    let response = dialect.encode(A::schema(), "id-1", &output.into_value());
    assert_eq!(response.status, 200);
    String::from_utf8(response.body.to_vec()).unwrap()
}

#[test]
fn ecr_creates_a_repository() {
    let body = r#"{"repositoryName":"team/web","imageTagMutability":"IMMUTABLE","tags":[{"Key":"a","Value":"b"}],"unknown":1}"#;
    let input = read::<api::ecr::CreateRepository>(&json("AmazonEC2ContainerRegistry_V20150921.CreateRepository", body)).unwrap();
    assert_eq!(input.repository_name, "team/web");
    assert_eq!(input.image_tag_mutability, Some(api::ecr::ImageTagMutability::Immutable));
    assert_eq!(input.tags.unwrap()[0].key, "a");
    assert_eq!(input.encryption_configuration, None);
}

#[test]
fn ecr_answers_a_repository() {
    let repository = api::ecr::Repository {
        repository_name: Some("web".into()),
        created_at: Some(wire::Time(1_700_000_000_123)),
        ..Default::default()
    };
    let text = write::<api::ecr::CreateRepository>(api::ecr::CreateRepositoryResponse { repository: Some(repository) });
    assert_eq!(text, r#"{"repository":{"repositoryName":"web","createdAt":1700000000.123}}"#);
}

#[test]
fn ecr_words_its_refusals_in_its_own_way() {
    let target = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";
    let refused = |body: &str| read::<api::ecr::CreateRepository>(&json(target, body)).unwrap_err();
    let short = refused(r#"{"repositoryName":"a"}"#);
    assert_eq!((short.code.as_ref(), short.status), ("InvalidParameterException", 400));
    let expected =
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'";
    assert_eq!(short.message, expected);
    let capital = refused(r#"{"repositoryName":"Web"}"#).message;
    assert!(capital.contains("'must satisfy regular expression '[a-z0-9]+("), "{capital}");
    assert!(refused("{}").message.contains("'must not be null'"));
    let wrong = refused(r#"{"repositoryName":7}"#);
    assert_eq!(
        (wrong.code.as_ref(), wrong.message.as_str()),
        ("SerializationException", "NUMBER_VALUE can not be converted to a String")
    );
}

#[test]
fn ecs_registers_a_task_definition() {
    let body = r#"{"family":"web","networkMode":"awsvpc","cpu":"256","containerDefinitions":[{"name":"app","image":"nginx",
        "portMappings":[{"containerPort":80}],"environment":[{"name":"A","value":"1"}],
        "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/web"}}}]}"#;
    let input =
        read::<api::ecs::RegisterTaskDefinition>(&json("AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", body));
    let input = input.unwrap();
    assert_eq!(input.network_mode, Some(api::ecs::NetworkMode::Awsvpc));
    let container = &input.container_definitions[0];
    assert_eq!(container.port_mappings.as_ref().unwrap()[0].container_port, Some(80));
    let logs = container.log_configuration.as_ref().unwrap();
    assert_eq!(logs.options.as_ref().unwrap()["awslogs-group"], "/web");
}

#[test]
fn elbv2_creates_a_listener() {
    let body = "Action=CreateListener&Version=2015-12-01&LoadBalancerArn=arn%3Aaws%3Ax&Protocol=HTTP&Port=80\
                &DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn=tg\
                &DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn=tg\
                &DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight=1";
    let input = read::<api::elbv2::CreateListener>(&form(body)).unwrap();
    assert_eq!(input.load_balancer_arn, "arn:aws:x");
    assert_eq!((input.protocol, input.port), (Some(api::elbv2::ProtocolEnum::Http), Some(80)));
    let forward = input.default_actions[0].forward_config.as_ref().unwrap();
    assert_eq!(forward.target_groups.as_ref().unwrap()[0].weight, Some(1));
}

#[test]
fn elbv2_names_every_violation() {
    let body = "Action=CreateTargetGroup&Version=2015-12-01&Port=0&HealthCheckIntervalSeconds=1";
    let fault = read::<api::elbv2::CreateTargetGroup>(&form(body)).unwrap_err();
    assert_eq!(fault.code, "ValidationError");
    assert_eq!(
        fault.message,
        "3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; \
         Value '0' at 'port' failed to satisfy constraint: Member must have value greater than or equal to 1; \
         Value '1' at 'healthCheckIntervalSeconds' failed to satisfy constraint: Member must have value greater than or equal to 5"
    );
}

#[test]
fn elbv2_answers_in_xml() {
    let rule = api::elbv2::TargetGroup { target_group_name: Some("a&b".into()), port: Some(80), ..Default::default() };
    let text = write::<api::elbv2::CreateTargetGroup>(api::elbv2::CreateTargetGroupOutput { target_groups: Some(vec![rule]) });
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <CreateTargetGroupResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><CreateTargetGroupResult>\
         <TargetGroups><member><TargetGroupName>a&amp;b</TargetGroupName><Port>80</Port></member></TargetGroups>\
         </CreateTargetGroupResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></CreateTargetGroupResponse>"
    );
}

#[test]
fn ec2_authorises_ingress() {
    let body = "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&IpPermissions.1.FromPort=80\
                &IpPermissions.1.IpProtocol=tcp&IpPermissions.1.ToPort=80&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0%2F8\
                &TagSpecification.1.ResourceType=security-group-rule&TagSpecification.1.Tag.1.Key=a";
    let input = read::<api::ec2::AuthorizeSecurityGroupIngress>(&form(body)).unwrap();
    let permission = &input.ip_permissions.unwrap()[0];
    assert_eq!((permission.from_port, permission.to_port), (Some(80), Some(80)));
    assert_eq!(permission.ip_ranges.as_ref().unwrap()[0].cidr_ip.as_deref(), Some("10.0.0.0/8"));
    let tags = &input.tag_specifications.unwrap()[0];
    assert_eq!(tags.tags.as_ref().unwrap()[0].key.as_deref(), Some("a"));
}

#[test]
fn ec2_words_its_refusals_in_its_own_way() {
    let missing = read::<api::ec2::CreateSecurityGroup>(&form("Action=CreateSecurityGroup&Version=2016-11-15&GroupName=a"));
    let missing = missing.unwrap_err();
    assert_eq!(missing.code, "MissingParameter");
    assert_eq!(missing.message, "The request must contain the parameter GroupDescription");
    let wrong = read::<api::ec2::DescribeVpcs>(&form("Action=DescribeVpcs&Version=2016-11-15&MaxResults=many")).unwrap_err();
    assert_eq!(wrong.code, "InvalidParameterValue");
    let unknown = form("Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=a&Filter.1.Wert=b");
    let unknown = read::<api::ec2::DescribeVpcs>(&unknown).unwrap_err();
    assert_eq!(unknown.code, "UnknownParameter");
    assert_eq!(unknown.message, "The parameter Filter.1.Wert is not recognized");
}

#[test]
fn ec2_answers_its_own_xml() {
    let vpc = api::ec2::Vpc { vpc_id: Some("vpc-1".into()), is_default: Some(true), ..Default::default() };
    let text = write::<api::ec2::DescribeVpcs>(api::ec2::DescribeVpcsResult { vpcs: Some(vec![vpc]), next_token: None });
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15\">\
         <requestId>id-1</requestId><vpcSet><item><isDefault>true</isDefault><vpcId>vpc-1</vpcId></item></vpcSet>\
         </DescribeVpcsResponse>"
    );
}

#[test]
fn errors_have_the_codes_of_the_wire() {
    let dialect = |service: &'static Service| Dialect { service, protocol: service.protocols[0], query_mode: false };
    let fault = Fault::client("LoadBalancerNotFoundException", "gone");
    let text = dialect(&api::elbv2::SERVICE).encode_fault("id", &fault);
    assert!(String::from_utf8_lossy(&text.body).contains("<Code>LoadBalancerNotFound</Code><Message>gone</Message>"));
    let fault = Fault::client("RepositoryNotFoundException", "gone");
    let text = dialect(&api::ecr::SERVICE).encode_fault("id", &fault);
    assert_eq!(&text.body[..], br#"{"__type":"RepositoryNotFoundException","message":"gone"}"#);
}

#[test]
fn what_is_not_built_is_named() {
    let refused =
        |service: &'static Service, request: &Request| Dialect::of(service, request).match_operation(request).unwrap_err();
    let fault = refused(&api::ecs::SERVICE, &json("AmazonEC2ContainerServiceV20141113.CreateCapacityProvider", "{}"));
    assert_eq!((fault.status, fault.message.as_str()), (501, "ECS CreateCapacityProvider is not implemented."));
    let fault = refused(&api::iam::SERVICE, &form("Action=CreateSAMLProvider&Version=2010-05-08"));
    assert_eq!((fault.status, fault.message.as_str()), (501, "IAM CreateSAMLProvider is not implemented."));
    let fault = refused(&api::ecs::SERVICE, &json("AmazonEC2ContainerServiceV20141113.Nonsense", "{}"));
    assert_eq!((fault.status, fault.code.as_ref()), (400, "UnknownOperationException"));
    let fault = refused(&api::ec2::SERVICE, &form("Action=Nonsense"));
    assert_eq!((fault.status, fault.code.as_ref()), (400, "InvalidAction"));
    let signing = Request { path: "/2020-04-22/code-signing-configs".into(), ..form("") };
    let fault = refused(&api::lambda::SERVICE, &signing);
    assert_eq!((fault.status, fault.message.as_str()), (501, "Lambda CreateCodeSigningConfig is not implemented."));
    let torrent = Request { method: http::Method::GET, path: "/bucket/key".into(), query: "torrent".into(), ..form("") };
    assert_eq!(refused(&api::s3::SERVICE, &torrent).message, "S3 GetObjectTorrent is not implemented.");
}

#[test]
fn a_service_of_several_protocols_is_answered_in_the_request_s() {
    let service = &api::cloudwatch::SERVICE;
    let cbor = Request {
        path: "/service/GraniteServiceVersion20100801/operation/PutMetricData".into(),
        ..request(&[("smithy-protocol", "rpc-v2-cbor")], "")
    };
    assert_eq!(Dialect::of(service, &cbor).protocol, wire::Protocol::RpcV2Cbor);
    let query = form("Action=PutMetricData&Version=2010-08-01");
    assert_eq!(Dialect::of(service, &query).protocol, wire::Protocol::AwsQuery);
    let awsjson = json("GraniteServiceVersion20100801.PutMetricData", "{}");
    assert_eq!(Dialect::of(service, &awsjson).protocol, wire::Protocol::AwsJson10);
    for request in [cbor, query, awsjson] {
        let fault = Dialect::of(service, &request).match_operation(&request).unwrap_err();
        assert_eq!(fault.message, "CloudWatch PutMetricData is not implemented.");
    }
}

#[test]
fn an_operation_without_members_takes_nothing() {
    let form = form("Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(read::<api::sts::GetCallerIdentity>(&form), Ok(api::sts::GetCallerIdentityRequest {}));
}
