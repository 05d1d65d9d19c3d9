//! The command line. Standard output carries data, standard error everything else.

mod access;
mod actors;
mod args;
mod bundle;
mod certificate;
mod copy;
mod documents;
mod encrypt;
mod explain;
mod expression;
mod factory;
mod gateway;
mod gateways;
mod nodes;
mod output;
mod pipeline;
mod policy;
mod progress;
mod proxy;
mod receipt;
mod remote;
mod runs;
mod slices;
mod stores;
mod test_connection;
mod trigger;
mod vault;

pub(crate) use args::{Cli, QuickstartArgs};
pub(crate) use output::{Output, colour, exit_code, note, print_fault};
pub(crate) use progress::ProgressLine;

use args::{Command, FactoryCommand, GatewayCommand, PipelineCommand, ReceiptCommand, RemoteCommand, RunCommand};
use sluice_contract::Fault;
use sluice_runtime::Root;

/// Runs the command that was given; the fault, if any, is printed by the caller.
pub(crate) async fn dispatch(cli: Cli, root: &Root) -> Result<(), Fault> {
    let output = Output::new(cli.global.output);
    match cli.command {
        Command::Quickstart(args) => crate::quickstart::run(args, &output, root).await,
        Command::Copy(args) => copy::run(args, &output).await,
        Command::Factory(FactoryCommand::Run(args)) => factory::run(args, root).await,
        Command::Factory(FactoryCommand::Token(command)) => access::token(command, &output).await,
        Command::Factory(FactoryCommand::Client(command)) => access::client(command, &output).await,
        Command::Factory(FactoryCommand::User(command)) => access::user(command, &output).await,
        Command::Factory(FactoryCommand::Audit(args)) => access::audit(args, &output).await,
        Command::Factory(FactoryCommand::SupportBundle(args)) => bundle::of_factory(*args, &output).await,
        Command::Factory(FactoryCommand::Openapi) => factory::openapi(),
        Command::Gateway(GatewayCommand::Register(args)) => gateway::register(*args, &output).await,
        Command::Gateway(GatewayCommand::RemoteRegistration(command)) => remote::run(command, &output).await,
        Command::Gateway(GatewayCommand::Unregister(args)) => gateway::unregister(args, &output).await,
        Command::Gateway(GatewayCommand::Nodes(command)) => nodes::run(command, &output).await,
        Command::Gateway(GatewayCommand::Unlock(args)) => vault::unlock(args, &output).await,
        Command::Gateway(GatewayCommand::Vault(command)) => vault::vault(command, &output).await,
        Command::Gateway(GatewayCommand::Credentials(args)) => vault::credentials(&args, &output),
        Command::Gateway(GatewayCommand::Policy(command)) => policy::run(&command, &output),
        Command::Gateway(GatewayCommand::Proxy(command)) => proxy::run(command, &output).await,
        Command::Gateway(GatewayCommand::TestConnection(args)) => test_connection::run(args, &output).await,
        Command::Gateway(GatewayCommand::Backup(args)) => vault::backup_to(args, &output).await,
        Command::Gateway(GatewayCommand::Restore(args)) => vault::restore(args, &output).await,
        Command::Gateway(GatewayCommand::Run(args)) => gateway::run(args, root).await,
        Command::Gateway(GatewayCommand::Status(args)) => gateway::status(args, &output).await,
        Command::Gateway(GatewayCommand::Actors(args)) => actors::run(args, &output).await,
        Command::Gateway(GatewayCommand::Metrics(args)) => actors::metrics(args).await,
        Command::Gateway(GatewayCommand::Limit(args)) => gateway::limit(args, &output).await,
        Command::Gateway(GatewayCommand::Certificate(command)) => certificate::run(command, &output).await,
        Command::Gateway(GatewayCommand::SupportBundle(args)) => bundle::of_node(args, &output).await,
        Command::Gateway(GatewayCommand::Create(args)) => gateways::create(args, &output).await,
        Command::Gateway(GatewayCommand::List(args)) => gateways::list(args, &output).await,
        Command::Encrypt(args) => encrypt::run(*args, &output).await,
        Command::Apply(args) => documents::apply(args, &output).await,
        Command::Validate(args) => documents::validate(&args, &output),
        Command::Pipeline(PipelineCommand::Run(args)) => pipeline::run(args, &output).await,
        Command::Run(RunCommand::List(args)) => runs::list(args, &output).await,
        Command::Run(RunCommand::Show(args)) => runs::show(args, &output).await,
        Command::Trigger(command) => trigger::run(command, &output).await,
        Command::Slices(args) => slices::run(&args, &output).await,
        Command::Receipt(ReceiptCommand::List(args)) => receipt::list(&args, &output),
        Command::Receipt(ReceiptCommand::Show(args)) => receipt::show(&args, &output),
        Command::Receipt(ReceiptCommand::Verify(args)) => receipt::verify(&args, &output),
        Command::Expression(args) => expression::run(&args, &output),
        Command::Explain(args) => explain::run(&args, &output),
        Command::Stores => stores::run(&output),
    }
}

/// Whether a command serves until it is stopped, and so logs what it does.
pub(crate) fn long_running(command: &Command) -> bool {
    matches!(
        command,
        Command::Factory(FactoryCommand::Run(_))
            | Command::Gateway(GatewayCommand::Run(_))
            | Command::Gateway(GatewayCommand::RemoteRegistration(RemoteCommand::Open(_)))
    )
}
