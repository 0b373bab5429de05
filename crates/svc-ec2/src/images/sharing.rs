//! Which images may be shared (EC2 user guide, "Share an AMI with specific AWS accounts" and "Make your AMI publicly available").

use super::{
    errors::{not_permitted, unavailable},
    load::Loaded,
    public_access,
};
use crate::volumes::is_default_key;
use front::{Answer, Cx};
use model::{
    Key,
    ec2::{BlockDeviceKind, Encryption, Snapshot},
};
use spine::Read;
use wire::Fault;

/// Refuses to share an image that can't be: one that is disabled; with everybody, one that has something encrypted; and with anybody, one
/// with something that is encrypted under the key that AWS manages.
pub fn check(cx: &Cx, read: &impl Read, image: &Loaded, publicly: bool) -> Answer<()> {
    if image.spec.disabled {
        return Err(unavailable(&image.key.id));
    }
    let encrypted = encrypted(read, image)?;
    if publicly && public_access::is_blocked(cx, read)? {
        let message = "You can't make this AMI public because block public access is enabled for AMIs in this Region.";
        return Err(not_permitted(message));
    }
    if publicly && !encrypted.is_empty() {
        let message = "Encrypted snapshots can't be shared publicly. Specify another snapshot.";
        return Err(Fault::client("UnsupportedOperation", message));
    }
    for how in &encrypted {
        if is_default_key(read, how)? {
            let message = "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.";
            return Err(Fault::client("InvalidParameter", message));
        }
    }
    Ok(())
}

/// How those of an image's snapshots are encrypted that are.
fn encrypted(read: &impl Read, image: &Loaded) -> Answer<Vec<Encryption>> {
    let mut found = Vec::new();
    for device in &image.spec.block_devices {
        let BlockDeviceKind::Ebs(ebs) = &device.kind else { continue };
        let Some(id) = &ebs.snapshot else { continue };
        let at = Key::<Snapshot>::new(&image.key.account, &image.key.region, id.clone());
        found.extend(read.spec(&at)?.and_then(|snapshot| snapshot.encryption.clone()));
    }
    Ok(found)
}
