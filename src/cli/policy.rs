//! `sluice gateway policy`: what the administrator of a node's machine allows, checked before it counts.

use super::args::{PolicyCheckArgs, PolicyCommand};
use super::output::{Output, note};
use crate::api::read_text;
use serde_json::{Value, json};
use sluice_agent::Policy;
use sluice_contract::document::{LinkedService, StoreProperties};
use sluice_contract::{Code, Fault};

pub(super) fn run(command: &PolicyCommand, output: &Output) -> Result<(), Fault> {
    match command {
        PolicyCommand::Check(args) => check(args, output),
    }
}

fn check(args: &PolicyCheckArgs, output: &Output) -> Result<(), Fault> {
    let policy = Policy::parse(&read_text(&args.policy)?).map_err(|fault| fault.context(args.policy.display()))?;
    if let Some(file) = &args.file {
        let document: Value = serde_json::from_str(&read_text(file)?)
            .map_err(|e| Fault::new(Code::BadJson, format!("{}: not JSON: {e}", file.display())))?;
        let view = LinkedService::view(&document).map_err(|fault| fault.context(file.display()))?;
        let properties = StoreProperties {
            kind: view.kind().to_owned(),
            public: view.type_properties().clone(),
            ..StoreProperties::default()
        };
        let reaches = crate::registry::stores().connector(view.kind())?.reaches(&properties);
        policy.check_document(&properties, &reaches)?;
        note(format_args!(
            "{} is allowed, as far as its document says where it leads",
            file.display()
        ));
    }
    let text = toml::to_string(&policy).map_err(|e| Fault::new(Code::Internal, format!("TOML: {e}")))?;
    output.print(&json!(policy), |_| text);
    Ok(())
}
