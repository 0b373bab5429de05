//! The serial console: a key that lets its owner sit at an instance's console for as long as a session lasts, one at a time (EC2 user guide,
//! "EC2 Serial Console for instances"). What serves the sessions asks here who may.

use super::{LIFE, client, instance_of, read_key};
use crate::instances::serial_console_enabled;
use api::ec2_instance_connect as sdk;
use front::{Answer, Cx, records::key};
use model::{
    Key, Timestamp,
    ec2::{Instance, InstanceState, SerialConsoleKey, SerialConsoleKeySpec, SerialConsoleSession, SerialConsoleSessionSpec},
};
use spine::{Read, Scope, Store, StoreError, Tx};
use ssh_key::PublicKey;

/// The only port that there is.
const PORT: u32 = 0;

/// `SendSerialConsoleSSHPublicKey`.
pub fn send(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::SendSerialConsoleSSHPublicKeyRequest,
) -> Answer<sdk::SendSerialConsoleSSHPublicKeyResponse> {
    let public = read_key(&input.ssh_public_key)?;
    if !serial_console_enabled(cx, tx)? {
        let message = "Your account is not authorized to use the EC2 Serial Console. To authorize your account, run the \
                       EnableSerialConsoleAccess API.";
        return Err(client("SerialConsoleAccessDisabledException", message));
    }
    let row = tx
        .get(&key::<Instance>(cx, &input.instance_id))?
        .ok_or_else(|| client("EC2InstanceNotFoundException", "The specified instance was not found."))?;
    let kind = logic::instance_type::named(&row.spec.instance_type);
    if kind.is_none_or(|kind| kind.hypervisor.as_deref() != Some("nitro")) {
        let message = "The instance type is not supported for connecting via the serial console. Only Nitro instance types are currently \
                       supported.";
        return Err(client("EC2InstanceTypeInvalidException", message));
    }
    if row.plan.state != InstanceState::Running {
        let message = "Unable to connect because the instance is not in a valid state. Connect only to a running instance.";
        return Err(client("EC2InstanceStateInvalidException", message));
    }
    if tx.exists(&key::<SerialConsoleSession>(cx, &input.instance_id))? {
        let message = "The instance currently has 1 active serial console session. Only 1 session is supported at a time.";
        return Err(client("SerialConsoleSessionLimitExceededException", message));
    }
    let spec = SerialConsoleKeySpec { port: PORT, public_key: public.to_owned(), expires_at: cx.now + LIFE };
    tx.create(&key::<SerialConsoleKey>(cx, format!("{}/{}", input.instance_id, cx.env.uuid())), &spec)?;
    Ok(sdk::SendSerialConsoleSSHPublicKeyResponse { request_id: Some(cx.env.uuid()), success: Some(true) })
}

/// The instance at whose console somebody may sit who logs in by that name (`i-….port0`) and has that key, a line of `authorized_keys`.
pub fn console_of(read: &impl Read, name: &str, public: &str, now: Timestamp) -> Result<Option<Key<Instance>>, StoreError> {
    let wanted = (name.rsplit_once(".port"), PublicKey::from_openssh(public));
    let (Some((instance, port)), Ok(public)) = wanted else { return Ok(None) };
    let fits = |it: &SerialConsoleKeySpec| {
        let same = PublicKey::from_openssh(&it.public_key).is_ok_and(|known| known.key_data() == public.key_data());
        same && now < it.expires_at && port == it.port.to_string()
    };
    for (pushed, spec) in read.specs::<SerialConsoleKey>(Scope::All)? {
        let console = instance_of(&pushed);
        if console.id == instance && fits(&spec) {
            let runs = read.get(&console)?.is_some_and(|row| row.plan.state == InstanceState::Running);
            return Ok(runs.then_some(console));
        }
    }
    Ok(None)
}

/// Takes the seat at a console; `false` if somebody else sits there.
pub async fn sit_down(store: &Store, console: &Key<Instance>, since: Timestamp) -> Result<bool, StoreError> {
    let seat = seat(console);
    store
        .transact(|tx| {
            let free = !tx.exists(&seat)?;
            if free {
                tx.create(&seat, &SerialConsoleSessionSpec { since })?;
            }
            Ok(free)
        })
        .await
}

/// Leaves it.
pub async fn stand_up(store: &Store, console: &Key<Instance>) -> Result<(), StoreError> {
    store.transact(|tx| tx.delete(&seat(console))).await
}

/// Clears all seats: nobody sits at the consoles of a server that has just begun.
pub async fn clear(store: &Store) -> Result<(), StoreError> {
    store
        .transact(|tx| {
            let all = tx.specs::<SerialConsoleSession>(Scope::All)?;
            all.iter().try_for_each(|(seat, _)| tx.delete(seat))
        })
        .await
}

fn seat(console: &Key<Instance>) -> Key<SerialConsoleSession> {
    Key::new(&console.account, &console.region, &console.id)
}
