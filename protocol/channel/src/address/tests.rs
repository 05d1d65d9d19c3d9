use super::*;

fn peer(gateway: &str, node: &str) -> Peer {
    Peer {
        gateway: gateway.into(),
        node: node.into(),
    }
}

#[test]
fn addresses_survive_as_text() {
    for (text, address) in [
        ("gw/g1/jobs", Address::Jobs { gateway: "g1".into() }),
        (
            "gw/g1/node/n1/control",
            Address::Control {
                gateway: "g1".into(),
                node: "n1".into(),
            },
        ),
        (
            "gw/g1/events",
            Address::Events {
                gateway: Some("g1".into()),
            },
        ),
        ("events", Address::Events { gateway: None }),
    ] {
        assert_eq!(address.to_string(), text);
        assert_eq!(text.parse::<Address>().unwrap(), address);
        address.check().unwrap();
    }
}

#[test]
fn anything_else_is_refused() {
    let long = format!("gw/{}/jobs", "x".repeat(MAX_ID + 1));
    for text in [
        "",
        "gw",
        "gw//jobs",
        "gw/g1/jobs/",
        "/gw/g1/jobs",
        "gw/g1/node//control",
        "gw/g1/node/n1",
        "gw/g 1/jobs",
        "gw/g\n1/jobs",
        "GW/g1/jobs",
        "$management",
        &long,
    ] {
        assert_eq!(
            text.parse::<Address>().unwrap_err().code,
            Code::ChannelRefused,
            "{text:?}"
        );
    }
}

#[test]
fn an_identifier_cannot_become_another_address() {
    let sly = Address::Jobs {
        gateway: "g1/node/n1".into(),
    };
    assert!(sly.check().is_err());
}

#[test]
fn a_node_reaches_its_own_addresses_only() {
    let me = peer("g1", "n1");
    let read: Vec<bool> = [
        "gw/g1/jobs",
        "gw/g1/node/n1/control",
        "gw/g1/node/n2/control",
        "gw/g2/jobs",
        "gw/g1/events",
        "events",
    ]
    .iter()
    .map(|text| text.parse::<Address>().unwrap().readable_by(&me))
    .collect();
    assert_eq!(read, [true, true, false, false, false, false]);
    let write: Vec<bool> = [
        "gw/g1/events",
        "gw/g2/events",
        "events",
        "gw/g1/jobs",
        "gw/g1/node/n1/control",
    ]
    .iter()
    .map(|text| text.parse::<Address>().unwrap().writable_by(&me))
    .collect();
    assert_eq!(write, [true, false, false, false, false]);
}
