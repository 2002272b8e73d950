//! Lists of periods as sets of time. Must not know what they stand for.

use crate::model::time::Period;

/// Periods in order, those that touch joined.
pub fn joined(mut periods: Vec<Period>) -> Vec<Period> {
    periods.sort();
    let mut out: Vec<Period> = Vec::new();
    for period in periods {
        match out.last_mut().filter(|last| last.end >= period.start) {
            Some(last) => last.end = last.end.max(period.end),
            None => out.push(period),
        }
    }
    out
}

/// What is left of a period without others, which are in order.
pub fn rest_of(period: Period, without: &[Period]) -> Vec<Period> {
    let mut rest = Vec::new();
    let mut at = period.start;
    for stretch in without.iter().filter(|s| s.end > period.start && s.start < period.end) {
        if stretch.start > at {
            rest.push(Period::new(at, stretch.start));
        }
        at = at.max(stretch.end);
    }
    if at < period.end {
        rest.push(Period::new(at, period.end));
    }
    rest
}

/// What two lists of periods have in common, each in order and without overlaps.
pub fn common(a: &[Period], b: &[Period]) -> Vec<Period> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut both = Vec::new();
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        let part = x.intersect(**y);
        if !part.is_empty() {
            both.push(part);
        }
        if x.end <= y.end {
            a.next()
        } else {
            b.next()
        };
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn list(parts: &[(i64, i64)]) -> Vec<Period> {
        let at = Timestamp::from_millis;
        parts.iter().map(|(from, to)| Period::new(at(*from), at(*to))).collect()
    }

    #[test]
    fn what_all_have_is_what_each_has() {
        let a = list(&[(0, 10), (20, 30), (40, 50)]);
        assert_eq!(common(&a, &list(&[(5, 25), (28, 45), (60, 70)])), list(&[(5, 10), (20, 25), (28, 30), (40, 45)]));
        assert_eq!(common(&a, &a), a);
        assert_eq!(common(&a, &list(&[(10, 20), (30, 40)])), []);
        assert_eq!(common(&a, &[]), []);
    }

    #[test]
    fn what_is_left_is_in_none_of_the_others() {
        let rest = |of: (i64, i64), without: &[(i64, i64)]| rest_of(list(&[of])[0], &list(without));
        assert_eq!(rest((0, 100), &[(-5, 5), (20, 30), (90, 200)]), list(&[(5, 20), (30, 90)]));
        assert_eq!(rest((0, 10), &[(0, 10)]), []);
        assert_eq!(rest((0, 10), &[]), list(&[(0, 10)]));
    }

    #[test]
    fn what_touches_is_one() {
        assert_eq!(joined(list(&[(20, 30), (0, 10), (10, 12), (5, 8)])), list(&[(0, 12), (20, 30)]));
    }
}
