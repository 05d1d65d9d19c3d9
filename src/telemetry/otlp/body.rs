//! The request: `ExportMetricsServiceRequest` in OTLP's JSON form. Names and labels are those of the Prometheus page.

use super::super::Identity;
use super::super::families::{Family, Sample};
use serde_json::{Map, Value, json};

/// Counts go on from the start of the process, they are no differences.
const CUMULATIVE: u8 = 2;

/// The request. Times are nanoseconds since the epoch; `start` is that of the process.
pub(super) fn request(families: &[Family], identity: &Identity, start: u128, now: u128) -> Value {
    let times = Times {
        start: start.to_string(),
        now: now.to_string(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let metrics: Vec<Value> = families.iter().filter_map(|family| metric(family, &times)).collect();
    json!({ "resourceMetrics": [{
        "resource": { "attributes": [
            attribute("service.name", identity.service),
            attribute("service.version", version),
            attribute("service.instance.id", &identity.instance),
        ] },
        "scopeMetrics": [{
            "scope": { "name": "sluice", "version": version },
            "metrics": metrics,
        }],
    }] })
}

struct Times {
    start: String,
    now: String,
}

fn metric(family: &Family, times: &Times) -> Option<Value> {
    let whole = family
        .samples
        .iter()
        .all(|sample| sample.value.parse::<u64>().is_ok_and(|n| i64::try_from(n).is_ok()));
    // Seconds stay fractions also while they happen to be whole.
    let whole = whole && unit(&family.name) != "s";
    let points = || -> Vec<Value> {
        let points = family.samples.iter().map(|sample| number(sample, whole, times));
        points.collect()
    };
    let (kind, data) = match family.kind.as_str() {
        "counter" => {
            let sum = json!({ "aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points() });
            ("sum", sum)
        }
        "gauge" => ("gauge", json!({ "dataPoints": points() })),
        "histogram" => {
            let histogram =
                json!({ "aggregationTemporality": CUMULATIVE, "dataPoints": histograms(&family.samples, times) });
            ("histogram", histogram)
        }
        _ => return None,
    };
    let mut metric = Map::new();
    metric.insert("name".to_owned(), family.name.as_str().into());
    metric.insert("description".to_owned(), family.help.as_str().into());
    metric.insert("unit".to_owned(), unit(&family.name).into());
    metric.insert(kind.to_owned(), data);
    Some(Value::Object(metric))
}

/// The unit that a name ends in, as UCUM spells it.
fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    match name.rsplit('_').next() {
        Some("seconds") => "s",
        Some("bytes") => "By",
        _ => "1",
    }
}

/// Whole numbers are text in OTLP's JSON, as all numbers of 64 bits are in protobuf's.
fn number(sample: &Sample, whole: bool, times: &Times) -> Value {
    let mut point = point(&sample.labels, times);
    if whole {
        point["asInt"] = sample.value.as_str().into();
    } else {
        point["asDouble"] = double(&sample.value);
    }
    point
}

/// One point per set of labels; its lines follow one another on the page, `_count` last.
fn histograms(samples: &[Sample], times: &Times) -> Vec<Value> {
    let mut points = Vec::new();
    let (mut bounds, mut counts, mut below, mut sum) = (Vec::new(), Vec::new(), 0_u64, Value::Null);
    for sample in samples {
        match sample.suffix.as_str() {
            "_bucket" => {
                let bound = sample.labels.iter().find(|(name, _)| name == "le");
                // Above the last bound there is one bucket more.
                if let Some((_, bound)) = bound.filter(|(_, bound)| bound != "+Inf") {
                    bounds.push(double(bound));
                }
                let up_to = sample.value.parse::<u64>().unwrap_or(below);
                counts.push(up_to.saturating_sub(below).to_string());
                below = up_to;
            }
            "_sum" => sum = double(&sample.value),
            "_count" => {
                let mut point = point(&sample.labels, times);
                point["count"] = sample.value.as_str().into();
                point["sum"] = std::mem::take(&mut sum);
                point["explicitBounds"] = std::mem::take(&mut bounds).into();
                point["bucketCounts"] = std::mem::take(&mut counts).into();
                below = 0;
                points.push(point);
            }
            _ => {}
        }
    }
    points
}

fn point(labels: &[(String, String)], times: &Times) -> Value {
    let attributes: Vec<Value> = labels.iter().map(|(name, value)| attribute(name, value)).collect();
    json!({ "attributes": attributes, "startTimeUnixNano": times.start, "timeUnixNano": times.now })
}

fn attribute(name: &str, value: &str) -> Value {
    json!({ "key": name, "value": { "stringValue": value } })
}

fn double(text: &str) -> Value {
    text.parse::<f64>().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::super::super::families::parse;
    use super::*;

    #[test]
    fn every_kind_has_its_form() {
        let page = "# HELP a_total Things.\n# TYPE a_total counter\na_total{k=\"v\"} 18\n\
            # HELP b_seconds Age.\n# TYPE b_seconds gauge\nb_seconds 3\n\
            # HELP h_seconds Time.\n# TYPE h_seconds histogram\n\
            h_seconds_bucket{m=\"x\",le=\"0.1\"} 2\nh_seconds_bucket{m=\"x\",le=\"1\"} 2\nh_seconds_bucket{m=\"x\",le=\"+Inf\"} 5\n\
            h_seconds_sum{m=\"x\"} 7.5\nh_seconds_count{m=\"x\"} 5\n\
            h_seconds_bucket{m=\"y\",le=\"0.1\"} 0\nh_seconds_bucket{m=\"y\",le=\"1\"} 1\nh_seconds_bucket{m=\"y\",le=\"+Inf\"} 1\n\
            h_seconds_sum{m=\"y\"} 0.5\nh_seconds_count{m=\"y\"} 1\n";
        let identity = Identity {
            service: "sluice-gateway",
            instance: "node-1".to_owned(),
        };
        let request = request(&parse(page), &identity, 5, 9);
        let resource = &request["resourceMetrics"][0];
        assert_eq!(
            resource["resource"]["attributes"][0],
            attribute("service.name", "sluice-gateway")
        );
        let metrics = &resource["scopeMetrics"][0]["metrics"];
        let point = |kind: &str, value: (&str, Value), labels: &[(&str, &str)]| {
            let attributes: Vec<_> = labels.iter().map(|(name, value)| attribute(name, value)).collect();
            let mut point = json!({ "attributes": attributes, "startTimeUnixNano": "5", "timeUnixNano": "9" });
            point[value.0] = value.1;
            (kind.to_owned(), point)
        };
        let (_, counted) = point("sum", ("asInt", "18".into()), &[("k", "v")]);
        assert_eq!(
            metrics[0],
            json!({ "name": "a_total", "description": "Things.", "unit": "1",
                "sum": { "aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [counted] } })
        );
        let (_, age) = point("gauge", ("asDouble", 3.0.into()), &[]);
        assert_eq!(
            metrics[1],
            json!({ "name": "b_seconds", "description": "Age.", "unit": "s", "gauge": { "dataPoints": [age] } })
        );
        let points = &metrics[2]["histogram"]["dataPoints"];
        assert_eq!(points[0]["bucketCounts"], json!(["2", "0", "3"]));
        assert_eq!(points[0]["explicitBounds"], json!([0.1, 1.0]));
        assert_eq!((&points[0]["count"], &points[0]["sum"]), (&json!("5"), &json!(7.5)));
        assert_eq!(points[1]["bucketCounts"], json!(["0", "1", "0"]));
        assert_eq!(points[1]["attributes"], json!([attribute("m", "y")]));
        assert_eq!(points.as_array().map(Vec::len), Some(2));
    }
}
