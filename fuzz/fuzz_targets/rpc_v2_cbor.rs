//! Requests in the protocol, of bytes that nobody has checked.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::decode(wire::Protocol::RpcV2Cbor, data));
