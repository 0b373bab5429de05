//! Whatever happens to tasks, the bounds hold; and once nothing bad happens any more, the service arrives.

use super::{super::*, world::World};
use proptest::prelude::*;

/// Something that happens to a service.
#[derive(Clone, Debug)]
enum Happening {
    Run,
    Heal,
    Finish,
    Pass(u64),
    Die(usize),
    Sicken(usize),
    Deploy,
    Scale(u32),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => Just(Happening::Run),
        3 => Just(Happening::Heal),
        3 => Just(Happening::Finish),
        3 => (1u64..120).prop_map(Happening::Pass),
        1 => (0usize..8).prop_map(Happening::Die),
        1 => (0usize..8).prop_map(Happening::Sicken),
        1 => Just(Happening::Deploy),
        1 => (0u32..6).prop_map(Happening::Scale),
    ]
}

fn happen(world: &mut World, happening: &Happening, deployments: &mut usize) {
    let active: Vec<String> = world.alive().into_iter().map(str::to_owned).collect();
    match happening {
        Happening::Run => world.run_all(),
        Happening::Heal => world.heal_all(),
        Happening::Finish => world.stop_all(),
        Happening::Pass(seconds) => world.pass(*seconds),
        Happening::Die(n) => active.get(*n).into_iter().for_each(|id| world.die(id)),
        Happening::Sicken(n) => active.get(*n).into_iter().for_each(|id| world.sicken(id)),
        Happening::Scale(desired) => world.spec.desired_count = *desired,
        Happening::Deploy => {
            *deployments += 1;
            world.deploy(&format!("d{deployments}"));
        }
    }
}

/// Decides, and checks that no bound is broken by it.
fn checked_step(world: &mut World) -> Result<(), TestCaseError> {
    let (desired, now) = (world.spec.desired_count, world.now);
    let healthy = |world: &World| world.tasks.iter().filter(|task| task.counts_as_healthy(now)).count() as u32;
    let (active_before, healthy_before) = (world.alive().len() as u32, healthy(world));
    world.step();
    let most = maximum(&world.spec.rollout, desired);
    prop_assert!(world.alive().len() as u32 <= most.max(active_before), "more tasks than maximumPercent allows");
    let least = minimum_healthy(&world.spec.rollout, desired);
    prop_assert!(healthy(world) >= least.min(healthy_before), "fewer healthy tasks than minimumHealthyPercent allows");
    Ok(())
}

/// Nothing bad happens any more.
fn calm(world: &mut World) {
    world.run_all();
    world.heal_all();
    world.stop_all();
    world.pass(30 * 60);
}

proptest! {
    #[test]
    fn bounds_hold_and_services_arrive(
        desired in 0u32..6, minimum in 0u32..=100, above in 0u32..=200, checked: bool,
        story in prop::collection::vec(happening(), 0..40),
    ) {
        let mut world = World::new(desired, minimum, 100 + above);
        world.checked = checked;
        let mut deployments = 1;
        for happening in &story {
            checked_step(&mut world)?;
            happen(&mut world, happening, &mut deployments);
        }
        for _ in 0..40 {
            checked_step(&mut world)?;
            calm(&mut world);
        }
        let wanted = world.spec.desired_count;
        let rollout = &world.spec.rollout;
        let can_move = maximum(rollout, wanted) > wanted || minimum_healthy(rollout, wanted) < wanted;
        if can_move {
            prop_assert_eq!(world.counts(&format!("d{deployments}")).1, wanted as usize);
            prop_assert!(world.plan.steady);
            prop_assert_eq!(world.alive().len(), wanted as usize);
        }
        prop_assert!(world.plan.events.len() <= 100);
    }

    #[test]
    fn a_decision_that_was_carried_out_is_not_made_again(
        desired in 0u32..6, story in prop::collection::vec(happening(), 0..20),
    ) {
        let mut world = World::new(desired, 50, 200);
        let mut deployments = 1;
        for happening in &story {
            world.step();
            happen(&mut world, happening, &mut deployments);
        }
        (0..8).for_each(|_| { world.step(); });
        let before = (world.plan.clone(), world.tasks.clone());
        world.step();
        prop_assert_eq!(before, (world.plan, world.tasks));
    }
}
