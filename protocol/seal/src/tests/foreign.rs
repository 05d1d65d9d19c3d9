//! A token that another JOSE library made (Python's jwcrypto 1.6, with `apu` and `apv`), with the key it was made for.

use super::*;
use base64::prelude::BASE64_STANDARD;

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBOTCB4KADAgECAhRnsLZiYobiXEt84qaqhwtQDIErjjAKBggqhkjOPQQDAjAS
MRAwDgYDVQQDDAdpbnRlcm9wMCAXDTc1MDEwMTAwMDAwMFoYDzQwOTYwMTAxMDAw
MDAwWjASMRAwDgYDVQQDDAdpbnRlcm9wMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAE8uUNgoIjsxdD3cOZkQOuBzeQn30zWwrjPnp2s3xpj/kLAwSl1sc8QpFl55sW
/2jAuwXBU4lGIOZDHWSG8QK9w6MSMBAwDgYDVR0PAQH/BAQDAgMIMAoGCCqGSM49
BAMCA0gAMEUCIQCYuihpYF4rh7eVtqoBYXqLDoVea8oV1fquVLZcAsPJjAIgWrWj
G72G4w8ILQtyZkyPI9Nps8NANi0q0eSlAbQ5sVc=
-----END CERTIFICATE-----
";
const KEY: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrvV+XNYazKnB+K//UFs5dIykAg6ZiJ2ojpMV/y7Zs7+hRANCAATy",
    "5Q2CgiOzF0Pdw5mRA64HN5CffTNbCuM+enazfGmP+QsDBKXWxzxCkWXnmxb/aMC7BcFTiUYg5kMdZIbxAr3D",
);
const TOKEN: &str = concat!(
    "eyJhbGciOiJFQ0RILUVTIiwiYXB1IjoiUVd4cFkyVSIsImFwdiI6IlFtOWkiLCJjdHkiOiJqc29uIiwiZW5jIjoiQTI1NkdDTSIs",
    "ImVwayI6eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6IllRVUhPMzlGb3JHTlo1TUpuZC0xbDZCRnlRU09icElIc2NEOVBO",
    "anl5YzQiLCJ5IjoidHpHeGhuSFlCcF8tLTc4S25VbFRQUFdocko4aVhfdzZGbEpvOVpubnJCVSJ9LCJ0eXAiOiJzbHVpY2UtY3Jl",
    "ZCIsIng1dCNTMjU2IjoibmJoT214d0tSa21SNk05YzhQOVZObzNjb1hsanJCZkdQVEkyd19zeFRMVSJ9..nLLJ5VfrWui6Z39S.h",
    "3nXKbbuMs0SfKzTNIt-wESQA4dOhRwsEgRNu0nZu32hlQ0t_3flNwyx3hiMSRIryTH8X--XOnoIfRLAyYyRb98V-c-",
    "ZuJzb2lXz7CDK_Vy-LhvSxV4tG-E_eKXMn5mD3Edzh8Li_ySiZzED7avFtX2vBiblSdD3zLbFo4PzHSsXyKo_6kaH41j1-",
    "y1HAfl4ffVGgMVnGQ.kEJJ7a3W0wO_CdEx766MKA",
);

#[test]
fn a_token_of_another_library_opens() {
    let mut ring = KeyRing::new();
    ring.insert(CERTIFICATE, &BASE64_STANDARD.decode(KEY).unwrap()).unwrap();
    let opened = ring.open(TOKEN).unwrap();
    assert_eq!(opened.secret.get("password"), Some(CANARY));
    assert_eq!(opened.bind, plaintext().bind);
}
