//! The service's table: operation, who may call it on what, function.

use super::{
    Lambda, access,
    invoke::{self, Invoker},
    mapping,
    ops::{aliases, concurrency, events, functions, layers, permissions, settings, tags, updates, urls, versions},
};
use api::lambda as sdk;
use front::{Access, Cx, Service, Tagging, keys};
use logic::policy::Context;
use std::sync::Arc;

/// The operations on what functions are; those that invoke them stand elsewhere.
pub fn rows(service: Service, lambda: &Arc<Lambda>) -> Service {
    let service = of_layers(of_functions(service, lambda), lambda);
    let service = of_mappings(of_permissions(of_versions(service)));
    of_tags(of_settings(of_events(of_urls(of_concurrency(service)))))
}

fn of_functions(service: Service, lambda: &Arc<Lambda>) -> Service {
    service
        .op_async::<sdk::CreateFunction, _, _>(
            Access::on(|cx, i: &sdk::CreateFunctionRequest| access::whole(cx, &i.function_name))
                .keys(|_, i| layers_of(i.layers.as_deref()))
                .tagging("lambda:TagResource", new_function),
            lambda,
            functions::create,
        )
        .op_async::<sdk::GetFunction, _, _>(
            Access::on(|cx, i: &sdk::GetFunctionRequest| access::function(cx, &i.function_name, i.qualifier.as_deref())),
            lambda,
            functions::get,
        )
        .op::<sdk::GetFunctionConfiguration>(
            Access::on(|cx, i: &sdk::GetFunctionConfigurationRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            }),
            functions::configuration,
        )
        .op::<sdk::ListFunctions>(Access::all(), functions::list)
        .op::<sdk::DeleteFunction>(
            Access::on(|cx, i: &sdk::DeleteFunctionRequest| access::function(cx, &i.function_name, i.qualifier.as_deref())),
            functions::delete,
        )
        .op_async::<sdk::UpdateFunctionCode, _, _>(
            Access::on(|cx, i: &sdk::UpdateFunctionCodeRequest| access::whole(cx, &i.function_name)),
            lambda,
            updates::code,
        )
        .op::<sdk::UpdateFunctionConfiguration>(
            Access::on(|cx, i: &sdk::UpdateFunctionConfigurationRequest| access::whole(cx, &i.function_name))
                .keys(|_, i| layers_of(i.layers.as_deref())),
            updates::configuration,
        )
}

/// `lambda:Layer`.
fn layers_of(given: Option<&[String]>) -> Context {
    let mut keys = Context::new();
    keys.set_all("lambda:Layer", given.unwrap_or_default());
    keys
}

fn new_function(cx: &Cx, input: &sdk::CreateFunctionRequest) -> Tagging {
    let tags = input.tags.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    Tagging { resources: access::whole(cx, &input.function_name), tags }
}

/// `lambda:FunctionArn` is the condition key by which it is said whose mapping it may be.
fn of_mappings(service: Service) -> Service {
    service
        .op::<sdk::CreateEventSourceMapping>(
            Access::<sdk::CreateEventSourceMappingRequest>::all().keys(|cx, i| {
                let mut keys = Context::new();
                keys.set_all("lambda:FunctionArn", access::function(cx, &i.function_name, None).iter().map(ToString::to_string));
                keys.set_from(&keys::request_tags(i.tags.iter().flatten()));
                keys
            }),
            mapping::ops::create,
        )
        .op::<sdk::GetEventSourceMapping>(Access::on(|cx, i| mapping::on(cx, &i.uuid)), mapping::ops::get)
        .op::<sdk::ListEventSourceMappings>(Access::all(), mapping::ops::list)
        .op::<sdk::UpdateEventSourceMapping>(Access::on(|cx, i| mapping::on(cx, &i.uuid)), mapping::ops::update)
        .op::<sdk::DeleteEventSourceMapping>(Access::on(|cx, i| mapping::on(cx, &i.uuid)), mapping::ops::delete)
}

fn of_versions(service: Service) -> Service {
    service
        .op::<sdk::PublishVersion>(
            Access::on(|cx, i: &sdk::PublishVersionRequest| access::whole(cx, &i.function_name)),
            versions::publish_version,
        )
        .op::<sdk::ListVersionsByFunction>(
            Access::on(|cx, i: &sdk::ListVersionsByFunctionRequest| access::whole(cx, &i.function_name)),
            versions::list,
        )
        .op::<sdk::CreateAlias>(
            Access::on(|cx, i: &sdk::CreateAliasRequest| access::whole(cx, &i.function_name)),
            aliases::create,
        )
        .op::<sdk::UpdateAlias>(
            Access::on(|cx, i: &sdk::UpdateAliasRequest| access::whole(cx, &i.function_name)),
            aliases::update,
        )
        .op::<sdk::GetAlias>(Access::on(|cx, i: &sdk::GetAliasRequest| access::whole(cx, &i.function_name)), aliases::get)
        .op::<sdk::DeleteAlias>(
            Access::on(|cx, i: &sdk::DeleteAliasRequest| access::whole(cx, &i.function_name)),
            aliases::delete,
        )
        .op::<sdk::ListAliases>(Access::on(|cx, i: &sdk::ListAliasesRequest| access::whole(cx, &i.function_name)), aliases::list)
}

fn of_layers(service: Service, lambda: &Arc<Lambda>) -> Service {
    service
        .op_async::<sdk::PublishLayerVersion, _, _>(
            Access::on(|cx, i: &sdk::PublishLayerVersionRequest| access::layer(cx, &i.layer_name)),
            lambda,
            layers::publish,
        )
        .op_async::<sdk::GetLayerVersion, _, _>(
            Access::on(|cx, i: &sdk::GetLayerVersionRequest| access::layer_version(cx, &i.layer_name, i.version_number)),
            lambda,
            layers::get,
        )
        .op_async::<sdk::GetLayerVersionByArn, _, _>(
            Access::on(|_, i: &sdk::GetLayerVersionByArnRequest| access::arn(&i.arn)).action("lambda:GetLayerVersion"),
            lambda,
            layers::get_by_arn,
        )
        .op::<sdk::DeleteLayerVersion>(
            Access::on(|cx, i: &sdk::DeleteLayerVersionRequest| access::layer_version(cx, &i.layer_name, i.version_number)),
            layers::delete,
        )
        .op::<sdk::ListLayers>(Access::all(), layers::list)
        .op::<sdk::ListLayerVersions>(
            Access::on(|cx, i: &sdk::ListLayerVersionsRequest| access::layer(cx, &i.layer_name)),
            layers::list_versions,
        )
        .op::<sdk::AddLayerVersionPermission>(
            Access::on(|cx, i: &sdk::AddLayerVersionPermissionRequest| {
                access::layer_version(cx, &i.layer_name, i.version_number)
            }),
            layers::add_permission,
        )
        .op::<sdk::RemoveLayerVersionPermission>(
            Access::on(|cx, i: &sdk::RemoveLayerVersionPermissionRequest| {
                access::layer_version(cx, &i.layer_name, i.version_number)
            }),
            layers::remove_permission,
        )
        .op::<sdk::GetLayerVersionPolicy>(
            Access::on(|cx, i: &sdk::GetLayerVersionPolicyRequest| access::layer_version(cx, &i.layer_name, i.version_number)),
            layers::policy,
        )
}

fn of_permissions(service: Service) -> Service {
    service
        .op::<sdk::AddPermission>(
            Access::on(|cx, i: &sdk::AddPermissionRequest| access::function(cx, &i.function_name, i.qualifier.as_deref())).keys(
                |_, i| {
                    let keys = Context::new().with("lambda:Principal", i.principal.as_str());
                    url_auth(keys, i.function_url_auth_type)
                },
            ),
            permissions::add,
        )
        .op::<sdk::RemovePermission>(
            Access::on(|cx, i: &sdk::RemovePermissionRequest| access::function(cx, &i.function_name, i.qualifier.as_deref())),
            permissions::remove,
        )
        .op::<sdk::GetPolicy>(
            Access::on(|cx, i: &sdk::GetPolicyRequest| access::function(cx, &i.function_name, i.qualifier.as_deref())),
            permissions::get,
        )
}

/// `lambda:FunctionUrlAuthType`.
fn url_auth(keys: Context, given: Option<sdk::FunctionUrlAuthType>) -> Context {
    match given {
        Some(auth) => keys.with("lambda:FunctionUrlAuthType", auth.as_str()),
        None => keys,
    }
}

fn of_concurrency(service: Service) -> Service {
    service
        .op::<sdk::PutFunctionConcurrency>(
            Access::on(|cx, i: &sdk::PutFunctionConcurrencyRequest| access::whole(cx, &i.function_name)),
            concurrency::put,
        )
        .op::<sdk::GetFunctionConcurrency>(
            Access::on(|cx, i: &sdk::GetFunctionConcurrencyRequest| access::whole(cx, &i.function_name)),
            concurrency::get,
        )
        .op::<sdk::DeleteFunctionConcurrency>(
            Access::on(|cx, i: &sdk::DeleteFunctionConcurrencyRequest| access::whole(cx, &i.function_name)),
            concurrency::delete,
        )
        .op::<sdk::GetAccountSettings>(Access::all(), concurrency::account)
        .op::<sdk::PutProvisionedConcurrencyConfig>(
            Access::on(|cx, i: &sdk::PutProvisionedConcurrencyConfigRequest| {
                access::function(cx, &i.function_name, Some(&i.qualifier))
            }),
            concurrency::provide,
        )
        .op::<sdk::GetProvisionedConcurrencyConfig>(
            Access::on(|cx, i: &sdk::GetProvisionedConcurrencyConfigRequest| {
                access::function(cx, &i.function_name, Some(&i.qualifier))
            }),
            concurrency::provided,
        )
        .op::<sdk::DeleteProvisionedConcurrencyConfig>(
            Access::on(|cx, i: &sdk::DeleteProvisionedConcurrencyConfigRequest| {
                access::function(cx, &i.function_name, Some(&i.qualifier))
            }),
            concurrency::withdraw,
        )
        .op::<sdk::ListProvisionedConcurrencyConfigs>(
            Access::on(|cx, i: &sdk::ListProvisionedConcurrencyConfigsRequest| access::whole(cx, &i.function_name)),
            concurrency::list_provided,
        )
}

fn of_urls(service: Service) -> Service {
    service
        .op::<sdk::CreateFunctionUrlConfig>(
            Access::on(|cx, i: &sdk::CreateFunctionUrlConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            })
            .keys(|_, i| url_auth(Context::new(), Some(i.auth_type))),
            urls::create,
        )
        .op::<sdk::GetFunctionUrlConfig>(
            Access::on(|cx, i: &sdk::GetFunctionUrlConfigRequest| access::function(cx, &i.function_name, i.qualifier.as_deref())),
            urls::get,
        )
        .op::<sdk::UpdateFunctionUrlConfig>(
            Access::on(|cx, i: &sdk::UpdateFunctionUrlConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            })
            .keys(|_, i| url_auth(Context::new(), i.auth_type)),
            urls::update,
        )
        .op::<sdk::DeleteFunctionUrlConfig>(
            Access::on(|cx, i: &sdk::DeleteFunctionUrlConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            }),
            urls::delete,
        )
        .op::<sdk::ListFunctionUrlConfigs>(
            Access::on(|cx, i: &sdk::ListFunctionUrlConfigsRequest| access::whole(cx, &i.function_name)),
            urls::list,
        )
}

fn of_events(service: Service) -> Service {
    service
        .op::<sdk::PutFunctionEventInvokeConfig>(
            Access::on(|cx, i: &sdk::PutFunctionEventInvokeConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            }),
            events::put,
        )
        .op::<sdk::UpdateFunctionEventInvokeConfig>(
            Access::on(|cx, i: &sdk::UpdateFunctionEventInvokeConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            }),
            events::update,
        )
        .op::<sdk::GetFunctionEventInvokeConfig>(
            Access::on(|cx, i: &sdk::GetFunctionEventInvokeConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            }),
            events::get,
        )
        .op::<sdk::DeleteFunctionEventInvokeConfig>(
            Access::on(|cx, i: &sdk::DeleteFunctionEventInvokeConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            }),
            events::delete,
        )
        .op::<sdk::ListFunctionEventInvokeConfigs>(
            Access::on(|cx, i: &sdk::ListFunctionEventInvokeConfigsRequest| access::whole(cx, &i.function_name)),
            events::list,
        )
}

fn of_settings(service: Service) -> Service {
    service
        .op::<sdk::GetFunctionRecursionConfig>(
            Access::on(|cx, i: &sdk::GetFunctionRecursionConfigRequest| access::whole(cx, &i.function_name)),
            settings::recursion,
        )
        .op::<sdk::PutFunctionRecursionConfig>(
            Access::on(|cx, i: &sdk::PutFunctionRecursionConfigRequest| access::whole(cx, &i.function_name)),
            settings::put_recursion,
        )
        .op::<sdk::GetRuntimeManagementConfig>(
            Access::on(|cx, i: &sdk::GetRuntimeManagementConfigRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            }),
            settings::runtime_management,
        )
        .op::<sdk::GetFunctionCodeSigningConfig>(
            Access::on(|cx, i: &sdk::GetFunctionCodeSigningConfigRequest| access::whole(cx, &i.function_name)),
            settings::code_signing,
        )
}

fn of_tags(service: Service) -> Service {
    service
        .op::<sdk::TagResource>(
            Access::on(|_, i: &sdk::TagResourceRequest| access::arn(&i.resource)).keys(|_, i| keys::request_tags(i.tags.clone())),
            tags::tag,
        )
        .op::<sdk::UntagResource>(
            Access::on(|_, i: &sdk::UntagResourceRequest| access::arn(&i.resource)).keys(|_, i| keys::tag_keys(&i.tag_keys)),
            tags::untag,
        )
        .op::<sdk::ListTags>(Access::on(|_, i: &sdk::ListTagsRequest| access::arn(&i.resource)), tags::list)
}

/// The operations that invoke functions.
pub fn invocations(service: Service, invoker: &Arc<Invoker>) -> Service {
    service
        .op_async::<sdk::Invoke, _, _>(
            Access::on(|cx, i: &sdk::InvocationRequest| access::function(cx, &i.function_name, i.qualifier.as_deref()))
                .action(INVOKE),
            invoker,
            invoke::invoke,
        )
        .op_async::<sdk::InvokeAsync, _, _>(
            Access::on(|cx, i: &sdk::InvokeAsyncRequest| access::function(cx, &i.function_name, None)),
            invoker,
            invoke::invoke_async,
        )
        .op_streaming::<sdk::InvokeWithResponseStream, _, _>(
            Access::on(|cx, i: &sdk::InvokeWithResponseStreamRequest| {
                access::function(cx, &i.function_name, i.qualifier.as_deref())
            })
            .action(INVOKE),
            invoker,
            invoke::invoke_with_response_stream,
        )
}

/// The permission that invoking takes, in whatever way.
const INVOKE: &str = "lambda:InvokeFunction";
