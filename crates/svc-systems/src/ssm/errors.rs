//! The errors of Parameter Store, in its own words.

use std::fmt::Display;
use wire::Fault;

pub fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message)
}

pub fn not_built(what: impl Display) -> Fault {
    Fault::not_implemented(format_args!("ssm: {what}"))
}

/// A KMS key that can't be used, for the reason that KMS gives; what else went wrong stays as it is.
pub fn invalid_key(why: Fault) -> Fault {
    if why.sender { bad_key(why.message) } else { why }
}

pub fn bad_key(why: impl Into<String>) -> Fault {
    Fault::client("InvalidKeyId", why)
}

pub fn not_found(name: &str) -> Fault {
    Fault::client("ParameterNotFound", format!("Parameter {name} not found."))
}

pub fn version_not_found(name: &str, version: impl Display) -> Fault {
    let message = format!("Systems Manager could not find version {version} of {name}. Verify the version and try again.");
    Fault::client("ParameterVersionNotFound", message)
}

pub fn exists() -> Fault {
    let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
    Fault::client("ParameterAlreadyExists", message)
}

pub fn reserved(name: &str) -> Fault {
    Fault::client("AccessDeniedException", format!("No access to reserved parameter name: {name}."))
}

pub fn prefixed() -> Fault {
    invalid(
        "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths \
         divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
    )
}

pub fn not_qualified() -> Fault {
    invalid("Parameter name must be a fully qualified name.")
}

pub fn too_long() -> Fault {
    invalid("Parameter name: the maximum length of a parameter's ARN is 1011 characters.")
}

pub fn too_deep(name: &str) -> Fault {
    let message = format!("Parameter {name} has too many levels: a hierarchy can have a maximum of 15 levels.");
    Fault::client("HierarchyLevelLimitExceededException", message)
}

pub fn malformed_path() -> Fault {
    invalid(
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't \
         be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), \
         - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \
         \"/\". Valid example: /get/parameters2-/by1./path0_.",
    )
}

pub fn too_many_versions(name: &str, oldest: u64) -> Fault {
    let message = format!(
        "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. Version {oldest}, the \
         oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, \
         and try again."
    );
    Fault::client("ParameterMaxVersionLimitExceeded", message)
}

pub fn too_many_labels() -> Fault {
    let message = "A parameter version can have maximum 10 labels. Move one or more labels to another version and try again.";
    Fault::client("ParameterVersionLabelLimitExceeded", message)
}

pub fn too_many_parameters() -> Fault {
    let message = "You have exceeded the number of parameters for this AWS account. Delete one or more parameters and try again.";
    Fault::client("ParameterLimitExceeded", message)
}

pub fn pattern(why: impl Display) -> Fault {
    let message = format!("The request does not meet the regular expression requirement: {why}");
    Fault::client("InvalidAllowedPatternException", message)
}

pub fn mismatch(pattern: &str) -> Fault {
    let message = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
    Fault::client("ParameterPatternMismatchException", message)
}

pub fn bad_filter_key(key: &str, valid: &str) -> Fault {
    let message = format!("The following filter key is not valid: {key}. Valid filter keys include: [{valid}].");
    Fault::client("InvalidFilterKey", message)
}

pub fn repeated_filter(key: &str) -> Fault {
    let message = format!(
        "The following filter is duplicated in the request: {key}. A request can contain only one occurrence of a specific filter."
    );
    Fault::client("InvalidFilterKey", message)
}

pub fn bad_filter_option(option: &str, valid: &str) -> Fault {
    let message = format!("The following filter option is not valid: {option}. Valid options include: [{valid}].");
    Fault::client("InvalidFilterOption", message)
}

pub fn no_filter_values(key: &str) -> Fault {
    let message = format!("The following filter values are missing : null for filter key {key}.");
    Fault::client("InvalidFilterValue", message)
}

pub fn bad_filter_value(value: &str, valid: &str) -> Fault {
    let message = format!("The following filter value is not valid: {value}. Valid values include: [{valid}].");
    Fault::client("InvalidFilterValue", message)
}

pub fn bad_token() -> Fault {
    Fault::client("InvalidNextToken", "The specified token is not valid.")
}

pub fn bad_resource_type() -> Fault {
    Fault::client("InvalidResourceType", "The resource type is not valid.")
}

pub fn bad_resource_id(id: &str) -> Fault {
    Fault::client("InvalidResourceId", format!("The resource ID \"{id}\" is not valid. Verify the ID and try again."))
}

pub fn too_many_tags() -> Fault {
    Fault::client("TooManyTagsError", "A resource can have no more than 50 tags.")
}

pub fn bad_image(value: &str) -> Fault {
    invalid(format!("The parameter value {value} is not a valid image ID for the data type aws:ec2:image."))
}
