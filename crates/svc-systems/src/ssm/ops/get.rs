//! `GetParameter` and `GetParameters`.

use super::super::{
    load::{self, Loaded, What},
    secret, views,
};
use api::ssm::{GetParameterRequest, GetParameterResult, GetParametersRequest, GetParametersResult, Parameter};
use front::{Answer, Cx};
use model::ssm::{ParameterKind, ParameterVersionSpec};
use spine::Tx;
use std::collections::BTreeSet;

/// `GetParameter`.
pub fn one(cx: &Cx, tx: &mut Tx, input: &GetParameterRequest) -> Answer<GetParameterResult> {
    let found = load::one(cx, tx, &input.name)?;
    Ok(GetParameterResult { parameter: Some(shown(cx, tx, &found, input.with_decryption)?) })
}

/// `GetParameters`: what isn't there is named, each name once.
pub fn several(cx: &Cx, tx: &mut Tx, input: &GetParametersRequest) -> Answer<GetParametersResult> {
    let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
    for name in input.names.iter().collect::<BTreeSet<_>>() {
        match load::one(cx, tx, name) {
            Ok(found) => parameters.push(shown(cx, tx, &found, input.with_decryption)?),
            Err(fault) if fault.status == 400 => invalid.push(name.clone()),
            Err(fault) => return Err(fault),
        }
    }
    Ok(GetParametersResult { parameters: Some(parameters), invalid_parameters: Some(invalid) })
}

/// A parameter with its value; that of a secret as it is kept, unless it is asked for in the clear.
pub fn shown(cx: &Cx, tx: &Tx, found: &Loaded, with_decryption: Option<bool>) -> Answer<Parameter> {
    let value = match &found.what {
        What::Own(_, spec) => value(cx, tx, &found.name, spec, with_decryption)?,
        What::Public(public) => public.value.clone(),
    };
    Ok(views::parameter(cx, found, value))
}

/// A version's value, likewise.
pub fn value(cx: &Cx, tx: &Tx, name: &str, spec: &ParameterVersionSpec, with_decryption: Option<bool>) -> Answer<String> {
    match spec.kind {
        ParameterKind::Secret if with_decryption == Some(true) => secret::open(cx, tx, name, &spec.value),
        _ => Ok(spec.value.clone()),
    }
}
