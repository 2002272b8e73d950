//! `evenkeel demo`: the daemon on a generated world.

use std::process::ExitCode;

use anyhow::Context;

use super::run::{bind, in_runtime, surroundings};
use crate::app::{DemoWorld, Setup};
use crate::cli::args::DemoArgs;
use crate::cli::output::terminal::{BAD_INPUT, report_problems};
use crate::config::{self, Overrides};
use crate::definitions::{self, Loaded};
use crate::model::time::Millis;

/// The SLOs of the world; the same files are examples for people.
const DEFINITIONS: [(&str, &str); 12] = [
    ("billing-availability.yaml", include_str!("../../../slo-definitions/demo/billing-availability.yaml")),
    ("catalog-availability.yaml", include_str!("../../../slo-definitions/demo/catalog-availability.yaml")),
    ("checkout-availability.yaml", include_str!("../../../slo-definitions/demo/checkout-availability.yaml")),
    ("checkout-latency.yaml", include_str!("../../../slo-definitions/demo/checkout-latency.yaml")),
    ("gateway-availability.yaml", include_str!("../../../slo-definitions/demo-present/gateway-availability.yaml")),
    ("notifications-availability.yaml", include_str!("../../../slo-definitions/demo/notifications-availability.yaml")),
    ("payments-availability.yaml", include_str!("../../../slo-definitions/demo/payments-availability.yaml")),
    (
        "recommendations-availability.yaml",
        include_str!("../../../slo-definitions/demo-present/recommendations-availability.yaml"),
    ),
    ("search-availability.yaml", include_str!("../../../slo-definitions/demo/search-availability.yaml")),
    ("search-latency.yaml", include_str!("../../../slo-definitions/demo/search-latency.yaml")),
    ("storefront-availability.yaml", include_str!("../../../slo-definitions/demo/storefront-availability.yaml")),
    ("storefront-probe.yaml", include_str!("../../../slo-definitions/demo/storefront-probe.yaml")),
];

/// The scorecard of every platform.
const SCORECARD: [(&str, &str); 4] = [
    ("reliability.yaml", include_str!("../../../slo-definitions/scorecard/reliability.yaml")),
    ("delivery.yaml", include_str!("../../../slo-definitions/scorecard/delivery.yaml")),
    ("security.yaml", include_str!("../../../slo-definitions/scorecard/security.yaml")),
    ("platform.yaml", include_str!("../../../slo-definitions/scorecard/platform.yaml")),
];

pub fn demo(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let Some(defined) = defined() else { return Ok(ExitCode::from(BAD_INPUT)) };
    let temporary =
        tempfile::Builder::new().prefix("evenkeel-demo-").tempdir().context("make a directory for the store")?;
    let data = args.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    let length = Millis::from_days(i64::from(args.days));
    let mut settings = Overrides::default();
    settings.set("data", vec![data.display().to_string()]);
    settings.set("listen", vec![args.listen.to_string()]);
    settings.set("backfill", vec![length.to_string()]);
    settings.set("evaluation_interval", vec!["30s".to_owned()]);
    settings.set("kubernetes.enabled", vec!["false".to_owned()]);
    if !args.listen.ip().is_loopback() {
        // The world is made up, so there is nothing to hide.
        settings.set("web.anonymous", vec!["read".to_owned()]);
    }
    let (config, problems) = config::load(None, &settings, &config::Environment::real());
    let failed = report_problems(&problems);
    let Some(config) = config.filter(|_| !failed) else { return Ok(ExitCode::from(BAD_INPUT)) };
    let listener = bind(config.listen)?;
    let world = DemoWorld { seed: args.seed, length, speed: args.speed };
    let logging = config.log;
    let make = async move || Setup::demo(config, defined, world, &surroundings()).await;
    in_runtime(make, listener, logging, None)
}

/// Planned work of the world.
const MAINTENANCE: &str = include_str!("demo_maintenance.yaml");

/// The SLOs, the scorecard and the planned work of the world.
fn defined() -> Option<Loaded> {
    let (mut slos, mut kpis) = (Vec::new(), Vec::new());
    let mut all = Vec::new();
    for (file, text) in DEFINITIONS.into_iter().chain(SCORECARD) {
        let defined = definitions::parse_all(text, file);
        slos.extend(defined.slos);
        kpis.extend(defined.kpis);
        all.extend(defined.problems);
    }
    let corrections = definitions::parse_correction(MAINTENANCE).map_err(|problems| all.extend(problems));
    let corrections = corrections.into_iter().collect();
    (!report_problems(&all)).then(|| Loaded::of(slos, corrections, kpis))
}
