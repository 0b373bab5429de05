//! How the CPU credits of burstable instances are spent.

use super::{
    defaults,
    describe::page_of,
    load::{self, Loaded},
    views,
};
use crate::{
    describe::{Field, Text, matching, page},
    errors::{dry_run, invalid_combination, missing_parameter},
    records::key,
};
use api::ec2::{
    DescribeInstanceCreditSpecificationsRequest, DescribeInstanceCreditSpecificationsResult, InstanceCreditSpecification,
    InstanceCreditSpecificationRequest, ModifyInstanceCreditSpecificationRequest, ModifyInstanceCreditSpecificationResult,
    SuccessfulInstanceCreditSpecificationItem, UnsuccessfulInstanceCreditSpecificationErrorCode as Code,
    UnsuccessfulInstanceCreditSpecificationItem, UnsuccessfulInstanceCreditSpecificationItemError,
};
use front::{Answer, Cx};
use logic::{instance::credits_of, instance_type};
use model::ec2::Instance;
use spine::{Read, Scope, Tx};
use std::collections::BTreeSet;
use wire::Fault;

fn is_burstable(loaded: &Loaded) -> bool {
    let kind = instance_type::named(&loaded.spec.instance_type);
    kind.is_some_and(|kind| credits_of(&kind.name, u32::try_from(kind.vcpus).unwrap_or_default()).is_some())
}

const FIELDS: &[Field<InstanceCreditSpecification>] = &[("instance-id", |it| it.instance_id.texts())];

/// `DescribeInstanceCreditSpecifications`: of who names none, those that are unlimited.
pub fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeInstanceCreditSpecificationsRequest,
) -> Answer<DescribeInstanceCreditSpecificationsResult> {
    dry_run(input.dry_run)?;
    let filters = input.filters.as_deref().unwrap_or_default();
    let found = match input.instance_ids.as_deref().filter(|ids| !ids.is_empty()) {
        Some(_) if input.max_results.is_some() => {
            return Err(invalid_combination("The parameter InstanceIds cannot be used with the parameter MaxResults"));
        }
        Some(ids) => {
            let found = load::instances(cx, tx, ids)?;
            if let Some(other) = found.iter().find(|loaded| !is_burstable(loaded)) {
                return Err(Fault::client("InstanceCreditSpecification.NotSupported", not_supported(&other.id)));
            }
            found
        }
        None => {
            let rows = tx.list::<Instance>(Scope::Region(&cx.account, &cx.region))?;
            let all = rows.iter().map(|(key, row)| Loaded::of(&key.id, row));
            all.filter(|it| !it.is_ending() && is_burstable(it))
                .filter(|it| it.spec.attributes.unlimited_credits || !filters.is_empty())
                .collect()
        }
    };
    let views = matching(found.iter().map(views::credits).collect(), filters, FIELDS, None)?;
    let most = page_of(input.max_results, 5)?;
    let (views, next_token) = page(views, |it| it.instance_id.clone().unwrap_or_default(), most, input.next_token.as_deref())?;
    Ok(DescribeInstanceCreditSpecificationsResult { instance_credit_specifications: Some(views), next_token })
}

fn not_supported(id: &str) -> String {
    format!("The instance '{id}' is not of a burstable performance instance type.")
}

/// `ModifyInstanceCreditSpecification`: each for itself.
pub fn modify(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyInstanceCreditSpecificationRequest,
) -> Answer<ModifyInstanceCreditSpecificationResult> {
    let mut wanted = Vec::new();
    for one in &input.instance_credit_specifications {
        let text = one.cpu_credits.as_deref().ok_or_else(|| missing_parameter("InstanceCreditSpecification.CpuCredits"))?;
        wanted.push((one, defaults::credits(text)?));
    }
    let ids: BTreeSet<&String> = wanted.iter().map(|(one, _)| &one.instance_id).collect();
    if ids.len() < wanted.len() {
        let message = "The request contains the same instance ID more than once";
        return Err(Fault::client("InvalidInstanceCreditSpecification.DuplicateInstanceId", message));
    }
    dry_run(input.dry_run)?;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (one, unlimited) in wanted {
        match set(cx, tx, one, unlimited)? {
            None => done.push(SuccessfulInstanceCreditSpecificationItem { instance_id: Some(one.instance_id.clone()) }),
            Some((code, message)) => failed.push(UnsuccessfulInstanceCreditSpecificationItem {
                instance_id: Some(one.instance_id.clone()),
                error: Some(UnsuccessfulInstanceCreditSpecificationItemError { code: Some(code), message: Some(message) }),
            }),
        }
    }
    Ok(ModifyInstanceCreditSpecificationResult {
        successful_instance_credit_specifications: Some(done),
        unsuccessful_instance_credit_specifications: Some(failed),
    })
}

/// Sets one, or says why not.
fn set(cx: &Cx, tx: &mut Tx, one: &InstanceCreditSpecificationRequest, unlimited: bool) -> Answer<Option<(Code, String)>> {
    let id = &one.instance_id;
    let loaded = match load::instance(cx, tx, id) {
        Ok(loaded) => loaded,
        Err(fault) if fault.code == "InvalidInstanceID.Malformed" => {
            return Ok(Some((Code::InvalidInstanceIdMalformed, fault.message)));
        }
        Err(fault) if fault.code == "InvalidInstanceID.NotFound" => {
            return Ok(Some((Code::InvalidInstanceIdNotFound, fault.message)));
        }
        Err(fault) => return Err(fault),
    };
    if loaded.is_ending() {
        let message = format!("The instance '{id}' is not in a valid state for this operation.");
        return Ok(Some((Code::IncorrectInstanceState, message)));
    }
    if !is_burstable(&loaded) {
        return Ok(Some((Code::InstanceCreditSpecificationNotSupported, not_supported(id))));
    }
    tx.update_spec(&key::<Instance>(cx, id), |spec| spec.attributes.unlimited_credits = unlimited)?;
    Ok(None)
}
