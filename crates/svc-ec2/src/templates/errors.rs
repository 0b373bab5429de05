//! The errors about launch templates.

use wire::Fault;

/// A name that none has.
pub fn no_such_name(name: &str) -> Fault {
    let message = format!("The specified launch template, with template name {name}, does not exist.");
    Fault::client("InvalidLaunchTemplateName.NotFoundException", message)
}

/// A name that another has.
pub fn taken(name: &str) -> Fault {
    let message = format!("Launch template name already in use. ({name})");
    Fault::client("InvalidLaunchTemplateName.AlreadyExistsException", message)
}

/// A name that none can have.
pub fn malformed(name: &str) -> Fault {
    let message = format!(
        "The launch template name '{name}' is invalid. A launch template name must be between 3 and 128 characters, and may contain letters, \
         numbers, and the following characters: - ( ) . / _"
    );
    Fault::client("InvalidLaunchTemplateName.MalformedException", message)
}

/// A version that isn't there.
pub fn no_such_version(id: &str, version: &str) -> Fault {
    let message = format!("Could not find the specified version {version} for the launch template with ID {id}.");
    Fault::client("InvalidLaunchTemplateId.VersionNotFound", message)
}

/// Neither the id nor the name of a template is given, or both are.
pub fn one_of_both() -> Fault {
    Fault::client(
        "MissingParameter",
        "The request must include exactly one of the parameters LaunchTemplateId and LaunchTemplateName",
    )
}
