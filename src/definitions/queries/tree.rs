//! The shape of an expression in PromQL or a dialect of it: calls, operators and
//! what they are applied to. Reads more than any one server would evaluate,
//! because it is only asked what an expression measures.

use super::tokens::{Kind, Token, tokens};

/// An expression without what does not change its unit: labels, ranges, times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Number(f64),
    Text,
    /// Series of a metric, whose name is empty where only labels are named.
    Series(String),
    /// A function or an aggregation.
    Call {
        name: String,
        args: Vec<Node>,
    },
    Binary {
        operator: String,
        is_bool: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    /// Over a range of time.
    Range(Box<Node>),
}

/// Reads an expression; `None` where its shape is not that of any dialect.
pub(crate) fn tree(text: &str) -> Option<Node> {
    let mut reader = Reader::new(text);
    reader.templates()?;
    let node = reader.expression(0)?;
    (reader.at == reader.tokens.len()).then_some(node)
}

/// The selectors of an expression as they are written, without ranges; none where
/// it has no shape.
pub(crate) fn series_in(text: &str) -> Vec<&str> {
    let mut reader = Reader::new(text);
    if reader.templates() != Some(false) {
        return Vec::new();
    }
    match reader.expression(0) {
        Some(_) => reader.series.iter().filter_map(|(from, to)| text.get(*from..*to)).collect(),
        None => Vec::new(),
    }
}

struct Reader<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    /// Where selectors begin and end.
    series: Vec<(usize, usize)>,
}

/// Operators from the loosest to the tightest, `^` aside.
const LEVELS: [&[&str]; 7] = [
    &["default"],
    &["if", "ifnot"],
    &["or"],
    &["and", "unless"],
    &["==", "!=", ">=", "<=", ">", "<"],
    &["+", "-"],
    &["*", "/", "%", "atan2", "</", ">/"],
];

/// Words after an operator that say how its sides are joined.
const JOINS: [&str; 8] =
    ["on", "ignoring", "group_left", "group_right", "fill", "fill_left", "fill_right", "keep_metric_names"];

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Reader<'t> {
        Reader { tokens: tokens(text), at: 0, series: Vec::new() }
    }

    /// Skips the templates of MetricsQL, `WITH (f(x) = ...)`; whether there are any:
    /// then what looks like a metric may be one of them.
    fn templates(&mut self) -> Option<bool> {
        if self.take_word(&["WITH", "with"]).is_none() {
            return Some(false);
        }
        self.skip_group("(", ")")?;
        Some(true)
    }

    /// Notes a selector from a token up to what was read.
    fn note_series(&mut self, from: usize) {
        let end = self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map(Token::end);
        self.series.extend(end.map(|end| (from, end)));
    }

    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.is_sign(sign));
        self.at += usize::from(is_next);
        is_next
    }

    fn take_word(&mut self, words: &[&str]) -> Option<String> {
        let word = *words.iter().find(|word| self.peek().is_some_and(|token| token.is_word(word)))?;
        self.at += 1;
        Some(word.to_owned())
    }

    fn operator(&mut self, level: &[&str]) -> Option<String> {
        let operator = *level.iter().find(|o| self.peek().is_some_and(|t| t.is_sign(o) || t.is_word(o)))?;
        self.at += 1;
        Some(operator.to_owned())
    }

    fn expression(&mut self, level: usize) -> Option<Node> {
        let Some(operators) = LEVELS.get(level) else { return self.power() };
        let mut left = self.expression(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let is_bool = self.joins()?;
            let right = self.expression(level + 1)?;
            left = Node::Binary { operator, is_bool, left: Box::new(left), right: Box::new(right) };
        }
        Some(left)
    }

    /// What follows an operator; whether the result is 0 or 1.
    fn joins(&mut self) -> Option<bool> {
        let is_bool = self.take_word(&["bool"]).is_some();
        while self.take_word(&JOINS).is_some() {
            if self.peek().is_some_and(|token| token.is_sign("(")) {
                self.skip_group("(", ")")?;
            }
        }
        if self.take_word(&["prefix"]).is_some() {
            self.at += 1;
        }
        Some(is_bool)
    }

    /// Signs bind looser than `^`; none of both changes what is measured.
    fn power(&mut self) -> Option<Node> {
        while self.take_sign("-") || self.take_sign("+") {}
        let left = self.postfix()?;
        if !self.take_sign("^") {
            return Some(left);
        }
        let right = self.power()?;
        Some(Node::Binary { operator: "^".to_owned(), is_bool: false, left: Box::new(left), right: Box::new(right) })
    }

    fn postfix(&mut self) -> Option<Node> {
        let mut node = self.primary()?;
        loop {
            if self.peek().is_some_and(|token| token.is_sign("[")) {
                self.skip_group("[", "]")?;
                node = Node::Range(Box::new(node));
            } else if self.take_word(&["anchored", "smoothed", "keep_metric_names"]).is_some() {
            } else if self.take_word(&["offset"]).is_some() || self.take_sign("@") {
                while self.take_sign("-") || self.take_sign("+") {}
                match self.peek()?.is_sign("(") {
                    true => self.skip_group("(", ")")?,
                    false => self.at += 1,
                }
                // `@ start()`.
                if self.peek().is_some_and(|token| token.is_sign("(")) {
                    self.skip_group("(", ")")?;
                }
            } else {
                return Some(node);
            }
        }
    }

    fn primary(&mut self) -> Option<Node> {
        let token = *self.peek()?;
        self.at += 1;
        match token.kind {
            Kind::Number => Some(Node::Number(token.text.parse().unwrap_or(f64::NAN))),
            Kind::Text => Some(Node::Text),
            Kind::Sign if token.text == "(" => {
                let mut all = self.list(")")?;
                // MetricsQL takes a list of expressions for their union.
                let first = all.pop()?;
                Some(all.into_iter().rev().fold(first, |right, left| Node::Binary {
                    operator: "or".to_owned(),
                    is_bool: false,
                    left: Box::new(left),
                    right: Box::new(right),
                }))
            }
            Kind::Sign if token.text == "{" => {
                self.at -= 1;
                let name = self.labels()?;
                self.note_series(token.start);
                Some(Node::Series(name.unwrap_or_default()))
            }
            Kind::Word => self.named(token.text, token.start),
            Kind::Sign => None,
        }
    }

    /// A call, or the series of a metric.
    fn named(&mut self, name: &str, start: usize) -> Option<Node> {
        let grouped = |reader: &mut Self| -> Option<bool> {
            let has = reader.take_word(&["by", "without"]).is_some();
            if has {
                reader.skip_group("(", ")")?;
            }
            Some(has)
        };
        let before = grouped(self)?;
        if self.take_sign("(") {
            let args = self.list(")")?;
            let _after = !before && grouped(self)?;
            if self.take_word(&["limit"]).is_some() {
                self.at += 1;
            }
            return Some(Node::Call { name: name.to_lowercase(), args });
        }
        if before {
            return None;
        }
        if self.peek().is_some_and(|token| token.is_sign("{")) {
            self.labels()?;
        } else {
            match name.to_lowercase().as_str() {
                "inf" => return Some(Node::Number(f64::INFINITY)),
                "nan" => return Some(Node::Number(f64::NAN)),
                _ => {}
            }
        }
        self.note_series(start);
        Some(Node::Series(name.to_owned()))
    }

    fn list(&mut self, close: &str) -> Option<Vec<Node>> {
        let mut all = Vec::new();
        while !self.take_sign(close) {
            all.push(self.expression(0)?);
            if !self.take_sign(",") && !self.peek()?.is_sign(close) {
                return None;
            }
        }
        Some(all)
    }

    /// Matchers in braces; the metric that they name, if they do.
    fn labels(&mut self) -> Option<Option<String>> {
        let begin = self.at + 1;
        self.skip_group("{", "}")?;
        let inner = self.tokens.get(begin..self.at - 1)?;
        let by_label = inner.windows(3).find_map(|three| match three {
            [name, is, value] if name.is_word("__name__") && is.is_sign("=") => Some(value.unquoted()),
            _ => None,
        });
        let quoted =
            inner.first().filter(|first| first.kind == Kind::Text && inner.get(1).is_none_or(|next| next.is_sign(",")));
        Some(by_label.or_else(|| quoted.map(Token::unquoted)))
    }

    fn skip_group(&mut self, open: &str, close: &str) -> Option<()> {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            let (opens, closes) = (token.is_sign(open), token.is_sign(close));
            self.at += 1;
            depth += usize::from(opens);
            if closes {
                depth = depth.checked_sub(1)?;
            }
            if depth == 0 {
                return Some(());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_have_a_shape() {
        for text in [
            "sum(increase(a{b=~\"x{2}\"}[1m] anchored)) by (c)",
            "sum by (c) (rate(a[1m*2])) / on() group_left(d) b @ end()",
            "sum(rate(a)) keep_metric_names default 0",
            "WITH (f = {job=\"x\"}, r(q) = sum(rate(q{f}))) r(a) / r(b{f})",
            "(a, b) offset -(1m + 5m)",
            "-a ^ -2 ^ b",
            "max_over_time(rate(a[5m])[1h:1m])",
            "a + fill(0) b",
            "topk(3, a) without (b,) limit 7",
            "a[1h] offset 5m @ 1700000000",
        ] {
            assert!(tree(text).is_some(), "{text}");
        }
        assert_eq!(tree("{\"my.metric\",x=\"1\"}"), Some(Node::Series("my.metric".to_owned())));
        assert_eq!(tree("{__name__=\"m\"}"), Some(Node::Series("m".to_owned())));
    }

    #[test]
    fn templates_are_no_series() {
        assert_eq!(series_in("sum(rate(a[1m])) / b"), ["a", "b"]);
        assert_eq!(series_in("WITH (x = a{b=\"c\"}) sum(x)"), Vec::<&str>::new());
    }

    #[test]
    fn what_is_broken_has_none() {
        for text in ["sum(", "sum(a))", "a b", "a +", "a[5m", "a{", "", "sum(a,", "$x", "a ] b"] {
            assert_eq!(tree(text), None, "{text}");
        }
    }

    #[test]
    fn tighter_operators_come_first() {
        let Some(Node::Binary { operator, .. }) = tree("a + b * c == bool d") else { panic!("an operator") };
        assert_eq!(operator, "==");
        let Some(Node::Binary { operator, .. }) = tree("a or b default 0") else { panic!("an operator") };
        assert_eq!(operator, "default");
    }
}
