//! Records as the API shows them.

use super::environment::{Closed, Variables};
use api::lambda as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Key, Timestamp,
    lambda::{
        AliasSpec, Architecture, Archive, Code, Configuration, Failure, Function, LogFormat, Release, State, Update, VersionPlan,
        VersionSpec,
    },
};
use wire::Time;

/// `2026-01-01T00:00:00.000+0000`, as Lambda writes moments that aren't timestamps of its model.
pub fn moment(at: Timestamp) -> String {
    Time(at.0).to_the_millisecond().replace('Z', "+0000")
}

/// `CodeSha256` of a zip.
pub fn base64_of(sha256: &str) -> String {
    STANDARD.encode(hex::decode(sha256).unwrap_or_default())
}

/// `CodeSha256`.
pub fn code_sha256(code: &Code) -> String {
    match code {
        Code::Zip(archive) => base64_of(&archive.sha256),
        Code::Image(_) => code.sha256().to_owned(),
    }
}

/// A number of bytes.
pub fn size(archive: &Archive) -> i64 {
    i64::try_from(archive.size).unwrap_or(i64::MAX)
}

/// A number that the model has made sure of.
pub fn number(number: u32) -> Option<i32> {
    Some(i32::try_from(number).unwrap_or(i32::MAX))
}

/// What the caller sees of a version's variables; none has none.
pub type Seen = Option<Result<Variables, Option<Closed>>>;

/// A version to be shown.
pub struct Shown<'a> {
    /// The function.
    pub function: &'a Key<Function>,
    /// `$LATEST` or a number.
    pub version: &'a str,
    /// By which it is shown in its ARN, if by any: a version or an alias.
    pub qualifier: Option<&'a str>,
    /// What is asked of it.
    pub spec: &'a VersionSpec,
    /// What was decided of it.
    pub plan: &'a VersionPlan,
    /// What the caller sees of its variables.
    pub variables: Seen,
}

/// A version's configuration.
pub fn configuration(shown: Shown<'_>) -> sdk::FunctionConfiguration {
    let Release { code, configuration, revision, modified } = &shown.spec.release;
    let arn = shown.function.arn_of(shown.qualifier).to_string();
    let image = matches!(code, Code::Image(_));
    let view = sdk::FunctionConfiguration {
        function_name: Some(shown.function.id.clone()),
        function_arn: Some(arn),
        runtime: configuration.runtime.as_deref().and_then(sdk::Runtime::parse),
        role: Some(configuration.role.clone()),
        handler: configuration.handler.clone(),
        code_size: Some(i64::try_from(code.size()).unwrap_or(i64::MAX)),
        description: Some(configuration.description.clone()),
        timeout: number(configuration.timeout),
        memory_size: number(configuration.memory),
        last_modified: Some(moment(*modified)),
        code_sha256: Some(code_sha256(code)),
        version: Some(shown.version.to_owned()),
        revision_id: Some(revision.clone()),
        package_type: Some(if image { sdk::PackageType::Image } else { sdk::PackageType::Zip }),
        environment: shown.variables.map(environment),
        ..details(configuration)
    };
    with_state(view, shown.spec, shown.plan)
}

fn details(configuration: &Configuration) -> sdk::FunctionConfiguration {
    let target = |arn: &String| sdk::DeadLetterConfig { target_arn: Some(arn.clone()) };
    let layers: Vec<_> = configuration
        .layers
        .iter()
        .map(|layer| sdk::Layer { arn: Some(layer.arn.clone()), code_size: Some(size(&layer.archive)), ..Default::default() })
        .collect();
    let image_config = configuration.image_config.as_ref().map(|config| sdk::ImageConfig {
        entry_point: config.entry_point.clone(),
        command: config.command.clone(),
        working_directory: config.working_directory.clone(),
    });
    sdk::FunctionConfiguration {
        dead_letter_config: configuration.dead_letter.as_ref().map(target),
        kms_key_arn: configuration.kms_key.clone(),
        layers: Some(layers).filter(|layers| !layers.is_empty()),
        tracing_config: Some(sdk::TracingConfigResponse { mode: Some(sdk::TracingMode::PassThrough) }),
        image_config_response: image_config
            .map(|config| sdk::ImageConfigResponse { image_config: Some(config), ..Default::default() }),
        architectures: Some(vec![architecture(configuration.architecture)]),
        ephemeral_storage: number(configuration.ephemeral_storage).map(|size| sdk::EphemeralStorage { size }),
        snap_start: Some(sdk::SnapStartResponse {
            apply_on: Some(sdk::SnapStartApplyOn::None),
            optimization_status: Some(sdk::SnapStartOptimizationStatus::Off),
        }),
        logging_config: Some(logging(configuration)),
        ..Default::default()
    }
}

fn logging(configuration: &Configuration) -> sdk::LoggingConfig {
    let logging = &configuration.logging;
    sdk::LoggingConfig {
        log_format: Some(if logging.format == LogFormat::Json { sdk::LogFormat::Json } else { sdk::LogFormat::Text }),
        application_log_level: logging.application_level.as_deref().and_then(sdk::ApplicationLogLevel::parse),
        system_log_level: logging.system_level.as_deref().and_then(sdk::SystemLogLevel::parse),
        log_group: Some(logging.group.clone()),
    }
}

fn environment(seen: Result<Variables, Option<Closed>>) -> sdk::EnvironmentResponse {
    let error = |code: &str, message: &str| {
        let error = sdk::EnvironmentError { error_code: Some(code.into()), message: Some(message.into()) };
        sdk::EnvironmentResponse { variables: None, error: Some(error) }
    };
    match seen {
        Ok(variables) => sdk::EnvironmentResponse { variables: Some(variables), error: None },
        Err(None) => {
            let text = "Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions.";
            error("AccessDeniedException", text)
        }
        Err(Some(Closed::Disabled)) => {
            error("DisabledException", "Lambda was unable to decrypt your environment variables because the KMS key is disabled.")
        }
        Err(Some(Closed::InvalidState)) => error(
            "KMSInvalidStateException",
            "Lambda was unable to decrypt your environment variables because the KMS key is in an invalid state for Decrypt.",
        ),
        Err(Some(Closed::NotFound)) => error(
            "NotFoundException",
            "Lambda was unable to decrypt your environment variables because the KMS key was not found.",
        ),
    }
}

/// An architecture.
pub fn architecture(architecture: Architecture) -> sdk::Architecture {
    match architecture {
        Architecture::X86_64 => sdk::Architecture::X8664,
        Architecture::Arm64 => sdk::Architecture::Arm64,
    }
}

/// An architecture that a request names.
pub fn read_architecture(given: sdk::Architecture) -> Architecture {
    match given {
        sdk::Architecture::X8664 => Architecture::X86_64,
        sdk::Architecture::Arm64 => Architecture::Arm64,
    }
}

fn with_state(view: sdk::FunctionConfiguration, spec: &VersionSpec, plan: &VersionPlan) -> sdk::FunctionConfiguration {
    let creating = "The function is being created.";
    let (state, reason) = match spec.state(plan) {
        State::Pending => (sdk::State::Pending, Some((creating, "Creating"))),
        State::Active => (sdk::State::Active, None),
        State::Failed(Failure { code, reason }) => (sdk::State::Failed, Some((reason.as_str(), code.as_str()))),
    };
    let (update, update_reason) = match spec.update(plan) {
        Update::InProgress => (sdk::LastUpdateStatus::InProgress, Some((creating, "Creating"))),
        Update::Successful => (sdk::LastUpdateStatus::Successful, None),
        Update::Failed(Failure { code, reason }) => (sdk::LastUpdateStatus::Failed, Some((reason.as_str(), code.as_str()))),
    };
    sdk::FunctionConfiguration {
        state: Some(state),
        state_reason: reason.map(|(text, _)| text.to_owned()),
        state_reason_code: reason.and_then(|(_, code)| sdk::StateReasonCode::parse(code)),
        last_update_status: Some(update),
        last_update_status_reason: update_reason.map(|(text, _)| text.to_owned()),
        last_update_status_reason_code: update_reason.and_then(|(_, code)| sdk::LastUpdateStatusReasonCode::parse(code)),
        ..view
    }
}

/// An alias.
pub fn alias(function: &Key<Function>, name: &str, spec: &AliasSpec) -> sdk::AliasConfiguration {
    let weights = spec.weights.iter().map(|(version, weight)| (version.clone(), *weight)).collect();
    sdk::AliasConfiguration {
        alias_arn: Some(function.qualified(name).to_string()),
        name: Some(name.to_owned()),
        function_version: Some(spec.version.clone()),
        description: Some(spec.description.clone()),
        routing_config: (!spec.weights.is_empty())
            .then_some(sdk::AliasRoutingConfiguration { additional_version_weights: Some(weights) }),
        revision_id: Some(spec.revision.clone()),
    }
}
