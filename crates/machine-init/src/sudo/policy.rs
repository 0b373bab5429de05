//! Who may do what: the rules of `sudoers(5)` that grant everything without a password. Pure.
//!
//! Any other rule is passed over: it grants less, and what isn't understood must grant nothing.

/// What those rules grant, written as cloud-init, the distributions and most people write it.
const EVERYTHING: [&str; 4] =
    ["ALL=(ALL) NOPASSWD:ALL", "ALL=(ALL:ALL) NOPASSWD:ALL", "ALL=(ALL) NOPASSWD: ALL", "ALL=(ALL:ALL) NOPASSWD: ALL"];

/// Whether the rules let a user, who is in these groups, do everything as anybody.
pub fn allows(rules: &str, user: &str, groups: &[String]) -> bool {
    rules.lines().any(|line| {
        let Some((who, what)) = line.trim().split_once(char::is_whitespace) else { return false };
        let is_meant = match who.strip_prefix('%') {
            Some(group) => groups.iter().any(|name| name == group),
            None => who == user,
        };
        is_meant && EVERYTHING.contains(&what.split_whitespace().collect::<Vec<_>>().join(" ").as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_rule_for_everything_grants() {
        let rules = "# ada ALL=(ALL) NOPASSWD:ALL\nroot ALL=(ALL:ALL) ALL\nec2-user   ALL=(ALL)  NOPASSWD:ALL\n%ops ALL=(ALL:ALL) NOPASSWD: ALL\nbob ALL=(ALL) NOPASSWD:/bin/ls\n";
        assert!(allows(rules, "ec2-user", &[]));
        assert!(allows(rules, "eve", &["adm".into(), "ops".into()]));
        for nobody in ["ada", "bob", "eve", "%ops", "#", ""] {
            assert!(!allows(rules, nobody, &["adm".into()]), "{nobody}");
        }
    }
}
