//! ECR through the whole front: its operations, its registry, its sweeper, and a real client.

mod cloud;
mod disk;
mod images;
mod layers;
mod people;
mod permissions;
mod policies;
mod registry;
mod repositories;
mod skopeo;
mod sweeper;
