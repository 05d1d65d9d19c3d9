//! Takes secrets out of texts. Nothing that writes a text for a bundle puts one in; this is for what others have written into a
//! name, a message or a log.

use serde_json::Value;
use zeroize::Zeroizing;

/// What stands in a secret's place.
const GONE: &str = "[left out]";
/// Shorter words could be a part of anything.
const SHORTEST: usize = 8;
/// What a name ends with whose value is a secret; letters and digits only.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secretkey",
    "accesskey",
    "accountkey",
    "sharedkey",
    "apikey",
    "token",
    "authorization",
    "signature",
    "sig",
    "privatekey",
    "encryptedcredential",
    "connectionstring",
    "servicekey",
    "authkey",
    "authkey1",
    "authkey2",
    "serviceprincipalkey",
    "cookie",
];
/// What an authorization begins with.
const SCHEMES: &[&str] = &["Bearer", "Basic", "SharedKey"];
/// Values that say nothing.
const PLAIN: &[&str] = &["true", "false", "null", "none", "-"];

/// Knows the secrets of a state directory.
pub(super) struct Scrubber {
    known: Vec<Zeroizing<String>>,
}

impl Scrubber {
    pub(super) fn new(mut known: Vec<Zeroizing<String>>) -> Self {
        known.retain(|secret| secret.len() >= SHORTEST);
        Self { known }
    }

    /// The text without secrets.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.known {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), GONE);
            }
        }
        let text = without_keys(&text);
        let mut clean = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            clean += &words(&assigned(line));
        }
        clean
    }
}

/// Takes out what members of a document hold whose names say that it is a secret.
pub(super) fn members(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(members),
        Value::Object(object) => {
            for (name, value) in object {
                let text_or_more = value.is_string() || value.is_object() || value.is_array();
                match is_secret(name) && text_or_more {
                    true => *value = GONE.into(),
                    false => members(value),
                }
            }
        }
        _ => {}
    }
}

/// Whether a value under this name is a secret.
fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    NAMES.iter().any(|secret| plain.ends_with(secret))
}

/// Without the blocks of private keys in PEM.
fn without_keys(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        let block = &rest[at..];
        let head = block.lines().next().unwrap_or_default();
        if !head.contains("PRIVATE KEY") {
            clean += &rest[..at + 11];
            rest = &block[11..];
            continue;
        }
        clean += &rest[..at];
        clean += GONE;
        // A block without an end may have been cut: nothing behind its beginning is kept.
        rest = block
            .find("-----END ")
            .and_then(|end| Some(end + 9 + block[end + 9..].find("-----")? + 5))
            .map_or("", |end| &block[end..]);
    }
    clean + rest
}

/// Without the values of `password=..`, `"password": ".."`, `AccountKey=..`, `password: ..`.
fn assigned(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['=', ':']) {
        let behind = &rest[at + 1..];
        let name = name_before(&rest[..at], clean.ends_with("::"));
        clean += &rest[..=at];
        rest = behind;
        if !is_secret(name) {
            continue;
        }
        let lead = behind.len() - behind.trim_start_matches([' ', '"', '\'', '\\']).len();
        let value = &behind[lead..];
        let end = value_end(&behind[..lead], value);
        let shown = &value[..end];
        // A fencing token is a number; `user:password@host` of an address is another matter.
        let is_token = name.split_whitespace().last() == Some("token");
        let is_number = is_token && shown.bytes().all(|c| c.is_ascii_digit());
        let is_plain = is_number || shown.is_empty() || PLAIN.contains(&shown) || shown.starts_with("//");
        clean += &behind[..lead];
        clean += if is_plain { shown } else { GONE };
        rest = &value[end..];
    }
    clean + rest
}

/// The name that stands before an equals sign or a colon; none where it is the last module of a path, as lines of the log have
/// them.
fn name_before(text: &str, in_path: bool) -> &str {
    let name = text.trim_end_matches(['"', '\'', '\\', ' ']);
    let is_other = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | ' ');
    let begin = name
        .char_indices()
        .rev()
        .find(|(_, c)| is_other(*c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    match in_path && begin == 0 {
        true => "",
        false => name[begin..].trim(),
    }
}

/// Where the value ends that begins behind `lead`, which is spaces and quotes.
fn value_end(lead: &str, value: &str) -> usize {
    let quote = lead.chars().rev().find(|c| matches!(c, '"' | '\''));
    let Some(quote) = quote else {
        if value.starts_with(['{', '[']) {
            return brackets(value);
        }
        // An authorization is two words.
        let scheme = SCHEMES
            .iter()
            .find_map(|scheme| value.strip_prefix(scheme)?.starts_with(' ').then_some(scheme.len() + 1))
            .unwrap_or(0);
        let ends = |c: char| c.is_whitespace() || matches!(c, ';' | '&' | ',' | '"' | '\'' | '}' | ')');
        return value[scheme..].find(ends).map_or(value.len(), |end| scheme + end);
    };
    if lead.matches(quote).count() > 1 {
        // It is empty.
        return 0;
    }
    // Within a text that is quoted itself, quotes are escaped; else those that are escaped are part of the value.
    let escaped = lead.contains('\\');
    let mut before = ' ';
    for (at, c) in value.char_indices() {
        if c == quote && escaped {
            return at - usize::from(before == '\\');
        }
        if c == '\n' || (c == quote && before != '\\') {
            return at;
        }
        before = if before == '\\' && c == '\\' { ' ' } else { c };
    }
    value.len()
}

/// Where an object or a list ends.
fn brackets(value: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in value.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    value.len()
}

/// Without words that are a secret by their form: tokens, sealed credentials, registration keys, logins in addresses.
fn words(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    let is_part = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | ',' | '<' | '>' | '(' | ')' | '\\' | '`');
    let mut after_scheme = false;
    while !rest.is_empty() {
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        if length == 0 {
            let c = rest.chars().next().map_or(1, char::len_utf8);
            clean += &rest[..c];
            rest = &rest[c..];
            continue;
        }
        let word = &rest[..length];
        clean += &match after_scheme && word.len() >= SHORTEST {
            true => GONE.to_owned(),
            false => one(word),
        };
        after_scheme = SCHEMES.contains(&word);
        rest = &rest[length..];
    }
    clean
}

fn one(word: &str) -> String {
    // A JWT or a sealed credential: a JSON header in base64url, then points.
    if let Some(at) = word.find("eyJ") {
        let token = &word[at..];
        let end = token
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_'))
            .unwrap_or(token.len());
        if token[..end].matches('.').count() >= 2 {
            return format!("{}{GONE}{}", &word[..at], one(&token[end..]));
        }
    }
    if word.starts_with("SLUICE@") && word.matches('@').count() >= 4 {
        return GONE.to_owned();
    }
    // `scheme://user:password@host`
    if let Some((scheme, place)) = word.split_once("://")
        && let Some(at) = place.find('@')
        && let Some(colon) = place[..at].find(':')
        && !place[..at].contains('/')
    {
        return format!("{scheme}://{}:{GONE}{}", &place[..colon], &place[at..]);
    }
    word.to_owned()
}
