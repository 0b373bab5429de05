//! How many invocations at a time: what functions reserve, and what is kept ready for them (Lambda developer guide, "Understanding Lambda
//! function scaling").

use super::functions::{CODE_STORAGE, code_stored};
use crate::lambda::{
    errors, find,
    names::{self, Named},
    page::{Asked, page},
    views,
};
use api::lambda as sdk;
use front::{Answer, Cx};
use logic::function::concurrency::{NEVER_RESERVED, OF_AN_ACCOUNT};
use model::{
    Key,
    lambda::{Alias, Function, LATEST, Provisioned, ProvisionedObserved, ProvisionedSpec},
};
use spine::{Read, Row, Scope, Specs, Tx};

/// What functions have reserved.
fn reserved(functions: &Specs<Function>) -> u32 {
    functions.iter().filter_map(|(_, spec)| spec.reserved_concurrency).sum()
}

/// The functions that share their concurrency with one, which is among them.
fn beside(read: &impl Read, function: &Key<Function>) -> Answer<Specs<Function>> {
    Ok(read.specs::<Function>(Scope::Region(&function.account, &function.region))?)
}

/// `PutFunctionConcurrency`.
pub fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutFunctionConcurrencyRequest) -> Answer<sdk::Concurrency> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let wanted = u32::try_from(input.reserved_concurrent_executions).unwrap_or_default();
    let mut others = beside(tx, &function)?;
    others.retain(|(other, _)| *other != function);
    let taken = reserved(&others).saturating_add(wanted);
    if OF_AN_ACCOUNT.saturating_sub(taken) < NEVER_RESERVED {
        return Err(errors::invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{NEVER_RESERVED}]."
        )));
    }
    let ready = provisioned(tx, &function)?.iter().map(|(_, row)| row.spec.requested).sum::<u32>();
    if wanted < ready {
        return Err(errors::invalid(format!(
            "ReservedConcurrentExecutions {wanted} should not be lower than function's total provisioned concurrency [{ready}]."
        )));
    }
    tx.update_spec(&function, |spec| spec.reserved_concurrency = Some(wanted))?;
    Ok(sdk::Concurrency { reserved_concurrent_executions: views::number(wanted) })
}

/// `GetFunctionConcurrency`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetFunctionConcurrencyRequest) -> Answer<sdk::GetFunctionConcurrencyResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    let own = find::function(tx, &function)?.reserved_concurrency;
    Ok(sdk::GetFunctionConcurrencyResponse { reserved_concurrent_executions: own.and_then(views::number) })
}

/// `DeleteFunctionConcurrency`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteFunctionConcurrencyRequest) -> Answer<()> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    Ok(tx.update_spec(&function, |spec| spec.reserved_concurrency = None)?)
}

/// `GetAccountSettings`.
pub fn account(cx: &Cx, tx: &mut Tx, _: &sdk::GetAccountSettingsRequest) -> Answer<sdk::GetAccountSettingsResponse> {
    let functions = tx.specs::<Function>(Scope::Region(&cx.account, &cx.region))?;
    let bytes = |bytes: u64| i64::try_from(bytes).ok();
    Ok(sdk::GetAccountSettingsResponse {
        account_limit: Some(sdk::AccountLimit {
            total_code_size: bytes(CODE_STORAGE),
            code_size_unzipped: bytes(function_code::LARGEST_UNZIPPED),
            code_size_zipped: Some(50 << 20),
            concurrent_executions: views::number(OF_AN_ACCOUNT),
            unreserved_concurrent_executions: views::number(OF_AN_ACCOUNT.saturating_sub(reserved(&functions))),
        }),
        account_usage: Some(sdk::AccountUsage {
            total_code_size: bytes(code_stored(tx, &cx.account, &cx.region)?),
            function_count: i64::try_from(functions.len()).ok(),
        }),
    })
}

type Ready = Vec<(Key<Provisioned>, Row<Provisioned>)>;

fn provisioned(read: &impl Read, function: &Key<Function>) -> Answer<Ready> {
    Ok(read.list::<Provisioned>(Scope::Prefix(&function.account, &function.region, &function.children()))?)
}

/// What can be kept ready: a published version, or an alias of one.
fn target(cx: &Cx, read: &impl Read, name: &str, qualifier: &str) -> Answer<Named> {
    let named = names::parse(cx, name, Some(qualifier))?;
    if qualifier == LATEST {
        return Err(errors::invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions."));
    }
    find::function(read, &named.key)?;
    if find::is_version(qualifier) {
        find::version(read, &named)?;
    } else {
        let alias = named.key.alias(qualifier);
        let spec = read.spec(&alias)?.ok_or_else(|| errors::no_alias(&alias.arn()))?;
        if spec.version == LATEST {
            let text = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
            return Err(errors::invalid(text));
        }
    }
    Ok(named)
}

/// `PutProvisionedConcurrencyConfig`.
pub fn provide(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::PutProvisionedConcurrencyConfigRequest,
) -> Answer<sdk::PutProvisionedConcurrencyConfigResponse> {
    let named = target(cx, tx, &input.function_name, &input.qualifier)?;
    let requested = u32::try_from(input.provisioned_concurrent_executions).unwrap_or_default();
    let key = named.key.provisioned(&input.qualifier);
    let others: Ready = provisioned(tx, &named.key)?.into_iter().filter(|(other, _)| *other != key).collect();
    refuse_twice(tx, &named.key, &input.qualifier, &others)?;
    let sum = others.iter().map(|(_, row)| row.spec.requested).sum::<u32>().saturating_add(requested);
    refuse_too_many(tx, &named.key, sum)?;
    tx.set_spec(&key, &ProvisionedSpec { requested, modified: cx.now })?;
    let row = tx.get(&key)?.ok_or_else(errors::no_provisioned)?;
    let View { requested, available, allocated, status, status_reason, last_modified } = View::of(&row);
    Ok(sdk::PutProvisionedConcurrencyConfigResponse {
        requested_provisioned_concurrent_executions: requested,
        allocated_provisioned_concurrent_executions: allocated,
        available_provisioned_concurrent_executions: available,
        status,
        status_reason,
        last_modified,
    })
}

/// A version is kept ready once: by itself, or by an alias.
fn refuse_twice(read: &impl Read, function: &Key<Function>, qualifier: &str, others: &Ready) -> Answer<()> {
    let version_of = |qualifier: &str| -> Answer<String> {
        let alias = read.spec::<Alias>(&function.alias(qualifier))?;
        Ok(alias.map_or_else(|| qualifier.to_owned(), |alias| alias.version.clone()))
    };
    let version = version_of(qualifier)?;
    for (other, _) in others {
        if version_of(other.qualifier())? == version {
            let text = match find::is_version(qualifier) {
                true => "Version can't be used for Provisioned Concurrency configuration on an already Provisioned alias",
                false => "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
            };
            return Err(errors::conflict(text));
        }
    }
    Ok(())
}

fn refuse_too_many(read: &impl Read, function: &Key<Function>, sum: u32) -> Answer<()> {
    if let Some(own) = find::function(read, function)?.reserved_concurrency {
        return match sum > own {
            true => Err(errors::invalid(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
            )),
            false => Ok(()),
        };
    }
    let free = OF_AN_ACCOUNT.saturating_sub(reserved(&beside(read, function)?)).saturating_sub(NEVER_RESERVED);
    match sum > free {
        true => Err(errors::invalid(format!(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{free}]."
        ))),
        false => Ok(()),
    }
}

/// How far it is with what is kept ready.
struct View {
    requested: Option<i32>,
    available: Option<i32>,
    allocated: Option<i32>,
    status: Option<sdk::ProvisionedConcurrencyStatusEnum>,
    status_reason: Option<String>,
    last_modified: Option<String>,
}

impl View {
    fn of(row: &Row<Provisioned>) -> Self {
        let ProvisionedSpec { requested, modified } = *row.spec;
        let ProvisionedObserved { allocated, available, failure } = &*row.observed;
        let status = match failure {
            Some(_) => sdk::ProvisionedConcurrencyStatusEnum::Failed,
            None if *allocated == requested => sdk::ProvisionedConcurrencyStatusEnum::Ready,
            None => sdk::ProvisionedConcurrencyStatusEnum::InProgress,
        };
        Self {
            requested: views::number(requested),
            available: views::number(*available),
            allocated: views::number(*allocated),
            status: Some(status),
            status_reason: failure.clone(),
            last_modified: Some(views::moment(modified)),
        }
    }
}

/// `GetProvisionedConcurrencyConfig`.
pub fn provided(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetProvisionedConcurrencyConfigRequest,
) -> Answer<sdk::GetProvisionedConcurrencyConfigResponse> {
    let named = target(cx, tx, &input.function_name, &input.qualifier)?;
    let row = tx.get(&named.key.provisioned(&input.qualifier))?.ok_or_else(errors::no_provisioned)?;
    let View { requested, available, allocated, status, status_reason, last_modified } = View::of(&row);
    Ok(sdk::GetProvisionedConcurrencyConfigResponse {
        requested_provisioned_concurrent_executions: requested,
        available_provisioned_concurrent_executions: available,
        allocated_provisioned_concurrent_executions: allocated,
        status,
        status_reason,
        last_modified,
    })
}

/// `DeleteProvisionedConcurrencyConfig`. One that isn't there is no error.
pub fn withdraw(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteProvisionedConcurrencyConfigRequest) -> Answer<()> {
    let named = target(cx, tx, &input.function_name, &input.qualifier)?;
    Ok(tx.delete(&named.key.provisioned(&input.qualifier))?)
}

/// `ListProvisionedConcurrencyConfigs`.
pub fn list_provided(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListProvisionedConcurrencyConfigsRequest,
) -> Answer<sdk::ListProvisionedConcurrencyConfigsResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (page, next_marker) = page(provisioned(tx, &function)?, &asked, |(key, _)| key.qualifier().to_owned())?;
    let items = page.iter().map(|(key, row)| {
        let View { requested, available, allocated, status, status_reason, last_modified } = View::of(row);
        sdk::ProvisionedConcurrencyConfigListItem {
            function_arn: Some(key.target().to_string()),
            requested_provisioned_concurrent_executions: requested,
            available_provisioned_concurrent_executions: available,
            allocated_provisioned_concurrent_executions: allocated,
            status,
            status_reason,
            last_modified,
        }
    });
    Ok(sdk::ListProvisionedConcurrencyConfigsResponse { provisioned_concurrency_configs: Some(items.collect()), next_marker })
}
