//! What policies would say to requests.

use super::super::{
    access, context_entries, errors,
    paging::{Asked, asked, page},
    simulation::{Scenario, Who},
    sources::{self, Holder, Source, Sources},
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use logic::policy::Kind;
use model::{AccountId, Arn, iam::global_arn};
use sdk::{PolicyIdentifierPolicyType as Identified, PolicySourceType};
use spine::Tx;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::SimulateCustomPolicy>(Access::all(), custom)
        .op::<sdk::SimulatePrincipalPolicy>(Access::on(|_, i| access::arn(&i.policy_source_arn)), principal)
}

fn custom(cx: &Cx, _: &mut Tx, input: &sdk::SimulateCustomPolicyRequest) -> Answer<sdk::SimulatePolicyResponse> {
    refuse_handling(input.resource_handling_option.as_ref())?;
    let who = user(input.caller_arn.as_deref())?;
    if input.resource_policy.is_some() && who.is_none() {
        return Err(caller_needed());
    }
    let who = who.unwrap_or_else(|| nobody(cx));
    let levels = input.ordered_organization_policy_input_list.iter().flatten();
    let scenario = Scenario {
        actions: actions(&input.action_names)?,
        resources: resources(input.resource_arns.as_ref())?,
        context: context_entries::read(cx, &who, input.context_entries.as_deref().unwrap_or_default())?,
        caller: who,
        identity: documents("PolicyInputList", Some(&input.policy_input_list), Kind::Identity)?,
        boundary: boundary(input.permissions_boundary_policy_input_list.as_ref())?,
        organization: levels
            .map(|level| {
                let documents_of_level = level.service_control_policy_input_list.as_ref();
                documents("ServiceControlPolicyInputList", documents_of_level, Kind::ServiceControl)
            })
            .collect::<Answer<_>>()?,
        resource_policy: resource_policy(input.resource_policy.as_deref())?,
        owner: owner(input.resource_owner.as_deref())?,
    };
    answer(&scenario, asked(&input.marker, input.max_items))
}

fn principal(cx: &Cx, tx: &mut Tx, input: &sdk::SimulatePrincipalPolicyRequest) -> Answer<sdk::SimulatePolicyResponse> {
    refuse_handling(input.resource_handling_option.as_ref())?;
    let mut found = sources::of(cx, tx, &input.policy_source_arn)?;
    for excluded in input.policy_exclusion_list.iter().flatten() {
        exclude(&mut found, excluded)?;
    }
    let named = user(input.caller_arn.as_deref())?;
    if input.resource_policy.is_some() && named.is_none() && !matches!(found.holder, Holder::User(_)) {
        return Err(caller_needed());
    }
    let who = named.unwrap_or_else(|| of_holder(cx, &found.holder));
    let more = documents("PolicyInputList", input.policy_input_list.as_ref(), Kind::Identity)?;
    let given = boundary(input.permissions_boundary_policy_input_list.as_ref())?;
    let scenario = Scenario {
        actions: actions(&input.action_names)?,
        resources: resources(input.resource_arns.as_ref())?,
        context: context_entries::read(cx, &who, input.context_entries.as_deref().unwrap_or_default())?,
        caller: who,
        identity: found.identity.into_iter().chain(more).collect(),
        boundary: given.or(found.boundary),
        organization: Vec::new(),
        resource_policy: resource_policy(input.resource_policy.as_deref())?,
        owner: owner(input.resource_owner.as_deref())?,
    };
    answer(&scenario, asked(&input.marker, input.max_items))
}

fn answer(scenario: &Scenario, asked: Asked<'_>) -> Answer<sdk::SimulatePolicyResponse> {
    let results = scenario.results().into_iter().enumerate().collect();
    let page = page(results, asked, |(index, _)| format!("{index:08}"))?.map(|(_, result)| result);
    Ok(sdk::SimulatePolicyResponse { evaluation_results: Some(page.shown), is_truncated: page.is_truncated, marker: page.marker })
}

/// An action is a service's prefix and a name, without wildcards.
fn actions(names: &[String]) -> Answer<Vec<String>> {
    let fits = |name: &str| {
        let plain =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        name.split_once(':').is_some_and(|(service, operation)| plain(service) && plain(operation))
    };
    match names.iter().find(|name| !fits(name)) {
        Some(bad) => Err(errors::invalid_input(format!("Invalid Action Name: {bad}"))),
        None => Ok(names.to_vec()),
    }
}

/// ARNs, or `*` for all.
fn resources(given: Option<&Vec<String>>) -> Answer<Option<Vec<String>>> {
    let bad = given.into_iter().flatten().filter(|name| *name != "*" && name.parse::<Arn>().is_err());
    let bad: Vec<&str> = bad.map(String::as_str).collect();
    if !bad.is_empty() {
        return Err(errors::invalid_input(format!("ResourceNames are not in a valid ARN format: {}.", bad.join(", "))));
    }
    Ok(given.filter(|names| !names.is_empty()).cloned())
}

fn documents(id: &str, given: Option<&Vec<String>>, kind: Kind) -> Answer<Vec<Source>> {
    let numbered = given.into_iter().flatten().enumerate();
    numbered.map(|(index, text)| sources::given(format!("{id}.{}", index + 1), text, kind, PolicySourceType::None)).collect()
}

fn boundary(given: Option<&Vec<String>>) -> Answer<Option<Source>> {
    let mut found = documents("PermissionsBoundaryPolicyInputList", given, Kind::Identity)?;
    if found.len() > 1 {
        return Err(errors::invalid_input("Only one permissions boundary policy can be given."));
    }
    Ok(found.pop())
}

fn resource_policy(given: Option<&str>) -> Answer<Option<Source>> {
    given.map(|text| sources::given("ResourcePolicy".into(), text, Kind::Resource, PolicySourceType::Resource)).transpose()
}

/// An account, by its number or by its root's ARN.
fn owner(given: Option<&str>) -> Answer<Option<String>> {
    let Some(given) = given else { return Ok(None) };
    let account = given.parse::<Arn>().map_or_else(|_| given.to_owned(), |arn| arn.account);
    match AccountId::parse(&account) {
        Ok(_) => Ok(Some(account)),
        Err(_) => Err(errors::invalid_input(format!("'{given}' is not a valid as a Resource Owner."))),
    }
}

/// The user who is simulated to call.
fn user(arn: Option<&str>) -> Answer<Option<Who>> {
    let Some(arn) = arn else { return Ok(None) };
    let parsed = arn.parse::<Arn>().ok().filter(|arn| arn.resource_id("iam", "user").is_some());
    let account = parsed.map(|arn| arn.account).filter(|account| AccountId::parse(account).is_ok());
    let account =
        account.ok_or_else(|| errors::invalid_input(format!("Invalid Caller Arn: {arn} is not the ARN of an IAM user.")))?;
    Ok(Some(Who { arn: arn.to_owned(), account, role: None }))
}

/// A user without a name.
fn nobody(cx: &Cx) -> Who {
    Who { arn: String::new(), account: cx.account.to_string(), role: None }
}

fn of_holder(cx: &Cx, holder: &Holder) -> Who {
    let account = cx.account.to_string();
    match holder {
        Holder::User(arn) => Who { arn: arn.to_string(), account, role: None },
        Holder::Group => nobody(cx),
        Holder::Role(arn) => {
            let name = model::iam::base_name(&arn.resource);
            let session = global_arn("sts", &cx.account, format!("assumed-role/{name}/simulated"));
            Who { arn: session.to_string(), account, role: Some(arn.to_string()) }
        }
    }
}

/// Leaves policies out: all of a type, or one.
fn exclude(found: &mut Sources, excluded: &sdk::PolicyIdentifier) -> Answer<()> {
    match (excluded.policy_type, &excluded.policy_arn, &excluded.inline_policy_identifier) {
        (Some(Identified::Scp | Identified::Rcp), ..) => return Err(errors::not_built("PolicyExclusionList of organizations")),
        (Some(Identified::PermissionBoundary), ..) => found.boundary = None,
        (Some(Identified::Inline), ..) => found.identity.retain(|source| source.inline.is_none()),
        (Some(Identified::AwsManaged), ..) => found.identity.retain(|source| source.kind != PolicySourceType::AwsManaged),
        (Some(Identified::UserManaged), ..) => found.identity.retain(|source| source.kind != PolicySourceType::UserManaged),
        (None, Some(arn), _) => found.identity.retain(|source| source.arn.as_ref() != Some(arn)),
        (None, None, Some(inline)) => {
            let gone = Some((inline.attachment_name.clone(), inline.policy_name.clone()));
            found.identity.retain(|source| source.inline != gone);
        }
        (None, None, None) => {}
    }
    Ok(())
}

fn caller_needed() -> wire::Fault {
    errors::invalid_input("CallerArn is required if ResourcePolicy is included.")
}

fn refuse_handling(option: Option<&String>) -> Answer<()> {
    if option.is_some() { Err(errors::not_built("ResourceHandlingOption")) } else { Ok(()) }
}
