//! URLs of functions.

use crate::lambda::{
    errors, find,
    names::{self, Named},
    page::{Asked, page},
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Key, Timestamp,
    lambda::{Cors, InvokeMode, Url, UrlAuth, UrlName, UrlNameSpec, UrlSpec},
};
use spine::{Read, Scope, Tx};

/// The letters of the first labels of URLs' hosts.
const LABEL: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How long such a label is.
const LABEL_LENGTH: usize = 32;

/// What has a URL: `$LATEST`, or an alias.
fn target(cx: &Cx, read: &impl Read, name: &str, qualifier: Option<&str>) -> Answer<Named> {
    let named = names::parse(cx, name, qualifier)?;
    let gone = |_| errors::not_found("Function does not exist");
    if let Some(alias) = named.published().filter(|qualifier| find::is_version(qualifier)) {
        let text = format!("The function version {alias} can't have a URL: only $LATEST and aliases can.");
        return Err(errors::invalid(text));
    }
    find::existing(read, &named).map_err(gone)?;
    Ok(named)
}

/// `CreateFunctionUrlConfig`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateFunctionUrlConfigRequest) -> Answer<sdk::CreateFunctionUrlConfigResponse> {
    let named = target(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    let key = named.key.url(named.published());
    if tx.exists(&key)? {
        return Err(errors::conflict(format!(
            "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists for this Lambda function",
            arn(&key)
        )));
    }
    let spec = UrlSpec {
        id: cx.env.pick(LABEL, LABEL_LENGTH),
        created: cx.now,
        modified: cx.now,
        auth: auth(input.auth_type),
        mode: mode(input.invoke_mode),
        cors: cors(input.cors.as_ref())?,
    };
    let whose = UrlNameSpec { account: key.account.clone(), region: key.region.clone(), url: key.id.clone() };
    tx.create(&Key::<UrlName>::of_id(&spec.id), &whose)?;
    tx.create(&key, &spec)?;
    let view = shown(cx, &key, &spec);
    Ok(sdk::CreateFunctionUrlConfigResponse {
        function_url: view.function_url,
        function_arn: view.function_arn,
        auth_type: view.auth_type,
        cors: view.cors,
        creation_time: view.creation_time,
        invoke_mode: view.invoke_mode,
    })
}

fn auth(given: sdk::FunctionUrlAuthType) -> UrlAuth {
    match given {
        sdk::FunctionUrlAuthType::AwsIam => UrlAuth::AwsIam,
        sdk::FunctionUrlAuthType::None => UrlAuth::None,
    }
}

fn mode(given: Option<sdk::InvokeMode>) -> InvokeMode {
    match given {
        Some(sdk::InvokeMode::ResponseStream) => InvokeMode::ResponseStream,
        _ => InvokeMode::Buffered,
    }
}

/// What browsers are told; nothing where nothing of it is said.
fn cors(given: Option<&sdk::Cors>) -> Answer<Option<Cors>> {
    let Some(given) = given.filter(|given| **given != sdk::Cors::default()) else { return Ok(None) };
    const METHODS: &[&str] = &["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"];
    if let Some(method) = given.allow_methods.iter().flatten().find(|method| !METHODS.contains(&method.as_str())) {
        let text = format_args!("Member must satisfy enum value set: [{}]", METHODS.join(", "));
        return Err(errors::constraint(method, "cors.allowMethods", text));
    }
    Ok(Some(Cors {
        credentials: given.allow_credentials,
        headers: given.allow_headers.clone(),
        methods: given.allow_methods.clone(),
        origins: given.allow_origins.clone(),
        exposed: given.expose_headers.clone(),
        max_age: given.max_age.and_then(|age| u32::try_from(age).ok()),
    }))
}

/// The ARN of what the URL is of: an alias has its own.
fn arn(key: &Key<Url>) -> String {
    key.function().arn_of(key.alias()).to_string()
}

/// A URL with everything that there is to say of it.
fn shown(cx: &Cx, key: &Key<Url>, spec: &UrlSpec) -> sdk::FunctionUrlConfig {
    let port = cx.endpoint.rsplit_once(':').map_or(String::new(), |(_, port)| format!(":{port}"));
    let cors = spec.cors.clone().map(|cors| sdk::Cors {
        allow_credentials: cors.credentials,
        allow_headers: cors.headers,
        allow_methods: cors.methods,
        allow_origins: cors.origins,
        expose_headers: cors.exposed,
        max_age: cors.max_age.and_then(crate::lambda::views::number),
    });
    sdk::FunctionUrlConfig {
        function_url: format!("http://{}.lambda-url.{}.localhost{port}/", spec.id, key.region),
        function_arn: arn(key),
        creation_time: moment(spec.created),
        last_modified_time: moment(spec.modified),
        cors,
        auth_type: match spec.auth {
            UrlAuth::AwsIam => sdk::FunctionUrlAuthType::AwsIam,
            UrlAuth::None => sdk::FunctionUrlAuthType::None,
        },
        invoke_mode: Some(match spec.mode {
            InvokeMode::Buffered => sdk::InvokeMode::Buffered,
            InvokeMode::ResponseStream => sdk::InvokeMode::ResponseStream,
        }),
    }
}

/// `2026-01-01T00:00:00.000Z`.
fn moment(at: Timestamp) -> String {
    super::time(at).to_the_millisecond()
}

fn found(cx: &Cx, read: &impl Read, name: &str, qualifier: Option<&str>) -> Answer<(Key<Url>, UrlSpec)> {
    let named = names::parse(cx, name, qualifier)?;
    let key = named.key.url(named.published());
    let spec = read.spec(&key)?.ok_or_else(errors::nothing)?;
    Ok((key, (*spec).clone()))
}

/// `GetFunctionUrlConfig`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetFunctionUrlConfigRequest) -> Answer<sdk::GetFunctionUrlConfigResponse> {
    let (key, spec) = found(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    let view = shown(cx, &key, &spec);
    Ok(sdk::GetFunctionUrlConfigResponse {
        function_url: view.function_url,
        function_arn: view.function_arn,
        auth_type: view.auth_type,
        cors: view.cors,
        creation_time: view.creation_time,
        last_modified_time: view.last_modified_time,
        invoke_mode: view.invoke_mode,
    })
}

/// `UpdateFunctionUrlConfig`.
pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateFunctionUrlConfigRequest) -> Answer<sdk::UpdateFunctionUrlConfigResponse> {
    let (key, before) = found(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    let after = UrlSpec {
        modified: cx.now,
        auth: input.auth_type.map_or(before.auth, auth),
        mode: if input.invoke_mode.is_some() { mode(input.invoke_mode) } else { before.mode },
        cors: if input.cors.is_some() { cors(input.cors.as_ref())? } else { before.cors },
        ..before
    };
    tx.put_spec(&key, &after)?;
    let view = shown(cx, &key, &after);
    Ok(sdk::UpdateFunctionUrlConfigResponse {
        function_url: view.function_url,
        function_arn: view.function_arn,
        auth_type: view.auth_type,
        cors: view.cors,
        creation_time: view.creation_time,
        last_modified_time: view.last_modified_time,
        invoke_mode: view.invoke_mode,
    })
}

/// `DeleteFunctionUrlConfig`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteFunctionUrlConfigRequest) -> Answer<()> {
    let (key, _) = found(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    remove(tx, &key)
}

/// Takes a URL away with its name.
pub fn remove(tx: &mut Tx, key: &Key<Url>) -> Answer<()> {
    if let Some(spec) = tx.spec(key)? {
        tx.delete(&Key::<UrlName>::of_id(&spec.id))?;
    }
    Ok(tx.delete(key)?)
}

/// `ListFunctionUrlConfigs`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListFunctionUrlConfigsRequest) -> Answer<sdk::ListFunctionUrlConfigsResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let urls = tx.specs::<Url>(Scope::Prefix(&function.account, &function.region, &function.children()))?;
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (page, next_marker) = page(urls, &asked, |(key, _)| key.qualifier().to_owned())?;
    let function_url_configs = page.iter().map(|(key, spec)| shown(cx, key, spec)).collect();
    Ok(sdk::ListFunctionUrlConfigsResponse { function_url_configs, next_marker })
}
