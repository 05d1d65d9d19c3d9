//! From a socket to a session that is logged in.

use super::auth::{Plugin, encrypted, terminated};
use super::bytes::{Bytes, put_counted};
use super::channel::Socket;
use super::greeting::{Greeting, can};
use super::reply::Dialogue;
use super::{Channel, WireError};
use crate::settings::{Settings, SslMode};
use sluice_store_wire::tls::Tls;
use zeroize::Zeroizing;

/// The largest packet that is taken: the server's own limit is the one that counts.
const MAX_PACKET: u32 = 1 << 30;
/// utf8mb4_general_ci
const UTF8MB4: u8 = 45;

/// A session, and what the server said of itself.
pub(crate) struct LoggedIn {
    pub(crate) dialogue: Dialogue,
    pub(crate) greeting: Greeting,
}

/// Makes the login over a socket that was just connected. `local`: a unix socket, where nobody listens.
///
/// # Errors
/// The server's; a TLS handshake's; that it asks for a login that is not known here.
pub(crate) async fn login(
    socket: Box<dyn Socket>,
    local: bool,
    settings: &Settings,
    tls: &Tls,
) -> Result<LoggedIn, WireError> {
    let mut channel = Channel::new(socket);
    let greeting = Greeting::read(channel.receive().await?)?;
    let needed = can::PROTOCOL_41 | can::SECURE_CONNECTION | can::PLUGIN_AUTH;
    if greeting.capabilities & needed != needed {
        return Err(WireError::Malformed("the server is older than 5.5.7"));
    }
    let mut capabilities = needed
        | can::LONG_PASSWORD
        | can::LONG_FLAG
        | can::CONNECT_WITH_DB
        | can::LOCAL_FILES
        | can::TRANSACTIONS
        | can::PLUGIN_AUTH_LENENC
        | can::DEPRECATE_EOF;
    let offers_tls = greeting.capabilities & can::SSL != 0;
    let encrypts = match settings.ssl {
        SslMode::Disabled => false,
        // A unix socket needs none.
        SslMode::Preferred => offers_tls && !local,
        _ if !offers_tls => {
            return Err(WireError::Tls(
                "the server does not offer TLS, which sslMode asks for".into(),
            ));
        }
        _ => true,
    };
    if encrypts {
        capabilities |= can::SSL;
    }
    if settings.several_results {
        capabilities |= can::MULTI_RESULTS;
    }
    capabilities &= greeting.capabilities;
    let mut head = vec![0; 4];
    head.extend_from_slice(&capabilities.to_le_bytes());
    head.extend_from_slice(&MAX_PACKET.to_le_bytes());
    head.push(UTF8MB4);
    head.extend_from_slice(&[0; 23]);
    if encrypts {
        channel.send(&mut head.clone()).await?;
        let (socket, sequence) = channel.unwrap()?;
        let socket = Box::new(tls.handshake(&settings.host, socket).await.map_err(WireError::Tls)?);
        channel = Channel::wrapped(socket, sequence);
    }
    let mut proof = Proof {
        password: &settings.password,
        secure: encrypts || local,
        trusts_key: settings.ssl == SslMode::Disabled,
        plugin: Plugin::of(&greeting.plugin).unwrap_or(Plugin::Native),
        nonce: greeting.nonce.clone(),
    };
    let mut packet = Zeroizing::new(head);
    packet.extend_from_slice(settings.user.as_bytes());
    packet.push(0);
    put_counted(&mut packet, &proof.answer()?);
    if capabilities & can::CONNECT_WITH_DB != 0 {
        packet.extend_from_slice(settings.database.as_bytes());
        packet.push(0);
    }
    packet.extend_from_slice(proof.plugin.name().as_bytes());
    packet.push(0);
    channel.send(&mut packet).await?;
    proof.give(&mut channel).await?;
    Ok(LoggedIn {
        dialogue: Dialogue {
            channel,
            ends_with_ok: capabilities & can::DEPRECATE_EOF != 0,
        },
        greeting,
    })
}

/// What the server still wants to see before it lets anybody in.
struct Proof<'a> {
    password: &'a str,
    secure: bool,
    /// Whoever has turned TLS off takes the server's key as it comes. Elsewhere somebody in between could hide that the
    /// server offers TLS, and show a key of their own.
    trusts_key: bool,
    plugin: Plugin,
    nonce: Vec<u8>,
}

impl Proof<'_> {
    fn answer(&self) -> Result<Zeroizing<Vec<u8>>, WireError> {
        self.plugin.answer(self.password, &self.nonce, self.secure)
    }

    /// Answers until the server is content.
    async fn give(&mut self, channel: &mut Channel) -> Result<(), WireError> {
        loop {
            let packet = channel.receive().await?.to_vec();
            match packet.split_first() {
                Some((0x00, _)) => return Ok(()),
                Some((0xff, _)) => return Err(WireError::of_packet(&packet)),
                Some((0xfe, rest)) => {
                    self.switch(rest)?;
                    send(channel, &self.answer()?).await?;
                }
                Some((0x01, more)) => self.more(channel, more).await?,
                _ => return Err(WireError::Malformed("an answer to a login that is none")),
            }
        }
    }

    /// The server wants another plugin.
    fn switch(&mut self, rest: &[u8]) -> Result<(), WireError> {
        let mut rest = Bytes(rest);
        let name = String::from_utf8_lossy(rest.terminated()).into_owned();
        self.plugin = Plugin::of(&name).ok_or_else(|| {
            let name = if name.is_empty() { "mysql_old_password" } else { &name };
            WireError::Login(format!(
                "the server asks for a login by {name}; known are mysql_native_password, caching_sha2_password and \
                 mysql_clear_password"
            ))
        })?;
        self.nonce = rest.0.to_vec();
        self.nonce.truncate(20);
        Ok(())
    }

    /// `caching_sha2_password` goes on: the proof was enough, or it wants the password itself.
    async fn more(&self, channel: &mut Channel, more: &[u8]) -> Result<(), WireError> {
        match more {
            [3] => Ok(()),
            [4] if self.secure => send(channel, &terminated(self.password)).await,
            [4] if !self.trusts_key => Err(WireError::Login(
                "the server wants the password, and the connection is not encrypted: set sslMode to 2 or more, or to 0 \
                 to send it under the server's key, which is not verified"
                    .into(),
            )),
            [4] => {
                // Under the server's public key, which is asked for.
                send(channel, &[2]).await?;
                let packet = channel.receive().await?;
                let pem = match packet.split_first() {
                    Some((0x01, pem)) => String::from_utf8_lossy(pem).into_owned(),
                    Some((0xff, _)) => return Err(WireError::of_packet(packet)),
                    _ => return Err(WireError::Malformed("no public key where one was asked for")),
                };
                send(channel, &encrypted(self.password, &self.nonce, &pem)?).await
            }
            _ => Err(WireError::Malformed("a step of a login that is not known")),
        }
    }
}

async fn send(channel: &mut Channel, payload: &[u8]) -> Result<(), WireError> {
    let mut packet = Zeroizing::new(vec![0; 4]);
    packet.extend_from_slice(payload);
    channel.send(&mut packet).await
}

#[cfg(test)]
mod tests;
