//! Pages of keys: prefixes, delimiters, and where the next page begins (Amazon S3 API reference, "ListObjectsV2").
//!
//! Whoever walks feeds keys in their order; after a common prefix it may leap over all keys of it ([`Step::Leap`]), so that a page of
//! folders costs no more than a page of keys.

/// What a request asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that are the same up to this, behind the prefix, are one.
    pub delimiter: Option<String>,
    /// At most so many keys and common prefixes.
    pub most: usize,
    /// Only what comes behind this: a key, or a common prefix with all of its keys.
    pub after: String,
}

/// What is to be done with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It isn't shown.
    Skip,
    /// It is shown.
    Show,
    /// It is one of a common prefix, which is shown unless it was already; the walk may go on behind this text.
    Leap(String, String),
    /// The page is full.
    Full,
}

/// A page that is being made.
#[derive(Clone, Debug)]
pub struct Pages {
    asked: Asked,
    shown: usize,
    last_common: Option<String>,
}

impl Pages {
    /// Begins a page.
    pub fn new(asked: Asked) -> Self {
        let after = asked.after.clone();
        let last_common = asked.common(&after).filter(|common| *common == after);
        Self { asked, shown: 0, last_common }
    }

    /// Decides on the next key.
    pub fn step(&mut self, key: &str) -> Step {
        if !key.starts_with(&self.asked.prefix) {
            return Step::Skip;
        }
        let common = self.asked.common(key);
        if common.is_some() && common == self.last_common {
            return Step::Skip;
        }
        if self.shown >= self.asked.most {
            return Step::Full;
        }
        self.shown += 1;
        match common {
            None => Step::Show,
            Some(common) => {
                self.last_common = Some(common.clone());
                let behind = behind(&common);
                Step::Leap(common, behind)
            }
        }
    }

    /// Whether one more version of the key that was decided on last is shown.
    pub fn more(&mut self) -> bool {
        let fits = self.shown < self.asked.most;
        self.shown += usize::from(fits);
        fits
    }
}

impl Asked {
    /// The common prefix that a key belongs to, if it does.
    fn common(&self, key: &str) -> Option<String> {
        let delimiter = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
        let rest = key.strip_prefix(&self.prefix)?;
        let at = rest.find(delimiter)?;
        Some(key[..self.prefix.len() + at + delimiter.len()].to_owned())
    }

    /// The text behind which the walk begins: that which was shown last, with all of its keys where it is a common prefix.
    pub fn begin(&self) -> String {
        match self.common(&self.after) {
            Some(common) if common == self.after => behind(&common),
            _ if self.after.as_str() < self.prefix.as_str() => self.prefix.clone(),
            _ => self.after.clone(),
        }
    }
}

/// A text behind all keys that begin with the prefix: no key has this character's follower there.
pub fn behind(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of a list of keys, walked as the store is.
    fn pages(keys: &[&str], prefix: &str, delimiter: Option<&str>, most: usize) -> Vec<Vec<String>> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let asked = Asked { prefix: prefix.into(), delimiter: delimiter.map(str::to_owned), most, after: after.clone() };
            let (begin, mut pages, mut page) = (asked.begin(), Pages::new(asked), Vec::new());
            let mut full = false;
            for key in keys.iter().filter(|key| if begin == prefix { **key >= begin.as_str() } else { **key > begin.as_str() }) {
                match pages.step(key) {
                    Step::Skip => {}
                    Step::Show => page.push((*key).to_owned()),
                    Step::Leap(common, _) => page.push(common),
                    Step::Full => {
                        full = true;
                        break;
                    }
                }
            }
            after = page.last().cloned().unwrap_or_default();
            all.push(page);
            if !full {
                return all;
            }
        }
    }

    #[test]
    fn common_prefixes_are_counted_once_over_all_pages() {
        let keys = ["a", "b/1", "b/2", "b/3", "c", "d/e/1", "d/f"];
        let flat = |most| pages(&keys, "", Some("/"), most).concat();
        for most in 1..6 {
            assert_eq!(flat(most), ["a", "b/", "c", "d/"], "{most}");
        }
        assert_eq!(pages(&keys, "d/", Some("/"), 1), [["d/e/"], ["d/f"]]);
        assert_eq!(pages(&keys, "", None, 4).concat(), keys);
        assert_eq!(pages(&keys, "b/", None, 2).concat(), ["b/1", "b/2", "b/3"]);
    }

    #[test]
    fn a_key_that_is_the_prefix_is_a_key() {
        assert_eq!(pages(&["x/", "x/1"], "x/", Some("/"), 9).concat(), ["x/", "x/1"]);
    }
}
