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
//! Taken as they are: `FARGATE_SPOT` (whose tasks are never
//! interrupted), placement strategies (of the cluster's one machine all make the same choice).
//!
//! * [`ops`]: one function for each operation.
//! * [`reconcile`]: the service scheduler, the steps of tasks, and what is swept up in the end.
//! * Decisions stand in `logic::{task, deploy, placement}`.

mod definition;
mod environment;
mod errors;
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
mod tags;
mod views;
mod workload;

pub use metadata::{METADATA_KINDS, metadata};
pub use reconcile::{Credentials, Services, Sweeper, Tasks};

use agent_proto::Capabilities;
use api::ecs as sdk;
use front::{Access, Cx, Service};
use model::Arn;
use ops::{clusters, definitions, instances, new_service, run, services, tagging, tasks};
use std::sync::Arc;

/// The service's table. `machine` is what the host can do, on which tasks of the launch type EC2 run.
pub fn service(machine: &Arc<Capabilities>) -> Service {
    let service = Service::new(&sdk::SERVICE);
    let service = cluster_rows(service);
    let service = definition_rows(service);
    let service = task_rows(service, machine.clone());
    let service = service_rows(service);
    tag_rows(service)
}

fn cluster_rows(service: Service) -> Service {
    service
        .op::<sdk::CreateCluster>(Access::on(|cx, i| vec![cluster_arn(cx, i.cluster_name.as_deref())]), clusters::create)
        .op::<sdk::UpdateCluster>(Access::on(|cx, i| vec![cluster_arn(cx, Some(&i.cluster))]), clusters::update)
        .op::<sdk::DeleteCluster>(Access::on(|cx, i| vec![cluster_arn(cx, Some(&i.cluster))]), clusters::delete)
        .op::<sdk::DescribeClusters>(
            Access::on(|cx, i| i.clusters.iter().flatten().map(|name| cluster_arn(cx, Some(name))).collect()),
            clusters::describe,
        )
        .op::<sdk::ListClusters>(Access::all(), clusters::list)
        .op::<sdk::DescribeContainerInstances>(
            Access::on(|cx, i| {
                i.container_instances.iter().map(|id| child_arn(cx, "container-instance", i.cluster.as_deref(), id)).collect()
            }),
            instances::describe,
        )
        .op::<sdk::ListContainerInstances>(Access::on(|cx, i| vec![cluster_arn(cx, i.cluster.as_deref())]), instances::list)
}

fn definition_rows(service: Service) -> Service {
    service
        .op::<sdk::RegisterTaskDefinition>(
            Access::on(|cx, i| vec![cx.arn("ecs", format!("task-definition/{}:*", i.family))]),
            definitions::register,
        )
        .op::<sdk::DeleteTaskDefinitions>(
            Access::on(|cx, i| i.task_definitions.iter().map(|text| definition_arn(cx, text)).collect()),
            definitions::delete,
        )
        .op::<sdk::DeregisterTaskDefinition>(Access::all(), definitions::deregister)
        .op::<sdk::DescribeTaskDefinition>(Access::all(), definitions::describe)
        .op::<sdk::ListTaskDefinitions>(Access::all(), definitions::list)
        .op::<sdk::ListTaskDefinitionFamilies>(Access::all(), definitions::families)
}

fn task_rows(service: Service, machine: Arc<Capabilities>) -> Service {
    service
        .op::<sdk::RunTask>(Access::on(|cx, i| vec![definition_arn(cx, &i.task_definition)]), move |cx, tx, input| {
            run::run(cx, tx, &machine, input)
        })
        .op::<sdk::StopTask>(Access::on(|cx, i| vec![child_arn(cx, "task", i.cluster.as_deref(), &i.task)]), tasks::stop)
        .op::<sdk::DescribeTasks>(
            Access::on(|cx, i| i.tasks.iter().map(|id| child_arn(cx, "task", i.cluster.as_deref(), id)).collect()),
            tasks::describe,
        )
        .op::<sdk::ListTasks>(
            Access::on(|cx, i| vec![child_arn(cx, "container-instance", i.cluster.as_deref(), "*")]),
            tasks::list,
        )
}

fn service_rows(service: Service) -> Service {
    service
        .op::<sdk::CreateService>(
            Access::on(|cx, i| vec![child_arn(cx, "service", i.cluster.as_deref(), &i.service_name)]),
            new_service::create,
        )
        .op::<sdk::UpdateService>(
            Access::on(|cx, i| vec![child_arn(cx, "service", i.cluster.as_deref(), &i.service)]),
            services::update,
        )
        .op::<sdk::DeleteService>(
            Access::on(|cx, i| vec![child_arn(cx, "service", i.cluster.as_deref(), &i.service)]),
            services::delete,
        )
        .op::<sdk::DescribeServices>(
            Access::on(|cx, i| i.services.iter().map(|name| child_arn(cx, "service", i.cluster.as_deref(), name)).collect()),
            services::describe,
        )
        .op::<sdk::ListServices>(Access::all(), services::list)
}

fn tag_rows(service: Service) -> Service {
    service
        .op::<sdk::TagResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tagging::tag)
        .op::<sdk::UntagResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tagging::untag)
        .op::<sdk::ListTagsForResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tagging::list)
}

/// The ARN that a text is, or that a name stands for.
fn named(cx: &Cx, text: &str, resource: impl FnOnce() -> String) -> Arn {
    text.parse().unwrap_or_else(|_| cx.arn("ecs", resource()))
}

fn cluster_arn(cx: &Cx, text: Option<&str>) -> Arn {
    let name = text.unwrap_or("default");
    named(cx, name, || format!("cluster/{name}"))
}

fn child_arn(cx: &Cx, kind: &str, cluster: Option<&str>, text: &str) -> Arn {
    let cluster = cluster.unwrap_or("default");
    named(cx, text, || format!("{kind}/{}/{text}", model::ecs::short_id(cluster)))
}

fn definition_arn(cx: &Cx, text: &str) -> Arn {
    let revision = if text.contains(':') { text.to_owned() } else { format!("{text}:*") };
    named(cx, text, || format!("task-definition/{revision}"))
}
