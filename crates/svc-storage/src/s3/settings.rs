//! The settings of a bucket that are kept as the request said them.

use front::Answer;
use model::s3::BucketSpec;
use wire::{FromValue, IntoValue, stored};

/// A setting; none if it was never set, or deleted.
pub fn get<T: FromValue>(bucket: &BucketSpec, name: &str) -> Answer<Option<T>> {
    bucket.settings.get(name).map(|text| T::from_value(stored::from_text(text)?)).transpose()
}

/// Sets it.
pub fn set<T: IntoValue>(bucket: &mut BucketSpec, name: &str, value: T) {
    bucket.settings.insert(name.to_owned(), stored::to_text(&value.into_value()));
}
