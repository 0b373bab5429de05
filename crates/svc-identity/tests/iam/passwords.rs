//! Passwords of users, and an account's rules for them.

use super::cloud::Cloud;

const GOOD: &str = "Correct-horse-1";

#[tokio::test]
async fn a_user_gets_a_password() {
    let cloud = Cloud::with_user("anna").await;
    let message = cloud.fails("GetLoginProfile", &[("UserName", "anna")], "NoSuchEntity").await;
    assert_eq!(message, "Login Profile for User anna cannot be found.");
    let parameters = [("UserName", "anna"), ("Password", GOOD), ("PasswordResetRequired", "true")];
    let made = cloud.ok("CreateLoginProfile", &parameters).await;
    assert_eq!([made.text("UserName"), made.text("PasswordResetRequired")], ["anna", "true"]);
    cloud.fails("CreateLoginProfile", &parameters, "EntityAlreadyExists").await;
    cloud.ok("UpdateLoginProfile", &[("UserName", "anna"), ("PasswordResetRequired", "false")]).await;
    let shown = cloud.ok("GetLoginProfile", &[("UserName", "anna")]).await;
    assert_eq!(shown.text("PasswordResetRequired"), "false");
    assert!(!cloud.kept("anna").contains(GOOD));
    cloud.ok("DeleteLoginProfile", &[("UserName", "anna")]).await;
    cloud.fails("DeleteLoginProfile", &[("UserName", "anna")], "NoSuchEntity").await;
    cloud.fails("UpdateLoginProfile", &[("UserName", "anna"), ("Password", GOOD)], "NoSuchEntity").await;
}

#[tokio::test]
async fn a_password_keeps_to_the_rules() {
    let cloud = Cloud::with_user("anna").await;
    let create = |password| [("UserName", "anna"), ("Password", password)];
    cloud.fails("CreateLoginProfile", &create("weak"), "PasswordPolicyViolation").await;
    cloud.fails("CreateLoginProfile", &[("UserName", "anna")], "ValidationError").await;
    cloud.ok("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "16"), ("RequireSymbols", "true")]).await;
    let message = cloud.fails("CreateLoginProfile", &create(GOOD), "PasswordPolicyViolation").await;
    assert_eq!(message, "Password should have a minimum length of 16");
    let message = cloud.fails("CreateLoginProfile", &create("sixteenletterslong"), "PasswordPolicyViolation").await;
    assert_eq!(message, "Password should have at least one symbol");
    cloud.ok("CreateLoginProfile", &create("sixteen letters-long")).await;
}

#[tokio::test]
async fn earlier_passwords_are_not_used_again() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("UpdateAccountPasswordPolicy", &[("PasswordReusePrevention", "2")]).await;
    cloud.ok("CreateLoginProfile", &[("UserName", "anna"), ("Password", "password-1")]).await;
    let update = |password| [("UserName", "anna"), ("Password", password)];
    cloud.ok("UpdateLoginProfile", &update("password-2")).await;
    for used in ["password-1", "password-2"] {
        cloud.fails("UpdateLoginProfile", &update(used), "PasswordPolicyViolation").await;
    }
    cloud.ok("UpdateLoginProfile", &update("password-3")).await;
    cloud.ok("UpdateLoginProfile", &update("password-1")).await;
}

#[tokio::test]
async fn the_root_has_no_password_to_change() {
    let cloud = Cloud::new();
    cloud.fails("ChangePassword", &[("OldPassword", "a"), ("NewPassword", GOOD)], "InvalidUserType").await;
    cloud.fails("GetLoginProfile", &[], "ValidationError").await;
}

#[tokio::test]
async fn the_rules_are_set_as_a_whole() {
    let cloud = Cloud::new();
    let message = cloud.fails("GetAccountPasswordPolicy", &[], "NoSuchEntity").await;
    assert_eq!(message, "The Password Policy with domain name 111122223333 cannot be found.");
    cloud.ok("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "90"), ("RequireNumbers", "true")]).await;
    let shown = cloud.ok("GetAccountPasswordPolicy", &[]).await;
    let texts = ["MinimumPasswordLength", "RequireNumbers", "ExpirePasswords", "MaxPasswordAge"].map(|name| shown.text(name));
    assert_eq!(texts, ["6", "true", "true", "90"]);
    cloud.ok("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "8")]).await;
    let shown = cloud.ok("GetAccountPasswordPolicy", &[]).await;
    assert_eq!([shown.text("RequireNumbers"), shown.text("ExpirePasswords")], ["false", "false"]);
    assert!(!shown.has("MaxPasswordAge"));
    cloud.fails("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "5")], "ValidationError").await;
    cloud.ok("DeleteAccountPasswordPolicy", &[]).await;
    let message = cloud.fails("DeleteAccountPasswordPolicy", &[], "NoSuchEntity").await;
    assert_eq!(message, "The account policy with name PasswordPolicy cannot be found.");
}
