//! Where an integration leads: a function, or an address.

use super::exchange::Exchange;
use model::Arn;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What stands between a service's name and a function's in the ARN of an invocation.
const INVOCATION: &str = ":lambda:path/2015-03-31/functions/";
/// What can't stand in a path as it is; slashes can, since greedy variables have them.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'[')
    .add(b']');

/// The ARN of the function that a URI names, which is that ARN itself or the one of its invocations.
pub fn function(uri: &str) -> Option<Arn> {
    let text = match uri.split_once(INVOCATION) {
        Some((service, rest)) if service.starts_with("arn:aws") => rest.strip_suffix("/invocations")?,
        _ => uri,
    };
    let arn: Arn = text.parse().ok()?;
    (arn.service == "lambda" && arn.resource.starts_with("function:")).then_some(arn)
}

/// A URI whose stage variables are replaced by their values.
pub fn with_variables(uri: &str, exchange: &Exchange) -> String {
    replace(uri, "${stageVariables.", |name| exchange.variables.get(name).cloned())
}

/// An address whose path variables are replaced by what they are in the request.
pub fn with_parameters(uri: &str, exchange: &Exchange) -> String {
    let value = |name: &str| {
        let value = exchange.parameters.get(name.strip_suffix('+').unwrap_or(name))?;
        Some(utf8_percent_encode(value, PATH).to_string())
    };
    replace(uri, "{", value)
}

/// Replaces what stands between the mark and a closing brace, if there is something to replace it by.
fn replace(text: &str, mark: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, behind)) = rest.split_once(mark) {
        out.push_str(before);
        let Some((name, after)) = behind.split_once('}') else {
            out.push_str(mark);
            rest = behind;
            break;
        };
        match value(name) {
            Some(value) => out.push_str(&value),
            None => out.extend([mark, name, "}"]),
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{super::exchange::tests::exchange, *};

    #[test]
    fn a_function_has_two_names() {
        let arn = "arn:aws:lambda:us-east-1:111122223333:function:f:live";
        let invocation = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations");
        assert_eq!(function(arn).unwrap().to_string(), arn);
        assert_eq!(function(&invocation).unwrap().to_string(), arn);
        for bad in [
            "f",
            "arn:aws:sqs:us-east-1:111122223333:q",
            "https://a",
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/x",
        ] {
            assert_eq!(function(bad), None, "{bad}");
        }
    }

    #[test]
    fn variables_are_replaced() {
        let exchange = exchange();
        assert_eq!(
            with_variables("arn:x:${stageVariables.table}:${stageVariables.none}", &exchange),
            "arn:x:pets:${stageVariables.none}"
        );
        assert_eq!(with_parameters("http://a/{id}/x?y={id+}&z={none}", &exchange), "http://a/a%20b/x?y=a%20b&z={none}");
        assert_eq!(with_parameters("http://a/{id", &exchange), "http://a/{id");
    }
}
