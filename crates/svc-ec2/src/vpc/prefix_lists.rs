//! Prefix lists.

use crate::records::find;
use front::Cx;
use model::ec2::PrefixList;
use spine::Tx;
use wire::Fault;

/// The list that a route or a rule names has to be there.
pub fn check(cx: &Cx, tx: &Tx, id: &str) -> Result<(), Fault> {
    find::<PrefixList>(cx, tx, id).map(drop)
}
