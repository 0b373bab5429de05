//! A request's wishes for a function's configuration, and the configuration that comes of them. Pure: what stands in records (layers,
//! keys, roles) is looked up by others.

use super::runtimes;
use crate::lambda::errors;
use api::lambda as sdk;
use front::Answer;
use model::{
    Arn,
    lambda::{Architecture, Configuration, ImageConfig, LogFormat, Logging},
};

/// How the code comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// A zip.
    Zip,
    /// An image.
    Image,
}

/// What a request says of a configuration; what it doesn't say stays as it is.
#[derive(Default)]
pub struct Wish<'a> {
    /// `Role`.
    pub role: Option<&'a str>,
    /// `Description`.
    pub description: Option<&'a str>,
    /// `Runtime`.
    pub runtime: Option<sdk::Runtime>,
    /// `Handler`.
    pub handler: Option<&'a str>,
    /// `Timeout`.
    pub timeout: Option<i32>,
    /// `MemorySize`.
    pub memory: Option<i32>,
    /// `EphemeralStorage.Size`.
    pub ephemeral: Option<i32>,
    /// `Environment`.
    pub environment: Option<&'a sdk::Environment>,
    /// `KMSKeyArn`.
    pub kms_key: Option<&'a str>,
    /// `Layers`.
    pub layers: Option<&'a [String]>,
    /// `ImageConfig`.
    pub image_config: Option<&'a sdk::ImageConfig>,
    /// `DeadLetterConfig`.
    pub dead_letter: Option<&'a sdk::DeadLetterConfig>,
    /// `LoggingConfig`.
    pub logging: Option<&'a sdk::LoggingConfig>,
    /// What is asked for that isn't built, by name.
    unbuilt: Vec<&'static str>,
}

macro_rules! wish_of {
    ($request:ty) => {
        impl<'a> From<&'a $request> for Wish<'a> {
            fn from(input: &'a $request) -> Self {
                Self {
                    description: input.description.as_deref(),
                    runtime: input.runtime,
                    handler: input.handler.as_deref(),
                    timeout: input.timeout,
                    memory: input.memory_size,
                    ephemeral: input.ephemeral_storage.as_ref().map(|storage| storage.size),
                    environment: input.environment.as_ref(),
                    kms_key: input.kms_key_arn.as_deref(),
                    layers: input.layers.as_deref(),
                    image_config: input.image_config.as_ref(),
                    dead_letter: input.dead_letter_config.as_ref(),
                    logging: input.logging_config.as_ref(),
                    unbuilt: unbuilt([
                        ("VpcConfig", input.vpc_config.as_ref().is_some_and(names_a_network)),
                        (
                            "TracingConfig",
                            input.tracing_config.as_ref().is_some_and(|it| it.mode == Some(sdk::TracingMode::Active)),
                        ),
                        ("FileSystemConfigs", input.file_system_configs.as_ref().is_some_and(|them| !them.is_empty())),
                        ("SnapStart", input.snap_start.as_ref().is_some_and(snaps)),
                        ("CapacityProviderConfig", input.capacity_provider_config.is_some()),
                        ("DurableConfig", input.durable_config.is_some()),
                        ("RuntimeConfig", input.runtime_config.is_some()),
                        ("AcceleratorConfig", input.accelerator_config.is_some()),
                    ]),
                    ..Self::default()
                }
            }
        }
    };
}
wish_of!(sdk::CreateFunctionRequest);
wish_of!(sdk::UpdateFunctionConfigurationRequest);

fn unbuilt<const N: usize>(asked: [(&'static str, bool); N]) -> Vec<&'static str> {
    asked.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| name).collect()
}

fn names_a_network(vpc: &sdk::VpcConfig) -> bool {
    let some = |ids: &Option<Vec<String>>| ids.as_ref().is_some_and(|ids| !ids.is_empty());
    some(&vpc.subnet_ids) || some(&vpc.security_group_ids) || vpc.ipv6_allowed_for_dual_stack == Some(true)
}

fn snaps(snap: &sdk::SnapStart) -> bool {
    snap.apply_on == Some(sdk::SnapStartApplyOn::PublishedVersions)
}

/// The configuration that a wish makes of another one, as far as the wish alone tells.
///
/// # Errors
/// If something can't be so; `501` of what isn't built.
pub fn settled(name: &str, wish: &Wish<'_>, package: Package, mut so_far: Configuration) -> Answer<Configuration> {
    if let Some(what) = wish.unbuilt.first() {
        return Err(errors::not_built(what));
    }
    if let Some(role) = wish.role {
        so_far.role = role.to_owned();
    }
    if let Some(description) = wish.description {
        so_far.description = description.to_owned();
    }
    sizes(wish, &mut so_far)?;
    program(wish, package, &mut so_far)?;
    if let Some(key) = wish.kms_key {
        so_far.kms_key = Some(key.to_owned()).filter(|key| !key.is_empty());
    }
    if let Some(wanted) = wish.dead_letter {
        so_far.dead_letter = dead_letter(wanted)?;
    }
    if let Some(wanted) = wish.logging {
        so_far.logging = logging(name, wanted)?;
    }
    Ok(so_far)
}

/// Limits that aren't those of the model, which has those of other kinds of functions too (Lambda developer guide, "Lambda quotas").
fn sizes(wish: &Wish<'_>, so_far: &mut Configuration) -> Answer<()> {
    let within = |value: Option<i32>, member: &str, least: u32, most: u32| {
        let Some(value) = value else { return Ok(None) };
        match u32::try_from(value) {
            Ok(number) if number < least => {
                Err(errors::constraint(value, member, format_args!("Member must have value greater than or equal to {least}")))
            }
            Ok(number) if number <= most => Ok(Some(number)),
            _ => Err(errors::constraint(value, member, format_args!("Member must have value less than or equal to {most}"))),
        }
    };
    so_far.timeout = within(wish.timeout, "timeout", 1, 900)?.unwrap_or(so_far.timeout);
    so_far.memory = within(wish.memory, "memorySize", 128, 10_240)?.unwrap_or(so_far.memory);
    let storage = within(wish.ephemeral, "ephemeralStorage.size", 512, 10_240)?;
    so_far.ephemeral_storage = storage.unwrap_or(so_far.ephemeral_storage);
    Ok(())
}

/// What runs: a runtime's handler, or what an image says.
fn program(wish: &Wish<'_>, package: Package, so_far: &mut Configuration) -> Answer<()> {
    match package {
        Package::Image => {
            if wish.runtime.is_some() || wish.handler.is_some() || wish.layers.is_some_and(|layers| !layers.is_empty()) {
                return Err(errors::invalid(
                    "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
                ));
            }
            if let Some(config) = wish.image_config {
                so_far.image_config = image_config(config)?;
            }
        }
        Package::Zip => {
            if wish.image_config.is_some_and(|config| *config != sdk::ImageConfig::default()) {
                return Err(errors::invalid("Please don't provide ImageConfig when creating function with packageType Zip."));
            }
            if let Some(runtime) = wish.runtime {
                runtimes::offered(runtime)?;
                so_far.runtime = Some(runtime.as_str().to_owned());
            }
            so_far.handler = wish.handler.map(str::to_owned).or(so_far.handler.take());
            if so_far.runtime.is_none() || so_far.handler.as_ref().is_none_or(String::is_empty) {
                let text = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
                return Err(errors::invalid(text));
            }
        }
    }
    Ok(())
}

fn image_config(config: &sdk::ImageConfig) -> Answer<Option<ImageConfig>> {
    let some = |list: &Option<Vec<String>>| list.clone().filter(|list| !list.is_empty());
    let working_directory = config.working_directory.clone().filter(|folder| !folder.is_empty());
    if working_directory.as_ref().is_some_and(|folder| !folder.starts_with('/')) {
        return Err(errors::invalid("The working directory must be an absolute path."));
    }
    let found = ImageConfig { entry_point: some(&config.entry_point), command: some(&config.command), working_directory };
    Ok(Some(found).filter(|found| *found != ImageConfig::default()))
}

fn dead_letter(wanted: &sdk::DeadLetterConfig) -> Answer<Option<String>> {
    let Some(target) = wanted.target_arn.as_deref().filter(|target| !target.is_empty()) else { return Ok(None) };
    let invalid = || errors::invalid(format!("The provided dead letter target ARN {target} is invalid."));
    let arn: Arn = target.parse().map_err(|_| invalid())?;
    match arn.service.as_str() {
        "sqs" if arn.resource.ends_with(".fifo") => Err(invalid()),
        "sqs" => Ok(Some(target.to_owned())),
        "sns" => Err(errors::not_built("DeadLetterConfig.TargetArn of an SNS topic")),
        _ => Err(invalid()),
    }
}

fn logging(name: &str, wanted: &sdk::LoggingConfig) -> Answer<Logging> {
    let format = if wanted.log_format == Some(sdk::LogFormat::Json) { LogFormat::Json } else { LogFormat::Text };
    let levels = wanted.application_log_level.is_some() || wanted.system_log_level.is_some();
    if format == LogFormat::Text && levels {
        return Err(errors::invalid(
            "Log level configuration is only supported when the log format is set to JSON. Change the log format to JSON to configure log levels.",
        ));
    }
    let level = |level: Option<&'static str>| (format == LogFormat::Json).then(|| level.unwrap_or("INFO").to_owned());
    Ok(Logging {
        format,
        application_level: level(wanted.application_log_level.map(sdk::ApplicationLogLevel::as_str)),
        system_level: level(wanted.system_log_level.map(sdk::SystemLogLevel::as_str)),
        group: wanted.log_group.clone().unwrap_or_else(|| default_group(name)),
    })
}

/// The log group of a function that names none.
fn default_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

impl Wish<'_> {
    /// What a function is whose creator says nothing (Lambda API reference, `CreateFunction`).
    pub fn nothing_said(name: &str, role: &str, architecture: Architecture) -> Configuration {
        Configuration {
            role: role.to_owned(),
            description: String::new(),
            runtime: None,
            handler: None,
            timeout: 3,
            memory: 128,
            ephemeral_storage: 512,
            architecture,
            environment: None,
            kms_key: None,
            layers: Vec::new(),
            image_config: None,
            dead_letter: None,
            logging: Logging { format: LogFormat::Text, application_level: None, system_level: None, group: default_group(name) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(wish: &Wish<'_>, package: Package) -> Answer<Configuration> {
        settled("f", wish, package, Wish::nothing_said("f", "role", Architecture::X86_64))
    }

    fn zip() -> Wish<'static> {
        Wish { runtime: Some(sdk::Runtime::Python312), handler: Some("app.handler"), ..Wish::default() }
    }

    fn refusal(wish: &Wish<'_>, package: Package) -> String {
        made(wish, package).unwrap_err().message
    }

    #[test]
    fn what_is_not_said_is_as_documented() {
        let made = made(&zip(), Package::Zip).unwrap();
        assert_eq!((made.timeout, made.memory, made.ephemeral_storage), (3, 128, 512));
        assert_eq!((made.runtime.as_deref(), made.handler.as_deref()), (Some("python3.12"), Some("app.handler")));
        assert_eq!((made.logging.format, made.logging.group.as_str()), (LogFormat::Text, "/aws/lambda/f"));
    }

    #[test]
    fn sizes_have_bounds() {
        for (timeout, memory, good) in
            [(1, 128, true), (900, 10_240, true), (0, 128, false), (901, 128, false), (3, 127, false), (3, 10_241, false)]
        {
            let wish = Wish { timeout: Some(timeout), memory: Some(memory), ..zip() };
            assert_eq!(made(&wish, Package::Zip).is_ok(), good, "{timeout} {memory}");
        }
        let wish = Wish { ephemeral: Some(10_241), ..zip() };
        assert!(refusal(&wish, Package::Zip).contains("'ephemeralStorage.size'"));
    }

    #[test]
    fn zips_have_a_runtime_and_images_have_none() {
        assert!(refusal(&Wish { handler: None, ..zip() }, Package::Zip).starts_with("Runtime and Handler are mandatory"));
        assert!(refusal(&Wish { runtime: None, ..zip() }, Package::Zip).starts_with("Runtime and Handler are mandatory"));
        assert!(refusal(&zip(), Package::Image).starts_with("Please don't provide Handler"));
        let old = Wish { runtime: Some(sdk::Runtime::Nodejs16X), ..zip() };
        assert!(refusal(&old, Package::Zip).contains("nodejs16.x is no longer supported"));
        assert!(made(&Wish::default(), Package::Image).is_ok());
    }

    #[test]
    fn levels_are_of_json_logs() {
        let json = sdk::LoggingConfig {
            log_format: Some(sdk::LogFormat::Json),
            application_log_level: Some(sdk::ApplicationLogLevel::Debug),
            ..sdk::LoggingConfig::default()
        };
        let made = made(&Wish { logging: Some(&json), ..zip() }, Package::Zip).unwrap().logging;
        assert_eq!((made.application_level.as_deref(), made.system_level.as_deref()), (Some("DEBUG"), Some("INFO")));
        let text = sdk::LoggingConfig { log_format: Some(sdk::LogFormat::Text), ..json.clone() };
        assert!(refusal(&Wish { logging: Some(&text), ..zip() }, Package::Zip).starts_with("Log level"));
    }

    #[test]
    fn dead_letters_go_to_queues() {
        let to = |target: &str| sdk::DeadLetterConfig { target_arn: Some(target.to_owned()) };
        let queue = "arn:aws:sqs:us-east-1:111122223333:dead";
        assert_eq!(dead_letter(&to(queue)).unwrap().as_deref(), Some(queue));
        assert_eq!(dead_letter(&to("")).unwrap(), None);
        for bad in ["arn:aws:sqs:us-east-1:111122223333:dead.fifo", "arn:aws:s3:::dead", "dead"] {
            assert_eq!(dead_letter(&to(bad)).unwrap_err().code, "InvalidParameterValueException", "{bad}");
        }
        assert_eq!(dead_letter(&to("arn:aws:sns:us-east-1:111122223333:dead")).unwrap_err().status, 501);
    }
}
