//! Blocks of addresses as requests give them.

use crate::errors::{invalid_value, missing_parameter};
use model::Cidr;
use wire::Fault;

/// The block in its canonical form, as EC2 keeps it: host bits are cleared.
pub fn block(text: Option<&str>, parameter: &str) -> Result<Cidr, Fault> {
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| missing_parameter(parameter))?;
    let cidr: Cidr = text.parse().map_err(|_| {
        invalid_value(format!("Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."))
    })?;
    Ok(Cidr::new(cidr.address, cidr.prefix))
}

/// How EC2 refuses a block that can't be where it is to be.
pub fn no_such_range(cidr: Cidr) -> String {
    format!("The CIDR '{cidr}' is invalid.")
}
