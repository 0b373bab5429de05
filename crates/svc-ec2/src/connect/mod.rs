//! EC2 Instance Connect: a public key that lets its owner in for a minute. The instance finds it in its metadata; one for the serial console
//! is looked up by what serves the consoles ([`serial`]).

pub mod serial;
mod sweep;

pub use sweep::PushedKeys;

use crate::{access, resource::Resource, tagged};
use api::ec2_instance_connect as sdk;
use front::{Access, Answer, Cx, Service, records::key};
use logic::policy::Context;
use model::{
    Key, Record,
    ec2::{Instance, InstanceState, PushedKey, PushedKeySpec},
};
use spine::{Read, Tx};
use ssh_key::PublicKey;
use std::time::Duration;
use wire::Fault;

/// For how long a key lets somebody in (EC2 Instance Connect API reference, `SendSSHPublicKey`).
const LIFE: Duration = Duration::from_secs(60);

/// The service's table.
pub fn service() -> Service {
    Service::new(&sdk::SERVICE)
        .resources(tagged::facts_of)
        .op::<sdk::SendSSHPublicKey>(
            Access::on(|cx, i: &sdk::SendSSHPublicKeyRequest| vec![access::one(cx, Resource::INSTANCE, &i.instance_id)])
                .keys(|_, i| Context::new().with("ec2:osuser", &i.instance_os_user)),
            send,
        )
        .op::<sdk::SendSerialConsoleSSHPublicKey>(
            Access::on(|cx, i| vec![access::one(cx, Resource::INSTANCE, &i.instance_id)]),
            serial::send,
        )
}

/// `SendSSHPublicKey`.
fn send(cx: &Cx, tx: &mut Tx, input: &sdk::SendSSHPublicKeyRequest) -> Answer<sdk::SendSSHPublicKeyResponse> {
    let public = read_key(&input.ssh_public_key)?;
    if !is_user(&input.instance_os_user) {
        return Err(client("InvalidArgsException", "The instance OS user is not valid."));
    }
    let row = tx
        .get(&key::<Instance>(cx, &input.instance_id))?
        .ok_or_else(|| client("EC2InstanceNotFoundException", "The specified instance was not found."))?;
    if input.availability_zone.as_ref().is_some_and(|zone| *zone != row.spec.placement.zone) {
        return Err(client("EC2InstanceNotFoundException", "The specified instance was not found in the Availability Zone."));
    }
    if row.plan.state != InstanceState::Running {
        let message = "Unable to connect because the instance is not in a valid state. Connect only to a running instance.";
        return Err(client("EC2InstanceStateInvalidException", message));
    }
    let spec = PushedKeySpec { user: input.instance_os_user.clone(), public_key: public.to_owned(), expires_at: cx.now + LIFE };
    tx.create(&key::<PushedKey>(cx, format!("{}/{}", input.instance_id, cx.env.uuid())), &spec)?;
    Ok(sdk::SendSSHPublicKeyResponse { request_id: Some(cx.env.uuid()), success: Some(true) })
}

/// A line of `authorized_keys`.
fn read_key(given: &str) -> Answer<&str> {
    let public = given.trim();
    let readable = PublicKey::from_openssh(public).is_ok();
    readable.then_some(public).ok_or_else(|| client("InvalidArgsException", "The SSH public key is not valid."))
}

/// What the model's pattern for `InstanceOSUser` says, which looks ahead and can't be checked with the others: letters, digits and `@._-`, at
/// the end `$` too; not digits alone, nor `@`, `.` or `-` at the beginning.
fn is_user(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"@._-".contains(&byte);
    let (body, last) = match name.as_bytes().split_last() {
        Some((last, body)) => (body, *last),
        None => return false,
    };
    let begins = name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    begins && !digits && body.iter().all(|byte| inner(*byte)) && (inner(last) || last == b'$')
}

fn client(code: &'static str, message: &str) -> Fault {
    Fault::client(code, message)
}

/// The key of a pushed key's instance, of either kind.
fn instance_of<R: Record>(pushed: &Key<R>) -> Key<Instance> {
    let id = pushed.id.split_once('/').map_or(&*pushed.id, |(id, _)| id);
    Key::new(&pushed.account, &pushed.region, id)
}

#[cfg(test)]
mod tests {
    use super::is_user;

    #[test]
    fn users_have_names_that_systems_have() {
        for name in ["ec2-user", "_apt", "a", "machine$", "j.doe@example", "1and1", "9a"] {
            assert!(is_user(name), "{name}");
        }
        for name in ["", "12", "$", "a$b", "-x", ".x", "@x", "a/b", "a b", "../x", "é"] {
            assert!(!is_user(name), "{name}");
        }
    }
}
