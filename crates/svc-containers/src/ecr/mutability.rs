//! Which tags can be moved to another image.

use super::errors;
use api::ecr::{
    ImageTagMutability as Setting, ImageTagMutabilityExclusionFilter as Filter, ImageTagMutabilityExclusionFilterType,
};
use model::ecr::Mutability;
use wire::Fault;

/// The most exclusion filters, and the most `*` in one (Amazon ECR user guide, "Image tag mutability").
const MOST_FILTERS: usize = 5;
const MOST_WILDCARDS: usize = 2;

/// What a caller set; mutable without exclusions where nothing was.
pub fn read(setting: Option<Setting>, filters: Option<&[Filter]>) -> Result<Mutability, Fault> {
    let setting = setting.unwrap_or(Setting::Mutable);
    let exclusions: Vec<String> = filters.unwrap_or_default().iter().map(|filter| filter.filter.clone()).collect();
    let with_exclusions = matches!(setting, Setting::ImmutableWithExclusion | Setting::MutableWithExclusion);
    if with_exclusions == exclusions.is_empty() {
        return Err(errors::invalid(format!(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: '{} {} exclusion filters'",
            setting.as_str(),
            if with_exclusions { "requires" } else { "does not allow" }
        )));
    }
    if exclusions.len() > MOST_FILTERS || exclusions.iter().any(|pattern| pattern.matches('*').count() > MOST_WILDCARDS) {
        return Err(errors::invalid(format!(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'at most {MOST_FILTERS} filters with at most {MOST_WILDCARDS} wildcards each'"
        )));
    }
    Ok(Mutability { mutable: matches!(setting, Setting::Mutable | Setting::MutableWithExclusion), exclusions })
}

/// The setting as it is shown.
pub fn setting(mutability: &Mutability) -> Setting {
    match (mutability.mutable, mutability.exclusions.is_empty()) {
        (true, true) => Setting::Mutable,
        (true, false) => Setting::MutableWithExclusion,
        (false, true) => Setting::Immutable,
        (false, false) => Setting::ImmutableWithExclusion,
    }
}

/// The exclusions as they are shown: nothing where there are none.
pub fn filters(mutability: &Mutability) -> Option<Vec<Filter>> {
    let filter =
        |pattern: &String| Filter { filter_type: ImageTagMutabilityExclusionFilterType::Wildcard, filter: pattern.clone() };
    (!mutability.exclusions.is_empty()).then(|| mutability.exclusions.iter().map(filter).collect())
}

/// Whether the tag can be moved.
pub fn movable(mutability: &Mutability, tag: &str) -> bool {
    mutability.mutable != mutability.exclusions.iter().any(|pattern| matches(pattern, tag))
}

/// Whether the text is the pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    (0..=text.len()).any(|skipped| text.get(skipped..).is_some_and(|text| matches(rest, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("v*", "v1", true),
            ("v*", "v", true),
            ("v*", "1v", false),
            ("*-dev", "a-dev", true),
            ("a*b*", "axxbyy", true),
            ("a*b*", "axx", false),
            ("latest", "latest", true),
            ("latest", "latest2", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn exclusions_turn_the_setting_around() {
        let mutability =
            |mutable, exclusions: &[&str]| Mutability { mutable, exclusions: exclusions.iter().map(|e| e.to_string()).collect() };
        assert!(movable(&mutability(true, &[]), "latest"));
        assert!(!movable(&mutability(false, &[]), "latest"));
        assert!(movable(&mutability(false, &["latest"]), "latest"));
        assert!(!movable(&mutability(true, &["v*"]), "v1"));
    }
}
