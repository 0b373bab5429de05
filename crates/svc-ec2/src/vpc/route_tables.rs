//! Route tables, and which subnets have them.

use super::tokens::{Asked, asked};
use crate::{
    access::{self, TAG},
    errors::{
        already_associated, different_networks, dry_run, has_dependencies, invalid_value, missing_parameter, no_association,
        refuse,
    },
    ops::describe::route_table as view,
    quotas,
    records::{Named, all, find, key},
    resource::Resource,
    tags,
    views::association_state,
};
use api::ec2::{
    self, AssociateRouteTableRequest, AssociateRouteTableResult, CreateRouteTableRequest, CreateRouteTableResult,
    DeleteRouteTableRequest, DisassociateRouteTableRequest, ReplaceRouteTableAssociationRequest,
    ReplaceRouteTableAssociationResult, RouteTableAssociationStateCode,
};
use front::{Cx, Service};
use model::ec2::{RouteTable, RouteTableSpec, Subnet, Vpc};
use spine::{Read, Tx};
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateRouteTable>(
            access::on(|cx, i: &CreateRouteTableRequest| {
                vec![access::one(cx, Resource::ROUTE_TABLE, "*"), access::one(cx, Resource::VPC, &i.vpc_id)]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::ROUTE_TABLE, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteRouteTable>(access::on(|cx, i| vec![access::one(cx, Resource::ROUTE_TABLE, &i.route_table_id)]), delete)
        .op::<ec2::AssociateRouteTable>(
            access::on(|cx, i: &AssociateRouteTableRequest| {
                let subnet = i.subnet_id.iter().map(|id| access::one(cx, Resource::SUBNET, id));
                let gateway = i.gateway_id.iter().map(|id| access::one(cx, Resource::INTERNET_GATEWAY, id));
                std::iter::once(access::one(cx, Resource::ROUTE_TABLE, &i.route_table_id)).chain(subnet).chain(gateway).collect()
            }),
            associate,
        )
        .op::<ec2::DisassociateRouteTable>(
            access::found(|cx, snapshot, i: &DisassociateRouteTableRequest| {
                let table = associated(cx, snapshot, &i.association_id)?.map(|((id, _), _)| id);
                Ok(vec![access::one(cx, Resource::ROUTE_TABLE, table.as_deref().unwrap_or("*"))])
            }),
            disassociate,
        )
        .op::<ec2::ReplaceRouteTableAssociation>(
            access::on(|cx, i| vec![access::one(cx, Resource::ROUTE_TABLE, &i.route_table_id)]),
            replace,
        )
}

/// `CreateRouteTable`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateRouteTableRequest) -> Result<CreateRouteTableResult, Fault> {
    dry_run(input.dry_run)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::ROUTE_TABLE)?;
    find::<Vpc>(cx, tx, &input.vpc_id)?;
    let answer = |table| CreateRouteTableResult { route_table: Some(table), client_token: input.client_token.clone() };
    let client_token = match asked::<RouteTable>(cx, tx, input.client_token.as_deref(), input, |it| it.client_token.as_ref())? {
        Asked::Before((id, spec)) => return Ok(answer(view(cx, tx, &id, &spec)?)),
        Asked::New(token) => token,
    };
    quotas::ROUTE_TABLES.check_one::<RouteTable>(cx, |table| table.vpc == input.vpc_id)?;
    let id = format!("rtb-{}", cx.env.hex(17));
    let spec = RouteTableSpec {
        vpc: input.vpc_id.clone(),
        routes: Vec::new(),
        main_association: None,
        associations: Vec::new(),
        client_token,
        tags,
    };
    tx.create(&key::<RouteTable>(cx, &id), &spec)?;
    Ok(answer(view(cx, tx, &id, &spec)?))
}

/// `DeleteRouteTable`: not of one that subnets have, the main one least of all.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteRouteTableRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.route_table_id;
    let table = find::<RouteTable>(cx, tx, id)?;
    if table.main_association.is_some() || !table.associations.is_empty() {
        return Err(has_dependencies("routeTable", id));
    }
    Ok(tx.delete(&key::<RouteTable>(cx, id))?)
}

/// `AssociateRouteTable`.
fn associate(cx: &Cx, tx: &mut Tx, input: &AssociateRouteTableRequest) -> Result<AssociateRouteTableResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[("GatewayId", input.gateway_id.is_some()), ("PublicIpv4Pool", input.public_ipv4_pool.is_some())])?;
    let subnet_id = input.subnet_id.as_ref().ok_or_else(|| missing_parameter("subnetId"))?;
    let table = find::<RouteTable>(cx, tx, &input.route_table_id)?;
    let subnet = find::<Subnet>(cx, tx, subnet_id)?;
    if table.vpc != subnet.vpc {
        return Err(different_networks(&format!("Route table {}", input.route_table_id), &format!("subnet {subnet_id}")));
    }
    let of_subnet = |(id, table): &Named<RouteTable>| {
        let found = table.associations.iter().find(|(subnet, _)| subnet == subnet_id);
        found.map(|(_, association)| (id.clone(), association.clone()))
    };
    let answer = |id: String| AssociateRouteTableResult {
        association_id: Some(id),
        association_state: Some(association_state(RouteTableAssociationStateCode::Associated)),
    };
    match all::<RouteTable>(cx, tx)?.iter().find_map(of_subnet) {
        Some((table, association)) if table == input.route_table_id => return Ok(answer(association)),
        Some((table, _)) => {
            let message = format!("the specified association for route table {table} conflicts with an existing association");
            return Err(already_associated(message));
        }
        None => {}
    }
    let association = format!("rtbassoc-{}", cx.env.hex(17));
    let made = (subnet_id.clone(), association.clone());
    tx.update_spec(&key::<RouteTable>(cx, &input.route_table_id), |table| table.associations.push(made))?;
    Ok(answer(association))
}

/// A table, and the subnet that has it; none where it is the main one.
type Associated = (Named<RouteTable>, Option<String>);

/// The association with that id.
fn associated(cx: &Cx, read: &impl Read, id: &str) -> Result<Option<Associated>, Fault> {
    let subnet = |table: &RouteTableSpec| {
        let found = table.associations.iter().find(|(_, association)| association == id);
        let main = table.main_association.as_deref() == Some(id);
        found.map(|(subnet, _)| Some(subnet.clone())).or(main.then_some(None))
    };
    Ok(all::<RouteTable>(cx, read)?.into_iter().find_map(|table| subnet(&table.1).map(|subnet| (table, subnet))))
}

/// `DisassociateRouteTable`: the subnet has the main one again.
fn disassociate(cx: &Cx, tx: &mut Tx, input: &DisassociateRouteTableRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.association_id;
    let ((table, _), subnet) = associated(cx, tx, id)?.ok_or_else(|| no_association(id))?;
    if subnet.is_none() {
        return Err(invalid_value(format!("cannot disassociate the main route table association {id}")));
    }
    Ok(tx.update_spec(&key::<RouteTable>(cx, table), |table| table.associations.retain(|(_, it)| it != id))?)
}

/// `ReplaceRouteTableAssociation`: another table for a subnet, or another main one. The association gets a new id.
fn replace(
    cx: &Cx,
    tx: &mut Tx,
    input: &ReplaceRouteTableAssociationRequest,
) -> Result<ReplaceRouteTableAssociationResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.association_id;
    let new = find::<RouteTable>(cx, tx, &input.route_table_id)?;
    let ((old_id, old), subnet) = associated(cx, tx, id)?.ok_or_else(|| no_association(id))?;
    if old.vpc != new.vpc {
        let one = format!("Route table {}", input.route_table_id);
        return Err(different_networks(&one, &format!("route table {old_id}")));
    }
    let association = format!("rtbassoc-{}", cx.env.hex(17));
    tx.update_spec(&key::<RouteTable>(cx, old_id), |table| {
        table.associations.retain(|(_, it)| it != id);
        table.main_association.take_if(|it| it == id);
    })?;
    tx.update_spec(&key::<RouteTable>(cx, &input.route_table_id), |table| match subnet {
        Some(subnet) => table.associations.push((subnet, association.clone())),
        None => table.main_association = Some(association.clone()),
    })?;
    Ok(ReplaceRouteTableAssociationResult {
        new_association_id: Some(association),
        association_state: Some(association_state(RouteTableAssociationStateCode::Associated)),
    })
}
