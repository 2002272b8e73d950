//! Records in a form of our own, for tools that have no webhook and for what is
//! in spreadsheets: JSON, one in a line, and CSV. All flaws are found at once.

use serde_json::{Map, Value};

use super::change_words::{change_word, outcome_word};
use super::context::{Context, Form, short_key, shown_text, shown_texts};
use super::delivered::DeliveredFacts;
use super::events;
use super::flaw::Flaw;
use super::measurements;
use crate::model::labels::Labels;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::change::{ChangeKind, ChangeOutcome};
use crate::model::operations::record::{Record, RecordKind, ReportedChange};
use crate::model::operations::severity;
use crate::model::slo::Severity;
use crate::model::time::{Millis, Timestamp};

/// The longest id, name of a service or label.
const VALUE_BYTES_MAX: usize = 512;
const LABELS_MAX: usize = 64;
const REFS_MAX: usize = 16;
/// How far ahead of us the clock of a sender may be.
const AHEAD_MAX: Millis = Millis::from_mins(5);

/// The key of what a source states under an id of its own: a later statement with
/// the same key replaces the one before.
pub fn statement_key(kind: RecordKind, id: &str) -> String {
    short_key(&format!("{}/{id}", kind.word()))
}

/// One record, or a list of them.
pub(super) fn json(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let value: Value = serde_json::from_str(text).map_err(|e| vec![Flaw::of_json(&e, None)])?;
    let (items, is_list) = match value {
        Value::Array(items) => (items, true),
        one => (vec![one], false),
    };
    let place = |n: usize| if is_list { format!("[{n}]") } else { String::new() };
    all(
        items.into_iter().enumerate().map(|(n, item)| {
            let Value::Object(map) = item else {
                return Err(vec![Flaw::at(place(n), "a record must be a JSON object")]);
            };
            let prefix = place(n);
            Item { map: &map, flaws: Vec::new() }.record(context).map_err(|flaws| {
                let in_list = |flaw: Flaw| Flaw { place: format!("{prefix}.{}", flaw.place), ..flaw };
                if is_list { flaws.into_iter().map(in_list).collect() } else { flaws }
            })
        }),
        context,
    )
}

/// A record, or an event of the event recorder, in each line.
pub(super) fn lines(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    all(
        lines.map(|(n, line)| {
            let number = n + 1;
            let flaw = |error: &serde_json::Error| vec![Flaw::of_json(error, Some(number))];
            let map: Map<String, Value> = serde_json::from_str(line).map_err(|e| flaw(&e))?;
            if map.contains_key("@timestamp") && map.contains_key("data") {
                return events::line(line, context).map_err(|e| flaw(&e));
            }
            Item { map: &map, flaws: Vec::new() }.record(context).map_err(|flaws| {
                // The column of the key that is wrong.
                let column = |key: &str| {
                    let before = line.find(&format!("\"{key}\"")).and_then(|at| line.get(..at))?;
                    Some(before.chars().count() + 1)
                };
                let placed = |flaw: Flaw| Flaw { line: Some(number), column: column(&flaw.place).or(Some(1)), ..flaw };
                flaws.into_iter().map(placed).collect()
            })
        }),
        context,
    )
}

/// A header with the names of the fields, and a record in each row.
pub(super) fn csv(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| vec![csv_flaw(&e)])?.clone();
    let header: Vec<&str> = headers.iter().collect();
    for needed in ["kind", "occurred_at"] {
        if !header.contains(&needed) {
            let message = format!("missing field `{needed}` in the header; {}", found_in_header(&header));
            return Err(vec![Flaw { line: Some(1), column: Some(1), ..Flaw::whole(message) }]);
        }
    }
    all(
        reader.records().map(|row| {
            let row = row.map_err(|e| vec![csv_flaw(&e)])?;
            let line = row.position().and_then(|p| usize::try_from(p.line()).ok());
            let fields = header.iter().zip(row.iter()).filter(|(_, value)| !value.is_empty());
            let map: Map<String, Value> =
                fields.map(|(name, value)| ((*name).to_owned(), Value::from(value))).collect();
            Item { map: &map, flaws: Vec::new() }.record(context).map_err(|flaws| {
                let column = |place: &str| header.iter().position(|name| *name == place).map_or(1, |n| n + 1);
                let placed = |flaw: Flaw| Flaw { line, column: Some(column(&flaw.place)), ..flaw };
                flaws.into_iter().map(placed).collect()
            })
        }),
        context,
    )
}

/// What a header holds, or what separates its fields.
fn found_in_header(header: &[&str]) -> String {
    let separator = match header {
        [one] => [(';', "`;`"), ('\t', "a tab"), ('|', "`|`")].into_iter().find(|(c, _)| one.contains(*c)),
        _ => None,
    };
    match separator {
        Some((_, named)) => format!("the fields are separated by {named}, expected a comma"),
        None => format!("found {}", crate::net::error::shown(&header.join(", "))),
    }
}

/// A file that reads well as one record, or event, in each line.
pub fn lines_of(form: Form, text: &str) -> Vec<String> {
    match form {
        Form::Csv => {
            let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
            let header: Vec<String> =
                reader.headers().map(|names| names.iter().map(str::to_owned).collect()).unwrap_or_default();
            let line = |row: csv::StringRecord| {
                let fields = header.iter().zip(row.iter()).filter(|(_, value)| !value.is_empty());
                let map: Map<String, Value> = fields.map(|(name, v)| (name.clone(), Value::from(v))).collect();
                Value::Object(map).to_string()
            };
            reader.records().filter_map(Result::ok).map(line).collect()
        }
        Form::Json => {
            let items: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
            items.iter().map(Value::to_string).collect()
        }
        _ => text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
    }
}

fn csv_flaw(error: &csv::Error) -> Flaw {
    let line = error.position().and_then(|p| usize::try_from(p.line()).ok());
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, but the header has {expected_len}")
        }
        _ => crate::net::error::shown(&error.to_string()),
    };
    Flaw { line, column: line.map(|_| 1), ..Flaw::whole(message) }
}

/// All of them, or all that is wrong with them.
fn all(
    items: impl Iterator<Item = Result<DeliveredFacts, Vec<Flaw>>>,
    context: &Context<'_>,
) -> Result<DeliveredFacts, Vec<Flaw>> {
    let (items_max, flaws_max) = (context.items_max, context.flaws_max);
    let mut told = DeliveredFacts::default();
    let mut flaws: Vec<Flaw> = Vec::new();
    for (n, item) in items.enumerate() {
        if n >= items_max {
            flaws.push(Flaw::whole(format!("more than {items_max} records; send them in parts")));
            break;
        }
        match item {
            Ok(one) => told.add(one),
            Err(found) => flaws.extend(found),
        }
    }
    if flaws.len() > flaws_max {
        let more = flaws.len() - flaws_max;
        flaws.truncate(flaws_max);
        flaws.push(Flaw::whole(format!("and {more} more")));
    }
    if flaws.is_empty() { Ok(told) } else { Err(flaws) }
}

/// The fields of one record; unknown ones are ignored.
struct Item<'m> {
    map: &'m Map<String, Value>,
    flaws: Vec<Flaw>,
}

impl Item<'_> {
    fn record(mut self, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
        let kind = self.kind();
        let withdrawn = self.flag("withdrawn").unwrap_or(false);
        let id = self.text("id");
        if let (true, Some(kind), Some(id), false) = (withdrawn, kind, &id, self.map.contains_key("occurred_at")) {
            let withdrawn = vec![statement_key(kind, id)];
            return Ok(DeliveredFacts { withdrawn, ..DeliveredFacts::default() });
        }
        let occurred_at = self.time("occurred_at", context.now);
        let ended_at = self.time("ended_at", context.now);
        if occurred_at.is_none() && !self.map.contains_key("occurred_at") {
            self.flaw("occurred_at", "missing; expected RFC 3339 or Unix seconds");
        }
        if let (Some(start), Some(end)) = (occurred_at, ended_at)
            && end < start
        {
            self.flaw("ended_at", "is before `occurred_at`");
        }
        if occurred_at.is_some_and(|at| ended_at.unwrap_or(at) < context.since) {
            self.flaw("occurred_at", format!("older than the retention, which begins at {}", context.since));
        }
        let change = self.change(kind);
        let (service, cluster, severity) = (self.text("service"), self.text("cluster"), self.severity());
        let labels = if kind == Some(RecordKind::Measurement) { self.measured() } else { self.labels() };
        let (refs, human) = (self.refs(), self.flag("human"));
        let actor = self.text("actor").as_deref().and_then(shown_text);
        let (incident, dedup_key) = (self.text("incident"), self.text("dedup_key"));
        let merged_into = self.text("merged_into");
        let (Some(kind), Some(at)) = (kind, occurred_at) else { return Err(self.flaws) };
        if !self.flaws.is_empty() {
            return Err(self.flaws);
        }
        let key = match (&id, kind) {
            // There may be many under one id, none of which replaces another.
            (Some(id), RecordKind::Notification | RecordKind::Repeat) => {
                format!("{}/{id}/{}", kind.word(), at.millis())
            }
            // Each of several people.
            (Some(id), RecordKind::Acknowledge) if actor.is_some() => {
                format!("{}/{id}/{}", kind.word(), actor.as_deref().unwrap_or_default())
            }
            (Some(id), _) => statement_key(kind, id),
            (None, _) => format!("{}/{}/{}", kind.word(), service.as_deref().unwrap_or_default(), at.millis()),
        };
        let record = Record {
            external_id: incident.or(id).unwrap_or_default(),
            ended_at,
            service,
            cluster,
            severity,
            change: ReportedChange { kind: change.kind.or_else(|| change_word(labels.get("type")?)), ..change },
            labels,
            dedup_key,
            merged_into,
            refs,
            actor,
            human,
            withdrawn,
            ..context.record(kind, MarkSource::Record, &key, at)
        };
        Ok(DeliveredFacts::of_record(record))
    }

    fn flaw(&mut self, field: &str, message: impl Into<String>) {
        self.flaws.push(Flaw::at(field, message));
    }

    fn kind(&mut self) -> Option<RecordKind> {
        let word = self.text("kind");
        let kind = word.as_deref().and_then(|word| match word {
            "ack" => Some(RecordKind::Acknowledge),
            word => RecordKind::from_word(word),
        });
        if kind.is_none() {
            let words = RecordKind::ALL.map(RecordKind::word).join(", ");
            self.flaw("kind", format!("{}; expected one of {words}", found(word.as_deref())));
        }
        kind
    }

    /// What a change was: the fields `type` and `outcome`, never a word of a title.
    fn change(&mut self, kind: Option<RecordKind>) -> ReportedChange {
        if kind != Some(RecordKind::Change) {
            return ReportedChange::default();
        }
        let named = self.text("type");
        let outcome = self.text("outcome");
        let known = outcome.as_deref().map(outcome_word);
        if known == Some(None) {
            let words = ChangeOutcome::ALL.map(ChangeOutcome::word).join(", ");
            self.flaw("outcome", format!("{}; expected one of {words}", found(outcome.as_deref())));
        }
        ReportedChange {
            kind: named.map(|word| change_word(&word).unwrap_or(ChangeKind::Other)),
            outcome: known.flatten(),
        }
    }

    fn text(&mut self, field: &str) -> Option<String> {
        let text = match self.map.get(field)? {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => {
                self.flaw(field, "must be a string");
                return None;
            }
        };
        if text.len() > VALUE_BYTES_MAX || text.chars().any(char::is_control) {
            self.flaw(field, format!("must be one line of at most {VALUE_BYTES_MAX} bytes"));
            return None;
        }
        Some(text).filter(|text| !text.is_empty())
    }

    fn time(&mut self, field: &str, now: Timestamp) -> Option<Timestamp> {
        let text = self.text(field)?;
        match Timestamp::parse(&text).or_else(|error| measurements::day(self.map, &text).ok_or(error)) {
            Ok(at) if at > now + AHEAD_MAX => {
                let in_millis = text.parse::<i64>().is_ok_and(|n| Timestamp::from_millis(n) <= now + AHEAD_MAX);
                let message = match in_millis {
                    true => format!("found `{text}`, which looks like milliseconds; expected Unix seconds"),
                    false => format!("{at} is in the future"),
                };
                self.flaw(field, message);
            }
            Ok(at) => return Some(at),
            Err(_) => {
                let expected = "expected RFC 3339 with a time zone, such as `2026-07-14T15:12:00Z`, or Unix seconds";
                self.flaw(field, format!("found `{}`; {expected}", crate::net::error::shown(&text)));
            }
        }
        None
    }

    fn severity(&mut self) -> Option<Severity> {
        let word = self.text("severity")?;
        Some(severity::usual(&word).unwrap_or(Severity::Ticket))
    }

    fn flag(&mut self, field: &str) -> Option<bool> {
        match self.map.get(field)? {
            Value::Null => None,
            Value::Bool(human) => Some(*human),
            Value::String(word) if word == "true" => Some(true),
            Value::String(word) if word == "false" => Some(false),
            _ => {
                self.flaw(field, "must be true or false");
                None
            }
        }
    }

    fn measured(&mut self) -> Labels {
        measurements::measured(self.map).unwrap_or_else(|flaws| {
            self.flaws.extend(flaws);
            Labels::new()
        })
    }

    /// An object; in CSV `name=value;name=value`.
    fn labels(&mut self) -> Labels {
        let pairs: Option<Vec<(String, String)>> = match self.map.get("labels") {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Object(map)) => {
                map.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
            }
            Some(Value::String(text)) => text
                .split(';')
                .filter(|pair| !pair.trim().is_empty())
                .map(|pair| pair.split_once('=').map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned())))
                .collect(),
            Some(_) => None,
        };
        let fits = |pairs: &Vec<(String, String)>| {
            pairs.len() <= LABELS_MAX && pairs.iter().all(|(n, v)| n.len().max(v.len()) <= VALUE_BYTES_MAX)
        };
        match pairs.filter(fits) {
            Some(pairs) => pairs.into_iter().collect(),
            None => {
                self.flaw(
                    "labels",
                    format!("must be an object of at most {LABELS_MAX} texts; in CSV `name=value;...`"),
                );
                Labels::new()
            }
        }
    }

    /// A list of texts; in CSV separated by spaces.
    fn refs(&mut self) -> Vec<String> {
        let texts: Vec<&str> = match self.map.get("refs") {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::String(text)) => text.split_whitespace().collect(),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect()
            }
            Some(_) => {
                self.flaw("refs", "must be a list of texts");
                return Vec::new();
            }
        };
        if texts.len() > REFS_MAX {
            self.flaw("refs", format!("{} entries; at most {REFS_MAX} are kept", texts.len()));
        }
        shown_texts(texts)
    }
}

fn found(word: Option<&str>) -> String {
    word.map_or("missing".to_owned(), |word| format!("found `{}`", crate::net::error::shown(word)))
}
