//! `DescribeParameters`: the caller's own parameters, without their values.

use super::super::{
    errors::invalid,
    filters::{self, Asking, Candidate},
    load::{self, Own},
    page::{Asked, page},
    views,
};
use api::ssm::{DescribeParametersRequest, DescribeParametersResult};
use front::{Answer, Cx};
use model::ssm::Parameter;
use spine::{Read, Scope, Tx};

/// How many a page has where nobody says.
const USUAL: usize = 50;

/// `DescribeParameters`. Nobody can share a parameter, so that there are none that are `Shared`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeParametersRequest) -> Answer<DescribeParametersResult> {
    let old = input.filters.as_deref().unwrap_or_default();
    let new = input.parameter_filters.as_deref().unwrap_or_default();
    if !old.is_empty() && !new.is_empty() {
        return Err(invalid("You can use either Filters or ParameterFilters in a single request."));
    }
    let mut filters = filters::read(Asking::Describe, new)?;
    filters.extend(filters::read_old(old)?);
    let mut found = Vec::new();
    let specs =
        if input.shared == Some(true) { Vec::new() } else { tx.specs::<Parameter>(Scope::Region(&cx.account, &cx.region))? };
    for (key, spec) in specs {
        let own = Own { key, spec };
        let newest = load::read(tx, &own, own.spec.latest)?;
        if filters.iter().all(|it| it.matches(&Candidate { name: &own.key.id, parameter: &own.spec, newest: &newest })) {
            found.push((own.key.id, own.spec.latest, newest));
        }
    }
    let asked = Asked { token: input.next_token.as_deref(), max: input.max_results, usual: USUAL };
    let (found, next_token) = page(found, asked, |(name, ..)| name.clone())?;
    let parameters = found.iter().map(|(name, number, newest)| views::metadata(cx, name, *number, newest)).collect();
    Ok(DescribeParametersResult { parameters: Some(parameters), next_token })
}
