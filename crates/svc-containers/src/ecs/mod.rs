//! Elastic Container Service.
//!
//! Built: clusters with the capacity providers of Fargate; task definitions; tasks on Fargate and on the cluster's container
//! instance, which is the host itself; REPLICA services with rolling updates, circuit breaker, load balancers and events; tags.
//!
//! Not built, and refused by name: DAEMON services, CODE_DEPLOY and EXTERNAL deployments, blue/green, Service Connect, service
//! registries, EBS and EFS volumes, secrets and environment files, FireLens, `ExecuteCommand`, placement constraints,
//! `pidMode`, `ipcMode`, restart policies, capacity providers of one's own, container instances other than the host.
//!
//! Where a definition names no execution role the host pulls and logs in its own name, also on Fargate.
//!
//! Taken as they are: `FARGATE_SPOT` (whose tasks are never interrupted), placement strategies (of the cluster's one machine all
//! make the same choice), and what tools set with each cluster: `containerInsights` (there are no metrics of containers) and the
//! configuration of `ExecuteCommand`.
//!
//! * `access`: on what operations act, for their rows. [`ops`]: one function for each operation.
//! * [`reconcile`]: the service scheduler, the steps of tasks, and what is swept up in the end.
//! * Decisions stand in `logic::{task, deploy, placement}`.

mod access;
mod definition;
mod environment;
mod errors;
mod exec;
mod images;
mod launch;
mod load;
mod metadata;
mod names;
mod ops;
mod overrides;
mod paging;
mod reconcile;
mod roles;
mod tagged;
mod tags;
mod views;
mod workload;

pub use metadata::{METADATA_KINDS, metadata};
pub use reconcile::{Services, Sweeper, TaskEvents, Tasks};

use agent_proto::Capabilities;
use api::ecs as sdk;
use front::{Access, Service, keys};
use ops::{clusters, definitions, instances, new_service, run, services, tagging, tasks};
use std::sync::Arc;

/// The service's table. `machine` is what the host can do, on which tasks of the launch type EC2 run.
pub fn service(machine: &Arc<Capabilities>) -> Service {
    let service = Service::new(&sdk::SERVICE).resources(access::facts);
    let service = cluster_rows(service);
    let service = definition_rows(service);
    let service = task_rows(service, machine.clone());
    let service = service_rows(service);
    tag_rows(service)
}

/// The action that is needed besides to make things with tags.
const TAG: &str = "ecs:TagResource";

fn cluster_rows(service: Service) -> Service {
    service
        .op::<sdk::CreateCluster>(
            Access::on(|cx, i: &sdk::CreateClusterRequest| vec![access::cluster(cx, i.cluster_name.as_deref())])
                .keys(access::of_create_cluster)
                .tagging(TAG, |cx, i| access::tagging(access::cluster(cx, i.cluster_name.as_deref()), &i.tags)),
            clusters::create,
        )
        .op::<sdk::UpdateCluster>(Access::on(|cx, i| vec![access::cluster(cx, Some(&i.cluster))]), clusters::update)
        .op::<sdk::PutClusterCapacityProviders>(
            Access::on(|cx, i| vec![access::cluster(cx, Some(&i.cluster))]),
            clusters::put_capacity_providers,
        )
        .op::<sdk::DeleteCluster>(Access::on(|cx, i| vec![access::cluster(cx, Some(&i.cluster))]), clusters::delete)
        .op::<sdk::DescribeClusters>(Access::on(|cx, i| access::clusters(cx, i.clusters.as_deref())), clusters::describe)
        .op::<sdk::ListClusters>(Access::all(), clusters::list)
        .op::<sdk::DescribeContainerInstances>(
            Access::on(|cx, i: &sdk::DescribeContainerInstancesRequest| {
                i.container_instances.iter().map(|id| access::instance(cx, i.cluster.as_deref(), id)).collect()
            })
            .keys(|cx, i| access::in_cluster(cx, i.cluster.as_deref())),
            instances::describe,
        )
        .op::<sdk::ListContainerInstances>(Access::on(|cx, i| vec![access::cluster(cx, i.cluster.as_deref())]), instances::list)
}

fn definition_rows(service: Service) -> Service {
    service
        .op::<sdk::RegisterTaskDefinition>(
            Access::on(|cx, i: &sdk::RegisterTaskDefinitionRequest| vec![access::new_revision(cx, &i.family)])
                .keys(access::of_register)
                .tagging(TAG, |cx, i| access::tagging(access::new_revision(cx, &i.family), &i.tags)),
            definitions::register,
        )
        .op::<sdk::DeleteTaskDefinitions>(
            Access::found(|cx, snapshot, i| {
                i.task_definitions.iter().map(|text| access::definition(cx, snapshot, text)).collect()
            }),
            definitions::delete,
        )
        .op::<sdk::DeregisterTaskDefinition>(Access::all(), definitions::deregister)
        .op::<sdk::DescribeTaskDefinition>(Access::all(), definitions::describe)
        .op::<sdk::ListTaskDefinitions>(Access::all(), definitions::list)
        .op::<sdk::ListTaskDefinitionFamilies>(Access::all(), definitions::families)
}

fn task_rows(service: Service, machine: Arc<Capabilities>) -> Service {
    service
        .op::<sdk::RunTask>(
            Access::found(|cx, snapshot, i: &sdk::RunTaskRequest| {
                Ok(vec![access::definition(cx, snapshot, &i.task_definition)?])
            })
            .keys(access::of_run)
            .tagging(TAG, |cx, i| access::tagging(access::new_tasks(cx, i.cluster.as_deref()), &i.tags)),
            move |cx, tx, input| run::run(cx, tx, &machine, input),
        )
        .op::<sdk::StopTask>(
            Access::on(|cx, i: &sdk::StopTaskRequest| vec![access::task(cx, i.cluster.as_deref(), &i.task)])
                .keys(|cx, i| access::in_cluster(cx, i.cluster.as_deref())),
            tasks::stop,
        )
        .op::<sdk::DescribeTasks>(
            Access::on(|cx, i: &sdk::DescribeTasksRequest| {
                i.tasks.iter().map(|id| access::task(cx, i.cluster.as_deref(), id)).collect()
            })
            .keys(|cx, i| access::in_cluster(cx, i.cluster.as_deref())),
            tasks::describe,
        )
        .op::<sdk::ListTasks>(
            Access::on(|cx, i: &sdk::ListTasksRequest| {
                vec![access::instance(cx, i.cluster.as_deref(), i.container_instance.as_deref().unwrap_or("*"))]
            })
            .keys(|cx, i| access::in_cluster(cx, i.cluster.as_deref())),
            tasks::list,
        )
}

fn service_rows(service: Service) -> Service {
    service
        .op::<sdk::CreateService>(
            Access::on(|cx, i: &sdk::CreateServiceRequest| vec![access::service(cx, i.cluster.as_deref(), &i.service_name)])
                .keys(access::of_create_service)
                .tagging(TAG, |cx, i| access::tagging(access::service(cx, i.cluster.as_deref(), &i.service_name), &i.tags)),
            new_service::create,
        )
        .op::<sdk::UpdateService>(
            Access::on(|cx, i: &sdk::UpdateServiceRequest| vec![access::service(cx, i.cluster.as_deref(), &i.service)])
                .keys(access::of_update_service),
            services::update,
        )
        .op::<sdk::DeleteService>(
            Access::on(|cx, i: &sdk::DeleteServiceRequest| vec![access::service(cx, i.cluster.as_deref(), &i.service)])
                .keys(|cx, i| access::in_cluster(cx, i.cluster.as_deref())),
            services::delete,
        )
        .op::<sdk::DescribeServices>(
            Access::on(|cx, i: &sdk::DescribeServicesRequest| {
                i.services.iter().map(|name| access::service(cx, i.cluster.as_deref(), name)).collect()
            })
            .keys(|cx, i| access::in_cluster(cx, i.cluster.as_deref())),
            services::describe,
        )
        .op::<sdk::ListServices>(
            Access::all().keys(|cx, i: &sdk::ListServicesRequest| access::in_cluster(cx, i.cluster.as_deref())),
            services::list,
        )
}

fn tag_rows(service: Service) -> Service {
    service
        .op::<sdk::TagResource>(
            Access::on(|_, i: &sdk::TagResourceRequest| access::named(&i.resource_arn))
                .keys(|_, i| access::request_tags(&i.tags)),
            tagging::tag,
        )
        .op::<sdk::UntagResource>(
            Access::on(|_, i: &sdk::UntagResourceRequest| access::named(&i.resource_arn))
                .keys(|_, i| keys::tag_keys(i.tag_keys.iter().cloned())),
            tagging::untag,
        )
        .op::<sdk::ListTagsForResource>(Access::on(|_, i| access::named(&i.resource_arn)), tagging::list)
}
