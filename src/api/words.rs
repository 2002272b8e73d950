//! Closed sets of words: enums that are written as the words that the contract lists.

/// Defines an enum with the word of each variant, under its name in the contract.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident as $schema:ident { $($(#[$doc:meta])* $variant:ident = $word:tt,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        /// In the order of the words, so that maps are written in the order of their keys.
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    words! {
        /// A fruit.
        FruitJson as Fruit {
            /// Not ripe.
            Pear = "pear",
            WinterApple = "winter-apple",
            Apple = "apple",
        }
    }

    #[test]
    fn words_are_written_read_and_sorted() {
        let basket = BTreeMap::from([(FruitJson::WinterApple, 1), (FruitJson::Pear, 2), (FruitJson::Apple, 3)]);
        let written = serde_json::to_string(&basket).unwrap();
        assert_eq!(written, r#"{"apple":3,"pear":2,"winter-apple":1}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<FruitJson, i32>>(&written).unwrap(), basket);
        assert!(serde_json::from_str::<FruitJson>("\"Pear\"").is_err());
        assert_eq!(FruitJson::WinterApple.to_string(), "winter-apple");
    }
}
