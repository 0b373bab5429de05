//! `GetParameterHistory`: the versions that are kept, the oldest first.

use super::{
    super::{
        load,
        page::{Asked, page},
        views,
    },
    get::value,
};
use api::ssm::{GetParameterHistoryRequest, GetParameterHistoryResult};
use front::{Answer, Cx};
use model::ssm::version_id;
use spine::Tx;

/// How many a page has where nobody says.
const USUAL: usize = 50;

/// `GetParameterHistory`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &GetParameterHistoryRequest) -> Answer<GetParameterHistoryResult> {
    let (own, _) = load::own(cx, tx, &input.name)?;
    let asked = Asked { token: input.next_token.as_deref(), max: input.max_results, usual: USUAL };
    let numbers = (own.spec.oldest..=own.spec.latest).collect();
    let (numbers, next_token) = page(numbers, asked, |number| version_id("", *number))?;
    let name = &own.key.id;
    let mut shown = Vec::new();
    for number in numbers {
        let spec = load::read(tx, &own, number)?;
        let labels = own.spec.labels.iter().filter(|(_, on)| **on == number).map(|(label, _)| label.clone()).collect();
        shown.push(views::history(name, number, &spec, labels, value(cx, tx, name, &spec, input.with_decryption)?));
    }
    Ok(GetParameterHistoryResult { parameters: Some(shown), next_token })
}
