//! Clusters: create, update, delete, describe, list, and what they have for capacity.

use crate::ecs::{
    errors::{self, filled, invalid, refuse_unbuilt},
    exec, launch, load, names, paging, tags, views,
};
use api::ecs as aws;
use front::{Answer, Cx};
use model::{
    Key,
    ecs::{Cluster, ClusterSpec, ContainerInstance, Launch, ProviderShare, Service},
};
use spine::{Read, Scope, StoreError, Tx};
use std::collections::BTreeSet;
use wire::Fault;

/// `CreateCluster`. A cluster of that name that is there already is answered as it is.
pub fn create(cx: &Cx, tx: &mut Tx, input: &aws::CreateClusterRequest) -> Answer<aws::CreateClusterResponse> {
    refuse_unbuilt(&[("serviceConnectDefaults", input.service_connect_defaults.is_some())])?;
    let name = input.cluster_name.as_deref().unwrap_or("default");
    if !names::is_name(name) {
        return Err(invalid("Cluster names can have up to 255 letters, numbers, underscores, and hyphens."));
    }
    let key = Key::<Cluster>::new(&cx.account, &cx.region, name);
    let found = tx.spec(&key)?;
    if found.as_ref().is_none_or(|spec| spec.deleted_at.is_some()) {
        let spec = new_cluster(cx, input)?;
        if found.is_some() { tx.put_spec(&key, &spec)? } else { tx.create(&key, &spec)? }
    }
    let include = [aws::ClusterField::Configurations, aws::ClusterField::Settings, aws::ClusterField::Tags];
    Ok(aws::CreateClusterResponse { cluster: show(tx, &key, &include)? })
}

fn new_cluster(cx: &Cx, input: &aws::CreateClusterRequest) -> Result<ClusterSpec, Fault> {
    let capacity_providers = input.capacity_providers.clone().unwrap_or_default();
    let default_strategy = input.default_capacity_provider_strategy.as_deref().unwrap_or_default();
    let default_strategy = default_strategy_of(default_strategy, &capacity_providers)?;
    Ok(ClusterSpec {
        created_at: cx.now,
        deleted_at: None,
        capacity_providers,
        default_strategy,
        container_insights: container_insights(&input.settings)?,
        execute_command: input.configuration.as_ref().map(exec::parse).transpose()?.flatten(),
        tags: tags::parse(&input.tags)?,
    })
}

/// What holds where nothing else is said, of providers that there are.
fn default_strategy_of(items: &[aws::CapacityProviderStrategyItem], providers: &[String]) -> Answer<Vec<ProviderShare>> {
    providers.iter().try_for_each(|name| launch::provider_exists(name))?;
    if items.is_empty() { Ok(Vec::new()) } else { launch::strategy(items, providers) }
}

/// `PutClusterCapacityProviders`: those that are left out are taken away, unless something runs on them.
pub fn put_capacity_providers(
    cx: &Cx,
    tx: &mut Tx,
    input: &aws::PutClusterCapacityProvidersRequest,
) -> Answer<aws::PutClusterCapacityProvidersResponse> {
    let (key, before) = names::active_cluster(cx, tx, Some(&input.cluster))?;
    let mut providers = input.capacity_providers.clone();
    providers.dedup();
    let default_strategy = default_strategy_of(&input.default_capacity_provider_strategy, &providers)?;
    let removed = before.capacity_providers.iter().filter(|name| !providers.contains(name));
    let used = providers_in_use(tx, &key)?;
    if removed.into_iter().any(|name| used.contains(name)) {
        return Err(errors::provider_in_use());
    }
    tx.update_spec(&key, |spec| {
        spec.capacity_providers = providers;
        spec.default_strategy = default_strategy;
    })?;
    let include = [aws::ClusterField::Configurations, aws::ClusterField::Settings, aws::ClusterField::Tags];
    Ok(aws::PutClusterCapacityProvidersResponse { cluster: show(tx, &key, &include)? })
}

/// The capacity providers that tasks run on, and that services ask for.
fn providers_in_use(tx: &impl Read, key: &Key<Cluster>) -> Answer<BTreeSet<String>> {
    let running = load::tasks(tx, key)?.into_iter().filter(|task| task.plan.stopped_at.is_none());
    let mut used: BTreeSet<String> = running.filter_map(|task| task.spec.capacity_provider.clone()).collect();
    let prefix = format!("{}/", key.id);
    for (_, service) in tx.specs::<Service>(Scope::Prefix(&key.account, &key.region, &prefix))? {
        if let (None, Launch::Providers(shares)) = (service.deleted_at, &service.target.launch) {
            used.extend(shares.iter().map(|share| share.provider.clone()));
        }
    }
    Ok(used)
}

/// The one setting that there is. Tools turn it on with each cluster, so it is kept and shown; metrics of containers there are none.
fn container_insights(settings: &Option<Vec<aws::ClusterSetting>>) -> Result<Option<String>, Fault> {
    let Some(setting) = settings.iter().flatten().next_back() else { return Ok(None) };
    match setting.value.as_deref() {
        Some(value @ ("disabled" | "enabled" | "enhanced")) => Ok(Some(value.into())),
        _ => Err(invalid("The value of the setting containerInsights must be enabled, enhanced or disabled.")),
    }
}

/// `UpdateCluster`.
pub fn update(cx: &Cx, tx: &mut Tx, input: &aws::UpdateClusterRequest) -> Answer<aws::UpdateClusterResponse> {
    refuse_unbuilt(&[("serviceConnectDefaults", input.service_connect_defaults.is_some())])?;
    let (key, _) = names::active_cluster(cx, tx, Some(&input.cluster))?;
    if let Some(configuration) = &input.configuration {
        let execute_command = exec::parse(configuration)?;
        tx.update_spec(&key, |spec| spec.execute_command = execute_command)?;
    }
    if filled(&input.settings) {
        let value = container_insights(&input.settings)?;
        tx.update_spec(&key, |spec| spec.container_insights = value)?;
    }
    Ok(aws::UpdateClusterResponse { cluster: show(tx, &key, &[aws::ClusterField::Configurations, aws::ClusterField::Settings])? })
}

/// `DeleteCluster`. Its container instance, which is of our own making, is no hindrance and goes with it.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &aws::DeleteClusterRequest) -> Answer<aws::DeleteClusterResponse> {
    let (key, _) = names::active_cluster(cx, tx, Some(&input.cluster))?;
    let contents = contents(tx, &key)?;
    if contents.active_services > 0 || !contents.draining.is_empty() {
        return Err(errors::cluster_contains_services());
    }
    if contents.tasks.iter().any(|task| task.plan.stopped_at.is_none()) {
        return Err(errors::cluster_contains_tasks());
    }
    super::instances::remove(tx, &key)?;
    tx.update_spec(&key, |spec| spec.deleted_at = Some(cx.now))?;
    Ok(aws::DeleteClusterResponse { cluster: show(tx, &key, &[])? })
}

/// `DescribeClusters`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &aws::DescribeClustersRequest) -> Answer<aws::DescribeClustersResponse> {
    let named = input.clusters.clone().filter(|clusters| !clusters.is_empty()).unwrap_or_else(|| vec!["default".into()]);
    if named.len() > 100 {
        return Err(invalid("clusters can have at most 100 items."));
    }
    let include = input.include.clone().unwrap_or_default();
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in &named {
        let key = names::cluster(cx, Some(name))?;
        match if key.account == cx.account { show(tx, &key, &include)? } else { None } {
            Some(cluster) => clusters.push(cluster),
            None => failures.push(views::failure(key.arn().to_string(), "MISSING")),
        }
    }
    Ok(aws::DescribeClustersResponse { clusters: Some(clusters), failures: Some(failures) })
}

/// `ListClusters`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &aws::ListClustersRequest) -> Answer<aws::ListClustersResponse> {
    let all = tx.specs::<Cluster>(Scope::Region(&cx.account, &cx.region))?;
    let active = all.into_iter().filter(|(_, spec)| spec.deleted_at.is_none());
    let arns = active.map(|(key, _)| (key.id.clone(), key.arn().to_string()));
    let (arns, next_token) = paging::page(arns, false, input.max_results, input.next_token.as_deref())?;
    Ok(aws::ListClustersResponse { cluster_arns: Some(arns), next_token })
}

fn show(tx: &impl Read, key: &Key<Cluster>, include: &[aws::ClusterField]) -> Answer<Option<aws::Cluster>> {
    let Some(spec) = tx.spec(key)? else { return Ok(None) };
    Ok(Some(views::cluster(key, &spec, &contents(tx, key)?, include)))
}

fn contents(tx: &impl Read, key: &Key<Cluster>) -> Result<views::Contents, StoreError> {
    let prefix = format!("{}/", key.id);
    let scope = Scope::Prefix(&key.account, &key.region, &prefix);
    let services = tx.list::<Service>(scope)?;
    let of = |status: &str| {
        let wanted = services.iter().filter(|(_, row)| views::service_status(&row.spec, &row.plan) == status);
        wanted.map(|(_, row)| row.spec.target.launch.launch_type()).collect::<Vec<_>>()
    };
    let active = of("ACTIVE");
    Ok(views::Contents {
        tasks: load::tasks(tx, key)?,
        active_services: active.len(),
        draining: of("DRAINING"),
        active,
        instances: tx.specs::<ContainerInstance>(scope)?.len(),
    })
}
