//! What a request may cost. A parser never recurses deeper, reads longer or makes more than is said here.

use crate::Fault;

/// XML, CBOR and the names of form parameters may be nested this deep. (JSON's parser has a limit of its own, 128.)
pub const MAX_DEPTH: usize = 100;

/// The largest body that is parsed, in bytes. (The largest that AWS takes in the listed services: a layer's part of 20 MiB, in base64.)
pub const MAX_BODY: usize = 32 << 20;

/// A body may have this many values. Each becomes some hundred bytes, so that a small body of many would become a large tree.
pub const MAX_VALUES: usize = 1_000_000;

/// Refuses a body before it is parsed. `marks` are the bytes of which there is one for each value at least.
pub fn check(body: &[u8], marks: &[u8]) -> Result<(), Fault> {
    // A shorter one can't have so many.
    let may_have_many = body.len() > MAX_VALUES;
    if body.len() > MAX_BODY || may_have_many && body.iter().filter(|byte| marks.contains(byte)).count() > MAX_VALUES {
        return Err(too_large());
    }
    Ok(())
}

/// The request is over a limit.
pub fn too_large() -> Fault {
    Fault::client("RequestEntityTooLargeException", "The request body is too large.").status(413)
}
