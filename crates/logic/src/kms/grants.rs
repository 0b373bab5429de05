//! Which grants a request satisfies (KMS developer guide, "Using grant constraints").
//!
//! A grant takes part in a decision as a statement of its key's policy ([`super::with_grants`]). Condition keys don't tell upper from lower
//! case, and encryption contexts do: whether a constraint holds is found here, and told to the statement under [`SATISFIED`].

use super::EncryptionContext;
use model::kms::{GrantConstraint, GrantOperation, KmsGrantSpec};

/// The condition key that has the ids of the grants whose constraints a request satisfies. It is the cloud's own; AWS has none for it.
pub const SATISFIED: &str = "hillfog:SatisfiedGrant";

/// Whether a request with this encryption context is one that the grant is for.
pub fn satisfied(grant: &KmsGrantSpec, context: &EncryptionContext) -> bool {
    match &grant.constraint {
        None => true,
        Some(GrantConstraint::Subset(wanted)) => wanted.iter().all(|(key, value)| context.get(key) == Some(value)),
        Some(GrantConstraint::Equals(wanted)) => wanted == context,
    }
}

/// Whether whoever has the one grant may make the other by it: what is given on is no more than what was given, and no less
/// constrained (API reference, `CreateGrant`).
pub fn permits_subset(parent: &KmsGrantSpec, operations: &[GrantOperation], constraint: Option<&GrantConstraint>) -> bool {
    let fewer = operations.iter().all(|operation| parent.operations.contains(operation));
    let tighter = match (&parent.constraint, constraint) {
        (None, _) => true,
        (Some(GrantConstraint::Subset(had)), Some(GrantConstraint::Subset(now) | GrantConstraint::Equals(now))) => {
            had.iter().all(|(key, value)| now.get(key) == Some(value))
        }
        (Some(had @ GrantConstraint::Equals(_)), Some(now)) => had == now,
        (Some(_), None) => false,
    };
    fewer && tighter
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AccountId, Timestamp};

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn grant(constraint: Option<GrantConstraint>) -> KmsGrantSpec {
        KmsGrantSpec {
            name: None,
            created: Timestamp(0),
            issuer: AccountId::parse("111122223333").unwrap(),
            grantee: "arn:aws:iam::111122223333:user/anna".into(),
            retiring: None,
            operations: vec![GrantOperation::Decrypt, GrantOperation::CreateGrant],
            constraint,
        }
    }

    #[test]
    fn constraints_are_about_the_context() {
        let wanted = context(&[("Dept", "IT")]);
        let subset = grant(Some(GrantConstraint::Subset(wanted.clone())));
        let equals = grant(Some(GrantConstraint::Equals(wanted.clone())));
        for (given, of_subset, of_equals) in [
            (wanted, true, true),
            (context(&[("Dept", "IT"), ("Stage", "test")]), true, false),
            (context(&[("dept", "IT")]), false, false),
            (context(&[("Dept", "it")]), false, false),
            (context(&[]), false, false),
        ] {
            assert_eq!((satisfied(&subset, &given), satisfied(&equals, &given)), (of_subset, of_equals), "{given:?}");
            assert!(satisfied(&grant(None), &given));
        }
    }

    #[test]
    fn what_is_given_on_is_no_more_than_what_was_given() {
        let wanted = context(&[("Dept", "IT")]);
        let more = context(&[("Dept", "IT"), ("Stage", "test")]);
        let (subset, equals) = (GrantConstraint::Subset, GrantConstraint::Equals);
        let decrypt = [GrantOperation::Decrypt];
        assert!(permits_subset(&grant(None), &decrypt, None));
        assert!(!permits_subset(&grant(None), &[GrantOperation::Encrypt], None));
        let parent = grant(Some(subset(wanted.clone())));
        assert!(permits_subset(&parent, &decrypt, Some(&subset(more.clone()))));
        assert!(permits_subset(&parent, &decrypt, Some(&equals(wanted.clone()))));
        assert!(!permits_subset(&parent, &decrypt, None));
        let parent = grant(Some(equals(wanted.clone())));
        assert!(permits_subset(&parent, &decrypt, Some(&equals(wanted.clone()))));
        assert!(!permits_subset(&parent, &decrypt, Some(&equals(more))));
        assert!(!permits_subset(&parent, &decrypt, Some(&subset(wanted))));
    }
}
