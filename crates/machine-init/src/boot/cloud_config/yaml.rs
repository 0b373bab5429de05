//! YAML as a tree of what was written: scalars stay text.
//!
//! cloud-init reads YAML 1.1, where `010` is eight and `yes` is true; parsers of today read 1.2, where they are ten and a word. Whoever reads a node here says what it
//! wants, so neither rule is needed.

use saphyr::{ScalarStyle, Yaml, YamlLoader};
use saphyr_parser::Parser;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Nothing, or a plain `null` or `~`.
    Null,
    /// A scalar, as it was written.
    Text(String),
    /// A scalar tagged `!!binary`: base64.
    Binary(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in its order. Keys that are no scalars are left out.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A truth, in the words of YAML 1.1.
    pub fn truth(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "1" => Some(true),
            "false" | "no" | "off" | "n" | "0" => Some(false),
            _ => None,
        }
    }

    /// The elements of a sequence; a scalar counts as a sequence of one, as cloud-init takes it in most places.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Node::Null => Some(Vec::new()),
            Node::Text(text) => Some(vec![text.clone()]),
            Node::List(list) => list.iter().map(|node| node.text().map(str::to_owned)).collect(),
            _ => None,
        }
    }
}

/// Reads the first document.
pub fn parse(text: &str) -> Result<Node, String> {
    let mut loader = YamlLoader::<Yaml>::default();
    loader.early_parse(false);
    loader.allow_duplicate_keys(true);
    Parser::new_from_str(text).load(&mut loader, false).map_err(|error| error.to_string())?;
    if let Some(error) = loader.error() {
        return Err(error.to_string());
    }
    Ok(loader.into_documents().into_iter().next().map_or(Node::Null, |document| node(&document)))
}

fn node(yaml: &Yaml) -> Node {
    match yaml {
        Yaml::Representation(text, style, tag) => match tag {
            Some(tag) if tag.suffix == "binary" => Node::Binary(text.clone().into_owned()),
            _ if *style == ScalarStyle::Plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL") => Node::Null,
            _ => Node::Text(text.clone().into_owned()),
        },
        Yaml::Sequence(list) => Node::List(list.iter().map(node).collect()),
        Yaml::Mapping(map) => {
            Node::Map(map.iter().filter_map(|(key, value)| Some((node(key).text()?.to_owned(), node(value)))).collect())
        }
        Yaml::Tagged(_, inner) => node(inner),
        _ => Node::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_stay_as_they_were_written() {
        let text = "#cloud-config\na: 0644\nb: yes\nc: ~\nd: [1, 'x', 010]\ne: |\n  two\n  lines\nf: !!binary aGk=\ng: ''\n";
        let Node::Map(map) = parse(text).unwrap() else { panic!() };
        let of = |key: &str| &map.iter().find(|(known, _)| known == key).unwrap().1;
        assert_eq!(of("a").text(), Some("0644"));
        assert_eq!(of("b").truth(), Some(true));
        assert_eq!(of("c"), &Node::Null);
        assert_eq!(of("d").texts().unwrap(), ["1", "x", "010"]);
        assert_eq!(of("e").text(), Some("two\nlines\n"));
        assert_eq!(of("f"), &Node::Binary("aGk=".into()));
        assert_eq!(of("g").text(), Some(""));
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        assert!(parse("a: [").is_err());
        assert_eq!(parse("").unwrap(), Node::Null);
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
            d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        assert!(parse(bomb).is_err());
    }
}
