//! The catalogue against itself and against what is widely known of it.

use super::{Cores, all, figures, named, unknown};

#[test]
fn the_figures_are_read_and_every_line_is_a_type_or_a_family() {
    let text = include_str!("figures.txt");
    let types = figures::read(text).unwrap();
    let sizes = text.lines().filter(|line| line.split(' ').next().is_some_and(|name| name.contains('.')));
    assert_eq!(sizes.count(), types.len());
    assert_eq!(all().len(), types.len());
}

#[test]
fn the_families_that_courses_and_teams_use_are_there() {
    let families = "t2 t3 t3a t4g m4 m5 m5a m6i m6a m6g m7i m7a m7g c4 c5 c5a c6i c6a c6g c7i c7g r4 r5 r5a r6i r6g r7i r7g i3 i4i d3 \
                    p3dn g4dn g5 inf2";
    for family in families.split(' ') {
        assert!(all().any(|it| it.name.split('.').next() == Some(family)), "{family}");
    }
}

#[test]
fn some_have_what_everybody_knows() {
    for (name, vcpus, memory_mib, architecture, interfaces, ipv4, burstable) in [
        ("t2.micro", 1, 1024, "x86_64", 2, 2, true),
        ("t3.micro", 2, 1024, "x86_64", 2, 2, true),
        ("t4g.small", 2, 2048, "arm64", 3, 4, true),
        ("m5.large", 2, 8192, "x86_64", 3, 10, false),
        ("c5.xlarge", 4, 8192, "x86_64", 4, 15, false),
        ("r6g.metal", 64, 524_288, "arm64", 15, 50, false),
    ] {
        let found = named(name).unwrap();
        let network = (found.network.interfaces, found.network.ipv4);
        assert_eq!((found.vcpus, found.memory_mib, network), (vcpus, memory_mib, (interfaces, ipv4)), "{name}");
        assert!(found.architectures.iter().any(|it| it == architecture), "{name}");
        assert_eq!(found.burstable, burstable, "{name}");
    }
}

#[test]
fn a_size_differs_from_its_family_only_where_it_says_so() {
    let (micro, small) = (named("t3.micro").unwrap(), named("t3.small").unwrap());
    assert_eq!(micro.ebs.maximum, small.ebs.maximum);
    assert_eq!(micro.ebs.baseline.as_ref().map(|rate| (rate.mbps, rate.mb_per_s())), Some((87, 10.875)));
    assert_eq!((micro.network.performance.as_str(), micro.network.ipv4, small.network.ipv4), ("Up to 5 Gigabit", 2, 4));
}

#[test]
fn figures_agree_with_each_other() {
    for it in all() {
        let name = &it.name;
        assert_eq!(it.cores * it.threads, it.vcpus, "{name}");
        assert!(it.memory_mib > 0 && !it.architectures.is_empty() && !it.boot_modes.is_empty(), "{name}");
        assert!(it.valid_cores.as_ref().is_none_or(|cores| cores.list().contains(&it.cores)), "{name}");
        assert!(it.valid_threads.as_ref().is_none_or(|threads| threads.contains(&it.threads)), "{name}");
        assert_eq!(it.hypervisor.is_none(), it.bare_metal, "{name}");
        assert_eq!(it.ebs.baseline.is_some(), it.ebs.maximum.is_some(), "{name}");
        assert!(!it.network.cards.is_empty() && it.network.interfaces > 0, "{name}");
        let rates = it.ebs.baseline.iter().zip(&it.ebs.maximum);
        assert!(rates.into_iter().all(|(baseline, maximum)| baseline.mbps <= maximum.mbps), "{name}");
    }
}

#[test]
fn numbers_of_cores_are_counted_out() {
    assert_eq!(Cores::Range { from: 2, to: 8, step: 2 }.list(), [2, 4, 6, 8]);
    assert!(Cores::Range { from: 2, to: 8, step: 0 }.list().is_empty());
    assert_eq!(named("t3.micro").unwrap().valid_cores.as_ref().map(Cores::list), Some(vec![1]));
}

#[test]
fn unknown_names_are_told_in_their_order() {
    let names = ["x9.huge", "t3.micro", "t3", ""].map(str::to_owned);
    assert_eq!(unknown(&names), ["x9.huge", "t3", ""]);
}
