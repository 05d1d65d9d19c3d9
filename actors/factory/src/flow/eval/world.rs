//! What the expressions of an activity can refer to.
//!
//! Expressions are evaluated without I/O, and what they refer to lies in the database. So it is evaluated with what is
//! there, notes what was missing, that is loaded, and it is evaluated again, until nothing is missing any more.

use super::{invalid, random};
use crate::flow::run::Running;
use crate::state::activities::{self, ActivityRow};
use crate::state::scopes::{self, ScopeRow};
use crate::state::{Conn, stored, variables};
use crate::wire::time_text;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault};
use sluice_expression::{Error, Root, Scope, evaluate_deep};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

/// What an activity's expressions see: the run, and what is in its scope and those around it.
pub(crate) struct World<'a> {
    pub(crate) running: &'a Running,
    scope: &'a ScopeRow,
    item: Option<Value>,
    activities: HashMap<String, Result<Value, String>>,
    variables: HashMap<String, Result<Value, String>>,
    now: DateTime<Utc>,
}

/// Something that is not loaded yet. Names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Missing {
    Item,
    Activity(String),
    Variable(String),
}

impl<'a> World<'a> {
    pub(crate) fn new(running: &'a Running, scope: &'a ScopeRow) -> Self {
        Self {
            running,
            scope,
            item: None,
            activities: HashMap::new(),
            variables: HashMap::new(),
            now: Utc::now(),
        }
    }

    /// Another `item()`, for the condition of a Filter.
    pub(crate) fn with_item(&mut self, item: Value) {
        self.item = Some(item);
    }

    /// A value with values in place of expressions. `skip` names members that stay as they are.
    ///
    /// # Errors
    /// `SL4017` with the place, `SL9001`.
    pub(crate) async fn evaluate(
        &mut self,
        conn: &mut Conn,
        about: &str,
        value: &Value,
        skip: &(dyn Fn(&[String]) -> bool + Sync),
    ) -> Result<Value, Fault> {
        loop {
            let (result, missing) = self.attempt(value, skip);
            if missing.is_empty() {
                return result.map_err(|(place, error)| self.wrong(about, place, error));
            }
            for what in missing {
                self.load(conn, what).await?;
            }
        }
    }

    fn attempt(
        &self,
        value: &Value,
        skip: &dyn Fn(&[String]) -> bool,
    ) -> (Result<Value, (String, Error)>, Vec<Missing>) {
        let view = View {
            world: self,
            missing: RefCell::default(),
        };
        let result = evaluate_deep(value, &view, skip);
        (result, view.missing.into_inner())
    }

    /// A parameter that is not there because it is secret deserves a word about that.
    fn wrong(&self, about: &str, place: String, error: Error) -> Fault {
        let fault = invalid(about, (place, error));
        let quoted = |name: &&String| fault.message.contains(&format!("no property {name:?}"));
        match self.running.secret_parameters.iter().find(quoted) {
            None => fault,
            Some(name) => Fault::new(
                Code::ExpressionInvalid,
                format!("{} (`{name}` is a SecureString: its value is not kept)", fault.message),
            ),
        }
    }

    async fn load(&mut self, conn: &mut Conn, what: Missing) -> Result<(), Fault> {
        match what {
            Missing::Item => {
                self.item = Some(self.find_item(conn).await?);
            }
            Missing::Activity(name) => {
                let found = self.find_activity(conn, &name).await?;
                self.activities.insert(name, found);
            }
            Missing::Variable(name) => {
                let found = variable(conn, self.running, &name).await?;
                self.variables.insert(name, found);
            }
        }
        Ok(())
    }

    async fn find_item(&self, conn: &mut Conn) -> Result<Value, Fault> {
        let text = match &self.scope.item_scope {
            Some(id) if *id == self.scope.id => self.scope.item.clone(),
            Some(id) => scopes::find(conn, id).await?.and_then(|scope| scope.item),
            None => None,
        };
        text.map_or(Ok(Value::Null), |text| stored("an item", &text))
    }

    /// The activity of a name in this scope, or in one around it.
    async fn find_activity(&self, conn: &mut Conn, name: &str) -> Result<Result<Value, String>, Fault> {
        let mut scope = Some(self.scope.clone());
        while let Some(here) = scope {
            if let Some(row) = activities::named(conn, &here.id, name).await? {
                return Ok(match row.ended {
                    Some(_) => Ok(activity(&row)?),
                    None => Err(format!("the activity {:?} is not over; depend on it", row.name)),
                });
            }
            scope = match here.parent {
                Some(parent) => scopes::find(conn, &parent).await?,
                None => None,
            };
        }
        Ok(Err(format!("no activity {name:?} has run here")))
    }
}

/// What `activity('name')` is.
fn activity(row: &ActivityRow) -> Result<Value, Fault> {
    let read = |text: &Option<String>| {
        let value = text
            .as_deref()
            .map(|text| stored::<Value>("an activity's result", text));
        value.transpose().map(Option::unwrap_or_default)
    };
    let mut value = json!({
        "ActivityName": row.name,
        "ActivityType": row.kind,
        "ActivityRunId": row.id,
        "PipelineRunId": row.run,
        "Status": row.status,
        "ExecutionStartTime": time_text(row.started),
        "ExecutionEndTime": row.ended.map(time_text),
        "RetryAttempt": row.retry,
        "error": read(&row.error)?,
    });
    // One that was skipped has none.
    if row.output.is_some() {
        value["output"] = read(&row.output)?;
    }
    Ok(value)
}

/// A variable's value now.
///
/// # Errors
/// `SL9001`; in words when there is no such variable.
pub(crate) async fn variable(conn: &mut Conn, running: &Running, name: &str) -> Result<Result<Value, String>, Fault> {
    let Some((name, declaration)) = running.variable(name) else {
        return Ok(Err(format!("the pipeline declares no variable {name:?}")));
    };
    let (set, appended) = variables::read(conn, &running.run.id, name).await?;
    let declared = declaration.as_object();
    let kind = declared.and_then(|d| text(d, "type")).unwrap_or_default();
    let default = || {
        let given = declared
            .and_then(|d| member(d, "defaultValue"))
            .filter(|value| !value.is_null());
        given
            .cloned()
            .unwrap_or_else(|| match kind.to_ascii_lowercase().as_str() {
                "array" => json!([]),
                "bool" | "boolean" => false.into(),
                "int" | "integer" => 0.into(),
                _ => "".into(),
            })
    };
    let mut value = set.unwrap_or_else(default);
    if let Value::Array(items) = &mut value {
        items.extend(appended);
    }
    Ok(Ok(value))
}

/// The world in one attempt to evaluate something.
struct View<'w, 'a> {
    world: &'w World<'a>,
    missing: RefCell<Vec<Missing>>,
}

impl View<'_, '_> {
    /// What is known of something that has to be loaded.
    fn known<'v>(
        &'v self,
        known: &'v HashMap<String, Result<Value, String>>,
        name: &str,
        missing: fn(String) -> Missing,
    ) -> Result<Cow<'v, Value>, String> {
        let name = name.to_lowercase();
        match known.get(&name) {
            Some(Ok(value)) => Ok(Cow::Borrowed(value)),
            Some(Err(why)) => Err(why.clone()),
            None => self.need(missing(name)),
        }
    }

    /// Nothing comes of this attempt.
    fn need<T>(&self, what: Missing) -> Result<T, String> {
        self.missing.borrow_mut().push(what);
        Err("not loaded yet".to_owned())
    }
}

impl Scope for View<'_, '_> {
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String> {
        let world = self.world;
        match root {
            Root::Pipeline => Ok(Cow::Borrowed(&world.running.pipeline)),
            Root::Activity(name) => self.known(&world.activities, name, Missing::Activity),
            Root::Variables(name) => self.known(&world.variables, name, Missing::Variable),
            Root::Item => match &world.item {
                Some(item) => Ok(Cow::Borrowed(item)),
                None if world.scope.item_scope.is_some() => self.need(Missing::Item),
                None => Err("item() is there only within a ForEach or the condition of a Filter".to_owned()),
            },
            Root::Trigger | Root::TriggerBody if world.running.trigger.is_null() => {
                Err("no trigger started this run".to_owned())
            }
            Root::Trigger => Ok(Cow::Borrowed(&world.running.trigger)),
            Root::TriggerBody => Ok(Cow::Borrowed(&world.running.trigger["outputs"]["body"])),
            Root::Dataset | Root::LinkedService => {
                Err("that is there only within the document of that kind".to_owned())
            }
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.now
    }

    fn random(&self) -> u64 {
        random()
    }
}
