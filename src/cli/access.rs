//! `sluice factory token`, `client`, `user` and `audit`: by the factory's API, or offline on its state directory.

use super::args::{
    AuditArgs, ClientCommand, GrantArgs, NameArgs, PasswordArgs, PlaceArgs, ScopeArg, TokenCommand, UserCommand,
};
use super::documents::connect;
use super::factory::state_options;
use super::output::{Output, note, table};
use crate::api::{Api, read_secret};
use clap::ValueEnum;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault, Object};
use sluice_factory::Access;
use std::io::IsTerminal;
use zeroize::Zeroizing;

/// Where access is looked at and changed.
enum Place {
    Factory(Api),
    Directory(Access),
}

impl Place {
    async fn open(args: &PlaceArgs) -> Result<Self, Fault> {
        match &args.state {
            Some(dir) => Access::open(dir, &state_options(&args.database)?)
                .await
                .map(Place::Directory),
            None => connect(&args.api).map(Place::Factory),
        }
    }

    async fn put(&self, kind: &str, name: &str, body: Object) -> Result<Value, Fault> {
        match self {
            Place::Factory(api) => api.own_put(&["access", "v1", kind, name], &Value::Object(body)).await,
            Place::Directory(access) => access.put(kind, name, body).await,
        }
    }

    async fn list(&self, kind: &str) -> Result<Value, Fault> {
        match self {
            Place::Factory(api) => api.own_get(&["access", "v1", kind], &[]).await,
            Place::Directory(access) => access.list(kind).await,
        }
    }

    async fn revoke(&self, kind: &str, name: &str) -> Result<bool, Fault> {
        match self {
            Place::Factory(api) => api.own_delete(&["access", "v1", kind, name]).await,
            Place::Directory(access) => access.revoke(kind, name).await,
        }
    }
}

pub(super) async fn token(command: TokenCommand, output: &Output) -> Result<(), Fault> {
    match command {
        TokenCommand::Create(args) => {
            let made = grant("tokens", &args).await?;
            note("The token is shown this once");
            output.print(&made, |made| format!("{}\n", word(made, "token")));
            Ok(())
        }
        TokenCommand::List(args) => list("tokens", &args, output).await,
        TokenCommand::Revoke(args) => revoke("tokens", &args, output).await,
    }
}

pub(super) async fn client(command: ClientCommand, output: &Output) -> Result<(), Fault> {
    match command {
        ClientCommand::Create(args) => {
            let made = grant("clients", &args).await?;
            note("The secret is shown this once");
            // What Azure's identity libraries read from the environment.
            output.print(&made, |made| {
                format!(
                    "AZURE_CLIENT_ID={}\nAZURE_CLIENT_SECRET={}\n",
                    word(made, "clientId"),
                    word(made, "clientSecret")
                )
            });
            Ok(())
        }
        ClientCommand::List(args) => list("clients", &args, output).await,
        ClientCommand::Revoke(args) => revoke("clients", &args, output).await,
    }
}

pub(super) async fn user(command: UserCommand, output: &Output) -> Result<(), Fault> {
    match command {
        UserCommand::Create(args) => {
            // The interface sets what is there; who makes a user does not mean another one's password.
            if !args.replace {
                let users = Place::open(&args.user.place).await?.list("users").await?;
                let same = |user: &Value| word(user, "name") == args.user.name;
                if users["value"].as_array().into_iter().flatten().any(same) {
                    let text = format!("there is a user named {} already", args.user.name);
                    return Err(Fault::new(Code::AccessNameTaken, text));
                }
            }
            let body = Object::from_iter([("scope".to_owned(), scope(args.scope))]);
            set_user(&args.user, body, output).await
        }
        UserCommand::Password(args) => set_user(&args, Object::new(), output).await,
        UserCommand::List(args) => list("users", &args, output).await,
        UserCommand::Revoke(args) => revoke("users", &args, output).await,
    }
}

pub(super) async fn audit(args: AuditArgs, output: &Output) -> Result<(), Fault> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (actor, what, after) = (text(&args.actor), text(&args.text), text(&args.after));
    let found = match Place::open(&args.place).await? {
        Place::Factory(api) => {
            let query = [("actor", actor.as_str()), ("text", &what), ("after", &after)];
            api.own_get(&["access", "v1", "audit"], &query).await?
        }
        Place::Directory(access) => access.audit(&actor, &what, &after).await?,
    };
    output.print(&found["value"], |entries| {
        let rows: Vec<_> = entries.as_array().into_iter().flatten().map(entry).collect();
        table(&["WHEN", "WHO", "FROM", "WHAT", "OUTCOME", "TARGET"], &rows)
    });
    Ok(())
}

fn entry(entry: &Value) -> Vec<String> {
    let who = format!("{} {}", word(entry, "kind"), word(entry, "actor"));
    let rest = ["address", "operation", "outcome", "target"].map(|name| word(entry, name));
    [word(entry, "at"), who.trim().to_owned()]
        .into_iter()
        .chain(rest)
        .collect()
}

async fn grant(kind: &str, args: &GrantArgs) -> Result<Value, Fault> {
    let mut body = Object::from_iter([("scope".to_owned(), scope(args.scope))]);
    if let Some(within) = &args.within {
        body.insert("within".to_owned(), json!(within));
    }
    if let Some(days) = args.days {
        body.insert("expiresInDays".to_owned(), json!(days));
    }
    body.insert("replace".to_owned(), json!(args.replace));
    Place::open(&args.place).await?.put(kind, &args.name, body).await
}

async fn set_user(args: &PasswordArgs, mut body: Object, output: &Output) -> Result<(), Fault> {
    let password = password(args)?;
    body.insert("password".to_owned(), json!(password.as_str()));
    let made = Place::open(&args.place).await?.put("users", &args.name, body).await?;
    output.print(&made, |made| {
        format!("{} may log in as {}\n", word(made, "name"), word(made, "scope"))
    });
    Ok(())
}

/// The password, from a file or a terminal; never from the command line, which others can see.
fn password(args: &PasswordArgs) -> Result<Zeroizing<String>, Fault> {
    if let Some(file) = &args.password_file {
        return read_secret(file);
    }
    if !std::io::stdin().is_terminal() {
        let what = "a password is needed: name a file with --password-file, or `-` for standard input";
        return Err(Fault::new(Code::Usage, what));
    }
    let ask = |prompt: &str| {
        let asked = rpassword::prompt_password(prompt).map(Zeroizing::new);
        asked.map_err(|e| Fault::new(Code::Usage, format!("the password could not be read: {e}")))
    };
    let first = ask(&format!("Password of {}: ", args.name))?;
    if *first != *ask("Again: ")? {
        return Err(Fault::new(Code::Usage, "the two passwords differ"));
    }
    Ok(first)
}

async fn list(kind: &str, args: &PlaceArgs, output: &Output) -> Result<(), Fault> {
    let found = Place::open(args).await?.list(kind).await?;
    output.print(&found["value"], |items| {
        let columns = ["name", "scope", "within", "expires", "clientId"];
        let rows: Vec<_> = items
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| columns.iter().map(|column| word(item, column)).collect())
            .collect();
        table(&["NAME", "SCOPE", "WITHIN", "EXPIRES", "CLIENT ID"], &rows)
    });
    Ok(())
}

async fn revoke(kind: &str, args: &NameArgs, output: &Output) -> Result<(), Fault> {
    if !Place::open(&args.place).await?.revoke(kind, &args.name).await? {
        return Err(Fault::new(
            Code::NotFound,
            format!("there is none named {} among the {kind}", args.name),
        ));
    }
    output.print(&json!({ "revoked": args.name }), |_| {
        format!("{} is revoked\n", args.name)
    });
    Ok(())
}

fn scope(scope: ScopeArg) -> Value {
    scope
        .to_possible_value()
        .map_or(Value::Null, |value| value.get_name().into())
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
