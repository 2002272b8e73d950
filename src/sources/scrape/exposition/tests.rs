//! What bodies mean and which are refused; a writer as the oracle for what is
//! read, and prometheus-parse as a second opinion on the inputs that it reads
//! rightly.

use proptest::prelude::*;

use super::*;
use crate::model::labels::NAME;

/// The samples of a body as text, `name{labels} value @timestamp`.
fn read_as(format: TextFormat, body: &str) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    parse(body.as_bytes(), format, &Limits::default(), |s| {
        let labels: Vec<String> = s.labels.iter().map(|l| format!("{}={:?}", l.name, l.value)).collect();
        let time = s.timestamp.map(|t| format!(" @{}", t.millis())).unwrap_or_default();
        lines.push(format!("{}{{{}}} {}{time}", s.name, labels.join(","), s.value));
    })
    .map_err(|e| e.to_string())?;
    Ok(lines)
}

fn read(body: &str) -> Result<Vec<String>, String> {
    read_as(TextFormat::Classic, body)
}

fn read_om(body: &str) -> Result<Vec<String>, String> {
    read_as(TextFormat::OpenMetrics, &format!("{body}# EOF\n"))
}

fn one(line: &str) -> Result<Vec<String>, String> {
    Ok(vec![line.to_owned()])
}

#[test]
fn names_labels_and_values_mean_the_same_in_both_formats() {
    for (line, expected) in [
        ("up 1", r#"up{} 1"#),
        (r#"job:http:rate5m{job="a"} 1"#, r#"job:http:rate5m{job="a"} 1"#),
        (r#"m{path="/a/{id}"} 1"#, r#"m{path="/a/{id}"} 1"#),
        (r#"m{a="x,y",b="2"} 1"#, r#"m{a="x,y",b="2"} 1"#),
        (r#"m{a="x=y",b="2"} 1"#, r#"m{a="x=y",b="2"} 1"#),
        (r#"m{a="\"q\" \\ \n \t"} 1"#, r#"m{a="\"q\" \\ \n \\t"} 1"#),
        ("m{} 5", "m{} 5"),
        (r#"m{ a="1" , b="2", } 5"#, r#"m{a="1",b="2"} 5"#),
        (r#"{"my.metric",a="1"} 5"#, r#"my.metric{a="1"} 5"#),
        (r#"{a="1","my.metric"} 5"#, r#"my.metric{a="1"} 5"#),
        (r#"{"my \"metric\"","label.x"="1"} 5"#, r#"my "metric"{label.x="1"} 5"#),
        (r#"m{a=""} 5"#, r#"m{a=""} 5"#),
        (r#"m{größe="x"} 5"#, ""),
        (r#"m{"größe"="ü"} 5"#, r#"m{größe="ü"} 5"#),
        ("m NaN", "m{} NaN"),
        ("m +Inf", "m{} inf"),
        ("m -1.5e-3", "m{} -0.0015"),
        ("m\t 7", "m{} 7"),
        (r#"m_total{a="1"} 3 # {trace_id="a} b"} 0.5 1700000000.5"#, r#"m_total{a="1"} 3"#),
        (r#"m_total 3 # {} 1"#, "m_total{} 3"),
    ] {
        let expected = if expected.is_empty() { None } else { Some(vec![expected.to_owned()]) };
        assert_eq!(read(&format!("{line}\n")).ok(), expected, "classic: {line}");
        assert_eq!(read_om(&format!("{line}\n")).ok(), expected, "OpenMetrics: {line}");
    }
}

#[test]
fn timestamps_are_milliseconds_or_seconds() {
    assert_eq!(read("m 1 1700000000123"), one("m{} 1 @1700000000123"));
    assert_eq!(read("m 1 -1"), one("m{} 1 @-1"));
    assert_eq!(read_om("m 1 1700000000.123\n"), one("m{} 1 @1700000000123"));
    assert_eq!(read_om("m 1 1700000000\n"), one("m{} 1 @1700000000000"));
    assert_eq!(read_om("m 1 1.5 # {a=\"b\"} 2 3\n"), one("m{} 1 @1500"));
    assert!(read("m 1 1700000000.123").is_err());
    assert!(read_om("m 1 99999999999999999999\n").is_err());
}

#[test]
fn loose_line_ends_are_fine() {
    assert_eq!(read("a 1\r\n\r\n# HELP b text\r\n# TYPE b gauge\r\nb 2"), Ok(vec!["a{} 1".into(), "b{} 2".into()]));
    assert_eq!(read("  a 1  \n\n\t\n"), one("a{} 1"));
    for empty in ["", "\n", "# only a comment", "#", "# HELP a", "# TYPE"] {
        assert_eq!(read(empty), Ok(vec![]), "{empty:?}");
    }
    assert_eq!(read_as(TextFormat::OpenMetrics, "a 1\r\n# EOF"), one("a{} 1"));
    assert_eq!(read_as(TextFormat::OpenMetrics, "# EOF\r\n"), Ok(vec![]));
}

#[test]
fn openmetrics_ends_with_eof_and_nothing_after_it() {
    let fails = |body: &str| read_as(TextFormat::OpenMetrics, body).unwrap_err();
    assert_eq!(fails("a 1\n"), "line 2: the text ends without `# EOF`: it was cut short");
    assert_eq!(fails(""), "line 1: the text ends without `# EOF`: it was cut short");
    assert_eq!(fails("a 1\n# EOF\nb 2\n"), "line 3: text follows after `# EOF`");
    assert!(fails("a 1\n#EOF\n").contains("without `# EOF`"));
    assert_eq!(read("a 1\n# EOF\nb 2\n"), Ok(vec!["a{} 1".into(), "b{} 2".into()]));
}

#[test]
fn a_bad_line_fails_the_body_with_its_number() {
    for (line, reason) in [
        ("garbage", "the value is not a number"),
        ("m", "the value is not a number"),
        ("m 1x", "the value is not a number"),
        ("m 0x1p3", "the value is not a number"),
        ("m 1e400", "the value is not a number"),
        ("m 1_0", "the value is not a number"),
        ("m 1 2 3", "expected the end of the line, found '3'"),
        ("m 1 abc", "expected the end of the line, found 'a'"),
        ("m{a=\"1\"", "expected `,` or `}`, found the end of the line"),
        ("m{a=\"1} 2", "expected a closing quote, found the end of the line"),
        ("m{a=\"1\\", "expected a closing quote, found the end of the line"),
        ("m{a=1} 2", "expected a label value in double quotes, found '1'"),
        ("m{a} 2", "expected `=` after the label name, found '}'"),
        ("m{,} 2", "expected a label name or `}`, found ','"),
        ("m{a=\"1\" b=\"2\"} 2", "expected `,` or `}`, found 'b'"),
        ("m{a=\"1\",,} 2", "expected a label name or `}`, found ','"),
        ("m{1a=\"1\"} 2", "expected a label name or `}`, found '1'"),
        ("m{a:b=\"1\"} 2", "expected `=` after the label name, found ':'"),
        ("m{a=\"1\",a=\"1\"} 2", "duplicate label \"a\""),
        ("m{a=\"1\",\"a\"=\"2\"} 2", "duplicate label \"a\""),
        ("m{__name__=\"n\"} 2", "duplicate label \"__name__\""),
        ("m{\"n\"} 2", "the metric has a second name"),
        ("{\"m\",\"n\"} 2", "the metric has a second name"),
        ("{a=\"1\"} 2", "the metric has no name"),
        ("{\"\"} 2", "the metric has no name"),
        ("m{\"\"=\"x\"} 2", "expected a label name"),
        ("{} 2", "the metric has no name"),
        ("1m 2", "expected a metric name, found '1'"),
        ("é 2", "expected a metric name, found 'é'"),
        ("\u{feff}m 2", "expected a metric name, found '\\u{feff}'"),
        ("m\0 2", "the value is not a number"),
        ("m\r1", "the value is not a number"),
        ("m 1\rn 2", "expected the end of the line, found 'n'"),
        ("m 1 # {a=\"b\"", "expected `,` or `}`"),
        ("m 1 # 5", "expected the labels of an exemplar, found '5'"),
        ("m 1 # {a=\"b\"}", "the value is not a number"),
        ("m 1 # {\"n\"} 1", "the metric has a second name"),
        ("m {count:1,sum:2}", "expected `=` after the label name, found ':'"),
        ("# TYPE m wrong", "\"wrong\" is not a metric type"),
        ("# TYPE m counter extra", "expected the end of the line, found 'e'"),
        ("# TYPE 1 counter", "expected a metric name, found '1'"),
        ("# HELP m{} text", "expected a blank after the metric name, found '{'"),
    ] {
        let error = read(&format!("ok 1\n{line}\nok 2\n")).unwrap_err();
        assert!(error.starts_with("line 2: ") && error.contains(reason), "{line}: {error}");
    }
    let broken = [b"a 1\nb{c=\"".as_slice(), &[0xff], b"\"} 1\n"].concat();
    let error = parse(&broken, TextFormat::Classic, &Limits::default(), |_| ()).unwrap_err();
    assert_eq!((error.line, error.reason), (2, Reason::NotUtf8));
}

#[test]
fn types_and_units_belong_to_the_family_that_names_them() {
    let body = "# TYPE http counter\n# UNIT http seconds\n# HELP http x \"\\\nhttp_total 1\nhttp_created 2\nhttp_other 3\n\
                # TYPE \"my.gauge\" gauge\n{\"my.gauge\"} 4\n# HELP d text\nd 5\n# TYPE h histogram\nh_bucket{le=\"1\"} 6\nh 7\n# EOF\n";
    let mut kinds = Vec::new();
    parse(body.as_bytes(), TextFormat::OpenMetrics, &Limits::default(), |s| {
        kinds.push((s.name.to_owned(), s.kind, s.unit.to_owned()));
    })
    .unwrap();
    let kinds: Vec<(&str, MetricKind, &str)> = kinds.iter().map(|(n, k, u)| (n.as_str(), *k, u.as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("http_total", MetricKind::Counter, "seconds"),
            ("http_created", MetricKind::Counter, "seconds"),
            ("http_other", MetricKind::Unknown, ""),
            ("my.gauge", MetricKind::Gauge, ""),
            ("d", MetricKind::Unknown, ""),
            ("h_bucket", MetricKind::Histogram, ""),
            ("h", MetricKind::Histogram, ""),
        ]
    );
}

#[test]
fn limits_fail_the_body() {
    let limits = Limits { samples: 2, labels_per_sample: 2, name_bytes: 8, value_bytes: 4 };
    let fails = |body: &str| {
        let error = parse(body.as_bytes(), TextFormat::Classic, &limits, |_| ()).unwrap_err();
        assert!(error.is_limit());
        error.to_string()
    };
    assert_eq!(fails("a 1\nb 1\nc 1\n"), "line 3: more than 2 samples");
    assert_eq!(fails("a{a=\"\",b=\"\",c=\"\"} 1"), "line 1: more than 2 labels in one sample");
    assert_eq!(fails("a23456789 1"), "line 1: a name longer than 8 bytes");
    assert_eq!(fails("a{b=\"12345\"} 1"), "line 1: a label value longer than 4 bytes");
    assert_eq!(fails("a{b23456789=\"1\"} 1"), "line 1: a label name longer than 8 bytes");
    assert!(parse(b"a2345678{a=\"1234\",b=\"\"} 1\nb 1", TextFormat::Classic, &limits, |_| ()).is_ok());
}

#[test]
fn a_hostile_line_without_end_is_refused_in_bounded_time() {
    for start in ["m{a=\"", "m{", "m", "# HELP m ", "# TYPE m ", "{\"", "{{{{{{"] {
        let body = format!("{start}{}", "x".repeat(5_000_000));
        let _ = parse(body.as_bytes(), TextFormat::Classic, &Limits::default(), |_| ());
    }
    let many: String = (0..100_000).map(|i| format!("l{i}=\"v\",")).collect();
    let error =
        parse(format!("m{{{many}}} 1").as_bytes(), TextFormat::Classic, &Limits::default(), |_| ()).unwrap_err();
    assert_eq!(error.reason, Reason::TooMany { what: "labels in one sample", max: LABELS_PER_SAMPLE_MAX });
}

#[test]
fn collecting_keeps_equal_twins_once_and_refuses_different_ones() {
    let collect_all = |body: &str| collect(body.as_bytes(), TextFormat::Classic, &Limits::default(), |_| true);
    let samples = collect_all("b 1\na{x=\"1\",e=\"\"} 2\nb 1\na{x=\"1\"} 3 1000\n").unwrap();
    let shown: Vec<String> = samples.iter().map(|s| format!("{} {} {:?}", s.labels, s.value, s.timestamp)).collect();
    assert_eq!(
        shown,
        [
            r#"{__name__="a", x="1"} 2 None"#,
            r#"{__name__="a", x="1"} 3 Some(Timestamp(1000))"#,
            r#"{__name__="b"} 1 None"#
        ]
    );
    assert_eq!(
        collect_all("b 1\na 1\n\nb 2\n").unwrap_err().to_string(),
        r#"line 4: duplicate series {__name__="b"} with different values"#
    );
    assert_eq!(collect(b"a 1\nb 2\n", TextFormat::Classic, &Limits::default(), |n| n == "b").unwrap().len(), 1);
}

#[test]
fn formats_from_content_types() {
    let format = |header| TextFormat::from_content_type(header);
    assert_eq!(format(None), Some(TextFormat::Classic));
    assert_eq!(format(Some("text/plain; version=0.0.4; charset=utf-8")), Some(TextFormat::Classic));
    assert_eq!(format(Some("text/plain;version=1.0.0;escaping=allow-utf-8")), Some(TextFormat::Classic));
    assert_eq!(format(Some("Application/OpenMetrics-Text; version=1.0.0")), Some(TextFormat::OpenMetrics));
    assert_eq!(format(Some("text/html")), None);
    assert_eq!(format(Some("application/vnd.google.protobuf")), None);
}

/// A series as a generator makes it: any text as a label's value.
#[derive(Clone, Debug)]
struct Series {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
    millis: Option<i64>,
}

fn series() -> impl Strategy<Value = Series> {
    let name = prop_oneof!["[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", "\\PC{1,12}"];
    let label = prop_oneof!["[a-zA-Z][a-zA-Z0-9_]{0,8}", "\\PC{1,8}"];
    let labels = proptest::collection::btree_map(label, any::<String>(), 0..6);
    (name, labels, any::<f64>(), proptest::option::of(-4_000_000_000_000i64..4_000_000_000_000))
        .prop_map(|(name, labels, value, millis)| Series { name, labels: labels.into_iter().collect(), value, millis })
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Writes a series as an exporter would, names in quotes.
fn write(s: &Series, format: TextFormat) -> String {
    let labels: String = s.labels.iter().map(|(n, v)| format!(",\"{}\"=\"{}\"", escape(n), escape(v))).collect();
    let time = match (s.millis, format) {
        (None, _) => String::new(),
        (Some(ms), TextFormat::Classic) => format!(" {ms}"),
        (Some(ms), TextFormat::OpenMetrics) => format!(" {}", ms as f64 / 1000.0),
    };
    format!("{{\"{}\"{labels}}} {:e}{time}\n", escape(&s.name), s.value)
}

proptest! {
    #[test]
    fn what_is_written_is_read(all in proptest::collection::vec(series(), 0..20), om in any::<bool>()) {
        let format = if om { TextFormat::OpenMetrics } else { TextFormat::Classic };
        let mut body: String = all.iter().map(|s| write(s, format)).collect();
        body.push_str("# EOF\n");
        let mut found = Vec::new();
        parse(body.as_bytes(), format, &Limits::default(), |s| {
            let labels = s.labels.iter().map(|l| (l.name.to_string(), l.value.to_string())).collect();
            found.push(Series { name: s.name.to_owned(), labels, value: s.value, millis: s.timestamp.map(|t| t.millis()) });
        }).unwrap();
        prop_assert_eq!(found.len(), all.len());
        for (a, b) in all.iter().zip(&found) {
            prop_assert_eq!((&a.name, &a.labels, a.millis), (&b.name, &b.labels, b.millis));
            prop_assert!(a.value.to_bits() == b.value.to_bits() || (a.value.is_nan() && b.value.is_nan()));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300), om in any::<bool>()) {
        let format = if om { TextFormat::OpenMetrics } else { TextFormat::Classic };
        let mut samples = 0;
        let _ = parse(&body, format, &Limits::default(), |_| samples += 1);
        prop_assert!(samples <= body.len());
    }

    #[test]
    fn mutated_bodies_never_panic(
        all in proptest::collection::vec(series(), 1..5),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"{}\",=\\# \t\r\n0eN\xff\xc3".to_vec())), 1..6),
        om in any::<bool>(),
    ) {
        let format = if om { TextFormat::OpenMetrics } else { TextFormat::Classic };
        let mut body: Vec<u8> = all.iter().map(|s| write(s, format)).collect::<String>().into_bytes();
        for (at, byte) in cuts {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let lines = body.split(|b| *b == b'\n').count();
        let mut samples = 0;
        let result = parse(&body, format, &Limits::default(), |_| samples += 1);
        prop_assert!(samples <= lines);
        if let Err(e) = result {
            prop_assert!((1..=lines).contains(&e.line));
        }
    }

    #[test]
    fn prometheus_parse_agrees_on_what_it_can_read(
        all in proptest::collection::vec(
            ("[a-z_]{1,10}", proptest::collection::btree_map("[a-z]{1,6}", "[a-zA-Z0-9 /._-]{0,10}", 0..5), -1e9..1e9f64, proptest::option::of(0i64..4_000_000_000_000)),
            1..10,
        )
    ) {
        let body: String = all.iter().map(|(name, labels, value, millis)| {
            let labels: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{v}\"")).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            format!("{name}{labels} {value}{}\n", millis.map(|ms| format!(" {ms}")).unwrap_or_default())
        }).collect();
        let theirs = prometheus_parse::Scrape::parse(body.lines().map(|l| Ok(l.to_owned()))).unwrap().samples;
        let mut ours = Vec::new();
        parse(body.as_bytes(), TextFormat::Classic, &Limits::default(), |s| {
            ours.push((s.to_labels(), s.value, s.timestamp.map(|t| t.millis())));
        }).unwrap();
        prop_assert_eq!(ours.len(), theirs.len());
        for (((labels, value, millis), theirs), source) in ours.iter().zip(&theirs).zip(&all) {
            let their_labels: Labels = theirs.labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([(NAME, theirs.metric.as_str())]).collect();
            prop_assert_eq!(labels, &their_labels);
            prop_assert_eq!(&theirs.value, &prometheus_parse::Value::Untyped(*value));
            if source.3.is_some() {
                prop_assert_eq!(*millis, Some(theirs.timestamp.timestamp_millis()));
            }
        }
    }
}
