//! What a machine has written to its console, what it shows on its screen, and the password that Windows would have.

use super::{
    errors::{incorrect_state, unsupported_operation},
    hosts::Hosts,
    load,
};
use crate::errors::dry_run;
use agent_proto::HostError;
use api::ec2::{
    GetConsoleOutputRequest, GetConsoleOutputResult, GetConsoleScreenshotRequest, GetConsoleScreenshotResult,
    GetPasswordDataRequest, GetPasswordDataResult,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx};
use logic::instance_type;
use model::ec2::InstanceState;
use spine::Tx;
use std::sync::Arc;
use wire::{Fault, Time};

/// `GetConsoleOutput`. It is always the latest, the last 64 KiB; those types that EC2 has it of can be asked for it by name.
pub async fn output(cx: Cx, hosts: Arc<Hosts>, input: GetConsoleOutputRequest) -> Answer<GetConsoleOutputResult> {
    let loaded = load::instance(&cx, cx.snapshot(), &input.instance_id)?;
    let kind = instance_type::named(&loaded.spec.instance_type);
    if input.latest == Some(true) && kind.is_none_or(|kind| kind.hypervisor.as_deref() != Some("nitro")) {
        return Err(unsupported_operation("This instance type does not support retrieving the latest console logs."));
    }
    dry_run(input.dry_run)?;
    let output = match hosts.console(&loaded.id).await {
        Ok(bytes) => Some(STANDARD.encode(bytes)),
        Err(HostError::Unknown(_)) => None,
        Err(error) => return Err(Fault::internal(error)),
    };
    Ok(GetConsoleOutputResult { instance_id: Some(loaded.id), timestamp: Some(Time(cx.env.now().0)), output })
}

/// `GetConsoleScreenshot`: a picture of a virtual machine's screen. (`WakeUp` would press a key on a screen that sleeps; ours never do.)
pub async fn screenshot(cx: Cx, hosts: Arc<Hosts>, input: GetConsoleScreenshotRequest) -> Answer<GetConsoleScreenshotResult> {
    let loaded = load::instance(&cx, cx.snapshot(), &input.instance_id)?;
    if loaded.state() != InstanceState::Running {
        return Err(incorrect_state(format!("The instance '{}' is not in the 'running' state.", loaded.id)));
    }
    dry_run(input.dry_run)?;
    match hosts.screenshot(&loaded.id).await {
        Ok(Some(picture)) => {
            Ok(GetConsoleScreenshotResult { instance_id: Some(loaded.id), image_data: Some(STANDARD.encode(picture)) })
        }
        Ok(None) => Err(Fault::not_implemented("A screenshot of an instance that has no screen")),
        Err(error) => Err(Fault::internal(error)),
    }
}

/// `GetPasswordData`: what isn't Windows has none.
pub fn password(cx: &Cx, tx: &mut Tx, input: &GetPasswordDataRequest) -> Answer<GetPasswordDataResult> {
    let loaded = load::instance(cx, tx, &input.instance_id)?;
    if loaded.spec.boot.platform_details.starts_with("Windows") {
        return Err(Fault::not_implemented("Password data of Windows"));
    }
    dry_run(input.dry_run)?;
    let password_data = Some(String::new());
    Ok(GetPasswordDataResult { instance_id: Some(loaded.id), timestamp: Some(Time(cx.now.0)), password_data })
}
