//! What an environment is made of.

use super::{Pool, logs, state::Deployed};
use crate::lambda::{environment, errors};
use agent_proto::function::{Code, Environment, Log, Zip};
use model::{
    Timestamp,
    lambda::{self, Configuration, LogFormat, Release},
};
use std::time::Duration;
use wire::Fault;

impl Pool {
    /// An environment of a release, with a name of its own.
    ///
    /// # Errors
    /// If the role can't be assumed, or the variables can't be decrypted.
    pub(super) async fn equip(&self, deployed: &Deployed, provisioned: bool) -> Result<Environment, Fault> {
        let release = deployed.release().ok_or_else(|| errors::not_active("Pending"))?;
        let configuration = &release.configuration;
        let function = deployed.version.function();
        let credentials = self.credentials(&function, &configuration.role).await?;
        let variables = environment::open(&self.store.snapshot(), self.env.now(), &function, configuration)?;
        let variables = variables.map_err(errors::closed)?;
        let id = self.env.hex(32);
        let version = deployed.version.version().to_owned();
        let log = log(configuration, &version, &id, self.env.now());
        Ok(Environment {
            serves: serves(deployed, release),
            name: function.id.clone(),
            arn: function.arn().to_string(),
            region: function.region.to_string(),
            runtime: configuration.runtime.clone(),
            handler: configuration.handler.clone(),
            code: code(release),
            layers: configuration.layers.iter().map(|layer| Zip { sha256: layer.archive.sha256.clone() }).collect(),
            memory_mib: configuration.memory,
            storage_mib: configuration.ephemeral_storage,
            timeout: Duration::from_secs(configuration.timeout.into()),
            id,
            version,
            variables,
            credentials,
            log,
            provisioned,
        })
    }
}

/// What a server that comes back finds out by what an environment runs.
pub fn serves(deployed: &Deployed, release: &Release) -> String {
    let version = &deployed.version;
    format!("{}/{}/{}/{}", version.account, version.region, version.id, release.revision)
}

fn code(release: &Release) -> Code {
    match &release.code {
        lambda::Code::Zip(archive) => Code::Zip(Zip { sha256: archive.sha256.clone() }),
        lambda::Code::Image(image) => {
            let config = release.configuration.image_config.clone().unwrap_or_default();
            Code::Image {
                reference: image.resolved(),
                namespace: image.namespace(),
                digest: image.digest.clone(),
                entry_point: config.entry_point,
                command: config.command,
                working_directory: config.working_directory,
            }
        }
    }
}

fn log(configuration: &Configuration, version: &str, id: &str, now: Timestamp) -> Log {
    let logging = &configuration.logging;
    Log {
        group: logging.group.clone(),
        stream: logs::stream_name(version, id, now),
        json: logging.format == LogFormat::Json,
        application_level: logging.application_level.clone(),
        system_level: logging.system_level.clone(),
    }
}
