//! Peering connections of VPCs, of whatever accounts and regions.

use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, select},
    errors::{dry_run, invalid_value, missing_parameter, refuse},
    records::{all, chosen, find, key},
    resource::Resource,
    tags,
};
use api::ec2::{
    self, AcceptVpcPeeringConnectionRequest, AcceptVpcPeeringConnectionResult, CidrBlock, CreateVpcPeeringConnectionRequest,
    CreateVpcPeeringConnectionResult, DeleteVpcPeeringConnectionRequest, DeleteVpcPeeringConnectionResult,
    DescribeVpcPeeringConnectionsRequest, DescribeVpcPeeringConnectionsResult, ModifyVpcPeeringConnectionOptionsRequest,
    ModifyVpcPeeringConnectionOptionsResult, PeeringConnectionOptions, PeeringConnectionOptionsRequest,
    RejectVpcPeeringConnectionRequest, RejectVpcPeeringConnectionResult, Tag, VpcPeeringConnection,
    VpcPeeringConnectionOptionsDescription, VpcPeeringConnectionStateReason, VpcPeeringConnectionStateReasonCode,
    VpcPeeringConnectionVpcInfo,
};
use front::{Cx, Service};
use model::{
    AccountId, Key, Region, Timestamp,
    ec2::{PeeredVpc, PeeringStatus, Tags, Vpc, VpcPeering, VpcPeeringSpec},
};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::{Fault, Time};

/// How long a request waits for its answer (VPC peering guide, "VPC peering connection lifecycle").
const WAITS_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateVpcPeeringConnection>(
            access::on(|cx, i: &CreateVpcPeeringConnectionRequest| {
                vec![access::one(cx, Resource::VPC_PEERING, "*"), access::one(cx, Resource::VPC, &i.vpc_id)]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::VPC_PEERING, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::AcceptVpcPeeringConnection>(
            access::found(|cx, snapshot, i: &AcceptVpcPeeringConnectionRequest| {
                let peering = snapshot.spec(&key::<VpcPeering>(cx, &i.vpc_peering_connection_id))?;
                let vpc = access::one(cx, Resource::VPC, peering.as_ref().map_or("*", |it| &it.accepter.vpc));
                Ok(vec![access::one(cx, Resource::VPC_PEERING, &i.vpc_peering_connection_id), vpc])
            }),
            accept,
        )
        .op::<ec2::RejectVpcPeeringConnection>(
            access::on(|cx, i| vec![access::one(cx, Resource::VPC_PEERING, &i.vpc_peering_connection_id)]),
            reject,
        )
        .op::<ec2::DeleteVpcPeeringConnection>(
            access::on(|cx, i| vec![access::one(cx, Resource::VPC_PEERING, &i.vpc_peering_connection_id)]),
            delete,
        )
        .op::<ec2::ModifyVpcPeeringConnectionOptions>(
            access::on(|cx, i| vec![access::one(cx, Resource::VPC_PEERING, &i.vpc_peering_connection_id)]),
            modify_options,
        )
        .op::<ec2::DescribeVpcPeeringConnections>(access::all(), describe)
}

/// `CreateVpcPeeringConnection`. What can't be is made all the same, and has failed.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateVpcPeeringConnectionRequest) -> Result<CreateVpcPeeringConnectionResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[("RequesterPeeringConnectionOptions", input.requester_peering_connection_options.is_some())])?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::VPC_PEERING)?;
    let own = find::<Vpc>(cx, tx, &input.vpc_id)?;
    let requester = PeeredVpc {
        account: cx.account.clone(),
        region: cx.region.clone(),
        vpc: input.vpc_id.clone(),
        cidrs: own.cidrs().collect(),
    };
    let accepter = accepter(cx, tx, input)?;
    let overlap = requester.cidrs.iter().any(|one| accepter.cidrs.iter().any(|other| one.overlaps(*other)));
    let same =
        |it: &PeeredVpc, other: &PeeredVpc| (&it.account, &it.region, &it.vpc) == (&other.account, &other.region, &other.vpc);
    let is_open =
        |it: &VpcPeeringSpec| matches!(status(it, cx.now), Some(PeeringStatus::Active | PeeringStatus::PendingAcceptance));
    let between = |it: &VpcPeeringSpec| {
        same(&it.requester, &requester) && same(&it.accepter, &accepter)
            || same(&it.requester, &accepter) && same(&it.accepter, &requester)
    };
    if let Some((id, _)) = all::<VpcPeering>(cx, tx)?.iter().find(|(_, it)| is_open(it) && between(it)) {
        let message = format!("A VPC peering connection {id} between the VPCs already exists");
        return Err(Fault::client("VpcPeeringConnectionAlreadyExists", message));
    }
    let failed = overlap || accepter.cidrs.is_empty();
    let id = format!("pcx-{}", cx.env.hex(17));
    let spec = VpcPeeringSpec {
        requester,
        accepter,
        status: if failed { PeeringStatus::Failed } else { PeeringStatus::PendingAcceptance },
        since: cx.now,
        expires_at: Timestamp(cx.now.0 + WAITS_MS),
        tags,
    };
    let [here, there] = keys(&id, &spec);
    tx.create(&here, &spec)?;
    if !failed && (&there.account, &there.region) != (&here.account, &here.region) {
        tx.create(&there, &VpcPeeringSpec { tags: Tags::new(), ..spec.clone() })?;
    }
    Ok(CreateVpcPeeringConnectionResult { vpc_peering_connection: Some(view(&id, &spec, cx.now)) })
}

/// The keys of the two sides' records, which may be one.
fn keys(id: &str, spec: &VpcPeeringSpec) -> [Key<VpcPeering>; 2] {
    [&spec.requester, &spec.accepter].map(|side| Key::new(&side.account, &side.region, id))
}

/// The other side. Of another's VPC nothing is told, not even that it isn't there.
fn accepter(cx: &Cx, tx: &Tx, input: &CreateVpcPeeringConnectionRequest) -> Result<PeeredVpc, Fault> {
    let vpc = input.peer_vpc_id.clone().ok_or_else(|| missing_parameter("peerVpcId"))?;
    let account = match &input.peer_owner_id {
        Some(account) => AccountId::parse(account).map_err(|_| Resource::VPC.absent(&vpc))?,
        None => cx.account.clone(),
    };
    let region = match &input.peer_region {
        Some(region) => {
            Region::parse(region).map_err(|_| invalid_value(format!("Value ({region}) for parameter peerRegion is invalid.")))?
        }
        None => cx.region.clone(),
    };
    let found = tx.spec(&Key::<Vpc>::new(&account, &region, &vpc))?;
    if found.is_none() && (&account, &region) == (&cx.account, &cx.region) {
        return Err(Resource::VPC.absent(&vpc));
    }
    Resource::VPC.check(&vpc)?;
    Ok(PeeredVpc { account, region, vpc, cidrs: found.iter().flat_map(|it| it.cidrs()).collect() })
}

/// How far a connection has come by now; none of a request that has lapsed.
fn status(spec: &VpcPeeringSpec, now: Timestamp) -> Option<PeeringStatus> {
    let lapsed = spec.status == PeeringStatus::PendingAcceptance && spec.expires_at <= now;
    (!lapsed).then_some(spec.status)
}

/// Whether two VPCs of the caller's in this region are peered.
pub fn are_peered(cx: &Cx, read: &impl Read, one: &str, other: &str) -> Result<bool, Fault> {
    let between = |it: &VpcPeeringSpec| {
        let sides = [it.requester.vpc.as_str(), it.accepter.vpc.as_str()];
        it.status == PeeringStatus::Active && sides.contains(&one) && sides.contains(&other)
    };
    Ok(all::<VpcPeering>(cx, read)?.iter().any(|(_, it)| between(it)))
}

/// Writes how far both sides have come.
fn advance(tx: &mut Tx, id: &str, spec: &VpcPeeringSpec, status: PeeringStatus, now: Timestamp) -> Result<(), Fault> {
    for key in keys(id, spec) {
        if tx.exists(&key)? {
            tx.update_spec(&key, |it| (it.status, it.since) = (status, now))?;
        }
    }
    Ok(())
}

/// A request that waits for an answer by the caller.
fn waiting(cx: &Cx, tx: &Tx, id: &str, verb: &str) -> Result<Arc<VpcPeeringSpec>, Fault> {
    let spec = find::<VpcPeering>(cx, tx, id)?;
    if (&spec.accepter.account, &spec.accepter.region) != (&cx.account, &cx.region) {
        let message = format!("User {} cannot {verb} peering {id}", cx.account);
        return Err(Fault::client("OperationNotPermitted", message));
    }
    if status(&spec, cx.now) != Some(PeeringStatus::PendingAcceptance) {
        let message = format!("VpcPeeringConnection {id} cannot be {verb}ed: it is not pending acceptance");
        return Err(Fault::client("InvalidStateTransition", message));
    }
    Ok(spec)
}

/// `AcceptVpcPeeringConnection`.
fn accept(cx: &Cx, tx: &mut Tx, input: &AcceptVpcPeeringConnectionRequest) -> Result<AcceptVpcPeeringConnectionResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.vpc_peering_connection_id;
    let spec = waiting(cx, tx, id, "accept")?;
    advance(tx, id, &spec, PeeringStatus::Active, cx.now)?;
    let spec = find::<VpcPeering>(cx, tx, id)?;
    Ok(AcceptVpcPeeringConnectionResult { vpc_peering_connection: Some(view(id, &spec, cx.now)) })
}

/// `RejectVpcPeeringConnection`.
fn reject(cx: &Cx, tx: &mut Tx, input: &RejectVpcPeeringConnectionRequest) -> Result<RejectVpcPeeringConnectionResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.vpc_peering_connection_id;
    let spec = waiting(cx, tx, id, "reject")?;
    advance(tx, id, &spec, PeeringStatus::Rejected, cx.now)?;
    Ok(RejectVpcPeeringConnectionResult { r#return: Some(true) })
}

/// `DeleteVpcPeeringConnection`: by either side; a request that waits, by the one who made it.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteVpcPeeringConnectionRequest) -> Result<DeleteVpcPeeringConnectionResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.vpc_peering_connection_id;
    let spec = find::<VpcPeering>(cx, tx, id)?;
    let asked_here = (&spec.requester.account, &spec.requester.region) == (&cx.account, &cx.region);
    match status(&spec, cx.now) {
        Some(PeeringStatus::Active) => {}
        Some(PeeringStatus::PendingAcceptance) if asked_here => {}
        _ => {
            let message = format!("VpcPeeringConnection {id} cannot be deleted in its present state");
            return Err(Fault::client("InvalidStateTransition", message));
        }
    }
    advance(tx, id, &spec, PeeringStatus::Deleted, cx.now)?;
    Ok(DeleteVpcPeeringConnectionResult { r#return: Some(true) })
}

/// `ModifyVpcPeeringConnectionOptions`. What could be switched on isn't built; off it is already.
fn modify_options(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyVpcPeeringConnectionOptionsRequest,
) -> Result<ModifyVpcPeeringConnectionOptionsResult, Fault> {
    dry_run(input.dry_run)?;
    find::<VpcPeering>(cx, tx, &input.vpc_peering_connection_id)?;
    let side = |options: &Option<PeeringConnectionOptionsRequest>| -> Result<Option<PeeringConnectionOptions>, Fault> {
        let Some(options) = options else { return Ok(None) };
        refuse(&[
            ("AllowDnsResolutionFromRemoteVpc", options.allow_dns_resolution_from_remote_vpc == Some(true)),
            (
                "AllowEgressFromLocalClassicLinkToRemoteVpc",
                options.allow_egress_from_local_classic_link_to_remote_vpc == Some(true),
            ),
            (
                "AllowEgressFromLocalVpcToRemoteClassicLink",
                options.allow_egress_from_local_vpc_to_remote_classic_link == Some(true),
            ),
            ("AllowMultipathResilience", options.allow_multipath_resilience == Some(true)),
            ("MultipathResilienceMode", options.multipath_resilience_mode.is_some()),
        ])?;
        let off = Some(false);
        Ok(Some(PeeringConnectionOptions { allow_dns_resolution_from_remote_vpc: off, ..PeeringConnectionOptions::default() }))
    };
    Ok(ModifyVpcPeeringConnectionOptionsResult {
        accepter_peering_connection_options: side(&input.accepter_peering_connection_options)?,
        requester_peering_connection_options: side(&input.requester_peering_connection_options)?,
    })
}

/// `DescribeVpcPeeringConnections`.
fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeVpcPeeringConnectionsRequest,
) -> Result<DescribeVpcPeeringConnectionsResult, Fault> {
    dry_run(input.dry_run)?;
    let views = chosen::<VpcPeering>(cx, tx, input.vpc_peering_connection_ids.as_deref())?
        .iter()
        .map(|(id, spec)| view(id, spec, cx.now))
        .collect();
    let query = Query {
        ids: input.vpc_peering_connection_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (found, next_token) = select(views, query)?;
    Ok(DescribeVpcPeeringConnectionsResult { vpc_peering_connections: Some(found), next_token })
}

fn view(id: &str, spec: &VpcPeeringSpec, now: Timestamp) -> VpcPeeringConnection {
    let waits = status(spec, now) == Some(PeeringStatus::PendingAcceptance);
    VpcPeeringConnection {
        accepter_vpc_info: Some(side(&spec.accepter, spec.status == PeeringStatus::Active)),
        expiration_time: waits.then_some(Time(spec.expires_at.0)),
        requester_vpc_info: Some(side(&spec.requester, true)),
        status: Some(reason(spec, now)),
        tags: Some(tags::view(&spec.tags)),
        vpc_peering_connection_id: Some(id.into()),
        ..VpcPeeringConnection::default()
    }
}

/// Nothing is told of the other side's addresses before it has accepted.
fn side(vpc: &PeeredVpc, told: bool) -> VpcPeeringConnectionVpcInfo {
    let cidrs = || vpc.cidrs.iter().filter(|_| told);
    VpcPeeringConnectionVpcInfo {
        cidr_block: cidrs().next().map(|it| it.to_string()),
        cidr_block_set: Some(cidrs().map(|it| CidrBlock { cidr_block: Some(it.to_string()) }).collect()),
        owner_id: Some(vpc.account.to_string()),
        peering_options: told.then(|| VpcPeeringConnectionOptionsDescription {
            allow_dns_resolution_from_remote_vpc: Some(false),
            allow_egress_from_local_classic_link_to_remote_vpc: Some(false),
            allow_egress_from_local_vpc_to_remote_classic_link: Some(false),
            ..VpcPeeringConnectionOptionsDescription::default()
        }),
        vpc_id: Some(vpc.vpc.clone()),
        region: Some(vpc.region.to_string()),
        ..VpcPeeringConnectionVpcInfo::default()
    }
}

fn reason(spec: &VpcPeeringSpec, now: Timestamp) -> VpcPeeringConnectionStateReason {
    let (code, message) = match status(spec, now) {
        Some(PeeringStatus::Active) => (VpcPeeringConnectionStateReasonCode::Active, "Active".to_owned()),
        Some(PeeringStatus::PendingAcceptance) => {
            let message = format!("Pending Acceptance by {}", spec.accepter.account);
            (VpcPeeringConnectionStateReasonCode::PendingAcceptance, message)
        }
        Some(PeeringStatus::Rejected) => {
            (VpcPeeringConnectionStateReasonCode::Rejected, format!("Rejected by {}", spec.accepter.account))
        }
        Some(PeeringStatus::Deleted) => (VpcPeeringConnectionStateReasonCode::Deleted, "Deleted".to_owned()),
        Some(PeeringStatus::Failed) => {
            let message = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range";
            (VpcPeeringConnectionStateReasonCode::Failed, message.to_owned())
        }
        None => (VpcPeeringConnectionStateReasonCode::Expired, "Expired".to_owned()),
    };
    VpcPeeringConnectionStateReason { code: Some(code), message: Some(message) }
}

fn of(vpc: &Option<VpcPeeringConnectionVpcInfo>, texts: fn(&VpcPeeringConnectionVpcInfo) -> Vec<String>) -> Vec<String> {
    vpc.iter().flat_map(texts).collect()
}

impl Described for VpcPeeringConnection {
    const RESOURCE: Resource = Resource::VPC_PEERING;
    const IDS: &'static str = "VpcPeeringConnectionIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("accepter-vpc-info.cidr-block", |it| of(&it.accepter_vpc_info, |one| one.cidr_block.texts())),
        ("accepter-vpc-info.owner-id", |it| of(&it.accepter_vpc_info, |one| one.owner_id.texts())),
        ("accepter-vpc-info.vpc-id", |it| of(&it.accepter_vpc_info, |one| one.vpc_id.texts())),
        ("expiration-time", |it| it.expiration_time.texts()),
        ("requester-vpc-info.cidr-block", |it| of(&it.requester_vpc_info, |one| one.cidr_block.texts())),
        ("requester-vpc-info.owner-id", |it| of(&it.requester_vpc_info, |one| one.owner_id.texts())),
        ("requester-vpc-info.vpc-id", |it| of(&it.requester_vpc_info, |one| one.vpc_id.texts())),
        ("status-code", |it| it.status.iter().filter_map(|one| Some(one.code?.as_str().into())).collect()),
        ("status-message", |it| it.status.iter().flat_map(|one| one.message.texts()).collect()),
        ("vpc-peering-connection-id", |it| it.vpc_peering_connection_id.texts()),
    ];

    fn id(&self) -> &str {
        self.vpc_peering_connection_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
