//! `DeleteParameter` and `DeleteParameters`: a parameter goes with its versions.

use super::super::load::{self, Own};
use api::ssm::{DeleteParameterRequest, DeleteParameterResult, DeleteParametersRequest, DeleteParametersResult};
use front::{Answer, Cx};
use spine::Tx;
use std::collections::BTreeSet;

/// `DeleteParameter`.
pub fn one(cx: &Cx, tx: &mut Tx, input: &DeleteParameterRequest) -> Answer<DeleteParameterResult> {
    let (own, _) = load::own(cx, tx, &input.name)?;
    delete(tx, &own)?;
    Ok(DeleteParameterResult {})
}

/// `DeleteParameters`: what isn't there is named.
pub fn several(cx: &Cx, tx: &mut Tx, input: &DeleteParametersRequest) -> Answer<DeleteParametersResult> {
    let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
    for name in input.names.iter().collect::<BTreeSet<_>>() {
        match load::own(cx, tx, name) {
            Ok((own, _)) => {
                delete(tx, &own)?;
                deleted.push(name.clone());
            }
            Err(fault) if fault.status == 400 => invalid.push(name.clone()),
            Err(fault) => return Err(fault),
        }
    }
    Ok(DeleteParametersResult { deleted_parameters: Some(deleted), invalid_parameters: Some(invalid) })
}

fn delete(tx: &mut Tx, own: &Own) -> Answer<()> {
    for number in own.spec.oldest..=own.spec.latest {
        tx.delete(&own.key.version(number))?;
    }
    Ok(tx.delete(&own.key)?)
}
