//! What the `Describe…` operations have in common: ids, filters and pages over the things that they show.

use super::{
    errors::{invalid_combination, invalid_next_token, invalid_value},
    resource::Resource,
};
use api::ec2::{Filter, Tag};
use model::ec2::Tags;
use wire::{Fault, Time};

/// A filter's name, and the values that it is matched with. No value is matched by nothing.
pub type Field<T> = (&'static str, fn(&T) -> Vec<String>);

/// A thing that is described.
pub trait Described: Sized + 'static {
    /// Its kind.
    const RESOURCE: Resource;
    /// How the operation names the parameter with the ids.
    const IDS: &'static str;
    /// Every documented filter but those about tags.
    const FIELDS: &'static [Field<Self>];
    /// Its id.
    fn id(&self) -> &str;
    /// Its tags.
    fn tags(&self) -> &[Tag];
}

/// Which things are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// Those with these ids, all of which have to be there.
    pub ids: Option<&'a [String]>,
    /// Those that match all of these.
    pub filters: Option<&'a [Filter]>,
    /// At most so many.
    pub max_results: Option<i32>,
    /// Those behind the page that gave this token.
    pub next_token: Option<&'a str>,
}

/// The things asked for, and the token of the next page. The things come and stay in the order of their ids.
pub fn select<T: Described>(things: Vec<T>, query: Query<'_>) -> Result<(Vec<T>, Option<String>), Fault> {
    let ids = query.ids.filter(|ids| !ids.is_empty());
    if ids.is_some() && query.max_results.is_some() {
        let message = format!("The parameter {} cannot be used with the parameter MaxResults", T::IDS);
        return Err(invalid_combination(message));
    }
    let things = match ids {
        Some(ids) => with_ids(things, ids)?,
        None => things,
    };
    let things = matching(things, query.filters.unwrap_or_default(), T::FIELDS, Some(T::tags))?;
    page(things, |thing| thing.id().to_owned(), query.max_results, query.next_token)
}

fn with_ids<T: Described>(things: Vec<T>, ids: &[String]) -> Result<Vec<T>, Fault> {
    ids.iter().try_for_each(|id| T::RESOURCE.check(id))?;
    let missing = ids.iter().find(|id| !things.iter().any(|thing| thing.id() == *id));
    match missing {
        Some(id) => Err(T::RESOURCE.not_found(id)),
        None => Ok(things.into_iter().filter(|thing| ids.iter().any(|id| id == thing.id())).collect()),
    }
}

/// How many records are read at once, at least.
const PART: usize = 100;

/// A thing that is seen as its record before it is built as it is shown, which costs many times as much.
pub trait Sought: Described {
    /// Its record.
    type Glance;
    /// The documented filters that the record answers. The others, of [`Described::FIELDS`], need the thing itself.
    const GLANCES: &'static [Field<Self::Glance>];
    /// Whether there are filters about its tags.
    const TAGGED: bool;
    /// The id in a record.
    fn id_of(glance: &Self::Glance) -> &str;
    /// The tags in a record.
    fn tags_of(glance: &Self::Glance) -> &Tags;
}

/// Things that may be very many: they are read by their ids, or in the order of those, a part of them at a time.
pub trait Many<T: Sought> {
    /// The record with that id, if there is one.
    fn one(&self, id: &str) -> Result<Option<T::Glance>, Fault>;
    /// The first records whose ids come after that one, at most so many, in their order.
    fn after(&self, id: &str, most: usize) -> Result<Vec<T::Glance>, Fault>;
    /// The thing, unless it isn't to be shown.
    fn build(&self, glance: &T::Glance) -> Result<Option<T>, Fault>;
}

/// As [`select`], without building what isn't asked for: those with the ids, or as many as the page has.
pub fn seek<T: Sought>(many: &impl Many<T>, query: Query<'_>) -> Result<(Vec<T>, Option<String>), Fault> {
    let seen = |name: &str| named(T::GLANCES, name).map(Where::Glance).or_else(|| named(T::FIELDS, name).map(Where::Thing));
    let asked: Asked<'_, Where<T>> = Asked::read(query.filters.unwrap_or_default(), T::TAGGED, seen)?;
    if let Some(ids) = query.ids.filter(|ids| !ids.is_empty()) {
        if query.max_results.is_some() {
            let message = format!("The parameter {} cannot be used with the parameter MaxResults", T::IDS);
            return Err(invalid_combination(message));
        }
        let found = by_ids(many, ids)?.iter().map(|glance| asked.build(many, glance)).collect::<Result<Vec<_>, _>>()?;
        return Ok((found.into_iter().flatten().collect(), None));
    }
    let most = query.max_results.map(page_size).transpose()?.unwrap_or(usize::MAX);
    let token = query.next_token.filter(|token| !token.is_empty());
    let mut after = token.map(|token| decode(token).ok_or_else(invalid_next_token)).transpose()?.unwrap_or_default();
    // One more than the page has: whether there is another.
    let part = most.saturating_add(1).clamp(PART, 10 * PART + 1);
    let mut found: Vec<T> = Vec::new();
    loop {
        let glances = many.after(&after, part)?;
        for glance in &glances {
            let Some(thing) = asked.build(many, glance)? else { continue };
            if found.len() == most {
                let token = found.last().map(|last| encode(last.id()));
                return Ok((found, token));
            }
            found.push(thing);
        }
        match glances.last() {
            Some(last) if glances.len() == part => after = T::id_of(last).to_owned(),
            _ => return Ok((found, None)),
        }
    }
}

/// Those with the ids, each once, in the order of their ids.
fn by_ids<T: Sought>(many: &impl Many<T>, ids: &[String]) -> Result<Vec<T::Glance>, Fault> {
    ids.iter().try_for_each(|id| T::RESOURCE.check(id))?;
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    distinct.into_iter().map(|id| many.one(id)?.ok_or_else(|| T::RESOURCE.not_found(id))).collect()
}

/// What answers a filter.
enum Where<T: Sought> {
    Glance(fn(&T::Glance) -> Vec<String>),
    Thing(fn(&T) -> Vec<String>),
}

impl<T: Sought> Asked<'_, Where<T>> {
    /// The thing with that record, if all conditions hold; it is built only if those on the record do.
    fn build(&self, many: &impl Many<T>, glance: &T::Glance) -> Result<Option<T>, Fault> {
        let tags = T::tags_of(glance).iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let of_record = |it: &Where<T>| match it {
            Where::Glance(of) => Some(of(glance)),
            Where::Thing(_) => None,
        };
        if !self.tags_hold(tags) || !self.fields_hold(of_record) {
            return Ok(None);
        }
        let built = many.build(glance)?;
        Ok(built.filter(|thing| {
            self.fields_hold(|it| match it {
                Where::Thing(of) => Some(of(thing)),
                Where::Glance(_) => None,
            })
        }))
    }
}

/// Those that match all filters: the documented ones in `fields`, and those about tags if things of this kind have any.
pub fn matching<T>(
    mut things: Vec<T>,
    filters: &[Filter],
    fields: &[Field<T>],
    tags: Option<fn(&T) -> &[Tag]>,
) -> Result<Vec<T>, Fault> {
    let asked = Asked::read(filters, tags.is_some(), |name| named(fields, name))?;
    things.retain(|thing| {
        let tags = tags.map(|tags| tags(thing)).unwrap_or_default().iter();
        let tags = tags.filter_map(|tag| Some((tag.key.as_deref()?, tag.value.as_deref().unwrap_or_default())));
        asked.tags_hold(tags) && asked.fields_hold(|field| Some(field(thing)))
    });
    Ok(things)
}

/// What filters ask for: each with the patterns of which one has to fit.
struct Asked<'a, F> {
    tags: Vec<(About<'a>, &'a [String])>,
    fields: Vec<(F, &'a [String])>,
}

/// A request has at most so many filters, and so many values in them (EC2 API reference, "Filter").
const MOST_FILTERS: usize = 50;
const MOST_VALUES: usize = 200;

/// What of tags a filter is about.
enum About<'a> {
    /// The value of the one with that key.
    Value(&'a str),
    /// The keys.
    Key,
}

impl<'a, F> Asked<'a, F> {
    /// Reads filters; `field` knows those by name that are not about tags.
    fn read(filters: &'a [Filter], tagged: bool, field: impl Fn(&str) -> Option<F>) -> Result<Self, Fault> {
        let values: usize = filters.iter().filter_map(|filter| filter.values.as_ref()).map(Vec::len).sum();
        if filters.len() > MOST_FILTERS || values > MOST_VALUES {
            return Err(too_many());
        }
        let mut asked = Self { tags: Vec::new(), fields: Vec::new() };
        for filter in filters {
            let (name, patterns) = parts(filter)?;
            match name.strip_prefix("tag:") {
                Some(key) if tagged => asked.tags.push((About::Value(key), patterns)),
                None if tagged && name == "tag-key" => asked.tags.push((About::Key, patterns)),
                _ => asked.fields.push((field(name).ok_or_else(|| unknown(name))?, patterns)),
            }
        }
        Ok(asked)
    }

    fn tags_hold<'t>(&self, tags: impl Iterator<Item = (&'t str, &'t str)> + Clone) -> bool {
        self.tags.iter().all(|(about, patterns)| match about {
            About::Value(key) => tags.clone().any(|(found, value)| found == *key && any(patterns, value)),
            About::Key => tags.clone().any(|(key, _)| any(patterns, key)),
        })
    }

    /// Whether the conditions hold on those fields that have values here.
    fn fields_hold(&self, values: impl Fn(&F) -> Option<Vec<String>>) -> bool {
        self.fields
            .iter()
            .all(|(field, patterns)| values(field).is_none_or(|values| values.iter().any(|value| any(patterns, value))))
    }
}

fn named<T>(fields: &[Field<T>], name: &str) -> Option<fn(&T) -> Vec<String>> {
    fields.iter().find(|(field, _)| *field == name).map(|(_, of)| *of)
}

fn parts(filter: &Filter) -> Result<(&str, &[String]), Fault> {
    let name = filter.name.as_deref().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid_value("The filter 'null' is invalid"))?;
    let values = filter.values.as_deref().filter(|values| !values.is_empty());
    Ok((name, values.ok_or_else(|| Fault::client("InvalidParameterValue", "The filter value is missing or empty"))?))
}

fn too_many() -> Fault {
    let message = format!("The maximum number of filter values specified on a single call is {MOST_VALUES}");
    Fault::client("FilterLimitExceeded", message)
}

fn unknown(name: &str) -> Fault {
    invalid_value(format!("The filter '{name}' is invalid"))
}

fn any(patterns: &[String], value: &str) -> bool {
    patterns.iter().any(|pattern| like(pattern.as_bytes(), value.as_bytes()))
}

/// Whether a value is like a pattern: `*` stands for any characters, `?` for one, a backslash before either for itself
/// (EC2 user guide, "Filter resources using the CLI").
fn like(pattern: &[u8], value: &[u8]) -> bool {
    let (mut p, mut v) = (0, 0);
    let mut star = None;
    while v < value.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, v));
                p += 1;
            }
            Some(b'?') => (p, v) = (p + 1, v + 1),
            Some(b'\\') if pattern.get(p + 1) == Some(&value[v]) => (p, v) = (p + 2, v + 1),
            Some(byte) if *byte == value[v] => (p, v) = (p + 1, v + 1),
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                (p, v) = (after, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// A page of things that are in the order of their keys. The token is the last key of the page before.
pub fn page<T>(
    mut things: Vec<T>,
    key: impl Fn(&T) -> String,
    max_results: Option<i32>,
    next_token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    if let Some(token) = next_token.filter(|token| !token.is_empty()) {
        let after = decode(token).ok_or_else(invalid_next_token)?;
        things.retain(|thing| key(thing) > after);
    }
    let Some(most) = max_results.map(page_size).transpose()? else { return Ok((things, None)) };
    if things.len() <= most {
        return Ok((things, None));
    }
    things.truncate(most);
    let token = things.last().map(|last| encode(&key(last)));
    Ok((things, token))
}

fn page_size(most: i32) -> Result<usize, Fault> {
    usize::try_from(most).ok().filter(|most| *most > 0).ok_or_else(|| {
        invalid_value(format!("Value ( {most} ) for parameter maxResults is invalid. Expecting a value greater than 5."))
    })
}

fn encode(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(token: &str) -> Option<String> {
    let digits = |at: usize| u8::from_str_radix(token.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(digits).collect();
    String::from_utf8(bytes?).ok()
}

/// What a member of an answer is matched by.
pub trait Text {
    /// Its texts.
    fn texts(&self) -> Vec<String>;
}

impl Text for Option<String> {
    fn texts(&self) -> Vec<String> {
        self.iter().cloned().collect()
    }
}
impl Text for Option<bool> {
    fn texts(&self) -> Vec<String> {
        self.iter().map(bool::to_string).collect()
    }
}
impl Text for Option<i32> {
    fn texts(&self) -> Vec<String> {
        self.iter().map(i32::to_string).collect()
    }
}

impl Text for Option<Time> {
    fn texts(&self) -> Vec<String> {
        self.iter().map(|at| at.to_the_millisecond()).collect()
    }
}

/// The texts of something that each of many has.
pub fn each<T, V: Text>(many: &Option<Vec<T>>, of: impl Fn(&T) -> &V) -> Vec<String> {
    many.iter().flatten().flat_map(|one| of(one).texts()).collect()
}

/// Nothing: of a filter about something that no resource here has.
pub fn nothing<T>(_: &T) -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(&'static str, Vec<Tag>);
    impl Described for Thing {
        const RESOURCE: Resource = Resource::VPC;
        const IDS: &'static str = "VpcIds";
        const FIELDS: &'static [Field<Self>] = &[("vpc-id", |thing| vec![thing.0.into()])];
        fn id(&self) -> &str {
            self.0
        }
        fn tags(&self) -> &[Tag] {
            &self.1
        }
    }

    const IDS: [&str; 3] = ["vpc-00000001", "vpc-00000002", "vpc-00000003"];

    fn things() -> Vec<Thing> {
        let tag = |id: &str| vec![Tag { key: Some("Name".into()), value: Some(format!("name of {id}")) }];
        IDS.iter().map(|id| Thing(id, tag(id))).collect()
    }

    fn filtered(name: &str, values: &[&str]) -> Result<Vec<&'static str>, Fault> {
        let values = values.iter().map(|it| it.to_string()).collect();
        let filters = [Filter { name: Some(name.into()), values: Some(values) }];
        let (found, _) = select(things(), Query { filters: Some(&filters), ..Query::default() })?;
        Ok(found.iter().map(|thing| thing.0).collect())
    }

    #[test]
    fn patterns_are_ec2s() {
        for (pattern, value, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*b*b", "abab", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            (r"a\*c", "a*c", true),
            (r"a\*c", "abc", false),
            ("Abc", "abc", false),
            ("", "", true),
        ] {
            assert_eq!(like(pattern.as_bytes(), value.as_bytes()), expected, "{pattern} {value}");
        }
    }

    /// The same, said plainly: what a pattern means at its first character, for each way to read on.
    fn plainly(pattern: &[u8], value: &[u8]) -> bool {
        match pattern {
            [] => value.is_empty(),
            [b'*', rest @ ..] => (0..=value.len()).any(|taken| plainly(rest, &value[taken..])),
            [b'?', rest @ ..] => !value.is_empty() && plainly(rest, &value[1..]),
            [b'\\', byte, rest @ ..] if value.first() == Some(byte) => plainly(rest, &value[1..]),
            [byte, rest @ ..] => value.first() == Some(byte) && plainly(rest, &value[1..]),
        }
    }

    proptest::proptest! {
        #[test]
        fn patterns_mean_what_they_say(pattern in "[ab*?]{0,8}", value in "[ab]{0,8}") {
            assert_eq!(like(pattern.as_bytes(), value.as_bytes()), plainly(pattern.as_bytes(), value.as_bytes()));
        }

        #[test]
        fn no_pattern_makes_it_fail(pattern in ".{0,12}", value in ".{0,12}") {
            like(pattern.as_bytes(), value.as_bytes());
            assert!(like(b"*", value.as_bytes()));
        }

        #[test]
        fn tokens_are_read_back_and_garbage_is_refused(key in ".{0,20}", garbage in ".{0,20}") {
            assert_eq!(decode(&encode(&key)), Some(key));
            decode(&garbage);
        }
    }

    #[test]
    fn a_filter_keeps_what_has_one_of_its_values() {
        assert_eq!(filtered("vpc-id", &["*1", "*3"]).unwrap(), [IDS[0], IDS[2]]);
        assert_eq!(filtered("tag:Name", &["*2"]).unwrap(), [IDS[1]]);
        assert_eq!(filtered("tag-key", &["Name"]).unwrap().len(), 3);
        assert!(filtered("tag:Other", &["*"]).unwrap().is_empty());
    }

    #[test]
    fn an_unknown_filter_is_refused() {
        let fault = filtered("colour", &["red"]).unwrap_err();
        assert_eq!((&*fault.code, &*fault.message), ("InvalidParameterValue", "The filter 'colour' is invalid"));
    }

    #[test]
    fn ids_have_to_exist_and_exclude_pages() {
        let ids = ["vpc-0000000f".to_owned()];
        let query = Query { ids: Some(&ids), ..Query::default() };
        assert_eq!(select(things(), query).err().unwrap().code, "InvalidVpcID.NotFound");
        let query = Query { max_results: Some(5), ..query };
        assert_eq!(select(things(), query).err().unwrap().code, "InvalidParameterCombination");
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let first = Query { max_results: Some(2), ..Query::default() };
        let (page, token) = select(things(), first).unwrap();
        assert_eq!(page.len(), 2);
        let second = Query { next_token: token.as_deref(), ..first };
        let (page, token) = select(things(), second).unwrap();
        assert_eq!((page[0].0, page.len(), token), (IDS[2], 1, None));
        let broken = Query { next_token: Some("xyz"), ..first };
        assert_eq!(select(things(), broken).err().unwrap().code, "InvalidNextToken");
    }
}
