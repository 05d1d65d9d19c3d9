//! What OpenTelemetry's variables say.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use url::Url;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const METRICS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const METRICS_HEADERS: &str = "OTEL_EXPORTER_OTLP_METRICS_HEADERS";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";

/// Where to, how often, and with what. No `Debug`: addresses and headers may hold passwords.
pub(super) struct Settings {
    pub(super) url: Url,
    /// The host and port alone, for logs.
    pub(super) host: String,
    /// Each is marked as sensitive.
    pub(super) headers: HeaderMap,
    pub(super) every: Duration,
    pub(super) timeout: Duration,
    /// File of a CA certificate that is trusted instead of the system's.
    pub(super) certificate: Option<String>,
}

impl Settings {
    /// Reads the variables; `None` when none names a collector.
    ///
    /// # Errors
    /// What is wrong, by the variable's name and without its value.
    pub(super) fn from(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let variable = |name: &str| {
            variable(name)
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        // The one for all kinds of telemetry is a base, the one for figures is used as it is.
        let url = match (variable(METRICS_ENDPOINT), variable(ENDPOINT)) {
            (Some(whole), _) => address(METRICS_ENDPOINT, &whole)?,
            (None, Some(base)) => {
                let mut url = address(ENDPOINT, &base)?;
                let path = format!("{}/v1/metrics", url.path().trim_end_matches('/'));
                url.set_path(&path);
                url
            }
            (None, None) => return Ok(None),
        };
        let mut headers = HeaderMap::new();
        for name in [HEADERS, METRICS_HEADERS] {
            add_headers(name, &variable(name).unwrap_or_default(), &mut headers)?;
        }
        let millis = |name: &str, default: u64| match variable(name) {
            None => Ok(Duration::from_millis(default)),
            Some(text) => match text.parse::<u64>() {
                Ok(ms @ 1..) => Ok(Duration::from_millis(ms)),
                _ => Err(format!("{name} is not a number of milliseconds")),
            },
        };
        Ok(Some(Self {
            host: format!(
                "{}:{}",
                url.host_str().unwrap_or_default(),
                url.port_or_known_default().unwrap_or_default()
            ),
            url,
            headers,
            every: millis(INTERVAL, 60_000)?,
            timeout: millis(TIMEOUT, 10_000)?,
            certificate: variable(CERTIFICATE),
        }))
    }
}

fn address(name: &str, text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(format!("{name} is not an http or https address")),
        Err(error) => Err(format!("{name} is not an address: {error}")),
    }
}

/// `name=value,name=value`, values percent-encoded.
fn add_headers(variable: &str, text: &str, headers: &mut HeaderMap) -> Result<(), String> {
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let wrong = || format!("{variable} is not of the form name=value,name=value");
        let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_bytes(&decoded(value.trim())).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(())
}

/// Takes `%41` for `A`, and everything else as it is.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits
            .and_then(|two| u8::from_str_radix(two, 16).ok())
            .filter(|_| byte == b'%')
        {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &behind[2..];
            }
            None => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        Settings::from(|name| {
            pairs
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_base_gets_a_path_and_the_whole_address_none() {
        assert!(settings(&[]).unwrap().is_none());
        assert!(settings(&[(ENDPOINT, " ")]).unwrap().is_none());
        let plain = settings(&[(ENDPOINT, "http://collector:4318")]).unwrap().unwrap();
        assert_eq!(plain.url.as_str(), "http://collector:4318/v1/metrics");
        assert_eq!(
            (plain.every, plain.timeout),
            (Duration::from_secs(60), Duration::from_secs(10))
        );
        let below = settings(&[(ENDPOINT, "https://u:p@c/otel/")]).unwrap().unwrap();
        assert_eq!(below.url.path(), "/otel/v1/metrics");
        assert_eq!(below.host, "c:443");
        let whole = settings(&[
            (ENDPOINT, "http://a"),
            (METRICS_ENDPOINT, "http://b/x"),
            (INTERVAL, "250"),
        ]);
        let whole = whole.unwrap().unwrap();
        assert_eq!(
            (whole.url.as_str(), whole.every),
            ("http://b/x", Duration::from_millis(250))
        );
    }

    #[test]
    fn headers_are_decoded_and_sensitive() {
        let pairs = [
            (ENDPOINT, "http://c"),
            (HEADERS, "api-key=a%20b%3D, x = 1=2 "),
            (METRICS_HEADERS, "x=3%,"),
        ];
        let settings = settings(&pairs).unwrap().unwrap();
        assert_eq!(settings.headers["api-key"], "a b=");
        assert_eq!(settings.headers["x"], "3%");
        let shown = format!("{:?}", settings.headers);
        assert!(!shown.contains("a b="), "{shown}");
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (name, value) in [
            (ENDPOINT, "geheim"),
            (ENDPOINT, "ftp://geheim"),
            (METRICS_ENDPOINT, "http://"),
            (HEADERS, "geheim"),
            (HEADERS, "a b=geheim"),
            (HEADERS, "a=geheim%0A"),
            (INTERVAL, "0"),
            (TIMEOUT, "-1"),
        ] {
            let mut pairs = vec![(name, value)];
            pairs.push((ENDPOINT, "http://c"));
            let why = settings(&pairs)
                .err()
                .unwrap_or_else(|| panic!("{name}={value} was taken"));
            assert!(why.starts_with(name) && !why.contains("geheim"), "{why}");
        }
    }
}
