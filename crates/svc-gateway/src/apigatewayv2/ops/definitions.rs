//! `ImportApi`, `ReimportApi`, `ExportApi`.

use super::{
    super::{
        deploy,
        errors::{self, bad_request, not_built},
        load,
        openapi::{self, Authorized, Base, Definition},
        views::{self, Of},
    },
    apis, authorizers, integrations, routes,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use model::{
    Key,
    apigatewayv2::{Authorization, Authorizer, AuthorizerKind, Deployment, HttpApi, HttpApiSpec, Integration, Route, Stage},
};
use spine::{Read, Tx};
use std::collections::BTreeMap;

pub fn import(cx: &Cx, tx: &mut Tx, input: &sdk::ImportApiRequest) -> Answer<sdk::ImportApiResponse> {
    let definition = definition(&input.body, &input.basepath, input.fail_on_warnings)?;
    let blank = HttpApiSpec {
        name: String::new(),
        description: None,
        version: None,
        cors: None,
        endpoint_disabled: false,
        tags: BTreeMap::new(),
        created: cx.now,
        import_info: Vec::new(),
        warnings: Vec::new(),
    };
    let spec = defined(blank, &definition)?;
    let key = apis::add(cx, tx, &spec)?;
    fill(cx, tx, &key, definition)?;
    Ok(Of(views::api(cx, &key.id, &spec)).into())
}

/// Everything that the API has is replaced by what the definition says; its stages stay.
pub fn reimport(cx: &Cx, tx: &mut Tx, input: &sdk::ReimportApiRequest) -> Answer<sdk::ReimportApiResponse> {
    let definition = definition(&input.body, &input.basepath, input.fail_on_warnings)?;
    let (key, before) = load::api(cx, tx, &input.api_id)?;
    let spec = defined(HttpApiSpec::clone(&before), &definition)?;
    tx.put_spec(&key, &spec)?;
    apis::clear(tx, &key)?;
    fill(cx, tx, &key, definition)?;
    deploy::changed(cx, tx, &key)?;
    Ok(Of(views::api(cx, &key.id, &spec)).into())
}

pub fn export(cx: &Cx, tx: &mut Tx, input: &sdk::ExportApiRequest) -> Answer<sdk::ExportApiResponse> {
    if input.specification != "OAS30" {
        return Err(bad_request("Invalid specification specified. Must be OAS30"));
    }
    match input.output_type.as_str() {
        "JSON" => {}
        "YAML" => return Err(not_built("the OutputType YAML")),
        _ => return Err(bad_request("Invalid output type specified. Must be JSON or YAML")),
    }
    let (key, spec) = load::api(cx, tx, &input.api_id)?;
    let deployed = match &input.stage_name {
        None => deploy::snapshot(cx, tx, &key)?,
        Some(name) => {
            let stage = tx.spec(&key.child::<Stage>(name))?.ok_or_else(|| errors::none("stage", name))?;
            let id = stage.deployment.as_deref().ok_or_else(errors::nothing_to_deploy)?;
            let deployment = tx.spec(&key.child::<Deployment>(id))?.ok_or_else(|| errors::none("deployment", id))?;
            deployment.snapshot.clone()
        }
    };
    let extensions = input.include_extensions.unwrap_or(true);
    let document = openapi::write(&spec, &views::endpoint(cx, &key.id), &deployed, extensions);
    Ok(sdk::ExportApiResponse { body: Some(format!("{document:#}").into()) })
}

fn definition(body: &str, base: &Option<String>, fail_on_warnings: Option<bool>) -> Answer<Definition> {
    let base = match base.as_deref() {
        None | Some("ignore") => Base::Ignore,
        Some("prepend") => Base::Prepend,
        Some("split") => return Err(not_built("the basepath split")),
        Some(_) => return Err(bad_request("Invalid basepath specified. Must be ignore, prepend or split")),
    };
    let document = openapi::parse(body).map_err(|why| bad_request(format!("Unable to parse the definition: {why}")))?;
    let definition = openapi::read(&document, base).map_err(bad_request)?;
    if fail_on_warnings == Some(true) && !definition.warnings.is_empty() {
        return Err(bad_request(format!("Warnings found during import: {}", definition.warnings.join(", "))));
    }
    Ok(definition)
}

/// What a definition says of the API itself.
fn defined(before: HttpApiSpec, definition: &Definition) -> Answer<HttpApiSpec> {
    let mut tags = before.tags.clone();
    tags.extend(definition.tags.clone());
    let name = definition.name.clone().or_else(|| Some(before.name.clone()).filter(|name| !name.is_empty()));
    Ok(HttpApiSpec {
        name: name.ok_or_else(|| bad_request("Unable to import the definition: info.title is missing"))?,
        description: definition.description.clone(),
        version: definition.version.clone(),
        cors: definition.cors.as_ref().map(apis::cors).transpose()?,
        tags: apis::tags(Some(tags))?,
        warnings: definition.warnings.clone(),
        ..before
    })
}

fn fill(cx: &Cx, tx: &mut Tx, api: &Key<HttpApi>, definition: Definition) -> Answer<()> {
    let mut known = BTreeMap::new();
    for (name, given) in definition.authorizers {
        let spec = authorizers::changed(cx, None, &given)?;
        let id = load::fresh_id(cx, 6);
        tx.create(&api.child::<Authorizer>(&id), &spec)?;
        let is_jwt = matches!(spec.kind, AuthorizerKind::Jwt { .. });
        known.insert(name, if is_jwt { Authorization::Jwt(id) } else { Authorization::Custom(id) });
    }
    for given in definition.routes {
        let mut spec = routes::plain(&given.key)?;
        routes::unique(tx, api, &given.key, None)?;
        spec.operation_name = given.operation_name;
        if let Some(change) = given.integration {
            let id = load::fresh_id(cx, 7);
            tx.create(&api.child::<Integration>(&id), &integrations::changed(cx, integrations::plain(), &change)?)?;
            spec.integration = Some(id);
        }
        (spec.authorization, spec.scopes) = match given.authorized {
            Authorized::All => (Authorization::None, Vec::new()),
            Authorized::Iam => (Authorization::Iam, Vec::new()),
            Authorized::By(name, scopes) => (known.get(&name).cloned().unwrap_or_default(), scopes),
        };
        tx.create(&api.child::<Route>(&load::fresh_id(cx, 7)), &spec)?;
    }
    Ok(())
}
