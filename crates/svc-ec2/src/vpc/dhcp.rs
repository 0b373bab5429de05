//! DHCP options.

use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, select},
    errors::{dry_run, has_dependencies, invalid_value, missing_parameter},
    records::{all, chosen, find, key, place},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{
    self, AssociateDhcpOptionsRequest, AttributeValue, CreateDhcpOptionsRequest, CreateDhcpOptionsResult,
    DeleteDhcpOptionsRequest, DescribeDhcpOptionsRequest, DescribeDhcpOptionsResult, DhcpConfiguration, DhcpOptions as View,
    NewDhcpConfiguration, Tag,
};
use front::{Cx, Service};
use model::ec2::{DhcpOptions, DhcpOptionsSpec, Vpc};
use spine::Tx;
use std::net::Ipv4Addr;
use wire::Fault;

/// The name server of the VPC itself.
const PROVIDED: &str = "AmazonProvidedDNS";

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateDhcpOptions>(
            access::on(|cx, _: &CreateDhcpOptionsRequest| vec![access::one(cx, Resource::DHCP_OPTIONS, "*")])
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::DHCP_OPTIONS, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteDhcpOptions>(
            access::on(|cx, i| vec![access::one(cx, Resource::DHCP_OPTIONS, &i.dhcp_options_id)]),
            delete,
        )
        .op::<ec2::AssociateDhcpOptions>(
            access::on(|cx, i: &AssociateDhcpOptionsRequest| {
                vec![access::one(cx, Resource::DHCP_OPTIONS, &i.dhcp_options_id), access::one(cx, Resource::VPC, &i.vpc_id)]
            }),
            associate,
        )
        .op::<ec2::DescribeDhcpOptions>(access::all(), describe)
}

/// `CreateDhcpOptions`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateDhcpOptionsRequest) -> Result<CreateDhcpOptionsResult, Fault> {
    dry_run(input.dry_run)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::DHCP_OPTIONS)?;
    let mut options = Vec::new();
    for given in &input.dhcp_configurations {
        options.push(option(given)?);
    }
    if options.is_empty() {
        return Err(missing_parameter("dhcpConfiguration"));
    }
    let (id, spec) = (format!("dopt-{}", cx.env.hex(17)), DhcpOptionsSpec { options, tags });
    tx.create(&key::<DhcpOptions>(cx, &id), &spec)?;
    Ok(CreateDhcpOptionsResult { dhcp_options: Some(view(place(cx), &id, &spec)) })
}

/// An option, with the values that it can have (VPC user guide, "DHCP option sets").
fn option(given: &NewDhcpConfiguration) -> Result<(String, Vec<String>), Fault> {
    let name = given.key.clone().ok_or_else(|| missing_parameter("dhcpConfiguration.key"))?;
    // Addresses may come as one text, with commas between them.
    let texts = given.values.iter().flatten().flat_map(|text| text.split(','));
    let values: Vec<String> = texts.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
    if values.is_empty() {
        return Err(missing_parameter("dhcpConfiguration.value"));
    }
    match name.as_str() {
        "domain-name-servers" => addresses(&name, &values, &|text| text == PROVIDED)?,
        "ntp-servers" => addresses(&name, &values, &|_| false)?,
        "domain-name" => {}
        "netbios-name-servers" | "netbios-node-type" | "ipv6-address-preferred-lease-time" => {
            return Err(Fault::not_implemented(format!("The DHCP option {name}")));
        }
        _ => return Err(invalid_value(format!("Value ({name}) for parameter key is invalid. Unknown DHCP option"))),
    }
    Ok((name, values))
}

fn addresses(name: &str, values: &[String], besides: &dyn Fn(&str) -> bool) -> Result<(), Fault> {
    if values.len() > 4 {
        return Err(invalid_value(format!("A maximum of four values can be specified for {name}")));
    }
    match values.iter().find(|text| text.parse::<Ipv4Addr>().is_err() && !besides(text)) {
        Some(text) => {
            Err(invalid_value(format!("Value ({text}) for parameter value is invalid. Invalid DHCP option value for {name}")))
        }
        None => Ok(()),
    }
}

/// `DeleteDhcpOptions`: of those that no VPC has.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteDhcpOptionsRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.dhcp_options_id;
    find::<DhcpOptions>(cx, tx, id)?;
    if all::<Vpc>(cx, tx)?.iter().any(|(_, vpc)| vpc.dhcp_options == *id) {
        return Err(has_dependencies("dhcpOptions", id));
    }
    Ok(tx.delete(&key::<DhcpOptions>(cx, id))?)
}

/// `AssociateDhcpOptions`: those options, or by the name `default` none at all.
fn associate(cx: &Cx, tx: &mut Tx, input: &AssociateDhcpOptionsRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    find::<Vpc>(cx, tx, &input.vpc_id)?;
    if input.dhcp_options_id != "default" {
        find::<DhcpOptions>(cx, tx, &input.dhcp_options_id)?;
    }
    let id = input.dhcp_options_id.clone();
    Ok(tx.update_spec(&key::<Vpc>(cx, &input.vpc_id), |vpc| vpc.dhcp_options = id)?)
}

/// `DescribeDhcpOptions`.
fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeDhcpOptionsRequest) -> Result<DescribeDhcpOptionsResult, Fault> {
    dry_run(input.dry_run)?;
    let views = chosen::<DhcpOptions>(cx, tx, input.dhcp_options_ids.as_deref())?
        .iter()
        .map(|(id, spec)| view(place(cx), id, spec))
        .collect();
    let query = Query {
        ids: input.dhcp_options_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (options, next_token) = select(views, query)?;
    Ok(DescribeDhcpOptionsResult { next_token, dhcp_options: Some(options) })
}

fn view(place: Place<'_>, id: &str, spec: &DhcpOptionsSpec) -> View {
    let value = |value: &String| AttributeValue { value: Some(value.clone()) };
    let option = |(name, values): &(String, Vec<String>)| DhcpConfiguration {
        key: Some(name.clone()),
        values: Some(values.iter().map(value).collect()),
    };
    View {
        owner_id: place.owner(),
        tags: Some(tags::view(&spec.tags)),
        dhcp_options_id: Some(id.into()),
        dhcp_configurations: Some(spec.options.iter().map(option).collect()),
    }
}

impl Described for View {
    const RESOURCE: Resource = Resource::DHCP_OPTIONS;
    const IDS: &'static str = "DhcpOptionsIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("dhcp-options-id", |it| it.dhcp_options_id.texts()),
        ("key", |it| it.dhcp_configurations.iter().flatten().flat_map(|one| one.key.texts()).collect()),
        ("owner-id", |it| it.owner_id.texts()),
        ("value", |it| {
            let values = it.dhcp_configurations.iter().flatten().flat_map(|one| one.values.iter().flatten());
            values.flat_map(|value| value.value.texts()).collect()
        }),
    ];

    fn id(&self) -> &str {
        self.dhcp_options_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
