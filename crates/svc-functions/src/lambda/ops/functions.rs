//! Functions as a whole: made, shown, listed, deleted.

use super::show;
use crate::lambda::{
    Lambda,
    code::{self, Origin},
    configuration::{self, Package, Wish},
    environment, errors, find,
    names::{self, Named},
    page::{Asked, by_number, page},
    views,
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    AccountId, Key, Region,
    lambda::{
        Alias, Code, Configuration, EventInvoke, Function, FunctionSpec, LATEST, LayerVersion, Policy, Provisioned, Release, Url,
        UrlName, Version, VersionSpec,
    },
};
use spine::{Read, Scope, Tx};
use std::{collections::BTreeMap, sync::Arc};

/// The most bytes of code that an account can have in a region (Lambda developer guide, "Lambda quotas").
pub const CODE_STORAGE: u64 = 75 << 30;

/// `CreateFunction`.
pub async fn create(cx: Cx, lambda: Arc<Lambda>, input: sdk::CreateFunctionRequest) -> Answer<sdk::FunctionConfiguration> {
    let function = names::parse_whole(&cx, &input.function_name)?;
    refuse_unbuilt(&input)?;
    let wish = Wish::from(&input);
    let architecture = input.architectures.iter().flatten().next().copied().map(views::read_architecture).unwrap_or_default();
    let unsaid = Wish::nothing_said(&function.id, &input.role, architecture);
    let configuration = configuration::settled(&function.id, &wish, package(&input)?, unsaid)?;
    absent(&lambda.store.snapshot(), &function)?;
    configuration::check_role(&cx, &lambda.store.snapshot(), &function, &input.role)?;
    let _kept = lambda.code.keep().await;
    let source = Source::of(&input);
    let code = source.taken(&cx, &lambda, "CreateFunction").await?;
    lambda.store.transact(|tx| made(&cx, tx, &function, &input, configuration.clone(), code.clone())).await
}

fn refuse_unbuilt(input: &sdk::CreateFunctionRequest) -> Answer<()> {
    let asked = [
        ("CodeSigningConfigArn", input.code_signing_config_arn.is_some()),
        ("TenancyConfig", input.tenancy_config.is_some()),
        ("PublishTo", input.publish_to.is_some()),
        ("Code.SourceKMSKeyArn", input.code.source_kms_key_arn.is_some()),
        ("Code.S3ObjectStorageMode", input.code.s3_object_storage_mode.is_some()),
    ];
    match asked.into_iter().find(|(_, asked)| *asked) {
        Some((name, _)) => Err(errors::not_built(name)),
        None => Ok(()),
    }
}

fn package(input: &sdk::CreateFunctionRequest) -> Answer<Package> {
    let package = input.package_type.unwrap_or(sdk::PackageType::Zip);
    match (package, &input.code.image_uri) {
        (sdk::PackageType::Zip, None) => Ok(Package::Zip),
        (sdk::PackageType::Image, Some(_)) => Ok(Package::Image),
        (sdk::PackageType::Zip, Some(_)) => {
            Err(errors::invalid("Please don't provide ImageUri when creating function with packageType Zip."))
        }
        (sdk::PackageType::Image, None) => {
            Err(errors::invalid("Please provide a ImageUri when creating function with packageType Image."))
        }
    }
}

fn absent(read: &impl Read, function: &Key<Function>) -> Answer<()> {
    match read.exists(function)? {
        true => Err(errors::conflict(format!("Function already exist: {}", function.id))),
        false => Ok(()),
    }
}

/// Where code comes from.
pub struct Source<'a> {
    /// A zip.
    pub zip: Origin<'a>,
    /// An image.
    pub image: Option<&'a str>,
}

impl<'a> Source<'a> {
    fn of(input: &'a sdk::CreateFunctionRequest) -> Self {
        let code = &input.code;
        let zip = Origin {
            zip: code.zip_file.as_ref(),
            bucket: code.s3_bucket.as_deref(),
            key: code.s3_key.as_deref(),
            version: code.s3_object_version.as_deref(),
        };
        Self { zip, image: code.image_uri.as_deref() }
    }

    /// The code, which is kept. Hold [`code::CodeStore::keep`] meanwhile.
    pub async fn taken(&self, cx: &Cx, lambda: &Lambda, operation: &str) -> Answer<Code> {
        match self.image {
            Some(_) if self.zip.is_somewhere() => {
                Err(errors::invalid("Please do not provide other FunctionCode parameters when providing an ImageUri."))
            }
            Some(uri) => Ok(Code::Image(code::resolve(cx, &lambda.store.snapshot(), uri)?)),
            None => Ok(Code::Zip(code::taken(cx, lambda, self.zip, operation).await?)),
        }
    }
}

fn made(
    cx: &Cx,
    tx: &mut Tx,
    function: &Key<Function>,
    input: &sdk::CreateFunctionRequest,
    configuration: Configuration,
    code: Code,
) -> Answer<sdk::FunctionConfiguration> {
    absent(tx, function)?;
    let mut configuration = configuration;
    configuration.layers = configuration::layers(cx, tx, input.layers.as_deref().unwrap_or_default())?;
    configuration::check_size(&code, &configuration.layers)?;
    dead_letters(cx, &configuration)?;
    let none = BTreeMap::new();
    let variables = input.environment.as_ref().and_then(|given| given.variables.as_ref()).unwrap_or(&none);
    environment::check(variables)?;
    configuration.environment = environment::seal(cx, tx, function, configuration.kms_key.as_deref(), variables)?;
    let publish = input.publish == Some(true);
    let spec = FunctionSpec {
        created: cx.now,
        id: cx.env.uuid(),
        last_version: u64::from(publish),
        reserved_concurrency: None,
        recursion: Default::default(),
        tags: input.tags.clone().unwrap_or_default(),
    };
    super::tags::check(&spec.tags)?;
    tx.create(function, &spec)?;
    let release = Release { revision: cx.env.uuid(), modified: cx.now, code, configuration };
    tx.create(&function.latest(), &VersionSpec { release: release.clone() })?;
    if publish {
        tx.create(&function.version("1"), &VersionSpec { release: Release { revision: cx.env.uuid(), ..release } })?;
    }
    room_for_code(tx, &function.account, &function.region)?;
    let shown = if publish { function.version("1") } else { function.latest() };
    let row = tx.get(&shown)?.ok_or_else(|| errors::no_function(&shown.arn()))?;
    Ok(sdk::FunctionConfiguration { last_update_status: None, ..created(show(cx, tx, &shown, &row, None)?) })
}

/// What is just being made has not been updated.
fn created(view: sdk::FunctionConfiguration) -> sdk::FunctionConfiguration {
    sdk::FunctionConfiguration { last_update_status_reason: None, last_update_status_reason_code: None, ..view }
}

/// Refuses dead letters that the function's role couldn't send.
pub fn dead_letters(cx: &Cx, configuration: &Configuration) -> Answer<()> {
    match configuration.dead_letter.as_deref().and_then(|arn| arn.parse().ok()) {
        Some(arn) => configuration::may_send(cx, &configuration.role, &arn),
        None => Ok(()),
    }
}

/// The bytes of all zips of an account in a region, each version's counted.
pub fn code_stored(read: &impl Read, account: &AccountId, region: &Region) -> Answer<u64> {
    let here = Scope::Region(account, region);
    let versions = read.specs::<Version>(here)?.into_iter().map(|(_, version)| version.release.code.size()).sum::<u64>();
    let layers = read.specs::<LayerVersion>(here)?.into_iter().map(|(_, layer)| layer.archive.size).sum::<u64>();
    Ok(versions + layers)
}

/// Refuses code beyond what an account may have, once it is written.
pub fn room_for_code(read: &impl Read, account: &AccountId, region: &Region) -> Answer<()> {
    if code_stored(read, account, region)? > CODE_STORAGE { Err(errors::storage_exceeded()) } else { Ok(()) }
}

/// `GetFunction`.
pub async fn get(cx: Cx, lambda: Arc<Lambda>, input: sdk::GetFunctionRequest) -> Answer<sdk::GetFunctionResponse> {
    let named = names::parse(&cx, &input.function_name, input.qualifier.as_deref())?;
    let snapshot = lambda.store.snapshot();
    let found = find::version(&snapshot, &named)?;
    let function = find::function(&snapshot, &named.key)?;
    let code = match &found.row.spec.release.code {
        Code::Zip(archive) => sdk::FunctionCodeLocation {
            repository_type: Some("S3".into()),
            location: Some(code::location(&cx, &lambda.store, &archive.sha256).await?),
            ..Default::default()
        },
        Code::Image(image) => sdk::FunctionCodeLocation {
            repository_type: Some("ECR".into()),
            image_uri: Some(image.uri.clone()),
            resolved_image_uri: Some(image.resolved()),
            ..Default::default()
        },
    };
    let reserved = function.reserved_concurrency.and_then(views::number);
    Ok(sdk::GetFunctionResponse {
        configuration: Some(show(&cx, &snapshot, &found.key, &found.row, named.qualifier.as_deref())?),
        code: Some(code),
        tags: Some(function.tags.clone()).filter(|tags| !tags.is_empty()),
        tags_error: None,
        concurrency: reserved.map(|number| sdk::Concurrency { reserved_concurrent_executions: Some(number) }),
    })
}

/// `GetFunctionConfiguration`.
pub fn configuration(cx: &Cx, tx: &mut Tx, input: &sdk::GetFunctionConfigurationRequest) -> Answer<sdk::FunctionConfiguration> {
    let named = names::parse(cx, &input.function_name, input.qualifier.as_deref())?;
    let found = find::version(tx, &named)?;
    show(cx, tx, &found.key, &found.row, named.qualifier.as_deref())
}

/// `ListFunctions`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListFunctionsRequest) -> Answer<sdk::ListFunctionsResponse> {
    if input.master_region.as_deref().is_some_and(|region| region != "ALL" && region != cx.region.as_str()) {
        return Ok(sdk::ListFunctionsResponse { functions: Some(Vec::new()), next_marker: None });
    }
    let all = input.function_version == Some(sdk::FunctionVersion::All);
    let mut versions = tx.list::<Version>(Scope::Region(&cx.account, &cx.region))?;
    versions.retain(|(key, _)| all || key.is_latest());
    let name = |key: &Key<Version>| format!("{}:{}", key.function().id, by_number(key.version()));
    versions.sort_by_cached_key(|(key, _)| name(key));
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (shown, next_marker) = page(versions, &asked, |(key, _)| name(key))?;
    let qualifier = |key: &Key<Version>| all.then(|| key.version().to_owned());
    let views = shown.iter().map(|(key, row)| show(cx, tx, key, row, qualifier(key).as_deref()).map(in_list));
    Ok(sdk::ListFunctionsResponse { functions: Some(views.collect::<Answer<_>>()?), next_marker })
}

/// Lists don't tell the states of what they list (Lambda API reference, `ListFunctions`).
pub fn in_list(view: sdk::FunctionConfiguration) -> sdk::FunctionConfiguration {
    sdk::FunctionConfiguration {
        state: None,
        state_reason: None,
        state_reason_code: None,
        last_update_status: None,
        last_update_status_reason: None,
        last_update_status_reason_code: None,
        ..view
    }
}

/// `DeleteFunction`: the whole of it, or one version.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteFunctionRequest) -> Answer<sdk::DeleteFunctionResponse> {
    let named = names::parse(cx, &input.function_name, input.qualifier.as_deref())?;
    find::function(tx, &named.key)?;
    match named.qualifier.as_deref() {
        None => delete_all(tx, &named.key)?,
        Some(LATEST) => {
            return Err(errors::invalid("$LATEST version cannot be deleted without deleting the function."));
        }
        Some(qualifier) if !find::is_version(qualifier) => {
            return Err(errors::invalid("Deletion of aliases is not currently supported."));
        }
        Some(number) => delete_version(tx, &named, number)?,
    }
    Ok(sdk::DeleteFunctionResponse { status_code: Some(204) })
}

fn delete_all(tx: &mut Tx, function: &Key<Function>) -> Answer<()> {
    let children = function.children();
    let all = Scope::Prefix(&function.account, &function.region, &children);
    for (_, url) in tx.specs::<Url>(all)? {
        tx.delete(&Key::<UrlName>::of_id(&url.id))?;
    }
    macro_rules! delete {
        ($($record:ty)+) => {$(
            for (key, _) in tx.specs::<$record>(all)? {
                tx.delete(&key)?;
            }
        )+};
    }
    delete!(Version Alias Policy Url EventInvoke Provisioned);
    tx.delete(&function.policy(None))?;
    Ok(tx.delete(function)?)
}

/// A version that is not there is no error.
fn delete_version(tx: &mut Tx, named: &Named, number: &str) -> Answer<()> {
    let function = &named.key;
    let children = function.children();
    let aliases = tx.specs::<Alias>(Scope::Prefix(&function.account, &function.region, &children))?;
    let named_by = |alias: &model::lambda::AliasSpec| alias.version == number || alias.weights.contains_key(number);
    let names: Vec<String> =
        aliases.into_iter().filter(|(_, alias)| named_by(alias)).map(|(key, _)| key.name().to_owned()).collect();
    if !names.is_empty() {
        let text = format!("Unable to delete version because the following aliases reference it: [{}]", names.join(", "));
        return Err(errors::conflict(text));
    }
    tx.delete(&function.version(number))?;
    tx.delete(&function.policy(Some(number)))?;
    tx.delete(&function.event_invoke(Some(number)))?;
    Ok(tx.delete(&function.provisioned(number))?)
}
