//! Prelogin, the TLS that they agree on, and the login.

use super::Options;
use super::decode::Reader;
use super::tokens::{self, SqlError};
use super::wire::{LOGIN, PRELOGIN, Wire};
use std::io;
use std::sync::Arc;

/// What the server says about encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// It takes what the client wants.
    #[default]
    Offered,
    /// Only encrypted clients.
    Required,
    /// It has no certificate.
    Unsupported,
}

const OFF: u8 = 0;
const ON: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const REQUIRED: u8 = 3;

/// What a client has logged in as.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    pub(super) database: String,
    pub(super) application: String,
    pub(super) read_only: bool,
    integrated: bool,
    version: u32,
    packet: u32,
}

/// Through prelogin and login; none when the login was refused.
pub(super) fn run(wire: &mut Wire, options: &Options) -> io::Result<Option<Login>> {
    let hello = wire.receive()?;
    if hello.kind != PRELOGIN {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let asked = encryption(&hello.body).unwrap_or(NOT_SUPPORTED);
    let answer = match (options.encryption, asked) {
        (Encryption::Unsupported, _) => NOT_SUPPORTED,
        (Encryption::Required, NOT_SUPPORTED) => REQUIRED,
        (Encryption::Required, _) | (Encryption::Offered, ON | REQUIRED) => ON,
        (Encryption::Offered, OFF) => OFF,
        (Encryption::Offered, _) => NOT_SUPPORTED,
    };
    wire.send(super::wire::ANSWER, &prelogin(answer), true)?;
    if answer != NOT_SUPPORTED {
        wire.secure(Arc::clone(&options.tls))?;
    }
    let message = wire.receive()?;
    if message.kind != LOGIN {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let login = read(&message.body).map_err(io::Error::other)?;
    if answer == OFF {
        wire.clear();
    }
    let mut out = Vec::new();
    if let Some((host, port)) = &options.route {
        tokens::env_routing(&mut out, host, *port);
        tokens::login_ack(&mut out, version(&login));
        tokens::done(&mut out, tokens::DONE, None, false, false);
        wire.put(&out)?;
        wire.end()?;
        return Ok(None);
    }
    if let Some(error) = refusal(&login, options) {
        tokens::error(&mut out, &error);
        tokens::done(&mut out, tokens::DONE, None, false, true);
        wire.put(&out)?;
        wire.end()?;
        return Ok(None);
    }
    let packet = login.packet.clamp(512, 32767);
    tokens::env_text(&mut out, 1, &login.database, "master");
    tokens::env_collation(&mut out);
    tokens::env_text(&mut out, 2, "us_english", "");
    tokens::login_ack(&mut out, version(&login));
    tokens::env_text(&mut out, 4, &packet.to_string(), "4096");
    tokens::done(&mut out, tokens::DONE, None, false, false);
    wire.put(&out)?;
    wire.end()?;
    wire.packet = packet as usize;
    Ok(Some(login))
}

fn refusal(login: &Login, options: &Options) -> Option<SqlError> {
    if login.version < 0x7200_0000 {
        return Some(SqlError::new(17836, 20, "The peer speaks TDS 7.2 and later."));
    }
    if login.integrated {
        return Some(SqlError::new(
            18452,
            14,
            "Login failed. The login is from an untrusted domain.",
        ));
    }
    if login.user != options.user || login.password != options.password {
        return Some(SqlError::new(
            18456,
            14,
            format!("Login failed for user '{}'.", login.user),
        ));
    }
    let known = login.database.is_empty() || login.database == "master" || login.database == options.database;
    (!known).then(|| {
        let text = format!(
            "Cannot open database \"{}\" requested by the login. The login failed.",
            login.database
        );
        SqlError::new(4060, 11, text)
    })
}

/// The lower of the client's and 7.4.
fn version(login: &Login) -> u32 {
    login.version.min(0x7400_0004)
}

fn encryption(body: &[u8]) -> Option<u8> {
    let mut at = 0;
    while *body.get(at)? != 0xff {
        let offset = usize::from(u16::from_be_bytes([*body.get(at + 1)?, *body.get(at + 2)?]));
        if body[at] == 1 {
            return body.get(offset).copied();
        }
        at += 5;
    }
    None
}

/// VERSION, ENCRYPTION, INSTOPT, THREADID, MARS.
fn prelogin(encryption: u8) -> Vec<u8> {
    let parts: [(u8, &[u8]); 5] = [
        (0, &[16, 0, 0x0f, 0xa1, 0, 0]),
        (1, &[encryption]),
        (2, &[0]),
        (3, &[]),
        (4, &[0]),
    ];
    let mut head = Vec::new();
    let mut data = Vec::new();
    let start = parts.len() * 5 + 1;
    for (kind, bytes) in parts {
        head.push(kind);
        head.extend_from_slice(&((start + data.len()) as u16).to_be_bytes());
        head.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
        data.extend_from_slice(bytes);
    }
    head.push(0xff);
    head.extend_from_slice(&data);
    head
}

fn read(body: &[u8]) -> Result<Login, String> {
    let mut head = Reader::new(body);
    head.u32()?;
    let version = head.u32()?;
    let packet = head.u32()?;
    head.take(12)?;
    let flags = head.take(4)?;
    let (integrated, read_only) = (flags[1] & 0x80 != 0, flags[2] & 0x20 != 0);
    head.take(8)?;
    let mut part = |hidden: bool| -> Result<String, String> {
        let (offset, length) = (usize::from(head.u16()?), usize::from(head.u16()?));
        let bytes = body
            .get(offset..offset + length * 2)
            .ok_or("a part of the login lies outside of it")?;
        let seen: Vec<u8> = match hidden {
            true => bytes.iter().map(|byte| (byte ^ 0xa5).rotate_right(4)).collect(),
            false => bytes.to_vec(),
        };
        Reader::new(&seen).units(length)
    };
    let _host = part(false)?;
    let user = part(false)?;
    let password = part(true)?;
    let application = part(false)?;
    let _server = part(false)?;
    let _extension = part(false)?;
    let _library = part(false)?;
    let _language = part(false)?;
    let database = part(false)?;
    Ok(Login {
        user,
        password,
        database,
        application,
        read_only,
        integrated,
        version,
        packet,
    })
}
