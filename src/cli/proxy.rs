//! `sluice gateway proxy`: the way out of a network that has only one.

use super::args::{ProxyCommand, ProxySetArgs};
use super::output::{Output, note};
use crate::api::read_secret_or_ask;
use serde_json::{Value, json};
use sluice_agent::admin;
use sluice_agent::proxy::{self, ProxySettings};
use sluice_contract::{Code, Fault};
use std::path::Path;

pub(super) async fn run(command: ProxyCommand, output: &Output) -> Result<(), Fault> {
    match command {
        ProxyCommand::Set(args) => set(*args, output).await,
        ProxyCommand::Show(args) => {
            let shown = value(proxy::show(args.dir()).await?.as_ref())?;
            output.print(&shown, describe);
            Ok(())
        }
        ProxyCommand::Clear(args) => {
            proxy::clear(args.dir()).await?;
            reload(&args.dir()).await?;
            output.print(&value(None)?, describe);
            Ok(())
        }
    }
}

async fn set(args: ProxySetArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let given = super::vault::passphrase(&state, &args.vault).await?;
    let password = match &args.user {
        Some(user) => Some(read_secret_or_ask(
            &args.password_file,
            &format!("Password of {user} at the proxy: "),
        )?),
        None => None,
    };
    if password.as_ref().is_some_and(|password| password.is_empty()) {
        return Err(Fault::new(Code::Usage, "the password of the proxy's user is empty"));
    }
    let settings = ProxySettings {
        url: args.url,
        user: args.user,
        bypass: args.bypass,
    };
    proxy::set(&state, settings.clone(), password, given).await?;
    reload(&state).await?;
    output.print(&value(Some(&settings))?, describe);
    Ok(())
}

/// An agent that runs takes it over; without one there is nothing to do.
async fn reload(state: &Path) -> Result<(), Fault> {
    match admin::reload_proxy(state).await {
        Err(fault) if fault.code == Code::AdminUnreachable => Ok(()),
        Err(fault) => Err(fault),
        Ok(()) => {
            note("The running agent uses it for new connections; the channel, with its next one");
            Ok(())
        }
    }
}

fn value(settings: Option<&ProxySettings>) -> Result<Value, Fault> {
    let value = serde_json::to_value(settings).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
    Ok(json!({ "proxy": value }))
}

fn describe(shown: &Value) -> String {
    let proxy = &shown["proxy"];
    let Some(url) = proxy["url"].as_str() else {
        return "No proxy\n".to_owned();
    };
    let hosts: Vec<&str> = proxy["bypass"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut text = format!("{url}\n");
    if let Some(user) = proxy["user"].as_str() {
        text += &format!("as {user}, with a sealed password\n");
    }
    if !hosts.is_empty() {
        text += &format!("not for {}\n", hosts.join(", "));
    }
    text
}
