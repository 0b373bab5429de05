//! What stands in a query string.

use percent_encoding::percent_decode_str;

/// A name or a value as it was meant: a plus is a space. What isn't UTF-8 becomes the replacement character.
pub(crate) fn text(encoded: &str) -> String {
    percent_decode_str(&encoded.replace('+', " ")).decode_utf8_lossy().into_owned()
}
