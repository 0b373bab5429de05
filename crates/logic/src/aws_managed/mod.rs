//! The policies that AWS manages: the same in every account, attached by ARNs such as `arn:aws:iam::aws:policy/AdministratorAccess`.
//!
//! Each is a file beside this one, with its document as AWS publishes it (AWS managed policy reference), and a row of `list`. Those
//! are here that tutorials and the services' documentation name, and those of service-linked roles.

mod list;
#[cfg(test)]
mod tests;

pub use list::ALL;

use model::Timestamp;

/// A policy that AWS manages.
#[derive(Debug)]
pub struct AwsManagedPolicy {
    /// Such as `AdministratorAccess`.
    pub name: &'static str,
    /// `/`, `/service-role/`, `/job-function/` or `/aws-service-role/`.
    pub path: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The number of the version in force.
    pub version: u32,
    /// When its first version was made.
    pub created_at: Timestamp,
    /// When the version in force was made.
    pub updated_at: Timestamp,
    /// The policy document.
    pub document: &'static str,
}

/// What the ARNs of all of them begin with.
const PREFIX: &str = "arn:aws:iam::aws:policy";
/// What unique ids are written in, as those of IAM are.
const ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl AwsManagedPolicy {
    /// Its ARN, which names no account.
    pub fn arn(&self) -> String {
        format!("{PREFIX}{}{}", self.path, self.name)
    }

    /// Its unique id, `ANPA…`: not the one that AWS gives it, but always the same.
    pub fn id(&self) -> String {
        let mut hash = self.name.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
        let mut id = String::from("ANPA");
        for _ in 0..17 {
            id.push(char::from(ID_ALPHABET[(hash & 31) as usize]));
            hash >>= 5;
        }
        id
    }
}

/// The policy of that ARN.
pub fn find(arn: &str) -> Option<&'static AwsManagedPolicy> {
    let path_and_name = arn.strip_prefix(PREFIX)?;
    let (path, name) = path_and_name.split_at(path_and_name.rfind('/')? + 1);
    let at = ALL.binary_search_by(|policy| policy.name.cmp(name)).ok()?;
    (ALL[at].path == path).then_some(&ALL[at])
}
