//! A query string as a typed value, by the names of its fields: what is unknown, given
//! twice or not understood is a problem that names the parameter.

use std::fmt;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::publish::http::plumbing::problem::Problem;

/// What becomes of parameters that a path does not have.
#[derive(Debug)]
pub(crate) enum Unknown<'a> {
    IsRefused,
    /// They are noted here.
    Passes(&'a mut Ignored),
}

/// Parameters that were given and have no meaning, and those that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignored {
    pub names: Vec<String>,
    pub known: &'static [&'static str],
}

/// Reads names and values as a type.
pub(super) fn of_pairs<Q: DeserializeOwned>(pairs: &[(String, String)], unknown: Unknown<'_>) -> Result<Q, Problem> {
    Q::deserialize(Pairs { pairs, unknown }).map_err(Problem::from)
}

/// What is wrong with a query.
#[derive(Debug)]
struct QueryError {
    parameter: String,
    wrong: Wrong,
}

#[derive(Debug)]
enum Wrong {
    NotKnown { known: &'static [&'static str] },
    Repeated,
    NoWord { word: String, words: &'static [&'static str] },
    Other(String),
}

impl QueryError {
    fn about(self, parameter: &str) -> Self {
        QueryError { parameter: parameter.to_owned(), ..self }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Problem {
        let name = &error.parameter;
        match error.wrong {
            Wrong::NotKnown { known } => {
                let hint = match known {
                    [] => "this path has no parameters".to_owned(),
                    known => format!("the parameters of this path are {}", known.join(", ")),
                };
                Problem::bad_parameter(name, format!("unknown parameter `{name}`")).hint(hint)
            }
            Wrong::Repeated => Problem::bad_parameter(name, format!("`{name}` is given more than once")),
            Wrong::NoWord { word, words } => {
                Problem::bad_parameter(name, format!("invalid value `{word}` for `{name}`"))
                    .hint(format!("use one of {}", words.join(", ")))
            }
            Wrong::Other(detail) => Problem::bad_parameter(name, detail),
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.parameter, self.wrong)
    }
}

impl std::error::Error for QueryError {}

impl de::Error for QueryError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        QueryError { parameter: String::new(), wrong: Wrong::Other(message.to_string()) }
    }

    fn unknown_variant(word: &str, words: &'static [&'static str]) -> Self {
        QueryError { parameter: String::new(), wrong: Wrong::NoWord { word: word.to_owned(), words } }
    }
}

struct Pairs<'a> {
    pairs: &'a [(String, String)],
    unknown: Unknown<'a>,
}

impl<'a, 'de> Deserializer<'de> for Pairs<'a> {
    type Error = QueryError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, QueryError> {
        Err(de::Error::custom("a query is read as a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        let mut fields: Vec<(&'a str, Vec<&'a str>)> = Vec::new();
        let Pairs { pairs, mut unknown } = self;
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                match &mut unknown {
                    Unknown::Passes(ignored) => {
                        ignored.known = known;
                        ignored.names.push(name.clone());
                        continue;
                    }
                    Unknown::IsRefused => {
                        return Err(QueryError { parameter: name.clone(), wrong: Wrong::NotKnown { known } });
                    }
                }
            }
            match fields.iter_mut().find(|(field, _)| field == name) {
                Some((_, values)) => values.push(value),
                None => fields.push((name, vec![value])),
            }
        }
        visitor.visit_map(Fields { left: fields.into_iter(), value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields<'a> {
    left: std::vec::IntoIter<(&'a str, Vec<&'a str>)>,
    value: Option<Field<'a>>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = QueryError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, QueryError> {
        let Some((name, values)) = self.left.next() else { return Ok(None) };
        self.value = Some(Field { name, values });
        let name: StrDeserializer<'_, QueryError> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, QueryError> {
        let field = self.value.take().ok_or_else(|| de::Error::custom("a value before its name"))?;
        let name = field.name;
        seed.deserialize(field).map_err(|error| error.about(name))
    }
}

/// A parameter with its values, in the order in which they were given.
struct Field<'a> {
    name: &'a str,
    values: Vec<&'a str>,
}

impl<'a> Field<'a> {
    /// The value of a parameter that may be given once.
    fn only(&self) -> Result<&'a str, QueryError> {
        match self.values.as_slice() {
            [only] => Ok(*only),
            _ => Err(QueryError { parameter: self.name.to_owned(), wrong: Wrong::Repeated }),
        }
    }
}

impl<'de> Deserializer<'de> for Field<'_> {
    type Error = QueryError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_str(self.only()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_seq(SeqDeserializer::new(self.values.into_iter()))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        let text = self.only()?;
        let is_true = text.parse().map_err(|_| de::Error::unknown_variant(text, &["true", "false"]))?;
        visitor.visit_bool(is_true)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        let word: StrDeserializer<'_, QueryError> = self.only()?.into_deserializer();
        word.deserialize_enum(name, words, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}
