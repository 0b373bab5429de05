//! What requests about instances act on, and the condition keys that they tell (Service Authorization Reference, "Amazon EC2").

use super::profiles;
use crate::{access, resource::Resource, tagged::anywhere, templates};
use api::ec2::{MarketType, RunInstancesRequest, TagSpecification};
use front::{Access, Answer, Cx, Tagging};
use logic::policy::Context;
use model::{
    Arn,
    ec2::{Image, PurchaseOption},
};
use spine::Snapshot;
use std::borrow::Cow;

/// An operation on one instance.
pub fn one(cx: &Cx, id: &str) -> Vec<Arn> {
    vec![access::one(cx, Resource::INSTANCE, id)]
}

/// An operation on instances.
pub fn many(cx: &Cx, ids: &[String]) -> Vec<Arn> {
    ids.iter().map(|id| access::one(cx, Resource::INSTANCE, id)).collect()
}

/// An operation on the instance that an association of a profile is on.
pub fn associated(cx: &Cx, snapshot: &Snapshot, association: &str) -> Answer<Vec<Arn>> {
    let instance = profiles::instance_of(cx, snapshot, association)?;
    Ok(one(cx, instance.as_deref().unwrap_or("*")))
}

/// `RunInstances`.
pub fn run() -> Access<RunInstancesRequest> {
    Access::found(launched_with).keys(keys).tagging("ec2:CreateTags", tagging)
}

/// The request with what its launch template says; as it stands where that can't be read, which the handler tells.
fn whole<'a>(cx: &Cx, input: &'a RunInstancesRequest) -> Cow<'a, RunInstancesRequest> {
    templates::merged(cx, cx.snapshot(), input).unwrap_or(Cow::Borrowed(input))
}

/// All that a launch makes and all that it uses. What has no id yet is a `*`.
fn launched_with(cx: &Cx, snapshot: &Snapshot, asked: &RunInstancesRequest) -> Answer<Vec<Arn>> {
    let input = whole(cx, asked);
    let one = |resource, id: &str| access::one(cx, resource, id);
    let mut all = vec![one(Resource::INSTANCE, "*"), one(Resource::VOLUME, "*")];
    all.push(one(Resource::IMAGE, input.image_id.as_deref().unwrap_or("*")));
    all.extend(input.key_name.as_deref().map(|name| one(Resource::KEY_PAIR, name)));
    let interfaces = input.network_interfaces.as_deref().unwrap_or_default();
    let described = interfaces.iter();
    let ids: Vec<&str> = described.clone().filter_map(|it| it.network_interface_id.as_deref()).collect();
    if ids.len() < interfaces.len() || interfaces.is_empty() {
        all.push(one(Resource::NETWORK_INTERFACE, "*"));
        all.extend(subnets(&input).into_iter().map(|id| one(Resource::SUBNET, id)));
        all.extend(groups(cx, snapshot, &input)?);
    }
    all.extend(ids.into_iter().map(|id| one(Resource::NETWORK_INTERFACE, id)));
    let group = input.placement.as_ref().and_then(|placement| placement.group_name.as_deref());
    all.extend(group.map(|name| one(Resource::PLACEMENT_GROUP, name)));
    all.extend(snapshots(cx, snapshot, &input)?);
    all.extend(origin(cx, asked));
    Ok(all)
}

/// The launch template that a request names; any, if there is none of that name.
fn origin(cx: &Cx, asked: &RunInstancesRequest) -> Option<Arn> {
    let named = asked.launch_template.as_ref()?;
    let found = templates::origin(cx, cx.snapshot(), asked).ok().flatten();
    let id = found.map(|(id, _)| id).or(named.launch_template_id.clone());
    Some(access::one(cx, Resource::LAUNCH_TEMPLATE, id.as_deref().unwrap_or("*")))
}

/// The subnets that are named; any, if none is.
fn subnets(input: &RunInstancesRequest) -> Vec<&str> {
    let described = input.network_interfaces.iter().flatten().filter_map(|it| it.subnet_id.as_deref());
    let named: Vec<&str> = input.subnet_id.as_deref().into_iter().chain(described).collect();
    if named.is_empty() { vec!["*"] } else { named }
}

/// The security groups that are named; any, if none is.
fn groups(cx: &Cx, snapshot: &Snapshot, input: &RunInstancesRequest) -> Answer<Vec<Arn>> {
    let described = input.network_interfaces.iter().flatten().flat_map(|it| it.groups.iter().flatten());
    let ids = input.security_group_ids.iter().flatten().chain(described);
    let mut found: Vec<Arn> = ids.map(|id| access::one(cx, Resource::SECURITY_GROUP, id)).collect();
    for name in input.security_groups.iter().flatten() {
        found.extend(access::group(cx, snapshot, None, Some(name))?);
    }
    Ok(if found.is_empty() { vec![access::one(cx, Resource::SECURITY_GROUP, "*")] } else { found })
}

/// The snapshots that the request names. Those of its image need no permission.
fn snapshots(cx: &Cx, snapshot: &Snapshot, input: &RunInstancesRequest) -> Answer<Vec<Arn>> {
    let image = match input.image_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => anywhere::<Image>(snapshot, &cx.account, &cx.region, id)?,
        None => None,
    };
    let of_image = |id: &str| {
        let devices = image.iter().flat_map(|(_, image)| &image.block_devices);
        devices.into_iter().any(|device| match &device.kind {
            model::ec2::BlockDeviceKind::Ebs(ebs) => ebs.snapshot.as_deref() == Some(id),
            _ => false,
        })
    };
    let named = input.block_device_mappings.iter().flatten().filter_map(|it| it.ebs.as_ref()?.snapshot_id.as_deref());
    Ok(named.filter(|id| !of_image(id)).map(|id| access::one(cx, Resource::SNAPSHOT, id)).collect())
}

/// The market that a launch is to buy in.
fn market(input: &RunInstancesRequest) -> &'static str {
    let market = input.instance_market_options.as_ref().and_then(|options| options.market_type);
    if market == Some(MarketType::Spot) { PurchaseOption::Spot.name() } else { PurchaseOption::OnDemand.name() }
}

/// What is said of what is launched.
fn keys(cx: &Cx, asked: &RunInstancesRequest) -> Context {
    let input = whole(cx, asked);
    let mut context = access::in_region(cx);
    context.set("ec2:InstanceType", input.instance_type.as_deref().unwrap_or("m1.small"));
    context.set("ec2:EbsOptimized", (input.ebs_optimized == Some(true)).to_string());
    context.set("ec2:RootDeviceType", "ebs").set("ec2:InstanceMarketType", market(&input));
    let template = origin(cx, asked).map(|arn| arn.to_string());
    context.set("ec2:IsLaunchTemplateResource", template.is_some().to_string());
    set(&mut context, "ec2:LaunchTemplate", template);
    if let Some(options) = &input.metadata_options {
        set(&mut context, "ec2:MetadataHttpTokens", options.http_tokens.map(|it| it.as_str().to_owned()));
        set(&mut context, "ec2:MetadataHttpEndpoint", options.http_endpoint.map(|it| it.as_str().to_owned()));
        set(&mut context, "ec2:MetadataHttpPutResponseHopLimit", options.http_put_response_hop_limit.map(|it| it.to_string()));
    }
    let placement = input.placement.clone().unwrap_or_default();
    set(&mut context, "ec2:Tenancy", Some(placement.tenancy.map_or("default", |it| it.as_str()).to_owned()));
    set(&mut context, "ec2:AvailabilityZone", placement.availability_zone);
    let group = placement.group_name.map(|name| access::one(cx, Resource::PLACEMENT_GROUP, &name).to_string());
    set(&mut context, "ec2:PlacementGroup", group);
    let interfaces = input.network_interfaces.iter().flatten();
    let public = interfaces.filter_map(|it| it.associate_public_ip_address).next();
    set(&mut context, "ec2:AssociatePublicIpAddress", public.map(|it| it.to_string()));
    let subnet = subnets(&input)[0].to_owned();
    set(&mut context, "ec2:Subnet", (subnet != "*").then(|| access::one(cx, Resource::SUBNET, &subnet).to_string()));
    let key = input.key_name.as_deref();
    set(&mut context, "ec2:KeyPairName", key.map(str::to_owned));
    let profile = input.iam_instance_profile.as_ref();
    let arn = profile.and_then(|it| {
        let named = it.name.as_ref().map(|name| model::iam::global_arn("iam", &cx.account, format!("instance-profile/{name}")));
        it.arn.clone().or_else(|| named.map(|arn| arn.to_string()))
    });
    set(&mut context, "ec2:InstanceProfile", arn);
    volume_keys(&input, &mut context);
    context
}

/// What is said of the volumes that are made.
fn volume_keys(input: &RunInstancesRequest, context: &mut Context) {
    let Some(ebs) = input.block_device_mappings.iter().flatten().find_map(|it| it.ebs.as_ref()) else { return };
    set(context, "ec2:VolumeType", ebs.volume_type.map(|it| it.as_str().to_owned()));
    set(context, "ec2:VolumeSize", ebs.volume_size.map(|it| it.to_string()));
    set(context, "ec2:VolumeIops", ebs.iops.map(|it| it.to_string()));
    set(context, "ec2:VolumeThroughput", ebs.throughput.map(|it| it.to_string()));
    set(context, "ec2:Encrypted", ebs.encrypted.map(|it| it.to_string()));
}

fn set(context: &mut Context, key: &'static str, value: Option<String>) {
    if let Some(value) = value {
        context.set(key, value);
    }
}

/// The tags of all that is made, and the kinds of what gets them.
fn tagging(cx: &Cx, input: &RunInstancesRequest) -> Tagging {
    let input = whole(cx, input);
    let specifications: &[TagSpecification] = input.tag_specifications.as_deref().unwrap_or_default();
    let kinds = [Resource::INSTANCE, Resource::VOLUME, Resource::NETWORK_INTERFACE];
    let said = |resource: &Resource| {
        let mut kinds = specifications.iter().filter_map(|it| it.resource_type);
        kinds.any(|kind| kind.as_str() == resource.name)
    };
    let made: Vec<Resource> = kinds.into_iter().filter(said).collect();
    let of_instance = access::tagging(cx, Resource::INSTANCE, Some(specifications));
    Tagging { resources: made.into_iter().map(|resource| access::one(cx, resource, "*")).collect(), ..of_instance }
}
