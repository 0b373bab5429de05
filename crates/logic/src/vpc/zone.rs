//! Availability Zones: every region has three.

use model::Region;

/// What the names of a region's Availability Zones end with.
pub const ZONE_LETTERS: [char; 3] = ['a', 'b', 'c'];

/// The name of a region's nth zone (from 0), such as `eu-west-1a`.
pub fn zone_name(region: &Region, index: usize) -> String {
    format!("{region}{}", ZONE_LETTERS[index % ZONE_LETTERS.len()])
}

/// The id of a region's nth zone (from 0), such as `euw1-az1`.
///
/// At AWS, which name has which id differs between accounts; here they are in the same order for all.
pub fn zone_id(region: &Region, index: usize) -> String {
    let short: String = region.as_str().split('-').enumerate().map(|(place, word)| shorten(place, word)).collect();
    format!("{short}-az{}", index % ZONE_LETTERS.len() + 1)
}

/// The id of the region's zone of that name; none if it has no such zone.
pub fn zone_id_of(region: &Region, name: &str) -> Option<String> {
    (0..ZONE_LETTERS.len()).find(|index| zone_name(region, *index) == name).map(|index| zone_id(region, index))
}

fn shorten(place: usize, word: &str) -> &str {
    match word {
        "northeast" => "ne",
        "northwest" => "nw",
        "southeast" => "se",
        "southwest" => "sw",
        word if place == 0 || word.bytes().all(|b| b.is_ascii_digit()) => word,
        word => word.get(..1).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids_are_those_of_aws() {
        let known = [
            ("us-east-1", "use1-az1"),
            ("eu-central-1", "euc1-az1"),
            ("ap-southeast-2", "apse2-az1"),
            ("us-gov-west-1", "usgw1-az1"),
            ("cn-northwest-1", "cnnw1-az1"),
        ];
        for (region, id) in known {
            assert_eq!(zone_id(&Region::parse(region).unwrap(), 0), id);
        }
        assert_eq!(zone_name(&Region::parse("eu-west-1").unwrap(), 2), "eu-west-1c");
    }
}
