//! The services that are about containers: ECR, ECS.

pub mod ecr;
pub mod ecs;
