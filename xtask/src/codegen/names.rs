//! Rust's names for the model's.

/// The module of a service: `application-autoscaling` is `application_autoscaling`.
pub fn module(id: &str) -> String {
    id.replace('-', "_")
}

/// The type of a shape.
pub fn type_name(shape: &str) -> String {
    let mut letters = shape.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The field of a member: `VPCSecurityGroupIds` is `vpc_security_group_ids`, `type` is `r#type`.
pub fn field(member: &str) -> String {
    let snake = words(&member.replace("IPv", "Ipv").replace("ARNs", "Arns").replace("IDs", "Ids")).join("_");
    match snake.as_str() {
        "self" | "super" | "crate" => format!("{snake}_"),
        word if is_keyword(word) => format!("r#{snake}"),
        _ => snake,
    }
}

/// The variant of an enumeration's value: `IMMUTABLE_WITH_EXCLUSION` is `ImmutableWithExclusion`, `10.x` is `V10X`.
pub fn variant(value: &str) -> String {
    let parts = value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let name: String = parts.flat_map(words).map(|word| type_name(&word)).collect();
    match name.as_str() {
        "" => "Empty".into(),
        "Self" => "Self_".into(),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("V{name}"),
        _ => name,
    }
}

/// Lower-case words: a word begins at a capital that follows a small letter or a digit, and at the last capital of a run of
/// them that a small letter follows.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after_small = before.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let ends_run = before.is_some_and(char::is_uppercase) && letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        let separator = !letter.is_alphanumeric();
        if separator || words.is_empty() || (letter.is_uppercase() && (after_small || ends_run)) {
            words.push(String::new());
        }
        if !separator && let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "box", "break", "const", "continue", "do", "dyn", "else", "enum", "extern", "false", "final",
        "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
        "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "use", "virtual", "where",
        "while", "yield",
    ];
    KEYWORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_snake_case() {
        let cases = [
            ("repositoryName", "repository_name"),
            ("VpcId", "vpc_id"),
            ("VPCSecurityGroups", "vpc_security_groups"),
            ("LoadBalancerArns", "load_balancer_arns"),
            ("PrivateIPv4Address", "private_ipv4_address"),
            ("type", "r#type"),
            ("Ipv6CidrBlock", "ipv6_cidr_block"),
        ];
        cases.iter().for_each(|(member, expected)| assert_eq!(field(member), *expected));
    }

    #[test]
    fn variants_are_camel_case() {
        let cases = [
            ("IMMUTABLE_WITH_EXCLUSION", "ImmutableWithExclusion"),
            ("ipv4", "Ipv4"),
            ("t2.micro", "T2Micro"),
            ("forward-to", "ForwardTo"),
            ("1.0", "V10"),
            ("pendingAcceptance", "PendingAcceptance"),
        ];
        cases.iter().for_each(|(value, expected)| assert_eq!(variant(value), *expected));
    }
}
