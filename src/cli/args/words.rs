//! `sluice expression` and `sluice explain`: what can be typed.

use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct ExpressionArgs {
    /// The text, such as "@concat('a', pipeline().parameters.b)" or "run-@{utcNow()}"; without one the functions are listed.
    pub(crate) text: Option<String>,
    /// The pipeline's parameters, as JSON.
    #[arg(long, value_name = "JSON")]
    pub(crate) parameters: Option<String>,
    /// A JSON file with what the text may refer to: pipeline, activities, variables, item, dataset, linkedService, trigger.
    #[arg(long, value_name = "FILE")]
    pub(crate) context: Option<PathBuf>,
    /// The time that utcNow() gives [default: now].
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The code, such as SL6004; without one all codes are listed.
    pub(crate) code: Option<String>,
}
