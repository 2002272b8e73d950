//! YAML text to trees, one per document, within bounds: size, depth, nodes,
//! documents and alias expansion. Must not know any key. A document that cannot
//! be read costs only itself where the parser can find the next one.

use serde_saphyr::{
    DefaultMessageFormatter, DuplicateKeyPolicy, Error, Location, MessageFormatter, NonFiniteFloatPolicy, Options,
    Spanned,
};

use super::node::{Entry, Node, Span, Value};
use super::raw::Raw;
use super::source::SourceText;

/// The largest text that is read: a generator may write ten thousand definitions of
/// more than a kilobyte into one file, and a wrong path to a log or a database does
/// not fill the memory.
pub const TEXT_BYTES_MAX: usize = 16 << 20;
/// Nesting of lists and mappings. Our deepest field lies at 6; the reader
/// recurses, so this also guards the stack.
const DEPTH_MAX: usize = 24;
/// Nodes of one document, aliases expanded. A definition has about 40.
const NODES_MAX: usize = 50_000;
/// Documents of one text; each costs at least four bytes.
const DOCUMENTS_MAX: usize = 20_000;
/// Anchors and aliases: enough to share labels, too few for a bomb.
const ALIASES_MAX: usize = 1_000;

/// Reads all documents of a text; empty ones are left out. What cannot be read
/// becomes a problem of `source`, whose text must be `text`.
pub fn documents(text: &str, source: &mut SourceText<'_>) -> Vec<Node> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the text has {} bytes; at most {TEXT_BYTES_MAX} are read", text.len());
        source.error(Span::default(), "", message, Some("split it into several files".to_owned()));
        return Vec::new();
    }
    // Places are counted without the byte-order mark that some editors write.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let slices = Slices::new(text);
    let mut bytes = text.as_bytes();
    let mut nodes = Vec::new();
    for result in serde_saphyr::read_with_options::<_, Spanned<Raw>>(&mut bytes, options()) {
        match result {
            Ok(raw) if nodes.len() < DOCUMENTS_MAX => nodes.push(slices.node(raw, source)),
            Ok(raw) => {
                let hint = Some("split it into several files".to_owned());
                let message = format!("more than {DOCUMENTS_MAX} documents in one file");
                source.error(span(raw.referenced), "", message, hint);
                break;
            }
            Err(error) => report(&error, source),
        }
    }
    nodes
}

fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_depth: DEPTH_MAX,
        flow_nesting_limit: DEPTH_MAX,
        max_nodes: NODES_MAX,
        max_events: 4 * NODES_MAX,
        max_documents: DOCUMENTS_MAX,
        max_aliases: ALIASES_MAX,
        max_anchors: ALIASES_MAX,
        max_recorded_anchor_events: NODES_MAX,
        max_merge_keys: ALIASES_MAX,
        max_reader_input_bytes: Some(TEXT_BYTES_MAX),
        max_total_scalar_bytes: 2 * TEXT_BYTES_MAX,
    };
    let alias_limits = serde_saphyr::alias_limits! { max_total_replayed_events: NODES_MAX, max_replay_stack_depth: 8 };
    serde_saphyr::options! {
        budget: budget,
        alias_limits: alias_limits,
        // Excerpts are ours: they are the same for every kind of problem.
        with_snippet: false,
        emit_comments: false,
        // Numbers and booleans are read from their text, field by field.
        strict_booleans: true,
        null_as_string: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        // A tag that is ignored would change what the writer meant.
        reject_unsupported_tags: true,
        // Reported here, each with the place of the first.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
    }
}

fn report(error: &Error, source: &mut SourceText<'_>) {
    let place = error.location().map(span).unwrap_or_default();
    let cause = cause(error);
    let message = DefaultMessageFormatter.format_message(cause).into_owned();
    if is_bound(cause, &message) {
        let message = "the document is nested too deeply, or too large with its aliases filled in";
        let hint = format!("at most {DEPTH_MAX} levels, {NODES_MAX} values and {ALIASES_MAX} aliases");
        return source.error(place, "", message, Some(hint));
    }
    if message.contains("recursive") {
        let hint = "repeat the value in the place of the alias".to_owned();
        return source.error(place, "", "an alias lies within the value that it refers to", Some(hint));
    }
    let hint = match cause {
        Error::UnsupportedTag { .. } => Some("a value that starts with `!` must stand in quotes".to_owned()),
        _ if message.contains("block scalar") => {
            Some("a value that starts with `>` or `|` must stand in quotes, for example good: \">= 1\"".to_owned())
        }
        _ if message.contains("flow mapping") || message.contains("mapping values") => {
            Some("a value with braces, colons or commas, such as a selector, must stand in quotes".to_owned())
        }
        _ => None,
    };
    source.error(place, "", message, hint);
}

/// The error itself, without what was wrapped around it on the way.
fn cause(error: &Error) -> &Error {
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => cause(error),
        error => error,
    }
}

/// Whether one of the bounds was reached, in the parser or above it.
fn is_bound(cause: &Error, message: &str) -> bool {
    matches!(
        cause,
        Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
            | Error::IOError { .. }
    ) || message.contains("recursion limit")
        || message.contains("nesting")
}

fn span(location: Location) -> Span {
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Span { line: small(location.line()), column: small(location.column()), width: small(location.span().len()).max(1) }
}

/// Characters from one known place in the text to the next: a place for each would
/// take eight times the memory of the text.
const PLACE_EVERY: usize = 64;

/// The source text by character, to take scalars as they were written.
struct Slices<'t> {
    text: &'t str,
    /// Byte at which every `PLACE_EVERY`th character starts.
    places: Vec<usize>,
}

impl<'t> Slices<'t> {
    fn new(text: &'t str) -> Slices<'t> {
        Slices { text, places: text.char_indices().step_by(PLACE_EVERY).map(|(at, _)| at).collect() }
    }

    /// Byte at which a character starts; `None` behind the last one.
    fn start(&self, character: usize) -> Option<usize> {
        let place = *self.places.get(character / PLACE_EVERY)?;
        let mut rest = self.text.get(place..)?.char_indices().map(|(at, _)| place + at);
        rest.nth(character % PLACE_EVERY)
    }
}

impl Slices<'_> {
    fn node(&self, raw: Spanned<Raw>, source: &mut SourceText<'_>) -> Node {
        let place = span(raw.referenced);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Typed(text) => Value::Text(self.written(raw.defined).unwrap_or(text)),
            Raw::Text(text) => Value::Text(text),
            Raw::List(items) => Value::List(items.into_iter().map(|item| self.node(item, source)).collect()),
            Raw::Map(entries) => Value::Map(self.entries(entries, source)),
        };
        Node { span: place, value }
    }

    fn entries(&self, raw: Vec<(Spanned<String>, Spanned<Raw>)>, source: &mut SourceText<'_>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(raw.len());
        let mut first: std::collections::HashMap<String, u32> = std::collections::HashMap::new();
        for (key, value) in raw {
            let key_span = span(key.referenced);
            if let Some(line) = first.get(&key.value) {
                let message = format!("duplicate key `{}` in this mapping", super::words::shown(&key.value));
                source.error(key_span, &key.value, message, Some(format!("the first one is in line {line}")));
                continue;
            }
            first.insert(key.value.clone(), key_span.line);
            entries.push(Entry { key: key.value, key_span, value: self.node(value, source) });
        }
        entries
    }

    /// The characters of a plain scalar, where it is defined.
    fn written(&self, location: Location) -> Option<String> {
        let from = usize::try_from(location.span().offset()).ok()?;
        let to = from.checked_add(usize::try_from(location.span().len()).ok()?)?;
        let start = self.start(from)?;
        let end = self.start(to).unwrap_or(self.text.len());
        let text = self.text.get(start..end)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Node>, Vec<String>) {
        let mut source = SourceText::new("f.yaml", text);
        let nodes = documents(text, &mut source);
        let problems = source.into_problems();
        (nodes, problems.iter().map(|p| format!("{}:{}: {}", p.line, p.column, p.message)).collect())
    }

    fn value<'n>(node: &'n Node, key: &str) -> &'n Node {
        match &node.value {
            Value::Map(entries) => &entries.iter().find(|e| e.key == key).unwrap().value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn scalars_stay_as_they_were_written() {
        let (nodes, problems) = read("\u{feff}é: ü\na: 1.10\nb: 0x1F\nc: 1e999\nd: no\ne: &x 007\nf: *x\ng: '1'\n");
        assert_eq!(problems, Vec::<String>::new());
        for (key, text) in [
            ("é", "ü"),
            ("a", "1.10"),
            ("b", "0x1F"),
            ("c", "1e999"),
            ("d", "no"),
            ("e", "007"),
            ("f", "007"),
            ("g", "1"),
        ] {
            assert_eq!(value(&nodes[0], key).value, Value::Text(text.to_owned()), "{key}");
        }
        assert_eq!(value(&nodes[0], "f").span, Span { line: 7, column: 4, width: 2 });
    }

    #[test]
    fn ten_thousand_definitions_fit_into_one_text() {
        let text: String = (0..10_000).map(|n| format!("---\nname: é{n}\nsum: 0x{n:x} # hexadecimal\n")).collect();
        let (nodes, problems) = read(&text);
        assert_eq!((nodes.len(), problems), (10_000, Vec::new()));
        assert_eq!(value(&nodes[9_999], "sum").value, Value::Text("0x270f".to_owned()));
    }

    #[test]
    fn a_broken_document_costs_only_itself_where_possible() {
        let (nodes, problems) = read("a: 1\n---\nb: !x 3\n---\n# nothing\n---\nc: 3\n---\nd: [1\n");
        assert_eq!(nodes.len(), 2);
        assert_eq!(problems, ["3:7: unsupported tag `!x`", "9:4: unclosed bracket '['"]);
    }

    #[test]
    fn keys_that_stand_twice_are_named_with_both_places() {
        let (nodes, problems) = read("a: 1\nb: {c: 1, c: 2}\na: 3\n");
        assert_eq!(problems, ["2:11: duplicate key `c` in this mapping", "3:1: duplicate key `a` in this mapping"]);
        assert_eq!(value(&nodes[0], "a").value, Value::Text("1".to_owned()));
    }

    #[test]
    fn merged_mappings_are_expanded() {
        let (nodes, problems) = read("a: &x {p: 1, q: 1}\nb: {<<: *x, q: 2}\n");
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(value(value(&nodes[0], "b"), "q").value, Value::Text("2".to_owned()));
        assert_eq!(value(value(&nodes[0], "b"), "p").value, Value::Text("1".to_owned()));
    }

    #[test]
    fn an_alias_within_its_own_value_is_named() {
        for text in ["a: &a [*a]\n", "&a {b: *a}\n"] {
            let (_, problems) = read(text);
            assert!(problems[0].ends_with("an alias lies within the value that it refers to"), "{problems:?}");
        }
    }

    #[test]
    fn bombs_give_one_clean_error() {
        let deep = format!("a: {}{}", "[".repeat(5_000), "]".repeat(5_000));
        let deep_block: String = (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n % 1_000))).collect();
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..20 {
            let list = vec![format!("*a{}", n - 1); 9].join(", ");
            laughs.push_str(&format!("a{n}: &a{n} [{list}]\n"));
        }
        let many_documents = "--- 1\n".repeat(DOCUMENTS_MAX + 5);
        let large = "#".repeat(TEXT_BYTES_MAX + 1);
        let many_nodes = format!("[{}]", "1,".repeat(NODES_MAX + 1));
        for text in [deep, deep_block, laughs, many_documents, large, many_nodes] {
            let (_, problems) = read(&text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(!problems[0].contains("budget"), "{problems:?}");
        }
    }
}
