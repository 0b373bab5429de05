//! What ECS adds to the environment of a container. Pure.

use logic::packet_filter::{API_PORT, TASK_METADATA};
use model::{
    Region,
    ecs::{LaunchType, NetworkMode},
};

/// The variable by which SDKs find the credentials of a task's role.
pub const CREDENTIALS_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

/// The value of [`CREDENTIALS_URI`] for credentials with that id.
pub fn credentials_uri(id: &str) -> String {
    format!("/v2/credentials/{id}")
}

/// The variables that a container has unless its definition sets them. Fargate says in which region it is; on instances the instance
/// metadata do. That the cloud's API stands elsewhere than Amazon's, the SDKs have to be told.
pub fn defaults(launch_type: LaunchType, mode: NetworkMode, region: &Region) -> Vec<(String, String)> {
    let platform = match launch_type {
        LaunchType::Fargate => "AWS_ECS_FARGATE",
        LaunchType::Ec2 => "AWS_ECS_EC2",
    };
    let mut found = vec![("AWS_EXECUTION_ENV", platform.to_owned())];
    if launch_type == LaunchType::Fargate {
        found.extend([("AWS_REGION", region.to_string()), ("AWS_DEFAULT_REGION", region.to_string())]);
    }
    if mode != NetworkMode::None {
        found.push(("AWS_ENDPOINT_URL", format!("http://{TASK_METADATA}:{API_PORT}")));
    }
    found.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(launch_type: LaunchType, mode: NetworkMode) -> Vec<String> {
        let region = Region::parse("eu-west-1").unwrap();
        defaults(launch_type, mode, &region).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn what_each_platform_says() {
        let endpoint = "AWS_ENDPOINT_URL=http://169.254.170.2:4566";
        let fargate = ["AWS_EXECUTION_ENV=AWS_ECS_FARGATE", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", endpoint];
        assert_eq!(names(LaunchType::Fargate, NetworkMode::Awsvpc), fargate);
        assert_eq!(names(LaunchType::Ec2, NetworkMode::Bridge), ["AWS_EXECUTION_ENV=AWS_ECS_EC2", endpoint]);
        assert_eq!(names(LaunchType::Ec2, NetworkMode::None), ["AWS_EXECUTION_ENV=AWS_ECS_EC2"]);
    }
}
