//! Runtimes, by their identifiers (Lambda developer guide, "Lambda runtimes").

use crate::lambda::errors;
use api::lambda::Runtime;
use front::Answer;

/// Runtimes with which functions can be neither made nor updated any more ("Deprecated runtimes").
const DEPRECATED: &[Runtime] = &[
    Runtime::Nodejs,
    Runtime::Nodejs43,
    Runtime::Nodejs43Edge,
    Runtime::Nodejs610,
    Runtime::Nodejs810,
    Runtime::Nodejs10X,
    Runtime::Nodejs12X,
    Runtime::Nodejs14X,
    Runtime::Nodejs16X,
    Runtime::Python27,
    Runtime::Python36,
    Runtime::Python37,
    Runtime::Python38,
    Runtime::Java8,
    Runtime::Dotnetcore10,
    Runtime::Dotnetcore20,
    Runtime::Dotnetcore21,
    Runtime::Dotnetcore31,
    Runtime::Dotnet6,
    Runtime::Go1X,
    Runtime::Ruby25,
    Runtime::Ruby27,
    Runtime::Provided,
];

/// Refuses a runtime that AWS doesn't offer any more.
///
/// # Errors
/// `InvalidParameterValueException`; `501` of one that can't be built.
pub fn offered(runtime: Runtime) -> Answer<()> {
    if runtime == Runtime::Custom {
        return Err(errors::not_built("Runtime (custom)"));
    }
    if DEPRECATED.contains(&runtime) {
        return Err(errors::invalid(format!(
            "The runtime parameter of {} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions.",
            runtime.as_str()
        )));
    }
    Ok(())
}
