//! Months with and without a trend, and worlds in which nothing changes.

use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::restatements::headline;
use super::super::verdict::{FALSE_DISCOVERY_RATIO_MAX, WRONG_RATIO_MAX};
use super::*;
use crate::evaluate::scenario::{TextScenario, minute};

/// Months up to December 2026 with these figures; `None` is a month that is not
/// known.
fn months(figures: Vec<Option<Vec<NamedFigure>>>) -> Vec<FollowedMonth> {
    let mut month: Month = "2026-12".parse().unwrap();
    let mut months = Vec::new();
    for figures in figures.into_iter().rev() {
        let figures = figures.map_or(MonthFigures::NotKnown, MonthFigures::Stored);
        months.push(FollowedMonth { month, period: month.period(Tz::UTC), figures });
        month = month.before();
    }
    months.reverse();
    months
}

/// A line for each figure, a word for each month: a number, `-` where that
/// figure has no value, `?` where nothing is known of the month.
fn followed(text: &str) -> Trends {
    let lines: Vec<Vec<&str>> =
        text.lines().map(|l| l.split_whitespace().collect()).filter(|l: &Vec<_>| !l.is_empty()).collect();
    let figures = (1..lines[0].len()).map(|i| {
        let figure = |line: &Vec<&str>| (line[0].to_owned(), (line[i] != "-").then(|| line[i].parse().unwrap()));
        (lines[0][i] != "?").then(|| lines.iter().map(figure).collect())
    });
    trends(months(figures.collect()))
}

fn of(trends: &Trends, series: Series) -> &SeriesTrend {
    trends.series.iter().find(|s| s.series == series).unwrap()
}

/// `incidents better -0.50 a month, n 12`
fn told(trends: &Trends, series: Series) -> String {
    let of = of(trends, series);
    let slope = of.trend.map_or("unknown".to_owned(), |t| format!("{:.2}", t.slope));
    format!("{} {} {slope} a month, n {}", series.word(), of.verdict.word(), of.n())
}

#[test]
fn every_series_is_found_in_what_is_said_of_a_month() {
    let month = TextScenario::new("slo shop .*60 5*20 .*120\npage HighErrors shop .*62 F*7 !*11 .*120");
    let figures = headline(&month.review(), &month.slos, Period::new(minute(0), minute(month.length)));
    let told = Series::ALL.map(|series| (series.word(), series.of(&figures)));
    assert_eq!(
        told[..5],
        [
            ("incidents", Some(1.0)),
            ("undetected_ratio", Some(0.0)),
            ("detect_median_seconds", Some(120.0)),
            ("acknowledge_median_seconds", Some(420.0)),
            ("restore_median_seconds", Some(1_200.0)),
        ]
    );
    assert!(told.iter().all(|(_, value)| value.is_some()), "{told:?}");
    let calm = TextScenario::new("slo shop .*200");
    let figures = headline(&calm.review(), &calm.slos, Period::new(minute(0), minute(200)));
    let told = Series::ALL.map(|series| series.of(&figures));
    assert_eq!(
        (told[0], told[1], told[5]),
        (Some(0.0), None, Some(0.0)),
        "nothing burned, and of no incident is a share"
    );
}

#[test]
fn fewer_incidents_month_by_month_are_better_and_slower_restores_worse() {
    let trends = followed(
        "
        incidents                12  11  12  10   9   9   8   6   7   5   4   4
        restore_median_seconds  300 360 330 420 480 450 540 600 570 660 720 690
        pages                    21  20  22  19  21  20  22  20  19  21  20  21
        ",
    );
    assert_eq!(told(&trends, Series::Incidents), "incidents better -0.79 a month, n 12");
    assert_eq!(told(&trends, Series::Restore), "restore_median_seconds worse 40.00 a month, n 12");
    assert_eq!(told(&trends, Series::Pages), "pages no evidence 0.00 a month, n 12");
    assert_eq!(told(&trends, Series::Detect), "detect_median_seconds too few unknown a month, n 0");
}

#[test]
fn a_month_that_is_not_known_is_no_month_without_incidents() {
    let trends = followed("incidents ? ? 12 11 10 ? ? 7 6 5 4 ?");
    let incidents = of(&trends, Series::Incidents);
    assert_eq!(incidents.values[..3], [None, None, Some(12.0)]);
    assert_eq!((incidents.n(), incidents.trend, incidents.verdict), (7, None, TrendVerdict::TooFew));
    assert_eq!((trends.months_known(), trends.is_told()), (7, true));
    let one_more = followed("incidents ? ? 12 11 10 ? ? 7 6 5 4 3");
    assert_eq!(told(&one_more, Series::Incidents), "incidents better -1.00 a month, n 8", "the gap takes its time");
}

#[test]
fn a_figure_that_some_months_lack_counts_where_it_is_known() {
    let trends = followed(
        "
        incidents                4  0  5  3  6  4  5  2  4  6  5  4
        undetected_incidents     1  0  1  0  3  1  0  0  2  1  1  2
        acknowledge_median_seconds  - - 60 - 70 - - 65 - 80 - 75
        ",
    );
    let undetected = of(&trends, Series::Undetected);
    assert_eq!(
        undetected.values[..5],
        [Some(0.25), None, Some(0.2), Some(0.0), Some(0.5)],
        "of none there is no share"
    );
    assert_eq!(told(&trends, Series::Acknowledge), "acknowledge_median_seconds too few unknown a month, n 5");
}

#[test]
fn months_of_nothing_are_known_to_be_calm() {
    let trends = followed("incidents 0 0 0 0 0 0 0 0 0 0 0 0\npages 0 0 0 0 0 0 0 0 0 0 0 0");
    assert_eq!(told(&trends, Series::Incidents), "incidents no evidence 0.00 a month, n 12");
    assert!(!followed("incidents ? ? ? ? ? ? ? ? ? ? ? 3").is_told());
}

/// A world without a trend: how many incidents are to be expected in a month,
/// how many pages, and how many months are known.
#[derive(Clone, Copy)]
struct World {
    incidents: f64,
    pages: f64,
    months: usize,
    known: f64,
}

fn poisson(random: &mut StdRng, mean: f64) -> usize {
    let limit = (-mean).exp();
    let mut product: f64 = random.random();
    let mut n = 0;
    while product > limit {
        product *= random.random::<f64>();
        n += 1;
    }
    n
}

/// Of so many heavy-tailed durations; absent without any.
fn median(random: &mut StdRng, n: usize, scale: f64) -> Option<f64> {
    let mut lengths: Vec<f64> = (0..n).map(|_| scale * (random.random::<f64>().recip() - 1.0)).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.get(n / 2).copied()
}

fn month(random: &mut StdRng, world: World) -> Vec<NamedFigure> {
    let (incidents, pages) = (poisson(random, world.incidents), poisson(random, world.pages));
    let undetected = (0..incidents).filter(|_| random.random_bool(0.2)).count();
    let (noise, unknown) = (0..pages).fold((0, 0), |(noise, unknown), _| match random.random_range(0..10) {
        0..6 => (noise + 1, unknown),
        6..8 => (noise, unknown + 1),
        _ => (noise, unknown),
    });
    let share = |part: usize| (pages > 0).then(|| part as f64 / pages as f64);
    let burned = (0..incidents).map(|_| random.random::<f64>().powi(3)).sum::<f64>();
    [
        ("incidents", Some(incidents as f64)),
        ("undetected_incidents", Some(undetected as f64)),
        ("detect_median_seconds", median(random, incidents - undetected, 120.0)),
        ("acknowledge_median_seconds", median(random, (incidents - undetected) / 2, 300.0)),
        ("restore_median_seconds", median(random, incidents, 1_800.0)),
        ("budget_burned_ratio", Some(burned)),
        ("pages", Some(pages as f64)),
        ("noise_lower_ratio", share(noise)),
        ("noise_upper_ratio", share(noise + unknown)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// At most so many of `n`, with three standard deviations of the simulation
/// itself.
fn at_most(n: usize, ratio: f64) -> usize {
    let wrong = n as f64 * ratio;
    (wrong + 3.0 * (wrong * (1.0 - ratio)).sqrt()).ceil() as usize
}

#[test]
fn where_nothing_changes_better_and_worse_are_seldom_said() {
    const WORLDS: usize = 1_000;
    let mut random = StdRng::seed_from_u64(42);
    for world in [
        World { incidents: 12.0, pages: 40.0, months: 12, known: 1.0 },
        World { incidents: 0.4, pages: 1.5, months: 12, known: 1.0 },
        World { incidents: 3.0, pages: 8.0, months: 36, known: 0.7 },
        World { incidents: 5.0, pages: 20.0, months: 8, known: 1.0 },
    ] {
        let (mut any, mut called) = (0, [0; Series::ALL.len()]);
        for _ in 0..WORLDS {
            let month = |_| random.random_bool(world.known).then(|| month(&mut random, world));
            let trends = trends(months((0..world.months).map(month).collect()));
            let wrong = |s: &SeriesTrend| matches!(s.verdict, TrendVerdict::Better | TrendVerdict::Worse);
            any += usize::from(trends.series.iter().any(wrong));
            called.iter_mut().zip(&trends.series).for_each(|(n, s)| *n += usize::from(wrong(s)));
        }
        let (one, table) = (at_most(WORLDS, WRONG_RATIO_MAX), at_most(WORLDS, FALSE_DISCOVERY_RATIO_MAX));
        assert!(called.iter().all(|n| *n <= one), "{} months: {called:?}, more than {one}", world.months);
        assert!(any <= table, "{} months: {any} tables, more than {table}", world.months);
    }
}

#[test]
fn a_year_in_which_incidents_fall_to_a_quarter_is_better_and_never_worse() {
    const WORLDS: usize = 400;
    let mut random = StdRng::seed_from_u64(7);
    let (mut better, mut worse) = (0, 0);
    for _ in 0..WORLDS {
        let falling = |i: i32| World {
            incidents: 40.0 * 0.25_f64.powf(f64::from(i) / 11.0),
            pages: 20.0,
            months: 12,
            known: 1.0,
        };
        let figures = (0..12).map(|i| Some(month(&mut random, falling(i)))).collect();
        match of(&trends(months(figures)), Series::Incidents).verdict {
            TrendVerdict::Better => better += 1,
            TrendVerdict::Worse => worse += 1,
            _ => {}
        }
    }
    assert!(better > WORLDS * 9 / 10 && worse == 0, "{better} better, {worse} worse");
}
