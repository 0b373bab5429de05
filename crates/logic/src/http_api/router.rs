//! Which route a request falls under: a full match first, the most specific one, then the longest path that ends in a greedy variable, then
//! `$default` (developer guide, "Create routes for HTTP APIs", *Routing API requests*).
//!
//! The routes of a deployment are put into a tree once; a request then costs a walk along its path.

use super::{
    path::{decoded, pieces},
    route_key::{RouteKey, Segment},
};
use std::collections::{BTreeMap, HashMap};

/// The routes of a deployment.
#[derive(Debug, Default)]
pub struct Router {
    root: Node,
    default: Option<Leaf>,
}

/// The route that a request falls under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched<'r> {
    /// The route's id.
    pub route: &'r str,
    /// The values of its variables, decoded.
    pub parameters: BTreeMap<String, String>,
}

/// A place in the tree of paths.
#[derive(Debug, Default)]
struct Node {
    texts: HashMap<String, Node>,
    variable: Option<Box<Node>>,
    /// Routes that end here, by method.
    here: HashMap<String, Leaf>,
    /// Routes that go on greedily from here, by method.
    greedy: HashMap<String, Leaf>,
}

#[derive(Clone, Debug)]
struct Leaf {
    route: String,
    /// The names of the variables on the way, in their order.
    names: Vec<String>,
}

impl Router {
    /// Of routes by id, with their keys. A key that is none is left out: it was checked when it was written.
    pub fn new<'a>(routes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut router = Self::default();
        for (id, key) in routes {
            if let Ok(key) = RouteKey::parse(key) {
                router.add(id, key);
            }
        }
        router
    }

    fn add(&mut self, id: &str, key: RouteKey) {
        let leaf = |names| Leaf { route: id.to_owned(), names };
        let RouteKey::Path { method, segments } = key else {
            self.default = Some(leaf(Vec::new()));
            return;
        };
        let names = segments.iter().filter_map(Segment::name).map(str::to_owned).collect();
        let mut node = &mut self.root;
        for segment in segments {
            node = match segment {
                Segment::Text(text) => node.texts.entry(decoded(&text)).or_default(),
                Segment::Variable(_) => node.variable.get_or_insert_default(),
                Segment::Greedy(_) => {
                    node.greedy.insert(method, leaf(names));
                    return;
                }
            };
        }
        node.here.insert(method, leaf(names));
    }

    /// The route for a request; the path is without its stage, and encoded as it was sent.
    pub fn find(&self, method: &str, path: &str) -> Option<Matched<'_>> {
        let pieces: Vec<String> = pieces(path).into_iter().map(decoded).collect();
        let mut values = Vec::new();
        let found = self.root.full(method, &pieces, &mut values).or_else(|| {
            values.clear();
            self.root.greedy(method, &pieces, &mut values)
        });
        let found = found.or_else(|| {
            values.clear();
            self.default.as_ref()
        })?;
        Some(Matched { route: &found.route, parameters: found.names.iter().cloned().zip(values).collect() })
    }
}

impl Node {
    /// The route whose path is all of this, texts before variables.
    fn full(&self, method: &str, rest: &[String], values: &mut Vec<String>) -> Option<&Leaf> {
        let Some((piece, rest)) = rest.split_first() else { return of_method(&self.here, method) };
        let found = self.texts.get(piece).and_then(|node| node.full(method, rest, values));
        found.or_else(|| within(self.variable.as_deref()?, piece, values, |node, values| node.full(method, rest, values)))
    }

    /// The route with the longest path before its greedy variable.
    fn greedy(&self, method: &str, rest: &[String], values: &mut Vec<String>) -> Option<&Leaf> {
        let (piece, behind) = rest.split_first()?;
        let deeper = self.texts.get(piece).and_then(|node| node.greedy(method, behind, values));
        let deeper = deeper
            .or_else(|| within(self.variable.as_deref()?, piece, values, |node, values| node.greedy(method, behind, values)));
        deeper.or_else(|| {
            let remaining = rest.join("/");
            let leaf = of_method(&self.greedy, method).filter(|_| !remaining.is_empty())?;
            values.push(remaining);
            Some(leaf)
        })
    }
}

/// What is found below a variable's node, with the variable's value; nothing is left of it if nothing is found.
fn within<'n>(
    node: &'n Node,
    piece: &str,
    values: &mut Vec<String>,
    find: impl FnOnce(&'n Node, &mut Vec<String>) -> Option<&'n Leaf>,
) -> Option<&'n Leaf> {
    if piece.is_empty() {
        return None;
    }
    let before = values.len();
    values.push(piece.to_owned());
    let found = find(node, values);
    if found.is_none() {
        values.truncate(before);
    }
    found
}

/// A route of the method goes before one of `ANY`.
fn of_method<'l>(leaves: &'l HashMap<String, Leaf>, method: &str) -> Option<&'l Leaf> {
    leaves.get(method).or_else(|| leaves.get("ANY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(keys: &[&str], method: &str, path: &str) -> Option<(String, Vec<String>)> {
        let router = Router::new(keys.iter().map(|key| (*key, *key)));
        let found = router.find(method, path)?;
        Some((found.route.to_owned(), found.parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect()))
    }

    fn route(keys: &[&str], method: &str, path: &str) -> String {
        find(keys, method, path).map_or_else(|| "-".into(), |(route, _)| route)
    }

    /// The table of the developer guide, and what it says about methods.
    #[test]
    fn the_most_specific_route_is_taken() {
        let keys =
            ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "POST /pets/dog/1", "$default"];
        for (method, path, expected) in [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/test/5", "ANY /{proxy+}"),
            ("POST", "/pets/dog/1", "POST /pets/dog/1"),
            ("PUT", "/pets/dog/1", "ANY /{proxy+}"),
            ("GET", "/", "$default"),
        ] {
            assert_eq!(route(&keys, method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_full_match_goes_before_a_greedy_one_and_a_text_before_a_variable() {
        assert_eq!(route(&["GET /a/{rest+}", "GET /{x}/b"], "GET", "/a/b"), "GET /{x}/b");
        assert_eq!(route(&["ANY /a/b", "GET /a/{x}"], "GET", "/a/b"), "ANY /a/b");
        assert_eq!(route(&["POST /a/b", "GET /a/{x}"], "GET", "/a/b"), "GET /a/{x}");
        assert_eq!(route(&["ANY /a", "GET /a"], "GET", "/a"), "GET /a");
        assert_eq!(route(&["GET /{a+}", "GET /x/{a}/{b+}"], "GET", "/x/y"), "GET /{a+}");
    }

    #[test]
    fn variables_are_decoded_and_never_empty() {
        let found = find(&["GET /a/{id}/{rest+}"], "GET", "/a/x%2Fy/b/c%20d").unwrap();
        assert_eq!(found.1, ["id=x/y", "rest=b/c d"]);
        assert_eq!(find(&["GET /a/{id}"], "GET", "/a/"), None);
        assert_eq!(find(&["GET /a/{id+}"], "GET", "/a/"), None);
        assert_eq!(find(&["GET /a/{id+}"], "GET", "/a"), None);
        assert_eq!(find(&["GET /{proxy+}"], "GET", "/"), None);
        assert_eq!(find(&["GET /a"], "GET", "/a/"), None);
        assert_eq!(find(&["GET /a/{x}/c", "GET /a/{y+}"], "GET", "/a/b/d").unwrap().1, ["y=b/d"], "what failed leaves nothing");
    }
}
