//! How a function runs.

use super::Archive;
use crate::kms::Secret;
use serde::{Deserialize, Serialize};

/// What a version is configured to be. Everything has its value here: what a request leaves out was filled in when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The ARN of the execution role.
    pub role: String,
    /// What somebody says of it.
    pub description: String,
    /// The runtime's identifier, such as `python3.12`; none of an image.
    pub runtime: Option<String>,
    /// What the runtime calls; none of an image.
    pub handler: Option<String>,
    /// Seconds that an invocation may take.
    pub timeout: u32,
    /// MiB.
    pub memory: u32,
    /// MiB of `/tmp`.
    pub ephemeral_storage: u32,
    /// What it is compiled for.
    pub architecture: Architecture,
    /// Its environment variables, if it has any.
    pub environment: Option<Environment>,
    /// The ARN of the key that encrypts the environment; none is the one that AWS manages.
    pub kms_key: Option<String>,
    /// What lies under the code, the first one lowest.
    pub layers: Vec<LayerUse>,
    /// What is done in other ways than the image says.
    pub image_config: Option<ImageConfig>,
    /// The ARN of the queue or topic of events that couldn't be processed.
    pub dead_letter: Option<String>,
    /// Where output goes, and how.
    pub logging: Logging,
}

/// What machine code is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// `x86_64`.
    #[default]
    X86_64,
    /// `arm64`.
    Arm64,
}

impl Architecture {
    /// As Lambda says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// As OCI says it, and agents do.
    pub fn oci(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Environment variables: a map as JSON, encrypted by KMS with the function's ARN as `aws:lambda:FunctionArn` in the context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// What KMS made of it, which names the key.
    pub ciphertext: Secret,
}

/// A version of a layer that a function lies on. It stays when the layer's version is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerUse {
    /// The ARN of the layer's version.
    pub arn: String,
    /// Its content, which is unpacked at `/opt`.
    pub archive: Archive,
}

/// `ImageConfig`: what stands before what the image itself says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// `ENTRYPOINT`.
    pub entry_point: Option<Vec<String>>,
    /// `CMD`.
    pub command: Option<Vec<String>>,
    /// `WORKDIR`.
    pub working_directory: Option<String>,
}

/// `LoggingConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// The form of what Lambda writes, and of what the runtimes do.
    pub format: LogFormat,
    /// The least level of the function's own lines; of [`LogFormat::Json`] only.
    pub application_level: Option<String>,
    /// The least level of Lambda's lines; of [`LogFormat::Json`] only.
    pub system_level: Option<String>,
    /// The name of the log group.
    pub group: String,
}

/// `LogFormat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogFormat {
    /// Lines.
    #[default]
    Text,
    /// Objects.
    Json,
}
