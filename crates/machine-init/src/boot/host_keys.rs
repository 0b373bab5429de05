//! The keys by which people know the machine: made at the first boot of an instance, shown on the console.
//!
//! ED25519 and ECDSA only, as Amazon Linux 2023 has them: every client since 2011 knows one of the two, and both are made in less than a millisecond.

use model::Env;
use russh::keys::{
    Algorithm, EcdsaCurve, HashAlg, PrivateKey, PublicKey,
    ssh_key::{LineEnding, rand_core},
};
use std::{
    convert::Infallible,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Where OpenSSH keeps them, so that an image that comes to have a server of its own goes on with the same.
const FOLDER: &str = "/etc/ssh";

const KINDS: [(&str, Algorithm); 2] =
    [("ecdsa", Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 }), ("ed25519", Algorithm::Ed25519)];

/// Forgets all keys, of every kind: an image must not give its own to the machines that are made of it.
pub fn forget() -> io::Result<()> {
    let entries = match fs::read_dir(FOLDER) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("ssh_host_") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes the keys that are missing; all of them, as they are now.
pub fn ensure(env: &Env, host: &str) -> io::Result<Vec<PrivateKey>> {
    fs::create_dir_all(FOLDER)?;
    KINDS.iter().map(|(name, algorithm)| ensure_one(env, &path(name), algorithm.clone(), host)).collect()
}

/// The keys that there are. Files that hold no key are passed over.
pub fn load() -> Vec<PrivateKey> {
    KINDS.iter().filter_map(|(name, _)| PrivateKey::read_openssh_file(path(name)).ok()).collect()
}

/// What the console shows, as EC2's do: between lines that scripts look for.
pub fn announcement(keys: &[PrivateKey]) -> String {
    let mut text = String::from("-----BEGIN SSH HOST KEY FINGERPRINTS-----\n");
    for key in keys.iter().map(PrivateKey::public_key) {
        let (bits, kind) = match key.algorithm() {
            Algorithm::Ed25519 => (256, "ED25519"),
            _ => (256, "ECDSA"),
        };
        text.push_str(&format!("{bits} {} {} ({kind})\n", key.fingerprint(HashAlg::Sha256), key.comment()));
    }
    text.push_str("-----END SSH HOST KEY FINGERPRINTS-----\n-----BEGIN SSH HOST KEY KEYS-----\n");
    for line in keys.iter().filter_map(|key| key.public_key().to_openssh().ok()) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str("-----END SSH HOST KEY KEYS-----");
    text
}

fn path(name: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("ssh_host_{name}_key"))
}

fn ensure_one(env: &Env, path: &Path, algorithm: Algorithm, host: &str) -> io::Result<PrivateKey> {
    if let Ok(key) = PrivateKey::read_openssh_file(path) {
        return Ok(key);
    }
    let mut key = PrivateKey::random(&mut Dice(env), algorithm).map_err(io::Error::other)?;
    key.set_comment(format!("root@{host}"));
    let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    let public: &PublicKey = key.public_key();
    let line = public.to_openssh().map_err(io::Error::other)?;
    write(path, 0o600, text.as_bytes())?;
    write(&path.with_extension("pub"), 0o644, format!("{line}\n").as_bytes())?;
    Ok(key)
}

fn write(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(bytes)
}

/// The cloud's dice, in the words of the crates that make keys.
struct Dice<'a>(&'a Env);

impl rand_core::TryRng for Dice<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.dice.fill(buffer);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Dice<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_shows_fingerprints_and_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ssh_host_ed25519_key");
        let key = ensure_one(&Env::system(), &path, Algorithm::Ed25519, "ip-10-0-0-7").unwrap();
        let again = ensure_one(&Env::system(), &path, Algorithm::Ed25519, "other").unwrap();
        assert_eq!(key.public_key().key_data(), again.public_key().key_data());
        let text = announcement(&[key]);
        assert!(text.contains("\n256 SHA256:"), "{text}");
        assert!(text.contains(" root@ip-10-0-0-7 (ED25519)\n"), "{text}");
        assert!(text.contains("\nssh-ed25519 AAAA"), "{text}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    use std::os::unix::fs::PermissionsExt;
}
