//! Timelines as text; see `scenario`.

use super::*;
use crate::evaluate::scenario::{TextScenario, verdicts};
use crate::model::operations::alert::ReceiverState;

fn judged(text: &str) -> Vec<String> {
    verdicts(&TextScenario::new(text).review())
}

fn reason(text: &str) -> String {
    TextScenario::new(text).review().noise.page_reasons[0].reason.clone()
}

#[test]
fn a_page_for_a_burn_is_actionable() {
    let text = "
        slo  checkout             .*10 5*20 .*60
        page HighErrors checkout  .*12 F*20 .*58
    ";
    assert_eq!(judged(text), ["12 HighErrors actionable"]);
    assert_eq!(reason(text), "23 % of the budget of checkout burned; it paged 2m after it began");
}

#[test]
fn of_pages_that_come_together_the_one_for_the_service_counts() {
    let pages = "
        slo  checkout              .*10 5*20    .*60
        page PodErrors/a checkout  .*11 F*20    .*59
        page PodErrors/b checkout  .*12 F*20    .*58
    ";
    assert_eq!(
        judged(&format!("{pages}\npage HighErrors checkout .*14 F*20 .*56")),
        ["11 PodErrors duplicate", "14 HighErrors actionable"]
    );
    // One that comes much later had nothing new to say.
    assert_eq!(
        judged(&format!("{pages}\npage HighErrors checkout .*19 F*20 .*51")),
        ["11 PodErrors actionable", "19 HighErrors duplicate"]
    );
}

#[test]
fn a_page_belongs_to_a_burn_that_follows_or_that_it_foresaw() {
    let alert = |page: &str| judged(&format!("slo web .*60 5*20 .*60\npage A web {page}"));
    assert_eq!(alert(".*40 F*5 .*95"), ["40 A actionable"], "it ended 15 minutes before");
    assert_eq!(alert(".*20 F*14 .*106"), ["20 A no-impact"], "it ended 26 minutes before");
    assert_eq!(alert(".*78 PPFF F*9 .*49"), ["80 A actionable"], "its condition held in time");
    assert_eq!(alert(".*81 F*9 .*50"), ["81 A no-impact"], "it came when all was over");
}

#[test]
fn on_and_off_twice_in_an_hour_is_flapping() {
    let alert = |page: &str| judged(&format!("slo web .*200\npage A/x web {page}"));
    assert_eq!(alert(".*9 FF .*6 FF .*6 FF .*175"), ["9 A flap"]);
    assert_eq!(alert(".*9 F*20 .*20 F*20 .*100"), ["9 A no-impact", "49 A no-impact"], "70 minutes");
    // A pod that is replaced has another name; the alert is the same.
    assert_eq!(judged("slo web .*200\npage A/x web ..FF .*190\npage A/y web .*10 FF .*180"), ["2 A flap"]);
    // Many pods at once are one page.
    assert_eq!(judged("slo web .*200\npage A/x web .. F*9 .*180\npage A/y web ... F*9 .*170"), ["2 A no-impact"]);
    assert_eq!(
        reason("slo web .*200\npage A web .*9 FF .*6 FF .*6 FF .*170"),
        "it changed 6 times between firing and not firing in an hour"
    );
}

#[test]
fn a_flapping_alert_meets_a_burn_by_chance_unless_it_began_with_it() {
    let burn = "slo web .*60 5*20 .*60";
    assert_eq!(judged(&format!("{burn}\npage A web .*44 FF ... FF .*89")), ["44 A flap"]);
    assert_eq!(judged(&format!("{burn}\npage A web .*62 FF ... FF .*71")), ["62 A actionable"]);
}

#[test]
fn what_ends_within_five_minutes_is_short() {
    let alert = |page: &str| judged(&format!("slo web .*90\npage A web {page}"));
    assert_eq!(alert(".. F*5 .*80"), ["2 A short"]);
    assert_eq!(alert(".. F*6 .*80"), ["2 A no-impact"]);
    assert_eq!(reason("page A web .. F*5 .*80"), "it was over by itself after 5m");
}

#[test]
fn without_a_burn_the_slo_must_have_been_watched() {
    assert_eq!(judged("slo web .*90\npage A web .. F*20 .*60"), ["2 A no-impact"]);
    assert_eq!(judged("slo web ?*90\npage A web .. F*20 .*60"), ["2 A unknown"]);
    assert_eq!(judged("slo db .*90\npage A web .. F*20 .*60"), ["2 A unknown"]);
    assert_eq!(judged("slo web{cluster=eu} .*90\npage A web{cluster=eu} .. F*20 .*60"), ["2 A no-impact"]);
    assert_eq!(judged("slo web{cluster=eu} .*90\npage A web{cluster=us} .. F*20 .*60"), ["2 A unknown"]);
    assert_eq!(judged("slo web .*17\npage A web .. F*15"), ["2 A no-impact"]);
    assert_eq!(judged("slo web .*16\npage A web .. F*14"), ["2 A unknown"], "too early to say");
}

#[test]
fn an_slo_without_requests_proves_nothing() {
    let page = |slos: &str| judged(&format!("{slos}\npage A web .*30 F*20 .*60"));
    assert_eq!(page("slo web _*110"), ["30 A unknown"]);
    assert_eq!(page("slo web .*30 _*80"), ["30 A unknown"], "requests came until it fired");
    assert_eq!(page("slo web .*50 _*60"), ["30 A no-impact"], "and while it fired");
    assert_eq!(page("slo web .*110\nslo web-import/web _*110"), ["30 A no-impact"], "one of them had requests");
    assert_eq!(
        reason("slo web _*110\npage A web .*30 F*20 .*60"),
        "web had too few requests to show whether anybody was hurt"
    );
}

#[test]
fn an_slo_that_was_not_observed_just_then_may_have_burned() {
    let page = |slos: &str| judged(&format!("{slos}\npage A web .*30 F*20 .*60"));
    assert_eq!(page("slo web .*110\nslo web-latency/web .*25 ?*30 .*55"), ["30 A unknown"]);
    assert_eq!(page("slo web .*110\nslo web-latency/web .*60 ?*30 .*20"), ["30 A no-impact"], "later");
}

#[test]
fn a_burn_of_another_cluster_is_not_what_a_page_is_about() {
    let text = "slo web{cluster=eu} .*20 5*30 .*60\npage A web{cluster=us} .*25 F*20 .*65";
    assert_eq!(judged(text), ["25 A unknown"]);
    assert_eq!(judged(&text.replace("us", "eu")), ["25 A actionable"]);
    let scores = TextScenario::new(text).review().rules;
    assert_eq!((scores.rules[0].precision.n, scores.rules[0].recall.n), (0, 0), "nothing there to be judged by");
    assert_eq!((scores.all.recall.k, scores.all.recall.n), (0, 1), "nobody was paged for it");
}

#[test]
fn another_page_of_an_incident_without_a_burn_is_a_duplicate() {
    let text = "
        page DbDown db     ..  F*20   .*60
        page DbSlow db     ... F*20   .*60
        page DbDown/x db   .*9 F*20   .*60
    ";
    assert_eq!(judged(text), ["2 DbDown unknown", "3 DbSlow duplicate"]);
    assert_eq!(reason(text), "DbDown had paged for the same incident 1m before");
}

#[test]
fn the_same_alert_soon_after_it_ended_repeats_itself() {
    let page = |hole: &str| judged(&format!("page A db .. F*20 {hole} F*20 .*60"));
    assert_eq!(page(".*70"), ["2 A unknown", "92 A repeat"]);
    assert_eq!(page(".*241"), ["2 A unknown", "263 A unknown"]);
}

#[test]
fn an_alert_that_fires_most_of_the_time_is_always_on() {
    let text = "
        slo  search             .*1900  5*20     .*80
        page DiskFilling search .*300   F*1700
        page Latency search     .*1902  F*20     .*78
    ";
    assert_eq!(judged(text), ["300 DiskFilling always-on", "1902 Latency actionable"]);
    assert_eq!(
        TextScenario::new(text).review().noise.page_reasons[1].reason,
        // Of the time that is known: the SLO has a day before.
        "it fired for 1d 4h, 85 % of the time"
    );
    // A long outage is no reason to call its alert always on.
    assert_eq!(judged("slo web .*9 5*1000 .*30\npage A web .*10 F*1000 .*29"), ["10 A actionable"]);
}

#[test]
fn what_alertmanager_held_back_is_not_judged() {
    let text = "
        slo  web    .*90
        page A web  ..  SSSS .*60
        page B web  ... FFFF !FF F*9 .*60
    ";
    assert_eq!(judged(text), ["2 A planned", "3 B actionable"], "B was answered with a silence");
    let noise = TextScenario::new(text).review().noise;
    assert_eq!((noise.pages, noise.lower, noise.upper), (1, Some(0.0), Some(0.0)));
    assert!(noise.classes.contains(&(PageClass::Planned, 1)));
}

#[test]
fn an_alert_that_outlasts_its_silence_pages_when_it_ends() {
    let text = "slo web .*90\nsilence A .*5 Z*30 .*55\npage A web .*10 S*25 F*25 .*30";
    assert_eq!(judged(text), ["35 A no-impact"], "somebody was notified then");
    let review = TextScenario::new(text).review();
    let incident = &review.below_floor[0];
    assert_eq!(incident.times.notified.map(|m| m.at), Some(crate::evaluate::scenario::minute(35)));
    assert!(incident.detected);
    let renewed = "slo web .*90\nsilence A .*5 Z*30 .*55\nsilence A .*35 Z*20 .*35\npage A web .*10 F*45 .*35";
    assert_eq!(judged(renewed), ["10 A planned"], "it was renewed until the alert ended");
    let ended = "slo web .*90\nsilence A .*5 Z*30 .*55\npage A web .*10 F*27 .*53";
    assert_eq!(judged(ended), ["10 A planned"], "it was over before it would have been sent");
    let inhibited = format!("{text}\npage Db db .*10 F*50 .*30\ninhibits Db A");
    assert!(judged(&inhibited).contains(&"10 A planned".to_owned()), "another alert held it back, too");
    let mut muted = TextScenario::new(text);
    muted.alerts[0].receivers = [("pager".to_owned(), ReceiverState::Muted)].into();
    assert_eq!(verdicts(&muted.review()), ["10 A planned"], "its receiver is muted");
}

/// A page of one pod goes out, and then that of the whole service inhibits it.
#[test]
fn what_a_receiver_was_told_of_before_alertmanager_held_it_back_is_judged() {
    let text = "
        slo  web    .*120
        page A web  ..   FSSS S*9 .*90
        page A web  .*80 SSSS S*9 .*27
    ";
    assert_eq!(judged(text), ["2 A planned", "80 A planned"]);
    let told = format!("{text}says A hook ..N");
    assert_eq!(judged(&told), ["2 A no-impact", "80 A planned"], "nobody was told of the later one");
    let detected =
        |text: &str| TextScenario::new(text).review().below_floor.iter().map(|i| i.detected).collect::<Vec<_>>();
    assert_eq!((detected(text), detected(&told)), (vec![false, false], vec![false, true]));
}

#[test]
fn noise_is_a_band_with_everything_unknown_at_its_upper_end() {
    let noise = TextScenario::new(
        "
        slo  web    .*40 5*20 .*60
        page A web  .*42 F*20 .*58
        page B web  .*43 F*20 .*57
        page B web  ...  FF
        page C db   ...  F*20
        ",
    )
    .review()
    .noise;
    assert_eq!((noise.pages, noise.lower, noise.upper), (4, Some(0.5), Some(0.75)));
    let (low, high) = noise.interval.unwrap();
    assert!(low < 0.5 && high > 0.75, "{low} {high}");
    assert_eq!(noise.classes.iter().map(|(_, n)| n).sum::<usize>(), 4);
    let rules: Vec<(&str, usize, Option<f64>)> =
        noise.rules.iter().map(|r| (r.rule.as_str(), r.pages, r.lower)).collect();
    assert_eq!(rules, [("B", 2, Some(1.0)), ("A", 1, Some(0.0)), ("C", 1, Some(0.0))]);
    assert_eq!(noise.rules[0].classes, [(PageClass::Short, 1), (PageClass::Duplicate, 1)]);
    assert_eq!(noise.rules[0].firing, Millis::from_mins(22));
}

#[test]
fn without_pages_there_is_no_share() {
    let noise = TextScenario::new("slo web .*20\nticket A web .. F*9 .*9").review().noise;
    assert_eq!((noise.pages, noise.lower, noise.upper, noise.interval), (0, None, None, None));
    assert_eq!(noise.classes.len(), PageClass::ALL.len());
}

#[test]
fn a_page_in_time_that_a_correction_leaves_out_is_planned_and_says_by_which() {
    let world = "
        slo        checkout             .*30 5*20 .*100
        correction checkout             .*25 C*30 .*95
        page       HighErrors checkout  .*32 F*20 .*98
    ";
    assert_eq!(judged(world), ["32 HighErrors planned"]);
    assert_eq!(reason(world), "the correction upgrade leaves that time out: database upgrade");
    let review = TextScenario::new(world).review();
    assert_eq!((review.episodes.len(), review.noise.pages), (0, 0), "planned work is no episode");

    // What fails after the maintenance is judged as ever, from where it ends.
    let late = world.replace("5*20 .*100", "5*60 .*60").replace("F*20 .*98", "F*3 .*25 F*30 .*60");
    assert_eq!(judged(&late), ["32 HighErrors planned", "60 HighErrors actionable"]);
    assert_eq!(TextScenario::new(&late).review().episodes[0].start, crate::evaluate::scenario::minute(55));

    // What is left out of one service is not of another.
    let other = world.replace("HighErrors checkout", "HighErrors web");
    assert_eq!(judged(&other), ["32 HighErrors unknown"]);
}

#[test]
fn each_receiver_has_the_band_of_what_it_was_told_of() {
    let review = TextScenario::new(
        "
        slo  web    .*10 5*20 .*300
        page True web .*12 F*20 .*298
        page Late web .*200 F*20 .*110
        page Mute web .*270 F*20 .*40
        says True pager .*12 N .*317
        says Late pager .*200 N .*129
        says Late chat  .*200 N...N .*125
        ",
    )
    .review();
    let told: Vec<String> = review
        .noise
        .receivers
        .iter()
        .map(|one| {
            format!("{} {} pages, noise {:?} to {:?}", one.receiver, one.pages, one.lower.unwrap(), one.upper.unwrap())
        })
        .collect();
    assert_eq!(told, ["chat 1 pages, noise 1.0 to 1.0", "pager 2 pages, noise 0.5 to 0.5"]);
}

/// A rule with its value in a label, as Prometheus makes a new alert of each value.
#[test]
fn a_page_lasts_as_long_as_its_rule_fires_without_a_gap() {
    let turns: String = (0..20).map(|i| format!("page Disk db{{value={i}}} .*{} F .*{}\n", 30 + i, 49 - i)).collect();
    let review = TextScenario::new(&turns).review();
    assert_eq!(judged(&turns), ["30 Disk unknown"], "20 minutes are not short");
    let short = review.measures.iter().find(|m| m.name == "short-lived").unwrap();
    assert_eq!(short.share.map(|share| (share.k, share.n)), Some((0, 1)));
    assert_eq!(judged("page Disk db{value=1} .*30 FF .*60\npage Disk db{value=2} .*32 FF .*58"), ["30 Disk short"]);
}
