//! What the author of a component writes.

use actix::{Actor, Supervised};

use crate::{Ctx, RestartPolicy};

/// An actor that a [`Root`](crate::Root) can start, watch and rebuild.
///
/// Write an ordinary actix actor whose context is [`Ctx<Self>`], implement this trait, and call
/// [`supervised!`](crate::supervised) for the type.
pub trait Component: Actor<Context = Ctx<Self>> + Supervised {
    /// The name in events, logs and metrics, for example `JobScheduler`.
    const NAME: &'static str;

    /// Everything needed to rebuild the component from nothing.
    type Deps: Clone + Send + Sync + Unpin + 'static;

    /// Builds the component. Does no I/O and does not block: that belongs into tasks started from `started`.
    fn create(deps: &Self::Deps) -> Self;

    /// How the component is restarted, watched and bounded. Read once, when it is first started.
    #[must_use]
    fn policy() -> RestartPolicy {
        RestartPolicy::default()
    }
}

/// Implements `actix::Supervised` for a [`Component`]: a restart is a rebuild from its dependencies. Of a generic one the
/// parameters stand behind it: `supervised!(Rounds<R>, R: Round)`.
#[macro_export]
macro_rules! supervised {
    ($component:ty $(, $parameter:ident: $bound:path)*) => {
        impl<$($parameter: $bound),*> $crate::__private::Supervised for $component {
            fn restarting(&mut self, ctx: &mut $crate::Ctx<Self>) {
                *self = <$component as $crate::Component>::create(ctx.deps());
            }
        }
    };
}
