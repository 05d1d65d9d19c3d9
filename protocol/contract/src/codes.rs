//! The catalogue of error codes. The pages in `docs/errors/` are written from it (a test compares them).
//!
//! Ranges: 1xxx command line and configuration, 2xxx registration and identity, 3xxx control channel, 4xxx documents and
//! the REST contract, 5xxx credentials, 6xxx stores, 7xxx copy, 8xxx gateway, 9xxx internal.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What is known about one code.
#[derive(Debug)]
pub struct ErrorPage {
    /// The code as users see it, `SL` and four digits.
    pub code: &'static str,
    /// A few words.
    pub title: &'static str,
    /// Why it happens.
    pub cause: &'static str,
    /// What to do.
    pub next: &'static str,
    /// Whether trying again later may help by itself.
    pub retryable: bool,
}

macro_rules! catalogue {
    ($($name:ident $code:literal $retry:literal $title:literal $cause:literal $next:literal)*) => {
        /// A stable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $title] $name,)* }

        /// Every code, in order.
        pub const ALL: &[Code] = &[$(Code::$name,)*];

        impl Code {
            /// The code's page.
            pub fn page(self) -> &'static ErrorPage {
                match self {
                    $(Code::$name => &ErrorPage { code: $code, title: $title, cause: $cause, next: $next, retryable: $retry },)*
                }
            }
        }
    };
}

include!("codes/catalogue.rs");

impl Code {
    /// Finds a code by its text, in any case.
    pub fn parse(text: &str) -> Option<Code> {
        ALL.iter()
            .copied()
            .find(|code| code.page().code.eq_ignore_ascii_case(text.trim()))
    }

    /// The code's text, such as `SL6004`.
    pub fn as_str(self) -> &'static str {
        self.page().code
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        // A newer peer may know codes that this version does not.
        Ok(Code::parse(&text).unwrap_or(Code::UnknownCode))
    }
}

impl ErrorPage {
    /// The page as Markdown, as it stands in `docs/errors/`.
    pub fn to_markdown(&self) -> String {
        let retry = if self.retryable {
            "Yes: Sluice tries again by itself where it can."
        } else {
            "No: something has to change first."
        };
        format!(
            "# {}: {}\n\n## Cause\n{}\n\n## What to do\n{}\n\n## Worth retrying as it is?\n{}\n",
            self.code, self.title, self.cause, self.next, retry
        )
    }
}
