//! A timeline that is read in parts, in any order, gives the alerts of one read.

use proptest::prelude::*;

use super::*;

/// A timeline of some hours as runs of one state.
fn timeline() -> impl Strategy<Value = String> {
    let run = (prop::sample::select(vec!['.', '.', 'P', 'F', 'F', 'f']), 1_usize..50);
    prop::collection::vec(run, 1..14).prop_map(|runs| {
        let mut text = String::new();
        for (state, length) in runs {
            for i in 0..length {
                // A new condition begins at the first evaluation of its run.
                text.push(if i == 0 { state } else { state.to_ascii_uppercase() });
            }
        }
        text
    })
}

/// Times at which Prometheus is down, up to 15 minutes each.
fn outages() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0_usize..400, 1_usize..30), 0..3)
}

fn with_outages(mut text: String, evaluations: usize, outages: &[(usize, usize)]) -> String {
    text.extend(std::iter::repeat_n('.', evaluations.saturating_sub(text.len())));
    text.char_indices()
        .map(|(i, c)| if outages.iter().any(|(from, n)| (*from..from + n).contains(&i)) { 'x' } else { c })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_chunks_in_any_order_give_the_alerts_of_one_read(
        a in timeline(), b in timeline(), outages in outages(), for_state in any::<bool>(),
        cuts in prop::collection::vec(0_i64..500, 0..6), order in any::<u64>(),
    ) {
        let evaluations = a.len().max(b.len()) + 70;
        let watchdog = with_outages("F".repeat(evaluations), evaluations, &outages);
        let mut world = World::default();
        for (rule, text) in [("A", a), ("B", b), ("Watchdog", watchdog)] {
            world.add(rule, &with_outages(text, evaluations, &outages));
        }
        let world = if for_state { world } else { world.without_for_state() };
        let last = world.evaluations - 1;
        let mut whole = Kept::default();
        whole.take(world.all(), read(0, last));

        let mut cuts: Vec<i64> = cuts.into_iter().filter(|c| (1..last).contains(c)).chain([0, last + 1]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let reread = REREAD.0 / STEP.0;
        let mut chunks: Vec<(i64, i64)> = cuts.windows(2).map(|w| (w[0], (w[1] - 1 + reread).min(last))).collect();
        // A shuffle that the failing case can repeat.
        chunks.sort_by_key(|c| (c.0 as u64 + 1).wrapping_mul(order | 1).rotate_left(17));
        let mut parts = Kept::default();
        for (from, to) in chunks.iter().chain(chunks.first()) {
            parts.take(world.spans(*from, *to), read(*from, *to));
        }
        prop_assert_eq!(show(&parts.alerts()), show(&whole.alerts()));
        for (id, alert) in &whole.0 {
            prop_assert_eq!(parts.0.get(id), Some(alert));
        }
        // Once more: nothing changes.
        prop_assert_eq!(merge(parts.alerts(), world.all(), read(0, last), HeardUntil::all(at(last))), Merged::default());
    }
}
