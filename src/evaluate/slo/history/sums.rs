//! The sums of a day and of its hours in few bytes. Most fields of most hours
//! are zero or small, so a hundred bytes become about eight.

use crate::evaluate::slo::history::sum::{Slices, Sum, Tails};
use crate::model::slo::tile::{EventCounts, Possible};
use crate::model::time::HOUR_MS;

const HOURS: usize = 24;
const ALL_HOURS: u32 = (1 << HOURS) - 1;
const FIELDS: usize = 15;

/// One day.
#[derive(Clone, Debug, Default)]
pub(crate) struct DaySums {
    /// One bit per hour that is known.
    hours: u32,
    /// The sum of the hours that were there when it was made, then each.
    bytes: Box<[u8]>,
}

impl DaySums {
    pub fn new(hours: &[Option<Sum>; HOURS]) -> DaySums {
        let mut day = Sum::default();
        hours.iter().flatten().for_each(|sum| day += *sum);
        let known = hours.iter().flatten().count() as i64;
        let mut bytes = Vec::with_capacity(256);
        write(&day, known * HOUR_MS, &mut bytes);
        let mut bits = 0;
        for (i, hour) in hours.iter().enumerate() {
            if let Some(sum) = hour {
                write(sum, HOUR_MS, &mut bytes);
                bits |= 1 << i;
            }
        }
        DaySums { hours: bits, bytes: bytes.into_boxed_slice() }
    }

    /// The sum of the day, once all of its hours are known.
    pub fn day(&self) -> Option<Sum> {
        (self.hours == ALL_HOURS).then(|| read(&mut &*self.bytes, HOURS as i64 * HOUR_MS))
    }

    pub fn has(&self, hour: usize) -> bool {
        self.hours >> hour & 1 == 1
    }

    pub fn hours(&self) -> [Option<Sum>; HOURS] {
        let mut bytes = &*self.bytes;
        let known = i64::from(self.hours.count_ones());
        read(&mut bytes, known * HOUR_MS);
        std::array::from_fn(|i| self.has(i).then(|| read(&mut bytes, HOUR_MS)))
    }
}

/// A bit for each field that is not zero and one for the ends of processes, then those
/// fields.
fn write(sum: &Sum, length_ms: i64, out: &mut Vec<u8>) {
    let fields = fields(sum, length_ms);
    let bits = fields.iter().enumerate().fold(0_u16, |bits, (i, field)| bits | u16::from(*field != 0) << i);
    let has_tails = sum.tails != Tails::NONE;
    out.extend((bits | u16::from(has_tails) << FIELDS).to_le_bytes());
    fields.iter().filter(|field| **field != 0).for_each(|field| write_number(*field, out));
    if has_tails {
        let Tails { most, events, bad, squares } = sum.tails;
        [most, events, bad, squares].into_iter().for_each(|field| write_number(field, out));
    }
}

fn write_number(number: i64, out: &mut Vec<u8>) {
    // Small negative numbers become small positive ones.
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn read_number(bytes: &mut &[u8]) -> i64 {
    let mut value = 0_u64;
    let mut shift = 0;
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 || shift > 63 {
            break;
        }
    }
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn read(bytes: &mut &[u8], length_ms: i64) -> Sum {
    let Some((bits, rest)) = bytes.split_first_chunk() else { return Sum::default() };
    *bytes = rest;
    let bits = u16::from_le_bytes(*bits);
    let mut fields = [0_i64; FIELDS];
    for (_, field) in fields.iter_mut().enumerate().filter(|(i, _)| bits >> i & 1 == 1) {
        *field = read_number(bytes);
    }
    let mut sum = sum_of(&fields, length_ms);
    if bits >> FIELDS & 1 == 1 {
        let [most, events, bad, squares] = std::array::from_fn(|_| read_number(bytes));
        sum.tails = Tails { most, events, bad, squares };
    }
    sum
}

/// Bad instead of good, and uncovered instead of covered time: these are small.
fn fields(sum: &Sum, length_ms: i64) -> [i64; FIELDS] {
    let Sum { counts, slices, covered_ms, idle_ms, unseen_milli, unestimated_ms, busiest, possible, tails: _ } = *sum;
    [
        counts.total,
        counts.total - counts.good,
        busiest,
        idle_ms,
        length_ms - covered_ms,
        counts.uncertain,
        unseen_milli,
        unestimated_ms,
        possible.good,
        possible.bad,
        slices.total,
        slices.unknown,
        slices.good_nano,
        slices.lo_nano - slices.good_nano,
        slices.hi_nano - slices.good_nano,
    ]
}

fn sum_of(fields: &[i64; FIELDS], length_ms: i64) -> Sum {
    let [total, not_good, busiest, idle_ms, uncovered_ms, uncertain, unseen_milli, unestimated_ms, rest @ ..] = *fields;
    let [possible_good, possible_bad, slices_total, unknown, good_nano, lo_nano, hi_nano] = rest;
    Sum {
        counts: EventCounts { good: total - not_good, total, uncertain },
        slices: Slices {
            total: slices_total,
            good_nano,
            lo_nano: good_nano + lo_nano,
            hi_nano: good_nano + hi_nano,
            unknown,
        },
        covered_ms: length_ms - uncovered_ms,
        idle_ms,
        unseen_milli,
        unestimated_ms,
        busiest,
        possible: Possible { good: possible_good, bad: possible_bad },
        tails: Tails::NONE,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_sum() -> impl Strategy<Value = Sum> {
        let number = || prop_oneof![Just(0_i64), -1_000_i64..1_000, -(1_i64 << 55)..(1_i64 << 55)];
        let tails = prop_oneof![Just([0; 4]), proptest::array::uniform4(0_i64..(1_i64 << 55))];
        (proptest::collection::vec(number(), FIELDS), tails).prop_map(|(v, [most, events, bad, squares])| Sum {
            tails: Tails { most, events, bad, squares },
            ..sum_of(&std::array::from_fn(|i| v[i]), HOUR_MS)
        })
    }

    proptest! {
        #[test]
        fn every_sum_comes_back_as_it_was(sums in proptest::collection::vec(proptest::option::of(any_sum()), HOURS)) {
            let hours: [Option<Sum>; HOURS] = std::array::from_fn(|i| sums[i]);
            let day = DaySums::new(&hours);
            prop_assert_eq!(day.hours(), hours);
            prop_assert_eq!(day.day().is_some(), hours.iter().all(Option::is_some));
            if let Some(sum) = day.day() {
                let mut all = Sum::default();
                hours.iter().flatten().for_each(|h| all += *h);
                prop_assert_eq!(sum, all);
            }
        }
    }

    #[test]
    fn an_ordinary_hour_takes_few_bytes() {
        let counts = EventCounts::new(59_990, 60_000);
        let hour = Some(Sum { counts, covered_ms: HOUR_MS, busiest: 1_100, ..Sum::default() });
        assert!(DaySums::new(&[hour; HOURS]).bytes.len() <= 26 * 8);
        assert_eq!(DaySums::default().day(), None);
    }
}
