//! The policies that AWS manages: the same in every account, attached by ARNs such as `arn:aws:iam::aws:policy/AdministratorAccess`.
//!
//! Each is a file beside this one, with its document as AWS publishes what it allows (AWS managed policy reference). Those are here that
//! tutorials and the services' documentation name.

/// A policy that AWS manages.
#[derive(Debug)]
pub struct AwsManagedPolicy {
    /// Such as `AdministratorAccess`.
    pub name: &'static str,
    /// `/`, `/service-role/`, `/job-function/` or `/aws-service-role/`.
    pub path: &'static str,
    /// What AWS says that it is for.
    pub description: &'static str,
    /// The number of the version in force.
    pub version: u32,
    /// The policy document.
    pub document: &'static str,
}

impl AwsManagedPolicy {
    /// Its ARN, which names no account.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }
}

/// All of them, by name.
pub const ALL: &[AwsManagedPolicy] = &[AwsManagedPolicy {
    name: "AdministratorAccess",
    path: "/",
    description: "Provides full access to AWS services and resources.",
    version: 1,
    document: include_str!("AdministratorAccess.json"),
}];

/// The policy of that ARN.
pub fn find(arn: &str) -> Option<&'static AwsManagedPolicy> {
    let path_and_name = arn.strip_prefix("arn:aws:iam::aws:policy")?;
    ALL.iter().find(|policy| path_and_name.strip_prefix(policy.path) == Some(policy.name))
}
