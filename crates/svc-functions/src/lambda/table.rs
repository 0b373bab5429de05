//! The service's table: operation, who may call it on what, function.

use super::{
    Lambda, access,
    invoke::{self, Invoker},
    ops::{functions, tags},
};
use api::lambda as sdk;
use front::{Access, Cx, Service, Tagging, keys};
use logic::policy::Context;
use std::sync::Arc;

/// The operations on what functions are; those that invoke them stand elsewhere.
pub fn rows(service: Service, lambda: &Arc<Lambda>) -> Service {
    of_tags(of_functions(service, lambda))
}

fn of_functions(service: Service, lambda: &Arc<Lambda>) -> Service {
    service
        .op_async::<sdk::CreateFunction, _, _>(
            Access::on(|cx, i: &sdk::CreateFunctionRequest| access::whole(cx, &i.function_name))
                .keys(|_, i| layers(i.layers.as_deref()))
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
}

/// `lambda:Layer`.
fn layers(given: Option<&[String]>) -> Context {
    let mut keys = Context::new();
    keys.set_all("lambda:Layer", given.unwrap_or_default());
    keys
}

fn new_function(cx: &Cx, input: &sdk::CreateFunctionRequest) -> Tagging {
    let tags = input.tags.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    Tagging { resources: access::whole(cx, &input.function_name), tags }
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
