//! The small settings of functions: loops, the updates of runtimes, code signing.

use crate::lambda::{find, names};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::lambda::RecursiveLoop;
use spine::Tx;

/// `GetFunctionRecursionConfig`.
pub fn recursion(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetFunctionRecursionConfigRequest,
) -> Answer<sdk::GetFunctionRecursionConfigResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    let recursive_loop = match find::function(tx, &function)?.recursion {
        RecursiveLoop::Allow => sdk::RecursiveLoop::Allow,
        RecursiveLoop::Terminate => sdk::RecursiveLoop::Terminate,
    };
    Ok(sdk::GetFunctionRecursionConfigResponse { recursive_loop: Some(recursive_loop) })
}

/// `PutFunctionRecursionConfig`.
pub fn put_recursion(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::PutFunctionRecursionConfigRequest,
) -> Answer<sdk::PutFunctionRecursionConfigResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let recursion = match input.recursive_loop {
        sdk::RecursiveLoop::Allow => RecursiveLoop::Allow,
        sdk::RecursiveLoop::Terminate => RecursiveLoop::Terminate,
    };
    tx.update_spec(&function, |spec| spec.recursion = recursion)?;
    Ok(sdk::PutFunctionRecursionConfigResponse { recursive_loop: Some(input.recursive_loop) })
}

/// `GetRuntimeManagementConfig`: runtimes are those of the host, and are updated with it.
pub fn runtime_management(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetRuntimeManagementConfigRequest,
) -> Answer<sdk::GetRuntimeManagementConfigResponse> {
    let named = names::parse(cx, &input.function_name, input.qualifier.as_deref())?;
    let found = find::version(tx, &named)?;
    Ok(sdk::GetRuntimeManagementConfigResponse {
        update_runtime_on: Some(sdk::UpdateRuntimeOn::Auto),
        function_arn: Some(found.key.arn().to_string()),
        runtime_version_arn: None,
    })
}

/// `GetFunctionCodeSigningConfig`: no function has one.
pub fn code_signing(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetFunctionCodeSigningConfigRequest,
) -> Answer<sdk::GetFunctionCodeSigningConfigResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    Ok(sdk::GetFunctionCodeSigningConfigResponse { code_signing_config_arn: String::new(), function_name: function.id })
}
