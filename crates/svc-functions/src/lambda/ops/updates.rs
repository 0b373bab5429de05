//! Changes of what `$LATEST` runs, and how.

use super::{
    functions::{Source, dead_letters, room_for_code},
    same_revision, settled, show, versions,
};
use crate::lambda::{
    Lambda,
    code::Origin,
    configuration::{self, Package, Wish},
    environment::{self, Variables},
    errors,
    find::{self, Found},
    names::{self, Named},
    views,
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Key,
    lambda::{Code, Configuration, Function, Release, VersionSpec},
};
use spine::{Read, Tx};
use std::sync::Arc;

/// What tells a caller the newest state of a function.
const TELLS: &str = "GetFunction/GetAlias";

/// `UpdateFunctionCode`.
pub async fn code(cx: Cx, lambda: Arc<Lambda>, input: sdk::UpdateFunctionCodeRequest) -> Answer<sdk::FunctionConfiguration> {
    let function = names::parse_whole(&cx, &input.function_name)?;
    for (name, asked) in [
        ("PublishTo", input.publish_to.is_some()),
        ("SourceKMSKeyArn", input.source_kms_key_arn.is_some()),
        ("S3ObjectStorageMode", input.s3_object_storage_mode.is_some()),
    ] {
        if asked {
            return Err(errors::not_built(name));
        }
    }
    let found = changeable(&lambda.store.snapshot(), &function, input.revision_id.as_ref())?;
    let source = source(&found, &input)?;
    let _kept = lambda.code.keep().await;
    let code = source.taken(&cx, &lambda, "UpdateFunctionCode").await?;
    lambda.store.transact(|tx| put_code(&cx, tx, &function, &input, code.clone())).await
}

/// `$LATEST`, which nobody else is changing.
fn changeable(read: &impl Read, function: &Key<Function>, revision: Option<&String>) -> Answer<Found> {
    let found = find::version(read, &Named { key: function.clone(), qualifier: None })?;
    same_revision(revision, &found.row.spec.release.revision, TELLS)?;
    settled(&found)?;
    Ok(found)
}

fn source<'a>(found: &Found, input: &'a sdk::UpdateFunctionCodeRequest) -> Answer<Source<'a>> {
    let zip = Origin {
        zip: input.zip_file.as_ref(),
        bucket: input.s3_bucket.as_deref(),
        key: input.s3_key.as_deref(),
        version: input.s3_object_version.as_deref(),
    };
    let image = input.image_uri.as_deref();
    match (&found.row.spec.release.code, image) {
        (Code::Zip(_), Some(_)) => {
            Err(errors::invalid("Please don't provide ImageUri when updating a function with packageType Zip."))
        }
        (Code::Image(_), None) => {
            Err(errors::invalid("Please provide ImageUri when updating a function with packageType Image."))
        }
        _ => Ok(Source { zip, image }),
    }
}

fn put_code(
    cx: &Cx,
    tx: &mut Tx,
    function: &Key<Function>,
    input: &sdk::UpdateFunctionCodeRequest,
    code: Code,
) -> Answer<sdk::FunctionConfiguration> {
    let found = changeable(tx, function, input.revision_id.as_ref())?;
    let mut configuration = found.row.spec.release.configuration.clone();
    if let Some(architecture) = input.architectures.iter().flatten().next() {
        configuration.architecture = views::read_architecture(*architecture);
    }
    configuration::check_size(&code, &configuration.layers)?;
    if input.dry_run == Some(true) {
        return show(cx, tx, &found.key, &found.row, None);
    }
    put(cx, tx, function, code, configuration)?;
    room_for_code(tx, &function.account, &function.region)?;
    if input.publish == Some(true) {
        let published = versions::publish(cx, tx, function, None)?;
        return versions::shown(cx, tx, &published);
    }
    latest(cx, tx, function)
}

fn put(cx: &Cx, tx: &mut Tx, function: &Key<Function>, code: Code, configuration: Configuration) -> Answer<()> {
    let release = Release { revision: cx.env.uuid(), modified: cx.now, code, configuration };
    Ok(tx.put_spec(&function.latest(), &VersionSpec { release })?)
}

fn latest(cx: &Cx, tx: &Tx, function: &Key<Function>) -> Answer<sdk::FunctionConfiguration> {
    let key = function.latest();
    let row = tx.get(&key)?.ok_or_else(|| errors::no_function(&function.arn()))?;
    show(cx, tx, &key, &row, None)
}

/// `UpdateFunctionConfiguration`.
pub fn configuration(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::UpdateFunctionConfigurationRequest,
) -> Answer<sdk::FunctionConfiguration> {
    let function = names::parse_whole(cx, &input.function_name)?;
    let found = changeable(tx, &function, input.revision_id.as_ref())?;
    let Release { code, configuration: before, .. } = &found.row.spec.release;
    let mut wish = Wish::from(input);
    wish.role = input.role.as_deref();
    let package = if code.archive().is_some() { Package::Zip } else { Package::Image };
    let mut after = configuration::settled(&function.id, &wish, package, before.clone())?;
    if let Some(role) = wish.role {
        configuration::check_role(cx, tx, &function, role)?;
    }
    if let Some(layers) = wish.layers {
        after.layers = configuration::layers(cx, tx, layers)?;
        configuration::check_size(code, &after.layers)?;
    }
    if wish.role.is_some() || wish.dead_letter.is_some() {
        dead_letters(cx, &after)?;
    }
    if wish.environment.is_some() || after.kms_key != before.kms_key {
        let variables = variables(cx, tx, &function, &wish, before)?;
        environment::check(&variables)?;
        after.environment = environment::seal(cx, tx, &function, after.kms_key.as_deref(), &variables)?;
    }
    put(cx, tx, &function, code.clone(), after)?;
    latest(cx, tx, &function)
}

/// The variables that a request gives, or those that there are, to be encrypted anew.
fn variables(cx: &Cx, read: &impl Read, function: &Key<Function>, wish: &Wish<'_>, before: &Configuration) -> Answer<Variables> {
    match wish.environment {
        Some(given) => Ok(given.variables.clone().unwrap_or_default()),
        None => environment::open(read, cx.now, function, before)?
            .map_err(|_| errors::invalid("Lambda was unable to decrypt your environment variables. Please provide them again.")),
    }
}
