//! A client of the options every factory command has.

use crate::api::{Api, ApiOptions, read_word};
use crate::cli::args::ApiArgs;
use sluice_contract::{Code, Fault};

/// Makes a client; nothing is sent yet.
pub(crate) fn connect(args: &ApiArgs) -> Result<Api, Fault> {
    let token = match &args.token_file {
        Some(file) => read_word(file)?,
        None => std::env::var("SLUICE_TOKEN").map(Into::into).map_err(|_| {
            Fault::new(
                Code::Unauthorized,
                "no token: name its file with --token-file or SLUICE_TOKEN_FILE",
            )
        })?,
    };
    Api::new(ApiOptions {
        url: args.factory.clone(),
        ca_file: args.ca_file.clone(),
        token,
        subscription: args.subscription.clone(),
        resource_group: args.resource_group.clone(),
        factory: args.factory_name.clone(),
    })
}
