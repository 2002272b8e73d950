//! Alert rules against burn: how often what a rule told was true, how much of
//! what burned it told of, how soon, and how soon it was quiet again. These are
//! the four attributes by which Google's SRE workbook, chapter 5, judges
//! alerting. Must not know what a page was worth to a person.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::alerts::{Alerts, Row};
use crate::evaluate::incident::calm::{Calm, calm};
use crate::evaluate::incident::durations;
use crate::evaluate::incident::durations::{DurationStat, Length};
use crate::evaluate::incident::episodes::SloBurn;
use crate::evaluate::incident::incidents::LEAD;
use crate::evaluate::incident::incidents::linking::QUIET;
use crate::evaluate::incident::incidents::place::Place;
use crate::evaluate::statistics::shares::Share;
use crate::model::ids::EpisodeId;
use crate::model::operations::alert_settings::IncidentScope;
use crate::model::operations::incident::Episode;
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};

/// A burn that begins this long after an alert had ended may still be what it
/// told of.
pub const AFTER_END: Millis = Millis::from_mins(15);

/// An alert that fires for more than this share of the time meets every burn by
/// chance: it tells of those in which it began.
const BY_CHANCE_RATIO: f64 = 0.5;

/// How a rule, or all pages together, told of burns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleScore {
    /// Empty for all pages together.
    pub rule: String,
    /// The highest that it fired with.
    pub severity: Option<Severity>,
    /// Services for which it fired, in order.
    pub services: Vec<String>,
    /// Occasions on which it fired that met a burn, of those on services with an
    /// SLO that was observed. An occasion is the rule on one service: replicas
    /// together, and what fires again within `QUIET` or for the same burn.
    pub precision: Share,
    /// Occasions of which no SLO can tell.
    pub unjudgeable: usize,
    /// Episodes that it told of, of all on services for which it fires; for all
    /// pages together, of all.
    pub recall: Share,
    /// The budget that burned in the episodes it told of, of all that burned
    /// there, in shares of whole budgets; absent where none burned.
    pub recall_budget_ratio: Option<f64>,
    /// Episodes told of before a tenth of their bad events had happened.
    pub early_detection: Share,
    /// From the onset of an episode to the first alert; negative where the alert
    /// came first. Episodes it did not tell of are not among them.
    pub detection: DurationStat,
    /// From the end of an episode to the end of the last alert that told of it.
    pub reset: DurationStat,
}

/// The score of all pages that woke someone, and of each rule that fired, most
/// precise first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleScores {
    pub all: RuleScore,
    pub rules: Vec<RuleScore>,
}

/// The scores of a period as known at `now`. Alerts may and should reach beyond
/// the period on both sides.
pub fn rule_scores<'a>(period: Period, now: Timestamp, alerts: &'a Alerts, burns: &'a [SloBurn]) -> RuleScores {
    let scope = alerts.context().settings.scope;
    let mut by_service: HashMap<&str, Vec<&SloBurn>> = HashMap::new();
    for burn in burns {
        by_service.entry(&burn.service).or_default().push(burn);
    }
    let context = Context { period, now, burns: by_service, scope };
    let mut by_rule: BTreeMap<&str, Firings<'a>> = BTreeMap::new();
    for (rule, service, severity, fired) in firings(alerts, |_| true) {
        by_rule.entry(rule).or_default().add(rule, service, severity, fired);
    }
    // What nobody was paged for was missed.
    let services = burns.iter().map(|b| (Some(b.service.as_str()), BTreeMap::new()));
    let mut pages = Firings { severity: None, by_service: services.collect() };
    for (rule, service, severity, fired) in firings(alerts, |row| row.severity == Severity::Page && !row.suppressed) {
        pages.add(rule, service, severity, fired);
    }
    let mut rules: Vec<RuleScore> =
        by_rule.into_iter().filter_map(|(rule, firings)| context.score(rule, firings)).collect();
    let precision = |score: &RuleScore| score.precision.ratio().unwrap_or(-1.0);
    rules.sort_by(|a, b| precision(b).total_cmp(&precision(a)).then_with(|| a.rule.cmp(&b.rule)));
    RuleScores { all: context.score("", pages).unwrap_or_default(), rules }
}

/// One alert instance, or several that are one occasion.
#[derive(Clone, Copy, Debug)]
struct Firing<'a> {
    /// When the condition held.
    since: Timestamp,
    at: Timestamp,
    end: Option<Timestamp>,
    /// Of a rule that meets every burn of the service by chance.
    by_chance: bool,
    place: Place<'a>,
}

impl Firing<'_> {
    fn end(&self) -> Timestamp {
        self.end.unwrap_or(Timestamp::MAX)
    }
}

#[derive(Default)]
struct Firings<'a> {
    severity: Option<Severity>,
    /// By service, `None` without one, and by rule.
    by_service: BTreeMap<Option<&'a str>, BTreeMap<&'a str, Vec<Firing<'a>>>>,
}

impl<'a> Firings<'a> {
    fn add(&mut self, rule: &'a str, service: Option<&'a str>, severity: Severity, firings: Vec<Firing<'a>>) {
        self.severity = self.severity.max(Some(severity));
        self.by_service.entry(service).or_default().insert(rule, firings);
    }
}

/// What fired, by rule and service, with the highest severity of each.
fn firings(
    alerts: &Alerts,
    wanted: impl Fn(&Row) -> bool,
) -> impl Iterator<Item = (&str, Option<&str>, Severity, Vec<Firing<'_>>)> {
    let scope = alerts.context().settings.scope;
    let mut by_rule: Vec<Vec<(Option<u32>, Severity, Firing<'_>)>> = vec![Vec::new(); alerts.rules().len()];
    for row in alerts.rows().iter().filter(|row| wanted(row)) {
        if let Some((at, of_rule)) = row.firing().zip(by_rule.get_mut(row.rule as usize)) {
            let place = alerts.subject(row).map_or(Place::default(), |subject| Place::of_alert(subject, scope));
            let firing = Firing { since: row.start.min(at), at, end: row.ended(), by_chance: false, place };
            of_rule.push((row.service(), row.severity, firing));
        }
    }
    alerts.rules().iter().zip(by_rule).flat_map(|(rule, fired)| {
        let mut by_service: HashMap<Option<u32>, (Severity, Vec<Firing<'_>>)> = HashMap::new();
        for (service, severity, firing) in fired {
            let of = by_service.entry(service).or_insert((severity, Vec::new()));
            of.0 = of.0.max(severity);
            of.1.push(firing);
        }
        by_service.into_iter().map(|(service, (severity, fired))| {
            let service = service.and_then(|number| alerts.services().get(number as usize));
            (rule.as_str(), service.map(String::as_str), severity, fired)
        })
    })
}

struct Context<'a> {
    period: Period,
    now: Timestamp,
    burns: HashMap<&'a str, Vec<&'a SloBurn>>,
    scope: IncidentScope,
}

impl Context<'_> {
    /// `None` for a rule that did not fire in the period.
    fn score(&self, rule: &str, firings: Firings<'_>) -> Option<RuleScore> {
        let mut score = RuleScore { rule: rule.to_owned(), severity: firings.severity, ..RuleScore::default() };
        let (mut detection, mut reset) = (Vec::new(), Vec::new());
        let (mut told, mut burned) = (0.0, 0.0);
        let mut fired = rule.is_empty();
        for (service, firings) in firings.by_service {
            let spells = self.told(firings);
            fired |= spells.iter().any(|s| s.at < self.period.end && s.end() >= self.period.start);
            score.services.extend(service.filter(|_| !spells.is_empty()).map(str::to_owned));
            let burns = service.and_then(|service| self.burns.get(service)).map(Vec::as_slice).unwrap_or_default();
            self.occasions(&mut score, &spells, burns);
            // A rule that fires in one place only is not meant to tell of others.
            let is_there = |burn: &SloBurn| rule.is_empty() || spells.iter().any(|s| burn.is_at(s.place, self.scope));
            let of_rule = burns.iter().filter(|burn| is_there(burn)).flat_map(|b| b.episodes.iter().map(|e| (*b, e)));
            for (burn, episode) in of_rule.filter(|(_, e)| self.period.contains(e.start)) {
                let here = spells.iter().filter(|s| burn.is_at(s.place, self.scope));
                let about: Vec<&Firing<'_>> = here.filter(|s| meets(s, episode)).collect();
                let first = about.iter().map(|s| s.at).min();
                score.recall.n += 1;
                score.early_detection.n += 1;
                burned += episode.budget_burned_ratio;
                let Some(first) = first else { continue };
                score.recall.k += 1;
                score.early_detection.k += usize::from(first <= episode.tenth_burned_at);
                told += episode.budget_burned_ratio;
                detection.push(Length::Ended(first - episode.start));
                reset.extend(episode.end.map(|end| self.quiet_after(end, &about)));
            }
        }
        score.recall_budget_ratio = (burned > 0.0).then(|| told / burned);
        score.detection = durations::stat(detection.into_iter());
        score.reset = durations::stat(reset.into_iter());
        fired.then_some(score)
    }

    fn quiet_after(&self, end: Timestamp, about: &[&Firing<'_>]) -> Length {
        match about.iter().map(|s| s.end()).max() {
            Some(Timestamp::MAX) | None => Length::AtLeast(self.now - end),
            Some(last) => Length::Ended(last - end),
        }
    }

    /// Occasions that began in the period, and which of them met a burn. Spells
    /// that meet the same burn are one occasion.
    fn occasions(&self, score: &mut RuleScore, spells: &[Firing<'_>], burns: &[&SloBurn]) {
        let mut seen: BTreeSet<EpisodeId> = BTreeSet::new();
        for spell in spells {
            let here = burns.iter().filter(|burn| burn.is_at(spell.place, self.scope));
            let episodes: Vec<EpisodeId> =
                here.flat_map(|b| &b.episodes).filter(|e| meets(spell, e)).map(|e| e.id).collect();
            let again = episodes.iter().any(|id| seen.contains(id));
            seen.extend(&episodes);
            if again || !self.period.contains(spell.at) {
                continue;
            }
            let time = Period::new(spell.since, spell.end().min(self.now).max(spell.since));
            let is_known = matches!(calm(burns, spell.place, self.scope, time), Calm::Known(_));
            if !episodes.is_empty() {
                score.precision.k += 1;
                score.precision.n += 1;
            } else if !is_known || self.now < spell.at + QUIET {
                score.unjudgeable += 1;
            } else {
                score.precision.n += 1;
            }
        }
    }

    /// What one service was told: the spells of each rule, those of several rules
    /// that overlap as one. What fires most of the time stands by itself.
    fn told<'a>(&self, by_rule: BTreeMap<&str, Vec<Firing<'a>>>) -> Vec<Firing<'a>> {
        let (mut told, mut by_chance) = (Vec::new(), Vec::new());
        for firings in by_rule.into_values() {
            let spells = spells(firings);
            if self.is_by_chance(&spells) {
                by_chance.extend(spells.into_iter().map(|s| Firing { by_chance: true, ..s }));
            } else {
                told.extend(spells);
            }
        }
        let mut told = spells(told);
        told.append(&mut by_chance);
        told.sort_by_key(|s| (s.at, s.end()));
        told
    }

    fn is_by_chance(&self, spells: &[Firing<'_>]) -> bool {
        let known = Period::new(self.period.start, self.period.end.min(self.now));
        let mut firing: HashMap<Place<'_>, i64> = HashMap::new();
        for spell in spells {
            let fired = Period::new(spell.at, spell.end().min(known.end).max(spell.at));
            *firing.entry(spell.place).or_default() += fired.intersect(known).length().0;
        }
        firing.into_values().any(|firing| firing as f64 > BY_CHANCE_RATIO * known.length().0 as f64)
    }
}

/// Whether an alert tells of an episode.
fn meets(firing: &Firing<'_>, episode: &Episode) -> bool {
    let (from, to) = (episode.start - LEAD, episode.end.unwrap_or(Timestamp::MAX));
    if firing.by_chance {
        return from <= firing.at && firing.at <= to;
    }
    let until = firing.end.map_or(Timestamp::MAX, |end| end + AFTER_END);
    firing.since <= to && from <= until
}

/// Alerts of one place that overlap, or follow each other within `QUIET`, as one; by
/// start.
fn spells(mut firings: Vec<Firing<'_>>) -> Vec<Firing<'_>> {
    firings.sort_by_key(|f| (f.at, f.end()));
    let mut spells: Vec<Firing<'_>> = Vec::new();
    // The last one of each place.
    let mut last_of: HashMap<Place<'_>, usize> = HashMap::new();
    for firing in firings {
        let last = last_of.get(&firing.place).and_then(|number| spells.get_mut(*number));
        match last.filter(|last| last.end.is_none_or(|end| firing.at <= end + QUIET)) {
            Some(last) => {
                last.since = last.since.min(firing.since);
                last.end = last.end.zip(firing.end).map(|(a, b)| a.max(b));
            }
            None => {
                last_of.insert(firing.place, spells.len());
                spells.push(firing);
            }
        }
    }
    spells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::TextScenario;

    /// `precision, recall, early, detection, reset`, the last two in minutes.
    fn score(text: &str, rule: &str) -> String {
        let scores = TextScenario::new(text).review().rules;
        let score = scores.rules.iter().find(|s| s.rule == rule).unwrap_or(&scores.all);
        let share = |s: Share| format!("{}/{}", s.k, s.n);
        let minutes = |stat: &DurationStat| stat.values.iter().map(|v| v.0 / 60_000).collect::<Vec<_>>();
        format!(
            "{} {} {} {:?} {:?}",
            share(score.precision),
            share(score.recall),
            share(score.early_detection),
            minutes(&score.detection),
            minutes(&score.reset)
        )
    }

    const TWO_BURNS: &str = "slo web .*60 5*20 .*200 5*40 .*200";

    #[test]
    fn a_rule_that_tells_of_every_burn_and_of_nothing_else() {
        let text = format!("{TWO_BURNS}\npage A web .*62 F*22 .*198 F*45 .*193");
        assert_eq!(score(&text, "A"), "2/2 2/2 2/2 [2, 2] [4, 7]");
    }

    #[test]
    fn a_rule_that_misses_one_and_cries_wolf() {
        let text = format!("{TWO_BURNS}\npage A web .*70 F*20 .*100 F*9 .*321");
        assert_eq!(score(&text, "A"), "1/2 1/2 0/2 [10] [10]");
    }

    #[test]
    fn a_rule_that_fires_again_for_the_same_burn_tells_of_it_once() {
        let text = "slo web .*60 5*90 .*60\npage A web .*62 F*8 .*30 F*8 .*30 F*22 .*50";
        assert_eq!(score(text, "A"), "1/1 1/1 1/1 [2] [10]");
    }

    #[test]
    fn an_alert_that_never_ends_meets_every_burn_by_chance() {
        let text = format!("{TWO_BURNS}\nticket A web F*520");
        assert_eq!(score(&text, "A"), "0/1 0/2 0/2 [] []");
    }

    #[test]
    fn a_rule_that_never_rests_does_not_hide_the_others() {
        let text = format!("{TWO_BURNS}\npage Disk web F*520\npage A web .*62 F*22 .*198 F*45 .*193");
        assert_eq!(score(&text, "A"), "2/2 2/2 2/2 [2, 2] [4, 7]");
        assert_eq!(score(&text, ""), "2/3 2/2 2/2 [2, 2] [4, 7]");
    }

    #[test]
    fn replicas_are_one_occasion() {
        let text = "slo web .*60 5*20 .*60\npage A/x web .*62 F*20 .*58\npage A/y web .*63 F*20 .*57";
        assert_eq!(score(text, "A"), "1/1 1/1 1/1 [2] [3]");
    }

    #[test]
    fn without_an_slo_nothing_can_be_told() {
        let scores = TextScenario::new("page A db .*20 F*9 .*60").review().rules;
        assert_eq!((scores.rules[0].precision.n, scores.rules[0].unjudgeable), (0, 1));
        assert_eq!((scores.rules[0].recall.n, scores.rules[0].recall_budget_ratio), (0, None));
    }

    #[test]
    fn all_pages_together_also_know_what_no_rule_told_of() {
        let text = format!("{TWO_BURNS}\npage A web .*62 F*20 .*438\nticket B web .*282 F*20 .*218");
        assert_eq!(score(&text, ""), "1/1 1/2 1/2 [2] [2]");
        assert_eq!(score(&text, "B"), "1/1 1/2 1/2 [2] []", "a ticket before the burn has no time to detect");
        let scores = TextScenario::new(&format!("{TWO_BURNS}\npage A db .. F*9 .*500")).review().rules;
        assert_eq!((scores.all.recall.n, scores.all.recall.k), (2, 0), "nobody is paged for web");
        let ratio = TextScenario::new(&text).review().rules.rules[0].recall_budget_ratio.unwrap();
        assert!((0.3..0.7).contains(&ratio), "{ratio}");
    }
}
