//! What root's `authorized_keys` say on EC2: the key is right, the name is wrong.

/// A line that lets the key in to be told whom to log in as, and no further.
pub fn line(key: &str, user: &str) -> String {
    let say = format!("echo 'Please login as the user \\\"{user}\\\" rather than the user \\\"root\\\".';echo;exit 142");
    format!("no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"{say}\" {key}")
}
