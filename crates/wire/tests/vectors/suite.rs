//! The vector files.

use flate2::read::GzDecoder;
use serde_json::Value as Json;
use std::io::Read;

/// Whether requests are read or responses are written.
#[derive(Clone, Copy)]
pub enum Direction {
    /// Requests.
    Input,
    /// Responses.
    Output,
}

impl Direction {
    /// The folder of its vectors.
    pub fn folder(self) -> &'static str {
        match self {
            Direction::Input => "input",
            Direction::Output => "output",
        }
    }
}

/// Cases with the shapes that they use.
pub struct Suite {
    /// What the model says of the service.
    pub metadata: Json,
    /// The shapes, by name.
    pub shapes: Json,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One vector.
pub struct Case(pub Json);

impl Case {
    /// Its name.
    pub fn id(&self) -> &str {
        self.0["id"].as_str().expect("a case has an id")
    }
}

/// The suites of a file.
pub fn load(direction: Direction, file: &str) -> Vec<Suite> {
    let path = format!("{}/tests/vectors/{}/{file}.json.gz", env!("CARGO_MANIFEST_DIR"), direction.folder());
    let mut text = String::new();
    let packed = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    GzDecoder::new(packed).read_to_string(&mut text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let suites: Vec<Json> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    suites.into_iter().map(suite).collect()
}

fn suite(mut json: Json) -> Suite {
    let Json::Array(cases) = json["cases"].take() else { panic!("a suite has cases") };
    Suite { metadata: json["metadata"].take(), shapes: json["shapes"].take(), cases: cases.into_iter().map(Case).collect() }
}
