//! One client's connection, from its hello to its end.

use super::Shared;
use super::bulk;
use super::decode::Reader;
use super::engine::{Engine, Params, Stop};
use super::login;
use super::rpc::{self, Prepared};
use super::tokens::{self, SqlError, Turn};
use super::wire::{ATTENTION, BATCH, BULK, Message, RPC, TRANSACTION, Wire};
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Serves a connection until its client is gone.
pub(super) fn serve(tcp: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let mut wire = Wire::new(tcp)?;
    shared.sockets.lock().unwrap().push(wire.socket()?);
    wire.patience(Some(Duration::from_secs(20)))?;
    let Some(login) = login::run(&mut wire, &shared.options)? else {
        return Ok(());
    };
    shared
        .logins
        .lock()
        .unwrap()
        .push((login.application.clone(), login.read_only));
    wire.patience(None)?;
    let mut engine = Engine::open(Arc::clone(shared)).map_err(|error| io::Error::other(error.text))?;
    let mut prepared = Prepared::new();
    let mut target: Option<bulk::Target> = None;
    loop {
        let message = match wire.receive() {
            Ok(message) => message,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut out = Vec::new();
        match answer(&mut engine, &mut wire, &mut prepared, &mut target, &message) {
            Ok(()) => {}
            Err(Stop::Io(error)) => return Err(error),
            Err(Stop::Attention) => {
                shared.attentions.fetch_add(1, Ordering::Relaxed);
                // What was running ends with a message of its own; the acknowledgement is the next.
                if message.kind != ATTENTION {
                    tokens::done(&mut out, tokens::DONE, None, false, true);
                    wire.put(&out)?;
                    wire.end()?;
                    out.clear();
                }
                tokens::attention(&mut out);
            }
            Err(Stop::Sql(error)) => {
                tokens::error(&mut out, &error);
                let kind = if message.kind == RPC {
                    tokens::DONE_PROC
                } else {
                    tokens::DONE
                };
                tokens::done(&mut out, kind, None, false, true);
            }
        }
        wire.put(&out)?;
        wire.end()?;
    }
}

fn answer(
    engine: &mut Engine,
    wire: &mut Wire,
    prepared: &mut Prepared,
    target: &mut Option<bulk::Target>,
    message: &Message,
) -> Result<(), Stop> {
    let protocol = |text: String| SqlError::new(4002, 16, text);
    match message.kind {
        // Nothing was running any more.
        ATTENTION => Err(Stop::Attention),
        BATCH => {
            let mut reader = Reader::new(&message.body);
            rpc::headers(&mut reader).map_err(protocol)?;
            let rest =
                message.body.len() - u32::from_le_bytes(message.body[..4].try_into().unwrap_or_default()) as usize;
            let sql = reader.units(rest / 2).map_err(protocol)?;
            if let Some(found) = bulk::target(engine, &sql)? {
                if let Some(error) = engine.shared.injected(&sql) {
                    return Err(error.into());
                }
                *target = Some(found);
                let mut out = Vec::new();
                tokens::done(&mut out, tokens::DONE, None, false, false);
                wire.put(&out)?;
                return Ok(());
            }
            engine.batch(wire, &sql, &Params::new(), tokens::DONE)
        }
        RPC => rpc::run(engine, wire, prepared, &message.body),
        BULK => {
            let target = target
                .take()
                .ok_or_else(|| protocol("rows without INSERT BULK".to_owned()))?;
            if let Some(error) = engine.shared.injected("rows of a bulk load") {
                return Err(error.into());
            }
            let rows = bulk::load(engine, &target, &message.body)?;
            let mut out = Vec::new();
            tokens::done(&mut out, tokens::DONE, Some(rows), false, false);
            wire.put(&out)?;
            Ok(())
        }
        TRANSACTION => {
            let mut reader = Reader::new(&message.body);
            rpc::headers(&mut reader).map_err(protocol)?;
            let turn = match reader.u16().map_err(protocol)? {
                5 => Turn::Begun,
                7 => Turn::Committed,
                8 => Turn::RolledBack,
                other => {
                    return Err(protocol(format!("a transaction request {other} that the peer does not know")).into());
                }
            };
            if turn == Turn::Begun || engine.transaction.is_some() {
                engine.turn(wire, turn)?;
            }
            let mut out = Vec::new();
            tokens::done(&mut out, tokens::DONE, None, false, false);
            wire.put(&out)?;
            Ok(())
        }
        other => Err(protocol(format!("a message of kind {other}")).into()),
    }
}
