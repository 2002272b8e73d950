//! What an alert was, on live servers: a Prometheus that goes on live from a
//! history, two Alertmanagers in a cluster that hold some alerts back and tell the
//! daemon whom they told, all of them and the daemon started again in between.
//! What the daemon says is what the script of the world says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use evenkeel::model::slo::Severity;
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{AlertClass, EVALUATION_INTERVAL, ScriptedAlert};
use serde_json::Value;

use crate::history::met_by_chance;
use crate::support::config::Config;
use crate::support::daemon::Daemon;
use crate::support::monitoring::{Alertmanager, Blocks, Prometheus, now, tempdir};
use crate::support::platform::{HISTORY, Platform, SCRAPE_INTERVAL};
use crate::support::server::free_port;

/// Longer than any step should take on a busy machine: that an alert is over shows
/// five minutes later.
const STEP_MAX: Duration = Duration::from_secs(600);

/// Longer than it takes to find a seed, to start the Alertmanagers and to write the
/// history.
const PREPARATION: Millis = Millis::from_secs(45);

/// What changes shows at the next scrape, and in a rate with the one after it. The
/// servers are not in step with the script either: each has its own instants at
/// which it scrapes and evaluates.
const LATE_MAX: Millis = Millis(2 * SCRAPE_INTERVAL.0 + 5_000);

/// Alertmanager tells each team. It knows that a full disk explains what pods of
/// payments say; and it tells of that disk, until payments fails as a whole.
const ALERTMANAGER: &str = "
route:
  receiver: shop
  group_by: [alertname, service]
  group_wait: 1s
  group_interval: 5s
  routes:
    - {matchers: ['severity=ticket'], receiver: tickets}
    - {matchers: ['service=search'], receiver: discovery}
    - {matchers: ['service=notifications'], receiver: backoffice}
receivers: [RECEIVERS]
inhibit_rules:
  - {source_matchers: ['alertname=DiskFilling'], target_matchers: ['alertname=PodErrorRateHigh', 'service=payments']}
  - {source_matchers: ['alertname=HighErrorRate', 'service=payments'], target_matchers: ['alertname=DiskFilling']}
";

/// Who is told of pages of a service.
fn receiver_of(service: Option<&str>) -> &'static str {
    match service {
        Some("search") => "discovery",
        Some("notifications") => "backoffice",
        _ => "shop",
    }
}

/// The servers, and where the daemon finds them.
struct Servers {
    platform: Platform,
    prometheus: Prometheus,
    alertmanagers: [Alertmanager; 2],
    daemon_address: String,
    /// The history ends here, and what Prometheus sees itself begins.
    border: Timestamp,
    files: tempfile::TempDir,
}

/// A cluster that posts to the daemon.
fn alertmanagers(daemon_address: &str) -> [Alertmanager; 2] {
    let receiver = |name: &str| {
        format!(
            "{{name: {name}, webhook_configs: [{{url: 'http://{daemon_address}/in/am', \
             http_config: {{authorization: {{credentials: opensesame}}}}}}]}}"
        )
    };
    let receivers = ["shop", "tickets", "discovery", "backoffice"].map(receiver).join(", ");
    Alertmanager::cluster(&ALERTMANAGER.replace("RECEIVERS", &receivers))
}

impl Servers {
    fn start() -> Servers {
        let began = now();
        let platform = Platform::around(began + PREPARATION, began.millis().unsigned_abs() / 60_000);
        let daemon_address = format!("127.0.0.1:{}", free_port());
        let alertmanagers = alertmanagers(&daemon_address);
        alertmanagers[0].silence(&[("service", "payments"), ("alertname", "HighErrorRate")]);
        let files = tempdir("classes");
        let path = |name: &str| files.path().join(name).display().to_string();
        std::fs::write(path("token"), "opensesame").unwrap();
        std::fs::write(path("rules.yaml"), platform.alert_rules()).unwrap();
        write_definitions(&files.path().join("slos"));

        let blocks = Blocks::new();
        platform.write_history(&blocks, Period::new(began - HISTORY, began));
        std::thread::sleep((began + PREPARATION - now()).to_std());
        let border = now();
        platform.write_history(&blocks, Period::new(began, border));
        let config = format!(
            "global: {{scrape_interval: {SCRAPE_INTERVAL}, scrape_timeout: {SCRAPE_INTERVAL}}}\n\
             rule_files: ['{}']\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{}', '{}']}}]}}]}}\n\
             scrape_configs: [{{job_name: platform, {}}}]\n",
            path("rules.yaml"),
            alertmanagers[0].address(),
            alertmanagers[1].address(),
            platform.service_discovery(),
        );
        let prometheus = Prometheus::with_blocks(&config, blocks);
        Servers { platform, prometheus, alertmanagers, daemon_address, border, files }
    }

    fn daemon(&self) -> Daemon {
        let config = Config::new(self.files.path())
            .prometheus("main", &self.prometheus.url())
            .alertmanager(&self.alertmanagers[0].url())
            .alertmanager(&self.alertmanagers[1].url())
            .definitions(self.files.path().join("slos"))
            .backfill(HISTORY)
            .section("webhooks: [{name: am, type: alertmanager, token_files: [token]}]");
        Daemon::start_at(&self.daemon_address, &config.run())
    }

    /// When Prometheus evaluated its rules, by the alert that is always there.
    fn evaluated(&self) -> Vec<Timestamp> {
        let always = r#"ALERTS{alertname="DiskFilling",alertstate="firing"}"#;
        self.prometheus.samples_of(always, Millis(2 * HISTORY.0))
    }

    /// What the script says as known at some time.
    fn comparison(&self, until: Timestamp) -> Comparison {
        let mut scripted = self.platform.alerts(Period::new(self.since(), until));
        scripted.retain(|alert| is_known_whole(alert.active_at, self.border));
        Comparison { scripted, evaluated: self.evaluated(), border: self.border }
    }

    /// Where the comparison begins: most of what goes on when the history begins is
    /// over by then.
    fn since(&self) -> Timestamp {
        self.border - HISTORY + Millis::from_hours(1)
    }

    fn alerts(&self) -> String {
        format!("/api/v1/alerts?from={}&limit=10000", self.since().secs_f64())
    }

    fn noise(&self) -> String {
        format!("/api/v1/noise?from={}", self.since().secs_f64())
    }

    /// Waits until those are told of what fired before that Prometheus found again.
    fn wait_until_told(&self, daemon: &Daemon) {
        let is_live = |_: &Value| self.evaluated().last().is_some_and(|at| *at > self.border);
        daemon.wait_for("an evaluation", "/api/v1/status", STEP_MAX, is_live);
        let comparison = self.comparison(now());
        let all_told = |noise: &Value| told(noise) == comparison.to_be_told(&daemon.json(&self.alerts()));
        daemon.wait_for("who was told", &self.noise(), STEP_MAX, all_told);
    }

    /// Waits until the daemon knows that all that fired at the border and is over
    /// is over, and that what is not still fires after a restart; when the last of
    /// them ended.
    fn wait_for_ends(&self, daemon: &Daemon, restarted: Timestamp) -> Timestamp {
        let comparison = self.comparison(restarted);
        let fired = comparison.scripted.iter().filter(|a| a.firing_at.is_some_and(|at| at <= self.border));
        let ends: Vec<Timestamp> = fired.filter_map(|a| a.ended_at.filter(|end| *end > self.border)).collect();
        let shown = |ledger: &Value| {
            let alerts = || ledger["alerts"].as_array().into_iter().flatten();
            let before = |mark: &Value| at(mark).is_some_and(|at| at <= self.border);
            let over = alerts().filter(|a| before(&a["firing"]) && !a["ended"].is_null() && !before(&a["ended"]));
            let seen = |a: &Value| Timestamp::parse(a["last_seen"].as_str().unwrap()).unwrap() > restarted;
            over.count() >= ends.len() && alerts().any(|a| a["rule"] == "DiskFilling" && seen(a))
        };
        daemon.wait_for("what ended", &self.alerts(), STEP_MAX, shown);
        ends.into_iter().max().unwrap()
    }
}

/// Those of the demo world, of which none alerts: the script knows of no such pages.
fn write_definitions(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("slo-definitions/demo")).unwrap() {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        std::fs::write(folder.join(file.file_name()), text + "  alerts: {tiers: none}\n").unwrap();
    }
}

/// Whether what began at some time began in the history or later.
fn is_known_whole(began: Timestamp, border: Timestamp) -> bool {
    began > border - HISTORY
}

fn at(mark: &Value) -> Option<Timestamp> {
    mark["at"].as_str().map(|at| Timestamp::parse(at).unwrap())
}

/// What the script says, to hold against it what the daemon says.
struct Comparison {
    scripted: Vec<ScriptedAlert>,
    evaluated: Vec<Timestamp>,
    border: Timestamp,
}

impl Comparison {
    /// Whether a mark is where the script has it: in the history to the second, then
    /// from the evaluation before to the one after. Where Prometheus evaluated
    /// nothing, nobody can know better.
    fn is_near(&self, mark: Timestamp, scripted: Timestamp) -> bool {
        if scripted + EVALUATION_INTERVAL < self.border {
            return (mark - scripted).0.abs() <= 1_000;
        }
        let before = self.evaluated.iter().rev().find(|at| **at <= scripted - LATE_MAX);
        let after = self.evaluated.iter().find(|at| **at >= scripted + LATE_MAX);
        before.is_some_and(|at| *at <= mark) && after.is_none_or(|at| mark <= *at)
    }

    /// Each scripted alert is one alert of the daemon, and there is no other. The
    /// daemon knows of the ends up to `ends_known`.
    fn wrong_alerts(&self, alerts: &[Value], ends_known: Timestamp) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut claimed = BTreeSet::new();
        for scripted in &self.scripted {
            let labels: BTreeMap<&str, &str> = scripted.labels.iter().collect();
            let began = |a: &Value| at(&a["condition"]).is_some_and(|at| self.is_near(at, scripted.active_at));
            let is_of = |a: &&Value| a["labels"] == serde_json::json!(labels) && began(a);
            let of_scripted: Vec<&Value> = alerts.iter().filter(is_of).collect();
            claimed.extend(of_scripted.iter().map(|a| a["id"].as_str()));
            match of_scripted[..] {
                [alert] if self.is_told_right(alert, scripted, ends_known) => {}
                _ => wrong.push(format!("{scripted:?} is told as {of_scripted:#?}")),
            }
        }
        let is_known = |a: &Value| at(&a["condition"]).is_none_or(|at| is_known_whole(at, self.border));
        let others = alerts.iter().filter(|a| is_known(a) && !claimed.contains(&a["id"].as_str()));
        wrong.extend(others.map(|a| format!("not in the script: {a:#}")));
        wrong
    }

    fn is_told_right(&self, alert: &Value, scripted: &ScriptedAlert, ends_known: Timestamp) -> bool {
        let ended = at(&alert["ended"]);
        let ends = match scripted.ended_at {
            Some(end) if end <= ends_known => ended.is_some_and(|at| self.is_near(at, end)),
            Some(end) => ended.is_none_or(|at| self.is_near(at, end)),
            None => ended.is_none(),
        };
        let fires = match (at(&alert["firing"]), scripted.firing_at) {
            (Some(at), Some(firing)) => self.is_near(at, firing),
            (at, firing) => at.is_none() && firing.is_none(),
        };
        // That of the disk is held back after it was told of.
        let suppressed = self.is_held(scripted) || scripted.class == AlertClass::AlwaysOn;
        ends && fires && alert["suppressed"] == suppressed
    }

    /// Held back from the start, by an inhibition or by the silence.
    fn is_held(&self, alert: &ScriptedAlert) -> bool {
        let of_payments = alert.labels.get("service") == Some("payments") && alert.severity == Severity::Page;
        of_payments && alert.firing_at.is_some_and(|at| at > self.border)
    }

    /// Each page is what the script says, and of what fired in the last hour before
    /// the border and since there is one page of each rule and service.
    fn wrong_pages(&self, judged: &[Value], platform: &Platform) -> Vec<String> {
        let mut wrong: Vec<String> = judged.iter().filter_map(|page| self.wrong_page(page, platform)).collect();
        let lately = self.border - Millis::from_hours(1);
        let fired = self.scripted.iter().filter(|a| a.severity == Severity::Page && a.firing_at >= Some(lately));
        let of_rules: BTreeSet<_> = fired.map(|a| (a.rule(), a.labels.get("service"))).collect();
        assert_eq!(of_rules.len(), 7, "all kinds of pages come now: {of_rules:?}");
        for (rule, service) in of_rules {
            let is_of = |page: &&Value| {
                let of_rule = page["rule"] == rule && page["service"].as_str() == service;
                of_rule && fired_at(page) >= lately - EVALUATION_INTERVAL
            };
            if judged.iter().filter(is_of).count() != 1 {
                wrong.push(format!("{rule} of {service:?} is not one page"));
            }
        }
        wrong
    }

    fn wrong_page(&self, page: &Value, platform: &Platform) -> Option<String> {
        let is_of = |a: &&ScriptedAlert| {
            let of_rule = page["rule"] == a.rule() && page["service"].as_str() == a.labels.get("service");
            of_rule && a.firing_at.is_some_and(|at| self.is_near(fired_at(page), at))
        };
        let Some(alert) = self.scripted.iter().find(is_of) else { return Some(format!("not in the script: {page:#}")) };
        let class = if self.is_held(alert) { "planned" } else { alert.class.word() };
        let is_past = fired_at(page) < self.border - Millis::from_hours(1);
        let is_chance = || is_past && page["class"] == "actionable" && is_by_chance(alert, platform);
        (page["class"] != class && !is_chance()).then(|| format!("{class} by the script: {page:#}"))
    }

    /// How many are to be told: of what fired when Prometheus had found its alerts
    /// again, or since, and was not held back from the start. Those of one rule and
    /// service are one page.
    fn to_be_told(&self, ledger: &Value) -> BTreeMap<&'static str, usize> {
        let found_again = self.evaluated.iter().find(|at| **at > self.border).unwrap();
        let alerts = ledger["alerts"].as_array().unwrap().iter();
        let pages = alerts.filter(|a| a["severity"] == "page" && a["service"] != "payments" && !a["firing"].is_null());
        let sent = pages.filter(|a| at(&a["ended"]).is_none_or(|end| end > *found_again));
        let rules: BTreeSet<_> = sent.map(|a| (a["service"].as_str(), a["rule"].as_str())).collect();
        let mut told = BTreeMap::new();
        for (service, _) in rules {
            *told.entry(receiver_of(service)).or_default() += 1;
        }
        told
    }
}

/// Whether an alert met what hurt users by chance, where by the script nothing did.
fn is_by_chance(alert: &ScriptedAlert, platform: &Platform) -> bool {
    let service = alert.labels.get("service").unwrap_or_default();
    let world = platform.world_of(service);
    let hour = Millis::from_hours(1);
    let around = Period::new(alert.active_at - hour, alert.ended_at.unwrap_or(alert.active_at) + hour);
    world.disturbances(around).iter().all(|d| d.service != service) && met_by_chance(world, alert)
}

/// How many pages each receiver was told of, as Alertmanager's webhook says.
fn told(noise: &Value) -> BTreeMap<&str, usize> {
    let receivers = noise["receivers"].as_array().unwrap();
    receivers.iter().map(|r| (r["receiver"].as_str().unwrap(), r["pages"].as_u64().unwrap() as usize)).collect()
}

fn fired_at(page: &Value) -> Timestamp {
    Timestamp::parse(page["at"].as_str().unwrap()).unwrap()
}

#[test]
fn alerts_are_what_the_script_says_from_history_on_through_restarts() {
    let mut servers = Servers::start();
    let daemon = servers.daemon();
    servers.wait_until_told(&daemon);
    // What three pods of payments say and what the service does as a whole.
    let held = |ledger: &Value| {
        let alerts = ledger["alerts"].as_array().into_iter().flatten();
        let fired = |a: &Value| at(&a["firing"]).is_some_and(|at| at > servers.border);
        alerts.filter(|a| a["service"] == "payments" && a["suppressed"] == true && fired(a)).count() == 4
    };
    daemon.wait_for("what is held back", &servers.alerts(), STEP_MAX, held);

    servers.alertmanagers.iter_mut().for_each(Alertmanager::restart);
    daemon.kill();
    servers.prometheus.restart();
    let restarted = now();
    let daemon = servers.daemon();
    let ends_known = servers.wait_for_ends(&daemon, restarted);

    let (ledger, noise) = (daemon.json(&servers.alerts()), daemon.json(&servers.noise()));
    let mut comparison = servers.comparison(now());
    // What began after the restart may not be known yet.
    comparison.scripted.retain(|alert| alert.active_at < restarted);
    let began = |a: &&Value| at(&a["condition"]).is_none_or(|at| at < restarted);
    let alerts: Vec<Value> = ledger["alerts"].as_array().unwrap().iter().filter(began).cloned().collect();
    let mut wrong = comparison.wrong_alerts(&alerts, ends_known);
    wrong.extend(comparison.wrong_pages(noise["pages"].as_array().unwrap(), &servers.platform));
    let place = format!("seed {}, live from {}", servers.platform.seed, servers.border);
    assert!(wrong.is_empty(), "{place}: {} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(told(&noise), comparison.to_be_told(&ledger), "{place}");
    let incidents = daemon.json("/api/v1/incidents?service=payments&limit=1");
    assert_eq!(incidents["incidents"][0]["detected"], false, "nobody was told of it: {incidents:#}");
    daemon.stop();
}
