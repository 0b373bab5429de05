//! By what parameters are found (Systems Manager API reference, `ParameterStringFilter`, `ParametersFilter`). Pure.

use super::{
    errors::{bad_filter_key, bad_filter_option, bad_filter_value, no_filter_values, repeated_filter},
    names, views,
};
use api::ssm::{ParameterStringFilter, ParametersFilter};
use model::ssm::{ParameterSpec, ParameterVersionSpec};
use wire::Fault;

/// What filters look at.
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// The parameter.
    pub parameter: &'a ParameterSpec,
    /// Its newest version.
    pub newest: &'a ParameterVersionSpec,
}

/// A filter that was understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Filter {
    what: Field,
    how: How,
    values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Type,
    KeyId,
    Tier,
    DataType,
    Path,
    Label,
    Tag(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Equals,
    BeginsWith,
    Contains,
    OneLevel,
    Recursive,
}

/// Which operation asks: they know different keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// `DescribeParameters`.
    Describe,
    /// `GetParametersByPath`.
    ByPath,
}

impl Asking {
    fn keys(self) -> &'static str {
        match self {
            Self::Describe => "Path, Name, Type, KeyId, Tier, DataType, tag:",
            Self::ByPath => "Type, KeyId, Label",
        }
    }

    fn knows(self, key: &Field) -> bool {
        match self {
            Self::Describe => *key != Field::Label,
            Self::ByPath => matches!(key, Field::Type | Field::KeyId | Field::Label),
        }
    }
}

/// Reads filters; each key once.
pub fn read(asking: Asking, filters: &[ParameterStringFilter]) -> Result<Vec<Filter>, Fault> {
    let mut found: Vec<Filter> = Vec::new();
    for filter in filters {
        let key = key(&filter.key).filter(|key| asking.knows(key)).ok_or_else(|| bad_filter_key(&filter.key, asking.keys()))?;
        if found.iter().any(|earlier| earlier.what == key) {
            return Err(repeated_filter(&filter.key));
        }
        let values = filter.values.clone().unwrap_or_default();
        if values.is_empty() && !matches!(key, Field::Tag(_)) {
            return Err(no_filter_values(&filter.key));
        }
        let how = how(&key, filter.option.as_deref())?;
        found.push(Filter { values: checked(&key, values)?, what: key, how });
    }
    Ok(found)
}

/// Reads filters of the older kind.
pub fn read_old(filters: &[ParametersFilter]) -> Result<Vec<Filter>, Fault> {
    let read = |filter: &ParametersFilter| {
        let what = key(filter.key.as_str()).unwrap_or(Field::Name);
        let how = if what == Field::Name { How::BeginsWith } else { How::Equals };
        Ok(Filter { values: checked(&what, filter.values.clone())?, what, how })
    };
    filters.iter().map(read).collect()
}

fn key(text: &str) -> Option<Field> {
    Some(match text {
        "Name" => Field::Name,
        "Type" => Field::Type,
        "KeyId" => Field::KeyId,
        "Tier" => Field::Tier,
        "DataType" => Field::DataType,
        "Path" => Field::Path,
        "Label" => Field::Label,
        tag => Field::Tag(tag.strip_prefix("tag:")?.to_owned()),
    })
}

fn how(key: &Field, option: Option<&str>) -> Result<How, Fault> {
    let known: &[(&str, How)] = match key {
        Field::Path => &[("OneLevel", How::OneLevel), ("Recursive", How::Recursive)],
        Field::Name => &[("Equals", How::Equals), ("BeginsWith", How::BeginsWith), ("Contains", How::Contains)],
        Field::Label | Field::Tag(_) => &[("Equals", How::Equals)],
        _ => &[("Equals", How::Equals), ("BeginsWith", How::BeginsWith)],
    };
    let Some(option) = option else { return Ok(known[0].1) };
    let found = known.iter().find(|(name, _)| *name == option).map(|(_, how)| *how);
    found.ok_or_else(|| bad_filter_option(option, &known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")))
}

/// The values, paths with a slash at their end.
fn checked(key: &Field, values: Vec<String>) -> Result<Vec<String>, Fault> {
    let among = |valid: &[&str]| match values.iter().find(|value| !valid.contains(&value.as_str())) {
        Some(value) => Err(bad_filter_value(value, &valid.join(", "))),
        None => Ok(()),
    };
    match key {
        Field::Path => return values.iter().map(|value| names::path(value)).collect(),
        Field::Type => among(&["String", "StringList", "SecureString"])?,
        Field::Tier => among(&["Standard", "Advanced", "Intelligent-Tiering"])?,
        _ => {}
    }
    Ok(values)
}

impl Filter {
    /// Whether one of the values fits.
    pub fn matches(&self, it: &Candidate<'_>) -> bool {
        match &self.what {
            Field::Name => self.fits_name(it.name),
            Field::Path => self.values.iter().any(|path| is_under(it.name, path, self.how == How::Recursive)),
            Field::Type => self.fits(views::kind(it.newest.kind).as_str()),
            Field::KeyId => it.newest.key.as_deref().is_some_and(|key| self.fits(key)),
            Field::Tier => self.fits(views::tier(it.newest.tier).as_str()),
            Field::DataType => self.fits(&it.newest.data_type),
            Field::Label => {
                let on_newest = it.parameter.labels.iter().filter(|(_, number)| **number == it.parameter.latest);
                on_newest.into_iter().any(|(label, _)| self.fits(label))
            }
            Field::Tag(tag) => it.parameter.tags.get(tag).is_some_and(|value| self.values.is_empty() || self.fits(value)),
        }
    }

    /// A name is the same with a slash at its beginning and without.
    fn fits_name(&self, name: &str) -> bool {
        let bare = |text: &str| text.strip_prefix('/').unwrap_or(text).to_owned();
        match self.how {
            How::Contains => self.fits(name),
            _ => Filter { what: Field::Name, how: self.how, values: self.values.iter().map(|it| bare(it)).collect() }
                .fits(&bare(name)),
        }
    }

    fn fits(&self, found: &str) -> bool {
        self.values.iter().any(|value| match self.how {
            How::BeginsWith => found.starts_with(value.as_str()),
            How::Contains => found.contains(value.as_str()),
            How::Equals | How::OneLevel | How::Recursive => found == value,
        })
    }
}

/// Whether a name is under a path that ends with a slash: right under it, or anywhere.
pub fn is_under(name: &str, path: &str, recursive: bool) -> bool {
    name.strip_prefix(path).is_some_and(|rest| recursive || !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        Timestamp,
        ssm::{ParameterKind, Tier},
    };

    fn filter(key: &str, option: Option<&str>, values: &[&str]) -> ParameterStringFilter {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        ParameterStringFilter { key: key.into(), option: option.map(Into::into), values: Some(values) }
    }

    fn matches(asking: Asking, filter: ParameterStringFilter) -> Result<bool, String> {
        let parameter = ParameterSpec {
            latest: 2,
            oldest: 1,
            labels: [("prod".to_owned(), 2), ("old".to_owned(), 1)].into(),
            tags: [("team".to_owned(), "a".to_owned())].into(),
            tier: Tier::Standard,
        };
        let newest = ParameterVersionSpec {
            kind: ParameterKind::Secret,
            value: String::new(),
            key: Some("alias/aws/ssm".into()),
            description: None,
            allowed_pattern: None,
            tier: Tier::Standard,
            data_type: "text".into(),
            at: Timestamp(0),
            by: String::new(),
        };
        let read = super::read(asking, &[filter]).map_err(|fault| fault.code.into_owned())?;
        Ok(read
            .iter()
            .all(|filter| filter.matches(&Candidate { name: "/app/db/password", parameter: &parameter, newest: &newest })))
    }

    #[test]
    fn parameters_are_found_by_what_they_are() {
        let cases = [
            ("Name", None, "/app/db/password", true),
            ("Name", None, "app/db/password", true),
            ("Name", Some("BeginsWith"), "/app/", true),
            ("Name", Some("Contains"), "/db/", true),
            ("Name", None, "/app", false),
            ("Path", None, "/app", false),
            ("Path", None, "/app/db/", true),
            ("Path", Some("Recursive"), "/app", true),
            ("Path", Some("Recursive"), "/ap", false),
            ("Type", None, "SecureString", true),
            ("Type", None, "String", false),
            ("KeyId", Some("BeginsWith"), "alias/", true),
            ("Tier", None, "Advanced", false),
            ("DataType", None, "text", true),
            ("tag:team", None, "a", true),
            ("tag:team", None, "b", false),
        ];
        for (key, option, value, found) in cases {
            assert_eq!(matches(Asking::Describe, filter(key, option, &[value])), Ok(found), "{key} {option:?} {value}");
        }
        assert_eq!(matches(Asking::Describe, filter("tag:team", None, &[])), Ok(true), "any value");
        assert_eq!(matches(Asking::ByPath, filter("Label", None, &["prod"])), Ok(true));
        assert_eq!(matches(Asking::ByPath, filter("Label", None, &["old"])), Ok(false), "it is on another version");
    }

    #[test]
    fn filters_that_make_no_sense_are_refused_by_name() {
        let code = |asking, filter| matches(asking, filter).unwrap_err();
        assert_eq!(code(Asking::Describe, filter("Label", None, &["x"])), "InvalidFilterKey");
        assert_eq!(code(Asking::ByPath, filter("Name", None, &["x"])), "InvalidFilterKey");
        assert_eq!(code(Asking::Describe, filter("Name", Some("Recursive"), &["x"])), "InvalidFilterOption");
        assert_eq!(code(Asking::Describe, filter("Type", None, &["Text"])), "InvalidFilterValue");
        assert_eq!(code(Asking::Describe, filter("Type", None, &[])), "InvalidFilterValue");
        assert_eq!(code(Asking::Describe, filter("Path", None, &["app"])), "ValidationException");
        let twice = [filter("Type", None, &["String"]), filter("Type", None, &["String"])];
        assert_eq!(read(Asking::Describe, &twice).unwrap_err().code, "InvalidFilterKey");
    }
}
