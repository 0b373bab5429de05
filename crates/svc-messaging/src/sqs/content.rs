//! What a message may hold: characters, attributes, sizes, ids. Pure.
//!
//! Spec: Amazon SQS API reference, `SendMessage` and `MessageAttributeValue`; developer guide, "Amazon SQS message metadata".

use super::{
    errors,
    mail::{Attribute, AttributeValue},
};
use api::sqs as sdk;
use front::Answer;
use std::collections::BTreeMap;

/// The most attributes of a message.
const MOST_ATTRIBUTES: usize = 10;

/// Refuses text that XML 1.0 couldn't hold.
pub fn check_text(text: &str, place: &str) -> Answer<()> {
    let bad = |letter: &char| matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    match text.chars().find(bad) {
        Some(letter) => Err(errors::bad_character(letter.into(), place)),
        None => Ok(()),
    }
}

/// Refuses what is no `MessageGroupId` or `MessageDeduplicationId`.
pub fn check_id(parameter: &str, id: &str) -> Answer<()> {
    let good = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let reason = format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    if good { Ok(()) } else { Err(errors::invalid(id, parameter, reason)) }
}

/// The message attributes that a request gives.
pub fn attributes(given: Option<BTreeMap<String, sdk::MessageAttributeValue>>) -> Answer<BTreeMap<String, Attribute>> {
    let given = given.unwrap_or_default();
    if given.len() > MOST_ATTRIBUTES {
        return Err(errors::refused(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
            given.len()
        )));
    }
    given
        .into_iter()
        .map(|(name, value)| {
            check_name(&name)?;
            let lists = value.string_list_values.is_some_and(|list| !list.is_empty())
                || value.binary_list_values.is_some_and(|list| !list.is_empty());
            if lists {
                return Err(errors::refused("Message attribute list values in SendMessage operation are not supported."));
            }
            let attribute = attribute(&name, value.data_type, value.string_value, value.binary_value.map(|it| it.to_vec()))?;
            Ok((name, attribute))
        })
        .collect()
}

/// The one system attribute that can be sent: `AWSTraceHeader`.
pub fn trace(given: Option<BTreeMap<String, sdk::MessageSystemAttributeValue>>) -> Answer<Option<Attribute>> {
    let mut trace = None;
    for (name, value) in given.unwrap_or_default() {
        if name != "AWSTraceHeader" {
            return Err(errors::refused(format!("The message system attribute '{name}' is not valid.")));
        }
        let found = attribute(&name, value.data_type, value.string_value, value.binary_value.map(|it| it.to_vec()))?;
        if found.data_type != "String" {
            return Err(errors::refused("The message system attribute 'AWSTraceHeader' must be of type String."));
        }
        trace = Some(found);
    }
    Ok(trace)
}

/// How many bytes of a message count: its body, and the names, types and values of its attributes.
pub fn size(body: &str, attributes: &BTreeMap<String, Attribute>) -> usize {
    let of = |(name, attribute): (&String, &Attribute)| name.len() + attribute.data_type.len() + attribute.value.bytes().len();
    body.len() + attributes.iter().map(of).sum::<usize>()
}

fn check_name(name: &str) -> Answer<()> {
    let good = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let lower = name.to_ascii_lowercase();
    let bad = |why: &str| Err(errors::refused(format!("The message attribute name '{name}' is invalid. {why}")));
    if name.is_empty() || name.len() > 256 {
        bad("Message attribute name must be from 1 to 256 characters long.")
    } else if !good {
        bad("Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.")
    } else if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        bad("Message attribute name must not start or end with a period, nor have periods in succession.")
    } else if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        bad("Message attribute name must not start with AWS. or Amazon.")
    } else {
        Ok(())
    }
}

fn attribute(name: &str, data_type: String, text: Option<String>, binary: Option<Vec<u8>>) -> Answer<Attribute> {
    if data_type.is_empty() {
        return Err(errors::refused(format!("The message attribute '{name}' must contain non-empty message attribute type.")));
    }
    let empty = || {
        errors::refused(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{data_type}'."
        ))
    };
    let kind = data_type.split('.').next().unwrap_or_default();
    let value = match kind {
        _ if data_type.len() > 256 => None,
        "String" | "Number" => Some(AttributeValue::Text(text.filter(|text| !text.is_empty()).ok_or_else(empty)?)),
        "Binary" => Some(AttributeValue::Binary(binary.filter(|bytes| !bytes.is_empty()).ok_or_else(empty)?)),
        _ => None,
    };
    let value = value.ok_or_else(|| {
        errors::refused(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, \
             and String."
        ))
    })?;
    if let AttributeValue::Text(text) = &value {
        check_text(text, &format!("value of the message attribute '{name}'"))?;
        if kind == "Number" && !is_number(text) {
            return Err(errors::refused(format!("Can't cast the value of message (user) attribute '{name}' to a number.")));
        }
    }
    Ok(Attribute { data_type, value })
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, data_type: &str, text: &str) -> Option<BTreeMap<String, sdk::MessageAttributeValue>> {
        let value =
            sdk::MessageAttributeValue { data_type: data_type.into(), string_value: Some(text.into()), ..Default::default() };
        Some(BTreeMap::from([(name.to_owned(), value)]))
    }

    #[test]
    fn only_what_xml_can_hold_is_a_message() {
        check_text("tab\t line\n return\r é \u{10ffff}", "x").unwrap();
        for text in ["\0", "a\u{b}", "\u{1f}", "\u{fffe}"] {
            assert_eq!(check_text(text, "x").unwrap_err().code, "InvalidMessageContents", "{text:?}");
        }
    }

    #[test]
    fn attributes_have_names_types_and_values() {
        for (name, kind, value) in [("a", "String", "x"), ("a.b-c_d", "Number.int", "-1.5e3"), ("A", "String.custom", "é")] {
            attributes(given(name, kind, value)).unwrap();
        }
        for (name, kind, value) in [
            ("", "String", "x"),
            (".a", "String", "x"),
            ("a..b", "String", "x"),
            ("AWS.a", "String", "x"),
            ("a b", "String", "x"),
            ("a", "", "x"),
            ("a", "Text", "x"),
            ("a", "String", ""),
            ("a", "Number", "one"),
            ("a", "Number", "inf"),
            ("a", "Binary", "x"),
        ] {
            assert_eq!(attributes(given(name, kind, value)).unwrap_err().code, "InvalidParameterValue", "{name} {kind} {value}");
        }
    }
}
