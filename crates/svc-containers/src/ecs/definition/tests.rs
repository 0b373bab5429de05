//! Task definitions that are refused, and how one comes back.

use super::*;
use crate::ecs::errors;
use api::ecs as aws;
use model::{
    AccountId, Region, Timestamp,
    ecs::{Revision, TaskDefinitionSpec},
};
use wire::Fault;

fn container(name: &str) -> aws::ContainerDefinition {
    aws::ContainerDefinition { name: Some(name.into()), image: Some("nginx".into()), memory: Some(64), ..Default::default() }
}

fn fargate() -> aws::RegisterTaskDefinitionRequest {
    aws::RegisterTaskDefinitionRequest {
        family: "web".into(),
        network_mode: Some(aws::NetworkMode::Awsvpc),
        requires_compatibilities: Some(vec![aws::Compatibility::Fargate]),
        cpu: Some("256".into()),
        memory: Some("512".into()),
        container_definitions: vec![container("web")],
        ..Default::default()
    }
}

fn ec2() -> aws::RegisterTaskDefinitionRequest {
    aws::RegisterTaskDefinitionRequest {
        family: "web".into(),
        container_definitions: vec![container("web")],
        ..Default::default()
    }
}

fn judge(input: &aws::RegisterTaskDefinitionRequest) -> Result<(), Fault> {
    let parsed = parse(input)?;
    check(&parsed)?;
    if input.requires_compatibilities.is_some() { check_fargate(&parsed) } else { Ok(()) }
}

type Base = fn() -> aws::RegisterTaskDefinitionRequest;
type Change = fn(&mut aws::RegisterTaskDefinitionRequest);

fn refused(base: Base, change: Change) -> Fault {
    let mut input = base();
    assert!(judge(&input).is_ok(), "the base is good");
    change(&mut input);
    judge(&input).expect_err("the change makes it bad")
}

fn first(input: &mut aws::RegisterTaskDefinitionRequest) -> &mut aws::ContainerDefinition {
    &mut input.container_definitions[0]
}

fn depend(container: &mut aws::ContainerDefinition, on: &str, condition: aws::ContainerCondition) {
    container.depends_on = Some(vec![aws::ContainerDependency { container_name: on.into(), condition }]);
}

fn log(options: &[(&str, &str)]) -> Option<aws::LogConfiguration> {
    let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    Some(aws::LogConfiguration { log_driver: aws::LogDriver::Awslogs, options: Some(options), secret_options: None })
}

#[test]
fn mistakes_are_told_in_aws_words() {
    let cases: &[(Base, Change, &str)] = &[
        (fargate, |it| it.container_definitions.clear(), "Container list cannot be empty."),
        (fargate, |it| first(it).name = None, "Container.name should not be null or empty."),
        (fargate, |it| first(it).image = Some(String::new()), "Container.image should not be null or empty."),
        (fargate, |it| first(it).essential = Some(false), "At least one container of the task definition must be essential."),
        (fargate, |it| it.cpu = None, "Fargate requires that 'cpu' be defined at the task level."),
        (fargate, |it| it.memory = None, "Fargate requires that 'memory' be defined at the task level."),
        (fargate, |it| it.network_mode = None, "Fargate only supports network mode ‘awsvpc’."),
        (
            fargate,
            |it| it.memory = Some("4096".into()),
            "No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (fargate, |it| it.cpu = Some("much".into()), "Invalid 'cpu' setting for task."),
        (
            fargate,
            |it| first(it).cpu = Some(257),
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        ),
        (fargate, |it| first(it).memory = Some(513), "The 'memory' setting for container is greater than for the task."),
        (
            fargate,
            |it| {
                first(it).port_mappings =
                    Some(vec![aws::PortMapping { container_port: Some(80), host_port: Some(8080), ..Default::default() }])
            },
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (
            fargate,
            |it| first(it).port_mappings = Some(vec![aws::PortMapping { host_port: Some(8080), ..Default::default() }]),
            "Invalid 'containerPort' setting for container 'web'.",
        ),
        (
            fargate,
            |it| {
                it.volumes = Some(vec![aws::Volume {
                    name: Some("data".into()),
                    host: Some(aws::HostVolumeProperties { source_path: Some("/srv".into()) }),
                    ..Default::default()
                }])
            },
            "host.sourcePath should not be set for volumes in Fargate.",
        ),
        (
            ec2,
            |it| first(it).memory = None,
            "Invalid setting for container 'web'. At least one of 'memory' or 'memoryReservation' must be specified.",
        ),
        (
            ec2,
            |it| {
                first(it).mount_points = Some(vec![aws::MountPoint {
                    source_volume: Some("data".into()),
                    container_path: Some("/data".into()),
                    read_only: None,
                }])
            },
            "Unknown volume 'data'.",
        ),
        (
            ec2,
            |it| first(it).log_configuration = log(&[("awslogs-group", "/app")]),
            "Log driver awslogs requires options: awslogs-region, awslogs-group",
        ),
        (
            ec2,
            |it| {
                it.container_definitions.push(container("side"));
                depend(first(it), "side", aws::ContainerCondition::Success);
            },
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            ec2,
            |it| {
                it.container_definitions.push(container("side"));
                depend(first(it), "side", aws::ContainerCondition::Start);
                depend(&mut it.container_definitions[1], "web", aws::ContainerCondition::Start);
            },
            "A dependency cycle was found among the containers of the task definition.",
        ),
    ];
    for (base, change, message) in cases {
        let fault = refused(*base, *change);
        assert_eq!((&*fault.code, fault.message.as_str()), ("ClientException", *message));
    }
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    let cases: &[(Change, &str)] = &[
        (|it| it.pid_mode = Some(aws::PidMode::Task), "pidMode"),
        (|it| it.ephemeral_storage = Some(aws::EphemeralStorage { size_in_gi_b: 30 }), "ephemeralStorage"),
        (
            |it| first(it).secrets = Some(vec![aws::Secret { name: "A".into(), value_from: "b".into() }]),
            "containerDefinitions.secrets",
        ),
        (|it| first(it).links = Some(vec!["db".into()]), "containerDefinitions.links"),
        (
            |it| first(it).log_configuration = log(&[("awslogs-group", "a"), ("awslogs-datetime-format", "b")]),
            "logConfiguration.options (awslogs-datetime-format)",
        ),
        (
            |it| {
                let log_driver = aws::LogDriver::Splunk;
                first(it).log_configuration = Some(aws::LogConfiguration { log_driver, options: None, secret_options: None });
            },
            "logConfiguration.logDriver (splunk)",
        ),
    ];
    for (change, name) in cases {
        let fault = refused(fargate, *change);
        assert_eq!(fault.status, 501);
        assert_eq!(fault.message, errors::unbuilt(name).message);
    }
}

#[test]
fn a_definition_comes_back_with_its_defaults() {
    let mut input = fargate();
    let mapping = aws::PortMapping { container_port: Some(80), ..Default::default() };
    first(&mut input).port_mappings = Some(vec![mapping]);
    let capabilities = aws::KernelCapabilities { add: Some(Vec::new()), drop: None };
    let linux = aws::LinuxParameters { capabilities: Some(capabilities.clone()), ..Default::default() };
    first(&mut input).linux_parameters = Some(linux);
    let definition = parse(&input).unwrap();
    let spec = TaskDefinitionSpec {
        revision: Revision { family: "web".into(), number: 3 },
        registered_at: Timestamp(1),
        registered_by: "me".into(),
        deregistered_at: None,
        delete_requested_at: None,
        tags: Default::default(),
        definition,
    };
    let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
    let shown = show(&account, &region, &spec);
    assert_eq!(shown.task_definition_arn.as_deref(), Some("arn:aws:ecs:us-east-1:111122223333:task-definition/web:3"));
    let container = &shown.container_definitions.unwrap()[0];
    assert_eq!((container.essential, container.cpu), (Some(true), Some(0)));
    assert_eq!((container.environment.as_deref(), container.mount_points.as_deref()), (Some(&[][..]), Some(&[][..])));
    let linux = container.linux_parameters.clone().unwrap();
    assert_eq!(linux.capabilities, Some(capabilities), "tools compare what they have given, empty lists too");
    let mapping = &container.port_mappings.as_ref().unwrap()[0];
    assert_eq!((mapping.host_port, mapping.protocol), (Some(80), Some(aws::TransportProtocol::Tcp)));
}
