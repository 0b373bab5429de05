//! Task definitions: register, deregister, delete, describe, list.

use crate::ecs::{
    definition,
    errors::{client, invalid},
    names, paging, roles, tags, views,
};
use api::ecs as aws;
use front::{Answer, Cx};
use model::{
    Key,
    ecs::{Family, FamilySpec, Revision, TaskDefinition, TaskDefinitionSpec},
};
use spine::{Read, Scope, Tx};
use std::{collections::BTreeMap, sync::Arc};
use wire::Fault;

/// `RegisterTaskDefinition`: the family's next revision.
pub fn register(cx: &Cx, tx: &mut Tx, input: &aws::RegisterTaskDefinitionRequest) -> Answer<aws::RegisterTaskDefinitionResponse> {
    let family = check_family(&input.family)?;
    let mut parsed = definition::parse(input)?;
    parsed.task_role = roles::named(tx, &cx.account, parsed.task_role.as_deref())?;
    parsed.execution_role = roles::named(tx, &cx.account, parsed.execution_role.as_deref())?;
    definition::check(&parsed)?;
    if parsed.requires_compatibilities.iter().any(|it| it == "FARGATE") {
        definition::check_fargate(&parsed)?;
    }
    roles::pass(cx, parsed.task_role.iter().chain(&parsed.execution_role).map(String::as_str))?;
    let fargate = definition::check_fargate(&parsed).is_ok();
    parsed.compatibilities = std::iter::once("EC2").chain(fargate.then_some("FARGATE")).map(str::to_owned).collect();
    let spec = TaskDefinitionSpec {
        revision: next_revision(cx, tx, family)?,
        registered_at: cx.now,
        registered_by: cx.principal.arn(&cx.account).to_string(),
        deregistered_at: None,
        delete_requested_at: None,
        tags: tags::parse(&input.tags)?,
        definition: parsed,
    };
    tx.create(&spec.revision.key(&cx.account, &cx.region), &spec)?;
    let shown = (!spec.tags.is_empty()).then(|| tags::show(&spec.tags));
    Ok(aws::RegisterTaskDefinitionResponse { task_definition: Some(show(cx, &spec)), tags: shown })
}

fn check_family(family: &str) -> Result<&str, Fault> {
    match family {
        "" => Err(client("Family should not be null or empty.")),
        family if !names::is_name(family) => Err(client("Family contains invalid characters.")),
        family => Ok(family),
    }
}

/// Numbers are given once, even if what had them is deleted.
fn next_revision(cx: &Cx, tx: &mut Tx, family: &str) -> Answer<Revision> {
    let key = Key::<Family>::new(&cx.account, &cx.region, family);
    let last = tx.spec(&key)?;
    let number = last.as_ref().map_or(0, |spec| spec.last_revision) + 1;
    let spec = FamilySpec { last_revision: number };
    if last.is_some() {
        tx.put_spec(&key, &spec)?
    } else {
        tx.create(&key, &spec)?
    }
    Ok(Revision { family: family.into(), number })
}

fn show(cx: &Cx, spec: &TaskDefinitionSpec) -> aws::TaskDefinition {
    definition::show(&cx.account, &cx.region, spec)
}

/// `DescribeTaskDefinition`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &aws::DescribeTaskDefinitionRequest) -> Answer<aws::DescribeTaskDefinitionResponse> {
    let found = names::definition(cx, tx, &input.task_definition)?;
    let spec = found.ok_or_else(|| client("Unable to describe task definition."))?;
    let with_tags = input.include.iter().flatten().any(|field| *field == aws::TaskDefinitionField::Tags);
    Ok(aws::DescribeTaskDefinitionResponse {
        task_definition: Some(show(cx, &spec)),
        tags: with_tags.then(|| tags::show(&spec.tags)),
    })
}

/// The revision that is named, which has to be named with its number.
fn numbered(cx: &Cx, tx: &Tx, text: &str) -> Answer<(Key<TaskDefinition>, Arc<TaskDefinitionSpec>)> {
    let (family, number) = names::revision(cx, text)?;
    let number = number.ok_or_else(|| client("Task definition revision must be specified."))?;
    let key = Revision { family, number }.key(&cx.account, &cx.region);
    let spec = tx.spec(&key)?.ok_or_else(|| client("The specified task definition does not exist."))?;
    Ok((key, spec))
}

/// `DeregisterTaskDefinition`. What uses the revision goes on.
pub fn deregister(
    cx: &Cx,
    tx: &mut Tx,
    input: &aws::DeregisterTaskDefinitionRequest,
) -> Answer<aws::DeregisterTaskDefinitionResponse> {
    let (key, spec) = numbered(cx, tx, &input.task_definition)?;
    if spec.delete_requested_at.is_some() {
        return Err(client("The specified task definition is being deleted."));
    }
    tx.update_spec(&key, |spec| spec.deregistered_at = spec.deregistered_at.or(Some(cx.now)))?;
    let spec = tx.spec(&key)?.unwrap_or(spec);
    Ok(aws::DeregisterTaskDefinitionResponse { task_definition: Some(show(cx, &spec)) })
}

/// `DeleteTaskDefinitions`. Revisions have to be inactive; they go once nothing uses them.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &aws::DeleteTaskDefinitionsRequest) -> Answer<aws::DeleteTaskDefinitionsResponse> {
    if input.task_definitions.is_empty() || input.task_definitions.len() > 10 {
        return Err(invalid("taskDefinitions must have between 1 and 10 items."));
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for text in &input.task_definitions {
        let (family, number) = names::revision(cx, text)?;
        let number = number.ok_or_else(|| client("Task definition revision must be specified."))?;
        let revision = Revision { family, number };
        let key = revision.key(&cx.account, &cx.region);
        let arn = revision.arn(&cx.account, &cx.region).to_string();
        match tx.spec(&key)? {
            None => failures.push(views::failure(arn, "MISSING")),
            Some(spec) if spec.deregistered_at.is_none() => failures.push(aws::Failure {
                detail: Some(
                    "The specified task definition is still in ACTIVE status. Please deregister the target and try again.".into(),
                ),
                ..views::failure(arn, "The specified task definition is still in ACTIVE status.")
            }),
            Some(_) => {
                tx.update_spec(&key, |spec| spec.delete_requested_at = spec.delete_requested_at.or(Some(cx.now)))?;
                deleted.extend(tx.spec(&key)?.map(|spec| show(cx, &spec)));
            }
        }
    }
    Ok(aws::DeleteTaskDefinitionsResponse { task_definitions: Some(deleted), failures: Some(failures) })
}

/// `ListTaskDefinitions`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &aws::ListTaskDefinitionsRequest) -> Answer<aws::ListTaskDefinitionsResponse> {
    let wanted = input.status.unwrap_or(aws::TaskDefinitionStatus::Active);
    let family = input.family_prefix.as_deref();
    let all = tx.specs::<TaskDefinition>(Scope::Region(&cx.account, &cx.region))?;
    let fits = |spec: &TaskDefinitionSpec| {
        definition::status(spec) == wanted && family.is_none_or(|family| spec.revision.family == family)
    };
    let arn = |spec: &TaskDefinitionSpec| spec.revision.arn(&cx.account, &cx.region).to_string();
    let mut items: Vec<_> = all.into_iter().filter(|(_, spec)| fits(spec)).map(|(key, spec)| (key.id, arn(&spec))).collect();
    let descending = input.sort == Some(aws::SortOrder::Desc);
    if descending {
        items.reverse();
    }
    let (arns, next_token) = paging::page(items, descending, input.max_results, input.next_token.as_deref())?;
    Ok(aws::ListTaskDefinitionsResponse { task_definition_arns: Some(arns), next_token })
}

/// `ListTaskDefinitionFamilies`.
pub fn families(
    cx: &Cx,
    tx: &mut Tx,
    input: &aws::ListTaskDefinitionFamiliesRequest,
) -> Answer<aws::ListTaskDefinitionFamiliesResponse> {
    let prefix = input.family_prefix.as_deref().unwrap_or_default();
    let mut families: BTreeMap<String, bool> = BTreeMap::new();
    for (_, spec) in tx.specs::<TaskDefinition>(Scope::Region(&cx.account, &cx.region))? {
        let active = families.entry(spec.revision.family.clone()).or_default();
        *active |= spec.deregistered_at.is_none();
    }
    let wanted = |active: bool| match input.status {
        None | Some(aws::TaskDefinitionFamilyStatus::Active) => active,
        Some(aws::TaskDefinitionFamilyStatus::Inactive) => !active,
        Some(aws::TaskDefinitionFamilyStatus::All) => true,
    };
    let items = families.into_iter().filter(|(family, active)| family.starts_with(prefix) && wanted(*active));
    let items = items.map(|(family, _)| (family.clone(), family));
    let (families, next_token) = paging::page(items, false, input.max_results, input.next_token.as_deref())?;
    Ok(aws::ListTaskDefinitionFamiliesResponse { families: Some(families), next_token })
}
