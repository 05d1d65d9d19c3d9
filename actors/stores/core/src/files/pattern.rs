//! Wildcards over names and folders.
//!
//! As in ADF's copies, `*` is any number of characters, `?` is one character or none, and `^` takes the special meaning of the
//! character behind it. As in its data flows, `**` as a whole folder is any number of folders, and `[a-c]` one of the
//! characters. `{a,b}` is one of the texts. Brackets and braces also match themselves, for a name may hold them.

use sluice_contract::{Code, Fault};

/// More texts than this do not come out of one pattern's braces.
const MOST_ALTERNATIVES: usize = 1000;

/// A pattern, ready to be compared with names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Vec<Token>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// Any number of characters.
    Any,
    /// One character or none.
    Maybe,
    /// One of these, or none of them.
    Class {
        ranges: Vec<(char, char)>,
        inverted: bool,
    },
}

impl Pattern {
    /// Reads a pattern over one name.
    ///
    /// # Errors
    /// `SL6013` when its braces stand for too many texts.
    pub fn new(text: &str) -> Result<Self, Fault> {
        let mut alternatives = vec![literal(text)];
        if text.contains(['[', '{']) {
            for text in braces(text)? {
                alternatives.push(tokens(&text));
            }
        }
        Ok(Self(alternatives))
    }

    /// Whether a name fits.
    pub fn fits(&self, name: &str) -> bool {
        self.0.iter().any(|tokens| fits(tokens, name))
    }
}

/// Whether a text has a wildcard at all.
pub fn is_wild(text: &str) -> bool {
    text.contains(['*', '?', '[', '{', '^'])
}

/// `*`, `?` and `^`; all else stands for itself.
fn literal(text: &str) -> Vec<Token> {
    read(text, false)
}

fn tokens(text: &str) -> Vec<Token> {
    read(text, true)
}

fn read(text: &str, classes: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => tokens.push(Token::Any),
            '?' => tokens.push(Token::Maybe),
            '^' => tokens.push(Token::Char(rest.next().unwrap_or('^'))),
            '[' if classes => match class(rest.as_str()) {
                Some((token, behind)) => {
                    tokens.push(token);
                    rest = behind.chars();
                }
                None => tokens.push(Token::Char('[')),
            },
            c => tokens.push(Token::Char(c)),
        }
    }
    tokens
}

/// What is in brackets, and what is behind them.
fn class(text: &str) -> Option<(Token, &str)> {
    let (inside, behind) = text.split_once(']').filter(|(inside, _)| !inside.is_empty())?;
    let (inside, inverted) = match inside.strip_prefix('!') {
        Some(inside) if !inside.is_empty() => (inside, true),
        _ => (inside, false),
    };
    let mut chars = inside.chars().peekable();
    let mut ranges = Vec::new();
    while let Some(from) = chars.next() {
        let mut ahead = chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) => {
                ranges.push((from, to));
                chars = ahead;
            }
            _ => ranges.push((from, from)),
        }
    }
    Some((Token::Class { ranges, inverted }, behind))
}

/// All texts that a pattern's braces stand for; braces within braces are not read.
fn braces(text: &str) -> Result<Vec<String>, Fault> {
    let mut found = vec![String::new()];
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((inside, behind)) = behind.split_once('}') else {
            break;
        };
        let choices: Vec<&str> = inside.split(',').collect();
        if found.len() * choices.len() > MOST_ALTERNATIVES {
            let message = format!("the wildcard {text:?} stands for more than {MOST_ALTERNATIVES} texts");
            return Err(Fault::new(Code::PropertyMissing, message));
        }
        found = found
            .iter()
            .flat_map(|head| choices.iter().map(move |choice| format!("{head}{before}{choice}")))
            .collect();
        rest = behind;
    }
    for head in &mut found {
        head.push_str(rest);
    }
    Ok(found)
}

/// All places of the pattern at once, so that the time is the product of the two lengths whatever the pattern.
fn fits(tokens: &[Token], name: &str) -> bool {
    let mut at = vec![false; tokens.len() + 1];
    at[0] = true;
    spread(tokens, &mut at);
    for c in name.chars() {
        let mut next = vec![false; tokens.len() + 1];
        for (place, token) in tokens.iter().enumerate().filter(|(place, _)| at[*place]) {
            match token {
                Token::Any => next[place] = true,
                Token::Maybe => next[place + 1] = true,
                Token::Char(wanted) => next[place + 1] |= *wanted == c,
                Token::Class { ranges, inverted } => {
                    let within = ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                    next[place + 1] |= within != *inverted;
                }
            }
        }
        at = next;
        spread(tokens, &mut at);
    }
    at[tokens.len()]
}

/// Passes over tokens that need no character.
fn spread(tokens: &[Token], at: &mut [bool]) {
    for (place, token) in tokens.iter().enumerate() {
        if at[place] && matches!(token, Token::Any | Token::Maybe) {
            at[place + 1] = true;
        }
    }
}

/// A pattern over a folder's path, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPattern {
    /// The folders before the first wildcard.
    pub fixed: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `**`
    Deep,
    One(Pattern),
}

impl FolderPattern {
    /// Reads a pattern such as `year=*/month=0?`.
    ///
    /// # Errors
    /// `SL6013` when its braces stand for too many texts.
    pub fn new(text: &str) -> Result<Self, Fault> {
        let texts: Vec<&str> = text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        let fixed = texts
            .iter()
            .take_while(|text| !is_wild(text))
            .copied()
            .collect::<Vec<_>>();
        let parts = texts.iter().map(|text| match *text {
            "**" => Ok(Part::Deep),
            text => Pattern::new(text).map(Part::One),
        });
        Ok(Self {
            fixed: fixed.join("/"),
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// Whether a folder fits; `below`: or lies below one that does.
    pub fn fits(&self, folder: &str, below: bool) -> bool {
        let folders: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        let mut at = vec![false; self.parts.len() + 1];
        at[0] = true;
        self.pass_deep(&mut at);
        for name in folders {
            if below && at[self.parts.len()] {
                return true;
            }
            let mut next = vec![false; self.parts.len() + 1];
            for (place, part) in self.parts.iter().enumerate().filter(|(place, _)| at[*place]) {
                match part {
                    Part::Deep => next[place] = true,
                    Part::One(pattern) => next[place + 1] |= pattern.fits(name),
                }
            }
            at = next;
            self.pass_deep(&mut at);
        }
        at[self.parts.len()]
    }

    fn pass_deep(&self, at: &mut [bool]) {
        for (place, part) in self.parts.iter().enumerate() {
            if at[place] && *part == Part::Deep {
                at[place + 1] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (pattern, name, fit) in [
            ("*", "", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a?c*e", "abcdddde", true),
            ("a?c", "ac", true),
            ("a?c", "abbc", false),
            ("?", "ß", true),
            ("*a*a*b", &"a".repeat(200), false),
            ("a^*b", "a*b", true),
            ("a^*b", "axb", false),
            ("data[0-3x].csv", "data2.csv", true),
            ("data[0-3x].csv", "datax.csv", true),
            ("data[!0-3].csv", "data2.csv", false),
            ("data[1].csv", "data[1].csv", true),
            ("{jan,feb}-*.csv", "feb-1.csv", true),
            ("{jan,feb}-*.csv", "mar-1.csv", false),
            ("{jan", "{jan", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().fits(name), fit, "{pattern} {name}");
        }
        assert!(Pattern::new(&"{a,b}".repeat(20)).is_err());
    }

    #[test]
    fn folders() {
        for (pattern, folder, below, fit) in [
            ("in/year=*", "in/year=2024", false, true),
            ("in/year=*", "in/year=2024/month=1", false, false),
            ("in/year=*", "in/year=2024/month=1", true, true),
            ("in/year=*", "in", true, false),
            ("in/**", "in", false, true),
            ("in/**/x", "in/a/b/x", false, true),
            ("in/**/x", "in/a/b/y", false, false),
            ("*/b", "a/b", false, true),
            ("*/b", "a/c/b", false, false),
        ] {
            let found = FolderPattern::new(pattern).unwrap().fits(folder, below);
            assert_eq!(found, fit, "{pattern} {folder} {below}");
        }
        assert_eq!(FolderPattern::new("/a//b/c*/d").unwrap().fixed, "a/b");
    }
}
