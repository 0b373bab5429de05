//! Which host a machine goes to: one with room, as its placement group demands (EC2 user guide, "Placement strategies for your placement
//! groups").

use super::machines::{Demand, Overcommitment, how_many, left, runs};
use agent_proto::Capabilities;
use model::ec2::{PlacementStrategy, SpreadLevel};
use std::cmp::Reverse;

/// Machines that run in a group that is spread, in a zone, at most.
pub const MOST_SPREAD: usize = 7;

/// How machines are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// How much of a host is given away.
    pub over: Overcommitment,
    /// A machine for which no host can be had that its group demands is not placed at all, as in EC2. Otherwise it is placed as if it had no
    /// group: a cloud with one host is of some use for people who try out groups.
    pub strict_groups: bool,
}

/// A host.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// What it shares power and network with.
    pub rack: String,
    /// What it has.
    pub has: Capabilities,
}

/// A machine that has a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The host's name.
    pub host: String,
    /// What it takes.
    pub demand: Demand,
    /// Its placement group.
    pub group: Option<Member>,
}

/// A machine's place in a placement group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What tells the group from all others.
    pub group: String,
    /// The zone.
    pub zone: String,
    /// The partition, in a group that has some.
    pub partition: Option<i32>,
}

/// What is to be placed.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// What it takes.
    pub demand: Demand,
    /// The architectures that it runs on, in EC2's words.
    pub architectures: &'a [String],
    /// Its group, and how that is placed.
    pub group: Option<(Member, PlacementStrategy)>,
}

/// Where a machine goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The host's name.
    pub host: String,
    /// The partition of its group, if that has some.
    pub partition: Option<i32>,
}

/// The places of as many machines as have room, one after another.
pub fn place(sites: &[Site], placed: &[Placed], wanted: &Wanted<'_>, rules: Rules, at_most: u32) -> Vec<Spot> {
    let mut ground = Ground::new(sites, placed, wanted, rules);
    let mut spots = Vec::new();
    for _ in 0..at_most {
        let Some((site, member)) = ground.best(wanted) else { break };
        spots.push(Spot { host: sites[site].name.clone(), partition: member.as_ref().and_then(|it| it.partition) });
        ground.taken[site] = [ground.taken[site], wanted.demand].into_iter().sum();
        ground.group.extend(member.map(|member| (site, member)));
    }
    spots
}

/// What there is beside a machine that is to be placed.
struct Ground<'a> {
    sites: &'a [Site],
    /// What is taken of each site.
    taken: Vec<Demand>,
    /// The machines of its group, each with its site.
    group: Vec<(usize, Member)>,
    rules: Rules,
}

impl<'a> Ground<'a> {
    fn new(sites: &'a [Site], placed: &[Placed], wanted: &Wanted<'_>, rules: Rules) -> Self {
        let mut ground = Self { sites, taken: vec![Demand::default(); sites.len()], group: Vec::new(), rules };
        let own = wanted.group.as_ref().map(|(member, _)| &member.group);
        for it in placed {
            let Some(site) = sites.iter().position(|site| site.name == it.host) else { continue };
            ground.taken[site] = [ground.taken[site], it.demand].into_iter().sum();
            ground.group.extend(it.group.clone().filter(|member| Some(&member.group) == own).map(|member| (site, member)));
        }
        ground
    }

    /// The site that suits best, and the place in the group.
    fn best(&self, wanted: &Wanted<'_>) -> Option<(usize, Option<Member>)> {
        let Some((member, strategy)) = &wanted.group else { return self.roomiest(wanted, |_| true).map(|site| (site, None)) };
        let in_zone = self.group.iter().filter(|(_, it)| it.zone == member.zone).count();
        if matches!(strategy, PlacementStrategy::Spread(_)) && in_zone >= MOST_SPREAD {
            return None;
        }
        let mut members = self.partitions(member, *strategy);
        if !self.rules.strict_groups {
            // Partitions are filled evenly, whatever they share.
            members.truncate(1);
        }
        let kept = members.iter().find_map(|member| {
            let site = self.roomiest(wanted, |site| self.suits(site, member, *strategy))?;
            Some((site, Some(member.clone())))
        });
        if kept.is_some() || self.rules.strict_groups {
            return kept;
        }
        self.roomiest(wanted, |_| true).map(|site| (site, members.first().cloned()))
    }

    /// The places in the group that come into question: where a partition is to be chosen, the emptiest first.
    fn partitions(&self, member: &Member, strategy: PlacementStrategy) -> Vec<Member> {
        let (PlacementStrategy::Partition(count), None) = (strategy, member.partition) else { return vec![member.clone()] };
        let mut numbers: Vec<i32> = (1..=count).collect();
        numbers.sort_by_key(|number| self.group.iter().filter(|(_, it)| it.partition == Some(*number)).count());
        numbers.into_iter().map(|number| Member { partition: Some(number), ..member.clone() }).collect()
    }

    /// Whether a group lets its next machine go to a site.
    fn suits(&self, site: usize, member: &Member, strategy: PlacementStrategy) -> bool {
        let same_rack = |other: usize| self.sites[other].rack == self.sites[site].rack;
        self.group.iter().all(|(other, it)| match strategy {
            PlacementStrategy::Cluster => *other == site,
            PlacementStrategy::Spread(SpreadLevel::Host) => *other != site,
            PlacementStrategy::Spread(SpreadLevel::Rack) => !same_rack(*other),
            PlacementStrategy::Partition(_) => it.partition == member.partition || !same_rack(*other),
        })
    }

    /// The site with room for the most such machines; of several, the first.
    fn roomiest(&self, wanted: &Wanted<'_>, suits: impl Fn(usize) -> bool) -> Option<usize> {
        let able = |site: &Site| wanted.architectures.iter().any(|it| runs(&site.has, it));
        let room = |at: usize| how_many(wanted.demand, left(&self.sites[at].has, self.rules.over, self.taken[at]), u32::MAX);
        let open = (0..self.sites.len()).filter(|at| able(&self.sites[*at]) && suits(*at));
        let with_room = open.map(|at| (room(at), Reverse(at))).filter(|(room, _)| *room > 0);
        with_room.max().map(|(_, Reverse(at))| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    const STRICT: Rules = Rules { over: Overcommitment { cpu: 100, memory: 100 }, strict_groups: true };
    const LENIENT: Rules = Rules { strict_groups: false, ..STRICT };
    const RACK: PlacementStrategy = PlacementStrategy::Spread(SpreadLevel::Rack);

    /// Hosts in racks, by their numbers: `[0, 0, 1]` are three hosts in two racks, each with eight processors.
    fn sites(racks: &[usize]) -> Vec<Site> {
        let has = Capabilities { architecture: "amd64".into(), cpus: 8, memory_mib: 8192, missing: Vec::new() };
        let site = |(host, rack): (usize, &usize)| Site { name: format!("h{host}"), rack: format!("r{rack}"), has: has.clone() };
        racks.iter().enumerate().map(site).collect()
    }

    fn member(group: &str, partition: Option<i32>) -> Member {
        Member { group: group.into(), zone: "us-east-1a".into(), partition }
    }

    struct World {
        sites: Vec<Site>,
        placed: Vec<Placed>,
    }

    impl World {
        fn of(racks: &[usize]) -> Self {
            Self { sites: sites(racks), placed: Vec::new() }
        }

        /// Places machines of a processor each, and keeps them.
        fn place(&mut self, group: Option<(Member, PlacementStrategy)>, rules: Rules, count: u32) -> Vec<String> {
            let architectures = ["x86_64".to_owned()];
            let demand = Demand { cpu: 1000, memory_mib: 1024 };
            let wanted = Wanted { demand, architectures: &architectures, group };
            let spots = place(&self.sites, &self.placed, &wanted, rules, count);
            let member = wanted.group.map(|(member, _)| member);
            self.placed.extend(spots.iter().map(|spot| Placed {
                host: spot.host.clone(),
                demand,
                group: member.clone().map(|member| Member { partition: spot.partition, ..member }),
            }));
            spots.into_iter().map(|spot| spot.host).collect()
        }

        fn in_group(&mut self, strategy: PlacementStrategy, rules: Rules, count: u32) -> Vec<String> {
            self.place(Some((member("g", None), strategy)), rules, count)
        }
    }

    #[test]
    fn machines_without_a_group_fill_hosts_evenly_and_no_further() {
        let mut world = World::of(&[0, 0]);
        assert_eq!(world.place(None, STRICT, 4), ["h0", "h1", "h0", "h1"]);
        assert_eq!(world.place(None, STRICT, 99).len(), 12);
        assert!(world.place(None, STRICT, 1).is_empty());
        world.sites[0].has.architecture = "arm64".into();
        world.placed.clear();
        assert_eq!(world.place(None, STRICT, 99).len(), 8, "the other host has another processor");
    }

    #[test]
    fn a_cluster_is_on_one_host() {
        let mut world = World::of(&[0, 1]);
        let hosts = world.in_group(PlacementStrategy::Cluster, STRICT, 3);
        assert_eq!(hosts, ["h0", "h0", "h0"]);
        assert_eq!(
            world.in_group(PlacementStrategy::Cluster, STRICT, 99).len(),
            5,
            "the host is full, and the other one is no choice"
        );
        assert_eq!(world.in_group(PlacementStrategy::Cluster, LENIENT, 1), ["h1"]);
    }

    #[test]
    fn a_group_that_is_spread_shares_nothing() {
        assert_eq!(World::of(&[0, 0, 1]).in_group(PlacementStrategy::Spread(SpreadLevel::Host), STRICT, 9), ["h0", "h1", "h2"]);
        assert_eq!(World::of(&[0, 0, 1]).in_group(RACK, STRICT, 9), ["h0", "h2"]);
        assert_eq!(World::of(&[0, 1, 2, 3, 4, 5, 6, 7, 8]).in_group(RACK, STRICT, 9).len(), MOST_SPREAD);
        let mut one = World::of(&[0]);
        assert_eq!(one.in_group(RACK, STRICT, 2).len(), 1, "EC2 has too little hardware of its own for the second");
        assert_eq!(one.in_group(RACK, LENIENT, 9).len(), MOST_SPREAD - 1, "seven in a zone, on whatever host");
        let elsewhere = Member { zone: "us-east-1b".into(), ..member("g", None) };
        assert_eq!(one.place(Some((elsewhere, RACK)), LENIENT, 1).len(), 1);
    }

    #[test]
    fn partitions_share_no_rack() {
        let mut world = World::of(&[0, 0, 1]);
        let in_partition = |world: &mut World, number, rules| {
            let hosts = world.place(Some((member("g", number), PlacementStrategy::Partition(3))), rules, 1);
            let last = world.placed.last().and_then(|it| it.group.clone()).and_then(|it| it.partition);
            hosts.first().map(|host| (host.clone(), last))
        };
        let found = |host: &str, number| Some((host.to_owned(), Some(number)));
        assert_eq!(in_partition(&mut world, Some(1), STRICT), found("h0", 1));
        assert_eq!(in_partition(&mut world, None, STRICT), found("h2", 2), "the emptiest");
        assert_eq!(in_partition(&mut world, None, STRICT), found("h1", 1), "no rack is left for the third");
        assert_eq!(in_partition(&mut world, Some(3), STRICT), None);
        assert_eq!(in_partition(&mut world, None, LENIENT), found("h0", 3), "the emptiest, on whatever host");
        assert_eq!(in_partition(&mut world, Some(3), LENIENT).map(|(_, number)| number), Some(Some(3)));
    }

    proptest! {
        /// Machines come and go, with whatever groups: what has been promised holds at every moment.
        #[test]
        fn whoever_comes_and_goes_groups_are_kept(
            racks in prop::collection::vec(0..4usize, 1..8),
            acts in prop::collection::vec((0..5u8, 1..4u32, 0..20usize), 1..40),
        ) {
            let mut world = World::of(&racks);
            for (act, count, gone) in acts {
                match act {
                    0 => drop(world.place(Some((member("c", None), PlacementStrategy::Cluster)), STRICT, count)),
                    1 => drop(world.place(Some((member("s", None), RACK)), STRICT, count)),
                    2 => drop(world.place(Some((member("p", None), PlacementStrategy::Partition(3))), STRICT, count)),
                    3 => drop(world.place(None, STRICT, count)),
                    _ if gone < world.placed.len() => drop(world.placed.remove(gone)),
                    _ => {}
                }
                check(&world)?;
            }
        }
    }

    fn check(world: &World) -> Result<(), TestCaseError> {
        let rack = |host: &str| world.sites.iter().find(|it| it.name == host).map(|it| it.rack.clone());
        let of =
            |group: &'static str| world.placed.iter().filter(move |it| it.group.as_ref().is_some_and(|it| it.group == group));
        for site in &world.sites {
            prop_assert!(world.placed.iter().filter(|it| it.host == site.name).count() <= 8, "{} is overfull", site.name);
        }
        prop_assert!(of("c").map(|it| &it.host).collect::<BTreeSet<_>>().len() <= 1, "a cluster on several hosts");
        let racks: Vec<_> = of("s").map(|it| rack(&it.host)).collect();
        prop_assert_eq!(racks.iter().collect::<BTreeSet<_>>().len(), racks.len(), "a rack twice");
        let mut partitions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for it in of("p") {
            partitions.entry(rack(&it.host)).or_default().insert(it.group.as_ref().and_then(|it| it.partition));
        }
        prop_assert!(partitions.values().all(|numbers| numbers.len() == 1), "partitions share a rack");
        Ok(())
    }
}
