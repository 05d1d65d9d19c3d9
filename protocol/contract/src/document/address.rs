//! Addresses with a password or a signature in them.

use super::secret::secret_part;

/// `scheme://user:password@host/..?sig=..` without the password and without the secret parameters. Not by a URL parser:
/// it would turn down, and so let pass, several hosts in one address or a password with a slash.
pub(super) fn without_address_secrets(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || scheme.contains(char::is_whitespace) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = match rest[..end].rfind('@') {
        Some(at) => Some(at),
        // An address that cannot be read as it stands may have a password that is not escaped.
        None if url::Url::parse(text).is_err() => rest.rfind('@'),
        None => None,
    };
    let (user, behind) = at.map_or(("", rest), |at| rest.split_at(at));
    let (place, query) = behind.split_once('?').unwrap_or((behind, ""));
    let public = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !secret_part(name) && !name.eq_ignore_ascii_case("sig")
    };
    let kept: Vec<&str> = query.split('&').filter(public).collect();
    let name = user.split(':').next().unwrap_or_default();
    let question = if kept.iter().all(|pair| pair.is_empty()) {
        ""
    } else {
        "?"
    };
    let shown = format!("{scheme}://{name}{place}{question}{}", kept.join("&"));
    let secret = user.contains(':') || kept.len() < query.split('&').count();
    secret.then_some(shown)
}
