//! Linked services in every spelling.

use super::*;
use serde_json::json;

fn read(public: serde_json::Value) -> Result<Settings, Fault> {
    let mut properties = StoreProperties {
        kind: "SqlServer".into(),
        public: public.as_object().unwrap().clone(),
        ..StoreProperties::default()
    };
    properties.secrets.insert("password", "canary");
    Settings::read(&properties, sluice_store_core::Network::open())
}

#[test]
fn properties_and_connection_strings_say_the_same() {
    let a = json!({"server": "tcp:db,1500", "database": "d", "userName": "u", "encrypt": "mandatory", "trustServerCertificate": true});
    let b = json!({"connectionString": "Data Source=tcp:db,1500;Initial Catalog=d;User ID=u;Encrypt=True;TrustServerCertificate=Yes"});
    for settings in [read(a).unwrap(), read(b).unwrap()] {
        assert_eq!((settings.host.as_str(), settings.port), ("db", Some(1500)));
        assert_eq!((settings.database.as_str(), settings.user.as_str()), ("d", "u"));
        assert_eq!((settings.encrypt, settings.trust), (Encrypt::Mandatory, true));
        assert_eq!(settings.password.as_str(), "canary");
        assert_eq!(settings.place(), "db:1500");
    }
}

#[test]
fn servers_are_named_in_many_ways() {
    let of = |server: &str| {
        let settings = read(json!({"server": server, "userName": "u"})).unwrap();
        (settings.host, settings.port, settings.instance)
    };
    assert_eq!(of("db"), ("db".into(), None, None));
    assert_eq!(of("TCP:db"), ("db".into(), None, None));
    assert_eq!(of("db\\INST"), ("db".into(), None, Some("INST".into())));
    assert_eq!(of("db\\INST,1444"), ("db".into(), Some(1444), None));
    assert_eq!(of("db\\mssqlserver"), ("db".into(), None, None));
    assert_eq!(of("."), ("localhost".into(), None, None));
    assert_eq!(of("(local)\\x"), ("localhost".into(), None, Some("x".into())));
    assert_eq!(of("[::1],1433"), ("::1".into(), Some(1433), None));
}

#[test]
fn encryption_is_on_unless_it_is_turned_off() {
    let of = |text: &str| read(json!({ "connectionString": format!("Server=h;UID=u;{text}") })).map(|s| s.encrypt);
    assert_eq!(of("").unwrap(), Encrypt::Mandatory);
    assert_eq!(of("Encrypt=false").unwrap(), Encrypt::Optional);
    assert_eq!(of("Encrypt=Strict").unwrap(), Encrypt::Strict);
    assert_eq!(of("Encrypt=perhaps").unwrap_err().code, Code::PropertyMissing);
}

#[test]
fn what_is_missing_or_not_served_is_named() {
    for (public, word) in [
        (
            json!({"server": "h", "userName": "u", "caCertificate": "MIIB"}),
            "caCertificate",
        ),
        (json!({"userName": "u"}), "server"),
        (json!({"server": "h"}), "userName"),
        (json!({"server": "h,0", "userName": "u"}), "port"),
        (json!({"server": "np:\\\\h\\pipe\\sql", "userName": "u"}), "TCP"),
        (
            json!({"server": "h", "userName": "u", "authenticationType": "Windows"}),
            "Windows",
        ),
        (
            json!({"server": "h", "userName": "u", "authenticationType": "SystemAssignedManagedIdentity"}),
            "ManagedIdentity",
        ),
        (
            json!({"connectionString": "Server=h;Integrated Security=SSPI"}),
            "Windows",
        ),
        (
            json!({"connectionString": "Server=h;Trusted_Connection=yes"}),
            "Windows",
        ),
        (json!({"server": "h", "servicePrincipalId": "x"}), "servicePrincipalId"),
        (
            json!({"connectionString": "Server=h;UID=u;Column Encryption Setting=Enabled"}),
            "Always Encrypted",
        ),
        (
            json!({"server": "h", "userName": "u", "connectTimeout": 0}),
            "connectTimeout",
        ),
        (
            json!({"server": "h", "userName": "u", "trustServerCertificate": "x"}),
            "trustServerCertificate",
        ),
    ] {
        let fault = read(public).err().unwrap();
        assert_eq!(fault.code, Code::PropertyMissing);
        assert!(fault.message.contains(word), "{fault}");
        assert!(!fault.message.contains("canary"));
    }
}
