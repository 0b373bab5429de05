//! Lines of access logs: a format with `$context` variables (developer guide, "Customize HTTP API access logs").

use super::exchange::Exchange;

/// What became of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The answer's status.
    pub status: u16,
    /// The length of the answer's body, in bytes, as far as it is known.
    pub length: u64,
    /// From the request to the answer's head, in milliseconds.
    pub latency: u64,
    /// What the integration has answered with, if it has.
    pub integration_status: Option<u16>,
    /// What Lambda has answered with, where a function was called.
    pub invocation_status: Option<u16>,
    /// How long the integration took, in milliseconds.
    pub integration_latency: Option<u64>,
    /// What went wrong with it.
    pub integration_error: Option<String>,
    /// What an authorizer said against the request.
    pub authorizer_error: Option<String>,
    /// What the gateway itself answered with: the message and its kind, such as `ROUTE_NOT_FOUND`.
    pub refusal: Option<(&'static str, &'static str)>,
}

/// A line for a request. What is unknown is a hyphen.
pub fn line(format: &str, exchange: &Exchange, outcome: &Outcome) -> String {
    const MARK: &str = "$context.";
    let (mut line, mut rest) = (String::with_capacity(format.len() * 2), format);
    while let Some((before, behind)) = rest.split_once(MARK) {
        let end = behind.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(behind.len());
        let name = behind[..end].trim_end_matches(['.', '-']);
        let value = outcome.value(name).or_else(|| exchange.context(name));
        line.push_str(before);
        line.push_str(value.as_deref().unwrap_or("-"));
        rest = &behind[name.len()..];
    }
    line + rest
}

impl Outcome {
    fn value(&self, name: &str) -> Option<String> {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        match name {
            "status" => Some(self.status.to_string()),
            "responseLength" | "dataProcessed" => Some(self.length.to_string()),
            "responseLatency" => Some(self.latency.to_string()),
            "integrationStatus" | "integration.integrationStatus" => self.integration_status.map(|status| status.to_string()),
            "integration.status" => self.invocation_status.or(self.integration_status).map(|status| status.to_string()),
            "integrationLatency" | "integration.latency" => number(self.integration_latency),
            "integrationErrorMessage" | "integration.error" => self.integration_error.clone(),
            "authorizer.error" => self.authorizer_error.clone(),
            "error.message" => self.refusal.map(|(message, _)| message.to_owned()),
            "error.messageString" => self.refusal.map(|(message, _)| format!("\"{message}\"")),
            "error.responseType" => self.refusal.map(|(_, kind)| kind.to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::exchange::tests::exchange, *};

    #[test]
    fn variables_are_replaced_and_the_rest_stays() {
        let outcome = Outcome {
            status: 200,
            length: 5,
            integration_status: Some(201),
            refusal: Some(("Not Found", "ROUTE_NOT_FOUND")),
            ..Outcome::default()
        };
        let format = r#"{"id":"$context.requestId","s":$context.status,"i":"$context.integration.status"} $context.error.messageString $context.nonsense $context.stage. $$"#;
        let expected = r#"{"id":"request-1","s":200,"i":"201"} "Not Found" - prod. $$"#;
        assert_eq!(line(format, &exchange(), &outcome), expected);
        assert_eq!(line("$context.routeKey $context.responseLength", &exchange(), &outcome), "GET /pets/{id} 5");
        assert_eq!(line("$context.integrationErrorMessage", &exchange(), &outcome), "-");
    }
}
