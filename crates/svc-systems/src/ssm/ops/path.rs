//! `GetParametersByPath`.

use super::{
    super::{
        filters::{self, Asking, Candidate, is_under},
        load::{self, Loaded, Own, What},
        names,
        page::{Asked, page},
    },
    get::shown,
};
use api::ssm::{GetParametersByPathRequest, GetParametersByPathResult};
use front::{Answer, Cx};
use logic::parameter::{is_public, under};
use model::ssm::Parameter;
use spine::{Read, Scope, Tx};

/// How many a page has where nobody says, and at most.
const USUAL: usize = 10;

/// `GetParametersByPath`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &GetParametersByPathRequest) -> Answer<GetParametersByPathResult> {
    let path = names::path(&input.path)?;
    let recursive = input.recursive == Some(true);
    let asked = Asked { token: input.next_token.as_deref(), max: input.max_results, usual: USUAL };
    let filters = filters::read(Asking::ByPath, input.parameter_filters.as_deref().unwrap_or_default())?;
    let found = if is_public(&path) { public(cx, tx, &path)? } else { own(cx, tx, &path, &filters)? };
    let found = found.into_iter().filter(|it| is_under(&it.name, &path, recursive)).collect();
    let (found, next_token) = page(found, asked, |it: &Loaded| it.name.clone())?;
    let parameters = found.iter().map(|it| shown(cx, tx, it, input.with_decryption)).collect::<Answer<_>>()?;
    Ok(GetParametersByPathResult { parameters: Some(parameters), next_token })
}

fn public(cx: &Cx, tx: &Tx, path: &str) -> Answer<Vec<Loaded>> {
    let found = under(path, load::quick_start(cx, tx)?.as_deref()).into_iter();
    Ok(found.map(|it| Loaded { name: it.name.clone(), what: What::Public(it), selector: None }).collect())
}

fn own(cx: &Cx, tx: &Tx, path: &str, filters: &[filters::Filter]) -> Answer<Vec<Loaded>> {
    let mut found = Vec::new();
    for (key, spec) in tx.specs::<Parameter>(Scope::Prefix(&cx.account, &cx.region, path))? {
        let own = Own { key, spec };
        let newest = load::newest(tx, &own)?;
        if let What::Own(_, version) = &newest.what
            && filters.iter().all(|it| it.matches(&Candidate { name: &own.key.id, parameter: &own.spec, newest: version }))
        {
            found.push(newest);
        }
    }
    Ok(found)
}
