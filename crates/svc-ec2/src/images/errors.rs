//! The errors about images.

use wire::Fault;

/// Somebody else's image.
pub fn not_authorized(id: &str) -> Fault {
    Fault::client("AuthFailure", format!("Not authorized for image:{id}"))
}

/// A name that no image can have.
pub fn malformed_name() -> Fault {
    let message = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/', '[', ']', \
                   '@', ''', ' ' and '_'";
    Fault::client("InvalidAMIName.Malformed", message)
}

/// A name that another image of the account has.
pub fn duplicate_name(name: &str, id: &str) -> Fault {
    Fault::client("InvalidAMIName.Duplicate", format!("AMI name {name} is already in use by AMI {id}"))
}

/// An image that isn't ready, or never will be.
pub fn unavailable(id: &str) -> Fault {
    Fault::client("InvalidAMIID.Unavailable", format!("The image ID '{id}' is not available"))
}

/// A mapping that can't be.
pub fn invalid_mapping(message: impl Into<String>) -> Fault {
    Fault::client("InvalidBlockDeviceMapping", message)
}

/// Something that isn't allowed in the image's state.
pub fn not_permitted(message: impl Into<String>) -> Fault {
    Fault::client("OperationNotPermitted", message)
}

/// An action on an image that its parameters don't say.
pub fn invalid_attribute(message: impl Into<String>) -> Fault {
    Fault::client("InvalidAttributeValue", message)
}
