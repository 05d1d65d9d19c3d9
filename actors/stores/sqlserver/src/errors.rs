//! From the driver's errors to faults. Only the server's own message is quoted; it never holds the password.

use sluice_contract::{Code, Fault};
use std::io::ErrorKind;
use tiberius::error::Error;

/// The fault for an error met while `doing` something, such as "reading dbo.orders".
pub(crate) fn fault(doing: &str, error: &Error) -> Fault {
    let (code, text) = match error {
        Error::Server(said) => {
            let mut text = format!("{} (error {})", said.message().trim_end_matches('.'), said.code());
            if !said.procedure().is_empty() {
                text.push_str(&format!(", in the procedure {}", said.procedure()));
            }
            // Severity 20 and above end the connection, whatever they are about.
            match (code_of(said.code()), said.class()) {
                (Code::StoreFailed, 20..) => (Code::StoreUnreachable, text),
                (code, _) => (code, text),
            }
        }
        Error::Io { kind, message } => match kind {
            ErrorKind::InvalidData | ErrorKind::InvalidInput => (Code::TlsFailed, message.clone()),
            ErrorKind::TimedOut => (Code::StoreUnreachable, "no answer in time".to_owned()),
            _ => (Code::StoreUnreachable, message.clone()),
        },
        Error::Tls(text) => (Code::TlsFailed, tls(text)),
        Error::Protocol(text) if text.contains("encryption level") => {
            let text = "the server offers no encryption; set encrypt to optional where that is wanted";
            (Code::TlsFailed, text.to_owned())
        }
        Error::Encoding(text) => (
            Code::DataInvalid,
            format!("a text is not of its column's code page: {text}"),
        ),
        Error::Conversion(text) | Error::BulkInput(text) => (Code::DataInvalid, text.to_string()),
        Error::Utf8 | Error::Utf16 => (Code::DataInvalid, "a text is not well-formed Unicode".to_owned()),
        other => (Code::StoreFailed, other.to_string()),
    };
    Fault::new(code, text).context(doing)
}

/// Whether it is the answer to one row, or to a few, and not to the connection or the statement.
pub(crate) fn is_data(error: &Error) -> bool {
    match error {
        Error::Server(said) => code_of(said.code()) == Code::DataInvalid && said.class() < 20,
        Error::Encoding(_) | Error::Conversion(_) | Error::BulkInput(_) => true,
        _ => false,
    }
}

/// The driver's advice is for programmers: ours is in the code's page.
fn tls(text: &str) -> String {
    let text = text
        .split(" To connect anyway")
        .next()
        .unwrap_or(text)
        .trim_end_matches('.');
    format!(
        "{text}; trust its authority by `caCertificate`, or set trustServerCertificate where nothing has to be verified"
    )
}

/// The code for an error number.
pub(crate) fn code_of(number: u32) -> Code {
    match number {
        // Logins, and databases that a login may not open or that are not there.
        4060..=4064 | 18401 | 18450..=18488 | 40532 | 40607 | 40615 | 47073 => Code::LoginFailed,
        208 | 4902 | 1088 => Code::TableNotFound,
        229 | 230 | 262 | 297 | 300 | 916 | 1092 | 2557 | 2571 | 2760 | 3704 | 15151 | 15247 | 21050 => {
            Code::PermissionDenied
        }
        1101 | 1105 | 3257 | 5149 | 9002 | 40544 | 40549..=40553 => Code::DiskFull,
        // Deadlocks, lock time-outs, conflicts of snapshots, limits of connections and of Azure: all pass by themselves.
        1204
        | 1205
        | 1222
        | 2714
        | 3950
        | 3957..=3961
        | 5245
        | 8645
        | 8651
        | 10922
        | 10928
        | 10929
        | 14355
        | 17809
        | 17810
        | 17889
        | 40197
        | 40501
        | 40613
        | 41301..=41305
        | 41325
        | 41839
        | 45168
        | 45169
        | 49918..=49920 => Code::StoreBusy,
        64
        | 233
        | 596
        | 952
        | 978
        | 983
        | 6001..=6006
        | 10053
        | 10054
        | 10060
        | 11001
        | 17142
        | 17187..=17197
        | 42108
        | 42109 => Code::StoreUnreachable,
        220
        | 232
        | 235
        | 241
        | 242
        | 244
        | 245
        | 248
        | 295
        | 296
        | 515
        | 517
        | 518
        | 544
        | 545
        | 547
        | 550
        | 1505
        | 2601
        | 2627
        | 2628
        | 3903
        | 4815
        | 4819
        | 4832
        | 4863..=4869
        | 6335..=6365
        | 7339
        | 8007
        | 8009
        | 8023
        | 8029
        | 8114
        | 8115
        | 8134
        | 8152
        | 8169
        | 9402..=9459
        | 9803
        | 13609 => Code::DataInvalid,
        102..=207
        | 209..=219
        | 249..=261
        | 263..=273
        | 306
        | 319
        | 402
        | 408
        | 421
        | 1011..=1087
        | 2715
        | 2717
        | 2812
        | 3930
        | 4104
        | 4121
        | 4145
        | 7202
        | 8102
        | 8117
        | 8120
        | 8144..=8146
        | 8155
        | 8156
        | 8178
        | 8180
        | 11501..=11553
        | 13535..=13537 => Code::QueryFailed,
        _ => Code::StoreFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_codes() {
        for (number, code) in [
            (18456, Code::LoginFailed),
            (4060, Code::LoginFailed),
            (208, Code::TableNotFound),
            (229, Code::PermissionDenied),
            (1105, Code::DiskFull),
            (1205, Code::StoreBusy),
            (40501, Code::StoreBusy),
            (2627, Code::DataInvalid),
            (515, Code::DataInvalid),
            (2628, Code::DataInvalid),
            (8152, Code::DataInvalid),
            (102, Code::QueryFailed),
            (207, Code::QueryFailed),
            (2812, Code::QueryFailed),
            (11526, Code::QueryFailed),
            (6005, Code::StoreUnreachable),
            (0, Code::StoreFailed),
            (u32::MAX, Code::StoreFailed),
        ] {
            assert_eq!(code_of(number), code, "{number}");
        }
    }

    #[test]
    fn the_drivers_advice_is_left_out() {
        let error =
            Error::Tls("the certificate was rejected: x. To connect anyway you can: `Config::trust_cert()`".into());
        let fault = fault("connecting", &error);
        assert_eq!(fault.code, Code::TlsFailed);
        assert!(!fault.message.contains("Config::"), "{fault}");
        assert!(fault.message.contains("caCertificate"), "{fault}");
    }
}
