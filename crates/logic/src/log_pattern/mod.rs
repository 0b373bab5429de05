//! Filter patterns of CloudWatch Logs (user guide, "Filter pattern syntax for metric filters, subscription filters, filter log
//! events, and Live Tail"): terms, JSON selectors, and space-delimited fields.
//!
//! Here a pattern is read once and then asked about messages. Where the messages come from is not this room's business.

mod fields;
mod json;
mod scan;
mod terms;

use scan::Scanner;

/// A pattern, ready to be asked.
#[derive(Debug)]
pub struct LogPattern(Form);

#[derive(Debug)]
enum Form {
    Everything,
    Terms(terms::Terms),
    Json(json::Condition),
    Fields(fields::Fields),
}

/// Why a text is no pattern; for the caller to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPattern(pub String);

/// The longest pattern (API reference, `FilterLogEvents`, `filterPattern`).
pub const MAX_LENGTH: usize = 1024;

impl LogPattern {
    /// Reads a pattern. The empty pattern matches every message.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if text.len() > MAX_LENGTH {
            return Err(InvalidPattern(format!("A filter pattern has at most {MAX_LENGTH} characters.")));
        }
        let mut scanner = Scanner::new(text.trim());
        let form = match scanner.peek() {
            None => Form::Everything,
            Some('{') => Form::Json(json::parse(&mut scanner)?),
            Some('[') => Form::Fields(fields::parse(&mut scanner)?),
            Some(_) => Form::Terms(terms::parse(&mut scanner)?),
        };
        scanner.expect_end()?;
        Ok(Self(form))
    }

    /// Whether a message matches.
    pub fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Form::Everything => true,
            Form::Terms(terms) => terms.matches(message),
            Form::Json(condition) => serde_json::from_str(message).is_ok_and(|event| condition.holds(&event)),
            Form::Fields(fields) => fields.matches(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, hits: &[&str], misses: &[&str]) {
        let parsed = LogPattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {}", e.0));
        for message in hits {
            assert!(parsed.matches(message), "`{pattern}` should match `{message}`");
        }
        for message in misses {
            assert!(!parsed.matches(message), "`{pattern}` should not match `{message}`");
        }
    }

    #[test]
    fn terms() {
        check("", &["", "anything"], &[]);
        check("ERROR", &["[ERROR 400] BAD REQUEST"], &["[error 400]", "fine"]);
        check("ERROR ARGUMENTS", &["ERROR: too many ARGUMENTS"], &["ERROR", "ARGUMENTS"]);
        check("\"INTERNAL SERVER ERROR\"", &["500 INTERNAL SERVER ERROR"], &["INTERNAL ERROR SERVER"]);
        check("?ERROR ?ARGUMENTS", &["ERROR", "ARGUMENTS"], &["neither"]);
        check("ERROR -ARGUMENTS", &["ERROR 400"], &["ERROR ARGUMENTS", "400"]);
        check("%AUTHORIZED%", &["UNAUTHORIZED"], &["authorized"]);
        check("%4[0-9]{2}%", &["status 404"], &["status 500"]);
        check("ERROR ?WARN", &["ERROR"], &["WARN"]);
    }

    #[test]
    fn json() {
        check("{ $.eventType = \"UpdateTrail\" }", &[r#"{"eventType":"UpdateTrail"}"#], &[r#"{"eventType":"x"}"#, "text"]);
        check("{ $.ip != 123.123.* }", &[r#"{"ip":"10.0.0.1"}"#], &[r#"{"ip":"123.123.1.1"}"#]);
        check("{ $.a[0] = \"x\" }", &[r#"{"a":["x"]}"#], &[r#"{"a":["y","x"]}"#]);
        check("{ $.n >= 10 && $.n < 20 }", &[r#"{"n":10}"#, r#"{"n":19.5}"#], &[r#"{"n":20}"#, r#"{"n":"12"}"#]);
        check("{ ($.u = \"a\" || $.u = \"b\") && $.ok IS TRUE }", &[r#"{"u":"b","ok":true}"#], &[r#"{"u":"b","ok":false}"#]);
        check("{ $.x IS NULL }", &[r#"{"x":null}"#], &[r#"{"x":1}"#, "{}"]);
        check("{ $.x NOT EXISTS }", &["{}"], &[r#"{"x":null}"#]);
        check("{ $.x.y = 1.5e3 }", &[r#"{"x":{"y":1500}}"#], &[r#"{"x":{"y":15}}"#]);
        check("{ $.m = %^GE.$% }", &[r#"{"m":"GET"}"#], &[r#"{"m":"PUT"}"#]);
        check("{ $.['a.b'] = 1 }", &[r#"{"a.b":1}"#], &[r#"{"a":{"b":1}}"#]);
        check("{ $.user* = 1 || $.id = 2 }", &[r#"{"id":2}"#], &[r#"{"id":3}"#]);
    }

    #[test]
    fn fields() {
        let line = "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /apache_pb.gif HTTP/1.0\" 404 1534";
        check("[ip, id, user, timestamp, request, status_code = 4*, size]", &[line], &["too short"]);
        check("[ip, id, user, timestamp, request, status_code, size > 1000]", &[line], &[]);
        check("[..., status_code = 404, size]", &[line], &[]);
        check("[ip, ..., size < 1000]", &[], &[line]);
        check("[ip, id, user, timestamp, request = \"*pb.gif*\", status_code = 404 || status_code = 410, size]", &[line], &[]);
        check("[w1 = ERROR && w1 != %WARN%, ...]", &["ERROR here"], &["WARN here"]);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for text in ["{ $.a = }", "{ $.a = 1", "{ a = 1 }", "[a, b", "\"open", "%[%", "{ ($.a = 1 }", "[a = 1 &&]", "{ $.a ! 1 }"]
        {
            assert!(LogPattern::parse(text).is_err(), "{text}");
        }
        assert!(LogPattern::parse(&"(".repeat(2000)).is_err());
        assert!(LogPattern::parse(&format!("{{ {}", "(".repeat(900))).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(pattern in ".{0,200}", message in ".{0,200}") {
            if let Ok(pattern) = LogPattern::parse(&pattern) {
                pattern.matches(&message);
            }
        }
        #[test]
        fn never_panics_near_the_grammar(pattern in "[{\\[(]?[ $.a=1\"%&|!<>*,\\])}?-]{0,40}", message in "[{\"a:1 }]{0,20}") {
            if let Ok(pattern) = LogPattern::parse(&pattern) {
                pattern.matches(&message);
            }
        }
    }
}
