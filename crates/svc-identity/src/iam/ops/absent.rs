//! What a user can't have here: second factors, SSH keys, signing certificates, credentials of single services. Nothing makes any, so
//! that these lists are empty; whoever deletes a user with all that it has, as Terraform does, asks for them first.

use super::super::{
    access,
    caller::{self, Subject},
    names,
    paging::{asked, page},
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::User;
use spine::Tx;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::ListMFADevices>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), mfa_devices)
        .op::<sdk::ListVirtualMFADevices>(Access::all(), virtual_mfa_devices)
        .op::<sdk::ListSSHPublicKeys>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), ssh_keys)
        .op::<sdk::ListSigningCertificates>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), certificates)
        .op::<sdk::ListServiceSpecificCredentials>(
            Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)),
            service_credentials,
        )
}

fn mfa_devices(cx: &Cx, tx: &mut Tx, input: &sdk::ListMFADevicesRequest) -> Answer<sdk::ListMFADevicesResponse> {
    let is_truncated = none(cx, tx, &input.user_name, &input.marker)?;
    Ok(sdk::ListMFADevicesResponse { mfa_devices: Vec::new(), is_truncated, marker: None })
}

fn virtual_mfa_devices(
    _: &Cx,
    _: &mut Tx,
    input: &sdk::ListVirtualMFADevicesRequest,
) -> Answer<sdk::ListVirtualMFADevicesResponse> {
    let is_truncated = empty(&input.marker)?;
    Ok(sdk::ListVirtualMFADevicesResponse { virtual_mfa_devices: Vec::new(), is_truncated, marker: None })
}

fn ssh_keys(cx: &Cx, tx: &mut Tx, input: &sdk::ListSSHPublicKeysRequest) -> Answer<sdk::ListSSHPublicKeysResponse> {
    let is_truncated = none(cx, tx, &input.user_name, &input.marker)?;
    Ok(sdk::ListSSHPublicKeysResponse { ssh_public_keys: Some(Vec::new()), is_truncated, marker: None })
}

fn certificates(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListSigningCertificatesRequest,
) -> Answer<sdk::ListSigningCertificatesResponse> {
    let is_truncated = none(cx, tx, &input.user_name, &input.marker)?;
    Ok(sdk::ListSigningCertificatesResponse { certificates: Vec::new(), is_truncated, marker: None })
}

fn service_credentials(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListServiceSpecificCredentialsRequest,
) -> Answer<sdk::ListServiceSpecificCredentialsResponse> {
    let is_truncated = none(cx, tx, &input.user_name, &input.marker)?;
    Ok(sdk::ListServiceSpecificCredentialsResponse { service_specific_credentials: Some(Vec::new()), is_truncated, marker: None })
}

/// `IsTruncated` of what the user, who has to be there, or else the caller has none of.
fn none(cx: &Cx, tx: &Tx, user: &Option<String>, marker: &Option<String>) -> Answer<Option<bool>> {
    if let Subject::User(name) = caller::subject(cx, user)? {
        names::find::<User>(cx, tx, &name)?;
    }
    empty(marker)
}

/// `IsTruncated` of an empty list.
fn empty(marker: &Option<String>) -> Answer<Option<bool>> {
    Ok(page(Vec::<String>::new(), asked(marker, None), String::clone)?.is_truncated)
}
