//! Everything that IAM refuses, in its words (IAM API reference, "Common Errors" and the errors of each action).

use super::names::Entity;
use wire::Fault;

/// There is nothing of that name.
pub fn missing<R: Entity>(name: &str) -> Fault {
    no_such_entity(R::missing(name))
}

/// Something of that name is there already.
pub fn taken<R: Entity>(name: &str) -> Fault {
    already_exists(R::taken(name))
}

/// `NoSuchEntity`, 404.
pub fn no_such_entity(text: impl Into<String>) -> Fault {
    Fault::client("NoSuchEntity", text).status(404)
}

/// `EntityAlreadyExists`, 409.
pub fn already_exists(text: impl Into<String>) -> Fault {
    Fault::client("EntityAlreadyExists", text).status(409)
}

/// `DeleteConflict`, 409: something has to go first, such as `detach all policies first`.
pub fn delete_conflict(must: &str) -> Fault {
    Fault::client("DeleteConflict", format!("Cannot delete entity, must {must}.")).status(409)
}

/// `LimitExceeded`, 409: a quota by its name, such as `AccessKeysPerUser`, and how much it is.
pub fn quota(name: &str, most: usize) -> Fault {
    limit(format!("Cannot exceed quota for {name}: {most}"))
}

/// `LimitExceeded`, 409, where the wording is another than that of [`quota`].
pub fn limit(text: impl Into<String>) -> Fault {
    Fault::client("LimitExceeded", text).status(409)
}

/// `InvalidInput`, 400.
pub fn invalid_input(text: impl Into<String>) -> Fault {
    Fault::client("InvalidInput", text)
}

/// `ValidationError`, 400: what the model's constraints can't say.
pub fn validation(text: impl Into<String>) -> Fault {
    Fault::client("ValidationError", text)
}

/// `MalformedPolicyDocument`, 400, with what is wrong with it.
pub fn malformed_policy(text: impl Into<String>) -> Fault {
    Fault::client("MalformedPolicyDocument", text)
}

/// `UnmodifiableEntity`, 400: only the service that a role is linked to may change it.
pub fn protected_role(name: &str) -> Fault {
    let text = format!("Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS");
    Fault::client("UnmodifiableEntity", text)
}

/// An ARN that names no policy at all.
pub fn invalid_arn(arn: &str) -> Fault {
    invalid_input(format!("ARN {arn} is not valid."))
}

/// `AccessDenied`, 403: policies of AWS and of other accounts can't be changed.
pub fn outside_account() -> Fault {
    Fault::client("AccessDenied", "Policy is outside your own account.").status(403)
}

/// `DeleteConflict`, 409: somebody has the policy.
pub fn policy_attached() -> Fault {
    Fault::client("DeleteConflict", "Cannot delete a policy attached to entities.").status(409)
}

/// `DeleteConflict`, 409: only the default version may be left.
pub fn policy_has_versions() -> Fault {
    let text = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.";
    Fault::client("DeleteConflict", text).status(409)
}

/// `DeleteConflict`, 409: the version in force goes with the policy.
pub fn default_version() -> Fault {
    Fault::client("DeleteConflict", "Cannot delete the default version of a policy.").status(409)
}

/// `InvalidInput`, 400: the service has its role already.
pub fn service_role_taken(name: &str) -> Fault {
    invalid_input(format!("Service role name {name} has been taken in this account, please try a different suffix."))
}

/// A policy that is to be attached, and isn't there.
pub fn not_attachable(arn: &str) -> Fault {
    no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
}

/// A managed policy that is to be shown or changed, and isn't there or not attached.
pub fn no_policy(arn: &str) -> Fault {
    no_such_entity(format!("Policy {arn} was not found."))
}

/// `PolicyNotAttachable`, 400: policies of service-linked roles can't be attached by anybody else.
pub fn service_role_policy() -> Fault {
    Fault::client("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
}

/// A user that has no password.
pub fn no_login_profile(user: &str) -> Fault {
    no_such_entity(format!("Login Profile for User {user} cannot be found."))
}

/// An access key that isn't there, or is somebody else's.
pub fn no_access_key(id: &str) -> Fault {
    no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

/// `PasswordPolicyViolation`, 400, with the rule that isn't kept.
pub fn password(text: impl Into<String>) -> Fault {
    Fault::client("PasswordPolicyViolation", text)
}

/// The old password is another one.
pub fn wrong_password() -> Fault {
    Fault::client("AccessDenied", "The old password was incorrect.").status(403)
}

/// `InvalidUserType`, 400: somebody who is no user wants to change a password.
pub fn not_a_user() -> Fault {
    Fault::client("InvalidUserType", "Only IAM Users can change their own password.")
}

/// `ReportNotPresent`, 410.
pub fn no_report() -> Fault {
    Fault::client("ReportNotPresent", "The credential report does not exist. Use GenerateCredentialReport to create one.")
        .status(410)
}

/// `ReportExpired`, 410.
pub fn report_expired() -> Fault {
    let text = "The credential report has expired. Use GenerateCredentialReport to create a new one.";
    Fault::client("ReportExpired", text).status(410)
}

/// The caller is nobody who has a name in IAM, and gave none.
pub fn name_needed() -> Fault {
    validation("Must specify userName when calling with non-User credentials")
}

/// A parameter that would have no effect.
pub fn not_built(parameter: &str) -> Fault {
    Fault::not_implemented(format_args!("The parameter {parameter} of IAM"))
}
